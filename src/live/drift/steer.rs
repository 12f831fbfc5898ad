//! The control loop that holds the delay between two clocks: how much faster than nominal to read.
//!
//! A loop of the second type after two first-order low-passes: proportional and integral path, critically damped. Times
//! of callbacks are late by up to some periods, at random, and whatever of that comes through is heard as a tremble of
//! the pitch. Against it stand slowness and the two poles; slowness has to be reached first. So the natural frequency
//! falls as 1 ÷ age, which is the gain of a Kalman filter for a constant drift, down to [`SLOWEST`]. A watchman beside the
//! loop sees when the drift has become another, and makes it young again.
//! F. Adriaensen, "Controlling adaptive resampling" (Linux Audio Conference 2012), has the same loop at fixed widths.
//!
//! From `SLOWEST` on, a tremble at 5 Hz is let through by −48 dB (the integral's and the proportional path's slope, 2 ×
//! .005 ÷ 5) and −80 dB (two poles at .05 Hz): white jitter of 2 periods of 256 at 48 kHz, 192 frames RMS over 94 Hz, leaves
//! beyond 5 Hz about 5e-6 frames of delay, which moves a sine of 1 kHz by 7e-7 rad: sidebands at −126 dB.

use std::f64::consts::TAU;

/// Natural frequency at most, in Hz.
const FASTEST: f64 = 0.3;
/// Natural frequency when all is known, in Hz.
const SLOWEST: f64 = 0.005;
/// Natural frequency times age.
const FALL: f64 = 0.5;
/// The low-passes' frequency as a multiple of the natural frequency: 28° of the 76° of phase margin.
const POLES: f64 = 10.0;
/// Age in seconds to begin with: .1 Hz, so that 300 ppm are found out within 28 frames of delay.
const BORN: f64 = 5.0;
/// Age in seconds after a gap, when the drift is known and the place nearly: .025 Hz.
const RESTARTED: f64 = 20.0;
/// Age in seconds when the drift turns out to be another: .3 Hz.
const STARTLED: f64 = 1.7;
/// Age in seconds before which it is not startled.
const CALM: f64 = 30.0;
/// The watchman's low-pass in Hz. The loop's own is six seconds late when it is slow.
const WATCH: f64 = 0.25;
/// What the watchman lets pass, in standard deviations of what jitter does to him.
const DEVIATIONS: f64 = 8.0;
/// Over how many seconds he gets to know the jitter.
const SPREAD_SECONDS: f64 = 8.0;

/// Clocks may differ by this much: 1000 ppm.
pub const MAX_DRIFT: f64 = 1e-3;
/// The most that is added to or taken from the speed, 5 cents: drift and the way back from an error.
pub const MAX_SPEED: f64 = 3e-3;

/// The state of the loop.
#[derive(Clone, Debug)]
pub struct Steer {
    /// Frames per second.
    rate: f64,
    /// Seconds since it knew nothing.
    age: f64,
    /// The error after one and after both low-passes, in frames.
    first: f64,
    second: f64,
    /// The error as the watchman sees it, and the mean square of what he does not see.
    near: f64,
    spread: f64,
    /// The clocks' difference as far as it is known, relative.
    drift: f64,
}

impl Steer {
    /// For an error counted in frames of `rate` per second. Main thread.
    pub fn new(rate: f64) -> Self {
        Self {
            rate,
            age: BORN,
            first: 0.0,
            second: 0.0,
            near: 0.0,
            spread: 0.0,
            drift: 0.0,
        }
    }

    /// Takes in the error, frames too many in the ring, and the seconds since the last; gives the speed to read with, 0 for
    /// nominal. From an error of `startle` frames on, or more where callbacks are very late, it does not believe the drift
    /// any more. Audio thread.
    pub fn step(&mut self, error: f64, seconds: f64, startle: f64) -> f64 {
        self.age += seconds;
        let watch = -(-TAU * WATCH * seconds).exp_m1();
        self.near += watch * (error - self.near);
        let off = (error - self.near).powi(2);
        self.spread += (seconds / SPREAD_SECONDS).min(1.0) * (off - self.spread);
        // White noise of variance 1 through a one-pole filter.
        let seen = (self.spread * watch / (2.0 - watch)).sqrt();
        if self.age > CALM && self.near.abs() > startle.max(DEVIATIONS * seen) {
            self.age = STARTLED;
        }
        let natural = TAU * (FALL / self.age).clamp(SLOWEST, FASTEST);
        let pole = -(-POLES * natural * seconds).exp_m1();
        self.first += pole * (error - self.first);
        self.second += pole * (self.first - self.second);
        let step = natural * natural * self.second * seconds / self.rate;
        self.drift = (self.drift + step).clamp(-MAX_DRIFT, MAX_DRIFT);
        let speed = self.drift + 2.0 * natural * self.second / self.rate;
        speed.clamp(-MAX_SPEED, MAX_SPEED)
    }

    /// The error is none again, by other means; the drift is as it was. Audio thread.
    pub fn restart(&mut self) {
        self.first = 0.0;
        self.second = 0.0;
        self.near = 0.0;
        self.age = self.age.min(RESTARTED);
    }

    /// The error in frames, jitter taken out. Audio thread.
    pub fn error(&self) -> f64 {
        self.second
    }

    /// How much faster the input's clock is than the output's, relative. Audio thread.
    pub fn drift(&self) -> f64 {
        self.drift
    }
}

//! Ears and speakers, protected: nothing above a ceiling, and no howl that stays.
//!
//! What is guaranteed: with the limiter on, no sample comes out above the ceiling; below the limiter's threshold and with no
//! howl, every sample comes out bit for bit, with no latency. NaN and infinity become silence. Nothing is allocated.
//!
//! A howl is ducked: by 18 dB at once, for half a second; then the gain returns to 6 dB below where it was, which is
//! where it does not howl any more, unless the loop has more than that too much: then again. From there it creeps back,
//! a quarter of a dB per second: a microphone that has been turned away gets all its gain again within half a minute for each
//! howl, and one that has not is ducked now and then.
//!
//! What it recognises, and when: a loop of up to 50 ms, in a room of up to .4 s, within .8 s of being louder than −12 dBFS,
//! mostly before that; one of 100 ms through a hall of 2 s within a second. It cannot be sooner for certain: 100 ms of a howl are
//! 100 ms of a flute, and only what goes on rising, or on filling everything, tells them apart. Until then, and
//! where a long loop builds up from echoes that never become lines, the limiter is what holds it. What it takes for a howl and is
//! none: a tone without harmonics that rises exactly exponentially by 12 dB, or one, or a few at once, that drive the limiter
//! for .4 s.

mod howl;
mod limiter;

use howl::Howl;
use limiter::Limiter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

pub use limiter::KNEE_DB;

/// The ceiling unless another is asked for, in dBFS.
pub const CEILING_DB: f32 = -1.0;

/// How far the gain falls at once, below where it comes back to, in dB.
const DUCK_DB: f32 = 12.0;
/// How far below the gain that howled it comes back to, in dB.
const BACK_DB: f32 = 6.0;
/// The least gain it comes back to, in dB.
const LEAST_DB: f32 = -40.0;
/// How long it stays down, in seconds. Meanwhile no other howl is believed: this one has to die away.
const HOLD_SECONDS: f32 = 0.5;
/// How fast it comes back, in dB per second.
const BACK_DB_PER_SECOND: f32 = 12.0;
/// How fast it creeps from there, in dB per second.
const CREEP_DB_PER_SECOND: f32 = 0.25;
/// Time constant with which the gain follows, in seconds.
const FOLLOW_SECONDS: f64 = 0.005;
/// The largest magnitude taken for sound; the engine draws the same line.
const LOUDEST: f32 = 1e12;

/// Whether a part of the guard works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guarded {
    /// It does.
    #[default]
    On,
    /// It does not.
    Off,
}

/// The guard's two parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// The limiter.
    pub limiter: Guarded,
    /// The howl detector.
    pub howl: Guarded,
}

/// What the guard is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Guarding {
    /// How far the limiter is down, in dB, 0 or more. It stays down long enough to be seen ten times a second.
    pub limited_db: f32,
    /// How far a howl has it ducked, in dB, 0 or more.
    pub ducked_db: f32,
    /// Howls since the start.
    pub howls: u64,
    /// The last howl's frequency in Hz; 0 before the first.
    pub howl_hz: f32,
}

#[derive(Debug, Default)]
struct Shared {
    limiter_off: AtomicBool,
    howl_off: AtomicBool,
    /// The limiter's gain, the rest as they are told.
    limited: AtomicU32,
    ducked: AtomicU32,
    howls: AtomicU64,
    hertz: AtomicU32,
}

/// Switches the guard and tells what it does.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Shared>);

impl Watch {
    /// Switches its parts. Any thread.
    pub fn set(&self, protection: Protection) {
        let off = |guarded| guarded == Guarded::Off;
        let Protection { limiter, howl } = protection;
        self.0.limiter_off.store(off(limiter), Ordering::Relaxed);
        self.0.howl_off.store(off(howl), Ordering::Relaxed);
    }

    /// What it is doing. Any thread.
    pub fn now(&self) -> Guarding {
        let float = |cell: &AtomicU32| f32::from_bits(cell.load(Ordering::Relaxed));
        Guarding {
            limited_db: (-20.0 * float(&self.0.limited).log10()).max(0.0),
            ducked_db: float(&self.0.ducked),
            howls: self.0.howls.load(Ordering::Relaxed),
            howl_hz: float(&self.0.hertz),
        }
    }
}

/// A guard for sound at `sample_rate` Hz, both parts on, that lets nothing above `ceiling_db` dBFS; and what switches it.
/// Main thread.
pub fn pair(sample_rate: u32, ceiling_db: f32) -> (Guard, Watch) {
    let sample_rate = sample_rate.max(1);
    let shared = Arc::new(Shared::default());
    shared.limited.store(1.0_f32.to_bits(), Ordering::Relaxed);
    let guard = Guard {
        limiter: Limiter::new(ceiling_db, sample_rate),
        howl: Howl::new(sample_rate),
        duck: Duck::default(),
        rate: sample_rate as f32,
        gain: 1.0,
        follow: 1.0 - (-1.0 / (FOLLOW_SECONDS * f64::from(sample_rate))).exp(),
        shared: Arc::clone(&shared),
    };
    (guard, Watch(shared))
}

/// Where the gain is and where it goes, in dB.
#[derive(Clone, Copy, Debug, Default)]
struct Duck {
    /// Now.
    level: f32,
    /// Where it comes back to.
    back: f32,
    /// Seconds until it may come back.
    hold: f32,
}

impl Duck {
    fn down(&mut self) {
        self.back = (self.back - BACK_DB).max(LEAST_DB);
        self.level = self.back - DUCK_DB;
        self.hold = HOLD_SECONDS;
    }

    fn pass(&mut self, seconds: f32) {
        if self.hold > 0.0 {
            self.hold -= seconds;
        } else if self.level < self.back {
            self.level = self.back.min(self.level + BACK_DB_PER_SECOND * seconds);
        } else {
            self.back = 0_f32.min(self.back + CREEP_DB_PER_SECOND * seconds);
            self.level = self.back;
        }
    }
}

/// The last thing before the speakers.
#[derive(Debug)]
pub struct Guard {
    limiter: Limiter,
    howl: Howl,
    duck: Duck,
    rate: f32,
    /// The duck's gain as it is applied.
    gain: f64,
    follow: f64,
    shared: Arc<Shared>,
}

impl Guard {
    /// Guards one block in place, as many frames as the shortest channel has. Audio thread.
    pub fn process<C: AsMut<[f32]>>(&mut self, channels: &mut [C]) {
        let lengths = channels.iter_mut().map(|channel| channel.as_mut().len());
        let frames = lengths.min().unwrap_or(0);
        if frames == 0 {
            return;
        }
        let mut peak = clean(channels, frames);
        let limits = !self.shared.limiter_off.load(Ordering::Relaxed);
        let listens = !self.shared.howl_off.load(Ordering::Relaxed);
        let mut howls = None;
        if listens {
            let loud = peak * self.gain as f32 > self.limiter.threshold();
            howls = self.howl.hear(channels, frames, loud);
            self.duck.pass(frames as f32 / self.rate);
        } else if self.duck.level < 0.0 {
            self.duck = Duck::default();
            self.howl.forget();
        }
        if let Some(hertz) = howls
            && self.duck.hold <= 0.0
        {
            self.duck.down();
            self.howl.forget();
            self.shared.howls.fetch_add(1, Ordering::Relaxed);
            self.shared.hertz.store(hertz.to_bits(), Ordering::Relaxed);
        }
        if self.duck.level < 0.0 || self.gain < 1.0 {
            peak = self.apply(channels, frames);
        }
        self.limiter.process(channels, frames, peak, limits);
        let gain = self.limiter.gain().to_bits();
        self.shared.limited.store(gain, Ordering::Relaxed);
        let ducked = self.duck.level.abs().to_bits();
        self.shared.ducked.store(ducked, Ordering::Relaxed);
    }

    /// The duck's gain, on its way; gives the peak after it.
    fn apply<C: AsMut<[f32]>>(&mut self, channels: &mut [C], frames: usize) -> f32 {
        let to = 10_f64.powf(f64::from(self.duck.level) / 20.0);
        let mut peak = 0.0_f32;
        for at in 0..frames {
            self.gain += (to - self.gain) * self.follow;
            let gain = self.gain as f32;
            for channel in channels.iter_mut() {
                let sample = &mut channel.as_mut()[at];
                *sample *= gain;
                peak = peak.max(sample.abs());
            }
        }
        // −120 dB from where it goes is there.
        if (to - self.gain).abs() < 1e-6 {
            self.gain = to;
        }
        peak
    }

    /// As new; the switches stay. Audio thread.
    pub fn reset(&mut self) {
        self.limiter.reset();
        self.howl.reset();
        self.duck = Duck::default();
        self.gain = 1.0;
    }
}

/// Silences what is no number, and gives the largest magnitude.
fn clean<C: AsMut<[f32]>>(channels: &mut [C], frames: usize) -> f32 {
    let mut peak = 0.0_f32;
    for channel in channels {
        for sample in &mut channel.as_mut()[..frames] {
            let size = sample.abs();
            // What is no number fails the comparison too.
            if size <= LOUDEST {
                peak = peak.max(size);
            } else {
                *sample = 0.0;
            }
        }
    }
    peak
}

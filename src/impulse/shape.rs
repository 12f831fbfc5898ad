//! Changes to an impulse: [`Shape`] says which, and [`apply`] is the only list of the steps.
//!
//! Guaranteed: every step is a pure function from [`ImpulseResponse`] to [`ImpulseResponse`] that keeps the channels
//! and what they are, and at its neutral value gives the same samples, to the bit. Whatever the shape, the result
//! is finite and has a frame, or there is an error; a number out of its range counts as the nearest one in it.
//!
//! # The steps, in their order
//!
//! 1. [`onset`]: what precedes the direct sound goes. 2. [`trim`]: so much of either end goes. 3. [`fade`]: out
//!    before the end. So far, times are those of the file.
//! 4. [`size()`]: longer or shorter, the pitch follows. From here on, times are those that are heard.
//! 5. [`damping()`]: the decay time of each octave. 6. [`early_late`]: the balance before and after a split. Both count
//!    from the direct sound, and so stand before
//! 7. [`reverse`].
//! 8. [`envelope()`]: attack and decay of what is heard now, reversed or not. 9. [`cut`]: low and high cut, the same
//!    as on the output. 10. [`width`].
//! 11. [`predelay`]: outside of all that, silence stays before the sound also when it is reversed.
//! 12. [`normalise`]: of what has come out, so a knob changes the colour and not the loudness.

mod balance;
pub mod damping;
mod decay;
mod envelope;
mod level;
pub mod range;
mod size;
mod time;

pub use balance::{early_late, width};
pub use damping::damping;
pub use envelope::envelope;
pub use level::{Normalise, energy, normalise};
pub use size::size;
pub use time::{fade, onset, predelay, reverse, trim};

use super::ImpulseResponse;
use super::filter::{self, Slope};
use super::load::MAX_SAMPLES;
use super::resample::ResampleError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Everything that can be done to an impulse, neutral but for the level unless said otherwise. Ranges: [`range`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shape {
    /// What precedes the direct sound is cut off.
    pub auto_onset: bool,
    /// Cut off the start, in ms of the file.
    pub trim_start_ms: f32,
    /// Cut off the end, in ms of the file.
    pub trim_end_ms: f32,
    /// Faded out before the end, in ms of the file.
    pub fade_ms: f32,
    /// Length, in % of what it was; pitch follows.
    pub size_percent: f32,
    /// Decay time of each of [`damping::BANDS_HZ`], in % of what it was.
    pub damping_percent: [f32; damping::BANDS],
    /// Early against late sound: the clarity index rises by so many dB.
    pub early_late_db: f32,
    /// Where late begins, in ms after the direct sound.
    pub split_ms: f32,
    /// Played backwards.
    pub reverse: bool,
    /// The first so many % of the length rise from nothing.
    pub attack_percent: f32,
    /// How they rise: 0 straight, 100 late, −100 at once.
    pub attack_curve_percent: f32,
    /// The last so many % of the length fall to nothing.
    pub decay_percent: f32,
    /// How they fall: 0 straight, 100 at once, −100 late.
    pub decay_curve_percent: f32,
    /// Less below it, in Hz. Off at 10 Hz.
    pub low_cut_hz: f32,
    /// Less above it, in Hz. Off at 22 kHz.
    pub high_cut_hz: f32,
    /// How steep both are.
    pub cut_slope: Slope,
    /// Side against mid, in %: 0 is mono.
    pub width_percent: f32,
    /// Silence before the sound, in ms.
    pub predelay_ms: f32,
    /// How loud it is made.
    pub normalise: Normalise,
}

impl Shape {
    /// Nothing is done at all: the samples that come are the samples that go.
    pub const AS_IT_IS: Self = Self {
        auto_onset: false,
        trim_start_ms: range::TRIM_START_MS.neutral,
        trim_end_ms: range::TRIM_END_MS.neutral,
        fade_ms: range::FADE_MS.neutral,
        size_percent: range::SIZE_PERCENT.neutral,
        damping_percent: [range::DAMPING_PERCENT.neutral; damping::BANDS],
        early_late_db: range::EARLY_LATE_DB.neutral,
        split_ms: range::SPLIT_MS.neutral,
        reverse: false,
        attack_percent: range::ATTACK_PERCENT.neutral,
        attack_curve_percent: range::CURVE_PERCENT.neutral,
        decay_percent: range::DECAY_PERCENT.neutral,
        decay_curve_percent: range::CURVE_PERCENT.neutral,
        low_cut_hz: range::LOW_CUT_HZ.neutral,
        high_cut_hz: range::HIGH_CUT_HZ.neutral,
        cut_slope: Slope::Db12,
        width_percent: range::WIDTH_PERCENT.neutral,
        predelay_ms: range::PREDELAY_MS.neutral,
        normalise: Normalise::None,
    };

    /// The same with every number in its [`range`]: the nearest, or the neutral one for what is not a number.
    pub fn clamped(&self) -> Self {
        Self {
            auto_onset: self.auto_onset,
            trim_start_ms: range::TRIM_START_MS.clamp(self.trim_start_ms),
            trim_end_ms: range::TRIM_END_MS.clamp(self.trim_end_ms),
            fade_ms: range::FADE_MS.clamp(self.fade_ms),
            size_percent: range::SIZE_PERCENT.clamp(self.size_percent),
            damping_percent: self
                .damping_percent
                .map(|percent| range::DAMPING_PERCENT.clamp(percent)),
            early_late_db: range::EARLY_LATE_DB.clamp(self.early_late_db),
            split_ms: range::SPLIT_MS.clamp(self.split_ms),
            reverse: self.reverse,
            attack_percent: range::ATTACK_PERCENT.clamp(self.attack_percent),
            attack_curve_percent: range::CURVE_PERCENT.clamp(self.attack_curve_percent),
            decay_percent: range::DECAY_PERCENT.clamp(self.decay_percent),
            decay_curve_percent: range::CURVE_PERCENT.clamp(self.decay_curve_percent),
            low_cut_hz: range::LOW_CUT_HZ.clamp(self.low_cut_hz),
            high_cut_hz: range::HIGH_CUT_HZ.clamp(self.high_cut_hz),
            cut_slope: self.cut_slope,
            width_percent: range::WIDTH_PERCENT.clamp(self.width_percent),
            predelay_ms: range::PREDELAY_MS.clamp(self.predelay_ms),
            normalise: match self.normalise {
                Normalise::Locked(db) => Normalise::Locked(range::LOCKED_GAIN_DB.clamp(db)),
                how => how,
            },
        }
    }
}

impl Default for Shape {
    /// As it is, but at a sane level: [`Normalise::Energy`].
    fn default() -> Self {
        Self {
            normalise: Normalise::Energy,
            ..Self::AS_IT_IS
        }
    }
}

/// A shaped impulse.
#[derive(Clone, Debug, PartialEq)]
pub struct Shaped {
    /// The impulse.
    pub impulse: ImpulseResponse,
    /// Gain of the last step, in dB: what to lock it at.
    pub gain_db: f64,
    /// Frames by which it is late beside what was asked for, because [`size()`] rings before its start; usually 0.
    pub delay: usize,
}

/// An impulse that cannot be shaped as asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// It cannot take that size.
    #[error(transparent)]
    Size(#[from] ResampleError),
    /// The result would not fit in memory.
    #[error(
        "{name}: expected at most {MAX_SAMPLES} samples after {step}, got {samples}; trim the impulse"
    )]
    TooLarge {
        /// The impulse.
        name: String,
        /// What makes it so large.
        step: &'static str,
        /// Samples in all channels.
        samples: u64,
    },
    /// Damping looks at the whole impulse at once, and this is too much.
    #[error(
        "{name}: expected at most {} samples, all channels together, to change the decay of, got {samples}; trim the impulse",
        damping::MAX_DAMPED
    )]
    TooLong {
        /// The impulse.
        name: String,
        /// Samples in all channels.
        samples: usize,
    },
}

/// `impulse` in that shape: the only list of the steps. Loader thread.
///
/// Errors: every [`ShapeError`], for impulses of minutes.
pub fn apply(impulse: &ImpulseResponse, shape: &Shape) -> Result<Shaped, ShapeError> {
    let shape = shape.clamped();
    let mut now = impulse.clone();
    if shape.auto_onset {
        now = onset(now);
    }
    now = trim(now, shape.trim_start_ms, shape.trim_end_ms);
    now = fade(now, shape.fade_ms);
    let (sized, delay) = size(now, shape.size_percent)?;
    now = damping(sized, &shape.damping_percent)?;
    now = early_late(now, shape.early_late_db, shape.split_ms);
    if shape.reverse {
        now = reverse(now);
    }
    now = envelope(now, &shape);
    now = cut(now, &shape);
    now = width(now, shape.width_percent);
    now = predelay(now, shape.predelay_ms)?;
    let (impulse, gain_db) = normalise(&now, shape.normalise);
    Ok(Shaped {
        impulse,
        gain_db,
        delay,
    })
}

/// Less below `low_cut_hz` and above `high_cut_hz`, each off at its end of the range: Butterworth, −3 dB there.
///
/// Both are causal. What rings on past the end is kept until 120 dB below the whole. Loader thread.
pub fn cut(impulse: ImpulseResponse, shape: &Shape) -> ImpulseResponse {
    let low = (shape.low_cut_hz > range::LOW_CUT_HZ.low).then_some(shape.low_cut_hz);
    let high = (shape.high_cut_hz < range::HIGH_CUT_HZ.high).then_some(shape.high_cut_hz);
    filter::cut(impulse, low, high, shape.cut_slope)
}

/// Samples that `milliseconds` are.
fn frames(milliseconds: f32, rate: u32) -> usize {
    (f64::from(milliseconds) / 1000.0 * f64::from(rate)).round() as usize
}

/// The first frame within 20 dB of the peak, in any channel: where the direct sound arrives (ISO 3382-1, 5.3.2).
/// `None` in silence.
fn direct_sound(impulse: &ImpulseResponse) -> Option<usize> {
    let peak = impulse.channels.iter().flatten();
    let peak = peak.fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let firsts = impulse.channels.iter().filter_map(|channel| {
        channel
            .iter()
            .position(|sample| *sample != 0.0 && sample.abs() >= 0.1 * peak)
    });
    firsts.min()
}

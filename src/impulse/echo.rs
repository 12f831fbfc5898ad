//! Echoes as rows of spikes: [`Echo`] says where they stand, [`Echo::build`] makes an ordinary impulse of them.
//!
//! Guaranteed: a tap at a whole number of samples is one sample of exactly its gain; a tap between two samples is a
//! band-limited spike, not a rounded one ([`spike`]). The same echo gives the same samples, also with diffusion.
//! The sound itself is not in it: the mix adds that, or a tap at 0 ms does.
//!
//! # What the channels are
//!
//! Nothing panned gives mono, which keeps the image of whatever goes through it. Else true stereo: a pan moves the far
//! side of the sound over to the near one (LL LR RL RR), the image of a tap in the middle stays, and one hard left has
//! all of the sound left, so that a ping-pong bounces whatever side it is fed from. A tap has the same power
//! wherever it is panned, for a sound in the middle. [`Image`] chooses otherwise.
//!
//! # Feedback
//!
//! The row is repeated `generations` times, each one later by `time`, quieter by `gain_db`, once more through the
//! feedback's cuts and, if asked, with sides or sign changed: h = Σ Fᵏ row(t − k · time), cut off after the last.

mod preset;
mod row;
pub mod spike;
mod text;

pub use preset::Preset;
pub use text::NotAnEcho;

use super::filter::{Cuts, INAUDIBLE_DB, Slope, audible};
use super::load::{MAX_SAMPLES, MAX_SECONDS};
use super::resample::RATES;
use super::{ImpulseResponse, Layout};
use row::{Row, decibels, gains};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use thiserror::Error;

/// Taps and their repeats together, at most.
pub const MAX_SPIKES: usize = 1 << 16;
/// Gain of a tap or of the feedback in dB.
pub const GAIN_DB: RangeInclusive<f32> = -120.0..=24.0;
/// Place in %: −100 left, 100 right.
pub const PAN_PERCENT: RangeInclusive<f32> = -100.0..=100.0;
/// Corner of a cut in Hz.
pub const CUT_HZ: RangeInclusive<f32> = 10.0..=22_000.0;
/// How far a spike is spread, in %.
pub const DIFFUSION_PERCENT: RangeInclusive<f32> = 0.0..=100.0;
/// Quarter notes per minute.
pub const TEMPO_BPM: RangeInclusive<f64> = 10.0..=1_000.0;

/// A row of spikes and how it is repeated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Echo {
    /// The row, in any order.
    pub taps: Vec<Tap>,
    /// How it is repeated.
    pub feedback: Feedback,
    /// What the channels are.
    pub image: Image,
}

/// One spike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tap {
    /// When.
    pub time: Time,
    /// How loud, in dB: [`GAIN_DB`].
    pub gain_db: f32,
    /// Where, in %: [`PAN_PERCENT`].
    pub pan_percent: f32,
    /// Which way up.
    pub polarity: Polarity,
    /// Less below it, in Hz: [`CUT_HZ`], 12 dB per octave.
    pub low_cut_hz: Option<f32>,
    /// Less above it, in Hz, likewise.
    pub high_cut_hz: Option<f32>,
    /// Spread over up to 60 ms, in %: [`DIFFUSION_PERCENT`]. The energy stays.
    pub diffusion_percent: f32,
}

impl Tap {
    /// A plain spike: in the middle, upright, of the whole band.
    pub fn new(time: Time, gain_db: f32) -> Self {
        Self {
            time,
            gain_db,
            pan_percent: 0.0,
            polarity: Polarity::Upright,
            low_cut_hz: None,
            high_cut_hz: None,
            diffusion_percent: 0.0,
        }
    }
}

impl Default for Tap {
    fn default() -> Self {
        Self::new(Time::Ms(0.0), 0.0)
    }
}

/// How the row is repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Feedback {
    /// From one repeat to the next.
    pub time: Time,
    /// How many repeats; 0 for none.
    pub generations: u16,
    /// What each is louder than the one before, in dB: [`GAIN_DB`], usually below 0.
    pub gain_db: f32,
    /// Whether each is turned over.
    pub polarity: Polarity,
    /// Whether each has left and right swapped.
    pub sides: Sides,
    /// Less below it each time, in Hz: [`CUT_HZ`], 12 dB per octave.
    pub low_cut_hz: Option<f32>,
    /// Less above it each time, in Hz, likewise.
    pub high_cut_hz: Option<f32>,
}

/// When, or how long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Time {
    /// Milliseconds.
    Ms(f64),
    /// A note's length at the tempo.
    Note(Note),
}

impl Default for Time {
    fn default() -> Self {
        Self::Ms(0.0)
    }
}

impl Time {
    /// In ms, with `tempo_bpm` quarter notes per minute.
    pub fn milliseconds(self, tempo_bpm: f64) -> f64 {
        match self {
            Self::Ms(ms) => ms,
            Self::Note(note) => note.whole_notes() * 4.0 * 60_000.0 / tempo_bpm,
        }
    }
}

/// A note's length: 1/8, 3/16, 1/4 dotted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Over the line.
    pub numerator: u16,
    /// Under it; not 0.
    pub denominator: u16,
    /// Straight, dotted or triplet.
    pub feel: Feel,
}

impl Note {
    fn whole_notes(self) -> f64 {
        let straight = f64::from(self.numerator) / f64::from(self.denominator);
        match self.feel {
            Feel::Straight => straight,
            Feel::Dotted => 1.5 * straight,
            Feel::Triplet => straight * 2.0 / 3.0,
        }
    }
}

/// How long a note is beside its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feel {
    /// As its name says.
    #[default]
    Straight,
    /// Half as long again.
    Dotted,
    /// Three in the time of two.
    Triplet,
}

/// Which way up a spike stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Polarity {
    /// As the sound.
    #[default]
    Upright,
    /// Turned over.
    Inverted,
}

impl Polarity {
    fn sign(self) -> f64 {
        match self {
            Self::Upright => 1.0,
            Self::Inverted => -1.0,
        }
    }
}

/// What a repeat does with left and right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    /// They stay.
    #[default]
    Keep,
    /// They change places.
    Swap,
}

/// What the channels of the impulse are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Image {
    /// Mono if nothing is panned, else true stereo.
    #[default]
    Auto,
    /// One channel; pans are left out.
    Mono,
    /// Left and right, each heard on its own side only: a pan is a balance.
    Stereo,
    /// LL, LR, RL, RR: a pan moves the sound over.
    TrueStereo,
}

/// An echo that cannot be made.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum EchoError {
    /// Not a tap in it.
    #[error("expected at least one tap; add one, or take a preset")]
    NoTaps,
    /// Too many spikes.
    #[error(
        "expected at most {MAX_SPIKES} spikes, repeats included, got {spikes}; use fewer taps or generations"
    )]
    TooManySpikes {
        /// Taps and their repeats.
        spikes: usize,
    },
    /// A number out of its range.
    #[error("{place}: expected {what} from {low} to {high} {unit}, got {value}")]
    Number {
        /// Which tap, or the feedback.
        place: String,
        /// Which number.
        what: &'static str,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
        /// Of what.
        unit: &'static str,
        /// What was asked for.
        value: f64,
    },
    /// Longer than an impulse may be.
    #[error(
        "expected an echo of at most {MAX_SECONDS} s and {MAX_SAMPLES} samples, got {seconds:.1} s; use shorter times, fewer generations or a lower rate"
    )]
    TooLong {
        /// Its length.
        seconds: f64,
    },
}

impl Echo {
    /// The impulse at `sample_rate` Hz, with notes as long as at `tempo_bpm` quarter notes per minute.
    ///
    /// Errors: every [`EchoError`]. Loader thread.
    pub fn build(&self, sample_rate: u32, tempo_bpm: f64) -> Result<ImpulseResponse, EchoError> {
        self.check(sample_rate, tempo_bpm)?;
        let layout = self.layout();
        let rate = f64::from(sample_rate);
        let at = |time: Time| time.milliseconds(tempo_bpm) / 1000.0 * rate;
        let feedback = &self.feedback;
        let loops = Cuts::new(
            feedback.low_cut_hz,
            feedback.high_cut_hz,
            Slope::Db12,
            sample_rate,
        );
        let rows: Vec<Row> = self
            .taps
            .iter()
            .enumerate()
            .map(|(index, tap)| Row::new(tap, index, at(tap.time), sample_rate))
            .collect();
        let repeats = f64::from(feedback.generations) * at(feedback.time);
        let latest = rows.iter().map(|row| row.at).fold(0.0, f64::max) + repeats;
        let plain = latest.ceil() as usize + 1;
        let ringing = rows.iter().map(Row::ringing).max().unwrap_or(0)
            + loops.as_ref().map_or(0, Cuts::ringing);
        let longest = plain + ringing;
        let sides = match layout {
            Layout::Mono => 1,
            Layout::Stereo => 2,
            _ => 4,
        };
        if latest / rate > f64::from(MAX_SECONDS) || (longest * sides) as u64 > MAX_SAMPLES {
            let seconds = longest as f64 / rate;
            return Err(EchoError::TooLong { seconds });
        }
        let mut channels = vec![vec![0.0; longest]; sides];
        // From the last repeat to the first, h = row₀ + F (row₁ + F (row₂ + …)): one filter pass for each.
        for generation in (0..=feedback.generations).rev() {
            if let Some(loops) = loops.as_ref().filter(|_| generation < feedback.generations) {
                channels.iter_mut().for_each(|channel| loops.run(channel));
            }
            let again = f64::from(generation);
            let turned = generation % 2 == 1;
            let sign = if turned {
                feedback.polarity.sign()
            } else {
                1.0
            };
            let swapped = turned && feedback.sides == Sides::Swap;
            for row in &rows {
                let gain = sign
                    * row.sign
                    * decibels(f64::from(row.gain_db) + again * f64::from(feedback.gain_db));
                let pan = if swapped { -row.pan } else { row.pan };
                row.add(
                    &mut channels,
                    row.at + again * at(feedback.time),
                    &gains(layout, pan).map(|side| side * gain)[..sides],
                );
            }
        }
        let needed = channels
            .iter()
            .map(|channel| audible(channel, INAUDIBLE_DB));
        let needed = needed.max().unwrap_or(0).max(plain);
        let narrow = |channel: Vec<f64>| channel[..needed].iter().map(|&x| x as f32).collect();
        Ok(ImpulseResponse {
            name: "echo".to_owned(),
            sample_rate,
            layout,
            channels: channels.into_iter().map(narrow).collect(),
        })
    }

    fn layout(&self) -> Layout {
        match self.image {
            Image::Mono => Layout::Mono,
            Image::Stereo => Layout::Stereo,
            Image::TrueStereo => Layout::TrueStereo,
            Image::Auto if self.taps.iter().all(|tap| tap.pan_percent == 0.0) => Layout::Mono,
            Image::Auto => Layout::TrueStereo,
        }
    }

    fn check(&self, sample_rate: u32, tempo_bpm: f64) -> Result<(), EchoError> {
        if self.taps.is_empty() {
            return Err(EchoError::NoTaps);
        }
        let spikes = self.taps.len() * (usize::from(self.feedback.generations) + 1);
        if spikes > MAX_SPIKES {
            return Err(EchoError::TooManySpikes { spikes });
        }
        let within = |place: &str, what, unit, value: f64, (low, high): (f64, f64)| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(EchoError::Number {
                place: place.to_owned(),
                what,
                low,
                high,
                unit,
                value,
            })
        };
        let wide =
            |range: &RangeInclusive<f32>| (f64::from(*range.start()), f64::from(*range.end()));
        let rates = (f64::from(*RATES.start()), f64::from(*RATES.end()));
        within(
            "the echo",
            "a sample rate",
            "Hz",
            f64::from(sample_rate),
            rates,
        )?;
        let tempi = (*TEMPO_BPM.start(), *TEMPO_BPM.end());
        within("the echo", "a tempo", "BPM", tempo_bpm, tempi)?;
        let time = |place: &str, time: Time| {
            let longest = (0.0, f64::from(MAX_SECONDS) * 1000.0);
            within(place, "a time", "ms", time.milliseconds(tempo_bpm), longest)
        };
        let cut = |place: &str, cut: Option<f32>| {
            let hz = cut.unwrap_or(*CUT_HZ.start());
            within(place, "a cut", "Hz", f64::from(hz), wide(&CUT_HZ))
        };
        let gain =
            |place: &str, db: f32| within(place, "a gain", "dB", f64::from(db), wide(&GAIN_DB));
        for (index, tap) in self.taps.iter().enumerate() {
            let place = format!("tap {}", index + 1);
            time(&place, tap.time)?;
            gain(&place, tap.gain_db)?;
            within(
                &place,
                "a pan",
                "%",
                tap.pan_percent.into(),
                wide(&PAN_PERCENT),
            )?;
            cut(&place, tap.low_cut_hz)?;
            cut(&place, tap.high_cut_hz)?;
            let diffusion = f64::from(tap.diffusion_percent);
            within(
                &place,
                "diffusion",
                "%",
                diffusion,
                wide(&DIFFUSION_PERCENT),
            )?;
        }
        let place = "the feedback";
        time(place, self.feedback.time)?;
        gain(place, self.feedback.gain_db)?;
        cut(place, self.feedback.low_cut_hz)?;
        cut(place, self.feedback.high_cut_hz)
    }
}

//! The sound that a room is measured with: an exponential sine sweep, and silence for the room to ring out in.
//!
//! x(t) = sin(2π · c · exp(t / L)), whose frequency at t is c / L · exp(t / L). With a whole number of cycles c, a
//! sweep n times as high is the sweep itself, L ln n earlier: what a loudspeaker adds at n times the frequency
//! becomes an impulse of its own, exactly so (Novak, Lotton & Simon, "Synchronized swept-sine", JAES 63, 2015).
//!
//! The sweep is at its full level over more than the range, so that the range is measured whole: it fades in from an
//! octave to half an octave below, and goes on above as far as the rate allows, up to a quarter of an octave.

use super::band::{Band, smooth};
use crate::impulse::load::{MAX_SAMPLES, MAX_SECONDS};
use crate::impulse::{ImpulseResponse, Layout};
use std::f64::consts::TAU;
use std::fmt;
use thiserror::Error;

/// What is played, all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    /// Sample rate in Hz, 8000 to 768000.
    pub sample_rate: u32,
    /// Where the range begins, in Hz: 1 or more.
    pub from: f64,
    /// Where it ends, in Hz: at least an octave higher, at most 0.46 of the rate.
    pub to: f64,
    /// From there to there in seconds, 0.1 to 120; the sweep is about a sixth longer.
    pub seconds: f64,
    /// How often each loudspeaker plays it, 1 to 32.
    pub repeats: u16,
    /// Loudspeakers, one after the other, each on a channel of its own: 1 to 8.
    pub speakers: u16,
    /// Silence after each sweep in seconds, 0.05 to 60: longer than the room rings.
    pub decay: f64,
    /// Its peak in dBFS, −60 to −1.
    pub level_db: f64,
}

impl Default for Sweep {
    /// 20 Hz to 20 kHz in 10 s, once, and 5 s of silence, at −12 dBFS and 48 kHz.
    fn default() -> Self {
        Self {
            sample_rate: 48_000,
            from: 20.0,
            to: 20_000.0,
            seconds: 10.0,
            repeats: 1,
            speakers: 1,
            decay: 5.0,
            level_db: -12.0,
        }
    }
}

/// Silence before the first sweep, in seconds: the noise of the room is measured in it.
pub const LEAD_SECONDS: f64 = 1.0;

/// The most samples in a sweep and the silence after it: what is transformed at once.
const MAX_PERIOD: f64 = (1 << 24) as f64;

/// A sweep that cannot be.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("expected {what} of {least} to {most} {unit}, got {got}; {advice}")]
pub struct BadSweep {
    what: &'static str,
    least: f64,
    most: f64,
    unit: &'static str,
    got: f64,
    advice: &'static str,
}

/// The tag of the element that says, in a file's iXML, what sweep is in it.
const TAG: &str = "PARTITA_SWEEP";

impl Sweep {
    /// Checks every figure. Any thread.
    pub fn check(&self) -> Result<(), BadSweep> {
        let rate = f64::from(self.sample_rate);
        let within = |what, got: f64, least: f64, most: f64, unit, advice| {
            // Written so that NaN is refused.
            if got >= least && got <= most {
                return Ok(());
            }
            Err(BadSweep {
                what,
                least,
                most,
                unit,
                got,
                advice,
            })
        };
        let other = "choose another";
        within("a sample rate", rate, 8000.0, 768_000.0, "Hz", other)?;
        // Rounded up for the message.
        let highest = (0.46 * rate).floor();
        let low = "choose another range";
        within(
            "a lowest frequency",
            self.from,
            1.0,
            highest / 2.0,
            "Hz",
            low,
        )?;
        let high = "choose another range, or a higher --rate";
        within(
            "a highest frequency",
            self.to,
            2.0 * self.from,
            highest,
            "Hz",
            high,
        )?;
        within("a sweep", self.seconds, 0.1, 120.0, "s", other)?;
        within("a decay", self.decay, 0.05, 60.0, "s", other)?;
        within("a level", self.level_db, -60.0, -1.0, "dBFS", other)?;
        let (repeats, speakers) = (f64::from(self.repeats), f64::from(self.speakers));
        within("a number of repeats", repeats, 1.0, 32.0, "times", other)?;
        within(
            "a number of loudspeakers",
            speakers,
            1.0,
            8.0,
            "channels",
            other,
        )?;
        let shorter = "make it shorter, or take a lower rate";
        let period = self.period() as f64;
        within(
            "a sweep with its silence",
            period,
            1.0,
            MAX_PERIOD,
            "samples",
            shorter,
        )?;
        let whole = self.frames() as f64 / rate;
        let longest = f64::from(MAX_SECONDS);
        within("all sweeps together", whole, 0.0, longest, "s", shorter)?;
        let (samples, most) = (self.frames() as f64 * speakers, MAX_SAMPLES as f64);
        within(
            "all sweeps together",
            samples,
            1.0,
            most,
            "samples",
            shorter,
        )
    }

    /// The sweeps as they are played, one channel for each loudspeaker: [`LEAD_SECONDS`] of silence, then a sweep and its
    /// silence for each loudspeaker in turn, and that as often as it is repeated. Loader thread.
    ///
    /// Errors: [`Sweep::check`].
    pub fn played(&self) -> Result<ImpulseResponse, BadSweep> {
        self.check()?;
        let one: Vec<f32> = self.once(1.0).map(|sample| sample as f32).collect();
        let speakers = usize::from(self.speakers);
        let mut channels = vec![vec![0.0; self.frames()]; speakers];
        for slot in 0..self.slots() {
            let start = self.lead() + slot * self.period();
            channels[slot % speakers][start..start + one.len()].copy_from_slice(&one);
        }
        Ok(ImpulseResponse {
            name: "sweep".to_owned(),
            sample_rate: self.sample_rate,
            layout: match speakers {
                1 => Layout::Mono,
                2 => Layout::Stereo,
                _ => Layout::Matrix,
            },
            channels,
        })
    }

    /// Frames of [`played`](Self::played). Any thread.
    pub fn frames(&self) -> usize {
        self.lead() + self.slots() * self.period()
    }

    fn lead(&self) -> usize {
        (LEAD_SECONDS * f64::from(self.sample_rate)).round() as usize
    }

    /// Sweeps in all. Any thread.
    pub fn slots(&self) -> usize {
        usize::from(self.repeats) * usize::from(self.speakers)
    }

    /// Frames from the start of one sweep to that of the next.
    pub(super) fn period(&self) -> usize {
        let silence = (self.decay * f64::from(self.sample_rate)).round();
        self.once(1.0).len() + silence as usize
    }

    /// L: in so many seconds the frequency grows by e.
    pub(super) fn growth(&self) -> f64 {
        self.cycles() / self.from
    }

    /// c: so many that the range takes about as long as asked.
    fn cycles(&self) -> f64 {
        let growth = self.seconds / (self.to / self.from).ln();
        (growth * self.from).round().max(1.0)
    }

    /// One sweep, played `slower` times as slowly as this rate says: 1, or next to it for a clock that drifts.
    pub(super) fn once(&self, slower: f64) -> impl ExactSizeIterator<Item = f64> {
        let (growth, cycles) = (self.growth(), self.cycles());
        let band = self.band();
        // When, from the start of the range, it is at that frequency.
        let when = |hz: f64| growth * (hz / self.from).ln();
        let start = when(self.from / 2.0);
        let full = when(band.low_edge);
        let fade = when(band.high_edge);
        let half = 0.5 * f64::from(self.sample_rate);
        let last = (band.high_edge * 2_f64.powf(1.0 / 24.0)).min((band.high_edge + half) / 2.0);
        let end = when(last);
        let rate = f64::from(self.sample_rate) * slower;
        let level = 10_f64.powf(self.level_db / 20.0);
        let frames = ((end - start) * rate).ceil() as usize;
        (0..frames).map(move |n| {
            let t = start + n as f64 / rate;
            let turns = (cycles * (t / growth).exp()).fract();
            let fades = smooth((t - start) / (full - start)) * smooth((end - t) / (end - fade));
            level * fades * (TAU * turns).sin()
        })
    }

    /// What of the spectrum is measured.
    pub(super) fn band(&self) -> Band {
        Band {
            low_edge: self.from / std::f64::consts::SQRT_2,
            from: self.from,
            to: self.to,
            high_edge: (self.to * 2_f64.powf(0.25)).min(0.49 * f64::from(self.sample_rate)),
        }
    }

    /// The iXML element that says what it is. Any thread.
    pub fn label(&self) -> String {
        format!("<{TAG}>{self}</{TAG}>")
    }

    /// The sweep that an element of a file's iXML describes, if it is one and has no mistake. Any thread.
    pub fn from_label(element: &str) -> Option<Self> {
        let (open, close) = (format!("<{TAG}>"), format!("</{TAG}>"));
        let text = element.strip_prefix(&open)?.strip_suffix(&close)?;
        let mut sweep = Self::default();
        for pair in text.split_whitespace() {
            let (key, value) = pair.split_once('=')?;
            match key {
                "rate" => sweep.sample_rate = value.parse().ok()?,
                "from" => sweep.from = value.parse().ok()?,
                "to" => sweep.to = value.parse().ok()?,
                "seconds" => sweep.seconds = value.parse().ok()?,
                "repeats" => sweep.repeats = value.parse().ok()?,
                "speakers" => sweep.speakers = value.parse().ok()?,
                "decay" => sweep.decay = value.parse().ok()?,
                "level" => sweep.level_db = value.parse().ok()?,
                // Something that this version does not know would make another sweep.
                _ => return None,
            }
        }
        sweep.check().ok().map(|()| sweep)
    }
}

impl fmt::Display for Sweep {
    /// As it stands in a label: every figure, to the last digit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sample_rate,
            from,
            to,
            seconds,
            repeats,
            speakers,
            decay,
            level_db,
        } = self;
        write!(
            f,
            "rate={sample_rate} from={from} to={to} seconds={seconds} repeats={repeats} speakers={speakers} \
             decay={decay} level={level_db}"
        )
    }
}

//! How the sound falls: reverberation times and the balance of early and late.
//!
//! ISO 3382-1:2009. The energy decay is Schroeder's (JASA 37, 1965): the squared impulse integrated from its end, cut
//! where it meets the noise floor (`tail`), with the noise's energy subtracted and the lost rest added
//! ("method E" of Guski & Vorländer, Acta Acustica 100, 2014, the least wrong of the five they compare).
//!
//! Guaranteed: a figure is there only if the evaluation range was. T20 needs the decay to be seen 35 dB down, T30
//! 45 dB, EDT 20 dB: 10 dB more than is fitted. A time shorter than an octave filter can tell, 4 ÷ bandwidth, is
//! `None`, and so is what would be a number for a sound that does not decay.

use super::energy::{Energy, Share};
use super::line::{self, Line};
use super::octave::{Filter, centres};
use super::{onset, tail};
use crate::impulse::ImpulseResponse;
use serde::Serialize;

/// The decay in one band, of one channel or of several together. Times in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Decay {
    /// Early decay time: 60 dB at the pace of the first 10 dB.
    pub edt: Option<f64>,
    /// 60 dB at the pace from −5 to −25 dB.
    pub t20: Option<f64>,
    /// 60 dB at the pace from −5 to −35 dB.
    pub t30: Option<f64>,
    /// How far the decay from −5 to −35 dB (to −25 dB, where there is no T30) is from straight: 1000 · (1 − r²), in
    /// per mille. Above 10 it is not (ISO 3382-2, B.2).
    pub nonlinearity: Option<f64>,
    /// 100 · (T30 ÷ T20 − 1), in per cent. Beyond 10 there are two slopes (ISO 3382-2, B.3).
    pub curvature: Option<f64>,
    /// Early-to-late energy in dB, split at 50 ms after the onset.
    pub c50: Option<f64>,
    /// Early-to-late energy in dB, split at 80 ms after the onset.
    pub c80: Option<f64>,
    /// Share of the energy in the first 50 ms, 0 to 1.
    pub d50: Option<f64>,
    /// Decay range in dB: how far below its start the energy decay is when it meets the noise floor, or the end of the
    /// file.
    pub range_db: Option<f64>,
    /// RMS of the noise floor in dBFS, of a channel on average. `None` if the sound outlives the file.
    pub noise_dbfs: Option<f64>,
    /// When the decay meets the noise floor, in seconds from the first frame; the end of the file if it outlives that.
    pub knee: Option<f64>,
}

/// The decay in one octave band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Octave {
    /// Nominal mid-band frequency in Hz.
    pub hz: f64,
    /// Its decay.
    #[serde(flatten)]
    pub decay: Decay,
}

/// The decay of one channel, all frequencies together. Loader thread.
pub fn decay(samples: &[f32], rate: u32) -> Decay {
    let Some(start) = onset(samples) else {
        return Decay::default();
    };
    let energy = Energy::of(samples, &Filter::broadband(rate), start, rate);
    Curve::of(&energy).decay(&energy, start)
}

/// The decay of one channel in the octave bands that [`centres`] names. Loader thread.
pub fn octaves(samples: &[f32], rate: u32) -> Vec<Octave> {
    of_channels(&[samples], rate).octaves
}

/// The decay of several channels: their energies added, from the earliest onset on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decays {
    /// All frequencies together.
    pub broadband: Decay,
    /// Per octave band.
    pub octaves: Vec<Octave>,
}

/// The decay of all channels together, broadband and in octave bands. Loader thread.
pub fn decays(impulse: &ImpulseResponse) -> Decays {
    let channels: Vec<&[f32]> = impulse.channels.iter().map(Vec::as_slice).collect();
    of_channels(&channels, impulse.sample_rate)
}

fn of_channels(channels: &[&[f32]], rate: u32) -> Decays {
    let start = channels.iter().filter_map(|samples| onset(samples)).min();
    let together = |filter: &Filter| {
        let Some(start) = start else {
            return Decay::default();
        };
        let mut energies = channels
            .iter()
            .map(|samples| Energy::of(samples, filter, start, rate));
        let Some(mut sum) = energies.next() else {
            return Decay::default();
        };
        for energy in energies {
            sum.add(&energy);
        }
        Curve::of(&sum).decay(&sum, start)
    };
    Decays {
        broadband: together(&Filter::broadband(rate)),
        octaves: centres(rate)
            .map(|hz| Octave {
                hz,
                decay: together(&Filter::octave(hz, rate)),
            })
            .collect(),
    }
}

/// The energy decay curve of the channels together, broadband, for a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct DecayCurve {
    /// Seconds from the first frame, and dB below the whole energy.
    pub points: Vec<(f64, f64)>,
    /// T30's line, or T20's where there is no T30: intercept in dB at the first frame, and dB per second.
    pub fit: Option<(f64, f64)>,
    /// EDT's line in the same form.
    pub early_fit: Option<(f64, f64)>,
}

/// The broadband energy decay of all channels of `impulse` together. `None` in silence. Loader thread.
pub fn curve(impulse: &ImpulseResponse) -> Option<DecayCurve> {
    let rate = impulse.sample_rate;
    let start = impulse
        .channels
        .iter()
        .filter_map(|samples| onset(samples))
        .min()?;
    let filter = Filter::broadband(rate);
    let mut energies = impulse
        .channels
        .iter()
        .map(|samples| Energy::of(samples, &filter, start, rate));
    let mut sum = energies.next()?;
    for energy in energies {
        sum.add(&energy);
    }
    let curve = Curve::of(&sum);
    let step = sum.step();
    let first = start as f64 / f64::from(rate);
    // The curve's time counts steps from the onset on.
    let absolute = |line: Line| {
        (
            line.intercept - line.slope / step * first,
            line.slope / step,
        )
    };
    Some(DecayCurve {
        points: curve
            .levels
            .iter()
            .enumerate()
            .map(|(at, &level)| (first + at as f64 * step, level))
            .collect(),
        fit: curve.t30().or_else(|| curve.t20()).map(absolute),
        early_fit: curve.edt().map(absolute),
    })
}

/// An evaluation range in dB.
struct Window {
    top: f64,
    bottom: f64,
    /// How far down the decay must be seen.
    range: f64,
    /// How much of it must hold points: a strong direct sound takes the first dB in one step.
    span: f64,
}

const EDT: Window = Window {
    top: 0.0,
    bottom: -10.0,
    range: 20.0,
    span: 2.5,
};
const T20: Window = Window {
    top: -5.0,
    bottom: -25.0,
    range: 35.0,
    span: 13.0,
};
const T30: Window = Window {
    top: -5.0,
    bottom: -35.0,
    range: 45.0,
    span: 20.0,
};

/// The least squared correlation of what may be called a decay: ten times the 10 ‰ at which ISO 3382-2 warns, and two
/// slopes as different as a stage and its hall still have it.
const LEAST_R2: f64 = 0.9;

/// Jacobsen & Rindel 1987: the least decay time times bandwidth behind a filter run backwards.
const LEAST_TIME_BANDWIDTH: f64 = 4.0;

/// The backward integral from the onset on.
struct Curve {
    tail: Option<tail::Tail>,
    /// dB below the whole energy, per step from the onset to the knee.
    levels: Vec<f64>,
    range: Option<f64>,
    /// Shortest believable decay in steps.
    shortest: f64,
}

impl Curve {
    fn of(energy: &Energy) -> Self {
        let tail = (!energy.spikes)
            .then(|| tail::find(&energy.steps, energy.step()))
            .flatten();
        let (noise, rest) = tail.map_or((0.0, 0.0), |tail| (tail.noise, tail.rest));
        let end = tail.map_or(energy.steps.len(), |tail| tail.knee);
        let mut sum = rest;
        let mut levels = vec![0.0; end];
        for (level, step) in levels.iter_mut().zip(&energy.steps).rev() {
            sum += step - noise;
            *level = sum;
        }
        let whole = sum;
        let onset = energy.onset.min(levels.len());
        levels.drain(..onset);
        for level in &mut levels {
            *level = 10.0 * (*level / whole).max(1e-40).log10();
        }
        Self {
            range: tail
                .filter(|tail| tail.rest > 0.0 && whole > 0.0)
                .map(|tail| -10.0 * (tail.rest / whole).log10()),
            tail,
            levels,
            shortest: LEAST_TIME_BANDWIDTH / energy.bandwidth / energy.step(),
        }
    }

    fn edt(&self) -> Option<Line> {
        self.fit(EDT)
    }

    fn t20(&self) -> Option<Line> {
        self.fit(T20)
    }

    fn t30(&self) -> Option<Line> {
        self.fit(T30)
    }

    /// The line through the levels between `top` and `bottom` dB, over steps from the onset.
    fn fit(&self, window: Window) -> Option<Line> {
        if self.range? < window.range {
            return None;
        }
        let first = self.levels.iter().position(|&db| db <= window.top)?;
        let fallen = |&db: &f64| db < window.bottom;
        let last = self.levels.iter().position(fallen)?;
        let levels = self.levels.get(first..last)?;
        let span = levels.first()? - levels.last()?;
        let points: Vec<_> = (first..last)
            .map(|step| step as f64)
            .zip(levels.iter().copied())
            .collect();
        let line = line::fit(&points)?;
        let time = -60.0 / line.slope;
        (levels.len() >= 3
            && line.slope < 0.0
            && span >= window.span
            && line.r2 >= LEAST_R2
            && time >= self.shortest)
            .then_some(line)
    }

    fn decay(&self, energy: &Energy, onset: usize) -> Decay {
        let step = energy.step();
        let first = onset as f64 / energy.rate;
        let seconds = |line: Line| -60.0 / line.slope * step;
        let (t20, t30) = (self.t20(), self.t30());
        let [(d50, c50), (_, c80)] = energy.shares.map(|share| self.balance(energy, share));
        let floor = self
            .tail
            .map(|tail| tail.noise)
            .filter(|&noise| noise > 0.0);
        Decay {
            edt: self.edt().map(seconds),
            t20: t20.map(seconds),
            t30: t30.map(seconds),
            nonlinearity: t30.or(t20).map(|line| 1000.0 * (1.0 - line.r2)),
            curvature: t20
                .zip(t30)
                .map(|(t20, t30)| 100.0 * (t20.slope / t30.slope - 1.0)),
            c50,
            c80,
            d50,
            range_db: self.range,
            noise_dbfs: floor.map(|noise| {
                let samples = (energy.frames * energy.channels) as f64;
                10.0 * (noise / samples).log10()
            }),
            knee: self
                .tail
                .map(|tail| first + (tail.knee as f64 - energy.onset as f64) * step),
        }
    }

    /// Early share of the energy, and the same in dB.
    fn balance(&self, energy: &Energy, share: Share) -> (Option<f64>, Option<f64>) {
        let steps = &energy.steps;
        let (noise, knee, rest) = match self.tail {
            Some(tail) => (tail.noise, tail.knee, tail.rest),
            None => (0.0, steps.len(), 0.0),
        };
        let heard = (share.limit - energy.onset) as f64;
        let early = (share.early - noise * heard).max(0.0);
        if knee <= share.limit {
            // Nothing comes later, or nothing that can be told from the noise.
            let all = (noise == 0.0 && early > 0.0).then_some(1.0);
            return (all, None);
        }
        let seen: f64 = steps[share.limit..knee]
            .iter()
            .map(|step| step - noise)
            .sum();
        let late = share.late_ringing + seen + rest;
        // A balance that hangs on sound beyond the end of what was recorded is a guess.
        if rest > late / 4.0 || early + late <= 0.0 {
            return (None, None);
        }
        let decibels = (early > 0.0 && late > 0.0).then(|| 10.0 * (early / late).log10());
        (Some(early / (early + late)), decibels)
    }
}

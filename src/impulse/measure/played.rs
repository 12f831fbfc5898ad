//! What was played: a sweep of ours, or any other sound with a beginning and an end.

use super::band::Band;
use super::deconvolve::Deconvolver;
use super::fault::MeasureError;
use super::sweep::Sweep;
use crate::impulse::fourier::Fourier;
use crate::impulse::load::Loaded;

/// What was played.
#[derive(Clone, Debug, PartialEq)]
pub enum Played {
    /// A sweep that is known to the last digit.
    Sweep(Sweep),
    /// Another sound: a sweep of somebody else's. Only what is before and what is after time zero can be told apart.
    Other(Other),
}

/// A sound that is known as samples only.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    sample_rate: u32,
    samples: Vec<f32>,
    band: Band,
    /// Frames after it in which rooms ring out.
    silence: usize,
}

/// Below its peak, in dB: what is silence before and after a sound.
const SILENCE_DB: f64 = -80.0;

/// Below the loudest twelfth of an octave, in dB: what a sound does not contain.
const ABSENT_DB: f64 = -20.0;

/// A twelfth of an octave.
const TWELFTH: f64 = 1.059_463_094_359_295_3;

/// How much of a sound's range is faded at either end, as a ratio: a quarter of an octave. There is nothing beyond.
const EDGE: f64 = TWELFTH * TWELFTH * TWELFTH;

/// How like the sound in a file must be what its label says: the correlation of two sweeps, one of them in 16 bits at
/// −60 dBFS, is 0.9998.
const LIKE: f64 = 0.999;

impl Played {
    /// What is in a file that a sweep was written to. `range` in Hz and `decay` in seconds are for sounds that have no label;
    /// a range that is not given is that of the sound. Loader thread.
    ///
    /// Errors: [`MeasureError::Altered`], [`MeasureError::Unusable`].
    pub fn from_file(
        file: &Loaded,
        range: Option<(f64, f64)>,
        decay: f64,
    ) -> Result<Self, MeasureError> {
        let labels = file.ixml.iter().flat_map(|ixml| &ixml.other);
        let Some(sweep) = labels.filter_map(|it| Sweep::from_label(it)).next() else {
            let samples = file.impulse.channels.first();
            let samples = samples.map_or(&[][..], Vec::as_slice);
            return Other::new(file.impulse.sample_rate, samples, range, decay).map(Self::Other);
        };
        let played = sweep.played()?;
        let same = played.sample_rate == file.impulse.sample_rate
            && played.channels.len() == file.impulse.channels.len()
            && played.frames() == file.impulse.frames()
            && played
                .channels
                .iter()
                .zip(&file.impulse.channels)
                .all(|(played, found)| correlation(played, found) > LIKE);
        if same {
            Ok(Self::Sweep(sweep))
        } else {
            Err(MeasureError::Altered {
                label: sweep.to_string(),
            })
        }
    }

    /// Its sample rate in Hz. Any thread.
    pub fn sample_rate(&self) -> u32 {
        match self {
            Self::Sweep(sweep) => sweep.sample_rate,
            Self::Other(other) => other.sample_rate,
        }
    }

    /// How many loudspeakers took turns.
    pub(super) fn speakers(&self) -> usize {
        match self {
            Self::Sweep(sweep) => usize::from(sweep.speakers),
            Self::Other(_) => 1,
        }
    }

    /// How many sweeps there are, and from one to the next in frames, if that is known.
    pub(super) fn slots(&self) -> (usize, Option<usize>) {
        match self {
            Self::Sweep(sweep) => (sweep.slots(), Some(sweep.period())),
            Self::Other(_) => (1, None),
        }
    }

    /// L in seconds, if it is known.
    pub(super) fn growth(&self) -> Option<f64> {
        match self {
            Self::Sweep(sweep) => Some(sweep.growth()),
            Self::Other(_) => None,
        }
    }

    /// What divides by it, and the frames of silence after it; as heard by a clock for which it is `slower`.
    pub(super) fn deconvolver(&self, slower: f64) -> (Deconvolver, usize) {
        match self {
            Self::Sweep(sweep) => {
                let once = sweep.once(slower);
                let silence = sweep.period() - sweep.once(1.0).len();
                let by = Deconvolver::new(once, silence, sweep.sample_rate, sweep.band());
                (by, silence)
            }
            Self::Other(other) => {
                let samples = other.samples.iter().map(|&x| f64::from(x));
                let by = Deconvolver::new(samples, other.silence, other.sample_rate, other.band);
                (by, other.silence)
            }
        }
    }
}

impl Other {
    /// From silence to silence, and `decay` seconds for the room. `range` is what it contains, in Hz; what is measured ends
    /// a quarter of an octave inside of that. Loader thread.
    ///
    /// Errors: [`MeasureError::Unusable`], [`MeasureError::Sweep`] for a range or a decay that no sweep could have.
    pub fn new(
        sample_rate: u32,
        samples: &[f32],
        range: Option<(f64, f64)>,
        decay: f64,
    ) -> Result<Self, MeasureError> {
        let unusable = |what: &str| MeasureError::Unusable {
            what: what.to_owned(),
        };
        let peak = samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        if !(peak > 0.0 && samples.iter().all(|x| x.is_finite())) {
            return Err(unusable("but the file is silent"));
        }
        let heard =
            |x: &f32| f64::from(x.abs()) >= f64::from(peak) * 10_f64.powf(SILENCE_DB / 20.0);
        let first = samples.iter().position(heard).unwrap_or(0);
        let last = samples.iter().rposition(heard).unwrap_or(0);
        let samples = samples[first..=last].to_vec();
        let rate = f64::from(sample_rate);
        let (from, to) = range.unwrap_or_else(|| extent(sample_rate, &samples));
        // The same limits.
        let limits = Sweep {
            sample_rate,
            from,
            to,
            decay,
            seconds: samples.len() as f64 / rate,
            ..Sweep::default()
        };
        limits.check()?;
        Ok(Self {
            sample_rate,
            samples,
            band: Band {
                low_edge: from,
                from: from * EDGE,
                to: to / EDGE,
                high_edge: to,
            },
            silence: (decay * rate) as usize,
        })
    }
}

/// The twelfths of an octave around the loudest that are loud too, but for the outermost, in Hz.
fn extent(sample_rate: u32, samples: &[f32]) -> (f64, f64) {
    let fourier = Fourier::new(samples.len());
    let bins = fourier.spectrum(samples);
    let step = f64::from(sample_rate) / fourier.size() as f64;
    let mut bands: Vec<(f64, f64)> = Vec::new();
    let mut low = 10.0;
    while low * TWELFTH <= 0.46 * f64::from(sample_rate) {
        let range = (low / step).ceil() as usize..(low * TWELFTH / step).ceil() as usize;
        let power = bins[range].iter().map(|bin| bin.norm_sqr()).sum();
        bands.push((low, power));
        low *= TWELFTH;
    }
    let loudest = (0..bands.len()).max_by(|&a, &b| bands[a].1.total_cmp(&bands[b].1));
    let loudest = loudest.unwrap_or(0);
    let limit = bands.get(loudest).map_or(0.0, |it| it.1) * 10_f64.powf(ABSENT_DB / 10.0);
    let loud = |at: &usize| bands[*at].1 >= limit;
    let first = (0..=loudest).rev().take_while(loud).last().unwrap_or(0);
    let last = (loudest..bands.len()).take_while(loud).last().unwrap_or(0);
    let low = |at: usize| bands.get(at).map_or(0.0, |it| it.0);
    (low(first) * TWELFTH, low(last))
}

/// Σ ab ÷ √(Σ a² Σ b²).
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a), f64::from(b));
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt()
}

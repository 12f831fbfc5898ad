//! How alike two channels are, and which of them has the direct sound.

use super::onset;
use crate::impulse::{ImpulseResponse, Layout};
use serde::Serialize;

/// Two channels that are heard together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The channels, from 0.
    pub channels: [usize; 2],
    /// Correlation in the first 80 ms after the onset, −1 to 1: the one furthest from 0 of those at most 1 ms apart
    /// (the cross-correlation of ISO 3382-1, annex B, with its sign). `None` if one of them is silent.
    pub early: Option<f64>,
    /// The same from 80 ms on.
    pub late: Option<f64>,
    /// How much stronger the direct sound is in the first of them, in dB. `None` if one of them is silent.
    pub direct_db: Option<f64>,
    /// How much later it comes in the second, in ms.
    pub delay_ms: Option<f64>,
    /// The difference of the two, below their sum, in dB; −∞ is given as −200. `None` in silence.
    pub difference_db: Option<f64>,
}

/// Most seconds of late sound that are correlated.
const LATE: f64 = 10.0;

/// Seconds of each channel's sound, from its own onset on, that count as direct.
const DIRECT: f64 = 0.003;

/// The pairs of `impulse`: left and right; of true stereo LL–LR, RR–RL and LL–RR; of a matrix each channel and the next.
///
/// `onset_frame` and `end` are the frames between which there is sound. Loader thread.
pub fn pairs(impulse: &ImpulseResponse, onset_frame: Option<usize>, end: usize) -> Vec<Pair> {
    let Some(start) = onset_frame else {
        return Vec::new();
    };
    let which: Vec<[usize; 2]> = match impulse.layout {
        Layout::TrueStereo => vec![[0, 1], [3, 2], [0, 3]],
        _ => (1..impulse.channels.len()).map(|n| [n - 1, n]).collect(),
    };
    which
        .into_iter()
        .filter_map(|[a, b]| {
            let found = impulse.channels.get(a).zip(impulse.channels.get(b));
            found.map(|(left, right)| pair(impulse, [a, b], left, right, start..end))
        })
        .collect()
}

fn pair(
    impulse: &ImpulseResponse,
    channels: [usize; 2],
    a: &[f32],
    b: &[f32],
    sound: std::ops::Range<usize>,
) -> Pair {
    let rate = f64::from(impulse.sample_rate);
    let frames = |seconds: f64| (seconds * rate) as usize;
    let split = sound.start + frames(0.080);
    let late = split..sound.end.min(split + frames(LATE));
    let onsets = onset(a).zip(onset(b));
    let direct = |samples: &[f32], onset: usize| {
        // From a little before: the onset is 20 dB up a slope.
        let range = onset.saturating_sub(frames(0.0005))..onset + frames(DIRECT).max(1);
        energy(part(samples, &range))
    };
    let direct_db = onsets.map(|(of_a, of_b)| 10.0 * (direct(a, of_a) / direct(b, of_b)).log10());
    let difference: f64 = a
        .iter()
        .zip(b)
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
        .sum();
    let sum = energy(a) + energy(b);
    Pair {
        channels,
        early: correlation(a, b, sound.start..split.min(sound.end), frames(0.001)),
        late: correlation(a, b, late, frames(0.001)),
        direct_db,
        delay_ms: onsets.map(|(of_a, of_b)| 1000.0 * (of_b as f64 - of_a as f64) / rate),
        difference_db: (sum > 0.0).then(|| 10.0 * (difference / sum).max(1e-20).log10()),
    }
}

fn part<'a>(samples: &'a [f32], range: &std::ops::Range<usize>) -> &'a [f32] {
    let end = range.end.min(samples.len());
    samples.get(range.start.min(end)..end).unwrap_or(&[])
}

fn energy(samples: &[f32]) -> f64 {
    samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

/// Σ a(t) b(t + lag) ÷ √(Σ a² Σ b²), for the lag up to `most` frames at which it is furthest from 0.
fn correlation(a: &[f32], b: &[f32], range: std::ops::Range<usize>, most: usize) -> Option<f64> {
    let (a, b) = (part(a, &range), part(b, &range));
    let scale = (energy(a) * energy(b)).sqrt();
    let product = |a: &[f32], b: &[f32]| -> f64 {
        // Short sums in f32, for the vector unit; their sum in f64.
        let sums = a.chunks(64).zip(b.chunks(64));
        sums.map(|(a, b)| f64::from(a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>()))
            .sum()
    };
    let lags = 0..=most.min(a.len().min(b.len()).saturating_sub(1));
    let both = lags.flat_map(|lag| {
        let shifted = |samples: &[f32]| {
            samples
                .get(lag..)
                .map_or(0..0, |rest| lag..lag + rest.len())
        };
        [product(a, &b[shifted(b)]), product(&a[shifted(a)], b)]
    });
    (scale > 0.0).then(|| {
        both.map(|sum| sum / scale).fold(0.0, |best: f64, value| {
            if value.abs() > best.abs() {
                value
            } else {
                best
            }
        })
    })
}

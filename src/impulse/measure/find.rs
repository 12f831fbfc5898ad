//! Where in a recording the sweeps are.
//!
//! The whole recording is deconvolved, block by block. Each sweep becomes the peak of a response, and everything else
//! is smeared over a sweep's length.

use super::deconvolve::Deconvolver;

/// What a peak must be of the median magnitude. In a million samples of nothing but noise the largest is 7.3 times it;
/// a response that is not 30 times it has no decay to speak of.
const LEAST_PEAK: f32 = 30.0;

/// What another sweep's peak must be of the largest: −20 dB, for loudspeakers that are not equally far.
const LEAST_SHARE: f32 = 0.1;

/// Seconds by which a peak may be off the regular: 10 m of air, and clocks that are not one.
const TOLERANCE: f64 = 0.060;

/// Sweeps that were found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// Frame at which the response of the loudest one peaks.
    pub(super) loudest: usize,
    /// How many come before it.
    pub(super) before: usize,
    /// How many there are in all.
    pub(super) count: usize,
}

/// The sweeps in `recorded`, `period` frames apart and none of them cut short; `None` if there are none.
pub(super) fn find(by: &Deconvolver, recorded: &[f32], period: Option<usize>) -> Option<Found> {
    let response = magnitudes(by, recorded);
    // Up to where a whole sweep fits.
    let response = response.get(..=recorded.len().checked_sub(by.sweep)?)?;
    let largest = |range: std::ops::Range<usize>| {
        let part = response.get(range.start..range.end.min(response.len()))?;
        let (at, peak) = part.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        Some((range.start + at, *peak))
    };
    let (loudest, peak) = largest(0..response.len())?;
    if !(peak > 0.0 && peak >= LEAST_PEAK * median(response)) {
        return None;
    }
    let mut found = Found {
        loudest,
        before: 0,
        count: 1,
    };
    let Some(period) = period else {
        return Some(found);
    };
    let tolerance = (TOLERANCE * f64::from(by.sample_rate)) as usize;
    let tolerance = tolerance.min(period / 4);
    let near = |at: usize| {
        let around = at.saturating_sub(tolerance)..at + tolerance + 1;
        let (at, other) = largest(around)?;
        (other >= LEAST_SHARE * peak).then_some(at)
    };
    let mut at = loudest;
    while let Some(earlier) = at.checked_sub(period).and_then(near) {
        at = earlier;
        found.before += 1;
    }
    at = loudest;
    while let Some(later) = near(at + period) {
        at = later;
        found.count += 1;
    }
    found.count += found.before;
    Some(found)
}

/// The magnitude of the response at every frame of `recorded`.
fn magnitudes(by: &Deconvolver, recorded: &[f32]) -> Vec<f32> {
    // What comes later than this in a block needs what comes after the block.
    let valid = by.size() - by.sweep;
    let mut all = Vec::with_capacity(recorded.len() + valid);
    for start in (0..recorded.len()).step_by(valid) {
        let block = &recorded[start..(start + by.size()).min(recorded.len())];
        let bins = by.response(block.iter().map(|&x| f64::from(x)));
        let response = by.fourier.signal(bins);
        all.extend(response[..valid].iter().map(|x| x.abs() as f32));
    }
    all
}

fn median(values: &[f32]) -> f32 {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

//! Where the decay meets the noise floor, after Lundeby, Vigran, Bietz and Vorländer, "Uncertainties of measurements
//! in room acoustics", Acustica 81 (1995).
//!
//! A floor is only believed when it fills at least the last tenth of the sound. A sound that still falls there outlives
//! the file: then there is no floor, and the decay ends with the file.

use super::line::{self, Line};

/// The end of a decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tail {
    /// Energy of the noise in each step; 0 where no floor was found.
    pub(super) noise: f64,
    /// Step at which the decay reaches the floor, or the end.
    pub(super) knee: usize,
    /// Energy that the decay would still have had after the knee, continued as it fell before.
    pub(super) rest: f64,
}

/// The floor is looked for in this share of the sound, at its end.
const FLOOR_SHARE: usize = 10;

/// The last of the decay, in dB above the floor, that its slope is taken from.
const SLOPE_DB: (f64, f64) = (8.0, 28.0);

/// A tenth of a second of noise in the lowest octave stays 6 dB below this, in a thousand tenths.
const UNEVEN_DB: f64 = 12.0;

/// The least median of the floor in pieces of 10 ms, over its mean: 0.45 for the slowest rumble (χ² of one degree of
/// freedom), near 0 for repeats of an echo.
const SPARSE: f64 = 0.1;

/// Whether this is a floor. Where something louder follows (a later echo) or most of it is gaps (repeats of an echo),
/// the sound before it has not ended.
fn even(floor: &[f64], step: f64, noise: f64) -> bool {
    let frames = |seconds: f64| ((seconds / step) as usize).min(floor.len() / 20).max(1);
    let louder = floor
        .chunks_exact(frames(0.100))
        .any(|chunk| decibels(mean(chunk)) > decibels(noise) + UNEVEN_DB);
    let mut short: Vec<_> = floor.chunks_exact(frames(0.010)).map(mean).collect();
    short.sort_by(f64::total_cmp);
    let median = short.get(short.len() / 2).copied().unwrap_or(noise);
    !louder && median >= SPARSE * noise
}

/// Finds the end of the decay in `steps`, each `step` seconds long. `None` if nothing decays.
pub(super) fn find(steps: &[f64], step: f64) -> Option<Tail> {
    let end = steps.iter().rposition(|&energy| energy > 0.0)? + 1;
    let steps = &steps[..end];
    if end < 20 {
        return None;
    }
    let mut noise = mean(&steps[end - end / FLOOR_SHARE..]);
    // 30 ms, or a twentieth of a short sound.
    let coarse = ((0.030 / step) as usize).min(end / 20).max(1);
    let mut size = coarse;
    let mut line = first_slope(&intervals(steps, size), noise, size)?;
    let mut knee = line.at(decibels(noise));
    for _ in 0..8 {
        if knee > (end - end / FLOOR_SHARE) as f64 {
            return outlives(steps, size, line);
        }
        let fall = -line.slope;
        size = ((2.0 / fall) as usize).clamp(1, 4 * coarse);
        let from = (knee + SLOPE_DB.0 / fall) as usize;
        noise = mean(&steps[from.min(end - end / FLOOR_SHARE)..]);
        let Some(late) = slope_between(
            steps,
            size,
            knee - SLOPE_DB.1 / fall,
            knee - SLOPE_DB.0 / fall,
        ) else {
            break;
        };
        line = late;
        let before = knee;
        knee = line.at(decibels(noise));
        if (knee - before).abs() < size as f64 / 2.0 {
            break;
        }
    }
    if knee.is_nan() || knee <= 0.0 {
        return None;
    }
    if knee > (end - end / FLOOR_SHARE) as f64 {
        return outlives(steps, size, line);
    }
    let from = (knee - SLOPE_DB.0 / line.slope) as usize;
    if !even(&steps[from.min(end)..], step, noise) {
        return None;
    }
    Some(Tail {
        noise,
        knee: knee as usize,
        rest: rest(line, knee as usize),
    })
}

/// The decay goes on to the last step.
fn outlives(steps: &[f64], size: usize, line: Line) -> Option<Tail> {
    let end = steps.len() as f64;
    let fall = -line.slope;
    let line = slope_between(steps, size, end - 20.0 / fall, end).unwrap_or(line);
    Some(Tail {
        noise: 0.0,
        knee: steps.len(),
        rest: rest(line, steps.len()),
    })
}

/// Σ of the line's energies from `knee` on.
fn rest(line: Line, knee: usize) -> f64 {
    let level = line.intercept + line.slope * knee as f64;
    10_f64.powf(level / 10.0) / (1.0 - 10_f64.powf(line.slope / 10.0))
}

/// From the loudest interval down to 10 dB above the floor.
fn first_slope(levels: &[(f64, f64)], noise: f64, size: usize) -> Option<Line> {
    let loudest = levels
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| a.1.total_cmp(&b.1))?
        .0;
    let floor = decibels(noise) + 10.0;
    let falling: Vec<_> = levels[loudest..]
        .iter()
        .copied()
        .take_while(|&(_, level)| level > floor)
        .collect();
    // Two intervals make a line, but only through a sound that is gone at once.
    let line = match falling.len() {
        0 => return None,
        1 | 2 => line::fit(&levels[loudest..(loudest + 3).min(levels.len())])?,
        _ => line::fit(&falling)?,
    };
    (line.slope * size as f64 <= -1e-3).then_some(line)
}

fn slope_between(steps: &[f64], size: usize, from: f64, to: f64) -> Option<Line> {
    let to = (to.max(0.0) as usize).min(steps.len());
    let from = from.max(0.0) as usize;
    let size = size.min(to.checked_sub(from)? / 3).max(1);
    let points: Vec<_> = intervals(&steps[from..to], size)
        .into_iter()
        .map(|(at, level)| (at + from as f64, level))
        .collect();
    (points.len() >= 3)
        .then(|| line::fit(&points))
        .flatten()
        .filter(|line| line.slope < 0.0)
}

/// Middle of each whole interval in steps, and its mean level in dB. Silent ones are left out.
fn intervals(steps: &[f64], size: usize) -> Vec<(f64, f64)> {
    steps
        .chunks_exact(size)
        .enumerate()
        .map(|(index, chunk)| ((index as f64 + 0.5) * size as f64, mean(chunk)))
        .filter(|&(_, energy)| energy > 0.0)
        .map(|(at, energy)| (at, decibels(energy)))
        .collect()
}

fn mean(steps: &[f64]) -> f64 {
    steps.iter().sum::<f64>() / steps.len().max(1) as f64
}

fn decibels(energy: f64) -> f64 {
    10.0 * energy.max(f64::MIN_POSITIVE).log10()
}

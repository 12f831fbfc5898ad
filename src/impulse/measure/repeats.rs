//! One sweep against another: whether the two clocks agree, and whether one of several was disturbed.

use super::deconvolve::Deconvolver;
use crate::impulse::fourier::Bins;
use realfft::num_complex::Complex;
use std::f64::consts::TAU;

/// How much further from the others than they are from each other a repeat may be: 6 dB in energy.
const OUTLYING: f64 = 4.0;

/// Differences below this, in energy of the response, disturb nobody: −70 dB.
const LEAST_DIFFERENCE: f64 = 1e-7;

/// The longest delay that is looked for, in seconds: a clock off by 500 ppm, after ten minutes.
const LONGEST: f64 = 0.3;

/// By how many samples `late` comes after `early`, both the same but for noise.
///
/// To the nearest sample by their correlation, then by the slope of its phase, which is as exact as the noise permits.
pub(super) fn delay(by: &Deconvolver, early: &Bins, late: &Bins) -> f64 {
    let cross: Bins = late.iter().zip(early).map(|(b, a)| b * a.conj()).collect();
    let correlation = by.fourier.signal(cross.clone());
    let size = correlation.len();
    let most = ((LONGEST * f64::from(by.sample_rate)) as usize).min(size / 2 - 1);
    let near = (0..=most).chain(size - most..size);
    let peak = near.max_by(|&a, &b| correlation[a].total_cmp(&correlation[b]));
    let whole = match peak.unwrap_or(0) {
        at if at > size / 2 => at as f64 - size as f64,
        at => at as f64,
    };
    let turn = TAU / size as f64;
    let (mut moment, mut inertia) = (0.0, 0.0);
    for k in by.range() {
        let w = turn * k as f64;
        let rest = cross[k] * Complex::from_polar(1.0, w * whole);
        let weight = rest.norm();
        moment -= weight * w * rest.arg();
        inertia += weight * w * w;
    }
    whole + if inertia > 0.0 { moment / inertia } else { 0.0 }
}

/// The slope of the straight line nearest to the points.
pub(super) fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |(x, y), p| (x + p.0, y + p.1));
    let (x, y) = (x / count, y / count);
    let (mut over, mut under) = (0.0, 0.0);
    for point in points {
        over += (point.0 - x) * (point.1 - y);
        under += (point.0 - x) * (point.0 - x);
    }
    if under > 0.0 { over / under } else { 0.0 }
}

/// How far each of several responses is from the others, as energy.
pub(super) struct Spread {
    /// For each response, the energy of its difference from the middle one of the others.
    distances: Vec<f64>,
    energy: f64,
}

impl Spread {
    /// Of at least two responses.
    pub(super) fn of(responses: &[Bins]) -> Self {
        let distance = |a: &Bins, b: &Bins| -> f64 {
            let terms = a.iter().zip(b).map(|(a, b)| (a - b).norm_sqr());
            terms.sum()
        };
        let count = responses.len();
        let mut all = vec![Vec::new(); count];
        for i in 0..count {
            for j in i + 1..count {
                let apart = distance(&responses[i], &responses[j]);
                all[i].push(apart);
                all[j].push(apart);
            }
        }
        let energies = responses
            .iter()
            .map(|bins| bins.iter().map(Complex::norm_sqr).sum());
        Self {
            distances: all.into_iter().map(lower_median).collect(),
            energy: lower_median(energies.collect()),
        }
    }

    /// What one repeat has of its own, in dB of the response: half of how far two are apart.
    pub(super) fn db(&self) -> f64 {
        let apart = lower_median(self.distances.clone());
        10.0 * (0.5 * apart / self.energy).log10()
    }

    /// Those that are unlike the others, and by how much in dB of the response. With fewer than three there is no telling
    /// which.
    pub(super) fn outlying(&self) -> Vec<(usize, f64)> {
        if self.distances.len() < 3 {
            return Vec::new();
        }
        let usual = lower_median(self.distances.clone());
        let limit = (OUTLYING * usual).max(LEAST_DIFFERENCE * self.energy);
        let all = self.distances.iter().enumerate();
        let beyond = all.filter(|(_, distance)| **distance > limit);
        let db =
            |(index, distance): (usize, &f64)| (index, 10.0 * (distance / self.energy).log10());
        beyond.map(db).collect()
    }
}

/// The middle value, of an even number the lower one of the two.
fn lower_median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or(0.0)
}

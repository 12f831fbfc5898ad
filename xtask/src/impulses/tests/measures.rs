//! What the tests measure beyond what the generator does: a seat's figures, density, likeness.

use super::super::SAMPLE_RATE;
use super::super::measure::{integrate, octave, seconds};

/// Energy still to come at each frame, in dB of all of it.
pub fn energy_decay(signal: &[f64]) -> Vec<f64> {
    integrate(signal.iter().map(|x| x * x).collect())
}

/// Early decay time in seconds: the slope from 0 to −10 dB of the octave around 1 kHz.
pub fn early_decay_time(signal: &[f64]) -> f64 {
    seconds(&energy_decay(&octave(signal, 1000.0)), 0.0, -10.0)
}

/// Share of the energy that comes before `time` in seconds: D50 for 0.05.
pub fn early_share(signal: &[f64], time: f64) -> f64 {
    let split = (time * SAMPLE_RATE) as usize;
    let energy = |part: &[f64]| part.iter().map(|x| x * x).sum::<f64>();
    energy(&signal[..split]) / energy(signal)
}

/// C80 in dB: energy before 80 ms over that after.
pub fn clarity(signal: &[f64]) -> f64 {
    let early = early_share(signal, 0.08);
    10.0 * libm::log10(early / (1.0 - early))
}

/// When the echoes have become noise, in seconds: the normalised echo density reaches one.
pub fn mixing_time(signal: &[f64]) -> Option<f64> {
    let (place, _) = densities(signal).find(|(_, density)| *density >= 1.0)?;
    Some(place as f64 / SAMPLE_RATE)
}

/// Normalised echo density by frame: the share of samples beyond one standard deviation in a Hann
/// window of 20 ms, against that of Gaussian noise (Abel & Huang 2006).
pub fn densities(signal: &[f64]) -> impl Iterator<Item = (usize, f64)> {
    let half = (0.01 * SAMPLE_RATE) as usize;
    let window: Vec<f64> = (0..2 * half)
        .map(|n| 0.5 - 0.5 * libm::cos(core::f64::consts::PI * n as f64 / half as f64))
        .collect();
    let total: f64 = window.iter().sum();
    let gaussian = libm::erfc(core::f64::consts::FRAC_1_SQRT_2);
    let starts = (0..signal.len() - window.len()).step_by(24);
    starts.map(move |start| {
        let piece = &signal[start..start + window.len()];
        let weighted = || piece.iter().zip(&window);
        let variance = weighted().map(|(x, w)| w * x * x).sum::<f64>() / total;
        let beyond = weighted().filter(|(x, _)| **x * **x > variance);
        let share = beyond.map(|(_, w)| w).sum::<f64>() / total / gaussian;
        (start + half, share)
    })
}

/// Largest normalised cross-correlation of two channels within ±1 ms, between the frames of
/// `range`.
pub fn correlation(a: &[f64], b: &[f64], range: core::ops::Range<usize>) -> f64 {
    let (a, b) = (&a[range.clone()], &b[range]);
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let norm = (product(a, a) * product(b, b)).sqrt();
    let most = (0.001 * SAMPLE_RATE) as usize;
    let peak = (0..=most).fold(0.0_f64, |peak, lag| {
        let one = product(&a[lag..], &b[..b.len() - lag]).abs();
        peak.max(one)
            .max(product(&b[lag..], &a[..a.len() - lag]).abs())
    });
    peak / norm
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::*;

    fn noise(seconds: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let factor = libm::pow(10.0, -3.0 / (seconds * SAMPLE_RATE));
        let mut envelope = 1.0;
        (0..(2.0 * seconds * SAMPLE_RATE) as usize)
            .map(|_| {
                envelope *= factor;
                envelope * random.gaussian()
            })
            .collect()
    }

    #[test]
    fn an_exponential_is_measured_as_what_it_is() {
        let signal = noise(1.2, 3);
        let time = seconds(&energy_decay(&signal), -5.0, -35.0);
        assert!((time / 1.2 - 1.0).abs() < 0.02, "{time}");
        let early = libm::exp(6.0 * core::f64::consts::LN_10 * 0.08 / 1.2) - 1.0;
        assert!((clarity(&signal) - 10.0 * libm::log10(early)).abs() < 0.4);
        let times = super::super::super::measure::reverberation_times(&[signal]);
        for (time, centre) in times.iter().zip(super::super::super::bands::OCTAVES) {
            assert!((time / 1.2 - 1.0).abs() < 0.12, "{centre}: {time}");
        }
    }

    #[test]
    fn noise_is_dense_at_once_and_sparse_spikes_never() {
        assert!(mixing_time(&noise(1.0, 6)).is_some_and(|time| time < 0.02));
        let mut spikes = vec![0.0; 48_000];
        spikes.iter_mut().step_by(100).for_each(|x| *x = 1.0);
        assert!(mixing_time(&spikes).is_none());
    }

    #[test]
    fn correlation_finds_a_copy_within_a_millisecond_and_none_between_strangers() {
        let a = noise(1.0, 7);
        let mut late = vec![0.0; 30];
        late.extend_from_slice(&a[..a.len() - 30]);
        assert!(correlation(&a, &late, 0..a.len()) > 0.99);
        assert!(correlation(&a, &noise(1.0, 8), 0..a.len()) < 0.06);
    }
}

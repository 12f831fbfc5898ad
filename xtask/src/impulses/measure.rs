//! What ISO 3382-1 and its relatives measure of an impulse response.
//!
//! Decay times come from Schroeder's backward integral (Schroeder 1965) over the whole response: the factory
//! impulses have no noise floor that would have to be cut off first.

use super::SAMPLE_RATE;
use super::bands::OCTAVES;
use super::filter::{self, Keep};

/// `signal` in the octave around `centre` Hz: Butterworth slopes of 36 dB per octave.
pub fn octave(signal: &[f64], centre: f64) -> Vec<f64> {
    let mut band = signal.to_vec();
    let edge = core::f64::consts::SQRT_2;
    filter::apply(filter::butterworth(Keep::High, centre / edge, 3), &mut band);
    if centre * edge < 0.45 * SAMPLE_RATE {
        filter::apply(filter::butterworth(Keep::Low, centre * edge, 3), &mut band);
    }
    band
}

/// Energy still to come at each frame, in dB of all of it.
pub fn energy_decay(signal: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut decay: Vec<f64> = signal
        .iter()
        .rev()
        .map(|x| {
            sum += x * x;
            sum
        })
        .collect();
    decay.reverse();
    let decibels = |energy: f64| 10.0 * libm::log10((energy / sum).max(1e-30));
    decay.into_iter().map(decibels).collect()
}

/// A straight line through an energy decay.
pub struct Line {
    /// Time for 60 dB in seconds.
    pub seconds: f64,
    /// The farthest the decay is from it, in dB.
    pub deviation: f64,
}

/// The line of least squares through `decay` between the levels `from` and `to` in dB, from > to.
pub fn line(decay: &[f64], from: f64, to: f64) -> Line {
    let start = decay.iter().position(|level| *level <= from).unwrap_or(0);
    let end = decay.iter().position(|level| *level <= to);
    let piece = &decay[start..end.unwrap_or(decay.len()).max(start + 2)];
    let count = piece.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = piece.iter().sum::<f64>() / count;
    let (mut product, mut square) = (0.0, 0.0);
    for (n, level) in piece.iter().enumerate() {
        let x = n as f64 - middle;
        product += x * (level - mean);
        square += x * x;
    }
    let slope = product / square;
    let deviation = piece.iter().enumerate().fold(0.0_f64, |worst, (n, level)| {
        worst.max((level - mean - slope * (n as f64 - middle)).abs())
    });
    Line {
        seconds: -60.0 / (slope * SAMPLE_RATE),
        deviation,
    }
}

/// T30 in seconds per octave of [`OCTAVES`], energies of `channels` added.
pub fn reverberation_times(channels: &[Vec<f64>]) -> [f64; 8] {
    OCTAVES.map(|centre| line(&octave_decay(channels, centre), -5.0, -35.0).seconds)
}

/// Mean of the energy decays in the octave around `centre` Hz of `channels`, in dB.
pub fn octave_decay(channels: &[Vec<f64>], centre: f64) -> Vec<f64> {
    let decays = channels.iter().map(|c| energy_decay(&octave(c, centre)));
    let mut mean = vec![0.0; channels[0].len()];
    for decay in decays {
        for (sum, level) in mean.iter_mut().zip(decay) {
            *sum += level / channels.len() as f64;
        }
    }
    mean
}

/// Early decay time in seconds: the slope from 0 to −10 dB of the octave around 1 kHz.
pub fn early_decay_time(signal: &[f64]) -> f64 {
    line(&energy_decay(&octave(signal, 1000.0)), 0.0, -10.0).seconds
}

/// Share of the energy that comes before `seconds`: D50 for 0.05.
pub fn early_share(signal: &[f64], seconds: f64) -> f64 {
    let split = (seconds * SAMPLE_RATE) as usize;
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

/// Normalised echo density by frame: the share of samples beyond one standard deviation in a Hann window
/// of 20 ms, against that of Gaussian noise (Abel & Huang 2006).
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

/// Largest normalised cross-correlation of two channels within ±1 ms, between the frames of `range`.
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
    use super::super::random::Random;
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
        let decay = line(&energy_decay(&signal), -5.0, -35.0);
        assert!(
            (decay.seconds / 1.2 - 1.0).abs() < 0.02,
            "{}",
            decay.seconds
        );
        assert!(decay.deviation < 0.5, "{}", decay.deviation);
        let early = libm::exp(6.0 * core::f64::consts::LN_10 * 0.08 / 1.2) - 1.0;
        assert!((clarity(&signal) - 10.0 * libm::log10(early)).abs() < 0.4);
        let times = reverberation_times(&[signal]);
        for (time, centre) in times.iter().zip(OCTAVES) {
            assert!((time / 1.2 - 1.0).abs() < 0.12, "{centre}: {time}");
        }
    }

    #[test]
    fn a_bent_decay_deviates_from_its_line() {
        let mut signal = noise(0.5, 4);
        signal.resize(96_000, 0.0);
        for (x, y) in signal.iter_mut().zip(noise(2.0, 5)) {
            *x += 0.05 * y;
        }
        assert!(line(&energy_decay(&signal), -5.0, -45.0).deviation > 2.0);
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

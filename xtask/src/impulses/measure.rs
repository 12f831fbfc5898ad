//! What the generator measures of what it made, to bring it to its design: T30 and the balance of early
//! and late, as ISO 3382-1 has them.
//!
//! Decay times come from Schroeder's backward integral (Schroeder 1965) over the whole response:
//! the factory impulses have no noise floor that would have to be cut off first. The library's own
//! analysis would not do: it uses the platform's functions, whose last bit differs between machines.

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

/// Schroeder's backward integral, in dB of all of the energy.
pub fn integrate(mut energies: Vec<f64>) -> Vec<f64> {
    let mut sum = 0.0;
    for energy in energies.iter_mut().rev() {
        sum += *energy;
        *energy = sum;
    }
    for energy in &mut energies {
        *energy = 10.0 * libm::log10((*energy / sum).max(1e-30));
    }
    energies
}

/// Time in seconds for 60 dB at the slope of least squares of `decay` between the levels `from` and
/// `to` in dB, from > to.
pub fn seconds(decay: &[f64], from: f64, to: f64) -> f64 {
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
    -60.0 * square / (product * SAMPLE_RATE)
}

/// T30 in seconds per octave of [`OCTAVES`], energies of `channels` added.
pub fn reverberation_times(channels: &[Vec<f64>]) -> [f64; 8] {
    OCTAVES.map(|centre| seconds(&octave_decay(channels, centre), -5.0, -35.0))
}

/// Energy decay in the octave around `centre` Hz, energies of `channels` added, in dB.
pub fn octave_decay(channels: &[Vec<f64>], centre: f64) -> Vec<f64> {
    let mut energies = vec![0.0; channels[0].len()];
    for channel in channels {
        for (sum, x) in energies.iter_mut().zip(octave(channel, centre)) {
            *sum += x * x;
        }
    }
    integrate(energies)
}

/// Energy before and after 80 ms in the octaves around 500 Hz and 1 kHz, which ISO 3382-1 averages
/// for its single figure of C80 (table A.1); energies of `channels` added.
///
/// Time is counted from the onset: the first frame within 20 dB of the peak (5.3.2).
pub fn early_and_late(channels: &[Vec<f64>]) -> [[f64; 2]; 2] {
    let peak = channels
        .iter()
        .flatten()
        .fold(0.0_f64, |h, x| h.max(x.abs()));
    let onsets = channels
        .iter()
        .filter_map(|c| c.iter().position(|x| x.abs() >= 0.1 * peak));
    let split = onsets.min().unwrap_or(0) + (0.08 * SAMPLE_RATE) as usize;
    [500.0, 1000.0].map(|centre| {
        let mut energies = [0.0; 2];
        for channel in channels {
            for (n, x) in octave(channel, centre).iter().enumerate() {
                energies[usize::from(n >= split)] += x * x;
            }
        }
        energies
    })
}

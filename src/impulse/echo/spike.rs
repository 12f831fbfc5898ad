//! One spike: at a sample, between two, or spread.
//!
//! Between two samples it is a sinc, 64 samples to either side, under a Kaiser window of −120 dB (β = 12.27; Kaiser
//! 1974). Its transition is 0.061 of the sample rate wide, so up to 0.46 of it (22 kHz at 48 kHz) the response is that
//! of an ideal delay, with an error that three times the window's −120 dB bounds (the pass band's ripple and the images
//! on both sides, in phase): −110 dB. Before sample 64 (1.3 ms at 48 kHz) there is no room for as much: the window
//! is as long as the room before the spike, and the spike is scaled so that the lowest frequencies keep their gain.

use std::f64::consts::PI;

/// Samples on either side of a spike between two.
pub const HALF: usize = 64;

/// β of the window, for −120 dB: 0.1102 (120 − 8.7).
const BETA: f64 = 12.265_26;

/// The samples of a unit spike at `at` ≥ 0, in samples, and which sample the first of them is.
pub(super) fn at(at: f64) -> (usize, Vec<f64>) {
    let whole = at.floor();
    // A millionth of a sample is −110 dB at half the rate, and what milliseconds in f64 may be off.
    if at - whole < 1e-6 {
        return (whole as usize, vec![1.0]);
    }
    if whole + 1.0 - at < 1e-6 {
        return (whole as usize + 1, vec![1.0]);
    }
    let half = HALF.min(whole as usize + 1);
    let first = whole as usize + 1 - half;
    let sample = |index: usize| {
        let x = (first + index) as f64 - at;
        let window = kaiser(x / half as f64);
        window * (PI * x).sin() / (PI * x)
    };
    let mut samples: Vec<f64> = (0..2 * half).map(sample).collect();
    if half < HALF {
        let mass: f64 = samples.iter().sum();
        samples.iter_mut().for_each(|sample| *sample /= mass);
    }
    (first, samples)
}

fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// I₀, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

/// How long a burst is at most, in seconds.
const LONGEST: f64 = 0.06;

/// Pulses per second: below 2000 they are heard one by one (Välimäki et al. 2017).
const DENSITY: f64 = 2_000.0;

/// A spike spread over `amount`, from 0 to 1, of the longest burst: velvet noise, one pulse at a random place in each
/// two-thousandth of a second, signs at random, falling by 30 dB; and never anything before the spike. The energy
/// is one. The same `seed` gives the same burst.
pub(super) fn burst(amount: f64, rate: f64, seed: u64) -> Vec<(usize, f64)> {
    let (length, spacing) = (amount * LONGEST * rate, rate / DENSITY);
    let mut random = Random(seed);
    let mut pulses = vec![(0, 1.0)];
    for index in 1..(length / spacing) as usize {
        let at = ((index as f64 + random.unit()) * spacing) as usize;
        let sign = if random.unit() < 0.5 { -1.0 } else { 1.0 };
        pulses.push((at, sign * 10_f64.powf(-1.5 * at as f64 / length)));
    }
    let energy: f64 = pulses.iter().map(|(_, strength)| strength * strength).sum();
    if pulses.len() > 1 {
        let scale = energy.sqrt().recip();
        pulses
            .iter_mut()
            .for_each(|(_, strength)| *strength *= scale);
    }
    pulses
}

/// splitmix64 (Steele, Lea and Flood 2014): the same on every machine.
struct Random(u64);

impl Random {
    /// From 0 to just below 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

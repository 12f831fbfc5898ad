//! Quantities that vary with frequency, given per octave, and the splitting of noise into bands.

use super::SAMPLE_RATE;
use super::fourier::Fourier;

/// Centres of the octave bands in Hz, as ISO 3382-1 has them, and one more for the audible top.
pub const OCTAVES: [f64; 8] = [125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0];

/// A positive quantity given at the [`OCTAVES`]: seconds, for a decay time.
#[derive(Clone, Copy)]
pub struct Curve(pub [f64; 8]);

impl Curve {
    /// The value at `frequency` in Hz: straight lines on doubly logarithmic paper, held below
    /// 125 Hz and drawn on above 16 kHz.
    pub fn at(&self, frequency: f64) -> f64 {
        let place = libm::log2(frequency.max(1.0) / OCTAVES[0]).max(0.0);
        let below = (place as usize).min(6);
        let weight = place - below as f64;
        let (a, b) = (libm::log(self.0[below]), libm::log(self.0[below + 1]));
        libm::exp(a + (b - a) * weight)
    }
}

/// Third-octave steps from 99 Hz to 20 kHz: fine enough that a decay time that falls by a third per
/// octave changes by a tenth from band to band.
const THIRDS: core::ops::RangeInclusive<i32> = -10..=13;

/// The share of band `index` of [`THIRDS`] at `frequency`: cos² slopes that add up to one everywhere,
/// so that the sum of all bands is the signal itself. The outermost bands reach to the ends.
fn share(index: i32, frequency: f64) -> f64 {
    let place = 3.0 * libm::log2(frequency.max(1.0) / 1000.0);
    let place = place.clamp(f64::from(*THIRDS.start()), f64::from(*THIRDS.end()));
    let distance = (place - f64::from(index)).abs();
    if distance >= 1.0 {
        return 0.0;
    }
    let slope = libm::cos(core::f64::consts::FRAC_PI_2 * distance);
    slope * slope
}

/// Gives `noise` a decay time (seconds for 60 dB) of its own in every third-octave band.
///
/// The bands are cut without phase shift and each multiplied by its exponential: the decay in a
/// band is straight, however long (Välimäki et al. 2012, §IV). With all times equal the result is the noise
/// times one exponential.
pub fn decay(noise: &[f64], time: Curve) -> Vec<f64> {
    // A quarter of padding keeps what the filters smear over the ends out of the other end.
    let fourier = Fourier::new((noise.len() + noise.len() / 4).next_power_of_two());
    let (re, im) = fourier.spectrum(noise);
    let mut output = vec![0.0; noise.len()];
    let bands: Vec<i32> = THIRDS.collect();
    for pair in bands.chunks_exact(2) {
        // Two real signals from one inverse transform: the second is the imaginary part.
        let (mut x, mut y) = (re.clone(), im.clone());
        for k in 0..fourier.length() {
            let frequency = fourier.frequency(k, SAMPLE_RATE);
            let (a, b) = (share(pair[0], frequency), share(pair[1], frequency));
            (x[k], y[k]) = (a * re[k] - b * im[k], a * im[k] + b * re[k]);
        }
        fourier.inverse(&mut x, &mut y);
        for (band, signal) in pair.iter().zip([&x, &y]) {
            let seconds = time.at(1000.0 * libm::exp2(f64::from(*band) / 3.0));
            let factor = libm::exp(-core::f64::consts::LN_10 * 3.0 / (seconds * SAMPLE_RATE));
            let mut envelope = 1.0;
            for (out, sample) in output.iter_mut().zip(signal) {
                *out += envelope * sample;
                envelope *= factor;
            }
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_decay_times_leave_noise_times_an_exponential() {
        let mut noise = vec![0.0; 3000];
        noise[700] = 1.0;
        let decayed = decay(&noise, Curve([0.1; 8]));
        for (n, x) in decayed.iter().enumerate() {
            let expected = libm::pow(10.0, -3.0 * n as f64 / 4800.0) * noise[n];
            assert!((x - expected).abs() < 1e-9, "{n}: {x} {expected}");
        }
    }

    #[test]
    fn a_curve_passes_through_its_points() {
        let curve = Curve([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0, 0.5]);
        for (centre, value) in OCTAVES.iter().zip(curve.0) {
            assert!((curve.at(*centre) - value).abs() < 1e-12);
        }
        assert!((curve.at(20.0) - 1.0).abs() < 1e-12);
    }
}

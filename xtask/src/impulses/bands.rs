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

/// Bands of equal width on the octave scale, from one end of hearing to the other.
struct Split {
    /// Bands per octave.
    fineness: i32,
    /// The lowest and the highest, counted from the band at 1 kHz.
    range: [i32; 2],
}

/// From 99 Hz to 20 kHz: fine enough that a decay time that falls by a third per octave changes by
/// a tenth from band to band.
const THIRDS: Split = Split {
    fineness: 3,
    range: [-10, 13],
};

/// The [`OCTAVES`].
const WHOLE: Split = Split {
    fineness: 1,
    range: [-3, 4],
};

impl Split {
    /// The share of band `index` at `frequency`: cos² slopes that add up to one everywhere, so that
    /// the sum of all bands is the signal itself. The outermost bands reach to the ends.
    fn share(&self, index: i32, frequency: f64) -> f64 {
        let place = f64::from(self.fineness) * libm::log2(frequency.max(1.0) / 1000.0);
        let place = place.clamp(f64::from(self.range[0]), f64::from(self.range[1]));
        let distance = (place - f64::from(index)).abs();
        if distance >= 1.0 {
            return 0.0;
        }
        let slope = libm::cos(core::f64::consts::FRAC_PI_2 * distance);
        slope * slope
    }

    /// Cuts `signal` into the bands without phase shift, multiplies each by an exponential of its
    /// own and adds them up again. `factor` is asked with a band's index and its centre in Hz and
    /// tells what a frame does to the amplitude.
    fn shape(&self, signal: &[f64], factor: impl Fn(i32, f64) -> f64) -> Vec<f64> {
        // A quarter of padding keeps what the filters smear over the ends out of the other end.
        let fourier = Fourier::new((signal.len() + signal.len() / 4).next_power_of_two());
        let (re, im) = fourier.spectrum(signal);
        let mut output = vec![0.0; signal.len()];
        let bands: Vec<i32> = (self.range[0]..=self.range[1]).collect();
        for pair in bands.chunks_exact(2) {
            // Two real signals from one inverse transform: the second is the imaginary part.
            let (mut x, mut y) = (re.clone(), im.clone());
            for k in 0..fourier.length() {
                let frequency = fourier.frequency(k, SAMPLE_RATE);
                let (a, b) = (
                    self.share(pair[0], frequency),
                    self.share(pair[1], frequency),
                );
                (x[k], y[k]) = (a * re[k] - b * im[k], a * im[k] + b * re[k]);
            }
            fourier.inverse(&mut x, &mut y);
            for (band, part) in pair.iter().zip([&x, &y]) {
                let centre = 1000.0 * libm::exp2(f64::from(*band) / f64::from(self.fineness));
                let factor = factor(*band, centre);
                let mut envelope = 1.0;
                for (out, sample) in output.iter_mut().zip(part) {
                    *out += envelope * sample;
                    envelope *= factor;
                }
            }
        }
        output
    }
}

/// Gives `noise` a decay time (seconds for 60 dB) of its own in every third-octave band.
///
/// The decay in a band is straight, however long (Välimäki et al. 2012, §IV). With all times equal
/// the result is the noise times one exponential.
pub fn decay(noise: &[f64], time: Curve) -> Vec<f64> {
    THIRDS.shape(noise, |_, centre| {
        libm::exp(-core::f64::consts::LN_10 * 3.0 / (time.at(centre) * SAMPLE_RATE))
    })
}

/// Makes `signal` decay slower or faster by so many dB per second in each of the [`OCTAVES`],
/// positive for slower.
pub fn sustain(signal: &[f64], rates: [f64; 8]) -> Vec<f64> {
    WHOLE.shape(signal, |band, _| {
        let rate = rates[(band - WHOLE.range[0]) as usize];
        libm::exp(rate * core::f64::consts::LN_10 / 20.0 / SAMPLE_RATE)
    })
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
    fn sustaining_what_decays_undoes_it() {
        let mut noise = vec![0.0; 3000];
        noise[700] = 1.0;
        let decayed = decay(&noise, Curve([0.1; 8]));
        for (n, x) in sustain(&decayed, [600.0; 8]).iter().enumerate() {
            assert!((x - noise[n]).abs() < 1e-9, "{n}: {x}");
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

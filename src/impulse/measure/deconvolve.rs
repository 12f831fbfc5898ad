//! What was recorded, divided by what was played.
//!
//! The convolution of a sweep with a room is a product of spectra, so their quotient is the room: H = Y ÷ X, where X is
//! the spectrum of the very samples that were played, fades included. That is exact over the whole range, where the
//! inverse filter in closed form (Farina, "Simultaneous measurement of impulse response and distortion with a
//! swept-sine technique", AES 108, 2000) ripples near its ends. Outside of the range, where X has nothing to divide
//! by, the quotient is faded to zero.
//!
//! Time is a circle of at least a sweep and its silence: what lies before time zero, such as the distortion, is at the
//! circle's end.

use super::band::Band;
use crate::impulse::fourier::{Bins, Fourier};
use realfft::num_complex::Complex;
use std::f64::consts::TAU;

/// How far below the mean of the range a loopback, or a sweep that is not ours, may be divided by, in dB: a hole in it is
/// not filled with noise.
const DEEPEST_DB: f64 = -40.0;

/// Divides by one sweep.
pub(super) struct Deconvolver {
    pub(super) fourier: Fourier,
    pub(super) sample_rate: u32,
    /// Samples of the sweep.
    pub(super) sweep: usize,
    pub(super) band: Band,
    /// Bins that are not zero.
    range: std::ops::Range<usize>,
    inverse: Bins,
}

impl Deconvolver {
    /// For `sweep`, and responses of up to `silence` samples after it.
    pub(super) fn new(
        sweep: impl ExactSizeIterator<Item = f64>,
        silence: usize,
        sample_rate: u32,
        band: Band,
    ) -> Self {
        let length = sweep.len();
        // Half a sweep's more room than the sweep itself needs: a search goes on by what is not the sweep.
        let fourier = Fourier::new(length + silence.max(length / 2));
        let spectrum = fourier.spectrum_of(sweep);
        let step = f64::from(sample_rate) / fourier.size() as f64;
        let bin = |hz: f64| (hz / step) as usize;
        let range = bin(band.low_edge) + 1..(bin(band.high_edge) + 1).min(spectrum.len());
        // An exponential sweep has the same power in every octave.
        let floor = floor(&range, |k| k as f64 * spectrum[k].norm_sqr());
        let mut inverse = vec![Complex::default(); spectrum.len()];
        for k in range.clone() {
            let x = spectrum[k];
            inverse[k] =
                x.conj() * band.weight(k as f64 * step) / x.norm_sqr().max(floor / k as f64);
        }
        Self {
            fourier,
            sample_rate,
            sweep: length,
            band,
            range,
            inverse,
        }
    }

    /// Samples of the circle.
    pub(super) fn size(&self) -> usize {
        self.fourier.size()
    }

    /// Hz from bin to bin.
    pub(super) fn step(&self) -> f64 {
        f64::from(self.sample_rate) / self.size() as f64
    }

    /// The bins that are not zero.
    pub(super) fn range(&self) -> std::ops::Range<usize> {
        self.range.clone()
    }

    /// The spectrum of the response in `recorded`.
    pub(super) fn response(&self, recorded: impl Iterator<Item = f64>) -> Bins {
        let mut bins = self.fourier.spectrum_of(recorded);
        for (bin, inverse) in bins.iter_mut().zip(&self.inverse) {
            *bin *= inverse;
        }
        bins
    }

    /// The spectrum that takes out what `loopback`, a response too, did to the sweep; to be multiplied with others. Its
    /// weight outside of the range is 1.
    pub(super) fn compensation(&self, loopback: &Bins) -> Bins {
        let floor = floor(&self.range, |k| loopback[k].norm_sqr());
        let inverse = |(k, z): (usize, &Complex<f64>)| {
            let weight = self.band.weight(k as f64 * self.step());
            if weight == 0.0 {
                return Complex::default();
            }
            // What it did is z ÷ weight.
            z.conj() * weight / z.norm_sqr().max(floor * weight * weight)
        };
        loopback.iter().enumerate().map(inverse).collect()
    }

    /// Makes a response earlier by `samples`, a part of one included.
    pub(super) fn advance(&self, bins: &mut Bins, samples: f64) {
        if samples == 0.0 {
            return;
        }
        let turn = TAU * samples / self.size() as f64;
        for (k, bin) in bins.iter_mut().enumerate() {
            *bin *= Complex::from_polar(1.0, turn * k as f64);
        }
    }
}

/// [`DEEPEST_DB`] below the mean of `power` over the bins of `range`, each octave with the same weight.
fn floor(range: &std::ops::Range<usize>, power: impl Fn(usize) -> f64) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for k in range.clone() {
        let weight = (k as f64).recip();
        sum += weight * power(k);
        weights += weight;
    }
    let mean = sum / f64::max(weights, f64::MIN_POSITIVE);
    // Above zero, so that silence divides by something.
    (mean * 10_f64.powf(DEEPEST_DB / 10.0)).max(f64::MIN_POSITIVE)
}

//! Whole impulses in the frequency domain, in f64: the only file of this room that talks to realfft.
//!
//! The engine has a transform of its own; these two ground floors do not know each other, and thirty lines cost less
//! than a wall. realfft scales neither way, so the 1/N stands here.

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// Transforms of one size.
pub(super) struct Fourier {
    size: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

/// Bins from 0 Hz to half the rate, both included.
pub(super) type Bins = Vec<Complex<f64>>;

impl Fourier {
    /// For signals of up to `frames` samples, with whatever is to follow them.
    pub(super) fn new(frames: usize) -> Self {
        let size = frames.max(2).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        Self {
            size,
            forward: planner.plan_fft_forward(size),
            inverse: planner.plan_fft_inverse(size),
        }
    }

    /// The transform's length in samples, a power of two.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The spectrum of `samples`, with silence behind them.
    pub(super) fn spectrum(&self, samples: &[f32]) -> Bins {
        self.spectrum_of(samples.iter().map(|&sample| f64::from(sample)))
    }

    /// The same, of samples in f64.
    pub(super) fn spectrum_of(&self, samples: impl Iterator<Item = f64>) -> Bins {
        let mut padded = self.forward.make_input_vec();
        for (to, from) in padded.iter_mut().zip(samples) {
            *to = from;
        }
        let mut bins = self.forward.make_output_vec();
        let done = self.forward.process(&mut padded, &mut bins);
        debug_assert!(done.is_ok(), "buffers come from the plan");
        bins
    }

    /// The signal of a spectrum. Its first and its last bin count as real.
    pub(super) fn signal(&self, mut bins: Bins) -> Vec<f64> {
        if let [first, .., last] = bins.as_mut_slice() {
            (first.im, last.im) = (0.0, 0.0);
        }
        let mut samples = self.inverse.make_output_vec();
        let done = self.inverse.process(&mut bins, &mut samples);
        debug_assert!(done.is_ok(), "buffers come from the plan");
        let scale = (self.size as f64).recip();
        samples.iter_mut().for_each(|sample| *sample *= scale);
        samples
    }
}

//! A radix-2 Fourier transform whose result is the same to the bit on every machine.
//!
//! The library's realfft picks its kernels by the processor it finds and so rounds differently from
//! machine to machine: good for playing, not for files that must be reproduced.

use core::f64::consts::TAU;

/// Transforms of one power-of-two length.
pub struct Fourier {
    cosine: Vec<f64>,
    sine: Vec<f64>,
}

impl Fourier {
    /// Tables for `length` points.
    ///
    /// # Panics
    /// If `length` is not a power of two.
    pub fn new(length: usize) -> Self {
        assert!(length.is_power_of_two(), "{length} is no power of two");
        let angle = |k: usize| TAU * k as f64 / length as f64;
        Self {
            cosine: (0..length / 2).map(|k| libm::cos(angle(k))).collect(),
            sine: (0..length / 2).map(|k| libm::sin(angle(k))).collect(),
        }
    }

    /// Points of one transform.
    pub fn length(&self) -> usize {
        (2 * self.cosine.len()).max(1)
    }

    /// X[k] = Σ x[n] e^(−2πikn/N), in place, unscaled.
    pub fn forward(&self, re: &mut [f64], im: &mut [f64]) {
        let length = self.length();
        assert!(re.len() == length && im.len() == length);
        reorder(re, im);
        let mut half = 1;
        while half < length {
            let stride = length / (2 * half);
            for start in (0..length).step_by(2 * half) {
                let (re_a, re_b) = re[start..start + 2 * half].split_at_mut(half);
                let (im_a, im_b) = im[start..start + 2 * half].split_at_mut(half);
                for k in 0..half {
                    let (c, s) = (self.cosine[k * stride], -self.sine[k * stride]);
                    let (x, y) = (re_b[k] * c - im_b[k] * s, re_b[k] * s + im_b[k] * c);
                    (re_b[k], im_b[k]) = (re_a[k] - x, im_a[k] - y);
                    (re_a[k], im_a[k]) = (re_a[k] + x, im_a[k] + y);
                }
            }
            half *= 2;
        }
    }

    /// The inverse of [`forward`](Self::forward), scaled by 1/N.
    pub fn inverse(&self, re: &mut [f64], im: &mut [f64]) {
        // The inverse transform is the forward one with real and imaginary parts exchanged.
        self.forward(im, re);
        let scale = 1.0 / self.length() as f64;
        re.iter_mut().chain(im).for_each(|x| *x *= scale);
    }

    /// Both parts of the spectrum of a real signal, zero-padded.
    pub fn spectrum(&self, signal: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut re = vec![0.0; self.length()];
        re[..signal.len()].copy_from_slice(signal);
        let mut im = vec![0.0; self.length()];
        self.forward(&mut re, &mut im);
        (re, im)
    }

    /// Frequency of bin `k` in Hz, negative frequencies by their absolute value.
    pub fn frequency(&self, k: usize, sample_rate: f64) -> f64 {
        k.min(self.length() - k) as f64 * sample_rate / self.length() as f64
    }

    /// The causal response with the given magnitude and the least delay: cepstrum folded onto
    /// positive quefrencies (Oppenheim & Schafer 1989, §12). `magnitude` is asked once per bin
    /// 0…N/2 and must be above zero.
    pub fn minimum_phase(&self, magnitude: impl Fn(usize) -> f64) -> Vec<f64> {
        let length = self.length();
        let mut re: Vec<f64> = (0..length)
            .map(|k| libm::log(magnitude(k.min(length - k))))
            .collect();
        let mut im = vec![0.0; length];
        self.inverse(&mut re, &mut im);
        im.fill(0.0);
        re[1..length / 2].iter_mut().for_each(|x| *x *= 2.0);
        re[length / 2 + 1..].fill(0.0);
        self.forward(&mut re, &mut im);
        for (x, y) in re.iter_mut().zip(&mut im) {
            let size = libm::exp(*x);
            (*x, *y) = (size * libm::cos(*y), size * libm::sin(*y));
        }
        self.inverse(&mut re, &mut im);
        re
    }
}

fn reorder(re: &mut [f64], im: &mut [f64]) {
    let length = re.len();
    let mut j = 0;
    for i in 1..length {
        let mut bit = length / 2;
        while j & bit != 0 {
            j ^= bit;
            bit /= 2;
        }
        j |= bit;
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transform_equals_its_definition_and_its_inverse_undoes_it() {
        let fourier = Fourier::new(64);
        let signal: Vec<f64> = (0..64).map(|n| f64::from(n * n % 37) - 18.0).collect();
        let (mut re, mut im) = fourier.spectrum(&signal);
        for k in 0..64 {
            let angle = |n: usize| -TAU * (k * n % 64) as f64 / 64.0;
            let sum = |f: fn(f64) -> f64| (0..64).map(|n| signal[n] * f(angle(n))).sum::<f64>();
            assert!((re[k] - sum(libm::cos)).abs() < 1e-10);
            assert!((im[k] - sum(libm::sin)).abs() < 1e-10);
        }
        fourier.inverse(&mut re, &mut im);
        for (x, y) in signal.iter().zip(&re) {
            assert!((x - y).abs() < 1e-12);
        }
    }

    #[test]
    fn minimum_phase_response_of_a_one_pole_is_its_exponential() {
        // |1 / (1 − 0.5 e^(−iω))|; the response is 0.5^n.
        let fourier = Fourier::new(256);
        let magnitude = |k: usize| 1.0 / (1.25 - libm::cos(TAU * k as f64 / 256.0)).sqrt();
        let response = fourier.minimum_phase(magnitude);
        let mut expected = 1.0;
        for x in &response[..32] {
            assert!((x - expected).abs() < 1e-9, "{x} {expected}");
            expected *= 0.5;
        }
    }
}

//! Whole signals convolved at once, through one large transform in f64: the only file that talks to
//! realfft.
//!
//! For what is not heard while it is computed: the reference beside the partitioned engines, and
//! impulses made from impulses. Bins run from DC to Nyquist; realfft scales neither way, so the
//! 1/N stands here.

use realfft::RealFftPlanner;

/// The linear convolution (f*g)(c) = Σ f(a)·g(c − a), `f.len() + g.len() − 1` samples; empty if either
/// is. Relative error about −300 dB. Allocates; loader thread.
pub fn convolve(f: &[f64], g: &[f64]) -> Vec<f64> {
    if f.is_empty() || g.is_empty() {
        return Vec::new();
    }
    let length = f.len() + g.len() - 1;
    let size = length.next_power_of_two();
    let mut planner = RealFftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(size);
    let mut scratch = forward.make_scratch_vec();
    let mut spectrum = |signal: &[f64]| {
        let mut padded = forward.make_input_vec();
        padded[..signal.len()].copy_from_slice(signal);
        let mut bins = forward.make_output_vec();
        let done = forward.process_with_scratch(&mut padded, &mut bins, &mut scratch);
        debug_assert!(done.is_ok(), "buffers come from the plan");
        bins
    };
    let mut product = spectrum(f);
    product
        .iter_mut()
        .zip(spectrum(g))
        .for_each(|(f, g)| *f *= g);
    let inverse = planner.plan_fft_inverse(size);
    let mut output = inverse.make_output_vec();
    // Rounding may leave DC and Nyquist, products of real numbers, an imaginary part of −0.
    product[0].im = 0.0;
    product[size / 2].im = 0.0;
    let done = inverse.process(&mut product, &mut output);
    debug_assert!(done.is_ok(), "buffers come from the plan");
    output.truncate(length);
    output.iter_mut().for_each(|sample| *sample /= size as f64);
    output
}

#[cfg(test)]
mod tests {
    use super::convolve;

    #[test]
    fn equals_the_definition_for_every_small_length() {
        let signal = |seed: usize, count: usize| -> Vec<f64> {
            (0..count)
                .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.0 - 1.0)
                .collect()
        };
        for a in 0..40 {
            for b in [0, 1, 2, 3, 17, 64, 100] {
                let (f, g) = (signal(1, a), signal(2, b));
                let got = convolve(&f, &g);
                assert_eq!(got.len(), if a * b == 0 { 0 } else { a + b - 1 });
                for (c, got) in got.iter().enumerate() {
                    let from = (c + 1).saturating_sub(b);
                    let want: f64 = (from..a.min(c + 1)).map(|i| f[i] * g[c - i]).sum();
                    assert!((got - want).abs() < 1e-12, "{a}, {b}, {c}: {got} {want}");
                }
            }
        }
    }
}

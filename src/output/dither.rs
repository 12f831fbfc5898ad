//! Rounding to integers with triangular dither (TPDF), one step wide to either side.
//!
//! What is guaranteed: the error has zero mean and a variance of a quarter step squared, whatever the
//! signal (Lipshitz, Wannamaker and Vanderkooy 1992); the same samples give the same file.

/// A source of dither. Starts the same every time.
#[derive(Clone, Debug)]
pub struct Tpdf {
    state: u64,
}

impl Default for Tpdf {
    fn default() -> Self {
        Self::new()
    }
}

impl Tpdf {
    /// The start of the sequence.
    pub fn new() -> Self {
        Self {
            state: 0x5041_5254_4954_4121,
        }
    }

    /// Rounds to `BITS` bits; full scale is 1. Says too whether the sample is beyond what they
    /// can hold, and so was set to the nearest that they can. A sample that only its dither takes there does not count.
    #[inline(always)]
    pub fn quantise<const BITS: u32>(&mut self, sample: f32) -> (i32, bool) {
        let scale = f64::from(1_u32 << (BITS - 1));
        // f64: near full scale an f32 has no room for the dither of 24 bits.
        let exact = f64::from(sample) * scale;
        let value = floor(exact + self.triangle() + 0.5);
        let clipped = exact >= scale - 0.5 || exact < -scale - 0.5;
        ((value).clamp(-scale, scale - 1.0) as i32, clipped)
    }

    /// The sum of two uniform values, −1 to 1, from one step of SplitMix64 (Steele, Lea and Flood 2014).
    #[inline(always)]
    fn triangle(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let (high, low) = ((mixed >> 32) as u32, mixed as u32);
        (f64::from(high) - f64::from(low)) * (1.0 / 4_294_967_296.0)
    }
}

/// `f64::floor` for magnitudes below 2⁵¹, larger ones are left to the clamp that follows. Without the instruction that
/// SSE2 lacks, `floor` is a call.
#[inline(always)]
fn floor(value: f64) -> f64 {
    const BIG: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²
    let nearest = (value + BIG) - BIG;
    if nearest > value {
        nearest - 1.0
    } else {
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_has_no_mean_and_a_quarter_step_of_variance() {
        for level in [0.0_f32, 0.3, 0.499, -0.25, 77.123] {
            let mut dither = Tpdf::new();
            let count = 200_000;
            let sample = level / 32_768.0;
            let (mut sum, mut square) = (0.0, 0.0);
            for _ in 0..count {
                let (value, clipped) = dither.quantise::<16>(sample);
                assert!(!clipped);
                let error = f64::from(value) - f64::from(sample) * 32_768.0;
                sum += error;
                square += error * error;
            }
            // Five standard errors: 5 · 0.5 / √200 000.
            assert!((sum / f64::from(count)).abs() < 0.0056, "mean at {level}");
            assert!(
                (square / f64::from(count) - 0.25).abs() < 0.006,
                "variance at {level}"
            );
        }
    }

    #[test]
    fn full_scale_holds_and_beyond_it_counts() {
        let mut dither = Tpdf::new();
        for (sample, clips) in [
            (-1.0, false),
            (32_767.0 / 32_768.0, false),
            (1.0, true),
            (-1.1, true),
            (f32::INFINITY, true),
            (1e30, true),
        ] {
            let (value, clipped) = dither.quantise::<16>(sample);
            assert_eq!(clipped, clips, "{sample}");
            assert!((-32_768..=32_767).contains(&value));
            assert!(
                (f64::from(value) - f64::from(sample.clamp(-1.0, 1.0)) * 32_768.0).abs() <= 2.0
            );
        }
        let (value, _) = dither.quantise::<24>(-0.5);
        assert!((value + 4_194_304).abs() <= 1);
    }
}

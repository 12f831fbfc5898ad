//! Second-order filters by the bilinear transform, coefficients from `libm`.

use core::f64::consts::PI;

use super::SAMPLE_RATE;

/// One second-order section, transposed direct form II.
pub struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
}

/// Which side of the corner frequency a filter keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Frequencies below the corner.
    Low,
    /// Frequencies above the corner.
    High,
}

impl Biquad {
    /// A section with its corner at `frequency` Hz and quality `q`.
    pub fn new(keep: Keep, frequency: f64, q: f64) -> Self {
        let k = libm::tan(PI * frequency / SAMPLE_RATE);
        let norm = 1.0 / (1.0 + k / q + k * k);
        let b = match keep {
            Keep::Low => [k * k * norm, 2.0 * k * k * norm, k * k * norm],
            Keep::High => [norm, -2.0 * norm, norm],
        };
        Self {
            b,
            a: [2.0 * (k * k - 1.0) * norm, (1.0 - k / q + k * k) * norm],
            state: [0.0; 2],
        }
    }

    /// The next output sample.
    pub fn tick(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.state[0];
        self.state[0] = self.b[1] * x - self.a[0] * y + self.state[1];
        self.state[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

/// A Butterworth filter of order 2 × `sections`: flat, then 12 dB per octave for each section.
pub fn butterworth(keep: Keep, frequency: f64, sections: usize) -> Vec<Biquad> {
    (0..sections)
        .map(|k| {
            let angle = PI * (2 * k + 1) as f64 / (4 * sections) as f64;
            Biquad::new(keep, frequency, 0.5 / libm::cos(angle))
        })
        .collect()
}

/// Runs `signal` through the sections, in place.
pub fn apply(mut sections: Vec<Biquad>, signal: &mut [f64]) {
    for sample in signal {
        *sample = sections.iter_mut().fold(*sample, |x, s| s.tick(x));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn butterworth_is_three_decibels_down_at_its_corner() {
        for keep in [Keep::Low, Keep::High] {
            let mut response = vec![0.0; 4800];
            response[0] = 1.0;
            apply(butterworth(keep, 1000.0, 3), &mut response);
            // 1 kHz makes whole periods in 4800 samples: one bin of the transform.
            let part = |f: fn(f64) -> f64| -> f64 {
                let turn = |n: usize| 2.0 * PI * n as f64 / 48.0;
                response
                    .iter()
                    .enumerate()
                    .map(|(n, x)| x * f(turn(n)))
                    .sum()
            };
            let power = part(libm::cos) * part(libm::cos) + part(libm::sin) * part(libm::sin);
            assert!((power - 0.5).abs() < 1e-6, "{power}");
        }
    }
}

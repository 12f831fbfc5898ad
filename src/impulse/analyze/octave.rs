//! Octave-band filters, run backwards in time.
//!
//! Guaranteed: every band that [`centres`] names fulfils class 1 of IEC 61260-1:2014 (base ten), and nothing of a
//! filter's own ringing comes after the sound that caused it. A filter run backwards rings before each sound, so a
//! decay is falsified only when it is shorter than 4 ÷ bandwidth (Jacobsen & Rindel 1987; ISO 3382-1, 5.3.2 note);
//! run forwards it would be 16 ÷ bandwidth.
//!
//! Each filter is a Butterworth band-pass of six poles, three sections in f64.

use crate::impulse::resample::RATES;
use realfft::num_complex::Complex;
use std::f64::consts::PI;

/// Nominal mid-band frequencies in Hz.
const NOMINAL: [f64; 9] = [
    63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0,
];

/// Nominal mid-band frequencies in Hz of the bands measured at `rate` Hz: 63 Hz to 8 kHz at 44.1 and 48 kHz, to 16 kHz
/// from 88.2 kHz on.
///
/// A band reaches at most 0.51 of the Nyquist frequency. Above that the bilinear transform bends the lower skirt
/// until it leaves class 1. At a rate beyond [`RATES`] there are none: it is a lie of the file's header, and the
/// filters would ring for a thousand million samples. Loader thread.
pub fn centres(rate: u32) -> impl Iterator<Item = f64> {
    let known = RATES.contains(&rate);
    let top = if known {
        0.51 * f64::from(rate) / 2.0
    } else {
        0.0
    };
    NOMINAL.into_iter().filter(move |&hz| edges(hz).1 <= top)
}

/// Lower and upper edge of the band in Hz. G = 10^0.3, and the exact mid-band frequency is a power of G times 1 kHz.
fn edges(nominal: f64) -> (f64, f64) {
    let octave = 10_f64.powf(0.3);
    let steps = (nominal / 1000.0).log(octave).round();
    let exact = 1000.0 * octave.powf(steps);
    (exact / octave.sqrt(), exact * octave.sqrt())
}

/// Share of the nominal bandwidth: at 44.1 kHz the bent skirt of the 8 kHz band would else be 0.1 dB short of the 60 dB
/// that class 1 asks for three octaves below.
const NARROWER: f64 = 0.996;

/// One section: y\[n\] = gain·(x\[n\] − x\[n−2\]) − a₁ y\[n−1\] − a₂ y\[n−2\], transposed direct form II.
#[derive(Clone, Copy, Debug)]
struct Section {
    gain: f64,
    a1: f64,
    a2: f64,
    state: [f64; 2],
}

/// A band-pass, or all frequencies.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    sections: Vec<Section>,
    bandwidth: f64,
}

impl Filter {
    /// Lets everything pass.
    pub(super) fn broadband(rate: u32) -> Self {
        Self {
            sections: Vec::new(),
            bandwidth: f64::from(rate) / 2.0,
        }
    }

    /// The band around `nominal` Hz, one of [`centres`].
    pub(super) fn octave(nominal: f64, rate: u32) -> Self {
        let (low, high) = edges(nominal);
        let warped = |hz: f64| (PI * hz / f64::from(rate)).tan();
        let width = NARROWER * (warped(high) - warped(low));
        let centre = warped(high) * warped(low);
        // Poles of the low-pass prototype, and s → (s² + centre) ÷ (width · s).
        let split = |pole: Complex<f64>| {
            let half = pole * width / 2.0;
            let root = (half * half - centre).sqrt();
            [half + root, half - root]
        };
        let section = |sum: f64, product: f64| {
            let a0 = 1.0 - sum + product;
            Section {
                gain: width / a0,
                a1: 2.0 * (product - 1.0) / a0,
                a2: (1.0 + sum + product) / a0,
                state: [0.0; 2],
            }
        };
        let slanted = Complex::from_polar(1.0, 2.0 * PI / 3.0);
        let [first, second] = split(slanted);
        let sections = vec![
            section(-width, centre),
            section(2.0 * first.re, first.norm_sqr()),
            section(2.0 * second.re, second.norm_sqr()),
        ];
        Self {
            sections,
            bandwidth: high - low,
        }
    }

    /// Bandwidth in Hz.
    pub(super) fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// Seconds until what is left of its ringing is 120 dB below the whole: the slowest poles, those of the lower edge, fall
    /// as e^(−0.71 · π/2 · bandwidth · t).
    pub(super) fn ringing(&self) -> f64 {
        if self.sections.is_empty() {
            0.0
        } else {
            13.0 / self.bandwidth
        }
    }

    #[inline]
    pub(super) fn next(&mut self, sample: f64) -> f64 {
        let mut x = sample;
        for section in &mut self.sections {
            let y = section.gain * x + section.state[0];
            section.state[0] = section.state[1] - section.a1 * y;
            section.state[1] = -section.gain * x - section.a2 * y;
            x = y;
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative attenuation in dB at `hz`.
    fn attenuation(nominal: f64, rate: u32, hz: f64) -> f64 {
        let z = Complex::from_polar(1.0, -2.0 * PI * hz / f64::from(rate));
        let filter = Filter::octave(nominal, rate);
        let response: Complex<f64> = filter
            .sections
            .iter()
            .map(|s| (1.0 - z * z) * s.gain / (1.0 + z * s.a1 + z * z * s.a2))
            .product();
        -20.0 * response.norm().log10()
    }

    /// IEC 61260-1:2014, table 1, class 1, octaves: distance from the middle in octaves, least and most attenuation.
    const CLASS_1: [(f64, f64, f64); 9] = [
        (0.0, -0.4, 0.4),
        (0.125, -0.4, 0.5),
        (0.25, -0.4, 0.7),
        (0.375, -0.4, 1.4),
        (0.499, -0.4, 5.3),
        (0.501, 1.6, 5.3),
        (1.0, 16.6, f64::INFINITY),
        (2.0, 40.5, f64::INFINITY),
        (3.0, 60.0, f64::INFINITY),
    ];

    #[test]
    fn every_band_is_of_class_1() {
        let octave = 10_f64.powf(0.3);
        for rate in [
            8000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000,
        ] {
            for nominal in centres(rate) {
                let (low, high) = edges(nominal);
                let middle = (low * high).sqrt();
                for (distance, least, most) in CLASS_1 {
                    for hz in [
                        middle * octave.powf(distance),
                        middle / octave.powf(distance),
                    ] {
                        if hz < f64::from(rate) / 2.0 {
                            let found = attenuation(nominal, rate, hz);
                            assert!(
                                (least..=most).contains(&found),
                                "{nominal} Hz at {rate} Hz: {found:.2} dB at {hz:.0} Hz"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn bands_by_rate() {
        assert_eq!(centres(48_000).last(), Some(8000.0));
        assert_eq!(centres(44_100).last(), Some(8000.0));
        assert_eq!(centres(96_000).last(), Some(16_000.0));
        assert_eq!(centres(100).count(), 0);
        assert_eq!(centres(48_000).next(), Some(63.0));
    }

    #[test]
    fn the_ringing_is_over_when_it_says_so() {
        for nominal in [63.0, 1000.0, 8000.0] {
            let mut filter = Filter::octave(nominal, 48_000);
            let frames = (filter.ringing() * 48_000.0) as usize;
            let total: f64 = (0..frames)
                .map(|n| filter.next(f64::from(u8::from(n == 0))).powi(2))
                .sum();
            let rest: f64 = (0..frames).map(|_| filter.next(0.0).powi(2)).sum();
            assert!(
                10.0 * (rest / total).log10() < -120.0,
                "{nominal}: {rest} of {total}"
            );
        }
    }
}

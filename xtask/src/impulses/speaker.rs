//! Loudspeakers and lines: a colour, over in a few hundredths of a second.
//!
//! Each is drawn as levels over frequency and made the causal response of least delay that has
//! them. Frame 0 is the sound itself: these replace the dry sound.

use core::f64::consts::PI;

use super::fourier::Fourier;
use super::random::Random;
use super::{SAMPLE_RATE, fade_out, frames, normalise};

/// A loudspeaker by its levels.
pub struct Speaker {
    /// Hz and dB, a smooth line between them, held at the ends.
    pub levels: &'static [(f64, f64)],
    /// The ripple of a cone that breaks up: its seed, from how many Hz, and its highest dB.
    pub ripple: Option<(u64, f64, f64)>,
    /// Length in seconds.
    length: f64,
}

/// A line of the telephone network: 300 Hz to 3.4 kHz (ITU-T G.712) and a handset's presence.
pub const TELEPHONE: Speaker = Speaker {
    levels: &[
        (20.0, -90.0),
        (100.0, -60.0),
        (200.0, -26.0),
        (300.0, -3.0),
        (400.0, 0.0),
        (1000.0, 0.0),
        (2000.0, 3.0),
        (2800.0, 4.0),
        (3300.0, 1.0),
        (3700.0, -8.0),
        (4200.0, -24.0),
        (5200.0, -54.0),
        (8000.0, -90.0),
    ],
    ripple: None,
    length: 0.06,
};

/// A 7 cm loudspeaker in a plastic case.
pub const TRANSISTOR_RADIO: Speaker = Speaker {
    levels: &[
        (20.0, -80.0),
        (100.0, -36.0),
        (200.0, -18.0),
        (320.0, -2.0),
        (420.0, 4.0),
        (560.0, 0.0),
        (900.0, -1.0),
        (1300.0, 3.0),
        (1900.0, -2.0),
        (2600.0, 4.0),
        (3600.0, 0.0),
        (4500.0, -6.0),
        (6000.0, -20.0),
        (9000.0, -40.0),
        (16000.0, -80.0),
    ],
    ripple: Some((0x52_41_44_49_4F, 1200.0, 2.5)),
    length: 0.08,
};

/// Four guitar loudspeakers of 30 cm in a closed cabinet, a microphone before one cone.
pub const GUITAR_CABINET: Speaker = Speaker {
    levels: &[
        (20.0, -60.0),
        (45.0, -24.0),
        (70.0, -6.0),
        (95.0, 3.0),
        (130.0, 4.0),
        (200.0, 0.0),
        (400.0, -3.0),
        (700.0, -4.0),
        (1200.0, -1.0),
        (2000.0, 4.0),
        (2800.0, 6.5),
        (3600.0, 5.0),
        (4500.0, 0.0),
        (5500.0, -12.0),
        (7000.0, -26.0),
        (10000.0, -44.0),
        (20000.0, -75.0),
    ],
    ripple: Some((0x43_41_42, 900.0, 2.5)),
    length: 0.12,
};

/// A horn: narrow, honking, loud in the middle.
pub const MEGAPHONE: Speaker = Speaker {
    levels: &[
        (20.0, -90.0),
        (150.0, -54.0),
        (300.0, -28.0),
        (450.0, -6.0),
        (600.0, 3.0),
        (760.0, -2.0),
        (1000.0, 5.0),
        (1300.0, -1.0),
        (1700.0, 6.0),
        (2200.0, 0.0),
        (2800.0, 4.0),
        (3600.0, -3.0),
        (5000.0, -14.0),
        (7000.0, -34.0),
        (12000.0, -70.0),
    ],
    ripple: Some((0x48_4F_52_4E, 1500.0, 2.0)),
    length: 0.08,
};

/// Points of the spectrum: 3 Hz apart, so that the response does not fold onto itself.
const POINTS: usize = 16_384;

impl Speaker {
    /// Its one channel.
    pub fn responses(&self) -> Vec<Vec<f64>> {
        let fourier = Fourier::new(POINTS);
        let ripple = self.ripple.map(|(seed, from, most)| {
            let mut random = Random::new(seed);
            // A sixth of an octave from one value to the next, up to 24 kHz and beyond. A step
            // anywhere would ring.
            let mut values: Vec<f64> = (0..48).map(|_| most * random.symmetric()).collect();
            values[0] = 0.0;
            move |frequency: f64| {
                let place = (6.0 * libm::log2(frequency / from)).max(0.0);
                let index = (place as usize).min(values.len() - 2);
                let weight = 0.5 - 0.5 * libm::cos(PI * (place - index as f64).min(1.0));
                values[index] + (values[index + 1] - values[index]) * weight
            }
        });
        let mut response = fourier.minimum_phase(|bin| {
            let frequency = fourier.frequency(bin, SAMPLE_RATE).max(1.0);
            let level = self.level(frequency) + ripple.as_ref().map_or(0.0, |r| r(frequency));
            libm::pow(10.0, level / 20.0)
        });
        response.truncate(frames(self.length));
        fade_out(&mut response, 0.5);
        let mut channels = vec![response];
        normalise(&mut channels, 0.7);
        channels
    }

    /// dB at `frequency` in Hz, without the ripple: a monotone cubic over octaves (Fritsch & Butland
    /// 1984), because a bend in the level rings on as a faint tone.
    pub fn level(&self, frequency: f64) -> f64 {
        let last = self.levels.len() - 1;
        let above = self.levels.iter().position(|(f, _)| *f > frequency);
        let Some(right) = above else {
            return self.levels[last].1;
        };
        if right == 0 {
            return self.levels[0].1;
        }
        let left = right - 1;
        let width = |k: usize| libm::log2(self.levels[k + 1].0 / self.levels[k].0);
        let slope = |k: usize| (self.levels[k + 1].1 - self.levels[k].1) / width(k);
        // The harmonic mean of the slopes on either side; level at a peak and at the ends.
        let tangent = |k: usize| {
            if k == 0 || k == last || slope(k - 1) * slope(k) <= 0.0 {
                return 0.0;
            }
            2.0 * slope(k - 1) * slope(k) / (slope(k - 1) + slope(k))
        };
        let (step, (start, from), (_, to)) = (width(left), self.levels[left], self.levels[right]);
        let x = libm::log2(frequency / start) / step;
        let ease = x * x * (3.0 - 2.0 * x);
        from + (to - from) * ease
            + step * x * (1.0 - x) * ((1.0 - x) * tangent(left) - x * tangent(right))
    }
}

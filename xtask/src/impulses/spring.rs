//! A spring reverb: three springs in a tank, each an echo that disperses a little more on every
//! return.
//!
//! - Stereo: both sides hear all springs, in different proportions; they agree much more than a
//!   room's do.
//! - Frame 0 is the first arrival at the end of the shortest spring: the 30 ms the wave needs to
//!   get there are left to the pre-delay.
//!
//! Below the transition frequency of about 4 kHz a spring carries low frequencies faster than high
//! ones, so that a click comes out as a rising chirp, longer with each echo; above it a fainter,
//! faster wave remains (Parker & Bilbao 2009, "Spring reverberation: a physical perspective"). Made
//! as Välimäki, Parker & Abel 2010, "Parametric spring reverberation effect", have it: cascades of
//! allpass filters stretched to the transition frequency, in a delay loop.

use super::filter::{self, Biquad, Keep};
use super::list::Design;
use super::random::Random;
use super::{SAMPLE_RATE, fade_out, frames, normalise};

/// Transition frequency in Hz: where the stretched allpass of [`STRETCH`] samples delays most.
pub const TRANSITION: f64 = SAMPLE_RATE / (2.0 * STRETCH as f64);
const STRETCH: usize = 6;

/// Springs side by side.
pub struct Tank {
    seed: u64,
    /// What it shall measure, below the transition frequency.
    pub design: Design,
    springs: &'static [Spring],
    /// Time in seconds after which an echo would be 60 dB down without damping.
    time: f64,
    /// Length of the response in seconds.
    length: f64,
}

/// Three springs; with the damping 2.2 s at low frequencies.
pub const SPRING: Tank = Tank {
    seed: 0x53_50,
    design: Design {
        t30: &[2.20, 2.20, 2.20, 2.10, 1.80],
        c80: None,
    },
    springs: &SPRINGS,
    time: 2.6,
    length: 2.75,
};

/// Two short ones, as under a small amplifier.
pub const SPRING_SHORT: Tank = Tank {
    seed: 0x41_4D_50,
    design: Design {
        t30: &[1.05, 1.03, 1.00, 0.98, 0.86],
        c80: None,
    },
    springs: &SHORT_SPRINGS,
    time: 1.25,
    length: 1.4,
};

struct Spring {
    /// From one end to the other in seconds, without the dispersion.
    way: f64,
    /// Allpass filters from one end to the other: how much a chirp spreads.
    allpasses: usize,
    /// Their coefficient, 0…1.
    dispersion: f64,
    /// How loud, left and right.
    sides: [f64; 2],
}

const SPRINGS: [Spring; 3] = [
    Spring {
        way: 0.0297,
        allpasses: 84,
        dispersion: 0.62,
        sides: [1.0, 0.9],
    },
    Spring {
        way: 0.0361,
        allpasses: 92,
        dispersion: 0.60,
        sides: [0.75, 1.0],
    },
    Spring {
        way: 0.0413,
        allpasses: 76,
        dispersion: 0.64,
        sides: [0.8, 0.55],
    },
];

const SHORT_SPRINGS: [Spring; 2] = [
    Spring {
        way: 0.0203,
        allpasses: 58,
        dispersion: 0.58,
        sides: [1.0, 0.8],
    },
    Spring {
        way: 0.0251,
        allpasses: 66,
        dispersion: 0.61,
        sides: [0.7, 1.0],
    },
];

impl Tank {
    /// Left and right.
    pub fn responses(&self) -> Vec<Vec<f64>> {
        let ways = self.springs.iter().map(|spring| spring.way);
        let skip = frames(ways.fold(1.0, f64::min));
        let length = frames(self.length);
        let mut channels = vec![vec![0.0; length]; 2];
        for (index, spring) in self.springs.iter().enumerate() {
            for (side, channel) in channels.iter_mut().enumerate() {
                let irregular = [0.12, -0.12][side];
                let mut random = Random::new(self.seed + index as u64);
                let response = spring.response(self.time, length + skip, irregular, &mut random);
                for (out, sample) in channel.iter_mut().zip(&response[skip..]) {
                    *out += spring.sides[side] * sample;
                }
            }
        }
        for channel in &mut channels {
            // The transducers carry nothing below 70 Hz, and DC must not stay.
            filter::apply(filter::butterworth(Keep::High, 70.0, 1), channel);
            fade_out(channel, 0.2);
        }
        normalise(&mut channels, 0.8);
        channels
    }
}

impl Spring {
    fn response(&self, time: f64, length: usize, irregular: f64, random: &mut Random) -> Vec<f64> {
        let ways = [(); 2].map(|()| self.way(time, irregular, random));
        let mut output = slow_waves(ways, length);
        for (out, sample) in output.iter_mut().zip(self.fast_waves(frames(0.5))) {
            *out += sample;
        }
        output
    }

    /// From one end to the other, once.
    fn way(&self, time: f64, irregular: f64, random: &mut Random) -> Way {
        let mut allpasses = vec![(STRETCH, self.dispersion); self.allpasses];
        // Irregular coils scatter a little of the wave on every pass, so that later echoes blur.
        for (reach, share) in [(40.0, 0.2), (150.0, irregular)] {
            let delay = reach * (1.0 + random.uniform());
            allpasses.push((delay as usize, share * random.sign()));
        }
        // Half way through the chirp the allpass filters add about 15 ms.
        let loss = libm::pow(10.0, -3.0 * (self.way + 0.015) / time);
        Way {
            allpasses: allpasses
                .iter()
                .map(|(k, a)| Allpass::new(*k, *a))
                .collect(),
            // At the transition a wave spends longest on its way; undamped, that frequency would
            // whistle.
            damping: Biquad::new(Keep::Low, 1.1 * TRANSITION, 0.65),
            wave: vec![0.0; frames(self.way)],
            // An end reflects with the sign turned.
            gain: -loss,
        }
    }

    /// The fast waves, 30 dB fainter, above the transition frequency: high frequencies first.
    ///
    /// They would be heard before the slow ones; here they are held back until frame 0.
    fn fast_waves(&self, length: usize) -> Vec<f64> {
        let start = frames(self.way);
        let mut echo = vec![0.0; length];
        echo[start] = 0.03;
        filter::apply(filter::butterworth(Keep::High, TRANSITION, 2), &mut echo);
        let mut output = vec![0.0; length];
        for _ in 0..6 {
            for _ in 0..60 {
                Allpass::new(1, -0.6).run(&mut echo);
            }
            for (out, sample) in output.iter_mut().zip(&echo) {
                *out += sample;
            }
            // There and back at 2.3 times the speed of the slow waves.
            let round = frames(2.0 * self.way / 2.3);
            echo.copy_within(..length - round, round);
            echo[..round].fill(0.0);
            echo.iter_mut().for_each(|sample| *sample *= 0.7);
        }
        output
    }
}

/// The waves below the transition frequency that go there and back on `ways`, as the far end hears
/// them.
fn slow_waves([mut there, mut back]: [Way; 2], length: usize) -> Vec<f64> {
    let mut output = Vec::with_capacity(length + there.wave.len());
    back.wave[0] = 1.0;
    while output.len() < length {
        // In the time of one way each end's waves reach the other end.
        output.extend(&there.wave);
        let far = there.wave.clone();
        there.walk(&back.wave);
        back.walk(&far);
    }
    output.truncate(length);
    // The allpass filters' images above the transition do not exist in a spring.
    let low = filter::butterworth(Keep::Low, 1.02 * TRANSITION, 5);
    filter::apply(low, &mut output);
    output
}

/// The length of a spring in one direction: dispersion, scattering, loss, delay.
struct Way {
    allpasses: Vec<Allpass>,
    damping: Biquad,
    gain: f64,
    /// What arrives at its end in the time that one way takes.
    wave: Vec<f64>,
}

impl Way {
    /// Lets what set out in the time of one way arrive in the next.
    fn walk(&mut self, start: &[f64]) {
        for (sample, started) in self.wave.iter_mut().zip(start) {
            *sample = self.damping.tick(self.gain * started);
        }
        for stage in &mut self.allpasses {
            stage.run(&mut self.wave);
        }
    }
}

/// (a + z^−k)/(1 + a z^−k).
struct Allpass {
    a: f64,
    state: Vec<f64>,
    place: usize,
}

impl Allpass {
    fn new(k: usize, a: f64) -> Self {
        Self {
            a,
            state: vec![0.0; k],
            place: 0,
        }
    }

    fn run(&mut self, signal: &mut [f64]) {
        for sample in signal {
            let held = &mut self.state[self.place];
            let y = self.a * *sample + *held;
            *held = *sample - self.a * y;
            *sample = y;
            self.place = if self.place + 1 == self.state.len() {
                0
            } else {
                self.place + 1
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fourier::Fourier;
    use super::*;
    use core::f64::consts::TAU;

    /// Group delay at the far end is the way plus that of the stretched allpass filters, and so
    /// grows up to the transition frequency.
    #[test]
    fn first_pass_is_a_chirp_with_the_delay_of_its_allpass_filters() {
        let spring = &SPRINGS[0];
        // Without scattering, and before the echo of the third pass begins.
        let mut way = spring.way(2.6, 0.0, &mut Random::new(0));
        way.allpasses.truncate(spring.allpasses);
        let mut click = vec![0.0; 8192];
        click[0] = 1.0;
        way.wave.resize(8192, 0.0);
        way.walk(&click);
        let fourier = Fourier::new(8192);
        let (re, im) = fourier.spectrum(&way.wave);
        let ramp: Vec<f64> = (0..8192).map(|n| n as f64 * way.wave[n]).collect();
        let (ramp_re, ramp_im) = fourier.spectrum(&ramp);
        let mut last = 0.0;
        for frequency in [300.0, 600.0, 1200.0, 1800.0, 2400.0, 3000.0, 3400.0, 3700.0] {
            let bin = (frequency / SAMPLE_RATE * 8192.0) as usize;
            let power = re[bin] * re[bin] + im[bin] * im[bin];
            let delay = (ramp_re[bin] * re[bin] + ramp_im[bin] * im[bin]) / power;
            let a = spring.dispersion;
            let turn = libm::cos(STRETCH as f64 * TAU * bin as f64 / 8192.0);
            let one = STRETCH as f64 * (1.0 - a * a) / (1.0 + 2.0 * a * turn + a * a);
            let expected = spring.allpasses as f64 * one;
            // The damping adds a few samples.
            assert!(
                (delay - expected).abs() < 12.0,
                "{frequency} Hz: {delay}, not {expected}"
            );
            assert!(delay > last, "{frequency} Hz: {delay} samples after {last}");
            last = delay;
        }
    }
}

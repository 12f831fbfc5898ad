//! A room with two sources before a pair of microphones, every path its own.
//!
//! - Frame 0 is the direct sound, one exact spike in the paths LL and RR and nowhere else. So the
//!   impulse mixes with the dry sound without a comb, and is a seat in the room when heard alone; a
//!   source stays on its side. Chambers and ambiences leave it out.
//! - Then image sources ([`Shoebox`]), fading into a diffuse field of noise whose density grows
//!   with the square of time, as that of reflections does, until it is Gaussian.
//! - Both have the same expected energy at every time, so the crossfade is continuous in energy and
//!   the decay is one straight line per band.
//! - The diffuse fields of the paths are independent.
//!
//! The energy comes from geometry: reflections arrive at a rate of 4πc³t²/V with energies 1/(ct)²,
//! so a source of unit pressure at one metre makes 4πc/V per second, times the decay (Kuttruff,
//! Room Acoustics, §4.2; the integral of it is 16π/A). Density and noise: Välimäki et al. 2012,
//! 2017.
//!
//! A space made to a [`Design`] is brought to it: its decays are tuned ([`tune`]) and the field moved
//! nearer or farther until C80 is what was asked for.

use core::f64::consts::{FRAC_PI_2, PI};

use super::air::SPEED_OF_SOUND;
use super::bands;
use super::filter::{self, Keep};
use super::list::Design;
use super::measure;
use super::random::Random;
use super::shoebox::{Microphone, Point, Shoebox};
use super::tune;
use super::{SAMPLE_RATE, fade_out, frames, normalise};

/// Amplitude of the direct sound, −2.5 dBFS.
const DIRECT: f64 = 0.75;

/// Which paths from sources to microphones a space has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// LL and RR.
    Stereo,
    /// LL, LR, RL, RR.
    TrueStereo,
}

/// Whether the direct sound is heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direct {
    /// As a spike at frame 0.
    Heard,
    /// Not at all: for sends.
    LeftOut,
}

/// A room with two sources and two microphones in it.
pub struct Space {
    pub seed: u64,
    pub room: Shoebox,
    /// Left, right.
    pub sources: [Point; 2],
    /// Left, right.
    pub microphones: [Microphone; 2],
    /// When the last image has faded and only the diffuse field is left, in seconds.
    pub crossfade: f64,
    /// When the diffuse field has 2000 arrivals per second, the least that is heard as noise
    /// (Välimäki et al. 2017), in seconds.
    pub dense: f64,
    /// Which of the four paths.
    pub paths: Paths,
    /// Length of the response in seconds.
    pub length: f64,
}

/// A microphone that looks at the sources (towards smaller x), turned outwards by `angle` radians.
pub fn microphone(place: Point, angle: f64, omni: f64) -> Microphone {
    Microphone {
        place,
        axis: [-libm::cos(angle), libm::sin(angle), 0.0],
        omni,
    }
}

impl Space {
    /// The responses as geometry and chance make them.
    pub fn responses(&self) -> Vec<Vec<f64>> {
        let mut responses = self.field();
        for response in &mut responses {
            fade_out(response, 0.15);
        }
        self.add_direct(&mut responses);
        responses
    }

    /// The responses, brought to what they shall measure.
    ///
    /// # Panics
    /// If C80 cannot be: the field's own is the least there is.
    pub fn designed(&self, design: Design, direct: Direct) -> Vec<Vec<f64>> {
        let mut field = self.field();
        let heard = |field: &[Vec<f64>]| {
            let mut responses = field.to_vec();
            if let (Direct::Heard, Some(clarity)) = (direct, design.c80) {
                let gain = self.gain(field, clarity);
                let samples = responses.iter_mut().flatten();
                samples.for_each(|sample| *sample *= gain);
                self.add_direct(&mut responses);
            }
            responses
        };
        tune::decays(&mut field, design.t30, heard);
        for response in &mut field {
            // The bands' slopes carry a little of a long decay to where the filter took all away.
            filter::apply(filter::butterworth(Keep::High, 28.0, 1), response);
            fade_out(response, 0.15);
        }
        let mut responses = heard(&field);
        if direct == Direct::LeftOut {
            normalise(&mut responses, 0.7);
        }
        responses
    }

    /// By how much the field must be louder, against the direct sound, for a C80 of `clarity` dB.
    fn gain(&self, field: &[Vec<f64>], clarity: f64) -> f64 {
        let mut spike = vec![vec![0.0; frames(0.2)]; 2];
        spike.iter_mut().for_each(|path| path[0] = DIRECT);
        let direct = measure::early_and_late(&spike);
        let reverberant = measure::early_and_late(field);
        let clarity_at = |gain: f64| {
            let square = gain * gain;
            let bands = direct.iter().zip(&reverberant);
            let balance = |([dry, _], [early, late]): (&[f64; 2], &[f64; 2])| {
                10.0 * libm::log10((dry + square * early) / (square * late))
            };
            bands.map(balance).sum::<f64>() / direct.len() as f64
        };
        let (mut low, mut high) = (1e-3, 1e3);
        assert!(
            clarity_at(high) < clarity && clarity < clarity_at(low),
            "C80 of {clarity} dB is out of reach: {} to {} dB",
            clarity_at(high),
            clarity_at(low)
        );
        for _ in 0..50 {
            let middle = (low * high).sqrt();
            if clarity_at(middle) > clarity {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The spike at frame 0 of the paths that stay on their side.
    fn add_direct(&self, responses: &mut [Vec<f64>]) {
        for ((source, microphone), response) in self.paths().zip(responses) {
            if source == microphone {
                response[0] += DIRECT;
            }
        }
    }

    /// Source and microphone of each path.
    fn paths(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let stereo = self.paths == Paths::Stereo;
        all.into_iter().filter(move |(s, m)| !stereo || s == m)
    }

    /// All but the direct sound, relative to it.
    fn field(&self) -> Vec<Vec<f64>> {
        let field = self.paths().map(|(s, m)| {
            let (source, microphone) = (self.sources[s], &self.microphones[m]);
            // Both microphones hear a source relative to its direct sound on its own side.
            let unit = DIRECT / self.microphones[s].direct(source);
            let path = (2 * s + m) as u64;
            // The images of one source stand where they stand for both microphones.
            let mut scatter = Random::new(self.seed + s as u64);
            let mut noise = Random::new(self.seed + 16 + path);
            let mut response = self.diffuse(microphone, &mut noise);
            let early = self.room.reflections(
                source,
                microphone,
                self.crossfade,
                |time| specular(time / self.crossfade),
                &mut scatter,
            );
            for (out, sample) in response.iter_mut().zip(early) {
                *out += sample;
            }
            response.iter_mut().for_each(|sample| *sample *= unit);
            // Nothing below what a stage or a floor carries, and no DC.
            filter::apply(filter::butterworth(Keep::High, 28.0, 1), &mut response);
            response
        });
        field.collect()
    }

    /// The diffuse field at `microphone` of a source of unit pressure at one metre.
    fn diffuse(&self, microphone: &Microphone, random: &mut Random) -> Vec<f64> {
        let power = 4.0 * PI * SPEED_OF_SOUND / self.room.volume() / SAMPLE_RATE
            * microphone.diffuse_power();
        let mut noise = vec![0.0; frames(self.length)];
        for (n, sample) in noise.iter_mut().enumerate() {
            let time = n as f64 / SAMPLE_RATE;
            let share = specular(time / self.crossfade);
            let amplitude = (power * (1.0 - share * share)).sqrt();
            let growth = time / self.dense;
            let density = (2000.0 * growth * growth / SAMPLE_RATE).max(1e-3);
            *sample = amplitude * arrival(density, random);
        }
        bands::decay(&noise, self.room.time)
    }
}

/// Amplitude of the images at `progress` of the crossfade; that of the diffuse field squares with
/// it to one.
fn specular(progress: f64) -> f64 {
    libm::cos(FRAC_PI_2 * progress.clamp(0.0, 1.0))
}

/// One sample of unit variance: mostly zero while `density` per sample is low, Gaussian when it is
/// high. Arrivals differ in strength by up to 10 dB: equal ones, as in velvet noise, sound grainy
/// while they are few.
pub fn arrival(density: f64, random: &mut Random) -> f64 {
    if density >= 0.5 {
        return random.gaussian();
    }
    // All three are drawn for every sample, so that the stream does not hang on what it decides.
    let (here, sign) = (random.uniform() < density, random.sign());
    let strength = 1.0 + 0.5 * random.symmetric();
    // The mean square of the strength is 1 + 0.5²/3.
    let scale = (density * (1.0 + 0.25 / 3.0)).sqrt();
    if here { sign * strength / scale } else { 0.0 }
}

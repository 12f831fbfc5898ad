//! Room and hall: true stereo, two sources before a pair of microphones, every path its own.
//!
//! - Frame 0 is the direct sound, one exact spike in the paths LL and RR and nowhere else. So the impulse mixes
//!   with the dry sound without a comb, and is a seat in the room when heard alone; a source stays on
//!   its side.
//! - Then image sources ([`Shoebox`]), fading into a diffuse field of noise whose density grows with the
//!   square of time, as that of reflections does, until it is Gaussian.
//! - Both have the same expected energy at every time, so the crossfade is continuous in energy and the decay is
//!   one straight line per band.
//! - The diffuse fields of the four paths are independent.
//!
//! The energy comes from geometry: reflections arrive at a rate of 4πc³t²/V with energies 1/(ct)², so
//! a source of unit pressure at one metre makes 4πc/V per second, times the decay (Kuttruff,
//! Room Acoustics, §4.2; the integral of it is 16π/A). Density and noise: Välimäki et al. 2012, 2017.

use core::f64::consts::{FRAC_PI_2, PI};

use super::air::SPEED_OF_SOUND;
use super::bands::{self, Curve};
use super::filter::{self, Keep};
use super::random::Random;
use super::shoebox::{Microphone, Point, Shoebox};
use super::{SAMPLE_RATE, fade_out, frames};

/// The hall's reverberation time in seconds: what "concert hall, omni pair" of ROOMS.md measures, 16 kHz
/// from its air.
pub const HALL_TIME: Curve = Curve([1.15, 2.24, 2.80, 3.06, 2.53, 1.89, 1.16, 0.50]);

/// The room's: the geometric mean of the kitchen and the small hall of ROOMS.md.
pub const ROOM_TIME: Curve = Curve([0.52, 0.74, 0.71, 0.72, 0.72, 0.70, 0.63, 0.45]);

/// Amplitude of the direct sound, −2.5 dBFS.
const DIRECT: f64 = 0.75;

/// A room with two sources and two microphones in it.
struct Space {
    seed: u64,
    room: Shoebox,
    /// Left, right.
    sources: [Point; 2],
    /// Left, right.
    microphones: [Microphone; 2],
    /// When the last image has faded and only the diffuse field is left, in seconds.
    crossfade: f64,
    /// When the diffuse field has 2000 arrivals per second, the least that is heard as noise
    /// (Välimäki et al. 2017), in seconds.
    dense: f64,
    /// Length of the response in seconds.
    length: f64,
}

/// A concert hall of 15 000 m³, the microphones six metres from the stage: C80 about 0 dB.
pub fn hall() -> Vec<Vec<f64>> {
    let time = HALL_TIME;
    Space {
        seed: 0x48_41_4C_4C,
        room: Shoebox {
            size: [45.0, 22.0, 15.0],
            time,
            displacement: 0.08,
            floor: 0.5,
        },
        sources: [[5.6, 14.9, 2.4], [5.3, 7.6, 2.3]],
        microphones: [
            microphone([18.3, 12.1, 4.2], 0.9, 0.7),
            microphone([18.2, 10.8, 4.2], -0.9, 0.7),
        ],
        crossfade: 0.065,
        dense: 0.022,
        length: 3.95,
    }
    .responses()
}

/// A live room of 180 m³, the microphones at arm's length from the player.
pub fn room() -> Vec<Vec<f64>> {
    let time = ROOM_TIME;
    Space {
        // Of forty seeds the one whose four paths agree best in their early decay.
        seed: 0x52_4F_52_40,
        room: Shoebox {
            size: [7.6, 6.1, 3.9],
            time,
            displacement: 0.04,
            floor: 0.7,
        },
        sources: [[2.3, 3.5, 1.4], [2.25, 2.35, 1.45]],
        microphones: [
            microphone([3.45, 3.2, 1.8], 0.8, 0.75),
            microphone([3.5, 2.7, 1.8], -0.8, 0.75),
        ],
        crossfade: 0.030,
        dense: 0.007,
        length: 0.95,
    }
    .responses()
}

/// A microphone that looks at the sources (towards smaller x), turned outwards by `angle` radians.
fn microphone(place: Point, angle: f64, omni: f64) -> Microphone {
    Microphone {
        place,
        axis: [-libm::cos(angle), libm::sin(angle), 0.0],
        omni,
    }
}

impl Space {
    /// LL, LR, RL, RR.
    fn responses(&self) -> Vec<Vec<f64>> {
        let mut responses = Vec::new();
        for (s, source) in self.sources.iter().enumerate() {
            // Both microphones hear a source relative to its direct sound on its own side.
            let unit = DIRECT / self.microphones[s].direct(*source);
            for (m, microphone) in self.microphones.iter().enumerate() {
                let path = (2 * s + m) as u64;
                // The images of one source stand where they stand for both microphones.
                let mut scatter = Random::new(self.seed + s as u64);
                let mut noise = Random::new(self.seed + 16 + path);
                let mut response = self.diffuse(microphone, &mut noise);
                let early = self.room.reflections(
                    *source,
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
                fade_out(&mut response, 0.15);
                if s == m {
                    response[0] += DIRECT;
                }
                responses.push(response);
            }
        }
        responses
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

/// Amplitude of the images at `progress` of the crossfade; that of the diffuse field squares with it to one.
fn specular(progress: f64) -> f64 {
    libm::cos(FRAC_PI_2 * progress.clamp(0.0, 1.0))
}

/// One sample of unit variance: mostly zero while `density` per sample is low, Gaussian when it is high.
fn arrival(density: f64, random: &mut Random) -> f64 {
    if density >= 0.5 {
        return random.gaussian();
    }
    let (here, sign) = (random.uniform() < density, random.sign());
    if here { sign / density.sqrt() } else { 0.0 }
}

//! Early reflections of a rectangular room by image sources.
//!
//! Allen & Berkley 1979, with four things theirs did not have: absorption and air that depend on
//! frequency (a minimum-phase filter per image), band-limited fractional delays (Peterson 1986),
//! directional microphones, and images displaced by some centimetres, without which the exact lattice of a
//! box sounds as sweeping echoes (De Sena et al. 2015).

use super::SAMPLE_RATE;
use super::air::{self, SPEED_OF_SOUND};
use super::bands::Curve;
use super::fourier::Fourier;
use super::random::Random;

/// A place or a direction in metres: along, across, up.
pub type Point = [f64; 3];

/// A rectangular room, one corner at the origin.
pub struct Shoebox {
    /// Its three edges in metres.
    pub size: Point,
    /// Reverberation time in seconds, which sets what a reflection absorbs.
    pub time: Curve,
    /// How far each image stands from its exact place, per axis, in metres.
    pub displacement: f64,
    /// Share of its pressure that a reflection from the floor keeps as such: chairs and people break it up. Without
    /// them the floor, so soon after the direct sound and nearly as loud, would comb it.
    pub floor: f64,
}

/// A microphone in it.
pub struct Microphone {
    /// Where it stands.
    pub place: Point,
    /// Unit vector of where it points.
    pub axis: Point,
    /// Its directivity is `omni + (1 − omni) cos θ`: 1 is an omni, 0.5 a cardioid.
    pub omni: f64,
}

impl Microphone {
    fn gain(&self, towards: Point) -> f64 {
        self.omni + (1.0 - self.omni) * dot(self.axis, towards)
    }

    /// Power it takes from a diffuse field, relative to an omni.
    pub fn diffuse_power(&self) -> f64 {
        let figure = 1.0 - self.omni;
        self.omni * self.omni + figure * figure / 3.0
    }

    /// Pressure it takes from a source at `place`, of unit pressure at one metre.
    pub fn direct(&self, place: Point) -> f64 {
        let path = minus(place, self.place);
        let distance = length(path);
        self.gain(path.map(|x| x / distance)) / distance
    }
}

impl Shoebox {
    /// In m³.
    pub fn volume(&self) -> f64 {
        self.size.iter().product()
    }

    fn surface(&self) -> f64 {
        let [x, y, z] = self.size;
        2.0 * (x * y + y * z + z * x)
    }

    /// Energy that one reflection leaves, as e^−value, at `frequency` in Hz.
    ///
    /// Eyring's formula solved for the absorption, the air's part taken out first. Where air alone would
    /// make the time shorter than asked, the walls are hard.
    fn absorption_exponent(&self, frequency: f64) -> f64 {
        let decibels_per_neper = 10.0 * core::f64::consts::LOG10_E;
        let room = 24.0 * core::f64::consts::LN_10 * self.volume()
            / (SPEED_OF_SOUND * self.time.at(frequency));
        let air = 4.0 * self.volume() * air::attenuation(frequency) / decibels_per_neper;
        ((room - air) / self.surface()).max(0.005)
    }

    /// The reflections of `source` that `microphone` hears within `seconds` after the direct sound, which is not
    /// among them. Frame 0 is the direct sound's arrival; amplitudes are pressures relative to one
    /// metre from the source. `weight` fades images by their time in seconds.
    pub fn reflections(
        &self,
        source: Point,
        microphone: &Microphone,
        seconds: f64,
        weight: impl Fn(f64) -> f64,
        random: &mut Random,
    ) -> Vec<f64> {
        let direct = length(minus(source, microphone.place));
        let reach = direct + seconds * SPEED_OF_SOUND;
        let mut output = vec![0.0; (seconds * SAMPLE_RATE) as usize];
        let painter = Painter::new(self);
        let orders = self.size.map(|edge| (reach / (2.0 * edge)) as i32 + 1);
        for x in -orders[0]..=orders[0] {
            for y in -orders[1]..=orders[1] {
                for z in -orders[2]..=orders[2] {
                    for mirror in 0..8 {
                        let (image, bounces) = self.image(source, [x, y, z], mirror);
                        let floor = (z - (mirror as i32 >> 2)).unsigned_abs();
                        let image = image.map(|place| {
                            // Drawn for every image, heard or not: the stream stays in step.
                            place + self.displacement * random.symmetric()
                        });
                        let path = minus(image, microphone.place);
                        let distance = length(path);
                        let time = (distance - direct) / SPEED_OF_SOUND;
                        if bounces == 0 || distance >= reach || time <= 0.0 {
                            continue;
                        }
                        let towards = path.map(|x| x / distance);
                        let mut gain = microphone.gain(towards) / distance * weight(time);
                        (0..floor).for_each(|_| gain *= self.floor);
                        painter.paint(&mut output, time * SAMPLE_RATE, gain, bounces, distance);
                    }
                }
            }
        }
        output
    }

    /// Image of `source` in cell `cell` of the lattice, mirrored along the axes set in `mirror`, and the
    /// number of its reflections (Allen & Berkley's equation 9).
    fn image(&self, source: Point, cell: [i32; 3], mirror: usize) -> (Point, i32) {
        let mut bounces = 0;
        let place = core::array::from_fn(|axis| {
            let mirrored = mirror >> axis & 1 == 1;
            bounces += (2 * cell[axis] - i32::from(mirrored)).abs();
            let offset = 2.0 * f64::from(cell[axis]) * self.size[axis];
            offset
                + if mirrored {
                    -source[axis]
                } else {
                    source[axis]
                }
        });
        (place, bounces)
    }
}

/// Taps of the minimum-phase filter of an image: 5 ms, down to 200 Hz in detail.
const FILTER: usize = 256;
/// Half the taps of the fractional delay.
const REACH: i32 = 24;

/// Adds filtered, delayed images to a response.
struct Painter {
    fourier: Fourier,
    /// Per bin: the exponent of one reflection's loss, and the air's loss in nepers per metre, of pressure.
    losses: Vec<(f64, f64)>,
}

impl Painter {
    fn new(room: &Shoebox) -> Self {
        let fourier = Fourier::new(2 * FILTER);
        let losses = (0..=FILTER)
            .map(|bin| {
                let frequency = fourier.frequency(bin, SAMPLE_RATE);
                let air = air::attenuation(frequency) / (20.0 * core::f64::consts::LOG10_E);
                (0.5 * room.absorption_exponent(frequency), air)
            })
            .collect();
        Self { fourier, losses }
    }

    fn paint(&self, output: &mut [f64], delay: f64, gain: f64, bounces: i32, distance: f64) {
        let filter = self.fourier.minimum_phase(|bin| {
            let (wall, air) = self.losses[bin];
            libm::exp(-(wall * f64::from(bounces) + air * distance))
        });
        let whole = delay.floor();
        let fraction = delay - whole;
        for tap in -REACH..=REACH {
            let offset = f64::from(tap) - fraction;
            let amplitude = gain * windowed_sinc(offset);
            let start = whole as i64 + i64::from(tap);
            for (n, value) in filter[..FILTER].iter().enumerate() {
                let place = start + n as i64;
                if let Some(out) = usize::try_from(place).ok().and_then(|p| output.get_mut(p)) {
                    *out += amplitude * value;
                }
            }
        }
    }
}

/// sin(πx)/πx under a Hann window of the fractional delay's width.
fn windowed_sinc(x: f64) -> f64 {
    let width = f64::from(REACH + 1);
    if x.abs() >= width {
        return 0.0;
    }
    let angle = core::f64::consts::PI * x;
    let window = 0.5 + 0.5 * libm::cos(angle / width);
    let sinc = if x.abs() < 1e-9 {
        1.0
    } else {
        libm::sin(angle) / angle
    };
    window * sinc
}

fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Length of a vector in metres.
pub fn length(a: Point) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_reflection_comes_when_and_as_loud_as_geometry_says() {
        let room = Shoebox {
            size: [10.0, 30.0, 40.0],
            time: Curve([4.0; 8]),
            displacement: 0.0,
            floor: 1.0,
        };
        // One metre above the floor of a tall room, 4 m apart: the floor's image is 4.47 m away, all others beyond 10 m.
        let microphone = Microphone {
            place: [7.0, 15.0, 1.0],
            axis: [1.0, 0.0, 0.0],
            omni: 1.0,
        };
        let mut random = Random::new(0);
        let source = [3.0, 15.0, 1.0];
        let response = room.reflections(source, &microphone, 0.008, |_| 1.0, &mut random);
        let expected = (20_f64.sqrt() - 4.0) / SPEED_OF_SOUND * SAMPLE_RATE;
        let sum: f64 = response.iter().sum();
        let loss = libm::exp(-0.5 * room.absorption_exponent(50.0));
        assert!((sum - loss / 20_f64.sqrt()).abs() < 0.004, "{sum} {loss}");
        let peak = (0..response.len())
            .max_by(|a, b| response[*a].abs().total_cmp(&response[*b].abs()))
            .unwrap();
        assert!((peak as f64 - expected).abs() <= 1.0, "{peak} {expected}");
    }
}

//! A plate reverb: every mode of a steel sheet, added up.
//!
//! - Stereo: one driver, two pickups. Frame 0 is the driver's impulse; there is no direct sound but
//!   the plate's own, whose high frequencies arrive first.
//! - Dense from the first milliseconds, because dispersion smears every reflection; modes are as
//!   dense at 100 Hz as at 10 kHz.
//!
//! The thin plate of Kirchhoff with simply supported edges, its modes (m, n) at κπ²(m²/Lx² +
//! n²/Ly²) rad/s with κ² = Eh²/(12ρ(1 − ν²)): Bilbao 2007, "A digital plate reverberation
//! algorithm"; Bilbao 2009, Numerical Sound Synthesis, §11–12. Size and thickness of the first are
//! those of the classic studio plate: 2 m × 1 m of 0.5 mm steel. The decay is shorter at high frequencies, as
//! thermoelastic and radiation losses and the damping panel make it (Arcas & Chaigne 2010).

use core::f64::consts::PI;

use super::bands::Curve;
use super::list::Design;
use super::random::Random;
use super::tune;
use super::{SAMPLE_RATE, fade_out, frames, normalise};

/// A sheet of metal with a driver and two pickups.
pub struct Plate {
    seed: u64,
    /// What it shall measure.
    pub design: Design,
    /// Decay time of its modes in seconds.
    time: Curve,
    /// Whether the design is measured and met, or left to the modes.
    tuning: Tuning,
    /// Edges in metres. No simple ratio, or many modes would fall together.
    edges: [f64; 2],
    /// κ in m²/s.
    stiffness: f64,
    /// Where the driver stands and where the pickups, as shares of the edges. Both pickups are
    /// equally far from the driver, or the nearer would pull the picture to its side.
    driver: [f64; 2],
    pickups: [[f64; 2]; 2],
    /// Length of the response in seconds.
    length: f64,
}

/// Whether the decays are brought to the design.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tuning {
    AsModesFall,
    Tuned,
}

/// κ of 0.5 mm steel in m²/s: E = 200 GPa, ρ = 7850 kg/m³, ν = 0.3.
const STEEL: f64 = 0.764;

/// The classic studio plate with the damping panel half way.
pub const PLATE: Plate = Plate {
    seed: 0x50_4C_41_54_45,
    design: Design {
        t30: &[2.60, 2.50, 2.35, 2.15, 1.85, 1.45, 1.05],
        c80: Some(-2.0),
    },
    tuning: Tuning::AsModesFall,
    time: Curve([2.60, 2.50, 2.35, 2.15, 1.85, 1.45, 1.05, 0.75]),
    edges: [2.0, 0.983],
    stiffness: STEEL,
    driver: [0.487, 0.559],
    pickups: [[0.173, 0.327], [0.8143, 0.694]],
    length: 2.7,
};

/// The same sheet with the panel nearer and felt on it: treble goes first.
pub const PLATE_DARK: Plate = Plate {
    seed: 0x44_41_52_4B,
    design: Design {
        t30: &[2.00, 1.95, 1.80, 1.55, 1.20, 0.86, 0.58],
        c80: Some(-0.3),
    },
    tuning: Tuning::Tuned,
    time: Curve([2.00, 1.95, 1.80, 1.55, 1.20, 0.86, 0.58, 0.40]),
    driver: [0.513, 0.441],
    pickups: [[0.827, 0.673], [0.1857, 0.306]],
    length: 2.1,
    ..PLATE
};

/// A smaller sheet, damped to a second: for drums and voices that must stay in front.
pub const PLATE_SHORT: Plate = Plate {
    seed: 0x53_48_4F_52_54,
    design: Design {
        t30: &[1.10, 1.08, 1.05, 1.02, 0.96, 0.84, 0.68],
        c80: Some(2.8),
    },
    tuning: Tuning::Tuned,
    time: Curve([1.10, 1.08, 1.05, 1.02, 0.96, 0.84, 0.68, 0.52]),
    edges: [1.61, 0.877],
    stiffness: STEEL,
    driver: [0.463, 0.571],
    pickups: [[0.191, 0.358], [0.742, 0.383]],
    length: 1.25,
};

/// Modes are excited from here to there, in Hz, fading over an octave at the bottom and a third at
/// the top.
const RANGE: [f64; 2] = [50.0, 18_500.0];

/// Modes that are computed side by side.
const LANES: usize = 8;

/// One mode: cos(ωt)·e^(−σt), by the recursion `y[n] = 2r cos(ω)·y[n−1] − r²·y[n−2]`.
struct Mode {
    frequency: f64,
    seconds: f64,
    weights: [f64; 2],
}

impl Plate {
    /// Left and right.
    pub fn responses(&self) -> Vec<Vec<f64>> {
        let mut channels = vec![vec![0.0; frames(self.length)]; 2];
        let mut modes = self.modes();
        // Neighbours in frequency decay alike, so a group of them can end together.
        modes.sort_by(|a, b| a.frequency.total_cmp(&b.frequency));
        let (left, right) = channels.split_at_mut(1);
        for group in modes.chunks(LANES) {
            add(group, &mut left[0], &mut right[0]);
        }
        if self.tuning == Tuning::Tuned {
            tune::decays(&mut channels, self.design.t30, <[_]>::to_vec);
        }
        for channel in &mut channels {
            fade_out(channel, 0.15);
        }
        normalise(&mut channels, 0.7);
        channels
    }

    fn modes(&self) -> Vec<Mode> {
        // Rolled steel is not quite even: each mode is a little off its formula. Without that the
        // echoes of an exact rectangle keep a pattern, and their density stays at 0.8 of noise's.
        let mut random = Random::new(self.seed);
        let most = |edge: f64| {
            let wavelengths = (2.0 * PI * RANGE[1] / self.stiffness).sqrt() / PI;
            (wavelengths * edge) as i32 + 1
        };
        let mut modes = Vec::new();
        for m in 1..=most(self.edges[0]) {
            for n in 1..=most(self.edges[1]) {
                let (x, y) = (f64::from(m) / self.edges[0], f64::from(n) / self.edges[1]);
                let detune = 1.0 + 3e-3 * random.symmetric();
                let frequency = self.stiffness * PI * (x * x + y * y) / 2.0 * detune;
                let level = range(frequency);
                if level == 0.0 {
                    continue;
                }
                let shape = |place: [f64; 2]| {
                    libm::sin(PI * f64::from(m) * place[0])
                        * libm::sin(PI * f64::from(n) * place[1])
                };
                let drive = level * shape(self.driver);
                modes.push(Mode {
                    frequency,
                    seconds: self.time.at(frequency),
                    weights: self.pickups.map(|pickup| drive * shape(pickup)),
                });
            }
        }
        modes
    }

    /// When waves of `frequency` Hz reach the pickups, in seconds: their energy travels at 2√(κω).
    #[cfg(test)]
    pub fn arrival(&self, frequency: f64) -> f64 {
        let along = |axis: usize| (self.pickups[0][axis] - self.driver[axis]) * self.edges[axis];
        let distance = libm::hypot(along(0), along(1));
        distance / (2.0 * (self.stiffness * 2.0 * PI * frequency).sqrt())
    }
}

/// How strongly modes at `frequency` are driven, 0…1.
fn range(frequency: f64) -> f64 {
    let up = libm::log2(frequency / RANGE[0]).clamp(0.0, 1.0);
    let down = (3.0 * libm::log2(RANGE[1] / frequency)).clamp(0.0, 1.0);
    let slope = libm::sin(0.5 * PI * up) * libm::sin(0.5 * PI * down);
    slope * slope
}

fn add(group: &[Mode], left: &mut [f64], right: &mut [f64]) {
    let mut lanes = [[0.0; LANES]; 6];
    let mut seconds = 0.0_f64;
    for (lane, mode) in group.iter().enumerate() {
        let turn = 2.0 * PI * mode.frequency / SAMPLE_RATE;
        let r = libm::exp(-3.0 * core::f64::consts::LN_10 / (mode.seconds * SAMPLE_RATE));
        let column = [
            2.0 * r * libm::cos(turn),
            r * r,
            // y[−1] and y[−2] of the cosine that is 1 at frame 0.
            libm::cos(turn) / r,
            libm::cos(2.0 * turn) / (r * r),
            mode.weights[0],
            mode.weights[1],
        ];
        for (row, value) in lanes.iter_mut().zip(column) {
            row[lane] = value;
        }
        seconds = seconds.max(mode.seconds);
    }
    let [turn, loss, mut last, mut before, to_left, to_right] = lanes;
    // A group is left when it is 120 dB down, which no sum of the others lets be heard.
    let end = frames(2.0 * seconds).min(left.len());
    for (l, r) in left[..end].iter_mut().zip(right) {
        let (mut sum_l, mut sum_r) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            let y = turn[lane] * last[lane] - loss[lane] * before[lane];
            before[lane] = last[lane];
            last[lane] = y;
            sum_l[lane] = to_left[lane] * y;
            sum_r[lane] = to_right[lane] * y;
        }
        *l += sum_l.iter().sum::<f64>();
        *r += sum_r.iter().sum::<f64>();
    }
}

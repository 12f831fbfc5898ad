//! Low and high cut of the wet, while it sounds.
//!
//! State-variable filters by the topology-preserving transform (Zavalishin 2012, The Art of VA Filter Design, 3 and 5;
//! equations as Simper 2013): what they remember are the integrators' states, so the corner may move every sample without
//! a step. Butterworth with the corner prewarped: −3 dB there, exactly. In f64: at 10 Hz and 192 kHz a section
//! in f32 would be noise at −100 dB.
//!
//! The corner moves in octaves. A cut that is off costs nothing and leaves the samples as they are; it is
//! faded in and out. The second section of 24 dB per octave is faded in behind the first likewise.

use super::smooth::{CHUNK, Course, Smooth};
use std::f64::consts::{PI, SQRT_2};

/// How steep the cuts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CutSlope {
    /// 12 dB per octave.
    #[default]
    Db12,
    /// 24 dB per octave.
    Db24,
}

/// Which side of the corner goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

/// 1 ÷ Q of the only section at 12 dB per octave, and of both at 24: 2 cos of the angle of the poles.
const DAMPING: f64 = SQRT_2;
const DAMPINGS: [f64; 2] = [1.847_759_065_022_573_5, 0.765_366_864_730_179_6];

/// The highest corner, as a share of the sample rate. A high cut from here on is none: there is nothing above it.
const HIGHEST: f64 = 0.49;

/// Two integrators.
#[derive(Clone, Copy, Debug, Default)]
struct Section {
    band: f64,
    low: f64,
}

/// What a section multiplies with.
#[derive(Clone, Copy, Debug, Default)]
struct Gains {
    damping: f64,
    a: [f64; 3],
}

impl Gains {
    fn new(g: f64, damping: f64) -> Self {
        let first = (1.0 + g * (g + damping)).recip();
        let a = [first, g * first, g * g * first];
        Self { damping, a }
    }
}

impl Section {
    #[inline(always)]
    fn next(&mut self, x: f64, side: Side, gains: &Gains) -> f64 {
        let v3 = x - self.low;
        let v1 = gains.a[0] * self.band + gains.a[1] * v3;
        let v2 = self.low + gains.a[1] * self.band + gains.a[2] * v3;
        self.band = 2.0 * v1 - self.band;
        self.low = 2.0 * v2 - self.low;
        match side {
            Side::High => v2,
            Side::Low => x - gains.damping * v1 - v2,
        }
    }
}

/// One cut of every output.
#[derive(Debug)]
pub(super) struct Cut {
    side: Side,
    sample_rate: f64,
    /// log₂ of tan(π · corner ÷ rate): the corner in octaves.
    corner: Smooth,
    /// How much of it is heard: 0 is off.
    amount: Smooth,
    states: Vec<[Section; 2]>,
}

impl Cut {
    /// `corner_hz`: `None` is off.
    pub fn new(side: Side, outputs: usize, sample_rate: u32, corner_hz: Option<f64>) -> Self {
        let mut cut = Self {
            side,
            sample_rate: f64::from(sample_rate.max(1)),
            corner: Smooth::new(0.0, sample_rate),
            amount: Smooth::new(0.0, sample_rate),
            states: vec![[Section::default(); 2]; outputs],
        };
        cut.aim(corner_hz);
        cut.settle();
        cut
    }

    /// Moves the corner; `None` is off.
    pub fn aim(&mut self, corner_hz: Option<f64>) {
        let share = corner_hz.map(|hz| hz / self.sample_rate);
        let share = share.filter(|share| self.side == Side::Low || *share < HIGHEST);
        let Some(share) = share else {
            self.amount.aim(0.0);
            return;
        };
        let corner = (PI * share.min(HIGHEST)).tan().log2();
        if self.is_off() {
            // Nobody hears where it comes from, nor what it remembers.
            self.corner.jump(corner);
            self.states.fill([Section::default(); 2]);
        }
        self.corner.aim(corner);
        self.amount.aim(1.0);
    }

    fn is_off(&self) -> bool {
        self.amount.is_settled() && self.amount.target() == 0.0
    }

    /// Filters the same `frames` of every output, at most [`CHUNK`]. `second`: how much of the second section is heard.
    pub fn run(&mut self, outputs: &mut [&mut [f32]], from: usize, frames: usize, second: &Course) {
        if self.is_off() {
            return;
        }
        let (corner, amount) = (self.corner.advance(frames), self.amount.advance(frames));
        let gains = |at: usize| {
            let (g, second) = (corner.at(at).exp2(), second.at(at));
            let first = DAMPING + second * (DAMPINGS[0] - DAMPING);
            [Gains::new(g, first), Gains::new(g, DAMPINGS[1])]
        };
        let still = matches!((&corner, second), (Course::Still(_), Course::Still(_)));
        let mut table = [[Gains::default(); 2]; CHUNK];
        let (needed, step) = if still { (1, 0) } else { (frames, 1) };
        for (at, entry) in table.iter_mut().enumerate().take(needed) {
            *entry = gains(at);
        }
        let one_section = second.is_still_at(0.0);
        if one_section {
            for state in &mut self.states {
                state[1] = Section::default();
            }
        }
        // Sample by sample over all outputs: their recursions do not wait for each other.
        for at in 0..frames {
            let (gains, amount) = (&table[at * step], amount.at(at));
            for (state, wet) in self.states.iter_mut().zip(&mut *outputs) {
                let sample = &mut wet[from + at];
                let x = f64::from(*sample);
                let mut y = state[0].next(x, self.side, &gains[0]);
                if !one_section {
                    let steeper = state[1].next(y, self.side, &gains[1]);
                    y += second.at(at) * (steeper - y);
                }
                *sample = (x + amount * (y - x)) as f32;
            }
        }
    }

    /// Forgets the sound.
    pub fn clear(&mut self) {
        self.states.fill([Section::default(); 2]);
    }

    /// Rests at its targets.
    pub fn settle(&mut self) {
        self.corner.jump(self.corner.target());
        self.amount.jump(self.amount.target());
    }
}

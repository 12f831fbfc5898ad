//! What every convolution is held against: the definition, in f64.
#![allow(dead_code, reason = "each test file uses its own part")]

use partita::engine::{Block, Engine, PreparedImpulse, Routing};
use std::sync::Arc;

/// (f*g)(c) = Σ f(a)·g(c − a), for the first `frames` values of c.
pub fn direct(x: &[f32], h: &[f32], frames: usize) -> Vec<f64> {
    let mut out = vec![0.0f64; frames];
    for (a, &x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
        for (out, &h) in out[a.min(frames)..].iter_mut().zip(h) {
            *out += f64::from(x) * f64::from(h);
        }
    }
    out
}

/// The definition over every path of a routing.
pub fn direct_matrix(
    routing: &Routing,
    x: &[Vec<f32>],
    h: &[Vec<f32>],
    frames: usize,
) -> Vec<Vec<f64>> {
    let mut out = vec![vec![0.0; frames]; routing.outputs()];
    for path in routing.paths() {
        let part = direct(&x[path.input], &h[path.response], frames);
        out[path.output]
            .iter_mut()
            .zip(part)
            .for_each(|(sum, part)| *sum += part);
    }
    out
}

/// RMS of the difference over the RMS of what was wanted, in dB.
pub fn error_db(got: &[Vec<f32>], want: &[Vec<f64>]) -> f64 {
    let (mut error, mut power) = (0.0, 0.0);
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert_eq!(got.len(), want.len());
        for (&got, &want) in got.iter().zip(want) {
            error += (f64::from(got) - want).powi(2);
            power += want * want;
        }
    }
    if error == 0.0 {
        f64::NEG_INFINITY
    } else {
        10.0 * (error / power).log10()
    }
}

/// Small seeded generator (xorshift64*): the same numbers everywhere.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Uniform in −1…1.
    pub fn sample(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Uniform in `from..=to`.
    pub fn within(&mut self, from: usize, to: usize) -> usize {
        from + (self.next() >> 33) as usize % (to - from + 1)
    }

    pub fn samples(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.sample()).collect()
    }

    pub fn channels(&mut self, channels: usize, count: usize) -> Vec<Vec<f32>> {
        (0..channels).map(|_| self.samples(count)).collect()
    }
}

/// An engine over `responses`.
pub fn engine(routing: &Routing, responses: &[Vec<f32>]) -> Engine {
    Engine::new(Arc::new(prepared(routing, responses)))
}

pub fn prepared(routing: &Routing, responses: &[Vec<f32>]) -> PreparedImpulse {
    let slices: Vec<&[f32]> = responses.iter().map(Vec::as_slice).collect();
    PreparedImpulse::new(routing.clone(), &slices).expect("a good impulse")
}

/// Takes `x` through `engine` in blocks as `length` gives them.
pub fn play(
    engine: &mut Engine,
    x: &[Vec<f32>],
    outputs: usize,
    mut length: impl FnMut() -> usize,
) -> Vec<Vec<f32>> {
    let frames = x[0].len();
    let mut out = vec![vec![f32::NAN; frames]; outputs];
    let mut from = 0;
    while from < frames {
        let to = frames.min(from + length());
        let inputs: Vec<&[f32]> = x.iter().map(|x| &x[from..to]).collect();
        let mut slices: Vec<&mut [f32]> = out.iter_mut().map(|out| &mut out[from..to]).collect();
        engine.process(&mut Block::new(&inputs, &mut slices));
        from = to;
    }
    out
}

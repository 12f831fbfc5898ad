//! What is played: four beats a second of decaying noise over a chord, left and right unlike, −6 dBFS at most.

use std::f64::consts::TAU;

/// Small seeded generator (xorshift64*, Vigna 2016): the same numbers everywhere.
pub(super) struct Noise(u64);

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

    /// From −1 to 1.
    pub fn sample(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

impl Noise {
    /// From 0 to `count` − 1.
    pub fn below(&mut self, count: usize) -> usize {
        (self.next() >> 33) as usize % count.max(1)
    }

    /// From `low` to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.sample() + 1.0) / 2.0
    }

    /// One of them.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// `seconds` of it at `sample_rate` Hz.
pub(super) fn stereo(sample_rate: u32, seconds: f64) -> Vec<Vec<f32>> {
    let rate = f64::from(sample_rate);
    let frames = (seconds * rate).round() as usize;
    let channel = |(seed, chord): (u64, [f64; 3])| {
        let mut noise = Noise::new(seed);
        let sample = |frame: usize| {
            let t = frame as f64 / rate;
            // Beats fall by 60 dB over a quarter of a second.
            let beat = (-6.907_755 * (t * 4.0).fract()).exp();
            let tones: f64 = chord.iter().map(|hz| (TAU * hz * t).sin()).sum();
            (0.35 * beat * noise.sample() + 0.05 * tones) as f32
        };
        (0..frames).map(sample).collect()
    };
    [(1, [110.0, 277.2, 2217.5]), (2, [164.8, 329.6, 5274.0])]
        .map(channel)
        .into()
}

//! What is measured: an impulse, a routing, block lengths, and the sound that is played.

use partita::engine::{Routing, fft};
use std::fmt;
use std::str::FromStr;

pub const RATE: f64 = 48_000.0;

/// Samples after which every engine here repeats its work: twice the largest partition of any.
pub const PERIOD: usize = 65_536;

/// Samples of input before it repeats; no block length divides it.
const LOOP: usize = 131_071;

/// Longest block that is measured.
const LONGEST: usize = 8192;

/// Block lengths of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    Every(usize),
    /// Another one from 1 to 1024 at every callback.
    Random,
}

impl Blocks {
    /// The longest that comes.
    pub fn longest(self) -> usize {
        match self {
            Self::Every(block) => block,
            Self::Random => 1024,
        }
    }

    /// Whether callback i does the same work one [`PERIOD`] later.
    pub fn periodic(self) -> bool {
        matches!(self, Self::Every(block) if PERIOD.is_multiple_of(block))
    }

    /// The same lengths every time, together at least `frames`.
    pub fn lengths(self, frames: usize) -> Vec<usize> {
        let mut random = noise(5, frames).into_iter();
        let mut left = frames;
        let mut lengths = Vec::new();
        while left > 0 {
            let length = match self {
                Self::Every(block) => block,
                Self::Random => {
                    let at = (random.next().unwrap_or(0.0) + 1.0) / 2.0;
                    1 + (at * 1024.0).min(1023.0) as usize
                }
            };
            lengths.push(length);
            left = left.saturating_sub(length);
        }
        lengths
    }
}

impl FromStr for Blocks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "random" {
            return Ok(Self::Random);
        }
        let block = text.parse().ok();
        let block = block.filter(|block| (1..=LONGEST).contains(block));
        block
            .map(Self::Every)
            .ok_or_else(|| format!("expected samples from 1 to {LONGEST}, or random"))
    }
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(block) => f.pad(&block.to_string()),
            Self::Random => f.pad("random"),
        }
    }
}

/// An impulse, a routing of two inputs to two outputs, block lengths.
pub struct Cell {
    pub routing: Routing,
    pub seconds: f64,
    pub blocks: Blocks,
    pub responses: Vec<Vec<f32>>,
    /// A loop of noise for each input, which goes on past its end for one block, so that a block
    /// never wraps.
    input: [Vec<f32>; 2],
}

impl Cell {
    pub fn new(routing: Routing, seconds: f64, blocks: Blocks) -> Self {
        assert!(routing.inputs() == 2 && routing.outputs() == 2);
        let frames = (seconds * RATE).round().max(1.0) as usize;
        let looped = |channel: u64| {
            let mut samples = noise(channel + 77, LOOP);
            samples.extend_from_within(..LONGEST);
            samples
        };
        Self {
            responses: (0..routing.responses())
                .map(|seed| decay(seed as u64 + 1, frames))
                .collect(),
            routing,
            seconds,
            blocks,
            input: [0, 1].map(looped),
        }
    }

    /// Frames of the impulse.
    pub fn frames(&self) -> usize {
        self.responses[0].len()
    }

    /// Frames of input from sample `at` of the stream on.
    pub fn input(&self, at: usize, frames: usize) -> [&[f32]; 2] {
        let at = at % LOOP;
        [
            &self.input[0][at..at + frames],
            &self.input[1][at..at + frames],
        ]
    }

    /// What the first `frames` of both outputs should be: one large transform in f64.
    pub fn wanted(&self, frames: usize) -> [Vec<f64>; 2] {
        let mut wanted = [vec![0.0; frames], vec![0.0; frames]];
        for path in self.routing.paths() {
            let stream = self.input[path.input][..LOOP].iter().cycle().take(frames);
            let x: Vec<f64> = stream.map(|&x| f64::from(x)).collect();
            let h: Vec<f64> = self.responses[path.response]
                .iter()
                .map(|&h| f64::from(h))
                .collect();
            let sum = &mut wanted[path.output];
            sum.iter_mut()
                .zip(fft::convolve(&x, &h))
                .for_each(|(sum, part)| *sum += part);
        }
        wanted
    }
}

/// Energy of the difference over the wanted energy, dB, over the samples that both have.
pub fn error_db<'a>(pairs: impl Iterator<Item = (&'a [f32], &'a [f64])>) -> f64 {
    let (mut error, mut power) = (0.0, 0.0);
    for (got, wanted) in pairs {
        for (&got, &wanted) in got.iter().zip(wanted) {
            error += (f64::from(got) - wanted).powi(2);
            power += wanted * wanted;
        }
    }
    10.0 * (error / power).log10()
}

/// Decaying noise, −60 dB at its end, of energy one.
pub fn decay(seed: u64, frames: usize) -> Vec<f32> {
    let rate = -6.907_755 / frames as f64;
    let mut tail: Vec<f32> = noise(seed, frames)
        .into_iter()
        .enumerate()
        .map(|(i, x)| x * (rate * i as f64).exp() as f32)
        .collect();
    let energy: f64 = tail.iter().map(|&x| f64::from(x).powi(2)).sum();
    tail.iter_mut()
        .for_each(|x| *x *= energy.sqrt().recip() as f32);
    tail
}

/// White noise in −1…1, the same every time.
pub fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut sample = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| sample()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_blocks_are_the_same_every_time_and_reach_from_1_to_1024() {
        let lengths = Blocks::Random.lengths(1 << 22);
        assert_eq!(lengths, Blocks::Random.lengths(1 << 22));
        assert!(lengths.iter().all(|length| (1..=1024).contains(length)));
        assert!(lengths.contains(&1) && lengths.contains(&1024));
        assert!(lengths.iter().sum::<usize>() >= 1 << 22);
    }

    #[test]
    fn block_lengths_are_read_as_they_are_written() {
        for text in ["1", "441", "8192", "random"] {
            assert_eq!(text.parse::<Blocks>().unwrap().to_string(), text);
        }
        for text in ["0", "8193", "often"] {
            assert!(text.parse::<Blocks>().is_err(), "{text}");
        }
    }
}

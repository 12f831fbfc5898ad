//! WAV files byte by byte, and the measuring instruments of the impulse tests.
#![allow(dead_code, reason = "each test file uses its part")]

use partita::impulse::{ImpulseResponse, Layout};
use std::f64::consts::PI;

/// What a header says; every field can be made to lie.
#[derive(Clone, Debug)]
pub struct Wav {
    pub tag: u16,
    pub channels: u16,
    pub rate: u32,
    /// Bytes per container.
    pub bytes: u16,
    pub bits: u16,
    /// `WAVE_FORMAT_EXTENSIBLE` with this many valid bits.
    pub extensible: Option<u16>,
    /// In place of the true ones.
    pub block: Option<u16>,
    pub data_length: Option<u32>,
    pub riff_length: Option<u32>,
    /// Extra bytes of the `fmt ` chunk.
    pub fmt_extra: Vec<u8>,
    /// Chunks before the data.
    pub before: Vec<u8>,
    pub data: Vec<u8>,
}

impl Wav {
    pub fn new(tag: u16, channels: u16, bits: u16, data: Vec<u8>) -> Self {
        Self {
            tag,
            channels,
            rate: 48_000,
            bytes: bits / 8,
            bits,
            extensible: None,
            block: None,
            data_length: None,
            riff_length: None,
            fmt_extra: Vec::new(),
            before: Vec::new(),
            data,
        }
    }

    pub fn float(channels: u16, samples: &[f32]) -> Self {
        Self::new(3, channels, 32, bytes_of(samples))
    }

    pub fn build(&self) -> Vec<u8> {
        let block = self.block.unwrap_or(self.channels.wrapping_mul(self.bytes));
        let mut fmt = Vec::new();
        let tag = self.extensible.map_or(self.tag, |_| 0xFFFE);
        fmt.extend(tag.to_le_bytes());
        fmt.extend(self.channels.to_le_bytes());
        fmt.extend(self.rate.to_le_bytes());
        fmt.extend(self.rate.wrapping_mul(u32::from(block)).to_le_bytes());
        fmt.extend(block.to_le_bytes());
        fmt.extend(self.bits.to_le_bytes());
        if let Some(valid) = self.extensible {
            fmt.extend(22_u16.to_le_bytes());
            fmt.extend(valid.to_le_bytes());
            fmt.extend(0_u32.to_le_bytes());
            fmt.extend(self.tag.to_le_bytes());
            fmt.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        }
        fmt.extend(&self.fmt_extra);
        let mut body = b"WAVE".to_vec();
        body.extend(chunk(b"fmt ", &fmt));
        body.extend(&self.before);
        body.extend(b"data");
        let length = self.data_length.unwrap_or(self.data.len() as u32);
        body.extend(length.to_le_bytes());
        body.extend(&self.data);
        let mut file = b"RIFF".to_vec();
        file.extend(self.riff_length.unwrap_or(body.len() as u32).to_le_bytes());
        file.extend(body);
        file
    }
}

/// A chunk, padded to an even length.
pub fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((content.len() as u32).to_le_bytes());
    chunk.extend(content);
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

pub fn bytes_of(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// The low `bytes` bytes of each value.
pub fn integers(bytes: usize, values: &[i32]) -> Vec<u8> {
    let low = |value: &i32| value.to_le_bytes()[..bytes].to_vec();
    values.iter().flat_map(low).collect()
}

/// splitmix64: the same numbers on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// From −1 to 1.
    pub fn noise(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

pub fn impulse(rate: u32, layout: Layout, channels: Vec<Vec<f32>>) -> ImpulseResponse {
    ImpulseResponse {
        name: "test".to_owned(),
        sample_rate: rate,
        layout,
        channels,
    }
}

pub fn mono(rate: u32, samples: Vec<f32>) -> ImpulseResponse {
    impulse(rate, Layout::Mono, vec![samples])
}

/// Noise that falls by 60 dB in `decay` seconds, from its first sample on.
pub fn room(rate: u32, seconds: f64, decay: f64, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    let frames = (seconds * f64::from(rate)) as usize;
    (0..frames)
        .map(|n| {
            let level = 10_f64.powf(-3.0 * n as f64 / f64::from(rate) / decay);
            (0.25 * random.noise() * level) as f32
        })
        .collect()
}

/// H(f) = Σ h\[n\] e^(−2πi f n ÷ rate): real and imaginary part, in f64.
pub fn response(samples: &[f32], frequency: f64, rate: u32) -> (f64, f64) {
    let step = 2.0 * PI * frequency / f64::from(rate);
    let mut sum = (0.0, 0.0);
    for (n, &x) in samples.iter().enumerate().filter(|(_, x)| **x != 0.0) {
        let (sin, cos) = (step * n as f64).sin_cos();
        sum.0 += f64::from(x) * cos;
        sum.1 -= f64::from(x) * sin;
    }
    sum
}

pub fn level_db(samples: &[f32], frequency: f64, rate: u32) -> f64 {
    let (re, im) = response(samples, frequency, rate);
    10.0 * (re * re + im * im).log10()
}

//! The impulse itself, inside a preset or a session: compressed without loss, as text.
//!
//! What is guaranteed:
//!
//! - [`Copy::sound`] gives back every sample [`Copy::of`] was given, to the bit: −0, subnormal and beyond full scale too.
//! - Whatever the text says, reading it takes at most twice the memory of the sound that it states, which is at most
//!   [`MAX_SAMPLES`] samples, and of what it holds really gives. What is damaged is an error, never other sound.
//!
//! How: samples that are whole multiples of 2^−`fraction_bits` (any file of integers) become integers, and of these what
//! a polynomial through the samples before does not foretell (T. Robinson, SHORTEN, 1994; FLAC's fixed predictors), the
//! order chosen for each `BLOCK` of samples. Other samples are taken as bits. Either way the four bytes of a sample go into four planes,
//! highest first, since the high ones hardly change; zlib compresses them, base64 makes them text.

use crate::impulse::library::ContentHash;
use crate::impulse::load::{MAX_MAGNITUDE, MAX_SECONDS};
use crate::impulse::{ImpulseResponse, Layout, packed};
use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use base64::write::EncoderStringWriter;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::{self, Read, Write};
use thiserror::Error;

/// The most samples of a copy, all channels together: 128 MiB as `f32`, nearly six minutes of stereo at 48 kHz.
pub const MAX_SAMPLES: u64 = 1 << 25;

/// The one coding there is so far.
const CODING: &str = "planes-zlib";

/// Samples that share a predictor.
const BLOCK: usize = 4096;

/// The highest order of a predictor.
const MAX_ORDER: u8 = 3;

/// Enough: a higher level gains less than 1 % on noise, at three times the work.
const LEVEL: Compression = Compression::new(4);

/// An impulse as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Copy {
    sample_rate: u32,
    layout: Layout,
    channels: u16,
    /// Per channel.
    frames: u64,
    coding: String,
    /// `None`: samples are taken as bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fraction_bits: Option<u32>,
    data: String,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// An impulse of which no copy is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected an impulse that takes at most {limit} bytes of text, but it takes more")]
pub struct TooLarge {
    /// Bytes of text.
    pub limit: usize,
}

/// A copy that cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CopyError {
    /// It was made in a way that is not known here.
    #[error("expected samples in the coding {CODING}, got {coding:?}; a newer Partita may read it")]
    Coding {
        /// The name of the way.
        coding: String,
    },
    /// It states what cannot be.
    #[error("expected {expected}, got {got}")]
    Stated {
        /// What may be.
        expected: String,
        /// What it says.
        got: String,
    },
    /// It is not what was written.
    #[error("expected compressed samples, but they are damaged ({0})")]
    Damaged(String),
}

/// Of a jconvolver `.conf`; a sound file has fewer.
const MOST_CHANNELS: u16 = packed::MAX_SIDE * packed::MAX_SIDE;

impl Copy {
    /// Of `impulse`, if it takes at most `limit` bytes of text. Loader thread.
    pub fn of(impulse: &ImpulseResponse, limit: usize) -> Result<Self, TooLarge> {
        let too_large = TooLarge { limit };
        if impulse.frames() as u64 * impulse.channels.len() as u64 > MAX_SAMPLES {
            return Err(too_large);
        }
        let fraction_bits = fraction_bits(&impulse.channels);
        let data = encode(&impulse.channels, fraction_bits, limit).map_err(|_| too_large)?;
        Ok(Self {
            sample_rate: impulse.sample_rate,
            layout: impulse.layout,
            // What loads has at most MOST_CHANNELS.
            channels: u16::try_from(impulse.channels.len()).map_err(|_| too_large)?,
            frames: impulse.frames() as u64,
            coding: CODING.to_owned(),
            fraction_bits,
            data,
            unknown: Map::new(),
        })
    }

    /// The impulse, called `name`. Loader thread.
    ///
    /// Errors: every [`CopyError`].
    pub fn sound(&self, name: &str) -> Result<ImpulseResponse, CopyError> {
        self.check()?;
        let damaged = |error: io::Error| CopyError::Damaged(error.to_string());
        let (channels, frames) = (usize::from(self.channels), self.frames as usize);
        let text = DecoderReader::new(self.data.as_bytes(), &STANDARD);
        let mut bytes = ZlibDecoder::new(text);
        let blocks = match self.fraction_bits {
            Some(_) => frames.div_ceil(BLOCK),
            None => 0,
        };
        // Grown by what the data gives, not made as large as is stated.
        let orders = read(&mut bytes, channels * blocks, Vec::new(), |orders, byte| {
            orders.push(byte);
        })
        .map_err(damaged)?;
        if let Some(order) = orders.iter().find(|order| **order > MAX_ORDER) {
            return Err(CopyError::Damaged(format!("a predictor of order {order}")));
        }
        let samples = channels * frames;
        let mut coded = read(
            &mut bytes,
            samples,
            Vec::new(),
            |coded: &mut Vec<u32>, byte| {
                coded.push(u32::from(byte));
            },
        )
        .map_err(damaged)?;
        for _ in 1..4 {
            let mut next = 0;
            coded = read(&mut bytes, samples, coded, |coded, byte| {
                coded[next] = coded[next] << 8 | u32::from(byte);
                next += 1;
            })
            .map_err(damaged)?;
        }
        // The end, and with it the check sum.
        match bytes.read(&mut [0]).map_err(damaged)? {
            0 => {}
            _ => return Err(CopyError::Damaged("more samples than stated".to_owned())),
        }
        let mut parts = Vec::with_capacity(channels);
        for channel in (0..channels).rev() {
            let orders = &orders[channel * blocks..(channel + 1) * blocks];
            parts.push(decode(
                &coded[channel * frames..],
                orders,
                self.fraction_bits,
            ));
            coded.truncate(channel * frames);
        }
        parts.reverse();
        let fits = |sample: &f32| (-MAX_MAGNITUDE..=MAX_MAGNITUDE).contains(sample);
        if let Some(sample) = parts.iter().flatten().find(|sample| !fits(sample)) {
            return Err(CopyError::Damaged(format!("a sample of {sample}")));
        }
        Ok(ImpulseResponse {
            name: name.to_owned(),
            sample_rate: self.sample_rate,
            layout: self.layout,
            channels: parts,
        })
    }

    /// Bytes of text.
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Whether what it states can be, without reading the samples.
    ///
    /// Errors: [`CopyError::Coding`], [`CopyError::Stated`].
    pub fn check(&self) -> Result<(), CopyError> {
        let stated = |expected: String, got: String| Err(CopyError::Stated { expected, got });
        if self.coding != CODING {
            let coding = self.coding.chars().take(40).collect();
            return Err(CopyError::Coding { coding });
        }
        if !(1..=MOST_CHANNELS).contains(&self.channels) {
            let expected = format!("1 to {MOST_CHANNELS} channels");
            return stated(expected, self.channels.to_string());
        }
        if self.sample_rate == 0 {
            return stated("a sample rate above 0 Hz".to_owned(), "0 Hz".to_owned());
        }
        let most = u64::from(MAX_SECONDS) * u64::from(self.sample_rate);
        let most = most.min(MAX_SAMPLES / u64::from(self.channels));
        if !(1..=most).contains(&self.frames) {
            return stated(format!("1 to {most} frames"), self.frames.to_string());
        }
        if self.fraction_bits.is_some_and(|bits| bits > MAX_FRACTION) {
            let got = self.fraction_bits.unwrap_or_default().to_string();
            return stated(format!("at most {MAX_FRACTION} fraction bits"), got);
        }
        let channels = usize::from(self.channels);
        let fits = match self.layout {
            Layout::Mono => channels == 1,
            Layout::Stereo => channels == 2,
            Layout::TrueStereo => channels == 4,
            Layout::Matrix => true,
            Layout::MatrixOf { inputs } => channels.is_multiple_of(usize::from(inputs).max(1)),
        };
        if !fits {
            return stated(
                format!("channels that make a layout of {}", self.layout),
                self.channels.to_string(),
            );
        }
        Ok(())
    }
}

/// BLAKE3 of an impulse's sound: `partita sound 1`, rate (u32), layout as text, channels (u16), frames (u64), then channel after
/// channel the samples' bits; numbers little-endian, a 0 after each text. Two files of one sound have the same. Loader thread.
pub fn sound_hash(impulse: &ImpulseResponse) -> ContentHash {
    let mut head = b"partita sound 1\0".to_vec();
    head.extend(impulse.sample_rate.to_le_bytes());
    head.extend(impulse.layout.to_string().bytes().chain([0]));
    head.extend((impulse.channels.len() as u16).to_le_bytes());
    head.extend((impulse.frames() as u64).to_le_bytes());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head);
    let mut bytes = Vec::new();
    for samples in impulse
        .channels
        .iter()
        .flat_map(|channel| channel.chunks(BLOCK))
    {
        bytes.clear();
        bytes.extend(
            samples
                .iter()
                .flat_map(|sample| sample.to_bits().to_le_bytes()),
        );
        hasher.update(&bytes);
    }
    let digits = hasher.finalize().to_hex();
    digits.parse().expect("a hash's digits are a hash's")
}

/// So that 32-bit integers of full scale 1 have room.
const MAX_FRACTION: u32 = 31;

/// `value` in units of 2^−`bits`, if it is a whole number of them that fits.
fn whole(value: f32, bits: u32) -> Option<i32> {
    let scaled = f64::from(value) * f64::from(2_u32).powi(bits as i32);
    let whole = scaled as i32;
    (f64::from(whole) == scaled && from_whole(whole, bits).to_bits() == value.to_bits())
        .then_some(whole)
}

fn from_whole(whole: i32, bits: u32) -> f32 {
    (f64::from(whole) / f64::from(2_u32).powi(bits as i32)) as f32
}

/// The coarsest grid that all samples stand on; `None` if there is none, or if it has no room.
fn fraction_bits(channels: &[Vec<f32>]) -> Option<u32> {
    let mut bits = 0;
    for &sample in channels.iter().flatten() {
        while whole(sample, bits).is_none() {
            bits += 1;
            if bits > MAX_FRACTION {
                return None;
            }
        }
    }
    // A finer grid than the first samples needed may be too fine for them.
    let all = channels
        .iter()
        .flatten()
        .all(|&sample| whole(sample, bits).is_some());
    all.then_some(bits)
}

/// What the polynomial of that order through the samples before foretells.
fn foretold(order: u8, [a, b, c]: [i32; 3]) -> i32 {
    match order {
        0 => 0,
        1 => a,
        2 => a.wrapping_mul(2).wrapping_sub(b),
        _ => a.wrapping_sub(b).wrapping_mul(3).wrapping_add(c),
    }
}

/// Small numbers of either sign to small numbers.
fn folded(value: i32) -> u32 {
    (value << 1 ^ value >> 31) as u32
}

fn unfolded(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

fn encode(channels: &[Vec<f32>], fraction_bits: Option<u32>, limit: usize) -> io::Result<String> {
    let frames = channels.iter().map(Vec::len).max().unwrap_or(0);
    let samples = frames * channels.len();
    let mut orders = Vec::new();
    let mut coded = Vec::with_capacity(samples);
    for channel in channels {
        let Some(bits) = fraction_bits else {
            // The sign last, so that the exponent is one byte.
            coded.extend(channel.iter().map(|sample| sample.to_bits().rotate_left(1)));
            continue;
        };
        let mut before = [0; 3];
        for block in channel.chunks(BLOCK) {
            let integers = block
                .iter()
                .map(|&sample| whole(sample, bits).unwrap_or_default());
            let integers: Vec<i32> = integers.collect();
            let cost = |order: &u8| {
                let mut past = before;
                let each = integers.iter().map(|&now| {
                    let residue = now.wrapping_sub(foretold(*order, past));
                    past = [now, past[0], past[1]];
                    u64::from(folded(residue))
                });
                each.sum::<u64>()
            };
            let order = (0..=MAX_ORDER).min_by_key(cost).unwrap_or_default();
            orders.push(order);
            for now in integers {
                coded.push(folded(now.wrapping_sub(foretold(order, before))));
                before = [now, before[0], before[1]];
            }
        }
    }
    let text = Limited {
        text: EncoderStringWriter::new(&STANDARD),
        // Four letters for three bytes.
        left: limit / 4 * 3,
    };
    let mut zlib = ZlibEncoder::new(text, LEVEL);
    zlib.write_all(&orders)?;
    let mut plane = Vec::with_capacity(BLOCK);
    for shift in [24, 16, 8, 0] {
        for block in coded.chunks(BLOCK) {
            plane.clear();
            plane.extend(block.iter().map(|sample| (sample >> shift) as u8));
            zlib.write_all(&plane)?;
        }
    }
    Ok(zlib.finish()?.text.into_inner())
}

fn decode(coded: &[u32], orders: &[u8], fraction_bits: Option<u32>) -> Vec<f32> {
    let Some(bits) = fraction_bits else {
        let samples = coded
            .iter()
            .map(|bits| f32::from_bits(bits.rotate_right(1)));
        return samples.collect();
    };
    let mut before = [0; 3];
    let mut samples = Vec::with_capacity(coded.len());
    for (block, &order) in coded.chunks(BLOCK).zip(orders) {
        for &residue in block {
            let now = unfolded(residue).wrapping_add(foretold(order, before));
            samples.push(from_whole(now, bits));
            before = [now, before[0], before[1]];
        }
    }
    samples
}

/// Exactly `count` bytes of `from`, each given to `take` with what there is so far.
fn read<T>(
    from: &mut impl Read,
    count: usize,
    mut into: T,
    mut take: impl FnMut(&mut T, u8),
) -> io::Result<T> {
    let mut buffer = [0; 1 << 13];
    let mut left = count;
    while left > 0 {
        let part = left.min(buffer.len());
        from.read_exact(&mut buffer[..part])?;
        for &byte in &buffer[..part] {
            take(&mut into, byte);
        }
        left -= part;
    }
    Ok(into)
}

/// A text that stops growing.
struct Limited<W> {
    text: W,
    left: usize,
}

impl<W: Write> Write for Limited<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self
            .left
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        self.text.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.text.flush()
    }
}

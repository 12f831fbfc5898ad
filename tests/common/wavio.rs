//! WAV files for tests: written and read by hound, so that neither side is the code under test, and the direct
//! convolution to hold results against.
#![allow(dead_code)]

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::fs;
use std::path::Path;

/// Noise in −0.5 … 0.5, the same for the same seed.
pub fn noise(seed: u64, frames: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Through f32, so that a float file holds it exactly.
        f64::from(((state >> 40) as f32) / 16_777_216.0 - 0.5)
    };
    (0..frames).map(|_| next()).collect()
}

/// Writes channels of samples, full scale 1, rounded to `bits` if they are integers. Gives what the file really holds.
pub fn write(
    path: &Path,
    sample_rate: u32,
    bits: u16,
    sample_format: SampleFormat,
    channels: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    let spec = WavSpec {
        channels: channels.len() as u16,
        sample_rate,
        bits_per_sample: bits,
        sample_format,
    };
    let mut writer = WavWriter::create(path, spec).expect("a new file");
    let scale = f64::from(2_u32.pow(u32::from(bits) - 1));
    let mut held = vec![Vec::new(); channels.len()];
    for frame in 0..channels[0].len() {
        for (channel, held) in channels.iter().zip(&mut held) {
            let sample = channel[frame];
            match sample_format {
                SampleFormat::Float => {
                    writer.write_sample(sample as f32).expect("written");
                    held.push(f64::from(sample as f32));
                }
                SampleFormat::Int => {
                    let value = (sample * scale).round().clamp(-scale, scale - 1.0);
                    writer.write_sample(value as i32).expect("written");
                    held.push(value / scale);
                }
            }
        }
    }
    writer.finalize().expect("finished");
    held
}

/// Writes a float file at 48 kHz.
pub fn write_f32(path: &Path, channels: &[Vec<f64>]) -> Vec<Vec<f64>> {
    write(path, 48_000, 32, SampleFormat::Float, channels)
}

/// Reads a file: its header and its channels, full scale 1.
pub fn read(path: &Path) -> (WavSpec, Vec<Vec<f64>>) {
    let mut reader = WavReader::open(path).expect("a WAV file that hound can read");
    let spec = reader.spec();
    let samples: Vec<f64> = match spec.sample_format {
        SampleFormat::Float => {
            let samples = reader.samples::<f32>();
            samples
                .map(|sample| f64::from(sample.expect("a sample")))
                .collect()
        }
        SampleFormat::Int => {
            let scale = f64::from(2_u32.pow(u32::from(spec.bits_per_sample) - 1));
            let samples = reader.samples::<i32>();
            samples
                .map(|sample| f64::from(sample.expect("a sample")) / scale)
                .collect()
        }
    };
    let count = usize::from(spec.channels);
    let channel = |index| samples.iter().copied().skip(index).step_by(count).collect();
    (spec, (0..count).map(channel).collect())
}

/// Σ h\[k\] x\[n − k\], directly.
pub fn convolve(x: &[f64], h: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; x.len() + h.len() - 1];
    for (at, x) in x.iter().enumerate() {
        for (y, h) in y[at..].iter_mut().zip(h) {
            *y += x * h;
        }
    }
    y
}

/// RMS of the difference, in dB relative to the RMS of what was expected.
pub fn error_db(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len(), "lengths");
    let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
    let error = power(
        &mut got
            .iter()
            .zip(expected)
            .map(|(got, expected)| got - expected),
    );
    10.0 * (error / power(&mut expected.iter().copied())).log10()
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

/// A header of PCM or float samples, followed by nothing: as a test needs it.
pub fn header(tag: u16, channels: u16, sample_rate: u32, bits: u16, data: u32) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut head = Vec::new();
    head.extend(b"RIFF");
    head.extend(data.wrapping_add(36).to_le_bytes());
    head.extend(b"WAVEfmt ");
    head.extend(16_u32.to_le_bytes());
    head.extend(tag.to_le_bytes());
    head.extend(channels.to_le_bytes());
    head.extend(sample_rate.to_le_bytes());
    head.extend((sample_rate * u32::from(block)).to_le_bytes());
    head.extend(block.to_le_bytes());
    head.extend(bits.to_le_bytes());
    head.extend(b"data");
    head.extend(data.to_le_bytes());
    head
}

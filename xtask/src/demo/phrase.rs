//! A phrase to convolve: eight plucked notes and a clap, dry, stereo, 48 kHz.

use std::path::Path;

const RATE: u32 = 48_000;

/// Writes the phrase as a 24-bit WAV.
pub fn write(path: &Path) -> Result<(), hound::Error> {
    let frames = 4 * RATE as usize;
    let mut left = vec![0.0f32; frames];
    let mut right = vec![0.0f32; frames];
    // A minor ninth, upwards and back: Hz.
    let notes = [110.0, 164.81, 220.0, 261.63, 329.63, 493.88, 329.63, 261.63];
    for (index, pitch) in notes.into_iter().enumerate() {
        let start = index * RATE as usize / 4;
        let pan = 0.3 + 0.4 * index as f32 / 7.0;
        for (i, sample) in pluck(pitch, RATE as usize, index as u32 + 1)
            .into_iter()
            .enumerate()
        {
            left[start + i] += sample * (1.0 - pan);
            right[start + i] += sample * pan;
        }
    }
    for (i, sample) in clap().into_iter().enumerate() {
        left[RATE as usize * 5 / 2 + i] += sample;
        right[RATE as usize * 5 / 2 + i] += sample;
    }
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for sample in left.into_iter().zip(right).flat_map(|(l, r)| [l, r]) {
        writer.write_sample((sample.clamp(-0.99, 0.99) * 8_388_607.0) as i32)?;
    }
    writer.finalize()
}

/// Noise in −1…1, the same every time.
fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut sample = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| sample()).collect()
}

/// A plucked string (Karplus & Strong 1983): noise going round a loop that averages neighbours.
fn pluck(pitch: f32, frames: usize, seed: u32) -> Vec<f32> {
    let period = (RATE as f32 / pitch) as usize;
    let mut string = noise(seed, period);
    let mut out = Vec::with_capacity(frames);
    for i in 0..frames {
        let next = 0.497 * (string[i % period] + string[(i + 1) % period]);
        out.push(0.55 * std::mem::replace(&mut string[i % period], next));
    }
    out
}

/// A hand clap: a burst of noise that is gone after 30 ms.
fn clap() -> Vec<f32> {
    let fade = |(i, x): (usize, f32)| 0.7 * x * (-(i as f32) / 300.0).exp();
    noise(99, RATE as usize / 30)
        .into_iter()
        .enumerate()
        .map(fade)
        .collect()
}

//! The phrase that is played: six plucked notes, damped by the hand and dry.

/// Samples per second.
pub const RATE: u32 = 48_000;

/// Seconds after which a note begins, its pitch in Hz and its level.
const NOTES: [(f64, f64, f32); 6] = [
    (0.0, 220.0, 0.6),
    (0.12, 329.63, 0.5),
    (0.24, 440.0, 0.55),
    (0.90, 523.25, 0.5),
    (1.02, 493.88, 0.5),
    (1.14, 164.81, 0.6),
];

/// Seconds of the phrase.
const LENGTH: f64 = 1.7;

/// The phrase in 16 bits, so that what the page plays is exactly what the engine is given.
pub fn phrase() -> Vec<f32> {
    let frames = (LENGTH * f64::from(RATE)) as usize;
    let mut sound = vec![0.0; frames];
    for (seed, (start, pitch, level)) in NOTES.into_iter().enumerate() {
        let start = (start * f64::from(RATE)) as usize;
        let note = pluck(pitch, frames - start, seed as u32 + 1);
        for (sample, note) in sound[start..].iter_mut().zip(note) {
            *sample += level * note;
        }
    }
    // The last 150 ms fade, so that nothing clicks.
    let fade = (0.15 * f64::from(RATE)) as usize;
    for (left, sample) in sound.iter_mut().rev().take(fade).enumerate() {
        *sample *= left as f32 / fade as f32;
    }
    let exact = |sample: f32| f32::from(super::wav::rounded(sample)) / super::wav::FULL_SCALE;
    sound.into_iter().map(exact).collect()
}

/// A plucked string: noise that goes round a loop and is averaged with its neighbour (Karplus & Strong 1983).
fn pluck(pitch: f64, frames: usize, seed: u32) -> Vec<f32> {
    let period = (f64::from(RATE) / pitch).round() as usize;
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let mut string: Vec<f32> = (0..period).map(|_| noise()).collect();
    // A finger rather than a nail: the noise is averaged four times before it sounds.
    for _ in 0..4 {
        let first = string[0];
        for i in 0..period {
            string[i] = 0.5 * (string[i] + string.get(i + 1).unwrap_or(&first));
        }
    }
    let strongest = string
        .iter()
        .fold(0.0f32, |most, sample| most.max(sample.abs()));
    (0..frames)
        .map(|i| {
            let (at, next) = (i % period, (i + 1) % period);
            let out = string[at] / strongest;
            string[at] = 0.494 * (string[at] + string[next]);
            out
        })
        .collect()
}

//! Echoes: spikes at chosen times.

use super::filter::{Biquad, Keep};
use super::{SAMPLE_RATE, frames};

/// The textbook's f * g with two spikes: the sound, and one copy, half as loud, 400 ms later.
///
/// Both are exact in 24 bits: 0.75 and 0.375. Mono, so each channel of the signal meets the same echo.
pub fn two_spikes() -> Vec<Vec<f64>> {
    let mut spikes = vec![0.0; frames(0.4) + 1];
    spikes[0] = 0.75;
    spikes[frames(0.4)] = 0.375;
    vec![spikes]
}

/// Time between two repeats in seconds: an eighth note at 120 beats per minute.
const STEP: f64 = 0.25;
/// Each repeat against the one before, −5 dB.
const FEEDBACK: f64 = 0.562;
/// Repeats: the last is 45 dB below the first.
const REPEATS: usize = 10;

/// Repeats that bounce left, right, left…, each darker and thinner than the one before, as in a tape delay.
///
/// True stereo. There is one path of bounces for everything: the left input enters it on the left after one step,
/// the right input on the right after two. So a source on the left or on the right begins on its own side,
/// and a source in the middle, which is in both inputs, bounces too: with mirrored paths its repeats
/// would come from both sides at once. The dry sound is not in it.
pub fn ping_pong() -> Vec<Vec<f64>> {
    let length = frames(STEP) * REPEATS + frames(0.05);
    let mut paths = vec![vec![0.0; length]; 4];
    let mut repeat = vec![0.0; frames(0.05)];
    repeat[0] = 0.75;
    for generation in 1..=REPEATS {
        let start = frames(STEP) * generation;
        let side = (generation + 1) % 2;
        for (out, sample) in paths[side][start..].iter_mut().zip(&repeat) {
            *out += sample;
        }
        if generation > 1 {
            for (out, sample) in paths[2 + side][start..].iter_mut().zip(&repeat) {
                *out += sample;
            }
        }
        darken(&mut repeat);
    }
    paths
}

/// Once round the loop: a gentle low-pass and high-pass and the feedback's gain.
fn darken(repeat: &mut [f64]) {
    // Quality 0.5: two equal real poles, so that ten of them in a row do not ring.
    let mut low = Biquad::new(Keep::Low, 9000.0, 0.5);
    let mut high = Biquad::new(Keep::High, 45.0, 0.5);
    let fade = 0.01 * SAMPLE_RATE;
    let length = repeat.len() as f64;
    for (n, sample) in repeat.iter_mut().enumerate() {
        let end = ((length - n as f64) / fade).min(1.0);
        *sample = FEEDBACK * end * high.tick(low.tick(*sample));
    }
}

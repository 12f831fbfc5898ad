//! Echoes: spikes at chosen times.

use super::filter::{Biquad, Keep};
use super::{SAMPLE_RATE, fade_out, frames, normalise};

/// The textbook's f * g with two spikes: the sound, and one copy, half as loud, 400 ms later.
///
/// Both are exact in 24 bits: 0.75 and 0.375. Mono, so each channel of the signal meets the same
/// echo.
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

/// Repeats that bounce left, right, left…, each darker and thinner than the one before, as in a
/// tape delay.
///
/// True stereo. There is one path of bounces for everything: the left input enters it on the left
/// after one step, the right input on the right after two. So a source on the left or on the right
/// begins on its own side, and a source in the middle, which is in both inputs, bounces too: with
/// mirrored paths its repeats would come from both sides at once. The dry sound is not in it.
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

/// One repeat of tape, 118 ms behind the sound, as singers and guitars had it in 1956.
pub fn slap() -> Vec<Vec<f64>> {
    vec![repeats(&[(0.118, 1)], &TAPE)]
}

/// A tape machine's repeats, 330 ms apart, each worn a little more than the one before.
pub fn tape() -> Vec<Vec<f64>> {
    let times: Vec<(f64, usize)> = (1..=8).map(|k| (0.330 * k as f64, k)).collect();
    vec![repeats(&times, &TAPE)]
}

/// Repeats a dotted eighth apart at 120 beats per minute: eighths played become sixteenths heard.
pub fn dotted_eighth() -> Vec<Vec<f64>> {
    let times: Vec<(f64, usize)> = (1..=6).map(|k| (0.375 * k as f64, k)).collect();
    vec![repeats(&times, &CLEAN)]
}

/// Eight taps in no metre, spread from side to side, ever farther apart.
pub fn multi_tap() -> Vec<Vec<f64>> {
    let taps = [
        (0.083, 1.00, -0.7),
        (0.146, 0.86, 0.7),
        (0.229, 0.75, -0.35),
        (0.322, 0.66, 0.45),
        (0.427, 0.57, -0.9),
        (0.553, 0.50, 0.9),
        (0.701, 0.42, -0.1),
        (0.872, 0.36, 0.25),
    ];
    panned(&taps)
}

/// The tresillo, 3 + 3 + 2 sixteenths at 120 beats per minute, left and right.
pub fn tresillo() -> Vec<Vec<f64>> {
    let taps = [
        (0.375, 1.00, -0.6),
        (0.750, 0.80, 0.6),
        (1.000, 0.70, 0.0),
        (1.375, 0.50, 0.6),
        (1.750, 0.40, -0.6),
    ];
    panned(&taps)
}

/// A machine that repeats: what each repeat keeps of the one before.
struct Machine {
    /// Its amplitude.
    feedback: f64,
    /// Corners of its low-pass and its high-pass in Hz.
    corners: [f64; 2],
}

const TAPE: Machine = Machine {
    feedback: 0.66,
    corners: [5200.0, 90.0],
};

const CLEAN: Machine = Machine {
    feedback: 0.50,
    corners: [12_000.0, 60.0],
};

/// How long a repeat rings in seconds: ten times through a high-pass of 60 Hz.
const RING: f64 = 0.08;

/// Repeats at seconds, each so many times through the machine.
fn repeats(times: &[(f64, usize)], machine: &Machine) -> Vec<f64> {
    let last = times
        .iter()
        .fold(0.0_f64, |last, (time, _)| last.max(*time));
    let mut output = vec![0.0; frames(last) + frames(RING)];
    for (time, passes) in times {
        let mut repeat = vec![0.0; frames(RING)];
        repeat[0] = 1.0 / machine.feedback;
        for _ in 0..*passes {
            machine.pass(&mut repeat);
        }
        fade_out(&mut repeat, 0.4);
        add(&mut output, &repeat, *time, 1.0);
    }
    let mut channels = [output];
    normalise(&mut channels, 0.75);
    let [output] = channels;
    output
}

impl Machine {
    fn pass(&self, signal: &mut [f64]) {
        // Two equal real poles: many of them in a row do not ring.
        let mut low = Biquad::new(Keep::Low, self.corners[0], 0.5);
        let mut high = Biquad::new(Keep::High, self.corners[1], 0.5);
        for sample in signal {
            *sample = self.feedback * high.tick(low.tick(*sample));
        }
    }
}

/// Taps of seconds, amplitude and place (−1 left, 1 right) with equal power, each a little darker
/// than the one before. Left and right.
fn panned(taps: &[(f64, f64, f64)]) -> Vec<Vec<f64>> {
    let last = taps
        .iter()
        .fold(0.0_f64, |last, (time, ..)| last.max(*time));
    let mut channels = vec![vec![0.0; frames(last) + frames(RING)]; 2];
    let soft = Machine {
        feedback: 1.0,
        corners: [14_000.0, 40.0],
    };
    let mut repeat = vec![0.0; frames(RING)];
    repeat[0] = 1.0;
    for (time, amplitude, place) in taps {
        soft.pass(&mut repeat);
        let mut tap = repeat.clone();
        fade_out(&mut tap, 0.4);
        let angle = core::f64::consts::FRAC_PI_4 * (1.0 + place);
        add(&mut channels[0], &tap, *time, amplitude * libm::cos(angle));
        add(&mut channels[1], &tap, *time, amplitude * libm::sin(angle));
    }
    normalise(&mut channels, 0.75);
    channels
}

fn add(output: &mut [f64], repeat: &[f64], time: f64, gain: f64) {
    for (out, sample) in output[frames(time)..].iter_mut().zip(repeat) {
        *out += gain * sample;
    }
}

//! What no space does: reverberation that stops at once, or runs backwards.

use super::bands::{self, Curve};
use super::filter::{self, Keep};
use super::random::Random;
use super::space::arrival;
use super::{SAMPLE_RATE, fade_out, frames, normalise};

/// Decay time in seconds of what the gate cuts: long against the gate, so that it stays loud.
const GATED_TIME: Curve = Curve([0.80, 0.90, 1.00, 1.00, 0.95, 0.85, 0.70, 0.50]);
/// How long the gate is open and how long it takes to close, in seconds.
pub const GATE: [f64; 2] = [0.23, 0.035];

/// A dense burst that ends after a quarter of a second, as behind the drums of 1981. Left and right.
pub fn gated() -> Vec<Vec<f64>> {
    let length = frames(GATE[0] + GATE[1]);
    let mut channels = tails(0x47_41_54_45, length, GATED_TIME, 0.004);
    for channel in &mut channels {
        fade_out(channel, GATE[1] / (GATE[0] + GATE[1]));
    }
    normalise(&mut channels, 0.7);
    channels
}

/// Rise time in seconds for 60 dB of the backward tail, as an octave measures it after turning it
/// round.
pub const REVERSE_TIME: Curve = Curve([1.10, 1.15, 1.15, 1.10, 1.05, 0.95, 0.80, 0.60]);
/// Its length in seconds.
const REVERSE: f64 = 1.1;

/// A tail that grows from nothing and stops. Left and right.
pub fn reverse() -> Vec<Vec<f64>> {
    let mut channels = tails(0x52_45_56, frames(REVERSE), REVERSE_TIME, 0.004);
    for channel in &mut channels {
        // Four milliseconds: a stop, not a click. Before the high-pass, which leaves no DC.
        channel.reverse();
        fade_out(channel, 0.004 / REVERSE);
        channel.reverse();
        filter::apply(filter::butterworth(Keep::High, 60.0, 1), channel);
        fade_out(channel, 0.25);
        channel.reverse();
    }
    normalise(&mut channels, 0.7);
    channels
}

/// Two diffuse fields that become dense within `dense` seconds.
fn tails(seed: u64, length: usize, time: Curve, dense: f64) -> Vec<Vec<f64>> {
    let tail = |side| {
        let mut random = Random::new(seed + side);
        let noise: Vec<f64> = (0..length)
            .map(|n| {
                let growth = n as f64 / SAMPLE_RATE / dense;
                let density = 2000.0 / SAMPLE_RATE * growth * growth;
                // The beginning is as loud as the rest, however few the arrivals.
                arrival(density.max(0.02), &mut random)
            })
            .collect();
        let mut tail = bands::decay(&noise, time);
        filter::apply(filter::butterworth(Keep::High, 90.0, 1), &mut tail);
        filter::apply(filter::butterworth(Keep::Low, 11_000.0, 1), &mut tail);
        tail
    };
    vec![tail(0), tail(1)]
}

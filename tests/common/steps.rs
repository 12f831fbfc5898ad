//! Steps in a sine, measured.
//!
//! What a smooth change does to a sine lies near the sine; a step is heard everywhere. So the sound goes through a
//! linear-phase high-pass at 6 kHz, −140 dB at the sine. The sample beside a step comes out of it at ½ − 6 ÷ 48 of its
//! height, and by that the largest sample left is divided.

use std::f64::consts::{PI, TAU};

pub const RATE: u32 = 48_000;
const HZ: f64 = 997.0;

/// Modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..60 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// A low-pass at 6 kHz with a Kaiser window of −140 dB (β = 14): what a high-pass takes away.
fn low_pass() -> Vec<f64> {
    let (half, corner) = (255_i32, 6_000.0 / f64::from(RATE));
    (-half..=half)
        .map(|n| {
            let x = f64::from(n);
            let window = bessel(14.0 * (1.0 - (x / f64::from(half)).powi(2)).sqrt()) / bessel(14.0);
            let sinc = if n == 0 {
                2.0 * corner
            } else {
                (TAU * corner * x).sin() / (PI * x)
            };
            window * sinc
        })
        .collect()
}

/// The height of the worst step, in dBFS.
pub fn steps_db(sound: &[f32]) -> f64 {
    let low_pass = low_pass();
    let middle = low_pass.len() / 2;
    let worst = sound.windows(low_pass.len()).map(|window| {
        let low: f64 = window
            .iter()
            .zip(&low_pass)
            .map(|(x, h)| f64::from(*x) * h)
            .sum();
        (f64::from(window[middle]) - low).abs()
    });
    20.0 * (worst.fold(1e-12, f64::max) / 0.375).log10()
}

pub fn sine(frames: usize, phase: f64) -> Vec<f32> {
    let step = TAU * HZ / f64::from(RATE);
    (0..frames)
        .map(|n| (step * n as f64 + phase).sin() as f32)
        .collect()
}

//! A tap set down in the channels: how loud on each, through its own cuts, spread its own way.

use super::{Tap, spike};
use crate::impulse::Layout;
use crate::impulse::filter::{Cuts, Slope};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, SQRT_2};

/// A tap in samples, ready to be set down at any time.
pub(super) struct Row {
    /// When, in samples.
    pub(super) at: f64,
    pub(super) gain_db: f32,
    /// 1, or −1 for an inverted tap.
    pub(super) sign: f64,
    /// From −1, left, to 1, right.
    pub(super) pan: f64,
    cuts: Option<Cuts>,
    /// For the left output and for the right: what one spike becomes.
    bursts: [Vec<(usize, f64)>; 2],
}

impl Row {
    pub(super) fn new(tap: &Tap, index: usize, at: f64, sample_rate: u32) -> Self {
        let burst = |side| {
            spike::burst(
                f64::from(tap.diffusion_percent) / 100.0,
                f64::from(sample_rate),
                2 * index as u64 + side,
            )
        };
        Self {
            at,
            gain_db: tap.gain_db,
            sign: tap.polarity.sign(),
            pan: f64::from(tap.pan_percent) / 100.0,
            cuts: Cuts::new(tap.low_cut_hz, tap.high_cut_hz, Slope::Db12, sample_rate),
            bursts: [burst(0), burst(1)],
        }
    }

    /// Samples that it may take beyond its time.
    pub(super) fn ringing(&self) -> usize {
        let bursts = self.bursts.iter().filter_map(|burst| burst.last());
        let burst = bursts.map(|(after, _)| *after).max().unwrap_or(0);
        spike::HALF + burst + self.cuts.as_ref().map_or(0, Cuts::ringing)
    }

    /// Adds it at sample `at` to every channel, with that channel's gain. Channels are left, right, left, right.
    pub(super) fn add(&self, channels: &mut [Vec<f64>], at: f64, gains: &[f64]) {
        let (first, kernel) = spike::at(at);
        for (index, (channel, gain)) in channels.iter_mut().zip(gains).enumerate() {
            let burst = &self.bursts[index % 2];
            let length = kernel.len() + burst.last().map_or(0, |(after, _)| *after);
            if *gain == 0.0 {
                continue;
            }
            let ringing = self.cuts.as_ref().map_or(0, Cuts::ringing);
            let mut sound = vec![0.0; length + ringing];
            for (after, strength) in burst {
                for (sound, kernel) in sound[*after..].iter_mut().zip(&kernel) {
                    *sound += gain * strength * kernel;
                }
            }
            if let Some(cuts) = &self.cuts {
                cuts.run(&mut sound);
            }
            for (sum, sound) in channel.iter_mut().skip(first).zip(sound) {
                *sum += sound;
            }
        }
    }
}

/// What each channel has of a tap at `pan`, from −1 to 1: one in the middle has 1 on each side of the sound.
pub(super) fn gains(layout: Layout, pan: f64) -> [f64; 4] {
    match layout {
        Layout::Mono => [1.0; 4],
        _ if pan == 0.0 && layout == Layout::Stereo => [1.0; 4],
        Layout::Stereo => {
            let angle = (pan + 1.0) * FRAC_PI_4;
            [
                side(SQRT_2 * angle.cos()),
                side(SQRT_2 * angle.sin()),
                0.0,
                0.0,
            ]
        }
        _ => {
            // The far side turns over to the near one; the whole is scaled to the power that a sound in the middle
            // has there: (1 + sin)² + cos² = 2 (1 + sin).
            let angle = pan.abs() * FRAC_PI_2;
            let scale = (1.0 + angle.sin()).sqrt().recip();
            let (stays, moves) = (side(scale * angle.cos()), scale * angle.sin());
            if pan < 0.0 {
                [scale, 0.0, moves, stays]
            } else {
                [stays, moves, 0.0, scale]
            }
        }
    }
}

/// A cosine of a right angle is 6 · 10⁻¹⁷ in f64, and stands for nothing.
fn side(gain: f64) -> f64 {
    if gain < 1e-12 { 0.0 } else { gain }
}

pub(super) fn decibels(db: f64) -> f64 {
    10_f64.powf(db / 20.0)
}

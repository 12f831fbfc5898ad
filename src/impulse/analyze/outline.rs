//! Level, beginning and end.

use super::level;
use crate::impulse::ImpulseResponse;
use serde::Serialize;

/// What one look at the samples tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outline {
    /// Length in frames.
    pub frames: usize,
    /// Length in seconds.
    pub seconds: f64,
    /// The largest sample. `None` in silence.
    pub peak: Option<Peak>,
    /// Σh² of all channels, in dB; 0 dB is a single full-scale sample. `None` in silence.
    pub energy_db: Option<f64>,
    /// Σh² of each channel, in dB.
    pub channel_energy_db: Vec<Option<f64>>,
    /// First frame within 20 dB of the peak, in any channel: where the direct sound arrives (ISO 3382-1, 5.3.2).
    /// `None` in silence.
    pub onset_frame: Option<usize>,
    /// Time before the onset in ms.
    pub leading_silence_ms: Option<f64>,
    /// Frames until the level stays 120 dB below the peak: what a tail must hold. 0 in silence.
    pub audible_frames: usize,
}

/// The largest sample by magnitude; of equals, the first in time, then in channel order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Peak {
    /// Its level in dBFS.
    pub dbfs: f64,
    /// Its channel, from 0.
    pub channel: usize,
    /// Its frame, from 0.
    pub frame: usize,
}

/// Below the peak, in dB: where sound begins.
const ONSET_DB: f64 = -20.0;

/// Below the peak, in dB: what nobody will hear.
const INAUDIBLE_DB: f64 = -120.0;

/// Levels, beginning and end of `impulse`. Loader thread.
pub fn outline(impulse: &ImpulseResponse) -> Outline {
    let loudest = peak(impulse);
    let above = |db: f64| {
        let level = loudest.map(|(magnitude, _)| f64::from(magnitude) * 10_f64.powf(db / 20.0));
        move |sample: &f32| level.is_some_and(|level| f64::from(sample.abs()) >= level)
    };
    let onset_frame = impulse
        .channels
        .iter()
        .filter_map(|channel| channel.iter().position(above(ONSET_DB)))
        .min();
    let audible_frames = impulse
        .channels
        .iter()
        .filter_map(|channel| channel.iter().rposition(above(INAUDIBLE_DB)))
        .max()
        .map_or(0, |last| last + 1);
    let energies: Vec<f64> = impulse
        .channels
        .iter()
        .map(|channel| channel.iter().map(|&x| f64::from(x) * f64::from(x)).sum())
        .collect();
    let milliseconds = 1000.0 / f64::from(impulse.sample_rate.max(1));
    Outline {
        frames: impulse.frames(),
        seconds: impulse.seconds(),
        peak: loudest.map(|(_, peak)| peak),
        energy_db: decibels(energies.iter().sum()),
        channel_energy_db: energies.iter().map(|&energy| decibels(energy)).collect(),
        onset_frame,
        leading_silence_ms: onset_frame.map(|frame| frame as f64 * milliseconds),
        audible_frames,
    }
}

fn peak(impulse: &ImpulseResponse) -> Option<(f32, Peak)> {
    let mut loudest: Option<(f32, Peak)> = None;
    for (channel, samples) in impulse.channels.iter().enumerate() {
        for (frame, sample) in samples.iter().enumerate() {
            let magnitude = sample.abs();
            let wins = match loudest {
                Some((best, peak)) => magnitude > best || (magnitude == best && frame < peak.frame),
                None => magnitude > 0.0,
            };
            if wins {
                let dbfs = 20.0 * f64::from(magnitude).log10();
                loudest = Some((
                    magnitude,
                    Peak {
                        dbfs,
                        channel,
                        frame,
                    },
                ));
            }
        }
    }
    loudest
}

/// First frame of one channel within 20 dB of its peak (ISO 3382-1, 5.3.2). `None` in silence. Loader thread.
pub fn onset(samples: &[f32]) -> Option<usize> {
    let peak = level::peak(samples);
    let level = f64::from(peak) * 10_f64.powf(ONSET_DB / 20.0);
    samples
        .iter()
        .position(|x| peak > 0.0 && f64::from(x.abs()) >= level)
}

/// `None` for no energy at all.
fn decibels(energy: f64) -> Option<f64> {
    (energy > 0.0).then(|| 10.0 * energy.log10())
}

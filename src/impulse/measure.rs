//! A room, from the recording of a sweep that was played in it: [`Sweep`] → recording → [`Measurement`].
//!
//! Guaranteed: within the range the impulse is what the sound went through, to the last of the recording's digits; what
//! a loudspeaker adds of its own harmonics is not in it but in [`Distortion`]; nothing sounds before the direct
//! sound but the ringing of the range's upper edge. No samples make it panic.
//!
//! # What noise remains
//!
//! White noise of RMS σ in a recording becomes, in the impulse, noise of
//!
//! ```text
//! σ · 2 / (A · f_s) · √((f₂² − f₁²) / (L · f_s)),   L = T / ln(f₂ / f₁)
//! ```
//!
//! for a sweep of amplitude A that takes T from f₁ to f₂: each doubling of T, or of the repeats, takes 3 dB off. (The
//! sweep's power spectrum is (A f_s / 2)² L / f; the mean of its inverse over the bins is the gain of σ².)
//!
//! # Which order
//!
//! The sweeps are found in the recording (`find`), deconvolved (`deconvolve`), held against each other (`repeats`)
//! and averaged; the harmonics are measured (`distortion`) and cut off, and what is missing below the range is
//! completed (`below`). A loopback, recorded together with the microphones, takes out the colour of the device, its
//! latency, and the drift of its clock.
//!
//! Memory: some twelve buffers of f64 of the transform's size, the next power of two above a sweep and its silence;
//! one more for each repeat.

mod band;
mod below;
mod deconvolve;
mod distortion;
mod fault;
mod find;
mod played;
mod repeats;
mod setup;
mod sweep;

pub use distortion::{Distortion, Order};
pub use fault::{Channel, MeasureError, Notice, QUIET_DBFS, SILENT_DBFS};
pub use played::{Other, Played};
pub use sweep::{BadSweep, LEAD_SECONDS, Sweep};

use super::analyze::level;
use super::ixml::{Ixml, RecordingMethod, Track};
use super::{ImpulseResponse, Layout};
use band::smooth;
use serde::Serialize;
use setup::Setup;

/// What was recorded while it was played.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording<'a> {
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// The microphones, full scale = 1.
    pub microphones: Vec<&'a [f32]>,
    /// What went straight from output to input, recorded together with them.
    pub loopback: Option<&'a [f32]>,
}

/// Where an impulse begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Just before the direct sound.
    #[default]
    DirectSound,
    /// When the sweep was played: the way through the air is part of it. Known with a loopback only; without one it begins
    /// before the direct sound.
    Played,
}

/// An impulse, and how well it was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// The impulse, up to the end of the silence after the sweep: [`finish`] cuts it.
    #[serde(skip)]
    pub impulse: ImpulseResponse,
    /// Frame of the first direct sound in it.
    pub direct_frame: usize,
    /// From the loopback to the first direct sound, in ms. `None` without a loopback.
    pub travel_ms: Option<f64>,
    /// Frames by which it is later than [`Start`] says, for the ringing of the range's upper edge to have room. Usually 0.
    pub delay_frames: usize,
    /// Sweeps in the recording.
    pub sweeps_found: usize,
    /// Sweeps that the impulse was made of.
    pub sweeps_used: usize,
    /// How much longer the recording is than what was played, in parts per million, put right if the sweep is known.
    /// `None` with a loopback, which makes it no matter, and with one repeat, which does not tell.
    pub drift_ppm: Option<f64>,
    /// What one repeat has of its own, noise for the most part, in dB of the response's energy. `None` with one repeat.
    pub repeats_differ_db: Option<f64>,
    /// The largest sample of any microphone, in dBFS.
    pub peak_dbfs: f64,
    /// RMS of the loudest microphone during the first sweep, in dBFS.
    pub sweep_dbfs: f64,
    /// RMS of the same microphone before the first sweep, in dBFS. `None` if there is no tenth of a second of that.
    pub noise_dbfs: Option<f64>,
    /// Harmonic distortion at the loudest microphone. `None` if the sweep is not known.
    pub distortion: Option<Distortion>,
    /// What else should be known.
    pub notices: Vec<Notice>,
}

/// Seconds at the end over which [`finish`] fades out.
const FADE: f64 = 0.02;

/// Makes an impulse of `recording`, called `name`. One microphone and one loudspeaker make it mono, two and one stereo,
/// two and two true stereo, others a matrix. Loader thread.
///
/// Errors: every [`MeasureError`].
pub fn measure(
    name: &str,
    played: &Played,
    recording: &Recording<'_>,
    start: Start,
) -> Result<Measurement, MeasureError> {
    let mut notices = Vec::new();
    let mut set_up = Setup::new(played, recording, &mut notices)?;
    let drift_ppm = set_up.follow(played, recording, &mut notices);
    let kept = set_up.kept(recording, &mut notices);
    let responses = set_up.average(recording, &kept.slots);
    if let Some(response) = responses.get(set_up.loudest) {
        set_up.smeared(response, &mut notices);
    }
    let responses = set_up.complete(responses, recording.microphones.len())?;
    let loudest = set_up.loudest;
    let heard_by = responses.get(loudest);
    let distortion = played.growth().zip(heard_by).map(|(growth, response)| {
        let rung_out = set_up.free - response.peak;
        distortion::distortion(
            &set_up.by,
            &response.samples,
            response.peak,
            rung_out,
            growth,
        )
    });
    if distortion.is_none() {
        notices.push(Notice::NoOrders);
    }
    let cut = set_up.cut(&responses, start);
    let first = set_up.start(0).0;
    let heard = recording.microphones[loudest];
    let during = slice(heard, first, set_up.by.sweep);
    let before = usize::try_from(first).unwrap_or(0);
    let quiet = slice(heard, 0, before);
    let quiet = &quiet[quiet.len().saturating_sub(recording.sample_rate as usize)..];
    let speakers = played.speakers();
    let microphones = recording.microphones.len();
    Ok(Measurement {
        impulse: ImpulseResponse {
            name: name.to_owned(),
            sample_rate: recording.sample_rate,
            layout: match (speakers, microphones) {
                (1, 1) => Layout::Mono,
                (1, 2) => Layout::Stereo,
                (2, 2) => Layout::TrueStereo,
                _ => Layout::MatrixOf {
                    inputs: speakers as u16,
                },
            },
            channels: cut.channels,
        },
        direct_frame: cut.direct,
        travel_ms: recording.loopback.map(|_| {
            let frames = cut.direct as f64 + cut.begins as f64;
            1000.0 * frames / f64::from(recording.sample_rate)
        }),
        delay_frames: cut.delay,
        sweeps_found: set_up.slots,
        sweeps_used: kept.slots.len(),
        drift_ppm,
        repeats_differ_db: kept.differ_db,
        peak_dbfs: decibels(
            recording
                .microphones
                .iter()
                .map(|it| level::peak(it))
                .fold(0.0, f32::max)
                .into(),
        ),
        sweep_dbfs: decibels(rms(during)),
        noise_dbfs: (10 * quiet.len() >= recording.sample_rate as usize)
            .then(|| decibels(rms(quiet)))
            .filter(|db| db.is_finite()),
        distortion,
        notices,
    })
}

/// Some frames of a signal, as far as they are there.
fn slice(samples: &[f32], start: isize, frames: usize) -> &[f32] {
    let from = usize::try_from(start).unwrap_or(0).min(samples.len());
    let to = start.saturating_add_unsigned(frames);
    let to = usize::try_from(to).unwrap_or(0).min(samples.len());
    &samples[from..to.max(from)]
}

fn rms(samples: &[f32]) -> f64 {
    let power = |power: f64, x: &f32| power + f64::from(*x) * f64::from(*x);
    (samples.iter().fold(0.0, power) / samples.len().max(1) as f64).sqrt()
}

fn decibels(magnitude: f64) -> f64 {
    20.0 * magnitude.log10()
}

/// Cuts `impulse` after `frames` and fades out what comes before that, if it ends there. Loader thread.
pub fn finish(impulse: &mut ImpulseResponse, frames: usize) {
    if frames == 0 || frames >= impulse.frames() {
        return;
    }
    let fade = (FADE * f64::from(impulse.sample_rate)).min(0.2 * frames as f64);
    for channel in &mut impulse.channels {
        channel.truncate(frames);
        for (n, x) in channel.iter_mut().rev().take(fade as usize).enumerate() {
            *x *= smooth((n as f64 + 0.5) / fade) as f32;
        }
    }
}

/// What an impulse's file says of it: its channels by name, how it was recorded, and `note`. Loader thread.
pub fn label(impulse: &ImpulseResponse, note: &str) -> Ixml {
    let track = |channel: usize| Track {
        name: impulse.layout.channel_name(channel),
        function: String::new(),
    };
    Ixml {
        recording_method: match impulse.layout {
            Layout::TrueStereo => Some(RecordingMethod::TrueStereo),
            Layout::Stereo => Some(RecordingMethod::Ab),
            _ => None,
        },
        tracks: (0..impulse.channels.len()).map(track).collect(),
        other: vec![super::ixml::element("NOTE", note)],
    }
}

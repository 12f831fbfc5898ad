//! What an impulse is: its level, its beginning, its decay and its end, as `partita impulse show` tells them.
//!
//! Guaranteed: measured on the samples as they are, at their own rate; nothing is resampled, trimmed or scaled first.
//! A figure that does not exist, such as the level of silence or the decay time of an echo, is `None` and not a very
//! small number.
//!
//! [`outline()`] costs one look at the samples; [`analyze()`] measures everything, tens of milliseconds for each second
//! of each channel.

pub mod decay;
pub mod density;
mod energy;
pub mod level;
mod line;
pub mod octave;
mod outline;
pub mod pairs;
pub mod spectrum;
mod tail;

pub use outline::{Outline, Peak, onset, outline};

use super::ImpulseResponse;
use decay::{Decay, Decays};
use serde::Serialize;

/// Everything that is measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Level, beginning and end.
    #[serde(flatten)]
    pub outline: Outline,
    /// Frames until the decay has met the noise floor in every octave band: what a tail must hold. Never more than
    /// [`Outline::audible_frames`], and that where there is no floor or no decay.
    pub tail_frames: usize,
    /// Time in ms from [`Outline::audible_frames`] to the end.
    pub trailing_silence_ms: f64,
    /// The largest level between the samples too, in dBTP: ITU-R BS.1770-4, annex 2. `None` in silence.
    pub true_peak_dbtp: Option<f64>,
    /// All channels together, from the earliest onset on.
    pub decay: Decays,
    /// When echoes are as dense as Gaussian noise: ms after the onset of the channel that has the peak. `None` if they
    /// never are.
    pub mixing_ms: Option<f64>,
    /// Mean over the channels of the gain in dB that noise has in each third of an octave; a unit impulse has 0.
    pub spectrum: Vec<spectrum::Third>,
    /// Each channel by itself.
    pub per_channel: Vec<Channel>,
    /// Channels that are heard together.
    pub pairs: Vec<pairs::Pair>,
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Channel {
    /// The largest sample in dBFS. `None` in silence.
    pub peak_dbfs: Option<f64>,
    /// The largest level between the samples too, in dBTP. `None` in silence.
    pub true_peak_dbtp: Option<f64>,
    /// First frame within 20 dB of this channel's peak.
    pub onset_frame: Option<usize>,
    /// Constant offset, full scale = 1: see [`level::offset()`].
    pub dc_offset: f64,
    /// Runs of samples that stand at the channel's extreme.
    pub clipping: level::Clipping,
    /// All frequencies together.
    pub decay: Decay,
    /// When echoes are as dense as Gaussian noise, in ms after this channel's onset.
    pub mixing_ms: Option<f64>,
}

/// Measures everything. Loader thread.
pub fn analyze(impulse: &ImpulseResponse) -> Analysis {
    let rate = impulse.sample_rate;
    let outline = outline(impulse);
    let decay = decay::decays(impulse);
    let per_channel: Vec<_> = impulse
        .channels
        .iter()
        .map(|samples| channel(samples, rate))
        .collect();
    let loudest = outline.peak.as_ref().map(|peak| peak.channel);
    let silence = outline.frames - outline.audible_frames;
    Analysis {
        tail_frames: tail_of(&outline, &decay, rate),
        trailing_silence_ms: silence as f64 * 1000.0 / f64::from(rate.max(1)),
        true_peak_dbtp: per_channel
            .iter()
            .filter_map(|channel| channel.true_peak_dbtp)
            .max_by(f64::total_cmp),
        mixing_ms: loudest.and_then(|loudest| per_channel[loudest].mixing_ms),
        spectrum: spectrum::thirds(impulse),
        pairs: pairs::pairs(impulse, outline.onset_frame, outline.audible_frames),
        outline,
        decay,
        per_channel,
    }
}

fn channel(samples: &[f32], rate: u32) -> Channel {
    let peak = level::peak(samples);
    let decay = decay::decay(samples, rate);
    Channel {
        peak_dbfs: level::decibels(peak),
        true_peak_dbtp: level::decibels(level::true_peak(samples)),
        onset_frame: onset(samples),
        dc_offset: level::offset(samples),
        clipping: level::clipping(samples),
        // The smear of a filtered echo is dense, but it is no room that mixes.
        mixing_ms: decay.knee.and_then(|_| density::mixing_ms(samples, rate)),
        decay,
    }
}

/// Frames until the decay has met the noise floor in every octave band; [`Outline::audible_frames`] where there is no
/// floor or no decay. What a tail must hold. Loader thread.
pub fn tail_frames(impulse: &ImpulseResponse) -> usize {
    let outline = outline(impulse);
    tail_of(&outline, &decay::decays(impulse), impulse.sample_rate)
}

fn tail_of(outline: &Outline, decays: &Decays, rate: u32) -> usize {
    // An octave without a decay has nothing but noise, or the whole would have none either.
    let knees = decays.octaves.iter().filter_map(|octave| octave.decay.knee);
    let last = decays
        .broadband
        .knee
        .map(|knee| knees.fold(knee, f64::max) * f64::from(rate));
    last.map_or(usize::MAX, |last| last.ceil() as usize)
        .min(outline.audible_frames)
}

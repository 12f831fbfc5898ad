//! Where an impulse begins and ends, and which way it runs.

use super::{ShapeError, direct_sound, frames};
use crate::impulse::ImpulseResponse;
use crate::impulse::load::MAX_SAMPLES;

/// How much of the rise before the direct sound [`onset`] keeps at most, in ms.
const RISE_MS: f32 = 1.0;

/// What counts as silence before that rise, against the peak: −60 dB.
const SILENT: f32 = 1e-3;

/// Cuts off what precedes the direct sound: the first frame within 20 dB of the peak (ISO 3382-1), and before it as
/// much, up to 1 ms, as rises to it without a frame below −60 dB. A spike is left at sample 0. Loader thread.
pub fn onset(impulse: ImpulseResponse) -> ImpulseResponse {
    let Some(direct) = direct_sound(&impulse) else {
        return impulse;
    };
    let loudest = |frame: usize| {
        let channels = impulse.channels.iter();
        let samples = channels.filter_map(|channel| channel.get(frame));
        samples.fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
    };
    let peak = (direct..impulse.frames()).map(loudest).fold(0.0, f32::max);
    let earliest = direct.saturating_sub(frames(RISE_MS, impulse.sample_rate));
    let rising = (earliest..direct).rev();
    let kept = rising
        .take_while(|frame| loudest(*frame) >= SILENT * peak)
        .count();
    keep(impulse, direct - kept, usize::MAX)
}

/// Cuts `start_ms` off the start and `end_ms` off the end. Where nothing is left, one frame of silence is.
/// Loader thread.
pub fn trim(impulse: ImpulseResponse, start_ms: f32, end_ms: f32) -> ImpulseResponse {
    let start = frames(start_ms, impulse.sample_rate);
    let end = impulse
        .frames()
        .saturating_sub(frames(end_ms, impulse.sample_rate));
    keep(impulse, start, end)
}

fn keep(mut impulse: ImpulseResponse, start: usize, end: usize) -> ImpulseResponse {
    if start == 0 && end >= impulse.frames() {
        return impulse;
    }
    for channel in &mut impulse.channels {
        channel.truncate(end);
        channel.drain(..start.min(channel.len()));
        if start >= end {
            *channel = vec![0.0];
        }
    }
    impulse
}

/// Fades the last `milliseconds` out along half a cosine, the whole if it is shorter. Loader thread.
pub fn fade(mut impulse: ImpulseResponse, milliseconds: f32) -> ImpulseResponse {
    let length = frames(milliseconds, impulse.sample_rate).min(impulse.frames());
    for channel in &mut impulse.channels {
        for (distance, sample) in channel.iter_mut().rev().take(length).enumerate() {
            let x = (distance + 1) as f64 / (length + 1) as f64;
            let gain = 0.5 - 0.5 * (std::f64::consts::PI * x).cos();
            *sample = (f64::from(*sample) * gain) as f32;
        }
    }
    impulse
}

/// The last sample first. Loader thread.
pub fn reverse(mut impulse: ImpulseResponse) -> ImpulseResponse {
    for channel in &mut impulse.channels {
        channel.reverse();
    }
    impulse
}

/// Puts so much silence before it. Loader thread.
///
/// Errors: a result beyond [`MAX_SAMPLES`].
pub fn predelay(
    mut impulse: ImpulseResponse,
    milliseconds: f32,
) -> Result<ImpulseResponse, ShapeError> {
    let silence = frames(milliseconds, impulse.sample_rate);
    if silence == 0 {
        return Ok(impulse);
    }
    let samples =
        ((impulse.frames() + silence) as u64).saturating_mul(impulse.channels.len() as u64);
    if samples > MAX_SAMPLES {
        return Err(ShapeError::TooLarge {
            name: impulse.name,
            step: "the pre-delay",
            samples,
        });
    }
    for channel in &mut impulse.channels {
        channel.splice(..0, std::iter::repeat_n(0.0, silence));
    }
    Ok(impulse)
}

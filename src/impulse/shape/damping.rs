//! How long each octave rings: longer bass, shorter treble.
//!
//! Guaranteed: in each band the decay time T becomes T · percent ÷ 100. What precedes the direct sound stays as it is:
//! there every band has gain one, and the bands add up to the impulse exactly, their ringing cancelled.
//! A band whose decay cannot be measured, because there is none over 25 dB or it is no straight line, stays as it is.
//!
//! The bands are differences of zero-phase low-passes, h + Σ (g − 1) · band: perfect reconstruction, whatever the
//! filters. They meet at the octaves' edges and cross over within a third of an octave, so between two bands with
//! different orders the decay goes over from one to the other there. Each is multiplied by
//! g(t) = e^(−6.91 t (1 ÷ T′ − 1 ÷ T)), t from the direct sound on (Jot 1992 shapes a reverberation likewise). Where the
//! decay meets the recording's noise, the noise takes the decay's part: g is divided by √(1 + n ÷ d), d and n their
//! powers, and makes the noise fall as T′ does. So a longer decay raises no noise.
//!
//! The length stays. What a longer decay would need beyond the end of the file is not made up.

use super::decay::{self, Decay};
use super::{ShapeError, direct_sound};
use crate::impulse::ImpulseResponse;
use crate::impulse::fourier::Fourier;
use std::f64::consts::PI;

/// How many bands.
pub const BANDS: usize = 7;

/// The octave bands' centres in Hz (IEC 61260-1). The lowest holds all below it, the highest all above.
pub const BANDS_HZ: [f32; BANDS] = [125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0];

/// The most samples, all channels together, whose decay is changed: 174 s of stereo at 48 kHz. It takes about 50 bytes
/// for each.
pub const MAX_DAMPED: usize = 1 << 24;

/// The low-passes' ringing at −120 dB, in seconds; the transform wraps around no more than that.
const RINGING_SECONDS: f64 = 0.25;

/// Half of where two bands overlap, in octaves.
const CROSSOVER: f64 = 1.0 / 6.0;

/// The most that a band is raised: 120 dB. Only a decay that was measured wrong asks for more.
const MOST: f64 = 1e6;

/// Multiplies the decay time of each of [`BANDS_HZ`] by its percentage. Loader thread.
///
/// Errors: more than [`MAX_DAMPED`] samples.
pub fn damping(
    impulse: ImpulseResponse,
    percent: &[f32; BANDS],
) -> Result<ImpulseResponse, ShapeError> {
    let asked = || {
        percent
            .iter()
            .enumerate()
            .filter(|(_, percent)| **percent != 100.0)
    };
    let Some(direct) = direct_sound(&impulse).filter(|_| asked().next().is_some()) else {
        return Ok(impulse);
    };
    let (frames, channels) = (impulse.frames(), impulse.channels.len());
    if frames.saturating_mul(channels) > MAX_DAMPED {
        return Err(ShapeError::TooLong {
            name: impulse.name,
            samples: frames.saturating_mul(channels),
        });
    }
    let rate = f64::from(impulse.sample_rate);
    let ringing = ((RINGING_SECONDS * rate) as usize).min(2 * frames.max(1024));
    let fourier = Fourier::new(frames + ringing);
    let spectra: Vec<_> = impulse
        .channels
        .iter()
        .map(|channel| fourier.spectrum(channel))
        .collect();
    let mut sums: Vec<Vec<f64>> = impulse
        .channels
        .iter()
        .map(|channel| channel.iter().map(|&x| f64::from(x)).collect())
        .collect();
    for (band, percent) in asked() {
        let split = |bins: &Vec<_>| {
            let hertz = rate / fourier.size() as f64;
            let bins = bins.iter().enumerate();
            let bins = bins.map(|(bin, value)| value * share(band, bin as f64 * hertz));
            fourier.signal(bins.collect())
        };
        let parts: Vec<Vec<f64>> = spectra.iter().map(split).collect();
        let Some(decay) = decay::measure(&parts, direct, frames, rate) else {
            continue;
        };
        let gain = gain(decay, f64::from(*percent) / 100.0, rate);
        for (sum, part) in sums.iter_mut().zip(&parts) {
            let late = sum.iter_mut().zip(part).skip(direct);
            for (after, (sum, part)) in late.enumerate() {
                *sum += (gain(after) - 1.0) * part;
            }
        }
    }
    let narrow = |sum: Vec<f64>| sum.into_iter().map(|x| x as f32).collect();
    Ok(ImpulseResponse {
        channels: sums.into_iter().map(narrow).collect(),
        ..impulse
    })
}

/// The gain so many samples after the direct sound that makes `decay` last `factor` times as long.
fn gain(decay: Decay, factor: f64, rate: f64) -> impl Fn(usize) -> f64 {
    let falling = 1000_f64.ln() / decay.seconds;
    move |after| {
        let t = after as f64 / rate;
        // What is there is decay and noise, d + n; what is wanted is the longer decay alone.
        let noise = decay
            .noise_from
            .map_or(0.0, |from| 0.5 * (2.0 * falling * (t - from)).exp().ln_1p());
        (falling * t * (1.0 - factor.recip()) - noise)
            .exp()
            .min(MOST)
    }
}

/// How much of a frequency belongs to a band. All bands' shares of it add up to one.
fn share(band: usize, hertz: f64) -> f64 {
    let upper = if band + 1 == BANDS {
        1.0
    } else {
        below(band, hertz)
    };
    let lower = if band == 0 {
        0.0
    } else {
        below(band - 1, hertz)
    };
    upper - lower
}

/// The low-pass that ends at the upper edge of `band`.
fn below(band: usize, hertz: f64) -> f64 {
    let edge = f64::from(BANDS_HZ[band]) * std::f64::consts::SQRT_2;
    let x = ((hertz / edge).log2() / CROSSOVER).clamp(-1.0, 1.0);
    0.5 - 0.5 * (PI / 2.0 * x).sin()
}

//! How loud an impulse is, and the gain that makes it as loud as another.
//!
//! Guaranteed: the gain that [`normalise`] finds does not depend on trailing silence, on the sample rate the same
//! sound is stored at, or on how many channels carry copies of it, within 0.1 dB. A silent impulse is left as it is.

use crate::impulse::resample::{self, RATES};
use crate::impulse::{ImpulseResponse, Layout};
use serde::{Deserialize, Serialize};

/// How loud an impulse is to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// As loud as it is.
    None,
    /// So that [`energy`] is one: white noise comes out as loud as it goes in.
    #[default]
    Energy,
    /// By this gain in dB, whatever the impulse: what [`normalise`] took for another one, held.
    Locked(f32),
}

/// `impulse` at the level that `how` asks for, and the gain in dB that it took. Loader thread.
///
/// 0 dB for a silent impulse. Samples stay finite: an impulse so faint that its gain is beyond what f32 holds counts
/// as silent.
pub fn normalise(impulse: &ImpulseResponse, how: Normalise) -> (ImpulseResponse, f64) {
    let gain = match how {
        Normalise::None => 1.0,
        Normalise::Energy => energy(impulse).sqrt().recip(),
        Normalise::Locked(db) => 10_f64.powf(f64::from(db) / 20.0),
    };
    let scaled = scale(impulse, gain);
    if gain.is_finite() && scaled.channels.iter().flatten().all(|x| x.is_finite()) {
        (scaled, 20.0 * gain.log10())
    } else {
        (impulse.clone(), 0.0)
    }
}

fn scale(impulse: &ImpulseResponse, gain: f64) -> ImpulseResponse {
    let mut scaled = impulse.clone();
    if gain != 1.0 {
        for sample in scaled.channels.iter_mut().flatten() {
            *sample = (f64::from(*sample) * gain) as f32;
        }
    }
    scaled
}

/// The rate at which energy is compared. Half of it, 16 kHz, is a band that every usual rate holds, and that
/// resampling keeps whole at 44.1 kHz and above, whatever the start of the impulse.
const COMMON_RATE: u32 = 32_000;

/// Length of the band's filter in samples of the lower rate: all but 0.1 % of the band gets through.
const FILTER: u32 = 16_384;

/// The power that an output has for each unit of power, of white noise from 0 to 16 kHz, at every input.
///
/// Per channel this is the mean of |H(f)|² over that band. The plain Σh² would be neither the same at every rate
/// (with the response kept it falls as 1 ÷ rate) nor, once made so, the same for a recording with something above
/// 22 kHz and its 44.1 kHz copy (3 dB apart for white sound at 96 kHz): hence one band for all. A unit impulse has 1.
///
/// Channels: mono, its own. Stereo, the mean of the two. True stereo, each output has the sum of its two paths (LL +
/// RL, LR + RR), and the mean of the outputs is taken. A matrix of known inputs, the mean over its outputs likewise; one
/// that does not say what leads where, over its channels.
///
/// A recording below 32 kHz counts as silent above its band. A rate beyond [`RATES`], or more than can be converted,
/// is not compared with others: there Σh² · rate ÷ 32 kHz. Loader thread.
pub fn energy(impulse: &ImpulseResponse) -> f64 {
    let compared = RATES
        .contains(&impulse.sample_rate)
        .then(|| resample::band(impulse, COMMON_RATE, FILTER).ok())
        .flatten();
    let (channels, rate) = match &compared {
        Some(common) => (&common.channels, COMMON_RATE),
        None => (&impulse.channels, impulse.sample_rate),
    };
    let outputs = match impulse.layout {
        Layout::Mono => 1,
        Layout::Stereo | Layout::TrueStereo => 2,
        Layout::Matrix => channels.len().max(1),
        Layout::MatrixOf { inputs } => (channels.len() / usize::from(inputs).max(1)).max(1),
    };
    let sum: f64 = channels
        .iter()
        .flatten()
        .map(|&x| f64::from(x) * f64::from(x))
        .sum();
    sum / outputs as f64 * f64::from(rate) / f64::from(COMMON_RATE)
}

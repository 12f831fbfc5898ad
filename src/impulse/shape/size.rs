//! A bigger or a smaller room: the impulse stretched in time.

use super::ShapeError;
use crate::impulse::ImpulseResponse;
use crate::impulse::resample::{self, Aligned};

/// 100 %, as a sample rate to convert from.
const WHOLE: u32 = 10_000;

/// 0.1 %, 1.7 cents. Steps this coarse have short periods, which keeps the resampler's transforms short.
const STEP: u32 = 10;

/// `impulse` so many per cent as long, to 0.1 %, and the frames by which it is late; pitch follows.
///
/// It is resampled and its rate is kept in name, so what [`resample`] guarantees holds: what was heard at f sounds at
/// f · 100 ÷ percent at the level it had, H′(f) = H(f · percent ÷ 100). A spike of an echo keeps its gain, and the
/// balance of direct and late sound stays. White noise is heard as loud in the moved band, so a bigger room, whose band
/// ends lower, has less energy (Σh² falls by 3 dB when the length doubles): [`super::normalise`], which comes last,
/// makes it up. What is moved above half the sample rate is lost. Loader thread.
///
/// Errors: more samples than fit in memory.
pub fn size(
    impulse: ImpulseResponse,
    percent: f32,
) -> Result<(ImpulseResponse, usize), ShapeError> {
    let to = STEP * (10.0 * f64::from(percent)).round() as u32;
    if to == WHOLE {
        return Ok((impulse, 0));
    }
    let sample_rate = impulse.sample_rate;
    let labelled = ImpulseResponse {
        sample_rate: WHOLE,
        ..impulse
    };
    let Aligned { impulse, delay } = resample::aligned(&labelled, to)?;
    let sized = ImpulseResponse {
        sample_rate,
        ..impulse
    };
    Ok((sized, delay))
}

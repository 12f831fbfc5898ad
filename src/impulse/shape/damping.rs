//! How long each octave rings.

use super::ShapeError;
use crate::impulse::ImpulseResponse;

/// How many bands.
pub const BANDS: usize = 7;

/// The octave bands' centres in Hz (IEC 61260-1). The lowest holds all below it, the highest all above.
pub const BANDS_HZ: [f32; BANDS] = [125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0];

/// The longest impulse whose decay is changed: 349 s at 48 kHz.
pub const MAX_FRAMES: usize = 1 << 24;

/// Not yet: `impulse` as it is.
pub fn damping(
    impulse: ImpulseResponse,
    _percent: &[f32; BANDS],
) -> Result<ImpulseResponse, ShapeError> {
    Ok(impulse)
}

//! Early against late, side against mid.

use super::{direct_sound, frames};
use crate::impulse::{ImpulseResponse, Layout};

/// The gain changes over so long around the split, in ms: short beside a reflection pattern, long beside a click.
const CROSSFADE_MS: f32 = 5.0;

/// Raises the energy before the split against that after it by `db`: half of it up on one side, half down on the
/// other, over 5 ms around `split_ms` after the direct sound. The clarity index C at that time rises by `db`.
/// Loader thread.
pub fn early_late(mut impulse: ImpulseResponse, db: f32, split_ms: f32) -> ImpulseResponse {
    let Some(direct) = direct_sound(&impulse).filter(|_| db != 0.0) else {
        return impulse;
    };
    let split = direct + frames(split_ms, impulse.sample_rate);
    let fade = frames(CROSSFADE_MS, impulse.sample_rate);
    let start = split.saturating_sub(fade / 2);
    for channel in &mut impulse.channels {
        for (frame, sample) in channel.iter_mut().enumerate() {
            // From 1, early, to −1, late.
            let side = if frame < start {
                1.0
            } else if frame >= start + fade {
                -1.0
            } else {
                let x = (frame - start) as f64 / fade as f64;
                (std::f64::consts::PI * x).cos()
            };
            let gain = 10_f64.powf(f64::from(db) * side / 40.0);
            *sample = (f64::from(*sample) * gain) as f32;
        }
    }
    impulse
}

/// Scales the side, (L − R) ÷ 2, and keeps the mid, (L + R) ÷ 2. True stereo: of each source, what the two ears hear
/// of it. Mono has no side, and of a matrix's outputs nobody knows which are a pair: both stay as they are. Loader thread.
pub fn width(mut impulse: ImpulseResponse, percent: f32) -> ImpulseResponse {
    let pairs = match impulse.layout {
        Layout::Stereo | Layout::TrueStereo => 2,
        Layout::Mono | Layout::Matrix | Layout::MatrixOf { .. } => return impulse,
    };
    if percent == 100.0 {
        return impulse;
    }
    let width = f64::from(percent) / 100.0;
    for pair in impulse.channels.chunks_exact_mut(pairs) {
        let [left, right] = pair else { continue };
        for (left, right) in left.iter_mut().zip(right) {
            let (l, r) = (f64::from(*left), f64::from(*right));
            let (mid, side) = ((l + r) / 2.0, width * (l - r) / 2.0);
            (*left, *right) = ((mid + side) as f32, (mid - side) as f32);
        }
    }
    impulse
}

//! A rise at the start and a fall at the end.

use super::Shape;
use crate::impulse::ImpulseResponse;

/// The bend of a full curve: from 0.001, −60 dB, to 1 in a straight line of dB.
const BEND: f64 = 6.907_755_278_982_137;

/// Lets the first `attack_percent` of the length rise from nothing and the last `decay_percent` fall to nothing, each
/// along its curve. Loader thread.
pub fn envelope(mut impulse: ImpulseResponse, shape: &Shape) -> ImpulseResponse {
    let frames = impulse.frames() as f64;
    let share = |percent: f32| (frames * f64::from(percent) / 100.0).round() as usize;
    let ends = (share(shape.attack_percent), share(shape.decay_percent));
    for channel in &mut impulse.channels {
        rise(channel.iter_mut(), ends.0, shape.attack_curve_percent);
        rise(channel.iter_mut().rev(), ends.1, shape.decay_curve_percent);
    }
    impulse
}

fn rise<'a>(samples: impl Iterator<Item = &'a mut f32>, length: usize, curve_percent: f32) {
    for (at, sample) in samples.take(length).enumerate() {
        let x = (at + 1) as f64 / (length + 1) as f64;
        *sample = (f64::from(*sample) * bowed(x, f64::from(curve_percent) / 100.0)) as f32;
    }
}

/// From 0 at 0 to 1 at 1, below the straight line for a positive curve and above it for a negative one.
fn bowed(x: f64, curve: f64) -> f64 {
    let bend = BEND * curve;
    if bend.abs() < 1e-6 {
        x
    } else {
        (bend * x).exp_m1() / bend.exp_m1()
    }
}

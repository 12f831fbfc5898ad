//! Brings decay times to what was asked for.
//!
//! One draw of the noise, one set of modes differs from its expectation: a T30 by some per cent, at
//! 125 Hz by ten; and a measured octave hears the slower decay of its neighbours. So the octaves are
//! sustained or damped, each by its exponential, until what is measured is the design.

use super::bands;
use super::measure;

/// Tunes `channels` until T30 of what is `heard` of them is `t30` (seconds, from 125 Hz up; octaves
/// beyond its end stay as they are).
pub fn decays(
    channels: &mut [Vec<f64>],
    t30: &[f64],
    heard: impl Fn(&[Vec<f64>]) -> Vec<Vec<f64>>,
) {
    // The octaves overlap, so what one is given its neighbours hear: three rounds leave 1 %.
    for _ in 0..3 {
        let measured = measure::reverberation_times(&heard(channels));
        let rates = core::array::from_fn(|k| match t30.get(k) {
            Some(target) => 60.0 / measured[k] - 60.0 / target,
            None => 0.0,
        });
        for channel in &mut *channels {
            *channel = bands::sustain(channel, rates);
        }
    }
}

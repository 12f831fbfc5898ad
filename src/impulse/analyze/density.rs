//! How dense the echoes are: Abel & Huang, "A simple, robust measure of reverberation echo density", AES 121 (2006).
//!
//! In a window the share of samples beyond the window's standard deviation, divided by that share in Gaussian noise.
//! Single echoes are near 0, mixed reverberation is 1.

/// Width of the window in seconds. Abel & Huang's choice.
const WINDOW: f64 = 0.020;

/// Seconds from one window to the next.
const HOP: f64 = 0.001;

/// erfc(1 ÷ √2): the share of Gaussian noise beyond its standard deviation.
const GAUSSIAN: f64 = 0.317_310_507_862_914_1;

/// Normalised echo density, for each millisecond from the onset on: seconds after the onset of the middle of the window,
/// and the density. The window is a Hann window of 20 ms; the first is half before the onset.
///
/// Lazy: who looks for the mixing time need not measure the rest. Empty in silence. Loader thread.
pub fn echo_density(samples: &[f32], rate: u32) -> impl Iterator<Item = (f64, f64)> {
    let onset = super::onset(samples).unwrap_or(samples.len());
    let length = ((WINDOW * f64::from(rate)) as usize).max(3);
    // A window longer than all there is has no place: none is made for it.
    let held = if length > 2 * samples.len() {
        0
    } else {
        length
    };
    let window: Vec<f64> = (0..held)
        .map(|n| {
            let phase = (n as f64 + 0.5) / length as f64 * std::f64::consts::TAU;
            0.5 - 0.5 * phase.cos()
        })
        .collect();
    let sum: f64 = window.iter().sum();
    let hop = ((HOP * f64::from(rate)) as usize).max(1);
    let half = length / 2;
    (0..)
        .map(move |index| index * hop)
        .take_while(move |middle| onset + middle + length - half <= samples.len())
        .map(move |middle| {
            // Before the first frame there is silence.
            let ahead = half.saturating_sub(onset + middle);
            let part = &samples[(onset + middle).saturating_sub(half)..];
            let weighted = || window[ahead..].iter().zip(part);
            let power: f64 = weighted()
                .map(|(w, &x)| w * f64::from(x) * f64::from(x))
                .sum();
            let deviation = (power / sum).sqrt();
            let beyond: f64 = weighted()
                .filter(|&(_, &x)| f64::from(x.abs()) > deviation)
                .map(|(w, _)| w)
                .sum();
            (
                middle as f64 / f64::from(rate.max(1)),
                beyond / sum / GAUSSIAN,
            )
        })
}

/// Milliseconds from the onset until the normalised echo density first reaches 1. `None` if it never does. Loader thread.
pub fn mixing_ms(samples: &[f32], rate: u32) -> Option<f64> {
    echo_density(samples, rate)
        .find(|&(_, density)| density >= 1.0)
        .map(|(seconds, _)| 1000.0 * seconds)
}

//! What a room does below the range, as far as its silence before the sound tells.
//!
//! A response without what is below the range has a slow ripple before time zero, and to cut it off there would put a
//! step into every frequency: an error of −40 dB for a spike and a range from 20 Hz. But before the direct sound there
//! was silence. So the part below the range is chosen that makes it silence: the one of least energy, by least squares,
//! and nothing in the range changes. That is extrapolation from a band and from half of time (Papoulis, "A new
//! algorithm in spectral analysis and band-limited extrapolation", IEEE Trans. CAS 22, 1975), solved by conjugate
//! gradients. Of an impulse that is known, what remains is below −85 dB of it.

use super::deconvolve::Deconvolver;
use crate::impulse::fourier::{Bins, Fourier};
use realfft::num_complex::Complex;

/// What energy in the response's own time costs, against error before it: from the least that the arithmetic can hold
/// to where little is changed.
const COSTS: [f64; 5] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2];

/// What energy costs before and after all of it, where there should be none.
const OUTSIDE: f64 = 1e-2;

/// The most energy that may be added, of what the first octave of the range has: 6 dB, for a room that grows louder
/// towards the bottom. More is noise, made larger.
const MOST: f64 = 4.0;

/// Ranges that begin higher are left as they are: there is more below them than a silence can tell.
const HIGHEST_HZ: f64 = 1000.0;

/// Where on its circle a response is what, in frames from time zero, which may be below 0.
#[derive(Clone, Debug)]
pub(super) struct Times {
    /// Before the direct sound, and before its ringing at the upper edge.
    pub(super) silence: std::ops::Range<isize>,
    /// The response.
    pub(super) sound: std::ops::Range<isize>,
}

/// Adds to `response`, all of a circle, what is below the range.
pub(super) fn complete(by: &Deconvolver, response: &mut [f64], times: &Times) {
    let bins = (by.band.from / by.step()) as usize;
    if times.silence.is_empty() || by.band.from > HIGHEST_HZ || bins < 2 {
        return;
    }
    let size = response.len() as isize;
    let on_circle = |at: isize| at.rem_euclid(size) as usize;
    let mut error = vec![0.0; response.len()];
    let mut silence = vec![0.0; response.len()];
    for at in times.silence.clone().map(on_circle) {
        error[at] = -response[at];
        silence[at] = 1.0;
    }
    let mut wanted = by.fourier.spectrum_of(error.into_iter());
    wanted.truncate(bins + 1);
    let whole = by.fourier.spectrum_of(response.iter().copied());
    let octave = whole.iter().take(2 * bins).skip(bins);
    let most = MOST * octave.map(Complex::norm_sqr).sum::<f64>();
    for cost in COSTS {
        let mut costs = vec![OUTSIDE; response.len()];
        for at in times.sound.clone().map(on_circle) {
            costs[at] = cost;
        }
        for at in times.silence.clone().map(on_circle) {
            costs[at] = silence[at];
        }
        let part = solve(&by.fourier, costs, &wanted);
        let scale = response.len() as f64;
        let energy: f64 = part.iter().map(|bin| (bin * scale).norm_sqr()).sum();
        if energy <= most {
            let mut part: Bins = part.iter().map(|bin| bin * scale).collect();
            part.resize(whole.len(), Complex::default());
            for (sample, add) in response.iter_mut().zip(by.fourier.signal(part)) {
                *sample += add;
            }
            return;
        }
    }
}

/// The bins c, as many as are `wanted`, whose signal Σ c e^{jωt}, weighted at each time with `weights`, has the wanted
/// ones: conjugate gradients on a matrix that is Toeplitz, so that a product is two short transforms.
fn solve(fourier: &Fourier, weights: Vec<f64>, wanted: &Bins) -> Bins {
    let top = wanted.len() - 1;
    // Of the weights only what couples two of the bins matters; as many points as keep the products apart.
    let short = Fourier::new(4 * top + 2);
    let half = short.size() / 2 + 1;
    let signal = |bins: &[Complex<f64>]| {
        let mut bins = bins.to_vec();
        bins.resize(half, Complex::default());
        short.signal(bins)
    };
    let weights = signal(&fourier.spectrum_of(weights.into_iter())[..=2 * top]);
    let product = |c: &Bins| -> Bins {
        let weighted = signal(c).into_iter().zip(&weights);
        let mut bins = short.spectrum_of(weighted.map(|(c, weight)| c * weight));
        bins.truncate(top + 1);
        bins.iter_mut().for_each(|bin| *bin *= short.size() as f64);
        bins
    };
    // Bins above 0 Hz stand for two.
    let dot = |a: &Bins, b: &Bins| {
        let terms = a.iter().zip(b).map(|(a, b)| (a.conj() * b).re);
        2.0 * terms.sum::<f64>() - (a[0].conj() * b[0]).re
    };
    let mut found = vec![Complex::default(); wanted.len()];
    let mut rest = wanted.clone();
    let mut towards = rest.clone();
    let mut left = dot(&rest, &rest);
    let enough = 1e-20 * left;
    for _ in 0..400 {
        if left <= enough {
            break;
        }
        let image = product(&towards);
        let along = left / dot(&towards, &image);
        for k in 0..found.len() {
            found[k] += towards[k] * along;
            rest[k] -= image[k] * along;
        }
        let now = dot(&rest, &rest);
        for (towards, rest) in towards.iter_mut().zip(&rest) {
            *towards = rest + *towards * (now / left);
        }
        left = now;
    }
    found
}

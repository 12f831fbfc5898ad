//! The kernels in scalar arithmetic, as the text books write them, in f64.

use super::{Chunk, Run, TICK};
use std::f64::consts::TAU;

pub fn fir(taps: &[f32], window: &[f32], offset: usize, out: &mut [f64]) {
    for (i, out) in out.iter_mut().enumerate() {
        for (k, &tap) in taps.iter().enumerate() {
            *out += f64::from(tap) * f64::from(window[TICK + offset + i - k]);
        }
    }
}

/// One bin of the multiply-accumulate of one chunk.
pub fn mac(x: &[Chunk], h: &[Chunk], runs: &[Run], bin: usize) -> (f64, f64) {
    let (mut re, mut im) = (0.0, 0.0);
    for run in runs {
        for k in 0..run.count {
            let (x, h) = (&x[run.slot + k], &h[run.partition + k]);
            let [a, b, c, d] = [x.re[bin], x.im[bin], h.re[bin], h.im[bin]].map(f64::from);
            re += a * c - b * d;
            im += a * d + b * c;
        }
    }
    (re, im)
}

/// A discrete Fourier transform, by its definition.
pub fn dft(z: &[(f64, f64)], sign: f64) -> Vec<(f64, f64)> {
    let n = z.len();
    let bin = |k: usize| {
        z.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, &z)| {
            let w = turn(sign * (i * k % n) as f64 / n as f64);
            let (a, b) = times(z, w);
            (re + a, im + b)
        })
    };
    (0..n).map(bin).collect()
}

pub fn times((a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    (a * c - b * d, a * d + b * c)
}

pub fn turn(turns: f64) -> (f64, f64) {
    ((TAU * turns).cos(), (TAU * turns).sin())
}

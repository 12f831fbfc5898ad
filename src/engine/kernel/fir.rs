//! The head: a direct convolution with the first 64 taps, which makes the latency zero.

use super::{Simd, TICK};
use fearless_simd::{Simd as Isa, dispatch, prelude::*};

/// Samples that the head sees: the tick before, the current tick, and room for vectors that reach
/// past its end (their lanes there are computed and dropped).
pub const WINDOW: usize = 3 * TICK;

/// `out[i] += Σ_k taps[k] · window[64 + offset + i − k]`, k = 0…63, for every sample of `out`.
///
/// `window[64..128]` is the current tick, of which the first `offset + out.len()` samples are known;
/// what lies beyond must be finite. `reversed` holds the taps backwards.
pub fn fir(
    simd: Simd,
    taps: &[f32; TICK],
    reversed: &[f32; TICK],
    window: &[f32; WINDOW],
    offset: usize,
    out: &mut [f32],
) {
    dispatch!(simd.0, isa => fir_over(isa, taps, reversed, window, offset, out));
}

#[inline(always)]
fn fir_over<S: Isa>(
    isa: S,
    taps: &[f32; TICK],
    reversed: &[f32; TICK],
    window: &[f32; WINDOW],
    offset: usize,
    out: &mut [f32],
) {
    let lanes = S::f32s::LEN;
    let wanted = out.len().min(TICK - offset.min(TICK));
    let out = &mut out[..wanted];
    let mut done = 0;
    while wanted - done >= 4 * lanes {
        four_vectors(
            isa,
            taps,
            window,
            offset + done,
            &mut out[done..done + 4 * lanes],
        );
        done += 4 * lanes;
    }
    while wanted - done > 2 {
        let sums = one_vector(isa, taps, window, offset + done);
        let count = lanes.min(wanted - done);
        if count == lanes {
            let out = &mut out[done..done + lanes];
            (S::f32s::from_slice(isa, out) + sums).store_slice(out);
        } else {
            for (out, sum) in out[done..].iter_mut().zip(sums.as_slice()) {
                *out += sum;
            }
        }
        done += count;
    }
    for (i, out) in out.iter_mut().enumerate().skip(done) {
        *out += dot(isa, reversed, &window[offset + i + 1..]);
    }
}

/// 4 vectors of output at once. The taps go by in the order k = d, lanes + d, 2·lanes + d…, so that
/// each shifted view of the window is loaded once and serves all four: a load that crosses a cache
/// line costs two, and these all cross.
#[inline(always)]
fn four_vectors<S: Isa>(
    isa: S,
    taps: &[f32; TICK],
    window: &[f32; WINDOW],
    start: usize,
    out: &mut [f32],
) {
    let lanes = S::f32s::LEN;
    let mut y0 = S::f32s::from_slice(isa, &out[..lanes]);
    let mut y1 = S::f32s::from_slice(isa, &out[lanes..2 * lanes]);
    let mut y2 = S::f32s::from_slice(isa, &out[2 * lanes..3 * lanes]);
    let mut y3 = S::f32s::from_slice(isa, &out[3 * lanes..4 * lanes]);
    for d in 0..lanes {
        // The views of this d lie in one slice, so that its bounds are checked once.
        let from = TICK + start - d - (TICK - lanes);
        let view = &window[from..from + TICK + 3 * lanes];
        let rows = TICK / lanes;
        let mut x1 = S::f32s::from_slice(isa, &view[rows * lanes..(rows + 1) * lanes]);
        let mut x2 = S::f32s::from_slice(isa, &view[(rows + 1) * lanes..(rows + 2) * lanes]);
        let mut x3 = S::f32s::from_slice(isa, &view[(rows + 2) * lanes..(rows + 3) * lanes]);
        for c in 0..rows {
            let row = rows - 1 - c;
            let x0 = S::f32s::from_slice(isa, &view[row * lanes..(row + 1) * lanes]);
            let h = S::f32s::splat(isa, taps[c * lanes + d]);
            y0 = x0.mul_add(h, y0);
            y1 = x1.mul_add(h, y1);
            y2 = x2.mul_add(h, y2);
            y3 = x3.mul_add(h, y3);
            (x1, x2, x3) = (x0, x1, x2);
        }
    }
    y0.store_slice(&mut out[..lanes]);
    y1.store_slice(&mut out[lanes..2 * lanes]);
    y2.store_slice(&mut out[2 * lanes..3 * lanes]);
    y3.store_slice(&mut out[3 * lanes..4 * lanes]);
}

/// One vector of output, in four sums that do not wait for each other.
#[inline(always)]
fn one_vector<S: Isa>(isa: S, taps: &[f32; TICK], window: &[f32; WINDOW], start: usize) -> S::f32s {
    let lanes = S::f32s::LEN;
    let mut sums = [S::f32s::splat(isa, 0.0); 4];
    let view = &window[start + 1..start + TICK + lanes];
    for group in 0..TICK / 4 {
        for (i, sum) in sums.iter_mut().enumerate() {
            let k = group * 4 + i;
            let x = S::f32s::from_slice(isa, &view[TICK - 1 - k..TICK - 1 - k + lanes]);
            *sum = x.mul_add(S::f32s::splat(isa, taps[k]), *sum);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// One sample of output.
#[inline(always)]
fn dot<S: Isa>(isa: S, reversed: &[f32; TICK], window: &[f32]) -> f32 {
    let lanes = S::f32s::LEN;
    let window = &window[..TICK];
    let mut sum = S::f32s::splat(isa, 0.0);
    for row in 0..TICK / lanes {
        let x = S::f32s::from_slice(isa, &window[row * lanes..(row + 1) * lanes]);
        let h = S::f32s::from_slice(isa, &reversed[row * lanes..(row + 1) * lanes]);
        sum = x.mul_add(h, sum);
    }
    sum.reduce_sum()
}

//! Multiply-accumulate: input spectra times impulse spectra, summed over the partitions.

use super::{Chunk, Run, Simd, TICK};
use fearless_simd::{Simd as Isa, dispatch, prelude::*};

/// `out[c] (+)= Σ_runs Σ_k x[c][slot + k] · h[c][partition + k]` for every chunk `c` of `out`.
///
/// `x` holds `x_stride` slots a chunk and `h` holds `h_stride` partitions a chunk, both starting at
/// the chunk that `out` starts with. With `add` the sum goes on top of what `out` holds.
pub fn mac(
    simd: Simd,
    out: &mut [Chunk],
    x: (&[Chunk], usize),
    h: (&[Chunk], usize),
    runs: &[Run],
    add: bool,
) {
    dispatch!(simd.0, isa => mac_over(isa, out, x, h, runs, add));
}

#[inline(always)]
fn mac_over<S: Isa>(
    isa: S,
    out: &mut [Chunk],
    (x, x_stride): (&[Chunk], usize),
    (h, h_stride): (&[Chunk], usize),
    runs: &[Run],
    add: bool,
) {
    let rows = x
        .chunks_exact(x_stride.max(1))
        .zip(h.chunks_exact(h_stride.max(1)));
    for (out, (x, h)) in out.iter_mut().zip(rows) {
        if !add {
            *out = Chunk::ZERO;
        }
        sweep(isa, out, x, h, runs);
    }
}

/// Vectors that a sweep takes at a time: with AVX-512 the whole chunk, so that x and h are each read
/// straight through.
const VECTORS: usize = 4;

/// Goes through the chunk four vectors at a time: eight sums, as many multiply-adds as a processor
/// needs in flight that starts two a cycle and takes four cycles for each.
#[inline(always)]
fn sweep<S: Isa>(isa: S, out: &mut Chunk, x: &[Chunk], h: &[Chunk], runs: &[Run]) {
    let lanes = S::f32s::LEN;
    let zero = S::f32s::splat(isa, 0.0);
    let mut start = 0;
    while start < TICK {
        let mut re = [zero; VECTORS];
        let mut im = [zero; VECTORS];
        for run in runs {
            let x = x[run.slot..].iter().take(run.count);
            let h = h[run.partition..].iter();
            for (x, h) in x.zip(h) {
                for v in 0..VECTORS {
                    let at = start + v * lanes..start + (v + 1) * lanes;
                    let x_re = S::f32s::from_slice(isa, &x.re[at.clone()]);
                    let x_im = S::f32s::from_slice(isa, &x.im[at.clone()]);
                    let h_re = S::f32s::from_slice(isa, &h.re[at.clone()]);
                    let h_im = S::f32s::from_slice(isa, &h.im[at]);
                    re[v] = x_re.mul_add(h_re, re[v]);
                    im[v] = x_re.mul_add(h_im, im[v]);
                    re[v] = (-x_im).mul_add(h_im, re[v]);
                    im[v] = x_im.mul_add(h_re, im[v]);
                }
            }
        }
        for v in 0..VECTORS {
            let at = start + v * lanes..start + (v + 1) * lanes;
            let out_re = S::f32s::from_slice(isa, &out.re[at.clone()]);
            let out_im = S::f32s::from_slice(isa, &out.im[at.clone()]);
            (out_re + re[v]).store_slice(&mut out.re[at.clone()]);
            (out_im + im[v]).store_slice(&mut out.im[at]);
        }
        start += VECTORS * lanes;
    }
}

//! The passes of the right-angle transform, over split chunks.
//!
//! Forward: decimation in frequency, `first` (real input, twist folded in), `pass`es down to
//! leaves of 64 points, `forward_leaf`. Inverse: the same backwards, ending in `last`, which undoes
//! the twist and overlap-adds. Bins stay in the order this leaves them in: what multiplies them is
//! made by the same passes. One butterfly serves both directions: a forward transform of numbers
//! with real and imaginary parts exchanged is the inverse one, and in a split layout the exchange is
//! free.
//!
//! No closure holds a vector here: one that is not inlined would be compiled without the instruction
//! set, and every operation in it becomes a call.
//!
//! Passes work on columns: a column is the 64 consecutive points at the same place of each of the
//! `RADIX` sub-blocks.

use super::butterfly::{Complex, Vector, butterfly, butterfly8, exchanged};
use super::{Chunk, Simd, TICK, Tick};
use core::ops::Range;
use fearless_simd::{Simd as Isa, dispatch, f32x8, prelude::*};

/// Splits a block into its `RADIX` equal sub-blocks.
#[inline(always)]
fn sub_blocks<T, const RADIX: usize>(block: &mut [T]) -> [&mut [T]; RADIX] {
    let mut rest = block.chunks_exact_mut((block.len() / RADIX).max(1));
    core::array::from_fn(|_| rest.next().unwrap_or_default())
}

/// The same column of every sub-block.
#[inline(always)]
fn columns_of<'a, T, const RADIX: usize>(
    blocks: &'a mut [&mut [T]; RADIX],
    column: usize,
) -> [&'a mut T; RADIX] {
    blocks.each_mut().map(|block| &mut block[column])
}

/// First forward pass: `input` (real, as many ticks as `z` has chunks) times the twist, butterflies
/// of `radix` (2, 4 or 8), times `twiddles` (one chunk a column and sub-block, `radix` sub-blocks).
/// `constants[j]` is the part of the twist that belongs to sub-block j.
pub fn first(
    simd: Simd,
    radix: usize,
    input: &[Tick],
    z: &mut [Chunk],
    twiddles: &[Chunk],
    constants: &[[f32; 2]; 8],
    columns: Range<usize>,
) {
    dispatch!(simd.0, isa => match radix {
        2 => first_over::<_, 2>(isa, input, z, twiddles, constants, columns),
        4 => first_over::<_, 4>(isa, input, z, twiddles, constants, columns),
        _ => first_over::<_, 8>(isa, input, z, twiddles, constants, columns),
    });
}

#[inline(always)]
fn first_over<S: Isa, const RADIX: usize>(
    isa: S,
    input: &[Tick],
    z: &mut [Chunk],
    twiddles: &[Chunk],
    constants: &[[f32; 2]; 8],
    columns: Range<usize>,
) {
    let stride = z.len() / RADIX;
    let mut z = sub_blocks::<_, RADIX>(z);
    for column in columns {
        let mut x = [&input[0]; RADIX];
        for j in 0..RADIX {
            x[j] = &input[j * stride + column];
        }
        let mut w = [&twiddles[0]; RADIX];
        for j in 0..RADIX {
            w[j] = &twiddles[j * stride + column];
        }
        let z = columns_of(&mut z, column);
        for at in (0..TICK).step_by(S::f32s::LEN) {
            let mut a = [Complex::zero(isa); RADIX];
            for j in 0..RADIX {
                let x = S::f32s::from_slice(isa, &x[j].0[at..at + S::f32s::LEN]);
                a[j] = Complex {
                    re: x * constants[j][0],
                    im: x * constants[j][1],
                };
            }
            let b = butterfly::<S, S::f32s, RADIX>(isa, a);
            for j in 0..RADIX {
                b[j].times(Complex::load(isa, w[j], at)).store(z[j], at);
            }
        }
    }
}

/// Forward pass in place over one block `z`, radix 4 or 8. Sub-block 0 needs no twiddle, so
/// `twiddles` has `radix − 1` sub-blocks.
pub fn pass(simd: Simd, radix: usize, z: &mut [Chunk], twiddles: &[Chunk], columns: Range<usize>) {
    dispatch!(simd.0, isa => match radix {
        4 => pass_over::<_, 4>(isa, z, twiddles, columns),
        _ => pass_over::<_, 8>(isa, z, twiddles, columns),
    });
}

#[inline(always)]
fn pass_over<S: Isa, const RADIX: usize>(
    isa: S,
    z: &mut [Chunk],
    twiddles: &[Chunk],
    columns: Range<usize>,
) {
    let stride = z.len() / RADIX;
    let mut z = sub_blocks::<_, RADIX>(z);
    for column in columns {
        let mut w = [&twiddles[0]; RADIX];
        for j in 1..RADIX {
            w[j] = &twiddles[(j - 1) * stride + column];
        }
        let z = columns_of(&mut z, column);
        for at in (0..TICK).step_by(S::f32s::LEN) {
            let mut a = [Complex::zero(isa); RADIX];
            for j in 0..RADIX {
                a[j] = Complex::load(isa, z[j], at);
            }
            let b = butterfly::<S, S::f32s, RADIX>(isa, a);
            b[0].store(z[0], at);
            for j in 1..RADIX {
                b[j].times(Complex::load(isa, w[j], at)).store(z[j], at);
            }
        }
    }
}

/// Inverse of [`pass`].
pub fn inverse_pass(
    simd: Simd,
    radix: usize,
    z: &mut [Chunk],
    twiddles: &[Chunk],
    columns: Range<usize>,
) {
    dispatch!(simd.0, isa => match radix {
        4 => inverse_pass_over::<_, 4>(isa, z, twiddles, columns),
        _ => inverse_pass_over::<_, 8>(isa, z, twiddles, columns),
    });
}

#[inline(always)]
fn inverse_pass_over<S: Isa, const RADIX: usize>(
    isa: S,
    z: &mut [Chunk],
    twiddles: &[Chunk],
    columns: Range<usize>,
) {
    let stride = z.len() / RADIX;
    let mut z = sub_blocks::<_, RADIX>(z);
    for column in columns {
        let mut w = [&twiddles[0]; RADIX];
        for j in 1..RADIX {
            w[j] = &twiddles[(j - 1) * stride + column];
        }
        let z = columns_of(&mut z, column);
        for at in (0..TICK).step_by(S::f32s::LEN) {
            let mut a = [Complex::zero(isa); RADIX];
            a[0] = Complex::load(isa, z[0], at).exchanged();
            for j in 1..RADIX {
                let bin: Complex<S::f32s> = Complex::load(isa, z[j], at);
                a[j] = bin
                    .times_conjugate(Complex::load(isa, w[j], at))
                    .exchanged();
            }
            let b = butterfly::<S, S::f32s, RADIX>(isa, a);
            for j in 0..RADIX {
                b[j].exchanged().store(z[j], at);
            }
        }
    }
}

/// Last inverse pass and overlap-add: the inverse of [`first`], whose real part plus `overlap` is
/// `output` and whose imaginary part is the new `overlap`.
#[allow(
    clippy::too_many_arguments,
    reason = "first's arguments and the two results"
)]
pub fn last(
    simd: Simd,
    radix: usize,
    z: &[Chunk],
    twiddles: &[Chunk],
    constants: &[[f32; 2]; 8],
    output: &mut [Tick],
    overlap: &mut [Tick],
    columns: Range<usize>,
) {
    dispatch!(simd.0, isa => match radix {
        2 => last_over::<_, 2>(isa, z, twiddles, constants, output, overlap, columns),
        4 => last_over::<_, 4>(isa, z, twiddles, constants, output, overlap, columns),
        _ => last_over::<_, 8>(isa, z, twiddles, constants, output, overlap, columns),
    });
}

#[inline(always)]
fn last_over<S: Isa, const RADIX: usize>(
    isa: S,
    z: &[Chunk],
    twiddles: &[Chunk],
    constants: &[[f32; 2]; 8],
    output: &mut [Tick],
    overlap: &mut [Tick],
    columns: Range<usize>,
) {
    let stride = z.len() / RADIX;
    let mut output = sub_blocks::<_, RADIX>(output);
    let mut overlap = sub_blocks::<_, RADIX>(overlap);
    for column in columns {
        let mut bins = [&z[0]; RADIX];
        for j in 0..RADIX {
            bins[j] = &z[j * stride + column];
        }
        let mut w = [&twiddles[0]; RADIX];
        for j in 0..RADIX {
            w[j] = &twiddles[j * stride + column];
        }
        let output = columns_of(&mut output, column);
        let overlap = columns_of(&mut overlap, column);
        for at in (0..TICK).step_by(S::f32s::LEN) {
            let mut a = [Complex::zero(isa); RADIX];
            for j in 0..RADIX {
                let bin: Complex<S::f32s> = Complex::load(isa, bins[j], at);
                a[j] = bin
                    .times_conjugate(Complex::load(isa, w[j], at))
                    .exchanged();
            }
            let b = butterfly::<S, S::f32s, RADIX>(isa, a);
            for j in 0..RADIX {
                let y = b[j].exchanged();
                let c = Complex {
                    re: S::f32s::splat(isa, constants[j][0]),
                    im: S::f32s::splat(isa, constants[j][1]),
                };
                let y = y.times_conjugate(c);
                overlap_add(isa, y, &mut output[j].0, &mut overlap[j].0, at);
            }
        }
    }
}

/// `output = re + overlap`, `overlap = im`, for one vector.
#[inline(always)]
fn overlap_add<S: Isa, V: Vector<S>>(
    isa: S,
    y: Complex<V>,
    output: &mut [f32; TICK],
    overlap: &mut [f32; TICK],
    at: usize,
) {
    let overlap = &mut overlap[at..at + V::LEN];
    (y.re + V::from_slice(isa, overlap)).store_slice(&mut output[at..at + V::LEN]);
    y.im.store_slice(overlap);
}

/// A perfect shuffle of rows and lanes: the lowest bit of the lane comes from the highest of the row.
#[inline(always)]
fn shuffled<S: Isa>(isa: S, a: [f32x8<S>; 8]) -> [f32x8<S>; 8] {
    let (b0, b1) = isa.interleave_f32x8(a[0], a[4]);
    let (b2, b3) = isa.interleave_f32x8(a[1], a[5]);
    let (b4, b5) = isa.interleave_f32x8(a[2], a[6]);
    let (b6, b7) = isa.interleave_f32x8(a[3], a[7]);
    [b0, b1, b2, b3, b4, b5, b6, b7]
}

/// Exchanges rows and lanes: three perfect shuffles.
#[inline(always)]
fn transposed<S: Isa>(isa: S, a: [Row<S>; 8]) -> [Row<S>; 8] {
    let mut re = [a[0].re; 8];
    let mut im = [a[0].im; 8];
    for i in 0..8 {
        (re[i], im[i]) = (a[i].re, a[i].im);
    }
    for _ in 0..3 {
        re = shuffled(isa, re);
        im = shuffled(isa, im);
    }
    let mut out = a;
    for i in 0..8 {
        out[i] = Complex {
            re: re[i],
            im: im[i],
        };
    }
    out
}

/// A row of eight points.
type Row<S> = Complex<f32x8<S>>;

#[inline(always)]
fn forward_rows<S: Isa>(
    isa: S,
    rows: [Row<S>; 8],
    twiddles: &Chunk,
    first_turned: bool,
) -> [Row<S>; 8] {
    let mut b = butterfly8(isa, rows);
    for (k, b) in b.iter_mut().enumerate().skip(usize::from(!first_turned)) {
        *b = b.times(Complex::load(isa, twiddles, 8 * k));
    }
    butterfly8(isa, transposed(isa, b))
}

#[inline(always)]
fn inverse_rows<S: Isa>(
    isa: S,
    rows: [Row<S>; 8],
    twiddles: &Chunk,
    first_turned: bool,
) -> [Row<S>; 8] {
    let b = exchanged(butterfly8(isa, exchanged(rows)));
    let mut b = transposed(isa, b);
    for (k, b) in b.iter_mut().enumerate().skip(usize::from(!first_turned)) {
        *b = b.times_conjugate(Complex::load(isa, twiddles, 8 * k));
    }
    exchanged(butterfly8(isa, exchanged(b)))
}

#[inline(always)]
fn load_rows<S: Isa>(isa: S, chunk: &Chunk) -> [Row<S>; 8] {
    let mut rows = [Complex::zero(isa); 8];
    for (j, row) in rows.iter_mut().enumerate() {
        *row = Complex::load(isa, chunk, 8 * j);
    }
    rows
}

#[inline(always)]
fn store_rows<S: Isa>(rows: [Row<S>; 8], chunk: &mut Chunk) {
    for (j, row) in rows.into_iter().enumerate() {
        row.store(chunk, 8 * j);
    }
}

/// 64-point transforms of the chunks of `z`, each into its own place of a delay line: chunk i goes
/// to `line[i · stride + slot]`.
pub fn forward_leaf(
    simd: Simd,
    z: &[Chunk],
    twiddles: &Chunk,
    line: &mut [Chunk],
    stride: usize,
    slot: usize,
) {
    dispatch!(simd.0, isa => {
        for (z, row) in z.iter().zip(line.chunks_exact_mut(stride.max(1))) {
            store_rows(forward_rows(isa, load_rows(isa, z), twiddles, false), &mut row[slot]);
        }
    });
}

/// 64-point inverse transforms of the chunks of `z`, in place.
pub fn inverse_leaf(simd: Simd, z: &mut [Chunk], twiddles: &Chunk) {
    dispatch!(simd.0, isa => {
        for z in z {
            store_rows(inverse_rows(isa, load_rows(isa, z), twiddles, false), z);
        }
    });
}

/// The whole forward transform of 64 real samples.
pub fn forward_small(
    simd: Simd,
    input: &[f32; TICK],
    twiddles: &Chunk,
    constants: &[[f32; 2]; 8],
    bins: &mut Chunk,
) {
    dispatch!(simd.0, isa => {
        let mut rows = [Complex::zero(isa); 8];
        for j in 0..8 {
            let x = f32x8::from_slice(isa, &input[8 * j..8 * j + 8]);
            rows[j] = Complex {
                re: x * constants[j][0],
                im: x * constants[j][1],
            };
        }
        store_rows(forward_rows(isa, rows, twiddles, true), bins);
    });
}

/// The whole inverse transform of 64 bins, and the overlap-add.
pub fn inverse_small(
    simd: Simd,
    bins: &Chunk,
    twiddles: &Chunk,
    constants: &[[f32; 2]; 8],
    output: &mut [f32; TICK],
    overlap: &mut [f32; TICK],
) {
    dispatch!(simd.0, isa => {
        let rows = inverse_rows(isa, load_rows(isa, bins), twiddles, true);
        for (j, row) in rows.into_iter().enumerate() {
            let c = Complex {
                re: f32x8::splat(isa, constants[j][0]),
                im: f32x8::splat(isa, constants[j][1]),
            };
            overlap_add(isa, row.times_conjugate(c), output, overlap, 8 * j);
        }
    });
}

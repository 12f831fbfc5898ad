//! Complex numbers over vectors, and the butterflies of 2, 4 and 8 points.
//!
//! A forward butterfly of numbers with real and imaginary parts exchanged is the inverse one, so there
//! is one of each. No closure holds a vector here, nor in the passes: see `fft.rs`.

use super::Chunk;
use fearless_simd::{Simd as Isa, prelude::*};

/// A complex number a lane.
#[derive(Clone, Copy)]
pub struct Complex<V> {
    pub re: V,
    pub im: V,
}

pub trait Vector<S: Isa>: SimdFloat<S, Element = f32> {}
impl<S: Isa, V: SimdFloat<S, Element = f32>> Vector<S> for V {}

impl<V: Copy> Complex<V> {
    #[inline(always)]
    pub fn zero<S: Isa>(isa: S) -> Self
    where
        V: Vector<S>,
    {
        let zero = V::splat(isa, 0.0);
        Self { re: zero, im: zero }
    }

    #[inline(always)]
    pub fn exchanged(self) -> Self {
        Self {
            re: self.im,
            im: self.re,
        }
    }

    #[inline(always)]
    pub fn load<S: Isa>(isa: S, chunk: &Chunk, at: usize) -> Self
    where
        V: Vector<S>,
    {
        Self {
            re: V::from_slice(isa, &chunk.re[at..at + V::LEN]),
            im: V::from_slice(isa, &chunk.im[at..at + V::LEN]),
        }
    }

    #[inline(always)]
    pub fn store<S: Isa>(self, chunk: &mut Chunk, at: usize)
    where
        V: Vector<S>,
    {
        self.re.store_slice(&mut chunk.re[at..at + V::LEN]);
        self.im.store_slice(&mut chunk.im[at..at + V::LEN]);
    }

    #[inline(always)]
    pub fn plus<S: Isa>(self, other: Self) -> Self
    where
        V: Vector<S>,
    {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    #[inline(always)]
    pub fn minus<S: Isa>(self, other: Self) -> Self
    where
        V: Vector<S>,
    {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }

    /// `self · w`.
    #[inline(always)]
    pub fn times<S: Isa>(self, w: Self) -> Self
    where
        V: Vector<S>,
    {
        Self {
            re: (-self.im).mul_add(w.im, self.re * w.re),
            im: self.im.mul_add(w.re, self.re * w.im),
        }
    }

    /// `self · conj(w)`.
    #[inline(always)]
    pub fn times_conjugate<S: Isa>(self, w: Self) -> Self
    where
        V: Vector<S>,
    {
        Self {
            re: self.im.mul_add(w.im, self.re * w.re),
            im: (-self.re).mul_add(w.im, self.im * w.re),
        }
    }
}

#[inline(always)]
fn butterfly2<S: Isa, V: Vector<S>>(a: [Complex<V>; 2]) -> [Complex<V>; 2] {
    [a[0].plus(a[1]), a[0].minus(a[1])]
}

#[inline(always)]
fn butterfly4<S: Isa, V: Vector<S>>(a: [Complex<V>; 4]) -> [Complex<V>; 4] {
    let even = a[0].plus(a[2]);
    let even_difference = a[0].minus(a[2]);
    let odd = a[1].plus(a[3]);
    let odd_difference = a[1].minus(a[3]);
    [
        even.plus(odd),
        Complex {
            re: even_difference.re + odd_difference.im,
            im: even_difference.im - odd_difference.re,
        },
        even.minus(odd),
        Complex {
            re: even_difference.re - odd_difference.im,
            im: even_difference.im + odd_difference.re,
        },
    ]
}

#[inline(always)]
pub fn butterfly8<S: Isa, V: Vector<S>>(isa: S, a: [Complex<V>; 8]) -> [Complex<V>; 8] {
    let half_root = V::splat(isa, core::f32::consts::FRAC_1_SQRT_2);
    let even = butterfly4([a[0], a[2], a[4], a[6]]);
    let odd = butterfly4([a[1], a[3], a[5], a[7]]);
    // odd[1] · (1 − i) and odd[3] · (−1 − i), their 1/√2 folded into the multiply-adds below
    let turned1 = Complex {
        re: odd[1].re + odd[1].im,
        im: odd[1].im - odd[1].re,
    };
    let turned3 = Complex {
        re: odd[3].im - odd[3].re,
        im: odd[3].re + odd[3].im,
    };
    [
        even[0].plus(odd[0]),
        Complex {
            re: turned1.re.mul_add(half_root, even[1].re),
            im: turned1.im.mul_add(half_root, even[1].im),
        },
        Complex {
            re: even[2].re + odd[2].im,
            im: even[2].im - odd[2].re,
        },
        Complex {
            re: turned3.re.mul_add(half_root, even[3].re),
            im: (-turned3.im).mul_add(half_root, even[3].im),
        },
        even[0].minus(odd[0]),
        Complex {
            re: (-turned1.re).mul_add(half_root, even[1].re),
            im: (-turned1.im).mul_add(half_root, even[1].im),
        },
        Complex {
            re: even[2].re - odd[2].im,
            im: even[2].im + odd[2].re,
        },
        Complex {
            re: (-turned3.re).mul_add(half_root, even[3].re),
            im: turned3.im.mul_add(half_root, even[3].im),
        },
    ]
}

#[inline(always)]
pub fn butterfly<S: Isa, V: Vector<S>, const RADIX: usize>(
    isa: S,
    a: [Complex<V>; RADIX],
) -> [Complex<V>; RADIX] {
    let mut out = a;
    match RADIX {
        2 => out.copy_from_slice(&butterfly2([a[0], a[1]])),
        4 => out.copy_from_slice(&butterfly4([a[0], a[1], a[2], a[3]])),
        _ => out.copy_from_slice(&butterfly8(
            isa,
            [a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]],
        )),
    }
    out
}

/// Exchanges real and imaginary parts of all.
#[inline(always)]
pub fn exchanged<V: Copy, const N: usize>(mut a: [Complex<V>; N]) -> [Complex<V>; N] {
    for a in &mut a {
        *a = a.exchanged();
    }
    a
}

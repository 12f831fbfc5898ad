//! The arithmetic of the audio thread: head FIR, transform passes, multiply-accumulate.
//!
//! Every kernel is written once, safely, over portable SIMD and compiled for each instruction set;
//! [`Simd`] picks at run time. A kernel reads and writes exactly the slices it is given, never
//! allocates, and gives the same bits for the same input on the same instruction set. Beside each
//! stands a scalar form (`kernel/reference.rs`, tests only) that it is proven equal to.
//!
//! Complex numbers are kept split and chunk-local, [`Chunk`]: 64 real parts, then 64 imaginary
//! parts, aligned to a cache line. No kernel but the 64-point leaf ever shuffles lanes.

mod butterfly;
mod fetch;
mod fft;
mod fir;
mod mac;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub(super) use fetch::{fetch, fetch_chunks, fetch_one};
pub(super) use fft::{
    first, forward_leaf, forward_small, inverse_leaf, inverse_pass, inverse_small, last, pass,
};
pub(super) use fir::fir;
pub(super) use mac::mac;

use fearless_simd::Level;

/// Frames of a tick, bins of a chunk, points of a leaf transform, taps of the head: one number, so
/// that the smallest partition, the aligned buffer and the schedule's step are the same thing.
pub const TICK: usize = 64;

/// 64 complex numbers: real parts, then imaginary parts.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Chunk {
    pub re: [f32; TICK],
    pub im: [f32; TICK],
}

impl Chunk {
    pub const ZERO: Self = Self {
        re: [0.0; TICK],
        im: [0.0; TICK],
    };
}

/// 64 real numbers, aligned to a cache line: a tick of sound.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Tick(pub [f32; TICK]);

impl Tick {
    pub const ZERO: Self = Self([0.0; TICK]);
}

/// A stretch of the multiply-accumulate: `count` delay-line slots from `slot` on, each times the
/// partition of the same place from `partition` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub slot: usize,
    pub partition: usize,
    pub count: usize,
}

/// The instruction set that an engine uses. The best one the machine has, unless a test or a
/// benchmark asks for less.
#[derive(Clone, Copy, Debug)]
pub struct Simd(pub(super) Level);

impl Simd {
    /// The widest instruction set of this machine.
    pub fn best() -> Self {
        Self(Level::new())
    }

    /// Every instruction set of this machine that the kernels are compiled for, widest first.
    pub fn available() -> Vec<Self> {
        let level = Level::new();
        let mut sets = vec![Self(level)];
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            let narrower = [
                level.as_avx2().map(Level::Avx2),
                level.as_sse4_2().map(Level::Sse4_2),
                level.as_sse2().map(Level::Sse2),
            ];
            for narrow in narrower.into_iter().flatten().map(Self) {
                if sets.iter().all(|set| set.name() != narrow.name()) {
                    sets.push(narrow);
                }
            }
        }
        sets
    }

    /// Its short name: `avx512`, `avx2`, `sse4.2`, `sse2`, `neon`, `wasm`, `scalar`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Avx512(_) => "avx512",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Avx2(_) => "avx2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Sse4_2(_) => "sse4.2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Sse2(_) => "sse2",
            #[cfg(target_arch = "aarch64")]
            Level::Neon(_) => "neon",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Level::WasmSimd128(_) => "wasm",
            _ => "scalar",
        }
    }
}

impl Default for Simd {
    fn default() -> Self {
        Self::best()
    }
}

//! The right-angle transform of one partition size, cut into steps that can be spread over time.
//!
//! N real samples make N complex bins, so that a partition's convolution needs no transform of 2N
//! points and no special case at DC or Nyquist: with z[n] = x[n]·e^{iπn/2N}, bins = FFT_N(z). The
//! product of two such spectra, transformed back and turned by e^{−iπn/2N}, has the first N samples of
//! the linear convolution as its real part and the next N as its imaginary part: overlap-add is
//! `out = re + previous im`. (Right-angle convolution, a discrete weighted transform: Crandall & Fagin
//! 1994, "Discrete weighted transforms and large-integer arithmetic", Math. Comp. 62.)
//!
//! The bin order is that of decimation in frequency: sub-block after sub-block, leaf after leaf; only
//! spectra made here are ever multiplied with each other. The inverse is not scaled: the impulse's
//! spectra carry the 1/N.

use super::kernel::{self, Chunk, Simd, TICK, Tick};
use core::ops::Range;
use std::f64::consts::PI;

/// A part of a transform: some 30 to 400 ns of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The whole transform of 64 points.
    Small,
    /// These columns of the first (forward) or last (inverse) pass.
    Outer { columns: (u16, u16) },
    /// These columns of one block of one inner pass.
    Inner {
        pass: u8,
        block: u16,
        columns: (u16, u16),
    },
    /// These leaves.
    Leaves { leaves: (u16, u16) },
}

/// An inner pass: every block of `block_chunks` chunks is split by `radix`.
#[derive(Debug)]
struct Pass {
    radix: usize,
    block_chunks: usize,
    twiddles: Vec<Chunk>,
}

/// Tables and order of work of the transform of `size` points. Read-only, shared by forward and
/// inverse transforms of every channel.
#[derive(Debug)]
pub(super) struct Transform {
    chunks: usize,
    radix: usize,
    twiddles: Vec<Chunk>,
    constants: [[f32; 2]; 8],
    passes: Vec<Pass>,
    leaf: Chunk,
}

/// Columns (of 64 points in each sub-block) that one step of a pass takes.
const COLUMNS_A_STEP: usize = 1;
/// Leaves that one step takes.
const LEAVES_A_STEP: usize = 4;

impl Transform {
    /// The transform of `size` points: a power of two from 64 to 4 million. Allocates.
    pub fn new(size: usize) -> Self {
        let chunks = size / TICK;
        let mut radices = Vec::new();
        let mut factor = chunks.trailing_zeros();
        while factor > 0 {
            // Eights, and where they do not go up, fours; a two only where nothing else is left.
            let bits = match factor {
                1 => 1,
                2 | 4 => 2,
                _ => 3,
            };
            radices.push(1usize << bits);
            factor -= bits;
        }
        // The real-input pass alone knows radix 2.
        radices.sort_unstable();
        if radices.first() != Some(&2) {
            radices.reverse();
        }
        let radix = radices.first().copied().unwrap_or(8);
        let mut constants = [[0.0; 2]; 8];
        for (j, constant) in constants.iter_mut().enumerate().take(radix) {
            *constant = turn(j as f64 / (4 * radix) as f64);
        }
        let mut leaf_blocks = Chunk::ZERO;
        let twist = if chunks == 1 {
            1.0 / (4 * TICK) as f64
        } else {
            0.0
        };
        for k in 0..8 {
            for n in 0..8 {
                let angle = n as f64 * twist - (n * k) as f64 / TICK as f64;
                [leaf_blocks.re[8 * k + n], leaf_blocks.im[8 * k + n]] = turn(angle);
            }
        }
        let mut passes = Vec::new();
        let mut block = size;
        for (index, &radix) in radices.iter().enumerate() {
            let twist = if index == 0 {
                1.0 / (4 * size) as f64
            } else {
                0.0
            };
            passes.push(Pass {
                radix,
                block_chunks: block / TICK,
                twiddles: twiddles(block, radix, twist, index > 0),
            });
            block /= radix;
        }
        let outer = if passes.is_empty() {
            Vec::new()
        } else {
            passes.remove(0).twiddles
        };
        Self {
            chunks,
            radix,
            twiddles: outer,
            constants,
            passes,
            leaf: leaf_blocks,
        }
    }

    /// Points, and samples of a partition.
    pub fn size(&self) -> usize {
        self.chunks * TICK
    }

    /// Chunks of a spectrum: size / 64.
    pub fn chunks(&self) -> usize {
        self.chunks
    }

    /// Radix of an inner pass.
    pub fn inner_radix(&self, pass: u8) -> usize {
        self.passes[usize::from(pass)].radix
    }

    /// The steps of a forward transform, in order, deepest block first so that the cache is used
    /// while it is warm.
    pub fn forward_steps(&self) -> Vec<Step> {
        if self.chunks == 1 {
            return vec![Step::Small];
        }
        let mut steps = Vec::new();
        let columns = self.chunks / self.radix;
        push_columns(&mut steps, columns, |columns| Step::Outer { columns });
        self.push_inner(&mut steps, 0, 0..self.chunks);
        steps
    }

    /// The steps of an inverse transform, in order.
    pub fn inverse_steps(&self) -> Vec<Step> {
        let mut steps = self.forward_steps();
        steps.reverse();
        steps
    }

    fn push_inner(&self, steps: &mut Vec<Step>, pass: usize, chunks: Range<usize>) {
        let Some(inner) = self.passes.get(pass) else {
            for from in chunks.clone().step_by(LEAVES_A_STEP) {
                let to = (from + LEAVES_A_STEP).min(chunks.end);
                steps.push(Step::Leaves {
                    leaves: (from as u16, to as u16),
                });
            }
            return;
        };
        for block in chunks.clone().step_by(inner.block_chunks) {
            let index = (block / inner.block_chunks) as u16;
            push_columns(steps, inner.block_chunks / inner.radix, |columns| {
                Step::Inner {
                    pass: pass as u8,
                    block: index,
                    columns,
                }
            });
            self.push_inner(steps, pass + 1, block..block + inner.block_chunks);
        }
    }

    /// Runs one step of a forward transform of `input` (size / 64 ticks) through `work` (as many
    /// chunks); the leaves write the spectrum into `slot` of `line`, which has `stride` slots a
    /// chunk. Audio thread.
    #[inline]
    pub fn forward(
        &self,
        simd: Simd,
        step: Step,
        input: &[Tick],
        work: &mut [Chunk],
        (line, stride, slot): (&mut [Chunk], usize, usize),
    ) {
        match step {
            Step::Small => {
                kernel::forward_small(
                    simd,
                    &input[0].0,
                    &self.leaf,
                    &self.constants,
                    &mut line[slot],
                );
            }
            Step::Outer { columns } => kernel::first(
                simd,
                self.radix,
                input,
                work,
                &self.twiddles,
                &self.constants,
                range(columns),
            ),
            Step::Inner {
                pass,
                block,
                columns,
            } => {
                let (pass, z) = self.block(work, pass, block);
                kernel::pass(simd, pass.radix, z, &pass.twiddles, range(columns));
            }
            Step::Leaves { leaves } => {
                let leaves = range(leaves);
                let line = &mut line[leaves.start * stride..leaves.end * stride];
                kernel::forward_leaf(simd, &work[leaves], &self.leaf, line, stride, slot);
            }
        }
    }

    /// Runs one step of the inverse transform of `work`; the last pass writes `output` and renews
    /// `overlap` (size / 64 ticks each). Audio thread.
    #[inline]
    pub fn inverse(
        &self,
        simd: Simd,
        step: Step,
        work: &mut [Chunk],
        output: &mut [Tick],
        overlap: &mut [Tick],
    ) {
        match step {
            Step::Small => kernel::inverse_small(
                simd,
                &work[0],
                &self.leaf,
                &self.constants,
                &mut output[0].0,
                &mut overlap[0].0,
            ),
            Step::Outer { columns } => kernel::last(
                simd,
                self.radix,
                work,
                &self.twiddles,
                &self.constants,
                output,
                overlap,
                range(columns),
            ),
            Step::Inner {
                pass,
                block,
                columns,
            } => {
                let (pass, z) = self.block(work, pass, block);
                kernel::inverse_pass(simd, pass.radix, z, &pass.twiddles, range(columns));
            }
            Step::Leaves { leaves } => {
                kernel::inverse_leaf(simd, &mut work[range(leaves)], &self.leaf);
            }
        }
    }

    #[inline]
    fn block<'a>(&self, work: &'a mut [Chunk], pass: u8, block: u16) -> (&Pass, &'a mut [Chunk]) {
        let pass = &self.passes[usize::from(pass)];
        let from = usize::from(block) * pass.block_chunks;
        (pass, &mut work[from..from + pass.block_chunks])
    }
}

fn push_columns(steps: &mut Vec<Step>, columns: usize, step: impl Fn((u16, u16)) -> Step) {
    for from in (0..columns).step_by(COLUMNS_A_STEP) {
        let to = (from + COLUMNS_A_STEP).min(columns);
        steps.push(step((from as u16, to as u16)));
    }
}

fn range((from, to): (u16, u16)) -> Range<usize> {
    usize::from(from)..usize::from(to)
}

/// e^{2πi·turns}, rounded once.
fn turn(turns: f64) -> [f32; 2] {
    let (sin, cos) = (2.0 * PI * turns).sin_cos();
    [cos as f32, sin as f32]
}

/// Twiddles of a pass over blocks of `block` points: e^{2πi(n·twist − n·k/block)} for sub-block k and
/// point n of it. Without the first sub-block where that is one throughout.
fn twiddles(block: usize, radix: usize, twist: f64, skip_first: bool) -> Vec<Chunk> {
    let stride = block / radix;
    let mut table = Vec::with_capacity(block / TICK);
    for k in usize::from(skip_first)..radix {
        for column in (0..stride).step_by(TICK) {
            let mut chunk = Chunk::ZERO;
            for lane in 0..TICK {
                let n = column + lane;
                let angle = n as f64 * twist - (n * k % block) as f64 / block as f64;
                [chunk.re[lane], chunk.im[lane]] = turn(angle);
            }
            table.push(chunk);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten-line right-angle spectrum product: circular machinery out, linear convolution in.
    fn convolution_through(size: usize, simd: Simd) -> f64 {
        let transform = Transform::new(size);
        let signal = |seed: u32| {
            let mut state = seed;
            let mut ticks = vec![Tick::ZERO; size / TICK];
            for sample in ticks.iter_mut().flat_map(|tick| &mut tick.0) {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
            }
            ticks
        };
        let (x, h) = (signal(1), signal(2));
        let spectrum = |input: &[Tick]| {
            let mut work = vec![Chunk::ZERO; size / TICK];
            let mut line = vec![Chunk::ZERO; size / TICK];
            for step in transform.forward_steps() {
                transform.forward(simd, step, input, &mut work, (&mut line, 1, 0));
            }
            line
        };
        let (x_bins, h_bins) = (spectrum(&x), spectrum(&h));
        let mut product: Vec<Chunk> = vec![Chunk::ZERO; size / TICK];
        for ((p, x), h) in product.iter_mut().zip(&x_bins).zip(&h_bins) {
            for lane in 0..TICK {
                p.re[lane] = (x.re[lane] * h.re[lane] - x.im[lane] * h.im[lane]) / size as f32;
                p.im[lane] = (x.re[lane] * h.im[lane] + x.im[lane] * h.re[lane]) / size as f32;
            }
        }
        let mut output = vec![Tick::ZERO; size / TICK];
        let mut overlap = vec![Tick::ZERO; size / TICK];
        for step in transform.inverse_steps() {
            transform.inverse(simd, step, &mut product, &mut output, &mut overlap);
        }
        let flat = |ticks: &[Tick]| {
            ticks
                .iter()
                .flat_map(|tick| tick.0)
                .map(f64::from)
                .collect::<Vec<_>>()
        };
        let (x, h) = (flat(&x), flat(&h));
        let got = [flat(&output), flat(&overlap)].concat();
        // Every 7th sample is enough: an error anywhere in a transform spreads everywhere.
        let (mut error, mut power) = (0.0, 0.0);
        for n in (0..2 * size - 1).step_by(if size > 4096 { 997 } else { 7 }) {
            let from = n.saturating_sub(size - 1);
            let want: f64 = (from..=n.min(size - 1)).map(|k| h[k] * x[n - k]).sum();
            error += (got[n] - want).powi(2);
            power += want * want;
        }
        10.0 * (error / power).log10()
    }

    #[test]
    fn products_of_spectra_are_linear_convolutions() {
        for simd in Simd::available() {
            for bits in 6..=17 {
                let error = convolution_through(1 << bits, simd);
                assert!(error < -125.0, "{} 2^{bits}: {error:.1} dB", simd.name());
            }
        }
    }
}

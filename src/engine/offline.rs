//! Convolution of a whole signal, where a block may be waited for: large uniform partitions.
//!
//! The same transforms and kernels as in real time, in one level from the first sample on. Results
//! agree with the real-time engine below −120 dB.

use super::block::Block;
use super::crossfade::{Fade, Impulses};
use super::kernel::{Simd, TICK, Tick};
use super::level::{Given, Level};
use super::prepared::{LOUDEST, PrepareError, PreparedImpulse};
use super::routing::Routing;
use crate::denormals;
use core::ops::Range;
use std::sync::Arc;

/// Convolves a stream in blocks of any length; output n is Σ h\[k\]·x\[n − k\], with no latency in the
/// stream's own time. Fastest when called with multiples of [`OfflineConvolver::block_frames`] from
/// the start: any call that ends inside a partition computes that partition anew when it goes on.
/// Call it again with silence to get the tail.
#[derive(Debug)]
pub struct OfflineConvolver {
    impulses: Impulses,
    fade: Fade,
    simd: Simd,
    level: Level,
    inputs: Vec<Vec<Tick>>,
    overlaps: Vec<Vec<Tick>>,
    /// Samples of the current partition already taken.
    filled: usize,
    repaired: u64,
}

impl OfflineConvolver {
    /// A convolver for `responses`, one slice per impulse channel as `routing` names them.
    pub fn new(routing: &Routing, responses: &[&[f32]]) -> Result<Self, PrepareError> {
        let impulse = PreparedImpulse::offline(routing.clone(), responses)?;
        let plan = impulse.plan().levels()[0];
        let transform = impulse.transform(plan.size);
        let channels = (routing.inputs(), routing.outputs());
        let level = Level::new(0, &transform, (plan.partitions, 0), channels);
        let silence = || vec![Tick::ZERO; level.size() / TICK];
        let inputs = (0..routing.inputs()).map(|_| silence()).collect();
        let overlaps = (0..routing.outputs()).map(|_| silence()).collect();
        let simd = Simd::best();
        Ok(Self {
            impulses: Impulses::single(Arc::new(impulse)),
            fade: Fade::new(0),
            simd,
            level,
            inputs,
            overlaps,
            filled: 0,
            repaired: 0,
        })
    }

    /// Frames that one call takes at least and best: the partition size.
    pub fn block_frames(&self) -> usize {
        self.level.size()
    }

    /// How many input samples were NaN, infinite or beyond ±10¹² and have been taken as zero.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// The stream's next frames, any number of them.
    pub fn process(&mut self, block: &mut Block<'_, '_>) {
        denormals::flushed(|| {
            let mut from = 0;
            while from < block.frames() {
                let to = block.frames().min(from + self.level.size() - self.filled);
                self.convolve(block, from..to);
                from = to;
            }
        });
    }

    /// Convolves frames that all belong to the current partition.
    fn convolve(&mut self, block: &mut Block<'_, '_>, frames: Range<usize>) {
        let (inputs, outputs) = block.split();
        let (from, to) = (self.filled, self.filled + frames.len());
        let complete = to == self.level.size();
        for (channel, ticks) in self.inputs.iter_mut().enumerate() {
            let mut samples = inputs
                .get(channel)
                .map_or(&[][..], |input| &input[frames.clone()])
                .iter();
            for kept in ticks.iter_mut().flat_map(|tick| &mut tick.0).skip(from) {
                let sample = samples.next().copied().unwrap_or(0.0);
                let sound = sample.abs() <= LOUDEST;
                *kept = if sound { sample } else { 0.0 };
                self.repaired += u64::from(!sound);
            }
        }
        let given = Given {
            simd: self.simd,
            impulses: &self.impulses,
            fade: &self.fade,
        };
        if from == 0 {
            self.level.begin(given, 0);
        } else {
            self.level.repeat();
        }
        // The overlap that this partition adds to is wanted again if it is computed anew.
        if !complete {
            self.level
                .overlaps()
                .zip(&mut self.overlaps)
                .for_each(|(now, kept)| kept.copy_from_slice(now));
        }
        self.level.finish(given, |input| &self.inputs[input][..]);
        self.level.hand_over();
        if !complete {
            self.level
                .overlaps()
                .zip(&self.overlaps)
                .for_each(|(now, kept)| now.copy_from_slice(kept));
        }
        for (channel, output) in outputs.iter_mut().enumerate() {
            let output = &mut output[frames.clone()];
            if channel >= self.overlaps.len() {
                output.fill(0.0);
                continue;
            }
            let heard = self.level.heard(channel).iter().flat_map(|tick| &tick.0);
            for (sample, heard) in output.iter_mut().zip(heard.skip(from)) {
                *sample = *heard;
            }
        }
        self.filled = if complete { 0 } else { to };
    }
}

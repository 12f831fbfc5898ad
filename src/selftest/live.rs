//! The live path as the plugin has it: the loader's maker, the processor, and the hand-over between them.

use crate::engine::Change;
use crate::engine::mixer::Mix;
use crate::loader::thread::{Format, Maker, ReadyError, Wanted};
use crate::processor::{Processor, Setup};
use crate::swap::{self, LoaderEnd, Next, Sound};

/// One instance, its loader's part done by hand so that changes fall on a known sample.
pub(super) struct Live {
    maker: Maker,
    processor: Processor,
    end: LoaderEnd,
    /// Impulses that have come back.
    back: usize,
}

impl Live {
    pub fn new(wanted: Wanted, mix: Mix, format: Format) -> Result<Self, ReadyError> {
        let mut maker = Maker::new(format);
        let ready = maker.make(&wanted)?;
        let setup = Setup {
            inputs: format.inputs,
            outputs: format.outputs,
            sample_rate: format.sample_rate,
            mix,
        };
        let (end, audio) = swap::pair();
        let processor = Processor::new(maker.engine(&ready), ready.tail_frames as usize, setup);
        Ok(Self {
            maker,
            processor: processor.with_swap(audio),
            end,
            back: 0,
        })
    }

    /// Changes the impulse at the next block.
    pub fn change(&mut self, wanted: &Wanted, kind: Change) -> Result<(), ReadyError> {
        let ready = self.maker.make(wanted)?;
        let next = Next {
            sound: Sound::Impulse(ready.impulse, kind),
            tail_frames: ready.tail_frames,
        };
        // The queue is empty: nothing else was sent, or it was taken at the block before.
        let sent = self.end.send(next);
        debug_assert!(sent.is_ok(), "an empty queue");
        Ok(())
    }

    /// Takes `x` through it in blocks of these lengths.
    pub fn play(&mut self, x: &[Vec<f32>], mut length: impl FnMut() -> usize) -> Vec<Vec<f32>> {
        let mut y = x.to_vec();
        let frames = x.first().map_or(0, Vec::len);
        let mut from = 0;
        while from < frames {
            let to = frames.min(from + length().max(1));
            let mut block: Vec<&mut [f32]> = y.iter_mut().map(|y| &mut y[from..to]).collect();
            self.processor.process_in_place(&mut block);
            while self.end.take_spent().is_some() {
                self.back += 1;
            }
            from = to;
        }
        y
    }

    /// How many impulses have come back since the last time this was asked.
    pub fn back(&mut self) -> usize {
        std::mem::take(&mut self.back)
    }
}

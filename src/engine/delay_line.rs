//! The frequency delay line: the ring of spectra of one input's latest blocks.
//!
//! It belongs to the input alone, so every output of that input reads the same spectra, and an
//! impulse may be exchanged under it.

use super::kernel::{Chunk, Run};

/// Spectra of the newest `slots` blocks of one input and partition size, as `[chunk][slot]`.
#[derive(Debug)]
pub(super) struct FrequencyDelayLine {
    spectra: Vec<Chunk>,
    slots: usize,
}

impl FrequencyDelayLine {
    pub fn new(chunks: usize, slots: usize) -> Self {
        Self {
            spectra: vec![Chunk::ZERO; chunks * slots],
            slots,
        }
    }

    /// The spectra, and how many slots a chunk has.
    pub fn rows(&self) -> (&[Chunk], usize) {
        (&self.spectra, self.slots)
    }

    /// The spectra for writing, and how many slots a chunk has.
    pub fn rows_mut(&mut self) -> (&mut [Chunk], usize) {
        (&mut self.spectra, self.slots)
    }

    /// Slots of a chunk.
    pub fn slots(&self) -> usize {
        self.slots
    }

    pub fn clear(&mut self) {
        self.spectra.fill(Chunk::ZERO);
    }
}

/// Which slot of a level's delay lines is the newest. Slots are taken downwards, so that the blocks
/// from new to old lie one after the other, in at most two runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newest {
    slot: usize,
    slots: usize,
}

impl Newest {
    pub fn new(slots: usize) -> Self {
        Self { slot: 0, slots }
    }

    /// Takes the next slot for a new block.
    pub fn advance(&mut self) {
        self.slot = if self.slot == 0 {
            self.slots - 1
        } else {
            self.slot - 1
        };
    }

    pub fn slot(self) -> usize {
        self.slot
    }

    pub fn slots(self) -> usize {
        self.slots
    }

    /// The runs that pair the block of age k with partition k, for `partitions` up to the slots.
    /// The second may be empty.
    pub fn runs(self, partitions: usize) -> [Run; 2] {
        let first = (self.slots - self.slot).min(partitions);
        [
            Run {
                slot: self.slot,
                partition: 0,
                count: first,
            },
            Run {
                slot: 0,
                partition: first,
                count: partitions - first,
            },
        ]
    }
}

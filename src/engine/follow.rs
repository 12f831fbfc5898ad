//! How the blocks of one partition size follow the changes of the impulse.
//!
//! Short blocks hear every era with its own weight, and so do long ones where an impulse is another. Shapes of one
//! impulse that follow each other fast, as while a control is dragged, would cut every long block into several parts,
//! each transformed and multiplied for as long as it rings. So a long block after one that was cut is left whole, in the
//! shape that the one before ended in; what it missed is made up for in the next, by one fade to the newest shape in the
//! middle of the time of those that were missed. One change alone is exact.

use super::crossfade::{Era, Eras};

/// Samples from which on a block is long.
const LONG: usize = 4096;

/// What a level's blocks hear.
#[derive(Debug)]
pub(super) struct Follow {
    /// Whether blocks may be late to follow a drag.
    late: bool,
    /// What the latest block heard; none if that was silence.
    heard: Option<Eras>,
    /// Whether a shape began in it.
    cut: bool,
    /// When the first shape came that no block has followed.
    missed: Option<i64>,
}

impl Follow {
    pub fn new(size: usize) -> Self {
        Self {
            late: size >= LONG,
            heard: None,
            cut: false,
            missed: None,
        }
    }

    /// All that was heard is silence.
    pub fn clear(&mut self) {
        self.heard = None;
        (self.cut, self.missed) = (false, None);
    }

    /// The latest block is heard in `impulse` alone.
    pub fn stay(&mut self, impulse: u8) {
        if self.late {
            self.clear();
            self.heard = Some(Eras::single(impulse));
        }
    }

    /// All that was heard in impulse `from` counts as heard in `to`.
    pub fn rename(&mut self, from: u8, to: u8) {
        if let Some(heard) = &mut self.heard {
            heard.rename(from, to);
        }
    }

    /// A shape that no block is heard in has gone before the next block begins. It began at `start`.
    pub fn miss(&mut self, start: i64) {
        if self.heard.is_some() {
            self.missed = self.missed.or(Some(start));
        }
    }

    /// The impulses that the next block may be heard in although they are the newest no more, as a set of slots.
    pub fn in_use(&self) -> u16 {
        let newest = |heard: &Eras| 1 << heard.newest().impulse;
        self.heard.as_ref().map_or(0, newest)
    }

    /// The eras in which the block of samples `from..to`, that follows the latest, is heard, for fades of `fade` samples.
    pub fn block(&mut self, eras: &Eras, from: i64, to: i64, fade: i64) -> Eras {
        let Some(before) = self.heard.filter(|_| self.late) else {
            let heard = eras.within(from, to, fade);
            self.heard = self.late.then_some(heard);
            return heard;
        };
        let mut heard = before.within(from, to, fade);
        let cut = std::mem::take(&mut self.cut) || heard.as_slice().len() > 1;
        let begun = eras.as_slice().iter().filter(|era| era.start < to);
        let came = begun.clone().filter(|era| era.start >= from);
        let shapes = came.clone().all(|era| era.shape);
        let first = came.clone().map(|era| era.start).next();
        if shapes && (cut || self.missed.is_some() || came.clone().count() > 1) {
            self.missed = self.missed.or(first);
            if let (false, Some(missed), Some(newest)) = (cut, self.missed, begun.last()) {
                let start = i64::midpoint(missed, newest.start).min(to - fade).max(from);
                heard.push(Era { start, ..*newest });
                (self.cut, self.missed) = (true, None);
            }
        } else {
            for &era in came {
                if !heard.is_full() {
                    heard.push(era);
                    self.cut = true;
                }
            }
            self.missed = None;
        }
        self.heard = Some(heard);
        heard
    }
}

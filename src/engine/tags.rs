//! Which impulse each block of a delay line was played into.
//!
//! Partition spectra belong to an impulse, spectra of input blocks to the input; a tag says which of
//! the former meets which of the latter. So after a change the multiply-accumulate reads new spectra
//! for newer blocks and old ones for older blocks, as many as before. Only a block that a fade falls in
//! is there twice or more, once per impulse and weighed for it: its newest part in the block's own slot,
//! the others in extra slots behind.

use super::crossfade::{ERAS, SLOTS};
use super::kernel::Run;

/// No impulse.
const NONE: u8 = u8::MAX;

/// The parts of one input block.
#[derive(Clone, Copy, Debug)]
struct Tag {
    /// Impulse of the part in the block's own slot.
    own: u8,
    /// Extra slot and impulse of each other part.
    others: [(u8, u8); ERAS],
    count: usize,
}

impl Tag {
    const EMPTY: Self = Self {
        own: NONE,
        others: [(0, NONE); ERAS],
        count: 0,
    };
}

/// The tags of a level's delay lines, which have `slots` slots of blocks and behind them some extra ones.
#[derive(Debug)]
pub(super) struct Tags {
    tags: Vec<Tag>,
    /// Extra slots that are free, and how many there are.
    free: u128,
    extras: usize,
    last_extra: usize,
    /// Parts to be added to another part of the same block and impulse: from, to.
    folds: Vec<(usize, usize)>,
    /// Extra slots that are free once the folds are done.
    folding: u128,
    runs: Vec<Run>,
    /// Impulse, and where its runs end.
    groups: Vec<(u8, usize)>,
}

/// The most extra slots there can be.
pub(super) const MOST_EXTRAS: usize = 128;

impl Tags {
    pub fn new(slots: usize, extras: usize) -> Self {
        let extras = extras.min(MOST_EXTRAS);
        Self {
            tags: vec![Tag::EMPTY; slots],
            free: all(extras),
            extras,
            last_extra: 0,
            folds: Vec::with_capacity(extras),
            folding: 0,
            runs: Vec::with_capacity(slots + extras + 2),
            groups: Vec::with_capacity(SLOTS),
        }
    }

    /// Everything was played into `impulse`, whose runs are `runs`.
    pub fn settle(&mut self, slot: usize, impulse: u8, runs: [Run; 2]) {
        self.tags[slot].own = impulse;
        self.runs.clear();
        self.runs.extend(runs);
        self.groups.clear();
        self.groups.push((impulse, 2));
    }

    /// Forgets every tag.
    pub fn clear(&mut self) {
        self.tags.fill(Tag::EMPTY);
        self.free = all(self.extras);
        self.folding = 0;
        self.folds.clear();
        self.runs.clear();
        self.groups.clear();
    }

    /// Frees what the job before has folded, and empties `slot` for a new block.
    pub fn recycle(&mut self, slot: usize) {
        self.free |= self.folding;
        self.folding = 0;
        self.folds.clear();
        let tag = &mut self.tags[slot];
        for (extra, _) in &tag.others[..tag.count] {
            self.free |= 1 << extra;
        }
        *tag = Tag::EMPTY;
    }

    /// The slot for the part of block `slot` that `impulse` hears; the first part of a block gets the
    /// block's own. None if no extra slot is left.
    pub fn place(&mut self, slot: usize, impulse: u8) -> Option<usize> {
        let blocks = self.tags.len();
        let tag = &mut self.tags[slot];
        if tag.own == NONE {
            tag.own = impulse;
            return Some(slot);
        }
        // The slot before the latest one, if it is free: parts of consecutive blocks then lie side by side.
        let before = self.last_extra.wrapping_sub(1);
        let extra = if before < self.extras && self.free >> before & 1 == 1 {
            before
        } else if self.free != 0 {
            MOST_EXTRAS - 1 - self.free.leading_zeros() as usize
        } else {
            return None;
        };
        self.free &= !(1 << extra);
        self.last_extra = extra;
        tag.others[tag.count] = (extra as u8, impulse);
        tag.count += 1;
        Some(blocks + extra)
    }

    /// All that was played into impulse `from` counts as played into `to`: of the blocks from slot `newest` on as many as
    /// `from` reaches. What lies behind has been forgotten, and a longer impulse must not bring it back.
    pub fn rename(&mut self, from: u8, to: u8, newest: usize, reach: usize) {
        let slots = self.tags.len();
        for age in 0..slots {
            let tag = &mut self.tags[(newest + age) % slots];
            let reached = age < reach;
            if tag.own == from {
                tag.own = if reached { to } else { NONE };
            }
            let mut kept = 0;
            for index in 0..tag.count {
                let (extra, impulse) = tag.others[index];
                if impulse == from && !reached {
                    self.free |= 1 << extra;
                    continue;
                }
                tag.others[kept] = (extra, if impulse == from { to } else { impulse });
                kept += 1;
            }
            tag.count = kept;
        }
    }

    /// Works out the runs, with the newest block in slot `newest`: drops what the impulses, of
    /// `partitions` partitions here, no longer reach, and folds parts that a change of names has made
    /// alike. True if all there is belongs to one impulse and is complete.
    pub fn collect(&mut self, newest: usize, partitions: impl Fn(u8) -> usize) -> bool {
        let slots = self.tags.len();
        let mut found = 0u16;
        let mut complete = 0;
        for age in 0..slots {
            let slot = (newest + age) % slots;
            let tag = &mut self.tags[slot];
            if tag.own != NONE && age >= partitions(tag.own) {
                tag.own = NONE;
            }
            if tag.own != NONE {
                found |= 1 << tag.own;
                complete += 1;
            }
            let mut kept = 0;
            for index in 0..tag.count {
                let (extra, impulse) = tag.others[index];
                if age >= partitions(impulse) {
                    self.free |= 1 << extra;
                    continue;
                }
                let part = slots + usize::from(extra);
                // The newest block's parts are still to be written.
                let alike = |&&(_, other): &&(u8, u8)| age > 0 && other == impulse;
                let into = if age > 0 && tag.own == impulse {
                    Some(slot)
                } else {
                    let same = tag.others[..kept].iter().find(alike);
                    same.map(|&(other, _)| slots + usize::from(other))
                };
                if let Some(into) = into {
                    self.folds.push((part, into));
                    self.folding |= 1 << extra;
                    continue;
                }
                found |= 1 << impulse;
                tag.others[kept] = (extra, impulse);
                kept += 1;
            }
            tag.count = kept;
        }
        self.group(newest, found);
        let whole = |&(impulse, _): &(u8, usize)| complete == partitions(impulse);
        let no_extras = self.free.count_ones() as usize == self.extras;
        no_extras && matches!(&self.groups[..], [only] if whole(only))
    }

    /// Lists the runs, impulse by impulse.
    fn group(&mut self, newest: usize, mut found: u16) {
        let slots = self.tags.len();
        self.runs.clear();
        self.groups.clear();
        while found != 0 {
            let impulse = found.trailing_zeros() as u8;
            found &= found - 1;
            let first = self.runs.len();
            for age in 0..slots {
                let slot = (newest + age) % slots;
                if self.tags[slot].own == impulse {
                    extend(&mut self.runs, first, slot, age);
                }
            }
            let others = self.runs.len();
            for age in 0..slots {
                let tag = &self.tags[(newest + age) % slots];
                for &(extra, other) in &tag.others[..tag.count] {
                    if other == impulse {
                        extend(&mut self.runs, others, slots + usize::from(extra), age);
                    }
                }
            }
            self.groups.push((impulse, self.runs.len()));
        }
    }

    /// Each impulse and its runs.
    pub fn groups(&self) -> impl Iterator<Item = (u8, &[Run])> {
        let mut from = 0;
        self.groups.iter().map(move |&(impulse, to)| {
            let runs = &self.runs[from..to];
            from = to;
            (impulse, runs)
        })
    }

    /// Parts to be added to another: from, to.
    pub fn folds(&self) -> &[(usize, usize)] {
        &self.folds
    }

    /// The impulses that the runs read, as a set of slots.
    pub fn in_use(&self) -> u16 {
        let set = |set, &(impulse, _): &(u8, usize)| set | 1 << impulse;
        self.groups.iter().fold(0, set)
    }
}

/// The set of the first `extras` extra slots.
fn all(extras: usize) -> u128 {
    if extras == MOST_EXTRAS {
        u128::MAX
    } else {
        (1 << extras) - 1
    }
}

/// Adds the pair of `slot` and `partition` to the last of `runs`, none before `first`, or begins a new one.
fn extend(runs: &mut Vec<Run>, first: usize, slot: usize, partition: usize) {
    if let Some(last) = runs[first..].last_mut()
        && (last.slot + last.count, last.partition + last.count) == (slot, partition)
    {
        last.count += 1;
        return;
    }
    runs.push(Run {
        slot,
        partition,
        count: 1,
    });
}

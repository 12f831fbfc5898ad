//! How a convolver's impulse changes: a new era begins, and old ones end when their last sound has been heard.

use super::super::crossfade::Era;
use super::super::kernel::{TICK, Tick};
use super::super::level::Level;
use super::super::prepared::PreparedImpulse;
use super::super::schedule::Cursor;
use super::super::{Change, LEAD_FRAMES};
use super::{Convolver, share_of_time};
use std::sync::Arc;

impl Convolver {
    /// Whether the impulse can be exchanged for `impulse` in place.
    pub fn takes(&self, impulse: &PreparedImpulse) -> bool {
        let routing = impulse.routing();
        self.most_eras > 1
            && (routing.inputs(), routing.outputs()) == self.channels()
            && self.plan.holds(impulse.plan())
    }

    /// Plays what comes from [`LEAD_FRAMES`] after now on into `impulse`; what came before rings out in the impulse it
    /// was played into. Gives it back if it does not fit or if too many still ring; for another shape,
    /// the oldest that rings then goes on as the one after it. Audio thread.
    pub fn swap(
        &mut self,
        impulse: Arc<PreparedImpulse>,
        change: Change,
    ) -> Result<(), Arc<PreparedImpulse>> {
        if !self.takes(&impulse) {
            return Err(impulse);
        }
        let Some(slot) = self.impulses.vacant() else {
            return Err(impulse);
        };
        if self.eras.is_full() {
            if change == Change::New {
                return Err(impulse);
            }
            self.merge_oldest();
        }
        impulse.fetch();
        self.memory = self.memory.max(impulse.plan().memory());
        // The one before is in its slot too: nothing is freed here.
        self.newest = Arc::clone(&impulse);
        self.impulses.put(slot, impulse);
        self.eras.push(Era {
            start: self.now + LEAD_FRAMES as i64,
            impulse: slot,
            shape: change == Change::Shape,
        });
        self.levels.iter_mut().for_each(Level::mix);
        if self.resting {
            // Sound that a short impulse has long forgotten still stands in the blocks that long partitions wait for.
            for history in &mut self.histories {
                history.ring.fill(Tick::ZERO);
            }
            self.settle();
        }
        Ok(())
    }

    /// An impulse that nothing needs any more, if there is one. Audio thread: it is moved, not dropped.
    pub fn take_retired(&mut self) -> Option<Arc<PreparedImpulse>> {
        self.impulses.take_retired()
    }

    /// Whether the tail of an earlier impulse may still be heard.
    pub fn is_changing(&self) -> bool {
        self.eras.as_slice().len() > 1
    }

    /// Tasks run by the newest impulse's table from now on.
    pub(super) fn follow_newest(&mut self) {
        for level in &mut self.levels {
            let share = share_of_time(level, self.tick, self.offset);
            level.loosen(share);
        }
        self.tabled = self.eras.newest().impulse;
        self.cursor = Cursor::at(self.newest.table(), self.tick);
    }

    fn merge_oldest(&mut self) {
        let merged = self.eras.remove(0).impulse;
        let into = self.eras.as_slice()[0].impulse;
        for level in &mut self.levels {
            level.rename(&self.impulses, merged, into);
            level.mix();
        }
        self.impulses.let_die(merged);
    }

    /// Nothing rings: only the newest impulse is needed.
    pub(super) fn settle(&mut self) {
        while self.eras.as_slice().len() > 1 {
            let impulse = self.eras.remove(0).impulse;
            self.impulses.let_die(impulse);
        }
        self.levels.iter_mut().for_each(Level::settle);
        self.follow_newest();
        self.impulses.bury(0);
        self.remember();
        self.ringing_until = self.now;
    }

    /// Retires impulses whose last sound has been heard.
    pub(super) fn sweep(&mut self) {
        if !self.is_changing() && !self.impulses.any_dying() {
            return;
        }
        let behind = self.levels.iter().skip(1).any(Level::is_behind);
        if self.tabled != self.eras.newest().impulse && !behind {
            self.follow_newest();
        }
        let in_use = self
            .levels
            .iter()
            .fold(1 << self.tabled, |set, level| set | level.in_use());
        self.impulses.bury(in_use);
        let boundary = self.levels.iter().map(Level::boundary).min();
        let boundary = boundary.unwrap_or(self.now);
        let mut index = 0;
        while let Some(next) = self.eras.as_slice().get(index + 1) {
            let left = next.start + self.fade.frames();
            let slot = self.eras.as_slice()[index].impulse;
            let heard = boundary >= left && self.now >= left + TICK as i64;
            if heard && in_use >> slot & 1 == 0 {
                self.eras.remove(index);
                self.impulses.retire(slot);
            } else {
                index += 1;
            }
        }
        self.remember();
    }

    /// After how much silence everything is silent.
    fn remember(&mut self) {
        let eras = self.eras.as_slice().iter();
        let impulses = eras.filter_map(|era| self.impulses.get(era.impulse));
        let memory = impulses.map(|impulse| impulse.plan().memory()).max();
        let memory = memory.unwrap_or(0);
        if memory < self.memory {
            // The job under way may still read an impulse that a drag has merged into another. Its answer is heard in the
            // block after its own, what overlaps in the one after that, and one more passes until both buffers that
            // take turns are written over: what is left in one would be heard when sound comes again.
            let largest = self.levels.last().map_or(0, Level::size);
            self.ringing_until = self.now + 4 * largest as i64;
        }
        self.memory = memory;
    }
}

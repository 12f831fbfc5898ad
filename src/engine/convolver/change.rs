//! How a convolver's impulse changes: a new era begins, and old ones end when their last sound has been heard.

use super::super::crossfade::{Era, Eras, SLOTS};
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
    /// was played into. Gives it back if it does not fit or if too many still ring. Audio thread.
    pub fn swap(
        &mut self,
        impulse: Arc<PreparedImpulse>,
        change: Change,
    ) -> Result<(), Arc<PreparedImpulse>> {
        if !self.takes(&impulse) {
            return Err(impulse);
        }
        let room = !self.eras.is_full() && self.levels.iter().all(Level::has_room);
        let shape = match change {
            Change::New => false,
            Change::Shape => true,
            Change::ShapeNow => !room || self.impulses.vacant(false).is_none(),
        };
        let Some(slot) = self.impulses.vacant(shape).filter(|_| room || shape) else {
            return Err(impulse);
        };
        impulse.fetch();
        self.memory = self.memory.max(impulse.plan().memory());
        let era = Era {
            start: self.now + LEAD_FRAMES as i64,
            impulse: slot,
            shape,
        };
        self.eras.push(era);
        let fade = self.fade.frames();
        for (index, level) in self.levels.iter_mut().enumerate() {
            let partitions = impulse.plan().levels().get(index);
            level.change(era, partitions.map_or(0, |level| level.partitions), fade);
        }
        // The one before is in its slot too: nothing is freed here.
        self.newest = Arc::clone(&impulse);
        self.impulses.put(slot, impulse, shape);
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
        self.impulses.sounding() != 1 << self.eras.newest().impulse
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

    /// Nothing rings: only the newest impulse is needed.
    pub(super) fn settle(&mut self) {
        let newest = self.eras.newest().impulse;
        self.eras = Eras::single(newest);
        self.levels
            .iter_mut()
            .for_each(|level| level.settle(newest));
        self.follow_newest();
        self.impulses.retire_all_but(1 << newest);
        self.remember();
        self.ringing_until = self.now;
    }

    /// Retires impulses whose last sound has been heard.
    pub(super) fn sweep(&mut self) {
        if !self.is_changing() {
            return;
        }
        let behind = self.levels.iter().skip(1).any(Level::is_behind);
        if self.tabled != self.eras.newest().impulse && !behind {
            self.follow_newest();
        }
        // The head still sees the tick before.
        self.eras.expire(self.now - TICK as i64, self.fade.frames());
        let used = self.eras.in_use() | 1 << self.tabled;
        let levels = self.levels.iter();
        let used = levels.fold(used, |set, level| set | level.in_use());
        self.impulses.retire_all_but(used);
        self.remember();
    }

    /// After how much silence everything is silent.
    fn remember(&mut self) {
        let sounding = self.impulses.sounding();
        let slots = (0..SLOTS as u8).filter(|slot| sounding >> slot & 1 == 1);
        let impulses = slots.filter_map(|slot| self.impulses.get(slot));
        let memory = impulses.map(|impulse| impulse.plan().memory()).max();
        let memory = memory.unwrap_or(0);
        if memory < self.memory {
            // A job's answer is heard in the block after its own, what overlaps in the one after that, and up to two more
            // pass until both buffers that take turns are written over: what is left in one would be heard when sound
            // comes again.
            let largest = self.levels.last().map_or(0, Level::size);
            self.ringing_until = self.now + 4 * largest as i64;
        }
        self.memory = memory;
    }
}

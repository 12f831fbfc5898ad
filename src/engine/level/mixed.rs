//! A level's jobs around a change of the impulse: blocks in several parts, sums over several impulses, and their weight.

use super::super::crossfade::{Era, Eras};
use super::super::delay_line::FrequencyDelayLine;
use super::super::kernel::Run;
use super::super::task::{self, WEIGH_COST, WEIGH_TICKS};
use super::{Given, JOBS_TO_SILENCE, Level, SHORT_RUN, partitions};

/// From this partition size on, not every shape of a drag is played: nearly every block would fall into a fade, and each
/// shape's spectra would be read once, by one job, from memory that nobody has read before.
const LATE: usize = 4096;

/// Shapes that follow each other within so many fades, 300 ms, are a drag's.
const DRAG_FADES: i64 = 10;

/// So many of a drag's shapes sound in a late level, about: the spectra of more would be read in short runs, and there are
/// not places for all.
const LATE_SHAPES: usize = 3;

impl Level {
    pub(super) fn begin_mixed(&mut self, given: Given, end: i64) {
        let slot = self.newest.slot();
        self.tags.recycle(slot);
        let fade = given.fade.frames();
        let mut within = self.eras.within(self.job.start, end, fade);
        self.eras.expire(end, fade);
        let mut count = 0;
        // The newest first: its part gets the block's own slot.
        for index in (0..within.as_slice().len()).rev() {
            let impulse = within.as_slice()[index].impulse;
            if partitions(given.impulses, impulse, self.index) == 0 {
                continue;
            }
            let Some(slot) = self.tags.place(slot, impulse) else {
                // No slot is left: the part before gets the older weights too.
                within.join_older(self.job.parts[count - 1].0);
                break;
            };
            self.job.parts[count] = (index, slot);
            count += 1;
        }
        let split = within.as_slice().len() > 1;
        let (index, impulses) = (self.index, given.impulses);
        let settled = self
            .tags
            .collect(slot, |impulse| partitions(impulses, impulse, index));
        let only_newest = self.tags.in_use() == 1 << self.eras.newest().impulse;
        if settled && only_newest && !split {
            self.mixed = false;
            return self.begin_plain(slot);
        }
        self.plan_mixed(given, within, count, split);
    }

    /// Sets up a job whose block has `count` parts, and its weight.
    fn plan_mixed(&mut self, given: Given, eras: Eras, count: usize, split: bool) {
        let (mut sums, mut partitions, mut multiplies) = (0, 0, 0);
        for output in 0..self.outputs.len() {
            for (impulse, runs) in self.tags.groups() {
                let paths = given.impulses.get(impulse);
                let paths = paths.map_or(0, |impulse| impulse.sources(output).len());
                // A short run is read cold.
                let read = |run: &Run| run.count * if run.count <= SHORT_RUN { 2 } else { 1 };
                sums += paths;
                partitions += paths * runs.iter().map(read).sum::<usize>();
            }
            multiplies += self.transform.chunks();
        }
        self.empty_jobs = if sums > 0 {
            0
        } else {
            (self.empty_jobs + 1).min(JOBS_TO_SILENCE)
        };
        let inputs = self.lines.len();
        let job = &mut self.job;
        job.plain = false;
        job.eras = eras;
        job.part_count = count;
        job.weighing = if split {
            self.transform.chunks().div_ceil(WEIGH_TICKS)
        } else {
            0
        };
        let forwards = self.forward * inputs;
        let rest = self.tasks.len() - forwards;
        job.next = 0;
        job.length = if self.empty_jobs == JOBS_TO_SILENCE {
            0
        } else {
            count * inputs * (job.weighing + self.forward) + rest
        };
        let outputs = self.outputs.len().max(1);
        job.multiply =
            task::multiply_cost(self.transform.size(), sums, partitions) / outputs as f32;
        let (before, all) = (self.costs[forwards].0, self.costs[self.tasks.len()].0);
        let part = before + (inputs * job.weighing) as f32 * WEIGH_COST;
        job.total = count as f32 * part + (all - before) + multiplies as f32 * job.multiply;
        (job.from, job.done) = (0.0, 0.0);
    }

    /// An era begins: from the next job on, the delay lines may hold the blocks of several. `partitions` are those of its
    /// impulse.
    pub fn change(&mut self, era: Era, partitions: usize, fade: i64) {
        self.mixed = true;
        let drag = DRAG_FADES * fade;
        let shapes = era.shape && self.eras.newest().shape;
        let dragged = shapes && era.start - self.asked <= drag;
        self.asked = era.start;
        if dragged && self.size() >= LATE {
            let tail = (partitions + 2) * self.size();
            let apart = drag.max((tail / LATE_SHAPES) as i64);
            self.eras.push_dragged(era, apart, drag);
        } else {
            self.eras.push_now(era);
        }
    }

    /// Whether an era finds room.
    pub fn has_room(&self) -> bool {
        !self.eras.is_full()
    }

    /// Whether its job runs by the table of an impulse that is not the newest any more.
    pub fn is_behind(&self) -> bool {
        self.mixed && self.job.plain && self.job.length > 0
    }

    /// The table is about to change: what is under way runs by none, but evenly over what is left of its time, of which
    /// `share` has passed.
    pub fn loosen(&mut self, share: f32) {
        if self.is_behind() {
            let (done, multiplies) = self.costs[self.job.next.min(self.tasks.len())];
            let (all, every) = self.costs[self.tasks.len()];
            // What a sum costs does not matter here, as long as it is of the right size.
            let partitions = self.lines.first().map_or(1, FrequencyDelayLine::slots);
            self.job.multiply = task::multiply_cost(self.size(), 1, partitions);
            let left = (every - multiplies) as f32 * self.job.multiply;
            self.job.total = all - done + left;
            (self.job.from, self.job.done) = (share, 0.0);
            self.job.plain = false;
        }
    }
}

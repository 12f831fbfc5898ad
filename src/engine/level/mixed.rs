//! A level's jobs around a change of the impulse: blocks in several parts, sums over several impulses, and their weight.

use super::super::crossfade::{Eras, Impulses};
use super::super::delay_line::FrequencyDelayLine;
use super::super::kernel::Run;
use super::super::task::{self, WEIGH_COST, WEIGH_TICKS};
use super::{Given, JOBS_TO_SILENCE, Level, SHORT_RUN, partitions};

impl Level {
    pub(super) fn begin_mixed(&mut self, given: Given, eras: &Eras, end: i64) {
        let slot = self.newest.slot();
        self.tags.recycle(slot);
        let mut within = eras.within(self.job.start, end, given.fade.frames());
        within.thin_out();
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
        let only_newest = self.tags.in_use() == 1 << eras.newest().impulse;
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

    /// The impulse is about to change, or two have become one: from the next job on, the delay lines may hold the blocks
    /// of several.
    pub fn mix(&mut self) {
        self.mixed = true;
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

    /// All that was played into impulse `from` counts as played into `to`, from the next job on.
    pub fn rename(&mut self, impulses: &Impulses, from: u8, to: u8) {
        let reach = partitions(impulses, from, self.index);
        self.tags.rename(from, to, self.newest.slot(), reach);
    }
}

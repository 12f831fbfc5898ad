//! When each task runs: a static table over one period of the largest partition.
//!
//! Made once per impulse, by simulating the period in ticks of 64 samples: at each tick first the
//! tasks whose deadline it is, then, again and again, the next task of the level that lags furthest
//! behind its even share, until together they lag less than half a task. So every tick gets about the
//! same work, at no cost at run time.

use super::kernel::{self, TICK};

/// What the table must know of a level.
pub(super) struct LevelCosts {
    /// Samples of a block, in ticks.
    pub period: usize,
    /// Cost of each task, in order.
    pub tasks: Vec<f32>,
}

/// For each tick of the period, which levels run their next task. Read-only.
#[derive(Debug)]
pub(super) struct Table {
    /// Level of each entry and the tick's cost up to and with it.
    entries: Vec<(u8, f32)>,
    /// Where each tick's entries end.
    ends: Vec<u32>,
    /// Cost of what runs at the end of every tick, outside the table.
    immediate: f32,
}

impl Table {
    /// Simulates a period of the largest of `levels` (index 0 is the first distributed level of the
    /// plan; `first` is added to it in the table). `immediate` is the cost, in the same unit, of the
    /// work done at the end of each tick.
    pub fn new(levels: &[LevelCosts], first: usize, immediate: f32) -> Self {
        let ticks = levels.iter().map(|level| level.period).max().unwrap_or(1);
        let totals: Vec<f64> = levels
            .iter()
            .map(|level| level.tasks.iter().map(|&cost| f64::from(cost)).sum())
            .collect();
        let mut done = vec![(0usize, 0f64); levels.len()];
        let (mut entries, mut ends) = (Vec::new(), Vec::new());
        for tick in 0..ticks {
            let mut spent = 0f32;
            while let Some(level) = most_urgent(levels, &totals, &done, tick) {
                let cost = levels[level].tasks[done[level].0];
                spent += cost;
                done[level].0 += 1;
                done[level].1 += f64::from(cost);
                entries.push(((first + level) as u8, spent));
            }
            ends.push(entries.len() as u32);
            for (level, done) in levels.iter().zip(&mut done) {
                if (tick + 1) % level.period == 0 {
                    *done = (0, 0.0);
                }
            }
        }
        Self {
            entries,
            ends,
            immediate,
        }
    }

    fn start_of(&self, tick: usize) -> usize {
        if tick == 0 {
            0
        } else {
            self.ends[tick - 1] as usize
        }
    }
}

/// Where in a table the time is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    tick: usize,
    next: usize,
}

impl Cursor {
    /// At the start of `tick`, counted from any multiple of the table's period.
    pub fn at(table: &Table, tick: usize) -> Self {
        let tick = tick % table.ends.len();
        let next = table.start_of(tick);
        kernel::fetch_one(&table.entries, next);
        Self { tick, next }
    }

    /// The level whose next task is due when `offset` of the tick's 64 samples have been taken, if
    /// one is: the tick's work is spread evenly over its samples, counting what runs at its end.
    #[inline]
    pub fn due(&mut self, table: &Table, offset: usize) -> Option<usize> {
        let from = table.start_of(self.tick);
        let end = table.ends[self.tick] as usize;
        let &(level, until) = table.entries[..end].get(self.next)?;
        if offset < TICK {
            let before = if self.next == from {
                0.0
            } else {
                table.entries[self.next - 1].1
            };
            let whole = table.entries[end - 1].1 + table.immediate;
            if 0.5 * (before + until) > whole * (offset as f32 / TICK as f32) {
                return None;
            }
        }
        self.next += 1;
        Some(usize::from(level))
    }

    /// Goes on to the next tick. What was due has run.
    #[inline]
    pub fn advance(&mut self, table: &Table) {
        self.tick += 1;
        if self.tick == table.ends.len() {
            *self = Self::default();
        }
    }
}

/// The level to run next in `tick`, or none if the tick has had its share.
fn most_urgent(
    levels: &[LevelCosts],
    totals: &[f64],
    done: &[(usize, f64)],
    tick: usize,
) -> Option<usize> {
    let (mut behind, mut best) = (0.0, None::<(usize, f64)>);
    for (index, level) in levels.iter().enumerate() {
        let elapsed = tick % level.period + 1;
        let left = done[index].0 < level.tasks.len();
        if left && elapsed == level.period {
            return Some(index);
        }
        let lag = totals[index] * elapsed as f64 / level.period as f64 - done[index].1;
        behind += lag;
        let relative = lag / totals[index];
        if left && best.is_none_or(|(_, most)| relative > most) {
            best = Some((index, relative));
        }
    }
    let (index, _) = best?;
    let cost = f64::from(levels[index].tasks[done[index].0]);
    (behind >= 0.5 * cost).then_some(index)
}

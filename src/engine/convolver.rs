//! The convolver: head and levels summed, for every path of the routing.
//!
//! Sample n of the output holds the contribution of sample n of the input, whatever the block
//! lengths. Time goes in ticks of 64 samples that do not care about block boundaries; within a tick
//! the head answers at once, and the work of the levels follows the schedule in proportion to the
//! samples taken.

use super::block::Block;
use super::kernel::{self, Simd, TICK, Tick};
use super::level::Level;
use super::prepared::{LOUDEST, PreparedImpulse};
use super::schedule::{LevelCosts, Schedule};
use std::sync::Arc;

/// What the convolver remembers of one input: the tick before and the current one for the head, and
/// a ring of two blocks of the largest partition for the levels.
#[derive(Debug)]
struct History {
    window: Box<Window>,
    ring: Vec<Tick>,
}

/// The head's view of an input, aligned.
#[derive(Debug)]
#[repr(align(64))]
struct Window([f32; 3 * TICK]);

/// Nanoseconds that closing a tick takes beside the first level's job, in the unit of the tasks.
const END_OF_TICK: f32 = 150.0;

/// Convolves blocks with a prepared impulse.
#[derive(Debug)]
pub(super) struct Convolver {
    impulse: Arc<PreparedImpulse>,
    simd: Simd,
    histories: Vec<History>,
    levels: Vec<Level>,
    schedule: Schedule,
    /// Per output: what the levels give to the current tick.
    beds: Vec<Tick>,
    /// Samples of the current tick already taken.
    offset: usize,
    /// Ticks since the start, modulo the ring.
    tick: usize,
    ring_ticks: usize,
    silent_for: usize,
    memory: usize,
    repaired: u64,
}

impl Convolver {
    /// A convolver with silence behind it. Allocates all it will ever need.
    pub fn new(impulse: Arc<PreparedImpulse>, simd: Simd) -> Self {
        let plan = impulse.plan();
        let levels: Vec<Level> = (0..plan.levels().len())
            .map(|index| Level::new(&impulse, index))
            .collect();
        let costs = |level: &Level| -> Vec<f32> {
            level
                .tasks()
                .iter()
                .map(|task| task.cost(level, &impulse))
                .collect()
        };
        let distributed: Vec<LevelCosts> = levels
            .iter()
            .skip(1)
            .map(|level| LevelCosts {
                period: level.size() / TICK,
                tasks: costs(level),
            })
            .collect();
        let immediate = levels
            .first()
            .map_or(0.0, |level| costs(level).iter().sum::<f32>() + END_OF_TICK);
        let schedule = Schedule::new(&distributed, 1, immediate);
        let ring_ticks = 2 * levels.last().map_or(1, |level| level.size() / TICK);
        let history = || History {
            window: Box::new(Window([0.0; 3 * TICK])),
            ring: vec![Tick::ZERO; ring_ticks],
        };
        let routing = impulse.routing();
        Self {
            simd,
            histories: (0..routing.inputs()).map(|_| history()).collect(),
            beds: vec![Tick::ZERO; routing.outputs()],
            memory: plan.memory(),
            silent_for: 0,
            levels,
            schedule,
            offset: 0,
            tick: 0,
            ring_ticks,
            repaired: 0,
            impulse,
        }
    }

    /// The impulse it convolves with.
    pub fn impulse(&self) -> &Arc<PreparedImpulse> {
        &self.impulse
    }

    /// Samples replaced by zero so far because they were not sound.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Convolves a block of any length. Audio thread.
    pub fn process(&mut self, block: &mut Block<'_, '_>) {
        let frames = block.frames();
        let (inputs, outputs) = block.split();
        if self.rests(inputs, frames) {
            for output in outputs {
                output[..frames].fill(0.0);
            }
            return;
        }
        let mut from = 0;
        while from < frames {
            let count = (frames - from).min(TICK - self.offset);
            self.take(inputs, from..from + count);
            self.give(outputs, from..from + count);
            self.offset += count;
            from += count;
            if self.offset == TICK {
                self.work();
                self.end_tick();
            }
        }
        if self.offset > 0 {
            self.work();
        }
    }

    /// Whether input and everything remembered are silent, so that the output is too and time may
    /// stand still: a convolution does not care when its silence happens.
    fn rests(&mut self, inputs: &[&[f32]], frames: usize) -> bool {
        let used = inputs.iter().take(self.histories.len());
        let silent = used
            .clone()
            .all(|input| input[..frames].iter().all(|&sample| sample == 0.0));
        self.silent_for = if silent {
            self.silent_for.saturating_add(frames)
        } else {
            0
        };
        silent && self.silent_for - frames.min(self.silent_for) >= self.memory
    }

    /// Takes input samples into the window.
    fn take(&mut self, inputs: &[&[f32]], range: std::ops::Range<usize>) {
        for (channel, history) in self.histories.iter_mut().enumerate() {
            let window = &mut history.window.0[TICK + self.offset..][..range.len()];
            let Some(input) = inputs.get(channel) else {
                window.fill(0.0);
                continue;
            };
            let mut repaired = 0u32;
            for (kept, &sample) in window.iter_mut().zip(&input[range.clone()]) {
                let sound = sample.abs() <= LOUDEST;
                *kept = if sound { sample } else { 0.0 };
                repaired += u32::from(!sound);
            }
            self.repaired += u64::from(repaired);
        }
    }

    /// Gives output samples: the levels' share and the head's.
    fn give(&mut self, outputs: &mut [&mut [f32]], range: std::ops::Range<usize>) {
        for (channel, output) in outputs.iter_mut().enumerate() {
            let output = &mut output[range.clone()];
            let Some(bed) = self.beds.get(channel) else {
                output.fill(0.0);
                continue;
            };
            output.copy_from_slice(&bed.0[self.offset..][..range.len()]);
            for source in self.impulse.sources(channel) {
                let head = &self.impulse.response(source.response).head;
                let window = &self.histories[source.input].window.0;
                kernel::fir(
                    self.simd,
                    &head.taps,
                    &head.reversed,
                    window,
                    self.offset,
                    output,
                );
            }
        }
    }

    /// Runs what the schedule has due by now.
    fn work(&mut self) {
        while let Some(index) = self.schedule.due(self.offset) {
            let level = &mut self.levels[index];
            let block = last_block(level.size(), self.tick, self.ring_ticks);
            let histories = &self.histories;
            level.run(self.simd, &self.impulse, |input| {
                &histories[input].ring[block.clone()]
            });
        }
    }

    /// Closes a tick: its samples go to the ring, blocks that are complete begin their jobs, the
    /// first level answers at once, and the next tick's bed is made.
    fn end_tick(&mut self) {
        let histories = &mut self.histories;
        for history in histories.iter_mut() {
            let (past, rest) = history.window.0.split_at_mut(TICK);
            past.copy_from_slice(&rest[..TICK]);
            history.ring[self.tick].0.copy_from_slice(past);
        }
        let histories = &self.histories;
        let tick = (self.tick + 1) % self.ring_ticks;
        for (index, level) in self.levels.iter_mut().enumerate() {
            let ticks = level.size() / TICK;
            if !tick.is_multiple_of(ticks) {
                break;
            }
            if index == 0 {
                // Its block ended just now, and its answer is wanted at once.
                let block = self.tick..self.tick + 1;
                level.begin();
                level.finish(self.simd, &self.impulse, |input| {
                    &histories[input].ring[block.clone()]
                });
                level.hand_over();
            } else {
                let block = last_block(level.size(), self.tick, self.ring_ticks);
                level.finish(self.simd, &self.impulse, |input| {
                    &histories[input].ring[block.clone()]
                });
                level.hand_over();
                level.begin();
            }
        }
        for (channel, bed) in self.beds.iter_mut().enumerate() {
            bed.0.fill(0.0);
            for level in &self.levels {
                let heard = level.heard(channel);
                for (sum, part) in bed.0.iter_mut().zip(&heard[tick % heard.len()].0) {
                    *sum += part;
                }
            }
        }
        self.tick = tick;
        self.offset = 0;
        self.schedule.advance();
    }

    /// Forgets everything played; the impulse stays. Audio thread.
    pub fn reset(&mut self) {
        for history in &mut self.histories {
            history.window.0.fill(0.0);
            history.ring.fill(Tick::ZERO);
        }
        for level in &mut self.levels {
            level.clear();
        }
        self.beds.fill(Tick::ZERO);
        self.schedule.rewind();
        (self.offset, self.tick, self.silent_for) = (0, 0, 0);
    }
}

/// Where in the ring the latest complete block of `size` samples lies, seen from within `tick`.
#[inline]
fn last_block(size: usize, tick: usize, ring_ticks: usize) -> std::ops::Range<usize> {
    let ticks = size / TICK;
    let start = (tick / ticks * ticks + ring_ticks - ticks) % ring_ticks;
    start..start + ticks
}

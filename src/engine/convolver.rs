//! The convolver: head and levels summed, for every path of the routing.
//!
//! Sample n of the output holds the contribution of sample n of the input, whatever the block
//! lengths. Time goes in ticks of 64 samples that do not care about block boundaries; within a tick
//! the head answers at once, and the work of the levels follows the schedule in proportion to the
//! samples taken.
//!
//! The impulse may change between two blocks: `crossfade.rs` has the rule, `tags.rs` and `level.rs` keep it.

mod change;

use super::Capacity;
use super::block::Block;
use super::crossfade::{ERAS, Eras, Fade, Impulses};
use super::kernel::{self, Simd, TICK, Tick};
use super::level::{Given, Level};
use super::partition::PartitionPlan;
use super::prepared::{LOUDEST, PreparedImpulse};
use super::schedule::Cursor;
use std::sync::Arc;

/// What the convolver remembers of one input: the tick before and the current one for the head, and
/// a ring of two blocks of the largest partition for the levels.
#[derive(Debug)]
struct History {
    window: Box<Window>,
    ring: Vec<Tick>,
}

/// The head's view of an input, aligned.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Window([f32; 3 * TICK]);

/// Convolves blocks with a prepared impulse, which may be exchanged.
#[derive(Debug)]
pub(super) struct Convolver {
    plan: PartitionPlan,
    simd: Simd,
    /// The impulse that new sound is played into.
    newest: Arc<PreparedImpulse>,
    /// That and those before it.
    impulses: Impulses,
    /// Slot of the impulse by whose table tasks run: not the newest one, while a job from before the change does.
    tabled: u8,
    eras: Eras,
    most_eras: usize,
    fade: Fade,
    histories: Vec<History>,
    weighed: Box<Window>,
    levels: Vec<Level>,
    cursor: Cursor,
    /// Per output: what the levels give to the current tick.
    beds: Vec<Tick>,
    /// Samples of the current tick already taken.
    offset: usize,
    /// Ticks since the start, modulo the ring.
    tick: usize,
    ring_ticks: usize,
    /// Samples since the start. It stands still while the convolver rests.
    now: i64,
    silent_for: usize,
    memory: usize,
    /// Sample up to which the last sums of an impulse that has gone may still be heard.
    ringing_until: i64,
    resting: bool,
    repaired: u64,
}

impl Convolver {
    /// A convolver with silence behind it, with `room` to change its impulse or with none. Allocates all it will
    /// ever need.
    pub fn new(impulse: Arc<PreparedImpulse>, room: Option<Capacity>, simd: Simd) -> Self {
        let own = impulse.plan();
        let swappable =
            room.map(|room| PartitionPlan::swappable(room.frames.max(impulse.frames())));
        let plan = swappable.filter(|plan| plan.holds(own));
        let most_eras = if plan.is_some() { ERAS } else { 1 };
        let plan = plan.unwrap_or_else(|| own.clone());
        let fade = Fade::new(room.map_or(0, |room| room.fade));
        let routing = impulse.routing();
        let (inputs, outputs) = (routing.inputs(), routing.outputs());
        let mut levels = Vec::new();
        for (index, level) in plan.levels().iter().enumerate() {
            // A fade falls in so many blocks, and each of them then has one part more.
            let blocks = (fade.frames() as usize).div_ceil(level.size) + 1;
            let extras = (most_eras - 1) * blocks.min(level.partitions);
            let room = (level.partitions, extras);
            let transform = impulse.transform(level.size);
            levels.push(Level::new(index, &transform, room, (inputs, outputs)));
        }
        let ring_ticks = 2 * levels.last().map_or(1, |level| level.size() / TICK);
        let history = || History {
            window: Box::new(Window([0.0; 3 * TICK])),
            ring: vec![Tick::ZERO; ring_ticks],
        };
        Self {
            simd,
            eras: Eras::single(0),
            most_eras,
            fade,
            histories: (0..inputs).map(|_| history()).collect(),
            weighed: Box::new(Window([0.0; 3 * TICK])),
            beds: vec![Tick::ZERO; outputs],
            memory: own.memory(),
            ringing_until: 0,
            silent_for: 0,
            resting: true,
            levels,
            cursor: Cursor::default(),
            offset: 0,
            tick: 0,
            ring_ticks,
            now: 0,
            repaired: 0,
            plan,
            newest: Arc::clone(&impulse),
            impulses: Impulses::single(impulse),
            tabled: 0,
        }
    }

    /// The newest impulse.
    pub fn impulse(&self) -> &Arc<PreparedImpulse> {
        &self.newest
    }

    /// Inputs and outputs.
    pub fn channels(&self) -> (usize, usize) {
        (self.histories.len(), self.beds.len())
    }

    /// Samples replaced by zero so far because they were not sound.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Whether it gives nothing but silence until it is played again.
    pub fn is_resting(&self) -> bool {
        self.resting
    }

    /// Convolves a block of any length. Audio thread.
    pub fn process(&mut self, block: &mut Block<'_, '_>) {
        let frames = block.frames();
        let (inputs, outputs) = block.split();
        self.resting = self.rests(inputs, frames);
        if self.resting {
            if self.is_changing() {
                self.settle();
            }
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
            self.now += count as i64;
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
        silent
            && self.silent_for - frames.min(self.silent_for) >= self.memory
            && self.now >= self.ringing_until
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
            match self.beds.get(channel) {
                Some(bed) => output.copy_from_slice(&bed.0[self.offset..][..range.len()]),
                None => output.fill(0.0),
            }
        }
        // What the head sees: the tick before and the current one up to here.
        let from = self.now - (self.offset + TICK) as i64;
        let to = self.now + range.len() as i64;
        let newest = self.eras.newest();
        if newest.start + self.fade.frames() <= from {
            let impulse = &self.newest;
            for (channel, output) in outputs.iter_mut().enumerate().take(self.beds.len()) {
                for source in impulse.sources(channel) {
                    let window = &self.histories[source.input].window;
                    let output = &mut output[range.clone()];
                    head(
                        self.simd,
                        impulse,
                        source.response,
                        window,
                        self.offset,
                        output,
                    );
                }
            }
            return;
        }
        let eras = self.eras.within(from, to, self.fade.frames());
        for (index, era) in eras.as_slice().iter().enumerate() {
            let Some(impulse) = self.impulses.get(era.impulse) else {
                continue;
            };
            for (input, history) in self.histories.iter().enumerate() {
                *self.weighed = *history.window;
                let seen = &mut self.weighed.0[..(to - from) as usize];
                self.fade.weigh(&eras, index, from, seen);
                for (channel, output) in outputs.iter_mut().enumerate().take(self.beds.len()) {
                    let sources = impulse.sources(channel).iter();
                    for source in sources.filter(|source| source.input == input) {
                        let output = &mut output[range.clone()];
                        let window = &self.weighed;
                        head(
                            self.simd,
                            impulse,
                            source.response,
                            window,
                            self.offset,
                            output,
                        );
                    }
                }
            }
        }
    }

    /// Runs what is due by now: by the table, and by their share of the time those levels that the table does not
    /// know.
    fn work(&mut self) {
        let tabled = self.impulses.get(self.tabled).unwrap_or(&self.newest);
        let given = Given {
            simd: self.simd,
            impulses: &self.impulses,
            fade: &self.fade,
        };
        let (tick, ring_ticks, histories) = (self.tick, self.ring_ticks, &self.histories);
        let block = |input: usize, size: usize| {
            let block = last_block(size, tick, ring_ticks);
            &histories[input].ring[block]
        };
        while let Some(index) = self.cursor.due(tabled.table(), self.offset) {
            let level = &mut self.levels[index];
            if level.is_plain() {
                let size = level.size();
                level.run(given, |input| block(input, size));
            }
        }
        for level in self.levels.iter_mut().skip(1) {
            if !level.is_plain() {
                let size = level.size();
                let share = share_of_time(level, self.tick, self.offset);
                level.advance(given, share, |input| block(input, size));
            }
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
        let given = Given {
            simd: self.simd,
            impulses: &self.impulses,
            fade: &self.fade,
        };
        let tick = (self.tick + 1) % self.ring_ticks;
        let mut caught_up = false;
        for (index, level) in self.levels.iter_mut().enumerate() {
            let size = level.size();
            if !tick.is_multiple_of(size / TICK) {
                break;
            }
            if index == 0 {
                // Its block ended just now, and its answer is wanted at once.
                let block = self.tick..self.tick + 1;
                level.begin(given, self.now);
                level.finish(given, |input| &histories[input].ring[block.clone()]);
                level.hand_over();
            } else {
                let block = last_block(size, self.tick, self.ring_ticks);
                level.finish(given, |input| &histories[input].ring[block.clone()]);
                level.hand_over();
                level.begin(given, self.now);
                caught_up |= level.is_plain();
            }
        }
        for (channel, bed) in self.beds.iter_mut().enumerate() {
            bed.0.fill(0.0);
            for level in self.levels.iter().filter(|level| !level.is_silent()) {
                let heard = level.heard(channel);
                for (sum, part) in bed.0.iter_mut().zip(&heard[tick % heard.len()].0) {
                    *sum += part;
                }
            }
        }
        self.tick = tick;
        self.offset = 0;
        if caught_up && self.tabled != self.eras.newest().impulse {
            self.follow_newest();
        } else {
            let tabled = self.impulses.get(self.tabled).unwrap_or(&self.newest);
            self.cursor.advance(tabled.table());
        }
        if tick.is_multiple_of(SWEEP_TICKS) {
            self.sweep();
        }
    }

    /// Forgets everything played; the newest impulse stays. Audio thread.
    pub fn reset(&mut self) {
        self.settle();
        for history in &mut self.histories {
            history.window.0.fill(0.0);
            history.ring.fill(Tick::ZERO);
        }
        for level in &mut self.levels {
            level.clear();
        }
        self.beds.fill(Tick::ZERO);
        self.cursor = Cursor::default();
        (self.offset, self.tick, self.now, self.silent_for) = (0, 0, 0, 0);
        self.ringing_until = 0;
        self.resting = true;
    }
}

/// How often impulses are looked for whose last sound has been heard.
const SWEEP_TICKS: usize = 8;

#[inline]
fn head(
    simd: Simd,
    impulse: &PreparedImpulse,
    response: usize,
    window: &Window,
    offset: usize,
    output: &mut [f32],
) {
    let head = impulse.head(response);
    kernel::fir(simd, &head.taps, &head.reversed, &window.0, offset, output);
}

/// How much of the time for a level's job has passed, 0 to 1.
fn share_of_time(level: &Level, tick: usize, offset: usize) -> f32 {
    let size = level.size();
    (tick * TICK % size + offset) as f32 / size as f32
}

/// Where in the ring the latest complete block of `size` samples lies, seen from within `tick`.
#[inline]
fn last_block(size: usize, tick: usize, ring_ticks: usize) -> std::ops::Range<usize> {
    let ticks = size / TICK;
    let start = (tick / ticks * ticks + ring_ticks - ticks) % ring_ticks;
    start..start + ticks
}

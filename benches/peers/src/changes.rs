//! What it costs to change the impulse while it plays: an engine with room for ten seconds of stereo, blocks of 64.
//!
//! Steady: minima per callback over repeats of the schedule's period, as in `measure`. After one change: the second
//! that follows it, minima per callback over repeats that begin at the same phase, every repeat with other, cold impulses.
//! Drags: a new shape at every tenth or twentieth of a second, all callbacks of ten seconds as minima over repeats.

use crate::cell::{decay, noise};
use crate::load::settle;
use crate::measure::Mode;
use partita::engine::{Block, Capacity, Change, Engine, FADE_FRAMES, PreparedImpulse, Routing};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const BLOCK: usize = 64;
const RATE: usize = 48_000;
const CAPACITY: Capacity = Capacity {
    frames: 10 * RATE,
    fade: FADE_FRAMES,
};
/// Callbacks of a period of the largest partition.
const PERIOD: usize = 32_768 / BLOCK;
/// Callbacks of a second.
const SECOND: usize = RATE / BLOCK;
const REPEATS: usize = 12;

/// Measures and prints.
pub fn run() -> Result<(), String> {
    settle(Mode::Hot);
    println!("blocks of 64 at 48 kHz, stereo; per cent of a block, mean / worst");
    for seconds in [3, 10] {
        let mut player = Player::new(seconds);
        let steady = player.least(REPEATS, PERIOD, |_, _| ());
        let once = player.least(REPEATS, SECOND, |player, callback| {
            if callback == 0 {
                player.change(Change::New);
            }
        });
        println!(
            "{seconds:2} s  steady                   {}",
            said(steady, steady)
        );
        println!(
            "{seconds:2} s  the second after one     {}",
            said(once, steady)
        );
        for a_second in [10, 20] {
            let drag = player.least(3, 10 * SECOND, |player, callback| {
                if callback % (SECOND / a_second) == 0 {
                    player.change(Change::Shape);
                }
            });
            println!(
                "{seconds:2} s  {a_second} shapes a second       {}",
                said(drag, steady)
            );
        }
        println!(
            "{seconds:2} s  held at most: {} impulses of {:.1} MB",
            player.most,
            player.pool[0].bytes() as f64 / 1e6
        );
    }
    Ok(())
}

fn said((mean, worst): (f64, f64), steady: (f64, f64)) -> String {
    let percent = 100.0 / (BLOCK as f64 / RATE as f64 * 1e9);
    format!(
        "{:.3} / {:.3}   {:.2} / {:.2} of steady",
        mean * percent,
        worst * percent,
        mean / steady.0,
        worst / steady.1
    )
}

struct Player {
    engine: Engine,
    /// More than the caches hold, so that the next one is always cold.
    pool: Vec<Arc<PreparedImpulse>>,
    next: usize,
    /// Impulses that the engine holds now, and at most.
    held: usize,
    most: usize,
    input: [Vec<f32>; 2],
    output: [Vec<f32>; 2],
    at: usize,
    rest: usize,
}

impl Player {
    fn new(seconds: usize) -> Self {
        let prepared = |seed: u64| {
            let responses = [decay(seed, seconds * RATE), decay(seed + 1, seconds * RATE)];
            let slices = [&responses[0][..], &responses[1][..]];
            let impulse = PreparedImpulse::swappable(Routing::stereo(), &slices);
            Arc::new(impulse.expect("a good impulse"))
        };
        let pool: Vec<_> = (0..if seconds > 5 { 16 } else { 32 })
            .map(|seed| prepared(2 * seed + 1))
            .collect();
        Self {
            engine: Engine::with_capacity(Arc::clone(&pool[0]), CAPACITY),
            pool,
            next: 1,
            held: 1,
            most: 1,
            input: [noise(77, 131_071 + BLOCK), noise(78, 131_071 + BLOCK)],
            output: [vec![0.0; BLOCK], vec![0.0; BLOCK]],
            at: 0,
            // The tail, the largest partitions and a little more, in whole periods.
            rest: (seconds * SECOND).div_ceil(PERIOD) * PERIOD + 4 * PERIOD,
        }
    }

    fn change(&mut self, change: Change) {
        let impulse = Arc::clone(&self.pool[self.next]);
        if self.engine.swap(impulse, change).is_ok() {
            self.next = (self.next + 1) % self.pool.len();
            self.held += 1;
            self.most = self.most.max(self.held);
        }
    }

    /// Nanoseconds of a callback.
    fn call(&mut self) -> f64 {
        let to = self.at + BLOCK;
        let inputs = [&self.input[0][self.at..to], &self.input[1][self.at..to]];
        let [left, right] = &mut self.output;
        let mut outputs = [&mut left[..], &mut right[..]];
        let mut block = Block::new(&inputs, &mut outputs);
        let start = Instant::now();
        self.engine.process(&mut block);
        while let Some(spent) = self.engine.take_retired() {
            self.held -= 1;
            black_box(spent);
        }
        let taken = start.elapsed();
        self.at = to % 131_071;
        taken.as_nanos() as f64
    }

    /// Mean and worst of `calls` callbacks, `before` each of which something may be done, each the least of
    /// `repeats` that begin at the same phase and in the same state.
    fn least(
        &mut self,
        repeats: usize,
        calls: usize,
        before: impl Fn(&mut Self, usize),
    ) -> (f64, f64) {
        let mut least = vec![f64::MAX; calls];
        for _ in 0..repeats {
            for _ in 0..self.rest {
                self.call();
            }
            for (callback, least) in least.iter_mut().enumerate() {
                before(self, callback);
                *least = least.min(self.call());
            }
            // Back to the start of a period.
            for _ in 0..calls.next_multiple_of(PERIOD) - calls {
                self.call();
            }
        }
        let mean = least.iter().sum::<f64>() / calls as f64;
        (mean, least.into_iter().fold(0.0, f64::max))
    }
}

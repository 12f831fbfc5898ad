//! What it costs to change the impulse while it plays: an engine with room for ten seconds of stereo, blocks of 64.
//!
//! Steady: minima per callback over repeats of the schedule's period, as in `measure`. After one change: the second
//! that follows it, minima per callback over repeats that begin at the same phase, every repeat with other, cold impulses.
//! Drags: a new shape at every tenth or twentieth of a second, all callbacks of ten seconds as minima over repeats.
//! Taking the change is part of the callback that it comes with.

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
        let steady = player.least(REPEATS, PERIOD, |_| None);
        let once = player.least(REPEATS, SECOND, |callback| {
            (callback == 0).then_some(Change::New)
        });
        println!(
            "{seconds:2} s  steady                   {}",
            steady.against(&steady)
        );
        println!(
            "{seconds:2} s  the second after one     {}",
            once.against(&steady)
        );
        for a_second in [10, 20] {
            let drag = player.least(REPEATS, 10 * SECOND, |callback| {
                callback
                    .is_multiple_of(SECOND / a_second)
                    .then_some(Change::Shape)
            });
            println!(
                "{seconds:2} s  {a_second} shapes a second       {}",
                drag.against(&steady)
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

/// Nanoseconds of each callback.
struct Least(Vec<f64>);

impl Least {
    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// The worst callback, and which it is.
    fn worst(&self) -> (usize, f64) {
        let worst = |worst: (usize, f64), (callback, &time): (usize, &f64)| {
            if time > worst.1 {
                (callback, time)
            } else {
                worst
            }
        };
        self.0.iter().enumerate().fold((0, 0.0), worst)
    }

    fn against(&self, steady: &Self) -> String {
        let percent = 100.0 / (BLOCK as f64 / RATE as f64 * 1e9);
        let (mean, (callback, worst)) = (self.mean(), self.worst());
        format!(
            "{:.3} / {:.3}   {:.2} / {:.2} of steady, worst is callback {callback}",
            mean * percent,
            worst * percent,
            mean / steady.mean(),
            worst / steady.worst().1,
        )
    }
}

struct Player {
    engine: Engine,
    /// More than the caches hold, so that the next one is always cold.
    pool: Vec<Arc<PreparedImpulse>>,
    next: usize,
    coming: Option<Arc<PreparedImpulse>>,
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
            coming: Some(Arc::clone(&pool[1])),
            pool,
            next: 2,
            held: 1,
            most: 1,
            input: [noise(77, 131_071 + BLOCK), noise(78, 131_071 + BLOCK)],
            output: [vec![0.0; BLOCK], vec![0.0; BLOCK]],
            at: 0,
            // The tail, the largest partitions and a little more, in whole periods.
            rest: (seconds * SECOND).div_ceil(PERIOD) * PERIOD + 4 * PERIOD,
        }
    }

    /// Nanoseconds of a callback, which begins with a change of the impulse or not.
    fn call(&mut self, change: Option<Change>) -> f64 {
        let to = self.at + BLOCK;
        let inputs = [&self.input[0][self.at..to], &self.input[1][self.at..to]];
        let [left, right] = &mut self.output;
        let mut outputs = [&mut left[..], &mut right[..]];
        let mut block = Block::new(&inputs, &mut outputs);
        let coming = change.and_then(|change| Some((self.coming.take()?, change)));
        let start = Instant::now();
        if let Some((impulse, change)) = coming {
            match self.engine.swap(impulse, change) {
                Ok(()) => self.held += 1,
                Err(impulse) => self.coming = Some(impulse),
            }
        }
        self.engine.process(&mut block);
        while let Some(spent) = self.engine.take_retired() {
            self.held -= 1;
            black_box(spent);
        }
        let taken = start.elapsed();
        self.most = self.most.max(self.held);
        if self.coming.is_none() {
            // Counting it warms a line of it, which will have been evicted again when its turn comes.
            self.coming = Some(Arc::clone(&self.pool[self.next]));
            self.next = (self.next + 1) % self.pool.len();
        }
        self.at = to % 131_071;
        taken.as_nanos() as f64
    }

    /// `calls` callbacks, each the least of `repeats` that begin at the same phase and in the same state; some begin with
    /// a `change`.
    fn least(
        &mut self,
        repeats: usize,
        calls: usize,
        change: impl Fn(usize) -> Option<Change>,
    ) -> Least {
        let mut least = vec![f64::MAX; calls];
        for _ in 0..repeats {
            for _ in 0..self.rest {
                self.call(None);
            }
            for (callback, least) in least.iter_mut().enumerate() {
                *least = least.min(self.call(change(callback)));
            }
            // Back to the start of a period.
            for _ in 0..calls.next_multiple_of(PERIOD) - calls {
                self.call(None);
            }
        }
        Least(least)
    }
}

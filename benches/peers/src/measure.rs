//! How a load is measured.
//!
//! Load is the time of a callback over the duration of its block, less what reading the clock takes.
//! Preemption, interrupts and neighbours on a shared machine only ever add to it, so each callback is
//! measured several times and the least is kept; the worst of these minima is the engine's own worst
//! callback. Mean and p99.9 are those of the minima too.
//!
//! *The same callback again*: where the block length divides the period of every engine's schedule,
//! callback i of one period does the same work as callback i of the next. Other block lengths (441,
//! random…) never come round; there the engine is reset, plays itself warm, and meets the same blocks
//! with the same sound in the same state again.
//!
//! *Blocks that change* have a mean load of all time over all sound. Callbacks below 16 samples do not
//! enter p99.9 and worst there: a tick's work falls due in some block, however short. Hosts that ask
//! for single samples queue many of them.
//!
//! Engines of a cell take turns, so that a drift of the machine hits all alike. Each turn begins with
//! callbacks that are not timed, since the turn before left its own data in the caches.
//!
//! *Paced* callbacks come when they are due. The engine with helper threads runs them beside its
//! callbacks there, while everywhere else each callback waits for all of them; so paced figures may
//! not be set beside others. Engines are paced one after another, and the stream is long enough for
//! twelve periods; of each callback's repeats the median is kept, since a minimum would pick the
//! lucky case of caches that stayed warm. What all callbacks gave as they came, preempted or not,
//! stands beside it in the table (`raw`).
//!
//! *CPU* is that of the process, all threads, over the duration of the sound, without evicting, reading
//! clocks, and, paced, sleeping and waking up for each callback (two seconds of that alone are measured
//! before, while the engine rests; the difference is good to about 0.1 %). What waking helper threads
//! costs stays in.

use crate::cell::{Cell, PERIOD, RATE};
use crate::clock::process_cpu;
use crate::runner::{Pace, Runner, wait_for};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Under which conditions callbacks are timed. Figures of different modes are never compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Callback after callback, caches warm: the arithmetic.
    Hot,
    /// 8 MB of other memory touched between callbacks: a few other plugins.
    Evicted8,
    /// 48 MB of other memory touched between callbacks: a full session.
    Evicted48,
    /// At their due times, on a FIFO thread where permitted.
    Paced,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Evicted8 => "evicted-8MB",
            Self::Evicted48 => "evicted-48MB",
            Self::Paced => "paced",
        }
    }

    fn evicted_bytes(self) -> usize {
        match self {
            Self::Hot | Self::Paced => 0,
            Self::Evicted8 => 8 << 20,
            Self::Evicted48 => 48 << 20,
        }
    }
}

/// Loads of callbacks, per cent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loads {
    pub mean: f64,
    pub p999: f64,
    pub worst: f64,
}

/// Figures of one engine in one cell.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub loads: Loads,
    /// Paced: of all callbacks as they came.
    pub raw: Option<Loads>,
    /// CPU time of the whole process over the sound's duration, per cent.
    pub cpu: f64,
    pub latency: usize,
    /// Error against one large transform in f64, relative, dB.
    pub error_db: f64,
}

/// Period of the schedules of the engines that are worth pacing.
const PACED_PERIOD: usize = 32_768;
/// Periods of a paced stream that are played before callbacks count, and that count at least.
const PACED_PERIODS: [usize; 2] = [2, 12];
/// Longest time that playing for the comparison with exact arithmetic may take.
const CHECKING: Duration = Duration::from_secs(6);
/// Longest time that three turns of one engine may take, seconds.
const AFFORDABLE: f64 = 12.0;
/// Most repeats of a callback.
const REPEATS: usize = 40;
/// Shortest block of changing ones whose own load is looked at.
const SHORTEST: usize = 16;

/// Measures the engines of a cell, each for at most about `seconds` after its warm-up. Says why where
/// one is too slow to be measured.
pub fn measure(
    cell: &Cell,
    mode: Mode,
    runners: &mut [Runner<'_>],
    seconds: f64,
) -> Vec<Result<Figures, String>> {
    if mode == Mode::Paced {
        let frames =
            (cell.frames() + 48_000).max(PACED_PERIODS.iter().sum::<usize>() * PACED_PERIOD);
        let wanted = cell.wanted(frames);
        let lengths = cell.blocks.lengths(frames);
        return runners
            .iter_mut()
            .map(|runner| Ok(paced(runner, &lengths, &wanted)))
            .collect();
    }
    let lengths = cell.blocks.lengths(cell.frames() + 48_000);
    let wanted = cell.wanted(lengths.iter().sum());
    let course = Course::new(cell);
    let mut errors = Vec::new();
    for runner in &mut *runners {
        let recording = runner.record(&lengths, Pace::Unbound(CHECKING));
        let load = loads(&recording.times, &lengths[..recording.times.len()]).mean;
        let turns = 3.0 * course.seconds() * load / 100.0;
        errors.push(if turns <= AFFORDABLE {
            Ok(runner.error_db(&recording, &wanted))
        } else {
            Err(format!(
                "a load of about {load:.0} %, too slow for three repeats in {AFFORDABLE} s"
            ))
        });
    }
    let mut ballast = vec![0u8; mode.evicted_bytes()];
    let mut minima: Vec<Minima> = runners.iter().map(|_| Minima::new(&course)).collect();
    for turn in 0..REPEATS {
        for ((runner, minima), error) in runners.iter_mut().zip(&mut minima).zip(&errors) {
            if error.is_ok() && (turn < 3 || minima.spent < seconds) {
                minima.turn(runner, &course, &mut ballast);
            }
        }
    }
    let rows = runners.iter().zip(minima).zip(errors);
    rows.map(|((runner, minima), error)| {
        Ok(Figures {
            error_db: error?,
            loads: loads(&minima.least, &course.timed),
            raw: None,
            cpu: 100.0 * minima.cpu * RATE / minima.frames as f64,
            latency: runner.latency(),
        })
    })
    .collect()
}

/// The callbacks of a turn.
struct Course {
    /// Not timed.
    warm: Vec<usize>,
    timed: Vec<usize>,
    /// Whether the schedule comes round by itself; else the engine starts anew at every turn.
    periodic: bool,
}

impl Course {
    fn new(cell: &Cell) -> Self {
        // From the start, two periods of the largest partition until every level has its work, and
        // then several, since unequal blocks meet each place of a period seldom.
        let periodic = cell.blocks.periodic();
        let (warm, timed) = if periodic {
            (PERIOD / 2, PERIOD)
        } else {
            (PERIOD, 4 * PERIOD)
        };
        let mut lengths = cell.blocks.lengths(warm + timed);
        let mut played = 0;
        let first = lengths.iter().position(|&length| {
            played += length;
            played > warm
        });
        let timed = lengths.split_off(first.unwrap_or(0));
        Self {
            warm: lengths,
            timed,
            periodic,
        }
    }

    /// How long a turn's sound lasts.
    fn seconds(&self) -> f64 {
        self.warm.iter().chain(&self.timed).sum::<usize>() as f64 / RATE
    }
}

/// Minima per callback of the course.
struct Minima {
    least: Vec<f64>,
    /// Which callback of the period comes next.
    phase: usize,
    /// Seconds of CPU, and the frames that they were spent on.
    cpu: f64,
    frames: usize,
    /// Seconds that all turns took.
    spent: f64,
}

impl Minima {
    fn new(course: &Course) -> Self {
        Self {
            least: vec![f64::MAX; course.timed.len()],
            phase: 0,
            cpu: 0.0,
            frames: 0,
            spent: 0.0,
        }
    }

    fn turn(&mut self, runner: &mut Runner<'_>, course: &Course, ballast: &mut [u8]) {
        let begun = Instant::now();
        if course.periodic {
            self.phase = (self.phase + course.warm.len()) % course.timed.len();
        } else {
            runner.restart();
            self.phase = 0;
        }
        for &length in &course.warm {
            runner.call(length);
        }
        let mut cpu = process_cpu();
        let mut spent = Duration::ZERO;
        for _ in 0..course.timed.len() {
            let length = course.timed[self.phase];
            // Evicting is no work of the engine.
            if !ballast.is_empty() {
                spent += process_cpu().saturating_sub(cpu);
                evict(ballast);
                cpu = process_cpu();
            }
            let least = &mut self.least[self.phase];
            *least = least.min(runner.call(length));
            self.frames += length;
            self.phase = (self.phase + 1) % course.timed.len();
        }
        spent += process_cpu().saturating_sub(cpu);
        // Each call reads the clock twice.
        let reading = 2e-9 * runner.reading() * course.timed.len() as f64;
        self.cpu += (spent.as_secs_f64() - reading).max(0.0);
        self.spent += begun.elapsed().as_secs_f64();
    }
}

/// Writes one byte of every cache line.
fn evict(ballast: &mut [u8]) {
    ballast
        .iter_mut()
        .step_by(64)
        .for_each(|byte| *byte = byte.wrapping_add(1));
    black_box(ballast);
}

fn paced(runner: &mut Runner<'_>, lengths: &[usize], wanted: &[Vec<f64>; 2]) -> Figures {
    let before = process_cpu();
    let begun = Instant::now();
    (0..2 * RATE as usize)
        .step_by(lengths[0])
        .for_each(|at| wait_for(begun, at));
    let waking = process_cpu().saturating_sub(before).as_secs_f64() / 2.0;
    let before = process_cpu();
    let recording = runner.record(lengths, Pace::RealTime);
    let cpu = process_cpu().saturating_sub(before).as_secs_f64();
    let frames: usize = lengths.iter().sum();
    // A period holds whole blocks: see `load`, which refuses others.
    let calls = PACED_PERIOD / lengths[0];
    let counted = &recording.times[PACED_PERIODS[0] * calls..];
    let middle = (0..calls).map(|phase| {
        let mut repeats: Vec<f64> = counted.iter().skip(phase).step_by(calls).copied().collect();
        repeats.sort_by(f64::total_cmp);
        repeats[repeats.len() / 2]
    });
    let middle: Vec<f64> = middle.collect();
    Figures {
        loads: loads(&middle, &lengths[..calls]),
        raw: Some(loads(counted, &lengths[..counted.len()])),
        cpu: 100.0 * (cpu * RATE / frames as f64 - waking),
        latency: runner.latency(),
        error_db: runner.error_db(&recording, wanted),
    }
}

/// Whether a stream of such blocks comes round often enough to be paced.
pub fn can_be_paced(cell: &Cell) -> bool {
    PACED_PERIOD.is_multiple_of(cell.blocks.longest()) && cell.blocks.periodic()
}

/// Loads of callbacks of these nanoseconds and lengths.
fn loads(times: &[f64], lengths: &[usize]) -> Loads {
    let nanoseconds = |frames: usize| frames as f64 / RATE * 1e9;
    let total: usize = lengths.iter().sum();
    let fixed = lengths.iter().all(|length| length == &lengths[0]);
    let counted = times.iter().zip(lengths);
    let mut loads: Vec<f64> = counted
        .filter(|&(_, &length)| fixed || length >= SHORTEST)
        .map(|(time, &length)| 100.0 * time / nanoseconds(length))
        .collect();
    loads.sort_by(f64::total_cmp);
    Loads {
        mean: 100.0 * times.iter().sum::<f64>() / nanoseconds(total),
        p999: loads[(loads.len() - 1) * 999 / 1000],
        worst: loads[loads.len() - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_weighs_by_duration_and_the_worst_leaves_out_the_shortest() {
        // A sample lasts 20833 ns: one block of 1 at half load, 48 at full, 96 at half.
        let sample = 1e9 / RATE;
        let found = loads(&[0.5 * sample, 48.0 * sample, 48.0 * sample], &[1, 48, 96]);
        assert!((found.worst - 100.0).abs() < 1e-9, "{found:?}");
        assert!(
            (found.mean - 100.0 * 96.5 / 145.0).abs() < 1e-9,
            "{found:?}"
        );
        let single = loads(&[0.5 * sample, 0.25 * sample], &[1, 1]);
        assert!((single.worst - 50.0).abs() < 1e-9, "{single:?}");
    }
}

//! How a load is measured.
//!
//! Load is the time of a callback over the duration of its block. Every engine here does the same
//! work again after one period of its largest partition, so callback i of one period and callback i of
//! the next are the same measurement: the minimum over the repeats drops what preemption, interrupts
//! and neighbours on a shared machine added, and the maximum of those minima is the engine's own
//! worst callback. The mean is the mean of the minima, p99.9 their 99.9th percentile. Paced runs are
//! the exception: there lateness itself is the subject, so mean, p99.9 and worst are those of all
//! callbacks as they came.
//!
//! Engines of a cell take turns, period by period, so that a drift of the machine hits all alike; each
//! turn begins with half a period that is not timed, since the turn before left its own data in the
//! caches.

use crate::engines::{Cell, Peer, noise};
use partita::engine::fft;
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

/// Figures of one engine in one cell, loads in per cent.
#[derive(Clone, Debug)]
pub struct Figures {
    pub mean: f64,
    pub p999: f64,
    pub worst: f64,
    /// CPU time of the whole process, all threads, over the audio's duration.
    pub cpu: f64,
    pub latency: usize,
    /// Error against one large transform in f64, relative, dB.
    pub error_db: f64,
}

/// Samples after which every engine here repeats its work.
const PERIOD: usize = 65_536;
/// Samples of input before it repeats; no block length divides it.
const LOOP: usize = 131_071;

/// An engine and what it is fed.
pub struct Runner {
    engine: Box<dyn Peer>,
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
    block: usize,
    at: usize,
}

impl Runner {
    pub fn new(engine: Box<dyn Peer>, cell: &Cell) -> Self {
        // The loop goes on past its end for one block, so that a block never wraps.
        let looped = |channel: usize| {
            let mut samples = noise(channel as u64 + 77, LOOP);
            samples.extend_from_within(..cell.block);
            samples
        };
        Self {
            engine,
            input: (0..cell.routing.inputs()).map(looped).collect(),
            output: vec![vec![0.0; cell.block]; cell.routing.outputs()],
            block: cell.block,
            at: 0,
        }
    }

    /// One callback. Returns how long it took, in nanoseconds.
    fn call(&mut self) -> f64 {
        let range = self.at..self.at + self.block;
        let mut inputs: [&[f32]; 2] = [&[], &[]];
        inputs
            .iter_mut()
            .zip(&self.input)
            .for_each(|(slot, input)| *slot = &input[range.clone()]);
        let inputs = &inputs[..self.input.len()];
        let start = Instant::now();
        self.engine.process(inputs, &mut self.output);
        let taken = start.elapsed();
        black_box(&self.output);
        self.at = (self.at + self.block) % LOOP;
        taken.as_nanos() as f64
    }

    /// Plays for the impulse's length and a second more and compares every sample; warms everything
    /// up at the same time. Stops early where an engine is slower than real time allows.
    pub fn check(&mut self, cell: &Cell, mode: Mode) -> f64 {
        let calls = (cell.frames() + 48_000).div_ceil(self.block);
        let begun = Instant::now();
        let mut got: Vec<Vec<f32>> = vec![Vec::new(); self.output.len()];
        for call in 0..calls {
            // Threads that expect real time may not be asked for more.
            if mode == Mode::Paced {
                wait_for(begun, call, cell);
            }
            self.call();
            got.iter_mut()
                .zip(&self.output)
                .for_each(|(got, output)| got.extend_from_slice(output));
            if begun.elapsed() > Duration::from_secs(12) {
                break;
            }
        }
        let late = self.engine.latency();
        let frames = got[0].len() - late;
        let wide = |samples: &mut dyn Iterator<Item = &f32>| {
            samples.map(|&x| f64::from(x)).collect::<Vec<_>>()
        };
        let mut want = vec![vec![0.0; frames]; got.len()];
        for path in cell.routing.paths() {
            let x = wide(&mut self.input[path.input][..LOOP].iter().cycle().take(frames));
            let h = wide(&mut cell.responses[path.response].iter());
            let sum = fft::convolve(&x, &h);
            want[path.output]
                .iter_mut()
                .zip(sum)
                .for_each(|(want, sum)| *want += sum);
        }
        let (mut error, mut power) = (0.0, 0.0);
        for (got, want) in got.iter().zip(&want) {
            for (&got, want) in got[late..].iter().zip(want) {
                error += (f64::from(got) - want).powi(2);
                power += want * want;
            }
        }
        10.0 * (error / power).log10()
    }
}

/// Minima per callback of the period.
struct Minima {
    least: Vec<f64>,
    /// Which callback of the period comes next.
    phase: usize,
    cpu: Duration,
    audio: f64,
}

/// Measures the engines of a cell in turns, for at most about `seconds` each.
pub fn measure(
    cell: &Cell,
    mode: Mode,
    runners: &mut [(&str, Runner)],
    seconds: f64,
) -> Vec<Figures> {
    let errors: Vec<f64> = runners
        .iter_mut()
        .map(|(_, runner)| runner.check(cell, mode))
        .collect();
    let mut rows = Vec::new();
    if mode == Mode::Paced {
        rows.extend(
            runners
                .iter_mut()
                .map(|(_, runner)| paced(cell, runner, seconds)),
        );
    } else {
        let calls = PERIOD / cell.block;
        let mut ballast = vec![0u8; mode.evicted_bytes()];
        let fresh = || Minima {
            least: vec![f64::MAX; calls],
            phase: 0,
            cpu: Duration::ZERO,
            audio: 0.0,
        };
        let mut minima: Vec<Minima> = runners.iter().map(|_| fresh()).collect();
        let mut spent = vec![0.0; runners.len()];
        for repeat in 0..40 {
            for (((_, runner), minima), spent) in
                runners.iter_mut().zip(&mut minima).zip(&mut spent)
            {
                if *spent > seconds && repeat >= 3 {
                    continue;
                }
                let begun = Instant::now();
                for _ in 0..calls / 2 {
                    runner.call();
                }
                // The schedule is half a period further on at every turn.
                minima.phase = (minima.phase + calls / 2) % calls;
                let cpu = process_cpu();
                for _ in 0..calls {
                    evict(&mut ballast);
                    let least = &mut minima.least[minima.phase];
                    *least = least.min(runner.call());
                    minima.phase = (minima.phase + 1) % calls;
                }
                minima.cpu += process_cpu().saturating_sub(cpu);
                minima.audio += (calls * cell.block) as f64 / crate::engines::RATE;
                *spent += begun.elapsed().as_secs_f64();
            }
        }
        for minima in minima {
            let cpu = 100.0 * minima.cpu.as_secs_f64() / minima.audio;
            rows.push(figures(cell, minima.least, cpu));
        }
    }
    for ((row, (_, runner)), error) in rows.iter_mut().zip(runners).zip(errors) {
        (row.latency, row.error_db) = (runner.engine.latency(), error);
    }
    rows
}

/// Callbacks at their due times, as a sound card would make them.
fn paced(cell: &Cell, runner: &mut Runner, seconds: f64) -> Figures {
    let calls = (seconds * 1e9 / cell.deadline()) as usize;
    let mut times = Vec::with_capacity(calls);
    let (start, cpu) = (Instant::now(), process_cpu());
    for call in 0..calls {
        wait_for(start, call, cell);
        times.push(runner.call());
    }
    let cpu =
        100.0 * process_cpu().saturating_sub(cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    figures(cell, times, cpu)
}

/// Sleeps until callback `call` of a stream that began at `start` is due.
fn wait_for(start: Instant, call: usize, cell: &Cell) {
    let due = Duration::from_nanos((call as f64 * cell.deadline()) as u64);
    if let Some(rest) = due.checked_sub(start.elapsed()) {
        std::thread::sleep(rest);
    }
}

fn figures(cell: &Cell, mut times: Vec<f64>, cpu: f64) -> Figures {
    let percent = 100.0 / cell.deadline();
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    times.sort_by(f64::total_cmp);
    let p999 = times[(times.len() - 1) * 999 / 1000];
    let worst = times[times.len() - 1];
    Figures {
        mean: mean * percent,
        p999: p999 * percent,
        worst: worst * percent,
        cpu,
        latency: 0,
        error_db: 0.0,
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

/// CPU time of this process so far, all threads; zero where the system does not tell.
fn process_cpu() -> Duration {
    // utime and stime, fields 14 and 15, in ticks of 10 ms, after the name in parentheses.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(10 * ticks)
}

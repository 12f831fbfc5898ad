//! Load of the engine: `cargo bench --bench engine`.
//!
//! Criterion times the mean callback. The worst one it cannot see, so a table follows: the schedule
//! repeats after one period of the largest partition, so callback i does the same work in every
//! period; the minimum over many periods drops preemption and interrupts, and the maximum of those
//! minima is the engine's own worst callback. Per cent of the block's duration, 48 kHz.
//! `cargo bench --bench engine -- load` prints the table alone; `PARTITA_SIMD=avx2` asks for less than
//! the machine has.

use criterion::{BenchmarkId, Criterion, Throughput};
use partita::engine::{Block, Engine, PreparedImpulse, Routing, Simd};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const RATE: f64 = 48_000.0;

fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed | 1;
    let mut sample = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| sample()).collect()
}

fn simd() -> Simd {
    let wanted = std::env::var("PARTITA_SIMD").unwrap_or_default();
    let sets = Simd::available();
    sets.iter()
        .copied()
        .find(|set| set.name() == wanted)
        .unwrap_or_default()
}

fn engine(routing: &Routing, seconds: f64) -> Engine {
    let frames = (seconds * RATE) as usize;
    let responses: Vec<Vec<f32>> = (0..routing.responses())
        .map(|seed| {
            let tail = noise(seed as u64 + 1, frames).into_iter().enumerate();
            tail.map(|(i, x)| x * (-6.9 * i as f32 / frames as f32).exp() * 0.01)
                .collect()
        })
        .collect();
    let slices: Vec<&[f32]> = responses.iter().map(Vec::as_slice).collect();
    let impulse = PreparedImpulse::new(routing.clone(), &slices).expect("a good impulse");
    Engine::with_simd(Arc::new(impulse), simd())
}

struct Player {
    engine: Engine,
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
    block: usize,
    at: usize,
}

impl Player {
    fn new(routing: &Routing, seconds: f64, block: usize) -> Self {
        // A length that no block length divides, so that the input does not repeat with the schedule.
        let input = (0..routing.inputs())
            .map(|seed| noise(seed as u64 + 77, 131_071 + 8192))
            .collect();
        let output = vec![vec![0.0; block]; routing.outputs()];
        Self {
            engine: engine(routing, seconds),
            input,
            output,
            block,
            at: 0,
        }
    }

    fn call(&mut self) {
        let (from, to) = (self.at, self.at + self.block);
        let left = [&self.input[0][from..to]];
        if let [l, r] = &self.input[..] {
            let inputs = [&l[from..to], &r[from..to]];
            process(&mut self.engine, &inputs, &mut self.output);
        } else {
            process(&mut self.engine, &left, &mut self.output);
        }
        self.at = if to >= 131_071 { to - 131_071 } else { to };
    }
}

fn process(engine: &mut Engine, inputs: &[&[f32]], output: &mut [Vec<f32>]) {
    if let [l, r] = output {
        engine.process(&mut Block::new(inputs, &mut [l, r]));
    } else if let [mono] = output {
        engine.process(&mut Block::new(inputs, &mut [mono]));
    }
    black_box(output);
}

/// Mean and worst callback in nanoseconds.
fn load(player: &mut Player, repeats: usize) -> (f64, f64) {
    let period = 32_768 / player.block;
    let mut least = vec![u64::MAX; period];
    for _ in 0..repeats {
        for least in &mut least {
            let start = Instant::now();
            player.call();
            *least = (*least).min(start.elapsed().as_nanos() as u64);
        }
    }
    let sum: u64 = least.iter().sum();
    let worst = least.iter().max().copied().unwrap_or_default();
    (sum as f64 / period as f64, worst as f64)
}

fn table() {
    println!(
        "instruction set {}; per cent of a block, mean / worst",
        simd().name()
    );
    let every: &[usize] = &[16, 32, 64, 128, 256, 512, 1024];
    let cells = [
        ("stereo 1 s", Routing::stereo(), 1.0, &[64][..]),
        ("stereo 3 s", Routing::stereo(), 3.0, every),
        ("stereo 10 s", Routing::stereo(), 10.0, every),
        ("true stereo 10 s", Routing::true_stereo(), 10.0, &[64]),
    ];
    for (name, routing, seconds, blocks) in cells {
        for &block in blocks {
            let mut player = Player::new(&routing, seconds, block);
            let (mean, worst) = load(&mut player, 30);
            let percent = 100.0 / (block as f64 / RATE * 1e9);
            println!(
                "{name:17} at {block:4}: {:.3} / {:.3}   worst/mean {:.2}",
                mean * percent,
                worst * percent,
                worst / mean
            );
        }
    }
}

/// What it takes to get ready for ten seconds of stereo.
fn start_up() {
    let responses = [noise(1, 480_000), noise(2, 480_000)];
    let slices = [&responses[0][..], &responses[1][..]];
    let mut least = f64::MAX;
    let mut bytes = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let impulse = PreparedImpulse::new(Routing::stereo(), &slices).expect("a good impulse");
        bytes = impulse.bytes();
        let engine = Engine::with_simd(Arc::new(impulse), simd());
        least = least.min(start.elapsed().as_secs_f64());
        black_box(engine);
    }
    println!(
        "preparing 10 s of stereo: {:.1} ms, spectra {:.1} MB",
        least * 1e3,
        bytes as f64 / 1e6
    );
}

fn main() {
    if std::env::args().any(|argument| argument == "load") {
        start_up();
        return table();
    }
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let mut group = criterion.benchmark_group("stereo");
    for seconds in [3, 10] {
        for block in [64usize, 256] {
            group.throughput(Throughput::Elements(block as u64));
            let mut player = Player::new(&Routing::stereo(), f64::from(seconds), block);
            group.bench_function(BenchmarkId::new(format!("{seconds} s"), block), |bencher| {
                bencher.iter(|| player.call());
            });
        }
    }
    group.finish();
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        start_up();
        table();
    }
}

//! The engine alone, quickly: `cargo bench --bench engine`, for trying out a change.
//!
//! Criterion times the mean callback, caches warm, and compares it with the run before. The worst
//! callback, other conditions, other engines, start-up and silence are what `cargo xtask bench`
//! measures (`benches/peers`). `PARTITA_SIMD=avx2` asks for less than the machine has.

use criterion::{BenchmarkId, Criterion, Throughput};
use partita::engine::{Block, Engine, PreparedImpulse, Routing, Simd};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

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

fn engine(seconds: f64) -> Engine {
    let frames = (seconds * RATE) as usize;
    let response = |seed| -> Vec<f32> {
        let tail = noise(seed, frames).into_iter().enumerate();
        tail.map(|(i, x)| x * (-6.9 * i as f32 / frames as f32).exp() * 0.01)
            .collect()
    };
    let (left, right) = (response(1), response(2));
    let impulse = PreparedImpulse::new(Routing::stereo(), &[&left, &right]);
    Engine::with_simd(Arc::new(impulse.expect("a good impulse")), simd())
}

/// Samples of input before it repeats: no block length divides it, so that it does not repeat with
/// the schedule.
const LOOP: usize = 131_071;

struct Player {
    engine: Engine,
    input: Vec<f32>,
    output: [Vec<f32>; 2],
    block: usize,
    at: usize,
}

impl Player {
    fn new(seconds: f64, block: usize) -> Self {
        Self {
            engine: engine(seconds),
            input: noise(77, LOOP + block),
            output: [vec![0.0; block], vec![0.0; block]],
            block,
            at: 0,
        }
    }

    fn call(&mut self) {
        let input = &self.input[self.at..][..self.block];
        let [left, right] = &mut self.output;
        self.engine
            .process(&mut Block::new(&[input, input], &mut [left, right]));
        black_box(&mut self.output);
        self.at = (self.at + self.block) % LOOP;
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let mut group = criterion.benchmark_group("stereo");
    for seconds in [3, 10] {
        for block in [64usize, 256] {
            group.throughput(Throughput::Elements(block as u64));
            let mut player = Player::new(f64::from(seconds), block);
            group.bench_function(BenchmarkId::new(format!("{seconds} s"), block), |bencher| {
                bencher.iter(|| player.call());
            });
        }
    }
    group.finish();
    criterion.final_summary();
}

//! What an engine costs before it plays, while it stands by, and in memory: ten seconds of stereo.

use crate::cell::{Blocks, Cell};
use crate::engines::prepared;
use crate::load::settle;
use crate::measure::Mode;
use partita::engine::{Block, Engine, Routing};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const SECONDS: f64 = 10.0;
/// Sound that is played before anything is timed, and timed: the impulse and its largest partitions.
const FRAMES: usize = 1 << 20;

/// Measures and prints.
pub fn run() -> Result<(), String> {
    settle(Mode::Hot);
    let cell = Cell::new(Routing::stereo(), SECONDS, Blocks::Every(64));
    let noise = sound(&cell, Heard::Noise);
    // Memory first, while the heap is untouched: what is freed later may stay with the process.
    let before = resident();
    let impulse = prepared(&cell);
    let spectra = impulse.bytes();
    let mut engine = Engine::new(Arc::clone(&impulse));
    play(&mut engine, &noise, 64);
    let first = resident();
    let mut second = Engine::new(impulse);
    play(&mut second, &noise, 64);
    let both = resident();
    drop(second);
    let milliseconds = (0..9).map(|_| {
        let start = Instant::now();
        black_box(Engine::new(prepared(&cell)));
        start.elapsed().as_secs_f64() * 1e3
    });
    println!("10 s of stereo at 48 kHz");
    println!(
        "preparing, engine included  {:6.1} ms",
        milliseconds.fold(f64::MAX, f64::min)
    );
    println!("spectra                     {:6.1} MB", megabytes(spectra));
    match (before, first, both) {
        (Some(before), Some(first), Some(both)) => {
            println!(
                "all, after playing          {:6.1} MB",
                megabytes(first.saturating_sub(before))
            );
            println!(
                "one more of the same        {:6.1} MB",
                megabytes(both.saturating_sub(first))
            );
        }
        _ => println!("resident memory             not told by this system"),
    }
    for block in [64, 256] {
        engine.reset();
        play(&mut engine, &noise, block);
        let sounding = least(&mut engine, &noise, block);
        for heard in [Heard::Denormals, Heard::Subnormal, Heard::Silence] {
            let sound = sound(&cell, heard);
            // Longer than any memory of the engine.
            play(&mut engine, &sound, block);
            let taken = least(&mut engine, &sound, block);
            println!(
                "{:<27} {:6.2} % of its load ({taken:.0} of {sounding:.0} ns)",
                format!("{}, blocks of {block}", heard.name()),
                100.0 * taken / sounding
            );
        }
    }
    Ok(())
}

/// Mean nanoseconds of a callback, the least of several stretches.
fn least(engine: &mut Engine, sound: &[Vec<f32>; 2], block: usize) -> f64 {
    let times = (0..9).map(|_| {
        let start = Instant::now();
        play(engine, sound, block);
        start.elapsed().as_nanos() as f64 / (FRAMES / block) as f64
    });
    times.fold(f64::MAX, f64::min)
}

/// What comes in.
#[derive(Clone, Copy, PartialEq)]
enum Heard {
    Noise,
    /// Noise, every other sample of which is subnormal.
    Denormals,
    /// Nothing but subnormal numbers.
    Subnormal,
    Silence,
}

impl Heard {
    fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Denormals => "half denormal",
            Self::Subnormal => "all denormal",
            Self::Silence => "silent",
        }
    }

    fn sample(self, at: usize, sample: f32) -> f32 {
        match self {
            Self::Noise => sample,
            Self::Denormals if at.is_multiple_of(2) => sample,
            Self::Denormals | Self::Subnormal => 1e-39 * sample,
            Self::Silence => 0.0,
        }
    }
}

/// Samples before the sound comes round.
const LOOP: usize = 1 << 17;

/// Both channels of what is heard.
fn sound(cell: &Cell, heard: Heard) -> [Vec<f32>; 2] {
    cell.input(0, LOOP).map(|noise| {
        let samples = noise.iter().enumerate();
        samples
            .map(|(at, &noise)| heard.sample(at, noise))
            .collect()
    })
}

fn play(engine: &mut Engine, sound: &[Vec<f32>; 2], block: usize) {
    let mut output = [vec![0.0; block], vec![0.0; block]];
    for at in (0..FRAMES).step_by(block) {
        let at = at % LOOP;
        let inputs = [&sound[0][at..at + block], &sound[1][at..at + block]];
        let [left, right] = &mut output;
        engine.process(&mut Block::new(&inputs, &mut [left, right]));
        black_box(&mut output);
    }
}

/// Bytes of memory of this process, where the system tells.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: usize = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(1024 * kibibytes)
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

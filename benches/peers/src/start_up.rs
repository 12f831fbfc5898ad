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
    // Memory first, while the heap is untouched: what is freed later may stay with the process.
    let before = resident();
    let impulse = prepared(&cell);
    let spectra = impulse.bytes();
    let mut engine = Engine::new(Arc::clone(&impulse));
    play(&mut engine, &cell, 64, false);
    let first = resident();
    let mut second = Engine::new(impulse);
    play(&mut second, &cell, 64, false);
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
        play(&mut engine, &cell, block, false);
        let sounding = least(&mut engine, &cell, block, false);
        // Longer than any memory of the engine.
        play(&mut engine, &cell, block, true);
        let silent = least(&mut engine, &cell, block, true);
        println!(
            "silent, blocks of {block:3}       {:6.2} % of its load ({silent:.0} of {sounding:.0} ns)",
            100.0 * silent / sounding
        );
    }
    Ok(())
}

/// Mean nanoseconds of a callback, the least of several stretches.
fn least(engine: &mut Engine, cell: &Cell, block: usize, silent: bool) -> f64 {
    let times = (0..9).map(|_| {
        let start = Instant::now();
        play(engine, cell, block, silent);
        start.elapsed().as_nanos() as f64 / (FRAMES / block) as f64
    });
    times.fold(f64::MAX, f64::min)
}

fn play(engine: &mut Engine, cell: &Cell, block: usize, silent: bool) {
    let silence = vec![0.0; block];
    let mut output = [vec![0.0; block], vec![0.0; block]];
    for at in (0..FRAMES).step_by(block) {
        let inputs = if silent {
            [&silence[..]; 2]
        } else {
            cell.input(at, block)
        };
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

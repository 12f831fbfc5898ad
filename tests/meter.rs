//! The meter tells levels and load as they were, to any number of readers, and is never in the audio thread's way.

#[path = "common/oracle.rs"]
mod oracle;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use oracle::Noise;
use partita::engine::meter::{self, CLIP, Measured, WINDOW_SECONDS, WINDOWS};
use partita::engine::recent::{self, FRAMES};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const STEREO: Measured = Measured {
    inputs: 1,
    outputs: 2,
    sample_rate: 48_000,
};

/// Frames of a window at 48 kHz.
const WINDOW: usize = (48_000.0 * WINDOW_SECONDS) as usize;

#[test]
fn levels_are_what_was_played() {
    let (mut meter, mut reader) = meter::pair(STEREO);
    assert!(reader.read().is_none(), "nothing was played");
    let mut noise = Noise::new(1);
    let x = noise.channels(3, 10 * WINDOW);
    let mut from = 0;
    while from < x[0].len() {
        let to = x[0].len().min(from + noise.within(1, 700));
        // The last window closes with the last block.
        let to = if x[0].len() - to < 700 {
            x[0].len()
        } else {
            to
        };
        let part = |channel: usize| &x[channel][from..to];
        let outputs = &mut [part(1).to_vec(), part(2).to_vec()];
        let [left, right] = outputs;
        let outputs: [&mut [f32]; 2] = [left, right];
        assert_no_alloc(|| {
            meter.input(&[part(0)]);
            meter.output(&outputs);
            meter.block(to - from, Duration::ZERO);
        });
        from = to;
    }
    let reading = reader.read().expect("played");
    // All but the last, unfinished window; here the last block may have closed it.
    let frames = (reading.seconds * 48_000.0).round() as usize;
    assert!((9 * WINDOW..=10 * WINDOW).contains(&frames), "{frames}");
    let levels = reading.inputs.iter().chain(&reading.outputs);
    for (level, channel) in levels.zip(&x) {
        let heard = &channel[..frames];
        let peak = heard.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        let power: f64 = heard.iter().map(|&x| f64::from(x).powi(2)).sum();
        assert_eq!((level.peak, level.held), (peak, peak));
        let rms = (power / frames as f64).sqrt();
        // Sums of 8 squares in f32, at most 8 · 2⁻²⁴ each: −126 dB. The root halves it; what is told is f32.
        assert!((f64::from(level.rms) / rms - 1.0).abs() < 5e-7);
        let clips = heard.iter().filter(|x| x.abs() >= CLIP).count();
        assert_eq!(level.clips, clips as u64);
    }
    assert!(reader.read().is_none(), "nothing since");
}

#[test]
fn load_worst_mean_and_late_blocks() {
    let (mut meter, mut reader) = meter::pair(STEREO);
    let xruns = meter.xruns();
    // Blocks of 10 ms: 100 of 1 ms, one of 8 and one of 12.
    for block in 0..102 {
        let busy = match block {
            50 => 8000,
            70 => 12_000,
            _ => 1000,
        };
        meter.block(480, Duration::from_micros(busy));
    }
    xruns.clone().count();
    xruns.count();
    let mut other = reader.clone();
    for reader in [&mut reader, &mut other] {
        let reading = reader.read().expect("played");
        assert!((reading.load.worst - 1.2).abs() < 1e-6);
        assert!((reading.load.mean - 0.12 / 1.02).abs() < 1e-6);
        assert_eq!((reading.blocks, reading.late, reading.xruns), (102, 1, 2));
        assert!((reading.seconds - 1.02).abs() < 1e-9);
    }
    for _ in 0..2 {
        meter.block(480, Duration::from_micros(2000));
    }
    let reading = other.read().expect("played");
    assert_eq!(
        (reading.load.worst, reading.late),
        (0.2, 1),
        "only what is new"
    );
}

#[test]
fn clips_and_peaks_are_held_until_they_are_cleared_and_broken_samples_are_none() {
    let (mut meter, mut reader) = meter::pair(STEREO);
    let mut other = reader.clone();
    let mut play = |sample: f32| {
        let x = [sample; WINDOW];
        meter.input(&[x]);
        // Of more channels than are measured the first count, of fewer the rest is silent.
        meter.output(&[[0.25; WINDOW]; 3]);
        meter.block(WINDOW, Duration::ZERO);
    };
    play(1.0);
    play(f32::NAN);
    play(f32::INFINITY);
    play(1e30);
    play(0.5);
    let level = reader.read().expect("played").inputs[0];
    assert_eq!(
        (level.peak, level.held, level.clips),
        (1.0, 1.0, WINDOW as u64)
    );
    play(-0.5);
    let level = reader.read().expect("played").inputs[0];
    assert_eq!((level.peak, level.rms, level.held), (0.5, 0.5, 1.0));
    reader.clear();
    play(0.25);
    let reading = reader.read().expect("played");
    assert_eq!((reading.inputs[0].held, reading.inputs[0].clips), (0.25, 0));
    assert_eq!((reading.outputs.len(), reading.outputs[1].rms), (2, 0.25));
    let level = other.read().expect("played").inputs[0];
    assert_eq!(
        (level.held, level.clips),
        (1.0, WINDOW as u64),
        "it cleared nothing"
    );
}

#[test]
fn a_reader_that_sleeps_hears_the_last_ten_seconds_and_every_count() {
    let (mut meter, mut reader) = meter::pair(STEREO);
    for window in 0..3 * WINDOWS {
        let x = [[window as f32 / 4096.0; WINDOW]];
        meter.input(&x);
        meter.block(WINDOW, Duration::from_secs(u64::from(window == 0)));
    }
    let reading = reader.read().expect("played");
    assert_eq!(reading.inputs[0].peak, (3 * WINDOWS - 1) as f32 / 4096.0);
    assert!((reading.seconds - (WINDOWS - 1) as f64 * WINDOW_SECONDS).abs() < 1e-9);
    assert_eq!((reading.late, reading.load.worst), (1, 0.0));
    // No channels, no frames, one frame, a block longer than the ring.
    let (mut meter, mut reader) = meter::pair(Measured {
        inputs: 0,
        outputs: 0,
        sample_rate: 1,
    });
    meter.output::<&[f32]>(&[]);
    meter.block(0, Duration::MAX);
    assert!(reader.read().is_none());
    meter.block(1, Duration::from_millis(500));
    assert_eq!(reader.read().expect("played").load.worst, 0.5);
    meter.block(1_000_000, Duration::MAX);
    assert!(reader.read().expect("played").load.worst > 1.0);
}

#[test]
fn what_is_read_is_never_torn() {
    // Long rows take long to write.
    let (mut meter, reader) = meter::pair(Measured {
        inputs: 32,
        outputs: 32,
        ..STEREO
    });
    let stop = AtomicBool::new(false);
    let counts = [AtomicU64::new(0), AtomicU64::new(0)];
    let windows = thread::scope(|scope| {
        for count in &counts {
            let (mut reader, stop) = (reader.clone(), &stop);
            scope.spawn(move || {
                while !stop.load(Relaxed) {
                    // Meanwhile the ring is overtaken, so that the audio thread writes where the reading begins.
                    thread::sleep(Duration::from_micros(100));
                    let Some(reading) = reader.read() else {
                        continue;
                    };
                    count.fetch_add(1, Relaxed);
                    // Every window has the same level in all channels, and that load.
                    let first = reading.inputs[0];
                    for level in reading.inputs.iter().chain(&reading.outputs) {
                        assert_eq!((level.peak, level.rms), (first.peak, first.rms));
                    }
                    // A duration is of whole nanoseconds, 5e-8 of a window; levels are 1e-3 apart.
                    assert!((reading.load.worst - first.peak).abs() < 1e-6);
                }
            });
        }
        let mut noise = Noise::new(2);
        let mut windows = 0_u64;
        let alive = Instant::now();
        while counts.iter().any(|count| count.load(Relaxed) < 2000)
            && alive.elapsed() < Duration::from_secs(20)
        {
            for _ in 0..64 {
                let level = noise.within(0, 1000) as f32 / 1024.0;
                let x = [[level]; 32];
                meter.input(&x);
                meter.output(&x);
                let busy = f64::from(level) * WINDOW_SECONDS;
                meter.block(WINDOW, Duration::from_secs_f64(busy));
            }
            windows += 64;
        }
        stop.store(true, Relaxed);
        windows
    });
    println!("{windows} windows, {counts:?} readings");
    assert!(counts.iter().all(|count| count.load(Relaxed) > 0));
}

#[test]
fn what_was_played_last_is_read_whatever_the_blocks() {
    let (mut tape, recent) = recent::pair();
    assert_eq!(recent.last(), Some(Vec::new()));
    let mut all: Vec<f32> = Vec::new();
    let blocks = [
        1,
        0,
        7,
        480,
        FRAMES,
        3,
        5 * FRAMES,
        FRAMES - 1,
        2 * FRAMES + 1,
    ];
    for block in blocks {
        let samples: Vec<f32> = (0..block).map(|n| (all.len() + n) as f32).collect();
        tape.write(&samples);
        all.extend(samples);
        let wanted = &all[all.len().saturating_sub(FRAMES)..];
        assert!(recent.last().as_deref() == Some(wanted), "{block}");
    }
}

//! Automation is smooth: no steps, whatever the block length.
//!
//! How it is measured. A full-scale sine of 997 Hz goes through the mixer at 48 kHz while one parameter is swept over its
//! whole range and back in half a second each way, a new value in every block, and then jumps from end to end and back. What
//! a sweep does to a sine lies near the sine; a step is heard everywhere. So the output goes through a linear-phase
//! high-pass at 6 kHz, −140 dB at the sine. The sample beside a step comes out of it at ½ − 6 ÷ 48 of its height, and by that
//! the largest sample left is divided: the result is the height of the worst step, and must be below −80 dBFS.

#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/steps.rs"]
mod steps;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use oracle::Noise;
use partita::engine::Block;
use partita::engine::mixer::{CutSlope, Mix, Mixer};
use steps::{RATE, sine, steps_db};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Sweeps from 0 to 1 and back in half a second each, then jumps.
fn automation(frame: usize) -> f64 {
    let seconds = frame as f64 / f64::from(RATE);
    match seconds {
        s if s < 0.1 => 0.0,
        s if s < 0.6 => (s - 0.1) / 0.5,
        s if s < 1.1 => (1.1 - s) / 0.5,
        s if s < 1.2 => 0.0,
        s if s < 1.3 => 1.0,
        s if s < 1.31 => 0.3,
        s if s < 1.32 => 0.9,
        _ => 0.0,
    }
}

/// The left output while `control` is automated in blocks as `length` gives them.
fn swept(mut length: impl FnMut() -> usize, control: impl Fn(f64) -> Mix) -> Vec<f32> {
    let frames = 3 * RATE as usize / 2;
    // Different phases, so that nothing cancels and mono is not nothing.
    let dry = sine(frames, 1.0);
    let mut out = [sine(frames, 0.0), sine(frames, 2.5)];
    let mut mixer = Mixer::new(2, RATE, control(0.0));
    let mut from = 0;
    while from < frames {
        let to = frames.min(from + length());
        let [left, right] = &mut out;
        let (dry, mix) = (&dry[from..to], control(automation(from)));
        assert_no_alloc(|| {
            mixer.set(mix);
            let mut outputs = [&mut left[from..to], &mut right[from..to]];
            mixer.process(&mut Block::new(&[dry, dry], &mut outputs));
        });
        from = to;
    }
    let [left, _] = out;
    left
}

fn between(low: f64, high: f64, at: f64) -> f32 {
    (low + (high - low) * at) as f32
}

/// Blocks of 1 to 1024, at random.
const ANY: usize = 0;

type Control = (&'static str, fn(f64) -> Mix);

/// Each parameter over its whole range, in the taper a host has for it.
const CONTROLS: &[Control] = &[
    ("mix", |at| Mix {
        mix_percent: between(0.0, 100.0, at),
        ..Mix::NEUTRAL
    }),
    ("wet gain", |at| Mix {
        wet_gain_db: between(-60.0, 12.0, at),
        ..Mix::NEUTRAL
    }),
    ("output gain", |at| Mix {
        output_gain_db: between(-24.0, 12.0, at),
        mix_percent: 50.0,
        ..Mix::NEUTRAL
    }),
    ("pre-delay", |at| Mix {
        predelay_ms: between(0.0, 500.0, at),
        ..Mix::NEUTRAL
    }),
    ("width", |at| Mix {
        width_percent: between(0.0, 200.0, at),
        ..Mix::NEUTRAL
    }),
    ("low cut", |at| Mix {
        low_cut_hz: 10.0 * 100_f64.powf(at) as f32,
        ..Mix::NEUTRAL
    }),
    ("low cut, 24 dB", |at| Mix {
        low_cut_hz: between(10.0, 1_000.0, at),
        cut_slope: CutSlope::Db24,
        ..Mix::NEUTRAL
    }),
    ("high cut", |at| Mix {
        high_cut_hz: 1_000.0 * 22_f64.powf(at) as f32,
        ..Mix::NEUTRAL
    }),
    ("high cut, 24 dB", |at| Mix {
        high_cut_hz: between(1_000.0, 22_000.0, at),
        cut_slope: CutSlope::Db24,
        ..Mix::NEUTRAL
    }),
    ("slope", |at| Mix {
        low_cut_hz: 900.0,
        high_cut_hz: 1_100.0,
        cut_slope: if at > 0.5 {
            CutSlope::Db24
        } else {
            CutSlope::Db12
        },
        ..Mix::NEUTRAL
    }),
    ("bypass", |at| Mix {
        output_gain_db: 6.0,
        mix_percent: 80.0,
        bypass: at > 0.5,
        ..Mix::NEUTRAL
    }),
    ("dry muted", |at| Mix {
        mix_percent: 40.0,
        dry_muted: at > 0.5,
        ..Mix::NEUTRAL
    }),
];

#[test]
fn no_parameter_steps_above_minus_80_dbfs_at_any_block_length() {
    let mut wrong = Vec::new();
    for (name, control) in CONTROLS {
        let mut worst = f64::NEG_INFINITY;
        for block in [1, 7, 48, 64, 441, 1024, ANY] {
            let mut noise = Noise::new(31);
            let length = || match block {
                ANY => noise.within(1, 1024),
                block => block,
            };
            let steps = steps_db(&swept(length, control));
            worst = worst.max(steps);
            if steps >= -80.0 {
                wrong.push(format!("{name}, blocks of {block}: {steps:.1} dBFS"));
            }
        }
        println!("{name}: {worst:.1} dBFS at worst");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_measure_sees_steps_and_bends() {
    let mut sound = sine(20_000, 0.0);
    let floor = steps_db(&sound);
    assert!(floor < -120.0, "a sine alone: {floor:.1} dBFS");
    for sample in &mut sound[9_999..] {
        *sample += 1e-4;
    }
    let step = steps_db(&sound);
    assert!(
        (-80.5..-79.5).contains(&step),
        "a step of −80 dBFS: {step:.1} dBFS"
    );
    // A straight ramp of 20 ms, from nothing to all: its two corners are heard.
    let mut sound = sine(20_000, 0.0);
    for (at, sample) in sound.iter_mut().enumerate() {
        *sample *= ((at as f32 - 9_000.0) / 960.0).clamp(0.0, 1.0);
    }
    let bend = steps_db(&sound);
    assert!(bend > -80.0, "a straight ramp: {bend:.1} dBFS");
}

#[test]
fn a_mixer_that_is_automated_allocates_nothing_and_stays_finite() {
    let mut noise = Noise::new(30);
    let mut mixer = Mixer::new(2, RATE, Mix::NEUTRAL);
    let (dry, mut wet) = (noise.channels(2, 4096), noise.channels(2, 4096));
    for _ in 0..3000 {
        let mut any = |low: f64, high: f64| {
            let at = noise.within(0, 1000) as f64 / 1000.0;
            between(low, high, at)
        };
        let mix = Mix {
            mix_percent: any(0.0, 100.0),
            wet_gain_db: any(-60.0, 12.0),
            output_gain_db: any(-24.0, 12.0),
            predelay_ms: any(0.0, 2_000.0),
            width_percent: any(0.0, 200.0),
            low_cut_hz: any(10.0, 1_000.0),
            high_cut_hz: any(1_000.0, 22_000.0),
            cut_slope: if any(0.0, 1.0) < 0.5 {
                CutSlope::Db12
            } else {
                CutSlope::Db24
            },
            bypass: any(0.0, 1.0) < 0.1,
            dry_muted: any(0.0, 1.0) < 0.1,
        };
        let frames = noise.within(0, 300);
        let [left, right] = &mut wet[..] else {
            unreachable!()
        };
        let inputs = [&dry[0][..frames], &dry[1][..frames]];
        left.copy_from_slice(&dry[1]);
        right.copy_from_slice(&dry[0]);
        let mut outputs = [&mut left[..frames], &mut right[..frames]];
        assert_no_alloc(|| {
            mixer.set(mix);
            mixer.process(&mut Block::new(&inputs, &mut outputs));
        });
        // Width 200 % and +24 dB in all, filters that ring a little: 40 dB is far beyond what can be.
        assert!(
            outputs
                .iter()
                .all(|out| out.iter().all(|x| x.abs() < 100.0))
        );
    }
}

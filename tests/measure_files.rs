//! Measuring as somebody does it: the program from the sweep to the impulse, and what it says of recordings that are none.

#[path = "common/heard.rs"]
mod heard;
#[path = "common/wavio.rs"]
mod wavio;

use heard::{Noise, after, convolve, error_db, heard, narrow, room, short, ways};
use hound::SampleFormat;
use partita::impulse::measure::{
    Channel, MeasureError, Notice, Played, Recording, Start, Sweep, measure,
};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Nothing to measure: each says what, and nothing panics.
#[test]
fn a_recording_without_a_sweep_is_an_error() {
    let sweep = Sweep {
        repeats: 2,
        ..short()
    };
    let good = heard(&sweep, &[vec![room(2, 48_000, 0.3)]], 500).remove(0);
    let try_one =
        |microphone: &[f64]| ways(&sweep, &[microphone.to_vec()], None, Start::DirectSound);
    let fails = |microphone: &[f64]| match try_one(microphone) {
        Err(error) => error,
        Ok(measured) => panic!("measured: {:?}", measured.notices),
    };
    let silence = vec![0.0; good.len()];
    let microphone = Channel::Microphone(0);
    assert_eq!(
        fails(&silence),
        MeasureError::Silent {
            channel: microphone
        }
    );
    let mut noise = Noise(6);
    let hiss: Vec<f64> = good.iter().map(|_| 0.05 * noise.next()).collect();
    assert_eq!(
        fails(&hiss),
        MeasureError::NotFound {
            channel: microphone
        }
    );
    // Other sweeps, faster and slower: no response, or one whose octaves do not arrive together.
    for seconds in [2.0, 2.8, 3.2, 5.0] {
        let other = Sweep { seconds, ..sweep };
        let other = heard(&other, &[vec![vec![1.0]]], 0).remove(0);
        let wrong = match try_one(&other) {
            Ok(measured) => measured
                .notices
                .iter()
                .any(|it| matches!(it, Notice::Smeared { .. })),
            Err(error) => {
                error
                    == MeasureError::NotFound {
                        channel: microphone,
                    }
            }
        };
        assert!(wrong, "{seconds} s");
    }
    let clipped: Vec<f64> = good.iter().map(|x| (20.0 * x).clamp(-1.0, 1.0)).collect();
    assert!(matches!(fails(&clipped), MeasureError::Clipped { .. }));
    let mut broken = good.clone();
    broken[777] = f64::NAN;
    assert_eq!(
        fails(&broken),
        MeasureError::NotFinite {
            channel: microphone,
            frame: 777
        }
    );
    assert!(matches!(
        fails(&good[..120_000]),
        MeasureError::Short { .. }
    ));
    assert!(matches!(fails(&[]), MeasureError::Silent { .. }));
    let faster = Sweep {
        sample_rate: 44_100,
        ..sweep
    };
    let recording = Recording {
        sample_rate: 48_000,
        microphones: vec![],
        loopback: None,
    };
    let other = measure("room", &Played::Sweep(faster), &recording, Start::Played);
    assert_eq!(other, Err(MeasureError::NoChannel));
    let samples = narrow(&good);
    let recording = Recording {
        microphones: vec![&samples],
        ..recording
    };
    assert_eq!(
        measure("room", &Played::Sweep(faster), &recording, Start::Played),
        Err(MeasureError::Rate {
            played: 44_100,
            recorded: 48_000
        })
    );
    // A loopback of another time, of another length, and none.
    let from_then = [vec![0.0; 150_000], good[..good.len() - 150_000].to_vec()].concat();
    let against = |loopback: &[f64]| {
        ways(
            &sweep,
            std::slice::from_ref(&good),
            Some(loopback),
            Start::Played,
        )
    };
    assert!(matches!(
        against(&from_then),
        Err(MeasureError::Apart { .. } | MeasureError::NotFound { .. })
    ));
    assert!(matches!(
        against(&good[1..]),
        Err(MeasureError::LoopbackLength { .. })
    ));
    assert_eq!(
        against(&silence),
        Err(MeasureError::Silent {
            channel: Channel::Loopback
        })
    );
    // A second microphone that heard nothing of it.
    let deaf = ways(&sweep, &[good.clone(), hiss], None, Start::DirectSound);
    assert_eq!(
        deaf,
        Err(MeasureError::NotFound {
            channel: Channel::Microphone(1)
        })
    );
    // One of two sweeps is enough, but not if they are of two loudspeakers.
    let half = &good[(sweep.frames() - 48_000) / 2 + 24_000..];
    let one = try_one(half).expect("the second sweep is there");
    assert_eq!(
        one.notices,
        [Notice::Count {
            expected: 2,
            found: 1
        }]
    );
    let two = Sweep {
        repeats: 1,
        speakers: 2,
        ..sweep
    };
    assert_eq!(
        ways(&two, &[half.to_vec()], None, Start::DirectSound),
        Err(MeasureError::Incomplete {
            expected: 2,
            speakers: 2,
            found: 1
        })
    );
    // Faint, but there.
    let faint: Vec<f64> = good.iter().map(|x| 0.01 * x).collect();
    let faint = try_one(&faint).expect("it is there");
    assert!(
        matches!(faint.notices[..], [Notice::Quiet { .. }]),
        "{:?}",
        faint.notices
    );
}

/// Short and odd sweeps and recordings of anything.
#[test]
fn nothing_panics() {
    let mut noise = Noise(11);
    for round in 0..60 {
        let rate = [8000, 11_025, 48_000, 192_000][round % 4];
        let sweep = Sweep {
            sample_rate: rate,
            from: [1.0, 20.0, 900.0][round % 3],
            to: [1800.0, 3680.0][round % 2],
            seconds: 0.1,
            decay: [0.05, 0.3][round / 2 % 2],
            repeats: 1 + (round % 3) as u16,
            speakers: 1 + (round % 2) as u16,
            ..Sweep::default()
        };
        let played = sweep.played().expect("a sweep").channels.remove(0);
        let frames = round * 4321 % (2 * played.len());
        let sample = |n: usize| {
            let sound = played.get(n).copied().unwrap_or(0.0);
            let spike = if n.is_multiple_of(997) { 0.9 } else { 0.0 };
            match round % 5 {
                0 => sound,
                1 => sound + 0.01 * noise.next() as f32,
                2 => spike,
                3 => 0.1 * noise.next() as f32,
                _ => -0.5,
            }
        };
        let heard: Vec<f32> = (0..frames).map(sample).collect();
        let recording = Recording {
            sample_rate: rate,
            microphones: vec![&heard, &heard],
            loopback: (round % 7 == 0).then_some(&heard),
        };
        if let Ok(measured) = measure("it", &Played::Sweep(sweep), &recording, Start::Played) {
            let samples = measured.impulse.channels.iter().flatten();
            assert!(samples.clone().count() > 0 && samples.clone().all(|x| x.is_finite()));
        }
    }
    for wrong in [
        Sweep {
            from: f64::NAN,
            ..Sweep::default()
        },
        Sweep {
            from: 0.0,
            ..Sweep::default()
        },
        Sweep {
            to: 23_000.0,
            ..Sweep::default()
        },
        Sweep {
            to: 30.0,
            ..Sweep::default()
        },
        Sweep {
            seconds: f64::INFINITY,
            ..Sweep::default()
        },
        Sweep {
            decay: -1.0,
            ..Sweep::default()
        },
        Sweep {
            level_db: 0.0,
            ..Sweep::default()
        },
        Sweep {
            repeats: 0,
            ..Sweep::default()
        },
        Sweep {
            speakers: 9,
            ..Sweep::default()
        },
        Sweep {
            sample_rate: 0,
            ..Sweep::default()
        },
        Sweep {
            seconds: 120.0,
            repeats: 5,
            ..Sweep::default()
        },
        Sweep {
            sample_rate: 768_000,
            seconds: 60.0,
            ..Sweep::default()
        },
    ] {
        let said = wrong.played().expect_err("no sweep").to_string();
        assert!(
            said.starts_with("expected ") && said.contains(", got "),
            "{said}"
        );
    }
}

#[test]
fn a_label_says_which_sweep_it_is() {
    let sweep = Sweep {
        from: 33.3,
        repeats: 7,
        level_db: -20.5,
        ..Sweep::default()
    };
    assert_eq!(Sweep::from_label(&sweep.label()), Some(sweep));
    for wrong in [
        "",
        "<NOTE>x</NOTE>",
        "<PARTITA_SWEEP>from=0</PARTITA_SWEEP>",
        "<PARTITA_SWEEP>phase=1</PARTITA_SWEEP>",
    ] {
        assert_eq!(Sweep::from_label(wrong), None, "{wrong}");
    }
}

/// A folder in which the program is run.
struct Desk(TempDir);

impl Desk {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
        let command = command.current_dir(self.0.path()).args(args.split(' '));
        command.output().expect("the program starts")
    }

    /// One line on stderr, and the code.
    fn fails(&self, args: &str) -> (i32, String) {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said.lines().count(), 1, "{said}");
        (output.status.code().expect("an exit"), said)
    }
}

/// From --write-sweep to a labelled impulse, as somebody does it.
#[test]
fn the_program_measures_a_room() {
    let desk = Desk(TempDir::new().expect("a folder"));
    let write =
        "measure --write-sweep sweep.wav --sweep 3 --range 50..20000 --decay 1.5 --repeat 2";
    let output = desk.run(write);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(desk.fails(write).0, 5);
    let (spec, sweep) = wavio::read(&desk.path("sweep.wav"));
    assert_eq!(
        (spec.sample_rate, spec.bits_per_sample, spec.channels),
        (48_000, 24, 1)
    );
    let known = after(240, 1.0, &room(12, 48_000, 0.4));
    let mut direct = sweep[0].clone();
    direct.resize(direct.len() + known.len() - 1, 0.0);
    let sound = convolve(&sweep[0], &known);
    wavio::write_f32(&desk.path("recorded.wav"), &[sound.clone(), direct.clone()]);
    let measure =
        "measure --from recorded.wav --sweep-file sweep.wav --loopback 2 -o room.wav --json";
    let output = desk.run(measure);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["measurement"]["sweeps_used"], 2);
    let travel = told["measurement"]["travel_ms"].as_f64().expect("a number");
    assert!((travel - 5.0).abs() < 0.08, "{travel}");
    let reverberation = told["analysis"]["decay"]["broadband"]["t30"]
        .as_f64()
        .expect("T30");
    assert!((reverberation - 0.4).abs() < 0.02, "{reverberation}");
    let shown = desk.run("impulse show room.wav --json");
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(shown["layout"], "mono");
    // Cut where it meets the noise of 24 bits, before the 1.5 s are over.
    let seconds = told["seconds"].as_f64().expect("a number");
    assert!((0.4..1.3).contains(&seconds), "{seconds}");
    let label = std::fs::read(desk.path("room.wav")).expect("read");
    let label = String::from_utf8_lossy(&label).into_owned();
    assert!(label.contains("Measured by partita") && label.contains("<NAME>mono</NAME>"));
    assert_eq!(desk.fails(measure).0, 5);
    let output = desk.run("measure --from recorded.wav --sweep-file sweep.wav --loopback 2 -o room.wav -f --start played --length full");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in [
        "sweeps",
        "recording",
        "distortion",
        "travel",
        "noise floor",
        "T30",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let (_, room) = wavio::read(&desk.path("room.wav"));
    let residue = error_db(&room[0], &known, 48_000, (50.0, 20_000.0));
    // The sweep is dithered to 24 bits, RMS 2⁻²³ / 2: −144 dBFS, 129 dB below it and spread by the deconvolution.
    assert!(residue < -80.0, "{residue:.1} dB");
    // The same with the loopback in a file, and by figures instead of the sweep's file.
    wavio::write_f32(&desk.path("loop.wav"), &[direct]);
    wavio::write_f32(&desk.path("mono.wav"), std::slice::from_ref(&sound));
    for rest in [
        "--sweep-file sweep.wav",
        "--sweep 3 --range 50..20000 --decay 1.5 --repeat 2",
    ] {
        let output = desk.run(&format!(
            "measure --from mono.wav --loopback loop.wav -o r.wav -f {rest}"
        ));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    hostile(&desk, &sound);
}

fn hostile(desk: &Desk, sound: &[f64]) {
    let try_one = |name: &str, code: i32, words: &str| {
        let args = format!("measure --from {name} --sweep-file sweep.wav -o no.wav");
        let (exit, said) = desk.fails(&args);
        assert_eq!(exit, code, "{said}");
        assert!(said.contains(words), "{said}");
        assert!(!desk.path("no.wav").exists());
    };
    let float = |name: &str, rate, samples: Vec<f64>| {
        wavio::write(&desk.path(name), rate, 32, SampleFormat::Float, &[samples])
    };
    float("silent.wav", 48_000, vec![0.0; sound.len()]);
    try_one("silent.wav", 3, "silence");
    float(
        "loud.wav",
        48_000,
        sound.iter().map(|x| (9.0 * x).clamp(-1.0, 1.0)).collect(),
    );
    try_one("loud.wav", 3, "clipped");
    float("slow.wav", 44_100, sound.to_vec());
    try_one("slow.wav", 3, "--rate 44100");
    float("short.wav", 48_000, sound[..120_000].to_vec());
    try_one("short.wav", 3, "record from before the sweep");
    let mut broken = sound.to_vec();
    broken[5] = f64::NAN;
    float("broken.wav", 48_000, broken);
    try_one("broken.wav", 3, "expected finite samples");
    try_one("missing.wav", 3, "no such file");
    // The sweep's file, edited.
    let (_, mut sweep) = wavio::read(&desk.path("sweep.wav"));
    sweep[0].reverse();
    let bytes = std::fs::read(desk.path("sweep.wav")).expect("read");
    let data = bytes
        .windows(4)
        .position(|it| it == b"data")
        .expect("samples")
        + 8;
    let mut bytes = bytes;
    bytes[data..].reverse();
    std::fs::write(desk.path("edited.wav"), bytes).expect("written");
    let (exit, said) = desk.fails("measure --from mono.wav --sweep-file edited.wav -o no.wav");
    assert!(exit == 3 && said.contains("label describes"), "{said}");
    for (args, words) in [
        (
            "measure --from mono.wav --loopback 1 --sweep-file sweep.wav -o no.wav",
            "microphone beside",
        ),
        (
            "measure --from mono.wav --sweep-file silent.wav -o no.wav",
            "silent",
        ),
    ] {
        let (exit, said) = desk.fails(args);
        assert!(exit == 3 && said.contains(words), "{said}");
    }
    for args in [
        "measure --from mono.wav --channels 2 --sweep-file sweep.wav -o no.wav",
        "measure --from mono.wav --start played --sweep-file sweep.wav -o no.wav",
        "measure --write-sweep no.wav --range 20..30000",
        "measure --write-sweep no.wav --sweep 0",
    ] {
        assert_eq!(desk.fails(args).0, 2);
    }
    for args in [
        "measure",
        "measure --from mono.wav",
        "measure --write-sweep a.wav --range 5",
    ] {
        assert_eq!(desk.run(args).status.code(), Some(2), "{args}");
    }
    assert!(!desk.path("no.wav").exists());
}

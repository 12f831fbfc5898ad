//! `partita impulse shape`, `echo` and `chain`, and the shaping options of `partita render`, as a user meets them.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::load::{LayoutChoice, read};
use partita::impulse::save::{Options, write};
use partita::impulse::{ImpulseResponse, Layout};
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;
use wav::{impulse, mono, room};

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
        }
    }

    fn has(&self, name: &str, impulse: &ImpulseResponse) {
        write(&self.folder.path().join(name), impulse, Options::default()).expect("a file");
    }

    fn run(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_partita"))
            .current_dir(self.folder.path())
            .args(line.split(' '))
            .output()
            .expect("the program starts")
    }

    /// Runs it and gives what it said.
    fn done(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs it, expects that exit code and one line of error, and gives that line.
    fn refused(&self, line: &str, code: i32) -> String {
        let output = self.run(line);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(output.stdout.is_empty(), "{line}");
        said
    }

    fn read(&self, name: &str) -> ImpulseResponse {
        read(&self.folder.path().join(name), LayoutChoice::Auto).expect("a good impulse")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("a name")
            })
            .collect();
        names.sort();
        names
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_impulse_is_shaped_and_written() {
    let desk = Desk::new();
    let before = mono(48_000, room(48_000, 0.5, 0.3, 1));
    desk.has("in.wav", &before);
    // Nothing asked: the same samples.
    desk.done("impulse shape in.wav -o same.wav");
    assert_eq!(desk.read("same.wav").channels, before.channels);
    let said = desk.done(
        "impulse shape in.wav -o out.wav --trim-start 100 --reverse --predelay 10 --normalise -6",
    );
    assert!(
        said.contains("out.wav: 0.410 s, 1 channel (mono), 48000 Hz")
            && said.contains("gain -6.00 dB"),
        "{said}"
    );
    let after = desk.read("out.wav");
    let last = f64::from(before.channels[0][23_999]) * 10_f64.powf(-0.3);
    assert!(after.channels[0][..480].iter().all(|x| *x == 0.0));
    assert!((f64::from(after.channels[0][480]) - last).abs() < 1e-9);
    let json = desk.done("impulse shape in.wav -o out.wav --force --json --size 200 --normalise energy --damping 8k=50,125=150");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    // 24 samples of lead-in and lead-out at the lower rate, twice as many after.
    assert_eq!(json["delay_frames"], 48);
    assert_eq!(
        (&json["layout"], &json["channels"]),
        (&"mono".into(), &1.into())
    );
    assert!(
        json["gain_db"]
            .as_f64()
            .is_some_and(|gain| gain.is_finite() && gain != 0.0)
    );
}

#[test]
fn nothing_is_lost() {
    let desk = Desk::new();
    let before = mono(48_000, vec![0.5, 0.25]);
    desk.has("in.wav", &before);
    assert!(
        desk.refused("impulse shape in.wav -o in.wav --reverse", 5)
            .contains("is the input itself")
    );
    assert!(
        desk.refused("impulse shape in.wav -o in.wav --reverse --force", 5)
            .contains("is the input itself")
    );
    assert!(
        desk.refused("impulse chain in.wav in.wav -o in.wav --force", 5)
            .contains("is the input itself")
    );
    assert!(
        desk.refused("impulse echo --preset slap -o in.wav", 5)
            .contains("--force")
    );
    assert!(
        desk.refused("impulse shape in.wav -o no/where.wav", 5)
            .contains("there is no folder")
    );
    assert!(
        desk.refused("impulse shape gone.wav -o out.wav", 4)
            .starts_with("partita: gone.wav")
    );
    assert_eq!(desk.read("in.wav").channels, before.channels);
    assert_eq!(desk.names(), ["in.wav"]);
}

#[test]
fn what_makes_no_sense_says_what_would() {
    let desk = Desk::new();
    for (options, wanted) in [
        ("--size 24", "expected a number from 25 to 400 %"),
        ("--size nan", "expected a number from 25 to 400 %"),
        (
            "--damping 100=50",
            "expected a band of 125, 250, 500, 1k, 2k, 4k or 8k before =",
        ),
        ("--damping 1k=5", "expected a number from 10 to 400 %"),
        (
            "--normalise loud",
            "expected energy, none, or a gain from -120 to 120 dB",
        ),
        ("--early-late -25", "expected a number from -24 to 24 dB"),
    ] {
        let said = desk.refused(&format!("impulse shape hall -o out.wav {options}"), 2);
        assert!(said.contains(wanted), "{options}: {said}");
    }
    let said = desk.refused("impulse echo -o out.wav --tap 250", 2);
    assert!(
        said.contains("expected a time such as 250ms, 0.25s, or a note"),
        "{said}"
    );
    let said = desk.refused("impulse echo -o out.wav --tap 1ms --tempo 1", 2);
    assert_eq!(
        said,
        "partita: the echo: expected a tempo from 10 to 1000 BPM, got 1\n"
    );
    assert!(desk.refused("impulse echo -o out.wav", 2).contains("--tap"));
    assert!(desk.names().is_empty());
}

#[test]
fn an_echo_is_an_ordinary_impulse() {
    let desk = Desk::new();
    let said = desk.done("impulse echo --tap 0ms --tap 250ms,-6dB --rate 44100 -o echo.wav");
    assert!(
        said.starts_with("echo.wav: 0.250 s, 1 channel (mono), 44100 Hz"),
        "{said}"
    );
    let echo = desk.read("echo.wav");
    assert_eq!((echo.channels[0][0], echo.frames()), (1.0, 11_026));
    assert_eq!(echo.channels[0][11_025], 10_f64.powf(-0.3) as f32);
    let said = desk.done("impulse echo -p ping-pong --tempo 96 -t 1/8,-12dB,pan=R30 --feedback 1/2,-5dB,times=2 -o bounce.wav");
    assert!(said.contains("4 channels (true stereo)"), "{said}");
    assert_eq!(desk.read("bounce.wav").layout, Layout::TrueStereo);
}

#[test]
fn two_rooms_are_one() {
    let desk = Desk::new();
    desk.has("a.wav", &mono(48_000, vec![1.0, 0.0, 0.5]));
    desk.has(
        "b.wav",
        &impulse(
            48_000,
            Layout::Stereo,
            vec![vec![0.5, 0.25], vec![0.25, 0.0]],
        ),
    );
    let said = desk.done("impulse chain a.wav b.wav -o c.wav");
    assert!(
        said.starts_with("c.wav: 0.000 s, 2 channels (stereo)"),
        "{said}"
    );
    let both = desk.read("c.wav");
    let wanted = [[0.5, 0.25, 0.25, 0.125], [0.25, 0.0, 0.125, 0.0]];
    for (both, wanted) in both.channels.iter().zip(wanted) {
        assert!(
            both.iter()
                .zip(wanted)
                .all(|(is, wanted)| (is - wanted).abs() < 1e-7),
            "{both:?}"
        );
    }
    desk.has(
        "six.wav",
        &impulse(48_000, Layout::Matrix, vec![vec![1.0]; 6]),
    );
    desk.has(
        "five.wav",
        &impulse(48_000, Layout::Matrix, vec![vec![1.0]; 5]),
    );
    assert!(
        desk.refused("impulse chain six.wav five.wav -o d.wav", 4)
            .contains("expected five to take")
    );
}

#[test]
fn a_render_goes_through_the_shaped_impulse() {
    let desk = Desk::new();
    desk.has("in.wav", &mono(48_000, vec![1.0, 0.0]));
    desk.has("ir.wav", &mono(48_000, vec![0.5, 0.25, 0.125]));
    desk.done("render in.wav -i ir.wav -o out.wav --raw --reverse");
    let out = desk.read("out.wav").channels.remove(0);
    let wanted = [0.125, 0.25, 0.5, 0.0];
    assert!(
        out.iter()
            .zip(wanted)
            .all(|(is, wanted)| (is - wanted).abs() < 1e-6),
        "{out:?}"
    );
    // Sized and resampled, nothing is late: the renderer takes both delays off.
    desk.has("late.wav", &mono(44_100, vec![0.0, 0.0, 0.0, 0.0, 1.0]));
    desk.done("render in.wav -i late.wav -o sized.wav --raw --size 200");
    let out = desk.read("sized.wav").channels.remove(0);
    let peak = out
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .expect("samples")
        .0;
    // Sample 8 at 44.1 kHz is 8.7 at 48.
    assert!((8..=9).contains(&peak), "{peak}");
    // A gain that was shown can be held.
    let json = desk.done("render in.wav -i ir.wav -o free.wav --mix 100 --json --width 50");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let gain = json["impulse_gain_db"].as_f64().expect("a gain");
    desk.done(&format!(
        "render in.wav -i ir.wav -o held.wav --mix 100 --width 50 --normalise {gain}"
    ));
    for (free, held) in desk.read("free.wav").channels[0]
        .iter()
        .zip(&desk.read("held.wav").channels[0])
    {
        assert!((free - held).abs() <= 1e-5 * free.abs(), "{free} {held}");
    }
}

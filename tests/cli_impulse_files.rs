//! What the program says of an impulse's file: its format, what its channels were taken for, and what the limits are.

#[path = "common/sounds.rs"]
mod sounds;
#[path = "common/wavio.rs"]
mod wavio;

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;
use wavio::noise;

struct Desk(TempDir);

impl Desk {
    /// A stereo in.wav, and the two halves of a true-stereo impulse.
    fn new() -> Self {
        let desk = Self(TempDir::new().expect("a folder"));
        for (seed, name) in [(1, "in.wav"), (2, "Hall_L.wav"), (3, "Hall_R.wav")] {
            wavio::write_f32(&desk.path(name), &[noise(seed, 480), noise(seed + 9, 480)]);
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
        let command = command.current_dir(self.0.path()).args(args);
        command.output().expect("the program starts")
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn show_names_format_layout_and_partner() {
    let desk = Desk::new();
    let shown = desk.json(&["impulse", "show", "Hall_R.wav", "--json"]);
    assert_eq!(shown["name"], "Hall");
    assert_eq!(shown["layout"], "true-stereo");
    assert_eq!(shown["format"], "wav");
    assert_eq!(shown["layout_decision"]["reason"], "pair");
    assert_eq!(shown["layout_decision"]["confidence"], 1.0);
    assert_eq!(shown["partner"], "Hall_L.wav");
    let plain = desk.run(&["impulse", "show", "Hall_L.wav"]);
    assert!(text(&plain.stdout).contains("two stereo files, paired by name"));
    let alone = desk.json(&[
        "impulse",
        "show",
        "Hall_L.wav",
        "--json",
        "--layout",
        "stereo",
    ]);
    assert_eq!(
        (&alone["name"], &alone["layout"]),
        (&"Hall_L".into(), &"stereo".into())
    );
    let four: Vec<_> = (1..5).map(|seed| noise(seed, 480)).collect();
    wavio::write_f32(&desk.path("four.wav"), &four);
    let shown = desk.json(&["impulse", "show", "four.wav", "--json"]);
    assert_eq!(shown["layout"], "matrix");
    let direct = &shown["layout_decision"]["reason"]["direct-sound"];
    assert!(direct["stronger_db"].is_number() && direct["crossed"].is_boolean());
}

#[test]
fn render_says_what_it_took_the_impulse_for_and_stops_at_what_does_not_fit() {
    let desk = Desk::new();
    let to = ["render", "in.wav", "-o", "out.wav", "-f", "-i"];
    let run = |rest: &[&str]| desk.run(&[&to, rest].concat());
    let output = run(&["Hall_L.wav"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stderr);
    assert!(
        said.starts_with("partita: note: Hall_L.wav: true stereo"),
        "{said}"
    );
    assert_eq!(text(&run(&["Hall_L.wav", "-q"]).stderr), "");
    assert_eq!(text(&run(&["Hall_L.wav", "--layout", "stereo"]).stderr), "");
    wavio::write_f32(&desk.path("Hall_R.wav"), &[noise(3, 481), noise(4, 481)]);
    let output = run(&["Hall_L.wav"]);
    assert_eq!(output.status.code(), Some(4));
    let said = text(&output.stderr);
    assert!(
        said.contains("480 frames, and that one 481; --layout stereo"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
}

/// The Vorbis file that makes a decoder panic (tests/impulse_damage.rs): one line, and no word of the panic.
#[test]
fn a_decoder_that_panics_is_one_line() {
    let desk = Desk::new();
    let mut file = include_bytes!("fixtures/tones.ogg").to_vec();
    file[4231] = 0;
    file[4360] ^= 4;
    sounds::seal_ogg(&mut file);
    fs::write(desk.path("x.ogg"), file).expect("written");
    let output = desk.run(&["impulse", "show", "x.ogg"]);
    assert_eq!(output.status.code(), Some(4));
    let said = text(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("gave up"), "{said}");
}

#[test]
fn help_states_the_limits() {
    let desk = Desk::new();
    for args in [&["impulse", "--help"][..], &["impulse", "show", "--help"]] {
        let said = text(&desk.run(args).stdout);
        for part in [
            "1 to 64 channels",
            "600 s",
            "134 million samples",
            "MP3",
            "Exit codes:",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}

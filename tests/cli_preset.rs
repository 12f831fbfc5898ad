//! `partita preset` and `partita render --preset`.

#[path = "common/wavio.rs"]
mod wavio;

use partita::preset;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

fn partita(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_partita"))
        .current_dir(folder)
        // No library but an empty one.
        .env("PARTITA_HOME", folder.join("home"))
        .args(args)
        .output()
        .expect("runs")
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// What is said on stderr, one line, and the exit code.
fn told(output: &Output) -> (String, Option<i32>) {
    let text = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    (text, output.status.code())
}

fn rendered(folder: &Path, more: &[&str]) -> Vec<Vec<f64>> {
    let args = [&["render", "in.wav", "-o", "out.wav", "-f", "-q"][..], more].concat();
    out(&partita(folder, &args));
    wavio::read(&folder.join("out.wav")).1
}

fn input() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let noise = || wavio::noise(3, 4000).iter().map(|x| x * 0.2).collect();
    wavio::write_f32(&folder.path().join("in.wav"), &[noise(), noise()]);
    folder
}

#[test]
fn a_preset_renders_as_its_settings_do() {
    let folder = input();
    let folder = folder.path();
    let by_preset = rendered(folder, &["--preset", "last balcony"]);
    let by_hand = [
        "mix=65",
        "predelay=35",
        "size=125",
        "early_late=-5",
        "high_cut=7000",
        "width=130",
    ];
    let set =
        |all: &[&'static str]| -> Vec<&str> { all.iter().flat_map(|one| ["--set", one]).collect() };
    let hand = rendered(folder, &[&["-i", "hall"][..], &set(&by_hand)].concat());
    assert!(by_preset == hand);
    // Changed by --set and by --impulse.
    let changed = rendered(folder, &["--preset", "Last Balcony", "--set", "mix=100"]);
    let by_hand = [&by_hand[1..], &["mix=100"]].concat();
    assert!(changed == rendered(folder, &[&["-i", "hall"][..], &set(&by_hand)].concat()));
    let plate = rendered(
        folder,
        &[
            "--preset",
            "Last Balcony",
            "-i",
            "plate",
            "--set",
            "mix=100",
        ],
    );
    assert!(plate == rendered(folder, &[&["-i", "plate"][..], &set(&by_hand)].concat()));
    assert!(plate != changed);
    // What would be said twice is refused.
    let both = partita(
        folder,
        &[
            "render",
            "in.wav",
            "-o",
            "x.wav",
            "--preset",
            "Front Row",
            "--mix",
            "20",
        ],
    );
    assert_eq!(both.status.code(), Some(2));
    let neither = partita(folder, &["render", "in.wav", "-o", "x.wav"]);
    assert_eq!(neither.status.code(), Some(2));
}

#[test]
fn every_factory_preset_renders() {
    let folder = input();
    let folder = folder.path();
    let listed = out(&partita(folder, &["preset", "list"]));
    assert_eq!(listed.lines().count(), preset::factory().len());
    let json = out(&partita(folder, &["preset", "list", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        json.as_array().expect("an array").len(),
        preset::factory().len()
    );
    let mut sounds: Vec<Vec<Vec<f64>>> = Vec::new();
    for preset in preset::factory() {
        assert!(listed.contains(&format!("{} ", preset.name)));
        let sound = rendered(folder, &["-p", &preset.name]);
        let loudest = sound
            .iter()
            .flatten()
            .fold(0.0, |most: f64, x| most.max(x.abs()));
        assert!((0.05..2.0).contains(&loudest), "{}: {loudest}", preset.name);
        assert!(!sounds.contains(&sound), "{}", preset.name);
        sounds.push(sound);
        let shown = out(&partita(folder, &["preset", "show", &preset.name]));
        assert!(shown.contains("in the program"), "{shown}");
    }
}

#[test]
fn a_preset_of_ones_own_plays_without_its_file() {
    let folder = input();
    let folder = folder.path();
    let decay = |seed| {
        let noise = wavio::noise(seed, 9000).into_iter().enumerate();
        noise
            .map(|(n, x)| x * (-(n as f64) / 1500.0).exp())
            .collect()
    };
    wavio::write_f32(&folder.join("shed.wav"), &[decay(5), decay(6)]);
    let save = [
        "preset",
        "save",
        "shed.partita",
        "-i",
        "shed.wav",
        "--set",
        "mix=80",
    ];
    out(&partita(folder, &save));
    let (said, code) = told(&partita(folder, &save));
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("exists already"), "{said}");
    let there = rendered(folder, &["-p", "shed.partita"]);
    assert!(there == rendered(folder, &["-i", "shed.wav", "--mix", "80"]));
    fs::remove_file(folder.join("shed.wav")).expect("removed");
    assert!(there == rendered(folder, &["-p", "shed.partita"]));
    let render = partita(
        folder,
        &["render", "in.wav", "-o", "x.wav", "-p", "shed.partita"],
    );
    let (said, code) = told(&render);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("shed.wav is not there; the copy that was saved plays"),
        "{said}"
    );
    let shown = out(&partita(
        folder,
        &["preset", "show", "shed.partita", "--json"],
    ));
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["impulse"]["found"], "the copy in the preset");
    assert_eq!(shown["parameters"]["mix"], "80 %");
    // In the library, wherever and whatever it is called there.
    let home = folder.join("home/impulses/sheds");
    fs::create_dir_all(&home).expect("a folder");
    wavio::write_f32(&home.join("old shed.wav"), &[decay(5), decay(6)]);
    out(&partita(folder, &["library", "scan"]));
    let shown = out(&partita(folder, &["preset", "show", "shed.partita"]));
    assert!(
        shown.contains("in the library: ") && shown.contains("old shed.wav"),
        "{shown}"
    );
    assert!(there == rendered(folder, &["-p", "shed.partita"]));
    fs::remove_file(home.join("old shed.wav")).expect("removed");
    // Saved again while its file is missing, it loses nothing.
    out(&partita(
        folder,
        &[
            "preset",
            "save",
            "again.partita",
            "--from",
            "shed.partita",
            "--name",
            "shed",
        ],
    ));
    let texts = ["shed", "again"]
        .map(|name| fs::read_to_string(folder.join(format!("{name}.partita"))).expect("read"));
    assert_eq!(texts[0], texts[1]);
    // Without a copy, the file is missed and named.
    out(&partita(
        folder,
        &[
            "preset",
            "save",
            "bare.partita",
            "-i",
            "in.wav",
            "--embed",
            "none",
        ],
    ));
    fs::rename(folder.join("in.wav"), folder.join("gone.wav")).expect("renamed");
    let bare = partita(
        folder,
        &["render", "gone.wav", "-o", "y.wav", "-p", "bare.partita"],
    );
    let (said, code) = told(&bare);
    assert_eq!(code, Some(4));
    assert!(
        said.starts_with("partita: in: expected its file at "),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
    assert!(!folder.join("y.wav").exists());
    assert_eq!(
        partita(folder, &["preset", "show", "bare.partita"])
            .status
            .code(),
        Some(4)
    );
    assert_eq!(
        partita(folder, &["preset", "show", "nothing"])
            .status
            .code(),
        Some(4)
    );
    let named = partita(folder, &["preset", "save", "x.wav", "-i", "hall"]);
    assert_eq!(named.status.code(), Some(2));
}

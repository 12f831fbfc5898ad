//! `partita render --set KEY=VALUE`: the plugin's parameters by their keys.

#[path = "common/wavio.rs"]
mod wavio;

use hound::SampleFormat;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

fn render(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_partita"))
        .current_dir(folder)
        .args([
            "render", "in.wav", "-o", "out.wav", "-q", "--force", "-i", "hall",
        ])
        .args(more)
        .output()
        .expect("runs")
}

fn rendered(folder: &Path, more: &[&str]) -> Vec<Vec<f64>> {
    let output = render(folder, more);
    assert!(output.status.success(), "{output:?}");
    wavio::read(&folder.join("out.wav")).1
}

#[test]
fn parameters_are_set_by_their_keys_and_win_over_options() {
    let folder = TempDir::new().expect("a folder");
    let x: Vec<Vec<f64>> = vec![vec![0.5, 0.0, 0.25, -0.5], vec![-0.5, 0.5, 0.0, 0.0]];
    wavio::write(
        &folder.path().join("in.wav"),
        48_000,
        32,
        SampleFormat::Float,
        &x,
    );
    let mono = rendered(
        folder.path(),
        &["--mix", "30", "--set", "mix=100 %", "--set", "width=0"],
    );
    let close = |a: &f64, b: &f64| (a - b).abs() < 1e-6;
    assert!(
        mono[0].iter().zip(&mono[1]).all(|(a, b)| close(a, b)),
        "mono"
    );
    let by_option = rendered(
        folder.path(),
        &["--mix", "100", "--predelay", "375", "--size", "80"],
    );
    let by_key = ["mix=100", "predelay=1/8d", "size=80"];
    let by_key: Vec<_> = by_key.iter().flat_map(|set| ["--set", set]).collect();
    assert!(rendered(folder.path(), &by_key) == by_option);
}

#[test]
fn a_wrong_setting_says_what_is_wrong() {
    let folder = TempDir::new().expect("a folder");
    for (set, told) in [
        ("width", "expected KEY=VALUE, got \"width\""),
        (
            "loud=1",
            "no parameter is called \"loud\"; they are bypass, mix, ",
        ),
        (
            "high_cut=high",
            "High cut: expected 1000 to 22000 Hz, or off, got \"high\"",
        ),
        ("impulse=plate", "the impulse is chosen by --impulse"),
    ] {
        let output = render(folder.path(), &["--set", set]);
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(told), "{text}");
    }
    let output = render(folder.path(), &["--raw", "--set", "mix=1"]);
    assert_eq!(output.status.code(), Some(2));
}

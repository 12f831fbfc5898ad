//! `cargo xtask demo [FILE.wav]`: hear and see what Partita does, in one command.
//!
//! Builds the renderer, takes a phrase (the given file, or one that is synthesised here) through the
//! hall and through the two-spike echo, and draws the waveforms.

pub mod phrase;
mod picture;

use crate::test::{cargo, workspace};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the phrase is taken through: factory impulse and the per cent of it in the mix.
const IMPULSES: [(&str, &str); 2] = [("hall", "35"), ("echo-two-spikes", "50")];

/// Renders the demonstration into `target/demo` and says what lies where.
pub fn run(file: Option<&Path>) -> Result<(), String> {
    let folder = workspace().join("target").join("demo");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;

    // Without plugin and sound cards it needs nothing of the system.
    let words = "build --release --quiet --no-default-features --bin partita";
    println!("xtask: building the renderer: cargo {words}");
    let built = cargo().args(words.split(' ')).status();
    if !built
        .map_err(|error| format!("cargo cannot be started: {error}"))?
        .success()
    {
        return Err("the renderer does not build; the messages above say why".into());
    }

    let dry = match file {
        Some(file) => file.to_owned(),
        None => {
            let dry = folder.join("phrase.wav");
            phrase::write(&dry).map_err(|error| format!("{}: {error}", dry.display()))?;
            dry
        }
    };
    let mut pictured = vec![dry.clone()];
    for (impulse, mix) in IMPULSES {
        let wet = folder.join(format!("{}-{impulse}.wav", stem(&dry)));
        render(&dry, impulse, mix, &wet)?;
        pictured.push(wet);
    }
    let picture = folder.join(format!("{}.png", stem(&dry)));
    picture::draw(&pictured, &picture)?;

    println!("\ndry:      {}", dry.display());
    for (wet, (impulse, mix)) in pictured[1..].iter().zip(IMPULSES) {
        println!("rendered: {}  ({impulse}, mix {mix} %)", wet.display());
    }
    println!(
        "picture:  {}  (top to bottom: dry, then the renderings)",
        picture.display()
    );
    Ok(())
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(
        || "phrase".into(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

fn render(dry: &Path, impulse: &str, mix: &str, wet: &Path) -> Result<(), String> {
    let status = Command::new(renderer())
        .arg("render")
        .arg(dry)
        .args(["--impulse", impulse, "--mix", mix, "--force", "-q", "-o"])
        .arg(wet)
        .status()
        .map_err(|error| format!("the renderer cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("partita render failed for {impulse}"))
    }
}

/// The renderer just built.
fn renderer() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace().join("target"), PathBuf::from);
    let name = format!("partita{}", std::env::consts::EXE_SUFFIX);
    workspace().join(target).join("release").join(name)
}

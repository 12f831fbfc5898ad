//! `cargo xtask bench`: Partita beside its peers, in one run.
//!
//! Installs what a measurement needs where it can (Debian's packages, as root), else says what is
//! missing and measures without it. What is measured, and how, is in `benches/peers`.

use crate::system::{install, runs};
use crate::test::{cargo, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(clap::Args)]
#[group(multiple = false, id = "subject")]
pub struct Choice {
    /// CPU time for whole files, beside ffmpeg and one large transform, instead of loads
    #[arg(long)]
    offline: bool,
    /// Instructions for a second of sound, under callgrind
    #[arg(long)]
    instructions: bool,
    /// The same, and fail where one is more than 10 % above the recorded count
    #[arg(long)]
    check: bool,
    /// The same, and record them in benches/instructions.csv
    #[arg(long)]
    record: bool,
    /// Start-up, memory, silence
    #[arg(long)]
    start_up: bool,
    /// What it costs to change the impulse while it plays
    #[arg(long)]
    changes: bool,
    /// What the plugin's process call costs beside the bare engine
    #[arg(long)]
    host: bool,
}

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// Passed on: filters such as --engines, --impulse-seconds, --blocks, --routing, --mode, and --csv;
    /// `-- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds the benchmark in release mode and runs the part of it that is asked for.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let choice = &arguments.choice;
    let mut given = Vec::new();
    if choice.offline {
        given.push("offline".into());
        given.push("--partita".into());
        given.push(partita()?.into_os_string());
        if !runs("ffmpeg", &["-version"])
            && let Err(why) = install(&["ffmpeg"])
        {
            eprintln!("xtask: without ffmpeg: {why}");
            given.push("--without-ffmpeg".into());
        }
    } else if choice.start_up {
        given.push("start-up".into());
    } else if choice.changes {
        given.push("changes".into());
    } else if choice.host {
        given.push("host".into());
    } else {
        if choice.instructions || choice.check || choice.record {
            if !runs("valgrind", &["--version"]) {
                install(&["valgrind"])?;
            }
            given.push("instructions".into());
            given.extend(choice.check.then(|| "--check".into()));
            given.extend(choice.record.then(|| "--record".into()));
        } else {
            given.push("load".into());
        }
        match zita_shim() {
            Ok(shim) => given.extend(["--zita-shim".into(), shim.into_os_string()]),
            Err(why) => eprintln!("xtask: without zita-convolver: {why}"),
        }
    }
    let status = cargo()
        .args(["run", "--release", "--quiet", "--package", "peers", "--"])
        .args(given)
        .args(&arguments.rest)
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("the benchmark failed; the messages above say why".into())
    }
}

/// Builds the program `partita` in release mode. Returns where it lies, which only cargo knows.
fn partita() -> Result<PathBuf, String> {
    let output = cargo()
        .args(["build", "--release", "--quiet", "--bin", "partita"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err("partita does not build; the messages above say why".into());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let path = said.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    path.ok_or_else(|| "cargo does not say where it put partita".into())
}

/// Builds the library through which the benchmark reaches zita-convolver.
fn zita_shim() -> Result<PathBuf, String> {
    let header = Path::new("/usr/include/zita-convolver.h");
    if !header.exists() || !runs("g++", &["--version"]) {
        install(&["libzita-convolver-dev", "libfftw3-dev", "g++"])?;
    }
    let folder = workspace().join("target");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let shim = folder.join("libzita_shim.so");
    let status = Command::new("g++")
        .args(["-O2", "-shared", "-fPIC", "-o"])
        .arg(&shim)
        .arg(workspace().join("benches/peers/zita.cpp"))
        .args(["-lzita-convolver", "-lfftw3f", "-lpthread"])
        .status()
        .map_err(|error| format!("g++ cannot be started: {error}"))?;
    if status.success() {
        Ok(shim)
    } else {
        Err("its shim does not build; the messages above say why".into())
    }
}

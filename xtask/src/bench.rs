//! `cargo xtask bench`: Partita beside its peers, in one run.
//!
//! Installs what the peers need where it can (Debian's packages, as root), else says what is missing
//! and measures without it.

use crate::test::{cargo, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Builds the benchmark in release mode and runs it with `arguments`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut command = cargo();
    command
        .args(["run", "--release", "--quiet", "--package", "peers", "--"])
        .args(arguments);
    match zita_shim() {
        Ok(shim) => {
            command.arg("--zita-shim").arg(shim);
        }
        Err(why) => eprintln!("xtask: without zita-convolver: {why}"),
    }
    let status = command
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("the benchmark failed".into())
    }
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
        .args(["-O3", "-march=native", "-shared", "-fPIC", "-o"])
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

/// Installs Debian packages, or says how.
fn install(packages: &[&str]) -> Result<(), String> {
    let by_hand = format!("install it with: apt-get install {}", packages.join(" "));
    if !runs("apt-get", &["--version"]) {
        return Err(format!(
            "this system has no apt-get; {by_hand}, or your system's like of it"
        ));
    }
    println!("xtask: apt-get install {}", packages.join(" "));
    if runs("apt-get", &["update"]) && runs("apt-get", &[&["install", "-y"], packages].concat()) {
        Ok(())
    } else {
        Err(format!(
            "apt-get did not succeed (root is needed); {by_hand}"
        ))
    }
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

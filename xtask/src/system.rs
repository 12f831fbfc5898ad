//! What the build, the tests and the benchmarks need of the system beyond Rust, git and a C compiler.

use std::path::Path;
use std::process::{Command, Stdio};

/// Debian's packages for the build and the tests, and a file that each brings.
const DEBIAN: &[(&str, &str)] = &[
    ("pkg-config", "/usr/bin/pkg-config"),
    ("libasound2-dev", "/usr/include/alsa/asoundlib.h"),
    ("libjack-jackd2-dev", "/usr/include/jack/jack.h"),
    ("jackd2", "/usr/bin/jackd"),
    ("xvfb", "/usr/bin/Xvfb"),
    (
        "libgl1-mesa-dri",
        "/usr/lib/x86_64-linux-gnu/dri/swrast_dri.so",
    ),
    ("libegl1", "/usr/lib/x86_64-linux-gnu/libEGL.so.1"),
    ("libgl1", "/usr/lib/x86_64-linux-gnu/libGL.so.1"),
];

/// Installs what the build and the tests miss, where this is Debian or one of its descendants; elsewhere the build says
/// what it misses. The error names what could not be installed.
pub fn prepare() -> Result<(), String> {
    if !runs("apt-get", &["--version"]) {
        return Ok(());
    }
    let missing = DEBIAN.iter().filter(|(_, file)| !Path::new(file).exists());
    let names: Vec<_> = missing.map(|(name, _)| *name).collect();
    if names.is_empty() {
        return Ok(());
    }
    install(&names)
}

/// Installs Debian packages, or says how.
pub fn install(packages: &[&str]) -> Result<(), String> {
    let by_hand = format!("install it with: apt-get install {}", packages.join(" "));
    if !runs("apt-get", &["--version"]) {
        return Err(format!(
            "this system has no apt-get; {by_hand}, or your system's like of it"
        ));
    }
    // Not on stdout, which may be read by a machine.
    eprintln!("xtask: apt-get install {}", packages.join(" "));
    let packages = [&["install", "-y"], packages].concat();
    if runs("apt-get", &["update"]) && runs("apt-get", &packages) {
        Ok(())
    } else {
        Err(format!(
            "apt-get did not succeed (root is needed); {by_hand}"
        ))
    }
}

/// Whether `program` is there and succeeds. It is asked nothing and says nothing.
pub fn runs(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

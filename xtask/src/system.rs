//! What the build, the tests and the benchmarks need of the system beyond Rust, git and a C compiler.

use std::process::{Command, Stdio};

/// Debian's packages for the build and the tests.
const DEBIAN: &[&str] = &[
    "pkg-config",
    "libasound2-dev",
    "libjack-jackd2-dev",
    "jackd2",
    "xvfb",
    "libgl1-mesa-dri",
    "libegl1",
    "libgl1",
];

/// Installs what the build and the tests miss, where this is Debian or one of its descendants; elsewhere the build says
/// what it misses. The error names what could not be installed.
pub fn prepare() -> Result<(), String> {
    if !runs("apt-get", &["--version"]) {
        return Ok(());
    }
    let missing: Vec<_> = DEBIAN
        .iter()
        .copied()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

fn is_installed(package: &str) -> bool {
    let asked = Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|said| said.stdout.starts_with(b"installed"))
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

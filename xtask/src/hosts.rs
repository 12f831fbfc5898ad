//! The plugin's bundles in hosts, as users have them: the real-time guard, and tests/hosts in a Python environment of its
//! own under target/.

use crate::bundle;
use crate::test::{cargo, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bundles the plugin and runs the checks. The error says which failed.
pub fn run() -> Result<(), String> {
    let [clap, vst3] = bundle::make()?;
    guard(&clap)?;
    pedalboard(&vst3)
}

/// tests/rtguard.rs, which `cargo test` has run with the plugin linked in, with the one that users have.
fn guard(clap: &Path) -> Result<(), String> {
    // The whole workspace, so that nothing is compiled again with other features.
    let words = "test --workspace --test rtguard -- --nocapture";
    println!("xtask: PARTITA_PLUGIN={} cargo {words}", clap.display());
    let mut test = cargo();
    test.args(words.split(' ')).env("PARTITA_PLUGIN", clap);
    if succeeds(&mut test) {
        Ok(())
    } else {
        Err("the audio thread does what it must not, or it cannot be watched; the messages above say what".to_owned())
    }
}

/// Where Python or its packages cannot be had, says so and passes.
fn pedalboard(vst3: &Path) -> Result<(), String> {
    println!("xtask: the plugin in pedalboard: tests/hosts/pedalboard_check.py");
    let python = match environment(&bundle::target_directory()?.join("hosts")) {
        Ok(python) => python,
        Err(why) => {
            println!("xtask: SKIPPED, the VST3 was not tried in pedalboard: {why}");
            return Ok(());
        }
    };
    let mut check = Command::new(&python);
    check.arg(tests().join("pedalboard_check.py")).arg(vst3);
    let status = check.arg(workspace().join("impulses")).status();
    let status = status.map_err(|error| format!("{}: {error}", python.display()))?;
    if status.success() {
        Ok(())
    } else {
        Err("pedalboard_check.py failed; the messages above say what".to_owned())
    }
}

fn tests() -> PathBuf {
    workspace().join("tests").join("hosts")
}

/// A Python that has what the checks import, from PyPI where it is not there yet. The error says what is missing.
fn environment(folder: &Path) -> Result<PathBuf, String> {
    let python = if cfg!(windows) {
        folder.join("Scripts").join("python.exe")
    } else {
        folder.join("bin").join("python")
    };
    let imports = ["-c", "import numpy, pedalboard, scipy"];
    if succeeds(Command::new(&python).args(imports).stderr(Stdio::null())) {
        return Ok(python);
    }
    let system = if cfg!(windows) { "python" } else { "python3" };
    println!("xtask: {system} -m venv {}", folder.display());
    let made = ["-m", "venv", "--clear"];
    if !succeeds(Command::new(system).args(made).arg(folder)) {
        return Err(format!(
            "{system} with its venv module is missing (Debian: apt-get install python3-venv)"
        ));
    }
    let list = tests().join("requirements.txt");
    println!("xtask: pip install -r {}", list.display());
    // Without a network it shall not try for minutes. Without a wheel for this system there is nothing to compile it with.
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:"]);
    pip.args(["--disable-pip-version-check", "--retries", "2", "-r"]);
    if !succeeds(pip.arg(list)) {
        return Err("PyPI does not give the packages of tests/hosts/requirements.txt".to_owned());
    }
    if succeeds(Command::new(&python).args(imports)) {
        Ok(python)
    } else {
        Err("pedalboard cannot be imported; the message above says why".to_owned())
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

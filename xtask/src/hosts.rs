//! The plugin in hosts that are not Rust: tests/hosts, in a Python environment of their own under target/.

use crate::bundle::{self, Profile};
use crate::test::workspace;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bundles the plugin in the dev profile, which has its dependencies from the tests, and runs the checks. Where Python or
/// its packages cannot be had, says so and passes.
pub fn run() -> Result<(), String> {
    println!("xtask: plugin in other hosts: tests/hosts/pedalboard_check.py");
    let python = match environment(&bundle::target_directory()?.join("hosts")) {
        Ok(python) => python,
        Err(why) => {
            println!("xtask: SKIPPED, the VST3 was not tried in pedalboard: {why}");
            return Ok(());
        }
    };
    let [_, vst3] = bundle::make(Profile::Dev)?;
    let status = Command::new(&python)
        .arg(tests().join("pedalboard_check.py"))
        .arg(vst3)
        .arg(workspace().join("impulses"))
        .status()
        .map_err(|error| format!("{}: {error}", python.display()))?;
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

//! `cargo xtask test`: everything a change must pass, in the order that fails soonest.

use crate::{deny, hosts, system};
use std::path::Path;
use std::process::Command;

/// Runs formatting check, lints, documentation and tests of the whole workspace, and says of each
/// what it runs. The error names the first that failed.
pub fn run() -> Result<(), String> {
    system::prepare()?;
    // Warnings in the documentation are errors too; the variable means nothing to the other steps.
    let steps: [(&str, &[&str]); 5] = [
        ("formatting", &["fmt", "--all", "--check"]),
        (
            "lints",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--",
                "-D",
                "warnings",
            ],
        ),
        ("documentation", &["doc", "--workspace", "--no-deps"]),
        (
            "build without default features",
            &["build", "--no-default-features"],
        ),
        ("tests", &["test", "--workspace"]),
    ];
    for (name, arguments) in steps {
        println!("xtask: {name}: cargo {}", arguments.join(" "));
        let status = cargo()
            .args(arguments)
            .env("RUSTDOCFLAGS", "-D warnings")
            .status()
            .map_err(|error| format!("{name}: cargo cannot be started: {error}"))?;
        if !status.success() {
            return Err(format!("{name} failed: cargo {}", arguments.join(" ")));
        }
    }
    if deny::is_there() {
        println!("xtask: licences and origins: cargo deny");
        deny::run(&deny::Arguments::default())?;
    } else {
        println!("xtask: licences and origins: by tests/supply.rs alone; cargo-deny is not there");
    }
    hosts::run()?;
    println!("xtask: all checks passed");
    Ok(())
}

/// The cargo that runs this program, in the workspace's folder.
pub fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace());
    command
}

/// The workspace's folder.
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

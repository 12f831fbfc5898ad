//! `cargo xtask deny`: licences, origins and doubles of everything we stand on, by cargo-deny and `deny.toml`; on request known
//! faults too, for which it fetches RustSec's list. tests/supply.rs checks the first two without it.

use crate::test::cargo;

#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Known faults and withdrawn versions too (needs the network)
    #[arg(long)]
    advisories: bool,
}

/// Checks, and prints what cargo-deny says. The error says what to install, or that it found something.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    if !is_there() {
        return Err("deny: expected cargo-deny; `cargo install cargo-deny --locked`".to_owned());
    }
    let mut command = cargo();
    command.arg("deny");
    if !arguments.advisories {
        command.arg("--offline");
    }
    command.args(["check", "--hide-inclusion-graph"]);
    command.args(["licenses", "bans", "sources"]);
    if arguments.advisories {
        command.arg("advisories");
    }
    let status = command.status();
    let status = status.map_err(|error| format!("deny: cargo cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("deny: found something; see deny.toml".to_owned())
    }
}

/// Whether it is installed.
pub fn is_there() -> bool {
    let output = cargo().args(["deny", "--version"]).output();
    output.is_ok_and(|output| output.status.success())
}

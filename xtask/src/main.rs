//! Set-up, tests, demonstration, factory impulses and benchmarks of Partita: `cargo xtask --help`.

mod test;

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Partita's set-up and checks")]
enum Task {
    /// Check formatting, lints and documentation, and run every test.
    Test,
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Test => test::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

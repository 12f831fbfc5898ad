//! Set-up, tests, factory impulses and benchmarks of Partita.

mod impulses;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about, bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make the factory impulses, or check that the committed ones are what the generator makes.
    Impulses(impulses::Arguments),
}

fn main() -> ExitCode {
    let result = match Xtask::parse().task {
        Task::Impulses(arguments) => impulses::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

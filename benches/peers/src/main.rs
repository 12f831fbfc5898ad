//! Partita beside other convolution engines, measured in one run: started by `cargo xtask bench`.
//! `load` holds the table of loads and `measure` the method behind it; `offline`, `instructions`,
//! `start_up`, `changes` and `host` measure what their names say.

mod cell;
mod changes;
mod clock;
mod engines;
mod host;
mod instructions;
mod load;
mod measure;
mod offline;
mod runner;
mod start_up;
mod zita;

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Convolution engines, measured")]
enum Task {
    /// Load in per cent of a block's duration
    Load(load::Arguments),
    /// CPU time for whole files
    Offline(offline::Arguments),
    /// Instructions for a second of sound, under callgrind
    Instructions(instructions::Arguments),
    /// Start-up, memory, silence
    StartUp,
    /// What it costs to change the impulse while it plays
    Changes,
    /// What the plugin costs beside the engine
    Host,
    /// One file through another with one large transform
    #[command(hide = true)]
    OverlapAdd(offline::overlap_add::Arguments),
    /// Plays what callgrind counts
    #[command(hide = true)]
    Count(instructions::Counted),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Load(arguments) => load::run(&arguments),
        Task::Offline(arguments) => offline::run(&arguments),
        Task::Instructions(arguments) => instructions::run(&arguments),
        Task::StartUp => start_up::run(),
        Task::Changes => changes::run(),
        Task::Host => host::run(),
        Task::OverlapAdd(arguments) => offline::overlap_add::run(&arguments),
        Task::Count(counted) => instructions::play(&counted),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("peers: {why}");
            ExitCode::FAILURE
        }
    }
}

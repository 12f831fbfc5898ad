//! Set-up, tests, demonstration, factory impulses and benchmarks of Partita: `cargo xtask --help`.

mod ardour;
mod bench;
mod bundle;
mod demo;
mod deny;
mod fuzz;
mod hosts;
mod impulses;
mod install;
mod system;
mod test;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Partita's set-up and checks")]
enum Task {
    /// Try the VST3 bundle in Ardour 7: an export against the renderer (Debian's ardour; not a part of `test`).
    Ardour,
    /// Render a phrase through a hall and an echo, and draw the waveforms.
    Demo {
        /// A WAV file to use instead of the built-in phrase.
        file: Option<PathBuf>,
    },
    /// Check licences, origins and doubles of all dependencies by cargo-deny (a part of `test` where it is installed).
    Deny(deny::Arguments),
    /// Measure Partita beside other convolution engines.
    Bench(bench::Arguments),
    /// Build the plugin and put it into a CLAP and a VST3 bundle.
    Bundle,
    /// Look for inputs that break a promise: impulse files, presets, .conf, arguments, sequences of changes.
    Fuzz(fuzz::Arguments),
    /// Try the plugin's bundles in hosts, as users have them (also a part of `test`).
    Hosts,
    /// Make the factory impulses, or check that the committed ones are what the generator makes.
    Impulses(impulses::Arguments),
    /// Put the plugin where this user's hosts look for it, or remove it.
    Install(install::Arguments),
    /// Check formatting, lints and documentation, and run every test.
    Test,
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Ardour => ardour::run(),
        Task::Deny(arguments) => deny::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Bundle => bundle::make().map(drop),
        Task::Demo { file } => demo::run(file.as_deref()),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Hosts => hosts::run(),
        Task::Impulses(arguments) => impulses::run(&arguments),
        Task::Install(arguments) => install::run(&arguments),
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

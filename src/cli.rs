//! The command line: parse, call, print.
//!
//! Results go to stdout; progress, warnings and errors to stderr, errors as one line that begins
//! with `partita:`. How it ended is the exit code: [`Exit`].

mod about;
#[cfg(feature = "live")]
mod devices;
mod exit;
mod impulse;
mod library;
#[cfg(feature = "live")]
mod live;
mod measure;
mod preset;
mod render;
mod say;
mod selftest;
mod shape;

use crate::impulse::load;
use clap::{Parser, Subcommand};
pub use exit::Exit;
use std::ffi::OsString;
use std::panic;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(
    name = "partita",
    version,
    about = "Convolution echo and reverb",
    after_help = exit::HELP,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play WAV files through an impulse response and write the result
    Render(render::Args),
    /// Play a sound card's input through an impulse response to its output
    #[cfg(feature = "live")]
    Live(live::Args),
    /// List the sound devices
    #[cfg(feature = "live")]
    Devices(devices::Args),
    /// List the impulses there are, or describe one
    Impulse(impulse::Args),
    /// List the factory presets, describe one, or write one
    Preset(preset::Args),
    /// Choose the folders with your impulses, and mark favourites
    Library(library::Args),
    /// Measure a room with a sweep: make an impulse of a recording
    Measure(measure::Args),
    /// Check that what plays live is what is rendered, and print what is left of the difference
    Selftest(selftest::Args),
}

/// Whether arguments, the program's name before them, make a command; it is not run. Errors: the text that the user would
/// see. Main thread.
pub fn check(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    let parsed = Cli::try_parse_from(arguments);
    parsed.map(drop).map_err(|error| error.to_string())
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // A decoder that panics over a file becomes an error of one line: nothing more need be said.
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !load::decoding() {
            usual(info);
        }
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes: they go to stdout, with 0.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
            let _ = error.print();
            return exit.into();
        }
    };
    match cli.command {
        Command::Render(args) => render::run(&args),
        #[cfg(feature = "live")]
        Command::Live(args) => live::run(&args),
        #[cfg(feature = "live")]
        Command::Devices(args) => devices::run(&args),
        Command::Impulse(args) => impulse::run(&args),
        Command::Preset(args) => preset::run(&args),
        Command::Library(args) => library::run(&args),
        Command::Measure(args) => measure::run(&args),
        Command::Selftest(args) => selftest::run(&args),
    }
    .into()
}

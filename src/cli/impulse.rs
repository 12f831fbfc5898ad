//! `partita impulse`: what there is, and what one is like.

mod chain;
mod check;
mod convert;
mod echo;
mod list;
mod shape;
pub(super) mod show;
mod written;

use super::{Exit, exit, say};
use crate::impulse::load::{MAX_CHANNELS, MAX_MAGNITUDE, MAX_SAMPLES, MAX_SECONDS};
use clap::Subcommand;
use serde::Serialize;

#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What can be read, and up to which size; then the exit codes.
fn help() -> String {
    format!(
        "\
Impulse files: WAV, AIFF, CAF (integers of 8 to 32 bits, float of 32 or 64), FLAC, Ogg Vorbis, MP3; matrices of them as jconvolver .conf.
Limits: 1 to {MAX_CHANNELS} channels, {MAX_SECONDS} s, {} million samples in all channels together, samples within ±{MAX_MAGNITUDE}.
Hall_L.wav and Hall_R.wav (or Left and Right), both stereo, are read as one true-stereo impulse; --layout stereo reads one alone.

{}",
        MAX_SAMPLES / 1_000_000,
        exit::HELP
    )
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the factory impulses and yours
    List(list::Args),
    /// Describe a factory impulse or a file
    Show(show::Args),
    /// Find what is wrong with an impulse, and write a copy that has it put right
    Check(check::Args),
    /// Write an impulse as one file, a pair, mono files, mcfx-packed or a jconvolver .conf
    Convert(convert::Args),
    /// Trim, stretch, damp, reverse… an impulse and write it
    Shape(shape::Args),
    /// Make an impulse of echoes, tap by tap
    Echo(echo::Args),
    /// Put two impulses in series: one impulse that is both
    Chain(chain::Args),
}

pub(super) fn run(args: &Args) -> Exit {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Check(args) => check::run(args),
        Command::Convert(args) => convert::run(args),
        Command::Shape(args) => shape::run(args),
        Command::Echo(args) => echo::run(args),
        Command::Chain(args) => chain::run(args),
    }
}

pub(super) fn print_json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say::result(text),
        Err(error) => say::error(error),
    }
}

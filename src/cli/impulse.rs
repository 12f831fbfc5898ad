//! `partita impulse`: what there is, and what one is like.

mod chain;
mod convert;
mod echo;
mod list;
mod shape;
mod show;
mod written;

use super::{Exit, exit, say};
use crate::impulse::analyze::{Analysis, analyze};
use crate::impulse::load::{MAX_CHANNELS, MAX_MAGNITUDE, MAX_SAMPLES, MAX_SECONDS};
use crate::impulse::{ImpulseResponse, Layout, library};
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
    /// List the factory impulses
    List(list::Args),
    /// Describe a factory impulse or a file
    Show(show::Args),
    /// Trim, stretch, damp, reverse… an impulse and write it
    Shape(shape::Args),
    /// Make an impulse of echoes, tap by tap
    Echo(echo::Args),
    /// Put two impulses in series: one impulse that is both
    Chain(chain::Args),
    /// Write an impulse as one file, a pair, mono files, mcfx-packed or a jconvolver .conf
    Convert(convert::Args),
}

/// An impulse, for a machine.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    channels: usize,
    layout: Layout,
    sample_rate: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<library::Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<&'a str>,
    #[serde(flatten)]
    analysis: Analysis,
}

impl<'a> Shown<'a> {
    fn new(impulse: &'a ImpulseResponse, factory: Option<&'a library::FactoryImpulse>) -> Self {
        Self {
            name: &impulse.name,
            channels: impulse.channels.len(),
            layout: impulse.layout,
            sample_rate: impulse.sample_rate,
            kind: factory.map(|factory| factory.kind),
            description: factory.map(|factory| factory.description),
            licence: factory.map(|factory| factory.licence),
            analysis: analyze(impulse),
        }
    }
}

pub(super) fn run(args: &Args) -> Exit {
    let done = match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Shape(args) => return shape::run(args),
        Command::Echo(args) => return echo::run(args),
        Command::Chain(args) => return chain::run(args),
        Command::Convert(args) => return convert::run(args),
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(error) => {
            say::error(error);
            Exit::Impulse
        }
    }
}

pub(super) fn name_of(layout: Layout) -> &'static str {
    match layout {
        Layout::Mono => "mono",
        Layout::Stereo => "stereo",
        Layout::TrueStereo => "true stereo",
        Layout::Matrix | Layout::MatrixOf { .. } => "matrix",
    }
}

fn print_json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say::result(text),
        Err(error) => say::error(error),
    }
}

//! `partita impulse`: what there is, and what one is like.

mod check;
mod list;
mod show;

use super::{Exit, exit, say};
use crate::impulse::{ImpulseResponse, Layout, library};
use clap::Subcommand;
use serde::Serialize;

#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the factory impulses
    List(list::Args),
    /// Describe a factory impulse or a WAV file
    Show(show::Args),
    /// Find what is wrong with an impulse, and write a copy that has it put right
    Check(check::Args),
}

/// An impulse, for a machine, with what was `measured`.
#[derive(Serialize)]
struct Shown<'a, M> {
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
    measured: M,
}

impl<'a, M> Shown<'a, M> {
    fn new(
        impulse: &'a ImpulseResponse,
        factory: Option<&'a library::FactoryImpulse>,
        measured: M,
    ) -> Self {
        Self {
            name: &impulse.name,
            channels: impulse.channels.len(),
            layout: impulse.layout,
            sample_rate: impulse.sample_rate,
            kind: factory.map(|factory| factory.kind),
            description: factory.map(|factory| factory.description),
            licence: factory.map(|factory| factory.licence),
            measured,
        }
    }
}

pub(super) fn run(args: &Args) -> Exit {
    let done = match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => return show::run(args),
        Command::Check(args) => return check::run(args),
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(error) => {
            say::error(error);
            Exit::Impulse
        }
    }
}

fn name_of(layout: Layout) -> &'static str {
    match layout {
        Layout::Mono => "mono",
        Layout::Stereo => "stereo",
        Layout::TrueStereo => "true stereo",
        Layout::Matrix => "matrix",
    }
}

fn print_json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say::result(text),
        Err(error) => say::error(error),
    }
}

//! `partita preset`: what presets there are, what one says, and writing one.

mod list;
mod save;
mod show;

use super::{Exit, exit, say};
use crate::impulse::shape::Shape;
use crate::loader::Source;
use crate::preset::{Preset, Resolved, in_library};
use clap::Subcommand;

#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the factory presets
    List(list::Args),
    /// Say what a preset sets, and where its impulse is found
    Show(show::Args),
    /// Write settings and an impulse as a .partita file
    Save(save::Args),
}

pub(super) fn run(args: &Args) -> Exit {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Save(args) => save::run(args),
    }
}

/// The impulse of `preset`, in `shape`; what the user should know about it goes to stderr unless `quiet`.
pub(super) fn source(preset: &Preset, shape: &Shape, quiet: bool) -> Result<Source, Exit> {
    let Some(impulse) = &preset.impulse else {
        let name = &preset.name;
        say::error(format_args!(
            "{name}: this preset names no impulse; choose one by --impulse"
        ));
        return Err(Exit::Impulse);
    };
    let impulse_error = |error: &dyn std::fmt::Display| {
        say::error(error);
        Exit::Impulse
    };
    let Resolved { impulse, note, .. } = impulse
        .resolve(&in_library)
        .map_err(|error| impulse_error(&error))?;
    if let Some(note) = note.filter(|_| !quiet) {
        say::error(format_args!("warning: {note}"));
    }
    let impulse = std::sync::Arc::unwrap_or_clone(impulse);
    Source::new(impulse, shape).map_err(|error| impulse_error(&error))
}

//! `partita impulse show`: what one impulse is like.

mod figures;

use super::{Shown, name_of, print_json};
use crate::cli::{render, say};
use crate::impulse::analyze::analyze;
use crate::impulse::library;
use crate::impulse::load::LayoutChoice;
use crate::loader::LoaderError;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A factory impulse's name, or a WAV file
    #[arg(value_name = "NAME|FILE")]
    impulse: PathBuf,
    /// What the channels of a file are: auto (4 are true stereo), true-stereo or matrix
    #[arg(
        long,
        value_name = "LAYOUT",
        default_value = "auto",
        value_parser = render::layout()
    )]
    layout: LayoutChoice,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<(), LoaderError> {
    let source = library::resolve(&args.impulse)?;
    let impulse = source.load(args.layout)?;
    let factory = match source {
        library::Source::Factory(factory) => Some(factory),
        library::Source::File(_) => None,
    };
    let shown = Shown::new(&impulse, factory, analyze(&impulse));
    if args.json {
        print_json(&shown);
        return Ok(());
    }
    let line = |label: &str, text: String| say::result(format_args!("{label:<12}{text}"));
    line("name", shown.name.to_owned());
    if let Some(description) = shown.description {
        line("what", description.to_owned());
    }
    line(
        "channels",
        format!("{} ({})", shown.channels, name_of(shown.layout)),
    );
    line("rate", format!("{} Hz", shown.sample_rate));
    for (label, text) in figures::lines(&shown.measured, shown.layout) {
        line(label, text);
    }
    if let Some(licence) = shown.licence {
        line("licence", licence.to_owned());
    }
    for row in figures::decays(&shown.measured.decay) {
        say::result(row);
    }
    Ok(())
}

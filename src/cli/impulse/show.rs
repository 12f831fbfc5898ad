//! `partita impulse show`: what one impulse is like.

use super::{Shown, name_of, print_json};
use crate::cli::{render, say};
use crate::impulse::library;
use crate::impulse::load::LayoutChoice;
use crate::loader::LoaderError;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A factory impulse's name, or a WAV file
    #[arg(value_name = "NAME|FILE")]
    impulse: PathBuf,
    /// What the channels of a file are: auto (4 are true stereo), true-stereo, matrix or mcfx:INPUTS
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
    let shown = Shown::new(&impulse, factory);
    if args.json {
        print_json(&shown);
        return Ok(());
    }
    let measured = &shown.analysis;
    let level = |value: Option<f64>, unit| say::level(value.unwrap_or(f64::NEG_INFINITY), unit);
    let line = |label: &str, text: String| say::result(format_args!("{label:<10}{text}"));
    line("name", shown.name.to_owned());
    if let Some(description) = shown.description {
        line("what", description.to_owned());
    }
    line(
        "channels",
        format!("{} ({})", shown.channels, name_of(shown.layout)),
    );
    line("rate", format!("{} Hz", shown.sample_rate));
    line(
        "length",
        format!("{:.3} s ({} samples)", measured.seconds, measured.frames),
    );
    let loudest = measured.peak.as_ref().map(|peak| peak.dbfs);
    line("peak", level(loudest, "dBFS"));
    line("energy", level(measured.energy_db, "dB"));
    if let Some(silence) = measured.leading_silence_ms {
        line("onset", format!("{silence:.2} ms"));
    }
    if let Some(licence) = shown.licence {
        line("licence", licence.to_owned());
    }
    Ok(())
}

//! `partita impulse show`: what one impulse is like.

use super::{Shown, help, name_of, print_json};
use crate::cli::{render, say};
use crate::impulse::library;
use crate::impulse::load::{FileFormat, LayoutChoice, LayoutDecision, LayoutReason};
use crate::loader::LoaderError;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(super) struct Args {
    /// A factory impulse's name, or a file: WAV, AIFF, CAF, FLAC, Ogg Vorbis, MP3
    #[arg(value_name = "NAME|FILE")]
    impulse: PathBuf,
    /// What the channels of a file are: auto (by iXML, names of pairs, direct sound), stereo, true-stereo,
    /// matrix or mcfx:INPUTS
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

/// With what is known about its file.
#[derive(Serialize)]
struct File<'a> {
    #[serde(flatten)]
    shown: &'a Shown<'a>,
    format: FileFormat,
    layout_decision: &'a LayoutDecision,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<String>,
    notices: Vec<String>,
}

fn name_of_format(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Wav => "WAV",
        FileFormat::Aiff => "AIFF",
        FileFormat::Caf => "CAF",
        FileFormat::Flac => "FLAC",
        FileFormat::OggVorbis => "Ogg Vorbis",
        FileFormat::Mp3 => "MP3",
        FileFormat::Jconvolver => "jconvolver .conf",
    }
}

pub(super) fn run(args: &Args) -> Result<(), LoaderError> {
    let source = library::resolve(&args.impulse)?;
    let loaded = source.open(args.layout)?;
    let partner = loaded.partner.as_ref();
    let partner = partner.map(|other| other.display().to_string());
    let factory = match source {
        library::Source::Factory(factory) => Some(factory),
        library::Source::File(_) => None,
    };
    let shown = Shown::new(&loaded.impulse, factory);
    if args.json {
        print_json(&File {
            shown: &shown,
            format: loaded.format,
            layout_decision: &loaded.layout,
            partner,
            notices: loaded.notices.iter().map(ToString::to_string).collect(),
        });
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
    if !matches!(loaded.layout.reason, LayoutReason::Channels) && factory.is_none() {
        line("layout", loaded.layout.to_string());
    }
    if let Some(partner) = partner {
        line("with", partner);
    }
    if factory.is_none() {
        line("format", name_of_format(loaded.format).to_owned());
    }
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
    for notice in &loaded.notices {
        say::error(format_args!(
            "warning: {}: {notice}",
            args.impulse.display()
        ));
    }
    Ok(())
}

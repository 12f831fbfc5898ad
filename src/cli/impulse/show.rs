//! `partita impulse show`: what one impulse is like.

pub(in crate::cli) mod figures;

use super::{help, print_json};
use crate::cli::{Exit, about, render, say};
use crate::impulse::analyze::{Analysis, analyze};
use crate::impulse::load::{FileFormat, LayoutChoice, LayoutDecision, LayoutReason, Loaded};
use crate::impulse::{ImpulseResponse, Layout, library};
use crate::loader::LoaderError;
use crate::output::{Destination, Existing, OutputFault, Pending};
use crate::picture;
use serde::Serialize;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(super) struct Args {
    /// A factory impulse's name, or a file: WAV, AIFF, CAF, FLAC, Ogg Vorbis, MP3, jconvolver .conf
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
    /// Draw it too: waveform, level, energy decay and spectrogram, as a PNG file
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Replace a picture that exists
    #[arg(short, long, requires = "picture")]
    force: bool,
}

/// An impulse, for a machine, with what is known about its file.
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
    measured: &'a Analysis,
    format: FileFormat,
    layout_decision: &'a LayoutDecision,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<String>,
    notices: Vec<String>,
}

impl<'a> Shown<'a> {
    fn new(
        loaded: &'a Loaded,
        factory: Option<&'a library::FactoryImpulse>,
        measured: &'a Analysis,
    ) -> Self {
        let impulse = &loaded.impulse;
        let partner = loaded.partner.as_ref();
        Self {
            name: &impulse.name,
            channels: impulse.channels.len(),
            layout: impulse.layout,
            sample_rate: impulse.sample_rate,
            kind: factory.map(|factory| factory.kind),
            description: factory.map(|factory| factory.description),
            licence: factory.map(|factory| factory.licence),
            measured,
            format: loaded.format,
            layout_decision: &loaded.layout,
            partner: partner.map(|other| other.display().to_string()),
            notices: loaded.notices.iter().map(ToString::to_string).collect(),
        }
    }
}

pub(super) fn run(args: &Args) -> Exit {
    let open = || -> Result<_, LoaderError> {
        let source = library::resolve(&args.impulse)?;
        let loaded = source.open(args.layout)?;
        Ok((source, loaded))
    };
    let (source, loaded) = match open() {
        Ok(opened) => opened,
        Err(error) => {
            say::error(error);
            return Exit::Impulse;
        }
    };
    let analysis = analyze(&loaded.impulse);
    if let Some(path) = &args.picture
        && let Err(fault) = draw(path, args, &loaded.impulse, &analysis)
    {
        say::error(format_args!("{}: {fault}", path.display()));
        return Exit::Output;
    }
    print(args, &source, &loaded, &analysis);
    Exit::Ok
}

/// Draws it into a file that is whole or not there.
fn draw(
    path: &Path,
    args: &Args,
    impulse: &ImpulseResponse,
    analysis: &Analysis,
) -> Result<(), Box<dyn Error>> {
    let existing = if args.force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let destination = Destination::check(path, &[args.impulse.as_path()], existing)?;
    let bytes = picture::draw(impulse, analysis)?.png()?;
    let mut file = Pending::create(destination)?;
    file.write_all(&bytes).map_err(OutputFault::from)?;
    file.place()?;
    Ok(())
}

fn print(args: &Args, source: &library::Source, loaded: &Loaded, analysis: &Analysis) {
    let factory = match source {
        library::Source::Factory(factory) => Some(*factory),
        library::Source::File(_) => None,
    };
    let shown = Shown::new(loaded, factory, analysis);
    if args.json {
        print_json(&shown);
        return;
    }
    let line = |label: &str, text: String| {
        say::result(format_args!("{label:<12}{}", say::one_line(&text)))
    };
    line("name", shown.name.to_owned());
    if let Some(description) = shown.description {
        line("what", description.to_owned());
    }
    line(
        "channels",
        format!("{} ({})", shown.channels, shown.layout.name()),
    );
    if !matches!(loaded.layout.reason, LayoutReason::Channels) && factory.is_none() {
        line("layout", loaded.layout.to_string());
    }
    if let Some(partner) = shown.partner {
        line("with", partner);
    }
    if factory.is_none() {
        line("format", loaded.format.to_string());
    }
    line("rate", format!("{} Hz", shown.sample_rate));
    for (label, text) in figures::lines(analysis, shown.layout) {
        line(label, text);
    }
    if let Some(licence) = shown.licence {
        line("licence", licence.to_owned());
    }
    for row in figures::decays(&analysis.decay) {
        say::result(row);
    }
    about::notices(&args.impulse, &loaded.notices);
}

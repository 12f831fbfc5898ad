//! `partita impulse`: what there is, and what one is like.

use super::{Exit, exit, say};
use crate::impulse::analyze::{Analysis, analyze};
use crate::impulse::load::LayoutChoice;
use crate::impulse::{ImpulseResponse, Layout, library};
use crate::loader::LoaderError;
use clap::Subcommand;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the factory impulses
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Describe a factory impulse or a WAV file
    Show {
        /// A factory impulse's name, or a WAV file
        #[arg(value_name = "NAME|FILE")]
        impulse: PathBuf,
        /// What the channels of a file are: auto (4 are true stereo), true-stereo or matrix
        #[arg(
            long,
            value_name = "LAYOUT",
            default_value = "auto",
            value_parser = super::render::layout()
        )]
        layout: LayoutChoice,
        /// Print a JSON object
        #[arg(long)]
        json: bool,
    },
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
        Command::List { json } => list(*json),
        Command::Show {
            impulse,
            layout,
            json,
        } => show(impulse, *layout, *json),
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(error) => {
            say::error(error);
            Exit::Impulse
        }
    }
}

fn list(json: bool) -> Result<(), LoaderError> {
    let mut all = Vec::new();
    for factory in library::factory() {
        all.push((factory.load()?, factory));
    }
    let shown = all
        .iter()
        .map(|(impulse, factory)| Shown::new(impulse, Some(*factory)));
    if json {
        print_json(&shown.collect::<Vec<_>>());
        return Ok(());
    }
    for one in shown {
        say::result(format_args!(
            "{:<16} {:<11} {:>5.2} s  {}",
            one.name,
            name_of(one.layout),
            one.analysis.seconds,
            one.description.unwrap_or_default()
        ));
    }
    Ok(())
}

fn show(name: &Path, layout: LayoutChoice, json: bool) -> Result<(), LoaderError> {
    let source = library::resolve(name)?;
    let impulse = source.load(layout)?;
    let factory = match source {
        library::Source::Factory(factory) => Some(factory),
        library::Source::File(_) => None,
    };
    let shown = Shown::new(&impulse, factory);
    if json {
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

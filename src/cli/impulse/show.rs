//! `partita impulse show`: what one impulse is like.

mod figures;

use super::{Shown, name_of, print_json};
use crate::cli::{Exit, render, say};
use crate::impulse::analyze::{Analysis, analyze};
use crate::impulse::load::LayoutChoice;
use crate::impulse::{ImpulseResponse, library};
use crate::loader::LoaderError;
use crate::output::{Destination, Existing, OutputFault, Pending};
use crate::picture;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

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
    /// Draw it too: waveform, level, energy decay and spectrogram, as a PNG file
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Replace a picture that exists
    #[arg(short, long, requires = "picture")]
    force: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    let load = || -> Result<_, LoaderError> {
        let source = library::resolve(&args.impulse)?;
        let impulse = source.load(args.layout)?;
        Ok((source, impulse))
    };
    let (source, impulse) = match load() {
        Ok(loaded) => loaded,
        Err(error) => {
            say::error(error);
            return Exit::Impulse;
        }
    };
    let analysis = analyze(&impulse);
    if let Some(path) = &args.picture
        && let Err(fault) = draw(path, args, &impulse, &analysis)
    {
        say::error(format_args!("{}: {fault}", path.display()));
        return Exit::Output;
    }
    print(args, &source, &impulse, analysis);
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

fn print(args: &Args, source: &library::Source, impulse: &ImpulseResponse, analysis: Analysis) {
    let factory = match source {
        library::Source::Factory(factory) => Some(*factory),
        library::Source::File(_) => None,
    };
    let shown = Shown::new(impulse, factory, analysis);
    if args.json {
        print_json(&shown);
        return;
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
}

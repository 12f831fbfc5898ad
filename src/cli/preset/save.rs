//! `partita preset save`: settings and an impulse as a file.

use crate::cli::{Exit, render, say};
use crate::impulse::library::{self, Source};
use crate::impulse::load::LayoutChoice;
use crate::output::Existing;
use crate::params::{Id, Values};
use crate::preset::{EMBEDDING_LIMIT, EXTENSION, Embedding, ImpulseReference, Preset, in_library};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The .partita file to write
    #[arg(value_name = "FILE")]
    output: PathBuf,
    /// A factory preset or a .partita file to begin with
    #[arg(long, value_name = "NAME|FILE")]
    from: Option<PathBuf>,
    /// A factory impulse or a file
    #[arg(
        short,
        long,
        value_name = "NAME|FILE",
        required_unless_present = "from"
    )]
    impulse: Option<PathBuf>,
    /// What the channels of an impulse file are: auto, stereo, true-stereo, matrix or mcfx:INPUTS
    #[arg(long, value_name = "LAYOUT", default_value = "auto", value_parser = render::layout())]
    layout: LayoutChoice,
    /// A parameter of the plugin by its key, as often as you like: width=50, high_cut=5kHz
    #[arg(long, value_name = "KEY=VALUE", value_parser = render::assignment)]
    set: Vec<(Id, f32)>,
    /// What people call it; without, the file's name
    #[arg(long)]
    name: Option<String>,
    /// One line about it
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
    /// Put the impulse itself into the file: files (those that are not in the program anyway), all, none
    #[arg(long, value_name = "WHICH", default_value = "files", value_parser = embedding())]
    embed: Embedding,
    /// Replace the file if it exists
    #[arg(short, long)]
    force: bool,
}

fn embedding() -> impl TypedValueParser<Value = Embedding> {
    PossibleValuesParser::new(["files", "all", "none"]).map(|name| match name.as_str() {
        "all" => Embedding::All,
        "none" => Embedding::None,
        _ => Embedding::Files,
    })
}

pub(super) fn run(args: &Args) -> Exit {
    match preset(args).and_then(|preset| {
        let existing = if args.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        let saved = preset.save(&args.output, existing);
        saved.map_err(|error| (error.to_string(), Exit::Output))
    }) {
        Ok(()) => Exit::Ok,
        Err((error, exit)) => {
            say::error(error);
            exit
        }
    }
}

fn preset(args: &Args) -> Result<Preset, (String, Exit)> {
    let mut preset = match &args.from {
        Some(from) => {
            let opened = Preset::open(from);
            opened.map_err(|error| (error.to_string(), Exit::Impulse))?
        }
        None => Preset::new("", &Values::default(), None),
    };
    if let Some(impulse) = &args.impulse {
        let refer = refer(impulse, args.layout);
        preset.impulse = Some(refer.map_err(|error| (error, Exit::Impulse))?);
    }
    if args.from.is_none() || args.name.is_some() {
        let stem = args.output.file_stem().unwrap_or_default();
        let name = args.name.clone();
        preset.name = name.unwrap_or_else(|| stem.to_string_lossy().into_owned());
    }
    if let Some(about) = &args.about {
        preset.about.clone_from(about);
    }
    let mut values = preset.values();
    for (id, value) in &args.set {
        values.set(*id, *value);
    }
    preset.set_values(&values);
    if args.output.extension().is_none_or(|it| it != EXTENSION) {
        let output = args.output.display();
        let wrong = format!("{output}: expected a name that ends in .{EXTENSION}");
        return Err((wrong, Exit::Usage));
    }
    if let Some(reference) = &mut preset.impulse {
        // An impulse that is nowhere any more stays referred to.
        match reference.resolve(&in_library) {
            Ok(found) => {
                if let Some(note) = &found.note {
                    say::error(format_args!("warning: {note}"));
                } else if let Err(error) =
                    reference.embed(&found.impulse, args.embed, EMBEDDING_LIMIT)
                {
                    let name = &reference.name;
                    say::error(format_args!(
                        "warning: {name}: {error}; it is not in the preset, so keep its file"
                    ));
                }
            }
            Err(error) => say::error(format_args!("warning: {error}")),
        }
    }
    Ok(preset)
}

fn refer(name: &Path, layout: LayoutChoice) -> Result<ImpulseReference, String> {
    let source = library::resolve(name).map_err(|error| error.to_string())?;
    let impulse = source.load(layout).map_err(|error| error.to_string())?;
    Ok(match source {
        Source::Factory(factory) => ImpulseReference::to_factory(factory, &impulse),
        Source::File(path) => ImpulseReference::to_file(&path, layout, &impulse),
    })
}

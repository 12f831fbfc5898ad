//! `partita preset show`: what a preset sets, and where its impulse is found.

use crate::cli::{Exit, say};
use crate::params::{Slots, TABLE, Values};
use crate::preset::{ImpulseReference, Place, Preset, ResolveError, Resolved, in_library};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A factory preset (see `partita preset list`) or a .partita file
    #[arg(value_name = "NAME|FILE")]
    preset: PathBuf,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    let preset = match Preset::open(&args.preset) {
        Ok(preset) => preset,
        Err(error) => {
            say::error(error);
            return Exit::Impulse;
        }
    };
    let found = preset.impulse.as_ref().map(|impulse| {
        let found = impulse.resolve(&in_library);
        (impulse, found)
    });
    let missing = matches!(found, Some((_, Err(_))));
    if args.json {
        say::result(machine(&preset, found.as_ref()));
    } else {
        human(&preset, found.as_ref());
    }
    if missing { Exit::Impulse } else { Exit::Ok }
}

type Found<'a> = (&'a ImpulseReference, Result<Resolved, ResolveError>);

/// Key, name, and value as text, of what is not as it is by itself.
fn settings(preset: &Preset) -> Vec<(&'static str, &'static str, String)> {
    let (values, neutral) = (preset.values(), Values::default());
    let set = TABLE.iter().filter(|parameter| {
        let id = parameter.id;
        id != crate::params::Id::Impulse && values.get(id) != neutral.get(id)
    });
    set.map(|parameter| {
        let text = parameter.text(values.get(parameter.id), &Slots::FACTORY_ONLY);
        (parameter.key, parameter.name, text)
    })
    .collect()
}

fn place(place: &Place) -> String {
    match place {
        Place::Factory => "in the program".to_owned(),
        Place::Library(path) => format!("in the library: {}", path.display()),
        Place::Path(path) => path.display().to_string(),
        Place::Copy => "the copy in the preset".to_owned(),
    }
}

fn human(preset: &Preset, found: Option<&Found<'_>>) {
    let line =
        |label: &str, text: &str| say::result(format_args!("{label:<18} {}", say::one_line(text)));
    line("name", &preset.name);
    if !preset.about.is_empty() {
        line("what", &preset.about);
    }
    if let Some((impulse, found)) = found {
        line("impulse", &impulse.name);
        match found {
            Ok(found) => {
                line("found", &place(&found.place));
                if let Some(note) = &found.note {
                    line("note", note);
                }
            }
            Err(error) => line("missing", &error.to_string()),
        }
        if let Some(copy) = impulse.copy() {
            line("copy", &format!("{} bytes", copy.bytes()));
        }
    }
    for (_, name, text) in settings(preset) {
        line(name, &text);
    }
}

fn machine(preset: &Preset, found: Option<&Found<'_>>) -> Value {
    let settings = settings(preset).into_iter();
    let settings = settings.map(|(key, _, text)| (key.to_owned(), text.into()));
    let impulse = found.map(|(impulse, found)| {
        let found = match found {
            Ok(found) => json!({ "found": place(&found.place), "note": found.note }),
            Err(error) => json!({ "found": null, "note": error.to_string() }),
        };
        json!({
            "name": impulse.name,
            "factory": impulse.factory,
            "path": impulse.path().map(|path| path.to_string_lossy().into_owned()),
            "sound_hash": impulse.sound_hash,
            "file_hash": impulse.file_hash,
            "copy_bytes": impulse.copy().map(|copy| copy.bytes()),
            "found": found["found"],
            "note": found["note"],
        })
    });
    json!({
        "name": preset.name,
        "about": preset.about,
        "parameters": settings.collect::<serde_json::Map<String, Value>>(),
        "impulse": impulse,
    })
}

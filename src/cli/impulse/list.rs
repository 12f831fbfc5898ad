//! `partita impulse list`: what there is, in the program and in the user's folders.

use super::print_json;
use crate::cli::{Exit, library, say};
use crate::impulse::Layout;
use crate::impulse::library::{
    ContentHash, Entry, Found, Kind, Library, Origin, Presence, Query, Reference, Shelf,
};
use crate::impulse::load::FileFormat;
use clap::ArgGroup;
use serde::Serialize;

/// Warnings that a list is preceded by.
const WARNINGS: usize = 5;

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("shelf").args(["factory", "user", "favourites"]))]
pub(super) struct Args {
    /// Only those with all these words in name, tags, folder or description; the best first
    #[arg(short, long, value_name = "WORDS", num_args = 1..)]
    search: Vec<String>,
    /// Only those with this tag; may be given again
    #[arg(short, long, value_name = "TAG")]
    tag: Vec<String>,
    /// Only those in the program
    #[arg(long)]
    factory: bool,
    /// Only those in your folders
    #[arg(long)]
    user: bool,
    /// Only those you marked with `partita library favourite`, missing ones too
    #[arg(long)]
    favourites: bool,
    /// Show your folders as the last scan found them
    #[arg(long)]
    no_scan: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

/// An impulse, for a machine.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    origin: &'static str,
    favourite: bool,
    missing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_hash: Option<ContentHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    tags: &'a [String],
    #[serde(flatten)]
    sound: Option<ListedSound>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(flatten)]
    factory: Option<ListedFactory<'a>>,
}

#[derive(Serialize)]
struct ListedSound {
    format: FileFormat,
    channels: usize,
    layout: Layout,
    sample_rate: u32,
    frames: usize,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    t30_s: Option<f64>,
}

#[derive(Serialize)]
struct ListedFactory<'a> {
    kind: Kind,
    description: &'a str,
    licence: &'a str,
}

impl<'a> Listed<'a> {
    fn of(entry: &'a Entry, library: &Library) -> Self {
        let factory = match &entry.origin {
            Origin::Factory(impulse) => Some(ListedFactory {
                kind: impulse.kind,
                description: impulse.description,
                licence: impulse.licence,
            }),
            Origin::User { .. } => None,
        };
        Self {
            name: &entry.name,
            origin: if factory.is_some() { "factory" } else { "user" },
            favourite: library.is_favourite(entry),
            missing: entry.presence == Presence::Missing,
            path: entry.path().map(|path| path.to_string_lossy().into_owned()),
            content_hash: entry.hash,
            category: Some(&entry.category),
            tags: &entry.tags,
            sound: entry.sound.as_ref().ok().map(|sound| ListedSound {
                format: sound.format,
                channels: sound.channels,
                layout: sound.layout,
                sample_rate: sound.sample_rate,
                frames: sound.frames,
                seconds: sound.seconds(),
                t30_s: sound.t30_s,
            }),
            error: entry.sound.as_ref().err().map(String::as_str),
            factory,
        }
    }

    /// A favourite that is in no folder of the library, there or not.
    fn outside(reference: &'a Reference, missing: bool) -> Self {
        let path = reference.path.as_ref();
        Self {
            name: &reference.name,
            origin: if path.is_some() { "user" } else { "factory" },
            favourite: true,
            missing,
            path: path.map(|path| path.to_string_lossy().into_owned()),
            content_hash: reference.hash,
            category: None,
            tags: &[],
            sound: None,
            error: None,
            factory: None,
        }
    }

    /// Name, layout, length, T30 and where it is or what it is like.
    fn line(&self, width: usize) -> String {
        let star = if self.favourite { '*' } else { ' ' };
        let what = match &self.sound {
            Some(sound) => format!(
                "{:<11} {:>6.2} s {}",
                sound.layout.name(),
                sound.seconds,
                match sound.t30_s {
                    Some(t30) => format!("T30 {t30:>5.2} s"),
                    None => " ".repeat(11),
                }
            ),
            None => " ".repeat(32),
        };
        let about = match (&self.factory, &self.path) {
            (Some(factory), _) => factory.description,
            (None, Some(path)) => path.as_str(),
            (None, None) => "no longer in the program",
        };
        let state = match (self.missing, self.error) {
            (true, _) => "missing: ".to_owned(),
            (false, Some(error)) => format!("not usable: {error}: "),
            (false, None) => String::new(),
        };
        let line = format!("{star} {:<width$} {what}  {state}{about}", self.name);
        say::one_line(&line)
    }
}

pub(super) fn run(args: &Args) -> Exit {
    let library = match library::open() {
        Ok(library) => library,
        Err(exit) => return exit,
    };
    let library = if args.no_scan || args.factory {
        library
    } else {
        match library::refresh(library) {
            Ok((library, report)) => {
                library::warn(&library, &report, WARNINGS);
                library
            }
            Err(exit) => return exit,
        }
    };
    let query = Query {
        words: args.search.join(" "),
        tags: args.tag.clone(),
        shelf: match (args.factory, args.user, args.favourites) {
            (true, ..) => Shelf::Factory,
            (_, true, _) => Shelf::User,
            (_, _, true) => Shelf::Favourites,
            _ => Shelf::All,
        },
    };
    let found = library.search(&query).into_iter();
    let mut listed: Vec<_> = found.map(|entry| Listed::of(entry, &library)).collect();
    // Without an entry there is nothing to search: they are listed unless something is looked for.
    if args.favourites && args.search.is_empty() && args.tag.is_empty() {
        for reference in &library.settings().favourites {
            match library.find(reference) {
                Found::Outside(_) => listed.push(Listed::outside(reference, false)),
                Found::Missing => listed.push(Listed::outside(reference, true)),
                Found::Here(_) | Found::Moved(_) | Found::Changed(_) => {}
            }
        }
    }
    if args.json {
        print_json(&listed);
        return Exit::Ok;
    }
    let width = listed.iter().map(|one| one.name.chars().count().min(40));
    let width = width.max().unwrap_or(0);
    for one in &listed {
        say::result(one.line(width));
    }
    if listed.is_empty() {
        say::error("no impulse answers that; `partita impulse list` lists all");
    }
    Exit::Ok
}

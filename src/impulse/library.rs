//! The factory impulses and the user's, and how a name or a path becomes an impulse.
//!
//! A name that is not a factory impulse's is answered with the names that are.

mod factory;

pub use factory::{FactoryImpulse, Kind, embedded, factory};

use super::ImpulseResponse;
use super::load::{self, LayoutChoice, LoadError, Loaded};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A name that no factory impulse has. Its text lists those that are there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: expected a sound file or the name of a factory impulse, and there is neither; {}the names are {}",
    nearest.map_or_else(String::new, |near| format!("did you mean {near}? ")), names())]
pub struct UnknownImpulse {
    /// What was asked for, control characters escaped.
    pub name: String,
    /// The factory name that is like it, if one is.
    pub nearest: Option<&'static str>,
}

fn names() -> String {
    let names: Vec<_> = factory().iter().map(|impulse| impulse.name).collect();
    names.join(", ")
}

/// The factory impulse of that name. Case and surrounding space do not matter.
pub fn find(name: &str) -> Result<&'static FactoryImpulse, UnknownImpulse> {
    let wanted = name.trim().to_lowercase();
    factory()
        .iter()
        .find(|impulse| impulse.name == wanted)
        .ok_or_else(|| UnknownImpulse {
            name: load::shown(name),
            nearest: nearest(&wanted),
        })
}

/// The name that is at most a third wrong, or that holds what was typed.
fn nearest(wanted: &str) -> Option<&'static str> {
    let names = || factory().iter().map(|impulse| impulse.name);
    let by_letters = names()
        .map(|name| (edits(wanted, name), name))
        .min()
        .filter(|(edits, name)| *edits <= (name.len() / 3).max(1));
    by_letters.map(|(_, name)| name).or_else(|| {
        names().find(|name| wanted.len() >= 3 && (name.contains(wanted) || wanted.contains(name)))
    })
}

/// Insertions, deletions and replacements from one word to the other (Levenshtein 1966).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    // A name is short; whoever pastes a book in its place need not wait for the answer.
    for (i, a) in from.chars().take(256).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

/// Where an impulse comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The program itself.
    Factory(&'static FactoryImpulse),
    /// A file, which need not exist: [`Source::load`] will tell.
    File(PathBuf),
}

impl Source {
    /// Reads it, and says what its file is like. `layout` is for files; a factory impulse knows its own. Loader thread.
    pub fn open(&self, layout: LayoutChoice) -> Result<Loaded, LoadError> {
        match self {
            Self::Factory(impulse) => impulse.open(),
            Self::File(path) => load::open(path, layout),
        }
    }

    /// As [`Source::open`], for those who want the impulse only. Loader thread.
    pub fn load(&self, layout: LayoutChoice) -> Result<ImpulseResponse, LoadError> {
        self.open(layout).map(|loaded| loaded.impulse)
    }
}

/// A file if there is one of that name, or if the name has a folder or an extension; else a factory impulse.
///
/// A folder of that name does not hide a factory impulse: it could not be read anyway. `./hall` is always a path.
pub fn resolve(name_or_path: impl AsRef<Path>) -> Result<Source, UnknownImpulse> {
    let path = name_or_path.as_ref();
    let in_folder = path.parent().is_some_and(|parent| parent != Path::new(""))
        || path.to_string_lossy().ends_with(std::path::is_separator);
    if in_folder || path.extension().is_some() || path.is_file() {
        return Ok(Source::File(path.to_owned()));
    }
    match find(&path.to_string_lossy()) {
        Ok(impulse) => Ok(Source::Factory(impulse)),
        // "..", "/" and folders without a dot: that they are folders is the better answer.
        Err(_) if path.exists() => Ok(Source::File(path.to_owned())),
        Err(unknown) => Err(unknown),
    }
}

//! The factory impulses and the user's, and how a name or a path becomes an impulse.
//!
//! A name that nothing has is answered with the names of the factory impulses.
//!
//! The flow: [`Places`] says where, [`Settings`] which folders, `walk` which files, `scan` what they are, `index` keeps
//! it, [`Library`] shows it and searches it.

mod browse;
mod entry;
mod factory;
mod hash;
mod index;
mod places;
mod resolve;
mod scan;
mod search;
mod settings;
mod stored;
mod walk;

pub use browse::{Folder, FolderKind, Found, Library, Query, Shelf};
pub use entry::{Entry, Origin, Presence};
pub use factory::{Design, FactoryImpulse, Kind, embedded, factory};
pub use hash::{ContentHash, NotAHash};
pub use index::{IndexState, Sound};
pub use places::{NoHome, Places};
pub use resolve::{ResolveError, resolve, resolve_in};
pub use scan::{Ended, MAX_PROBLEMS, Problem, Progress, Report, Watch};
pub use search::fold;
pub use settings::{Changed, MAX_RECENT, Reference, Settings, SettingsError};
pub use walk::{EXTENSIONS, FolderState, MAX_FILES, MAX_FOLDERS, Stamp, is_impulse_name};

use super::ImpulseResponse;
use super::load::{self, LayoutChoice, LoadError, Loaded};
use std::path::PathBuf;
use thiserror::Error;

/// A name that no impulse has. Its text lists those that are there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: expected a sound file, or the name of a factory impulse or of one in your library, and there is none; {}the factory names are {}",
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

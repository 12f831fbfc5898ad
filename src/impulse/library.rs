//! The factory impulses, and how a name or a path becomes an impulse.
//!
//! Guaranteed: the factory impulses are in the program itself, so their names work on every machine without a file.
//! A name that is not one of them is answered with the names that are.
//!
//! To add one: its WAV in impulses/, its entry in impulses/catalogue.toml, its line in `WAVS`.
//! tests/impulse_library.rs fails while the three disagree.

use super::load::{self, LayoutChoice, LoadError};
use super::{ImpulseResponse, Layout};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use thiserror::Error;

/// Name → WAV file, embedded.
macro_rules! embedded {
    ($($name:literal,)*) => {
        &[$(($name, include_bytes!(concat!("../../impulses/", $name, ".wav")))),*]
    };
}

/// The embedded files.
static WAVS: &[(&str, &[u8])] = embedded! {
    "echo-two-spikes",
    "echo-ping-pong",
    "room",
    "hall",
    "plate",
    "spring",
};

/// What makes the sound of a factory impulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Spikes.
    Echo,
    /// A small space.
    Room,
    /// A large one.
    Hall,
    /// A steel plate.
    Plate,
    /// A spring tank.
    Spring,
}

/// An impulse that is part of the program.
#[derive(Clone, Copy, Debug)]
pub struct FactoryImpulse {
    /// What the user types: the WAV's stem in impulses/.
    pub name: &'static str,
    /// What makes its sound.
    pub kind: Kind,
    /// What its channels are.
    pub layout: Layout,
    /// One line about it.
    pub description: &'static str,
    /// SPDX expression.
    pub licence: &'static str,
    wav: &'static [u8],
}

impl FactoryImpulse {
    /// Decodes it. Fails only if the program was built from a broken WAV. Loader thread.
    pub fn load(&self) -> Result<ImpulseResponse, LoadError> {
        let layout = match self.layout {
            Layout::Matrix => LayoutChoice::Matrix,
            Layout::TrueStereo => LayoutChoice::TrueStereo,
            Layout::Mono | Layout::Stereo => LayoutChoice::Auto,
        };
        load::from_bytes(self.name, self.wav, layout)
    }
}

/// All factory impulses, in the catalogue's order.
pub fn factory() -> &'static [FactoryImpulse] {
    static FACTORY: LazyLock<Vec<FactoryImpulse>> = LazyLock::new(|| {
        // Constants of this build, proven by tests/impulse_library.rs: no user can make these fail.
        let catalogue: Catalogue = toml::from_str(include_str!("../../impulses/catalogue.toml"))
            .expect("impulses/catalogue.toml is well-formed");
        let entries = catalogue.impulse.into_iter();
        entries
            .map(|entry| {
                let wav = WAVS.iter().find(|(name, _)| *name == entry.name);
                FactoryImpulse {
                    wav: wav.expect("every catalogue entry has a line in WAVS").1,
                    name: entry.name.leak(),
                    kind: entry.kind,
                    layout: entry.layout,
                    description: entry.description.leak(),
                    licence: entry.licence.leak(),
                }
            })
            .collect()
    });
    &FACTORY
}

/// impulses/catalogue.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    impulse: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    kind: Kind,
    layout: Layout,
    description: String,
    licence: String,
}

/// The names of the embedded WAVs, whether the catalogue knows them or not.
pub fn embedded() -> impl Iterator<Item = &'static str> {
    WAVS.iter().map(|(name, _)| *name)
}

/// A name that no factory impulse has. Its text lists those that are there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: expected a WAV file or the name of a factory impulse, and there is neither; {}the names are {}",
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
    /// Reads it. `layout` is for files; a factory impulse knows its own. Loader thread.
    pub fn load(&self, layout: LayoutChoice) -> Result<ImpulseResponse, LoadError> {
        match self {
            Self::Factory(impulse) => impulse.load(),
            Self::File(path) => load::read(path, layout),
        }
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

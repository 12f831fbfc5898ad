//! What the user types → what loads it.

use super::browse::Library;
use super::places::Places;
use super::search::fold;
use super::settings::{Settings, SettingsError};
use super::walk::{self, Candidate};
use super::{Reference, Source, UnknownImpulse, find, scan};
use crate::impulse::load::pair::{self, Side};
use crate::impulse::load::shown;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// How many files of one name are listed.
const LISTED: usize = 8;

/// Why what was typed leads to no impulse.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nothing is called so.
    #[error(transparent)]
    Unknown(#[from] UnknownImpulse),
    /// Several are.
    #[error("{}: expected the name of one impulse, but {} files of the library have it; type the path of one: {}",
        shown(name), candidates.len(), listed(candidates))]
    Ambiguous {
        /// What was typed.
        name: String,
        /// The files.
        candidates: Vec<PathBuf>,
    },
    /// It is not a factory impulse, and the user's folders are not known.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

fn listed(candidates: &[PathBuf]) -> String {
    let paths = candidates.iter().take(LISTED);
    let mut paths: Vec<_> = paths
        .map(|path| shown(&path.display().to_string()))
        .collect();
    if candidates.len() > LISTED {
        paths.push(format!("and {} more", candidates.len() - LISTED));
    }
    paths.join(", ")
}

/// What `name_or_path` means to the user who runs the program. See [`resolve_in`].
pub fn resolve(name_or_path: impl AsRef<Path>) -> Result<Source, ResolveError> {
    resolve_in(Places::of_this_user().ok().as_ref(), name_or_path)
}

/// A file if there is one of that name, or if the name has a folder; else a factory impulse; else a file
/// of the library, by its name with or without extension (of two that are one true-stereo impulse, by what they share); else a file that is not there, if the name has an extension.
///
/// Factory and library names are found whatever their case; library names whatever their accents, too. The library's folders are
/// listed anew, so that no scan is needed. A folder of that name does not hide an impulse: it could not be read
/// anyway. `./hall` is always a path. Loader thread.
pub fn resolve_in(
    places: Option<&Places>,
    name_or_path: impl AsRef<Path>,
) -> Result<Source, ResolveError> {
    let path = name_or_path.as_ref();
    let in_folder = path.parent().is_some_and(|parent| parent != Path::new(""))
        || path.to_string_lossy().ends_with(std::path::is_separator);
    if in_folder || path.is_file() {
        return Ok(Source::File(path.to_owned()));
    }
    let typed = path.to_string_lossy();
    let unknown = match find(&typed) {
        Ok(impulse) => return Ok(Source::Factory(impulse)),
        Err(unknown) => unknown,
    };
    let mut candidates = match places {
        Some(places) => named(places, &typed)?,
        None => Vec::new(),
    };
    match candidates.pop() {
        Some(only) if candidates.is_empty() => Ok(Source::File(only)),
        Some(last) => {
            candidates.push(last);
            Err(ResolveError::Ambiguous {
                name: typed.into_owned(),
                candidates,
            })
        }
        // "..", and folders without a dot: that they are folders is the better answer.
        None if path.extension().is_some() || path.exists() => Ok(Source::File(path.to_owned())),
        None => Err(unknown.into()),
    }
}

/// The library's files of that name.
fn named(places: &Places, typed: &str) -> Result<Vec<PathBuf>, SettingsError> {
    let settings = Settings::read(&places.settings)?;
    let folders = [places.impulses.as_path()]
        .into_iter()
        .chain(settings.folders());
    let wanted = fold(typed.trim());
    let walked = walk::walk(folders, &AtomicBool::new(false), &mut |_| {});
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let (mut called, mut halves) = (Vec::new(), Vec::new());
    for Candidate { path, beside, .. } in walked.candidates {
        let whole = path.file_name().unwrap_or_default().to_string_lossy();
        let name = scan::name(&path);
        if fold(&name) == wanted || fold(&whole) == wanted {
            called.push(path);
        } else if let Some((name, Side::Left)) = pair::split(&name)
            && beside.is_some()
            && fold(name) == wanted
        {
            halves.push(path);
        }
    }
    Ok(if called.is_empty() { halves } else { called })
}

impl Reference {
    /// To what `source` loads: a file is read for its hash, and remembered without if that fails. Loader thread.
    pub fn to(source: &Source) -> Self {
        match source {
            Source::Factory(impulse) => Self::new(impulse.name, Some(impulse.hash()), None),
            Source::File(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let size = fs::metadata(&path).ok().filter(|it| it.is_file());
                let size = size.map(|metadata| metadata.len());
                let hash = size.and_then(|size| {
                    let hash = scan::hash(&path, size, &AtomicBool::new(false));
                    hash.ok().flatten()
                });
                Self::new(&scan::name(&path), hash, Some(path))
            }
        }
    }
}

impl Library {
    /// What remembers the favourites that are called so or lie there; several, if several do.
    pub fn favourites_named(&self, name_or_path: &Path) -> Vec<&Reference> {
        let wanted = fold(name_or_path.to_string_lossy().trim());
        // Two files that are one impulse are called what neither of them is.
        let absolute = match resolve_in(Some(self.places()), name_or_path) {
            Ok(Source::File(path)) => std::path::absolute(path).ok(),
            Ok(Source::Factory(_)) | Err(_) => None,
        };
        let favourites = self.settings().favourites.iter();
        favourites
            .filter(|favourite| {
                fold(&favourite.name) == wanted
                    || (favourite.path.is_some() && favourite.path == absolute)
            })
            .collect()
    }
}

//! What the user told the library: folders, favourites, recent impulses. library.toml.
//!
//! Guaranteed: what this version does not know is kept (comments are not), a file that cannot be understood is
//! never written over, and two programs that change it at once both get their change in.

use super::hash::ContentHash;
use super::stored::{self, StoredPath, optional_path};
use crate::impulse::load::shown;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How many recent impulses are remembered.
pub const MAX_RECENT: usize = 50;

/// The largest settings file that is read, in bytes: hundreds of thousands of favourites.
const MAX_BYTES: u64 = 64 << 20;

/// How long another program's change is waited for. One takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// What remembers an impulse: enough to find it again, and to name it while it is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// The hash of its file. `None` if the file could not be read when it was remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<ContentHash>,
    /// Where the file was last seen. `None` for a factory impulse.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "optional_path"
    )]
    pub path: Option<PathBuf>,
    #[serde(flatten)]
    unknown: BTreeMap<String, toml::Value>,
}

impl Reference {
    /// To a factory impulse where `path` is `None`, else to a file.
    pub fn new(name: &str, hash: Option<ContentHash>, path: Option<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            hash,
            path,
            unknown: BTreeMap::new(),
        }
    }

    /// Whether both remember one impulse: the same factory name, the same file, or the same content.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.path, &other.path) {
            (None, None) => self.name == other.name,
            (Some(mine), Some(theirs)) => {
                mine == theirs || (self.hash.is_some() && self.hash == other.hash)
            }
            _ => false,
        }
    }
}

/// What is in library.toml.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    #[serde(default)]
    folders: Vec<StoredPath>,
    /// In the order they were added.
    #[serde(default)]
    pub favourites: Vec<Reference>,
    /// The latest first; at most [`MAX_RECENT`].
    #[serde(default)]
    pub recent: Vec<Reference>,
    #[serde(flatten)]
    unknown: BTreeMap<String, toml::Value>,
}

/// Settings that cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file is not what this program or a later one writes.
    #[error("{}: expected the library's settings, but {found}; correct the file or move it away", shown(&path.display().to_string()))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        found: String,
    },
    /// The system failed.
    #[error("{}: expected to {verb} the library's settings, but the system reports: {error}; check the folder's permissions and the disk", shown(&path.display().to_string()))]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        verb: &'static str,
        /// What happened.
        error: io::Error,
    },
    /// Another program has been changing them for seconds.
    #[error("{}: expected to change the library's settings, but another program has been doing so for {} s; close it and try again", shown(&path.display().to_string()), PATIENCE.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A folder to add that is none.
    #[error("{}: expected a folder, but {found}; name a folder that is there", shown(&path.display().to_string()))]
    NotAFolder {
        /// What was to be added.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
}

/// What a change found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was made.
    Now,
    /// The settings were so before.
    Already,
}

impl Settings {
    /// Reads them; a file that is not there is the same as an empty one. Loader thread.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let bytes = match stored::read_bounded(path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(SettingsError::Io {
                    path: path.to_owned(),
                    verb: "read",
                    error,
                });
            }
        };
        let malformed = |found| SettingsError::Malformed {
            path: path.to_owned(),
            found,
        };
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| malformed("the file is not UTF-8 text".to_owned()))?;
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = 1 + text.as_bytes()[..at]
                .iter()
                .filter(|&&b| b == b'\n')
                .count();
            malformed(format!("line {line} says: {}", shown(error.message())))
        })
    }

    /// Reads them, changes them and, if `change` says [`Changed::Now`], writes them. No other Partita writes
    /// in between. Loader thread.
    pub fn update(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Changed,
    ) -> Result<(Self, Changed), SettingsError> {
        let failed = |error| SettingsError::Io {
            path: path.to_owned(),
            verb: "write",
            error,
        };
        let _lock = lock(path)?;
        let mut settings = Self::read(path)?;
        let changed = change(&mut settings);
        if changed == Changed::Now {
            let text = toml::to_string_pretty(&settings)
                .map_err(|error| failed(io::Error::other(error)))?;
            stored::replace(path, text.as_bytes()).map_err(failed)?;
        }
        Ok((settings, changed))
    }

    /// The folders that the user added, in that order.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(|folder| folder.0.as_path())
    }

    /// Adds a folder by its absolute path.
    pub fn add_folder(&mut self, folder: &Path) -> Changed {
        if self.folders().any(|known| known == folder) {
            return Changed::Already;
        }
        self.folders.push(StoredPath(folder.to_owned()));
        Changed::Now
    }

    /// Forgets a folder; what is in it stays.
    pub fn remove_folder(&mut self, folder: &Path) -> Changed {
        let before = self.folders.len();
        self.folders.retain(|known| known.0 != folder);
        if self.folders.len() < before {
            Changed::Now
        } else {
            Changed::Already
        }
    }

    /// Makes it a favourite.
    pub fn favourite(&mut self, impulse: Reference) -> Changed {
        if self.favourites.iter().any(|known| known.same(&impulse)) {
            return Changed::Already;
        }
        self.favourites.push(impulse);
        Changed::Now
    }

    /// Makes it a favourite no longer.
    pub fn unfavourite(&mut self, impulse: &Reference) -> Changed {
        let before = self.favourites.len();
        self.favourites.retain(|known| !known.same(impulse));
        if self.favourites.len() < before {
            Changed::Now
        } else {
            Changed::Already
        }
    }

    /// Puts it first among the recent ones.
    pub fn used(&mut self, impulse: Reference) -> Changed {
        if self.recent.first() == Some(&impulse) {
            return Changed::Already;
        }
        self.recent.retain(|known| !known.same(&impulse));
        self.recent.insert(0, impulse);
        self.recent.truncate(MAX_RECENT);
        Changed::Now
    }
}

/// Held while the settings are changed. The system frees it with the program, however that ends.
fn lock(path: &Path) -> Result<Option<File>, SettingsError> {
    let lock = path.with_extension("lock");
    let failed = |error| SettingsError::Io {
        path: path.to_owned(),
        verb: "write",
        error,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = File::create(&lock).map_err(failed)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(SettingsError::Busy {
                    path: path.to_owned(),
                });
            }
            // Some network file systems cannot lock; one user's rare double change is not worth refusing all.
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

//! The user's presets: one folder of `.partita` files, each called what the preset is called.
//!
//! What is guaranteed: nothing is replaced unless it is asked for; what is renamed is whole under one of its two names at
//! any time; what is deleted can be put back.

use super::{EXTENSION, Preset, PresetError, SaveError};
use crate::impulse::library::fold;
use crate::impulse::load::shown;
use crate::output::{Existing, OutputFault};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The longest name, in characters: file systems end at 255 bytes.
pub const MAX_NAME: usize = 60;

/// The most presets that are listed.
const MAX_LISTED: usize = 10_000;

/// A folder of presets.
#[derive(Clone, Debug)]
pub struct Bank {
    folder: PathBuf,
}

/// A preset that was deleted: all that is needed to put it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    /// What it is called.
    pub name: String,
    text: Vec<u8>,
}

/// What cannot be done to the presets, and why, in one line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BankError {
    /// No file can be called so.
    #[error("{name}: expected a name of 1 to {MAX_NAME} characters, but {why}; type another")]
    Name {
        /// What was typed, control characters escaped.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is one of that name.
    #[error(
        "{name}: expected a name that is free, but a preset of yours has it; type another, or replace it"
    )]
    Taken {
        /// The name.
        name: String,
    },
    /// It cannot be read.
    #[error(transparent)]
    Open(#[from] PresetError),
    /// It cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// The system failed.
    #[error("{name}: expected to {verb} the preset, but the system reports: {error}; check the folder {}", folder.display())]
    Io {
        /// The preset's name.
        name: String,
        /// What was tried.
        verb: &'static str,
        /// The folder.
        folder: PathBuf,
        /// What happened.
        error: io::Error,
    },
}

impl Bank {
    /// The presets of `folder`, which need not be there. Loader thread.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The names, in order; none while there is no folder. Loader thread.
    pub fn names(&self) -> Vec<String> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = files.filter_map(|file| {
            let path = file.path();
            let preset = path.extension().is_some_and(|it| it == EXTENSION);
            let name = path.file_stem()?.to_str()?;
            (preset && !name.starts_with('.')).then(|| name.to_owned())
        });
        let mut names: Vec<_> = names.take(MAX_LISTED).collect();
        names.sort_by_cached_key(|name| (fold(name), name.clone()));
        names
    }

    /// Reads one. It is called what its file is called. Loader thread.
    pub fn open(&self, name: &str) -> Result<Preset, BankError> {
        let mut preset = Preset::open(&self.path(name)?)?;
        name.clone_into(&mut preset.name);
        Ok(preset)
    }

    /// Writes `preset` under its name. Loader thread.
    pub fn save(&self, preset: &Preset, existing: Existing) -> Result<(), BankError> {
        let path = self.path(&preset.name)?;
        fs::create_dir_all(&self.folder).map_err(|error| self.io(&preset.name, "save", error))?;
        preset
            .save(&path, existing)
            .map_err(|error| match error.fault {
                OutputFault::Exists => BankError::Taken {
                    name: preset.name.clone(),
                },
                _ => error.into(),
            })
    }

    /// Calls `from` `to`. Loader thread.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), BankError> {
        let to = to.trim();
        if from == to {
            return Ok(());
        }
        let (old, new) = (self.path(from)?, self.path(to)?);
        let mut preset = self.open(from)?;
        to.clone_into(&mut preset.name);
        // On a disk that knows no case, `hall` and `Hall` are one file.
        let same = fs::canonicalize(&old).ok() == fs::canonicalize(&new).ok();
        if same {
            return fs::rename(&old, &new).map_err(|error| self.io(from, "rename", error));
        }
        self.save(&preset, Existing::Keep)?;
        fs::remove_file(&old).map_err(|error| self.io(from, "rename", error))
    }

    /// Deletes one. Loader thread.
    pub fn delete(&self, name: &str) -> Result<Deleted, BankError> {
        let path = self.path(name)?;
        let failed = |error| self.io(name, "delete", error);
        let text = fs::read(&path).map_err(failed)?;
        fs::remove_file(&path).map_err(failed)?;
        Ok(Deleted {
            name: name.to_owned(),
            text,
        })
    }

    /// Puts one back that was deleted. Loader thread.
    pub fn restore(&self, deleted: &Deleted) -> Result<(), BankError> {
        let path = self.path(&deleted.name)?;
        if path.exists() {
            return Err(BankError::Taken {
                name: deleted.name.clone(),
            });
        }
        fs::write(path, &deleted.text).map_err(|error| self.io(&deleted.name, "put back", error))
    }

    /// The file of that name: in the folder, and nowhere else.
    fn path(&self, name: &str) -> Result<PathBuf, BankError> {
        let refuse = |why| {
            Err(BankError::Name {
                name: shown(name),
                why,
            })
        };
        // What Windows refuses is refused everywhere: presets travel.
        let odd = |letter: char| letter.is_control() || "/\\:*?\"<>|".contains(letter);
        match name {
            _ if name.trim().is_empty() => refuse("there is none"),
            _ if name.chars().count() > MAX_NAME => refuse("it is longer"),
            _ if name.contains(odd) => refuse("it has one of / \\ : * ? \" < > |"),
            _ if name.starts_with('.') => refuse("it begins with a dot"),
            _ if name != name.trim() || name.ends_with('.') => {
                refuse("it begins or ends with a space or a dot")
            }
            _ => Ok(self.folder.join(format!("{name}.{EXTENSION}"))),
        }
    }

    fn io(&self, name: &str, verb: &'static str, error: io::Error) -> BankError {
        BankError::Io {
            name: shown(name),
            verb,
            folder: self.folder.clone(),
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{Id, Values};

    #[test]
    fn a_preset_is_saved_renamed_deleted_and_put_back() {
        let home = tempfile::tempdir().expect("a folder");
        let bank = Bank::new(&home.path().join("presets"));
        assert_eq!(bank.names(), [""; 0]);
        let mut values = Values::default();
        values.set(Id::Mix, 55.0);
        let preset = Preset::new("My hall", &values, None);
        bank.save(&preset, Existing::Keep).expect("saved");
        assert_eq!(bank.open("My hall").expect("opens"), preset);
        let again = bank.save(&preset, Existing::Keep);
        assert!(matches!(again, Err(BankError::Taken { .. })));
        bank.save(&preset, Existing::Replace).expect("replaced");
        bank.rename("My hall", " Ärger ").expect("renamed");
        assert_eq!(bank.names(), ["Ärger"]);
        assert_eq!(bank.open("Ärger").expect("opens").values(), preset.values());
        bank.save(&preset, Existing::Keep).expect("saved");
        let taken = bank.rename("My hall", "Ärger");
        assert!(matches!(taken, Err(BankError::Taken { .. })));
        assert_eq!(bank.names(), ["Ärger", "My hall"]);
        let deleted = bank.delete("Ärger").expect("deleted");
        assert_eq!(bank.names(), ["My hall"]);
        bank.restore(&deleted).expect("put back");
        assert!(bank.restore(&deleted).is_err());
        assert_eq!(bank.open("Ärger").expect("opens").name, "Ärger");
    }

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        let bank = Bank::new(Path::new("presets"));
        let long = "x".repeat(MAX_NAME + 1);
        for name in [
            "", " ", "../x", "a/b", "a\\b", "c:", ".x", "x.", " x", "a\nb", &long,
        ] {
            let error = bank.path(name).expect_err(name).to_string();
            assert!(error.contains("expected a name"), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}

//! `.partita` files.

use super::{MAX_BYTES, ParseError, Preset, factory};
use crate::impulse::load::{NotOpened, open_regular, shown};
use crate::output::{Destination, Existing, OutputFault, Pending};
use std::io::{self, Read, Write};
use std::path::Path;
use thiserror::Error;

/// What the name of a preset's file ends in.
pub const EXTENSION: &str = "partita";

/// A preset that cannot be read, and why. Its text is one line.
#[derive(Debug, Error)]
#[error("{preset}: {fault}")]
pub struct PresetError {
    /// The preset as the user gave it, control characters escaped.
    pub preset: String,
    /// What is wrong with it.
    pub fault: PresetFault,
}

/// What is wrong with a preset.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PresetFault {
    /// Nothing is called so.
    #[error(
        "expected a .partita file or the name of a factory preset, and there is none; the factory names are {}",
        names()
    )]
    Unknown,
    /// A folder, a pipe or a device.
    #[error("expected a .partita file, but this is no regular file")]
    NotAFile,
    /// The system failed.
    #[error("expected a .partita file, but the system reports: {0}")]
    Io(#[from] io::Error),
    /// It is no preset.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

fn names() -> String {
    let names: Vec<_> = factory()
        .iter()
        .map(|preset| preset.name.as_str())
        .collect();
    names.join(", ")
}

/// A preset that cannot be written.
#[derive(Debug, Error)]
#[error("{file} {fault}")]
pub struct SaveError {
    /// The file, control characters escaped.
    pub file: String,
    /// What is wrong.
    pub fault: OutputFault,
}

impl Preset {
    /// The file at `name_or_path`, if there is one or if the name has a folder or ends in `.partita`; else the factory preset
    /// of that name, whatever its case. Loader thread.
    pub fn open(name_or_path: &Path) -> Result<Self, PresetError> {
        let told = |fault| PresetError {
            preset: shown(&name_or_path.display().to_string()),
            fault,
        };
        let bare = name_or_path.components().count() == 1 && name_or_path.extension().is_none();
        if bare && !name_or_path.is_file() {
            let wanted = name_or_path.to_string_lossy().trim().to_lowercase();
            let mut presets = factory().iter();
            let preset = presets.find(|preset| preset.name.to_lowercase() == wanted);
            return preset.cloned().ok_or_else(|| told(PresetFault::Unknown));
        }
        let text = read(name_or_path).map_err(told)?;
        Self::parse(&text).map_err(|error| told(error.into()))
    }

    /// Writes it whole or not at all. Loader thread.
    pub fn save(&self, path: &Path, existing: Existing) -> Result<(), SaveError> {
        let write = || {
            let destination = Destination::check(path, &[], existing)?;
            let mut file = Pending::create(destination)?;
            file.write_all(self.to_text().as_bytes())?;
            file.place()
        };
        write().map_err(|fault| SaveError {
            file: shown(&path.display().to_string()),
            fault,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PresetFault> {
    let file = open_regular(path).map_err(|error| match error {
        NotOpened::Io(error) if error.kind() == io::ErrorKind::NotFound => PresetFault::Unknown,
        NotOpened::Io(error) => error.into(),
        NotOpened::Directory | NotOpened::NotAFile => PresetFault::NotAFile,
    })?;
    let mut text = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

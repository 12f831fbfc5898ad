//! One impulse of the library, as a list shows it.

use super::hash::ContentHash;
use super::index::{Record, Sound};
use super::search::Searched;
use super::settings::Reference;
use super::walk::{FolderState, Stamp};
use super::{FactoryImpulse, Source};
use crate::impulse::load::FileFormat;
use std::path::{Path, PathBuf};

/// Where an impulse of the library lies.
#[derive(Clone, Debug)]
pub enum Origin {
    /// In the program.
    Factory(&'static FactoryImpulse),
    /// In one of the user's folders.
    User {
        /// The file.
        path: PathBuf,
        /// The folder of the library that it was found in.
        folder: PathBuf,
        /// Its size and time of writing when it was read.
        stamp: Stamp,
    },
}

/// Whether the file could be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The last scan saw it, and its folder is there.
    Present,
    /// Its folder is missing or cannot be read. The entry says what was there.
    Missing,
}

/// An impulse of the library.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The factory name, or the file's name without extension; of two files that are one impulse, what they share.
    pub name: String,
    /// Where a browser puts it: the factory kind; the folder within the library, or the library's folder itself.
    pub category: String,
    /// Lower case. For a file: its folders within the library, and the words of its name. For a factory impulse, its kind
    /// first.
    pub tags: Vec<String>,
    /// Where it lies.
    pub origin: Origin,
    /// The hash of its file. `None` if it could not be read.
    pub hash: Option<ContentHash>,
    /// What it is, or why it cannot be an impulse.
    pub sound: Result<Sound, String>,
    /// Whether it can be reached.
    pub presence: Presence,
    pub(super) searched: Searched,
}

impl Entry {
    pub(super) fn of_factory(impulse: &'static FactoryImpulse) -> Self {
        let category = format!("{:?}", impulse.kind).to_lowercase();
        let mut tags = vec![category.clone()];
        tags.extend(impulse.tags.iter().map(|&tag| tag.to_owned()));
        // T30mid of ISO 3382-1, A.2.4: the mean of the octaves at 500 Hz and 1 kHz.
        let t30_s = impulse
            .design
            .map(|design| (design.t30[2] + design.t30[3]) / 2.0);
        let sound = impulse.load().map(|impulse| Sound {
            t30_s,
            ..Sound::of(&impulse, FileFormat::Wav)
        });
        Self {
            searched: Searched::new(impulse.name, &tags, impulse.description),
            name: impulse.name.to_owned(),
            category,
            tags,
            origin: Origin::Factory(impulse),
            hash: Some(impulse.hash()),
            sound: sound.map_err(|error| error.fault.to_string()),
            presence: Presence::Present,
        }
    }

    pub(super) fn of_file(record: &Record, state: &FolderState) -> Self {
        let inside = record.path.strip_prefix(&record.folder);
        let inside = inside.ok().and_then(Path::parent).unwrap_or(Path::new(""));
        let first = inside.components().next().map(|first| first.as_os_str());
        let category = first.or(record.folder.file_name()).unwrap_or_default();
        let rest = record.path.parent().unwrap_or(&record.folder);
        let reachable =
            !record.missing && matches!(state, FolderState::Present | FolderState::Within);
        Self {
            searched: Searched::new(&record.name, &record.tags, &rest.to_string_lossy()),
            name: record.name.clone(),
            category: category.to_string_lossy().into_owned(),
            tags: record.tags.clone(),
            origin: Origin::User {
                path: record.path.clone(),
                folder: record.folder.clone(),
                stamp: record.stamp,
            },
            hash: record.hash,
            sound: record.sound.clone(),
            presence: if reachable {
                Presence::Present
            } else {
                Presence::Missing
            },
        }
    }

    /// The file; `None` for a factory impulse.
    pub fn path(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Factory(_) => None,
            Origin::User { path, .. } => Some(path),
        }
    }

    /// What loads it.
    pub fn source(&self) -> Source {
        match &self.origin {
            Origin::Factory(impulse) => Source::Factory(impulse),
            Origin::User { path, .. } => Source::File(path.clone()),
        }
    }

    /// What remembers it.
    pub fn reference(&self) -> Reference {
        Reference::new(&self.name, self.hash, self.path().map(Path::to_owned))
    }
}

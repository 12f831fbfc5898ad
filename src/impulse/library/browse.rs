//! [`Library`]: every impulse there is, factory's and user's, as a list shows it, a search finds it and a preset asks for it.
//!
//! Opening reads the settings and the index, and no impulse: it shows what the last [`Library::scan`] found.

use super::entry::{Entry, Presence};
use super::hash::ContentHash;
use super::index::{Index, IndexState};
use super::places::Places;
use super::scan::{self, Report, Scanned, Watch};
use super::search::{Words, fold};
use super::settings::{Changed, Reference, Settings, SettingsError};
use super::walk::FolderState;
use super::{Source, factory};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A folder of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// Who put it there.
    pub kind: FolderKind,
    /// Whether it can be read.
    pub state: FolderState,
    /// Files that were found in it, whether they load or not.
    pub files: usize,
}

/// Who put a folder into the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderKind {
    /// It is [`Places::impulses`].
    Own,
    /// The user added it.
    Added,
}

/// Which impulses a query is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shelf {
    /// All.
    #[default]
    All,
    /// Those in the program.
    Factory,
    /// Those in the user's folders.
    User,
    /// Those that the user marked.
    Favourites,
    /// Those that were used last, the latest first where words do not rank them.
    Recent,
}

/// What is looked for. The default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Every word must be in the name, a tag, the folder or the description.
    pub words: String,
    /// Every tag must be there, whole.
    pub tags: Vec<String>,
    /// Where is looked.
    pub shelf: Shelf,
}

/// What a [`Reference`] leads to.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// The impulse, where it was.
    Here(&'a Entry),
    /// The same content under another name or in another folder.
    Moved(&'a Entry),
    /// Other content in the old place, and the old content nowhere.
    Changed(&'a Entry),
    /// A file in the old place, which is in no folder of the library: its content is not known.
    Outside(&'a Path),
    /// Nothing. The reference still has the name.
    Missing,
}

impl<'a> Found<'a> {
    /// The entry, if there is one.
    pub fn entry(self) -> Option<&'a Entry> {
        match self {
            Self::Here(entry) | Self::Moved(entry) | Self::Changed(entry) => Some(entry),
            Self::Outside(_) | Self::Missing => None,
        }
    }
}

/// Every impulse there is.
#[derive(Clone, Debug)]
pub struct Library {
    places: Places,
    settings: Settings,
    index: Index,
    index_state: IndexState,
    folders: Vec<Folder>,
    entries: Vec<Entry>,
}

impl Library {
    /// Opens the library as the last scan left it. Loader thread.
    pub fn open(places: Places) -> Result<Self, SettingsError> {
        let settings = Settings::read(&places.settings)?;
        let (index, index_state) = Index::read(&places.index);
        let mut library = Self {
            places,
            settings,
            index,
            index_state,
            folders: Vec::new(),
            entries: Vec::new(),
        };
        library.look();
        Ok(library)
    }

    /// Reads what is new or changed in the folders, and keeps it in the index. Blocks until it is done or stopped. Loader thread.
    pub fn scan(&mut self, watch: Watch<'_>) -> Report {
        let folders = self.paths();
        let Scanned {
            index,
            folders,
            report,
        } = scan::scan(&folders, &self.index, &self.places.index, watch);
        self.index = index;
        self.index_state = IndexState::Read;
        self.show(folders);
        report
    }

    fn paths(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.places.impulses.clone()];
        for folder in self.settings.folders() {
            if !paths.iter().any(|known| known == folder) {
                paths.push(folder.to_owned());
            }
        }
        paths
    }

    /// Makes the lists anew from index and settings; folders are only asked whether they are there.
    fn look(&mut self) {
        let state = |path: PathBuf| match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => (path, FolderState::Present),
            _ => (path, FolderState::Missing),
        };
        self.show(self.paths().into_iter().map(state).collect());
    }

    fn show(&mut self, states: Vec<(PathBuf, FolderState)>) {
        static FACTORY: LazyLock<Vec<Entry>> =
            LazyLock::new(|| factory().iter().map(Entry::of_factory).collect());
        let by_folder: HashMap<&Path, &FolderState> = states
            .iter()
            .map(|(path, state)| (path.as_path(), state))
            .collect();
        let mut user = Vec::new();
        let mut files: HashMap<&Path, usize> = HashMap::new();
        for record in &self.index.records {
            // A folder that was taken out of the library takes its files with it.
            if let Some(state) = by_folder.get(record.folder.as_path()) {
                if !record.right_half {
                    user.push(Entry::of_file(record, state));
                }
                *files.entry(&record.folder).or_default() += 1;
            }
        }
        user.sort_by(|a, b| {
            let key = |entry: &Entry| entry.path().map(Path::to_owned);
            a.searched
                .name()
                .cmp(b.searched.name())
                .then_with(|| key(a).cmp(&key(b)))
        });
        self.folders = states
            .iter()
            .map(|(path, state)| Folder {
                kind: if *path == self.places.impulses {
                    FolderKind::Own
                } else {
                    FolderKind::Added
                },
                files: files.get(path.as_path()).copied().unwrap_or(0),
                state: state.clone(),
                path: path.clone(),
            })
            .collect();
        self.entries = FACTORY.iter().cloned().chain(user).collect();
    }

    /// Where this library lies.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Folders, favourites and recent impulses as the settings have them.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How the index was found.
    pub fn index_state(&self) -> &IndexState {
        &self.index_state
    }

    /// The folders: the user's own first, then those added, in that order. Missing ones are among them.
    pub fn folders(&self) -> &[Folder] {
        &self.folders
    }

    /// Every impulse: the factory's in their order, then the user's by name. Missing ones and files that do not load are among them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What answers the query, the best first. Quick enough for every key stroke.
    pub fn search(&self, query: &Query) -> Vec<&Entry> {
        let words = Words::new(&query.words);
        let tags: Vec<_> = query.tags.iter().map(|tag| fold(tag.trim())).collect();
        let shelf: Vec<&Entry> = match query.shelf {
            Shelf::All => self.entries.iter().collect(),
            Shelf::Factory => self.entries.iter().filter(|e| e.path().is_none()).collect(),
            Shelf::User => self.entries.iter().filter(|e| e.path().is_some()).collect(),
            Shelf::Favourites => self.known(&self.settings.favourites),
            Shelf::Recent => self.known(&self.settings.recent),
        };
        let mut found: Vec<_> = shelf
            .into_iter()
            .filter(|entry| tags.iter().all(|tag| entry.searched.has_tag(tag)))
            .filter_map(|entry| Some((entry.searched.score(&words)?, entry)))
            .collect();
        // Stable: what scores the same stays in the shelf's order.
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().map(|(_, entry)| entry).collect()
    }

    /// The places in [`Library::entries`] of what [`Library::search`] finds.
    pub fn search_places(&self, query: &Query) -> Vec<usize> {
        let place = |entry| self.entries.element_offset(entry);
        self.search(query).into_iter().filter_map(place).collect()
    }

    fn known<'a>(&'a self, references: &'a [Reference]) -> Vec<&'a Entry> {
        let found = references.iter().map(|reference| self.find(reference));
        found.filter_map(Found::entry).collect()
    }

    /// Every tag, with the number of impulses that have it; the most frequent first.
    pub fn tags(&self) -> Vec<(&str, usize)> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for tag in self.entries.iter().flat_map(|entry| &entry.tags) {
            *counts.entry(tag).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        counts
    }

    /// The impulses with this content, those that are there first.
    pub fn by_hash(&self, hash: &ContentHash) -> Vec<&Entry> {
        let mut found: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| entry.hash.as_ref() == Some(hash))
            .collect();
        found.sort_by_key(|entry| entry.presence == Presence::Missing);
        found
    }

    /// The file's entry.
    pub fn by_path(&self, path: &Path) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.path() == Some(path))
    }

    /// All that are called so; case and accents do not matter.
    pub fn by_name(&self, name: &str) -> Vec<&Entry> {
        let name = fold(name.trim());
        let named = self.entries.iter().filter(|e| e.searched.name() == name);
        named.collect()
    }

    /// What a reference leads to: the same place, else the same content anywhere. Loader thread: it may ask the disk.
    pub fn find<'a>(&'a self, reference: &'a Reference) -> Found<'a> {
        let there = match &reference.path {
            None => self
                .entries
                .iter()
                .find(|entry| entry.path().is_none() && entry.name == reference.name),
            Some(path) => self.by_path(path),
        };
        let there = there.filter(|entry| entry.presence == Presence::Present);
        // A factory impulse is known by its name: a new version of the program may make it anew.
        if let Some(entry) = there
            && (reference.path.is_none()
                || reference.hash.is_none()
                || reference.hash == entry.hash)
        {
            return Found::Here(entry);
        }
        let moved = reference.hash.as_ref().map(|hash| self.by_hash(hash));
        let moved = moved.unwrap_or_default().into_iter().next();
        match (moved, there) {
            (Some(entry), _) if entry.presence == Presence::Present => Found::Moved(entry),
            (_, Some(entry)) => Found::Changed(entry),
            _ => match &reference.path {
                Some(path) if path.is_file() => Found::Outside(path),
                _ => Found::Missing,
            },
        }
    }

    /// What remembers the impulse that `source` loads, under its name here. Loader thread.
    pub fn reference_to(&self, source: &Source) -> Reference {
        let mut reference = Reference::to(source);
        let path = reference.path.as_deref();
        if let Some(entry) = path.and_then(|path| self.by_path(path)) {
            reference.name.clone_from(&entry.name);
        }
        reference
    }

    /// Whether it is a favourite.
    pub fn is_favourite(&self, entry: &Entry) -> bool {
        let reference = entry.reference();
        let mut favourites = self.settings.favourites.iter();
        favourites.any(|favourite| favourite.same(&reference))
    }

    /// Adds a folder. Its impulses appear with the next scan. Loader thread.
    ///
    /// Errors: [`SettingsError::NotAFolder`], and those of reading and writing the settings.
    pub fn add_folder(&mut self, folder: &Path) -> Result<Changed, SettingsError> {
        let refuse = |found| {
            Err(SettingsError::NotAFolder {
                path: folder.to_owned(),
                found,
            })
        };
        match fs::metadata(folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return refuse("this is a file"),
            Err(_) => return refuse("there is none of that name"),
        }
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        if folder == self.places.impulses {
            return Ok(Changed::Already);
        }
        self.change(|settings| settings.add_folder(&folder))
    }

    /// Takes a folder, missing or not, out of the library; what is in it stays on the disk. Loader thread.
    pub fn remove_folder(&mut self, folder: &Path) -> Result<Changed, SettingsError> {
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        self.change(|settings| settings.remove_folder(&absolute))
    }

    /// Marks an impulse, of the library or not. Loader thread.
    pub fn favourite(&mut self, impulse: Reference) -> Result<Changed, SettingsError> {
        self.change(|settings| settings.favourite(impulse))
    }

    /// Unmarks it. Loader thread.
    pub fn unfavourite(&mut self, impulse: &Reference) -> Result<Changed, SettingsError> {
        self.change(|settings| settings.unfavourite(impulse))
    }

    /// Puts an impulse first among the recent ones. Loader thread.
    pub fn used(&mut self, impulse: Reference) -> Result<Changed, SettingsError> {
        self.change(|settings| settings.used(impulse))
    }

    fn change(
        &mut self,
        change: impl FnOnce(&mut Settings) -> Changed,
    ) -> Result<Changed, SettingsError> {
        let (settings, changed) = Settings::update(&self.places.settings, change)?;
        let same_folders = settings.folders().eq(self.settings.folders());
        self.settings = settings;
        if !same_folders {
            self.look();
        }
        Ok(changed)
    }
}

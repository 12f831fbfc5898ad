//! The thread on which the library and the presets are looked after.

use super::list::{List, rows};
use super::{Answer, Done, Look, Place, Seek, Shown, Wish};
use crate::impulse::library::{
    Entry, Library, Origin, Places, Progress, SettingsError, Source, Watch,
};
use crate::preset::{Bank, BankError, ImpulseReference, Preset};
use crossbeam_channel::{Receiver, Sender};
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The thread's end.
pub(super) struct Worker {
    pub places: Places,
    pub wishes: Sender<Wish>,
    pub answer: Sender<Answer>,
    pub stop: Arc<AtomicBool>,
    pub progress: Arc<Mutex<Option<Progress>>>,
    pub scan: Option<JoinHandle<()>>,
    /// Another scan is wished, once this one has ended.
    pub again: bool,
    pub seek: Seek,
    pub shown: Shown,
}

impl Worker {
    pub fn work(mut self, told: &Receiver<Wish>, done: &Sender<()>) {
        self.reopen();
        self.list_presets();
        'wishes: while let Ok(first) = told.recv() {
            let mut wishes = vec![first];
            wishes.extend(told.try_iter());
            let scanned = wishes.iter().any(|wish| matches!(wish, Wish::Scanned));
            let count = wishes.len() - usize::from(scanned);
            let newest = wishes
                .iter()
                .rposition(|wish| matches!(wish, Wish::Seek(_)));
            for (at, wish) in wishes.into_iter().enumerate() {
                match wish {
                    Wish::Stop => break 'wishes,
                    Wish::Seek(_) if newest != Some(at) => {}
                    wish => self.grant(wish),
                }
            }
            let _ = self
                .answer
                .send(Answer::Shown(Box::new(self.shown.clone())));
            self.shown.error = None;
            if scanned && self.scan.is_none() {
                tell(&self.progress, None);
            }
            for _ in 0..count {
                let _ = done.send(());
            }
        }
        if let Some(scan) = self.scan.take() {
            let _ = scan.join();
        }
    }

    fn grant(&mut self, wish: Wish) {
        let bank = Bank::new(&self.places.presets);
        match wish {
            Wish::Seek(seek) => {
                self.seek = seek;
                self.list();
            }
            Wish::Scan => self.scan(),
            Wish::Scanned => {
                if let Some(scan) = self.scan.take() {
                    let _ = scan.join();
                }
                // The settings may have changed while it was reading: both are on the disk.
                self.reopen();
                if std::mem::take(&mut self.again) {
                    self.scan();
                }
            }
            Wish::Favourite(impulse, true) => self.change(|library| library.favourite(impulse)),
            Wish::Favourite(impulse, false) => self.change(|library| library.unfavourite(&impulse)),
            Wish::FavouriteFile(path, lost) => self.change(|library| {
                let found = library.reference_to(&Source::File(path));
                if let Some(lost) = lost {
                    library.unfavourite(&lost)?;
                }
                library.favourite(found)
            }),
            Wish::Used(source) => self.change(|library| {
                let used = library.reference_to(&source);
                library.used(used)
            }),
            Wish::AddFolder(folder) => {
                self.change(|library| library.add_folder(&folder));
                if self.shown.error.is_none() {
                    self.scan();
                }
            }
            Wish::RemoveFolder(folder) => self.change(|library| library.remove_folder(&folder)),
            Wish::Save(preset, existing) => {
                let saved = bank.save(&preset, existing);
                self.forget(&preset.name.clone());
                self.presets(saved.map(|()| self.did(Done::Saved(preset))));
            }
            Wish::Rename(from, to) => {
                let renamed = bank.rename(&from, &to);
                self.forget(&from);
                self.presets(renamed.map(|()| self.did(Done::Renamed { from, to })));
            }
            Wish::Delete(name) => {
                let deleted = bank.delete(&name);
                let deleted = deleted.map(|deleted| self.shown.deleted = Some(Arc::new(deleted)));
                self.presets(deleted);
            }
            Wish::Restore => {
                if let Some(deleted) = self.shown.deleted.take() {
                    self.presets(bank.restore(&deleted));
                }
            }
            Wish::Open(name) => match bank.open(&name) {
                Ok(preset) => self.did(Done::Opened(Box::new(preset))),
                Err(error) => self.shown.error = Some(error.to_string()),
            },
            Wish::Look(name) => {
                // One that cannot be read has nothing but a name; why is said when it is to be loaded.
                let look = bank.open(&name).map(|preset| self.look(&preset));
                let looks = Arc::make_mut(&mut self.shown.looks);
                looks.insert(name, Arc::new(look.unwrap_or_default()));
            }
            Wish::Stop => {}
        }
    }

    fn did(&self, done: Done) {
        // The window has gone: nobody waits for it.
        let _ = self.answer.send(Answer::Done(done));
    }

    /// What is known of a preset is so no longer.
    fn forget(&mut self, preset: &str) {
        Arc::make_mut(&mut self.shown.looks).remove(preset);
    }

    fn look(&self, preset: &Preset) -> Look {
        let library = self.shown.library.as_deref();
        let impulse = preset.impulse.as_ref();
        let both = library.zip(impulse);
        let entry = both.and_then(|(library, impulse)| entry_of(library, impulse));
        Look {
            about: preset.about.clone(),
            impulse: impulse.map(|it| it.name.clone()).unwrap_or_default(),
            values: Some(preset.values()),
            entry: entry.cloned().map(Arc::new),
        }
    }

    fn presets(&mut self, done: Result<(), BankError>) {
        if let Err(error) = done {
            self.shown.error = Some(error.to_string());
        }
        self.list_presets();
    }

    fn list_presets(&mut self) {
        self.shown.presets = Arc::new(Bank::new(&self.places.presets).names());
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Library) -> Result<T, SettingsError>) {
        let Some(library) = &mut self.shown.library else {
            return;
        };
        if let Err(error) = change(Arc::make_mut(library)) {
            self.shown.error = Some(error.to_string());
        }
        self.count();
        self.list();
    }

    fn reopen(&mut self) {
        match Library::open(self.places.clone()) {
            Ok(library) => {
                self.shown.library = Some(Arc::new(library));
                // It may have the impulses of presets that it did not have before.
                self.shown.looks = Arc::default();
            }
            Err(error) => self.shown.error = Some(error.to_string()),
        }
        self.count();
        self.list();
    }

    /// Reads what is new, on a thread of its own.
    fn scan(&mut self) {
        if self.scan.is_some() {
            self.again = true;
            return;
        }
        let Some(library) = &self.shown.library else {
            return;
        };
        let mut library = Library::clone(library);
        let (stop, progress) = (Arc::clone(&self.stop), Arc::clone(&self.progress));
        let wishes = self.wishes.clone();
        tell(&progress, Some(Progress::default()));
        let work = move || {
            library.scan(Watch {
                stop: &stop,
                progress: &mut |now| tell(&progress, Some(now)),
            });
            let _ = wishes.send(Wish::Scanned);
        };
        let thread = Builder::new().name("partita scan".to_owned());
        self.scan = thread.spawn(work).ok();
        if self.scan.is_none() {
            tell(&self.progress, None);
        }
    }

    fn count(&mut self) {
        let Some(library) = &self.shown.library else {
            return;
        };
        let mut counts = HashMap::new();
        let mut count = |place| *counts.entry(place).or_insert(0) += 1;
        for entry in library.entries() {
            count(Place::All);
            count(match &entry.origin {
                Origin::Factory(_) => Place::Factory(entry.category.clone()),
                Origin::User { folder, .. } => Place::Folder(folder.clone()),
            });
        }
        let settings = library.settings();
        counts.insert(Place::Favourites, settings.favourites.len());
        counts.insert(Place::Recent, settings.recent.len());
        self.shown.counts = Arc::new(counts);
    }

    fn list(&mut self) {
        let Some(library) = &self.shown.library else {
            return;
        };
        let mut list = List {
            of: self.seek.clone(),
            rows: rows(library, &self.seek),
        };
        list.sort(library);
        self.shown.list = Arc::new(list);
    }
}

fn tell(progress: &Mutex<Option<Progress>>, now: Option<Progress>) {
    *progress.lock().unwrap_or_else(PoisonError::into_inner) = now;
}

/// The impulse of a preset, if the library has it.
fn entry_of<'a>(library: &'a Library, impulse: &ImpulseReference) -> Option<&'a Entry> {
    let path = impulse.path();
    library
        .entries()
        .iter()
        .find(|entry| match (&entry.origin, &impulse.factory) {
            (Origin::Factory(factory), Some(name)) => factory.name == name,
            (Origin::User { path: here, .. }, None) => {
                path.as_ref() == Some(here)
                    || entry.hash.is_some() && entry.hash == impulse.file_hash
            }
            _ => false,
        })
}

//! Who looks after the library and the user's presets, on a thread of its own, so that no frame waits for a disk.
//!
//! The window tells it wishes and looks at [`Shown`], which is replaced, never changed. Of several searches only the newest
//! is done. A scan runs on a thread beside it: what is listed can be searched meanwhile. Dropped, it stops both, at most
//! after the file that is being read.

use crate::impulse::library::{
    Found, Library, Origin, Places, Progress, Query, Reference, SettingsError, Shelf, Source, Watch,
};
use crate::output::Existing;
use crate::preset::{Bank, BankError, Deleted, Preset};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Which impulses are to be listed, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seek {
    /// Every word must be in the name, a tag, the folder or the description.
    pub words: String,
    /// Where is looked.
    pub place: Place,
    /// What comes first.
    pub order: Order,
    /// The other way round.
    pub backwards: bool,
}

/// Where is looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Place {
    /// Everywhere.
    #[default]
    All,
    /// Marked by the user.
    Favourites,
    /// Used last.
    Recent,
    /// In the program, of that kind.
    Factory(String),
    /// In a folder of the user's.
    Folder(PathBuf),
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What answers the words best; without words, the library's own order.
    #[default]
    Found,
    /// By name.
    Name,
    /// The shortest.
    Length,
    /// The fewest channels.
    Channels,
    /// The shortest T30; what has none comes last.
    Decay,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// An impulse of the library: its place in [`Library::entries`].
    Entry(usize),
    /// A file that lies in no folder of the library.
    Outside(Reference),
    /// One that is nowhere; its name is known.
    Lost(Reference),
}

/// What answers a [`Seek`].
#[derive(Clone, Debug, Default)]
pub struct List {
    /// What was asked.
    pub of: Seek,
    /// What was found.
    pub rows: Vec<Row>,
}

/// What the window is shown.
#[derive(Clone, Default)]
pub struct Shown {
    /// The library; `None` until it has been opened.
    pub library: Option<Arc<Library>>,
    /// How many impulses are in each place.
    pub counts: Arc<HashMap<Place, usize>>,
    /// What was found, in `library`.
    pub list: Arc<List>,
    /// Names of the user's presets.
    pub presets: Arc<Vec<String>>,
    /// The preset that was deleted last, while it can be put back.
    pub deleted: Option<Arc<Deleted>>,
    /// How far a scan has come.
    pub scanning: Option<Progress>,
    /// What went wrong last, in one line.
    pub error: Option<String>,
}

/// What is wished.
enum Wish {
    Seek(Seek),
    Scan,
    Scanned,
    Favourite(Reference, bool),
    FavouriteFile(PathBuf, Option<Reference>),
    Used(Source),
    AddFolder(PathBuf),
    RemoveFolder(PathBuf),
    Save(Box<Preset>, Existing),
    Rename(String, String),
    Delete(String),
    Restore,
    Open(String),
    Stop,
}

/// What comes back.
enum Answer {
    Shown(Box<Shown>),
    Preset(Box<Preset>),
}

/// The window's end.
pub struct Librarian {
    places: Option<Places>,
    working: Option<Working>,
    shown: Shown,
    opened: Vec<Preset>,
    seek: Option<Seek>,
}

struct Working {
    wishes: Sender<Wish>,
    answers: Receiver<Answer>,
    stop: Arc<AtomicBool>,
    progress: Arc<Mutex<Option<Progress>>>,
    /// Wishes that have not been done.
    open: usize,
    done: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Librarian {
    /// Of the library there. Nothing is read before something is wished. Main thread.
    pub fn new(places: Option<Places>) -> Self {
        Self {
            places,
            working: None,
            shown: Shown::default(),
            opened: Vec::new(),
            seek: None,
        }
    }

    /// What is shown. Main thread.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Where presets and impulses lie; `None` where the user has no home. Main thread.
    pub fn places(&self) -> Option<&Places> {
        self.places.as_ref()
    }

    /// Begins, if it has not: the library as the last scan left it, then a scan. Main thread.
    pub fn begin(&mut self) {
        if self.working.is_some() {
            return;
        }
        let Some(places) = self.places.clone() else {
            self.shown.error = Some(crate::impulse::library::NoHome.to_string());
            return;
        };
        let (wishes, told) = unbounded();
        let (answer, answers) = unbounded();
        let (finished, done) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let progress = Arc::new(Mutex::new(None));
        let worker = Worker {
            places,
            wishes: wishes.clone(),
            answer,
            stop: Arc::clone(&stop),
            progress: Arc::clone(&progress),
            scan: None,
            again: false,
            seek: Seek::default(),
            shown: Shown::default(),
        };
        let thread = Builder::new().name("partita library".to_owned());
        let thread = thread.spawn(move || worker.work(&told, &finished));
        self.working = Some(Working {
            wishes,
            answers,
            stop,
            progress,
            open: 0,
            done,
            // Without a thread there is no list, and all else works.
            thread: thread.ok(),
        });
        self.wish(Wish::Seek(Seek::default()));
        self.wish(Wish::Scan);
    }

    fn wish(&mut self, wish: Wish) {
        self.begin();
        if let Some(working) = &mut self.working
            && working.wishes.send(wish).is_ok()
        {
            working.open += 1;
        }
    }

    /// Wants that list, if it is not the one that was asked for last. Main thread.
    pub fn seek(&mut self, seek: &Seek) {
        if self.seek.as_ref() != Some(seek) {
            self.seek = Some(seek.clone());
            self.wish(Wish::Seek(seek.clone()));
        }
    }

    /// Looks at the folders again. Main thread.
    pub fn scan(&mut self) {
        self.wish(Wish::Scan);
    }

    /// Marks or unmarks. Main thread.
    pub fn favour(&mut self, impulse: Reference, favourite: bool) {
        self.wish(Wish::Favourite(impulse, favourite));
    }

    /// Marks the file in place of the one that was lost, or of none. Main thread.
    pub fn favour_file(&mut self, path: PathBuf, lost: Option<Reference>) {
        self.wish(Wish::FavouriteFile(path, lost));
    }

    /// It has been used. Main thread.
    pub fn used(&mut self, impulse: Source) {
        self.wish(Wish::Used(impulse));
    }

    /// Takes a folder into the library. Main thread.
    pub fn add_folder(&mut self, folder: PathBuf) {
        self.wish(Wish::AddFolder(folder));
    }

    /// Takes it out again. Main thread.
    pub fn remove_folder(&mut self, folder: PathBuf) {
        self.wish(Wish::RemoveFolder(folder));
    }

    /// Saves a preset under its name. Main thread.
    pub fn save(&mut self, preset: Preset, existing: Existing) {
        self.wish(Wish::Save(Box::new(preset), existing));
    }

    /// Calls a preset of the user's otherwise. Main thread.
    pub fn rename(&mut self, from: &str, to: &str) {
        self.wish(Wish::Rename(from.to_owned(), to.to_owned()));
    }

    /// Deletes a preset of the user's; [`Shown::deleted`] has it then. Main thread.
    pub fn delete(&mut self, name: &str) {
        self.wish(Wish::Delete(name.to_owned()));
    }

    /// Puts the deleted preset back. Main thread.
    pub fn restore(&mut self) {
        self.wish(Wish::Restore);
    }

    /// Reads a preset of the user's; [`Librarian::opened`] has it then. Main thread.
    pub fn open(&mut self, name: &str) {
        self.wish(Wish::Open(name.to_owned()));
    }

    /// The preset that was read, once. Main thread.
    pub fn opened(&mut self) -> Option<Preset> {
        self.opened.pop()
    }

    /// What went wrong has been read. Main thread.
    pub fn heard(&mut self) {
        self.shown.error = None;
    }

    /// Says in the window what went wrong. Main thread.
    pub fn tell(&mut self, error: String) {
        self.shown.error = Some(error);
    }

    /// Whether there is something new. Main thread.
    pub fn poll(&mut self) -> bool {
        let Some(working) = &mut self.working else {
            return false;
        };
        let mut new = false;
        // Before the answers: when it has ended, what it found is among them.
        let progress = working.progress.lock();
        let progress = *progress.unwrap_or_else(PoisonError::into_inner);
        working.open -= working.done.try_iter().count().min(working.open);
        for answer in working.answers.try_iter() {
            new = true;
            match answer {
                Answer::Shown(shown) => {
                    let error = shown.error.clone().or(self.shown.error.take());
                    self.shown = Shown { error, ..*shown };
                }
                // Of several that were asked for, the last counts.
                Answer::Preset(preset) => self.opened = vec![*preset],
            }
        }
        new |= progress != self.shown.scanning;
        self.shown.scanning = progress;
        new
    }

    /// Waits until all that was wished is done: for whoever draws without a screen. Main thread.
    pub fn wait(&mut self) {
        self.begin();
        loop {
            self.poll();
            let Some(working) = &self.working else { return };
            let ended = working.thread.as_ref().is_none_or(JoinHandle::is_finished);
            if ended || working.open == 0 && self.shown.scanning.is_none() {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Librarian {
    fn drop(&mut self) {
        if let Some(mut working) = self.working.take() {
            working.stop.store(true, Ordering::Relaxed);
            let _ = working.wishes.send(Wish::Stop);
            if let Some(thread) = working.thread.take() {
                // A panic has been reported where it happened.
                let _ = thread.join();
            }
        }
    }
}

/// The thread's end.
struct Worker {
    places: Places,
    wishes: Sender<Wish>,
    answer: Sender<Answer>,
    stop: Arc<AtomicBool>,
    progress: Arc<Mutex<Option<Progress>>>,
    scan: Option<JoinHandle<()>>,
    /// Another scan is wished, once this one has ended.
    again: bool,
    seek: Seek,
    shown: Shown,
}

impl Worker {
    fn work(mut self, told: &Receiver<Wish>, done: &Sender<()>) {
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
            Wish::Save(preset, existing) => self.presets(bank.save(&preset, existing)),
            Wish::Rename(from, to) => self.presets(bank.rename(&from, &to)),
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
                Ok(preset) => drop(self.answer.send(Answer::Preset(Box::new(preset)))),
                Err(error) => self.shown.error = Some(error.to_string()),
            },
            Wish::Stop => {}
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
            Ok(library) => self.shown.library = Some(Arc::new(library)),
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

fn rows(library: &Library, seek: &Seek) -> Vec<Row> {
    let shelf = match &seek.place {
        Place::All => Shelf::All,
        Place::Favourites => Shelf::Favourites,
        Place::Recent => Shelf::Recent,
        Place::Factory(_) => Shelf::Factory,
        Place::Folder(_) => Shelf::User,
    };
    let query = Query {
        words: seek.words.clone(),
        tags: Vec::new(),
        shelf,
    };
    let here = |entry: &usize| {
        let entry = &library.entries()[*entry];
        match (&seek.place, &entry.origin) {
            (Place::Factory(kind), _) => entry.category == *kind,
            (Place::Folder(wanted), Origin::User { folder, .. }) => folder == wanted,
            _ => true,
        }
    };
    let found = library.search_places(&query).into_iter().filter(here);
    let mut rows: Vec<_> = found.map(Row::Entry).collect();
    let kept = match &seek.place {
        Place::Favourites => &library.settings().favourites,
        Place::Recent => &library.settings().recent,
        _ => return rows,
    };
    let words = crate::impulse::library::fold(&seek.words);
    for reference in kept {
        let name = crate::impulse::library::fold(&reference.name);
        if !words.split_whitespace().all(|word| name.contains(word)) {
            continue;
        }
        match library.find(reference) {
            Found::Outside(_) => rows.push(Row::Outside(reference.clone())),
            Found::Missing => rows.push(Row::Lost(reference.clone())),
            _ => {}
        }
    }
    rows
}

impl List {
    fn sort(&mut self, library: &Library) {
        let sound = |row: &Row| match row {
            Row::Entry(at) => library.entries()[*at].sound.as_ref().ok(),
            _ => None,
        };
        match self.of.order {
            Order::Found => {}
            Order::Name => self.rows.sort_by_cached_key(|row| {
                crate::impulse::library::fold(match row {
                    Row::Entry(at) => &library.entries()[*at].name,
                    Row::Outside(reference) | Row::Lost(reference) => &reference.name,
                })
            }),
            // Whole microseconds compare; what has none comes last.
            Order::Length => self.rows.sort_by_cached_key(|row| {
                sound(row).map_or(u64::MAX, |sound| (sound.seconds() * 1e6) as u64)
            }),
            Order::Channels => self
                .rows
                .sort_by_key(|row| sound(row).map_or(usize::MAX, |sound| sound.channels)),
            Order::Decay => self.rows.sort_by_cached_key(|row| {
                let t30 = sound(row).and_then(|sound| sound.t30_s);
                t30.map_or(u64::MAX, |seconds| (seconds.max(0.0) * 1e6) as u64)
            }),
        }
        if self.of.backwards {
            self.rows.reverse();
        }
    }
}

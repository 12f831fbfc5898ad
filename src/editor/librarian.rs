//! Who looks after the library and the user's presets, on a thread of its own, so that no frame waits for a disk.
//!
//! The window tells it wishes and looks at [`Shown`], which is replaced, never changed. Of several searches only the newest
//! is done. A scan runs on a thread beside it: what is listed can be searched meanwhile. Dropped, it stops both, at most
//! after the file that is being read.

mod list;
mod worker;

pub use list::{List, Order, Place, Row, Seek};

use crate::impulse::library::{Entry, Library, Places, Progress, Reference, Source};
use crate::output::Existing;
use crate::params::Values;
use crate::preset::{Deleted, Preset};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

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
    /// What is known of those that were asked for.
    pub looks: Arc<HashMap<String, Arc<Look>>>,
    /// The preset that was deleted last, while it can be put back.
    pub deleted: Option<Arc<Deleted>>,
    /// How far a scan has come.
    pub scanning: Option<Progress>,
    /// What went wrong last, in one line.
    pub error: Option<String>,
}

/// What a list shows of a preset of the user's.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// One line about it.
    pub about: String,
    /// Name of its impulse; empty where it leaves the one that plays.
    pub impulse: String,
    /// Its parameters; `None` if it cannot be read.
    pub values: Option<Values>,
    /// Its impulse, if the library has it.
    pub entry: Option<Arc<Entry>>,
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
    Look(String),
    Stop,
}

/// What has been done with a preset of the user's.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// It was read, to be loaded.
    Opened(Box<Preset>),
    /// It was written.
    Saved(Box<Preset>),
    /// It has another name.
    Renamed {
        /// The old one.
        from: String,
        /// The new one.
        to: String,
    },
}

/// What comes back.
enum Answer {
    Shown(Box<Shown>),
    Done(Done),
}

/// The window's end.
pub struct Librarian {
    places: Option<Places>,
    working: Option<Working>,
    shown: Shown,
    did: VecDeque<Done>,
    seek: Option<Seek>,
    /// Presets that have been asked for, and not been told yet.
    looking: HashSet<String>,
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
            did: VecDeque::new(),
            seek: None,
            looking: HashSet::new(),
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
        let worker = worker::Worker {
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

    /// Saves a preset under its name; [`Librarian::done`] tells when it is written. Main thread.
    pub fn save(&mut self, preset: Preset, existing: Existing) {
        self.wish(Wish::Save(Box::new(preset), existing));
    }

    /// Calls a preset of the user's otherwise; [`Librarian::done`] tells when it is. Main thread.
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

    /// Reads a preset of the user's; [`Librarian::done`] has it then. Main thread.
    pub fn open(&mut self, name: &str) {
        self.wish(Wish::Open(name.to_owned()));
    }

    /// What a list shows of a preset of the user's; `None` until it has been read. Main thread.
    pub fn look(&mut self, name: &str) -> Option<Arc<Look>> {
        let known = self.shown.looks.get(name).cloned();
        if known.is_none() && self.looking.insert(name.to_owned()) {
            self.wish(Wish::Look(name.to_owned()));
        }
        known
    }

    /// What has been done with presets, each once, in the order in which it was. Main thread.
    pub fn done(&mut self) -> Option<Done> {
        self.did.pop_front()
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
                    self.looking.retain(|name| !shown.looks.contains_key(name));
                    let error = shown.error.clone().or(self.shown.error.take());
                    self.shown = Shown { error, ..*shown };
                }
                Answer::Done(done) => {
                    // Of several that are to be loaded, the last counts.
                    if let Done::Opened(_) = done {
                        self.did.retain(|done| !matches!(done, Done::Opened(_)));
                    }
                    self.did.push_back(done);
                }
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

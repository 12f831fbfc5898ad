//! The impulse of one instance, as sessions keep it: what the host saves and loads, and what the loader is to play.
//!
//! What is guaranteed:
//!
//! - [`State::arrive`] may be called on the audio thread, as the framework does: it waits for nobody and reads nothing. (It
//!   takes a copy of the text, since the framework lends it.)
//! - What is saved is what was loaded or chosen last, also while the loader is still busy with it, and also if its file
//!   is nowhere.
//! - A session that is broken changes nothing but [`State::note`].

use crate::impulse::ImpulseResponse;
use crate::impulse::library;
use crate::impulse::load::{self, LayoutChoice};
use crate::params::Slots;
use crate::preset::{
    EMBEDDING_LIMIT, Embedding, Find, ImpulseReference, Instance, ResolveError, Resolved,
};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// How many sessions may arrive between two looks of the loader.
const ARRIVALS: usize = 16;

/// The name under which the host keeps it.
pub(super) const FIELD: &str = "impulse";

/// What happens to an instance from outside.
enum Arrival {
    /// A session's text; none: the session is older than this.
    Session(Option<Box<str>>),
    /// A file that the user chose.
    File(PathBuf),
    /// Which impulses are to go into sessions.
    Embedding(Embedding),
}

/// The impulse of one instance.
pub(super) struct State {
    arrivals: Sender<Arrival>,
    arrived: Receiver<Arrival>,
    kept: Mutex<Kept>,
}

/// What is known about it. Locked for moments, and never by the audio thread.
#[derive(Default)]
struct Kept {
    instance: Instance,
    /// What it was before the session that has been loaded, until that one's impulse is found to be whole.
    before: Option<Box<(Instance, Sound)>>,
    /// The sound of `instance.impulse`, once it has been loaded.
    sound: Sound,
    /// What the user or the host has chosen, until it has been loaded.
    chosen: Option<Choice>,
    /// Of `instance`; `None` after a change.
    text: Option<Arc<str>>,
    note: Option<String>,
    /// Grows with every change from outside: what was begun before has then been overtaken.
    changes: u64,
}

#[derive(Clone, Default)]
enum Sound {
    #[default]
    NotLoaded,
    Loaded(Arc<ImpulseResponse>),
    /// It is nowhere.
    Missing,
}

impl Sound {
    fn loaded(self) -> Option<Arc<ImpulseResponse>> {
        match self {
            Self::Loaded(impulse) => Some(impulse),
            Self::NotLoaded | Self::Missing => None,
        }
    }
}

/// A choice that takes the place of the impulse.
#[derive(Clone)]
enum Choice {
    /// What stands in a slot.
    Slot(&'static str),
    /// A file.
    File(PathBuf),
}

/// What the loader has to do before it knows what to play.
enum Task {
    Nothing(Sound),
    Resolve(Box<ImpulseReference>),
    Load(Choice),
}

impl Default for State {
    fn default() -> Self {
        let (arrivals, arrived) = bounded(ARRIVALS);
        Self {
            arrivals,
            arrived,
            kept: Mutex::default(),
        }
    }
}

impl State {
    /// A session was loaded that holds `text`. Any thread.
    pub fn arrive(&self, text: Option<&str>) {
        self.send(Arrival::Session(text.map(Box::from)));
    }

    /// The user chose a file. Any thread but the audio thread.
    #[cfg_attr(not(feature = "editor"), allow(dead_code, reason = "the editor's"))]
    pub fn choose(&self, path: PathBuf) {
        self.send(Arrival::File(path));
    }

    /// Which impulses go into sessions from now on. Any thread but the audio thread.
    #[allow(dead_code, reason = "the editor's")]
    pub fn embed(&self, embedding: Embedding) {
        self.send(Arrival::Embedding(embedding));
    }

    /// The oldest gives way: of many that nobody has looked at, the newest is the one that counts.
    fn send(&self, arrival: Arrival) {
        let mut arrival = arrival;
        // So often that only a loader that stopped long ago, and several hosts at once, could use them up.
        for _ in 0..4 * ARRIVALS {
            match self.arrivals.try_send(arrival) {
                Ok(()) => return,
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => {
                    drop(self.arrived.try_recv());
                    arrival = back;
                }
            }
        }
    }

    /// What the session is to hold. Any thread but the audio thread.
    pub fn text(&self) -> String {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.settle(&self.arrived);
        let Kept { text, instance, .. } = &mut *kept;
        text.get_or_insert_with(|| instance.to_text().into())
            .to_string()
    }

    /// What the user should know, in one line: what is missing, changed or broken. Any thread but the audio thread.
    #[cfg_attr(not(feature = "editor"), allow(dead_code, reason = "the editor's"))]
    pub fn note(&self) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.note.clone()
    }

    /// The impulse that was loaded last, unshaped. Any thread but the audio thread.
    #[cfg(feature = "editor")]
    pub fn impulse(&self) -> Option<Arc<ImpulseResponse>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.sound.clone().loaded()
    }

    /// What is to be played while the slot's parameter stands at `slot`; `None`: what plays now. Takes as long as loading
    /// does. Any thread but the audio thread.
    pub fn wanted(&self, slot: usize, find: Find<'_>) -> Option<Arc<ImpulseResponse>> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (task, changes, embedding) = {
                let mut kept = lock();
                kept.settle(&self.arrived);
                (kept.task(slot), kept.changes, kept.instance.embedding)
            };
            let done = match task {
                Task::Nothing(sound) => return sound.loaded(),
                task => Done::of(task, embedding, find),
            };
            let mut kept = lock();
            // Overtaken by another session, or by another thread that asked the same: looked at again.
            if kept.changes == changes {
                kept.changes += 1;
                kept.finish(done, slot);
            }
        }
    }
}

/// What came of a [`Task`].
enum Done {
    Found(Resolved),
    Chosen(Box<ImpulseReference>, ImpulseResponse, Option<String>),
    Failed(ResolveError),
    /// A file that the user chose cannot be read.
    Refused(String),
}

impl Done {
    fn of(task: Task, embedding: Embedding, find: Find<'_>) -> Self {
        let chosen = |mut reference: ImpulseReference, impulse: ImpulseResponse| {
            let embedded = reference.embed(&impulse, embedding, EMBEDDING_LIMIT);
            let note = embedded.err().map(|error| {
                let name = &reference.name;
                format!("{name}: {error}; it is not in the session, so keep its file")
            });
            Self::Chosen(Box::new(reference), impulse, note)
        };
        match task {
            Task::Resolve(reference) => match reference.resolve(find) {
                Ok(found) => Self::Found(found),
                Err(error) => Self::Failed(error),
            },
            Task::Load(Choice::Slot(name)) => {
                let loaded = library::find(name).map_err(|error| error.to_string());
                let loaded = loaded.and_then(|factory| {
                    let impulse = factory.load().map_err(|error| error.to_string())?;
                    Ok((factory, impulse))
                });
                match loaded {
                    Ok((factory, impulse)) => {
                        chosen(ImpulseReference::to_factory(factory, &impulse), impulse)
                    }
                    Err(error) => Self::Refused(error),
                }
            }
            Task::Load(Choice::File(path)) => match load::read(&path, LayoutChoice::Auto) {
                Ok(impulse) => {
                    let reference = ImpulseReference::to_file(&path, LayoutChoice::Auto, &impulse);
                    chosen(reference, impulse)
                }
                Err(error) => Self::Refused(error.to_string()),
            },
            Task::Nothing(_) => Self::Refused(String::new()),
        }
    }
}

impl Kept {
    /// Takes in what has arrived. Sessions are read, their impulses not yet.
    fn settle(&mut self, arrived: &Receiver<Arrival>) {
        while let Ok(arrival) = arrived.try_recv() {
            match arrival {
                Arrival::Session(None) => self.begin(Instance::default()),
                Arrival::Session(Some(text)) => match Instance::parse(text.as_bytes()) {
                    Ok(instance) => self.begin(instance),
                    Err(error) => self.note = Some(format!("the session's impulse: {error}")),
                },
                Arrival::File(path) => self.chosen = Some(Choice::File(path)),
                Arrival::Embedding(embedding) => {
                    self.instance.embedding = embedding;
                    self.text = None;
                    // Anew, to make the copy or to take it out.
                    self.sound = Sound::NotLoaded;
                }
            }
            self.changes += 1;
        }
    }

    fn begin(&mut self, instance: Instance) {
        let instance = mem::replace(&mut self.instance, instance);
        let sound = mem::take(&mut self.sound);
        // Of several sessions that nobody has heard yet, the one before the first counts.
        self.before
            .get_or_insert_with(|| Box::new((instance, sound)));
        self.chosen = None;
        self.note = None;
        self.text = None;
    }

    fn task(&mut self, slot: usize) -> Task {
        let Instance {
            impulse,
            slot: stood,
            ..
        } = &self.instance;
        let unset = impulse.is_none() && !matches!(self.sound, Sound::Missing);
        match (Slots::factory(slot), &self.chosen) {
            // The newest wins: of a file and a slot, what was chosen last.
            (Some(name), None | Some(Choice::Slot(..))) if slot != *stood || unset => {
                self.chosen = Some(Choice::Slot(name));
            }
            // It was moved back before it had been loaded.
            (_, Some(Choice::Slot(..))) => self.chosen = None,
            // An empty slot changes nothing.
            _ => {}
        }
        if let Some(choice) = &self.chosen {
            return Task::Load(choice.clone());
        }
        if slot != *stood {
            self.instance.slot = slot;
            self.text = None;
        }
        match (&self.sound, &self.instance.impulse) {
            (Sound::NotLoaded, Some(reference)) => Task::Resolve(Box::new(reference.clone())),
            (sound, _) => Task::Nothing(sound.clone()),
        }
    }

    fn finish(&mut self, done: Done, slot: usize) {
        if self.chosen.take().is_some() {
            self.instance.slot = slot;
            self.text = None;
        }
        match done {
            Done::Found(found) => {
                self.before = None;
                self.note = found.note;
                // What plays in its stead is no reason to let the copy go.
                if self.note.is_none()
                    && let Some(reference) = &mut self.instance.impulse
                {
                    let embedding = self.instance.embedding;
                    let had = reference.copy().is_some();
                    let embedded = reference.embed(&found.impulse, embedding, EMBEDDING_LIMIT);
                    if had != reference.copy().is_some() {
                        self.text = None;
                    }
                    self.note = embedded.err().map(|error| error.to_string());
                }
                self.sound = Sound::Loaded(found.impulse);
            }
            Done::Chosen(reference, impulse, note) => {
                self.before = None;
                self.note = note;
                self.instance.impulse = Some(*reference);
                self.text = None;
                self.sound = Sound::Loaded(Arc::new(impulse));
            }
            Done::Failed(error) => {
                self.note = Some(error.to_string());
                match (error, self.before.take()) {
                    // Broken: what was before comes back. Missing is not broken: it stays referred to.
                    (ResolveError::Copy { .. }, Some(before)) => {
                        // The slot is the host's, and stands where the session put it.
                        let slot = self.instance.slot;
                        (self.instance, self.sound) = *before;
                        self.instance.slot = slot;
                        self.text = None;
                    }
                    _ => self.sound = Sound::Missing,
                }
            }
            Done::Refused(why) => {
                self.note = Some(why);
                if self.instance.impulse.is_none() {
                    self.sound = Sound::Missing;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::slots;

    const NOWHERE: Find<'_> = &|_| None;

    fn named(slot: usize) -> String {
        let mut instance = Instance::default();
        instance.slot = slot;
        instance.to_text()
    }

    #[test]
    fn of_many_sessions_that_nobody_looked_at_the_newest_counts() {
        let state = State::default();
        for slot in 0..5 * ARRIVALS {
            state.arrive(Some(&named(slot)));
        }
        assert_eq!(state.text(), named(5 * ARRIVALS - 1));
        state.arrive(Some("{"));
        assert_eq!(state.text(), named(5 * ARRIVALS - 1));
        assert!(
            state
                .note()
                .is_some_and(|note| note.starts_with("the session's impulse: "))
        );
        state.arrive(None);
        assert_eq!(state.text(), Instance::default().to_text());
    }

    #[test]
    fn a_chosen_file_is_referred_to_and_embedded_as_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.wav");
        let impulse = library::find("spring").map(|spring| spring.load().expect("loads"));
        let mut impulse = impulse.expect("a factory impulse");
        impulse.name = "mine".to_owned();
        let state = State::default();
        let first = state.wanted(slots::DEFAULT, NOWHERE).expect("the default");
        let kept = || {
            let text = state.text();
            Instance::parse(text.as_bytes())
                .expect("its own text")
                .impulse
                .expect("an impulse")
        };
        assert_eq!(kept().factory.as_deref(), Slots::factory(slots::DEFAULT));
        // Not there: what plays goes on, and it is said.
        state.choose(path.clone());
        let played = state.wanted(slots::DEFAULT, NOWHERE).expect("as before");
        assert!(Arc::ptr_eq(&played, &first));
        assert!(
            state
                .note()
                .is_some_and(|note| note.contains("there is no such file"))
        );
        let bytes = include_bytes!("../../impulses/spring.wav");
        std::fs::write(&path, bytes).expect("written");
        state.choose(path.clone());
        let played = state.wanted(slots::DEFAULT, NOWHERE).expect("the file");
        assert_eq!(*played, impulse);
        assert_eq!((state.note(), kept().path()), (None, Some(path.clone())));
        assert!(kept().copy().is_some());
        state.embed(Embedding::None);
        state.wanted(slots::DEFAULT, NOWHERE).expect("the file");
        assert!(kept().copy().is_none());
        state.embed(Embedding::Files);
        // Asked again, the same.
        let again = state.wanted(slots::DEFAULT, NOWHERE).expect("the file");
        let more = state.wanted(slots::DEFAULT, NOWHERE).expect("the file");
        assert!(Arc::ptr_eq(&again, &more));
        assert!(kept().copy().is_some());
        // The file goes; the instance knows what it played.
        std::fs::remove_file(&path).expect("removed");
        let session = state.text();
        let other = State::default();
        other.arrive(Some(&session));
        let played = other.wanted(slots::DEFAULT, NOWHERE).expect("the copy");
        assert_eq!(*played, impulse);
        assert!(
            other
                .note()
                .is_some_and(|note| note.contains("mine.wav is not there"))
        );
        assert_eq!(other.text(), session);
    }

    #[test]
    fn two_threads_that_ask_at_once_get_the_same() {
        for slot in [1, 2, 3, 5] {
            let state = State::default();
            let ask = || state.wanted(slot, NOWHERE).expect("a factory impulse");
            std::thread::scope(|scope| {
                let other = scope.spawn(ask);
                let mine = ask();
                assert!(Arc::ptr_eq(&mine, &other.join().expect("no panic")));
            });
        }
    }
}

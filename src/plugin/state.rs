//! The impulse of one instance, as sessions keep it: what the host saves and loads, and what the loader is to play.
//!
//! What is guaranteed:
//!
//! - [`State::arrive`] may be called on the audio thread, as the framework does: it waits for nobody and reads nothing. (It
//!   takes a copy of the text, since the framework lends it.)
//! - What is saved is what was loaded or chosen last, also while the loader is still busy with it, and also if its file
//!   is nowhere.
//! - What the chooser holds beside the factory impulses is the session's own ([`places`]), so a slot plays the same wherever
//!   the session is opened.
//! - However fast sessions come, one is heard at least every [`LONGEST_CHASE`] and the time that one takes to load.
//! - A session that is broken changes nothing but [`State::note`]: [`refuse_broken`] looks at it before anything takes
//!   from it, and takes the parameters out too.

mod places;

use crate::impulse::ImpulseResponse;
use crate::impulse::library;
use crate::impulse::load::{self, LayoutChoice};
use crate::params::Slots;
use crate::preset::{
    EMBEDDING_LIMIT, Embedding, Find, ImpulseReference, Instance, Place, ResolveError, Resolved,
};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use nice_plug::prelude::PluginState;
use places::Filled;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many sessions may arrive between two looks of the loader.
const ARRIVALS: usize = 16;

/// For how long the newest session is run after before one that is no longer the newest is played.
const LONGEST_CHASE: Duration = Duration::from_millis(500);

/// The name under which the host keeps it.
const FIELD: &str = "impulse";

/// The name under which [`refuse_broken`] tells [`State::load`] why. In no session.
const REFUSED: &str = "refused";

/// Takes everything out of a session whose impulse is broken, so that what is loaded of it is nothing. That takes as
/// long as loading does, and only so can the parameters stay what they are: the framework sets them next. Main thread.
pub(super) fn refuse_broken(session: &mut PluginState, find: Find<'_>) {
    session.fields.remove(REFUSED);
    let text = session.fields.get(FIELD);
    if let Some(why) = text.and_then(|text| fault(text, find)) {
        session.params.clear();
        session.fields = BTreeMap::from([(REFUSED.to_owned(), why)]);
    }
}

/// What is wrong with a session's text, in one line.
fn fault(text: &str, find: Find<'_>) -> Option<String> {
    match Instance::parse(text.as_bytes()) {
        Ok(instance) => {
            let mut all = instance.impulse.iter().chain(instance.others.values());
            let broken = all.find_map(|impulse| impulse.check_whole(find).err());
            broken.map(|error| error.to_string())
        }
        Err(error) => Some(format!("the session's impulse: {error}")),
    }
}

/// What happens to an instance from outside.
enum Arrival {
    /// A session's text; none: the session is older than this.
    Session(Option<Box<str>>),
    /// A session that is broken, and why.
    Refused(Box<str>),
    /// A file that the user chose.
    File(PathBuf),
    /// What a preset or the editor's history refers to.
    #[cfg_attr(not(feature = "editor"), allow(dead_code, reason = "the editor's"))]
    Taken(Arc<ImpulseReference>),
    /// Which impulses are to go into sessions.
    Embedding(Embedding),
}

/// The impulse of one instance.
pub(super) struct State {
    arrivals: Sender<Arrival>,
    arrived: Receiver<Arrival>,
    /// How many there have been.
    count: AtomicU64,
    filled: Arc<Filled>,
    kept: Mutex<Kept>,
}

/// What is known about it. Locked for moments, and never by the audio thread.
#[derive(Default)]
struct Kept {
    instance: Instance,
    /// The sound of `instance.impulse`, once it has been loaded.
    sound: Sound,
    /// It plays in the stead of what `instance.impulse` means: no reason to let go of a copy.
    stands_in: bool,
    /// Whether a copy goes into sessions has to be looked at again.
    embedding: bool,
    /// It was found in its file, as it is meant to sound.
    in_file: bool,
    /// The user has chosen it otherwise than by its slot, and the chooser has not moved since.
    handed: bool,
    /// What the user or the host has chosen, until it has been loaded.
    chosen: Option<Choice>,
    /// Of `instance`; `None` after a change.
    text: Option<Arc<str>>,
    /// Of `instance`; `None` after a change.
    slots: Option<Arc<Slots>>,
    /// Of `instance`, for the audio thread.
    filled: Arc<Filled>,
    note: Option<String>,
    /// The file that was chosen last, if it cannot be read.
    #[cfg_attr(not(feature = "editor"), allow(dead_code, reason = "the editor's"))]
    refused: Option<Arc<Path>>,
    /// `instance.impulse`, as the editor is told; `None` after a change.
    #[cfg_attr(not(feature = "editor"), allow(dead_code, reason = "the editor's"))]
    told: Option<Arc<ImpulseReference>>,
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
    /// What is referred to.
    Taken(Arc<ImpulseReference>),
}

/// What the loader has to do before it knows what to play.
enum Task {
    Nothing(Sound),
    Resolve(Box<ImpulseReference>),
    Load(Choice),
    Embed(Box<ImpulseReference>, Arc<ImpulseResponse>),
}

impl Default for State {
    fn default() -> Self {
        let (arrivals, arrived) = bounded(ARRIVALS);
        let filled = Arc::<Filled>::default();
        let mut kept = Kept {
            filled: Arc::clone(&filled),
            ..Kept::default()
        };
        kept.changed();
        Self {
            arrivals,
            arrived,
            count: AtomicU64::new(0),
            filled,
            kept: Mutex::new(kept),
        }
    }
}

impl State {
    /// A session was loaded that holds these fields. Any thread.
    pub fn load(&self, fields: &BTreeMap<String, String>) {
        match fields.get(REFUSED) {
            Some(why) => self.send(Arrival::Refused(why.as_str().into())),
            None => self.arrive(fields.get(FIELD).map(String::as_str)),
        }
    }

    fn arrive(&self, text: Option<&str>) {
        self.send(Arrival::Session(text.map(Box::from)));
    }

    /// The next slot after `slot`, or the one before, that is known to hold something. Audio thread.
    pub fn step(&self, slot: usize, forwards: bool) -> usize {
        self.filled.step(slot, forwards)
    }

    /// What the chooser holds. Any thread but the audio thread.
    pub fn slots(&self) -> Arc<Slots> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.settle(&self.arrived);
        kept.slots()
    }

    /// What the chooser holds in a slot that is not the factory's. Any thread but the audio thread.
    #[cfg(feature = "editor")]
    pub fn in_slot(&self, slot: usize) -> Option<Arc<ImpulseReference>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.at(slot).cloned().map(Arc::new)
    }

    /// Where the chooser, which is at `slot`, has to go to show what plays, if the user has chosen that otherwise. If the host
    /// has just moved it, that counts. Any thread but the audio thread.
    #[cfg(feature = "editor")]
    pub fn moved(&self, slot: usize) -> Option<usize> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.place();
        let settled = kept.handed && kept.chosen.is_none() && slot == kept.instance.slot;
        (settled && place != slot).then_some(place)
    }

    /// What a session is to hold. Any thread but the audio thread.
    pub fn fields(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(FIELD.to_owned(), self.text())])
    }

    /// The user chose a file. Any thread but the audio thread.
    #[cfg_attr(not(feature = "editor"), allow(dead_code, reason = "the editor's"))]
    pub fn choose(&self, path: PathBuf) {
        self.send(Arrival::File(path));
    }

    /// What `impulse` refers to is to be played. Any thread but the audio thread.
    #[cfg(feature = "editor")]
    pub fn take(&self, impulse: Arc<ImpulseReference>) {
        self.send(Arrival::Taken(impulse));
    }

    /// From which preset the settings come, if from one. Any thread but the audio thread.
    #[cfg(feature = "editor")]
    pub fn name_preset(&self, name: Option<String>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.settle(&self.arrived);
        kept.instance.preset = name;
        kept.text = None;
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
                Ok(()) => break,
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => {
                    drop(self.arrived.try_recv());
                    arrival = back;
                }
            }
        }
        // After it: whoever sees the count finds what was counted.
        self.count.fetch_add(1, Ordering::Release);
    }

    /// How often something has come from outside. Audio thread.
    pub fn arrivals(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    fn text(&self) -> String {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.settle(&self.arrived);
        let Kept { text, instance, .. } = &mut *kept;
        text.get_or_insert_with(|| instance.to_text().into())
            .to_string()
    }

    /// What the user should know, in one line: what is missing, changed or broken. Any thread but the audio thread.
    #[cfg_attr(not(test), allow(dead_code, reason = "the editor has `told`"))]
    pub fn note(&self) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.note.clone()
    }

    /// What the editor is to know. Any thread but the audio thread.
    #[cfg(feature = "editor")]
    pub fn told(&self) -> Told {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // What stands in sessions is looked at only when the session has arrived, by whoever loads it.
        if kept.told.is_none() {
            kept.told = kept.instance.impulse.clone().map(Arc::new);
        }
        Told {
            impulse: kept.sound.clone().loaded(),
            reference: kept.told.clone(),
            missing: matches!(kept.sound, Sound::Missing),
            refused: kept.refused.clone(),
            embedding: kept.instance.embedding,
            preset: kept.instance.preset.clone(),
            note: kept.note.clone(),
        }
    }

    /// What is to be played while the slot's parameter stands at `slot`; `None`: what plays now. Takes as long as loading
    /// does. Any thread but the audio thread.
    pub fn wanted(&self, slot: usize, find: Find<'_>) -> Option<Arc<ImpulseResponse>> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
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
                let chased = !self.arrived.is_empty() && begun.elapsed() > LONGEST_CHASE;
                if chased && let Sound::Loaded(sound) = &kept.sound {
                    return Some(Arc::clone(sound));
                }
            } else if begun.elapsed() > LONGEST_CHASE
                && let Done::Found(found) | Done::Taken(_, Ok(found)) = done
            {
                return Some(found.impulse);
            }
        }
    }
}

/// What the editor is to know.
#[cfg(feature = "editor")]
pub(super) struct Told {
    /// The impulse that was loaded last, unshaped.
    pub impulse: Option<Arc<ImpulseResponse>>,
    /// What sessions refer to.
    pub reference: Option<Arc<ImpulseReference>>,
    /// It is nowhere.
    pub missing: bool,
    /// The file that was chosen last, if it cannot be read.
    pub refused: Option<Arc<Path>>,
    /// Which impulses go into sessions.
    pub embedding: Embedding,
    /// From which preset the settings come.
    pub preset: Option<String>,
    /// As [`State::note`].
    pub note: Option<String>,
}

/// What came of a [`Task`].
enum Done {
    Found(Resolved),
    /// What was to be taken, and has been found or not.
    Taken(Box<ImpulseReference>, Result<Resolved, ResolveError>),
    Chosen(Box<ImpulseReference>, ImpulseResponse, Option<String>),
    /// With its copy or without.
    Embedded(Box<ImpulseReference>, Option<String>),
    Failed(ResolveError),
    /// A file that the user chose cannot be read.
    Refused(String),
}

impl Done {
    fn of(task: Task, embedding: Embedding, find: Find<'_>) -> Self {
        let embed = |reference: &mut ImpulseReference, impulse: &ImpulseResponse| {
            let embedded = reference.embed(impulse, embedding, EMBEDDING_LIMIT);
            embedded.err().map(|error| {
                let name = &reference.name;
                format!("{name}: {error}; it is not in the session, so keep its file")
            })
        };
        let chosen = |mut reference: ImpulseReference, impulse: ImpulseResponse| {
            let note = embed(&mut reference, &impulse);
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
            Task::Embed(mut reference, impulse) => {
                let note = embed(&mut reference, &impulse);
                Self::Embedded(reference, note)
            }
            Task::Load(Choice::Taken(reference)) => {
                Self::Taken(Box::new((*reference).clone()), reference.resolve(find))
            }
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
                Arrival::Refused(why) => self.note = Some(why.into()),
                Arrival::File(path) => self.chosen = Some(Choice::File(path)),
                Arrival::Taken(reference) => self.chosen = Some(Choice::Taken(reference)),
                Arrival::Embedding(embedding) => {
                    self.instance.embedding = embedding;
                    self.changed();
                    self.embedding = !self.stands_in;
                }
            }
            self.changes += 1;
        }
    }

    fn begin(&mut self, instance: Instance) {
        *self = Self {
            instance,
            changes: self.changes,
            filled: Arc::clone(&self.filled),
            ..Self::default()
        };
        self.changed();
    }

    /// What sessions are to hold is another.
    fn changed(&mut self) {
        (self.text, self.slots, self.told) = (None, None, None);
        self.slots();
    }

    /// What is to be done while the chooser stands at `slot`.
    fn task(&mut self, slot: usize) -> Task {
        let moved = slot != self.instance.slot;
        let unset = self.instance.impulse.is_none() && !matches!(self.sound, Sound::Missing);
        // Of a slot and a file since the last look, the file counts.
        let free = matches!(self.chosen, None | Some(Choice::Slot(..)));
        if free && (moved || unset) {
            self.choose(slot);
        } else if free {
            // It was moved back before it had been loaded.
            self.chosen = None;
        }
        if moved {
            self.handed = false;
        }
        if let Some(choice) = &self.chosen {
            return Task::Load(choice.clone());
        }
        self.stand(slot);
        match (&self.sound, &self.instance.impulse) {
            (Sound::NotLoaded, Some(reference)) => Task::Resolve(Box::new(reference.clone())),
            (Sound::Loaded(sound), Some(reference)) if self.embedding => {
                Task::Embed(Box::new(reference.clone()), Arc::clone(sound))
            }
            (sound, _) => Task::Nothing(sound.clone()),
        }
    }

    fn finish(&mut self, done: Done, slot: usize) {
        if let Some(choice) = self.chosen.take() {
            self.handed = !matches!(choice, Choice::Slot(_));
            self.refused = match (choice, &done) {
                (Choice::File(path), Done::Refused(_)) => Some(path.into()),
                _ => None,
            };
            self.stand(slot);
        }
        match done {
            Done::Found(found) => {
                self.in_file = found.place != Place::Copy && found.note.is_none();
                self.stands_in = found.note.is_some();
                self.embedding = !self.stands_in;
                self.note = found.note;
                self.sound = Sound::Loaded(found.impulse);
            }
            Done::Taken(reference, Ok(found)) => {
                let place = self.place_for(&reference);
                self.play(*reference, place);
                self.finish(Done::Found(found), slot);
            }
            Done::Taken(reference, Err(error @ ResolveError::Missing { .. })) => {
                let place = self.place_for(&reference);
                self.play(*reference, place);
                self.note = Some(error.to_string());
                self.sound = Sound::Missing;
            }
            Done::Taken(_, Err(error)) => self.note = Some(error.to_string()),
            Done::Chosen(reference, impulse, note) => {
                let place = self.place_for(&reference);
                self.play(*reference, place);
                (self.stands_in, self.in_file) = (false, true);
                self.embedding = false;
                self.note = note;
                self.sound = Sound::Loaded(Arc::new(impulse));
            }
            Done::Embedded(reference, note) => {
                self.embedding = false;
                self.note = note;
                let reference = Some(*reference);
                if self.instance.impulse != reference {
                    self.instance.impulse = reference;
                    self.changed();
                }
            }
            Done::Failed(error) => {
                self.note = Some(error.to_string());
                self.sound = Sound::Missing;
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
mod tests;

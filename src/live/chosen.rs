//! The impulse that is to be played: loaded by whoever asks for it, so that he hears at once if that does not go, and
//! handed to the loader's thread from there.

use super::desk::Desk;
use crate::impulse::ImpulseResponse;
use crate::impulse::library::{self, Source};
use crate::impulse::load::{LayoutChoice, LoadError};
use crate::loader::thread::{Impulse, Wanted};
use crate::params::{Id, Slots, slots};
use crate::preset::{ImpulseReference, Preset, PresetError, ResolveError, in_library};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;

/// Why something cannot be chosen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChooseError {
    /// Nothing is called so, or several are.
    #[error(transparent)]
    Unknown(#[from] library::ResolveError),
    /// It cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It is no preset.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// The preset's impulse is nowhere.
    #[error(transparent)]
    Missing(#[from] ResolveError),
    /// No impulse has that slot.
    #[error("expected the slot of an impulse, but slot {0} is empty")]
    EmptySlot(usize),
}

/// What was chosen, for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Name of the impulse; empty where a preset leaves it as it is.
    pub name: String,
    /// What the user should know, each in one line.
    pub notes: Vec<String>,
}

/// What is known of the impulse of a session.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// As it was loaded, before any shaping.
    pub impulse: Option<Arc<ImpulseResponse>>,
    /// What a preset is to refer to: what was chosen last.
    pub reference: Option<Arc<ImpulseReference>>,
    /// What `reference` means is nowhere; what was before plays on.
    pub missing: bool,
    /// Name of the preset that was taken last.
    pub preset: Option<String>,
}

impl Known {
    fn choose(&mut self, impulse: Arc<ImpulseResponse>, reference: Arc<ImpulseReference>) {
        (self.impulse, self.reference) = (Some(impulse), Some(reference));
        self.missing = false;
    }
}

/// The impulse of a session.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    known: Mutex<Known>,
    /// Counts requests: one that was overtaken while it loaded is not heard.
    asked: AtomicU64,
}

impl Chosen {
    /// What the loader is to make now. Loader thread.
    pub fn wanted(&self, desk: &Desk) -> Option<Wanted> {
        // Held while the shape is read: a preset's impulse and shape come together.
        let known = self.lock();
        Some(Wanted {
            impulse: Impulse::Given(Arc::clone(known.impulse.as_ref()?)),
            shape: desk.values.values().shape(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that is known. Any thread but the audio thread.
    pub fn known(&self) -> Known {
        self.lock().clone()
    }

    /// The settings are those of the preset of that name, or of none. Any thread but the audio thread.
    pub fn name_preset(&self, name: Option<String>) {
        self.lock().preset = name;
    }

    /// `apply` is told whether nobody has asked for another meanwhile.
    fn settle(&self, ticket: u64, apply: impl FnOnce(&mut Known)) {
        let mut known = self.lock();
        if self.asked.load(Ordering::Relaxed) == ticket {
            apply(&mut known);
        }
    }

    fn ticket(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The impulse of that name or in that file. Takes as long as loading does. Any thread but the audio thread.
    pub fn choose(
        &self,
        name_or_path: &Path,
        layout: LayoutChoice,
        desk: &Desk,
    ) -> Result<Choice, ChooseError> {
        let ticket = self.ticket();
        let source = library::resolve(name_or_path)?;
        let (slot, loaded, reference) = match &source {
            Source::Factory(factory) => {
                let loaded = source.open(layout)?;
                let reference = ImpulseReference::to_factory(factory, &loaded.impulse);
                (Slots::of_factory(factory.name), loaded, reference)
            }
            Source::File(path) => {
                let loaded = source.open(layout)?;
                let reference = ImpulseReference::to_file(path, layout, &loaded.impulse);
                (None, loaded, reference)
            }
        };
        let notes = match source {
            // What its file is like is nobody's business.
            Source::Factory(_) => Vec::new(),
            Source::File(_) => loaded.notices.iter().map(ToString::to_string).collect(),
        };
        let name = loaded.impulse.name.clone();
        self.settle(ticket, |known| {
            known.choose(Arc::new(loaded.impulse), Arc::new(reference));
            desk.values
                .set(Id::Impulse, slot.unwrap_or(slots::CUSTOM) as f32);
        });
        Ok(Choice { name, notes })
    }

    /// What `reference` means.
    pub fn take(
        &self,
        reference: Arc<ImpulseReference>,
        desk: &Desk,
    ) -> Result<Choice, ChooseError> {
        let ticket = self.ticket();
        let found = match reference.resolve(&in_library) {
            Ok(found) => found,
            Err(error) => {
                self.settle(ticket, |known| {
                    (known.reference, known.missing) = (Some(reference), true);
                });
                return Err(error.into());
            }
        };
        let (name, notes) = (found.impulse.name.clone(), found.note.into_iter().collect());
        let slot = reference.factory.as_deref().and_then(Slots::of_factory);
        self.settle(ticket, |known| {
            known.choose(found.impulse, reference);
            desk.values
                .set(Id::Impulse, slot.unwrap_or(slots::CUSTOM) as f32);
        });
        Ok(Choice { name, notes })
    }

    /// The factory impulse in that slot.
    pub fn choose_slot(&self, slot: usize, desk: &Desk) -> Result<Choice, ChooseError> {
        match Slots::factory(slot) {
            Some(name) => self.choose(Path::new(name), LayoutChoice::Auto, desk),
            None => Err(ChooseError::EmptySlot(slot)),
        }
    }

    /// Settings and impulse of a preset. Bypass stays.
    pub fn choose_preset(&self, name_or_path: &Path, desk: &Desk) -> Result<Choice, ChooseError> {
        let ticket = self.ticket();
        let preset = Preset::open(name_or_path)?;
        let found = match &preset.impulse {
            Some(reference) => Some(reference.resolve(&in_library)?),
            None => None,
        };
        let name = found.as_ref().map(|found| found.impulse.name.clone());
        let notes = found.as_ref().and_then(|found| found.note.clone());
        let reference = preset.impulse.clone().map(Arc::new);
        self.settle(ticket, |known| {
            let mut values = preset.values();
            values.set(Id::Bypass, desk.values.get(Id::Bypass));
            known.preset = Some(preset.name.clone());
            match found.zip(reference) {
                Some((found, reference)) => known.choose(found.impulse, reference),
                None => values.set(Id::Impulse, desk.values.get(Id::Impulse)),
            }
            desk.values.set_all(&values);
        });
        Ok(Choice {
            name: name.unwrap_or_default(),
            notes: notes.into_iter().collect(),
        })
    }
}

//! The desk: all that widgets get to work with. It sees to it that gestures are whole.
//!
//! What is guaranteed: what begins ends, once, also if another gesture begins or the desk is dropped; nothing is set
//! outside a gesture; a value that has been set is seen at once, also where the host takes it a block later.

use super::{Actions, Data};
use crate::params::{Id, Slots, TABLE, slots};
use crate::preset::{Embedding, ImpulseReference};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a value that has been set is shown although the host has not taken it.
const PATIENCE: Duration = Duration::from_millis(500);

/// What the editor knows, and what it does.
pub struct Desk {
    data: Data,
    actions: Box<dyn Actions>,
    /// What the user holds.
    held: Option<Id>,
    /// What has been set and not been seen to arrive, by parameter.
    sent: [Option<Sent>; TABLE.len()],
}

/// A value on its way.
#[derive(Clone, Copy)]
struct Sent {
    value: f32,
    /// What the host said before.
    before: f32,
    at: Instant,
}

impl Desk {
    /// With what `actions` tell now. Main thread.
    pub fn new(actions: impl Actions) -> Self {
        let mut desk = Self {
            data: Data::default(),
            actions: Box::new(actions),
            held: None,
            sent: [None; TABLE.len()],
        };
        desk.refresh();
        desk
    }

    /// Everything that may be seen. Main thread.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Looks again, and says whether anything has changed. Main thread.
    pub fn refresh(&mut self) -> bool {
        let before = self.data.clone();
        self.actions.refresh(&mut self.data);
        for (parameter, sent) in TABLE.iter().zip(&mut self.sent) {
            let told = self.data.values.get(parameter.id);
            let waits = |sent: &Sent| {
                let arrived = told != sent.before || told == sent.value;
                self.held == Some(parameter.id) || !arrived && sent.at.elapsed() < PATIENCE
            };
            *sent = sent.filter(waits);
            if let Some(sent) = sent {
                self.data.values.set(parameter.id, sent.value);
            }
        }
        self.data != before
    }

    /// The value of a parameter. Main thread.
    pub fn value(&self, id: Id) -> f32 {
        self.data.values.get(id)
    }

    /// The value of a switch. Main thread.
    pub fn is_on(&self, id: Id) -> bool {
        self.value(id) != 0.0
    }

    /// The value as text, with its unit. Main thread.
    pub fn text(&self, id: Id) -> String {
        id.parameter().text(self.value(id), &self.data.slots)
    }

    /// What the user holds. Main thread.
    pub fn held(&self) -> Option<Id> {
        self.held
    }

    /// The user takes hold of `id`, and lets go of what they held. Main thread.
    pub fn begin(&mut self, id: Id) {
        self.release();
        self.actions.begin(id);
        self.held = Some(id);
    }

    /// Gives `id`, which is held, a value. The one that it has is not set again. Main thread.
    pub fn set(&mut self, id: Id, value: f32) {
        let value = id.parameter().clamp(value);
        let now = self.value(id);
        if self.held != Some(id) || value == now {
            return;
        }
        let before = self.sent[id as usize].map_or(now, |sent| sent.before);
        self.sent[id as usize] = Some(Sent {
            value,
            before,
            at: Instant::now(),
        });
        self.data.values.set(id, value);
        self.actions.set(id, value);
    }

    /// The user lets go of `id`. Main thread.
    pub fn end(&mut self, id: Id) {
        if self.held == Some(id) {
            self.release();
        }
    }

    /// The user lets go of whatever they hold. Main thread.
    pub fn release(&mut self) {
        if let Some(id) = self.held.take() {
            self.actions.end(id);
        }
    }

    /// A whole gesture: begin, set, end. In a gesture of the same parameter, only a set. Main thread.
    pub fn change(&mut self, id: Id, value: f32) {
        let alone = self.held != Some(id);
        if alone {
            self.begin(id);
        }
        self.set(id, value);
        if alone {
            self.end(id);
        }
    }

    /// Chooses the next impulse, or the one before. Main thread.
    pub fn step_impulse(&mut self, forwards: bool) {
        let slots = self.data.slots.clone();
        let slot = self.data.values.slot();
        let slot = if forwards {
            slots.next(slot)
        } else {
            slots.previous(slot)
        };
        self.change(Id::Impulse, slot as f32);
    }

    /// Loads the impulse of a file. Main thread.
    pub fn load(&mut self, path: PathBuf) {
        self.release();
        self.actions.load(path);
        // No list has it; and the one that was chosen before can be chosen again.
        self.change(Id::Impulse, slots::CUSTOM as f32);
    }

    /// Plays what `impulse` refers to. Main thread.
    pub fn take(&mut self, impulse: Arc<ImpulseReference>) {
        self.release();
        let slot = impulse.factory.as_deref().and_then(Slots::of_factory);
        self.actions.take(impulse);
        self.change(Id::Impulse, slot.unwrap_or(slots::CUSTOM) as f32);
    }

    /// Which impulses go into the session from now on. Main thread.
    pub fn embed(&mut self, embedding: Embedding) {
        self.data.embedding = embedding;
        self.actions.embed(embedding);
    }

    /// The settings are those of the preset of that name, or of none. Main thread.
    pub fn name_preset(&mut self, name: Option<String>) {
        self.data.preset.clone_from(&name);
        self.actions.name_preset(name);
    }

    /// Forgets held peaks and clips. Main thread.
    pub fn clear_meters(&mut self) {
        self.actions.clear_meters();
        let meters = &mut self.data.meters;
        for level in meters.inputs.iter_mut().chain(&mut meters.outputs) {
            (level.held, level.clips) = (level.peak, 0);
        }
    }

    /// Plays what has just been made and lies in no file. Of a gesture it is a part: nothing that is held is let go. Main
    /// thread.
    pub fn audition(&mut self, impulse: Arc<ImpulseReference>) {
        self.actions.take(impulse);
        if self.data.values.slot() != slots::CUSTOM {
            self.change(Id::Impulse, slots::CUSTOM as f32);
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.release();
    }
}

//! One value of every parameter, written by any thread and read by the audio thread: the host's parameters where there
//! is no host.
//!
//! What is guaranteed: nobody waits, and no value is ever one that its parameter may not have. Two values that are set
//! one after the other may be seen apart, by a block.

use super::{Group, Id, Sound, TABLE, Values};
use crate::engine::mixer::Mix;
use crate::engine::sync::{AtomicU32, AtomicU64, Ordering};

/// All of them, in [`TABLE`]'s order, and the tempo.
#[derive(Debug)]
pub struct SharedValues {
    /// The bits of each f32.
    values: [AtomicU32; TABLE.len()],
    /// The bits of an f64; not a number: there is none.
    tempo: AtomicU64,
    changes: AtomicU64,
}

impl Default for SharedValues {
    fn default() -> Self {
        Self::new(&Values::default())
    }
}

impl SharedValues {
    /// Beginning with `values` and no tempo.
    pub fn new(values: &Values) -> Self {
        let bits = |at: usize| AtomicU32::new(values.get(TABLE[at].id).to_bits());
        Self {
            values: std::array::from_fn(bits),
            tempo: AtomicU64::new(f64::NAN.to_bits()),
            changes: AtomicU64::new(0),
        }
    }

    /// The value of one. Any thread.
    pub fn get(&self, id: Id) -> f32 {
        f32::from_bits(self.values[id as usize].load(Ordering::Relaxed))
    }

    /// Sets one, to the nearest that it may be, and tells what that is. Any thread.
    pub fn set(&self, id: Id, value: f32) -> f32 {
        let value = id.parameter().clamp(value);
        self.values[id as usize].store(value.to_bits(), Ordering::Relaxed);
        // After the value: whoever sees the count sees what was counted.
        self.changes.fetch_add(1, Ordering::Release);
        value
    }

    /// Sets all. Any thread.
    pub fn set_all(&self, values: &Values) {
        for parameter in &TABLE {
            self.set(parameter.id, values.get(parameter.id));
        }
    }

    /// What all of them are now. Any thread.
    pub fn values(&self) -> Values {
        let mut values = Values::default();
        for parameter in &TABLE {
            values.set(parameter.id, self.get(parameter.id));
        }
        values
    }

    /// In beats per minute. Any thread.
    pub fn tempo(&self) -> Option<f64> {
        let tempo = f64::from_bits(self.tempo.load(Ordering::Relaxed));
        (!tempo.is_nan()).then_some(tempo)
    }

    /// Sets the tempo, in beats per minute. Any thread.
    pub fn set_tempo(&self, tempo: f64) {
        self.tempo.store(tempo.to_bits(), Ordering::Relaxed);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How often anything has been set: what was read at one count is what it is at the same count. Any thread.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// What the mixer is to do now. Audio thread.
    pub fn mix(&self) -> Mix {
        let tempo = self.tempo();
        let mut sound = Sound::NEUTRAL;
        for parameter in TABLE.iter().filter(|one| one.group == Group::Sound) {
            sound.put(parameter.id, self.get(parameter.id), tempo);
        }
        sound.mix
    }
}

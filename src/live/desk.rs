//! What whoever controls sets and the audio thread reads, without either waiting for the other.

use crate::engine::mixer::Mix;
use crate::params::{SharedValues, Values};
use std::sync::atomic::{AtomicBool, Ordering};

/// All of it.
#[derive(Debug, Default)]
pub struct Desk {
    /// The parameters.
    pub values: SharedValues,
    dry_muted: AtomicBool,
    closed: AtomicBool,
}

impl Desk {
    /// Beginning with `values`, open.
    pub fn new(values: &Values) -> Self {
        Self {
            values: SharedValues::new(values),
            ..Self::default()
        }
    }

    /// Leaves the dry out, or lets it in again. Any thread.
    pub fn mute_dry(&self, muted: bool) {
        self.dry_muted.store(muted, Ordering::Relaxed);
    }

    /// Whether the dry is left out. Any thread.
    pub fn dry_is_muted(&self) -> bool {
        self.dry_muted.load(Ordering::Relaxed)
    }

    /// Lets the sound go out, or come in again, by a fade. Any thread.
    pub fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::Relaxed);
    }

    /// Whether the sound is to be out. Any thread.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// What the mixer is to do now. Audio thread.
    pub fn mix(&self) -> Mix {
        Mix {
            dry_muted: self.dry_is_muted(),
            ..self.values.mix()
        }
    }
}

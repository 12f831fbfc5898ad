//! What whoever controls sets and the audio thread reads, without either waiting for the other.

use super::guard::{Guarded, Protection};
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
    limiter_off: AtomicBool,
    howl_off: AtomicBool,
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

    /// Whether peaks are limited and howls ducked. Any thread.
    pub fn protect(&self, protection: Protection) {
        let off = |guarded| guarded == Guarded::Off;
        self.limiter_off
            .store(off(protection.limiter), Ordering::Relaxed);
        self.howl_off.store(off(protection.howl), Ordering::Relaxed);
    }

    /// Whether they are. Any thread.
    pub fn protection(&self) -> Protection {
        let guarded = |off: &AtomicBool| {
            if off.load(Ordering::Relaxed) {
                Guarded::Off
            } else {
                Guarded::On
            }
        };
        Protection {
            limiter: guarded(&self.limiter_off),
            howl: guarded(&self.howl_off),
        }
    }

    /// What the mixer is to do now. Audio thread.
    pub fn mix(&self) -> Mix {
        Mix {
            dry_muted: self.dry_is_muted(),
            ..self.values.mix()
        }
    }
}

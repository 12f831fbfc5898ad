//! What the editor is told of a running instance: through atomics by the audio thread, else by the host's main thread.

use crate::engine::meter::{Measured, Meter, Reader, pair};
use crate::engine::recent::{self, Recent, Tape};
use crate::loader::cache::Ready;
use crate::loader::thread::{Format, Maker, Status, Watch};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the editor is told.
#[derive(Default)]
pub(super) struct Seen {
    /// Since the last activation. Never locked by the audio thread.
    now: Mutex<Option<Now>>,
    /// Beats per minute; 0 is none.
    tempo: AtomicU64,
}

/// Since an activation.
pub(super) struct Now {
    pub format: Format,
    pub meters: Reader,
    pub recent: Recent,
    first: Status,
    watch: Option<Watch>,
}

impl Now {
    /// What plays, and what does not. Main thread.
    pub fn status(&self) -> Status {
        let status = self.watch.as_ref().map(Watch::status);
        match status {
            // The loader has nothing to tell before something changes.
            Some(status) if status.changes > 0 => Status {
                name: or(&status.name, &self.first.name),
                ..status
            },
            _ => self.first.clone(),
        }
    }
}

fn or(text: &str, other: &str) -> String {
    if text.is_empty() { other } else { text }.to_owned()
}

/// What plays from the first block on. Main thread.
pub(super) fn first(maker: &Maker, made: Option<&Ready>) -> Status {
    made.map_or_else(Status::default, |ready| Status {
        name: maker.name().to_owned(),
        frames: ready.impulse.frames(),
        tail_frames: ready.tail_frames,
        gain_db: ready.gain_db,
        ..Status::default()
    })
}

impl Seen {
    /// An activation: what plays first, and what tells of changes. Gives what the audio thread writes to. Main thread.
    pub fn begin(&self, format: Format, first: Status, watch: Option<Watch>) -> (Meter, Tape) {
        let (meter, meters) = pair(Measured {
            inputs: format.inputs,
            outputs: format.outputs,
            sample_rate: format.sample_rate,
        });
        let (tape, recent) = recent::pair();
        *self.now() = Some(Now {
            format,
            meters,
            recent,
            first,
            watch,
        });
        (meter, tape)
    }

    /// Since the last activation. Main thread.
    pub fn now(&self) -> MutexGuard<'_, Option<Now>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host's tempo. Audio thread.
    pub fn tell(&self, tempo: Option<f64>) {
        let bits = tempo.unwrap_or(0.0).to_bits();
        self.tempo.store(bits, Ordering::Relaxed);
    }

    /// The host's tempo, in beats per minute. Main thread.
    pub fn tempo(&self) -> Option<f64> {
        let tempo = f64::from_bits(self.tempo.load(Ordering::Relaxed));
        (tempo > 0.0).then_some(tempo)
    }
}

//! Prepared impulses, shared by all instances in the process that use the same one.
//!
//! The key is what the spectra are made of: the samples, not the name of their file. What is in use is found as long as
//! it is in use; the latest few that are not are kept too, up to [`KEPT_BYTES`], for going back and forth between
//! impulses.

use crate::engine::PreparedImpulse;
use crate::impulse::ImpulseResponse;
use crate::impulse::shape::Shape;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Memory for prepared impulses that nobody uses.
pub const KEPT_BYTES: usize = 64 << 20;

/// What a prepared impulse is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    content: blake3::Hash,
    shape: String,
    sample_rate: u32,
    channels: (usize, usize),
}

impl Key {
    /// The impulse whose samples have the hash `content`, in `shape`, for sound at `sample_rate` Hz with so many channels
    /// in and out.
    pub fn new(
        content: blake3::Hash,
        shape: &Shape,
        sample_rate: u32,
        channels: (usize, usize),
    ) -> Self {
        Self {
            content,
            // A shape is numbers and words: its text is as good as itself, and can be hashed.
            shape: serde_json::to_string(shape).unwrap_or_default(),
            sample_rate,
            channels,
        }
    }
}

/// Hash of an impulse's samples, rate and layout.
pub fn content(impulse: &ImpulseResponse) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&impulse.sample_rate.to_le_bytes());
    hasher.update(format!("{:?} {}", impulse.layout, impulse.channels.len()).as_bytes());
    let mut bytes = Vec::with_capacity(1 << 16);
    for channel in &impulse.channels {
        for samples in channel.chunks(1 << 14) {
            bytes.clear();
            bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
            hasher.update(&bytes);
        }
    }
    hasher.finalize()
}

/// A prepared impulse and what the host and the editor are told of it.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The spectra.
    pub impulse: Arc<PreparedImpulse>,
    /// Samples until its noise floor.
    pub tail_frames: u32,
    /// Gain of the shape's last step, in dB.
    pub gain_db: f64,
}

#[derive(Debug, Default)]
struct Cache {
    known: HashMap<Key, (Weak<PreparedImpulse>, u32, f64)>,
    /// The latest ones, oldest first.
    kept: Vec<Arc<PreparedImpulse>>,
}

static CACHE: Mutex<Option<Cache>> = Mutex::new(None);

/// The prepared impulse of that key, made by `make` if it is not there. Loader thread.
pub fn get_or_make<E>(key: &Key, make: impl FnOnce() -> Result<Ready, E>) -> Result<Ready, E> {
    if let Some(ready) = find(key) {
        keep(key, &ready);
        return Ok(ready);
    }
    // Not locked while it is made: two instances may then make the same one, and one of them is dropped.
    let ready = make()?;
    keep(key, &ready);
    Ok(ready)
}

fn find(key: &Key) -> Option<Ready> {
    let cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let (impulse, tail_frames, gain_db) = cache.as_ref()?.known.get(key)?;
    Some(Ready {
        impulse: impulse.upgrade()?,
        tail_frames: *tail_frames,
        gain_db: *gain_db,
    })
}

fn keep(key: &Key, ready: &Ready) {
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let cache = cache.get_or_insert_default();
    cache
        .known
        .retain(|_, (impulse, ..)| impulse.strong_count() > 0);
    let entry = (
        Arc::downgrade(&ready.impulse),
        ready.tail_frames,
        ready.gain_db,
    );
    cache.known.insert(key.clone(), entry);
    cache.kept.retain(|kept| !Arc::ptr_eq(kept, &ready.impulse));
    cache.kept.push(Arc::clone(&ready.impulse));
    let mut bytes: usize = cache.kept.iter().map(|kept| kept.bytes()).sum();
    while bytes > KEPT_BYTES && cache.kept.len() > 1 {
        bytes -= cache.kept.remove(0).bytes();
    }
}

/// Lets go of what the cache keeps and nobody uses. Any thread but the audio thread.
pub fn clear() {
    let kept = {
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        cache.as_mut().map(|cache| std::mem::take(&mut cache.kept))
    };
    drop(kept);
}

/// What is alive of everything that was prepared, in the whole process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Prepared impulses.
    pub alive: usize,
    /// Those of them that the cache keeps.
    pub kept: usize,
}

/// Counts what is alive, for whoever looks for leaks. Any thread but the audio thread.
pub fn held() -> Held {
    let cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(cache) = cache.as_ref() else {
        return Held::default();
    };
    let known = cache.known.values();
    Held {
        alive: known.filter(|known| known.0.strong_count() > 0).count(),
        kept: cache.kept.len(),
    }
}

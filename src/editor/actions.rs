//! What the editor may do.

use super::Data;
use crate::params::Id;
use crate::preset::{Embedding, ImpulseReference};
use std::path::PathBuf;
use std::sync::Arc;

/// What the editor stands on: the plugin in a host, or `partita live`. All of it is called on the window's thread, and
/// none of it waits.
pub trait Actions: Send + 'static {
    /// Brings `data` up to date. Main thread.
    fn refresh(&mut self, data: &mut Data);

    /// The user takes hold of a parameter. Main thread.
    fn begin(&mut self, id: Id);

    /// The parameter takes that value, in its own unit; only between [`begin`](Self::begin) and [`end`](Self::end). Main
    /// thread.
    fn set(&mut self, id: Id, value: f32);

    /// The user lets go. Main thread.
    fn end(&mut self, id: Id);

    /// Loads the impulse of a file. What comes of it is told by [`Data::playing`]; [`Id::Impulse`] then goes to where it
    /// stands. Main thread.
    fn load(&mut self, path: PathBuf);

    /// Looks for an impulse that a preset or the history refers to, and plays it. What comes of it is told by
    /// [`Data::playing`] and [`Data::missing`], and [`Id::Impulse`] goes to where it stands. Of several wishes, here or by [`load`](Self::load), the last counts. Main
    /// thread.
    fn take(&mut self, impulse: Arc<ImpulseReference>);

    /// What the chooser holds in a slot that is not the factory's. Main thread.
    fn in_slot(&self, slot: usize) -> Option<Arc<ImpulseReference>>;

    /// Which impulses go into what the session saves from now on. Main thread.
    fn embed(&mut self, embedding: Embedding);

    /// Remembers, with the session if there is one, from which preset the settings come; `None`: from none. Main thread.
    fn name_preset(&mut self, name: Option<String>);

    /// Forgets held peaks and clips. Main thread.
    fn clear_meters(&mut self);
}

//! What the editor may do.

use super::Data;
use crate::params::Id;
use std::path::PathBuf;

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

    /// Loads the impulse of a file. What comes of it is told by [`Data::playing`]. Main thread.
    fn load(&mut self, path: PathBuf);

    /// Forgets held peaks and clips. Main thread.
    fn clear_meters(&mut self);
}

//! The window: the impulse as a picture, and everything that can be done to it.
//!
//! What is guaranteed:
//!
//! - [`Data`] is all that the editor sees, and [`Actions`] all that it may do. Who plays (a plugin's host, a sound
//!   card) is behind that trait and not known here.
//! - Nothing here is shared with the audio thread but what [`Data`] was read from: atomics. What costs time (pictures,
//!   files) is done on threads of the editor's own, never in a frame.
//! - Every change of a parameter is a whole gesture, begin, set, end, whatever the user does or whenever the window
//!   closes ([`desk`]).
//! - A frame is drawn when something has changed, else none.
//!
//! [`app`] is the window's content, one [`view`] at a time; [`window`] puts it on a screen, in a host's window or in one
//! of its own.

mod actions;
pub mod app;
mod data;
pub mod desk;
pub mod dialog;
mod fonts;
mod help;
pub mod history;
mod latest;
pub mod librarian;
pub mod picture;
mod settings;
pub mod theme;
pub mod thumbnail;
pub mod view;
pub mod widget;
pub mod window;

pub use actions::Actions;
pub use app::App;
pub use data::{Data, Meters, Playing};
pub use history::Memory;
pub use settings::{Brightness, LEAST, Settings};
pub use window::open_standalone;

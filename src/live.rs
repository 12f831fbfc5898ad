//! Sound cards in and out around the same engine, parameters and loader that the plugin has.
//!
//! What is guaranteed:
//!
//! - On one clock nothing is added to the device's own buffers: JACK is one client with one callback, ALSA one thread that
//!   reads a period, plays it and writes it. Two clocks are joined by `card` with as little as they need.
//! - The audio thread runs a [`Chain`](chain::Chain) and nothing else.
//! - A device that is missing, busy, unplugged or gone is told in one line and waited for; after that the sound comes in
//!   by a fade, and goes out by one at the end.
//! - Whoever controls, from whatever thread, does so by [`Command`] and [`Control::apply`].
//!
//! ```text
//! Command  →  Control  →  Desk  →  Chain  ⇄  jack, alsa or card         (control threads, then audio thread)
//!                 ↘ chosen impulse → Loader → swap ↗                    (loader thread)
//! Session opens, watches and opens again; it tells of it by Event       (main thread)
//! ```

#[cfg(target_os = "linux")]
mod alsa;
mod card;
pub mod chain;
mod chosen;
pub mod command;
pub mod control;
pub mod deck;
pub mod desk;
pub mod devices;
pub mod drift;
#[cfg(feature = "editor")]
pub mod editor;
pub mod event;
pub mod guard;
mod jack;
pub mod measure;
pub mod midi;
pub mod osc;
pub mod priority;
pub mod probe;
pub mod recorder;
mod ring;
#[cfg(target_os = "linux")]
mod rtkit;
pub mod script;
pub mod session;
pub mod stream;

pub use crate::processor::MAX_CHANNELS;
pub use command::Command;
pub use control::Control;
pub use event::Event;
pub use session::{Ending, Settings};

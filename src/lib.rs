//! Partita: convolution echo and reverb.
//!
//! Two things flow through it, and the modules follow the flow:
//!
//! ```text
//! sound     host, device or WAV file  →  Engine  →  host, device or WAV file      (audio thread)
//! impulse   file  →  ImpulseResponse  →  PreparedImpulse  →  Engine               (loader, then audio thread)
//! ```
//!
//! [`engine`] convolves: no file, no thread, no lock, no allocation once it is built.
//! [`impulse`] reads and makes impulse responses: it knows no engine.
//! [`loader`] is the only stair between the two; its thread hands over through [`swap`].
//! [`output`] writes files whole or not at all.
//! [`picture`] draws an impulse response, [`sliding`] is the textbook's picture of convolution, in numbers.
//! [`params`] lists what can be set, [`processor`] is engine and mixer as every live front end has them,
//! [`preset`] keeps both settings and impulse for another day,
//! `plugin` (feature of that name) joins both to a CLAP or VST3 host, `live` (another) to sound cards,
//! `editor` (another) is the window of either.
//! [`render`] takes WAV files through the engine, [`selftest`] holds it against what plays live, [`cli`] is the command line over everything.
#![deny(unsafe_code)]

pub mod engine;
pub mod impulse;

pub mod cli;
pub mod denormals;
#[cfg(feature = "editor")]
pub mod editor;
#[cfg(feature = "live")]
pub mod live;
pub mod loader;
pub mod output;
pub mod params;
pub mod picture;
#[cfg(feature = "plugin")]
pub mod plugin;
pub mod preset;
pub mod processor;
pub mod render;
pub mod selftest;
pub mod sliding;
pub mod swap;

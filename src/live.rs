//! Sound cards in and out around the same engine, parameters and loader that the plugin has.

pub mod drift;
pub mod guard;
pub mod recorder;
mod ring;

//! Impulse responses: what a room, a spring or a row of spikes answers to a click.
//!
//! Every function here either gives a whole, finite, non-empty [`ImpulseResponse`] or an error that says
//! what was expected, what was found and what to do. No bytes and no rate make it panic, and no file
//! makes it take more memory than [`load::MAX_SAMPLES`] allows.
//!
//! The flow: [`library`] says which, [`load`] reads it, [`resample`] takes it to the session's rate,
//! [`shape`] changes it, [`chain`] makes one of two, [`echo`] makes one of spikes, [`measure`] one of a recorded sweep,
//! [`analyze`] says what it is, [`check`] what is wrong with it, [`save`] and [`convert`] write it. All of it allocates. Loader thread.
#![forbid(unsafe_code)]

pub mod analyze;
pub mod chain;
pub mod check;
pub mod convert;
pub mod echo;
pub mod filter;
mod fourier;
pub mod ixml;
pub mod jconvolver;
pub mod library;
pub mod load;
pub mod measure;
pub mod packed;
pub mod resample;
pub mod save;
pub mod shape;

mod layout;

pub use layout::{Layout, NotALayout};

/// Recorded or made sound that a signal is convolved with: one buffer per channel, all of the same
/// length, at one sample rate.
#[derive(Clone, Debug, PartialEq)]
pub struct ImpulseResponse {
    /// Name shown to the user: the file's stem, or the factory name.
    pub name: String,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// What the channels are.
    pub layout: Layout,
    /// One buffer per channel, linear, full scale = 1.
    pub channels: Vec<Vec<f32>>,
}

impl ImpulseResponse {
    /// Length in frames (samples per channel).
    pub fn frames(&self) -> usize {
        self.channels.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames() as f64 / f64::from(self.sample_rate)
    }
}

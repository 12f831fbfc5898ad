//! Impulse responses: what a room, a spring or a row of spikes answers to a click.
#![forbid(unsafe_code)]

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

/// What the channels of an impulse response are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One channel, heard by every channel of the signal.
    Mono,
    /// Left and right, each for its own side.
    Stereo,
    /// Four paths, source first: LL, LR, RL, RR.
    TrueStereo,
    /// Any other set of channels: independent ones, or a matrix, source first.
    Matrix,
}

//! Everything that the editor may see.

use crate::impulse::ImpulseResponse;
use crate::params::{Slots, Values};
use std::sync::Arc;

/// Everything that the editor may see, as [`Actions::refresh`](super::Actions::refresh) has read it last.
#[derive(Clone, Debug)]
pub struct Data {
    /// The parameters.
    pub values: Values,
    /// The names of the impulses.
    pub slots: Arc<Slots>,
    /// The impulse as it was loaded, before any shaping. `None` where there is none yet.
    pub impulse: Option<Arc<ImpulseResponse>>,
    /// What plays.
    pub playing: Playing,
    /// What is heard.
    pub meters: Meters,
    /// The host's tempo in beats per minute, where it has one.
    pub tempo: Option<f64>,
    /// The name of the preset that was loaded last.
    pub preset: Option<String>,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            values: Values::default(),
            slots: Arc::new(Slots::FACTORY_ONLY),
            impulse: None,
            playing: Playing::default(),
            meters: Meters::default(),
            tempo: None,
            preset: None,
        }
    }
}

impl PartialEq for Data {
    /// The impulse and the slots are the same only if they are the same ones.
    fn eq(&self, other: &Self) -> bool {
        let impulse = match (&self.impulse, &other.impulse) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        impulse
            && Arc::ptr_eq(&self.slots, &other.slots)
            && self.values == other.values
            && self.playing == other.playing
            && self.meters == other.meters
            && self.tempo == other.tempo
            && self.preset == other.preset
    }
}

/// What plays, or why what was wanted does not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Playing {
    /// Name of the impulse that plays.
    pub name: String,
    /// Of the sound, in Hz. 0 while nothing plays.
    pub sample_rate: u32,
    /// Channels in and out.
    pub channels: (usize, usize),
    /// How the impulse is applied, in words: "stereo", "true stereo" …
    pub routing: String,
    /// Samples for which the impulse is heard, without the pre-delay.
    pub tail_frames: u32,
    /// Gain that the impulse was normalised with, in dB.
    pub gain_db: f64,
    /// Why the impulse that is wanted does not play, in one line.
    pub error: Option<String>,
    /// What else the user should know, in one line.
    pub note: Option<String>,
}

/// What is heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meters {
    /// Before the engine, by channel.
    pub inputs: Vec<Level>,
    /// After it.
    pub outputs: Vec<Level>,
    /// How busy the audio thread is.
    pub load: Load,
    /// Blocks that took longer than they last.
    pub late: u64,
}

/// One channel, full scale 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// The largest magnitude lately.
    pub peak: f32,
    /// The root of the mean square lately.
    pub rms: f32,
    /// The largest magnitude since [`Actions::clear_meters`](super::Actions::clear_meters).
    pub held: f32,
    /// Clipped samples since then.
    pub clips: u64,
}

/// The time that blocks took, as a part of the time they last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// All blocks together, lately.
    pub mean: f32,
    /// The slowest block lately.
    pub worst: f32,
}

//! Everything that the editor may see.

use crate::engine::meter::{Level, Load, Reading};
use crate::engine::recent::Recent;
use crate::impulse::{ImpulseResponse, Layout};
use crate::params::{Slots, Values};
use crate::preset::{Embedding, ImpulseReference};
use std::path::Path;
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
    /// What presets and sessions are to refer to: the impulse that was chosen last, also while it is being loaded, and also
    /// if it is nowhere. The same one as long as nothing has changed. `None` until one was chosen.
    pub reference: Option<Arc<ImpulseReference>>,
    /// `reference` is nowhere: neither its file nor a copy of it.
    pub missing: bool,
    /// The file that was to be loaded last and cannot be: what was before plays on, and `playing` says why. Another one each
    /// time, also for the same file; `None` from the next load on.
    pub refused: Option<Arc<Path>>,
    /// Which impulses go into the session.
    pub embedding: Embedding,
    /// What plays.
    pub playing: Playing,
    /// What is heard.
    pub meters: Meters,
    /// The last of the sound before the engine, where something plays. It is always another, and no reason to draw.
    pub recent: Option<Recent>,
    /// The host's tempo in beats per minute, where it has one.
    pub tempo: Option<f64>,
    /// The name of the preset that was loaded last.
    pub preset: Option<String>,
    /// On which device, and how that goes, in one line. `None` in a host, which tells it itself.
    pub device: Option<String>,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            values: Values::default(),
            slots: Arc::new(Slots::FACTORY_ONLY),
            impulse: None,
            reference: None,
            missing: false,
            refused: None,
            embedding: Embedding::default(),
            playing: Playing::default(),
            meters: Meters::default(),
            recent: None,
            tempo: None,
            preset: None,
            device: None,
        }
    }
}

impl PartialEq for Data {
    /// Impulse, reference, refused file and slots are the same only if they are the same ones.
    fn eq(&self, other: &Self) -> bool {
        same(self.impulse.as_ref(), other.impulse.as_ref())
            && same(self.reference.as_ref(), other.reference.as_ref())
            && self.missing == other.missing
            && same(self.refused.as_ref(), other.refused.as_ref())
            && self.embedding == other.embedding
            && Arc::ptr_eq(&self.slots, &other.slots)
            && self.values == other.values
            && self.playing == other.playing
            && self.meters == other.meters
            && self.tempo == other.tempo
            && self.preset == other.preset
            && self.device == other.device
    }
}

pub(super) fn same<T: ?Sized>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
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

impl Playing {
    /// How an impulse of that layout is applied to so many inputs, in words.
    pub fn routing(layout: Layout, inputs: usize, outputs: usize) -> String {
        match (layout, inputs) {
            (Layout::Mono, _) => "Mono".to_owned(),
            (Layout::Stereo, 1) if outputs > 1 => "Mono to stereo".to_owned(),
            (Layout::Stereo, _) => "Stereo".to_owned(),
            (Layout::TrueStereo, _) => "True stereo".to_owned(),
            (Layout::Matrix | Layout::MatrixOf { .. }, _) => format!("{inputs} to {outputs}"),
        }
    }
}

/// What is heard, as a meter shows it: up at once, down slowly.
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

/// How fast a meter falls, in dB per second.
const FALL_DB: f32 = 24.0;

/// Below that a meter is at rest, full scale 1: −100 dB.
const REST: f32 = 1e-5;

/// How long the slowest block is shown, in seconds: the time in which it falls to a third.
const LOAD_SECONDS: f32 = 1.0;

impl Meters {
    /// Takes in what has been since the last time, so many seconds ago; `None` if nothing was. Main thread.
    pub fn follow(&mut self, reading: Option<&Reading>, seconds: f32) {
        let fall = 10_f32.powf(-FALL_DB * seconds / 20.0);
        let down = |shown: f32| {
            let shown = shown * fall;
            if shown < REST { 0.0 } else { shown }
        };
        for level in self.inputs.iter_mut().chain(&mut self.outputs) {
            (level.peak, level.rms) = (down(level.peak), down(level.rms));
        }
        let Some(reading) = reading else { return };
        let sides = [
            (&mut self.inputs, &reading.inputs),
            (&mut self.outputs, &reading.outputs),
        ];
        for (shown, read) in sides {
            shown.resize(read.len(), Level::default());
            for (shown, read) in shown.iter_mut().zip(read) {
                *shown = Level {
                    peak: shown.peak.max(read.peak),
                    rms: shown.rms.max(read.rms),
                    ..*read
                };
            }
        }
        // To a tenth of a per cent: what nobody can read is no reason to draw.
        let rounded = |load: f32| (load * 1000.0).round() / 1000.0;
        let stays = (-seconds / LOAD_SECONDS).exp();
        self.load = Load {
            mean: rounded(reading.load.mean + (self.load.mean - reading.load.mean) * stays),
            worst: rounded((self.load.worst * stays).max(reading.load.worst)),
        };
        self.late = reading.late;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meters_rise_at_once_and_fall_to_rest() {
        let level = Level {
            peak: 1.0,
            rms: 0.5,
            held: 1.0,
            clips: 2,
        };
        let reading = Reading {
            seconds: 0.02,
            inputs: vec![level],
            outputs: vec![],
            load: Load {
                mean: 0.01,
                worst: 0.02,
            },
            blocks: 1,
            late: 0,
            xruns: 0,
        };
        let mut meters = Meters::default();
        meters.follow(Some(&reading), 0.025);
        assert_eq!(meters.inputs, [level]);
        // One second: 24 dB.
        meters.follow(None, 1.0);
        assert!((20.0 * meters.inputs[0].peak.log10() + 24.0).abs() < 1e-3);
        assert_eq!((meters.inputs[0].held, meters.inputs[0].clips), (1.0, 2));
        meters.follow(None, 5.0);
        assert_eq!((meters.inputs[0].peak, meters.inputs[0].rms), (0.0, 0.0));
        let before = meters.clone();
        meters.follow(None, 1.0);
        assert_eq!(meters, before);
    }
}

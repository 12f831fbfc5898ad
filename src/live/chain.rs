//! What the audio thread runs: everything between the channels in and the channels out.
//!
//! What is guaranteed: any block length, from none up, changing from call to call; nothing is allocated, freed, locked or
//! waited for; the sound comes in by a fade of [`FADE_SECONDS`] whenever it begins, and goes out by one when the
//! [`Desk`] is closed.

use super::deck::{self, Deck, Head, Stopping, Take, TakeError, Taken};
use super::desk::Desk;
use super::guard::{self, CEILING_DB, Guard};
use super::probe::Probe;
use crate::engine::Block;
use crate::engine::meter::{self, Measured, Meter, Reader};
use crate::engine::recent::{self, Recent, Tape};
use crate::loader::thread::Format;
use crate::output::Existing;
use crate::processor::{MAX_CHANNELS, Processor};
use std::array;
use std::f32::consts::PI;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

/// From silence to full level and back, in seconds: too slow to click, too short to be missed.
pub const FADE_SECONDS: f64 = 0.05;

/// Counted by the audio thread, read by anyone.
#[derive(Debug, Default)]
pub struct Gauges {
    frames: AtomicU64,
    level: AtomicU32,
}

impl Gauges {
    /// Frames played. Any thread.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// So many frames more, at that gain of the fade now. Audio thread.
    pub(super) fn count(&self, frames: usize, level: f32) {
        self.frames.fetch_add(frames as u64, Ordering::Relaxed);
        self.level.store(level.to_bits(), Ordering::Relaxed);
    }

    /// Whether nothing is heard: the fade is at its end. Any thread.
    pub fn is_silent(&self) -> bool {
        f32::from_bits(self.level.load(Ordering::Relaxed)) == 0.0
    }
}

/// What looks at a chain, and records from it.
#[derive(Debug)]
pub struct Ends {
    pub(super) gauges: Arc<Gauges>,
    pub(super) reader: Reader,
    #[cfg_attr(not(feature = "editor"), allow(dead_code, reason = "the editor's"))]
    pub(super) recent: Recent,
    pub(super) guard: guard::Watch,
    /// As [`Take::ALL`].
    pub(super) decks: [Deck; 2],
}

impl Ends {
    /// Begins to record. Any thread but the audio thread.
    ///
    /// Errors: it is being recorded already, or the file's name will not do.
    pub fn record(&mut self, take: Take, path: &Path, existing: Existing) -> Result<(), TakeError> {
        let deck = self.decks.iter_mut().find(|deck| deck.take == take);
        deck.ok_or(TakeError::Silent)?.start(path, existing)
    }

    /// Begins to end all recordings.
    pub(super) fn stop(&mut self) -> Vec<Stopping> {
        self.decks.iter_mut().filter_map(Deck::stop).collect()
    }

    /// Ends all recordings, and waits until they are on the disk. Any thread but the audio thread.
    ///
    /// Errors: what the disk says.
    pub fn stop_recordings(&mut self) -> Vec<Result<Taken, TakeError>> {
        self.stop().into_iter().map(Stopping::finish).collect()
    }
}

/// What one opened device plays.
#[derive(Debug)]
pub enum Chain {
    /// What comes in, through the engine.
    Effect(Box<Effect>),
    /// Something else, while what comes in is recorded.
    Probe(Probe),
}

impl Chain {
    /// Around `processor`: see [`Effect::new`]. Loader thread.
    pub fn new(processor: Processor, desk: Arc<Desk>, format: Format) -> (Self, Ends) {
        let (effect, ends) = Effect::new(processor, desk, format);
        (Self::Effect(Box::new(effect)), ends)
    }

    /// Sound was lost. Audio thread.
    pub fn rejoin(&mut self) {
        match self {
            Self::Effect(effect) => effect.rejoin(),
            Self::Probe(probe) => probe.rejoin(),
        }
    }

    /// Plays `inputs` into `outputs`. Inputs that are missing are silent. Audio thread.
    pub fn process<'a>(&mut self, inputs: &[&'a [f32]], outputs: &mut [&'a mut [f32]]) {
        match self {
            Self::Effect(effect) => effect.process(inputs, outputs),
            Self::Probe(probe) => probe.process(inputs, outputs),
        }
    }

    /// The same for so many frames of planes that are that long or longer, [`MAX_CHANNELS`] at most. Audio thread.
    pub(super) fn process_planes(
        &mut self,
        heard: &[Vec<f32>],
        played: &mut [Vec<f32>],
        frames: usize,
    ) {
        let mut inputs: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
        for (slice, plane) in inputs.iter_mut().zip(heard) {
            *slice = &plane[..frames];
        }
        let mut outputs: [&mut [f32]; MAX_CHANNELS] = array::from_fn(|_| &mut [][..]);
        let into = played.len().min(MAX_CHANNELS);
        for (slice, plane) in outputs.iter_mut().zip(played) {
            *slice = &mut plane[..frames];
        }
        let from = heard.len().min(MAX_CHANNELS);
        self.process(&inputs[..from], &mut outputs[..into]);
    }
}

/// The audio path of a session.
#[derive(Debug)]
pub struct Effect {
    processor: Processor,
    desk: Arc<Desk>,
    gauges: Arc<Gauges>,
    meter: Meter,
    tape: Tape,
    guard: Guard,
    switch: guard::Watch,
    dry: Head,
    wet: Head,
    /// The desk's count of changes that the processor knows, and whether the dry was muted.
    known: Option<(u64, bool)>,
    fade: Fade,
}

impl Effect {
    /// Around `processor`, which plays sound of that format, silent at first; and what looks at it. Loader thread.
    pub fn new(processor: Processor, desk: Arc<Desk>, format: Format) -> (Self, Ends) {
        let Format {
            sample_rate,
            inputs,
            outputs,
        } = format;
        let (meter, reader) = meter::pair(Measured {
            inputs,
            outputs,
            sample_rate,
        });
        let (tape, recent) = recent::pair();
        let (dry_deck, dry) = deck::pair(Take::Dry, inputs, sample_rate);
        let (wet_deck, wet) = deck::pair(Take::Wet, outputs, sample_rate);
        let (guard, switch) = guard::pair(sample_rate, CEILING_DB);
        let gauges = Arc::<Gauges>::default();
        let ends = Ends {
            gauges: Arc::clone(&gauges),
            reader,
            recent,
            guard: switch.clone(),
            decks: [dry_deck, wet_deck],
        };
        let chain = Self {
            processor,
            desk,
            gauges,
            meter,
            tape,
            guard,
            switch,
            dry,
            wet,
            known: None,
            fade: Fade::new(sample_rate),
        };
        (chain, ends)
    }

    /// Begins again by a fade, after sound was lost. Audio thread.
    pub fn rejoin(&mut self) {
        self.fade.place = 0;
    }

    /// Plays `inputs` into `outputs`. Inputs that are missing are silent. Audio thread.
    pub fn process<'a>(&mut self, inputs: &[&'a [f32]], outputs: &mut [&'a mut [f32]]) {
        let begun = Instant::now();
        self.meter.input(inputs);
        if let Some(input) = inputs.first() {
            self.tape.write(input);
        }
        self.dry.push(inputs);
        let now = (self.desk.values.changes(), self.desk.dry_is_muted());
        if self.known != Some(now) {
            self.known = Some(now);
            self.processor.set(self.desk.mix());
        }
        let mut block = Block::new(inputs, outputs);
        let frames = block.frames();
        self.processor.process(&mut block);
        self.switch.set(self.desk.protection());
        self.guard.process(outputs);
        self.fade.run(outputs, frames, self.desk.is_closed());
        self.meter.output(outputs);
        self.wet.push(outputs);
        self.gauges.count(frames, self.fade.level());
        self.meter.block(frames, begun.elapsed());
    }
}

/// A gain that goes from 0 to 1 and back along a raised cosine.
#[derive(Debug)]
pub(super) struct Fade {
    place: usize,
    length: usize,
}

impl Fade {
    pub fn new(sample_rate: u32) -> Self {
        let length = (FADE_SECONDS * f64::from(sample_rate)) as usize;
        Self {
            place: 0,
            length: length.max(1),
        }
    }

    fn gain(&self, place: usize) -> f32 {
        if place >= self.length {
            return 1.0;
        }
        0.5 - 0.5 * (PI * place as f32 / self.length as f32).cos()
    }

    /// The gain at its place now.
    pub fn level(&self) -> f32 {
        self.gain(self.place)
    }

    pub fn run(&mut self, outputs: &mut [&mut [f32]], frames: usize, closing: bool) {
        let begin = self.place;
        let steps = frames.min(if closing { begin } else { self.length - begin });
        self.place = if closing {
            begin - steps
        } else {
            begin + steps
        };
        if closing || steps > 0 {
            for output in &mut *outputs {
                for (at, sample) in output.iter_mut().enumerate().take(frames) {
                    let place = if closing {
                        begin.saturating_sub(at)
                    } else {
                        begin + at
                    };
                    *sample *= self.gain(place);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fade_goes_up_and_down_without_a_step() {
        for blocks in [1, 7, 64, 999] {
            let mut fade = Fade::new(48_000);
            let mut played = Vec::new();
            let mut play = |fade: &mut Fade, closing| {
                let mut sound = vec![1.0f32; blocks];
                fade.run(&mut [&mut sound], blocks, closing);
                played.extend(sound);
            };
            for _ in 0..5_000 / blocks {
                play(&mut fade, false);
            }
            for _ in 0..5_000 / blocks {
                play(&mut fade, true);
            }
            assert_eq!((played[0], fade.place), (0.0, 0));
            assert_eq!(*played.last().expect("sound"), 0.0);
            assert!(played.contains(&1.0));
            // The steepest slope of a raised cosine of 2400 samples: π ÷ 2 ÷ 2400.
            let steepest = played.windows(2).map(|two| (two[1] - two[0]).abs());
            let steepest = steepest.fold(0.0f32, f32::max);
            assert!(steepest < 1.01 * PI / 2.0 / 2_400.0, "{blocks}: {steepest}");
        }
    }
}

//! Two whole engines while the impulse changes beyond what one can exchange in place.
//!
//! The rule of `crossfade.rs`, done the plain way: the engine that leaves is fed x·(1 − w) and then silence
//! until its tail has ended, the one that stays x·w. Costs both of them for as long as the old tail rings.

use super::block::Block;
use super::convolver::Convolver;
use super::crossfade::{Era, Eras, Fade};
use super::prepared::PreparedImpulse;
use super::{Engine, LEAD_FRAMES};
use std::sync::Arc;

/// The most inputs or outputs, so that slices of them fit on the stack.
const MOST_CHANNELS: usize = 16;

/// Frames that are weighed at a time.
const PIECE: usize = 256;

/// What it takes to play through two convolvers, and the one that leaves.
#[derive(Debug)]
pub(super) struct Spill {
    leaving: Option<Box<Engine>>,
    fade: Fade,
    eras: Eras,
    /// Samples since the fade began.
    since: i64,
    weighed: Vec<Vec<f32>>,
    part: Vec<Vec<f32>>,
}

impl Spill {
    /// None if there are too many channels.
    pub fn new(inputs: usize, outputs: usize, fade: usize) -> Option<Self> {
        let mut eras = Eras::single(0);
        eras.push(Era {
            start: 0,
            impulse: 1,
            shape: false,
        });
        let fits = inputs <= MOST_CHANNELS && outputs <= MOST_CHANNELS;
        fits.then(|| Self {
            leaving: None,
            fade: Fade::new(fade),
            eras,
            since: 0,
            weighed: vec![vec![0.0; PIECE]; inputs],
            part: vec![vec![0.0; PIECE]; outputs],
        })
    }

    /// Whether an engine is leaving.
    pub fn is_open(&self) -> bool {
        self.leaving.is_some()
    }

    pub fn takes(&self, convolver: &Convolver, next: &Convolver) -> bool {
        !self.is_open() && next.channels() == convolver.channels()
    }

    /// Exchanges the convolvers; the old one leaves.
    pub fn open(&mut self, convolver: &mut Box<Convolver>, mut next: Box<Engine>) {
        std::mem::swap(convolver, &mut next.convolver);
        self.leaving = Some(next);
        self.since = -(LEAD_FRAMES as i64);
    }

    /// The engine that left, once its tail has ended.
    pub fn take_replaced(&mut self) -> Option<Box<Engine>> {
        let faded = self.since >= self.fade.frames();
        let leaving = self.leaving.as_ref()?;
        let ended = faded && leaving.convolver.is_resting();
        if ended { self.leaving.take() } else { None }
    }

    pub fn take_retired(&mut self) -> Option<Arc<PreparedImpulse>> {
        self.leaving.as_mut()?.convolver.take_retired()
    }

    /// The engine that leaves is silent at once.
    pub fn reset(&mut self) {
        if let Some(leaving) = &mut self.leaving {
            leaving.convolver.reset();
        }
        self.since = self.fade.frames();
    }

    /// Plays `block` through both.
    pub fn process(&mut self, staying: &mut Convolver, block: &mut Block<'_, '_>) {
        let frames = block.frames();
        let (inputs, outputs) = block.split();
        let channels = inputs.len().min(self.weighed.len());
        let mut from = 0;
        while from < frames {
            let to = frames.min(from + PIECE);
            let piece = to - from;
            for era in 0..2 {
                for (weighed, input) in self.weighed.iter_mut().zip(inputs) {
                    weighed[..piece].copy_from_slice(&input[from..to]);
                    self.fade
                        .weigh(&self.eras, era, self.since, &mut weighed[..piece]);
                }
                let mut sources: [&[f32]; MOST_CHANNELS] = [&[]; MOST_CHANNELS];
                for (source, weighed) in sources.iter_mut().zip(&self.weighed) {
                    *source = &weighed[..piece];
                }
                let sources = &sources[..channels];
                let mut sinks: [&mut [f32]; MOST_CHANNELS] = Default::default();
                match &mut self.leaving {
                    // The part of the one that leaves is kept until the other has written.
                    Some(leaving) if era == 0 => {
                        let mut count = 0;
                        for (sink, part) in sinks.iter_mut().zip(&mut self.part) {
                            *sink = &mut part[..piece];
                            count += 1;
                        }
                        let mut block = Block::new(sources, &mut sinks[..count]);
                        leaving.convolver.process(&mut block);
                    }
                    _ => {
                        let count = outputs.len().min(MOST_CHANNELS);
                        for (sink, output) in sinks.iter_mut().zip(outputs.iter_mut()) {
                            *sink = &mut output[from..to];
                        }
                        staying.process(&mut Block::new(sources, &mut sinks[..count]));
                    }
                }
            }
            for (output, part) in outputs.iter_mut().zip(&self.part) {
                for (sum, part) in output[from..to].iter_mut().zip(part) {
                    *sum += part;
                }
            }
            for output in outputs.iter_mut().skip(MOST_CHANNELS) {
                output[from..to].fill(0.0);
            }
            self.since += piece as i64;
            from = to;
        }
    }
}

//! Everything one instance does to a block of sound: engine and mixer, in the order that plugin, live and selftest share.
//!
//! What is guaranteed:
//!
//! - Any block length, from none up, changing from call to call. Nothing is allocated, freed, locked or waited for after
//!   [`Processor::new`].
//! - With a neutral mix the output is the engine's, to the bit.
//! - Bypassed, the dry comes through at 0 dB and the engine hears silence, so the tail rings out.
//! - Subnormal numbers are flushed while it works, and the thread's own setting is restored.
//! - The tail it tells is right at every block: while an earlier impulse rings, that one counts too.

use crate::denormals;
use crate::engine::mixer::{Feed, Mix, Mixer};
use crate::engine::{Block, Engine};
use crate::swap::AudioEnd;

/// The most channels, in or out, that a [`Processor`] has.
pub const MAX_CHANNELS: usize = 64;

/// Frames that are copied at a time, where something must be.
const COPIED: usize = 1024;

/// What a [`Processor`] stands between.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Channels in. Those beyond [`MAX_CHANNELS`] are not heard.
    pub inputs: usize,
    /// Channels out. Those beyond [`MAX_CHANNELS`] are left as they are.
    pub outputs: usize,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// What it begins with.
    pub mix: Mix,
}

/// An engine and a mixer, and what stands between them.
#[derive(Debug)]
pub struct Processor {
    engine: Engine,
    mixer: Mixer,
    swap: Option<AudioEnd>,
    /// Nothing has been played yet.
    fresh: bool,
    sample_rate: u32,
    /// Frames that the newest impulse sounds.
    tail: usize,
    /// Frames that those before it still sound.
    ringing: usize,
    /// The dry of [`Processor::process_in_place`], which the wet would overwrite.
    dry: Vec<Vec<f32>>,
    /// What the engine hears while bypass is on.
    fed: Vec<Vec<f32>>,
}

impl Processor {
    /// `engine`, whose impulse sounds for `tail_frames`, between the channels of `setup`. Loader thread.
    pub fn new(engine: Engine, tail_frames: usize, setup: Setup) -> Self {
        let copies = || vec![vec![0.0; COPIED]; setup.inputs.min(MAX_CHANNELS)];
        let outputs = setup.outputs.min(MAX_CHANNELS);
        Self {
            engine,
            swap: None,
            fresh: true,
            mixer: Mixer::new(outputs, setup.sample_rate, setup.mix),
            sample_rate: setup.sample_rate,
            tail: tail_frames,
            ringing: 0,
            dry: copies(),
            fed: copies(),
        }
    }

    /// Goes to `mix`, smoothly; at once where nothing has been played since the beginning or a reset. So a bounce whose
    /// host tells the values with the first block sounds as playback does. Audio thread.
    pub fn set(&mut self, mix: Mix) {
        self.mixer.set(mix);
        if self.fresh {
            self.mixer.settle();
        }
    }

    /// Plays what comes through `end` from then on. Loader thread.
    pub fn with_swap(mut self, end: AudioEnd) -> Self {
        self.swap = Some(end);
        self
    }

    /// Before a block of so many frames: a new impulse, if one has come.
    fn exchange(&mut self, frames: usize) {
        let swap = self.swap.as_mut();
        if let Some(tail) = swap.and_then(|end| end.exchange(&mut self.engine)) {
            self.ringing = self.ringing.max(self.tail);
            self.tail = tail as usize;
        }
        self.ringing = self.ringing.saturating_sub(frames);
        self.fresh &= frames == 0;
    }

    /// The engine that plays. Any thread that has the processor.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Frames for which sound goes on after the input has ended: pre-delay, and the impulse that sounds longest. Audio
    /// thread.
    pub fn tail_frames(&self) -> u32 {
        let predelay = self.mixer.mix().predelay_samples(self.sample_rate);
        let impulse = self.tail.max(self.ringing).saturating_sub(1);
        u32::try_from(impulse + predelay).unwrap_or(u32::MAX)
    }

    /// Takes a block through engine and mixer. Missing inputs are silent, and so are outputs that the impulse does not
    /// reach. Audio thread.
    pub fn process(&mut self, block: &mut Block<'_, '_>) {
        let frames = block.frames();
        self.exchange(frames);
        let (inputs, outputs) = block.split();
        denormals::flushed(|| {
            for from in (0..frames).step_by(COPIED) {
                let to = frames.min(from + COPIED);
                let mut heard: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
                for (heard, input) in heard.iter_mut().zip(inputs) {
                    *heard = &input[from..to];
                }
                let used = inputs.len().min(MAX_CHANNELS);
                let (engine, mixer, fed) = (&mut self.engine, &mut self.mixer, &mut self.fed);
                pass(engine, mixer, fed, &heard[..used], outputs, from..to);
            }
        });
    }

    /// The same where the outputs hold the inputs: the first of `channels` are the inputs, as many as there are, and all
    /// are replaced by the outputs. As long as the shortest of them. Audio thread.
    pub fn process_in_place(&mut self, channels: &mut [&mut [f32]]) {
        let frames = channels.iter().map(|channel| channel.len()).min();
        let frames = frames.unwrap_or(0);
        self.exchange(frames);
        denormals::flushed(|| {
            for from in (0..frames).step_by(COPIED) {
                let to = frames.min(from + COPIED);
                let mut heard: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
                let used = self.dry.len().min(channels.len());
                for ((heard, dry), channel) in heard.iter_mut().zip(&mut self.dry).zip(&*channels) {
                    dry[..to - from].copy_from_slice(&channel[from..to]);
                    *heard = &dry[..to - from];
                }
                let (engine, mixer, fed) = (&mut self.engine, &mut self.mixer, &mut self.fed);
                pass(engine, mixer, fed, &heard[..used], channels, from..to);
            }
        });
    }

    /// Forgets everything played, and ends every change at its target. Audio thread.
    pub fn reset(&mut self) {
        self.engine.reset();
        self.mixer.reset();
        self.ringing = 0;
        self.fresh = true;
    }
}

/// At most [`COPIED`] frames: the engine's output replaces that range of `outputs`, the mixer's replaces the engine's.
fn pass(
    engine: &mut Engine,
    mixer: &mut Mixer,
    fed: &mut [Vec<f32>],
    inputs: &[&[f32]],
    outputs: &mut [&mut [f32]],
    range: std::ops::Range<usize>,
) {
    let frames = range.len();
    let used = inputs.len().min(fed.len());
    let closing = mixer.feeds() == Feed::Closing;
    if closing {
        let mut copies: [&mut [f32]; MAX_CHANNELS] = std::array::from_fn(|_| &mut [][..]);
        for ((copy, fed), input) in copies.iter_mut().zip(fed.iter_mut()).zip(inputs) {
            fed[..frames].copy_from_slice(input);
            *copy = &mut fed[..frames];
        }
        mixer.feed(&mut copies[..used], frames);
    }
    let mut heard: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
    for (heard, fed) in heard.iter_mut().zip(&*fed) {
        *heard = &fed[..frames];
    }
    let heard = if closing { &heard[..used] } else { inputs };
    let mut slices: [&mut [f32]; MAX_CHANNELS] = std::array::from_fn(|_| &mut [][..]);
    let used = outputs.len().min(MAX_CHANNELS);
    for (slice, output) in slices.iter_mut().zip(outputs) {
        *slice = &mut output[range.clone()];
    }
    let outputs = &mut slices[..used];
    engine.process(&mut Block::new(heard, outputs));
    mixer.process(&mut Block::new(inputs, outputs));
}

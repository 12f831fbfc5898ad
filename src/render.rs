//! WAV in, engine, WAV out.
//!
//! What is guaranteed:
//!
//! - Raw, the output is the convolution, sample for sample: nothing is late, and an impulse that had to be
//!   resampled is not late either.
//! - Mixed, it is what plugin and live host play, to −120 dB: there an impulse that is loud from its first sample and
//!   had to be resampled is late by half a millisecond, and so it is here.
//! - Memory is bounded by the impulse and one block per channel, never by the length of the input.
//! - The file at the output's name is whole, or it is what it was before. The input is never written to.
//! - The same input, impulse and settings give the same bytes.
//!
//! Any thread may render, several at once; none of this is for the audio thread.

mod reader;

pub use crate::output::{Existing, Format, OutputFault, Written};
pub use reader::{InputFault, LOUDEST, MAX_CHANNELS, WavReader};

use crate::engine::mixer::{Mix, Mixer};
use crate::engine::{Block, OfflineConvolver, PrepareError};
use crate::loader::{LoaderError, Source};
use crate::output::{Destination, WavWriter};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// What is heard of input and convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Sound {
    /// The convolution itself: no dry, unit gain.
    #[default]
    Raw,
    /// Wet and dry.
    Mixed(Mix),
}

/// How long the output goes on after the input has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Tail {
    /// To the end of the impulse: N + M − 1 frames for N of input and M of impulse, and the pre-delay.
    #[default]
    Full,
    /// Not at all: N frames.
    None,
    /// So many seconds, 0 or more, whether sound is left or not.
    Seconds(f64),
}

/// How a file is rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    /// What is heard.
    pub sound: Sound,
    /// How it ends.
    pub tail: Tail,
    /// How it is written.
    pub format: Format,
}

/// One file to render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The WAV file to read.
    pub input: PathBuf,
    /// The WAV file to make.
    pub output: PathBuf,
    /// What happens if it is there already.
    pub existing: Existing,
}

/// How the outside watches a render and ends it.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Once true, every render stops at its next block.
    pub stop: &'a AtomicBool,
    /// Told of more frames to come.
    pub expected: &'a (dyn Fn(u64) + Sync),
    /// Told of frames done.
    pub done: &'a (dyn Fn(u64) + Sync),
}

impl Watch<'static> {
    /// Watches nothing and never stops.
    pub fn nothing() -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self {
            stop: &NEVER,
            expected: &|_| {},
            done: &|_| {},
        }
    }
}

/// What a render did.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Frames of the input.
    pub input_frames: u64,
    /// What was written.
    pub written: Written,
    /// Samples of the input that were NaN, infinite or absurdly loud and were taken as zero.
    pub replaced: u64,
    /// Gain that normalising the impulse took, in dB.
    pub impulse_gain_db: f64,
    /// Time taken, files included.
    pub took: Duration,
}

/// Why a file was not rendered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The input cannot be read.
    #[error("{}: {fault}", path.display())]
    Input {
        /// The input.
        path: PathBuf,
        /// What is wrong with it.
        fault: InputFault,
    },
    /// The impulse does not go with the input.
    #[error(transparent)]
    Impulse(#[from] LoaderError),
    /// The engine cannot take the impulse.
    #[error("{name}: {fault}")]
    Prepare {
        /// The impulse.
        name: String,
        /// What is wrong with it.
        fault: PrepareError,
    },
    /// The output cannot be written.
    #[error("{}: {fault}", path.display())]
    Output {
        /// The output.
        path: PathBuf,
        /// What is wrong with it.
        fault: OutputFault,
    },
    /// The outside asked to stop.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

/// Renders one file.
///
/// Errors: every [`RenderError`]. Whatever the error, no file is left and none is changed.
pub fn render(
    job: &Job,
    source: &Source,
    settings: &Settings,
    watch: Watch<'_>,
) -> Result<Report, RenderError> {
    let start = Instant::now();
    if watch.stop.load(Ordering::Relaxed) {
        return Err(RenderError::Interrupted);
    }
    let bad_input = |fault| RenderError::Input {
        path: job.input.clone(),
        fault,
    };
    let bad_output = |fault| RenderError::Output {
        path: job.output.clone(),
        fault,
    };
    let mut reader = WavReader::open(&job.input).map_err(bad_input)?;
    let destination =
        Destination::check(&job.output, &[&job.input], job.existing).map_err(bad_output)?;
    let (inputs, rate) = (reader.channels(), reader.sample_rate());
    let fitted = source.fit(inputs, rate)?;
    let outputs = fitted.routing.outputs();
    let (delay, mut mixer, predelay) = match settings.sound {
        Sound::Raw => (fitted.delay, None, 0),
        // As it is played live, where nothing can be taken off.
        Sound::Mixed(mix) => (
            0,
            Some(Mixer::new(outputs, rate, mix)),
            mix.predelay_samples(rate),
        ),
    };
    let ringing = (fitted.impulse.frames().saturating_sub(1 + delay) + predelay) as u64;
    let tail = match settings.tail {
        Tail::Full => ringing,
        Tail::None => 0,
        Tail::Seconds(seconds) => (seconds.max(0.0) * f64::from(rate)).round() as u64,
    };
    let input_frames = reader.frames();
    let frames = input_frames.saturating_add(tail);
    let mut writer = WavWriter::create(destination, settings.format, outputs, rate, frames, &[])
        .map_err(bad_output)?;
    let mut convolver =
        OfflineConvolver::new(&fitted.routing, &fitted.responses()).map_err(|fault| {
            RenderError::Prepare {
                name: fitted.impulse.name.clone(),
                fault,
            }
        })?;

    // The convolver runs `delay` frames ahead of the output. Its input stands behind as many frames
    // of history, so that the dry is found that much earlier in the same buffer.
    let block = convolver.block_frames();
    let mut sound = vec![vec![0.0_f32; delay + block]; inputs];
    let mut wet = vec![vec![0.0_f32; block]; outputs];
    let end = frames.saturating_add(delay as u64);
    (watch.expected)(end);
    // Where the convolution has ended; what a transform leaves beyond it is rounding, not sound.
    let sounding = input_frames.saturating_add(fitted.impulse.frames().saturating_sub(1) as u64);
    let mut at = 0;
    while at < end {
        if watch.stop.load(Ordering::Relaxed) {
            return Err(RenderError::Interrupted);
        }
        let now = usize::try_from(end - at).map_or(block, |left| left.min(block));
        let mut fresh: Vec<&mut [f32]> = sound
            .iter_mut()
            .map(|channel| &mut channel[delay..delay + now])
            .collect();
        let read = reader.read(&mut fresh).map_err(bad_input)?;
        for channel in &mut fresh {
            channel[read..].fill(0.0);
        }
        let ahead: Vec<&[f32]> = slices(&sound, delay, delay + now);
        convolver.process(&mut Block::new(&ahead, &mut slices_mut(&mut wet, 0, now)));
        let heard = usize::try_from(sounding.saturating_sub(at)).map_or(now, |left| left.min(now));
        for channel in &mut wet {
            channel[heard..now].fill(0.0);
        }
        // Before the output's first frame only the resampling filter rings.
        let skip =
            usize::try_from((delay as u64).saturating_sub(at)).map_or(now, |left| left.min(now));
        if let Some(mixer) = &mut mixer {
            let dry = slices(&sound, skip, now);
            mixer.process(&mut Block::new(&dry, &mut slices_mut(&mut wet, skip, now)));
        }
        writer.write(&slices(&wet, skip, now)).map_err(bad_output)?;
        for channel in &mut sound {
            channel.copy_within(now..now + delay, 0);
        }
        at += now as u64;
        (watch.done)(now as u64);
    }
    if watch.stop.load(Ordering::Relaxed) {
        return Err(RenderError::Interrupted);
    }
    let written = writer.finish().map_err(bad_output)?;
    Ok(Report {
        sample_rate: rate,
        inputs,
        outputs,
        input_frames,
        written,
        replaced: reader.replaced(),
        impulse_gain_db: fitted.gain_db,
        took: start.elapsed(),
    })
}

fn slices(channels: &[Vec<f32>], from: usize, to: usize) -> Vec<&[f32]> {
    channels.iter().map(|channel| &channel[from..to]).collect()
}

fn slices_mut(channels: &mut [Vec<f32>], from: usize, to: usize) -> Vec<&mut [f32]> {
    let channels = channels.iter_mut();
    channels.map(|channel| &mut channel[from..to]).collect()
}

/// Renders all `jobs`, `at_once` of them at a time (at least one), each with its own memory. Every one
/// is tried, whatever becomes of the others. `each` is told as they end, from several threads; the
/// results come in the jobs' order.
pub fn render_all(
    jobs: &[Job],
    at_once: usize,
    source: &Source,
    settings: &Settings,
    watch: Watch<'_>,
    each: &(dyn Fn(&Job, &Result<Report, RenderError>) + Sync),
) -> Vec<Result<Report, RenderError>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut ended = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else {
                return ended;
            };
            let result = render(job, source, settings, watch);
            each(job, &result);
            ended.push((index, result));
        }
    };
    let threads = at_once.clamp(1, jobs.len().max(1));
    let mut ended: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut ended = work();
        for other in others {
            match other.join() {
                Ok(more) => ended.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        ended
    });
    ended.sort_by_key(|(index, _)| *index);
    ended.into_iter().map(|(_, result)| result).collect()
}

/// Where in `folder` the render of `input` goes: the same name, ending in `.wav`.
pub fn output_in(folder: &Path, input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or(input.as_os_str()).to_owned();
    name.push(".wav");
    folder.join(name)
}

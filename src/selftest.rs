//! One sound, proven on the machine it runs on: what plays live is what is rendered, and a change of the impulse follows
//! its rule.
//!
//! - [`null`] takes a short sound through the [`Processor`](crate::processor::Processor) of the live front ends, in blocks
//!   of several lengths, and through [`render`](crate::render::render), file to file. What is left of their difference
//!   must be below [`NULL_DB`].
//! - [`change`] exchanges the impulse in the middle, through the loader's hand-over. The difference from the rule of
//!   `engine/crossfade.rs`, worked out in f64, must be below [`CHANGE_DB`].
//! - [`soak`] does both for as long as one likes, with everything else that a user can do in between.
//!
//! A residue is the RMS of the difference over the RMS of the sound, in dB.

mod live;
pub mod soak;
mod sound;

use crate::engine::mixer::Mix;
use crate::engine::{Change, FADE_FRAMES, LEAD_FRAMES, PrepareError, fft};
use crate::impulse::library;
use crate::loader::thread::{Format, Impulse, ReadyError, Wanted};
use crate::loader::{Fitted, LoaderError, Source};
use crate::output::{Destination, Existing, OutputFault, WavWriter};
use crate::params::{Id, Slots, Values};
use crate::preset;
use crate::render::{self, InputFault, Job, RenderError, Settings, Sound, Tail, Watch, WavReader};
use live::Live;
use std::path::Path;
use thiserror::Error;

/// What may be left of live against rendered, in dB: the engine promises this much against exact arithmetic.
pub const NULL_DB: f64 = -120.0;

/// What may be left of a change against its rule, in dB.
pub const CHANGE_DB: f64 = -110.0;

/// Sample rates, in Hz.
pub const RATES: [u32; 3] = [44_100, 48_000, 96_000];

/// Seconds that are listened to after the sound has ended.
pub const TAIL_SECONDS: f64 = 2.0;

/// Block lengths of the live path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// All of that length.
    Every(usize),
    /// From 1 to 1024, the same ones every time.
    Random,
}

impl Blocks {
    /// Those that hosts use, one that divides nothing, and all mixed.
    pub const ALL: [Self; 5] = [
        Self::Every(32),
        Self::Every(64),
        Self::Every(441),
        Self::Every(1024),
        Self::Random,
    ];

    fn lengths(self) -> impl FnMut() -> usize {
        let mut noise = sound::Noise::new(5);
        move || match self {
            Self::Every(length) => length,
            Self::Random => 1 + (noise.next() >> 54) as usize,
        }
    }
}

impl std::fmt::Display for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Every(length) => f.pad(&length.to_string()),
            Self::Random => f.pad("random"),
        }
    }
}

/// What is tested: the parameters, as a session holds them.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What people call it.
    pub name: String,
    /// Its parameters. The slot holds a factory impulse.
    pub values: Values,
}

impl Subject {
    fn wanted(&self) -> Result<Wanted, SelftestError> {
        let name = Slots::factory(self.values.slot());
        let name = name.ok_or_else(|| SelftestError::NoImpulse(self.name.clone()))?;
        Ok(Wanted {
            impulse: Impulse::Factory(name),
            shape: self.values.shape(),
        })
    }

    fn mix(&self) -> Mix {
        self.values.mix(None)
    }

    fn source(&self) -> Result<Source, SelftestError> {
        let wanted = self.wanted()?;
        let Impulse::Factory(name) = wanted.impulse else {
            return Err(SelftestError::NoImpulse(self.name.clone()));
        };
        let impulse = library::find(name)
            .map_err(|unknown| LoaderError::from(library::ResolveError::from(unknown)))?;
        let impulse = impulse.load().map_err(LoaderError::from)?;
        Ok(Source::new(impulse, &wanted.shape).map_err(LoaderError::from)?)
    }
}

/// Everything that is in the program: every factory impulse, wet only, and every factory preset.
pub fn subjects() -> Vec<Subject> {
    let in_slot = |name: &str, impulse: &str, mut values: Values| {
        values.set(Id::Impulse, Slots::of_factory(impulse)? as f32);
        Some(Subject {
            name: name.to_owned(),
            values,
        })
    };
    let impulses = library::factory().iter().filter_map(|impulse| {
        let mut values = Values::default();
        values.set(Id::Mix, 100.0);
        in_slot(impulse.name, impulse.name, values)
    });
    let presets = preset::factory().iter().filter_map(|preset| {
        let impulse = preset.impulse.as_ref()?;
        in_slot(&preset.name, &impulse.name, preset.values())
    });
    impulses.chain(presets).collect()
}

/// Why it cannot be tested.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SelftestError {
    /// Its slot is empty.
    #[error("{0}: expected a factory impulse in its slot, and there is none")]
    NoImpulse(String),
    /// It cannot be loaded.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// It cannot be made ready for playing.
    #[error(transparent)]
    Ready(#[from] ReadyError),
    /// The engine cannot take it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// No room for the files of a render.
    #[error("a folder for temporary files: {0}")]
    Folder(#[from] std::io::Error),
    /// The sound cannot be written for the renderer.
    #[error("a temporary file: {0}")]
    Write(#[from] OutputFault),
    /// What was rendered cannot be read again.
    #[error("a rendered file: {0}")]
    Read(#[from] InputFault),
    /// The system has no thread left for a loader.
    #[error("the loader's thread: {0}")]
    Thread(std::io::Error),
}

/// The residue of the live path against the renderer, in dB, for each of `blocks`. The sound lasts `seconds`.
///
/// Errors: every [`SelftestError`].
pub fn null(
    subject: &Subject,
    sample_rate: u32,
    seconds: f64,
    blocks: &[Blocks],
) -> Result<Vec<f64>, SelftestError> {
    let mut x = sound::stereo(sample_rate, seconds);
    let source = subject.source()?;
    let want = rendered(subject, &source, sample_rate, &x)?;
    let frames = want.first().map_or(0, Vec::len);
    for channel in &mut x {
        channel.resize(frames, 0.0);
    }
    let mut residues = Vec::new();
    for blocks in blocks {
        let mut live = Live::new(subject.wanted()?, subject.mix(), format(sample_rate))?;
        let got = live.play(&x, blocks.lengths());
        let got: Vec<_> = got.iter().map(Vec::as_slice).collect();
        residues.push(residue_db(&got, &want));
    }
    Ok(residues)
}

/// The residue of a change from `before` to `after` in the middle of the sound against the rule, in dB. Both are heard wet
/// only.
///
/// Errors: every [`SelftestError`].
pub fn change(
    before: &Subject,
    after: &Subject,
    sample_rate: u32,
    seconds: f64,
    blocks: Blocks,
) -> Result<f64, SelftestError> {
    let mut x = sound::stereo(sample_rate, seconds);
    let frames = x[0].len();
    // At no boundary of any partition.
    let at = frames / 2 + 7;
    let tail = (TAIL_SECONDS * f64::from(sample_rate)) as usize;
    for channel in &mut x {
        channel.resize(frames + tail, 0.0);
    }
    let mut live = Live::new(before.wanted()?, Mix::NEUTRAL, format(sample_rate))?;
    let first: Vec<Vec<f32>> = x.iter().map(|x| x[..at].to_vec()).collect();
    let second: Vec<Vec<f32>> = x.iter().map(|x| x[at..].to_vec()).collect();
    let mut got = live.play(&first, blocks.lengths());
    live.change(&after.wanted()?, Change::New)?;
    for (got, more) in got.iter_mut().zip(live.play(&second, blocks.lengths())) {
        got.extend(more);
    }
    let fade = FADE_FRAMES as f64 * f64::from(sample_rate) / 48_000.0;
    let rising = rise(at + LEAD_FRAMES, fade as usize, frames + tail);
    let falling: Vec<f64> = rising.iter().map(|w| 1.0 - w).collect();
    let mut want = vec![vec![0.0; frames + tail]; 2];
    for (subject, weights) in [(before, falling), (after, rising)] {
        add_weighed(
            &subject.source()?.fit(2, sample_rate)?,
            &x,
            &weights,
            &mut want,
        );
    }
    let got: Vec<&[f32]> = got.iter().map(Vec::as_slice).collect();
    Ok(residue_db(&got, &want))
}

fn format(sample_rate: u32) -> Format {
    Format {
        sample_rate,
        inputs: 2,
        outputs: 2,
    }
}

/// What the renderer makes of `x`, from file to file.
fn rendered(
    subject: &Subject,
    source: &Source,
    sample_rate: u32,
    x: &[Vec<f32>],
) -> Result<Vec<Vec<f64>>, SelftestError> {
    let folder = tempfile::tempdir()?;
    let job = Job {
        input: folder.path().join("in.wav"),
        output: folder.path().join("out.wav"),
        existing: Existing::Keep,
    };
    write(&job.input, sample_rate, x)?;
    let settings = Settings {
        sound: Sound::Mixed(subject.mix()),
        tail: Tail::Seconds(TAIL_SECONDS),
        format: render::Format::F32,
    };
    render::render(&job, source, &settings, Watch::nothing())?;
    let mut reader = WavReader::open(&job.output)?;
    let frames = reader.frames() as usize;
    let mut channels = vec![vec![0.0f32; frames]; reader.channels()];
    let mut slices: Vec<&mut [f32]> = channels.iter_mut().map(Vec::as_mut_slice).collect();
    reader.read(&mut slices)?;
    let wide = |channel: Vec<f32>| channel.into_iter().map(f64::from).collect();
    Ok(channels.into_iter().map(wide).collect())
}

fn write(path: &Path, sample_rate: u32, x: &[Vec<f32>]) -> Result<(), SelftestError> {
    let destination = Destination::check(path, &[], Existing::Keep)?;
    let frames = x[0].len() as u64;
    let format = render::Format::F32;
    let mut writer = WavWriter::create(destination, format, x.len(), sample_rate, frames, &[])?;
    let channels: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
    writer.write(&channels)?;
    writer.finish()?;
    Ok(())
}

/// w of the rule: a raised cosine of `fade` samples that begins at sample `at`.
fn rise(at: usize, fade: usize, frames: usize) -> Vec<f64> {
    let weight = |t: usize| match t.checked_sub(at) {
        None => 0.0,
        Some(since) if since < fade => {
            0.5 - 0.5 * (std::f64::consts::PI * (since as f64 + 0.5) / fade as f64).cos()
        }
        Some(_) => 1.0,
    };
    (0..frames).map(weight).collect()
}

/// Adds h * (x·weights) to `sum`, in f64.
fn add_weighed(fitted: &Fitted, x: &[Vec<f32>], weights: &[f64], sum: &mut [Vec<f64>]) {
    let responses = fitted.responses();
    for path in fitted.routing.paths() {
        let heard = x[path.input].iter().zip(weights);
        let heard: Vec<f64> = heard.map(|(&x, w)| f64::from(x) * w).collect();
        let response = responses[path.response].iter();
        let response: Vec<f64> = response.map(|&h| f64::from(h)).collect();
        let part = fft::convolve(&heard, &response);
        for (sum, part) in sum[path.output].iter_mut().zip(part) {
            *sum += part;
        }
    }
}

/// RMS of the difference over that of what was wanted, in dB. Another number of channels or samples, or a number that is
/// none, is as different as can be.
fn residue_db(got: &[&[f32]], want: &[Vec<f64>]) -> f64 {
    let (mut error, mut power) = (0.0, 0.0);
    let alike = |(got, want): (&&[f32], &Vec<f64>)| got.len() == want.len();
    if got.len() != want.len() || !got.iter().zip(want).all(alike) {
        return f64::INFINITY;
    }
    for (got, want) in got.iter().zip(want) {
        for (&got, &want) in got.iter().zip(want) {
            error += (f64::from(got) - want).powi(2);
            power += want * want;
        }
    }
    match error / power {
        ratio if ratio.is_nan() => f64::INFINITY,
        ratio => 10.0 * ratio.log10(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_residue_sees_what_differs() {
        let want = vec![vec![1.0, -1.0, 0.5]];
        let of = |got: &[f32]| residue_db(&[got], &want);
        assert_eq!(of(&[1.0, -1.0, 0.5]), f64::NEG_INFINITY);
        assert!((of(&[1.0, -1.0, 0.5015]) + 60.0).abs() < 0.1);
        assert_eq!(of(&[1.0, -1.0]), f64::INFINITY);
        assert_eq!(of(&[1.0, f32::NAN, 0.5]), f64::INFINITY);
        assert_eq!(residue_db(&[], &want), f64::INFINITY);
        // Silence proves nothing.
        assert_eq!(residue_db(&[&[0.0]], &[vec![0.0]]), f64::INFINITY);
    }

    #[test]
    fn another_impulse_is_no_null() {
        let subjects = subjects();
        let named = |name: &str| subjects.iter().find(|subject| subject.name == name);
        let (room, plate) = (named("room").expect("room"), named("plate").expect("plate"));
        let x = sound::stereo(48_000, 0.1);
        let source = plate.source().expect("loads");
        let want = rendered(plate, &source, 48_000, &x).expect("renders");
        let mut x = x;
        x.iter_mut().for_each(|x| x.resize(want[0].len(), 0.0));
        let wanted = room.wanted().expect("an impulse");
        let mut live = Live::new(wanted, room.mix(), format(48_000)).expect("plays");
        let got = live.play(&x, || 64);
        let got: Vec<&[f32]> = got.iter().map(Vec::as_slice).collect();
        assert!(residue_db(&got, &want) > -20.0);
    }
}

//! Rooms in series: one impulse that is two, one after the other, (f*g)(c) = Σ f(a) · g(c − a).
//!
//! Guaranteed: playing through the result is playing through the first and its output through the second, below
//! −120 dB. Both are taken to the higher of their rates, which loses nothing. The end is cut where, in every channel,
//! what is left is [`END_DB`] below the channel.
//!
//! # What leads where
//!
//! Each impulse is a matrix of responses from its inputs to its outputs; the result is their matrix product, outputs
//! of the first meeting inputs of the second.
//!
//! | first \ second | mono | stereo | true stereo | matrix of n inputs | matrix, c channels |
//! |---|---|---|---|---|---|
//! | mono | mono | stereo | true stereo | matrix of n inputs | matrix: each channel |
//! | stereo | stereo | stereo: L·L, R·R | true stereo | n = 2 | c = 2: each its own; c = 2 p: 2 to p |
//! | true stereo | true stereo | true stereo | true stereo: LL·LL + LR·RL, … | n = 2 | as above |
//! | matrix of m inputs | matrix of m inputs | of 2 outputs | of 2 outputs | n = its outputs | as above, its outputs for 2 |
//! | matrix, c channels | matrix: each channel | c = 2: each its own; c = 2 m: m to 2 | likewise | likewise, n for 2 | as many: each its own |
//!
//! A matrix that does not know its inputs is understood by its neighbour, and of two such each channel meets its own.
//! Two inputs to two outputs are true stereo; only straight paths are stereo, or a plain matrix. What does not fit is
//! an error.

use super::filter::audible;
use super::fourier::{Bins, Fourier};
use super::load::{MAX_CHANNELS, MAX_MAGNITUDE};
use super::resample::{self, Aligned, ResampleError};
use super::{ImpulseResponse, Layout};
use thiserror::Error;

/// What may be cut off the end of a channel, in dB of its energy: 12 dB below what is promised, so that it takes 0.3 dB
/// of the room that the engine's own rounding has.
pub const END_DB: f64 = -132.0;

/// The longest result: 349 s at 48 kHz.
pub const MAX_FRAMES: usize = 1 << 24;

/// The most samples that are transformed, all channels of both impulses and of the result together, each as long as the
/// result.
pub const MAX_TRANSFORMED: usize = 1 << 26;

/// Two impulses in one.
#[derive(Clone, Debug, PartialEq)]
pub struct Chained {
    /// The impulse.
    pub impulse: ImpulseResponse,
    /// Frames by which resampling made it late, usually 0: [`resample::Aligned::delay`] of both.
    pub delay: usize,
}

/// Two impulses that cannot be put in series.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ChainError {
    /// One cannot be taken to the other's rate.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// The outputs of one are not the inputs of the other.
    #[error(
        "expected {second} to take the {outputs} outputs of {first}, but it is {found}; choose impulses that fit, or say --layout"
    )]
    Mismatch {
        /// The first impulse.
        first: String,
        /// Its outputs.
        outputs: String,
        /// The second impulse.
        second: String,
        /// What it takes.
        found: String,
    },
    /// No channel, or no sample.
    #[error("{name}: expected at least one sample, got none; choose another impulse")]
    Empty {
        /// The impulse.
        name: String,
    },
    /// Too long, too many channels, or both.
    #[error(
        "expected a result of at most {MAX_FRAMES} frames and {MAX_CHANNELS} channels, got {frames} frames and {channels} channels; trim the impulses"
    )]
    TooLarge {
        /// Frames.
        frames: usize,
        /// Channels.
        channels: usize,
    },
    /// A sample beyond anything that counts as sound.
    #[error(
        "expected samples within ±{MAX_MAGNITUDE}, got {peak:e}; lower the level of {first} or {second}"
    )]
    TooLoud {
        /// The first impulse.
        first: String,
        /// The second.
        second: String,
        /// The largest magnitude.
        peak: f64,
    },
}

/// What leads where in one impulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paths {
    /// One response for whatever comes.
    Shared,
    /// As many inputs as outputs, each its own.
    Straight(usize),
    /// Every input to every output, source first.
    Full { inputs: usize, outputs: usize },
    /// So many channels, and nobody says which is which.
    Unknown(usize),
}

impl Paths {
    fn of(impulse: &ImpulseResponse) -> Self {
        let channels = impulse.channels.len();
        match impulse.layout {
            _ if channels == 1 => Self::Shared,
            Layout::Mono => Self::Unknown(channels),
            Layout::Stereo if channels == 2 => Self::Straight(2),
            Layout::TrueStereo if channels == 4 => Self::Full {
                inputs: 2,
                outputs: 2,
            },
            Layout::MatrixOf { inputs } if channels.is_multiple_of(usize::from(inputs).max(1)) => {
                let inputs = usize::from(inputs).max(1);
                Self::Full {
                    inputs,
                    outputs: channels / inputs,
                }
            }
            _ => Self::Unknown(channels),
        }
    }

    fn inputs(self) -> Option<usize> {
        match self {
            Self::Straight(inputs) | Self::Full { inputs, .. } => Some(inputs),
            Self::Shared | Self::Unknown(_) => None,
        }
    }

    fn outputs(self) -> Option<usize> {
        match self {
            Self::Straight(outputs) | Self::Full { outputs, .. } => Some(outputs),
            Self::Shared | Self::Unknown(_) => None,
        }
    }

    /// Which channel leads from `input` to `output`.
    fn channel(self, input: usize, output: usize) -> Option<usize> {
        match self {
            Self::Shared => (input == output).then_some(0),
            Self::Straight(_) | Self::Unknown(_) => (input == output).then_some(input),
            Self::Full { outputs, .. } => Some(input * outputs + output),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Shared => "mono".to_owned(),
            Self::Straight(sides) => format!("{sides} channels, each its own"),
            Self::Full { inputs, outputs } => format!("{inputs} inputs to {outputs} outputs"),
            Self::Unknown(channels) => format!("a matrix of {channels} channels"),
        }
    }
}

/// Both, understood by each other.
fn fit(first: Paths, second: Paths) -> Option<(Paths, Paths)> {
    use Paths::{Full, Shared, Straight, Unknown};
    match (first, second) {
        (Shared, _) | (_, Shared) => Some((first, second)),
        (Unknown(a), Unknown(b)) => (a == b).then_some((Straight(a), Straight(b))),
        (Unknown(channels), known) => {
            let outputs = known.inputs()?;
            if channels == outputs {
                return Some((Straight(channels), known));
            }
            let inputs = channels / outputs;
            (channels.is_multiple_of(outputs)).then_some((Full { inputs, outputs }, known))
        }
        (known, Unknown(channels)) => {
            let inputs = known.outputs()?;
            if channels == inputs {
                return Some((known, Straight(channels)));
            }
            let outputs = channels / inputs;
            (channels.is_multiple_of(inputs)).then_some((known, Full { inputs, outputs }))
        }
        _ => (first.outputs() == second.inputs()).then_some((first, second)),
    }
}

/// One channel of the result: the sum of channels of the first, each convolved with one of the second.
type Sum = Vec<(usize, usize)>;

/// The channels of the product, and what they are.
fn product(first: Paths, second: Paths) -> (Vec<Sum>, Layout) {
    use Paths::{Full, Shared, Straight, Unknown};
    let (inputs, outputs) = match (first, second) {
        (Shared, Shared) => return (vec![vec![(0, 0)]], Layout::Mono),
        (Shared, Unknown(channels)) => {
            return (
                (0..channels).map(|c| vec![(0, c)]).collect(),
                Layout::Matrix,
            );
        }
        (Unknown(channels), Shared) => {
            return (
                (0..channels).map(|c| vec![(c, 0)]).collect(),
                Layout::Matrix,
            );
        }
        (Shared, other) | (other, Shared) => (other.inputs(), other.outputs()),
        _ => (first.inputs(), second.outputs()),
    };
    let (inputs, outputs) = (inputs.unwrap_or(1), outputs.unwrap_or(1));
    let between = match (first, second) {
        (Shared, _) => inputs,
        _ => first.outputs().unwrap_or(outputs),
    };
    let sum = |input, output| -> Sum {
        let paths = (0..between).filter_map(|middle| {
            Some((
                first.channel(input, middle)?,
                second.channel(middle, output)?,
            ))
        });
        paths.collect()
    };
    let full = matches!(first, Full { .. }) || matches!(second, Full { .. });
    if !full {
        let layout = match (first, second) {
            (Straight(2), _) | (_, Straight(2)) => Layout::Stereo,
            _ => Layout::Matrix,
        };
        return ((0..inputs).map(|side| sum(side, side)).collect(), layout);
    }
    let layout = match (inputs, outputs) {
        (2, 2) => Layout::TrueStereo,
        _ => Layout::MatrixOf {
            inputs: inputs as u16,
        },
    };
    let pairs = (0..inputs).flat_map(|input| (0..outputs).map(move |output| (input, output)));
    (
        pairs.map(|(input, output)| sum(input, output)).collect(),
        layout,
    )
}

/// `first` and then `second`, as one impulse. Loader thread.
///
/// Errors: every [`ChainError`].
pub fn chain(first: &ImpulseResponse, second: &ImpulseResponse) -> Result<Chained, ChainError> {
    for impulse in [first, second] {
        if impulse.frames() == 0 {
            return Err(ChainError::Empty {
                name: impulse.name.clone(),
            });
        }
    }
    let rate = first.sample_rate.max(second.sample_rate);
    let own = (Paths::of(first), Paths::of(second));
    let (from, to) = fit(own.0, own.1).ok_or_else(|| ChainError::Mismatch {
        first: first.name.clone(),
        outputs: own
            .0
            .outputs()
            .map_or_else(|| own.0.text(), |n| n.to_string()),
        second: second.name.clone(),
        found: own.1.text(),
    })?;
    let (sums, layout) = product(from, to);
    let Aligned {
        impulse: f,
        delay: late,
    } = resample::aligned(first, rate)?;
    let Aligned { impulse: g, delay } = resample::aligned(second, rate)?;
    let frames = f.frames() + g.frames() - 1;
    let transformed = f.channels.len() + g.channels.len() + sums.len();
    if frames > MAX_FRAMES
        || sums.len() > usize::from(MAX_CHANNELS)
        || transformed.saturating_mul(frames) > MAX_TRANSFORMED
    {
        return Err(ChainError::TooLarge {
            frames,
            channels: sums.len(),
        });
    }
    let mut channels = convolved(&f, &g, &sums, frames);
    let peak = channels
        .iter()
        .flatten()
        .fold(0.0, |peak: f64, x| peak.max(x.abs()));
    if peak > f64::from(MAX_MAGNITUDE) {
        return Err(ChainError::TooLoud {
            first: first.name.clone(),
            second: second.name.clone(),
            peak,
        });
    }
    let needed = channels
        .iter()
        .map(|channel| audible(channel, END_DB))
        .max();
    let needed = needed.unwrap_or(1).max(1);
    channels
        .iter_mut()
        .for_each(|channel| channel.truncate(needed));
    let narrow = |channel: Vec<f64>| channel.into_iter().map(|x| x as f32).collect();
    Ok(Chained {
        impulse: ImpulseResponse {
            name: format!("{} + {}", first.name, second.name),
            sample_rate: rate,
            layout,
            channels: channels.into_iter().map(narrow).collect(),
        },
        delay: late + delay,
    })
}

fn convolved(
    f: &ImpulseResponse,
    g: &ImpulseResponse,
    sums: &[Sum],
    frames: usize,
) -> Vec<Vec<f64>> {
    let fourier = Fourier::new(frames);
    let spectra = |impulse: &ImpulseResponse| -> Vec<Bins> {
        let channels = impulse.channels.iter();
        channels.map(|channel| fourier.spectrum(channel)).collect()
    };
    let (f, g) = (spectra(f), spectra(g));
    let channel = |sum: &Sum| {
        let mut bins = vec![Default::default(); fourier.size() / 2 + 1];
        for (f, g) in sum.iter().map(|(a, b)| (&f[*a], &g[*b])) {
            for (bin, (f, g)) in bins.iter_mut().zip(f.iter().zip(g)) {
                *bin += f * g;
            }
        }
        let mut samples = fourier.signal(bins);
        samples.truncate(frames);
        samples
    };
    sums.iter().map(channel).collect()
}

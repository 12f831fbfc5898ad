//! [`ImpulseResponse`] → WAV file.
//!
//! Guaranteed: what is written, [`load`](super::load) reads again; as [`Format::F32`] to the bit. The file is whole, or
//! what it was before: see [`output`](crate::output). Nothing is clipped: integers beyond full scale are an error that
//! says which gain would fit.

use super::ImpulseResponse;
use super::load::{MAX_CHANNELS, MAX_MAGNITUDE, MAX_SAMPLES, MAX_SECONDS, shown};
use crate::output::{Destination, Pending, WavWriter};
use std::path::{Path, PathBuf};
use thiserror::Error;

pub use crate::output::{Existing, Format, OutputFault};

/// How an impulse is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// The samples. Integers are dithered (TPDF).
    pub format: Format,
    /// What happens to a file of that name.
    pub existing: Existing,
    /// The text of an `iXML` chunk; none is written if it is empty.
    pub ixml: &'a str,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The file.
    pub path: PathBuf,
    /// Channels in it.
    pub channels: usize,
    /// Frames in it.
    pub frames: usize,
    /// The largest sample's magnitude; full scale is 1.
    pub peak: f32,
}

/// An impulse that could not be written, and why. Its text is one line, whatever the file is called.
#[derive(Debug, Error)]
#[error("{file}: {fault}")]
pub struct SaveError {
    /// The file as the user gave it, control characters escaped.
    pub file: String,
    /// What is wrong.
    pub fault: SaveFault,
}

impl SaveError {
    pub(super) fn new(path: &Path, fault: impl Into<SaveFault>) -> Self {
        Self {
            file: shown(&path.display().to_string()),
            fault: fault.into(),
        }
    }
}

/// Why an impulse cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaveFault {
    /// The file cannot be.
    #[error(transparent)]
    Output(#[from] OutputFault),
    /// No channel, no sample, or channels of different lengths.
    #[error(
        "expected channels of one length, at least one sample each, but they have {found}; make it again"
    )]
    Shape {
        /// The lengths, in samples.
        found: String,
    },
    /// More channels than [`load`](super::load) reads.
    #[error(
        "expected at most {MAX_CHANNELS} channels, but there are {channels}; write a jconvolver .conf, or fewer channels"
    )]
    TooManyChannels {
        /// Channels.
        channels: usize,
    },
    /// Longer or larger than [`load`](super::load) reads.
    #[error(
        "expected at most {MAX_SECONDS} s and {MAX_SAMPLES} samples in all channels together, but there are {seconds:.1} s and {samples} samples; trim it"
    )]
    TooLong {
        /// Length.
        seconds: f64,
        /// Samples in all channels.
        samples: u64,
    },
    /// NaN, infinite, or beyond any sound.
    #[error(
        "expected samples within ±{MAX_MAGNITUDE}, but frame {frame} of channel {channel} is {value:e}; lower the level before writing"
    )]
    NotSound {
        /// The sample.
        value: f32,
        /// Frame of the first one, from 0.
        frame: usize,
        /// Its channel, from 1.
        channel: usize,
    },
    /// Louder than integers hold.
    #[error(
        "expected samples within full scale, but the peak is {peak_db:+.2} dBFS, which integers cannot hold; write f32, or take {fits_db:.2} dB of gain first"
    )]
    BeyondFullScale {
        /// The largest magnitude in dBFS, above 0.
        peak_db: f64,
        /// The gain in dB, below 0, rounded down, that would bring it to full scale.
        fits_db: f64,
    },
}

/// Writes `impulse` to a WAV file.
///
/// The header is plain for 16 bits and float in mono and stereo, `WAVE_FORMAT_EXTENSIBLE` otherwise. A sample of exactly 1
/// becomes the largest integer, within a step of it. Errors: every [`SaveFault`]. Loader thread.
pub fn write(
    path: &Path,
    impulse: &ImpulseResponse,
    options: Options<'_>,
) -> Result<Saved, SaveError> {
    let (file, saved) = stage(path, &[], impulse, options)?;
    file.place().map_err(|fault| SaveError::new(path, fault))?;
    Ok(saved)
}

/// As [`write()`], up to the file's name, which none of `inputs` may have: it is complete, under a temporary one.
pub(super) fn stage(
    path: &Path,
    inputs: &[&Path],
    impulse: &ImpulseResponse,
    options: Options<'_>,
) -> Result<(Pending, Saved), SaveError> {
    let fail = |fault| SaveError::new(path, fault);
    check(impulse, options.format).map_err(fail)?;
    let destination = Destination::check(path, inputs, options.existing);
    let destination = destination.map_err(|fault| SaveError::new(path, fault))?;
    let channels: Vec<&[f32]> = impulse.channels.iter().map(Vec::as_slice).collect();
    let write = || {
        let mut writer = WavWriter::create(
            destination,
            options.format,
            channels.len(),
            impulse.sample_rate,
            impulse.frames() as u64,
            &ixml(options.ixml),
        )?;
        writer.write(&channels)?;
        writer.complete()
    };
    let (file, written) = write().map_err(|fault| SaveError::new(path, fault))?;
    Ok((
        file,
        Saved {
            path: path.to_owned(),
            channels: channels.len(),
            frames: impulse.frames(),
            peak: written.peak,
        },
    ))
}

/// The chunk of that text. An odd length is made even by a line's end rather than by a byte that is not counted: hound,
/// for one, stumbles over those.
fn ixml(text: &str) -> Vec<u8> {
    if text.is_empty() {
        return Vec::new();
    }
    let length = text.len().next_multiple_of(2);
    let mut chunk = b"iXML".to_vec();
    // What does not fit 32 bits does not fit the file either: the writer says so.
    chunk.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    chunk.extend(text.bytes());
    chunk.resize(8 + length, b'\n');
    chunk
}

fn check(impulse: &ImpulseResponse, format: Format) -> Result<(), SaveFault> {
    let channels = &impulse.channels;
    let frames = impulse.frames();
    if frames == 0 || channels.iter().any(|channel| channel.len() != frames) {
        let lengths: Vec<_> = channels.iter().map(|it| it.len().to_string()).collect();
        return Err(SaveFault::Shape {
            found: match lengths.as_slice() {
                [] => "no channel at all".to_owned(),
                several => several.join(", "),
            },
        });
    }
    if channels.len() > usize::from(MAX_CHANNELS) {
        return Err(SaveFault::TooManyChannels {
            channels: channels.len(),
        });
    }
    let samples = frames as u64 * channels.len() as u64;
    let longest = u64::from(MAX_SECONDS) * u64::from(impulse.sample_rate);
    if samples > MAX_SAMPLES || frames as u64 > longest {
        return Err(SaveFault::TooLong {
            seconds: impulse.seconds(),
            samples,
        });
    }
    let mut peak = 0.0_f32;
    for (channel, samples) in channels.iter().enumerate() {
        for (frame, &value) in samples.iter().enumerate() {
            if !value.is_finite() || value.abs() > MAX_MAGNITUDE {
                return Err(SaveFault::NotSound {
                    value,
                    frame,
                    channel: channel + 1,
                });
            }
            peak = peak.max(value.abs());
        }
    }
    if format != Format::F32 && peak > 1.0 {
        let peak_db = 20.0 * f64::from(peak).log10();
        return Err(SaveFault::BeyondFullScale {
            peak_db,
            fits_db: (-peak_db * 100.0).floor() / 100.0,
        });
    }
    Ok(())
}

//! WAV bytes → [`ImpulseResponse`].
//!
//! Guaranteed: whatever the bytes, the answer is a non-empty impulse of finite samples or a [`LoadError`];
//! never a panic, and never an allocation that the file's real size does not justify (at most
//! [`MAX_SAMPLES`] samples of four bytes).
//!
//! Read: integers of 8, 16, 24 and 32 bits, 24 bits in 32-bit containers, 32-bit float, plain or
//! `WAVE_FORMAT_EXTENSIBLE`, at any sample rate above zero, 1 to [`MAX_CHANNELS`] channels.
//!
//! The chunks are parsed in `riff`, and [`hound`] is given the samples behind a header written
//! here. hound 3.5.1 alone refuses files that are fine (a padded odd chunk before the data, 32-bit integers in
//! an 18-byte `fmt `, a wrong byte rate) and trusts lengths that are not.

mod fault;
mod riff;

pub(super) use fault::shown;
pub use fault::{Fault, LoadError};

use super::{ImpulseResponse, Layout, packed};
use riff::{Encoding, Header};
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::Path;

/// The most channels a file may have: an 8 × 8 matrix.
pub const MAX_CHANNELS: u16 = 64;

/// The longest impulse, in seconds. The longest decays measured (oil tanks, cisterns) ring for two minutes.
pub const MAX_SECONDS: u32 = 600;

/// The most samples in a file, all channels together: 512 MiB as `f32`, enough for
/// [`MAX_SECONDS`] of true stereo at 48 kHz.
pub const MAX_SAMPLES: u64 = 1 << 27;

/// The largest float sample taken for sound: +120 dBFS. Beyond it the file is not 32-bit float audio,
/// or its scale is such that the output would be noise.
pub const MAX_MAGNITUDE: f32 = 1e6;

/// How the channels of a file are to be understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LayoutChoice {
    /// By their number: 1 mono, 2 stereo, 4 true stereo, anything else a matrix.
    #[default]
    Auto,
    /// Four paths LL, LR, RL, RR. Any other number of channels is an error.
    TrueStereo,
    /// A matrix or independent channels, whatever their number.
    Matrix,
    /// A matrix of so many inputs, packed one after another in time: see [`packed`].
    Mcfx {
        /// Inputs, 1 or more.
        inputs: u16,
    },
}

impl LayoutChoice {
    fn layout(self, channels: u16) -> Result<Layout, Fault> {
        match (self, channels) {
            (Self::Matrix | Self::Mcfx { .. }, _) => Ok(Layout::Matrix),
            (_, 4) => Ok(Layout::TrueStereo),
            (Self::TrueStereo, _) => Err(Fault::NotTrueStereo { channels }),
            (Self::Auto, 1) => Ok(Layout::Mono),
            (Self::Auto, 2) => Ok(Layout::Stereo),
            (Self::Auto, _) => Ok(Layout::Matrix),
        }
    }
}

/// Reads the WAV file at `path`. The impulse is named after the file's stem.
///
/// Errors: every [`Fault`]. Only regular files are opened: a pipe or a device has no length to check. Loader thread.
pub fn read(path: &Path, layout: LayoutChoice) -> Result<ImpulseResponse, LoadError> {
    let shown = path.display().to_string();
    let open = || {
        // Asked before opening: opening a pipe would wait for its writer.
        let kind = fs::metadata(path).map_err(Fault::from)?;
        if kind.is_dir() {
            return Err(Fault::Directory);
        }
        if !kind.is_file() {
            return Err(Fault::NotAFile);
        }
        Ok(BufReader::new(File::open(path).map_err(Fault::from)?))
    };
    let reader = open().map_err(|fault| LoadError::new(&shown, fault))?;
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    read_impulse(reader, &stem.to_string_lossy(), layout)
        .map_err(|fault| LoadError::new(&shown, fault))
}

/// Reads a WAV file that is already in memory; `name` names the impulse, and the file in an error.
///
/// Errors: every [`Fault`] but those of the file system. Loader thread.
pub fn from_bytes(
    name: &str,
    bytes: &[u8],
    layout: LayoutChoice,
) -> Result<ImpulseResponse, LoadError> {
    from_reader(name, Cursor::new(bytes), layout)
}

/// Reads a WAV file from its first byte to its last; `name` names the impulse, and the file in an error.
///
/// Errors: every [`Fault`]. Loader thread.
pub fn from_reader<R: Read + Seek>(
    name: &str,
    reader: R,
    layout: LayoutChoice,
) -> Result<ImpulseResponse, LoadError> {
    read_impulse(reader, name, layout).map_err(|fault| LoadError::new(name, fault))
}

fn read_impulse<R: Read + Seek>(
    mut reader: R,
    name: &str,
    choice: LayoutChoice,
) -> Result<ImpulseResponse, Fault> {
    let header = riff::read_header(&mut reader)?;
    let layout = choice.layout(header.channels)?;
    let channels = decode(reader, &header)?;
    let impulse = ImpulseResponse {
        name: name.to_owned(),
        sample_rate: header.sample_rate,
        layout,
        channels,
    };
    match choice {
        LayoutChoice::Mcfx { inputs } => packed::unpack(&impulse, inputs),
        _ => Ok(impulse),
    }
}

/// Decodes the samples that `reader` stands before. `header` has been checked against the file's real size.
fn decode<R: Read>(reader: R, header: &Header) -> Result<Vec<Vec<f32>>, Fault> {
    let frames = usize::try_from(header.frames).map_err(|_| Fault::OutOfMemory)?;
    let mut channels = vec![Vec::<f32>::new(); usize::from(header.channels)];
    for channel in &mut channels {
        channel
            .try_reserve_exact(frames)
            .map_err(|_| Fault::OutOfMemory)?;
    }
    let source = Cursor::new(header.canonical()).chain(reader);
    let mut wav = hound::WavReader::new(source).map_err(Fault::from_hound)?;
    match header.encoding {
        Encoding::Float32 => {
            let mut samples = wav.samples::<f32>();
            for frame in 0..frames {
                for (channel, buffer) in channels.iter_mut().enumerate() {
                    let value = next(&mut samples)?;
                    check(value, frame, channel)?;
                    buffer.push(value);
                }
            }
        }
        Encoding::Integer { bytes, valid_bits } => {
            let scale = f64::from(1_u32 << (8 * u32::from(bytes) - 1)).recip();
            let mut samples = wav.samples::<i32>();
            // True while the top byte of every sample is empty or repeats the sign.
            let mut low = true;
            for _ in 0..frames {
                for buffer in &mut channels {
                    let value: i32 = next(&mut samples)?;
                    low &= (-(1 << 23)..1 << 24).contains(&value);
                    buffer.push((f64::from(value) * scale) as f32);
                }
            }
            // 24 bits in 32: the format's own text wants them at the top of the container, others write them at
            // the bottom, and hound then leaves the top byte empty. That byte tells: a file at the top would have to
            // stay below −42 dBFS throughout to be mistaken. All of this is exact: 24 bits fit an f32.
            if bytes == 4 && valid_bits <= 24 && low {
                for sample in channels.iter_mut().flatten() {
                    let unsigned = *sample * 256.0;
                    *sample = if unsigned >= 1.0 {
                        unsigned - 2.0
                    } else {
                        unsigned
                    };
                }
            }
        }
    }
    Ok(channels)
}

fn next<S>(samples: &mut impl Iterator<Item = hound::Result<S>>) -> Result<S, Fault> {
    match samples.next() {
        Some(sample) => sample.map_err(Fault::from_hound),
        // Unreachable while the canonical header says the same length; an error costs nothing.
        None => Err(Fault::from(io::Error::from(io::ErrorKind::UnexpectedEof))),
    }
}

fn check(value: f32, frame: usize, channel: usize) -> Result<(), Fault> {
    if !value.is_finite() {
        return Err(Fault::NotFinite {
            value,
            frame,
            channel: channel + 1,
        });
    }
    if value.abs() > MAX_MAGNITUDE {
        return Err(Fault::TooLoud {
            value,
            frame,
            channel: channel + 1,
        });
    }
    Ok(())
}

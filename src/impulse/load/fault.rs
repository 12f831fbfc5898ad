//! Why a file cannot be an impulse, each in one line: what was expected, what was found, what to do.

use super::{MAX_CHANNELS, MAX_MAGNITUDE, MAX_SAMPLES, MAX_SECONDS};
use crate::impulse::jconvolver::ConfLine;
use crate::impulse::packed::MAX_SIDE;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// A file that could not be read, and why. Its text is one line, whatever the file is called.
#[derive(Debug, Error)]
#[error("{file}: {fault}")]
pub struct LoadError {
    /// The file as the user gave it, control characters escaped.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl LoadError {
    pub(super) fn new(file: &str, fault: Fault) -> Self {
        Self {
            file: shown(file),
            fault,
        }
    }
}

/// A name as it may stand in a one-line message: control characters escaped, and what ends a line or turns its direction.
pub(crate) fn shown(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for character in name.chars() {
        let misleads = matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || misleads {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// What can be read, for messages.
const FORMATS: &str = "WAV, AIFF, CAF, FLAC, Ogg Vorbis or MP3";

/// What is wrong with a file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing has that name.
    #[error("expected a sound file, but there is no such file; check the path")]
    Missing,
    /// The name is a folder's.
    #[error("expected a sound file, but this is a folder; name a file inside it")]
    Directory,
    /// A pipe, socket or device.
    #[error(
        "expected a sound file, but this is a pipe or a device, which has no length to check; save it to a file first"
    )]
    NotAFile,
    /// The file may not be read.
    #[error(
        "expected a readable file, but permission is denied; change its permissions or copy it"
    )]
    Permission,
    /// The system failed to read it.
    #[error("expected to read the file, but the system reports: {0}; check the disk and try again")]
    Io(io::Error),
    /// Not one byte.
    #[error("expected a sound file, but the file is empty (0 bytes); export or download it again")]
    Empty,
    /// Some other kind of file.
    #[error("expected {FORMATS}, but this is {found}; convert it to WAV")]
    NotSound {
        /// What it looks like.
        found: &'static str,
    },
    /// The structure of the file contradicts itself.
    #[error("expected a well-formed sound file, but {found}; export it again")]
    Malformed {
        /// The contradiction.
        found: String,
    },
    /// The file ends before its samples do.
    #[error(
        "expected {expected} bytes of samples, but the file ends after {found}; it is truncated: copy or download it again"
    )]
    Truncated {
        /// Bytes the header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A compressed file ends before its sound does.
    #[error(
        "expected {expected} frames of sound, but the file has {found}; it is damaged or truncated: copy or download it again"
    )]
    Short {
        /// Frames the header promises.
        expected: u64,
        /// Frames that are there.
        found: u64,
    },
    /// A header without a single sample.
    #[error("expected at least one frame of sound, but the file has none; export it again")]
    NoFrames,
    /// More channels than a matrix may have.
    #[error(
        "expected 1 to {MAX_CHANNELS} channels, but the file has {channels}; split it into smaller files"
    )]
    TooManyChannels {
        /// Channels in the header.
        channels: u16,
    },
    /// True stereo was asked for.
    #[error(
        "expected 4 channels for true stereo (LL, LR, RL, RR), but the file has {channels}; choose another layout or file"
    )]
    NotTrueStereo {
        /// Channels in the header.
        channels: u16,
    },
    /// Not a whole number of frames for each input of a packed matrix.
    #[error(
        "expected the responses of {inputs} inputs one after another, all of one length, but the file has {frames} frames; give another number of inputs, 1 to {MAX_SIDE}"
    )]
    NotPacked {
        /// Frames in the file.
        frames: usize,
        /// Inputs asked for.
        inputs: u16,
    },
    /// A line of a jconvolver `.conf` cannot be followed.
    #[error(transparent)]
    Conf(Box<ConfLine>),
    /// Stereo was asked for.
    #[error("expected 2 channels for stereo, but the file has {channels}; choose another layout")]
    NotStereo {
        /// Channels in the header.
        channels: u16,
    },
    /// Two files that by name are the two halves of a true-stereo impulse, and are not.
    #[error(
        "expected the other half of a true-stereo impulse in {}, but {found}; --layout stereo reads this file alone", shown(&other.display().to_string())
    )]
    NotAPair {
        /// The other file.
        other: PathBuf,
        /// How they differ, or why the other cannot be read.
        found: String,
    },
    /// Longer than any impulse.
    #[error("expected at most {MAX_SECONDS} s, but the file lasts {seconds:.1} s; trim it")]
    TooLong {
        /// Length of the file.
        seconds: f64,
    },
    /// More samples than memory should be spent on.
    #[error(
        "expected at most {MAX_SAMPLES} samples in all channels together, but the file has {samples}; trim it, or take fewer channels"
    )]
    TooLarge {
        /// Samples in all channels.
        samples: u64,
    },
    /// A compressed or exotic format.
    #[error(
        "expected integers of 8 to 32 bits, float of 32 or 64, FLAC, Vorbis or MP3, but the samples are {found}; convert the file to WAV"
    )]
    Format {
        /// The format, by name or tag.
        found: String,
    },
    /// A sample is NaN or infinite.
    #[error(
        "expected finite samples, but frame {frame} of channel {channel} is {value}; export the file again"
    )]
    NotFinite {
        /// NaN or an infinity.
        value: f32,
        /// Frame of the first one, from 0.
        frame: usize,
        /// Its channel, from 1.
        channel: usize,
    },
    /// A sample is beyond any sound.
    #[error(
        "expected samples within ±{MAX_MAGNITUDE}, but frame {frame} of channel {channel} is {value:e}; scale the file to full scale = 1"
    )]
    TooLoud {
        /// The sample.
        value: f32,
        /// Frame of the first one, from 0.
        frame: usize,
        /// Its channel, from 1.
        channel: usize,
    },
    /// Within the limits, but this machine has no room for it.
    #[error(
        "expected room in memory for the file, but there is none; close something or trim the file"
    )]
    OutOfMemory,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Permission,
            io::ErrorKind::IsADirectory => Self::Directory,
            _ => Self::Io(error),
        }
    }
}

impl Fault {
    pub(super) fn malformed(found: impl Into<String>) -> Self {
        Self::Malformed {
            found: found.into(),
        }
    }
}

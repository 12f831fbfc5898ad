//! Sound files → [`ImpulseResponse`].
//!
//! Guaranteed: whatever the bytes, the answer is a non-empty impulse of finite samples or a [`LoadError`];
//! never a panic, and never an allocation that the file's real size does not justify. Samples: at most
//! [`MAX_SAMPLES`] of four bytes, counted while they are decoded (those of a compressed file in buffers that double as
//! they fill; two files that are one impulse, twice). Beside them at most three times the file's size, if it
//! is compressed, and 32 MiB.
//!
//! Read: WAV, AIFF, AIFF-C and CAF with integers of 8, 16, 24 and 32 bits, 24 bits in 32-bit containers and float of 32
//! and 64 bits; FLAC; Ogg Vorbis; MP3. At any sample rate above zero, 1 to [`MAX_CHANNELS`] channels. The format is
//! known by the file's content, never by its name.
//!
//! A path that ends in `.conf` is read as [`jconvolver`] says.
//!
//! The containers of uncompressed samples are parsed here (`riff`, `aiff`, `caf`), each length held against the file's;
//! FLAC, Vorbis and MP3 are decoded by [`symphonia`], behind checks of ours.

mod aiff;
mod caf;
mod codec;
mod fault;
mod flac;
mod kind;
mod layout;
mod mp3;
mod ogg;
pub(super) mod pair;
mod pcm;
mod regular;
mod riff;

pub use codec::decoding;
pub(crate) use fault::shown;
pub use fault::{Fault, LoadError};
pub use kind::FileFormat;
pub use layout::{DirectSound, LayoutChoice, LayoutDecision, LayoutReason};
pub(crate) use regular::names_another_machine;
pub use regular::{NotOpened, open_regular};

use super::ixml::{self, Ixml, IxmlError};
use super::{ImpulseResponse, Layout, jconvolver, packed};
use kind::Shifted;
use pair::Side;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

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

/// An impulse, and what is known about the file it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The impulse.
    pub impulse: ImpulseResponse,
    /// The file's format.
    pub format: FileFormat,
    /// What its channels were taken for, why, and how surely.
    pub layout: LayoutDecision,
    /// What the file's iXML says, of the first file if there are two.
    pub ixml: Option<Ixml>,
    /// The other file, if the impulse lies in two.
    pub partner: Option<PathBuf>,
    /// What the user should know.
    pub notices: Vec<Notice>,
}

/// Something that did not keep a file from being read. Its text is one line.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// Its iXML makes no sense.
    Ixml(IxmlError),
    /// The file beside it that is by name the other half of a true-stereo impulse is not stereo, and was left alone.
    NotStereo {
        /// The other file.
        other: PathBuf,
        /// Its channels.
        channels: usize,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ixml(error) => write!(f, "{error}"),
            Self::NotStereo { other, channels } => write!(
                f,
                "{} beside it has {channels} channels instead of 2: this file was read alone",
                shown(&other.display().to_string())
            ),
        }
    }
}

/// Reads the sound file at `path`, and the other half if it is one half of a true-stereo impulse; or the matrix that a
/// jconvolver `.conf` describes. The impulse is named after the file's stem, for two files after what their stems share.
///
/// Errors: every [`Fault`]. Only regular files are opened: a pipe or a device has no length to check. Loader thread.
pub fn open(path: &Path, choice: LayoutChoice) -> Result<Loaded, LoadError> {
    let told = |path: &Path| {
        let shown = path.display().to_string();
        move |fault| LoadError::new(&shown, fault)
    };
    if jconvolver::is_conf(path) {
        return jconvolver::open(path, choice).map_err(told(path));
    }
    let mut sound = read_file(path).map_err(told(path))?;
    let stem = path
        .file_stem()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    let may_be_half = matches!(choice, LayoutChoice::Auto | LayoutChoice::TrueStereo);
    if may_be_half
        && sound.channels.len() == 2
        && let Some((other, side)) = pair::partner(path)
    {
        let second = read_file(&other).map_err(|fault| {
            let found = format!("it cannot be read ({fault})");
            let other = other.clone();
            told(path)(Fault::NotAPair { other, found })
        })?;
        if second.channels.len() == 2 {
            let name = pair::split(&stem).map_or(&*stem, |(name, _)| name);
            return join(name, sound, second, side, other).map_err(told(path));
        }
        sound.notices.push(Notice::NotStereo {
            other,
            channels: second.channels.len(),
        });
    }
    finish(&stem, sound, choice).map_err(told(path))
}

/// As [`open`], but of audio only, and one file alone: what a `.conf` may name.
pub(super) fn open_alone(path: &Path) -> Result<Loaded, LoadError> {
    let loaded = read_file(path).and_then(|sound| finish("", sound, LayoutChoice::Matrix));
    loaded.map_err(|fault| LoadError::new(&path.display().to_string(), fault))
}

/// As [`open`], for those who want the impulse only. Loader thread.
pub fn read(path: &Path, layout: LayoutChoice) -> Result<ImpulseResponse, LoadError> {
    open(path, layout).map(|loaded| loaded.impulse)
}

/// Reads a sound file that is already in memory; `name` names the impulse, and the file in an error.
///
/// Errors: every [`Fault`] but those of the file system. Loader thread.
pub fn from_bytes(
    name: &str,
    bytes: &[u8],
    layout: LayoutChoice,
) -> Result<ImpulseResponse, LoadError> {
    from_reader(name, Cursor::new(bytes), layout)
}

/// Reads a sound file from its first byte to its last; `name` names the impulse, and the file in an error.
///
/// Errors: every [`Fault`]. Loader thread.
pub fn from_reader<R: Read + Seek>(
    name: &str,
    reader: R,
    layout: LayoutChoice,
) -> Result<ImpulseResponse, LoadError> {
    open_reader(name, reader, layout).map(|loaded| loaded.impulse)
}

/// As [`from_reader`], with what is known about the file. Loader thread.
pub fn open_reader<R: Read + Seek>(
    name: &str,
    reader: R,
    layout: LayoutChoice,
) -> Result<Loaded, LoadError> {
    let loaded = read_sound(reader).and_then(|sound| finish(name, sound, layout));
    loaded.map_err(|fault| LoadError::new(name, fault))
}

/// One file's sound, not yet understood.
struct Sound {
    format: FileFormat,
    sample_rate: u32,
    channels: Vec<Vec<f32>>,
    ixml: Option<Ixml>,
    notices: Vec<Notice>,
}

fn read_file(path: &Path) -> Result<Sound, Fault> {
    read_sound(open_file(path)?)
}

/// Opens a regular file.
pub(super) fn open_file(path: &Path) -> Result<BufReader<File>, Fault> {
    match open_regular(path) {
        Ok(file) => Ok(BufReader::new(file)),
        Err(NotOpened::Directory) => Err(Fault::Directory),
        Err(NotOpened::NotAFile) => Err(Fault::NotAFile),
        Err(NotOpened::Io(error)) => Err(error.into()),
    }
}

fn read_sound<R: Read + Seek>(mut reader: R) -> Result<Sound, Fault> {
    let end = reader.seek(SeekFrom::End(0))?;
    if end == 0 {
        return Err(Fault::Empty);
    }
    let start = kind::beginning(&mut reader, end)?;
    let head = kind::head(&mut reader, start, end)?;
    let format = kind::recognise(&head).map_err(|found| Fault::NotSound { found })?;
    reader.seek(SeekFrom::Start(start))?;
    let end = end - start;
    let mut reader = Shifted {
        inner: reader,
        start,
    };
    let plain = match format {
        FileFormat::Wav => Some(riff::read_header(&mut reader, end)?),
        FileFormat::Aiff => Some(aiff::read_header(&mut reader, end)?),
        FileFormat::Caf => Some((caf::read_header(&mut reader, end)?, None)),
        _ => None,
    };
    if let Some((pcm, text)) = plain {
        let channels = pcm::decode(&mut reader, &pcm)?;
        let mut sound = Sound {
            format,
            sample_rate: pcm.sample_rate,
            channels,
            ixml: None,
            notices: Vec::new(),
        };
        match text.map(|text| ixml::parse(&String::from_utf8_lossy(&text))) {
            Some(Ok(ixml)) => sound.ixml = Some(ixml),
            Some(Err(error)) => sound.notices.push(Notice::Ixml(error)),
            None => {}
        }
        return Ok(sound);
    }
    // Into memory: compressed, the longest sound that may be loaded is shorter than this.
    if end > 4 * MAX_SAMPLES {
        return Err(Fault::TooLarge { samples: end / 4 });
    }
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(end as usize)
        .map_err(|_| Fault::OutOfMemory)?;
    reader.take(end).read_to_end(&mut bytes)?;
    let decoded = match format {
        FileFormat::Flac => flac::decode(&bytes)?,
        FileFormat::OggVorbis => ogg::decode(&bytes)?,
        _ => mp3::decode(&bytes)?,
    };
    if decoded.frames() == 0 {
        return Err(Fault::NoFrames);
    }
    Ok(Sound {
        format,
        sample_rate: decoded.sample_rate,
        channels: decoded.channels,
        ixml: None,
        notices: Vec::new(),
    })
}

fn finish(name: &str, sound: Sound, choice: LayoutChoice) -> Result<Loaded, Fault> {
    let method = sound
        .ixml
        .as_ref()
        .and_then(|ixml| ixml.recording_method.as_ref());
    let mut layout = layout::decide(choice, sound.sample_rate, &sound.channels, method)?;
    let mut impulse = ImpulseResponse {
        name: name.to_owned(),
        sample_rate: sound.sample_rate,
        layout: layout.layout,
        channels: sound.channels,
    };
    if let LayoutChoice::Mcfx { inputs } = choice {
        impulse = packed::unpack(&impulse, inputs)?;
        layout.layout = impulse.layout;
    }
    Ok(Loaded {
        impulse,
        format: sound.format,
        layout,
        ixml: sound.ixml,
        partner: None,
        notices: sound.notices,
    })
}

/// Joins two stereo files. `side` is that of `first`, `other` the path of `second`.
fn join(
    name: &str,
    first: Sound,
    second: Sound,
    side: Side,
    other: PathBuf,
) -> Result<Loaded, Fault> {
    let length = |sound: &Sound| sound.channels[0].len();
    let differ = if first.sample_rate != second.sample_rate {
        Some(format!(
            "this file has {} Hz, and that one {} Hz",
            first.sample_rate, second.sample_rate
        ))
    } else if length(&first) != length(&second) {
        Some(format!(
            "this file has {} frames, and that one {}",
            length(&first),
            length(&second)
        ))
    } else {
        None
    };
    if let Some(found) = differ {
        return Err(Fault::NotAPair { other, found });
    }
    // Twice two channels within the limit each may be beyond it together.
    has_room(4, first.sample_rate, length(&first) as u64)?;
    let (mut channels, right) = match side {
        Side::Left => (first.channels, second.channels),
        Side::Right => (second.channels, first.channels),
    };
    channels.extend(right);
    let mut notices = first.notices;
    notices.extend(second.notices);
    Ok(Loaded {
        impulse: ImpulseResponse {
            name: name.to_owned(),
            sample_rate: first.sample_rate,
            layout: Layout::TrueStereo,
            channels,
        },
        format: first.format,
        layout: LayoutDecision {
            layout: Layout::TrueStereo,
            confidence: 1.0,
            reason: LayoutReason::Pair,
        },
        ixml: first.ixml,
        partner: Some(other),
        notices,
    })
}

/// Checks what a header says first.
fn fits(channels: u16, sample_rate: u32) -> Result<(), Fault> {
    if channels == 0 {
        return Err(Fault::malformed("its header says zero channels"));
    }
    if channels > MAX_CHANNELS {
        return Err(Fault::TooManyChannels { channels });
    }
    if sample_rate == 0 {
        return Err(Fault::malformed("its header says a sample rate of 0 Hz"));
    }
    Ok(())
}

/// Checks a length in frames.
fn has_room(channels: u16, sample_rate: u32, frames: u64) -> Result<(), Fault> {
    let samples = frames.saturating_mul(u64::from(channels));
    if frames > u64::from(MAX_SECONDS) * u64::from(sample_rate) {
        return Err(Fault::TooLong {
            seconds: frames as f64 / f64::from(sample_rate),
        });
    }
    if samples > MAX_SAMPLES {
        return Err(Fault::TooLarge { samples });
    }
    Ok(())
}

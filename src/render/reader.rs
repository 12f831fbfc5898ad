//! A WAV file, read block by block into channels of f32.
//!
//! What is guaranteed: memory is one block, whatever the file's length; every sample that comes out
//! is a number within ±[`LOUDEST`] (anything else becomes zero and is counted); a file that is cut short is an
//! error before anything is rendered, not a shorter result.
//!
//! Read: integers of 8, 16, 24 and 32 bits, 24 bits in 32, floats of 32 and 64 bits, plain and
//! extensible, RF64 and BW64 beyond 4 GB, 1 to [`MAX_CHANNELS`] channels, any rate.
//!
//! Whole blocks of bytes are decoded here, not hound's samples: hound 3.5 refuses 32-bit integers
//! without an extensible header (what scipy writes), 64-bit floats, RF64, and any file with a chunk
//! of odd length before the samples.

use crate::impulse::load::{NotOpened, open_regular};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use thiserror::Error;

/// The most channels an input may have.
pub const MAX_CHANNELS: u16 = 64;

/// The largest magnitude taken for sound, +240 dBFS. The engine draws the same line.
pub const LOUDEST: f32 = 1e12;

/// Why an input cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InputFault {
    /// Nothing has that name.
    #[error("no such file")]
    Missing,
    /// A folder, a pipe or a device.
    #[error("not a regular file; a render needs a WAV file on disk")]
    NotAFile,
    /// The system says no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Some other kind of file.
    #[error("not a WAV file; convert it to WAV first")]
    NotWav,
    /// A WAV file whose header contradicts itself.
    #[error("damaged WAV file: {0}")]
    Malformed(&'static str),
    /// A WAV file with samples of another kind.
    #[error(
        "WAV format {tag:#06x} with {bits} bits is not supported; expected integers of 8 to 32 bits or floats of 32 or 64 bits"
    )]
    Unsupported {
        /// The format's tag in the header.
        tag: u16,
        /// Bits per sample in the header.
        bits: u16,
    },
    /// More channels than [`MAX_CHANNELS`].
    #[error("it has {0} channels; expected 1 to {MAX_CHANNELS}")]
    Channels(u16),
    /// Fewer samples than the header promises.
    #[error("cut short: the header promises {promised} bytes of samples, {found} are there")]
    Truncated {
        /// Bytes by the header.
        promised: u64,
        /// Bytes in the file.
        found: u64,
    },
    /// Not one sample.
    #[error("it has no samples (0 frames)")]
    NoFrames,
}

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    U8,
    I16,
    I24,
    /// 24 bits at the bottom of 32: what ALSA and hound write.
    I24In32,
    I32,
    F32,
    F64,
}

impl Encoding {
    fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I24In32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// What the `fmt ` chunk says.
#[derive(Clone, Copy, Debug)]
struct Format {
    encoding: Encoding,
    channels: usize,
    sample_rate: u32,
    /// 24 valid bits in a container of 32, whose place in it only the samples tell.
    ambiguous: bool,
}

/// A WAV file being read from its first frame to its last.
#[derive(Debug)]
pub struct WavReader {
    file: File,
    format: Format,
    frames: u64,
    left: u64,
    bytes: Vec<u8>,
    replaced: u64,
}

/// Bytes decoded at a time: small enough to stay in the cache between its channels.
const CHUNK_BYTES: usize = 1 << 16;

impl WavReader {
    /// Opens a WAV file and reads its header.
    ///
    /// A length that a streaming writer leaves (0xFFFF_FFFF and the like) means all there is.
    /// Errors: every [`InputFault`].
    pub fn open(path: &Path) -> Result<Self, InputFault> {
        let mut file = open_regular(path).map_err(|error| match error {
            NotOpened::Io(error) if error.kind() == io::ErrorKind::NotFound => InputFault::Missing,
            NotOpened::Io(error) => error.into(),
            NotOpened::Directory | NotOpened::NotAFile => InputFault::NotAFile,
        })?;
        let (format, start, bytes) = read_header(&mut file)?;
        let frame = (format.channels * format.encoding.bytes()) as u64;
        let frames = bytes / frame;
        if frames == 0 {
            return Err(InputFault::NoFrames);
        }
        file.seek(SeekFrom::Start(start))?;
        let per_chunk = (CHUNK_BYTES / frame as usize).max(1);
        let mut reader = Self {
            file,
            format,
            frames,
            left: frames,
            bytes: vec![0; per_chunk * frame as usize],
            replaced: 0,
        };
        if format.ambiguous {
            reader.place_24_in_32(start)?;
        }
        Ok(reader)
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.format.channels
    }

    /// Sample rate in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.format.sample_rate
    }

    /// Length of the whole file in frames; at least one.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Samples that were NaN, infinite or beyond [`LOUDEST`] and have been replaced by zero so far.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Fills the channels with the next frames, as many as the shortest has room for, and gives how
    /// many there were; fewer only at the file's end. What is left of the channels is untouched.
    pub fn read(&mut self, channels: &mut [&mut [f32]]) -> Result<usize, InputFault> {
        let room = channels.iter().map(|channel| channel.len()).min();
        let room = room.unwrap_or(0);
        let frames = usize::try_from(self.left).map_or(room, |left| left.min(room));
        let frame_bytes = self.format.channels * self.format.encoding.bytes();
        let mut done = 0;
        while done < frames {
            let now = (frames - done).min(self.bytes.len() / frame_bytes);
            let bytes = &mut self.bytes[..now * frame_bytes];
            self.file.read_exact(bytes)?;
            for (index, channel) in channels.iter_mut().enumerate() {
                let target = &mut channel[done..done + now];
                self.replaced += decode(bytes, self.format, index, target);
            }
            done += now;
        }
        self.left -= frames as u64;
        Ok(frames)
    }

    /// Says where the 24 bits are: at the top of the container, as the format's text has it, or at
    /// the bottom, where the top byte only repeats the sign. A file with its bits at the top would
    /// have to stay below −48 dBFS throughout to be mistaken.
    fn place_24_in_32(&mut self, start: u64) -> Result<(), InputFault> {
        let mut left = self.frames * self.format.channels as u64 * 4;
        let mut low = true;
        while low && left > 0 {
            let now = left.min(self.bytes.len() as u64) as usize;
            self.file.read_exact(&mut self.bytes[..now])?;
            low = self.bytes[..now].chunks_exact(4).all(|sample| {
                let value = i32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]]);
                (-(1 << 23)..1 << 23).contains(&value)
            });
            left -= now as u64;
        }
        if low {
            self.format.encoding = Encoding::I24In32;
        }
        self.file.seek(SeekFrom::Start(start))?;
        Ok(())
    }
}

/// Decodes one channel of interleaved bytes and gives how many samples were not sound.
fn decode(bytes: &[u8], format: Format, channel: usize, target: &mut [f32]) -> u64 {
    let width = format.encoding.bytes();
    let (stride, offset) = (format.channels * width, channel * width);
    const I32_SCALE: f64 = 1.0 / 2_147_483_648.0;
    match format.encoding {
        Encoding::U8 => each(bytes, stride, offset, target, |[a]: [u8; 1]| {
            (f32::from(a) - 128.0) / 128.0
        }),
        Encoding::I16 => each(bytes, stride, offset, target, |raw| {
            f32::from(i16::from_le_bytes(raw)) / 32_768.0
        }),
        Encoding::I24 => each(bytes, stride, offset, target, |[a, b, c]: [u8; 3]| {
            i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0
        }),
        Encoding::I24In32 => each(bytes, stride, offset, target, |[a, b, c, _]: [u8; 4]| {
            i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0
        }),
        Encoding::I32 => each(bytes, stride, offset, target, |raw| {
            (f64::from(i32::from_le_bytes(raw)) * I32_SCALE) as f32
        }),
        Encoding::F32 => each(bytes, stride, offset, target, f32::from_le_bytes),
        Encoding::F64 => each(bytes, stride, offset, target, |raw| {
            f64::from_le_bytes(raw) as f32
        }),
    }
}

#[inline(always)]
fn each<const N: usize>(
    bytes: &[u8],
    stride: usize,
    offset: usize,
    target: &mut [f32],
    value: impl Fn([u8; N]) -> f32,
) -> u64 {
    let mut bad = 0;
    for (frame, sample) in bytes.chunks_exact(stride).zip(target) {
        let mut raw = [0; N];
        raw.copy_from_slice(&frame[offset..offset + N]);
        let found = value(raw);
        let sound = found.abs() <= LOUDEST;
        bad += u64::from(!sound);
        *sample = if sound { found } else { 0.0 };
    }
    bad
}

/// Lengths from here up, where the file is shorter, stand for "unknown": a writer that cannot seek
/// back leaves 0xFFFF_FFFF (ffmpeg) or about 2³¹ (sox, arecord).
const UNKNOWN_LENGTH: u64 = 0x7FFF_0000;

/// Gives the format, where the samples start and how many bytes of them there are.
fn read_header(file: &mut File) -> Result<(Format, u64, u64), InputFault> {
    let end = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let mut head = [0; 12];
    if end < 12 {
        return Err(InputFault::NotWav);
    }
    file.read_exact(&mut head)?;
    let wide = matches!(&head[..4], b"RF64" | b"BW64");
    if !(wide || &head[..4] == b"RIFF") || &head[8..] != b"WAVE" {
        return Err(InputFault::NotWav);
    }
    let mut position = 12;
    let mut format = None;
    let mut wide_length = None;
    while position + 8 <= end {
        let mut chunk = [0; 8];
        file.read_exact(&mut chunk)?;
        position += 8;
        let length = u64::from(u32_at(&chunk, 4));
        let there = length.min(end - position);
        match &chunk[..4] {
            b"fmt " => format = Some(read_format(file, there)?),
            b"ds64" if there >= 16 => {
                let mut sizes = [0; 16];
                file.read_exact(&mut sizes)?;
                wide_length =
                    Some(u64::from(u32_at(&sizes, 8)) | u64::from(u32_at(&sizes, 12)) << 32);
            }
            b"data" => {
                let format = format.ok_or(InputFault::Malformed("no format before the samples"))?;
                let promised = match wide_length {
                    Some(wide_length) if wide && length == u64::from(u32::MAX) => wide_length,
                    _ => length,
                };
                let found = end - position;
                if promised <= found {
                    return Ok((format, position, promised));
                }
                if !wide && length >= UNKNOWN_LENGTH {
                    return Ok((format, position, found));
                }
                return Err(InputFault::Truncated { promised, found });
            }
            _ => {}
        }
        // A chunk of odd length is followed by a byte that is not counted.
        position = (position + length + (length & 1)).min(end);
        file.seek(SeekFrom::Start(position))?;
    }
    Err(InputFault::Malformed("no samples in it"))
}

fn read_format(file: &mut File, there: u64) -> Result<Format, InputFault> {
    let mut fmt = [0; 40];
    let length = there.min(40) as usize;
    if length < 16 {
        return Err(InputFault::Malformed("the format is too short"));
    }
    file.read_exact(&mut fmt[..length])?;
    let mut tag = u16_at(&fmt, 0);
    let (channels, block, bits) = (u16_at(&fmt, 2), u16_at(&fmt, 12), u16_at(&fmt, 14));
    let mut valid = bits;
    if tag == 0xFFFE && length == 40 {
        // Zero, or more than there are, is found in the wild and means all of them.
        if (1..=bits).contains(&u16_at(&fmt, 18)) {
            valid = u16_at(&fmt, 18);
        }
        tag = u16_at(&fmt, 24);
    }
    if !(1..=MAX_CHANNELS).contains(&channels) {
        return Err(InputFault::Channels(channels));
    }
    let sample_rate = u32_at(&fmt, 4);
    if sample_rate == 0 {
        return Err(InputFault::Malformed("a sample rate of 0 Hz"));
    }
    if block % channels != 0 {
        return Err(InputFault::Malformed("frames that are not whole samples"));
    }
    // Bits that do not fill their container are at its top, so the container is what is decoded.
    let encoding = match (tag, block / channels, bits) {
        (1, 1, 1..=8) => Encoding::U8,
        (1, 2, 9..=16) => Encoding::I16,
        (1, 3, 17..=24) => Encoding::I24,
        (1, 4, 24..=32) => Encoding::I32,
        (3, 4, 32) => Encoding::F32,
        (3, 8, 64) => Encoding::F64,
        _ => return Err(InputFault::Unsupported { tag, bits }),
    };
    Ok(Format {
        encoding,
        channels: usize::from(channels),
        sample_rate,
        ambiguous: encoding == Encoding::I32 && valid <= 24,
    })
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

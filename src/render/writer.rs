//! A WAV file, written block by block under a temporary name.
//!
//! What is guaranteed: until [`WavWriter::finish`] the file at the output's name is what it was
//! before, byte for byte, or is not there. The samples go to a file beside it, which is synced to the
//! disk and renamed at the end. If anything stops the render (an error, a full disk, Ctrl-C), that file is removed.
//! Only a process that is killed outright leaves one behind, named `.partita-….part`.
//!
//! Whole blocks are encoded here, not given to hound sample by sample. The header is plain for
//! 16 bits and float in mono and stereo, `WAVE_FORMAT_EXTENSIBLE` otherwise, with no speaker
//! positions beyond stereo: the channels of a matrix have none.

use super::dither::Tpdf;
use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use thiserror::Error;

/// How samples are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// 32-bit float: nothing is rounded, nothing clips.
    #[default]
    F32,
    /// 24-bit integer, dithered.
    I24,
    /// 16-bit integer, dithered.
    I16,
}

impl Format {
    /// Bytes per sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::I24 => 3,
            Self::I16 => 2,
        }
    }
}

/// What happens to a file that is already there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the render fails.
    #[default]
    Keep,
    /// It is replaced, once the render is complete.
    Replace,
}

/// Why an output cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutputFault {
    /// It is there already.
    #[error("exists already; --force replaces it")]
    Exists,
    /// It is the input.
    #[error("is the input itself; choose another name")]
    IsInput,
    /// A folder, where a file was expected.
    #[error("is a folder; name a file in it, or use --output-dir")]
    IsFolder,
    /// A pipe or a device.
    #[error("is not a regular file; a render is written to a WAV file on disk")]
    NotAFile,
    /// The folder to write to is not there.
    #[error("cannot be written: there is no folder {}; make it first", .0.display())]
    NoFolder(PathBuf),
    /// Longer than the WAV format can say.
    #[error(
        "would have {:.2} GB of samples; a WAV file holds at most 4.29 GB: {advice}", *bytes as f64 / 1e9
    )]
    TooLarge {
        /// Bytes of samples.
        bytes: u64,
        /// What the user can do.
        advice: &'static str,
    },
    /// The system says no.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Written {
    /// Frames in the file.
    pub frames: u64,
    /// The largest sample's magnitude before it was rounded or clipped; full scale is 1.
    pub peak: f32,
    /// Samples that an integer format cannot hold and that were set to full scale; with float, samples
    /// beyond full scale, which the file holds as they are.
    pub over: u64,
}

/// An output with its name checked, and nothing written yet.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    folder: PathBuf,
    existing: Existing,
}

impl Destination {
    /// Checks the name. A link is followed, so that the file it leads to is the one replaced.
    /// Errors: [`OutputFault::Exists`], `IsInput`, `IsFolder`, `NotAFile`, `NoFolder`, `Io`.
    pub fn check(path: &Path, input: &Path, existing: Existing) -> Result<Self, OutputFault> {
        let mut target = path.to_owned();
        match fs::metadata(path) {
            Ok(kind) if kind.is_dir() => return Err(OutputFault::IsFolder),
            Ok(kind) if !kind.is_file() => return Err(OutputFault::NotAFile),
            Ok(_) => {
                target = fs::canonicalize(path)?;
                if fs::canonicalize(input).is_ok_and(|input| input == target) {
                    return Err(OutputFault::IsInput);
                }
                if existing == Existing::Keep {
                    return Err(OutputFault::Exists);
                }
            }
            // A name that ends in a separator names a folder that is not there.
            Err(_) if path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
                return Err(OutputFault::NoFolder(path.to_owned()));
            }
            Err(_) => {}
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if !folder.is_dir() {
            return Err(OutputFault::NoFolder(folder));
        }
        Ok(Self {
            path: target,
            folder,
            existing,
        })
    }
}

/// A WAV file being written.
#[derive(Debug)]
pub struct WavWriter {
    file: NamedTempFile,
    destination: Destination,
    format: Format,
    channels: usize,
    sample_rate: u32,
    dither: Tpdf,
    bytes: Vec<u8>,
    written: Written,
}

/// Bytes encoded at a time: small enough to stay in the cache between channels.
const CHUNK_BYTES: usize = 1 << 16;

/// The largest data chunk: the header and a padding byte must fit the file's 32-bit length too.
const MAX_DATA_BYTES: u64 = u32::MAX as u64 - 128;

impl WavWriter {
    /// Makes the temporary file, for exactly `frames` frames, and writes its header.
    ///
    /// Errors: [`OutputFault::TooLarge`], before anything is made; [`OutputFault::Io`].
    pub fn create(
        destination: Destination,
        format: Format,
        channels: usize,
        sample_rate: u32,
        frames: u64,
    ) -> Result<Self, OutputFault> {
        let frame = (channels * format.bytes()) as u64;
        let data = frames.saturating_mul(frame);
        if data > MAX_DATA_BYTES {
            let advice = match format {
                Format::F32 => "use --format i24 or i16, or split the input",
                _ => "split the input",
            };
            return Err(OutputFault::TooLarge {
                bytes: data,
                advice,
            });
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".partita-").suffix(".part");
        // What any new file of the user's would have; the umask takes its share of it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(&destination.folder)?;
        file.as_file_mut()
            .write_all(&header(format, channels, sample_rate, data, frames))?;
        let per_chunk = (CHUNK_BYTES / frame as usize).max(1);
        Ok(Self {
            file,
            destination,
            format,
            channels,
            sample_rate,
            dither: Tpdf::new(),
            bytes: vec![0; per_chunk * frame as usize],
            written: Written::default(),
        })
    }

    /// Writes one block: as many frames as the shortest channel has.
    pub fn write(&mut self, channels: &[&[f32]]) -> Result<(), OutputFault> {
        let frames = channels.iter().map(|channel| channel.len()).min();
        let frames = frames.unwrap_or(0);
        let frame_bytes = self.channels * self.format.bytes();
        let mut done = 0;
        while done < frames {
            let now = (frames - done).min(self.bytes.len() / frame_bytes);
            for (index, channel) in channels.iter().enumerate().take(self.channels) {
                self.encode(index, &channel[done..done + now]);
            }
            self.file
                .as_file_mut()
                .write_all(&self.bytes[..now * frame_bytes])?;
            done += now;
        }
        self.written.frames += frames as u64;
        Ok(())
    }

    fn encode(&mut self, channel: usize, samples: &[f32]) {
        let stride = self.channels * self.format.bytes();
        let frames = self.bytes.chunks_exact_mut(stride).zip(samples);
        let at = channel * self.format.bytes();
        let mut over = 0;
        match self.format {
            Format::F32 => {
                for (frame, &sample) in frames {
                    frame[at..at + 4].copy_from_slice(&sample.to_le_bytes());
                    over += u64::from(sample.abs() > 1.0);
                }
            }
            Format::I24 => {
                for (frame, &sample) in frames {
                    let (value, clipped) = self.dither.quantise::<24>(sample);
                    frame[at..at + 3].copy_from_slice(&value.to_le_bytes()[..3]);
                    over += u64::from(clipped);
                }
            }
            Format::I16 => {
                for (frame, &sample) in frames {
                    let (value, clipped) = self.dither.quantise::<16>(sample);
                    frame[at..at + 2].copy_from_slice(&value.to_le_bytes()[..2]);
                    over += u64::from(clipped);
                }
            }
        }
        self.written.over += over;
        self.written.peak = peak(samples).max(self.written.peak);
    }

    /// Completes the file, syncs it to the disk and gives it its name.
    ///
    /// Errors: [`OutputFault::Exists`] if a file of that name has appeared meanwhile; `Io`.
    pub fn finish(mut self) -> Result<Written, OutputFault> {
        let frame = (self.channels * self.format.bytes()) as u64;
        let data = self.written.frames * frame;
        if data % 2 == 1 {
            self.file.as_file_mut().write_all(&[0])?;
        }
        let header = header(
            self.format,
            self.channels,
            self.sample_rate,
            data,
            self.written.frames,
        );
        self.file.as_file_mut().seek(SeekFrom::Start(0))?;
        self.file.as_file_mut().write_all(&header)?;
        self.file.as_file().sync_all()?;
        let Destination { path, existing, .. } = self.destination;
        let renamed = match existing {
            Existing::Replace => self.file.persist(&path),
            Existing::Keep => self.file.persist_noclobber(&path),
        };
        match renamed {
            Ok(_) => Ok(self.written),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(OutputFault::Exists)
            }
            Err(failed) => Err(failed.error.into()),
        }
    }
}

/// The largest magnitude, taken in eight lanes so that the compiler can use the vector unit.
fn peak(samples: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let mut rows = samples.chunks_exact(8);
    for row in &mut rows {
        for (lane, sample) in lanes.iter_mut().zip(row) {
            *lane = lane.max(sample.abs());
        }
    }
    let rest = rows.remainder().iter().map(|sample| sample.abs());
    lanes.into_iter().chain(rest).fold(0.0, f32::max)
}

/// The header of `data` bytes of samples, which fit (see [`MAX_DATA_BYTES`]).
///
/// Source: Microsoft, "Multiple Channel Audio Data and WAVE Files" (2007).
fn header(format: Format, channels: usize, sample_rate: u32, data: u64, frames: u64) -> Vec<u8> {
    let width = format.bytes();
    let tag: u16 = if format == Format::F32 { 3 } else { 1 };
    let extensible = channels > 2 || format == Format::I24;
    let block = channels * width;
    let fmt_length: u32 = match (extensible, format) {
        (true, _) => 40,
        (false, Format::F32) => 18,
        (false, _) => 16,
    };
    let mut head = Vec::with_capacity(80);
    head.extend(b"RIFF\0\0\0\0WAVEfmt ");
    head.extend(fmt_length.to_le_bytes());
    head.extend(if extensible { 0xFFFE } else { tag }.to_le_bytes());
    head.extend((channels as u16).to_le_bytes());
    head.extend(sample_rate.to_le_bytes());
    head.extend(sample_rate.saturating_mul(block as u32).to_le_bytes());
    head.extend((block as u16).to_le_bytes());
    head.extend((8 * width as u16).to_le_bytes());
    if extensible {
        let speakers: u32 = match channels {
            1 => 0x4,
            2 => 0x3,
            _ => 0,
        };
        head.extend(22_u16.to_le_bytes());
        head.extend((8 * width as u16).to_le_bytes());
        head.extend(speakers.to_le_bytes());
        head.extend(tag.to_le_bytes());
        head.extend(b"\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71");
    } else if fmt_length == 18 {
        head.extend(0_u16.to_le_bytes());
    }
    if format == Format::F32 {
        head.extend(b"fact");
        head.extend(4_u32.to_le_bytes());
        head.extend((frames as u32).to_le_bytes());
    }
    head.extend(b"data");
    head.extend((data as u32).to_le_bytes());
    let riff = head.len() as u64 - 8 + data + data % 2;
    head[4..8].copy_from_slice(&(riff as u32).to_le_bytes());
    head
}

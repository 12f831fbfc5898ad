//! What the last scan found, kept so that the next one reads only what changed.
//!
//! Guaranteed: an index that is missing, cut short, damaged, or of another version is an empty index, and why is told. It is
//! one line of header, with the BLAKE3 of the rest, and one JSON document.

use super::hash::ContentHash;
use super::stored::{self, path};
use super::walk::Stamp;
use crate::impulse::load::FileFormat;
use crate::impulse::{ImpulseResponse, Layout};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Counted up when the meaning of a record changes.
const FORMAT: u32 = 2;

/// The largest index that is read, in bytes: [`super::MAX_FILES`] records of 1 KiB, and room.
const MAX_BYTES: u64 = 512 << 20;

/// What an impulse sounds like, as far as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    /// The kind of file, by its content.
    pub format: FileFormat,
    /// Channels.
    pub channels: usize,
    /// What they are.
    pub layout: Layout,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Length in frames.
    pub frames: usize,
    /// Mid-frequency reverberation time T30 in s (ISO 3382-1), measured; designed, for a factory impulse. `None` for what
    /// does not decay so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t30_s: Option<f64>,
}

impl Sound {
    pub(super) fn of(impulse: &ImpulseResponse, format: FileFormat) -> Self {
        Self {
            format,
            channels: impulse.channels.len(),
            layout: impulse.layout,
            sample_rate: impulse.sample_rate,
            frames: impulse.frames(),
            t30_s: None,
        }
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate)
    }
}

/// One file of the user's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(with = "path")]
    pub path: PathBuf,
    /// The folder of the library that it was found in.
    #[serde(with = "path")]
    pub folder: PathBuf,
    pub name: String,
    pub tags: Vec<String>,
    pub stamp: Stamp,
    /// The stamp of the file beside it that is by name the other half of a true-stereo impulse.
    pub beside: Option<Stamp>,
    /// Whether it is the right half of a true-stereo impulse: the left one is listed for both.
    pub right_half: bool,
    /// `None` if it could not be read.
    pub hash: Option<ContentHash>,
    /// What it is, or why it cannot be an impulse.
    pub sound: Result<Sound, String>,
    /// Whether the same stamp will mean the same content.
    pub settled: bool,
    /// Whether the last scan could not reach it.
    pub missing: bool,
}

/// All files of the user's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    pub records: Vec<Record>,
}

/// How the index was found when the library was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// As a scan left it.
    Read,
    /// There is none yet.
    New,
    /// It could not be used, and why: the next scan reads every file again.
    Unusable(String),
}

#[derive(Serialize, Deserialize)]
struct Header {
    partita_library_index: u32,
    /// What decoded the files. Another version may read more of them.
    program: String,
    blake3: ContentHash,
}

impl Index {
    pub fn read(path: &Path) -> (Self, IndexState) {
        let bytes = match stored::read_bounded(path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return (Self::default(), IndexState::New);
            }
            Err(error) => return (Self::default(), IndexState::Unusable(error.to_string())),
        };
        match Self::from_bytes(&bytes) {
            Ok(index) => (index, IndexState::Read),
            Err(why) => (Self::default(), IndexState::Unusable(why.to_owned())),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let (header, body) = bytes.split_at(end.ok_or("it has no header")?);
        let body = &body[1..];
        let header: Header = serde_json::from_slice(header).map_err(|_| "it has no header")?;
        if header.partita_library_index != FORMAT {
            return Err("another version of Partita wrote it");
        }
        if ContentHash::of(body) != header.blake3 {
            return Err("it is damaged");
        }
        let mut records: Vec<Record> =
            serde_json::from_slice(body).map_err(|_| "another version of Partita wrote it")?;
        if header.program != env!("CARGO_PKG_VERSION") {
            for record in records.iter_mut().filter(|record| record.sound.is_err()) {
                record.settled = false;
            }
        }
        Ok(Self { records })
    }

    pub fn write(&self, path: &Path) -> io::Result<()> {
        let body = serde_json::to_vec(&self.records)?;
        let header = Header {
            partita_library_index: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            blake3: ContentHash::of(&body),
        };
        let mut bytes = serde_json::to_vec(&header)?;
        bytes.push(b'\n');
        bytes.extend(body);
        stored::replace(path, &bytes)
    }
}

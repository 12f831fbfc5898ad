//! A WAV file, written block by block into a [`Pending`] file.
//!
//! Whole blocks are encoded here, not given to hound sample by sample. The header is plain for
//! 16 bits and float in mono and stereo, `WAVE_FORMAT_EXTENSIBLE` otherwise, with no speaker
//! positions beyond stereo: the channels of a matrix have none.

use super::encode::{Encoder, Format, Written};
use super::{Destination, OutputFault, Pending};
use std::io::{Seek, SeekFrom, Write};

/// A WAV file being written.
#[derive(Debug)]
pub struct WavWriter {
    file: Pending,
    chunks: Vec<u8>,
    sample_rate: u32,
    encoder: Encoder,
}

/// The largest data chunk: the header and a padding byte must fit the file's 32-bit length too.
const MAX_DATA_BYTES: u64 = u32::MAX as u64 - 128;

impl WavWriter {
    /// Makes the temporary file, for exactly `frames` frames, and writes its header. `chunks` are whole RIFF chunks,
    /// padded, to stand before the samples; usually none.
    ///
    /// Errors: [`OutputFault::TooLarge`], before anything is made; [`OutputFault::Io`].
    pub fn create(
        destination: Destination,
        format: Format,
        channels: usize,
        sample_rate: u32,
        frames: u64,
        chunks: &[u8],
    ) -> Result<Self, OutputFault> {
        let frame = (channels * format.bytes()) as u64;
        let data = frames.saturating_mul(frame);
        if data.saturating_add(chunks.len() as u64) > MAX_DATA_BYTES {
            let advice = match format {
                Format::F32 => "use --format i24 or i16, or split the input",
                _ => "split the input",
            };
            return Err(OutputFault::TooLarge {
                bytes: data,
                advice,
            });
        }
        let mut file = Pending::create(destination)?;
        let chunks = chunks.to_vec();
        let head = Head {
            format,
            channels,
            sample_rate,
            frames,
            growing: false,
            chunks: &chunks,
        };
        file.write_all(&head.bytes())?;
        Ok(Self {
            file,
            chunks,
            sample_rate,
            encoder: Encoder::new(format, channels),
        })
    }

    /// Writes one block: as many frames as the shortest channel has.
    pub fn write(&mut self, channels: &[&[f32]]) -> Result<(), OutputFault> {
        self.encoder
            .encode(channels, |bytes| self.file.write_all(bytes))?;
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// Errors: [`OutputFault::Exists`] if a file of that name has appeared meanwhile; `Io`.
    pub fn finish(self) -> Result<Written, OutputFault> {
        let (file, written) = self.complete()?;
        file.place()?;
        Ok(written)
    }

    /// Completes the file, which has yet to be given its name.
    ///
    /// Errors: [`OutputFault::Io`].
    pub fn complete(mut self) -> Result<(Pending, Written), OutputFault> {
        let written = self.encoder.written();
        let head = Head {
            format: self.encoder.format(),
            channels: self.encoder.channels(),
            sample_rate: self.sample_rate,
            frames: written.frames,
            growing: false,
            chunks: &self.chunks,
        };
        if head.data() % 2 == 1 {
            self.file.write_all(&[0])?;
        }
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head.bytes())?;
        Ok((self.file, written))
    }
}

/// The room that a file which may outgrow 4 GB keeps for its true lengths: `ds64`, and until it is needed `JUNK`.
const LENGTHS: u32 = 28;

/// What a header says.
///
/// Sources: Microsoft, "Multiple Channel Audio Data and WAVE Files" (2007); EBU Tech 3306 (2009) for RF64.
pub(super) struct Head<'a> {
    pub format: Format,
    pub channels: usize,
    pub sample_rate: u32,
    pub frames: u64,
    /// It may become RF64. The header's length is the same before and after.
    pub growing: bool,
    /// Before the samples.
    pub chunks: &'a [u8],
}

impl Head<'_> {
    /// Bytes of samples.
    pub fn data(&self) -> u64 {
        self.frames * (self.channels * self.format.bytes()) as u64
    }

    /// The header, with its lengths. What is longer than the 32 bits of a plain one must be [`Head::growing`].
    pub fn bytes(&self) -> Vec<u8> {
        let width = self.format.bytes();
        let tag: u16 = if self.format == Format::F32 { 3 } else { 1 };
        let extensible = self.channels > 2 || self.format == Format::I24;
        let block = self.channels * width;
        let fmt_length: u32 = match (extensible, self.format) {
            (true, _) => 40,
            (false, Format::F32) => 18,
            (false, _) => 16,
        };
        let mut head = Vec::with_capacity(120 + self.chunks.len());
        head.extend(b"RIFF\0\0\0\0WAVE");
        if self.growing {
            head.extend(b"JUNK");
            head.extend(LENGTHS.to_le_bytes());
            head.extend([0; LENGTHS as usize]);
        }
        head.extend(b"fmt ");
        head.extend(fmt_length.to_le_bytes());
        head.extend(if extensible { 0xFFFE } else { tag }.to_le_bytes());
        head.extend((self.channels as u16).to_le_bytes());
        head.extend(self.sample_rate.to_le_bytes());
        head.extend(self.sample_rate.saturating_mul(block as u32).to_le_bytes());
        head.extend((block as u16).to_le_bytes());
        head.extend((8 * width as u16).to_le_bytes());
        if extensible {
            let speakers: u32 = match self.channels {
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
        // A length that does not fit says so with all its bits, and `ds64` has it.
        let short = |length: u64| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        if self.format == Format::F32 {
            head.extend(b"fact");
            head.extend(4_u32.to_le_bytes());
            head.extend(short(self.frames));
        }
        head.extend(self.chunks);
        head.extend(b"data");
        let data = self.data();
        let riff = head.len() as u64 + 4 - 8 + data + data % 2;
        let long = self.growing && riff >= u64::from(u32::MAX);
        head.extend(if long { [0xFF; 4] } else { short(data) });
        head[4..8].copy_from_slice(&if long { [0xFF; 4] } else { short(riff) });
        if long {
            head[..4].copy_from_slice(b"RF64");
            head[12..16].copy_from_slice(b"ds64");
            head[20..28].copy_from_slice(&riff.to_le_bytes());
            head[28..36].copy_from_slice(&data.to_le_bytes());
            head[36..44].copy_from_slice(&self.frames.to_le_bytes());
        }
        head
    }
}

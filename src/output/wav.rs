//! A WAV file, written block by block into a [`Pending`] file.
//!
//! Whole blocks are encoded here, not given to hound sample by sample. The header is plain for
//! 16 bits and float in mono and stereo, `WAVE_FORMAT_EXTENSIBLE` otherwise, with no speaker
//! positions beyond stereo: the channels of a matrix have none.

use super::dither::Tpdf;
use super::{Destination, OutputFault, Pending};
use std::io::{Seek, SeekFrom, Write};

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

/// A WAV file being written.
#[derive(Debug)]
pub struct WavWriter {
    file: Pending,
    chunks: Vec<u8>,
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
        file.write_all(&header(
            format,
            channels,
            sample_rate,
            data,
            frames,
            &chunks,
        ))?;
        let per_chunk = (CHUNK_BYTES / frame as usize).max(1);
        Ok(Self {
            file,
            chunks,
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
            self.file.write_all(&self.bytes[..now * frame_bytes])?;
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
        let frame = (self.channels * self.format.bytes()) as u64;
        let data = self.written.frames * frame;
        if data % 2 == 1 {
            self.file.write_all(&[0])?;
        }
        let header = header(
            self.format,
            self.channels,
            self.sample_rate,
            data,
            self.written.frames,
            &self.chunks,
        );
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header)?;
        Ok((self.file, self.written))
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
fn header(
    format: Format,
    channels: usize,
    sample_rate: u32,
    data: u64,
    frames: u64,
    chunks: &[u8],
) -> Vec<u8> {
    let width = format.bytes();
    let tag: u16 = if format == Format::F32 { 3 } else { 1 };
    let extensible = channels > 2 || format == Format::I24;
    let block = channels * width;
    let fmt_length: u32 = match (extensible, format) {
        (true, _) => 40,
        (false, Format::F32) => 18,
        (false, _) => 16,
    };
    let mut head = Vec::with_capacity(80 + chunks.len());
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
    head.extend(chunks);
    head.extend(b"data");
    head.extend((data as u32).to_le_bytes());
    let riff = head.len() as u64 - 8 + data + data % 2;
    head[4..8].copy_from_slice(&(riff as u32).to_le_bytes());
    head
}

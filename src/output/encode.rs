//! Samples as bytes: whole blocks, in the format of a file.

use super::dither::Tpdf;

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

/// Bytes encoded at a time: small enough to stay in the cache between channels.
const CHUNK_BYTES: usize = 1 << 16;

/// Encodes block after block, and remembers what there was.
#[derive(Debug)]
pub(super) struct Encoder {
    format: Format,
    channels: usize,
    dither: Tpdf,
    bytes: Vec<u8>,
    written: Written,
}

impl Encoder {
    pub fn new(format: Format, channels: usize) -> Self {
        let frame = channels * format.bytes();
        let per_chunk = (CHUNK_BYTES / frame.max(1)).max(1);
        Self {
            format,
            channels,
            dither: Tpdf::new(),
            bytes: vec![0; per_chunk * frame],
            written: Written::default(),
        }
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    /// All until now.
    pub fn written(&self) -> Written {
        self.written
    }

    /// Gives one block to `write`, piece by piece: as many frames as the shortest channel has. They count only if every
    /// piece could be written.
    pub fn encode<E>(
        &mut self,
        channels: &[&[f32]],
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let frames = channels.iter().map(|channel| channel.len()).min();
        let frames = frames.unwrap_or(0);
        let frame_bytes = self.channels * self.format.bytes();
        let before = self.written;
        let mut done = 0;
        while done < frames {
            let now = (frames - done).min(self.bytes.len() / frame_bytes);
            for (index, channel) in channels.iter().enumerate().take(self.channels) {
                self.channel(index, &channel[done..done + now]);
            }
            if let Err(error) = write(&self.bytes[..now * frame_bytes]) {
                self.written = before;
                return Err(error);
            }
            done += now;
        }
        self.written.frames += frames as u64;
        Ok(())
    }

    fn channel(&mut self, channel: usize, samples: &[f32]) {
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

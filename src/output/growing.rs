//! A WAV file that grows while somebody plays: its length is not known, and it may outgrow 4 GB.
//!
//! What is guaranteed: after [`GrowingWav::keep`] the file can be read up to there, whatever happens next. A write that
//! failed can be tried again; nothing of it counts. Silence takes no room on a disk that can leave holes.
//!
//! The header keeps room for lengths of 64 bits in a `JUNK` chunk; when they are needed it becomes RF64 with `ds64` in
//! that place (EBU Tech 3306).

use super::encode::{Encoder, Format, Written};
use super::wav::Head;
use std::io::{self, Seek, SeekFrom, Write};

/// A WAV file on anything that can be written and sought.
#[derive(Debug)]
pub struct GrowingWav<W> {
    sink: W,
    encoder: Encoder,
    sample_rate: u32,
    /// Bytes of the header.
    start: u64,
    /// Frames until now, silence included.
    frames: u64,
    /// Frames that are there as bytes; what is missing at the end is silence.
    solid: u64,
    /// Where the sink is, if that is known.
    at: Option<u64>,
}

impl<W: Write + Seek> GrowingWav<W> {
    /// Writes the header of a file without samples. `channels` are 1 or more. Errors: those of the sink.
    pub fn new(sink: W, format: Format, channels: usize, sample_rate: u32) -> io::Result<Self> {
        let mut wav = Self {
            sink,
            encoder: Encoder::new(format, channels.max(1)),
            sample_rate,
            start: 0,
            frames: 0,
            solid: 0,
            at: None,
        };
        wav.start = wav.head(0).bytes().len() as u64;
        wav.keep()?;
        Ok(wav)
    }

    fn head(&self, frames: u64) -> Head<'static> {
        Head {
            format: self.encoder.format(),
            channels: self.encoder.channels(),
            sample_rate: self.sample_rate,
            frames,
            growing: true,
            chunks: &[],
        }
    }

    fn place(&self, frames: u64) -> u64 {
        self.start + self.head(frames).data()
    }

    /// Bytes of the whole file.
    pub fn length(&self) -> u64 {
        self.place(self.frames) + self.head(self.frames).data() % 2
    }

    /// Writes one block: as many frames as the shortest channel has. Errors: those of the sink; then the same block can be
    /// tried again.
    pub fn write(&mut self, channels: &[&[f32]]) -> io::Result<()> {
        let to = self.place(self.frames);
        self.go(to)?;
        self.at = None;
        let before = self.encoder.written().frames;
        let sink = &mut self.sink;
        self.encoder
            .encode(channels, |bytes| sink.write_all(bytes))?;
        self.frames += self.encoder.written().frames - before;
        self.solid = self.frames;
        self.at = Some(self.place(self.frames));
        Ok(())
    }

    /// Goes on by `frames` frames of silence. Nothing is written yet.
    pub fn silence(&mut self, frames: u64) {
        self.frames += frames;
    }

    /// Makes the header say what there is. Errors: those of the sink; the file is then what it was when this last worked.
    pub fn keep(&mut self) -> io::Result<()> {
        let data = self.head(self.frames).data();
        if self.solid < self.frames {
            // The last byte brings all before it into being.
            self.put(self.start + data - 1, &[0])?;
            self.solid = self.frames;
        }
        if data % 2 == 1 {
            self.put(self.start + data, &[0])?;
        }
        let head = self.head(self.frames).bytes();
        self.put(0, &head)?;
        self.sink.flush()
    }

    /// Lets go of silence at the end that is not there as bytes, and of a frame that would need a byte of padding: where
    /// [`GrowingWav::keep`] finds no room for them it does for the rest. Gives the frames let go of that were not silence.
    pub fn settle_for_less(&mut self) -> u64 {
        let odd = self.head(self.solid).data() % 2;
        self.solid -= odd;
        self.frames = self.solid;
        odd
    }

    fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.go(at)?;
        self.at = None;
        self.sink.write_all(bytes)?;
        self.at = Some(at + bytes.len() as u64);
        Ok(())
    }

    fn go(&mut self, to: u64) -> io::Result<()> {
        if self.at != Some(to) {
            self.sink.seek(SeekFrom::Start(to))?;
            self.at = Some(to);
        }
        Ok(())
    }

    /// What has been written, silence included.
    pub fn written(&self) -> Written {
        Written {
            frames: self.frames,
            ..self.encoder.written()
        }
    }

    /// The sink, as it is.
    pub fn into_sink(self) -> W {
        self.sink
    }
}

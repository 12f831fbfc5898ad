//! The chunks of a WAV file, up to its samples.
//!
//! Guaranteed: a [`Header`] that is returned fits the file. Its samples are there in full, frames are whole,
//! at least one, and within the limits of [`super`]. Nothing is allocated by a length that the file claims.
//!
//! Source: Microsoft, "Multiple Channel Audio Data and WAVE Files" (2007) and mmreg.h; P. Kabal, "Audio File
//! Format Specifications: WAVE" (McGill University).

use super::{Fault, MAX_CHANNELS, MAX_SAMPLES, MAX_SECONDS};
use std::io::{Read, Seek, SeekFrom};

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Two's complement, but for one byte, which is offset by 128.
    Integer {
        /// Bytes per container: 1 to 4.
        bytes: u8,
        /// Bits of the container in use.
        valid_bits: u16,
    },
    Float32,
}

impl Encoding {
    fn bytes(self) -> u8 {
        match self {
            Self::Integer { bytes, .. } => bytes,
            Self::Float32 => 4,
        }
    }
}

/// What the samples are. Checked against the file.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) channels: u16,
    pub(super) sample_rate: u32,
    pub(super) encoding: Encoding,
    /// At least one.
    pub(super) frames: u64,
}

impl Header {
    /// The plainest header for these samples: what hound is given in place of the file's own.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let bytes = u16::from(self.encoding.bytes());
        let block = self.channels * bytes;
        let data = (self.frames * u64::from(block)) as u32;
        let tag: u16 = if self.encoding == Encoding::Float32 {
            3
        } else {
            1
        };
        // hound demands byte rate = rate × block without overflow and uses neither: any honest rate will do.
        let rate = 48_000_u32;
        let mut out = Vec::with_capacity(44);
        out.extend(b"RIFF");
        out.extend((data.saturating_add(36)).to_le_bytes());
        out.extend(b"WAVEfmt ");
        out.extend(16_u32.to_le_bytes());
        out.extend(tag.to_le_bytes());
        out.extend(self.channels.to_le_bytes());
        out.extend(rate.to_le_bytes());
        out.extend((rate * u32::from(block)).to_le_bytes());
        out.extend(block.to_le_bytes());
        out.extend((8 * bytes).to_le_bytes());
        out.extend(b"data");
        out.extend(data.to_le_bytes());
        out
    }
}

/// The `fmt ` chunk, checked in itself.
#[derive(Clone, Copy)]
struct Format {
    channels: u16,
    sample_rate: u32,
    encoding: Encoding,
}

/// Lengths from here up stand for "unknown": a writer that cannot seek back leaves 0xFFFF_FFFF (ffmpeg, hound), or
/// a value about 2³¹ (sox, arecord). More than [`MAX_SAMPLES`] can take, so no loadable file is that long.
const UNKNOWN_LENGTH: u32 = 0x7FFF_0000;

/// Chunks before the samples beyond which a file is not a WAV but an attack on patience.
const MAX_CHUNKS: usize = 10_000;

/// Reads up to the first sample and leaves `reader` there.
///
/// A data chunk that claims more than the file holds is an error, unless its length is one that a streaming
/// writer leaves: then the samples reach to the end of the file, less an incomplete last frame. Bytes after the
/// samples are ignored.
pub(super) fn read_header<R: Read + Seek>(reader: &mut R) -> Result<Header, Fault> {
    let end = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    if end == 0 {
        return Err(Fault::Empty);
    }
    let riff_length = read_riff(reader, end)?;
    let mut position = 12;
    let mut format = None;
    for _ in 0..MAX_CHUNKS {
        if end - position < 8 {
            return Err(malformed(match format {
                Some(_) => "it has no data chunk",
                None => "it has neither a fmt nor a data chunk",
            }));
        }
        let mut chunk = [0; 8];
        reader.read_exact(&mut chunk)?;
        position += 8;
        let length = u32_at(&chunk, 4);
        match &chunk[..4] {
            b"data" => {
                let format = format.ok_or_else(|| malformed("no fmt chunk precedes its data"))?;
                return measure(format, length, riff_length, end - position);
            }
            b"fmt " => format = Some(read_format(reader, length, end - position)?),
            _ => {}
        }
        // A chunk of odd length is followed by a byte that is not counted.
        position = position
            .saturating_add(u64::from(length) + u64::from(length & 1))
            .min(end);
        reader.seek(SeekFrom::Start(position))?;
    }
    Err(malformed("it has more than 10000 chunks before its data"))
}

/// Reads the first 12 bytes and gives the length that they claim.
fn read_riff<R: Read>(reader: &mut R, end: u64) -> Result<u32, Fault> {
    let mut head = [0; 12];
    let there = end.min(12) as usize;
    reader.read_exact(&mut head[..there])?;
    if &head[..4] == b"RIFF" {
        if there < 12 {
            return Err(malformed("it ends inside its first 12 bytes"));
        }
        if &head[8..] == b"WAVE" {
            return Ok(u32_at(&head, 4));
        }
    }
    Err(Fault::NotWav {
        found: recognise(&head[..there]),
    })
}

/// Names what users most often take for a WAV file.
fn recognise(head: &[u8]) -> &'static str {
    let starts = |magic: &[u8]| head.starts_with(magic);
    match head {
        _ if starts(b"RF64") || starts(b"BW64") => "an RF64 file (WAV beyond 4 GB)",
        _ if starts(b"RIFX") => "a big-endian RIFX file",
        _ if starts(b"RIFF") => "a RIFF file of another kind",
        _ if starts(b"fLaC") => "a FLAC file",
        _ if starts(b"OggS") => "an Ogg file",
        _ if starts(b"ID3") || starts(&[0xFF, 0xFB]) => "an MP3 file",
        _ if starts(b"FORM") => "an AIFF file",
        _ if starts(b"caff") => "a CAF file",
        _ if starts(b"wvpk") => "a WavPack file",
        _ if starts(b"riff\x2E\x91\xCF\x11") => "a Wave64 file",
        _ if head.get(4..8) == Some(b"ftyp") => "an MP4 file",
        _ if starts(b"PK\x03\x04") => "a ZIP archive",
        _ if head.iter().all(|&b| b >= 0x20 || b.is_ascii_whitespace()) => "a text file",
        _ => "something else",
    }
}

/// Reads and checks a `fmt ` chunk of `length` bytes, of which `left` are in the file.
fn read_format<R: Read>(reader: &mut R, length: u32, left: u64) -> Result<Format, Fault> {
    let there = u64::from(length).min(left).min(40) as usize;
    let mut fmt = [0; 40];
    reader.read_exact(&mut fmt[..there])?;
    if there < 16 {
        return Err(Fault::Malformed {
            found: format!("its fmt chunk has {there} bytes instead of 16 or more"),
        });
    }
    let mut tag = u16_at(&fmt, 0);
    let channels = u16_at(&fmt, 2);
    let sample_rate = u32_at(&fmt, 4);
    // Bytes 8 to 11, the byte rate, follow from the others and are wrong in too many good files to be a test.
    let block = u16_at(&fmt, 12);
    let bits = u16_at(&fmt, 14);
    let mut valid_bits = bits;
    if tag == 0xFFFE {
        if there < 40 {
            return Err(malformed(
                "its extensible fmt chunk is shorter than 40 bytes",
            ));
        }
        let stated = u16_at(&fmt, 18);
        // Zero, or more than there are, is found in the wild and means all of them.
        if (1..=bits).contains(&stated) {
            valid_bits = stated;
        }
        const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
        if fmt[26..40] != GUID_TAIL {
            return Err(Fault::Format {
                found: "of a vendor's own kind".to_owned(),
            });
        }
        tag = u16_at(&fmt, 24);
    }
    if channels == 0 {
        return Err(malformed("its header says zero channels"));
    }
    if channels > MAX_CHANNELS {
        return Err(Fault::TooManyChannels { channels });
    }
    if sample_rate == 0 {
        return Err(malformed("its header says a sample rate of 0 Hz"));
    }
    if !matches!(tag, 1 | 3) {
        return Err(Fault::Format {
            found: name_of_tag(tag),
        });
    }
    if bits == 0 || block == 0 || !block.is_multiple_of(channels) {
        return Err(Fault::Malformed {
            found: format!(
                "its header says {bits} bits per sample and {block} bytes per frame of {channels} channels"
            ),
        });
    }
    Ok(Format {
        channels,
        sample_rate,
        encoding: encoding(tag == 3, block / channels, bits, valid_bits)?,
    })
}

/// The encoding of samples in containers of `bytes`, of which the header says `bits`.
fn encoding(float: bool, bytes: u16, bits: u16, valid_bits: u16) -> Result<Encoding, Fault> {
    if bits > bytes.saturating_mul(8) {
        return Err(Fault::Malformed {
            found: format!("its header says {bits} bits per sample in {bytes} bytes"),
        });
    }
    match (float, bytes, bits) {
        (true, 4, 32) => Ok(Encoding::Float32),
        (true, 8, 64) => Err(Fault::Float64),
        (true, ..) => Err(Fault::Format {
            found: format!("{bits}-bit float in {bytes} bytes"),
        }),
        // Bits that do not fill their container are at its top, so the container is what is read; more than a
        // byte unused is a contradiction, but for 24 in 32.
        (false, 1..=4, _) if bits > 8 * (bytes - 1) || (bytes, bits) == (4, 24) => {
            Ok(Encoding::Integer {
                bytes: bytes as u8,
                valid_bits,
            })
        }
        (false, ..) => Err(Fault::Format {
            found: format!("{bits}-bit integers in {bytes} bytes"),
        }),
    }
}

/// Sets the length that the data chunk claims against the bytes that are left in the file.
fn measure(format: Format, claimed: u32, riff_length: u32, left: u64) -> Result<Header, Fault> {
    let unknown = |length: u32| length >= UNKNOWN_LENGTH;
    let streamed = (unknown(claimed) && u64::from(claimed) > left)
        || (claimed == 0 && (riff_length == 0 || unknown(riff_length)));
    let block = u64::from(format.channels) * u64::from(format.encoding.bytes());
    let bytes = if streamed { left } else { u64::from(claimed) };
    let frames = bytes / block;
    // Before "truncated": what is too long in the header would be too long in full.
    let samples = frames * u64::from(format.channels);
    if frames > u64::from(MAX_SECONDS) * u64::from(format.sample_rate) {
        return Err(Fault::TooLong {
            seconds: frames as f64 / f64::from(format.sample_rate),
        });
    }
    if samples > MAX_SAMPLES {
        return Err(Fault::TooLarge { samples });
    }
    if bytes > left {
        return Err(Fault::Truncated {
            expected: bytes,
            found: left,
        });
    }
    if !bytes.is_multiple_of(block) && !streamed {
        return Err(Fault::Malformed {
            found: format!("its {bytes} bytes of samples are not whole frames of {block} bytes"),
        });
    }
    if frames == 0 {
        return Err(Fault::NoFrames);
    }
    Ok(Header {
        channels: format.channels,
        sample_rate: format.sample_rate,
        encoding: format.encoding,
        frames,
    })
}

fn name_of_tag(tag: u16) -> String {
    match tag {
        0x0002 => "compressed (Microsoft ADPCM)".to_owned(),
        0x0006 => "compressed (A-law)".to_owned(),
        0x0007 => "compressed (µ-law)".to_owned(),
        0x0011 => "compressed (IMA ADPCM)".to_owned(),
        0x0031 => "compressed (GSM 6.10)".to_owned(),
        0x0050 | 0x0055 => "compressed (MPEG)".to_owned(),
        0x00FF | 0x1600..=0x1610 => "compressed (AAC)".to_owned(),
        _ => format!("in a format that is not known here (tag 0x{tag:04X})"),
    }
}

fn malformed(found: &str) -> Fault {
    Fault::Malformed {
        found: found.to_owned(),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

//! The chunks of a WAV file, up to its samples.
//!
//! Guaranteed: a [`Pcm`] that is returned fits the file. Its samples are there in full, frames are whole,
//! at least one, and within the limits of [`super`]. Nothing is allocated by a length that the file claims.
//!
//! Source: Microsoft, "Multiple Channel Audio Data and WAVE Files" (2007) and mmreg.h; P. Kabal, "Audio File
//! Format Specifications: WAVE" (McGill University).

use super::pcm::{self, Encoding, Order, Pcm};
use super::{Fault, fits, has_room};
use crate::impulse::ixml;
use std::io::{Read, Seek, SeekFrom};

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

/// Reads up to the first sample and leaves `reader` there. The second is the iXML chunk, wherever it stands.
///
/// A data chunk that claims more than the file holds is an error, unless its length is one that a streaming
/// writer leaves: then the samples reach to the end of the file, less an incomplete last frame. Bytes after the
/// samples are ignored.
pub(super) fn read_header<R: Read + Seek>(
    reader: &mut R,
    end: u64,
) -> Result<(Pcm, Option<Vec<u8>>), Fault> {
    let riff_length = read_riff(reader, end)?;
    let mut position = 12;
    let mut format = None;
    let mut ixml = None;
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
                let pcm = measure(format, length, riff_length, end - position)?;
                if ixml.is_none() {
                    let bytes = pcm.bytes();
                    ixml = read_trailing_ixml(reader, position + bytes + (bytes & 1), end)?;
                    reader.seek(SeekFrom::Start(position))?;
                }
                return Ok((pcm, ixml));
            }
            b"fmt " => format = Some(read_format(reader, length, end - position)?),
            b"iXML" => ixml = Some(read_ixml(reader, length, end - position)?),
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

/// Looks for an iXML chunk behind the samples. Whatever else is there is no concern of the sound.
fn read_trailing_ixml<R: Read + Seek>(
    reader: &mut R,
    mut position: u64,
    end: u64,
) -> Result<Option<Vec<u8>>, Fault> {
    for _ in 0..MAX_CHUNKS {
        if position.saturating_add(8) > end {
            break;
        }
        reader.seek(SeekFrom::Start(position))?;
        let mut chunk = [0; 8];
        reader.read_exact(&mut chunk)?;
        position += 8;
        let length = u32_at(&chunk, 4);
        if &chunk[..4] == b"iXML" {
            return read_ixml(reader, length, end - position).map(Some);
        }
        position += u64::from(length) + u64::from(length & 1);
    }
    Ok(None)
}

/// At most one byte more than is understood, so that a longer text is recognised as such.
pub(super) fn read_ixml<R: Read>(reader: &mut R, length: u32, left: u64) -> Result<Vec<u8>, Fault> {
    let there = u64::from(length).min(left).min(ixml::MAX_BYTES as u64 + 1);
    let mut text = Vec::new();
    reader.take(there).read_to_end(&mut text)?;
    Ok(text)
}

/// Reads the first 12 bytes and gives the length that they claim.
fn read_riff<R: Read>(reader: &mut R, end: u64) -> Result<u32, Fault> {
    let mut head = [0; 12];
    if end < 12 {
        return Err(malformed("it ends inside its first 12 bytes"));
    }
    reader.read_exact(&mut head)?;
    Ok(u32_at(&head, 4))
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
    fits(channels, sample_rate)?;
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
        encoding: pcm::encoding(tag == 3, block / channels, bits, valid_bits)?,
    })
}

/// Sets the length that the data chunk claims against the bytes that are left in the file.
fn measure(format: Format, claimed: u32, riff_length: u32, left: u64) -> Result<Pcm, Fault> {
    let unknown = |length: u32| length >= UNKNOWN_LENGTH;
    let streamed = (unknown(claimed) && u64::from(claimed) > left)
        || (claimed == 0 && (riff_length == 0 || unknown(riff_length)));
    let block = u64::from(format.channels) * u64::from(format.encoding.bytes());
    let bytes = if streamed { left } else { u64::from(claimed) };
    let frames = bytes / block;
    // Before "truncated": what is too long in the header would be too long in full.
    has_room(format.channels, format.sample_rate, frames)?;
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
    Ok(Pcm {
        channels: format.channels,
        sample_rate: format.sample_rate,
        encoding: format.encoding,
        order: Order::Little,
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
    Fault::malformed(found)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

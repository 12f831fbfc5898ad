//! The chunks of a Core Audio Format file, up to its samples.
//!
//! Guaranteed: as for [`riff`](super::riff). Linear PCM only; read here and not by symphonia 0.6.1 for the reasons
//! given in [`aiff`](super::aiff).
//!
//! Source: Apple, "Core Audio Format Specification 1.0" (2006).

use super::pcm::{self, Encoding, Order, Pcm};
use super::{Fault, fits, has_room};
use std::io::{Read, Seek, SeekFrom};

/// As in [`riff`](super::riff).
const MAX_CHUNKS: usize = 10_000;

struct Description {
    channels: u16,
    sample_rate: u32,
    encoding: Encoding,
    order: Order,
}

/// Reads up to the first sample of a file of `end` bytes, and leaves `reader` there.
pub(super) fn read_header<R: Read + Seek>(reader: &mut R, end: u64) -> Result<Pcm, Fault> {
    let mut position = 8_u64;
    let mut description = None;
    for _ in 0..MAX_CHUNKS {
        if position.saturating_add(12) > end {
            break;
        }
        reader.seek(SeekFrom::Start(position))?;
        let mut head = [0; 12];
        reader.read_exact(&mut head)?;
        position += 12;
        let left = end - position;
        let length = u64::from_be_bytes(eight(&head[4..]));
        match &head[..4] {
            b"desc" => description = Some(read_description(reader, length.min(left))?),
            b"data" => {
                let description = description
                    .ok_or_else(|| Fault::malformed("no desc chunk precedes its data"))?;
                // An edit count comes before the samples.
                reader.seek(SeekFrom::Start((position + 4).min(end)))?;
                // −1 stands for "to the end of the file".
                let claimed = (length != u64::MAX).then(|| length.saturating_sub(4));
                return measure(&description, claimed, left.saturating_sub(4));
            }
            _ => {}
        }
        position = position.saturating_add(length);
    }
    Err(Fault::malformed("it has no data chunk"))
}

fn read_description<R: Read>(reader: &mut R, there: u64) -> Result<Description, Fault> {
    if there < 32 {
        return Err(Fault::malformed(format!(
            "its desc chunk has {there} bytes instead of 32"
        )));
    }
    let mut desc = [0; 32];
    reader.read_exact(&mut desc)?;
    let word = |at: usize| u32::from_be_bytes([desc[at], desc[at + 1], desc[at + 2], desc[at + 3]]);
    let rate = f64::from_be_bytes(eight(&desc));
    if !(0.0..=f64::from(u32::MAX)).contains(&rate) {
        return Err(Fault::malformed("its sample rate is no number of Hz"));
    }
    let sample_rate = rate.round() as u32;
    if &desc[8..12] != b"lpcm" {
        return Err(Fault::Format {
            found: format!("compressed ({})", desc[8..12].escape_ascii()),
        });
    }
    let (flags, packet, per_packet, bits) = (word(12), word(16), word(20), word(28));
    let channels = u16::try_from(word(24)).unwrap_or(u16::MAX);
    fits(channels, sample_rate)?;
    if per_packet != 1 || packet == 0 || !packet.is_multiple_of(u32::from(channels)) {
        return Err(Fault::malformed(format!(
            "its header says {packet} bytes in packets of {per_packet} frames of {channels} channels"
        )));
    }
    let bytes = u16::try_from(packet / u32::from(channels)).unwrap_or(u16::MAX);
    let bits = u16::try_from(bits).unwrap_or(u16::MAX);
    let encoding = match pcm::encoding(flags & 1 != 0, bytes, bits, bits)? {
        // Integers are signed here, those of one byte too.
        Encoding::Unsigned8 => Encoding::Integer {
            bytes: 1,
            valid_bits: 8,
        },
        other => other,
    };
    Ok(Description {
        channels,
        sample_rate,
        encoding,
        order: if flags & 2 != 0 {
            Order::Little
        } else {
            Order::Big
        },
    })
}

/// Sets the length that the data chunk claims against the bytes that are left in the file.
fn measure(description: &Description, claimed: Option<u64>, left: u64) -> Result<Pcm, Fault> {
    let block = u64::from(description.channels) * u64::from(description.encoding.bytes());
    let bytes = claimed.unwrap_or(left);
    let frames = bytes / block;
    has_room(description.channels, description.sample_rate, frames)?;
    if bytes > left {
        return Err(Fault::Truncated {
            expected: bytes,
            found: left,
        });
    }
    if frames == 0 {
        return Err(Fault::NoFrames);
    }
    if claimed.is_some() && !bytes.is_multiple_of(block) {
        return Err(Fault::malformed(format!(
            "its {bytes} bytes of samples are not whole frames of {block} bytes"
        )));
    }
    Ok(Pcm {
        channels: description.channels,
        sample_rate: description.sample_rate,
        encoding: description.encoding,
        order: description.order,
        frames,
    })
}

fn eight(bytes: &[u8]) -> [u8; 8] {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[..8]);
    eight
}

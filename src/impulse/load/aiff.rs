//! The chunks of an AIFF or AIFF-C file, up to its samples.
//!
//! Guaranteed: as for [`riff`](super::riff).
//!
//! Read here and not by symphonia 0.6.1, which allocates by the lengths of chunks that mean nothing here, knows `sowt`
//! at 16 bits only, and does not hold the sound's length against the file's.
//!
//! Sources: Apple, "Audio Interchange File Format: AIFF" (1989), "AIFF-C" (1991); the compression types of QuickTime.

use super::pcm::{Encoding, Order, Pcm};
use super::{Fault, fits, has_room, riff};
use std::io::{Read, Seek, SeekFrom};

/// As in [`riff`](super::riff).
const MAX_CHUNKS: usize = 10_000;

struct Common {
    channels: u16,
    frames: u64,
    sample_rate: u32,
    encoding: Encoding,
    order: Order,
}

/// Reads all chunks of a file of `end` bytes, and leaves `reader` before the first sample. The second is the iXML chunk.
pub(super) fn read_header<R: Read + Seek>(
    reader: &mut R,
    end: u64,
) -> Result<(Pcm, Option<Vec<u8>>), Fault> {
    let mut form = [0; 12];
    if end < 12 {
        return Err(Fault::malformed("it ends inside its first 12 bytes"));
    }
    reader.read_exact(&mut form)?;
    let compressed = &form[8..] == b"AIFC";
    let (mut common, mut sound, mut ixml) = (None, None, None);
    let mut position = 12_u64;
    for _ in 0..MAX_CHUNKS {
        if position.saturating_add(8) > end {
            break;
        }
        reader.seek(SeekFrom::Start(position))?;
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        position += 8;
        let length = u32_at(&head, 4);
        let left = end - position;
        match &head[..4] {
            b"COMM" => common = Some(read_common(reader, length, left, compressed)?),
            b"SSND" if length >= 8 && left >= 8 => {
                let mut offset = [0; 8];
                reader.read_exact(&mut offset)?;
                // Eight bytes of offset and block size, and the offset itself, come before the samples.
                let skipped = 8 + u64::from(u32_at(&offset, 0));
                sound = Some((
                    position + skipped,
                    u64::from(length).saturating_sub(skipped),
                ));
            }
            b"iXML" => ixml = Some(riff::read_ixml(reader, length, left)?),
            _ => {}
        }
        position += u64::from(length) + u64::from(length & 1);
    }
    let common = common.ok_or_else(|| Fault::malformed("it has no COMM chunk"))?;
    has_room(common.channels, common.sample_rate, common.frames)?;
    if common.frames == 0 {
        return Err(Fault::NoFrames);
    }
    let (start, length) = sound.ok_or_else(|| Fault::malformed("it has no SSND chunk"))?;
    let pcm = Pcm {
        channels: common.channels,
        sample_rate: common.sample_rate,
        encoding: common.encoding,
        order: common.order,
        frames: common.frames,
    };
    let there = length.min(end.saturating_sub(start));
    if pcm.bytes() > there {
        return Err(Fault::Truncated {
            expected: pcm.bytes(),
            found: there,
        });
    }
    reader.seek(SeekFrom::Start(start))?;
    Ok((pcm, ixml))
}

fn read_common<R: Read>(
    reader: &mut R,
    length: u32,
    left: u64,
    compressed: bool,
) -> Result<Common, Fault> {
    let mut comm = [0; 22];
    let needed = if compressed { 22 } else { 18 };
    if u64::from(length).min(left) < needed as u64 {
        return Err(Fault::malformed(format!(
            "its COMM chunk has {} bytes instead of {needed} or more",
            u64::from(length).min(left)
        )));
    }
    reader.read_exact(&mut comm[..needed])?;
    let channels = u16::from_be_bytes([comm[0], comm[1]]);
    let bits = u16::from_be_bytes([comm[6], comm[7]]);
    let sample_rate = extended(&comm[8..18])?;
    fits(channels, sample_rate)?;
    let integers = |order| {
        // Apple: bits that do not fill their bytes are at the top, so the bytes are what is read.
        let bytes = bits.div_ceil(8);
        if !(1..=4).contains(&bytes) {
            return Err(Fault::Format {
                found: format!("{bits}-bit integers"),
            });
        }
        let encoding = Encoding::Integer {
            bytes: bytes as u8,
            valid_bits: 8 * bytes,
        };
        Ok((encoding, order))
    };
    let wide = |bytes: u8, order| {
        let encoding = Encoding::Integer {
            bytes,
            valid_bits: 8 * u16::from(bytes),
        };
        Ok((encoding, order))
    };
    let kind = if compressed { &comm[18..22] } else { b"NONE" };
    let (encoding, order) = match kind {
        b"NONE" | b"none" | b"twos" => integers(Order::Big),
        b"sowt" => integers(Order::Little),
        b"in24" | b"IN24" => wide(3, Order::Big),
        b"42ni" => wide(3, Order::Little),
        b"in32" | b"IN32" => wide(4, Order::Big),
        b"23ni" => wide(4, Order::Little),
        b"raw " => Ok((Encoding::Unsigned8, Order::Big)),
        b"fl32" | b"FL32" => Ok((Encoding::Float32, Order::Big)),
        b"fl64" | b"FL64" => Ok((Encoding::Float64, Order::Big)),
        other => Err(Fault::Format {
            found: format!("compressed ({})", other.escape_ascii()),
        }),
    }?;
    Ok(Common {
        channels,
        frames: u64::from(u32_at(&comm, 2)),
        sample_rate,
        encoding,
        order,
    })
}

/// A sample rate as an 80-bit float (IEEE 754-1985 double extended): sign and exponent, then a 64-bit mantissa with its
/// leading one. To the nearest Hz.
fn extended(bytes: &[u8]) -> Result<u32, Fault> {
    let exponent = i32::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let mantissa = bytes[2..10].iter().fold(0, |m, &b| m << 8 | u64::from(b));
    // A negative rate has the sign bit, and thereby an exponent far beyond any rate.
    let rate = mantissa as f64 * 2_f64.powi(exponent - 16383 - 63);
    if rate.is_finite() && rate <= f64::from(u32::MAX) {
        Ok(rate.round() as u32)
    } else {
        Err(Fault::malformed("its sample rate is no number of Hz"))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

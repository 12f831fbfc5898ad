//! Uncompressed samples, as WAV, AIFF and CAF hold them.
//!
//! Guaranteed: what comes out is finite and within [`MAX_MAGNITUDE`]. Memory is taken for [`Pcm::frames`], which the
//! readers of headers have checked against the file's real size.

use super::{Fault, MAX_MAGNITUDE};
use std::io::Read;

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Two's complement, its most significant bit full scale.
    Integer {
        /// Bytes per container: 1 to 4.
        bytes: u8,
        /// Bits of the container in use.
        valid_bits: u16,
    },
    /// One byte, offset by 128.
    Unsigned8,
    Float32,
    Float64,
}

impl Encoding {
    pub(super) fn bytes(self) -> u8 {
        match self {
            Self::Integer { bytes, .. } => bytes,
            Self::Unsigned8 => 1,
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }
}

/// Which byte of a sample comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

/// What the samples are. Checked against the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pcm {
    pub(super) channels: u16,
    pub(super) sample_rate: u32,
    pub(super) encoding: Encoding,
    pub(super) order: Order,
    /// At least one.
    pub(super) frames: u64,
}

impl Pcm {
    /// Length of the samples in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.frames * u64::from(self.channels) * u64::from(self.encoding.bytes())
    }
}

/// The encoding of samples in containers of `bytes`, of which the header says `bits`. Eight bits are taken as WAV has
/// them, unsigned.
pub(super) fn encoding(
    float: bool,
    bytes: u16,
    bits: u16,
    valid_bits: u16,
) -> Result<Encoding, Fault> {
    if bits > bytes.saturating_mul(8) {
        return Err(Fault::malformed(format!(
            "its header says {bits} bits per sample in {bytes} bytes"
        )));
    }
    match (float, bytes, bits) {
        (true, 4, 32) => Ok(Encoding::Float32),
        (true, 8, 64) => Ok(Encoding::Float64),
        (true, ..) => Err(Fault::Format {
            found: format!("{bits}-bit float in {bytes} bytes"),
        }),
        (false, 1, 1..) => Ok(Encoding::Unsigned8),
        // Bits that do not fill their container are at its top, so the container is what is read; more than a
        // byte unused is a contradiction, but for 24 in 32.
        (false, 2..=4, _) if bits > 8 * (bytes - 1) || (bytes, bits) == (4, 24) => {
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

/// Bytes read at once; no frame is longer (64 channels of 8 bytes).
const BUFFER: usize = 1 << 16;

/// Decodes the samples that `reader` stands before.
pub(super) fn decode<R: Read>(mut reader: R, pcm: &Pcm) -> Result<Vec<Vec<f32>>, Fault> {
    let frames = usize::try_from(pcm.frames).map_err(|_| Fault::OutOfMemory)?;
    let mut channels = vec![Vec::<f32>::new(); usize::from(pcm.channels)];
    for channel in &mut channels {
        channel
            .try_reserve_exact(frames)
            .map_err(|_| Fault::OutOfMemory)?;
    }
    let width = usize::from(pcm.encoding.bytes());
    let block = width * channels.len();
    let mut buffer = vec![0; BUFFER / block * block];
    // True while the top byte of every sample is empty or repeats the sign.
    let mut low = true;
    let mut done = 0;
    while done < frames {
        let now = (frames - done).min(buffer.len() / block);
        let bytes = &mut buffer[..now * block];
        reader.read_exact(bytes)?;
        for (frame, bytes) in bytes.chunks_exact(block).enumerate() {
            for (channel, bytes) in bytes.chunks_exact(width).enumerate() {
                let value = match pcm.encoding {
                    Encoding::Float32 | Encoding::Float64 => {
                        check(float(bytes, pcm.order), done + frame, channel)?
                    }
                    Encoding::Unsigned8 => f32::from(i16::from(bytes[0]) - 128) / 128.0,
                    Encoding::Integer { .. } => {
                        let value = integer(bytes, pcm.order);
                        low &= (-(1 << 23)..1 << 24).contains(&value);
                        (f64::from(value) / 2_f64.powi(8 * width as i32 - 1)) as f32
                    }
                };
                channels[channel].push(value);
            }
        }
        done += now;
    }
    // 24 bits in 32: the format's own text wants them at the top of the container, others write them at the bottom,
    // and some of these leave the top byte empty. That byte tells: a file at the top would have to stay below −42 dBFS
    // throughout to be mistaken. All of this is exact: 24 bits fit an f32.
    if matches!(pcm.encoding, Encoding::Integer { bytes: 4, valid_bits } if valid_bits <= 24) && low
    {
        for sample in channels.iter_mut().flatten() {
            let unsigned = *sample * 256.0;
            *sample = if unsigned >= 1.0 {
                unsigned - 2.0
            } else {
                unsigned
            };
        }
    }
    Ok(channels)
}

/// A signed integer of 1 to 4 bytes.
fn integer(bytes: &[u8], order: Order) -> i32 {
    let mut word = [0; 4];
    // To the top, so that the shift below brings the sign.
    match order {
        Order::Little => word[4 - bytes.len()..].copy_from_slice(bytes),
        Order::Big => word[..bytes.len()].copy_from_slice(bytes),
    }
    let top = match order {
        Order::Little => i32::from_le_bytes(word),
        Order::Big => i32::from_be_bytes(word),
    };
    top >> (32 - 8 * bytes.len())
}

/// A float of 4 or 8 bytes.
fn float(bytes: &[u8], order: Order) -> f64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    if order == Order::Big {
        word[..bytes.len()].reverse();
    }
    if bytes.len() == 4 {
        let [a, b, c, d, ..] = word;
        f64::from(f32::from_le_bytes([a, b, c, d]))
    } else {
        f64::from_le_bytes(word)
    }
}

/// A sample that is sound, as it is kept.
pub(super) fn check(value: f64, frame: usize, channel: usize) -> Result<f32, Fault> {
    if !value.is_finite() {
        return Err(Fault::NotFinite {
            value: value as f32,
            frame,
            channel: channel + 1,
        });
    }
    if value.abs() > f64::from(MAX_MAGNITUDE) {
        return Err(Fault::TooLoud {
            value: value as f32,
            frame,
            channel: channel + 1,
        });
    }
    Ok(value as f32)
}

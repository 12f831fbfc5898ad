//! Ogg Vorbis → samples: the pages here, the packets by symphonia's decoder.
//!
//! Guaranteed: one stream, every page there and whole (they are numbered, and each has a checksum), and exactly the
//! samples that the pages' positions name, so that the encoder's padding is gone. symphonia's own reader of pages skips
//! what is damaged; its decoder allocates by the product of two fields of a codebook, so [`codebooks`] adds them up first.
//!
//! Sources: RFC 3533 (Ogg); Xiph.Org, "Vorbis I specification" (2020), 3.2.1, 4.2, A.2.

use super::Fault;
use super::codec::{Sound, broken, guarded};
use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::VorbisDecoder;

/// Values in the vectors of all codebooks together, four bytes each in the decoder, and codewords in all of them, each
/// with up to 256 bytes of tables. The largest seen from libvorbis 1.3.7, at 8 to 96 kHz and up to six channels, are
/// 86 000 and 20 000.
const MAX_VECTORS: u64 = 1 << 21;
const MAX_CODEWORDS: u64 = 1 << 16;

struct Page<'a> {
    continued: bool,
    first: bool,
    last: bool,
    /// Samples per channel up to the end of the last packet that ends here; −1 if none does.
    position: i64,
    serial: u32,
    number: u32,
    lacing: &'a [u8],
    body: &'a [u8],
}

/// Decodes a file that begins with `OggS`.
pub(super) fn decode(bytes: &[u8]) -> Result<Sound, Fault> {
    let mut stream = Stream::default();
    guarded(|| stream.read(bytes))?;
    stream.finish()
}

/// What has been read of the one stream.
#[derive(Default)]
struct Stream {
    headers: Vec<Vec<u8>>,
    decoding: Option<(VorbisDecoder, Sound)>,
    /// Samples before position 0.
    skip: usize,
    /// The position of the last page.
    length: u64,
}

impl Stream {
    fn read(&mut self, mut rest: &[u8]) -> Result<(), Fault> {
        let total = rest.len();
        let mut packet = Vec::new();
        let mut serial = None;
        let mut number = 0;
        let mut open = false;
        loop {
            let at = total - rest.len();
            let page = take_page(&mut rest).ok_or_else(|| {
                Fault::malformed(format!("its page at byte {at} is damaged or cut off"))
            })?;
            if page.first != serial.is_none() || serial.is_some_and(|serial| serial != page.serial)
            {
                return Err(Fault::malformed("it holds more than one stream"));
            }
            if page.number != number || page.continued != open {
                return Err(Fault::malformed(format!(
                    "a page is missing before byte {at}"
                )));
            }
            serial = Some(page.serial);
            number = number.wrapping_add(1);
            let mut body = page.body;
            let mut ended = false;
            for &lace in page.lacing {
                let (part, tail) = body.split_at(usize::from(lace));
                packet.extend_from_slice(part);
                body = tail;
                open = lace == 255;
                if !open {
                    self.packet(&packet)?;
                    packet.clear();
                    ended = true;
                }
            }
            if ended {
                self.page_end(&page)?;
            }
            if page.last {
                return Ok(());
            }
        }
    }

    fn packet(&mut self, packet: &[u8]) -> Result<(), Fault> {
        if let Some((decoder, sound)) = &mut self.decoding {
            let whole = Packet::new(0, Timestamp::ZERO, Duration::ZERO, packet);
            // An empty packet is a pause in the stream's own terms (4.3.1: it is discarded).
            if packet.is_empty() {
                return Ok(());
            }
            let buffer = decoder
                .decode_ref(&whole.as_packet_ref())
                .map_err(|error| broken(&error, sound.frames()))?;
            return if buffer.frames() > 0 {
                sound.push(&buffer)
            } else {
                Ok(())
            };
        }
        let kind = [1, 3, 5][self.headers.len()];
        if packet.first() != Some(&kind) || packet.get(1..7) != Some(b"vorbis") {
            return Err(match self.headers.is_empty() {
                true => Fault::Format {
                    found: format!("{} in Ogg", name_of(packet)),
                },
                false => Fault::malformed("its Vorbis headers are not in order"),
            });
        }
        // The comments are kept as a place only.
        self.headers.push(match kind {
            3 => Vec::new(),
            _ => packet.to_vec(),
        });
        if let [identification, _, setup] = self.headers.as_slice() {
            self.decoding = Some(open(identification, setup)?);
        }
        Ok(())
    }

    /// Sets what has been decoded against the page's position.
    fn page_end(&mut self, page: &Page<'_>) -> Result<(), Fault> {
        let Some((_, sound)) = &mut self.decoding else {
            return Ok(());
        };
        let position = u64::try_from(page.position)
            .map_err(|_| Fault::malformed("a page ends before the beginning of the sound"))?;
        super::has_room(sound.channels.len() as u16, sound.sample_rate, position)?;
        if self.length == 0 && position > 0 && !page.last {
            // The first page with sound: what is decoded beyond its position lies before the beginning.
            self.skip = sound.frames().saturating_sub(position as usize);
        }
        self.length = position;
        Ok(())
    }

    fn finish(self) -> Result<Sound, Fault> {
        let (_, mut sound) = self
            .decoding
            .ok_or_else(|| Fault::malformed("it ends before its sound"))?;
        let found = (sound.frames() - self.skip) as u64;
        if self.length == 0 {
            return Err(Fault::NoFrames);
        }
        if found < self.length {
            return Err(Fault::Short {
                expected: self.length,
                found,
            });
        }
        for channel in &mut sound.channels {
            channel.truncate(self.skip + self.length as usize);
            channel.drain(..self.skip);
        }
        Ok(sound)
    }
}

fn open(identification: &[u8], setup: &[u8]) -> Result<(VorbisDecoder, Sound), Fault> {
    let &[_, _, _, _, _, _, _, _, _, _, _, channels, a, b, c, d, ..] = identification else {
        return Err(Fault::malformed("its Vorbis header is cut off"));
    };
    let sound = Sound::new(usize::from(channels), u32::from_le_bytes([a, b, c, d]))?;
    codebooks(setup).ok_or_else(|| {
        Fault::malformed("its codebooks are cut off or larger than any encoder makes them")
    })?;
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(CODEC_ID_VORBIS)
        .with_extra_data([identification, setup].concat().into_boxed_slice());
    let decoder = VorbisDecoder::try_new(&parameters, &AudioDecoderOptions::default())
        .map_err(|error| broken(&error, 0))?;
    Ok((decoder, sound))
}

/// What is in an Ogg file that is not Vorbis.
fn name_of(packet: &[u8]) -> &'static str {
    match packet {
        [0x7F, b'F', b'L', b'A', b'C', ..] => "FLAC",
        [b'O', b'p', b'u', b's', ..] => "Opus",
        [b'S', b'p', b'e', b'e', b'x', ..] => "Speex",
        [0x80, b't', b'h', b'e', b'o', ..] => "video (Theora)",
        _ => "an unknown codec",
    }
}

/// Takes a page that is whole off the front of `rest`.
fn take_page<'a>(rest: &mut &'a [u8]) -> Option<Page<'a>> {
    let bytes = *rest;
    let head = bytes.get(..27)?;
    if !head.starts_with(b"OggS\0") {
        return None;
    }
    let lacing = bytes.get(27..27 + usize::from(head[26]))?;
    let length: usize = lacing.iter().map(|&lace| usize::from(lace)).sum();
    let start = 27 + lacing.len();
    let body = bytes.get(start..start + length)?;
    let four = |at: usize| [head[at], head[at + 1], head[at + 2], head[at + 3]];
    let sum = crc(0, &head[..22]);
    let sum = crc(sum, &[0; 4]);
    let sum = crc(sum, &bytes[26..start + length]);
    if sum != u32::from_le_bytes(four(22)) {
        return None;
    }
    let [a, b, c, d] = four(6);
    let [e, f, g, h] = four(10);
    *rest = &bytes[start + length..];
    Some(Page {
        continued: head[5] & 1 != 0,
        first: head[5] & 2 != 0,
        last: head[5] & 4 != 0,
        position: i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        serial: u32::from_le_bytes(four(14)),
        number: u32::from_le_bytes(four(18)),
        lacing,
        body,
    })
}

/// RFC 3533: polynomial 0x04C11DB7, from the top bit, starting at 0.
fn crc(sum: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut value = (index as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                value = (value << 1) ^ ((value >> 31) * 0x04C1_1DB7);
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    bytes.iter().fold(sum, |sum, &byte| {
        (sum << 8) ^ TABLE[usize::from((sum >> 24) as u8 ^ byte)]
    })
}

/// Walks through the codebooks of a setup header. `None` if it ends within, or they are larger than [`MAX_VECTORS`] and
/// [`MAX_CODEWORDS`].
fn codebooks(setup: &[u8]) -> Option<(u64, u64)> {
    let mut bits = Bits {
        bytes: setup.get(7..)?,
        at: 0,
    };
    let (mut vectors, mut codewords) = (0, 0);
    for _ in 0..=bits.take(8)? {
        if bits.take(24)? != 0x56_4342 {
            return None;
        }
        let dimensions = u64::from(bits.take(16)?);
        let entries = u64::from(bits.take(24)?);
        codewords += entries;
        if codewords > MAX_CODEWORDS {
            return None;
        }
        if bits.take(1)? == 1 {
            bits.take(5)?;
            let mut current = 0;
            while current < entries {
                // The bits that hold the number of those that are left.
                let width = u64::BITS - (entries - current).leading_zeros();
                current += u64::from(bits.take(width)?);
            }
        } else {
            let sparse = bits.take(1)? == 1;
            for _ in 0..entries {
                if !sparse || bits.take(1)? == 1 {
                    bits.take(5)?;
                }
            }
        }
        let lookup = bits.take(4)?;
        if lookup > 0 {
            bits.take(32)?;
            bits.take(32)?;
            let width = bits.take(4)? + 1;
            bits.take(1)?;
            vectors += entries * dimensions;
            if vectors > MAX_VECTORS {
                return None;
            }
            let values = match lookup {
                1 => root(entries, dimensions),
                _ => entries * dimensions,
            };
            bits.skip(values * u64::from(width))?;
        }
    }
    Some((vectors, codewords))
}

/// The largest whole number whose power of `dimensions` is at most `entries` (9.2.3).
fn root(entries: u64, dimensions: u64) -> u64 {
    let exponent = u32::try_from(dimensions).unwrap_or(u32::MAX);
    let fits = |base: u64| {
        base.checked_pow(exponent)
            .is_some_and(|power| power <= entries)
    };
    let mut base = 0;
    while exponent > 0 && fits(base + 1) {
        base += 1;
    }
    base
}

/// Bits from the lowest of each byte (2.1.4).
struct Bits<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for bit in 0..count {
            let byte = self.bytes.get(usize::try_from(self.at / 8).ok()?)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(value)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        (self.at <= 8 * self.bytes.len() as u64).then_some(())
    }
}

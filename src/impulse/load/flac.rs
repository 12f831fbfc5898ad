//! FLAC → samples, by symphonia.
//!
//! Guaranteed: every frame is there (they are numbered, and each has a checksum), and the whole is what was encoded
//! (its MD5). symphonia skips what is damaged, and gets only STREAMINFO and the frames: pictures, comments and seek
//! tables are no part of the sound, and are not parsed.
//!
//! Source: RFC 9639.

use super::Fault;
use super::codec::{Sound, broken, guarded};
use std::io::Cursor;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, ReadOnlySource};
use symphonia::default::codecs::FlacDecoder;
use symphonia::default::formats::FlacReader;

/// Decodes a file that begins with `fLaC`.
pub(super) fn decode(bytes: &[u8]) -> Result<Sound, Fault> {
    let (info, frames) = split(bytes)?;
    let word = |at: usize| u64::from(info[at]);
    // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of length.
    let sample_rate = (word(10) << 12 | word(11) << 4 | word(12) >> 4) as u32;
    let channels = (info[12] >> 1 & 7) + 1;
    let length = (word(13) & 15) << 32 | word(14) << 24 | word(15) << 16 | word(16) << 8 | word(17);
    let mut sound = Sound::new(usize::from(channels), sample_rate)?;
    super::has_room(u16::from(channels), sample_rate, length)?;
    let mut head = b"fLaC\x80\x00\x00\x22".to_vec();
    head.extend(info);
    // A stream of one block size says so in each frame (RFC 9639, 9.1.2). Encoders that count their shorter last block
    // name two sizes here all the same, and symphonia would then find no frame.
    if frames.starts_with(b"\xFF\xF8") {
        head.copy_within(10..12, 8);
    }
    let source = std::io::Read::chain(Cursor::new(head), frames);
    guarded(|| {
        let stream =
            MediaSourceStream::new(Box::new(ReadOnlySource::new(source)), Default::default());
        let mut reader = FlacReader::try_new(stream, FormatOptions::default())
            .map_err(|error| broken(&error, 0))?;
        let parameters = reader
            .tracks()
            .first()
            .and_then(|track| track.codec_params.as_ref());
        let parameters = parameters.and_then(|parameters| parameters.audio());
        let parameters = parameters.ok_or_else(|| Fault::malformed("it holds no sound"))?;
        let options = AudioDecoderOptions::default().verify(true);
        let mut decoder =
            FlacDecoder::try_new(parameters, &options).map_err(|error| broken(&error, 0))?;
        let short = |found: usize| Fault::Short {
            expected: length,
            found: found as u64,
        };
        loop {
            let packet = match reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(_) if length > sound.frames() as u64 => return Err(short(sound.frames())),
                Err(error) => return Err(broken(&error, sound.frames())),
            };
            if packet.pts.get() != sound.frames() as i64 {
                return Err(Fault::malformed(format!(
                    "its sound is damaged at frame {}",
                    sound.frames()
                )));
            }
            let buffer = decoder
                .decode_ref(&packet.as_packet_ref())
                .map_err(|error| broken(&error, sound.frames()))?;
            sound.push(&buffer)?;
        }
        if length > 0 && sound.frames() as u64 != length {
            return Err(short(sound.frames()));
        }
        if decoder.finalize().verify_ok == Some(false) {
            return Err(Fault::malformed(
                "its sound is not what its checksum (MD5) says",
            ));
        }
        Ok(())
    })?;
    Ok(sound)
}

/// STREAMINFO, and what follows the metadata.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let cut = || Fault::malformed("it ends inside its header");
    let mut rest = bytes.get(4..).ok_or_else(cut)?;
    let mut info = None;
    loop {
        let (head, tail) = rest.split_at_checked(4).ok_or_else(cut)?;
        let length = usize::from(head[1]) << 16 | usize::from(head[2]) << 8 | usize::from(head[3]);
        let (block, tail) = tail.split_at_checked(length).ok_or_else(cut)?;
        if head[0] & 0x7F == 0 {
            info = Some(block);
        }
        rest = tail;
        if head[0] & 0x80 != 0 {
            break;
        }
    }
    match info {
        Some(info) if info.len() == 34 => Ok((info, rest)),
        _ => Err(Fault::malformed("it has no STREAMINFO")),
    }
}

//! MP3 → samples, by symphonia.
//!
//! Guaranteed: encoder delay and padding are cut off where the file states them (LAME's extension of the Xing tag), and
//! where the tag states the length, it is all there. A file without a tag keeps the encoder's delay.
//!
//! Sources: ISO/IEC 11172-3, 2.4.1.3 and 2.4.2.3; G. Bouvigne, "MP3 Info Tag revision 1".

use super::Fault;
use super::codec::{Sound, broken, guarded};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, ReadOnlySource};
use symphonia::default::codecs::MpaDecoder;
use symphonia::default::formats::MpaReader;

/// True if a header of MPEG audio, layer III, stands at the beginning: the only one that has no magic of its own.
pub(super) fn starts(bytes: &[u8]) -> bool {
    let &[sync, version, rate, ..] = bytes else {
        return false;
    };
    sync == 0xFF
        && version & 0xE0 == 0xE0
        && version & 0x18 != 0x08
        && version & 0x06 == 0x02
        && rate & 0xF0 != 0xF0
        && rate & 0x0C != 0x0C
}

/// The longest frame of an MP3, in samples per channel.
const FRAME: u64 = 1152;

/// Decodes a file that begins with a frame.
pub(super) fn decode(bytes: &[u8]) -> Result<Sound, Fault> {
    let bytes = without_tags(bytes);
    guarded(|| {
        let stream =
            MediaSourceStream::new(Box::new(ReadOnlySource::new(bytes)), Default::default());
        let mut reader = MpaReader::try_new(stream, FormatOptions::default())
            .map_err(|error| broken(&error, 0))?;
        let track = reader.tracks().first();
        let stated = track.and_then(|track| track.num_frames);
        let parameters = track.and_then(|track| track.codec_params.as_ref());
        let parameters = parameters.and_then(|parameters| parameters.audio());
        let parameters = parameters.ok_or_else(|| Fault::malformed("it holds no sound"))?;
        let channels = parameters
            .channels
            .as_ref()
            .map_or(0, |channels| channels.count());
        let mut sound = Sound::new(channels, parameters.sample_rate.unwrap_or(0))?;
        let options = AudioDecoderOptions::default();
        let mut decoder =
            MpaDecoder::try_new(parameters, &options).map_err(|error| broken(&error, 0))?;
        while let Some(packet) = reader
            .next_packet()
            .map_err(|error| broken(&error, sound.frames()))?
        {
            let buffer = decoder
                .decode_ref(&packet.as_packet_ref())
                .map_err(|error| broken(&error, sound.frames()))?;
            if buffer.frames() > 0 {
                sound.push(&buffer)?;
            }
        }
        if let Some(expected) = stated {
            let found = sound.frames() as u64;
            // Some encoders count the frame that holds the tag.
            if found + FRAME < expected {
                return Err(Fault::Short { expected, found });
            }
        }
        Ok(sound)
    })
}

/// The file without the tags that stand behind the sound.
fn without_tags(mut bytes: &[u8]) -> &[u8] {
    // ID3v1: 128 bytes.
    if let Some((rest, tag)) = bytes.len().checked_sub(128).map(|at| bytes.split_at(at))
        && tag.starts_with(b"TAG")
    {
        bytes = rest;
    }
    // APEv2: a footer of 32 bytes, which counts itself but not the header that bit 31 of its flags announces.
    if let Some(footer) = bytes.len().checked_sub(32).map(|at| &bytes[at..])
        && footer.starts_with(b"APETAGEX")
    {
        let size = u32::from_le_bytes([footer[12], footer[13], footer[14], footer[15]]) as usize;
        let header = if footer[23] & 0x80 != 0 { 32 } else { 0 };
        bytes = &bytes[..bytes.len().saturating_sub(size.saturating_add(header))];
    }
    bytes
}

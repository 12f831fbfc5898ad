//! Sound files of every format but WAV, byte by byte or by an encoder that is not the code under test.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

#[path = "seal.rs"]
mod seal;

use flacenc::component::BitRepr;
use flacenc::error::Verify;
pub use seal::{seal_flac, seal_ogg};

/// 0.2 s of two decaying tones, stereo, 48 kHz: see [`tone`]. Made with ffmpeg 7.1 and libmp3lame 3.100:
///
/// ffmpeg -f lavfi -i "aevalsrc=0.5*exp(-20*t)*sin(2*PI*440*t)|0.4*exp(-30*t)*sin(2*PI*660*t):s=48000:d=0.2" \
///   -c:a libmp3lame -b:a 128k -id3v2_version 3 -metadata title=x tones.mp3
pub const MP3: &[u8] = include_bytes!("../fixtures/tones.mp3");

/// The same with -c:a libvorbis -q 5 tones.ogg (libvorbis 1.3.7).
pub const OGG: &[u8] = include_bytes!("../fixtures/tones.ogg");

/// What [`MP3`] and [`OGG`] were made from.
pub fn tone(channel: usize, frame: usize) -> f64 {
    let (level, decay, frequency) = [(0.5, 20.0, 440.0), (0.4, 30.0, 660.0)][channel];
    let t = frame as f64 / 48_000.0;
    level * f64::exp(-decay * t) * f64::sin(2.0 * std::f64::consts::PI * frequency * t)
}

/// A chunk as AIFF has it, padded to an even length.
pub fn aiff_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((content.len() as u32).to_be_bytes());
    chunk.extend(content);
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// An AIFF file, or with a compression type an AIFF-C file; `before` are chunks before COMM.
pub fn aiff(
    kind: Option<&[u8; 4]>,
    channels: u16,
    rate: u32,
    bits: u16,
    before: &[u8],
    data: &[u8],
) -> Vec<u8> {
    let bytes = usize::from(bits.div_ceil(8));
    let frames = (data.len() / bytes / usize::from(channels.max(1))) as u32;
    let mut comm = channels.to_be_bytes().to_vec();
    comm.extend(frames.to_be_bytes());
    comm.extend(bits.to_be_bytes());
    // 80-bit float: the leading one of the mantissa at the top.
    let shift = u64::from(rate).leading_zeros();
    let exponent = if rate == 0 {
        0
    } else {
        16383 + 63 - shift as u16
    };
    comm.extend(exponent.to_be_bytes());
    comm.extend((u64::from(rate) << (shift % 64)).to_be_bytes());
    if let Some(kind) = kind {
        comm.extend(kind);
        comm.extend([0, 0]);
    }
    let mut sound = vec![0; 8];
    sound.extend(data);
    let mut body = if kind.is_some() {
        b"AIFC".to_vec()
    } else {
        b"AIFF".to_vec()
    };
    body.extend(before);
    body.extend(aiff_chunk(b"COMM", &comm));
    body.extend(aiff_chunk(b"SSND", &sound));
    aiff_chunk(b"FORM", &body)
}

/// A CAF file. `flags`: 1 for float, 2 for little-endian. A `length` of −1 reaches to the end of the file.
pub fn caf(
    flags: u32,
    channels: u32,
    rate: f64,
    bits: u32,
    length: Option<i64>,
    data: &[u8],
) -> Vec<u8> {
    let mut file = b"caff\0\x01\0\0".to_vec();
    let mut desc = rate.to_be_bytes().to_vec();
    desc.extend(b"lpcm");
    for word in [flags, channels * bits.div_ceil(8), 1, channels, bits] {
        desc.extend(word.to_be_bytes());
    }
    let mut chunk = |name: &[u8; 4], length: i64, content: &[u8]| {
        file.extend(name);
        file.extend(length.to_be_bytes());
        file.extend(content);
    };
    chunk(b"desc", 32, &desc);
    chunk(b"free", 3, &[0; 3]);
    let mut sound = vec![0; 4];
    sound.extend(data);
    chunk(b"data", length.unwrap_or(sound.len() as i64), &sound);
    file
}

/// A FLAC file of interleaved samples.
pub fn flac(channels: usize, rate: usize, bits: usize, samples: &[i32]) -> Vec<u8> {
    let config = flacenc::config::Encoder::default();
    let config = config.into_verified().expect("the default is valid");
    let source = flacenc::source::MemSource::from_samples(samples, channels, bits, rate);
    let stream = flacenc::encode_with_fixed_block_size(&config, source, 256).expect("encoded");
    let mut sink = flacenc::bitsink::ByteSink::new();
    stream.write(&mut sink).expect("written");
    sink.as_slice().to_vec()
}

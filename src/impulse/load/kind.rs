//! Which format a file has, by its first bytes. Its name is not asked.

use super::mp3;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

/// The format of a sound file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileFormat {
    /// RIFF WAVE.
    Wav,
    /// AIFF or AIFF-C, not compressed.
    Aiff,
    /// Core Audio Format, linear PCM.
    Caf,
    /// FLAC.
    Flac,
    /// Vorbis in Ogg.
    OggVorbis,
    /// MPEG audio, layer III.
    Mp3,
    /// A text that puts a matrix together from other files.
    Jconvolver,
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wav => "WAV",
            Self::Aiff => "AIFF",
            Self::Caf => "CAF",
            Self::Flac => "FLAC",
            Self::OggVorbis => "Ogg Vorbis",
            Self::Mp3 => "MP3",
            Self::Jconvolver => "jconvolver .conf",
        })
    }
}

/// Tags before the sound beyond which a file is an attack on patience.
const MAX_TAGS: usize = 16;

/// Where the sound begins: behind a byte order mark (a text tool was here) and ID3v2 tags with the zeros that
/// pad them.
pub(super) fn beginning<R: Read + Seek>(reader: &mut R, end: u64) -> io::Result<u64> {
    let mut start = 0;
    if head(reader, start, end)?.starts_with(b"\xEF\xBB\xBF") {
        start = 3;
    }
    for _ in 0..MAX_TAGS {
        let bytes = head(reader, start, end)?;
        // ID3v2.4, 3.1: the size has four bytes of seven bits, and counts neither header nor footer.
        let [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = bytes[..] else {
            break;
        };
        if (a | b | c | d) & 0x80 != 0 {
            break;
        }
        let size = [a, b, c, d]
            .iter()
            .fold(0, |size, &byte| size << 7 | u64::from(byte));
        let footer = if flags & 0x10 != 0 { 10 } else { 0 };
        start = skip_zeros(reader, (start + 10 + size + footer).min(end))?;
    }
    Ok(start)
}

fn skip_zeros<R: Read + Seek>(reader: &mut R, mut start: u64) -> io::Result<u64> {
    reader.seek(SeekFrom::Start(start))?;
    let mut zeros = [0; 4096];
    loop {
        let read = reader.read(&mut zeros)?;
        let bytes = &zeros[..read];
        let empty = bytes.iter().take_while(|&&byte| byte == 0).count();
        start += empty as u64;
        if empty < read || read == 0 {
            return Ok(start);
        }
    }
}

/// Up to 12 bytes from `start`.
pub(super) fn head<R: Read + Seek>(reader: &mut R, start: u64, end: u64) -> io::Result<Vec<u8>> {
    reader.seek(SeekFrom::Start(start))?;
    let mut head = vec![0; end.saturating_sub(start).min(12) as usize];
    reader.read_exact(&mut head)?;
    Ok(head)
}

/// The format, or what a file that is none of them looks like.
pub(super) fn recognise(head: &[u8]) -> Result<FileFormat, &'static str> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let form = head.get(8..12);
    match head {
        _ if starts(b"RIFF") && (form == Some(b"WAVE") || head.len() < 12) => Ok(FileFormat::Wav),
        _ if starts(b"FORM") && (matches!(form, Some(b"AIFF" | b"AIFC")) || head.len() < 12) => {
            Ok(FileFormat::Aiff)
        }
        _ if starts(b"caff") => Ok(FileFormat::Caf),
        _ if starts(b"fLaC") => Ok(FileFormat::Flac),
        _ if starts(b"OggS") => Ok(FileFormat::OggVorbis),
        _ if mp3::starts(head) => Ok(FileFormat::Mp3),
        _ => Err(match head {
            [] => "a tag without sound",
            _ if starts(b"RF64") || starts(b"BW64") => "an RF64 file (WAV beyond 4 GB)",
            _ if starts(b"RIFX") => "a big-endian RIFX file",
            _ if starts(b"RIFF") => "a RIFF file of another kind",
            _ if starts(b"FORM") => "an IFF file of another kind",
            _ if starts(b"wvpk") => "a WavPack file",
            _ if starts(b"MAC ") => "a Monkey's Audio file",
            _ if starts(b".snd") => "a Sun audio file",
            _ if starts(b"riff\x2E\x91\xCF\x11") => "a Wave64 file",
            _ if head.get(4..8) == Some(b"ftyp") => "an MP4 file",
            _ if starts(b"PK\x03\x04") => "a ZIP archive",
            _ if head.iter().all(|&b| b >= 0x20 || b.is_ascii_whitespace()) => "a text file",
            _ => "something else",
        }),
    }
}

/// A file whose beginning is elsewhere.
pub(super) struct Shifted<R> {
    pub(super) inner: R,
    pub(super) start: u64,
}

impl<R: Read> Read for Shifted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl<R: Seek> Seek for Shifted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => SeekFrom::Start(self.start.saturating_add(at)),
            other => other,
        };
        let at = self.inner.seek(to)?;
        Ok(at.saturating_sub(self.start))
    }
}

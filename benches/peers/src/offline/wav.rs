//! Stereo WAV of 32-bit floats and nothing else, read and written whole: as little as a program that
//! convolves a file can do.

use std::path::Path;

/// Writes both channels, at 48 kHz.
pub fn write(path: &Path, channels: &[Vec<f32>; 2]) -> Result<(), String> {
    let bytes = u32::try_from(8 * channels[0].len()).map_err(|_| "too long for WAV")?;
    let mut file = Vec::with_capacity(44 + 8 * channels[0].len());
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    // IEEE float, two channels.
    file.extend(3u16.to_le_bytes());
    file.extend(2u16.to_le_bytes());
    file.extend(48_000u32.to_le_bytes());
    file.extend(384_000u32.to_le_bytes());
    file.extend(8u16.to_le_bytes());
    file.extend(32u16.to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    for (left, right) in channels[0].iter().zip(&channels[1]) {
        file.extend(left.to_le_bytes());
        file.extend(right.to_le_bytes());
    }
    std::fs::write(path, file).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads both channels; the file is taken to be stereo f32.
pub fn read(path: &Path) -> Result<[Vec<f32>; 2], String> {
    let file = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let data = data(&file).ok_or_else(|| format!("{}: no sound in it", path.display()))?;
    let sample = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let channel = |at: usize| {
        data.chunks_exact(8)
            .map(|frame| sample(&frame[at..]))
            .collect()
    };
    Ok([channel(0), channel(4)])
}

/// The chunk `data`.
fn data(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let size = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
        let body = &rest[8..];
        if rest.starts_with(b"data") {
            return Some(&body[..size.min(body.len())]);
        }
        rest = body.get(size.next_multiple_of(2)..)?;
    }
}

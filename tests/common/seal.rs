//! Checksums of damaged files, put right.

/// Puts right the checksum of every Ogg page that can still be found.
pub fn seal_ogg(file: &mut [u8]) {
    let mut at = 0;
    while at + 27 <= file.len() && file[at..].starts_with(b"OggS") {
        let segments = usize::from(file[at + 26]);
        let Some(lacing) = file.get(at + 27..at + 27 + segments) else {
            return;
        };
        let length = 27 + segments + lacing.iter().map(|&lace| usize::from(lace)).sum::<usize>();
        if at + length > file.len() {
            return;
        }
        file[at + 22..at + 26].fill(0);
        let mut sum = 0_u32;
        for &byte in &file[at..at + length] {
            sum ^= u32::from(byte) << 24;
            for _ in 0..8 {
                sum = (sum << 1) ^ ((sum >> 31) * 0x04C1_1DB7);
            }
        }
        file[at + 22..at + 26].copy_from_slice(&sum.to_le_bytes());
        at += length;
    }
}

/// Puts right the checksum of the last frame of a FLAC file, which begins at `frame`.
pub fn seal_flac(file: &mut [u8], frame: usize) {
    let end = file.len() - 2;
    let mut sum = 0_u16;
    for &byte in &file[frame..end] {
        sum ^= u16::from(byte) << 8;
        for _ in 0..8 {
            sum = (sum << 1) ^ ((sum >> 15) * 0x8005);
        }
    }
    file[end..].copy_from_slice(&sum.to_be_bytes());
}

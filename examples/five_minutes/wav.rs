//! Sound inside the page: mono WAV files of 16 bits as data URIs.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// Full scale of 16 bits.
pub const FULL_SCALE: f32 = 32_768.0;

/// The nearest value that 16 bits can hold.
pub fn rounded(sample: f32) -> i16 {
    (sample * FULL_SCALE)
        .round()
        .clamp(-FULL_SCALE, FULL_SCALE - 1.0) as i16
}

/// `samples` as a WAV of 16 bits, mono, in a data URI. RIFF: Microsoft and IBM 1991.
pub fn data_uri(samples: &[f32], rate: u32) -> String {
    let bytes = 2 * samples.len() as u32;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    file.extend([1, 0, 1, 0]);
    file.extend(rate.to_le_bytes());
    file.extend((2 * rate).to_le_bytes());
    // Bytes of a frame, bits of a sample.
    file.extend([2, 0, 16, 0]);
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(
        samples
            .iter()
            .flat_map(|&sample| rounded(sample).to_le_bytes()),
    );
    format!("data:audio/wav;base64,{}", BASE64_STANDARD.encode(file))
}

//! 24-bit WAV bytes, the same for the same samples for ever.
//!
//! Written by hand rather than with hound so that a new release of hound cannot change a committed
//! file, and because four paths LL LR RL RR are no loudspeakers: the channel mask must be empty,
//! where hound would name them front left, front right, centre and subwoofer. A test reads the files with hound.

use super::SAMPLE_RATE;

const FULL_SCALE: f64 = 8_388_608.0;

/// WAVE_FORMAT_EXTENSIBLE, PCM, 24 bit, 48 kHz. Samples are rounded to the nearest step, halves away from zero.
///
/// # Panics
/// If channels differ in length or a sample does not fit: the generator made a mistake.
pub fn encode(channels: &[Vec<f64>]) -> Vec<u8> {
    let frames = channels[0].len();
    assert!(channels.iter().all(|channel| channel.len() == frames));
    let block = 3 * channels.len() as u32;
    let rate = SAMPLE_RATE as u32;
    let data = frames as u32 * block;

    let mut bytes = Vec::with_capacity(68 + data as usize + 1);
    bytes.extend(b"RIFF");
    bytes.extend((60 + data + (data & 1)).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(40_u32.to_le_bytes());
    bytes.extend(0xFFFE_u16.to_le_bytes());
    bytes.extend((channels.len() as u16).to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * block).to_le_bytes());
    bytes.extend((block as u16).to_le_bytes());
    bytes.extend(24_u16.to_le_bytes());
    bytes.extend(22_u16.to_le_bytes());
    bytes.extend(24_u16.to_le_bytes());
    let mask: u32 = match channels.len() {
        1 => 0b100,
        2 => 0b11,
        _ => 0,
    };
    bytes.extend(mask.to_le_bytes());
    bytes.extend(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71");
    bytes.extend(b"data");
    bytes.extend(data.to_le_bytes());
    for frame in 0..frames {
        for channel in channels {
            let value = (channel[frame] * FULL_SCALE).round();
            assert!(value.abs() < FULL_SCALE, "sample {} clips", channel[frame]);
            bytes.extend(&(value as i32).to_le_bytes()[..3]);
        }
    }
    bytes.extend(&[0][..(data & 1) as usize]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hound_reads_what_was_written() {
        let channels = vec![vec![0.5, -0.25, 1e-7], vec![0.0, 0.999, -0.999]];
        let bytes = encode(&channels);
        assert_eq!(
            u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize,
            bytes.len() - 8
        );
        let mut reader = hound::WavReader::new(&bytes[..]).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate), (2, 48_000));
        assert_eq!(spec.bits_per_sample, 24);
        let samples: Vec<i32> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(
            samples,
            [4_194_304, 0, -2_097_152, 8_380_219, 1, -8_380_219]
        );
    }
}

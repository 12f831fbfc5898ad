//! Samples as sound cards have them.
//!
//! Full scale, ±1, is the integer's whole range; what is beyond clips. Nothing is dithered: a device's own noise is above
//! half a step of 24 bits, and 16 bits are what nobody plays live with.

use alsa::pcm::Format;

/// What a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    F32,
    I32,
    /// 24 bits in the lower three of four bytes.
    I24,
    /// 24 bits in three bytes, the least first.
    I24Packed,
    I16,
}

impl Encoding {
    /// The best first.
    pub const ALL: [Self; 5] = [Self::F32, Self::I32, Self::I24, Self::I24Packed, Self::I16];

    pub fn format(self) -> Format {
        match self {
            Self::F32 => Format::float(),
            Self::I32 => Format::s32(),
            Self::I24 => Format::s24(),
            Self::I24Packed => Format::S243LE,
            Self::I16 => Format::s16(),
        }
    }

    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::I32 | Self::I24 => 4,
            Self::I24Packed => 3,
            Self::I16 => 2,
        }
    }

    /// One channel of interleaved `bytes`. Audio thread.
    pub fn decode(self, bytes: &[u8], channels: usize, channel: usize, into: &mut [f32]) {
        let size = self.bytes();
        let frames = bytes.chunks_exact(size * channels);
        let samples = frames.map(|frame| &frame[channel * size..][..size]);
        for (value, sample) in into.iter_mut().zip(samples) {
            *value = match (self, sample) {
                (Self::F32, &[a, b, c, d]) => f32::from_ne_bytes([a, b, c, d]),
                (Self::I32, &[a, b, c, d]) => {
                    i32::from_ne_bytes([a, b, c, d]) as f32 / 2_147_483_648.0
                }
                // The upper byte may hold anything.
                (Self::I24, &[a, b, c, d]) => {
                    ((i32::from_ne_bytes([a, b, c, d]) << 8) >> 8) as f32 / 8_388_608.0
                }
                (Self::I24Packed, &[a, b, c]) => {
                    (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 / 8_388_608.0
                }
                (Self::I16, &[a, b]) => f32::from(i16::from_ne_bytes([a, b])) / 32_768.0,
                _ => 0.0,
            };
        }
    }

    /// Into one channel of interleaved `bytes`. Audio thread.
    pub fn encode(self, bytes: &mut [u8], channels: usize, channel: usize, from: &[f32]) {
        let size = self.bytes();
        let frames = bytes.chunks_exact_mut(size * channels);
        let samples = frames.map(|frame| &mut frame[channel * size..][..size]);
        for (sample, &value) in samples.zip(from) {
            // A cast of a float clips to what the integer holds, and what is not a number is 0.
            let integer = |scale: f64| (f64::from(value) * scale).round();
            match self {
                Self::F32 => sample.copy_from_slice(&value.to_ne_bytes()),
                Self::I32 => {
                    sample.copy_from_slice(&(integer(2_147_483_648.0) as i32).to_ne_bytes());
                }
                Self::I24 => {
                    let value = integer(8_388_608.0).clamp(-8_388_608.0, 8_388_607.0) as i32;
                    sample.copy_from_slice(&value.to_ne_bytes());
                }
                Self::I24Packed => {
                    let value = integer(8_388_608.0).clamp(-8_388_608.0, 8_388_607.0) as i32;
                    sample.copy_from_slice(&value.to_le_bytes()[..3]);
                }
                Self::I16 => sample.copy_from_slice(&(integer(32_768.0) as i16).to_ne_bytes()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_within_half_a_step_of_their_encoding() {
        let values = [
            0.0,
            0.25,
            -0.5,
            0.123_456_78,
            -1.0,
            0.999,
            1.0,
            7.0,
            -7.0,
            f32::NAN,
        ];
        let steps = [
            0.0,
            1.0 / 2f64.powi(24),
            1.0 / 2f64.powi(23),
            1.0 / 2f64.powi(23),
            1.0 / 32_768.0,
        ];
        for (encoding, step) in Encoding::ALL.into_iter().zip(steps) {
            let mut bytes = vec![0xAA; values.len() * 3 * encoding.bytes()];
            let mut back = [0.0; 10];
            for channel in 0..3 {
                encoding.encode(&mut bytes, 3, channel, &values);
            }
            encoding.decode(&bytes, 3, 1, &mut back);
            for (&value, &back) in values.iter().zip(&back) {
                let told = format!("{encoding:?}: {value} came back as {back}");
                if encoding == Encoding::F32 {
                    assert_eq!(value.to_bits(), back.to_bits(), "{told}");
                } else if value.is_nan() {
                    assert_eq!(back, 0.0, "{told}");
                } else if value.abs() < 1.0 {
                    let wrong = (f64::from(value) - f64::from(back)).abs();
                    assert!(wrong <= 0.5001 * step, "{told}");
                } else {
                    // Full scale: the highest is one step below 1.
                    let clipped = f64::from(value).clamp(-1.0, 1.0);
                    assert!((clipped - f64::from(back)).abs() <= 1.001 * step, "{told}");
                }
            }
        }
    }
}

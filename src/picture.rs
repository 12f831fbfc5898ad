//! The picture of an impulse: its waveform, its level in dB, its energy decay with the lines that the decay times are
//! read from, and its spectrogram, over one axis of time.
//!
//! Guaranteed: the same picture on every machine. The charts are drawn in pure Rust with a font that is part of the
//! program, twice as large as they come out, so that every edge is smooth. No impulse makes it panic or fail to be drawn.

mod heat;
mod panels;

use crate::impulse::ImpulseResponse;
use crate::impulse::analyze::Analysis;
use panels::Sheet;
use thiserror::Error;

/// Width of a picture in pixels.
pub const WIDTH: u32 = 1600;

/// Height of a picture in pixels.
pub const HEIGHT: u32 = 1400;

/// How much larger it is drawn.
const SCALE: u32 = 2;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row from the top.
    pub rgb: Vec<u8>,
    /// Where the panels are.
    pub frames: Frames,
}

/// The panels' plotting areas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    /// Samples over time.
    pub waveform: Frame,
    /// Level in dBFS over time.
    pub level: Frame,
    /// Energy decay in dB over time.
    pub decay: Frame,
    /// Level over time and frequency.
    pub spectrogram: Frame,
}

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Column after the last.
    pub right: u32,
    /// Row after the last.
    pub bottom: u32,
}

/// A picture that could not be drawn.
#[derive(Debug, Error)]
#[error("cannot be drawn: {0}")]
pub struct PictureError(String);

/// Draws `impulse`; `analysis` is its own. Loader thread.
pub fn draw(impulse: &ImpulseResponse, analysis: &Analysis) -> Result<Picture, PictureError> {
    let (width, height) = (WIDTH * SCALE, HEIGHT * SCALE);
    let mut large = vec![255; (width * height * 3) as usize];
    let frames = Sheet::new(impulse, analysis)
        .draw(&mut large, width, height)
        .map_err(PictureError)?;
    let small = |frame: Frame| Frame {
        left: frame.left / SCALE,
        top: frame.top / SCALE,
        right: frame.right / SCALE,
        bottom: frame.bottom / SCALE,
    };
    Ok(Picture {
        width: WIDTH,
        height: HEIGHT,
        rgb: halve(&large, width as usize),
        frames: Frames {
            waveform: small(frames.waveform),
            level: small(frames.level),
            decay: small(frames.decay),
            spectrogram: small(frames.spectrogram),
        },
    })
}

/// Each pixel is the mean of `SCALE` by `SCALE`.
fn halve(large: &[u8], width: usize) -> Vec<u8> {
    let scale = SCALE as usize;
    let mut small = Vec::with_capacity(large.len() / scale / scale);
    for rows in large.chunks_exact(3 * width * scale) {
        for column in (0..width).step_by(scale) {
            for colour in 0..3 {
                let mut sum = 0;
                for row in 0..scale {
                    for pixel in 0..scale {
                        sum += u32::from(rows[3 * (row * width + column + pixel) + colour]);
                    }
                }
                small.push((sum / (SCALE * SCALE)) as u8);
            }
        }
    }
    small
}

impl Picture {
    /// The bytes of a PNG file. Loader thread.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&self.rgb));
        written.map_err(|error| PictureError(error.to_string()))?;
        Ok(bytes)
    }
}

//! Waveforms as a picture: one row a file, all on one time axis, from −1 to 1.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

const WIDTH: usize = 1200;
const ROW: usize = 180;
const PAPER: [u8; 3] = [18, 20, 26];
const LINE: [u8; 3] = [52, 57, 70];
const INKS: [[u8; 3]; 3] = [[236, 188, 94], [104, 190, 214], [186, 142, 224]];

/// Draws `files` below each other into the PNG `picture`; a vertical line stands at every second.
pub fn draw(files: &[PathBuf], picture: &Path) -> Result<(), String> {
    let mut sounds = Vec::new();
    for file in files {
        sounds.push(read(file).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    let seconds = sounds
        .iter()
        .map(|(sound, rate)| sound.len() as f64 / rate)
        .fold(0.1, f64::max);
    let mut pixels = vec![PAPER; WIDTH * ROW * files.len()];
    for second in 0..=seconds as usize {
        let x = (second as f64 / seconds * WIDTH as f64) as usize;
        if x < WIDTH {
            pixels
                .iter_mut()
                .skip(x)
                .step_by(WIDTH)
                .for_each(|pixel| *pixel = LINE);
        }
    }
    for (row, (sound, rate)) in sounds.iter().enumerate() {
        let zero = row * ROW + ROW / 2;
        pixels[zero * WIDTH..(zero + 1) * WIDTH].fill(LINE);
        let a_pixel = seconds * rate / WIDTH as f64;
        for x in 0..WIDTH {
            let (from, to) = (
                (x as f64 * a_pixel) as usize,
                ((x + 1) as f64 * a_pixel) as usize,
            );
            let Some(part) = sound
                .get(from..to.min(sound.len()))
                .filter(|part| !part.is_empty())
            else {
                continue;
            };
            let (low, high) = part
                .iter()
                .fold((1f32, -1f32), |(low, high), &y| (low.min(y), high.max(y)));
            let place = |y: f32| (zero as f32 - y.clamp(-1.0, 1.0) * (ROW / 2 - 4) as f32) as usize;
            for y in place(high)..=place(low) {
                pixels[y * WIDTH + x] = INKS[row % INKS.len()];
            }
        }
    }
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", picture.display());
    let file = File::create(picture).map_err(|error| failed(&error))?;
    let mut encoder = png::Encoder::new(
        BufWriter::new(file),
        WIDTH as u32,
        (ROW * files.len()) as u32,
    );
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().map_err(|error| failed(&error))?;
    writer
        .write_image_data(pixels.as_flattened())
        .map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))
}

/// First channel and sample rate of a WAV.
fn read(path: &Path) -> Result<(Vec<f32>, f64), hound::Error> {
    let mut reader = hound::WavReader::open(path)?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels.max(1));
    let samples = match spec.sample_format {
        hound::SampleFormat::Float => reader
            .samples::<f32>()
            .step_by(channels)
            .collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => {
            let scale = 0.5f32.powi(i32::from(spec.bits_per_sample) - 1);
            let scaled = |sample: Result<i32, _>| sample.map(|sample| sample as f32 * scale);
            reader
                .samples::<i32>()
                .step_by(channels)
                .map(scaled)
                .collect::<Result<_, _>>()?
        }
    };
    Ok((samples, f64::from(spec.sample_rate)))
}

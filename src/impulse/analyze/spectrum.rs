//! What an impulse does to each third of an octave, and how that changes in time.

use crate::impulse::ImpulseResponse;
use realfft::RealFftPlanner;
use serde::Serialize;

/// One third of an octave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Third {
    /// Nominal mid-band frequency in Hz (IEC 61260-1, annex E, to three figures).
    pub hz: f64,
    /// Mean of |H|² over the band in dB: the gain that noise has in it. `None` in silence.
    pub db: Option<f64>,
}

/// Bands from 20 Hz to 20 kHz: tenths of decades.
const TENTHS: std::ops::RangeInclusive<i32> = 13..=43;

/// The longest piece transformed at once. Longer impulses are cut: what comes 20 s later has long lost its shape.
const PIECE: usize = 1 << 20;

/// The mean over the channels of |H|² in each third of an octave that lies below half the rate. Loader thread.
pub fn thirds(impulse: &ImpulseResponse) -> Vec<Third> {
    let rate = f64::from(impulse.sample_rate);
    // At least a second: the lowest band is 4.6 Hz wide.
    let wanted = impulse.frames().max(impulse.sample_rate as usize);
    let size = wanted.clamp(2, PIECE).next_power_of_two();
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(size);
    let mut input = transform.make_input_vec();
    let mut output = transform.make_output_vec();
    let mut scratch = transform.make_scratch_vec();
    let mut power = vec![0.0; output.len()];
    for piece in impulse
        .channels
        .iter()
        .flat_map(|channel| channel.chunks(size))
    {
        input.fill(0.0);
        for (to, &from) in input.iter_mut().zip(piece) {
            *to = f64::from(from);
        }
        // The lengths are the plan's own.
        if transform
            .process_with_scratch(&mut input, &mut output, &mut scratch)
            .is_ok()
        {
            for (sum, bin) in power.iter_mut().zip(&output) {
                *sum += bin.norm_sqr();
            }
        }
    }
    let channels = impulse.channels.len().max(1) as f64;
    TENTHS
        .map(|tenth| 10_f64.powf(f64::from(tenth) / 10.0))
        .take_while(|hz| hz * 10_f64.powf(0.05) < rate / 2.0)
        .map(|hz| {
            let bin = |hz: f64| (hz / rate * size as f64).round() as usize;
            let (low, high) = (bin(hz * 10_f64.powf(-0.05)), bin(hz * 10_f64.powf(0.05)));
            let band = &power[low..high.max(low + 1).min(power.len())];
            let mean = band.iter().sum::<f64>() / band.len() as f64 / channels;
            Third {
                hz: nominal(hz),
                db: (mean > 0.0).then(|| 10.0 * mean.log10()),
            }
        })
        .collect()
}

/// 1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8 and their decades.
fn nominal(exact: f64) -> f64 {
    const R10: [f64; 10] = [1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0];
    let tenths = (10.0 * exact.log10()).round() as i32;
    R10[tenths.rem_euclid(10) as usize] * 10_f64.powi(tenths.div_euclid(10))
}

/// Levels over time and frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrogram {
    /// Seconds from one column to the next; the middle of the first is at 0.
    pub column_seconds: f64,
    /// Hz from one row to the next; the first is 0 Hz.
    pub row_hz: f64,
    /// Columns in time, each with its rows in dB; a full-scale sine has 0. −200 stands for silence.
    pub columns: Vec<Vec<f32>>,
}

/// The level of silence in a [`Spectrogram`].
pub const SILENCE_DB: f32 = -200.0;

/// Powers of the channels averaged, in at most `columns` columns, through Hann windows of `window` frames. Loader thread.
pub fn spectrogram(impulse: &ImpulseResponse, columns: usize, window: usize) -> Spectrogram {
    let window = window.clamp(2, PIECE).next_power_of_two();
    let hop = impulse.frames().div_ceil(columns.max(1)).max(1);
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(window);
    let mut input = transform.make_input_vec();
    let mut output = transform.make_output_vec();
    let mut scratch = transform.make_scratch_vec();
    let shape: Vec<f32> = (0..window)
        .map(|n| {
            let phase = (n as f32 + 0.5) / window as f32 * std::f32::consts::TAU;
            0.5 - 0.5 * phase.cos()
        })
        .collect();
    // A sine of amplitude 1 has window ÷ 4 in its bin.
    let full = (window as f32 / 4.0).powi(2) * impulse.channels.len().max(1) as f32;
    let columns = (0..impulse.frames().div_ceil(hop))
        .map(|column| {
            let mut power = vec![0.0_f32; output.len()];
            for channel in &impulse.channels {
                // Frames before the first and after the last are silence.
                for (n, (to, weight)) in input.iter_mut().zip(&shape).enumerate() {
                    let at = (column * hop + n).checked_sub(window / 2);
                    *to = weight * at.and_then(|at| channel.get(at)).unwrap_or(&0.0);
                }
                if transform
                    .process_with_scratch(&mut input, &mut output, &mut scratch)
                    .is_ok()
                {
                    for (sum, bin) in power.iter_mut().zip(&output) {
                        *sum += bin.norm_sqr();
                    }
                }
            }
            let level = |power: &f32| (10.0 * (power / full).log10()).max(SILENCE_DB);
            power.iter().map(level).collect()
        })
        .collect();
    Spectrogram {
        column_seconds: hop as f64 / f64::from(impulse.sample_rate.max(1)),
        row_hz: f64::from(impulse.sample_rate) / window as f64,
        columns,
    }
}

//! The spectrogram's panel: colours for levels.

use super::Frame;
use super::panels::{PAPER, TEXT};
use crate::impulse::ImpulseResponse;
use crate::impulse::analyze::spectrum::spectrogram;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;

/// The spectrogram's colours from its quietest to its loudest.
const HEAT: [(u8, u8, u8); 6] = [
    (14, 14, 38),
    (58, 24, 98),
    (148, 38, 108),
    (222, 78, 72),
    (250, 164, 60),
    (252, 250, 190),
];
/// dB from the loudest to the quietest colour.
const HEAT_RANGE: f32 = 90.0;

/// Paints the spectrogram of `impulse` over `frame`, from the lower to the higher of `hertz`.
pub(super) fn paint(
    pixels: &mut [u8],
    width: u32,
    frame: Frame,
    impulse: &ImpulseResponse,
    (low, high): (f64, f64),
) {
    let columns = ((frame.right - frame.left) as usize).max(1);
    let seconds = impulse.seconds();
    // 40 ms tells the low notes apart and still shows a room's echoes; a short impulse has finer time.
    let window = (0.040f64).min(seconds / 4.0) * f64::from(impulse.sample_rate);
    let found = spectrogram(impulse, columns / 2, (window as usize).max(64));
    let loudest = found
        .columns
        .iter()
        .flatten()
        .copied()
        .fold(f32::MIN, f32::max);
    let rows = (frame.bottom - frame.top).max(1);
    for y in frame.top..frame.bottom {
        let share =
            |row: f64| low * (high / low).powf((f64::from(frame.bottom) - row) / f64::from(rows));
        let bins = (
            share(f64::from(y) + 1.0) / found.row_hz,
            share(f64::from(y)) / found.row_hz,
        );
        for x in 0..columns {
            let at = x as f64 / columns as f64 * seconds / found.column_seconds;
            let column = (at as usize).min(found.columns.len().saturating_sub(1));
            let level = found
                .columns
                .get(column)
                .map_or(f32::MIN, |column| level_of(column, bins));
            let share = 1.0 - (loudest - level) / HEAT_RANGE;
            let colour = heat(if loudest > -199.0 { share } else { 0.0 });
            let start = 3 * (y as usize * width as usize + frame.left as usize + x);
            pixels[start..start + 3].copy_from_slice(&colour);
        }
    }
}

/// What the spectrogram's colours mean, in its upper right corner.
pub(super) fn legend(
    pixels: &mut [u8],
    width: u32,
    height: u32,
    frame: Frame,
) -> Result<(), Box<dyn Error>> {
    let root = BitMapBackend::with_buffer(pixels, (width, height)).into_drawing_area();
    let (right, top) = (frame.right as i32 - 16, frame.top as i32 + 14);
    let style = ("sans", TEXT)
        .into_font()
        .color(&PAPER)
        .pos(Pos::new(HPos::Right, VPos::Top));
    let loudest = "0 dB (loudest)";
    let quietest = format!("spectrogram   −{HEAT_RANGE:.0} dB");
    let (text, _) = root.estimate_text_size(loudest, &style)?;
    let (before, _) = root.estimate_text_size(&quietest, &style)?;
    let bar = 240;
    let end = right - text as i32 - 14;
    let ground = [
        (end - bar - before as i32 - 30, frame.top as i32),
        (frame.right as i32, top + 44),
    ];
    let (r, g, b) = HEAT[0];
    let shade = RGBColor(r, g, b).mix(0.75).filled();
    root.draw(&Rectangle::new(ground, shade))?;
    root.draw(&Text::new(loudest, (right, top), style.clone()))?;
    for x in 0..bar {
        let [r, g, b] = heat(x as f32 / bar as f32);
        let column = [(end - bar + x, top + 4), (end - bar + x + 1, top + 28)];
        root.draw(&Rectangle::new(column, RGBColor(r, g, b).filled()))?;
    }
    let frame_of_bar = [(end - bar, top + 4), (end, top + 28)];
    root.draw(&Rectangle::new(
        frame_of_bar,
        PAPER.mix(0.6).stroke_width(1),
    ))?;
    root.draw(&Text::new(quietest, (end - bar - 14, top), style))?;
    root.present()?;
    Ok(())
}

/// The loudest of the bins from `low` to `high`, or between two bins the level between theirs.
fn level_of(column: &[f32], (low, high): (f64, f64)) -> f32 {
    let last = column.len() - 1;
    let between = |bin: f64| {
        let below = (bin as usize).min(last);
        let above = (below + 1).min(last);
        let share = (bin - below as f64).clamp(0.0, 1.0) as f32;
        column[below] * (1.0 - share) + column[above] * share
    };
    let inside = (low.ceil() as usize)..=(high.floor() as usize).min(last);
    inside
        .map(|bin| column[bin.min(last)])
        .fold(between((low + high) / 2.0), f32::max)
}

fn heat(share: f32) -> [u8; 3] {
    let place = share.clamp(0.0, 1.0) * (HEAT.len() - 1) as f32;
    let below = (place as usize).min(HEAT.len() - 2);
    let part = place - below as f32;
    let mix = |a: u8, b: u8| (f32::from(a) * (1.0 - part) + f32::from(b) * part).round() as u8;
    let (a, b) = (HEAT[below], HEAT[below + 1]);
    [mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2)]
}

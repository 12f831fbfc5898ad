//! The sheet of four panels.

use super::{Frame, Frames};
use crate::impulse::analyze::spectrum::{Spectrogram, spectrogram};
use crate::impulse::analyze::{Analysis, decay};
use crate::impulse::{ImpulseResponse, Layout};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::sync::Once;

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

const PAPER: RGBColor = RGBColor(252, 251, 248);
const INK: RGBColor = RGBColor(38, 42, 48);
const SOFT: RGBColor = RGBColor(120, 124, 130);
const GRID: RGBColor = RGBColor(226, 224, 218);
/// The channels' colours, in turn.
const CHANNELS: [RGBColor; 4] = [
    RGBColor(27, 110, 140),
    RGBColor(214, 110, 38),
    RGBColor(112, 82, 160),
    RGBColor(74, 140, 74),
];
const LATE_FIT: RGBColor = RGBColor(200, 40, 60);
const EARLY_FIT: RGBColor = RGBColor(226, 150, 20);
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
/// Channels drawn; a matrix may have 64.
const LANES: usize = 8;
/// Sizes at twice the final scale.
const TEXT: i32 = 28;
const LEFT: u32 = 170;
const RIGHT: u32 = 70;

pub(super) struct Sheet<'a> {
    impulse: &'a ImpulseResponse,
    analysis: &'a Analysis,
    /// Seconds shown.
    seconds: f64,
    /// Factor and name of the unit of the time axis.
    unit: (f64, &'static str),
}

fn font() {
    static FONT: Once = Once::new();
    FONT.call_once(|| {
        // A font that is part of the program: it is well-formed, and without it there is no text but no failure either.
        let _ = plotters::style::register_font("sans", FontStyle::Normal, dejavu::sans::regular());
        let _ = plotters::style::register_font("sans", FontStyle::Bold, dejavu::sans::bold());
    });
}

impl<'a> Sheet<'a> {
    pub(super) fn new(impulse: &'a ImpulseResponse, analysis: &'a Analysis) -> Self {
        let shortest = 1.0 / f64::from(impulse.sample_rate.max(1));
        let seconds = impulse.seconds().max(shortest);
        Self {
            impulse,
            analysis,
            seconds,
            unit: if seconds < 0.5 {
                (1000.0, "ms")
            } else {
                (1.0, "s")
            },
        }
    }

    pub(super) fn draw(
        &self,
        pixels: &mut [u8],
        width: u32,
        height: u32,
    ) -> Result<Frames, String> {
        font();
        let frames = self
            .charts(pixels, width, height)
            .map_err(|error| error.to_string())?;
        self.heat(pixels, width, frames.spectrogram);
        legend(pixels, width, height, frames.spectrogram).map_err(|error| error.to_string())?;
        Ok(frames)
    }

    fn charts(
        &self,
        pixels: &mut [u8],
        width: u32,
        height: u32,
    ) -> Result<Frames, Box<dyn std::error::Error>> {
        let root = BitMapBackend::with_buffer(pixels, (width, height)).into_drawing_area();
        root.fill(&PAPER)?;
        let (head, body) = root.split_vertically(190);
        self.title(&head)?;
        let shares = [0.20, 0.43, 0.70];
        let body_height = f64::from(height - 190);
        let (upper, spectrogram) = body.split_vertically((shares[2] * body_height) as u32);
        let (upper, decay) = upper.split_vertically((shares[1] * body_height) as u32);
        let (waveform, level) = upper.split_vertically((shares[0] * body_height) as u32);
        let frames = Frames {
            waveform: self.waveform(&waveform)?,
            level: self.level(&level)?,
            decay: self.decay(&decay)?,
            spectrogram: self.spectrogram(&spectrogram)?,
        };
        root.present()?;
        Ok(frames)
    }

    fn title(&self, area: &Area<'_>) -> Result<(), Box<dyn std::error::Error>> {
        let name: String = self
            .impulse
            .name
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        let mut short: String = name.chars().take(60).collect();
        if short.len() < name.len() {
            short.push('…');
        }
        let bold = ("sans", 60, FontStyle::Bold).into_font().color(&INK);
        area.draw(&Text::new(short, (LEFT as i32, 44), bold))?;
        let small = ("sans", 32).into_font().color(&SOFT);
        area.draw(&Text::new(self.subtitle(), (LEFT as i32, 126), small))?;
        Ok(())
    }

    fn subtitle(&self) -> String {
        let layout = self.impulse.layout;
        let channels = match layout {
            Layout::Mono | Layout::Stereo | Layout::TrueStereo => layout.name().to_owned(),
            Layout::Matrix | Layout::MatrixOf { .. } => {
                format!("{} channels", self.impulse.channels.len())
            }
        };
        let mut parts = vec![
            channels,
            format!("{} kHz", f64::from(self.impulse.sample_rate) / 1000.0),
            format!(
                "{:.*} {}",
                if self.unit.0 == 1.0 { 2 } else { 1 },
                self.seconds * self.unit.0,
                self.unit.1
            ),
        ];
        let octaves = &self.analysis.decay.octaves;
        let middle = octaves.iter().find(|octave| octave.hz == 1000.0);
        if let Some(t30) = middle.and_then(|octave| octave.decay.t30) {
            parts.push(format!("T30 {t30:.2} s at 1 kHz"));
        }
        let all = &self.analysis.decay.broadband;
        if let Some(t30) = all.t30 {
            parts.push(format!("{t30:.2} s over all"));
        }
        if let Some(c80) = all.c80 {
            parts.push(format!("C80 {c80:+.1} dB"));
        }
        if let Some(mixing) = self.analysis.mixing_ms {
            parts.push(format!("mixed after {mixing:.0} ms"));
        }
        if let Some(peak) = &self.analysis.outline.peak {
            parts.push(format!("peak {:.1} dBFS", peak.dbfs));
        }
        parts.join("   ·   ")
    }

    /// A chart over the time axis; `time` says whether its numbers are written.
    fn chart<'b, 'c>(
        &self,
        area: &'c Area<'b>,
        y: std::ops::Range<f64>,
        time: bool,
    ) -> Result<
        ChartContext<
            'c,
            BitMapBackend<'b>,
            Cartesian2d<
                plotters::coord::types::RangedCoordf64,
                plotters::coord::types::RangedCoordf64,
            >,
        >,
        Box<dyn std::error::Error>,
    > {
        let chart = ChartBuilder::on(area)
            .margin_top(26)
            .margin_right(RIGHT)
            .margin_bottom(if time { 10 } else { 22 })
            .set_label_area_size(LabelAreaPosition::Left, LEFT)
            .set_label_area_size(LabelAreaPosition::Bottom, if time { 92 } else { 0 })
            .build_cartesian_2d(0.0..self.seconds * self.unit.0, y)?;
        Ok(chart)
    }

    /// The name of a panel, in its upper right corner.
    fn label(
        &self,
        area: &Area<'_>,
        frame: Frame,
        text: &str,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let (x0, y0) = area.get_base_pixel();
        let style = ("sans", TEXT)
            .into_font()
            .color(&SOFT)
            .pos(Pos::new(HPos::Right, VPos::Top));
        let at = (frame.right as i32 - x0 - 16, frame.top as i32 - y0 + 12);
        area.draw(&Text::new(text.to_owned(), at, style))?;
        Ok(())
    }

    /// The unit of the upright axis, turned, at its left.
    fn unit_of(
        &self,
        area: &Area<'_>,
        frame: Frame,
        unit: &str,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let (_, y0) = area.get_base_pixel();
        let style = ("sans", TEXT)
            .into_font()
            .transform(FontTransform::Rotate270)
            .color(&SOFT)
            .pos(Pos::new(HPos::Center, VPos::Top));
        let middle = (frame.top + frame.bottom) as i32 / 2 - y0;
        area.draw(&Text::new(unit.to_owned(), (24, middle), style))?;
        Ok(())
    }

    fn columns(&self, frame: Frame) -> usize {
        ((frame.right - frame.left) as usize).max(1)
    }

    /// Least and greatest sample in each column of pixels, with the column's time on the axis.
    fn extremes(&self, channel: &[f32], columns: usize) -> Vec<(f64, f64, f64)> {
        let frames = channel.len();
        (0..columns)
            .map(|column| {
                let start = column * frames / columns;
                let end = ((column + 1) * frames / columns).max(start + 1).min(frames);
                let part = channel.get(start..end).unwrap_or(&[]);
                let low = part.iter().copied().fold(f32::INFINITY, f32::min);
                let high = part.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let at = column as f64 / columns as f64 * self.seconds * self.unit.0;
                if low > high {
                    (at, 0.0, 0.0)
                } else {
                    (at, f64::from(low), f64::from(high))
                }
            })
            .collect()
    }

    fn waveform(&self, area: &Area<'_>) -> Result<Frame, Box<dyn std::error::Error>> {
        let lanes = self.impulse.channels.len().clamp(1, LANES);
        let mut chart = self.chart(area, -(lanes as f64)..0.0, false)?;
        let frame = frame_of(chart.plotting_area().get_pixel_range());
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(SOFT.stroke_width(2))
            .draw()?;
        let peak = self
            .analysis
            .outline
            .peak
            .as_ref()
            .map_or(0.0, |peak| peak.dbfs);
        let scale = 0.46 / 10_f64.powf(peak / 20.0);
        let columns = self.columns(frame);
        let (x0, y0) = area.get_base_pixel();
        for (lane, channel) in self.impulse.channels.iter().take(lanes).enumerate() {
            let colour = CHANNELS[lane % CHANNELS.len()];
            let middle = -(lane as f64) - 0.5;
            let zero = [(0.0, middle), (self.seconds * self.unit.0, middle)];
            chart.draw_series(LineSeries::new(zero, SOFT.mix(0.5).stroke_width(2)))?;
            let bars = self
                .extremes(channel, columns)
                .into_iter()
                .map(|(at, low, high)| {
                    let points = vec![(at, middle + scale * low), (at, middle + scale * high)];
                    PathElement::new(points, colour.stroke_width(2))
                });
            chart.draw_series(bars)?;
            let lane_height = f64::from(frame.bottom - frame.top) / lanes as f64;
            let y = f64::from(frame.top) + (lane as f64 + 0.5) * lane_height;
            let style = ("sans", TEXT)
                .into_font()
                .color(&colour)
                .pos(Pos::new(HPos::Right, VPos::Center));
            let at = (frame.left as i32 - x0 - 18, y as i32 - y0);
            let name = match self.impulse.layout {
                Layout::Mono => String::new(),
                layout => layout.channel_name(lane),
            };
            area.draw(&Text::new(name, at, style))?;
        }
        self.label(area, frame, "waveform")?;
        Ok(frame)
    }

    fn level(&self, area: &Area<'_>) -> Result<Frame, Box<dyn std::error::Error>> {
        let peak = self
            .analysis
            .outline
            .peak
            .as_ref()
            .map_or(0.0, |peak| peak.dbfs);
        let top = (peak / 10.0).ceil() * 10.0;
        let bottom = top - 100.0;
        let mut chart = self.chart(area, bottom..top, false)?;
        let frame = frame_of(chart.plotting_area().get_pixel_range());
        mesh(&mut chart, 6)?;
        self.unit_of(area, frame, "dBFS")?;
        let columns = self.columns(frame);
        let lanes: Vec<Vec<(f64, f64)>> = self
            .impulse
            .channels
            .iter()
            .take(LANES)
            .map(|channel| {
                let columns = self.extremes(channel, columns / 2).into_iter();
                columns
                    .map(|(at, low, high)| {
                        let magnitude = high.abs().max(low.abs()).max(1e-20);
                        (at, (20.0 * magnitude.log10()).clamp(bottom, top))
                    })
                    .collect()
            })
            .collect();
        let loudest = (0..columns / 2).map(|column| {
            let points = lanes.iter().filter_map(|lane| lane.get(column));
            points
                .copied()
                .fold((0.0, bottom), |a, b| (b.0, a.1.max(b.1)))
        });
        chart.draw_series(AreaSeries::new(loudest, bottom, SOFT.mix(0.14)))?;
        for (lane, points) in lanes.iter().enumerate() {
            let style = CHANNELS[lane % CHANNELS.len()].mix(0.85).stroke_width(2);
            // No line along the bottom, where it is quieter than the panel shows.
            let heard = points.chunk_by(|a, b| a.1.max(b.1) > bottom);
            let lines = heard.map(|part| PathElement::new(part.to_vec(), style));
            chart.draw_series(lines)?;
        }
        if let Some(noise) = self
            .analysis
            .decay
            .broadband
            .noise_dbfs
            .filter(|&noise| noise > bottom)
        {
            let ends = [(0.0, noise), (self.seconds * self.unit.0, noise)];
            chart.draw_series(DashedLineSeries::new(ends, 14, 10, SOFT.stroke_width(3)))?;
            self.note(
                area,
                frame,
                &format!("noise floor {noise:.0} dBFS"),
                (noise - bottom) / (top - bottom),
            )?;
        }
        self.label(area, frame, "level")?;
        Ok(frame)
    }

    /// A remark above a height of the panel, 0 to 1 from its bottom, at its left.
    fn note(
        &self,
        area: &Area<'_>,
        frame: Frame,
        text: &str,
        height: f64,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let (x0, y0) = area.get_base_pixel();
        let y = f64::from(frame.bottom) - height * f64::from(frame.bottom - frame.top);
        let style = ("sans", 24)
            .into_font()
            .color(&SOFT)
            .pos(Pos::new(HPos::Left, VPos::Bottom));
        area.draw(&Text::new(
            text.to_owned(),
            (frame.left as i32 - x0 + 14, y as i32 - y0 - 6),
            style,
        ))?;
        Ok(())
    }

    fn decay(&self, area: &Area<'_>) -> Result<Frame, Box<dyn std::error::Error>> {
        let (bottom, top) = (-80.0, 3.0);
        let mut chart = self.chart(area, bottom..top, false)?;
        let frame = frame_of(chart.plotting_area().get_pixel_range());
        mesh(&mut chart, 5)?;
        self.unit_of(area, frame, "dB")?;
        let Some(curve) = decay::curve(self.impulse) else {
            self.label(area, frame, "energy decay")?;
            return Ok(frame);
        };
        let unit = self.unit.0;
        let every = (curve.points.len() / self.columns(frame)).max(1);
        let points = curve
            .points
            .iter()
            .step_by(every)
            .map(|&(at, db)| (at * unit, db));
        let points: Vec<_> = points.take_while(|&(_, db)| db >= bottom).collect();
        chart.draw_series(AreaSeries::new(
            points.iter().copied(),
            bottom,
            CHANNELS[0].mix(0.10),
        ))?;
        let all = &self.analysis.decay.broadband;
        let fits = [
            (curve.early_fit, all.edt, "EDT", EARLY_FIT, 0.0, -22.0),
            (
                curve.fit,
                all.t30.or(all.t20),
                if all.t30.is_some() { "T30" } else { "T20" },
                LATE_FIT,
                0.0,
                bottom,
            ),
        ];
        chart.draw_series(LineSeries::new(points, INK.stroke_width(5)))?;
        let mut row = 0;
        let (x0, y0) = area.get_base_pixel();
        for (fit, seconds, name, colour, from, to) in fits {
            if let (Some((intercept, slope)), Some(seconds)) = (fit, seconds) {
                let at = |db: f64| {
                    (
                        ((db - intercept) / slope).clamp(0.0, self.seconds) * unit,
                        db,
                    )
                };
                let start = at(from);
                let ends = [(start.0, (intercept + slope * start.0 / unit).min(top)), {
                    let end = at(to);
                    (end.0, intercept + slope * end.0 / unit)
                }];
                chart.draw_series(LineSeries::new(ends, colour.stroke_width(4)))?;
                let style = ("sans", TEXT)
                    .into_font()
                    .color(&colour)
                    .pos(Pos::new(HPos::Right, VPos::Top));
                let place = (
                    frame.right as i32 - x0 - 16,
                    frame.top as i32 - y0 + 56 + 40 * row,
                );
                area.draw(&Text::new(format!("{name} {seconds:.2} s"), place, style))?;
                row += 1;
            }
        }
        self.label(area, frame, "energy decay, all channels")?;
        Ok(frame)
    }

    fn spectrogram(&self, area: &Area<'_>) -> Result<Frame, Box<dyn std::error::Error>> {
        let (low, high) = self.hertz();
        let mut chart = self.chart(area, low.log10()..high.log10(), true)?;
        let frame = frame_of(chart.plotting_area().get_pixel_range());
        let name = format!("time in {}", self.unit.1);
        chart
            .configure_mesh()
            .disable_mesh()
            .y_labels(0)
            .x_desc(name)
            .x_label_formatter(&|x| tidy(*x))
            .axis_style(SOFT.stroke_width(2))
            .label_style(("sans", TEXT).into_font().color(&INK))
            .axis_desc_style(("sans", TEXT).into_font().color(&SOFT))
            .draw()?;
        let (x0, y0) = area.get_base_pixel();
        let style = ("sans", TEXT)
            .into_font()
            .color(&INK)
            .pos(Pos::new(HPos::Right, VPos::Center));
        for hz in [
            31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0,
        ] {
            if hz >= low && hz <= high {
                let y =
                    f64::from(frame.bottom) - self.height(hz) * f64::from(frame.bottom - frame.top);
                let text = if hz < 1000.0 {
                    format!("{hz}")
                } else {
                    format!("{}k", hz / 1000.0)
                };
                area.draw(&Text::new(
                    text,
                    (frame.left as i32 - x0 - 18, y as i32 - y0),
                    style.clone(),
                ))?;
                let tick = [
                    (frame.left as i32 - x0 - 12, y as i32 - y0),
                    (frame.left as i32 - x0, y as i32 - y0),
                ];
                area.draw(&PathElement::new(tick, SOFT.stroke_width(2)))?;
            }
        }
        self.unit_of(area, frame, "Hz")?;
        Ok(frame)
    }

    /// The range of the frequency axis.
    fn hertz(&self) -> (f64, f64) {
        let high = (f64::from(self.impulse.sample_rate) / 2.0).min(20_000.0);
        (high.min(20_000.0) / 700.0, high.max(1e-3))
    }

    /// Where a frequency is on the axis, 0 to 1.
    fn height(&self, hz: f64) -> f64 {
        let (low, high) = self.hertz();
        (hz / low).ln() / (high / low).ln()
    }

    fn heat(&self, pixels: &mut [u8], width: u32, frame: Frame) {
        let columns = self.columns(frame);
        // 40 ms tells the low notes apart and still shows a room's echoes; a short impulse has finer time.
        let window = (0.040f64).min(self.seconds / 4.0) * f64::from(self.impulse.sample_rate);
        let found: Spectrogram = spectrogram(self.impulse, columns / 2, (window as usize).max(64));
        let loudest = found
            .columns
            .iter()
            .flatten()
            .copied()
            .fold(f32::MIN, f32::max);
        let (low, high) = self.hertz();
        let rows = (frame.bottom - frame.top).max(1);
        for y in frame.top..frame.bottom {
            let share = |row: f64| {
                low * (high / low).powf((f64::from(frame.bottom) - row) / f64::from(rows))
            };
            let bins = (
                share(f64::from(y) + 1.0) / found.row_hz,
                share(f64::from(y)) / found.row_hz,
            );
            for x in 0..columns {
                let at = x as f64 / columns as f64 * self.seconds / found.column_seconds;
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
}

/// What the spectrogram's colours mean, in its upper right corner.
fn legend(
    pixels: &mut [u8],
    width: u32,
    height: u32,
    frame: Frame,
) -> Result<(), Box<dyn std::error::Error>> {
    let root = BitMapBackend::with_buffer(pixels, (width, height)).into_drawing_area();
    let (right, top) = (frame.right as i32 - 16, frame.top as i32 + 14);
    let style = ("sans", TEXT)
        .into_font()
        .color(&PAPER)
        .pos(Pos::new(HPos::Right, VPos::Top));
    let loudest = "0 dB (loudest)";
    root.draw(&Text::new(loudest, (right, top), style.clone()))?;
    let (text, _) = root.estimate_text_size(loudest, &style)?;
    let bar = 240;
    let end = right - text as i32 - 14;
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
    let quietest = format!("spectrogram   −{HEAT_RANGE:.0} dB");
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

fn mesh<'a>(
    chart: &mut ChartContext<
        '_,
        BitMapBackend<'a>,
        Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
    >,
    labels: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    chart
        .configure_mesh()
        .y_labels(labels)
        .y_label_formatter(&|y| format!("{y:.0}").replace('-', "−"))
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.stroke_width(2))
        .axis_style(SOFT.stroke_width(2))
        .label_style(("sans", TEXT).into_font().color(&INK))
        .draw()?;
    Ok(())
}

fn tidy(x: f64) -> String {
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn frame_of((x, y): (std::ops::Range<i32>, std::ops::Range<i32>)) -> Frame {
    Frame {
        left: x.start.max(0) as u32,
        top: y.start.max(0) as u32,
        right: x.end.max(0) as u32,
        bottom: y.end.max(0) as u32,
    }
}

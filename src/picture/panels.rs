//! The sheet of four panels.

use super::{Frame, Frames, heat};
use crate::impulse::analyze::{Analysis, decay};
use crate::impulse::{ImpulseResponse, Layout};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::sync::Once;

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Plane = Cartesian2d<RangedCoordf64, RangedCoordf64>;
type Fault = Box<dyn std::error::Error>;

pub(super) const PAPER: RGBColor = RGBColor(252, 251, 248);
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
/// Channels drawn; a matrix may have 64.
const LANES: usize = 8;
/// Sizes at twice the final scale.
pub(super) const TEXT: i32 = 28;
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
        heat::paint(
            pixels,
            width,
            frames.spectrogram,
            self.impulse,
            self.hertz(),
        );
        heat::legend(pixels, width, height, frames.spectrogram)
            .map_err(|error| error.to_string())?;
        Ok(frames)
    }

    fn charts(&self, pixels: &mut [u8], width: u32, height: u32) -> Result<Frames, Fault> {
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

    fn title(&self, area: &Area<'_>) -> Result<(), Fault> {
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
            parts.push(format!("T30 {} at 1 kHz", time(t30)));
        }
        let all = &self.analysis.decay.broadband;
        if let Some(t30) = all.t30 {
            parts.push(format!("{} over all", time(t30)));
        }
        if let Some(c80) = all.c80 {
            parts.push(format!("C80 {c80:+.1} dB"));
        }
        if let Some(mixing) = self.analysis.mixing_ms {
            parts.push(format!("mixed after {mixing:.0} ms"));
        }
        if let Some(peak) = &self.analysis.outline.peak {
            // Never −0.0.
            let tenths = (10.0 * peak.dbfs).round() / 10.0 + 0.0;
            parts.push(format!("peak {tenths:.1} dBFS"));
        }
        parts.join("   ·   ")
    }

    /// A chart over the time axis; `time` says whether its numbers are written.
    fn chart<'b, 'c>(
        &self,
        area: &'c Area<'b>,
        y: std::ops::Range<f64>,
        time: bool,
    ) -> Result<ChartContext<'c, BitMapBackend<'b>, Plane>, Fault> {
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
    fn label(&self, area: &Area<'_>, frame: Frame, text: &str) -> Result<(), Fault> {
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
    fn unit_of(&self, area: &Area<'_>, frame: Frame, unit: &str) -> Result<(), Fault> {
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

    fn waveform(&self, area: &Area<'_>) -> Result<Frame, Fault> {
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
            let bars: Vec<_> = if channel.len() < 2 * columns {
                // Few enough samples to be joined up.
                let step = self.unit.0 / f64::from(self.impulse.sample_rate.max(1));
                let points = channel.iter().enumerate();
                let joined = points.map(|(n, &x)| (n as f64 * step, middle + scale * f64::from(x)));
                vec![PathElement::new(
                    joined.collect::<Vec<_>>(),
                    colour.stroke_width(3),
                )]
            } else {
                let columns = self.extremes(channel, columns).into_iter();
                let bar = |(at, low, high)| {
                    let points = vec![(at, middle + scale * low), (at, middle + scale * high)];
                    PathElement::new(points, colour.stroke_width(2))
                };
                columns.map(bar).collect()
            };
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

    fn level(&self, area: &Area<'_>) -> Result<Frame, Fault> {
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
        let level_columns = (columns / 2).min(self.impulse.frames().max(1));
        let lanes: Vec<Vec<(f64, f64)>> = self
            .impulse
            .channels
            .iter()
            .take(LANES)
            .map(|channel| {
                let columns = self.extremes(channel, level_columns).into_iter();
                columns
                    .map(|(at, low, high)| {
                        let magnitude = high.abs().max(low.abs()).max(1e-20);
                        (at, (20.0 * magnitude.log10()).clamp(bottom, top))
                    })
                    .collect()
            })
            .collect();
        let loudest = (0..level_columns).map(|column| {
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
    fn note(&self, area: &Area<'_>, frame: Frame, text: &str, height: f64) -> Result<(), Fault> {
        let (x0, y0) = area.get_base_pixel();
        let y = f64::from(frame.bottom) - height * f64::from(frame.bottom - frame.top);
        let style = ("sans", 24)
            .into_font()
            .color(&SOFT)
            .pos(Pos::new(HPos::Left, VPos::Bottom));
        let place = (frame.left as i32 - x0 + 14, y as i32 - y0 - 6);
        let (wide, high) = area.estimate_text_size(text, &style)?;
        let ground = [
            (place.0 - 6, place.1 - high as i32 - 4),
            (place.0 + wide as i32 + 6, place.1 + 2),
        ];
        area.draw(&Rectangle::new(ground, PAPER.mix(0.8).filled()))?;
        area.draw(&Text::new(text.to_owned(), place, style))?;
        Ok(())
    }

    fn decay(&self, area: &Area<'_>) -> Result<Frame, Fault> {
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
                area.draw(&Text::new(
                    format!("{name} {}", time(seconds)),
                    place,
                    style,
                ))?;
                row += 1;
            }
        }
        self.label(area, frame, "energy decay, all channels")?;
        Ok(frame)
    }

    fn spectrogram(&self, area: &Area<'_>) -> Result<Frame, Fault> {
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
}

fn mesh<'a>(
    chart: &mut ChartContext<'_, BitMapBackend<'a>, Plane>,
    labels: usize,
) -> Result<(), Fault> {
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

/// A decay time.
fn time(seconds: f64) -> String {
    if seconds < 0.1 {
        format!("{:.1} ms", 1000.0 * seconds)
    } else {
        format!("{seconds:.2} s")
    }
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

//! The picture: f with the reversed g sliding over it, their product with its area, and the output as it grows.

use super::scene::{Watched, number};
use crate::editor::fonts;
use crate::editor::theme::{self, Theme, size};
use egui::{
    Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, pos2, vec2,
};

/// Above it samples are drawn as a line, below it one by one.
const SINGLY: usize = 200;

/// Room at the left for the values' marks, and at the bottom for the samples', in points.
const MARGIN: (f32, f32) = (40.0, 18.0);

/// Between marks of samples, in points, at least.
const APART: f32 = 48.0;

/// One row: what it shows is between `low` and `high`.
struct Row {
    rect: Rect,
    low: f32,
    high: f32,
}

impl Row {
    fn of(rect: Rect, values: impl Iterator<Item = f32>) -> Self {
        let (low, high) = values.fold((0.0_f32, 0.0_f32), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        let room = (high - low).max(1e-6) * 0.06;
        Self {
            rect,
            low: if low < 0.0 { low - room } else { 0.0 },
            high: high + room,
        }
    }

    fn y(&self, value: f32) -> f32 {
        let inner = self.rect.y_range().shrink(1.0);
        let (top, bottom) = (inner.min + 22.0, inner.max - MARGIN.1);
        let share = (value - self.low) / (self.high - self.low).max(1e-6);
        bottom - share * (bottom - top)
    }
}

/// From samples to points, the same in all rows.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    /// The leftmost sample.
    first: f32,
    left: f32,
    width: f32,
}

impl Columns {
    fn new(watched: &Watched, rect: Rect) -> Self {
        let first = 1.0 - watched.sliding.g().len() as f32;
        let count = watched.last() as f32 - first + 1.0;
        Self {
            first: first - 1.0,
            left: rect.min.x + MARGIN.0,
            width: (rect.width() - MARGIN.0 - 14.0) / (count + 1.0),
        }
    }

    /// The middle of a sample.
    fn x(self, sample: f32) -> f32 {
        self.left + (sample - self.first + 0.5) * self.width
    }

    /// Which sample is there.
    pub(super) fn sample(self, x: f32) -> f64 {
        f64::from((x - self.left) / self.width + self.first - 0.5).round()
    }
}

/// Draws it in `rect`; `a` is the sample under the pointer. Main thread.
pub(super) fn draw(ui: &Ui, rect: Rect, watched: &Watched, a: Option<isize>) {
    let theme = Theme::of(ui);
    let painter = ui.painter();
    let columns = columns(watched, rect);
    let tall = (rect.height() - 16.0) / 10.0;
    let part = |from: f32, to: f32, gap: f32| {
        Rect::from_min_max(
            pos2(rect.min.x, rect.min.y + from * tall + gap),
            pos2(rect.max.x, rect.min.y + to * tall + gap),
        )
    };
    let sliding = &watched.sliding;
    let c = watched.c();
    let Some(moment) = sliding.at(c) else { return };
    let (f, g) = (sliding.f(), sliding.g());
    let (high, low) = (peak(f).max(peak(g)), least(f).min(least(g)));
    let above = Row::of(part(0.0, 3.6, 0.0), [low, high].into_iter());
    // As high as any product may be, so that it does not jump while it slides.
    let most = |values: &[f32]| peak(values).max(-least(values));
    let product = most(f) * most(g);
    let lowest = if low < 0.0 { -product } else { 0.0 };
    let middle = Row::of(part(3.6, 6.4, 8.0), [lowest, product].into_iter());
    let below = Row::of(part(6.4, 10.0, 16.0), sliding.output().iter().copied());
    for row in [&above, &middle, &below] {
        let rim = Stroke::new(1.0, theme.line);
        painter.rect(
            row.rect,
            theme::CORNER,
            theme.picture,
            rim,
            StrokeKind::Inside,
        );
        let zero = Stroke::new(1.0, theme.outline);
        let across = egui::Rangef::new(row.rect.min.x + MARGIN.0 - 4.0, row.rect.max.x - 1.0);
        painter.hline(across, row.y(0.0), zero);
    }
    let output = sliding.output();
    values(painter, &above, [high, low], &theme);
    values(painter, &middle, [product, lowest], &theme);
    values(painter, &below, [peak(output), least(output)], &theme);
    // On the axis of f the ends of g are named: that it is turned round is the point.
    let last = g.len() - 1;
    let ends = [(c as isize, 0), (c as isize - last as isize, last)];
    let ends = ends.map(|(a, b)| (columns.x(a as f32), format!("g({b})")));
    let apart = (ends[0].0 - ends[1].0).abs() > APART;
    let named = if apart { &ends[..] } else { &ends[..1] };
    marks(painter, &above, columns, ("a", named), &theme);
    marks(painter, &middle, columns, ("a", &[]), &theme);
    marks(painter, &below, columns, ("c", &[]), &theme);
    // Where c is.
    let x = columns.x(c as f32);
    let line = Stroke::new(1.0, theme.outline);
    for row in [&above, &middle, &below] {
        let foot = row.rect.max.y - MARGIN.1;
        let ends = [pos2(x, row.rect.min.y + 1.0), pos2(x, foot)];
        painter.extend(Shape::dashed_line(&ends, line, 3.0, 4.0));
    }
    let samples = |values: &[f32], from: isize| -> Vec<(isize, f32)> {
        (from..).zip(values.iter().copied()).collect()
    };
    let draw = Draw { painter, columns };
    draw.signal(&above, &samples(f, 0), theme.accent, Style::Full);
    let reversed: Vec<(isize, f32)> = moment.span().map(|a| (a, moment.reversed(a))).collect();
    draw.signal(&above, &reversed, theme.second, Style::Outline);
    let products = (moment.overlap().start as isize..).zip(moment.products());
    let products: Vec<(isize, f32)> = products.map(|(a, x)| (a, x as f32)).collect();
    draw.signal(&middle, &products, theme.text, Style::Full);
    let (past, future) = (moment.output(), &sliding.output()[c + 1..]);
    draw.signal(
        &below,
        &samples(future, c as isize + 1),
        theme.line,
        Style::Full,
    );
    draw.signal(&below, &samples(past, 0), theme.text, Style::Full);
    let tip = pos2(x, below.y(past.last().copied().unwrap_or(0.0)));
    painter.circle(tip, 5.0, theme.accent, Stroke::new(2.0, theme.picture));
    if let Some(a) = a.filter(|a| watched.term(*a).is_some()) {
        let at = usize::try_from(a).unwrap_or(0);
        let values = [
            (&above, f[at], theme.accent),
            (&above, moment.reversed(a), theme.second),
            (&middle, f[at] * moment.reversed(a), theme.text),
        ];
        for (row, value, colour) in values {
            let at = pos2(columns.x(a as f32), row.y(value));
            painter.circle(at, 5.0, colour, Stroke::new(2.0, theme.picture));
        }
    }
    let area = number(moment.area());
    let words = [
        (
            &above,
            vec![("f(a)", theme.accent), ("g(c − a), reversed", theme.second)],
        ),
        (&middle, vec![("f(a) · g(c − a)", theme.text)]),
        (&below, vec![("(f ∗ g)(c)", theme.text)]),
    ];
    for (row, words) in &words {
        let mut at = row.rect.min + vec2(10.0, 5.0);
        for (word, colour) in words {
            at.x = write(painter, at, Align2::LEFT_TOP, word, *colour).max.x + 16.0;
        }
    }
    let right = |row: &Row, word: &str| {
        let at = pos2(row.rect.max.x - 10.0, row.rect.min.y + 5.0);
        write(painter, at, Align2::RIGHT_TOP, word, theme.text);
    };
    right(&above, &format!("c = {c}"));
    right(&middle, &format!("area = {area}"));
    let out = number(f64::from(sliding.output()[c]));
    right(&below, &format!("from the engine: (f ∗ g)({c}) = {out}"));
}

fn peak(values: &[f32]) -> f32 {
    values.iter().copied().fold(0.0, f32::max)
}

fn least(values: &[f32]) -> f32 {
    values.iter().copied().fold(0.0, f32::min)
}

/// What stands beside a row: nothing, the most, and the least if it is below nothing.
fn values(painter: &Painter, row: &Row, [high, low]: [f32; 2], theme: &Theme) {
    let font = FontId::proportional(size::TINY);
    let marks = [0.0, high, low];
    for (at, value) in marks.iter().enumerate() {
        if marks[..at].contains(value) {
            continue;
        }
        let at = pos2(row.rect.min.x + MARGIN.0 - 8.0, row.y(*value));
        let word = number(f64::from(*value));
        painter.text(at, Align2::RIGHT_CENTER, word, font.clone(), theme.muted);
    }
}

/// Samples at round numbers along a row, the axis' name at its end, and what is `named` on it.
fn marks(
    painter: &Painter,
    row: &Row,
    columns: Columns,
    (axis, named): (&str, &[(f32, String)]),
    theme: &Theme,
) {
    let font = FontId::proportional(size::TINY);
    let y = row.rect.max.y - 9.0;
    let foot = row.rect.max.y - MARGIN.1;
    let write = |x: f32, word: &str, colour| {
        let align = Align2::CENTER_CENTER;
        painter.text(pos2(x, y), align, word, font.clone(), colour);
        let tick = egui::Rangef::new(foot, foot + 3.0);
        painter.vline(x, tick, Stroke::new(1.0, colour));
    };
    let end = row.rect.max.x - 12.0;
    painter.text(
        pos2(end, y),
        Align2::CENTER_CENTER,
        axis,
        font.clone(),
        theme.text,
    );
    for (x, word) in named {
        write(*x, word, theme.second);
    }
    let least = APART / columns.width;
    let power = 10_f32.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|times| times * power)
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(least)
        .max(1.0);
    let first = (columns.first / step).ceil() as isize;
    for mark in first..first + 100 {
        let sample = mark as f32 * step;
        let x = columns.x(sample);
        let free = named.iter().all(|(other, _)| (x - other).abs() > 34.0);
        if free && x < end - 20.0 && x > row.rect.min.x + MARGIN.0 + 8.0 {
            write(x, &number(f64::from(sample)), theme.muted);
        }
    }
}

/// Where samples are in a picture of that size. Main thread.
pub(super) fn columns(watched: &Watched, rect: Rect) -> Columns {
    Columns::new(watched, rect)
}

fn write(painter: &Painter, at: Pos2, align: Align2, word: &str, colour: Color32) -> Rect {
    let font = match align {
        Align2::LEFT_TOP => fonts::strong(size::SMALL),
        _ => FontId::proportional(size::SMALL),
    };
    painter.text(at, align, word, font, colour)
}

/// How a signal is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// Filled.
    Full,
    /// Its outline, and a breath of its colour.
    Outline,
}

struct Draw<'a> {
    painter: &'a Painter,
    columns: Columns,
}

impl Draw<'_> {
    fn signal(&self, row: &Row, samples: &[(isize, f32)], colour: Color32, style: Style) {
        let (zero, half) = (row.y(0.0), self.columns.width / 2.0);
        let fill = match style {
            Style::Full => colour.gamma_multiply(0.45),
            Style::Outline => colour.gamma_multiply(0.22),
        };
        let painter = self.painter.with_clip_rect(row.rect);
        let mut mesh = Mesh::default();
        let mut outline = Vec::with_capacity(2 * samples.len() + 2);
        let singly = samples.len() < SINGLY && self.columns.width > 3.0;
        for (a, value) in samples {
            let (x, y) = (self.columns.x(*a as f32), row.y(*value));
            if outline.is_empty() {
                outline.push(pos2(x - half, zero));
            }
            if *value != 0.0 {
                let gap = if singly && style == Style::Full {
                    half.min(0.5)
                } else {
                    0.0
                };
                let (top, bottom) = (y.min(zero), y.max(zero));
                let column =
                    Rect::from_min_max(pos2(x - half + gap, top), pos2(x + half - gap, bottom));
                mesh.add_colored_rect(column, fill);
            }
            let corner = pos2(x - half, y);
            // Where it goes on level there is no corner: two points at one place make a knot in the line.
            if outline
                .last()
                .is_none_or(|last: &Pos2| last.distance(corner) > 0.01)
            {
                outline.push(corner);
            } else if outline.len() > 1 {
                outline.pop();
            }
            outline.push(pos2(x + half, y));
        }
        if let Some((last, _)) = samples.last() {
            outline.push(pos2(self.columns.x(*last as f32) + half, zero));
        }
        painter.add(Shape::mesh(mesh));
        painter.add(Shape::line(outline, Stroke::new(1.5, colour)));
    }
}

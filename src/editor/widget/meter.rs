//! Levels: for each channel a bar as high as its RMS, a line at its peak, the highest peak in figures.

use super::paint;
use crate::editor::fonts;
use crate::editor::theme::{Theme, size};
use crate::engine::meter::Level;
use egui::{
    Align2, Color32, FontId, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    vec2,
};

/// The lowest that is shown, in dB.
pub const LOW_DB: f32 = -60.0;

/// The highest.
pub const HIGH_DB: f32 = 6.0;

/// What the scale names.
const MARKS: [f32; 7] = [0.0, -6.0, -12.0, -18.0, -30.0, -42.0, -54.0];

/// How wide a meter is, in points.
pub const WIDTH: f32 = 52.0;

fn decibels(level: f32) -> f32 {
    if level > 0.0 {
        20.0 * level.log10()
    } else {
        f32::NEG_INFINITY
    }
}

/// A level in figures.
fn figures(db: f32) -> String {
    if db < -99.0 {
        "−∞".to_owned()
    } else {
        format!("{db:.1}").replace('-', "−")
    }
}

/// A meter in `rect`. A click asks that what is held be forgotten. Main thread.
pub fn meter(ui: &Ui, rect: Rect, name: &str, levels: &[Level]) -> Response {
    let theme = Theme::of(ui);
    let response = ui.interact(rect, ui.make_persistent_id(("meter", name)), Sense::click());
    let held = levels.iter().map(|level| decibels(level.held));
    let held = held.fold(f32::NEG_INFINITY, f32::max);
    let clips: u64 = levels.iter().map(|level| level.clips).sum();
    let said = format!("{name} level");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &said));
    let value = match clips {
        0 => format!("highest peak {} dB", figures(held)),
        _ => format!("highest peak {} dB, {clips} clipped samples", figures(held)),
    };
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_value(value.as_str()));

    let top = Rect::from_min_size(rect.min, vec2(rect.width(), 18.0));
    let foot = Rect::from_min_max(Pos2::new(rect.min.x, rect.max.y - 18.0), rect.max);
    let bars = Rect::from_min_max(
        Pos2::new(rect.min.x, top.max.y + 2.0),
        Pos2::new(rect.max.x, foot.min.y - 2.0),
    );
    let painter = ui.painter();
    let (colour, font) = if clips > 0 {
        painter.rect_filled(top, 3.0, theme.alarm);
        (theme.ground, fonts::strong(size::SMALL))
    } else {
        (theme.text, FontId::proportional(size::SMALL))
    };
    paint::text_in(ui, top, &figures(held), font, colour);
    paint::text_in(
        ui,
        foot,
        name,
        FontId::proportional(size::SMALL),
        theme.muted,
    );

    let y = |db: f32| {
        let share = (db.clamp(LOW_DB, HIGH_DB) - LOW_DB) / (HIGH_DB - LOW_DB);
        bars.max.y - share * bars.height()
    };
    let scale = 22.0;
    for db in MARKS {
        let at = Pos2::new(bars.min.x + scale - 4.0, y(db));
        let text = format!("{db:.0}").replace('-', "");
        let font = FontId::proportional(size::TINY);
        painter.text(at, Align2::RIGHT_CENTER, text, font, theme.muted);
    }
    let count = levels.len().clamp(1, 8);
    let width = (bars.width() - scale) / count as f32;
    for channel in 0..count {
        let left = bars.min.x + scale + width * channel as f32;
        let bar = Rect::from_min_max(
            Pos2::new(left + 1.0, bars.min.y),
            Pos2::new(left + width - 1.0, bars.max.y),
        );
        painter.rect(
            bar,
            2.0,
            theme.picture,
            Stroke::new(1.0, theme.line),
            StrokeKind::Inside,
        );
        let Some(level) = levels.get(channel) else {
            continue;
        };
        let inside = bar.shrink(1.0);
        let (rms, peak) = (decibels(level.rms), decibels(level.peak));
        fill(painter, inside, y(rms), y(0.0), &theme);
        if peak > LOW_DB {
            let colour = if peak > -0.1 {
                theme.alarm
            } else {
                theme.second
            };
            let at = y(peak).clamp(inside.min.y + 1.0, inside.max.y - 1.0);
            painter.hline(inside.x_range(), at, Stroke::new(2.0, colour));
        }
    }
    paint::focus_ring(ui, rect, response.has_focus());
    response.on_hover_text(format!("{said}: {value}. Click to begin anew."))
}

fn fill(painter: &egui::Painter, inside: Rect, from: f32, zero: f32, theme: &Theme) {
    let below = Rect::from_min_max(Pos2::new(inside.min.x, from.max(zero)), inside.max);
    if below.is_positive() {
        painter.rect_filled(below, 1.0, faded(theme.second, theme.picture));
    }
    if from < zero {
        let above =
            Rect::from_min_max(Pos2::new(inside.min.x, from), Pos2::new(inside.max.x, zero));
        painter.rect_filled(above, 1.0, theme.alarm);
    }
}

/// Between the two, nearer to the first.
fn faded(colour: Color32, ground: Color32) -> Color32 {
    ground.lerp_to_gamma(colour, 0.62)
}

//! A knob: an arc from where the parameter does nothing to where it stands, its name above, its value below.

use super::{entry::entry, grip, paint};
use crate::editor::desk::Desk;
use crate::editor::theme::{Theme, size};
use crate::editor::{fonts, help};
use crate::params::{Id, Kind, Parameter, Unit};
use egui::{
    Color32, CursorIcon, FontId, Key, Modifiers, Pos2, Rect, Response, Sense, Shape, Stroke, Ui,
    vec2,
};
use std::f32::consts::{FRAC_PI_2, TAU};

/// Large for what is always at hand, small for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// 62 points.
    Large,
    /// 50 points.
    Medium,
    /// 38 points.
    Small,
}

impl Knob {
    fn diameter(self) -> f32 {
        match self {
            Self::Large => 62.0,
            Self::Medium => 50.0,
            Self::Small => 38.0,
        }
    }

    /// With name and value, in points.
    pub fn size(self) -> egui::Vec2 {
        match self {
            Self::Large => vec2(92.0, 16.0 + 62.0 + 4.0 + 18.0),
            Self::Medium => vec2(78.0, 15.0 + 50.0 + 4.0 + 17.0),
            Self::Small => vec2(62.0, 15.0 + 38.0 + 2.0 + 16.0),
        }
    }
}

/// The gap at the bottom of the arc, in turns.
const GAP: f32 = 0.25;

/// Where on the arc `travel`, from 0 to 1, is, in radians; 0 is to the right, more is clockwise.
fn angle(travel: f32) -> f32 {
    FRAC_PI_2 + TAU * (GAP / 2.0 + travel * (1.0 - GAP))
}

/// Where the parameter does nothing: from there the arc is drawn.
pub(super) fn origin(parameter: &Parameter) -> f32 {
    let Kind::Number(number) = &parameter.kind else {
        return 0.0;
    };
    let neutral = match number.unit {
        _ if number.off == Some(number.high) => number.high,
        Unit::Decibels => 0.0,
        Unit::Percent if number.low < 0.0 => 0.0,
        Unit::Percent if number.high > 100.0 => 100.0,
        _ => number.low,
    };
    parameter.travel(neutral)
}

/// A knob for `id`. Main thread.
pub fn knob(ui: &mut Ui, desk: &mut Desk, id: Id, kind: Knob) -> Response {
    let theme = Theme::of(ui);
    let (whole, _) = ui.allocate_exact_size(kind.size(), Sense::hover());
    let large = kind == Knob::Large;
    let (name_height, gap) = match kind {
        Knob::Large => (16.0, 4.0),
        Knob::Medium => (15.0, 4.0),
        Knob::Small => (15.0, 2.0),
    };
    let name_rect = Rect::from_min_size(whole.min, vec2(whole.width(), name_height));
    let center = Pos2::new(
        whole.center().x,
        name_rect.max.y + kind.diameter() / 2.0 + gap / 2.0,
    );
    let disc = Rect::from_center_size(center, egui::Vec2::splat(kind.diameter()));
    let value_rect = Rect::from_min_max(Pos2::new(whole.min.x, disc.max.y + gap / 2.0), whole.max);

    let response = ui.interact(disc, ui.make_persistent_id(("knob", id)), Sense::drag());
    grip::turn(ui, desk, &response, id);
    let enter = |input: &mut egui::InputState| input.consume_key(Modifiers::NONE, Key::Enter);
    let open = response.has_focus() && ui.input_mut(enter);

    let parameter = id.parameter();
    let overruled = desk.overruled(id);
    let travel = parameter.travel(overruled.unwrap_or(desk.value(id)));
    let active = response.hovered() || response.dragged() || response.has_focus();
    let tint = if overruled.is_some() {
        theme.outline
    } else {
        theme.accent
    };
    face(
        ui,
        &theme,
        disc,
        (origin(parameter), travel),
        (active, tint),
    );
    if response.has_focus() {
        let ring = Stroke::new(2.0, theme.focus);
        ui.painter()
            .circle_stroke(center, kind.diameter() / 2.0 + 1.5, ring);
    }

    let name = if large {
        parameter.name
    } else {
        help::short(id)
    };
    let (name_font, value_font) = if large {
        (FontId::proportional(size::BODY), fonts::strong(14.0))
    } else {
        (
            FontId::proportional(size::SMALL),
            FontId::proportional(12.0),
        )
    };
    paint::text_in(ui, name_rect, name, name_font, theme.muted);
    entry(ui, desk, id, value_rect, value_font, open);
    let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeVertical);
    grip::bubble(desk, response, id)
}

/// An arc from `origin` to `travel`, both from 0 to 1, around a disc with a mark; `active` while the user is at it. Main thread.
pub fn face(
    ui: &Ui,
    theme: &Theme,
    disc: Rect,
    (origin, travel): (f32, f32),
    (active, tint): (bool, Color32),
) {
    let painter = ui.painter();
    let (center, radius) = (disc.center(), disc.width() / 2.0);
    let width = if radius > 25.0 { 4.0 } else { 3.0 };
    let on = |travel: f32, radius: f32| {
        let angle = angle(travel);
        center + radius * vec2(angle.cos(), angle.sin())
    };
    let rim = radius - width / 2.0;
    let arc = |from: f32, to: f32| {
        let points = (0..=48).map(|n| on(from + (to - from) * n as f32 / 48.0, rim));
        points.collect::<Vec<_>>()
    };
    painter.add(Shape::line(arc(0.0, 1.0), Stroke::new(width, theme.line)));
    if travel != origin {
        let stroke = Stroke::new(width, tint);
        painter.add(Shape::line(arc(origin, travel), stroke));
    }
    let rest = if active { theme.outline } else { theme.line };
    let body = radius - width - 4.0;
    painter.circle(center, body, theme.raised, Stroke::new(1.0, rest));
    let stroke = Stroke::new(if radius > 25.0 { 2.5 } else { 2.0 }, theme.text);
    painter.line_segment([on(travel, body * 0.45), on(travel, body - 3.0)], stroke);
}

//! A place in the picture that can be taken hold of: one parameter, in one direction.

use super::plot::Plot;
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::theme::size;
use crate::editor::widget::{focus_ring, grip};
use crate::params::Id;
use egui::{CursorIcon, Pos2, Rect, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};

/// What it looks like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// A word on a line, or so many points beside it.
    Flag(&'static str, f32),
    /// An end of the envelope.
    Point,
    /// The bow of the envelope.
    Dot,
}

/// A handle.
pub(super) struct Handle {
    pub id: Id,
    /// What assistive technology calls it.
    pub name: &'static str,
    pub at: Pos2,
    /// A line from top to bottom belongs to it.
    pub line: bool,
    pub look: Look,
    /// Where a value stands, in the parameter's unit.
    pub place: fn(f32) -> f32,
    /// How much a point to the right and a point down are of that.
    pub step: Vec2,
}

/// The handle, if it is in sight. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk, plot: &Plot<'_>, handle: &Handle) {
    let Handle { id, at, .. } = *handle;
    let inside = plot.rect.expand2(vec2(1.0, 0.0)).contains(at);
    if !inside && desk.held() != Some(id) {
        return;
    }
    let theme = plot.theme;
    let word = match handle.look {
        Look::Flag(word, _) => {
            let font = fonts::strong(size::TINY);
            let galley = ui
                .painter()
                .layout_no_wrap(word.to_owned(), font, theme.ground);
            Some(galley)
        }
        _ => None,
    };
    let rect = match &word {
        // A flag flies to the side where there is room.
        Some(word) => {
            let space = vec2(word.size().x + 12.0, 17.0);
            let aside = match handle.look {
                Look::Flag(_, aside) => aside,
                _ => 0.0,
            };
            let left = if at.x + aside + space.x > plot.rect.max.x {
                at.x - space.x
            } else {
                at.x + aside
            };
            Rect::from_min_size(pos2(left, at.y - space.y / 2.0), space)
        }
        None => {
            let x = at.x.clamp(plot.rect.min.x + 7.0, plot.rect.max.x - 7.0);
            Rect::from_center_size(pos2(x, at.y), Vec2::splat(14.0))
        }
    };
    let memory = ui.make_persistent_id(("handle", id));
    let response = ui.interact(rect.expand(4.0), memory, Sense::drag());
    if response.drag_started() && id == Id::Predelay && desk.value(Id::PredelayNote) != 0.0 {
        // A note value would hold it where it is.
        desk.change(Id::PredelayNote, 0.0);
    }
    grip::hold(ui, desk, &response, id, handle.place, |stands, delta| {
        let parameter = id.parameter();
        let stands = stands + delta.x * handle.step.x + delta.y * handle.step.y;
        let stands = stands.clamp(parameter.lowest(), parameter.highest());
        (stands, stands)
    });
    grip::wheel(ui, desk, &response, id);
    grip::keys(ui, desk, &response, id);
    grip::describe_as(ui, desk, &response, id, handle.name);

    let active = response.hovered() || response.dragged() || response.has_focus();
    let colour = if active { theme.accent } else { theme.text };
    let painter = ui.painter();
    if handle.line {
        let clipped = painter.with_clip_rect(plot.rect);
        let faint = if active { 1.0 } else { 0.55 };
        let stroke = Stroke::new(1.0, colour.gamma_multiply(faint));
        let ends = [pos2(at.x, plot.rect.min.y), pos2(at.x, plot.rect.max.y)];
        match id {
            Id::Split => clipped.extend(Shape::dashed_line(&ends, stroke, 4.0, 4.0)),
            _ => {
                clipped.add(Shape::line_segment(ends, stroke));
            }
        }
    }
    match (handle.look, word) {
        (Look::Flag(..), Some(word)) => {
            painter.rect_filled(rect, 3.0, colour);
            painter.galley(rect.center() - word.size() / 2.0, word, theme.ground);
        }
        (Look::Dot, _) => {
            let radius = if active { 5.0 } else { 4.0 };
            painter.circle(
                rect.center(),
                radius,
                theme.picture,
                Stroke::new(2.0, colour),
            );
        }
        _ => {
            let radius = if active { 6.5 } else { 5.5 };
            painter.circle(
                rect.center(),
                radius,
                colour,
                Stroke::new(2.0, theme.picture),
            );
        }
    }
    focus_ring(ui, rect.expand(2.0), response.has_focus());
    let cursor = if handle.step.x == 0.0 {
        CursorIcon::ResizeVertical
    } else {
        CursorIcon::ResizeHorizontal
    };
    let response = response.on_hover_and_drag_cursor(cursor);
    if response.dragged() {
        grip::held(desk, &response, id);
    } else {
        grip::bubble(desk, response, id);
    }
}

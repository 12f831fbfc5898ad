//! The whole file, with what is cut off either end, and the handles that cut.

use crate::editor::desk::Desk;
use crate::editor::picture::File;
use crate::editor::theme::Theme;
use crate::editor::widget::{focus_ring, grip};
use crate::params::Id;
use egui::{CursorIcon, Mesh, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

/// Draws it in `rect`. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk, rect: Rect, file: &File) {
    let theme = Theme::of(ui);
    let rim = Stroke::new(1.0, theme.line);
    ui.painter()
        .rect(rect, 4.0, theme.picture, rim, StrokeKind::Inside);
    let inside = rect.shrink2(vec2(7.0, 3.0));
    let per_point = file.seconds / f64::from(inside.width().max(1.0));
    let x = |seconds: f64| inside.min.x + (seconds / per_point.max(1e-9)) as f32;
    let first = if desk.is_on(Id::Onset) {
        file.onset_seconds
    } else {
        0.0
    };
    let start = (first + f64::from(desk.value(Id::TrimStart)) / 1000.0).min(file.seconds);
    let end = (file.seconds - f64::from(desk.value(Id::TrimEnd)) / 1000.0).max(0.0);

    let mut mesh = Mesh::default();
    let column = inside.width() / file.levels.len().max(1) as f32;
    for (at, db) in file.levels.iter().enumerate() {
        let left = inside.min.x + at as f32 * column;
        let seconds = (at as f64 + 0.5) * file.seconds / file.levels.len() as f64;
        let kept = (start..=end).contains(&seconds);
        let colour = if kept { theme.accent } else { theme.line };
        let share = 1.0 + db / super::plot::RANGE_DB;
        let height = (share.clamp(0.0, 1.0) * inside.height() / 2.0).max(0.5);
        let (top, bottom) = (inside.center().y - height, inside.center().y + height);
        let bar = Rect::from_min_max(pos2(left, top), pos2(left + column, bottom));
        mesh.add_colored_rect(bar, colour);
    }
    ui.painter().add(Shape::mesh(mesh));
    let fade = f64::from(desk.value(Id::Fade)) / 1000.0;
    if fade > 0.0 {
        let from = pos2(x((end - fade).max(start)), inside.min.y);
        let ends = [from, pos2(x(end), inside.max.y)];
        ui.painter()
            .line_segment(ends, Stroke::new(1.5, theme.text));
    }
    let milliseconds = per_point as f32 * 1000.0;
    let cut = |ui: &mut Ui, desk: &mut Desk, id: Id, name, seconds, step: f32| {
        let bar =
            Rect::from_center_size(pos2(x(seconds), rect.center().y), vec2(6.0, rect.height()));
        let memory = ui.make_persistent_id(("trim", id));
        let response = ui.interact(bar.expand2(vec2(5.0, 0.0)), memory, Sense::drag());
        // What is cut off one end is not there to be cut off the other.
        let most = (1000.0 * file.seconds - 1.0).max(0.0) as f32;
        grip::hold(
            ui,
            desk,
            &response,
            id,
            |ms| ms,
            |stands, delta| {
                let stands = (stands + delta.x * step).clamp(0.0, most);
                (stands, stands)
            },
        );
        grip::wheel(ui, desk, &response, id);
        grip::keys(ui, desk, &response, id);
        grip::describe_as(ui, desk, &response, id, name);
        paint(ui, &theme, bar, &response);
        let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
        if response.dragged() {
            grip::held(desk, &response, id);
        } else {
            grip::bubble(desk, response, id);
        }
    };
    cut(
        ui,
        desk,
        Id::TrimStart,
        "Trim start, in the file",
        start,
        milliseconds,
    );
    cut(
        ui,
        desk,
        Id::TrimEnd,
        "Trim end, in the file",
        end,
        -milliseconds,
    );
}

fn paint(ui: &Ui, theme: &Theme, bar: Rect, response: &Response) {
    let active = response.hovered() || response.dragged() || response.has_focus();
    let colour = if active { theme.accent } else { theme.text };
    let painter = ui.painter();
    painter.rect_filled(bar, 3.0, colour);
    let notch = Stroke::new(1.0, theme.picture);
    let middle = bar.center();
    painter.vline(middle.x, middle.y - 4.0..=middle.y + 4.0, notch);
    focus_ring(ui, bar, response.has_focus());
}

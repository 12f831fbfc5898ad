//! On or off.

use super::{grip, paint};
use crate::editor::desk::Desk;
use crate::editor::help;
use crate::editor::theme::{Theme, size};
use crate::params::Id;
use egui::{FontId, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

/// A switch for `id`, with its name. Main thread.
pub fn switch(ui: &mut Ui, desk: &mut Desk, id: Id) -> Response {
    let on = desk.is_on(id);
    let response = draw(ui, help::short(id), id.parameter().name, on);
    if response.clicked() {
        desk.change(id, f32::from(u8::from(!on)));
    }
    grip::bubble(desk, response, id)
}

/// A switch for what is no parameter. Main thread.
pub fn toggle(ui: &mut Ui, name: &str, on: bool) -> Response {
    draw(ui, name, name, on)
}

fn draw(ui: &mut Ui, name: &str, full: &str, on: bool) -> Response {
    let theme = Theme::of(ui);
    let font = FontId::proportional(size::BODY);
    let text = ui
        .painter()
        .layout_no_wrap(name.to_owned(), font, theme.text);
    let track = vec2(28.0, 16.0);
    let wanted = vec2(track.x + 8.0 + text.size().x, 24.0);
    let (rect, response) = ui.allocate_exact_size(wanted, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, on, full));
    let corner = Pos2::new(rect.min.x, rect.center().y - track.y / 2.0);
    let track = Rect::from_min_size(corner, track);
    let painter = ui.painter();
    let (fill, rim, thumb) = if on {
        (theme.accent, theme.accent, theme.on_accent)
    } else {
        (theme.picture, theme.outline, theme.outline)
    };
    painter.rect(track, 8.0, fill, Stroke::new(1.0, rim), StrokeKind::Inside);
    let x = if on {
        track.max.x - 8.0
    } else {
        track.min.x + 8.0
    };
    painter.circle_filled(Pos2::new(x, track.center().y), 5.0, thumb);
    let at = Pos2::new(track.max.x + 8.0, rect.center().y - text.size().y / 2.0);
    let color = if response.hovered() {
        theme.accent
    } else {
        theme.text
    };
    painter.galley_with_override_text_color(at, text, color);
    paint::focus_ring(ui, rect.expand(2.0), response.has_focus());
    response
}

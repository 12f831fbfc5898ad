//! One of a few words.

use super::{grip, paint};
use crate::editor::desk::Desk;
use crate::editor::theme::{Theme, size};
use crate::params::{Id, Kind};
use egui::{
    CornerRadius, CursorIcon, FontId, Popup, Response, Role, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, vec2,
};

/// A field that shows the word of `id`; a click opens all of them, wheel and arrow keys step through. Main thread.
pub fn choice(ui: &mut Ui, desk: &mut Desk, id: Id, width: f32) -> Response {
    let theme = Theme::of(ui);
    let parameter = id.parameter();
    let (rect, response) = ui.allocate_exact_size(vec2(width, 24.0), Sense::click());
    grip::wheel(ui, desk, &response, id);
    grip::keys(ui, desk, &response, id);
    let text = desk.text(id);
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, parameter.name));
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_value(text.as_str()));
    let rim = if response.hovered() {
        theme.accent
    } else {
        theme.outline
    };
    let corner = CornerRadius::same(4);
    let stroke = Stroke::new(1.0, rim);
    ui.painter()
        .rect(rect, corner, theme.raised, stroke, StrokeKind::Inside);
    let words = rect.with_max_x(rect.max.x - 14.0).shrink2(vec2(4.0, 0.0));
    paint::text_in(
        ui,
        words,
        &text,
        FontId::proportional(size::BODY),
        theme.text,
    );
    let at = rect.right_center() - vec2(11.0, 0.0);
    let points = vec![
        at + vec2(-3.5, -2.0),
        at + vec2(3.5, -2.0),
        at + vec2(0.0, 2.5),
    ];
    ui.painter().add(egui::Shape::convex_polygon(
        points,
        theme.muted,
        Stroke::NONE,
    ));
    paint::focus_ring(ui, rect, response.has_focus());
    if let Kind::Choice(words) = parameter.kind {
        Popup::menu(&response)
            .accessible_name(parameter.name)
            .show(|ui| {
                for (number, word) in words.iter().enumerate() {
                    let on = desk.value(id) == number as f32;
                    if ui.selectable_label(on, *word).clicked() {
                        desk.change(id, number as f32);
                        ui.close();
                    }
                }
            });
    }
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    grip::bubble(desk, response, id)
}

//! The decay time of each octave as points on a curve.

use crate::editor::desk::Desk;
use crate::editor::help;
use crate::editor::theme::{Theme, size};
use crate::editor::widget::{entry, focus_ring, grip, text_in};
use crate::params::Id;
use egui::{
    CursorIcon, FontId, Key, Modifiers, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, Ui, Vec2,
    pos2, vec2,
};

pub(super) const BANDS: [Id; 7] = [
    Id::Damping125,
    Id::Damping250,
    Id::Damping500,
    Id::Damping1k,
    Id::Damping2k,
    Id::Damping4k,
    Id::Damping8k,
];

/// Draws it in `rect`. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk, rect: Rect) {
    let theme = Theme::of(ui);
    let words = 34.0;
    let graph = rect.with_max_y(rect.max.y - words);
    let rim = Stroke::new(1.0, theme.line);
    ui.painter()
        .rect(graph, 4.0, theme.picture, rim, StrokeKind::Inside);
    let inside = graph.shrink2(vec2(0.0, 9.0));
    let y = |travel: f32| inside.max.y - travel * inside.height();
    let neutral = y(Id::Damping1k.parameter().travel(100.0));
    ui.painter().hline(graph.x_range(), neutral, rim);
    let cell = graph.width() / BANDS.len() as f32;
    let at = |band: usize, desk: &Desk| {
        let id = BANDS[band];
        let travel = id.parameter().travel(desk.value(id));
        pos2(graph.min.x + (band as f32 + 0.5) * cell, y(travel))
    };
    let points: Vec<Pos2> = (0..BANDS.len()).map(|band| at(band, desk)).collect();
    let ends = (points[0].y, points[BANDS.len() - 1].y);
    let mut line = vec![pos2(graph.min.x + 1.0, ends.0)];
    line.extend(&points);
    line.push(pos2(graph.max.x - 1.0, ends.1));
    ui.painter()
        .add(Shape::line(line, Stroke::new(2.0, theme.accent)));

    for (band, id) in BANDS.into_iter().enumerate() {
        let point = at(band, desk);
        let column =
            Rect::from_x_y_ranges(point.x - cell / 2.0..=point.x + cell / 2.0, graph.y_range());
        let memory = ui.make_persistent_id(("damping", id));
        let response = ui.interact(column, memory, Sense::drag());
        let height = inside.height().max(1.0);
        let place = |value| id.parameter().travel(value);
        grip::hold(ui, desk, &response, id, place, |travel, delta| {
            let travel = (travel - delta.y / height).clamp(0.0, 1.0);
            (travel, id.parameter().value_at(travel))
        });
        grip::wheel(ui, desk, &response, id);
        grip::keys(ui, desk, &response, id);
        grip::describe(ui, desk, &response, id);
        let enter = |input: &mut egui::InputState| input.consume_key(Modifiers::NONE, Key::Enter);
        let open = response.has_focus() && ui.input_mut(enter);
        let active = response.hovered() || response.dragged() || response.has_focus();
        let (radius, colour) = if active {
            (6.0, theme.text)
        } else {
            (5.0, theme.accent)
        };
        let point = at(band, desk);
        ui.painter()
            .circle(point, radius, colour, Stroke::new(2.0, theme.picture));
        let ring = Rect::from_center_size(point, Vec2::splat(18.0));
        focus_ring(ui, ring, response.has_focus());

        let name = Rect::from_min_size(pos2(column.min.x, graph.max.y + 3.0), vec2(cell, 14.0));
        let font = FontId::proportional(size::SMALL);
        let word = format!("{} Hz", help::short(id));
        text_in(ui, name, &word, font, theme.muted);
        let value = Rect::from_min_size(
            pos2(column.min.x + 4.0, name.max.y + 1.0),
            vec2(cell - 8.0, 16.0),
        );
        entry(ui, desk, id, value, FontId::proportional(12.0), open);
        let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeVertical);
        grip::bubble(desk, response, id);
    }
}

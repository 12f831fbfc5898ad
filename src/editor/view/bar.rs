//! The bar over every view: which impulse plays, and the way to the other views.

use super::{View, browser};
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::theme::{Theme, size};
use crate::editor::widget::{self, Icon};
use crate::impulse::load::shown;
use crate::params::{Id, Slots};
use egui::{
    Align, Color32, Layout, Rect, Response, RichText, Role, Sense, Shape, Stroke, Ui, WidgetInfo,
    vec2,
};

pub(super) fn show(ui: &mut Ui, desk: &mut Desk, view: &mut View) {
    let theme = Theme::of(ui);
    ui.horizontal_centered(|ui| {
        let brand = RichText::new("Partita").font(fonts::strong(size::TITLE));
        ui.label(brand.color(theme.accent));
        ui.add_space(14.0);
        if widget::icon_button(ui, Icon::Previous, "Previous impulse").clicked() {
            desk.step_impulse(false);
        }
        if widget::icon_button(ui, Icon::Next, "Next impulse").clicked() {
            desk.step_impulse(true);
        }
        if name(ui, &impulse(desk)).clicked() {
            *view = View::Browser;
        }
        if let Some(preset) = &desk.data().preset {
            widget::label(ui, format!("Preset: {preset}"));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            widget::switch(ui, desk, Id::Bypass);
            ui.add_space(10.0);
            ui.spacing_mut().item_spacing.x = 4.0;
            for (other, name) in View::OFFERED.iter().rev() {
                if widget::tab(ui, name, view == other).clicked() {
                    *view = *other;
                }
            }
        });
    });
}

/// What plays, as people write it.
fn impulse(desk: &Desk) -> String {
    let name = &shown(&desk.data().playing.name);
    match Slots::of_factory(name) {
        Some(_) => browser::titled(name),
        None if name.is_empty() => "No impulse".to_owned(),
        None => name.clone(),
    }
}

/// The name, which leads to all the others.
fn name(ui: &mut Ui, text: &str) -> Response {
    let theme = Theme::of(ui);
    let galley = egui::WidgetText::from(RichText::new(text).font(fonts::strong(size::TITLE)))
        .into_galley(
            ui,
            Some(egui::TextWrapMode::Truncate),
            320.0,
            egui::TextStyle::Body,
        );
    let space = vec2(galley.size().x + 34.0, 28.0);
    let (rect, response) = ui.allocate_exact_size(space, Sense::click());
    let said = format!("Impulse: {text}");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &said));
    let colour = if response.hovered() {
        theme.accent
    } else {
        theme.text
    };
    let at = rect.left_center() + vec2(8.0, -galley.size().y / 2.0);
    ui.painter()
        .galley_with_override_text_color(at, galley, colour);
    arrow(ui, rect, colour);
    widget::focus_ring(ui, rect, response.has_focus());
    response.on_hover_text("All impulses")
}

fn arrow(ui: &Ui, rect: Rect, colour: Color32) {
    let at = rect.right_center() - vec2(13.0, 0.0);
    let points = [vec2(-4.0, -2.0), vec2(0.0, 2.5), vec2(4.0, -2.0)].map(|way| at + way);
    ui.painter()
        .add(Shape::line(points.to_vec(), Stroke::new(1.8, colour)));
}

//! The bar over every view: which impulse and which preset are heard, the way back, and the way to the other views.

use super::{View, Views, browser, part, presets};
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::settings::Settings;
use crate::editor::theme::{Theme, size};
use crate::editor::widget::{self, Icon};
use crate::impulse::load::shown;
use crate::params::{Id, Slots};
use egui::{
    Align, Color32, FontId, Layout, Rect, Response, RichText, Role, Sense, Shape, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

/// Width of the names, in points.
const NAMES: f32 = 236.0;

pub(super) fn show(
    ui: &mut Ui,
    desk: &mut Desk,
    settings: &Settings,
    view: &mut View,
    views: &mut Views,
) {
    let theme = Theme::of(ui);
    let whole = ui.available_rect_before_wrap();
    let middle = Layout::left_to_right(Align::Center);
    let brand = whole.with_max_x(whole.min.x + 72.0);
    part(ui, brand, middle, |ui| {
        let brand = RichText::new("Partita").font(fonts::strong(size::TITLE));
        ui.label(brand.color(theme.accent));
    });
    let names = Rect::from_min_max(
        pos2(brand.max.x + 10.0, whole.min.y),
        pos2(brand.max.x + 10.0 + NAMES + 60.0, whole.max.y),
    );
    let (upper, lower) = names.split_top_bottom_at_fraction(0.5);
    part(ui, upper, middle, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if widget::icon_button(ui, Icon::Previous, "Previous impulse").clicked() {
            browser::step(desk, views, false);
        }
        if widget::icon_button(ui, Icon::Next, "Next impulse").clicked() {
            browser::step(desk, views, true);
        }
        let text = impulse(desk);
        let said = format!("Impulse: {text}");
        let font = fonts::strong(size::TITLE);
        if name(
            ui,
            &text,
            &said,
            font,
            "All impulses",
            *view == View::Browser,
        )
        .clicked()
        {
            *view = View::Browser;
        }
    });
    part(ui, lower, middle, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if widget::icon_button(ui, Icon::Previous, "Previous preset").clicked() {
            presets::step(desk, settings, &mut views.librarian, false);
        }
        if widget::icon_button(ui, Icon::Next, "Next preset").clicked() {
            presets::step(desk, settings, &mut views.librarian, true);
        }
        let (text, said) = preset(desk, settings);
        let font = FontId::proportional(size::BODY);
        if name(
            ui,
            &text,
            &said,
            font,
            "All presets",
            *view == View::Presets,
        )
        .clicked()
        {
            *view = View::Presets;
        }
    });
    let back = Rect::from_min_max(
        pos2(names.max.x + 12.0, whole.min.y),
        pos2(whole.max.x, whole.max.y),
    );
    part(ui, back, middle, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        history(ui, desk);
        ui.add_space(8.0);
        compare(ui, desk);
    });
    part(ui, back, Layout::right_to_left(Align::Center), |ui| {
        widget::switch(ui, desk, Id::Bypass);
        ui.add_space(10.0);
        ui.spacing_mut().item_spacing.x = 4.0;
        for (other, name) in View::OFFERED.iter().rev() {
            if widget::tab(ui, name, view == other).clicked() {
                *view = *other;
            }
        }
    });
}

fn history(ui: &mut Ui, desk: &mut Desk) {
    let (undo, redo) = desk.steps();
    let said = |what: &str, step: Option<&str>| match step {
        Some(step) => format!("{what}: {step}"),
        None => format!("Nothing to {}", what.to_lowercase()),
    };
    let (undo, redo) = (
        (said("Undo", undo), undo.is_some()),
        (said("Redo", redo), redo.is_some()),
    );
    let pressed = |ui: &mut Ui, icon, name, (said, can): (String, bool)| {
        let response = ui.add_enabled_ui(can, |ui| {
            widget::icon_button_as(ui, icon, name, &said).clicked()
        });
        response.inner
    };
    if pressed(ui, Icon::Undo, "Undo", undo) {
        desk.undo();
    }
    if pressed(ui, Icon::Redo, "Redo", redo) {
        desk.redo();
    }
}

/// A and B, and the way from one to the other.
fn compare(ui: &mut Ui, desk: &mut Desk) {
    let on_b = desk.on_b();
    for (b, name) in [(false, "A"), (true, "B")] {
        let response = widget::tab(ui, name, on_b == b);
        if response.clicked() {
            desk.hear(b);
        }
        response.on_hover_text(
            "Two settings to compare. What you change belongs to the one that is on.",
        );
    }
    let name = if on_b { "Copy B to A" } else { "Copy A to B" };
    if widget::icon_button(ui, Icon::Copy, name).clicked() {
        desk.copy_to_other();
    }
}

/// What plays, as people write it.
fn impulse(desk: &Desk) -> String {
    let data = desk.data();
    let name = match (&data.reference, data.missing) {
        (Some(lost), true) => &lost.name,
        _ => &data.playing.name,
    };
    let name = &shown(name);
    match Slots::of_factory(name) {
        Some(_) => browser::titled(name),
        None if name.is_empty() => "No impulse".to_owned(),
        None => name.clone(),
    }
}

/// The preset's name as it is seen, and as it is said.
fn preset(desk: &Desk, settings: &Settings) -> (String, String) {
    match &desk.data().preset {
        Some(name) if desk.is_edited(settings.mix_locked) => {
            (format!("{name} •"), format!("Preset: {name}, edited"))
        }
        Some(name) => (name.clone(), format!("Preset: {name}")),
        None => ("No preset".to_owned(), "Preset: none".to_owned()),
    }
}

/// A name, which leads to all the others.
fn name(ui: &mut Ui, text: &str, said: &str, font: FontId, help: &str, on: bool) -> Response {
    let theme = Theme::of(ui);
    let galley = egui::WidgetText::from(RichText::new(text).font(font)).into_galley(
        ui,
        Some(egui::TextWrapMode::Truncate),
        NAMES - 34.0,
        egui::TextStyle::Body,
    );
    let (rect, response) = ui.allocate_exact_size(vec2(NAMES, 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, said));
    let colour = if response.hovered() {
        theme.accent
    } else {
        theme.text
    };
    let rim = match (on, response.hovered()) {
        (true, _) => theme.accent_dim,
        (false, true) => theme.outline,
        (false, false) => theme.line,
    };
    let stroke = Stroke::new(1.0, rim);
    ui.painter()
        .rect(rect, 4.0, theme.picture, stroke, StrokeKind::Inside);
    let at = rect.left_center() + vec2(10.0, -galley.size().y / 2.0);
    ui.painter()
        .galley_with_override_text_color(at, galley, colour);
    arrow(ui, rect, colour);
    widget::focus_ring(ui, rect, response.has_focus());
    response.on_hover_text(help)
}

fn arrow(ui: &Ui, rect: Rect, colour: Color32) {
    let at = rect.right_center() - vec2(13.0, 0.0);
    let points = [vec2(-4.0, -2.0), vec2(0.0, 2.5), vec2(4.0, -2.0)].map(|way| at + way);
    ui.painter()
        .add(Shape::line(points.to_vec(), Stroke::new(1.8, colour)));
}

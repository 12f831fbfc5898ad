//! The bar over every view: which impulse plays, and the way to the other views.

use super::View;
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::theme::{Theme, size};
use crate::editor::widget::{self, Icon};
use egui::{Align, Layout, RichText, Ui};

pub(super) fn show(ui: &mut Ui, desk: &mut Desk, view: &mut View) {
    let theme = Theme::of(ui);
    ui.horizontal_centered(|ui| {
        let brand = RichText::new("Partita").font(fonts::strong(size::TITLE));
        ui.label(brand.color(theme.accent));
        ui.add_space(18.0);
        if widget::icon_button(ui, Icon::Previous, "Previous impulse").clicked() {
            desk.step_impulse(false);
        }
        if widget::icon_button(ui, Icon::Next, "Next impulse").clicked() {
            desk.step_impulse(true);
        }
        ui.add_space(4.0);
        let name = desk.data().playing.name.clone();
        ui.label(RichText::new(name).font(fonts::strong(size::TITLE)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for (other, name) in View::ALL.iter().rev() {
                if widget::tab(ui, name, view == other).clicked() {
                    *view = *other;
                }
            }
        });
    });
}

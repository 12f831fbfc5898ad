//! How the editor looks.

use super::page;
use crate::editor::settings::{Brightness, Settings};
use crate::editor::widget;
use egui::Ui;

/// Scales that are offered, in per cent.
pub const OFFERED: [f32; 7] = [75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 250.0];

/// One frame. Main thread.
pub fn show(ui: &mut Ui, settings: &mut Settings) {
    page(ui, "Settings", |ui| {
        widget::heading(ui, "Theme");
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for (brightness, name) in [(Brightness::Dark, "Dark"), (Brightness::Light, "Light")] {
                if widget::tab(ui, name, settings.brightness == brightness).clicked() {
                    settings.brightness = brightness;
                }
            }
        });
        ui.add_space(14.0);
        widget::heading(ui, "Scale");
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for percent in OFFERED {
                let name = format!("{percent} %");
                if widget::tab(ui, &name, settings.scale_percent == percent).clicked() {
                    *settings = settings.clone().scaled(percent);
                }
            }
        });
        widget::label(
            ui,
            "The window grows with it, as far as the screen and the host let it.",
        );
    });
}

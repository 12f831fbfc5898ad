//! How the editor looks.

use crate::editor::settings::{Brightness, SCALES, Settings};
use crate::editor::widget;
use egui::Ui;

/// Scales that are offered, in per cent.
const OFFERED: [f32; 7] = [75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 250.0];

pub(super) fn show(ui: &mut Ui, settings: &mut Settings) {
    widget::heading(ui, "Theme");
    ui.horizontal(|ui| {
        for (brightness, name) in [(Brightness::Dark, "Dark"), (Brightness::Light, "Light")] {
            if widget::tab(ui, name, settings.brightness == brightness).clicked() {
                settings.brightness = brightness;
            }
        }
    });
    ui.add_space(12.0);
    widget::heading(ui, "Scale");
    ui.horizontal(|ui| {
        for percent in OFFERED {
            debug_assert!(SCALES.contains(&percent));
            let name = format!("{percent} %");
            if widget::tab(ui, &name, settings.scale_percent == percent).clicked() {
                settings.scale_percent = percent;
            }
        }
    });
}

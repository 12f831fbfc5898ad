//! Echoes, drawn spike by spike.

use super::page;
use crate::editor::desk::Desk;
use crate::editor::widget;
use egui::Ui;

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Echo {}

/// One frame. Main thread.
pub fn show(ui: &mut Ui, _desk: &mut Desk, _echo: &mut Echo) {
    page(ui, "Echo", |ui| {
        widget::label(ui, "Echoes are made with `partita impulse echo`.");
    });
}

//! Convolution, to look at.

use super::page;
use crate::editor::desk::Desk;
use crate::editor::widget;
use egui::Ui;

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Convolution {}

/// One frame. Main thread.
pub fn show(ui: &mut Ui, _desk: &mut Desk, _convolution: &mut Convolution) {
    page(ui, "Convolution", |ui| {
        widget::label(ui, "(f*g)(c) = Σ f(a)·g(c−a)");
    });
}

//! The impulse, and what is done to it.

use crate::editor::desk::Desk;
use crate::editor::widget::{self, Knob};
use crate::params::Id;
use egui::Ui;

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Main {}

/// One frame. Main thread.
pub fn show(ui: &mut Ui, desk: &mut Desk, _main: &mut Main) {
    ui.horizontal(|ui| {
        for id in [Id::Mix, Id::Predelay, Id::Size, Id::Decay, Id::Width] {
            widget::knob(ui, desk, id, Knob::Large);
        }
    });
    ui.horizontal(|ui| {
        for id in [Id::WetGain, Id::OutputGain, Id::LowCut, Id::HighCut] {
            widget::knob(ui, desk, id, Knob::Small);
        }
        widget::choice(ui, desk, Id::CutSlope, 100.0);
        widget::switch(ui, desk, Id::Normalise);
        widget::switch(ui, desk, Id::Reverse);
    });
}

//! What the keys ask of a handle in the picture of an echo.

use super::design::Grid;
use crate::editor::widget::grip;
use crate::impulse::echo::Time;
use egui::{Key, Modifiers, Response, Ui};

/// What keys ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Asked {
    /// Steps of the grid.
    pub across: f32,
    /// Milliseconds.
    pub free: f32,
    /// dB.
    pub up: f32,
    /// Tenths of what there is between left and right.
    pub pan: f32,
    /// It is to go.
    pub gone: bool,
}

/// The keys of a handle that has the focus.
pub(super) fn pressed(ui: &Ui, response: &Response) -> Asked {
    if !response.has_focus() {
        return Asked::default();
    }
    grip::keep_arrows(ui, response);
    ui.input_mut(|input| {
        // With modifiers first: without them, any are let through.
        let mut count = |modifiers, key| input.count_and_consume_key(modifiers, key) as f32;
        let free = count(Modifiers::ALT, Key::ArrowRight) - count(Modifiers::ALT, Key::ArrowLeft);
        let fine = count(Modifiers::SHIFT, Key::ArrowUp) - count(Modifiers::SHIFT, Key::ArrowDown);
        let mut plain = |key| count(Modifiers::NONE, key);
        Asked {
            free,
            across: plain(Key::ArrowRight) - plain(Key::ArrowLeft),
            up: plain(Key::ArrowUp) - plain(Key::ArrowDown) + 0.1 * fine,
            pan: plain(Key::PageUp) - plain(Key::PageDown),
            gone: plain(Key::Delete) + plain(Key::Backspace) > 0.0,
        }
    })
}

impl Asked {
    /// A time so much later.
    pub fn later(self, time: Time, grid: Grid, tempo_bpm: f64) -> Time {
        let ms = time.milliseconds(tempo_bpm);
        if self.free != 0.0 {
            return Time::Ms((ms + f64::from(self.free)).max(0.0));
        }
        if self.across == 0.0 {
            return time;
        }
        let step = grid.step_ms(tempo_bpm).unwrap_or(1.0);
        grid.nearest(ms + f64::from(self.across) * step, tempo_bpm)
    }
}

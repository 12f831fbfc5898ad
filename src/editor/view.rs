//! The views, of which one is seen at a time, and the bar over them.

mod bar;
pub mod main;
mod settings;

use super::desk::Desk;
use super::settings::Settings;
use super::theme::{self, Theme};
use egui::{CentralPanel, Frame, Margin, Panel, Ui};

/// Which view is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The impulse, and what is done to it.
    #[default]
    Main,
    /// How the editor looks.
    Settings,
}

impl View {
    /// Those that the bar offers, each with its name there.
    pub const ALL: &'static [(Self, &'static str)] =
        &[(Self::Main, "Room"), (Self::Settings, "Settings")];
}

/// What each view remembers from frame to frame.
#[derive(Default)]
pub struct Views {
    /// Of [`View::Main`].
    pub main: main::Main,
}

impl Views {
    /// Whether any has something new to draw. Main thread.
    pub fn poll(&mut self) -> bool {
        false
    }
}

/// One frame: the bar, and the view under it. Main thread.
pub fn show(
    ui: &mut Ui,
    desk: &mut Desk,
    settings: &mut Settings,
    view: &mut View,
    views: &mut Views,
) {
    let theme = Theme::of(ui);
    let frame = Frame::new()
        .fill(theme.panel)
        .inner_margin(Margin::symmetric(14, 9));
    Panel::top("bar")
        .frame(frame)
        .exact_size(46.0)
        .show(ui, |ui| bar::show(ui, desk, view));
    let frame = Frame::new()
        .fill(theme.ground)
        .inner_margin(Margin::same(theme::GAP as i8 + 4));
    CentralPanel::default()
        .frame(frame)
        .show(ui, |ui| match view {
            View::Main => main::show(ui, desk, &mut views.main),
            View::Settings => settings::show(ui, settings),
        });
}

//! The views, of which one is seen at a time, and what surrounds them.
//!
//! A view is a file here with what it remembers and a `show`, a variant of [`View`], a field of [`Views`] and a line in
//! [`show`]; with a name in [`View::OFFERED`] the bar leads to it.

mod bar;
pub mod browser;
pub mod convolve;
pub mod echo;
pub mod lab;
pub mod main;
pub mod series;
pub mod settings;

use super::desk::Desk;
use super::settings::Settings;
use super::theme::{self, Theme, size};
use super::widget;
use egui::{Align2, CentralPanel, Color32, FontId, Frame, Margin, Panel, Stroke, StrokeKind, Ui};

/// Which view is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The impulse, and what is done to it.
    #[default]
    Main,
    /// All impulses, to choose one.
    Browser,
    /// Making impulses, and seeing what they do.
    Lab,
    /// How the editor looks.
    Settings,
}

impl View {
    /// Those that the bar offers, each with its name there.
    pub const OFFERED: &'static [(Self, &'static str)] = &[
        (Self::Main, "Room"),
        (Self::Browser, "Impulses"),
        (Self::Lab, "Lab"),
        (Self::Settings, "Settings"),
    ];
}

/// What each view remembers from frame to frame.
#[derive(Default)]
pub struct Views {
    /// Of [`View::Main`].
    pub main: main::Main,
    /// Of [`View::Browser`].
    pub browser: browser::Browser,
    /// Of [`View::Lab`].
    pub lab: lab::Lab,
}

impl Views {
    /// Whether any has something new to draw. Main thread.
    pub fn poll(&mut self) -> bool {
        let (main, lab) = (self.main.poll(), self.lab.poll());
        main || lab
    }

    /// Waits until everything that is being measured is there: for whoever draws without a screen. Main thread.
    pub fn wait(&mut self) {
        self.main.wait();
        self.lab.wait();
    }
}

/// One frame: the bar, what is wrong if something is, and the view under it. Main thread.
pub fn show(
    ui: &mut Ui,
    desk: &mut Desk,
    settings: &mut Settings,
    view: &mut View,
    views: &mut Views,
) {
    let theme = Theme::of(ui);
    views.lab.arrive(desk);
    let frame = Frame::new()
        .fill(theme.panel)
        .inner_margin(Margin::symmetric(16, 9));
    Panel::top("bar")
        .frame(frame)
        .exact_size(46.0)
        .show_separator_line(false)
        .show(ui, |ui| bar::show(ui, desk, view));
    said(ui, desk, &theme);
    let frame = Frame::new()
        .fill(theme.ground)
        .inner_margin(Margin::same(10));
    CentralPanel::default()
        .frame(frame)
        .show(ui, |ui| match view {
            View::Main => main::show(ui, desk, &mut views.main),
            View::Browser => browser::show(ui, desk, &mut views.browser),
            View::Lab => lab::show(ui, desk, &mut views.lab),
            View::Settings => settings::show(ui, settings),
        });
    dropping(ui, &theme);
}

/// What is wrong, and what else the user should know: one line each, whole in the bubble.
fn said(ui: &mut Ui, desk: &Desk, theme: &Theme) {
    let playing = &desk.data().playing;
    for (name, text, colour) in [
        ("error", &playing.error, theme.alarm),
        ("note", &playing.note, theme.accent),
    ] {
        let Some(text) = text else { continue };
        let frame = Frame::new()
            .fill(theme.raised)
            .inner_margin(Margin::symmetric(16, 5));
        Panel::top(name)
            .frame(frame)
            .show_separator_line(false)
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    let (dot, _) =
                        ui.allocate_exact_size(egui::vec2(8.0, 8.0), egui::Sense::hover());
                    ui.painter().circle_filled(dot.center(), 3.5, colour);
                    let line = egui::Label::new(egui::RichText::new(text).size(size::BODY))
                        .truncate()
                        .show_tooltip_when_elided(true);
                    ui.add(line);
                });
            });
    }
}

/// While files are over the window: what becomes of them.
fn dropping(ui: &Ui, theme: &Theme) {
    let file = ui.input(|input| {
        let file = input.raw.hovered_files.first()?;
        let name = file.path.as_ref()?.file_name()?;
        Some(name.to_string_lossy().into_owned())
    });
    let Some(file) = file else { return };
    let rect = ui.ctx().content_rect();
    let painter = ui.ctx().layer_painter(egui::LayerId::new(
        egui::Order::Foreground,
        egui::Id::unique("drop"),
    ));
    let veil = Color32::from_black_alpha(if ui.visuals().dark_mode { 190 } else { 120 });
    painter.rect_filled(rect, 0.0, veil);
    let rim = Stroke::new(2.0, theme.accent);
    painter.rect_stroke(rect.shrink(10.0), theme::CORNER, rim, StrokeKind::Inside);
    let text = format!("Drop to load {file}");
    let font = FontId::proportional(size::TITLE);
    painter.text(
        rect.center(),
        Align2::CENTER_CENTER,
        text,
        font,
        Color32::WHITE,
    );
}

/// A view whose content is in the middle of a panel.
pub(super) fn page(ui: &mut Ui, title: &str, add: impl FnOnce(&mut Ui)) {
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.panel)
        .corner_radius(theme::CORNER)
        .inner_margin(Margin::same(18))
        .show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            widget::title(ui, title);
            ui.add_space(10.0);
            add(ui);
        });
}

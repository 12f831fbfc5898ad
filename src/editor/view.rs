//! The views, of which one is seen at a time, and what surrounds them.
//!
//! A view is a file here with what it remembers and a `show`, a variant of [`View`], a field of [`Views`] and a line in
//! [`show`]; with a name in [`View::OFFERED`] the bar leads to it.

mod bar;
pub mod browser;
pub mod convolve;
pub mod echo;
pub mod lab;
mod list;
pub mod main;
pub mod presets;
pub mod series;
pub mod settings;

use super::data::same;
use super::desk::Desk;
use super::dialog::{Answer, Purpose};
use super::librarian::{Done, Librarian};
use super::settings::Settings;
use super::theme::{self, Theme, size};
use super::widget::{self, Icon};
use crate::impulse::library::{Places, Source};
use egui::{
    Align2, CentralPanel, Color32, FontId, Frame, Layout, Margin, Panel, Rect, Stroke, StrokeKind,
    Ui, UiBuilder,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which view is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The impulse, and what is done to it.
    #[default]
    Main,
    /// All impulses, to choose one.
    Browser,
    /// All presets.
    Presets,
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
pub struct Views {
    /// Of [`View::Main`].
    pub main: main::Main,
    /// Of [`View::Browser`].
    pub browser: browser::Browser,
    /// Of [`View::Presets`].
    pub presets: presets::Presets,
    /// Of [`View::Settings`].
    pub settings: settings::Page,
    /// Of [`View::Lab`].
    pub lab: lab::Lab,
    /// Who looks after impulses and presets.
    pub librarian: Librarian,
    /// The file that is being loaded.
    hoped: Option<PathBuf>,
    /// The last one that could not be.
    refused: Option<Arc<Path>>,
}

impl Views {
    /// Of the library and the presets there. Main thread.
    pub fn new(places: Option<Places>) -> Self {
        Self {
            main: main::Main::default(),
            browser: browser::Browser::default(),
            presets: presets::Presets::default(),
            settings: settings::Page::default(),
            lab: lab::Lab::default(),
            librarian: Librarian::new(places),
            hoped: None,
            refused: None,
        }
    }

    /// Whether any has something new to draw. Main thread.
    pub fn poll(&mut self) -> bool {
        let new = [
            self.main.poll(),
            self.browser.poll(),
            self.presets.poll(),
            self.lab.poll(),
            self.librarian.poll(),
        ];
        new.contains(&true)
    }

    /// Waits until everything that is being measured and read is there: for whoever draws without a screen. Main thread.
    pub fn wait(&mut self) {
        self.main.wait();
        self.lab.wait();
        self.librarian.wait();
        self.browser.wait();
        self.presets.wait();
    }

    /// Loads a file, which has been used once it has been loaded. Main thread.
    pub fn load(&mut self, desk: &mut Desk, path: PathBuf) {
        desk.load(path.clone());
        self.hoped = Some(path);
    }

    /// Whether the file that is hoped for has come, or never will.
    fn hope(&mut self, desk: &Desk) {
        let data = desk.data();
        if !same(data.refused.as_ref(), self.refused.as_ref()) {
            self.refused.clone_from(&data.refused);
            if let Some(file) = &self.refused {
                self.hoped.take_if(|hoped| **hoped == **file);
                self.browser.refuse(file);
            }
        }
        let came = data.reference.as_ref().and_then(|it| it.path());
        let is_it =
            |hoped: &mut PathBuf| came.is_some_and(|came| came.file_name() == hoped.file_name());
        if let Some(path) = self.hoped.take_if(is_it) {
            self.librarian.used(Source::File(path));
        }
    }

    /// No view is seen any longer. Main thread.
    pub fn leave(&mut self) {
        self.browser.leave(&mut self.librarian);
    }

    /// What has come from threads and dialogs since the last frame.
    fn arrive(&mut self, desk: &mut Desk, settings: &Settings) {
        self.librarian.poll();
        self.browser.poll();
        while let Some(done) = self.librarian.done() {
            match done {
                Done::Opened(preset) => desk.load_preset(&preset, settings.mix_locked),
                Done::Saved(preset) => desk.saved(&preset),
                Done::Renamed { from, to } => desk.renamed(&from, &to),
            }
        }
        self.hope(desk);
        match self.browser.dialog.answer() {
            Some(Answer::Chosen(Purpose::Impulse, path)) => self.load(desk, path),
            Some(Answer::Chosen(Purpose::Locate(lost), path)) => {
                if lost.is_some() {
                    self.librarian.favour_file(path.clone(), lost);
                }
                self.load(desk, path);
            }
            Some(Answer::Chosen(Purpose::Folder, path)) => self.librarian.add_folder(path),
            // The browser asks for neither.
            Some(Answer::Chosen(Purpose::Save(_) | Purpose::Sound, _)) => {}
            Some(Answer::None(why)) => self.librarian.tell(why.to_owned()),
            None => {}
        }
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
    views.arrive(desk, settings);
    views.lab.arrive(desk);
    let frame = Frame::new()
        .fill(theme.panel)
        .inner_margin(Margin::symmetric(16, 4));
    Panel::top("bar")
        .frame(frame)
        .exact_size(66.0)
        .show_separator_line(false)
        .show(ui, |ui| bar::show(ui, desk, settings, view, views));
    said(ui, desk, views, &theme);
    device(ui, desk, &theme);
    let frame = Frame::new()
        .fill(theme.ground)
        .inner_margin(Margin::same(10));
    CentralPanel::default()
        .frame(frame)
        .show(ui, |ui| match view {
            View::Main => main::show(ui, desk, &mut views.main),
            View::Browser => browser::show(ui, desk, views, view),
            View::Presets => presets::show(ui, desk, settings, views),
            View::Lab => lab::show(ui, desk, &mut views.lab),
            View::Settings => settings::show(ui, desk, settings, views),
        });
    if *view != View::Browser {
        views.leave();
    }
    dropping(ui, &theme);
}

/// Room for a button beside a sentence, in points.
const BESIDE: f32 = 100.0;

/// What is wrong, and what else the user should know, with what can be done about it.
fn said(ui: &mut Ui, desk: &Desk, views: &mut Views, theme: &Theme) {
    let data = desk.data();
    let noted = match data.refused {
        Some(_) => theme.alarm,
        None => theme.accent,
    };
    let lines = [
        ("error", data.playing.error.clone(), theme.alarm),
        ("note", data.playing.note.clone(), noted),
        (
            "library",
            views.librarian.shown().error.clone(),
            theme.alarm,
        ),
    ];
    for (name, text, colour) in lines {
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
                    let room = ui.available_width() - BESIDE;
                    ui.scope(|ui| {
                        ui.set_max_width(room);
                        let line = egui::Label::new(egui::RichText::new(text).size(size::BODY));
                        ui.add(line.wrap());
                    });
                    if name == "library"
                        && widget::icon_button(ui, Icon::Close, "Dismiss").clicked()
                    {
                        views.librarian.heard();
                    }
                    if name == "note" && data.missing && widget::button(ui, "Locate…").clicked() {
                        views.browser.dialog.ask(Purpose::Locate(None), None);
                    }
                });
            });
    }
}

/// On what it plays, where no host tells that.
fn device(ui: &mut Ui, desk: &Desk, theme: &Theme) {
    let Some(text) = &desk.data().device else {
        return;
    };
    let frame = Frame::new()
        .fill(theme.panel)
        .inner_margin(Margin::symmetric(16, 4));
    Panel::bottom("device")
        .frame(frame)
        .show_separator_line(false)
        .show(ui, |ui| {
            let text = egui::RichText::new(text).size(size::SMALL);
            let line = egui::Label::new(text.color(theme.muted)).truncate();
            ui.add(line.show_tooltip_when_elided(true));
        });
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

/// A group on a ground of its own.
pub(super) fn panel(ui: &mut Ui, rect: Rect, add: impl FnOnce(&mut Ui, Rect)) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, theme::CORNER, theme.panel);
    let inside = rect.shrink(12.0);
    ui.scope_builder(UiBuilder::new().max_rect(inside), |ui| add(ui, inside));
}

/// Adds to a part of the panel.
pub(super) fn part(ui: &mut Ui, rect: Rect, layout: Layout, add: impl FnOnce(&mut Ui)) {
    let part = UiBuilder::new().max_rect(rect).layout(layout);
    ui.scope_builder(part, add);
}

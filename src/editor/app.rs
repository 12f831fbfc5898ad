//! The window's content: a bar over one view.

use super::Actions;
use super::desk::Desk;
use super::settings::{Brightness, Settings};
use super::theme;
use super::view::{self, View};
use egui::{Context, Ui};

/// The window's content.
pub struct App {
    desk: Desk,
    settings: Settings,
    view: View,
    views: view::Views,
}

impl App {
    /// Over what `actions` tell and do. Main thread.
    pub fn new(actions: impl Actions, settings: Settings) -> Self {
        Self {
            desk: Desk::new(actions),
            settings: settings.clamped(),
            view: View::default(),
            views: view::Views::default(),
        }
    }

    /// Prepares the context of a window: fonts, themes, scale. Once, before the first frame. Main thread.
    pub fn install(&self, context: &Context) {
        theme::install(context);
        context.set_zoom_factor(self.settings.zoom(self.settings.size()));
        self.apply(context);
    }

    fn apply(&self, context: &Context) {
        context.set_theme(match self.settings.brightness {
            Brightness::Dark => egui::Theme::Dark,
            Brightness::Light => egui::Theme::Light,
        });
    }

    /// One frame. Main thread.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.desk.refresh();
        let context = ui.ctx().clone();
        let window = context.content_rect().size() * context.zoom_factor();
        let zoom = self.settings.zoom(window);
        if (zoom - context.zoom_factor()).abs() > 1e-3 {
            context.set_zoom_factor(zoom);
        }
        for file in ui.input(|input| input.raw.dropped_files.clone()) {
            self.desk.load(file.path().to_owned());
        }
        self.apply(&context);
        let before = self.settings.clone();
        view::show(
            ui,
            &mut self.desk,
            &mut self.settings,
            &mut self.view,
            &mut self.views,
        );
        if self.settings != before {
            self.settings.save();
            context.request_repaint();
        }
    }

    /// Looks at what plays, and says whether there is anything new to draw. Main thread.
    pub fn poll(&mut self) -> bool {
        let changed = self.desk.refresh();
        self.views.poll() || changed
    }

    /// How the user wants the window. Main thread.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The window has that size now, in the system's points. Main thread.
    pub fn resized(&mut self, size: egui::Vec2) {
        (self.settings.width, self.settings.height) = (size.x, size.y);
    }

    /// Shows another view. Main thread.
    pub fn open(&mut self, view: View) {
        self.view = view;
    }

    /// What the views remember. Main thread.
    pub fn views(&mut self) -> &mut view::Views {
        &mut self.views
    }

    /// The window closes: gestures end, and what the user wants is saved. Main thread.
    pub fn close(&mut self) {
        self.desk.release();
        self.settings.save();
    }
}

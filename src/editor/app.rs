//! The window's content: a bar over one view.

use super::Actions;
use super::desk::Desk;
use super::history::Memory;
use super::settings::{Brightness, Settings};
use super::theme;
use super::view::{self, View};
use crate::impulse::library::Places;
use egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};
use std::sync::{Arc, Mutex, PoisonError};

/// The window's content.
pub struct App {
    desk: Desk,
    settings: Settings,
    view: View,
    views: view::Views,
    /// Where settings, library and presets lie; `None` where the user has no home.
    places: Option<Places>,
    /// What the next window is to know of this one.
    memory: Option<Arc<Mutex<Memory>>>,
}

const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
const REDO: [KeyboardShortcut; 2] = [
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z),
    KeyboardShortcut::new(Modifiers::COMMAND, Key::Y),
];

impl App {
    /// Over what `actions` tell and do. Main thread.
    pub fn new(actions: impl Actions, settings: Settings) -> Self {
        let places = Places::of_this_user().ok();
        Self {
            desk: Desk::new(actions),
            settings: settings.clamped(),
            view: View::default(),
            views: view::Views::new(places.clone()),
            places,
            memory: None,
        }
    }

    /// With the settings, the library and the presets there, in place of the user's own. Main thread.
    pub fn in_places(mut self, places: Places) -> Self {
        self.views = view::Views::new(Some(places.clone()));
        self.places = Some(places);
        self
    }

    /// Goes on with what was done before the last window was closed, and keeps it for the next. Main thread.
    pub fn remembering(mut self, memory: Arc<Mutex<Memory>>) -> Self {
        let kept = memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        *self.desk.memory() = kept;
        self.memory = Some(memory);
        self
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
            self.views.load(&mut self.desk, file.path().to_owned());
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
        // What a view has undone in itself is not to be undone once more.
        self.shortcuts(&context);
        if self.settings != before {
            self.save();
            context.request_repaint();
        }
    }

    fn save(&self) {
        if let Some(places) = &self.places {
            self.settings.save(places);
        }
    }

    /// Undo and redo, where nobody is typing: a field has its own.
    fn shortcuts(&mut self, context: &Context) {
        if context.text_edit_focused() {
            return;
        }
        // With Shift first: without it, any modifiers are let through.
        if REDO
            .iter()
            .any(|keys| context.input_mut(|input| input.consume_shortcut(keys)))
        {
            self.desk.redo();
        } else if context.input_mut(|input| input.consume_shortcut(&UNDO)) {
            self.desk.undo();
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
        self.views.leave();
        self.save();
        if let Some(memory) = &self.memory {
            let mut kept = memory.lock().unwrap_or_else(PoisonError::into_inner);
            kept.clone_from(self.desk.memory());
        }
    }
}

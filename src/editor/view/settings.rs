//! How the user wants it: what the window looks like, where impulses lie, what is saved.

use super::{Views, panel, part};
use crate::editor::desk::Desk;
use crate::editor::dialog::Purpose;
use crate::editor::settings::{Brightness, Settings};
use crate::editor::theme::{GAP, Theme, size};
use crate::editor::widget;
use crate::impulse::library::{FolderKind, FolderState};
use crate::preset::Embedding;
use egui::{Align, Key, Label, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};
use std::path::PathBuf;

/// Scales that are offered, in per cent.
pub const OFFERED: [f32; 7] = [75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 250.0];

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Page {
    /// A folder's path.
    typed: String,
}

/// One frame. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk, settings: &mut Settings, views: &mut Views) {
    views.librarian.begin();
    let whole = ui.available_rect_before_wrap();
    let left = whole.with_max_x(whole.min.x + whole.width() * 0.46);
    let right = whole.with_min_x(left.max.x + GAP);
    panel(ui, left, |ui, inside| {
        part(ui, inside.shrink(6.0), Layout::top_down(Align::Min), |ui| {
            widget::title(ui, "Settings");
            ui.add_space(6.0);
            looks(ui, settings);
            ui.add_space(14.0);
            saving(ui, desk, settings);
        });
    });
    panel(ui, right, |ui, inside| {
        part(ui, inside.shrink(6.0), Layout::top_down(Align::Min), |ui| {
            folders(ui, views);
        });
    });
}

fn looks(ui: &mut Ui, settings: &mut Settings) {
    widget::heading(ui, "Theme");
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (brightness, name) in [(Brightness::Dark, "Dark"), (Brightness::Light, "Light")] {
            if widget::tab(ui, name, settings.brightness == brightness).clicked() {
                settings.brightness = brightness;
            }
        }
    });
    ui.add_space(14.0);
    widget::heading(ui, "Scale");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for percent in OFFERED {
            let name = format!("{percent} %");
            if widget::tab(ui, &name, settings.scale_percent == percent).clicked() {
                *settings = settings.clone().scaled(percent);
            }
        }
    });
    widget::label(
        ui,
        "The window grows with it, as far as the screen and the host let it.",
    );
}

fn saving(ui: &mut Ui, desk: &mut Desk, settings: &mut Settings) {
    widget::heading(ui, "Impulses inside the session");
    let now = desk.data().embedding;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (embedding, name) in [
            (Embedding::Files, "Your files"),
            (Embedding::All, "All"),
            (Embedding::None, "None"),
        ] {
            if widget::tab(ui, name, now == embedding).clicked() && now != embedding {
                desk.embed(embedding);
            }
        }
    });
    widget::label(
        ui,
        match now {
            Embedding::Files => {
                "A session or a preset holds its impulse, so that it plays on any machine."
            }
            Embedding::All => {
                "Also those of Partita itself, so that a later version cannot change them."
            }
            Embedding::None => "The file must stay where it is, or in a folder of the library.",
        },
    );
    ui.add_space(14.0);
    widget::heading(ui, "Presets");
    if widget::toggle(ui, "Mix lock", settings.mix_locked).clicked() {
        settings.mix_locked = !settings.mix_locked;
    }
    widget::label(ui, "A preset leaves the mix as it is.");
}

fn folders(ui: &mut Ui, views: &mut Views) {
    let theme = Theme::of(ui);
    widget::title(ui, "Folders of impulses");
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(&mut views.settings.typed)
            .hint_text("Type or paste the path of a folder")
            .margin(vec2(8.0, 5.0))
            .desired_width((ui.available_width() - 160.0).max(80.0));
        let response = ui.add(edit).accessible_name("Path of a folder");
        widget::focus_ring(ui, response.rect, response.has_focus());
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let pressed = widget::button(ui, "Add").clicked();
        let typed = views.settings.typed.trim().trim_matches(['"', '\'']);
        if (enter || pressed) && !typed.is_empty() {
            let folder = PathBuf::from(typed);
            views.librarian.add_folder(folder);
            views.settings.typed.clear();
        }
        if widget::button(ui, "Choose…").clicked() {
            views.browser.dialog.ask(Purpose::Folder, None);
        }
    });
    ui.add_space(6.0);
    let Some(library) = views.librarian.shown().library.clone() else {
        return;
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for folder in library.folders() {
            ui.horizontal(|ui| {
                let added = folder.kind == FolderKind::Added;
                let room = ui.available_width() - if added { 100.0 } else { 8.0 };
                ui.allocate_ui(vec2(room, 34.0), |ui| {
                    ui.vertical(|ui| {
                        ui.set_width(room);
                        ui.spacing_mut().item_spacing.y = 1.0;
                        let path = folder.path.display().to_string();
                        ui.add(Label::new(RichText::new(path).size(size::BODY)).truncate());
                        let (text, colour) = match (&folder.state, added) {
                            (FolderState::Present | FolderState::Within, _) => {
                                (format!("{} files", folder.files), theme.muted)
                            }
                            (_, false) => (
                                "Your own; it is made when you need it".to_owned(),
                                theme.muted,
                            ),
                            _ => ("It is not there, or cannot be read".to_owned(), theme.alarm),
                        };
                        ui.label(RichText::new(text).size(size::SMALL).color(colour));
                    });
                });
                if added
                    && widget::button(ui, "Remove")
                        .on_hover_text("Out of the library. What is in it stays on the disk.")
                        .clicked()
                {
                    views.librarian.remove_folder(folder.path.clone());
                }
            });
        }
    });
}

//! The folders of the library: which there are, one more, one less.

use super::short;
use crate::editor::dialog::Purpose;
use crate::editor::theme::{Theme, size};
use crate::editor::view::Views;
use crate::editor::widget;
use crate::impulse::library::{Folder, FolderKind, FolderState};
use egui::{Align, Key, Label, Layout, RichText, ScrollArea, Stroke, TextEdit, Ui, vec2};
use std::path::PathBuf;

/// Height of a folder's row, in points.
const ROW: f32 = 42.0;

pub(super) fn show(ui: &mut Ui, views: &mut Views) {
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
    let area = ScrollArea::vertical().auto_shrink(false);
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for folder in library.folders() {
            if row(ui, folder) {
                views.librarian.remove_folder(folder.path.clone());
            }
        }
        ui.add_space(8.0);
        let text = "You can also drop files on the window, or choose one with “Open file…” among the impulses: \
                    they need lie in no folder.";
        let text = RichText::new(text).size(size::SMALL);
        ui.label(text.color(Theme::of(ui).muted));
    });
}

/// A folder, and whether it is to be taken out.
fn row(ui: &mut Ui, folder: &Folder) -> bool {
    let theme = Theme::of(ui);
    let added = folder.kind == FolderKind::Added;
    let mut removed = false;
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width() - 6.0, ROW), egui::Sense::hover());
    let beside = if added { 84.0 } else { 0.0 };
    let words = rect.with_max_x(rect.max.x - beside).shrink2(vec2(0.0, 5.0));
    super::part(ui, words, Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        let path = RichText::new(short(&folder.path)).size(size::BODY);
        ui.add(Label::new(path).truncate().show_tooltip_when_elided(true));
        let (text, colour) = match (&folder.state, added) {
            (FolderState::Present | FolderState::Within, false) => {
                (format!("Your own, {}", files(folder.files)), theme.muted)
            }
            (FolderState::Present | FolderState::Within, true) => {
                (files(folder.files), theme.muted)
            }
            (_, false) => (
                "Your own; it is made when you need it".to_owned(),
                theme.muted,
            ),
            _ => ("It is not there, or cannot be read".to_owned(), theme.alarm),
        };
        ui.label(RichText::new(text).size(size::SMALL).color(colour));
    });
    if added {
        let button = rect.with_min_x(words.max.x);
        super::part(ui, button, Layout::right_to_left(Align::Center), |ui| {
            removed = widget::button(ui, "Remove")
                .on_hover_text("Out of the library. What is in it stays on the disk.")
                .clicked();
        });
    }
    ui.painter()
        .hline(rect.x_range(), rect.max.y, Stroke::new(1.0, theme.line));
    removed
}

fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

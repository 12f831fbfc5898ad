//! Where impulses lie: all, marked, recent; the factory's kinds; the user's folders.

use super::Browser;
use crate::editor::dialog::Purpose;
use crate::editor::librarian::{Librarian, Place, Shown};
use crate::editor::theme::{Theme, size};
use crate::editor::{fonts, widget};
use crate::impulse::library::{FolderState, Origin};
use egui::{FontId, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

pub(super) fn show(
    ui: &mut Ui,
    browser: &mut Browser,
    librarian: &mut Librarian,
    shown: &Shown,
    inside: Rect,
) {
    let list = inside.with_max_y(inside.max.y - 34.0);
    super::super::part(ui, list, egui::Layout::top_down(egui::Align::Min), |ui| {
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let mut row = |ui: &mut Ui, place: Place, name: &str, note: Option<&str>| {
                let count = shown.counts.get(&place).copied().unwrap_or(0);
                let on = browser.seek.place == place;
                if one(ui, name, count, note, on) {
                    browser.seek.place = place;
                }
            };
            row(ui, Place::All, "All impulses", None);
            row(ui, Place::Favourites, "Favourites", None);
            row(ui, Place::Recent, "Recent", None);
            let Some(library) = &shown.library else {
                return;
            };
            ui.add_space(8.0);
            widget::heading(ui, "Factory");
            let mut kinds: Vec<&str> = Vec::new();
            let factory = library.entries().iter();
            for entry in factory.take_while(|it| matches!(it.origin, Origin::Factory(_))) {
                if !kinds.contains(&entry.category.as_str()) {
                    kinds.push(&entry.category);
                }
            }
            for kind in kinds {
                let name = super::titled(kind);
                row(ui, Place::Factory(kind.to_owned()), &name, None);
            }
            ui.add_space(8.0);
            widget::heading(ui, "Folders");
            for folder in library.folders() {
                let name = folder.path.file_name().unwrap_or(folder.path.as_os_str());
                let note = match folder.state {
                    FolderState::Present | FolderState::Within => None,
                    // The own folder need not be there.
                    _ if folder.files == 0 => None,
                    _ => Some("missing"),
                };
                let name = name.to_string_lossy();
                row(ui, Place::Folder(folder.path.clone()), &name, note);
            }
        });
    });
    let below = inside.with_min_y(inside.max.y - 26.0);
    let across = egui::Layout::left_to_right(egui::Align::Center);
    super::super::part(ui, below, across, |ui| {
        if widget::button(ui, "Add folder…").clicked() {
            browser.dialog.ask(Purpose::Folder, None);
        }
        if widget::button(ui, "Rescan")
            .on_hover_text("Looks into the folders again.")
            .clicked()
        {
            librarian.scan();
        }
    });
}

/// A place to look in. Main thread.
pub(in crate::editor::view) fn one(
    ui: &mut Ui,
    name: &str,
    count: usize,
    note: Option<&str>,
    on: bool,
) -> bool {
    let theme = Theme::of(ui);
    let width = ui.available_width() - 4.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 25.0), Sense::click());
    let said = format!("{name}, {count}");
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, &said));
    let fill = match (on, response.hovered()) {
        (true, _) => theme.accent_dim,
        (false, true) => theme.raised,
        (false, false) => theme.panel,
    };
    ui.painter().rect_filled(rect, 4.0, fill);
    let (right, colour) = match note {
        Some(note) => (note.to_owned(), theme.alarm),
        None if on => (count.to_string(), theme.text),
        None => (count.to_string(), theme.muted),
    };
    let small = FontId::proportional(size::SMALL);
    let right = ui.painter().layout_no_wrap(right, small, colour);
    let at = rect.right_center() - vec2(8.0 + right.size().x, right.size().y / 2.0);
    let room = at.x - rect.min.x - 16.0;
    let font = if on {
        fonts::strong(size::BODY)
    } else {
        FontId::proportional(size::BODY)
    };
    widget::words(
        ui,
        rect.shrink2(vec2(8.0, 0.0)),
        room,
        name,
        font,
        theme.text,
    );
    ui.painter().galley(at, right, colour);
    widget::focus_ring(ui, rect.shrink(1.0), response.has_focus());
    response.clicked()
}

//! All presets: the factory's on the left, the user's on the right with what can be done to them.

use super::{Views, panel, part};
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::librarian::{Librarian, Shown};
use crate::editor::settings::Settings;
use crate::editor::theme::{GAP, Theme, size};
use crate::editor::widget;
use crate::output::Existing;
use crate::preset::{Preset, factory};
use egui::{
    Align, FontId, Key, Label, Layout, Rect, RichText, Role, ScrollArea, Sense, TextEdit, Ui,
    WidgetInfo, vec2,
};

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Presets {
    /// The name to save under, or the new name.
    typed: String,
    /// The preset that `typed` was filled in for.
    of: Option<String>,
}

/// Which preset, of all.
#[derive(Clone, Debug, PartialEq)]
enum Which {
    Factory(&'static Preset),
    User(String),
}

impl Which {
    fn load(self, desk: &mut Desk, settings: &Settings, librarian: &mut Librarian) {
        match self {
            Self::Factory(preset) => desk.load_preset(preset, settings.mix_locked),
            Self::User(name) => librarian.open(&name),
        }
    }
}

/// Loads the next preset, or the one before: the factory's, then the user's, round and round. Main thread.
pub(super) fn step(
    desk: &mut Desk,
    settings: &Settings,
    librarian: &mut Librarian,
    forwards: bool,
) {
    librarian.begin();
    let user = librarian.shown().presets.iter().cloned().map(Which::User);
    let all: Vec<_> = factory().iter().map(Which::Factory).chain(user).collect();
    let now = desk.data().preset.as_ref();
    // One of the user's may be called as one of the factory's: the user's counts.
    let at = all.iter().rposition(|which| match which {
        Which::Factory(preset) => Some(&preset.name) == now,
        Which::User(name) => Some(name) == now,
    });
    let next = match (at, forwards) {
        (None, true) => 0,
        (None, false) => all.len() - 1,
        (Some(at), true) => (at + 1) % all.len(),
        (Some(at), false) => (at + all.len() - 1) % all.len(),
    };
    all[next].clone().load(desk, settings, librarian);
}

/// One frame. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk, settings: &mut Settings, views: &mut Views) {
    let (memory, librarian) = (&mut views.presets, &mut views.librarian);
    librarian.begin();
    let shown = librarian.shown().clone();
    let whole = ui.available_rect_before_wrap();
    let left = whole.with_max_x(whole.min.x + whole.width() * 0.56);
    let right = whole.with_min_x(left.max.x + GAP);
    let now = desk.data().preset.clone();
    let users = now
        .as_ref()
        .filter(|now| shown.presets.contains(now))
        .cloned();
    panel(ui, left, |ui, inside| {
        title(ui, inside, "Factory", factory().len());
        let body = inside.with_min_y(inside.min.y + 30.0);
        // Whole rows.
        let body = body.with_max_y(body.min.y + (body.height() / 42.0).floor() * 42.0);
        part(ui, body, Layout::top_down(Align::Min), |ui| {
            let all = factory();
            let area = ScrollArea::vertical().auto_shrink(false).id_salt("factory");
            ui.spacing_mut().item_spacing.y = 0.0;
            area.show_rows(ui, 42.0, all.len(), |ui, seen| {
                for preset in &all[seen] {
                    let next = ui.next_widget_position().y;
                    if next >= ui.clip_rect().max.y - 1.0 {
                        break;
                    }
                    let on = users.is_none() && now.as_ref() == Some(&preset.name);
                    if row(ui, &preset.name, &preset.about, on) {
                        Which::Factory(preset).load(desk, settings, librarian);
                    }
                }
            });
        });
    });
    panel(ui, right, |ui, inside| {
        title(ui, inside, "Yours", shown.presets.len());
        let tools = 96.0;
        let body = inside
            .with_min_y(inside.min.y + 30.0)
            .with_max_y(inside.max.y - tools);
        part(ui, body, Layout::top_down(Align::Min), |ui| {
            if shown.presets.is_empty() {
                widget::label(ui, "None yet. Type a name below to save what you hear.");
            }
            let area = ScrollArea::vertical().auto_shrink(false).id_salt("user");
            ui.spacing_mut().item_spacing.y = 0.0;
            area.show_rows(ui, 30.0, shown.presets.len(), |ui, seen| {
                for name in &shown.presets[seen] {
                    if row(ui, name, "", users.as_ref() == Some(name)) {
                        Which::User(name.clone()).load(desk, settings, librarian);
                    }
                }
            });
        });
        let below = inside.with_min_y(inside.max.y - tools + 10.0);
        part(ui, below, Layout::top_down(Align::Min), |ui| {
            save(ui, desk, memory, librarian, &shown, users.as_deref());
            ui.add_space(2.0);
            ui.horizontal(|ui| {
                if widget::toggle(ui, "Mix lock", settings.mix_locked)
                    .on_hover_text("A preset leaves the mix as it is.")
                    .clicked()
                {
                    settings.mix_locked = !settings.mix_locked;
                }
                if let Some(deleted) = &shown.deleted {
                    ui.add_space(8.0);
                    if widget::button(ui, "Put back")
                        .on_hover_text(format!("Undoes deleting “{}”.", deleted.name))
                        .clicked()
                    {
                        librarian.restore();
                    }
                    let text = format!("“{}” is deleted", deleted.name);
                    let text = RichText::new(text).size(size::SMALL);
                    ui.add(Label::new(text.color(Theme::of(ui).muted)).truncate());
                }
            });
        });
    });
}

fn title(ui: &mut Ui, inside: Rect, name: &str, count: usize) {
    let line = inside.with_max_y(inside.min.y + 22.0);
    part(ui, line, Layout::left_to_right(Align::Center), |ui| {
        widget::title(ui, name);
        widget::label(ui, count.to_string());
    });
}

/// The name, and what is done under it.
fn save(
    ui: &mut Ui,
    desk: &mut Desk,
    memory: &mut Presets,
    librarian: &mut Librarian,
    shown: &Shown,
    loaded: Option<&str>,
) {
    if memory.of.as_deref() != loaded {
        memory.of = loaded.map(str::to_owned);
        memory.typed = loaded.unwrap_or_default().to_owned();
    }
    let edit = TextEdit::singleline(&mut memory.typed)
        .hint_text("Name of a preset")
        .margin(vec2(8.0, 5.0))
        .char_limit(crate::preset::bank::MAX_NAME)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit).accessible_name("Name of the preset");
    widget::focus_ring(ui, response.rect, response.has_focus());
    let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let typed = memory.typed.trim().to_owned();
    let there = shown.presets.contains(&typed);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let text = match (there, loaded) {
            (true, Some(now)) if now == typed => "Save",
            (true, _) => "Replace",
            (false, _) => "Save as new",
        };
        ui.add_enabled_ui(!typed.is_empty(), |ui| {
            let pressed = widget::button(ui, text).clicked();
            // Enter never replaces another.
            if pressed || enter && !typed.is_empty() && text != "Replace" {
                let existing = if there {
                    Existing::Replace
                } else {
                    Existing::Keep
                };
                librarian.save(desk.preset(&typed), existing);
                desk.saved(&typed);
            }
        });
        let Some(now) = loaded else { return };
        let other = !typed.is_empty() && typed != now && !there;
        ui.add_enabled_ui(other, |ui| {
            if widget::button(ui, "Rename").clicked() {
                librarian.rename(now, &typed);
                desk.saved(&typed);
            }
        });
        if widget::button(ui, "Delete").clicked() {
            librarian.delete(now);
        }
    });
}

fn row(ui: &mut Ui, name: &str, about: &str, on: bool) -> bool {
    let theme = Theme::of(ui);
    let height = if about.is_empty() { 30.0 } else { 42.0 };
    let space = vec2(ui.available_width() - 6.0, height);
    let (rect, response) = ui.allocate_exact_size(space, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, name));
    let fill = match (on, response.hovered()) {
        (true, _) => theme.accent_dim,
        (false, true) => theme.raised,
        (false, false) => theme.panel,
    };
    ui.painter()
        .rect_filled(rect.shrink2(vec2(0.0, 1.0)), 4.0, fill);
    let inside = rect.shrink2(vec2(10.0, 4.0));
    let upper = if about.is_empty() {
        inside
    } else {
        inside.with_max_y(inside.center().y)
    };
    let words = widget::words;
    let strong = fonts::strong(size::BODY);
    words(ui, upper, inside.width(), name, strong, theme.text);
    if !about.is_empty() {
        let lower = inside.with_min_y(inside.center().y);
        let quiet = if on { theme.text } else { theme.muted };
        let small = FontId::proportional(size::SMALL);
        words(ui, lower, inside.width(), about, small, quiet);
    }
    widget::focus_ring(ui, rect.shrink(2.0), response.has_focus());
    response.clicked()
}

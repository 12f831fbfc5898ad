//! All impulses, to choose one.

use super::page;
use crate::editor::desk::Desk;
use crate::editor::widget;
use crate::params::{Id, Slots};
use egui::{Key, ScrollArea, TextEdit, Ui};
use std::path::PathBuf;

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Browser {
    path: String,
}

/// One frame. Main thread.
pub fn show(ui: &mut Ui, desk: &mut Desk, browser: &mut Browser) {
    page(ui, "Impulses", |ui| {
        ui.horizontal(|ui| {
            let edit = TextEdit::singleline(&mut browser.path)
                .hint_text("A file: type or paste its path, or drop it anywhere on the window")
                .desired_width(520.0);
            let response = ui.add(edit).accessible_name("Path of a file");
            let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let pressed = widget::button(ui, "Load").clicked();
            let path = browser.path.trim().trim_matches('"');
            if (enter || pressed) && !path.is_empty() {
                desk.load(PathBuf::from(path));
            }
        });
        ui.add_space(10.0);
        let slots = desk.data().slots.clone();
        let now = desk.data().values.slot();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for slot in 0..crate::params::slots::COUNT {
                    if slots.impulse(slot).is_none() {
                        continue;
                    }
                    let name = shown(&slots, slot);
                    if widget::tab(ui, &name, slot == now).clicked() {
                        desk.change(Id::Impulse, slot as f32);
                    }
                }
            });
        });
    });
}

/// The name of what is in `slot`, as people write it. Main thread.
pub fn shown(slots: &Slots, slot: usize) -> String {
    match Slots::factory(slot) {
        Some(name) => titled(name),
        None => slots.name(slot),
    }
}

/// `small-hall` as "Small hall". Main thread.
pub fn titled(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let rest = letters.map(|letter| if letter == '-' { ' ' } else { letter });
    first.chain(rest).collect()
}

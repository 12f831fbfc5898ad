//! How the user wants it: what the window looks like, what is saved and where, where impulses lie; and which keys there are.

mod folders;
mod keys;

use super::browser::titled;
use super::{Views, panel, part};
use crate::editor::desk::Desk;
use crate::editor::history::Choice;
use crate::editor::settings::{Brightness, Settings};
use crate::editor::theme::{GAP, size};
use crate::editor::widget;
use crate::preset::Embedding;
use egui::{Align, Label, Layout, Rect, RichText, Ui, vec2};
use std::path::Path;
use std::sync::Arc;

/// Scales that are offered, in per cent.
pub const OFFERED: [f32; 7] = [75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 250.0];

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Page {
    /// A folder's path.
    typed: String,
}

/// Height of the upper left group, in points.
const LOOKS: f32 = 194.0;

/// Height of the lower right group, in points.
const KEYS: f32 = 298.0;

/// One frame. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk, settings: &mut Settings, views: &mut Views) {
    views.librarian.begin();
    let whole = ui.available_rect_before_wrap();
    let middle = whole.min.x + ((whole.width() - GAP) * 0.46).floor();
    let (left, right) = (whole.with_max_x(middle), whole.with_min_x(middle + GAP));
    let looks_at = left.with_max_y(left.min.y + LOOKS);
    let keys_at = right.with_min_y(right.max.y - KEYS);
    group(ui, looks_at, "Look", |ui| looks(ui, settings));
    group(ui, left.with_min_y(looks_at.max.y + GAP), "Saving", |ui| {
        saving(ui, desk, settings, views);
    });
    let folders_at = right.with_max_y(keys_at.min.y - GAP);
    group(ui, folders_at, "Folders of impulses", |ui| {
        folders::show(ui, views);
    });
    group(ui, keys_at, "Keys and mouse", keys::show);
}

/// A panel with a title.
fn group(ui: &mut Ui, rect: Rect, title: &str, add: impl FnOnce(&mut Ui)) {
    panel(ui, rect, |ui, inside| {
        let inside = inside.shrink2(vec2(4.0, 0.0));
        part(ui, inside, Layout::top_down(Align::Min), |ui| {
            widget::title(ui, title);
            ui.add_space(4.0);
            add(ui);
        });
    });
}

fn looks(ui: &mut Ui, settings: &mut Settings) {
    ui.spacing_mut().item_spacing.x = 4.0;
    widget::heading(ui, "Theme");
    ui.horizontal(|ui| {
        for (brightness, name) in [(Brightness::Dark, "Dark"), (Brightness::Light, "Light")] {
            if widget::tab(ui, name, settings.brightness == brightness).clicked() {
                settings.brightness = brightness;
            }
        }
    });
    ui.add_space(8.0);
    widget::heading(ui, "Scale");
    ui.horizontal_wrapped(|ui| {
        for percent in OFFERED {
            let name = format!("{percent} %");
            if widget::tab(ui, &name, settings.scale_percent == percent).clicked() {
                *settings = settings.clone().scaled(percent);
            }
        }
    });
    let (width, height) = (settings.width.round(), settings.height.round());
    widget::label(
        ui,
        format!(
            "The window, {width} × {height} points, grows with it as far as screen and host let it."
        ),
    );
}

fn saving(ui: &mut Ui, desk: &mut Desk, settings: &mut Settings, views: &Views) {
    let now = desk.data().embedding;
    widget::heading(ui, "Impulses inside sessions and presets");
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
            Embedding::Files => "What you save holds its impulse, so that it plays on any machine.",
            Embedding::All => {
                "Also those of Partita itself, so that a later version cannot change them."
            }
            Embedding::None => "The file must stay where it is, or in a folder of the library.",
        },
    );
    let inside = RichText::new(inside(desk)).size(size::SMALL);
    ui.add(Label::new(inside).truncate().show_tooltip_when_elided(true));
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        if widget::toggle(ui, "Mix lock", settings.mix_locked).clicked() {
            settings.mix_locked = !settings.mix_locked;
        }
        ui.add_space(4.0);
        widget::label(ui, "Presets leave the mix as it is.");
    });
    ui.add_space(12.0);
    widget::heading(ui, "On this machine");
    let Some(places) = views.librarian.places() else {
        return;
    };
    let editor = places.settings.with_file_name("editor.toml");
    ui.spacing_mut().interact_size.y = 15.0;
    for (what, path) in [
        ("Presets", places.presets.as_path()),
        ("Library", places.settings.as_path()),
        ("This page", editor.as_path()),
    ] {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            widget::label(ui, what);
            let path = RichText::new(short(path)).size(size::SMALL);
            ui.add(Label::new(path).truncate().show_tooltip_when_elided(true));
        });
    }
    ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
        widget::label(
            ui,
            format!("Partita {}, MIT or Apache-2.0", env!("CARGO_PKG_VERSION")),
        );
    });
}

/// Whether the impulse of now is in what is saved, and how much room it takes.
fn inside(desk: &Desk) -> String {
    let reference = match (&desk.data().reference, desk.choice()) {
        (Some(now), _) => Arc::clone(now),
        (None, Some(Choice::Reference(chosen))) => chosen,
        (None, _) => return "No impulse has been loaded yet.".to_owned(),
    };
    let name = match &reference.factory {
        Some(factory) => titled(factory),
        None => reference.name.clone(),
    };
    match (reference.copy(), &reference.factory) {
        (Some(copy), _) => format!("Now: {name}, {}", bytes(copy.bytes())),
        (None, Some(_)) => format!("Now: {name}, a few bytes: it is part of Partita"),
        (None, None) => format!("Now: {name}, only where its file is"),
    }
}

/// How much text that is.
fn bytes(count: usize) -> String {
    match count as f64 {
        few if few < 1e6 => format!("{:.0} kB", (few / 1e3).max(1.0)),
        many => format!("{:.1} MB", many / 1e6),
    }
}

/// The path as people write it: from their home on.
fn short(path: &Path) -> String {
    let home = std::env::home_dir().filter(|home| home.parent().is_some());
    let inside = home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned));
    match inside {
        Some(inside) => format!("~{}{}", std::path::MAIN_SEPARATOR, inside.display()),
        None => path.display().to_string(),
    }
}

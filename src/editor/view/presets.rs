//! All presets, to find one by ear: kinds on the left, what was found beside it, the one that is loaded below.

mod detail;
mod rows;

use super::browser::{places, titled};
use super::list::Keys;
use super::{Views, panel, part};
use crate::editor::desk::Desk;
use crate::editor::librarian::{Librarian, Shown};
use crate::editor::settings::Settings;
use crate::editor::theme::{GAP, Theme, size};
use crate::editor::thumbnail::Thumbnails;
use crate::editor::widget;
use crate::impulse::library::{self, Entry, FactoryImpulse, Library, Origin, fold};
use crate::params::Values;
use crate::preset::{Preset, factory};
use egui::{Align, Layout, Rect, RichText, ScrollArea, TextEdit, Ui, vec2};
use std::sync::Arc;

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Presets {
    /// The name to save under, or the new name.
    typed: String,
    /// The preset that `typed` was filled in for.
    of: Option<String>,
    /// Where is looked.
    place: Place,
    /// Every word must be in the name, the kind or the line about it.
    words: String,
    thumbnails: Thumbnails,
    /// The preset that was seen in the list last: another one is scrolled to.
    seen: Option<String>,
}

impl Presets {
    /// Whether a new thumbnail has come. Main thread.
    pub(super) fn poll(&mut self) -> bool {
        self.thumbnails.poll()
    }

    /// Waits for the thumbnails that were asked for. Main thread.
    pub(super) fn wait(&mut self) {
        self.thumbnails.wait();
    }
}

/// Where is looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Everywhere.
    #[default]
    All,
    /// What the user has saved.
    Yours,
    /// Those of the program whose impulse is of that kind.
    Kind(String),
}

/// Which preset, of all.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Which<'a> {
    Factory(&'static Preset),
    User(&'a str),
}

impl Which<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Factory(preset) => &preset.name,
            Self::User(name) => name,
        }
    }

    fn load(self, desk: &mut Desk, settings: &Settings, librarian: &mut Librarian) {
        match self {
            Self::Factory(preset) => desk.load_preset(preset, settings.mix_locked),
            Self::User(name) => librarian.open(name),
        }
    }
}

/// What is shown of a preset.
struct Look {
    about: String,
    /// What people call its impulse.
    impulse: String,
    values: Option<Values>,
    entry: Option<Arc<Entry>>,
}

impl Look {
    /// `None` until a preset of the user's has been read.
    fn of(which: Which<'_>, librarian: &mut Librarian) -> Option<Self> {
        match which {
            Which::Factory(preset) => {
                let impulse = impulse_of(preset);
                let library = librarian.shown().library.clone();
                let entry = library.zip(impulse);
                let entry = entry.and_then(|(library, impulse)| entry_of(&library, impulse));
                Some(Self {
                    about: preset.about.clone(),
                    impulse: impulse.map(|it| titled(it.name)).unwrap_or_default(),
                    values: Some(preset.values()),
                    entry,
                })
            }
            Which::User(name) => librarian.look(name).map(|look| Self {
                about: look.about.clone(),
                impulse: match &look.entry {
                    Some(entry) if matches!(entry.origin, Origin::Factory(_)) => {
                        titled(&entry.name)
                    }
                    _ => look.impulse.clone(),
                },
                values: look.values.clone(),
                entry: look.entry.clone(),
            }),
        }
    }
}

fn impulse_of(preset: &Preset) -> Option<&'static FactoryImpulse> {
    let name = preset.impulse.as_ref()?.factory.as_deref()?;
    library::find(name).ok()
}

fn entry_of(library: &Library, impulse: &FactoryImpulse) -> Option<Arc<Entry>> {
    // Those of the program come first.
    let mut entries = library.entries().iter();
    let is_it =
        |entry: &&Entry| matches!(entry.origin, Origin::Factory(it) if it.name == impulse.name);
    entries.find(is_it).cloned().map(Arc::new)
}

/// The kind of a preset's impulse, as the library has it.
fn kind(preset: &Preset) -> String {
    let kind = impulse_of(preset).map(|impulse| format!("{:?}", impulse.kind));
    kind.unwrap_or_default().to_lowercase()
}

/// Loads the next preset, or the one before: the factory's, then the user's, round and round. Main thread.
pub(super) fn step(
    desk: &mut Desk,
    settings: &Settings,
    librarian: &mut Librarian,
    forwards: bool,
) {
    librarian.begin();
    let presets = Arc::clone(&librarian.shown().presets);
    let user = presets.iter().map(|name| Which::User(name));
    let all: Vec<_> = factory().iter().map(Which::Factory).chain(user).collect();
    let at = loaded(&all, desk);
    let next = match (at, forwards) {
        (None, true) => 0,
        (None, false) => all.len() - 1,
        (Some(at), true) => (at + 1) % all.len(),
        (Some(at), false) => (at + all.len() - 1) % all.len(),
    };
    all[next].load(desk, settings, librarian);
}

/// Where the one that is loaded is. One of the user's may be called as one of the factory's: the user's counts.
fn loaded(all: &[Which<'_>], desk: &Desk) -> Option<usize> {
    let now = desk.data().preset.as_deref()?;
    all.iter().rposition(|which| which.name() == now)
}

/// Those that answer.
fn found<'a>(memory: &Presets, shown: &'a Shown) -> Vec<Which<'a>> {
    let words = fold(&memory.words);
    let answers = |text: &str| {
        let text = fold(text);
        words.split_whitespace().all(|word| text.contains(word))
    };
    let ours = factory().iter().filter(|preset| {
        let kind = kind(preset);
        let here = match &memory.place {
            Place::All => true,
            Place::Yours => false,
            Place::Kind(wanted) => *wanted == kind,
        };
        here && answers(&format!("{} {kind} {}", preset.name, preset.about))
    });
    let yours = shown.presets.iter().filter(|name| {
        !matches!(memory.place, Place::Kind(_)) && (words.is_empty() || answers(name))
    });
    let yours = yours.map(|name| Which::User(name));
    ours.map(Which::Factory).chain(yours).collect()
}

/// One frame. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk, settings: &mut Settings, views: &mut Views) {
    let (memory, librarian) = (&mut views.presets, &mut views.librarian);
    librarian.begin();
    let shown = librarian.shown().clone();
    let whole = ui.available_rect_before_wrap();
    let side = whole.with_max_x(whole.min.x + 196.0);
    let rest = whole.with_min_x(side.max.x + GAP);
    let below = rest.with_min_y(rest.max.y - detail::HEIGHT);
    let list = rest.with_max_y(below.min.y - GAP);
    panel(ui, side, |ui, inside| {
        kinds(ui, memory, settings, &shown, inside);
    });
    panel(ui, list, |ui, inside| {
        let tools = inside.with_max_y(inside.min.y + 28.0);
        let mut keys = Keys::default();
        let count = found(memory, &shown).len();
        part(ui, tools, Layout::left_to_right(Align::Center), |ui| {
            keys = search(ui, memory, count);
        });
        let found = found(memory, &shown);
        let body = inside.with_min_y(tools.max.y + 8.0);
        if let Some(at) = rows::show(ui, desk, memory, librarian, &found, body, keys) {
            found[at].load(desk, settings, librarian);
            ui.request_repaint();
        }
    });
    panel(ui, below, |ui, inside| {
        detail::show(ui, desk, memory, librarian, &shown, inside);
    });
}

fn kinds(ui: &mut Ui, memory: &mut Presets, settings: &mut Settings, shown: &Shown, inside: Rect) {
    let list = inside.with_max_y(inside.max.y - 56.0);
    part(ui, list, Layout::top_down(Align::Min), |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let mut row = |ui: &mut Ui, place: Place, name: &str, count: usize| {
                if places::one(ui, name, count, None, memory.place == place) {
                    memory.place = place;
                }
            };
            let (ours, yours) = (factory(), shown.presets.len());
            row(ui, Place::All, "All presets", ours.len() + yours);
            row(ui, Place::Yours, "Yours", yours);
            ui.add_space(8.0);
            widget::heading(ui, "Factory");
            let mut all: Vec<(String, usize)> = Vec::new();
            for kind in ours.iter().map(kind) {
                match all.iter_mut().find(|(known, _)| *known == kind) {
                    Some((_, count)) => *count += 1,
                    None => all.push((kind, 1)),
                }
            }
            for (kind, count) in all {
                let name = titled(&kind);
                row(ui, Place::Kind(kind), &name, count);
            }
        });
    });
    let below = inside.with_min_y(inside.max.y - 46.0);
    part(ui, below, Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if widget::toggle(ui, "Mix lock", settings.mix_locked).clicked() {
            settings.mix_locked = !settings.mix_locked;
        }
        widget::label(ui, "Presets leave the mix as it is.");
    });
}

/// What is typed, and how far it walks through the list.
fn search(ui: &mut Ui, memory: &mut Presets, count: usize) -> Keys {
    let id = ui.make_persistent_id("search presets");
    let keys = if ui.memory(|memory| memory.has_focus(id)) {
        Keys::arrows(ui)
    } else {
        Keys::default()
    };
    let edit = TextEdit::singleline(&mut memory.words)
        .id(id)
        .hint_text("Search presets")
        .margin(vec2(8.0, 5.0))
        .desired_width(330.0);
    let response = ui.add(edit).accessible_name("Search presets");
    widget::focus_ring(ui, response.rect, response.has_focus());
    if !memory.words.is_empty() && widget::button(ui, "Clear").clicked() {
        memory.words.clear();
        response.request_focus();
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let text = match count {
            1 => "1 preset".to_owned(),
            count => format!("{count} presets"),
        };
        let text = RichText::new(text).size(size::SMALL);
        ui.label(text.color(Theme::of(ui).muted));
    });
    keys
}

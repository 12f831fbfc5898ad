//! The preset that is loaded: what it is and sets, and saving under a name.

use super::{Look, Presets, Which, loaded};
use crate::editor::desk::Desk;
use crate::editor::fonts;
use crate::editor::librarian::{Librarian, Shown};
use crate::editor::theme::{Theme, size};
use crate::editor::view::browser::table::{channels, length, thumbnail};
use crate::editor::view::part;
use crate::editor::widget;
use crate::output::Existing;
use crate::params::{Id, Slots, TABLE, Values};
use crate::preset::factory;
use egui::{
    Align, Key, Label, Layout, Rect, RichText, Stroke, StrokeKind, TextEdit, Ui, pos2, vec2,
};

/// Height of the panel, in points.
pub(super) const HEIGHT: f32 = 124.0;

/// Room for the name and what is done under it, in points.
const TOOLS: f32 = 232.0;

/// What a preset sets first of all.
const FIRST: [Id; 5] = [Id::Mix, Id::Predelay, Id::Size, Id::Decay, Id::Width];

/// Shows it.
pub(super) fn show(
    ui: &mut Ui,
    desk: &Desk,
    memory: &mut Presets,
    librarian: &mut Librarian,
    shown: &Shown,
    inside: Rect,
) {
    let theme = Theme::of(ui);
    let tools = inside.with_min_x(inside.max.x - TOOLS);
    let yours = desk.data().preset.clone();
    let yours = yours.filter(|now| shown.presets.contains(now));
    part(ui, tools, Layout::top_down(Align::Min), |ui| {
        save(ui, desk, memory, librarian, shown, yours.as_deref());
    });
    let picture = inside.with_max_x(inside.min.x + 160.0);
    let rim = Stroke::new(1.0, theme.line);
    ui.painter()
        .rect(picture, 4.0, theme.picture, rim, StrokeKind::Inside);
    let words = Rect::from_min_max(
        pos2(picture.max.x + 14.0, inside.min.y),
        pos2(tools.min.x - 14.0, inside.max.y),
    );
    let ours = factory().iter().map(Which::Factory);
    let all: Vec<_> = ours.chain(yours.as_deref().map(Which::User)).collect();
    let look = loaded(&all, desk).and_then(|at| Some((all[at], Look::of(all[at], librarian)?)));
    let Some((which, look)) = look else {
        part(ui, words, Layout::top_down(Align::Min), |ui| {
            let name = desk.data().preset.as_deref().unwrap_or("No preset");
            heading(ui, name);
            let text =
                "Choose one to hear it; arrow keys step through the list. Or save what you hear.";
            widget::label(ui, text);
        });
        return;
    };
    let mut facts = vec![look.impulse.clone()];
    if let Some(entry) = &look.entry
        && let Ok(sound) = &entry.sound
    {
        facts.push(length(sound.seconds()));
        facts.push(channels(sound.channels, sound.layout));
        if let Some(levels) = memory.thumbnails.get(&entry.origin) {
            thumbnail(ui, picture.shrink(6.0), &levels, false);
        }
    }
    facts.retain(|fact| !fact.is_empty());
    part(ui, words, Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        heading(ui, which.name());
        ui.label(RichText::new(facts.join("  ·  ")).size(12.0));
        if let Some(values) = &look.values {
            let sets = RichText::new(sets(values)).size(size::SMALL);
            let line = Label::new(sets.color(theme.muted)).truncate();
            ui.add(line.show_tooltip_when_elided(true));
        }
        if !look.about.is_empty() {
            let about = RichText::new(&look.about).size(12.0).color(theme.muted);
            ui.add(Label::new(about).wrap());
        }
    });
}

fn heading(ui: &mut Ui, name: &str) {
    let name = RichText::new(name).font(fonts::strong(size::TITLE));
    ui.add(Label::new(name).truncate());
}

/// The large knobs that it moves, and how many others.
fn sets(values: &Values) -> String {
    let differs = |id: Id| values.get(id) != id.parameter().default;
    let text = |id: Id| {
        let text = id.parameter().text(values.get(id), &Slots::FACTORY_ONLY);
        format!("{} {text}", id.parameter().name)
    };
    let first = FIRST
        .into_iter()
        .filter(|id| *id == Id::Mix || differs(*id));
    let mut parts: Vec<String> = first.map(text).collect();
    let others = TABLE.iter().map(|parameter| parameter.id);
    let others = others.filter(|id| {
        let none = matches!(id, Id::Bypass | Id::Impulse) || FIRST.contains(id);
        !none && differs(*id)
    });
    match others.count() {
        0 => {}
        1 => parts.push("1 more setting".to_owned()),
        count => parts.push(format!("{count} more settings")),
    }
    parts.join(" · ")
}

/// The name, and what is done under it.
fn save(
    ui: &mut Ui,
    desk: &Desk,
    memory: &mut Presets,
    librarian: &mut Librarian,
    shown: &Shown,
    loaded: Option<&str>,
) {
    if memory.of.as_deref() != loaded {
        memory.of = loaded.map(str::to_owned);
        memory.typed = loaded.unwrap_or_default().to_owned();
    }
    ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
    let edit = TextEdit::singleline(&mut memory.typed)
        .hint_text("Name to save under")
        .margin(vec2(8.0, 5.0))
        .char_limit(crate::preset::bank::MAX_NAME)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit).accessible_name("Name of the preset");
    widget::focus_ring(ui, response.rect, response.has_focus());
    let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let typed = memory.typed.trim().to_owned();
    let there = shown.presets.contains(&typed);
    ui.horizontal(|ui| {
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
            }
        });
        let Some(now) = loaded else { return };
        let other = !typed.is_empty() && typed != now && !there;
        ui.add_enabled_ui(other, |ui| {
            if widget::button(ui, "Rename").clicked() {
                librarian.rename(now, &typed);
            }
        });
        if widget::button(ui, "Delete").clicked() {
            librarian.delete(now);
        }
    });
    let Some(deleted) = &shown.deleted else {
        return;
    };
    ui.horizontal(|ui| {
        if widget::button(ui, "Put back")
            .on_hover_text(format!("Undoes deleting “{}”.", deleted.name))
            .clicked()
        {
            librarian.restore();
        }
        let text = format!("“{}” is deleted", deleted.name);
        let text = RichText::new(text).size(size::SMALL);
        let line = Label::new(text.color(Theme::of(ui).muted)).truncate();
        ui.add(line.show_tooltip_when_elided(true));
    });
}

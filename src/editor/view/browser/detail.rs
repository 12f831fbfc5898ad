//! The chosen impulse: its picture, what is known about it, and what can be done with it.

use super::{Browser, Item, table};
use crate::editor::dialog::Purpose;
use crate::editor::fonts;
use crate::editor::librarian::{Librarian, Shown};
use crate::editor::theme::{Theme, size};
use crate::editor::widget;
use crate::impulse::library::Origin;
use egui::{Align, FontId, Label, Layout, Rect, RichText, Stroke, StrokeKind, Ui, vec2};

/// Height of the panel, in points.
pub(super) const HEIGHT: f32 = 104.0;

/// Shows it, and says whether it is kept.
pub(super) fn show(
    ui: &mut Ui,
    browser: &mut Browser,
    librarian: &mut Librarian,
    shown: &Shown,
    inside: Rect,
) -> bool {
    let theme = Theme::of(ui);
    let at = browser.at(shown);
    let (Some(library), Some(at)) = (&shown.library, at) else {
        let text =
            "Choose an impulse to hear it. Arrow keys step through the list, Enter keeps one.";
        widget::text_in(
            ui,
            inside,
            text,
            FontId::proportional(size::BODY),
            theme.muted,
        );
        return false;
    };
    let item = Item::of(library, &shown.list.rows[at]);
    let picture = inside.with_max_x(inside.min.x + 208.0);
    let rim = Stroke::new(1.0, theme.line);
    ui.painter()
        .rect(picture, 4.0, theme.picture, rim, StrokeKind::Inside);
    let mut kept = false;
    let mut facts = Vec::new();
    let mut about = String::new();
    match &item {
        Item::Entry(entry) => {
            if let Ok(sound) = &entry.sound {
                if let Some(levels) = browser
                    .thumbnails
                    .get(&entry.origin)
                    .filter(|_| !item.is_missing())
                {
                    table::thumbnail(ui, picture.shrink(6.0), &levels, false);
                }
                facts.push(table::length(sound.seconds()));
                facts.push(table::channels(sound.channels, sound.layout));
                facts.push(format!("{} kHz", f64::from(sound.sample_rate) / 1000.0));
                if let Some(t30) = sound.t30_s {
                    facts.push(format!("T30 {t30:.2} s"));
                }
            }
            about = match (&entry.origin, &entry.sound) {
                (_, Err(why)) => why.clone(),
                (Origin::Factory(impulse), _) => impulse.description.to_owned(),
                (Origin::User { path, .. }, _) => path.display().to_string(),
            };
        }
        Item::Outside(reference) | Item::Lost(reference) => {
            if let Some(path) = &reference.path {
                about = path.display().to_string();
            }
        }
    }
    if item.is_missing() {
        about = format!("It is not where it was: {about}");
    }
    let actions = inside.with_min_x(inside.max.x - 128.0);
    let words = Rect::from_min_max(
        egui::pos2(picture.max.x + 14.0, inside.min.y),
        egui::pos2(actions.min.x - 12.0, inside.max.y),
    );
    super::super::part(ui, words, Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let name = RichText::new(item.name()).font(fonts::strong(size::TITLE));
        ui.add(Label::new(name).truncate());
        let line = RichText::new(facts.join("  ·  ")).size(12.0);
        ui.label(line.color(theme.text));
        let colour = if item.is_missing() {
            theme.alarm
        } else {
            theme.muted
        };
        let line = RichText::new(about).size(12.0).color(colour);
        ui.add(Label::new(line).wrap());
    });
    super::super::part(ui, actions, Layout::top_down(Align::Max), |ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        if item.is_missing() {
            if widget::button(ui, "Locate…").clicked() {
                let marked = item.is_favourite(library).then(|| item.reference());
                browser.dialog.ask(Purpose::Locate(marked), None);
            }
        } else if widget::button(ui, "Shape it")
            .on_hover_text("Keeps it and goes to the room. Enter does the same.")
            .clicked()
        {
            kept = true;
        }
        let marked = item.is_favourite(library);
        let text = if marked { "Unmark" } else { "Favourite" };
        if widget::button(ui, text)
            .on_hover_text("F does the same in the list.")
            .clicked()
        {
            librarian.favour(item.reference(), !marked);
        }
    });
    kept
}

//! A value that is typed and belongs to no parameter.

use super::paint;
use crate::editor::theme::Theme;
use egui::{CursorIcon, FontId, Key, Rect, Response, Sense, TextEdit, Ui, UiBuilder, vec2};

/// What is being typed.
#[derive(Clone, Default)]
struct Typing {
    text: String,
    error: Option<String>,
}

fn memory(name: &str) -> egui::Id {
    egui::Id::unique(("field", name))
}

/// A field under the word `label`, in which `shown` stands; `name` is what assistive technology calls it. Enter, or leaving
/// it, hands what has been typed to `take`; Escape leaves it as it was; what is no value is said and can be mended. Main
/// thread.
pub fn field(
    ui: &mut Ui,
    (label, name): (&str, &str),
    shown: &str,
    width: f32,
    take: impl FnOnce(&str) -> Result<(), String>,
) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        paint::label(ui, label);
        bare_field(ui, name, shown, width, take)
    })
    .inner
}

/// The same, without a word over it. Main thread.
pub fn bare_field(
    ui: &mut Ui,
    name: &str,
    shown: &str,
    width: f32,
    take: impl FnOnce(&str) -> Result<(), String>,
) -> Response {
    hinted_field(ui, (name, ""), shown, width, take)
}

/// The same, with `hint` in it while it is empty: what may be typed. Main thread.
pub fn hinted_field(
    ui: &mut Ui,
    (name, hint): (&str, &str),
    shown: &str,
    width: f32,
    take: impl FnOnce(&str) -> Result<(), String>,
) -> Response {
    let theme = Theme::of(ui);
    let memory = memory(name);
    let typing = ui.data(|data| data.get_temp::<Typing>(memory));
    let mut typing = typing.unwrap_or_else(|| Typing {
        text: shown.to_owned(),
        error: None,
    });
    let color = if typing.error.is_some() {
        theme.alarm
    } else {
        theme.text
    };
    let edit = TextEdit::singleline(&mut typing.text)
        .id(memory.with("edit"))
        .margin(vec2(6.0, 3.0))
        .align(egui::Align2::LEFT_CENTER)
        .desired_width(width - 12.0)
        .hint_text(egui::RichText::new(hint).color(theme.muted))
        .char_limit(1024)
        .text_color(color);
    let response = ui.add(edit).accessible_name(name);
    if response.gained_focus() {
        super::entry::select_all(ui, memory.with("edit"), &typing.text);
    }
    if let Some(error) = &typing.error {
        response.show_tooltip_text(error.as_str());
    }
    if response.changed() {
        typing.error = None;
    }
    let (enter, escape) = ui.input(|input| {
        (
            input.key_pressed(Key::Enter),
            input.key_pressed(Key::Escape),
        )
    });
    let mut stays = response.has_focus();
    if response.lost_focus() && !escape && (typing.text != shown || typing.error.is_some()) {
        if let Err(error) = take(typing.text.trim())
            && enter
        {
            typing.error = Some(error);
            response.request_focus();
            stays = true;
        }
        ui.request_repaint();
    }
    ui.data_mut(|data| {
        if stays {
            data.insert_temp(memory, typing);
        } else {
            data.remove::<Typing>(memory);
        }
    });
    response
}

/// The value `shown` in `rect`, which a click on it, or `open`, lets be typed in a field of that name. Not in the order of Tab:
/// what it belongs to opens it. Says when Enter or Escape have closed it. Main thread.
pub fn value(
    ui: &mut Ui,
    name: &str,
    shown: &str,
    (rect, open): (Rect, bool),
    take: impl FnOnce(&str) -> Result<(), String>,
) -> bool {
    let theme = Theme::of(ui);
    let edit = memory(name).with("edit");
    let is_open = memory(name).with("open");
    if !ui.data(|data| data.get_temp(is_open).unwrap_or(false)) {
        let response = ui.interact(rect, memory(name).with("value"), Sense::CLICK);
        let colour = if response.hovered() {
            theme.accent
        } else {
            theme.text
        };
        paint::text_in(ui, rect, shown, FontId::proportional(12.0), colour);
        if response.on_hover_cursor(CursorIcon::Text).clicked() || open {
            ui.data_mut(|data| data.insert_temp(is_open, true));
            ui.request_repaint();
        }
        return false;
    }
    let fresh = is_open.with("seen");
    if !ui.data(|data| data.get_temp(fresh).unwrap_or(false)) {
        ui.data_mut(|data| data.insert_temp(fresh, true));
        ui.memory_mut(|memory| memory.request_focus(edit));
    }
    let place = UiBuilder::new().max_rect(rect.expand2(vec2(4.0, 2.0)));
    let width = place.max_rect.map_or(0.0, |place| place.width());
    let keys = ui.input(|input| input.key_pressed(Key::Enter) || input.key_pressed(Key::Escape));
    let field = |ui: &mut Ui| bare_field(ui, name, shown, width, take);
    let response = ui.scope_builder(place, field).inner;
    let closed = !response.has_focus();
    if closed {
        ui.data_mut(|data| {
            data.remove::<bool>(is_open);
            data.remove::<bool>(fresh);
        });
    }
    closed && keys
}

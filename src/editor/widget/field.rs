//! A value that is typed and belongs to no parameter.

use super::paint;
use crate::editor::theme::Theme;
use egui::{Key, Response, TextEdit, Ui};

/// What is being typed.
#[derive(Clone, Default)]
struct Typing {
    text: String,
    error: Option<String>,
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
    let theme = Theme::of(ui);
    let memory = egui::Id::unique(("field", name));
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
        .margin(egui::vec2(6.0, 3.0))
        .align(egui::Align2::LEFT_CENTER)
        .desired_width(width - 12.0)
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

//! Typing a value.

use super::paint;
use crate::editor::desk::Desk;
use crate::editor::theme::Theme;
use crate::params::Id;
use egui::{FontId, Key, Rect, Sense, TextEdit, Ui, vec2};

/// What is being typed.
#[derive(Clone, Default)]
struct Typing {
    text: String,
    error: Option<String>,
    /// It has just been opened.
    fresh: bool,
}

/// The value of `id` in `rect`; a click on it, or `open`, lets it be typed. Enter sets it, Escape leaves it as it was; what
/// is no value is said and can be mended. Main thread.
pub fn entry(ui: &mut Ui, desk: &mut Desk, id: Id, rect: Rect, font: FontId, open: bool) {
    let theme = Theme::of(ui);
    let memory = ui.make_persistent_id(("entry", id));
    let typing = ui.data(|data| data.get_temp::<Typing>(memory));
    let Some(mut typing) = typing else {
        // Not in the order of Tab: Enter on the control opens it.
        let response = ui.interact(rect, memory.with("value"), Sense::CLICK);
        let overruled = desk.overruled(id);
        let color = match (response.hovered(), overruled) {
            (true, _) => theme.accent,
            (false, Some(_)) => theme.muted,
            (false, None) => theme.text,
        };
        let text = match overruled {
            Some(value) => id.parameter().text(value, &desk.data().slots),
            None => desk.text(id),
        };
        paint::text_in(ui, rect, &text, font, color);
        if response.on_hover_cursor(egui::CursorIcon::Text).clicked() || open {
            let typing = Typing {
                text: desk.text(id),
                fresh: true,
                ..Typing::default()
            };
            ui.data_mut(|data| data.insert_temp(memory, typing));
            ui.request_repaint();
        }
        return;
    };
    let edit = TextEdit::singleline(&mut typing.text)
        .id(memory.with("edit"))
        .font(font)
        .align(egui::Align2::CENTER_CENTER)
        .margin(vec2(2.0, 1.0))
        .desired_width(rect.width())
        .char_limit(40)
        .text_color(if typing.error.is_some() {
            theme.alarm
        } else {
            theme.text
        });
    let response = ui.put(rect.expand2(vec2(2.0, 1.0)), edit);
    let name = format!("{}, typed", id.parameter().name);
    let response = response.accessible_name(name);
    if typing.fresh {
        typing.fresh = false;
        response.request_focus();
        select_all(ui, memory.with("edit"), &typing.text);
        ui.request_repaint();
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
    let mut done = escape;
    if response.lost_focus() && !escape {
        match id.parameter().parse(&typing.text, &desk.data().slots) {
            Ok(value) => {
                desk.change(id, value);
                done = true;
            }
            // Another control has been taken: what was wrong is let go.
            Err(_) if !enter => done = true,
            Err(error) => {
                typing.error = Some(error.to_string());
                response.request_focus();
            }
        }
    }
    ui.data_mut(|data| {
        if done {
            data.remove::<Typing>(memory);
        } else {
            data.insert_temp(memory, typing);
        }
    });
}

/// As if the user had done it, so that typing replaces it.
pub(super) fn select_all(ui: &Ui, id: egui::Id, text: &str) {
    let mut state = TextEdit::load_state(ui.ctx(), id).unwrap_or_default();
    let all = egui::text::CCursorRange::two(
        egui::text::CCursor::new(egui::text::CharIndex(0)),
        egui::text::CCursor::new(egui::text::CharIndex(text.chars().count())),
    );
    state.cursor.set_char_range(Some(all));
    TextEdit::store_state(ui.ctx(), id, state);
}

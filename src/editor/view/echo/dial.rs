//! A small knob for what is no parameter: it looks as those do, and does what they do.
//!
//! | | |
//! |---|---|
//! | drag | up or right is more; with Shift a tenth as fast |
//! | double-click, Backspace, Delete | where it does nothing |
//! | wheel, arrows | a step; with Shift a tenth of it; Page Up and Page Down five steps |
//! | Home, End | the least, the most |
//! | Enter, or a click on the value | it is typed |

use crate::editor::theme::{Theme, size};
use crate::editor::view::main::wheel;
use crate::editor::widget::{self, Knob, grip};
use egui::accesskit::{Action, ActionData};
use egui::{
    CursorIcon, FontId, Key, Modifiers, PointerButton, Rect, Response, Sense, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};

/// What is shown.
pub(super) struct Dial<'a> {
    /// Over it.
    pub label: &'a str,
    /// What assistive technology calls it.
    pub name: &'a str,
    /// What it is and may be.
    pub help: &'a str,
    /// The value with its unit.
    pub shown: &'a str,
    /// Where it stands, 0 to 1.
    pub travel: f32,
    /// Where it does nothing, 0 to 1: from there the arc is drawn.
    pub origin: f32,
    /// A step of the wheel.
    pub step: f32,
}

/// What the user does.
pub(super) enum Turn<'a> {
    /// Takes hold of it.
    Begin,
    /// Turns it there, 0 to 1.
    To(f32),
    /// Lets go.
    End,
    /// Has typed that.
    Typed(&'a str),
}

/// A dial; `take` hears what the user does, and says what is wrong with what was typed. Main thread.
pub(super) fn show(
    ui: &mut Ui,
    dial: &Dial<'_>,
    take: &mut dyn FnMut(Turn<'_>) -> Result<(), String>,
) {
    let theme = Theme::of(ui);
    let (whole, _) = ui.allocate_exact_size(Knob::Small.size(), Sense::hover());
    let label = whole.with_max_y(whole.min.y + 15.0);
    let disc = Rect::from_min_size(
        pos2(whole.center().x - 19.0, label.max.y + 1.0),
        vec2(38.0, 38.0),
    );
    let value = whole.with_min_y(disc.max.y + 1.0);
    let id = ui.make_persistent_id(("dial", dial.name));
    let response = ui.interact(disc, id, Sense::drag());
    // What is wrong with a turn is nothing: only what is typed may be no value.
    let mut turn = |turn: Turn<'_>| drop(take(turn));
    hold(ui, dial, &response, &mut turn);
    step(ui, dial, &response, &mut turn);
    let enter = |input: &mut egui::InputState| input.consume_key(Modifiers::NONE, Key::Enter);
    let open = response.has_focus() && ui.input_mut(enter);
    let typed = describe(ui, dial, &response, &mut turn);
    if let Some(text) = typed {
        // Whoever cannot see the field gets no error either; the value stays as it was.
        drop(take(Turn::Typed(&text)));
    }
    let active = response.hovered() || response.dragged() || response.has_focus();
    let stands = (dial.origin, dial.travel.clamp(0.0, 1.0));
    widget::face(ui, &theme, disc, stands, (active, theme.accent));
    if response.has_focus() {
        let ring = Stroke::new(2.0, theme.focus);
        ui.painter().circle_stroke(disc.center(), 20.5, ring);
    }
    let font = FontId::proportional(size::SMALL);
    widget::text_in(ui, label, dial.label, font, theme.muted);
    let name = format!("{}, typed", dial.name);
    let closed = widget::value(ui, &name, dial.shown, (value, open), |text| {
        take(Turn::Typed(text))
    });
    if closed {
        response.request_focus();
    }
    let held = response.dragged();
    let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeVertical);
    if !held {
        response.on_hover_ui(|ui| {
            ui.set_max_width(260.0);
            ui.label(dial.help);
        });
    }
}

fn hold(ui: &Ui, dial: &Dial<'_>, response: &Response, turn: &mut dyn FnMut(Turn<'_>)) {
    // Not on the value's grid, so that a slow drag gets somewhere.
    let memory = response.id.with("place");
    let mut moved = response.drag_delta();
    if response.drag_started_by(PointerButton::Primary) {
        response.request_focus();
        turn(Turn::Begin);
        ui.data_mut(|data| data.insert_temp(memory, dial.travel));
        moved = response.total_drag_delta().unwrap_or_default();
    }
    if response.dragged_by(PointerButton::Primary)
        && moved != egui::Vec2::ZERO
        && let Some(place) = ui.data(|data| data.get_temp::<f32>(memory))
    {
        let shift = ui.input(|input| input.modifiers.shift);
        let fine = if shift { grip::FINE } else { 1.0 };
        let place = (place + fine * (moved.x - moved.y) / grip::POINTS).clamp(0.0, 1.0);
        ui.data_mut(|data| data.insert_temp(memory, place));
        turn(Turn::To(place));
    }
    let twice =
        |input: &egui::InputState| input.pointer.button_double_clicked(PointerButton::Primary);
    if (response.hovered() || response.drag_stopped()) && ui.input(twice) {
        turn(Turn::To(dial.origin));
    }
    if response.drag_stopped() {
        turn(Turn::End);
    }
}

/// The wheel and the keys.
fn step(ui: &Ui, dial: &Dial<'_>, response: &Response, turn: &mut dyn FnMut(Turn<'_>)) {
    let mut steps = 0.0;
    if response.hovered() {
        let (turned, with_shift) = wheel(ui);
        steps += turned + grip::FINE * with_shift;
    }
    if response.has_focus() {
        grip::keep_arrows(ui, response);
        let pressed = |key| {
            ui.input_mut(|input| {
                // In this order: without modifiers any that come with it are let through.
                let fine = input.count_and_consume_key(Modifiers::SHIFT, key) as f32;
                let coarse = input.count_and_consume_key(Modifiers::NONE, key) as f32;
                coarse + grip::FINE * fine
            })
        };
        steps += pressed(Key::ArrowUp) + pressed(Key::ArrowRight);
        steps -= pressed(Key::ArrowDown) + pressed(Key::ArrowLeft);
        steps += 5.0 * (pressed(Key::PageUp) - pressed(Key::PageDown));
        let ends = [
            (Key::Home, 0.0),
            (Key::End, 1.0),
            (Key::Backspace, dial.origin),
            (Key::Delete, dial.origin),
        ];
        for (key, to) in ends {
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                turn(Turn::To(to));
            }
        }
    }
    if steps != 0.0 {
        let to = (dial.travel + steps * dial.step).clamp(0.0, 1.0);
        turn(Turn::To(to));
    }
}

/// Says what it is, and what assistive technology asks to be set.
fn describe(
    ui: &Ui,
    dial: &Dial<'_>,
    response: &Response,
    turn: &mut dyn FnMut(Turn<'_>),
) -> Option<String> {
    let percent = f64::from(dial.travel * 100.0);
    response.widget_info(|| WidgetInfo::slider(true, percent, dial.name));
    let (steps, text) = ui.input(|input| {
        let count = |action| input.num_accesskit_action_requests(response.id, action) as f32;
        let steps = count(Action::Increment) - count(Action::Decrement);
        let asked = input.accesskit_action_requests(response.id, Action::SetValue);
        let asked = asked.filter_map(|request| match &request.data {
            Some(ActionData::Value(text)) => Some(text.to_string()),
            _ => None,
        });
        (steps, asked.last())
    });
    if steps != 0.0 {
        turn(Turn::To((dial.travel + steps * dial.step).clamp(0.0, 1.0)));
    }
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_value(dial.shown);
        node.set_description(dial.help);
        node.add_action(Action::SetValue);
        node.add_action(Action::Increment);
        node.add_action(Action::Decrement);
    });
    text
}

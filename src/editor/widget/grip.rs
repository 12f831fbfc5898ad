//! Taking hold of a parameter: what a drag, the wheel, keys and assistive technology do is the same for every control.
//!
//! | | |
//! |---|---|
//! | drag | up or right is more; with Shift a tenth as fast |
//! | press and release | a gesture in which nothing is set: hosts record that, too |
//! | double-click | the default |
//! | wheel | a step; with Shift a tenth of it |
//! | arrows | a step; with Shift a tenth of it; Page Up and Page Down five steps |
//! | Home, End | the least, the most |
//! | Backspace, Delete | the default |

use crate::editor::desk::Desk;
use crate::editor::help::help;
use crate::params::{Id, Kind, Parameter};
use egui::accesskit::{Action, ActionData};
use egui::{
    Event, EventFilter, Key, Modifiers, MouseWheelUnit, PointerButton, Response, Ui, Vec2,
    WidgetInfo,
};

/// Points of a drag for the whole range of a knob.
pub const POINTS: f32 = 220.0;

/// How much slower with Shift.
pub const FINE: f32 = 0.1;

/// A step of the wheel and of the arrow keys, as a part of the range.
const STEP: f32 = 0.02;

/// Points of a smooth wheel that are one step.
const POINTS_PER_STEP: f32 = 40.0;

/// How a control that is dragged in a straight line moves its parameter. The control senses drags and no clicks, so that a
/// gesture begins with the press. Says whether the user does something with it. Main thread.
pub fn turn(ui: &Ui, desk: &mut Desk, response: &Response, id: Id) -> bool {
    let travel = |value| id.parameter().travel(value);
    hold(ui, desk, response, id, travel, |travel, delta| {
        let travel = (travel + (delta.x - delta.y) / POINTS).clamp(0.0, 1.0);
        (travel, id.parameter().value_at(travel))
    });
    wheel(ui, desk, response, id);
    keys(ui, desk, response, id);
    describe(ui, desk, response, id);
    response.dragged() || response.has_focus()
}

/// The gesture of a press, a drag and a release. `place` is where a value stands on the control; `drag` is told where it
/// stands and by how many points it is moved, slower with Shift, and tells the new place and its value. A place need not
/// be on the parameter's grid, so a slow drag gets somewhere. Main thread.
pub fn hold(
    ui: &Ui,
    desk: &mut Desk,
    response: &Response,
    id: Id,
    place: impl FnOnce(f32) -> f32,
    drag: impl FnOnce(f32, Vec2) -> (f32, f32),
) {
    let parameter = id.parameter();
    let memory = response.id.with("place");
    let mut moved = response.drag_delta();
    if response.drag_started_by(PointerButton::Primary) {
        response.request_focus();
        desk.begin(id);
        let start = place(desk.value(id));
        ui.data_mut(|data| data.insert_temp(memory, start));
        // From the press on: how the pointer came there is no drag.
        moved = response.total_drag_delta().unwrap_or_default();
    }
    if response.dragged_by(PointerButton::Primary)
        && desk.held() == Some(id)
        && moved != Vec2::ZERO
        && let Some(stands) = ui.data(|data| data.get_temp(memory))
    {
        let shift = ui.input(|input| input.modifiers.shift);
        let fine = if shift { FINE } else { 1.0 };
        let (stands, value) = drag(stands, moved * fine);
        ui.data_mut(|data| data.insert_temp::<f32>(memory, stands));
        desk.set(id, value);
    }
    let twice =
        |input: &egui::InputState| input.pointer.button_double_clicked(PointerButton::Primary);
    if (response.hovered() || response.drag_stopped()) && ui.input(twice) {
        desk.change(id, parameter.default);
    }
    if response.drag_stopped() {
        desk.end(id);
    }
}

/// The value so many steps on, at least one of the parameter's own.
fn stepped(parameter: &Parameter, value: f32, steps: f32) -> f32 {
    let Kind::Number(number) = &parameter.kind else {
        return parameter.clamp(value + steps.signum());
    };
    let travel = parameter.travel(value) + STEP * steps;
    let next = parameter.value_at(travel);
    let least = steps.signum() / number.per_unit;
    if (next - value) * steps.signum() < least.abs() {
        parameter.clamp(value + least)
    } else {
        next
    }
}

/// What the wheel does while the pointer is over the control. Main thread.
pub fn wheel(ui: &Ui, desk: &mut Desk, response: &Response, id: Id) {
    if !response.hovered() {
        return;
    }
    let steps = ui.input(|input| {
        let steps = input.events.iter().map(|event| match event {
            Event::MouseWheel {
                unit,
                delta,
                modifiers,
                ..
            } => {
                // With Shift some systems turn the wheel sideways.
                let turned = if delta.y == 0.0 { delta.x } else { delta.y };
                let steps = match unit {
                    MouseWheelUnit::Point => turned / POINTS_PER_STEP,
                    _ => turned,
                };
                steps * if modifiers.shift { FINE } else { 1.0 }
            }
            _ => 0.0,
        });
        steps.sum::<f32>()
    });
    nudge(ui, desk, id, steps);
}

/// So many steps on.
fn nudge(ui: &Ui, desk: &mut Desk, id: Id, steps: f32) {
    if steps != 0.0 {
        let value = stepped(id.parameter(), desk.value(id), steps);
        desk.nudge(id, value, ui.input(|input| input.time));
    }
}

/// Arrow keys are for what has the focus, and do not move it. Main thread.
pub fn keep_arrows(ui: &Ui, response: &Response) {
    let filter = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
}

/// What keys do while the control has the focus. Main thread.
pub fn keys(ui: &Ui, desk: &mut Desk, response: &Response, id: Id) {
    if !response.has_focus() {
        return;
    }
    keep_arrows(ui, response);
    let parameter = id.parameter();
    let pressed = |input: &mut egui::InputState, key| {
        // In this order: without modifiers any that come with it are let through.
        let fine = input.count_and_consume_key(Modifiers::SHIFT, key) as f32;
        let coarse = input.count_and_consume_key(Modifiers::NONE, key) as f32;
        coarse + FINE * fine
    };
    let (steps, to) = ui.input_mut(|input| {
        let up = pressed(input, Key::ArrowUp) + pressed(input, Key::ArrowRight);
        let down = pressed(input, Key::ArrowDown) + pressed(input, Key::ArrowLeft);
        let pages = pressed(input, Key::PageUp) - pressed(input, Key::PageDown);
        let to = [
            (Key::Home, parameter.lowest()),
            (Key::End, parameter.highest()),
            (Key::Backspace, parameter.default),
            (Key::Delete, parameter.default),
        ];
        let to = to.map(|(key, value)| input.consume_key(Modifiers::NONE, key).then_some(value));
        (up - down + 5.0 * pages, to.into_iter().flatten().next())
    });
    if let Some(value) = to {
        desk.change(id, value);
    }
    nudge(ui, desk, id, steps);
}

/// Says what the control is, and does what assistive technology asks of it. Main thread.
pub fn describe(ui: &Ui, desk: &mut Desk, response: &Response, id: Id) {
    describe_as(ui, desk, response, id, id.parameter().name);
}

/// The same by another name, for a second control of the same parameter. Main thread.
pub fn describe_as(ui: &Ui, desk: &mut Desk, response: &Response, id: Id, name: &str) {
    let parameter = id.parameter();
    let value = desk.value(id);
    response.widget_info(|| WidgetInfo::slider(true, f64::from(value), name));
    let (steps, to) = ui.input(|input| {
        let count = |action| input.num_accesskit_action_requests(response.id, action) as f32;
        let steps = count(Action::Increment) - count(Action::Decrement);
        let to = input.accesskit_action_requests(response.id, Action::SetValue);
        let to = to.filter_map(|request| match &request.data {
            Some(ActionData::NumericValue(value)) => Some(*value as f32),
            Some(ActionData::Value(text)) => parameter.parse(text, &desk.data().slots).ok(),
            _ => None,
        });
        (steps, to.last())
    });
    if let Some(value) = to {
        desk.change(id, value);
    }
    nudge(ui, desk, id, steps);
    let (text, value) = (desk.text(id), desk.value(id));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_value(text);
        node.set_numeric_value(f64::from(value));
        node.set_min_numeric_value(f64::from(parameter.lowest()));
        node.set_max_numeric_value(f64::from(parameter.highest()));
        node.set_description(help(id));
        node.add_action(Action::SetValue);
        node.add_action(Action::Increment);
        node.add_action(Action::Decrement);
    });
}

/// While it is held: name and value, in one line. Main thread.
pub fn held(desk: &Desk, response: &Response, id: Id) {
    let text = format!("{}: {}", id.parameter().name, desk.text(id));
    response.show_tooltip_text(text.replace(' ', "\u{a0}"));
}

/// The bubble: name, what it does, what it may be. Main thread.
pub fn bubble(desk: &Desk, response: Response, id: Id) -> Response {
    if response.dragged() {
        return response;
    }
    response.on_hover_ui(|ui| {
        ui.set_max_width(260.0);
        let parameter = id.parameter();
        let text = |value| parameter.text(value, &desk.data().slots);
        ui.label(format!("{}: {}", parameter.name, desk.text(id)));
        super::label(ui, help(id));
        if desk.overruled(id).is_some() {
            let note = desk.text(Id::PredelayNote);
            super::label(ui, format!("Now the note value {note} has the say."));
        }
        if let Kind::Number(_) = parameter.kind {
            let (low, high) = (text(parameter.lowest()), text(parameter.highest()));
            let default = text(parameter.default);
            super::label(ui, format!("{low} to {high}; double-click: {default}"));
        }
    })
}

//! The echo as a picture: spikes on a line of time, up or down by their polarity, and under it where they are between left
//! and right.
//!
//! | | |
//! |---|---|
//! | click, or press and drag, where nothing is | a new tap |
//! | drag a tap | time and gain; across the middle line it turns over; with Alt it does not snap |
//! | drag in the lane below | pan |
//! | arrows | a step of the grid, 1 dB; with Alt 1 ms, with Shift 0.1 dB |
//! | Page Up, Page Down | 10 % to the right, to the left |
//! | Delete, Backspace, a click with the right button | takes it away |
//! | drag the ring on the first repeat | time and gain from repeat to repeat |
//! | wheel; with Shift, or a drag of the moments under the spikes | zoom; scroll |

use super::design::{Design, Grid, Spike, polarity};
use super::keys::{Asked, pressed};
use super::stage::{self, Stage};
use crate::editor::theme::Theme;
use crate::editor::view::main::axis::{Axis, Span};
use crate::editor::view::main::wheel;
use crate::editor::widget::focus_ring;
use crate::impulse::echo::{Polarity, Tap, Time};
use egui::accesskit::Action;
use egui::{CursorIcon, Pos2, Rect, Response, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Height of the lane for pans, in points.
const LANE: f32 = 54.0;

/// Room at the left for the words of the axes.
const LEFT: f32 = 52.0;

/// Between the spikes and the lane, in points: where the moments stand.
const MOMENTS: f32 = 24.0;

/// Spikes that are drawn at most.
const MOST: usize = 3_000;

/// How much of the time is seen at most, in parts of what has all of the echo in it; and in seconds.
const FARTHEST: (f64, f64) = (4.0, 8.0);

/// What is being dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// A tap: when and how loud.
    Tip(usize),
    /// A tap: where.
    Pan(usize),
    /// The first repeat of a tap.
    Repeat(usize),
}

/// What the picture remembers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    /// What is seen of the time; `None` is all of the echo.
    span: Option<Span>,
    held: Option<Held>,
    /// From the pointer to the tip that it holds.
    grip: egui::Vec2,
    /// Seconds that have all of the echo in them: they do not change while something is dragged.
    all: f64,
}

impl Line {
    /// What has all of the echo in it, in ms. Main thread.
    pub fn whole_ms(&self) -> f64 {
        self.all * 1000.0
    }

    /// What is seen, and how far it may go.
    fn seen(&self) -> (Span, f64) {
        let whole = (FARTHEST.0 * self.all).max(FARTHEST.1);
        let all = Span {
            from: 0.0,
            to: self.all,
        };
        (self.span.map_or(all, |span| span.within(whole)), whole)
    }

    /// So many times as much time, around the middle of what is seen. Main thread.
    pub fn zoom(&mut self, times: f64) {
        let (span, whole) = self.seen();
        let middle = f64::midpoint(span.from, span.to);
        // From the beginning on, where that is seen: there the first tap is.
        let around = if span.from == 0.0 { 0.0 } else { middle };
        self.span = Some(span.zoomed(times, around, whole));
    }

    /// All of the echo. Main thread.
    pub fn whole(&mut self) {
        self.span = None;
    }

    /// What is seen stays, whatever is drawn: nothing moves away from under the pointer. Main thread.
    fn hold(&mut self) {
        let (span, _) = self.seen();
        self.span.get_or_insert(span);
    }

    /// That moment comes into sight, if it is not. Main thread.
    pub fn reveal(&mut self, ms: f64) {
        let (span, whole) = self.seen();
        let seconds = ms / 1000.0;
        if seconds < span.from || seconds > span.from + 0.98 * span.seconds() {
            let middle = f64::midpoint(span.from, span.to);
            self.span = Some(span.moved(seconds - middle, whole));
        }
    }
}

/// The picture in `rect`. Main thread.
pub(super) fn show(ui: &mut Ui, design: &mut Design, line: &mut Line, tempo_bpm: f64, rect: Rect) {
    let theme = Theme::of(ui);
    if line.held.is_none() || line.all <= 0.0 {
        line.all = design.span_ms(tempo_bpm) / 1000.0;
    }
    let inner = Rect::from_min_max(pos2(rect.min.x + LEFT, rect.min.y), rect.max);
    let points = egui::Rangef::new(inner.min.x + 12.0, inner.max.x - 12.0);
    travel(ui, line, inner, points);
    let stage = Stage {
        axis: Axis {
            span: line.seen().0,
            points,
        },
        rect: inner.with_max_y(inner.max.y - LANE - MOMENTS),
        lane: inner.with_min_y(inner.max.y - LANE),
        theme: &theme,
        tempo_bpm,
    };
    stage::ground(ui.painter(), &stage, design);
    let spikes = design.spikes(tempo_bpm, MOST);
    // The farthest generation first, so that the taps lie over all.
    for spike in spikes.iter().rev().filter(|spike| spike.generation > 0) {
        let fade = 0.62 * 0.9_f32.powi(i32::from(spike.generation.min(12)) - 1);
        stage::paint(ui.painter(), &stage, spike, fade);
    }
    let field = ui.interact(
        stage.rect,
        ui.scope_id().with("time line"),
        Sense::click_and_drag(),
    );
    field.widget_info(|| WidgetInfo::labeled(egui::Role::Canvas, true, "Time line"));
    draw(ui, design, line, &stage, &field);
    release(design, line, &field);
    let mut gone = None;
    for spike in spikes.iter().filter(|spike| spike.generation == 0) {
        if tap(ui, design, line, &stage, spike) {
            gone = Some(spike.tap);
        }
    }
    repeat(ui, design, line, &stage);
    if let Some(tap) = gone {
        design.remove(tap);
    }
    if line.held.is_none()
        && let Some(at) = field.hover_pos()
    {
        ghost(ui, design, &stage, at);
    }
    focus_ring(ui, stage.rect, field.has_focus());
    field.on_hover_cursor(CursorIcon::Crosshair);
}

/// The wheel over the picture, and a drag of the moments under it.
fn travel(ui: &Ui, line: &mut Line, inner: Rect, points: egui::Rangef) {
    let (span, whole) = line.seen();
    let axis = Axis { span, points };
    if ui.rect_contains_pointer(inner)
        && line.held.is_none()
        && let Some(at) = ui.input(|input| input.pointer.hover_pos())
    {
        let (turned, pushed) = wheel(ui);
        if turned != 0.0 {
            let times = 0.8_f64.powf(f64::from(turned));
            line.span = Some(span.zoomed(times, axis.seconds(at.x).max(0.0), whole));
        }
        if pushed != 0.0 {
            let seconds = -f64::from(pushed) * span.seconds() / 10.0;
            line.span = Some(span.moved(seconds, whole));
        }
    }
    let bottom = inner.max.y - LANE;
    let moments = inner.with_min_y(bottom - MOMENTS).with_max_y(bottom);
    let moments = ui.interact(moments, ui.scope_id().with("moments"), Sense::DRAG);
    if moments.dragged() {
        let seconds = -f64::from(moments.drag_delta().x) * axis.seconds_per_point();
        line.span = Some(span.moved(seconds, whole));
    }
    let twice = |input: &egui::InputState| {
        let primary = egui::PointerButton::Primary;
        input.pointer.button_double_clicked(primary)
    };
    if moments.hovered() && ui.input(twice) {
        line.whole();
    }
    moments
        .on_hover_cursor(CursorIcon::Grab)
        .on_hover_text("Drag to scroll, turn the wheel to zoom, double-click for all of it");
}

/// A click where nothing is sets a tap down, and a drag goes on with it.
fn draw(ui: &Ui, design: &mut Design, line: &mut Line, stage: &Stage<'_>, field: &Response) {
    let clicked = field
        .clicked()
        .then(|| field.interact_pointer_pos())
        .flatten();
    let pressed = field
        .drag_started_by(egui::PointerButton::Primary)
        .then(|| ui.input(|input| input.pointer.press_origin()))
        .flatten();
    if let Some(at) = clicked.or(pressed) {
        line.hold();
        if pressed.is_some() {
            design.begin();
        }
        let tap = design.add(new_tap(ui, design, stage, at));
        if pressed.is_some() {
            (line.held, line.grip) = (Some(Held::Tip(tap)), egui::Vec2::ZERO);
        }
    }
    if field.dragged() {
        drag(ui, design, line, stage, field);
    }
}

/// What a click there would set down.
fn new_tap(ui: &Ui, design: &Design, stage: &Stage<'_>, at: Pos2) -> Tap {
    let (gain_db, inverted) = stage.gain(at.y);
    Tap {
        polarity: polarity(inverted),
        ..Tap::new(moment(ui, design, stage, at.x), gain_db)
    }
}

/// The same, faintly, with its numbers.
fn ghost(ui: &Ui, design: &Design, stage: &Stage<'_>, at: Pos2) {
    let tap = new_tap(ui, design, stage, at);
    let spike = Spike {
        tap: usize::MAX,
        generation: 0,
        ms: tap.time.milliseconds(stage.tempo_bpm),
        gain_db: tap.gain_db,
        pan_percent: 0.0,
        inverted: tap.polarity == Polarity::Inverted,
    };
    stage::paint(ui.painter(), stage, &spike, 0.35);
    let words = format!("{}, {}", when(tap.time, stage), gain_words(tap.gain_db));
    stage::readout(ui, stage, at, words);
}

/// What a place on the line is, snapped as the user wants it.
fn moment(ui: &Ui, design: &Design, stage: &Stage<'_>, x: f32) -> Time {
    let free = ui.input(|input| input.modifiers.alt);
    let grid = if free { Grid::Off } else { design.grid };
    grid.nearest(stage.ms(x), stage.tempo_bpm)
}

fn drag(ui: &Ui, design: &mut Design, line: &Line, stage: &Stage<'_>, response: &Response) {
    let (Some(held), Some(at)) = (line.held, response.interact_pointer_pos()) else {
        return;
    };
    let at = at + line.grip;
    let time = moment(ui, design, stage, at.x.min(stage.rect.max.x));
    let (gain_db, inverted) = stage.gain(at.y);
    match held {
        Held::Pan(tap) => {
            let pan_percent = stage.pan(at.y);
            design.edit_tap(tap, |tap| tap.pan_percent = pan_percent);
        }
        Held::Tip(tap) => design.edit_tap(tap, |tap| {
            tap.time = time;
            tap.gain_db = gain_db;
            tap.polarity = polarity(inverted);
        }),
        Held::Repeat(of) => {
            let Some(tap) = design.echo().taps.get(of).copied() else {
                return;
            };
            let from = tap.time.milliseconds(stage.tempo_bpm);
            let free = ui.input(|input| input.modifiers.alt);
            let grid = if free { Grid::Off } else { design.grid };
            let later = grid.nearest((stage.ms(at.x) - from).max(0.0), stage.tempo_bpm);
            design.edit_feedback(|feedback| {
                feedback.time = later;
                feedback.gain_db = gain_db - tap.gain_db;
                feedback.polarity = polarity(inverted != (tap.polarity == Polarity::Inverted));
            });
        }
    }
}

fn release(design: &mut Design, line: &mut Line, response: &Response) {
    if response.drag_stopped() {
        design.end();
        line.held = None;
    }
}

/// A tap's handles: on the line and in the lane. Says whether it is to go.
fn tap(
    ui: &mut Ui,
    design: &mut Design,
    line: &mut Line,
    stage: &Stage<'_>,
    spike: &Spike,
) -> bool {
    let number = spike.tap;
    let chosen = design.selected() == Some(number);
    let tip = stage.tip(spike);
    if !stage.shows(spike.ms) {
        return false;
    }
    stage::paint(ui.painter(), stage, spike, 1.0);
    let grip = |at: Pos2, id: &str, ui: &Ui| {
        let rect = Rect::from_center_size(at, vec2(20.0, 20.0));
        ui.interact(
            rect,
            ui.scope_id().with((id, number)),
            Sense::click_and_drag(),
        )
    };
    let pan_at = pos2(tip.x, stage.pan_y(spike.pan_percent));
    let (handle, pan) = (grip(tip, "tap", ui), grip(pan_at, "pan", ui));
    for (response, at, is_pan) in [(&handle, tip, false), (&pan, pan_at, true)] {
        if response.clicked() || response.drag_started() || response.gained_focus() {
            design.select(Some(number));
        }
        if response.clicked() {
            response.request_focus();
        }
        if response.drag_started_by(egui::PointerButton::Primary) {
            response.request_focus();
            design.begin();
            let from = ui.input(|input| input.pointer.press_origin()).unwrap_or(at);
            line.hold();
            let held = if is_pan {
                Held::Pan(number)
            } else {
                Held::Tip(number)
            };
            (line.held, line.grip) = (Some(held), at - from);
        }
        if response.dragged() {
            drag(ui, design, line, stage, response);
        }
        release(design, line, response);
    }
    let gone = keys(ui, design, line, stage, (&handle, number))
        | keys(ui, design, line, stage, (&pan, number))
        | handle.secondary_clicked();
    let text = words(design, stage, number);
    describe(ui, design, &handle, number, &text);
    pan.widget_info(|| {
        let value = f64::from(spike.pan_percent);
        WidgetInfo::slider(true, value, format!("Pan of tap {}", number + 1))
    });
    let (painter, colour) = (ui.painter(), stage.colour(spike.pan_percent));
    let active = chosen || handle.hovered() || handle.dragged() || handle.has_focus();
    let rim = if active {
        Stroke::new(2.0, stage.theme.text)
    } else {
        Stroke::new(2.0, stage.theme.picture)
    };
    let radius = if active { 7.0 } else { 6.0 };
    painter.circle(tip, radius, colour, rim);
    painter.circle(pan_at, if active { 5.5 } else { 4.5 }, colour, rim);
    focus_ring(
        ui,
        Rect::from_center_size(tip, vec2(20.0, 20.0)),
        handle.has_focus(),
    );
    focus_ring(
        ui,
        Rect::from_center_size(pan_at, vec2(16.0, 16.0)),
        pan.has_focus(),
    );
    for response in [handle, pan] {
        if response.dragged() {
            response.show_tooltip_text(text.replace(' ', "\u{a0}"));
        } else {
            response
                .on_hover_text(&text)
                .on_hover_cursor(CursorIcon::Grab);
        }
    }
    gone
}

/// A tap in words.
fn words(design: &Design, stage: &Stage<'_>, number: usize) -> String {
    let Some(tap) = design.echo().taps.get(number) else {
        return String::new();
    };
    let time = when(tap.time, stage);
    let turned = match tap.polarity {
        Polarity::Upright => "",
        Polarity::Inverted => ", inverted",
    };
    let pan = super::text::pan_text(tap.pan_percent);
    format!(
        "Tap {}: {time}, {}, {pan}{turned}",
        number + 1,
        gain_words(tap.gain_db)
    )
}

/// A time in words.
fn when(time: Time, stage: &Stage<'_>) -> String {
    let ms = time.milliseconds(stage.tempo_bpm);
    match time {
        Time::Ms(_) => format!("{ms:.1} ms"),
        Time::Note(_) => format!("{time} = {ms:.1} ms"),
    }
}

fn gain_words(gain_db: f32) -> String {
    format!("{gain_db:.1} dB").replace('-', "−")
}

fn describe(ui: &Ui, design: &mut Design, response: &Response, number: usize, text: &str) {
    let gain = design
        .echo()
        .taps
        .get(number)
        .map_or(0.0, |tap| tap.gain_db);
    let name = format!("Tap {}", number + 1);
    response.widget_info(|| WidgetInfo::slider(true, f64::from(gain), &name));
    let steps = ui.input(|input| {
        let count = |action| input.num_accesskit_action_requests(response.id, action) as f32;
        count(Action::Increment) - count(Action::Decrement)
    });
    if steps != 0.0 {
        design.edit_tap(number, |tap| tap.gain_db += steps);
    }
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_value(text);
        node.add_action(Action::Increment);
        node.add_action(Action::Decrement);
    });
}

/// What keys do to a tap that has the focus. Says whether it is to go.
fn keys(
    ui: &Ui,
    design: &mut Design,
    line: &mut Line,
    stage: &Stage<'_>,
    (response, number): (&Response, usize),
) -> bool {
    let asked = pressed(ui, response);
    if asked.gone || asked == Asked::default() {
        return asked.gone;
    }
    let (tempo, grid) = (stage.tempo_bpm, design.grid);
    design.edit_tap(number, |tap| {
        tap.time = asked.later(tap.time, grid, tempo);
        tap.gain_db += asked.up;
        tap.pan_percent += 10.0 * asked.pan;
    });
    if let Some(tap) = design.echo().taps.get(number) {
        line.reveal(tap.time.milliseconds(tempo));
    }
    false
}

/// The handle of the repeats: on the first one of the tap that is chosen, or of the first tap.
fn repeat(ui: &mut Ui, design: &mut Design, line: &mut Line, stage: &Stage<'_>) {
    let feedback = design.echo().feedback;
    let of = match line.held {
        Some(Held::Repeat(of)) => of,
        _ => design.selected().unwrap_or(0),
    };
    let spikes = design.spikes(stage.tempo_bpm, MOST);
    let first = |spike: &&Spike| spike.tap == of && spike.generation == 1;
    let Some(spike) = spikes
        .iter()
        .find(first)
        .filter(|spike| stage.shows(spike.ms))
    else {
        return;
    };
    let tip = stage.tip(spike);
    let rect = Rect::from_center_size(tip, vec2(18.0, 18.0));
    let id = ui.scope_id().with("repeat");
    let response = ui.interact(rect, id, Sense::click_and_drag());
    if response.clicked() {
        response.request_focus();
    }
    if response.drag_started_by(egui::PointerButton::Primary) {
        response.request_focus();
        design.begin();
        let from = ui.input(|input| input.pointer.press_origin());
        line.hold();
        (line.held, line.grip) = (Some(Held::Repeat(of)), tip - from.unwrap_or(tip));
    }
    if response.dragged() {
        drag(ui, design, line, stage, &response);
    }
    release(design, line, &response);
    let asked = pressed(ui, &response);
    if asked != Asked::default() {
        let (tempo, grid) = (stage.tempo_bpm, design.grid);
        design.edit_feedback(|feedback| {
            feedback.time = asked.later(feedback.time, grid, tempo);
            feedback.gain_db += asked.up;
            if asked.gone {
                feedback.generations = 0;
            }
        });
    }
    let text = format!(
        "Repeats: every {}, {} each, {} times",
        when(feedback.time, stage),
        gain_words(feedback.gain_db),
        feedback.generations
    );
    let gain = f64::from(feedback.gain_db);
    response.widget_info(|| WidgetInfo::slider(true, gain, "First repeat"));
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_value(text.as_str()));
    let active = response.hovered() || response.dragged() || response.has_focus();
    let colour = stage.colour(spike.pan_percent);
    let radius = if active { 6.0 } else { 5.0 };
    let rim = Stroke::new(2.0, colour);
    ui.painter().circle(tip, radius, stage.theme.picture, rim);
    focus_ring(ui, rect, response.has_focus());
    if response.dragged() {
        response.show_tooltip_text(text.replace(' ', "\u{a0}"));
    } else {
        response
            .on_hover_text(text)
            .on_hover_cursor(CursorIcon::Grab);
    }
}

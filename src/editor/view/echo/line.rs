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
//! | Delete, Backspace | takes it away |

use super::design::{Design, HIGHEST_DB, LOWEST_DB, Spike, polarity};
use crate::editor::theme::{self, Theme, size};
use crate::editor::view::main::axis::{Axis, Span};
use crate::editor::widget::focus_ring;
use crate::impulse::echo::{Polarity, Tap, Time};
use egui::accesskit::Action;
use egui::{
    Align2, Color32, CursorIcon, EventFilter, FontId, Key, Modifiers, Painter, Pos2, Rect,
    Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, lerp, pos2, vec2,
};

/// Height of the lane for pans, in points.
const LANE: f32 = 54.0;

/// Room at the left for the words of the axes.
const LEFT: f32 = 52.0;

/// Spikes that are drawn at most.
const MOST: usize = 3_000;

/// What the picture remembers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    /// How much of the time is seen, against what fits all: halved and doubled by buttons.
    pub zoom: i8,
    /// What is being dragged: the tap, and where between left and right rather than when.
    held: Option<(usize, bool)>,
    /// From the pointer to the tip that it holds.
    grip: egui::Vec2,
    /// The time that is seen, in ms: it does not change while something is dragged.
    span_ms: f64,
}

/// Where things are.
struct Stage<'a> {
    axis: Axis,
    /// Of the spikes.
    rect: Rect,
    /// Of the pans.
    lane: Rect,
    theme: &'a Theme,
    tempo_bpm: f64,
}

impl Stage<'_> {
    fn x(&self, ms: f64) -> f32 {
        self.axis.x(ms / 1000.0)
    }

    fn ms(&self, x: f32) -> f64 {
        (self.axis.seconds(x) * 1000.0).max(0.0)
    }

    /// How far from the middle line a gain is.
    fn height(&self, gain_db: f32) -> f32 {
        let share = (gain_db.clamp(LOWEST_DB, HIGHEST_DB) - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB);
        share * (self.rect.height() / 2.0 - 10.0)
    }

    fn tip(&self, spike: &Spike) -> Pos2 {
        let height = self.height(spike.gain_db);
        let down = if spike.inverted { height } else { -height };
        pos2(self.x(spike.ms), self.rect.center().y + down)
    }

    /// To the tenth of a dB, and whether it is below the line.
    fn gain(&self, y: f32) -> (f32, bool) {
        let away = y - self.rect.center().y;
        let share = away.abs() / (self.rect.height() / 2.0 - 10.0);
        let gain_db = lerp(LOWEST_DB..=HIGHEST_DB, share.min(1.0));
        ((gain_db * 10.0).round() / 10.0, away > 0.0)
    }

    fn pan_y(&self, pan_percent: f32) -> f32 {
        self.lane.center().y + pan_percent / 100.0 * (self.lane.height() / 2.0 - 9.0)
    }

    fn pan(&self, y: f32) -> f32 {
        let share = (y - self.lane.center().y) / (self.lane.height() / 2.0 - 9.0);
        let percent = (share * 100.0).clamp(-100.0, 100.0).round();
        // The middle is easy to find again.
        if percent.abs() < 5.0 { 0.0 } else { percent }
    }

    /// Left is the one colour, right the other.
    fn colour(&self, pan_percent: f32) -> Color32 {
        let (side, share) = if pan_percent < 0.0 {
            (self.theme.accent, -pan_percent / 100.0)
        } else {
            (self.theme.second, pan_percent / 100.0)
        };
        self.theme.text.lerp_to_gamma(side, share)
    }
}

/// The picture in `rect`. Main thread.
pub(super) fn show(ui: &mut Ui, design: &mut Design, line: &mut Line, tempo_bpm: f64, rect: Rect) {
    let theme = Theme::of(ui);
    if line.held.is_none() || line.span_ms <= 0.0 {
        line.span_ms = design.span_ms(tempo_bpm) * 2_f64.powi(line.zoom.into());
    }
    let inner = Rect::from_min_max(pos2(rect.min.x + LEFT, rect.min.y), rect.max);
    let stage = Stage {
        axis: Axis {
            span: Span {
                from: 0.0,
                to: line.span_ms / 1000.0,
            },
            points: egui::Rangef::new(inner.min.x + 12.0, inner.max.x - 12.0),
        },
        rect: inner.with_max_y(inner.max.y - LANE - 24.0),
        lane: inner.with_min_y(inner.max.y - LANE),
        theme: &theme,
        tempo_bpm,
    };
    ground(ui.painter(), &stage, design);
    let spikes = design.spikes(tempo_bpm, MOST);
    // The farthest generation first, so that the taps lie over all.
    for spike in spikes.iter().rev().filter(|spike| spike.generation > 0) {
        let fade = 0.62 * 0.9_f32.powi(i32::from(spike.generation.min(12)) - 1);
        paint(ui.painter(), &stage, spike, fade);
    }
    let field = ui.interact(
        stage.rect,
        ui.scope_id().with("time line"),
        Sense::click_and_drag(),
    );
    field.widget_info(|| WidgetInfo::labeled(egui::Role::Canvas, true, "Time line"));
    let clicked = field
        .clicked()
        .then(|| field.interact_pointer_pos())
        .flatten();
    let pressed = field
        .drag_started()
        .then(|| ui.input(|input| input.pointer.press_origin()))
        .flatten();
    if let Some(at) = clicked.or(pressed) {
        let (time, (gain_db, inverted)) = (moment(ui, design, &stage, at.x), stage.gain(at.y));
        if pressed.is_some() {
            design.begin();
        }
        let tap = design.add(Tap {
            polarity: polarity(inverted),
            ..Tap::new(time, gain_db)
        });
        if pressed.is_some() {
            (line.held, line.grip) = (Some((tap, false)), egui::Vec2::ZERO);
        }
    }
    if field.dragged() {
        drag(ui, design, line, &stage, &field);
    }
    release(design, line, &field);
    let mut gone = None;
    for spike in spikes.iter().filter(|spike| spike.generation == 0) {
        if tap(ui, design, line, &stage, spike) {
            gone = Some(spike.tap);
        }
    }
    if let Some(tap) = gone {
        design.remove(tap);
    }
    field.on_hover_cursor(CursorIcon::Crosshair);
}

/// What a place on the line is, snapped as the user wants it.
fn moment(ui: &Ui, design: &Design, stage: &Stage<'_>, x: f32) -> Time {
    let free = ui.input(|input| input.modifiers.alt);
    let grid = if free {
        super::design::Grid::Off
    } else {
        design.grid
    };
    grid.nearest(stage.ms(x), stage.tempo_bpm)
}

fn drag(ui: &Ui, design: &mut Design, line: &Line, stage: &Stage<'_>, response: &Response) {
    let (Some((tap, pan)), Some(at)) = (line.held, response.interact_pointer_pos()) else {
        return;
    };
    let at = at + line.grip;
    if pan {
        let pan_percent = stage.pan(at.y);
        design.edit_tap(tap, |tap| tap.pan_percent = pan_percent);
        return;
    }
    let time = moment(ui, design, stage, at.x.min(stage.rect.max.x));
    let (gain_db, inverted) = stage.gain(at.y);
    design.edit_tap(tap, |tap| {
        tap.time = time;
        tap.gain_db = gain_db;
        tap.polarity = polarity(inverted);
    });
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
    if tip.x > stage.rect.max.x {
        return false;
    }
    paint(ui.painter(), stage, spike, 1.0);
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
        if response.drag_started() {
            response.request_focus();
            design.begin();
            let from = ui.input(|input| input.pointer.press_origin()).unwrap_or(at);
            (line.held, line.grip) = (Some((number, is_pan)), at - from);
        }
        if response.dragged() {
            drag(ui, design, line, stage, response);
        }
        release(design, line, response);
    }
    let gone = keys(ui, design, stage, &handle, number) | keys(ui, design, stage, &pan, number);
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
    let ms = tap.time.milliseconds(stage.tempo_bpm);
    let time = match tap.time {
        Time::Ms(_) => format!("{ms:.1} ms"),
        Time::Note(_) => format!("{} = {ms:.1} ms", tap.time),
    };
    let turned = match tap.polarity {
        Polarity::Upright => "",
        Polarity::Inverted => ", inverted",
    };
    let pan = super::values::pan_text(tap.pan_percent);
    format!(
        "Tap {}: {time}, {:.1} dB, {pan}{turned}",
        number + 1,
        tap.gain_db
    )
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
    stage: &Stage<'_>,
    response: &Response,
    number: usize,
) -> bool {
    if !response.has_focus() {
        return false;
    }
    ui.memory_mut(|memory| {
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        memory.set_focus_lock_filter(response.id, filter);
    });
    let (across, free, up, fine, pan, gone) = ui.input_mut(|input| {
        // With modifiers first: without them, any are let through.
        let mut count = |modifiers, key| input.count_and_consume_key(modifiers, key) as f32;
        let free = count(Modifiers::ALT, Key::ArrowRight) - count(Modifiers::ALT, Key::ArrowLeft);
        let fine = count(Modifiers::SHIFT, Key::ArrowUp) - count(Modifiers::SHIFT, Key::ArrowDown);
        let mut plain = |key| count(Modifiers::NONE, key);
        (
            plain(Key::ArrowRight) - plain(Key::ArrowLeft),
            free,
            plain(Key::ArrowUp) - plain(Key::ArrowDown),
            fine,
            plain(Key::PageUp) - plain(Key::PageDown),
            plain(Key::Delete) + plain(Key::Backspace) > 0.0,
        )
    });
    if gone {
        return true;
    }
    if across == 0.0 && free == 0.0 && up == 0.0 && fine == 0.0 && pan == 0.0 {
        return false;
    }
    let (tempo, grid) = (stage.tempo_bpm, design.grid);
    design.edit_tap(number, |tap| {
        let ms = tap.time.milliseconds(tempo);
        if free != 0.0 {
            tap.time = Time::Ms((ms + f64::from(free)).max(0.0));
        } else if across != 0.0 {
            let step = grid.step_ms(tempo).unwrap_or(1.0);
            tap.time = grid.nearest(ms + f64::from(across) * step, tempo);
        }
        tap.gain_db += up + 0.1 * fine;
        tap.pan_percent += 10.0 * pan;
    });
    false
}

fn paint(painter: &Painter, stage: &Stage<'_>, spike: &Spike, fade: f32) {
    let tip = stage.tip(spike);
    if tip.x > stage.rect.max.x {
        return;
    }
    let colour = stage.colour(spike.pan_percent).gamma_multiply(fade);
    let foot = pos2(tip.x, stage.rect.center().y);
    let width = if spike.generation == 0 { 3.0 } else { 2.0 };
    painter.line_segment([foot, tip], Stroke::new(width, colour));
    if spike.generation > 0 {
        painter.circle_filled(tip, 3.0, colour);
        let pan_at = pos2(tip.x, stage.pan_y(spike.pan_percent));
        painter.circle_filled(pan_at, 2.5, colour);
    }
}

/// Grid, axes and their words.
fn ground(painter: &Painter, stage: &Stage<'_>, design: &Design) {
    let theme = stage.theme;
    for rect in [stage.rect, stage.lane] {
        let rim = Stroke::new(1.0, theme.line);
        painter.rect(rect, theme::CORNER, theme.picture, rim, StrokeKind::Inside);
    }
    let font = FontId::proportional(size::TINY);
    let vertical = |ms: f64, stroke: Stroke| {
        let x = stage.x(ms);
        painter.vline(x, stage.rect.y_range().shrink(1.0), stroke);
        painter.vline(x, stage.lane.y_range().shrink(1.0), stroke);
    };
    let last = stage.ms(stage.rect.max.x - 2.0);
    let steps = |step: f64, most: f32, stroke: Stroke| {
        if (stage.x(step) - stage.x(0.0)) < most {
            return;
        }
        let mut ms = 0.0;
        while ms <= last {
            vertical(ms, stroke);
            ms += step;
        }
    };
    if let Some(step) = design.grid.step_ms(stage.tempo_bpm) {
        let faint = theme.line.gamma_multiply(0.55);
        steps(step, 7.0, Stroke::new(1.0, faint));
        steps(
            60_000.0 / stage.tempo_bpm,
            14.0,
            Stroke::new(1.0, theme.line),
        );
    }
    for gain_db in [0.0, -12.0, -24.0, -36.0] {
        let height = stage.height(gain_db);
        for y in [
            stage.rect.center().y - height,
            stage.rect.center().y + height,
        ] {
            let faint = Stroke::new(1.0, theme.line.gamma_multiply(0.55));
            painter.hline(stage.rect.x_range().shrink(1.0), y, faint);
            let at = pos2(stage.rect.min.x - 6.0, y);
            let word = if gain_db == 0.0 {
                "0 dB".to_owned()
            } else {
                format!("{gain_db}").replace('-', "−")
            };
            painter.text(at, Align2::RIGHT_CENTER, word, font.clone(), theme.muted);
        }
    }
    let middle = stage.rect.center().y;
    painter.hline(
        stage.rect.x_range().shrink(1.0),
        middle,
        Stroke::new(1.0, theme.outline),
    );
    let pan = stage.lane.center().y;
    let faint = Stroke::new(1.0, theme.line);
    painter.hline(stage.lane.x_range().shrink(1.0), pan, faint);
    for (percent, word) in [(-100.0, "Left"), (100.0, "Right")] {
        let at = pos2(stage.lane.min.x - 6.0, stage.pan_y(percent));
        painter.text(at, Align2::RIGHT_CENTER, word, font.clone(), theme.muted);
    }
    for (seconds, word) in stage.axis.marks(84.0) {
        let x = stage.axis.x(seconds);
        let at = pos2(x, stage.rect.max.y + 12.0);
        if x > stage.rect.max.x - 20.0 {
            continue;
        }
        let tick = egui::Rangef::new(stage.rect.max.y, stage.rect.max.y + 4.0);
        painter.vline(x, tick, Stroke::new(1.0, theme.outline));
        painter.text(at, Align2::CENTER_CENTER, word, font.clone(), theme.muted);
    }
}

//! The impulse, and what is done to it: one large picture, five large knobs, the rest on demand.

pub(super) mod axis;
mod damping;
mod facts;
mod handle;
mod plot;
mod strip;

use super::{panel, part};
use crate::editor::desk::Desk;
use crate::editor::picture::{Picture, Sketcher, Wanted, envelope};
use crate::editor::theme::{self, GAP, Theme};
use crate::editor::widget::{self, Icon, Knob, meter};
use crate::params::{Id, TABLE};
use axis::{Axis, Span};
use egui::{
    Align, Event, Layout, Modifiers, PointerButton, Rangef, Rect, Sense, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, pos2, vec2,
};
use plot::Plot;
use std::sync::Arc;

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Main {
    sketcher: Sketcher,
    /// What is seen of the time; all of it, if `None`.
    span: Option<Span>,
    spectrum: bool,
    tab: Tab,
    /// The spectrum of that picture, in colours for dark or light.
    texture: Option<(Arc<Picture>, bool, TextureHandle)>,
}

/// What is offered beside the large knobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Sound,
    Shape,
    Damping,
}

impl Tab {
    /// What is set there.
    fn ids(self) -> Vec<Id> {
        match self {
            Self::Sound => [&SOUND[..], &[Id::CutSlope]].concat(),
            Self::Shape => SHAPE.iter().flat_map(|(_, ids)| *ids).copied().collect(),
            Self::Damping => damping::BANDS.to_vec(),
        }
    }
}

const SOUND: [Id; 4] = [Id::WetGain, Id::OutputGain, Id::LowCut, Id::HighCut];

const LARGE: [Id; 5] = [Id::Mix, Id::Predelay, Id::Size, Id::Decay, Id::Width];

/// By what they belong to: what is taken hold of in one place of the picture.
const SHAPE: [(&str, &[Id]); 4] = [
    ("Attack", &[Id::Attack, Id::AttackCurve]),
    ("Decay", &[Id::DecayCurve]),
    ("Early and late", &[Id::EarlyLate, Id::Split]),
    ("Trim", &[Id::TrimStart, Id::TrimEnd, Id::Fade]),
];

/// Height of the controls under the picture, in points.
const CONTROLS: f32 = 168.0;

impl Main {
    /// Whether there is a new picture. Main thread.
    pub fn poll(&mut self) -> bool {
        self.sketcher.poll()
    }

    /// Waits for the picture that was asked for. Main thread.
    pub fn wait(&mut self) {
        self.sketcher.wait();
    }

    /// Shows the spectrum in place of the levels, or the other way round. Main thread.
    pub fn show_spectrum(&mut self, spectrum: bool) {
        self.spectrum = spectrum;
    }
}

/// One frame. Main thread.
pub fn show(ui: &mut Ui, desk: &mut Desk, main: &mut Main) {
    if let Some(impulse) = &desk.data().impulse {
        let impulse = Arc::clone(impulse);
        let shape = desk.data().values.shape();
        main.sketcher.ask(Wanted { impulse, shape });
    }
    main.sketcher.poll();
    let whole = ui.available_rect_before_wrap();
    let controls = whole.with_min_y(whole.max.y - CONTROLS);
    let picture = whole.with_max_y(controls.min.y - GAP);
    panel(ui, picture, |ui, inside| upper(ui, desk, main, inside));
    panel(ui, controls, |ui, inside| lower(ui, desk, main, inside));
}

fn upper(ui: &mut Ui, desk: &mut Desk, main: &mut Main, inside: Rect) {
    let head = inside.with_max_y(inside.min.y + 26.0);
    part(ui, head, Layout::left_to_right(Align::Center), |ui| {
        facts::show(ui, desk, main.sketcher.picture().map(Arc::as_ref));
    });
    let body = inside.with_min_y(head.max.y + 10.0);
    let input = body.with_max_x(body.min.x + meter::WIDTH);
    let output = body.with_min_x(body.max.x - meter::WIDTH);
    let meters = desk.data().meters.clone();
    let clicked = meter::meter(ui, input, "Input", &meters.inputs).clicked()
        | meter::meter(ui, output, "Output", &meters.outputs).clicked();
    if clicked {
        desk.clear_meters();
    }
    let middle = Rect::from_min_max(
        pos2(input.max.x + GAP + 2.0, body.min.y),
        pos2(output.min.x - GAP - 2.0, body.max.y),
    );
    let file = middle.with_min_y(middle.max.y - 38.0);
    let scale = Rect::from_min_max(
        pos2(middle.min.x, file.min.y - 22.0),
        pos2(middle.max.x, file.min.y - 2.0),
    );
    let picture = middle.with_max_y(scale.min.y);
    draw(ui, desk, main, picture, scale, file);
    let buttons = Rect::from_min_size(head.min, head.size());
    part(ui, buttons, Layout::right_to_left(Align::Center), |ui| {
        switches(ui, main);
    });
}

/// What is seen of the picture.
fn switches(ui: &mut Ui, main: &mut Main) {
    let seconds = main.seconds();
    ui.spacing_mut().item_spacing.x = 4.0;
    if widget::icon_button(ui, Icon::Whole, "Show all of it").clicked() {
        main.span = None;
    }
    for (icon, name, times) in [
        (Icon::Larger, "Zoom in", 0.5),
        (Icon::Smaller, "Zoom out", 2.0),
    ] {
        if widget::icon_button(ui, icon, name).clicked() {
            let span = main.span.unwrap_or(Span {
                from: 0.0,
                to: seconds,
            });
            main.zoom(times, span.from, seconds);
        }
    }
    ui.add_space(8.0);
    for (spectrum, name) in [(true, "Spectrum"), (false, "Level")] {
        let response = widget::tab(ui, name, main.spectrum == spectrum);
        if response.clicked() {
            main.spectrum = spectrum;
        }
        if spectrum {
            response.on_hover_text(plot::legend());
        }
    }
}

impl Main {
    /// How long the picture is, from the dry sound to the end.
    fn seconds(&self) -> f64 {
        let picture = self.sketcher.picture();
        // With a little air behind the end.
        picture.map_or(1.0, |picture| (picture.seconds * 1.02).max(0.004))
    }

    fn zoom(&mut self, times: f64, around: f64, whole: f64) {
        let span = self.span.unwrap_or(Span {
            from: 0.0,
            to: whole,
        });
        let span = span.zoomed(times, around, whole);
        self.span = (span.seconds() < whole * 0.999).then_some(span);
    }
}

fn draw(ui: &mut Ui, desk: &mut Desk, main: &mut Main, rect: Rect, scale: Rect, file: Rect) {
    let theme = Theme::of(ui);
    let rim = Stroke::new(1.0, theme.line);
    ui.painter()
        .rect(rect, 4.0, theme.picture, rim, StrokeKind::Outside);
    let Some(picture) = main.sketcher.picture().cloned() else {
        let words = match &desk.data().playing.error {
            Some(_) => "No impulse",
            None => "Loading …",
        };
        let font = egui::FontId::proportional(theme::size::BODY);
        widget::text_in(ui, rect, words, font, theme.muted);
        return;
    };
    let mix = desk.data().values.mix(desk.data().tempo);
    let predelay = f64::from(mix.predelay_ms) / 1000.0;
    let whole = main.seconds() + predelay;
    let span = main.span.map_or(
        Span {
            from: 0.0,
            to: whole,
        },
        |span| span.within(whole),
    );
    let axis = Axis {
        span,
        points: Rangef::new(rect.min.x, rect.max.x),
    };
    let memory = ui.make_persistent_id("picture");
    // Under the handles: what they do not take is for the whole.
    let response = ui.interact(rect, memory, Sense::DRAG);
    if response.dragged_by(PointerButton::Primary) && main.span.is_some() {
        let seconds = f64::from(-response.drag_delta().x) * axis.seconds_per_point();
        main.span = Some(span.moved(seconds, whole));
    }
    let pointer = response.hover_pos();
    if let Some(at) = pointer {
        let twice = ui.input(|input| input.pointer.button_double_clicked(PointerButton::Primary));
        if twice && response.hovered() {
            main.span = None;
        }
        let (turned, pushed) = wheel(ui);
        if turned != 0.0 {
            main.zoom(0.8_f64.powf(f64::from(turned)), axis.seconds(at.x), whole);
        }
        if pushed != 0.0 && main.span.is_some() {
            main.span = Some(span.moved(-f64::from(pushed) * span.seconds() / 10.0, whole));
        }
    }
    let shape = desk.data().values.shape();
    let plot = Plot {
        picture: &picture,
        rect,
        axis,
        predelay,
        shape,
        envelope: envelope(&shape),
        theme,
    };
    if main.spectrum {
        let texture = main.texture(ui, &picture, &theme);
        plot.spectrum(ui, &texture);
    } else {
        plot.grid(ui);
        plot.sound(ui);
        plot.decay(ui);
        plot.sides(ui);
        plot.envelope(ui);
    }
    plot.words(ui, scale);
    if let Some(at) = pointer.filter(|_| response.hovered()) {
        plot.readout(ui, at, main.spectrum);
    }
    plot.handles(ui, desk, !main.spectrum);
    strip::show(ui, desk, file, &picture.file);
}

/// Turns of the wheel up and down, and sideways (or with Shift).
pub(super) fn wheel(ui: &Ui) -> (f32, f32) {
    ui.input(|input| {
        let turns = input.events.iter().filter_map(|event| match event {
            Event::MouseWheel {
                unit,
                delta,
                modifiers,
                ..
            } => {
                let per_turn = match unit {
                    egui::MouseWheelUnit::Point => 40.0,
                    _ => 1.0,
                };
                let delta = *delta / per_turn;
                let sideways = modifiers.matches_logically(Modifiers::SHIFT) || delta.x != 0.0;
                Some(if sideways {
                    (0.0, delta.x + delta.y)
                } else {
                    (delta.y, 0.0)
                })
            }
            _ => None,
        });
        turns.fold((0.0, 0.0), |sum, turn| (sum.0 + turn.0, sum.1 + turn.1))
    })
}

impl Main {
    fn texture(&mut self, ui: &Ui, picture: &Arc<Picture>, theme: &Theme) -> TextureHandle {
        let dark = ui.visuals().dark_mode;
        let kept = self
            .texture
            .as_ref()
            .filter(|(of, brightness, _)| Arc::ptr_eq(of, picture) && *brightness == dark);
        if let Some((_, _, texture)) = kept {
            return texture.clone();
        }
        let image = plot::colours(picture, theme);
        let texture = ui
            .ctx()
            .load_texture("spectrum", image, TextureOptions::LINEAR);
        self.texture = Some((Arc::clone(picture), dark, texture.clone()));
        texture
    }
}

fn lower(ui: &mut Ui, desk: &mut Desk, main: &mut Main, inside: Rect) {
    let large = Knob::Large.size();
    let width = large.x * LARGE.len() as f32;
    let left = inside.with_max_x(inside.min.x + width);
    let row = left.with_max_y(left.min.y + large.y);
    part(ui, row, Layout::left_to_right(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for id in LARGE {
            widget::knob(ui, desk, id, Knob::Large);
        }
    });
    let row = left.with_min_y(left.max.y - 28.0);
    let column = |at: f32| row.with_min_x(row.min.x + at * large.x);
    let across = Layout::left_to_right(Align::Center);
    part(ui, column(0.0), across, |ui| {
        widget::switch(ui, desk, Id::Reverse);
    });
    // Under the knob that it takes the place of.
    part(ui, column(1.0), across, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.add_space(8.0);
        widget::label(ui, "Sync");
        widget::choice(ui, desk, Id::PredelayNote, 54.0);
    });
    part(ui, column(2.0), across, |ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        ui.add_space(16.0);
        for id in [Id::Normalise, Id::Onset] {
            widget::switch(ui, desk, id);
        }
    });
    let theme = Theme::of(ui);
    let x = left.max.x + 12.0;
    ui.painter()
        .vline(x, inside.y_range(), Stroke::new(1.0, theme.line));
    let right = inside.with_min_x(x + 12.0);
    let tabs = right.with_max_y(right.min.y + 24.0);
    part(ui, tabs, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (tab, name) in [
            (Tab::Sound, "Levels and cuts"),
            (Tab::Shape, "Shape"),
            (Tab::Damping, "Decay time"),
        ] {
            let on = main.tab == tab;
            let response = widget::tab(ui, name, on);
            if response.clicked() {
                main.tab = tab;
            }
            // What is not neutral and not seen is still told.
            let changed = |id: &&Id| desk.value(**id) != TABLE[**id as usize].default;
            let count = tab.ids().iter().filter(changed).count();
            if count > 0 && !on {
                mark(ui, response, count);
            }
        }
    });
    let body = right.with_min_y(tabs.max.y + 12.0);
    match main.tab {
        Tab::Sound => sound(ui, desk, body),
        Tab::Shape => shape(ui, desk, body),
        Tab::Damping => damping::show(ui, desk, body),
    }
}

/// A dot on a tab behind which something is changed.
fn mark(ui: &Ui, response: egui::Response, count: usize) {
    let theme = Theme::of(ui);
    let at = response.rect.right_top() + vec2(-2.0, 2.0);
    let rim = Stroke::new(1.5, theme.panel);
    ui.painter().circle(at, 4.5, theme.accent, rim);
    let text = format!("{count} changed");
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_description(text.as_str()));
    response.on_hover_text(text);
}

/// Small knobs in groups, each under its name.
fn shape(ui: &mut Ui, desk: &mut Desk, rect: Rect) {
    let theme = Theme::of(ui);
    let size = Knob::Small.size();
    let all = SHAPE.iter().map(|(_, ids)| ids.len()).sum::<usize>();
    let gap = (rect.width() - size.x * all as f32) / (SHAPE.len() as f32 - 1.0);
    let gap = gap.clamp(0.0, 26.0);
    let mut left = rect.min.x;
    for (at, (name, ids)) in SHAPE.iter().enumerate() {
        let width = size.x * ids.len() as f32;
        let group = Rect::from_min_size(pos2(left, rect.min.y), vec2(width, rect.height()));
        let head = group.with_max_y(group.min.y + 16.0);
        let font = crate::editor::fonts::strong(theme::size::SMALL);
        widget::text_in(ui, head, name, font, theme.text);
        let row = Rect::from_min_size(pos2(left, head.max.y + 6.0), vec2(width, size.y));
        part(ui, row, Layout::left_to_right(Align::Min), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for id in *ids {
                widget::knob(ui, desk, *id, Knob::Small);
            }
        });
        left += width + gap;
        if at + 1 < SHAPE.len() {
            let between = Stroke::new(1.0, theme.line);
            let rows = rect.min.y + 2.0..=rect.max.y - 4.0;
            ui.painter().vline(left - gap / 2.0, rows, between);
        }
    }
}

/// Knobs side by side, and the slope of both cuts beside them.
fn sound(ui: &mut Ui, desk: &mut Desk, rect: Rect) {
    let (size, slope) = (Knob::Medium.size(), 104.0);
    let down = (rect.height() - size.y).max(0.0) / 2.0;
    let row = Rect::from_min_size(rect.min + vec2(0.0, down), vec2(rect.width(), size.y));
    let count = SOUND.len() as f32;
    let gap = ((row.width() - slope - size.x * count) / count).clamp(0.0, 40.0);
    part(ui, row, Layout::left_to_right(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.x = gap;
        for id in SOUND {
            widget::knob(ui, desk, id, Knob::Medium);
        }
    });
    let left = row.min.x + count * (size.x + gap);
    let place = row.with_min_x(left).with_max_x(left + slope);
    let name = place.with_max_y(place.min.y + 15.0);
    let font = egui::FontId::proportional(theme::size::SMALL);
    widget::text_in(ui, name, "Cut slope", font, Theme::of(ui).muted);
    let place = place.with_min_y(name.max.y + 15.0);
    part(ui, place, Layout::top_down(Align::Center), |ui| {
        widget::choice(ui, desk, Id::CutSlope, slope);
    });
}

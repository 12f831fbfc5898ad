//! Two rooms in series: the impulse that plays, a second one after it, and what becomes of both.

use super::browser::titled;
use super::main::axis::{Axis, Span};
use crate::editor::desk::Desk;
use crate::editor::history::Choice;
use crate::editor::latest::Latest;
use crate::editor::theme::{self, Theme, size};
use crate::editor::widget;
use crate::impulse::ImpulseResponse;
use crate::impulse::chain::chain;
use crate::impulse::library;
use crate::params::Slots;
use crate::preset::{Embedding, ImpulseReference};
use egui::{Align2, FontId, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use std::sync::Arc;
use std::time::Duration;

/// Columns of a picture.
const COLUMNS: usize = 480;

/// From the top of a picture to its bottom, in dB.
const DEEP_DB: f32 = 72.0;

/// What is to be put in series.
#[derive(Clone)]
struct Wish {
    first: Arc<ImpulseResponse>,
    /// Of the program.
    second: &'static str,
}

/// Levels over time.
struct Outline {
    name: String,
    seconds: f64,
    /// In dB below the peak, each of [`COLUMNS`] equal parts.
    levels: Vec<f32>,
}

impl Outline {
    fn of(impulse: &ImpulseResponse) -> Self {
        let frames = impulse.frames();
        let column = |column: usize| {
            let at = |column: usize| column * frames / COLUMNS;
            let (from, to) = (at(column), at(column + 1).max(at(column) + 1));
            let parts = impulse.channels.iter();
            let parts = parts.filter_map(|samples| samples.get(from..to.min(samples.len())));
            parts.flatten().fold(0.0_f32, |peak, x| peak.max(x.abs()))
        };
        let peaks: Vec<f32> = (0..COLUMNS).map(column).collect();
        let loudest = peaks.iter().fold(f32::MIN_POSITIVE, |peak, x| peak.max(*x));
        let decibels = |peak: &f32| 20.0 * (peak / loudest).max(1e-7).log10();
        Self {
            name: impulse.name.clone(),
            seconds: impulse.seconds(),
            levels: peaks.iter().map(decibels).collect(),
        }
    }
}

/// What has become of them.
struct Built {
    outlines: [Outline; 3],
    impulse: Arc<ImpulseResponse>,
    reference: Arc<ImpulseReference>,
}

fn build(wish: &Wish) -> Result<Built, String> {
    let second = library::find(wish.second).map_err(|error| error.to_string())?;
    let second = second.load().map_err(|error| error.to_string())?;
    let chained = chain(&wish.first, &second).map_err(|error| error.to_string())?;
    let impulse = chained.impulse;
    let mut reference = ImpulseReference::to_sound(&impulse);
    let embedded = reference.embed(&impulse, Embedding::Files, usize::MAX);
    embedded.map_err(|error| error.to_string())?;
    Ok(Built {
        outlines: [&wish.first, &second, &impulse].map(Outline::of),
        impulse: Arc::new(impulse),
        reference: Arc::new(reference),
    })
}

/// What was there before.
struct Before {
    impulse: Arc<ImpulseResponse>,
    reference: Arc<ImpulseReference>,
}

/// What the view remembers from frame to frame.
pub struct Series {
    builder: Latest<Wish, Result<Built, String>>,
    before: Option<Before>,
    second: Option<&'static str>,
    built: Option<Built>,
    error: Option<String>,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            builder: Latest::new("partita series", Duration::ZERO, |wish| build(&wish)),
            before: None,
            second: None,
            built: None,
            error: None,
        }
    }
}

impl Series {
    /// Both in one, if a second one has been chosen. Main thread.
    pub fn built(&self) -> Option<&Arc<ImpulseResponse>> {
        Some(&self.built.as_ref()?.impulse)
    }

    pub(super) fn poll(&mut self) -> bool {
        self.builder.poll()
    }

    pub(super) fn wait(&mut self) {
        self.builder.wait();
    }

    /// Hands over what has been built, if it is still wanted.
    pub(super) fn arrive(&mut self, desk: &mut Desk) {
        let Some(built) = self.builder.take() else {
            return;
        };
        if self.second.is_none() {
            return;
        }
        match built {
            Ok(built) => {
                desk.audition(built.reference.clone());
                (self.built, self.error) = (Some(built), None);
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// Something else plays now than what was built here: that is the first room then.
    fn look(&mut self, desk: &Desk) {
        let ours = |name: &str| {
            let built = self.built.as_ref();
            built.is_some_and(|built| built.reference.name == name)
        };
        let name = &desk.data().playing.name;
        let was = self.before.as_ref().map(|before| &before.impulse.name);
        if self.second.is_some() && !ours(name) && was != Some(name) && !self.builder.is_busy() {
            (self.before, self.second, self.built) = (None, None, None);
        }
    }

    fn choose(&mut self, desk: &Desk, second: &'static str) {
        if self.before.is_none() {
            self.before = before(desk);
        }
        match &self.before {
            Some(before) => {
                self.second = Some(second);
                let first = before.impulse.clone();
                self.builder.ask(Wish { first, second });
            }
            None => {
                self.error = Some("expected an impulse that plays; choose one first".to_owned())
            }
        }
    }

    /// Back to the first room alone.
    fn dismiss(&mut self, desk: &mut Desk) {
        if let Some(before) = self.before.take()
            && self.second.is_some()
        {
            desk.choose(Choice::Reference(before.reference));
        }
        (self.second, self.built, self.error) = (None, None, None);
    }
}

/// What plays, and what refers to it.
fn before(desk: &Desk) -> Option<Before> {
    let data = desk.data();
    let impulse = data.impulse.clone()?;
    let slot = Slots::factory(data.values.slot());
    let reference = data
        .reference
        .clone()
        .or_else(|| Some(Arc::new(ImpulseReference::to_factory_named(slot?))))?;
    Some(Before { impulse, reference })
}

/// One frame. Main thread.
pub fn show(ui: &mut Ui, desk: &mut Desk, series: &mut Series) {
    series.look(desk);
    let theme = Theme::of(ui);
    let first = match &series.before {
        Some(before) => before.impulse.name.clone(),
        None => desk.data().playing.name.clone(),
    };
    let first = shown(&first);
    ui.horizontal(|ui| {
        let text = match series.second {
            Some(second) => format!("{first}, and then {}", titled(second)),
            None if first.is_empty() => "No impulse plays: choose one first".to_owned(),
            None => format!("{first} plays. Choose a second room: the sound goes through one and then the other."),
        };
        widget::label(ui, text);
        if let Some(error) = &series.error {
            let text = egui::RichText::new(error).size(size::SMALL).color(theme.alarm);
            ui.add(egui::Label::new(text).truncate().show_tooltip_when_elided(true));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let on = series.second.is_some();
            let dismiss = ui.add_enabled_ui(on, |ui| widget::button(ui, "Dismiss the second room"));
            if dismiss.inner.clicked() {
                series.dismiss(desk);
            }
        });
    });
    rooms(ui, desk, series);
    let (pictures, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let Some(built) = &series.built else {
        let rim = Stroke::new(1.0, theme.line);
        ui.painter().rect(
            pictures,
            theme::CORNER,
            theme.picture,
            rim,
            StrokeKind::Inside,
        );
        let text = if series.builder.is_busy() {
            "Both are being made one…"
        } else {
            "f ∗ g appears here"
        };
        let font = FontId::proportional(size::TITLE);
        let middle = Align2::CENTER_CENTER;
        ui.painter()
            .text(pictures.center(), middle, text, font, theme.muted);
        return;
    };
    let longest = built.outlines.iter().map(|outline| outline.seconds);
    let longest = longest.fold(0.0, f64::max);
    let tall = (pictures.height() - 2.0 * 8.0) / 3.0;
    let colours = [theme.accent, theme.second, theme.text];
    for (row, (outline, colour)) in built.outlines.iter().zip(colours).enumerate() {
        let top = pictures.min.y + row as f32 * (tall + 8.0);
        let rect = Rect::from_min_size(pos2(pictures.min.x, top), vec2(pictures.width(), tall));
        draw(ui, rect, outline, longest, colour, ["f", "g", "f ∗ g"][row]);
    }
}

/// A name as people write it.
fn shown(name: &str) -> String {
    match Slots::of_factory(name) {
        Some(_) => titled(name),
        None => name.to_owned(),
    }
}

/// All that can come second: few enough to be seen at once.
fn rooms(ui: &mut Ui, desk: &Desk, series: &mut Series) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for factory in library::factory() {
            let on = series.second == Some(factory.name);
            let response = widget::tab(ui, &titled(factory.name), on);
            if response.on_hover_text(factory.description).clicked() {
                series.choose(desk, factory.name);
            }
        }
    });
}

fn draw(ui: &Ui, rect: Rect, outline: &Outline, longest: f64, colour: egui::Color32, sign: &str) {
    let theme = Theme::of(ui);
    let painter = ui.painter();
    let rim = Stroke::new(1.0, theme.line);
    painter.rect(rect, theme::CORNER, theme.picture, rim, StrokeKind::Inside);
    let axis = Axis {
        span: Span {
            from: 0.0,
            to: longest.max(1e-3) * 1.02,
        },
        points: egui::Rangef::new(rect.min.x + 8.0, rect.max.x - 8.0),
    };
    let floor = rect.max.y - 18.0;
    let top = rect.min.y + 26.0;
    let step = (axis.x(outline.seconds) - axis.x(0.0)) / COLUMNS as f32;
    for (column, level) in outline.levels.iter().enumerate() {
        let height = (1.0 + level / DEEP_DB).max(0.0) * (floor - top);
        if height > 0.0 {
            let x = axis.points.min + column as f32 * step;
            let bar = Rect::from_min_max(pos2(x, floor - height), pos2(x + step.max(0.8), floor));
            painter.rect_filled(bar, 0.0, colour);
        }
    }
    painter.hline(
        rect.x_range().shrink(1.0),
        floor,
        Stroke::new(1.0, theme.outline),
    );
    for (seconds, word) in axis.marks(84.0) {
        let x = axis.x(seconds);
        if x < rect.max.x - 24.0 && x > rect.min.x + 16.0 {
            let font = FontId::proportional(size::TINY);
            painter.text(
                pos2(x, floor + 9.0),
                Align2::CENTER_CENTER,
                word,
                font,
                theme.muted,
            );
        }
    }
    let text = format!(
        "{sign}   {}   {:.2} s",
        shown(&outline.name),
        outline.seconds
    );
    let font = crate::editor::fonts::strong(size::SMALL);
    painter.text(
        rect.min + vec2(10.0, 7.0),
        Align2::LEFT_TOP,
        text,
        font,
        theme.text,
    );
    let deep = format!("0 to −{DEEP_DB:.0} dB");
    let at = pos2(rect.max.x - 10.0, rect.min.y + 7.0);
    let font = FontId::proportional(size::TINY);
    painter.text(at, Align2::RIGHT_TOP, deep, font, theme.muted);
}

//! Two rooms in series: the impulse that plays, a second one after it, and what becomes of both.

use super::browser::titled;
use super::main::axis::{Axis, Span};
use crate::editor::desk::Desk;
use crate::editor::dialog::{Answer, Dialog, Purpose};
use crate::editor::history::Choice;
use crate::editor::latest::Latest;
use crate::editor::theme::{self, Theme, size};
use crate::editor::widget;
use crate::impulse::chain::{ChainError, Chained, MAX_FRAMES, MAX_TRANSFORMED, chain};
use crate::impulse::load::{LayoutChoice, read};
use crate::impulse::{ImpulseResponse, Layout, library};
use crate::params::Slots;
use crate::preset::{Embedding, ImpulseReference};
use egui::{Align2, FontId, Mesh, Rect, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Room for the button that dismisses, in points.
const DISMISS: f32 = 190.0;

/// Columns of a picture.
const COLUMNS: usize = 480;

/// From the top of a picture to its bottom, in dB.
const DEEP_DB: f32 = 72.0;

/// What comes second.
#[derive(Clone, Debug, PartialEq)]
enum Second {
    /// One of the program's.
    Factory(&'static str),
    /// A file.
    File(PathBuf),
}

impl Second {
    /// As people write it.
    fn name(&self) -> String {
        match self {
            Self::Factory(name) => titled(name),
            Self::File(path) => {
                let name = path.file_stem().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
        }
    }

    fn load(&self) -> Result<ImpulseResponse, String> {
        let mut impulse = match self {
            Self::Factory(name) => {
                let found = library::find(name).map_err(|error| error.to_string())?;
                found.load().map_err(|error| error.to_string())?
            }
            Self::File(path) => {
                read(path, LayoutChoice::Auto).map_err(|error| error.to_string())?
            }
        };
        impulse.name = self.name();
        Ok(impulse)
    }
}

/// What is to be put in series.
#[derive(Clone)]
struct Wish {
    first: Arc<ImpulseResponse>,
    second: Second,
}

/// Levels over time.
struct Outline {
    name: String,
    seconds: f64,
    /// The largest sample, in dB of full scale.
    peak_db: f32,
    /// How loud noise of 0 dB at all inputs is at an output, in dB.
    noise_db: f64,
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
        let squares = impulse.channels.iter().flatten();
        let energy: f64 = squares.map(|x| f64::from(*x).powi(2)).sum();
        let channels = impulse.channels.len();
        let outputs = match impulse.layout {
            Layout::TrueStereo => 2,
            Layout::MatrixOf { inputs } => channels / usize::from(inputs).max(1),
            Layout::Mono | Layout::Stereo | Layout::Matrix => channels,
        };
        Self {
            name: shown(&impulse.name),
            seconds: impulse.seconds(),
            peak_db: 20.0 * loudest.log10(),
            noise_db: 10.0 * (energy / outputs.max(1) as f64).max(1e-30).log10(),
            levels: peaks.iter().map(decibels).collect(),
        }
    }
}

/// What has become of them.
struct Built {
    second: Second,
    outlines: [Outline; 3],
    impulse: Arc<ImpulseResponse>,
    reference: Arc<ImpulseReference>,
}

fn build(wish: &Wish) -> Result<Built, String> {
    let second = wish.second.load()?;
    let Chained { mut impulse, .. } =
        chain(&wish.first, &second).map_err(|error| told(&error, wish, &second))?;
    let first = shown(&wish.first.name);
    impulse.name = format!("{first} + {}", second.name);
    let mut reference = ImpulseReference::to_sound(&impulse);
    let embedded = reference.embed(&impulse, Embedding::Files, usize::MAX);
    embedded.map_err(|error| error.to_string())?;
    Ok(Built {
        second: wish.second.clone(),
        outlines: [&wish.first, &second, &impulse].map(Outline::of),
        impulse: Arc::new(impulse),
        reference: Arc::new(reference),
    })
}

/// Why two rooms are none, in words for whoever chose them.
fn told(error: &ChainError, wish: &Wish, second: &ImpulseResponse) -> String {
    let ChainError::TooLarge { frames, channels } = error else {
        return error.to_string();
    };
    let rate = f64::from(wish.first.sample_rate.max(second.sample_rate));
    let transformed = wish.first.channels.len() + second.channels.len() + channels;
    let most = MAX_FRAMES.min(MAX_TRANSFORMED / transformed.max(1));
    format!(
        "{} and then {} would last {:.0} s; in {channels} channels at most {:.0} s are possible: choose a shorter second room",
        shown(&wish.first.name),
        second.name,
        *frames as f64 / rate,
        most as f64 / rate,
    )
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
    second: Option<Second>,
    built: Option<Built>,
    error: Option<String>,
    /// The system's file dialog.
    pub dialog: Dialog,
    path: String,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            builder: Latest::new("partita series", Duration::ZERO, |wish| build(&wish)),
            before: None,
            second: None,
            built: None,
            error: None,
            dialog: Dialog::default(),
            path: String::new(),
        }
    }
}

impl Series {
    /// Both in one, if a second one has been chosen. Main thread.
    pub fn built(&self) -> Option<&Arc<ImpulseResponse>> {
        Some(&self.built.as_ref()?.impulse)
    }

    pub(super) fn poll(&mut self) -> bool {
        self.builder.poll() || self.dialog.is_answered()
    }

    pub(super) fn wait(&mut self) {
        self.builder.wait();
        self.dialog.wait();
    }

    /// Hands over what has been built, if it is still wanted.
    pub(super) fn arrive(&mut self, desk: &mut Desk) {
        match self.dialog.answer() {
            Some(Answer::Chosen(_, path)) => {
                self.path = path.display().to_string();
                self.choose(desk, Second::File(path));
            }
            Some(Answer::None(why)) => self.error = Some(why.to_owned()),
            None => {}
        }
        let Some(built) = self.builder.take() else {
            return;
        };
        if self.second.is_none() {
            return;
        }
        match built {
            Ok(built) => {
                let last = self.built.as_ref().map(|built| &built.reference);
                desk.audition(Arc::clone(&built.reference), last);
                (self.built, self.error) = (Some(built), None);
            }
            // The first room alone, or with the second that there was.
            Err(error) => {
                self.error = Some(error);
                self.second = self.built.as_ref().map(|built| built.second.clone());
            }
        }
    }

    /// Something else plays now than what was built here: that is the first room then.
    fn look(&mut self, desk: &Desk) {
        let Some(built) = &self.built else { return };
        let ours = Choice::Reference(Arc::clone(&built.reference));
        if desk.choice() != Some(ours) && !self.builder.is_busy() {
            (self.before, self.second, self.built) = (None, None, None);
        }
    }

    fn choose(&mut self, desk: &Desk, second: Second) {
        if self.built.is_none() {
            self.before = before(desk);
        }
        match &self.before {
            Some(before) => {
                self.error = None;
                let first = before.impulse.clone();
                self.second = Some(second.clone());
                self.builder.ask(Wish { first, second });
            }
            None => {
                self.error = Some("expected an impulse that plays; choose one first".to_owned());
            }
        }
    }

    /// Back to the first room alone.
    fn dismiss(&mut self, desk: &mut Desk) {
        if let Some(before) = self.before.take()
            && self.built.is_some()
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
        let text = match &series.second {
            Some(second) => format!("{first}, and then {}", second.name()),
            None if first.is_empty() => "No impulse plays: choose one first".to_owned(),
            None => format!("{first} plays. Choose a second room: the sound goes through one and then the other."),
        };
        match &series.error {
            Some(error) => {
                let text = egui::RichText::new(error).size(size::SMALL).color(theme.alarm);
                let width = ui.available_width() - DISMISS;
                ui.scope(|ui| {
                    ui.set_max_width(width);
                    let label = egui::Label::new(text).truncate();
                    ui.add(label.show_tooltip_when_elided(true));
                });
            }
            None => {
                widget::label(ui, text);
            }
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
            let second = Second::Factory(factory.name);
            let on = series.second.as_ref() == Some(&second);
            let response = widget::tab(ui, &titled(factory.name), on);
            if response.on_hover_text(factory.description).clicked() {
                series.choose(desk, second);
            }
        }
        ui.add_space(8.0);
        let path = series.path.clone();
        let mut typed = None;
        let field = ("Path of the second room", EXAMPLE);
        widget::hinted_field(ui, field, &path, 190.0, |text| {
            typed = Some(text.trim().trim_matches('"').to_owned());
            Ok(())
        });
        if let Some(typed) = typed {
            if !typed.is_empty() {
                series.choose(desk, Second::File(PathBuf::from(&typed)));
            }
            series.path = typed;
        }
        if widget::button(ui, "A file…").clicked() {
            series.dialog.ask(Purpose::Impulse, None);
        }
    });
}

/// What a path looks like.
const EXAMPLE: &str = if cfg!(windows) {
    r"C:\Users\me\room.wav"
} else {
    "/home/me/room.wav"
};

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
    let tiny = FontId::proportional(size::TINY);
    for down in [24.0, 48.0] {
        let y = floor - (1.0 - down / DEEP_DB) * (floor - top);
        let across = egui::Rangef::new(rect.min.x + 1.0, rect.max.x - 50.0);
        painter.hline(across, y, Stroke::new(1.0, theme.line));
    }
    let step = (axis.x(outline.seconds) - axis.x(0.0)) / COLUMNS as f32;
    let mut mesh = Mesh::default();
    for (column, level) in outline.levels.iter().enumerate() {
        let height = (1.0 + level / DEEP_DB).max(0.0) * (floor - top);
        if height > 0.0 {
            let x = axis.points.min + column as f32 * step;
            let bar = Rect::from_min_max(pos2(x, floor - height), pos2(x + step, floor));
            mesh.add_colored_rect(bar, colour);
        }
    }
    painter.add(Shape::mesh(mesh));
    for down in [24.0, 48.0] {
        let y = floor - (1.0 - down / DEEP_DB) * (floor - top);
        let (at, word) = (pos2(rect.max.x - 10.0, y), format!("−{down:.0} dB"));
        painter.text(at, Align2::RIGHT_CENTER, word, tiny.clone(), theme.muted);
    }
    painter.hline(
        rect.x_range().shrink(1.0),
        floor,
        Stroke::new(1.0, theme.outline),
    );
    for (seconds, word) in axis.marks(84.0) {
        let x = axis.x(seconds);
        if x < rect.max.x - 24.0 && x > rect.min.x + 16.0 {
            let at = pos2(x, floor + 9.0);
            painter.text(at, Align2::CENTER_CENTER, word, tiny.clone(), theme.muted);
        }
    }
    let text = format!("{sign}   {}", outline.name);
    let font = crate::editor::fonts::strong(size::SMALL);
    let at = rect.min + vec2(10.0, 7.0);
    let name = painter.text(at, Align2::LEFT_TOP, text, font, theme.text);
    let facts = format!(
        "{:.2} s,  peak {:.1} dB,  gain {:+.1} dB (of noise)",
        outline.seconds, outline.peak_db, outline.noise_db
    );
    let at = pos2(name.max.x + 16.0, name.min.y);
    let font = FontId::proportional(size::SMALL);
    let facts = facts.replace('-', "−");
    painter.text(at, Align2::LEFT_TOP, facts, font, theme.muted);
}

//! See the convolution: the reversed impulse slides over the sound, and the area under their product is the output. The
//! numbers are those of [`sliding`](crate::sliding): the output is the engine's.

pub mod scene;
mod stage;

use crate::editor::desk::Desk;
use crate::editor::dialog::{Answer, Dialog, Purpose};
use crate::editor::latest::Latest;
use crate::editor::theme::{Theme, size};
use crate::editor::widget;
use crate::impulse::ImpulseResponse;
use crate::impulse::load::{LayoutChoice, read};
use egui::{
    Align, CursorIcon, EventFilter, Key, Layout, Modifiers, RichText, Sense, Ui, WidgetInfo, vec2,
};
use scene::{Scene, Watched};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Speeds that are offered.
const SPEEDS: [(f64, &str); 4] = [(0.25, "¼ ×"), (0.5, "½ ×"), (1.0, "1 ×"), (3.0, "3 ×")];

/// Room under the picture, in points.
const UNDER: f32 = 88.0;

/// Terms of the sum that are written out: as many as fit the narrowest window.
const TERMS: usize = 9;

/// A sound of the user's.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// What has just been played.
    Played(Arc<Vec<f32>>),
    /// A file's left channel.
    File(PathBuf),
}

/// What is to be seen.
#[derive(Clone)]
struct Wish {
    scene: Scene,
    own: Option<Arc<ImpulseResponse>>,
    source: Option<Source>,
}

fn make(wish: &Wish) -> Result<Option<Watched>, String> {
    let mut loaded = None;
    let sound = match &wish.source {
        _ if wish.scene != Scene::Sound => None,
        None => None,
        Some(Source::Played(samples)) => Some(samples.as_slice()),
        Some(Source::File(path)) => {
            let file = read(path, LayoutChoice::Auto).map_err(|error| error.to_string())?;
            loaded.insert(file).channels.first().map(Vec::as_slice)
        }
    };
    let signals = wish.scene.signals(wish.own.as_deref(), sound);
    Ok(signals.and_then(|(f, g)| Watched::new(&f, &g, 1.0)))
}

/// What the view remembers from frame to frame.
pub struct Convolve {
    scene: Scene,
    maker: Latest<Wish, Result<Option<Watched>, String>>,
    /// The impulse that was asked for, where it is the user's own that slides.
    own: Option<Arc<ImpulseResponse>>,
    watched: Option<Watched>,
    /// What is wrong with the sound that was chosen.
    error: Option<String>,
    source: Option<Source>,
    /// The system's file dialog.
    pub dialog: Dialog,
    path: String,
    speed: f64,
    begun: bool,
}

impl Default for Convolve {
    fn default() -> Self {
        Self {
            scene: Scene::default(),
            maker: Latest::new("partita sliding", Duration::ZERO, |wish| make(&wish)),
            own: None,
            watched: None,
            error: None,
            source: None,
            dialog: Dialog::default(),
            path: String::new(),
            speed: 1.0,
            begun: false,
        }
    }
}

impl Convolve {
    /// What is seen, once it has been computed. Main thread.
    pub fn watched(&self) -> Option<&Watched> {
        self.watched.as_ref()
    }

    pub(super) fn poll(&mut self) -> bool {
        self.maker.poll() || self.dialog.is_answered()
    }

    pub(super) fn wait(&mut self) {
        self.maker.wait();
        self.dialog.wait();
    }

    pub(super) fn arrive(&mut self, desk: &Desk) {
        match self.dialog.answer() {
            Some(Answer::Chosen(_, path)) => {
                self.path = path.display().to_string();
                self.hear(Source::File(path), desk);
            }
            Some(Answer::None(why)) => self.error = Some(why.to_owned()),
            None => {}
        }
        let speed = self.speed;
        match self.maker.take() {
            Some(Ok(watched)) => {
                self.watched = watched.map(|watched| watched.at_speed(speed));
                self.error = None;
            }
            Some(Err(error)) => (self.watched, self.error) = (None, Some(error)),
            None => {}
        }
    }

    fn ask(&mut self, scene: Scene, desk: &Desk) {
        (self.scene, self.begun) = (scene, true);
        self.own = desk.data().impulse.clone().filter(|_| scene.is_own());
        self.maker.ask(Wish {
            scene,
            own: self.own.clone(),
            source: self.source.clone(),
        });
    }

    fn hear(&mut self, source: Source, desk: &Desk) {
        self.source = Some(source);
        self.ask(Scene::Sound, desk);
    }
}

/// One frame. Main thread.
pub fn show(ui: &mut Ui, desk: &Desk, convolve: &mut Convolve) {
    let theme = Theme::of(ui);
    let other = match (&convolve.own, &desk.data().impulse) {
        (Some(own), Some(now)) => !Arc::ptr_eq(own, now),
        (None, now) => now.is_some(),
        (Some(_), None) => false,
    };
    if !convolve.begun || convolve.scene.is_own() && other {
        convolve.ask(convolve.scene, desk);
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (scene, name) in Scene::ALL {
            if widget::tab(ui, name, convolve.scene == scene).clicked() {
                convolve.ask(scene, desk);
            }
        }
    });
    widget::label(ui, convolve.scene.caption());
    if convolve.scene == Scene::Sound {
        sources(ui, desk, convolve);
    }
    let Some(watched) = &mut convolve.watched else {
        let text = match convolve.scene {
            Scene::Own | Scene::Sound if desk.data().impulse.is_none() => {
                "No impulse plays: choose one first."
            }
            _ if convolve.maker.is_busy() => "…",
            Scene::Sound if convolve.source.is_none() => {
                "Take what you play, or a file: it appears here."
            }
            _ => "There is nothing but silence to slide.",
        };
        // What is wrong is said beside what was chosen.
        if convolve.error.is_none() {
            widget::label(ui, text);
        }
        return;
    };
    let seconds = ui.input(|input| f64::from(input.stable_dt.min(0.1)));
    watched.advance(seconds);
    if watched.plays {
        ui.request_repaint();
    }
    let space = vec2(
        ui.available_width(),
        (ui.available_height() - UNDER).max(180.0),
    );
    let (rect, response) = ui.allocate_exact_size(space, Sense::click_and_drag());
    if let Some(at) = response.interact_pointer_pos() {
        watched.plays = false;
        watched.go(stage::columns(watched, rect).sample(at.x));
        response.request_focus();
    }
    keys(ui, watched, &response);
    let under = response.hover_pos().filter(|_| !response.dragged());
    let a = under.map(|at| stage::columns(watched, rect).sample(at.x) as isize);
    stage::draw(ui, rect, watched, a);
    widget::focus_ring(ui, rect, response.has_focus());
    let c = watched.c();
    response.widget_info(|| WidgetInfo::slider(true, c as f64, "Position c, in samples"));
    let (sum, last) = (watched.sum(TERMS), watched.last());
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_value(format!("c = {c}: {sum}"));
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(last as f64);
        node.add_action(egui::accesskit::Action::Increment);
        node.add_action(egui::accesskit::Action::Decrement);
    });
    response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    let line = |ui: &mut Ui, text: &str, colour| {
        let text = RichText::new(text).size(size::BODY).color(colour);
        ui.add(
            egui::Label::new(text)
                .truncate()
                .show_tooltip_when_elided(true),
        );
    };
    line(
        ui,
        &format!("(f ∗ g)({c}) = Σ f(a) · g({c} − a) = {sum}"),
        theme.text,
    );
    let term = a.and_then(|a| watched.term(a));
    let hint =
        "Point at the picture for one term of the sum; drag, or use the arrow keys, to slide.";
    line(ui, term.as_deref().unwrap_or(hint), theme.muted);
    controls(ui, watched, &mut convolve.speed);
}

/// Where the sound comes from.
fn sources(ui: &mut Ui, desk: &Desk, convolve: &mut Convolve) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let recent = desk.data().recent.as_ref();
        let take = ui.add_enabled_ui(recent.is_some(), |ui| {
            widget::button(ui, "Take what I play")
        });
        let help = "The loudest of the last third of a second that came in, first channel";
        if take.inner.on_hover_text(help).clicked()
            && let Some(samples) = recent.and_then(|recent| recent.last())
        {
            convolve.hear(Source::Played(Arc::new(samples)), desk);
        }
        ui.add_space(12.0);
        widget::heading(ui, "A file");
        ui.add_space(4.0);
        let path = convolve.path.clone();
        let mut typed = None;
        let field = ("Path of a sound", EXAMPLE);
        widget::hinted_field(ui, field, &path, 230.0, |text| {
            typed = Some(text.trim().trim_matches('"').to_owned());
            Ok(())
        });
        if let Some(typed) = typed {
            convolve.path.clone_from(&typed);
            if !typed.is_empty() {
                convolve.hear(Source::File(PathBuf::from(typed)), desk);
            }
        }
        if widget::button(ui, "Open…").clicked() {
            convolve.dialog.ask(Purpose::Sound, None);
        }
        if let Some(error) = &convolve.error {
            ui.add_space(8.0);
            let alarm = Theme::of(ui).alarm;
            let text = RichText::new(error).size(size::SMALL).color(alarm);
            let label = egui::Label::new(text).truncate();
            ui.add(label.show_tooltip_when_elided(true));
        }
    });
}

/// What a path looks like.
const EXAMPLE: &str = if cfg!(windows) {
    r"C:\Users\me\voice.wav"
} else {
    "/home/me/voice.wav"
};

fn controls(ui: &mut Ui, watched: &mut Watched, speed: &mut f64) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if widget::icon_button(ui, widget::Icon::Previous, "One sample back").clicked() {
            watched.plays = false;
            watched.step(-1);
        }
        if widget::button(ui, if watched.plays { "Pause" } else { "Play" }).clicked() {
            watched.toggle();
        }
        if widget::icon_button(ui, widget::Icon::Next, "One sample on").clicked() {
            watched.plays = false;
            watched.step(1);
        }
        ui.add_space(14.0);
        widget::heading(ui, "Speed");
        ui.add_space(4.0);
        for (times, name) in SPEEDS {
            if widget::tab(ui, name, *speed == times).clicked() {
                (*speed, watched.speed) = (times, times);
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (f, g) = (watched.sliding.f().len(), watched.sliding.g().len());
            let text = format!(
                "f: {f} samples, g: {g} samples, f ∗ g: {}",
                watched.last() + 1
            );
            widget::label(ui, text);
        });
    });
}

/// What keys do while the picture has the focus.
fn keys(ui: &Ui, watched: &mut Watched, response: &egui::Response) {
    let asked = ui.input(|input| {
        let count = |action| input.num_accesskit_action_requests(response.id, action) as isize;
        count(egui::accesskit::Action::Increment) - count(egui::accesskit::Action::Decrement)
    });
    if asked != 0 {
        watched.step(asked);
    }
    if !response.has_focus() {
        return;
    }
    ui.memory_mut(|memory| {
        let filter = EventFilter {
            horizontal_arrows: true,
            ..EventFilter::default()
        };
        memory.set_focus_lock_filter(response.id, filter);
    });
    let (steps, ends, toggles) = ui.input_mut(|input| {
        let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key) as isize;
        let steps = count(Key::ArrowRight) - count(Key::ArrowLeft)
            + 10 * (count(Key::PageUp) - count(Key::PageDown));
        let ends = (count(Key::Home) > 0, count(Key::End) > 0);
        (steps, ends, count(Key::Space) > 0)
    });
    if steps != 0 {
        watched.plays = false;
        watched.step(steps);
    }
    match ends {
        (true, _) => watched.go(0.0),
        (_, true) => watched.go(watched.last() as f64),
        _ => {}
    }
    if toggles {
        watched.toggle();
    }
}

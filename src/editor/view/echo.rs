//! Drawing an echo: spikes on a line of time, heard while they are drawn.

pub mod design;
mod line;
pub mod shelf;
mod values;

use super::browser::titled;
use crate::editor::desk::Desk;
use crate::editor::latest::Latest;
use crate::editor::theme::{Theme, size};
use crate::editor::widget;
use crate::impulse::ImpulseResponse;
use crate::impulse::echo::{Preset, TEMPO_BPM, Tap};
use crate::preset::{Drawn, Embedding, ImpulseReference};
use design::{Design, Grid};
use egui::{Align, Key, KeyboardShortcut, Layout, Modifiers, Popup, RichText, Sense, Ui};
use line::Line;
use shelf::Shelf;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is drawn is heard so often while it changes: ten times a second.
const APART: Duration = Duration::from_millis(100);

/// The rate of an echo while nothing plays, in Hz.
const RATE: u32 = 48_000;

/// Room under the picture, in points.
const UNDER: f32 = 192.0;

/// What the name of a drawn impulse begins with.
const ECHO: &str = "Echo: ";

/// An echo to be built.
#[derive(Clone, Debug, PartialEq)]
struct Wish {
    name: String,
    drawn: Drawn,
    sample_rate: u32,
}

/// What it has become.
struct Built {
    impulse: Arc<ImpulseResponse>,
    reference: Arc<ImpulseReference>,
}

fn build(wish: &Wish) -> Result<Built, String> {
    let built = wish
        .drawn
        .echo
        .build(wish.sample_rate, wish.drawn.tempo_bpm);
    let mut impulse = built.map_err(|error| error.to_string())?;
    impulse.name = format!("{ECHO}{}", wish.name);
    let mut reference = ImpulseReference::to_sound(&impulse).drawn_as(&wish.drawn);
    // Whatever its length: without the copy there would be nothing to play.
    let embedded = reference.embed(&impulse, Embedding::Files, usize::MAX);
    embedded.map_err(|error| error.to_string())?;
    Ok(Built {
        impulse: Arc::new(impulse),
        reference: Arc::new(reference),
    })
}

/// What the view remembers from frame to frame.
pub struct EchoPage {
    /// What is drawn.
    pub design: Design,
    /// The user's echoes.
    pub shelf: Shelf,
    line: Line,
    builder: Latest<Wish, Result<Built, String>>,
    /// What was asked for last.
    asked: Option<Wish>,
    /// What was built last.
    built: Option<Arc<ImpulseResponse>>,
    error: Option<String>,
    path: String,
    /// It has been looked at: what the session has is in it.
    opened: bool,
}

impl Default for EchoPage {
    fn default() -> Self {
        Self {
            design: Design::default(),
            shelf: Shelf::default(),
            line: Line::default(),
            builder: Latest::new("partita echo", APART, |wish| build(&wish)),
            asked: None,
            built: None,
            error: None,
            path: String::new(),
            opened: false,
        }
    }
}

impl EchoPage {
    /// The impulse that was built last. Main thread.
    pub fn built(&self) -> Option<&Arc<ImpulseResponse>> {
        self.built.as_ref()
    }

    pub(super) fn poll(&mut self) -> bool {
        let (built, kept) = (self.builder.poll(), self.shelf.poll());
        built || kept
    }

    pub(super) fn wait(&mut self) {
        self.builder.wait();
        self.shelf.wait();
    }

    /// Hands over what has been built.
    pub(super) fn arrive(&mut self, desk: &mut Desk) {
        match self.builder.take() {
            Some(Ok(built)) => {
                (self.built, self.error) = (Some(built.impulse), None);
                desk.audition(built.reference);
            }
            Some(Err(error)) => self.error = Some(error),
            None => {}
        }
    }

    /// What a session or an earlier window has drawn is drawn on.
    fn open(&mut self, desk: &Desk) {
        if std::mem::replace(&mut self.opened, true) {
            return;
        }
        let Some(reference) = &desk.data().reference else {
            return;
        };
        if let Some(drawn) = reference.drawn() {
            let name = reference.name.strip_prefix(ECHO);
            self.design = Design::of(name.unwrap_or(&reference.name), drawn.echo);
            self.design.own_bpm = drawn.tempo_bpm;
            self.asked = Some(self.wish(desk));
        }
    }

    fn wish(&self, desk: &Desk) -> Wish {
        Wish {
            name: self.design.name.clone(),
            drawn: Drawn {
                echo: self.design.echo().clone(),
                tempo_bpm: tempo(desk, &self.design),
            },
            sample_rate: match desk.data().playing.sample_rate {
                0 => RATE,
                rate => rate,
            },
        }
    }

    fn hear(&mut self, desk: &Desk) {
        let wish = self.wish(desk);
        self.builder.ask(wish.clone());
        self.asked = Some(wish);
    }
}

/// The host's tempo, or the user's.
fn tempo(desk: &Desk, design: &Design) -> f64 {
    let tempo = desk.data().tempo.unwrap_or(design.own_bpm);
    tempo.clamp(*TEMPO_BPM.start(), *TEMPO_BPM.end())
}

const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
const REDO: KeyboardShortcut =
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);

/// One frame. Main thread.
pub fn show(ui: &mut Ui, desk: &mut Desk, page: &mut EchoPage) {
    page.open(desk);
    let before = page.wish(desk);
    if !ui.ctx().text_edit_focused() {
        // With Shift first: without it, any modifiers are let through.
        if ui.input_mut(|input| input.consume_shortcut(&REDO)) {
            page.design.redo();
        } else if ui.input_mut(|input| input.consume_shortcut(&UNDO)) {
            page.design.undo();
        }
    }
    presets(ui, page);
    let mut space = ui.available_size();
    space.y = (space.y - UNDER).max(160.0);
    let (rect, _) = ui.allocate_exact_size(space, Sense::hover());
    let tempo_bpm = tempo(desk, &page.design);
    line::show(ui, &mut page.design, &mut page.line, tempo_bpm, rect);
    tools(ui, desk, page);
    values::tap(ui, &mut page.design);
    values::feedback(ui, &mut page.design);
    ui.add_space(2.0);
    files(ui, desk, page);
    // What was there when the view opened is heard once it is changed, not before; and a new tempo or rate only while it is
    // the echo that plays.
    let now = page.wish(desk);
    let plays = desk.data().playing.name.starts_with(ECHO);
    if before.drawn != now.drawn || plays && page.asked.as_ref().is_some_and(|it| *it != now) {
        page.hear(desk);
    }
}

/// Echoes to begin with, and the way back.
fn presets(ui: &mut Ui, page: &mut EchoPage) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        widget::heading(ui, "Begin with");
        ui.add_space(6.0);
        for preset in Preset::ALL {
            let name = titled(preset.name());
            let on = page.design.echo() == &preset.echo();
            if widget::tab(ui, &name, on).clicked() {
                page.design.replace(&name, preset.echo());
            }
        }
        let kept = page.shelf.kept().to_vec();
        let yours = widget::button(ui, "Yours…");
        Popup::menu(&yours)
            .accessible_name("Your echoes")
            .show(|ui| {
                if kept.is_empty() {
                    widget::label(ui, "None yet: give the echo a name, and save it.");
                }
                egui::ScrollArea::vertical()
                    .max_height(260.0)
                    .show(ui, |ui| {
                        for kept in &kept {
                            let on = page.design.echo() == &kept.echo;
                            if ui.selectable_label(on, &kept.name).clicked() {
                                page.design.replace(&kept.name, kept.echo.clone());
                                ui.close();
                            }
                        }
                    });
            });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (back, forwards) = page.design.ways();
            let redo = ui.add_enabled_ui(forwards, |ui| widget::button(ui, "Redo edit"));
            let undo = ui.add_enabled_ui(back, |ui| widget::button(ui, "Undo edit"));
            if redo.inner.clicked() {
                page.design.redo();
            }
            if undo.inner.clicked() {
                page.design.undo();
            }
        });
    });
}

/// What is beside the picture: grid, tempo, taps by keyboard, zoom.
fn tools(ui: &mut Ui, desk: &Desk, page: &mut EchoPage) {
    let EchoPage { design, line, .. } = page;
    let tempo_bpm = tempo(desk, design);
    let mut hears = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if widget::button(ui, "Add tap").clicked() {
            // After the last one.
            let last = design
                .echo()
                .taps
                .iter()
                .map(|tap| tap.time.milliseconds(tempo_bpm));
            let last = last.fold(0.0, f64::max);
            let step = design.grid.step_ms(tempo_bpm).unwrap_or(100.0);
            let time = design.grid.nearest(last + step, tempo_bpm);
            design.add(Tap::new(time, -6.0));
        }
        let chosen = design.selected();
        let remove = ui.add_enabled_ui(chosen.is_some(), |ui| widget::button(ui, "Remove tap"));
        if let Some(tap) = chosen
            && remove.inner.clicked()
        {
            design.remove(tap);
        }
        ui.add_space(12.0);
        widget::heading(ui, "Snap to");
        ui.add_space(4.0);
        for (grid, name) in Grid::ALL {
            if widget::tab(ui, name, design.grid == grid).clicked() {
                design.grid = grid;
            }
        }
        ui.add_space(12.0);
        widget::heading(ui, "Tempo");
        ui.add_space(4.0);
        match desk.data().tempo {
            Some(host) => {
                widget::label(ui, format!("{host:.1} BPM, from the host"));
            }
            None => bpm(ui, design),
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            hears = widget::button(ui, "Hear it").clicked();
            ui.add_space(8.0);
            if widget::icon_button(ui, widget::Icon::Larger, "Less time, larger").clicked() {
                line.zoom = (line.zoom - 1).max(-6);
            }
            if widget::icon_button(ui, widget::Icon::Smaller, "More time, smaller").clicked() {
                line.zoom = (line.zoom + 1).min(4);
            }
        });
    });
    if hears {
        page.hear(desk);
    }
}

fn bpm(ui: &mut Ui, design: &mut Design) {
    let shown = format!("{} BPM", (design.own_bpm * 100.0).round() / 100.0);
    widget::bare_field(ui, "Tempo, typed", &shown, 84.0, |text| {
        let bare = text.to_uppercase().replace("BPM", "").replace(',', ".");
        let bpm = bare.trim().parse::<f64>().ok();
        let bpm = bpm.filter(|bpm| TEMPO_BPM.contains(bpm)).ok_or_else(|| {
            let (low, high) = (TEMPO_BPM.start(), TEMPO_BPM.end());
            format!("expected a tempo from {low} to {high} BPM, got {text:?}")
        })?;
        design.own_bpm = bpm;
        Ok(())
    });
}

/// Name, keeping, WAV, and what came of it.
fn files(ui: &mut Ui, desk: &Desk, page: &mut EchoPage) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let name = page.design.name.clone();
        widget::bare_field(ui, "Name of the echo", &name, 150.0, |text| {
            text.clone_into(&mut page.design.name);
            Ok(())
        });
        if widget::button(ui, "Save")
            .on_hover_text("Among your echoes")
            .clicked()
        {
            let echo = page.design.echo().clone();
            page.shelf.keep(&page.design.name, &echo);
        }
        let is_kept = page
            .shelf
            .kept()
            .iter()
            .any(|it| it.name == page.design.name);
        let delete = ui.add_enabled_ui(is_kept, |ui| widget::button(ui, "Delete"));
        if delete.inner.clicked() {
            page.shelf.remove(&page.design.name);
        }
        ui.add_space(12.0);
        let path = page.path.clone();
        widget::bare_field(ui, "Path of a WAV file", &path, 250.0, |text| {
            text.clone_into(&mut page.path);
            Ok(())
        });
        if widget::button(ui, "Save as WAV").clicked() {
            save_wav(desk, page);
        }
        ui.add_space(8.0);
        let error = page.error.clone().map(Err);
        match error.as_ref().or(page.shelf.told()) {
            Some(Ok(text)) => said(ui, text, theme.muted),
            Some(Err(text)) => said(ui, text, theme.alarm),
            None => {}
        }
    });
}

fn said(ui: &mut Ui, text: &str, colour: egui::Color32) {
    let text = RichText::new(text).size(size::SMALL).color(colour);
    let label = egui::Label::new(text).truncate();
    ui.add(label.show_tooltip_when_elided(true));
}

fn save_wav(desk: &Desk, page: &mut EchoPage) {
    let path = page.path.trim().trim_matches('"').to_owned();
    if path.is_empty() {
        let what = "expected a path such as /home/me/echo.wav: type it on the left";
        page.shelf.tell(Some(Err(what.to_owned())));
        return;
    }
    let mut path = PathBuf::from(path);
    if path.extension().is_none() {
        path.set_extension("wav");
    }
    // Built anew: what is heard may be a tenth of a second behind what is drawn.
    let wish = page.wish(desk);
    page.shelf
        .write_wav(path, move || build(&wish).map(|built| built.impulse));
}

//! Drawing an echo: spikes on a line of time, heard while they are drawn.

pub mod design;
mod dial;
mod keys;
mod line;
pub mod shelf;
mod stage;
mod text;
mod values;

use super::browser::titled;
use crate::editor::desk::Desk;
use crate::editor::dialog::{Answer, Dialog, Purpose};
use crate::editor::history::Choice;
use crate::editor::latest::Latest;
use crate::editor::theme::{Theme, size};
use crate::editor::widget;
use crate::impulse::ImpulseResponse;
use crate::impulse::echo::{Preset, TEMPO_BPM, Tap};
use crate::impulse::save::Existing;
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
const UNDER: f32 = 26.0 + values::HEIGHT + 26.0 + 4.0 * 7.0;

/// What a path looks like.
const EXAMPLE: &str = if cfg!(windows) {
    r"C:\Users\me\echo.wav"
} else {
    "/home/me/echo.wav"
};

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
    /// The system's file dialog.
    pub dialog: Dialog,
    line: Line,
    builder: Latest<Wish, Result<Built, String>>,
    /// What was asked for last.
    asked: Option<Wish>,
    /// What was built last.
    built: Option<Arc<ImpulseResponse>>,
    /// The echo that was heard last, from here or from elsewhere.
    heard: Option<Arc<ImpulseReference>>,
    error: Option<String>,
    path: String,
}

impl Default for EchoPage {
    fn default() -> Self {
        Self {
            design: Design::default(),
            shelf: Shelf::default(),
            dialog: Dialog::default(),
            line: Line::default(),
            builder: Latest::new("partita echo", APART, |wish| build(&wish)),
            asked: None,
            built: None,
            heard: None,
            error: None,
            path: String::new(),
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
        built || kept || self.dialog.is_answered()
    }

    pub(super) fn wait(&mut self) {
        self.builder.wait();
        self.shelf.wait();
        self.dialog.wait();
    }

    /// Hands over what has been built.
    pub(super) fn arrive(&mut self, desk: &mut Desk) {
        match self.builder.take() {
            Some(Ok(built)) => {
                (self.built, self.error) = (Some(built.impulse), None);
                desk.audition(Arc::clone(&built.reference), self.heard.as_ref());
                self.heard = Some(built.reference);
            }
            Some(Err(error)) => self.error = Some(error),
            None => {}
        }
        match self.dialog.answer() {
            Some(Answer::Chosen(_, path)) => {
                self.path = path.display().to_string();
                self.save_wav(desk, path, Existing::Replace);
            }
            Some(Answer::None(why)) => self.shelf.tell(Some(Err(why.to_owned()))),
            None => {}
        }
    }

    /// What a session, a preset or the history has drawn is drawn on.
    fn follow(&mut self, desk: &Desk) {
        let Some(Choice::Reference(now)) = desk.choice() else {
            return;
        };
        let same = |heard: &Arc<ImpulseReference>| {
            let heard = Choice::Reference(Arc::clone(heard));
            heard == Choice::Reference(Arc::clone(&now))
        };
        if self.heard.as_ref().is_some_and(same) {
            return;
        }
        let Some(drawn) = now.drawn() else { return };
        let name = now.name.strip_prefix(ECHO).unwrap_or(&now.name);
        if self.design.ways() == (false, false) {
            let grid = self.design.grid;
            self.design = Design::of(name, drawn.echo);
            self.design.grid = grid;
        } else if self.design.echo() != &drawn.echo {
            self.design.replace(name, drawn.echo);
        }
        self.design.own_bpm = drawn.tempo_bpm;
        self.line.whole();
        self.asked = Some(self.wish(desk));
        self.heard = Some(now);
    }

    /// Whether what is drawn here is what plays.
    fn plays(&self, desk: &Desk) -> bool {
        let heard = self.heard.clone().map(Choice::Reference);
        heard.is_some() && desk.choice() == heard
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

    /// Writes what is drawn to a WAV file.
    fn save_wav(&mut self, desk: &Desk, mut path: PathBuf, existing: Existing) {
        if path.extension().is_none() {
            path.set_extension("wav");
        }
        // Built anew: what is heard may be a tenth of a second behind what is drawn.
        let wish = self.wish(desk);
        let make = move || build(&wish).map(|built| built.impulse);
        self.shelf.write_wav(path, existing, make);
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
    page.follow(desk);
    let before = page.wish(desk);
    if !ui.ctx().text_edit_focused() {
        // Where there is nothing to undo in the drawing, the impulse that was there before it comes back.
        let (back, forwards) = page.design.ways();
        // With Shift first: without it, any modifiers are let through.
        if forwards && ui.input_mut(|input| input.consume_shortcut(&REDO)) {
            page.design.redo();
        } else if back
            && !ui.input(|input| input.modifiers.shift)
            && ui.input_mut(|input| input.consume_shortcut(&UNDO))
        {
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
    let clock = values::Clock {
        tempo_bpm,
        whole_ms: page.line.whole_ms(),
    };
    if let Some(step) = values::show(ui, &mut page.design, &clock) {
        let beside = page.design.beside(step == values::Step::On, tempo_bpm);
        page.design.select(beside);
        if let Some(tap) = beside.and_then(|tap| page.design.echo().taps.get(tap)) {
            page.line.reveal(tap.time.milliseconds(tempo_bpm));
        }
    }
    ui.add_space(2.0);
    files(ui, desk, page);
    // What was there when the view opened is heard once it is changed, not before; and a new tempo or rate only while it is
    // the echo that plays.
    let now = page.wish(desk);
    let plays = page.plays(desk);
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
                page.line.whole();
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
                                page.line.whole();
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
    let plays = page.plays(desk);
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
            line.reveal(time.milliseconds(tempo_bpm));
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
            let hear = ui.add_enabled_ui(!plays, |ui| widget::button(ui, "Hear it"));
            let help = "Plays this echo in place of the impulse that plays now";
            hears = hear.inner.on_hover_text(help).clicked();
            ui.add_space(8.0);
            if widget::icon_button(ui, widget::Icon::Whole, "All of the echo").clicked() {
                line.whole();
            }
            if widget::icon_button(ui, widget::Icon::Larger, "Less time, larger").clicked() {
                line.zoom(0.5);
            }
            if widget::icon_button(ui, widget::Icon::Smaller, "More time, smaller").clicked() {
                line.zoom(2.0);
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
        widget::heading(ui, "Name");
        ui.add_space(4.0);
        let name = page.design.name.clone();
        widget::hinted_field(ui, ("Name of the echo", "Name"), &name, 150.0, |text| {
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
        widget::heading(ui, "WAV");
        ui.add_space(4.0);
        let path = page.path.clone();
        let field = ("Path of a WAV file", EXAMPLE);
        widget::hinted_field(ui, field, &path, 190.0, |text| {
            text.clone_into(&mut page.path);
            Ok(())
        });
        if widget::button(ui, "Save as WAV").clicked() {
            let path = page.path.trim().trim_matches('"').to_owned();
            if path.is_empty() {
                let name = page.design.name.trim().replace(['/', '\\', ':'], " ");
                page.dialog.ask(Purpose::Save(format!("{name}.wav")), None);
            } else {
                page.save_wav(desk, PathBuf::from(path), Existing::Keep);
            }
        }
        if widget::button(ui, "Choose…")
            .on_hover_text("Where the WAV file goes")
            .clicked()
        {
            let name = page.design.name.trim().replace(['/', '\\', ':'], " ");
            page.dialog.ask(Purpose::Save(format!("{name}.wav")), None);
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

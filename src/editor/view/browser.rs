//! All impulses, to find one by ear: where they lie on the left, what was found beside it, the chosen one below.

mod detail;
pub(super) mod places;
pub(super) mod table;

use super::list::Keys;
use super::{View, Views, panel};
use crate::editor::desk::Desk;
use crate::editor::dialog::{Dialog, Purpose};
use crate::editor::history::Choice;
use crate::editor::librarian::{Librarian, List, Row, Seek, Shown};
use crate::editor::theme::{GAP, Theme, size};
use crate::editor::thumbnail::Thumbnails;
use crate::editor::widget;
use crate::impulse::library::{Entry, Library, Origin, Presence, Reference, Source};
use crate::preset::ImpulseReference;
use egui::{Key, TextEdit, Ui, vec2};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the view remembers from frame to frame.
#[derive(Default)]
pub struct Browser {
    /// The system's file dialog.
    pub dialog: Dialog,
    /// What is looked for.
    seek: Seek,
    /// What is typed: words to look for, or a path.
    typed: String,
    thumbnails: Thumbnails,
    chosen: Option<Chosen>,
    /// The list in which the chosen one was found, and where.
    found: Option<(Arc<List>, Option<usize>)>,
    /// What was heard here last; used, if it still is when the view is left.
    heard: Option<Source>,
    /// It is seen.
    open: bool,
    /// The chosen row is to be seen.
    reveal: bool,
}

/// What is chosen, in whatever list.
#[derive(Clone, Debug, PartialEq)]
enum Chosen {
    Factory(String),
    File(PathBuf),
    Lost(String),
}

impl Browser {
    /// Whether something new has come. Main thread.
    pub fn poll(&mut self) -> bool {
        self.thumbnails.poll() | self.dialog.is_answered()
    }

    /// Waits for the thumbnails that were asked for. Main thread.
    pub fn wait(&mut self) {
        self.thumbnails.wait();
    }

    /// Another view is seen: what was heard last has been used. Main thread.
    pub fn leave(&mut self, librarian: &mut Librarian) {
        if std::mem::take(&mut self.open)
            && let Some(heard) = self.heard.take()
        {
            librarian.used(heard);
        }
    }

    /// That file cannot be loaded, so it was not heard. Main thread.
    pub(super) fn refuse(&mut self, file: &Path) {
        self.heard
            .take_if(|heard| matches!(heard, Source::File(path) if path == file));
    }

    /// Where the chosen one is in the list.
    fn at(&mut self, shown: &Shown) -> Option<usize> {
        match &self.found {
            Some((list, at)) if Arc::ptr_eq(list, &shown.list) => *at,
            _ => {
                let library = shown.library.as_deref();
                let at = shown.list.rows.iter().position(|row| {
                    let chosen = library.map(|library| Chosen::of(library, row));
                    chosen.is_some() && chosen == self.chosen
                });
                self.found = Some((Arc::clone(&shown.list), at));
                at
            }
        }
    }

    fn choose(&mut self, chosen: Chosen) {
        self.chosen = Some(chosen);
        self.found = None;
    }

    /// Chooses a row, and lets it be heard if it can be.
    fn hear(&mut self, desk: &mut Desk, library: &Library, row: &Row) {
        let chosen = Chosen::of(library, row);
        let again = self.chosen.as_ref() == Some(&chosen);
        self.choose(chosen);
        self.reveal = true;
        let source = match row {
            Row::Entry(at) => {
                let entry = &library.entries()[*at];
                let plays = entry.presence == Presence::Present && entry.sound.is_ok();
                plays.then(|| entry.source())
            }
            Row::Outside(reference) => reference.path.clone().map(Source::File),
            Row::Lost(_) => None,
        };
        let Some(source) = source else { return };
        let choice = match &source {
            Source::Factory(factory) => {
                let reference = ImpulseReference::to_factory_named(factory.name);
                Choice::Reference(Arc::new(reference))
            }
            Source::File(path) => Choice::File(path.clone()),
        };
        // A second click plays nothing anew.
        if !(again
            && desk
                .choice()
                .is_some_and(|now| Chosen::heard(&now) == self.chosen))
        {
            desk.choose(choice);
        }
        self.heard = Some(source);
    }
}

impl Chosen {
    fn of(library: &Library, row: &Row) -> Self {
        match row {
            Row::Entry(at) => match &library.entries()[*at].origin {
                Origin::Factory(impulse) => Self::Factory(impulse.name.to_owned()),
                Origin::User { path, .. } => Self::File(path.clone()),
            },
            Row::Outside(reference) => match &reference.path {
                Some(path) => Self::File(path.clone()),
                None => Self::Lost(reference.name.clone()),
            },
            Row::Lost(reference) => Self::Lost(reference.name.clone()),
        }
    }

    /// Which row stands for what plays.
    fn heard(choice: &Choice) -> Option<Self> {
        match choice {
            Choice::File(path) => Some(Self::File(path.clone())),
            Choice::Reference(reference) => match (&reference.factory, reference.path()) {
                (Some(name), _) => Some(Self::Factory(name.clone())),
                (None, path) => path.map(Self::File),
            },
        }
    }
}

/// What a row shows.
enum Item<'a> {
    Entry(&'a Entry),
    Outside(&'a Reference),
    Lost(&'a Reference),
}

impl<'a> Item<'a> {
    fn of(library: &'a Library, row: &'a Row) -> Self {
        match row {
            Row::Entry(at) => Self::Entry(&library.entries()[*at]),
            Row::Outside(reference) => Self::Outside(reference),
            Row::Lost(reference) => Self::Lost(reference),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Entry(entry) => match &entry.origin {
                Origin::Factory(impulse) => titled(impulse.name),
                Origin::User { .. } => entry.name.clone(),
            },
            Self::Outside(reference) | Self::Lost(reference) => reference.name.clone(),
        }
    }

    fn is_missing(&self) -> bool {
        match self {
            Self::Entry(entry) => entry.presence == Presence::Missing,
            Self::Outside(_) => false,
            Self::Lost(_) => true,
        }
    }

    fn reference(&self) -> Reference {
        match self {
            Self::Entry(entry) => entry.reference(),
            Self::Outside(reference) | Self::Lost(reference) => (*reference).clone(),
        }
    }

    fn is_favourite(&self, library: &Library) -> bool {
        let reference = self.reference();
        let mut marked = library.settings().favourites.iter();
        marked.any(|favourite| favourite.same(&reference) || *favourite == reference)
    }
}

/// The next impulse of the list, or the one before; of the host's list, while the browser has not been opened. Main thread.
pub(super) fn step(desk: &mut Desk, views: &mut Views, forwards: bool) {
    let browser = &mut views.browser;
    let shown = views.librarian.shown();
    let Some(library) = shown.library.as_ref().filter(|_| browser.chosen.is_some()) else {
        return desk.step_impulse(forwards);
    };
    let rows = &shown.list.rows;
    let count = rows.len();
    let Some(from) = browser.at(shown).or(count.checked_sub(1)) else {
        return;
    };
    // Past what cannot be heard, once around at most.
    let next = (1..=count).map(|step| match forwards {
        true => (from + step) % count,
        false => (from + count - step) % count,
    });
    let mut next = next.filter(|at| match Item::of(library, &rows[*at]) {
        Item::Entry(entry) => entry.sound.is_ok() && entry.presence == Presence::Present,
        Item::Outside(_) => true,
        Item::Lost(_) => false,
    });
    if let Some(at) = next.next() {
        browser.hear(desk, library, &rows[at]);
    }
}

/// One frame. Main thread.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk, views: &mut Views, view: &mut View) {
    let (browser, librarian) = (&mut views.browser, &mut views.librarian);
    let entered = !std::mem::replace(&mut browser.open, true);
    if entered {
        librarian.begin();
        if let Some(heard) = desk.choice().as_ref().and_then(Chosen::heard) {
            browser.choose(heard);
        }
        browser.reveal = true;
    }
    librarian.seek(&browser.seek);
    let shown = librarian.shown().clone();
    let whole = ui.available_rect_before_wrap();
    let side = whole.with_max_x(whole.min.x + 196.0);
    let rest = whole.with_min_x(side.max.x + GAP);
    let below = rest.with_min_y(rest.max.y - detail::HEIGHT);
    let list = rest.with_max_y(below.min.y - GAP);
    panel(ui, side, |ui, inside| {
        places::show(ui, browser, librarian, &shown, inside);
    });
    let mut typed = None;
    panel(ui, list, |ui, inside| {
        let tools = inside.with_max_y(inside.min.y + 28.0);
        let (down, file) = field(ui, browser, &shown, tools, entered);
        typed = file;
        let body = inside.with_min_y(tools.max.y + 8.0);
        let kept = table::show(ui, desk, browser, librarian, &shown, body, down);
        if kept {
            *view = View::Main;
        }
    });
    panel(ui, below, |ui, inside| {
        let kept = detail::show(ui, browser, librarian, &shown, inside);
        if kept {
            *view = View::Main;
        }
    });
    if let Some(path) = typed {
        views.load(desk, path);
    }
}

/// The file that was typed, if it is one and no words.
fn path(typed: &str) -> Option<PathBuf> {
    let typed = typed.trim().trim_matches(['"', '\'']);
    let typed = typed.strip_prefix("file://").unwrap_or(typed);
    let home = typed.strip_prefix("~/").and_then(|rest| {
        let home = std::env::home_dir()?;
        Some(home.join(rest))
    });
    home.or_else(|| {
        typed
            .contains(['/', '\\'])
            .then(|| Path::new(typed).to_owned())
    })
}

/// What is typed, and how much is done with it by the keyboard: rows down the list, and whether Enter keeps the chosen one.
/// If it is the path of a file to be loaded, that.
fn field(
    ui: &mut Ui,
    browser: &mut Browser,
    shown: &Shown,
    rect: egui::Rect,
    entered: bool,
) -> (Keys, Option<PathBuf>) {
    let mut file = None;
    let theme = Theme::of(ui);
    let id = ui.make_persistent_id("search");
    let mut keys = Keys::default();
    super::part(
        ui,
        rect,
        egui::Layout::left_to_right(egui::Align::Center),
        |ui| {
            if ui.memory(|memory| memory.has_focus(id)) {
                // The list is walked through while one types.
                keys = Keys::arrows(ui);
            }
            let edit = TextEdit::singleline(&mut browser.typed)
                .id(id)
                .hint_text("Search, or paste the path of a file")
                .margin(vec2(8.0, 5.0))
                .desired_width(330.0);
            let response = ui.add(edit).accessible_name("Search or path");
            widget::focus_ring(ui, response.rect, response.has_focus());
            if entered {
                response.request_focus();
            }
            let typed = path(&browser.typed);
            if response.changed() {
                browser.seek.words = match &typed {
                    Some(_) => String::new(),
                    None => browser.typed.trim().to_owned(),
                };
            }
            let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let pressed = match &typed {
                Some(_) => widget::button(ui, "Load").clicked(),
                None => false,
            };
            match typed {
                Some(path) if enter || pressed => {
                    browser.choose(Chosen::File(path.clone()));
                    file = Some(path);
                    response.request_focus();
                }
                _ => keys.keep = enter,
            }
            if !browser.typed.is_empty() && widget::button(ui, "Clear").clicked() {
                browser.typed.clear();
                browser.seek.words.clear();
                response.request_focus();
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if widget::button(ui, "Open file…").clicked() {
                    browser.dialog.ask(Purpose::Impulse, None);
                }
                let text = match shown.scanning {
                    Some(progress) => match progress.to_read {
                        Some(count) => format!("Reading {} of {count} files …", progress.read),
                        None => format!("Looking for files: {} …", progress.found),
                    },
                    None => match shown.list.rows.len() {
                        1 => "1 impulse".to_owned(),
                        count => format!("{count} impulses"),
                    },
                };
                let text = egui::RichText::new(text).size(size::SMALL);
                ui.label(text.color(theme.muted));
            });
        },
    );
    (keys, file)
}

/// `small-hall` as "Small hall". Main thread.
pub fn titled(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let rest = letters.map(|letter| if letter == '-' { ' ' } else { letter });
    first.chain(rest).collect()
}

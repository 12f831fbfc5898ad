//! The system's own file dialog, on a thread of its own: the window goes on, and so does the sound.
//!
//! On Linux it is the desktop's portal, asked over D-Bus at run time: nothing is linked. Where there is none, the answer comes
//! at once, and is a sentence.

use crate::impulse::library::{EXTENSIONS, Reference};
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Nobody closes a dialog that fast: there was none.
const NO_DIALOG: Duration = Duration::from_millis(250);

/// What a file is chosen for.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// To be loaded.
    Impulse,
    /// To be loaded, in place of one that is lost; a favourite, if it was one.
    Locate(Option<Reference>),
    /// A folder for the library.
    Folder,
    /// A WAV file to be written, of that name at first.
    Save(String),
    /// A sound, not an impulse.
    Sound,
}

/// What has come of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The user chose that.
    Chosen(Purpose, PathBuf),
    /// There is no dialog: what to do instead.
    None(&'static str),
}

/// How a dialog is opened: what for, and the folder to begin in. Waits for the user.
pub type Open = fn(&Purpose, Option<PathBuf>) -> Option<PathBuf>;

/// One dialog at a time.
pub struct Dialog {
    open: Open,
    asked: Option<(Purpose, Instant, Receiver<Option<PathBuf>>)>,
}

impl Default for Dialog {
    fn default() -> Self {
        Self::with(system)
    }
}

impl Dialog {
    /// With another way to open one. Main thread.
    pub fn with(open: Open) -> Self {
        Self { open, asked: None }
    }

    /// Opens one, unless one is open. Main thread.
    pub fn ask(&mut self, purpose: Purpose, folder: Option<PathBuf>) {
        if self.is_open() {
            return;
        }
        let (answer, answered) = bounded(1);
        let (open, what) = (self.open, purpose.clone());
        let thread = std::thread::Builder::new().name("partita file dialog".to_owned());
        // Nobody waits for it: the user may leave it open for as long as they like.
        drop(thread.spawn(move || answer.send(open(&what, folder))));
        self.asked = Some((purpose, Instant::now(), answered));
    }

    /// Whether one is open. Main thread.
    pub fn is_open(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether an answer has come. Main thread.
    pub fn is_answered(&self) -> bool {
        let answered = self.asked.as_ref();
        answered.is_some_and(|(.., answered)| !answered.is_empty())
    }

    /// The answer, once. Main thread.
    pub fn answer(&mut self) -> Option<Answer> {
        let (_, at, answered) = self.asked.as_ref()?;
        let chosen = match answered.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => None,
            Ok(chosen) => chosen,
        };
        let fast = at.elapsed() < NO_DIALOG;
        let (purpose, ..) = self.asked.take()?;
        match (chosen, &purpose) {
            (Some(path), _) => Some(Answer::Chosen(purpose, path)),
            (None, Purpose::Folder) if fast => Some(Answer::None(
                "This system offers no file dialog. Type or paste the folder's path instead.",
            )),
            (None, Purpose::Save(_) | Purpose::Sound) if fast => Some(Answer::None(
                "This system offers no file dialog. Type or paste the file's path instead.",
            )),
            (None, _) if fast => Some(Answer::None(
                "This system offers no file dialog. Type or paste the file's path, or drop the file on the window.",
            )),
            (None, _) => None,
        }
    }

    /// Waits for the answer of a dialog that needs no user: for whoever draws without a screen. Main thread.
    pub fn wait(&self) {
        while let Some((_, at, answered)) = &self.asked
            && answered.is_empty()
            && at.elapsed() < NO_DIALOG
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn system(purpose: &Purpose, folder: Option<PathBuf>) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    let dialog = match folder.filter(|folder| folder.is_dir()) {
        Some(folder) => dialog.set_directory(folder),
        None => dialog,
    };
    match purpose {
        Purpose::Folder => dialog.set_title("Add a folder of impulses").pick_folder(),
        Purpose::Save(name) => dialog
            .set_title("Save as WAV")
            .set_file_name(name)
            .add_filter("WAV", &["wav"])
            .save_file(),
        Purpose::Sound => dialog
            .set_title("Open a sound")
            .add_filter("Sounds", &both())
            .pick_file(),
        Purpose::Impulse => dialog
            .set_title("Open an impulse")
            .add_filter("Impulses", &both())
            .pick_file(),
        Purpose::Locate(_) => dialog
            .set_title("Where is the impulse?")
            .add_filter("Impulses", &both())
            .pick_file(),
    }
}

/// Portals tell upper from lower case.
fn both() -> Vec<String> {
    let lower = EXTENSIONS.iter().map(|it| (*it).to_owned());
    lower
        .chain(EXTENSIONS.iter().map(|it| it.to_uppercase()))
        .collect()
}

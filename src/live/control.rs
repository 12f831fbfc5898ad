//! Where whoever controls meets what plays: [`Control::apply`].

mod status;

use super::chain::Ends;
pub use super::chosen::Known;
use super::chosen::{Choice, ChooseError, Chosen};
use super::command::{self, Command};
use super::deck::{Stopping, Take, TakeError, Taken};
use super::desk::Desk;
use super::guard::{Guarded, Protection};
use super::stream::{Alarm, Link, Opened};
use crate::engine::meter::{Reader, Reading};
use crate::impulse::load::LayoutChoice;
use crate::loader::thread::{self, Loader, Wanted};
use crate::output::Existing;
use crate::params::{Id, Parameter, Slots, TABLE, Values};
use crate::preset::ImpulseReference;
pub use status::{Recording, Status};
use std::fmt;
use std::path::{Path, PathBuf};
#[cfg(feature = "editor")]
use std::sync::TryLockError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// What a session is controlled by: any number of threads may hold it. None of them is the audio thread.
#[derive(Debug)]
pub struct Control {
    pub(super) desk: Arc<Desk>,
    chosen: Chosen,
    playing: Mutex<Option<Playing>>,
    /// Why none plays, once a session knows.
    waiting: Mutex<Option<String>>,
    quit: AtomicBool,
}

/// What there is while a device is open.
#[derive(Debug)]
pub(super) struct Playing {
    pub opened: Opened,
    pub alarm: Arc<Alarm>,
    pub made: Made,
    pub link: Link,
    pub heard: Heard,
}

/// What looks after a chain, or looks at it.
#[derive(Debug)]
pub(super) struct Made {
    pub ends: Ends,
    /// `None`: the system has no thread left, and the impulse stays.
    pub loader: Option<Loader>,
    /// What it began with.
    pub first: thread::Status,
}

/// What the meter has told.
#[derive(Debug, Default)]
pub(super) struct Heard {
    latest: Option<Reading>,
    /// Of all readings.
    worst: f32,
}

impl Playing {
    /// What the loader says, once it has done something.
    pub fn loaded(&self) -> thread::Status {
        let said = self.made.loader.as_ref().map(Loader::status);
        let said = said.filter(|status| status.changes > 0);
        said.unwrap_or_else(|| self.made.first.clone())
    }
}

/// Why a command was not done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It cannot be loaded.
    #[error(transparent)]
    Choose(#[from] ChooseError),
    /// It cannot be recorded.
    #[error(transparent)]
    Take(#[from] TakeError),
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A parameter is now so.
    Set(Id, f32),
    /// Another impulse, or settings too, was chosen; it is heard when the loader has made it.
    Chosen(Choice),
    /// The dry is left out, or not.
    DryMuted(bool),
    /// What is guarded now.
    Protected(Protection),
    /// In beats per minute.
    Tempo(f64),
    /// It is being recorded.
    Recording(Take, PathBuf),
    /// It has been recorded.
    Recorded(Vec<Taken>),
    /// How it goes.
    Status(Box<Status>),
    /// What parameters are.
    Values(Vec<(Id, f32)>),
    /// What can be said.
    Help,
    /// It will end.
    Quitting,
}

fn shown(id: Id, value: f32) -> String {
    let parameter: &Parameter = id.parameter();
    let text = parameter.text(value, &Slots::FACTORY_ONLY);
    format!("{} {text}", parameter.key)
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(id, value) => f.write_str(&shown(*id, *value)),
            Self::Chosen(Choice { name, notes }) => {
                write!(f, "impulse {name}")?;
                notes.iter().try_for_each(|note| write!(f, "\n{note}"))
            }
            Self::DryMuted(muted) => write!(f, "dry {}", if *muted { "off" } else { "on" }),
            Self::Protected(Protection { limiter, howl }) => {
                let word = |guarded: &Guarded| match guarded {
                    Guarded::On => "on",
                    Guarded::Off => "off",
                };
                write!(f, "limiter {}, howl {}", word(limiter), word(howl))
            }
            Self::Tempo(tempo) => write!(f, "tempo {tempo}"),
            Self::Recording(take, path) => write!(f, "recording the {take} to {}", path.display()),
            Self::Recorded(taken) => {
                let lines: Vec<_> = taken.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Status(status) => status.fmt(f),
            Self::Values(values) => {
                let lines: Vec<_> = values.iter().map(|&(id, value)| shown(id, value)).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Help => f.write_str(command::HELP),
            Self::Quitting => f.write_str("ending"),
        }
    }
}

impl Control {
    /// With these settings and no impulse yet.
    pub fn new(values: &Values) -> Self {
        Self {
            desk: Arc::new(Desk::new(values)),
            chosen: Chosen::default(),
            playing: Mutex::default(),
            waiting: Mutex::default(),
            quit: AtomicBool::new(false),
        }
    }

    /// What the audio thread reads. Any thread.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Does what is asked. A command that loads takes as long as that does. Any thread but the audio thread.
    ///
    /// Errors: what cannot be loaded or recorded; what plays goes on then.
    pub fn apply(&self, command: &Command) -> Result<Reply, CommandError> {
        let values = &self.desk.values;
        Ok(match command {
            Command::Set(Id::Impulse, slot) => {
                let slot = Id::Impulse.parameter().clamp(*slot);
                Reply::Chosen(self.chosen.choose_slot(slot as usize, &self.desk)?)
            }
            Command::Set(id, value) => Reply::Set(*id, values.set(*id, *value)),
            Command::Impulse(name) => Reply::Chosen(self.choose(name, LayoutChoice::Auto)?),
            Command::Preset(name) => Reply::Chosen(self.chosen.choose_preset(name, &self.desk)?),
            Command::Bypass(on) => {
                let on = on.unwrap_or(values.get(Id::Bypass) == 0.0);
                Reply::Set(Id::Bypass, values.set(Id::Bypass, f32::from(u8::from(on))))
            }
            Command::MuteDry(muted) => {
                self.desk.mute_dry(*muted);
                Reply::DryMuted(*muted)
            }
            Command::Limiter(limiter) => self.protect(Protection {
                limiter: *limiter,
                ..self.desk.protection()
            }),
            Command::Howl(howl) => self.protect(Protection {
                howl: *howl,
                ..self.desk.protection()
            }),
            Command::Tempo(tempo) => {
                values.set_tempo(*tempo);
                Reply::Tempo(*tempo)
            }
            Command::Record(take, path) => {
                self.record(*take, path, Existing::Keep)?;
                Reply::Recording(*take, path.clone())
            }
            Command::StopRecording => {
                let stopped: Result<Vec<_>, _> = self.stop_recordings().into_iter().collect();
                match stopped? {
                    none if none.is_empty() => return Err(TakeError::None.into()),
                    taken => Reply::Recorded(taken),
                }
            }
            Command::Status => Reply::Status(Box::new(self.status())),
            Command::Get(id) => {
                let wanted = TABLE.iter().filter(|one| id.is_none_or(|id| id == one.id));
                Reply::Values(wanted.map(|one| (one.id, values.get(one.id))).collect())
            }
            Command::Help => Reply::Help,
            Command::Quit => {
                self.quit.store(true, Ordering::Relaxed);
                Reply::Quitting
            }
        })
    }

    fn protect(&self, protection: Protection) -> Reply {
        self.desk.protect(protection);
        Reply::Protected(protection)
    }

    /// As [`Command::Impulse`], with its channels read so. Any thread but the audio thread.
    ///
    /// Errors: it cannot be loaded.
    pub fn choose(&self, name: &Path, layout: LayoutChoice) -> Result<Choice, ChooseError> {
        self.chosen.choose(name, layout, &self.desk)
    }

    /// As [`Command::Record`], and what becomes of a file that is there. Any thread but the audio thread.
    ///
    /// Errors: every [`TakeError`].
    pub fn record(&self, take: Take, path: &Path, existing: Existing) -> Result<(), TakeError> {
        let mut playing = self.playing.lock().unwrap_or_else(PoisonError::into_inner);
        let playing = playing.as_mut().ok_or(TakeError::Silent)?;
        playing.made.ends.record(take, path, existing)
    }

    /// Ends all recordings, and waits until they are on the disk. Any thread but the audio thread.
    pub(super) fn stop_recordings(&self) -> Vec<Result<Taken, TakeError>> {
        let stopping = {
            let mut playing = self.playing.lock().unwrap_or_else(PoisonError::into_inner);
            let stopping = playing.as_mut().map(|playing| playing.made.ends.stop());
            stopping.unwrap_or_default()
        };
        stopping.into_iter().map(Stopping::finish).collect()
    }

    /// Whether somebody wants it to end. Any thread.
    pub fn is_quitting(&self) -> bool {
        self.quit.load(Ordering::Relaxed)
    }

    /// How it goes. Any thread but the audio thread.
    pub fn status(&self) -> Status {
        let playing = self.playing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(playing) = &*playing else {
            return Status::default();
        };
        playing.status(&self.desk)
    }

    /// What the loader is to make. Loader thread.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        self.chosen.wanted(&self.desk)
    }

    /// What the loader has done last. `None`: no device is open.
    pub(super) fn loaded(&self) -> Option<thread::Status> {
        let playing = self.playing.lock().unwrap_or_else(PoisonError::into_inner);
        playing.as_ref().map(Playing::loaded)
    }

    /// What is known of the impulse. Any thread but the audio thread.
    pub fn known(&self) -> Known {
        self.chosen.known()
    }

    /// Plays what `reference` means. Takes as long as loading does. Any thread but the audio thread.
    ///
    /// Errors: it is nowhere; what plays goes on then.
    pub fn take(&self, reference: Arc<ImpulseReference>) -> Result<Choice, ChooseError> {
        self.chosen.take(reference, &self.desk)
    }

    /// The settings are those of the preset of that name, or of none. Any thread but the audio thread.
    pub fn name_preset(&self, name: Option<String>) {
        self.chosen.name_preset(name);
    }

    /// Shows `look` what plays. `None`: somebody has it just now, perhaps for as long as a file takes to open; whoever may
    /// not wait looks again later.
    #[cfg(feature = "editor")]
    pub(super) fn glance<T>(&self, look: impl FnOnce(Option<&Playing>) -> T) -> Option<T> {
        match self.playing.try_lock() {
            Ok(playing) => Some(look(playing.as_ref())),
            Err(TryLockError::Poisoned(playing)) => Some(look(playing.into_inner().as_ref())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Why nothing plays.
    pub(super) fn wait_for(&self, reason: Option<String>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Why nothing plays, in one line. `None`: it does, or nobody has tried. Any thread but the audio thread.
    pub fn waits_for(&self) -> Option<String> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.clone()
    }

    /// Something plays from now on, or no longer. What was before is dropped by whoever calls.
    pub(super) fn attach(&self, playing: Option<Playing>) -> Option<Playing> {
        let mut kept = self.playing.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *kept, playing)
    }

    /// Reads the meter, and keeps what the stream has told.
    pub(super) fn look(&self, link: Link) {
        let mut kept = self.playing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Playing {
            made,
            heard,
            link: known,
            ..
        }) = &mut *kept
        {
            *known = link;
            if let Some(reading) = made.ends.reader.read() {
                heard.worst = heard.worst.max(reading.load.worst);
                heard.latest = Some(reading.clone());
            }
        }
    }

    /// A look of one's own at levels and load. `None`: no device is open. Any thread but the audio thread.
    pub fn meter(&self) -> Option<Reader> {
        let playing = self.playing.lock().unwrap_or_else(PoisonError::into_inner);
        playing
            .as_ref()
            .map(|playing| playing.made.ends.reader.clone())
    }
}

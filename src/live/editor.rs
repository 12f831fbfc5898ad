//! The editor over a session: what it shows and what it does goes through [`Control`], as all control does.
//!
//! What is guaranteed: nothing here waits. What plays is looked at only while nobody else has it, and what loads is loaded on
//! a thread of its own: the last that was asked for.

use super::control::{Control, Playing, Reply};
use super::priority::Priority;
use super::stream::{Alarm, Opened};
use super::{Command, control::Status};
use crate::editor::{Actions, Data, Meters, Playing as Shown, Settings, open_standalone};
use crate::engine::meter::Reader;
use crate::engine::recent::Recent;
use crate::params::Id;
use crate::preset::{Embedding, ImpulseReference};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

pub use crate::editor::window::OpenError;

/// Hears what came of each change.
pub type Tell = Arc<dyn Fn(&Result<Reply, String>) + Send + Sync>;

/// Opens the window, and comes back when the user has closed it, or a moment after `ended` has become true. Main thread.
///
/// Errors: there is no screen, it has no OpenGL, or it has gone.
pub fn run(control: &Arc<Control>, ended: Arc<AtomicBool>, tell: Tell) -> Result<(), OpenError> {
    let stage = Stage::new(Arc::clone(control), tell);
    open_standalone(stage, Settings::load(), ended)
}

/// What the editor stands on.
struct Stage {
    control: Arc<Control>,
    tell: Tell,
    loads: Sender<Wish>,
    embedding: Embedding,
    said: Arc<Mutex<Said>>,
    meters: Option<Source>,
    /// When they were read last.
    read: Instant,
}

/// What is to be loaded.
enum Wish {
    Of(Command),
    Take(Arc<ImpulseReference>),
}

/// What came of the last that was to be loaded.
#[derive(Clone, Default)]
struct Said {
    error: Option<String>,
    note: Option<String>,
    /// The file, if it was one that cannot be loaded.
    refused: Option<Arc<Path>>,
}

impl Said {
    fn of(done: &Result<Reply, String>, file: Option<PathBuf>) -> Self {
        match done {
            Err(error) => Self {
                error: Some(error.clone()),
                note: None,
                refused: file.map(Arc::from),
            },
            Ok(Reply::Chosen(choice)) if !choice.notes.is_empty() => Self {
                note: Some(choice.notes.join("; ")),
                ..Self::default()
            },
            Ok(_) => Self::default(),
        }
    }
}

/// Where the meters of an opened device are read; its alarm tells it from the next one.
struct Source {
    alarm: Arc<Alarm>,
    reader: Reader,
    recent: Recent,
}

/// What was seen at a glance.
struct Seen {
    shown: Shown,
    device: String,
}

impl Stage {
    fn new(control: Arc<Control>, tell: Tell) -> Self {
        let (loads, asked) = unbounded();
        let said = Arc::<Mutex<Said>>::default();
        let (by, told, kept) = (Arc::clone(&control), Arc::clone(&tell), Arc::clone(&said));
        // Without a thread there is nobody to ask, and `ask` says so.
        let _ = std::thread::Builder::new()
            .name("partita choosing".to_owned())
            .spawn(move || load(&asked, &by, &kept, &told));
        Self {
            control,
            tell,
            loads,
            embedding: Embedding::default(),
            said,
            meters: None,
            read: Instant::now(),
        }
    }

    fn said(&self) -> Said {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }

    /// Has it loaded.
    fn ask(&self, wish: Wish) {
        if self.loads.send(wish).is_err() {
            let error = "expected a thread to load on, but the system has none left".to_owned();
            *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Said {
                error: Some(error),
                ..Said::default()
            };
        }
    }

    fn look(&mut self) -> Option<Seen> {
        let control = Arc::clone(&self.control);
        control.glance(|playing| match playing {
            Some(playing) => self.seen(playing),
            None => {
                self.meters = None;
                let waits = control.waits_for();
                Seen {
                    shown: Shown::default(),
                    device: waits.map_or_else(
                        || "Opening …".to_owned(),
                        |why| format!("{why}; waiting for it"),
                    ),
                }
            }
        })
    }

    fn seen(&mut self, playing: &Playing) -> Seen {
        let known = self.meters.as_ref();
        if !known.is_some_and(|known| Arc::ptr_eq(&known.alarm, &playing.alarm)) {
            self.meters = Some(Source {
                alarm: Arc::clone(&playing.alarm),
                reader: playing.made.ends.reader.clone(),
                recent: playing.made.ends.recent.clone(),
            });
        }
        let loaded = playing.loaded();
        let opened = &playing.opened;
        let (inputs, outputs) = (opened.input_channels.len(), opened.output_channels.len());
        Seen {
            shown: Shown {
                name: loaded.name,
                sample_rate: opened.sample_rate,
                channels: (inputs, outputs),
                routing: String::new(),
                tail_frames: loaded.tail_frames,
                gain_db: loaded.gain_db,
                error: loaded.error,
                note: None,
            },
            device: device(opened, &playing.status(&self.control.desk)),
        }
    }
}

/// What plays where, and how that goes.
fn device(opened: &Opened, status: &Status) -> String {
    let input = opened.input.as_deref().unwrap_or("no input");
    let kilohertz = f64::from(opened.sample_rate) / 1000.0;
    let mut line = format!(
        "{input} → {}, {kilohertz} kHz, period {}",
        opened.output, opened.period
    );
    // Writing to a String cannot fail.
    if let Some(ms) = status.round_trip_ms {
        let _ = write!(line, ", latency {ms:.1} ms");
    }
    line += match status.priority {
        Priority::Realtime => ", real-time priority",
        Priority::Ordinary => ", no real-time priority",
        Priority::Unknown => "",
    };
    if let Some(ppm) = status.drift_ppm {
        let _ = write!(line, ", drift {ppm:.0} ppm");
    }
    let _ = write!(line, ", xruns {}", status.xruns);
    if status.limited_db >= 0.5 {
        let _ = write!(line, ", limited {:.0} dB", status.limited_db);
    }
    if status.ducked_db >= 0.5 {
        let (db, hertz) = (status.ducked_db, status.howl_hz);
        let _ = write!(line, ", ducked {db:.0} dB for a howl at {hertz:.0} Hz");
    }
    for recording in &status.recordings {
        let (take, seconds) = (recording.take, recording.seconds);
        let _ = write!(line, ", recording the {take}: {seconds:.0} s");
    }
    line
}

impl Actions for Stage {
    fn refresh(&mut self, data: &mut Data) {
        let seconds = self.read.elapsed().as_secs_f32();
        self.read = Instant::now();
        let desk = &self.control.desk;
        data.values = desk.values.values();
        data.tempo = desk.values.tempo();
        let known = self.control.known();
        data.impulse = known.impulse;
        data.reference = known.reference;
        data.missing = known.missing;
        data.preset = known.preset;
        data.embedding = self.embedding;
        if let Some(seen) = self.look() {
            data.playing = seen.shown;
            data.device = Some(seen.device);
        }
        let (inputs, outputs) = data.playing.channels;
        if let Some(impulse) = data.impulse.as_ref().filter(|_| outputs > 0) {
            data.playing.routing = Shown::routing(impulse.layout, inputs, outputs);
        }
        let said = self.said();
        data.playing.note = said.note;
        data.refused = said.refused;
        // What was asked for last and cannot be loaded is what the user is looking at.
        data.playing.error = said.error.or(data.playing.error.take());
        data.recent = self.meters.as_ref().map(|source| source.recent.clone());
        match &mut self.meters {
            Some(source) => data.meters.follow(source.reader.read(), seconds),
            None => data.meters = Meters::default(),
        }
    }

    fn begin(&mut self, _id: Id) {}

    fn set(&mut self, id: Id, value: f32) {
        let command = Command::Set(id, value);
        match id {
            Id::Impulse => self.ask(Wish::Of(command)),
            _ => {
                let done = self.control.apply(&command);
                (self.tell)(&done.map_err(|error| error.to_string()));
            }
        }
    }

    fn end(&mut self, _id: Id) {}

    fn load(&mut self, path: PathBuf) {
        self.ask(Wish::Of(Command::Impulse(path)));
    }

    fn take(&mut self, impulse: Arc<ImpulseReference>) {
        self.ask(Wish::Take(impulse));
    }

    fn in_slot(&self, _slot: usize) -> Option<Arc<ImpulseReference>> {
        None
    }

    fn embed(&mut self, embedding: Embedding) {
        self.embedding = embedding;
    }

    fn name_preset(&mut self, name: Option<String>) {
        self.control.name_preset(name);
    }

    fn clear_meters(&mut self) {
        if let Some(source) = &mut self.meters {
            source.reader.clear();
        }
    }
}

/// Loads what is asked for, until nobody can ask any more.
fn load(asked: &Receiver<Wish>, control: &Control, said: &Mutex<Said>, tell: &Tell) {
    while let Ok(first) = asked.recv() {
        // What was overtaken meanwhile is not loaded.
        let wish = asked.try_iter().last().unwrap_or(first);
        let file = match &wish {
            Wish::Of(Command::Impulse(path)) => Some(path.clone()),
            _ => None,
        };
        let done = match wish {
            Wish::Of(command) => control.apply(&command).map_err(|error| error.to_string()),
            Wish::Take(reference) => {
                let taken = control.take(reference).map(Reply::Chosen);
                taken.map_err(|error| error.to_string())
            }
        };
        *said.lock().unwrap_or_else(PoisonError::into_inner) = Said::of(&done, file);
        tell(&done);
    }
}

//! The port that MIDI comes from: found, opened, and opened again when it has been away.
//!
//! What is guaranteed: a port that goes is told within [`LOOK`], and so is one that comes back; what is heard goes on as
//! before. Everything is done on one thread of its own, and dropping the [`Listener`] waits for its end.

use super::{Map, Message};
use crate::live::control::{Control, Reply};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use midir::{Ignore, MidiInput, MidiInputConnection};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;

/// How often it is looked whether the port is there.
pub const LOOK: Duration = Duration::from_millis(500);

/// Why no MIDI comes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MidiError {
    /// There is no MIDI here.
    #[error("expected MIDI on this system, but it reports: {0}")]
    System(String),
    /// Nothing is called so.
    #[error("expected a MIDI input called {wanted:?}, but there is {}", listed(.there))]
    Missing {
        /// As it was asked for.
        wanted: String,
        /// Those that there are.
        there: Vec<String>,
    },
    /// It cannot be opened.
    #[error("{port}: the system reports: {what}")]
    Open {
        /// Its name.
        port: String,
        /// What it said.
        what: String,
    },
}

fn listed(there: &[String]) -> String {
    if there.is_empty() {
        return "none at all; connect one, or start what makes it".to_owned();
    }
    format!("only {}", there.join(", "))
}

/// Hears the bytes of one message after the other.
pub type Hear = Box<dyn FnMut(&[u8]) + Send>;

/// Where there are MIDI inputs.
pub trait Ports {
    /// An open one. Dropped, it is closed.
    type Connection;

    /// Their names now. MIDI thread.
    fn names(&mut self) -> Result<Vec<String>, MidiError>;

    /// Opens the one of exactly that name. MIDI thread.
    fn connect(&mut self, name: &str, hear: Hear) -> Result<Self::Connection, MidiError>;
}

/// Those of this system.
#[derive(Default)]
pub struct System {
    /// One for all looks: opening it is seen by other programs.
    midi: Option<MidiInput>,
}

fn open() -> Result<MidiInput, MidiError> {
    let mut midi =
        MidiInput::new("partita").map_err(|error| MidiError::System(error.to_string()))?;
    midi.ignore(Ignore::All);
    Ok(midi)
}

impl Ports for System {
    type Connection = MidiInputConnection<()>;

    fn names(&mut self) -> Result<Vec<String>, MidiError> {
        let midi = match &mut self.midi {
            Some(midi) => midi,
            none => none.insert(open()?),
        };
        // One that has gone meanwhile has no name.
        let names = midi.ports().into_iter();
        Ok(names
            .filter_map(|port| midi.port_name(&port).ok())
            .collect())
    }

    fn connect(&mut self, name: &str, mut hear: Hear) -> Result<Self::Connection, MidiError> {
        let midi = open()?;
        let failed = |what: String| MidiError::Open {
            port: name.to_owned(),
            what,
        };
        let is_it = |port: &midir::MidiInputPort| midi.port_name(port).is_ok_and(|it| it == name);
        let Some(port) = midi.ports().into_iter().find(is_it) else {
            return Err(failed("it has gone".to_owned()));
        };
        let hear = move |_: u64, bytes: &[u8], (): &mut ()| hear(bytes);
        let connection = midi.connect(&port, "control", hear, ());
        connection.map_err(|error| failed(error.to_string()))
    }
}

/// The names of this system's inputs. Any thread but the audio thread.
///
/// Errors: there is no MIDI.
pub fn inputs() -> Result<Vec<String>, MidiError> {
    System::default().names()
}

/// What a [`Listener`] tells.
#[derive(Debug)]
pub enum Told<'a> {
    /// What came of a message.
    Done(&'a Result<Reply, String>),
    /// The port of that name has gone, and is waited for.
    Gone(&'a str),
    /// The port of that name is there again.
    Back(&'a str),
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Listener {
    name: String,
    /// Dropped, it ends the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// The port's name, as it was opened first. Any thread.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // Its panic has been told by itself.
            let _ = thread.join();
        }
    }
}

/// Listens to this system's port of that name, or to the first one that has it in its name; `tell` hears what comes of it.
/// Messages are done on the port's own thread, which waits while an impulse is loaded. Main thread.
///
/// Errors: every [`MidiError`].
pub fn listen(
    port: &str,
    map: Map,
    control: Arc<Control>,
    tell: impl Fn(Told<'_>) + Send + Sync + 'static,
) -> Result<Listener, MidiError> {
    listen_on(System::default, port, map, control, tell)
}

/// The same on other ports: those that `ports` makes, on the thread that looks after them. Main thread.
///
/// Errors: every [`MidiError`].
pub fn listen_on<P: Ports>(
    ports: impl FnOnce() -> P + Send + 'static,
    port: &str,
    map: Map,
    control: Arc<Control>,
    tell: impl Fn(Told<'_>) + Send + Sync + 'static,
) -> Result<Listener, MidiError> {
    let (opened, first) = bounded(1);
    let (end, ended) = bounded(0);
    let wanted = port.to_owned();
    let hearing = Arc::new(Hearing { map, control, tell });
    let watch = move || watch(&mut ports(), &wanted, &hearing, &opened, &ended);
    let thread = std::thread::Builder::new().name("partita midi".to_owned());
    let thread = thread.spawn(watch);
    let thread = thread.map_err(|error| MidiError::System(error.to_string()))?;
    let ended = || MidiError::System("its thread has ended".to_owned());
    let name = first.recv().map_err(|_| ended())??;
    Ok(Listener {
        name,
        end: Some(end),
        thread: Some(thread),
    })
}

/// What is done with what comes.
struct Hearing<T> {
    map: Map,
    control: Arc<Control>,
    tell: T,
}

impl<T: Fn(Told<'_>)> Hearing<T> {
    fn hear(&self, bytes: &[u8]) {
        let Some(message) = Message::read(bytes) else {
            return;
        };
        let done = match self.map.command(message) {
            Ok(None) => return,
            Ok(Some(command)) => {
                let done = self.control.apply(&command);
                done.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        (self.tell)(Told::Done(&done));
    }
}

/// Until nobody has the other end of `ended`. The first attempt is told to `opened`, and the only one if it fails.
fn watch<P: Ports, T: Fn(Told<'_>) + Send + Sync + 'static>(
    ports: &mut P,
    wanted: &str,
    hearing: &Arc<Hearing<T>>,
    opened: &Sender<Result<String, MidiError>>,
    ended: &Receiver<()>,
) {
    let connect = |ports: &mut P| {
        let name = found(ports.names()?, wanted)?;
        let by = Arc::clone(hearing);
        let connection = ports.connect(&name, Box::new(move |bytes| by.hear(bytes)))?;
        Ok((name, connection))
    };
    let mut open = match connect(ports) {
        Ok(open) => {
            // Whoever asked waits for it.
            let _ = opened.send(Ok(open.0.clone()));
            Some(open)
        }
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        match open.take() {
            Some((name, connection)) => {
                let there = ports.names().is_ok_and(|names| names.contains(&name));
                if there {
                    open = Some((name, connection));
                } else {
                    drop(connection);
                    (hearing.tell)(Told::Gone(&name));
                }
            }
            // Why it is not there yet is no news.
            None => {
                open = connect(ports).ok();
                if let Some((name, _)) = &open {
                    (hearing.tell)(Told::Back(name));
                }
            }
        }
    }
}

/// The name that was meant.
fn found(names: Vec<String>, wanted: &str) -> Result<String, MidiError> {
    let lower = wanted.to_lowercase();
    let exact = names.iter().position(|name| name.to_lowercase() == lower);
    let within = || {
        names
            .iter()
            .position(|name| name.to_lowercase().contains(&lower))
    };
    match exact.or_else(within) {
        Some(found) => Ok(names[found].clone()),
        None => Err(MidiError::Missing {
            wanted: wanted.to_owned(),
            there: names,
        }),
    }
}

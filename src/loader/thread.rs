//! The loader's thread, one for each instance: it looks at what is wanted, makes it, and hands it to the audio thread.
//!
//! What is guaranteed:
//!
//! - Nobody has to tell it anything: it asks, [`LOOKS_PER_SECOND`] times a second, what is wanted now. So the audio
//!   thread, which sees parameters change, has nothing to send, and a burst of changes costs one impulse: the newest.
//! - Shapes of one impulse follow each other at most [`SHAPES_PER_SECOND`] times a second.
//! - Where sound does not come by the clock, [`Loader::look_now`] makes the thread look at once and waits for it.
//! - What cannot be loaded leaves what plays playing, and says why in [`Status`].
//! - A tail ends where the shaped impulse, at the sound's rate, has met its noise floor in every octave
//!   ([`analyze::tail_frames`]). One that has no floor, as an echo or a decay that was computed, ends where it stays 120 dB
//!   below its peak. To find that takes about 5 ms for each second of each channel.
//! - Dropping the [`Loader`] ends the thread and waits for it.

use super::asking::Asking;
use super::cache::{self, Key, Ready};
use super::{LoaderError, Source};
use crate::engine::{
    Capacity, Change, Engine, FADE_FRAMES, PrepareError, PreparedImpulse, Routing,
};
use crate::impulse::library::{self, ResolveError};
use crate::impulse::load::LayoutChoice;
use crate::impulse::shape::Shape;
use crate::impulse::{ImpulseResponse, analyze};
use crate::swap::{LoaderEnd, Next, Sound};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How often the thread looks at what is wanted.
pub const LOOKS_PER_SECOND: u32 = 60;

/// How often one impulse may change its shape.
pub const SHAPES_PER_SECOND: u32 = 10;

/// Seconds of the longest impulse that an engine exchanges in place, unless it has had a longer one.
pub const CAPACITY_SECONDS: f64 = 10.0;

/// Which impulse is wanted.
#[derive(Clone, Debug)]
pub enum Impulse {
    /// The factory impulse of that name, whatever files there are.
    Factory(&'static str),
    /// The factory impulse or the file of that name.
    Named(PathBuf),
    /// One that is there.
    Given(Arc<ImpulseResponse>),
}

impl PartialEq for Impulse {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Factory(one), Self::Factory(other)) => one == other,
            (Self::Named(one), Self::Named(other)) => one == other,
            (Self::Given(one), Self::Given(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Which impulse.
    pub impulse: Impulse,
    /// In which shape.
    pub shape: Shape,
}

/// For which sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Hz.
    pub sample_rate: u32,
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
}

/// What plays, or why what was wanted does not. Read by the editor and the host's threads, never by the audio thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Name of the impulse that plays.
    pub name: String,
    /// Its length in samples, at the sound's rate.
    pub frames: usize,
    /// Samples until its noise floor.
    pub tail_frames: u32,
    /// Gain of its normalisation, in dB.
    pub gain_db: f64,
    /// Why the one that is wanted now does not play, in one line.
    pub error: Option<String>,
    /// Grows with every change of the above.
    pub changes: u64,
}

impl Status {
    /// Of what `maker` has made last.
    fn of(maker: &Maker, ready: &Ready) -> Self {
        Self {
            name: maker.name().to_owned(),
            frames: ready.impulse.frames(),
            tail_frames: ready.tail_frames,
            gain_db: ready.gain_db,
            ..Self::default()
        }
    }
}

/// Why what is wanted cannot be made ready.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadyError {
    /// It cannot be loaded, shaped or fitted to the sound.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// The engine cannot take it.
    #[error("{name}: {fault}")]
    Prepare {
        /// The impulse.
        name: String,
        /// What is wrong with it.
        fault: PrepareError,
    },
    /// Its outputs are not the sound's.
    #[error(
        "{name}: expected an impulse with {outputs} outputs for {inputs} inputs, but it has {got}; choose a mono, stereo or true-stereo impulse"
    )]
    Outputs {
        /// The impulse.
        name: String,
        /// Channels of sound.
        inputs: usize,
        /// Channels wanted.
        outputs: usize,
        /// Channels that it gives.
        got: usize,
    },
}

/// What is wanted, loaded: kept so that a new shape of the same impulse does not read its file again.
#[derive(Debug)]
struct Loaded {
    wanted: Impulse,
    impulse: Arc<ImpulseResponse>,
    content: blake3::Hash,
}

/// Loads, shapes and prepares, with what it has loaded last at hand. Loader thread.
#[derive(Debug)]
pub struct Maker {
    format: Format,
    loaded: Option<Loaded>,
}

impl Maker {
    /// For sound of that format.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            loaded: None,
        }
    }

    /// Name of the impulse that was asked for last.
    pub fn name(&self) -> &str {
        self.loaded
            .as_ref()
            .map_or("", |loaded| &loaded.impulse.name)
    }

    /// The prepared impulse, from the cache or made. Loader thread.
    pub fn make(&mut self, wanted: &Wanted) -> Result<Ready, ReadyError> {
        let (impulse, content) = self.load(&wanted.impulse)?;
        let Format {
            sample_rate,
            inputs,
            outputs,
        } = self.format;
        let key = Key::new(content, &wanted.shape, sample_rate, (inputs, outputs));
        cache::get_or_make(&key, || {
            let name = impulse.name.clone();
            let source =
                Source::new((*impulse).clone(), &wanted.shape).map_err(LoaderError::from)?;
            let fitted = source.fit(inputs, sample_rate)?;
            let fitted = fitted
                .to_outputs(outputs)
                .map_err(|got| ReadyError::Outputs {
                    name: name.clone(),
                    inputs,
                    outputs,
                    got,
                })?;
            let routing = fitted.routing.clone();
            let prepared = PreparedImpulse::swappable(routing, &fitted.responses())
                .map_err(|fault| ReadyError::Prepare { name, fault })?;
            let tail = analyze::tail_frames(&fitted.impulse);
            Ok(Ready {
                impulse: Arc::new(prepared),
                tail_frames: u32::try_from(tail).unwrap_or(u32::MAX),
                gain_db: fitted.gain_db,
            })
        })
    }

    fn load(
        &mut self,
        wanted: &Impulse,
    ) -> Result<(Arc<ImpulseResponse>, blake3::Hash), LoaderError> {
        if let Some(loaded) = self
            .loaded
            .as_ref()
            .filter(|loaded| loaded.wanted == *wanted)
        {
            return Ok((Arc::clone(&loaded.impulse), loaded.content));
        }
        let impulse = match wanted {
            Impulse::Given(impulse) => Arc::clone(impulse),
            Impulse::Factory(name) => {
                let factory = library::find(name).map_err(ResolveError::from)?;
                Arc::new(factory.load()?)
            }
            Impulse::Named(name) => {
                let source = library::resolve(name)?;
                Arc::new(source.load(LayoutChoice::Auto)?)
            }
        };
        let content = cache::content(&impulse);
        self.loaded = Some(Loaded {
            wanted: wanted.clone(),
            impulse: Arc::clone(&impulse),
            content,
        });
        Ok((impulse, content))
    }

    /// An engine that plays silence until it is given an impulse.
    pub fn silent_engine(&self) -> Engine {
        let Format {
            inputs, outputs, ..
        } = self.format;
        let silence = vec![&[0.0f32][..]; inputs * outputs];
        let impulse = PreparedImpulse::swappable(Routing::matrix(inputs, outputs), &silence);
        let impulse = impulse.expect("one sample of silence is an impulse");
        Engine::with_capacity(Arc::new(impulse), self.capacity(0))
    }

    /// An engine that plays an impulse of [`Maker::make`] and has room for others.
    pub fn engine(&self, ready: &Ready) -> Engine {
        let capacity = self.capacity(ready.impulse.frames());
        Engine::with_capacity(Arc::clone(&ready.impulse), capacity)
    }

    /// Of an engine that has had an impulse of so many samples.
    fn capacity(&self, longest: usize) -> Capacity {
        let rate = f64::from(self.format.sample_rate);
        let fade = FADE_FRAMES as f64 * rate / 48_000.0;
        Capacity {
            frames: longest.max((CAPACITY_SECONDS * rate) as usize),
            fade: (fade as usize).max(1),
        }
    }
}

/// The thread, and what it says.
#[derive(Debug)]
pub struct Loader {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    status: Arc<Mutex<Status>>,
    asking: Arc<Asking>,
}

impl Loader {
    /// Begins to hand over what `wanted` says, again and again, through `end`, to an engine of `maker`'s. `playing` is what
    /// that engine plays already: [`Loader::status`] tells of it from the start. Main thread.
    ///
    /// Errors: the system has no thread left.
    pub fn start(
        mut maker: Maker,
        end: LoaderEnd,
        playing: Option<Wanted>,
        wanted: impl Fn() -> Option<Wanted> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = bounded(1);
        // Whoever plays it has had it from the cache, which therefore has it still.
        let ready = playing.as_ref().and_then(|it| maker.make(it).ok());
        let status = ready.map_or_else(Status::default, |ready| Status::of(&maker, &ready));
        let capacity = maker.capacity(status.frames).frames;
        let status = Arc::new(Mutex::new(status));
        let asking = Arc::<Asking>::default();
        let mut work = Work {
            maker,
            end,
            status: Arc::clone(&status),
            asking: Arc::clone(&asking),
            capacity,
            now: playing,
            unsent: None,
            shaped: Instant::now(),
        };
        let thread = std::thread::Builder::new()
            .name("partita loader".to_owned())
            .spawn(move || work.run(&stopped, wanted))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
            status,
            asking,
        })
    }

    /// Makes the thread look at what is wanted now, and waits until that has been handed over, or could not be made; at
    /// most for `patience`. Whether it has answered. Not on the audio thread, unless the host renders offline: then there
    /// is no clock that it could miss.
    pub fn look_now(&self, patience: Duration) -> bool {
        let number = self.asking.ask();
        if let Some(wake) = &self.stop {
            // Full: it has been woken already.
            let _ = wake.try_send(());
        }
        self.asking.wait(number, patience)
    }

    /// What plays, and what does not. Any thread but the audio thread.
    pub fn status(&self) -> Status {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.clone()
    }
}

/// What a [`Loader`] says, for whoever does not have it.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Mutex<Status>>);

impl Watch {
    /// What plays, and what does not. Any thread but the audio thread.
    pub fn status(&self) -> Status {
        let status = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        status.clone()
    }
}

impl Loader {
    /// What tells [`Loader::status`] elsewhere, and goes on to when the loader has ended. Main thread.
    pub fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.status))
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// The thread's state.
struct Work {
    maker: Maker,
    end: LoaderEnd,
    status: Arc<Mutex<Status>>,
    asking: Arc<Asking>,
    /// Samples that the engine can exchange in place.
    capacity: usize,
    /// What was handed over last, or could not be.
    now: Option<Wanted>,
    unsent: Option<Next>,
    /// When a shape was last handed over.
    shaped: Instant,
}

impl Work {
    fn run(&mut self, stopped: &Receiver<()>, wanted: impl Fn() -> Option<Wanted>) {
        let pause = Duration::from_secs(1) / LOOKS_PER_SECOND;
        loop {
            while let Some(spent) = self.end.take_spent() {
                drop(spent);
            }
            let asked = self.asking.asked();
            if let Some(wanted) = wanted() {
                self.look(wanted, asked.is_some());
            }
            if let Some(next) = self.unsent.take() {
                self.unsent = self.end.send(next).err();
            }
            if let Some(number) = asked {
                self.asking.answer(number);
            }
            if stopped.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }

    /// Makes what is wanted, if it is not what was made last. `now`: even if a shape was made a moment ago.
    fn look(&mut self, wanted: Wanted, now: bool) {
        if self.now.as_ref() == Some(&wanted) {
            return;
        }
        let same = self.now.as_ref().map(|now| &now.impulse) == Some(&wanted.impulse);
        let pause = Duration::from_secs(1) / SHAPES_PER_SECOND;
        if same && !now && self.shaped.elapsed() < pause {
            return;
        }
        self.shaped = Instant::now();
        // Who waits for it wants it exactly there, not as a drag has it.
        let change = match (same, now) {
            (false, _) => Change::New,
            (true, false) => Change::Shape,
            (true, true) => Change::ShapeNow,
        };
        match self.maker.make(&wanted) {
            Ok(ready) => {
                let frames = ready.impulse.frames();
                let sound = if frames <= self.capacity {
                    Sound::Impulse(Arc::clone(&ready.impulse), change)
                } else {
                    self.capacity = frames;
                    Sound::Engine(Box::new(self.maker.engine(&ready)))
                };
                let tail_frames = ready.tail_frames;
                // The newest wins: one that has not been sent never will be.
                self.unsent = Some(Next { sound, tail_frames });
                let told = Status::of(&self.maker, &ready);
                self.say(|status| {
                    *status = Status {
                        changes: status.changes,
                        ..told
                    }
                });
            }
            Err(error) => self.say(|status| status.error = Some(error.to_string())),
        }
        self.now = Some(wanted);
    }

    fn say(&self, change: impl FnOnce(&mut Status)) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut status);
        status.changes += 1;
    }
}

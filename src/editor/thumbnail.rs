//! Small pictures of impulses for a list, made on a thread of their own and kept.
//!
//! The newest wish is granted first: what scrolled out of sight before it was its turn waits, or is forgotten.

use super::picture::{FLOOR_DB, File};
use crate::impulse::library::{self, Origin, Source, Stamp};
use crate::impulse::load::LayoutChoice;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Columns of a thumbnail.
pub const COLUMNS: usize = 64;

/// How many are kept: 4096 of them are 0.5 MB with their names.
const KEPT: usize = 4096;

/// How many wait at most: more rows than a window has.
const WAITING: usize = 64;

/// Level of each column in dB below the peak.
pub type Levels = [f32; COLUMNS];

/// Of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Factory(&'static str),
    /// A changed file is another one.
    File(PathBuf, u64, i64),
}

impl Key {
    fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Factory(impulse) => Self::Factory(impulse.name),
            Origin::User {
                path,
                stamp: Stamp { size, modified_ns },
                ..
            } => Self::File(path.clone(), *size, *modified_ns),
        }
    }

    fn levels(&self) -> Option<Levels> {
        let source = match self {
            Self::Factory(name) => Source::Factory(library::find(name).ok()?),
            Self::File(path, ..) => Source::File(path.clone()),
        };
        let impulse = source.load(LayoutChoice::Auto).ok()?;
        let levels = File::of(&impulse).levels;
        let mut columns = [FLOOR_DB; COLUMNS];
        let each = levels.len().div_ceil(COLUMNS).max(1);
        for (column, levels) in columns.iter_mut().zip(levels.chunks(each)) {
            *column = levels.iter().fold(FLOOR_DB, |most, level| most.max(*level));
        }
        Some(columns)
    }
}

/// A small picture, or why there is none.
#[derive(Clone, Debug)]
enum State {
    Asked,
    Made(Arc<Levels>),
    /// The file cannot be read.
    Nothing,
}

/// What a thread has made: `None` where it has let a wish go.
type Made = (Key, Option<State>);

/// The window's end.
#[derive(Default)]
pub struct Thumbnails {
    known: HashMap<Key, State>,
    working: Option<Working>,
}

struct Working {
    wishes: Option<Sender<Key>>,
    made: Receiver<Made>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Working {
    fn begin() -> Self {
        let (wishes, told) = unbounded();
        let (make, made) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = Builder::new().name("partita thumbnails".to_owned());
        let thread = thread.spawn(move || work(&told, &make, &stopped));
        Self {
            wishes: Some(wishes),
            made,
            stop,
            thread: thread.ok(),
        }
    }
}

fn work(told: &Receiver<Key>, made: &Sender<Made>, stop: &AtomicBool) {
    let mut waiting = Vec::new();
    while let Ok(first) = told.recv() {
        waiting.push(first);
        loop {
            waiting.extend(told.try_iter());
            if waiting.len() > WAITING {
                for old in waiting.drain(..waiting.len() - WAITING) {
                    let _ = made.send((old, None));
                }
            }
            let Some(key) = waiting.pop() else { break };
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let state = key.levels();
            let state = state.map_or(State::Nothing, |levels| State::Made(Arc::new(levels)));
            let _ = made.send((key, Some(state)));
        }
    }
}

impl Thumbnails {
    /// The picture, if it has been made; else it will be. Main thread.
    pub fn get(&mut self, origin: &Origin) -> Option<Arc<Levels>> {
        let key = Key::of(origin);
        match self.known.get(&key) {
            Some(State::Made(levels)) => return Some(Arc::clone(levels)),
            Some(State::Asked | State::Nothing) => return None,
            None => {}
        }
        if self.known.len() >= KEPT {
            self.known.retain(|_, state| matches!(state, State::Asked));
        }
        let working = self.working.get_or_insert_with(Working::begin);
        if let Some(wishes) = &working.wishes
            && wishes.send(key.clone()).is_ok()
        {
            self.known.insert(key, State::Asked);
        }
        None
    }

    /// Whether a new one has come. Main thread.
    pub fn poll(&mut self) -> bool {
        let Some(working) = &self.working else {
            return false;
        };
        let mut new = false;
        for (key, state) in working.made.try_iter() {
            new = true;
            match state {
                Some(state) => drop(self.known.insert(key, state)),
                None => drop(self.known.remove(&key)),
            }
        }
        new
    }

    /// Waits until none is being made: for whoever draws without a screen. Main thread.
    pub fn wait(&mut self) {
        let asked = |state: &State| matches!(state, State::Asked);
        while self.known.values().any(asked)
            && let Some(working) = &self.working
            && working.thread.as_ref().is_some_and(|it| !it.is_finished())
        {
            self.poll();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Without anybody who asks, the thread ends.
        drop(self.wishes.take());
        if let Some(thread) = self.thread.take() {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
    }
}

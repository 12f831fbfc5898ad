//! A scan of the library in the background: one thread, its progress, and a way to stop it.
//!
//! Guaranteed: dropped, it stops and waits for its thread, at most for the file that is being read, so that a plugin can be
//! unloaded.

use crate::impulse::library::{Library, Progress, Report, Watch};
use std::io;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// A scan that is going on.
#[derive(Debug)]
pub struct Scanning {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<(Library, Report)>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    progress: Mutex<Progress>,
}

impl Scanning {
    /// Starts to scan `library`. Whoever shows a library meanwhile keeps a clone. Any thread but the audio thread.
    ///
    /// Errors: the system has no room for a thread.
    pub fn start(mut library: Library) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("partita-scan".to_owned())
            .spawn(move || {
                let report = library.scan(Watch {
                    stop: &theirs.stop,
                    progress: &mut |progress| {
                        *theirs
                            .progress
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner) = progress;
                    },
                });
                (library, report)
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// How far it has come. Any thread but the audio thread.
    pub fn progress(&self) -> Progress {
        let progress = self.shared.progress.lock();
        *progress.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether [`Scanning::finish`] would not wait.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Asks it to stop before the next file. What it has found so far is kept.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }

    /// Waits for its end, and gives the library as it is now. Any thread but the audio thread.
    pub fn finish(mut self) -> (Library, Report) {
        let thread = self.thread.take().expect("taken only here and in drop");
        match thread.join() {
            Ok(done) => done,
            Err(panic) => panic::resume_unwind(panic),
        }
    }
}

impl Drop for Scanning {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

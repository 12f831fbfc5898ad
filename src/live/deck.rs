//! Tapes on their way to the audio thread and back: what is recorded, and which file it goes to.
//!
//! What is guaranteed: the audio thread takes a tape only while there is room to give the one before back, so it drops
//! none; nobody sleeps on either channel, so it locks nothing (see [`swap`](crate::swap)).

use super::recorder::{self, RecordFault, Recorded, Recorder, Recording, Tape};
use crate::output::{Destination, Existing, Format, OutputFault};
use crossbeam_channel::{Receiver, Sender, bounded};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thiserror::Error;

/// How long is waited for the audio thread to give a tape back: two of the longest blocks.
const PATIENCE: Duration = Duration::from_millis(500);

/// Which sound is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// What comes in.
    Dry,
    /// What goes out.
    Wet,
}

impl Take {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dry, Self::Wet];
}

impl fmt::Display for Take {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dry => "dry",
            Self::Wet => "wet",
        })
    }
}

/// Why nothing is recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TakeError {
    /// No device is open.
    #[error("expected a device that plays, to record from it; it waits for one")]
    Silent,
    /// There is one already.
    #[error("{} is being recorded already; `record stop` ends that", .0.display())]
    Running(PathBuf),
    /// There is none.
    #[error("expected a recording to stop, but there is none")]
    None,
    /// The file's name will not do.
    #[error("{} {fault}", .path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: OutputFault,
    },
    /// The recorder cannot begin, or end.
    #[error("{}: {fault}", .path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: RecordFault,
    },
    /// The audio thread does not answer.
    #[error("{}: the device does not play", .0.display())]
    Stalled(PathBuf),
}

/// Both ends. Loader thread.
pub(super) fn pair(take: Take, channels: usize, sample_rate: u32) -> (Deck, Head) {
    let (to, incoming) = bounded(2);
    let (back, returned) = bounded(2);
    let deck = Deck {
        take,
        recording: Recording {
            channels,
            sample_rate,
            format: Format::F32,
        },
        to,
        returned,
        running: None,
    };
    let head = Head {
        incoming,
        back,
        tape: None,
    };
    (deck, head)
}

/// The audio thread's end.
#[derive(Debug)]
pub(super) struct Head {
    incoming: Receiver<Option<Tape>>,
    back: Sender<Tape>,
    tape: Option<Tape>,
}

impl Head {
    /// Records a block, if there is something to record on. Audio thread.
    pub fn push<C: AsRef<[f32]>>(&mut self, channels: &[C]) {
        if !self.back.is_full()
            && let Ok(next) = self.incoming.try_recv()
            && let Some(spent) = std::mem::replace(&mut self.tape, next)
        {
            let sent = self.back.try_send(spent);
            debug_assert!(sent.is_ok(), "asked before");
        }
        if let Some(tape) = &mut self.tape {
            tape.push(channels);
        }
    }
}

/// The end of whoever controls.
#[derive(Debug)]
pub(super) struct Deck {
    pub take: Take,
    recording: Recording,
    to: Sender<Option<Tape>>,
    returned: Receiver<Tape>,
    running: Option<(PathBuf, Recorder)>,
}

impl Deck {
    /// Begins to record to `path`.
    pub fn start(&mut self, path: &Path, existing: Existing) -> Result<(), TakeError> {
        if let Some((path, _)) = &self.running {
            return Err(TakeError::Running(path.clone()));
        }
        let output = |fault| TakeError::Output {
            path: path.to_owned(),
            fault,
        };
        let destination = Destination::check(path, &[], existing).map_err(output)?;
        let begun = recorder::start(destination, self.recording);
        let (tape, recorder) = begun.map_err(|fault| TakeError::Record {
            path: path.to_owned(),
            fault,
        })?;
        if self.to.try_send(Some(tape)).is_err() {
            return Err(TakeError::Stalled(path.to_owned()));
        }
        self.running = Some((path.to_owned(), recorder));
        Ok(())
    }

    /// Begins to end it. `None`: nothing was recorded.
    pub fn stop(&mut self) -> Option<Stopping> {
        let (path, recorder) = self.running.take()?;
        // A stream that is gone has dropped its tape.
        let playing = self.to.try_send(None).is_ok();
        Some(Stopping {
            take: self.take,
            path,
            recorder,
            returned: playing.then(|| self.returned.clone()),
            sample_rate: self.recording.sample_rate,
        })
    }

    /// What it is doing.
    pub fn running(&self) -> Option<(&Path, recorder::Status)> {
        let (path, recorder) = self.running.as_ref()?;
        Some((path, recorder.status()))
    }

    /// In Hz.
    pub fn sample_rate(&self) -> u32 {
        self.recording.sample_rate
    }
}

/// A recording that is about to end.
#[derive(Debug)]
pub(super) struct Stopping {
    take: Take,
    path: PathBuf,
    recorder: Recorder,
    returned: Option<Receiver<Tape>>,
    sample_rate: u32,
}

impl Stopping {
    /// Waits until it is on the disk.
    pub fn finish(self) -> Result<Taken, TakeError> {
        // What has been played until now is in the ring once the tape is back.
        let begun = Instant::now();
        while let Some(returned) = &self.returned
            && returned.try_recv().is_err()
            && begun.elapsed() < PATIENCE
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        let rate = f64::from(self.sample_rate);
        match self.recorder.finish() {
            Ok(Recorded { status, peak, .. }) => Ok(Taken {
                take: self.take,
                path: self.path,
                seconds: status.frames as f64 / rate,
                lost_seconds: status.lost as f64 / rate,
                peak_dbfs: 20.0 * peak.log10(),
            }),
            Err(fault) => Err(TakeError::Record {
                path: self.path,
                fault,
            }),
        }
    }
}

/// What has been recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// Which sound.
    pub take: Take,
    /// The file.
    pub path: PathBuf,
    /// How long it is.
    pub seconds: f64,
    /// Of which the disk was too slow for.
    pub lost_seconds: f64,
    /// The largest magnitude; null: silence.
    pub peak_dbfs: f32,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, seconds) = (self.path.display(), self.seconds);
        write!(f, "{path}: {seconds:.1} s recorded")?;
        if self.peak_dbfs.is_finite() {
            write!(f, ", peak {:.1} dBFS", self.peak_dbfs)?;
        }
        if self.lost_seconds > 0.0 {
            let lost = self.lost_seconds;
            write!(
                f,
                "; {lost:.3} s are silence, because the disk was too slow or full"
            )?;
        }
        Ok(())
    }
}

/// The file of the recording that goes on: `take.wav` for the first device, `take-2.wav` for the second.
pub(super) fn numbered(path: &Path, opened: u32) -> PathBuf {
    if opened < 2 {
        return path.to_owned();
    }
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{opened}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// The other way.
pub(super) fn unnumbered(path: &Path, opened: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let Some(stem) = stem
        .strip_suffix(&format!("-{opened}"))
        .filter(|_| opened > 1)
    else {
        return path.to_owned();
    };
    let mut name = std::ffi::OsString::from(stem);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_that_goes_on_gets_a_number() {
        for (path, second) in [
            ("take.wav", "take-2.wav"),
            ("over/there/a b", "over/there/a b-2"),
            ("x-2.wav", "x-2-2.wav"),
        ] {
            assert_eq!(numbered(Path::new(path), 1), Path::new(path));
            let numbered = numbered(Path::new(path), 2);
            assert_eq!(numbered, Path::new(second));
            assert_eq!(unnumbered(&numbered, 2), Path::new(path));
            assert_eq!(unnumbered(Path::new(path), 1), Path::new(path));
        }
        // It was begun by hand while the second device played: it has no number yet.
        assert_eq!(unnumbered(Path::new("take.wav"), 2), Path::new("take.wav"));
    }
}

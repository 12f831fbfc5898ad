//! What is played, on disk.
//!
//! What is guaranteed: [`Tape::push`] never waits, whatever the disk does. Time stays right: where the disk was too slow or
//! full, what did not fit into the ring is silence of the same length in the file, and [`Gap`] says where. Nothing is under the
//! recording's own name before it is whole; until then it is `take.part-….wav` beside it, and its header is put right every second, so
//! that after a crash, or kill −9, that file opens and lacks the last second and what was still in the ring. (After a power failure it is what the system
//! had written.) Over 4 GB it is RF64.
//!
//! ```text
//! audio thread  →  Tape  →  ring, RING_SECONDS  →  writer's thread  →  GrowingWav
//! ```

mod writer;

use crate::output::{Destination, Format, OutputFault, Pending};
use rtrb::{Producer, RingBuffer};
use std::io::{self, Seek, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use thiserror::Error;
use writer::Writer;

/// The most channels of a recording.
pub const MAX_CHANNELS: usize = 64;
/// What the ring holds while the disk is slow, in seconds, and in samples of all channels: 64 MB.
pub const RING_SECONDS: usize = 4;
const RING_SAMPLES: usize = 1 << 24;
/// Gaps that may be on their way. They come at most once in half the ring.
const GAPS: usize = 64;

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Channels, 1 to [`MAX_CHANNELS`].
    pub channels: usize,
    /// In Hz, 1 or more.
    pub sample_rate: u32,
    /// How samples are written.
    pub format: Format,
}

/// Why nothing is recorded, or not under its name.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordFault {
    /// Too few, too many.
    #[error("expected 1 to {MAX_CHANNELS} channels and 1 Hz or more, got {} and {} Hz", .0.channels, .0.sample_rate)]
    Recording(Recording),
    /// The file cannot be made.
    #[error(transparent)]
    Output(#[from] OutputFault),
    /// The file could not be given its name.
    #[error("{fault}; the recording is {}: move it from there", .path.display())]
    Left {
        /// Where it is.
        path: PathBuf,
        /// Why.
        fault: OutputFault,
    },
    /// No thread to write with.
    #[error("cannot record: {0}")]
    Thread(io::Error),
    /// The writer's thread has panicked. Not known to happen.
    #[error("the writer stopped; what it wrote is beside the recording's name, as .part-")]
    Stopped,
}

/// Where sound is missing in a recording: silence stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first frame that is missing.
    pub at: u64,
    /// How many are.
    pub frames: u64,
}

/// How a recording is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Frames in the file, silence in gaps included.
    pub frames: u64,
    /// Frames that did not fit, up to now.
    pub lost: u64,
    /// Where they are missing: the first [`GAPS_TOLD`]. The one that goes on, if one does, is not among them.
    pub gaps: Vec<Gap>,
    /// What the disk says just now, if it takes nothing. It is tried again and again.
    pub stuck: Option<String>,
}

/// Gaps that are told one by one.
pub const GAPS_TOLD: usize = 1000;

/// What has been recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The file; `None` on a sink that has no name.
    pub path: Option<PathBuf>,
    /// As at the end. If `stuck`, the disk took nothing at the end, and what lay in the ring is among the lost.
    pub status: Status,
    /// The largest magnitude; full scale is 1.
    pub peak: f32,
    /// Samples beyond full scale.
    pub over: u64,
}

/// Anything that a recording can be written to.
pub trait Sink: Write + Seek + Send + 'static {
    /// It is whole, with `bytes` bytes. Gives its name, if it has one. Writer's thread.
    ///
    /// Errors: [`RecordFault::Left`], [`RecordFault::Output`].
    fn complete(self, bytes: u64) -> Result<Option<PathBuf>, RecordFault>;
}

impl Sink for Pending {
    fn complete(mut self, bytes: u64) -> Result<Option<PathBuf>, RecordFault> {
        // What a failed write has left behind the last frame: it does no harm if it stays.
        let _ = self.cut(bytes);
        let placed = self.place_or_leave().map(Some);
        placed.map_err(|(path, fault)| RecordFault::Left { path, fault })
    }
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    frames: AtomicU64,
    lost: AtomicU64,
    told: Mutex<(Vec<Gap>, Option<String>)>,
}

impl Shared {
    fn status(&self) -> Status {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        Status {
            frames: self.frames.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            gaps: told.0.clone(),
            stuck: told.1.clone(),
        }
    }
}

/// Begins a recording to a file. Main thread.
///
/// Errors: [`RecordFault::Recording`], `Output`, `Thread`.
pub fn start(
    destination: Destination,
    recording: Recording,
) -> Result<(Tape, Recorder), RecordFault> {
    check(recording)?;
    start_on(Pending::create_in_sight(destination)?, recording)
}

fn check(recording: Recording) -> Result<(), RecordFault> {
    let channels = 1..=MAX_CHANNELS;
    if recording.sample_rate == 0 || !channels.contains(&recording.channels) {
        return Err(RecordFault::Recording(recording));
    }
    Ok(())
}

/// The same to anything else. Main thread.
///
/// Errors: [`RecordFault::Recording`], `Output`, `Thread`.
pub fn start_on(sink: impl Sink, recording: Recording) -> Result<(Tape, Recorder), RecordFault> {
    check(recording)?;
    let frames = RING_SECONDS * recording.sample_rate as usize;
    let frames = frames.min(RING_SAMPLES / recording.channels);
    let (ring, frames_out) = super::ring::touched(frames * recording.channels);
    let (gaps, gaps_out) = RingBuffer::new(GAPS);
    let shared = Arc::new(Shared::default());
    let writer = Writer::new(sink, recording, (frames_out, gaps_out), Arc::clone(&shared))?;
    let thread = thread::Builder::new()
        .name("recorder".to_owned())
        .spawn(move || writer.run())
        .map_err(RecordFault::Thread)?;
    let tape = Tape {
        ring,
        gaps,
        channels: recording.channels,
        time: 0,
        missing: 0,
        shared: Arc::clone(&shared),
    };
    let recorder = Recorder {
        thread: Some(thread),
        shared,
    };
    Ok((tape, recorder))
}

/// The audio thread's end.
#[derive(Debug)]
pub struct Tape {
    ring: Producer<f32>,
    gaps: Producer<Gap>,
    channels: usize,
    /// Frames pushed, lost ones included.
    time: u64,
    /// Frames lost since the last that fitted.
    missing: u64,
    shared: Arc<Shared>,
}

impl Tape {
    /// Takes a block: as many frames as the shortest channel has; a channel that is missing is silent. What does not fit is
    /// lost whole, and counted. Audio thread.
    pub fn push<C: AsRef<[f32]>>(&mut self, channels: &[C]) {
        let channels = &channels[..channels.len().min(self.channels)];
        let lengths = channels.iter().map(|channel| channel.as_ref().len());
        let frames = lengths.min().unwrap_or(0);
        if frames == 0 || self.ring.is_abandoned() {
            return;
        }
        let from = self.time;
        self.time += frames as u64;
        let width = self.channels;
        // After a loss half the ring must be free, so that a slow disk makes few gaps and not many.
        let capacity = self.ring.buffer().capacity();
        let free = self.ring.slots();
        let fits = free >= frames * width && (self.missing == 0 || free >= capacity / 2);
        if fits && self.missing > 0 {
            let gap = Gap {
                at: from - self.missing,
                frames: self.missing,
            };
            if self.gaps.push(gap).is_ok() {
                self.missing = 0;
            }
        }
        let chunk = match fits && self.missing == 0 {
            true => self.ring.write_chunk_uninit(frames * width).ok(),
            false => None,
        };
        let Some(chunk) = chunk else {
            self.missing += frames as u64;
            self.shared.lost.fetch_add(frames as u64, Ordering::Relaxed);
            return;
        };
        let frame = |at| {
            let of = move |channel| channels.get(channel).map_or(0.0, |c: &C| c.as_ref()[at]);
            (0..width).map(of)
        };
        chunk.fill_from_iter((0..frames).flat_map(frame));
    }
}

/// The main thread's end. Dropped, it finishes the recording, and nobody hears how that went.
#[derive(Debug)]
pub struct Recorder {
    thread: Option<JoinHandle<Result<Recorded, RecordFault>>>,
    shared: Arc<Shared>,
}

impl Recorder {
    /// How it is doing. Any thread but the audio thread.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Writes what is in the ring, gives the file its name and waits for that. A disk that is full is not waited for.
    /// Main thread.
    ///
    /// Errors: [`RecordFault::Left`], `Output`, `Stopped`.
    pub fn finish(mut self) -> Result<Recorded, RecordFault> {
        self.end().unwrap_or(Err(RecordFault::Stopped))
    }

    fn end(&mut self) -> Option<Result<Recorded, RecordFault>> {
        let thread = self.thread.take()?;
        self.shared.stop.store(true, Ordering::Release);
        thread.thread().unpark();
        Some(thread.join().unwrap_or(Err(RecordFault::Stopped)))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

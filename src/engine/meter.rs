//! Levels and load: written by the audio thread, read by anyone.
//!
//! What is guaranteed: [`Meter`] never waits, allocates or retries; a [`Reader`] only ever loads, so any number of them,
//! at any pace, disturb neither the audio thread nor each other; what they read is whole windows, never half of one.
//!
//! The audio thread sums up windows of [`WINDOW_SECONDS`] for itself and publishes each when it is full, in a ring of
//! [`WINDOWS`]: a sequence lock per ring, with the fences of Boehm 2012 ("Can seqlocks get along with programming
//! language memory models?"). A reader adds up the windows since its last reading. One that comes more rarely than every
//! ten seconds misses the oldest of them; what is counted since the start is never missed.
//!
//! There is no clock here: whoever calls the engine measures how long a block took.

use super::sync::{Arc, AtomicU64, Ordering, fence};
use std::time::Duration;

/// Length of a window. A longer block is a window of its own.
pub const WINDOW_SECONDS: f64 = 0.02;
/// Windows that are kept: ten seconds.
pub const WINDOWS: usize = 512;

/// From this magnitude on a sample counts as clipped: the largest positive value a 16-bit device can deliver.
pub const CLIP: f32 = 32_767.0 / 32_768.0;

/// The largest magnitude taken for sound; the engine draws the same line.
const LOUDEST: f32 = 1e12;

/// The words of a window before those of its channels.
const HEAD: usize = 3;
/// The words of a channel: its power; its peak and its clipped samples.
const PER_CHANNEL: usize = 2;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Channels before the engine.
    pub inputs: usize,
    /// Channels after it.
    pub outputs: usize,
    /// In Hz, 1 or more.
    pub sample_rate: u32,
}

/// Both ends. Main thread.
pub fn pair(measured: Measured) -> (Meter, Reader) {
    with_windows(measured, WINDOWS)
}

/// The same that keeps so many windows: tests/model.rs tries every order of events with two.
pub(super) fn with_windows(measured: Measured, windows: usize) -> (Meter, Reader) {
    let channels = measured.inputs + measured.outputs;
    let width = HEAD + PER_CHANNEL * channels;
    let shared = Arc::new(Shared {
        published: AtomicU64::new(0),
        cells: (0..windows * width).map(|_| AtomicU64::new(0)).collect(),
        windows: windows as u64,
        width,
        blocks: AtomicU64::new(0),
        late: AtomicU64::new(0),
        xruns: AtomicU64::new(0),
    });
    let rate = f64::from(measured.sample_rate.max(1));
    let meter = Meter {
        shared: Arc::clone(&shared),
        window: (WINDOW_SECONDS * rate) as u64,
        rate,
        inputs: measured.inputs,
        published: 0,
        frames: 0,
        busy: Duration::ZERO,
        worst: 0.0,
        sums: vec![Sum::default(); channels],
    };
    let level = |count| vec![Level::default(); count];
    let reader = Reader {
        shared,
        rate,
        seen: 0,
        row: vec![0; width],
        powers: vec![0.0; channels],
        reading: Reading {
            seconds: 0.0,
            inputs: level(measured.inputs),
            outputs: level(measured.outputs),
            load: Load::default(),
            blocks: 0,
            late: 0,
            xruns: 0,
        },
    };
    (meter, reader)
}

#[derive(Debug)]
struct Shared {
    /// Windows published since the start. Number n lies in row n mod `windows`.
    published: AtomicU64,
    cells: Box<[AtomicU64]>,
    windows: u64,
    width: usize,
    blocks: AtomicU64,
    late: AtomicU64,
    xruns: AtomicU64,
}

impl Shared {
    fn row(&self, window: u64) -> &[AtomicU64] {
        let at = (window % self.windows) as usize * self.width;
        &self.cells[at..at + self.width]
    }
}

/// What has been summed up of one channel.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    power: f64,
    peak: f32,
    clips: u32,
}

impl Sum {
    /// In eight lanes, so that the compiler can use the vector unit; 64 samples at a time, so that f32 is enough.
    fn add(&mut self, samples: &[f32]) {
        for part in samples.chunks(64) {
            let (mut powers, mut peaks) = ([0.0_f32; 8], [0.0_f32; 8]);
            let mut clips = 0;
            let mut take = |lane: usize, sample: f32| {
                let size = sample.abs();
                // What is no number fails the comparison too.
                let size = if size <= LOUDEST { size } else { 0.0 };
                powers[lane] += size * size;
                peaks[lane] = peaks[lane].max(size);
                clips += u32::from(size >= CLIP);
            };
            let mut rows = part.chunks_exact(8);
            for row in &mut rows {
                for (lane, &sample) in row.iter().enumerate() {
                    take(lane, sample);
                }
            }
            for (lane, &sample) in rows.remainder().iter().enumerate() {
                take(lane, sample);
            }
            self.power += powers.iter().map(|&power| f64::from(power)).sum::<f64>();
            self.peak = peaks.iter().fold(self.peak, |peak, &lane| peak.max(lane));
            self.clips = self.clips.saturating_add(clips);
        }
    }
}

/// The audio thread's end.
#[derive(Debug)]
pub struct Meter {
    shared: Arc<Shared>,
    window: u64,
    rate: f64,
    inputs: usize,
    published: u64,
    frames: u64,
    busy: Duration,
    worst: f32,
    sums: Vec<Sum>,
}

impl Meter {
    /// Takes in a block before the engine. Channels beyond those measured are left out. Audio thread.
    pub fn input<C: AsRef<[f32]>>(&mut self, channels: &[C]) {
        for (sum, channel) in self.sums[..self.inputs].iter_mut().zip(channels) {
            sum.add(channel.as_ref());
        }
    }

    /// Takes in a block after the engine. Channels beyond those measured are left out. Audio thread.
    pub fn output<C: AsRef<[f32]>>(&mut self, channels: &[C]) {
        for (sum, channel) in self.sums[self.inputs..].iter_mut().zip(channels) {
            sum.add(channel.as_ref());
        }
    }

    /// Closes a block of `frames` that took `busy` of the time it lasts. It counts as late if it took longer. Audio thread.
    pub fn block(&mut self, frames: usize, busy: Duration) {
        if frames == 0 {
            return;
        }
        let load = busy.as_secs_f64() * self.rate / frames as f64;
        self.frames += frames as u64;
        self.busy = self.busy.saturating_add(busy);
        self.worst = self.worst.max(load as f32);
        self.shared.blocks.fetch_add(1, Ordering::Relaxed);
        if load > 1.0 {
            self.shared.late.fetch_add(1, Ordering::Relaxed);
        }
        if self.frames >= self.window {
            self.publish();
        }
    }

    fn publish(&mut self) {
        // Whoever sees a word of this window in the row of an older one also sees that all before it are published.
        fence(Ordering::Release);
        let row = self.shared.row(self.published);
        let busy = u64::try_from(self.busy.as_nanos()).unwrap_or(u64::MAX);
        let head = [self.frames, busy, u64::from(self.worst.to_bits())];
        let channels = self.sums.iter().flat_map(|sum| {
            let peak = u64::from(sum.peak.to_bits());
            [sum.power.to_bits(), peak << 32 | u64::from(sum.clips)]
        });
        for (cell, word) in row.iter().zip(head.into_iter().chain(channels)) {
            cell.store(word, Ordering::Relaxed);
        }
        self.published += 1;
        self.shared
            .published
            .store(self.published, Ordering::Release);
        self.frames = 0;
        self.busy = Duration::ZERO;
        self.worst = 0.0;
        self.sums.fill(Sum::default());
    }

    /// Something that counts xruns from wherever they are told. Main thread.
    pub fn xruns(&self) -> Xruns {
        Xruns(Arc::clone(&self.shared))
    }
}

/// Counts what the device lost or repeated: its driver tells of it on a thread of its own.
#[derive(Clone, Debug)]
pub struct Xruns(Arc<Shared>);

impl Xruns {
    /// One more. Any thread, the audio thread included.
    pub fn count(&self) {
        self.0.xruns.fetch_add(1, Ordering::Relaxed);
    }
}

/// One channel, full scale 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// The largest magnitude since the last reading.
    pub peak: f32,
    /// The root of the mean square since the last reading.
    pub rms: f32,
    /// The largest magnitude since [`Reader::clear`].
    pub held: f32,
    /// Samples of [`CLIP`] or more since [`Reader::clear`].
    pub clips: u64,
}

/// The time that blocks took, as a part of the time they last: 1 is all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// All blocks together, since the last reading.
    pub mean: f32,
    /// The slowest block since the last reading.
    pub worst: f32,
}

/// What a [`Reader`] has read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Seconds of sound since the last reading, of which this tells.
    pub seconds: f64,
    /// Before the engine.
    pub inputs: Vec<Level>,
    /// After it.
    pub outputs: Vec<Level>,
    /// How busy the audio thread was.
    pub load: Load,
    /// Blocks since the start.
    pub blocks: u64,
    /// Blocks since the start that took longer than they last.
    pub late: u64,
    /// What the device has lost or repeated since the start.
    pub xruns: u64,
}

/// Anybody's end. A clone reads for itself.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    rate: f64,
    /// Windows read or missed.
    seen: u64,
    row: Vec<u64>,
    powers: Vec<f64>,
    reading: Reading,
}

impl Reader {
    /// What was since the last reading, or nothing if no window has been published meanwhile. Any thread but the audio
    /// thread.
    pub fn read(&mut self) -> Option<&Reading> {
        let published = self.shared.published.load(Ordering::Acquire);
        // The row that the audio thread may be writing to is not read.
        let oldest = (published + 1).saturating_sub(self.shared.windows);
        let (mut frames, mut busy, mut worst) = (0, 0, 0.0_f32);
        self.powers.fill(0.0);
        for level in self.levels() {
            (level.peak, level.rms) = (0.0, 0.0);
        }
        for window in self.seen.max(oldest)..published {
            if !self.fetch(window) {
                continue;
            }
            frames += self.row[0];
            busy += self.row[1];
            worst = worst.max(f32::from_bits(self.row[2] as u32));
            let channels = self.row[HEAD..].chunks_exact(PER_CHANNEL);
            let Reading {
                inputs, outputs, ..
            } = &mut self.reading;
            let levels = inputs.iter_mut().chain(outputs);
            for ((words, level), power) in channels.zip(levels).zip(&mut self.powers) {
                *power += f64::from_bits(words[0]);
                level.peak = level.peak.max(f32::from_bits((words[1] >> 32) as u32));
                level.clips += words[1] & 0xFFFF_FFFF;
            }
        }
        self.seen = published;
        if frames == 0 {
            return None;
        }
        let Reading {
            inputs, outputs, ..
        } = &mut self.reading;
        for (level, power) in inputs.iter_mut().chain(outputs).zip(&self.powers) {
            level.rms = (power / frames as f64).sqrt() as f32;
            level.held = level.held.max(level.peak);
        }
        let seconds = frames as f64 / self.rate;
        self.reading.seconds = seconds;
        self.reading.load = Load {
            mean: (busy as f64 * 1e-9 / seconds) as f32,
            worst,
        };
        self.reading.blocks = self.shared.blocks.load(Ordering::Relaxed);
        self.reading.late = self.shared.late.load(Ordering::Relaxed);
        self.reading.xruns = self.shared.xruns.load(Ordering::Relaxed);
        Some(&self.reading)
    }

    /// Forgets held peaks and clipped samples, for this reader. Any thread but the audio thread.
    pub fn clear(&mut self) {
        for level in self.levels() {
            (level.held, level.clips) = (0.0, 0);
        }
    }

    fn levels(&mut self) -> impl Iterator<Item = &mut Level> {
        let Reading {
            inputs, outputs, ..
        } = &mut self.reading;
        inputs.iter_mut().chain(outputs)
    }

    /// Copies a window, and says whether it was still whole.
    fn fetch(&mut self, window: u64) -> bool {
        for (word, cell) in self.row.iter_mut().zip(self.shared.row(window)) {
            *word = cell.load(Ordering::Relaxed);
        }
        fence(Ordering::Acquire);
        let published = self.shared.published.load(Ordering::Relaxed);
        published < window + self.shared.windows
    }
}

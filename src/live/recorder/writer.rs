//! The writer's thread: from the ring to the disk.

use super::{GAPS_TOLD, Gap, RecordFault, Recorded, Recording, Shared, Sink};
use crate::output::{GrowingWav, OutputFault};
use rtrb::Consumer;
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often the ring is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often the header is put right.
const KEEP: Duration = Duration::from_secs(1);
/// How long a disk that took nothing is left alone.
const RETRY: Duration = Duration::from_millis(250);
/// Frames that are written at a time.
const FRAMES: usize = 4096;

pub struct Writer<S> {
    wav: GrowingWav<S>,
    ring: Consumer<f32>,
    gaps: Consumer<Gap>,
    /// Gaps whose place has not been reached.
    ahead: VecDeque<Gap>,
    /// One vector per channel.
    block: Vec<Vec<f32>>,
    shared: Arc<Shared>,
}

impl<S: Sink> Writer<S> {
    pub fn new(
        sink: S,
        recording: Recording,
        (ring, gaps): (Consumer<f32>, Consumer<Gap>),
        shared: Arc<Shared>,
    ) -> Result<Self, RecordFault> {
        let Recording {
            channels,
            sample_rate,
            format,
        } = recording;
        let wav = GrowingWav::new(sink, format, channels, sample_rate);
        Ok(Self {
            wav: wav.map_err(OutputFault::from)?,
            ring,
            gaps,
            ahead: VecDeque::new(),
            block: vec![vec![0.0; FRAMES]; channels],
            shared,
        })
    }

    pub fn run(mut self) -> Result<Recorded, RecordFault> {
        let mut kept = Instant::now();
        loop {
            // Before the ring: what was pushed before it stopped is then seen.
            let stop = self.shared.stop.load(Ordering::Acquire);
            let mut done = self.drain();
            if done.is_ok() && kept.elapsed() >= KEEP {
                done = self.wav.keep();
                kept = Instant::now();
            }
            self.tell(done.as_ref().err());
            match (stop, done) {
                (true, done) => return self.end(done.is_err()),
                (false, Ok(())) => thread::park_timeout(LOOK),
                (false, Err(_)) => thread::park_timeout(RETRY),
            }
        }
    }

    /// Writes all that is there.
    fn drain(&mut self) -> io::Result<()> {
        loop {
            let width = self.block.len();
            let held = self.ring.slots() / width;
            // A gap is told of before what follows it, so every gap before what is held is known now.
            while let Ok(gap) = self.gaps.pop() {
                self.remember(gap);
                self.ahead.push_back(gap);
            }
            let mut frames = held.min(FRAMES);
            if let Some(gap) = self.ahead.front() {
                let until = gap.at.saturating_sub(self.wav.written().frames);
                if until == 0 {
                    self.wav.silence(gap.frames);
                    self.ahead.pop_front();
                    continue;
                }
                frames = frames.min(usize::try_from(until).unwrap_or(FRAMES));
            }
            if frames == 0 {
                return Ok(());
            }
            let Ok(chunk) = self.ring.read_chunk(frames * width) else {
                return Ok(());
            };
            let (first, second) = chunk.as_slices();
            for (channel, samples) in self.block.iter_mut().enumerate() {
                let all = first.iter().chain(second).skip(channel).step_by(width);
                samples[..frames]
                    .iter_mut()
                    .zip(all)
                    .for_each(|(to, from)| *to = *from);
            }
            let channels: Vec<&[f32]> = self.block.iter().map(|x| &x[..frames]).collect();
            self.wav.write(&channels)?;
            chunk.commit_all();
            let written = self.wav.written().frames;
            self.shared.frames.store(written, Ordering::Relaxed);
        }
    }

    fn remember(&self, gap: Gap) {
        let told = self.shared.told.lock();
        let gaps = &mut told.unwrap_or_else(PoisonError::into_inner).0;
        if gaps.len() < GAPS_TOLD {
            gaps.push(gap);
        }
    }

    fn tell(&self, error: Option<&io::Error>) {
        let told = self.shared.told.lock();
        told.unwrap_or_else(PoisonError::into_inner).1 = error.map(io::Error::to_string);
    }

    fn end(mut self, stuck: bool) -> Result<Recorded, RecordFault> {
        let mut lost = 0;
        if stuck {
            lost = (self.ring.slots() / self.block.len()) as u64;
        }
        if let Err(error) = self.wav.keep() {
            self.tell(Some(&error));
            lost += self.wav.settle_for_less();
            // If this fails too, the header says what it said a second ago.
            let _ = self.wav.keep();
        }
        self.shared.lost.fetch_add(lost, Ordering::Relaxed);
        let written = self.wav.written();
        self.shared.frames.store(written.frames, Ordering::Relaxed);
        let bytes = self.wav.length();
        Ok(Recorded {
            path: self.wav.into_sink().complete(bytes)?,
            status: self.shared.status(),
            peak: written.peak,
            over: written.over,
        })
    }
}

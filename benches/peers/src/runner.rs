//! An engine at work in a cell.

use crate::cell::{self, Cell, RATE};
use crate::clock;
use crate::engines::Peer;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How fast callbacks come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One after another, for at most this long.
    Unbound(Duration),
    /// When they are due, as a sound card would make them.
    RealTime,
}

/// What came of playing some blocks.
pub struct Recording {
    /// Nanoseconds per callback.
    pub times: Vec<f64>,
    /// Both outputs.
    sound: [Vec<f32>; 2],
}

/// An engine and where it is in the input.
pub struct Runner<'a> {
    cell: &'a Cell,
    engine: Box<dyn Peer>,
    output: [Vec<f32>; 2],
    at: usize,
    reading: f64,
}

impl<'a> Runner<'a> {
    pub fn new(engine: Box<dyn Peer>, cell: &'a Cell) -> Self {
        let silence = || vec![0.0; cell.blocks.longest()];
        Self {
            cell,
            engine,
            output: [silence(), silence()],
            at: 0,
            reading: clock::reading(),
        }
    }

    /// One callback of `frames`, nothing but the engine's work.
    #[inline]
    pub fn process(&mut self, frames: usize) {
        let inputs = self.cell.input(self.at, frames);
        let mut outputs = self.output.each_mut().map(|output| &mut output[..frames]);
        self.engine.process(&inputs, &mut outputs);
        black_box(&mut self.output);
        self.at += frames;
    }

    /// One callback of `frames`. Returns how long it took, in nanoseconds, without the clock's share.
    #[inline]
    pub fn call(&mut self, frames: usize) -> f64 {
        let start = Instant::now();
        self.process(frames);
        let taken = start.elapsed().as_nanos() as f64;
        (taken - self.reading).max(0.0)
    }

    /// Back to the state and the input of the start.
    pub fn restart(&mut self) {
        self.engine.reset();
        self.at = 0;
    }

    /// What the clock adds to a callback, nanoseconds.
    pub fn reading(&self) -> f64 {
        self.reading
    }

    pub fn latency(&self) -> usize {
        self.engine.latency()
    }

    /// Plays blocks of these lengths and keeps what comes out.
    pub fn record(&mut self, lengths: &[usize], pace: Pace) -> Recording {
        let frames = lengths.iter().sum();
        let mut recording = Recording {
            times: Vec::with_capacity(lengths.len()),
            sound: [(); 2].map(|()| Vec::with_capacity(frames)),
        };
        let (begun, mut played) = (Instant::now(), 0);
        for &length in lengths {
            match pace {
                Pace::Unbound(limit) if begun.elapsed() > limit => break,
                Pace::Unbound(_) => {}
                Pace::RealTime => wait_for(begun, played),
            }
            recording.times.push(self.call(length));
            for (sound, output) in recording.sound.iter_mut().zip(&self.output) {
                sound.extend_from_slice(&output[..length]);
            }
            played += length;
        }
        recording
    }

    /// Error of what was played since the start against exact arithmetic, dB.
    pub fn error_db(&self, recording: &Recording, wanted: &[Vec<f64>; 2]) -> f64 {
        let late = self.latency();
        let heard = recording.sound.iter().map(|sound| &sound[late..]);
        cell::error_db(heard.zip(wanted.iter().map(Vec::as_slice)))
    }
}

/// Sleeps until sample `at` of a stream that began at `begun` is due.
pub fn wait_for(begun: Instant, at: usize) {
    let due = Duration::from_secs_f64(at as f64 / RATE);
    if let Some(rest) = due.checked_sub(begun.elapsed()) {
        std::thread::sleep(rest);
    }
}

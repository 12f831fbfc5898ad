//! The impulse as it is heard, measured for drawing: levels over time, decay, spectrum.
//!
//! A [`Sketcher`] does it on a thread of its own, so that no frame waits: it is told the newest wish, and what is wished
//! while it works replaces what has not been begun.

use crate::impulse::analyze::{decay, onset, spectrum};
use crate::impulse::shape::{self, Shape};
use crate::impulse::{ImpulseResponse, Layout};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

/// The level of silence in a picture, in dB below its peak.
pub const FLOOR_DB: f32 = -120.0;

/// Samples in the finest of the levels that are kept; below it, the samples themselves are looked at.
const FINEST: usize = 16;

/// How much coarser each level is than the one before.
const COARSER: usize = 4;

/// Columns of the picture of the whole file.
pub const FILE_COLUMNS: usize = 512;

/// Size of the spectrogram in columns and rows.
pub const SPECTRUM: [usize; 2] = [640, 192];

/// From the lowest to the highest row of the spectrogram, in Hz.
pub const HERTZ: (f32, f32) = (20.0, 20_000.0);

/// dB from the loudest to the quietest that the spectrogram tells apart.
pub const SPECTRUM_DB: f32 = 90.0;

/// What is to be drawn.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The impulse as it was loaded.
    pub impulse: Arc<ImpulseResponse>,
    /// What is done to it.
    pub shape: Shape,
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.impulse, &other.impulse) && self.shape == other.shape
    }
}

/// An impulse in its shape, measured. Times count from its first frame: the pre-delay is not in it.
#[derive(Debug)]
pub struct Picture {
    /// What it is of.
    pub of: Wanted,
    /// How long it is.
    pub seconds: f64,
    /// When the direct sound arrives.
    pub direct_seconds: f64,
    /// What reaches the left and the right ear.
    pub sides: [Side; 2],
    /// Both sides are the same.
    pub mono: bool,
    /// Energy that is yet to come, in dB below the whole, over seconds.
    pub decay: Vec<(f32, f32)>,
    /// Seconds for 60 dB, from −5 to −35 dB (or −25 dB where the noise does not let one see farther).
    pub t30: Option<f64>,
    /// Level of each point, row by row from the highest frequency on: 255 is the loudest.
    pub spectrum: Vec<u8>,
    /// The whole file, unshaped.
    pub file: File,
    /// Why it is not in its shape, if it cannot be.
    pub error: Option<String>,
}

/// A file, unshaped.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// How long it is.
    pub seconds: f64,
    /// When its direct sound arrives.
    pub onset_seconds: f64,
    /// Level of each of [`FILE_COLUMNS`] in dB below the peak.
    pub levels: Vec<f32>,
}

/// The channels that reach one ear, and the largest magnitudes in them over time.
#[derive(Clone, Debug)]
pub struct Side {
    shaped: Arc<ImpulseResponse>,
    channels: Vec<usize>,
    /// Largest magnitudes of 16, 64, 256 … frames.
    peaks: Vec<Vec<f32>>,
    /// Of the whole picture, both sides.
    loudest: f32,
}

impl Side {
    /// The largest magnitude from one second to another, as a part of the picture's peak. Main thread.
    pub fn peak(&self, from: f64, to: f64) -> f32 {
        let rate = f64::from(self.shaped.sample_rate);
        let frames = self.shaped.frames();
        let first = ((from * rate).floor().max(0.0) as usize).min(frames);
        let last = ((to * rate).ceil().max(0.0) as usize).clamp(first, frames);
        let largest = self.largest(self.peaks.len(), first..last);
        if self.loudest > 0.0 {
            largest / self.loudest
        } else {
            0.0
        }
    }
}

impl Side {
    /// The largest magnitude in `frames`: from the coarsest of `levels` levels what lies whole in it, the ends from finer
    /// ones.
    fn largest(&self, levels: usize, frames: Range<usize>) -> f32 {
        if frames.is_empty() {
            return 0.0;
        }
        let Some(level) = levels.checked_sub(1) else {
            return magnitude(&self.shaped, &self.channels, frames);
        };
        let step = FINEST * COARSER.pow(level as u32);
        let inner = frames.start.div_ceil(step)..frames.end / step;
        if inner.is_empty() {
            return self.largest(level, frames);
        }
        let before = self.largest(level, frames.start..inner.start * step);
        let after = self.largest(level, inner.end * step..frames.end);
        let inside = self.peaks[level].get(inner).unwrap_or(&[]).iter();
        inside.fold(before.max(after), |peak, x| peak.max(*x))
    }
}

/// A part of the peak in dB, [`FLOOR_DB`] at least.
pub fn decibels(part: f32) -> f32 {
    if part > 0.0 {
        (20.0 * part.log10()).max(FLOOR_DB)
    } else {
        FLOOR_DB
    }
}

fn magnitude(impulse: &ImpulseResponse, channels: &[usize], frames: Range<usize>) -> f32 {
    let parts = channels.iter().filter_map(|channel| {
        let samples = impulse.channels.get(*channel)?;
        samples.get(frames.start..frames.end.min(samples.len()))
    });
    parts
        .flatten()
        .fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
}

/// Which channels reach the left and the right ear. A matrix is taken for pairs.
fn sides(layout: Layout, channels: usize) -> [Vec<usize>; 2] {
    match (layout, channels) {
        (_, 0 | 1) => [vec![0], vec![0]],
        // LL LR RL RR.
        _ => [0, 1].map(|side| (side..channels).step_by(2).collect()),
    }
}

impl Side {
    fn of(shaped: &Arc<ImpulseResponse>, channels: Vec<usize>) -> Self {
        let frames = shaped.frames();
        let first: Vec<f32> = (0..frames)
            .step_by(FINEST)
            .map(|from| magnitude(shaped, &channels, from..frames.min(from + FINEST)))
            .collect();
        let mut peaks = vec![first];
        while let Some(last) = peaks.last().filter(|last| last.len() > COARSER) {
            let coarser = last.chunks(COARSER);
            let coarser = coarser.map(|part| part.iter().fold(0.0_f32, |peak, x| peak.max(*x)));
            peaks.push(coarser.collect());
        }
        let loudest = peaks.last().into_iter().flatten();
        let loudest = loudest.fold(0.0_f32, |peak, x| peak.max(*x));
        Self {
            shaped: Arc::clone(shaped),
            channels,
            peaks,
            loudest,
        }
    }
}

impl Picture {
    /// Measures. Takes as long as shaping does, and some tens of milliseconds. Loader thread.
    pub fn of(wanted: &Wanted) -> Self {
        let shape = Shape {
            // Every level here is relative to the peak.
            normalise: shape::Normalise::None,
            ..wanted.shape
        };
        let (shaped, error) = match shape::apply(&wanted.impulse, &shape) {
            Ok(shaped) => (Arc::new(shaped.impulse), None),
            Err(error) => (Arc::clone(&wanted.impulse), Some(error.to_string())),
        };
        let rate = f64::from(shaped.sample_rate.max(1));
        let direct = shaped.channels.iter().filter_map(|samples| onset(samples));
        let mut both =
            sides(shaped.layout, shaped.channels.len()).map(|channels| Side::of(&shaped, channels));
        let loudest = both[0].loudest.max(both[1].loudest);
        for side in &mut both {
            side.loudest = loudest;
        }
        let curve = decay::curve(&shaped);
        let fit = curve.as_ref().and_then(|curve| curve.fit);
        Self {
            of: wanted.clone(),
            seconds: shaped.seconds(),
            direct_seconds: direct.min().unwrap_or(0) as f64 / rate,
            mono: both[0].channels == both[1].channels,
            decay: curve.map_or_else(Vec::new, |curve| thinned(&curve.points)),
            t30: fit
                .map(|(_, slope)| -60.0 / slope)
                .filter(|seconds| *seconds > 0.0),
            spectrum: spectrum(&shaped),
            file: File::of(&wanted.impulse),
            sides: both,
            error,
        }
    }
}

/// As many points as a screen can show.
fn thinned(points: &[(f64, f64)]) -> Vec<(f32, f32)> {
    let step = points.len().div_ceil(1024).max(1);
    let points = points.iter().step_by(step);
    let points = points.map(|(seconds, db)| (*seconds as f32, *db as f32));
    points.take_while(|(_, db)| db.is_finite()).collect()
}

/// The gain of attack and decay, over 256 equal parts of the length: the shape's own step, done to ones. So little that a
/// frame can do it. Main thread.
pub fn envelope(shape: &Shape) -> Vec<f32> {
    let ones = ImpulseResponse {
        name: String::new(),
        sample_rate: 1,
        layout: Layout::Mono,
        channels: vec![vec![1.0; 256]],
    };
    shape::envelope(ones, shape).channels.remove(0)
}

impl File {
    /// Measures one. Loader thread.
    pub fn of(impulse: &ImpulseResponse) -> Self {
        let frames = impulse.frames();
        let all: Vec<usize> = (0..impulse.channels.len()).collect();
        let columns = (0..FILE_COLUMNS).map(|column| {
            let at = |column: usize| column * frames / FILE_COLUMNS;
            let from = at(column);
            magnitude(
                impulse,
                &all,
                from..at(column + 1).max(from + 1).min(frames.max(from + 1)),
            )
        });
        let columns: Vec<f32> = columns.collect();
        let loudest = columns.iter().fold(0.0_f32, |peak, x| peak.max(*x));
        let onsets = impulse.channels.iter().filter_map(|samples| onset(samples));
        let rate = f64::from(impulse.sample_rate.max(1));
        Self {
            seconds: impulse.seconds(),
            onset_seconds: onsets.min().unwrap_or(0) as f64 / rate,
            levels: columns
                .iter()
                .map(|peak| decibels(if loudest > 0.0 { peak / loudest } else { 0.0 }))
                .collect(),
        }
    }
}

fn spectrum(impulse: &ImpulseResponse) -> Vec<u8> {
    let [columns, rows] = SPECTRUM;
    // 40 ms tells low notes apart and still shows a room's echoes; a short impulse has finer time.
    let window = 0.04_f64.min(impulse.seconds() / 4.0) * f64::from(impulse.sample_rate);
    let found = spectrum::spectrogram(impulse, columns, (window as usize).max(64));
    let levels = found.columns.iter().flatten();
    let loudest = levels.fold(spectrum::SILENCE_DB, |most, db| most.max(*db));
    let mut picture = vec![0; columns * rows];
    if loudest <= spectrum::SILENCE_DB || found.columns.is_empty() {
        return picture;
    }
    let (low, high) = HERTZ;
    let edge = |row: usize| {
        let share = 1.0 - row as f32 / rows as f32;
        f64::from(low * (high / low).powf(share)) / found.row_hz
    };
    for row in 0..rows {
        let (from, to) = (edge(row + 1), edge(row));
        for column in 0..columns {
            let levels = &found.columns[column * found.columns.len() / columns];
            let db = between(levels, from, to);
            let share = 1.0 - (loudest - db) / SPECTRUM_DB;
            picture[row * columns + column] = (255.0 * share.clamp(0.0, 1.0)) as u8;
        }
    }
    picture
}

/// The loudest of the bins in a row; between two bins, where there is none in it.
fn between(levels: &[f32], from: f64, to: f64) -> f32 {
    let level = |bin: usize| levels.get(bin).copied().unwrap_or(spectrum::SILENCE_DB);
    let (first, last) = (from.ceil() as usize, to.floor() as usize);
    if first <= last {
        return (first..=last)
            .map(level)
            .fold(spectrum::SILENCE_DB, f32::max);
    }
    let share = (from - from.floor()) as f32;
    level(last) * (1.0 - share) + level(last + 1) * share
}

/// The thread that measures.
pub struct Sketcher {
    asked: Option<Sender<Wanted>>,
    /// To take back what has not been begun.
    unbegun: Receiver<Wanted>,
    done: Receiver<Arc<Picture>>,
    thread: Option<JoinHandle<()>>,
    last: Option<Wanted>,
    picture: Option<Arc<Picture>>,
}

impl Default for Sketcher {
    fn default() -> Self {
        let (asked, wishes) = bounded::<Wanted>(1);
        let (finished, done) = bounded(1);
        let (unbegun, taken_back) = (wishes.clone(), done.clone());
        let work = move || {
            for wanted in wishes {
                let mut picture = Arc::new(Picture::of(&wanted));
                // Nobody has looked at the one before: it gives way.
                while let Err(TrySendError::Full(back)) = finished.try_send(picture) {
                    drop(taken_back.try_recv());
                    picture = back;
                }
            }
        };
        let thread = std::thread::Builder::new().name("partita pictures".to_owned());
        Self {
            asked: Some(asked),
            unbegun,
            done,
            // Without a thread there is no picture, and all else works.
            thread: thread.spawn(work).ok(),
            last: None,
            picture: None,
        }
    }
}

impl Sketcher {
    /// Wants that picture, if it is not the one that was asked for last. Main thread.
    pub fn ask(&mut self, wanted: Wanted) {
        if self.last.as_ref() == Some(&wanted) {
            return;
        }
        self.last = Some(wanted.clone());
        let mut wanted = wanted;
        while let Some(asked) = &self.asked
            && let Err(TrySendError::Full(back)) = asked.try_send(wanted)
        {
            drop(self.unbegun.try_recv());
            wanted = back;
        }
    }

    /// Whether a new picture has come. Main thread.
    pub fn poll(&mut self) -> bool {
        let newest = self.done.try_iter().last();
        let new = newest.is_some();
        self.picture = newest.or(self.picture.take());
        new
    }

    /// The newest picture. Main thread.
    pub fn picture(&self) -> Option<&Arc<Picture>> {
        self.picture.as_ref()
    }

    /// Waits until what was asked for is there: for whoever draws without a screen. Main thread.
    pub fn wait(&mut self) {
        while self
            .thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
            && self.last.as_ref() != self.picture.as_ref().map(|picture| &picture.of)
        {
            self.picture = self.done.recv().ok().or(self.picture.take());
        }
    }
}

impl Drop for Sketcher {
    fn drop(&mut self) {
        // Without anybody who asks, the thread ends.
        drop(self.asked.take());
        drop(self.unbegun.try_recv());
        if let Some(thread) = self.thread.take() {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
    }
}

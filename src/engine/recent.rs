//! The last of the sound before the engine, to be looked at: written by the audio thread, read by anyone.
//!
//! What is guaranteed: [`Tape`] never waits, allocates or retries; a [`Recent`] only ever loads; what it reads is what was
//! played, in order and without a gap, or nothing: a sequence lock as the [`meter`](super::meter)'s, with two counts in place of
//! one, for a block is written to the ring sample by sample.

use super::sync::{Arc, AtomicU32, AtomicU64, Ordering, fence};

/// Frames that are read at most: a third of a second at 48 kHz.
pub const FRAMES: usize = 1 << 14;

/// Both ends. Main thread.
pub fn pair() -> (Tape, Recent) {
    // Twice as many: while the newer half is read, the older is written to.
    with_cells(2 * FRAMES)
}

/// The same over so many cells, of which half are read: tests/model.rs tries every order of events with few.
pub(super) fn with_cells(cells: usize) -> (Tape, Recent) {
    let shared = Arc::new(Shared {
        begun: AtomicU64::new(0),
        written: AtomicU64::new(0),
        cells: (0..cells).map(|_| AtomicU32::new(0)).collect(),
    });
    let tape = Tape {
        shared: Arc::clone(&shared),
        written: 0,
    };
    (tape, Recent(shared))
}

#[derive(Debug)]
struct Shared {
    /// Samples of the blocks that have been begun.
    begun: AtomicU64,
    /// Samples of the blocks that are whole. Number n lies in cell n mod the number of cells.
    written: AtomicU64,
    cells: Box<[AtomicU32]>,
}

impl Shared {
    fn cell(&self, sample: u64) -> &AtomicU32 {
        &self.cells[(sample % self.cells.len() as u64) as usize]
    }
}

/// The audio thread's end.
#[derive(Debug)]
pub struct Tape {
    shared: Arc<Shared>,
    written: u64,
}

impl Tape {
    /// Takes in a block of one channel. Audio thread.
    pub fn write(&mut self, samples: &[f32]) {
        let end = self.written + samples.len() as u64;
        self.shared.begun.store(end, Ordering::Relaxed);
        // Whoever sees a sample of this block also sees that it was begun.
        fence(Ordering::Release);
        // Of a block that is longer than the ring, its end.
        let kept = samples.len().min(self.shared.cells.len());
        let from = end - kept as u64;
        for (number, sample) in (from..).zip(&samples[samples.len() - kept..]) {
            let cell = self.shared.cell(number);
            cell.store(sample.to_bits(), Ordering::Relaxed);
        }
        self.written = end;
        self.shared.written.store(end, Ordering::Release);
    }
}

/// Anybody's end.
#[derive(Clone, Debug)]
pub struct Recent(Arc<Shared>);

impl Recent {
    /// The last samples, at most [`FRAMES`], the newest last; fewer at the beginning. `None` if they were being written over
    /// while they were read, which only a block of more than [`FRAMES`] can do in time. Any thread but the audio thread.
    pub fn last(&self) -> Option<Vec<f32>> {
        let Shared {
            begun,
            written,
            cells,
        } = &*self.0;
        let end = written.load(Ordering::Acquire);
        let from = end.saturating_sub(cells.len() as u64 / 2);
        let sample = |number| f32::from_bits(self.0.cell(number).load(Ordering::Relaxed));
        let samples = (from..end).map(sample).collect();
        fence(Ordering::Acquire);
        let oldest = begun
            .load(Ordering::Relaxed)
            .saturating_sub(cells.len() as u64);
        (oldest <= from).then_some(samples)
    }
}

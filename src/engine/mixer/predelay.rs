//! The pre-delay: one ring per output, and two places to read it from while the delay changes.

use super::smooth::{CHUNK, Course, Smooth};

/// Delays the wet by whole samples; a changed delay is faded over to.
#[derive(Debug)]
pub(super) struct Predelay {
    rings: Vec<Vec<f32>>,
    mask: usize,
    write: usize,
    delay: usize,
    /// The delay faded to. Equal to `delay` when nothing changes.
    next: usize,
    /// The delay asked for while a fade was on its way.
    wanted: usize,
    /// The share of `next`.
    fade: Smooth,
}

impl Predelay {
    pub fn new(outputs: usize, longest: usize, delay: usize, sample_rate: u32) -> Self {
        // A chunk is written before it is read.
        let size = (longest + CHUNK).next_power_of_two();
        Self {
            rings: (0..outputs).map(|_| vec![0.0; size]).collect(),
            mask: size - 1,
            write: 0,
            delay,
            next: delay,
            wanted: delay,
            fade: Smooth::new(1.0, sample_rate),
        }
    }

    pub fn aim(&mut self, delay: usize) {
        self.wanted = delay;
        self.start_fade();
    }

    fn start_fade(&mut self) {
        if self.fade.is_settled() && self.wanted != self.next {
            self.delay = self.next;
            self.next = self.wanted;
            self.fade.jump(0.0);
            self.fade.aim(1.0);
        }
    }

    /// Delays the same `frames` of every output, at most [`CHUNK`].
    pub fn run(&mut self, outputs: &mut [&mut [f32]], from: usize, frames: usize) {
        let mut done = 0;
        while done < frames {
            // A delay that waits is faded to from the sample on that ends the fade before it, however blocks lie.
            let count = match self.fade.left() {
                0 => frames - done,
                left => left.min(frames - done),
            };
            self.run_to(outputs, from + done, count);
            self.start_fade();
            done += count;
        }
    }

    /// As [`Predelay::run`], no farther than to the end of a fade.
    fn run_to(&mut self, outputs: &mut [&mut [f32]], from: usize, frames: usize) {
        let share = self.fade.advance(frames);
        let mask = self.mask;
        for (ring, wet) in self.rings.iter_mut().zip(outputs) {
            let wet = &mut wet[from..from + frames];
            for (ahead, sample) in wet.iter().enumerate() {
                ring[self.write.wrapping_add(ahead) & mask] = *sample;
            }
            let read = |ahead: usize, delay: usize| {
                let here = self.write.wrapping_add(ahead);
                ring[here.wrapping_sub(delay) & mask]
            };
            match &share {
                Course::Still(_) if self.next == 0 => {}
                Course::Still(_) => {
                    for (ahead, sample) in wet.iter_mut().enumerate() {
                        *sample = read(ahead, self.next);
                    }
                }
                Course::Moving(share) => {
                    for (ahead, (sample, share)) in wet.iter_mut().zip(share).enumerate() {
                        let (old, new) = (read(ahead, self.delay), read(ahead, self.next));
                        let share = *share as f32;
                        *sample = old * (1.0 - share) + new * share;
                    }
                }
            }
        }
        self.write = self.write.wrapping_add(frames);
    }

    /// Forgets the sound.
    pub fn clear(&mut self) {
        for ring in &mut self.rings {
            ring.fill(0.0);
        }
    }

    /// Ends a fade.
    pub fn settle(&mut self) {
        (self.delay, self.next) = (self.wanted, self.wanted);
        self.fade.jump(1.0);
    }
}

//! What happens to the sound while the impulse changes: what was played in the old room stays there.
//!
//! One rule. With w rising from 0 to 1 from T on, which is 64 samples after a change has come,
//!
//! ```text
//! output = h_old * (x·(1 − w))  +  h_new * (x·w)
//! ```
//!
//! The input is switched, never the output: w is smooth, so nothing clicks; the old tail rings out in
//! full; nothing is computed anew. With several changes the impulse g of the change at T_g hears x·u_g,
//! u_g = w(t − T_g) · Π (1 − w(t − T_j)) over all later j; these weights sum to one, so a change during a
//! fade is exact too.
//!
//! The head and each level have a log of their own of the changes, and the rule holds for what each of them plays. All logs
//! are alike but in a drag: there the levels of long partitions leave changes out (`level/mixed.rs`).

use super::prepared::PreparedImpulse;
use std::f64::consts::PI;
use std::sync::Arc;

/// Eras that a log holds, and impulses other than shapes that may sound at once: the newest and the tails of those before.
pub(super) const ERAS: usize = 8;

/// Impulses that may be held at once: those that sound, and those that nobody has taken back yet.
pub(super) const SLOTS: usize = 16;

/// Long before any sound.
const EVER: i64 = i64::MIN / 2;

/// The time from one change to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Era {
    /// Sample at which its fade begins.
    pub start: i64,
    /// Slot of its impulse.
    pub impulse: u8,
    /// Whether its impulse is that of the era before, in another shape.
    pub shape: bool,
}

impl Era {
    const NONE: Self = Self {
        start: EVER,
        impulse: 0,
        shape: false,
    };
}

/// A few consecutive eras, oldest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Eras {
    eras: [Era; ERAS],
    count: usize,
}

impl Eras {
    /// One era that has always been.
    pub fn single(impulse: u8) -> Self {
        let mut eras = [Era::NONE; ERAS];
        eras[0].impulse = impulse;
        Self { eras, count: 1 }
    }

    pub fn as_slice(&self) -> &[Era] {
        &self.eras[..self.count]
    }

    /// The era that new sound is played into.
    pub fn newest(&self) -> Era {
        self.eras[self.count - 1]
    }

    pub fn is_full(&self) -> bool {
        self.count == ERAS
    }

    /// Begins an era. If there is no room, the second takes the time of the first too.
    pub fn push(&mut self, era: Era) {
        if self.is_full() {
            self.eras.copy_within(1.., 0);
            self.eras[0].start = EVER;
            self.count -= 1;
        }
        self.eras[self.count] = era;
        self.count += 1;
    }

    /// Begins an era that is one of a drag's shapes: no sooner than `apart` samples after the one before, unless no other
    /// comes for `pause` samples. Of those that come meanwhile, the last is heard.
    pub fn push_dragged(&mut self, mut era: Era, apart: i64, pause: i64) {
        let waits = self.waits(era.start);
        let last = self.eras[self.count - if waits { 2 } else { 1 }];
        let due = last.start.saturating_add(apart);
        era.start = due.min(era.start + pause).max(era.start);
        self.count -= usize::from(waits);
        self.push(era);
    }

    /// Begins an era at once, also in the place of one that waits.
    pub fn push_now(&mut self, era: Era) {
        self.count -= usize::from(self.waits(era.start));
        self.push(era);
    }

    /// Whether the newest has not begun at sample `now`.
    fn waits(&self, now: i64) -> bool {
        self.count > 1 && self.newest().start > now
    }

    /// Forgets eras that have no weight from sample `from` on, for fades of `fade` samples.
    pub fn expire(&mut self, from: i64, fade: i64) {
        let over = |next: &&Era| next.start.saturating_add(fade) <= from;
        let over = self.as_slice()[1..].iter().take_while(over).count();
        self.eras.copy_within(over..self.count, 0);
        self.count -= over;
    }

    /// The impulses, as a set of slots.
    pub fn in_use(&self) -> u16 {
        let eras = self.as_slice().iter();
        eras.fold(0, |set, era| set | 1 << era.impulse)
    }

    /// Lets the era at `index` have all the weight of those before it.
    pub fn join_older(&mut self, index: usize) {
        self.eras[index].start = EVER;
    }

    /// Those that have a weight in the samples `from..to`, for fades of `fade` samples.
    pub fn within(&self, from: i64, to: i64, fade: i64) -> Self {
        let mut found = Self {
            eras: [Era::NONE; ERAS],
            count: 0,
        };
        for (index, &era) in self.as_slice().iter().enumerate() {
            let next = self.as_slice().get(index + 1);
            if era.start < to && next.is_none_or(|next| next.start + fade > from) {
                found.push(era);
            }
        }
        found
    }
}

/// The fade: a raised cosine.
#[derive(Clone, Debug)]
pub(super) struct Fade(Vec<f32>);

impl Fade {
    pub fn new(frames: usize) -> Self {
        let at = |i| 0.5 - 0.5 * (PI * (i as f64 + 0.5) / frames as f64).cos();
        Self((0..frames).map(|i| at(i) as f32).collect())
    }

    /// Samples from 0 to 1.
    pub fn frames(&self) -> i64 {
        self.0.len() as i64
    }

    /// Multiplies `samples`, the first of which is sample `from`, by the weight of the era at `index`. Audio thread.
    pub fn weigh(&self, eras: &Eras, index: usize, from: i64, samples: &mut [f32]) {
        let (before, later) = eras.as_slice().split_at(index + 1);
        let (rising, rest) = self.parts(before[index].start, from, samples);
        for (sample, &w) in rest.iter_mut().zip(rising) {
            *sample *= w;
        }
        let silent = samples.len() - rest_len(before[index].start, from, samples.len());
        samples[..silent].fill(0.0);
        for era in later {
            let (rising, rest) = self.parts(era.start, from, samples);
            for (sample, &w) in rest.iter_mut().zip(rising) {
                *sample *= 1.0 - w;
            }
            let gone = rest.len().min(rising.len());
            rest[gone..].fill(0.0);
        }
    }

    /// What a fade that starts at `start` does to `samples` from sample `from` on: its values that fall
    /// among them, and the samples that it has begun for.
    fn parts<'a>(&self, start: i64, from: i64, samples: &'a mut [f32]) -> (&[f32], &'a mut [f32]) {
        let begun = (from - start).clamp(0, self.frames()) as usize;
        let rest = rest_len(start, from, samples.len());
        let first = samples.len() - rest;
        (&self.0[begun..], &mut samples[first..])
    }
}

/// How many of `length` samples from `from` on are not before `start`.
fn rest_len(start: i64, from: i64, length: usize) -> usize {
    length - (start - from).clamp(0, length as i64) as usize
}

/// The impulses of the eras, by slot, and those on their way out.
#[derive(Debug, Default)]
pub(super) struct Impulses {
    slots: [Option<Arc<PreparedImpulse>>; SLOTS],
    /// Slots that nothing reads any more.
    retired: u16,
    /// Slots whose impulse came as a shape of the one before.
    shapes: u16,
}

impl Impulses {
    /// Only `impulse`, in slot 0.
    pub fn single(impulse: Arc<PreparedImpulse>) -> Self {
        let mut impulses = Self::default();
        impulses.slots[0] = Some(impulse);
        impulses
    }

    #[inline]
    pub fn get(&self, slot: u8) -> Option<&PreparedImpulse> {
        self.slots[usize::from(slot)].as_deref()
    }

    /// A slot for an impulse that comes as a shape of the one before, or for another one: of those, no more than
    /// [`ERAS`] may sound.
    pub fn vacant(&self, shape: bool) -> Option<u8> {
        let others = (self.sounding() & !self.shapes).count_ones() as usize;
        let slot = self.slots.iter().position(Option::is_none)?;
        (shape || others < ERAS).then_some(slot as u8)
    }

    pub fn put(&mut self, slot: u8, impulse: Arc<PreparedImpulse>, shape: bool) {
        self.slots[usize::from(slot)] = Some(impulse);
        self.shapes &= !(1 << slot);
        self.shapes |= u16::from(shape) << slot;
    }

    /// Slots of impulses that something may still read.
    pub fn sounding(&self) -> u16 {
        let slots = (0..SLOTS).filter(|&slot| self.slots[slot].is_some());
        slots.fold(0, |set, slot| set | 1 << slot) & !self.retired
    }

    /// Retires those that are not `in_use`, a set of slots.
    pub fn retire_all_but(&mut self, in_use: u16) {
        self.retired |= self.sounding() & !in_use;
    }

    /// Takes out one that nothing reads any more. Audio thread: it is moved, not dropped.
    pub fn take_retired(&mut self) -> Option<Arc<PreparedImpulse>> {
        if self.retired == 0 {
            return None;
        }
        let slot = self.retired.trailing_zeros();
        self.retired &= self.retired - 1;
        self.slots[slot as usize].take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights of the module's rule, one sample at a time in f64.
    fn weight(fade: &Fade, eras: &Eras, index: usize, t: i64) -> f64 {
        let w = |start: i64| {
            let at = t.saturating_sub(start);
            if at < 0 {
                0.0
            } else {
                fade.0.get(at as usize).map_or(1.0, |&w| f64::from(w))
            }
        };
        let eras = eras.as_slice();
        let later = eras[index + 1..].iter().map(|era| 1.0 - w(era.start));
        w(eras[index].start) * later.product::<f64>()
    }

    #[test]
    fn weights_follow_the_rule_and_sum_to_one() {
        let fade = Fade::new(100);
        let mut eras = Eras::single(0);
        for (impulse, start) in [(1, 10), (2, 60), (3, 61), (4, 300)] {
            eras.push(Era {
                start,
                impulse,
                shape: false,
            });
        }
        for (from, length) in [
            (-50, 20),
            (-50, 500),
            (0, 64),
            (64, 64),
            (110, 300),
            (500, 64),
        ] {
            let within = eras.within(from, from + length, fade.frames());
            let mut sum = vec![0.0f64; length as usize];
            for index in 0..within.as_slice().len() {
                let mut samples = vec![1.0f32; length as usize];
                fade.weigh(&within, index, from, &mut samples);
                for (n, (sample, sum)) in samples.iter().zip(&mut sum).enumerate() {
                    let want = weight(&fade, &within, index, from + n as i64);
                    assert!(
                        (f64::from(*sample) - want).abs() < 1e-6,
                        "{from} {index} {n}"
                    );
                    *sum += f64::from(*sample);
                }
            }
            assert!(
                sum.iter().all(|sum| (sum - 1.0).abs() < 1e-6),
                "{from}: {sum:?}"
            );
        }
    }

    #[test]
    fn only_the_eras_that_are_heard_are_within() {
        let mut eras = Eras::single(0);
        eras.push(Era {
            start: 1000,
            impulse: 1,
            shape: false,
        });
        let heard = |from, to| -> Vec<u8> {
            let within = eras.within(from, to, 100);
            within.as_slice().iter().map(|era| era.impulse).collect()
        };
        assert_eq!(heard(0, 1000), [0]);
        assert_eq!(heard(936, 1001), [0, 1]);
        assert_eq!(heard(1099, 1163), [0, 1]);
        assert_eq!(heard(1100, 1164), [1]);
    }
}

//! The chooser of one instance: the factory impulses at their slots, and the session's own at places of theirs.
//!
//! The session's own are in the session, so a place holds the same on every machine, and automation finds it:
//!
//! - A file gets the first place after all that were given, from [`FIRST_OF_USER`] on, and keeps it; the same sound
//!   gets the same.
//! - [`CUSTOM`] holds what came without a file, as from a preset: the last of them.
//!
//! What does not play keeps its copy as long as all of these together take at most [`EMBEDDING_LIMIT`] bytes. Beyond that,
//! what has just been read from its file is referred to without.

use super::{Choice, Kept, Sound};
use crate::params::Slots;
use crate::params::slots::{COUNT, CUSTOM, FIRST_OF_USER};
use crate::preset::{EMBEDDING_LIMIT, ImpulseReference};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which slots hold something, for whoever may not wait.
#[derive(Default)]
pub(super) struct Filled([AtomicU64; COUNT / 64]);

impl Filled {
    fn put(&self, slots: &Slots) {
        for (word, bits) in self.0.iter().enumerate() {
            let filled = (0..64).filter(|bit| slots.impulse(64 * word + bit).is_some());
            let sum = filled.fold(0, |sum, bit| sum | 1 << bit);
            bits.store(sum, Ordering::Relaxed);
        }
    }

    /// The next slot after `slot`, or the one before it, that holds something, as [`Slots::next`] has it. Audio thread.
    pub fn step(&self, slot: usize, forwards: bool) -> usize {
        let holds = |slot: &usize| {
            let bits = self.0[slot / 64].load(Ordering::Relaxed);
            bits >> (slot % 64) & 1 != 0
        };
        let mut around = (1..=COUNT).map(|step| match forwards {
            true => (slot + step) % COUNT,
            false => (slot % COUNT + COUNT - step) % COUNT,
        });
        around.find(holds).unwrap_or(slot)
    }
}

/// Whether a slot is the session's own.
fn is_own(slot: usize) -> bool {
    slot == CUSTOM || (FIRST_OF_USER..COUNT).contains(&slot)
}

impl Kept {
    /// Where what plays is in the chooser.
    pub(super) fn place(&self) -> usize {
        let slot = self.instance.slot;
        let Some(impulse) = &self.instance.impulse else {
            return slot;
        };
        match &impulse.factory {
            Some(name) => Slots::of_factory(name).unwrap_or(CUSTOM),
            None => {
                let place = self.instance.place.unwrap_or(slot);
                if is_own(place) { place } else { CUSTOM }
            }
        }
    }

    /// The chooser stands at `slot`, and what plays plays on.
    pub(super) fn stand(&mut self, slot: usize) {
        if self.instance.slot != slot {
            let place = self.place();
            self.instance.slot = slot;
            self.keep_place(place);
            self.changed();
        }
    }

    fn keep_place(&mut self, place: usize) {
        let apart = is_own(place) && place != self.instance.slot;
        self.instance.place = apart.then_some(place);
    }

    /// What stands in a slot is to be played. An empty slot changes nothing.
    pub(super) fn choose(&mut self, slot: usize) {
        self.chosen = None;
        if slot == self.place() && self.instance.impulse.is_some() {
            return;
        }
        if let Some(name) = Slots::factory(slot) {
            self.chosen = Some(Choice::Slot(name));
        } else if is_own(slot)
            && let Some(own) = self.instance.others.remove(&slot)
        {
            self.play(own, slot);
            (self.sound, self.in_file) = (Sound::NotLoaded, false);
            self.note = None;
            // What somebody loads now is overtaken.
            self.changes += 1;
        }
    }

    /// What the chooser holds beside the factory impulses, by place.
    fn own(&self) -> impl Iterator<Item = (usize, &ImpulseReference)> {
        let now = self.instance.impulse.iter().map(|now| (self.place(), now));
        let others = self.instance.others.iter();
        let all = now.chain(others.map(|(slot, other)| (*slot, other)));
        all.filter(|(slot, own)| is_own(*slot) && own.factory.is_none())
    }

    /// What is at a place that is the session's own.
    #[cfg(feature = "editor")]
    pub(super) fn at(&self, slot: usize) -> Option<&ImpulseReference> {
        let found = self.own().find(|(place, _)| *place == slot);
        found.map(|(_, own)| own)
    }

    /// The place for what has been chosen.
    pub(super) fn place_for(&self, reference: &ImpulseReference) -> usize {
        if let Some(name) = &reference.factory {
            return Slots::of_factory(name).unwrap_or(CUSTOM);
        }
        let hash = reference.sound_hash.as_ref();
        let same = |other: &ImpulseReference| hash.is_some() && other.sound_hash.as_ref() == hash;
        if let Some((slot, _)) = self.own().find(|(_, other)| same(other)) {
            return slot;
        }
        if reference.path().is_none() {
            return CUSTOM;
        }
        let given = self.own().map(|(slot, _)| slot + 1).max();
        let next = given.unwrap_or(0).max(FIRST_OF_USER);
        if next < COUNT { next } else { CUSTOM }
    }

    /// `reference` is what plays from now on, at that place. What played before keeps its own.
    pub(super) fn play(&mut self, reference: ImpulseReference, place: usize) {
        let left = self.place();
        self.instance.others.remove(&place);
        let before = self.instance.impulse.replace(reference);
        if let Some(before) = before.filter(|before| before.factory.is_none() && left != place) {
            let bytes =
                |reference: &ImpulseReference| reference.copy().map_or(0, |copy| copy.bytes());
            let others = self.instance.others.values().map(bytes).sum::<usize>();
            let fits = others + bytes(&before) <= EMBEDDING_LIMIT;
            let in_file = before.path().is_some() && self.in_file;
            let kept = if in_file && !fits {
                before.without_copy()
            } else {
                before
            };
            self.instance.others.insert(left, kept);
        }
        self.keep_place(place);
        self.changed();
    }

    /// What the chooser holds.
    pub(super) fn slots(&mut self) -> Arc<Slots> {
        if let Some(slots) = &self.slots {
            return Arc::clone(slots);
        }
        let (mut custom, mut user) = (None, Vec::new());
        for (slot, own) in self.own() {
            let name = Some(crate::impulse::load::shown(&own.name));
            match slot.checked_sub(FIRST_OF_USER) {
                None => custom = name,
                Some(index) => {
                    user.resize(user.len().max(index + 1), None);
                    user[index] = name;
                }
            }
        }
        let slots = Arc::new(Slots::with_user(user).with_custom(custom));
        self.filled.put(&slots);
        self.slots = Some(Arc::clone(&slots));
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_the_names() {
        let filled = Filled::default();
        let mut user = vec![None; COUNT - FIRST_OF_USER];
        user[3] = Some("one".to_owned());
        let last = user.len() - 1;
        for (custom, ends) in [(None, None), (Some("it"), Some("last"))] {
            user[last] = ends.map(str::to_owned);
            let slots = Slots::with_user(user.clone()).with_custom(custom.map(str::to_owned));
            filled.put(&slots);
            for slot in 0..COUNT {
                assert_eq!(filled.step(slot, true), slots.next(slot), "after {slot}");
                assert_eq!(
                    filled.step(slot, false),
                    slots.previous(slot),
                    "before {slot}"
                );
            }
        }
    }
}

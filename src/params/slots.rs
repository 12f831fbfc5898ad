//! The impulses as one parameter: which number means which impulse.
//!
//! A host needs an impulse to be a number that means the same tomorrow, in a parameter whose range never changes. So
//! there are [`COUNT`] slots, most of them empty:
//!
//! | slot | holds |
//! |---|---|
//! | 0 | the one that came without a file of its own, as with a preset |
//! | 1 … 255 | factory impulses, each at the place that `FACTORY` gives it; the list only grows at its end |
//! | 256 … 1023 | the user's files, as they were loaded: each gets the next slot and keeps it |
//!
//! All but the factory's belong to the session and are saved with it, so a number means the same on every machine, whatever
//! its library holds. Choosing an empty slot changes nothing.
//!
//! The parameter is stepped, so a host's own "next" and "previous" go from slot to slot;
//! [`Slots::next`] and [`Slots::previous`] go on to the next that is not empty.

use crate::impulse::library;

/// How many slots there are, slot 0 included.
pub const COUNT: usize = 1024;

/// The first slot of the user's files.
pub const FIRST_OF_USER: usize = 256;

/// The slot of an impulse that has no file.
pub const CUSTOM: usize = 0;

/// Factory impulses by slot, from 1 on. Append only: sessions and automation hold the numbers. An impulse that is no
/// longer made leaves its name here.
const FACTORY: &[&str] = &[
    "echo-two-spikes",
    "echo-ping-pong",
    "room",
    "hall",
    "plate",
    "spring",
    "echo-slap",
    "echo-tape",
    "echo-dotted",
    "echo-multi-tap",
    "echo-tresillo",
    "studio-booth",
    "drum-room",
    "wood-room",
    "tiled-room",
    "ambience",
    "ambience-stage",
    "chamber",
    "chamber-short",
    "small-hall",
    "church",
    "cathedral",
    "plate-dark",
    "plate-short",
    "spring-short",
    "gated",
    "reverse",
    "telephone",
    "transistor-radio",
    "guitar-cabinet",
    "megaphone",
];

/// The slot of a new instance: hall.
pub const DEFAULT: usize = 4;

/// What is in the slots: names, as a host shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    custom: Option<String>,
    /// By slot − [`FIRST_OF_USER`].
    user: Vec<Option<String>>,
}

impl Slots {
    /// The factory impulses and nobody else's.
    pub const FACTORY_ONLY: Self = Self {
        custom: None,
        user: Vec::new(),
    };

    /// With the user's impulses, by slot from [`FIRST_OF_USER`] on. More than there are slots are left out.
    pub fn with_user(mut user: Vec<Option<String>>) -> Self {
        user.truncate(COUNT - FIRST_OF_USER);
        Self {
            user,
            ..Self::FACTORY_ONLY
        }
    }

    /// With that impulse in slot [`CUSTOM`].
    pub fn with_custom(self, custom: Option<String>) -> Self {
        Self { custom, ..self }
    }

    /// The factory impulse in that slot.
    pub fn factory(slot: usize) -> Option<&'static str> {
        let name = *FACTORY.get(slot.checked_sub(1)?)?;
        library::factory()
            .iter()
            .any(|impulse| impulse.name == name)
            .then_some(name)
    }

    /// The slot of the factory impulse of that name.
    pub fn of_factory(name: &str) -> Option<usize> {
        let place = FACTORY.iter().position(|known| *known == name)?;
        Some(place + 1)
    }

    /// What is in `slot`, if something is.
    pub fn impulse(&self, slot: usize) -> Option<&str> {
        if slot == CUSTOM {
            return self.custom.as_deref();
        }
        if slot < FIRST_OF_USER {
            return Self::factory(slot);
        }
        self.user.get(slot - FIRST_OF_USER)?.as_deref()
    }

    /// What a host shows for `slot`. No two slots show the same.
    pub fn name(&self, slot: usize) -> String {
        match self.impulse(slot) {
            None if slot == CUSTOM => "custom".to_owned(),
            Some(name) if slot == CUSTOM => format!("custom: {name}"),
            None => format!("empty {slot}"),
            Some(name) => {
                // Of two of one name, the later shows its number too.
                let taken = (1..slot).any(|other| self.impulse(other) == Some(name));
                if taken || name.starts_with("empty ") || name.starts_with("custom") {
                    format!("{name} ({slot})")
                } else {
                    name.to_owned()
                }
            }
        }
    }

    /// The slot of that name or number; "custom" is [`CUSTOM`], whatever it holds. Case does not matter.
    pub fn find(&self, typed: &str) -> Option<usize> {
        let typed = typed.trim();
        if let Ok(slot) = typed.parse::<usize>() {
            return (slot < COUNT).then_some(slot);
        }
        let typed = typed.to_lowercase();
        if typed == "custom" {
            return Some(CUSTOM);
        }
        (0..COUNT).find(|slot| self.name(*slot).to_lowercase() == typed)
    }

    /// The next slot after `slot` that holds something, from the beginning again after the last.
    pub fn next(&self, slot: usize) -> usize {
        let around = (1..=COUNT).map(|step| (slot + step) % COUNT);
        self.first_full(around).unwrap_or(slot)
    }

    /// The one before it.
    pub fn previous(&self, slot: usize) -> usize {
        let around = (1..=COUNT).map(|step| (slot + 2 * COUNT - step) % COUNT);
        self.first_full(around).unwrap_or(slot)
    }

    fn first_full(&self, mut slots: impl Iterator<Item = usize>) -> Option<usize> {
        slots.find(|slot| self.impulse(*slot).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_factory_impulse_has_a_slot_and_the_default_is_the_hall() {
        for impulse in library::factory() {
            let slot =
                Slots::of_factory(impulse.name).expect("a slot: add it to FACTORY, at the end");
            assert_eq!(Slots::factory(slot), Some(impulse.name));
        }
        assert_eq!(Slots::factory(DEFAULT), Some("hall"));
        assert!(FACTORY.len() < FIRST_OF_USER);
    }

    #[test]
    fn next_and_previous_pass_over_what_is_empty_and_go_round() {
        let user = vec![None, Some("my room".to_owned()), None];
        let slots = Slots::with_user(user);
        let last = FACTORY.len();
        assert_eq!(slots.next(CUSTOM), 1);
        assert_eq!(slots.next(last), FIRST_OF_USER + 1);
        assert_eq!(slots.next(FIRST_OF_USER + 1), 1);
        assert_eq!(slots.previous(1), FIRST_OF_USER + 1);
        assert_eq!(slots.previous(FIRST_OF_USER + 1), last);
    }

    #[test]
    fn names_are_never_the_same_and_find_their_slots() {
        let user = ["hall", "my room", "My Room", "my room", "empty 9", "custom"];
        let user = user.iter().map(|name| Some((*name).to_owned()));
        let slots = Slots::with_user(user.collect());
        for slot in (0..20).chain(FIRST_OF_USER..FIRST_OF_USER + 8) {
            let name = slots.name(slot);
            assert_eq!(slots.find(&slot.to_string()), Some(slot));
            let found = slots.find(&name).expect("found");
            assert_eq!(slots.name(found).to_lowercase(), name.to_lowercase());
        }
        assert_eq!(slots.name(FIRST_OF_USER), "hall (256)");
        let slots = slots.with_custom(Some("hall".to_owned()));
        assert_eq!(slots.name(CUSTOM), "custom: hall");
        for typed in ["custom", "Custom: hall"] {
            assert_eq!(slots.find(typed), Some(CUSTOM), "{typed}");
        }
        let last = FIRST_OF_USER + 5;
        assert_eq!((slots.next(last), slots.previous(1)), (CUSTOM, CUSTOM));
        assert_eq!(slots.find("HALL"), Some(DEFAULT));
        assert_eq!(slots.find("1024"), None);
        assert_eq!(slots.find("no such"), None);
        assert_eq!(slots.name(1023), "empty 1023");
    }
}

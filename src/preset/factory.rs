//! The presets that are in the program.
//!
//! To add one: its entry in factory.toml. tests/preset.rs renders each.

use super::{ImpulseReference, Preset};
use crate::params::{Slots, Values, assignment};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// All factory presets, in the file's order.
pub fn factory() -> &'static [Preset] {
    static FACTORY: LazyLock<Vec<Preset>> = LazyLock::new(|| {
        // Constants of this build, proven by tests/preset.rs: no user can make these fail.
        let file: File = toml::from_str(include_str!("factory.toml"))
            .expect("src/preset/factory.toml is well-formed");
        file.preset.into_iter().map(Entry::preset).collect()
    });
    &FACTORY
}

/// factory.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preset: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    about: String,
    /// A factory impulse.
    impulse: String,
    /// Typed as for `--set`; the others are the defaults.
    parameters: BTreeMap<String, String>,
}

impl Entry {
    fn preset(self) -> Preset {
        let mut values = Values::default();
        for (key, typed) in &self.parameters {
            let set = assignment(&format!("{key}={typed}"), &Slots::FACTORY_ONLY);
            let (id, value) = set.expect("src/preset/factory.toml sets what there is");
            values.set(id, value);
        }
        let impulse = ImpulseReference::to_factory_named(&self.impulse);
        Preset {
            about: self.about,
            ..Preset::new(&self.name, &values, Some(impulse))
        }
    }
}

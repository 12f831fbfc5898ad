//! The factory impulses.
//!
//! Guaranteed: they are in the program itself, so their names work on every machine without a file.
//!
//! To add one: its WAV in impulses/, its entry in impulses/catalogue.toml, its line in `WAVS`.
//! tests/impulse_library.rs fails while the three disagree.

use crate::impulse::load::{self, LayoutChoice, LoadError, Loaded};
use crate::impulse::{ImpulseResponse, Layout};
use serde::Deserialize;
use std::io::Cursor;
use std::sync::LazyLock;

/// Name → WAV file, embedded.
macro_rules! embedded {
    ($($name:literal,)*) => {
        &[$(($name, include_bytes!(concat!("../../../impulses/", $name, ".wav")))),*]
    };
}

/// The embedded files.
static WAVS: &[(&str, &[u8])] = embedded! {
    "echo-two-spikes",
    "echo-ping-pong",
    "room",
    "hall",
    "plate",
    "spring",
};

/// What makes the sound of a factory impulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Spikes.
    Echo,
    /// A small space.
    Room,
    /// A large one.
    Hall,
    /// A steel plate.
    Plate,
    /// A spring tank.
    Spring,
}

/// An impulse that is part of the program.
#[derive(Clone, Copy, Debug)]
pub struct FactoryImpulse {
    /// What the user types: the WAV's stem in impulses/.
    pub name: &'static str,
    /// What makes its sound.
    pub kind: Kind,
    /// What its channels are.
    pub layout: Layout,
    /// One line about it.
    pub description: &'static str,
    /// SPDX expression.
    pub licence: &'static str,
    wav: &'static [u8],
}

impl FactoryImpulse {
    /// Decodes it. Fails only if the program was built from a broken WAV. Loader thread.
    pub fn load(&self) -> Result<ImpulseResponse, LoadError> {
        self.open().map(|loaded| loaded.impulse)
    }

    /// As [`FactoryImpulse::load`]; the layout is the catalogue's. Loader thread.
    pub fn open(&self) -> Result<Loaded, LoadError> {
        let layout = match self.layout {
            Layout::Matrix | Layout::MatrixOf { .. } => LayoutChoice::Matrix,
            Layout::TrueStereo => LayoutChoice::TrueStereo,
            Layout::Mono | Layout::Stereo => LayoutChoice::Auto,
        };
        load::open_reader(self.name, Cursor::new(self.wav), layout)
    }
}

/// All factory impulses, in the catalogue's order.
pub fn factory() -> &'static [FactoryImpulse] {
    static FACTORY: LazyLock<Vec<FactoryImpulse>> = LazyLock::new(|| {
        // Constants of this build, proven by tests/impulse_library.rs: no user can make these fail.
        let catalogue: Catalogue = toml::from_str(include_str!("../../../impulses/catalogue.toml"))
            .expect("impulses/catalogue.toml is well-formed");
        let entries = catalogue.impulse.into_iter();
        entries
            .map(|entry| {
                let wav = WAVS.iter().find(|(name, _)| *name == entry.name);
                FactoryImpulse {
                    wav: wav.expect("every catalogue entry has a line in WAVS").1,
                    name: entry.name.leak(),
                    kind: entry.kind,
                    layout: entry.layout,
                    description: entry.description.leak(),
                    licence: entry.licence.leak(),
                }
            })
            .collect()
    });
    &FACTORY
}

/// impulses/catalogue.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    impulse: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    kind: Kind,
    layout: Layout,
    description: String,
    licence: String,
}

/// The names of the embedded WAVs, whether the catalogue knows them or not.
pub fn embedded() -> impl Iterator<Item = &'static str> {
    WAVS.iter().map(|(name, _)| *name)
}

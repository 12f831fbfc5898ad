//! The factory impulses.
//!
//! Guaranteed: they are in the program itself, so their names work on every machine without a file.
//!
//! To add one: its entry in xtask/src/impulses/list.rs, from which `cargo xtask impulses` makes its WAV and its entry in
//! impulses/catalogue.toml; its line in `WAVS`. tests/impulse_library.rs fails while they disagree, and
//! tests/impulse_factory.rs while it does not measure what it was designed for.

use super::hash::ContentHash;
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
    "echo-slap",
    "echo-tape",
    "echo-dotted",
    "echo-ping-pong",
    "echo-multi-tap",
    "echo-tresillo",
    "studio-booth",
    "room",
    "drum-room",
    "wood-room",
    "tiled-room",
    "ambience",
    "ambience-stage",
    "chamber",
    "chamber-short",
    "small-hall",
    "hall",
    "church",
    "cathedral",
    "plate",
    "plate-dark",
    "plate-short",
    "spring",
    "spring-short",
    "gated",
    "reverse",
    "telephone",
    "transistor-radio",
    "guitar-cabinet",
    "megaphone",
};

/// What makes the sound of a factory impulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Repeats that are heard one by one.
    Echo,
    /// A small space.
    Room,
    /// The early sound of a space, without its tail.
    Ambience,
    /// A hard small room built for its reverberation.
    Chamber,
    /// A large space for music.
    Hall,
    /// A larger one of stone.
    Church,
    /// A steel plate.
    Plate,
    /// A spring tank.
    Spring,
    /// What no space does: gated, reversed.
    Effect,
    /// The colour of a loudspeaker or a line.
    Speaker,
}

/// What the generator aimed at; tests/impulse_factory.rs measures what became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// Decay time T30 in seconds per octave band from 125 Hz up: to 8 kHz, or as far as the sound reaches.
    pub t30: &'static [f64],
    /// Early-to-late balance C80 in dB: the mean of the octaves at 500 Hz and 1 kHz (ISO 3382-1, table A.1), energies of
    /// all channels added. `None` where single echoes decide it.
    pub c80: Option<f64>,
}

/// An impulse that is part of the program.
#[derive(Clone, Copy, Debug)]
pub struct FactoryImpulse {
    /// What the user types: the WAV's stem in impulses/.
    pub name: &'static str,
    /// What makes its sound.
    pub kind: Kind,
    /// Single lower-case words to find it by.
    pub tags: &'static [&'static str],
    /// What it was designed to measure. `None` for what has no reverberation.
    pub design: Option<Design>,
    /// What its channels are.
    pub layout: Layout,
    /// One line about it.
    pub description: &'static str,
    /// SPDX expression.
    pub licence: &'static str,
    wav: &'static [u8],
}

impl FactoryImpulse {
    /// The hash of its WAV, which a new version of the program may make anew.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(self.wav)
    }

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
                    tags: entry
                        .tags
                        .into_iter()
                        .map(|tag| -> &str { tag.leak() })
                        .collect::<Vec<_>>()
                        .leak(),
                    design: entry.t30.map(|t30| Design {
                        t30: t30.leak(),
                        c80: entry.c80,
                    }),
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
    tags: Vec<String>,
    t30: Option<Vec<f64>>,
    c80: Option<f64>,
    description: String,
    licence: String,
}

/// The names of the embedded WAVs, whether the catalogue knows them or not.
pub fn embedded() -> impl Iterator<Item = &'static str> {
    WAVS.iter().map(|(name, _)| *name)
}

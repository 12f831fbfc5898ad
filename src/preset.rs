//! What a preset and a session say, and how it is read again: settings, and an impulse that is never lost.
//!
//! A [`Preset`] is one JSON file, `NAME.partita`, for the plugin, `partita render --preset` and whatever plays live:
//!
//! ```json
//! {
//!   "format": "partita preset", "version": 1, "oldest_reader": 1,
//!   "name": "Long hall", "about": "…",
//!   "parameters": { "mix": 30.0, "reverse": false, … },
//!   "impulse": {
//!     "name": "hall", "factory": "hall", "sound_hash": "…", "file_hash": "…", "path": "/…/hall.wav", "layout": "auto",
//!     "copy": { "sample_rate": 48000, "layout": "stereo", "channels": 2, "frames": 144000, "coding": "planes-zlib", "data": "…" }
//!   }
//! }
//! ```
//!
//! A session of the plugin holds the same impulse, as an [`Instance`]; its parameters are the host's to keep.
//!
//! What is guaranteed:
//!
//! - What is read and written again is the same: values to the bit, the reference whether or not its file is there, and every
//!   field that is not known here, since a later version may have written it.
//! - `oldest_reader` is the oldest version that understands it. If that is newer than [`VERSION`], it is refused, not
//!   misread. What an older version left out is what it was then: the default.
//! - No text makes this panic or take memory without bound: [`MAX_BYTES`] of text, [`MAX_VALUES`] values in it, and what
//!   [`copy`] says. What is refused changes nothing.
//! - A preset from a stranger has sound files read, and no other, and nothing written: see [`mod@reference`].
//!
//! Which impulses are put into what is saved is [`Embedding`]'s choice: by default those that are not in the program anyway.

pub mod bank;
pub mod copy;
mod factory;
mod file;
mod instance;
mod parameters;
pub mod reference;

pub use bank::{Bank, BankError, Deleted};
pub use copy::{Copy, CopyError, TooLarge, sound_hash};
pub use factory::factory;
pub use file::{EXTENSION, PresetError, PresetFault, SaveError};
pub use instance::Instance;
pub use reference::{
    Drawn, EMBEDDING_LIMIT, Embedding, Find, ImpulseReference, Place, ResolveError, Resolved,
    in_library,
};

use crate::impulse::load;
use crate::params::Values;
use parameters::Parameters;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// The version of what is written here.
pub const VERSION: u32 = 1;

/// The most text that is read, in bytes.
pub const MAX_BYTES: usize = 128 << 20;

/// The most values in it; a preset has about a hundred.
pub const MAX_VALUES: usize = 100_000;

/// Why a text is no preset, in one line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// More than would be read.
    #[error("expected at most {MAX_BYTES} bytes, got {0}")]
    TooLarge(usize),
    /// More than a preset has.
    #[error("expected at most {MAX_VALUES} values, got more")]
    TooMany,
    /// It is something else.
    #[error("expected {expected:?} as its format, got {got:?}")]
    Format {
        /// What it should say.
        expected: &'static str,
        /// What it says, shortened.
        got: String,
    },
    /// It was written by a later version that says so.
    #[error(
        "expected something that version {VERSION} of the format can say, got one that needs version {0}; update Partita"
    )]
    TooNew(u32),
    /// It is damaged, or not made by Partita.
    #[error("expected {0}")]
    Malformed(String),
    /// The copy of its impulse cannot be.
    #[error("the copy of its impulse: {0}")]
    Copy(#[from] CopyError),
}

/// What both kinds of text begin with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    oldest_reader: u32,
}

impl Header {
    fn new(format: &str) -> Self {
        Self {
            format: format.to_owned(),
            version: VERSION,
            oldest_reader: 1,
        }
    }
}

/// Settings and an impulse, under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    #[serde(flatten)]
    header: Header,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// One line about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    #[serde(default)]
    parameters: Parameters,
    /// What it plays. `None` leaves the impulse that plays already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impulse: Option<ImpulseReference>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

const FORMAT: &str = "partita preset";

impl Preset {
    /// Of these settings and this impulse. Bypass and the number of the impulse's slot are no part of a preset.
    pub fn new(name: &str, values: &Values, impulse: Option<ImpulseReference>) -> Self {
        Self {
            header: Header::new(FORMAT),
            name: name.to_owned(),
            about: String::new(),
            parameters: Parameters::new(values),
            impulse,
            unknown: Map::new(),
        }
    }

    /// The settings; bypass is off, and the impulse's slot is that of the factory impulse, if it is one.
    pub fn values(&self) -> Values {
        let mut values = self.parameters.values.clone();
        let factory = self.impulse.as_ref().and_then(|it| it.factory.as_deref());
        let slot = factory.and_then(crate::params::Slots::of_factory);
        let slot = slot.unwrap_or(crate::params::slots::CUSTOM);
        values.set(crate::params::Id::Impulse, slot as f32);
        values
    }

    /// Changes the settings.
    pub fn set_values(&mut self, values: &Values) {
        self.parameters.set(values);
    }

    /// Reads what [`Preset::to_text`] wrote. The impulse is not looked for yet. Loader thread.
    ///
    /// Errors: every [`ParseError`].
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let preset: Self = parse(text, FORMAT)?;
        if let Some(impulse) = &preset.impulse {
            impulse.check()?;
        }
        Ok(preset)
    }

    /// As one JSON object, in lines. Loader thread.
    pub fn to_text(&self) -> String {
        // Fails for maps whose keys are no text; there is none.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Reads an object whose header says `format` and a version for which this one is not too old.
fn parse<T: DeserializeOwned>(text: &[u8], format: &'static str) -> Result<T, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(ParseError::TooLarge(text.len()));
    }
    // Each value but the first has one of these before it.
    let values = text.iter().filter(|byte| b",:[{".contains(byte));
    if values.count() > MAX_VALUES {
        return Err(ParseError::TooMany);
    }
    let malformed = |error: serde_json::Error| {
        let told: String = load::shown(&error.to_string()).chars().take(200).collect();
        ParseError::Malformed(format!(
            "a {format}, but it is damaged or something else: {told}"
        ))
    };
    // Before anything else: what a later version means by the rest is not known.
    let header: Header = serde_json::from_slice(text).map_err(malformed)?;
    if header.format != format {
        return Err(ParseError::Format {
            expected: format,
            got: header.format.chars().take(40).collect(),
        });
    }
    if header.oldest_reader > VERSION {
        return Err(ParseError::TooNew(header.oldest_reader));
    }
    serde_json::from_slice(text).map_err(malformed)
}

//! What a session keeps of one instance of the plugin, beside the parameters, which the host keeps.

use super::{Embedding, Header, ImpulseReference, ParseError, parse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const FORMAT: &str = "partita instance";

/// The impulse of an instance, and how it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    #[serde(flatten)]
    header: Header,
    /// What plays. `None` until something was chosen: the slot decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impulse: Option<ImpulseReference>,
    /// Where the slot's parameter stood when it was chosen. While it stands there, `impulse` plays; moved, it chooses anew.
    #[serde(default)]
    pub slot: usize,
    /// Where `impulse` is in the chooser, if it is no factory impulse and not at `slot`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// What else the chooser holds beside the factory impulses, by slot.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<usize, ImpulseReference>,
    /// Name of the preset that the settings come from, if they come from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Which impulses go into the session.
    #[serde(default)]
    pub embedding: Embedding,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            header: Header::new(FORMAT),
            impulse: None,
            slot: crate::params::slots::DEFAULT,
            place: None,
            others: BTreeMap::new(),
            preset: None,
            embedding: Embedding::default(),
            unknown: Map::new(),
        }
    }
}

impl Instance {
    /// Reads what [`Instance::to_text`] wrote. Not on the audio thread.
    ///
    /// Errors: every [`ParseError`].
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let instance: Self = parse(text, FORMAT)?;
        for impulse in instance.impulse.iter().chain(instance.others.values()) {
            impulse.check()?;
        }
        Ok(instance)
    }

    /// As one JSON object. Not on the audio thread.
    pub fn to_text(&self) -> String {
        // Fails for maps whose keys are no text; there is none.
        serde_json::to_string(self).unwrap_or_default()
    }
}

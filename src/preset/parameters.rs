//! The values of a preset, by the parameters' stable keys.
//!
//! Numbers in the parameter's own unit, choices by number, switches as `true` and `false`; by hand, text with a unit will
//! do as well: `"predelay": "0.02 s"`.

use crate::params::{Id, Kind, Parameter, Slots, TABLE, Values};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Not the preset's: a preset neither stops the sound, nor does it know the slots of another machine.
const LEFT_OUT: [Id; 2] = [Id::Bypass, Id::Impulse];

fn listed() -> impl Iterator<Item = &'static Parameter> {
    TABLE
        .iter()
        .filter(|parameter| !LEFT_OUT.contains(&parameter.id))
}

/// Values, and those of parameters that are not known here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parameters {
    /// Those of [`LEFT_OUT`] are the defaults.
    pub values: Values,
    unknown: Map<String, Value>,
}

impl Parameters {
    pub fn new(values: &Values) -> Self {
        let mut parameters = Self::default();
        parameters.set(values);
        parameters
    }

    pub fn set(&mut self, values: &Values) {
        for parameter in listed() {
            self.values.set(parameter.id, values.get(parameter.id));
        }
    }
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = BTreeMap::new();
        for (key, value) in &self.unknown {
            all.insert(key.as_str(), value.clone());
        }
        for parameter in listed() {
            let value = self.values.get(parameter.id);
            let value = match parameter.kind {
                Kind::Switch => Value::Bool(value != 0.0),
                Kind::Choice(_) | Kind::Slot => Value::from(value as u32),
                // The shortest text that is this f32: widened, 0.1 would read 0.10000000149.
                Kind::Number(_) => value.to_string().parse().map_or(Value::Null, Value::Number),
            };
            all.insert(parameter.key, value);
        }
        all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut parameters = Self::default();
        for (key, value) in Map::deserialize(deserializer)? {
            match listed().find(|parameter| parameter.key == key) {
                Some(parameter) => {
                    let value = one(parameter, &value).map_err(de::Error::custom)?;
                    parameters.values.set(parameter.id, value);
                }
                None => {
                    parameters.unknown.insert(key, value);
                }
            }
        }
        Ok(parameters)
    }
}

fn one(parameter: &Parameter, value: &Value) -> Result<f32, String> {
    match value {
        Value::Bool(on) if matches!(parameter.kind, Kind::Switch) => Ok(f32::from(u8::from(*on))),
        Value::Number(number) => Ok(number.as_f64().unwrap_or_default() as f32),
        Value::String(typed) => {
            let value = parameter.parse(typed, &Slots::FACTORY_ONLY);
            value.map_err(|wrong| wrong.to_string())
        }
        _ => Err(format!("expected a number or a text for {}", parameter.key)),
    }
}

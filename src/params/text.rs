//! Values as people read and type them.
//!
//! What is typed may have its unit or leave it out, with a space or without: `250`, `250 ms`, `0.25 s`, `-6dB`,
//! `1.5 kHz`, `50 %`. A comma is as good as a point. Beyond the range, the nearest counts.

use super::slots;
use super::{Id, Kind, Number, Parameter, Slots, TABLE, Unit, find};
use thiserror::Error;

/// Text that is no value of the parameter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: expected {expected}, got {got:?}")]
pub struct NotAValue {
    /// The parameter.
    pub name: &'static str,
    /// What it would take.
    pub expected: String,
    /// What was typed, shortened.
    pub got: String,
}

/// Why `KEY=VALUE` sets nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AssignError {
    /// There is no `=`.
    #[error("expected KEY=VALUE, got {0:?}")]
    NoEquals(String),
    /// No parameter has that key.
    #[error("no parameter is called {key:?}; they are {}", keys())]
    Unknown {
        /// What was typed.
        key: String,
    },
    /// It has another kind of value.
    #[error(transparent)]
    Value(#[from] NotAValue),
}

fn keys() -> String {
    let keys: Vec<_> = TABLE.iter().map(|parameter| parameter.key).collect();
    keys.join(", ")
}

/// What `KEY=VALUE` sets. A note value for the pre-delay sets the pre-delay's note.
///
/// Errors: every [`AssignError`].
pub fn assignment(text: &str, slots: &Slots) -> Result<(Id, f32), AssignError> {
    let short = |text: &str| text.chars().take(40).collect::<String>();
    let Some((key, typed)) = text.split_once('=') else {
        return Err(AssignError::NoEquals(short(text)));
    };
    let Some(parameter) = find(key) else {
        return Err(AssignError::Unknown { key: short(key) });
    };
    match parameter.parse(typed, slots) {
        Ok(value) => Ok((parameter.id, value)),
        Err(wrong) if parameter.id == Id::Predelay => {
            let note = Id::PredelayNote.parameter().parse(typed, slots);
            Ok((Id::PredelayNote, note.map_err(|_| wrong)?))
        }
        Err(wrong) => Err(wrong.into()),
    }
}

impl Unit {
    /// The units that may be typed, each with how many of ours it is. The first is the one meant where none is typed.
    fn known(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Percent => &[("%", 1.0)],
            Self::Decibels => &[("db", 1.0)],
            Self::Milliseconds => &[("ms", 1.0), ("s", 1000.0), ("sec", 1000.0)],
            Self::Hertz => &[("hz", 1.0), ("khz", 1000.0), ("k", 1000.0)],
        }
    }

    /// The unit that a value of that size is shown in, and how many of ours it is.
    fn shown(self, size: f64) -> (&'static str, f64) {
        match self {
            Self::Percent => ("%", 1.0),
            Self::Decibels => ("dB", 1.0),
            Self::Milliseconds if size >= 1000.0 => ("s", 1000.0),
            Self::Milliseconds => ("ms", 1.0),
            Self::Hertz if size >= 1000.0 => ("kHz", 1000.0),
            Self::Hertz => ("Hz", 1.0),
        }
    }

    /// What it is counted in, as people write it.
    pub fn symbol(self) -> &'static str {
        self.shown(0.0).0
    }
}

impl Number {
    fn text(&self, value: f32) -> String {
        if self.off == Some(value) {
            return "off".to_owned();
        }
        let (unit, size) = self.unit.shown(f64::from(value.abs()));
        // As many decimals as the grid has, without the zeros at their end.
        let per_shown = f64::from(self.per_unit) * size;
        let decimals = per_shown.log10().ceil().max(0.0) as usize;
        let steps = (f64::from(value) * f64::from(self.per_unit)).round();
        let text = format!("{:.decimals$}", steps / per_shown);
        let text = match text.split_once('.') {
            Some((whole, decimals)) => match decimals.trim_end_matches('0') {
                "" => whole,
                some => &text[..whole.len() + 1 + some.len()],
            },
            None => &text,
        };
        let text = if text == "-0" { "0" } else { text };
        format!("{text} {unit}")
    }

    fn parse(&self, typed: &str) -> Option<f32> {
        let silent = self.unit == Unit::Decibels && typed.starts_with("-inf");
        if typed == "off" || silent {
            return self.off;
        }
        let end = typed.find(|c: char| c.is_alphabetic() || c == '%');
        let (number, unit) = typed.split_at(end.unwrap_or(typed.len()));
        let known = self.unit.known();
        let size = match unit.trim() {
            "" => known[0].1,
            unit => known.iter().find(|(name, _)| *name == unit)?.1,
        };
        let number: f64 = number.trim().parse().ok()?;
        Some((number * size) as f32)
    }

    fn expected(&self) -> String {
        let off = if self.off.is_some() { ", or off" } else { "" };
        let unit = self.unit.symbol();
        format!("{} to {} {unit}{off}", self.low, self.high)
    }
}

/// A word without what does not distinguish it: `1/8 dotted` is `1/8d`.
fn plain(word: &str) -> String {
    let word = word.to_lowercase();
    let word: String = word.chars().filter(|c| !c.is_whitespace()).collect();
    let word = word.replace("dotted", "d").replace("triplet", "t");
    match word.strip_suffix('.') {
        Some(note) => format!("{note}d"),
        None => word,
    }
}

impl Parameter {
    /// How `value` is shown, with its unit. `slots` has the impulses' names.
    pub fn text(&self, value: f32, slots: &Slots) -> String {
        let value = self.clamp(value);
        match &self.kind {
            Kind::Number(number) => number.text(value),
            Kind::Choice(words) => words[value as usize].to_owned(),
            Kind::Switch => if value == 0.0 { "off" } else { "on" }.to_owned(),
            Kind::Slot => slots.name(value as usize),
        }
    }

    /// The value that was typed: the nearest that the parameter may be.
    ///
    /// Errors: what is no value of it at all.
    pub fn parse(&self, typed: &str, slots: &Slots) -> Result<f32, NotAValue> {
        let typed = typed.trim();
        let lower = typed.to_lowercase().replace(',', ".").replace('−', "-");
        let value = match &self.kind {
            Kind::Number(number) => number.parse(&lower),
            Kind::Choice(words) => {
                let typed = plain(&lower);
                let found = words.iter().position(|word| plain(word) == typed);
                found.map(|number| number as f32)
            }
            Kind::Switch => match lower.as_str() {
                "on" | "yes" | "true" | "1" => Some(1.0),
                "off" | "no" | "false" | "0" => Some(0.0),
                _ => None,
            },
            Kind::Slot => slots.find(typed).map(|slot| slot as f32),
        };
        let value = value.filter(|value| !value.is_nan());
        value.map(|value| self.clamp(value)).ok_or_else(|| {
            let expected = match &self.kind {
                Kind::Number(number) => number.expected(),
                Kind::Choice(words) => words.join(", "),
                Kind::Switch => "on or off".to_owned(),
                Kind::Slot => format!(
                    "the name of an impulse or the number of its slot, up to {}",
                    slots::COUNT - 1
                ),
            };
            NotAValue {
                name: self.name,
                expected,
                got: typed.chars().take(40).collect(),
            }
        })
    }
}

//! Every parameter once: what it is called, what it may be, what it says and what it does.
//!
//! The plugin, presets, the command line and the editor all go by this list. A value is one f32 in the parameter's own
//! unit; a switch is 0 or 1, a choice the number of its word, the impulse the number of its slot.
//!
//! Guaranteed:
//!
//! - An [`Id`]'s key and the number of every choice and slot stay what they are, from version to version: sessions and
//!   automation hold them. tests/plugin_params.rs has the list.
//! - [`Values`] only ever hold what a parameter may be: the nearest, on its grid. What is not a number is the default.
//! - Text that [`Parameter::text`] gives comes back as the same value from [`Parameter::parse`], over the whole range.
//! - The neutral value of each is one that the grid and the taper hit to the bit.
//!
//! Those that sound smooth go to the mixer ([`Values::mix`]); those that need another impulse to the loader
//! ([`Values::shape`], [`Values::slot`]).

pub mod note;
pub mod shared;
pub mod slots;
mod table;
mod text;

pub use note::Note;
pub use shared::SharedValues;
pub use slots::Slots;
pub use table::{Id, TABLE};
pub use text::{AssignError, NotAValue, assignment};

use crate::engine::mixer::{CutSlope, Mix};
use crate::impulse::shape::{Normalise, Shape};

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Which one.
    pub id: Id,
    /// What sessions, presets and `--set` call it. Never changes.
    pub key: &'static str,
    /// What people read.
    pub name: &'static str,
    /// What it belongs to, as hosts group them.
    pub group: Group,
    /// What it may be.
    pub kind: Kind,
    /// What it is where nobody has set it.
    pub default: f32,
}

/// Something a host may press. It holds no value, so presets and the command line do not know it.
#[derive(Clone, Copy, Debug)]
pub struct Button {
    /// What hosts and sessions call it. Never changes.
    pub key: &'static str,
    /// What people read.
    pub name: &'static str,
    /// Whether it goes to the next slot of the chooser that is not empty, or to the one before.
    pub forwards: bool,
}

/// Every button, after the parameters of [`TABLE`] in a host's list.
pub static BUTTONS: [Button; 2] = [
    Button {
        key: "next_impulse",
        name: "Next impulse",
        forwards: true,
    },
    Button {
        key: "previous_impulse",
        name: "Previous impulse",
        forwards: false,
    },
];

/// What a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Heard at once, and smoothed.
    Sound,
    /// Which impulse.
    Impulse,
    /// What is done to the impulse: a change rebuilds it.
    Shape,
}

impl Group {
    /// What hosts call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sound => "Sound",
            Self::Impulse => "Impulse",
            Self::Shape => "Shape",
        }
    }
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A number with a unit.
    Number(Number),
    /// One of these words, by number.
    Choice(&'static [&'static str]),
    /// Off, 0, or on, 1.
    Switch,
    /// One of [`slots::COUNT`] slots for impulses.
    Slot,
}

/// A number with a unit.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The least.
    pub low: f32,
    /// The most.
    pub high: f32,
    /// What stands in the middle of a knob.
    pub middle: f32,
    /// How many steps one unit has. Values stand on this grid, so that what a host rounds is what was meant.
    pub per_unit: f32,
    /// What it is counted in.
    pub unit: Unit,
    /// The end of the range that reads "off".
    pub off: Option<f32>,
}

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Of what it was.
    Percent,
    /// Gain.
    Decibels,
    /// Time.
    Milliseconds,
    /// Frequency.
    Hertz,
}

impl Number {
    /// The exponent that bends a knob's travel so that [`Number::middle`] is in its middle: travel = share of the
    /// range ^ exponent.
    pub fn exponent(&self) -> f32 {
        let share = (self.middle - self.low) / (self.high - self.low);
        if share == 0.5 {
            1.0
        } else {
            0.5_f32.ln() / share.ln()
        }
    }

    /// The nearest on the grid within the range.
    fn snap(&self, value: f32) -> f32 {
        let per_unit = f64::from(self.per_unit);
        let snapped = (f64::from(value) * per_unit).round() / per_unit;
        (snapped as f32).clamp(self.low, self.high)
    }
}

impl Parameter {
    /// The nearest value that it may be; the default for what is not a number.
    pub fn clamp(&self, value: f32) -> f32 {
        if value.is_nan() {
            return self.default;
        }
        match &self.kind {
            Kind::Number(number) => number.snap(value),
            _ => value.round().clamp(0.0, self.highest()),
        }
    }

    /// The least.
    pub fn lowest(&self) -> f32 {
        match &self.kind {
            Kind::Number(number) => number.low,
            _ => 0.0,
        }
    }

    /// The most.
    pub fn highest(&self) -> f32 {
        match &self.kind {
            Kind::Number(number) => number.high,
            Kind::Choice(words) => (words.len() - 1) as f32,
            Kind::Switch => 1.0,
            Kind::Slot => (slots::COUNT - 1) as f32,
        }
    }

    /// Where `value` is on a knob, from 0 to 1.
    pub fn travel(&self, value: f32) -> f32 {
        let (low, high) = (self.lowest(), self.highest());
        let share = (self.clamp(value) - low) / (high - low);
        match &self.kind {
            Kind::Number(number) => share.powf(number.exponent()),
            _ => share,
        }
    }

    /// The value at that place of a knob, from 0 to 1.
    pub fn value_at(&self, travel: f32) -> f32 {
        let (low, high) = (self.lowest(), self.highest());
        let share = match &self.kind {
            Kind::Number(number) => travel.clamp(0.0, 1.0).powf(number.exponent().recip()),
            _ => travel.clamp(0.0, 1.0),
        };
        self.clamp(low + share * (high - low))
    }
}

/// The parameter of that key. `-` is as good as `_`, and case does not matter.
pub fn find(key: &str) -> Option<&'static Parameter> {
    let key = key.trim().to_lowercase().replace('-', "_");
    TABLE.iter().find(|parameter| parameter.key == key)
}

/// One value of every parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Values([f32; TABLE.len()]);

impl Default for Values {
    fn default() -> Self {
        let mut values = Self([0.0; TABLE.len()]);
        for parameter in &TABLE {
            values.set(parameter.id, parameter.default);
        }
        values
    }
}

/// The tempo that note values follow where the host has none, in beats per minute.
pub const DEFAULT_TEMPO: f64 = 120.0;

impl Values {
    /// The value of one. Audio thread.
    pub fn get(&self, id: Id) -> f32 {
        self.0[id as usize]
    }

    /// Sets one, to the nearest that it may be. Audio thread.
    pub fn set(&mut self, id: Id, value: f32) {
        self.0[id as usize] = id.parameter().clamp(value);
    }

    /// What the mixer does. `tempo`: the host's, in beats per minute, for a pre-delay in note values. Audio thread.
    pub fn mix(&self, tempo: Option<f64>) -> Mix {
        self.sound(tempo).mix
    }

    /// What is done to the impulse. What the mixer does while it sounds (pre-delay, width, cuts) is neutral here. Audio
    /// thread.
    pub fn shape(&self) -> Shape {
        self.sound(None).shape
    }

    fn sound(&self, tempo: Option<f64>) -> Sound {
        let mut sound = Sound::NEUTRAL;
        for parameter in &TABLE {
            sound.put(parameter.id, self.get(parameter.id), tempo);
        }
        sound
    }

    /// The slot of the impulse. Audio thread.
    pub fn slot(&self) -> usize {
        self.get(Id::Impulse) as usize
    }
}

/// What the parameters are to the mixer and to the loader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sound {
    /// What the mixer does.
    pub mix: Mix,
    /// What is done to the impulse.
    pub shape: Shape,
}

impl Sound {
    /// The impulse as it is, and nothing else.
    pub const NEUTRAL: Self = Self {
        mix: Mix::NEUTRAL,
        shape: Shape::AS_IT_IS,
    };

    /// Sets one parameter, to a value that it may have. Of pre-delay and its note, the later counts, and a note that is
    /// off counts for nothing. Audio thread.
    pub fn put(&mut self, id: Id, value: f32, tempo: Option<f64>) {
        let Self { mix, shape } = self;
        let on = value != 0.0;
        match id {
            Id::Bypass => mix.bypass = on,
            Id::Mix => mix.mix_percent = value,
            Id::WetGain => mix.wet_gain_db = value,
            Id::OutputGain => mix.output_gain_db = value,
            Id::Predelay => mix.predelay_ms = value,
            Id::PredelayNote => {
                if let Some(note) = Note::from_choice(value) {
                    mix.predelay_ms = note.milliseconds(tempo.unwrap_or(DEFAULT_TEMPO));
                }
            }
            Id::Width => mix.width_percent = value,
            Id::LowCut => mix.low_cut_hz = value,
            Id::HighCut => mix.high_cut_hz = value,
            Id::CutSlope => {
                mix.cut_slope = if on { CutSlope::Db24 } else { CutSlope::Db12 };
            }
            Id::Impulse => {}
            Id::Normalise => {
                shape.normalise = if on {
                    Normalise::Energy
                } else {
                    Normalise::None
                };
            }
            Id::Reverse => shape.reverse = on,
            Id::Size => shape.size_percent = value,
            Id::Attack => shape.attack_percent = value,
            Id::AttackCurve => shape.attack_curve_percent = value,
            Id::Decay => shape.decay_percent = value,
            Id::DecayCurve => shape.decay_curve_percent = value,
            Id::Onset => shape.auto_onset = on,
            Id::TrimStart => shape.trim_start_ms = value,
            Id::TrimEnd => shape.trim_end_ms = value,
            Id::Fade => shape.fade_ms = value,
            Id::Damping125 => shape.damping_percent[0] = value,
            Id::Damping250 => shape.damping_percent[1] = value,
            Id::Damping500 => shape.damping_percent[2] = value,
            Id::Damping1k => shape.damping_percent[3] = value,
            Id::Damping2k => shape.damping_percent[4] = value,
            Id::Damping4k => shape.damping_percent[5] = value,
            Id::Damping8k => shape.damping_percent[6] = value,
            Id::EarlyLate => shape.early_late_db = value,
            Id::Split => shape.split_ms = value,
        }
    }
}

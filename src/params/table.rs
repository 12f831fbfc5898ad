//! The list.

use super::Group::{Impulse, Shape, Sound};
use super::{Group, Kind, Number, Parameter, Unit, note, slots};
use crate::engine::mixer::{HIGH_CUT_OFF_HZ, LOW_CUT_OFF_HZ, WET_OFF_DB};
use crate::impulse::shape::range::{self, Range};

/// Which parameter: its place in [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
#[allow(missing_docs, reason = "TABLE has the names")]
pub enum Id {
    Bypass,
    Mix,
    WetGain,
    OutputGain,
    Predelay,
    PredelayNote,
    Width,
    LowCut,
    HighCut,
    CutSlope,
    Impulse,
    Normalise,
    Reverse,
    Size,
    Attack,
    AttackCurve,
    Decay,
    DecayCurve,
    Onset,
    TrimStart,
    TrimEnd,
    Fade,
    Damping125,
    Damping250,
    Damping500,
    Damping1k,
    Damping2k,
    Damping4k,
    Damping8k,
    EarlyLate,
    Split,
}

impl Id {
    /// All about it.
    pub fn parameter(self) -> &'static Parameter {
        &TABLE[self as usize]
    }
}

const fn parameter(
    id: Id,
    key: &'static str,
    name: &'static str,
    group: Group,
    kind: Kind,
    default: f32,
) -> Parameter {
    Parameter {
        id,
        key,
        name,
        group,
        kind,
        default,
    }
}

/// A number whose knob is straight.
const fn number(low: f32, high: f32, unit: Unit, per_unit: f32) -> Number {
    Number {
        low,
        high,
        middle: (low + high) / 2.0,
        per_unit,
        unit,
        off: None,
    }
}

impl Number {
    const fn with_middle(mut self, middle: f32) -> Self {
        self.middle = middle;
        self
    }

    const fn off_at(mut self, value: f32) -> Self {
        self.off = Some(value);
        self
    }
}

const fn percent(low: f32, high: f32) -> Number {
    number(low, high, Unit::Percent, 10.0)
}

const fn decibels(low: f32, high: f32) -> Number {
    number(low, high, Unit::Decibels, 100.0)
}

const fn milliseconds(low: f32, high: f32) -> Number {
    number(low, high, Unit::Milliseconds, 10.0)
}

/// A parameter of the impulse's shape: its range and neutral value are those of the shape.
const fn shaped(
    id: Id,
    key: &'static str,
    name: &'static str,
    range: Range,
    number: Number,
) -> Parameter {
    let number = Number {
        low: range.low,
        high: range.high,
        ..number
    };
    parameter(id, key, name, Shape, Kind::Number(number), range.neutral)
}

const fn damping(id: Id, key: &'static str, name: &'static str) -> Parameter {
    let range = range::DAMPING_PERCENT;
    shaped(
        id,
        key,
        name,
        range,
        percent(range.low, range.high).with_middle(100.0),
    )
}

const CURVE: Number = percent(range::CURVE_PERCENT.low, range::CURVE_PERCENT.high);

/// Every parameter, in the order that hosts show.
pub static TABLE: [Parameter; 31] = [
    parameter(Id::Bypass, "bypass", "Bypass", Sound, Kind::Switch, 0.0),
    parameter(
        Id::Mix,
        "mix",
        "Mix",
        Sound,
        Kind::Number(percent(0.0, 100.0)),
        30.0,
    ),
    parameter(
        Id::WetGain,
        "wet_gain",
        "Wet gain",
        Sound,
        Kind::Number(
            decibels(WET_OFF_DB, 12.0)
                .with_middle(-12.0)
                .off_at(WET_OFF_DB),
        ),
        0.0,
    ),
    parameter(
        Id::OutputGain,
        "output_gain",
        "Output gain",
        Sound,
        Kind::Number(decibels(-24.0, 12.0)),
        0.0,
    ),
    parameter(
        Id::Predelay,
        "predelay",
        "Pre-delay",
        Sound,
        Kind::Number(milliseconds(0.0, 500.0).with_middle(100.0)),
        0.0,
    ),
    parameter(
        Id::PredelayNote,
        "predelay_note",
        "Pre-delay note",
        Sound,
        Kind::Choice(note::WORDS),
        0.0,
    ),
    parameter(
        Id::Width,
        "width",
        "Width",
        Sound,
        Kind::Number(percent(0.0, 200.0)),
        100.0,
    ),
    parameter(
        Id::LowCut,
        "low_cut",
        "Low cut",
        Sound,
        Kind::Number(
            number(LOW_CUT_OFF_HZ, 1_000.0, Unit::Hertz, 10.0)
                .with_middle(100.0)
                .off_at(LOW_CUT_OFF_HZ),
        ),
        LOW_CUT_OFF_HZ,
    ),
    parameter(
        Id::HighCut,
        "high_cut",
        "High cut",
        Sound,
        Kind::Number(
            number(1_000.0, HIGH_CUT_OFF_HZ, Unit::Hertz, 1.0)
                .with_middle(5_000.0)
                .off_at(HIGH_CUT_OFF_HZ),
        ),
        HIGH_CUT_OFF_HZ,
    ),
    parameter(
        Id::CutSlope,
        "cut_slope",
        "Cut slope",
        Sound,
        Kind::Choice(&["12 dB/oct", "24 dB/oct"]),
        0.0,
    ),
    parameter(
        Id::Impulse,
        "impulse",
        "Impulse",
        Impulse,
        Kind::Slot,
        slots::DEFAULT as f32,
    ),
    parameter(
        Id::Normalise,
        "normalise",
        "Normalise",
        Shape,
        Kind::Switch,
        1.0,
    ),
    parameter(Id::Reverse, "reverse", "Reverse", Shape, Kind::Switch, 0.0),
    shaped(
        Id::Size,
        "size",
        "Size",
        range::SIZE_PERCENT,
        percent(0.0, 1.0).with_middle(100.0),
    ),
    shaped(
        Id::Attack,
        "attack",
        "Attack",
        range::ATTACK_PERCENT,
        percent(0.0, 1.0).with_middle(20.0),
    ),
    shaped(
        Id::AttackCurve,
        "attack_curve",
        "Attack curve",
        range::CURVE_PERCENT,
        CURVE,
    ),
    shaped(
        Id::Decay,
        "decay",
        "Decay",
        range::DECAY_PERCENT,
        percent(0.0, 1.0).with_middle(50.0),
    ),
    shaped(
        Id::DecayCurve,
        "decay_curve",
        "Decay curve",
        range::CURVE_PERCENT,
        CURVE,
    ),
    parameter(
        Id::Onset,
        "onset",
        "Cut before onset",
        Shape,
        Kind::Switch,
        0.0,
    ),
    shaped(
        Id::TrimStart,
        "trim_start",
        "Trim start",
        range::TRIM_START_MS,
        milliseconds(0.0, 1.0).with_middle(200.0),
    ),
    shaped(
        Id::TrimEnd,
        "trim_end",
        "Trim end",
        range::TRIM_END_MS,
        number(0.0, 1.0, Unit::Milliseconds, 1.0).with_middle(5_000.0),
    ),
    shaped(
        Id::Fade,
        "fade",
        "Fade out",
        range::FADE_MS,
        milliseconds(0.0, 1.0).with_middle(500.0),
    ),
    damping(Id::Damping125, "damping_125", "Decay time 125 Hz"),
    damping(Id::Damping250, "damping_250", "Decay time 250 Hz"),
    damping(Id::Damping500, "damping_500", "Decay time 500 Hz"),
    damping(Id::Damping1k, "damping_1k", "Decay time 1 kHz"),
    damping(Id::Damping2k, "damping_2k", "Decay time 2 kHz"),
    damping(Id::Damping4k, "damping_4k", "Decay time 4 kHz"),
    damping(Id::Damping8k, "damping_8k", "Decay time 8 kHz"),
    shaped(
        Id::EarlyLate,
        "early_late",
        "Early/late",
        range::EARLY_LATE_DB,
        decibels(range::EARLY_LATE_DB.low, range::EARLY_LATE_DB.high),
    ),
    shaped(
        Id::Split,
        "split",
        "Early/late split",
        range::SPLIT_MS,
        milliseconds(0.0, 1.0).with_middle(80.0),
    ),
];

//! The parameters: their keys and numbers never change, and text says what it means.

use partita::engine::mixer::{CutSlope, Mix};
use partita::impulse::shape::{Normalise, Shape};
use partita::params::{self, BUTTONS, Id, Kind, Parameter, SharedValues, Slots, TABLE, Values};

/// Sessions, presets and automation hold these. Lines may be added; what stands here may never change.
const GOLDEN: &str = "\
bypass off..on = off
mix 0 %..100 % = 30 %
wet_gain off..12 dB = 0 dB
output_gain -24 dB..12 dB = 0 dB
predelay 0 ms..500 ms = 0 ms
predelay_note off..1/2 = off
width 0 %..200 % = 100 %
low_cut off..1 kHz = off
high_cut 1 kHz..off = off
cut_slope 12 dB/oct..24 dB/oct = 12 dB/oct
impulse custom..empty 1023 = hall
normalise off..on = on
reverse off..on = off
size 25 %..400 % = 100 %
attack 0 %..100 % = 0 %
attack_curve -100 %..100 % = 0 %
decay 0 %..100 % = 0 %
decay_curve -100 %..100 % = 0 %
onset off..on = off
trim_start 0 ms..10 s = 0 ms
trim_end 0 ms..600 s = 0 ms
fade 0 ms..10 s = 0 ms
damping_125 10 %..400 % = 100 %
damping_250 10 %..400 % = 100 %
damping_500 10 %..400 % = 100 %
damping_1k 10 %..400 % = 100 %
damping_2k 10 %..400 % = 100 %
damping_4k 10 %..400 % = 100 %
damping_8k 10 %..400 % = 100 %
early_late -24 dB..24 dB = 0 dB
split 5 ms..500 ms = 80 ms
";

const GOLDEN_NOTES: &str =
    "off 1/64 1/32t 1/32 1/16t 1/32d 1/16 1/8t 1/16d 1/8 1/4t 1/8d 1/4 1/2t 1/4d 1/2";

/// Slots of the factory impulses, from 1 on.
const GOLDEN_SLOTS: &str = "echo-two-spikes echo-ping-pong room hall plate spring";

const SLOTS: Slots = Slots::FACTORY_ONLY;

fn text(parameter: &Parameter, value: f32) -> String {
    parameter.text(value, &SLOTS)
}

fn parse(parameter: &Parameter, typed: &str) -> Option<f32> {
    parameter.parse(typed, &SLOTS).ok()
}

#[test]
fn keys_ranges_defaults_choices_and_slots_never_change() {
    let line = |p: &Parameter| {
        format!(
            "{} {}..{} = {}\n",
            p.key,
            text(p, p.lowest()),
            text(p, p.highest()),
            text(p, p.default)
        )
    };
    assert_eq!(TABLE.iter().map(line).collect::<String>(), GOLDEN);
    let buttons = BUTTONS.map(|button| (button.key, button.forwards));
    assert_eq!(
        buttons,
        [("next_impulse", true), ("previous_impulse", false)]
    );
    let Kind::Choice(notes) = Id::PredelayNote.parameter().kind else {
        panic!("notes are a choice");
    };
    assert_eq!(notes.join(" "), GOLDEN_NOTES);
    for (slot, name) in GOLDEN_SLOTS.split(' ').enumerate() {
        assert_eq!(Slots::of_factory(name), Some(slot + 1));
    }
}

#[test]
fn the_table_is_in_order_and_keys_are_found() {
    for (place, parameter) in TABLE.iter().enumerate() {
        assert_eq!(parameter.id as usize, place);
        assert!(std::ptr::eq(parameter.id.parameter(), parameter));
        let found = params::find(&parameter.key.to_uppercase().replace('_', "-"));
        assert_eq!(found.map(|p| p.id), Some(parameter.id));
        assert!(
            TABLE[..place]
                .iter()
                .all(|other| other.name != parameter.name)
        );
    }
    assert!(params::find("loudness").is_none());
}

/// Every value of the grid, or some thousands of them.
fn grid(parameter: &Parameter) -> Vec<f32> {
    let (low, high) = (
        f64::from(parameter.lowest()),
        f64::from(parameter.highest()),
    );
    let per_unit = match &parameter.kind {
        Kind::Number(number) => f64::from(number.per_unit),
        _ => 1.0,
    };
    let steps = ((high - low) * per_unit).round() as usize;
    let stride = (steps / 5000).max(1);
    let mut all: Vec<f32> = (0..=steps)
        .step_by(stride)
        .map(|step| parameter.clamp((low + step as f64 / per_unit) as f32))
        .collect();
    all.push(parameter.highest());
    all
}

#[test]
fn text_comes_back_as_the_value_it_was_over_the_whole_range() {
    for parameter in &TABLE {
        for value in grid(parameter) {
            let shown = text(parameter, value);
            let back = parse(parameter, &shown);
            assert_eq!(back, Some(value), "{}: {shown}", parameter.key);
            assert!(shown.chars().count() <= 16, "{}: {shown}", parameter.key);
        }
    }
}

#[test]
fn a_knob_reaches_every_end_and_comes_back_to_the_value_it_was() {
    for parameter in &TABLE {
        assert_eq!(parameter.value_at(0.0), parameter.lowest());
        assert_eq!(parameter.value_at(1.0), parameter.highest());
        assert_eq!(parameter.value_at(-1.0), parameter.lowest());
        for value in [parameter.lowest(), parameter.default, parameter.highest()] {
            let travel = parameter.travel(value);
            assert!((0.0..=1.0).contains(&travel));
            assert_eq!(parameter.value_at(travel), value, "{}", parameter.key);
        }
        let middle = match &parameter.kind {
            Kind::Number(number) => number.middle,
            _ => continue,
        };
        let at_half = parameter.value_at(0.5);
        assert!(
            (at_half - middle).abs() <= 1e-3 * middle.abs() + 0.11,
            "{}: {at_half}",
            parameter.key
        );
        let travels: Vec<f32> = grid(parameter)
            .iter()
            .map(|v| parameter.travel(*v))
            .collect();
        assert!(travels.is_sorted(), "{}", parameter.key);
    }
}

#[test]
fn people_type_what_they_like() {
    let typed = |id: Id, text: &str| parse(id.parameter(), text);
    for text in [
        "250", "250 ms", "250ms", " 0.25 s", "0,25 S", "0.25sec", "+250 MS",
    ] {
        assert_eq!(typed(Id::Predelay, text), Some(250.0), "{text}");
    }
    for text in ["-6", "-6 dB", "−6dB", "-6.00 DB"] {
        assert_eq!(typed(Id::WetGain, text), Some(-6.0), "{text}");
    }
    for text in ["off", "-inf", "-inf dB", "-100"] {
        assert_eq!(typed(Id::WetGain, text), Some(-60.0), "{text}");
    }
    for text in ["50", "50 %", "50%", "50.04"] {
        assert_eq!(typed(Id::Mix, text), Some(50.0), "{text}");
    }
    for text in ["1/8d", "1/8 d", "1/8.", "1/8 dotted", "1/8D"] {
        let choice = typed(Id::PredelayNote, text).expect("a note");
        assert_eq!(self::text(Id::PredelayNote.parameter(), choice), "1/8d");
    }
    for text in ["1.5 kHz", "1500", "1500 Hz", "1.5k"] {
        assert_eq!(typed(Id::HighCut, text), Some(1500.0), "{text}");
    }
    assert_eq!(typed(Id::HighCut, "off"), Some(22_000.0));
    assert_eq!(typed(Id::LowCut, "OFF"), Some(10.0));
    assert_eq!(typed(Id::Reverse, "On"), Some(1.0));
    assert_eq!(typed(Id::Impulse, "Plate"), Some(5.0));
    assert_eq!(typed(Id::Impulse, "3"), Some(3.0));
    assert_eq!(
        typed(Id::Size, "1e9"),
        None,
        "an exponent is a unit nobody knows"
    );
    assert_eq!(typed(Id::Size, "99999"), Some(400.0));
    for text in ["", "loud", "NaN", "5 dB", "1/8", "--3", "%", "1 2"] {
        assert_eq!(typed(Id::Mix, text), None, "{text}");
    }
    let error = Id::LowCut
        .parameter()
        .parse("x".repeat(99).as_str(), &SLOTS);
    assert_eq!(
        error.expect_err("no value").to_string(),
        format!(
            "Low cut: expected 10 to 1000 Hz, or off, got {:?}",
            "x".repeat(40)
        )
    );
}

#[test]
fn values_are_what_the_mixer_and_the_loader_get() {
    let mut values = Values::default();
    let neutral = Mix {
        mix_percent: 30.0,
        ..Mix::NEUTRAL
    };
    assert_eq!(values.mix(None), neutral);
    assert_eq!(values.shape(), Shape::default());
    assert_eq!(values.slot(), 4);
    for (id, value) in [
        (Id::Predelay, 20.0),
        (Id::CutSlope, 1.0),
        (Id::Bypass, 1.0),
        (Id::Normalise, 0.0),
        (Id::Damping8k, 50.0),
        (Id::Size, f32::NAN),
        (Id::Width, f32::INFINITY),
        (Id::Impulse, -7.0),
    ] {
        values.set(id, value);
    }
    let mix = values.mix(Some(90.0));
    assert_eq!(
        (mix.predelay_ms, mix.cut_slope, mix.bypass),
        (20.0, CutSlope::Db24, true)
    );
    assert_eq!((mix.width_percent, values.slot()), (200.0, 0));
    let shape = values.shape();
    assert_eq!(shape.normalise, Normalise::None);
    assert_eq!(
        (shape.damping_percent[6], shape.size_percent),
        (50.0, 100.0)
    );
    let (id, eighth) = params::assignment("predelay=1/8", &SLOTS).expect("a note");
    values.set(id, eighth);
    assert_eq!(values.mix(Some(60.0)).predelay_ms, 500.0);
    assert_eq!(values.mix(None).predelay_ms, 250.0);
}

#[test]
fn an_assignment_sets_one_parameter_or_says_what_is_wrong() {
    let set = |text: &str| params::assignment(text, &SLOTS);
    assert_eq!(set("mix=50 %"), Ok((Id::Mix, 50.0)));
    assert_eq!(set(" Wet-Gain = off"), Ok((Id::WetGain, -60.0)));
    assert_eq!(set("predelay=0.25s"), Ok((Id::Predelay, 250.0)));
    let (id, choice) = set("predelay=1/8d").expect("a note");
    assert_eq!(
        (id, text(id.parameter(), choice).as_str()),
        (Id::PredelayNote, "1/8d")
    );
    let wrong = |text| set(text).expect_err("wrong").to_string();
    assert_eq!(wrong("mix"), "expected KEY=VALUE, got \"mix\"");
    assert!(wrong("loud=1").starts_with("no parameter is called \"loud\"; they are bypass, mix, "));
    assert_eq!(
        wrong("predelay=soon"),
        "Pre-delay: expected 0 to 500 ms, got \"soon\""
    );
}

#[test]
fn what_is_set_is_read_within_its_range() {
    let shared = SharedValues::default();
    assert_eq!(shared.values(), Values::default());
    let before = shared.changes();
    assert_eq!(shared.set(Id::Mix, 40.04), 40.0);
    assert_eq!(shared.set(Id::Predelay, 1e9), 500.0);
    assert_eq!(shared.set(Id::Width, f32::NAN), 100.0);
    assert_eq!(shared.get(Id::Mix), 40.0);
    assert_eq!(shared.changes(), before + 3);
    let mut other = Values::default();
    other.set(Id::Decay, 50.0);
    shared.set_all(&other);
    assert_eq!(shared.values(), other);
}

#[test]
fn the_mix_is_that_of_the_values_at_the_tempo() {
    let shared = SharedValues::default();
    for (place, parameter) in TABLE.iter().enumerate() {
        shared.set(parameter.id, parameter.value_at(0.1 + place as f32 / 40.0));
    }
    let quarter = Id::PredelayNote.parameter();
    let quarter = quarter.parse("1/4", &Slots::FACTORY_ONLY);
    shared.set(Id::PredelayNote, quarter.expect("a note"));
    for tempo in [None, Some(90.0)] {
        if let Some(tempo) = tempo {
            shared.set_tempo(tempo);
        }
        assert_eq!(shared.tempo(), tempo);
        assert_eq!(shared.mix(), shared.values().mix(tempo));
    }
}

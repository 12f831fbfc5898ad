//! The numbers of the chosen tap and of the repeats, typed.

use super::design::{Design, polarity};
use crate::editor::widget;
use crate::impulse::echo::{
    CUT_HZ, DIFFUSION_PERCENT, Feedback, GAIN_DB, PAN_PERCENT, Polarity, Sides, Time,
};
use egui::{Align, Layout, Ui, vec2};
use std::ops::RangeInclusive;

/// Most repeats that can be typed: at 16 taps half of what an echo may have.
const MOST_REPEATS: u16 = 2_000;

/// Width of a row's name.
const NAME: f32 = 74.0;

/// Room for a field, in points.
const FIELD: f32 = 98.0;

/// A pan in words.
pub(super) fn pan_text(percent: f32) -> String {
    match percent {
        0.0 => "centre".to_owned(),
        left if left < 0.0 => format!("left {:.0} %", -left),
        right => format!("right {right:.0} %"),
    }
}

/// A number with or without its unit, in `range`.
fn number(text: &str, unit: &str, range: &RangeInclusive<f32>) -> Result<f32, String> {
    let lower = text.to_lowercase().replace('−', "-").replace(',', ".");
    let bare = lower.trim_end_matches(&unit.to_lowercase()).trim();
    let (bare, times) = match bare.strip_suffix('k').or(bare.strip_suffix("khz")) {
        Some(bare) => (bare.trim(), 1000.0),
        None => (bare, 1.0),
    };
    let value = bare.parse::<f32>().ok().map(|value| value * times);
    value.filter(|value| range.contains(value)).ok_or_else(|| {
        let (low, high) = (range.start(), range.end());
        format!("expected a number from {low} to {high} {unit}, got {text:?}")
    })
}

/// A cut, or none.
fn cut(text: &str) -> Result<Option<f32>, String> {
    if matches!(
        text.to_lowercase().as_str(),
        "" | "off" | "none" | "-" | "–"
    ) {
        return Ok(None);
    }
    let what = number(text, "Hz", &CUT_HZ).map(Some);
    what.map_err(|error| format!("{error}; or off"))
}

fn cut_text(hz: Option<f32>) -> String {
    match hz {
        None => "off".to_owned(),
        Some(hz) if hz >= 1000.0 => format!("{} kHz", (hz / 10.0).round() / 100.0),
        Some(hz) => format!("{hz:.0} Hz"),
    }
}

fn pan(text: &str) -> Result<f32, String> {
    let lower = text.to_lowercase();
    let after = |word: &str| lower.strip_prefix(word).map(|rest| rest.trim().to_owned());
    let all = |rest: String| {
        if rest.is_empty() {
            "100".to_owned()
        } else {
            rest
        }
    };
    if lower.starts_with('c') || lower == "middle" {
        return Ok(0.0);
    }
    if let Some(left) = after("left").or_else(|| after("l")) {
        return number(&all(left), "%", &(0.0..=100.0)).map(|percent| -percent);
    }
    if let Some(right) = after("right").or_else(|| after("r")) {
        return number(&all(right), "%", &(0.0..=100.0));
    }
    number(text, "%", &PAN_PERCENT).map_err(|error| format!("{error}; or L50, C, R50"))
}

/// A time as it is typed anywhere; a bare number is milliseconds.
fn time(text: &str) -> Result<Time, String> {
    let text = text.replace(',', ".");
    let bare = text.parse::<f64>().ok().map(Time::Ms);
    let time = match bare {
        Some(time) => time,
        None => text.parse::<Time>().map_err(|error| error.to_string())?,
    };
    match time {
        Time::Ms(ms) if !(0.0..=600_000.0).contains(&ms) => {
            Err(format!("expected a time from 0 to 600000 ms, got {text:?}"))
        }
        time => Ok(time),
    }
}

fn heading(ui: &mut Ui, text: &str) {
    let space = vec2(NAME, 44.0);
    ui.allocate_ui_with_layout(space, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(space);
        widget::heading(ui, text);
    });
}

/// A word that is on or off, as high as a field.
fn toggle(ui: &mut Ui, label: &str, text: &str, on: bool) -> bool {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        widget::label(ui, label);
        widget::tab(ui, text, on).clicked()
    })
    .inner
}

/// The numbers of the tap that is chosen. Main thread.
pub(super) fn tap(ui: &mut Ui, design: &mut Design) {
    let chosen = design.selected();
    let Some((number_of, tap)) = chosen.and_then(|it| Some((it, *design.echo().taps.get(it)?)))
    else {
        ui.horizontal(|ui| {
            heading(ui, "Tap");
            widget::label(
                ui,
                "Click in the picture for a new tap, drag a tap to move it; Alt leaves the grid, Delete takes it away.",
            );
        });
        return;
    };
    ui.horizontal(|ui| {
        // Not the name of its handle: each name is there once.
        heading(ui, &format!("Chosen: {}", number_of + 1));
        widget::field(
            ui,
            ("Time", "Time of the tap"),
            &tap.time.to_string(),
            FIELD,
            |text| time(text).map(|time| design.edit_tap(number_of, |tap| tap.time = time)),
        );
        let shown = format!("{:.1} dB", tap.gain_db).replace('-', "−");
        widget::field(ui, ("Gain", "Gain of the tap"), &shown, FIELD, |text| {
            let gain = number(text, "dB", &GAIN_DB)?;
            design.edit_tap(number_of, |tap| tap.gain_db = gain);
            Ok(())
        });
        let shown = pan_text(tap.pan_percent);
        widget::field(
            ui,
            ("Pan", "Pan of the tap, typed"),
            &shown,
            FIELD,
            |text| {
                let percent = pan(text)?;
                design.edit_tap(number_of, |tap| tap.pan_percent = percent);
                Ok(())
            },
        );
        let shown = cut_text(tap.low_cut_hz);
        widget::field(
            ui,
            ("Low cut", "Low cut of the tap"),
            &shown,
            FIELD,
            |text| {
                let hz = cut(text)?;
                design.edit_tap(number_of, |tap| tap.low_cut_hz = hz);
                Ok(())
            },
        );
        let shown = cut_text(tap.high_cut_hz);
        widget::field(
            ui,
            ("High cut", "High cut of the tap"),
            &shown,
            FIELD,
            |text| {
                let hz = cut(text)?;
                design.edit_tap(number_of, |tap| tap.high_cut_hz = hz);
                Ok(())
            },
        );
        let shown = format!("{:.0} %", tap.diffusion_percent);
        widget::field(
            ui,
            ("Diffusion", "Diffusion of the tap"),
            &shown,
            FIELD,
            |text| {
                let percent = number(text, "%", &DIFFUSION_PERCENT)?;
                design.edit_tap(number_of, |tap| tap.diffusion_percent = percent);
                Ok(())
            },
        );
        let inverted = tap.polarity == Polarity::Inverted;
        if toggle(ui, "Polarity", "Inverted", inverted) {
            design.edit_tap(number_of, |tap| tap.polarity = polarity(!inverted));
        }
    });
}

/// The numbers of the repeats. Main thread.
pub(super) fn feedback(ui: &mut Ui, design: &mut Design) {
    let now = design.echo().feedback;
    let set = |design: &mut Design, change: &dyn Fn(&mut Feedback)| {
        design.edit(|echo| change(&mut echo.feedback));
    };
    ui.horizontal(|ui| {
        heading(ui, "Repeats");
        let shown = now.time.to_string();
        widget::field(
            ui,
            ("Every", "Time from repeat to repeat"),
            &shown,
            FIELD,
            |text| time(text).map(|time| set(design, &|feedback| feedback.time = time)),
        );
        let shown = format!("{:.1} dB", now.gain_db).replace('-', "−");
        widget::field(
            ui,
            ("Gain each", "Gain from repeat to repeat"),
            &shown,
            FIELD,
            |text| {
                let gain = number(text, "dB", &GAIN_DB)?;
                set(design, &|feedback| feedback.gain_db = gain);
                Ok(())
            },
        );
        let shown = now.generations.to_string();
        widget::field(ui, ("Times", "Number of repeats"), &shown, FIELD, |text| {
            let range = 0.0..=f32::from(MOST_REPEATS);
            let times = number(text, "times", &range)?.round() as u16;
            set(design, &|feedback| {
                feedback.generations = times;
                // Nobody wants all repeats at once, as loud as the tap.
                if feedback.time.milliseconds(120.0) == 0.0 {
                    feedback.time = Time::Ms(250.0);
                    feedback.gain_db = -6.0;
                }
            });
            Ok(())
        });
        let shown = cut_text(now.low_cut_hz);
        widget::field(
            ui,
            ("Low cut", "Low cut of the repeats"),
            &shown,
            FIELD,
            |text| {
                let hz = cut(text)?;
                set(design, &|feedback| feedback.low_cut_hz = hz);
                Ok(())
            },
        );
        let shown = cut_text(now.high_cut_hz);
        widget::field(
            ui,
            ("High cut", "High cut of the repeats"),
            &shown,
            FIELD,
            |text| {
                let hz = cut(text)?;
                set(design, &|feedback| feedback.high_cut_hz = hz);
                Ok(())
            },
        );
        if toggle(ui, "Sides", "Swap each time", now.sides == Sides::Swap) {
            set(design, &|feedback| {
                feedback.sides = match now.sides {
                    Sides::Keep => Sides::Swap,
                    Sides::Swap => Sides::Keep,
                };
            });
        }
        let turned = now.polarity == Polarity::Inverted;
        if toggle(ui, "Polarity", "Invert each", turned) {
            set(design, &|feedback| feedback.polarity = polarity(!turned));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_understood_or_told() {
        assert_eq!(number("-6", "dB", &GAIN_DB), Ok(-6.0));
        assert_eq!(number("−6,5 db", "dB", &GAIN_DB), Ok(-6.5));
        assert_eq!(number("4k", "Hz", &CUT_HZ), Ok(4_000.0));
        assert_eq!(number("4.5 kHz", "Hz", &CUT_HZ), Ok(4_500.0));
        assert_eq!(
            number("loud", "dB", &GAIN_DB).expect_err("no number"),
            "expected a number from -120 to 24 dB, got \"loud\""
        );
        assert_eq!((cut("off"), cut("")), (Ok(None), Ok(None)));
        assert!(cut("5").expect_err("too low").ends_with("or off"));
        let pans = ["L50", "left 50 %", "C", "centre", "r", "-20", "right 7%"];
        let pans = pans.map(|text| pan(text).expect("a pan"));
        assert_eq!(pans, [-50.0, -50.0, 0.0, 0.0, 100.0, -20.0, 7.0]);
        for percent in [-100.0, -7.0, 0.0, 100.0] {
            assert_eq!(pan(&pan_text(percent)), Ok(percent));
        }
        for hz in [None, Some(80.0), Some(4_500.0)] {
            assert_eq!(cut(&cut_text(hz)), Ok(hz));
        }
        assert_eq!(time("250"), Ok(Time::Ms(250.0)));
        assert_eq!(time("0.25 s"), Ok(Time::Ms(250.0)));
        assert_eq!(
            time("1/8d").map(|time| time.to_string()),
            Ok("1/8d".to_owned())
        );
        assert!(time("-1").is_err() && time("1/0").is_err() && time("soon").is_err());
    }
}

//! The numbers of an echo as they are typed and shown.

use crate::impulse::echo::{CUT_HZ, PAN_PERCENT, Time};
use std::ops::RangeInclusive;

/// A pan in words.
pub(super) fn pan_text(percent: f32) -> String {
    match percent {
        0.0 => "centre".to_owned(),
        left if left < 0.0 => format!("left {:.0} %", -left),
        right => format!("right {right:.0} %"),
    }
}

/// A number with or without its unit, in `range`.
pub(super) fn number(text: &str, unit: &str, range: &RangeInclusive<f32>) -> Result<f32, String> {
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
pub(super) fn cut(text: &str) -> Result<Option<f32>, String> {
    if matches!(
        text.to_lowercase().as_str(),
        "" | "off" | "none" | "-" | "–"
    ) {
        return Ok(None);
    }
    let what = number(text, "Hz", &CUT_HZ).map(Some);
    what.map_err(|error| format!("{error}; or off"))
}

/// The same as a text.
pub(super) fn cut_text(hz: Option<f32>) -> String {
    match hz {
        None => "off".to_owned(),
        Some(hz) if hz >= 1000.0 => format!("{} kHz", (hz / 10.0).round() / 100.0),
        Some(hz) => format!("{hz:.0} Hz"),
    }
}

/// A pan: L50, centre, right 20 %, or a number from left to right.
pub(super) fn pan(text: &str) -> Result<f32, String> {
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
pub(super) fn time(text: &str) -> Result<Time, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impulse::echo::GAIN_DB;

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

//! Times, taps and feedback as they are typed: `1/8d,-6dB,pan=L50,invert,low=100Hz,high=4kHz,diffusion=20%`.

use super::{Feedback, Feel, Note, Polarity, Preset, Sides, Tap, Time};
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use thiserror::Error;

/// A text that is none of these. It says what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected {expected}, got {got:?}")]
pub struct NotAnEcho {
    expected: &'static str,
    got: String,
}

fn not(expected: &'static str, got: &str) -> NotAnEcho {
    NotAnEcho {
        expected,
        got: got.to_owned(),
    }
}

const TIME: &str = "a time such as 250ms, 0.25s, or a note: 1/4, 1/8d (dotted), 1/8t (triplet)";
const TAP: &str = "after the time any of -6dB, pan=L50, pan=C, pan=R100, invert, low=100Hz, high=4kHz, diffusion=20%";
const FEEDBACK: &str = "after the time any of -6dB, times=8, swap, invert, low=100Hz, high=4kHz";

/// A number with its unit behind it, whatever the unit's case.
fn number(text: &str, unit: &str) -> Option<f64> {
    let split = text.len().checked_sub(unit.len())?;
    let (number, end) = (text.get(..split)?, text.get(split..)?);
    let number = number.trim().parse::<f64>().ok()?;
    (end.eq_ignore_ascii_case(unit) && number.is_finite()).then_some(number)
}

fn gain(text: &str) -> Option<f32> {
    number(text, "dB").map(|db| db as f32)
}

fn frequency(text: &str) -> Option<f32> {
    let hertz = number(text, "kHz").map(|khz| khz * 1000.0);
    hertz.or_else(|| number(text, "Hz")).map(|hz| hz as f32)
}

fn pan(text: &str) -> Option<f32> {
    let text = text.trim().to_ascii_lowercase();
    if text == "c" {
        return Some(0.0);
    }
    let left = text.strip_prefix('l').map(|percent| (-1.0, percent));
    let (side, percent) = left.or_else(|| text.strip_prefix('r').map(|percent| (1.0, percent)))?;
    let percent = percent.trim_end_matches('%').parse::<f32>().ok()?;
    (0.0..=100.0).contains(&percent).then_some(side * percent)
}

fn note(text: &str) -> Option<Note> {
    let (numerator, rest) = text.split_once('/')?;
    let dotted = rest
        .strip_suffix(['d', 'D', '.'])
        .map(|rest| (rest, Feel::Dotted));
    let triplet = || {
        rest.strip_suffix(['t', 'T'])
            .map(|rest| (rest, Feel::Triplet))
    };
    let (denominator, feel) = dotted.or_else(triplet).unwrap_or((rest, Feel::Straight));
    Some(Note {
        numerator: numerator.parse().ok()?,
        denominator: denominator.parse().ok().filter(|n| *n > 0)?,
        feel,
    })
}

impl FromStr for Time {
    type Err = NotAnEcho;

    fn from_str(text: &str) -> Result<Self, NotAnEcho> {
        let text = text.trim();
        let seconds = || number(text, "s").map(|s| s * 1000.0);
        let ms = number(text, "ms").or_else(seconds).map(Self::Ms);
        ms.or_else(|| note(text).map(Self::Note))
            .ok_or_else(|| not(TIME, text))
    }
}

impl Display for Time {
    /// As it can be typed; milliseconds to the hundredth.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ms(ms) => write!(f, "{} ms", (ms * 100.0).round() / 100.0),
            Self::Note(note) => {
                let feel = match note.feel {
                    Feel::Straight => "",
                    Feel::Dotted => "d",
                    Feel::Triplet => "t",
                };
                write!(f, "{}/{}{feel}", note.numerator, note.denominator)
            }
        }
    }
}

impl FromStr for Tap {
    type Err = NotAnEcho;

    fn from_str(text: &str) -> Result<Self, NotAnEcho> {
        let mut words = text.split(',');
        let mut tap = Self::new(words.next().unwrap_or_default().parse()?, 0.0);
        for word in words.map(str::trim) {
            let known = match word.split_once('=') {
                None if word.eq_ignore_ascii_case("invert") => {
                    tap.polarity = Polarity::Inverted;
                    Some(())
                }
                None => gain(word).map(|db| tap.gain_db = db),
                Some(("pan", value)) => pan(value).map(|percent| tap.pan_percent = percent),
                Some(("low", value)) => frequency(value).map(|hz| tap.low_cut_hz = Some(hz)),
                Some(("high", value)) => frequency(value).map(|hz| tap.high_cut_hz = Some(hz)),
                Some(("diffusion", value)) => {
                    number(value, "%").map(|percent| tap.diffusion_percent = percent as f32)
                }
                Some(_) => None,
            };
            known.ok_or_else(|| not(TAP, word))?;
        }
        Ok(tap)
    }
}

impl FromStr for Feedback {
    type Err = NotAnEcho;

    fn from_str(text: &str) -> Result<Self, NotAnEcho> {
        let mut words = text.split(',');
        let mut feedback = Self {
            time: words.next().unwrap_or_default().parse()?,
            generations: 8,
            gain_db: -6.0,
            ..Self::default()
        };
        for word in words.map(str::trim) {
            let known = match word.split_once('=') {
                None if word.eq_ignore_ascii_case("invert") => {
                    feedback.polarity = Polarity::Inverted;
                    Some(())
                }
                None if word.eq_ignore_ascii_case("swap") => {
                    feedback.sides = Sides::Swap;
                    Some(())
                }
                None => gain(word).map(|db| feedback.gain_db = db),
                Some(("times", value)) => {
                    value.parse().ok().map(|times| feedback.generations = times)
                }
                Some(("low", value)) => frequency(value).map(|hz| feedback.low_cut_hz = Some(hz)),
                Some(("high", value)) => frequency(value).map(|hz| feedback.high_cut_hz = Some(hz)),
                Some(_) => None,
            };
            known.ok_or_else(|| not(FEEDBACK, word))?;
        }
        Ok(feedback)
    }
}

impl FromStr for Preset {
    type Err = NotAnEcho;

    fn from_str(text: &str) -> Result<Self, NotAnEcho> {
        let named = Self::ALL.into_iter().find(|preset| preset.name() == text);
        let names = "one of slap, ping-pong, tape, multi-tap, dotted-eighth, golden-ratio";
        named.ok_or_else(|| not(names, text))
    }
}

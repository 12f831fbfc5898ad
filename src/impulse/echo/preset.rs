//! Echoes to begin with.

use super::{Echo, Feedback, Feel, Note, Sides, Tap, Time};
use serde::{Deserialize, Serialize};

/// An echo with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// One repeat at 110 ms, a little dull.
    Slap,
    /// Quarter notes from side to side.
    PingPong,
    /// Repeats every 330 ms that lose treble and bass each time.
    Tape,
    /// Five taps of an uneven rhythm, spread over the stage.
    MultiTap,
    /// Dotted eighths: against straight eighths they gallop.
    DottedEighth,
    /// Seven taps, each later than the one before by a factor of 1.618: no two of them beat together.
    GoldenRatio,
}

fn note(numerator: u16, denominator: u16, feel: Feel) -> Time {
    Time::Note(Note {
        numerator,
        denominator,
        feel,
    })
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Slap,
        Self::PingPong,
        Self::Tape,
        Self::MultiTap,
        Self::DottedEighth,
        Self::GoldenRatio,
    ];

    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slap => "slap",
            Self::PingPong => "ping-pong",
            Self::Tape => "tape",
            Self::MultiTap => "multi-tap",
            Self::DottedEighth => "dotted-eighth",
            Self::GoldenRatio => "golden-ratio",
        }
    }

    /// Its taps and its feedback.
    pub fn echo(self) -> Echo {
        match self {
            // The second head of a tape machine at 15 inches per second is some 110 ms behind the first.
            Self::Slap => Echo {
                taps: vec![Tap {
                    high_cut_hz: Some(6_000.0),
                    diffusion_percent: 3.0,
                    ..Tap::new(Time::Ms(110.0), -3.0)
                }],
                ..Echo::default()
            },
            Self::PingPong => {
                let time = note(1, 4, Feel::Straight);
                Echo {
                    taps: vec![Tap {
                        pan_percent: -100.0,
                        ..Tap::new(time, -3.0)
                    }],
                    feedback: Feedback {
                        time,
                        generations: 11,
                        gain_db: -4.0,
                        sides: Sides::Swap,
                        ..Feedback::default()
                    },
                    ..Echo::default()
                }
            }
            Self::Tape => Echo {
                taps: vec![Tap {
                    low_cut_hz: Some(60.0),
                    high_cut_hz: Some(7_000.0),
                    diffusion_percent: 2.0,
                    ..Tap::new(Time::Ms(330.0), -3.0)
                }],
                feedback: Feedback {
                    time: Time::Ms(330.0),
                    generations: 11,
                    gain_db: -4.0,
                    low_cut_hz: Some(90.0),
                    high_cut_hz: Some(4_500.0),
                    ..Feedback::default()
                },
                ..Echo::default()
            },
            Self::MultiTap => {
                let tap = |numerator, gain_db, pan_percent, high_cut_hz| Tap {
                    pan_percent,
                    high_cut_hz: Some(high_cut_hz),
                    ..Tap::new(note(numerator, 16, Feel::Straight), gain_db)
                };
                Echo {
                    taps: vec![
                        tap(2, -4.0, -60.0, 12_000.0),
                        tap(3, -6.0, 70.0, 10_000.0),
                        tap(5, -8.0, -30.0, 8_000.0),
                        tap(6, -9.0, 40.0, 7_000.0),
                        tap(8, -12.0, 0.0, 5_000.0),
                    ],
                    ..Echo::default()
                }
            }
            Self::DottedEighth => {
                let time = note(1, 8, Feel::Dotted);
                Echo {
                    taps: vec![Tap {
                        high_cut_hz: Some(9_000.0),
                        ..Tap::new(time, -4.0)
                    }],
                    feedback: Feedback {
                        time,
                        generations: 7,
                        gain_db: -6.0,
                        low_cut_hz: Some(120.0),
                        ..Feedback::default()
                    },
                    ..Echo::default()
                }
            }
            Self::GoldenRatio => {
                let golden = f64::midpoint(1.0, 5_f64.sqrt());
                // To the tenth of a millisecond, as people write it.
                let tap = |number: i32| Tap {
                    pan_percent: if number % 2 == 0 { -35.0 } else { 35.0 },
                    ..Tap::new(
                        Time::Ms((1_100.0 * golden.powi(number)).round() / 10.0),
                        -4.0 - 2.5 * number as f32,
                    )
                };
                Echo {
                    taps: (0..7).map(tap).collect(),
                    ..Echo::default()
                }
            }
        }
    }
}

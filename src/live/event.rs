//! What a session tells of itself: as JSON, or as text of one line.

use super::control::Status;
use super::deck::{Take, Taken};
use super::priority::Priority;
use super::stream::{Clock, Lost, Opened};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A device plays.
    Opened {
        /// Which, and how.
        #[serde(flatten)]
        opened: Opened,
        /// From input to output through all buffers, in ms.
        round_trip_ms: Option<f64>,
        /// How the audio thread is scheduled.
        priority: Priority,
    },
    /// None can be opened. Said once for each reason.
    Waiting {
        /// Why, in one line.
        reason: String,
    },
    /// The device has gone.
    Lost {
        /// Why.
        reason: Lost,
    },
    /// Sound is lost again and again. Told once for each time that a device is opened.
    ManyXruns {
        /// How many.
        xruns: u64,
        /// In how many seconds.
        seconds: f64,
        /// In frames.
        period: u32,
    },
    /// It is being recorded.
    Recording {
        /// Which sound.
        take: Take,
        /// The file.
        path: PathBuf,
    },
    /// It has been recorded.
    Recorded {
        /// What, and where.
        #[serde(flatten)]
        taken: Taken,
    },
    /// It is not recorded, or its file has not got its name.
    RecordingFailed {
        /// Why, in one line.
        reason: String,
    },
    /// The disk takes nothing. Told once until it does again.
    RecordingStuck {
        /// The file.
        path: PathBuf,
        /// What the disk says.
        reason: String,
    },
    /// It howled, and was turned down.
    Howl {
        /// Its frequency.
        hertz: f32,
    },
    /// An impulse plays.
    Impulse {
        /// Its name.
        name: String,
        /// Seconds until it is below its noise floor.
        tail_seconds: f64,
        /// Gain of its normalisation, in dB.
        gain_db: f64,
    },
    /// The impulse that is wanted cannot be played.
    ImpulseFailed {
        /// Why, in one line.
        reason: String,
    },
    /// How it goes, now and then.
    Status {
        /// All of it.
        #[serde(flatten)]
        status: Status,
    },
    /// It has ended.
    Ended {
        /// Seconds of sound, over all devices.
        seconds: f64,
        /// How often a device lost or repeated sound.
        xruns: u64,
    },
}

fn list(channels: &[usize]) -> String {
    let channels: Vec<_> = channels.iter().map(ToString::to_string).collect();
    channels.join(",")
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened {
                opened,
                round_trip_ms,
                priority,
            } => {
                match &opened.input {
                    Some(input) => {
                        write!(f, "input {input} ({})", list(&opened.input_channels))?;
                    }
                    None => f.write_str("no input")?,
                }
                write!(
                    f,
                    ", output {} ({}), {} Hz, period {}",
                    opened.output,
                    list(&opened.output_channels),
                    opened.sample_rate,
                    opened.period
                )?;
                if opened.clock == Clock::Two {
                    f.write_str(", two clocks")?;
                }
                if let Some(ms) = round_trip_ms {
                    write!(f, ", latency {ms:.1} ms")?;
                }
                f.write_str(match priority {
                    Priority::Realtime => ", real-time priority",
                    Priority::Ordinary => ", no real-time priority",
                    Priority::Unknown => "",
                })?;
                opened
                    .notes
                    .iter()
                    .try_for_each(|note| write!(f, "\n{note}"))
            }
            Self::Waiting { reason } => write!(f, "{reason}; waiting for it"),
            Self::Lost { reason } => write!(f, "{reason}"),
            Self::ManyXruns {
                xruns,
                seconds,
                period,
            } => {
                let longer = 2 * period;
                write!(
                    f,
                    "{xruns} xruns in {seconds:.1} s; a period of {longer} would be safer"
                )
            }
            Self::Recording { take, path } => {
                write!(f, "recording the {take} to {}", path.display())
            }
            Self::Recorded { taken } => taken.fmt(f),
            Self::RecordingFailed { reason } => f.write_str(reason),
            Self::RecordingStuck { path, reason } => {
                let path = path.display();
                write!(f, "{path}: the disk takes nothing: {reason}; trying again")
            }
            Self::Howl { hertz } => write!(
                f,
                "a howl at {hertz:.0} Hz was turned down; turn the microphone away, or the gain down"
            ),
            Self::Impulse {
                name,
                tail_seconds,
                gain_db,
            } => write!(
                f,
                "impulse {name}, {tail_seconds:.1} s, gain {gain_db:.1} dB"
            ),
            Self::ImpulseFailed { reason } => f.write_str(reason),
            Self::Status { status } => status.fmt(f),
            Self::Ended { seconds, xruns } => {
                write!(f, "{seconds:.1} s played, xruns {xruns}")
            }
        }
    }
}

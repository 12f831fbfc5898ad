//! What is wrong with a recording, each in one line: what was expected, what was found, what to do.

use super::sweep::BadSweep;
use serde::{Serialize, Serializer};
use std::fmt;
use thiserror::Error;

/// Below this peak in dBFS there is nothing in a channel.
pub const SILENT_DBFS: f64 = -90.0;

/// Below this peak in dBFS a sweep is quieter than it need be.
pub const QUIET_DBFS: f64 = -40.0;

/// A recording that no impulse can be made of.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The sweep cannot be.
    #[error(transparent)]
    Sweep(#[from] BadSweep),
    /// Not one channel.
    #[error("expected a microphone's channel, got none; record it, or name another --channels")]
    NoChannel,
    /// Recorded at another rate.
    #[error(
        "expected {played} Hz, the rate of the sweep, got {recorded} Hz; record at {played} Hz, or write the sweep with --rate {recorded}"
    )]
    Rate {
        /// Of the sweep, in Hz.
        played: u32,
        /// Of the recording, in Hz.
        recorded: u32,
    },
    /// NaN or an infinity.
    #[error(
        "{channel}: expected finite samples, but frame {frame} is not; record or export it again"
    )]
    NotFinite {
        /// Which.
        channel: Channel,
        /// Its first, from 0.
        frame: usize,
    },
    /// Shorter than what was played.
    #[error(
        "expected a sweep of {sweep:.1} s and what follows it, but the recording lasts {seconds:.1} s; record from before the sweep until it has rung out"
    )]
    Short {
        /// Of the recording.
        seconds: f64,
        /// Of one sweep.
        sweep: f64,
    },
    /// Nothing in it.
    #[error(
        "{channel}: expected a sweep, got silence (the peak is below {SILENT_DBFS} dBFS); check the cable and the input, or leave it out with --channels"
    )]
    Silent {
        /// Which.
        channel: Channel,
    },
    /// Beyond what the converter can.
    #[error(
        "{channel}: expected a sweep below full scale, but {samples} samples are clipped, the first at {seconds:.1} s; lower the input's gain and record it again"
    )]
    Clipped {
        /// Which.
        channel: Channel,
        /// How many stand at the extreme.
        samples: usize,
        /// When that begins.
        seconds: f64,
    },
    /// Sound, but not this.
    #[error(
        "{channel}: expected the sweep, but it is not in the recording, or no louder than the noise; check that it is the sweep that was played, and that all of it was recorded"
    )]
    NotFound {
        /// Which.
        channel: Channel,
    },
    /// Whose sweep is whose cannot be told.
    #[error(
        "expected {expected} sweeps, of {speakers} loudspeakers in turn, found {found}; record all of them, from before the first until the last has rung out"
    )]
    Incomplete {
        /// Sweeps played.
        expected: usize,
        /// Loudspeakers.
        speakers: usize,
        /// Sweeps found.
        found: usize,
    },
    /// Not recorded together.
    #[error(
        "expected the sweep in the loopback and then at the microphone, within {most:.1} s, but it is not there; record both at the same time"
    )]
    Apart {
        /// In seconds.
        most: f64,
    },
    /// Not the same length of time.
    #[error(
        "expected a loopback as long as the recording, {recording} frames, got {loopback}; record both at the same time"
    )]
    LoopbackLength {
        /// Frames.
        recording: usize,
        /// Frames.
        loopback: usize,
    },
    /// Its label says otherwise.
    #[error(
        "expected the sweep that the file's label describes ({label}), but its sound is another; write it again with --write-sweep"
    )]
    Altered {
        /// What the label says.
        label: String,
    },
    /// A sound that cannot be divided by.
    #[error("expected a sound to measure with, {what}; write one with --write-sweep")]
    Unusable {
        /// What is wrong with it.
        what: String,
    },
}

/// Which channel of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A microphone's, counted from 0 among those used.
    Microphone(usize),
    /// The loopback.
    Loopback,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Microphone(index) => write!(f, "microphone {}", index + 1),
            Self::Loopback => f.write_str("loopback"),
        }
    }
}

/// What did not keep an impulse from being made. Its text is one line.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The level is low.
    Quiet {
        /// Which.
        channel: Channel,
        /// Its peak in dBFS.
        peak_dbfs: f64,
    },
    /// Not so many sweeps as were to be played.
    Count {
        /// To be played.
        expected: usize,
        /// In the recording.
        found: usize,
    },
    /// A repeat that is unlike the others.
    LeftOut {
        /// Which, from 0.
        repeat: usize,
        /// Of which loudspeaker, from 0.
        speaker: usize,
        /// Energy of the difference, in dB of the response.
        db: f64,
    },
    /// Two clocks, put right.
    Drift {
        /// How much longer the recording is than what was played, in parts per million.
        ppm: f64,
    },
    /// Repeats that do not follow in time.
    Uneven {
        /// By how many samples.
        samples: f64,
    },
    /// Some octaves arrive long after others.
    Smeared {
        /// Between the first and the last to arrive, in seconds.
        seconds: f64,
    },
    /// It is not known what sweep was played.
    NoOrders,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quiet { channel, peak_dbfs } => write!(
                f,
                "{channel}: the recording peaks at {peak_dbfs:.0} dBFS; more gain, or a louder sweep, would leave less noise"
            ),
            Self::Count { expected, found } => write!(
                f,
                "{found} of {expected} sweeps are in the recording, and whole; these were used"
            ),
            Self::LeftOut {
                repeat,
                speaker,
                db,
            } => write!(
                f,
                "repeat {} of loudspeaker {} differs from the others by {db:.0} dB (a noise?); it was left out",
                repeat + 1,
                speaker + 1
            ),
            Self::Drift { ppm } => write!(
                f,
                "the clocks of player and recorder differ by {ppm:+.2} ppm; that was put right"
            ),
            Self::Uneven { samples } => write!(
                f,
                "the repeats are up to {samples:.1} samples out of step: samples were lost in playing or recording; record again, with a longer buffer"
            ),
            Self::Smeared { seconds } => write!(
                f,
                "some octaves arrive {seconds:.2} s after others; check that this is the sweep that was played"
            ),
            Self::NoOrders => f.write_str(
                "the file has no label that says what sweep it is: distortion was separated, but its orders are unknown",
            ),
        }
    }
}

impl Serialize for Notice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

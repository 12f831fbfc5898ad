//! How a session goes, in figures and in one line.

use super::{Desk, Playing};
use crate::engine::meter::Level;
use crate::live::deck::{Deck, Take};
use crate::live::priority::Priority;
use crate::params::Id;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// How it goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// Whether a device is open.
    pub playing: bool,
    /// Seconds of sound since it was opened.
    pub seconds: f64,
    /// Name of the impulse that plays.
    pub impulse: String,
    /// Seconds until the impulse is below its noise floor.
    pub tail_seconds: f64,
    /// Why the one that is wanted does not play.
    pub error: Option<String>,
    /// How often the device lost or repeated sound since it was opened.
    pub xruns: u64,
    /// Share of its time that the audio thread needed lately, in per cent.
    pub load_percent: f32,
    /// The same of the slowest block lately.
    pub worst_percent: f32,
    /// The same of the slowest block since the device was opened.
    pub worst_ever_percent: f32,
    /// Blocks since then that took longer than they last.
    pub late: u64,
    /// Peak of each input lately, in dBFS; null: silence.
    pub input_dbfs: Vec<f32>,
    /// Peak of each output lately, in dBFS; null: silence.
    pub output_dbfs: Vec<f32>,
    /// From input to output through all buffers, in ms.
    pub round_trip_ms: Option<f64>,
    /// On two clocks, how much faster the input's is, in millionths.
    pub drift_ppm: Option<f64>,
    /// How the audio thread is scheduled.
    pub priority: Priority,
    /// How far the limiter is down, in dB.
    pub limited_db: f32,
    /// How far a howl has turned it down, in dB.
    pub ducked_db: f32,
    /// Howls since the device was opened.
    pub howls: u64,
    /// Frequency of the last, in Hz; 0 before the first.
    pub howl_hz: f32,
    /// Whether only the dry is heard.
    pub bypass: bool,
    /// What is being recorded.
    pub recordings: Vec<Recording>,
}

/// A recording that goes on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recording {
    /// Which sound.
    pub take: Take,
    /// The file.
    pub path: PathBuf,
    /// How long it is, on the disk.
    pub seconds: f64,
    /// Of which the disk was too slow for.
    pub lost_seconds: f64,
    /// What the disk says, if it takes nothing now.
    pub stuck: Option<String>,
}

impl Recording {
    fn of(deck: &Deck) -> Option<Self> {
        let (path, status) = deck.running()?;
        let rate = f64::from(deck.sample_rate());
        Some(Self {
            take: deck.take,
            path: path.to_owned(),
            seconds: status.frames as f64 / rate,
            lost_seconds: status.lost as f64 / rate,
            stuck: status.stuck,
        })
    }
}

impl Playing {
    /// How it goes.
    pub(in crate::live) fn status(&self, desk: &Desk) -> Status {
        let rate = f64::from(self.opened.sample_rate);
        let loaded = self.loaded();
        let seconds = |frames: u64| frames as f64 / rate;
        let guarding = self.made.ends.guard.now();
        let latest = self.heard.latest.as_ref();
        let dbfs = |levels: &[Level]| levels.iter().map(|it| 20.0 * it.peak.log10()).collect();
        Status {
            playing: true,
            seconds: seconds(self.made.ends.gauges.frames()),
            impulse: loaded.name,
            tail_seconds: seconds(loaded.tail_frames.into()),
            error: loaded.error,
            xruns: self.alarm.xruns() + self.link.gaps,
            load_percent: latest.map_or(0.0, |it| 100.0 * it.load.mean),
            worst_percent: latest.map_or(0.0, |it| 100.0 * it.load.worst),
            worst_ever_percent: 100.0 * self.heard.worst,
            late: latest.map_or(0, |it| it.late),
            input_dbfs: latest.map_or_else(Vec::new, |it| dbfs(&it.inputs)),
            output_dbfs: latest.map_or_else(Vec::new, |it| dbfs(&it.outputs)),
            round_trip_ms: self.link.round_trip_ms,
            drift_ppm: self.link.drift_ppm,
            priority: self.alarm.priority(),
            limited_db: guarding.limited_db,
            ducked_db: guarding.ducked_db,
            howls: guarding.howls,
            howl_hz: guarding.howl_hz,
            bypass: desk.values.get(Id::Bypass) != 0.0,
            recordings: self
                .made
                .ends
                .decks
                .iter()
                .filter_map(Recording::of)
                .collect(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.playing {
            return f.write_str("waiting for a device");
        }
        write!(f, "{:.1} s, {}", self.seconds, self.impulse)?;
        if self.bypass {
            f.write_str(" (bypassed)")?;
        }
        for (way, levels) in [("in", &self.input_dbfs), ("out", &self.output_dbfs)] {
            match levels.iter().copied().fold(f32::NEG_INFINITY, f32::max) {
                f32::NEG_INFINITY => write!(f, ", {way} silent")?,
                dbfs => write!(f, ", {way} {dbfs:.0} dBFS")?,
            }
        }
        let (load, worst) = (self.load_percent, self.worst_percent);
        write!(
            f,
            ", load {load:.0} %, worst {worst:.0} %, xruns {}",
            self.xruns
        )?;
        if let Some(ms) = self.round_trip_ms {
            write!(f, ", latency {ms:.1} ms")?;
        }
        if let Some(ppm) = self.drift_ppm {
            write!(f, ", drift {ppm:.0} ppm")?;
        }
        if self.limited_db >= 0.5 {
            write!(f, ", limited {:.0} dB", self.limited_db)?;
        }
        if self.ducked_db >= 0.5 {
            write!(f, ", ducked {:.0} dB", self.ducked_db)?;
        }
        if let Some(longest) = self.recordings.iter().map(|it| it.seconds).reduce(f64::max) {
            write!(f, ", recording {longest:.0} s")?;
        }
        Ok(())
    }
}

//! An opened device: what was asked for, what came of it, and what goes wrong.

use super::chain::Chain;
use super::jack;
use super::priority::{Priority, Thread, Told};
use crate::loader::thread::Format;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use thiserror::Error;

/// Rates that are tried where none is asked for, in Hz, the best first.
pub const RATES: [u32; 4] = [48_000, 44_100, 96_000, 88_200];

/// Periods that are tried where none is asked for, in frames, the best first.
pub const PERIODS: [u32; 6] = [64, 128, 256, 512, 1024, 2048];

/// Which device, in or out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The system's.
    #[default]
    Default,
    /// None: silence comes in.
    None,
    /// The one of that id, as [`devices`](super::devices) lists them.
    Device(String),
}

/// What is to be opened.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Where sound comes from.
    pub input: Choice,
    /// Where it goes. [`Choice::None`] is the default.
    pub output: Choice,
    /// In Hz.
    pub rate: Option<u32>,
    /// In frames.
    pub period: Option<u32>,
    /// Which of the input's channels, from 0.
    pub input_channels: Option<Vec<usize>>,
    /// Which of the output's channels, from 0.
    pub output_channels: Option<Vec<usize>>,
}

/// Whether both sides count the same samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// They do.
    One,
    /// They do not: the input is resampled to the output's clock.
    Two,
}

/// What was opened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Opened {
    /// Id of the input.
    pub input: Option<String>,
    /// Id of the output.
    pub output: String,
    /// In Hz.
    pub sample_rate: u32,
    /// In frames.
    pub period: u32,
    /// The input's channels that are heard, from 1.
    pub input_channels: Vec<usize>,
    /// The output's channels that are played to, from 1.
    pub output_channels: Vec<usize>,
    /// Whether both are on one clock.
    pub clock: Clock,
    /// What the user should know, each in one line.
    pub notes: Vec<String>,
}

/// Why a device cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// JACK does not run.
    #[error("expected a JACK server, but none is running; start one, or choose an ALSA device")]
    NoServer,
    /// Nothing is called so.
    #[error(
        "{device}: expected {what}, but there is none of that name; `partita devices` lists them"
    )]
    Missing {
        /// As it was asked for.
        device: String,
        /// What was asked for, with its article.
        what: &'static str,
    },
    /// Somebody else has it.
    #[error(
        "{device}: another program has this device; end that, or choose its mixer (default, pipewire, dmix)"
    )]
    Busy {
        /// Its id.
        device: String,
    },
    /// The system forbids it.
    #[error("{device}: the system does not let you use this device; on Linux the group audio may")]
    Denied {
        /// Its id.
        device: String,
    },
    /// It cannot run at that rate.
    #[error("{device}: expected a rate of {wanted} Hz, but it has {supported}")]
    Rate {
        /// Its id.
        device: String,
        /// In Hz.
        wanted: u32,
        /// What it has.
        supported: String,
    },
    /// It cannot run with that period.
    #[error("{device}: expected a period of {wanted} frames, but it has {supported}")]
    Period {
        /// Its id.
        device: String,
        /// In frames.
        wanted: u32,
        /// What it has.
        supported: String,
    },
    /// It has fewer channels.
    #[error("{device}: expected a channel {wanted}, but it has {has}")]
    Channels {
        /// Its id.
        device: String,
        /// The highest asked for, from 1.
        wanted: usize,
        /// How many it has.
        has: usize,
    },
    /// Input and output are on different systems.
    #[error("expected input and output on one sound system, got {input} and {output}")]
    Systems {
        /// The input's.
        input: String,
        /// The output's.
        output: String,
    },
    /// Something else.
    #[error("{device}: the system reports: {what}")]
    System {
        /// Its id.
        device: String,
        /// What it said.
        what: String,
    },
}

/// Why a stream has ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// The device is gone.
    #[error("the device is gone")]
    Unplugged,
    /// The sound server has ended.
    #[error("the JACK server has ended")]
    ServerGone,
    /// Neither sound nor word came from it for two seconds.
    #[error("the device does not answer")]
    Stalled,
    /// It answers with an error.
    #[error("the device has failed")]
    Failed,
    /// Its rate has changed, or something else that needs a new beginning.
    #[error("the device has changed its settings")]
    Changed,
}

/// What the audio threads and the drivers tell, without waiting.
#[derive(Debug, Default)]
pub struct Alarm {
    lost: AtomicU8,
    xruns: AtomicU64,
    priority: Told,
}

impl Alarm {
    /// The stream has ended. Audio thread.
    pub fn lose(&self, why: Lost) {
        let code = match why {
            Lost::Unplugged => 1,
            Lost::ServerGone => 2,
            Lost::Stalled => 3,
            Lost::Changed => 4,
            Lost::Failed => 5,
        };
        // The first is the cause.
        let _ = self
            .lost
            .compare_exchange(0, code, Ordering::Release, Ordering::Relaxed);
    }

    /// Whether it has, and why. Any thread.
    pub fn lost(&self) -> Option<Lost> {
        match self.lost.load(Ordering::Acquire) {
            1 => Some(Lost::Unplugged),
            2 => Some(Lost::ServerGone),
            3 => Some(Lost::Stalled),
            4 => Some(Lost::Changed),
            5 => Some(Lost::Failed),
            _ => None,
        }
    }

    /// Sound was lost, or repeated. Audio thread.
    pub fn xrun(&self) {
        self.xruns.fetch_add(1, Ordering::Relaxed);
    }

    /// How often. Any thread.
    pub fn xruns(&self) -> u64 {
        self.xruns.load(Ordering::Relaxed)
    }

    /// Asks for real-time priority, for this thread. Audio thread, before it plays.
    pub(super) fn ask_priority(&self, which: Thread) {
        self.priority.ask(which);
    }

    /// Asks for it once more, of whoever gives it where the kernel does not; says what came of it. Main thread.
    pub(super) fn ask_priority_again(&self) -> Option<String> {
        self.priority.ask_again()
    }

    /// Tells once how this thread is scheduled. Audio thread.
    pub(super) fn tell_priority(&self) {
        self.priority.tell();
    }

    /// How the audio thread is scheduled. Any thread.
    pub fn priority(&self) -> Priority {
        self.priority.get()
    }
}

/// Builds the chain for a format, once the device has said which. Loader thread.
pub type MakeChain<'a> = &'a mut dyn FnMut(Format) -> Chain;

/// An open device that plays. Dropped, it is closed.
pub enum Stream {
    /// JACK.
    Jack(jack::Stream),
    /// One thread on ALSA.
    #[cfg(target_os = "linux")]
    Alsa(super::alsa::Stream),
    /// Whatever else there is.
    Card(super::card::Stream),
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Jack(_) => "Jack",
            #[cfg(target_os = "linux")]
            Self::Alsa(_) => "Alsa",
            Self::Card(_) => "Card",
        })
    }
}

impl Stream {
    /// How input and output hang together. Any thread but the audio thread.
    pub fn link(&self) -> Link {
        match self {
            Self::Jack(stream) => stream.link(),
            #[cfg(target_os = "linux")]
            Self::Alsa(stream) => stream.link(),
            Self::Card(stream) => stream.link(),
        }
    }
}

/// How input and output hang together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Link {
    /// From a sound at the input to the same at the output, as far as the system knows: its buffers, and on two clocks
    /// what joins them, in ms.
    pub round_trip_ms: Option<f64>,
    /// On two clocks, how much faster the input's is, in millionths.
    pub drift_ppm: Option<f64>,
    /// On two clocks, how often there was nothing to play, or nobody to play it.
    pub gaps: u64,
}

/// So many frames in ms.
pub(super) fn milliseconds(frames: u32, sample_rate: u32) -> f64 {
    1000.0 * f64::from(frames) / f64::from(sample_rate)
}

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum System {
    Jack,
    #[cfg(target_os = "linux")]
    Alsa,
    Card(cpal::HostId),
}

impl System {
    pub fn name(&self) -> String {
        match self {
            Self::Jack => "jack".to_owned(),
            #[cfg(target_os = "linux")]
            Self::Alsa => "alsa".to_owned(),
            Self::Card(host) => host.to_string(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name.to_lowercase().as_str() {
            "jack" => Some(Self::Jack),
            #[cfg(target_os = "linux")]
            "alsa" => Some(Self::Alsa),
            name => name.parse().ok().map(Self::Card),
        }
    }

    /// The one of this machine's default devices.
    fn default_here() -> Self {
        if jack::server_runs() {
            return Self::Jack;
        }
        #[cfg(target_os = "linux")]
        return Self::Alsa;
        #[cfg(not(target_os = "linux"))]
        return Self::Card(cpal::default_host().id());
    }

    /// Where bare names belong.
    fn of_bare_names() -> Self {
        #[cfg(target_os = "linux")]
        return Self::Alsa;
        #[cfg(not(target_os = "linux"))]
        return Self::default_here();
    }
}

/// `SYSTEM:NAME`, `SYSTEM` or `NAME`. The name is `None` for the system's default.
pub(super) fn address(id: &str) -> (System, Option<String>) {
    let (head, rest) = match id.split_once(':') {
        Some((head, rest)) => (head, Some(rest)),
        None => (id, None),
    };
    match System::named(head) {
        Some(system) => (system, rest.filter(|it| !it.is_empty()).map(str::to_owned)),
        None => (System::of_bare_names(), Some(id.to_owned())),
    }
}

/// The name of a device within its system: `None` for the default. The outer `None`: no device.
pub(super) type Named = Option<Option<String>>;

/// Opens what is asked for and plays `make`'s chain on it.
///
/// Errors: every [`OpenError`].
pub fn open(
    request: &Request,
    make: MakeChain<'_>,
    alarm: &Arc<Alarm>,
) -> Result<(Stream, Opened), OpenError> {
    let of = |choice: &Choice| match choice {
        Choice::Device(id) => Some(address(id)),
        Choice::Default | Choice::None => None,
    };
    let (input, output) = (of(&request.input), of(&request.output));
    let system = match (&input, &output) {
        (Some((one, _)), Some((other, _))) if one != other => {
            return Err(OpenError::Systems {
                input: one.name(),
                output: other.name(),
            });
        }
        (_, Some((system, _))) | (Some((system, _)), None) => system.clone(),
        (None, None) => System::default_here(),
    };
    let input: Named = match &request.input {
        Choice::None => None,
        _ => Some(input.and_then(|(_, name)| name)),
    };
    let output = output.and_then(|(_, name)| name);
    match system {
        System::Jack => {
            let (stream, opened) = jack::open(request, &input, output.as_deref(), make, alarm)?;
            Ok((Stream::Jack(stream), opened))
        }
        #[cfg(target_os = "linux")]
        System::Alsa => {
            if let Some(pair) = super::alsa::open(request, &input, output.as_deref(), make, alarm)?
            {
                let (stream, opened) = pair;
                return Ok((Stream::Alsa(stream), opened));
            }
            let host = cpal::HostId::Alsa;
            let (stream, opened) =
                super::card::open(host, request, &input, output.as_deref(), make, alarm)?;
            Ok((Stream::Card(stream), opened))
        }
        System::Card(host) => {
            let (stream, opened) =
                super::card::open(host, request, &input, output.as_deref(), make, alarm)?;
            Ok((Stream::Card(stream), opened))
        }
    }
}

/// The channels that are used of a device that has `has`: those asked for, else the first two.
pub(super) fn channels(
    asked: Option<&[usize]>,
    has: usize,
    device: &str,
) -> Result<Vec<usize>, OpenError> {
    let all = asked.map_or_else(|| (0..has.min(2)).collect(), <[usize]>::to_vec);
    match all.iter().max() {
        Some(&highest) if highest < has => Ok(all),
        highest => Err(OpenError::Channels {
            device: device.to_owned(),
            wanted: highest.map_or(1, |highest| highest + 1),
            has,
        }),
    }
}

/// As people count them.
pub(super) fn from_one(channels: &[usize]) -> Vec<usize> {
    channels.iter().map(|channel| channel + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_system_and_a_name() {
        assert_eq!(address("jack"), (System::Jack, None));
        assert_eq!(address("jack:"), (System::Jack, None));
        let system = (System::Jack, Some("system".to_owned()));
        assert_eq!(address("JACK:system"), system);
        #[cfg(target_os = "linux")]
        {
            let card = |name: &str| (System::Alsa, Some(name.to_owned()));
            assert_eq!(address("alsa:hw:CARD=PCH,DEV=0"), card("hw:CARD=PCH,DEV=0"));
            assert_eq!(address("hw:0,0"), card("hw:0,0"));
            assert_eq!(address("default"), card("default"));
        }
    }

    #[test]
    fn channels_are_those_asked_for_or_the_first_two() {
        assert_eq!(channels(None, 18, "x"), Ok(vec![0, 1]));
        assert_eq!(channels(None, 1, "x"), Ok(vec![0]));
        assert_eq!(channels(Some(&[3, 0]), 4, "x"), Ok(vec![3, 0]));
        let error = channels(Some(&[0, 8]), 2, "hw:0").expect_err("too high");
        assert_eq!(
            error.to_string(),
            "hw:0: expected a channel 9, but it has 2"
        );
        assert!(channels(None, 0, "x").is_err());
    }
}

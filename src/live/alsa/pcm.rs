//! One direction of one device: settings, and whole periods read and written.

use super::Fault;
use super::sample::Encoding;
use crate::live::stream::{Lost, OpenError, RATES};
use crate::processor::MAX_CHANNELS;
use alsa::pcm::{Access, Frames, HwParams, PCM, State};
use alsa::{Direction, ValueOr};
use std::sync::atomic::{AtomicBool, Ordering};

/// How long is waited at a time, in ms: also how soon a request to stop is heard where no sound comes.
const PATIENCE_MS: u32 = 100;
/// How often that is done before the device counts as stalled.
const TRIES: u32 = 20;

// errno of Linux, as ALSA gives them.
const ENOENT: i32 = 2;
const EAGAIN: i32 = 11;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const ENODEV: i32 = 19;
const EPERM: i32 = 1;
const EPIPE: i32 = 32;
const ESTRPIPE: i32 = 86;
const ENXIO: i32 = 6;
const EBADFD: i32 = 77;

/// One direction.
pub(super) struct Pcm {
    pcm: PCM,
    name: String,
    id: String,
    direction: Direction,
    encoding: Encoding,
    channels: usize,
    period: usize,
    buffer: usize,
    /// One period as the device has it.
    bytes: Vec<u8>,
}

/// How to wait: until somebody says stop.
pub(super) struct Wait<'a> {
    pub stop: &'a AtomicBool,
}

impl From<alsa::Error> for Fault {
    fn from(error: alsa::Error) -> Self {
        match error.errno() {
            EPIPE | ESTRPIPE | EBADFD => Self::Xrun,
            ENODEV | ENOENT | ENXIO => Self::Lost(Lost::Unplugged),
            _ => Self::Lost(Lost::Failed),
        }
    }
}

impl Pcm {
    pub fn open(name: &str, direction: Direction) -> Result<Self, OpenError> {
        let id = format!("alsa:{name}");
        // Non-blocking: what is busy is told instead of waited for.
        let pcm = PCM::new(name, direction, true).map_err(|error| match error.errno() {
            ENOENT | ENODEV | ENXIO => OpenError::Missing {
                device: id.clone(),
                what: match direction {
                    Direction::Capture => "an input",
                    Direction::Playback => "an output",
                },
            },
            EBUSY | EAGAIN => OpenError::Busy { device: id.clone() },
            EPERM | EACCES => OpenError::Denied { device: id.clone() },
            _ => OpenError::System {
                device: id.clone(),
                what: error.to_string(),
            },
        })?;
        Ok(Self {
            pcm,
            name: name.to_owned(),
            id,
            direction,
            encoding: Encoding::F32,
            channels: 0,
            period: 0,
            buffer: 0,
            bytes: Vec::new(),
        })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// In frames.
    pub fn period(&self) -> usize {
        self.period
    }

    /// In frames.
    pub fn buffer(&self) -> usize {
        self.buffer
    }

    fn card(&self) -> Option<i32> {
        let card = self.pcm.info().ok()?.get_card();
        (card >= 0).then_some(card)
    }

    /// Whether it waits for a card.
    pub fn is_hardware(&self) -> bool {
        self.card().is_some()
    }

    /// Whether both count the same samples: one card has one clock, and so has what is one device by name.
    pub fn shares_clock(&self, other: &Self) -> bool {
        self.name == other.name || (self.card().is_some() && self.card() == other.card())
    }

    fn any(&self) -> Result<HwParams<'_>, OpenError> {
        let any = || {
            let params = HwParams::any(&self.pcm)?;
            params.set_access(Access::RWInterleaved)?;
            Ok(params)
        };
        any().map_err(|error| self.system(error))
    }

    fn system(&self, error: alsa::Error) -> OpenError {
        OpenError::System {
            device: self.id.clone(),
            what: error.to_string(),
        }
    }

    pub fn most_channels(&self) -> Result<usize, OpenError> {
        let most = self.any()?.get_channels_max();
        // Plugins that make any number of channels say so by a very large one.
        most.map(|most| (most as usize).min(MAX_CHANNELS))
            .map_err(|error| self.system(error))
    }

    pub fn has_rate(&self, rate: u32) -> bool {
        self.any()
            .is_ok_and(|params| params.test_rate(rate).is_ok())
    }

    pub fn refuses_rate(&self, rate: u32) -> OpenError {
        let known = RATES.iter().filter(|rate| self.has_rate(**rate));
        let known: Vec<_> = known.map(|rate| rate.to_string()).collect();
        let supported = if known.is_empty() {
            let ends = self.any().map(|it| (it.get_rate_min(), it.get_rate_max()));
            match ends {
                Ok((Ok(low), Ok(high))) => format!("{low} to {high} Hz"),
                _ => "none of the usual ones".to_owned(),
            }
        } else {
            format!("{} Hz", known.join(", "))
        };
        OpenError::Rate {
            device: self.id.clone(),
            wanted: rate,
            supported,
        }
    }

    pub fn refuses_period(&self, period: u32) -> OpenError {
        let ends = self
            .any()
            .map(|it| (it.get_period_size_min(), it.get_period_size_max()));
        let supported = match ends {
            Ok((Ok(low), Ok(high))) => format!("{} to {high} frames", low.max(1)),
            _ => "others".to_owned(),
        };
        OpenError::Period {
            device: self.id.clone(),
            wanted: period,
            supported,
        }
    }

    /// Settles everything: `channels` or as many as there are, and a buffer of that many periods or the nearest.
    pub fn set(
        &mut self,
        rate: u32,
        channels: usize,
        period: u32,
        periods: u32,
    ) -> Result<(), OpenError> {
        let params = self.any()?;
        let encoding = Encoding::ALL
            .into_iter()
            .find(|one| params.test_format(one.format()).is_ok());
        let Some(encoding) = encoding else {
            return Err(OpenError::System {
                device: self.id.clone(),
                what: "it has no sample format that is known here; try plughw instead of hw"
                    .to_owned(),
            });
        };
        let set = || {
            params.set_format(encoding.format())?;
            params.set_rate(rate, ValueOr::Nearest)?;
            let channels = params.set_channels_near(channels as u32)?;
            params.set_period_size(Frames::from(period as i32), ValueOr::Nearest)?;
            params.set_buffer_size_near(Frames::from((period * periods) as i32))?;
            self.pcm.hw_params(&params)?;
            let period = params.get_period_size()? as usize;
            Ok((
                channels as usize,
                period,
                params.get_buffer_size()? as usize,
            ))
        };
        let set: Result<_, alsa::Error> = set();
        let (channels, period_set, buffer) = match set {
            Ok(settings) => settings,
            Err(error) if error.errno() == EBUSY => {
                return Err(OpenError::Busy {
                    device: self.id.clone(),
                });
            }
            Err(_) => return Err(self.refuses_period(period)),
        };
        drop(params);
        let thresholds = || {
            let params = self.pcm.sw_params_current()?;
            params.set_avail_min(period_set as Frames)?;
            // It is started by hand.
            params.set_start_threshold(params.get_boundary()?)?;
            self.pcm.sw_params(&params)
        };
        let set: Result<_, alsa::Error> = thresholds();
        set.map_err(|error| self.system(error))?;
        (self.encoding, self.channels) = (encoding, channels);
        (self.period, self.buffer) = (period_set, buffer);
        self.bytes = vec![0; period_set * channels * encoding.bytes()];
        Ok(())
    }

    /// So that both start and stop at one sample. Not every plugin can.
    pub fn link(&self, other: &Self) -> bool {
        self.pcm.link(&other.pcm).is_ok()
    }

    pub fn prepare(&mut self) -> Result<(), Fault> {
        if matches!(self.pcm.state(), State::Running | State::XRun) {
            self.pcm.drop()?;
        }
        Ok(self.pcm.prepare()?)
    }

    pub fn start(&mut self) -> Result<(), Fault> {
        if self.pcm.state() != State::Running {
            self.pcm.start()?;
        }
        Ok(())
    }

    pub fn fill_with_silence(&mut self) -> Result<(), Fault> {
        self.bytes.fill(0);
        let io = self.pcm.io_bytes();
        let mut left = self.buffer;
        let frame = self.channels * self.encoding.bytes();
        while left > 0 {
            match io.writei(&self.bytes[..left.min(self.period) * frame]) {
                Ok(0) => break,
                Ok(written) => left -= written.min(left),
                // Fuller than it said it could be.
                Err(error) if error.errno() == EAGAIN => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads one period.
    pub fn read(&mut self, wait: &Wait<'_>) -> Result<(), Fault> {
        let frame = self.channels * self.encoding.bytes();
        self.settle(wait)?;
        let mut done = 0;
        while done < self.period {
            let io = self.pcm.io_bytes();
            let read = io.readi(&mut self.bytes[done * frame..]);
            drop(io);
            match read {
                Ok(frames) => done += frames,
                Err(error) if error.errno() == EAGAIN => self.settle(wait)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes one period.
    pub fn write(&mut self, wait: &Wait<'_>) -> Result<(), Fault> {
        let frame = self.channels * self.encoding.bytes();
        let mut done = 0;
        while done < self.period {
            let io = self.pcm.io_bytes();
            let written = io.writei(&self.bytes[done * frame..]);
            drop(io);
            match written {
                Ok(frames) => done += frames,
                Err(error) if error.errno() == EAGAIN => self.settle(wait)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits until there is a period to read, or room for one.
    fn settle(&self, wait: &Wait<'_>) -> Result<(), Fault> {
        for _ in 0..TRIES {
            if wait.stop.load(Ordering::Relaxed) {
                return Err(Fault::Stopped);
            }
            let available = self.pcm.avail_update()?;
            if available >= self.period as Frames || self.pcm.wait(Some(PATIENCE_MS))? {
                return Ok(());
            }
            if self.pcm.state() == State::Disconnected {
                return Err(Fault::Lost(Lost::Unplugged));
            }
        }
        Err(Fault::Lost(Lost::Stalled))
    }

    /// A channel of the period that was read.
    pub fn take(&self, channel: usize, into: &mut [f32]) {
        debug_assert_eq!(self.direction, Direction::Capture);
        self.encoding
            .decode(&self.bytes, self.channels, channel, into);
    }

    /// A channel of the period that will be written.
    pub fn put(&mut self, channel: usize, from: &[f32]) {
        debug_assert_eq!(self.direction, Direction::Playback);
        self.encoding
            .encode(&mut self.bytes, self.channels, channel, from);
    }
}

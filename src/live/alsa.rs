//! ALSA on one clock: one thread reads a period, plays it and writes it. What a sound takes from input to output is what
//! the output's buffer holds, [`BUFFERED`] periods, and nothing more.
//!
//! Any PCM that ALSA knows is a device, whether it is listed or not: `hw:0`, `plughw:CARD=PCH`, `default`.

mod pcm;
mod sample;

use super::chain::Chain;
use super::priority::Thread;
use super::stream::{
    Alarm, Clock, Link, Lost, MakeChain, Named, OpenError, Opened, PERIODS, RATES, Request,
    channels, from_one, milliseconds,
};
use crate::loader::thread::Format;
use alsa::Direction;
use pcm::{Pcm, Wait};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Periods that the output's buffer holds: one that is heard and one that is made.
const BUFFERED: u32 = 2;

/// Periods after an xrun in which a second one counts as the same trouble.
const RECOVERY: u32 = 16;
/// How often in a row that may happen.
const XRUNS_IN_A_ROW: u32 = 32;

/// A device that plays.
pub struct Stream {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    round_trip_ms: f64,
}

impl Stream {
    pub fn link(&self) -> Link {
        Link {
            round_trip_ms: Some(self.round_trip_ms),
            ..Link::default()
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// Keeps ALSA's own words off the terminal, in this thread, while what it gives is kept.
pub(super) fn hush() -> impl Sized {
    alsa::Output::local_error_handler().ok()
}

/// Opens and starts. `None`: input and output are on two clocks.
pub(super) fn open(
    request: &Request,
    input: &Named,
    output: Option<&str>,
    make: MakeChain<'_>,
    alarm: &Arc<Alarm>,
) -> Result<Option<(Stream, Opened)>, OpenError> {
    let _hushed = hush();
    let mut playback = Pcm::open(output.unwrap_or("default"), Direction::Playback)?;
    let mut capture = match input {
        None => None,
        Some(name) => Some(Pcm::open(
            name.as_deref().unwrap_or("default"),
            Direction::Capture,
        )?),
    };
    if let Some(capture) = &capture
        && !capture.shares_clock(&playback)
    {
        return Ok(None);
    }
    let outputs = channels(
        request.output_channels.as_deref(),
        playback.most_channels()?,
        playback.id(),
    )?;
    let inputs = match &capture {
        None => Vec::new(),
        Some(capture) => channels(
            request.input_channels.as_deref(),
            capture.most_channels()?,
            capture.id(),
        )?,
    };
    let rate = rate(request.rate, &playback, capture.as_ref())?;
    // Two at least: where a plugin makes one channel of two, it is a mixture of both.
    let needed = |used: &[usize]| used.iter().max().map_or(2, |highest| (highest + 1).max(2));
    let mut set = |period: u32| {
        playback.set(rate, needed(&outputs), period, BUFFERED)?;
        if let Some(capture) = &mut capture {
            // Room for a late thread: it is not waited for, so it delays nothing.
            capture.set(rate, needed(&inputs), period, 8)?;
            if capture.period() != playback.period() {
                return Err(capture.refuses_period(period));
            }
        }
        Ok(())
    };
    match request.period {
        Some(period) => set(period)?,
        None => {
            let mut tried = PERIODS.iter().map(|period| set(*period));
            let first = tried.next().unwrap_or(Ok(()));
            if let Err(error) = first
                && !tried.any(|it| it.is_ok())
            {
                return Err(error);
            }
        }
    }
    let period = playback.period();
    let opened = Opened {
        input: capture.as_ref().map(|it| it.id().to_owned()),
        output: playback.id().to_owned(),
        sample_rate: rate,
        period: period as u32,
        input_channels: from_one(&inputs),
        output_channels: from_one(&outputs),
        clock: Clock::One,
        notes: Vec::new(),
    };
    let chain = make(Format {
        sample_rate: rate,
        inputs: if inputs.is_empty() {
            outputs.len()
        } else {
            inputs.len()
        },
        outputs: outputs.len(),
    });
    let round_trip_ms = milliseconds(playback.buffer() as u32, rate);
    let linked = capture.as_ref().is_some_and(|it| it.link(&playback));
    let stop = Arc::new(AtomicBool::new(false));
    let planes = |used: &[usize]| vec![vec![0.0; period]; used.len()];
    let mut duplex = Duplex {
        heard: planes(&inputs),
        played: planes(&outputs),
        inputs,
        outputs,
        capture,
        playback,
        linked,
        period,
        chain,
        alarm: Arc::clone(alarm),
        stop: Arc::clone(&stop),
    };
    let thread = std::thread::Builder::new()
        .name("partita audio".to_owned())
        .spawn(move || duplex.run())
        .map_err(|error| OpenError::System {
            device: opened.output.clone(),
            what: error.to_string(),
        })?;
    let stream = Stream {
        stop,
        thread: Some(thread),
        round_trip_ms,
    };
    Ok(Some((stream, opened)))
}

/// The rate asked for, or the best that both have.
fn rate(asked: Option<u32>, playback: &Pcm, capture: Option<&Pcm>) -> Result<u32, OpenError> {
    let refusing = |rate: u32| {
        let both = [Some(playback), capture];
        both.into_iter().flatten().find(|pcm| !pcm.has_rate(rate))
    };
    match asked {
        Some(rate) => match refusing(rate) {
            None => Ok(rate),
            Some(pcm) => Err(pcm.refuses_rate(rate)),
        },
        None => {
            let best = RATES.into_iter().find(|rate| refusing(*rate).is_none());
            best.ok_or_else(|| {
                let pcm = refusing(RATES[0]).unwrap_or(playback);
                pcm.refuses_rate(RATES[0])
            })
        }
    }
}

/// Both directions, and what is played between them. It belongs to the audio thread.
struct Duplex {
    capture: Option<Pcm>,
    playback: Pcm,
    /// They start and stop at one sample.
    linked: bool,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    heard: Vec<Vec<f32>>,
    played: Vec<Vec<f32>>,
    period: usize,
    chain: Chain,
    alarm: Arc<Alarm>,
    stop: Arc<AtomicBool>,
}

impl Duplex {
    fn run(&mut self) {
        let _hushed = hush();
        // What has no clock never lets the processor go: it must not be before everything else.
        if self.playback.is_hardware() {
            self.alarm.ask_priority(Thread::Output);
        }
        self.alarm.tell_priority();
        if let Err(why) = self.start() {
            self.alarm.lose(why);
            return;
        }
        // A driver that has failed may call that an xrun, again and again.
        let (mut since, mut in_a_row) = (0u32, 0);
        while !self.stop.load(Ordering::Relaxed) {
            match self.cycle() {
                Ok(()) => since = since.saturating_add(1),
                Err(Fault::Stopped) => return,
                Err(Fault::Lost(why)) => return self.alarm.lose(why),
                Err(Fault::Xrun) => {
                    self.alarm.xrun();
                    in_a_row = if since < RECOVERY { in_a_row + 1 } else { 0 };
                    since = 0;
                    if in_a_row > XRUNS_IN_A_ROW {
                        return self.alarm.lose(Lost::Failed);
                    }
                    self.chain.rejoin();
                    if let Err(why) = self.start() {
                        return self.alarm.lose(why);
                    }
                }
            }
        }
    }

    /// From the beginning, or after an xrun: the output's buffer full of silence, both running.
    fn start(&mut self) -> Result<(), Lost> {
        if let Some(capture) = &mut self.capture {
            capture.prepare().map_err(Fault::finally)?;
        }
        self.playback.prepare().map_err(Fault::finally)?;
        self.playback.fill_with_silence().map_err(Fault::finally)?;
        if let Some(capture) = &mut self.capture {
            capture.start().map_err(Fault::finally)?;
        }
        if !self.linked {
            self.playback.start().map_err(Fault::finally)?;
        }
        Ok(())
    }

    /// One period.
    fn cycle(&mut self) -> Result<(), Fault> {
        let wait = Wait { stop: &self.stop };
        if let Some(capture) = &mut self.capture {
            capture.read(&wait)?;
            for (plane, &channel) in self.heard.iter_mut().zip(&self.inputs) {
                capture.take(channel, plane);
            }
        }
        let frames = self.period;
        self.chain
            .process_planes(&self.heard, &mut self.played, frames);
        for (plane, &channel) in self.played.iter().zip(&self.outputs) {
            self.playback.put(channel, plane);
        }
        self.playback.write(&wait)
    }
}

/// Why a cycle ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Xrun,
    Lost(Lost),
    Stopped,
}

impl Fault {
    /// Where it cannot be put right by starting again.
    fn finally(self) -> Lost {
        match self {
            Self::Lost(why) => why,
            Self::Xrun | Self::Stopped => Lost::Failed,
        }
    }
}

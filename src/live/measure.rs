//! Plays a sweep on a device and records what comes back, for [`impulse::measure`](crate::impulse::measure).
//!
//! What is guaranteed: as for a session, whatever the driver does a request to end is heard within a tenth of a second;
//! and a recording in which a frame is missing is an error, not a recording.

use super::chain::{Chain, FADE_SECONDS, Gauges};
use super::probe::{self, Listener, Plan};
use super::session::{PATIENCE, close_aside};
use super::stream::{self, Alarm, Lost, OpenError, Opened, Request, Stream};
use crate::impulse::measure::{BadSweep, Sweep};
use crate::loader::thread::Format;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use thiserror::Error;

/// How often it is looked what was recorded.
const LOOK: Duration = Duration::from_millis(20);

/// Seconds that are recorded after all has been played: what the buffers on the way may hold.
const LATENCY: f64 = 0.5;

/// Seconds without a frame after which the device counts as stalled.
const STALLED: f64 = 3.0;

/// What was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The device.
    pub opened: Opened,
    /// What was played, at the device's rate.
    pub sweep: Sweep,
    /// One channel for each input that was asked for.
    pub channels: Vec<Vec<f32>>,
    /// How often the system said that the device was late, without a frame missing.
    pub xruns: u64,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Seconds that were recorded.
    pub seconds: f64,
    /// Seconds in all.
    pub of: f64,
}

/// Why nothing was recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The device cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It has gone meanwhile.
    #[error("{0}; measure again")]
    Lost(Lost),
    /// Its rate permits no such sweep.
    #[error(transparent)]
    Sweep(#[from] BadSweep),
    /// It has too few channels.
    #[error("expected {wanted} {way} on the device, got {got}; choose other channels")]
    Channels {
        /// Inputs or outputs.
        way: &'static str,
        /// How many are needed.
        wanted: usize,
        /// How many were opened.
        got: usize,
    },
    /// Frames are missing.
    #[error(
        "sound was lost {times} times while it was recorded; measure again with a longer --period, and end what else runs"
    )]
    Gaps {
        /// How often.
        times: u64,
    },
    /// Somebody wanted it to end.
    #[error("interrupted")]
    Stopped,
}

/// What was opened, on its way from the thread that opened it.
struct Running {
    stream: Stream,
    opened: Opened,
    alarm: Arc<Alarm>,
    taker: Listener,
    gauges: Arc<Gauges>,
    sweep: Sweep,
}

/// Plays `sweep` at the device's rate, its loudspeakers on the first of the outputs asked for and, if there is one more,
/// all of them on that one; and records all inputs asked for. Main thread.
///
/// Errors: every [`RecordError`].
pub fn record(
    request: &Request,
    sweep: &Sweep,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(Progress),
) -> Result<Recorded, RecordError> {
    let mut running = wait(&open_aside(request.clone(), *sweep), request, stop)?;
    let rate = f64::from(running.opened.sample_rate);
    let frames = frames(&running.sweep);
    let mut came = (0, Instant::now());
    let ended = loop {
        std::thread::sleep(LOOK);
        running.taker.take();
        let taken = running.taker.frames();
        if taken > came.0 {
            came = (taken, Instant::now());
        }
        tell(Progress {
            seconds: taken.min(frames) as f64 / rate,
            of: frames as f64 / rate,
        });
        if let Some(why) = running.alarm.lost() {
            break Err(RecordError::Lost(why));
        }
        if stop.load(Ordering::Relaxed) {
            break Err(RecordError::Stopped);
        }
        let times = running.taker.lost();
        if times > 0 {
            break Err(RecordError::Gaps { times });
        }
        if taken >= frames {
            break Ok(());
        }
        if came.1.elapsed().as_secs_f64() > STALLED {
            break Err(RecordError::Lost(Lost::Stalled));
        }
    };
    let Running {
        stream,
        opened,
        alarm,
        taker,
        gauges,
        sweep,
    } = running;
    taker.close();
    let closing = Instant::now();
    // A device that has stopped meanwhile never gets there.
    while !gauges.is_silent() && closing.elapsed().as_secs_f64() < 4.0 * FADE_SECONDS {
        std::thread::sleep(Duration::from_millis(2));
    }
    close_aside(stream);
    ended?;
    Ok(Recorded {
        opened,
        sweep,
        channels: taker.channels,
        xruns: alarm.xruns(),
    })
}

/// So many are recorded.
fn frames(sweep: &Sweep) -> usize {
    sweep.frames() + (LATENCY * f64::from(sweep.sample_rate)) as usize
}

/// For the driver, but not for ever.
fn wait(
    opening: &Receiver<Result<Running, RecordError>>,
    request: &Request,
    stop: &AtomicBool,
) -> Result<Running, RecordError> {
    let begun = Instant::now();
    loop {
        match opening.recv_timeout(LOOK) {
            Ok(opened) => return opened,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if begun.elapsed() > PATIENCE => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if stop.load(Ordering::Relaxed) {
            return Err(RecordError::Stopped);
        }
    }
    let device = match &request.output {
        stream::Choice::Device(id) => id.clone(),
        _ => "the default device".to_owned(),
    };
    let what = format!("no answer for {} s", PATIENCE.as_secs());
    Err(OpenError::System { device, what }.into())
}

/// On a thread of its own. What comes too late is closed there.
fn open_aside(request: Request, sweep: Sweep) -> Receiver<Result<Running, RecordError>> {
    let (sender, receiver) = bounded(1);
    let opening = move || {
        let _ = sender.send(open(&request, sweep));
    };
    // Without a thread there is no sender, and the receiver says so.
    let _ = std::thread::Builder::new()
        .name("partita opening".to_owned())
        .spawn(opening);
    receiver
}

fn open(request: &Request, sweep: Sweep) -> Result<Running, RecordError> {
    let alarm = Arc::new(Alarm::default());
    let wanted = |channels: &Option<Vec<usize>>| channels.as_ref().map_or(0, Vec::len);
    let (inputs, outputs) = (
        wanted(&request.input_channels),
        wanted(&request.output_channels),
    );
    let mut made = None;
    let mut make = |format: Format| {
        let sweep = Sweep {
            sample_rate: format.sample_rate,
            ..sweep
        };
        let played = played(&sweep, outputs);
        let (played, failed) = match played {
            Ok(played) => (played, None),
            // Silence, which nobody will hear: it is closed at once.
            Err(error) => (Vec::new(), Some(error)),
        };
        let (probe, listener) = probe::pair(Plan {
            played,
            inputs: format.inputs,
            frames: frames(&sweep),
            sample_rate: format.sample_rate,
        });
        made = Some((listener, probe.gauges(), sweep, format, failed));
        Chain::Probe(probe)
    };
    let (stream, opened) = stream::open(request, &mut make, &alarm)?;
    let Some((taker, gauges, sweep, format, failed)) = made else {
        return Err(RecordError::Lost(Lost::Failed));
    };
    if let Some(error) = failed {
        return Err(error.into());
    }
    for (way, wanted, got) in [
        ("inputs", inputs, format.inputs),
        ("outputs", outputs, format.outputs),
    ] {
        if wanted > got {
            return Err(RecordError::Channels { way, wanted, got });
        }
    }
    Ok(Running {
        stream,
        opened,
        alarm,
        taker,
        gauges,
        sweep,
    })
}

/// A channel for each of so many outputs.
fn played(sweep: &Sweep, outputs: usize) -> Result<Vec<Vec<f32>>, BadSweep> {
    let mut played = sweep.played()?.channels;
    if outputs > played.len() {
        // The loudspeakers take turns, so their sum is whichever plays.
        let mut all = vec![0.0; sweep.frames()];
        for channel in &played {
            all.iter_mut().zip(channel).for_each(|(sum, x)| *sum += x);
        }
        played.resize(outputs, Vec::new());
        if let Some(last) = played.last_mut() {
            *last = all;
        }
    }
    Ok(played)
}

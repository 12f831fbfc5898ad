//! Two clocks joined: what one device records is played by another whose clock is not the same.
//!
//! What is guaranteed: nothing is lost, doubled or cut while both devices run, whatever the lengths of their blocks,
//! for clocks up to 1000 ppm apart. Neither end ever waits, locks or allocates. A device that stalls is faded out and in
//! again, and counted. The delay is held, and [`Watch::now`] tells it.
//!
//! A ring of frames (rtrb), and behind it rubato's asynchronous sinc resampler, whose ratio a slow control loop
//! (`steer`) moves. The loop holds the *delay*: frames that the input device has recorded until now, as far as its
//! last callback lets it be reckoned, less the place that is being read. To read without a gap it must be at least
//!
//! ```text
//! target = input block + output block + slack + 34 frames
//! ```
//!
//! since a block is not there until it is full, a block is read at once, callbacks come late, and the filter looks ahead. The
//! slack is what callbacks may be late, one block of the longer kind unless told otherwise, and a quarter of it and 16 frames for
//! what the loop errs. It grows by half a block with every gap in which no device stalled, to four blocks at most. At 48 kHz, by
//! block length on both sides:
//!
//! | block | target | |
//! |---|---|---|
//! | 32 | 154 frames | 3.2 ms |
//! | 64 | 258 | 5.4 |
//! | 128 | 466 | 9.7 |
//! | 256 | 882 | 18.4 |
//! | 512 | 1714 | 35.7 |
//!
//! The filter has 64 taps, Blackman-Harris, and half its height at the Nyquist frequency where both rates are nominally the
//! same: flat to 20 kHz at 48 kHz, images there below −110 dB. What lies above 21 kHz has its images above, too.

mod output;
mod room;
mod steer;

pub use output::OutputEnd;

use room::Room;
use rtrb::{Producer, RingBuffer};
use rubato::{
    Async, FixedAsync, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use steer::MAX_SPEED;
use thiserror::Error;

/// Taps of the filter.
const TAPS: usize = 64;
/// Places between two frames for which the filter is kept.
const STEPS: usize = 256;
/// Frames that the filter looks ahead, and one or two that the place between two frames costs.
const AHEAD: usize = TAPS / 2 + 2;
/// From rubato's place of a frame, which is before its first tap, to the frame.
const CENTRE: f64 = (TAPS / 2 - 1) as f64 + 1.0 / STEPS as f64;
/// Frames that are resampled at a time.
const CHUNK: usize = 256;
/// Notes of the input's clock that may be on their way.
const MARKS: usize = 256;

/// What is to be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Channels, 1 or more.
    pub channels: usize,
    /// The input's nominal rate, in Hz.
    pub input_rate: u32,
    /// The output's nominal rate, in Hz: at most 8 times the input's, at least an eighth.
    pub output_rate: u32,
    /// Frames of the input device's blocks; if they change, of the longest.
    pub input_block: usize,
    /// Frames of the output device's blocks; if they change, of the longest.
    pub output_block: usize,
    /// Frames of the input by which callbacks may be late. `None` begins with one block of the longer kind, and learns.
    pub late: Option<usize>,
}

/// Why two clocks cannot be joined.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinFault {
    /// No channels, no rate, no blocks.
    #[error("expected 1 or more channels, frames per block and Hz on both sides, got {0:?}")]
    Empty(Setup),
    /// The rates are too far apart.
    #[error("{0} Hz in and {1} Hz out: expected at most 8 times as much on one side")]
    Rates(u32, u32),
    /// rubato refused. Not known to happen.
    #[error("the resampler cannot be built: {0}")]
    Resampler(String),
}

/// The input device's end, the output device's, and a look at both. Main thread.
///
/// Errors: every [`JoinFault`].
pub fn pair(setup: Setup) -> Result<(InputEnd, OutputEnd, Watch), JoinFault> {
    let Setup {
        channels,
        input_rate,
        output_rate,
        input_block,
        output_block,
        late,
    } = setup;
    let least = [channels, input_block, output_block].into_iter().min();
    if least == Some(0) || input_rate == 0 || output_rate == 0 {
        return Err(JoinFault::Empty(setup));
    }
    let (low, high) = (input_rate.min(output_rate), input_rate.max(output_rate));
    if u64::from(high) > 8 * u64::from(low) {
        return Err(JoinFault::Rates(input_rate, output_rate));
    }
    let ratio = f64::from(output_rate) / f64::from(input_rate);
    let room = Room {
        input_block,
        // In frames of the input, as all here.
        output_block: (output_block as f64 / ratio).ceil() as usize,
        late,
        grown: 0,
        before: 0,
        most: 0,
    };
    // A quarter of a second at least, for blocks that turn out longer than was said.
    let capacity = room.target() + room.limit() + 8 * room.longest();
    let capacity = capacity.max(input_rate as usize / 4);
    let room = Room {
        most: capacity / 2,
        ..room
    };
    let (producer, consumer) = super::ring::touched(capacity * channels);
    let (marks_in, marks_out) = RingBuffer::new(MARKS);
    let mut parameters = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris)
        .oversampling_factor(STEPS)
        .interpolation(SincInterpolationType::Cubic);
    if input_rate == output_rate {
        parameters = parameters.f_cutoff(1.0);
    }
    // Room for more than the loop asks for, so that no rounding is ever refused.
    let resampler = Async::new_sinc(
        ratio,
        1.0 + 2.0 * MAX_SPEED,
        &parameters,
        CHUNK,
        channels,
        FixedAsync::Output,
    )
    .map_err(|error| JoinFault::Resampler(error.to_string()))?;
    let shared = Arc::new(Shared::default());
    let input = InputEnd {
        frames: producer,
        marks: marks_in,
        channels,
        recorded: 0,
        refusing: false,
        shared: Arc::clone(&shared),
    };
    let output = OutputEnd::new(
        setup,
        room,
        (consumer, marks_out),
        resampler,
        Arc::clone(&shared),
    );
    let watch = Watch {
        shared,
        input_rate: f64::from(input_rate),
    };
    Ok((input, output, watch))
}

/// Where the input's clock was.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Frames recorded and put into the ring.
    recorded: u64,
    /// How many of them came last.
    block: usize,
    /// Seconds when that was so.
    at: f64,
}

#[derive(Debug, Default)]
struct Shared {
    /// The input end found the ring full; what is in it is to be thrown away.
    broken: AtomicBool,
    delay: AtomicU32,
    drift: AtomicU32,
    running: AtomicBool,
    underruns: AtomicU64,
    overruns: AtomicU64,
    lost: AtomicU64,
}

/// The end that the input device's callback has.
#[derive(Debug)]
pub struct InputEnd {
    frames: Producer<f32>,
    marks: Producer<Mark>,
    channels: usize,
    recorded: u64,
    refusing: bool,
    shared: Arc<Shared>,
}

impl InputEnd {
    /// Takes a block that was complete at `at`, on any clock that never goes back and that [`OutputEnd::pull`] is told of too. As many
    /// frames as the shortest channel has; a channel that is missing is silent. If the output has stalled and there is no room, the
    /// block is lost and counted. Audio thread.
    pub fn push<C: AsRef<[f32]>>(&mut self, channels: &[C], at: Duration) {
        let channels = &channels[..channels.len().min(self.channels)];
        let lengths = channels.iter().map(|channel| channel.as_ref().len());
        let frames = lengths.min().unwrap_or(0);
        if frames == 0 {
            return;
        }
        if self.refusing {
            // The output end takes everything out before this goes on: no break is ever inside the ring.
            if self.frames.slots() < self.frames.buffer().capacity() {
                self.lose(frames);
                return;
            }
            self.refusing = false;
            self.shared.broken.store(false, Ordering::Release);
        }
        let Ok(chunk) = self.frames.write_chunk_uninit(frames * self.channels) else {
            self.refusing = true;
            self.shared.broken.store(true, Ordering::Release);
            self.shared.overruns.fetch_add(1, Ordering::Relaxed);
            self.lose(frames);
            return;
        };
        let count = self.channels;
        let frame = |at| {
            let of = move |channel| channels.get(channel).map_or(0.0, |c: &C| c.as_ref()[at]);
            (0..count).map(of)
        };
        chunk.fill_from_iter((0..frames).flat_map(frame));
        self.recorded += frames as u64;
        let mark = Mark {
            recorded: self.recorded,
            block: frames,
            at: at.as_secs_f64(),
        };
        // One that finds no room is made good by the next.
        let _ = self.marks.push(mark);
    }

    fn lose(&self, frames: usize) {
        self.shared.lost.fetch_add(frames as u64, Ordering::Relaxed);
    }
}

/// How two clocks are doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Joined {
    /// Sound is flowing.
    pub running: bool,
    /// The delay between the two devices, in seconds: what this joint adds, the two devices' own buffers not counted.
    pub delay: f64,
    /// How much faster the input's clock is than the output's, in millionths.
    pub drift_ppm: f64,
    /// Gaps because the input brought nothing, or brought it too late.
    pub underruns: u64,
    /// Gaps because the output asked for nothing, or did so too late.
    pub overruns: u64,
    /// Frames of the input that found no room.
    pub lost_frames: u64,
}

/// Tells how two clocks are doing.
#[derive(Clone, Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    input_rate: f64,
}

impl Watch {
    /// As of the last block. Any thread.
    pub fn now(&self) -> Joined {
        let float = |cell: &AtomicU32| f64::from(f32::from_bits(cell.load(Ordering::Relaxed)));
        let count = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Joined {
            running: self.shared.running.load(Ordering::Relaxed),
            delay: float(&self.shared.delay) / self.input_rate,
            drift_ppm: float(&self.shared.drift) * 1e6,
            underruns: count(&self.shared.underruns),
            overruns: count(&self.shared.overruns),
            lost_frames: count(&self.shared.lost),
        }
    }
}

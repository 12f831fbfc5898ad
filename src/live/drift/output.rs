//! The output's end: reads on at the speed that the loop gives, and fades where there is nothing to read.

use super::room::Room;
use super::steer::Steer;
use super::{CENTRE, CHUNK, Mark, Setup, Shared, TAPS};
use rtrb::Consumer;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Adjustable, Async, Resampler, Resizable};
use std::f32::consts::PI;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Frames over which sound is faded out when there is no more of it: the last ones, played backwards.
const FADE_OUT: usize = 64;
/// Frames over which it comes back.
const FADE_IN: usize = 256;
/// How long callbacks are watched before the place to read is settled: a dozen at least.
const LISTEN_SECONDS: f64 = 0.25;
const LISTEN_CALLS: u32 = 12;
/// What is known of where to read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Standing {
    /// Nothing: there is not enough yet.
    Unknown,
    /// About it. Some callbacks are watched in silence, since each of them may be late by a block.
    Listening {
        /// Seconds watched.
        seconds: f64,
        calls: u32,
        /// Sum of the errors, in frames.
        errors: f64,
    },
    /// The loop holds it.
    Held,
}

/// What is heard of what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    /// All of it; so many frames have been since it began, [`FADE_IN`] at most.
    On(usize),
    /// The last frames backwards, becoming silent; so many of them have been.
    Falling(usize),
    /// Nothing.
    Off,
}

/// The end that the output device's callback has.
#[derive(Debug)]
pub struct OutputEnd {
    frames: Consumer<f32>,
    marks: Consumer<Mark>,
    channels: usize,
    input_rate: f64,
    output_rate: f64,
    resampler: Async<f32>,
    steer: Steer,
    fed: Vec<f32>,
    made: Vec<f32>,
    /// The last frames of sound that were fed, in order.
    last: Vec<f32>,
    /// Where rubato stands: the frame before the next one's first tap, counted from the end of what it has been fed.
    place: f64,
    /// Frames of the input for each of the output.
    step: f64,
    mark: Option<Mark>,
    /// Frames taken out of the ring.
    read: u64,
    room: Room,
    standing: Standing,
    sound: Sound,
    /// Frames that ought to have been read and were not there: to be passed over when they come. Below zero, frames to
    /// wait before anything is read.
    owed: i64,
    /// Seconds of output since the last step of the loop.
    since: f64,
    shared: Arc<Shared>,
}

impl OutputEnd {
    /// With nothing read yet.
    pub(super) fn new(
        setup: Setup,
        room: Room,
        (frames, marks): (Consumer<f32>, Consumer<Mark>),
        resampler: Async<f32>,
        shared: Arc<Shared>,
    ) -> Self {
        let channels = setup.channels;
        let (input_rate, output_rate) = (f64::from(setup.input_rate), f64::from(setup.output_rate));
        let end = Self {
            frames,
            marks,
            channels,
            input_rate,
            output_rate,
            fed: vec![0.0; resampler.input_frames_max() * channels],
            made: vec![0.0; CHUNK * channels],
            last: vec![0.0; FADE_OUT * channels],
            // rubato's own beginning.
            place: 1.0 - TAPS as f64,
            step: input_rate / output_rate,
            resampler,
            steer: Steer::new(input_rate),
            mark: None,
            read: 0,
            room,
            standing: Standing::Unknown,
            sound: Sound::Off,
            owed: 0,
            since: 0.0,
            shared,
        };
        end.tell();
        end
    }

    /// Fills a block that is asked for at `at`, on the same clock as [`super::InputEnd::push`]. As many frames as the shortest
    /// channel has; channels beyond those joined become silent. Audio thread.
    pub fn pull<C: AsMut<[f32]>>(&mut self, channels: &mut [C], at: Duration) {
        let lengths = channels.iter_mut().map(|channel| channel.as_mut().len());
        let frames = lengths.min().unwrap_or(0);
        while let Ok(mark) = self.marks.pop() {
            self.mark = Some(mark);
            if mark.block > self.room.input_block {
                self.make_room(|room| room.input_block = mark.block);
            }
        }
        let block = (frames as f64 * self.step) as usize;
        if block > self.room.output_block {
            self.make_room(|room| room.output_block = block);
        }
        let speed = self.decide(frames, at.as_secs_f64());
        let mut to = (self.output_rate / self.input_rate) / (1.0 + speed);
        let mut from = 0;
        while from < frames {
            let now = CHUNK.min(frames - from);
            self.make(now, to);
            to = 1.0 / self.step;
            for (index, channel) in channels.iter_mut().enumerate() {
                let part = &mut channel.as_mut()[from..from + now];
                if index < self.channels {
                    let of = self.made[index..].iter().step_by(self.channels);
                    part.iter_mut().zip(of).for_each(|(to, from)| *to = *from);
                } else {
                    part.fill(0.0);
                }
            }
            from += now;
        }
        self.since += frames as f64 / self.output_rate;
        self.tell();
    }

    /// Looks at the clocks before a block: where to read on, and at what speed.
    fn decide(&mut self, frames: usize, now: f64) -> f64 {
        let seconds = std::mem::take(&mut self.since);
        if self.shared.broken.load(Ordering::Acquire) {
            self.discard(self.held());
            self.lose_place();
        }
        let Some(mark) = self.mark else {
            return 0.0;
        };
        let silent = (now - mark.at) * self.input_rate;
        if silent > self.room.stale() as f64 {
            self.room.grown = self.room.before;
            self.lose_place();
            return self.steer.drift();
        }
        // The next frame lies behind what has been fed, by half the filter and a fraction.
        let ahead = -(self.place + self.step + CENTRE);
        let read = self.read as f64 + self.owed as f64;
        let delay = mark.recorded as f64 - read + silent + ahead;
        let error = delay - self.room.target() as f64;
        match &mut self.standing {
            Standing::Unknown => {
                if error >= 0.0 {
                    self.owed += error as i64;
                    self.listen();
                }
            }
            Standing::Listening {
                seconds: watched,
                calls,
                errors,
            } => {
                *watched += seconds;
                *calls += 1;
                *errors += error;
                if *watched >= LISTEN_SECONDS && *calls >= LISTEN_CALLS {
                    self.owed += (*errors / f64::from(*calls)).round() as i64;
                    self.standing = Standing::Held;
                    self.steer.restart();
                }
            }
            Standing::Held => {
                if error > self.room.limit() as f64 {
                    self.shared.overruns.fetch_add(1, Ordering::Relaxed);
                    self.owed += error as i64;
                    self.silence();
                    self.listen();
                    return self.steer.drift();
                }
                let startle = self.room.startle();
                let speed = self.steer.step(error, seconds, startle);
                // The resampler has read ahead already, silence too; a frame or two for where it stands between two.
                let needs = (frames as f64 * self.step) as usize + 2;
                let has = self.held() as i64 - self.owed;
                if self.sound == Sound::Off && has >= needs as i64 {
                    self.sound = Sound::On(0);
                    self.room.before = self.room.grown;
                }
                return speed;
            }
        }
        self.steer.drift()
    }

    fn held(&self) -> usize {
        self.frames.slots() / self.channels
    }

    fn listen(&mut self) {
        self.standing = Standing::Listening {
            seconds: 0.0,
            calls: 0,
            errors: 0.0,
        };
    }

    fn lose_place(&mut self) {
        self.standing = Standing::Unknown;
        self.owed = 0;
        self.silence();
    }

    /// Goes silent, from the next frame on.
    fn silence(&mut self) {
        if let Sound::On(_) = self.sound {
            self.sound = Sound::Falling(0);
        }
    }

    /// The delay has to be another from now on: that much longer, and there is a gap.
    fn make_room(&mut self, change: impl FnOnce(&mut Room)) {
        let before = self.room.target();
        change(&mut self.room);
        let longer = self.room.target().saturating_sub(before);
        if longer > 0 {
            self.owed -= longer as i64;
            if let Sound::On(_) = self.sound {
                self.shared.underruns.fetch_add(1, Ordering::Relaxed);
                self.silence();
            }
        }
    }

    fn discard(&mut self, frames: usize) {
        if let Ok(chunk) = self.frames.read_chunk(frames * self.channels) {
            chunk.commit_all();
            self.read += frames as u64;
        }
    }

    /// Makes `frames` frames, at most [`CHUNK`], the ratio going to `to` meanwhile.
    fn make(&mut self, frames: usize, to: f64) {
        // Both are within what the resampler was built for.
        let set = self
            .resampler
            .set_chunk_size(frames)
            .and_then(|()| self.resampler.set_resample_ratio(to, true));
        debug_assert!(set.is_ok(), "{set:?}");
        let needed = self.resampler.input_frames_next();
        self.feed(needed);
        let Self {
            resampler,
            fed,
            made,
            channels,
            ..
        } = self;
        let done = match (
            InterleavedSlice::new(&*fed, *channels, needed),
            InterleavedSlice::new_mut(made, *channels, frames),
        ) {
            (Ok(source), Ok(mut sink)) => {
                let done = resampler.process_into_buffer(&source, &mut sink, None);
                debug_assert!(done.is_ok(), "{done:?}");
                done.is_ok()
            }
            _ => false,
        };
        if !done {
            // Not known to happen; silence is better than what was there.
            made.fill(0.0);
        }
        let (before, after) = (self.step, 1.0 / to);
        // As rubato moves: the step grows by a part of the difference before each frame.
        let moved = frames as f64 * 0.5 * (before + after) + 0.5 * (after - before);
        self.place += moved - needed as f64;
        self.step = after;
    }

    /// Puts the next `needed` frames of the input, or what stands for them, where the resampler takes them from.
    fn feed(&mut self, needed: usize) {
        let mut at = 0;
        if self.standing != Standing::Unknown {
            // Frames to wait come first, then frames to pass over.
            let wait = self.owed.min(0).unsigned_abs().min(needed as u64) as usize;
            self.owed += wait as i64;
            self.fill(0, wait);
            let late = self.owed.max(0).unsigned_abs().min(self.held() as u64) as usize;
            self.discard(late);
            self.owed -= late as i64;
            at = wait;
            if self.owed == 0 {
                let have = (needed - at).min(self.held());
                self.take(at, have);
                at += have;
            }
            if at < needed {
                if let Sound::On(_) = self.sound {
                    self.make_room(|room| room.grown += room.longest().div_ceil(2));
                    // Where it cannot be longer, it is a gap all the same.
                    if let Sound::On(_) = self.sound {
                        self.shared.underruns.fetch_add(1, Ordering::Relaxed);
                        self.silence();
                    }
                }
                self.owed += (needed - at) as i64;
            }
        }
        self.fill(at, needed);
    }

    /// Reads `frames` frames to `at`: as sound, or as what is heard instead.
    fn take(&mut self, at: usize, frames: usize) {
        let width = self.channels;
        let Sound::On(begun) = self.sound else {
            self.discard(frames);
            self.fill(at, at + frames);
            return;
        };
        let fed = &mut self.fed[at * width..(at + frames) * width];
        if self.frames.pop_entire_slice(fed).is_err() {
            // There are so many: this end has just counted them.
            fed.fill(0.0);
        }
        self.read += frames as u64;
        let fading = FADE_IN.saturating_sub(begun);
        for (index, frame) in fed.chunks_exact_mut(width).take(fading).enumerate() {
            let gain = rise(begun + index, FADE_IN);
            frame.iter_mut().for_each(|sample| *sample *= gain);
        }
        self.sound = Sound::On(FADE_IN.min(begun + frames));
        let kept = frames.min(FADE_OUT) * width;
        self.last.copy_within(kept.., 0);
        let end = self.last.len() - kept;
        self.last[end..].copy_from_slice(&fed[fed.len() - kept..]);
    }

    /// Puts what is heard without reading from frame `from` to `to`: the end of what was, then silence.
    fn fill(&mut self, from: usize, to: usize) {
        let width = self.channels;
        for frame in self.fed[from * width..to * width].chunks_exact_mut(width) {
            match self.sound {
                Sound::Falling(fallen) if fallen < FADE_OUT => {
                    let left = FADE_OUT - 1 - fallen;
                    let gain = rise(left, FADE_OUT);
                    let back = &self.last[left * width..(left + 1) * width];
                    for (sample, back) in frame.iter_mut().zip(back) {
                        *sample = gain * back;
                    }
                    self.sound = Sound::Falling(fallen + 1);
                }
                _ => {
                    frame.fill(0.0);
                    self.sound = Sound::Off;
                }
            }
        }
    }

    fn tell(&self) {
        let delay = self.room.target() as f64 + self.steer.error();
        let running = matches!(self.sound, Sound::On(_));
        let bits = |value: f64| (value as f32).to_bits();
        self.shared.delay.store(bits(delay), Ordering::Relaxed);
        let drift = bits(self.steer.drift());
        self.shared.drift.store(drift, Ordering::Relaxed);
        self.shared.running.store(running, Ordering::Relaxed);
    }

    /// The delay that is held, in frames of the input, from the moment a frame is recorded to the call that reads it. Audio thread.
    pub fn target(&self) -> usize {
        self.room.target()
    }
}

/// A raised cosine from just above 0 at 0 to just below 1 at `length` − 1.
fn rise(at: usize, length: usize) -> f32 {
    0.5 - 0.5 * (PI * (at as f32 + 0.5) / length as f32).cos()
}

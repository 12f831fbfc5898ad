//! A recording, and all that is known to look at it: where its sweeps are, what divides by them, which of them count.

use super::below::{self, Times};
use super::deconvolve::Deconvolver;
use super::fault::{Channel, MeasureError, Notice, QUIET_DBFS, SILENT_DBFS};
use super::played::Played;
use super::{Recording, Start, decibels, find, repeats, rms, smooth};
use crate::impulse::analyze::level;
use crate::impulse::fourier::Bins;
use realfft::num_complex::Complex;

/// What precedes the direct sound in what is cut out of a recording, in seconds, if the sweep permits.
const MARGIN: f64 = 0.1;

/// Seconds before the direct sound that are known to be silence, if the sweep permits.
const SILENCE: f64 = 0.5;

/// The least drift that is put right, in parts per million: over 10 s a hundredth of a sample.
const LEAST_DRIFT: f64 = 0.02;

/// Seconds that may pass from the arrival of one octave to that of another; springs take less.
const SMEARED: f64 = 0.1;

/// Octaves below are not asked when they arrive, in Hz: rooms answer them slowly.
const LOWEST_ARRIVAL: f64 = 200.0;

/// How many samples repeats may be out of step.
const UNEVEN: f64 = 0.5;

/// What is used to look at a recording.
pub(super) struct Setup {
    pub(super) by: Deconvolver,
    /// Frames of a response that are its own.
    pub(super) free: usize,
    /// Frames before the direct sound.
    margin: usize,
    /// Frame of the peak of the sweep number `before`.
    anchor: f64,
    before: usize,
    /// Sweeps in the recording.
    pub(super) slots: usize,
    speakers: usize,
    /// From one to the next, in frames.
    period: f64,
    /// Frames cut out for each.
    window: usize,
    /// The loudest microphone.
    pub(super) loudest: usize,
    /// L in frames, if it is known.
    growth: Option<f64>,
    against_loopback: bool,
}

/// The sweeps that count.
pub(super) struct Kept {
    pub(super) slots: Vec<usize>,
    pub(super) differ_db: Option<f64>,
}

/// A response, all of its circle.
pub(super) struct Response {
    pub(super) samples: Vec<f64>,
    /// Frame of the direct sound.
    onset: usize,
    /// Frame of its largest sample.
    pub(super) peak: usize,
}

/// What is left of the responses.
pub(super) struct Cut {
    pub(super) channels: Vec<Vec<f32>>,
    /// Frame of the response at which they begin.
    pub(super) begins: isize,
    pub(super) direct: usize,
    pub(super) delay: usize,
}

impl Setup {
    pub(super) fn new(
        played: &Played,
        recording: &Recording<'_>,
        notices: &mut Vec<Notice>,
    ) -> Result<Self, MeasureError> {
        if recording.microphones.is_empty() {
            return Err(MeasureError::NoChannel);
        }
        if played.sample_rate() != recording.sample_rate {
            return Err(MeasureError::Rate {
                played: played.sample_rate(),
                recorded: recording.sample_rate,
            });
        }
        if let Played::Sweep(sweep) = played {
            sweep.check()?;
        }
        let frames = recording.microphones.iter().map(|it| it.len()).min();
        let frames = frames.unwrap_or(0);
        if let Some(loopback) = recording.loopback.filter(|it| it.len() != frames) {
            return Err(MeasureError::LoopbackLength {
                recording: frames,
                loopback: loopback.len(),
            });
        }
        let rate = f64::from(recording.sample_rate);
        let (by, silence) = played.deconvolver(1.0);
        let microphones = recording.microphones.iter().enumerate();
        let microphones = microphones.map(|(index, it)| (Channel::Microphone(index), *it));
        let loopback = recording.loopback.map(|it| (Channel::Loopback, it));
        for (channel, samples) in loopback.into_iter().chain(microphones) {
            sound(channel, samples, rate, notices)?;
        }
        if frames < by.sweep {
            return Err(MeasureError::Short {
                seconds: frames as f64 / rate,
                sweep: by.sweep as f64 / rate,
            });
        }
        let loudest = (0..recording.microphones.len())
            .max_by(|&a, &b| {
                let power = |index: usize| rms(recording.microphones[index]);
                power(a).total_cmp(&power(b))
            })
            .unwrap_or(0);
        let (guide, channel) = match recording.loopback {
            Some(loopback) => (loopback, Channel::Loopback),
            None => (recording.microphones[loudest], Channel::Microphone(loudest)),
        };
        let (expected, period) = played.slots();
        let found = find::find(&by, guide, period).ok_or(MeasureError::NotFound { channel })?;
        let speakers = played.speakers();
        if found.count != expected {
            if speakers > 1 {
                return Err(MeasureError::Incomplete {
                    expected,
                    speakers,
                    found: found.count,
                });
            }
            notices.push(Notice::Count {
                expected,
                found: found.count,
            });
        }
        let growth = played.growth().map(|growth| growth * rate);
        // Half way to the second harmonic at most.
        let room = growth.map_or(f64::INFINITY, |growth| 0.5 * growth * 2_f64.ln());
        let margin = (MARGIN * rate).min(room).min(0.25 * silence as f64) as usize;
        Ok(Self {
            free: silence - margin,
            margin,
            anchor: found.loudest as f64,
            before: found.before,
            slots: found.count,
            speakers,
            period: period.unwrap_or(by.sweep + silence) as f64,
            window: by.sweep + silence,
            loudest,
            growth,
            against_loopback: recording.loopback.is_some(),
            by,
        })
    }

    /// The frame at which what belongs to a sweep begins, and the part of a frame that follows it.
    pub(super) fn start(&self, slot: usize) -> (isize, f64) {
        let after = slot as f64 - self.before as f64;
        let exact = self.anchor + after * self.period - self.margin as f64;
        let whole = exact.floor();
        (whole as isize, exact - whole)
    }

    /// The response that `samples` have in one sweep.
    fn response(&self, samples: &[f32], slot: usize) -> Bins {
        let (start, part) = self.start(slot);
        let frames = samples.len() as isize;
        let sample = |n: usize| {
            let at = start + n as isize;
            if (0..frames).contains(&at) {
                f64::from(samples[at as usize])
            } else {
                0.0
            }
        };
        let mut bins = self.by.response((0..self.window).map(sample));
        self.by.advance(&mut bins, part);
        bins
    }

    /// Finds out by how much the clocks of player and recorder differ, and takes it into account.
    pub(super) fn follow(
        &mut self,
        played: &Played,
        recording: &Recording<'_>,
        notices: &mut Vec<Notice>,
    ) -> Option<f64> {
        let slots: Vec<usize> = (0..self.slots).step_by(self.speakers).collect();
        if recording.loopback.is_some() || slots.len() < 2 {
            return None;
        }
        let heard = recording.microphones[self.loudest];
        let first = self.response(heard, slots[0]);
        let point = |&slot: &usize| {
            let late = repeats::delay(&self.by, &first, &self.response(heard, slot));
            (slot as f64 * self.period, late)
        };
        let points: Vec<_> = slots.iter().map(point).collect();
        let slope = repeats::slope(&points);
        let off = points.iter().map(|(at, late)| (late - slope * at).abs());
        let off = off.fold(0.0, f64::max);
        if off > UNEVEN {
            notices.push(Notice::Uneven { samples: off });
        }
        let ppm = 1e6 * slope;
        if ppm.abs() >= LEAST_DRIFT && played.growth().is_some() {
            self.by = played.deconvolver(1.0 + slope).0;
            self.period *= 1.0 + slope;
            notices.push(Notice::Drift { ppm });
        }
        Some(ppm)
    }

    /// Compares the repeats.
    pub(super) fn kept(&self, recording: &Recording<'_>, notices: &mut Vec<Notice>) -> Kept {
        let heard = recording.microphones[self.loudest];
        let mut kept = Kept {
            slots: Vec::new(),
            differ_db: None,
        };
        for speaker in 0..self.speakers {
            let slots: Vec<usize> = (speaker..self.slots).step_by(self.speakers).collect();
            let mut outlying = Vec::new();
            if slots.len() > 1 {
                let responses: Vec<Bins> = slots
                    .iter()
                    .map(|&slot| self.compensated(recording, heard, slot))
                    .collect();
                let spread = repeats::Spread::of(&responses);
                outlying = spread.outlying();
                let db = spread.db();
                kept.differ_db = Some(kept.differ_db.map_or(db, |other| db.max(other)))
                    .filter(|db| db.is_finite());
            }
            for &(repeat, db) in &outlying {
                notices.push(Notice::LeftOut {
                    repeat,
                    speaker,
                    db,
                });
            }
            let is_out = |repeat: usize| outlying.iter().any(|it| it.0 == repeat);
            let good = slots
                .iter()
                .enumerate()
                .filter(|(repeat, _)| !is_out(*repeat));
            kept.slots.extend(good.map(|(_, slot)| *slot));
        }
        kept
    }

    /// The response without what the loopback has.
    fn compensated(&self, recording: &Recording<'_>, samples: &[f32], slot: usize) -> Bins {
        let mut bins = self.response(samples, slot);
        if let Some(loopback) = recording.loopback {
            let compensation = self.by.compensation(&self.response(loopback, slot));
            multiply(&mut bins, &compensation);
        }
        bins
    }

    /// The mean over the sweeps of each loudspeaker, for each loudspeaker and microphone.
    pub(super) fn average(&self, recording: &Recording<'_>, kept: &[usize]) -> Vec<Bins> {
        let mut responses = Vec::new();
        for speaker in 0..self.speakers {
            let slots: Vec<usize> = kept
                .iter()
                .copied()
                .filter(|slot| slot % self.speakers == speaker)
                .collect();
            let microphones = recording.microphones.len();
            let mut means = vec![vec![Complex::default(); self.by.size() / 2 + 1]; microphones];
            let share = (slots.len().max(1) as f64).recip();
            for slot in slots {
                let compensation = recording
                    .loopback
                    .map(|loopback| self.by.compensation(&self.response(loopback, slot)));
                for (mean, samples) in means.iter_mut().zip(&recording.microphones) {
                    let mut bins = self.response(samples, slot);
                    if let Some(compensation) = &compensation {
                        multiply(&mut bins, compensation);
                    }
                    for (mean, bin) in mean.iter_mut().zip(bins) {
                        *mean += bin * share;
                    }
                }
            }
            responses.extend(means);
        }
        responses
    }

    /// Frame of the largest sample of a response in its own time; an error if it is elsewhere, or most of the energy is:
    /// that is not a response.
    fn peak(&self, response: &[f64], microphone: usize) -> Result<usize, MeasureError> {
        let (own, elsewhere) = response.split_at(self.free);
        let largest = |part: &[f64]| {
            let all = part.iter().map(|x| x.abs()).enumerate();
            all.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
        };
        let energy = |part: &[f64]| part.iter().map(|x| x * x).sum::<f64>();
        let (at, peak) = largest(own);
        if peak > largest(elsewhere).1 && energy(own) > energy(elsewhere) {
            return Ok(at);
        }
        if self.against_loopback {
            let most = self.free as f64 / f64::from(self.by.sample_rate);
            return Err(MeasureError::Apart { most });
        }
        let channel = Channel::Microphone(microphone);
        Err(MeasureError::NotFound { channel })
    }

    /// Whether octaves arrive at very different times, as they do when a sweep is divided by another one. The arrival is
    /// when a tenth of the octave's energy is there: in a room with a decay of 10 s, 76 ms after the direct sound.
    pub(super) fn smeared(&self, bins: &Bins, notices: &mut Vec<Notice>) {
        let band = self.by.band;
        let (mut first, mut last) = (usize::MAX, 0);
        let mut low = band.from.max(LOWEST_ARRIVAL);
        while 2.0 * low <= band.to {
            let inside = (low / self.by.step()) as usize..(2.0 * low / self.by.step()) as usize;
            let part = bins
                .iter()
                .enumerate()
                .map(|(k, bin)| match inside.contains(&k) {
                    true => *bin,
                    false => Complex::default(),
                });
            let octave = self.by.fourier.signal(part.collect());
            // From before time zero on, where the early ones of another sweep would be.
            let size = octave.len();
            let times = size - self.free.min(size - self.free) / 2..size + self.free;
            let around = times.map(|at| octave[at % size]);
            let mut left = 0.1 * around.clone().map(|x| x * x).sum::<f64>();
            let early = around.take_while(|x| {
                left -= x * x;
                left > 0.0
            });
            let arrival = early.count();
            (first, last) = (first.min(arrival), last.max(arrival));
            low *= 2.0;
        }
        let seconds = last.saturating_sub(first) as f64 / f64::from(self.by.sample_rate);
        if seconds > SMEARED {
            notices.push(Notice::Smeared { seconds });
        }
    }

    /// The responses as signals, with what is missing below the range.
    pub(super) fn complete(
        &self,
        responses: Vec<Bins>,
        microphones: usize,
    ) -> Result<Vec<Response>, MeasureError> {
        let rate = f64::from(self.by.sample_rate);
        let lead = self.lead();
        let known = 0.45 * self.growth.map_or(f64::INFINITY, |it| it * 2_f64.ln());
        let silence = (SILENCE * rate).min(known) as isize;
        let complete = |(index, bins)| {
            let mut samples = self.by.fourier.signal(bins);
            let peak = self.peak(&samples, index % microphones)?;
            let near = 0.1 * samples[peak].abs();
            // ISO 3382-1, 5.3.2: where it first comes within 20 dB of the peak.
            let onset = samples.iter().take_while(|x| x.abs() < near).count();
            let start = onset as isize - lead / 2;
            let times = Times {
                silence: onset as isize - silence..start,
                sound: start..self.free as isize,
            };
            below::complete(&self.by, &mut samples, &times);
            Ok(Response {
                samples,
                onset,
                peak,
            })
        };
        responses.into_iter().enumerate().map(complete).collect()
    }

    /// Frames before the direct sound in which the range's upper edge rings.
    fn lead(&self) -> isize {
        (self.by.band.ringing() * f64::from(self.by.sample_rate)).ceil() as isize
    }

    /// Takes the responses out of their circles, all of them at the same time.
    pub(super) fn cut(&self, responses: &[Response], start: Start) -> Cut {
        let lead = self.lead();
        let direct = responses.iter().map(|it| it.onset).min().unwrap_or(0) as isize;
        let wanted = match start {
            Start::Played => 0,
            Start::DirectSound => direct - lead,
        };
        let begins = wanted.min(direct - lead);
        let size = self.by.size() as isize;
        let fade = (lead / 2).max(1) as f64;
        let channel = |response: &Response| {
            let frames = begins..self.free as isize;
            let sample = |at: isize| {
                let fade = smooth((at - begins) as f64 / fade);
                (response.samples[at.rem_euclid(size) as usize] * fade) as f32
            };
            frames.map(sample).collect()
        };
        Cut {
            channels: responses.iter().map(channel).collect(),
            begins,
            direct: (direct - begins) as usize,
            delay: (wanted - begins) as usize,
        }
    }
}

fn multiply(bins: &mut Bins, by: &Bins) {
    for (bin, by) in bins.iter_mut().zip(by) {
        *bin *= by;
    }
}

/// An error if there is nothing to measure in a channel.
fn sound(
    channel: Channel,
    samples: &[f32],
    rate: f64,
    notices: &mut Vec<Notice>,
) -> Result<(), MeasureError> {
    if let Some(frame) = samples.iter().position(|x| !x.is_finite()) {
        return Err(MeasureError::NotFinite { channel, frame });
    }
    let peak = decibels(level::peak(samples).into());
    if peak < SILENT_DBFS {
        return Err(MeasureError::Silent { channel });
    }
    if let Some((samples, first)) = clipped(samples) {
        return Err(MeasureError::Clipped {
            channel,
            samples,
            seconds: first as f64 / rate,
        });
    }
    if peak < QUIET_DBFS {
        notices.push(Notice::Quiet {
            channel,
            peak_dbfs: peak,
        });
    }
    Ok(())
}

/// How many samples are clipped, and the first: at the extreme, and that at full scale. A low sweep stands at its peak
/// for several samples of 16 bits.
fn clipped(samples: &[f32]) -> Option<(usize, usize)> {
    /// −0.2 dBFS.
    const FULL: f32 = 0.98;
    let found = level::clipping(samples);
    let first = found.first_frame?;
    (level::peak(samples) >= FULL).then_some((found.samples, first))
}

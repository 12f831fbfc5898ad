//! An impulse at another sample rate, heard the same.
//!
//! Guaranteed, between any two rates in [`RATES`]:
//! - **Gain.** The frequency response is kept, not the peak: h′\[n\] = (old ÷ new) · h(n ÷ new). A unit impulse stays
//!   transparent, and a sine through the impulse has the level it had, within 0.01 dB up to 0.4 of the lower rate
//!   (but in notches: where rays cancel, what remains of an error is larger against what remains of the sound).
//! - **Time.** What sounded at t sounds at t, save where there is no room before t = 0 (below). The resampler's own
//!   latency is taken off, its tail is kept.
//! - **Identity.** The rate it already has gives the same samples, to the bit.
//!
//! # What rings before time zero
//!
//! A band-limited impulse rings on both sides of every sample, and a convolver without latency has no negative time
//! to ring in. Cutting that part off changes the gain of what stands in the first samples (measured: 1.7 dB for a
//! spike at sample 1, 0.1 dB still at sample 40). Correcting the gain afterwards can be right for one frequency
//! only, and a minimum-phase filter disperses and delays every impulse, also those that need nothing. So:
//!
//! 1. Sample 0 lies on sample 0 of the new grid and needs no interpolation: it is carried over as it is, flat
//!    at every frequency. A spike there stays the dry sound itself, and mixing wet and dry cannot comb.
//! 2. Where [`LEAD_IN`] samples of the lower rate (0.54 ms at 44.1 kHz) of silence precede the rest, its ringing is
//!    faded in over them. **No delay.** So it is for echoes with a spike and a gap, and for recordings that keep the
//!    air between source and microphone; recordings trimmed to their first sound fall under 3.
//! 3. Else all channels are delayed by what is missing of that lead-in, never more than it, and sample 0 rings with
//!    the others. [`aligned`] reports the delay. Why 24: the worst error up to 0.4 of the lower rate, for spikes at
//!    samples 0 to 100 between seven pairs of rates, was 0.033 dB with 16 samples, 0.029 with 20, 0.008 with 24
//!    (0.0097 over fourteen).
//!
//! Silence is what adds up to less than [`NEGLIGIBLE_DB`]. The end is treated likewise: what rings past the last
//! sound is faded out over the silence there, and the impulse grows by what is missing of it.
//!
//! The filter is rubato's synchronous FFT resampler, in f64. Its blocks hold an even number of periods
//! of the two rates: with an odd number its delay is not a whole number of output samples, although it reports one.

use super::ImpulseResponse;
use super::load::MAX_SAMPLES;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction};
use std::ops::RangeInclusive;
use thiserror::Error;

/// The sample rates that can be converted, in Hz. Coprime rates need transforms as long as a second of sound,
/// which is what the upper end bounds.
pub const RATES: RangeInclusive<u32> = 1_000..=1_536_000;

/// Sound before the first sample that counts, or after the last, in dB of the channel's energy. It may be faded:
/// −90 dB moves the level of a sine by 0.003 dB where the response is 20 dB under its mean.
pub const NEGLIGIBLE_DB: f64 = -90.0;

/// Silence that must precede the first sound after sample 0, and follow the last, in samples of the lower rate.
pub const LEAD_IN: u32 = 24;

/// The longest fade of ringing at either end, in samples of the lower rate.
const LONGEST_FADE: u32 = 256;

/// The shortest filter, in samples of the lower rate: flat to 0.47 of it, −3 dB at 0.49.
const FILTER: u32 = 1024;

/// An impulse that cannot be taken to the rate that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResampleError {
    /// One of the two rates is out of range.
    #[error(
        "{name}: expected sample rates from {} to {} Hz to convert between, got {rate} Hz; export the file at a usual rate",
        RATES.start(), RATES.end()
    )]
    Rate {
        /// The impulse.
        name: String,
        /// The rate in Hz.
        rate: u32,
    },
    /// The result would not fit in memory.
    #[error(
        "{name}: expected at most {MAX_SAMPLES} samples after conversion to {rate} Hz, got {samples}; trim the impulse"
    )]
    TooLarge {
        /// The impulse.
        name: String,
        /// The rate in Hz.
        rate: u32,
        /// Samples in all channels.
        samples: u64,
    },
    /// rubato refused. Not known to happen.
    #[error("{name}: expected the resampler to run, got its error: {reason}; please report this")]
    Resampler {
        /// The impulse.
        name: String,
        /// Its words.
        reason: String,
    },
}

/// A resampled impulse, and by how much it had to be delayed.
#[derive(Clone, Debug, PartialEq)]
pub struct Aligned {
    /// The impulse at the new rate.
    pub impulse: ImpulseResponse,
    /// Samples at the new rate by which everything is late: usually 0, at most [`LEAD_IN`] samples of the lower rate.
    pub delay: usize,
}

/// `impulse` at `to_rate` Hz: ⌈frames · new ÷ old⌉ long, and longer by at most [`LEAD_IN`] samples of the lower rate
/// at either end that has no silence to ring in.
///
/// Errors: a rate out of [`RATES`], unless both are the same; a result beyond [`MAX_SAMPLES`]. Loader thread.
pub fn resample(impulse: &ImpulseResponse, to_rate: u32) -> Result<ImpulseResponse, ResampleError> {
    aligned(impulse, to_rate).map(|aligned| aligned.impulse)
}

/// As [`resample`], and says the delay. Loader thread.
pub fn aligned(impulse: &ImpulseResponse, to_rate: u32) -> Result<Aligned, ResampleError> {
    if to_rate == impulse.sample_rate {
        return Ok(Aligned {
            impulse: impulse.clone(),
            delay: 0,
        });
    }
    convert(impulse, to_rate, FILTER, Ends::Faded)
}

/// The band below half of `to_rate` and all of its energy: every bit of ringing, behind a filter of `filter` samples
/// of the lower rate. For measuring, not for convolving: time zero is somewhere inside.
pub(super) fn band(
    impulse: &ImpulseResponse,
    to_rate: u32,
    filter: u32,
) -> Result<ImpulseResponse, ResampleError> {
    convert(impulse, to_rate, filter, Ends::Whole).map(|aligned| aligned.impulse)
}

/// What becomes of the ringing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Faded, as the module says.
    Faded,
    /// Kept.
    Whole,
}

fn convert(
    impulse: &ImpulseResponse,
    to_rate: u32,
    filter: u32,
    ends: Ends,
) -> Result<Aligned, ResampleError> {
    let plan = Plan::new(impulse, to_rate, filter)?;
    let mut converter = plan.converter(&impulse.name)?;

    // The earliest sound and the latest, of all channels: they are moved together or not at all.
    let mut first = First::Apart;
    let mut reach = Reach::of(impulse, first);
    if plan.lead_in(reach) > 0 {
        first = First::Along;
        reach = Reach::of(impulse, first);
    }
    let edges = match ends {
        Ends::Faded => plan.edges(reach),
        Ends::Whole => Edges {
            start: 0,
            fade_in: 0,
            fade_out: 0,
            end: plan.blocks * plan.block_out,
        },
    };
    let channels = impulse
        .channels
        .iter()
        .map(|channel| {
            let mut samples = converter.run(channel, first)?;
            edges.fade(&mut samples);
            if let (First::Apart, Some(&sample)) = (first, channel.first()) {
                samples[plan.zero] += f64::from(sample);
            }
            Ok(edges.cut(&samples))
        })
        .collect::<Result<_, _>>()?;
    Ok(Aligned {
        impulse: ImpulseResponse {
            name: impulse.name.clone(),
            sample_rate: to_rate,
            layout: impulse.layout,
            channels,
        },
        delay: plan.zero - edges.start,
    })
}

/// Sizes, all in samples of the new rate unless said otherwise.
struct Plan {
    from_rate: u32,
    to_rate: u32,
    /// Block of the converter, in samples of the old rate.
    block_in: usize,
    block_out: usize,
    /// Blocks that hold the sound, and one more: the filter is one block long, so silence brings all of it out.
    blocks: usize,
    /// Where time zero is in what the converter gives.
    zero: usize,
    /// Length of the sound, ringing not counted.
    frames: usize,
    /// [`LEAD_IN`], and the same at the end.
    margin: usize,
    /// [`LONGEST_FADE`].
    longest_fade: usize,
}

impl Plan {
    fn new(impulse: &ImpulseResponse, to_rate: u32, filter: u32) -> Result<Self, ResampleError> {
        let from_rate = impulse.sample_rate;
        for rate in [from_rate, to_rate] {
            if !RATES.contains(&rate) {
                return Err(ResampleError::Rate {
                    name: impulse.name.clone(),
                    rate,
                });
            }
        }
        let (from, to) = (u64::from(from_rate), u64::from(to_rate));
        let frames = (impulse.frames() as u64 * to).div_ceil(from);
        let samples = frames.saturating_mul(impulse.channels.len() as u64);
        if samples > MAX_SAMPLES {
            return Err(ResampleError::TooLarge {
                name: impulse.name.clone(),
                rate: to_rate,
                samples,
            });
        }
        let divisor = greatest_common_divisor(from_rate, to_rate);
        let (period_in, period_out) = (from_rate / divisor, to_rate / divisor);
        let shorter = period_in.min(period_out);
        // Even, so that half a block, the filter's delay, is a whole number of samples at both rates.
        let periods = filter.div_ceil(shorter).next_multiple_of(2);
        let block_in = (periods * period_in) as usize;
        let block_out = (periods * period_out) as usize;
        let scaled = |samples: u32| (u64::from(samples) * to).div_ceil(from.min(to)) as usize;
        Ok(Self {
            from_rate,
            to_rate,
            block_in,
            block_out,
            blocks: impulse.frames().div_ceil(block_in) + 1,
            zero: block_out / 2,
            frames: frames as usize,
            margin: scaled(LEAD_IN),
            longest_fade: scaled(LONGEST_FADE),
        })
    }

    fn converter<'a>(&'a self, name: &'a str) -> Result<Converter<'a>, ResampleError> {
        let fft = Fft::new_custom(
            self.from_rate as usize,
            self.to_rate as usize,
            self.block_in,
            1,
            1,
            // −180 dB in the stop band; the cheaper windows are no shorter where it counts.
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|error| refused(name, &error))?;
        Ok(Converter {
            plan: self,
            name,
            fft,
            block: vec![0.0; self.block_in],
        })
    }

    /// Samples that must be put before time zero for the ringing before `reach` to fade in.
    fn lead_in(&self, reach: Option<Reach>) -> usize {
        reach.map_or(0, |reach| self.margin.saturating_sub(self.at(reach.first)))
    }

    /// Where a sample of the old rate stands at the new one, rounded down.
    fn at(&self, frame: usize) -> usize {
        (frame as u64 * u64::from(self.to_rate) / u64::from(self.from_rate)) as usize
    }

    fn edges(&self, reach: Option<Reach>) -> Edges {
        let Some(sound) = reach else {
            return Edges {
                start: self.zero,
                fade_in: 0,
                fade_out: 0,
                end: self.zero + self.frames,
            };
        };
        // The last sample that counts stands before this one.
        let last = (self.at(sound.end) + 1).min(self.frames);
        let lead_out = self.margin.saturating_sub(self.frames - last);
        let start = self.zero - self.lead_in(reach);
        let end = self.zero + self.frames + lead_out;
        Edges {
            start,
            fade_in: (self.zero + self.at(sound.first) - start).min(self.longest_fade),
            fade_out: (end - self.zero - last).min(self.longest_fade),
            end,
        }
    }
}

/// The part of a converted channel that is kept, and how long its ends are faded: indices into what the converter
/// gives.
struct Edges {
    start: usize,
    fade_in: usize,
    fade_out: usize,
    end: usize,
}

impl Edges {
    fn fade(&self, samples: &mut Vec<f64>) {
        samples.resize(samples.len().max(self.end), 0.0);
        for distance in 0..self.fade_in {
            samples[self.start + distance] *= rise(distance + 1, self.fade_in);
        }
        for distance in 0..self.fade_out {
            samples[self.end - 1 - distance] *= rise(distance + 1, self.fade_out);
        }
    }

    fn cut(&self, samples: &[f64]) -> Vec<f32> {
        samples[self.start..self.end]
            .iter()
            .map(|&sample| sample as f32)
            .collect()
    }
}

/// From 0 at 0 to 1 just past `length`, smooth to the second derivative where the sound stands: the integral of a
/// Hann window. Its time is warped towards the weak end of the ringing, which was measured to be worth 4 samples.
fn rise(at: usize, length: usize) -> f64 {
    use std::f64::consts::PI;
    let x = (at as f64 / (length + 1) as f64).powf(0.8);
    x - (2.0 * PI * x).sin() / (2.0 * PI)
}

/// Which samples a conversion is to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// All but sample 0.
    Apart,
    /// All.
    Along,
}

/// Takes whole channels through rubato, one after the other.
struct Converter<'a> {
    plan: &'a Plan,
    name: &'a str,
    fft: Fft<f64>,
    block: Vec<f64>,
}

impl Converter<'_> {
    /// `channel`, its filter's ringing on both sides included, the response kept. Time zero is at `plan.zero`.
    fn run(&mut self, channel: &[f32], first: First) -> Result<Vec<f64>, ResampleError> {
        let plan = self.plan;
        let mut out = vec![0.0; plan.blocks * plan.block_out];
        let gain = f64::from(plan.from_rate) / f64::from(plan.to_rate);
        self.fft.reset();
        let mut chunks = channel.chunks(plan.block_in);
        for (index, out) in out.chunks_mut(plan.block_out).enumerate() {
            self.block.fill(0.0);
            for (to, from) in self.block.iter_mut().zip(chunks.next().unwrap_or(&[])) {
                *to = f64::from(*from) * gain;
            }
            if index == 0 && first == First::Apart {
                self.block[0] = 0.0;
            }
            let source = InterleavedSlice::new(&self.block, 1, plan.block_in)
                .map_err(|error| refused(self.name, &error))?;
            let mut sink = InterleavedSlice::new_mut(out, 1, plan.block_out)
                .map_err(|error| refused(self.name, &error))?;
            self.fft
                .process_into_buffer(&source, &mut sink, Some(&Indexing::new()))
                .map_err(|error| refused(self.name, &error))?;
        }
        Ok(out)
    }
}

/// From where to where an impulse counts, in samples of its own rate.
#[derive(Clone, Copy)]
struct Reach {
    first: usize,
    end: usize,
}

impl Reach {
    /// Spans, in every channel, all but [`NEGLIGIBLE_DB`] of the energy before it and as much after it. `None` if
    /// nothing counts.
    fn of(impulse: &ImpulseResponse, first: First) -> Option<Self> {
        let reaches = impulse.channels.iter().filter_map(|channel| {
            let square = |&x: &f32| f64::from(x) * f64::from(x);
            let energy: f64 = channel.iter().map(square).sum();
            let allowed = energy * 10_f64.powf(NEGLIGIBLE_DB / 10.0);
            let skipped = usize::from(first == First::Apart).min(channel.len());
            let rest = &channel[skipped..];
            Some(Self {
                first: skipped + exceeds(rest.iter().map(square), allowed)?,
                end: channel.len() - exceeds(rest.iter().rev().map(square), allowed)?,
            })
        });
        reaches.reduce(|a, b| Self {
            first: a.first.min(b.first),
            end: a.end.max(b.end),
        })
    }
}

/// How many energies can be summed up before their sum is over `allowed`; `None` if it never is.
fn exceeds(energies: impl Iterator<Item = f64>, allowed: f64) -> Option<usize> {
    let mut sum = 0.0;
    energies
        .map(|energy| {
            sum += energy;
            sum
        })
        .position(|sum| sum > allowed)
}

fn refused(name: &str, error: &dyn std::fmt::Display) -> ResampleError {
    ResampleError::Resampler {
        name: name.to_owned(),
        reason: error.to_string(),
    }
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

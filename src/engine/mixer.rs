//! Wet and dry into one output: pre-delay, cuts and width of the wet, gains, bypass.
//!
//! `output = (dry · (1 − mix) + wet · mix · wet gain) · output gain`, per sample. The mix is linear. The wet first goes
//! through pre-delay, low cut, high cut and width, in this order.
//!
//! What is guaranteed:
//!
//! - Neutral settings ([`Mix::NEUTRAL`]) leave the wet as it is, to the bit. A mix of 0 % at 0 dB gives the dry to
//!   the bit.
//! - Settings that do not change are constants. A change takes [`SMOOTH_SECONDS`] along a curve without a step or a bend,
//!   whatever the block lengths and however often it is changed again; a changed pre-delay is faded over to.
//! - Bypassed, the dry comes through at 0 dB and [`Mixer::feed`] lets nothing more into the engine: what it was fed before
//!   rings out.
//! - What is no sound in the dry, NaN, infinite or beyond ±10¹², counts as silence, as in the engine.
//! - Any block length. [`Mixer::new`] allocates, nothing later does.

mod cut;
mod predelay;
mod smooth;

pub use cut::CutSlope;
pub use smooth::SMOOTH_SECONDS;

use super::block::Block;
use super::prepared::LOUDEST;
use crate::denormals;
use cut::{Cut, Side};
use predelay::Predelay;
use smooth::{CHUNK, Course, Smooth};

/// The longest pre-delay, in milliseconds: a quarter note at 30 beats a minute.
pub const MAX_PREDELAY_MS: f32 = 2000.0;

/// The wet gain at or below which the wet is off, in decibels.
pub const WET_OFF_DB: f32 = -60.0;

/// The low cut at or below which it is off, in Hz.
pub const LOW_CUT_OFF_HZ: f32 = 10.0;

/// The high cut at or above which it is off, in Hz.
pub const HIGH_CUT_OFF_HZ: f32 = 22_000.0;

/// What the mixer does, in the units of the controls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    /// Share of the wet, 0 to 100 %. Linear: the dry has the rest.
    pub mix_percent: f32,
    /// Gain of the wet in dB, −60 to +12. [`WET_OFF_DB`] and below is off.
    pub wet_gain_db: f32,
    /// Gain of the sum in dB, −24 to +12.
    pub output_gain_db: f32,
    /// Delay of the wet in ms, 0 to [`MAX_PREDELAY_MS`], rounded to whole samples.
    pub predelay_ms: f32,
    /// Side against mid of a wet of two channels, 0 (mono) to 200 %.
    pub width_percent: f32,
    /// Corner in Hz below which the wet is less. [`LOW_CUT_OFF_HZ`] and below is off.
    pub low_cut_hz: f32,
    /// Corner in Hz above which the wet is less. [`HIGH_CUT_OFF_HZ`] and above is off, and so is 0.49 of the sample
    /// rate.
    pub high_cut_hz: f32,
    /// How steep both cuts are.
    pub cut_slope: CutSlope,
    /// Whether only the dry and what still rings are heard.
    pub bypass: bool,
    /// Whether the dry is left out, bypassed or not, for where it is heard anyway: in the room, or through the desk.
    pub dry_muted: bool,
}

impl Mix {
    /// Nothing but the wet, as it came.
    pub const NEUTRAL: Self = Self {
        mix_percent: 100.0,
        wet_gain_db: 0.0,
        output_gain_db: 0.0,
        predelay_ms: 0.0,
        width_percent: 100.0,
        low_cut_hz: LOW_CUT_OFF_HZ,
        high_cut_hz: HIGH_CUT_OFF_HZ,
        cut_slope: CutSlope::Db12,
        bypass: false,
        dry_muted: false,
    };

    /// The pre-delay in whole samples at `sample_rate` Hz.
    pub fn predelay_samples(&self, sample_rate: u32) -> usize {
        let ms = f64::from(self.predelay_ms.clamp(0.0, MAX_PREDELAY_MS));
        (ms * f64::from(sample_rate) / 1000.0).round() as usize
    }

    /// Factors of the dry and of the wet.
    fn gains(&self) -> (f64, f64) {
        let mix = f64::from((self.mix_percent / 100.0).clamp(0.0, 1.0));
        let output = factor(self.output_gain_db);
        let wet = if self.wet_gain_db <= WET_OFF_DB {
            0.0
        } else {
            factor(self.wet_gain_db)
        };
        let dry = match (self.dry_muted, self.bypass) {
            (true, _) => 0.0,
            (false, true) => 1.0,
            (false, false) => (1.0 - mix) * output,
        };
        (dry, mix * wet * output)
    }

    fn width(&self) -> f64 {
        f64::from((self.width_percent / 100.0).clamp(0.0, 2.0))
    }

    fn low_cut(&self) -> Option<f64> {
        (self.low_cut_hz > LOW_CUT_OFF_HZ).then_some(f64::from(self.low_cut_hz))
    }

    fn high_cut(&self) -> Option<f64> {
        (self.high_cut_hz < HIGH_CUT_OFF_HZ).then_some(f64::from(self.high_cut_hz.max(1.0)))
    }

    /// How much of a second section the cuts have.
    fn second(&self) -> f64 {
        match self.cut_slope {
            CutSlope::Db12 => 0.0,
            CutSlope::Db24 => 1.0,
        }
    }

    /// How much of its input the engine hears.
    fn fed(&self) -> f64 {
        if self.bypass { 0.0 } else { 1.0 }
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self::NEUTRAL
    }
}

/// The factor of a gain in dB. In f64, so that 0 dB is exactly 1.
fn factor(db: f32) -> f64 {
    10f64.powf(f64::from(db) / 20.0)
}

/// What the engine is to be fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The inputs as they are.
    Open,
    /// The inputs after [`Mixer::feed`], which fades or silences them.
    Closing,
}

/// Mixes the wet in a block's outputs with the dry in its inputs.
#[derive(Debug)]
pub struct Mixer {
    sample_rate: u32,
    mix: Mix,
    outputs: usize,
    dry: Smooth,
    wet: Smooth,
    width: Smooth,
    second: Smooth,
    fed: Smooth,
    predelay: Predelay,
    cuts: [Cut; 2],
}

impl Mixer {
    /// A mixer of `outputs` channels at `sample_rate` Hz that starts with `mix`, at once.
    /// Loader thread.
    pub fn new(outputs: usize, sample_rate: u32, mix: Mix) -> Self {
        let longest = Mix {
            predelay_ms: MAX_PREDELAY_MS,
            ..Mix::NEUTRAL
        }
        .predelay_samples(sample_rate);
        let smooth = |value| Smooth::new(value, sample_rate);
        let (dry, wet) = mix.gains();
        let delay = mix.predelay_samples(sample_rate);
        Self {
            sample_rate,
            mix,
            outputs,
            dry: smooth(dry),
            wet: smooth(wet),
            width: smooth(mix.width()),
            second: smooth(mix.second()),
            fed: smooth(mix.fed()),
            predelay: Predelay::new(outputs, longest, delay, sample_rate),
            cuts: [
                Cut::new(Side::Low, outputs, sample_rate, mix.low_cut()),
                Cut::new(Side::High, outputs, sample_rate, mix.high_cut()),
            ],
        }
    }

    /// Goes to `mix` over the next [`SMOOTH_SECONDS`]. A pre-delay that is changed again while it is
    /// being faded waits for the fade to end; the newest wins. Audio thread.
    pub fn set(&mut self, mix: Mix) {
        if mix == self.mix {
            return;
        }
        self.mix = mix;
        let (dry, wet) = mix.gains();
        self.dry.aim(dry);
        self.wet.aim(wet);
        self.width.aim(mix.width());
        self.second.aim(mix.second());
        self.fed.aim(mix.fed());
        self.predelay.aim(mix.predelay_samples(self.sample_rate));
        let [low, high] = &mut self.cuts;
        low.aim(mix.low_cut());
        high.aim(mix.high_cut());
    }

    /// What it has been set to. Audio thread.
    pub fn mix(&self) -> &Mix {
        &self.mix
    }

    /// Whether the engine hears its input as it is. Audio thread.
    pub fn feeds(&self) -> Feed {
        if self.fed.is_settled() && self.fed.target() == 1.0 {
            Feed::Open
        } else {
            Feed::Closing
        }
    }

    /// Fades or silences a copy of the engine's next `frames` of input. To be called once for each sample while
    /// [`Mixer::feeds`] says [`Feed::Closing`]. Audio thread.
    pub fn feed(&mut self, inputs: &mut [&mut [f32]], frames: usize) {
        for from in (0..frames).step_by(CHUNK) {
            let count = CHUNK.min(frames - from);
            let fed = self.fed.advance(count);
            for input in &mut *inputs {
                let input = &mut input[from..from + count];
                match &fed {
                    Course::Still(0.0) => input.fill(0.0),
                    Course::Still(1.0) => {}
                    fed => {
                        for (at, sample) in input.iter_mut().enumerate() {
                            *sample *= fed.at(at) as f32;
                        }
                    }
                }
            }
        }
    }

    /// Replaces the wet in the block's outputs by the mix. The dry of output `i` is input `i`; a
    /// single input is the dry of every output; an output without an input has no dry. Outputs
    /// beyond those the mixer was made for stay as they are. Audio thread.
    pub fn process(&mut self, block: &mut Block<'_, '_>) {
        let frames = block.frames();
        let (inputs, outputs) = block.split();
        let used = self.outputs.min(outputs.len());
        let outputs = &mut outputs[..used];
        denormals::flushed(|| {
            for from in (0..frames).step_by(CHUNK) {
                self.chunk(inputs, outputs, from, CHUNK.min(frames - from));
            }
        });
    }

    fn chunk(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]], from: usize, frames: usize) {
        let second = self.second.advance(frames);
        self.predelay.run(outputs, from, frames);
        for cut in &mut self.cuts {
            cut.run(outputs, from, frames, &second);
        }
        let width = self.width.advance(frames);
        if self.outputs == 2
            && !width.is_still_at(1.0)
            && let [left, right] = outputs
        {
            let sides = left[from..].iter_mut().zip(&mut right[from..]);
            for (at, (left, right)) in sides.enumerate().take(frames) {
                // Mid (l + r) ÷ 2 stays, side (l − r) ÷ 2 is scaled.
                let more = (width.at(at) as f32 - 1.0) * 0.5 * (*left - *right);
                (*left, *right) = (*left + more, *right - more);
            }
        }
        let (dry_gain, wet_gain) = (self.dry.advance(frames), self.wet.advance(frames));
        for (channel, output) in outputs.iter_mut().enumerate() {
            let dry = match inputs {
                [only] => Some(*only),
                several => several.get(channel).copied(),
            };
            let dry = dry.map(|dry| &dry[from..from + frames]);
            blend(&mut output[from..from + frames], dry, &dry_gain, &wet_gain);
        }
    }

    /// Ends every change at its target, at once. Audio thread.
    pub fn settle(&mut self) {
        self.predelay.settle();
        for cut in &mut self.cuts {
            cut.settle();
        }
        for smooth in [
            &mut self.dry,
            &mut self.wet,
            &mut self.width,
            &mut self.second,
            &mut self.fed,
        ] {
            smooth.jump(smooth.target());
        }
    }

    /// Forgets the sound in it and ends every change at its target. Audio thread.
    pub fn reset(&mut self) {
        self.predelay.clear();
        for cut in &mut self.cuts {
            cut.clear();
        }
        self.settle();
    }
}

/// `dry · dry gain + wet · wet gain`, the wet being in `output`.
fn blend(output: &mut [f32], dry: Option<&[f32]>, dry_gain: &Course, wet_gain: &Course) {
    match (dry, dry_gain, wet_gain) {
        (None | Some(_), Course::Still(0.0), Course::Still(1.0))
        | (None, _, Course::Still(1.0)) => {}
        (Some(dry), Course::Still(dry_gain), Course::Still(0.0)) => {
            // Without wet, −0 stays −0: the dry comes through to the bit.
            for (sample, dry) in output.iter_mut().zip(dry) {
                *sample = sound(*dry) * *dry_gain as f32;
            }
        }
        (Some(dry), Course::Still(dry_gain), Course::Still(wet_gain)) => {
            let (dry_gain, wet_gain) = (*dry_gain as f32, *wet_gain as f32);
            for (sample, dry) in output.iter_mut().zip(dry) {
                *sample = sound(*dry) * dry_gain + *sample * wet_gain;
            }
        }
        (Some(dry), dry_gain, wet_gain) => {
            for (at, (sample, dry)) in output.iter_mut().zip(dry).enumerate() {
                let wet = *sample * wet_gain.at(at) as f32;
                *sample = sound(*dry) * dry_gain.at(at) as f32 + wet;
            }
        }
        (None, _, wet_gain) => {
            for (at, sample) in output.iter_mut().enumerate() {
                *sample *= wet_gain.at(at) as f32;
            }
        }
    }
}

/// As the engine takes it: what is larger could overflow where a gain is applied.
#[inline(always)]
fn sound(sample: f32) -> f32 {
    if sample.abs() <= LOUDEST { sample } else { 0.0 }
}

#[cfg(test)]
mod tests;

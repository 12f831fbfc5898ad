//! Wet and dry into one output, and the pre-delay of the wet.
//!
//! `output = (dry · (1 − mix) + wet · mix · wet gain) · output gain`, per sample. The mix is linear.
//!
//! What is guaranteed:
//!
//! - Neutral settings (mix 100 %, both gains 0 dB, no pre-delay) leave the wet as it is, to the bit.
//!   A mix of 0 % at 0 dB gives the dry to the bit.
//! - Settings that do not change are constants. A change is a straight line of [`RAMP_SECONDS`]
//!   per sample, whatever the block lengths; a changed pre-delay is faded over in the same time.
//! - A NaN or an infinity in the dry counts as silence.
//! - Any block length. [`Mixer::new`] allocates, nothing later does.

use super::block::Block;

/// How long a changed setting takes to arrive, in seconds.
pub const RAMP_SECONDS: f64 = 0.020;

/// The longest pre-delay, in milliseconds.
pub const MAX_PREDELAY_MS: f32 = 500.0;

/// The wet gain at or below which the wet is off, in decibels.
pub const WET_OFF_DB: f32 = -60.0;

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
}

impl Mix {
    /// Nothing but the wet, as it came.
    pub const NEUTRAL: Self = Self {
        mix_percent: 100.0,
        wet_gain_db: 0.0,
        output_gain_db: 0.0,
        predelay_ms: 0.0,
    };

    /// The pre-delay in whole samples at `sample_rate` Hz.
    pub fn predelay_samples(&self, sample_rate: u32) -> usize {
        let ms = f64::from(self.predelay_ms.clamp(0.0, MAX_PREDELAY_MS));
        (ms * f64::from(sample_rate) / 1000.0).round() as usize
    }

    /// Factors of the dry and of the wet.
    fn gains(&self) -> (f32, f32) {
        let mix = (self.mix_percent / 100.0).clamp(0.0, 1.0);
        let output = factor(self.output_gain_db);
        let wet = if self.wet_gain_db <= WET_OFF_DB {
            0.0
        } else {
            factor(self.wet_gain_db)
        };
        ((1.0 - mix) * output, mix * wet * output)
    }
}

impl Default for Mix {
    fn default() -> Self {
        Self::NEUTRAL
    }
}

/// The factor of a gain in dB. In f64, so that 0 dB is exactly 1.
fn factor(db: f32) -> f32 {
    10f64.powf(f64::from(db) / 20.0) as f32
}

/// A value on its way to another in a straight line.
#[derive(Clone, Copy, Debug)]
struct Ramp {
    from: f32,
    to: f32,
    done: usize,
    length: usize,
}

impl Ramp {
    fn settled(value: f32, length: usize) -> Self {
        Self {
            from: value,
            to: value,
            done: length,
            length,
        }
    }

    /// The value `ahead` samples from now. Exactly the target once the ramp has ended.
    #[inline(always)]
    fn at(&self, ahead: usize) -> f32 {
        let position = self.done + ahead;
        if position >= self.length {
            self.to
        } else {
            self.from + (self.to - self.from) * (position as f32 / self.length as f32)
        }
    }

    fn aim(&mut self, target: f32) {
        if target != self.to {
            *self = Self {
                from: self.at(0),
                to: target,
                done: 0,
                length: self.length,
            };
        }
    }

    fn advance(&mut self, frames: usize) {
        self.done = self.done.saturating_add(frames).min(self.length);
    }

    fn is_settled(&self) -> bool {
        self.done >= self.length
    }
}

/// The pre-delay: one ring per output, and two places to read it from while the delay changes.
#[derive(Debug)]
struct Predelay {
    rings: Vec<Vec<f32>>,
    mask: usize,
    write: usize,
    delay: usize,
    /// The delay faded to. Equal to `delay` when nothing changes.
    next: usize,
    /// The delay asked for while a fade was on its way.
    wanted: usize,
    fade: Ramp,
}

impl Predelay {
    fn new(outputs: usize, longest: usize, delay: usize, ramp: usize) -> Self {
        let size = (longest + 1).next_power_of_two();
        Self {
            rings: (0..outputs).map(|_| vec![0.0; size]).collect(),
            mask: size - 1,
            write: 0,
            delay,
            next: delay,
            wanted: delay,
            fade: Ramp::settled(1.0, ramp),
        }
    }

    fn start_fade(&mut self) {
        if self.fade.is_settled() && self.wanted != self.next {
            self.delay = self.next;
            self.next = self.wanted;
            self.fade = Ramp {
                from: 0.0,
                to: 1.0,
                done: 0,
                length: self.fade.length,
            };
        }
    }

    fn run(&mut self, channel: usize, wet: &mut [f32]) {
        let ring = &mut self.rings[channel];
        let mask = self.mask;
        if self.fade.is_settled() {
            for (ahead, sample) in wet.iter_mut().enumerate() {
                let here = self.write.wrapping_add(ahead);
                ring[here & mask] = *sample;
                *sample = ring[here.wrapping_sub(self.next) & mask];
            }
        } else {
            for (ahead, sample) in wet.iter_mut().enumerate() {
                let here = self.write.wrapping_add(ahead);
                ring[here & mask] = *sample;
                let old = ring[here.wrapping_sub(self.delay) & mask];
                let new = ring[here.wrapping_sub(self.next) & mask];
                let share = self.fade.at(ahead);
                *sample = old * (1.0 - share) + new * share;
            }
        }
    }

    fn advance(&mut self, frames: usize) {
        self.write = self.write.wrapping_add(frames);
        self.fade.advance(frames);
        self.start_fade();
    }
}

/// Mixes the wet in a block's outputs with the dry in its inputs.
#[derive(Debug)]
pub struct Mixer {
    sample_rate: u32,
    dry: Ramp,
    wet: Ramp,
    predelay: Predelay,
}

impl Mixer {
    /// A mixer of `outputs` channels at `sample_rate` Hz that starts with `mix`, without a ramp.
    /// Loader thread.
    pub fn new(outputs: usize, sample_rate: u32, mix: Mix) -> Self {
        let ramp = ((RAMP_SECONDS * f64::from(sample_rate)).round() as usize).max(1);
        let longest = Mix {
            predelay_ms: MAX_PREDELAY_MS,
            ..Mix::NEUTRAL
        }
        .predelay_samples(sample_rate);
        let (dry, wet) = mix.gains();
        Self {
            sample_rate,
            dry: Ramp::settled(dry, ramp),
            wet: Ramp::settled(wet, ramp),
            predelay: Predelay::new(outputs, longest, mix.predelay_samples(sample_rate), ramp),
        }
    }

    /// Goes to `mix` over the next [`RAMP_SECONDS`]. A pre-delay that is changed again while it is
    /// being faded waits for the fade to end; the newest wins. Audio thread.
    pub fn set(&mut self, mix: Mix) {
        let (dry, wet) = mix.gains();
        self.dry.aim(dry);
        self.wet.aim(wet);
        self.predelay.wanted = mix.predelay_samples(self.sample_rate);
        self.predelay.start_fade();
    }

    /// Replaces the wet in the block's outputs by the mix. The dry of output `i` is input `i`; a
    /// single input is the dry of every output; an output without an input has no dry. Outputs
    /// beyond those the mixer was made for stay as they are. Audio thread.
    pub fn process(&mut self, block: &mut Block<'_, '_>) {
        let frames = block.frames();
        let (inputs, outputs) = block.split();
        let settled = self.dry.is_settled() && self.wet.is_settled();
        for (channel, output) in outputs
            .iter_mut()
            .enumerate()
            .take(self.predelay.rings.len())
        {
            let output = &mut output[..frames];
            self.predelay.run(channel, output);
            let dry = match inputs {
                [only] => Some(*only),
                several => several.get(channel).copied(),
            };
            match dry {
                Some(dry) if !settled => {
                    for (ahead, (sample, dry)) in output.iter_mut().zip(dry).enumerate() {
                        *sample = finite(*dry) * self.dry.at(ahead) + *sample * self.wet.at(ahead);
                    }
                }
                None if !settled => {
                    for (ahead, sample) in output.iter_mut().enumerate() {
                        *sample *= self.wet.at(ahead);
                    }
                }
                Some(dry) if self.dry.to != 0.0 => constant(output, dry, self.dry.to, self.wet.to),
                _ if self.wet.to != 1.0 => {
                    for sample in output {
                        *sample *= self.wet.to;
                    }
                }
                _ => {}
            }
        }
        self.dry.advance(frames);
        self.wet.advance(frames);
        self.predelay.advance(frames);
    }

    /// Forgets the sound in the pre-delay and ends every ramp at its target. Audio thread.
    pub fn reset(&mut self) {
        for ring in &mut self.predelay.rings {
            ring.fill(0.0);
        }
        self.predelay.next = self.predelay.wanted;
        self.predelay.delay = self.predelay.wanted;
        let ramp = self.dry.length;
        self.predelay.fade = Ramp::settled(1.0, ramp);
        self.dry = Ramp::settled(self.dry.to, ramp);
        self.wet = Ramp::settled(self.wet.to, ramp);
    }
}

/// `dry · dry_gain + wet · wet_gain`. Without wet, −0 stays −0: the dry comes through to the bit.
fn constant(output: &mut [f32], dry: &[f32], dry_gain: f32, wet_gain: f32) {
    if wet_gain == 0.0 {
        for (sample, dry) in output.iter_mut().zip(dry) {
            *sample = finite(*dry) * dry_gain;
        }
    } else {
        for (sample, dry) in output.iter_mut().zip(dry) {
            *sample = finite(*dry) * dry_gain + *sample * wet_gain;
        }
    }
}

#[inline(always)]
fn finite(sample: f32) -> f32 {
    if sample.is_finite() { sample } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(mixer: &mut Mixer, dry: &[&[f32]], wet: &[Vec<f32>], blocks: &[usize]) -> Vec<Vec<f32>> {
        let mut out = wet.to_vec();
        let mut at = 0;
        let mut sizes = blocks.iter().cycle();
        while at < wet[0].len() {
            let end = (at + sizes.next().unwrap()).min(wet[0].len());
            let inputs: Vec<&[f32]> = dry.iter().map(|channel| &channel[at..end]).collect();
            let mut outputs: Vec<&mut [f32]> = out
                .iter_mut()
                .map(|channel| &mut channel[at..end])
                .collect();
            mixer.process(&mut Block::new(&inputs, &mut outputs));
            at = end;
        }
        out
    }

    fn noise(seed: u32, length: usize) -> Vec<f32> {
        let mut state = seed;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..length).map(|_| next()).collect()
    }

    fn bits(sound: &[Vec<f32>]) -> Vec<Vec<u32>> {
        let channel = |c: &Vec<f32>| c.iter().map(|x| x.to_bits()).collect();
        sound.iter().map(channel).collect()
    }

    #[test]
    fn neutral_is_the_wet_and_zero_mix_the_dry_to_the_bit() {
        let (mut a, mut b) = (noise(1, 5000), noise(2, 5000));
        (a[7], b[9]) = (-0.0, -0.0);
        let wet = vec![a, b];
        let dry = noise(3, 5000);
        let mut neutral = Mixer::new(2, 48_000, Mix::NEUTRAL);
        let out = run(&mut neutral, &[&dry], &wet, &[1, 77, 480]);
        assert_eq!(bits(&out), bits(&wet));
        let silent = Mix {
            mix_percent: 0.0,
            ..Mix::NEUTRAL
        };
        let out = run(&mut Mixer::new(2, 48_000, silent), &[&dry], &wet, &[64]);
        assert_eq!(bits(&out), bits(&[dry.clone(), dry]));
    }

    #[test]
    fn the_mix_is_linear_and_the_gains_are_decibels() {
        let (dry, wet) = (noise(4, 1000), vec![noise(5, 1000)]);
        let mix = Mix {
            mix_percent: 25.0,
            wet_gain_db: 6.0,
            output_gain_db: -3.0,
            predelay_ms: 0.0,
        };
        let out = run(&mut Mixer::new(1, 44_100, mix), &[&dry], &wet, &[100]);
        for ((out, dry), wet) in out[0].iter().zip(&dry).zip(&wet[0]) {
            let sum = 0.75 * f64::from(*dry) + 0.25 * 1.995_262_3 * f64::from(*wet);
            assert!((f64::from(*out) - sum * 0.707_945_8).abs() < 3e-7);
        }
        let off = Mix {
            wet_gain_db: -60.0,
            ..Mix::NEUTRAL
        };
        let out = run(&mut Mixer::new(1, 44_100, off), &[&dry], &wet, &[100]);
        assert!(out[0].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_change_is_a_straight_line_of_twenty_milliseconds_in_any_blocks() {
        let wet = vec![vec![1.0; 2000]];
        let quiet = Mix {
            mix_percent: 50.0,
            ..Mix::NEUTRAL
        };
        let dry = vec![0.0; 2000];
        let render = |blocks: &[usize]| {
            let mut mixer = Mixer::new(1, 48_000, Mix::NEUTRAL);
            mixer.set(quiet);
            run(&mut mixer, &[&dry], &wet, blocks)
        };
        let whole = render(&[2000]);
        assert_eq!(bits(&whole), bits(&render(&[1, 5, 64, 3])));
        assert!(whole[0][960..].iter().all(|sample| *sample == 0.5));
        let line = |n: usize| 1.0 - 0.5 * n as f32 / 960.0;
        for (n, sample) in whole[0][..960].iter().enumerate() {
            assert!((sample - line(n)).abs() < 1e-6, "at {n}");
        }
    }

    #[test]
    fn the_predelay_shifts_the_wet_by_whole_samples_and_leaves_the_dry() {
        let wet = vec![noise(6, 30_000), noise(7, 30_000)];
        let mut mix = Mix {
            predelay_ms: 10.0,
            ..Mix::NEUTRAL
        };
        let dry = vec![0.0; 30_000];
        let out = run(
            &mut Mixer::new(2, 44_100, mix),
            &[&dry, &dry],
            &wet,
            &[333, 1],
        );
        for (out, wet) in out.iter().zip(&wet) {
            assert!(out[..441].iter().all(|sample| *sample == 0.0));
            assert_eq!(out[441..], wet[..30_000 - 441]);
        }
        mix.predelay_ms = MAX_PREDELAY_MS;
        let out = run(
            &mut Mixer::new(2, 48_000, mix),
            &[&dry, &dry],
            &wet,
            &[4096],
        );
        assert_eq!(out[1][24_000..], wet[1][..6000]);
    }

    #[test]
    fn a_changed_predelay_fades_over_and_the_newest_wins() {
        let mut mixer = Mixer::new(1, 48_000, Mix::NEUTRAL);
        let with = |predelay_ms| Mix {
            predelay_ms,
            ..Mix::NEUTRAL
        };
        let wet = vec![noise(8, 8000)];
        let dry = vec![0.0; 8000];
        mixer.set(with(1.0));
        mixer.set(with(100.0));
        mixer.set(with(2.0));
        let out = run(&mut mixer, &[&dry], &wet, &[50]);
        assert_eq!(out[0][2000..], wet[0][2000 - 96..8000 - 96]);
    }

    #[test]
    fn a_nan_in_the_dry_is_silence_and_reset_is_new() {
        let mix = Mix {
            mix_percent: 40.0,
            predelay_ms: 3.0,
            ..Mix::NEUTRAL
        };
        let wet = vec![noise(9, 900)];
        let mut dry = noise(10, 900);
        dry[3] = f32::NAN;
        dry[4] = f32::INFINITY;
        let mut mixer = Mixer::new(1, 48_000, mix);
        let first = run(&mut mixer, &[&dry], &wet, &[90]);
        assert!(first[0].iter().all(|sample| sample.is_finite()));
        mixer.reset();
        let again = run(&mut mixer, &[&dry], &wet, &[90]);
        assert_eq!(bits(&first), bits(&again));
    }
}

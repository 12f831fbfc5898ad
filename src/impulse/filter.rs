//! Low and high cut, as filters that an impulse is taken through.
//!
//! Butterworth by the bilinear transform with its corner prewarped (Zölzer 2011, DAFX, 2.2): −3 dB at the corner,
//! exactly. Two or four poles, one or two biquads in f64.

use super::ImpulseResponse;
use super::load::MAX_SAMPLES;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// How steep a cut is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slope {
    /// 12 dB per octave.
    #[default]
    Db12,
    /// 24 dB per octave.
    Db24,
}

impl Slope {
    /// 1 ÷ Q of each biquad: 2 cos of the angle between its poles and the real axis.
    fn dampings(self) -> &'static [f64] {
        match self {
            Self::Db12 => &[std::f64::consts::SQRT_2],
            Self::Db24 => &[1.847_759_065_022_573_5, 0.765_366_864_730_179_6],
        }
    }
}

/// Which side of the corner goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Low,
    High,
}

/// One section: transposed direct form II.
#[derive(Clone, Debug)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    state: [f64; 2],
}

impl Biquad {
    /// `corner` as a fraction of the sample rate, below one half.
    fn new(cut: Cut, corner: f64, damping: f64) -> Self {
        let k = (PI * corner).tan();
        let norm = (1.0 + damping * k + k * k).recip();
        let b = match cut {
            Cut::High => [k * k * norm, 2.0 * k * k * norm, k * k * norm],
            Cut::Low => [norm, -2.0 * norm, norm],
        };
        let a = [
            2.0 * (k * k - 1.0) * norm,
            (1.0 - damping * k + k * k) * norm,
        ];
        Self {
            b,
            a,
            state: [0.0; 2],
        }
    }

    fn next(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.state[0];
        self.state[0] = self.b[1] * x - self.a[0] * y + self.state[1];
        self.state[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

/// A low cut, a high cut or both, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Cuts {
    sections: Vec<Biquad>,
    /// Samples after which the slowest pole has fallen by 120 dB.
    ringing: usize,
}

impl Cuts {
    /// `None` where there is nothing to cut: no corner, or a high cut at 0.49 of the rate or above.
    pub(super) fn new(
        low: Option<f32>,
        high: Option<f32>,
        slope: Slope,
        rate: u32,
    ) -> Option<Self> {
        let rate = f64::from(rate.max(1));
        let low = low.map(|hz| (Cut::Low, (f64::from(hz) / rate).min(0.49)));
        let high = high.map(|hz| (Cut::High, f64::from(hz) / rate));
        let cuts = low
            .into_iter()
            .chain(high.filter(|(_, corner)| *corner < 0.49));
        let (mut sections, mut ringing) = (Vec::new(), 0.0_f64);
        for (cut, corner) in cuts {
            for damping in slope.dampings() {
                sections.push(Biquad::new(cut, corner, *damping));
                ringing = ringing.max(1e6_f64.ln() / (PI * corner * damping));
            }
        }
        (!sections.is_empty()).then_some(Self {
            sections,
            ringing: ringing.ceil() as usize,
        })
    }

    /// How many samples it rings on, to −120 dB.
    pub(super) fn ringing(&self) -> usize {
        self.ringing
    }

    /// Takes `samples` through it, from silence on.
    pub(super) fn run(&self, samples: &mut [f64]) {
        for section in &self.sections {
            let mut section = section.clone();
            for sample in &mut *samples {
                *sample = section.next(*sample);
            }
        }
    }
}

/// What may follow the end of a filtered impulse and is not worth keeping, in dB of the channel's energy.
pub(super) const INAUDIBLE_DB: f64 = -120.0;

/// The most samples kept past the end: what 10 Hz at 24 dB per octave takes at the highest rate that is converted.
const LONGEST_RINGING: usize = 1 << 20;

/// Takes every channel through the cuts. The ringing past the end is kept while it counts, and while it fits in memory.
pub(super) fn cut(
    mut impulse: ImpulseResponse,
    low: Option<f32>,
    high: Option<f32>,
    slope: Slope,
) -> ImpulseResponse {
    let Some(cuts) = Cuts::new(low, high, slope, impulse.sample_rate) else {
        return impulse;
    };
    let frames = impulse.frames();
    let room = MAX_SAMPLES as usize / impulse.channels.len().max(1);
    let longest = (frames + cuts.ringing().min(LONGEST_RINGING)).min(room.max(frames));
    let mut needed = frames;
    for channel in &mut impulse.channels {
        let mut samples: Vec<f64> = channel.iter().map(|&x| f64::from(x)).collect();
        samples.resize(longest, 0.0);
        cuts.run(&mut samples);
        needed = needed.max(audible(&samples, INAUDIBLE_DB));
        *channel = samples.iter().map(|&x| x as f32).collect();
    }
    for channel in &mut impulse.channels {
        channel.truncate(needed);
    }
    impulse
}

/// The frames before the last ones that add up to less than `db`, below 0, of the whole.
pub(super) fn audible(samples: &[f64], db: f64) -> usize {
    let energy: f64 = samples.iter().map(|x| x * x).sum();
    let mut left = energy * 10_f64.powf(db / 10.0);
    let skipped = samples.iter().rev().take_while(|x| {
        left -= **x * **x;
        left >= 0.0
    });
    samples.len() - skipped.count()
}

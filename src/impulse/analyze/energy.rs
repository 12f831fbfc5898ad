//! Squared sound over time, in one band: what every decay figure is computed from.

use super::octave::Filter;

/// Energies in steps of at most 1/8000 s: fine enough for the shortest decay an octave filter lets through, and an
/// eighth of a gigabyte for the longest impulse there may be.
const STEPS_PER_SECOND: u32 = 8000;

/// Early limits in seconds: 50 ms for speech (D50, C50), 80 ms for music (C80). ISO 3382-1, A.2.2.
const EARLY: [f64; 2] = [0.050, 0.080];

/// Energy per step of time, and shared out between early and late.
#[derive(Clone, Debug)]
pub(super) struct Energy {
    /// Σ over the channels of Σ y² in each step.
    pub(super) steps: Vec<f64>,
    /// Frames per step.
    pub(super) frames: usize,
    /// Frames per second.
    pub(super) rate: f64,
    /// Step that begins with the onset; what lies before is the filter's ringing.
    pub(super) onset: usize,
    /// Bandwidth in Hz.
    pub(super) bandwidth: f64,
    /// Channels summed.
    pub(super) channels: usize,
    /// Echoes with nothing between them: they have times and levels, and no decay.
    pub(super) spikes: bool,
    /// For 50 and 80 ms.
    pub(super) shares: [Share; 2],
}

/// Energy of the sound that arrives before a limit, and what the later sound rings into the steps before it.
///
/// The impulse is cut at the limit before it is filtered, as ISO 3382-1, 5.3.2 asks, so that the filter carries
/// nothing across.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    pub(super) early: f64,
    pub(super) late_ringing: f64,
    /// First step after the limit.
    pub(super) limit: usize,
}

impl Energy {
    /// Of one channel: 0 = silence. `onset` in frames.
    pub(super) fn of(samples: &[f32], filter: &Filter, onset: usize, rate: u32) -> Self {
        let frames = (rate / STEPS_PER_SECOND).max(1) as usize;
        let per_second = f64::from(rate);
        let lead = ((filter.ringing() * per_second) as usize).div_ceil(frames);
        let ahead = lead * frames;
        // From here on `at` counts frames from the first step, `ahead` frames before the onset.
        let sound = samples.get(onset.saturating_sub(ahead)..).unwrap_or(&[]);
        let shift = ahead.saturating_sub(onset);
        let length = shift + sound.len();
        let mut steps = vec![0.0; length.div_ceil(frames)];
        let limits = EARLY.map(|seconds| {
            let step = (seconds * per_second / frames as f64).round() as usize;
            lead + step
        });
        let mut shares = limits.map(|limit| Share {
            limit,
            ..Share::default()
        });
        let mut whole = filter.clone();
        let mut cut = [filter.clone(), filter.clone()];
        for at in (0..length).rev() {
            let x = at.checked_sub(shift).map_or(0.0, |n| f64::from(sound[n]));
            let y = whole.next(x);
            for (share, cut) in shares.iter_mut().zip(&mut cut) {
                if at < share.limit * frames {
                    let early = cut.next(x);
                    share.early += early * early;
                    share.late_ringing += (y - early) * (y - early);
                }
            }
            steps[at / frames] += y * y;
        }
        Self {
            steps,
            frames,
            rate: per_second,
            onset: lead,
            bandwidth: filter.bandwidth(),
            channels: 1,
            spikes: spikes(samples, onset),
            shares,
        }
    }

    /// Adds another channel of the same impulse, band and onset.
    pub(super) fn add(&mut self, other: &Self) {
        if self.steps.len() < other.steps.len() {
            self.steps.resize(other.steps.len(), 0.0);
        }
        for (sum, step) in self.steps.iter_mut().zip(&other.steps) {
            *sum += step;
        }
        for (sum, share) in self.shares.iter_mut().zip(&other.shares) {
            sum.early += share.early;
            sum.late_ringing += share.late_ringing;
        }
        self.channels += other.channels;
        self.spikes &= other.spikes;
    }

    /// Seconds per step.
    pub(super) fn step(&self) -> f64 {
        self.frames as f64 / self.rate
    }
}

/// Less than a twentieth of the samples are there, from the onset until the sound stays 60 dB below its peak.
fn spikes(samples: &[f32], onset: usize) -> bool {
    let peak = samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    let end = samples.iter().rposition(|x| x.abs() > peak / 1000.0);
    let sound = samples.get(onset..=end.unwrap_or(0)).unwrap_or(&[]);
    20 * sound.iter().filter(|&&x| x != 0.0).count() < sound.len()
}

//! A limiter that looks ahead at nothing, so that it adds no latency.
//!
//! What is guaranteed: no sample comes out above the ceiling, whatever goes in; what stays below the threshold, [`KNEE_DB`]
//! under it, comes out bit for bit, once the gain has recovered.
//!
//! The gain falls at once, as far as a curve says that bends from the threshold towards the ceiling: without looking ahead a
//! peak can only be bent, and bent it is softly, once. Then the gain is held for longer than half a period of the lowest
//! note, so that a steady tone is made smaller and not bent, and recovers slowly.

/// From where it bends to where it never gets, in dB.
pub const KNEE_DB: f32 = 2.0;
/// How long the gain is held, in seconds: half a period of 20 Hz twice.
const HOLD_SECONDS: f32 = 0.05;
/// Time constant of the recovery, in seconds.
const RELEASE_SECONDS: f32 = 0.15;
/// As good as none: −120 dB.
const HARDLY: f32 = 1e-6;

/// One gain for all channels.
#[derive(Debug)]
pub struct Limiter {
    ceiling: f32,
    threshold: f32,
    /// 1 less the gain: near a gain of 1 an f32 has no room for its steps.
    down: f32,
    hold: u32,
    held: u32,
    /// What is left of it after a sample.
    release: f32,
}

impl Limiter {
    pub fn new(ceiling_db: f32, sample_rate: u32) -> Self {
        let rate = sample_rate as f32;
        let db = |db: f32| 10_f32.powf(db / 20.0);
        Self {
            ceiling: db(ceiling_db),
            threshold: db(ceiling_db - KNEE_DB),
            down: 0.0,
            hold: (HOLD_SECONDS * rate) as u32,
            held: 0,
            release: (-1.0 / (RELEASE_SECONDS * rate)).exp(),
        }
    }

    /// Up to this magnitude nothing is touched.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// The gain now, 1 at most.
    pub fn gain(&self) -> f32 {
        1.0 - self.down
    }

    pub fn reset(&mut self) {
        self.down = 0.0;
        self.held = 0;
    }

    /// Limits `frames` frames, whose samples are finite and of which `peak` is the largest magnitude. `engaged` or not, a gain
    /// that has fallen recovers.
    pub fn process<C: AsMut<[f32]>>(
        &mut self,
        channels: &mut [C],
        frames: usize,
        peak: f32,
        engaged: bool,
    ) {
        if self.down == 0.0 && (peak <= self.threshold || !engaged) {
            return;
        }
        for at in 0..frames {
            let mut peak = 0.0_f32;
            for channel in channels.iter_mut() {
                peak = peak.max(channel.as_mut()[at].abs());
            }
            let wanted = if engaged { self.wanted(peak) } else { 0.0 };
            if wanted > 0.0 && wanted >= self.down {
                self.down = wanted;
                self.held = self.hold;
            } else if self.held > 0 {
                self.held -= 1;
            } else if self.down > 0.0 {
                self.down *= self.release;
                if self.down < HARDLY {
                    self.down = 0.0;
                }
                self.down = self.down.max(wanted);
            }
            if self.down > 0.0 {
                let gain = self.gain();
                for channel in channels.iter_mut() {
                    let sample = &mut channel.as_mut()[at];
                    *sample *= gain;
                    if engaged {
                        // The product is rounded: it may be half a step above.
                        *sample = sample.clamp(-self.ceiling, self.ceiling);
                    }
                }
            }
        }
    }

    /// 1 less the gain for a peak: slope 1 at the threshold, the ceiling at infinity.
    fn wanted(&self, peak: f32) -> f32 {
        if peak <= self.threshold {
            return 0.0;
        }
        let room = self.ceiling - self.threshold;
        let over = peak - self.threshold;
        1.0 - (self.threshold + room * (over / (over + room))) / peak
    }
}

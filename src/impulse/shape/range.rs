//! The ranges of [`Shape`](super::Shape): one list for the command line, the plugin and the editor.

/// What one number of a shape may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least.
    pub low: f32,
    /// The most.
    pub high: f32,
    /// The value that changes nothing, to the bit.
    pub neutral: f32,
    /// What it is counted in.
    pub unit: &'static str,
}

impl Range {
    const fn new(low: f32, high: f32, neutral: f32, unit: &'static str) -> Self {
        Self {
            low,
            high,
            neutral,
            unit,
        }
    }

    /// The nearest value in range; for what is not a number, the neutral one.
    pub fn clamp(&self, value: f32) -> f32 {
        if value.is_nan() {
            self.neutral
        } else {
            value.clamp(self.low, self.high)
        }
    }

    /// Whether `value` is in range.
    pub fn holds(&self, value: f32) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// Cut off the start.
pub const TRIM_START_MS: Range = Range::new(0.0, 10_000.0, 0.0, "ms");
/// Cut off the end.
pub const TRIM_END_MS: Range = Range::new(0.0, 600_000.0, 0.0, "ms");
/// Faded out before the end.
pub const FADE_MS: Range = Range::new(0.0, 10_000.0, 0.0, "ms");
/// Length after ÷ length before.
pub const SIZE_PERCENT: Range = Range::new(25.0, 400.0, 100.0, "%");
/// Decay time after ÷ decay time before, in one octave band.
pub const DAMPING_PERCENT: Range = Range::new(10.0, 400.0, 100.0, "%");
/// Early against late.
pub const EARLY_LATE_DB: Range = Range::new(-24.0, 24.0, 0.0, "dB");
/// Where early ends: 80 ms in music, 50 ms in speech (ISO 3382-1, A.2.3). Has no effect alone: "neutral" is the usual one.
pub const SPLIT_MS: Range = Range::new(5.0, 500.0, 80.0, "ms");
/// The share of the length that rises from nothing.
pub const ATTACK_PERCENT: Range = Range::new(0.0, 100.0, 0.0, "%");
/// The share of the length that falls to nothing.
pub const DECAY_PERCENT: Range = Range::new(0.0, 100.0, 0.0, "%");
/// The bow of a rise or a fall: 0 straight in amplitude, 100 nearly straight in dB, −100 bowed the other way.
pub const CURVE_PERCENT: Range = Range::new(-100.0, 100.0, 0.0, "%");
/// Below it, less. Off at its low end.
pub const LOW_CUT_HZ: Range = Range::new(10.0, 1_000.0, 10.0, "Hz");
/// Above it, less. Off at its high end.
pub const HIGH_CUT_HZ: Range = Range::new(1_000.0, 22_000.0, 22_000.0, "Hz");
/// Side against mid.
pub const WIDTH_PERCENT: Range = Range::new(0.0, 200.0, 100.0, "%");
/// Silence before.
pub const PREDELAY_MS: Range = Range::new(0.0, 500.0, 0.0, "ms");
/// The gain in place of the one that normalising would take.
pub const LOCKED_GAIN_DB: Range = Range::new(-120.0, 120.0, 0.0, "dB");

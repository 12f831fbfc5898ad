//! A control value that never steps and never bends.
//!
//! A [`Smooth`] is its target seen through four moving averages of a quarter of [`SMOOTH_SECONDS`] each. A step of the
//! target so becomes a cubic B-spline (Unser 1999): value, slope and curvature are continuous, the value never
//! overshoots, and after [`SMOOTH_SECONDS`] it is the target, to the bit. The averages are linear and know no blocks: any
//! automation, a new target every sample included, is only filtered, so restarting a ramp never shows.

/// How long a changed value takes to arrive, in seconds.
pub const SMOOTH_SECONDS: f64 = 0.024;

/// Samples that are smoothed at a time.
pub(super) const CHUNK: usize = 64;

const STAGES: usize = 4;

/// What a [`Smooth`] does over some samples.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "it stays on the stack: a box would allocate"
)]
pub(super) enum Course {
    /// The same value for all of them.
    Still(f64),
    /// One value for each.
    Moving([f64; CHUNK]),
}

impl Course {
    /// The value of sample `at`.
    #[inline(always)]
    pub fn at(&self, at: usize) -> f64 {
        match self {
            Self::Still(value) => *value,
            Self::Moving(values) => values[at],
        }
    }

    /// Whether it is the same value throughout, and that one.
    pub fn is_still_at(&self, value: f64) -> bool {
        matches!(self, Self::Still(still) if *still == value)
    }
}

/// A value on its way to its target.
#[derive(Debug)]
pub(super) struct Smooth {
    target: f64,
    /// Per stage, what its average is over: a ring.
    held: Vec<[f64; STAGES]>,
    sums: [f64; STAGES],
    write: usize,
    /// Samples until every ring holds nothing but the target.
    left: usize,
}

impl Smooth {
    /// Resting at `value`.
    pub fn new(value: f64, sample_rate: u32) -> Self {
        let length = (SMOOTH_SECONDS / STAGES as f64 * f64::from(sample_rate)).round();
        Self {
            target: value,
            held: vec![[value; STAGES]; (length as usize).max(1)],
            sums: [0.0; STAGES],
            write: 0,
            left: 0,
        }
    }

    pub fn target(&self) -> f64 {
        self.target
    }

    /// Goes to `target` from now on.
    pub fn aim(&mut self, target: f64) {
        if target != self.target {
            if self.left == 0 {
                // Begins from exactly where it rests, so that no rounding is ever carried over.
                self.held.fill([self.target; STAGES]);
                self.sums = [self.target * self.held.len() as f64; STAGES];
            }
            self.target = target;
            self.left = STAGES * (self.held.len() - 1) + 1;
        }
    }

    /// Rests at `value` at once.
    pub fn jump(&mut self, value: f64) {
        self.target = value;
        self.left = 0;
    }

    pub fn is_settled(&self) -> bool {
        self.left == 0
    }

    /// Samples until it is.
    pub fn left(&self) -> usize {
        self.left
    }

    /// The next `frames` values, at most [`CHUNK`].
    pub fn advance(&mut self, frames: usize) -> Course {
        if self.left == 0 {
            return Course::Still(self.target);
        }
        let scale = (self.held.len() as f64).recip();
        let mut values = [self.target; CHUNK];
        for value in values.iter_mut().take(frames.min(self.left)) {
            let mut now = self.target;
            for (sum, held) in self.sums.iter_mut().zip(&mut self.held[self.write]) {
                *sum += now - *held;
                *held = now;
                now = *sum * scale;
            }
            *value = now;
            self.write = (self.write + 1) % self.held.len();
        }
        self.left = self.left.saturating_sub(frames);
        Course::Moving(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(smooth: &mut Smooth, count: usize, block: usize) -> Vec<f64> {
        let mut all = Vec::new();
        while all.len() < count {
            let frames = block.min(count - all.len());
            let course = smooth.advance(frames);
            all.extend((0..frames).map(|at| course.at(at)));
        }
        all
    }

    #[test]
    fn a_step_arrives_to_the_bit_without_overshoot_and_without_a_bend() {
        let mut smooth = Smooth::new(0.1, 48_000);
        smooth.aim(0.7);
        let course = values(&mut smooth, 1300, 64);
        let length = (SMOOTH_SECONDS * 48_000.0) as usize;
        assert!(course[length..].iter().all(|value| *value == 0.7));
        assert!(course[length - 10] < 0.7 && smooth.is_settled());
        assert!(course.windows(2).all(|pair| pair[0] <= pair[1] + 1e-15));
        // The second difference of a cubic B-spline's integral is at most (step ÷ stage²) · ⅔, the third
        // (step ÷ stage³) · 3 at its worst: no jump in slope, none in curvature.
        let stage = length as f64 / 4.0;
        let bends: Vec<_> = course
            .windows(3)
            .map(|w| w[0] - 2.0 * w[1] + w[2])
            .collect();
        assert!(bends.iter().all(|bend| bend.abs() < 0.6 / (stage * stage)));
        let jerk = bends.windows(2).map(|w| (w[1] - w[0]).abs());
        assert!(jerk.fold(0.0, f64::max) < 0.6 * 3.5 / stage.powi(3));
    }

    #[test]
    fn blocks_do_not_show() {
        let run = |block| {
            let mut smooth = Smooth::new(-3.0, 44_100);
            smooth.aim(5.0);
            let mut all = values(&mut smooth, 300, block);
            smooth.aim(1.0);
            all.extend(values(&mut smooth, 2000, block));
            all
        };
        let whole = run(64);
        for block in [1, 5, 63] {
            assert_eq!(run(block), whole);
        }
        assert_eq!(whole.last(), Some(&1.0));
    }

    #[test]
    fn the_lowest_rate_and_a_target_that_never_rests() {
        let mut smooth = Smooth::new(0.0, 1);
        smooth.aim(1.0);
        assert_eq!(values(&mut smooth, 3, 1)[2], 1.0);
        let mut smooth = Smooth::new(0.0, 48_000);
        for step in 0..2_000_000_u32 {
            smooth.aim(f64::from(step % 1000) / 999.0);
            smooth.advance(1);
        }
        smooth.aim(0.25);
        // The last sample of the curve is (1 ÷ 288)⁴ ÷ 24 of the way from its end: what is left beyond that is what two
        // million roundings have left in the sums.
        let end = values(&mut smooth, 1200, 64);
        assert!((end[1147] - 0.25).abs() < 1e-9, "{}", end[1147]);
    }
}

//! How an impulse response is cut: sizes, places and delays of the partitions. Pure arithmetic.
//!
//! Non-uniform partitions (Gardner 1995; Garcia 2002; Wefers 2014): the head, 64 taps, is convolved
//! directly, so that the latency is zero; behind it come levels of partitions of 64, 512 and 4096
//! samples and, for longer impulses, of 16384 or 32768. The first level is *immediate*: its transform
//! runs when its 64 samples are complete, so its response may start at 64. A longer one is
//! *distributed*: the work for a block of N samples is spread over the N samples that follow it, so
//! its response starts at 2N and nothing big ever happens at once (Battenberg & Avižienis 2011 spread
//! it over threads; here it is spread over callbacks).
//!
//! The plan depends on the length of the impulse alone. Block lengths of the host do not enter:
//! they may change at will.

use super::kernel::TICK;

/// Longest impulse response that can be planned: 2²⁴ samples, 349 s at 48 kHz.
pub const MAX_FRAMES: usize = 1 << 24;

/// Impulses up to this length, 1.5 s at 48 kHz, do with partitions of 4096: their sums still fit into
/// the second-level cache.
const SHORT: usize = 72_000;
/// Impulses up to this length, 5 s at 48 kHz, do with partitions of 16384.
const MEDIUM: usize = 240_000;

/// One partition size of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LevelPlan {
    /// Samples of a partition, a power of two.
    pub size: usize,
    /// How many partitions of this size follow each other.
    pub partitions: usize,
    /// Where in the impulse response the first of them starts, in samples.
    pub offset: usize,
}

/// How an impulse response of some length is cut into head and levels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionPlan {
    levels: Vec<LevelPlan>,
}

impl PartitionPlan {
    /// The plan for impulse responses of up to `frames` samples, for real time.
    pub fn real_time(frames: usize) -> Self {
        Self::of_sizes(
            if frames <= SHORT {
                &[64, 512, 4096]
            } else if frames <= MEDIUM {
                &[64, 512, 4096, 16_384]
            } else {
                &[64, 512, 4096, 32_768]
            },
            frames,
        )
    }

    /// The one cut that all impulses of an engine share whose impulse may change while it plays: a
    /// shorter impulse has the same partitions, only fewer.
    pub fn swappable(frames: usize) -> Self {
        Self::of_sizes(&[64, 512, 4096, 32_768], frames)
    }

    fn of_sizes(sizes: &[usize], frames: usize) -> Self {
        let offset = |index: usize| if index == 0 { TICK } else { 2 * sizes[index] };
        let mut levels = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let from = offset(index);
            if from >= frames {
                break;
            }
            let to = if index + 1 < sizes.len() {
                offset(index + 1).min(frames)
            } else {
                frames
            };
            levels.push(LevelPlan {
                size,
                partitions: (to - from).div_ceil(size),
                offset: from,
            });
        }
        Self { levels }
    }

    /// The plan for impulse responses of up to `frames` samples, where a whole block may be waited
    /// for: one level from the first sample on, its size close to the impulse's own length so that
    /// neither transforms nor sums dominate.
    pub fn offline(frames: usize) -> Self {
        let size = (frames.next_power_of_two() / 4).clamp(1024, 32_768);
        let partitions = frames.div_ceil(size).max(1);
        Self {
            levels: vec![LevelPlan {
                size,
                partitions,
                offset: 0,
            }],
        }
    }

    /// The levels, smallest partitions first. Empty where the head holds the whole impulse.
    pub fn levels(&self) -> &[LevelPlan] {
        &self.levels
    }

    /// Whether an engine with room for this plan can take an impulse cut by `other`.
    pub(super) fn holds(&self, other: &Self) -> bool {
        let mut pairs = self.levels.iter().zip(&other.levels);
        other.levels.len() <= self.levels.len()
            && pairs.all(|(own, other)| {
                (own.size, own.offset) == (other.size, other.offset)
                    && own.partitions >= other.partitions
            })
    }

    /// Samples of silence after which nothing but silence is left anywhere in a convolver of this
    /// plan: every slot, block and overlap has been overwritten.
    pub(super) fn memory(&self) -> usize {
        let slowest = self
            .levels
            .iter()
            .map(|level| (level.partitions + 4) * level.size)
            .max();
        slowest.unwrap_or(0) + 4 * TICK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_cover_the_impulse_without_gap_or_overlap() {
        for frames in (1..3000).chain([
            100_000, 72_000, 72_001, 240_000, 240_001, 480_000, 1_000_000,
        ]) {
            let plan = PartitionPlan::real_time(frames);
            let mut covered = TICK;
            for (index, level) in plan.levels().iter().enumerate() {
                assert_eq!(level.offset, covered, "{frames}");
                let ready = if index == 0 {
                    level.size
                } else {
                    2 * level.size
                };
                assert!(
                    level.offset >= ready,
                    "{frames}: {level:?} is wanted before it is ready"
                );
                covered += level.partitions * level.size;
            }
            assert!(covered >= frames, "{frames}: {covered}");
        }
    }

    #[test]
    fn an_offline_plan_covers_the_impulse() {
        for frames in [1, 1023, 1024, 5000, 480_000] {
            let plan = PartitionPlan::offline(frames);
            let [level] = plan.levels() else {
                panic!("one level")
            };
            assert!(level.partitions * level.size >= frames);
        }
    }
}

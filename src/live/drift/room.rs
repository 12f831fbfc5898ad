//! How much has to be held between two clocks, in frames of the input.

use super::AHEAD;

/// What the blocks are like, and so what has to be held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// The longest blocks that there were or will be.
    pub input_block: usize,
    pub output_block: usize,
    /// What callbacks may be late, if that was said.
    pub late: Option<usize>,
    /// What gaps have taught.
    pub grown: usize,
    /// The same before the last gap.
    pub before: usize,
    /// The most that there is room for.
    pub most: usize,
}

impl Room {
    pub fn longest(&self) -> usize {
        self.input_block.max(self.output_block)
    }

    /// The slack that can be learnt.
    fn most_slack(&self) -> usize {
        self.slack().max(4 * self.longest())
    }

    fn slack(&self) -> usize {
        let late = self.late.unwrap_or(self.longest());
        late + late / 4 + 16
    }

    pub fn target(&self) -> usize {
        let slack = (self.slack() + self.grown).min(self.most_slack());
        let wanted = self.input_block + self.output_block + AHEAD + slack;
        if self.most == 0 {
            wanted
        } else {
            wanted.min(self.most)
        }
    }

    /// Until this much more than the target is there, the loop brings it back; from there on it is skipped.
    pub fn limit(&self) -> usize {
        self.most_slack() + 4 * self.longest()
    }

    /// From this error on the drift must be another: half of what the slack has for it.
    pub fn startle(&self) -> f64 {
        self.late.unwrap_or(self.longest()) as f64 / 8.0 + 8.0
    }

    /// From so many frames without a callback on, the input stands still.
    pub fn stale(&self) -> usize {
        self.input_block + self.most_slack() + self.longest()
    }
}

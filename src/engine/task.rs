//! What a job of one partition size consists of: the list of tasks, and what each weighs.
//!
//! The list depends on the partition size and the number of channels alone, never on the impulse, so
//! that an impulse may be exchanged while a job is under way. It always runs in order: forward
//! transforms, input after input; then for each output the multiply-accumulate over all its paths and
//! one inverse transform.

use super::transform::{Step, Transform};

/// A task of a job.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    Forward {
        input: u16,
        step: Step,
    },
    /// The multiply-accumulate of `chunks` chunks from `from` on.
    Multiply {
        output: u16,
        from: u16,
        chunks: u16,
    },
    Inverse {
        output: u16,
        step: Step,
    },
}

/// The tasks of a job, in order.
pub(super) fn list(transform: &Transform, inputs: usize, outputs: usize) -> Vec<Task> {
    let mut tasks = Vec::new();
    let (forward, inverse) = (transform.forward_steps(), transform.inverse_steps());
    for input in 0..inputs as u16 {
        tasks.extend(forward.iter().map(|&step| Task::Forward { input, step }));
    }
    for output in 0..outputs as u16 {
        // One chunk a task: with the partitions of a long impulse that is some 100 to 300 ns, and a
        // callback of 16 samples has about 500.
        let multiply = |from| Task::Multiply {
            output,
            from,
            chunks: 1,
        };
        tasks.extend((0..transform.chunks() as u16).map(multiply));
        tasks.extend(inverse.iter().map(|&step| Task::Inverse { output, step }));
    }
    tasks
}

/// Finding a task and entering its kernel, in the unit of [`Task::cost`].
const ENTRY: f32 = 15.0;

/// Samples that one task weighs by a fade, and what that costs.
pub(super) const WEIGH_TICKS: usize = 16;
pub(super) const WEIGH_COST: f32 = 150.0;

impl Task {
    /// Weight of the task: nanoseconds, between what a Xeon (Sapphire Rapids) and an EPYC (Zen 5) took
    /// inside a running engine, fitted to the times of whole ticks. Only their proportions matter. Fixed,
    /// never profiled at start, so that the schedule is the same everywhere and every time. The two
    /// differ most in what long levels read: it has left the second-level cache by the time their turn
    /// comes round again, and the third-level caches are not alike (31 ns a partition there, 12 here).
    ///
    /// `multiply` is the weight of the multiply-accumulate of one chunk, see [`multiply_cost`].
    pub fn cost(&self, transform: &Transform, multiply: f32) -> f32 {
        let size = transform.size();
        let span = |(from, to): (u16, u16)| f32::from(to - from);
        let inner = |pass, columns| 8.0 * span(columns) * transform.inner_radix(pass) as f32;
        ENTRY
            + match *self {
                Self::Forward { step, .. } => match step {
                    Step::Small => 27.0,
                    Step::Outer { columns } => {
                        span(columns) * if size > 16_384 { 130.0 } else { 90.0 }
                    }
                    Step::Inner { pass, columns, .. } => inner(pass, columns),
                    Step::Leaves { leaves } => {
                        span(leaves) * if size > 16_384 { 32.0 } else { 25.0 }
                    }
                },
                Self::Multiply { chunks, .. } => f32::from(chunks) * multiply,
                Self::Inverse { step, .. } => match step {
                    Step::Small => 30.0,
                    Step::Outer { columns } => {
                        span(columns)
                            * match size {
                                0..4096 => 110.0,
                                4096..16_384 => 140.0,
                                16_384 => 180.0,
                                _ => 290.0,
                            }
                    }
                    Step::Inner { pass, columns, .. } => inner(pass, columns),
                    Step::Leaves { leaves } => span(leaves) * 28.0,
                },
            }
    }
}

/// Weight of the multiply-accumulate of one chunk of a level of `size`, over `sums` calls of the kernel that go
/// over `partitions` in all.
pub(super) fn multiply_cost(size: usize, sums: usize, partitions: usize) -> f32 {
    let a_partition = match size {
        0..512 => 4.0,
        512..4096 => 6.2,
        4096..16_384 => 10.5,
        16_384 => 15.0,
        _ => 18.0,
    };
    4.0 * sums as f32 + a_partition * partitions as f32
}

//! One partition size: overlap-add convolution of a block at a time, cut into tasks.
//!
//! A job takes one block of every input to one block of every output: forward transforms, once per
//! input; then per output the multiply-accumulate over all its paths and one inverse transform. The
//! list of tasks is fixed at construction and always runs in order; who calls
//! [`Level::run`] decides when. Only construction allocates.

use super::delay_line::{FrequencyDelayLine, Newest};
use super::kernel::{self, Chunk, Simd, Tick};
use super::prepared::PreparedImpulse;
use super::transform::{Step, Transform};
use std::sync::Arc;

/// A task of a job.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    Forward { input: u16, step: Step },
    Multiply { output: u16, chunks: (u16, u16) },
    Inverse { output: u16, step: Step },
}

/// Nanoseconds that a multiply task is meant to take, so that a few fit into the smallest callback: a
/// callback of 16 samples has about 500.
const GRAIN: f32 = 160.0;

impl Task {
    /// Weight of the task: nanoseconds, between what a Xeon (Sapphire Rapids) and an EPYC (Zen 5) took
    /// inside a running engine, fitted to the times of whole ticks. Only their proportions matter. Fixed,
    /// never profiled at start, so that the schedule is the same everywhere and every time. The two
    /// differ most in what long levels read: it has left the second-level cache by the time their turn
    /// comes round again, and the third-level caches are not alike (31 ns a partition there, 12 here).
    pub fn cost(&self, level: &Level, impulse: &PreparedImpulse) -> f32 {
        let size = level.size();
        // Finding the task and entering its kernel.
        let entry = 15.0;
        let span = |(from, to): (u16, u16)| f32::from(to - from);
        entry
            + match self {
                Self::Forward { step, .. } => match *step {
                    Step::Small => 27.0,
                    Step::Outer { columns } => {
                        span(columns) * if size > 16_384 { 130.0 } else { 90.0 }
                    }
                    Step::Inner { pass, columns, .. } => span(columns) * level.inner_cost(pass),
                    Step::Leaves { leaves } => {
                        span(leaves) * if size > 16_384 { 32.0 } else { 25.0 }
                    }
                },
                Self::Multiply { output, chunks } => {
                    span(*chunks) * level.multiply_cost(impulse.sources(usize::from(*output)).len())
                }
                Self::Inverse { step, .. } => match *step {
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
                    Step::Inner { pass, columns, .. } => span(columns) * level.inner_cost(pass),
                    Step::Leaves { leaves } => span(leaves) * 28.0,
                },
            }
    }
}

/// One output of a level: the block being heard, the block being made, and what overlaps into the
/// next.
#[derive(Debug)]
struct Output {
    heard: Vec<Tick>,
    made: Vec<Tick>,
    overlap: Vec<Tick>,
}

/// All state of one partition size.
#[derive(Debug)]
pub(super) struct Level {
    index: usize,
    /// Size of the plan's longest level, which decides what stays in the cache.
    longest: usize,
    transform: Arc<Transform>,
    partitions: usize,
    lines: Vec<FrequencyDelayLine>,
    newest: Newest,
    work: Vec<Chunk>,
    outputs: Vec<Output>,
    tasks: Vec<Task>,
    next: usize,
}

impl Level {
    /// Level `index` of the plan that `impulse` was cut by.
    pub fn new(impulse: &PreparedImpulse, index: usize) -> Self {
        let transform = Arc::clone(&impulse.transforms()[index]);
        let partitions = impulse.plan().levels()[index].partitions;
        let (inputs, outputs) = (impulse.routing().inputs(), impulse.routing().outputs());
        let chunks = transform.chunks();
        let line = || FrequencyDelayLine::new(chunks, partitions);
        let output = || Output {
            heard: vec![Tick::ZERO; chunks],
            made: vec![Tick::ZERO; chunks],
            overlap: vec![Tick::ZERO; chunks],
        };
        let mut level = Self {
            index,
            longest: impulse.plan().levels().last().map_or(0, |level| level.size),
            partitions,
            lines: (0..inputs).map(|_| line()).collect(),
            newest: Newest::new(partitions),
            work: vec![Chunk::ZERO; chunks],
            outputs: (0..outputs).map(|_| output()).collect(),
            tasks: Vec::new(),
            next: 0,
            transform,
        };
        level.tasks = level.list(impulse);
        level.next = level.tasks.len();
        level
    }

    fn list(&self, impulse: &PreparedImpulse) -> Vec<Task> {
        let mut tasks = Vec::new();
        let forward = self.transform.forward_steps();
        let inverse = self.transform.inverse_steps();
        for input in 0..self.lines.len() {
            let input = input as u16;
            tasks.extend(forward.iter().map(|&step| Task::Forward { input, step }));
        }
        for output in 0..self.outputs.len() {
            let sources = impulse.sources(output).len();
            if sources == 0 {
                continue;
            }
            let output = output as u16;
            let chunks = self.transform.chunks();
            let stride = ((GRAIN / self.multiply_cost(sources)) as usize).clamp(1, chunks);
            for from in (0..chunks).step_by(stride) {
                let to = (from + stride).min(chunks);
                tasks.push(Task::Multiply {
                    output,
                    chunks: (from as u16, to as u16),
                });
            }
            tasks.extend(inverse.iter().map(|&step| Task::Inverse { output, step }));
        }
        tasks
    }

    /// Nanoseconds of one column of an inner pass.
    fn inner_cost(&self, pass: u8) -> f32 {
        8.0 * self.transform.inner_radix(pass) as f32
    }

    /// Nanoseconds of the multiply-accumulate of one chunk.
    fn multiply_cost(&self, sources: usize) -> f32 {
        let a_partition = match self.size() {
            0..512 => 4.0,
            512..4096 => 6.2,
            4096..16_384 => 10.5,
            16_384 => 15.0,
            _ => 18.0,
        };
        sources as f32 * (4.0 + a_partition * self.partitions as f32)
    }

    /// Samples of a block.
    pub fn size(&self) -> usize {
        self.transform.size()
    }

    /// The tasks of a job.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Begins a job for the block that is now complete. Audio thread.
    #[inline]
    pub fn begin(&mut self) {
        self.newest.advance();
        self.next = 0;
    }

    /// Begins the job for the latest block once more, with what `inputs` hold now.
    pub fn repeat(&mut self) {
        self.next = 0;
    }

    /// What overlaps into the next block, per output.
    pub fn overlaps(&mut self) -> impl Iterator<Item = &mut [Tick]> {
        self.outputs
            .iter_mut()
            .map(|output| &mut output.overlap[..])
    }

    /// Makes the finished job's output the one that is heard. Audio thread.
    #[inline]
    pub fn hand_over(&mut self) {
        for output in &mut self.outputs {
            std::mem::swap(&mut output.heard, &mut output.made);
        }
    }

    /// Runs what is left of the job. Audio thread.
    #[inline]
    pub fn finish<'a>(
        &mut self,
        simd: Simd,
        impulse: &PreparedImpulse,
        inputs: impl Fn(usize) -> &'a [Tick],
    ) {
        while self.next < self.tasks.len() {
            self.run(simd, impulse, &inputs);
        }
    }

    /// Runs the next task of the job. Audio thread.
    #[inline]
    pub fn run<'a>(
        &mut self,
        simd: Simd,
        impulse: &PreparedImpulse,
        inputs: impl Fn(usize) -> &'a [Tick],
    ) {
        let Some(&task) = self.tasks.get(self.next) else {
            return;
        };
        self.next += 1;
        match task {
            Task::Forward { input, step } => {
                let input = usize::from(input);
                let (line, stride) = self.lines[input].rows_mut();
                let slot = self.newest.slot();
                self.transform.forward(
                    simd,
                    step,
                    inputs(input),
                    &mut self.work,
                    (line, stride, slot),
                );
            }
            Task::Multiply { output, chunks } => {
                self.multiply(simd, impulse, usize::from(output), chunks)
            }
            Task::Inverse { output, step } => {
                let output = &mut self.outputs[usize::from(output)];
                let (made, overlap) = (&mut output.made, &mut output.overlap);
                self.transform
                    .inverse(simd, step, &mut self.work, made, overlap);
            }
        }
    }

    fn multiply(
        &mut self,
        simd: Simd,
        impulse: &PreparedImpulse,
        output: usize,
        chunks: (u16, u16),
    ) {
        let (from, to) = (usize::from(chunks.0), usize::from(chunks.1));
        let runs = self.newest.runs(self.partitions);
        for (index, source) in impulse.sources(output).iter().enumerate() {
            let (x, slots) = self.lines[source.input].rows();
            let h = &impulse.response(source.response).levels[self.index];
            kernel::mac(
                simd,
                &mut self.work[from..to],
                (&x[from * slots..to * slots], slots),
                (
                    &h[from * self.partitions..to * self.partitions],
                    self.partitions,
                ),
                &runs,
                index > 0,
            );
        }
    }

    /// The block of `output` that is being heard.
    #[inline]
    pub fn heard(&self, output: usize) -> &[Tick] {
        &self.outputs[output].heard
    }

    /// Forgets everything played.
    pub fn clear(&mut self) {
        for line in &mut self.lines {
            line.clear();
        }
        for output in &mut self.outputs {
            for buffer in [&mut output.heard, &mut output.made, &mut output.overlap] {
                buffer.fill(Tick::ZERO);
            }
        }
        self.work.fill(Chunk::ZERO);
        self.newest = Newest::new(self.partitions);
        self.next = self.tasks.len();
    }
}

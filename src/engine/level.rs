//! One partition size: overlap-add convolution of a block at a time, cut into tasks.
//!
//! A job takes one block of every input to one block of every output. Its tasks (`task.rs`) run in
//! order; who calls [`Level::run`] or [`Level::advance`] decides when. Only construction allocates.
//!
//! While everything in the delay lines was played into the newest impulse, a job is *plain*: the
//! impulse's table says when each task runs. Around a change of the impulse it is not: a block that a
//! fade falls in is transformed once per impulse, blocks of several impulses are summed, and the work is
//! spread evenly by its weight instead.

mod mixed;

use super::crossfade::{ERAS, Eras, Fade, Impulses};
use super::delay_line::{FrequencyDelayLine, Newest};
use super::kernel::{self, Chunk, Run, Simd, TICK, Tick};
use super::tags::{MOST_EXTRAS, Tags};
use super::task::{self, Task, WEIGH_COST, WEIGH_TICKS};
use super::transform::Transform;
use std::sync::Arc;

/// What a task reads beside the level's own state.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub simd: Simd,
    pub impulses: &'a Impulses,
    pub fade: &'a Fade,
}

/// One output of a level: the block being heard, the block being made, and what overlaps into the
/// next.
#[derive(Debug)]
struct Output {
    heard: Vec<Tick>,
    made: Vec<Tick>,
    overlap: Vec<Tick>,
}

/// The job under way.
#[derive(Debug)]
struct Job {
    /// Position in the order of work: forward transforms for each part of the block, then the rest of the list.
    next: usize,
    length: usize,
    plain: bool,
    /// First sample of the block.
    start: i64,
    /// The eras that the block falls in.
    eras: Eras,
    /// Index in `eras` and slot of the delay lines of each part of the block.
    parts: [(usize, usize); ERAS],
    part_count: usize,
    /// Tasks that weigh one input for one part: none if the block falls in one era.
    weighing: usize,
    /// Weight of a multiply task.
    multiply: f32,
    /// Where the job is not plain: the share of its time that had passed when it became so, and the weight of what has
    /// run since and of all that was left.
    from: f32,
    done: f32,
    total: f32,
}

/// The how manyeth job in a row that has nothing to sum need not run: the first still adds the last overlap, the
/// next two write silence into the two buffers that take turns.
const JOBS_TO_SILENCE: usize = 4;

/// Partitions of a run that is too short for the processor to foresee.
const SHORT_RUN: usize = 4;

/// All state of one partition size.
#[derive(Debug)]
pub(super) struct Level {
    index: usize,
    transform: Arc<Transform>,
    lines: Vec<FrequencyDelayLine>,
    newest: Newest,
    tags: Tags,
    /// Whether the delay lines hold, or may come to hold, more than one impulse's blocks.
    mixed: bool,
    /// The level's log: the impulses that blocks are played into.
    eras: Eras,
    /// When the newest of them would have begun if none had to wait.
    asked: i64,
    /// Jobs since the last that had anything to sum, up to [`JOBS_TO_SILENCE`].
    empty_jobs: usize,
    weighed: Vec<Tick>,
    work: Vec<Chunk>,
    outputs: Vec<Output>,
    tasks: Vec<Task>,
    /// Tasks of the forward transform of one input.
    forward: usize,
    /// Cost of the tasks up to each, and how many of them are multiplies (at a cost of zero).
    costs: Vec<(f32, u32)>,
    job: Job,
}

impl Level {
    /// Level `index` of a plan, with room for `partitions` blocks of each input and `extras` parts of blocks beside.
    pub fn new(
        index: usize,
        transform: &Arc<Transform>,
        (partitions, extras): (usize, usize),
        (inputs, outputs): (usize, usize),
    ) -> Self {
        let transform = Arc::clone(transform);
        let chunks = transform.chunks();
        let extras = extras.min(MOST_EXTRAS);
        let line = || FrequencyDelayLine::new(chunks, partitions + extras);
        let output = || Output {
            heard: vec![Tick::ZERO; chunks],
            made: vec![Tick::ZERO; chunks],
            overlap: vec![Tick::ZERO; chunks],
        };
        let tasks = task::list(&transform, inputs, outputs);
        let mut costs = vec![(0.0, 0)];
        for task in &tasks {
            let (cost, multiplies) = costs[costs.len() - 1];
            let one = u32::from(matches!(task, Task::Multiply { .. }));
            costs.push((cost + task.cost(&transform, 0.0), multiplies + one));
        }
        let forward = transform.forward_steps().len();
        let job = Job {
            next: 0,
            length: 0,
            plain: true,
            start: -(transform.size() as i64),
            eras: Eras::single(0),
            parts: [(0, 0); ERAS],
            part_count: 0,
            weighing: 0,
            multiply: 0.0,
            from: 0.0,
            done: 0.0,
            total: 0.0,
        };
        Self {
            index,
            lines: (0..inputs).map(|_| line()).collect(),
            newest: Newest::new(partitions),
            tags: Tags::new(partitions, extras),
            mixed: false,
            eras: Eras::single(0),
            asked: 0,
            empty_jobs: JOBS_TO_SILENCE,
            weighed: if extras > 0 {
                vec![Tick::ZERO; chunks]
            } else {
                Vec::new()
            },
            work: vec![Chunk::ZERO; chunks],
            outputs: (0..outputs).map(|_| output()).collect(),
            tasks,
            forward,
            costs,
            job,
            transform,
        }
    }

    /// Samples of a block.
    pub fn size(&self) -> usize {
        self.transform.size()
    }

    /// Whether its tasks run when the table says, and not by their share of the time.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.job.plain
    }

    /// Whether nothing is left to run or to hear.
    #[inline]
    pub fn is_silent(&self) -> bool {
        self.empty_jobs == JOBS_TO_SILENCE
    }

    /// The impulses that the job reads or a later one will, as a set of slots.
    pub fn in_use(&self) -> u16 {
        self.tags.in_use() | self.eras.in_use()
    }

    /// Begins a job for the block that ends with sample `end`, not included. Audio thread.
    #[inline]
    pub fn begin(&mut self, given: Given, end: i64) {
        self.newest.advance();
        self.job.start = end - self.size() as i64;
        let impulse = self.eras.newest().impulse;
        let partitions = partitions(given.impulses, impulse, self.index);
        if self.mixed || partitions == 0 {
            return self.begin_mixed(given, end);
        }
        let slot = self.newest.slot();
        self.tags
            .settle(slot, impulse, self.newest.runs(partitions));
        self.begin_plain(slot);
    }

    fn begin_plain(&mut self, slot: usize) {
        let job = &mut self.job;
        (job.next, job.length, job.plain) = (0, self.tasks.len(), true);
        (job.parts[0], job.part_count, job.weighing) = ((0, slot), 1, 0);
        self.empty_jobs = 0;
    }

    /// Begins the job for the latest block once more, with what `inputs` hold now.
    pub fn repeat(&mut self) {
        self.job.next = 0;
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
    pub fn finish<'a>(&mut self, given: Given, inputs: impl Fn(usize) -> &'a [Tick]) {
        while self.job.next < self.job.length {
            self.run(given, &inputs);
        }
    }

    /// Runs as much of the job as is due when `share` of its time, 0 to 1, has passed. Audio thread.
    pub fn advance<'a>(&mut self, given: Given, share: f32, inputs: impl Fn(usize) -> &'a [Tick]) {
        let share = (share - self.job.from) / (1.0 - self.job.from).max(f32::EPSILON);
        while self.job.next < self.job.length {
            let cost = self.next_cost();
            if self.job.done + 0.5 * cost > share * self.job.total {
                return;
            }
            self.job.done += cost;
            self.run(given, &inputs);
        }
    }

    /// Where the job's position `next` lies: in which part, which input, at which of the tasks that weigh, or at
    /// which task of the list.
    #[inline]
    fn position(&self) -> Position {
        let job = &self.job;
        let inputs = self.lines.len();
        if job.plain || (job.weighing == 0 && job.part_count == 1) {
            return Position::Listed {
                part: 0,
                task: job.next,
            };
        }
        let an_input = job.weighing + self.forward;
        let forwards = job.part_count * inputs * an_input;
        if job.next >= forwards {
            let task = self.forward * inputs + job.next - forwards;
            return Position::Listed { part: 0, task };
        }
        let (part, rest) = (
            job.next / (inputs * an_input),
            job.next % (inputs * an_input),
        );
        let (input, rest) = (rest / an_input, rest % an_input);
        if rest < job.weighing {
            let from = rest * WEIGH_TICKS;
            return Position::Weigh { part, input, from };
        }
        let task = input * self.forward + rest - job.weighing;
        Position::Listed { part, task }
    }

    fn next_cost(&self) -> f32 {
        match self.position() {
            Position::Weigh { .. } => WEIGH_COST,
            Position::Listed { task, .. } => {
                let multiply = match self.tasks[task] {
                    Task::Multiply { .. } => self.job.multiply,
                    _ => 0.0,
                };
                self.costs[task + 1].0 - self.costs[task].0 + multiply
            }
        }
    }

    /// Runs the next task of the job. Audio thread.
    #[inline]
    pub fn run<'a>(&mut self, given: Given, inputs: impl Fn(usize) -> &'a [Tick]) {
        if self.job.next >= self.job.length {
            return;
        }
        let position = self.position();
        self.job.next += 1;
        let (part, task) = match position {
            Position::Listed { part, task } => (part, self.tasks[task]),
            Position::Weigh { part, input, from } => {
                let source = inputs(input);
                let to = (from + WEIGH_TICKS).min(source.len());
                let index = self.job.parts[part].0;
                let ticks = self.weighed[from..to].iter_mut().zip(&source[from..to]);
                for (tick, (weighed, source)) in (from..).zip(ticks) {
                    *weighed = *source;
                    let at = self.job.start + (tick * TICK) as i64;
                    given.fade.weigh(&self.job.eras, index, at, &mut weighed.0);
                }
                return;
            }
        };
        match task {
            Task::Forward { input, step } => {
                let input = usize::from(input);
                let (line, stride) = self.lines[input].rows_mut();
                let slot = self.job.parts[part].1;
                let source = if self.job.weighing == 0 {
                    inputs(input)
                } else {
                    &self.weighed
                };
                self.transform.forward(
                    given.simd,
                    step,
                    source,
                    &mut self.work,
                    (line, stride, slot),
                );
            }
            Task::Multiply {
                output,
                from,
                chunks,
            } => {
                let from = usize::from(from);
                self.multiply(given, usize::from(output), from..from + usize::from(chunks));
            }
            Task::Inverse { output, step } => {
                let output = &mut self.outputs[usize::from(output)];
                let (made, overlap) = (&mut output.made, &mut output.overlap);
                self.transform
                    .inverse(given.simd, step, &mut self.work, made, overlap);
            }
        }
    }

    fn multiply(&mut self, given: Given, output: usize, chunks: std::ops::Range<usize>) {
        let work = &mut self.work[chunks.clone()];
        let mut add = false;
        for (impulse, runs) in self.tags.groups() {
            let Some(impulse) = given.impulses.get(impulse) else {
                continue;
            };
            for source in impulse.sources(output) {
                let (x, slots) = self.lines[source.input].rows();
                let (h, partitions) = impulse.spectra(source.response, self.index);
                kernel::mac(
                    given.simd,
                    work,
                    (&x[chunks.start * slots..chunks.end * slots], slots),
                    (
                        &h[chunks.start * partitions..chunks.end * partitions],
                        partitions,
                    ),
                    runs,
                    add,
                );
                add = true;
                if !self.job.plain
                    && let Some(next) = h.get(chunks.end * partitions..)
                {
                    fetch(next, runs);
                }
            }
        }
        if !add {
            work.fill(Chunk::ZERO);
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
        self.newest = Newest::new(self.newest.slots());
        self.settle(self.eras.newest().impulse);
        self.mixed = false;
        self.job.start = -(self.size() as i64);
    }

    /// All that the impulses so far remember is silence, and `newest` is the one from now on. What lies behind that in the delay lines is nobody's: a longer
    /// impulse must not find it there.
    pub fn settle(&mut self, newest: u8) {
        self.eras = Eras::single(newest);
        self.tags.clear();
        self.mixed = true;
        self.empty_jobs = JOBS_TO_SILENCE;
        (self.job.plain, self.job.length) = (true, 0);
    }
}

/// Partitions of this level that the impulse in a slot has.
fn partitions(impulses: &Impulses, slot: u8, level: usize) -> usize {
    let impulse = impulses.get(slot);
    let level = impulse.and_then(|impulse| impulse.plan().levels().get(level));
    level.map_or(0, |level| level.partitions)
}

/// Has what `runs` will read of `spectra` brought near. After a change nobody has read these spectra before, and what
/// each run reads of a chunk lies far from what the next one does.
#[inline]
fn fetch(spectra: &[Chunk], runs: &[Run]) {
    for run in runs {
        let read = run.partition..run.partition + run.count;
        kernel::fetch_chunks(spectra.get(read).unwrap_or_default());
    }
}

/// Where a job is.
enum Position {
    Listed {
        part: usize,
        task: usize,
    },
    /// From this tick on.
    Weigh {
        part: usize,
        input: usize,
        from: usize,
    },
}

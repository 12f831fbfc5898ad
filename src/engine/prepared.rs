//! An impulse response as the engine reads it: the head's taps and all partition spectra.
//!
//! Building one allocates and transforms, a few tens of milliseconds for ten seconds of stereo. From
//! then on it is read-only: any number of engines may share one through an `Arc`.

use super::kernel::{self, Chunk, Simd, TICK, Tick};
use super::partition::{MAX_FRAMES, PartitionPlan};
use super::routing::Routing;
use super::schedule::{LevelCosts, Table};
use super::task::{self, Task};
use super::transform::Transform;
use std::sync::Arc;

/// Why an impulse response cannot be prepared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The routing has no path.
    #[error("the routing has no path from an input to an output: nothing would be heard")]
    NoPath,
    /// The routing names more responses than there are.
    #[error("the routing needs {expected} impulse channels, but there are {got}")]
    MissingResponse {
        /// Responses that the routing names.
        expected: usize,
        /// Responses given.
        got: usize,
    },
    /// There is not one sample of impulse.
    #[error("the impulse response is empty: it needs at least one sample")]
    Empty,
    /// The impulse is longer than can be planned.
    #[error(
        "the impulse response has {frames} samples, but at most {max} can be convolved: shorten it"
    )]
    TooLong {
        /// Samples given.
        frames: usize,
        /// Samples allowed.
        max: usize,
    },
    /// A sample is NaN, infinite or absurdly large.
    #[error(
        "sample {frame} of impulse channel {channel} is {value}: every sample must be a number within ±1e12"
    )]
    NotANumber {
        /// Impulse channel, from 0.
        channel: usize,
        /// Sample, from 0.
        frame: usize,
        /// What stands there.
        value: f32,
    },
}

/// Largest magnitude that counts as sound, +240 dBFS: beyond it, sums of products overflow.
pub(super) const LOUDEST: f32 = 1e12;

/// Partitions of the first level that are brought near at a change.
const FETCHED: usize = 4;

/// The first 64 taps of a response, forwards and backwards.
#[derive(Debug)]
pub(super) struct Head {
    pub taps: [f32; TICK],
    pub reversed: [f32; TICK],
}

/// One response: its head and, per level, its spectra as `[chunk][partition]`.
#[derive(Debug)]
pub(super) struct Response {
    pub head: Head,
    pub levels: Vec<Vec<Chunk>>,
}

/// A path as the convolver walks it: outputs are outermost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub input: usize,
    pub response: usize,
}

/// An impulse response cut by a plan and transformed, with the routing it serves. Read-only.
#[derive(Debug)]
pub struct PreparedImpulse {
    plan: PartitionPlan,
    routing: Routing,
    frames: usize,
    sources: Vec<Vec<Source>>,
    responses: Vec<Response>,
    transforms: Vec<Arc<Transform>>,
    table: Table,
}

impl PreparedImpulse {
    /// Prepares `responses`, one slice per impulse channel as `routing` names them, for real time.
    /// Shorter responses are taken to end in silence. Loader thread.
    pub fn new(routing: Routing, responses: &[&[f32]]) -> Result<Self, PrepareError> {
        let frames = checked_frames(&routing, responses)?;
        Ok(Self::with_plan(
            PartitionPlan::real_time(frames),
            routing,
            responses,
        ))
    }

    /// The same, cut as every impulse that an engine may be given while it plays: any two cut so can be
    /// exchanged in place ([`Engine::swap`](super::Engine::swap)). For impulses of 1.5 to 5 s that costs the engine
    /// 4 to 15 % more than the cut of [`PreparedImpulse::new`]; for others it is the same. Loader thread.
    pub fn swappable(routing: Routing, responses: &[&[f32]]) -> Result<Self, PrepareError> {
        let frames = checked_frames(&routing, responses)?;
        Ok(Self::with_plan(
            PartitionPlan::swappable(frames),
            routing,
            responses,
        ))
    }

    /// Prepares `responses` for blocks that may be waited for.
    pub(super) fn offline(routing: Routing, responses: &[&[f32]]) -> Result<Self, PrepareError> {
        let frames = checked_frames(&routing, responses)?;
        Ok(Self::with_plan(
            PartitionPlan::offline(frames),
            routing,
            responses,
        ))
    }

    fn with_plan(plan: PartitionPlan, routing: Routing, responses: &[&[f32]]) -> Self {
        let simd = Simd::best();
        let frames = responses
            .iter()
            .map(|response| response.len())
            .max()
            .unwrap_or(0);
        let transforms: Vec<_> = plan
            .levels()
            .iter()
            .map(|level| Arc::new(Transform::new(level.size)))
            .collect();
        let mut sources = vec![Vec::new(); routing.outputs()];
        for path in routing.paths() {
            sources[path.output].push(Source {
                input: path.input,
                response: path.response,
            });
        }
        let responses = responses[..routing.responses()]
            .iter()
            .map(|samples| Response::new(simd, &plan, &transforms, samples))
            .collect();
        let table = table(&plan, &transforms, routing.inputs(), &sources);
        Self {
            plan,
            routing,
            frames,
            sources,
            responses,
            transforms,
            table,
        }
    }

    /// How the impulse is cut.
    pub fn plan(&self) -> &PartitionPlan {
        &self.plan
    }

    /// The matrix it serves.
    pub fn routing(&self) -> &Routing {
        &self.routing
    }

    /// Samples of the longest response.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Memory that the spectra take, in bytes.
    pub fn bytes(&self) -> usize {
        let spectra = self.responses.iter().flat_map(|response| &response.levels);
        spectra.map(|level| size_of_val(&level[..])).sum()
    }

    pub(super) fn sources(&self, output: usize) -> &[Source] {
        &self.sources[output]
    }

    /// The first taps of a response.
    pub(super) fn head(&self, response: usize) -> &Head {
        &self.responses[response].head
    }

    /// A response's spectra for a level as `[chunk][partition]`, and how many partitions a chunk has.
    #[inline]
    pub(super) fn spectra(&self, response: usize, level: usize) -> (&[Chunk], usize) {
        let partitions = self.plan.levels()[level].partitions;
        (&self.responses[response].levels[level], partitions)
    }

    /// Has brought near what a change reads first: nobody has read it for long, and one thing only leads to the next.
    pub(super) fn fetch(&self) {
        let first = self.plan.levels().first();
        for response in &self.responses {
            kernel::fetch(&response.head.taps);
            kernel::fetch(&response.head.reversed);
            if let (Some(level), Some(spectra)) = (first, response.levels.first()) {
                kernel::fetch_chunks(&spectra[..level.partitions.min(FETCHED)]);
            }
        }
        for sources in &self.sources {
            kernel::fetch_one(sources, 0);
        }
    }

    /// When the tasks of each level run.
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// The transform of `size` points: this impulse's own, or a new one.
    pub(super) fn transform(&self, size: usize) -> Arc<Transform> {
        let mut own = self.transforms.iter();
        let own = own.find(|transform| transform.size() == size);
        own.map_or_else(|| Arc::new(Transform::new(size)), Arc::clone)
    }
}

/// Nanoseconds that closing a tick takes beside the first level's job, in the unit of the tasks.
const END_OF_TICK: f32 = 150.0;

fn table(
    plan: &PartitionPlan,
    transforms: &[Arc<Transform>],
    inputs: usize,
    sources: &[Vec<Source>],
) -> Table {
    let levels = plan.levels().iter().zip(transforms);
    let mut levels = levels.map(|(level, transform)| {
        let costs = task::list(transform, inputs, sources.len())
            .into_iter()
            .map(|task| {
                let paths = match task {
                    Task::Multiply { output, .. } => sources[usize::from(output)].len(),
                    _ => 0,
                };
                let multiply = task::multiply_cost(level.size, paths, paths * level.partitions);
                task.cost(transform, multiply)
            });
        LevelCosts {
            period: level.size / TICK,
            tasks: costs.collect(),
        }
    });
    let first: f32 = levels.next().map_or(0.0, |level| level.tasks.iter().sum());
    let distributed: Vec<LevelCosts> = levels.collect();
    Table::new(&distributed, 1, first + END_OF_TICK)
}

impl Response {
    fn new(
        simd: Simd,
        plan: &PartitionPlan,
        transforms: &[Arc<Transform>],
        samples: &[f32],
    ) -> Self {
        let mut taps = [0.0; TICK];
        let first = &samples[..samples.len().min(TICK)];
        taps[..first.len()].copy_from_slice(first);
        let mut reversed = taps;
        reversed.reverse();
        let levels = plan
            .levels()
            .iter()
            .zip(transforms)
            .map(|(level, transform)| {
                let steps = transform.forward_steps();
                let mut input = vec![Tick::ZERO; transform.chunks()];
                let mut work = vec![Chunk::ZERO; transform.chunks()];
                let mut spectra = vec![Chunk::ZERO; transform.chunks() * level.partitions];
                // The inverse transform does not scale: its 1/N stands here.
                let scale = 1.0 / level.size as f32;
                for partition in 0..level.partitions {
                    let from = level.offset + partition * level.size;
                    let rest = samples.get(from..).unwrap_or_default();
                    let mut rest = rest[..rest.len().min(level.size)].iter();
                    for sample in input.iter_mut().flat_map(|tick| &mut tick.0) {
                        *sample = rest.next().map_or(0.0, |sample| sample * scale);
                    }
                    for &step in &steps {
                        let line = (&mut spectra[..], level.partitions, partition);
                        transform.forward(simd, step, &input, &mut work, line);
                    }
                }
                spectra
            });
        Self {
            head: Head { taps, reversed },
            levels: levels.collect(),
        }
    }
}

/// The longest response's length, if everything about `responses` is right.
fn checked_frames(routing: &Routing, responses: &[&[f32]]) -> Result<usize, PrepareError> {
    if routing.paths().is_empty() {
        return Err(PrepareError::NoPath);
    }
    if responses.len() < routing.responses() {
        let (expected, got) = (routing.responses(), responses.len());
        return Err(PrepareError::MissingResponse { expected, got });
    }
    for (channel, response) in responses.iter().enumerate() {
        let sound = |sample: &f32| sample.abs() <= LOUDEST;
        if let Some(frame) = response.iter().position(|sample| !sound(sample)) {
            return Err(PrepareError::NotANumber {
                channel,
                frame,
                value: response[frame],
            });
        }
    }
    match responses
        .iter()
        .map(|response| response.len())
        .max()
        .unwrap_or(0)
    {
        0 => Err(PrepareError::Empty),
        frames if frames > MAX_FRAMES => Err(PrepareError::TooLong {
            frames,
            max: MAX_FRAMES,
        }),
        frames => Ok(frames),
    }
}

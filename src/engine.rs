//! The convolution engine: any block in, the same block convolved, no added latency.
//!
//! Two verbs. Building ([`PreparedImpulse::new`], [`Engine::new`]) allocates and takes time;
//! [`Engine::process`] and [`Engine::reset`] never allocate, lock, wait, fail or panic. Nothing here
//! touches a file or a thread.
//!
//! Sources of the method: Gardner 1995 (JAES 43), Garcia 2002 (AES 113), Battenberg & Avižienis 2011
//! (DAFx), Wefers 2014 (thesis, RWTH Aachen).
#![forbid(unsafe_code)]

pub mod block;
mod convolver;
mod crossfade;
mod delay_line;
pub mod fft;
mod kernel;
mod level;
pub mod meter;
pub mod mixer;
pub mod offline;
pub mod partition;
pub mod prepared;
pub mod recent;
pub mod routing;
mod schedule;
mod spill;
pub(crate) mod sync;
mod tags;
mod task;
mod transform;

pub use block::Block;
pub use kernel::Simd;
pub use offline::OfflineConvolver;
pub use prepared::{PrepareError, PreparedImpulse};
pub use routing::Routing;

use crate::denormals;
use convolver::Convolver;
use spill::Spill;
use std::sync::Arc;

/// Frames that the engine adds between input and output: none, at any block length.
pub const LATENCY: usize = 0;

/// Samples of the fade from one impulse to the next, unless an engine is told otherwise: 30 ms at 48 kHz.
pub const FADE_FRAMES: usize = 1440;

/// Samples from a change to where its fade begins: meanwhile what the new impulse needs first is brought near.
pub const LEAD_FRAMES: usize = 64;

/// What an engine must have room for, so that its impulse can be exchanged while it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Samples of the longest impulse that will be exchanged in place.
    pub frames: usize,
    /// Samples of the fade from one impulse to the next, 1 or more.
    pub fade: usize,
}

/// What kind of change an impulse brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another impulse. The change is exact, whatever rings: where too much still does, it has to wait.
    New,
    /// Another shape of the impulse before. One that follows another within 300 ms is a drag's: the first 4096 samples of
    /// the impulse follow each, a later part takes the newest only every 300 ms, or every third of its tail if that is
    /// longer, and 300 ms after the last. Within each part the change is exact.
    Shape,
    /// Another shape of the impulse before, wanted exactly there, as where a host renders offline: like `New` while there is
    /// room for one more, like `Shape` where there is not. So automation of every block does not stand still until a
    /// tail has ended.
    ShapeNow,
}

/// Convolves sound in real time, block by block.
///
/// Output sample n is Σ h\[k\]·x\[n − k\], for blocks of any length, which may change from call to
/// call. Relative error against exact arithmetic: below −120 dB.
///
/// The impulse may change while sound is played, see [`Engine::swap`]: with w rising from 0 to 1 from [`LEAD_FRAMES`]
/// after the change on, output = h_old * (x·(1 − w)) + h_new * (x·w). What was played in the old room rings out in it.
#[derive(Debug)]
pub struct Engine {
    convolver: Box<Convolver>,
    spill: Option<Box<Spill>>,
}

impl Engine {
    /// An engine with silence behind it, for one impulse. Loader thread.
    pub fn new(impulse: Arc<PreparedImpulse>) -> Self {
        Self::with_simd(impulse, Simd::best())
    }

    /// The same on a chosen instruction set, for tests and benchmarks. Loader thread.
    pub fn with_simd(impulse: Arc<PreparedImpulse>, simd: Simd) -> Self {
        Self {
            convolver: Box::new(Convolver::new(impulse, None, simd)),
            spill: None,
        }
    }

    /// An engine whose impulse can be exchanged: any other of the same inputs and outputs, prepared by
    /// [`PreparedImpulse::swappable`], and no longer than `capacity` or `impulse`. Loader thread.
    pub fn with_capacity(impulse: Arc<PreparedImpulse>, capacity: Capacity) -> Self {
        Self::with_capacity_and_simd(impulse, capacity, Simd::best())
    }

    /// The same on a chosen instruction set, for tests and benchmarks. Loader thread.
    pub fn with_capacity_and_simd(
        impulse: Arc<PreparedImpulse>,
        capacity: Capacity,
        simd: Simd,
    ) -> Self {
        let routing = impulse.routing();
        let spill = Spill::new(routing.inputs(), routing.outputs(), capacity.fade);
        Self {
            convolver: Box::new(Convolver::new(impulse, Some(capacity), simd)),
            spill: spill.map(Box::new),
        }
    }

    /// Convolves `block`. Input channels that the routing does not know are left out, missing ones
    /// are silent; output channels that it does not know are filled with silence. A sample that is
    /// NaN, infinite or beyond ±10¹² is taken as zero and counted ([`Engine::repaired`]). Audio
    /// thread.
    pub fn process(&mut self, block: &mut Block<'_, '_>) {
        let convolver = &mut self.convolver;
        denormals::flushed(|| match &mut self.spill {
            Some(spill) if spill.is_open() => spill.process(convolver, block),
            _ => convolver.process(block),
        });
    }

    /// Whether [`Engine::swap`] can take `impulse`: it was prepared to be exchanged, has the engine's
    /// inputs and outputs, and is no longer than the engine's capacity. Any thread that has the engine.
    pub fn takes(&self, impulse: &PreparedImpulse) -> bool {
        self.convolver.takes(impulse)
    }

    /// Plays what comes from [`LEAD_FRAMES`] after now on into `impulse`, at rest from now on; what came before rings out
    /// in the impulse that it was played into. An error gives `impulse` back: it does not fit ([`Engine::takes`]), or
    /// there is no room just now: 8 impulses that are no shapes may ring at once, 16 of all be held. Try again at the next block; room comes when a
    /// tail has ended and [`Engine::take_retired`] has been asked. Audio thread.
    pub fn swap(
        &mut self,
        impulse: Arc<PreparedImpulse>,
        change: Change,
    ) -> Result<(), Arc<PreparedImpulse>> {
        self.convolver.swap(impulse, change)
    }

    /// An impulse that is not needed any more. Whoever takes it drops it elsewhere. Audio thread.
    pub fn take_retired(&mut self) -> Option<Arc<PreparedImpulse>> {
        let leaving = |spill: &mut Box<Spill>| spill.take_retired();
        let own = self.convolver.take_retired();
        own.or_else(|| self.spill.as_mut().and_then(leaving))
    }

    /// Plays what comes from [`LEAD_FRAMES`] after now on into `next`, an engine of the same inputs and outputs with
    /// silence behind it, where its impulse cannot be exchanged in place: it is longer than the capacity. What came before
    /// rings out in this engine as it was; until then the load is that of both. An error gives `next` back: the one before
    /// still rings, or it does not fit, or this engine was built without capacity, or has more than 16 channels. Audio
    /// thread.
    pub fn replace(&mut self, next: Box<Self>) -> Result<(), Box<Self>> {
        match &mut self.spill {
            Some(spill) if spill.takes(&self.convolver, &next.convolver) => {
                spill.open(&mut self.convolver, next);
                Ok(())
            }
            _ => Err(next),
        }
    }

    /// The engine that has been replaced, once its tail has ended. Whoever takes it drops it elsewhere. Audio thread.
    pub fn take_replaced(&mut self) -> Option<Box<Self>> {
        self.spill.as_mut().and_then(|spill| spill.take_replaced())
    }

    /// Whether an earlier impulse still rings. Audio thread.
    pub fn is_changing(&self) -> bool {
        self.convolver.is_changing() || self.spill.as_ref().is_some_and(|spill| spill.is_open())
    }

    /// Forgets everything played and keeps the newest impulse: the engine is as new. Audio thread.
    pub fn reset(&mut self) {
        self.convolver.reset();
        if let Some(spill) = &mut self.spill {
            spill.reset();
        }
    }

    /// The impulse that new sound is played into. Any thread that has the engine.
    pub fn impulse(&self) -> &Arc<PreparedImpulse> {
        self.convolver.impulse()
    }

    /// How many input samples were no sound and have been taken as zero. Audio thread.
    pub fn repaired(&self) -> u64 {
        self.convolver.repaired()
    }
}

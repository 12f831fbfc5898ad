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
mod delay_line;
pub mod fft;
mod kernel;
mod level;
pub mod mixer;
pub mod offline;
pub mod partition;
pub mod prepared;
pub mod routing;
mod schedule;
mod transform;

pub use block::Block;
pub use kernel::Simd;
pub use offline::OfflineConvolver;
pub use prepared::{PrepareError, PreparedImpulse};
pub use routing::Routing;

use crate::denormals;
use convolver::Convolver;
use std::sync::Arc;

/// Frames that the engine adds between input and output: none, at any block length.
pub const LATENCY: usize = 0;

/// Convolves sound in real time, block by block.
///
/// Output sample n is Σ h\[k\]·x\[n − k\], for blocks of any length, which may change from call to
/// call. Relative error against exact arithmetic: below −120 dB.
#[derive(Debug)]
pub struct Engine {
    convolver: Convolver,
}

impl Engine {
    /// An engine with silence behind it. Loader thread.
    pub fn new(impulse: Arc<PreparedImpulse>) -> Self {
        Self::with_simd(impulse, Simd::best())
    }

    /// The same on a chosen instruction set, for tests and benchmarks. Loader thread.
    pub fn with_simd(impulse: Arc<PreparedImpulse>, simd: Simd) -> Self {
        Self {
            convolver: Convolver::new(impulse, simd),
        }
    }

    /// Convolves `block`. Input channels that the routing does not know are left out, missing ones
    /// are silent; output channels that it does not know are filled with silence. A sample that is
    /// NaN, infinite or beyond ±10¹² is taken as zero and counted ([`Engine::repaired`]). Audio
    /// thread.
    pub fn process(&mut self, block: &mut Block<'_, '_>) {
        denormals::flushed(|| self.convolver.process(block));
    }

    /// Forgets everything played and keeps the impulse: the engine is as new. Audio thread.
    pub fn reset(&mut self) {
        self.convolver.reset();
    }

    /// The impulse it convolves with.
    pub fn impulse(&self) -> &Arc<PreparedImpulse> {
        self.convolver.impulse()
    }

    /// How many input samples were no sound and have been taken as zero. Audio thread.
    pub fn repaired(&self) -> u64 {
        self.convolver.repaired()
    }
}

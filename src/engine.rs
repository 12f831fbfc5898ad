//! The convolution engine.
#![forbid(unsafe_code)]

pub mod block;
mod kernel;
pub mod routing;
mod transform;

pub use kernel::Simd;

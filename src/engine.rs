//! The convolution engine.
#![forbid(unsafe_code)]

pub mod block;
pub mod routing;

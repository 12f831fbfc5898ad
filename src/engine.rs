//! The convolution engine.
#![forbid(unsafe_code)]

pub mod block;
pub mod mixer;
pub mod routing;

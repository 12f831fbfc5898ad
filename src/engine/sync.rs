//! What threads share values through. tests/model.rs compiles the same sources over loom's in their place.

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

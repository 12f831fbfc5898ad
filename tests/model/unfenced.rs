//! The meter with a fault planted: its fences do nothing.

#[path = "../../src/engine/meter.rs"]
pub mod meter;

mod sync {
    pub use loom::sync::Arc;
    pub use loom::sync::atomic::{AtomicU64, Ordering};

    pub fn fence(_: Ordering) {}
}

reader_beside_the_writer!();

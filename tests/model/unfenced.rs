//! The meter, and what was played last, with a fault planted: their fences do nothing.

#[path = "../../src/engine/meter.rs"]
pub mod meter;
#[path = "../../src/engine/recent.rs"]
pub mod recent;

mod sync {
    pub use loom::sync::Arc;
    pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    pub fn fence(_: Ordering) {}
}

reader_beside_the_writer!();

/// Both ends over four cells.
pub fn tape_of_four() -> (recent::Tape, recent::Recent) {
    recent::with_cells(4)
}

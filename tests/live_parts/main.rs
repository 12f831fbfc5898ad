//! The parts of the live host that need no device: two clocks joined, the recorder, the guard.
#![cfg(feature = "live")]

#[path = "../common/oracle.rs"]
mod oracle;

mod drift;
mod guard;
mod music;
mod recorder;

#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

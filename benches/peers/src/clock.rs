//! The two clocks: wall time of a callback, CPU time of the process.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// CPU time of this process so far, all threads, to the nanosecond.
pub fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    time.map(Duration::from).unwrap_or_default()
}

/// CPU time, user and system, of all child processes that have ended.
pub fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN);
    let micros = usage
        .map(|usage| usage.user_time().num_microseconds() + usage.system_time().num_microseconds());
    Duration::from_micros(micros.unwrap_or(0).try_into().unwrap_or(0))
}

/// What reading the wall clock twice adds to a callback, nanoseconds: the least of many readings.
pub fn reading() -> f64 {
    let readings = (0..10_000).map(|_| Instant::now().elapsed().as_nanos() as f64);
    readings.fold(f64::MAX, f64::min)
}

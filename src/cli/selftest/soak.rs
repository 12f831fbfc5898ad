//! `partita selftest --soak`: a line a minute, and a verdict.

use super::super::say;
use super::decibels;
use crate::selftest::soak::{Extent, Standing, soak};
use crate::selftest::{CHANGE_DB, NULL_DB, SelftestError};
use serde_json::json;
use std::time::{Duration, Instant};

/// Stretches of a round.
const STRETCHES: u32 = 4;

/// A line is printed so often.
const LINE: Duration = Duration::from_secs(60);

/// Plays on for so many minutes and says what was found; whether all was well.
pub(super) fn run(minutes: f64, json: bool) -> Result<bool, SelftestError> {
    let begun = Instant::now();
    let mut lines = 0;
    let mut faults = 0;
    if !json {
        say::result(format_args!(
            "Two instances for {minutes} min: residues against the equation (bound {NULL_DB} dB) and the rule of a change ({CHANGE_DB} dB)"
        ));
    }
    let extent = Extent {
        time: Duration::from_secs_f64(minutes * 60.0),
        stretches: STRETCHES,
    };
    let standing = soak(extent, |standing| {
        for fault in &standing.faults[faults..] {
            say::error(fault);
        }
        faults = standing.faults.len();
        let due = (begun.elapsed().as_secs() / LINE.as_secs()) as u32;
        if due > lines && !json {
            lines = due;
            say::result(line(begun.elapsed(), standing));
        }
    })?;
    for fault in &standing.faults[faults..] {
        say::error(fault);
    }
    let passed = standing.faults.is_empty();
    let seconds = begun.elapsed().as_secs_f64();
    if json {
        say::result(json!({
            "passed": passed,
            "seconds": seconds,
            "rounds": standing.rounds,
            "stretches": standing.stretches,
            "changes": standing.changes,
            "presets": standing.presets,
            "moves": standing.moves,
            "broken": standing.broken,
            "sound_seconds": standing.sound_seconds,
            "highest_null_db": decibels(standing.null_db),
            "highest_change_db": decibels(standing.change_db),
            "memory_bytes": standing.memory,
            "faults": standing.faults,
        }));
    } else {
        say::result(line(begun.elapsed(), &standing));
        say::result(format_args!(
            "{}: at most {:.1} dB against the equation, {:.1} dB in a change; nothing left behind in {} rounds; {seconds:.0} s",
            if passed { "passed" } else { "FAILED" },
            standing.null_db,
            standing.change_db,
            standing.rounds,
        ));
    }
    Ok(passed)
}

fn line(elapsed: Duration, standing: &Standing) -> String {
    let memory = standing.memory.last().map_or_else(
        || "memory unknown".to_owned(),
        |bytes| format!("{:.1} MiB", *bytes as f64 / f64::from(1 << 20)),
    );
    format!(
        "{:>5.1} min  {} stretches, {} changes, {} presets, {} moves, {} broken inputs, {:.0} s of sound; {:.1} dB, {:.1} dB; {memory}; at most {} impulses alive",
        elapsed.as_secs_f64() / 60.0,
        standing.stretches,
        standing.changes,
        standing.presets,
        standing.moves,
        standing.broken,
        standing.sound_seconds,
        standing.null_db,
        standing.change_db,
        standing.most.alive,
    )
}

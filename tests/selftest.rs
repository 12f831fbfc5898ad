//! `partita selftest`: live and rendered are one sound, and the command says so.

use partita::selftest::soak::{Extent, Standing, soak};
use serde_json::Value;
use std::alloc::{GlobalAlloc, Layout, System};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

fn selftest(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
    command.arg("selftest").args(args);
    command.output().expect("the program runs")
}

/// A level; null is the same to the bit.
fn level(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NEG_INFINITY)
}

#[test]
fn every_factory_impulse_sounds_live_as_rendered() {
    let output = selftest(&["--quick", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let report: Value = serde_json::from_str(&text).expect("one JSON object");
    assert_eq!(report["passed"], true);
    let nulls = report["nulls"].as_array().expect("nulls");
    let names: Vec<_> = nulls.iter().map(|null| null["name"].as_str()).collect();
    for impulse in partita::impulse::library::factory() {
        assert!(names.contains(&Some(impulse.name)), "{}", impulse.name);
    }
    for null in nulls {
        let residues = null["residues"].as_array().expect("residues");
        assert_eq!(residues.len(), 2);
        for residue in residues {
            assert!(level(&residue["residue_db"]) < -120.0, "{null}");
        }
    }
    let changes = report["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), nulls.len());
    for change in changes {
        assert!(level(&change["residue_db"]) < -110.0, "{change}");
    }
}

#[test]
fn people_read_a_table_and_a_last_line() {
    let output = selftest(&["--quick"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with("passed: at most -"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_short_soak_finds_nothing() {
    let output = selftest(&["--soak", "0.1"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with("passed: at most -"), "{text}");
    assert_eq!(output.status.code(), Some(0));
    let output = selftest(&["--soak", "soon"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("expected minutes from 0 to 525600"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

/// Bytes that are allocated.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: the system's allocator does the work, with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, memory: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(memory.size(), Relaxed);
        // SAFETY: the caller promises what `System` asks for.
        unsafe { System.alloc(memory) }
    }

    unsafe fn alloc_zeroed(&self, memory: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(memory.size(), Relaxed);
        // SAFETY: the caller promises what `System` asks for.
        unsafe { System.alloc_zeroed(memory) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, memory: Layout) {
        ALLOCATED.fetch_sub(memory.size(), Relaxed);
        // SAFETY: the caller promises what `System` asks for.
        unsafe { System.dealloc(pointer, memory) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn after_each_round_of_a_soak_as_much_is_allocated_as_before() {
    let mut bytes = Vec::new();
    let extent = Extent {
        time: Duration::from_secs(10),
        stretches: 1,
    };
    let standing = soak(extent, |standing: &Standing| {
        assert!(standing.most.alive > 2, "{standing:?}");
        bytes.push(ALLOCATED.load(Relaxed));
    });
    let standing = standing.expect("goes on to its end");
    println!("allocated: {bytes:?}; {standing:?}");
    // Every rate has been played once after three rounds. The list of what was seen, a line of the index of what was
    // prepared and what the other tests here hold meanwhile are a few kilobytes; the smallest impulse that can be prepared
    // has as many.
    let (first, later) = bytes.split_at(3.min(bytes.len()));
    let most = first.iter().max().expect("a round") + (64 << 10);
    assert!(later.iter().all(|bytes| *bytes <= most), "{bytes:?}");
    assert!(standing.faults.is_empty(), "{:?}", standing.faults);
    assert!(standing.changes > 0 && standing.broken > 0 && standing.moves > 0);
}

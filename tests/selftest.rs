//! `partita selftest`: live and rendered are one sound, and the command says so.

use serde_json::Value;
use std::process::{Command, Output};

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

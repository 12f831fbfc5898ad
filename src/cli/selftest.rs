//! `partita selftest`: whether what plays live is what is rendered, on this machine.

mod soak;

use super::{Exit, say};
use crate::selftest::{
    self, Blocks, CHANGE_DB, NULL_DB, RATES, SelftestError, Subject, TAIL_SECONDS,
};
use serde_json::json;
use std::time::Instant;

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 all within bounds, 1 something is out of bounds")]
pub(super) struct Args {
    /// At 48 kHz, with two block lengths and a shorter sound: a few seconds
    #[arg(long)]
    quick: bool,
    /// Play on for so many minutes, doing what users do and worse; a line a minute
    #[arg(long, value_name = "MINUTES", conflicts_with = "quick", value_parser = minutes)]
    soak: Option<f64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Above nothing, and at most a year.
fn minutes(text: &str) -> Result<f64, String> {
    let minutes: Option<f64> = text.parse().ok();
    let minutes = minutes.filter(|minutes| (0.0..=525_600.0).contains(minutes));
    minutes.ok_or_else(|| "expected minutes from 0 to 525600".to_owned())
}

/// How much is done.
struct Extent {
    rates: &'static [u32],
    blocks: &'static [Blocks],
    seconds: f64,
}

const FULL: Extent = Extent {
    rates: &RATES,
    blocks: &Blocks::ALL,
    seconds: 1.0,
};

const QUICK: Extent = Extent {
    rates: &[48_000],
    blocks: &[Blocks::Every(64), Blocks::Random],
    seconds: 0.25,
};

/// Live against rendered, one subject at one rate.
struct Null<'a> {
    subject: &'a Subject,
    sample_rate: u32,
    residues: Vec<f64>,
}

/// A change against its rule.
struct Change<'a> {
    before: &'a Subject,
    after: &'a Subject,
    sample_rate: u32,
    residue: f64,
}

pub(super) fn run(args: &Args) -> Exit {
    let extent = if args.quick { &QUICK } else { &FULL };
    let passed = match args.soak {
        Some(minutes) => soak::run(minutes, args.json),
        None => test(args, extent),
    };
    match passed {
        Ok(true) => Exit::Ok,
        Ok(false) => Exit::Failed,
        Err(error) => {
            say::error(format_args!("the self-test cannot go on: {error}"));
            Exit::Failed
        }
    }
}

fn test(args: &Args, extent: &Extent) -> Result<bool, SelftestError> {
    let start = Instant::now();
    let subjects = selftest::subjects();
    let tell = |line: String| {
        if !args.json {
            say::result(line);
        }
    };
    tell(format!(
        "Live against rendered: {} s of sound and {TAIL_SECONDS} s of tail, what is left in dB (bound {NULL_DB})",
        extent.seconds
    ));
    let heads = extent.blocks.iter().map(|blocks| format!("{blocks:>8}"));
    let heads: String = heads.collect();
    tell(format!("{:<24} {:>6} Hz{heads}", "", "blocks at"));
    let mut nulls = Vec::new();
    for subject in &subjects {
        for &sample_rate in extent.rates {
            let residues = selftest::null(subject, sample_rate, extent.seconds, extent.blocks)?;
            let shown: String = residues.iter().map(|db| format!("{db:>8.1}")).collect();
            tell(format!("{:<24} {sample_rate:>9} Hz{shown}", subject.name));
            nulls.push(Null {
                subject,
                sample_rate,
                residues,
            });
        }
    }
    tell(format!(
        "A change of the impulse while it plays, against its rule (bound {CHANGE_DB})"
    ));
    let mut changes = Vec::new();
    for (place, before) in subjects.iter().enumerate() {
        // Each follows another, and the first the last.
        let after = &subjects[(place + 1) % subjects.len()];
        let sample_rate = extent.rates[place % extent.rates.len()];
        let blocks = extent.blocks[place % extent.blocks.len()];
        let residue = selftest::change(before, after, sample_rate, extent.seconds, blocks)?;
        let names = format!("{} to {}", before.name, after.name);
        tell(format!("{names:<34} {sample_rate:>6} Hz{residue:>8.1}"));
        changes.push(Change {
            before,
            after,
            sample_rate,
            residue,
        });
    }
    let highest = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::NEG_INFINITY, f64::max);
    let null = highest(&mut nulls.iter().flat_map(|null| null.residues.iter().copied()));
    let change = highest(&mut changes.iter().map(|change| change.residue));
    let passed = null < NULL_DB && change < CHANGE_DB;
    let seconds = start.elapsed().as_secs_f64();
    if args.json {
        let mut report = machine(extent, &nulls, &changes);
        report["passed"] = json!(passed);
        report["highest_null_db"] = decibels(null);
        report["highest_change_db"] = decibels(change);
        report["seconds"] = json!(seconds);
        say::result(report);
    } else {
        say::result(format_args!(
            "{}: at most {null:.1} dB between live and rendered, {change:.1} dB in a change; {seconds:.1} s",
            if passed { "passed" } else { "FAILED" }
        ));
    }
    Ok(passed)
}

fn machine(extent: &Extent, nulls: &[Null<'_>], changes: &[Change<'_>]) -> serde_json::Value {
    let null = |null: &Null<'_>| {
        let blocks = extent.blocks.iter().zip(&null.residues);
        let blocks: Vec<_> = blocks
            .map(|(blocks, &db)| json!({"blocks": blocks.to_string(), "residue_db": decibels(db)}))
            .collect();
        json!({
            "name": &null.subject.name,
            "sample_rate": &null.sample_rate,
            "residues": blocks,
        })
    };
    let change = |change: &Change<'_>| {
        json!({
            "before": change.before.name,
            "after": change.after.name,
            "sample_rate": change.sample_rate,
            "residue_db": decibels(change.residue),
        })
    };
    json!({
        "null_bound_db": NULL_DB,
        "change_bound_db": CHANGE_DB,
        "nulls": nulls.iter().map(null).collect::<Vec<_>>(),
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
    })
}

/// A level in JSON, which has no infinity: null where nothing differs by a bit, 999 where all does.
fn decibels(db: f64) -> serde_json::Value {
    json!((db > f64::NEG_INFINITY).then_some(db.min(999.0)))
}

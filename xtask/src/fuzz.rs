//! `cargo xtask fuzz`: the targets of tests/fuzz under libFuzzer, one after another.
//!
//! What guides it is LLVM's coverage of edges and comparisons, which stable Rust can be told to compile in. The
//! sanitizers themselves need nightly; overflow checks and assertions of the debug profile are on. What is found
//! on the way is kept in target/fuzz, so that a second run goes on from there.

use crate::test::{cargo, workspace};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Those of tests/fuzz/src/targets.rs.
const TARGETS: [&str; 5] = ["arguments", "conf", "impulse", "preset", "sequence"];

/// As cargo-fuzz has them. One unit of code generation, or the linker drops tables of edges that it thinks unused.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

#[derive(clap::Args)]
pub struct Arguments {
    /// For each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Which; without, all of them
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
}

/// Builds, runs, and prints what was reached. The error names the file whose bytes broke a promise.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let place = workspace().join("target/fuzz");
    let program = build(&place)?;
    let targets = match &*arguments.targets {
        [] => TARGETS.map(str::to_owned).to_vec(),
        some => some.to_vec(),
    };
    let mut found = Vec::new();
    for target in &targets {
        match fuzz(&program, &place, target, arguments.seconds) {
            Ok(reached) => println!("xtask: fuzz {target}: {reached}"),
            Err(what) => {
                println!("xtask: fuzz {target}: {what}");
                found.push(target.as_str());
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(format!("fuzz: found something in {}", found.join(", ")))
}

fn build(place: &Path) -> Result<PathBuf, String> {
    let trouble = |error: std::io::Error| format!("fuzz: {error}");
    let version = Command::new("rustc").arg("-vV").output().map_err(trouble)?;
    let version = String::from_utf8_lossy(&version.stdout);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("fuzz: rustc does not say what it compiles for")?;
    // Named as a target, so that build scripts go without the flags.
    let status = cargo()
        .args(["build", "--package", "fuzz", "--target", host])
        .arg("--target-dir")
        .arg(place)
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_INCREMENTAL", "0")
        .status()
        .map_err(trouble)?;
    if !status.success() {
        return Err("fuzz: the targets do not build".to_owned());
    }
    Ok(place.join(host).join("debug/fuzz"))
}

/// What was reached, in figures.
fn fuzz(program: &Path, place: &Path, target: &str, seconds: u64) -> Result<String, String> {
    let trouble = |error: std::io::Error| error.to_string();
    let corpus = place.join("corpus").join(target);
    let finds = place.join("finds");
    fs::create_dir_all(&corpus).map_err(trouble)?;
    fs::create_dir_all(&finds).map_err(trouble)?;
    let log = place.join(format!("{target}.log"));
    let said = fs::File::create(&log).map_err(trouble)?;
    let status = Command::new(program)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/{target}-", finds.display()))
        .args(["-print_final_stats=1", "-timeout=20", "-rss_limit_mb=4096"])
        .args(["-max_len=20000", "-reload=0"])
        .args([corpus, workspace().join("tests/fuzz/corpus").join(target)])
        .env("PARTITA_FUZZ", target)
        .current_dir(place)
        .stderr(said)
        .status()
        .map_err(trouble)?;
    let log_text = fs::read(&log).map_err(trouble)?;
    let log_text = String::from_utf8_lossy(&log_text);
    if !status.success() {
        let mut lines = log_text.lines();
        let what = lines.find(|line| line.contains("panicked at") || line.contains("ERROR: "));
        let what = what.unwrap_or("it ended early");
        return Err(format!(
            "{what}; see {} and {}",
            log.display(),
            finds.display()
        ));
    }
    reached(&log_text).ok_or_else(|| format!("no figures in {}", log.display()))
}

/// From libFuzzer's last words.
fn reached(log: &str) -> Option<String> {
    let after = |line: &str, word: &str| {
        let rest = &line[line.find(word)? + word.len()..];
        let number: String = rest
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        number.parse::<u64>().ok()
    };
    let figure = |word: &str| log.lines().rev().find_map(|line| after(line, word));
    let ran = figure("number_of_executed_units:")?;
    let edges = figure("cov: ")?;
    let all = log.lines().find_map(|line| {
        after(line, "modules   (").or_else(|| after(line.split("modules").nth(1)?, "("))
    })?;
    let kept = figure("corp: ")?;
    let seconds = Duration::from_secs(
        log.lines()
            .rev()
            .find_map(|line| after(line.strip_prefix("Done ")?.split(" in ").nth(1)?, ""))?,
    );
    Some(format!(
        "{ran} executions in {seconds:?}, {edges} of {all} edges, {kept} inputs kept, nothing found"
    ))
}

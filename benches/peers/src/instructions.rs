//! Instructions that an engine executes for a second of stereo sound, counted by callgrind: a figure
//! without noise, which can be held against a recorded one on any machine. Valgrind has no AVX-512,
//! so what is counted is the AVX2 path.
//!
//! Callgrind counts inside [`counted`] alone, which plays whole periods of the schedule by an engine
//! that is warm. zita works in threads of its own; there it counts inside their common function, from
//! the start, without zita's own copying of blocks in and out.

use crate::cell::{Blocks, Cell, PERIOD, RATE};
use crate::engines;
use crate::runner::Runner;
use partita::engine::Routing;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The engine whose counts are recorded.
const OURS: &str = "partita-avx2";
/// Impulse seconds and block lengths that are recorded.
const CELLS: [(f64, usize); 4] = [(3.0, 64), (3.0, 512), (10.0, 64), (10.0, 512)];
/// How much more than the recorded count is a regression.
const LIMIT: f64 = 1.1;
/// Periods that are counted.
const PERIODS: usize = 2;

#[derive(clap::Args)]
pub struct Arguments {
    /// Engines to count; only partita-avx2 is recorded and checked
    #[arg(long, value_delimiter = ',', default_value = OURS, value_parser = engines::name)]
    engines: Vec<String>,
    /// Fail where a count is more than 10 % above the recorded one
    #[arg(long, conflicts_with = "record")]
    check: bool,
    /// Replace the recorded counts
    #[arg(long)]
    record: bool,
    /// zita's shim, where it could be built
    #[arg(long, hide = true)]
    zita_shim: Option<PathBuf>,
}

/// What one run under callgrind plays.
#[derive(clap::Args)]
pub struct Counted {
    #[arg(long)]
    engine: String,
    #[arg(long)]
    impulse_seconds: f64,
    #[arg(long)]
    block: usize,
    #[arg(long)]
    zita_shim: Option<PathBuf>,
}

/// Millions of instructions per second of sound in one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Count {
    seconds: f64,
    block: usize,
    millions: f64,
}

/// Counts, prints, and records or checks what is asked for.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let recorded = if arguments.check {
        parse(&read()?)?
    } else {
        Vec::new()
    };
    println!("millions of instructions per second of stereo sound at 48 kHz, AVX2");
    println!(
        "{:20} {:>4} {:>6} {:>9}",
        "engine", "s", "block", "millions"
    );
    let mut ours = Vec::new();
    for (seconds, block) in CELLS {
        for engine in &arguments.engines {
            match count(engine, seconds, block, arguments.zita_shim.as_deref()) {
                Ok(millions) => {
                    println!("{engine:20} {seconds:4} {block:6} {millions:9.2}");
                    if engine == OURS {
                        ours.push(Count {
                            seconds,
                            block,
                            millions,
                        });
                    }
                }
                Err(why) if engine == OURS => return Err(why),
                Err(why) => eprintln!("peers: {engine} skipped: {why}"),
            }
        }
    }
    if arguments.record {
        std::fs::write(path(), print(&ours))
            .map_err(|error| format!("{}: {error}", path().display()))?;
        println!("recorded in {}", path().display());
    }
    if arguments.check {
        let failures = regressions(&recorded, &ours);
        if !failures.is_empty() {
            return Err(failures.join("\npeers: "));
        }
        println!("none is more than 10 % above the recorded count");
    }
    Ok(())
}

/// The whole course of one run under callgrind.
pub fn play(arguments: &Counted) -> Result<(), String> {
    let block = arguments.block;
    let blocks = Blocks::Every(block);
    let cell = Cell::new(Routing::stereo(), arguments.impulse_seconds, blocks);
    let shim = arguments.zita_shim.as_deref();
    let engine = engines::make(&arguments.engine, &cell, shim, true)?;
    let mut runner = Runner::new(engine, &cell);
    let calls = PERIOD / block;
    for _ in 0..calls {
        runner.process(block);
    }
    counted(&mut runner, block, PERIODS * calls);
    Ok(())
}

/// A function of its own in the binary, so that callgrind finds where to count.
#[inline(never)]
fn counted(runner: &mut Runner<'_>, block: usize, calls: usize) {
    for _ in 0..calls {
        runner.process(block);
    }
}

/// Runs this program under callgrind.
fn count(engine: &str, seconds: f64, block: usize, shim: Option<&Path>) -> Result<f64, String> {
    let threads = engine == "zita";
    let (toggle, periods) = if threads {
        ("Convlevel::process(bool)", PERIODS + 1)
    } else {
        ("peers::instructions::counted*", PERIODS)
    };
    let program = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let mut command = Command::new("valgrind");
    command
        .args([
            "--tool=callgrind",
            "--collect-atstart=no",
            "--callgrind-out-file=/dev/null",
        ])
        .arg(format!("--toggle-collect={toggle}"))
        .arg(program)
        .args(["count", "--engine", engine])
        .args(["--impulse-seconds", &seconds.to_string()])
        .args(["--block", &block.to_string()]);
    if let Some(shim) = shim {
        command.arg("--zita-shim").arg(shim);
    }
    let output = command
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind: {}", said.trim()));
    }
    let instructions = collected(&said).filter(|&count| count > 0.0);
    let instructions = instructions.ok_or_else(|| format!("callgrind counted nothing:\n{said}"))?;
    Ok(instructions / 1e6 / ((periods * PERIOD) as f64 / RATE))
}

/// The number in callgrind's line `Collected : 123`.
fn collected(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

/// What is worse than recorded, a line each.
fn regressions(recorded: &[Count], measured: &[Count]) -> Vec<String> {
    let judge = |now: &Count| {
        let place = format!("{} s at {}", now.seconds, now.block);
        let before = recorded
            .iter()
            .find(|before| before.seconds == now.seconds && before.block == now.block);
        let Some(before) = before else {
            return Some(format!(
                "{place} has no recorded count; add it with --record"
            ));
        };
        (now.millions > LIMIT * before.millions).then(|| {
            format!(
                "{place} takes {:.2} M instructions per second of sound, {:.0} % more than the recorded {:.2} M; \
                 make it cheaper, or record the new cost with --record",
                now.millions,
                100.0 * (now.millions / before.millions - 1.0),
                before.millions
            )
        })
    };
    measured.iter().filter_map(judge).collect()
}

const HEADER: &str = "impulse_seconds,block,million_instructions_per_second";

/// The file of recorded counts.
fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../instructions.csv")
}

fn read() -> Result<String, String> {
    std::fs::read_to_string(path())
        .map_err(|error| format!("{}: {error}; make it with --record", path().display()))
}

fn print(counts: &[Count]) -> String {
    let mut text = format!("{HEADER}\n");
    for count in counts {
        let _ = writeln!(
            text,
            "{},{},{:.2}",
            count.seconds, count.block, count.millions
        );
    }
    text
}

fn parse(text: &str) -> Result<Vec<Count>, String> {
    let mut lines = text.lines();
    let line = |line: &str| {
        let mut fields = line.split(',');
        let count = Count {
            seconds: fields.next()?.parse().ok()?,
            block: fields.next()?.parse().ok()?,
            millions: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(count)
    };
    let counts: Option<Vec<Count>> = (lines.next() == Some(HEADER))
        .then(|| lines.map(line).collect())
        .flatten();
    counts.ok_or_else(|| {
        format!(
            "{}: expected lines of {HEADER}; make it anew with --record",
            path().display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: Count = Count {
        seconds: 3.0,
        block: 64,
        millions: 25.0,
    };

    fn now(millions: f64) -> Vec<Count> {
        vec![Count {
            millions,
            ..RECORDED
        }]
    }

    #[test]
    fn a_tenth_more_passes_and_anything_beyond_fails() {
        assert_eq!(regressions(&[RECORDED], &now(27.49)), Vec::<String>::new());
        assert_eq!(regressions(&[RECORDED], &now(5.0)), Vec::<String>::new());
        let failures = regressions(&[RECORDED], &now(27.51));
        assert_eq!(failures.len(), 1);
        assert!(
            failures[0].starts_with("3 s at 64 takes 27.51 M"),
            "{failures:?}"
        );
    }

    #[test]
    fn a_cell_without_a_record_fails() {
        let other = Count {
            block: 512,
            ..RECORDED
        };
        assert_eq!(regressions(&[RECORDED], &[other]).len(), 1);
        assert_eq!(regressions(&[], &now(1.0)).len(), 1);
    }

    #[test]
    fn the_committed_record_covers_every_cell_and_reads_as_written() {
        let counts = parse(&read().unwrap()).unwrap();
        let cells: Vec<_> = counts
            .iter()
            .map(|count| (count.seconds, count.block))
            .collect();
        assert_eq!(cells, CELLS);
        assert_eq!(parse(&print(&counts)).unwrap(), counts);
        for bad in [
            "",
            "3,64,1.0\n",
            &format!("{HEADER}\n3,64\n"),
            &format!("{HEADER}\n3,64,1,1\n"),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_callgrind_says_is_read() {
        let said = "==7== Events    : Ir\n==7== Collected : 136551\n==7== \n";
        assert_eq!(collected(said), Some(136_551.0));
        assert_eq!(collected("==7== nothing"), None);
    }
}

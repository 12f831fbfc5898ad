//! `cargo xtask impulses`: makes the impulses that Partita ships.
//!
//! - The same bytes on every machine: all arithmetic is `f64` in a fixed order, transcendental
//!   functions come from `libm` and not from the platform, noise from an own seeded generator, and
//!   nothing depends on threads or on the order of a map. `--check` and a test compare every
//!   committed file byte by byte.
//! - 48 kHz, 24 bit, peaks between −6 and −1 dBFS, no DC, faded to silence at the end.
//! - [`IMPULSES`] in list.rs is the only list; `impulses/catalogue.toml` is written from it.

mod air;
mod bands;
mod echo;
mod effect;
mod filter;
mod fourier;
mod list;
mod measure;
mod plate;
mod random;
mod rooms;
mod shoebox;
mod space;
mod speaker;
mod spring;
#[cfg(test)]
mod tests;
mod tune;
mod wav;

use list::{Design, IMPULSES, Impulse};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Frames per second of every factory impulse.
const SAMPLE_RATE: f64 = 48_000.0;

/// The most a file may have, in bytes: all of them are embedded in the plugin.
const MOST_BYTES: usize = 2_500_000;

/// Licence of everything made here, the project's own.
const LICENCE: &str = "MIT OR Apache-2.0";

const CATALOGUE: &str = "catalogue.toml";

/// What `cargo xtask impulses` can be told.
#[derive(clap::Args)]
pub struct Arguments {
    /// Write nothing; fail if a file there is not what the generator makes.
    #[arg(long)]
    check: bool,
    /// Where the impulses are [default: impulses/ of the workspace].
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

/// Makes all files, or checks them.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let directory = &arguments.output_dir.clone().unwrap_or_else(committed);
    if arguments.check {
        let files = check(directory, files())?;
        println!("{files} files in {} are as made", directory.display());
        return Ok(());
    }
    fs::create_dir_all(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    for (name, bytes) in files() {
        let path = directory.join(&name);
        fs::write(&path, &bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("{name:20} {:>8} bytes", bytes.len());
    }
    Ok(())
}

/// impulses/ of the workspace that this was built in.
fn committed() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    workspace
        .expect("xtask is in the workspace")
        .join("impulses")
}

/// How many files in `directory` are those `made`, or what is wrong with them.
fn check(directory: &Path, made: impl Iterator<Item = (String, Vec<u8>)>) -> Result<usize, String> {
    let mut wrong = String::new();
    let files: Vec<(String, Vec<u8>)> = made.collect();
    for (name, made) in &files {
        let path = directory.join(name);
        match fs::read(&path) {
            Err(error) => writeln!(wrong, "{}: {error}", path.display()),
            Ok(found) => match difference(made, &found) {
                Some(byte) => writeln!(
                    wrong,
                    "{}: byte {byte} is not what the generator makes ({} bytes there, {} made)",
                    path.display(),
                    found.len(),
                    made.len()
                ),
                None => Ok(()),
            },
        }
        .expect("a String can be written to");
    }
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut strangers: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".wav") && files.iter().all(|(made, _)| made != name))
        .collect();
    strangers.sort();
    for name in strangers {
        let path = directory.join(name);
        writeln!(
            wrong,
            "{}: the generator makes no such file",
            path.display()
        )
        .expect("a String can be written to");
    }
    if wrong.is_empty() {
        Ok(files.len())
    } else {
        Err(wrong + "cargo xtask impulses makes them anew; commit what it writes")
    }
}

/// The first byte in which two files differ; the length of the shorter if one ends before.
fn difference(made: &[u8], found: &[u8]) -> Option<usize> {
    let common = made.len().min(found.len());
    let differing = (0..common).find(|byte| made[*byte] != found[*byte]);
    differing.or((made.len() != found.len()).then_some(common))
}

/// Name and bytes of every file, one at a time.
fn files() -> impl Iterator<Item = (String, Vec<u8>)> {
    let impulses = IMPULSES.iter();
    let impulses = impulses.map(|impulse| file(impulse, &(impulse.make)()));
    impulses.chain([(CATALOGUE.to_owned(), catalogue().into_bytes())])
}

fn file(impulse: &Impulse, channels: &[Vec<f64>]) -> (String, Vec<u8>) {
    let bytes = wav::encode(channels);
    assert!(bytes.len() <= MOST_BYTES, "{} is too long", impulse.name);
    (format!("{}.wav", impulse.name), bytes)
}

/// What Partita reads to know its factory impulses.
fn catalogue() -> String {
    let mut text = "# Written by `cargo xtask impulses`.\n".to_owned();
    for impulse in &IMPULSES {
        writeln!(
            text,
            "\n[[impulse]]\nname = {:?}\nkind = {:?}\nlayout = {:?}\ntags = {:?}",
            impulse.name, impulse.kind, impulse.layout, impulse.tags
        )
        .and_then(|()| match impulse.design {
            Some(Design { t30, .. }) => writeln!(text, "t30 = {t30:?}"),
            None => Ok(()),
        })
        .and_then(|()| match impulse.design.and_then(|design| design.c80) {
            Some(c80) => writeln!(text, "c80 = {c80:?}"),
            None => Ok(()),
        })
        .and_then(|()| {
            writeln!(
                text,
                "description = {:?}\nlicence = {LICENCE:?}",
                impulse.description
            )
        })
        .expect("a String can be written to");
    }
    text
}

/// Whole frames in `seconds`.
fn frames(seconds: f64) -> usize {
    (seconds * SAMPLE_RATE).round() as usize
}

/// Brings the last `share` of `signal` down to zero on a raised cosine.
fn fade_out(signal: &mut [f64], share: f64) {
    let length = (signal.len() as f64 * share) as usize;
    for (n, sample) in signal.iter_mut().rev().take(length).enumerate() {
        *sample *= 0.5 - 0.5 * libm::cos(core::f64::consts::PI * n as f64 / length as f64);
    }
}

/// Scales all channels by one factor, so that the highest peak of them is `peak`.
fn normalise(channels: &mut [Vec<f64>], peak: f64) {
    let highest = channels
        .iter()
        .flatten()
        .fold(0.0_f64, |h, x| h.max(x.abs()));
    let samples = channels.iter_mut().flatten();
    samples.for_each(|sample| *sample *= peak / highest);
}

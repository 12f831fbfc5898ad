//! An impulse that was made, on its way to a file: what `shape`, `echo` and `chain` have in common.

use super::print_json;
use crate::cli::{Exit, say};
use crate::impulse::ImpulseResponse;
use crate::impulse::save::{self, Existing, Options, SaveError};
use crate::output::Destination;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Writing {
    /// The WAV file to write, in 32-bit float
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the file if it exists
    #[arg(short, long)]
    force: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// How an impulse came out.
pub(super) struct Made<'a> {
    pub(super) impulse: &'a ImpulseResponse,
    /// Gain that its level took, in dB.
    pub(super) gain_db: f64,
    /// Frames by which it is late.
    pub(super) delay: usize,
}

impl Writing {
    /// Writes `made`, which none of `inputs` may be replaced by, and says what it is.
    pub(super) fn write(&self, made: &Made<'_>, inputs: &[&Path]) -> Exit {
        let existing = if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        if let Err(fault) = Destination::check(&self.output, inputs, existing) {
            say::error(format_args!("{}: {fault}", self.output.display()));
            return Exit::Output;
        }
        let options = Options {
            existing,
            ..Options::default()
        };
        match save::write(&self.output, made.impulse, options) {
            Ok(saved) => {
                self.tell(made, 20.0 * f64::from(saved.peak).log10());
                Exit::Ok
            }
            Err(error) => self.refuse(&error),
        }
    }

    fn refuse(&self, error: &SaveError) -> Exit {
        say::error(error);
        Exit::Output
    }

    fn tell(&self, made: &Made<'_>, peak_dbfs: f64) {
        let impulse = made.impulse;
        if self.json {
            print_json(&json!({
                "output": self.output.to_string_lossy(),
                "channels": impulse.channels.len(),
                "layout": impulse.layout,
                "sample_rate": impulse.sample_rate,
                "frames": impulse.frames(),
                "seconds": impulse.seconds(),
                "peak_dbfs": peak_dbfs.is_finite().then_some(peak_dbfs),
                "gain_db": made.gain_db,
                "delay_frames": made.delay,
            }));
            return;
        }
        let late = match made.delay {
            0 => String::new(),
            frames => format!(", late by {frames} samples"),
        };
        say::result(format_args!(
            "{}: {:.3} s, {} ({}), {} Hz, peak {}, gain {:+.2} dB{late}",
            self.output.display(),
            impulse.seconds(),
            say::channels(impulse.channels.len()),
            impulse.layout.name(),
            impulse.sample_rate,
            say::level(peak_dbfs, "dBFS"),
            made.gain_db,
        ));
    }
}

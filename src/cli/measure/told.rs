//! A sweep and a measurement in words.

use crate::cli::impulse::print_json;
use crate::cli::impulse::show::figures;
use crate::cli::say;
use crate::impulse::ImpulseResponse;
use crate::impulse::analyze::Analysis;
use crate::impulse::measure::{Distortion, Measurement, Played, Sweep};
use serde_json::json;
use std::path::Path;

/// In m/s, at 20 °C.
const SPEED_OF_SOUND: f64 = 343.2;

/// What `--write-sweep` wrote.
pub(super) fn sweep(file: &Path, sweep: &Sweep, played: &ImpulseResponse, as_json: bool) {
    if as_json {
        print_json(&json!({
            "output": file.to_string_lossy(),
            "channels": played.channels.len(),
            "sample_rate": sweep.sample_rate,
            "seconds": played.seconds(),
            "from_hz": sweep.from,
            "to_hz": sweep.to,
            "sweep_seconds": sweep.seconds,
            "repeats": sweep.repeats,
            "decay_seconds": sweep.decay,
            "level_dbfs": sweep.level_db,
        }));
        return;
    }
    say::result(format_args!(
        "{}: {:.1} s, {}, {} Hz: {} Hz to {} Hz in {} s, {} dBFS, {}",
        file.display(),
        played.seconds(),
        say::channels(played.channels.len()),
        sweep.sample_rate,
        sweep.from,
        sweep.to,
        sweep.seconds,
        sweep.level_db,
        times(sweep.slots()),
    ));
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        several => format!("{several} times"),
    }
}

/// What stands in the impulse's file.
pub(super) fn note(measured: &Measurement, played: &Played) -> String {
    let what = match played {
        Played::Sweep(sweep) => format!(
            "an exponential sweep from {} Hz to {} Hz in {} s",
            sweep.from, sweep.to, sweep.seconds
        ),
        Played::Other(_) => "a sound of its own".to_owned(),
    };
    let loopback = match measured.travel_ms {
        Some(_) => ", against a loopback",
        None => "",
    };
    format!(
        "Measured by partita {} with {what}, {}{loopback}",
        env!("CARGO_PKG_VERSION"),
        times(measured.sweeps_used)
    )
}

/// What was measured; `analysis` is that of the impulse before it was cut.
pub(super) fn measured(file: &Path, measured: &Measurement, analysis: &Analysis, as_json: bool) {
    let impulse = &measured.impulse;
    if as_json {
        print_json(&json!({
            "output": file.to_string_lossy(),
            "channels": impulse.channels.len(),
            "layout": impulse.layout,
            "sample_rate": impulse.sample_rate,
            "frames": impulse.frames(),
            "seconds": impulse.seconds(),
            "measurement": measured,
            "analysis": analysis,
        }));
        return;
    }
    for notice in &measured.notices {
        say::error(format_args!("note: {notice}"));
    }
    say::result(format_args!(
        "{}: {:.3} s, {} ({}), {} Hz",
        file.display(),
        impulse.seconds(),
        say::channels(impulse.channels.len()),
        impulse.layout.name(),
        impulse.sample_rate,
    ));
    let line = |label: &str, text: String| say::result(format_args!("{label:<12}{text}"));
    let mut text = format!("{} of {} used", measured.sweeps_used, measured.sweeps_found);
    if let Some(db) = measured.repeats_differ_db {
        text += &format!("; each differs by {db:.0} dB from the response");
    }
    line("sweeps", text);
    let mut text = format!(
        "peak {:.1} dBFS, sweep {:.1} dBFS",
        measured.peak_dbfs, measured.sweep_dbfs
    );
    if let Some(noise) = measured.noise_dbfs {
        let above = measured.sweep_dbfs - noise;
        text += &format!(", noise {noise:.1} dBFS: {above:.0} dB below the sweep");
    }
    line("recording", text);
    if let Some(ppm) = measured.drift_ppm {
        line("clocks", format!("{ppm:+.2} ppm apart"));
    }
    if let Some(distortion) = &measured.distortion {
        line("distortion", orders(distortion));
    }
    if let Some(ms) = measured.travel_ms {
        let metres = ms / 1000.0 * SPEED_OF_SOUND;
        line("travel", format!("{ms:.2} ms: {metres:.2} m at 20 °C"));
    }
    if measured.delay_frames > 0 {
        line("late by", format!("{} samples", measured.delay_frames));
    }
    for (label, text) in figures::lines(analysis, impulse.layout) {
        line(label, text);
    }
    for row in figures::decays(&analysis.decay) {
        say::result(row);
    }
}

fn orders(distortion: &Distortion) -> String {
    let mut text = format!("{:.2} %", distortion.total_percent);
    let mut separator = ": ";
    for order in &distortion.orders {
        let percent = match order.percent {
            Some(percent) => format!("{percent:.2} %"),
            None => "below the noise".to_owned(),
        };
        text += &format!("{separator}order {} {percent}", order.order);
        if let (Some(worst), Some(hz)) = (order.worst_percent, order.worst_hz) {
            text += &format!(" ({worst:.1} % at {hz:.0} Hz)");
        }
        separator = ", ";
    }
    text
}

//! An analysis in words and in a table.

use crate::cli::say;
use crate::impulse::Layout;
use crate::impulse::analyze::Analysis;
use crate::impulse::analyze::decay::{Decay, Decays};
use crate::impulse::analyze::spectrum::Third;

/// What a figure is that is not there.
const NONE: &str = "–";

/// A label and its text for each thing that is known.
pub(in crate::cli) fn lines(found: &Analysis, layout: Layout) -> Vec<(&'static str, String)> {
    let outline = &found.outline;
    let level = |value: Option<f64>, unit| say::level(value.unwrap_or(f64::NEG_INFINITY), unit);
    let seconds = |frames: usize| frames as f64 * outline.seconds / outline.frames.max(1) as f64;
    let mut lines = vec![(
        "length",
        format!("{:.3} s ({} samples)", outline.seconds, outline.frames),
    )];
    let peak = outline.peak.as_ref().map(|peak| peak.dbfs);
    let mut text = level(peak, "dBFS");
    if let Some(true_peak) = found.true_peak_dbtp {
        text += &format!(", between samples {true_peak:.1} dBTP");
    }
    lines.push(("peak", text));
    lines.push(("energy", level(outline.energy_db, "dB")));
    let Some(silence) = outline.leading_silence_ms else {
        return lines;
    };
    lines.push(("onset", format!("{silence:.2} ms")));
    let all = &found.decay.broadband;
    if let Some(knee) = all.knee {
        lines.push((
            "noise floor",
            match all.noise_dbfs {
                Some(noise) => format!("{noise:.1} dBFS; the decay meets it at {knee:.2} s"),
                None => match all.range_db {
                    Some(range) => {
                        format!("none: the decay goes on to the end, {range:.0} dB down")
                    }
                    None => "none: the decay goes on to the end".to_owned(),
                },
            },
        ));
    }
    lines.push(("tail", format!("{:.3} s", seconds(found.tail_frames))));
    if let Some(mixing) = found.mixing_ms {
        lines.push(("mixed after", format!("{mixing:.0} ms")));
    }
    let offset = found.per_channel.iter().map(|channel| channel.dc_offset);
    let offset = offset.fold(
        0.0,
        |most: f64, x| if x.abs() > most.abs() { x } else { most },
    );
    if offset != 0.0 {
        lines.push((
            "DC offset",
            format!("{:.4} % of full scale", 100.0 * offset),
        ));
    }
    let clipped: usize = found.per_channel.iter().map(|it| it.clipping.samples).sum();
    if clipped > 0 {
        lines.push(("clipped", format!("{clipped} samples")));
    }
    for pair in &found.pairs {
        let [a, b] = pair.channels.map(|channel| layout.channel_name(channel));
        let number = |value: Option<f64>| value.map_or(NONE.to_owned(), |it| format!("{it:.2}"));
        let mut text = format!(
            "{a}–{b} {} early, {} late",
            number(pair.early),
            number(pair.late)
        );
        if let Some((direct, delay)) = pair.direct_db.zip(pair.delay_ms) {
            text += &format!("; direct sound {direct:+.1} dB in {a}, {delay:+.2} ms to {b}");
        }
        lines.push(("correlation", text));
    }
    if let Some(text) = colour(&found.spectrum) {
        lines.push(("colour", text));
    }
    lines
}

/// The gain in each octave, against 1 kHz.
fn colour(spectrum: &[Third]) -> Option<String> {
    let at = |hz: f64| spectrum.iter().find(|third| third.hz == hz)?.db;
    let middle = at(1000.0)?;
    let octaves = [63.0, 125.0, 250.0, 500.0, 2000.0, 4000.0, 8000.0, 16_000.0];
    let parts: Vec<_> = octaves
        .into_iter()
        .filter_map(|hz| Some(format!("{} {:+.0}", hertz(hz), at(hz)? - middle)))
        .collect();
    Some(format!("{} dB against 1k Hz", parts.join(", ")))
}

fn hertz(hz: f64) -> String {
    if hz < 1000.0 {
        format!("{hz}")
    } else {
        format!("{}k", hz / 1000.0)
    }
}

/// The table of decays; empty in silence.
pub(in crate::cli) fn decays(decays: &Decays) -> Vec<String> {
    if decays.broadband == Decay::default() {
        return Vec::new();
    }
    let mut rows = vec![format!(
        "{:>7}{:>8}{:>8}{:>8}{:>9}{:>9}{:>7}{:>10}",
        "Hz", "T30 s", "T20 s", "EDT s", "C80 dB", "C50 dB", "D50", "range dB"
    )];
    let mut bent = false;
    let mut row = |label: String, decay: &Decay| {
        let number = |value: Option<f64>, places: usize| {
            value.map_or(NONE.to_owned(), |it| format!("{it:.places$}"))
        };
        // Not a straight line: ISO 3382-2, annex B.
        let crooked = decay.nonlinearity.is_some_and(|permille| permille > 10.0);
        bent |= crooked;
        let mark = if crooked { "*" } else { " " };
        rows.push(format!(
            "{label:>7}{:>7}{mark}{:>7} {:>7} {:>8} {:>8} {:>6} {:>9}",
            number(decay.t30, 3),
            number(decay.t20, 3),
            number(decay.edt, 3),
            number(decay.c80, 1),
            number(decay.c50, 1),
            number(decay.d50, 2),
            number(decay.range_db, 0),
        ));
    };
    for octave in &decays.octaves {
        row(hertz(octave.hz), &octave.decay);
    }
    row("all".to_owned(), &decays.broadband);
    if bent {
        rows.push("* bent: more than 10 per mille from a straight line".to_owned());
    }
    rows
}

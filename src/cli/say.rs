//! Printing that cannot fail: a reader that has gone away is no reason to panic.

use crate::impulse::load::shown;
use std::fmt::Display;
use std::io::{self, Write};

/// One result, to stdout. It may have several lines; other control characters are those of a file's or a preset's name, and
/// are escaped: a terminal would obey them.
pub(super) fn result(text: impl Display) {
    let text = text.to_string();
    let mut lines = text.split('\n').map(shown);
    let first = lines.next().unwrap_or_default();
    let text = lines.fold(first, |text, line| text + "\n" + &line);
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// One line to stderr, whatever characters a file's name has in it.
pub(super) fn error(text: impl Display) {
    let line = one_line(&text.to_string());
    let _ = writeln!(io::stderr().lock(), "partita: {line}");
}

/// Text without control characters: those of a file's name are escaped.
pub(super) fn one_line(text: &str) -> String {
    shown(text)
}

/// A level for people.
pub(super) fn level(value: f64, unit: &str) -> String {
    if value == f64::NEG_INFINITY {
        "none: silence".to_owned()
    } else {
        format!("{value:.1} {unit}")
    }
}

/// `1 channel`, `2 channels`.
pub(super) fn channels(count: usize) -> String {
    match count {
        1 => "1 channel".to_owned(),
        several => format!("{several} channels"),
    }
}

/// `1 folder`, `2 folders`.
pub(super) fn count(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        several => format!("{several} {what}s"),
    }
}

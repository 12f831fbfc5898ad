//! Printing that cannot fail: a reader that has gone away is no reason to panic.

use std::fmt::Display;
use std::io::{self, Write};

/// One result, to stdout.
pub(super) fn result(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// One line to stderr, whatever characters a file's name has in it.
pub(super) fn error(text: impl Display) {
    let mut line = String::from("partita: ");
    for character in text.to_string().chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    let _ = writeln!(io::stderr().lock(), "{line}");
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

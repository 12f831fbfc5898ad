//! Commands by the clock: one on a line, with its time before it.
//!
//! ```text
//! # what follows a number sign is for people
//! 0s    set mix 100 %
//! 2.5s  impulse cathedral
//! 4000 ms set mix 40 %
//! ```
//!
//! Times count from the beginning of the session; lines may stand in any order.

use super::command::{Command, ParseError};
use std::time::Duration;
use thiserror::Error;

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {fault}")]
pub struct ScriptError {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: ScriptFault,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScriptFault {
    /// It does not begin with a time.
    #[error("expected a time and a command, like `2.5s set mix 40 %`, got {0:?}")]
    Time(String),
    /// What follows is no command.
    #[error(transparent)]
    Command(#[from] ParseError),
}

/// The latest time, in seconds: a week.
const LATEST: f64 = 7.0 * 86_400.0;

/// Reads a script: the commands in the order of their times.
///
/// Errors: the first line that cannot be read.
pub fn parse(text: &str) -> Result<Vec<(Duration, Command)>, ScriptError> {
    let mut commands = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let said = line.trim();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        let told = |fault| ScriptError {
            line: at + 1,
            fault,
        };
        let (time, rest) =
            time(said).ok_or_else(|| told(ScriptFault::Time(said.chars().take(40).collect())))?;
        let command = rest.parse::<Command>();
        commands.push((time, command.map_err(|error| told(error.into()))?));
    }
    // Stable: what stands at one time stays in order.
    commands.sort_by_key(|(time, _)| *time);
    Ok(commands)
}

fn time(line: &str) -> Option<(Duration, &str)> {
    let end = line.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let unit = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit);
    let size = match unit {
        "s" => 1.0,
        "ms" => 0.001,
        "min" => 60.0,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * size;
    let seconds = Some(seconds).filter(|seconds| *seconds <= LATEST)?;
    Some((Duration::from_secs_f64(seconds), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Id;

    #[test]
    fn lines_are_commands_at_their_times() {
        let text = "# a song\n\n2.5s set mix 40 %\n 250 ms bypass\n0.5min quit\n250ms status\n";
        let told: Vec<_> = parse(text)
            .expect("a script")
            .into_iter()
            .map(|(time, command)| (time.as_millis(), command))
            .collect();
        let expected = [
            (250, Command::Bypass(None)),
            (250, Command::Status),
            (2500, Command::Set(Id::Mix, 40.0)),
            (30_000, Command::Quit),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let told = |text| parse(text).expect_err("wrong").to_string();
        assert_eq!(
            told("1s quit\nset mix 40"),
            "line 2: expected a time and a command, like `2.5s set mix 40 %`, got \"set mix 40\""
        );
        assert!(told("1s sing").starts_with("line 1: expected a command, got \"sing\""));
        for line in [
            "5",
            "5 quit",
            "1h quit",
            "1.2.3s quit",
            "9999999999s quit",
            "s quit",
        ] {
            assert!(told(line).contains("expected a time"), "{line}");
        }
    }
}

//! What can be done while it plays: typed, read from a script, or made by whoever else controls.

use super::deck::Take;
use super::guard::Guarded;
use crate::params::{self, AssignError, Id, NotAValue, Slots};
use std::path::PathBuf;
use thiserror::Error;

/// One thing to do. [`Control::apply`](super::Control::apply) does it.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Set a parameter, in its own unit. The impulse's slot chooses the impulse.
    Set(Id, f32),
    /// Play this impulse: a name or a file.
    Impulse(PathBuf),
    /// Take settings and impulse of a preset: a name or a file.
    Preset(PathBuf),
    /// Bypass on or off; `None`: the other of both.
    Bypass(Option<bool>),
    /// Leave the dry out or let it in.
    MuteDry(bool),
    /// Keep peaks below full scale, or not.
    Limiter(Guarded),
    /// Turn down what howls, or not.
    Howl(Guarded),
    /// Beats per minute, for note values.
    Tempo(f64),
    /// Record to a WAV file that is not there yet.
    Record(Take, PathBuf),
    /// End all recordings.
    StopRecording,
    /// Tell how it goes.
    Status,
    /// Tell what a parameter is; `None`: all of them.
    Get(Option<Id>),
    /// Tell which commands there are.
    Help,
    /// End.
    Quit,
}

/// The commands, for people.
pub const HELP: &str = "\
set KEY VALUE        a parameter: set mix 40 %, set predelay 1/8d
get [KEY]            what a parameter is, or all
impulse NAME|FILE    another impulse
preset NAME|FILE     settings and impulse of a preset
bypass [on|off]      only the dry; what rings rings out
dry on|off           the dry, where it is heard anyway
limiter on|off       peaks stay below full scale
howl on|off          what howls is turned down
tempo BPM            for pre-delays in note values
record FILE [dry]    what goes out, or what comes in, to a WAV file
record stop          the end of all recordings
status               levels, load, latency
quit                 end";

/// The slowest and the fastest tempo, in beats per minute.
pub const TEMPO: (f64, f64) = (20.0, 999.0);

/// Text that is no command.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// No command begins so.
    #[error("expected a command, got {0:?}; `help` lists them")]
    Unknown(String),
    /// Something is missing after it.
    #[error("expected `{0}`")]
    Incomplete(&'static str),
    /// The parameter or its value is none.
    #[error(transparent)]
    Assign(#[from] AssignError),
    /// Neither on nor off.
    #[error("expected on or off, got {0:?}")]
    Switch(String),
    /// No tempo.
    #[error("expected a tempo of {low} to {high} beats per minute, got {0:?}", low = TEMPO.0, high = TEMPO.1)]
    Tempo(String),
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn switch(text: &str) -> Result<bool, ParseError> {
    match text.to_lowercase().as_str() {
        "on" | "yes" | "1" => Ok(true),
        "off" | "no" | "0" => Ok(false),
        _ => Err(ParseError::Switch(short(text))),
    }
}

fn guarded(text: &str) -> Result<Guarded, ParseError> {
    switch(text).map(|on| if on { Guarded::On } else { Guarded::Off })
}

/// A key, then its value after a space or `=`.
fn set(text: &str) -> Result<Command, ParseError> {
    let text = text.trim();
    let (key, value) = text
        .split_once(['=', ' ', '\t'])
        .ok_or(ParseError::Incomplete("set KEY VALUE"))?;
    // `set mix = 40`: the first blank comes before the `=`.
    let value = value.trim_start();
    let value = value.strip_prefix('=').unwrap_or(value);
    match params::assignment(&format!("{key}={value}"), &Slots::FACTORY_ONLY) {
        Ok((id, value)) => Ok(Command::Set(id, value)),
        // Not in a slot: a name or a file, as for `impulse`.
        Err(AssignError::Value(NotAValue { name, .. })) if name == Id::Impulse.parameter().name => {
            Ok(Command::Impulse(value.trim().into()))
        }
        Err(wrong) => Err(wrong.into()),
    }
}

fn record(text: &str) -> Command {
    if text.eq_ignore_ascii_case("stop") {
        return Command::StopRecording;
    }
    let last = text.rsplit_once(char::is_whitespace);
    match last.map(|(path, last)| (path.trim_end(), last.to_lowercase())) {
        Some((path, last)) if last == "dry" => Command::Record(Take::Dry, path.into()),
        Some((path, last)) if last == "wet" => Command::Record(Take::Wet, path.into()),
        _ => Command::Record(Take::Wet, text.into()),
    }
}

impl std::str::FromStr for Command {
    type Err = ParseError;

    fn from_str(line: &str) -> Result<Self, ParseError> {
        let line = line.trim();
        let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let some = |form: &'static str| {
            if rest.is_empty() {
                Err(ParseError::Incomplete(form))
            } else {
                Ok(rest)
            }
        };
        match verb.to_lowercase().as_str() {
            "set" => set(rest),
            "get" if rest.is_empty() => Ok(Self::Get(None)),
            "get" => match params::find(rest) {
                Some(parameter) => Ok(Self::Get(Some(parameter.id))),
                None => Err(AssignError::Unknown { key: short(rest) }.into()),
            },
            "impulse" => Ok(Self::Impulse(some("impulse NAME|FILE")?.into())),
            "preset" => Ok(Self::Preset(some("preset NAME|FILE")?.into())),
            "bypass" if rest.is_empty() => Ok(Self::Bypass(None)),
            "bypass" => Ok(Self::Bypass(Some(switch(rest)?))),
            "dry" => Ok(Self::MuteDry(!switch(some("dry on|off")?)?)),
            "limiter" => Ok(Self::Limiter(guarded(some("limiter on|off")?)?)),
            "howl" => Ok(Self::Howl(guarded(some("howl on|off")?)?)),
            "tempo" => {
                let tempo = some("tempo BPM")?.parse::<f64>().ok();
                let tempo = tempo.filter(|tempo| (TEMPO.0..=TEMPO.1).contains(tempo));
                tempo
                    .map(Self::Tempo)
                    .ok_or_else(|| ParseError::Tempo(short(rest)))
            }
            "record" => Ok(record(some("record FILE")?)),
            "status" => Ok(Self::Status),
            "help" | "?" => Ok(Self::Help),
            "quit" | "exit" => Ok(Self::Quit),
            _ => Err(ParseError::Unknown(short(verb))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        line.parse().map_err(|error: ParseError| error.to_string())
    }

    #[test]
    fn every_command_is_read() {
        for line in [
            "set mix 40 %",
            "set mix=40",
            "SET mix = 40%",
            " set  mix   40",
        ] {
            assert_eq!(parse(line), Ok(Command::Set(Id::Mix, 40.0)), "{line}");
        }
        let note = parse("set predelay 1/8d");
        assert!(matches!(note, Ok(Command::Set(Id::PredelayNote, _))));
        assert_eq!(
            parse("set impulse plate"),
            Ok(Command::Set(Id::Impulse, 5.0))
        );
        let file = Command::Impulse("my hall.wav".into());
        assert_eq!(parse("set impulse my hall.wav"), Ok(file.clone()));
        assert_eq!(parse("impulse  my hall.wav "), Ok(file));
        assert_eq!(
            parse("preset Last Balcony"),
            Ok(Command::Preset("Last Balcony".into()))
        );
        assert_eq!(parse("bypass"), Ok(Command::Bypass(None)));
        assert_eq!(parse("bypass off"), Ok(Command::Bypass(Some(false))));
        assert_eq!(parse("dry off"), Ok(Command::MuteDry(true)));
        assert_eq!(parse("limiter off"), Ok(Command::Limiter(Guarded::Off)));
        assert_eq!(parse("howl on"), Ok(Command::Howl(Guarded::On)));
        assert_eq!(parse("tempo 96.5"), Ok(Command::Tempo(96.5)));
        assert_eq!(parse("get"), Ok(Command::Get(None)));
        assert_eq!(parse("get high-cut"), Ok(Command::Get(Some(Id::HighCut))));
        let record = |take, path: &str| Ok(Command::Record(take, path.into()));
        assert_eq!(parse("record a take.wav"), record(Take::Wet, "a take.wav"));
        assert_eq!(
            parse("record a take.wav  dry"),
            record(Take::Dry, "a take.wav")
        );
        assert_eq!(parse("record stop"), Ok(Command::StopRecording));
        assert_eq!(parse("status"), Ok(Command::Status));
        assert_eq!(parse("quit"), Ok(Command::Quit));
        for line in HELP.lines() {
            let verb = line.split_whitespace().next().unwrap_or_default();
            let unknown = matches!(verb.parse::<Command>(), Err(ParseError::Unknown(_)));
            assert!(!unknown, "{verb}");
        }
    }

    #[test]
    fn what_is_none_says_what_was_expected() {
        assert_eq!(
            parse("loud"),
            Err("expected a command, got \"loud\"; `help` lists them".to_owned())
        );
        assert_eq!(parse("set mix"), Err("expected `set KEY VALUE`".to_owned()));
        assert_eq!(
            parse("impulse "),
            Err("expected `impulse NAME|FILE`".to_owned())
        );
        let wrong = parse("set mix lots").expect_err("no value");
        assert!(wrong.contains("0 to 100 %"), "{wrong}");
        assert!(parse("set volume 3").expect_err("no key").contains("mix"));
        assert!(
            parse("tempo NaN")
                .expect_err("no tempo")
                .contains("20 to 999")
        );
        assert!(parse("tempo 1e9").is_err());
        assert!(
            parse("bypass maybe")
                .expect_err("neither")
                .contains("on or off")
        );
        assert!(parse("").is_err());
    }
}

//! Text → commands. Knows no file and no limit but that of the text.

use super::{ConfFault, ConfLine, MAX_BYTES, MAX_LINE};
use crate::impulse::load::shown;
use std::str::FromStr;

/// From an input to an output, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) input: u32,
    pub(super) output: u32,
}

/// What a line asks for. Delays, offsets and lengths in samples.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    /// The shape of the matrix; always there, and first.
    New {
        inputs: u32,
        outputs: u32,
        longest: u32,
    },
    /// Where the names that follow are looked for.
    Cd(String),
    /// A channel of a file, added to what is there.
    Read {
        to: Pair,
        gain: f32,
        delay: u32,
        offset: u32,
        /// 0 for all.
        length: u32,
        /// From 1.
        channel: u32,
        file: String,
    },
    /// One sample, added to what is there.
    Dirac { to: Pair, gain: f32, delay: u32 },
    /// The same as another path.
    Copy { to: Pair, from: Pair },
}

/// The commands, each with the number of its line, from 1; and how many lines there are.
pub(super) fn parse(bytes: &[u8]) -> Result<(Vec<(usize, Command)>, usize), ConfLine> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut commands = Vec::new();
    let mut count = 0;
    let mut read = 0;
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate() {
        count = index + 1;
        read += line.len() + 1;
        let command = if read > MAX_BYTES + 1 {
            Err(ConfFault::LongFile)
        } else {
            command(line)
        };
        match command {
            Ok(Some(command)) => commands.push((count, command)),
            Ok(None) => {}
            Err(fault) => return Err(ConfLine { line: count, fault }),
        }
    }
    Ok((commands, count))
}

fn command(line: &[u8]) -> Result<Option<Command>, ConfFault> {
    if line.len() > MAX_LINE {
        return Err(ConfFault::LongLine { found: line.len() });
    }
    let line = std::str::from_utf8(line).map_err(|_| ConfFault::NotText)?;
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let arguments = |command| Arguments { command, rest };
    match name {
        "/convolver/new" => new(arguments("/convolver/new")).map(Some),
        "/cd" => cd(arguments("/cd")).map(Some),
        "/impulse/read" => read(arguments("/impulse/read")).map(Some),
        "/impulse/dirac" => dirac(arguments("/impulse/dirac")).map(Some),
        "/impulse/copy" => copy(arguments("/impulse/copy")).map(Some),
        // Names of ports and of a JACK client change no sound.
        "/input/name" | "/output/name" | "/jack/client" | "/jack/server" => Ok(None),
        _ if name.starts_with('/') => Err(ConfFault::UnknownCommand { found: brief(name) }),
        _ => Err(ConfFault::NotACommand { found: brief(name) }),
    }
}

fn new(mut arguments: Arguments<'_>) -> Result<Command, ConfFault> {
    let inputs = arguments.count("number of inputs")?;
    let outputs = arguments.count("number of outputs")?;
    arguments.count("partition size")?;
    let longest = arguments.count("maximum impulse length")?;
    // The density is a hint to zita-convolver's scheduler.
    if !arguments.at_end() {
        arguments.number::<f32>("density", "a number from 0 to 1")?;
    }
    arguments.end()?;
    Ok(Command::New {
        inputs,
        outputs,
        longest,
    })
}

fn cd(mut arguments: Arguments<'_>) -> Result<Command, ConfFault> {
    let folder = arguments.name("folder")?;
    arguments.end()?;
    Ok(Command::Cd(folder))
}

fn read(mut arguments: Arguments<'_>) -> Result<Command, ConfFault> {
    let to = arguments.pair("input", "output")?;
    let gain = arguments.gain()?;
    let delay = arguments.count("delay")?;
    let offset = arguments.count("offset")?;
    let length = arguments.count("length")?;
    let channel = arguments.count("channel")?;
    let file = arguments.name("file")?;
    arguments.end()?;
    Ok(Command::Read {
        to,
        gain,
        delay,
        offset,
        length,
        channel,
        file,
    })
}

fn dirac(mut arguments: Arguments<'_>) -> Result<Command, ConfFault> {
    let to = arguments.pair("input", "output")?;
    let gain = arguments.gain()?;
    let delay = arguments.count("delay")?;
    arguments.end()?;
    Ok(Command::Dirac { to, gain, delay })
}

fn copy(mut arguments: Arguments<'_>) -> Result<Command, ConfFault> {
    let to = arguments.pair("input", "output")?;
    let from = arguments.pair("input to copy from", "output to copy from")?;
    arguments.end()?;
    Ok(Command::Copy { to, from })
}

/// What is left of a line.
struct Arguments<'a> {
    command: &'static str,
    rest: &'a str,
}

impl Arguments<'_> {
    fn wrong(&self, what: &'static str, expected: &str, found: String) -> ConfFault {
        ConfFault::Argument {
            command: self.command,
            what,
            expected: expected.to_owned(),
            found,
        }
    }

    fn number<T: FromStr>(&mut self, what: &'static str, expected: &str) -> Result<T, ConfFault> {
        let rest = self.rest.trim_start();
        let (word, rest) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        self.rest = rest;
        word.parse().map_err(|_| {
            let found = match word {
                "" => "the line ends before it".to_owned(),
                word => format!("it is {}", brief(word)),
            };
            self.wrong(what, expected, found)
        })
    }

    fn count(&mut self, what: &'static str) -> Result<u32, ConfFault> {
        self.number(what, "a whole number, 0 or more,")
    }

    fn pair(&mut self, input: &'static str, output: &'static str) -> Result<Pair, ConfFault> {
        Ok(Pair {
            input: self.count(input)?,
            output: self.count(output)?,
        })
    }

    fn gain(&mut self) -> Result<f32, ConfFault> {
        let expected = "a number (linear, not in dB)";
        let gain: f32 = self.number("gain", expected)?;
        if gain.is_finite() {
            Ok(gain)
        } else {
            Err(self.wrong("gain", expected, format!("it is {gain}")))
        }
    }

    /// A word, in which a backslash takes the next character as it is; or a text in single quotes, as it is; or one in
    /// double quotes, with such backslashes. As jconvolver's sstring reads them.
    fn name(&mut self, what: &'static str) -> Result<String, ConfFault> {
        let expected = "a name, in quotes if it has spaces,";
        let rest = self.rest.trim_start();
        let mut name = String::new();
        let mut quote = None;
        let mut escaped = false;
        let mut end = rest.len();
        let mut closed = false;
        for (at, c) in rest.char_indices() {
            if c.is_control() && c != '\t' {
                let found = "it has a control character".to_owned();
                return Err(self.wrong(what, expected, found));
            }
            match c {
                _ if escaped => {
                    name.push(c);
                    escaped = false;
                }
                '\\' if quote != Some('\'') => escaped = true,
                '\'' | '"' if quote.is_none() && at == 0 => quote = Some(c),
                _ if quote == Some(c) => {
                    (end, closed) = (at + c.len_utf8(), true);
                    break;
                }
                _ if quote.is_none() && c.is_whitespace() => {
                    end = at;
                    break;
                }
                '\'' | '"' if quote.is_none() => {
                    let found = "a quote stands in its middle".to_owned();
                    return Err(self.wrong(what, expected, found));
                }
                _ => name.push(c),
            }
        }
        if escaped || (quote.is_some() && !closed) {
            let found = "the line ends inside it".to_owned();
            return Err(self.wrong(what, expected, found));
        }
        if name.is_empty() {
            let found = "there is none".to_owned();
            return Err(self.wrong(what, expected, found));
        }
        self.rest = &rest[end..];
        Ok(name)
    }

    /// True if only a comment is left.
    fn at_end(&self) -> bool {
        let rest = self.rest.trim_start();
        rest.is_empty() || rest.starts_with('#')
    }

    fn end(&self) -> Result<(), ConfFault> {
        if self.at_end() {
            return Ok(());
        }
        Err(ConfFault::Extra {
            command: self.command,
            found: brief(self.rest.trim()),
        })
    }
}

/// As much of a stranger's text as a message needs, in quotes.
fn brief(text: &str) -> String {
    const MOST: usize = 40;
    let mut start: String = text.chars().take(MOST).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("“{}”", shown(&start))
}

//! Control by MIDI: controllers move parameters over their whole range, program changes choose factory presets.
//!
//! All channels are heard. A controller of 0 is a parameter's least, of 127 its most, and between them it goes the way of a
//! knob; a switch is on from 64. Programs count from 0, as in the message: what many devices show as 1 is 0.

mod port;

use super::command::Command;
use crate::params::{self, Id, TABLE};
use crate::preset;
pub use port::{Hear, LOOK, Listener, MidiError, Ports, System, Told, inputs, listen, listen_on};
use std::collections::BTreeMap;
use std::str::FromStr;
use thiserror::Error;

/// A message that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A controller was moved.
    Control {
        /// Which, 0 to 119.
        controller: u8,
        /// Where to, 0 to 127.
        value: u8,
    },
    /// A program was chosen, 0 to 127.
    Program(u8),
}

impl Message {
    /// Reads one whole message; `None`: it means nothing here, or is none. Any thread.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [status, controller @ 0..120, value @ 0..128] if status & 0xF0 == 0xB0 => {
                Some(Self::Control { controller, value })
            }
            [status, program @ 0..128] if status & 0xF0 == 0xC0 => Some(Self::Program(program)),
            _ => None,
        }
    }
}

/// Which controllers move what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map(BTreeMap<u8, Id>);

impl Default for Map {
    /// Reverb depth, controller 91, is the mix: "Effects 1 Depth" of the MIDI 1.0 specification, in General MIDI the
    /// reverb's.
    fn default() -> Self {
        Self([(91, Id::Mix)].into())
    }
}

/// Text that is no map.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected controllers and keys, like cc20=mix,cc21=width, got {got:?}: {why}")]
pub struct NotAMap {
    got: String,
    why: String,
}

impl FromStr for Map {
    type Err = NotAMap;

    fn from_str(text: &str) -> Result<Self, NotAMap> {
        let mut map = BTreeMap::new();
        for pair in text.split(',') {
            let told = |why: String| NotAMap {
                got: pair.trim().chars().take(40).collect(),
                why,
            };
            let (controller, key) = pair
                .split_once('=')
                .ok_or_else(|| told("there is no =".to_owned()))?;
            let controller = controller.trim().to_lowercase();
            let number = controller.strip_prefix("cc").unwrap_or(&controller);
            let number = number.trim().parse().ok().filter(|number| *number < 120);
            let number = number.ok_or_else(|| told("controllers are cc0 to cc119".to_owned()))?;
            let parameter = params::find(key).ok_or_else(|| {
                let keys: Vec<_> = TABLE.iter().map(|parameter| parameter.key).collect();
                told(format!("parameters are {}", keys.join(", ")))
            })?;
            if map.insert(number, parameter.id).is_some() {
                return Err(told("it is there twice".to_owned()));
            }
        }
        Ok(Self(map))
    }
}

/// A program that is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("program {0}: expected {range}", range = numbers())]
pub struct NoProgram(pub u8);

impl Map {
    /// What is to be done; `None`: nothing, the controller moves nothing. Any thread.
    ///
    /// Errors: no factory preset has that number.
    pub fn command(&self, message: Message) -> Result<Option<Command>, NoProgram> {
        match message {
            Message::Control { controller, value } => Ok(self.0.get(&controller).map(|id| {
                let travel = f32::from(value) / 127.0;
                Command::Set(*id, id.parameter().value_at(travel))
            })),
            Message::Program(program) => match preset_number(program.into()) {
                Some(command) => Ok(Some(command)),
                None => Err(NoProgram(program)),
            },
        }
    }
}

/// The factory preset of that number, from 0.
pub(super) fn preset_number(index: usize) -> Option<Command> {
    let preset = preset::factory().get(index)?;
    Some(Command::Preset(preset.name.as_str().into()))
}

/// What numbers presets have.
pub(super) fn numbers() -> String {
    format!("a factory preset, 0 to {}", preset::factory().len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_on_every_channel() {
        for channel in 0..16 {
            let control = Message::Control {
                controller: 20,
                value: 127,
            };
            assert_eq!(Message::read(&[0xB0 | channel, 20, 127]), Some(control));
            let program = Some(Message::Program(3));
            assert_eq!(Message::read(&[0xC0 | channel, 3]), program);
        }
        for other in [
            &[][..],
            &[0xB0],
            &[0xB0, 20],
            &[0xB0, 20, 128],
            &[0xB0, 123, 0],
            &[0xB0, 20, 1, 2],
            &[0xC0, 128],
            &[0xC0, 1, 1],
            &[0x90, 60, 100],
            &[0xF8],
            &[0xF0, 1, 0xF7],
            &[20, 127],
        ] {
            assert_eq!(Message::read(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_controller_goes_over_the_whole_range_and_a_program_is_a_preset() {
        let map: Map = "cc20=mix, 21 = high-cut,CC22=reverse"
            .parse()
            .expect("a map");
        let move_to = |controller, value| map.command(Message::Control { controller, value });
        let set = |id, value| Ok(Some(Command::Set(id, value)));
        assert_eq!(move_to(20, 0), set(Id::Mix, 0.0));
        assert_eq!(move_to(20, 127), set(Id::Mix, 100.0));
        let cut = Id::HighCut.parameter();
        assert_eq!(move_to(21, 0), set(Id::HighCut, cut.lowest()));
        assert_eq!(move_to(21, 127), set(Id::HighCut, cut.highest()));
        let middle = cut.value_at(64.0 / 127.0);
        assert_eq!(move_to(21, 64), set(Id::HighCut, middle));
        assert_eq!(move_to(22, 63), set(Id::Reverse, 0.0));
        assert_eq!(move_to(22, 64), set(Id::Reverse, 1.0));
        assert_eq!(move_to(23, 64), Ok(None));
        let last = preset::factory().len() - 1;
        let name = |at: usize| preset::factory()[at].name.as_str().into();
        for number in [0, last] {
            let chosen = map.command(Message::Program(number as u8));
            assert_eq!(chosen, Ok(Some(Command::Preset(name(number)))));
        }
        let none = map
            .command(Message::Program(127))
            .expect_err("no such preset");
        assert!(none.to_string().contains(&format!("0 to {last}")), "{none}");
        let usual = Map::default().command(Message::Control {
            controller: 91,
            value: 127,
        });
        assert_eq!(usual, set(Id::Mix, 100.0));
    }

    #[test]
    fn what_is_no_map_says_why() {
        for (text, why) in [
            ("", "no ="),
            ("cc20", "no ="),
            ("cc120=mix", "cc0 to cc119"),
            ("ccx=mix", "cc0 to cc119"),
            ("cc20=loud", "mix"),
            ("cc20=mix,cc20=width", "twice"),
            ("cc20=mix,,", "no ="),
        ] {
            let said = text.parse::<Map>().expect_err(text).to_string();
            assert!(
                said.contains(why) && said.contains("like cc20=mix"),
                "{said}"
            );
        }
    }
}

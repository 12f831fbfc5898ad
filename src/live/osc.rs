//! Control by OSC over UDP.
//!
//! ```text
//! /partita/KEY VALUE       a parameter, in its own unit: /partita/mix 40.0, or as text: /partita/predelay "1/8d"
//! /partita/KEY             what it is now
//! /partita/impulse NAME    another impulse: a name or a file; a number is a slot
//! /partita/preset NAME     settings and impulse of a preset; a number is a factory preset, from 0
//! /partita/dry 0|1         the dry, where it is heard anyway
//! /partita/tempo BPM       for pre-delays in note values
//! /partita/status, /partita/get
//! ```
//!
//! Whoever sent it gets an answer: `/partita/KEY VALUE TEXT` for a parameter that was set or asked for, `/partita/reply
//! ADDRESS TEXT` for the rest, `/partita/error ADDRESS TEXT` for what was wrong. What is in a bundle is done at once, in
//! its order, whatever its time. Numbers beyond the range count as its end.
//!
//! No packet makes it panic, or hold more memory than a packet is long.

use super::command::{Command, ParseError, TEMPO};
use super::control::{Control, Reply};
use super::midi::{numbers, preset_number};
use crate::params::{self, Id, Slots};
use rosc::{OscMessage, OscPacket, OscType, decoder, encoder};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;

/// The beginning of all addresses.
const ROOT: &str = "/partita/";

/// The most bundles in a packet: within each other they are read by recursion.
const MOST_BUNDLES: usize = 16;

/// How soon a request to end is heard.
const LOOK: Duration = Duration::from_millis(100);

/// The most text in an answer, in bytes: within any packet.
const LONGEST: usize = 8192;

/// What a packet cannot be.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum OscError {
    /// Not OSC.
    #[error("expected an OSC packet, got {bytes} bytes that are none: {what}")]
    Packet {
        /// Its length.
        bytes: usize,
        /// What is wrong with it.
        what: String,
    },
    /// Bundles without end.
    #[error("expected at most {MOST_BUNDLES} bundles in a packet, got {0}")]
    Bundles(usize),
    /// Nothing is called so.
    #[error(
        "expected /partita/ and the key of a parameter, impulse, preset, dry, tempo, status or get, got {0:?}"
    )]
    Address(String),
    /// Not what it takes.
    #[error("{address}: expected {expected}, got {got}")]
    Argument {
        /// Where it was sent to.
        address: String,
        /// What it would take.
        expected: String,
        /// What came.
        got: String,
    },
    /// Text that is no value.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// A message, and what it asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Where it was sent to.
    pub address: String,
    /// What is to be done.
    pub command: Result<Command, OscError>,
}

/// What a packet asks for. Any thread but the audio thread.
///
/// Errors: it is no OSC.
pub fn decode(packet: &[u8]) -> Result<Vec<Asked>, OscError> {
    let bundles = packet.windows(8).filter(|it| it == b"#bundle\0").count();
    if bundles > MOST_BUNDLES {
        return Err(OscError::Bundles(bundles));
    }
    let (_, packet) = decoder::decode_udp(packet).map_err(|error| OscError::Packet {
        bytes: packet.len(),
        what: short(&error.to_string()),
    })?;
    let mut asked = Vec::new();
    collect(packet, &mut asked);
    Ok(asked)
}

fn collect(packet: OscPacket, asked: &mut Vec<Asked>) {
    match packet {
        OscPacket::Message(message) => asked.push(Asked {
            command: command(&message),
            address: message.addr,
        }),
        OscPacket::Bundle(bundle) => {
            for packet in bundle.content {
                collect(packet, asked);
            }
        }
    }
}

/// An argument as one of the three things that anything here takes.
enum Argument {
    None,
    Number(f64),
    Text(String),
}

fn argument(message: &OscMessage, expected: &str) -> Result<Argument, OscError> {
    let wrong = |got: String| OscError::Argument {
        address: short(&message.addr),
        expected: expected.to_owned(),
        got,
    };
    let number = match message.args.as_slice() {
        [] => return Ok(Argument::None),
        [OscType::String(text)] => return Ok(Argument::Text(text.clone())),
        [OscType::Float(value)] => f64::from(*value),
        [OscType::Double(value)] => *value,
        [OscType::Int(value)] => f64::from(*value),
        [OscType::Long(value)] => *value as f64,
        [OscType::Bool(value)] => f64::from(u8::from(*value)),
        [_] => return Err(wrong("another type".to_owned())),
        several => return Err(wrong(format!("{} arguments", several.len()))),
    };
    if number.is_finite() {
        Ok(Argument::Number(number))
    } else {
        Err(wrong(number.to_string()))
    }
}

fn command(message: &OscMessage) -> Result<Command, OscError> {
    let unknown = || OscError::Address(short(&message.addr));
    let key = message.addr.strip_prefix(ROOT).ok_or_else(unknown)?;
    let wrong = |expected: &str, got: String| OscError::Argument {
        address: short(&message.addr),
        expected: expected.to_owned(),
        got,
    };
    let take = |expected: &str| argument(message, expected);
    match key {
        "impulse" => {
            let expected = "the name of an impulse, a file or a slot";
            Ok(match take(expected)? {
                Argument::None => Command::Get(Some(Id::Impulse)),
                Argument::Number(slot) => Command::Set(Id::Impulse, slot as f32),
                Argument::Text(name) => Command::Impulse(name.into()),
            })
        }
        "preset" => {
            let expected = "the name of a preset, a file or a number";
            match take(expected)? {
                Argument::None => Err(wrong(expected, "nothing".to_owned())),
                Argument::Number(number) => {
                    factory(number).ok_or_else(|| wrong(&numbers(), number.to_string()))
                }
                Argument::Text(name) => Ok(Command::Preset(name.into())),
            }
        }
        "dry" => match take("0 or 1")? {
            Argument::Number(on) => Ok(Command::MuteDry(on == 0.0)),
            Argument::Text(text) => Ok(format!("dry {text}").parse()?),
            Argument::None => Err(wrong("0 or 1", "nothing".to_owned())),
        },
        "tempo" => {
            let expected = format!("{} to {} beats per minute", TEMPO.0, TEMPO.1);
            match take(&expected)? {
                Argument::Number(tempo) if (TEMPO.0..=TEMPO.1).contains(&tempo) => {
                    Ok(Command::Tempo(tempo))
                }
                Argument::Number(tempo) => Err(wrong(&expected, tempo.to_string())),
                Argument::Text(text) => Err(wrong(&expected, format!("{:?}", short(&text)))),
                Argument::None => Err(wrong(&expected, "nothing".to_owned())),
            }
        }
        "status" => Ok(Command::Status),
        "get" => Ok(Command::Get(None)),
        key => {
            let parameter = params::find(key).ok_or_else(unknown)?;
            match take("a number, or text")? {
                Argument::None => Ok(Command::Get(Some(parameter.id))),
                Argument::Number(value) => Ok(Command::Set(parameter.id, value as f32)),
                Argument::Text(text) => Ok(format!("set {} {text}", parameter.key).parse()?),
            }
        }
    }
}

/// The factory preset of that number, from 0.
fn factory(number: f64) -> Option<Command> {
    let index = (number >= 0.0 && number.fract() == 0.0).then_some(number as usize)?;
    preset_number(index)
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The packet that answers what came of a message to `address`. Any thread but the audio thread.
pub fn answer(address: &str, reply: &Result<Reply, String>) -> Vec<u8> {
    let value = |id: Id, value: f32| {
        let text = id.parameter().text(value, &Slots::FACTORY_ONLY);
        let arguments = vec![OscType::Float(value), OscType::String(text)];
        (format!("{ROOT}{}", id.parameter().key), arguments)
    };
    let told = |kind: &str, text: String| {
        let mut text = text;
        let end = (0..=text.len().min(LONGEST)).rfind(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        let arguments = vec![OscType::String(short(address)), OscType::String(text)];
        (format!("{ROOT}{kind}"), arguments)
    };
    let (addr, args) = match reply {
        Ok(Reply::Set(id, now)) => value(*id, *now),
        Ok(Reply::Values(values)) if values.len() == 1 => value(values[0].0, values[0].1),
        Ok(reply) => told("reply", reply.to_string()),
        Err(why) => told("error", why.clone()),
    };
    // No such message cannot be written.
    encoder::encode(&OscPacket::Message(OscMessage { addr, args })).unwrap_or_default()
}

/// A thread that does what comes. Dropped, it ends.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Where it listens: with the port that was chosen, if 0 was asked for. Any thread.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// Listens at `address`; `tell` hears what comes of each message, after it has been answered. Main thread.
///
/// Errors: the address is taken, or is not ours.
pub fn listen(
    address: SocketAddr,
    control: Arc<Control>,
    tell: impl FnMut(&Result<Reply, String>) + Send + 'static,
) -> io::Result<Listener> {
    let socket = UdpSocket::bind(address)?;
    socket.set_read_timeout(Some(LOOK))?;
    let address = socket.local_addr()?;
    let stop = Arc::<AtomicBool>::default();
    let asked = Arc::clone(&stop);
    let mut tell = tell;
    let run = move || {
        // The longest that UDP has.
        let mut packet = vec![0; 65_536];
        while !asked.load(Ordering::Relaxed) {
            let Ok((length, sender)) = socket.recv_from(&mut packet) else {
                // Nothing came, or somebody whom we answered has gone.
                continue;
            };
            serve(&packet[..length], &control, |address, reply| {
                // Whoever does not listen for answers gets none.
                let _ = socket.send_to(&answer(address, reply), sender);
                tell(reply);
            });
        }
    };
    let thread = std::thread::Builder::new().name("partita osc".to_owned());
    Ok(Listener {
        address,
        stop,
        thread: Some(thread.spawn(run)?),
    })
}

fn serve(packet: &[u8], control: &Control, mut done: impl FnMut(&str, &Result<Reply, String>)) {
    let all = match decode(packet) {
        Ok(all) => all,
        Err(error) => return done("", &Err(error.to_string())),
    };
    for Asked { address, command } in all {
        let reply = match command {
            Ok(command) => control.apply(&command).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        done(&address, &reply);
    }
}

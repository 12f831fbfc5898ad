//! Real-time priority from RealtimeKit, for users to whom the kernel gives none: the desktop's way since 2009.
//!
//! It is four calls over the system's D-Bus, of fixed shape, once for each audio thread that was refused. The crates for D-Bus
//! bring an asynchronous runtime (zbus: 50 crates) or a C library at build time (dbus, through audio_thread_priority, which is
//! what cpal's feature `realtime-dbus` takes: it also has the system end a process that computes for longer than one
//! period); so the messages are written here (D-Bus specification 0.43, "Message Protocol"; RealtimeKit's README, "D-Bus API").
//!
//! What is guaranteed: it comes back within [`PATIENCE`], whatever the other side does, and says so if there was no answer.
//! RealtimeKit demands in return that the system end a process whose real-time thread never lets the processor go for as
//! long as it says (200 ms); an audio thread waits once in each period.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use thiserror::Error;

/// For all of it together: the daemon may have to be started.
const PATIENCE: Duration = Duration::from_secs(2);
/// The one asked for: the middle of what RealtimeKit gives by default (20), as the sound server takes the most.
const PRIORITY: u32 = 10;
/// No answer to these calls is longer, in bytes.
const LONGEST: usize = 65_536;

const KIT: &str = "org.freedesktop.RealtimeKit1";
const KIT_PATH: &str = "/org/freedesktop/RealtimeKit1";

/// Why there is none.
#[derive(Debug, Error)]
pub(super) enum Refused {
    /// Nobody to ask.
    #[error("expected the system's D-Bus to ask RealtimeKit on, got: {0}")]
    NoBus(io::Error),
    /// It does not answer, or not in D-Bus.
    #[error("expected an answer from RealtimeKit, got: {0}")]
    NoAnswer(io::Error),
    /// It says so.
    #[error("RealtimeKit gives none: {0}")]
    Said(String),
}

/// Asks for a thread of this process, by the kernel's number for it. Main thread.
///
/// Errors: there is no bus, no RealtimeKit, or it refuses.
pub(super) fn ask(thread: i32) -> Result<(), Refused> {
    let mut bus = Bus::open()?;
    bus.call(Call {
        to: "org.freedesktop.DBus",
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "Hello",
        signature: "",
        body: &[],
    })?;
    let most = bus.property("MaxRealtimePriority")?;
    let microseconds = bus.property("RTTimeUSecMax")?;
    let most = u32::try_from(most).ok().filter(|most| *most > 0);
    let microseconds = u64::try_from(microseconds).ok().filter(|time| *time > 0);
    let (Some(most), Some(microseconds)) = (most, microseconds) else {
        return Err(Refused::Said("its limits are 0".to_owned()));
    };
    limit(microseconds).map_err(|error| Refused::Said(format!("its limit is refused: {error}")))?;
    // A thread's number (t), padded to 8, and the priority (u).
    let number = u64::from(thread.unsigned_abs());
    let body = [&number.to_le_bytes()[..], &PRIORITY.min(most).to_le_bytes()].concat();
    bus.call(Call {
        to: KIT,
        path: KIT_PATH,
        interface: KIT,
        member: "MakeThreadRealtime",
        signature: "tu",
        body: &body,
    })?;
    Ok(())
}

/// What RealtimeKit demands: that the system end this process if a real-time thread of it does not let go for so long.
fn limit(microseconds: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Rttime);
    if now.maximum.is_some_and(|most| most <= microseconds) {
        return Ok(());
    }
    let wanted = Rlimit {
        current: Some(microseconds),
        maximum: Some(microseconds),
    };
    Ok(setrlimit(Resource::Rttime, wanted)?)
}

/// A call, and its arguments as they are sent.
struct Call<'a> {
    to: &'a str,
    path: &'a str,
    interface: &'a str,
    member: &'a str,
    signature: &'a str,
    body: &'a [u8],
}

/// The system's bus, as far as four calls need it.
struct Bus {
    stream: BufReader<UnixStream>,
    until: Instant,
    serial: u32,
}

impl Bus {
    /// Opens it and says who we are: the kernel vouches for it (`EXTERNAL`).
    fn open() -> Result<Self, Refused> {
        let mut error = io::Error::from(io::ErrorKind::NotFound);
        for path in addresses() {
            match UnixStream::connect(&path) {
                Ok(stream) => {
                    let mut bus = Self {
                        stream: BufReader::new(stream),
                        until: Instant::now() + PATIENCE,
                        serial: 0,
                    };
                    bus.log_in().map_err(Refused::NoAnswer)?;
                    return Ok(bus);
                }
                Err(other) => error = other,
            }
        }
        Err(Refused::NoBus(error))
    }

    fn log_in(&mut self) -> io::Result<()> {
        self.write(b"\0AUTH EXTERNAL\r\n")?;
        if self.line()?.starts_with("DATA") {
            self.write(b"DATA\r\n")?;
        }
        let answer = self.line()?;
        if !answer.starts_with("OK ") {
            return Err(io::Error::other(format!("{:?}", answer.trim_end())));
        }
        self.write(b"BEGIN\r\n")
    }

    /// What is left of the time, for the next wait.
    fn wait(&self) -> io::Result<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.get_ref().set_read_timeout(Some(left))?;
        self.stream.get_ref().set_write_timeout(Some(left))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wait()?;
        self.stream.get_mut().write_all(bytes)
    }

    fn line(&mut self) -> io::Result<String> {
        self.wait()?;
        let mut line = Vec::new();
        (&mut self.stream)
            .take(LONGEST as u64)
            .read_until(b'\n', &mut line)?;
        String::from_utf8(line).map_err(io::Error::other)
    }

    /// A limit that it publishes.
    fn property(&mut self, name: &str) -> Result<i64, Refused> {
        let mut body = Vec::new();
        put_string(&mut body, KIT);
        put_string(&mut body, name);
        let reply = self.call(Call {
            to: KIT,
            path: KIT_PATH,
            interface: "org.freedesktop.DBus.Properties",
            member: "Get",
            signature: "ss",
            body: &body,
        })?;
        reply.number().ok_or_else(|| odd("no number"))
    }

    /// Sends a call, and waits for its answer.
    fn call(&mut self, call: Call<'_>) -> Result<Reply, Refused> {
        self.serial += 1;
        self.write(&call.message(self.serial))
            .map_err(Refused::NoAnswer)?;
        loop {
            let reply = self.message().map_err(Refused::NoAnswer)?;
            match reply.kind {
                Kind::Return if reply.to == self.serial => return Ok(reply),
                Kind::Error if reply.to == self.serial => {
                    let said = reply.text().unwrap_or("an error that says nothing");
                    return Err(Refused::Said(said.to_owned()));
                }
                // What the bus tells everybody.
                _ => {}
            }
        }
    }

    fn message(&mut self) -> io::Result<Reply> {
        let mut head = [0; 16];
        self.fill(&mut head)?;
        let big = head[0] == b'B';
        let mut numbers = Part::new(&head[4..], big);
        let numbers = [numbers.u32(), numbers.u32(), numbers.u32()];
        let [Some(body), Some(_serial), Some(fields)] = numbers else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let (body, padded) = (body as usize, (fields as usize).next_multiple_of(8));
        if body.max(padded) > LONGEST {
            return Err(io::Error::other("a message that is no answer"));
        }
        let mut rest = vec![0; padded + body];
        self.fill(&mut rest)?;
        let to = Part::new(&rest[..fields as usize], big).reply_serial();
        Ok(Reply {
            kind: match head[1] {
                2 => Kind::Return,
                3 => Kind::Error,
                _ => Kind::Other,
            },
            to: to.unwrap_or(0),
            body: rest.split_off(padded),
            big,
        })
    }

    fn fill(&mut self, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.wait()?;
            match self.stream.read(bytes)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => bytes = &mut bytes[count..],
            }
        }
        Ok(())
    }
}

fn odd(what: &str) -> Refused {
    Refused::NoAnswer(io::Error::other(what.to_owned()))
}

/// Where the system's bus is: as told, or in its usual place.
fn addresses() -> Vec<PathBuf> {
    let Some(told) = std::env::var_os("DBUS_SYSTEM_BUS_ADDRESS") else {
        return [
            "/run/dbus/system_bus_socket",
            "/var/run/dbus/system_bus_socket",
        ]
        .map(PathBuf::from)
        .to_vec();
    };
    let told = told.into_vec();
    let paths = told.split(|byte| *byte == b';').filter_map(|address| {
        let path = address.strip_prefix(b"unix:")?;
        let mut keys = path.split(|byte| *byte == b',');
        let path = keys.find_map(|key| key.strip_prefix(b"path="))?;
        Some(PathBuf::from(OsString::from_vec(path.to_vec())))
    });
    paths.collect()
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

/// A string: its length, itself, a zero.
fn put_string(bytes: &mut Vec<u8>, text: &str) {
    pad(bytes, 4);
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.push(0);
}

impl Call<'_> {
    /// As it is sent: little-endian (`l`), a call (1), no flags, version 1.
    fn message(&self, serial: u32) -> Vec<u8> {
        let mut fields = Vec::new();
        for (code, kind, text) in [
            (1, b'o', self.path),
            (2, b's', self.interface),
            (3, b's', self.member),
            (6, b's', self.to),
        ] {
            pad(&mut fields, 8);
            fields.extend([code, 1, kind, 0]);
            put_string(&mut fields, text);
        }
        if !self.signature.is_empty() {
            pad(&mut fields, 8);
            fields.extend([8, 1, b'g', 0, self.signature.len() as u8]);
            fields.extend(self.signature.as_bytes());
            fields.push(0);
        }
        let mut message = vec![b'l', 1, 0, 1];
        for number in [self.body.len() as u32, serial, fields.len() as u32] {
            message.extend(number.to_le_bytes());
        }
        message.extend(fields);
        pad(&mut message, 8);
        message.extend(self.body);
        message
    }
}

enum Kind {
    Return,
    Error,
    Other,
}

struct Reply {
    kind: Kind,
    /// The serial of what it answers.
    to: u32,
    body: Vec<u8>,
    big: bool,
}

impl Reply {
    /// The text that it begins with.
    fn text(&self) -> Option<&str> {
        Part::new(&self.body, self.big).text()
    }

    /// The number in the variant that it is.
    fn number(&self) -> Option<i64> {
        let mut part = Part::new(&self.body, self.big);
        match part.signature()? {
            b"i" => Some(i64::from(part.u32()? as i32)),
            b"u" => part.u32().map(i64::from),
            b"x" => part.u64().map(|number| number as i64),
            b"t" => i64::try_from(part.u64()?).ok(),
            _ => None,
        }
    }
}

/// Bytes that are read from the beginning on; `None` where they end early.
struct Part<'a> {
    bytes: &'a [u8],
    at: usize,
    big: bool,
}

impl<'a> Part<'a> {
    fn new(bytes: &'a [u8], big: bool) -> Self {
        Self { bytes, at: 0, big }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn u32(&mut self) -> Option<u32> {
        self.align(4);
        let bytes = self.take(4)?.try_into().ok()?;
        Some(if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn u64(&mut self) -> Option<u64> {
        self.align(8);
        let bytes = self.take(8)?.try_into().ok()?;
        Some(if self.big {
            u64::from_be_bytes(bytes)
        } else {
            u64::from_le_bytes(bytes)
        })
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.u32()? as usize;
        let text = self.take(length)?;
        self.take(1)?;
        std::str::from_utf8(text).ok()
    }

    fn signature(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(*self.take(1)?.first()?);
        let signature = self.take(length)?;
        self.take(1)?;
        Some(signature)
    }

    /// Of a header's fields the one that says what is answered (5).
    fn reply_serial(&mut self) -> Option<u32> {
        loop {
            self.align(8);
            let code = *self.take(1)?.first()?;
            match (code, self.signature()?) {
                (5, b"u") => return self.u32(),
                (_, b"u") => self.u32().map(|_| ())?,
                (_, b"s" | b"o") => self.text().map(|_| ())?,
                (_, b"g") => self.signature().map(|_| ())?,
                _ => return None,
            }
        }
    }
}

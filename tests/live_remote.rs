//! Control from elsewhere: OSC over loopback UDP, with no device and with one, and MIDI inputs that come and go.
#![cfg(feature = "live")]

use partita::live::midi::{self, MidiError};
use partita::live::osc::{self, Listener, OscError};
use partita::live::{Command, Control};
use partita::params::{Id, TABLE, Values};
use partita::preset;
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, decoder, encoder};
use std::net::UdpSocket;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Nothing on a loaded machine takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

fn message(addr: &str, args: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage {
        addr: addr.to_owned(),
        args,
    })
}

fn encode(packet: &OscPacket) -> Vec<u8> {
    encoder::encode(packet).expect("a packet")
}

/// Somebody with faders.
struct Surface {
    socket: UdpSocket,
}

impl Surface {
    fn towards(place: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(place).expect("loopback");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        Self { socket }
    }

    fn send(&self, packet: &[u8]) {
        self.socket.send(packet).expect("sent");
    }

    fn answer(&self) -> OscMessage {
        let mut packet = vec![0; 65_536];
        let length = self.socket.recv(&mut packet).expect("an answer");
        match decoder::decode_udp(&packet[..length]).expect("OSC").1 {
            OscPacket::Message(message) => message,
            OscPacket::Bundle(_) => panic!("a bundle"),
        }
    }

    fn ask(&self, addr: &str, args: Vec<OscType>) -> OscMessage {
        self.send(&encode(&message(addr, args)));
        self.answer()
    }
}

struct Desk {
    control: Arc<Control>,
    listener: Listener,
    surface: Surface,
    told: Receiver<bool>,
}

impl Desk {
    fn new() -> Self {
        let control = Arc::new(Control::new(&Values::default()));
        let (sender, told) = channel();
        let local = "127.0.0.1:0".parse().expect("an address");
        let listener = osc::listen(local, Arc::clone(&control), move |reply| {
            let _ = sender.send(reply.is_ok());
        });
        let listener = listener.expect("a free port");
        let surface = Surface::towards(&listener.address().to_string());
        Self {
            control,
            listener,
            surface,
            told,
        }
    }

    fn value(&self, id: Id) -> f32 {
        self.control.desk().values.get(id)
    }
}

fn text(of: &str) -> OscType {
    OscType::String(of.to_owned())
}

#[test]
fn every_parameter_can_be_set_and_asked_for() {
    let desk = Desk::new();
    for parameter in TABLE.iter().filter(|it| it.id != Id::Impulse) {
        let address = format!("/partita/{}", parameter.key);
        for wanted in [parameter.lowest(), parameter.highest(), parameter.default] {
            let answer = desk.surface.ask(&address, vec![OscType::Float(wanted)]);
            assert_eq!(answer.addr, address);
            assert_eq!(answer.args[0], OscType::Float(wanted));
            assert_eq!(desk.value(parameter.id), wanted);
        }
        let asked = desk.surface.ask(&address, Vec::new());
        assert_eq!(asked.args[0], OscType::Float(parameter.default));
        assert!(matches!(&asked.args[1], OscType::String(text) if !text.is_empty()));
    }
    // Other types, text, beyond the range, a note.
    let mix = |argument| desk.surface.ask("/partita/mix", vec![argument]).args[0].clone();
    assert_eq!(mix(OscType::Int(25)), OscType::Float(25.0));
    assert_eq!(mix(OscType::Double(26.0)), OscType::Float(26.0));
    assert_eq!(mix(OscType::Long(27)), OscType::Float(27.0));
    assert_eq!(mix(text("28 %")), OscType::Float(28.0));
    assert_eq!(mix(OscType::Float(1e9)), OscType::Float(100.0));
    let bypass = desk
        .surface
        .ask("/partita/bypass", vec![OscType::Bool(true)]);
    assert_eq!(bypass.args, [OscType::Float(1.0), text("on")]);
    let note = desk.surface.ask("/partita/predelay", vec![text("1/8d")]);
    assert_eq!(note.addr, "/partita/predelay_note");
    let tempo = desk
        .surface
        .ask("/partita/tempo", vec![OscType::Float(96.0)]);
    assert_eq!(tempo.addr, "/partita/reply");
    assert_eq!(desk.control.desk().values.tempo(), Some(96.0));
    desk.surface.ask("/partita/dry", vec![OscType::Int(0)]);
    assert!(desk.control.desk().dry_is_muted());
    let status = desk.surface.ask("/partita/status", Vec::new());
    assert_eq!(
        status.args,
        [text("/partita/status"), text("waiting for a device")]
    );
    assert!(desk.told.iter().take(20).all(|ok| ok));
}

#[test]
fn impulses_and_presets_are_chosen_by_name_and_number() {
    let desk = Desk::new();
    let plate = desk.surface.ask("/partita/impulse", vec![text("plate")]);
    assert_eq!(
        plate.args,
        [text("/partita/impulse"), text("impulse plate")]
    );
    let slot = desk.value(Id::Impulse);
    desk.surface.ask("/partita/impulse", vec![text("hall")]);
    assert_ne!(desk.value(Id::Impulse), slot);
    desk.surface
        .ask("/partita/impulse", vec![OscType::Int(slot as i32)]);
    assert_eq!(desk.value(Id::Impulse), slot);
    let presets = preset::factory();
    for (at, argument) in [(0, text(&presets[0].name)), (1, OscType::Int(1))] {
        let chosen = desk.surface.ask("/partita/preset", vec![argument]);
        assert_eq!(chosen.addr, "/partita/reply");
        assert_eq!(desk.value(Id::Mix), presets[at].values().get(Id::Mix));
    }
    for (address, argument, words) in [
        (
            "/partita/impulse",
            text("no such impulse"),
            "no such impulse",
        ),
        ("/partita/preset", text("no such preset"), "no such preset"),
        (
            "/partita/preset",
            OscType::Int(999),
            "a factory preset, 0 to",
        ),
        (
            "/partita/preset",
            OscType::Float(-1.0),
            "a factory preset, 0 to",
        ),
        ("/partita/mix", text("lots"), "0 to 100 %"),
        ("/partita/mix", OscType::Float(f32::NAN), "got NaN"),
        ("/partita/mix", OscType::Nil, "another type"),
        ("/partita/tempo", OscType::Float(1.0), "20 to 999"),
        ("/partita/dry", text("maybe"), "on or off"),
        (
            "/partita/volume",
            OscType::Int(1),
            "expected /partita/ and the key",
        ),
        (
            "/other/mix",
            OscType::Int(1),
            "expected /partita/ and the key",
        ),
        (
            "/partita/*",
            OscType::Int(1),
            "expected /partita/ and the key",
        ),
    ] {
        let before = desk.control.desk().values.values();
        let answer = desk.surface.ask(address, vec![argument]);
        let [OscType::String(to), OscType::String(why)] = &answer.args[..] else {
            panic!("{answer:?}");
        };
        assert_eq!(
            (answer.addr.as_str(), to.as_str()),
            ("/partita/error", address)
        );
        assert!(why.contains(words) && why.lines().count() == 1, "{why}");
        assert_eq!(desk.control.desk().values.values(), before, "{address}");
    }
}

#[test]
fn a_bundle_is_done_in_its_order_and_answered_one_by_one() {
    let desk = Desk::new();
    let bundle = |content| {
        OscPacket::Bundle(OscBundle {
            timetag: OscTime {
                seconds: 0,
                fractional: 1,
            },
            content,
        })
    };
    let mix = |value| message("/partita/mix", vec![OscType::Float(value)]);
    let width = message("/partita/width", vec![OscType::Float(50.0)]);
    let all = bundle(vec![mix(10.0), bundle(vec![width, mix(20.0)]), mix(30.0)]);
    desk.surface.send(&encode(&all));
    for (key, value) in [("mix", 10.0), ("width", 50.0), ("mix", 20.0), ("mix", 30.0)] {
        let answer = desk.surface.answer();
        assert_eq!(answer.addr, format!("/partita/{key}"));
        assert_eq!(answer.args[0], OscType::Float(value));
    }
    assert_eq!((desk.value(Id::Mix), desk.value(Id::Width)), (30.0, 50.0));
}

/// Whatever comes, it goes on listening, and says that it was no OSC.
#[test]
fn packets_of_anything_are_answered_and_survived() {
    let desk = Desk::new();
    let mut deep = encode(&message("/partita/mix", vec![OscType::Float(1.0)]));
    for _ in 0..3000 {
        let mut outer = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
        outer.extend((deep.len() as u32).to_be_bytes());
        outer.extend(&deep);
        deep = outer;
        if deep.len() > 60_000 {
            break;
        }
    }
    let good = encode(&message(
        "/partita/mix",
        vec![OscType::Float(40.0), text("x")],
    ));
    let mut packets = vec![
        deep,
        b"#bundle\0".to_vec(),
        vec![0xFF; 60_000],
        b"/partita/mix".to_vec(),
    ];
    packets.extend((1..good.len()).map(|length| good[..length].to_vec()));
    // Each byte of a good one changed.
    packets.extend((0..good.len()).map(|at| {
        let mut packet = good.clone();
        packet[at] ^= 0x55;
        packet
    }));
    for packet in &packets {
        desk.surface.send(packet);
        let answer = desk.surface.answer();
        assert!(answer.addr.starts_with("/partita/"), "{answer:?}");
    }
    assert!(matches!(
        osc::decode(&packets[0]),
        Err(OscError::Bundles(_))
    ));
    assert!(matches!(osc::decode(&[]), Err(OscError::Packet { .. })));
    assert!(
        osc::decode(&encode(&message("/partita/quit", Vec::new())))
            .is_ok_and(|asked| asked[0].command.is_err())
    );
    let answer = desk.surface.ask("/partita/mix", vec![OscType::Float(41.0)]);
    assert_eq!(answer.args[0], OscType::Float(41.0));
    // It ends when it is dropped, and gives its port back.
    let address = desk.listener.address();
    drop(desk.listener);
    assert!(UdpSocket::bind(address).is_ok());
    assert_eq!("set mix 3".parse(), Ok(Command::Set(Id::Mix, 3.0)));
}

/// MIDI inputs that come and go. This kernel need not have any.
#[derive(Clone, Default)]
struct Plugs(Arc<Mutex<Plugged>>);

#[derive(Default)]
struct Plugged {
    names: Vec<String>,
    /// Who hears what the open one sends, and its name.
    open: Option<(String, midi::Hear)>,
}

impl Plugs {
    fn kept(&self) -> MutexGuard<'_, Plugged> {
        self.0.lock().expect("kept")
    }

    fn plug(&self, names: &[&str]) {
        self.kept().names = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Whether somebody heard it.
    fn send(&self, bytes: &[u8]) -> bool {
        let open = &mut self.kept().open;
        open.as_mut().map(|(_, hear)| hear(bytes)).is_some()
    }
}

/// Dropped, nobody hears any more.
struct Cable(Plugs);

impl Drop for Cable {
    fn drop(&mut self) {
        self.0.kept().open = None;
    }
}

impl midi::Ports for Plugs {
    type Connection = Cable;

    fn names(&mut self) -> Result<Vec<String>, MidiError> {
        Ok(self.kept().names.clone())
    }

    fn connect(&mut self, name: &str, hear: midi::Hear) -> Result<Cable, MidiError> {
        let mut kept = self.kept();
        assert!(kept.names.iter().any(|there| there == name));
        // A cable more would be one that nobody pulls.
        assert!(kept.open.is_none());
        kept.open = Some((name.to_owned(), hear));
        Ok(Cable(self.clone()))
    }
}

#[test]
fn a_midi_input_that_is_pulled_out_is_waited_for_and_heard_again() {
    let control = Arc::new(Control::new(&Values::default()));
    let plugs = Plugs::default();
    let (sender, told) = channel();
    let listen = |wanted: &str| {
        let (ports, sender) = (plugs.clone(), sender.clone());
        let map = "cc20=mix".parse().expect("a map");
        let tell = move |what: midi::Told<'_>| {
            let _ = sender.send(format!("{what:?}"));
        };
        midi::listen_on(move || ports, wanted, map, Arc::clone(&control), tell)
    };
    let wait = |begin: &str| {
        let said = told.recv_timeout(PATIENCE).expect("told");
        assert!(said.starts_with(begin), "{said}");
    };
    let mix = || control.desk().values.get(Id::Mix);

    plugs.plug(&["Through Port 14:0"]);
    let missing = listen("fader").expect_err("not there").to_string();
    assert!(
        missing.contains("\"fader\", but there is only Through Port 14:0"),
        "{missing}"
    );
    assert!(!plugs.send(&[0xB0, 20, 1]));

    plugs.plug(&["Through Port 14:0", "Faders 20:0", "Faders 20:1"]);
    let listener = listen("fader").expect("it is there");
    assert_eq!(listener.name(), "Faders 20:0");
    assert!(plugs.send(&[0xB0, 20, 127]));
    wait("Done(Ok(Set(Mix, 100.0)))");
    assert_eq!(mix(), 100.0);

    plugs.plug(&["Through Port 14:0"]);
    wait("Gone(\"Faders 20:0\")");
    assert!(!plugs.send(&[0xB0, 20, 0]));
    assert_eq!(mix(), 100.0);

    // At another place.
    plugs.plug(&["Through Port 14:0", "Faders 24:0"]);
    wait("Back(\"Faders 24:0\")");
    assert!(plugs.send(&[0xB0, 20, 0]));
    wait("Done(Ok(Set(Mix, 0.0)))");
    assert_eq!(mix(), 0.0);
    assert!(plugs.send(&[0xC0, 127]));
    wait("Done(Err(");

    drop(listener);
    assert!(
        !plugs.send(&[0xB0, 20, 127]),
        "it is closed with its listener"
    );
    assert_eq!(mix(), 0.0);
}

/// With a device that is none, by the program's own arguments.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod program {
    use super::*;
    use serde_json::Value;
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command as Process, Stdio};
    use tempfile::TempDir;

    /// Ends with the test.
    struct Ended(Child);

    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn partita(folder: &TempDir, args: &str) -> Process {
        let config = folder.path().join("asound.conf");
        fs::write(&config, "pcm.nothing { type null }\n").expect("written");
        let mut command = Process::new(env!("CARGO_BIN_EXE_partita"));
        command
            .args(args.split_whitespace())
            .env("PARTITA_HOME", folder.path())
            .env("ALSA_CONFIG_PATH", config)
            .stdin(Stdio::null());
        command
    }

    #[test]
    fn live_listens_on_this_machine_only_and_does_what_comes() {
        let folder = TempDir::new().expect("a folder");
        let args = "live --headless --json --input none --output alsa:nothing --osc 0";
        let mut child = partita(&folder, args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let events = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let _child = Ended(child);
        let mut events = events.map_while(Result::ok).map(|line| {
            let event: Value = serde_json::from_str(&line).expect("JSON");
            event
        });
        let listening = events
            .find(|event| event["event"] == "listening")
            .expect("it listens");
        let place = listening["place"].as_str().expect("a place");
        assert!(place.starts_with("127.0.0.1:"), "{place}");
        let surface = Surface::towards(place);
        let answer = surface.ask("/partita/mix", vec![OscType::Float(33.0)]);
        assert_eq!(answer.args[0], OscType::Float(33.0));
        let set = events
            .find(|event| event["event"] == "set")
            .expect("an event");
        assert_eq!((&set["key"], &set["value"]), (&"mix".into(), &33.0.into()));
        // The port is taken.
        let taken = args.replace("--osc 0", &format!("--osc {place}"));
        let output = partita(&folder, &taken).output().expect("starts");
        assert_eq!(output.status.code(), Some(7));
        assert!(String::from_utf8_lossy(&output.stderr).contains("another port"));
    }

    #[test]
    fn what_is_wrong_with_the_arguments_is_said() {
        let folder = TempDir::new().expect("a folder");
        let live = "live --headless --input none --output alsa:nothing";
        for (rest, code, words) in [
            ("--osc here", 2, "expected a port"),
            ("--osc 70000", 2, "expected a port"),
            ("--midi-map cc1=mix", 2, "--midi"),
            ("--midi x --midi-map cc1=loud", 2, "parameters are"),
            // With a sequencer there is no such port, without one no MIDI.
            ("--midi no-such-thing", 7, "expected"),
        ] {
            let output = partita(&folder, &format!("{live} {rest}"))
                .output()
                .expect("starts");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{rest}: {said}");
            assert!(said.contains(words), "{rest}: {said}");
        }
    }
}

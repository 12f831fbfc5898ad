//! JACK: one client with one callback, in which sound comes in and goes out. Nothing stands between them, so a sound is
//! at the output in the cycle in which it came in.
//!
//! A device here is a client whose ports are connected to ours: `jack:system`, or `jack` for the physical ports;
//! `jack:unconnected` leaves the connecting to whoever has a patchbay.

use super::chain::Chain;
use super::stream::{
    Alarm, Clock, Link, Lost, MakeChain, Named, OpenError, Opened, Request, from_one, milliseconds,
};
use crate::loader::thread::Format;
use crate::processor::MAX_CHANNELS;
use jack::{
    AsyncClient, AudioIn, AudioOut, Client, ClientOptions, ClientStatus, Control, Frames,
    LatencyType, NotificationHandler, Port, PortFlags, PortSpec, ProcessHandler, ProcessScope,
    Unowned,
};
use std::array;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Our name in the graph.
const NAME: &str = "partita";

/// The device that is connected to nothing.
pub(super) const UNCONNECTED: &str = "unconnected";

/// An active client.
pub struct Stream {
    client: AsyncClient<Notices, Player>,
    inputs: Vec<Port<Unowned>>,
    outputs: Vec<Port<Unowned>>,
}

/// A client of the server, as a device.
#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    /// How many channels come from it.
    pub sources: usize,
    /// How many go to it.
    pub sinks: usize,
    /// Whether it is hardware.
    pub physical: bool,
}

/// Everybody who has audio ports, and the server's rate in Hz and period in frames.
pub(super) struct Graph {
    pub peers: BTreeMap<String, Peer>,
    pub rate: u32,
    pub period: u32,
}

fn client() -> Result<Client, OpenError> {
    match Client::new(NAME, ClientOptions::NO_START_SERVER) {
        Ok((client, _)) => Ok(client),
        Err(jack::Error::LibraryError(what)) => Err(OpenError::System {
            device: "jack".to_owned(),
            what: format!("JACK is not installed: {what}"),
        }),
        Err(_) => Err(OpenError::NoServer),
    }
}

/// Whether there is a server. Main thread.
pub(super) fn server_runs() -> bool {
    client().is_ok()
}

/// What is in the server's graph. Main thread.
pub(super) fn graph() -> Result<Graph, OpenError> {
    let client = client()?;
    let mut peers = BTreeMap::<String, Peer>::new();
    for (flags, source) in [(PortFlags::IS_OUTPUT, true), (PortFlags::IS_INPUT, false)] {
        for port in client.ports(None, Some(AudioIn::default().jack_port_type()), flags) {
            let peer = port.split(':').next().unwrap_or_default().to_owned();
            let physical = client.port_by_name(&port);
            let physical =
                physical.is_some_and(|port| port.flags().contains(PortFlags::IS_PHYSICAL));
            let peer = peers.entry(peer).or_default();
            peer.physical |= physical;
            *(if source {
                &mut peer.sources
            } else {
                &mut peer.sinks
            }) += 1;
        }
    }
    Ok(Graph {
        peers,
        rate: client.sample_rate(),
        period: client.buffer_size(),
    })
}

/// The ports of the device `name` that sound comes from (flags: output) or goes to (input).
fn ports(client: &Client, name: Option<&str>, flags: PortFlags) -> Vec<String> {
    let audio = AudioIn::default();
    let audio = Some(audio.jack_port_type());
    match name {
        None => client.ports(None, audio, flags | PortFlags::IS_PHYSICAL),
        Some(UNCONNECTED) => Vec::new(),
        Some(name) => {
            let all = client.ports(None, audio, flags).into_iter();
            let of = |port: &String| {
                port.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(':'))
            };
            all.filter(of).collect()
        }
    }
}

/// One direction, before it is connected.
struct Side {
    id: String,
    /// The device's channels that are used, from 0.
    used: Vec<usize>,
    /// The port that each is connected to; `None`: it is left alone.
    ports: Vec<Option<String>>,
}

fn side(
    client: &Client,
    name: Option<&str>,
    flags: PortFlags,
    asked: Option<&[usize]>,
) -> Result<Side, OpenError> {
    let id = name.map_or_else(|| "jack".to_owned(), |name| format!("jack:{name}"));
    let ports = ports(client, name, flags);
    // What a patchbay connects has as many channels as are asked for.
    let free = name == Some(UNCONNECTED) || (name.is_none() && ports.is_empty());
    if ports.is_empty() && !free {
        return Err(OpenError::Missing {
            device: id,
            what: if flags == PortFlags::IS_OUTPUT {
                "an input"
            } else {
                "an output"
            },
        });
    }
    let has = if free { MAX_CHANNELS } else { ports.len() };
    let used = super::stream::channels(asked, has, &id)?;
    let ports = used.iter().map(|&at| ports.get(at).cloned()).collect();
    Ok(Side { id, used, ports })
}

/// Opens a client and connects it.
pub(super) fn open(
    request: &Request,
    input: &Named,
    output: Option<&str>,
    make: MakeChain<'_>,
    alarm: &Arc<Alarm>,
) -> Result<(Stream, Opened), OpenError> {
    let client = client()?;
    let system = |error: jack::Error| OpenError::System {
        device: "jack".to_owned(),
        what: error.to_string(),
    };
    let (rate, period) = (client.sample_rate(), client.buffer_size());
    if let Some(wanted) = request.rate.filter(|wanted| *wanted != rate) {
        return Err(OpenError::Rate {
            device: "jack".to_owned(),
            wanted,
            supported: format!("{rate} Hz; the server decides"),
        });
    }
    if let Some(wanted) = request.period.filter(|wanted| *wanted != period) {
        return Err(OpenError::Period {
            device: "jack".to_owned(),
            wanted,
            supported: format!("{period}; the server decides"),
        });
    }
    let asked = request.input_channels.as_deref();
    let source = match input {
        None => None,
        Some(name) => Some(side(&client, name.as_deref(), PortFlags::IS_OUTPUT, asked)?),
    };
    let asked = request.output_channels.as_deref();
    let sink = side(&client, output, PortFlags::IS_INPUT, asked)?;
    let inputs = source.as_ref().map_or(&[][..], |source| &source.used);
    let outputs = &sink.used;
    let chain = make(Format {
        sample_rate: rate,
        // Where nothing comes in, silence does, in as many channels as go out.
        inputs: if inputs.is_empty() {
            outputs.len()
        } else {
            inputs.len()
        },
        outputs: outputs.len(),
    });
    let mut ins = Vec::new();
    for number in 1..=inputs.len() {
        ins.push(
            client
                .register_port(&format!("in_{number}"), AudioIn::default())
                .map_err(system)?,
        );
    }
    let mut outs = Vec::new();
    for number in 1..=outputs.len() {
        outs.push(
            client
                .register_port(&format!("out_{number}"), AudioOut::default())
                .map_err(system)?,
        );
    }
    let unowned_ins: Vec<_> = ins.iter().map(Port::clone_unowned).collect();
    let unowned_outs: Vec<_> = outs.iter().map(Port::clone_unowned).collect();
    let notices = Notices {
        alarm: Arc::clone(alarm),
        rate,
    };
    let player = Player {
        chain,
        alarm: Arc::clone(alarm),
        inputs: ins,
        outputs: outs,
    };
    let client = client.activate_async(notices, player).map_err(system)?;
    let stream = Stream {
        client,
        inputs: unowned_ins,
        outputs: unowned_outs,
    };
    let mut notes = Vec::new();
    for (ours, source) in stream
        .inputs
        .iter()
        .zip(source.iter().flat_map(|it| &it.ports))
    {
        notes.extend(stream.connect(source.as_deref(), ours, Way::In));
    }
    for (ours, sink) in stream.outputs.iter().zip(&sink.ports) {
        notes.extend(stream.connect(sink.as_deref(), ours, Way::Out));
    }
    let opened = Opened {
        input: source.as_ref().map(|source| source.id.clone()),
        output: sink.id.clone(),
        sample_rate: rate,
        period,
        input_channels: from_one(inputs),
        output_channels: from_one(outputs),
        clock: Clock::One,
        notes,
    };
    Ok((stream, opened))
}

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

impl Stream {
    /// Connects one of our ports; what the user should know if that did not go.
    fn connect(&self, other: Option<&str>, ours: &Port<Unowned>, way: Way) -> Option<String> {
        let ours = ours.name().ok()?;
        let Some(other) = other else {
            return Some(format!("{ours} is connected to nothing yet"));
        };
        let client = self.client.as_client();
        let connected = match way {
            Way::In => client.connect_ports_by_name(other, &ours),
            Way::Out => client.connect_ports_by_name(&ours, other),
        };
        match connected {
            Ok(()) | Err(jack::Error::PortAlreadyConnected(..)) => None,
            Err(error) => Some(format!("{ours} is not connected to {other}: {error}")),
        }
    }

    /// As the server adds it up over what is connected.
    pub fn link(&self) -> Link {
        let longest = |ports: &[Port<Unowned>], mode: LatencyType| {
            let ranges = ports.iter().map(|port| port.get_latency_range(mode).1);
            ranges.max().unwrap_or(0)
        };
        let all = longest(&self.inputs, LatencyType::Capture)
            + longest(&self.outputs, LatencyType::Playback);
        let rate = self.client.as_client().sample_rate();
        Link {
            // Nothing is connected, or it has not been added up yet.
            round_trip_ms: (all > 0).then(|| milliseconds(all, rate)),
            ..Link::default()
        }
    }
}

/// What the server tells beside sound.
struct Notices {
    alarm: Arc<Alarm>,
    rate: Frames,
}

impl NotificationHandler for Notices {
    // SAFETY: the trait asks for what may be done in a signal handler: this stores an atomic.
    #[allow(unsafe_code)]
    unsafe fn shutdown(&mut self, _status: ClientStatus, _reason: &str) {
        self.alarm.lose(Lost::ServerGone);
    }

    fn sample_rate(&mut self, _: &Client, rate: Frames) -> Control {
        if rate != self.rate {
            self.alarm.lose(Lost::Changed);
        }
        Control::Continue
    }

    fn xrun(&mut self, _: &Client) -> Control {
        self.alarm.xrun();
        Control::Continue
    }
}

/// The callback.
struct Player {
    chain: Chain,
    alarm: Arc<Alarm>,
    inputs: Vec<Port<AudioIn>>,
    outputs: Vec<Port<AudioOut>>,
}

impl ProcessHandler for Player {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        self.alarm.tell_priority();
        let mut inputs: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
        for (slice, port) in inputs.iter_mut().zip(&self.inputs) {
            *slice = port.as_slice(scope);
        }
        let played = self.outputs.len().min(MAX_CHANNELS);
        let mut outputs: [&mut [f32]; MAX_CHANNELS] = array::from_fn(|_| &mut [][..]);
        for (slice, port) in outputs.iter_mut().zip(&mut self.outputs) {
            *slice = port.as_mut_slice(scope);
        }
        let used = self.inputs.len().min(MAX_CHANNELS);
        self.chain.process(&inputs[..used], &mut outputs[..played]);
        Control::Continue
    }
}

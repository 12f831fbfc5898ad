//! Control from elsewhere while it plays: OSC and MIDI.

use super::super::{Exit, say};
use super::prompt::Screen;
use crate::live::control::Reply;
use crate::live::{Control, midi, osc};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

#[derive(Debug, clap::Args)]
pub(super) struct Remote {
    /// Listen for OSC at this UDP port, of this machine only (/partita/mix 40, /partita/impulse hall); 0.0.0.0:PORT, or an
    /// address of this machine, opens it to others
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = address)]
    osc: Option<SocketAddr>,
    /// Listen to the MIDI input with this in its name: controllers, and program changes for factory presets
    #[arg(long, value_name = "NAME")]
    midi: Option<String>,
    /// Which controllers move what: cc20=mix,cc21=width; unless given, cc91=mix
    #[arg(long, value_name = "MAP", requires = "midi")]
    midi_map: Option<midi::Map>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.parse::<u16>();
    let address = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let address = address.or_else(|_| text.parse());
    address.map_err(|_| "expected a port, or an address and a port: 9000, 0.0.0.0:9000".to_owned())
}

/// What listens, until it is dropped.
pub(super) struct Listeners {
    _osc: Option<osc::Listener>,
    _midi: Option<midi::Listener>,
}

impl Remote {
    pub fn listen(&self, control: &Arc<Control>, screen: &Arc<Screen>) -> Result<Listeners, Exit> {
        let osc = match self.osc {
            None => None,
            Some(address) => {
                let told = Arc::clone(screen);
                let tell = move |reply: &Result<Reply, String>| told.remote(reply);
                let listener = osc::listen(address, Arc::clone(control), tell);
                let listener = listener.map_err(|error| {
                    say::error(format_args!(
                        "expected to listen for OSC at {address}, but the system reports: {error}; choose another port"
                    ));
                    Exit::Device
                })?;
                screen.listens("osc", &listener.address());
                Some(listener)
            }
        };
        let midi = match &self.midi {
            None => None,
            Some(port) => {
                let map = self.midi_map.clone().unwrap_or_default();
                let told = Arc::clone(screen);
                let tell = move |what: midi::Told<'_>| match what {
                    midi::Told::Done(reply) => told.remote(reply),
                    midi::Told::Gone(name) => told.gone("midi", &name),
                    midi::Told::Back(name) => told.listens("midi", &name),
                };
                let listener = midi::listen(port, map, Arc::clone(control), tell);
                let listener = listener.map_err(|error| {
                    say::error(error);
                    Exit::Device
                })?;
                screen.listens("midi", &listener.name());
                Some(listener)
            }
        };
        Ok(Listeners {
            _osc: osc,
            _midi: midi,
        })
    }
}

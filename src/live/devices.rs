//! What sound devices there are.
//!
//! An id is `SYSTEM:NAME`, stable as far as the system's own names are: `alsa:hw:CARD=PCH,DEV=0`, `jack:system`,
//! `coreaudio:…`. A system's name alone is its default device.

use super::jack;
use super::stream::{OpenError, PERIODS, RATES};
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{SupportedBufferSize, SupportedStreamConfigRange};
use serde::Serialize;
use std::collections::BTreeSet;

/// A sound system, and what it has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct System {
    /// The beginning of its devices' ids.
    pub name: String,
    /// Why it cannot be asked, in one line.
    pub error: Option<String>,
    /// Its devices.
    pub devices: Vec<Device>,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Device {
    /// What `--input` and `--output` take.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether sound comes from it unless another is asked for.
    pub default_input: bool,
    /// Whether sound goes to it unless another is asked for.
    pub default_output: bool,
    /// What comes from it. `None`: nothing, or it cannot be opened now.
    pub input: Option<Side>,
    /// What goes to it. `None`: nothing, or it cannot be opened now.
    pub output: Option<Side>,
    /// Why it cannot be opened now, in one line.
    pub error: Option<String>,
}

/// What a device can do in one direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// The most channels.
    pub channels: usize,
    /// The usual ones that it has, in Hz.
    pub rates: Vec<u32>,
    /// The shortest and the longest period in frames, where the system tells.
    pub periods: Option<(u32, u32)>,
}

/// Asks all systems. Main thread.
pub fn list() -> Vec<System> {
    #[cfg(target_os = "linux")]
    let _hushed = super::alsa::hush();
    let mut systems = vec![jack_system()];
    let jack_runs = systems[0].error.is_none();
    for id in cpal::available_hosts() {
        // JACK is asked by ourselves: there, a device is a client.
        if id.to_string() != "jack" {
            systems.push(card_system(id, !jack_runs));
        }
    }
    systems
}

fn jack_system() -> System {
    let name = "jack".to_owned();
    let graph = match jack::graph() {
        Ok(graph) => graph,
        Err(error) => {
            let error = match error {
                OpenError::NoServer => "no server is running".to_owned(),
                other => other.to_string(),
            };
            return System {
                name,
                error: Some(error),
                devices: Vec::new(),
            };
        }
    };
    let side = |channels: usize| {
        (channels > 0).then(|| Side {
            channels,
            rates: vec![graph.rate],
            periods: Some((graph.period, graph.period)),
        })
    };
    let device = |(peer, it): (&String, &jack::Peer)| Device {
        id: format!("jack:{peer}"),
        name: peer.clone(),
        default_input: it.physical && it.sources > 0,
        default_output: it.physical && it.sinks > 0,
        input: side(it.sources),
        output: side(it.sinks),
        error: None,
    };
    let mut devices: Vec<_> = graph.peers.iter().map(device).collect();
    devices.push(Device {
        id: format!("jack:{}", jack::UNCONNECTED),
        name: "connected by hand, with a patchbay".to_owned(),
        default_input: false,
        default_output: false,
        input: None,
        output: None,
        error: None,
    });
    System {
        name,
        error: None,
        devices,
    }
}

fn card_system(id: cpal::HostId, is_default: bool) -> System {
    let name = id.to_string();
    let failed = |error: cpal::Error| System {
        name: id.to_string(),
        error: Some(error.to_string()),
        devices: Vec::new(),
    };
    let host = match cpal::host_from_id(id) {
        Ok(host) => host,
        Err(error) => return failed(error),
    };
    let all = match host.devices() {
        Ok(all) => all,
        Err(error) => return failed(error),
    };
    let default = |device: Option<cpal::Device>| {
        let id = device.and_then(|device| device.id().ok());
        id.filter(|_| is_default).map(|id| id.to_string())
    };
    let default_input = default(host.default_input_device());
    let default_output = default(host.default_output_device());
    let mut seen = BTreeSet::new();
    let mut devices = Vec::new();
    for device in all {
        let Ok(id) = device.id().map(|id| id.to_string()) else {
            continue;
        };
        // ALSA may list a device once for each direction.
        if !seen.insert(id.clone()) {
            continue;
        }
        let input = device.supported_input_configs();
        let output = device.supported_output_configs();
        let error = match (&input, &output) {
            (Err(error), Err(_)) => Some(error.to_string()),
            _ => None,
        };
        let name = device.description().map(|it| it.name().to_owned());
        devices.push(Device {
            name: name.unwrap_or_else(|_| id.clone()),
            default_input: default_input.as_ref() == Some(&id),
            default_output: default_output.as_ref() == Some(&id),
            input: input
                .ok()
                .and_then(|ranges| side(&ranges.collect::<Vec<_>>())),
            output: output
                .ok()
                .and_then(|ranges| side(&ranges.collect::<Vec<_>>())),
            error,
            id,
        });
    }
    System {
        name,
        error: None,
        devices,
    }
}

fn side(ranges: &[SupportedStreamConfigRange]) -> Option<Side> {
    let channels = ranges.iter().map(|range| range.channels()).max()?;
    let mut rates: Vec<_> = RATES.into_iter().collect();
    rates.extend([32_000, 176_400, 192_000]);
    rates.retain(|rate| ranges.iter().any(|range| range.contains_rate(*rate)));
    rates.sort_unstable();
    let periods = ranges.iter().filter_map(|range| match range.buffer_size() {
        // What ends above an hour is no statement.
        SupportedBufferSize::Range { min, max } => Some((*min, (*max).min(1 << 24))),
        SupportedBufferSize::Unknown => None,
    });
    let periods = periods.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    Some(Side {
        channels: channels.into(),
        rates,
        periods: periods.filter(|(low, high)| low <= high && *high >= PERIODS[0]),
    })
}

//! `partita devices`: what `partita live` can play on.

use super::{Exit, say};
use crate::live::devices::{self, Device, Side};
use serde_json::json;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    let systems = devices::list();
    if args.json {
        say::result(json!({ "systems": systems }));
        return Exit::Ok;
    }
    for system in &systems {
        match &system.error {
            Some(error) => say::result(format_args!("{}: {}", system.name, say::one_line(error))),
            None if system.devices.is_empty() => {
                say::result(format_args!("{}: no devices", system.name));
            }
            None => say::result(format_args!("{}:", system.name)),
        }
        for device in &system.devices {
            say::result(human(device));
        }
    }
    Exit::Ok
}

fn human(device: &Device) -> String {
    let mut line = format!("  {}", say::one_line(&device.id));
    if device.name != device.id {
        line += &format!("  {}", say::one_line(&device.name));
    }
    let sides = [
        ("in", &device.input, device.default_input),
        ("out", &device.output, device.default_output),
    ];
    for (way, side, default) in sides {
        if let Some(side) = side {
            let mark = if default { " (default)" } else { "" };
            line += &format!("\n    {way:<4}{}{mark}", abilities(side));
        }
    }
    if let Some(error) = &device.error {
        line += &format!("\n    {}", say::one_line(error));
    }
    line
}

fn abilities(side: &Side) -> String {
    let rates: Vec<_> = side.rates.iter().map(ToString::to_string).collect();
    let mut text = say::channels(side.channels);
    if !rates.is_empty() {
        text += &format!(", {} Hz", rates.join(" "));
    }
    match side.periods {
        Some((low, high)) if low == high => text + &format!(", period {low}"),
        Some((low, high)) => text + &format!(", period {low} to {high}"),
        None => text,
    }
}

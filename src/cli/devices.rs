//! `partita devices`: what `partita live` can play on, and be controlled by.

use super::{Exit, say};
use crate::live::devices::{self, Device, Side};
use crate::live::midi;
use serde_json::json;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    let systems = devices::list();
    let (inputs, fault) = match midi::inputs() {
        Ok(inputs) => (inputs, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    if args.json {
        let midi = json!({ "error": fault, "inputs": inputs });
        say::result(json!({ "systems": systems, "midi": midi }));
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
    match fault {
        Some(error) => say::result(format_args!("midi: {}", say::one_line(&error))),
        None if inputs.is_empty() => say::result("midi: no inputs"),
        None => say::result("midi inputs:"),
    }
    for name in inputs {
        say::result(format_args!("  {}", say::one_line(&name)));
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

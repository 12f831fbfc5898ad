//! `partita preset list`: what there is.

use crate::cli::{Exit, say};
use crate::preset;
use serde_json::json;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    let presets = preset::factory();
    if args.json {
        let one = |preset: &preset::Preset| {
            let impulse = preset.impulse.as_ref().map(|impulse| &impulse.name);
            json!({ "name": preset.name, "about": preset.about, "impulse": impulse })
        };
        let all = presets.iter().map(one).collect();
        say::result(serde_json::Value::Array(all));
        return Exit::Ok;
    }
    for preset in presets {
        say::result(format_args!("{:<20} {}", preset.name, preset.about));
    }
    Exit::Ok
}

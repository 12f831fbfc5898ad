//! `partita impulse list`: what there is.

use super::{Shown, name_of, print_json};
use crate::cli::say;
use crate::impulse::analyze::outline;
use crate::impulse::library;
use crate::loader::LoaderError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<(), LoaderError> {
    let mut all = Vec::new();
    for factory in library::factory() {
        all.push((factory.load()?, factory));
    }
    let shown = all
        .iter()
        .map(|(impulse, factory)| Shown::new(impulse, Some(*factory), outline(impulse)));
    if args.json {
        print_json(&shown.collect::<Vec<_>>());
        return Ok(());
    }
    for one in shown {
        say::result(format_args!(
            "{:<16} {:<11} {:>5.2} s  {}",
            one.name,
            name_of(one.layout),
            one.measured.seconds,
            one.description.unwrap_or_default()
        ));
    }
    Ok(())
}

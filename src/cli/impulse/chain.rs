//! `partita impulse chain`: two impulses in series.

use super::written::{Made, Writing};
use crate::cli::{Exit, about, render, say, shape};
use crate::impulse::chain::{Chained, chain};
use crate::impulse::library;
use crate::impulse::load::LayoutChoice;
use crate::impulse::shape::{self as shaping, Normalise};
use crate::loader::LoaderError;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the sound goes through first: a factory impulse's name, or a file
    #[arg(value_name = "FIRST")]
    first: PathBuf,
    /// What it goes through then
    #[arg(value_name = "SECOND")]
    second: PathBuf,
    #[command(flatten)]
    written: Writing,
    /// What the channels of files are: auto (by iXML, names of pairs, direct sound), stereo, true-stereo,
    /// matrix or mcfx:INPUTS
    #[arg(
        long,
        value_name = "LAYOUT",
        default_value = "auto",
        value_parser = render::layout()
    )]
    layout: LayoutChoice,
    /// Its level: energy (noise comes out as loud as it goes in), none (the product of both), or a fixed gain in dB
    #[arg(
        long,
        value_name = "HOW|dB",
        default_value = "none",
        allow_negative_numbers = true,
        value_parser = shape::normalise
    )]
    normalise: Normalise,
}

pub(super) fn run(args: &Args) -> Exit {
    let made = || -> Result<Chained, String> {
        let load = |path: &Path| -> Result<_, LoaderError> {
            let loaded = library::resolve(path)?.open(args.layout)?;
            about::loaded(path, &loaded);
            Ok(loaded.impulse)
        };
        let first = load(&args.first).map_err(|error| error.to_string())?;
        let second = load(&args.second).map_err(|error| error.to_string())?;
        chain(&first, &second).map_err(|error| error.to_string())
    };
    match made() {
        Ok(Chained { impulse, delay }) => {
            let (impulse, gain_db) = shaping::normalise(&impulse, args.normalise);
            let made = Made {
                impulse: &impulse,
                gain_db,
                delay,
            };
            args.written.write(&made, &[&args.first, &args.second])
        }
        Err(error) => {
            say::error(error);
            Exit::Impulse
        }
    }
}

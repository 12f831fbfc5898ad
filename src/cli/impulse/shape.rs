//! `partita impulse shape`: an impulse changed and written.

use super::written::{Made, Writing};
use crate::cli::{Exit, about, render, say, shape};
use crate::impulse::load::LayoutChoice;
use crate::impulse::shape::range;
use crate::impulse::shape::{Normalise, Shape};
use crate::loader::Source;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A factory impulse's name, or a file
    #[arg(value_name = "NAME|FILE")]
    impulse: PathBuf,
    #[command(flatten)]
    written: Writing,
    /// What the channels of a file are: auto (by iXML, names of pairs, direct sound), stereo, true-stereo,
    /// matrix or mcfx:INPUTS
    #[arg(
        long,
        value_name = "LAYOUT",
        default_value = "auto",
        value_parser = render::layout()
    )]
    layout: LayoutChoice,
    /// Silence before it, 0 to 500 ms
    #[arg(
        long,
        value_name = "ms",
        default_value = "0",
        value_parser = shape::within(range::PREDELAY_MS)
    )]
    predelay: f32,
    /// Its level: energy (noise comes out as loud as it goes in), none (as it is), or a fixed gain in dB
    #[arg(
        long,
        value_name = "HOW|dB",
        default_value = "none",
        allow_negative_numbers = true,
        value_parser = shape::normalise
    )]
    normalise: Normalise,
    #[command(flatten)]
    shape: shape::Shaping,
}

pub(super) fn run(args: &Args) -> Exit {
    let shape = Shape {
        predelay_ms: args.predelay,
        ..args.shape.shape(args.normalise)
    };
    let source = match Source::open(&args.impulse, args.layout, &shape) {
        Ok(source) => source,
        Err(error) => {
            say::error(error);
            return Exit::Impulse;
        }
    };
    about::source(&args.impulse, &source);
    let made = Made {
        impulse: source.shaped(),
        gain_db: source.gain_db(),
        delay: source.delay(),
    };
    args.written.write(&made, &[&args.impulse])
}

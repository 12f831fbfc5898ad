//! `partita impulse echo`: taps made an impulse.

use super::written::{Made, Writing};
use crate::cli::{Exit, say, shape};
use crate::impulse::echo::{Echo, Feedback, Image, Preset, Tap};
use crate::impulse::shape::{self as shaping, Normalise};
use clap::ArgGroup;
use clap::builder::{PossibleValuesParser, TypedValueParser};

const HELP: &str = "\
A tap is a time and what else it has, in any order, separated by commas:
  250ms,-6dB,pan=L50,invert,low=100Hz,high=4kHz,diffusion=20%
Times are ms, s, or notes: 1/4, 1/8d (dotted), 1/8t (triplet). Feedback repeats all taps:
  1/4,-4dB,times=11,swap,invert,low=100Hz,high=4kHz
Presets: slap (one repeat at 110 ms, a little dull), ping-pong (quarters from side to side),
tape (every 330 ms, losing treble and bass each time), multi-tap (five taps of an uneven rhythm),
dotted-eighth (against straight eighths it gallops), golden-ratio (seven taps that never beat
together). Taps and feedback given beside one are added to it and replace its own.

  partita impulse echo --tap 0ms --tap 250ms,-6dB -o echo.wav
  partita impulse echo --preset ping-pong --tempo 96 -o bounce.wav";

#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("what").required(true).multiple(true).args(["tap", "preset"]),
    after_help = HELP
)]
pub(super) struct Args {
    #[command(flatten)]
    written: Writing,
    /// A spike: 250ms,-6dB,pan=L50,invert (see below); once for each
    #[arg(short, long, value_name = "TAP")]
    tap: Vec<Tap>,
    /// How all taps repeat: 1/4,-6dB,times=8,swap (see below)
    #[arg(long, value_name = "FEEDBACK")]
    feedback: Option<Feedback>,
    /// Begin with slap, ping-pong, tape, multi-tap, dotted-eighth or golden-ratio
    #[arg(short, long, value_name = "NAME")]
    preset: Option<Preset>,
    /// Quarter notes per minute, for times that are notes
    #[arg(long, value_name = "BPM", default_value = "120")]
    tempo: f64,
    /// Sample rate in Hz
    #[arg(long, value_name = "Hz", default_value = "48000")]
    rate: u32,
    /// Channels: auto (mono, or true stereo if a tap is panned), mono, stereo or true-stereo
    #[arg(long, value_name = "IMAGE", default_value = "auto", value_parser = image())]
    image: Image,
    /// Its level: energy (noise comes out as loud as it goes in), none (as the taps say), or a fixed gain in dB
    #[arg(
        long,
        value_name = "HOW|dB",
        default_value = "none",
        allow_negative_numbers = true,
        value_parser = shape::normalise
    )]
    normalise: Normalise,
}

fn image() -> impl TypedValueParser<Value = Image> {
    PossibleValuesParser::new(["auto", "mono", "stereo", "true-stereo"]).map(|name| {
        match name.as_str() {
            "mono" => Image::Mono,
            "stereo" => Image::Stereo,
            "true-stereo" => Image::TrueStereo,
            _ => Image::Auto,
        }
    })
}

impl Args {
    fn echo(&self) -> Echo {
        let mut echo = self.preset.map_or_else(Echo::default, Preset::echo);
        echo.taps.extend(&self.tap);
        echo.feedback = self.feedback.unwrap_or(echo.feedback);
        echo.image = self.image;
        echo
    }
}

pub(super) fn run(args: &Args) -> Exit {
    match args.echo().build(args.rate, args.tempo) {
        Ok(impulse) => {
            let (impulse, gain_db) = shaping::normalise(&impulse, args.normalise);
            let made = Made {
                impulse: &impulse,
                gain_db,
                delay: 0,
            };
            args.written.write(&made, &[])
        }
        Err(error) => {
            say::error(error);
            Exit::Usage
        }
    }
}

//! `partita impulse convert`: an impulse in the files that another program wants.

use super::print_json;
use crate::cli::{Exit, about, exit, render, say};
use crate::impulse::convert::{self, ConvertError, Converted, Form};
use crate::impulse::ixml::Ixml;
use crate::impulse::load::LayoutChoice;
use crate::impulse::save::{Existing, Format, Options, Saved};
use crate::impulse::{ImpulseResponse, Layout, library, resample};
use crate::loader::LoaderError;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;
use std::fmt::Display;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Args {
    /// An impulse (a file, a jconvolver .conf, a factory name); or two stereo files, left source first; or mono files
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// The file to write; sets add -L, _R, -in1-out2 and so on to its name
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The form: one file as it is, stereo, true-stereo (LL LR RL RR), pair (_L and _R), mono-set, mcfx or jconvolver
    /// (a .conf and its WAV). Without it: jconvolver if the output ends in .conf, else file
    #[arg(long, value_name = "FORM", value_parser = form())]
    to: Option<Form>,
    /// What the channels of a file are: auto, stereo, true-stereo, matrix, or mcfx:INPUTS for a packed one
    #[arg(long, value_name = "LAYOUT", default_value = "auto", value_parser = render::layout())]
    layout: LayoutChoice,
    /// Inputs of a matrix whose channels stand source first
    #[arg(long = "inputs", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    matrix_inputs: Option<u16>,
    /// Resample to this rate, in Hz, the gain kept
    #[arg(long, value_name = "HZ", value_parser = rate())]
    rate: Option<u32>,
    /// Samples written: f32, or dithered i24 or i16
    #[arg(long, value_name = "FORMAT", default_value = "f32", value_parser = render::format())]
    format: Format,
    /// Replace files that exist
    #[arg(short, long)]
    force: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

fn form() -> impl TypedValueParser<Value = Form> {
    let forms = [
        ("file", Form::File),
        ("stereo", Form::Stereo),
        ("true-stereo", Form::TrueStereo),
        ("pair", Form::Pair),
        ("mono-set", Form::MonoSet),
        ("mcfx", Form::Mcfx),
        ("jconvolver", Form::Jconvolver),
    ];
    PossibleValuesParser::new(forms.map(|(name, _)| name)).map(move |name| {
        let form = forms.iter().find(|(other, _)| *other == name);
        form.map_or(Form::File, |(_, form)| *form)
    })
}

fn rate() -> impl TypedValueParser<Value = u32> {
    let (low, high) = resample::RATES.into_inner();
    clap::value_parser!(u32).range(i64::from(low)..=i64::from(high))
}

/// What went wrong, and the code for it.
struct Failed(Exit, String);

impl Failed {
    fn impulse<E: Display>(error: E) -> Self {
        Self(Exit::Impulse, error.to_string())
    }
}

impl From<ConvertError> for Failed {
    fn from(error: ConvertError) -> Self {
        let exit = match error {
            ConvertError::Save(_) => Exit::Output,
            ConvertError::Name { .. } => Exit::Usage,
            _ => Exit::Impulse,
        };
        Self(exit, error.to_string())
    }
}

pub(super) fn run(args: &Args) -> Exit {
    match convert(args) {
        Ok(()) => Exit::Ok,
        Err(Failed(exit, text)) => {
            say::error(text);
            exit
        }
    }
}

fn convert(args: &Args) -> Result<(), Failed> {
    let (mut impulse, ixml) = read(args)?;
    if let Some(inputs) = args.matrix_inputs {
        impulse = convert::with_inputs(impulse, inputs)?;
    }
    if let Some(rate) = args.rate {
        impulse = resample::resample(&impulse, rate).map_err(Failed::impulse)?;
    }
    let is_conf = args
        .output
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("conf"));
    let form = args.to.unwrap_or(match is_conf {
        true => Form::Jconvolver,
        false => Form::File,
    });
    let options = Options {
        format: args.format,
        existing: match args.force {
            true => Existing::Replace,
            false => Existing::Keep,
        },
        ixml: "",
    };
    let inputs: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).collect();
    let written = convert::write(
        &args.output,
        &inputs,
        &impulse,
        ixml.as_ref(),
        form,
        options,
    )?;
    tell(args, &impulse, &written);
    Ok(())
}

/// The impulse that the inputs are together, and what the first one's iXML says.
fn read(args: &Args) -> Result<(ImpulseResponse, Option<Ixml>), Failed> {
    let open = |input: &PathBuf, layout| {
        let source = library::resolve(input).map_err(LoaderError::from)?;
        let loaded = source.open(layout).map_err(LoaderError::from)?;
        about::notices(input, &loaded.notices);
        Ok(loaded)
    };
    if let [one] = args.inputs.as_slice() {
        let loaded = open(one, args.layout).map_err(Failed::impulse::<LoaderError>)?;
        about::layout(one, &loaded.layout);
        return Ok((loaded.impulse, loaded.ixml));
    }
    let mut ixml = None;
    let mut files = Vec::new();
    for input in &args.inputs {
        let loaded = open(input, LayoutChoice::Matrix).map_err(Failed::impulse)?;
        ixml = ixml.or(loaded.ixml);
        files.push(loaded.impulse);
    }
    let impulse = convert::gather(files)?;
    let layout = match (args.layout, impulse.channels.len()) {
        (LayoutChoice::Auto, _) => impulse.layout,
        (LayoutChoice::TrueStereo, 4) => Layout::TrueStereo,
        (LayoutChoice::Matrix, _) => Layout::Matrix,
        (_, channels) => {
            let text = format!(
                "expected --layout auto or matrix (or true-stereo for 4 channels) with several files, which have {channels} channels; leave --layout out"
            );
            return Err(Failed(Exit::Usage, text));
        }
    };
    Ok((ImpulseResponse { layout, ..impulse }, ixml))
}

fn tell(args: &Args, impulse: &ImpulseResponse, written: &Converted) {
    let file = |saved: &Saved| {
        json!({
            "path": saved.path.display().to_string(),
            "channels": saved.channels,
            "frames": saved.frames,
            "peak": saved.peak,
        })
    };
    if args.json {
        print_json(&json!({
            "layout": impulse.layout,
            "channels": impulse.channels.len(),
            "sample_rate": impulse.sample_rate,
            "frames": impulse.frames(),
            "wavs": written.wavs.iter().map(file).collect::<Vec<_>>(),
            "conf": written.conf.as_ref().map(|conf| conf.display().to_string()),
        }));
        return;
    }
    for saved in &written.wavs {
        say::result(format_args!(
            "{}: {}, {} samples ({:.3} s) at {} Hz",
            saved.path.display(),
            say::channels(saved.channels),
            saved.frames,
            saved.frames as f64 / f64::from(impulse.sample_rate),
            impulse.sample_rate
        ));
    }
    if let Some(conf) = &written.conf {
        say::result(format_args!(
            "{}: {} ({})",
            conf.display(),
            impulse.layout.name(),
            say::channels(impulse.channels.len())
        ));
    }
}

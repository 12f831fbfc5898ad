//! One impulse, in the files that other programs want: several channels in one, a pair, a mono file per channel, packed
//! (mcfx), or a jconvolver `.conf` with its WAVs beside it.
//!
//! Guaranteed: the samples are the same in every form, to the bit as 32-bit float, and nothing is dropped: a form that
//! cannot hold the channels is an error. A set of files is written whole or not at all.

mod fault;

pub use fault::ConvertError;

use super::ixml::{self, Ixml, RecordingMethod};
use super::jconvolver::{Part, text};
use super::load::MAX_CHANNELS;
use super::load::pair::{self, Side};
use super::save::{self, Options, SaveError, Saved};
use super::{ImpulseResponse, Layout, packed};
use crate::output::{Destination, Pending};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A form of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One WAV, the channels as they are.
    File,
    /// One WAV of two channels: left through left, right through right.
    Stereo,
    /// One WAV of four channels: LL, LR, RL, RR.
    TrueStereo,
    /// Two stereo WAVs, `…_L` with LL and LR, `…_R` with RL and RR.
    Pair,
    /// A mono WAV per channel.
    MonoSet,
    /// One WAV with a channel per output, the inputs' responses one after another.
    Mcfx,
    /// A `.conf`, and the WAV that it names beside it: one, or one per input beyond 64 channels.
    Jconvolver,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// The WAV files.
    pub wavs: Vec<Saved>,
    /// The `.conf`, if there is one.
    pub conf: Option<PathBuf>,
}

/// Puts several files together: two stereo ones are the left and the right source of true stereo, in that order unless
/// their names say the other one; mono ones are mono,
/// stereo, true stereo if there are four, and a matrix otherwise. What is shorter is followed by silence. One alone stays
/// as it is.
///
/// Errors: [`ConvertError::Set`], [`ConvertError::Rates`], [`ConvertError::TooLarge`]. Loader thread.
pub fn gather(mut files: Vec<ImpulseResponse>) -> Result<ImpulseResponse, ConvertError> {
    let counts: Vec<usize> = files.iter().map(|file| file.channels.len()).collect();
    let layout = match counts.as_slice() {
        [_] => files[0].layout,
        [2, 2] => Layout::TrueStereo,
        all if !all.is_empty() && all.iter().all(|count| *count == 1) => match all.len() {
            2 => Layout::Stereo,
            4 => Layout::TrueStereo,
            _ => Layout::Matrix,
        },
        _ => return Err(ConvertError::Set { counts }),
    };
    if counts == [2, 2] {
        let side = |file: &ImpulseResponse| pair::split(&file.name).map(|(_, side)| side);
        if (side(&files[0]), side(&files[1])) == (Some(Side::Right), Some(Side::Left)) {
            files.reverse();
        }
    }
    let sample_rate = files[0].sample_rate;
    if let Some(other) = files.iter().find(|file| file.sample_rate != sample_rate) {
        return Err(ConvertError::Rates {
            first: sample_rate,
            other: other.sample_rate,
        });
    }
    let frames = files.iter().map(ImpulseResponse::frames).max().unwrap_or(0);
    let count: usize = counts.iter().sum();
    limit(frames, count)?;
    let name = files[0].name.clone();
    let mut channels: Vec<Vec<f32>> = files.into_iter().flat_map(|file| file.channels).collect();
    for channel in &mut channels {
        channel.resize(frames, 0.0);
    }
    Ok(ImpulseResponse {
        name,
        sample_rate,
        layout,
        channels,
    })
}

/// `impulse`, understood as a matrix of so many inputs.
///
/// Errors: [`ConvertError::Inputs`] if the channels do not divide into them. Loader thread.
pub fn with_inputs(impulse: ImpulseResponse, inputs: u16) -> Result<ImpulseResponse, ConvertError> {
    let channels = impulse.channels.len();
    let side = 1..=usize::from(packed::MAX_SIDE);
    if inputs == 0
        || !channels.is_multiple_of(usize::from(inputs))
        || !side.contains(&usize::from(inputs))
        || !side.contains(&(channels / usize::from(inputs)))
    {
        return Err(ConvertError::Inputs { inputs, channels });
    }
    let layout = packed::shape(inputs, channels / usize::from(inputs));
    Ok(ImpulseResponse { layout, ..impulse })
}

/// Writes `impulse` in that form under the name `out`, which ends in `.conf` for [`Form::Jconvolver`] and in `.wav`
/// otherwise; sets add to the name what tells their files apart. None of `inputs` is written to. What the iXML says is
/// kept in every WAV, as far as it is still true: the names of tracks if their number fits, and true stereo, which is always
/// said of LL, LR, RL, RR.
///
/// Errors: every [`ConvertError`]. Whatever the error, no file is left and none is changed. Loader thread.
pub fn write(
    out: &Path,
    inputs: &[&Path],
    impulse: &ImpulseResponse,
    ixml: Option<&Ixml>,
    form: Form,
    options: Options<'_>,
) -> Result<Converted, ConvertError> {
    let Plan { files, matrix } = plan(out, impulse, form)?;
    let mut pending = Vec::new();
    let mut wavs = Vec::new();
    for (path, impulse) in &files {
        let text = still_true(ixml, impulse).map_or_else(String::new, |ixml| ixml::write(&ixml));
        let options = Options {
            ixml: &text,
            ..options
        };
        let (file, saved) = save::stage(path, inputs, impulse, options)?;
        pending.push(file);
        wavs.push(saved);
    }
    let mut paths: Vec<&Path> = files.iter().map(|(path, _)| path.as_path()).collect();
    let mut conf = None;
    if let Some((inputs_of, outputs)) = matrix {
        let made = conf_text(impulse, inputs_of, outputs, &files)?;
        let stage = || {
            let mut file = Pending::create(Destination::check(out, inputs, options.existing)?)?;
            file.write_all(made.as_bytes())?;
            Ok(file)
        };
        pending.push(stage().map_err(|fault| SaveError::new(out, save::SaveFault::Output(fault)))?);
        paths.push(out);
        conf = Some(out.to_owned());
    }
    Pending::place_all(pending).map_err(|(index, fault)| SaveError::new(paths[index], fault))?;
    Ok(Converted { wavs, conf })
}

/// The files to write; with a `.conf`, also the inputs and outputs of its matrix.
struct Plan {
    files: Vec<(PathBuf, ImpulseResponse)>,
    matrix: Option<(usize, usize)>,
}

fn plan(out: &Path, impulse: &ImpulseResponse, form: Form) -> Result<Plan, ConvertError> {
    let extension = match form {
        Form::Jconvolver => "conf",
        _ => "wav",
    };
    let is_right = out
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case(extension));
    let stem = out.file_stem().and_then(|stem| stem.to_str());
    let (true, Some(stem)) = (is_right, stem) else {
        return Err(ConvertError::Name { extension });
    };
    let named = |suffix: &str| out.with_file_name(format!("{stem}{suffix}.wav"));
    let files = match form {
        Form::File => vec![(out.to_owned(), impulse.clone())],
        Form::Stereo => vec![(out.to_owned(), stereo(impulse)?)],
        Form::TrueStereo => vec![(out.to_owned(), true_stereo(impulse)?)],
        Form::Pair => {
            let four = true_stereo(impulse)?;
            let half = |range| part(&four, Layout::Stereo, &four.channels[range]);
            vec![(named("_L"), half(0..2)), (named("_R"), half(2..4))]
        }
        Form::MonoSet => {
            let channels = impulse.channels.chunks(1);
            let names = suffixes(impulse);
            let mono = |channel| part(impulse, Layout::Mono, channel);
            names
                .iter()
                .zip(channels)
                .map(|(suffix, channel)| (named(suffix), mono(channel)))
                .collect()
        }
        Form::Mcfx => {
            let (matrix, inputs) = matrix(impulse)?;
            let packed = packed::pack(&matrix, inputs).ok_or(ConvertError::TooLarge {
                samples: matrix.frames() as u64 * matrix.channels.len() as u64,
            })?;
            vec![(out.to_owned(), packed)]
        }
        Form::Jconvolver => return jconvolver(impulse, named),
    };
    Ok(Plan {
        files,
        matrix: None,
    })
}

/// The WAVs of a `.conf`. Stereo stays two channels: what leads across is not there, rather than silent.
fn jconvolver(
    impulse: &ImpulseResponse,
    named: impl Fn(&str) -> PathBuf,
) -> Result<Plan, ConvertError> {
    let (inputs, outputs) = match impulse.layout {
        Layout::Stereo => (2, 2),
        _ => {
            let inputs = usize::from(inputs_of(impulse)?);
            (inputs, impulse.channels.len() / inputs)
        }
    };
    let most = usize::from(MAX_CHANNELS);
    let files = if impulse.channels.len() <= most {
        vec![(named(""), impulse.clone())]
    } else {
        let width = inputs.to_string().len();
        let inputs = impulse.channels.chunks(outputs).enumerate();
        let file = |(index, channels)| {
            let name = named(&format!("-in{:0width$}", index + 1));
            (name, part(impulse, Layout::Matrix, channels))
        };
        inputs.map(file).collect()
    };
    Ok(Plan {
        files,
        matrix: Some((inputs, outputs)),
    })
}

fn conf_text(
    impulse: &ImpulseResponse,
    inputs: usize,
    outputs: usize,
    files: &[(PathBuf, ImpulseResponse)],
) -> Result<String, ConvertError> {
    let mut parts = Vec::new();
    let mut index = 0;
    for (path, file) in files {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| !name.contains(char::is_control));
        let name = name.ok_or(ConvertError::Name { extension: "conf" })?;
        for channel in 1..=file.channels.len() {
            let (input, output) = match impulse.layout {
                Layout::Stereo => (channel, channel),
                _ => (index / outputs + 1, index % outputs + 1),
            };
            parts.push(Part {
                input,
                output,
                channel,
                file: name,
            });
            index += 1;
        }
    }
    let (frames, rate) = (impulse.frames(), impulse.sample_rate);
    Ok(text(inputs, outputs, frames, rate, &parts))
}

/// What tells the files of a mono set apart. In the order of the channels by name, too.
fn suffixes(impulse: &ImpulseResponse) -> Vec<String> {
    let count = impulse.channels.len();
    let fixed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match (impulse.layout, count) {
        (_, 1) => fixed(&[""]),
        (Layout::Stereo, 2) => fixed(&["-L", "-R"]),
        (Layout::TrueStereo, 4) => fixed(&["-LL", "-LR", "-RL", "-RR"]),
        (Layout::MatrixOf { inputs }, _) => {
            let outputs = (count / usize::from(inputs).max(1)).max(1);
            let (wide_in, wide_out) = (inputs.to_string().len(), outputs.to_string().len());
            let name = |index: usize| {
                let (input, output) = (index / outputs + 1, index % outputs + 1);
                format!("-in{input:0wide_in$}-out{output:0wide_out$}")
            };
            (0..count).map(name).collect()
        }
        _ => {
            let wide = count.to_string().len();
            let name = |index: usize| format!("-{:0wide$}", index + 1);
            (0..count).map(name).collect()
        }
    }
}

/// Those channels, as an impulse of their own.
fn part(impulse: &ImpulseResponse, layout: Layout, channels: &[Vec<f32>]) -> ImpulseResponse {
    ImpulseResponse {
        name: impulse.name.clone(),
        sample_rate: impulse.sample_rate,
        layout,
        channels: channels.to_vec(),
    }
}

fn is_silent(channel: &[f32]) -> bool {
    channel.iter().all(|sample| *sample == 0.0)
}

fn stereo(impulse: &ImpulseResponse) -> Result<ImpulseResponse, ConvertError> {
    let channels = match (impulse.layout, impulse.channels.as_slice()) {
        (Layout::Mono, [both]) => vec![both.clone(), both.clone()],
        (Layout::Stereo | Layout::Matrix, [left, right]) => vec![left.clone(), right.clone()],
        (Layout::TrueStereo, [ll, lr, rl, rr]) if is_silent(lr) && is_silent(rl) => {
            vec![ll.clone(), rr.clone()]
        }
        _ => return Err(unfit(impulse, "stereo")),
    };
    Ok(part(impulse, Layout::Stereo, &channels))
}

fn true_stereo(impulse: &ImpulseResponse) -> Result<ImpulseResponse, ConvertError> {
    let (left, right) = match (impulse.layout, impulse.channels.as_slice()) {
        (Layout::TrueStereo, [_, _, _, _]) => return Ok(impulse.clone()),
        (Layout::Mono, [both]) => (both, both),
        (Layout::Stereo, [left, right]) => (left, right),
        _ => return Err(unfit(impulse, "true stereo")),
    };
    let frames = impulse.frames();
    limit(frames, 4)?;
    let silence = vec![0.0; frames];
    let channels = [left.clone(), silence.clone(), silence, right.clone()];
    Ok(part(impulse, Layout::TrueStereo, &channels))
}

/// The impulse with a channel for every path from an input to an output, and the number of inputs.
fn matrix(impulse: &ImpulseResponse) -> Result<(ImpulseResponse, u16), ConvertError> {
    match impulse.layout {
        Layout::Stereo => Ok((true_stereo(impulse)?, 2)),
        _ => Ok((impulse.clone(), inputs_of(impulse)?)),
    }
}

fn inputs_of(impulse: &ImpulseResponse) -> Result<u16, ConvertError> {
    let channels = impulse.channels.len();
    let inputs = match impulse.layout {
        Layout::Mono => 1,
        Layout::Stereo | Layout::TrueStereo => 2,
        Layout::MatrixOf { inputs } => inputs,
        Layout::Matrix => return Err(ConvertError::UnknownInputs { channels }),
    };
    if inputs == 0 || !channels.is_multiple_of(usize::from(inputs)) {
        return Err(ConvertError::Inputs { inputs, channels });
    }
    Ok(inputs)
}

fn unfit(impulse: &ImpulseResponse, form: &'static str) -> ConvertError {
    ConvertError::Unfit {
        form,
        layout: impulse.layout,
        channels: impulse.channels.len(),
    }
}

fn limit(frames: usize, channels: usize) -> Result<(), ConvertError> {
    let samples = frames as u64 * channels as u64;
    if samples > super::load::MAX_SAMPLES {
        return Err(ConvertError::TooLarge { samples });
    }
    Ok(())
}

/// What the iXML says, less what these channels make untrue. True stereo says so: nothing else tells it from quad.
fn still_true(ixml: Option<&Ixml>, impulse: &ImpulseResponse) -> Option<Ixml> {
    let is_true_stereo = impulse.layout == Layout::TrueStereo;
    let mut kept = match ixml {
        Some(ixml) => ixml.clone(),
        None if is_true_stereo => Ixml::default(),
        None => return None,
    };
    if is_true_stereo {
        kept.recording_method = Some(RecordingMethod::TrueStereo);
    } else if impulse.channels.len() == 4
        && kept.recording_method == Some(RecordingMethod::TrueStereo)
    {
        // It would be read as what it no longer is.
        kept.recording_method = None;
    }
    if kept.tracks.len() != impulse.channels.len() {
        kept.tracks.clear();
    }
    Some(kept)
}

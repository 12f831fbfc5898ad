//! Matrices as jconvolver's configuration files describe them: a text that says which channel of which audio file
//! leads from which input to which output.
//!
//! Guaranteed: whatever the text, the answer is a finite matrix or an error with the number of its line; never a panic.
//! Numbers in the text allocate nothing by themselves: the files read, and the matrix that they make, are each at most
//! [`MAX_SAMPLES`] samples. Names in it are data: they may lead anywhere on this machine, as jconvolver's do, and are only ever
//! opened as audio files, a `.conf` not among them; nothing of them is heard or shown but sound.
//!
//! | line | means |
//! |---|---|
//! | `/convolver/new IN OUT PARTITION LENGTH [DENSITY]` | the shape; once, before any impulse. What reaches beyond LENGTH samples is cut off, as jconvolver does; PARTITION and DENSITY do not matter here |
//! | `/cd FOLDER` | where files are looked for from here on; relative to the `.conf`'s own folder, which is where it starts |
//! | `/impulse/read IN OUT GAIN DELAY OFFSET LENGTH CHANNEL FILE` | adds LENGTH samples (0: all) of a channel, from OFFSET on, times the linear GAIN, DELAY samples late |
//! | `/impulse/dirac IN OUT GAIN DELAY` | adds one sample |
//! | `/impulse/copy IN OUT FROM-IN FROM-OUT` | the same impulse at another place, with all that is added to it later |
//! | `/input/name`, `/output/name`, `/jack/client`, `/jack/server` | nothing here |
//!
//! Inputs, outputs and channels count from 1. Lines that begin with # are comments; a name with spaces is quoted.
//! 1 × 1 is mono, 2 × 2 true stereo, or stereo if nothing leads across.
//!
//! Sources: F. Adriaensen, jconvolver 1.1.0, README.CONFIG; its config.cc and sstring.cc for what that leaves open.

mod fault;
mod parse;
mod write;

pub use fault::ConfFault;
pub(super) use write::{Part, text};

use super::load::{
    self, Fault, FileFormat, LayoutChoice, LayoutDecision, LayoutReason, Loaded, MAX_MAGNITUDE,
    MAX_SAMPLES, MAX_SECONDS,
};
use super::{ImpulseResponse, Layout, packed};
use parse::{Command, Pair, parse};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The longest line, in bytes: jconvolver stops at 1023, and names may be longer elsewhere.
pub const MAX_LINE: usize = 4096;

/// The longest file, in bytes: a line for each of 64 × 64 paths, 256 bytes long.
pub const MAX_BYTES: usize = 1 << 20;

/// The sample rate of a matrix without any file, in Hz: its delays are samples of a rate that it does not say.
pub const RATE_WITHOUT_FILES: u32 = 48_000;

/// A line that cannot be followed, and why.
#[derive(Debug, Error)]
#[error("line {line}: {fault}")]
pub struct ConfLine {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: ConfFault,
}

/// True for the name of such a file.
pub(crate) fn is_conf(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("conf"))
}

/// Reads the matrix that the `.conf` at `path` describes; it is named after the file's stem. If all of it is from one
/// audio file, that file's iXML is told.
///
/// Errors: [`Fault::Conf`], and those of opening a file. Loader thread.
pub(super) fn open(path: &Path, choice: LayoutChoice) -> Result<Loaded, Fault> {
    let mut bytes = Vec::new();
    // One byte more than is read: it tells that there is more.
    let most = MAX_BYTES as u64 + 1;
    load::open_file(path)?.take(most).read_to_end(&mut bytes)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    let (matrix, files) = follow(&bytes, folder)?;
    let impulse = matrix.finish(&stem.to_string_lossy(), choice)?;
    let mut files = files.read.into_values();
    let (ixml, notices) = match (files.next(), files.next()) {
        (Some(only), None) => (only.ixml, only.notices),
        _ => (None, Vec::new()),
    };
    Ok(Loaded {
        format: FileFormat::Jconvolver,
        layout: LayoutDecision {
            layout: impulse.layout,
            confidence: 1.0,
            reason: match choice {
                LayoutChoice::Auto => LayoutReason::Conf,
                _ => LayoutReason::Asked,
            },
        },
        impulse,
        ixml,
        partner: None,
        notices,
    })
}

/// Does what the lines say, in their order.
fn follow(bytes: &[u8], home: &Path) -> Result<(Matrix, Files), ConfLine> {
    let (commands, lines) = parse(bytes)?;
    let mut folder = home.to_owned();
    let mut files = Files::default();
    let mut matrix: Option<Matrix> = None;
    for (line, command) in commands {
        let at = |fault| ConfLine { line, fault };
        match (command, &mut matrix) {
            (Command::Cd(name), _) => folder = home.join(of_this_machine(name).map_err(at)?),
            (
                Command::New {
                    inputs,
                    outputs,
                    longest,
                },
                None,
            ) => matrix = Some(Matrix::new(line, inputs, outputs, longest).map_err(at)?),
            (Command::New { .. }, Some(matrix)) => {
                return Err(at(ConfFault::SecondConvolver { first: matrix.line }));
            }
            (_, None) => return Err(at(ConfFault::NoConvolver)),
            (command, Some(matrix)) => matrix
                .take(line, command, &folder, &mut files)
                .map_err(at)?,
        }
    }
    let missing = |fault| ConfLine { line: lines, fault };
    let mut matrix = matrix.ok_or_else(|| missing(ConfFault::NoConvolver))?;
    if matrix.frames == 0 {
        return Err(missing(ConfFault::Nothing));
    }
    matrix.rate = files.rate();
    let seconds = matrix.frames as f64 / f64::from(matrix.rate);
    if seconds > f64::from(MAX_SECONDS) {
        return Err(missing(ConfFault::TooLong { seconds }));
    }
    Ok((matrix, files))
}

/// A name in the text, if its file may be looked for.
fn of_this_machine<N: AsRef<Path>>(name: N) -> Result<N, ConfFault> {
    if load::names_another_machine(name.as_ref()) {
        return Err(ConfFault::Elsewhere);
    }
    Ok(name)
}

/// The audio files read so far, each once.
#[derive(Default)]
struct Files {
    read: BTreeMap<PathBuf, Loaded>,
    samples: u64,
    /// Rate and line of the first.
    first: Option<(u32, usize)>,
}

impl Files {
    fn get(&mut self, path: PathBuf, line: usize) -> Result<&ImpulseResponse, ConfFault> {
        use std::collections::btree_map::Entry;
        match self.read.entry(path) {
            Entry::Occupied(known) => Ok(&known.into_mut().impulse),
            Entry::Vacant(place) => {
                let loaded = load::open_alone(place.key())
                    .map_err(|error| ConfFault::File(Box::new(error)))?;
                let file = &loaded.impulse;
                let (expected, first) = *self.first.get_or_insert((file.sample_rate, line));
                if file.sample_rate != expected {
                    return Err(ConfFault::Rate {
                        expected,
                        first,
                        found: file.sample_rate,
                    });
                }
                self.samples += file.frames() as u64 * file.channels.len() as u64;
                within("all audio files together", self.samples)?;
                Ok(&place.insert(loaded).impulse)
            }
        }
    }

    fn rate(&self) -> u32 {
        self.first.map_or(RATE_WITHOUT_FILES, |(rate, _)| rate)
    }
}

fn within(what: &'static str, samples: u64) -> Result<(), ConfFault> {
    if samples > MAX_SAMPLES {
        return Err(ConfFault::TooLarge { what, samples });
    }
    Ok(())
}

/// What leads from an input to an output.
#[derive(Clone, Debug)]
enum Place {
    Empty,
    /// The sum of what was read, and the line that began it.
    Own(Vec<f32>, usize),
    /// The index of the place that it is like, and the line that said so.
    Copy(usize, usize),
}

struct Matrix {
    /// That of `/convolver/new`.
    line: usize,
    inputs: usize,
    outputs: usize,
    longest: usize,
    /// Input 1 to every output, then input 2, and so on.
    places: Vec<Place>,
    /// Of the longest place.
    frames: usize,
    /// Samples added so far: what following the text has cost.
    added: u64,
    rate: u32,
}

impl Matrix {
    fn new(line: usize, inputs: u32, outputs: u32, longest: u32) -> Result<Self, ConfFault> {
        let side = 1..=u32::from(packed::MAX_SIDE);
        if !side.contains(&inputs) || !side.contains(&outputs) {
            return Err(ConfFault::Size { inputs, outputs });
        }
        let (inputs, outputs) = (inputs as usize, outputs as usize);
        Ok(Self {
            line,
            inputs,
            outputs,
            longest: usize::try_from(longest).unwrap_or(usize::MAX),
            places: vec![Place::Empty; inputs * outputs],
            frames: 0,
            added: 0,
            rate: RATE_WITHOUT_FILES,
        })
    }

    fn index(&self, pair: Pair) -> Result<usize, ConfFault> {
        let from_1 = |what, found: u32, most: usize| match found as usize {
            fits if (1..=most).contains(&fits) => Ok(fits - 1),
            _ => Err(ConfFault::Place { what, most, found }),
        };
        let input = from_1("input", pair.input, self.inputs)?;
        let output = from_1("output", pair.output, self.outputs)?;
        Ok(input * self.outputs + output)
    }

    fn take(
        &mut self,
        line: usize,
        command: Command,
        folder: &Path,
        files: &mut Files,
    ) -> Result<(), ConfFault> {
        match command {
            Command::Read {
                to,
                gain,
                delay,
                offset,
                length,
                channel,
                file,
            } => {
                self.index(to)?;
                let file = files.get(folder.join(of_this_machine(file)?), line)?;
                let most = file.channels.len();
                let found = channel;
                let samples = (channel as usize)
                    .checked_sub(1)
                    .and_then(|index| file.channels.get(index))
                    .ok_or(ConfFault::Channel { most, found })?;
                let frames = samples.len();
                let rest = samples.get(offset as usize..).unwrap_or_default();
                if rest.is_empty() {
                    return Err(ConfFault::Offset { frames, offset });
                }
                let length = match length as usize {
                    0 => rest.len(),
                    length => length.min(rest.len()),
                };
                self.add(line, to, delay, &rest[..length], gain)
            }
            Command::Dirac { to, gain, delay } => self.add(line, to, delay, &[1.0], gain),
            Command::Copy { to, from } => {
                let (to_index, from_index) = (self.index(to)?, self.index(from)?);
                if let Place::Own(_, first) | Place::Copy(_, first) = self.places[to_index] {
                    return Err(taken(to, first));
                }
                // What is copied is there already, so no copy can lead back to itself.
                if matches!(self.places[from_index], Place::Empty) {
                    return Err(ConfFault::CopyOfNothing {
                        input: from.input,
                        output: from.output,
                    });
                }
                self.places[to_index] = Place::Copy(from_index, line);
                Ok(())
            }
            Command::New { .. } | Command::Cd(_) => Ok(()),
        }
    }

    /// Adds `samples` × `gain` from `delay` on, as far as the convolver reaches.
    fn add(
        &mut self,
        line: usize,
        to: Pair,
        delay: u32,
        samples: &[f32],
        gain: f32,
    ) -> Result<(), ConfFault> {
        let index = self.index(to)?;
        let longest = self.longest;
        let start = delay as usize;
        if start >= longest {
            return Err(ConfFault::Delay { delay, longest });
        }
        let samples = &samples[..samples.len().min(longest - start)];
        let end = start + samples.len();
        let frames = self.frames.max(end);
        within("the whole matrix", frames as u64 * self.places.len() as u64)?;
        self.added += samples.len() as u64;
        within("all lines together", self.added)?;
        if matches!(self.places[index], Place::Empty) {
            self.places[index] = Place::Own(Vec::new(), line);
        }
        let sum = match &mut self.places[index] {
            Place::Own(sum, _) => sum,
            Place::Copy(_, first) => return Err(taken(to, *first)),
            Place::Empty => return Ok(()),
        };
        lengthen(sum, sum.len().max(start))?;
        sum.try_reserve(end.saturating_sub(sum.len()))
            .map_err(|_| ConfFault::OutOfMemory)?;
        for (at, sample) in (start..).zip(samples) {
            let mut value = sample * gain;
            // The first at its place is set, not added to nothing: −0 stays −0.
            match sum.get_mut(at) {
                Some(there) => {
                    value += *there;
                    *there = value;
                }
                None => sum.push(value),
            }
            if !value.is_finite() || value.abs() > MAX_MAGNITUDE {
                return Err(ConfFault::TooLoud { value });
            }
        }
        self.frames = frames;
        Ok(())
    }

    /// The impulse, with silence where nothing leads and to the end of each channel.
    fn finish(self, name: &str, choice: LayoutChoice) -> Result<ImpulseResponse, Fault> {
        let at = |fault| ConfLine {
            line: self.line,
            fault,
        };
        let is_own = |index: usize| !matches!(self.places[index], Place::Empty);
        let apart = (self.inputs, self.outputs) == (2, 2) && !is_own(1) && !is_own(2);
        let own = packed::shape(self.inputs as u16, self.outputs);
        let layout = match (choice, own) {
            (LayoutChoice::Auto, Layout::TrueStereo) if apart => Layout::Stereo,
            (LayoutChoice::Auto, own) | (LayoutChoice::TrueStereo, own @ Layout::TrueStereo) => own,
            (LayoutChoice::TrueStereo, _) => {
                let channels = self.places.len() as u16;
                return Err(Fault::NotTrueStereo { channels });
            }
            (LayoutChoice::Stereo, _) if apart || self.places.len() == 2 => Layout::Stereo,
            (LayoutChoice::Stereo, _) => {
                let channels = self.places.len() as u16;
                return Err(Fault::NotStereo { channels });
            }
            (LayoutChoice::Matrix, _) => Layout::Matrix,
            (LayoutChoice::Mcfx { .. }, _) => return Err(at(ConfFault::OwnShape).into()),
        };
        let indices: Vec<usize> = match layout {
            Layout::Stereo if apart => vec![0, 3],
            _ => (0..self.places.len()).collect(),
        };
        let mut channels = Vec::with_capacity(indices.len());
        for mut index in indices {
            while let Place::Copy(from, _) = self.places[index] {
                index = from;
            }
            let mut channel = Vec::new();
            channel
                .try_reserve_exact(self.frames)
                .map_err(|_| Fault::OutOfMemory)?;
            if let Place::Own(sum, _) = &self.places[index] {
                channel.extend_from_slice(sum);
            }
            channel.resize(self.frames, 0.0);
            channels.push(channel);
        }
        Ok(ImpulseResponse {
            name: name.to_owned(),
            sample_rate: self.rate,
            layout,
            channels,
        })
    }
}

fn lengthen(samples: &mut Vec<f32>, to: usize) -> Result<(), ConfFault> {
    let more = to.saturating_sub(samples.len());
    samples
        .try_reserve(more)
        .map_err(|_| ConfFault::OutOfMemory)?;
    samples.resize(to, 0.0);
    Ok(())
}

fn taken(at: Pair, first: usize) -> ConfFault {
    ConfFault::Taken {
        input: at.input,
        output: at.output,
        first,
    }
}

impl From<ConfLine> for Fault {
    fn from(line: ConfLine) -> Self {
        Self::Conf(Box::new(line))
    }
}

//! What can be wrong with a line of a `.conf`.

use super::{MAX_BYTES, MAX_LINE};
use crate::impulse::load::{LoadError, MAX_MAGNITUDE, MAX_SAMPLES, MAX_SECONDS};
use crate::impulse::packed::MAX_SIDE;
use thiserror::Error;

/// What is wrong with a line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfFault {
    /// A name that leads to another machine: opening it would tell that one who the user is.
    #[error(
        "expected a name on this machine, but it leads to another; copy the file here and name the copy"
    )]
    Elsewhere,
    /// Not UTF-8.
    #[error("expected UTF-8 text, but the line has other bytes; save the file as UTF-8")]
    NotText,
    /// Longer than any line that means something.
    #[error("expected at most {MAX_LINE} bytes, but the line has {found}; shorten it")]
    LongLine {
        /// Bytes.
        found: usize,
    },
    /// More text than a matrix of the largest size needs.
    #[error(
        "expected a text of at most {MAX_BYTES} bytes, but the file goes on after this line; split it"
    )]
    LongFile,
    /// Neither a command, nor a comment, nor empty.
    #[error(
        "expected a command that begins with / or a comment that begins with #, but this is {found}; remove the line"
    )]
    NotACommand {
        /// The first word.
        found: String,
    },
    /// A command that is none of ours.
    #[error(
        "expected /convolver/new, /impulse/read, /impulse/dirac, /impulse/copy or /cd, but this is {found}, which cannot be read here; remove the line"
    )]
    UnknownCommand {
        /// The command.
        found: String,
    },
    /// An argument that is missing or wrong.
    #[error("expected {expected} as the {what} of {command}, but {found}; correct the line")]
    Argument {
        /// The command.
        command: &'static str,
        /// The argument.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Words after the last argument.
    #[error(
        "expected nothing after the last argument of {command}, but there is {found}; put a name with spaces in double quotes"
    )]
    Extra {
        /// The command.
        command: &'static str,
        /// What follows.
        found: String,
    },
    /// An impulse, or the end, before `/convolver/new`.
    #[error(
        "expected /convolver/new before the first impulse, but there is none; add it with the numbers of inputs and outputs"
    )]
    NoConvolver,
    /// A second `/convolver/new`.
    #[error("expected one /convolver/new, but line {first} has one already; remove one of them")]
    SecondConvolver {
        /// The line of the first.
        first: usize,
    },
    /// More inputs or outputs than there can be.
    #[error(
        "expected 1 to {MAX_SIDE} inputs and outputs, but there are {inputs} and {outputs}; take fewer"
    )]
    Size {
        /// Inputs.
        inputs: u32,
        /// Outputs.
        outputs: u32,
    },
    /// No impulse in the whole file.
    #[error(
        "expected at least one /impulse/read or /impulse/dirac, but the file ends here without one; add one"
    )]
    Nothing,
    /// An input or output that the convolver does not have.
    #[error(
        "expected an {what} from 1 to {most}, but this is {found}; correct it or /convolver/new"
    )]
    Place {
        /// "input" or "output".
        what: &'static str,
        /// As `/convolver/new` says.
        most: usize,
        /// The number given.
        found: u32,
    },
    /// A delay at or beyond the end of the convolver.
    #[error(
        "expected a delay below the maximum impulse length of /convolver/new, {longest} samples, but it is {delay}; raise that length"
    )]
    Delay {
        /// Samples of delay.
        delay: u32,
        /// The most that `/convolver/new` allows.
        longest: usize,
    },
    /// The audio file cannot be read.
    #[error(transparent)]
    File(Box<LoadError>),
    /// A channel that the audio file does not have.
    #[error("expected a channel from 1 to {most}, but this is {found}; the file has no more")]
    Channel {
        /// Channels in the file.
        most: usize,
        /// The number given.
        found: u32,
    },
    /// Nothing is left after the offset.
    #[error(
        "expected an offset below the {frames} frames of the file, but it is {offset}; lower it"
    )]
    Offset {
        /// Frames in the file.
        frames: usize,
        /// Frames to skip.
        offset: u32,
    },
    /// Files of different rates.
    #[error(
        "expected {expected} Hz, as the file of line {first} has, but this file has {found} Hz; convert it with `partita impulse convert --rate`"
    )]
    Rate {
        /// Hz of the first file.
        expected: u32,
        /// Its line.
        first: usize,
        /// Hz of this one.
        found: u32,
    },
    /// A copy of a path that has no impulse.
    #[error(
        "expected an impulse from input {input} to output {output} above this line, but there is none; add it or copy another"
    )]
    CopyOfNothing {
        /// From input.
        input: u32,
        /// To output.
        output: u32,
    },
    /// A copy and an impulse at the same place, or two copies.
    #[error(
        "expected either one copy or impulses from input {input} to output {output}, but line {first} has put something there already; remove one"
    )]
    Taken {
        /// From input.
        input: u32,
        /// To output.
        output: u32,
        /// The line that put it there.
        first: usize,
    },
    /// More samples than memory should be spent on.
    #[error(
        "expected at most {MAX_SAMPLES} samples in {what}, but this line makes it {samples}; shorten the impulses or take fewer channels"
    )]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// Samples.
        samples: u64,
    },
    /// Longer than any impulse.
    #[error("expected at most {MAX_SECONDS} s, but the matrix lasts {seconds:.1} s; shorten it")]
    TooLong {
        /// Length of the matrix.
        seconds: f64,
    },
    /// A gain or a sum beyond any sound.
    #[error(
        "expected samples within ±{MAX_MAGNITUDE}, but with this line one becomes {value:e}; lower the gain, which is linear, not in dB"
    )]
    TooLoud {
        /// The sample.
        value: f32,
    },
    /// `--layout mcfx:…` with a file that says its own shape.
    #[error(
        "expected --layout auto, true-stereo or matrix, since this line says how many inputs there are; leave mcfx out"
    )]
    OwnShape,
    /// Within the limits, but this machine has no room for it.
    #[error(
        "expected room in memory for the matrix, but there is none; close something or shorten it"
    )]
    OutOfMemory,
}

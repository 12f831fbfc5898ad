//! Why an impulse cannot be converted.

use crate::impulse::Layout;
use crate::impulse::load::MAX_SAMPLES;
use crate::impulse::packed::MAX_SIDE;
use crate::impulse::save::SaveError;
use thiserror::Error;

/// Why an impulse cannot be converted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// Files that make no impulse together.
    #[error(
        "expected one file, two stereo files, or mono files, but they have {} channels; give other files",
        list(counts)
    )]
    Set {
        /// Channels of each.
        counts: Vec<usize>,
    },
    /// Files of different rates.
    #[error(
        "expected files of one sample rate, but there are {first} Hz and {other} Hz; convert one with --rate first"
    )]
    Rates {
        /// Hz of the first.
        first: u32,
        /// Hz of another.
        other: u32,
    },
    /// A number of inputs that the channels do not divide into.
    #[error(
        "expected a number of inputs that divides the {channels} channels, with 1 to {MAX_SIDE} inputs and outputs, but it is {inputs}; give another"
    )]
    Inputs {
        /// The number.
        inputs: u16,
        /// Channels there are.
        channels: usize,
    },
    /// A matrix that does not say what leads where.
    #[error(
        "expected a matrix that says how many inputs it has, but these are {channels} channels; give --inputs, 1 for one source, {channels} for one output"
    )]
    UnknownInputs {
        /// Channels there are.
        channels: usize,
    },
    /// Channels that a form cannot hold.
    #[error(
        "expected channels that can be {form}, but these are {channels} ({layout}); choose another --to, or say what they are with --layout"
    )]
    Unfit {
        /// The form.
        form: &'static str,
        /// What they are.
        layout: Layout,
        /// How many.
        channels: usize,
    },
    /// More samples than can be read again.
    #[error(
        "expected at most {MAX_SAMPLES} samples in all channels together, but there are {samples}; trim the impulse"
    )]
    TooLarge {
        /// Samples in all channels.
        samples: u64,
    },
    /// A name with another ending, or one that is not text.
    #[error(
        "expected an output name in plain text that ends in .{extension}; choose another, or another --to"
    )]
    Name {
        /// Without the dot.
        extension: &'static str,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
}

fn list(counts: &[usize]) -> String {
    let counts: Vec<_> = counts.iter().map(usize::to_string).collect();
    counts.join(", ")
}

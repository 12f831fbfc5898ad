//! Matrices packed as mcfx_convolver and X-Volver read them: one channel per output, the inputs' responses one after
//! another in time, all of one length.
//!
//! Guaranteed: packing and unpacking are each other's inverse, to the bit.
//!
//! Source: M. Kronlachner, mcfx, CONVOLVER_CONFIG_HOWTO.txt (`/impulse/packedmatrix`), after A. Farina's X-Volver.

use super::load::{Fault, MAX_SAMPLES};
use super::{ImpulseResponse, Layout};

/// The most inputs of a matrix, and the most outputs.
pub const MAX_SIDE: u16 = 64;

/// The channels of a packed matrix of `inputs`, apart: input 1 to every output, then input 2, and so on.
///
/// Errors: [`Fault::NotPacked`] if the frames do not divide into the inputs. Loader thread.
pub fn unpack(packed: &ImpulseResponse, inputs: u16) -> Result<ImpulseResponse, Fault> {
    let frames = packed.frames();
    let parts = usize::from(inputs);
    if !(1..=MAX_SIDE).contains(&inputs) || frames == 0 || !frames.is_multiple_of(parts) {
        return Err(Fault::NotPacked { frames, inputs });
    }
    let length = frames / parts;
    let of = |input: usize| {
        let part = input * length..(input + 1) * length;
        packed
            .channels
            .iter()
            .map(move |output| output[part.clone()].to_vec())
    };
    Ok(ImpulseResponse {
        layout: shape(inputs, packed.channels.len()),
        channels: (0..parts).flat_map(of).collect(),
        ..header_of(packed)
    })
}

/// The inverse of [`unpack`]: `None` if the channels do not divide into the inputs, or if the result would be beyond
/// [`MAX_SAMPLES`]. Loader thread.
pub fn pack(matrix: &ImpulseResponse, inputs: u16) -> Option<ImpulseResponse> {
    let parts = usize::from(inputs);
    let samples = matrix.frames() as u64 * matrix.channels.len() as u64;
    if parts == 0 || !matrix.channels.len().is_multiple_of(parts) || samples > MAX_SAMPLES {
        return None;
    }
    let outputs = matrix.channels.len() / parts;
    let of = |output: usize| {
        let responses = matrix.channels.iter().skip(output).step_by(outputs);
        responses.flatten().copied().collect()
    };
    Some(ImpulseResponse {
        layout: Layout::Matrix,
        channels: (0..outputs).map(of).collect(),
        ..header_of(matrix)
    })
}

/// What the channels of a matrix of that shape are: 1 × 1 is heard by every channel, 2 × 2 is true stereo.
pub(super) fn shape(inputs: u16, outputs: usize) -> Layout {
    match (inputs, outputs) {
        (1, 1) => Layout::Mono,
        (2, 2) => Layout::TrueStereo,
        _ => Layout::MatrixOf { inputs },
    }
}

/// All but the channels.
fn header_of(impulse: &ImpulseResponse) -> ImpulseResponse {
    ImpulseResponse {
        name: impulse.name.clone(),
        sample_rate: impulse.sample_rate,
        layout: impulse.layout,
        channels: Vec::new(),
    }
}

//! The engine and the definition, side by side.

use partita::engine::{Block, Engine, PrepareError, PreparedImpulse, Routing};
use std::sync::Arc;

/// Frames of a call of the engine: any number would do.
const BLOCK: usize = 64;

/// `inputs`, all of one length, through the engine, with the tail.
pub fn engine(
    routing: &Routing,
    inputs: &[Vec<f32>],
    responses: &[Vec<f32>],
) -> Result<Vec<Vec<f32>>, PrepareError> {
    let slices: Vec<&[f32]> = responses.iter().map(Vec::as_slice).collect();
    let impulse = PreparedImpulse::new(routing.clone(), &slices)?;
    let frames = inputs.iter().map(Vec::len).max().unwrap_or(0) + impulse.frames() - 1;
    let mut engine = Engine::new(Arc::new(impulse));
    let mut inputs = inputs.to_vec();
    inputs
        .iter_mut()
        .for_each(|input| input.resize(frames, 0.0));
    let mut outputs = vec![vec![0.0; frames]; routing.outputs()];
    for from in (0..frames).step_by(BLOCK) {
        let to = frames.min(from + BLOCK);
        let inputs: Vec<&[f32]> = inputs.iter().map(|input| &input[from..to]).collect();
        let mut outputs: Vec<&mut [f32]> =
            outputs.iter_mut().map(|out| &mut out[from..to]).collect();
        engine.process(&mut Block::new(&inputs, &mut outputs));
    }
    Ok(outputs)
}

/// The same by the definition, (f*g)(c) = Σ f(a)·g(b) over a + b = c, summed over the paths to each output.
pub fn definition(routing: &Routing, inputs: &[Vec<f32>], responses: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let longest = |signals: &[Vec<f32>]| signals.iter().map(Vec::len).max().unwrap_or(0);
    let frames = longest(inputs) + longest(responses) - 1;
    let mut outputs = vec![vec![0.0; frames]; routing.outputs()];
    for path in routing.paths() {
        let sum = sum(&inputs[path.input], &responses[path.response]);
        outputs[path.output]
            .iter_mut()
            .zip(sum)
            .for_each(|(out, sum)| *out += sum);
    }
    outputs
}

/// The definition for two signals. Four values of a at a time, so that a second of sound takes a second.
pub fn sum(f: &[f32], g: &[f32]) -> Vec<f64> {
    let wide: Vec<f64> = [0.0; 3]
        .into_iter()
        .chain(g.iter().map(|&g| f64::from(g)))
        .chain([0.0; 3])
        .collect();
    let mut sums = vec![0.0; f.len().next_multiple_of(4) + g.len()];
    for (index, four) in f
        .chunks(4)
        .enumerate()
        .filter(|(_, four)| four.iter().any(|&f| f != 0.0))
    {
        let mut values = [0.0; 4];
        values
            .iter_mut()
            .zip(four)
            .for_each(|(value, &f)| *value = f64::from(f));
        for (sum, g) in sums[4 * index..].iter_mut().zip(wide.windows(4)) {
            *sum += values[0] * g[3] + values[1] * g[2] + values[2] * g[1] + values[3] * g[0];
        }
    }
    sums.truncate(f.len() + g.len() - 1);
    sums
}

/// How far `got` is from what was wanted.
#[derive(Clone, Copy)]
pub struct Difference {
    /// The greatest difference of any value.
    pub greatest: f64,
    /// The greatest magnitude that was wanted.
    pub peak: f64,
}

impl Difference {
    pub fn of(got: &[Vec<f32>], want: &[Vec<f64>]) -> Self {
        let pairs = || got.iter().flatten().zip(want.iter().flatten());
        let largest = |most: f64, value: f64| most.max(value.abs());
        Self {
            greatest: pairs()
                .map(|(&got, want)| f64::from(got) - want)
                .fold(0.0, largest),
            peak: pairs().map(|(_, &want)| want).fold(0.0, largest),
        }
    }

    /// The larger of two, for a part that computes several things.
    pub fn or(self, other: Self) -> Self {
        if self.greatest * other.peak >= other.greatest * self.peak {
            self
        } else {
            other
        }
    }
}

//! The definition in f64, and the engine beside it.

use super::oracle;
use partita::engine::Routing;

/// (f*g)(c) = Σ f(a)·g(c − a), each c for itself, in two threads.
pub fn sum(f: &[f32], g: &[f32]) -> Vec<f64> {
    let f: Vec<f64> = f.iter().map(|&f| f64::from(f)).collect();
    let reversed: Vec<f64> = g.iter().rev().map(|&g| f64::from(g)).collect();
    let last = g.len() - 1;
    let at = |c: usize| {
        let from = (c + 1).saturating_sub(g.len());
        let f = &f[from..f.len().min(c + 1)];
        let g = &reversed[last + from - c..][..f.len()];
        // Eight sums at once, so that the compiler may take several products in a step.
        let mut sums = [0.0; 8];
        let (f8, g8) = (f.chunks_exact(8), g.chunks_exact(8));
        let rest = f8.remainder().iter().zip(g8.remainder());
        let rest: f64 = rest.map(|(f, g)| f * g).sum();
        for (f, g) in f8.zip(g8) {
            sums.iter_mut()
                .zip(f)
                .zip(g)
                .for_each(|((sum, f), g)| *sum += f * g);
        }
        rest + sums.iter().sum::<f64>()
    };
    let frames = f.len() + last;
    let mut out = vec![0.0; frames];
    let (first, second) = out.split_at_mut(frames / 2);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            first
                .iter_mut()
                .enumerate()
                .for_each(|(c, out)| *out = at(c))
        });
        second
            .iter_mut()
            .enumerate()
            .for_each(|(c, out)| *out = at(frames / 2 + c));
    });
    out
}

pub fn greatest(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let differences = got
        .iter()
        .zip(want)
        .map(|(&got, want)| (f64::from(got) - want).abs());
    differences.fold(0.0, f64::max)
}

pub fn peak(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// `inputs` through the engine as a host would call it, with the tail.
pub fn engine(routing: &Routing, inputs: &[Vec<f32>], responses: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut inputs = inputs.to_vec();
    let tail = responses.iter().map(Vec::len).max().unwrap_or(1) - 1;
    inputs
        .iter_mut()
        .for_each(|input| input.resize(input.len() + tail, 0.0));
    oracle::play(
        &mut oracle::engine(routing, responses),
        &inputs,
        routing.outputs(),
        || 64,
    )
}

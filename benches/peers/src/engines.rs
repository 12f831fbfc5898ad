//! The engines under measurement, behind one trait.

use crate::zita::Zita;
use fft_convolver::{FFTConvolver, TwoStageFFTConvolver};
use partita::engine::{Block, Engine, PreparedImpulse, Routing, Simd};
use std::path::Path;
use std::sync::Arc;

pub const RATE: f64 = 48_000.0;

/// What is measured: an impulse, a routing, a block length.
pub struct Cell {
    pub routing: Routing,
    pub seconds: f64,
    pub block: usize,
    pub responses: Vec<Vec<f32>>,
}

impl Cell {
    /// A cell with an impulse of decaying noise, −60 dB at its end, of energy one per response.
    pub fn new(routing: Routing, seconds: f64, block: usize) -> Self {
        let frames = (seconds * RATE).round() as usize;
        let response = |seed: usize| {
            let decay = -6.907_755 / frames as f64;
            let mut tail: Vec<f32> = noise(seed as u64 + 1, frames)
                .into_iter()
                .enumerate()
                .map(|(i, x)| x * (decay * i as f64).exp() as f32)
                .collect();
            let energy: f64 = tail.iter().map(|&x| f64::from(x).powi(2)).sum();
            tail.iter_mut()
                .for_each(|x| *x *= energy.sqrt().recip() as f32);
            tail
        };
        let responses = (0..routing.responses()).map(response).collect();
        Self {
            routing,
            seconds,
            block,
            responses,
        }
    }

    pub fn frames(&self) -> usize {
        self.responses[0].len()
    }

    /// Nanoseconds that a block lasts.
    pub fn deadline(&self) -> f64 {
        self.block as f64 / RATE * 1e9
    }
}

/// White noise in −1…1, the same every time.
pub fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut sample = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| sample()).collect()
}

/// An engine that is being measured.
pub trait Peer {
    /// One callback: a block of every input to a block of every output.
    fn process(&mut self, inputs: &[&[f32]], outputs: &mut [Vec<f32>]);

    /// Samples between input and output.
    fn latency(&self) -> usize;
}

/// Names that `--engines` takes, in the order of the table.
pub const NAMES: [&str; 5] = [
    "partita",
    "partita-avx2",
    "zita",
    "fft-convolver",
    "fft-convolver-2stage",
];

/// Makes the engine `name` for `cell`. `shim` is zita's, where it could be built; `wait` whether
/// threads are waited for.
pub fn make(
    name: &str,
    cell: &Cell,
    shim: Option<&Path>,
    wait: bool,
) -> Result<Box<dyn Peer>, String> {
    match name {
        "partita" => Ok(Box::new(Partita::new(cell, Simd::best()))),
        "partita-avx2" => {
            let set = Simd::available()
                .into_iter()
                .find(|set| set.name() == "avx2");
            Ok(Box::new(Partita::new(
                cell,
                set.ok_or("this machine has no AVX2")?,
            )))
        }
        "zita" => {
            let shim =
                shim.ok_or("zita-convolver is not installed (Debian: libzita-convolver-dev, g++)")?;
            Ok(Box::new(Zita::new(shim, cell, wait)?))
        }
        "fft-convolver" => Ok(Box::new(Matrix::<FFTConvolver<f32>>::new(
            cell,
            |block, response| {
                let mut one = FFTConvolver::default();
                one.init(block, response)
                    .map(|()| one)
                    .map_err(|error| format!("{error:?}"))
            },
        )?)),
        "fft-convolver-2stage" => Ok(Box::new(Matrix::<TwoStageFFTConvolver<f32>>::new(
            cell,
            |block, response| {
                let mut one = TwoStageFFTConvolver::default();
                one.init_default(block, response)
                    .map(|()| one)
                    .map_err(|error| format!("{error:?}"))
            },
        )?)),
        _ => Err(format!(
            "no engine is called {name}; there are {}",
            NAMES.join(", ")
        )),
    }
}

struct Partita(Engine);

impl Partita {
    fn new(cell: &Cell, simd: Simd) -> Self {
        let slices: Vec<&[f32]> = cell.responses.iter().map(Vec::as_slice).collect();
        let impulse = PreparedImpulse::new(cell.routing.clone(), &slices).expect("a good impulse");
        Self(Engine::with_simd(Arc::new(impulse), simd))
    }
}

impl Peer for Partita {
    fn process(&mut self, inputs: &[&[f32]], outputs: &mut [Vec<f32>]) {
        match outputs {
            [mono] => self.0.process(&mut Block::new(inputs, &mut [mono])),
            [left, right] => self.0.process(&mut Block::new(inputs, &mut [left, right])),
            _ => unreachable!("cells have one or two outputs"),
        }
    }

    fn latency(&self) -> usize {
        partita::engine::LATENCY
    }
}

/// One mono convolver a path, for the crates that have nothing wider.
trait Mono {
    fn convolve(&mut self, input: &[f32], output: &mut [f32]);
}

impl Mono for FFTConvolver<f32> {
    fn convolve(&mut self, input: &[f32], output: &mut [f32]) {
        self.process(input, output)
            .expect("the block that it was made for");
    }
}

impl Mono for TwoStageFFTConvolver<f32> {
    fn convolve(&mut self, input: &[f32], output: &mut [f32]) {
        self.process(input, output)
            .expect("the block that it was made for");
    }
}

struct Matrix<M> {
    paths: Vec<(usize, usize, M)>,
    scratch: Vec<f32>,
}

impl<M> Matrix<M> {
    fn new(cell: &Cell, make: impl Fn(usize, &[f32]) -> Result<M, String>) -> Result<Self, String> {
        let paths = cell.routing.paths().iter().map(|path| {
            Ok((
                path.input,
                path.output,
                make(cell.block, &cell.responses[path.response])?,
            ))
        });
        Ok(Self {
            paths: paths.collect::<Result<_, String>>()?,
            scratch: vec![0.0; cell.block],
        })
    }
}

impl<M: Mono> Peer for Matrix<M> {
    fn process(&mut self, inputs: &[&[f32]], outputs: &mut [Vec<f32>]) {
        outputs.iter_mut().for_each(|output| output.fill(0.0));
        for (input, output, mono) in &mut self.paths {
            mono.convolve(inputs[*input], &mut self.scratch);
            outputs[*output]
                .iter_mut()
                .zip(&self.scratch)
                .for_each(|(sum, part)| *sum += part);
        }
    }

    fn latency(&self) -> usize {
        0
    }
}

//! The engines under measurement, behind one trait.

use crate::cell::{Blocks, Cell};
use crate::zita::Zita;
use fft_convolver::{FFTConvolver, TwoStageFFTConvolver};
use partita::engine::{Block, Engine, PreparedImpulse, Simd};
use std::path::Path;
use std::sync::Arc;

/// An engine that is being measured.
pub trait Peer {
    /// One callback: a block of both inputs to a block of both outputs.
    fn process<'b>(&mut self, inputs: &[&'b [f32]; 2], outputs: &mut [&'b mut [f32]; 2]);

    /// Forgets everything played. Only engines that are made for blocks which are not periodic are
    /// asked.
    fn reset(&mut self);

    /// Samples between input and output.
    fn latency(&self) -> usize;
}

/// Names that `--engines` takes.
const NAMES: [&str; 5] = [
    "partita",
    "partita-avx2",
    "zita",
    "fft-convolver",
    "fft-convolver-2stage",
];

/// Reads a name of [`NAMES`].
pub fn name(text: &str) -> Result<String, String> {
    if NAMES.contains(&text) {
        Ok(text.into())
    } else {
        Err(format!("expected one of {}", NAMES.join(", ")))
    }
}

/// Makes the engine `name` for `cell`, or says why this machine or this cell is not for it. `shim` is
/// zita's, where it could be built; `wait` whether threads are waited for.
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
            let set = set.ok_or("this machine has no AVX2")?;
            Ok(Box::new(Partita::new(cell, set)))
        }
        "zita" => {
            let shim =
                shim.ok_or("zita-convolver is not installed (Debian: libzita-convolver-dev, g++)")?;
            let block = match cell.blocks {
                Blocks::Every(block) if block.is_power_of_two() && block >= 16 => block,
                blocks => {
                    return Err(format!(
                        "it takes fixed blocks of a power of two from 16 to 8192, not {blocks}"
                    ));
                }
            };
            Ok(Box::new(Zita::new(shim, cell, block, wait)?))
        }
        "fft-convolver" => Ok(Box::new(Matrix::<FFTConvolver<f32>>::new(cell)?)),
        "fft-convolver-2stage" => Ok(Box::new(Matrix::<TwoStageFFTConvolver<f32>>::new(cell)?)),
        _ => Err(format!(
            "no engine is called so; there are {}",
            NAMES.join(", ")
        )),
    }
}

struct Partita(Engine);

impl Partita {
    fn new(cell: &Cell, simd: Simd) -> Self {
        Self(Engine::with_simd(prepared(cell), simd))
    }
}

/// The cell's impulse as Partita wants it.
pub fn prepared(cell: &Cell) -> Arc<PreparedImpulse> {
    let slices: Vec<&[f32]> = cell.responses.iter().map(Vec::as_slice).collect();
    Arc::new(PreparedImpulse::new(cell.routing.clone(), &slices).expect("a good impulse"))
}

impl Peer for Partita {
    fn process<'b>(&mut self, inputs: &[&'b [f32]; 2], outputs: &mut [&'b mut [f32]; 2]) {
        self.0.process(&mut Block::new(inputs, outputs));
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn latency(&self) -> usize {
        partita::engine::LATENCY
    }
}

/// A mono convolver, as the crates have it.
trait Mono: Sized {
    fn new(block: usize, response: &[f32]) -> Result<Self, String>;
    fn convolve(&mut self, input: &[f32], output: &mut [f32]);
    fn reset(&mut self);
}

impl Mono for FFTConvolver<f32> {
    fn new(block: usize, response: &[f32]) -> Result<Self, String> {
        let mut one = Self::default();
        one.init(block, response)
            .map_err(|error| format!("{error:?}"))?;
        Ok(one)
    }

    fn convolve(&mut self, input: &[f32], output: &mut [f32]) {
        self.process(input, output)
            .expect("input and output of one length");
    }

    fn reset(&mut self) {
        Self::reset(self);
    }
}

impl Mono for TwoStageFFTConvolver<f32> {
    fn new(block: usize, response: &[f32]) -> Result<Self, String> {
        let mut one = Self::default();
        one.init_default(block, response)
            .map_err(|error| format!("{error:?}"))?;
        Ok(one)
    }

    fn convolve(&mut self, input: &[f32], output: &mut [f32]) {
        self.process(input, output)
            .expect("input and output of one length");
    }

    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// One mono convolver a path.
struct Matrix<M> {
    paths: Vec<(usize, usize, M)>,
    scratch: Vec<f32>,
}

impl<M: Mono> Matrix<M> {
    fn new(cell: &Cell) -> Result<Self, String> {
        let block = cell.blocks.longest();
        let paths = cell.routing.paths().iter().map(|path| {
            let mono = M::new(block, &cell.responses[path.response])?;
            Ok((path.input, path.output, mono))
        });
        Ok(Self {
            paths: paths.collect::<Result<_, String>>()?,
            scratch: vec![0.0; block],
        })
    }
}

impl<M: Mono> Peer for Matrix<M> {
    fn process<'b>(&mut self, inputs: &[&'b [f32]; 2], outputs: &mut [&'b mut [f32]; 2]) {
        outputs.iter_mut().for_each(|output| output.fill(0.0));
        for (input, output, mono) in &mut self.paths {
            let output = &mut outputs[*output];
            let scratch = &mut self.scratch[..output.len()];
            mono.convolve(inputs[*input], scratch);
            output
                .iter_mut()
                .zip(scratch)
                .for_each(|(sum, part)| *sum += *part);
        }
    }

    fn reset(&mut self) {
        self.paths.iter_mut().for_each(|(_, _, mono)| mono.reset());
    }

    fn latency(&self) -> usize {
        0
    }
}

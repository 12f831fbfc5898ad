//! What the plugin is held against: the engine and the mixer alone, and a factory impulse as they get it.
#![allow(dead_code, reason = "each test file uses its own part")]

use partita::engine::mixer::Mix;
use partita::engine::routing::{Path, Routing};
use partita::engine::{Block, Engine, PreparedImpulse};
use partita::impulse::analyze::tail_frames;
use partita::impulse::library;
use partita::impulse::shape::Shape;
use partita::loader::{Fitted, Source};
use partita::processor::{Processor, Setup};
use std::sync::Arc;

pub fn wide(channels: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let channel = |c: &Vec<f32>| c.iter().map(|&x| f64::from(x)).collect();
    channels.iter().map(channel).collect()
}

/// A factory impulse at the default level, for so many inputs at that rate.
pub fn fitted(name: &str, inputs: usize, rate: u32) -> Fitted {
    let impulse = library::find(name).expect("a factory impulse").load();
    let source = Source::new(impulse.expect("loads"), &Shape::default()).expect("a shape");
    source.fit(inputs, rate).expect("fits")
}

/// What engine and mixer make of `x` in one block.
pub fn expected(name: &str, x: &[Vec<f32>], outputs: usize, rate: u32) -> Vec<Vec<f32>> {
    let inputs = x.len();
    let fitted = fitted(name, inputs, rate);
    let mut paths = fitted.routing.paths().to_vec();
    let mut responses: Vec<Vec<f32>> = fitted.impulse.channels.clone();
    if outputs == 1 {
        // Both sides are heard together, each at half.
        paths.iter_mut().for_each(|path| path.output = 0);
        responses
            .iter_mut()
            .flatten()
            .for_each(|sample| *sample *= 0.5);
    } else if fitted.routing.outputs() == 1 {
        paths.push(Path {
            output: 1,
            ..paths[0]
        });
    }
    let routing = Routing::from_paths(inputs, outputs, paths).expect("inside");
    let responses: Vec<&[f32]> = responses.iter().map(Vec::as_slice).collect();
    let prepared = PreparedImpulse::new(routing, &responses).expect("prepares");
    let setup = Setup {
        inputs,
        outputs,
        sample_rate: rate,
        mix: THIRTY,
    };
    let mut processor = Processor::new(Engine::new(Arc::new(prepared)), 0, setup);
    let mut y = vec![vec![0.0; x[0].len()]; outputs];
    let inputs: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
    let mut slices: Vec<&mut [f32]> = y.iter_mut().map(Vec::as_mut_slice).collect();
    processor.process(&mut Block::new(&inputs, &mut slices));
    y
}

pub const THIRTY: Mix = Mix {
    mix_percent: 30.0,
    ..Mix::NEUTRAL
};

/// Frames for which a factory impulse sounds.
pub fn frames_of(name: &str, rate: u32) -> u32 {
    tail_frames(&fitted(name, 2, rate).impulse) as u32
}

//! What an instance was asked to play, and the engine for it.

use crate::engine::routing::{Path, Routing};
use crate::engine::{Engine, PreparedImpulse};
use crate::impulse::analyze::analyze;
use crate::impulse::library;
use crate::impulse::shape::Shape;
use crate::loader::Source;
use crate::params::Slots;
use std::sync::Arc;

/// Everything that the impulse an instance plays depends on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub slot: usize,
    pub shape: Shape,
    pub sample_rate: u32,
    pub inputs: usize,
    pub outputs: usize,
}

impl Wanted {
    /// An engine that plays it, and the frames for which it sounds; silence where there is nothing to play.
    pub fn engine(&self) -> (Engine, usize) {
        let (impulse, tail) = self.prepared().unwrap_or_else(|| {
            let routing = Routing::shared(self.inputs.max(1));
            let silence = PreparedImpulse::new(routing, &[&[0.0]]);
            (silence.expect("one sample of silence is an impulse"), 0)
        });
        (Engine::new(Arc::new(impulse)), tail)
    }

    fn prepared(&self) -> Option<(PreparedImpulse, usize)> {
        let impulse = library::find(Slots::factory(self.slot)?)
            .ok()?
            .load()
            .ok()?;
        let source = Source::new(impulse, &self.shape).ok()?;
        let fitted = source.fit(self.inputs, self.sample_rate).ok()?;
        let routing = with_outputs(fitted.routing.clone(), self.outputs);
        let prepared = PreparedImpulse::new(routing, &fitted.responses()).ok()?;
        Some((prepared, analyze(&fitted.impulse).audible_frames))
    }
}

/// `routing` for so many outputs: a single one is heard at all of them, and of too many the first are.
fn with_outputs(routing: Routing, outputs: usize) -> Routing {
    let paths = routing.paths().iter().flat_map(|path| {
        let all = if routing.outputs() == 1 { outputs } else { 1 };
        (0..all).map(move |copy| Path {
            output: path.output + copy,
            ..*path
        })
    });
    let paths = paths.filter(|path| path.output < outputs).collect();
    Routing::from_paths(routing.inputs(), outputs, paths).unwrap_or(routing)
}

//! The stair from impulse responses to the engine: which channel of the impulse goes where, in which shape and at which rate.
//!
//! With n channels of sound and c channels of impulse:
//!
//! | impulse | n | what happens |
//! |---|---|---|
//! | mono (c = 1) | any | every channel through the same response |
//! | stereo | 1 | one input heard left and right: 2 outputs |
//! | stereo | 2 | left through left, right through right |
//! | true stereo (LL LR RL RR) | 2 | both inputs to both outputs |
//! | true stereo | 1 | the one input stands left and right: output L is LL + RL, output R is LR + RR |
//! | matrix | 1 | one input, c outputs |
//! | matrix | c | each channel through its own response |
//! | matrix | divides c | every input to each of c ÷ n outputs, source first |
//! | matrix of n inputs | n | every input to each of c ÷ n outputs, source first |
//!
//! Anything else is [`RoutingError`]: no channel is dropped or made up. A matrix of one channel is mono.
//!
//! Where the sound has other outputs than that ([`Fitted::to_outputs`]): one is heard on both sides, and of two the mean is
//! heard on one, as from a desk's mono button. What both sides have is then as loud as on each of them.

mod asking;
pub mod cache;
pub mod scanning;
pub mod thread;

use crate::engine::routing::{Path as Route, Routing};
use crate::impulse::load::{LayoutChoice, LayoutDecision, LoadError, Notice};
use crate::impulse::resample::{self, Aligned, ResampleError};
use crate::impulse::shape::{self, Shape, ShapeError, Shaped};
use crate::impulse::{ImpulseResponse, Layout, library};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// An impulse that does not fit the sound's channels.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{name}: an impulse of {} takes sound with {expected} channels, but the input has {inputs}{hint}", describe(*layout, *channels)
)]
pub struct RoutingError {
    /// The impulse.
    pub name: String,
    /// What its channels are.
    pub layout: Layout,
    /// How many it has.
    pub channels: usize,
    /// Channels that it would take.
    pub expected: String,
    /// Channels of the sound.
    pub inputs: usize,
    hint: &'static str,
}

fn describe(layout: Layout, channels: usize) -> String {
    match layout {
        Layout::Mono => "1 channel".to_owned(),
        Layout::Stereo => "2 channels (stereo)".to_owned(),
        Layout::TrueStereo => "4 channels (true stereo)".to_owned(),
        Layout::Matrix => format!("{channels} channels (a matrix)"),
        Layout::MatrixOf { inputs } => {
            let outputs = channels / usize::from(inputs).max(1);
            format!("{channels} channels (a matrix, {inputs} in and {outputs} out)")
        }
    }
}

/// Why an impulse cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoaderError {
    /// No impulse has that name, or several have.
    #[error(transparent)]
    Resolve(#[from] library::ResolveError),
    /// The file cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It cannot be shaped as asked.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// It cannot be taken to the sound's rate.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// It does not fit the sound's channels.
    #[error(transparent)]
    Routing(#[from] RoutingError),
}

/// The routing for `inputs` channels of sound through an impulse. Loader thread.
pub fn route(impulse: &ImpulseResponse, inputs: usize) -> Result<Routing, RoutingError> {
    let channels = impulse.channels.len();
    let layout = match channels {
        1 => Layout::Mono,
        _ => impulse.layout,
    };
    let refuse = |expected: String, hint| {
        Err(RoutingError {
            name: impulse.name.clone(),
            layout,
            channels,
            expected,
            inputs,
            hint,
        })
    };
    match (layout, inputs) {
        (_, 0) => refuse("1 or more".to_owned(), ""),
        (Layout::Mono, _) => Ok(Routing::shared(inputs)),
        (Layout::Stereo, 1) => Ok(Routing::mono_to_stereo()),
        (Layout::Stereo, 2) => Ok(Routing::stereo()),
        (Layout::TrueStereo, 2) => Ok(Routing::true_stereo()),
        (Layout::TrueStereo, 1) => Ok(mono_into_true_stereo()),
        (Layout::Stereo, _) => refuse("1 or 2".to_owned(), ""),
        (Layout::TrueStereo, 4) => refuse("1 or 2".to_owned(), "; try --layout matrix"),
        (Layout::TrueStereo, _) => refuse("1 or 2".to_owned(), ""),
        (Layout::MatrixOf { inputs: own }, _) => match usize::from(own) {
            own if own == inputs && channels.is_multiple_of(own) => {
                Ok(Routing::matrix(own, channels / own))
            }
            own if inputs == channels => refuse(own.to_string(), "; try --layout matrix"),
            own => refuse(own.to_string(), ""),
        },
        (Layout::Matrix, 1) => Ok(Routing::matrix(1, channels)),
        (Layout::Matrix, same) if same == channels => Ok(Routing::independent(channels)),
        (Layout::Matrix, several) if channels.is_multiple_of(several) => {
            Ok(Routing::matrix(several, channels / several))
        }
        (Layout::Matrix, _) => {
            let fits = (1..=channels).filter(|n| channels.is_multiple_of(*n));
            let fits: Vec<_> = fits.map(|n| n.to_string()).collect();
            refuse(fits.join(" or "), "")
        }
    }
}

/// One input at both inputs of a true-stereo impulse.
fn mono_into_true_stereo() -> Routing {
    let to = |output, response| Route {
        input: 0,
        output,
        response,
    };
    let paths = vec![to(0, 0), to(0, 2), to(1, 1), to(1, 3)];
    Routing::from_paths(1, 2, paths).expect("both outputs and the input are there")
}

/// What a convolver is made of: an impulse at the sound's rate and level, and its routing.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The impulse at the sound's rate.
    pub impulse: Arc<ImpulseResponse>,
    /// Which channel goes where.
    pub routing: Routing,
    /// Frames by which the resampled or resized impulse is late, because it rings before its start. A renderer
    /// takes them off; usually 0.
    pub delay: usize,
    /// Gain of the shape's last step, in dB.
    pub gain_db: f64,
}

impl Fitted {
    /// One slice per impulse channel, as the routing names them.
    pub fn responses(&self) -> Vec<&[f32]> {
        self.impulse.channels.iter().map(Vec::as_slice).collect()
    }

    /// With so many outputs: one is heard on both sides, of two the mean on one. Loader thread.
    ///
    /// Errors: any other number; what it gives is how many it has.
    pub fn to_outputs(mut self, outputs: usize) -> Result<Self, usize> {
        let inputs = self.routing.inputs();
        let paths = match (self.routing.outputs(), outputs) {
            (own, same) if own == same => return Ok(self),
            (1, 2) => {
                let all = self.routing.paths().iter();
                all.flat_map(|path| [0, 1].map(|output| Route { output, ..*path }))
                    .collect()
            }
            (2, 1) => {
                let channels = (0..inputs).map(|input| self.mean(input)).collect();
                self.impulse = Arc::new(ImpulseResponse {
                    layout: Layout::Matrix,
                    channels,
                    name: self.impulse.name.clone(),
                    ..*self.impulse
                });
                let to = |input| Route {
                    input,
                    output: 0,
                    response: input,
                };
                (0..inputs).map(to).collect()
            }
            (own, _) => return Err(own),
        };
        let routing = Routing::from_paths(inputs, outputs, paths);
        self.routing = routing.expect("both outputs and all inputs are there");
        Ok(self)
    }

    /// The mean of what two outputs hear of an input.
    fn mean(&self, input: usize) -> Vec<f32> {
        let mut mean = vec![0.0; self.impulse.frames()];
        let paths = self.routing.paths().iter();
        for path in paths.filter(|path| path.input == input) {
            let response = self.impulse.channels[path.response].iter();
            for (mean, sample) in mean.iter_mut().zip(response) {
                *mean += 0.5 * sample;
            }
        }
        mean
    }
}

/// An impulse at one rate, as it is kept for the next file of that rate.
type AtRate = (Arc<ImpulseResponse>, usize);

/// A loaded and shaped impulse that fits itself to sounds of any rate and number of channels. Many threads may
/// ask it at once; what was resampled is kept. One shape to a source: a new shape is a new source, so nothing kept
/// is ever of another shape.
#[derive(Debug)]
pub struct Source {
    original: Arc<ImpulseResponse>,
    shaped: Arc<ImpulseResponse>,
    gain_db: f64,
    layout: Option<LayoutDecision>,
    notices: Vec<Notice>,
    /// Frames by which shaping made it late, at its own rate.
    delay: usize,
    at_rate: Mutex<BTreeMap<u32, AtRate>>,
}

impl Source {
    /// Loads the factory impulse or the file of that name and gives it that shape. `layout` is for files. Loader thread.
    pub fn open(
        name_or_path: &Path,
        layout: LayoutChoice,
        shape: &Shape,
    ) -> Result<Self, LoaderError> {
        let loaded = library::resolve(name_or_path)?.open(layout)?;
        Ok(Self {
            layout: Some(loaded.layout),
            notices: loaded.notices,
            ..Self::new(loaded.impulse, shape)?
        })
    }

    /// As [`Source::open`], for an impulse that is already there. Loader thread.
    ///
    /// Errors: every [`ShapeError`]; none for [`Shape::AS_IT_IS`].
    pub fn new(impulse: ImpulseResponse, shape: &Shape) -> Result<Self, ShapeError> {
        let original = Arc::new(impulse);
        let (shaped, gain_db, delay) = if *shape == Shape::AS_IT_IS {
            (Arc::clone(&original), 0.0, 0)
        } else {
            let Shaped {
                impulse,
                gain_db,
                delay,
            } = shape::apply(&original, shape)?;
            (Arc::new(impulse), gain_db, delay)
        };
        Ok(Self {
            original,
            shaped,
            gain_db,
            layout: None,
            notices: Vec::new(),
            delay,
            at_rate: Mutex::default(),
        })
    }

    /// What the file's channels were taken for, and why. `None` for an impulse that came from no file. Any thread.
    pub fn layout(&self) -> Option<&LayoutDecision> {
        self.layout.as_ref()
    }

    /// What the user should know about the file. Any thread.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The impulse as it was loaded.
    pub fn impulse(&self) -> &ImpulseResponse {
        &self.original
    }

    /// The impulse in its shape, at its own rate.
    pub fn shaped(&self) -> &ImpulseResponse {
        &self.shaped
    }

    /// Gain of the shape's last step, in dB: what [`Normalise::Locked`](shape::Normalise::Locked) holds.
    pub fn gain_db(&self) -> f64 {
        self.gain_db
    }

    /// Frames by which shaping made it late, at its own rate; usually 0.
    pub fn delay(&self) -> usize {
        self.delay
    }

    /// The impulse for `inputs` channels of sound at `sample_rate` Hz. Loader thread.
    ///
    /// Errors: [`LoaderError::Routing`], [`LoaderError::Resample`].
    pub fn fit(&self, inputs: usize, sample_rate: u32) -> Result<Fitted, LoaderError> {
        let routing = route(&self.shaped, inputs)?;
        let (impulse, delay) = self.at_rate(sample_rate)?;
        Ok(Fitted {
            impulse,
            routing,
            delay,
            gain_db: self.gain_db,
        })
    }

    fn at_rate(&self, sample_rate: u32) -> Result<AtRate, ResampleError> {
        if sample_rate == self.shaped.sample_rate {
            return Ok((Arc::clone(&self.shaped), self.delay));
        }
        // Held while resampling: a second file of the same rate waits rather than doing it again.
        let mut kept = self.at_rate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&sample_rate) {
            return Ok(known.clone());
        }
        let Aligned { impulse, delay } = resample::aligned(&self.shaped, sample_rate)?;
        // To the nearest frame of the new rate.
        let (from, to) = (u64::from(self.shaped.sample_rate), u64::from(sample_rate));
        let before = (self.delay as u64 * to + from / 2) / from;
        let made = (Arc::new(impulse), delay + before as usize);
        kept.insert(sample_rate, made.clone());
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impulse(layout: Layout, channels: usize) -> ImpulseResponse {
        ImpulseResponse {
            name: "test".to_owned(),
            sample_rate: 48_000,
            layout,
            channels: vec![vec![1.0, 0.5]; channels],
        }
    }

    #[test]
    fn every_rule_of_the_table() {
        let go = |layout, channels, inputs| route(&impulse(layout, channels), inputs);
        assert_eq!(go(Layout::Mono, 1, 7), Ok(Routing::shared(7)));
        assert_eq!(go(Layout::Matrix, 1, 3), Ok(Routing::shared(3)));
        assert_eq!(go(Layout::Stereo, 2, 1), Ok(Routing::mono_to_stereo()));
        assert_eq!(go(Layout::Stereo, 2, 2), Ok(Routing::stereo()));
        assert_eq!(go(Layout::TrueStereo, 4, 2), Ok(Routing::true_stereo()));
        assert_eq!(go(Layout::Matrix, 4, 2), Ok(Routing::matrix(2, 2)));
        assert_eq!(go(Layout::Matrix, 5, 1), Ok(Routing::matrix(1, 5)));
        assert_eq!(go(Layout::Matrix, 4, 4), Ok(Routing::independent(4)));
        assert_eq!(go(Layout::Matrix, 12, 3), Ok(Routing::matrix(3, 4)));
        let of = |inputs| Layout::MatrixOf { inputs };
        assert_eq!(go(of(3), 12, 3), Ok(Routing::matrix(3, 4)));
        assert_eq!(go(of(1), 2, 1), Ok(Routing::matrix(1, 2)));
        assert_eq!(go(of(4), 4, 4), Ok(Routing::matrix(4, 1)));
        let folded = go(Layout::TrueStereo, 4, 1).expect("fits");
        assert_eq!((folded.inputs(), folded.outputs()), (1, 2));
        let into = |output| {
            let paths = folded
                .paths()
                .iter()
                .filter(move |path| path.output == output);
            paths.map(|path| path.response).collect::<Vec<_>>()
        };
        assert_eq!((into(0), into(1)), (vec![0, 2], vec![1, 3]));
    }

    #[test]
    fn one_output_hears_the_mean_of_two_and_two_hear_one() {
        let go = |layout, channels, inputs, outputs| {
            let mut impulse = impulse(layout, channels);
            for (number, channel) in impulse.channels.iter_mut().enumerate() {
                channel[0] = (1 << number) as f32;
            }
            let source = Source::new(impulse, &Shape::AS_IT_IS).expect("a shape");
            let fitted = source.fit(inputs, 48_000).expect("fits");
            let fitted = fitted.to_outputs(outputs)?;
            let sides = (fitted.routing.inputs(), fitted.routing.outputs());
            assert_eq!(sides, (inputs, outputs));
            let paths = fitted.routing.paths().iter();
            let gains = paths.map(|path| fitted.responses()[path.response][0]);
            Ok::<Vec<f32>, usize>(gains.collect())
        };
        assert_eq!(go(Layout::Mono, 1, 1, 2), Ok(vec![1.0, 1.0]));
        assert_eq!(go(Layout::Stereo, 2, 1, 1), Ok(vec![1.5]));
        assert_eq!(go(Layout::Stereo, 2, 2, 1), Ok(vec![0.5, 1.0]));
        assert_eq!(go(Layout::TrueStereo, 4, 1, 1), Ok(vec![7.5]));
        assert_eq!(go(Layout::TrueStereo, 4, 2, 1), Ok(vec![1.5, 6.0]));
        assert_eq!(go(Layout::Stereo, 2, 1, 2), Ok(vec![1.0, 2.0]));
        assert_eq!(go(Layout::Matrix, 3, 1, 1), Err(3));
    }

    #[test]
    fn what_does_not_fit_says_what_would() {
        let text = |layout, channels, inputs| {
            let error = route(&impulse(layout, channels), inputs).expect_err("does not fit");
            error.to_string()
        };
        assert_eq!(
            text(Layout::Stereo, 2, 6),
            "test: an impulse of 2 channels (stereo) takes sound with 1 or 2 channels, but the input has 6"
        );
        assert!(text(Layout::TrueStereo, 4, 4).ends_with("has 4; try --layout matrix"));
        assert!(text(Layout::MatrixOf { inputs: 3 }, 12, 2).ends_with(
            "(a matrix, 3 in and 4 out) takes sound with 3 channels, but the input has 2"
        ));
        assert!(text(Layout::MatrixOf { inputs: 1 }, 2, 2).ends_with("; try --layout matrix"));
        assert!(text(Layout::MatrixOf { inputs: 3 }, 5, 3).contains("takes sound with 3"));
        assert!(text(Layout::Matrix, 6, 4).contains("1 or 2 or 3 or 6 channels"));
    }

    #[test]
    fn a_rate_is_resampled_once_and_kept() {
        let source = Source::new(impulse(Layout::Mono, 1), &Shape::AS_IT_IS).expect("a shape");
        let first = source.fit(1, 44_100).expect("fits");
        let again = source.fit(2, 44_100).expect("fits");
        assert!(Arc::ptr_eq(&first.impulse, &again.impulse));
        let same = source.fit(1, 48_000).expect("fits");
        assert_eq!((same.delay, &*same.impulse), (0, source.impulse()));
    }
}

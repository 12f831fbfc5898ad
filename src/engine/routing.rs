//! Which input reaches which output through which response.

/// One input-to-output path of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Input channel.
    pub input: usize,
    /// Output channel.
    pub output: usize,
    /// Which of the impulse's channels this path is convolved with. Several paths may share one.
    pub response: usize,
}

/// The matrix of a convolution: its input channels, its output channels and the paths between.
///
/// Channel order is the field's: source first, so a true-stereo impulse is LL, LR, RL, RR.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Routing {
    inputs: usize,
    outputs: usize,
    paths: Vec<Path>,
}

impl Routing {
    /// One input, one output, one response.
    pub fn mono() -> Self {
        Self::independent(1)
    }

    /// Left to left, right to right: two responses.
    pub fn stereo() -> Self {
        Self::independent(2)
    }

    /// One input heard through two responses, left and right.
    pub fn mono_to_stereo() -> Self {
        Self::matrix(1, 2)
    }

    /// Two inputs, two outputs, four responses in the order LL, LR, RL, RR.
    pub fn true_stereo() -> Self {
        Self::matrix(2, 2)
    }

    /// `channels` inputs, each through its own response to its own output.
    pub fn independent(channels: usize) -> Self {
        let paths = (0..channels).map(|channel| Path {
            input: channel,
            output: channel,
            response: channel,
        });
        Self {
            inputs: channels,
            outputs: channels,
            paths: paths.collect(),
        }
    }

    /// `channels` inputs to as many outputs, all through the one response of a mono impulse.
    pub fn shared(channels: usize) -> Self {
        let paths = (0..channels).map(|channel| Path {
            input: channel,
            output: channel,
            response: 0,
        });
        Self {
            inputs: channels,
            outputs: channels,
            paths: paths.collect(),
        }
    }

    /// Every input to every output: response `input × outputs + output`, source first.
    pub fn matrix(inputs: usize, outputs: usize) -> Self {
        let paths = (0..inputs).flat_map(|input| {
            (0..outputs).map(move |output| Path {
                input,
                output,
                response: input * outputs + output,
            })
        });
        Self {
            inputs,
            outputs,
            paths: paths.collect(),
        }
    }

    /// Any set of paths between `inputs` and `outputs` channels. Two paths between the same pair of
    /// channels add up. `None` if a path names a channel that is not there.
    pub fn from_paths(inputs: usize, outputs: usize, paths: Vec<Path>) -> Option<Self> {
        let inside = paths
            .iter()
            .all(|path| path.input < inputs && path.output < outputs);
        inside.then_some(Self {
            inputs,
            outputs,
            paths,
        })
    }

    /// Input channels.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The paths, grouped by nothing in particular.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// How many responses the impulse must bring: one more than the highest that a path names.
    pub fn responses(&self) -> usize {
        self.paths
            .iter()
            .map(|path| path.response + 1)
            .max()
            .unwrap_or(0)
    }
}

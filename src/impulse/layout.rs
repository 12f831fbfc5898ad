//! What the channels of an impulse response are.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// What the channels of an impulse response are. As text: `mono`, `stereo`, `true-stereo`, `matrix`, or `matrix:3` for a
/// matrix of three inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Layout {
    /// One channel, heard by every channel of the signal.
    Mono,
    /// Left and right, each for its own side.
    Stereo,
    /// Four paths, source first: LL, LR, RL, RR.
    TrueStereo,
    /// Any other set of channels: independent ones, or a matrix, source first.
    Matrix,
    /// A matrix of known shape: input 1 to every output, then input 2, and so on. The outputs are the channels ÷ `inputs`.
    MatrixOf {
        /// How many channels of sound go in; 1 or more, and a divisor of the channels.
        inputs: u16,
    },
}

impl Layout {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mono => "mono",
            Self::Stereo => "stereo",
            Self::TrueStereo => "true stereo",
            Self::Matrix | Self::MatrixOf { .. } => "matrix",
        }
    }

    /// What people call the channel of that index: L, LR; in a matrix its number, counted from 1.
    pub fn channel_name(self, channel: usize) -> String {
        let names: &[&str] = match self {
            Self::Mono => &["mono"],
            Self::Stereo => &["L", "R"],
            Self::TrueStereo => &["LL", "LR", "RL", "RR"],
            Self::Matrix | Self::MatrixOf { .. } => &[],
        };
        names
            .get(channel)
            .map_or_else(|| (channel + 1).to_string(), |&name| name.to_owned())
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mono => f.write_str("mono"),
            Self::Stereo => f.write_str("stereo"),
            Self::TrueStereo => f.write_str("true-stereo"),
            Self::Matrix => f.write_str("matrix"),
            Self::MatrixOf { inputs } => write!(f, "matrix:{inputs}"),
        }
    }
}

/// A text that names no layout.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "expected mono, stereo, true-stereo, matrix or matrix:INPUTS (1 or more), but this is {0:?}"
)]
pub struct NotALayout(String);

impl FromStr for Layout {
    type Err = NotALayout;

    fn from_str(text: &str) -> Result<Self, NotALayout> {
        match text {
            "mono" => Ok(Self::Mono),
            "stereo" => Ok(Self::Stereo),
            "true-stereo" => Ok(Self::TrueStereo),
            "matrix" => Ok(Self::Matrix),
            other => {
                let inputs = other.strip_prefix("matrix:").and_then(|n| n.parse().ok());
                let inputs = inputs.filter(|inputs| *inputs > 0);
                let inputs = inputs.ok_or_else(|| NotALayout(other.to_owned()))?;
                Ok(Self::MatrixOf { inputs })
            }
        }
    }
}

impl From<Layout> for String {
    fn from(layout: Layout) -> Self {
        layout.to_string()
    }
}

impl TryFrom<String> for Layout {
    type Error = NotALayout;

    fn try_from(text: String) -> Result<Self, NotALayout> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_is_its_own_text() {
        let matrix = |inputs| Layout::MatrixOf { inputs };
        for layout in [
            Layout::Mono,
            Layout::Stereo,
            Layout::TrueStereo,
            Layout::Matrix,
            matrix(1),
            matrix(64),
        ] {
            assert_eq!(layout.to_string().parse(), Ok(layout));
            let json = serde_json::to_string(&layout).expect("text");
            assert_eq!(
                serde_json::from_str::<Layout>(&json).expect("a layout"),
                layout
            );
        }
        for wrong in [
            "",
            "Mono",
            "matrix:",
            "matrix:0",
            "matrix:-1",
            "matrix:70000",
        ] {
            assert!(wrong.parse::<Layout>().is_err(), "{wrong}");
        }
    }
}

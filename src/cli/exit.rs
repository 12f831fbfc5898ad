//! How the program ends.

use crate::render::RenderError;
use std::process::ExitCode;

/// The exit code. With several inputs, that of the first that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Ok,
    /// 1: the self-test found a difference.
    Failed,
    /// 2: the command line makes no sense.
    Usage,
    /// 3: an input cannot be read, or a recording not measured.
    Input,
    /// 4: the impulse or the preset cannot be read, or does not go with the input.
    Impulse,
    /// 5: the output exists, or cannot be written.
    Output,
    /// 6: `impulse check` found problems, or could not put all of them right.
    Problems,
    /// 7: no sound device, MIDI input or OSC port, or it was lost, and it was not to be waited for.
    Device,
    /// 130: stopped by Ctrl-C or a request to terminate. No unfinished file is left.
    Interrupted,
}

/// The same, for `--help`.
pub(super) const HELP: &str = "\
Exit codes:
  0    done
  2    the command line makes no sense
  3    an input cannot be read, or a recording not measured
  4    the impulse or preset cannot be read, or does not go with the input
  5    the output exists or cannot be written
  6    `impulse check` found problems (with --fix: some are left)
  7    no sound device, MIDI input or OSC port, or it was lost (`live` with --no-reconnect)
  130  interrupted; no unfinished file is left
With several inputs all are tried, and the code is that of the first that failed.";

impl Exit {
    /// The number the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Impulse => 4,
            Self::Output => 5,
            Self::Problems => 6,
            Self::Device => 7,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<&RenderError> for Exit {
    fn from(error: &RenderError) -> Self {
        match error {
            RenderError::Input { .. } => Self::Input,
            RenderError::Impulse(_) | RenderError::Prepare { .. } => Self::Impulse,
            RenderError::Output { .. } => Self::Output,
            RenderError::Interrupted => Self::Interrupted,
        }
    }
}

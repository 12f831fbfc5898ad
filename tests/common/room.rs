//! A temporary folder with one render job in it.

use partita::loader::Source;
use partita::render::{Existing, Job, RenderError, Report, Settings, Watch, render};
use std::path::PathBuf;
use tempfile::TempDir;

pub struct Room {
    pub folder: TempDir,
}

impl Room {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn job(&self) -> Job {
        Job {
            input: self.path("in.wav"),
            output: self.path("out.wav"),
            existing: Existing::Replace,
        }
    }

    pub fn render(&self, source: &Source, settings: &Settings) -> Result<Report, RenderError> {
        render(&self.job(), source, settings, Watch::nothing())
    }
}

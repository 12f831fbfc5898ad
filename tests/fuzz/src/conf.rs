//! jconvolver's `.conf`, beside two sound files that it may name: `a.wav`, mono, and `b.wav`, stereo.

use super::impulse;
use partita::impulse::load::{self, LayoutChoice};
use partita::impulse::save::{self, Options};
use partita::impulse::{ImpulseResponse, Layout};
use partita::output::{Existing, Format};
use std::fs;
use std::sync::LazyLock;
use tempfile::TempDir;

/// One folder for all runs.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    for (name, layout, channels) in [("a", Layout::Mono, 1), ("b", Layout::Stereo, 2)] {
        let channel = |c: usize| (0..100).map(move |n| ((n * (c + 3)) % 17) as f32 / 17.0 - 0.5);
        let impulse = ImpulseResponse {
            name: name.to_owned(),
            sample_rate: 48_000,
            layout,
            channels: (0..channels).map(|c| channel(c).collect()).collect(),
        };
        let path = folder.path().join(name).with_extension("wav");
        let options = Options {
            format: Format::F32,
            existing: Existing::Keep,
            ixml: "",
        };
        save::write(&path, &impulse, options).expect("saved");
    }
    folder
});

pub fn run(data: &[u8]) {
    let path = FOLDER.path().join("x.conf");
    fs::write(&path, data).expect("written");
    for choice in [LayoutChoice::Auto, LayoutChoice::TrueStereo] {
        impulse::holds(load::read(&path, choice));
    }
}

//! What the editor remembers of how the user wants it: `editor.toml`, beside the library's settings. One file for plugin
//! and `partita live`.
//!
//! Guaranteed: a file that is missing, broken or from another version never keeps the editor from opening: what cannot
//! be read is the default, and numbers come within their bounds.

use crate::impulse::library::Places;
use crate::impulse::load::open_regular;
use crate::output::{Destination, Existing, Pending};
use egui::{Vec2, vec2};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// What the scale may be, in per cent.
pub const SCALES: RangeInclusive<f32> = 75.0..=250.0;

/// The size at which everything is seen, in points. In a smaller window everything is smaller.
pub const LEAST: Vec2 = vec2(1040.0, 620.0);

/// Of a window, in the system's points.
const LARGEST: f32 = 8_000.0;

/// The largest settings file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 16;

/// Light, dark, or as the system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Brightness {
    /// Light on dark.
    #[default]
    Dark,
    /// Dark on light.
    Light,
}

/// How the user wants the editor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub brightness: Brightness,
    /// How large everything is, in % of what the system says. 75 to 250.
    pub scale_percent: f32,
    /// A preset leaves the mix as it is.
    pub mix_locked: bool,
    /// Size of the window in the system's points, scale and all.
    pub width: f32,
    /// The same, down.
    pub height: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            brightness: Brightness::Dark,
            scale_percent: 100.0,
            mix_locked: false,
            width: 1080.0,
            height: 700.0,
        }
    }
}

impl Settings {
    /// Within bounds: no number that a window could not have.
    pub fn clamped(mut self) -> Self {
        let or = |value: f32, default: f32| if value.is_finite() { value } else { default };
        self.scale_percent = or(self.scale_percent, 100.0).clamp(*SCALES.start(), *SCALES.end());
        let least = Self::least();
        self.width = or(self.width, LEAST.x).clamp(least.x, LARGEST);
        self.height = or(self.height, LEAST.y).clamp(least.y, LARGEST);
        self
    }

    /// The least size of a window, in the system's points: everything at the least scale.
    pub fn least() -> Vec2 {
        LEAST * (*SCALES.start() / 100.0)
    }

    /// With another scale, and a window that is larger or smaller with it.
    pub fn scaled(mut self, percent: f32) -> Self {
        let percent = percent.clamp(*SCALES.start(), *SCALES.end());
        let times = percent / self.scale_percent;
        (self.width, self.height) = (self.width * times, self.height * times);
        self.scale_percent = percent;
        self.clamped()
    }

    /// What was saved last, or the default. Main thread.
    pub fn load() -> Self {
        let places = Places::of_this_user().ok();
        let text = places.as_ref().map(place).and_then(|path| {
            let mut text = String::new();
            let file = open_regular(&path).ok()?;
            file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
            Some(text)
        });
        let settings = text.and_then(|text| toml::from_str::<Self>(&text).ok());
        settings.unwrap_or_default().clamped()
    }

    /// Saves, beside the library's settings there. What cannot be saved is forgotten with the window: nothing that is heard
    /// hangs on it. Main thread.
    pub fn save(&self, places: &Places) {
        let saved = || {
            let path = place(places);
            let text = toml::to_string(self).ok()?;
            fs::create_dir_all(path.parent()?).ok()?;
            let destination = Destination::check(&path, &[], Existing::Replace).ok()?;
            let mut file = Pending::create(destination).ok()?;
            file.write_all(text.as_bytes()).ok()?;
            file.place().ok()
        };
        let _ = saved();
    }

    /// How much larger everything is than the system has it in a window of that size, in the system's points: the scale,
    /// or what lets everything be seen.
    pub fn zoom(&self, window: Vec2) -> f32 {
        let fits = (window / LEAST).min_elem();
        (self.scale_percent / 100.0).min(fits).max(0.3)
    }

    /// Size of the window in the system's points.
    pub fn size(&self) -> Vec2 {
        vec2(self.width, self.height)
    }
}

fn place(places: &Places) -> PathBuf {
    places.settings.with_file_name("editor.toml")
}

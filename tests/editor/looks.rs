//! Colours that can be told apart, and pictures of every view.

use crate::fake::{Log, open_over};
use egui_kittest::Harness;
use partita::editor::theme::{DARK, LIGHT};
use partita::editor::{App, Brightness, Settings};

/// WCAG 2.2: relative luminance, with the sRGB curve.
fn luminance(colour: egui::Color32) -> f64 {
    let channel = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(colour.r()) + 0.7152 * channel(colour.g()) + 0.0722 * channel(colour.b())
}

#[test]
fn colours_have_the_contrast_of_wcag_aa() {
    for (name, theme) in [("dark", DARK), ("light", LIGHT)] {
        for (what, over, under, least) in theme.pairs() {
            let (a, b) = (luminance(over), luminance(under));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= least, "{name} {what}: {contrast:.2} of {least}");
        }
    }
}

/// The editor as a user sees it, once everything has been measured.
fn seen(settings: Settings, prepare: impl FnOnce(&mut App)) -> Harness<'static, App> {
    let mut harness = open_over(Log::playing(), settings);
    prepare(harness.state_mut());
    harness.run();
    harness.state_mut().views().wait();
    harness.run();
    harness
}

#[test]
fn pictures() {
    for (name, brightness) in [("dark", Brightness::Dark), ("light", Brightness::Light)] {
        for percent in [100.0, 200.0] {
            let settings = Settings {
                brightness,
                ..Settings::default()
            };
            let mut harness = seen(settings.scaled(percent), |_| {});
            let image = harness.render().expect("a picture");
            image
                .save(format!("/tmp/f-editor/{name}-{percent}.png"))
                .expect("saved");
        }
    }
}

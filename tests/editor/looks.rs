//! Colours that can be told apart, and pictures of every view.

use partita::editor::theme::{DARK, LIGHT};

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

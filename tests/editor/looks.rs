//! Colours that can be told apart, and pictures of every view.

use crate::fake::{Log, open_over};
use egui::{Rect, Shape};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults};
use partita::editor::theme::{DARK, LIGHT};
use partita::editor::view::View;
use partita::editor::view::echo::design::Design;
use partita::editor::view::lab::Page;
use partita::editor::{App, Brightness, LEAST, Settings};
use partita::impulse::echo::{self, Polarity};
use partita::impulse::library::Places;
use partita::output::Existing;
use partita::params::Values;
use partita::preset::{Bank, ImpulseReference, Preset};

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

/// Presets that a user has saved.
const YOURS: [(&str, &str, &str); 2] = [
    ("Drums, back wall", "drum-room", ""),
    (
        "Organ, Sunday",
        "cathedral",
        "Behind the altar, with the doors open",
    ),
];

/// The editor as a user sees it, once everything has been measured.
fn seen(settings: Settings, prepare: impl FnOnce(&mut App)) -> Harness<'static, App> {
    let log = Log::playing().at_home();
    let presets = Places::under(&log.home()).presets;
    let bank = Bank::new(&presets);
    for (name, impulse, about) in YOURS {
        let impulse = ImpulseReference::to_factory_named(impulse);
        let mut preset = Preset::new(name, &Values::default(), Some(impulse));
        about.clone_into(&mut preset.about);
        bank.save(&preset, Existing::Replace).expect("saved");
    }
    let mut harness = open_over(log, settings);
    prepare(harness.state_mut());
    harness.run();
    harness.state_mut().views().wait();
    harness.run();
    harness
}

/// All that is written on the screen, and where.
fn written(harness: &Harness<'_, App>) -> Vec<(String, Rect, Rect, bool)> {
    fn texts(shape: &Shape, clip: Rect, found: &mut Vec<(String, Rect, Rect, bool)>) {
        match shape {
            Shape::Text(text) => {
                let galley = &text.galley;
                let words = galley.text().to_owned();
                found.push((words, text.visual_bounding_rect(), clip, galley.elided));
            }
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| texts(shape, clip, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for clipped in &harness.output().shapes {
        texts(&clipped.shape, clipped.clip_rect, &mut found);
    }
    found.retain(|(words, ..)| !words.is_empty());
    found
}

/// Every view, and every part of the main view.
fn everywhere(harness: &mut Harness<'_, App>, mut look: impl FnMut(&str, &Harness<'_, App>)) {
    for tab in ["Levels and cuts", "Shape", "Decay time"] {
        harness.get_by_label(tab).click();
        harness.run();
        look(tab, harness);
    }
    harness.state_mut().views().main.show_spectrum(true);
    harness.run();
    look("Spectrum", harness);
    for (view, name) in VIEWS {
        open(harness, view);
        look(name, harness);
    }
    for (page, name) in Page::ALL {
        in_lab(harness, page);
        look(name, harness);
    }
}

/// A part of the lab, with something in it: a tap that is chosen, a second room.
fn in_lab(harness: &mut Harness<'_, App>, page: Page) {
    harness.state_mut().open(View::Lab);
    let lab = &mut harness.state_mut().views().lab;
    lab.open(page);
    if page == Page::Echo {
        lab.echo.design = Design::of("Multi tap", echo::Preset::MultiTap.echo());
        lab.echo.design.select(Some(1));
        lab.echo.design.edit(|echo| {
            echo.taps[3].polarity = Polarity::Inverted;
            echo.feedback = "1/2,-7dB,times=6,swap".parse().expect("feedback");
        });
    }
    harness.run();
    if page == Page::Series {
        harness.get_by_label("Spring").click();
        harness.run();
    }
    harness.state_mut().views().wait();
    harness.run();
    harness.run();
}

/// The views with an own picture.
const VIEWS: [(View, &str); 4] = [
    (View::Main, "Room"),
    (View::Browser, "Impulses"),
    (View::Presets, "Presets"),
    (View::Settings, "Settings"),
];

/// Shows a view, with all that it has to read.
fn open(harness: &mut Harness<'_, App>, view: View) {
    harness.state_mut().open(view);
    for _ in 0..3 {
        harness.run();
        harness.state_mut().views().wait();
    }
    harness.run();
}

#[test]
fn no_text_is_cut_or_covered_at_any_scale() {
    // The last is a host that gives less than the scale wants.
    let windows = [
        (75.0, None),
        (100.0, None),
        (100.0, Some(LEAST)),
        (200.0, None),
        (250.0, None),
        (250.0, Some(LEAST)),
    ];
    for (percent, window) in windows {
        let mut settings = Settings::default().scaled(percent);
        if let Some(window) = window {
            (settings.width, settings.height) = (window.x, window.y);
        }
        let mut harness = seen(settings, |_| {});
        everywhere(&mut harness, |what, harness| {
            let screen = harness.ctx.content_rect();
            let texts = written(harness);
            assert!(texts.len() > 8, "{percent} % {what}: {} texts", texts.len());
            for (words, place, clip, elided) in &texts {
                let seen = clip.intersect(screen).expand(1.0);
                assert!(
                    !elided && seen.contains_rect(*place),
                    "{percent} % {what}: {words:?} is cut: {place:?} of {seen:?}"
                );
            }
            for (at, (one, place, ..)) in texts.iter().enumerate() {
                for (other, elsewhere, ..) in &texts[at + 1..] {
                    let both = place.shrink(1.0).intersect(elsewhere.shrink(1.0));
                    assert!(
                        !both.is_positive(),
                        "{percent} % {what}: {one:?} and {other:?} cover each other at {both:?}"
                    );
                }
            }
        });
    }
}

/// Pictures differ by what one CPU's transforms round otherwise than another's. Each pixel may differ by dify's threshold
/// of 0.6, which no eye sees; 60 pixels by more: ends of columns in the picture, not a word.
fn options() -> SnapshotOptions {
    SnapshotOptions::new().threshold(0.6).max_failed_pixels(60)
}

#[test]
fn every_view_looks_as_it_did() {
    let mut results = SnapshotResults::new();
    for (name, brightness) in [("dark", Brightness::Dark), ("light", Brightness::Light)] {
        for percent in [100.0, 200.0] {
            let settings = Settings {
                brightness,
                ..Settings::default()
            };
            let mut harness = seen(settings.scaled(percent), |_| {});
            results.add(harness.try_snapshot_options(format!("main-{name}-{percent}"), &options()));
            open(&mut harness, View::Browser);
            let picture = format!("browser-{name}-{percent}");
            results.add(harness.try_snapshot_options(picture, &options()));
            open(&mut harness, View::Presets);
            harness.get_by_label("Last Balcony").click();
            harness.event(egui::Event::PointerGone);
            open(&mut harness, View::Presets);
            let picture = format!("presets-{name}-{percent}");
            results.add(harness.try_snapshot_options(picture, &options()));
            open(&mut harness, View::Settings);
            let picture = format!("settings-{name}-{percent}");
            results.add(harness.try_snapshot_options(picture, &options()));
        }
    }
}

#[test]
fn the_lab_looks_as_it_did() {
    let mut results = SnapshotResults::new();
    for (name, brightness) in [("dark", Brightness::Dark), ("light", Brightness::Light)] {
        for percent in [100.0, 200.0] {
            let settings = Settings {
                brightness,
                ..Settings::default()
            };
            let mut harness = seen(settings.scaled(percent), |_| {});
            for (page, short) in [
                (Page::Echo, "echo"),
                (Page::Series, "series"),
                (Page::Convolve, "convolve"),
            ] {
                in_lab(&mut harness, page);
                let picture = format!("{short}-{name}-{percent}");
                results.add(harness.try_snapshot_options(picture, &options()));
            }
        }
    }
}

/// What README shows is what is compared here.
#[test]
fn the_readme_shows_pictures_that_are_compared() {
    let readme = include_str!("../../README.md");
    let shown: Vec<&str> = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|path| path.ends_with(".png"))
        .collect();
    assert!(shown.len() >= 4, "{shown:?}");
    for path in shown {
        let name = path.strip_prefix("tests/snapshots/").expect(path);
        let view = name.split('-').next().unwrap_or_default();
        let views = [
            "main", "browser", "presets", "settings", "echo", "series", "convolve",
        ];
        assert!(views.contains(&view), "{path} is compared nowhere");
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        assert!(file.is_file(), "{path} is not there");
    }
}

/// Not compared: to be looked at, in the folder that PARTITA_PICTURES names.
#[test]
fn every_view_can_be_drawn() {
    let folder = std::env::var_os("PARTITA_PICTURES").map(std::path::PathBuf::from);
    for brightness in [Brightness::Dark, Brightness::Light] {
        let settings = Settings {
            brightness,
            ..Settings::default()
        };
        let mut harness = seen(settings, |_| {});
        let mut names = Vec::new();
        everywhere(&mut harness, |what, _| names.push(what.to_owned()));
        harness.state_mut().open(View::Main);
        let take = |harness: &mut Harness<'_, App>, what: &str| {
            harness.run();
            let image = harness.render().expect("a picture");
            let mut colours: Vec<_> = image.pixels().map(|pixel| pixel.0).collect();
            colours.sort_unstable();
            colours.dedup();
            assert!(colours.len() > 20, "{what}: {} colours", colours.len());
            if let Some(folder) = &folder {
                let name = format!("{what}-{brightness:?}.png").to_lowercase();
                image.save(folder.join(name)).expect("saved");
            }
        };
        take(&mut harness, "spectrum");
        harness.state_mut().views().main.show_spectrum(false);
        for tab in ["Shape", "Decay time"] {
            harness.state_mut().open(View::Main);
            harness.run();
            harness.get_by_label(tab).click();
            take(&mut harness, tab);
        }
        for (view, name) in VIEWS {
            open(&mut harness, view);
            take(&mut harness, name);
        }
    }
}

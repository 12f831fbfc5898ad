//! All with the keyboard: Tab comes to everything that can be used, and what it comes to is seen.

use crate::fake::{Log, open_over};
use egui::accessibility::is_input;
use egui::accesskit::Role;
use egui::{Color32, Key, Rect, Shape};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use partita::editor::theme::{DARK, LIGHT};
use partita::editor::view::View;
use partita::editor::{App, Brightness, Settings};
use std::collections::BTreeSet;

/// More than any view has.
const MOST: usize = 400;

/// What Tab is to come to: all that can be used, but for rows, which arrow keys step through, with their stars.
fn wanted(harness: &Harness<'_, App>) -> BTreeSet<String> {
    let nodes = harness.root().children_recursive();
    let nodes = nodes.map(|node| node.accesskit_node());
    let nodes = nodes.filter(|node| {
        let role = node.role();
        let used = is_input(role) || matches!(role, Role::ListBox | Role::Switch);
        used && role != Role::ListBoxOption && !node.is_disabled() && !node.is_hidden()
    });
    let names = nodes.filter_map(|node| node.label());
    names.filter(|name| !name.starts_with("Mark ")).collect()
}

/// What has the keyboard, and where that is.
fn focused(harness: &Harness<'_, App>) -> Option<(String, Rect)> {
    let mut nodes = harness.root().children_recursive();
    let node = nodes.find(|node| node.accesskit_node().is_focused_in_tree())?;
    Some((node.accesskit_node().label()?, node.rect()))
}

/// Whether something of that colour is drawn around there.
fn ringed(harness: &Harness<'_, App>, colour: Color32, rect: Rect) -> bool {
    fn find(shape: &Shape, colour: Color32, rect: Rect) -> bool {
        match shape {
            Shape::Rect(it) => it.stroke.color == colour && it.rect.intersects(rect),
            Shape::Circle(it) => {
                it.stroke.color == colour && it.visual_bounding_rect().intersects(rect)
            }
            Shape::Vec(shapes) => shapes.iter().any(|shape| find(shape, colour, rect)),
            _ => false,
        }
    }
    let shapes = &harness.output().shapes;
    shapes.iter().any(|it| find(&it.shape, colour, rect))
}

/// Tab, until it comes round again.
fn walk(harness: &mut Harness<'_, App>, what: &str, colour: Color32) {
    let mut wanted = wanted(harness);
    assert!(wanted.len() > 8, "{what}: {wanted:?}");
    let mut seen = BTreeSet::new();
    for _ in 0..MOST {
        harness.key_press(Key::Tab);
        harness.step();
        harness.step();
        let Some((name, rect)) = focused(harness) else {
            continue;
        };
        assert!(
            ringed(harness, colour, rect),
            "{what}: nobody sees that {name} has the keyboard"
        );
        wanted.remove(&name);
        if !seen.insert((name, format!("{rect:?}"))) && wanted.is_empty() {
            return;
        }
    }
    panic!("{what}: Tab does not come to {wanted:?}");
}

#[test]
fn tab_comes_to_everything_and_is_seen() {
    for (brightness, theme) in [(Brightness::Dark, DARK), (Brightness::Light, LIGHT)] {
        let settings = Settings {
            brightness,
            ..Settings::default()
        };
        let log = Log::playing();
        log.put("Kitchen.wav", "room");
        let mut harness = open_over(log, settings);
        harness.run();
        harness.state_mut().views().wait();
        for tab in ["Levels and cuts", "Shape", "Decay time"] {
            harness.get_by_label(tab).click();
            harness.run();
            walk(&mut harness, tab, theme.focus);
        }
        for (view, name) in [
            (View::Browser, "Impulses"),
            (View::Presets, "Presets"),
            (View::Settings, "Settings"),
        ] {
            harness.state_mut().open(view);
            for _ in 0..3 {
                harness.run();
                harness.state_mut().views().wait();
            }
            harness.run();
            walk(&mut harness, name, theme.focus);
        }
    }
}

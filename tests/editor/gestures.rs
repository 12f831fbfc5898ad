//! Mouse, keyboard, wheel and typing: every change is a whole gesture.

use crate::fake::{Log, drag, open};
use egui::{Event, Key, Modifiers, MouseWheelUnit, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use partita::editor::{App, Settings};
use partita::params::{Id, Slots};
use partita::preset::ImpulseReference;

fn ready() -> (Harness<'static, App>, Log) {
    let (mut harness, log) = open(Settings::default());
    harness.run();
    log.take();
    (harness, log)
}

fn middle(harness: &Harness<'_, App>, name: &str) -> Pos2 {
    harness.get_by_label(name).rect().center()
}

#[test]
fn a_drag_begins_sets_and_ends() {
    let (mut harness, log) = ready();
    let at = middle(&harness, "Mix");
    drag(&mut harness, at, vec2(0.0, -44.0));
    let lines = log.take();
    assert_eq!(lines.first().map(String::as_str), Some("begin mix"));
    assert_eq!(lines.last().map(String::as_str), Some("end mix"));
    let inner = &lines[1..lines.len() - 1];
    assert!(!inner.is_empty() && inner.iter().all(|line| line.starts_with("set mix ")));
    // 44 of 220 points are a fifth of the range.
    assert_eq!(log.value(Id::Mix), 50.0);
}

#[test]
fn with_shift_a_tenth_as_far() {
    let (mut harness, log) = ready();
    let at = middle(&harness, "Mix");
    harness.event(Event::ModifiersChanged(Modifiers::SHIFT));
    drag(&mut harness, at, vec2(0.0, -44.0));
    assert_eq!(log.value(Id::Mix), 32.0);
}

#[test]
fn a_press_without_a_move_is_a_gesture_too() {
    let (mut harness, log) = ready();
    let at = middle(&harness, "Size");
    drag(&mut harness, at, vec2(0.0, 0.0));
    assert_eq!(log.take(), ["begin size", "end size"]);
}

#[test]
fn how_the_pointer_came_to_a_press_is_no_drag() {
    let (mut harness, log) = ready();
    let at = middle(&harness, "Mix");
    harness.hover_at(at + vec2(30.0, 190.0));
    harness.run();
    // No move tells of the way: a finger, or another scale meanwhile.
    harness.drag_at(at);
    harness.run();
    assert_eq!(log.value(Id::Mix), 30.0);
    harness.hover_at(at - vec2(0.0, 44.0));
    harness.run();
    harness.drop_at(at - vec2(0.0, 44.0));
    harness.run();
    assert_eq!(log.value(Id::Mix), 50.0);
}

#[test]
fn a_double_click_goes_to_the_default() {
    let (mut harness, log) = ready();
    log.change(|data| data.values.set(Id::Size, 250.0));
    harness.run();
    let at = middle(&harness, "Size");
    for _ in 0..2 {
        harness.drag_at(at);
        harness.step();
        harness.drop_at(at);
        harness.step();
    }
    harness.run();
    assert_eq!(log.value(Id::Size), 100.0);
    let lines = log.take();
    let whole = ["begin size", "set size 100", "end size"];
    assert!(lines.windows(3).any(|part| part == whole), "{lines:?}");
    let begins = lines
        .iter()
        .filter(|line| line.starts_with("begin"))
        .count();
    let ends = lines.iter().filter(|line| line.starts_with("end")).count();
    assert_eq!(begins, ends);
}

#[test]
fn the_wheel_and_arrow_keys_step() {
    let (mut harness, log) = ready();
    let at = middle(&harness, "Width");
    harness.hover_at(at);
    harness.run();
    harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, 1.0),
        modifiers: Modifiers::NONE,
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
    });
    harness.run();
    // A fiftieth of the range of 200 %.
    assert_eq!(log.take(), ["begin width", "set width 104", "end width"]);
    harness.get_by_label("Width").focus();
    harness.run();
    harness.key_press(Key::ArrowDown);
    harness.run();
    assert_eq!(log.take(), ["begin width", "set width 100", "end width"]);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowUp);
    harness.run();
    assert_eq!(log.take(), ["begin width", "set width 100.4", "end width"]);
    harness.key_press(Key::End);
    harness.run();
    assert_eq!(log.value(Id::Width), 200.0);
    harness.key_press(Key::Backspace);
    harness.run();
    assert_eq!(log.value(Id::Width), 100.0);
    assert!(harness.get_by_label("Width").is_focused());
}

#[test]
fn notches_that_follow_closely_are_undone_as_one() {
    let (mut harness, log) = ready();
    let notch = |harness: &mut Harness<'_, App>| {
        harness.event(Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, 1.0),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
        });
        harness.step();
    };
    // Frames of a sixtieth of a second.
    let pause = |harness: &mut Harness<'_, App>, frames| {
        for _ in 0..frames {
            harness.step();
        }
    };
    let at = middle(&harness, "Width");
    harness.hover_at(at);
    harness.step();
    for _ in 0..3 {
        notch(&mut harness);
        pause(&mut harness, 20);
    }
    assert_eq!(log.value(Id::Width), 112.0);
    // Each is a gesture of its own for the host, which may record it.
    let begins = log
        .take()
        .iter()
        .filter(|line| *line == "begin width")
        .count();
    assert_eq!(begins, 3);
    pause(&mut harness, 40);
    notch(&mut harness);
    assert_eq!(log.value(Id::Width), 116.0);
    for expected in [112.0, 100.0] {
        harness.get_by_label("Undo").click();
        harness.step();
        harness.step();
        assert_eq!(log.value(Id::Width), expected);
    }
    // Those of another control are others, and so is a key that goes to an end.
    let press = |harness: &mut Harness<'_, App>, name: &str, key| {
        harness.get_by_label(name).focus();
        pause(harness, 2);
        harness.key_press(key);
        pause(harness, 2);
    };
    press(&mut harness, "Width", Key::ArrowUp);
    press(&mut harness, "Width", Key::ArrowUp);
    press(&mut harness, "Size", Key::ArrowUp);
    let sized = log.value(Id::Size);
    press(&mut harness, "Size", Key::Home);
    let now = || (log.value(Id::Width), log.value(Id::Size));
    assert!(sized > 100.0 && now().1 < 100.0, "{sized} {:?}", now());
    for expected in [(108.0, sized), (108.0, 100.0), (100.0, 100.0)] {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        pause(&mut harness, 2);
        assert_eq!(now(), expected);
    }
}

#[test]
fn values_are_typed_with_their_units() {
    let (mut harness, log) = ready();
    harness.get_by_label("Pre-delay").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    let field = harness.get_by_label("Pre-delay, typed");
    field.type_text("0.25 s");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    let whole = ["begin predelay", "set predelay 250", "end predelay"];
    assert_eq!(log.take(), whole);
    assert_eq!(
        harness.get_by_label("Pre-delay").value().as_deref(),
        Some("250 ms")
    );
}

#[test]
fn what_is_no_value_is_said_and_escape_leaves_it() {
    let (mut harness, log) = ready();
    let knob = harness.get_by_label("Pre-delay").rect();
    // The value stands under the knob.
    let value = knob.center_bottom() + vec2(0.0, 12.0);
    harness.drag_at(value);
    harness.run();
    harness.drop_at(value);
    harness.run();
    harness.get_by_label("Pre-delay, typed").type_text("soon");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    let said = harness.query_by_label_contains("expected 0 to 500 ms, got \"soon\"");
    assert!(said.is_some());
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.query_by_label("Pre-delay, typed").is_none());
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn the_host_is_followed_at_once() {
    let (mut harness, log) = ready();
    log.change(|data| data.values.set(Id::Mix, 75.0));
    assert!(harness.state_mut().poll());
    assert!(!harness.state_mut().poll());
    harness.run();
    assert_eq!(harness.get_by_label("Mix").value().as_deref(), Some("75 %"));
}

#[test]
fn switches_choices_and_steps_are_gestures() {
    let (mut harness, log) = ready();
    harness.get_by_label("Reverse").click();
    harness.run();
    assert_eq!(
        log.take(),
        ["begin reverse", "set reverse 1", "end reverse"]
    );
    harness.get_by_label("Next impulse").click();
    harness.run();
    assert_eq!(
        log.take(),
        ["begin impulse", "set impulse 5", "end impulse"]
    );
    harness.get_by_label("Previous impulse").click();
    harness.run();
    assert_eq!(
        log.take(),
        ["begin impulse", "set impulse 4", "end impulse"]
    );
}

#[test]
fn the_user_s_own_impulses_are_stepped_to_and_undone() {
    let (mut harness, log) = ready();
    let mut mine = ImpulseReference::default();
    mine.name = "my room".to_owned();
    log.hold(mine);
    let last = Slots::FACTORY_ONLY.previous(1);
    log.change(|data| data.values.set(Id::Impulse, last as f32));
    assert!(harness.state_mut().poll());
    harness.run();
    harness.get_by_label("Next impulse").click();
    harness.run();
    assert_eq!(
        log.take(),
        ["begin impulse", "set impulse 256", "end impulse"]
    );
    harness.get_by_label("Undo").click();
    harness.run();
    let name = Slots::factory(last).expect("the last");
    assert_eq!(log.take()[0], format!("take {name}"));
    assert_eq!(log.value(Id::Impulse), last as f32);
    harness.get_by_label("Redo").click();
    harness.run();
    assert_eq!(log.take(), ["take my room"]);
}

#[test]
fn what_is_held_when_the_window_closes_is_let_go() {
    let (mut harness, log) = ready();
    let at = middle(&harness, "Mix");
    harness.drag_at(at);
    harness.run();
    assert_eq!(log.take(), ["begin mix"]);
    drop(harness);
    assert_eq!(log.take(), ["end mix"]);
}

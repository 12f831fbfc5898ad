//! The echo's handles and knobs.

use crate::fake::drag;
use crate::lab::{at, echo, ms, page, rect, told};
use egui::{Event, Key, Modifiers, Pos2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use partita::editor::App;
use partita::editor::view::lab::Page;
use partita::impulse::echo::{Polarity, Preset, Time};

#[test]
fn dials_are_dragged_turned_and_stepped() {
    let (mut harness, _) = at(Page::Echo);
    harness.get_by_label("Tap 1").focus();
    harness.run();
    // 220 points are the whole way: 54 dB, ten octaves, 200 %.
    let gain = rect(&harness, "Gain of the tap").center();
    let before = echo(&mut harness).taps[0].gain_db;
    drag(&mut harness, gain, vec2(0.0, 44.0));
    let after = echo(&mut harness).taps[0].gain_db;
    assert!(
        (before - after - 54.0 / 5.0).abs() < 0.06,
        "{before} {after}"
    );
    // One drag is one step.
    harness.get_by_label("Undo edit").click();
    harness.run();
    assert_eq!(echo(&mut harness).taps[0].gain_db, before);
    let tone = rect(&harness, "High cut of the tap").center();
    drag(&mut harness, tone, vec2(0.0, 110.0));
    let hz = echo(&mut harness).taps[0].high_cut_hz.expect("a cut");
    // Half of the way from 20 Hz to 20 kHz, to two digits.
    let (was, half) = (
        Preset::DottedEighth.echo().taps[0].high_cut_hz,
        1000_f32.sqrt(),
    );
    let wanted = was.unwrap_or(20_000.0) / half;
    assert!((hz / wanted - 1.0).abs() < 0.05, "{hz} of {wanted}");
    assert_eq!(told(&harness, "High cut of the tap"), format!("{hz} Hz"));
    // To the end of its way it is off again.
    drag(&mut harness, tone, vec2(0.0, -230.0));
    assert_eq!(echo(&mut harness).taps[0].high_cut_hz, None);
    for (name, key) in [
        ("Time of the tap", Key::ArrowUp),
        ("Pan of the tap", Key::PageDown),
        ("Diffusion of the tap", Key::End),
        ("Number of repeats", Key::ArrowRight),
        ("Gain from repeat to repeat", Key::ArrowDown),
        ("Time from repeat to repeat", Key::ArrowUp),
        ("Low cut of the repeats", Key::Home),
    ] {
        harness.get_by_label(name).focus();
        harness.run();
        harness.key_press(key);
        harness.run();
    }
    let (now, was) = (echo(&mut harness), Preset::DottedEighth.echo());
    let tap = now.taps[0];
    assert_eq!((ms(&tap), tap.pan_percent), (500.0, -25.0));
    assert_eq!(tap.diffusion_percent, 100.0);
    let (now, was) = (now.feedback, was.feedback);
    assert_eq!(now.generations, was.generations + 1);
    assert!((now.gain_db - was.gain_db + 1.0).abs() < 0.06);
    let ms = |time: Time| time.milliseconds(120.0);
    assert_eq!(ms(now.time), ms(was.time) + 125.0);
    assert_eq!(now.low_cut_hz, None);
    // With Shift a tenth; a double-click leads to where it does nothing.
    harness.get_by_label("Gain of the tap").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowUp);
    harness.run();
    assert!((echo(&mut harness).taps[0].gain_db - before - 0.1).abs() < 0.01);
    harness.key_press(Key::Backspace);
    harness.run();
    assert_eq!(echo(&mut harness).taps[0].gain_db, 0.0);
}

/// A turn of the wheel over the time line.
fn turn(harness: &mut Harness<'_, App>, at: Pos2, modifiers: Modifiers, lines: f32) {
    harness.hover_at(at);
    harness.run();
    harness.event(Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, lines),
        phase: egui::TouchPhase::Move,
        modifiers,
        source: egui::MouseWheelSource::Unknown,
    });
    harness.run();
}

#[test]
fn time_is_zoomed_and_scrolled_and_no_tap_is_out_of_reach() {
    let (mut harness, _) = at(Page::Echo);
    let line = rect(&harness, "Time line");
    let tap = rect(&harness, "Tap 1").center();
    // What is under the pointer stays there, to the point.
    turn(&mut harness, tap, Modifiers::NONE, 3.0);
    assert!((rect(&harness, "Tap 1").center().x - tap.x).abs() < 1.0);
    let near = rect(&harness, "Tap 1").center();
    // Scrolled to the end it is not there; the button leads back to it.
    for _ in 0..20 {
        turn(&mut harness, line.center(), Modifiers::SHIFT, -3.0);
    }
    assert!(harness.query_by_label("Tap 1").is_none());
    harness.get_by_label("The next tap").click();
    harness.run();
    assert_eq!(page(&mut harness).design.selected(), Some(0));
    let found = rect(&harness, "Tap 1");
    assert!(line.contains_rect(found), "{found:?} of {line:?}");
    assert_ne!(found.center(), near);
    // The moments under the spikes are dragged, without a tap being set down.
    let moments = pos2(line.center().x, line.max.y + 12.0);
    drag(&mut harness, moments, vec2(-40.0, 0.0));
    let scrolled = rect(&harness, "Tap 1").center();
    assert!(
        (found.center().x - scrolled.x - 40.0).abs() < 1.5,
        "{scrolled}"
    );
    assert_eq!(echo(&mut harness).taps.len(), 1);
    harness.get_by_label("All of the echo").click();
    harness.run();
    assert!((rect(&harness, "Tap 1").center().x - tap.x).abs() < 0.01);
    // What keys carry out of sight is followed.
    harness.get_by_label("Less time, larger").click();
    harness.run();
    harness.get_by_label("Tap 1").focus();
    harness.run();
    for _ in 0..60 {
        harness.key_press(Key::ArrowRight);
        harness.run();
        let now = rect(&harness, "Tap 1");
        assert!(line.expand(10.0).contains_rect(now), "{now:?} of {line:?}");
    }
    assert_eq!(ms(&echo(&mut harness).taps[0]), 375.0 + 60.0 * 125.0);
}

#[test]
fn the_first_repeat_is_dragged_and_all_follow() {
    let (mut harness, _) = at(Page::Echo);
    let line = rect(&harness, "Time line");
    let was = echo(&mut harness).feedback;
    let from = rect(&harness, "First repeat").center();
    let tap = rect(&harness, "Tap 1").center();
    let step = (tap.x - line.min.x - 12.0) / 3.0;
    // A step of the grid to the right, and to the height of the tap below the line.
    let down = 2.0 * line.center().y - tap.y - from.y;
    drag(&mut harness, from, vec2(step, down));
    let now = echo(&mut harness);
    let ms = |time: Time| time.milliseconds(120.0);
    assert_eq!(ms(now.feedback.time), ms(was.time) + 125.0);
    assert!(now.feedback.gain_db.abs() < 0.3, "{}", now.feedback.gain_db);
    assert_eq!(now.feedback.polarity, Polarity::Inverted);
    assert_eq!(now.taps, Preset::DottedEighth.echo().taps);
    harness.get_by_label("First repeat").focus();
    harness.run();
    for key in [Key::ArrowLeft, Key::ArrowDown, Key::ArrowDown] {
        harness.key_press(key);
        harness.run();
    }
    let keyed = echo(&mut harness).feedback;
    assert_eq!(ms(keyed.time), ms(was.time));
    assert!((keyed.gain_db - now.feedback.gain_db + 2.0).abs() < 1e-4);
}

#[test]
fn the_right_button_takes_a_tap_away() {
    let (mut harness, _) = at(Page::Echo);
    let tap = rect(&harness, "Tap 1").center();
    harness.hover_at(tap);
    harness.run();
    for pressed in [true, false] {
        harness.event(Event::PointerButton {
            pos: tap,
            button: egui::PointerButton::Secondary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        harness.run();
    }
    assert!(echo(&mut harness).taps.is_empty());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run();
    assert_eq!(echo(&mut harness).taps.len(), 1);
}

#[test]
fn tab_comes_to_every_tap_and_every_knob() {
    let (mut harness, _) = at(Page::Echo);
    harness.get_by_label("Multi tap").click();
    harness.run();
    harness.get_by_label("Tap 1").focus();
    harness.run();
    let taps = echo(&mut harness).taps.len();
    assert!(taps > 2);
    let handles = (1..=taps).flat_map(|tap| [format!("Tap {tap}"), format!("Pan of tap {tap}")]);
    let knobs = [
        "Time of the tap",
        "Gain of the tap",
        "Pan of the tap",
        "Low cut of the tap",
        "High cut of the tap",
        "Diffusion of the tap",
        "Inverted",
        "Time from repeat to repeat",
        "Gain from repeat to repeat",
        "Number of repeats",
        "Low cut of the repeats",
        "High cut of the repeats",
        "Name of the echo",
        "Path of a WAV file",
    ];
    let knobs = knobs.map(str::to_owned);
    let mut wanted: Vec<String> = handles.chain(knobs).collect();
    for _ in 0..200 {
        let focused = |name: &String| {
            let node = harness.get_by_label(name);
            node.accesskit_node().is_focused_in_tree()
        };
        wanted.retain(|name| !focused(name));
        harness.key_press(Key::Tab);
        harness.run();
    }
    assert!(wanted.is_empty(), "Tab does not come to {wanted:?}");
}

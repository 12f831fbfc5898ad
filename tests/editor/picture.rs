//! The picture of the impulse: what it shows, and what can be taken hold of in it.

use crate::fake::{Log, drag, open_over};
use egui::{Event, Key, Modifiers, MouseWheelUnit, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use partita::editor::picture::{self, FLOOR_DB, Picture, Sketcher, Wanted};
use partita::editor::{App, Settings};
use partita::impulse::shape::Shape;
use partita::impulse::{ImpulseResponse, Layout, library};
use partita::params::Id;
use std::sync::Arc;

fn ready() -> (Harness<'static, App>, Log) {
    let log = Log::playing();
    // Far enough from each other to be taken hold of one by one.
    log.change(|data| {
        data.values.set(Id::Predelay, 200.0);
        data.values.set(Id::Split, 300.0);
        data.values.set(Id::Attack, 30.0);
    });
    let mut harness = open_over(log.clone(), Settings::default());
    harness.run();
    harness.state_mut().views().wait();
    harness.run();
    log.take();
    (harness, log)
}

fn middle(harness: &Harness<'_, App>, name: &str) -> Pos2 {
    harness.get_by_label(name).rect().center()
}

#[test]
fn every_handle_moves_its_parameter_and_only_that() {
    for (name, id, by) in [
        ("Pre-delay, in the picture", Id::Predelay, vec2(30.0, 0.0)),
        (
            "Early/late split, in the picture",
            Id::Split,
            vec2(30.0, 0.0),
        ),
        ("Attack, in the picture", Id::Attack, vec2(40.0, 0.0)),
        (
            "Attack curve, in the picture",
            Id::AttackCurve,
            vec2(0.0, 30.0),
        ),
        ("Decay, in the picture", Id::Decay, vec2(-40.0, 0.0)),
        (
            "Decay curve, in the picture",
            Id::DecayCurve,
            vec2(0.0, 30.0),
        ),
        ("Trim start, in the file", Id::TrimStart, vec2(40.0, 0.0)),
        ("Trim end, in the file", Id::TrimEnd, vec2(-40.0, 0.0)),
    ] {
        let (mut harness, log) = ready();
        let before = log.value(id);
        let at = middle(&harness, name);
        drag(&mut harness, at, by);
        assert!(log.value(id) > before, "{name}");
        let lines = log.take();
        let key = id.parameter().key;
        assert_eq!(lines.first(), Some(&format!("begin {key}")), "{name}");
        assert_eq!(lines.last(), Some(&format!("end {key}")), "{name}");
        let of_others = lines.iter().filter(|line| !line.contains(key));
        assert_eq!(of_others.count(), 0, "{name}: {lines:?}");
    }
}

#[test]
fn a_handle_follows_the_pointer_and_the_keyboard() {
    let (mut harness, log) = ready();
    let name = "Pre-delay, in the picture";
    let from = harness.get_by_label(name).rect().left();
    let at = middle(&harness, name);
    drag(&mut harness, at, vec2(44.0, 0.0));
    let to = harness.get_by_label(name).rect().left();
    // The picture grows with the pre-delay, so that the flag is a little behind.
    assert!((to - from - 44.0).abs() < 4.0, "{from} {to}");
    harness.get_by_label(name).focus();
    harness.run();
    log.take();
    harness.key_press(Key::Home);
    harness.run();
    assert_eq!(
        log.take(),
        ["begin predelay", "set predelay 0", "end predelay"]
    );
}

#[test]
fn a_note_gives_way_to_a_pre_delay_that_is_dragged() {
    let (mut harness, log) = ready();
    log.change(|data| data.values.set(Id::PredelayNote, 6.0));
    harness.run();
    log.take();
    let at = middle(&harness, "Pre-delay, in the picture");
    drag(&mut harness, at, vec2(20.0, 0.0));
    assert_eq!(log.value(Id::PredelayNote), 0.0);
    let begins = log.take();
    let begins = begins.iter().filter(|line| line.starts_with("begin"));
    assert_eq!(begins.count(), 2);
}

#[test]
fn the_wheel_zooms_and_a_double_click_shows_all() {
    let (mut harness, _) = ready();
    let at = Pos2::new(600.0, 250.0);
    let handle = |harness: &Harness<'_, App>| {
        let found = harness.query_by_label("Decay, in the picture");
        found.map(|node| node.rect().center().x)
    };
    let before = handle(&harness).expect("in sight");
    harness.hover_at(at);
    harness.run();
    let turn = |harness: &mut Harness<'_, App>, delta, modifiers| {
        harness.event(Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta,
            modifiers,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
        });
        harness.run();
    };
    turn(&mut harness, vec2(0.0, 1.0), Modifiers::NONE);
    // What is under the pointer stays, and all else moves away from it by a quarter.
    let near = handle(&harness).expect("in sight");
    let expected = at.x + (before - at.x) / 0.8;
    assert!((near - expected).abs() < 8.0, "{before} {near} {expected}");
    turn(&mut harness, vec2(0.0, 10.0), Modifiers::NONE);
    assert_eq!(handle(&harness), None);
    for _ in 0..2 {
        harness.drag_at(at);
        harness.step();
        harness.drop_at(at);
        harness.step();
    }
    harness.run();
    assert_eq!(handle(&harness), Some(before));
    harness.get_by_label("Zoom in").click();
    harness.run();
    harness.get_by_label("Show all of it").click();
    harness.run();
    assert_eq!(handle(&harness), Some(before));
}

#[test]
fn errors_and_notes_are_seen_and_meters_begin_anew() {
    let (mut harness, log) = ready();
    let said = "kitchen.wav: expected a WAV file, got text; choose another";
    log.change(|data| data.playing.error = Some(said.to_owned()));
    assert!(harness.state_mut().poll());
    harness.run();
    assert!(harness.query_by_label(said).is_some());
    harness.get_by_label("Output level").click();
    harness.run();
    assert_eq!(log.take(), ["clear meters"]);
}

#[test]
fn a_path_is_typed_and_loaded() {
    let (mut harness, log) = ready();
    harness.get_by_label("Impulses").click();
    harness.run();
    let field = harness.get_by_label("Search or path");
    field.focus();
    harness.run();
    let field = harness.get_by_label("Search or path");
    field.type_text("/music/My kitchen.wav");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(log.take(), ["load /music/My kitchen.wav"]);
}

fn click_after(frames: usize, channels: usize) -> Arc<ImpulseResponse> {
    let mut samples = vec![0.0; 4800];
    samples[frames] = 0.5;
    Arc::new(ImpulseResponse {
        name: "click".to_owned(),
        sample_rate: 48_000,
        layout: if channels == 1 {
            Layout::Mono
        } else {
            Layout::TrueStereo
        },
        channels: (0..channels)
            .map(|channel| samples.iter().map(|x| x / (1 << channel) as f32).collect())
            .collect(),
    })
}

#[test]
fn a_picture_has_the_peaks_of_both_sides_at_every_zoom() {
    let shape = Shape::AS_IT_IS;
    let of = |impulse| Picture::of(&Wanted { impulse, shape });
    let mono = of(click_after(2400, 1));
    assert!(mono.mono && mono.error.is_none());
    assert_eq!(mono.seconds, 0.1);
    for side in &mono.sides {
        assert_eq!(side.peak(0.0, 0.1), 1.0);
        assert_eq!(side.peak(0.0, 0.0499), 0.0);
        assert_eq!(side.peak(0.0501, 0.1), 0.0);
        // From within one sample to within another, both included.
        assert_eq!(side.peak(2400.5 / 48_000.0, 2400.6 / 48_000.0), 1.0);
        assert_eq!(side.peak(1000.5 / 48_000.0, 2399.6 / 48_000.0), 0.0);
        assert_eq!(side.peak(2401.5 / 48_000.0, 4000.6 / 48_000.0), 0.0);
    }
    // LL LR RL RR of 1, 1/2, 1/4 and 1/8: left has the first and the third, right the others.
    let four = of(click_after(100, 4));
    assert!(!four.mono);
    assert_eq!(four.sides[0].peak(0.0, 0.1), 1.0);
    assert_eq!(four.sides[1].peak(0.0, 0.1), 0.5);
    assert!((four.direct_seconds - 100.0 / 48_000.0).abs() < 1e-9);
    assert_eq!(picture::decibels(0.0), FLOOR_DB);
}

#[test]
fn a_picture_is_of_the_shape_that_was_asked_for_last() {
    let hall = library::find("hall").expect("a factory impulse");
    let impulse = Arc::new(hall.load().expect("loads"));
    let mut sketcher = Sketcher::default();
    for size_percent in [50.0, 100.0, 150.0, 200.0] {
        let shape = Shape {
            size_percent,
            ..Shape::AS_IT_IS
        };
        let impulse = Arc::clone(&impulse);
        sketcher.ask(Wanted { impulse, shape });
    }
    sketcher.wait();
    let picture = sketcher.picture().expect("a picture");
    assert_eq!(picture.of.shape.size_percent, 200.0);
    let twice = 2.0 * impulse.seconds();
    // Resampling rings for some samples beyond the end.
    assert!(
        (picture.seconds - twice).abs() < 0.02,
        "{}",
        picture.seconds
    );
    // T30 grows with the size.
    let t30 = picture.t30.expect("it decays");
    assert!((4.0..7.0).contains(&t30), "{t30}");
    assert_eq!(
        picture.spectrum.len(),
        picture::SPECTRUM[0] * picture::SPECTRUM[1]
    );
    assert_eq!(picture.spectrum.iter().max(), Some(&255));
}

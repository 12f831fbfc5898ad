//! Two rooms in series, and the picture of convolution.

use crate::lab::{at, click, rect, settle, told, type_in};
use egui::{Key, Modifiers, Pos2, Rect, Shape, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use partita::editor::App;
use partita::editor::view::lab::Page;
use partita::impulse::{chain, library, load};

#[test]
fn two_rooms_are_heard_as_one_and_dismissed_again() {
    let (mut harness, log) = at(Page::Series);
    harness.get_by_label("Spring").click();
    settle(&mut harness);
    let load = |name| library::find(name).expect("there").load().expect("loads");
    let wanted = chain::chain(&load("hall"), &load("spring"))
        .expect("fits")
        .impulse;
    let built = harness.state_mut().views().lab.series.built().cloned();
    assert_eq!(built.expect("built").channels, wanted.channels);
    let reference = log.reference().expect("a reference");
    assert_eq!(
        reference
            .copy()
            .expect("a copy")
            .sound("echo")
            .expect("sound")
            .channels,
        wanted.channels
    );
    assert!(log.take().contains(&"take Hall + Spring".to_owned()));
    harness.get_by_label("Dismiss the second room").click();
    settle(&mut harness);
    assert_eq!(
        log.reference().expect("a reference").factory.as_deref(),
        Some("hall")
    );
    assert!(harness.state_mut().views().lab.series.built().is_none());
}

#[test]
fn a_second_room_comes_from_a_file_and_undo_parts_them() {
    let (mut harness, log) = at(Page::Series);
    let load = |name| library::find(name).expect("there").load().expect("loads");
    let path = log.put("My room.wav", "spring");
    type_in(
        &mut harness,
        "Path of the second room",
        &path.display().to_string(),
    );
    settle(&mut harness);
    let file = load::read(&path, load::LayoutChoice::Auto).expect("reads");
    let wanted = chain::chain(&load("hall"), &file).expect("fits").impulse;
    let built = harness.state_mut().views().lab.series.built().cloned();
    assert_eq!(built.expect("built").channels, wanted.channels);
    assert_eq!(log.reference().expect("one").name, "Hall + My room");
    // Another one in its place, and both are one step back.
    harness.get_by_label("Plate").click();
    settle(&mut harness);
    assert_eq!(log.reference().expect("one").name, "Hall + Plate");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    let reference = log.reference().expect("one");
    assert_eq!(reference.factory.as_deref(), Some("hall"));
    assert!(harness.state_mut().views().lab.series.built().is_none());
    // What is no sound is told, and the room stays alone.
    let none = log.home().join("none.wav");
    type_in(
        &mut harness,
        "Path of the second room",
        &none.display().to_string(),
    );
    settle(&mut harness);
    harness.get_by_label_contains("none.wav");
    assert!(harness.state_mut().views().lab.series.built().is_none());
    let reference = log.reference().expect("one");
    assert_eq!(reference.factory.as_deref(), Some("hall"));
}

#[test]
fn two_rooms_that_would_be_too_long_are_told_in_seconds() {
    let (mut harness, log) = at(Page::Series);
    // A click in 348 s at 48 kHz, and the hall's 4 s: more than 349 s.
    let mut long = library::find("hall").expect("there").load().expect("loads");
    long.name = "Endless".to_owned();
    long.layout = partita::impulse::Layout::Mono;
    long.channels = vec![vec![0.0; 348 * 48_000]];
    long.channels[0][0] = 1.0;
    log.change(|data| {
        data.playing.name = "Endless".to_owned();
        data.impulse = Some(std::sync::Arc::new(long));
    });
    harness.run();
    harness.get_by_label("Hall").click();
    settle(&mut harness);
    harness.get_by_label_contains("Endless and then Hall would last 352 s");
    harness.get_by_label_contains("choose a shorter second room");
    assert!(harness.state_mut().views().lab.series.built().is_none());
    assert_eq!(log.take(), Vec::<String>::new());
}

/// The position of the convolution.
fn said(harness: &Harness<'_, App>) -> String {
    told(harness, "Position c, in samples")
}

#[test]
fn the_sum_that_is_shown_is_the_direct_sum_at_every_place() {
    let (mut harness, _) = at(Page::Convolve);
    harness.get_by_label("Position c, in samples").focus();
    harness.run();
    harness.key_press(Key::Home);
    harness.run();
    for c in 0..47_i32 {
        // Two boxes of 24 samples: the overlap counts.
        let overlap = 24 - (23 - c).abs();
        let text = said(&harness);
        assert!(text.starts_with(&format!("c = {c}: ")), "{text}");
        assert!(text.ends_with(&format!(" = {overlap}")), "{text}");
        harness.key_press(Key::ArrowRight);
        harness.run();
    }
    assert!(said(&harness).starts_with("c = 46: "));
    // Dragged to the left edge it is at the beginning.
    let stage = rect(&harness, "Position c, in samples");
    click(&mut harness, pos2(stage.min.x + 2.0, stage.center().y));
    assert!(said(&harness).starts_with("c = 0: "));
    harness.get_by_label("Two spikes").click();
    settle(&mut harness);
    let watched = harness.state_mut().views().lab.convolve.watched().cloned();
    let watched = watched.expect("something to see");
    let (f, g) = (watched.sliding.f(), watched.sliding.g());
    for c in watched.sliding.offsets() {
        let direct: f64 = (0..f.len())
            .filter(|a| *a <= c && c - a < g.len())
            .map(|a| f64::from(f[a]) * f64::from(g[c - a]))
            .sum();
        // Sixteenths: f32 holds every sum.
        assert_eq!(f64::from(watched.sliding.output()[c]), direct, "{c}");
    }
}

/// Circles of that radius that are drawn in `rect`, and all that is written.
fn drawn(harness: &Harness<'_, App>, radius: f32, rect: Rect) -> (Vec<Pos2>, Vec<(String, Pos2)>) {
    let (mut circles, mut words) = (Vec::new(), Vec::new());
    for clipped in &harness.output().shapes {
        match &clipped.shape {
            Shape::Circle(it) if it.radius == radius && rect.contains(it.center) => {
                circles.push(it.center);
            }
            Shape::Text(text) => {
                let place = text.visual_bounding_rect().center();
                words.push((text.galley.text().to_owned(), place));
            }
            _ => {}
        }
    }
    (circles, words)
}

#[test]
fn two_boxes_are_drawn_as_a_triangle_whose_peak_is_stated() {
    let (mut harness, _) = at(Page::Convolve);
    harness.get_by_label("Position c, in samples").focus();
    harness.run();
    harness.key_press(Key::Home);
    harness.run();
    let mut tips = Vec::new();
    let stage = rect(&harness, "Position c, in samples");
    for c in 0..47_usize {
        let (circles, words) = drawn(&harness, 5.0, stage);
        let [tip] = circles[..] else {
            panic!("{c}: {circles:?}")
        };
        tips.push(tip);
        let area = 24 - 23_usize.abs_diff(c);
        let place = |wanted: &str| {
            let found = words.iter().find(|(word, _)| word == wanted);
            found.map(|(_, at)| *at)
        };
        assert!(place(&format!("area = {area}")).is_some(), "{c}");
        let output = format!("from the engine: (f ∗ g)({c}) = {area}");
        assert!(place(&output).is_some(), "{c}");
        // Under the leading edge of g stands its first sample, and f(0) under the 0 of the axis.
        let g = place("g(0)").expect("the edge of g");
        assert!((g.x - tip.x).abs() < 1.0, "{c}: {g} {tip}");
        harness.key_press(Key::ArrowRight);
        harness.run();
    }
    // As far apart as samples, and as high as the area: to a thousandth of a point.
    let (across, up) = (tips[1].x - tips[0].x, tips[0].y - tips[1].y);
    assert!(across > 5.0 && up > 2.0, "{across} {up}");
    for (c, tip) in tips.iter().enumerate() {
        let area = 24 - 23_usize.abs_diff(c);
        let wanted = tips[0] + vec2(across * c as f32, -up * (area - 1) as f32);
        assert!(tip.distance(wanted) < 0.05, "{c}: {tip} {wanted}");
    }
    let peak = tips.iter().min_by(|one, other| one.y.total_cmp(&other.y));
    assert_eq!(peak, Some(&tips[23]));
}

#[test]
fn one_s_own_sound_is_a_file_or_what_is_being_played() {
    let (mut harness, log) = at(Page::Convolve);
    harness.get_by_label("Your sound").click();
    settle(&mut harness);
    harness.get_by_label("Take what you play, or a file: it appears here.");
    let (mut tape, recent) = partita::engine::recent::pair();
    log.change(|data| data.recent = Some(recent));
    // Quiet, and one loud sample in the last third of a second.
    let mut played: Vec<f32> = (0..30_000).map(|n| (n % 7) as f32 / 100.0).collect();
    played[22_000] = -0.5;
    tape.write(&played);
    harness.run();
    harness.get_by_label("Take what I play").click();
    settle(&mut harness);
    let hall = library::find("hall").expect("there").load().expect("loads");
    let seen = |harness: &mut Harness<'_, App>| {
        let watched = harness.state_mut().views().lab.convolve.watched().cloned();
        watched.expect("something to see").sliding
    };
    let sliding = seen(&mut harness);
    let wanted: Vec<f32> = played[22_000 - 24..][..480]
        .iter()
        .map(|x| x / 0.5)
        .collect();
    assert_eq!(sliding.f(), wanted);
    let g = sliding.g();
    assert_eq!(g.len(), 480);
    let peak = g.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    assert_eq!(peak, 1.0);
    // It is a part of the hall, whatever its scale.
    let left = &hall.channels[0];
    let at = g.iter().position(|x| x.abs() == 1.0).expect("the peak");
    let part = left.windows(480).any(|part| {
        let scale = part[at].abs();
        part.iter().zip(g).all(|(own, seen)| own / scale == *seen)
    });
    assert!(part);
    let path = log.put("voice.wav", "spring");
    type_in(&mut harness, "Path of a sound", &path.display().to_string());
    settle(&mut harness);
    assert_ne!(seen(&mut harness).f(), wanted);
    let none = log.home().join("none.wav");
    type_in(&mut harness, "Path of a sound", &none.display().to_string());
    settle(&mut harness);
    harness.get_by_label_contains("none.wav");
}

#[test]
fn it_plays_pauses_and_steps() {
    let (mut harness, _) = at(Page::Convolve);
    let c = |harness: &mut Harness<'_, App>| {
        let lab = &mut harness.state_mut().views().lab;
        lab.convolve.watched().expect("something to see").c()
    };
    let from = c(&mut harness);
    harness.get_by_label("3 ×").click();
    harness.run();
    harness.get_by_label("Play").click();
    for _ in 0..30 {
        harness.step();
    }
    let played = c(&mut harness);
    assert!(played > from, "{from} {played}");
    harness.get_by_label("Pause").click();
    harness.run();
    let paused = c(&mut harness);
    harness.run();
    assert_eq!(c(&mut harness), paused);
    harness.get_by_label("One sample back").click();
    harness.run();
    assert_eq!(c(&mut harness), paused - 1);
}

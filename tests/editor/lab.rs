//! Drawing echoes, two rooms in series, and the picture of convolution.

use crate::fake::{Log, drag, open_over};
use egui::{Event, Key, Modifiers, Pos2, Rect, Shape, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use partita::editor::dialog::{Dialog, Purpose};
use partita::editor::view::View;
use partita::editor::view::echo::EchoPage;
use partita::editor::view::lab::Page;
use partita::editor::{App, Settings};
use partita::impulse::echo::{Echo, Polarity, Preset, Tap, Time};
use partita::impulse::{chain, library, load};
use partita::params::Id;
use std::path::PathBuf;
use std::sync::OnceLock;

fn at(page: Page) -> (Harness<'static, App>, Log) {
    let log = Log::playing();
    let mut harness = open_over(log.clone(), Settings::default());
    harness.state_mut().open(View::Lab);
    harness.state_mut().views().lab.open(page);
    harness.run();
    settle(&mut harness);
    log.take();
    (harness, log)
}

/// What is being made has come, and has been handed over.
fn settle(harness: &mut Harness<'_, App>) {
    harness.run();
    harness.state_mut().views().wait();
    harness.run();
}

fn page<'a>(harness: &'a mut Harness<'_, App>) -> &'a mut EchoPage {
    &mut harness.state_mut().views().lab.echo
}

fn echo(harness: &mut Harness<'_, App>) -> Echo {
    page(harness).design.echo().clone()
}

fn rect(harness: &Harness<'_, App>, name: &str) -> Rect {
    harness.get_by_label(name).rect()
}

fn click(harness: &mut Harness<'_, App>, at: Pos2) {
    harness.hover_at(at);
    harness.run();
    harness.drag_at(at);
    harness.run();
    harness.drop_at(at);
    harness.run();
}

fn ms(tap: &Tap) -> f64 {
    tap.time.milliseconds(120.0)
}

#[test]
fn a_click_adds_a_tap_on_the_grid_that_is_heard_to_the_sample() {
    let (mut harness, log) = at(Page::Echo);
    harness.get_by_label("Slap").click();
    settle(&mut harness);
    let line = rect(&harness, "Time line");
    click(
        &mut harness,
        pos2(line.min.x + 0.3 * line.width(), line.min.y + 60.0),
    );
    let two = echo(&mut harness);
    assert_eq!(two.taps.len(), 2);
    // 120 BPM, sixteenths: 125 ms.
    let time = ms(&two.taps[1]);
    assert!(
        time > 0.0 && (time / 125.0 - (time / 125.0).round()).abs() < 1e-9,
        "{time}"
    );
    assert_eq!(two.taps[1].polarity, Polarity::Upright);
    // Below the middle it is turned over; with Alt it stands where it was set.
    harness.event(Event::ModifiersChanged(Modifiers::ALT));
    click(
        &mut harness,
        pos2(line.min.x + 0.517 * line.width(), line.max.y - 60.0),
    );
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    settle(&mut harness);
    let three = echo(&mut harness);
    assert_eq!(three.taps[2].polarity, Polarity::Inverted);
    assert!(
        matches!(three.taps[2].time, Time::Ms(_)),
        "{:?}",
        three.taps[2]
    );
    // What is heard is what is drawn.
    let wanted = three.build(48_000, 120.0).expect("an echo");
    let built = page(&mut harness).built().expect("built").clone();
    assert_eq!(built.channels, wanted.channels);
    assert!(log.take().contains(&"take Echo: Slap".to_owned()));
    // And so is what the session keeps: sound and taps.
    let reference = log.reference().expect("a reference");
    let sound = reference
        .copy()
        .expect("a copy")
        .sound("echo")
        .expect("its sound");
    assert_eq!(
        (sound.channels, sound.layout),
        (wanted.channels, wanted.layout)
    );
    assert_eq!(reference.drawn().expect("drawn").echo, three);
    // A plain tap between the others is one sample of its gain: 6 dB are a factor of 1.995.
    let plain = Echo {
        taps: vec![Tap::new(Time::Ms(250.0), -6.0)],
        ..Echo::default()
    };
    page(&mut harness).design.replace("plain", plain);
    harness.get_by_label("Hear it").click();
    settle(&mut harness);
    let built = page(&mut harness).built().expect("built").clone();
    let gain = 10_f64.powf(-6.0 / 20.0) as f32;
    for (frame, sample) in built.channels[0].iter().enumerate() {
        assert_eq!(*sample, if frame == 12_000 { gain } else { 0.0 }, "{frame}");
    }
}

#[test]
fn a_tap_is_dragged_in_time_gain_and_across_the_line() {
    let (mut harness, _) = at(Page::Echo);
    let first = echo(&mut harness).taps[0];
    assert_eq!(ms(&first), 375.0);
    let line = rect(&harness, "Time line");
    let from = rect(&harness, "Tap 1").center();
    // From its tip to as far below the middle line, one step of the grid to the right.
    let step = (from.x - line.min.x - 12.0) / 3.0;
    let down = 2.0 * (line.center().y - from.y);
    drag(&mut harness, from, vec2(step * 1.2, down));
    let moved = echo(&mut harness).taps[0];
    assert_eq!((ms(&moved), moved.polarity), (500.0, Polarity::Inverted));
    assert!(
        (moved.gain_db - first.gain_db).abs() < 0.3,
        "{}",
        moved.gain_db
    );
    // All of it is one step back.
    harness.get_by_label("Undo edit").click();
    harness.run();
    assert_eq!(echo(&mut harness).taps[0], first);
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    harness.run();
    assert_eq!(echo(&mut harness).taps[0], moved);
    // The lane below: to the right.
    let pan = rect(&harness, "Pan of tap 1").center();
    drag(&mut harness, pan, vec2(0.0, 40.0));
    assert_eq!(echo(&mut harness).taps[0].pan_percent, 100.0);
    assert_eq!(ms(&echo(&mut harness).taps[0]), 500.0);
}

#[test]
fn a_press_and_a_drag_where_nothing_is_sets_one_tap_down() {
    let (mut harness, _) = at(Page::Echo);
    let line = rect(&harness, "Time line");
    let from = pos2(line.min.x + 0.7 * line.width(), line.min.y + 40.0);
    drag(&mut harness, from, vec2(30.0, 50.0));
    assert_eq!(echo(&mut harness).taps.len(), 2);
    harness.get_by_label("Undo edit").click();
    harness.run();
    assert_eq!(echo(&mut harness).taps.len(), 1);
}

#[test]
fn everything_by_keyboard() {
    let (mut harness, _) = at(Page::Echo);
    let before = echo(&mut harness).taps[0];
    harness.get_by_label("Tap 1").focus();
    harness.run();
    for key in [Key::ArrowRight, Key::ArrowUp, Key::PageUp] {
        harness.key_press(key);
        harness.run();
    }
    let tap = echo(&mut harness).taps[0];
    assert_eq!(ms(&tap), 500.0);
    assert_eq!((tap.gain_db, tap.pan_percent), (before.gain_db + 1.0, 10.0));
    harness.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    harness.run();
    assert_eq!(echo(&mut harness).taps[0].time, Time::Ms(499.0));
    harness.get_by_label("Add tap").click();
    harness.run();
    assert_eq!(echo(&mut harness).taps.len(), 2);
    harness.get_by_label("Tap 2").focus();
    harness.run();
    harness.key_press(Key::Delete);
    harness.run();
    assert_eq!(echo(&mut harness).taps.len(), 1);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run();
    assert_eq!(echo(&mut harness).taps.len(), 2);
}

/// Into a field, or over the value of a dial.
fn type_in(harness: &mut Harness<'_, App>, field: &str, text: &str) {
    harness.get_by_label(field).focus();
    harness.run();
    let role = harness.get_by_label(field).accesskit_node().role();
    if role == egui::accesskit::Role::Slider {
        harness.key_press(Key::Enter);
        harness.run();
    }
    harness.event(Event::Text(text.to_owned()));
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
}

#[test]
fn values_are_typed_and_what_is_none_is_told() {
    let (mut harness, _) = at(Page::Echo);
    let tap = rect(&harness, "Tap 1").center();
    click(&mut harness, tap);
    for (field, text) in [
        ("Time of the tap", "1/4"),
        ("Gain of the tap", "-9.5"),
        ("Pan of the tap", "L50"),
        ("Low cut of the tap", "120"),
        ("High cut of the tap", "4k"),
        ("Diffusion of the tap", "20 %"),
        ("Time from repeat to repeat", "250"),
        ("Gain from repeat to repeat", "-3 dB"),
        ("Number of repeats", "5"),
        ("High cut of the repeats", "off"),
        ("Tempo, typed", "96"),
    ] {
        type_in(&mut harness, field, text);
    }
    harness.get_by_label("Inverted").click();
    harness.get_by_label("Swap sides").click();
    harness.run();
    let typed: Tap = "1/4,-9.5dB,pan=L50,invert,low=120Hz,high=4kHz,diffusion=20%"
        .parse()
        .expect("a tap");
    let now = echo(&mut harness);
    assert_eq!(now.taps, [typed]);
    let mut wanted: partita::impulse::echo::Feedback =
        "250ms,-3dB,times=5,swap".parse().expect("feedback");
    wanted.low_cut_hz = Preset::DottedEighth.echo().feedback.low_cut_hz;
    assert_eq!(now.feedback, wanted);
    assert_eq!(page(&mut harness).design.own_bpm, 96.0);
    // Nonsense changes nothing, stays to be mended, and Escape lets it go.
    type_in(&mut harness, "Gain of the tap", "loud");
    assert_eq!(echo(&mut harness).taps[0].gain_db, -9.5);
    let typed = harness.get_by_label("Gain of the tap, typed").value();
    assert_eq!(typed.as_deref(), Some("loud"));
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(told(&harness, "Gain of the tap"), "−9.5 dB");
    assert!(harness.query_by_label("Gain of the tap, typed").is_none());
}

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
fn what_was_there_before_an_echo_comes_back_and_so_does_the_echo() {
    let (mut harness, log) = at(Page::Echo);
    harness.get_by_label("Slap").click();
    settle(&mut harness);
    harness.get_by_label("Tape").click();
    settle(&mut harness);
    harness.get_by_label("Ping pong").click();
    settle(&mut harness);
    assert_eq!(log.reference().expect("one").name, "Echo: Ping pong");
    // In the bar: all that was heard of it is one step.
    harness.get_by_label("Undo").click();
    settle(&mut harness);
    let reference = log.reference().expect("one");
    assert_eq!(reference.factory.as_deref(), Some("hall"));
    assert_eq!(echo(&mut harness), Preset::PingPong.echo());
    harness.get_by_label("Redo").click();
    settle(&mut harness);
    assert_eq!(log.reference().expect("one").name, "Echo: Ping pong");
    // With the keys: the drawing first, then what was there before it.
    log.take();
    for wanted in ["Tape", "Slap", "Dotted eighth"] {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        settle(&mut harness);
        let wanted = Preset::ALL
            .into_iter()
            .find(|preset| preset.name() == wanted.to_lowercase().replace(' ', "-"));
        assert_eq!(echo(&mut harness), wanted.expect("a preset").echo());
    }
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    let reference = log.reference().expect("one");
    assert_eq!(reference.factory.as_deref(), Some("hall"));
    // An echo that comes from elsewhere, a preset or a session, is drawn on.
    let drawn = partita::preset::Drawn {
        echo: Preset::GoldenRatio.echo(),
        tempo_bpm: 90.0,
    };
    let sound = drawn.echo.build(48_000, 90.0).expect("an echo");
    let mut other = partita::preset::ImpulseReference::to_sound(&sound).drawn_as(&drawn);
    other.name = "Echo: Sunflower".to_owned();
    log.change(|data| data.reference = Some(std::sync::Arc::new(other)));
    settle(&mut harness);
    assert_eq!(echo(&mut harness), drawn.echo);
    let design = &page(&mut harness).design;
    assert_eq!((design.name.as_str(), design.own_bpm), ("Sunflower", 90.0));
}

#[test]
fn the_host_s_tempo_counts_and_moves_the_notes() {
    let (mut harness, log) = at(Page::Echo);
    log.change(|data| data.tempo = Some(60.0));
    harness.run();
    harness.get_by_label("Hear it").click();
    settle(&mut harness);
    let slow = page(&mut harness).built().expect("built").clone();
    let wanted = Preset::DottedEighth
        .echo()
        .build(48_000, 60.0)
        .expect("an echo");
    assert_eq!(slow.channels, wanted.channels);
    // While it plays, it follows.
    log.change(|data| data.tempo = Some(140.0));
    settle(&mut harness);
    let fast = page(&mut harness).built().expect("built").clone();
    assert!(fast.frames() < slow.frames());
}

#[test]
fn nothing_is_heard_before_something_is_drawn_and_a_session_is_drawn_on() {
    let (mut harness, log) = at(Page::Echo);
    settle(&mut harness);
    assert_eq!(log.take(), Vec::<String>::new());
    assert!(page(&mut harness).built().is_none());
    harness.get_by_label("Golden ratio").click();
    settle(&mut harness);
    assert!(log.take().contains(&"take Echo: Golden ratio".to_owned()));
    assert_eq!(
        log.value(Id::Impulse),
        partita::params::slots::CUSTOM as f32
    );
    // Another window over the same session.
    let mut again = open_over(log.clone(), Settings::default());
    again.state_mut().open(View::Lab);
    settle(&mut again);
    assert_eq!(echo(&mut again), Preset::GoldenRatio.echo());
    assert_eq!(page(&mut again).design.name, "Golden ratio");
    assert_eq!(log.take(), Vec::<String>::new());
}

#[test]
fn an_echo_is_kept_taken_back_and_written_as_a_wav_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut harness, _) = at(Page::Echo);
    page(&mut harness)
        .shelf
        .in_folder(folder.path().join("echoes"));
    harness.get_by_label("Slap").click();
    harness.run();
    type_in(&mut harness, "Name of the echo", "Mine");
    harness.get_by_label("Save").click();
    settle(&mut harness);
    harness.get_by_label("Saved Mine");
    harness.get_by_label("Tape").click();
    harness.run();
    harness.get_by_label("Yours…").click();
    harness.run();
    harness.get_by_label("Mine").click();
    settle(&mut harness);
    assert_eq!(echo(&mut harness), Preset::Slap.echo());
    let path = folder.path().join("slap.wav");
    type_in(
        &mut harness,
        "Path of a WAV file",
        &path.display().to_string(),
    );
    harness.get_by_label("Save as WAV").click();
    settle(&mut harness);
    let written = load::read(&path, load::LayoutChoice::Auto).expect("a WAV file");
    let wanted = Preset::Slap.echo().build(48_000, 120.0).expect("an echo");
    assert_eq!(written.channels, wanted.channels);
    // It stays as it is: a second one of that name is refused, in words.
    harness.get_by_label("Save as WAV").click();
    settle(&mut harness);
    let told = page(&mut harness).shelf.told().expect("told").clone();
    assert!(told.is_err_and(|text| text.contains("slap.wav")));
    harness.get_by_label("Delete").click();
    settle(&mut harness);
    assert!(page(&mut harness).shelf.kept().is_empty());
}

#[test]
fn the_system_s_dialog_says_where_the_wav_file_goes() {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let folder = tempfile::tempdir().expect("a folder");
    let path = PLACE.get_or_init(|| folder.path().join("chosen.wav"));
    let (mut harness, _) = at(Page::Echo);
    page(&mut harness).dialog = Dialog::with(|purpose, _| {
        assert_eq!(purpose, &Purpose::Save("Dotted eighth.wav".to_owned()));
        PLACE.get().cloned()
    });
    // Without a path it is asked for; what the dialog says is written, also over what is there: it has asked.
    for _ in 0..2 {
        harness.get_by_label("Choose…").click();
        settle(&mut harness);
        settle(&mut harness);
        harness.get_by_label_contains("Wrote ");
    }
    let written = load::read(path, load::LayoutChoice::Auto).expect("a WAV file");
    let wanted = Preset::DottedEighth.echo().build(48_000, 120.0);
    assert_eq!(written.channels, wanted.expect("an echo").channels);
    // Where there is none, a sentence.
    page(&mut harness).dialog = Dialog::with(|_, _| None);
    harness.get_by_label("Choose…").click();
    settle(&mut harness);
    settle(&mut harness);
    harness.get_by_label_contains("This system offers no file dialog");
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

/// A value, as assistive technology is told.
fn told(harness: &Harness<'_, App>, name: &str) -> String {
    let node = harness.get_by_label(name);
    node.accesskit_node().value().unwrap_or_default()
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

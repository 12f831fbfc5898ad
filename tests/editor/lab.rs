//! Drawing echoes.

use crate::fake::{Log, drag, open_over};
use egui::{Event, Key, Modifiers, Pos2, Rect, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use partita::editor::dialog::{Dialog, Purpose};
use partita::editor::view::View;
use partita::editor::view::echo::EchoPage;
use partita::editor::view::lab::Page;
use partita::editor::{App, Settings};
use partita::impulse::echo::{Echo, Polarity, Preset, Tap, Time};
use partita::impulse::load;
use partita::params::Id;
use std::path::PathBuf;
use std::sync::OnceLock;

pub fn at(page: Page) -> (Harness<'static, App>, Log) {
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
pub fn settle(harness: &mut Harness<'_, App>) {
    harness.run();
    harness.state_mut().views().wait();
    harness.run();
}

pub fn page<'a>(harness: &'a mut Harness<'_, App>) -> &'a mut EchoPage {
    &mut harness.state_mut().views().lab.echo
}

pub fn echo(harness: &mut Harness<'_, App>) -> Echo {
    page(harness).design.echo().clone()
}

pub fn rect(harness: &Harness<'_, App>, name: &str) -> Rect {
    harness.get_by_label(name).rect()
}

pub fn click(harness: &mut Harness<'_, App>, at: Pos2) {
    harness.hover_at(at);
    harness.run();
    harness.drag_at(at);
    harness.run();
    harness.drop_at(at);
    harness.run();
}

pub fn ms(tap: &Tap) -> f64 {
    tap.time.milliseconds(120.0)
}

/// A value, as assistive technology is told.
pub fn told(harness: &Harness<'_, App>, name: &str) -> String {
    let node = harness.get_by_label(name);
    node.accesskit_node().value().unwrap_or_default()
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
    // What is seen has stayed, so that the tap is where it was let go.
    let there = rect(&harness, "Tap 1").center().x - from.x;
    assert!((there - step).abs() < 0.5, "{there} {step}");
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
pub fn type_in(harness: &mut Harness<'_, App>, field: &str, text: &str) {
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

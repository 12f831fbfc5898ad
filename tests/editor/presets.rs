//! Presets, the way back, and A against B.

use crate::fake::{Log, open_over};
use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use partita::editor::view::View;
use partita::editor::{App, Memory, Settings};
use partita::params::Id;
use partita::preset::factory;
use std::sync::{Arc, Mutex};

fn settle(harness: &mut Harness<'_, App>) {
    for _ in 0..3 {
        harness.run();
        harness.state_mut().views().wait();
    }
    harness.run();
}

fn ready(settings: Settings) -> (Harness<'static, App>, Log) {
    let log = Log::playing();
    let mut harness = open_over(log.clone(), settings);
    settle(&mut harness);
    log.take();
    (harness, log)
}

fn presets(harness: &mut Harness<'_, App>) {
    harness.state_mut().open(View::Presets);
    settle(harness);
}

fn type_name(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_label("Name of the preset").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run();
    harness.get_by_label("Name of the preset").type_text(name);
    settle(harness);
}

#[test]
fn a_factory_preset_is_one_step_of_whole_gestures() {
    let (mut harness, log) = ready(Settings::default());
    let before = log.value(Id::Mix);
    presets(&mut harness);
    let preset = factory()
        .iter()
        .find(|it| it.values().get(Id::Mix) != before);
    let preset = preset.expect("a preset with another mix");
    harness.get_by_label(&preset.name).click();
    settle(&mut harness);
    let lines = log.take();
    let begins = lines
        .iter()
        .filter(|line| line.starts_with("begin"))
        .count();
    let ends = lines.iter().filter(|line| line.starts_with("end")).count();
    assert!(begins > 1 && begins == ends, "{lines:?}");
    assert!(lines.contains(&format!("preset {}", preset.name)));
    assert_eq!(log.value(Id::Mix), preset.values().get(Id::Mix));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert_eq!(log.value(Id::Mix), before);
    assert!(harness.query_by_label("Preset: none").is_some());
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    settle(&mut harness);
    assert_eq!(log.value(Id::Mix), preset.values().get(Id::Mix));
    let named = format!("Preset: {}", preset.name);
    assert!(harness.query_by_label(&named).is_some());
}

#[test]
fn a_locked_mix_stays() {
    let locked = Settings {
        mix_locked: true,
        ..Settings::default()
    };
    let (mut harness, log) = ready(locked);
    let before = log.value(Id::Mix);
    for _ in 0..factory().len() {
        harness.get_by_label("Next preset").click();
        settle(&mut harness);
        assert_eq!(log.value(Id::Mix), before);
    }
    let last = factory().last().expect("presets").name.clone();
    assert!(harness.query_by_label(&format!("Preset: {last}")).is_some());
}

#[test]
fn the_users_presets_are_saved_renamed_deleted_and_put_back() {
    let (mut harness, log) = ready(Settings::default());
    presets(&mut harness);
    type_name(&mut harness, "My room");
    harness.get_by_label("Save as new").click();
    settle(&mut harness);
    assert!(log.home().join("presets/My room.partita").is_file());
    assert!(harness.query_by_label("Preset: My room").is_some());
    // Something is changed, and the preset brings it back.
    harness.get_by_label("Next preset").click();
    settle(&mut harness);
    assert_ne!(log.value(Id::Decay), 40.0);
    harness.get_by_label("Yours, 1").click();
    settle(&mut harness);
    harness.get_by_label("My room").click();
    settle(&mut harness);
    assert_eq!(log.value(Id::Decay), 40.0);
    type_name(&mut harness, "Our room");
    harness.get_by_label("Rename").click();
    settle(&mut harness);
    assert!(log.home().join("presets/Our room.partita").is_file());
    assert!(!log.home().join("presets/My room.partita").exists());
    harness.get_by_label("Delete").click();
    settle(&mut harness);
    assert!(!log.home().join("presets/Our room.partita").exists());
    harness.get_by_label("Put back").click();
    settle(&mut harness);
    assert!(log.home().join("presets/Our room.partita").is_file());
    // What no file can be called is said.
    type_name(&mut harness, "a/b");
    harness.get_by_label("Save as new").click();
    settle(&mut harness);
    assert!(
        harness
            .query_by_label_contains("expected a name of 1 to")
            .is_some()
    );
}

#[test]
fn only_what_is_written_is_saved() {
    let (mut harness, log) = ready(Settings::default());
    presets(&mut harness);
    // A file stands where the folder of presets would.
    std::fs::write(log.home().join("presets"), b"").expect("written");
    type_name(&mut harness, "My room");
    harness.get_by_label("Save as new").click();
    settle(&mut harness);
    assert!(harness.query_by_label("Preset: none").is_some());
    assert!(
        harness
            .query_by_label_contains("My room: expected to save")
            .is_some()
    );
    std::fs::remove_file(log.home().join("presets")).expect("removed");
    harness.get_by_label("Dismiss").click();
    harness.get_by_label("Save as new").click();
    settle(&mut harness);
    assert!(harness.query_by_label("Preset: My room").is_some());
    // What is changed after that is not in it, and a new name does not put it there.
    log.change(|data| data.values.set(Id::Decay, 70.0));
    settle(&mut harness);
    assert!(harness.query_by_label("Preset: My room, edited").is_some());
    type_name(&mut harness, "Our room");
    harness.get_by_label("Rename").click();
    settle(&mut harness);
    assert!(harness.query_by_label("Preset: Our room, edited").is_some());
    harness.get_by_label("Save").click();
    settle(&mut harness);
    assert!(harness.query_by_label("Preset: Our room").is_some());
}

#[test]
fn kinds_words_and_arrow_keys_find_a_preset() {
    let (mut harness, log) = ready(Settings::default());
    presets(&mut harness);
    let all = format!("{} presets", factory().len());
    assert!(harness.query_by_label(&all).is_some());
    harness.get_by_label("Plate, 3").click();
    settle(&mut harness);
    assert!(harness.query_by_label("3 presets").is_some());
    harness.get_by_label("Presets").focus();
    harness.run();
    // Each arrow key lets the next one be heard.
    for name in ["Vocal Plate", "Dark Plate", "Swell", "Swell"] {
        harness.key_press(Key::ArrowDown);
        settle(&mut harness);
        assert!(harness.query_by_label(&format!("Preset: {name}")).is_some());
    }
    harness.key_press(Key::Home);
    settle(&mut harness);
    assert!(log.take().contains(&"preset Vocal Plate".to_owned()));
    harness.get_by_label("All presets, 23").click();
    settle(&mut harness);
    harness.get_by_label("Search presets").focus();
    harness.run();
    harness
        .get_by_label("Search presets")
        .type_text("backwards steel");
    settle(&mut harness);
    assert!(harness.query_by_label("0 presets").is_some());
    harness.get_by_label("Clear").click();
    settle(&mut harness);
    harness
        .get_by_label("Search presets")
        .type_text("backwards");
    settle(&mut harness);
    assert!(harness.query_by_label("1 preset").is_some());
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    assert!(harness.query_by_label("Preset: Swell").is_some());
}

#[test]
fn a_gesture_is_one_step_and_another_window_knows_it() {
    let (harness, log) = ready(Settings::default());
    let memory = Arc::new(Mutex::new(Memory::default()));
    drop(harness);
    let mut harness = open_over(log.clone(), Settings::default());
    crate::fake::remember(&mut harness, &memory);
    harness.run();
    let at = harness.get_by_label("Mix").rect().center();
    crate::fake::drag(&mut harness, at, vec2(0.0, -44.0));
    let changed = log.value(Id::Mix);
    assert_ne!(changed, 30.0);
    harness.state_mut().close();
    // In the places that it was given, not in the user's own.
    assert!(log.home().join("editor.toml").is_file());
    drop(harness);
    let mut harness = open_over(log.clone(), Settings::default());
    crate::fake::remember(&mut harness, &memory);
    harness.run();
    harness.get_by_label("Undo").click();
    harness.run();
    assert_eq!(log.value(Id::Mix), 30.0);
    harness.get_by_label("Redo").click();
    harness.run();
    assert_eq!(log.value(Id::Mix), changed);
}

#[test]
fn a_and_b_are_compared_and_copied() {
    let (mut harness, log) = ready(Settings::default());
    let set = |harness: &mut Harness<'_, App>, name: &str, key| {
        harness.get_by_label(name).focus();
        harness.run();
        harness.key_press(key);
        harness.run();
    };
    harness.get_by_label("B").click();
    harness.run();
    set(&mut harness, "Width", Key::End);
    assert_eq!(log.value(Id::Width), 200.0);
    harness.get_by_label("A").click();
    harness.run();
    assert_eq!(log.value(Id::Width), 100.0);
    harness.get_by_label("B").click();
    harness.run();
    assert_eq!(log.value(Id::Width), 200.0);
    harness.get_by_label("Copy B to A").click();
    harness.run();
    harness.get_by_label("A").click();
    harness.run();
    assert_eq!(log.value(Id::Width), 200.0);
}

#[test]
fn what_a_note_value_sets_is_shown_on_the_knob() {
    let (mut harness, log) = ready(Settings::default());
    log.change(|data| {
        data.tempo = Some(120.0);
        let eighth = partita::params::note::WORDS
            .iter()
            .position(|word| *word == "1/8");
        data.values
            .set(Id::PredelayNote, eighth.expect("an eighth") as f32);
    });
    harness.run();
    let said = |harness: &Harness<'_, App>, wanted: &str| {
        harness.output().shapes.iter().any(|clipped| {
            matches!(&clipped.shape, egui::Shape::Text(text) if text.galley.text() == wanted)
        })
    };
    // An eighth at 120 quarters per minute.
    assert!(said(&harness, "250 ms"));
    assert!(!said(&harness, "32 ms"));
}

//! Finding an impulse by ear: search, keys, clicks, favourites, files that are gone, dialogs and paths.

use crate::fake::{Log, open_over};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use partita::editor::dialog::{Dialog, Purpose};
use partita::editor::view::View;
use partita::editor::{App, Settings};
use std::fs;
use std::path::PathBuf;

/// Until all that was asked for is there.
fn settle(harness: &mut Harness<'_, App>) {
    for _ in 0..3 {
        harness.run();
        harness.state_mut().views().wait();
    }
    harness.run();
}

fn browser(log: &Log) -> Harness<'static, App> {
    let mut harness = open_over(log.clone(), Settings::default());
    harness.state_mut().open(View::Browser);
    settle(&mut harness);
    log.take();
    harness
}

fn taken(log: &Log) -> Vec<String> {
    let mut lines = log.take();
    lines.retain(|line| line.starts_with("take") || line.starts_with("load"));
    lines
}

fn search(harness: &mut Harness<'_, App>, words: &str) {
    harness.get_by_label("Search or path").focus();
    harness.run();
    harness.get_by_label("Search or path").type_text(words);
    settle(harness);
}

#[test]
fn words_find_and_arrow_keys_play() {
    let log = Log::playing();
    let mut harness = browser(&log);
    assert!(harness.query_by_label("31 impulses").is_some());
    search(&mut harness, "spring");
    assert!(harness.query_by_label("2 impulses").is_some());
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    let whole = [
        "take spring",
        "begin impulse",
        "set impulse 6",
        "end impulse",
    ];
    assert_eq!(log.take(), whole);
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    assert_eq!(taken(&log), ["take spring-short"]);
    // At the end it stays; the one before is played anew.
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    assert_eq!(taken(&log), [""; 0]);
    harness.get_by_label("Previous impulse").click();
    settle(&mut harness);
    assert_eq!(taken(&log), ["take spring"]);
    // Every step can be undone.
    harness.get_by_label("Undo").click();
    settle(&mut harness);
    assert_eq!(taken(&log), ["take spring-short"]);
    search(&mut harness, " no such");
    assert!(harness.query_by_label("0 impulses").is_some());
    harness.get_by_label("Clear").click();
    settle(&mut harness);
    assert!(harness.query_by_label("31 impulses").is_some());
}

#[test]
fn enter_keeps_what_is_heard_and_it_is_among_the_recent() {
    let log = Log::playing();
    let mut harness = browser(&log);
    search(&mut harness, "cathedral");
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    harness.key_press(Key::Enter);
    settle(&mut harness);
    assert!(harness.query_by_label("Search or path").is_none());
    harness.state_mut().open(View::Browser);
    settle(&mut harness);
    assert!(harness.query_by_label("Recent, 1").is_some());
}

#[test]
fn the_users_files_are_listed_and_play_and_what_cannot_is_told() {
    let log = Log::playing();
    let kitchen = log.put("Kitchen.wav", "room");
    fs::write(log.home().join("impulses/Broken.wav"), b"no sound at all").expect("written");
    let mut harness = browser(&log);
    assert!(harness.query_by_label("33 impulses").is_some());
    harness.get_by_label("impulses, 2").click();
    settle(&mut harness);
    harness.get_by_label("Kitchen").click();
    settle(&mut harness);
    assert_eq!(taken(&log), [format!("load {}", kitchen.display())]);
    harness.get_by_label("Broken").click();
    settle(&mut harness);
    assert_eq!(taken(&log), [""; 0]);
    let why = harness.query_by_label_contains("expected");
    assert!(why.is_some(), "nothing says why Broken cannot be read");
}

#[test]
fn a_favourite_is_marked_by_a_key_and_told_by_name_when_it_is_gone() {
    let log = Log::playing();
    let kitchen = log.put("Kitchen.wav", "room");
    let mut harness = browser(&log);
    search(&mut harness, "kitchen");
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    harness.get_by_label("Impulses, Kitchen").focus();
    harness.run();
    harness.key_press(Key::F);
    settle(&mut harness);
    assert!(harness.query_by_label("Favourites, 1").is_some());
    drop(harness);
    let moved = log.home().join("elsewhere.wav");
    fs::rename(&kitchen, &moved).expect("moved");
    // One of other content, so that it is not the same impulse under another name.
    log.put("Other.wav", "plate");
    let mut harness = browser(&log);
    harness.get_by_label("Favourites, 1").click();
    settle(&mut harness);
    harness.get_by_label("Kitchen").click();
    settle(&mut harness);
    assert_eq!(taken(&log), [""; 0]);
    assert!(
        harness
            .query_by_label_contains("It is not where it was")
            .is_some()
    );
    // The dialog finds it again: it plays, and is the favourite.
    harness.state_mut().views().browser.dialog = Dialog::with(beside);
    harness.get_by_label("Locate…").click();
    harness.run();
    harness.state_mut().views().browser.dialog.wait();
    settle(&mut harness);
    let played = taken(&log);
    assert_eq!(played.len(), 1);
    assert!(harness.query_by_label("Favourites, 1").is_some());
}

#[test]
fn a_file_that_cannot_be_loaded_was_never_chosen() {
    let log = Log::playing();
    let kitchen = log.put("Kitchen.wav", "room");
    let broken = log.home().join("Broken.wav");
    fs::write(&broken, b"no sound at all").expect("written");
    let mut harness = browser(&log);
    let load = |harness: &mut Harness<'_, App>, path: &std::path::Path| {
        search(harness, &path.display().to_string());
        harness.key_press(Key::Enter);
        settle(harness);
        harness.get_by_label("Clear").click();
        settle(harness);
    };
    load(&mut harness, &kitchen);
    assert!(harness.query_by_label("Recent, 1").is_some());
    // Twice: the same words of complaint are not the same failure.
    for _ in 0..2 {
        load(&mut harness, &broken);
        let why = harness.query_by_label_contains("Broken.wav: expected");
        assert!(why.is_some(), "nothing says why it does not play");
        assert!(harness.query_by_label("Recent, 1").is_some());
    }
    log.take();
    // The only step is to Kitchen: what would be undone is the way there, not the way to what never played.
    harness.get_by_label("Undo").click();
    settle(&mut harness);
    assert_eq!(taken(&log), ["take hall"]);
    harness.get_by_label("Redo").click();
    settle(&mut harness);
    assert_eq!(taken(&log), [format!("load {}", kitchen.display())]);
}

/// A dialog in which the user chooses at once.
fn beside(_: &Purpose, _: Option<PathBuf>) -> Option<PathBuf> {
    let wav = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Some(wav.join("impulses/hall.wav"))
}

#[test]
fn without_a_dialog_a_sentence_says_what_to_do() {
    let log = Log::playing();
    let mut harness = browser(&log);
    harness.state_mut().views().browser.dialog = Dialog::with(|_, _| None);
    harness.get_by_label("Open file…").click();
    harness.run();
    harness.state_mut().views().browser.dialog.wait();
    settle(&mut harness);
    let said = "This system offers no file dialog. Type or paste the file's path, or drop the file on the window.";
    assert!(harness.query_by_label(said).is_some());
    harness.get_by_label("Dismiss").click();
    settle(&mut harness);
    assert!(harness.query_by_label(said).is_none());
}

#[test]
fn a_folder_that_is_none_is_told_in_the_window() {
    let log = Log::playing();
    let mut harness = browser(&log);
    harness.state_mut().open(View::Settings);
    settle(&mut harness);
    harness.get_by_label("Path of a folder").focus();
    harness.run();
    let path = log.home().join("nowhere");
    let field = harness.get_by_label("Path of a folder");
    field.type_text(&path.display().to_string());
    harness.run();
    harness.key_press(Key::Enter);
    settle(&mut harness);
    let said = harness.query_by_label_contains("expected a folder, but there is none of that name");
    assert!(said.is_some());
}

#[test]
fn a_missing_impulse_of_the_session_is_told_by_name() {
    let log = Log::playing();
    log.change(|data| {
        let mut lost = partita::preset::ImpulseReference::default();
        lost.name = "Grandmother's kitchen".to_owned();
        data.reference = Some(std::sync::Arc::new(lost));
        data.missing = true;
        data.impulse = None;
        data.playing.note = Some("Grandmother's kitchen: expected …, but there is none".to_owned());
    });
    let mut harness = open_over(log.clone(), Settings::default());
    harness.run();
    let shown = harness.query_by_label("Impulse: Grandmother's kitchen");
    assert!(shown.is_some());
    harness.state_mut().views().browser.dialog = Dialog::with(beside);
    harness.get_by_label("Locate…").click();
    harness.run();
    harness.state_mut().views().browser.dialog.wait();
    settle(&mut harness);
    assert_eq!(taken(&log).len(), 1);
}

#[test]
fn of_many_files_only_the_rows_in_sight_are_made() {
    let log = Log::playing();
    let one = log.put("0.wav", "echo-two-spikes");
    for number in 1..2_000 {
        let path = one.with_file_name(format!("{number}.wav"));
        fs::hard_link(&one, path).expect("linked");
    }
    let mut harness = browser(&log);
    assert!(harness.query_by_label("2031 impulses").is_some());
    let shapes = harness.output().shapes.len();
    assert!(shapes < 1_000, "{shapes} shapes");
    harness.get_by_label_contains("Impulses, ").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::NONE, Key::End);
    settle(&mut harness);
    assert_eq!(taken(&log).len(), 1);
    assert!(harness.query_by_label("Impulses, 999").is_some());
}

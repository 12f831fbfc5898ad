//! The impulse of an instance in the host's session.
#![cfg(feature = "plugin")]

#[path = "common/clap.rs"]
mod clap;

use clap::{Playing, Rig};
use partita::impulse::{ImpulseResponse, Layout};
use partita::preset::{EMBEDDING_LIMIT, Embedding, ImpulseReference, Instance};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// One spike in each channel, `late` samples after the start: heard to the sample.
fn spikes(late: usize) -> ImpulseResponse {
    let mut channel = vec![0.0; 2000];
    channel[late] = 0.5;
    ImpulseResponse {
        name: format!("spike {late}"),
        sample_rate: 48_000,
        layout: Layout::Stereo,
        channels: vec![channel.clone(), channel],
    }
}

/// A session's JSON, without the length that CLAP puts before it.
fn json_of(session: &[u8]) -> Value {
    serde_json::from_slice(&session[8..]).expect("JSON after its length")
}

fn bytes_of(session: &Value) -> Vec<u8> {
    let text = session.to_string();
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

/// The session of an instance that plays nothing but the wet, unshaped, of an impulse whose file is nowhere.
fn session_with(impulse: &ImpulseResponse, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut rig = Rig::new();
    let events = [
        ("Mix", "100 %"),
        ("Normalise", "off"),
        ("Impulse", "custom"),
    ]
    .map(|(name, text)| rig.event(name, text));
    rig.flush(&events);
    let mut session = json_of(&rig.save());
    let mut reference = ImpulseReference::to_sound(impulse);
    reference
        .embed(impulse, Embedding::Files, EMBEDDING_LIMIT)
        .expect("fits");
    let mut reference = serde_json::to_value(&reference).expect("JSON");
    reference["path"] = json!("/nowhere/at all.wav");
    change(&mut reference);
    let mut instance: Value = serde_json::from_str(&Instance::default().to_text()).expect("JSON");
    instance["slot"] = json!(0);
    instance["impulse"] = reference;
    session["fields"]["impulse"] = json!(instance.to_string());
    bytes_of(&session)
}

/// Where the loudest sample of the answer to a click is.
fn answer(playing: &mut Playing) -> (usize, f32) {
    let mut click = vec![0.0; 4096];
    click[0] = 1.0;
    let y = playing.run(&[click.clone(), click], || 64);
    let loudest = |best: (usize, f32), (n, x): (usize, &f32)| {
        if x.abs() > best.1 { (n, x.abs()) } else { best }
    };
    y[0].iter().enumerate().fold((0, 0.0), loudest)
}

/// Plays until the answer is at `late`: the loader looks 60 times a second.
fn becomes(playing: &mut Playing, late: usize) {
    let begun = Instant::now();
    loop {
        let (at, height) = answer(playing);
        if at == late && (height - 0.5).abs() < 1e-4 {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{at} {height} for {late}"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

fn reference_in(session: &[u8]) -> Value {
    let session = json_of(session);
    let text = session["fields"]["impulse"].as_str().expect("text");
    let instance: Value = serde_json::from_str(text).expect("JSON");
    instance["impulse"].clone()
}

#[test]
fn a_session_brings_its_impulse_while_the_music_plays() {
    let mut rig = Rig::new();
    let mut playing = rig.play((2, 2), 48_000.0, 64);
    answer(&mut playing);
    for late in [700, 1300, 40] {
        let session = session_with(&spikes(late), |reference| reference["rating"] = json!(5));
        assert!(rig.load(&session));
        // Saved at once, before anybody has looked at it, it is all there.
        let want = reference_in(&session);
        assert_eq!(reference_in(&rig.save()), want);
        becomes(&mut playing, late);
        // And when it plays, although its file is missing: path, copy and what is not known here.
        assert_eq!(reference_in(&rig.save()), want);
    }
    let session = rig.save();
    rig.stop(playing);
    // In another instance, from the first block on.
    let mut other = Rig::new();
    assert!(other.load(&session));
    let mut playing = other.play((2, 2), 48_000.0, 64);
    let (at, height) = answer(&mut playing);
    assert_eq!(at, 40);
    assert!((height - 0.5).abs() < 1e-4);
    assert_eq!(other.save(), session);
    other.stop(playing);
}

#[test]
fn a_broken_session_leaves_the_impulse_as_it_is() {
    let mut rig = Rig::new();
    assert!(rig.load(&session_with(&spikes(500), |_| {})));
    let mut playing = rig.play((2, 2), 48_000.0, 64);
    becomes(&mut playing, 500);
    let kept = reference_in(&rig.save());
    let breaks: [&dyn Fn(&mut Value); 4] = [
        &|reference| reference["copy"]["data"] = json!("AAAA"),
        &|reference| reference["copy"]["frames"] = json!(1_u64 << 40),
        &|reference| reference["sound_hash"] = json!("ab".repeat(32)),
        &|reference| reference["name"] = json!(7),
    ];
    for change in breaks {
        rig.load(&session_with(&spikes(900), change));
        // Longer than the loader takes to look.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(150) {
            let (at, _) = answer(&mut playing);
            assert_eq!(at, 500);
        }
        assert_eq!(reference_in(&rig.save()), kept);
    }
    // An impulse that is nowhere is not broken: it stays referred to, and what played plays.
    let lost = session_with(&spikes(900), |reference| {
        reference.as_object_mut().expect("an object").remove("copy");
    });
    assert!(rig.load(&lost));
    thread::sleep(Duration::from_millis(100));
    assert_eq!(answer(&mut playing).0, 500);
    assert_eq!(reference_in(&rig.save()), reference_in(&lost));
    rig.stop(playing);
}

#[test]
fn another_slot_chooses_another_impulse_and_is_saved() {
    let mut rig = Rig::new();
    assert!(rig.load(&session_with(&spikes(500), |_| {})));
    let mut playing = rig.play((2, 2), 48_000.0, 64);
    becomes(&mut playing, 500);
    let plate = rig.event("Impulse", "plate");
    playing.block(&[&[0.0; 64], &[0.0; 64]], &[plate]);
    let begun = Instant::now();
    while reference_in(&rig.save())["factory"] != json!("plate") {
        assert!(begun.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(5));
    }
    // An empty slot changes nothing.
    let empty = rig.event("Impulse", "1000");
    playing.block(&[&[0.0; 64], &[0.0; 64]], &[empty]);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(reference_in(&rig.save())["factory"], json!("plate"));
    rig.stop(playing);
}

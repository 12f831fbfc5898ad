//! The impulse of an instance in the host's session.
#![cfg(feature = "plugin")]

#[path = "common/clap.rs"]
mod clap;
#[path = "common/oracle.rs"]
mod oracle;

use clack_extensions::render::RenderMode;
use clap::{Playing, Rig, Told};
use oracle::Noise;
use partita::impulse::{ImpulseResponse, Layout};
use partita::params::{Slots, slots};
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

/// The same session with another mix and another size.
fn with_settings(session: &[u8]) -> Vec<u8> {
    let mut session = json_of(session);
    session["params"]["mix"] = json!({"f32": 40.0});
    session["params"]["size"] = json!({"f32": 50.0});
    bytes_of(&session)
}

#[test]
fn a_broken_session_leaves_impulse_and_parameters_as_they_are() {
    let mut rig = Rig::new();
    assert!(rig.load(&session_with(&spikes(500), |_| {})));
    let mut playing = rig.play((2, 2), 48_000.0, 64);
    becomes(&mut playing, 500);
    let kept = rig.save();
    let breaks: [&dyn Fn(&mut Value); 6] = [
        &|reference| reference["copy"]["data"] = json!("AAAA"),
        &|reference| reference["copy"]["frames"] = json!(1_u64 << 40),
        // A quarter of a gigabyte, as much as may be stated.
        &|reference| reference["copy"]["frames"] = json!(1 << 24),
        &|reference| reference["copy"]["coding"] = json!("of another day"),
        &|reference| reference["sound_hash"] = json!("ab".repeat(32)),
        &|reference| reference["name"] = json!(7),
    ];
    let mut broken: Vec<_> = breaks
        .iter()
        .map(|change| with_settings(&session_with(&spikes(900), change)))
        .collect();
    let whole = with_settings(&session_with(&spikes(900), |_| {}));
    broken.push(whole[..whole.len() - 100].to_vec());
    let mut claim = whole.clone();
    claim[..8].copy_from_slice(&(1_u64 << 30).to_le_bytes());
    broken.push(claim);
    broken.extend([Vec::new(), b"no session at all".to_vec()]);
    for (place, session) in broken.iter().enumerate() {
        rig.load(session);
        // At once, and when it has played for longer than the loader takes to look.
        assert!(rig.save() == kept, "{place}");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(60) {
            assert_eq!(answer(&mut playing).0, 500, "{place}");
        }
        assert!(rig.save() == kept, "{place}");
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

/// How many of its parameters are not what the other has.
fn apart(one: &[u8], other: &[u8]) -> usize {
    let params = |session| match json_of(session)["params"].clone() {
        Value::Object(params) => params,
        other => panic!("parameters, not {other}"),
    };
    let (one, other) = (params(one), params(other));
    assert_eq!(one.len(), other.len());
    one.iter()
        .filter(|(key, value)| other[*key] != **value)
        .count()
}

#[test]
fn of_a_session_with_a_flipped_bit_all_is_taken_or_nothing() {
    let mut noise = Noise::new(50);
    let mut channels = noise.channels(2, 1000);
    for sample in channels.iter_mut().flatten() {
        *sample = (*sample * 1024.0).round() / 32_768.0;
    }
    let impulse = ImpulseResponse {
        channels,
        ..spikes(0)
    };
    let old = session_with(&spikes(500), |_| {});
    let new = with_settings(&session_with(&impulse, |_| {}));
    let mut rig = Rig::new();
    assert!(rig.load(&new));
    let new = rig.save();
    assert!(rig.load(&old));
    let old = rig.save();
    let (mut refused, mut taken) = (0, 0);
    for _ in 0..600 {
        let mut flipped = new.clone();
        let at = noise.within(8, flipped.len() - 1);
        flipped[at] ^= 1 << noise.within(0, 7);
        rig.load(&flipped);
        let now = rig.save();
        if now == old {
            refused += 1;
            continue;
        }
        taken += 1;
        // The one that the bit was in may be another; none is the old session's.
        assert!(apart(&now, &new) <= 1, "{at}");
        let reference = reference_in(&now);
        if reference.get("copy").is_some_and(|copy| !copy.is_null()) {
            let reference: ImpulseReference = serde_json::from_value(reference).expect("its own");
            let copy = reference.copy().expect("a copy").sound("flipped");
            assert_eq!(copy.expect("whole").channels, impulse.channels, "{at}");
        }
        assert!(rig.load(&old));
    }
    println!("{refused} refused, {taken} taken");
    assert!(refused > 300 && taken > 10);
}

#[test]
fn a_session_of_an_older_version_has_defaults_for_what_it_does_not_know() {
    let mut rig = Rig::new();
    let mut session = json_of(&rig.save());
    let params = session["params"].as_object_mut().expect("parameters");
    params.remove("mix");
    params["size"] = json!({"bool": true});
    let half = rig.event("Size", "50 %");
    let mix = rig.event("Mix", "70 %");
    rig.flush(&[half, mix]);
    assert!(rig.load(&bytes_of(&session)));
    assert_eq!(
        (rig.shown("Mix"), rig.shown("Size")),
        ("30 %".into(), "100 %".into())
    );
}

const QUIET: [&[f32]; 2] = [&[0.0; 64], &[0.0; 64]];

/// A session that plays the first of these impulses and has the others in the user's slots.
fn session_holding(late: usize, others: [usize; 2]) -> Vec<u8> {
    let instance_of = |session: &Value| -> Value {
        let text = session["fields"]["impulse"].as_str().expect("text");
        serde_json::from_str(text).expect("JSON")
    };
    let mut session = json_of(&session_with(&spikes(late), |_| {}));
    let mut instance = instance_of(&session);
    for (place, late) in others.into_iter().enumerate() {
        let other = instance_of(&json_of(&session_with(&spikes(late), |_| {})));
        let slot = (slots::FIRST_OF_USER + place).to_string();
        instance["others"][slot] = other["impulse"].clone();
    }
    session["fields"]["impulse"] = json!(instance.to_string());
    bytes_of(&session)
}

#[test]
fn a_slot_plays_what_it_holds_whatever_was_chosen_before_and_in_which_session() {
    // What of the factory's answers like no other, and soon.
    let factory = ["echo-two-spikes", "studio-booth", "echo-slap"];
    let factory = factory.map(|name| (Slots::of_factory(name).expect("a slot"), name));
    let user = |slot: usize| match slot {
        slots::CUSTOM => Some(500),
        slots::FIRST_OF_USER => Some(700),
        257 => Some(900),
        _ => None,
    };
    let names = [Some("spike 700"), Some("spike 900")].map(|name| name.map(str::to_owned));
    let held = Slots::with_user(names.to_vec()).with_custom(Some("spike 500".to_owned()));
    let new = || {
        let mut rig = Rig::new();
        // Offline each block is of what is chosen then.
        rig.render(RenderMode::Offline);
        rig
    };
    let rung_out = |playing: &mut Playing| {
        playing.run(&vec![vec![0.0; 96_000]; 2], || 64);
        answer(playing)
    };
    let mut rig = new();
    assert!(rig.load(&session_holding(500, [700, 900])));
    let mut playing = rig.play((2, 2), 48_000.0, 64);
    let answers = factory.map(|(slot, name)| {
        let chosen = rig.event("Impulse", name);
        playing.block(&QUIET, &[chosen]);
        (slot, rung_out(&mut playing))
    });
    let [next, previous] = ["Next impulse", "Previous impulse"].map(|name| rig.info(name).id);
    let mut noise = Noise::new(83);
    let (mut stands, mut plays) = (factory[2].0, factory[2].0);
    for step in 0..50 {
        let chooser = rig.info("Impulse").id;
        let choices = [
            0,
            256,
            257,
            factory[0].0,
            factory[1].0,
            factory[2].0,
            200,
            900,
        ];
        let from = stands;
        let events = match noise.within(0, 9) {
            // A button from where one knows the neighbours.
            0 => vec![(chooser, 256.0), (next, 1.0)],
            1 => vec![(chooser, 0.0), (previous, 1.0)],
            2 => vec![(chooser, 900.0), (next, 1.0), (next, 0.0), (next, 1.0)],
            _ => vec![(chooser, choices[noise.within(0, choices.len() - 1)] as f64)],
        };
        for &(id, value) in &events {
            if id == chooser {
                stands = value as usize;
            } else if value == 1.0 && id == next {
                stands = held.next(stands);
            } else if value == 1.0 {
                stands = held.previous(stands);
            }
        }
        playing.block(&QUIET, &events);
        if held.impulse(stands).is_some() {
            plays = stands;
        }
        assert_eq!(rig.shown("Impulse"), held.name(stands), "after {from}");
        let (at, height) = rung_out(&mut playing);
        if let Some(late) = user(plays) {
            assert_eq!(at, late, "slot {stands} after {from}");
            assert!((height - 0.5).abs() < 1e-4, "{height}");
        } else if let Some((_, wanted)) = answers.iter().find(|(slot, _)| *slot == plays) {
            assert_eq!((at, height), *wanted, "slot {stands} after {from}");
        }
        if step % 10 == 9 {
            let session = rig.save();
            rig.stop(playing);
            rig = new();
            assert!(rig.load(&session));
            assert_eq!(rig.save(), session);
            assert_eq!(rig.shown("Impulse"), held.name(stands));
            playing = rig.play((2, 2), 48_000.0, 64);
            assert_eq!(rig.save(), session, "loaded");
        }
    }
    rig.stop(playing);
}

#[test]
fn buttons_move_the_chooser_and_are_off_again() {
    let mut rig = Rig::new();
    let [next, previous] = ["Next impulse", "Previous impulse"].map(|name| rig.info(name).id);
    let chooser = rig.info("Impulse").id;
    let moved = |buttons: &[clack_host::utils::ClapId], slot: usize| {
        let off = buttons.iter().map(|button| Told::Is(*button, 0.0));
        off.chain([Told::Is(chooser, slot as f64)])
            .collect::<Vec<_>>()
    };
    // While it is not active: each is a press.
    assert_eq!(rig.flush(&[(next, 1.0)]), moved(&[next], 5));
    assert_eq!(rig.flush(&[(next, 1.0)]), moved(&[next], 6));
    assert_eq!(rig.flush(&[(next, 0.0)]), []);
    assert_eq!(
        rig.flush(&[(previous, 1.0), (previous, 0.0), (previous, 1.0)]),
        moved(&[previous], 4)
    );
    assert_eq!(rig.shown("Impulse"), "hall");
    // While it plays: held for some blocks it is pressed once.
    let mut playing = rig.play((2, 2), 48_000.0, 64);
    let press = |playing: &mut Playing, events: &[_]| {
        playing.block(&QUIET, events);
        std::mem::take(&mut playing.told)
    };
    for _ in 0..3 {
        assert_eq!(press(&mut playing, &[(next, 1.0)]), moved(&[next], 5));
        assert_eq!(
            (rig.shown("Impulse"), rig.value("Next impulse")),
            ("plate".into(), 0.0)
        );
    }
    assert_eq!(press(&mut playing, &[]), []);
    // Nothing to be let go of: the host knows that it is off.
    assert_eq!(press(&mut playing, &[(next, 1.0)]), moved(&[next], 6));
    // Three in one block, from where the chooser is in that block.
    let spring = rig.event("Impulse", "echo-ping-pong");
    let events = [
        spring,
        (previous, 1.0),
        (next, 0.0),
        (next, 1.0),
        (next, 0.0),
        (next, 1.0),
    ];
    assert_eq!(press(&mut playing, &events), moved(&[next, previous], 3));
    assert_eq!(press(&mut playing, &[(next, 0.4), (previous, 0.0)]), []);
    playing.modulated(&QUIET, next, 1.0);
    assert_eq!(rig.shown("Impulse"), "room");
    // It is in no session, and no session presses it.
    let mut session = json_of(&rig.save());
    assert_eq!(session["params"]["next_impulse"], json!({"bool": false}));
    session["params"]["next_impulse"] = json!({"bool": true});
    session["params"]["previous_impulse"] = json!({"f32": 1.0});
    rig.stop(playing);
    let mut other = Rig::new();
    assert!(other.load(&bytes_of(&session)));
    let mut playing = other.play((2, 2), 48_000.0, 64);
    assert_eq!(press(&mut playing, &[]), []);
    assert_eq!(
        (other.shown("Impulse"), other.value("Next impulse")),
        ("room".into(), 0.0)
    );
    other.stop(playing);
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

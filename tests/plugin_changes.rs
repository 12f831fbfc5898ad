//! What changes from outside while an instance plays: the impulse in an offline render, the host's rate and block length,
//! whole sessions from another thread.
#![cfg(feature = "plugin")]

#[path = "common/clap.rs"]
mod clap;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/room.rs"]
mod room;
#[path = "common/steps.rs"]
mod steps;
#[path = "common/vst3.rs"]
mod vst3_host;
#[path = "common/wavio.rs"]
mod wavio;

use clack_extensions::render::RenderMode;
use clap::{Playing, Rig};
use oracle::{Noise, error_db};
use partita::engine::mixer::Mix;
use partita::engine::{FADE_FRAMES, LEAD_FRAMES};
use partita::impulse::library;
use partita::impulse::shape::Shape;
use partita::loader::Source;
use partita::params::{Id, Slots, slots};
use partita::render::{Settings, Sound, Tail};
use room::Room;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use vst3_host::{Host, Moment, Queue, linked};

/// What is heard from a sample on: a factory impulse at a decay, by its name and in per cent.
type Heard = (usize, &'static str, f32);

/// What `partita render` makes of the rule of `engine/crossfade.rs`: each impulse gets its share of the sound.
fn ruled(x: &[Vec<f32>], heard: &[Heard], rate: u32) -> Vec<Vec<f64>> {
    let fade = (FADE_FRAMES as f64 * f64::from(rate) / 48_000.0) as usize;
    let rising = |from: usize, t: usize| match t.checked_sub(from + LEAD_FRAMES) {
        None => 0.0,
        Some(since) if since < fade => {
            0.5 - 0.5 * (std::f64::consts::PI * (since as f64 + 0.5) / fade as f64).cos()
        }
        Some(_) => 1.0,
    };
    let frames = x[0].len();
    let mut sum = vec![vec![0.0; frames]; 2];
    for (place, &(from, name, decay_percent)) in heard.iter().enumerate() {
        let weight = |t: usize| {
            let own = if place == 0 { 1.0 } else { rising(from, t) };
            let later = heard[place + 1..].iter();
            own * later.map(|next| 1.0 - rising(next.0, t)).product::<f64>()
        };
        let share = |x: &Vec<f32>| -> Vec<f64> {
            let weighed = x.iter().enumerate();
            weighed.map(|(t, &x)| f64::from(x) * weight(t)).collect()
        };
        let room = Room::new();
        let shares: Vec<_> = x.iter().map(share).collect();
        wavio::write(
            &room.path("in.wav"),
            rate,
            32,
            hound::SampleFormat::Float,
            &shares,
        );
        let impulse = library::find(name).expect("a factory impulse").load();
        let shape = Shape {
            decay_percent,
            ..Shape::default()
        };
        let source = Source::new(impulse.expect("loads"), &shape).expect("a shape");
        let settings = Settings {
            sound: Sound::Mixed(Mix::NEUTRAL),
            tail: Tail::None,
            ..Settings::default()
        };
        room.render(&source, &settings).expect("renders");
        let (_, part) = wavio::read(&room.path("out.wav"));
        for (sum, part) in sum.iter_mut().zip(part) {
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part;
            }
        }
    }
    sum
}

/// Takes `x` through it and sets parameters at the first block that does not begin before their sample. Tells where that was.
fn bounced(
    playing: &mut Playing,
    x: &[Vec<f32>],
    mut length: impl FnMut() -> usize,
    changes: &[(usize, (clack_host::utils::ClapId, f64))],
) -> (Vec<Vec<f32>>, Vec<usize>) {
    let (mut y, mut starts) = (vec![Vec::new(); 2], Vec::new());
    let mut from = 0;
    while from < x[0].len() {
        let to = x[0].len().min(from + length());
        let due = changes.get(starts.len()).filter(|(at, _)| *at <= from);
        let events: Vec<_> = due.map(|(_, event)| *event).into_iter().collect();
        if !events.is_empty() {
            starts.push(from);
        }
        for (y, more) in y
            .iter_mut()
            .zip(playing.block(&[&x[0][from..to], &x[1][from..to]], &events))
        {
            y.extend(more);
        }
        from = to;
    }
    (y, starts)
}

#[test]
fn an_offline_render_hears_a_change_at_its_block() {
    let mut noise = Noise::new(60);
    for (rate, block) in [(48_000, 64), (44_100, 441), (48_000, 0)] {
        let mut rig = Rig::new();
        rig.render(RenderMode::Offline);
        let begin = [rig.event("Mix", "100 %"), rig.event("Impulse", "room")];
        rig.flush(&begin);
        // A shape, too, and sooner after the last one than the loader makes them in real time.
        let changes = [
            (20_000, rig.event("Impulse", "plate")),
            (40_000, rig.event("Decay", "50 %")),
            (45_000, rig.event("Decay", "30 %")),
        ];
        let x = noise.channels(2, 80_000);
        let mut playing = rig.play((2, 2), f64::from(rate), 1024);
        let length = || match block {
            0 => noise.within(1, 1024),
            block => block,
        };
        let (y, starts) = bounced(&mut playing, &x, length, &changes);
        rig.stop(playing);
        let heard = [
            (0, "room", 0.0),
            (starts[0], "plate", 0.0),
            (starts[1], "plate", 50.0),
            (starts[2], "plate", 30.0),
        ];
        let error = error_db(&y, &ruled(&x, &heard, rate));
        println!("{rate} Hz, blocks of {block}: {error:.1} dB");
        assert!(
            error < -120.0,
            "{rate} Hz, blocks of {block}: {error:.1} dB"
        );
    }
}

/// What a VST3 host makes of `x` in blocks of 480, with another impulse from `at` on.
fn bounced_by_vst3(host: &Host, x: &[Vec<f32>], at: usize, name: &str) -> Vec<Vec<f32>> {
    let mut y = vec![Vec::new(); 2];
    for from in (0..x[0].len()).step_by(480) {
        let slot = Slots::of_factory(name).expect("a slot") as f64;
        let change = (from == at).then(|| Queue {
            id: host.id(Id::Impulse.parameter().name),
            points: vec![slot / (slots::COUNT - 1) as f64],
        });
        let moment = Moment {
            rolls: true,
            changes: change.into_iter().collect(),
            ..Moment::default()
        };
        let block = [0, 1].map(|channel: usize| x[channel][from..from + 480].to_vec());
        let block = host.block(block, moment, |process| process());
        for (y, more) in y.iter_mut().zip(block) {
            y.extend(more);
        }
    }
    y
}

#[test]
fn an_offline_render_of_a_vst3_hears_a_change_at_its_block_and_a_live_one_waits_for_nothing() {
    let mut noise = Noise::new(63);
    let x = noise.channels(2, 48_000);
    let host = Host::new(linked);
    let set = |name: &str, value: f64| host.set(name, value);
    let at_once = |y: &[Vec<f32>], name| {
        let heard = [(0, "room", 0.0), (24_000, name, 0.0)];
        error_db(y, &ruled(&x, &heard, 48_000))
    };
    let slot = |name: &str| Slots::of_factory(name).expect("a slot") as f64 / 1023.0;
    let mut late = 0;
    // The live ones come after a bounce, whose mode the framework would still have.
    for (offline, name) in [
        (true, "plate"),
        (true, "church"),
        (false, "spring"),
        (false, "chamber"),
        (false, "cathedral"),
        (true, "drum-room"),
    ] {
        set("Mix", 1.0);
        set("Impulse", slot("room"));
        host.render_offline(offline);
        host.setup(48_000.0, 480);
        host.start();
        let y = bounced_by_vst3(&host, &x, 24_000, name);
        host.stop();
        host.end();
        let error = at_once(&y, name);
        println!("{name}, offline {offline}: {error:.1} dB");
        assert!(!offline || error < -120.0, "{name}: {error:.1} dB");
        late += usize::from(!offline && error > -40.0);
    }
    // The loader may look between two blocks by chance, but not always.
    assert!(late > 0);
}

#[test]
fn in_real_time_nothing_waits_for_an_impulse() {
    let mut noise = Noise::new(61);
    let mut rig = Rig::new();
    let begin = [rig.event("Mix", "100 %"), rig.event("Impulse", "room")];
    rig.flush(&begin);
    let x = noise.channels(2, 20_000);
    // The loader may look between two blocks by chance, but not always.
    let mut late = 0;
    for name in ["plate", "spring", "chamber", "wood-room", "drum-room"] {
        let change = [(10_000, rig.event("Impulse", name))];
        let mut playing = rig.play((2, 2), 48_000.0, 64);
        let (y, starts) = bounced(&mut playing, &x, || 64, &change);
        rig.stop(playing);
        rig.flush(&begin);
        let at_once = [(0, "room", 0.0), (starts[0], name, 0.0)];
        late += usize::from(error_db(&y, &ruled(&x, &at_once, 48_000)) > -40.0);
    }
    assert!(late > 0);
}

#[test]
fn an_offline_render_hears_a_session_at_its_block() {
    let mut noise = Noise::new(62);
    let mut rig = Rig::new();
    rig.render(RenderMode::Offline);
    let wet = rig.event("Mix", "100 %");
    let spring = rig.event("Impulse", "spring");
    rig.flush(&[wet, spring]);
    let session = rig.save();
    let room = rig.event("Impulse", "room");
    rig.flush(&[room]);
    let x = noise.channels(2, 40_000);
    let halves = [0, 20_000].map(|from| -> Vec<Vec<f32>> {
        x.iter().map(|x| x[from..from + 20_000].to_vec()).collect()
    });
    let mut playing = rig.play((2, 2), 48_000.0, 480);
    let mut y = playing.run(&halves[0], || 480);
    assert!(rig.load(&session));
    for (y, more) in y.iter_mut().zip(playing.run(&halves[1], || 480)) {
        y.extend(more);
    }
    rig.stop(playing);
    let heard = [(0, "room", 0.0), (20_000, "spring", 0.0)];
    let error = error_db(&y, &ruled(&x, &heard, 48_000));
    println!("{error:.1} dB");
    assert!(error < -120.0, "{error:.1} dB");
}

#[test]
fn another_rate_and_another_block_length_keep_impulse_and_parameters() {
    let mut noise = Noise::new(63);
    let mut rig = Rig::new();
    let events = [
        ("Mix", "100 %"),
        ("Impulse", "plate"),
        ("Decay", "30 %"),
        ("Wet gain", "0 dB"),
    ];
    let events = events.map(|(name, text)| rig.event(name, text));
    rig.flush(&events);
    // As soon as it knows what it plays, that is in the session.
    let playing = rig.play((2, 2), 48_000.0, 64);
    rig.stop(playing);
    let kept = rig.save();
    for (rate, longest) in [
        (44_100, 1),
        (96_000, 4096),
        (48_000, 64),
        (48_000, 65_536),
        (192_000, 333),
        (44_100, 1024),
    ] {
        let x = noise.channels(2, 30_000);
        let mut playing = rig.play((2, 2), f64::from(rate), longest);
        let y = playing.run(&x, || longest as usize);
        rig.stop(playing);
        assert!(rig.save() == kept, "{rate} Hz, {longest}");
        let error = error_db(&y, &ruled(&x, &[(0, "plate", 30.0)], rate));
        println!("{rate} Hz, blocks of {longest}: {error:.1} dB");
        assert!(error < -120.0, "{rate} Hz, {longest}: {error:.1} dB");
    }
}

#[test]
fn sessions_from_another_thread_while_it_plays_are_heard_without_a_step() {
    let mut rig = Rig::new();
    let sessions: Vec<Vec<u8>> = [
        [
            ("Impulse", "telephone"),
            ("Output gain", "0 dB"),
            ("Size", "100 %"),
        ],
        [
            ("Impulse", "guitar-cabinet"),
            ("Output gain", "-6 dB"),
            ("Size", "80 %"),
        ],
        [
            ("Impulse", "telephone"),
            ("Output gain", "-3 dB"),
            ("Size", "120 %"),
        ],
    ]
    .iter()
    .map(|settings| {
        let mut one = Rig::new();
        let events = settings.map(|(name, text)| one.event(name, text));
        let wet = one.event("Mix", "100 %");
        one.flush(&events);
        one.flush(&[wet]);
        // It plays for a moment, so that the session refers to its impulse.
        let playing = one.play((2, 2), 48_000.0, 64);
        one.stop(playing);
        one.save()
    })
    .collect();
    assert!(rig.load(&sessions[0]));
    let playing = rig.play((2, 2), 48_000.0, 64);
    let ended = AtomicBool::new(false);
    let seconds = 4;
    let sine = steps::sine(seconds * steps::RATE as usize, 0.0);
    let half: Vec<f32> = sine.iter().map(|x| 0.25 * x).collect();
    let (playing, y) = thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let mut playing = playing;
            let begun = Instant::now();
            let mut y = Vec::new();
            for (block, x) in half.chunks(64).enumerate() {
                // By the clock, as a sound card would.
                let due = Duration::from_secs_f64(block as f64 * 64.0 / 48_000.0);
                thread::sleep(due.saturating_sub(begun.elapsed()));
                y.extend(playing.block(&[x, x], &[])[0].iter().copied());
            }
            ended.store(true, Ordering::Release);
            (playing, y)
        });
        let mut at = 0;
        while !ended.load(Ordering::Acquire) {
            at += 1;
            // Now and then one that is broken.
            let session = &sessions[at % 3];
            if at % 5 == 0 {
                assert!(!rig.load(&session[..session.len() / 2]));
            } else {
                assert!(rig.load(session));
            }
            thread::sleep(Duration::from_millis([10, 40, 250][at % 3]));
        }
        audio.join().expect("no panic")
    });
    rig.stop(playing);
    // The sine's own beginning is a bend, and so is its end.
    let steady = &y[4_800..];
    let steps = steps::steps_db(steady);
    println!("{steps:.1} dBFS");
    assert!(steps < -80.0, "{steps:.1} dBFS");
    // And they were heard: it is not one steady sine.
    let peaks = steady
        .chunks(4_800)
        .map(|part| part.iter().fold(0.0_f32, |a, x| a.max(x.abs())));
    let (low, high) = peaks.fold((1.0_f32, 0.0_f32), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    assert!(high > 1.2 * low && low > 0.0, "{low} to {high}");
}

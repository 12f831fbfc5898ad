//! The plugin as a CLAP host has it.
#![cfg(feature = "plugin")]

#[path = "common/bare.rs"]
mod bare;
#[path = "common/clap.rs"]
mod clap;
#[path = "common/oracle.rs"]
mod oracle;

use bare::{expected, frames_of, wide};
use clack_extensions::params::ParamInfoFlags;
use clack_host::utils::ClapId;
use clap::{Playing, Rig};
use oracle::{Noise, error_db};
use partita::params::{BUTTONS, Id, Slots, TABLE};
use std::time::{Duration, Instant};

#[test]
fn it_says_what_it_is() {
    let entry = clap::entry();
    let factory = entry.get_plugin_factory().expect("a factory");
    let descriptors: Vec<_> = factory.plugin_descriptors().collect();
    assert_eq!(descriptors.len(), 1);
    assert_eq!(descriptors[0].id(), Some(clap::ID));
    assert_eq!(descriptors[0].name(), Some(c"Partita"));
    let features: Vec<_> = descriptors[0].features().map(|f| f.to_str()).collect();
    let wanted = ["audio-effect", "reverb", "delay", "stereo", "mono"];
    assert_eq!(features, wanted.map(Ok));

    let mut rig = Rig::new();
    assert_eq!(rig.layouts(), [(2, 2), (1, 2), (1, 1)]);
    assert_eq!(rig.latency(), 0);
    assert_eq!(rig.infos.len(), TABLE.len() + BUTTONS.len());
    for (info, button) in rig.infos[TABLE.len()..].iter().zip(&BUTTONS) {
        assert_eq!(
            (info.name.as_str(), info.group.as_str()),
            (button.name, "Impulse")
        );
        assert_eq!((info.default, info.max), (0.0, 1.0));
        assert!(info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE));
    }
    for (place, parameter) in TABLE.iter().enumerate() {
        let info = rig.infos[place].clone();
        assert_eq!(
            (info.name.as_str(), info.group.as_str()),
            (parameter.name, parameter.group.name())
        );
        let default = parameter.text(parameter.default, &Slots::FACTORY_ONLY);
        assert_eq!(rig.text_of(&info.name, info.default), default);
        assert_eq!(rig.shown(&info.name), default);
        let bypass = info.flags.contains(ParamInfoFlags::IS_BYPASS);
        assert_eq!(bypass, parameter.id == Id::Bypass);
        assert!(info.flags.contains(ParamInfoFlags::IS_AUTOMATABLE));
        // Twice there and back, as hosts do it.
        for step in 0..=8 {
            let value = info.max * f64::from(step) / 8.0;
            let text = rig.text_of(&info.name, value);
            let back = rig.value_of(&info.name, &text).expect("its own text");
            assert_eq!(rig.text_of(&info.name, back), text, "{}", info.name);
        }
    }
    assert!(
        rig.info("Impulse")
            .flags
            .contains(ParamInfoFlags::IS_STEPPED)
    );
    assert_eq!(
        rig.value_of("Pre-delay", "0.25 s"),
        rig.value_of("Pre-delay", "250 ms")
    );
    assert_eq!(rig.value_of("Mix", "loud"), None);
}

#[test]
fn it_plays_what_the_engine_plays_in_every_layout_at_any_block_length() {
    let mut noise = Noise::new(40);
    for (inputs, outputs, name) in [
        (2, 2, "hall"),
        (1, 2, "plate"),
        (1, 1, "room"),
        (1, 2, "echo-two-spikes"),
    ] {
        for rate in [44_100, 48_000, 96_000] {
            let mut rig = Rig::new();
            let impulse = rig.event("Impulse", name);
            rig.flush(&[impulse]);
            let x = noise.channels(inputs, 40_000);
            let mut playing = rig.play((inputs, outputs), f64::from(rate), 1024);
            let y = playing.run(&x, || match noise.within(0, 5) {
                0 => 1,
                1 => 1024,
                _ => noise.within(1, 1024),
            });
            rig.stop(playing);
            let want = expected(name, &x, outputs, rate);
            let error = error_db(&y, &wide(&want));
            assert!(
                error < -120.0,
                "{name} {inputs}→{outputs} at {rate}: {error:.1} dB"
            );
        }
    }
}

#[test]
fn it_can_be_activated_again_and_again() {
    let mut noise = Noise::new(41);
    let x = noise.channels(2, 5000);
    let mut rig = Rig::new();
    let mut first: Option<Vec<Vec<f32>>> = None;
    for cycle in 0..6 {
        let (rate, longest) = [(48_000.0, 64), (44_100.0, 4096), (48_000.0, 1)][cycle % 3];
        let mut playing = rig.play((2, 2), rate, longest);
        let y = playing.run(&x, || longest as usize);
        rig.stop(playing);
        assert_eq!(rig.latency(), 0);
        if rate == 48_000.0 {
            let first = first.get_or_insert(y.clone());
            let error = error_db(&y, &wide(first));
            assert!(error < -120.0, "cycle {cycle}: {error:.1} dB");
        }
    }
    let mut playing = rig.play((2, 2), 48_000.0, 512);
    let once = playing.run(&x, || 512);
    playing.reset();
    assert!(playing.run(&x, || 512) == once, "a reset leaves it as new");
    rig.stop(playing);
}

#[test]
fn the_tail_is_right_from_the_first_block_on_and_after_every_change() {
    let mut rig = Rig::new();
    let predelay = rig.event("Pre-delay", "100 ms");
    let note = rig.event("Pre-delay note", "1/8");
    let mut playing = rig.play((2, 2), 48_000.0, 64);
    let silence = [0.0; 64];
    let block = [&silence[..], &silence[..]];
    let hall = frames_of("hall", 48_000) - 1;
    assert_eq!(playing.tail(), hall, "before the first block");
    playing.block(&block, &[]);
    assert_eq!((playing.tail(), rig.new_tails()), (hall, 1));
    playing.block(&block, &[]);
    assert_eq!((playing.tail(), rig.new_tails()), (hall, 0));
    playing.block(&block, &[predelay]);
    assert_eq!((playing.tail(), rig.new_tails()), (hall + 4800, 1));
    playing.restart();
    assert_eq!(playing.tail(), hall + 4800, "after a stop");
    playing.block(&block, &[note]);
    assert_eq!(
        playing.tail(),
        hall + 12_000,
        "120 beats a minute where the host has none"
    );
    playing.tempo = Some(100.0);
    playing.block(&block, &[]);
    assert_eq!((playing.tail(), rig.new_tails()), (hall + 14_400, 2));
    // To a shorter one: the hall rings out, and then the host is told once.
    let room = rig.event("Impulse", "room");
    let no_note = rig.event("Pre-delay note", "off");
    playing.block(&block, &[room, no_note]);
    rig.new_tails();
    let short = frames_of("room", 48_000) - 1 + 4800;
    let begun = Instant::now();
    let (mut before, mut told) = (playing.tail(), 0);
    while playing.tail() != short {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{}",
            playing.tail()
        );
        playing.block(&block, &[]);
        told += rig.new_tails();
        assert!(playing.tail() <= before, "it falls");
        before = playing.tail();
    }
    playing.block(&block, &[]);
    assert_eq!(told + rig.new_tails(), 1);
    rig.stop(playing);
    let mut playing = rig.play((2, 2), 96_000.0, 64);
    assert_eq!(playing.tail(), frames_of("room", 96_000) - 1 + 9600);
    rig.stop(playing);
}

#[test]
fn nothing_sounds_after_the_tail() {
    let mut rig = Rig::new();
    let impulse = rig.event("Impulse", "room");
    let predelay = rig.event("Pre-delay", "50 ms");
    rig.flush(&[impulse, predelay]);
    let mut playing = rig.play((2, 2), 48_000.0, 512);
    let mut noise = Noise::new(42);
    playing.run(&noise.channels(2, 5000), || 512);
    let tail = playing.tail() as usize;
    let y = playing.run(&vec![vec![0.0; tail + 4000]; 2], || 512);
    assert!(
        y.iter()
            .any(|y| y[tail - 200..tail].iter().any(|y| *y != 0.0))
    );
    let peak = y
        .iter()
        .flat_map(|y| &y[tail..])
        .fold(0.0_f32, |peak, y| peak.max(y.abs()));
    // Each sample left of the impulse is 120 dB below its peak; 5000 of them and a transform's rounding add up to this.
    assert!(peak < 1e-5, "{peak}");
    rig.stop(playing);
}

#[test]
fn parameters_change_from_the_host_and_from_a_session() {
    let mut rig = Rig::new();
    let events = [
        rig.event("Mix", "75 %"),
        rig.event("Wet gain", "-6 dB"),
        rig.event("High cut", "5 kHz"),
        rig.event("Bypass", "on"),
        rig.event("Impulse", "spring"),
        rig.event("Decay time 8 kHz", "50 %"),
    ];
    let texts = ["75 %", "-6 dB", "5 kHz", "on", "spring", "50 %"];
    let names = [
        "Mix",
        "Wet gain",
        "High cut",
        "Bypass",
        "Impulse",
        "Decay time 8 kHz",
    ];
    // Not active; active; from a session.
    rig.flush(&events[..2]);
    assert_eq!(
        (rig.shown("Mix"), rig.shown("Wet gain")),
        ("75 %".into(), "-6 dB".into())
    );
    let mut playing = rig.play((2, 2), 48_000.0, 64);
    playing.block(&[&[0.0; 64], &[0.0; 64]], &events[2..]);
    for (name, text) in names.iter().zip(texts) {
        assert_eq!(rig.shown(name), text);
    }
    rig.stop(playing);
    let session = rig.save();
    let mut other = Rig::new();
    let mut playing = other.play((2, 2), 48_000.0, 64);
    assert!(other.load(&session), "while it plays");
    playing.block(&[&[0.0; 64], &[0.0; 64]], &[]);
    for (name, text) in names.iter().zip(texts) {
        assert_eq!(other.shown(name), text);
    }
    assert_eq!(other.save(), session);
    for broken in [
        &b""[..],
        b"garbage that is no state",
        &session[..session.len() / 2],
    ] {
        assert!(!other.load(broken));
        assert_eq!(other.save(), session);
    }
    other.stop(playing);
}

#[test]
fn what_the_host_automates_and_modulates_calls_nobody() {
    for mut rig in [Rig::new(), Rig::of_taciturn(&clap::entry())] {
        let mut playing = rig.play((2, 2), 48_000.0, 64);
        let (mix, value) = rig.event("Mix", "50 %");
        let silence: &[&[f32]] = &[&[0.0; 64], &[0.0; 64]];
        rig.call_back();
        // On a thread of its own, as in hosts: on the main thread nobody would have to be called.
        let block = |playing: &mut Playing, events: &[(ClapId, f64)]| {
            std::thread::scope(|scope| {
                let audio = scope.spawn(|| playing.block(silence, events));
                drop(audio.join().expect("no panic"));
            });
        };
        let modulated = |playing: &mut Playing, amount| {
            std::thread::scope(|scope| {
                let audio = scope.spawn(|| playing.modulated(silence, mix, amount));
                drop(audio.join().expect("no panic"));
            });
        };
        // The last of a block is the one that stays.
        block(&mut playing, &[(mix, 0.9), (mix, f64::NAN), (mix, value)]);
        assert_eq!(rig.shown("Mix"), "50 %");
        let (impulse, slot) = rig.event("Impulse", "spring");
        block(&mut playing, &[(impulse, slot), (ClapId::new(1), 0.5)]);
        assert_eq!(rig.shown("Impulse"), "spring");
        // The knob of the mix is straight: a quarter of its travel.
        modulated(&mut playing, 0.25);
        assert_eq!(rig.shown("Mix"), "75 %");
        block(&mut playing, &[(mix, 0.1)]);
        assert_eq!(rig.shown("Mix"), "35 %");
        modulated(&mut playing, f64::INFINITY);
        modulated(&mut playing, 0.0);
        assert_eq!(rig.shown("Mix"), "10 %");
        assert!(!rig.call_back(), "the host's main thread was asked for");
        assert_eq!(playing.told, [], "it is the host's own doing");
        rig.stop(playing);
        assert_eq!(rig.flush(&[(mix, value)]), []);
        assert_eq!(rig.shown("Mix"), "50 %");
        let count = rig.infos.len() as u32;
        assert!(rig.has_info(count - 1) && !rig.has_info(count) && !rig.has_info(u32::MAX));
    }
}

#[test]
fn numbers_that_no_parameter_may_be_do_no_harm() {
    let mut rig = Rig::new();
    let session = String::from_utf8(rig.save()[8..].to_vec()).expect("JSON after its length");
    let hostile = session
        .replace("\"mix\":{\"f32\":30.0}", "\"mix\":{\"f32\":1e30}")
        .replace("\"size\":{\"f32\":100.0}", "\"size\":{\"f32\":-1e30}")
        .replace("\"impulse\":{\"i32\":4}", "\"impulse\":{\"i32\":-99999}");
    assert_ne!(hostile, session, "{session}");
    let mut bytes = (hostile.len() as u64).to_le_bytes().to_vec();
    bytes.extend(hostile.as_bytes());
    assert!(rig.load(&bytes));
    let mut playing = rig.play((2, 2), 48_000.0, 512);
    let y = playing.run(&Noise::new(43).channels(2, 10_000), || 512);
    assert!(y.iter().flatten().all(|y| y.abs() < 100.0));
    rig.stop(playing);
}

#[test]
fn bypass_passes_the_dry_and_lets_the_tail_ring_out() {
    let mut rig = Rig::new();
    let mix = rig.event("Mix", "100 %");
    let bypass = rig.event("Bypass", "on");
    rig.flush(&[mix]);
    let mut noise = Noise::new(44);
    let mut playing = rig.play((2, 2), 48_000.0, 480);
    playing.run(&noise.channels(2, 48_000), || 480);
    let silence = vec![vec![0.0; 48_000]; 2];
    playing.block(&[&[0.0; 480], &[0.0; 480]], &[bypass]);
    let tail = playing.run(&silence, || 480);
    let power = |y: &[f32]| y.iter().map(|y| f64::from(*y).powi(2)).sum::<f64>();
    assert!(power(&tail[0][..4800]) > 1e-3, "the tail is heard");
    assert!(
        power(&tail[0][43_200..]) < 0.1 * power(&tail[0][..4800]),
        "and falls"
    );
    playing.run(&vec![vec![0.0; 400_000]; 2], || 480);
    let x = noise.channels(2, 9600);
    let y = playing.run(&x, || 480);
    let error = error_db(&y, &wide(&x));
    assert!(error < -120.0, "nothing but the dry: {error:.1} dB");
    rig.stop(playing);
}

#[test]
fn two_instances_do_not_hear_each_other_and_any_order_of_ending_is_fine() {
    let mut noise = Noise::new(45);
    let (a, b) = (noise.channels(2, 20_000), noise.channels(2, 20_000));
    let alone = |impulse: &str, x: &[Vec<f32>]| {
        let mut rig = Rig::new();
        let event = rig.event("Impulse", impulse);
        rig.flush(&[event]);
        let mut playing = rig.play((2, 2), 48_000.0, 256);
        let y = playing.run(x, || 256);
        rig.stop(playing);
        y
    };
    let mut rigs = [Rig::new(), Rig::new()];
    let mut playing: Vec<_> = ["hall", "spring"]
        .iter()
        .zip(&mut rigs)
        .map(|(name, rig)| {
            let event = rig.event("Impulse", name);
            rig.flush(&[event]);
            rig.play((2, 2), 48_000.0, 256)
        })
        .collect();
    let mut out = vec![vec![Vec::new(); 2]; 2];
    for from in (0..20_000).step_by(250) {
        for (index, x) in [&a, &b].into_iter().enumerate() {
            let block = [&x[0][from..from + 250], &x[1][from..from + 250]];
            let y = playing[index].block(&block, &[]);
            for (out, y) in out[index].iter_mut().zip(y) {
                out.extend(y);
            }
        }
    }
    for (out, (name, x)) in out.iter().zip([("hall", &a), ("spring", &b)]) {
        let error = error_db(out, &wide(&alone(name, x)));
        assert!(error < -120.0, "{name}: {error:.1} dB");
    }
    let [mut first, mut second] = rigs;
    second.stop(playing.pop().expect("the second"));
    first.stop(playing.pop().expect("the first"));
    drop(first);
    // The second still works when the first has gone, and can go at once after it was made anew.
    let playing = second.play((2, 2), 44_100.0, 64);
    second.stop(playing);
    drop(second);
    for _ in 0..5 {
        let mut rig = Rig::new();
        let playing = rig.play((1, 2), 48_000.0, 64);
        rig.stop(playing);
    }
}

#[test]
fn anything_automated_at_random_stays_sound() {
    let mut noise = Noise::new(46);
    let mut rig = Rig::new();
    let infos = rig.infos.clone();
    let x = noise.channels(2, 2048);
    let mut playing = rig.play((2, 2), 48_000.0, 2048);
    for _ in 0..600 {
        let events: Vec<_> = (0..noise.within(0, 8))
            .map(|_| {
                let info = &infos[noise.within(0, infos.len() - 1)];
                let at = noise.within(0, 1000) as f64 / 1000.0;
                (
                    info.id,
                    (info.max * at)
                        .round()
                        .max(info.max * at * f64::from(u8::from(info.max == 1.0))),
                )
            })
            .collect();
        let frames = noise.within(1, 600);
        // Full, as faint as f32 goes, or nothing.
        let scale = [1.0, f32::MIN_POSITIVE, 0.0][noise.within(0, 2)];
        let x: Vec<Vec<f32>> = x
            .iter()
            .map(|x| x[..frames].iter().map(|x| x * scale).collect())
            .collect();
        let y = playing.block(&[&x[0], &x[1]], &events);
        let good = |y: &f32| y.abs() < 1e4 && !y.is_subnormal();
        assert!(y.iter().flatten().all(good));
    }
    rig.stop(playing);
}

/// Plays silence until the tail is `frames`, that is until the impulse has come and all before it has ended.
fn until_tail(playing: &mut Playing, frames: u32) {
    let started = Instant::now();
    while playing.tail() != frames {
        let waited = started.elapsed();
        assert!(
            waited < Duration::from_secs(20),
            "the tail is {} after {waited:?}",
            playing.tail()
        );
        playing.run(&[vec![0.0; 4800], vec![0.0; 4800]], || 480);
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_impulse_and_its_shape_change_while_it_plays() {
    let mut noise = Noise::new(47);
    let mut rig = Rig::new();
    let spring = rig.event("Impulse", "spring");
    let half = rig.event("Size", "50 %");
    let empty = rig.event("Impulse", "1000");
    let mut playing = rig.play((2, 2), 48_000.0, 480);
    playing.run(&noise.channels(2, 9600), || 480);
    playing.block(&[&[0.0; 480], &[0.0; 480]], &[spring]);
    until_tail(&mut playing, frames_of("spring", 48_000) - 1);
    // The fade of 30 ms is over, and so is everything of the hall.
    playing.run(&vec![vec![0.0; 480_000]; 2], || 480);
    let x = noise.channels(2, 30_000);
    let y = playing.run(&x, || 480);
    let error = error_db(&y, &wide(&expected("spring", &x, 2, 48_000)));
    assert!(error < -110.0, "{error:.1} dB");
    // An empty slot leaves what plays.
    playing.run(&vec![vec![0.0; 480_000]; 2], || 480);
    playing.block(&[&[0.0; 480], &[0.0; 480]], &[empty]);
    std::thread::sleep(Duration::from_millis(100));
    playing.block(&[&[0.0; 480], &[0.0; 480]], &[]);
    assert_eq!(playing.tail(), frames_of("spring", 48_000) - 1);
    playing.block(&[&[0.0; 480], &[0.0; 480]], &[spring, half]);
    let started = Instant::now();
    while playing.tail() > frames_of("spring", 48_000) * 3 / 5 {
        assert!(started.elapsed() < Duration::from_secs(20));
        playing.run(&[vec![0.0; 4800], vec![0.0; 4800]], || 480);
        std::thread::sleep(Duration::from_millis(1));
    }
    rig.stop(playing);
    // What was asked for while it was not active is there at the first block: no loader is waited for.
    let plate = rig.event("Impulse", "plate");
    let whole = rig.event("Size", "100 %");
    rig.flush(&[plate, whole]);
    let mut playing = rig.play((2, 2), 48_000.0, 480);
    playing.block(&[&[0.0; 480], &[0.0; 480]], &[]);
    assert_eq!(playing.tail(), frames_of("plate", 48_000) - 1);
    rig.stop(playing);
}

#[test]
fn an_instance_may_end_while_its_impulse_is_being_made() {
    for round in 0..12 {
        let mut rig = Rig::new();
        let impulse = rig.event("Impulse", ["hall", "plate", "spring"][round % 3]);
        let size = rig.event("Size", ["400 %", "399 %", "398 %", "397 %"][round % 4]);
        let damping = rig.event("Decay time 1 kHz", "90 %");
        let mut playing = rig.play((2, 2), 48_000.0, 64);
        playing.block(&[&[0.5; 64], &[0.5; 64]], &[impulse, size, damping]);
        // At once, or in the middle of it.
        std::thread::sleep(Duration::from_millis(7 * round as u64));
        rig.stop(playing);
        drop(rig);
    }
}

//! Echoes are spikes where they were asked for: exact on a sample, band-limited between two, the same every time.

#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/wav.rs"]
mod wav;

use oracle::{Noise, direct, engine, error_db, play};
use partita::engine::{Block, OfflineConvolver, Routing};
use partita::impulse::Layout;
use partita::impulse::echo::{
    Echo, EchoError, Feedback, Feel, Image, Note, Polarity, Preset, Sides, Tap, Time,
};
use partita::impulse::shape::Shape;
use partita::loader::Source;
use proptest::prelude::*;
use std::f64::consts::PI;
use wav::{level_db, response};

fn taps(texts: &[&str]) -> Echo {
    Echo {
        taps: texts.iter().map(|text| text.parse().unwrap()).collect(),
        ..Echo::default()
    }
}

fn spikes(samples: &[f32]) -> Vec<(usize, f32)> {
    let samples = samples.iter().copied().enumerate();
    samples.filter(|(_, x)| *x != 0.0).collect()
}

#[test]
fn two_spikes_are_the_sound_and_its_delayed_copy() {
    let impulse = taps(&["0ms", "250ms,-6dB"]).build(48_000, 120.0).unwrap();
    let gain = 10_f64.powf(-0.3) as f32;
    assert_eq!(impulse.layout, Layout::Mono);
    assert_eq!(spikes(&impulse.channels[0]), [(0, 1.0), (12_000, gain)]);
    assert_eq!(impulse.frames(), 12_001);

    let frames = 40_000;
    let x = Noise::new(1).samples(frames);
    let copied: Vec<f64> = (0..frames)
        .map(|n| {
            let echo = n.checked_sub(12_000).map_or(0.0, |n| f64::from(x[n]));
            f64::from(x[n]) + f64::from(gain) * echo
        })
        .collect();
    // By the definition, exactly: the other 11 999 products are zeros.
    assert!(direct(&x, &impulse.channels[0], frames) == copied);

    // The engine and the offline convolver work in blocks, by transforms in f32. Their bound is −120 dB.
    let mut heard = engine(&Routing::mono(), &impulse.channels);
    let mut blocks = Noise::new(2);
    let heard = play(&mut heard, std::slice::from_ref(&x), 1, || {
        blocks.within(1, 700)
    });
    let error = error_db(&heard, std::slice::from_ref(&copied));
    println!("engine: {error:.1} dB");
    assert!(error < -120.0, "{error} dB");

    let mut offline = OfflineConvolver::new(&Routing::mono(), &[&impulse.channels[0]]).unwrap();
    let mut out = vec![0.0_f32; frames];
    offline.process(&mut Block::new(&[&x], &mut [&mut out]));
    let error = error_db(&[out], &[copied]);
    println!("offline: {error:.1} dB");
    assert!(error < -120.0, "{error} dB");
}

#[test]
fn between_two_samples_it_is_an_ideal_delay() {
    let mut worst = f64::NEG_INFINITY;
    for rate in [44_100, 48_000, 96_000] {
        for samples in [64.5, 100.01, 999.25, 1_000.5, 4_321.87, 10_000.333] {
            let time = Time::Ms(samples / f64::from(rate) * 1000.0);
            let echo = Echo {
                taps: vec![Tap::new(time, 0.0)],
                ..Echo::default()
            };
            let spike = echo.build(rate, 120.0).unwrap().channels.remove(0);
            for step in 0..=46 {
                let hz = f64::from(step) / 100.0 * f64::from(rate);
                let (re, im) = response(&spike, hz, rate);
                let angle = -2.0 * PI * hz / f64::from(rate) * samples;
                let error = (re - angle.cos()).hypot(im - angle.sin());
                worst = worst.max(20.0 * error.log10());
            }
        }
    }
    println!("worst: {worst:.1} dB");
    // As `spike` derives it from its window.
    assert!(worst < -110.0, "{worst} dB");
}

#[test]
fn with_little_room_before_it_the_spike_is_shorter_and_nothing_is_early() {
    for samples in [0.25, 0.5, 1.5, 7.75, 31.5] {
        let time = Time::Ms(samples / 48.0);
        let echo = Echo {
            taps: vec![Tap::new(time, 0.0)],
            ..Echo::default()
        };
        let spike = echo.build(48_000, 120.0).unwrap().channels.remove(0);
        let mass: f32 = spike.iter().sum();
        assert!((mass - 1.0).abs() < 1e-6, "{samples}: {mass}");
        let centre = spike
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .unwrap()
            .0;
        assert!(
            (centre as f64 - samples).abs() <= 0.76,
            "{samples}: {centre}"
        );
    }
}

#[test]
fn notes_are_as_long_as_the_tempo_says() {
    let at = |text: &str, tempo| {
        let impulse = taps(&[text]).build(48_000, tempo).unwrap();
        assert_eq!(spikes(&impulse.channels[0]).len(), 1, "{text}");
        impulse.frames() - 1
    };
    assert_eq!(at("1/4", 120.0), 24_000);
    assert_eq!(at("1/8d", 120.0), 18_000);
    assert_eq!(at("1/8t", 120.0), 8_000);
    assert_eq!(at("3/16", 120.0), 18_000);
    assert_eq!(at("1/1", 60.0), 192_000);
    assert_eq!(at("0.25s", 77.0), 12_000);
}

#[test]
fn feedback_repeats_the_row() {
    let mut echo = taps(&["100ms", "150ms,-6dB,invert"]);
    echo.feedback = "200ms,-3dB,times=2,invert".parse().unwrap();
    let found = spikes(&echo.build(10_000, 120.0).unwrap().channels[0]);
    let gain = |db: f64| 10_f64.powf(db / 20.0) as f32;
    let wanted = [
        (1_000, 1.0),
        (1_500, -gain(-6.0)),
        (3_000, -gain(-3.0)),
        (3_500, gain(-9.0)),
        (5_000, gain(-6.0)),
        (5_500, -gain(-12.0)),
    ];
    assert_eq!(found, wanted);
    // A cut in the loop is passed once more by each repeat.
    let mut echo = taps(&["100ms"]);
    echo.feedback = "100ms,0dB,times=3,high=2kHz".parse().unwrap();
    let dull = echo.build(48_000, 120.0).unwrap().channels.remove(0);
    for generation in 0..4_usize {
        let from = 4_800 * (generation + 1);
        let part = &dull[from..(from + 4_000).min(dull.len())];
        let level = level_db(part, 2_000.0, 48_000);
        assert!(
            (level + 3.0103 * generation as f64).abs() < 0.01,
            "{generation}: {level} dB"
        );
    }
}

#[test]
fn a_pan_moves_the_sound_over_with_its_power() {
    for pan in [-100.0, -99.0, -50.0, -1.0, 0.0, 30.0, 70.0, 100.0_f32] {
        let echo = |image| Echo {
            taps: vec![Tap {
                pan_percent: pan,
                ..Tap::new(Time::Ms(10.0), 0.0)
            }],
            image,
            ..Echo::default()
        };
        let all = echo(Image::TrueStereo).build(48_000, 120.0).unwrap();
        let [ll, lr, rl, rr] = [0, 1, 2, 3].map(|path| f64::from(all.channels[path][480]));
        let power = (ll + rl).powi(2) + (lr + rr).powi(2);
        assert!((power - 2.0).abs() < 1e-6, "{pan}: {power}");
        let sides = echo(Image::Stereo).build(48_000, 120.0).unwrap();
        let [l, r] = [0, 1].map(|side| f64::from(sides.channels[side][480]));
        assert!((l * l + r * r - 2.0).abs() < 1e-6, "{pan}: {l} {r}");
        match pan {
            0.0 => assert_eq!([ll, lr, rl, rr, l, r], [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]),
            -100.0 => assert!(lr == 0.0 && rr == 0.0 && r == 0.0 && ll == rl),
            100.0 => assert!(ll == 0.0 && rl == 0.0 && l == 0.0 && lr == rr),
            pan if pan < 0.0 => assert!(l > r && lr == 0.0 && rl > 0.0),
            _ => assert!(r > l && rl == 0.0 && lr > 0.0),
        }
    }
    let layout = |texts: &[&str]| taps(texts).build(48_000, 120.0).unwrap().layout;
    assert_eq!(layout(&["1ms,pan=C", "2ms,pan=L0"]), Layout::Mono);
    assert_eq!(layout(&["1ms", "2ms,pan=R1"]), Layout::TrueStereo);
}

#[test]
fn a_ping_pong_bounces_whatever_side_it_is_fed_from() {
    let impulse = Preset::PingPong.echo().build(48_000, 120.0).unwrap();
    let source = Source::new(impulse, &Shape::AS_IT_IS).unwrap();
    for fed in [0, 1] {
        let fitted = source.fit(2, 48_000).unwrap();
        let mut x = vec![vec![0.0; 130_000]; 2];
        x[fed][0] = 1.0;
        let mut heard = engine(&fitted.routing, &fitted.impulse.channels);
        let heard = play(&mut heard, &x, 2, || 512);
        for beat in 1..=5_usize {
            let (near, far) = ((beat + 1) % 2, beat % 2);
            let wanted = 10_f64.powf((-3.0 - 4.0 * (beat - 1) as f64) / 20.0) / 2_f64.sqrt();
            let is = f64::from(heard[near][24_000 * beat]);
            assert!(
                (is / wanted - 1.0).abs() < 1e-5,
                "{fed}, {beat}: {is} {wanted}"
            );
            assert!(heard[far][24_000 * beat].abs() < 1e-6);
        }
    }
}

#[test]
fn presets_have_their_character() {
    let build = |preset: Preset| preset.echo().build(48_000, 120.0).unwrap();
    for preset in Preset::ALL {
        let impulse = build(preset);
        assert_eq!(impulse, build(preset));
        assert_eq!(preset.name().parse::<Preset>().unwrap(), preset);
        assert!(
            impulse
                .channels
                .iter()
                .flatten()
                .all(|x| x.is_finite() && x.abs() < 1.0)
        );
        // The sound itself is not in it.
        assert!(
            impulse
                .channels
                .iter()
                .all(|channel| channel[..4_800].iter().all(|x| x.abs() < 1e-5))
        );
        println!(
            "{}: {:.3} s, {:?}",
            preset.name(),
            impulse.seconds(),
            impulse.layout
        );
    }
    let slap = build(Preset::Slap);
    let energy = |samples: &[f32]| samples.iter().map(|&x| f64::from(x * x)).sum::<f64>();
    assert!(energy(&slap.channels[0][5_280..]) > 0.999 * energy(&slap.channels[0]));
    let dotted = build(Preset::DottedEighth);
    let loudest = |samples: &[f32]| {
        samples
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
            .unwrap()
            .0
    };
    assert!(loudest(&dotted.channels[0]).abs_diff(18_000) < 5);
    assert_eq!(Preset::MultiTap.echo().taps.len(), 5);
    // Tape: each repeat has less above 4 kHz against 1 kHz than the one before, and less below 80 Hz.
    let tape = build(Preset::Tape).channels.remove(0);
    let tilt = |generation: usize, hz: f64| {
        let part = &tape[15_840 * (generation + 1)..15_840 * (generation + 2)];
        level_db(part, hz, 48_000) - level_db(part, 1_000.0, 48_000)
    };
    for generation in 1..8 {
        assert!(tilt(generation, 4_000.0) < tilt(generation - 1, 4_000.0) - 1.5);
        assert!(tilt(generation, 80.0) < tilt(generation - 1, 80.0) - 1.5);
    }
}

#[test]
fn diffusion_spreads_the_energy_and_keeps_it() {
    let spread = |percent: &str| {
        let text = format!("100ms,diffusion={percent}%");
        taps(&[&text])
            .build(48_000, 120.0)
            .unwrap()
            .channels
            .remove(0)
    };
    assert_eq!(spikes(&spread("0")), [(4_800, 1.0)]);
    let mut last = 0;
    for percent in ["5", "20", "50", "100"] {
        let burst = spread(percent);
        assert_eq!(burst, spread(percent));
        let energy: f64 = burst.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        assert!((energy - 1.0).abs() < 1e-6, "{percent} %: {energy}");
        assert!(burst[..4_800].iter().all(|x| *x == 0.0));
        let length = burst.len() - 4_800;
        assert!(
            length > last && length <= 2_880 + 64,
            "{percent} %: {length}"
        );
        last = length;
    }
    // Left and right are spread each its own way.
    let wide = taps(&["100ms,diffusion=50%,pan=L1"])
        .build(48_000, 120.0)
        .unwrap();
    assert_ne!(spikes(&wide.channels[0]).len(), 0);
    let places = |channel: usize| {
        spikes(&wide.channels[channel])
            .iter()
            .map(|(at, _)| *at)
            .collect::<Vec<_>>()
    };
    assert_ne!(places(0), places(3));
}

#[test]
fn what_is_typed_is_what_it_says() {
    let tap: Tap = " 1/8d, -6 dB , pan=l50,invert,low=100Hz,high=4kHz,diffusion=20%"
        .parse()
        .unwrap();
    let wanted = Tap {
        time: Time::Note(Note {
            numerator: 1,
            denominator: 8,
            feel: Feel::Dotted,
        }),
        gain_db: -6.0,
        pan_percent: -50.0,
        polarity: Polarity::Inverted,
        low_cut_hz: Some(100.0),
        high_cut_hz: Some(4_000.0),
        diffusion_percent: 20.0,
    };
    assert_eq!(tap, wanted);
    let feedback: Feedback = "250ms,times=3,swap".parse().unwrap();
    assert_eq!(
        (feedback.generations, feedback.sides, feedback.gain_db),
        (3, Sides::Swap, -6.0)
    );
    let saved = serde_json::to_string(&taps(&["1/4,pan=R100"])).unwrap();
    assert_eq!(
        serde_json::from_str::<Echo>(&saved).unwrap(),
        taps(&["1/4,pan=R100"])
    );

    let wrong = |text: &str| text.parse::<Tap>().unwrap_err().to_string();
    assert_eq!(
        wrong("250"),
        "expected a time such as 250ms, 0.25s, or a note: 1/4, 1/8d (dotted), 1/8t (triplet), got \"250\""
    );
    for text in [
        "", "ms", "1/0", "-", "1/4x", "NaNms", "infs", "ä/4", "1/ä", "99999/1",
    ] {
        assert!(wrong(text).starts_with("expected a time such as"), "{text}");
    }
    for text in [
        "1ms,6",
        "1ms,pan=X3",
        "1ms,pan=L101",
        "1ms,=",
        "1ms,high=4",
        "1ms,",
        "1ms,ädB",
        "1ms,diffusion=2",
    ] {
        assert!(
            wrong(text).starts_with("expected after the time any of -6dB, pan=L50"),
            "{text}"
        );
    }
}

#[test]
fn what_cannot_be_says_what_could() {
    let error = |echo: &Echo, rate, tempo| echo.build(rate, tempo).unwrap_err().to_string();
    assert!(error(&Echo::default(), 48_000, 120.0).contains("at least one tap"));
    let one = taps(&["1ms"]);
    assert!(error(&one, 0, 120.0).contains("a sample rate from 1000 to 1536000 Hz, got 0"));
    assert!(error(&one, 48_000, f64::NAN).contains("a tempo from 10 to 1000 BPM"));
    assert!(
        error(&taps(&["1ms", "-1ms"]), 48_000, 120.0).starts_with("tap 2: expected a time from 0")
    );
    assert!(error(&taps(&["1ms,200dB"]), 48_000, 120.0).contains("a gain from -120 to 24 dB"));
    let mut endless = taps(&["1ms"]);
    endless.feedback = "60s,times=65535".parse().unwrap();
    assert!(matches!(
        endless.build(48_000, 120.0),
        Err(EchoError::TooLong { .. })
    ));
    endless.taps.push(Tap::default());
    assert!(matches!(
        endless.build(48_000, 120.0),
        Err(EchoError::TooManySpikes { spikes: 131_072 })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_echo_is_an_impulse_or_an_error(
        taps in prop::collection::vec((0.0..400.0_f64, -130.0..30_f32, -110.0..110_f32, prop::option::of(5.0..30_000_f32), prop::option::of(5.0..30_000_f32), -5.0..110_f32), 0..5),
        loops in (0.0..200_f64, 0..6_u16, -30.0..1_f32, any::<bool>(), prop::option::of(10.0..22_000_f32)),
        rate in prop::sample::select(vec![1_000_u32, 8_000, 44_100, 48_000]),
        image in prop::sample::select(vec![Image::Auto, Image::Mono, Image::Stereo, Image::TrueStereo]),
    ) {
        let taps = taps.into_iter().map(|(ms, gain_db, pan_percent, low_cut_hz, high_cut_hz, diffusion_percent)| Tap {
            time: Time::Ms(ms), gain_db, pan_percent, polarity: Polarity::Inverted, low_cut_hz, high_cut_hz, diffusion_percent,
        });
        let echo = Echo {
            taps: taps.collect(),
            feedback: Feedback {
                time: Time::Ms(loops.0), generations: loops.1, gain_db: loops.2,
                sides: if loops.3 { Sides::Swap } else { Sides::Keep },
                high_cut_hz: loops.4, ..Feedback::default()
            },
            image,
        };
        if let Ok(impulse) = echo.build(rate, 120.0) {
            prop_assert!(impulse.frames() > 0);
            prop_assert!(impulse.channels.iter().all(|channel| channel.len() == impulse.frames()));
            prop_assert!(impulse.channels.iter().flatten().all(|x| x.is_finite()));
            prop_assert_eq!(&echo.build(rate, 120.0).unwrap(), &impulse);
        }
    }

    #[test]
    fn any_text_is_a_tap_or_an_error(text in ".{0,40}", rest in "[0-9msdB/,=%LRkHz.pan-]{0,30}") {
        let _ = text.parse::<Tap>();
        let _ = format!("1ms,{text}").parse::<Tap>();
        let _ = rest.parse::<Tap>();
        let _ = rest.parse::<Feedback>();
    }
}

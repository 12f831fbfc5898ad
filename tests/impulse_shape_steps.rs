//! Every step of a shape: nothing at its neutral value, to the bit; elsewhere what it promises; never a panic.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::filter::Slope;
use partita::impulse::shape::damping::BANDS;
use partita::impulse::shape::{
    Normalise, Shape, apply, cut, damping, early_late, energy, envelope, fade, onset, predelay,
    reverse, size, trim, width,
};
use partita::impulse::{ImpulseResponse, Layout};
use proptest::prelude::*;
use wav::{Random, impulse, level_db, mono, room};

const RATE: u32 = 48_000;

/// Any layout, any length from one sample, any colour of level.
fn impulses() -> impl Strategy<Value = ImpulseResponse> {
    let layouts = prop::sample::select(vec![
        (Layout::Mono, 1),
        (Layout::Stereo, 2),
        (Layout::TrueStereo, 4),
        (Layout::Matrix, 3),
        (Layout::MatrixOf { inputs: 2 }, 6),
    ]);
    let rates = prop::sample::select(vec![1_u32, 8_000, 44_100, 48_000, 96_000]);
    (layouts, rates, 1_usize..3_000, 0..2_000_usize, any::<u64>()).prop_map(
        |((layout, channels), rate, frames, silence, seed)| {
            let mut random = Random(seed);
            let mut channel = |_| {
                let sample = |n: usize| {
                    let level = 10_f64.powf(-3.0 * n as f64 / 1_500.0);
                    (0.3 * level * random.noise()) as f32
                };
                let mut samples = vec![0.0; silence.min(frames - 1)];
                samples.extend((silence.min(frames - 1)..frames).map(sample));
                samples
            };
            let channels = (0..channels).map(&mut channel).collect();
            impulse(rate, layout, channels)
        },
    )
}

/// A number in its range or anything else.
fn numbers(low: f32, high: f32) -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => low..=high,
        1 => prop::sample::select(vec![low, high, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e30, -1e30]),
    ]
}

fn shapes() -> impl Strategy<Value = Shape> {
    let time = (
        any::<bool>(),
        numbers(0.0, 50.0),
        numbers(0.0, 50.0),
        numbers(0.0, 50.0),
    );
    let room = (
        numbers(25.0, 400.0),
        prop::array::uniform7(numbers(10.0, 400.0)),
        numbers(-24.0, 24.0),
        numbers(5.0, 500.0),
        any::<bool>(),
    );
    let ends = (
        numbers(0.0, 100.0),
        numbers(-100.0, 100.0),
        numbers(0.0, 100.0),
        numbers(-100.0, 100.0),
    );
    let rest = (
        numbers(10.0, 1_000.0),
        numbers(1_000.0, 22_000.0),
        prop::sample::select(vec![Slope::Db12, Slope::Db24]),
        numbers(0.0, 200.0),
        numbers(0.0, 500.0),
        prop_oneof![
            Just(Normalise::None),
            Just(Normalise::Energy),
            numbers(-120.0, 120.0).prop_map(Normalise::Locked)
        ],
    );
    (time, room, ends, rest).prop_map(|(time, room, ends, rest)| Shape {
        auto_onset: time.0,
        trim_start_ms: time.1,
        trim_end_ms: time.2,
        fade_ms: time.3,
        size_percent: room.0,
        damping_percent: room.1,
        early_late_db: room.2,
        split_ms: room.3,
        reverse: room.4,
        attack_percent: ends.0,
        attack_curve_percent: ends.1,
        decay_percent: ends.2,
        decay_curve_percent: ends.3,
        low_cut_hz: rest.0,
        high_cut_hz: rest.1,
        cut_slope: rest.2,
        width_percent: rest.3,
        predelay_ms: rest.4,
        normalise: rest.5,
    })
}

fn db(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

fn sum_of_squares(samples: &[f32]) -> f64 {
    samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn neutral_is_identity_to_the_bit(before in impulses()) {
        let neutral = Shape::AS_IT_IS;
        for after in [
            trim(before.clone(), 0.0, 0.0),
            fade(before.clone(), 0.0),
            size(before.clone(), 100.0).unwrap().0,
            damping(before.clone(), &[100.0; BANDS]).unwrap(),
            early_late(before.clone(), 0.0, 80.0),
            envelope(before.clone(), &neutral),
            cut(before.clone(), &neutral),
            width(before.clone(), 100.0),
            predelay(before.clone(), 0.0).unwrap(),
            apply(&before, &neutral).unwrap().impulse,
        ] {
            prop_assert_eq!(&after, &before);
        }
        prop_assert_eq!(size(before.clone(), 100.0).unwrap().1, 0);
    }

    #[test]
    fn any_shape_of_any_impulse_is_an_impulse(before in impulses(), shape in shapes()) {
        let shaped = apply(&before, &shape).unwrap();
        let after = &shaped.impulse;
        prop_assert!(after.frames() >= 1);
        prop_assert_eq!(after.channels.len(), before.channels.len());
        prop_assert_eq!((after.layout, after.sample_rate), (before.layout, before.sample_rate));
        prop_assert!(after.channels.iter().all(|channel| channel.len() == after.frames()));
        prop_assert!(after.channels.iter().flatten().all(|x| x.is_finite()));
        prop_assert!(shaped.gain_db.is_finite());
        prop_assert_eq!(&apply(&before, &shape.clamped()).unwrap(), &shaped);
    }

    #[test]
    fn trims_take_what_was_asked_and_add_up(before in impulses(), start in 0.0..20_f32, end in 0.0..20_f32) {
        let before = ImpulseResponse { sample_rate: 48_000, ..before };
        let frames = |ms: f32| (f64::from(ms) * 48.0).round() as usize;
        let after = trim(before.clone(), start, end);
        let kept = frames(start)..before.frames().saturating_sub(frames(end));
        for (after, before) in after.channels.iter().zip(&before.channels) {
            if kept.is_empty() {
                prop_assert_eq!(&after[..], &[0.0]);
            } else {
                prop_assert_eq!(&after[..], &before[kept.clone()]);
            }
        }
        let (start, end) = (start.round(), end.round());
        if frames(2.0 * start) + frames(2.0 * end) < before.frames() {
            let twice = trim(trim(before.clone(), start, end), start, end);
            prop_assert_eq!(twice, trim(before, 2.0 * start, 2.0 * end));
        }
    }

    #[test]
    fn backwards_twice_is_forwards_and_attack_is_decay_backwards(before in impulses(), percent in 0.0..=100_f32, curve in -100.0..=100_f32) {
        prop_assert_eq!(&reverse(reverse(before.clone())), &before);
        let attack = Shape { attack_percent: percent, attack_curve_percent: curve, ..Shape::AS_IT_IS };
        let decay = Shape { decay_percent: percent, decay_curve_percent: curve, ..Shape::AS_IT_IS };
        let one = reverse(envelope(before.clone(), &attack));
        let other = envelope(reverse(before), &decay);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn an_envelope_is_between_nothing_and_one_and_does_not_turn_back(
        frames in 1_usize..500, attack in 0.0..=50_f32, decay in 0.0..=50_f32, curve in -100.0..=100_f32
    ) {
        let shape = Shape {
            attack_percent: attack, attack_curve_percent: curve,
            decay_percent: decay, decay_curve_percent: curve, ..Shape::AS_IT_IS
        };
        let gains = envelope(mono(RATE, vec![1.0; frames]), &shape).channels.remove(0);
        prop_assert!(gains.iter().all(|gain| *gain > 0.0 && *gain <= 1.0));
        let top = gains.iter().position(|gain| *gain == gains.iter().copied().fold(0.0, f32::max)).unwrap();
        prop_assert!(gains[..=top].is_sorted());
        prop_assert!(gains[top..].iter().rev().is_sorted());
    }

    #[test]
    fn a_predelay_is_silence_and_then_the_same(before in impulses(), ms in 0.0..50_f32) {
        let before = ImpulseResponse { sample_rate: 48_000, ..before };
        let silence = (f64::from(ms) * 48.0).round() as usize;
        let after = predelay(before.clone(), ms).unwrap();
        for (after, before) in after.channels.iter().zip(&before.channels) {
            prop_assert!(after[..silence].iter().all(|x| *x == 0.0));
            prop_assert_eq!(&after[silence..], &before[..]);
        }
        // Outside of what is reversed: it stays before.
        let shape = Shape { reverse: true, predelay_ms: ms, ..Shape::AS_IT_IS };
        let shaped = apply(&before, &shape).unwrap().impulse;
        prop_assert_eq!(shaped, predelay(reverse(before), ms).unwrap());
    }

    #[test]
    fn width_scales_the_side_and_keeps_the_mid(before in impulses(), percent in 0.0..=200_f32) {
        let after = width(before.clone(), percent);
        if !matches!(before.layout, Layout::Stereo | Layout::TrueStereo) {
            prop_assert_eq!(after, before);
            return Ok(());
        }
        for (after, before) in after.channels.chunks(2).zip(before.channels.chunks(2)) {
            for n in 0..before[0].len() {
                let (l, r) = (f64::from(before[0][n]), f64::from(before[1][n]));
                let (wide_l, wide_r) = (f64::from(after[0][n]), f64::from(after[1][n]));
                // Half a step of f32, of values up to 0.6.
                prop_assert!((wide_l + wide_r - l - r).abs() < 1e-7);
                prop_assert!((wide_l - wide_r - (l - r) * f64::from(percent) / 100.0).abs() < 1e-7);
                prop_assert!(percent > 0.0 || wide_l == wide_r);
            }
        }
    }

    #[test]
    fn clarity_rises_by_what_was_asked(seed in any::<u64>(), by in -24.0..=24_f32, split in 20.0..200_f32) {
        let before = mono(RATE, room(RATE, 1.0, 0.7, seed));
        let after = early_late(before.clone(), by, split);
        let halves = |impulse: &ImpulseResponse| {
            let direct = impulse.channels[0].iter().position(|x| x.abs() >= 0.025).unwrap();
            let (early, late) = impulse.channels[0].split_at(direct + (f64::from(split) * 48.0) as usize);
            (early.to_vec(), late.to_vec())
        };
        let ((early, late), (early_after, late_after)) = (halves(&before), halves(&after));
        let clarity = |early: &[f32], late: &[f32]| db(sum_of_squares(early) / sum_of_squares(late));
        let apart = clarity(&early_after, &late_after) - clarity(&early, &late) - f64::from(by);
        // Exact but for the 2.5 ms on either side in which the gain goes over from one to the other: there it is between
        // its end value and one. A sample more for the rounding of the split.
        let near = 121.min(early.len());
        let gain = 10_f64.powf(f64::from(by) / 20.0);
        let share = |part: &[f32], of: &[f32]| sum_of_squares(part) / sum_of_squares(of);
        let early_share = share(&early[early.len() - near..], &early);
        let late_share = share(&late[..121], &late);
        let most = db(1.0 - early_share + early_share / gain) - db(1.0 - late_share + late_share * gain);
        prop_assert!(apart.abs() <= most.abs() + 0.01, "{apart} dB, at most {most}");
    }

    #[test]
    fn a_locked_gain_is_that_gain(before in impulses(), gain in -60.0..=60_f32) {
        let shape = Shape { normalise: Normalise::Locked(gain), ..Shape::AS_IT_IS };
        let shaped = apply(&before, &shape).unwrap();
        prop_assert!((shaped.gain_db - f64::from(gain)).abs() < 1e-9);
        let wanted = 10_f64.powf(f64::from(gain) / 20.0);
        for (after, before) in shaped.impulse.channels.iter().flatten().zip(before.channels.iter().flatten()) {
            prop_assert!((f64::from(*after) - wanted * f64::from(*before)).abs() <= 1e-7 * wanted * f64::from(before.abs()));
        }
    }

    #[test]
    fn what_energy_took_can_be_locked(before in impulses(), other in shapes()) {
        let before = ImpulseResponse { sample_rate: 48_000, ..before };
        let shape = Shape { normalise: Normalise::Energy, ..other };
        let free = apply(&before, &shape).unwrap();
        prop_assert!((energy(&free.impulse) - 1.0).abs() < 1e-3 || free.gain_db == 0.0);
        if free.gain_db.abs() < 120.0 {
            let locked = Shape { normalise: Normalise::Locked(free.gain_db as f32), ..shape };
            let held = apply(&before, &locked).unwrap();
            // The gain as an f32 is right to 10⁻⁵ dB.
            let apart = db(energy(&held.impulse) / energy(&free.impulse));
            prop_assert!(free.gain_db == 0.0 || apart.abs() < 1e-3, "{apart} dB");
        }
    }
}

#[test]
fn the_onset_is_found_and_kept() {
    let mut spike = vec![0.0; 1_000];
    spike[700] = -0.5;
    assert_eq!(onset(mono(RATE, spike)).channels[0][0], -0.5);
    // A rise of half a millisecond stays, noise 70 dB below the peak goes.
    let mut random = Random(1);
    let mut samples: Vec<f32> = (0..2_000).map(|_| 3e-4 * random.noise() as f32).collect();
    for n in 0..24 {
        samples.push((n + 1) as f32 / 25.0 * 0.09);
    }
    samples.extend([1.0, -0.5, 0.25]);
    let kept = onset(mono(RATE, samples.clone()));
    assert_eq!(kept.channels[0], samples[2_000..]);
    // Never more than 1 ms of it.
    let slow: Vec<f32> = (0..5_000).map(|n| n as f32 / 5_000.0).collect();
    let kept = onset(mono(RATE, slow));
    assert_eq!(kept.frames(), 5_000 - 500 + 48);
    let silence = mono(RATE, vec![0.0; 5]);
    assert_eq!(onset(silence.clone()), silence);
}

#[test]
fn a_fade_touches_only_the_end() {
    let after = fade(mono(RATE, vec![1.0; 1_000]), 10.0).channels.remove(0);
    assert!(after[..520].iter().all(|x| *x == 1.0));
    assert!(after[520..].iter().rev().is_sorted());
    // Half a cosine: half way down in the middle, at the end the first of 481 steps.
    assert!((after[760] - 0.5).abs() < 0.005 && after[999] < 2e-5);
    let short = fade(mono(RATE, vec![1.0; 3]), 10.0).channels.remove(0);
    assert!(short.iter().all(|x| *x < 1.0 && *x > 0.0));
}

#[test]
fn a_curve_is_straight_in_decibels_at_its_end() {
    let gains = |curve| {
        let shape = Shape {
            decay_percent: 100.0,
            decay_curve_percent: curve,
            ..Shape::AS_IT_IS
        };
        envelope(mono(RATE, vec![1.0; 999]), &shape)
            .channels
            .remove(0)
    };
    let (straight, early, late) = (gains(0.0), gains(100.0), gains(-100.0));
    assert!((straight[499] - 0.5).abs() < 1e-6);
    // e^6.9 = 1000: half way down a fall of 60 dB is 30 dB, (√1000 − 1) ÷ 999.
    assert!(
        (20.0 * early[499].log10() + 30.27).abs() < 0.01,
        "{}",
        early[499]
    );
    assert!((early[499] + late[499] - 1.0).abs() < 1e-6);
}

#[test]
fn cuts_have_their_corner_and_their_slope() {
    let mut spike = vec![0.0; 100];
    spike[0] = 1.0;
    for rate in [44_100, 48_000, 96_000] {
        for (slope, order) in [(Slope::Db12, 2.0), (Slope::Db24, 4.0)] {
            let shape = Shape {
                low_cut_hz: 200.0,
                high_cut_hz: 5_000.0,
                cut_slope: slope,
                ..Shape::AS_IT_IS
            };
            let after = cut(mono(rate, spike.clone()), &shape);
            let level = |hz| level_db(&after.channels[0], hz, rate);
            // Butterworth's own −3.01 dB; the other corner, 25 times away, adds less than 10⁻⁵ dB.
            assert!((level(200.0) + 3.0103).abs() < 0.01, "{}", level(200.0));
            assert!((level(5_000.0) + 3.0103).abs() < 0.01, "{}", level(5_000.0));
            assert!(level(1_000.0).abs() < 0.02, "{}", level(1_000.0));
            // Three octaves below: (1 + 64^order)^−½ each, and the bilinear transform bends nothing there.
            let wanted = -10.0 * (1.0 + 8_f64.powf(2.0 * order)).log10();
            assert!(
                (level(25.0) - wanted).abs() < 0.2,
                "{} {wanted}",
                level(25.0)
            );
            // One octave above the transform makes it steeper, never less so.
            assert!(level(10_000.0) < -10.0 * (1.0 + 2_f64.powf(2.0 * order)).log10() + 0.1);
        }
    }
}

#[test]
fn size_moves_the_pitch_and_keeps_the_level() {
    let before = {
        let mut samples = vec![0.0; 400];
        let mut random = Random(4);
        samples.extend((0..2_000).map(|n| (random.noise() * (-n as f64 / 400.0).exp()) as f32));
        samples.extend([0.0; 400]);
        mono(RATE, samples)
    };
    for percent in [25.0_f32, 50.0, 87.5, 133.3, 200.0, 400.0] {
        let (after, delay) = size(before.clone(), percent).unwrap();
        let ratio = f64::from(percent) / 100.0;
        let wanted = (2_800.0 * ratio).ceil() as usize;
        // Silence at both ends: nothing is delayed, nothing added.
        assert_eq!(
            (after.frames(), delay, after.sample_rate),
            (wanted, 0, RATE),
            "{percent} %"
        );
        for hz in [100.0, 500.0, 1_000.0, 2_000.0, 4_000.0] {
            let (was, is) = (
                level_db(&before.channels[0], hz * ratio.max(1.0), RATE),
                level_db(&after.channels[0], hz * ratio.max(1.0) / ratio, RATE),
            );
            assert!(
                (was - is).abs() < 0.05,
                "{percent} %, {hz} Hz: {was} dB, {is} dB"
            );
        }
    }
    // An echo's spikes keep their gain, and the first stays the sound itself.
    let mut spikes = vec![0.0; 2_001];
    (spikes[0], spikes[1_000], spikes[2_000]) = (1.0, 0.5, 0.25);
    let (after, delay) = size(mono(RATE, spikes), 300.0).unwrap();
    assert_eq!((after.channels[0][0], delay), (1.0, 0));
    let near = |n: usize| {
        after.channels[0][n - 300..(n + 300).min(after.frames())]
            .iter()
            .sum::<f32>()
    };
    assert!((near(3_000) - 0.5).abs() < 1e-3 && (near(6_000) - 0.25).abs() < 1e-3);
    // What sounds at once is late by what its ringing needs, and says so.
    let (after, delay) = size(mono(RATE, vec![0.0, 1.0]), 200.0).unwrap();
    let peak = after.channels[0]
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .unwrap()
        .0;
    assert!(delay > 0 && peak == delay + 2, "{peak} {delay}");
}

#[test]
fn a_shape_is_what_was_saved() {
    let shape = Shape {
        size_percent: 150.0,
        damping_percent: [150.0, 120.0, 100.0, 90.0, 80.0, 70.0, 60.0],
        reverse: true,
        cut_slope: Slope::Db24,
        normalise: Normalise::Locked(-7.5),
        ..Shape::default()
    };
    let text = serde_json::to_string(&shape).unwrap();
    assert_eq!(serde_json::from_str::<Shape>(&text).unwrap(), shape);
    // What a file of another version leaves out is neutral; what it misspells is an error.
    let partial: Shape = serde_json::from_str(r#"{"size_percent": 50.0}"#).unwrap();
    assert_eq!(
        partial,
        Shape {
            size_percent: 50.0,
            ..Shape::default()
        }
    );
    assert!(serde_json::from_str::<Shape>(r#"{"sise_percent": 50.0}"#).is_err());
}

#[test]
fn more_than_memory_holds_is_an_error() {
    // Half a second at 4 GHz.
    let shape = Shape {
        predelay_ms: 500.0,
        ..Shape::AS_IT_IS
    };
    let error = apply(&mono(u32::MAX, vec![1.0]), &shape)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "test: expected at most 134217728 samples after the pre-delay, got 2147483649; trim the impulse"
    );
}

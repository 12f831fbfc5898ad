//! Normalising is blind to silence, rate and copies; the analysis says what is there.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::analyze::outline;
use partita::impulse::shape::{Normalise, energy, normalise};
use partita::impulse::{ImpulseResponse, Layout, resample};
use proptest::prelude::*;
use wav::{Random, impulse, mono, room};

fn gain(impulse: &ImpulseResponse) -> f64 {
    normalise(impulse, Normalise::Energy).1
}

/// Short rooms of any colour: noise through a one-pole low-pass.
fn rooms() -> impl Strategy<Value = Vec<f32>> {
    (
        1_usize..6000,
        0.0..0.95,
        0.001..0.3_f64,
        -60.0..20.0_f64,
        any::<u64>(),
    )
        .prop_map(|(frames, pole, decay, db, seed)| {
            let mut random = Random(seed);
            let mut state = 0.0;
            (0..frames)
                .map(|n| {
                    state = pole * state + (1.0 - pole) * random.noise();
                    let fall = 10_f64.powf((db - 60.0 * n as f64 / 48_000.0 / decay) / 20.0);
                    (state * fall) as f32
                })
                .collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trailing_silence_does_not_count(samples in rooms(), silence in 1_usize..20_000) {
        let mut longer = samples.clone();
        longer.extend(vec![0.0; silence]);
        let apart = gain(&mono(48_000, samples)) - gain(&mono(48_000, longer));
        prop_assert!(apart.abs() < 0.1, "{apart} dB");
    }

    #[test]
    fn the_rate_does_not_count(samples in rooms(), rate in prop::sample::select(vec![44_100_u32, 88_200, 96_000, 192_000, 44_101])) {
        let before = mono(48_000, samples);
        let after = resample::resample(&before, rate).unwrap();
        let apart = gain(&before) - gain(&after);
        prop_assert!(apart.abs() < 0.1, "{rate}: {apart} dB");
    }

    #[test]
    fn copies_do_not_count(samples in rooms(), copies in 1_usize..9) {
        let one = gain(&mono(48_000, samples.clone()));
        let silent = vec![0.0; samples.len()];
        let stereo = impulse(48_000, Layout::Stereo, vec![samples.clone(); 2]);
        let parallel = impulse(48_000, Layout::TrueStereo, vec![samples.clone(), silent.clone(), silent, samples.clone()]);
        let matrix = impulse(48_000, Layout::Matrix, vec![samples; copies]);
        for other in [stereo, parallel, matrix] {
            let apart = gain(&other) - one;
            prop_assert!(apart.abs() < 1e-6, "{:?}: {apart} dB", other.layout);
        }
    }

    #[test]
    fn the_gain_is_what_was_done_and_doing_it_twice_is_doing_it_once(samples in rooms(), factor_db in -40.0..40.0_f64) {
        let before = mono(48_000, samples);
        let (after, db) = normalise(&before, Normalise::Energy);
        prop_assert!((energy(&after) - 1.0).abs() < 1e-4);
        prop_assert!(gain(&after).abs() < 0.001);
        for (&x, &y) in before.channels[0].iter().zip(&after.channels[0]) {
            let expected = f64::from(x) * 10_f64.powf(db / 20.0);
            prop_assert!((f64::from(y) - expected).abs() <= expected.abs() * 1e-6 + 1e-40);
        }
        let mut scaled = before.clone();
        for x in scaled.channels[0].iter_mut() {
            *x *= 10_f64.powf(factor_db / 20.0) as f32;
        }
        prop_assert!((gain(&scaled) + factor_db - db).abs() < 0.001);
    }
}

#[test]
fn a_recording_above_the_band_weighs_what_its_copy_weighs() {
    // White sound at 96 kHz loses half its Σh² · rate on the way to 44.1 kHz, and none of its loudness.
    let before = mono(96_000, room(96_000, 0.5, 0.2, 8));
    for rate in [44_100, 48_000, 192_000] {
        let after = resample::resample(&before, rate).unwrap();
        let apart = gain(&before) - gain(&after);
        println!("96 kHz → {rate}: {apart:+.4} dB");
        assert!(apart.abs() < 0.1, "{rate}: {apart} dB");
    }
}

#[test]
fn units() {
    for rate in [8_000, 44_100, 48_000, 96_000, 192_000] {
        let unit = mono(rate, vec![1.0, 0.0, 0.0]);
        assert_eq!(gain(&unit), 0.0, "{rate}");
        assert_eq!(normalise(&unit, Normalise::Energy).0, unit);
    }
    let spike = |level: f32| vec![level; 1];
    let zero = || vec![0.0];
    // Each output of a full true stereo hears two paths.
    let full = impulse(48_000, Layout::TrueStereo, vec![spike(1.0); 4]);
    assert!((gain(&full) + 3.0103).abs() < 0.001);
    let left = impulse(48_000, Layout::Stereo, vec![spike(1.0), zero()]);
    assert!((gain(&left) - 3.0103).abs() < 0.001);
    assert!((gain(&mono(48_000, spike(0.1))) - 20.0).abs() < 0.001);
}

#[test]
fn what_cannot_be_normalised_is_left_alone() {
    for samples in [
        vec![],
        vec![0.0; 100],
        vec![1e-44],
        vec![f32::MIN_POSITIVE; 3],
    ] {
        let before = mono(48_000, samples);
        let (after, db) = normalise(&before, Normalise::Energy);
        assert!(after.channels.iter().flatten().all(|x| x.is_finite()));
        assert!(db.is_finite());
        if energy(&before) == 0.0 {
            assert_eq!((after, db), (before, 0.0));
        }
    }
    let none = impulse(48_000, Layout::Matrix, vec![]);
    assert_eq!(normalise(&none, Normalise::Energy), (none.clone(), 0.0));
    // Rates that cannot be converted still have a level.
    for rate in [1, u32::MAX] {
        let (after, db) = normalise(&mono(rate, vec![0.5, 0.5]), Normalise::Energy);
        assert!(db.is_finite() && after.channels[0][0] > 0.0);
    }
}

#[test]
fn none_is_none() {
    let before = mono(48_000, vec![0.3, -7.0, 1e-30]);
    assert_eq!(normalise(&before, Normalise::None), (before.clone(), 0.0));
}

#[test]
fn the_analysis_says_what_is_there() {
    let mut left = vec![0.0; 1000];
    let mut right = left.clone();
    left[100] = 0.04;
    left[480] = -0.5;
    right[240] = 0.25;
    right[900] = 1e-5;
    right[950] = 1e-7;
    let found = outline(&impulse(48_000, Layout::Stereo, vec![left, right]));
    let peak = found.peak.unwrap();
    assert!((peak.dbfs + 6.0206).abs() < 1e-4);
    assert_eq!((peak.channel, peak.frame), (0, 480));
    assert_eq!((found.frames, found.onset_frame), (1000, Some(240)));
    assert!((found.seconds - 1.0 / 48.0).abs() < 1e-12);
    assert_eq!(found.leading_silence_ms, Some(5.0));
    assert_eq!(found.audible_frames, 901);
    let decibels = |x: f64| 10.0 * x.log10();
    assert!((found.energy_db.unwrap() - decibels(0.25 + 0.0016 + 0.0625)).abs() < 1e-5);
    assert!((found.channel_energy_db[1].unwrap() - decibels(0.0625)).abs() < 1e-5);
}

#[test]
fn silence_has_no_level() {
    for channels in [vec![], vec![vec![]], vec![vec![0.0; 5], vec![-0.0; 5]]] {
        let found = outline(&impulse(48_000, Layout::Matrix, channels));
        assert_eq!(
            (found.peak, found.energy_db, found.onset_frame),
            (None, None, None)
        );
        assert_eq!((found.leading_silence_ms, found.audible_frames), (None, 0));
        assert!(found.channel_energy_db.iter().all(Option::is_none));
    }
}

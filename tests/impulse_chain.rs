//! Rooms in series: one impulse that plays as two, one after the other.

#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/wav.rs"]
mod wav;

use oracle::{Noise, engine, error_db, play};
use partita::impulse::chain::{END_DB, MAX_FRAMES, chain};
use partita::impulse::shape::Shape;
use partita::impulse::{ImpulseResponse, Layout, resample};
use partita::loader::Source;
use wav::{impulse, mono, room};

const RATE: u32 = 48_000;

fn noisy(layout: Layout, channels: u64, seconds: f64, seed: u64) -> ImpulseResponse {
    let channel = |index| room(RATE, seconds, 0.8 * seconds, 100 * seed + index);
    impulse(RATE, layout, (0..channels).map(channel).collect())
}

/// `x` through an impulse, as the loader routes it, in the real-time engine; the tail is kept.
fn through(impulse: &ImpulseResponse, x: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let source = Source::new(impulse.clone(), &Shape::AS_IT_IS).unwrap();
    let fitted = source.fit(x.len(), impulse.sample_rate).unwrap();
    let outputs = fitted.routing.outputs();
    let mut engine = engine(&fitted.routing, &fitted.impulse.channels);
    play(&mut engine, x, outputs, || 512)
}

fn silence_after(mut x: Vec<Vec<f32>>, frames: usize) -> Vec<Vec<f32>> {
    x.iter_mut().for_each(|x| x.resize(x.len() + frames, 0.0));
    x
}

fn wide(channels: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let wide = |channel: &Vec<f32>| channel.iter().map(|&x| f64::from(x)).collect();
    channels.iter().map(wide).collect()
}

#[test]
fn every_pair_of_layouts_plays_as_one_after_the_other() {
    use Layout::{Matrix, MatrixOf, Mono, Stereo, TrueStereo};
    let of = |inputs| MatrixOf { inputs };
    // First, second, inputs, what comes out.
    let pairs = [
        ((Mono, 1), (Mono, 1), 1, (Mono, 1)),
        ((Mono, 1), (Stereo, 2), 2, (Stereo, 2)),
        ((Stereo, 2), (Mono, 1), 2, (Stereo, 2)),
        ((Mono, 1), (TrueStereo, 4), 2, (TrueStereo, 4)),
        ((TrueStereo, 4), (Mono, 1), 2, (TrueStereo, 4)),
        ((Stereo, 2), (Stereo, 2), 2, (Stereo, 2)),
        ((Stereo, 2), (TrueStereo, 4), 2, (TrueStereo, 4)),
        ((TrueStereo, 4), (Stereo, 2), 2, (TrueStereo, 4)),
        ((TrueStereo, 4), (TrueStereo, 4), 2, (TrueStereo, 4)),
        ((Mono, 1), (of(3), 6), 3, (of(3), 6)),
        ((of(3), 6), (Mono, 1), 3, (of(3), 6)),
        ((of(3), 6), (TrueStereo, 4), 3, (of(3), 6)),
        ((Stereo, 2), (of(2), 6), 2, (of(2), 6)),
        ((of(2), 6), (of(3), 6), 2, (TrueStereo, 4)),
        ((of(4), 8), (of(2), 2), 4, (of(4), 4)),
        ((Mono, 1), (Matrix, 3), 3, (Matrix, 3)),
        ((Matrix, 3), (Mono, 1), 3, (Matrix, 3)),
        ((Matrix, 3), (Matrix, 3), 3, (Matrix, 3)),
        ((Matrix, 2), (Stereo, 2), 2, (Stereo, 2)),
        ((Stereo, 2), (Matrix, 6), 2, (of(2), 6)),
        ((TrueStereo, 4), (Matrix, 2), 2, (TrueStereo, 4)),
        ((Matrix, 6), (TrueStereo, 4), 3, (of(3), 6)),
    ];
    let mut worst = f64::NEG_INFINITY;
    for (index, (first, second, inputs, wanted)) in pairs.into_iter().enumerate() {
        let first = noisy(first.0, first.1, 0.15, 2 * index as u64);
        let second = noisy(second.0, second.1, 0.1, 2 * index as u64 + 1);
        let both = chain(&first, &second).unwrap();
        assert_eq!(both.delay, 0);
        let both = both.impulse;
        let what = format!(
            "{} {} → {} {}",
            first.layout,
            first.channels.len(),
            second.layout,
            second.channels.len()
        );
        assert_eq!(
            (both.layout, both.channels.len()),
            (wanted.0, wanted.1 as usize),
            "{what}"
        );
        let x = silence_after(Noise::new(index as u64).channels(inputs, 9_000), 13_000);
        let apart = through(&second, &through(&first, &x));
        let error = error_db(&through(&both, &x), &wide(&apart));
        println!("{what}: {error:.1} dB");
        worst = worst.max(error);
        assert!(error < -120.0, "{what}: {error} dB");
    }
    println!("worst: {worst:.1} dB");
}

#[test]
fn the_end_is_cut_where_nothing_is_left() {
    // 0.2 s for 60 dB each, in files of 2 s: 4 s together, of which some 0.5 s count.
    let first = mono(RATE, room(RATE, 2.0, 0.2, 1));
    let second = mono(RATE, room(RATE, 2.0, 0.2, 2));
    let both = chain(&first, &second).unwrap().impulse;
    println!(
        "{} + {} frames are {}",
        first.frames(),
        second.frames(),
        both.frames()
    );
    assert!(both.seconds() < 0.6, "{} s", both.seconds());
    let whole = oracle::direct(&first.channels[0], &second.channels[0], 192_000);
    let energy = |samples: &[f64]| samples.iter().map(|x| x * x).sum::<f64>();
    let lost = 10.0 * (energy(&whole[both.frames()..]) / energy(&whole)).log10();
    assert!(lost < END_DB && lost > END_DB - 1.0, "{lost} dB");
    // Trailing silence is no sound; silence itself stays a sample.
    let mut padded = first.clone();
    padded.channels[0].extend(vec![0.0; 50_000]);
    assert_eq!(
        chain(&padded, &second).unwrap().impulse.frames(),
        both.frames()
    );
    let silent = chain(&first, &mono(RATE, vec![0.0; 100])).unwrap().impulse;
    assert_eq!(silent.channels, [[0.0]]);
}

#[test]
fn a_spike_is_nothing_and_a_delayed_one_a_delay() {
    let hall = noisy(Layout::TrueStereo, 4, 0.2, 7);
    for (first, second) in [
        (mono(RATE, vec![1.0]), hall.clone()),
        (hall.clone(), mono(RATE, vec![1.0])),
    ] {
        let same = chain(&first, &second).unwrap().impulse;
        let error = error_db(
            &same.channels,
            &wide(
                &hall
                    .channels
                    .iter()
                    .map(|c| c[..same.frames()].to_vec())
                    .collect::<Vec<_>>(),
            ),
        );
        // f64 transforms, rounded to f32 once.
        assert!(error < -145.0, "{error} dB");
        assert_eq!(same.layout, Layout::TrueStereo);
    }
    let mut late = vec![0.0; 101];
    late[100] = 0.5;
    let both = chain(&mono(RATE, vec![0.25]), &mono(RATE, late))
        .unwrap()
        .impulse;
    assert_eq!(both.frames(), 101);
    assert!((both.channels[0][100] - 0.125).abs() < 1e-9);
    assert_eq!(both.name, "test + test");
}

#[test]
fn two_rates_meet_at_the_higher() {
    let low = {
        let mut samples = vec![0.0; 64];
        samples.extend(room(44_100, 0.2, 0.1, 3));
        samples.extend([0.0; 64]);
        mono(44_100, samples)
    };
    let high = mono(RATE, room(RATE, 0.2, 0.1, 4));
    for (first, second) in [(&low, &high), (&high, &low)] {
        let both = chain(first, second).unwrap();
        assert_eq!((both.impulse.sample_rate, both.delay), (RATE, 0));
        let x = silence_after(Noise::new(5).channels(1, 9_000), 20_000);
        let at_rate = |impulse| resample::resample(impulse, RATE).unwrap();
        let apart = through(&at_rate(second), &through(&at_rate(first), &x));
        let error = error_db(&through(&both.impulse, &x), &wide(&apart));
        println!("{error:.1} dB");
        assert!(error < -120.0, "{error} dB");
    }
    // What sounds at once needs room to ring in, and the chain says how late that makes it.
    let sudden = mono(44_100, room(44_100, 0.1, 0.1, 6));
    let delay = resample::aligned(&sudden, RATE).unwrap().delay;
    assert!(delay > 0);
    assert_eq!(chain(&sudden, &high).unwrap().delay, delay);
}

#[test]
fn what_does_not_fit_says_what_would() {
    let error = |first: &ImpulseResponse, second: &ImpulseResponse| {
        chain(first, second).unwrap_err().to_string()
    };
    let of = |inputs, channels| noisy(Layout::MatrixOf { inputs }, channels, 0.01, 1);
    let stereo = noisy(Layout::Stereo, 2, 0.01, 2);
    assert_eq!(
        error(&stereo, &of(3, 6)),
        "expected test to take the 2 outputs of test, but it is 3 inputs to 2 outputs; choose impulses that fit, or say --layout"
    );
    assert!(
        error(
            &noisy(Layout::Matrix, 3, 0.01, 3),
            &noisy(Layout::Matrix, 6, 0.01, 4)
        )
        .contains("a matrix of 6 channels")
    );
    assert!(error(&stereo, &noisy(Layout::Matrix, 3, 0.01, 5)).contains("a matrix of 3 channels"));
    assert!(error(&stereo, &mono(RATE, vec![])).contains("at least one sample"));
    assert!(error(&mono(RATE, vec![1.0]), &mono(7, vec![1.0])).contains("7 Hz"));
    let long = mono(RATE, vec![0.5; MAX_FRAMES]);
    assert!(
        error(&long, &mono(RATE, vec![0.5; 2]))
            .contains("at most 16777216 frames and 64 channels, got 16777217")
    );
    assert!(
        error(&mono(RATE, vec![1e6; 10]), &mono(RATE, vec![1e6; 10])).contains("lower the level")
    );
}

//! Another rate, the same sound: level, time, start and length, against sums in f64.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::resample::{self, LEAD_IN, ResampleError};
use partita::impulse::{ImpulseResponse, Layout};
use wav::{Random, impulse, level_db, mono, response, room};

/// Both directions, usual and odd.
const PAIRS: [(u32, u32); 14] = [
    (44_100, 48_000),
    (48_000, 44_100),
    (48_000, 96_000),
    (96_000, 48_000),
    (96_000, 44_100),
    (44_100, 96_000),
    (192_000, 44_100),
    (44_100, 192_000),
    (44_101, 48_000),
    (48_000, 44_101),
    (8_000, 48_000),
    (48_000, 8_000),
    (8_000, 384_000),
    (384_000, 8_000),
];

/// The promise: up to 0.4 of the lower rate, in dB.
const TOLERANCE_DB: f64 = 0.01;

fn to(impulse: &ImpulseResponse, rate: u32) -> resample::Aligned {
    resample::aligned(impulse, rate).expect("resamples")
}

/// The largest difference in level, in dB, at `count` frequencies up to `share` of the lower rate.
fn worst(before: &ImpulseResponse, after: &ImpulseResponse, share: f64, count: usize) -> f64 {
    let low = f64::from(before.sample_rate.min(after.sample_rate));
    let mut worst = 0.0_f64;
    for (old, new) in before.channels.iter().zip(&after.channels) {
        for step in 0..=count {
            let frequency = low * share * step as f64 / count as f64;
            let difference = level_db(new, frequency, after.sample_rate)
                - level_db(old, frequency, before.sample_rate);
            worst = worst.max(difference.abs());
        }
    }
    worst
}

#[test]
fn the_same_rate_is_the_same_impulse_to_the_bit() {
    for rate in [1, 44_100, u32::MAX] {
        let before = mono(rate, vec![0.1, -0.0, 1e-42, 3.0]);
        let after = to(&before, rate);
        assert_eq!(after.delay, 0);
        let bits = |i: &ImpulseResponse| {
            i.channels[0]
                .iter()
                .map(|x| x.to_bits())
                .collect::<Vec<_>>()
        };
        assert_eq!(bits(&before), bits(&after.impulse));
    }
}

#[test]
fn a_unit_impulse_stays_one() {
    for (from, rate) in PAIRS {
        for length in [1, 2, 1000] {
            let mut samples = vec![0.0; length];
            samples[0] = 1.0;
            let after = to(&mono(from, samples), rate);
            assert_eq!(after.delay, 0);
            let samples = &after.impulse.channels[0];
            assert_eq!(
                samples.len() as u64,
                (length as u64 * u64::from(rate)).div_ceil(from.into())
            );
            assert_eq!(samples[0], 1.0, "{from} → {rate}");
            assert!(samples[1..].iter().all(|&x| x == 0.0), "{from} → {rate}");
        }
    }
}

/// Spikes wherever there is little room before them, and little after.
#[test]
fn a_spike_anywhere_is_flat() {
    let mut all = 0.0_f64;
    for (from, rate) in PAIRS {
        let stretch = from.div_ceil(rate.min(from)) as usize;
        let mut most = 0.0_f64;
        for at in [1, 2, 3, 5, 8, 13, 20, 23, 24, 25, 40, 100] {
            let mut samples = vec![0.0; at * stretch + 1];
            samples[at * stretch] = 1.0;
            let before = mono(from, samples);
            most = most.max(worst(&before, &to(&before, rate).impulse, 0.4, 80));
        }
        println!("spikes {from} → {rate}: {most:.4} dB");
        all = all.max(most);
    }
    assert!(all < TOLERANCE_DB, "{all} dB");
}

/// A spike with room around it: flat beyond 0.4 of the lower rate, at its own time, and nothing else anywhere.
#[test]
fn a_spike_keeps_its_time() {
    for (from, rate) in PAIRS {
        let at = from as usize / 10 + 3;
        let mut samples = vec![0.0; from as usize / 5];
        samples[at] = 1.0;
        let before = mono(from, samples);
        let after = to(&before, rate);
        assert_eq!(after.delay, 0);
        assert!(
            worst(&before, &after.impulse, 0.45, 100) < 0.001,
            "{from} → {rate}"
        );
        // Phase: within a millionth of a period of the ideal delay.
        for share in [0.01, 0.1, 0.3, 0.4] {
            let frequency = share * f64::from(from.min(rate));
            let (a, b) = response(&before.channels[0], frequency, from);
            let (c, d) = response(&after.impulse.channels[0], frequency, rate);
            let apart = (a * d - b * c).atan2(a * c + b * d) / std::f64::consts::TAU;
            assert!(
                apart.abs() < 1e-5,
                "{from} → {rate}: {apart} periods at {frequency} Hz"
            );
        }
    }
}

/// Rooms that sound from their very first sample: the hardest start, with all of its level in the first milliseconds.
#[test]
fn a_sine_through_the_impulse_has_its_level() {
    for (from, rate) in PAIRS {
        for (decay, seed) in [(0.05, 1), (0.4, 2)] {
            let before = mono(from, room(from, 0.5, decay, seed));
            let after = to(&before, rate);
            let low = f64::from(from.min(rate));
            let mut most = 0.0_f64;
            // Where two rays cancel there is no level to keep: notches of 10 dB and more are left out.
            let mean = 10.0
                * before.channels[0]
                    .iter()
                    .map(|x| f64::from(*x).powi(2))
                    .sum::<f64>()
                    .log10();
            for step in 0..=60 {
                let frequency = 0.4 * low * f64::from(step) / 60.0;
                let old = level_db(&before.channels[0], frequency, from);
                if old > mean - 10.0 {
                    let new = level_db(&after.impulse.channels[0], frequency, rate);
                    most = most.max((new - old).abs());
                }
            }
            println!(
                "room of {decay} s {from} → {rate}: {most:.4} dB, delay {}",
                after.delay
            );
            assert!(most < TOLERANCE_DB, "{from} → {rate}: {most} dB");
        }
    }
}

/// The same in time: a sine, convolved directly at both rates, in its steady state.
#[test]
fn a_convolved_sine_has_its_level() {
    let before = mono(96_000, room(96_000, 0.1, 0.1, 3));
    let after = to(&before, 44_100);
    for frequency in [50.0, 997.0, 4_321.0, 12_000.0, 17_000.0] {
        let steady = |impulse: &ImpulseResponse| {
            let rate = f64::from(impulse.sample_rate);
            let samples = &impulse.channels[0];
            let sine = |n: usize| (std::f64::consts::TAU * frequency * n as f64 / rate).sin();
            // Whole periods after the impulse has filled, so that the mean square is that of the sine.
            let start = samples.len();
            let count = (rate * 20.0 / frequency).round().max(1000.0) as usize;
            let (mut squares, mut window) = (0.0, 0.0);
            for n in start..start + count {
                let y: f64 = samples
                    .iter()
                    .enumerate()
                    .map(|(k, &h)| f64::from(h) * sine(n - k))
                    .sum();
                let phase = std::f64::consts::PI * (n - start) as f64 / count as f64;
                let weight = phase.sin().powi(4);
                squares += weight * y * y;
                window += weight;
            }
            10.0 * (squares / window).log10()
        };
        let apart = steady(&after.impulse) - steady(&before);
        println!("{frequency} Hz at 44.1 against 96 kHz: {apart:+.5} dB");
        assert!(apart.abs() < TOLERANCE_DB, "{frequency} Hz: {apart} dB");
    }
}

/// A smooth pulse is known at every time, not only on a grid: its samples can be checked one by one, the first ones above all.
#[test]
fn every_sample_is_the_one_it_should_be() {
    for (from, rate) in PAIRS {
        let low = f64::from(from.min(rate));
        // A Gaussian of 0.06 of the lower rate: −140 dB at 0.4 of it. It stands 40 low samples from the start.
        let width = 2.2 / low;
        let pulse = |t: f64| (-0.5 * ((t - 40.0 / low) / width).powi(2)).exp();
        let frames = (90.0 / low * f64::from(from)) as usize;
        let gain = low / f64::from(from);
        let samples = (0..frames)
            .map(|n| (gain * pulse(n as f64 / f64::from(from))) as f32)
            .collect();
        let after = to(&mono(from, samples), rate);
        assert_eq!(after.delay, 0, "{from} → {rate}");
        let gain = low / f64::from(rate);
        for (n, &x) in after.impulse.channels[0].iter().enumerate() {
            let expected = gain * pulse(n as f64 / f64::from(rate));
            let error = (f64::from(x) - expected).abs() / gain;
            assert!(
                error < 3e-6,
                "{from} → {rate}: sample {n} is {x}, not {expected}"
            );
        }
    }
}

#[test]
fn there_and_back_is_the_same_sound() {
    for (from, rate) in PAIRS {
        // Room to ring in. On the way back the ringing is sound, which may want room of its own.
        let mut samples = vec![0.0; 30 * from.div_ceil(rate.min(from)) as usize];
        samples.extend(room(from, 0.2, 0.2, 4));
        let before = mono(from, samples);
        let there = to(&before, rate);
        let back = to(&there.impulse, from);
        assert_eq!(there.delay, 0, "{from} → {rate}");
        assert!(
            worst(
                &before,
                &back.impulse,
                0.4 * f64::from(from.min(rate)) / f64::from(from),
                40
            ) < 0.02
        );
    }
}

#[test]
fn lengths_and_delays_are_bounded() {
    let mut random = Random(5);
    for (from, rate) in PAIRS {
        for frames in [1, 2, 7, 100, 5000] {
            let noise: Vec<f32> = (0..frames).map(|_| random.noise() as f32).collect();
            let after = to(&mono(from, noise), rate);
            let plain = (frames as u64 * u64::from(rate)).div_ceil(from.into()) as usize;
            let margin =
                (u64::from(LEAD_IN) * u64::from(rate)).div_ceil(from.min(rate).into()) as usize;
            let length = after.impulse.frames();
            assert!(after.delay <= margin);
            assert!((plain + after.delay..=plain + after.delay + margin).contains(&length));
            assert!(after.impulse.channels[0].iter().all(|x| x.is_finite()));
        }
    }
}

/// One channel that must be delayed takes the others along; a silent one asks for nothing.
#[test]
fn channels_stay_together() {
    let mut clean = vec![0.0; 4000];
    clean[2000] = 1.0;
    let noise = room(48_000, 4000.0 / 48_000.0, 0.05, 6);
    let both = impulse(48_000, Layout::Stereo, vec![clean.clone(), noise.clone()]);
    let after = to(&both, 96_000);
    assert_eq!(after.delay, 2 * LEAD_IN as usize);
    assert_eq!(
        after.impulse.channels[0].len(),
        after.impulse.channels[1].len()
    );
    let peak = after.impulse.channels[0]
        .iter()
        .position(|&x| x > 0.4)
        .unwrap();
    assert_eq!(peak, 4000 + after.delay);
    let silent = impulse(48_000, Layout::Stereo, vec![clean, vec![0.0; 4000]]);
    let after = to(&silent, 96_000);
    assert_eq!(after.delay, 0);
    assert!(after.impulse.channels[1].iter().all(|&x| x == 0.0));
    // A late reflection in one channel asks for nothing either.
    assert_eq!(
        to(&mono(48_000, vec![0.0; 10]), 44_100).impulse.channels[0],
        [0.0; 10]
    );
    assert_eq!(to(&mono(48_000, vec![]), 44_100).impulse.frames(), 0);
}

/// Σh² goes with 1 ÷ rate as long as the sound lies within both bands.
#[test]
fn energy_goes_with_the_rate() {
    let narrow = to(&mono(16_000, room(16_000, 0.5, 0.3, 7)), 48_000).impulse;
    let energy = |i: &ImpulseResponse| {
        let sum: f64 = i.channels[0].iter().map(|&x| f64::from(x).powi(2)).sum();
        10.0 * (sum * f64::from(i.sample_rate)).log10()
    };
    for rate in [22_050, 44_100, 96_000, 44_101, 192_000] {
        let apart = energy(&to(&narrow, rate).impulse) - energy(&narrow);
        assert!(apart.abs() < 0.01, "{rate}: {apart} dB");
    }
}

#[test]
fn rates_and_sizes_out_of_range_are_errors_that_tell() {
    let short = mono(48_000, vec![1.0; 10]);
    for rate in [0, 999, 1_536_001, u32::MAX] {
        let error = resample::resample(&short, rate).unwrap_err();
        assert!(matches!(error, ResampleError::Rate { rate: r, .. } if r == rate));
        let text = error.to_string();
        assert!(
            text.contains("test") && text.contains("expected") && text.contains(&rate.to_string())
        );
    }
    assert!(resample::resample(&mono(999, vec![1.0]), 48_000).is_err());
    let long = mono(1_000, vec![0.0; 100_000]);
    let error = resample::resample(&long, 1_536_000).unwrap_err();
    assert!(matches!(
        error,
        ResampleError::TooLarge {
            samples: 153_600_000,
            ..
        }
    ));
}

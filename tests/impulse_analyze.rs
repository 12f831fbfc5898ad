//! Levels, offset, clipping, density, colour and likeness are those of theory; tails end where the sound does.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::Layout;
use partita::impulse::analyze::{analyze, density, level, outline, pairs, spectrum, tail_frames};
use std::f64::consts::PI;
use wav::{Random, impulse, mono, room};

const RATE: u32 = 48_000;

fn noise(seed: u64, frames: usize, amplitude: f64) -> Vec<f32> {
    let mut random = Random(seed);
    (0..frames)
        .map(|_| (amplitude * random.noise()) as f32)
        .collect()
}

/// Gaussian by the sum of twelve.
fn gaussian(seed: u64, frames: usize) -> Vec<f32> {
    let mut random = Random(seed);
    (0..frames)
        .map(|_| (0..12).map(|_| random.noise()).sum::<f64>() as f32 * 0.05)
        .collect()
}

#[test]
fn the_true_peak_is_between_the_samples() {
    // A quarter of the rate, sampled 45° off its crests: the samples reach −3.01 dB of the sine.
    let sine: Vec<f32> = (0..4800)
        .map(|n| (0.5 * (PI * f64::from(n) / 2.0 + PI / 4.0).sin()) as f32)
        .collect();
    let decibels = |x: f32| 20.0 * f64::from(x).log10();
    assert!((decibels(level::peak(&sine)) + 9.03).abs() < 0.01);
    // BS.1770-4, annex 2: four times oversampled reads at most 0.7 dB low at this frequency.
    let found = decibels(level::true_peak(&sine));
    println!("{found:.3} dBTP for −6.02");
    assert!((-6.72..=-5.82).contains(&found), "{found}");
    assert_eq!(level::true_peak(&[]), 0.0);
    assert!(level::true_peak(&[1.0]) >= 1.0);
}

#[test]
fn an_offset_is_what_is_still_there_when_the_sound_has_gone() {
    let clean = room(RATE, 1.0, 0.3, 1);
    assert_eq!(level::offset(&clean), 0.0);
    let moved: Vec<f32> = clean.iter().map(|x| x + 0.002).collect();
    assert!((level::offset(&moved) - 0.002).abs() < 0.002 * 0.01);
    // A response at 0 Hz, and slow rumble, are none.
    assert_eq!(level::offset(&[1.0; 8]), 0.0);
    let spike = [vec![1.0], vec![0.0; 4000]].concat();
    assert_eq!(level::offset(&spike), 0.0);
    let rumble: Vec<f32> = (0..48_000)
        .map(|n| (0.01 * (2.0 * PI * 15.0 * f64::from(n) / 48_000.0).sin()) as f32)
        .collect();
    assert_eq!(level::offset(&rumble), 0.0);
}

#[test]
fn clipping_is_runs_at_the_extreme() {
    let clean = noise(2, 4000, 0.9);
    assert_eq!(level::clipping(&clean), level::Clipping::default());
    let clipped: Vec<f32> = (0..4000)
        .map(|n| (1.4 * (2.0 * PI * f64::from(n) / 100.0).sin()).clamp(-1.0, 1.0) as f32)
        .collect();
    let found = level::clipping(&clipped);
    assert_eq!(found.runs, 80);
    // asin(1/1.4) = 45.58°: beyond it are 88.8° of every half wave of 50 samples.
    assert_eq!(found.samples, 80 * 25);
    assert_eq!(found.first_frame, Some(13));
    // Silence and a few steps of 16 bits are not clipped.
    let faint: Vec<f32> = (0..4000)
        .map(|n| ((n / 7) % 3 - 1) as f32 / 32768.0)
        .collect();
    assert_eq!(level::clipping(&faint).runs, 0);
    assert_eq!(level::clipping(&[0.0; 100]).runs, 0);
}

#[test]
fn density_is_one_in_gaussian_noise_and_low_among_spikes() {
    let mean = |samples: &[f32]| {
        let all: Vec<f64> = density::echo_density(samples, RATE)
            .map(|it| it.1)
            .collect();
        // The first window is half before the onset.
        all[20..].iter().sum::<f64>() / (all.len() - 20) as f64
    };
    let found = mean(&gaussian(3, 48_000));
    assert!((found - 1.0).abs() < 0.02, "{found}");
    // Uniform noise: 1 − 1/√3 of it is beyond its deviation.
    let found = mean(&noise(4, 48_000, 1.0));
    let expected = (1.0 - 1.0 / 3_f64.sqrt()) / 0.317_310_5;
    assert!((found - expected).abs() < 0.03, "{found} for {expected}");
    // A spike every 10 ms; each alone is 1/480 of the samples.
    let spikes: Vec<f32> = (0..48_000)
        .map(|n| f32::from(u8::from(n % 480 == 0)))
        .collect();
    assert!(mean(&spikes) < 0.02);
    assert_eq!(density::mixing_ms(&spikes, RATE), None);
    // 100 ms of spikes, then noise: mixed when the window has left the spikes, half its 20 ms later at most.
    let mut room = spikes[..4800].to_vec();
    room.extend(gaussian(5, 24_000).iter().map(|x| x * 3.0));
    let mixed = density::mixing_ms(&room, RATE).unwrap();
    assert!((90.0..=112.0).contains(&mixed), "{mixed}");
    assert_eq!(density::mixing_ms(&[], RATE), None);
}

#[test]
fn the_colour_of_a_spike_is_white_and_of_a_filter_its_own() {
    for rate in [8000, 44_100, 48_000, 192_000] {
        for third in spectrum::thirds(&mono(rate, vec![0.0, 1.0, 0.0])) {
            assert!(third.db.unwrap().abs() < 1e-6, "{third:?}");
        }
    }
    let names: Vec<f64> = spectrum::thirds(&mono(RATE, vec![1.0]))
        .iter()
        .map(|t| t.hz)
        .collect();
    assert_eq!(
        (names.len(), names[0], names[17], names[30]),
        (31, 20.0, 1000.0, 20_000.0)
    );
    // Two samples of a half: cos(π f ÷ rate).
    for third in spectrum::thirds(&mono(RATE, vec![0.5, 0.5]))
        .iter()
        .filter(|t| t.hz < 9000.0)
    {
        let expected = 20.0 * (PI * third.hz / f64::from(RATE)).cos().log10();
        assert!(
            (third.db.unwrap() - expected).abs() < 0.05,
            "{third:?} for {expected}"
        );
    }
    assert!(
        spectrum::thirds(&mono(RATE, vec![0.0; 9]))
            .iter()
            .all(|t| t.db.is_none())
    );
    // Channels are averaged.
    let half = impulse(RATE, Layout::Stereo, vec![vec![1.0], vec![0.0]]);
    assert!((spectrum::thirds(&half)[17].db.unwrap() + 3.0103).abs() < 1e-3);
}

#[test]
fn likeness_of_channels() {
    let [a, b] = [1, 2].map(|seed| room(RATE, 1.0, 0.5, seed));
    let found = |left: &[f32], right: &[f32]| {
        let both = impulse(RATE, Layout::Stereo, vec![left.to_vec(), right.to_vec()]);
        let outline = outline(&both);
        pairs::pairs(&both, outline.onset_frame, outline.audible_frames)[0]
    };
    let same = found(&a, &a);
    assert!((same.early.unwrap() - 1.0).abs() < 1e-5 && (same.late.unwrap() - 1.0).abs() < 1e-5);
    assert_eq!(same.difference_db, Some(-200.0));
    assert_eq!((same.direct_db, same.delay_ms), (Some(0.0), Some(0.0)));
    // 97 lags of 3840 samples: chance stays below 4 ÷ √3840 · √(the decay's own weight), about 0.09.
    let apart = found(&a, &b);
    assert!(
        apart.early.unwrap().abs() < 0.09 && apart.late.unwrap().abs() < 0.09,
        "{apart:?}"
    );
    let opposite: Vec<f32> = a.iter().map(|x| -x).collect();
    assert!((found(&a, &opposite).early.unwrap() + 1.0).abs() < 1e-5);
    // Half as loud and 24 samples later: still the same sound, half a millisecond apart.
    let later: Vec<f32> = [vec![0.0; 24], a.iter().map(|x| x / 2.0).collect()].concat();
    let shifted = found(&a, &later[..a.len()]);
    assert!(shifted.early.unwrap() > 0.99, "{shifted:?}");
    assert!(
        (shifted.direct_db.unwrap() - 6.02).abs() < 0.3,
        "{shifted:?}"
    );
    assert!(
        (shifted.delay_ms.unwrap() - 0.5).abs() < 1e-9,
        "{shifted:?}"
    );
    let silent = found(&a, &vec![0.0; a.len()]);
    assert_eq!(
        (silent.early, silent.late, silent.direct_db),
        (None, None, None)
    );
}

#[test]
fn the_tail_ends_at_the_floor_or_120_db_down() {
    // In the clear: 120 dB down after twice the decay time.
    let clear = mono(RATE, room(RATE, 3.0, 0.5, 1));
    let tail = tail_frames(&clear) as f64 / f64::from(RATE);
    assert!((tail - 1.0).abs() < 0.05, "{tail}");
    assert_eq!(analyze(&clear).tail_frames, tail_frames(&clear));
    // In noise 60 dB below the start, alike in every band: half of that.
    let floor = noise(9, 3 * RATE as usize, 0.25e-3);
    let noisy: Vec<f32> = clear.channels[0]
        .iter()
        .zip(&floor)
        .map(|(a, b)| a + b)
        .collect();
    let tail = tail_frames(&mono(RATE, noisy)) as f64 / f64::from(RATE);
    // Lower octaves are chancy: up to 6 dB, a twentieth of a second.
    assert!((0.48..0.58).contains(&tail), "{tail}");
    // Echoes, also filtered ones, are kept to the last.
    for pulse in [vec![1.0_f32], (0..100).map(|n| 0.9_f32.powi(n)).collect()] {
        let mut echoes = vec![0.0; 4 * RATE as usize];
        for (repeat, gain) in (0..8).zip([1.0, 0.5, 0.25, 0.125, 0.06, 0.03, 0.015, 0.008]) {
            for (n, x) in pulse.iter().enumerate() {
                echoes[repeat * 20_000 + n] += x * gain;
            }
        }
        let echoes = mono(RATE, echoes);
        assert!(
            tail_frames(&echoes) > 7 * 20_000,
            "{}",
            tail_frames(&echoes)
        );
        assert_eq!(tail_frames(&echoes), outline(&echoes).audible_frames);
    }
    let reversed = mono(RATE, room(RATE, 1.0, 0.5, 2).into_iter().rev().collect());
    assert_eq!(tail_frames(&reversed), RATE as usize);
}

#[test]
fn odd_impulses_are_measured_without_a_panic() {
    for channels in [
        vec![],
        vec![vec![]],
        vec![vec![1.0]],
        vec![vec![0.0; 5], vec![-0.0; 5]],
        vec![vec![1e6; 3], vec![-1e6; 3]],
        vec![vec![f32::MIN_POSITIVE; 300]],
        vec![noise(1, 7, 1.0); 5],
    ] {
        for layout in [
            Layout::Mono,
            Layout::Stereo,
            Layout::TrueStereo,
            Layout::Matrix,
        ] {
            for rate in [1, 100, 8000, 44_100, 192_000, u32::MAX] {
                // The spectrum's window is a second long: no second of u32::MAX.
                let found = analyze(&impulse(rate, layout, channels.clone()));
                let text = serde_json::to_string(&found).unwrap();
                assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
                assert!(found.tail_frames <= found.outline.frames);
            }
        }
    }
}

//! What the mixer promises.

use super::*;

fn run(mixer: &mut Mixer, dry: &[&[f32]], wet: &[Vec<f32>], blocks: &[usize]) -> Vec<Vec<f32>> {
    let mut out = wet.to_vec();
    let mut at = 0;
    let mut sizes = blocks.iter().cycle();
    while at < wet[0].len() {
        let end = (at + sizes.next().unwrap()).min(wet[0].len());
        let inputs: Vec<&[f32]> = dry.iter().map(|channel| &channel[at..end]).collect();
        let mut outputs: Vec<&mut [f32]> = out
            .iter_mut()
            .map(|channel| &mut channel[at..end])
            .collect();
        mixer.process(&mut Block::new(&inputs, &mut outputs));
        at = end;
    }
    out
}

fn noise(seed: u32, length: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..length).map(|_| next()).collect()
}

fn bits(sound: &[Vec<f32>]) -> Vec<Vec<u32>> {
    let channel = |c: &Vec<f32>| c.iter().map(|x| x.to_bits()).collect();
    sound.iter().map(channel).collect()
}

#[test]
fn neutral_is_the_wet_and_zero_mix_the_dry_to_the_bit() {
    let (mut a, mut b) = (noise(1, 5000), noise(2, 5000));
    (a[7], b[9]) = (-0.0, -0.0);
    let wet = vec![a, b];
    let dry = noise(3, 5000);
    let mut neutral = Mixer::new(2, 48_000, Mix::NEUTRAL);
    let out = run(&mut neutral, &[&dry], &wet, &[1, 77, 480]);
    assert_eq!(bits(&out), bits(&wet));
    let silent = Mix {
        mix_percent: 0.0,
        ..Mix::NEUTRAL
    };
    let out = run(&mut Mixer::new(2, 48_000, silent), &[&dry], &wet, &[64]);
    assert_eq!(bits(&out), bits(&[dry.clone(), dry]));
}

#[test]
fn the_mix_is_linear_and_the_gains_are_decibels() {
    let (dry, wet) = (noise(4, 1000), vec![noise(5, 1000)]);
    let mix = Mix {
        mix_percent: 25.0,
        wet_gain_db: 6.0,
        output_gain_db: -3.0,
        ..Mix::NEUTRAL
    };
    let out = run(&mut Mixer::new(1, 44_100, mix), &[&dry], &wet, &[100]);
    for ((out, dry), wet) in out[0].iter().zip(&dry).zip(&wet[0]) {
        let sum = 0.75 * f64::from(*dry) + 0.25 * 1.995_262_3 * f64::from(*wet);
        assert!((f64::from(*out) - sum * 0.707_945_8).abs() < 3e-7);
    }
    let off = Mix {
        wet_gain_db: -60.0,
        ..Mix::NEUTRAL
    };
    let out = run(&mut Mixer::new(1, 44_100, off), &[&dry], &wet, &[100]);
    assert!(out[0].iter().all(|sample| *sample == 0.0));
}

#[test]
fn a_change_arrives_at_the_bit_in_time_and_blocks_do_not_show() {
    let wet = vec![noise(11, 4000), noise(12, 4000)];
    let dry = noise(13, 4000);
    let to = Mix {
        mix_percent: 50.0,
        wet_gain_db: -6.0,
        width_percent: 30.0,
        low_cut_hz: 200.0,
        high_cut_hz: 5_000.0,
        cut_slope: CutSlope::Db24,
        predelay_ms: 3.0,
        ..Mix::NEUTRAL
    };
    let render = |from: Mix, blocks: &[usize]| {
        let mut mixer = Mixer::new(2, 48_000, from);
        mixer.set(to);
        run(&mut mixer, &[&dry, &dry], &wet, blocks)
    };
    let whole = render(Mix::NEUTRAL, &[4000]);
    assert_eq!(bits(&whole), bits(&render(Mix::NEUTRAL, &[1, 5, 64, 3])));
    // Once both filters have forgotten where they came from (200 Hz: −180 dB in 1500 samples), nothing is left of it.
    let there = render(to, &[64]);
    for (a, b) in whole.iter().flatten().zip(there.iter().flatten()) {
        assert!(a.is_finite() && b.is_finite());
    }
    for (a, b) in whole[0][3500..].iter().zip(&there[0][3500..]) {
        assert!((a - b).abs() < 1e-6);
    }
}

#[test]
fn width_scales_the_side_and_keeps_the_mid() {
    let wet = vec![noise(14, 500), noise(15, 500)];
    let dry = vec![0.0; 500];
    for percent in [0.0, 50.0, 200.0] {
        let mix = Mix {
            width_percent: percent,
            ..Mix::NEUTRAL
        };
        let out = run(&mut Mixer::new(2, 48_000, mix), &[&dry], &wet, &[100]);
        for at in 0..500 {
            let (l, r) = (out[0][at], out[1][at]);
            assert!((l + r - wet[0][at] - wet[1][at]).abs() < 1e-6);
            let side = percent / 100.0 * (wet[0][at] - wet[1][at]);
            assert!((l - r - side).abs() < 1e-6);
        }
    }
}

/// Level of a sine of `hz` behind the mixer, in dB, once it has settled.
fn level_db(mix: Mix, rate: u32, hz: f64) -> f64 {
    let step = std::f64::consts::TAU * hz / f64::from(rate);
    let frames = rate as usize;
    let sine = |n: usize| (step * n as f64).sin() as f32;
    let wet = vec![(0..frames).map(sine).collect::<Vec<_>>()];
    let out = run(&mut Mixer::new(1, rate, mix), &[], &wet, &[500]);
    let half = &out[0][frames / 2..];
    let power: f64 = half.iter().map(|x| f64::from(*x).powi(2)).sum();
    10.0 * (2.0 * power / half.len() as f64).log10()
}

#[test]
fn the_cuts_are_butterworth() {
    for rate in [44_100, 48_000, 192_000] {
        for (slope, order) in [(CutSlope::Db12, 2), (CutSlope::Db24, 4)] {
            let with = |low_cut_hz, high_cut_hz| Mix {
                low_cut_hz,
                high_cut_hz,
                cut_slope: slope,
                ..Mix::NEUTRAL
            };
            let (low, high) = (with(100.0, 22_000.0), with(10.0, 4_000.0));
            // |H|² = 1 ÷ (1 + (f ÷ corner)^(2 · order)), where f is warped by the bilinear transform.
            let warped = |hz: f64| (std::f64::consts::PI * hz / f64::from(rate)).tan();
            let want = |ratio: f64| -10.0 * (1.0 + ratio.powi(2 * order)).log10();
            for hz in [50.0, 100.0, 400.0, 1_000.0, 4_000.0, 8_000.0] {
                let got = level_db(low, rate, hz);
                let expected = want(warped(100.0) / warped(hz));
                assert!(
                    (got - expected).abs() < 0.01,
                    "low cut at {hz}: {got} {expected}"
                );
                let got = level_db(high, rate, hz);
                let expected = want(warped(hz) / warped(4_000.0));
                assert!(
                    (got - expected).abs() < 0.01,
                    "high cut at {hz}: {got} {expected}"
                );
            }
        }
    }
    // Above what the rate holds there is nothing to cut: to the bit.
    let high = Mix {
        high_cut_hz: 21_900.0,
        ..Mix::NEUTRAL
    };
    assert_eq!(
        level_db(high, 44_100, 1000.0),
        level_db(Mix::NEUTRAL, 44_100, 1000.0)
    );
}

#[test]
fn bypass_gives_the_dry_and_feeds_nothing() {
    let mut mixer = Mixer::new(
        1,
        48_000,
        Mix {
            output_gain_db: -9.0,
            ..Mix::NEUTRAL
        },
    );
    assert_eq!(mixer.feeds(), Feed::Open);
    mixer.set(Mix {
        output_gain_db: -9.0,
        bypass: true,
        ..Mix::NEUTRAL
    });
    assert_eq!(mixer.feeds(), Feed::Closing);
    let mut fed = vec![1.0; 2000];
    mixer.feed(&mut [&mut fed], 2000);
    assert!(fed[0] > 0.999 && fed[1152..].iter().all(|x| *x == 0.0));
    assert!(fed.windows(2).all(|pair| pair[1] <= pair[0]));
    let dry = noise(16, 3000);
    let out = run(&mut mixer, &[&dry], &[vec![0.0; 3000]], &[128]);
    assert_eq!(out[0][1200..], dry[1200..]);
    mixer.set(Mix::NEUTRAL);
    mixer.reset();
    assert_eq!(mixer.feeds(), Feed::Open);
}

#[test]
fn without_the_dry_the_wet_is_as_loud_as_in_the_mix() {
    let (dry, wet) = (noise(18, 500), noise(19, 500));
    for bypass in [false, true] {
        let mix = Mix {
            mix_percent: 25.0,
            wet_gain_db: -6.0,
            output_gain_db: 3.0,
            bypass,
            dry_muted: true,
            ..Mix::NEUTRAL
        };
        let mut mixer = Mixer::new(1, 48_000, mix);
        let out = run(&mut mixer, &[&dry], std::slice::from_ref(&wet), &[64]);
        let gain = (0.25 * factor(-6.0) * factor(3.0)) as f32;
        let expected: Vec<_> = wet.iter().map(|wet| wet * gain).collect();
        assert_eq!(out[0], expected);
    }
}

#[test]
fn the_predelay_shifts_the_wet_by_whole_samples_and_leaves_the_dry() {
    let wet = vec![noise(6, 30_000), noise(7, 30_000)];
    let mut mix = Mix {
        predelay_ms: 10.0,
        ..Mix::NEUTRAL
    };
    let dry = vec![0.0; 30_000];
    let out = run(
        &mut Mixer::new(2, 44_100, mix),
        &[&dry, &dry],
        &wet,
        &[333, 1],
    );
    for (out, wet) in out.iter().zip(&wet) {
        assert!(out[..441].iter().all(|sample| *sample == 0.0));
        assert_eq!(out[441..], wet[..30_000 - 441]);
    }
    mix.predelay_ms = 500.0;
    let out = run(
        &mut Mixer::new(2, 48_000, mix),
        &[&dry, &dry],
        &wet,
        &[4096],
    );
    assert_eq!(out[1][24_000..], wet[1][..6000]);
}

#[test]
fn a_changed_predelay_fades_over_and_the_newest_wins() {
    let mut mixer = Mixer::new(1, 48_000, Mix::NEUTRAL);
    let with = |predelay_ms| Mix {
        predelay_ms,
        ..Mix::NEUTRAL
    };
    let wet = vec![noise(8, 8000)];
    let dry = vec![0.0; 8000];
    mixer.set(with(1.0));
    mixer.set(with(100.0));
    mixer.set(with(2.0));
    let out = run(&mut mixer, &[&dry], &wet, &[50]);
    assert_eq!(out[0][2500..], wet[0][2500 - 96..8000 - 96]);
}

#[test]
fn a_predelay_that_waits_begins_at_one_sample_whatever_the_blocks() {
    let wet = vec![noise(20, 6000)];
    let dry = vec![0.0; 6000];
    let with = |predelay_ms| Mix {
        predelay_ms,
        ..Mix::NEUTRAL
    };
    let render = |blocks: &[usize]| {
        let mut mixer = Mixer::new(1, 48_000, Mix::NEUTRAL);
        mixer.set(with(30.0));
        mixer.set(with(70.0));
        run(&mut mixer, &[&dry], &wet, blocks)
    };
    let whole = render(&[6000]);
    for blocks in [&[1][..], &[15], &[63, 64, 65], &[1149, 1]] {
        assert_eq!(bits(&render(blocks)), bits(&whole), "{blocks:?}");
    }
}

#[test]
fn what_is_no_sound_in_the_dry_is_silence_and_reset_is_new() {
    let mix = Mix {
        mix_percent: 40.0,
        predelay_ms: 3.0,
        ..Mix::NEUTRAL
    };
    let wet = vec![noise(9, 900)];
    let mut dry = noise(10, 900);
    dry[3] = f32::NAN;
    dry[4] = f32::INFINITY;
    dry[5] = f32::MAX;
    let mut mixer = Mixer::new(1, 48_000, mix);
    let first = run(&mut mixer, &[&dry], &wet, &[90]);
    assert!(first[0].iter().all(|sample| sample.abs() < 2.0));
    mixer.reset();
    let again = run(&mut mixer, &[&dry], &wet, &[90]);
    assert_eq!(bits(&first), bits(&again));
}

#[test]
fn a_dry_beyond_what_the_engine_takes_is_silent_and_no_gain_overflows() {
    let loud = Mix {
        mix_percent: 0.0,
        output_gain_db: 12.0,
        ..Mix::NEUTRAL
    };
    let dry = [f32::MAX, -f32::MAX, f32::NAN, f32::INFINITY, 1e30, 0.5];
    let out = run(
        &mut Mixer::new(1, 48_000, loud),
        &[&dry],
        &[vec![0.0; 6]],
        &[64],
    );
    assert_eq!(out[0][..5], [0.0; 5]);
    assert!((out[0][5] - 0.5 * 3.981_072).abs() < 1e-6);
}

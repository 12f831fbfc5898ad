//! A room measured with a sweep is the room: known impulses come back, and what is not the room is told from it.

#[path = "common/heard.rs"]
mod heard;

use heard::{
    Noise, after, convolve, error_db, heard, measured, narrow, peak, residue, room, short,
    spectrum, ways, wide,
};
use partita::impulse::Layout;
use partita::impulse::measure::{Notice, Other, Played, Recording, Start, Sweep, measure};
use realfft::num_complex::Complex;
use std::f64::consts::{PI, TAU};

/// Over the whole range that was asked for. The recording is f32: rounding to 2⁻²⁴ of full scale, RMS 2⁻²⁵/√3 at the
/// sweep's own level or −155 dBFS, is −135 dB below it. What the lead-in cuts off of the upper edge's ringing is −90 dB
/// (`Band::ringing`), and what is not completed below the range −85 dB; together below −80.
#[test]
fn a_known_impulse_comes_back() {
    for (rate, to) in [(44_100, 20_000.0), (48_000, 20_000.0), (96_000, 40_000.0)] {
        let sweep = Sweep {
            sample_rate: rate,
            to,
            seconds: 6.0,
            decay: 2.0,
            ..Sweep::default()
        };
        let spike = vec![1.0];
        let mut echo = vec![0.0; rate as usize / 4];
        (echo[0], echo[rate as usize / 4 - 1]) = (0.5, -0.3);
        for known in [spike, echo, room(1, rate, 1.0)] {
            let heard = heard(&sweep, &[vec![known.clone()]], 12_345);
            let measured = measured(&sweep, &heard);
            let residue = residue(&measured, 0, &known, &sweep);
            println!("{rate} Hz, {} samples: {residue:.1} dB", known.len());
            let distortion = measured.distortion.expect("a sweep of ours");
            // A third of what rounding to f32 is, at 120 dB below the sweep.
            assert!(distortion.total_percent < 1e-4, "{distortion:?}");
            assert!(residue < -80.0, "{rate} Hz: {residue:.1} dB");
            assert_eq!(measured.impulse.layout, Layout::Mono);
            assert!(measured.notices.is_empty(), "{:?}", measured.notices);
        }
    }
}

/// The higher the range begins, the more there is below it to complete from the silence.
#[test]
fn it_comes_back_in_any_range() {
    for (from, to) in [(20.0, 2000.0), (100.0, 20_000.0), (400.0, 20_000.0)] {
        let sweep = Sweep {
            from,
            to,
            seconds: 4.0,
            decay: 1.5,
            ..Sweep::default()
        };
        for known in [vec![1.0], room(4, 48_000, 0.5)] {
            let heard = heard(&sweep, &[vec![known.clone()]], 3000);
            let residue = residue(&measured(&sweep, &heard), 0, &known, &sweep);
            println!("from {from} Hz, {} samples: {residue:.1} dB", known.len());
            assert!(residue < -80.0, "from {from} Hz: {residue:.1} dB");
        }
    }
}

/// Every path is found where it is, the weaker and later ones too, in the order LL, LR, RL, RR.
#[test]
fn loudspeakers_in_turn_make_true_stereo_and_one_makes_stereo() {
    let rooms: Vec<_> = (1..5).map(|seed| room(seed, 48_000, 0.5)).collect();
    let path = |late, gain, index: usize| after(late, gain, &rooms[index]);
    let paths = [
        vec![path(0, 1.0, 0), path(13, 0.5, 1)],
        vec![path(14, 0.4, 2), path(2, 0.8, 3)],
    ];
    let sweep = Sweep {
        speakers: 2,
        repeats: 2,
        ..short()
    };
    let four = measured(&sweep, &heard(&sweep, &paths, 3000));
    assert_eq!(four.impulse.layout, Layout::TrueStereo);
    assert_eq!((four.sweeps_found, four.sweeps_used), (4, 4));
    let one = Sweep {
        speakers: 1,
        ..sweep
    };
    let two = measured(&one, &heard(&one, &paths[..1], 3000));
    assert_eq!(two.impulse.layout, Layout::Stereo);
    let all = paths.iter().flatten();
    for (measured, count) in [(&four, 4), (&two, 2)] {
        assert_eq!(measured.impulse.channels.len(), count);
        assert!(measured.notices.is_empty(), "{:?}", measured.notices);
        let start = peak(&measured.impulse.channels[0]);
        for (channel, path) in all.clone().take(count).enumerate() {
            let got = wide(&measured.impulse.channels[channel]);
            let residue = error_db(&got, &after(start, 1.0, path), 48_000, (50.0, 20_000.0));
            assert!(residue < -80.0, "channel {channel}: {residue:.1} dB");
        }
    }
}

/// Noise comes out as the module says it does, and averages away. The noise of 1.4 s has 28 000 independent values in
/// each band of 10 kHz: its power is its expectation within 4 σ = 4 √(2 / 28 000) or 0.15 dB. Twice that is allowed.
#[test]
fn noise_is_what_theory_says() {
    let sigma = 1e-3;
    let known = room(3, 48_000, 0.5);
    for repeats in [1, 4] {
        let sweep = Sweep { repeats, ..short() };
        let mut heard = heard(&sweep, &[vec![known.clone()]], 4321);
        let mut noise = Noise(77);
        heard[0].iter_mut().for_each(|x| *x += sigma * noise.next());
        let measured = measured(&sweep, &heard);
        let frames = measured.impulse.frames() as f64;
        let rate = 48_000.0;
        let growth = 3.0 / (20_000.0_f64 / 50.0).ln();
        let amplitude = 10_f64.powf(-12.0 / 20.0);
        let band: f64 = 20_000.0 * 20_000.0 - 50.0 * 50.0;
        let rms = sigma * 2.0 / (amplitude * rate) * (band / (growth * rate)).sqrt();
        let energy = rms * rms * frames / f64::from(repeats);
        // The energy of what of the known is in the range.
        let bins = spectrum(&known, known.len()).into_iter().enumerate();
        let size = known.len().next_power_of_two() as f64;
        let in_range = |k: usize| (50.0..=20_000.0).contains(&(k as f64 * rate / size));
        let inside = bins
            .filter(|(k, _)| in_range(*k))
            .map(|(_, bin)| bin.norm_sqr());
        let inside = inside.sum::<f64>() * 2.0 / size;
        let expected = 10.0 * (energy / inside).log10();
        let residue = residue(&measured, 0, &known, &sweep);
        println!("{repeats} repeats: {residue:.2} dB, expected {expected:.2}");
        assert!(
            (residue - expected).abs() < 0.3,
            "{residue:.2}, expected {expected:.2}"
        );
        let found = measured.noise_dbfs.expect("a second of noise came first");
        assert!((found - 20.0 * sigma.log10()).abs() < 0.3, "{found}");
        assert_eq!(measured.repeats_differ_db.is_some(), repeats > 1);
    }
}

/// x + a x² + b x³ of a sine of amplitude A has a A / 2 of the second harmonic, b A² / 4 of the third, and 3 b A² / 4
/// more of the fundamental. They are found at −L ln n; the impulse is the linear part.
#[test]
fn distortion_is_told_from_the_room() {
    // The third harmonic of the sweep's last, 14.3 kHz, is below half the rate: nothing folds back.
    let sweep = Sweep {
        sample_rate: 96_000,
        to: 12_000.0,
        seconds: 4.0,
        decay: 1.5,
        ..Sweep::default()
    };
    let amplitude = 10_f64.powf(-12.0 / 20.0);
    // Together 2 %.
    let (second, third) = (0.016, 0.012);
    let (a, b) = (2.0 * second / amplitude, 4.0 * third / amplitude.powi(2));
    let played = sweep.played().expect("a sweep");
    let bent: Vec<f64> = wide(&played.channels[0])
        .iter()
        .map(|x| x + a * x * x + b * x * x * x)
        .collect();
    let linear = 1.0 + 3.0 * third;
    for known in [vec![1.0], room(5, 96_000, 0.3)] {
        let mut heard = after(5000, 1.0, &convolve(&bent, &known));
        heard.extend([0.0; 9600]);
        let measured = measured(&sweep, &[heard]);
        let scaled: Vec<f64> = known.iter().map(|x| linear * x).collect();
        let residue = residue(&measured, 0, &scaled, &sweep);
        let distortion = measured.distortion.expect("a sweep of ours");
        println!("{residue:.1} dB, {distortion:?}");
        assert!(residue < -80.0, "{residue:.1} dB");
        let found = |order: usize| {
            let order = &distortion.orders[order - 2];
            order.percent.expect("above the noise")
        };
        // The pieces of 0.4 s are faded over 5 % at both ends, the lowest third is but 9 Hz wide.
        let within = 0.01;
        for (order, share) in [(2, second), (3, third)] {
            let expected = 100.0 * share / linear;
            let off = found(order) / expected - 1.0;
            assert!(
                off.abs() < within,
                "order {order}: {} %, expected {expected} %",
                found(order)
            );
        }
        assert!(
            distortion.orders[2].percent.is_none_or(|it| it < 0.01),
            "{distortion:?}"
        );
        let off = distortion.total_percent / (2.0 / linear) - 1.0;
        assert!(off.abs() < within, "{distortion:?}");
    }
}

/// `samples` as a clock sees them that is slower by `ppm`: each is taken `1 + ppm` later, by 64 points of a sinc under a
/// Hann window. At a quarter of the rate and below that is exact to −100 dB.
fn drifted(samples: &[f64], ppm: f64) -> Vec<f64> {
    const HALF: isize = 32;
    let at = |n: usize| {
        let exact = n as f64 / (1.0 + 1e-6 * ppm);
        let whole = exact.floor();
        let part = exact - whole;
        if part == 0.0 {
            return samples.get(whole as usize).copied().unwrap_or(0.0);
        }
        let mut sum = 0.0;
        for k in 1 - HALF..=HALF {
            let Some(sample) = usize::try_from(whole as isize + k)
                .ok()
                .and_then(|at| samples.get(at))
            else {
                continue;
            };
            let x = part - k as f64;
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            let window = 0.5 + 0.5 * (PI * x / (HALF as f64 + 0.5)).cos();
            sum += sample * sign / (PI * x) * window;
        }
        sum * (PI * part).sin()
    };
    (0..samples.len()).map(at).collect()
}

/// A spike, wherever between two samples it is: what is left of its spectrum when its delay is taken out of it.
fn spike_residue(samples: &[f64], rate: u32, range: (f64, f64)) -> f64 {
    let bins = spectrum(samples, samples.len());
    let size = samples.len().next_power_of_two() as f64;
    let step = f64::from(rate) / size;
    let inside: Vec<usize> = (0..bins.len())
        .filter(|k| (range.0..=range.1).contains(&(*k as f64 * step)))
        .collect();
    let narrowed: Vec<f32> = samples.iter().map(|&x| x as f32).collect();
    let mut delay = peak(&narrowed) as f64;
    let turned =
        |k: usize, delay: f64| bins[k] * Complex::from_polar(1.0, TAU * k as f64 * delay / size);
    for _ in 0..5 {
        let (mut moment, mut inertia) = (0.0, 0.0);
        for &k in &inside {
            let w = TAU * k as f64 / size;
            moment -= w * turned(k, delay).arg();
            inertia += w * w;
        }
        delay += moment / inertia;
    }
    let error = inside.iter().map(|&k| (turned(k, delay) - 1.0).norm_sqr());
    10.0 * (error.sum::<f64>() / inside.len() as f64).log10()
}

/// Clocks 20 ppm apart smear a sweep of 4 s over 8 samples. The repeats tell by how much, and that is put right; with a
/// loopback, which the same clock recorded, it is no matter.
#[test]
fn a_drifting_clock_is_measured_and_put_right() {
    let sweep = Sweep {
        sample_rate: 96_000,
        repeats: 3,
        seconds: 4.0,
        decay: 1.0,
        ..Sweep::default()
    };
    let straight = heard(&sweep, &[vec![vec![1.0]]], 2000);
    for ppm in [20.0, -7.5] {
        let slow = drifted(&straight[0], ppm);
        let measured = measured(&sweep, std::slice::from_ref(&slow));
        let found = measured.drift_ppm.expect("three repeats tell");
        let residue = spike_residue(
            &wide(&measured.impulse.channels[0]),
            96_000,
            (20.0, 20_000.0),
        );
        println!("{ppm} ppm: found {found:.4}, {residue:.1} dB");
        // A hundredth of a sample over two periods.
        assert!((found - ppm).abs() < 0.01, "{found} ppm, expected {ppm}");
        assert!(residue < -80.0, "{residue:.1} dB");
        assert!(matches!(measured.notices[..], [Notice::Drift { .. }]));
        let late = drifted(&after(480, 0.5, &straight[0]), ppm);
        let against = ways(
            &sweep,
            &[late[..slow.len()].to_vec()],
            Some(&slow),
            Start::Played,
        );
        let against = against.expect("a measurement");
        assert_eq!(against.drift_ppm, None);
        let travel = against.travel_ms.expect("a loopback");
        // Where a spike that ends at 20 kHz comes within 20 dB of its peak: 1 ÷ (π n) = 0.1, n = 3.2 half periods of it.
        assert!((travel - 5.0).abs() < 0.08, "{travel} ms");
        let got: Vec<f64> = wide(&against.impulse.channels[0])
            .iter()
            .map(|x| 2.0 * x)
            .collect();
        let residue = spike_residue(&got, 96_000, (20.0, 20_000.0));
        println!("with a loopback: {residue:.1} dB");
        assert!(residue < -80.0, "{residue:.1} dB");
    }
}

/// A device with a colour of its own and a latency, in both channels; the room only in one. What is left is the room,
/// with the way through the air.
#[test]
fn a_loopback_takes_out_colour_and_latency() {
    let sweep = Sweep {
        repeats: 2,
        ..short()
    };
    // A pole at 2 kHz: −20 dB at the top.
    let pole = (-TAU * 2000.0 / 48_000.0_f64).exp();
    let colour: Vec<f64> = (0..400)
        .map(|n| 0.7 * (1.0 - pole) * pole.powi(n))
        .collect();
    let device = after(700, 1.0, &colour);
    let known = after(420, 1.0, &room(8, 48_000, 0.5));
    let together = heard(&sweep, &[vec![convolve(&device, &known), device]], 100);
    let one = ways(&sweep, &together[..1], Some(&together[1]), Start::Played).expect("measured");
    let residue = error_db(
        &wide(&one.impulse.channels[0]),
        &known,
        48_000,
        (50.0, 20_000.0),
    );
    println!("{residue:.1} dB");
    assert!(residue < -80.0, "{residue:.1} dB");
    assert_eq!(one.delay_frames, 0);
    let travel = one.travel_ms.expect("a loopback");
    assert!((travel - 8.75).abs() < 0.08, "{travel} ms");
    // What arrives at once needs room to ring in, and says so.
    let near = ways(&sweep, &together[1..], Some(&together[1]), Start::Played).expect("measured");
    let delay = near.delay_frames;
    assert!((1..200).contains(&delay), "{delay}");
    let expected = after(delay, 1.0, &[1.0]);
    let residue = error_db(
        &wide(&near.impulse.channels[0]),
        &expected,
        48_000,
        (50.0, 20_000.0),
    );
    assert!(residue < -80.0, "{residue:.1} dB");
}

/// A door slams in the third of four: it is found, and what is measured is as if it had not been.
#[test]
fn a_disturbed_repeat_is_left_out() {
    let sweep = Sweep {
        repeats: 4,
        ..short()
    };
    let known = room(9, 48_000, 0.5);
    let mut heard = heard(&sweep, &[vec![known.clone()]], 1000);
    let mut noise = Noise(5);
    heard[0].iter_mut().for_each(|x| *x += 1e-5 * noise.next());
    let clean = measured(&sweep, &heard);
    assert!(clean.notices.is_empty(), "{:?}", clean.notices);
    let period = (sweep.frames() - 48_000) / 4;
    let slam = 48_000 + 1000 + 2 * period + period / 2;
    for n in 0..4800 {
        heard[0][slam + n] += 0.1 * (1.0 - n as f64 / 4800.0) * noise.next();
    }
    let measured = measured(&sweep, &heard);
    assert!(
        matches!(
            measured.notices[..],
            [Notice::LeftOut {
                repeat: 2,
                speaker: 0,
                ..
            }]
        ),
        "{:?}",
        measured.notices
    );
    assert_eq!((measured.sweeps_found, measured.sweeps_used), (4, 3));
    let (with, without) = (
        residue(&measured, 0, &known, &sweep),
        residue(&clean, 0, &known, &sweep),
    );
    // Three repeats instead of four: 1.25 dB more noise.
    assert!(
        with < without + 1.5,
        "{with:.1} dB, without it {without:.1} dB"
    );
}

/// Somebody else's sweep, linear and without a label: its range is found, and the impulse comes back in it.
#[test]
fn another_sweep_will_do() {
    let frames = 4 * 48_000;
    let sweep: Vec<f64> = (0..frames)
        .map(|n| {
            let t = n as f64 / 48_000.0;
            let fade = (t / 0.05).min((4.0 - t) / 0.05).min(1.0);
            0.3 * (0.5 - 0.5 * (PI * fade).cos()) * (TAU * (50.0 * t + 0.5 * 4500.0 * t * t)).sin()
        })
        .collect();
    let known = room(4, 48_000, 0.5);
    let heard = narrow(&after(9000, 1.0, &convolve(&sweep, &known)));
    let other = Other::new(48_000, &narrow(&sweep), None, 1.5).expect("a sweep");
    let recording = Recording {
        sample_rate: 48_000,
        microphones: vec![&heard],
        loopback: None,
    };
    let measured = measure(
        "room",
        &Played::Other(other),
        &recording,
        Start::DirectSound,
    );
    let measured = measured.expect("a measurement");
    let got = wide(&measured.impulse.channels[0]);
    let expected = after(peak(&measured.impulse.channels[0]), 1.0, &known);
    let residue = error_db(&got, &expected, 48_000, (300.0, 14_000.0));
    println!("{residue:.1} dB");
    assert!(residue < -80.0, "{residue:.1} dB");
    assert_eq!(
        (measured.distortion, &measured.notices[..]),
        (None, &[Notice::NoOrders][..])
    );
}

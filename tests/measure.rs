//! A room measured with a sweep is the room: known impulses come back, and what is not the room is told from it.

#[path = "common/wavio.rs"]
mod wavio;

use hound::SampleFormat;
use partita::impulse::Layout;
use partita::impulse::measure::{
    Channel, MeasureError, Measurement, Notice, Other, Played, Recording, Start, Sweep, measure,
};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;
use serde_json::Value;
use std::f64::consts::{PI, TAU};
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Gaussian noise of unit variance, the same for the same seed.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn next(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }
}

/// A direct sound and a decay of 60 dB in `seconds`.
fn room(seed: u64, rate: u32, seconds: f64) -> Vec<f64> {
    let mut noise = Noise(seed);
    let frames = (1.2 * seconds * f64::from(rate)) as usize;
    let decay = -3.0 * 10_f64.ln() / (seconds * f64::from(rate));
    let mut room: Vec<f64> = (0..frames)
        .map(|n| 0.02 * (decay * n as f64).exp() * noise.next())
        .collect();
    room[0] = 0.5;
    room
}

/// (f*g)(c) = Σ f(a) g(c − a), by spectra in f64; as long as `x` and silence enough for `h`.
fn convolve(x: &[f64], h: &[f64]) -> Vec<f64> {
    let frames = x.len() + h.len() - 1;
    let (a, b) = (spectrum(x, frames), spectrum(h, frames));
    let size = frames.next_power_of_two();
    let mut bins: Vec<_> = a.iter().zip(&b).map(|(a, b)| a * b / size as f64).collect();
    let last = bins.len() - 1;
    (bins[0].im, bins[last].im) = (0.0, 0.0);
    let mut samples = vec![0.0; size];
    let plan = RealFftPlanner::<f64>::new().plan_fft_inverse(size);
    plan.process(&mut bins, &mut samples).expect("sizes fit");
    samples.truncate(frames);
    samples
}

fn spectrum(x: &[f64], frames: usize) -> Vec<Complex<f64>> {
    let plan = RealFftPlanner::<f64>::new().plan_fft_forward(frames.next_power_of_two());
    let mut padded = plan.make_input_vec();
    padded[..x.len()].copy_from_slice(x);
    let mut bins = plan.make_output_vec();
    plan.process(&mut padded, &mut bins).expect("sizes fit");
    bins
}

/// Energy of what differs over the energy of what was expected, in dB, between two frequencies: by Parseval's theorem on
/// the spectra of the whole signals, no window.
fn error_db(got: &[f64], expected: &[f64], rate: u32, range: (f64, f64)) -> f64 {
    let frames = got.len().max(expected.len());
    let (got, expected) = (spectrum(got, frames), spectrum(expected, frames));
    let step = f64::from(rate) / frames.next_power_of_two() as f64;
    let (mut error, mut power) = (0.0, 0.0);
    for (k, (got, expected)) in got.iter().zip(&expected).enumerate() {
        if (range.0..=range.1).contains(&(k as f64 * step)) {
            error += (got - expected).norm_sqr();
            power += expected.norm_sqr();
        }
    }
    10.0 * (error / power).log10()
}

fn narrow(samples: &[f64]) -> Vec<f32> {
    samples.iter().map(|&x| x as f32).collect()
}

fn wide(samples: &[f32]) -> Vec<f64> {
    samples.iter().map(|&x| f64::from(x)).collect()
}

/// What microphones hear: `paths[speaker][microphone]`, `late` frames after it was played, and a second more.
fn heard(sweep: &Sweep, paths: &[Vec<Vec<f64>>], late: usize) -> Vec<Vec<f64>> {
    let played = sweep.played().expect("a sweep");
    let frames = played.frames() + late + sweep.sample_rate as usize;
    let mut microphones = vec![vec![0.0; frames]; paths[0].len()];
    for (speaker, paths) in played.channels.iter().zip(paths) {
        for (microphone, path) in microphones.iter_mut().zip(paths) {
            let sound = convolve(&wide(speaker), path);
            for (sum, x) in microphone[late..].iter_mut().zip(sound) {
                *sum += x;
            }
        }
    }
    microphones
}

fn measured(sweep: &Sweep, microphones: &[Vec<f64>]) -> Measurement {
    let channels: Vec<Vec<f32>> = microphones.iter().map(|it| narrow(it)).collect();
    let recording = Recording {
        sample_rate: sweep.sample_rate,
        microphones: channels.iter().map(Vec::as_slice).collect(),
        loopback: None,
    };
    let played = Played::Sweep(*sweep);
    measure("room", &played, &recording, Start::DirectSound).expect("a measurement")
}

/// The frame of the largest sample.
fn peak(samples: &[f32]) -> usize {
    let all = samples.iter().enumerate();
    let most = all.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    most.expect("samples").0
}

/// A path of the measured against `known`, put where it fits best: a band has its peak some samples off.
fn residue(measured: &Measurement, channel: usize, known: &[f64], sweep: &Sweep) -> f64 {
    let got = wide(&measured.impulse.channels[channel]);
    let range = (sweep.from, sweep.to);
    let at = |lag: usize| error_db(&got, &after(lag, 1.0, known), sweep.sample_rate, range);
    let near = peak(&measured.impulse.channels[channel]);
    let most = if range.1 < 0.3 * f64::from(sweep.sample_rate) {
        8
    } else {
        0
    };
    let lags = near.saturating_sub(most)..=near + most;
    lags.map(at).fold(f64::INFINITY, f64::min)
}

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

fn ways(
    sweep: &Sweep,
    microphones: &[Vec<f64>],
    loopback: Option<&[f64]>,
    start: Start,
) -> Result<Measurement, MeasureError> {
    let channels: Vec<Vec<f32>> = microphones.iter().map(|it| narrow(it)).collect();
    let loopback = loopback.map(narrow);
    let recording = Recording {
        sample_rate: sweep.sample_rate,
        microphones: channels.iter().map(Vec::as_slice).collect(),
        loopback: loopback.as_deref(),
    };
    measure("room", &Played::Sweep(*sweep), &recording, start)
}

/// Short, for what does not need the range's lowest octave to be exact.
fn short() -> Sweep {
    Sweep {
        seconds: 3.0,
        from: 50.0,
        decay: 1.5,
        ..Sweep::default()
    }
}

/// A path that begins after `late` frames.
fn after(late: usize, gain: f64, path: &[f64]) -> Vec<f64> {
    let mut delayed = vec![0.0; late];
    delayed.extend(path.iter().map(|x| gain * x));
    delayed
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

/// Nothing to measure: each says what, and nothing panics.
#[test]
fn a_recording_without_a_sweep_is_an_error() {
    let sweep = Sweep {
        repeats: 2,
        ..short()
    };
    let good = heard(&sweep, &[vec![room(2, 48_000, 0.3)]], 500).remove(0);
    let try_one =
        |microphone: &[f64]| ways(&sweep, &[microphone.to_vec()], None, Start::DirectSound);
    let fails = |microphone: &[f64]| match try_one(microphone) {
        Err(error) => error,
        Ok(measured) => panic!("measured: {:?}", measured.notices),
    };
    let silence = vec![0.0; good.len()];
    let microphone = Channel::Microphone(0);
    assert_eq!(
        fails(&silence),
        MeasureError::Silent {
            channel: microphone
        }
    );
    let mut noise = Noise(6);
    let hiss: Vec<f64> = good.iter().map(|_| 0.05 * noise.next()).collect();
    assert_eq!(
        fails(&hiss),
        MeasureError::NotFound {
            channel: microphone
        }
    );
    // Other sweeps, faster and slower: no response, or one whose octaves do not arrive together.
    for seconds in [2.0, 2.8, 3.2, 5.0] {
        let other = Sweep { seconds, ..sweep };
        let other = heard(&other, &[vec![vec![1.0]]], 0).remove(0);
        let wrong = match try_one(&other) {
            Ok(measured) => measured
                .notices
                .iter()
                .any(|it| matches!(it, Notice::Smeared { .. })),
            Err(error) => {
                error
                    == MeasureError::NotFound {
                        channel: microphone,
                    }
            }
        };
        assert!(wrong, "{seconds} s");
    }
    let clipped: Vec<f64> = good.iter().map(|x| (20.0 * x).clamp(-1.0, 1.0)).collect();
    assert!(matches!(fails(&clipped), MeasureError::Clipped { .. }));
    let mut broken = good.clone();
    broken[777] = f64::NAN;
    assert_eq!(
        fails(&broken),
        MeasureError::NotFinite {
            channel: microphone,
            frame: 777
        }
    );
    assert!(matches!(
        fails(&good[..120_000]),
        MeasureError::Short { .. }
    ));
    assert!(matches!(fails(&[]), MeasureError::Silent { .. }));
    let faster = Sweep {
        sample_rate: 44_100,
        ..sweep
    };
    let recording = Recording {
        sample_rate: 48_000,
        microphones: vec![],
        loopback: None,
    };
    let other = measure("room", &Played::Sweep(faster), &recording, Start::Played);
    assert_eq!(other, Err(MeasureError::NoChannel));
    let samples = narrow(&good);
    let recording = Recording {
        microphones: vec![&samples],
        ..recording
    };
    assert_eq!(
        measure("room", &Played::Sweep(faster), &recording, Start::Played),
        Err(MeasureError::Rate {
            played: 44_100,
            recorded: 48_000
        })
    );
    // A loopback of another time, of another length, and none.
    let from_then = [vec![0.0; 150_000], good[..good.len() - 150_000].to_vec()].concat();
    let against = |loopback: &[f64]| {
        ways(
            &sweep,
            std::slice::from_ref(&good),
            Some(loopback),
            Start::Played,
        )
    };
    assert!(matches!(
        against(&from_then),
        Err(MeasureError::Apart { .. } | MeasureError::NotFound { .. })
    ));
    assert!(matches!(
        against(&good[1..]),
        Err(MeasureError::LoopbackLength { .. })
    ));
    assert_eq!(
        against(&silence),
        Err(MeasureError::Silent {
            channel: Channel::Loopback
        })
    );
    // A second microphone that heard nothing of it.
    let deaf = ways(&sweep, &[good.clone(), hiss], None, Start::DirectSound);
    assert_eq!(
        deaf,
        Err(MeasureError::NotFound {
            channel: Channel::Microphone(1)
        })
    );
    // One of two sweeps is enough, but not if they are of two loudspeakers.
    let half = &good[(sweep.frames() - 48_000) / 2 + 24_000..];
    let one = try_one(half).expect("the second sweep is there");
    assert_eq!(
        one.notices,
        [Notice::Count {
            expected: 2,
            found: 1
        }]
    );
    let two = Sweep {
        repeats: 1,
        speakers: 2,
        ..sweep
    };
    assert_eq!(
        ways(&two, &[half.to_vec()], None, Start::DirectSound),
        Err(MeasureError::Incomplete {
            expected: 2,
            speakers: 2,
            found: 1
        })
    );
    // Faint, but there.
    let faint: Vec<f64> = good.iter().map(|x| 0.01 * x).collect();
    let faint = try_one(&faint).expect("it is there");
    assert!(
        matches!(faint.notices[..], [Notice::Quiet { .. }]),
        "{:?}",
        faint.notices
    );
}

/// Short and odd sweeps and recordings of anything.
#[test]
fn nothing_panics() {
    let mut noise = Noise(11);
    for round in 0..60 {
        let rate = [8000, 11_025, 48_000, 192_000][round % 4];
        let sweep = Sweep {
            sample_rate: rate,
            from: [1.0, 20.0, 900.0][round % 3],
            to: [1800.0, 3680.0][round % 2],
            seconds: 0.1,
            decay: [0.05, 0.3][round / 2 % 2],
            repeats: 1 + (round % 3) as u16,
            speakers: 1 + (round % 2) as u16,
            ..Sweep::default()
        };
        let played = sweep.played().expect("a sweep").channels.remove(0);
        let frames = round * 4321 % (2 * played.len());
        let sample = |n: usize| {
            let sound = played.get(n).copied().unwrap_or(0.0);
            let spike = if n.is_multiple_of(997) { 0.9 } else { 0.0 };
            match round % 5 {
                0 => sound,
                1 => sound + 0.01 * noise.next() as f32,
                2 => spike,
                3 => 0.1 * noise.next() as f32,
                _ => -0.5,
            }
        };
        let heard: Vec<f32> = (0..frames).map(sample).collect();
        let recording = Recording {
            sample_rate: rate,
            microphones: vec![&heard, &heard],
            loopback: (round % 7 == 0).then_some(&heard),
        };
        if let Ok(measured) = measure("it", &Played::Sweep(sweep), &recording, Start::Played) {
            let samples = measured.impulse.channels.iter().flatten();
            assert!(samples.clone().count() > 0 && samples.clone().all(|x| x.is_finite()));
        }
    }
    for wrong in [
        Sweep {
            from: f64::NAN,
            ..Sweep::default()
        },
        Sweep {
            from: 0.0,
            ..Sweep::default()
        },
        Sweep {
            to: 23_000.0,
            ..Sweep::default()
        },
        Sweep {
            to: 30.0,
            ..Sweep::default()
        },
        Sweep {
            seconds: f64::INFINITY,
            ..Sweep::default()
        },
        Sweep {
            decay: -1.0,
            ..Sweep::default()
        },
        Sweep {
            level_db: 0.0,
            ..Sweep::default()
        },
        Sweep {
            repeats: 0,
            ..Sweep::default()
        },
        Sweep {
            speakers: 9,
            ..Sweep::default()
        },
        Sweep {
            sample_rate: 0,
            ..Sweep::default()
        },
        Sweep {
            seconds: 120.0,
            repeats: 5,
            ..Sweep::default()
        },
        Sweep {
            sample_rate: 768_000,
            seconds: 60.0,
            ..Sweep::default()
        },
    ] {
        let said = wrong.played().expect_err("no sweep").to_string();
        assert!(
            said.starts_with("expected ") && said.contains(", got "),
            "{said}"
        );
    }
}

#[test]
fn a_label_says_which_sweep_it_is() {
    let sweep = Sweep {
        from: 33.3,
        repeats: 7,
        level_db: -20.5,
        ..Sweep::default()
    };
    assert_eq!(Sweep::from_label(&sweep.label()), Some(sweep));
    for wrong in [
        "",
        "<NOTE>x</NOTE>",
        "<PARTITA_SWEEP>from=0</PARTITA_SWEEP>",
        "<PARTITA_SWEEP>phase=1</PARTITA_SWEEP>",
    ] {
        assert_eq!(Sweep::from_label(wrong), None, "{wrong}");
    }
}

/// A folder in which the program is run.
struct Desk(TempDir);

impl Desk {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
        let command = command.current_dir(self.0.path()).args(args.split(' '));
        command.output().expect("the program starts")
    }

    /// One line on stderr, and the code.
    fn fails(&self, args: &str) -> (i32, String) {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said.lines().count(), 1, "{said}");
        (output.status.code().expect("an exit"), said)
    }
}

/// From --write-sweep to a labelled impulse, as somebody does it.
#[test]
fn the_program_measures_a_room() {
    let desk = Desk(TempDir::new().expect("a folder"));
    let write =
        "measure --write-sweep sweep.wav --sweep 3 --range 50..20000 --decay 1.5 --repeat 2";
    let output = desk.run(write);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(desk.fails(write).0, 5);
    let (spec, sweep) = wavio::read(&desk.path("sweep.wav"));
    assert_eq!(
        (spec.sample_rate, spec.bits_per_sample, spec.channels),
        (48_000, 24, 1)
    );
    let known = after(240, 1.0, &room(12, 48_000, 0.4));
    let mut direct = sweep[0].clone();
    direct.resize(direct.len() + known.len() - 1, 0.0);
    let sound = convolve(&sweep[0], &known);
    wavio::write_f32(&desk.path("recorded.wav"), &[sound.clone(), direct.clone()]);
    let measure =
        "measure --from recorded.wav --sweep-file sweep.wav --loopback 2 -o room.wav --json";
    let output = desk.run(measure);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["measurement"]["sweeps_used"], 2);
    let travel = told["measurement"]["travel_ms"].as_f64().expect("a number");
    assert!((travel - 5.0).abs() < 0.08, "{travel}");
    let reverberation = told["analysis"]["decay"]["broadband"]["t30"]
        .as_f64()
        .expect("T30");
    assert!((reverberation - 0.4).abs() < 0.02, "{reverberation}");
    let shown = desk.run("impulse show room.wav --json");
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(shown["layout"], "mono");
    // Cut where it meets the noise of 24 bits, before the 1.5 s are over.
    let seconds = told["seconds"].as_f64().expect("a number");
    assert!((0.4..1.3).contains(&seconds), "{seconds}");
    let label = std::fs::read(desk.path("room.wav")).expect("read");
    let label = String::from_utf8_lossy(&label).into_owned();
    assert!(label.contains("Measured by partita") && label.contains("<NAME>mono</NAME>"));
    assert_eq!(desk.fails(measure).0, 5);
    let output = desk.run("measure --from recorded.wav --sweep-file sweep.wav --loopback 2 -o room.wav -f --start played --length full");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in [
        "sweeps",
        "recording",
        "distortion",
        "travel",
        "noise floor",
        "T30",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let (_, room) = wavio::read(&desk.path("room.wav"));
    let residue = error_db(&room[0], &known, 48_000, (50.0, 20_000.0));
    // The sweep is dithered to 24 bits, RMS 2⁻²³ / 2: −144 dBFS, 129 dB below it and spread by the deconvolution.
    assert!(residue < -80.0, "{residue:.1} dB");
    // The same with the loopback in a file, and by figures instead of the sweep's file.
    wavio::write_f32(&desk.path("loop.wav"), &[direct]);
    wavio::write_f32(&desk.path("mono.wav"), std::slice::from_ref(&sound));
    for rest in [
        "--sweep-file sweep.wav",
        "--sweep 3 --range 50..20000 --decay 1.5 --repeat 2",
    ] {
        let output = desk.run(&format!(
            "measure --from mono.wav --loopback loop.wav -o r.wav -f {rest}"
        ));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    hostile(&desk, &sound);
}

fn hostile(desk: &Desk, sound: &[f64]) {
    let try_one = |name: &str, code: i32, words: &str| {
        let args = format!("measure --from {name} --sweep-file sweep.wav -o no.wav");
        let (exit, said) = desk.fails(&args);
        assert_eq!(exit, code, "{said}");
        assert!(said.contains(words), "{said}");
        assert!(!desk.path("no.wav").exists());
    };
    let float = |name: &str, rate, samples: Vec<f64>| {
        wavio::write(&desk.path(name), rate, 32, SampleFormat::Float, &[samples])
    };
    float("silent.wav", 48_000, vec![0.0; sound.len()]);
    try_one("silent.wav", 3, "silence");
    float(
        "loud.wav",
        48_000,
        sound.iter().map(|x| (9.0 * x).clamp(-1.0, 1.0)).collect(),
    );
    try_one("loud.wav", 3, "clipped");
    float("slow.wav", 44_100, sound.to_vec());
    try_one("slow.wav", 3, "--rate 44100");
    float("short.wav", 48_000, sound[..120_000].to_vec());
    try_one("short.wav", 3, "record from before the sweep");
    let mut broken = sound.to_vec();
    broken[5] = f64::NAN;
    float("broken.wav", 48_000, broken);
    try_one("broken.wav", 3, "expected finite samples");
    try_one("missing.wav", 3, "no such file");
    // The sweep's file, edited.
    let (_, mut sweep) = wavio::read(&desk.path("sweep.wav"));
    sweep[0].reverse();
    let bytes = std::fs::read(desk.path("sweep.wav")).expect("read");
    let data = bytes
        .windows(4)
        .position(|it| it == b"data")
        .expect("samples")
        + 8;
    let mut bytes = bytes;
    bytes[data..].reverse();
    std::fs::write(desk.path("edited.wav"), bytes).expect("written");
    let (exit, said) = desk.fails("measure --from mono.wav --sweep-file edited.wav -o no.wav");
    assert!(exit == 3 && said.contains("label describes"), "{said}");
    for (args, words) in [
        (
            "measure --from mono.wav --loopback 1 --sweep-file sweep.wav -o no.wav",
            "microphone beside",
        ),
        (
            "measure --from mono.wav --sweep-file silent.wav -o no.wav",
            "silent",
        ),
    ] {
        let (exit, said) = desk.fails(args);
        assert!(exit == 3 && said.contains(words), "{said}");
    }
    for args in [
        "measure --from mono.wav --channels 2 --sweep-file sweep.wav -o no.wav",
        "measure --from mono.wav --start played --sweep-file sweep.wav -o no.wav",
        "measure --write-sweep no.wav --range 20..30000",
        "measure --write-sweep no.wav --sweep 0",
    ] {
        assert_eq!(desk.fails(args).0, 2);
    }
    for args in [
        "measure",
        "measure --from mono.wav",
        "measure --write-sweep a.wav --range 5",
    ] {
        assert_eq!(desk.run(args).status.code(), Some(2), "{args}");
    }
    assert!(!desk.path("no.wav").exists());
}

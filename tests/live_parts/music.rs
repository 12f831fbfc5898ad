//! What is no howl: music and speech, quiet and far too loud.

use super::guard::{RATE, SECOND, amplitude, run, speech};
use super::oracle::Noise;
use partita::live::guard::{self, CEILING_DB, KNEE_DB};
use std::f64::consts::TAU;
use std::path::Path;

/// Sounds that are no howls, stereo not needed: name and samples.
fn music() -> Vec<(String, Vec<f32>)> {
    let seconds = 6 * SECOND;
    let time = |n: usize| n as f64 / f64::from(RATE);
    // Partials as (multiple, level in dB), attack in seconds, vibrato in Hz of depth.
    let note = |pitch: f64, partials: &[(f64, f32)], attack: f64, vibrato: f64, grow: f64| {
        let mut phase = 0.0;
        let mut noise = Noise::new(4);
        let mut breath = 0.0_f32;
        (0..seconds)
            .map(|n| {
                let time = time(n);
                phase += TAU * (pitch + vibrato * (TAU * 5.0 * time).sin()) / f64::from(RATE);
                let sum: f64 = partials
                    .iter()
                    .map(|&(multiple, level)| {
                        f64::from(amplitude(level)) * (multiple * phase).sin()
                    })
                    .sum();
                breath = 0.95 * breath + 0.05 * noise.sample();
                let rise = (time / attack).min(1.0);
                let wave = 1.0 + 0.1 * vibrato.signum() * (TAU * 5.0 * time).sin();
                let louder = 10_f64.powf(grow * (time - 6.0).min(0.0) / 20.0);
                (rise * louder * wave * (sum + 0.02 * f64::from(breath))) as f32
            })
            .collect::<Vec<f32>>()
    };
    let flute: &[(f64, f32)] = &[(1.0, -8.0), (2.0, -18.0), (3.0, -28.0), (4.0, -40.0)];
    let organ: &[(f64, f32)] = &[(1.0, -12.0), (2.0, -14.0), (4.0, -20.0), (8.0, -30.0)];
    let whistle: &[(f64, f32)] = &[(1.0, -6.0), (2.0, -34.0)];
    // A soprano's "u": its first formant is where she sings.
    let soprano: &[(f64, f32)] = &[(1.0, -6.0), (2.0, -22.0), (3.0, -30.0), (4.0, -36.0)];
    let mut all = vec![
        (
            "a held flute".to_owned(),
            note(587.0, flute, 0.08, 3.0, 0.0),
        ),
        (
            "a flute without vibrato".to_owned(),
            note(1174.0, flute, 0.05, 0.0, 0.0),
        ),
        (
            "a flute, 10 dB louder in 2 s and on".to_owned(),
            note(880.0, flute, 0.08, 3.0, 5.0),
        ),
        (
            "an organ pipe".to_owned(),
            note(261.6, organ, 0.02, 0.0, 0.0),
        ),
        (
            "an organ pedal".to_owned(),
            note(65.4, organ, 0.02, 0.0, 0.0),
        ),
        ("a whistle".to_owned(), note(1500.0, whistle, 0.1, 8.0, 0.0)),
        (
            "a soprano's u with vibrato".to_owned(),
            note(880.0, soprano, 0.1, 25.0, 0.0),
        ),
        (
            "the same, 12 dB louder in 2 s".to_owned(),
            note(698.5, soprano, 0.1, 20.0, 6.0),
        ),
        (
            "a sine, -6 dBFS".to_owned(),
            note(1000.0, &[(1.0, -6.0)], 0.005, 0.0, 0.0),
        ),
        (
            "a sine, -20 dBFS".to_owned(),
            note(3000.0, &[(1.0, -20.0)], 0.5, 0.0, 0.0),
        ),
        ("speech".to_owned(), speech(seconds, amplitude(-4.0))),
    ];
    let chord = [220.0, 277.2, 329.6, 440.0].map(|pitch| note(pitch, organ, 0.02, 0.0, 0.0));
    let chord = (0..seconds).map(|n| 0.3 * chord.iter().map(|x| x[n]).sum::<f32>());
    all.push(("an organ chord".to_owned(), chord.collect()));
    // A guitar's open strings, held until they have died away.
    let mut held = vec![0.0_f32; seconds];
    for (index, pitch) in [82.4, 110.0, 146.8, 196.0, 246.9, 329.6]
        .into_iter()
        .enumerate()
    {
        for (n, y) in held[index * SECOND / 30..].iter_mut().enumerate() {
            for harmonic in 1..16 {
                let harmonic = f64::from(harmonic);
                // Stiff strings are not quite harmonic.
                let partial = pitch * harmonic * (1.0 + 1e-4 * harmonic * harmonic).sqrt();
                let fall = (-time(n) * (0.4 + 0.15 * harmonic)).exp();
                let pluck = (harmonic * TAU / 12.0).sin();
                *y += (0.2 * pluck / harmonic * fall * (TAU * partial * time(n)).sin()) as f32;
            }
        }
    }
    all.push(("a guitar's strings, held".to_owned(), held));
    // Plucked strings, four to a second, a scale up and down.
    let mut plucked = vec![0.0_f32; seconds];
    for (index, from) in (0..seconds).step_by(SECOND / 4).enumerate() {
        let step = [0, 2, 4, 5, 7, 9, 11, 12][if index % 16 < 8 {
            index % 8
        } else {
            7 - index % 8
        }];
        let pitch = 440.0 * 2_f64.powf(f64::from(step) / 12.0);
        for (n, y) in plucked[from..].iter_mut().take(2 * SECOND).enumerate() {
            for harmonic in 1..12 {
                let harmonic = f64::from(harmonic);
                let fall = (-time(n) * (2.0 + harmonic)).exp();
                *y += (0.15 / harmonic * fall * (TAU * pitch * harmonic * time(n)).sin()) as f32;
            }
        }
    }
    all.push(("plucked strings".to_owned(), plucked));
    // Drums: noise and a falling tone.
    let mut noise = Noise::new(5);
    let beat = SECOND / 3;
    let drums = (0..seconds).map(|n| {
        let at = time(n % beat);
        let kick = (-12.0 * at).exp() * (TAU * (50.0 * at - 4.0 * (-30.0 * at).exp())).sin();
        let snare = if n / beat % 2 == 1 {
            (-20.0 * at).exp() * f64::from(noise.sample())
        } else {
            0.0
        };
        (0.7 * kick + 0.4 * snare) as f32
    });
    all.push(("drums".to_owned(), drums.collect()));
    let mut noise = Noise::new(6);
    all.push((
        "noise".to_owned(),
        noise.samples(seconds).iter().map(|x| 0.5 * x).collect(),
    ));
    // A sweep, and a slow one.
    for octaves in [0.5, 3.0] {
        let mut phase = 0.0;
        let sweep = (0..seconds).map(|n| {
            phase += TAU * 100.0 * 2_f64.powf(octaves * time(n)).min(100.0) / f64::from(RATE);
            (0.5 * f64::sin(phase)) as f32
        });
        all.push((
            format!("a sweep of {octaves} octaves a second"),
            sweep.collect(),
        ));
    }
    // Recordings, where they are.
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/audio");
    for name in ["voice-front-center", "breakbeat"] {
        let path = shared.join(format!("{name}.wav"));
        if let Ok(mut reader) = hound::WavReader::open(&path) {
            let spec = reader.spec();
            let scale = 1.0 / (1_u32 << (spec.bits_per_sample - 1)) as f32;
            let samples: Vec<f32> = reader
                .samples::<i32>()
                .map(|x| x.expect("a sample") as f32 * scale)
                .collect();
            let channels = usize::from(spec.channels);
            let mono: Vec<f32> = samples.chunks(channels).map(|frame| frame[0]).collect();
            all.push((
                name.to_owned(),
                mono.repeat(1 + seconds / mono.len().max(1)),
            ));
        }
    }
    all
}

#[test]
fn music_and_speech_are_not_touched() {
    let mut noise = Noise::new(7);
    for (name, x) in music() {
        let peak = x.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        // Below the threshold, so that all of it must come out bit for bit.
        let level = amplitude(CEILING_DB - KNEE_DB - 0.1).min(peak) / peak;
        let x: Vec<f32> = x.iter().map(|x| x * level).collect();
        let (mut guard, watch) = guard::pair(RATE, CEILING_DB);
        let mut y = vec![x.clone(), x.iter().map(|x| -x).collect()];
        run(&mut guard, &mut y, &mut noise);
        let now = watch.now();
        println!("{name}: {now:?}");
        assert_eq!(now.howls, 0, "{name}");
        assert!(y[0] == x, "{name}");
    }
}

#[test]
fn music_that_is_far_too_loud_is_limited_and_not_ducked() {
    let mut noise = Noise::new(8);
    for (name, x) in music() {
        // A tone without harmonics that fills everything is what a howl is, and a slow or ended sweep is one.
        if name.starts_with("a sine") || name.starts_with("a sweep") {
            continue;
        }
        let peak = x.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        let level = amplitude(9.0) / peak;
        let (mut guard, watch) = guard::pair(RATE, CEILING_DB);
        let mut y = [x.iter().map(|x| x * level).collect::<Vec<_>>()];
        run(&mut guard, &mut y, &mut noise);
        let now = watch.now();
        println!("{name}, +9 dBFS: {now:?}");
        let heard = y[0].iter().fold(0.0_f32, |peak, y| peak.max(y.abs()));
        assert!(heard <= amplitude(CEILING_DB), "{name}: {heard}");
        assert_eq!(now.howls, 0, "{name}");
    }
}

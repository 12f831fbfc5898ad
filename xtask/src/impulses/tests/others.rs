//! What echoes, effects and loudspeakers must be.

use super::super::bands::{Curve, OCTAVES};
use super::super::fourier::Fourier;
use super::super::{SAMPLE_RATE, effect, frames, measure, speaker};
use super::{channels, decibels, rms};

#[test]
fn two_spikes_are_two_samples() {
    let spikes = &channels("echo-two-spikes")[0];
    let heard: Vec<(usize, f64)> = spikes
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, x)| *x != 0.0)
        .collect();
    assert_eq!(heard, [(0, 0.75), (19_200, 0.375)]);
}

#[test]
fn ping_pong_alternates_falls_and_darkens() {
    let paths = channels("echo-ping-pong");
    let repeat = |path: usize, k: usize| &paths[path][12_000 * k..12_000 * k + 2400];
    let mut bright = f64::INFINITY;
    for k in 1..=10 {
        let (side, other) = if k % 2 == 1 { (0, 1) } else { (1, 0) };
        assert!(
            rms(repeat(side, k)) > 0.0 && rms(repeat(other, k)) == 0.0,
            "repeat {k}"
        );
        // The right input joins at the second, on the right.
        if k == 1 {
            assert!(rms(repeat(2, 1)) + rms(repeat(3, 1)) == 0.0);
        } else {
            assert_eq!(repeat(2 + side, k), repeat(side, k));
            // Within the pass band by the feedback's 5 dB.
            let level = |path: usize, k: usize| rms(&measure::octave(repeat(path, k), 1000.0));
            let fall = decibels(level(side, k) / level(other, k - 1));
            assert!((fall + 5.0).abs() < 0.5, "repeat {k} falls by {fall} dB");
        }
        let octave = |centre| rms(&measure::octave(repeat(side, k), centre));
        let share = octave(8000.0) / octave(1000.0);
        assert!(k == 1 || share < bright, "repeat {k} is no darker");
        bright = share;
    }
}

/// When each repeat begins, in ms: the first sample above −48 dB, 50 ms from the one before.
fn repeats(channel: &[f64]) -> Vec<f64> {
    let most = channel.iter().fold(0.0_f64, |h, x| h.max(x.abs()));
    let mut times = Vec::new();
    let mut frame = 0;
    while frame < channel.len() {
        if channel[frame].abs() > 0.004 * most {
            times.push(frame as f64 / 48.0);
            frame += frames(0.05);
        }
        frame += 1;
    }
    times
}

#[test]
fn repeats_come_when_they_should_each_fainter() {
    let expected: [(&str, &[f64]); 5] = [
        ("echo-slap", &[118.0]),
        (
            "echo-tape",
            &[330.0, 660.0, 990.0, 1320.0, 1650.0, 1980.0, 2310.0, 2640.0],
        ),
        (
            "echo-dotted",
            &[375.0, 750.0, 1125.0, 1500.0, 1875.0, 2250.0],
        ),
        (
            "echo-multi-tap",
            &[83.0, 146.0, 229.0, 322.0, 427.0, 553.0, 701.0, 872.0],
        ),
        ("echo-tresillo", &[375.0, 750.0, 1000.0, 1375.0, 1750.0]),
    ];
    for (name, times) in expected {
        let channels = channels(name);
        let both: Vec<f64> = (0..channels[0].len())
            .map(|n| channels.iter().map(|channel| channel[n].abs()).sum())
            .collect();
        let measured = repeats(&both);
        assert_eq!(measured.len(), times.len(), "{name}: {measured:?} ms");
        let mut last = f64::INFINITY;
        for (measured, time) in measured.iter().zip(times) {
            // A worn repeat takes some tenths of a millisecond to rise.
            assert!(
                (0.0..1.0).contains(&(measured - time)),
                "{name}: {measured} ms"
            );
            let piece = |channel: &Vec<f64>| rms(&channel[frames(time / 1000.0)..][..frames(0.05)]);
            let energy: f64 = channels
                .iter()
                .map(|channel| piece(channel) * piece(channel))
                .sum();
            assert!(energy < last, "{name}: {time} ms is no fainter");
            last = energy;
        }
    }
}

#[test]
fn gate_closes_at_once() {
    for side in channels("gated") {
        let level = |from: f64, to: f64| decibels(rms(&side[frames(from)..frames(to)]));
        let [open, close] = effect::GATE;
        // Hardly falling while it is open: 60 dB in a second, 14 dB at the end.
        let fall = level(0.0, 0.03) - level(open - 0.03, open);
        assert!((6.0..16.0).contains(&fall), "{fall} dB while open");
        let closed = level(open - 0.03, open) - level(open + 0.8 * close, open + close);
        assert!(closed > 15.0, "{closed} dB closed");
    }
}

#[test]
fn reverse_is_a_decay_turned_round() {
    let mut turned = channels("reverse").to_vec();
    turned.iter_mut().for_each(|channel| channel.reverse());
    let measured = measure::reverberation_times(&turned);
    let Curve(times) = effect::REVERSE_TIME;
    for ((centre, time), target) in OCTAVES.iter().zip(measured).zip(times).take(7) {
        assert!(
            (time / target - 1.0).abs() < 0.1,
            "{centre} Hz: {time} s instead of {target} s"
        );
    }
}

/// Each point of the curve within the ripple and 1.5 dB, relative to 1 kHz or what is there.
#[test]
fn loudspeakers_have_the_levels_they_were_drawn_with() {
    for (name, speaker) in [
        ("telephone", &speaker::TELEPHONE),
        ("transistor-radio", &speaker::TRANSISTOR_RADIO),
        ("guitar-cabinet", &speaker::GUITAR_CABINET),
        ("megaphone", &speaker::MEGAPHONE),
    ] {
        let fourier = Fourier::new(16_384);
        let (re, im) = fourier.spectrum(&channels(name)[0]);
        let differences: Vec<f64> = speaker
            .levels
            .iter()
            // What is 50 dB down is as good as not there, and the fade smears into it.
            .filter(|(_, level)| *level > -50.0)
            .map(|(frequency, level)| {
                let bin = (frequency / SAMPLE_RATE * 16_384.0).round() as usize;
                10.0 * libm::log10(re[bin] * re[bin] + im[bin] * im[bin]) - level
            })
            .collect();
        let (low, high) = differences
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(*x), high.max(*x))
            });
        let ripple = speaker.ripple.map_or(0.0, |(_, _, most)| most);
        assert!(
            high - low < 2.0 * ripple + 3.0,
            "{name}: {differences:?} dB off"
        );
    }
}

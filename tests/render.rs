//! A WAV file through an impulse is the convolution, in every format, to the last sample of the tail.

#[path = "common/room.rs"]
mod room;
#[path = "common/wavio.rs"]
mod wavio;

use hound::SampleFormat;
use partita::engine::mixer::Mix;
use partita::impulse::shape::Shape;
use partita::impulse::{ImpulseResponse, Layout};
use partita::loader::Source;
use partita::render::{Format, Settings, Sound, Tail};
use room::Room;
use std::fs;
use wavio::{convolve, error_db, noise};

/// The bound that the engine's promise gives: relative RMS error of f32 arithmetic.
const EXACT_DB: f64 = -120.0;

fn impulse(layout: Layout, channels: &[Vec<f64>]) -> ImpulseResponse {
    let narrow = |channel: &Vec<f64>| channel.iter().map(|sample| *sample as f32).collect();
    ImpulseResponse {
        name: "test".to_owned(),
        sample_rate: 48_000,
        layout,
        channels: channels.iter().map(narrow).collect(),
    }
}

fn responses(count: usize, frames: usize) -> Vec<Vec<f64>> {
    (0..count).map(|n| noise(100 + n as u64, frames)).collect()
}

fn raw(impulse: ImpulseResponse) -> Source {
    Source::new(impulse, &Shape::AS_IT_IS).expect("a shape")
}

fn mono(channel: Vec<f64>) -> Source {
    raw(impulse(Layout::Mono, &[channel]))
}

fn mixed(mix: Mix) -> Settings {
    Settings {
        sound: Sound::Mixed(mix),
        ..Settings::default()
    }
}

fn sum(parts: &[Vec<f64>]) -> Vec<f64> {
    let at = |n| parts.iter().map(|part: &Vec<f64>| part[n]).sum();
    (0..parts[0].len()).map(at).collect()
}

#[test]
fn raw_is_the_direct_convolution_for_every_layout() {
    // (layout, impulse channels, input channels, per output: its (input, response) paths)
    type Paths = Vec<Vec<(usize, usize)>>;
    let cases: Vec<(Layout, usize, usize, Paths)> = vec![
        (Layout::Mono, 1, 1, vec![vec![(0, 0)]]),
        (Layout::Mono, 1, 6, (0..6).map(|n| vec![(n, 0)]).collect()),
        (Layout::Stereo, 2, 1, vec![vec![(0, 0)], vec![(0, 1)]]),
        (Layout::Stereo, 2, 2, vec![vec![(0, 0)], vec![(1, 1)]]),
        (
            Layout::TrueStereo,
            4,
            2,
            vec![vec![(0, 0), (1, 2)], vec![(0, 1), (1, 3)]],
        ),
        (
            Layout::TrueStereo,
            4,
            1,
            vec![vec![(0, 0), (0, 2)], vec![(0, 1), (0, 3)]],
        ),
        (Layout::Matrix, 3, 3, (0..3).map(|n| vec![(n, n)]).collect()),
        (
            Layout::Matrix,
            6,
            2,
            (0..3).map(|n| vec![(0, n), (1, 3 + n)]).collect(),
        ),
        (Layout::Matrix, 5, 1, (0..5).map(|n| vec![(0, n)]).collect()),
    ];
    let room = Room::new();
    for (layout, channels, inputs, outputs) in cases {
        let h = responses(channels, 701);
        let x: Vec<_> = (0..inputs).map(|n| noise(n as u64, 3001)).collect();
        let x = wavio::write_f32(&room.path("in.wav"), &x);
        let source = raw(impulse(layout, &h));
        let report = room.render(&source, &Settings::default()).expect("renders");
        let (spec, got) = wavio::read(&room.path("out.wav"));
        assert_eq!(usize::from(spec.channels), outputs.len());
        assert_eq!((spec.sample_rate, report.written.frames), (48_000, 3701));
        for (got, paths) in got.iter().zip(&outputs) {
            let parts: Vec<_> = paths
                .iter()
                .map(|(i, r)| convolve(&x[*i], &h[*r]))
                .collect();
            let error = error_db(got, &sum(&parts));
            assert!(
                error < EXACT_DB,
                "{layout:?} {channels} {inputs}: {error:.1} dB"
            );
        }
    }
}

#[test]
fn an_input_longer_than_many_blocks_is_seamless() {
    let room = Room::new();
    let mut h = vec![0.0; 150_000];
    (h[0], h[70_001], h[149_999]) = (1.0, -0.5, 0.25);
    let x = wavio::write_f32(&room.path("in.wav"), &[noise(9, 200_003)]);
    room.render(&mono(h), &Settings::default())
        .expect("renders");
    let (_, got) = wavio::read(&room.path("out.wav"));
    let mut expected = vec![0.0; 200_003 + 149_999];
    for (delay, gain) in [(0, 1.0), (70_001, -0.5), (149_999, 0.25)] {
        for (y, x) in expected[delay..].iter_mut().zip(&x[0]) {
            *y += gain * x;
        }
    }
    assert!(error_db(&got[0], &expected) < EXACT_DB);
}

#[test]
fn every_depth_is_read_at_its_level() {
    let room = Room::new();
    let x = [noise(1, 999), noise(2, 999), noise(3, 999)];
    for (bits, kind) in [
        (8, SampleFormat::Int),
        (16, SampleFormat::Int),
        (24, SampleFormat::Int),
        (32, SampleFormat::Int),
        (32, SampleFormat::Float),
    ] {
        for channels in 1..=3 {
            let held = wavio::write(&room.path("in.wav"), 44_100, bits, kind, &x[..channels]);
            let unit = ImpulseResponse {
                sample_rate: 44_100,
                ..impulse(Layout::Mono, &[vec![1.0]])
            };
            room.render(&raw(unit), &Settings::default())
                .expect("renders");
            let (spec, got) = wavio::read(&room.path("out.wav"));
            assert_eq!(spec.sample_rate, 44_100);
            for (got, held) in got.iter().zip(&held) {
                assert!(error_db(got, held) < EXACT_DB, "{bits} {kind:?} {channels}");
            }
        }
    }
}

/// What hound cannot read or write: headers from elsewhere.
#[test]
fn headers_from_the_wild_are_read() {
    let room = Room::new();
    let x = noise(4, 500);
    let le = |width: usize, scale: f64| -> Vec<u8> {
        let bytes = x.iter().map(|x| ((x * scale).round() as i32).to_le_bytes());
        bytes.flat_map(move |b| b[..width].to_vec()).collect()
    };
    let with = |head: Vec<u8>, data: &[u8]| [head, data.to_vec()].concat();
    let whole = le(4, 2_147_483_648.0);
    let doubles: Vec<u8> = x.iter().flat_map(|x| x.to_le_bytes()).collect();
    let plain = wavio::header(1, 1, 48_000, 32, 2000);

    let mut odd_chunk = plain[..36].to_vec();
    odd_chunk.extend(b"LIST\x03\0\0\0abc\0");
    odd_chunk.extend(&plain[36..]);
    let mut endless = plain.clone();
    endless[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut wide = plain.clone();
    wide[..4].copy_from_slice(b"RF64");
    wide[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut ds64 = b"ds64\x1c\0\0\0".to_vec();
    ds64.extend([0; 8]);
    ds64.extend(2000_u64.to_le_bytes());
    ds64.extend([0; 12]);
    wide.splice(12..12, ds64);
    // 24 bits at the bottom of 32, as ALSA writes them, and at the top, as the standard has it.
    let extensible = |valid: u16| {
        let mut head = plain[..36].to_vec();
        head[16] = 40;
        head[20..22].copy_from_slice(&0xFFFE_u16.to_le_bytes());
        head.extend(22_u16.to_le_bytes());
        head.extend(valid.to_le_bytes());
        head.extend(0_u32.to_le_bytes());
        head.extend(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71");
        head.extend(&plain[36..]);
        head
    };
    let files = [
        ("32-bit, plain", with(plain.clone(), &whole)),
        ("an odd chunk", with(odd_chunk, &whole)),
        ("an endless stream", with(endless, &whole)),
        ("RF64", with(wide, &whole)),
        (
            "64-bit float",
            with(wavio::header(3, 1, 48_000, 64, 4000), &doubles),
        ),
        ("24 low in 32", with(extensible(24), &le(4, 8_388_608.0))),
        ("24 high in 32", with(extensible(24), &whole)),
    ];
    for (what, bytes) in files {
        fs::write(room.path("in.wav"), bytes).expect("written");
        let done = room.render(&mono(vec![1.0]), &Settings::default());
        done.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (_, got) = wavio::read(&room.path("out.wav"));
        assert!(error_db(&got[0], &x) < -115.0, "{what}");
    }
}

#[test]
fn tails_have_the_length_that_was_asked_for() {
    let room = Room::new();
    wavio::write_f32(&room.path("in.wav"), &[noise(5, 1000)]);
    let h = noise(6, 301);
    let full = {
        room.render(&mono(h.clone()), &Settings::default())
            .expect("renders");
        wavio::read(&room.path("out.wav")).1.remove(0)
    };
    for (tail, frames) in [
        (Tail::Full, 1300),
        (Tail::None, 1000),
        (Tail::Seconds(0.001), 1048),
        (Tail::Seconds(0.05), 3400),
    ] {
        let settings = Settings {
            tail,
            ..Settings::default()
        };
        room.render(&mono(h.clone()), &settings).expect("renders");
        let (_, got) = wavio::read(&room.path("out.wav"));
        assert_eq!(got[0].len(), frames, "{tail:?}");
        let both = frames.min(1300);
        assert_eq!(got[0][..both], full[..both]);
        assert!(got[0][both..].iter().all(|sample| *sample == 0.0));
    }
}

#[test]
fn the_mix_is_linear_and_the_predelay_whole_samples() {
    let room = Room::new();
    let x = wavio::write_f32(&room.path("in.wav"), &[noise(7, 40_000)]);
    let mut h = noise(8, 200);
    h.insert(0, 0.5);
    let settings = mixed(Mix {
        mix_percent: 25.0,
        wet_gain_db: -6.0,
        output_gain_db: 3.0,
        predelay_ms: 10.0,
        ..Mix::NEUTRAL
    });
    let source = raw(impulse(Layout::Stereo, &[h.clone(), h.clone()]));
    room.render(&source, &settings).expect("renders");
    let (_, got) = wavio::read(&room.path("out.wav"));
    let gain = |db: f64| 10_f64.powf(db / 20.0);
    let mut expected: Vec<f64> = vec![0.0; 480];
    expected.extend(
        convolve(&x[0], &h)
            .iter()
            .map(|wet| wet * 0.25 * gain(-6.0)),
    );
    for (sum, dry) in expected.iter_mut().zip(&x[0]) {
        *sum += dry * 0.75;
    }
    let expected: Vec<f64> = expected.iter().map(|sum| sum * gain(3.0)).collect();
    // A mono input is the dry of both outputs.
    for got in &got {
        assert!(error_db(got, &expected) < EXACT_DB);
    }
}

#[test]
fn a_resampled_impulse_is_not_late() {
    let room = Room::new();
    let sine = |n: usize| 0.5 * (n as f64 * 1000.0 * std::f64::consts::TAU / 48_000.0).sin();
    let x: Vec<f64> = (0..48_000).map(sine).collect();
    wavio::write_f32(&room.path("in.wav"), std::slice::from_ref(&x));
    let unit = ImpulseResponse {
        sample_rate: 44_100,
        ..impulse(Layout::Mono, &[vec![1.0, 0.0, 0.0, 0.0]])
    };
    let half = mixed(Mix {
        mix_percent: 50.0,
        ..Mix::NEUTRAL
    });
    for settings in [Settings::default(), half] {
        room.render(&raw(unit.clone()), &settings).expect("renders");
        let (_, got) = wavio::read(&room.path("out.wav"));
        // A unit impulse leaves a sine as it is: 0.01 dB, away from where it is switched on and off.
        let error = error_db(&got[0][5000..43_000], &x[5000..43_000]);
        assert!(error < -58.0, "{error:.1} dB");
    }
}

#[test]
fn integers_are_dithered_the_same_way_each_time_and_clipping_is_counted() {
    let room = Room::new();
    let x = [noise(10, 60_000), noise(11, 60_000)];
    wavio::write_f32(&room.path("in.wav"), &x);
    // Held against the float result, so that the engine's own rounding is not taken for dither.
    room.render(&mono(vec![1.0]), &Settings::default())
        .expect("renders");
    let (_, x) = wavio::read(&room.path("out.wav"));
    for (format, bits) in [(Format::I16, 16), (Format::I24, 24)] {
        let settings = Settings {
            format,
            ..Settings::default()
        };
        let report = room.render(&mono(vec![1.0]), &settings).expect("renders");
        assert_eq!(report.written.over, 0);
        let bytes = fs::read(room.path("out.wav")).expect("a file");
        room.render(&mono(vec![1.0]), &settings).expect("renders");
        assert_eq!(bytes, fs::read(room.path("out.wav")).expect("a file"));
        let (spec, got) = wavio::read(&room.path("out.wav"));
        assert_eq!(
            (spec.bits_per_sample, spec.sample_format),
            (bits, SampleFormat::Int)
        );
        let step = 0.5_f64.powi(i32::from(bits) - 1);
        let errors: Vec<f64> = got
            .iter()
            .flatten()
            .zip(x.iter().flatten())
            .map(|(got, x)| (got - x) / step)
            .collect();
        let count = errors.len() as f64;
        let mean = errors.iter().sum::<f64>() / count;
        let power = errors.iter().map(|error| error * error).sum::<f64>() / count;
        // Five standard errors of 120 000 samples whose variance is a quarter step squared.
        assert!(mean.abs() < 0.0073, "mean {mean}");
        assert!((power - 0.25).abs() < 0.006, "power {power}");
        assert!(errors.iter().all(|error| error.abs() < 2.0));
    }
    let loud = Settings {
        format: Format::I16,
        ..Settings::default()
    };
    let report = room.render(&mono(vec![4.0]), &loud).expect("renders");
    let over = x.iter().flatten().filter(|x| {
        let step = (**x as f32 * 4.0) * 32_768.0;
        !(-32_768.5..32_767.5).contains(&step)
    });
    assert!(report.written.over.abs_diff(over.count() as u64) <= 2);
    assert!((report.written.peak - 2.0).abs() < 0.001);
}

#[test]
fn what_is_no_number_is_silence_and_is_counted() {
    let room = Room::new();
    let mut x = noise(12, 400);
    (x[3], x[4], x[5]) = (f64::NAN, f64::INFINITY, 1e30);
    wavio::write_f32(&room.path("in.wav"), std::slice::from_ref(&x));
    let half = mixed(Mix {
        mix_percent: 50.0,
        ..Mix::NEUTRAL
    });
    let report = room.render(&mono(vec![1.0, 0.5]), &half).expect("renders");
    assert_eq!(report.replaced, 3);
    x[3..6].fill(0.0);
    let expected: Vec<f64> = convolve(&x, &[1.0, 0.25]);
    let (_, got) = wavio::read(&room.path("out.wav"));
    assert!(error_db(&got[0], &expected) < EXACT_DB);
}

//! What is saved is what is loaded: float to the bit, integers within their dither; and a save that fails changes no file.

#[path = "common/wav.rs"]
mod wav;
#[path = "common/wavio.rs"]
mod wavio;

use partita::impulse::load::{self, LayoutChoice};
use partita::impulse::save::{self, Existing, Format, Options, OutputFault, SaveFault};
use partita::impulse::{ImpulseResponse, Layout};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use wav::{impulse, mono, room};
use wavio::names;

fn as_format(format: Format) -> Options<'static> {
    Options {
        format,
        ..Options::default()
    }
}

fn fault(path: &Path, impulse: &ImpulseResponse, options: Options<'_>) -> SaveFault {
    let error = save::write(path, impulse, options).expect_err("fails");
    let text = error.to_string();
    assert!(!text.contains('\n') && text.contains("out"), "{text}");
    error.fault
}

fn there_and_back(channels: Vec<Vec<f32>>, rate: u32, options: Options<'_>) -> Vec<Vec<f32>> {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("out.wav");
    let impulse = impulse(rate, Layout::Matrix, channels);
    let saved = save::write(&path, &impulse, options).expect("saved");
    assert_eq!(
        (saved.channels, saved.frames),
        (impulse.channels.len(), impulse.frames())
    );
    assert_eq!(names(folder.path()), ["out.wav"]);
    let loaded = load::read(&path, LayoutChoice::Matrix).expect("loaded");
    assert_eq!(loaded.sample_rate, rate);
    loaded.channels
}

fn bits(channels: &[Vec<f32>]) -> Vec<Vec<u32>> {
    let bits = |channel: &Vec<f32>| channel.iter().map(|x| x.to_bits()).collect();
    channels.iter().map(bits).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn float_comes_back_to_the_bit(
        channels in (1_usize..=9, 1_usize..200).prop_flat_map(|(channels, frames)| {
            let sample = prop_oneof![-1e6_f32..=1e6, -1.0_f32..=1.0, -1e-39_f32..=1e-39, Just(-0.0_f32)];
            prop::collection::vec(prop::collection::vec(sample, frames), channels)
        }),
        rate in 1_u32..400_000,
        ixml in "[ -~]{0,40}",
    ) {
        prop_assume!(channels[0].len() as u64 <= 600 * u64::from(rate));
        let options = Options { ixml: &ixml, ..Options::default() };
        let back = there_and_back(channels.clone(), rate, options);
        prop_assert_eq!(bits(&back), bits(&channels));
    }
}

#[test]
fn the_most_channels_there_can_be() {
    let channels: Vec<Vec<f32>> = (0..64).map(|c| room(48_000, 0.01, 0.1, c)).collect();
    for format in [Format::F32, Format::I24, Format::I16] {
        let back = there_and_back(channels.clone(), 48_000, as_format(format));
        assert_eq!(back.len(), 64);
        if format == Format::F32 {
            assert_eq!(back, channels);
        }
    }
}

/// TPDF of one step to either side and rounding: never more than 1.5 steps off, and noise of step²⁄4 in the mean.
#[test]
fn integers_are_within_their_dither() {
    let channels = vec![room(48_000, 1.0, 0.3, 1), room(48_000, 1.0, 0.3, 2)];
    for (format, bits) in [(Format::I24, 24), (Format::I16, 16)] {
        let step = 2_f64.powi(1 - bits);
        let back = there_and_back(channels.clone(), 48_000, as_format(format));
        let pairs = back.iter().flatten().zip(channels.iter().flatten());
        let errors: Vec<f64> = pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)).collect();
        let largest = errors.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        assert!(largest <= 1.5 * step, "{bits}: {}", largest / step);
        let power = errors.iter().map(|x| x * x).sum::<f64>() / errors.len() as f64;
        let db = 10.0 * (power / (step * step / 4.0)).log10();
        // 96 000 values: five standard errors of the variance are 0.1 dB.
        assert!(db.abs() < 0.1, "{bits}: {db} dB");
    }
}

#[test]
fn full_scale_fits_integers_and_beyond_it_is_an_error_with_the_gain() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("out.wav");
    for format in [Format::I24, Format::I16] {
        let back = there_and_back(vec![vec![1.0, -1.0]], 48_000, as_format(format));
        for (got, wanted) in back[0].iter().zip([1.0, -1.0]) {
            assert!((got - wanted).abs() <= 2.0 / 32_768.0, "{got}");
        }
        let loud = mono(48_000, vec![0.0, -1.5]);
        match fault(&path, &loud, as_format(format)) {
            SaveFault::BeyondFullScale { peak_db, fits_db } => {
                assert!((peak_db - 3.5218).abs() < 1e-3, "{peak_db}");
                assert!(1.5 * 10_f64.powf(fits_db / 20.0) <= 1.0 && fits_db > -3.54);
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(names(folder.path()), [""; 0]);
    save::write(
        &path,
        &mono(48_000, vec![0.0, -1.5]),
        as_format(Format::F32),
    )
    .expect("float holds it");
}

#[test]
fn another_reader_reads_the_same() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("out.wav");
    for channels in [1, 2, 4, 7] {
        let noise: Vec<Vec<f32>> = (0..channels).map(|c| room(44_100, 0.02, 0.1, c)).collect();
        let made = impulse(44_100, Layout::Matrix, noise.clone());
        let options = Options {
            existing: Existing::Replace,
            ixml: "<BWFXML></BWFXML>",
            ..Options::default()
        };
        save::write(&path, &made, options).expect("saved");
        let (spec, read) = wavio::read(&path);
        assert_eq!((spec.sample_rate, spec.bits_per_sample), (44_100, 32));
        let wanted: Vec<Vec<f64>> = noise
            .iter()
            .map(|channel| channel.iter().map(|x| f64::from(*x)).collect())
            .collect();
        assert_eq!(read, wanted, "{channels} channels");
        let bytes = fs::read(&path).expect("read");
        let chunk = wav::chunk(b"iXML", b"<BWFXML></BWFXML>\n");
        assert!(bytes.windows(chunk.len()).any(|window| window == chunk));
        let riff = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        assert_eq!(riff as usize + 8, bytes.len());
    }
}

#[test]
fn a_file_that_is_there_stays_unless_it_may_be_replaced() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("out.wav");
    fs::write(&path, "precious").expect("written");
    let made = mono(48_000, vec![1.0, 0.5]);
    let kept = fault(&path, &made, Options::default());
    assert!(matches!(kept, SaveFault::Output(OutputFault::Exists)));
    assert_eq!(fs::read(&path).expect("read"), b"precious");
    let replace = Options {
        existing: Existing::Replace,
        ..Options::default()
    };
    save::write(&path, &made, replace).expect("replaced");
    assert_eq!(names(folder.path()), ["out.wav"]);
    let loaded = load::read(&path, LayoutChoice::Auto).expect("loads");
    assert_eq!(loaded.channels, made.channels);
}

#[test]
fn what_cannot_be_loaded_again_is_not_written() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("out.wav");
    let refused = |channels: Vec<Vec<f32>>| {
        let made = impulse(48_000, Layout::Matrix, channels);
        let fault = fault(&path, &made, Options::default());
        assert_eq!(names(folder.path()), [""; 0]);
        fault
    };
    for shape in [vec![], vec![vec![]], vec![vec![1.0], vec![1.0, 2.0]]] {
        assert!(matches!(refused(shape), SaveFault::Shape { .. }));
    }
    let many = refused(vec![vec![1.0]; 65]);
    assert!(matches!(many, SaveFault::TooManyChannels { channels: 65 }));
    for (bad, at) in [(f32::NAN, 1), (f32::INFINITY, 0), (-1.1e6, 1)] {
        let mut samples = vec![0.0, 0.0];
        samples[at] = bad;
        match refused(vec![vec![0.5, 0.5], samples]) {
            SaveFault::NotSound { frame, channel, .. } => assert_eq!((frame, channel), (at, 2)),
            other => panic!("{other}"),
        }
    }
    let long = impulse(10, Layout::Mono, vec![vec![0.0; 6_001]]);
    let long = fault(&path, &long, Options::default());
    assert!(matches!(long, SaveFault::TooLong { samples: 6_001, .. }));
    let nowhere = folder.path().join("nowhere/out.wav");
    let nowhere = fault(&nowhere, &mono(48_000, vec![1.0]), Options::default());
    assert!(matches!(
        nowhere,
        SaveFault::Output(OutputFault::NoFolder(_))
    ));
    let folder = fault(
        &folder.path().join("out/"),
        &mono(48_000, vec![1.0]),
        Options::default(),
    );
    assert!(matches!(
        folder,
        SaveFault::Output(OutputFault::IsFolder | OutputFault::NoFolder(_))
    ));
}

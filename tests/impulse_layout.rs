//! What the channels of a file are: by its iXML, by the names of pairs, by where the direct sound is; and how surely.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::ixml::{self, Ixml, RecordingMethod};
use partita::impulse::load::{
    self, Fault, LayoutChoice, LayoutReason, LoadError, Loaded, Notice, open_reader,
};
use partita::impulse::{Layout, library};
use proptest::prelude::*;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use wav::{Random, Wav, chunk};

const RATE: u32 = 48_000;

/// A path's response: its direct sound at so many frames, with such a level, and the room from there on.
fn path(seed: u64, arrival: usize, level: f32) -> Vec<f32> {
    let mut random = Random(seed);
    let mut samples = vec![0.0; 2400];
    for (n, sample) in samples.iter_mut().enumerate().skip(arrival) {
        *sample = 0.02 * level * random.noise() as f32 * f32::exp(-(n as f32) / 800.0);
    }
    samples[arrival] = level;
    samples
}

fn file(channels: &[Vec<f32>], xml: Option<&Ixml>) -> Vec<u8> {
    let frames = 0..channels[0].len();
    let samples: Vec<f32> = frames
        .flat_map(|frame| channels.iter().map(move |channel| channel[frame]))
        .collect();
    let mut wav = Wav::float(channels.len() as u16, &samples);
    wav.rate = RATE;
    if let Some(xml) = xml {
        wav.before = chunk(b"iXML", ixml::write(xml).as_bytes());
    }
    wav.build()
}

fn open(bytes: &[u8], choice: LayoutChoice) -> Loaded {
    open_reader("x", Cursor::new(bytes), choice).expect("loads")
}

fn auto(channels: &[Vec<f32>]) -> Loaded {
    open(&file(channels, None), LayoutChoice::Auto)
}

#[test]
fn a_cross_of_direct_sound_is_true_stereo() {
    // Spaced microphones: 0.5 ms and 2 dB. Coincident ones: no time, 9 dB. Both.
    for (delay, level) in [(24, 0.8), (0, 0.35), (40, 0.3)] {
        let four = [
            path(1, 100, 1.0),
            path(2, 100 + delay, level),
            path(3, 130 + delay, level),
            path(4, 130, 1.0),
        ];
        let read = auto(&four);
        assert_eq!(read.impulse.layout, Layout::TrueStereo, "{}", read.layout);
        assert!(read.layout.confidence > 0.8, "{}", read.layout);
        let LayoutReason::DirectSound(direct) = read.layout.reason else {
            panic!("{}", read.layout);
        };
        assert!(!direct.crossed);
        // 0.02 of noise beside the direct sound: 2 ms of it change its level by less than 0.3 dB.
        let expected = -20.0 * f64::from(level).log10();
        assert!((direct.stronger_db - expected).abs() < 0.5);
        assert!((direct.earlier_ms - delay as f64 / 48.0).abs() < 1e-9);
        // With the outputs exchanged it is so still, and is said.
        let [ll, lr, rl, rr] = four;
        let read = auto(&[lr, ll, rr, rl]);
        assert_eq!(read.impulse.layout, Layout::TrueStereo);
        assert!(read.layout.to_string().contains("may be exchanged"));
    }
    // Crossed paths that were cut closer to their sound are not exchanged ones.
    let cut = auto(&[
        path(1, 300, 1.0),
        path(2, 0, 0.5),
        path(3, 0, 0.5),
        path(4, 300, 1.0),
    ]);
    assert_eq!(cut.impulse.layout, Layout::TrueStereo, "{}", cut.layout);
    let told = cut.layout.to_string();
    assert!(told.contains("LL and RR have the higher peaks"), "{told}");
}

#[test]
fn other_sets_of_four_are_not() {
    // One source and four microphones: front left and right, rear left and right.
    let quad = [(90, 1.0), (110, 0.7), (400, 0.5), (420, 0.4)];
    // Ambisonic: everything at once, at levels that name the direction.
    let ambisonic = [(90, 1.0), (90, 0.9), (90, 0.3), (90, 0.28)];
    // Two pairs in the middle.
    let pairs = [(90, 1.0), (90, 1.0), (200, 0.7), (200, 0.7)];
    for set in [quad, ambisonic, pairs] {
        let four: Vec<_> = (1..)
            .zip(set)
            .map(|(seed, (arrival, level))| path(seed, arrival, level))
            .collect();
        let read = auto(&four);
        assert_eq!(read.impulse.layout, Layout::Matrix, "{}", read.layout);
        assert!(read.layout.confidence > 0.6, "{}", read.layout);
    }
    let silent = auto(&vec![vec![0.0; 100]; 4]);
    assert_eq!(silent.impulse.layout, Layout::Matrix);
}

proptest! {
    /// Which source comes first, how loud the file is and how long the silence before it do not matter.
    #[test]
    fn the_decision_does_not_depend_on_what_it_should_not(
        before in 0..500_usize, gain in 0.001..8.0_f32, seed in 1..1000_u64, late in 0..60_usize, level in 0.1..1.0_f32,
    ) {
        let four = [
            path(seed, 100, 1.0), path(seed + 1, 100 + late, level),
            path(seed + 2, 120 + late, level), path(seed + 3, 120, 1.0),
        ];
        let decide = |channels: &[Vec<f32>]| auto(channels).layout;
        let first = decide(&four);
        let moved = four.clone().map(|channel| {
            let scaled = channel.iter().map(|x| x * gain);
            vec![0.0; before].into_iter().chain(scaled).collect()
        });
        let second = decide(&moved);
        prop_assert_eq!(first.layout, second.layout);
        prop_assert!((first.confidence - second.confidence).abs() < 0.01);
        let [ll, lr, rl, rr] = four;
        let third = decide(&[rr, rl, lr, ll]);
        prop_assert_eq!(first.layout, third.layout);
        prop_assert!((0.5..=1.0).contains(&first.confidence));
    }
}

#[test]
fn ixml_decides_before_the_sound_and_the_user_before_both() {
    let cross = [
        path(1, 0, 1.0),
        path(2, 50, 0.3),
        path(3, 50, 0.3),
        path(4, 0, 1.0),
    ];
    let same = [
        path(1, 0, 1.0),
        path(1, 0, 1.0),
        path(1, 0, 1.0),
        path(1, 0, 1.0),
    ];
    let with = |channels: &[Vec<f32>], method: &str, choice| {
        let xml = Ixml {
            recording_method: Some(RecordingMethod::named(method)),
            ..Ixml::default()
        };
        let read = open(&file(channels, Some(&xml)), choice);
        assert_eq!(read.ixml, Some(xml));
        read
    };
    for (channels, method, expected) in [
        (&same, "TrueStereo", Layout::TrueStereo),
        (&cross, "Quadro", Layout::Matrix),
        (&cross, "A/B", Layout::Matrix),
    ] {
        let read = with(channels, method, LayoutChoice::Auto);
        assert_eq!(read.impulse.layout, expected);
        assert!(matches!(read.layout.reason, LayoutReason::Ixml(_)));
        assert!(read.layout.to_string().contains(method));
    }
    // The name of a microphone says nothing.
    let read = with(&cross, "MKH 8040", LayoutChoice::Auto);
    assert!(matches!(read.layout.reason, LayoutReason::DirectSound(_)));
    let read = with(&cross, "Quadro", LayoutChoice::TrueStereo);
    assert_eq!(read.impulse.layout, Layout::TrueStereo);
    let read = with(&same, "TrueStereo", LayoutChoice::Matrix);
    assert_eq!(read.impulse.layout, Layout::Matrix);
    let stereo = open_reader("x", Cursor::new(file(&same, None)), LayoutChoice::Stereo);
    assert!(matches!(
        stereo.expect_err("four").fault,
        Fault::NotStereo { channels: 4 }
    ));
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A constant per channel.
    fn write(&self, name: &str, rate: u32, frames: usize, values: &[f32]) {
        let mut wav = Wav::float(values.len() as u16, &values.repeat(frames));
        wav.rate = rate;
        fs::write(self.path(name), wav.build()).expect("written");
    }

    fn open(&self, name: &str, choice: LayoutChoice) -> Result<Loaded, LoadError> {
        load::open(&self.path(name), choice)
    }
}

#[test]
fn two_stereo_files_paired_by_name_are_true_stereo() {
    for (left, right) in [
        ("Hall_L.wav", "Hall_R.wav"),
        ("Hall Left.wav", "Hall Right.wav"),
        ("Hall-l.WAV", "Hall-r.wav"),
        ("Hall - LEFT.wav", "hall - right.WAV"),
        ("Hall_l", "Hall_r"),
    ] {
        let folder = Folder::new();
        folder.write(left, RATE, 10, &[0.1, 0.2]);
        folder.write(right, RATE, 10, &[0.3, 0.4]);
        folder.write("Hall_M.wav", RATE, 10, &[0.9, 0.9]);
        for name in [left, right] {
            let read = folder.open(name, LayoutChoice::Auto).expect("a pair");
            assert_eq!(read.impulse.name.to_lowercase(), "hall");
            assert_eq!(read.impulse.layout, Layout::TrueStereo);
            assert_eq!(read.layout.reason, LayoutReason::Pair);
            let first: Vec<f32> = read.impulse.channels.iter().map(|c| c[0]).collect();
            assert_eq!(first, [0.1, 0.2, 0.3, 0.4], "{name}");
            let partner = if name == left { right } else { left };
            assert_eq!(read.partner, Some(folder.path(partner)));
            let alone = folder.open(name, LayoutChoice::Stereo).expect("loads");
            assert_eq!((alone.impulse.channels.len(), alone.partner), (2, None));
            assert!(folder.open(name, LayoutChoice::TrueStereo).is_ok());
            let matrix = folder.open(name, LayoutChoice::Matrix).expect("loads");
            assert_eq!(matrix.impulse.channels.len(), 2);
        }
        assert_eq!(
            folder
                .open("Hall_M.wav", LayoutChoice::Auto)
                .expect("loads")
                .partner,
            None
        );
    }
}

#[test]
fn what_is_no_pair_is_an_error_or_said() {
    let folder = Folder::new();
    folder.write("a_L.wav", RATE, 10, &[0.1, 0.2]);
    // Alone.
    let read = folder.open("a_L.wav", LayoutChoice::Auto).expect("loads");
    assert_eq!(
        (read.impulse.layout, read.notices.len()),
        (Layout::Stereo, 0)
    );
    assert!(matches!(
        folder
            .open("a_L.wav", LayoutChoice::TrueStereo)
            .expect_err("two")
            .fault,
        Fault::NotTrueStereo { channels: 2 }
    ));
    let differ = |expected: &str| {
        let error = folder
            .open("a_L.wav", LayoutChoice::Auto)
            .expect_err("differ");
        let text = error.to_string();
        assert!(matches!(error.fault, Fault::NotAPair { .. }), "{text}");
        assert!(
            text.contains(expected) && text.contains("--layout stereo"),
            "{text}"
        );
        assert!(folder.open("a_L.wav", LayoutChoice::Stereo).is_ok());
    };
    folder.write("a_R.wav", 44_100, 10, &[0.1, 0.2]);
    differ("48000 Hz, and that one 44100 Hz");
    folder.write("a_R.wav", RATE, 11, &[0.1, 0.2]);
    differ("10 frames, and that one 11");
    // Mono: not the same kind of thing.
    folder.write("a_R.wav", RATE, 10, &[0.1]);
    let read = folder.open("a_L.wav", LayoutChoice::Auto).expect("loads");
    assert_eq!(read.impulse.layout, Layout::Stereo);
    assert!(matches!(
        read.notices[..],
        [Notice::NotStereo { channels: 1, .. }]
    ));
    let read = folder.open("a_R.wav", LayoutChoice::Auto).expect("loads");
    assert_eq!((read.impulse.layout, read.notices.len()), (Layout::Mono, 0));
    // A broken half is named, and so is the way round it.
    fs::write(folder.path("a_R.wav"), "no sound").expect("written");
    differ("a_R.wav, but it cannot be read (expected");
}

#[test]
fn the_catalogue_knows_better_than_the_sound() {
    for factory in library::factory() {
        let read = factory.open().expect("loads");
        assert_eq!(read.layout.layout, factory.layout);
        assert_eq!(read.layout.confidence, 1.0);
    }
}

/// Real recordings, where they lie beside the checkout.
#[test]
fn recordings() {
    let audio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/audio");
    for (name, expected, sure) in [
        ("kitchen-true-stereo.wav", Layout::TrueStereo, 0.95),
        ("ambisonic-1o-ir.wav", Layout::Matrix, 0.7),
    ] {
        let file = audio.join(name);
        if file.exists() {
            let read = load::open(&file, LayoutChoice::Auto).expect("loads");
            assert_eq!(read.impulse.layout, expected, "{name}: {}", read.layout);
            assert!(read.layout.confidence > sure, "{name}: {}", read.layout);
        }
    }
}

//! What the fuzzer starts from and what it found, tests/fuzz/corpus, through every target again.
//!
//! The seeds are made here, by our own writers and encoders: `cargo test --test fuzz_corpus -- --ignored` writes them anew.

#[path = "common/sounds.rs"]
mod sounds;
#[path = "fuzz/src/targets.rs"]
mod targets;
#[path = "common/wav.rs"]
mod wav;

use partita::impulse::{ImpulseResponse, Layout};
use partita::params::Values;
use partita::preset::{EMBEDDING_LIMIT, Embedding, ImpulseReference, Instance, Preset, factory};
use sounds::{MP3, OGG, aiff, caf, flac};
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use wav::{Random, Wav, chunk};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

#[test]
fn what_is_kept_holds() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !partita::impulse::load::decoding() {
            usual(info);
        }
    }));
    for (name, run) in targets::ALL {
        let mut files = 0;
        for entry in fs::read_dir(corpus().join(name)).expect("a corpus") {
            let path = entry.expect("an entry").path();
            let bytes = fs::read(&path).expect("a file");
            let held = panic::catch_unwind(|| run(&bytes));
            assert!(held.is_ok(), "{} breaks a promise", path.display());
            files += 1;
        }
        assert!(files > 0, "{name} has no corpus");
    }
}

/// One small file of every format.
fn impulses() -> Vec<(&'static str, Vec<u8>)> {
    let mut random = Random(5);
    let noise: Vec<i32> = (0..240).map(|_| random.next() as i32 >> 16).collect();
    let data = wav::integers(2, &noise);
    let xml = b"<BWFXML><STEINBERG><ATTR_LIST><ATTR><NAME>MediaRecordingMethod</NAME><VALUE>Quadro</VALUE></ATTR></ATTR_LIST></STEINBERG></BWFXML>";
    let mut wave = Wav::new(1, 4, 16, data.clone());
    wave.before = chunk(b"iXML", xml);
    let mut extensible = Wav::new(1, 2, 32, wav::integers(4, &noise));
    extensible.extensible = Some(24);
    let single: Vec<u8> = noise
        .iter()
        .flat_map(|&x| (x as f32).to_be_bytes())
        .collect();
    let double = noise.iter().flat_map(|&x| f64::from(x).to_le_bytes());
    let mut quiet = flac(2, 48_000, 16, &noise);
    // No MD5, so that other sound is as good.
    quiet[26..42].fill(0);
    vec![
        ("wav-16", wave.build()),
        ("wav-24-in-32", extensible.build()),
        ("wav-f64", Wav::new(3, 2, 64, double.collect()).build()),
        ("aiff-16", aiff(None, 2, 48_000, 16, b"", &data)),
        ("aiff-f32", aiff(Some(b"fl32"), 4, 48_000, 32, b"", &single)),
        ("caf-16", caf(0, 2, 48_000.0, 16, None, &data)),
        ("caf-f32", caf(1, 1, 48_000.0, 32, Some(-1), &single)),
        ("flac", quiet),
        ("ogg", OGG.to_vec()),
        ("mp3", MP3.to_vec()),
    ]
}

fn presets() -> Vec<(&'static str, Vec<u8>)> {
    let sound = |layout, channels: usize, grid: f32| ImpulseResponse {
        name: "mine".to_owned(),
        sample_rate: 48_000,
        layout,
        channels: (0..channels)
            .map(|c| {
                (0..60)
                    .map(|n| ((n * (c + 3)) as f32).sin() / grid)
                    .collect()
            })
            .collect(),
    };
    let embedded = |impulse: &ImpulseResponse| {
        let mut reference = ImpulseReference::to_sound(impulse);
        let embedded = reference.embed(impulse, Embedding::All, EMBEDDING_LIMIT);
        embedded.expect("small");
        reference
    };
    let mut instance = Instance::default();
    let session = instance.to_text();
    instance.impulse = Some(embedded(&sound(Layout::TrueStereo, 4, 1.0)));
    let stereo = embedded(&sound(Layout::Stereo, 2, 3.0));
    let mut named = ImpulseReference::to_factory_named("hall");
    named.name = "../hall".to_owned();
    vec![
        ("factory", factory()[0].to_text().into()),
        ("session", session.into()),
        ("session-with-copy", instance.to_text().into()),
        (
            "with-copy",
            Preset::new("x", &Values::default(), Some(stereo))
                .to_text()
                .into(),
        ),
        (
            "named",
            Preset::new("x", &Values::default(), Some(named))
                .to_text()
                .into(),
        ),
    ]
}

fn confs() -> Vec<(&'static str, Vec<u8>)> {
    let text = [
        (
            "read",
            "# a comment\n/convolver/new 2 2 256 4000 0.5\n/cd .\n/impulse/read 1 1 0.5 0 0 0 1 a.wav\n/impulse/read 2 2 1 10 5 50 2 \"b.wav\"\n",
        ),
        (
            "dirac",
            "/convolver/new 2 3 64 1000\n/input/name 1 left\n/impulse/dirac 1 1 1.0 0\n/impulse/dirac 1 2 -0.25 999\n/impulse/copy 2 3 1 2\n",
        ),
        (
            "elsewhere",
            "/convolver/new 1 1 64 100\n/cd /tmp/..\n/impulse/read 1 1 1 0 0 0 1 ../../x.wav\n",
        ),
    ];
    text.map(|(name, text)| (name, text.into())).to_vec()
}

fn arguments() -> Vec<(&'static str, Vec<u8>)> {
    let lines: [(&str, &[&str]); 8] = [
        (
            "render",
            &[
                "render",
                "a.wav",
                "b.wav",
                "--impulse",
                "hall",
                "--output-dir",
                "x",
                "--mix",
                "20",
                "--tail",
                "2.5",
                "--format",
                "i24",
                "--jobs",
                "2",
                "--json",
            ],
        ),
        (
            "set",
            &[
                "render",
                "a.wav",
                "-i",
                "hall",
                "-o",
                "x.wav",
                "--wet-gain",
                "-3",
                "--predelay",
                "20",
                "--layout",
                "mcfx:4",
                "--force",
            ],
        ),
        (
            "impulse",
            &[
                "impulse",
                "shape",
                "hall",
                "--size",
                "70",
                "--damping",
                "125=150,8k=60",
                "--width",
                "130",
                "-o",
                "x.wav",
            ],
        ),
        (
            "echo",
            &[
                "impulse",
                "echo",
                "--tap",
                "0ms",
                "--tap",
                "250ms,-6dB,pan=L50",
                "--tempo",
                "96",
                "-o",
                "echo.wav",
            ],
        ),
        (
            "preset",
            &[
                "preset",
                "save",
                "x.partita",
                "-i",
                "hall",
                "--set",
                "mix=60",
                "--set",
                "high_cut=5kHz",
                "--embed",
                "all",
            ],
        ),
        (
            "measure",
            &[
                "measure",
                "--from",
                "r.wav",
                "--sweep-file",
                "s.wav",
                "--loopback",
                "2",
                "--range",
                "20,20000",
                "--decay",
                "5",
                "-o",
                "x.wav",
            ],
        ),
        (
            "live",
            &[
                "live",
                "-I",
                "hw:0",
                "-O",
                "hw:1",
                "--input-channels",
                "1,2",
                "--period",
                "64",
                "-i",
                "hall",
                "--set",
                "mix=40",
                "--osc",
                "9000",
                "--midi-map",
                "cc20=mix",
            ],
        ),
        ("library", &["library", "favourite", "hall", "--help"]),
    ];
    lines
        .map(|(name, line)| (name, line.join("\0").into()))
        .to_vec()
}

fn sequences() -> Vec<(&'static str, Vec<u8>)> {
    let mut random = Random(11);
    let mut bytes = |count: usize| (0..count).map(|_| random.next() as u8).collect::<Vec<_>>();
    vec![
        ("random-1", bytes(60)),
        ("random-2", bytes(200)),
        // Mono, an impulse of 901 samples, three blocks.
        (
            "blocks",
            vec![0, 1, 0, 132, 3, 63, 4, 64, 0, 0, 5, 1, 0, 1, 6, 232, 3, 0],
        ),
        // Stereo, two changes while sound is played, a reset.
        (
            "changes",
            vec![
                1, 7, 0, 232, 3, 9, 4, 200, 1, 0, 0, 100, 5, 4, 200, 3, 0, 0, 50, 0, 4, 0, 4, 3, 1,
                4, 99, 0, 0,
            ],
        ),
        // A mix in between, a pre-delay, and blocks.
        (
            "parameters",
            vec![
                3, 2, 0, 100, 0, 30, 2, 1, 0, 128, 4, 0, 2, 0, 2, 4, 0, 9, 4, 0, 3, 0, 2, 6, 0, 40,
                4, 0, 4, 3,
            ],
        ),
    ]
}

#[test]
#[ignore = "writes the seeds anew"]
fn write_the_seeds() {
    let with_choice = |(name, file): (&'static str, Vec<u8>)| (name, [&[0][..], &file].concat());
    let seeds = [
        ("arguments", arguments()),
        ("conf", confs()),
        ("impulse", impulses().into_iter().map(with_choice).collect()),
        ("preset", presets()),
        ("sequence", sequences()),
    ];
    for (target, files) in seeds {
        let folder = corpus().join(target);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).expect("written");
        }
    }
}

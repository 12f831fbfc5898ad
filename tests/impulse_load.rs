//! Every WAV that should load does, sample for sample; every other file gives an error that helps, and none a panic.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::Layout;
use partita::impulse::load::{self, Fault, LayoutChoice, LoadError, MAX_SAMPLES};
use std::fs;
use wav::{Random, Wav, bytes_of, chunk, integers};

fn load(wav: &Wav) -> Vec<Vec<f32>> {
    load::from_bytes("x.wav", &wav.build(), LayoutChoice::Auto)
        .expect("loads")
        .channels
}

fn fault(bytes: &[u8]) -> Fault {
    told(load::from_bytes("x.wav", bytes, LayoutChoice::Auto).expect_err("fails"))
}

/// What every error owes: one line, the file, what was expected, what to do (after the semicolon).
fn told(error: LoadError) -> Fault {
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    assert!(
        text.contains(&error.file) && text.contains("expected"),
        "{text}"
    );
    assert!(text.contains(';') || text.contains(": copy"), "{text}");
    error.fault
}

#[test]
fn every_integer_width() {
    let cases = [
        (
            8,
            vec![0x00, 0x80, 0xFF, 0xC0],
            [-1.0, 0.0, 127.0 / 128.0, 0.5],
        ),
        (
            16,
            integers(2, &[-0x8000, 0, 0x7FFF, 0x4000]),
            [-1.0, 0.0, 32767.0 / 32768.0, 0.5],
        ),
        (
            24,
            integers(3, &[-0x80_0000, 0, 0x7F_FFFF, 0x40_0000]),
            [-1.0, 0.0, 8_388_607.0 / 8_388_608.0, 0.5],
        ),
        (
            32,
            integers(4, &[i32::MIN, 0, 0x7FFF_FF00, 0x4000_0000]),
            [-1.0, 0.0, 8_388_607.0 / 8_388_608.0, 0.5],
        ),
    ];
    for (bits, data, expected) in cases {
        let mut wav = Wav::new(1, 1, bits, data);
        assert_eq!(load(&wav), [expected], "{bits} bits");
        // cbSize, as WAVEFORMATEX has it; hound alone refuses 32 bits so.
        wav.fmt_extra = vec![0, 0];
        assert_eq!(load(&wav), [expected], "{bits} bits, 18-byte fmt");
        wav.fmt_extra.clear();
        wav.extensible = Some(bits);
        assert_eq!(load(&wav), [expected], "{bits} bits, extensible");
        // Valid bits of zero occur in the wild.
        wav.extensible = Some(0);
        assert_eq!(load(&wav), [expected], "{bits} bits, none valid");
    }
}

#[test]
fn float() {
    let samples = [1.0, -0.25, 1e-30, 3.5];
    let mut wav = Wav::float(1, &samples);
    assert_eq!(load(&wav), [samples]);
    wav.fmt_extra = vec![0, 0];
    assert_eq!(load(&wav), [samples]);
    wav.fmt_extra.clear();
    wav.extensible = Some(32);
    assert_eq!(load(&wav), [samples]);
    // 64 bits: to the nearest of 32.
    let double = [1.0_f64, -0.1, 1e-50, -3.5];
    let data = double.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut wav = Wav::new(3, 1, 64, data);
    assert_eq!(load(&wav), [double.map(|x| x as f32)]);
    wav.extensible = Some(64);
    assert_eq!(load(&wav), [double.map(|x| x as f32)]);
    for bad in [f64::NAN, f64::NEG_INFINITY, 1e300, -1.1e6] {
        let wav = Wav::new(3, 1, 64, bad.to_le_bytes().to_vec());
        assert!(matches!(
            fault(&wav.build()),
            Fault::NotFinite { .. } | Fault::TooLoud { .. }
        ));
    }
}

#[test]
fn bits_at_the_top_and_at_the_bottom_of_32() {
    let values = [-0x80_0000, 1, 0x7F_FFFF, 0x40_0000];
    let expected = [-1.0, 1.0 / 8_388_608.0, 8_388_607.0 / 8_388_608.0, 0.5];
    let top: Vec<i32> = values.iter().map(|v| v << 8).collect();
    for data in [integers(4, &values), integers(4, &top)] {
        let mut wav = Wav::new(1, 1, 32, data);
        wav.extensible = Some(24);
        assert_eq!(load(&wav), [expected], "extensible");
        wav.extensible = None;
        wav.bits = 24;
        assert_eq!(
            load(&wav),
            [expected],
            "plain, 24 bits in blocks of 4 bytes"
        );
    }
    // As hound writes it.
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpecEx {
        spec: hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        },
        bytes_per_sample: 4,
    };
    let mut writer = hound::WavWriter::new_with_spec_ex(&mut file, spec).unwrap();
    for value in values {
        writer.write_sample(value).unwrap();
    }
    writer.finalize().unwrap();
    let read = load::from_bytes("x.wav", file.get_ref(), LayoutChoice::Auto).unwrap();
    assert_eq!(read.channels, [expected]);
    // 20 valid bits fill 24 from the top.
    let mut wav = Wav::new(1, 1, 24, integers(3, &[0x40_0000, -0x40_0000]));
    wav.extensible = Some(20);
    assert_eq!(load(&wav), [[0.5, -0.5]]);
}

#[test]
fn channels_rates_and_layouts() {
    for channels in 1..=64_u16 {
        let samples: Vec<f32> = (0..channels * 3).map(|n| f32::from(n) / 256.0).collect();
        let mut wav = Wav::float(channels, &samples);
        wav.rate = [1, 8_000, 44_101, 384_000, u32::MAX][usize::from(channels) % 5];
        let read = load::from_bytes("x.wav", &wav.build(), LayoutChoice::Auto).unwrap();
        let expected = match channels {
            1 => Layout::Mono,
            2 => Layout::Stereo,
            // Of four it depends on the sound: tests/impulse_layout.rs.
            4 => read.layout,
            _ => Layout::Matrix,
        };
        assert_eq!(read.layout, expected);
        assert_eq!(read.sample_rate, wav.rate);
        for (c, channel) in read.channels.iter().enumerate() {
            let own: Vec<f32> = samples[c..]
                .iter()
                .copied()
                .step_by(channels.into())
                .collect();
            assert_eq!(*channel, own);
        }
        let matrix = load::from_bytes("x.wav", &wav.build(), LayoutChoice::Matrix).unwrap();
        assert_eq!(matrix.layout, Layout::Matrix);
        let true_stereo = load::from_bytes("x.wav", &wav.build(), LayoutChoice::TrueStereo);
        match true_stereo {
            Ok(read) => assert_eq!((channels, read.layout), (4, Layout::TrueStereo)),
            Err(error) => {
                let fault = told(error);
                assert!(
                    matches!(fault, Fault::NotTrueStereo { channels: c } if c == channels && c != 4)
                );
            }
        }
    }
    let wide = Wav::float(65, &[0.5; 65]);
    assert!(matches!(
        fault(&wide.build()),
        Fault::TooManyChannels { channels: 65 }
    ));
}

#[test]
fn other_chunks_are_stepped_over_odd_ones_too() {
    let mut wav = Wav::float(1, &[0.5]);
    wav.before = [
        chunk(b"LIST", b"odd"),
        chunk(b"fact", &[1, 0, 0, 0]),
        chunk(b"FLLR", &[7; 4044]),
    ]
    .concat();
    assert_eq!(load(&wav), [[0.5]]);
    let mut file = wav.build();
    file.extend(chunk(b"LIST", b"after the samples"));
    let read = load::from_bytes("x.wav", &file, LayoutChoice::Auto).unwrap();
    assert_eq!(read.channels, [[0.5]]);
    // A wrong byte rate is redundant, not fatal.
    file[28..32].copy_from_slice(&7_u32.to_le_bytes());
    assert!(load::from_bytes("x.wav", &file, LayoutChoice::Auto).is_ok());
}

#[test]
fn streamed_files_reach_to_their_end() {
    for (data, riff) in [
        (u32::MAX, u32::MAX),
        (0, 0),
        (0, u32::MAX),
        (0x7FFF_FFFF, 0x7FFF_FFFF),
        (0x8000_0000, 36),
    ] {
        let mut wav = Wav::float(2, &[0.5, 0.25, 1.0, 0.125]);
        wav.data_length = Some(data);
        wav.riff_length = Some(riff);
        let expected = [[0.5, 1.0], [0.25, 0.125]];
        assert_eq!(load(&wav), expected, "{data:x}");
        // Cut off in the middle of a frame.
        wav.data.extend([0, 0, 0, 0, 1]);
        assert_eq!(load(&wav), expected, "{data:x}");
        wav.data.clear();
        assert!(matches!(fault(&wav.build()), Fault::NoFrames));
    }
}

#[test]
fn files_that_are_not_wav() {
    assert!(matches!(fault(b""), Fault::Empty));
    let names: [(&[u8], &str); 6] = [
        (b"Hello, this is a text file.\n", "text"),
        (b"hi", "text"),
        (b"wvpk\0\0\0\x22aaaaaaaaaaaa", "WavPack"),
        (b"RF64\xFF\xFF\xFF\xFFWAVEds64", "RF64"),
        (b"RIFF\x04\0\0\0AVI LIST", "another kind"),
        (b"\x00\x01\x02\x03\x04", "something else"),
    ];
    for (bytes, expected) in names {
        match fault(bytes) {
            Fault::NotSound { found } => assert!(found.contains(expected), "{found}"),
            other => panic!("{other}"),
        }
    }
    let whole = Wav::float(1, &[0.5]).build();
    for length in 1..whole.len() {
        fault(&whole[..length]);
    }
}

#[test]
fn headers_that_lie() {
    let good = Wav::float(2, &[0.5; 8]);
    let with = |change: &dyn Fn(&mut Wav)| {
        let mut wav = good.clone();
        change(&mut wav);
        fault(&wav.build())
    };
    assert!(matches!(with(&|w| w.data.clear()), Fault::NoFrames));
    assert!(matches!(
        with(&|w| w.data_length = Some(33)),
        Fault::Truncated {
            expected: 33,
            found: 32
        }
    ));
    assert!(matches!(
        with(&|w| w.data_length = Some(4000)),
        Fault::Truncated { .. }
    ));
    assert!(matches!(
        with(&|w| w.data_length = Some(31)),
        Fault::Malformed { .. }
    ));
    assert!(matches!(with(&|w| w.channels = 0), Fault::Malformed { .. }));
    assert!(matches!(with(&|w| w.rate = 0), Fault::Malformed { .. }));
    for block in [0, 1, 7, 9] {
        assert!(matches!(
            with(&|w| w.block = Some(block)),
            Fault::Malformed { .. }
        ));
    }
    assert!(matches!(with(&|w| w.bits = 0), Fault::Malformed { .. }));
    assert!(matches!(with(&|w| w.bits = 33), Fault::Malformed { .. }));
    assert!(matches!(with(&|w| w.bits = 24), Fault::Format { .. }));
    assert!(matches!(
        with(&|w| (w.bits, w.bytes) = (16, 2)),
        Fault::Format { .. }
    ));
    assert!(matches!(
        with(&|w| (w.bits, w.bytes, w.tag) = (64, 8, 1)),
        Fault::Format { .. }
    ));
    for tag in [0, 2, 6, 7, 0x11, 0x55, 0xFFFF] {
        assert!(matches!(with(&|w| w.tag = tag), Fault::Format { .. }));
    }
    // Extensible in name only.
    assert!(matches!(with(&|w| w.tag = 0xFFFE), Fault::Malformed { .. }));
}

#[test]
fn lengths_are_bounded_by_the_header_before_anything_is_read() {
    let mut wav = Wav::new(1, 1, 8, vec![128; 601]);
    wav.rate = 1;
    assert!(matches!(fault(&wav.build()), Fault::TooLong { .. }));
    wav.data.truncate(600);
    assert_eq!(load(&wav)[0].len(), 600);
    // Claims to be too large: the claim alone is refused, without its bytes.
    let mut wav = Wav::new(1, 64, 8, vec![128; 64]);
    wav.rate = 192_000;
    wav.data_length = Some(MAX_SAMPLES as u32 + 64);
    assert!(matches!(fault(&wav.build()), Fault::TooLarge { .. }));
}

#[test]
fn samples_that_are_no_sound() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut samples = [0.0; 20];
        samples[13] = value;
        samples[17] = f32::NAN;
        match fault(&Wav::float(2, &samples).build()) {
            Fault::NotFinite {
                frame: 6,
                channel: 2,
                ..
            } => {}
            other => panic!("{other}"),
        }
    }
    assert!(matches!(
        fault(&Wav::new(3, 1, 32, bytes_of(&[0.0, -1.1e6])).build()),
        Fault::TooLoud {
            frame: 1,
            channel: 1,
            ..
        }
    ));
    assert_eq!(load(&Wav::float(1, &[1e6])), [[1e6]]);
}

#[test]
fn files_and_what_is_not_one() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| load::read(&folder.path().join(name), LayoutChoice::Auto);
    fs::write(
        folder.path().join("Größe 大.WAV"),
        Wav::float(1, &[0.5]).build(),
    )
    .unwrap();
    let impulse = read("Größe 大.WAV").unwrap();
    assert_eq!(
        (impulse.name.as_str(), impulse.channels),
        ("Größe 大", vec![vec![0.5]])
    );
    assert!(matches!(told(read("no.wav").unwrap_err()), Fault::Missing));
    assert!(matches!(told(read("").unwrap_err()), Fault::Directory));
    assert!(matches!(
        told(read("Größe 大.WAV/x.wav").unwrap_err()),
        Fault::Missing
    ));
    let error = read("a\nb.wav").unwrap_err();
    assert!(error.to_string().contains("a\\nb.wav"));
    told(error);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let zero = load::read("/dev/zero".as_ref(), LayoutChoice::Auto);
        assert!(matches!(told(zero.unwrap_err()), Fault::NotAFile));
        let locked = folder.path().join("locked.wav");
        fs::write(&locked, Wav::float(1, &[0.5]).build()).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        // Root reads it all the same.
        if fs::File::open(&locked).is_err() {
            assert!(matches!(
                told(read("locked.wav").unwrap_err()),
                Fault::Permission
            ));
        }
    }
}

/// Random damage to good files: bytes replaced, cut out, put in, the end cut off. An impulse that comes out of it all the
/// same is whole.
#[test]
fn no_bytes_panic() {
    let mut random = Random(1);
    let mut bases = Vec::new();
    for (tag, bits) in [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)] {
        for extensible in [None, Some(bits)] {
            let mut wav = Wav::new(tag, 2, bits, vec![0x3C; 96]);
            wav.extensible = extensible;
            wav.before = chunk(b"LIST", b"abc");
            bases.push(wav.build());
        }
    }
    let mut loaded = 0;
    for round in 0..40_000 {
        let mut file = bases[round % bases.len()].clone();
        for _ in 0..=random.below(4) {
            // Most of the damage goes where the header is.
            let reach = if random.below(4) > 0 {
                file.len().min(64)
            } else {
                file.len()
            };
            let at = random.below(reach.max(1));
            let extreme = [0, 1, 0x7F, 0x80, 0xFE, 0xFF];
            match random.below(8) {
                0 => file.truncate(at),
                1 if !file.is_empty() => {
                    file.remove(at);
                }
                2 => file.insert(at, random.next() as u8),
                3 if file.len() > at + 4 => {
                    let word = extreme[random.below(6)];
                    file[at..at + 4].fill(word);
                }
                _ if !file.is_empty() => {
                    file[at] = extreme[random.below(6)] ^ random.below(3) as u8
                }
                _ => {}
            }
        }
        let choice = [
            LayoutChoice::Auto,
            LayoutChoice::TrueStereo,
            LayoutChoice::Matrix,
        ][random.below(3)];
        match load::from_bytes("x.wav", &file, choice) {
            Ok(impulse) => {
                loaded += 1;
                assert!(impulse.frames() > 0 && impulse.sample_rate > 0);
                assert!(impulse.channels.iter().all(|c| c.len() == impulse.frames()));
                assert!(impulse.channels.iter().flatten().all(|x| x.is_finite()));
            }
            Err(error) => drop(told(error)),
        }
    }
    assert!(
        loaded > 1000,
        "the damage leaves too little to test: {loaded}"
    );
}

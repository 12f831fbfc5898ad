//! Every format loads, known by its content: lossless ones to the bit, others in time with what they were made from.

#[path = "common/sounds.rs"]
mod sounds;
#[path = "common/wav.rs"]
mod wav;

use partita::impulse::load::{self, Fault, FileFormat, LayoutChoice, Loaded};
use sounds::{MP3, OGG, aiff, aiff_chunk, caf, flac, tone};
use std::fs;
use std::io::Cursor;
use wav::{Random, Wav, chunk};

fn open(bytes: &[u8]) -> Loaded {
    load::open_reader("x", Cursor::new(bytes), LayoutChoice::Matrix).expect("loads")
}

fn fault(bytes: &[u8]) -> Fault {
    let error = load::from_bytes("x", bytes, LayoutChoice::Auto).expect_err("fails");
    let text = error.to_string();
    assert!(!text.contains('\n') && text.contains("expected"), "{text}");
    error.fault
}

/// Random integers of so many bits, with the extremes among them.
fn integers(bits: u32, count: usize) -> Vec<i32> {
    let mut random = Random(u64::from(bits));
    let shift = 32 - bits;
    let mut values: Vec<i32> = (0..count).map(|_| random.next() as i32 >> shift).collect();
    values[0] = i32::MIN >> shift;
    values[1] = i32::MAX >> shift;
    values
}

/// Interleaved integers as channels, full scale 1. Exact up to 24 bits, and rounded once beyond.
fn channels(count: usize, bits: u32, values: &[i32]) -> Vec<Vec<f32>> {
    let scale = 2_f64.powi(1 - bits as i32);
    let channel = |first: usize| {
        let own = values[first..].iter().step_by(count);
        own.map(|&x| (f64::from(x) * scale) as f32).collect()
    };
    (0..count).map(channel).collect()
}

fn big(bytes: usize, values: &[i32]) -> Vec<u8> {
    let top = |value: &i32| value.to_be_bytes()[4 - bytes..].to_vec();
    values.iter().flat_map(top).collect()
}

#[test]
fn aiff_of_every_kind_to_the_bit() {
    for count in [1, 2, 3, 4, 64] {
        for (bits, bytes) in [(8, 1), (16, 2), (24, 3), (32, 4)] {
            let values = integers(bits, 6 * count);
            let expected = channels(count, bits, &values);
            let (be, le) = (big(bytes, &values), wav::integers(bytes, &values));
            let mut files = vec![aiff(None, count as u16, 44_100, bits as u16, b"", &be)];
            let mut of = |kind: &[u8; 4], data: &[u8]| {
                files.push(aiff(
                    Some(kind),
                    count as u16,
                    44_100,
                    bits as u16,
                    b"",
                    data,
                ));
            };
            of(b"NONE", &be);
            of(b"sowt", &le);
            match bits {
                16 => of(b"twos", &be),
                24 => of(b"42ni", &le),
                32 => of(b"23ni", &le),
                _ => {
                    let offset: Vec<u8> = be.iter().map(|byte| byte ^ 0x80).collect();
                    of(b"raw ", &offset);
                }
            }
            for file in files {
                let read = open(&file);
                assert_eq!(read.impulse.channels, expected, "{count} × {bits}");
                assert_eq!(
                    (read.format, read.impulse.sample_rate),
                    (FileFormat::Aiff, 44_100)
                );
            }
        }
    }
    let samples = [1.0_f64, -0.1, 1e-30, 3.5];
    let single: Vec<u8> = samples
        .iter()
        .flat_map(|x| (*x as f32).to_be_bytes())
        .collect();
    let double: Vec<u8> = samples.iter().flat_map(|x| x.to_be_bytes()).collect();
    for file in [
        aiff(Some(b"fl32"), 1, 96_000, 32, b"", &single),
        aiff(Some(b"FL64"), 1, 96_000, 64, b"", &double),
    ] {
        assert_eq!(open(&file).impulse.channels, [samples.map(|x| x as f32)]);
    }
    // 20 bits are at the top of three bytes; chunks of no concern, odd ones too, are stepped over.
    let before = [aiff_chunk(b"NAME", b"odd"), aiff_chunk(b"APPL", &[1; 5])].concat();
    let file = aiff(None, 1, 1, 20, &before, &[0x40, 0, 0]);
    assert_eq!(open(&file).impulse.channels, [[0.5]]);
}

#[test]
fn caf_of_every_kind_to_the_bit() {
    for count in [1, 2, 4, 64] {
        for (bits, bytes) in [(8, 1), (16, 2), (24, 3), (32, 4)] {
            let values = integers(bits, 6 * count);
            let expected = channels(count, bits, &values);
            let (be, le) = (big(bytes, &values), wav::integers(bytes, &values));
            for (flags, data) in [(0, &be), (2, &le)] {
                for length in [None, Some(-1)] {
                    let file = caf(flags, count as u32, 48_000.0, bits, length, data);
                    let read = open(&file);
                    assert_eq!(read.impulse.channels, expected, "{count} × {bits}");
                    assert_eq!(
                        (read.format, read.impulse.sample_rate),
                        (FileFormat::Caf, 48_000)
                    );
                }
            }
        }
    }
    let samples = [1.0_f64, -0.1, 1e-30, 3.5];
    let single: Vec<u8> = samples
        .iter()
        .flat_map(|x| (*x as f32).to_le_bytes())
        .collect();
    let double: Vec<u8> = samples.iter().flat_map(|x| x.to_be_bytes()).collect();
    for file in [
        caf(3, 1, 44_100.0, 32, None, &single),
        caf(1, 1, 44_100.0, 64, None, &double),
    ] {
        assert_eq!(open(&file).impulse.channels, [samples.map(|x| x as f32)]);
    }
}

#[test]
fn flac_to_the_bit() {
    for count in [1, 2, 4, 8] {
        for bits in [8, 16, 24] {
            // Two blocks of 256 and a part of one.
            let values = integers(bits, 600 * count);
            let read = open(&flac(count, 44_100, bits as usize, &values));
            assert_eq!(
                read.impulse.channels,
                channels(count, bits, &values),
                "{count} × {bits}"
            );
            assert_eq!(
                (read.format, read.impulse.sample_rate),
                (FileFormat::Flac, 44_100)
            );
        }
    }
}

/// What was read, against the formula it was made from, `late` frames late; 0 dB is the signal itself.
fn error_db(read: &Loaded, late: usize) -> f64 {
    let (mut error, mut power) = (0.0, 0.0);
    for (channel, samples) in read.impulse.channels.iter().enumerate() {
        for (frame, &x) in samples.iter().enumerate().skip(1) {
            let expected = tone(channel, frame + 1 - late);
            error += (f64::from(x) - expected).powi(2);
            power += expected * expected;
        }
    }
    10.0 * (error / power).log10()
}

/// One frame off is 2 sin(π 440 ÷ 48 kHz) of the lower tone, −24.8 dB, and −21.3 dB of the higher: it adds to what the
/// codec leaves, which ffmpeg's own decoder puts at −26.0 dB for the MP3. 3 dB between that sum and the codec alone.
#[test]
fn vorbis_and_mp3_begin_and_end_where_the_sound_does() {
    for (bytes, format) in [(OGG, FileFormat::OggVorbis), (MP3, FileFormat::Mp3)] {
        let read = open(bytes);
        assert_eq!(read.format, format);
        assert_eq!(
            (read.impulse.frames(), read.impulse.channels.len()),
            (9600, 2)
        );
        assert_eq!(read.impulse.sample_rate, 48_000);
        let [early, right, late] = [0, 1, 2].map(|late| error_db(&read, late));
        assert!(
            right < -25.5 && right + 3.0 < early.min(late),
            "{format:?}: {early:.1}, {right:.1}, {late:.1} dB"
        );
    }
}

#[test]
fn a_name_does_not_matter_nor_do_marks_and_tags_before_the_sound() {
    let folder = tempfile::tempdir().expect("a folder");
    let wav = Wav::float(1, &[0.5, 0.25]).build();
    let all = [
        (wav, FileFormat::Wav),
        (
            aiff(None, 1, 8000, 16, b"", &[0x40, 0, 0x20, 0]),
            FileFormat::Aiff,
        ),
        (
            caf(0, 1, 8000.0, 16, None, &[0x40, 0, 0x20, 0]),
            FileFormat::Caf,
        ),
        (flac(1, 8000, 16, &[0x4000; 100]), FileFormat::Flac),
        (OGG.to_vec(), FileFormat::OggVorbis),
        (MP3.to_vec(), FileFormat::Mp3),
    ];
    for (bytes, format) in all {
        let plain = open(&bytes);
        for name in ["Kirche Größe 大.TXT", "x", "X.WAV", "y.mp3", "Z.FLAC"] {
            let path = folder.path().join(name);
            fs::write(&path, &bytes).expect("written");
            let read = load::open(&path, LayoutChoice::Matrix).expect("loads");
            assert_eq!(
                (read.format, &read.impulse.channels),
                (format, &plain.impulse.channels)
            );
        }
        // A byte order mark; an ID3v2 tag of 130 bytes (two of seven bits), padded with zeros.
        let mut id3 = b"ID3\x04\0\0\0\0\x01\x02".to_vec();
        id3.extend([b'x'; 130]);
        id3.extend([0; 5000]);
        for before in [b"\xEF\xBB\xBF".to_vec(), id3] {
            let read = open(&[before, bytes.clone()].concat());
            assert_eq!((read.format, read.impulse), (format, plain.impulse.clone()));
        }
    }
    // Tags behind an MP3.
    let mut tag = b"TAG".to_vec();
    tag.resize(128, 0xFF);
    let read = open(&[MP3, &tag].concat());
    assert_eq!(read.impulse.frames(), 9600);
}

#[test]
fn limits_hold_for_every_format() {
    let zeros = |bytes: usize| vec![0; bytes];
    assert!(matches!(
        fault(&aiff(None, 65, 8000, 8, b"", &zeros(65))),
        Fault::TooManyChannels { channels: 65 }
    ));
    assert!(matches!(
        fault(&caf(0, 65, 8000.0, 8, None, &zeros(65))),
        Fault::TooManyChannels { channels: 65 }
    ));
    assert!(matches!(
        fault(&caf(0, 100_000, 8000.0, 8, None, &zeros(65))),
        Fault::TooManyChannels { .. }
    ));
    assert!(matches!(
        fault(&aiff(None, 0, 8000, 8, b"", b"")),
        Fault::Malformed { .. }
    ));
    assert!(matches!(
        fault(&aiff(None, 1, 0, 8, b"", &[0])),
        Fault::Malformed { .. }
    ));
    assert!(matches!(
        fault(&aiff(None, 1, 8000, 8, b"", b"")),
        Fault::NoFrames
    ));
    assert!(matches!(
        fault(&caf(0, 1, 0.0, 8, None, &[0])),
        Fault::Malformed { .. }
    ));
    assert!(matches!(
        fault(&caf(0, 1, f64::NAN, 8, None, &[0])),
        Fault::Malformed { .. }
    ));
    assert!(matches!(
        fault(&caf(0, 1, 8000.0, 8, None, b"")),
        Fault::NoFrames
    ));
    // 601 s at 1 Hz.
    assert!(matches!(
        fault(&aiff(None, 1, 1, 8, b"", &zeros(601))),
        Fault::TooLong { .. }
    ));
    assert!(matches!(
        fault(&caf(0, 1, 1.0, 8, None, &zeros(601))),
        Fault::TooLong { .. }
    ));
    assert!(matches!(
        fault(&flac(1, 1, 16, &[9; 601])),
        Fault::TooLong { .. }
    ));
    // The length in a FLAC may be left open: then it is counted while decoding.
    let mut open_end = flac(1, 1, 16, &[9; 601]);
    open_end[21] &= 0xF0;
    open_end[22..26].fill(0);
    assert!(matches!(fault(&open_end), Fault::TooLong { .. }));
    // Claims beyond the file: 4 GB, or a little.
    let mut long = caf(0, 1, 8000.0, 16, Some(1_000_004), &zeros(4));
    assert!(matches!(
        fault(&long),
        Fault::Truncated {
            expected: 1_000_000,
            found: 4
        }
    ));
    long = caf(0, 1, 8000.0, 16, Some(i64::MAX), &zeros(4));
    assert!(matches!(fault(&long), Fault::TooLong { .. }));
    let mut long = aiff(None, 1, 8000, 16, b"", &zeros(4));
    long[22..26].copy_from_slice(&1000_u32.to_be_bytes());
    assert!(matches!(
        fault(&long),
        Fault::Truncated {
            expected: 2000,
            found: 4
        }
    ));
    long[22..26].fill(0xFF);
    assert!(matches!(fault(&long), Fault::TooLong { .. }));
    // Floats that are no sound.
    let nan = f32::NAN.to_be_bytes();
    assert!(matches!(
        fault(&aiff(Some(b"fl32"), 1, 8000, 32, b"", &nan)),
        Fault::NotFinite { .. }
    ));
    assert!(matches!(
        fault(&caf(1, 1, 8000.0, 32, None, &nan)),
        Fault::NotFinite { .. }
    ));
    assert!(matches!(
        fault(&caf(1, 1, 8000.0, 64, None, &1.1e6_f64.to_be_bytes())),
        Fault::TooLoud { .. }
    ));
}

#[test]
fn what_is_compressed_otherwise_is_named() {
    let named = |bytes: &[u8], name: &str| match fault(bytes) {
        Fault::Format { found } => assert!(found.contains(name), "{found}"),
        other => panic!("{other}"),
    };
    named(&aiff(Some(b"ima4"), 1, 8000, 16, b"", &[0; 4]), "ima4");
    let mut alac = caf(0, 1, 8000.0, 16, None, &[0; 4]);
    alac[28..32].copy_from_slice(b"alac");
    named(&alac, "alac");
    let mut opus = OGG.to_vec();
    opus[28..36].copy_from_slice(b"OpusHead");
    sounds::seal_ogg(&mut opus);
    named(&opus, "Opus");
    for (head, name) in [
        (&b"RIFX\0\0\0\0WAVE"[..], "RIFX"),
        (b"\0\0\0\x20ftypM4A ", "MP4"),
        (b"ID3\x04\0\0\0\0\0\0", "tag"),
    ] {
        match fault(head) {
            Fault::NotSound { found } => assert!(found.contains(name), "{found}"),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn damage_inside_is_not_passed_over() {
    let samples = integers(16, 2000);
    let whole = flac(1, 48_000, 16, &samples);
    for at in [whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        let mut hurt = whole.clone();
        hurt[at] ^= 1;
        assert!(
            matches!(fault(&hurt), Fault::Malformed { .. } | Fault::Short { .. }),
            "{at}"
        );
        assert!(
            matches!(
                fault(&whole[..at]),
                Fault::Malformed { .. } | Fault::Short { .. }
            ),
            "{at}"
        );
    }
    // The checksum over all.
    let mut hurt = whole.clone();
    hurt[26] ^= 1;
    match fault(&hurt) {
        Fault::Malformed { found } => assert!(found.contains("MD5"), "{found}"),
        other => panic!("{other}"),
    }
    for at in (0..OGG.len()).step_by(7) {
        let mut hurt = OGG.to_vec();
        hurt[at] ^= 1;
        fault(&hurt);
        if at > 0 {
            fault(&OGG[..at]);
        }
    }
    // Of two streams one after the other it is not known which is meant.
    let mut second = OGG.to_vec();
    second[5] = 0;
    sounds::seal_ogg(&mut second);
    fault(&second);
    // An MP3 that says how long it is.
    assert!(matches!(fault(&MP3[..MP3.len() / 2]), Fault::Short { .. }));
}

#[test]
fn odd_chunks_in_a_wav_and_ixml_before_and_after_the_sound() {
    let xml = b"<BWFXML><NOTE>far</NOTE></BWFXML>";
    let mut wav = Wav::float(1, &[0.5]);
    let mut after = wav.build();
    after.extend(chunk(b"junk", b"odd"));
    after.extend(chunk(b"iXML", xml));
    wav.before = chunk(b"iXML", xml);
    for file in [after, wav.build()] {
        let read = open(&file);
        let ixml = read.ixml.expect("iXML");
        assert_eq!(ixml.other, ["<NOTE>far</NOTE>"]);
        assert_eq!(
            (read.impulse.channels, read.notices.len()),
            (vec![vec![0.5]], 0)
        );
    }
    wav.before = chunk(b"iXML", b"<BWFXML");
    let read = open(&wav.build());
    assert!(read.ixml.is_none());
    assert!(read.notices[0].to_string().contains("it is ignored"));
}

//! A `.conf` is the matrix that jconvolver would make of it; one that cannot be followed says which line and why.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::jconvolver::{ConfFault, RATE_WITHOUT_FILES};
use partita::impulse::load::{self, Fault, LayoutChoice, MAX_SAMPLES};
use partita::impulse::{ImpulseResponse, Layout};
use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;
use wav::{Random, Wav};

/// A folder with a.wav (two channels: 1 to 4 and −1 to −4, in eighths), b.wav (one channel: 0.5, 0.25), deep/a.wav
/// (one channel: 0.75) and slow.wav (44 100 Hz).
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(TempDir::new().expect("a folder"));
        let ramp: Vec<f32> = (1..=4)
            .flat_map(|n| [n as f32 / 8.0, n as f32 / -8.0])
            .collect();
        desk.write("a.wav", &Wav::float(2, &ramp).build());
        desk.write("b.wav", &Wav::float(1, &[0.5, 0.25]).build());
        let mut slow = Wav::float(1, &[1.0]);
        slow.rate = 44_100;
        desk.write("slow.wav", &slow.build());
        fs::create_dir(desk.path("deep")).expect("made");
        desk.write("deep/a.wav", &Wav::float(1, &[0.75]).build());
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("written");
    }

    fn load(&self, text: &str) -> ImpulseResponse {
        self.write("x.conf", text.as_bytes());
        load::read(&self.path("x.conf"), LayoutChoice::Auto).expect("loads")
    }

    /// The line and what is wrong with it.
    fn fault(&self, text: impl AsRef<[u8]>) -> (usize, ConfFault) {
        self.write("x.conf", text.as_ref());
        let error = load::read(&self.path("x.conf"), LayoutChoice::Auto).expect_err("fails");
        let told = error.to_string();
        assert!(!told.contains('\n') && told.contains("expected"), "{told}");
        match error.fault {
            Fault::Conf(line) => {
                assert!(
                    told.contains(&format!("x.conf: line {}: ", line.line)),
                    "{told}"
                );
                (line.line, line.fault)
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn gain_delay_offset_length_and_channel() {
    let desk = Desk::new();
    let matrix = desk.load(
        "# a comment\n\
         /cd .\n\
         \n\
         #             in out part size density\n\
         /convolver/new 2 3 256 8 0.5\n\
         /input/name 1 in.L\n\
         /output/name 2 out.R system:playback_2\n\
         #             in out gain delay offset length channel file\n\
         /impulse/read 1 1 1 0 0 0 1 a.wav\n\
         /impulse/read 1 2 -2 3 0 0 2 a.wav\n\
         /impulse/read 1 3 1 0 1 2 1 a.wav\n\
         /impulse/read 2 1 0.5 1 3 99 1 a.wav   # more than there is\n\
         /impulse/dirac 2 2 0.7 4\n",
    );
    assert_eq!(matrix.layout, Layout::MatrixOf { inputs: 2 });
    assert_eq!((matrix.sample_rate, matrix.name.as_str()), (48_000, "x"));
    let expected: [[f32; 7]; 6] = [
        [0.125, 0.25, 0.375, 0.5, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0],
        [0.25, 0.375, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.7, 0.0, 0.0],
        [0.0; 7],
    ];
    assert_eq!(matrix.channels, expected);
}

#[test]
fn impulses_at_one_place_are_added_and_copies_follow_the_original() {
    let desk = Desk::new();
    let matrix = desk.load(
        "/convolver/new 1 3 256 100\n\
         /impulse/read 1 1 1 0 0 0 1 b.wav\n\
         /impulse/copy 1 2 1 1\n\
         /impulse/copy 1 3 1 2\n\
         /impulse/dirac 1 1 1 1\n\
         /impulse/read 1 1 1 1 0 0 1 b.wav\n",
    );
    assert_eq!(matrix.layout, Layout::MatrixOf { inputs: 1 });
    assert_eq!(matrix.channels, [[0.5, 1.75, 0.25]; 3]);
}

#[test]
fn what_reaches_beyond_the_convolver_is_cut() {
    let desk = Desk::new();
    let matrix = desk.load("/convolver/new 1 1 64 5\n/impulse/read 1 1 1 3 0 0 1 a.wav\n");
    assert_eq!(matrix.channels, [[0.0, 0.0, 0.0, 0.125, 0.25]]);
}

#[test]
fn shapes_are_layouts() {
    let desk = Desk::new();
    let layout = |conf: &str| desk.load(conf).layout;
    let one = "/convolver/new 1 1 64 64\n/impulse/dirac 1 1 1 0\n";
    assert_eq!(layout(one), Layout::Mono);
    let apart = "/convolver/new 2 2 64 64\n/impulse/dirac 1 1 1 0\n/impulse/dirac 2 2 0.5 0\n";
    let stereo = desk.load(apart);
    assert_eq!(
        (stereo.layout, stereo.channels),
        (Layout::Stereo, vec![vec![1.0], vec![0.5]])
    );
    assert_eq!(
        layout(&format!("{apart}/impulse/dirac 1 2 0 0\n")),
        Layout::TrueStereo
    );
    let choose = |choice| load::read(&desk.path("x.conf"), choice);
    assert_eq!(
        choose(LayoutChoice::Matrix).expect("loads").layout,
        Layout::Matrix
    );
    desk.load(apart);
    let four = choose(LayoutChoice::TrueStereo).expect("loads");
    assert_eq!((four.layout, four.channels.len()), (Layout::TrueStereo, 4));
    desk.load(one);
    let fault = choose(LayoutChoice::TrueStereo).expect_err("fails").fault;
    assert!(matches!(fault, Fault::NotTrueStereo { channels: 1 }));
    let fault = choose(LayoutChoice::Mcfx { inputs: 1 }).expect_err("fails");
    assert!(fault.to_string().contains("line 1"), "{fault}");
}

#[test]
fn delays_without_a_file_have_a_stated_rate() {
    let desk = Desk::new();
    let matrix = desk.load("/convolver/new 1 2 64 64\n/impulse/dirac 1 2 1 5\n");
    assert_eq!(matrix.sample_rate, RATE_WITHOUT_FILES);
    assert_eq!(matrix.channels[1], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let matrix = desk.load("/convolver/new 1 1 64 64\n/impulse/read 1 1 1 0 0 0 1 slow.wav\n");
    assert_eq!(matrix.sample_rate, 44_100);
}

#[test]
fn folders_and_names() {
    let desk = Desk::new();
    let first = |name: &str, cd: &str| {
        let text = format!("{cd}/convolver/new 1 1 64 64\n/impulse/read 1 1 1 0 0 0 1 {name}\n");
        desk.load(&text).channels[0][0]
    };
    desk.write("a \"b\" 'c'.wav", &Wav::float(1, &[0.625]).build());
    for name in [
        r#""a \"b\" 'c'.wav""#,
        r#""a \"b\" \'c\'.wav""#,
        r#"a\ \"b\"\ \'c\'.wav"#,
    ] {
        assert_eq!(first(name, ""), 0.625, "{name}");
    }
    desk.write("Größe ü.wav", &Wav::float(1, &[0.375]).build());
    assert_eq!(first("'Größe ü.wav'", ""), 0.375);
    assert_eq!(first("a.wav", "/cd deep\n"), 0.75);
    assert_eq!(first("deep/a.wav", "/cd nowhere\n/cd .\n"), 0.75);
    // Each /cd starts from the .conf's folder, not from the last.
    assert_eq!(first("a.wav", "/cd deep\n/cd deep\n"), 0.75);
    let absolute = desk.path("deep").display().to_string();
    assert_eq!(first("a.wav", &format!("/cd \"{absolute}\"\n")), 0.75);
    assert_eq!(first(&format!("{absolute}/a.wav"), "/cd nowhere\n"), 0.75);
    // As Windows and its editors write it, and an indented line.
    let windows = "\u{feff}/convolver/new 1 1 64 64\r\n\t/impulse/read\t1 1 1 0 0 0 1 b.wav\r\n";
    assert_eq!(desk.load(windows).channels, [[0.5, 0.25]]);
    // Upper case, and found by name wherever an impulse is asked for.
    desk.write("BIG.CONF", windows.as_bytes());
    let source = partita::impulse::library::resolve(desk.path("BIG.CONF")).expect("a file");
    let matrix = source.load(LayoutChoice::Auto).expect("loads");
    assert_eq!((matrix.name.as_str(), matrix.layout), ("BIG", Layout::Mono));
}

#[test]
fn every_error_has_its_line() {
    let desk = Desk::new();
    type Expected = fn(&ConfFault) -> bool;
    let new = "/convolver/new 2 2 256 8\n";
    let with = |line: &str| format!("{new}# next\n{line}\n");
    let cases: Vec<(String, usize, Expected)> = vec![
        (String::new(), 1, |f| matches!(f, ConfFault::NoConvolver)),
        ("\n# only\n\n".into(), 4, |f| {
            matches!(f, ConfFault::NoConvolver)
        }),
        (new.into(), 2, |f| matches!(f, ConfFault::Nothing)),
        ("\n/impulse/dirac 1 1 1 0\n".into(), 2, |f| {
            matches!(f, ConfFault::NoConvolver)
        }),
        (with("/convolver/new 1 1 1 1"), 3, |f| {
            matches!(f, ConfFault::SecondConvolver { first: 1 })
        }),
        ("/convolver/new 0 2 256 8".into(), 1, |f| {
            matches!(f, ConfFault::Size { .. })
        }),
        ("/convolver/new 2 65 256 8".into(), 1, |f| {
            matches!(f, ConfFault::Size { .. })
        }),
        (
            "/convolver/new 4294967295 4294967295 256 8".into(),
            1,
            |f| matches!(f, ConfFault::Size { .. }),
        ),
        ("/convolver/new 2 2 256".into(), 1, |f| {
            matches!(
                f,
                ConfFault::Argument {
                    what: "maximum impulse length",
                    ..
                }
            )
        }),
        ("/convolver/new 2 2 256 8 thick".into(), 1, |f| {
            matches!(
                f,
                ConfFault::Argument {
                    what: "density",
                    ..
                }
            )
        }),
        (with("/impulse/hilbert 1 1 1 99 64"), 3, |f| {
            matches!(f, ConfFault::UnknownCommand { .. })
        }),
        (with("/convolver"), 3, |f| {
            matches!(f, ConfFault::UnknownCommand { .. })
        }),
        (with("impulse"), 3, |f| {
            matches!(f, ConfFault::NotACommand { .. })
        }),
        (with("/impulse/read"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "input", .. })
        }),
        (with("/impulse/read 1 -1 1 0 0 0 1 a.wav"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "output", .. })
        }),
        (with("/impulse/read 1 1 loud 0 0 0 1 a.wav"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "gain", .. })
        }),
        (with("/impulse/read 1 1 NaN 0 0 0 1 a.wav"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "gain", .. })
        }),
        (with("/impulse/read 1 1 1 0.5 0 0 1 a.wav"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "delay", .. })
        }),
        (with("/impulse/read 1 1 1 0 4294967296 0 1 a.wav"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "offset", .. })
        }),
        (with("/impulse/read 1 1 1 0 0 0 1"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "file", .. })
        }),
        (with("/impulse/read 1 1 1 0 0 0 1 'a.wav"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "file", .. })
        }),
        (with("/impulse/read 1 1 1 0 0 0 1 a\"b"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "file", .. })
        }),
        (with("/impulse/read 1 1 1 0 0 0 1 \"\""), 3, |f| {
            matches!(f, ConfFault::Argument { what: "file", .. })
        }),
        (with("/impulse/read 1 1 1 0 0 0 1 a\u{1}b"), 3, |f| {
            matches!(f, ConfFault::Argument { what: "file", .. })
        }),
        (with("/impulse/read 1 1 1 0 0 0 1 a b.wav"), 3, |f| {
            matches!(f, ConfFault::Extra { .. })
        }),
        (with("/impulse/read 0 1 1 0 0 0 1 a.wav"), 3, |f| {
            matches!(
                f,
                ConfFault::Place {
                    what: "input",
                    most: 2,
                    found: 0
                }
            )
        }),
        (with("/impulse/read 1 3 1 0 0 0 1 a.wav"), 3, |f| {
            matches!(
                f,
                ConfFault::Place {
                    what: "output",
                    most: 2,
                    found: 3
                }
            )
        }),
        (with("/impulse/read 1 1 1 8 0 0 1 a.wav"), 3, |f| {
            matches!(
                f,
                ConfFault::Delay {
                    delay: 8,
                    longest: 8
                }
            )
        }),
        (with("/impulse/dirac 1 1 1 4294967295"), 3, |f| {
            matches!(f, ConfFault::Delay { .. })
        }),
        (with("/impulse/read 1 1 1 0 4 0 1 a.wav"), 3, |f| {
            matches!(
                f,
                ConfFault::Offset {
                    frames: 4,
                    offset: 4
                }
            )
        }),
        (with("/impulse/read 1 1 1 0 0 0 0 a.wav"), 3, |f| {
            matches!(f, ConfFault::Channel { most: 2, found: 0 })
        }),
        (with("/impulse/read 1 1 1 0 0 0 3 a.wav"), 3, |f| {
            matches!(f, ConfFault::Channel { most: 2, found: 3 })
        }),
        (
            with("/impulse/read 1 1 1 0 0 0 1 none.wav"),
            3,
            |f| matches!(f, ConfFault::File(e) if matches!(e.fault, Fault::Missing)),
        ),
        (
            with("/impulse/read 1 1 1 0 0 0 1 deep"),
            3,
            |f| matches!(f, ConfFault::File(e) if matches!(e.fault, Fault::Directory)),
        ),
        // Not even itself: only audio is ever opened.
        (with("/impulse/read 1 1 1 0 0 0 1 x.conf"), 3, |f| {
            matches!(f, ConfFault::File(_))
        }),
        (
            with("/impulse/read 1 1 1 0 0 0 1 /dev/zero"),
            3,
            |f| matches!(f, ConfFault::File(e) if matches!(e.fault, Fault::NotAFile | Fault::Missing)),
        ),
        (
            with("/impulse/read 1 1 1 0 0 0 1 a.wav\n/impulse/read 1 1 1 0 0 0 1 slow.wav"),
            4,
            |f| {
                matches!(
                    f,
                    ConfFault::Rate {
                        expected: 48_000,
                        first: 3,
                        found: 44_100
                    }
                )
            },
        ),
        (with("/impulse/copy 1 1 2 2"), 3, |f| {
            matches!(
                f,
                ConfFault::CopyOfNothing {
                    input: 2,
                    output: 2
                }
            )
        }),
        (with("/impulse/copy 1 1 1 1"), 3, |f| {
            matches!(f, ConfFault::CopyOfNothing { .. })
        }),
        (with("/impulse/copy 1 1 5 1"), 3, |f| {
            matches!(f, ConfFault::Place { .. })
        }),
        (
            with("/impulse/dirac 1 1 1 0\n/impulse/copy 1 1 1 1"),
            4,
            |f| matches!(f, ConfFault::Taken { first: 3, .. }),
        ),
        (
            with("/impulse/dirac 1 1 1 0\n/impulse/copy 1 2 1 1\n/impulse/dirac 1 2 1 0"),
            5,
            |f| matches!(f, ConfFault::Taken { first: 4, .. }),
        ),
        (
            with("/impulse/dirac 1 1 1 0\n/impulse/copy 1 2 1 1\n/impulse/copy 1 1 1 2"),
            5,
            |f| matches!(f, ConfFault::Taken { first: 3, .. }),
        ),
        (with("/impulse/dirac 1 1 1e30 0"), 3, |f| {
            matches!(f, ConfFault::TooLoud { .. })
        }),
        (
            with("/impulse/dirac 1 1 9e5 0\n/impulse/dirac 1 1 9e5 0"),
            4,
            |f| matches!(f, ConfFault::TooLoud { .. }),
        ),
        (
            "/convolver/new 64 64 256 4294967295\n/impulse/dirac 1 1 1 4294967294".into(),
            2,
            |f| matches!(f, ConfFault::TooLarge { samples, .. } if *samples > MAX_SAMPLES),
        ),
        (
            // 600 s at 48 kHz are 28.8 million samples.
            "/convolver/new 1 1 256 4294967295\n/impulse/dirac 1 1 1 28800000".into(),
            2,
            |f| matches!(f, ConfFault::TooLong { .. }),
        ),
        (format!("# {}", "x".repeat(4096)), 1, |f| {
            matches!(f, ConfFault::LongLine { found: 4098 })
        }),
        ("#\n".repeat(600_000), 524_289, |f| {
            matches!(f, ConfFault::LongFile)
        }),
    ];
    for (text, line, expected) in cases {
        let (found, fault) = desk.fault(&text);
        let start: String = text.chars().take(200).collect();
        assert_eq!(found, line, "{start}: {fault}");
        assert!(expected(&fault), "{start}: {fault:?}");
    }
    let (line, fault) = desk.fault(b"# fine\n/cd \xFF\n");
    assert!(matches!((line, fault), (2, ConfFault::NotText)));
}

#[test]
fn a_folder_or_nothing_at_all_is_told_as_such() {
    let desk = Desk::new();
    fs::create_dir(desk.path("y.conf")).expect("made");
    let fault = load::read(&desk.path("y.conf"), LayoutChoice::Auto)
        .expect_err("fails")
        .fault;
    assert!(matches!(fault, Fault::Directory));
    let fault = load::read(&desk.path("z.conf"), LayoutChoice::Auto)
        .expect_err("fails")
        .fault;
    assert!(matches!(fault, Fault::Missing));
}

/// One file of a million samples, added a thousand times: the text may not make hours of work.
#[test]
fn a_short_text_cannot_ask_for_endless_work() {
    let desk = Desk::new();
    desk.write("long.wav", &Wav::new(1, 1, 8, vec![0x80; 1 << 20]).build());
    let mut text = String::from("/convolver/new 1 1 256 2000000\n");
    for _ in 0..200 {
        text.push_str("/impulse/read 1 1 1 0 0 0 1 long.wav\n");
    }
    let (line, fault) = desk.fault(&text);
    assert!(matches!(fault, ConfFault::TooLarge { .. }));
    // 128 times 2²⁰ samples are the 2²⁷ allowed; the first line is /convolver/new.
    assert_eq!(line, 130);
}

const SEED: &str = "# comment\n/cd deep\n/cd .\n/convolver/new 2 2 256 64 1.0\n/input/name 1 in\n\
    /impulse/read 1 1 0.5 3 1 2 1 \"a.wav\"\n/impulse/read 2 2 1 0 0 0 2 a.wav\n/impulse/dirac 1 2 -1 7\n\
    /impulse/copy 2 1 1 2\n/impulse/read 1 1 1 0 0 0 1 'b.wav'\n";

/// Bytes from what the grammar is made of, so that the mutations get past the first check.
const PIECES: &[&str] = &[
    "/impulse/read ",
    "/impulse/copy ",
    "/impulse/dirac ",
    "/convolver/new ",
    "/cd ",
    "\n",
    " ",
    "0",
    "1",
    "2",
    "64",
    "4294967295",
    "99999999999999999999",
    "-1",
    "1e38",
    "NaN",
    "\"",
    "'",
    "\\",
    "#",
    "a.wav",
    "x.conf",
    "/",
    "..",
    "\u{0}",
    "\r",
    "\t",
    "ü",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_text_panics_and_what_loads_is_sound(seed: u64, changes in 1_usize..12) {
        thread_local!(static DESK: Desk = Desk::new());
        let mut random = Random(seed);
        let mut text = SEED.as_bytes().to_vec();
        for _ in 0..changes {
            let at = random.below(text.len() + 1);
            let until = at + random.below(9).min(text.len() - at);
            let piece: Vec<u8> = match random.below(8) {
                0 => vec![random.next() as u8],
                1 => Vec::new(),
                2 => text[..random.below(text.len() + 1)].to_vec(),
                _ => PIECES[random.below(PIECES.len())].as_bytes().to_vec(),
            };
            text.splice(at..until, piece);
        }
        DESK.with(|desk| {
            desk.write("x.conf", &text);
            match load::read(&desk.path("x.conf"), LayoutChoice::Auto) {
                Ok(matrix) => {
                    let frames = matrix.frames();
                    assert!(frames > 0 && frames as u64 * matrix.channels.len() as u64 <= MAX_SAMPLES);
                    assert!(matrix.channels.iter().all(|channel| channel.len() == frames));
                    assert!(matrix.channels.iter().flatten().all(|x| x.is_finite()));
                }
                Err(error) => {
                    let told = error.to_string();
                    assert!(!told.contains('\n') && told.contains("x.conf: line "), "{told}");
                }
            }
        });
    }
}

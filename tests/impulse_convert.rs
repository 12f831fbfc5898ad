//! `partita impulse convert`: the same samples in every form, there and back to the bit; all files of a set or none.

#[path = "common/wav.rs"]
mod wav;
#[path = "common/wavio.rs"]
mod wavio;

use partita::impulse::convert::{self, ConvertError, Form};
use partita::impulse::ixml::{Ixml, RecordingMethod, Track};
use partita::impulse::load::{self, LayoutChoice, LayoutReason};
use partita::impulse::save::{Existing, Format, Options};
use partita::impulse::{ImpulseResponse, Layout, resample};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;
use wav::{impulse, room};
use wavio::names;

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        names(self.0.path())
    }

    fn write(&self, name: &str, impulse: &ImpulseResponse, form: Form) -> convert::Converted {
        convert::write(
            &self.path(name),
            &[],
            impulse,
            None,
            form,
            Options::default(),
        )
        .expect("converted")
    }

    fn read(&self, name: &str, choice: LayoutChoice) -> ImpulseResponse {
        load::read(&self.path(name), choice).expect("loads")
    }

    /// `partita impulse convert`, in the folder.
    fn convert(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
        command.current_dir(self.0.path());
        command.args(["impulse", "convert"]).args(args);
        command.output().expect("the program starts")
    }

    fn converts(&self, args: &[&str]) -> String {
        let output = self.convert(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// Fails with that code and one line, and changes nothing.
    fn fails(&self, args: &[&str], code: i32, part: &str) {
        let before = self.names();
        let output = self.convert(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
        assert_eq!(self.names(), before, "{args:?}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Noise with the values that are easily lost: −0, a subnormal, beyond full scale.
fn made(layout: Layout, channels: u64) -> ImpulseResponse {
    let channel = |seed| {
        let mut samples = room(48_000, 0.01, 0.1, seed);
        samples[..4].copy_from_slice(&[-0.0, 1e-40, -3.5, 0.0]);
        samples
    };
    impulse(48_000, layout, (0..channels).map(channel).collect())
}

fn bits(impulse: &ImpulseResponse) -> Vec<Vec<u32>> {
    let bits = |channel: &Vec<f32>| channel.iter().map(|x| x.to_bits()).collect();
    impulse.channels.iter().map(bits).collect()
}

fn same(got: &ImpulseResponse, wanted: &ImpulseResponse) {
    assert_eq!(got.layout, wanted.layout);
    assert_eq!(got.sample_rate, wanted.sample_rate);
    assert!(bits(got) == bits(wanted), "samples differ");
}

#[test]
fn every_layout_survives_a_conf() {
    let of = |inputs| Layout::MatrixOf { inputs };
    for (layout, channels) in [
        (Layout::Mono, 1),
        (Layout::Stereo, 2),
        (Layout::TrueStereo, 4),
        (of(1), 2),
        (of(2), 6),
        (of(4), 4),
        (of(7), 63),
        (of(64), 64),
        // More than one file can hold.
        (of(9), 81),
    ] {
        let desk = Desk::new();
        let impulse = made(layout, channels);
        let written = desk.write("hall 'x'.conf", &impulse, Form::Jconvolver);
        assert_eq!(written.conf, Some(desk.path("hall 'x'.conf")));
        assert_eq!(written.wavs.len(), if channels > 64 { 9 } else { 1 });
        same(&desk.read("hall 'x'.conf", LayoutChoice::Auto), &impulse);
    }
}

#[test]
fn every_matrix_survives_packing() {
    let of = |inputs| Layout::MatrixOf { inputs };
    for (layout, channels, inputs) in [
        (Layout::Mono, 1, 1),
        (Layout::TrueStereo, 4, 2),
        (of(1), 5, 1),
        (of(5), 5, 5),
        (of(3), 12, 3),
        (of(64), 128, 64),
    ] {
        let desk = Desk::new();
        let impulse = made(layout, channels);
        let written = desk.write("p.wav", &impulse, Form::Mcfx);
        let outputs = channels as usize / usize::from(inputs);
        assert_eq!(written.wavs[0].channels, outputs);
        assert_eq!(
            written.wavs[0].frames,
            impulse.frames() * usize::from(inputs)
        );
        same(&desk.read("p.wav", LayoutChoice::Mcfx { inputs }), &impulse);
    }
    // One channel per output, the inputs one after another.
    let desk = Desk::new();
    let numbered = |n: usize| vec![n as f32, 0.0];
    let matrix = impulse(48_000, of(2), (0..6).map(numbered).collect());
    desk.write("p.wav", &matrix, Form::Mcfx);
    let raw = desk.read("p.wav", LayoutChoice::Matrix).channels;
    assert_eq!(
        raw,
        [
            [0.0, 0.0, 3.0, 0.0],
            [1.0, 0.0, 4.0, 0.0],
            [2.0, 0.0, 5.0, 0.0]
        ]
    );
    let odd = load::read(&desk.path("p.wav"), LayoutChoice::Mcfx { inputs: 3 });
    let told = odd
        .expect_err("4 frames are not 3 times anything")
        .to_string();
    assert!(
        told.contains("4 frames") && told.contains("3 inputs"),
        "{told}"
    );
}

#[test]
fn true_stereo_goes_round_through_every_form() {
    let desk = Desk::new();
    let four = made(Layout::TrueStereo, 4);
    desk.write("four.wav", &four, Form::File);
    let round: &[(&[&str], &[&str])] = &[
        (
            &["four.wav", "--to", "pair", "-o", "a.wav"],
            &["a_L.wav", "a_R.wav"],
        ),
        (
            &["a_L.wav", "a_R.wav", "--to", "mono-set", "-o", "b.wav"],
            &["b-LL.wav", "b-LR.wav", "b-RL.wav", "b-RR.wav"],
        ),
        (
            &[
                "b-LL.wav", "b-LR.wav", "b-RL.wav", "b-RR.wav", "-o", "c.conf",
            ],
            &["c.conf", "c.wav"],
        ),
        (&["c.conf", "--to", "mcfx", "-o", "d.wav"], &["d.wav"]),
        (
            &[
                "d.wav",
                "--layout",
                "mcfx:2",
                "--to",
                "true-stereo",
                "-o",
                "e.wav",
            ],
            &["e.wav"],
        ),
        // The pair is found by one of its names, and in either order.
        (&["a_R.wav", "-o", "f.wav"], &["f.wav"]),
        (&["a_R.wav", "a_L.wav", "-o", "g.wav"], &["g.wav"]),
    ];
    for (args, made) in round {
        let before = desk.names();
        let said = desk.converts(args);
        let new = desk
            .names()
            .into_iter()
            .filter(|name| !before.contains(name));
        assert_eq!(new.collect::<Vec<_>>(), *made, "{args:?}");
        for name in *made {
            assert!(said.contains(name), "{said}");
        }
    }
    for name in ["a_L.wav", "c.conf", "e.wav", "f.wav", "g.wav"] {
        same(&desk.read(name, LayoutChoice::Auto), &four);
    }
    same(&desk.read("d.wav", LayoutChoice::Mcfx { inputs: 2 }), &four);
    let source = load::open(&desk.path("e.wav"), LayoutChoice::Auto).expect("loads");
    assert!(matches!(
        source.layout.reason,
        LayoutReason::Ixml(RecordingMethod::TrueStereo)
    ));
}

#[test]
fn mono_sets_of_every_size() {
    let of = |inputs| Layout::MatrixOf { inputs };
    for (layout, channels, last) in [
        (Layout::Mono, 1, "x.wav"),
        (Layout::Stereo, 2, "x-R.wav"),
        (Layout::Matrix, 12, "x-12.wav"),
        (of(3), 36, "x-in3-out12.wav"),
    ] {
        let desk = Desk::new();
        let impulse = made(layout, channels);
        let written = desk.write("x.wav", &impulse, Form::MonoSet);
        assert!(desk.path(last).is_file(), "{last}");
        // By name they are in the channels' order.
        let mut paths: Vec<_> = written.wavs.iter().map(|wav| wav.path.clone()).collect();
        let in_order = paths.clone();
        paths.sort();
        if channels > 2 {
            assert_eq!(paths, in_order);
        }
        let files = in_order
            .iter()
            .map(|path| load::read(path, LayoutChoice::Matrix).expect("loads"));
        let mut together = convert::gather(files.collect()).expect("a set");
        if let Layout::MatrixOf { inputs } = layout {
            together = convert::with_inputs(together, inputs).expect("divides");
        } else if channels == 1 {
            together.layout = Layout::Mono;
        }
        same(&together, &impulse);
    }
}

#[test]
fn what_plays_the_same_may_change_its_form() {
    let desk = Desk::new();
    let stereo = made(Layout::Stereo, 2);
    desk.write("wide.wav", &stereo, Form::TrueStereo);
    let wide = desk.read("wide.wav", LayoutChoice::Auto);
    assert_eq!(wide.layout, Layout::TrueStereo);
    assert!(
        wide.channels[1]
            .iter()
            .chain(&wide.channels[2])
            .all(|x| *x == 0.0)
    );
    desk.write("back.wav", &wide, Form::Stereo);
    same(&desk.read("back.wav", LayoutChoice::Auto), &stereo);
    let mono = made(Layout::Mono, 1);
    desk.write("both.wav", &mono, Form::Stereo);
    let both = desk.read("both.wav", LayoutChoice::Auto);
    assert!(both.channels[0] == mono.channels[0] && both.channels[1] == mono.channels[0]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let desk = Desk::new();
    let try_form = |impulse: &ImpulseResponse, name: &str, form| {
        let failed = convert::write(
            &desk.path(name),
            &[],
            impulse,
            None,
            form,
            Options::default(),
        );
        let error = failed.expect_err("refused");
        let told = error.to_string();
        assert!(told.contains("expected") && !told.contains('\n'), "{told}");
        assert_eq!(desk.names(), [""; 0]);
        error
    };
    let four = made(Layout::TrueStereo, 4);
    let matrix = made(Layout::Matrix, 6);
    let of_three = made(Layout::MatrixOf { inputs: 3 }, 6);
    assert!(matches!(
        try_form(&four, "x.wav", Form::Stereo),
        ConvertError::Unfit { .. }
    ));
    assert!(matches!(
        try_form(&of_three, "x.wav", Form::Pair),
        ConvertError::Unfit { .. }
    ));
    assert!(matches!(
        try_form(&matrix, "x.wav", Form::Mcfx),
        ConvertError::UnknownInputs { channels: 6 }
    ));
    assert!(matches!(
        try_form(&matrix, "x.conf", Form::Jconvolver),
        ConvertError::UnknownInputs { .. }
    ));
    assert!(matches!(
        try_form(&four, "x.wav", Form::Jconvolver),
        ConvertError::Name { extension: "conf" }
    ));
    assert!(matches!(
        try_form(&four, "x.flac", Form::File),
        ConvertError::Name { extension: "wav" }
    ));
    assert!(matches!(
        try_form(
            &made(Layout::MatrixOf { inputs: 9 }, 81),
            "x.wav",
            Form::File
        ),
        ConvertError::Save(_)
    ));
    for bad in [0, 4, 65] {
        let failed = convert::with_inputs(matrix.clone(), bad).expect_err("refused");
        assert!(matches!(failed, ConvertError::Inputs { channels: 6, .. }));
    }
    let gather = |files: &[&ImpulseResponse]| {
        convert::gather(files.iter().map(|it| (*it).clone()).collect())
    };
    let mono = made(Layout::Mono, 1);
    let slow = ImpulseResponse {
        sample_rate: 44_100,
        ..mono.clone()
    };
    assert!(matches!(gather(&[]), Err(ConvertError::Set { .. })));
    assert!(matches!(
        gather(&[&mono, &four]),
        Err(ConvertError::Set { .. })
    ));
    assert!(matches!(
        gather(&[&mono, &slow]),
        Err(ConvertError::Rates {
            first: 48_000,
            other: 44_100
        })
    ));
}

#[test]
fn ixml_is_kept_where_it_is_true() {
    let desk = Desk::new();
    let track = |name: &str| Track {
        name: name.to_owned(),
        function: String::new(),
    };
    let ixml = Ixml {
        recording_method: Some(RecordingMethod::TrueStereo),
        tracks: ["LL", "LR", "RL", "RR"].map(track).into(),
        other: vec!["<PROJECT>Hagia Sophia</PROJECT>".to_owned()],
    };
    let four = made(Layout::TrueStereo, 4);
    convert::write(
        &desk.path("in.wav"),
        &[],
        &four,
        Some(&ixml),
        Form::File,
        Options::default(),
    )
    .expect("converted");
    let ixml_of = |name: &str| {
        let loaded = load::open(&desk.path(name), LayoutChoice::Matrix).expect("loads");
        loaded.ixml.expect("iXML")
    };
    assert_eq!(ixml_of("in.wav"), ixml);
    desk.converts(&["in.wav", "-o", "c.conf"]);
    desk.converts(&["c.conf", "-o", "again.wav"]);
    assert_eq!(ixml_of("again.wav"), ixml);
    desk.converts(&["in.wav", "--to", "pair", "-o", "p.wav"]);
    assert_eq!(ixml_of("p_R.wav").other, ixml.other);
    assert_eq!(ixml_of("p_R.wav").tracks, []);
    // Four channels that are no longer true stereo do not say that they are.
    desk.converts(&["in.wav", "--layout", "matrix", "-o", "m.wav"]);
    assert_eq!(ixml_of("m.wav").recording_method, None);
    assert_eq!(ixml_of("m.wav").other, ixml.other);
}

#[test]
fn rate_and_format() {
    let desk = Desk::new();
    let mut stereo = made(Layout::Stereo, 2);
    for channel in &mut stereo.channels {
        channel[2] = 0.5;
    }
    desk.write("in.wav", &stereo, Form::File);
    desk.converts(&["in.wav", "--rate", "44100", "-o", "r.wav"]);
    let wanted = resample::resample(&stereo, 44_100).expect("resampled");
    same(&desk.read("r.wav", LayoutChoice::Auto), &wanted);
    for (format, bits) in [("i24", 24), ("i16", 16)] {
        let name = format!("{format}.wav");
        desk.converts(&["in.wav", "--format", format, "-o", &name]);
        let (spec, _) = wavio::read(&desk.path(&name));
        assert_eq!(spec.bits_per_sample, bits);
        let read = desk.read(&name, LayoutChoice::Auto);
        for (a, b) in read
            .channels
            .iter()
            .flatten()
            .zip(stereo.channels.iter().flatten())
        {
            // TPDF and rounding: one and a half steps.
            assert!(f64::from(a - b).abs() <= 1.5 * 2_f64.powi(1 - i32::from(bits)));
        }
    }
}

#[test]
fn the_command_line() {
    let desk = Desk::new();
    desk.write("in.wav", &made(Layout::Matrix, 6), Form::File);
    let out = desk.converts(&["in.wav", "--inputs", "2", "-o", "m.conf", "--json"]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(json["layout"], "matrix:2");
    assert_eq!(
        (&json["conf"], &json["channels"]),
        (&"m.conf".into(), &6.into())
    );
    assert_eq!(json["wavs"][0]["path"], "m.wav");
    assert_eq!(json["wavs"][0]["frames"], 480);
    assert_eq!(
        desk.read("m.conf", LayoutChoice::Auto).layout,
        Layout::MatrixOf { inputs: 2 }
    );

    desk.fails(
        &["in.wav", "-o", "m.conf", "--inputs", "2"],
        5,
        "exists already",
    );
    desk.fails(&["in.wav", "-o", "new.conf"], 4, "--inputs");
    desk.fails(
        &["in.wav", "-o", "new.conf", "--inputs", "4"],
        4,
        "divides the 6 channels",
    );
    desk.fails(
        &["in.wav", "-o", "in.conf", "--inputs", "2", "--force"],
        5,
        "the input itself",
    );
    desk.fails(
        &["in.wav", "-o", "new.wav", "--format", "i16"],
        5,
        "gain first",
    );
    desk.fails(&["in.wav", "-o", "new.mp3"], 2, "ends in .wav");
    desk.fails(&["none.wav", "-o", "new.wav"], 4, "no such file");
    desk.fails(&["in.wav", "-o", "nowhere/new.wav"], 5, "no folder");
    desk.fails(&["in.wav", "in.wav", "-o", "new.wav"], 4, "6, 6 channels");
    desk.fails(
        &["in.wav", "--layout", "mcfx:7", "-o", "new.wav"],
        4,
        "480 frames",
    );
    assert_eq!(
        desk.convert(&["in.wav", "--layout", "mcfx:0", "-o", "x.wav"])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        desk.convert(&["in.wav", "--rate", "1", "-o", "x.wav"])
            .status
            .code(),
        Some(2)
    );
    desk.converts(&["in.wav", "-o", "m.conf", "--inputs", "3", "--force"]);
    assert_eq!(
        desk.read("m.conf", LayoutChoice::Auto).layout,
        Layout::MatrixOf { inputs: 3 }
    );
    assert_eq!(desk.names(), ["in.wav", "m.conf", "m.wav"]);
}

#[test]
fn one_file_of_a_set_that_is_there_keeps_all_from_being_written() {
    let desk = Desk::new();
    desk.write("in.wav", &made(Layout::TrueStereo, 4), Form::File);
    fs::write(desk.path("p_R.wav"), "precious").expect("written");
    desk.fails(
        &[
            "in.wav",
            "--to",
            "pair",
            "-o",
            "p.wav",
            "--layout",
            "true-stereo",
        ],
        5,
        "p_R.wav: exists already",
    );
    assert_eq!(fs::read(desk.path("p_R.wav")).expect("read"), b"precious");
    fs::write(desk.path("c.conf"), "precious").expect("written");
    desk.fails(
        &["in.wav", "-o", "c.conf", "--layout", "true-stereo"],
        5,
        "c.conf: exists already",
    );
    assert_eq!(desk.names(), ["c.conf", "in.wav", "p_R.wav"]);
}

/// The WAV is larger than files may be.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing() {
    let desk = Desk::new();
    desk.write("in.wav", &made(Layout::TrueStereo, 4), Form::File);
    let before: Vec<Vec<u8>> = vec![fs::read(desk.path("in.wav")).expect("read")];
    // dash and bash count in blocks of 512 or 1024 bytes: either way less than the 7.7 kB of four channels.
    let script = "ulimit -f 5; trap '' XFSZ; exec \"$0\" impulse convert in.wav --layout true-stereo -o out.conf";
    let run = |args: &str| {
        let mut command = Command::new("sh");
        command.current_dir(desk.0.path());
        command.args(["-c", args, env!("CARGO_BIN_EXE_partita")]);
        command.output().expect("a shell")
    };
    let output = run(script);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("cannot be written"), "{said}");
    assert_eq!(desk.names(), ["in.wav"]);
    assert_eq!(fs::read(desk.path("in.wav")).expect("read"), before[0]);
}

#[test]
fn a_replaced_set_is_replaced_whole() {
    let desk = Desk::new();
    let first = made(Layout::TrueStereo, 4);
    desk.write("x.conf", &first, Form::Jconvolver);
    let second = made(Layout::Stereo, 2);
    let replace = Options {
        existing: Existing::Replace,
        format: Format::F32,
        ..Options::default()
    };
    convert::write(
        &desk.path("x.conf"),
        &[],
        &second,
        None,
        Form::Jconvolver,
        replace,
    )
    .expect("replaced");
    same(&desk.read("x.conf", LayoutChoice::Auto), &second);
    assert_eq!(desk.names(), ["x.conf", "x.wav"]);
}

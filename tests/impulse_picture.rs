//! The picture shows the sound it is drawn from, where its axes say.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::analyze::analyze;
use partita::impulse::{ImpulseResponse, Layout};
use partita::picture::{Frame, HEIGHT, Picture, WIDTH, draw};
use std::process::Command;
use tempfile::TempDir;
use wav::{Wav, impulse, mono, room};

const RATE: u32 = 48_000;

fn picture(impulse: &ImpulseResponse) -> Picture {
    draw(impulse, &analyze(impulse)).unwrap()
}

fn pixel(picture: &Picture, x: u32, y: u32) -> [i32; 3] {
    let at = 3 * (y * picture.width + x) as usize;
    [0, 1, 2].map(|colour| i32::from(picture.rgb[at + colour]))
}

/// Row of the first pixel from the top that has ink of any colour, at a share of a frame's width.
fn ink(picture: &Picture, frame: Frame, share: f64) -> Option<f64> {
    let x = frame.left + (share * f64::from(frame.right - frame.left)) as u32;
    let dark = |y: &u32| pixel(picture, x, *y).iter().any(|&part| part < 110);
    let y = (frame.top..frame.bottom).find(dark)?;
    Some(f64::from(y - frame.top) / f64::from(frame.bottom - frame.top))
}

fn exponential(seconds: f64, decay: f64) -> ImpulseResponse {
    let frames = (seconds * f64::from(RATE)) as usize;
    let fall = |n: usize| 10_f64.powf(-3.0 * n as f64 / f64::from(RATE) / decay);
    let sign = |n: usize| if n.is_multiple_of(2) { 0.5 } else { -0.5 };
    mono(
        RATE,
        (0..frames).map(|n| (sign(n) * fall(n)) as f32).collect(),
    )
}

#[test]
fn the_decay_curve_is_where_it_should_be() {
    // 60 dB in 2 s over an axis of 2 s and of 83 dB: at half the time 30 dB down, (30 + 3) ÷ 83 of the height.
    for decay in [1.0, 2.0, 3.0] {
        let drawn = picture(&exponential(2.0, decay));
        let expected = (60.0 * 0.5 * 2.0 / decay + 3.0) / 83.0;
        let found = ink(&drawn, drawn.frames.decay, 0.5).map(|row| row - expected);
        println!("{decay} s: {found:?} from {expected}");
        // The line and the red fit upon it are 2.5 pixels wide in 260.
        assert!(
            found.is_some_and(|apart| apart.abs() < 0.02),
            "{decay}: {found:?}"
        );
    }
}

#[test]
fn the_spectrogram_is_bright_where_the_sound_is() {
    let ring: Vec<f32> = (0..96_000)
        .map(|n| {
            let t = f64::from(n) / 48_000.0;
            let hz: f64 = if t < 1.0 { 250.0 } else { 4000.0 };
            (0.5 * (2.0 * std::f64::consts::PI * hz * t).sin()) as f32
        })
        .collect();
    let drawn = picture(&mono(RATE, ring));
    let frame = drawn.frames.spectrogram;
    // 20 kHz at the top, a 700th of it at the bottom.
    let row = |hz: f64| {
        let share = (hz * 700.0 / 20_000.0_f64).ln() / 700_f64.ln();
        frame.bottom - (share * f64::from(frame.bottom - frame.top)) as u32
    };
    let column =
        |seconds: f64| frame.left + (seconds / 2.0 * f64::from(frame.right - frame.left)) as u32;
    // A note is as narrow as a row or two.
    let bright = |seconds: f64, hz: f64| {
        let rows = row(hz) - 2..=row(hz) + 2;
        let sums = rows.map(|y| pixel(&drawn, column(seconds), y).iter().sum::<i32>());
        sums.max().unwrap()
    };
    for (seconds, on, off) in [(0.5, 250.0, 4000.0), (1.5, 4000.0, 250.0)] {
        assert!(bright(seconds, on) > 500, "{}", bright(seconds, on));
        assert!(bright(seconds, off) < 200, "{}", bright(seconds, off));
    }
}

#[test]
fn the_waveform_is_drawn_per_channel() {
    let loud = room(RATE, 1.0, 5.0, 1);
    let silent = vec![0.0; loud.len()];
    let coloured = |drawn: &Picture, upper: bool| {
        let frame = drawn.frames.waveform;
        let middle = (frame.top + frame.bottom) / 2;
        let rows = if upper {
            frame.top..middle
        } else {
            middle..frame.bottom
        };
        let pixels = rows.flat_map(|y| (frame.left + 4..frame.right).map(move |x| (x, y)));
        let spread = |[r, g, b]: [i32; 3]| r.max(g).max(b) - r.min(g).min(b);
        pixels
            .filter(|&(x, y)| spread(pixel(drawn, x, y)) > 60)
            .count()
    };
    let left = picture(&impulse(
        RATE,
        Layout::Stereo,
        vec![loud.clone(), silent.clone()],
    ));
    let right = picture(&impulse(RATE, Layout::Stereo, vec![silent, loud]));
    assert!(coloured(&left, true) > 20_000 && coloured(&left, false) < 500);
    assert!(coloured(&right, false) > 20_000 && coloured(&right, true) < 500);
}

#[test]
fn every_impulse_can_be_drawn() {
    for channels in [
        vec![],
        vec![vec![]],
        vec![vec![1.0]],
        vec![vec![0.0; 50]; 2],
        vec![vec![1e6, -1e6]; 64],
    ] {
        for rate in [1, 8000, 192_000, u32::MAX] {
            let drawn = picture(&impulse(rate, Layout::Matrix, channels.clone()));
            assert_eq!((drawn.width, drawn.height), (WIDTH, HEIGHT));
            assert_eq!(drawn.rgb.len(), (3 * WIDTH * HEIGHT) as usize);
        }
    }
    let mut named = exponential(0.1, 0.1);
    named.name = "Größe\n🎻 зал".repeat(40);
    assert_ne!(picture(&named).rgb, picture(&exponential(0.1, 0.1)).rgb);
}

#[test]
fn the_file_is_a_png_and_replaces_nothing_unasked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("it.png");
    std::fs::write(
        folder.path().join("ir.wav"),
        Wav::float(1, &room(RATE, 0.4, 0.2, 1)).build(),
    )
    .unwrap();
    let show = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
        command
            .current_dir(folder.path())
            .args(["impulse", "show"])
            .args(args);
        command.output().unwrap()
    };
    let done = show(&["ir.wav", "--picture", "it.png"]);
    assert!(done.status.success(), "{done:?}");
    let bytes = std::fs::read(&path).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes))
        .read_info()
        .unwrap();
    assert_eq!((reader.info().width, reader.info().height), (WIDTH, HEIGHT));
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let drawn = picture(&{
        let mut same = mono(RATE, room(RATE, 0.4, 0.2, 1));
        same.name = "ir".to_owned();
        same
    });
    assert!(pixels == drawn.rgb);
    for (args, text) in [
        (&["hall", "--picture", "it.png"][..], "--force"),
        (
            &["ir.wav", "--picture", "ir.wav", "-f"],
            "is the input itself",
        ),
        (&["ir.wav", "--picture", "no/it.png"], "there is no folder"),
    ] {
        let failed = show(args);
        let said = String::from_utf8_lossy(&failed.stderr).into_owned();
        assert_eq!(failed.status.code(), Some(5), "{said}");
        assert!(
            said.contains(text) && said.lines().count() == 1 && failed.stdout.is_empty(),
            "{said}"
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert!(
        show(&["hall", "--picture", "it.png", "-f"])
            .status
            .success()
    );
    assert_ne!(std::fs::read(&path).unwrap(), bytes);
}

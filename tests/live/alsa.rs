//! ALSA whose microphone and speaker are files.

use crate::studio::{BOUND_DB, BUSY, LEAD, Live, Studio, library, null_db, song, text};
use crate::wavio;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn alsa_nulls_against_what_is_rendered() {
    let studio = Studio::new();
    studio.sing(&[song(1, LEAD, 48_000), song(2, LEAD, 48_000)]);
    let rendered = studio.render(&[&["-i", "room"], BUSY].concat());
    let seconds = (rendered[0].len() as f64 / 48_000.0 + 0.1).to_string();
    for period in ["64", "100", "1024"] {
        let args = [
            "live",
            "-i",
            "room",
            "--period",
            period,
            "--duration",
            &seconds,
            "-q",
        ];
        let output = studio.run(&[&args, BUSY].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        // Two periods of silence are in the buffer at the beginning, and nothing else is added.
        let heard = studio.heard(2 * period.parse::<usize>().expect("a number"));
        let residue = null_db(&heard, &rendered);
        println!("ALSA, period {period}: {residue:.1} dB");
        assert!(residue < BOUND_DB, "period {period}: {residue:.1} dB");
    }
}

#[test]
fn alsa_bypassed_is_the_input_to_the_bit_in_the_channels_asked_for() {
    let studio = Studio::new();
    let sung = [song(3, LEAD, 9_600), song(4, LEAD, 9_600)];
    studio.sing(&sung);
    // Of the input in, of the output out, and which input each output has.
    let cases: [(&str, &str, [Option<usize>; 2]); 4] = [
        ("1,2", "1,2", [Some(0), Some(1)]),
        ("2,1", "1,2", [Some(1), Some(0)]),
        ("2", "1,2", [Some(1), Some(1)]),
        ("1", "2", [None, Some(0)]),
    ];
    for (inputs, outputs, expected) in cases {
        let output = studio.run(&[
            "live",
            "-q",
            "--set",
            "bypass=on",
            "--duration",
            "0.4",
            "--input-channels",
            inputs,
            "--output-channels",
            outputs,
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let heard = studio.heard(128);
        for (channel, from) in heard.iter().zip(expected) {
            let silence = vec![0.0; sung[0].len()];
            let wanted = from.map_or(&silence, |from| &sung[from]);
            let same = channel[..wanted.len()] == wanted[..];
            assert!(same, "{inputs} to {outputs}: not the same to the bit");
        }
    }
}

#[test]
fn peaks_stay_below_the_ceiling_and_a_howl_is_turned_down() {
    let studio = Studio::new();
    // A loop that is 40 dB a second too loud, from −60 dBFS up to what a microphone can give.
    let grown = |at: usize| 0.001 * 10f64.powf(at as f64 / 24_000.0);
    let turn = 2.0 * std::f64::consts::PI * 1_000.0 / 48_000.0;
    let howl = |at: usize| grown(at).min(0.99) * (turn * at as f64).sin();
    let howl: Vec<f64> = (0..4 * 48_000).map(howl).collect();
    studio.sing(&[howl.clone(), howl]);
    let play = |more: &[&str]| {
        let args = [
            "live",
            "--json",
            "--set",
            "mix=0",
            "--set",
            "output_gain=12",
            "--duration",
            "3",
        ];
        let mut command = studio.command(&[&args, more].concat());
        command.env("LD_PRELOAD", library("card"));
        let mut session = Live::start(command);
        session.wait_for("ended");
        let howls = session
            .seen
            .iter()
            .filter(|event| event["event"] == "howl")
            .count();
        assert_eq!(session.end().0, Some(0));
        let heard = studio.heard(128);
        let peak = heard[0]
            .iter()
            .fold(0.0f64, |peak, sample| peak.max(sample.abs()));
        (howls, 20.0 * peak.log10())
    };
    let (howls, peak) = play(&[]);
    println!("guarded: {howls} howls, peak {peak:.2} dBFS");
    // The ceiling is an f32.
    assert!(
        howls > 0 && peak <= -1.0 + 1e-5,
        "{howls} howls, peak {peak} dBFS"
    );
    let (howls, peak) = play(&["--no-howl-guard"]);
    println!("limited: {howls} howls, peak {peak:.2} dBFS");
    assert!(
        howls == 0 && (-1.5..=-1.0 + 1e-5).contains(&peak),
        "{howls} howls, peak {peak} dBFS"
    );
    let (howls, peak) = play(&["--no-limiter", "--no-howl-guard"]);
    println!("unguarded: {howls} howls, peak {peak:.2} dBFS");
    assert!(howls == 0 && peak > 10.0, "{howls} howls, peak {peak} dBFS");
}

/// Where `part` begins in `whole`.
fn place(part: &[f64], whole: &[f64]) -> usize {
    let found = whole.windows(part.len()).position(|window| window == part);
    found.expect("a part of it, to the bit")
}

#[test]
fn what_comes_in_and_what_goes_out_are_recorded_to_the_bit() {
    let studio = Studio::new();
    let sung = [song(16, 0, 96_000), song(17, 0, 96_000)];
    studio.sing(&sung);
    let mut command = studio.command(&[
        "live",
        "-q",
        "-i",
        "plate",
        "--duration",
        "1",
        "--record",
        "wet.wav",
        "--record-dry",
        "dry.wav",
    ]);
    let output = command.env("LD_PRELOAD", library("card")).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for (name, whole) in [("dry.wav", sung.to_vec()), ("wet.wav", studio.heard(128))] {
        let (spec, taken) = wavio::read(&studio.path(name));
        assert_eq!((spec.sample_rate, spec.channels), (48_000, 2), "{name}");
        // It begins when the device is open, and ends with it.
        assert!(taken[0].len() > 24_000, "{name}: {} frames", taken[0].len());
        let from = place(&taken[0][..256], &whole[0]);
        for (taken, whole) in taken.iter().zip(&whole) {
            let same = taken[..] == whole[from..from + taken.len()];
            assert!(same, "{name}: not what was {name}, from {from} on");
        }
    }
    let output = studio.run(&["live", "--duration", "0.1", "--record", "wet.wav"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(
        text(&output.stderr).contains("wet.wav exists already"),
        "{}",
        text(&output.stderr)
    );
    let output = studio.run(&[
        "live",
        "-q",
        "--duration",
        "0.1",
        "--record",
        "wet.wav",
        "--force",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn without_the_dry_only_the_wet_is_heard() {
    let studio = Studio::new();
    studio.sing(&[song(5, LEAD, 24_000), song(6, LEAD, 24_000)]);
    // A mix of 30 % with no dry is the wet alone at 30 %.
    let wet_gain = (20.0 * 0.3f64.log10()).to_string();
    let rendered = studio.render(&["-i", "spring", "--mix", "100", "--wet-gain", &wet_gain]);
    let seconds = (rendered[0].len() as f64 / 48_000.0 + 0.1).to_string();
    let output = studio.run(&[
        "live",
        "-q",
        "-i",
        "spring",
        "--dry-mute",
        "--duration",
        &seconds,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let residue = null_db(&studio.heard(128), &rendered);
    // The option takes the gain as an f32 of dB: 2⁻²⁴ of 10 dB are −117 dB of the sound.
    assert!(residue < -110.0, "{residue:.1} dB");
}

#[test]
fn a_device_that_is_pulled_out_is_waited_for_and_comes_back_by_a_fade() {
    let studio = Studio::new();
    // Full from the first sample on.
    let sung = [song(11, 0, 48_000), song(12, 0, 48_000)];
    studio.sing(&sung);
    let card = library("card");
    let live = |args: &[&str]| {
        let all = [&["live", "--json", "--set", "bypass=on"], args].concat();
        let mut command = studio.command(&all);
        command
            .env("LD_PRELOAD", &card)
            .env("LIVE_FAULT", studio.path("fault"));
        command
    };
    let fault = |errno: Option<&str>| match errno {
        Some(errno) => fs::write(studio.path("fault"), errno).expect("written"),
        None => fs::remove_file(studio.path("fault")).expect("removed"),
    };
    let mut session = Live::start(live(&["--record", "take.wav"]));
    session.wait_for("opened");
    session.wait_for("recording");
    thread::sleep(Duration::from_millis(300));
    fault(Some("19"));
    assert_eq!(session.wait_for("recorded")["path"], "take.wav");
    assert_eq!(session.wait_for("lost")["reason"], "unplugged");
    let waiting = session.wait_for("waiting");
    let reason = waiting["reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("alsa:default: expected an output"),
        "{reason}"
    );
    // Somebody else is quicker.
    fault(Some("16"));
    let waiting = session.wait_for("waiting");
    let reason = waiting["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("another program has this device"),
        "{reason}"
    );
    fault(None);
    session.wait_for("opened");
    assert_eq!(session.wait_for("recording")["path"], "take-2.wav");
    thread::sleep(Duration::from_millis(400));
    session.signal("-TERM");
    session.wait_for("recorded");
    let (code, took) = session.end();
    println!("SIGTERM while it plays: {took:.0?}");
    assert_eq!(code, Some(130));
    let heard = studio.heard(128);
    for (heard, sung) in heard.iter().zip(&sung) {
        // 50 ms of raised cosine, which began with the buffer's silence; f32 has 24 bits.
        let gain = |at: usize| 0.5 - 0.5 * (std::f64::consts::PI * at as f64 / 2_400.0).cos();
        for (at, (heard, sung)) in heard.iter().zip(sung).enumerate().take(9_600) {
            let gain = if at < 2_400 { gain(at) } else { 1.0 };
            let wrong = (heard - gain * sung).abs();
            assert!(wrong < 1e-6, "frame {at}: {heard} is not {gain} of {sung}");
        }
        let end = heard.last().expect("sound");
        assert_eq!(*end, 0.0, "it ends by a fade");
    }

    for (name, least) in [("take.wav", 9_600), ("take-2.wav", 14_400)] {
        let taken = &wavio::read(&studio.path(name)).1;
        assert!(
            taken.len() == 2 && taken[0].len() > least,
            "{name}: {}",
            taken[0].len()
        );
    }

    // With nobody to wait for it.
    let mut session = Live::start(live(&["--no-reconnect"]));
    session.wait_for("opened");
    fault(Some("19"));
    session.wait_for("lost");
    assert_eq!(session.end().0, Some(7));
    let session = Live::start(live(&["--no-reconnect"]));
    assert_eq!(session.end().0, Some(7));
    // Ended while it waits.
    let mut session = Live::start(live(&[]));
    session.wait_for("waiting");
    session.signal("-INT");
    let (code, took) = session.end();
    println!("SIGINT while it waits: {took:.0?}");
    assert_eq!(code, Some(130));
    // Time without a device counts.
    let begun = Instant::now();
    let session = Live::start(live(&["--duration", "0.7"]));
    assert_eq!(session.end().0, Some(0));
    assert!(begun.elapsed() >= Duration::from_millis(700));
}

/// How far a sine of that frequency is from one, sample by sample: what y(n) − 2 cos ω y(n − 1) + y(n − 2) leaves.
fn sine_faults(sound: &[f64], frequency: f64) -> f64 {
    let turn = 2.0 * (2.0 * std::f64::consts::PI * frequency / 48_000.0).cos();
    let fault = |three: &[f64]| (three[2] - turn * three[1] + three[0]).abs();
    sound.windows(3).map(fault).fold(0.0, f64::max)
}

#[test]
fn two_clocks_are_joined_without_a_gap() {
    let studio = Studio::new();
    let sine = |at: usize| 0.5 * (2.0 * std::f64::consts::PI * 440.0 * at as f64 / 48_000.0).sin();
    let sine: Vec<f64> = (0..6 * 48_000).map(sine).collect();
    studio.sing(&[sine.clone(), sine]);
    let mut command = studio.command(&[
        "live",
        "-I",
        "alsa:mic",
        "-O",
        "alsa:speaker",
        "--period",
        "256",
        "--set",
        "bypass=on",
        "--duration",
        "4",
        "--json",
        "--no-reconnect",
    ]);
    command
        .env("LD_PRELOAD", library("card"))
        .env("LIVE_PPM", "300");
    let mut session = Live::start(command);
    let opened = session.wait_for("opened");
    assert_eq!(
        (&opened["clock"], &opened["input"]),
        (&"two".into(), &"alsa:mic".into())
    );
    let ended = session.wait_for("ended");
    let status = session
        .seen
        .iter()
        .rev()
        .find(|event| event["event"] == "status");
    println!("two clocks, 300 ppm apart: {}", status.expect("a status"));
    assert_eq!(session.end().0, Some(0));
    // A machine that is busy elsewhere lets the card's own thread come late: that is no fault of what joins the clocks.
    if ended["xruns"] != 0 {
        println!("SKIPPED: this machine was too busy for a card with a clock: {ended}");
        return;
    }
    for channel in studio.heard(0) {
        // After the beginning, and before the fade at the end.
        let loud = &channel[48_000..channel.len() - 9_600];
        let faults = 20.0 * sine_faults(loud, 440.0).log10();
        println!("a step of {faults:.1} dBFS at most");
        // 300 ppm of 440 Hz are 2 · 0.5 · sin ω · 3·10⁻⁴ ω = 10⁻⁶, while a lost frame is a step of −31 dBFS.
        assert!(faults < -80.0, "{faults:.1} dBFS");
    }
}

//! What the user is told, and tells.

use crate::studio::{Live, Studio, library, song, text};
use crate::wavio::{self, noise};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

#[test]
fn what_cannot_be_opened_is_told_in_one_line() {
    let studio = Studio::new();
    studio.sing(&[song(7, 0, 480), song(8, 0, 480)]);
    let refused: [(&[&str], i32, &str); 12] = [
        (
            &["-O", "hw:9"],
            7,
            "alsa:hw:9: expected an output, but there is none",
        ),
        (
            &["-O", "alsa:nowhere"],
            7,
            "alsa:nowhere: expected an output",
        ),
        (
            &["-I", "jack"],
            7,
            "expected a JACK server, but none is running",
        ),
        (
            &["-I", "jack:system", "-O", "default"],
            7,
            "on one sound system, got jack and alsa",
        ),
        (
            &["--input-channels", "1,65"],
            2,
            "expected channels from 1 to 64",
        ),
        (
            &["--output-channels", "0"],
            2,
            "expected channels from 1 to 64",
        ),
        (&["--period", "0"], 2, "--period"),
        (&["-O", "none"], 2, "there must be an output"),
        (&["-i", "no-such-impulse"], 4, "no-such-impulse"),
        (&["-p", "no-such-preset"], 4, "no-such-preset"),
        (&["--set", "mix=lots"], 2, "0 to 100 %"),
        (&["--script", "nowhere.txt"], 3, "nowhere.txt"),
    ];
    for (args, code, part) in refused {
        let all = [&["live", "--no-reconnect", "--duration", "0.1"], args].concat();
        let output = studio.run(&all);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
        if code != 2 {
            assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
        }
    }
    fs::write(studio.path("song.txt"), "1s set mix 40\n2s sing\n").expect("written");
    let output = studio.run(&["live", "--script", "song.txt"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(
        said.contains("song.txt: line 2: expected a command, got \"sing\""),
        "{said}"
    );
}

#[test]
fn the_devices_are_listed_with_ids_that_open() {
    let studio = Studio::new();
    studio.sing(&[song(9, 0, 480), song(10, 0, 480)]);
    let output = studio.run(&["devices", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let systems = listed["systems"].as_array().expect("systems");
    let system = |name: &str| {
        let found = systems.iter().find(|system| system["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {listed}"))
    };
    assert_eq!(system("jack")["error"], "no server is running");
    // With a sequencer there may be inputs, without one there is a reason.
    let midi = &listed["midi"];
    assert!(midi["inputs"].is_array() && (midi["error"].is_null() || midi["error"].is_string()));
    let devices = system("alsa")["devices"].as_array().expect("devices");
    let default = devices.iter().find(|device| device["id"] == "alsa:default");
    let default = default.unwrap_or_else(|| panic!("no default in {listed}"));
    assert_eq!(
        (&default["default_input"], &default["default_output"]),
        (&true.into(), &true.into())
    );
    for way in ["input", "output"] {
        assert!(default[way]["channels"].as_u64() >= Some(2), "{default}");
        let rates = default[way]["rates"].as_array().expect("rates");
        assert!(rates.contains(&48_000.into()), "{default}");
    }
    let id = default["id"].as_str().expect("an id");
    let output = studio.run(&[
        "live",
        "-q",
        "-I",
        id,
        "-O",
        id,
        "--duration",
        "0.1",
        "--no-reconnect",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let people = text(&studio.run(&["devices"]).stdout);
    assert!(
        people.contains("alsa:default") && people.contains("(default)"),
        "{people}"
    );
}

#[test]
fn it_is_controlled_while_it_plays() {
    let studio = Studio::new();
    studio.sing(&[song(13, 0, 480), song(14, 0, 480)]);
    wavio::write_f32(&studio.path("mine.wav"), &[noise(15, 4_800)]);
    fs::write(
        studio.path("song.txt"),
        "# first\n0s set width 50\n100 ms tempo 96\n",
    )
    .expect("written");
    let mut command = studio.command(&["live", "--json", "--prompt", "--script", "song.txt"]);
    command
        .env("LD_PRELOAD", library("card"))
        .stdin(Stdio::piped());
    let mut session = Live::start(command);
    let mut stdin = session.child.stdin.take().expect("a pipe");
    let mut say = |line: &str| writeln!(stdin, "{line}").expect("it reads");
    assert_eq!(session.wait_for("set")["key"], "width");
    assert_eq!(session.wait_for("tempo")["beats_per_minute"], 96.0);
    say("set mix 41 %");
    let set = session.wait_for("set");
    assert_eq!((&set["key"], &set["value"]), (&"mix".into(), &41.0.into()));
    say("impulse mine.wav");
    assert_eq!(session.wait_for("chosen")["impulse"], "mine");
    // What it began with is told when the device is open, which may be only now.
    let playing = loop {
        let told = session.wait_for("impulse");
        if told["name"] != "hall" {
            break told;
        }
    };
    assert_eq!(playing["name"], "mine");
    say("impulse nowhere.wav");
    assert!(
        session.wait_for("refused")["reason"]
            .as_str()
            .expect("why")
            .contains("nowhere.wav")
    );
    say("sing");
    assert!(
        session.wait_for("refused")["reason"]
            .as_str()
            .expect("why")
            .contains("a command")
    );
    say("set impulse plate");
    assert_eq!(session.wait_for("impulse")["name"], "plate");
    say("preset Last Balcony");
    session.wait_for("chosen");
    say("bypass");
    assert_eq!(session.wait_for("set")["value"], 1.0);
    say("get mix");
    assert_ne!(
        session.wait_for("values")["values"]["mix"],
        41.0,
        "the preset has set it"
    );
    say("dry off");
    assert_eq!(session.wait_for("dry")["muted"], true);
    say("limiter off");
    let protected = session.wait_for("protected");
    assert_eq!(
        (&protected["limiter"], &protected["howl"]),
        (&false.into(), &true.into())
    );
    say("record stop");
    let refused = session.wait_for("refused");
    assert!(
        refused["reason"]
            .as_str()
            .expect("why")
            .contains("there is none")
    );
    say("record my take.wav dry");
    let recording = session.wait_for("recording");
    assert_eq!(recording["take"], "dry");
    assert_eq!(recording["path"], "my take.wav");
    say("record other.wav dry");
    let refused = session.wait_for("refused");
    assert!(refused["reason"].as_str().expect("why").contains("already"));
    thread::sleep(Duration::from_millis(100));
    say("record stop");
    assert_eq!(session.wait_for("recorded")["lost_seconds"], 0.0);
    let taken = wavio::read(&studio.path("my take.wav")).1;
    assert!(taken[0].len() > 1_000, "{} frames", taken[0].len());
    say("record my take.wav");
    let refused = session.wait_for("refused");
    assert!(refused["reason"].as_str().expect("why").contains("exists"));
    say("status");
    let status = session.wait_for("status");
    assert_eq!(
        (&status["playing"], &status["bypass"]),
        (&true.into(), &true.into())
    );
    say("quit");
    session.wait_for("ended");
    assert_eq!(session.end().0, Some(0));
}

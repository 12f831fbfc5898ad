//! Measuring on a device without one: ALSA whose microphone is a file that holds the room, and JACK's dummy driver with
//! Partita itself as the room.
#![cfg(all(feature = "live", target_os = "linux", target_env = "gnu"))]

#[path = "common/heard.rs"]
mod heard;
#[path = "common/wavio.rs"]
mod wavio;

use heard::{after, convolve, error_db, room};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing on a loaded machine takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The sweep, for both ways to say it.
const SWEEP: &str = "--sweep 2 --range 50..20000 --decay 1 --repeat 2";

/// A folder, and a server that nobody starts unless a test does.
struct Studio {
    folder: TempDir,
    server: String,
}

impl Studio {
    fn new(name: &str) -> Self {
        let studio = Self {
            folder: TempDir::new().expect("a folder"),
            server: format!("partita-{name}-{}", std::process::id()),
        };
        let file = |name: &str| studio.path(name).display().to_string();
        let config = format!(
            "pcm.back {{ type null }}\n\
             pcm.mic {{ type file slave.pcm back infile \"{}\" file \"/dev/null\" format \"raw\" }}\n\
             pcm.speaker {{ type file slave.pcm back file \"{}\" format \"raw\" }}\n\
             pcm.!default {{ type asym\n\
               capture.pcm {{ type plug slave {{ pcm mic format FLOAT_LE rate 48000 channels 2 }} }}\n\
               playback.pcm {{ type plug slave {{ pcm speaker format FLOAT_LE rate 48000 channels 2 }} }} }}\n",
            file("mic.raw"),
            file("speaker.raw"),
        );
        fs::write(studio.path("asound.conf"), config).expect("written");
        studio
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
        command
            .current_dir(self.folder.path())
            .args(args.split_whitespace())
            .env("PARTITA_HOME", self.folder.path())
            .env("ALSA_CONFIG_PATH", self.path("asound.conf"))
            .env("JACK_DEFAULT_SERVER", &self.server)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &str) -> Output {
        self.command(args).output().expect("the program starts")
    }

    fn json(&self, args: &str) -> Value {
        let output = self.run(args);
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What the microphone will hear: two channels, and then silence.
    fn hear(&self, channels: [&[f64]; 2]) {
        let frames = channels[0].len().max(channels[1].len()) + 10 * 48_000;
        let sample = |at: usize| channels.map(|it| it.get(at).copied().unwrap_or(0.0) as f32);
        let bytes = (0..frames).flat_map(|at| sample(at).map(f32::to_le_bytes));
        let bytes: Vec<u8> = bytes.flatten().collect();
        fs::write(self.path("mic.raw"), bytes).expect("written");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The room is in the file that ALSA takes for a microphone, and the cable in its second channel. The sweep goes to the
/// other file to the bit, and the room comes back.
#[test]
fn a_room_that_is_a_file_is_measured_by_alsa() {
    let studio = Studio::new("none");
    let write = studio.run(&format!(
        "measure --write-sweep exact.wav --format f32 {SWEEP}"
    ));
    assert!(write.status.success(), "{}", text(&write.stderr));
    let (_, sweep) = wavio::read(&studio.path("exact.wav"));
    let known = after(480, 1.0, &room(21, 48_000, 0.4));
    let cable = after(300, 1.0, &sweep[0]);
    studio.hear([&convolve(&cable, &known), &cable]);
    let wired = "measure --output default --input default --countdown 0 --no-check --loopback 2 --loopback-output 2";
    let args =
        format!("{wired} {SWEEP} --start played --length full -o room.wav --keep kept.wav --json");
    let told = studio.json(&args);
    assert_eq!(told["measurement"]["sweeps_used"], 2);
    let travel = told["measurement"]["travel_ms"].as_f64().expect("a number");
    // As in tests/measure.rs: where a band of 20 kHz comes within 20 dB.
    assert!((travel - 10.0).abs() < 0.08, "{travel} ms");
    let (_, room) = wavio::read(&studio.path("room.wav"));
    let residue = error_db(&room[0], &known, 48_000, (50.0, 20_000.0));
    println!("by ALSA: {residue:.1} dB");
    assert!(residue < -80.0, "{residue:.1} dB");
    // What was played: both channels, from the buffer's silence on.
    let bytes = fs::read(studio.path("speaker.raw")).expect("read");
    let sample = |bytes: &[u8]| f64::from(f32::from_le_bytes(bytes.try_into().expect("4 bytes")));
    let played: Vec<f64> = bytes.chunks_exact(4).map(sample).collect();
    for channel in 0..2 {
        let played: Vec<f64> = played.iter().copied().skip(channel).step_by(2).collect();
        let first = |samples: &[f64]| samples.iter().position(|x| *x != 0.0).expect("sound");
        let (played, sweep) = (&played[first(&played)..], &sweep[0][first(&sweep[0])..]);
        let frames = sweep.len().min(played.len());
        assert!(frames > 5 * 48_000, "{frames}");
        assert_eq!(played[..frames], sweep[..frames]);
    }
    // What was kept can be measured again.
    let again = format!(
        "measure --from kept.wav {SWEEP} --loopback 2 --start played --length full -o again.wav"
    );
    assert!(studio.run(&again).status.success());
    let same = |name: &str| wavio::read(&studio.path(name)).1;
    assert_eq!(same("room.wav"), same("again.wav"));
    fails(&studio, wired);
}

fn fails(studio: &Studio, wired: &str) {
    let try_one = |args: &str, code: i32, words: &str| {
        let output = studio.run(&format!("{args} -o no.wav"));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args}: {said}");
        assert!(said.contains(words), "{args}: {said}");
        assert!(!studio.path("no.wav").exists());
    };
    // The level is tried with another sweep: the room does not have it.
    let checked = format!("measure --output default --input default --countdown 0 {SWEEP}");
    try_one(&checked, 3, "expected the sweep");
    studio.hear([&[], &[]]);
    try_one(&checked, 3, "silence");
    let loud: Vec<f64> = (0..3 * 48_000)
        .map(|n| if n / 50 % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    studio.hear([&loud, &loud]);
    try_one(&checked, 3, "clipped");
    try_one(
        "measure --output default --input alsa:nothing --countdown 0",
        7,
        "none of that name",
    );
    try_one(
        "measure --output default --input jack:system --countdown 0",
        7,
        "one sound system",
    );
    try_one(
        "measure --output default --input default --channels 99 --countdown 0",
        7,
        "a channel 99",
    );
    try_one("measure --output default", 2, "--input");
    try_one("measure --output none --input default", 2, "expected an id");
    try_one(
        "measure --output default --input default --channels 1,1",
        2,
        "twice",
    );
    try_one(
        "measure --output default --input default --loopback x.wav",
        2,
        "a channel of the input",
    );
    try_one(
        "measure --output default --input default --loopback 1 --channels 1",
        2,
        "twice",
    );
    try_one(&wired.replace("--loopback 2 ", ""), 2, "--loopback");
}

/// A request to end while it counts down: at once, and nothing is written.
#[test]
fn an_interrupt_ends_it() {
    let studio = Studio::new("never");
    studio.hear([&[], &[]]);
    let mut child = studio
        .command("measure --output default --input default --no-check --countdown 3600 -o no.wav")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    assert!(line.contains("measuring in 3600 s"), "{line}");
    let pid = child.id().to_string();
    let asked = Command::new("kill").args(["-INT", &pid]).status();
    assert!(asked.expect("kill").success());
    assert_eq!(child.wait().expect("a child").code(), Some(130));
    assert!(!studio.path("no.wav").exists());
}

/// Ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if self.0.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A dummy server; `None`: JACK is not installed.
fn jackd(studio: &Studio) -> Option<Ended> {
    let server = Command::new("jackd")
        .args([
            "-n",
            &studio.server,
            "-r",
            "-S",
            "-t",
            "10000",
            "-d",
            "dummy",
            "-r",
            "48000",
        ])
        .args(["-p", "1024", "-C", "2", "-P", "2"])
        .env("JACK_NO_AUDIO_RESERVATION", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(server) = server else {
        println!(
            "SKIPPED: jackd is not installed, so nothing was tried with JACK (cargo xtask test installs it)"
        );
        return None;
    };
    let server = Ended(server);
    wait_for(studio, |jack| jack["error"].is_null().then_some(()));
    Some(server)
}

/// Something in what `devices` tells, once it is there.
fn wait_for<T>(studio: &Studio, there: impl Fn(&Value) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = there(&studio.json("devices --json")["systems"][0]) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not start");
        thread::sleep(Duration::from_millis(50));
    }
}

/// `partita live` is the room: JACK connects what is measured with it, in both directions.
#[test]
fn partita_itself_is_measured_by_jack() {
    let studio = Studio::new("measure");
    let Some(_server) = jackd(&studio) else {
        return;
    };
    let known = room(22, 48_000, 0.4);
    wavio::write_f32(&studio.path("known.wav"), std::slice::from_ref(&known));
    let live = studio
        .command("live --headless --input jack:unconnected --output jack:unconnected -i known.wav --set mix=100 --quiet")
        .stdout(Stdio::null())
        .spawn();
    let _live = Ended(live.expect("the program starts"));
    // Its name has a number where somebody who asked for the devices had the name just then.
    let device = wait_for(&studio, |jack| {
        let devices = jack["devices"].as_array()?.iter();
        let mut ids = devices.filter_map(|device| device["id"].as_str());
        Some(ids.find(|id| id.starts_with("jack:partita"))?.to_owned())
    });
    let args = format!(
        "measure --output {device} --input {device} --countdown 1 {SWEEP} --length full -o room.wav --json -f"
    );
    // A server without real-time priority may be late where others need the processor.
    let mut output = studio.run(&args);
    for _ in 0..3 {
        if output.status.success() {
            break;
        }
        println!("once more: {}", text(&output.stderr));
        output = studio.run(&args);
    }
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("level: peak") && said.contains("measuring in 1 s"),
        "{said}"
    );
    let (_, measured) = wavio::read(&studio.path("room.wav"));
    let measured = &measured[0];
    let largest = |samples: &[f64]| {
        let all = samples.iter().enumerate();
        let most = all.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        most.expect("samples").0
    };
    // Live normalises it: at the gain that fits best.
    let expected = after(largest(measured) - largest(&known), 1.0, &known);
    let both = measured.iter().zip(&expected);
    let dot: f64 = both.map(|(a, b)| a * b).sum();
    let first = dot / expected.iter().map(|x| x * x).sum::<f64>();
    let at = |gain: f64| {
        let scaled: Vec<f64> = expected.iter().map(|x| gain * x).collect();
        error_db(measured, &scaled, 48_000, (50.0, 20_000.0))
    };
    // Beyond the range there is something too: the gain is not yet that of the range.
    let mut gain = first;
    let mut step = 0.1 * first;
    while step.abs() > 1e-7 * first.abs() {
        match [gain - step, gain + step]
            .into_iter()
            .find(|it| at(*it) < at(gain))
        {
            Some(better) => gain = better,
            None => step /= 2.0,
        }
    }
    let residue = at(gain);
    println!("by JACK: {residue:.1} dB");
    assert!(residue < -80.0, "{residue:.1} dB");
}

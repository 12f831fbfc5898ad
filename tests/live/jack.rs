//! JACK's dummy driver, with clients that feed and record.

use crate::rig;
use crate::studio::{
    BOUND_DB, BUSY, LEAD, Live, PATIENCE, Studio, library, null_db, read_raw, signal, song, text,
};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A JACK server with the dummy driver. `None`: JACK is not installed.
pub struct Jackd {
    child: Child,
    name: String,
}

impl Jackd {
    pub fn start(name: &str, period: u32) -> Option<Self> {
        let name = format!("partita-{}-{name}", std::process::id());
        for priority in ["-R", "-r"] {
            let child = spawn(&name, priority, period);
            let Ok(child) = child else {
                println!(
                    "SKIPPED: jackd is not installed, so nothing was tried with JACK (cargo xtask test installs it)"
                );
                return None;
            };
            let mut server = Self {
                child,
                name: name.clone(),
            };
            if server.answers() {
                return Some(server);
            }
            let said = fs::read_to_string(log(&name)).unwrap_or_default();
            println!("jackd {priority}: {said}");
        }
        panic!("jackd is installed but does not start");
    }

    fn answers(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE / 2 {
            let ended = self.child.try_wait().expect("a child").is_some();
            if ended {
                return false;
            }
            let mut devices = Command::new(env!("CARGO_BIN_EXE_partita"));
            devices
                .args(["devices", "--json"])
                .env("JACK_DEFAULT_SERVER", &self.name);
            let output = devices.output().expect("the program starts");
            let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            if listed["systems"][0]["error"].is_null() {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }

    pub fn command(&self, studio: &Studio, args: &[&str]) -> Command {
        let mut command = studio.command(args);
        command.env("JACK_DEFAULT_SERVER", &self.name);
        command
    }
}

impl Drop for Jackd {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            // Killed: its place among the eight servers that there may be would be taken for ever. One of the same name
            // takes it, and gives it back.
            if let Ok(child) = spawn(&self.name, "-r", 1024) {
                self.child = child;
                self.answers();
            }
        }
        end(&mut self.child);
        let _ = fs::remove_file(log(&self.name));
        let entries = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("jack") && name.contains(&self.name) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn spawn(name: &str, priority: &str, period: u32) -> std::io::Result<Child> {
    Command::new("jackd")
        // Synchronous: it waits for its clients, so nothing is lost where somebody else needs the processor.
        .args(["-n", name, priority, "-S", "-t", "10000"])
        .args(["-d", "dummy", "-r", "48000", "-C", "2", "-P", "2"])
        .args(["-p", &period.to_string()])
        .env("JACK_NO_AUDIO_RESERVATION", "1")
        .stdout(fs::File::create(log(name))?)
        .stderr(Stdio::null())
        .spawn()
}

/// Where a server says what it does.
fn log(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("jackd-{name}.log"))
}

/// Politely, so that it takes its shared memory with it; else by force.
fn end(child: &mut Child) {
    let running = |child: &mut Child| child.try_wait().is_ok_and(|ended| ended.is_none());
    if running(child) {
        signal(child, "-TERM");
    }
    let begun = Instant::now();
    while running(child) && begun.elapsed() < Duration::from_secs(3) {
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn jack_nulls_against_what_is_rendered_and_adds_no_latency() {
    let Some(server) = Jackd::start("null", 256) else {
        return;
    };
    let studio = Studio::new();
    studio.sing(&[song(16, LEAD, 48_000), song(17, LEAD, 48_000)]);
    let rendered = studio.render(&[&["-i", "room"], BUSY].concat());
    // The rig's frames are those of the server's clock: a frame more between in and out would be seen.
    let tries = 3;
    for attempt in 1..=tries {
        let recorder = rig::start(&server.name, &studio.path(""), rendered[0].len());
        let args = [
            "live",
            "-I",
            "jack:rig_play",
            "-O",
            "jack:rig_record",
            "-i",
            "room",
            "--json",
        ];
        let mut session = Live::start(server.command(&studio, &[&args, BUSY].concat()));
        let opened = session.wait_for("opened");
        assert_eq!(
            (&opened["clock"], &opened["period"]),
            (&"one".into(), &256.into())
        );
        let whole = rig::finish(recorder);
        session.signal("-TERM");
        let ended = session.wait_for("ended");
        assert_eq!(session.end().0, Some(130));
        // What the driver lost is not ours: once more.
        if !whole || ended["xruns"] != 0 {
            println!("attempt {attempt}: the server lost sound: {ended}");
            assert!(attempt < tries, "the server loses sound on this machine");
            continue;
        }
        let residue = null_db(&read_raw(&studio.path("recorded.raw")), &rendered);
        println!("JACK: {residue:.1} dB, 0 frames between in and out");
        assert!(residue < BOUND_DB, "{residue:.1} dB");
        return;
    }
}

#[test]
fn a_jack_server_that_is_killed_is_waited_for() {
    let studio = Studio::new();
    for (name, how) in [("killed", "-KILL"), ("ended", "-TERM")] {
        let Some(server) = Jackd::start(name, 512) else {
            return;
        };
        let mut session = Live::start(server.command(&studio, &["live", "--json"]));
        let opened = session.wait_for("opened");
        assert_eq!(
            (&opened["output"], &opened["sample_rate"]),
            (&"jack".into(), &48_000.into())
        );
        assert!(opened["round_trip_ms"].as_f64() > Some(0.0), "{opened}");
        signal(&server.child, how);
        assert_eq!(session.wait_for("lost")["reason"], "server_gone");
        // Not ALSA's default, though that one is there.
        let reason = session.wait_for("waiting")["reason"].to_string();
        assert!(reason.contains("expected a JACK server"), "{reason}");
        drop(server);
        let server = Jackd::start(name, 1024).expect("as before");
        let opened = session.wait_for("opened");
        assert_eq!(
            (&opened["output"], &opened["period"]),
            (&"jack".into(), &1024.into())
        );
        session.wait_for("status");
        session.signal("-TERM");
        assert_eq!(session.end().0, Some(130));
        let refused = server
            .command(
                &studio,
                &["live", "-O", "jack", "--rate", "44100", "--no-reconnect"],
            )
            .output();
        let refused = refused.expect("the program starts");
        assert_eq!(refused.status.code(), Some(7));
        let said = text(&refused.stderr);
        assert!(
            said.contains("expected a rate of 44100 Hz, but it has 48000 Hz"),
            "{said}"
        );
        let mut session =
            Live::start(server.command(&studio, &["live", "--json", "--no-reconnect"]));
        session.wait_for("opened");
        signal(&server.child, how);
        session.wait_for("lost");
        assert_eq!(session.end().0, Some(7));
    }
}

/// Plays for so long on JACK with another impulse each second, and says how often the audio thread allocated, and
/// how often the library saw itself do it. `None`: JACK, or real-time priority, is not to be had.
fn soak(name: &str, seconds: u32) -> Option<(u64, u64, Value)> {
    let mut server = Jackd::start(name, 128)?;
    let studio = Studio::new();
    let impulses = [
        "plate",
        "cathedral",
        "echo-ping-pong",
        "room",
        "spring",
        "hall",
    ];
    let lines = (1..seconds).map(|second| {
        let impulse = impulses[second as usize % impulses.len()];
        let mix = 20 + second % 60;
        format!(
            "{second}s impulse {impulse}\n{second}.3s set mix {mix}\n{second}.6s set decay {mix}\n"
        )
    });
    let lines =
        lines.chain(["2.5s record wet.wav\n2.6s record dry.wav dry\n4s record stop\n".to_owned()]);
    fs::write(studio.path("soak.txt"), lines.collect::<String>()).expect("written");
    let duration = seconds.to_string();
    let args = [
        "live",
        "--json",
        "--script",
        "soak.txt",
        "--duration",
        &duration,
        "--no-reconnect",
    ];
    let mut command = server.command(&studio, &args);
    command
        .env("LD_PRELOAD", library("allocations"))
        .env("LIVE_ALLOCATIONS", studio.path("allocations"));
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let events: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |name: &str| {
        events
            .iter()
            .filter(|event| event["event"] == name)
            .collect::<Vec<_>>()
    };
    let played = of("impulse").len();
    assert!(
        played as u32 > seconds / 2,
        "only {played} impulses played: {:?}",
        of("impulse")
    );
    assert!(of("impulse_failed").is_empty() && of("lost").is_empty());
    let last = *of("status").last().expect("a status");
    if last["priority"] != "realtime" {
        println!(
            "SKIPPED: no real-time priority, so the audio thread's allocations were not counted"
        );
        return None;
    }
    let said = fs::read_to_string(studio.path("allocations")).expect("counted");
    let mut words = said.split_whitespace();
    let mut number = || {
        words
            .next()
            .and_then(|word| word.parse().ok())
            .expect("a number")
    };
    let counted = (number(), number());
    // The server tells whose fault it was, once it has ended.
    end(&mut server.child);
    let log = fs::read_to_string(log(&server.name)).unwrap_or_default();
    let of = |whose: &str| log.lines().filter(|line| line.contains(whose)).count();
    println!(
        "the server: {} xruns, {} of them for partita",
        of("XRun"),
        of("client = partita")
    );
    println!(
        "{seconds} s, {played} impulses: {} calls on the audio thread ({said:?}); {last}",
        counted.0
    );
    Some((counted.0, counted.1, last.clone()))
}

#[test]
fn the_callback_allocates_nothing() {
    if let Some((caught, looked, _)) = soak("short", 5) {
        assert_eq!(caught, 0, "allocations on the audio thread");
        assert!(
            looked > 0,
            "the count saw nothing, not even how the thread began"
        );
    }
}

#[test]
#[ignore = "ten minutes; LIVE_SOAK_SECONDS says otherwise"]
fn ten_minutes_with_an_impulse_a_second() {
    let seconds = std::env::var("LIVE_SOAK_SECONDS").ok();
    let seconds = seconds
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(600);
    let (caught, _, last) = soak("soak", seconds).expect("JACK and real-time priority");
    assert_eq!(caught, 0, "allocations on the audio thread");
    println!(
        "{} late blocks, {} xruns of the server",
        last["late"], last["xruns"]
    );
}

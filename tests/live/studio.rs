//! A folder with a microphone and a speaker in it, and the program in that folder.
#![allow(dead_code, reason = "each test file uses its own part")]

use crate::wavio::{self, noise};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What live and rendered may differ by: both are within −120 dB of the definition (tests/convolution.rs).
pub const BOUND_DB: f64 = -120.0;

/// Frames of silence before a sound, in which the fade at the beginning comes to its end: 50 ms, and some.
pub const LEAD: usize = 4_800;

/// Nothing on a loaded machine takes longer.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with a microphone and a speaker in it.
pub struct Studio {
    folder: TempDir,
}

impl Studio {
    pub fn new() -> Self {
        let studio = Self {
            folder: TempDir::new().expect("a folder"),
        };
        let file = |name: &str| studio.path(name).display().to_string();
        // ALSA lists what its configuration has a hint for.
        let config = format!(
            "defaults.namehint.extended on\ndefaults.namehint.showall on\n\
             pcm.back {{ type null }}\n\
             pcm.mic {{ type file slave.pcm back infile \"{}\" file \"/dev/null\" format \"raw\"\n\
               hint {{ show on description \"Microphone\" }} }}\n\
             pcm.speaker {{ type file slave.pcm back file \"{}\" format \"raw\"\n\
               hint {{ show on description \"Speaker\" }} }}\n\
             pcm.!default {{ type asym\n\
               capture.pcm {{ type plug slave {{ pcm mic format FLOAT_LE rate 48000 channels 2 }} }}\n\
               playback.pcm {{ type plug slave {{ pcm speaker format FLOAT_LE rate 48000 channels 2 }} }} }}\n",
            file("mic.raw"),
            file("speaker.raw"),
        );
        fs::write(studio.path("asound.conf"), config).expect("written");
        studio
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What comes in, by the microphone and as a WAV file for the renderer.
    pub fn sing(&self, channels: &[Vec<f64>]) {
        wavio::write_f32(&self.path("in.wav"), channels);
        // After the file's end the last of it would come again and again.
        let silence = vec![0.0; 10 * 48_000];
        let long = channels
            .iter()
            .map(|channel| [&channel[..], &silence].concat());
        write_raw(&self.path("mic.raw"), &long.collect::<Vec<_>>());
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
        command
            .current_dir(self.folder.path())
            .args(args)
            .env("PARTITA_HOME", self.folder.path())
            .env("ALSA_CONFIG_PATH", self.path("asound.conf"))
            // No window on the screen of whoever runs the tests.
            .env_remove("DISPLAY")
            // A server that nobody starts.
            .env(
                "JACK_DEFAULT_SERVER",
                format!("partita-none-{}", std::process::id()),
            )
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    /// What was played, from the frame on at which it must begin.
    pub fn heard(&self, from: usize) -> Vec<Vec<f64>> {
        let mut channels = read_raw(&self.path("speaker.raw"));
        for channel in &mut channels {
            channel.drain(..from.min(channel.len()));
        }
        channels
    }

    /// `in.wav` through `partita render` with these arguments.
    pub fn render(&self, args: &[&str]) -> Vec<Vec<f64>> {
        let all = [
            &["render", "in.wav", "-o", "wet.wav", "--force", "-q"],
            args,
        ]
        .concat();
        let output = self.run(&all);
        assert!(output.status.success(), "{}", text(&output.stderr));
        wavio::read(&self.path("wet.wav")).1
    }
}

pub fn write_raw(path: &Path, channels: &[Vec<f64>]) {
    let frames = channels[0].len();
    let samples = (0..frames).flat_map(|at| channels.iter().map(move |channel| channel[at]));
    let bytes: Vec<u8> = samples
        .flat_map(|sample| (sample as f32).to_le_bytes())
        .collect();
    fs::write(path, bytes).expect("written");
}

/// Two channels of f32.
pub fn read_raw(path: &Path) -> Vec<Vec<f64>> {
    let bytes = fs::read(path).expect("read");
    let sample = |bytes: &[u8]| f64::from(f32::from_le_bytes(bytes.try_into().expect("4 bytes")));
    let samples: Vec<_> = bytes.chunks_exact(4).map(sample).collect();
    let channel = |index| samples.iter().copied().skip(index).step_by(2).collect();
    vec![channel(0), channel(1)]
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Silence, then noise, as f32 has it.
pub fn song(seed: u64, lead: usize, frames: usize) -> Vec<f64> {
    let sound = noise(seed, frames);
    let sound = sound.into_iter().map(|x| f64::from((0.25 * x) as f32));
    std::iter::repeat_n(0.0, lead).chain(sound).collect()
}

/// What live and rendered differ by, in dB, over all that was rendered; what was not recorded must have been silent.
pub fn null_db(heard: &[Vec<f64>], rendered: &[Vec<f64>]) -> f64 {
    assert_eq!(heard.len(), rendered.len(), "channels");
    let pairs = heard.iter().zip(rendered);
    let both = pairs.map(|(heard, rendered)| {
        let frames = heard.len().min(rendered.len());
        assert!(
            frames > rendered.len() * 9 / 10,
            "{frames} of {}",
            rendered.len()
        );
        wavio::error_db(&heard[..frames], &rendered[..frames])
    });
    both.fold(f64::NEG_INFINITY, f64::max)
}

/// `partita live --json`, its events as they come.
pub struct Live {
    pub child: Child,
    events: Receiver<Value>,
    pub seen: Vec<Value>,
}

impl Live {
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let (sender, events) = channel();
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("a JSON object on each line");
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            events,
            seen: Vec::new(),
        }
    }

    /// The next event of that name.
    pub fn wait_for(&mut self, name: &str) -> Value {
        let begun = Instant::now();
        while let Some(left) = PATIENCE.checked_sub(begun.elapsed()) {
            let Ok(event) = self.events.recv_timeout(left) else {
                break;
            };
            self.seen.push(event.clone());
            if event["event"] == name {
                return event;
            }
        }
        panic!("no {name} after {:#?}", self.seen);
    }

    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// How it ended, and after how long from now.
    pub fn end(mut self) -> (Option<i32>, Duration) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status.code(), begun.elapsed());
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it hangs after {:#?}", self.seen);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status();
    assert!(sent.expect("kill is there").success());
}

/// Compiles one of the libraries in tests/live.
pub fn library(name: &str) -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lib{name}.so"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/live/{name}.c"));
    // Several tests may make it at once: each its own file, then one name.
    let thread = format!("{:?}", thread::current().id()).replace(['(', ')'], "");
    let own = library.with_extension(format!("{}-{thread}.so", std::process::id()));
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let status = Command::new(compiler)
        .args(["-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-o"])
        .args([&own, &source])
        .arg("-ldl")
        .status()
        .expect("a C compiler is there");
    assert!(status.success(), "{name}.c does not compile");
    fs::rename(&own, &library).expect("a library in its place");
    library
}

/// Settings that reach every part of the mixer and the shape.
pub const BUSY: &[&str] = &[
    "--set",
    "mix=40",
    "--set",
    "predelay=20ms",
    "--set",
    "high_cut=6kHz",
    "--set",
    "width=130",
    "--set",
    "decay=80",
];

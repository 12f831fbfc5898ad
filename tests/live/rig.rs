//! Two JACK clients, one that plays and one that records, by the server's own frames. They live in a process of their own,
//! because the server's name is a variable of the process: the test starts itself again.

use crate::studio::{PATIENCE, read_raw};
use ::jack::{
    AudioIn, AudioOut, Client, ClientOptions, Control, NotificationHandler, Port, PortSpec,
    contrib::ClosureProcessHandler,
};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Where the rig finds what it plays; unset in an ordinary run.
const FOLDER: &str = "PARTITA_RIG";
const FRAMES: &str = "PARTITA_RIG_FRAMES";

/// Starts it: it plays `mic.raw` once it is connected, and records so many frames.
pub fn start(server: &str, folder: &Path, frames: usize) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "rig::plays_and_records", "--nocapture"])
        .env("JACK_DEFAULT_SERVER", server)
        .env(FOLDER, folder)
        .env(FRAMES, frames.to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("starts again");
    let begun = Instant::now();
    while !folder.join("ready").exists() {
        let ended = child.try_wait().expect("a child");
        assert!(
            ended.is_none() && begun.elapsed() < PATIENCE,
            "the rig does not start"
        );
        thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(folder.join("ready")).expect("removed");
    child
}

/// Waits for its end, and says whether every frame was played and recorded.
pub fn finish(mut rig: Child) -> bool {
    rig.wait().expect("a child").success()
}

struct Xruns(Arc<AtomicU64>);

impl NotificationHandler for Xruns {
    fn xrun(&mut self, _: &Client) -> Control {
        self.0.fetch_add(1, Ordering::Relaxed);
        Control::Continue
    }
}

/// Does nothing in an ordinary run.
#[test]
fn plays_and_records() {
    let (Ok(folder), Ok(frames)) = (std::env::var(FOLDER), std::env::var(FRAMES)) else {
        return;
    };
    let folder = Path::new(&folder);
    let frames: usize = frames.parse().expect("a number");
    let sung: Vec<Vec<f32>> = read_raw(&folder.join("mic.raw"))
        .into_iter()
        .map(|channel| channel.into_iter().map(|sample| sample as f32).collect())
        .collect();
    let client = |name: &str| {
        let options = ClientOptions::NO_START_SERVER | ClientOptions::USE_EXACT_NAME;
        Client::new(name, options).expect("a client").0
    };
    let (player, recorder) = (client("rig_play"), client("rig_record"));
    let mut outs = ["out_1", "out_2"].map(|name| {
        player
            .register_port(name, AudioOut::default())
            .expect("a port")
    });
    let ins = ["in_1", "in_2"].map(|name| {
        recorder
            .register_port(name, AudioIn::default())
            .expect("a port")
    });
    // The server's frame at which frame 0 is played and recorded.
    let (begin, begun) = (
        Arc::new(AtomicU32::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let played = Arc::new(AtomicU64::new(0));
    let xruns = Arc::new(AtomicU64::new(0));
    let place = |begin: &AtomicU32, begun: &AtomicBool, now: u32| {
        begun
            .load(Ordering::Acquire)
            .then(|| now.wrapping_sub(begin.load(Ordering::Relaxed)) as i32)
    };
    let (from, go, count) = (Arc::clone(&begin), Arc::clone(&begun), Arc::clone(&played));
    let play = move |_: &Client, scope: &::jack::ProcessScope| {
        let first = place(&from, &go, scope.last_frame_time());
        for (port, sung) in outs.iter_mut().zip(&sung) {
            for (at, sample) in port.as_mut_slice(scope).iter_mut().enumerate() {
                let at = first.map(|first| first + at as i32);
                let at = at.and_then(|at| usize::try_from(at).ok());
                *sample = at.and_then(|at| sung.get(at)).copied().unwrap_or(0.0);
            }
        }
        let all = first.map_or(0, |first| (first + scope.n_frames() as i32).max(0));
        let new = (all as u64).min(u64::from(scope.n_frames()));
        count.fetch_add(new, Ordering::Relaxed);
        Control::Continue
    };
    let recorded = Arc::new(Mutex::new(vec![[f32::NAN; 2]; frames]));
    let (from, go, tape) = (
        Arc::clone(&begin),
        Arc::clone(&begun),
        Arc::clone(&recorded),
    );
    let record = move |_: &Client, scope: &::jack::ProcessScope| {
        if let Some(first) = place(&from, &go, scope.last_frame_time())
            && let Ok(mut tape) = tape.try_lock()
        {
            for (channel, port) in ins.iter().enumerate() {
                for (at, sample) in port.as_slice(scope).iter().enumerate() {
                    let at = usize::try_from(first + at as i32).ok();
                    if let Some(frame) = at.and_then(|at| tape.get_mut(at)) {
                        frame[channel] = *sample;
                    }
                }
            }
        }
        Control::Continue
    };
    let player = player.activate_async(Xruns(Arc::clone(&xruns)), ClosureProcessHandler::new(play));
    let player = player.expect("active");
    let recorder = recorder
        .activate_async((), ClosureProcessHandler::new(record))
        .expect("active");
    fs::write(folder.join("ready"), "").expect("written");
    let ports = |client: &Client, name: &str| {
        let audio = AudioIn::default().jack_port_type().to_owned();
        client.ports(Some(name), Some(&audio), ::jack::PortFlags::empty())
    };
    let connected = || {
        let all = [
            (player.as_client(), "^rig_play:"),
            (recorder.as_client(), "^rig_record:"),
        ];
        all.iter().all(|(client, name)| {
            let of = ports(client, name);
            let mut of = of.iter().filter_map(|name| client.port_by_name(name));
            of.all(|port: Port<::jack::Unowned>| {
                port.connected_count().is_ok_and(|count| count > 0)
            })
        })
    };
    let waiting = Instant::now();
    while !connected() {
        assert!(waiting.elapsed() < PATIENCE, "nobody connects");
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(300));
    begin.store(
        player.as_client().frame_time().wrapping_add(4_800),
        Ordering::Relaxed,
    );
    xruns.store(0, Ordering::Relaxed);
    begun.store(true, Ordering::Release);
    let playing = Instant::now();
    while played.load(Ordering::Relaxed) < frames as u64 + 4_096 && playing.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
    let tape = recorded.lock().expect("the tape").clone();
    drop((player, recorder));
    let bytes: Vec<u8> = tape
        .iter()
        .flatten()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    fs::write(folder.join("recorded.raw"), bytes).expect("written");
    let holes = tape
        .iter()
        .filter(|frame| frame.iter().any(|sample| sample.is_nan()))
        .count();
    let xruns = xruns.load(Ordering::Relaxed);
    // The test that started this one tries again.
    assert!(
        holes == 0 && xruns == 0,
        "{holes} frames were not recorded, xruns {xruns}"
    );
}

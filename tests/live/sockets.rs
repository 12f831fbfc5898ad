//! No socket is opened that nobody asked for: sockets.c is preloaded and writes down each that is.

use crate::jack::Jackd;
use crate::studio::{Studio, library, song, text};
use std::fs;
use std::process::Command;

/// Where the part that plays as a plugin's host finds that it should; unset in an ordinary run.
#[cfg(feature = "plugin")]
const HOST: &str = "PARTITA_SOCKETS_HOST";

/// What `command` does with sockets, a line each; it must end well.
fn sockets(studio: &Studio, mut command: Command) -> Vec<String> {
    let noted = studio.path("sockets");
    let output = command
        .env("LD_PRELOAD", library("sockets"))
        .env("PARTITA_SOCKETS", &noted)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = fs::read_to_string(&noted).unwrap_or_default();
    let _ = fs::remove_file(noted);
    lines.lines().map(str::to_owned).collect()
}

#[test]
fn no_socket_is_opened_that_nobody_asked_for() {
    let studio = Studio::new();
    studio.sing(&[song(30, 0, 4_800), song(31, 0, 4_800)]);
    fs::create_dir(studio.path("impulses")).expect("a folder");
    let none: [&[&str]; 9] = [
        &["render", "in.wav", "-o", "out.wav", "-i", "plate"],
        &["selftest", "--quick"],
        &["impulse", "list"],
        &["impulse", "show", "hall"],
        &["preset", "list"],
        &["library", "add", "impulses"],
        &["library", "scan"],
        &["devices"],
        &["live", "-i", "room", "--duration", "0.2"],
    ];
    for args in none {
        let opened = sockets(&studio, studio.command(args));
        // libjack asks whether a server runs, by the server's own socket in the file system.
        let of_jack = |line: &String| line == "socket unix" || is_of_jack(line);
        let others: Vec<_> = opened.iter().filter(|line| !of_jack(line)).collect();
        assert!(others.is_empty(), "{args:?}: {others:?}");
        if !["devices", "live"].contains(&args[0]) {
            assert!(opened.is_empty(), "{args:?}: {opened:?}");
        }
    }
    // Asked for, there is one, and it is of this machine only. So what is looked for is seen.
    let osc = studio.command(&["live", "--osc", "0", "-i", "room", "--duration", "0.2"]);
    let opened = sockets(&studio, osc);
    let others: Vec<_> = opened.iter().filter(|line| line.contains("inet")).collect();
    assert_eq!(others, ["socket inet", "bind inet 127.0.0.1"], "{opened:?}");
}

fn is_of_jack(line: &str) -> bool {
    line.starts_with("connect unix /") && line.contains("/jack")
}

#[test]
fn with_jack_there_are_sockets_to_its_server_and_no_others() {
    let Some(server) = Jackd::start("sockets", 256) else {
        return;
    };
    let studio = Studio::new();
    let live = server.command(&studio, &["live", "-i", "room", "--duration", "0.3"]);
    let opened = sockets(&studio, live);
    println!("{opened:?}");
    assert!(opened.iter().any(|line| is_of_jack(line)), "{opened:?}");
    let of_jack = |line: &&String| {
        *line == "socket unix"
            || is_of_jack(line)
            || line.starts_with("bind unix /") && line.contains("/jack")
    };
    let others: Vec<_> = opened.iter().filter(|line| !of_jack(line)).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// The plugin under its host opens none: the test starts itself again.
#[cfg(feature = "plugin")]
#[test]
fn the_plugin_opens_no_socket() {
    let studio = Studio::new();
    let mut host = Command::new(std::env::current_exe().expect("this program"));
    host.args(["--exact", "sockets::hosts_the_plugin", "--nocapture"])
        .env(HOST, "1");
    let opened = sockets(&studio, host);
    assert!(opened.is_empty(), "{opened:?}");
}

/// Does nothing in an ordinary run.
#[cfg(feature = "plugin")]
#[test]
fn hosts_the_plugin() {
    if std::env::var_os(HOST).is_none() {
        return;
    }
    let mut rig = crate::clap::Rig::new();
    let session = rig.save();
    let mut playing = rig.play((2, 2), 48_000.0, 512);
    let x = vec![vec![0.1; 48_000]; 2];
    let change = rig.event("Impulse", "cathedral");
    playing.block(&[&x[0][..512], &x[1][..512]], &[change]);
    let y = playing.run(&x, || 512);
    assert!(y[0].iter().any(|y| *y != 0.0));
    rig.stop(playing);
    assert!(rig.load(&session));
}

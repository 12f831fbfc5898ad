//! The program as a user meets it: exit codes, one-line messages, and nothing left behind.

#[path = "common/wavio.rs"]
mod wavio;

use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;
use wavio::{names, noise};

struct Desk {
    folder: TempDir,
    /// Its library; empty.
    home: TempDir,
}

impl Desk {
    /// A folder with a stereo in.wav and an impulse ir.wav, which is where the program is run.
    fn new() -> Self {
        let desk = Self {
            folder: TempDir::new().expect("a folder"),
            home: TempDir::new().expect("a folder"),
        };
        wavio::write_f32(&desk.path("in.wav"), &[noise(1, 4800), noise(2, 4800)]);
        wavio::write_f32(&desk.path("ir.wav"), &[noise(3, 480)]);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
        command.current_dir(self.folder.path()).args(args);
        command.env("PARTITA_HOME", self.home.path());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    /// Runs `partita render` with `-i ir.wav` and what else is given.
    fn render(&self, args: &[&str]) -> Output {
        self.run(&[&["render", "-i", "ir.wav"], args].concat())
    }

    /// Runs it and expects one line on stderr that has `part` in it, and this code.
    fn fails(&self, args: &[&str], code: i32, part: &str) {
        let before = self.names();
        let output = self.run(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
        assert!(
            said.starts_with("partita: ") && said.contains(part),
            "{args:?}: {said}"
        );
        assert_eq!(text(&output.stdout), "");
        assert_eq!(self.names(), before);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_render_writes_the_file_and_says_one_line() {
    let desk = Desk::new();
    let output = desk.render(&["in.wav", "-o", "out.wav", "--raw"]);
    succeeds(&output);
    let said = text(&output.stdout);
    assert!(
        said.starts_with("out.wav: 0.11 s, 2 channels, 48000 Hz, peak "),
        "{said}"
    );
    assert_eq!(
        (said.lines().count(), text(&output.stderr)),
        (1, String::new())
    );
    let (spec, channels) = wavio::read(&desk.path("out.wav"));
    assert_eq!((spec.channels, channels[0].len()), (2, 4800 + 480 - 1));
    let output = desk.render(&["in.wav", "-o", "out.wav", "--force", "-q"]);
    succeeds(&output);
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn every_failure_is_one_line_and_its_own_code() {
    let desk = Desk::new();
    fs::write(desk.path("text.wav"), "not a sound").expect("written");
    fs::write(desk.path("empty.wav"), wavio::header(1, 2, 48_000, 16, 0)).expect("written");
    fs::write(desk.path("there.wav"), "precious").expect("written");
    wavio::write_f32(&desk.path("six.wav"), &vec![noise(4, 100); 6]);
    wavio::write_f32(&desk.path("stereo.wav"), &vec![noise(5, 100); 2]);
    let to = |input, impulse| ["render", input, "-i", impulse, "-o", "out.wav"];
    desk.fails(&to("missing.wav", "ir.wav"), 3, "missing.wav: no such file");
    desk.fails(&to("text.wav", "ir.wav"), 3, "text.wav: not a WAV file");
    desk.fails(&to("empty.wav", "ir.wav"), 3, "no samples");
    desk.fails(&to(".", "ir.wav"), 3, "not a regular file");
    desk.fails(&to("in.wav", "text.wav"), 4, "text.wav: ");
    desk.fails(&to("in.wav", "missing.wav"), 4, "missing.wav: ");
    desk.fails(&to("in.wav", "hal"), 4, "hall");
    desk.fails(
        &to("six.wav", "stereo.wav"),
        4,
        "takes sound with 1 or 2 channels",
    );
    desk.fails(
        &["render", "in.wav", "-i", "ir.wav", "-o", "there.wav"],
        5,
        "there.wav: exists already; --force replaces it",
    );
    desk.fails(
        &["render", "in.wav", "-i", "ir.wav", "-o", "in.wav", "-f"],
        5,
        "is the input itself",
    );
    desk.fails(
        &["render", "in.wav", "-i", "ir.wav", "-o", "nowhere/out.wav"],
        5,
        "there is no folder nowhere",
    );
    desk.fails(
        &[
            "render",
            "in.wav",
            "-i",
            "ir.wav",
            "--output-dir",
            "nowhere",
        ],
        5,
        "there is no folder nowhere",
    );
    desk.fails(
        &[
            "render", "in.wav", "six.wav", "-i", "ir.wav", "-o", "out.wav",
        ],
        2,
        "use --output-dir",
    );
    desk.fails(
        &[
            "render", "in.wav", "./in.wav", "-i", "ir.wav", "-d", "nowhere",
        ],
        2,
        "would both be written to",
    );
    desk.fails(&["impulse", "show", "nothing"], 4, "nothing: ");
    assert_eq!(
        fs::read(desk.path("there.wav")).expect("a file"),
        b"precious"
    );
}

#[test]
fn a_wrong_command_line_is_two() {
    let desk = Desk::new();
    for args in [
        &["in.wav"][..],
        &["in.wav", "-o", "a.wav", "--output-dir", "."],
        &["in.wav", "-o", "a.wav", "--raw", "--mix", "50"],
        &["in.wav", "-o", "a.wav", "--raw", "--tail", "none"],
        &["in.wav", "-o", "a.wav", "--mix", "101"],
        &["in.wav", "-o", "a.wav", "--mix", "nan"],
        &["in.wav", "-o", "a.wav", "--wet-gain", "-61"],
        &["in.wav", "-o", "a.wav", "--predelay", "501"],
        &["in.wav", "-o", "a.wav", "--tail", "-1"],
        &["in.wav", "-o", "a.wav", "--format", "mp3"],
        &["in.wav", "-o", "a.wav", "--jobs", "0"],
    ] {
        assert_eq!(desk.render(args).status.code(), Some(2), "{args:?}");
    }
    assert_eq!(desk.names(), ["in.wav", "ir.wav"]);
}

#[test]
fn help_names_the_exit_codes() {
    let desk = Desk::new();
    for args in [&["--help"][..], &["render", "--help"]] {
        let output = desk.run(args);
        succeeds(&output);
        let said = text(&output.stdout);
        assert!(said.contains("Exit codes:") && said.contains("130  interrupted"));
    }
}

#[test]
fn many_files_are_all_tried_and_the_code_is_the_first_failures() {
    let desk = Desk::new();
    fs::create_dir(desk.path("wet")).expect("a folder");
    fs::write(desk.path("wet/in.wav"), "there").expect("written");
    fs::copy(desk.path("in.wav"), desk.path("b.WAV")).expect("copied");
    let args = [
        "missing.wav",
        "in.wav",
        "b.WAV",
        "-d",
        "wet",
        "--jobs",
        "2",
        "--json",
    ];
    let output = desk.render(&args);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert_eq!(said.lines().count(), 2, "{said}");
    let objects = text(&output.stdout);
    let objects: Vec<Value> = objects
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |name: &str| {
        let found = objects.iter().find(|object| object["input"] == name);
        found.expect("an object per input")
    };
    assert_eq!(of("missing.wav")["error"]["exit_code"], 3);
    assert_eq!(of("in.wav")["error"]["exit_code"], 5);
    assert_eq!(of("b.WAV")["output_frames"], 4800 + 480 - 1);
    assert_eq!(of("b.WAV")["output_channels"], 2);
    assert_eq!(names(&desk.path("wet")), ["b.wav", "in.wav"]);
}

#[test]
fn impulses_are_listed_and_shown() {
    let desk = Desk::new();
    let listed = desk.run(&["impulse", "list", "--json"]);
    succeeds(&listed);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let listed = listed.as_array().expect("an array");
    assert!(listed.len() >= 6);
    assert!(listed.iter().any(|impulse| impulse["name"] == "hall"));
    let plain = desk.run(&["impulse", "list"]);
    assert_eq!(text(&plain.stdout).lines().count(), listed.len());
    let shown = desk.run(&["impulse", "show", "ir.wav", "--json"]);
    succeeds(&shown);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(
        (&shown["channels"], &shown["frames"]),
        (&1.into(), &480.into())
    );
    assert_eq!(
        (&shown["layout"], &shown["sample_rate"]),
        (&"mono".into(), &48_000.into())
    );
    assert!(shown["peak"]["dbfs"].is_number() && shown["energy_db"].is_number());
    succeeds(&desk.run(&["impulse", "show", "hall"]));
    succeeds(&desk.run(&["render", "in.wav", "-i", "hall", "-o", "hall.wav"]));
}

#[test]
fn clipping_is_said() {
    let desk = Desk::new();
    let output = desk.render(&["in.wav", "-o", "a.wav", "--raw", "--format", "i16"]);
    succeeds(&output);
    assert!(text(&output.stderr).contains("samples clipped"));
    let float = desk.render(&["in.wav", "-o", "b.wav", "--raw"]);
    assert_eq!(text(&float.stderr), "");
}

/// Eleven minutes of silence that take no room on the disk.
#[cfg(unix)]
fn long_silence(path: &Path) {
    let bytes = 2 * 2 * 48_000 * 660;
    let mut file = File::create(path).expect("a new file");
    let head = wavio::header(1, 2, 48_000, 16, bytes);
    file.write_all(&head).expect("written");
    file.set_len(head.len() as u64 + u64::from(bytes))
        .expect("a sparse file");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_file() {
    use std::process::Stdio;
    use std::time::{Duration, Instant};
    for signal in ["-INT", "-TERM"] {
        let desk = Desk::new();
        long_silence(&desk.path("long.wav"));
        let before = desk.names();
        let mut command = desk.command(&["render", "long.wav", "-i", "ir.wav", "-o", "out.wav"]);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let child = child.expect("the program starts");
        let begun = Instant::now();
        let unfinished = || desk.names().iter().any(|name| name.ends_with(".part"));
        while !unfinished() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it never began");
            std::thread::sleep(Duration::from_millis(1));
        }
        let kill = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(kill.expect("kill runs").success());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130));
        let said = text(&output.stderr);
        assert!(
            said.starts_with("partita: interrupted") && said.lines().count() == 1,
            "{said}"
        );
        assert_eq!(desk.names(), before);
    }
}

/// A limit on the file's size stands for a full disk: both end a write half way.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_file() {
    let desk = Desk::new();
    wavio::write_f32(&desk.path("in.wav"), &[noise(6, 100_000)]);
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec '{}' render in.wav -i ir.wav -o out.wav",
        env!("CARGO_BIN_EXE_partita")
    );
    let output = Command::new("sh")
        .current_dir(desk.folder.path())
        .args(["-c", &script])
        .output()
        .expect("sh runs");
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("out.wav: cannot be written"));
    assert_eq!(desk.names(), ["in.wav", "ir.wav"]);
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_link_and_a_new_one_has_usual_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let desk = Desk::new();
    fs::create_dir(desk.path("real")).expect("a folder");
    fs::write(desk.path("real/out.wav"), "old").expect("written");
    symlink("real/out.wav", desk.path("link.wav")).expect("a link");
    succeeds(&desk.render(&["in.wav", "-o", "link.wav", "-f"]));
    let link = fs::symlink_metadata(desk.path("link.wav")).expect("a link");
    assert!(link.file_type().is_symlink());
    assert_eq!(wavio::read(&desk.path("real/out.wav")).0.channels, 2);
    File::create(desk.path("usual")).expect("a new file");
    succeeds(&desk.render(&["in.wav", "-o", "new.wav"]));
    let mode = |name: &str| {
        fs::metadata(desk.path(name))
            .expect("a file")
            .permissions()
            .mode()
    };
    assert_eq!(mode("new.wav"), mode("usual"));
}

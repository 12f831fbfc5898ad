//! What is saved is the old or the new, whole, whatever stops the saving; and what the system refuses is told in a line.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::library::{IndexState, Library, Places, Query, Shelf, Watch};
use partita::impulse::load::{self, LayoutChoice};
use partita::impulse::save::{self, Options};
use partita::impulse::{ImpulseResponse, Layout};
use partita::output::{Existing, Format, STALE};
use partita::params::Values;
use partita::preset::{EMBEDDING_LIMIT, Embedding, ImpulseReference, Preset};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};
use wav::Random;

/// What makes the started-again test save until it is killed: what, and where.
const WHAT: &str = "PARTITA_TEST_SAVES";

/// Two of everything, in turn.
fn sound(which: usize) -> ImpulseResponse {
    let samples = wav::room(48_000, 0.5, 0.3, 3 + which as u64);
    let mut impulse = wav::impulse(48_000, Layout::Stereo, vec![samples.clone(), samples]);
    impulse.name = "x".to_owned();
    impulse
}

fn preset(which: usize) -> Preset {
    let sound = sound(which);
    let mut reference = ImpulseReference::to_sound(&sound);
    let embedded = reference.embed(&sound, Embedding::All, EMBEDDING_LIMIT);
    embedded.expect("small");
    Preset::new("x", &Values::default(), Some(reference))
}

const PCM: Options<'static> = Options {
    format: Format::F32,
    existing: Existing::Replace,
    ixml: "",
};

fn scan(library: &mut Library) -> Vec<String> {
    let watch = Watch {
        stop: &AtomicBool::new(false),
        progress: &mut |_| {},
    };
    let report = library.scan(watch);
    report.problems.iter().map(|it| it.what.clone()).collect()
}

/// Saves for [`killed_at_any_moment`]. Does nothing in an ordinary run.
#[test]
fn saving_to_be_killed() {
    let Ok(what) = std::env::var(WHAT) else {
        return;
    };
    let (what, folder) = what.split_once(':').expect("what and where");
    let folder = Path::new(folder);
    let presets = [0, 1].map(preset);
    let sounds = [0, 1].map(sound);
    let places = Places::under(folder);
    for turn in 0..100_000 {
        let which = turn % 2;
        match what {
            "preset" => presets[which]
                .save(&folder.join("x.partita"), Existing::Replace)
                .expect("saved"),
            "impulse" => {
                save::write(&folder.join("x.wav"), &sounds[which], PCM).expect("saved");
            }
            "settings" => {
                let mut library = Library::open(places.clone()).expect("whole settings");
                library.add_folder(Path::new("/tmp")).expect("saved");
                library.remove_folder(Path::new("/tmp")).expect("saved");
            }
            _ => {
                // A file that comes and goes, so that the index is written each time.
                let file = places.impulses.join("b.wav");
                if which == 0 {
                    fs::copy(places.impulses.join("a.wav"), &file).expect("copied");
                } else {
                    fs::remove_file(&file).expect("removed");
                }
                let mut library = Library::open(places.clone()).expect("whole settings");
                assert_eq!(scan(&mut library), [""; 0]);
            }
        }
        if turn == 1 {
            println!("\nsaved");
        }
    }
    panic!("nobody killed it");
}

/// What is there after a kill.
fn is_whole(what: &str, folder: &Path) {
    match what {
        "preset" => {
            let found = Preset::open(&folder.join("x.partita")).expect("a preset");
            assert!([0, 1].map(preset).contains(&found));
        }
        "impulse" => {
            let found = load::read(&folder.join("x.wav"), LayoutChoice::Auto).expect("whole");
            assert!([0, 1].map(sound).contains(&found));
        }
        "settings" => {
            let library = Library::open(Places::under(folder)).expect("whole settings");
            // The folder's own, and the one that comes and goes.
            assert!([1, 2].contains(&library.folders().len()));
            let favourites = Query {
                shelf: Shelf::Favourites,
                ..Query::default()
            };
            assert_eq!(
                library.search(&favourites).len(),
                1,
                "the favourite is lost"
            );
        }
        _ => {
            let library = Library::open(Places::under(folder)).expect("whole settings");
            assert_eq!(*library.index_state(), IndexState::Read);
            assert!((1..=2).contains(&library.folders()[0].files));
        }
    }
}

fn prepare(what: &str, folder: &Path) {
    match what {
        "settings" => {
            let mut library = Library::open(Places::under(folder)).expect("no settings yet");
            let hall = library.entries()[0].reference();
            library.favourite(hall).expect("saved");
        }
        "index" => {
            let impulses = Places::under(folder).impulses;
            fs::create_dir_all(&impulses).expect("made");
            save::write(&impulses.join("a.wav"), &sound(0), PCM).expect("saved");
        }
        _ => {}
    }
}

/// Temporary files anywhere in it.
fn left_behind(folder: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(folder).into_iter();
    files
        .map(|entry| entry.expect("an entry").into_path())
        .filter(|path| {
            path.extension()
                .is_some_and(|it| it == "part" || it == "old")
        })
        .collect()
}

/// Kills what saves, 50 times; the temporary files that were left.
fn kill(what: &str) -> usize {
    let mut random = Random(what.len() as u64);
    let folder = tempfile::tempdir().expect("a folder");
    prepare(what, folder.path());
    for _ in 0..50 {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "saving_to_be_killed", "--nocapture"])
            .env(WHAT, format!("{what}:{}", folder.path().display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let saved = lines.any(|line| line.expect("text") == "saved");
        assert!(saved, "{what}: it ended early");
        thread::sleep(Duration::from_micros(random.below(12_000) as u64));
        child.kill().expect("killed");
        child.wait().expect("gone");
        is_whole(what, folder.path());
    }
    // What is left is found again: by the next one that saves, when it has been there for a while.
    let left = left_behind(folder.path());
    assert!(left.len() <= 50, "{what}: {left:?}");
    let before = SystemTime::now() - 2 * STALE;
    for path in &left {
        let file = File::options().write(true).open(path).expect("opened");
        file.set_modified(before).expect("an older time");
    }
    let places = Places::under(folder.path());
    match what {
        "preset" => preset(0)
            .save(&folder.path().join("y.partita"), Existing::Keep)
            .expect("saved"),
        "impulse" => {
            save::write(&folder.path().join("y.wav"), &sound(0), PCM).expect("saved");
        }
        "settings" => {
            let mut library = Library::open(places).expect("whole settings");
            library.add_folder(Path::new("/")).expect("saved");
        }
        _ => {
            fs::write(places.impulses.join("c.wav"), "none").expect("written");
            scan(&mut Library::open(places).expect("whole settings"));
        }
    }
    assert_eq!(left_behind(folder.path()), Vec::<PathBuf>::new(), "{what}");
    left.len()
}

#[test]
fn killed_at_any_moment() {
    let found: usize = thread::scope(|scope| {
        let all = ["preset", "impulse", "settings", "index"];
        let all = all.map(|what| scope.spawn(move || kill(what)));
        all.map(|one| one.join().expect("whole")).iter().sum()
    });
    println!("200 kills: every file whole; {found} temporary files left and removed again");
}

/// A temporary file that is being written is nobody's to remove, however long that takes.
#[test]
fn what_another_still_writes_stays() {
    use partita::output::{Destination, Pending};
    let folder = tempfile::tempdir().expect("a folder");
    let create = |name: &str| {
        let path = folder.path().join(name);
        let destination = Destination::check(&path, &[], Existing::Keep).expect("free");
        Pending::create(destination).expect("made")
    };
    let mut slow = create("slow");
    slow.write_all(b"slow").expect("written");
    let file = File::options()
        .write(true)
        .open(slow.path())
        .expect("opened");
    file.set_modified(SystemTime::now() - 2 * STALE)
        .expect("an older time");
    create("quick").place().expect("placed");
    slow.place().expect("placed");
    assert_eq!(
        fs::read(folder.path().join("slow")).expect("there"),
        b"slow"
    );
}

#[test]
fn a_folder_of_twenty_thousand_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let places = Places::under(folder.path());
    fs::create_dir_all(&places.impulses).expect("made");
    let good = wav::Wav::float(1, &[1.0, 0.5]).build();
    for n in 0..20_000 {
        let bytes: &[u8] = if n % 100 == 0 { &good } else { b"no sound" };
        fs::write(places.impulses.join(format!("{n}.wav")), bytes).expect("written");
    }
    let mut library = Library::open(places.clone()).expect("no settings yet");
    assert_eq!(scan(&mut library), [""; 0]);
    assert_eq!(library.folders()[0].files, 20_000);
    let library = Library::open(places).expect("no settings yet");
    let usable = library
        .entries()
        .iter()
        .filter(|it| it.path().is_some() && it.sound.is_ok());
    assert_eq!(usable.count(), 200);
}

#[test]
fn a_file_that_changes_while_it_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.wav");
    let whole = wav::Wav::float(2, &vec![0.25; 40_000]).build();
    fs::write(&path, &whole).expect("written");
    let stop = AtomicBool::new(false);
    let (mut read, mut refused) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(4);
            let pause = Duration::from_micros(300);
            while !stop.load(Ordering::Relaxed) {
                thread::sleep(pause);
                let file = File::options().write(true).open(&path).expect("opened");
                match random.below(3) {
                    0 => file
                        .set_len(random.below(2 * whole.len()) as u64)
                        .expect("cut"),
                    1 => fs::write(&path, &whole).expect("written"),
                    _ => {
                        let _ = fs::remove_file(&path);
                        fs::write(&path, &whole[..random.below(whole.len())]).expect("written");
                    }
                }
            }
        });
        for _ in 0..3000 {
            match load::read(&path, LayoutChoice::Auto) {
                Ok(impulse) => {
                    assert!(impulse.channels.iter().flatten().all(|x| x.is_finite()));
                    read += 1;
                }
                Err(error) => {
                    let text = error.to_string();
                    assert_eq!(text.lines().count(), 1, "{text}");
                    assert!(text.contains("expected"), "{text}");
                    refused += 1;
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!("read {read}, refused {refused}");
    assert!(refused > 0, "it never changed in time");
}

fn partita(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
    command.args(args).env("PARTITA_HOME", home);
    command
}

/// One line on stderr, and this exit code.
fn refuses(output: &Output, code: i32) -> String {
    let error = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("partita: "), "{error}");
    error
}

#[test]
fn missing_folders_and_files_in_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("none/at/all");
    let listed = partita(&home, &["impulse", "list"])
        .output()
        .expect("started");
    assert!(listed.status.success());
    assert!(!home.exists(), "a list makes no folder");
    // A file where the folder of the settings should be.
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").expect("written");
    let added = partita(&file.join("home"), &["library", "add", "/"]).output();
    let error = refuses(&added.expect("started"), 3);
    assert!(error.contains("library.toml"), "{error}");
    assert_eq!(fs::read(&file).expect("as it was"), b"not a folder");
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;

    /// A shell in a namespace of its own, where a full or read-only file system can be mounted at its first argument; its
    /// second is this program. `None` where the system does not allow that.
    fn shell(script: &str, folder: &Path) -> Option<Output> {
        let run = |script: &str| {
            let mut unshare = Command::new("unshare");
            unshare.args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                script,
                "sh",
            ]);
            unshare.arg(folder).arg(env!("CARGO_BIN_EXE_partita"));
            unshare.env("PARTITA_HOME", folder.join("home")).output()
        };
        let mounts = run("mount -t tmpfs none \"$1\"").is_ok_and(|it| it.status.success());
        mounts.then(|| run(script).expect("as before"))
    }

    #[test]
    fn a_full_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        // 64 KB, of which some are free; what is there before must be there afterwards.
        let script = r#"
            mount -t tmpfs -o size=64k none "$1" && cd "$1" && mkdir home || exit 99
            "$2" preset save x.partita -i hall || exit 98
            "$2" library favourite hall > /dev/null || exit 98
            sum=$(cat x.partita home/library.toml | cksum)
            head -c 100000 /dev/zero > filler 2> /dev/null
            "$2" preset save x.partita -i hall --embed all --force; echo "preset $?"
            "$2" impulse echo --tap 0ms --tap 900ms -o echo.wav; echo "echo $?"
            "$2" library favourite plate; echo "favourite $?"
            [ "$sum" = "$(cat x.partita home/library.toml | cksum)" ] && echo as before
            ls -A . home
        "#;
        let Some(output) = shell(script, folder.path()) else {
            eprintln!("skipped: no file system can be mounted here, so none that is full");
            return;
        };
        let (said, errors) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        println!("{said}{errors}");
        for line in ["preset 5", "echo 5", "favourite 5", "as before"] {
            assert!(said.contains(line), "{line}: {said}{errors}");
        }
        assert!(!said.lines().any(|name| name.ends_with(".part")), "{said}");
        assert_eq!(errors.lines().count(), 3, "{errors}");
        assert_eq!(
            errors.matches("No space left on device").count(),
            3,
            "{errors}"
        );
    }

    #[test]
    fn a_read_only_home() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("home")).expect("made");
        let script = r#"
            mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$1" || exit 99
            "$2" impulse list > /dev/null; echo "list $?"
            "$2" impulse show hall > /dev/null; echo "show $?"
            "$2" library favourite hall; echo "favourite $?"
            "$2" library scan > /dev/null; echo "scan $?"
            "$2" preset save x.partita -i hall; echo "preset $?"
        "#;
        let Some(output) = shell(script, folder.path()) else {
            eprintln!("skipped: no file system can be mounted here, so none that is read-only");
            return;
        };
        let (said, errors) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        println!("{said}{errors}");
        for line in ["list 0", "show 0", "favourite 5", "preset 5"] {
            assert!(said.contains(line), "{line}: {said}{errors}");
        }
        assert!(
            errors.lines().all(|line| line.starts_with("partita: ")),
            "{errors}"
        );
        assert_eq!(
            errors.matches("Read-only file system").count(),
            errors.lines().count()
        );
    }

    /// As a user who may not, whoever runs the tests. `None` where the program cannot be reached by others.
    fn as_nobody(home: &Path, args: &[&str]) -> Option<Output> {
        let run = |args: &[&str]| {
            let mut command = partita(home, args);
            // Root may do everything; 65534 is nobody.
            if may_do_everything() {
                command.uid(65534).gid(65534);
            }
            command.current_dir("/").output()
        };
        run(&["--version"]).ok().filter(|it| it.status.success())?;
        run(args).ok()
    }

    fn may_do_everything() -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        fs::write(&path, "x").expect("written");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).expect("set");
        File::open(path).is_ok()
    }

    #[test]
    fn what_the_user_may_not() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("set");
        let path = folder.path().join("secret.wav");
        save::write(&path, &sound(0), PCM).expect("saved");
        fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).expect("set");
        let path_text = path.to_str().expect("text");
        let Some(shown) = as_nobody(folder.path(), &["impulse", "show", path_text]) else {
            eprintln!("skipped: another user cannot start the program here");
            return;
        };
        let error = refuses(&shown, 4);
        assert!(error.contains("ermission"), "{error}");
        // A folder that cannot be written.
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o555)).expect("set");
        let added = as_nobody(folder.path(), &["library", "add", "/"]).expect("as before");
        let error = refuses(&added, 5);
        assert!(error.contains("ermission"), "{error}");
        let to = folder.path().join("x.partita");
        let saved = ["preset", "save", to.to_str().expect("text"), "-i", "hall"];
        let saved = as_nobody(folder.path(), &saved).expect("as before");
        assert!(refuses(&saved, 5).contains("ermission"));
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("set");
        assert!(!to.exists());
        assert_eq!(left_behind(folder.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn folders_in_a_circle() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::under(folder.path());
        let deep = places.impulses.join("a/b");
        fs::create_dir_all(&deep).expect("made");
        symlink(&places.impulses, deep.join("round")).expect("linked");
        symlink("self", deep.join("self")).expect("linked");
        save::write(&deep.join("x.wav"), &sound(0), PCM).expect("saved");
        let mut library = Library::open(places).expect("no settings yet");
        scan(&mut library);
        assert_eq!(library.folders()[0].files, 1);
    }
}

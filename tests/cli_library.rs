//! `partita library` and `partita impulse list` as a user meets them.

#[path = "common/shelf.rs"]
mod shelf;
#[path = "common/wav.rs"]
mod wav;

use partita::impulse::library::{Library, factory};
use serde_json::Value;
use shelf::{Shelf, user};
use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

fn command(shelf: &Shelf, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
    command.current_dir(shelf.home.path()).args(args);
    command.env("PARTITA_HOME", shelf.home.path());
    command
}

fn run(shelf: &Shelf, args: &[&str]) -> Output {
    command(shelf, args).output().expect("the program starts")
}

/// stdout of a run that succeeds and warns of nothing.
fn says(shelf: &Shelf, args: &[&str]) -> String {
    let output = run(shelf, args);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && error.is_empty(),
        "{args:?}: {error}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The one line of stderr of a run that fails with this code.
fn fails(shelf: &Shelf, args: &[&str], code: i32) -> String {
    let output = run(shelf, args);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("partita: "), "{error}");
    error
}

fn json(shelf: &Shelf, args: &[&str]) -> Vec<Value> {
    serde_json::from_str(&says(shelf, args)).expect("a JSON array")
}

#[test]
fn folders_come_and_go() {
    let shelf = Shelf::new();
    shelf.put("more/kitchen.wav", 0.5);
    assert_eq!(says(&shelf, &["library", "add", "more"]), "more: added\n");
    assert_eq!(
        says(&shelf, &["library", "add", "more"]),
        "more: is in the library already\n"
    );
    assert_eq!(
        says(&shelf, &["library", "scan"]),
        "1 impulse file in 2 folders: 1 read, 0 as before\n"
    );
    assert_eq!(
        says(&shelf, &["library", "scan"]),
        "1 impulse file in 2 folders: 0 read, 1 as before\n"
    );
    let folders = json(&shelf, &["library", "folders", "--json"]);
    assert_eq!(folders.len(), 2);
    assert_eq!(
        (&folders[1]["state"], &folders[1]["files"]),
        (&"present".into(), &1.into())
    );
    fs::rename(shelf.path("more"), shelf.path("away")).unwrap();
    let text = says(&shelf, &["library", "folders"]);
    assert!(
        text.lines().nth(1).unwrap().ends_with("more  (missing)"),
        "{text}"
    );
    let listed = run(&shelf, &["impulse", "list", "--user"]);
    let warned = String::from_utf8(listed.stderr).unwrap();
    assert!(
        warned.contains(
            "more: the folder is missing; what was in it (1 impulse) is listed as it was"
        ),
        "{warned}"
    );
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("kitchen") && listed.contains("missing: "),
        "{listed}"
    );
    says(&shelf, &["library", "remove", "more"]);
    assert_eq!(json(&shelf, &["library", "folders", "--json"]).len(), 1);
    assert!(fails(&shelf, &["library", "remove", "more"], 3).contains("this is none"));
    assert!(fails(&shelf, &["library", "remove", "impulses"], 3).contains("the library's own"));
    assert!(fails(&shelf, &["library", "add", "more"], 3).contains("expected a folder"));
    fs::write(shelf.places().settings, "folders = 7").unwrap();
    assert!(fails(&shelf, &["library", "folders"], 3).contains("line 1 says"));
}

#[test]
fn impulses_are_found_and_marked() {
    let shelf = Shelf::new();
    shelf.put("impulses/Kitchens/My Kitchen.wav", 0.5);
    shelf.put_bytes("impulses/bad.wav", b"noise");
    let all = json(&shelf, &["impulse", "list", "--json"]);
    assert_eq!(all.len(), factory().len() + 2);
    let kitchen = all.iter().find(|one| one["name"] == "My Kitchen").unwrap();
    assert_eq!(
        (&kitchen["origin"], &kitchen["layout"], &kitchen["frames"]),
        (&"user".into(), &"mono".into(), &1.into())
    );
    assert_eq!(kitchen["tags"][0], "kitchens");
    assert_eq!(kitchen["content_hash"].as_str().unwrap().len(), 64);
    let bad = all.iter().find(|one| one["name"] == "bad").unwrap();
    assert!(bad["error"].is_string() && bad["frames"].is_null());
    let hall = all.iter().find(|one| one["name"] == "hall").unwrap();
    assert_eq!(
        (&hall["origin"], &hall["kind"]),
        (&"factory".into(), &"hall".into())
    );
    let names = |args: &[&str]| -> Vec<String> {
        let args = [&["impulse", "list", "--json"], args].concat();
        let listed = json(&shelf, &args).into_iter();
        listed
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&["--search", "kitch", "MY"]), ["My Kitchen"]);
    assert_eq!(names(&["--tag", "kitchens"]), ["My Kitchen"]);
    assert_eq!(names(&["--user"]), ["bad", "My Kitchen"]);
    assert_eq!(names(&["--factory"]).len(), factory().len());
    assert!(names(&["--favourites"]).is_empty());
    let said = says(&shelf, &["library", "favourite", "my kitchen", "hall"]);
    assert_eq!(said, "My Kitchen: is a favourite\nhall: is a favourite\n");
    assert_eq!(names(&["--favourites"]), ["My Kitchen", "hall"]);
    fs::remove_dir_all(shelf.path("impulses/Kitchens")).unwrap();
    let missing = json(&shelf, &["impulse", "list", "--favourites", "--json"]);
    let missing = missing
        .iter()
        .find(|one| one["name"] == "My Kitchen")
        .unwrap();
    assert_eq!(missing["missing"], true);
    let plain = says(&shelf, &["impulse", "list", "--favourites"]);
    assert!(
        plain.contains("* My Kitchen") && plain.contains("missing: /"),
        "{plain}"
    );
    says(&shelf, &["library", "unfavourite", "My Kitchen"]);
    assert_eq!(names(&["--favourites"]), ["hall"]);
    assert!(
        fails(&shelf, &["library", "unfavourite", "My Kitchen"], 4)
            .contains("expected a favourite")
    );
    assert!(
        fails(&shelf, &["library", "favourite", "gone.wav"], 4)
            .contains("expected a file that can be read")
    );
    assert!(fails(&shelf, &["library", "favourite", "nothing"], 4).contains("there is none"));
    let scanned = run(&shelf, &["library", "scan", "--json"]);
    let scanned: Value = serde_json::from_slice(&scanned.stdout).unwrap();
    assert_eq!(
        (&scanned["files"], &scanned["complete"]),
        (&1.into(), &true.into())
    );
    assert!(
        scanned["faulty"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("bad.wav")
    );
}

#[test]
fn an_impulse_of_the_library_renders_by_its_name() {
    let shelf = Shelf::new();
    shelf.put("impulses/My Kitchen.wav", 0.5);
    shelf.put("in.wav", 1.0);
    says(
        &shelf,
        &[
            "render",
            "in.wav",
            "-i",
            "my kitchen",
            "-o",
            "out.wav",
            "--raw",
        ],
    );
    assert!(shelf.path("out.wav").is_file());
    says(&shelf, &["impulse", "show", "MY KITCHEN"]);
    shelf.put("impulses/again/my kitchen.wav", 0.5);
    assert!(
        fails(&shelf, &["impulse", "show", "my kitchen"], 4)
            .contains("2 files of the library have it")
    );
}

/// Killed at any moment, a scan leaves a whole index or the one before.
#[test]
fn a_killed_scan_leaves_a_whole_index() {
    let shelf = Shelf::new();
    shelf.put("impulses/first.wav", 1.0);
    shelf.scanned();
    for n in 0..400_u16 {
        shelf.put(&format!("impulses/{n}.wav"), f32::from(n));
    }
    for milliseconds in [1, 3, 5, 8, 12, 20, 40] {
        let mut child = command(&shelf, &["library", "scan"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        let library = Library::open(shelf.places()).unwrap();
        let files = user(&library).len();
        assert!(files == 1 || files == 401, "{files}");
    }
    assert_eq!(user(&shelf.scanned().0).len(), 401);
}

#[cfg(target_os = "linux")]
#[test]
fn the_folders_are_those_of_the_platform() {
    let shelf = Shelf::new();
    let first = |set: &[(&str, &str)]| {
        let mut command = command(&shelf, &["library", "folders", "--json"]);
        command
            .env_remove("PARTITA_HOME")
            .env("HOME", shelf.home.path());
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env_remove(name);
        }
        let output = command.envs(set.iter().copied()).output().unwrap();
        let folders: Value = serde_json::from_slice(&output.stdout).unwrap();
        folders[0]["path"].as_str().unwrap().to_owned()
    };
    let under = |name: &str| shelf.path(name).to_string_lossy().into_owned();
    assert_eq!(first(&[]), under(".local/share/partita/impulses"));
    let data = under("data");
    let set = [("XDG_DATA_HOME", data.as_str())];
    assert_eq!(first(&set), under("data/partita/impulses"));
    assert_eq!(first(&[("PARTITA_HOME", &under("p"))]), under("p/impulses"));
    // Nothing is made by looking.
    assert!(!shelf.path(".local").exists() && !shelf.path("p").exists());
}

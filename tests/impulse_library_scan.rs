//! The index: what has not changed is not read, what happens to files and folders is told, and nothing is lost.

#[path = "common/shelf.rs"]
mod shelf;
#[path = "common/wav.rs"]
mod wav;

use partita::impulse::Layout;
use partita::impulse::analyze::decay;
use partita::impulse::library::{
    ContentHash, Ended, Entry, FolderKind, FolderState, Found, IndexState, Library, Presence,
    Progress, Report, Source, resolve_in,
};
use partita::impulse::load::FileFormat;
use partita::loader::scanning::Scanning;
use shelf::{Shelf, minutes_ago, names, scan, scan_with, user, written};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use wav::Wav;

/// (files, read, reused, faulty, missing, dropped)
fn counts(report: &Report) -> [usize; 6] {
    let r = report;
    [r.files, r.read, r.reused, r.faulty, r.missing, r.dropped]
}

#[test]
fn a_scan_says_what_each_file_is() {
    let shelf = Shelf::new();
    let stereo = Wav::float(2, &[0.5; 9600]).build();
    shelf.put_bytes("impulses/Großer Saal/Wien Saal 1.WAV", &stereo);
    shelf.put_bytes("impulses/broken.wave", b"RIFF\x00");
    shelf.put_bytes("impulses/empty.wav", b"");
    shelf.put_bytes("impulses/readme.txt", b"no impulse");
    shelf.put_bytes("impulses/noextension", &stereo);
    let (library, report) = shelf.scanned();
    assert_eq!(counts(&report), [3, 3, 0, 2, 0, 0]);
    assert_eq!((report.ended, report.problems), (Ended::Whole, vec![]));
    let entries = user(&library);
    assert_eq!(
        names(entries.iter().copied()),
        ["broken", "empty", "Wien Saal 1"]
    );
    let saal = entries[2];
    let sound = saal.sound.as_ref().expect("an impulse");
    assert_eq!(
        (sound.format, sound.channels, sound.layout),
        (FileFormat::Wav, 2, Layout::Stereo)
    );
    assert_eq!(
        (sound.sample_rate, sound.frames, sound.seconds()),
        (48_000, 4800, 0.1)
    );
    assert_eq!(saal.tags, ["großer saal", "wien", "saal"]);
    assert_eq!(saal.category, "Großer Saal");
    assert_eq!(saal.hash, Some(ContentHash::of(&stereo)));
    let empty = entries[1].sound.as_ref().expect_err("no impulse");
    assert!(empty.contains("the file is empty (0 bytes)"), "{empty}");
    assert_eq!(entries[1].category, "impulses");
}

#[test]
fn two_files_that_are_one_impulse_are_listed_once() {
    let shelf = Shelf::new();
    let stereo = Wav::float(2, &[0.5; 96]).build();
    let left = shelf.put_bytes("impulses/Gym_L.wav", &stereo);
    let right = shelf.put_bytes("impulses/Gym_R.wav", &stereo);
    // By name a pair, but mono: two impulses.
    shelf.put("impulses/Room-left.wav", 1.0);
    shelf.put("impulses/Room-right.wav", 1.0);
    let (mut library, report) = shelf.scanned();
    assert_eq!(counts(&report), [4, 4, 0, 0, 0, 0]);
    assert_eq!(names(user(&library)), ["Gym", "Room-left", "Room-right"]);
    let gym = user(&library)[0];
    let layout = |entry: &Entry| entry.sound.as_ref().unwrap().layout;
    assert_eq!(
        (layout(gym), gym.path()),
        (Layout::TrueStereo, Some(&*left))
    );
    let resolved = resolve_in(Some(&shelf.places()), "gym").unwrap();
    assert!(matches!(&resolved, Source::File(path) if *path == left));
    let reference = library.reference_to(&resolved);
    assert_eq!(reference, gym.reference());
    library.favourite(reference).unwrap();
    assert_eq!(library.favourites_named(Path::new("GYM")).len(), 1);
    assert_eq!(counts(&scan(&mut library)), [4, 0, 4, 0, 0, 0]);
    // The half that was listed for both is read again when the other one changes or goes.
    shelf.put_bytes("impulses/Gym_R.wav", &Wav::float(2, &[0.5; 98]).build());
    assert_eq!(counts(&scan(&mut library))[1], 2);
    let error = user(&library)[0].sound.as_ref().unwrap_err();
    assert!(error.contains("Gym_R.wav"), "{error}");
    fs::remove_file(right).unwrap();
    assert_eq!(counts(&scan(&mut library)), [3, 1, 2, 0, 0, 1]);
    assert_eq!(names(user(&library))[0], "Gym_L");
    assert_eq!(layout(user(&library)[0]), Layout::Stereo);
}

#[test]
fn the_decay_time_is_the_mean_of_the_middle_octaves() {
    let shelf = Shelf::new();
    let samples = wav::room(48_000, 1.0, 0.7, 5);
    let path = shelf.put_bytes("impulses/room.wav", &Wav::float(1, &samples).build());
    let click = shelf.put("impulses/click.wav", 1.0);
    let (library, _) = shelf.scanned();
    let t30 = |path: &Path| library.by_path(path).unwrap().sound.as_ref().unwrap().t30_s;
    let octaves = decay::octaves(&samples, 48_000);
    let at = |hz: f64| {
        octaves
            .iter()
            .find(|o| o.hz == hz)
            .unwrap()
            .decay
            .t30
            .unwrap()
    };
    assert_eq!(t30(&path), Some((at(500.0) + at(1000.0)) / 2.0));
    assert_eq!(t30(&click), None);
    assert_eq!(
        shelf
            .scanned()
            .0
            .by_path(&path)
            .unwrap()
            .sound
            .as_ref()
            .unwrap()
            .t30_s,
        t30(&path)
    );
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let shelf = Shelf::new();
    let path = shelf.put("impulses/a.wav", 0.5);
    shelf.put_bytes("impulses/bad.wav", b"noise");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let (first, report) = shelf.scanned();
    assert_eq!(counts(&report), [2, 2, 0, 1, 0, 0]);
    let kept = fs::read(shelf.places().index).unwrap();
    // Other bytes behind the same size and time: had the file been opened, the entry would be another.
    let other = Wav::float(1, &[0.25]).build();
    fs::write(&path, &other).unwrap();
    written(&path, before);
    let (second, report) = shelf.scanned();
    assert_eq!(counts(&report), [2, 0, 2, 1, 0, 0]);
    let hash = |library: &Library| library.by_path(&path).unwrap().hash.unwrap();
    assert_eq!(hash(&second), hash(&first));
    assert_ne!(hash(&second), ContentHash::of(&other));
    assert_eq!(fs::read(shelf.places().index).unwrap(), kept);
    // The time alone is enough to be read again, and so is the size.
    written(&path, minutes_ago(3));
    let (third, report) = shelf.scanned();
    assert_eq!(counts(&report), [2, 1, 1, 1, 0, 0]);
    assert_eq!(hash(&third), ContentHash::of(&other));
    let longer = Wav::float(1, &[0.25, 0.5]).build();
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, &longer).unwrap();
    written(&path, time);
    let (fourth, report) = shelf.scanned();
    assert_eq!(report.read, 1);
    assert_eq!(hash(&fourth), ContentHash::of(&longer));
    assert_eq!(
        fourth
            .by_path(&path)
            .unwrap()
            .sound
            .as_ref()
            .unwrap()
            .frames,
        2
    );
}

#[test]
fn a_file_written_this_moment_is_read_once_more() {
    let shelf = Shelf::new();
    let path = shelf.put("impulses/a.wav", 0.5);
    written(&path, minutes_ago(0));
    assert_eq!(shelf.scanned().1.read, 1);
    assert_eq!(shelf.scanned().1.read, 1);
    written(&path, minutes_ago(1));
    assert_eq!(shelf.scanned().1.read, 1);
    assert_eq!(shelf.scanned().1.read, 0);
}

#[test]
fn a_moved_file_is_found_by_its_content() {
    let shelf = Shelf::new();
    let path = shelf.put("impulses/kitchen.wav", 0.5);
    let (library, _) = shelf.scanned();
    let reference = library.by_path(&path).unwrap().reference();
    assert!(matches!(library.find(&reference), Found::Here(e) if e.name == "kitchen"));
    fs::create_dir(shelf.path("impulses/rooms")).unwrap();
    let moved = shelf.path("impulses/rooms/my kitchen.wav");
    fs::rename(&path, &moved).unwrap();
    let (library, report) = shelf.scanned();
    assert_eq!(counts(&report), [1, 1, 0, 0, 0, 1]);
    assert!(matches!(library.find(&reference), Found::Moved(e) if e.path() == Some(&*moved)));
    assert_eq!(
        names(library.by_hash(&reference.hash.unwrap())),
        ["my kitchen"]
    );
    // Something else in the old place does not stand in while the content is elsewhere.
    shelf.put("impulses/kitchen.wav", 0.25);
    let (library, _) = shelf.scanned();
    assert!(matches!(library.find(&reference), Found::Moved(e) if e.path() == Some(&*moved)));
    fs::remove_file(&moved).unwrap();
    let (library, _) = shelf.scanned();
    assert!(matches!(library.find(&reference), Found::Changed(e) if e.path() == Some(&*path)));
    fs::remove_file(&path).unwrap();
    let (library, _) = shelf.scanned();
    assert!(matches!(library.find(&reference), Found::Missing));
}

#[test]
fn a_broken_index_is_made_anew() {
    let shelf = Shelf::new();
    shelf.put("impulses/a.wav", 0.5);
    shelf.put("impulses/b.wav", 0.25);
    shelf.scanned();
    let file = shelf.places().index;
    let good = fs::read(&file).unwrap();
    assert_eq!(*shelf.open().index_state(), IndexState::Read);
    let mut broken: Vec<Vec<u8>> = (0..good.len())
        .step_by(7)
        .map(|n| good[..n].to_vec())
        .collect();
    for at in (0..good.len()).step_by(5) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        broken.push(bytes);
    }
    let text = String::from_utf8(good.clone()).unwrap();
    broken.push(
        text.replacen("library_index\":1", "library_index\":2", 1)
            .into_bytes(),
    );
    broken.push(text.replacen("\"blake3\"", "\"md5\"", 1).into_bytes());
    broken.push(b"\n".to_vec());
    broken.push(vec![b'['; 1 << 20]);
    for bytes in &broken {
        fs::write(&file, bytes).unwrap();
        let library = shelf.open();
        // The header's version of the program is not covered by the hash: it only makes faulty files be read again.
        if *library.index_state() == IndexState::Read {
            let head = bytes.iter().position(|&b| b == b'\n').unwrap();
            assert_eq!(bytes[head..], good[head..]);
            assert_eq!(user(&library).len(), 2);
        } else {
            assert!(matches!(library.index_state(), IndexState::Unusable(_)));
            assert!(user(&library).is_empty());
        }
    }
    fs::write(&file, b"not an index").unwrap();
    let (library, report) = shelf.scanned();
    assert_eq!(
        (counts(&report), user(&library).len()),
        ([2, 2, 0, 0, 0, 0], 2)
    );
    assert_eq!(fs::read(&file).unwrap(), good);
    fs::remove_file(&file).unwrap();
    assert_eq!(*shelf.open().index_state(), IndexState::New);
}

#[test]
fn another_version_of_the_program_reads_only_what_failed_again() {
    let shelf = Shelf::new();
    shelf.put("impulses/a.wav", 0.5);
    shelf.put_bytes("impulses/b.ogg", b"not yet");
    shelf.scanned();
    let file = shelf.places().index;
    let text = fs::read_to_string(&file).unwrap();
    let version = format!("\"program\":\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version));
    fs::write(&file, text.replacen(&version, "\"program\":\"0.0.1\"", 1)).unwrap();
    let (_, report) = shelf.scanned();
    assert_eq!(counts(&report), [2, 1, 1, 1, 0, 0]);
}

#[test]
fn an_index_that_cannot_be_written_is_a_problem_and_not_an_end() {
    let shelf = Shelf::new();
    shelf.put("impulses/a.wav", 0.5);
    let index = shelf.places().index;
    // A folder in its place: no rename can replace it.
    fs::create_dir_all(index.join("in the way")).unwrap();
    let (library, report) = shelf.scanned();
    assert_eq!(user(&library).len(), 1);
    assert_eq!(report.problems.len(), 1);
    assert_eq!(report.problems[0].path, index);
    assert!(
        report.problems[0]
            .what
            .starts_with("the index cannot be kept: ")
    );
    // Nothing half written stays behind.
    assert_eq!(fs::read_dir(index.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_missing_folder_is_shown_and_comes_back_unread() {
    let shelf = Shelf::new();
    shelf.put("drive/halls/big hall.wav", 0.5);
    shelf.put("impulses/own.wav", 0.25);
    let mut library = shelf.open();
    library.add_folder(&shelf.path("drive")).unwrap();
    let report = scan(&mut library);
    assert_eq!(counts(&report), [2, 2, 0, 0, 0, 0]);
    fs::rename(shelf.path("drive"), shelf.path("unplugged")).unwrap();
    for again in 0..2 {
        // Seen at once, before any scan, and after each.
        let mut library = shelf.open();
        for scanned in [false, true] {
            if scanned {
                assert_eq!(counts(&scan(&mut library)), [2, 0, 1, 0, 1, 0], "{again}");
            }
            let folder = &library.folders()[1];
            assert_eq!(folder.path, shelf.path("drive"));
            assert_eq!((folder.kind, folder.files), (FolderKind::Added, 1));
            assert_eq!(folder.state, FolderState::Missing);
            let hall = library.by_name("big hall")[0];
            assert_eq!(hall.presence, Presence::Missing);
            assert_eq!(hall.sound.as_ref().unwrap().frames, 1);
            assert_eq!(library.by_name("own")[0].presence, Presence::Present);
        }
    }
    fs::rename(shelf.path("unplugged"), shelf.path("drive")).unwrap();
    let (library, report) = shelf.scanned();
    assert_eq!(counts(&report), [2, 0, 2, 0, 0, 0]);
    assert_eq!(library.by_name("big hall")[0].presence, Presence::Present);
    let mut library = library;
    library.remove_folder(&shelf.path("drive")).unwrap();
    assert!(library.by_name("big hall").is_empty());
    assert_eq!(counts(&scan(&mut library)), [1, 0, 1, 0, 0, 1]);
    assert!(shelf.path("drive/halls/big hall.wav").is_file());
}

#[test]
fn a_folder_in_a_folder_is_listed_once() {
    let shelf = Shelf::new();
    shelf.put("impulses/halls/a.wav", 0.5);
    let mut library = shelf.open();
    library.add_folder(&shelf.path("impulses/halls")).unwrap();
    library.add_folder(shelf.home.path()).unwrap();
    let report = scan(&mut library);
    assert_eq!(counts(&report), [1, 1, 0, 0, 0, 0]);
    let states: Vec<_> = library.folders().iter().map(|f| f.state.clone()).collect();
    assert_eq!(
        states,
        [
            FolderState::Present,
            FolderState::Within,
            FolderState::Present
        ]
    );
}

#[test]
fn a_stopped_scan_keeps_what_it_has() {
    let shelf = Shelf::new();
    for n in 0..10_u8 {
        shelf.put(&format!("impulses/{n}.wav"), f32::from(n) / 10.0);
    }
    let mut library = shelf.open();
    let stop = AtomicBool::new(false);
    let mut seen = Vec::new();
    let report = scan_with(&mut library, &stop, &mut |progress| {
        stop.store(progress.read == 3, Ordering::Relaxed);
        seen.push(progress);
    });
    assert_eq!((report.read, report.ended), (3, Ended::Stopped));
    let last = Progress {
        found: 10,
        to_read: Some(10),
        read: 3,
    };
    assert_eq!(seen.last(), Some(&last));
    assert!(seen[..10].iter().enumerate().all(|(n, p)| *p
        == Progress {
            found: n + 1,
            to_read: None,
            read: 0
        }));
    assert_eq!(user(&shelf.open()).len(), 3);
    let (_, report) = shelf.scanned();
    assert_eq!(counts(&report), [10, 7, 3, 0, 0, 0]);
    // Stopped before it began, it drops nothing.
    let mut library = shelf.open();
    let report = scan_with(&mut library, &AtomicBool::new(true), &mut |_| {});
    assert_eq!((report.files, report.ended), (10, Ended::Stopped));
    assert_eq!(user(&shelf.open()).len(), 10);
}

#[test]
fn two_thousand_files() {
    let shelf = Shelf::new();
    for n in 0..2000_u16 {
        shelf.put(&format!("impulses/{}/{n}.wav", n % 50), f32::from(n));
    }
    assert_eq!(counts(&shelf.scanned().1), [2000, 2000, 0, 0, 0, 0]);
    let (library, report) = shelf.scanned();
    assert_eq!(counts(&report), [2000, 0, 2000, 0, 0, 0]);
    assert_eq!(user(&library).len(), 2000);
}

#[test]
fn a_scan_in_the_background_ends_and_can_be_dropped() {
    let shelf = Shelf::new();
    for n in 0..50_u8 {
        shelf.put(&format!("impulses/{n}.wav"), f32::from(n));
    }
    // Dropped at once, it stops; the index is whole whenever that was.
    drop(Scanning::start(shelf.open()).unwrap());
    let scanning = Scanning::start(shelf.open()).unwrap();
    let (library, report) = scanning.finish();
    assert_eq!(
        (report.read + report.reused, report.ended),
        (50, Ended::Whole)
    );
    assert_eq!(user(&library).len(), 50);
    let scanning = Scanning::start(library).unwrap();
    while !scanning.is_finished() {
        std::thread::yield_now();
    }
    let progress = scanning.progress();
    assert_eq!(
        (progress.found, progress.to_read, progress.read),
        (50, Some(0), 0)
    );
}

#[test]
fn a_file_in_place_of_a_folder_is_told() {
    let shelf = Shelf::new();
    fs::remove_dir(shelf.path("impulses")).unwrap();
    fs::write(shelf.path("impulses"), b"").unwrap();
    let (library, report) = shelf.scanned();
    assert_eq!(counts(&report), [0; 6]);
    assert!(matches!(
        library.folders()[0].state,
        FolderState::Unreadable(_)
    ));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    #[test]
    fn links_end() {
        let shelf = Shelf::new();
        shelf.put("impulses/a/a.wav", 0.5);
        shelf.put("elsewhere/b.wav", 0.25);
        let link = |to: &str, at: &str| symlink(shelf.path(to), shelf.path(at)).unwrap();
        link("impulses", "impulses/a/round");
        link("impulses/a", "impulses/a/self");
        symlink("loop.wav", shelf.path("impulses/loop.wav")).unwrap();
        link("nowhere.wav", "impulses/broken.wav");
        link("nowhere", "impulses/broken");
        link("elsewhere", "impulses/out");
        link("elsewhere", "impulses/out again");
        // 2^20 ways through twenty doubled folders, none of them a cycle.
        for n in 0..20 {
            fs::create_dir_all(shelf.path(&format!("maze/{n}"))).unwrap();
            for way in ["x", "y"] {
                link(&format!("maze/{}", n + 1), &format!("maze/{n}/{way}"));
            }
        }
        shelf.put("maze/20/end.wav", 0.125);
        link("maze/0", "impulses/maze");
        let (library, report) = shelf.scanned();
        assert_eq!(names(user(&library)), ["a", "b", "end"]);
        assert_eq!(counts(&report), [3, 3, 0, 0, 0, 0]);
        let problems: Vec<_> = report.problems.iter().map(|p| p.path.clone()).collect();
        assert!(
            problems.contains(&shelf.path("impulses/loop.wav")),
            "{problems:?}"
        );
        assert!(
            problems.contains(&shelf.path("impulses/broken.wav")),
            "{problems:?}"
        );
        assert_eq!(problems.len(), 2);
        assert_eq!(shelf.scanned().1.read, 0);
    }

    #[test]
    fn what_is_no_file_or_hidden_is_passed_over() {
        let shelf = Shelf::new();
        let pipe = shelf.path("impulses/pipe.wav");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        fs::create_dir(shelf.path("impulses/folder.wav")).unwrap();
        shelf.put("impulses/._hall.wav", 0.5);
        shelf.put("impulses/.trash/b.wav", 0.5);
        shelf.put("impulses/__MACOSX/c.wav", 0.5);
        shelf.put("impulses/folder.wav/d.wav", 0.5);
        let (library, report) = shelf.scanned();
        assert_eq!(names(user(&library)), ["d"]);
        assert!(report.problems.is_empty());
    }

    #[test]
    fn names_of_any_bytes_are_kept() {
        let shelf = Shelf::new();
        let folder = shelf.home.path().join(OsStr::from_bytes(b"dr\xFFve"));
        if fs::create_dir(&folder).is_err() {
            eprintln!("skipped: this file system takes Unicode names only");
            return;
        }
        let file = folder.join(OsStr::from_bytes(b"h\xE4ll.wav"));
        fs::rename(shelf.put("x.wav", 0.5), &file).unwrap();
        let mut library = shelf.open();
        library.add_folder(&folder).unwrap();
        scan(&mut library);
        let reference = library.by_path(&file).expect("an entry").reference();
        library.favourite(reference).unwrap();
        let (library, report) = shelf.scanned();
        assert_eq!(counts(&report), [1, 0, 1, 0, 0, 0]);
        assert_eq!(library.folders()[1].path, folder);
        let favourite = &library.settings().favourites[0];
        assert_eq!(favourite.path.as_deref(), Some(&*file));
        assert!(matches!(library.find(favourite), Found::Here(_)));
    }

    #[test]
    fn what_may_not_be_read_is_told_and_kept() {
        let shelf = Shelf::new();
        let file = shelf.put("impulses/a.wav", 0.5);
        shelf.put("impulses/closed/b.wav", 0.25);
        shelf.scanned();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(&file, 0o000);
        mode(&shelf.path("impulses/closed"), 0o000);
        let as_root = fs::read(&file).is_ok();
        if as_root {
            eprintln!("skipped: the super-user may read everything");
        } else {
            written_by_touch(&file);
            let (library, report) = shelf.scanned();
            let a = library.by_path(&file).unwrap();
            assert!(
                a.sound
                    .as_ref()
                    .unwrap_err()
                    .contains("permission is denied")
            );
            let b = library.by_name("b")[0];
            assert_eq!(b.presence, Presence::Missing);
            assert_eq!(report.problems.len(), 1);
        }
        mode(&file, 0o600);
        mode(&shelf.path("impulses/closed"), 0o700);
        if !as_root {
            // Permissions leave the time as it was; a file that could not be read is tried again.
            assert_eq!(counts(&shelf.scanned().1), [2, 1, 1, 0, 0, 0]);
        }
    }

    fn written_by_touch(path: &Path) {
        assert!(Command::new("touch").arg(path).status().unwrap().success());
    }

    /// A file that opens and then fails to be read: what a bad disk does, and the super-user cannot prevent.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_fails_while_it_is_read_is_told_and_tried_again() {
        let shelf = Shelf::new();
        symlink("/proc/self/mem", shelf.path("impulses/bad disk.wav")).unwrap();
        let (library, report) = shelf.scanned();
        assert_eq!(counts(&report), [1, 1, 0, 1, 0, 0]);
        let entry = library.by_name("bad disk")[0];
        let why = entry.sound.as_ref().unwrap_err();
        assert!(why.contains("the system reports"), "{why}");
        assert_eq!(entry.hash, None);
        assert_eq!(shelf.scanned().1.read, 1);
    }
}

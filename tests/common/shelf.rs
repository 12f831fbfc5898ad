//! A library in a folder of its own.
#![allow(dead_code, reason = "each test file uses its part")]

use crate::wav::Wav;
use partita::impulse::library::{Entry, Library, Places, Progress, Report, Watch};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

pub struct Shelf {
    pub home: TempDir,
}

impl Shelf {
    pub fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        fs::create_dir(home.path().join("impulses")).expect("made");
        Self { home }
    }

    pub fn places(&self) -> Places {
        Places::under(self.home.path())
    }

    pub fn open(&self) -> Library {
        Library::open(self.places()).expect("readable settings")
    }

    /// Opens it, scans it to the end.
    pub fn scanned(&self) -> (Library, Report) {
        let mut library = self.open();
        let report = scan(&mut library);
        (library, report)
    }

    /// A path under home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A mono impulse of one sample, written minutes ago.
    pub fn put(&self, name: &str, sample: f32) -> PathBuf {
        self.put_bytes(name, &Wav::float(1, &[sample]).build())
    }

    /// A file written minutes ago.
    pub fn put_bytes(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, bytes).expect("written");
        written(&path, minutes_ago(5));
        path
    }
}

pub fn scan(library: &mut Library) -> Report {
    scan_with(library, &AtomicBool::new(false), &mut |_| {})
}

pub fn scan_with(
    library: &mut Library,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    library.scan(Watch { stop, progress })
}

pub fn minutes_ago(minutes: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(60 * minutes)
}

/// Sets the time of writing.
pub fn written(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).expect("a file");
    file.set_modified(time).expect("set");
}

pub fn names<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<&'a str> {
    entries
        .into_iter()
        .map(|entry| entry.name.as_str())
        .collect()
}

/// The user's part of the list.
pub fn user(library: &Library) -> Vec<&Entry> {
    let entries = library.entries().iter();
    entries.filter(|entry| entry.path().is_some()).collect()
}

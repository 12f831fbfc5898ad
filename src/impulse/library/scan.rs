//! Folders → index: reads what is new or changed, keeps what is known, and tells what it could not do.
//!
//! Guaranteed: a file whose size and time of writing are those of the index is not opened. One file is in memory at a
//! time, within the limits of [`load`]. Whatever happens to a file or a folder meanwhile is a record, not an end.
//! Stopped or killed, a scan loses at most the work of the last [`CHECKPOINT`].

use super::hash::ContentHash;
use super::index::{Index, Record, Sound};
use super::search;
use super::walk::{self, Candidate, FolderState, Stamp, Walked};
use crate::impulse::ImpulseResponse;
use crate::impulse::analyze::decay;
use crate::impulse::load::pair::{self, Side};
use crate::impulse::load::{self, Fault, LayoutChoice, MAX_SAMPLES};
use std::collections::HashMap;
use std::fs;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often a long scan saves what it has.
const CHECKPOINT: Duration = Duration::from_secs(15);

/// The most problems that are listed.
pub const MAX_PROBLEMS: usize = 1000;

/// The largest file that is read, in bytes: [`MAX_SAMPLES`] of 64 bits, and as much again for whatever else is in it.
const MAX_BYTES: u64 = MAX_SAMPLES * 16;

/// A file written less than this before it was read may be written again within the same tick of its clock: FAT counts
/// in steps of 2 s.
const TICK_NS: u64 = 2_000_000_000;

/// How far a scan has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files found.
    pub found: usize,
    /// How many of them must be read; `None` while folders are still being listed.
    pub to_read: Option<usize>,
    /// How many have been.
    pub read: usize,
}

/// How the outside watches a scan and ends it.
pub struct Watch<'a> {
    /// Once true, the scan stops before the next file.
    pub stop: &'a AtomicBool,
    /// Told of every file.
    pub progress: &'a mut dyn FnMut(Progress),
}

/// How a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything has been seen.
    Whole,
    /// It was stopped. What was not reached is as it was before.
    Stopped,
    /// There are more files than [`super::MAX_FILES`] or more folders than [`super::MAX_FOLDERS`]; those beyond are not listed.
    TooMany,
}

/// Something a scan could not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub path: PathBuf,
    /// What the system says.
    pub what: String,
}

impl Problem {
    pub(super) fn record(problems: &mut Vec<Self>, path: PathBuf, what: String) {
        if problems.len() < MAX_PROBLEMS {
            problems.push(Self { path, what });
        }
    }
}

/// What a scan did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Files in the index now, missing ones included.
    pub files: usize,
    /// Files opened, because they are new or have changed.
    pub read: usize,
    /// Files that are as the index knows them, and were not opened.
    pub reused: usize,
    /// Files that cannot be impulses; their entries say why.
    pub faulty: usize,
    /// Files in folders that cannot be reached, kept as they were.
    pub missing: usize,
    /// Files that are gone from folders that are there.
    pub dropped: usize,
    /// What could not be read or written, at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// How it ended.
    pub ended: Ended,
}

/// The state of every folder, beside the new index and the report.
pub(super) struct Scanned {
    pub index: Index,
    pub folders: Vec<(PathBuf, FolderState)>,
    pub report: Report,
}

/// Scans `folders` and keeps the result at `file`.
pub(super) fn scan(folders: &[PathBuf], old: &Index, file: &Path, watch: Watch<'_>) -> Scanned {
    let Watch { stop, progress } = watch;
    let mut walked = walk::walk(folders.iter().map(PathBuf::as_path), stop, &mut |found| {
        progress(Progress {
            found,
            ..Progress::default()
        });
    });
    let mut known: HashMap<&Path, &Record> = old
        .records
        .iter()
        .map(|record| (record.path.as_path(), record))
        .collect();
    let mut records = Vec::with_capacity(walked.candidates.len());
    let mut to_read = Vec::new();
    for candidate in mem::take(&mut walked.candidates) {
        match known.get(candidate.path.as_path()) {
            Some(record)
                if record.settled
                    && record.stamp == candidate.stamp
                    && record.beside == candidate.beside =>
            {
                records.push(refreshed(record, &candidate));
                known.remove(candidate.path.as_path());
            }
            _ => to_read.push(candidate),
        }
    }
    let (reused, found) = (records.len(), records.len() + to_read.len());
    let mut ended = walked.ended;
    let mut saved = Instant::now();
    let mut read = 0;
    progress(Progress {
        found,
        to_read: Some(to_read.len()),
        read,
    });
    for candidate in &to_read {
        let Some(record) = examine(candidate, stop) else {
            ended = Ended::Stopped;
            break;
        };
        known.remove(candidate.path.as_path());
        records.push(record);
        read += 1;
        if saved.elapsed() > CHECKPOINT {
            let rest = known.values().map(|&record| record.clone());
            // If it cannot be written, the end of the scan says so.
            let _ = index(records.iter().cloned().chain(rest)).write(file);
            saved = Instant::now();
        }
        progress(Progress {
            found,
            to_read: Some(to_read.len()),
            read,
        });
    }
    let mut missing = 0;
    let mut dropped = 0;
    for record in known.into_values() {
        match fate(record, &walked, ended) {
            Fate::Unseen => records.push(record.clone()),
            Fate::Missing => {
                missing += 1;
                records.push(Record {
                    missing: true,
                    ..record.clone()
                });
            }
            Fate::Gone => dropped += 1,
        }
    }
    let index = index(records);
    if index != *old
        && let Err(error) = index.write(file)
    {
        let what = format!("the index cannot be kept: {error}");
        Problem::record(&mut walked.problems, file.to_owned(), what);
    }
    Scanned {
        report: Report {
            files: index.records.len(),
            read,
            reused,
            faulty: index.records.iter().filter(|r| r.sound.is_err()).count(),
            missing,
            dropped,
            problems: walked.problems,
            ended,
        },
        folders: walked.folders,
        index,
    }
}

/// In one order, so that an unchanged library gives an unchanged index.
fn index(records: impl IntoIterator<Item = Record>) -> Index {
    let mut records: Vec<_> = records.into_iter().collect();
    records.sort_by(|a, b| a.path.cmp(&b.path));
    Index { records }
}

/// What becomes of a record whose file the walk did not meet, or did not come to read.
enum Fate {
    Unseen,
    Missing,
    Gone,
}

fn fate(record: &Record, walked: &Walked, ended: Ended) -> Fate {
    let folder = walked
        .folders
        .iter()
        .find(|(folder, _)| *folder == record.folder);
    match folder {
        None => Fate::Gone,
        Some((_, FolderState::Missing | FolderState::Unreadable(_))) => Fate::Missing,
        Some(_) if ended != Ended::Whole => Fate::Unseen,
        Some(_) => {
            let mut problems = walked.problems.iter();
            if problems.any(|problem| record.path.starts_with(&problem.path)) {
                Fate::Missing
            } else {
                Fate::Gone
            }
        }
    }
}

/// A known file; its folder may have another name in the library than before.
fn refreshed(record: &Record, candidate: &Candidate) -> Record {
    Record {
        folder: candidate.folder.clone(),
        tags: search::tags(&candidate.folder, &candidate.path),
        missing: false,
        ..record.clone()
    }
}

/// Reads a file. `None` once `stop` is true.
fn examine(candidate: &Candidate, stop: &AtomicBool) -> Option<Record> {
    if stop.load(Ordering::Relaxed) {
        return None;
    }
    let Candidate {
        path,
        folder,
        stamp,
        beside,
    } = candidate;
    let begun = SystemTime::now();
    let hash = match hash(path, stamp.size, stop) {
        Ok(None) => return None,
        Ok(Some(hash)) => Ok(hash),
        Err(why) => Err(why),
    };
    let (hash, heard) = match hash {
        Ok(hash) => (Some(hash), listen(path)),
        Err(why) => (None, Err(why)),
    };
    let (name, right_half, sound) = match heard {
        Ok(heard) => (heard.name, heard.right_half, Ok(heard.sound)),
        Err(why) => (name(path), false, Err(why)),
    };
    let unchanged = fs::metadata(path).is_ok_and(|after| Stamp::of(&after) == *stamp);
    let (hash, sound) = match hash {
        Some(_) if !unchanged => (None, Err(CHANGED.to_owned())),
        hash => (hash, sound),
    };
    let begun = begun.duration_since(UNIX_EPOCH).unwrap_or_default();
    let begun = i64::try_from(begun.as_nanos()).unwrap_or(i64::MAX);
    Some(Record {
        path: path.clone(),
        folder: folder.clone(),
        name,
        tags: search::tags(folder, path),
        stamp: *stamp,
        beside: *beside,
        right_half,
        settled: hash.is_some() && begun.abs_diff(stamp.modified_ns) >= TICK_NS,
        hash,
        sound,
        missing: false,
    })
}

const CHANGED: &str = "the file changed while it was being read; scan again when it is finished";

/// What the user calls a file: its name without extension.
pub(super) fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}

/// The hash of a file of `size` bytes, or why there is none. `Ok(None)` once `stop` is true.
pub(super) fn hash(
    path: &Path,
    size: u64,
    stop: &AtomicBool,
) -> Result<Option<ContentHash>, String> {
    if size > MAX_BYTES {
        return Err(format!(
            "expected at most {MAX_BYTES} bytes, but the file has {size}; trim it"
        ));
    }
    let file = load::open_file(path).map_err(|fault| fault.to_string())?;
    // One byte more than there should be: a file that grows is noticed, and not followed.
    match ContentHash::of_reader(file, size + 1, stop) {
        Ok(Some((_, read))) if read != size => Err(CHANGED.to_owned()),
        Ok(hashed) => Ok(hashed.map(|(hash, _)| hash)),
        Err(error) => Err(Fault::from(error).to_string()),
    }
}

/// A file that was read.
struct Heard {
    /// Of two files that are one impulse, what their names share.
    name: String,
    right_half: bool,
    sound: Sound,
}

/// What a file is, or why it cannot be an impulse.
fn listen(path: &Path) -> Result<Heard, String> {
    let loaded = load::open(path, LayoutChoice::Auto).map_err(|error| error.fault.to_string())?;
    let side = loaded.partner.and_then(|_| pair::other_name(path));
    let right_half = side.is_some_and(|(_, side)| side == Side::Right);
    let impulse = loaded.impulse;
    let t30_s = if right_half {
        None
    } else {
        middle_t30(&impulse)
    };
    let sound = Sound {
        t30_s,
        ..Sound::of(&impulse, loaded.format)
    };
    Ok(Heard {
        name: impulse.name,
        right_half,
        sound,
    })
}

/// T30mid of ISO 3382-1, A.2.4: the mean of the octaves at 500 Hz and 1 kHz, in s.
fn middle_t30(impulse: &ImpulseResponse) -> Option<f64> {
    let octaves = decay::decays(impulse).octaves;
    let at = |hz: f64| octaves.iter().find(|octave| octave.hz == hz)?.decay.t30;
    Some((at(500.0)? + at(1000.0)?) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    static NEVER: AtomicBool = AtomicBool::new(false);

    fn candidate(path: &Path) -> Candidate {
        Candidate {
            path: path.to_owned(),
            folder: path.parent().expect("a folder").to_owned(),
            stamp: Stamp::of(&fs::metadata(path).expect("a file")),
            beside: None,
        }
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_no_impulse_and_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        fs::write(&path, [7; 100]).expect("written");
        let mut grown = candidate(&path);
        grown.stamp.size = 90;
        let mut touched = candidate(&path);
        touched.stamp.modified_ns -= 5_000_000_000;
        for before in [grown, touched] {
            let record = examine(&before, &NEVER).expect("not stopped");
            assert_eq!(record.sound, Err(CHANGED.to_owned()));
            assert!(record.hash.is_none() && !record.settled);
        }
    }

    #[test]
    fn a_fresh_file_is_not_trusted_by_its_time_and_an_old_one_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        fs::write(&path, [7; 100]).expect("written");
        let fresh = examine(&candidate(&path), &NEVER).expect("not stopped");
        assert!(fresh.hash.is_some() && !fresh.settled);
        let file = fs::File::options().write(true).open(&path).expect("open");
        file.set_modified(SystemTime::now() - Duration::from_secs(3))
            .expect("set");
        assert!(
            examine(&candidate(&path), &NEVER)
                .expect("not stopped")
                .settled
        );
    }

    #[test]
    fn a_file_beyond_every_limit_is_not_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = folder.path().join("gone.wav");
        let error = hash(&gone, MAX_BYTES + 1, &NEVER).expect_err("too large");
        assert!(
            error.starts_with("expected at most 2147483648 bytes, but"),
            "{error}"
        );
    }

    #[test]
    fn stopped_means_nothing_is_read() {
        let stop = AtomicBool::new(true);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        fs::write(&path, [7; 100]).expect("written");
        assert!(examine(&candidate(&path), &stop).is_none());
    }
}

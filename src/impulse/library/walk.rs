//! Which files a folder has that may be impulses: names and stamps, nothing is opened.
//!
//! Guaranteed: ends on any tree. A folder is entered once, however many links lead to it; at most [`MAX_FOLDERS`] and
//! [`MAX_FILES`] are looked at. Hidden names are passed over: among them are the `._` files that archives made on
//! a Mac carry beside every impulse.

use super::scan::{Ended, Problem};
use crate::impulse::load::pair;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;
use walkdir::WalkDir;

/// What an impulse's file name may end in, in any case.
pub const EXTENSIONS: [&str; 9] = [
    "wav", "wave", "aif", "aiff", "flac", "ogg", "mp3", "caf", "conf",
];

/// The most files of a library.
pub const MAX_FILES: usize = 200_000;

/// The most folders that a scan enters.
pub const MAX_FOLDERS: usize = 200_000;

/// Folders within folders.
const MAX_DEPTH: usize = 64;

/// Whether the file name's end is one of [`EXTENSIONS`].
pub fn is_impulse_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|it| found.eq_ignore_ascii_case(it)))
}

/// What tells a changed file from an unchanged one without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// When it was last written, in ns since 1970 UTC; 0 where the file system does not say.
    pub modified_ns: i64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            size: metadata.len(),
            modified_ns: since.map_or(0, |since| {
                i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
            }),
        }
    }
}

/// A file that may be an impulse.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub path: PathBuf,
    pub folder: PathBuf,
    pub stamp: Stamp,
    /// The stamp of the file beside it that is by name the other half of a true-stereo impulse.
    pub beside: Option<Stamp>,
}

/// A folder of the library, as a walk met it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderState {
    /// It is there.
    Present,
    /// It is not, or not mounted.
    Missing,
    /// It is there and cannot be listed; why.
    Unreadable(String),
    /// It is, or lies in, a folder that stands before it in the list: its files are there already.
    Within,
}

/// All that the folders of a library hold.
#[derive(Debug)]
pub(super) struct Walked {
    pub candidates: Vec<Candidate>,
    pub folders: Vec<(PathBuf, FolderState)>,
    pub problems: Vec<Problem>,
    pub ended: Ended,
    entered: usize,
}

/// Walks the folders in this order, the files of each sorted by path. `found` is told how many there are so far.
pub(super) fn walk<'a>(
    folders: impl IntoIterator<Item = &'a Path>,
    stop: &AtomicBool,
    found: &mut dyn FnMut(usize),
) -> Walked {
    let mut walked = Walked {
        candidates: Vec::new(),
        folders: Vec::new(),
        problems: Vec::new(),
        ended: Ended::Whole,
        entered: 0,
    };
    let mut entered = HashSet::new();
    for folder in folders {
        let state = walk_one(folder, &mut entered, &mut walked, stop, found);
        walked.folders.push((folder.to_owned(), state));
    }
    walked
}

fn walk_one(
    folder: &Path,
    entered: &mut HashSet<PathBuf>,
    walked: &mut Walked,
    stop: &AtomicBool,
    found: &mut dyn FnMut(usize),
) -> FolderState {
    match fs::read_dir(folder).map(drop) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return FolderState::Unreadable("permission is denied".to_owned());
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => {
            return FolderState::Missing;
        }
        Err(error) => return FolderState::Unreadable(error.to_string()),
    }
    if walked.ended != Ended::Whole {
        return FolderState::Present;
    }
    if fs::canonicalize(folder).is_ok_and(|real| entered.contains(&real)) {
        return FolderState::Within;
    }
    let entries = WalkDir::new(folder)
        .follow_links(true)
        .max_depth(MAX_DEPTH)
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().as_encoded_bytes();
            if entry.depth() > 0 && (name.starts_with(b".") || name == b"__MACOSX") {
                return false;
            }
            // A folder whose true path cannot be had cannot be listed either: walking it says why.
            !entry.file_type().is_dir()
                || fs::canonicalize(entry.path()).map_or(true, |real| entered.insert(real))
        });
    let first = walked.candidates.len();
    for entry in entries {
        if stop.load(Ordering::Relaxed) {
            walked.ended = Ended::Stopped;
            break;
        }
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                // A link to a folder around it adds nothing and hides nothing; nor does one that leads nowhere, unless
                // it has an impulse's name.
                let round = error.loop_ancestor().is_some();
                let error = error.into_io_error();
                let gone = error.as_ref().map(io::Error::kind) == Some(io::ErrorKind::NotFound);
                if !round && (!gone || is_impulse_name(&path)) {
                    let what =
                        error.map_or_else(|| "it cannot be read".to_owned(), |e| e.to_string());
                    Problem::record(&mut walked.problems, path, what);
                }
                continue;
            }
        };
        walked.entered += usize::from(entry.file_type().is_dir());
        if walked.entered > MAX_FOLDERS || walked.candidates.len() >= MAX_FILES {
            walked.ended = Ended::TooMany;
            break;
        }
        if !entry.file_type().is_file() || !is_impulse_name(entry.path()) {
            continue;
        }
        match entry.metadata() {
            Ok(metadata) => walked.candidates.push(Candidate {
                stamp: Stamp::of(&metadata),
                path: entry.into_path(),
                folder: folder.to_owned(),
                beside: None,
            }),
            Err(error) => {
                let what = error.to_string();
                Problem::record(&mut walked.problems, entry.into_path(), what);
            }
        }
        found(walked.candidates.len());
    }
    // Sorted here, not while walking: a folder of millions of other files is never held in memory.
    walked.candidates[first..].sort_by(|a, b| a.path.cmp(&b.path));
    pair(&mut walked.candidates[first..]);
    FolderState::Present
}

/// Tells each half of a pair when the other was written. Sorted, so that of names that differ in case only, the first
/// counts, as in [`load`](crate::impulse::load).
fn pair(candidates: &mut [Candidate]) {
    let key = |path: &Path, name: &str| (path.parent().map(Path::to_owned), name.to_lowercase());
    let mut halves: HashMap<_, Stamp> = HashMap::new();
    for candidate in &*candidates {
        if let Some(name) = candidate.path.file_name().and_then(|name| name.to_str())
            && pair::other_name(&candidate.path).is_some()
        {
            halves
                .entry(key(&candidate.path, name))
                .or_insert(candidate.stamp);
        }
    }
    for candidate in candidates {
        let other = pair::other_name(&candidate.path);
        candidate.beside =
            other.and_then(|(name, _)| halves.get(&key(&candidate.path, &name)).copied());
    }
}

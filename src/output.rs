//! Files that are written whole or not at all, and the WAV among them.
//!
//! What is guaranteed: until [`Pending::place`] the file at the output's name is what it was
//! before, byte for byte, or is not there. What is written goes to a file beside it, which is synced to the
//! disk and renamed at the end. If anything stops the writing (an error, a full disk, Ctrl-C), that file is removed.
//! Only a process that is killed outright leaves one behind, named `.partita-….part`; the next one that writes to that folder
//! removes it, once it is [`STALE`] and nobody holds it.
//!
//! A recording cannot be made again: [`Pending::create_in_sight`] gives it a name that is found, `take.part-….wav`, and
//! [`Pending::place_or_leave`] never removes it.
//!
//! Not for the audio thread.

mod dither;
mod encode;
mod growing;
mod wav;

pub use encode::{Format, Written};
pub use growing::GrowingWav;
pub use wav::WavWriter;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;
use thiserror::Error;

/// How long ago a temporary file was last written before it may be taken for one that a killed process left. Who writes holds a lock on
/// it; this is for the moment between making and locking it, and for file systems where clocks differ.
pub const STALE: Duration = Duration::from_secs(600);

/// What happens to a file that is already there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the render fails.
    #[default]
    Keep,
    /// It is replaced, once the render is complete.
    Replace,
}

/// Why an output cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutputFault {
    /// It is there already.
    #[error("exists already; --force replaces it")]
    Exists,
    /// It is the input.
    #[error("is the input itself; choose another name")]
    IsInput,
    /// A folder, where a file was expected.
    #[error("is a folder; name a file in it, or use --output-dir")]
    IsFolder,
    /// A pipe or a device.
    #[error("is not a regular file; name a file on disk")]
    NotAFile,
    /// The folder to write to is not there.
    #[error("cannot be written: there is no folder {}; make it first", .0.display())]
    NoFolder(PathBuf),
    /// Longer than the WAV format can say.
    #[error(
        "would have {:.2} GB of samples; a WAV file holds at most 4.29 GB: {advice}", *bytes as f64 / 1e9
    )]
    TooLarge {
        /// Bytes of samples.
        bytes: u64,
        /// What the user can do.
        advice: &'static str,
    },
    /// The system says no.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// An output with its name checked, and nothing written yet.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    folder: PathBuf,
    existing: Existing,
}

impl Destination {
    /// Checks the name, which none of `inputs` may have. A link is followed, so that the file it leads to is the one replaced.
    /// Errors: [`OutputFault::Exists`], `IsInput`, `IsFolder`, `NotAFile`, `NoFolder`, `Io`.
    pub fn check(path: &Path, inputs: &[&Path], existing: Existing) -> Result<Self, OutputFault> {
        let mut target = path.to_owned();
        match fs::metadata(path) {
            Ok(kind) if kind.is_dir() => return Err(OutputFault::IsFolder),
            Ok(kind) if !kind.is_file() => return Err(OutputFault::NotAFile),
            Ok(_) => {
                target = fs::canonicalize(path)?;
                let is_target =
                    |input: &&Path| fs::canonicalize(input).is_ok_and(|it| it == target);
                if inputs.iter().any(is_target) {
                    return Err(OutputFault::IsInput);
                }
                if existing == Existing::Keep {
                    return Err(OutputFault::Exists);
                }
            }
            // A name that ends in a separator names a folder that is not there.
            Err(_) if path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
                return Err(OutputFault::NoFolder(path.to_owned()));
            }
            Err(_) => {}
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if !folder.is_dir() {
            return Err(OutputFault::NoFolder(folder));
        }
        Ok(Self {
            path: target,
            folder,
            existing,
        })
    }
}

/// A file being written, under a temporary name beside its own. Dropped before it is placed, it is removed.
#[derive(Debug)]
pub struct Pending {
    file: NamedTempFile,
    destination: Destination,
}

impl Pending {
    /// Makes the temporary file, and removes those that killed processes left in that folder. Errors: [`OutputFault::Io`].
    pub fn create(destination: Destination) -> Result<Self, OutputFault> {
        sweep(&destination.folder);
        let file = shared(&mut builder()).tempfile_in(&destination.folder)?;
        // Some file systems have no locks; there nothing is ever taken for stale either.
        let _ = file.as_file().try_lock();
        Ok(Self { file, destination })
    }

    /// The same with a name that says whose it is, for what must be found again if the process is killed: `take.wav`
    /// is written as `take.part-….wav`. Errors: [`OutputFault::Io`].
    pub fn create_in_sight(destination: Destination) -> Result<Self, OutputFault> {
        let name = |part: Option<&OsStr>| part.unwrap_or_default().to_owned();
        let mut prefix = name(destination.path.file_stem());
        if prefix.len() > STEM_BYTES {
            prefix = cut(&prefix).into();
        }
        prefix.push(".part-");
        let mut suffix = OsString::from(".");
        suffix.push(name(destination.path.extension()));
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(&suffix);
        let file = shared(&mut builder).tempfile_in(&destination.folder)?;
        Ok(Self { file, destination })
    }

    /// Where it is until it is placed.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Cuts it off after `bytes` bytes. Errors: those of the system.
    pub fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.file.as_file().set_len(bytes)
    }

    /// As [`Pending::place`], and gives the name; but if that fails the file stays under the name that it has, which is
    /// given with the error.
    pub fn place_or_leave(self) -> Result<PathBuf, (PathBuf, OutputFault)> {
        let (here, there) = (self.path().to_owned(), self.destination.path.clone());
        let placed = match self.file.as_file().sync_all() {
            Ok(()) => self.rename(),
            Err(error) => Err((self.file, error.into())),
        };
        match placed {
            Ok(()) => Ok(there),
            // It is no temporary file any more, so nothing removes it.
            Err((file, fault)) => match file.keep() {
                Ok(_) => Err((here, fault)),
                Err(failed) => Err((here, failed.error.into())),
            },
        }
    }

    /// Syncs the file to the disk and gives it its name.
    ///
    /// Errors: [`OutputFault::Exists`] if a file of that name has appeared meanwhile; `Io`.
    pub fn place(self) -> Result<(), OutputFault> {
        self.file.as_file().sync_all()?;
        self.rename().map_err(|(_, fault)| fault)
    }

    fn rename(self) -> Result<(), (NamedTempFile, OutputFault)> {
        let Destination {
            path,
            folder,
            existing,
        } = self.destination;
        let renamed = match existing {
            Existing::Replace => self.file.persist(&path),
            Existing::Keep => self.file.persist_noclobber(&path),
        };
        match renamed {
            Ok(_) => {
                // The name itself, where a folder can be synced; elsewhere the file system sees to it.
                let _ = File::open(folder).and_then(|folder| folder.sync_all());
                Ok(())
            }
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                Err((failed.file, OutputFault::Exists))
            }
            Err(failed) => Err((failed.file, failed.error.into())),
        }
    }

    /// Gives all of `files` their names, or none: what was placed before one failed is what it was before.
    ///
    /// Errors: as [`Pending::place`], with the index of the file. A process that is killed outright in between leaves
    /// some placed, each of them whole.
    pub fn place_all(files: Vec<Self>) -> Result<(), (usize, OutputFault)> {
        for (index, pending) in files.iter().enumerate() {
            let synced = pending.file.as_file().sync_all();
            synced.map_err(|error| (index, error.into()))?;
        }
        let mut placed: Vec<(PathBuf, Option<NamedTempFile<()>>)> = Vec::new();
        for (index, pending) in files.into_iter().enumerate() {
            let path = pending.destination.path.clone();
            let done = former(&pending.destination).and_then(|former| {
                pending.rename().map_err(|(_, fault)| fault)?;
                Ok(former)
            });
            match done {
                Ok(former) => placed.push((path, former)),
                Err(fault) => {
                    for (path, former) in placed.into_iter().rev() {
                        // The first failure is the one to tell of.
                        let _ = match former {
                            Some(former) => former.persist(&path).map(drop).map_err(|e| e.error),
                            None => fs::remove_file(&path),
                        };
                    }
                    return Err((index, fault));
                }
            }
        }
        Ok(())
    }
}

/// A second name for the file that is about to be replaced, if there is one; it goes when it is dropped. Not one of those that
/// are swept: a process that is killed between two names of a set leaves the old file under it.
fn former(destination: &Destination) -> Result<Option<NamedTempFile<()>>, OutputFault> {
    let path = &destination.path;
    if destination.existing == Existing::Keep || !path.is_file() {
        return Ok(None);
    }
    let second_name = |name: &Path| match fs::hard_link(path, name) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            // A file system without links.
            fs::copy(path, name).map(drop)
        }
        linked => linked,
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(".old");
    let kept = builder.make_in(&destination.folder, second_name)?;
    Ok(Some(kept))
}

const PREFIX: &str = ".partita-";
const SUFFIX: &str = ".part";

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

/// With the permissions that any new file of the user's would have; the umask takes its share of them.
fn shared<'b, 'p, 's>(
    builder: &'b mut tempfile::Builder<'p, 's>,
) -> &'b mut tempfile::Builder<'p, 's> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// What a temporary file's name takes of its own, in bytes, so that there is room for the rest: file systems have 255.
const STEM_BYTES: usize = 200;

fn cut(stem: &OsStr) -> String {
    let mut stem = stem.to_string_lossy().into_owned();
    stem.truncate(stem.floor_char_boundary(STEM_BYTES));
    stem
}

/// Removes temporary files of processes that were killed. What cannot be looked at stays.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let path = entry.path();
        let Ok(file) = File::open(&path) else {
            continue;
        };
        let written = file.metadata().and_then(|file| file.modified());
        let old = written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= STALE));
        if old && file.try_lock().is_ok() {
            let _ = fs::remove_file(&path);
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl Seek for Pending {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.as_file_mut().seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn pending(path: &Path, existing: Existing) -> Pending {
        let destination = Destination::check(path, &[], existing).expect("a free name");
        let mut file = Pending::create(destination).expect("made");
        file.write_all(b"new").expect("written");
        file
    }

    #[test]
    fn a_set_is_placed_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let three = |existing| {
            let files = ["a", "b", "c"].map(|name| pending(&path(name), existing));
            Vec::from(files)
        };
        // A name taken meanwhile.
        let files = three(Existing::Keep);
        fs::write(path("b"), "other").expect("written");
        let failed = Pending::place_all(files).expect_err("b is there");
        assert!(matches!(failed, (1, OutputFault::Exists)));
        assert_eq!(names(folder.path()), ["b"]);
        assert_eq!(fs::read(path("b")).expect("read"), b"other");
        // What was replaced comes back: a was there, b is new, c has become a folder.
        fs::rename(path("b"), path("a")).expect("renamed");
        let files = three(Existing::Replace);
        fs::create_dir(path("c")).expect("made");
        let failed = Pending::place_all(files).expect_err("c is a folder");
        assert!(matches!(failed, (2, OutputFault::Io(_))));
        assert_eq!(names(folder.path()), ["a", "c"]);
        assert_eq!(fs::read(path("a")).expect("read"), b"other");
        fs::remove_dir(path("c")).expect("removed");
        Pending::place_all(three(Existing::Replace)).expect("placed");
        assert_eq!(names(folder.path()), ["a", "b", "c"]);
        for name in ["a", "b", "c"] {
            assert_eq!(fs::read(path(name)).expect("read"), b"new");
        }
    }
}

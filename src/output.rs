//! Files that are written whole or not at all, and the WAV among them.
//!
//! What is guaranteed: until [`Pending::place`] the file at the output's name is what it was
//! before, byte for byte, or is not there. What is written goes to a file beside it, which is synced to the
//! disk and renamed at the end. If anything stops the writing (an error, a full disk, Ctrl-C), that file is removed.
//! Only a process that is killed outright leaves one behind, named `.partita-….part`.
//!
//! Not for the audio thread.

mod dither;
mod wav;

pub use wav::{Format, WavWriter, Written};

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use thiserror::Error;

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
    /// Makes the temporary file. Errors: [`OutputFault::Io`].
    pub fn create(destination: Destination) -> Result<Self, OutputFault> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".partita-").suffix(".part");
        // What any new file of the user's would have; the umask takes its share of it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(&destination.folder)?;
        Ok(Self { file, destination })
    }

    /// Syncs the file to the disk and gives it its name.
    ///
    /// Errors: [`OutputFault::Exists`] if a file of that name has appeared meanwhile; `Io`.
    pub fn place(self) -> Result<(), OutputFault> {
        self.file.as_file().sync_all()?;
        let Destination { path, existing, .. } = self.destination;
        let renamed = match existing {
            Existing::Replace => self.file.persist(&path),
            Existing::Keep => self.file.persist_noclobber(&path),
        };
        match renamed {
            Ok(_) => Ok(()),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(OutputFault::Exists)
            }
            Err(failed) => Err(failed.error.into()),
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

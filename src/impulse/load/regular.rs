//! Files whose names may come from a stranger, opened without waiting and without a side effect.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Component, Path, Prefix};
use thiserror::Error;

/// Why a file was not opened.
#[derive(Debug, Error)]
pub enum NotOpened {
    /// It is a folder.
    #[error("it is a folder")]
    Directory,
    /// A pipe, a device or a socket.
    #[error("it is no regular file")]
    NotAFile,
    /// The system says no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Opens a regular file for reading, and nothing else: to open a pipe is to wait for its writer, and to open a device may
/// do something. A link is followed.
///
/// Errors: every [`NotOpened`]. Not for the audio thread.
pub fn open_regular(path: &Path) -> Result<File, NotOpened> {
    // Asked before opening, and of what was opened: it may have become something else in between.
    regular(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NONBLOCK | libc::O_NOCTTY,
    );
    let file = options.read(true).open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

fn regular(kind: &fs::Metadata) -> Result<(), NotOpened> {
    if kind.is_dir() {
        return Err(NotOpened::Directory);
    }
    if !kind.is_file() {
        return Err(NotOpened::NotAFile);
    }
    Ok(())
}

/// Whether a path that a stranger wrote leads to another machine: on Windows, opening such a one tells that machine who
/// the user is.
pub(crate) fn names_another_machine(path: &Path) -> bool {
    path.components().any(|component| match component {
        Component::Prefix(prefix) => {
            !matches!(prefix.kind(), Prefix::Disk(_) | Prefix::VerbatimDisk(_))
        }
        _ => false,
    })
}

//! How the library's files come to the disk and back: whole or not at all, and paths of any bytes.

use crate::impulse::load::{NotOpened, open_regular};
use crate::output::{Destination, Existing, OutputFault, Pending};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Puts `bytes` at `path`: a reader sees the old file or the new one, whole, even if the power fails in between.
/// Makes its folder. A link at `path` stays a link.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let written = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        let destination = Destination::check(path, &[], Existing::Replace)?;
        let mut file = Pending::create(destination)?;
        file.write_all(bytes)?;
        file.place()
    };
    written().map_err(|fault| match fault {
        OutputFault::Io(error) => error,
        fault => io::Error::other(fault.to_string()),
    })
}

/// Reads a regular file of at most `limit` bytes; a larger one is an error of the kind `FileTooLarge`.
pub(super) fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = open_regular(path).map_err(|error| match error {
        NotOpened::Io(error) => error,
        kind => io::Error::other(kind.to_string()),
    })?;
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// A path as text where it is Unicode, else in serde's own form for such paths, which is a list of units.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Unicode(String),
    Other(OsString),
}

/// A path of any bytes, for lists and fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredPath(pub PathBuf);

impl Serialize for StoredPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => self.0.as_os_str().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for StoredPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Text::deserialize(deserializer)? {
            Text::Unicode(text) => text.into(),
            Text::Other(text) => text.into(),
        }))
    }
}

/// For `#[serde(with)]` on a path.
pub(super) mod path {
    use super::{Deserialize, Deserializer, Path, PathBuf, Serialize, Serializer, StoredPath};

    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        StoredPath(path.to_owned()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Ok(StoredPath::deserialize(deserializer)?.0)
    }
}

/// For `#[serde(with)]` on a path that need not be there.
pub(super) mod optional_path {
    use super::{Deserialize, Deserializer, PathBuf, Serialize, Serializer, StoredPath};

    pub fn serialize<S: Serializer>(
        path: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        path.clone().map(StoredPath).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<StoredPath>::deserialize(deserializer)?.map(|path| path.0))
    }
}

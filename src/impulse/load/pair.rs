//! Two stereo files that are one true-stereo impulse: the left source's (LL, LR) and the right source's (RL, RR).

use std::fs;
use std::path::{Path, PathBuf};

/// Which source a file's name speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::impulse) enum Side {
    Left,
    Right,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    fn words(self) -> [&'static str; 2] {
        match self {
            Self::Left => ["l", "left"],
            Self::Right => ["r", "right"],
        }
    }
}

/// `Hall_L`, `Hall-left`, `Hall L`, in any case → `Hall`, and the side.
pub(in crate::impulse) fn split(stem: &str) -> Option<(&str, Side)> {
    let (name, word) = stem.rsplit_once(['_', ' ', '-'])?;
    let word = word.to_ascii_lowercase();
    let side = [Side::Left, Side::Right]
        .into_iter()
        .find(|side| side.words().contains(&word.as_str()))?;
    let name = name.trim_end_matches(['_', ' ', '-']);
    (!name.is_empty()).then_some((name, side))
}

/// What the other half of `path` must be called, whatever the case of its letters: same name, same way of saying the
/// side, same extension. The side is that of `path`.
pub(in crate::impulse) fn other_name(path: &Path) -> Option<(String, Side)> {
    let stem = path.file_stem()?.to_str()?;
    let (_, side) = split(stem)?;
    let at = stem.rfind(['_', ' ', '-'])? + 1;
    let [short, long] = side.other().words();
    let word = if stem.len() - at == 1 { short } else { long };
    let extension = path.extension().and_then(|extension| extension.to_str());
    let name = match extension {
        Some(extension) => format!("{}{word}.{extension}", &stem[..at]),
        None => format!("{}{word}", &stem[..at]),
    };
    Some((name.to_lowercase(), side))
}

/// The other half that lies beside `path`. The side is that of `path`.
pub(super) fn partner(path: &Path) -> Option<(PathBuf, Side)> {
    let (wanted, side) = other_name(path)?;
    // By listing, since most file systems tell case apart; of several that differ in case only, the first by name.
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let mut found: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.to_lowercase() == wanted)
        .collect();
    found.sort();
    let other = path.with_file_name(found.first()?);
    other.is_file().then_some((other, side))
}

//! Where the user's impulses, the settings of the library and its cache lie on this machine.
//!
//! | | impulses | settings | cache |
//! |---|---|---|---|
//! | Linux, BSD | `$XDG_DATA_HOME/partita/impulses` | `$XDG_CONFIG_HOME/partita/library.toml` | `$XDG_CACHE_HOME/partita/library.index` |
//! | macOS | `~/Library/Application Support/Partita/Impulses` | `…/Application Support/Partita/library.toml` | `~/Library/Caches/Partita/library.index` |
//! | Windows | `%APPDATA%\Partita\Impulses` | `%APPDATA%\Partita\library.toml` | `%LOCALAPPDATA%\Partita\library.index` |
//!
//! The user's presets lie beside the impulses, in `presets` (`Presets`).
//!
//! `PARTITA_HOME`, where it is set, stands for all of them: see [`Places::under`]. Nothing is created before it is written to.

use etcetera::BaseStrategy;
use std::env;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The folder and files of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The folder for the user's impulses. It need not exist.
    pub impulses: PathBuf,
    /// The folder for the user's presets. It need not exist.
    pub presets: PathBuf,
    /// The settings file: added folders, favourites, recent impulses.
    pub settings: PathBuf,
    /// The index of what the last scan found. May be deleted at any time.
    pub index: PathBuf,
}

/// The system names no home folder for this user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected a home folder for this user, but the system names none; set PARTITA_HOME to a folder for impulses and settings"
)]
pub struct NoHome;

/// macOS and Windows name folders like programs; elsewhere they are in lower case.
const TITLED: bool = cfg!(any(target_vendor = "apple", windows));

impl Places {
    /// The places of the user who runs the program. Loader thread.
    pub fn of_this_user() -> Result<Self, NoHome> {
        if let Some(home) = env::var_os("PARTITA_HOME").filter(|home| !home.is_empty()) {
            let home = PathBuf::from(home);
            // Fails only where the current folder has gone.
            return Ok(Self::under(&std::path::absolute(&home).unwrap_or(home)));
        }
        let base = etcetera::base_strategy::choose_native_strategy().map_err(|_| NoHome)?;
        let name = if TITLED { "Partita" } else { "partita" };
        let data = base.data_dir().join(name);
        // Apple's Preferences folder belongs to its own property lists.
        let config = if cfg!(target_vendor = "apple") {
            data.clone()
        } else {
            base.config_dir().join(name)
        };
        Ok(Self {
            presets: data.join(if TITLED { "Presets" } else { "presets" }),
            impulses: data.join(if TITLED { "Impulses" } else { "impulses" }),
            settings: config.join("library.toml"),
            index: base.cache_dir().join(name).join("library.index"),
        })
    }

    /// Everything under one folder: `impulses/`, `presets/`, `library.toml` and `cache/library.index`.
    pub fn under(folder: &Path) -> Self {
        Self {
            presets: folder.join("presets"),
            impulses: folder.join("impulses"),
            settings: folder.join("library.toml"),
            index: folder.join("cache").join("library.index"),
        }
    }
}

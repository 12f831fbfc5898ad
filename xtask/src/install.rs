//! `cargo xtask install`: the bundles where hosts look for them, for this user.
//!
//! The folders are those of CLAP's `entry.h` and of Steinberg's "Plug-in Locations"; the ones of a user, because the
//! system's need an administrator.

use crate::bundle;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[derive(clap::Args)]
pub struct Arguments {
    /// Remove what was installed, build nothing
    #[arg(long)]
    uninstall: bool,
}

/// Builds the bundles and copies them, or removes them; prints where.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let folders = folders(System::of_this_build(), |name| env::var_os(name))?;
    if arguments.uninstall {
        for (name, folder) in bundle::NAMES.iter().zip(&folders) {
            let place = folder.join(name);
            let removed =
                remove(&place).map_err(|error| format!("{}: {error}", place.display()))?;
            let done = if removed { "removed" } else { "not there" };
            println!("xtask: {}: {done}", place.display());
        }
        return Ok(());
    }
    let bundles = bundle::make()?;
    for (bundle, folder) in bundles.iter().zip(&folders) {
        let place =
            install(bundle, folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        println!("xtask: installed {}", place.display());
    }
    println!("xtask: have your host scan its plugins again");
    Ok(())
}

#[derive(Clone, Copy)]
enum System {
    /// Linux and the BSDs.
    Unix,
    MacOs,
    Windows,
}

impl System {
    fn of_this_build() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Unix
        }
    }
}

/// Where a user's plugins are, in the order of [`bundle::NAMES`].
fn folders(
    system: System,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<[PathBuf; 2], String> {
    let (base, clap, vst3): (_, &[&str], &[&str]) = match system {
        System::Unix => ("HOME", &[".clap"], &[".vst3"]),
        System::MacOs => (
            "HOME",
            &["Library", "Audio", "Plug-Ins", "CLAP"],
            &["Library", "Audio", "Plug-Ins", "VST3"],
        ),
        System::Windows => (
            "LOCALAPPDATA",
            &["Programs", "Common", "CLAP"],
            &["Programs", "Common", "VST3"],
        ),
    };
    let home = variable(base).filter(|value| !value.is_empty());
    let home = home.map(PathBuf::from).ok_or_else(|| {
        format!(
            "the variable {base} is not set: set it to the folder that has your plugins' folders"
        )
    })?;
    let under = |names: &[&str]| {
        names
            .iter()
            .fold(home.clone(), |path, name| path.join(name))
    };
    Ok([under(clap), under(vst3)])
}

/// Puts the bundle into the folder in place of an older one. A host that has the older one open keeps it: its file is
/// unlinked, not written over.
pub fn install(bundle: &Path, folder: &Path) -> io::Result<PathBuf> {
    let name = bundle.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = OsString::from(".new-");
    hidden.push(name);
    let (beside, place) = (folder.join(hidden), folder.join(name));
    fs::create_dir_all(folder)?;
    remove(&beside)?;
    copy(bundle, &beside)?;
    remove(&place)?;
    fs::rename(&beside, &place)?;
    Ok(place)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Removes a file, a folder, or a link and not what it leads to. Returns whether there was one.
fn remove(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path)?,
        Ok(_) => fs::remove_file(path)?,
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_each_system() {
        let only = |wanted: &'static str, is: &'static str| {
            move |name: &str| (name == wanted).then(|| OsString::from(is))
        };
        let expected = |clap: &str, vst3: &str| Ok([clap, vst3].map(PathBuf::from));
        assert_eq!(
            folders(System::Unix, only("HOME", "/home/ann")),
            expected("/home/ann/.clap", "/home/ann/.vst3")
        );
        let plugins = "/Users/ann/Library/Audio/Plug-Ins";
        assert_eq!(
            folders(System::MacOs, only("HOME", "/Users/ann")),
            expected(&format!("{plugins}/CLAP"), &format!("{plugins}/VST3"))
        );
        // The separator is that of the system this runs on; Windows takes both.
        let local = r"C:\Users\Ann\AppData\Local";
        assert_eq!(
            folders(System::Windows, only("LOCALAPPDATA", local)),
            expected(
                &format!("{local}/Programs/Common/CLAP"),
                &format!("{local}/Programs/Common/VST3")
            )
        );
    }

    #[test]
    fn without_a_home_it_says_which_variable() {
        for (system, name) in [
            (System::Unix, "HOME"),
            (System::MacOs, "HOME"),
            (System::Windows, "LOCALAPPDATA"),
        ] {
            for value in [None, Some(OsString::new())] {
                let refused = folders(system, |_| value.clone()).expect_err("no folder");
                assert!(refused.contains(name), "{refused}");
            }
        }
    }

    #[test]
    fn replaces_an_older_bundle_whole_and_removes_nothing_else() {
        let at = tempfile::tempdir().expect("a folder");
        let bundle = at.path().join("made").join("Partita.vst3");
        fs::create_dir_all(bundle.join("Contents/new")).expect("made");
        fs::write(bundle.join("Contents/new/Partita.so"), "new").expect("made");
        let folder = at.path().join("home").join(".vst3");
        let older = folder.join("Partita.vst3");
        fs::create_dir_all(older.join("Contents/old")).expect("made");
        fs::write(folder.join("Other.vst3"), "another's").expect("made");

        for _ in 0..2 {
            let place = install(&bundle, &folder).expect("installed");
            assert_eq!(place, older);
            let inside = fs::read_to_string(place.join("Contents/new/Partita.so"));
            assert_eq!(inside.expect("there"), "new");
            assert!(!place.join("Contents/old").exists());
        }
        assert!(remove(&older).expect("removed"));
        assert!(!remove(&older).expect("nothing to remove"));
        let left: Vec<_> = fs::read_dir(&folder).expect("there").collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(bundle.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_goes_and_what_it_leads_to_stays() {
        let at = tempfile::tempdir().expect("a folder");
        let made = at.path().join("made");
        fs::create_dir(&made).expect("made");
        let link = at.path().join("Partita.vst3");
        std::os::unix::fs::symlink(&made, &link).expect("a link");
        assert!(remove(&link).expect("removed"));
        assert!(made.exists() && !link.exists());
    }
}

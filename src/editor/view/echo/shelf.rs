//! The user's echoes, one TOML file each, in `echoes` beside the user's impulses; and WAV files of them. Everything that
//! touches a file is done on threads of its own.

use crate::impulse::ImpulseResponse;
use crate::impulse::echo::Echo;
use crate::impulse::library::Places;
use crate::impulse::save::{self, Existing, Format};
use crate::output::{Destination, Pending};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The largest file that is read as an echo, in bytes: taps for 65536 spikes would be larger, nobody draws them.
const MAX_BYTES: u64 = 1 << 20;

/// What a file of an echo is called.
const EXTENSION: &str = "toml";

/// An echo with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The file's name.
    pub name: String,
    /// Its taps.
    pub echo: Echo,
}

/// What came of an errand.
enum Done {
    /// All that is there.
    Listed(Vec<Kept>),
    /// A sentence for the user, and whether it is good news.
    Told(Result<String, String>),
}

/// The shelf.
pub struct Shelf {
    folder: Option<PathBuf>,
    kept: Vec<Kept>,
    told: Option<Result<String, String>>,
    sent: Sender<Done>,
    came: Receiver<Done>,
    threads: Vec<JoinHandle<()>>,
    listed: bool,
}

impl Default for Shelf {
    fn default() -> Self {
        let (sent, came) = unbounded();
        Self {
            folder: Places::of_this_user().ok().map(|places| folder(&places)),
            kept: Vec::new(),
            told: None,
            sent,
            came,
            threads: Vec::new(),
            listed: false,
        }
    }
}

/// Where the user's echoes are.
fn folder(places: &Places) -> PathBuf {
    let titled = places
        .impulses
        .file_name()
        .is_some_and(|it| it == "Impulses");
    places
        .impulses
        .with_file_name(if titled { "Echoes" } else { "echoes" })
}

impl Shelf {
    /// Keeps echoes in that folder. Main thread.
    pub fn in_folder(&mut self, folder: PathBuf) {
        (self.folder, self.listed) = (Some(folder), false);
    }

    /// What is there, as far as it has been read. Main thread.
    pub fn kept(&mut self) -> &[Kept] {
        if !self.listed {
            self.listed = true;
            self.list();
        }
        &self.kept
    }

    /// What came of the last errand: a sentence. Main thread.
    pub fn told(&self) -> Option<&Result<String, String>> {
        self.told.as_ref()
    }

    /// Says something in its stead. Main thread.
    pub fn tell(&mut self, what: Option<Result<String, String>>) {
        self.told = what;
    }

    /// Whether something new has come. Main thread.
    pub fn poll(&mut self) -> bool {
        let mut new = false;
        while let Ok(done) = self.came.try_recv() {
            new = true;
            match done {
                Done::Listed(kept) => self.kept = kept,
                Done::Told(told) => self.told = Some(told),
            }
        }
        self.threads.retain(|thread| !thread.is_finished());
        new
    }

    /// Waits for what is under way. Main thread.
    pub fn wait(&mut self) {
        for thread in self.threads.drain(..) {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
        self.poll();
    }

    fn run(&mut self, work: impl FnOnce() -> Vec<Done> + Send + 'static) {
        let sent = self.sent.clone();
        let thread = std::thread::Builder::new().name("partita echoes".to_owned());
        let spawned = thread.spawn(move || {
            for done in work() {
                // Fails when the window has gone: nobody is to be told.
                let _ = sent.send(done);
            }
        });
        match spawned {
            Ok(thread) => self.threads.push(thread),
            Err(error) => {
                self.told = Some(Err(format!("expected a thread to write with: {error}")))
            }
        }
    }

    fn list(&mut self) {
        if let Some(folder) = self.folder.clone() {
            self.run(move || vec![Done::Listed(all(&folder))]);
        }
    }

    /// Keeps `echo` under that name; a kept one of that name is replaced. Main thread.
    pub fn keep(&mut self, name: &str, echo: &Echo) {
        let Some(folder) = self.folder.clone() else {
            self.told = Some(Err(
                "expected a home folder for this user; set PARTITA_HOME to one".to_owned(),
            ));
            return;
        };
        let (name, echo) = (name.trim().to_owned(), echo.clone());
        self.run(move || {
            let told = write(&folder, &name, &echo).map(|()| format!("Saved {name}"));
            vec![Done::Told(told), Done::Listed(all(&folder))]
        });
    }

    /// Takes a kept echo off the shelf. Main thread.
    pub fn remove(&mut self, name: &str) {
        let (Some(folder), true) = (
            self.folder.clone(),
            self.kept.iter().any(|kept| kept.name == name),
        ) else {
            return;
        };
        let name = name.to_owned();
        self.run(move || {
            let path = folder.join(format!("{name}.{EXTENSION}"));
            let told = match fs::remove_file(path) {
                Ok(()) => Ok(format!("Deleted {name}")),
                Err(error) => Err(format!("{name}: expected to delete it: {error}")),
            };
            vec![Done::Told(told), Done::Listed(all(&folder))]
        });
    }

    /// Writes what `make` makes to a WAV file of 32-bit floats; one that is there is replaced only if `existing` says so. Main
    /// thread.
    pub fn write_wav(
        &mut self,
        path: PathBuf,
        existing: Existing,
        make: impl FnOnce() -> Result<Arc<ImpulseResponse>, String> + Send + 'static,
    ) {
        self.run(move || {
            let impulse = match make() {
                Ok(impulse) => impulse,
                Err(error) => return vec![Done::Told(Err(error))],
            };
            let options = save::Options {
                format: Format::F32,
                existing,
                ..save::Options::default()
            };
            let told = match save::write(&path, &impulse, options) {
                Ok(saved) => Ok(format!("Wrote {}", saved.path.display())),
                Err(error) => Err(error.to_string()),
            };
            vec![Done::Told(told)]
        });
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.wait();
    }
}

/// All echoes of a folder, by name. What is none is left out.
fn all(folder: &Path) -> Vec<Kept> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut kept: Vec<Kept> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == EXTENSION))
        .filter_map(|path| {
            let small = fs::metadata(&path).is_ok_and(|it| it.is_file() && it.len() <= MAX_BYTES);
            let text = fs::read_to_string(&path).ok().filter(|_| small)?;
            Some(Kept {
                name: path.file_stem()?.to_str()?.to_owned(),
                echo: toml::from_str(&text).ok()?,
            })
        })
        .collect();
    kept.sort_by_key(|kept| kept.name.to_lowercase());
    kept
}

fn write(folder: &Path, name: &str, echo: &Echo) -> Result<(), String> {
    let plain = !name.is_empty()
        && name.len() <= 80
        && !name.starts_with('.')
        && !name.contains(|c: char| c.is_control() || "/\\:*?\"<>|".contains(c));
    if !plain {
        return Err(format!(
            "expected a name of 1 to 80 letters without / \\ : * ? \" < > |, got {name:?}"
        ));
    }
    let text = toml::to_string(echo).map_err(|error| format!("{name}: {error}"))?;
    let path = folder.join(format!("{name}.{EXTENSION}"));
    fs::create_dir_all(folder)
        .map_err(|error| format!("expected to make {}: {error}", folder.display()))?;
    let placed = || {
        let destination = Destination::check(&path, &[], Existing::Replace)?;
        let mut file = Pending::create(destination)?;
        Ok((file.write_all(text.as_bytes()), file))
    };
    let placed: Result<_, save::OutputFault> = placed();
    let (written, file) = placed.map_err(|fault| format!("{name}: {fault}"))?;
    written.map_err(|error| format!("{name}: {error}"))?;
    file.place().map_err(|fault| format!("{name}: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impulse::echo::Preset;

    #[test]
    fn an_echo_comes_back_as_it_was_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut shelf = Shelf::default();
        shelf.in_folder(folder.path().join("echoes"));
        for preset in Preset::ALL {
            shelf.keep(preset.name(), &preset.echo());
        }
        shelf.wait();
        shelf.keep("a/b", &Preset::Slap.echo());
        shelf.wait();
        let told = shelf.told().expect("told").as_ref();
        assert!(told.expect_err("no name").starts_with("expected a name"));
        fs::write(folder.path().join("echoes/broken.toml"), "taps = 3").expect("written");
        shelf.in_folder(folder.path().join("echoes"));
        shelf.kept();
        shelf.wait();
        let kept = shelf.kept().to_vec();
        assert_eq!(kept.len(), Preset::ALL.len());
        for kept in &kept {
            let preset: Preset = kept.name.parse().expect("a preset");
            assert_eq!(kept.echo, preset.echo());
        }
        shelf.remove("slap");
        shelf.wait();
        assert_eq!(shelf.kept().len(), Preset::ALL.len() - 1);
    }
}

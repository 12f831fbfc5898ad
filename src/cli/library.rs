//! `partita library`: the user's folders and favourites, and what is in them.

use super::{Exit, exit, say};
use crate::impulse::library::{
    Changed, Ended, FolderKind, FolderState, IndexState, Library, Places, Report, SettingsError,
    resolve,
};
use crate::loader::scanning::Scanning;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read what is new or changed in the folders
    Scan {
        /// Print a JSON object
        #[arg(long)]
        json: bool,
    },
    /// List the folders, missing ones too
    Folders {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Add folders of impulses
    Add {
        /// Folders that are there
        #[arg(required = true, value_name = "FOLDER")]
        folders: Vec<PathBuf>,
    },
    /// Take folders out of the library; what is in them stays on the disk
    Remove {
        /// Folders of the library, missing ones too
        #[arg(required = true, value_name = "FOLDER")]
        folders: Vec<PathBuf>,
    },
    /// Mark impulses; `partita impulse list --favourites` lists them
    Favourite {
        /// Names of impulses, or files
        #[arg(required = true, value_name = "NAME|FILE")]
        impulses: Vec<PathBuf>,
    },
    /// Unmark impulses, missing ones too
    Unfavourite {
        /// Names of favourites, or their files
        #[arg(required = true, value_name = "NAME|FILE")]
        impulses: Vec<PathBuf>,
    },
}

pub(super) fn run(args: &Args) -> Exit {
    let library = match open() {
        Ok(library) => library,
        Err(exit) => return exit,
    };
    match &args.command {
        Command::Scan { json } => scan(library, *json),
        Command::Folders { json } => folders(&library, *json),
        Command::Add { folders } => each(folders, library, add),
        Command::Remove { folders } => each(folders, library, remove),
        Command::Favourite { impulses } => each(impulses, library, favourite),
        Command::Unfavourite { impulses } => each(impulses, library, unfavourite),
    }
}

/// The library of the user who runs the program. What goes wrong has been said.
pub(super) fn open() -> Result<Library, Exit> {
    let places = Places::of_this_user().map_err(|error| {
        say::error(error);
        Exit::Input
    })?;
    Library::open(places).map_err(|error| refuse(&error))
}

/// Says it, and which code goes with it.
fn refuse(error: &SettingsError) -> Exit {
    say::error(error);
    match error {
        SettingsError::Io { verb: "write", .. } | SettingsError::Busy { .. } => Exit::Output,
        _ => Exit::Input,
    }
}

/// Scans, with a progress bar on a terminal. An interrupt ends it; what was read is kept.
pub(super) fn refresh(library: Library) -> Result<(Library, Report), Exit> {
    static STOP: AtomicBool = AtomicBool::new(false);
    // Without it an interrupt still loses nothing but the work of the last seconds.
    let _ = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed));
    if let IndexState::Unusable(why) = library.index_state() {
        say::error(format_args!(
            "warning: {}: the index cannot be used ({why}); every file is read again",
            library.places().index.display()
        ));
    }
    let scanning = Scanning::start(library).map_err(|error| {
        say::error(format_args!(
            "expected to start a thread, but the system reports: {error}"
        ));
        Exit::Impulse
    })?;
    let bar = progress();
    while !scanning.is_finished() {
        if STOP.load(Ordering::Relaxed) {
            scanning.stop();
        }
        let progress = scanning.progress();
        if let Some(to_read) = progress.to_read {
            bar.set_length(to_read as u64);
            bar.set_position(progress.read as u64);
        }
        thread::sleep(Duration::from_millis(2));
    }
    bar.finish_and_clear();
    let (library, report) = scanning.finish();
    if report.ended == Ended::Stopped {
        say::error(format_args!(
            "interrupted; {} files were read and are kept, the others are as they were",
            report.read
        ));
        return Err(Exit::Interrupted);
    }
    Ok((library, report))
}

fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:32} {pos} of {len} impulses read  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// What a scan could not do, on stderr; at most `most` lines of each kind.
pub(super) fn warn(library: &Library, report: &Report, most: usize) {
    let mut lines = Vec::new();
    for folder in library.folders() {
        let why = match &folder.state {
            FolderState::Missing if folder.kind == FolderKind::Added => "the folder is missing",
            FolderState::Unreadable(why) => why,
            _ => continue,
        };
        lines.push(format!(
            "{}: {why}; what was in it ({}) is listed as it was",
            folder.path.display(),
            say::count(folder.files, "impulse")
        ));
    }
    let problems = report.problems.iter();
    lines.extend(problems.map(|problem| format!("{}: {}", problem.path.display(), problem.what)));
    if report.ended == Ended::TooMany {
        lines.push(
            "the folders hold more files than a library may have; add smaller folders".to_owned(),
        );
    }
    for line in lines.iter().take(most) {
        say::error(format_args!("warning: {line}"));
    }
    if lines.len() > most {
        say::error(format_args!(
            "warning: {} more; `partita library scan` says which",
            lines.len() - most
        ));
    }
}

fn scan(library: Library, json: bool) -> Exit {
    let (library, report) = match refresh(library) {
        Ok(done) => done,
        Err(exit) => return exit,
    };
    let faulty = library
        .entries()
        .iter()
        .filter_map(|entry| Some((entry.path()?, entry.sound.as_ref().err()?)));
    if json {
        let problems = report.problems.iter();
        let problems =
            problems.map(|it| json!({"path": it.path.to_string_lossy(), "what": it.what}));
        let faulty =
            faulty.map(|(path, why)| json!({"path": path.to_string_lossy(), "error": why}));
        say::result(json!({
            "files": report.files,
            "read": report.read,
            "reused": report.reused,
            "missing": report.missing,
            "dropped": report.dropped,
            "faulty": faulty.collect::<Vec<_>>(),
            "problems": problems.collect::<Vec<_>>(),
            "complete": report.ended == Ended::Whole,
            "folders": folders_json(&library),
        }));
        return Exit::Ok;
    }
    warn(&library, &report, usize::MAX);
    for (path, why) in faulty {
        say::error(format_args!("warning: {}: {why}", path.display()));
    }
    let mut line = format!(
        "{} in {}: {} read, {} as before",
        say::count(report.files, "impulse file"),
        say::count(library.folders().len(), "folder"),
        report.read,
        report.reused
    );
    for (count, what) in [
        (report.missing, "missing"),
        (report.dropped, "gone"),
        (report.faulty, "not usable"),
    ] {
        if count > 0 {
            line += &format!(", {count} {what}");
        }
    }
    say::result(line);
    Exit::Ok
}

fn folders(library: &Library, json: bool) -> Exit {
    if json {
        say::result(folders_json(library));
        return Exit::Ok;
    }
    for folder in library.folders() {
        let state = match (&folder.state, folder.kind) {
            (FolderState::Present | FolderState::Within, _) => String::new(),
            (FolderState::Missing, FolderKind::Own) => {
                "  (not there yet: put impulses here)".into()
            }
            (FolderState::Missing, FolderKind::Added) => "  (missing)".into(),
            (FolderState::Unreadable(why), _) => format!("  ({why})"),
        };
        say::result(format_args!(
            "{:>7}  {}{state}",
            folder.files,
            say::one_line(&folder.path.display().to_string())
        ));
    }
    Exit::Ok
}

fn folders_json(library: &Library) -> serde_json::Value {
    let folders = library.folders().iter().map(|folder| {
        json!({
            "path": folder.path.to_string_lossy(),
            "kind": match folder.kind {
                FolderKind::Own => "own",
                FolderKind::Added => "added",
            },
            "state": match folder.state {
                FolderState::Present | FolderState::Within => "present",
                FolderState::Missing => "missing",
                FolderState::Unreadable(_) => "unreadable",
            },
            "files": folder.files,
        })
    });
    folders.collect()
}

/// One after the other; the code is that of the first that failed.
fn each(
    what: &[PathBuf],
    mut library: Library,
    act: fn(&mut Library, &Path) -> Result<(), Exit>,
) -> Exit {
    let done: Vec<_> = what.iter().map(|one| act(&mut library, one)).collect();
    done.into_iter().find_map(Result::err).unwrap_or(Exit::Ok)
}

fn add(library: &mut Library, folder: &Path) -> Result<(), Exit> {
    let changed = library.add_folder(folder).map_err(|error| refuse(&error))?;
    let folder = say::one_line(&folder.display().to_string());
    say::result(match changed {
        Changed::Now => format!("{folder}: added"),
        Changed::Already => format!("{folder}: is in the library already"),
    });
    Ok(())
}

fn remove(library: &mut Library, folder: &Path) -> Result<(), Exit> {
    let changed = library
        .remove_folder(folder)
        .map_err(|error| refuse(&error))?;
    if changed == Changed::Already {
        let own = std::path::absolute(folder).is_ok_and(|it| it == library.places().impulses);
        say::error(format_args!(
            "{}: expected a folder that was added, but {}",
            folder.display(),
            if own {
                "this is the library's own; move its files away instead"
            } else {
                "this is none; `partita library folders` lists them"
            }
        ));
        return Err(Exit::Input);
    }
    say::result(format_args!(
        "{}: taken out of the library; its files are where they were",
        say::one_line(&folder.display().to_string())
    ));
    Ok(())
}

fn favourite(library: &mut Library, impulse: &Path) -> Result<(), Exit> {
    let source = resolve(impulse).map_err(|error| {
        say::error(error);
        Exit::Impulse
    })?;
    let reference = library.reference_to(&source);
    if let (Some(path), None) = (&reference.path, reference.hash) {
        say::error(format_args!(
            "{}: expected a file that can be read, but there is none; check the path",
            path.display()
        ));
        return Err(Exit::Impulse);
    }
    let name = say::one_line(&reference.name);
    let changed = library
        .favourite(reference)
        .map_err(|error| refuse(&error))?;
    say::result(match changed {
        Changed::Now => format!("{name}: is a favourite"),
        Changed::Already => format!("{name}: is a favourite already"),
    });
    Ok(())
}

fn unfavourite(library: &mut Library, impulse: &Path) -> Result<(), Exit> {
    let named: Vec<_> = library
        .favourites_named(impulse)
        .into_iter()
        .cloned()
        .collect();
    match named.as_slice() {
        [] => {
            say::error(format_args!(
                "{}: expected a favourite, but none is called so; `partita impulse list --favourites` lists them",
                impulse.display()
            ));
            Err(Exit::Impulse)
        }
        [one] => {
            library.unfavourite(one).map_err(|error| refuse(&error))?;
            let name = say::one_line(&one.name);
            say::result(format_args!("{name}: is a favourite no longer"));
            Ok(())
        }
        several => {
            let paths: Vec<_> = several
                .iter()
                .map(|one| match &one.path {
                    Some(path) => path.display().to_string(),
                    None => "the factory impulse".to_owned(),
                })
                .collect();
            say::error(format_args!(
                "{}: expected the name of one favourite, but {} have it; name the file: {}",
                impulse.display(),
                several.len(),
                paths.join(", ")
            ));
            Err(Exit::Impulse)
        }
    }
}

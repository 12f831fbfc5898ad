//! `cargo xtask ardour`: the VST3 bundle in Ardour 7, without a screen: scanned, put on a track of a session, exported, and
//! the export held against what `partita render` makes of the same preset.

use crate::demo::phrase;
use crate::test::{cargo, workspace};
use crate::{bundle, install, system};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Where Debian's ardour has what is not in the path.
const LIBRARY: &str = "/usr/lib/ardour7";

/// `PartitaConvolver` in hexadecimal, as Ardour names VST3 plugins.
const PLUGIN_ID: &str = "50617274697461436F6E766F6C766572";

const IMPULSE: &str = "plate";

/// What is set: the parameter as the host shows it, its key, and its plain value. Sound and shape, and a slot.
const SETTINGS: [(&str, &str, &str); 7] = [
    ("Mix", "mix", "40"),
    ("Output gain", "output_gain", "-3"),
    ("Pre-delay", "predelay", "25"),
    ("Width", "width", "120"),
    ("Size", "size", "80"),
    ("Decay", "decay", "30"),
    ("Impulse", "impulse", "5"),
];

/// Length of the session in seconds: the phrase of four, and the impulse.
const SECONDS: usize = 9;
const RATE: usize = 48_000;

/// The bound of live against rendered, which `partita selftest` holds; a host that passes f32 on at unit gain adds −150 dB.
const LIMIT_DB: f64 = -120.0;

/// Runs it, and prints how far export and rendering are apart. The error says which step failed.
pub fn run() -> Result<(), String> {
    if !system::runs("ardour7-lua", &["--version"]) {
        system::install(&["ardour"])?;
    }
    let [_, vst3] = bundle::make()?;
    let target = bundle::target_directory()?;
    let renderer = renderer(&target)?;
    let folder = target.join("ardour");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let home = folder.join("home");
    install::install(&vst3, &home.join(".vst3"))
        .map_err(|error| format!("{}: {error}", home.display()))?;
    let bundle = home.join(".vst3").join(bundle::NAMES[1]);
    scan(&bundle, &home)?;

    let [dry, exported, rendered] =
        ["dry.wav", "exported.wav", "rendered.wav"].map(|name| folder.join(name));
    phrase::write(&dry).map_err(|error| format!("{}: {error}", dry.display()))?;
    let session = folder.join("session");
    export(&session, &dry, &exported, &home)?;
    render(&renderer, &dry, &rendered)?;

    let (got, wanted) = (samples(&exported)?, samples(&rendered)?);
    if got.len() != wanted.len() {
        return Err(format!(
            "Ardour exported {} samples, the renderer made {}",
            got.len(),
            wanted.len()
        ));
    }
    let power = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>();
    let difference = power(&mut got.iter().zip(&wanted).map(|(a, b)| a - b));
    let sound = power(&mut wanted.iter().copied());
    let level = 10.0 * (sound / wanted.len() as f64).log10();
    let error = 10.0 * (difference / sound).log10();
    println!("xtask: {}: {level:.1} dBFS", exported.display());
    println!("xtask: Ardour's export against the renderer: {error:.1} dB");
    // Neither silence nor an infinite error is a success.
    if level > -60.0 && error < LIMIT_DB {
        Ok(())
    } else {
        Err(format!(
            "expected sound above -60 dBFS and an error below {LIMIT_DB} dB"
        ))
    }
}

/// The `partita` command in release mode: it needs nothing of the system.
fn renderer(target: &Path) -> Result<PathBuf, String> {
    let words = "build --release --no-default-features --bin partita";
    println!("xtask: cargo {words}");
    succeed(cargo().args(words.split(' ')))?;
    let name = format!("partita{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join("release").join(name))
}

/// Ardour takes what its scanner noted only if that is newer than the plugin, by whole seconds.
fn scan(bundle: &Path, home: &Path) -> Result<(), String> {
    let mut pending = vec![bundle.to_owned()];
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let trouble = |error| format!("{}: {error}", bundle.display());
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(trouble)? {
                pending.push(entry.map_err(trouble)?.path());
            }
        } else {
            let file = File::options().write(true).open(&path).map_err(trouble)?;
            file.set_modified(hour_ago).map_err(trouble)?;
        }
    }
    let scanner = Path::new(LIBRARY).join("ardour-vst3-scanner");
    let mut command = at_home(scanner, home);
    command.env("LD_LIBRARY_PATH", LIBRARY).arg(bundle);
    succeed(&mut command)
}

fn export(session: &Path, dry: &Path, exported: &Path, home: &Path) -> Result<(), String> {
    let reader = hound::WavReader::open(dry).map_err(|error| format!("{}: {error}", dry.display()));
    let frames = reader?.duration();
    let script = workspace().join("tests").join("hosts").join("ardour.lua");
    let mut lua = at_home("ardour7-lua", home);
    lua.arg(script).arg(session).arg(dry);
    lua.args([frames.to_string(), (SECONDS * RATE).to_string()]);
    lua.arg(PLUGIN_ID);
    lua.args(SETTINGS.map(|(name, _, value)| format!("{name}={value}")));
    succeed(&mut lua)?;
    let mut export = at_home("ardour7-export", home);
    export.args(["-b", "float", "-o"]).arg(exported);
    succeed(export.arg(session).arg("partita"))
}

fn render(renderer: &Path, dry: &Path, rendered: &Path) -> Result<(), String> {
    let reader = hound::WavReader::open(dry).map_err(|error| format!("{}: {error}", dry.display()));
    let tail = SECONDS as f64 - f64::from(reader?.duration()) / RATE as f64;
    let mut command = Command::new(renderer);
    command.arg("render").arg(dry).args(["-i", IMPULSE]);
    for (_, key, value) in SETTINGS.iter().filter(|(_, key, _)| *key != "impulse") {
        command.arg("--set").arg(format!("{key}={value}"));
    }
    command.args(["--format", "f32", "--tail", &tail.to_string(), "-o"]);
    succeed(command.arg(rendered))
}

/// A program that finds its settings in a folder of ours and nothing of the user's.
fn at_home(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("HOME", home);
    for variable in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        command.env_remove(variable);
    }
    command
}

/// All samples of a float file.
fn samples(path: &Path) -> Result<Vec<f64>, String> {
    let read = || -> Result<Vec<f64>, hound::Error> {
        let samples = hound::WavReader::open(path)?.into_samples::<f32>();
        samples.map(|sample| sample.map(f64::from)).collect()
    };
    read().map_err(|error| format!("{}: {error}", path.display()))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!(
            "{name} failed ({status}); the messages above say why"
        )),
        Err(error) => Err(format!("{name} cannot be started: {error}")),
    }
}

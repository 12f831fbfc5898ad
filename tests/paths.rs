//! Paths are data: what a preset, a session or a .conf names is read as sound or not at all, nothing waits for it, nothing
//! is written, and no name reaches a terminal but as letters.
#![cfg(unix)]

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::load::{self, LayoutChoice};
use partita::impulse::{ImpulseResponse, Layout};
use partita::params::Values;
use partita::preset::{EMBEDDING_LIMIT, Embedding, ImpulseReference, Instance, Place, Preset};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};
use wav::Wav;

/// For what must not wait: a test that hangs says so in this time.
const PATIENCE: Duration = Duration::from_secs(30);

fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    let result = result.recv_timeout(PATIENCE);
    result.unwrap_or_else(|_| panic!("{what}: nothing came of it"))
}

fn sound() -> ImpulseResponse {
    wav::impulse(48_000, Layout::Mono, vec![vec![0.5, 0.25, -0.125]])
}

/// What a stranger's preset says: a path, and perhaps a copy.
fn strange(path: &Path, copy: bool) -> Preset {
    let sound = sound();
    let mut reference = ImpulseReference::to_sound(&sound);
    if copy {
        let embedded = reference.embed(&sound, Embedding::All, EMBEDDING_LIMIT);
        embedded.expect("small");
    }
    let preset = Preset::new("strange", &Values::default(), Some(reference));
    let mut text: serde_json::Value = serde_json::from_str(&preset.to_text()).expect("JSON");
    text["impulse"]["path"] = match path.to_str() {
        Some(path) => path.into(),
        None => serde_json::to_value(path.as_os_str()).expect("bytes"),
    };
    Preset::parse(text.to_string().as_bytes()).expect("a preset")
}

fn resolve(preset: &Preset) -> Result<(Place, Option<String>), String> {
    let reference = preset.impulse.clone().expect("an impulse");
    let found = in_time("a path", move || reference.resolve(&|_| None));
    match found {
        Ok(found) => Ok((found.place, found.note)),
        Err(error) => Err(error.to_string()),
    }
}

/// Every file in it, with its time and length.
fn contents(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, u64)> {
    let entries = walkdir::WalkDir::new(folder).into_iter();
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let kind = entry.metadata().expect("there");
            let at = kind.modified().expect("a time");
            (entry.into_path(), (at, kind.len()))
        })
        .collect()
}

/// One of each kind of thing that is no sound file, and a .conf.
struct Traps {
    folder: tempfile::TempDir,
    _socket: UnixListener,
}

impl Traps {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let made = Command::new("mkfifo").arg(at("fifo.wav")).status();
        assert!(made.expect("mkfifo").success());
        let socket = UnixListener::bind(at("socket.wav")).expect("bound");
        fs::create_dir(at("folder.wav")).expect("made");
        symlink("/dev/zero", at("zero.wav")).expect("linked");
        symlink("fifo.wav", at("to-fifo.wav")).expect("linked");
        symlink("round.wav", at("round.wav")).expect("linked");
        fs::write(at("text.wav"), "root:x:0:0:secret\n").expect("written");
        fs::write(at("sound.wav"), Wav::float(1, &[0.5, 0.25, -0.125]).build()).expect("written");
        let conf = "/convolver/new 1 1 64 100\n/impulse/read 1 1 1 0 0 0 1 sound.wav\n";
        fs::write(at("matrix.conf"), conf).expect("written");
        symlink("matrix.conf", at("linked.conf")).expect("linked");
        Self {
            folder,
            _socket: socket,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What leads to no sound.
    fn all(&self) -> Vec<PathBuf> {
        let here = [
            "fifo.wav",
            "socket.wav",
            "folder.wav",
            "zero.wav",
            "to-fifo.wav",
            "round.wav",
            "text.wav",
        ];
        let mut all: Vec<PathBuf> = here.iter().map(|name| self.at(name)).collect();
        let elsewhere = [
            "/dev/zero",
            "/dev/tty",
            "/dev/stdin",
            "/proc/self/mem",
            "/proc/kmsg",
            "/proc/self/environ",
            "/etc/passwd",
            "/",
            "/dev/fd/0",
        ];
        all.extend(elsewhere.map(PathBuf::from));
        all.push(self.at(&"x".repeat(300)));
        all.push(PathBuf::from(format!("/{}", "x/".repeat(4000))));
        all
    }
}

#[test]
fn a_preset_has_sound_files_read_and_nothing_else() {
    let traps = Traps::new();
    let before = contents(traps.folder.path());
    for path in traps.all() {
        let error = resolve(&strange(&path, false)).expect_err("no sound");
        assert!(!error.chars().any(char::is_control), "{error:?}");
        assert!(!error.contains("secret") && error.len() < 20_000, "{error}");
        // With a copy that plays, and the path is only said.
        let (place, note) = resolve(&strange(&path, true)).expect("the copy");
        assert_eq!(place, Place::Copy, "{}", path.display());
        assert!(note.is_some());
    }
    // What is relative depends on where the program was started, and is not looked for.
    for path in [
        "sound.wav",
        "../sound.wav",
        "",
        "~/sound.wav",
        "./././sound.wav",
    ] {
        let (place, _) = resolve(&strange(Path::new(path), true)).expect("the copy");
        assert_eq!(place, Place::Copy, "{path}");
    }
    // A .conf names other files: it is not followed, by whatever name.
    for name in ["matrix.conf", "linked.conf"] {
        let error = resolve(&strange(&traps.at(name), false)).expect_err("not followed");
        assert!(error.contains(name), "{error}");
        let (place, note) = resolve(&strange(&traps.at(name), true)).expect("the copy");
        assert_eq!((place, note), (Place::Copy, None), "{name}");
    }
    // A sound file is read, wherever `..` leads.
    let path = traps.at("folder.wav/../sound.wav");
    let (place, note) = resolve(&strange(&path, false)).expect("a sound file");
    assert_eq!((place, note), (Place::Path(path), None));
    assert_eq!(
        contents(traps.folder.path()),
        before,
        "something was written"
    );
}

#[test]
fn a_conf_has_sound_files_read_and_nothing_else() {
    let traps = Traps::new();
    let conf = traps.at("strange.conf");
    let read = |name: &OsStr, cd: &str| {
        let mut text =
            format!("/convolver/new 1 1 64 100\n{cd}/impulse/read 1 1 1 0 0 0 1 \"").into_bytes();
        text.extend(name.as_bytes());
        text.extend(b"\"\n");
        fs::write(&conf, text).expect("written");
        let conf = conf.clone();
        in_time("a .conf", move || load::read(&conf, LayoutChoice::Auto))
    };
    let mut names = traps.all();
    names.extend([
        traps.at("matrix.conf"),
        conf.clone(),
        traps.at("linked.conf"),
    ]);
    for name in names {
        let error = read(name.as_os_str(), "")
            .expect_err("no sound")
            .to_string();
        assert!(!error.chars().any(char::is_control), "{error:?}");
        assert!(
            error.contains("line ") && !error.contains("secret"),
            "{error}"
        );
    }
    // The user opened it: like jconvolver's, it may name sound anywhere.
    let absolute = traps.at("sound.wav");
    assert_eq!(
        read(absolute.as_os_str(), "").expect("read").channels,
        sound().channels
    );
    let relative = OsStr::new("folder.wav/../sound.wav");
    assert_eq!(read(relative, "").expect("read").channels, sound().channels);
    let name = OsStr::new("../sound.wav");
    assert_eq!(
        read(name, "/cd folder.wav\n").expect("read").channels,
        sound().channels
    );
    // No such name is even looked for.
    let error = read(OsStr::new("\u{1b}[2Jx.wav"), "")
        .expect_err("not there")
        .to_string();
    assert!(error.contains("control character"), "{error}");
}

/// Long, strange, and of no encoding.
fn names() -> Vec<OsString> {
    let mut names: Vec<OsString> = [
        "räume/../дом",
        "字 字",
        "\u{1b}[31mred\nand \u{202E}back",
        "a'b\"c\\d$(e)`f`",
        "-o",
        "con",
        " ",
    ]
    .iter()
    .map(|name| name.replace('/', "_").into())
    .collect();
    names.push("x".repeat(200).into());
    names.push(OsStr::from_bytes(b"latin-\xE9\xFF").to_owned());
    names
}

#[test]
fn names_of_any_kind_come_back_from_a_preset() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in names() {
        let mut file = name.clone();
        file.push(".wav");
        let path = folder.path().join(file);
        fs::write(&path, Wav::float(1, &[0.5, 0.25, -0.125]).build()).expect("written");
        let impulse = load::read(&path, LayoutChoice::Auto).expect("read");
        let reference = ImpulseReference::to_file(&path, LayoutChoice::Auto, &impulse);
        let preset = Preset::new(&name.to_string_lossy(), &Values::default(), Some(reference));
        let text = preset.to_text();
        let again = Preset::parse(text.as_bytes()).expect("its own text");
        assert_eq!(again, preset);
        assert_eq!(resolve(&again), Ok((Place::Path(path), None)));
    }
}

/// A matrix of more channels than any sound file has is whole in a session.
#[test]
fn a_matrix_of_a_conf_comes_back_from_a_preset() {
    let folder = tempfile::tempdir().expect("a folder");
    let conf = folder.path().join("wide.conf");
    let mut text = "/convolver/new 9 9 64 100\n".to_owned();
    for n in 1..=9 {
        text += &format!("/impulse/dirac {n} {n} 0.5 {n}\n");
    }
    fs::write(&conf, text).expect("written");
    let impulse = load::read(&conf, LayoutChoice::Auto).expect("read");
    assert_eq!(impulse.channels.len(), 81);
    let mut reference = ImpulseReference::to_file(&conf, LayoutChoice::Auto, &impulse);
    reference
        .embed(&impulse, Embedding::Files, EMBEDDING_LIMIT)
        .expect("small");
    let mut instance = Instance::default();
    instance.impulse = Some(reference);
    let again = Instance::parse(instance.to_text().as_bytes()).expect("its own text");
    let found = again
        .impulse
        .expect("an impulse")
        .resolve(&|_| None)
        .expect("the copy");
    assert_eq!((&*found.impulse, found.note), (&impulse, None));
}

fn partita(folder: &Path, args: &[&OsStr]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partita"));
    command
        .args(args)
        .current_dir(folder)
        .env("PARTITA_HOME", folder.join("home"));
    command.stdin(std::process::Stdio::null());
    in_time("the program", move || command.output().expect("started"))
}

#[test]
fn no_name_reaches_a_terminal_but_as_letters() {
    let folder = tempfile::tempdir().expect("a folder");
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202E}\nx";
    let wav = folder.path().join(format!("{evil}.wav"));
    fs::write(&wav, Wav::float(1, &[0.5, 0.25, -0.125]).build()).expect("written");
    let mut preset = Preset::new(
        evil,
        &Values::default(),
        Some(ImpulseReference::to_sound(&sound())),
    );
    preset.about = evil.to_owned();
    if let Some(impulse) = &mut preset.impulse {
        impulse.name = evil.to_owned();
    }
    let file = folder.path().join("x.partita");
    fs::write(&file, preset.to_text()).expect("written");
    let evil_folder = folder.path().join(evil);
    fs::create_dir(&evil_folder).expect("made");
    fs::copy(&wav, evil_folder.join("kitchen.wav")).expect("copied");
    let (wav, file, evil_folder) = (wav.as_os_str(), file.as_os_str(), evil_folder.as_os_str());
    let new = |name: &'static str| OsStr::new(name);
    let lines: Vec<Vec<&OsStr>> = vec![
        vec![new("preset"), new("show"), file],
        vec![new("preset"), new("show"), file, new("--json")],
        vec![new("impulse"), new("show"), wav],
        vec![new("impulse"), new("check"), wav],
        vec![new("impulse"), new("shape"), wav, new("-o"), new("y.wav")],
        vec![
            new("impulse"),
            new("convert"),
            wav,
            new("--to"),
            new("mono-set"),
            new("-o"),
            new("z.wav"),
        ],
        vec![new("library"), new("add"), evil_folder],
        vec![new("library"), new("add"), evil_folder],
        vec![new("library"), new("scan")],
        vec![new("library"), new("folders")],
        vec![new("library"), new("favourite"), wav],
        vec![new("impulse"), new("list")],
        vec![new("impulse"), new("list"), new("--favourites")],
        vec![new("library"), new("unfavourite"), wav],
        vec![new("library"), new("remove"), evil_folder],
        vec![new("render"), wav, new("-i"), wav, new("-o"), new("w.wav")],
        vec![new("render"), wav, new("-p"), file, new("-o"), new("v.wav")],
        vec![
            new("render"),
            OsStr::new(evil),
            new("-i"),
            new("hall"),
            new("-o"),
            new("v.wav"),
        ],
        vec![
            new("render"),
            wav,
            new("-i"),
            OsStr::new(evil),
            new("-o"),
            new("v.wav"),
        ],
    ];
    for line in lines {
        let output = partita(folder.path(), &line);
        for bytes in [&output.stdout, &output.stderr] {
            let text = String::from_utf8(bytes.clone()).expect("text");
            let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202E}';
            assert!(!text.chars().any(bad), "{line:?}: {text:?}");
            assert!(text.lines().all(|it| it != "x"), "{line:?}: {text:?}");
        }
    }
}

#[test]
fn a_preset_is_saved_where_the_user_says_whatever_it_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).expect("made");
    for name in [
        "../../escaped",
        "/tmp/escaped",
        "a/b/c",
        "\u{1b}[2J",
        ".",
        "..",
    ] {
        let args = [
            "preset",
            "save",
            "x.partita",
            "-i",
            "hall",
            "--force",
            "--name",
            name,
        ];
        let output = partita(&inner, &args.map(OsStr::new));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let names: Vec<_> = fs::read_dir(&inner)
            .expect("a folder")
            .map(|it| it.expect("an entry").file_name())
            .collect();
        assert_eq!(names, ["x.partita"], "{name}");
        assert_eq!(
            Preset::open(&inner.join("x.partita"))
                .expect("a preset")
                .name,
            name
        );
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    // From a stranger's: what it refers to stays as it is.
    let precious = folder.path().join("precious.wav");
    fs::write(&precious, Wav::float(1, &[1.0]).build()).expect("written");
    let strange = strange(&precious, true);
    fs::write(inner.join("strange.partita"), strange.to_text()).expect("written");
    let before = contents(folder.path()).remove(&precious);
    let args = [
        "preset",
        "save",
        "y.partita",
        "--from",
        "strange.partita",
        "--set",
        "mix=50",
    ];
    let output = partita(&inner, &args.map(OsStr::new));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(contents(folder.path()).remove(&precious), before);
}

/// Settings in whose place a pipe lies are told, not waited for.
#[test]
fn a_pipe_in_place_of_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    fs::create_dir_all(home.join("cache")).expect("made");
    for name in ["library.toml", "cache/library.index"] {
        let made = Command::new("mkfifo").arg(home.join(name)).status();
        assert!(made.expect("mkfifo").success());
    }
    let output = partita(folder.path(), &["impulse", "list"].map(OsStr::new));
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains("no regular file"), "{error}");
}

/// A recording has a name as long as the file system takes: its temporary one has to fit too.
#[test]
fn the_longest_name_is_recorded() {
    use partita::output::{Destination, Existing, Pending};
    let folder = tempfile::tempdir().expect("a folder");
    for stem in ["x".repeat(251), "字".repeat(83)] {
        let path = folder.path().join(stem + ".wav");
        let destination = Destination::check(&path, &[], Existing::Keep).expect("free");
        let file = Pending::create_in_sight(destination).expect("made");
        file.place().expect("placed");
        assert!(path.is_file());
    }
}

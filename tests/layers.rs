//! Who may use whom: the walls of the house, read from the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms, what of the crate each may use, and what it must not name at all.
const WALLS: &[(&str, &[&str], &[&str])] = &[
    (
        "engine",
        &["engine", "denormals"],
        &[
            "std::fs",
            "std::io",
            "std::thread",
            "Mutex",
            "RwLock",
            "println!",
            "log::",
        ],
    ),
    // Files that a render and an impulse are written to alike: it knows neither.
    ("output", &["output"], &[]),
    ("impulse", &["impulse", "output"], &[]),
    // Drawn from an impulse and its analysis; it writes no file.
    ("picture", &["impulse"], &["std::fs"]),
    // Numbers for whoever draws them: what it shows is what the engine computes, so it needs one.
    ("sliding", &["engine"], &["std::fs", "std::thread", "egui"]),
    ("denormals", &[], &["std::"]),
    ("swap", &["engine"], &["Mutex", "std::thread"]),
    ("loader", &["impulse", "swap", "engine"], &[]),
    (
        "params",
        &["impulse", "engine"],
        &["std::fs", "std::thread"],
    ),
    (
        "processor",
        &["swap", "engine", "denormals"],
        &["std::fs", "std::thread", "Mutex", "RwLock"],
    ),
    // What a session and a preset say: read and written by whoever plays, who plays is not its business.
    ("preset", &["params", "impulse", "output"], &["std::thread"]),
    // It knows neither plugin nor live: both are behind its trait. It draws what `sliding` says.
    (
        "editor",
        &["preset", "params", "impulse", "engine", "output", "sliding"],
        &["nice_plug", "cpal"],
    ),
    (
        "plugin",
        &[
            "editor",
            "preset",
            "params",
            "processor",
            "loader",
            "swap",
            "engine",
            "impulse",
        ],
        &["std::fs"],
    ),
    // As the plugin: devices in the host's place.
    (
        "live",
        &[
            "editor",
            "preset",
            "params",
            "processor",
            "loader",
            "swap",
            "engine",
            "impulse",
            "output",
        ],
        &[],
    ),
    ("render", &["loader", "engine", "impulse", "output"], &[]),
    // Live and rendered side by side: it needs both.
    (
        "selftest",
        &[
            "render",
            "params",
            "processor",
            "loader",
            "swap",
            "engine",
            "impulse",
            "output",
            "preset",
        ],
        &[],
    ),
    (
        "cli",
        &[
            "live", "selftest", "render", "preset", "params", "loader", "engine", "impulse",
            "output", "picture",
        ],
        &[],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("an entry").path())
    {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// The code of a file: no comments, no unit tests.
fn code(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Rooms that `code` names: `crate::room` and the members of `use crate::{…}`.
fn rooms_named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            Some(group) => {
                let mut depth = 0;
                let ends = |c: char| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth < 0
                };
                let group = group.split(ends).next().unwrap_or_default();
                let mut depth = 0;
                let at_top = |c: char| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                };
                group.split(at_top).map(str::trim).collect()
            }
            None => vec![rest],
        };
        let head = |name: &str| {
            name.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        rooms.extend(names.into_iter().map(head).filter(|name| !name.is_empty()));
    }
    rooms
}

fn trespasses(room: &str, code: &str) -> Vec<String> {
    let Some((_, allowed, banned)) = WALLS.iter().find(|(name, ..)| *name == room) else {
        return vec![format!("room {room} has no walls yet: add it to WALLS")];
    };
    let used = rooms_named(code).into_iter();
    let used = used.filter(|used| used != room && !allowed.contains(&used.as_str()));
    let named = banned
        .iter()
        .filter(|banned| code.contains(**banned))
        .map(|banned| (*banned).to_owned());
    used.chain(named).collect()
}

/// Whether `file` is `room/tests.rs` and `room.rs` has it for tests alone, as one with `mod tests { … }` has.
fn are_unit_tests(file: &Path) -> bool {
    let declared = |folder: &Path| {
        let parent = fs::read_to_string(folder.with_extension("rs")).unwrap_or_default();
        parent.contains("#[cfg(test)]\nmod tests;")
    };
    file.ends_with("tests.rs") && file.parent().is_some_and(declared)
}

#[test]
fn no_room_uses_what_it_may_not() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 15, "only {} sources found", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).expect("inside src");
        let first = inside
            .iter()
            .next()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let room = first.trim_end_matches(".rs");
        if ["lib", "bin"].contains(&room) {
            continue;
        }
        if are_unit_tests(&file) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a readable source");
        for what in trespasses(room, &code(&text)) {
            wrong.push(format!("{}: {what}", inside.display()));
        }
    }
    assert!(wrong.is_empty(), "forbidden uses:\n{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_what_it_should() {
    assert_eq!(
        trespasses("engine", "use crate::impulse::Layout;"),
        ["impulse"]
    );
    assert_eq!(
        trespasses("engine", "use crate::{denormals, loader::{a, b}, engine};"),
        ["loader"]
    );
    assert_eq!(
        trespasses("engine", "let x = std::fs::read(p);"),
        ["std::fs"]
    );
    assert_eq!(
        trespasses("impulse", "crate::engine::fft::convolve(a, b)"),
        ["engine"]
    );
    assert!(
        trespasses(
            "engine",
            &code("// use crate::impulse;\nuse crate::denormals;")
        )
        .is_empty()
    );
    assert!(!trespasses("attic", "").is_empty());
}

#[test]
fn engine_and_impulse_are_safe_code() {
    for room in ["engine.rs", "impulse.rs"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        let text = fs::read_to_string(path).expect("a readable source");
        assert!(text.contains("#![forbid(unsafe_code)]"), "{room}");
    }
}

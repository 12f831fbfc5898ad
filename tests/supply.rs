//! What the product is made of, and what the README says of it: dependencies, their licences and origin, `unsafe`, the
//! network, and the test behind each promise. Nothing here needs the network.

use serde_json::Value;
use spdx::{Expression, ParseMode};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Licences under which a crate may be linked into a program under MIT or Apache-2.0. MPL-2.0 binds the files it stands
/// in, and those are used unchanged.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BlueOak-1.0.0",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "NCSA",
    "OFL-1.1",
    "Unicode-3.0",
    "Ubuntu-font-1.0",
    "Unlicense",
    "Zlib",
];

/// Direct dependencies that come a second time, in another version, and for whom.
const TWICE: &[(&str, &str)] = &[
    ("fearless_simd", "egui's fonts"),
    ("thiserror", "Android's bindings, in cpal"),
];

/// Crates that talk to a network, or to whoever does. Not `rosc`, which only packs bytes.
const NETWORK: &[&str] = &[
    "async-std",
    "attohttpc",
    "curl",
    "curl-sys",
    "dbus",
    "h2",
    "hyper",
    "isahc",
    "libp2p",
    "mio",
    "native-tls",
    "openssl-sys",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "surf",
    "tokio",
    "tungstenite",
    "ureq",
    "zbus",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a readable file")
}

/// The packages of the workspace and all that they stand on, for every platform and with every feature.
struct Packages {
    by_id: BTreeMap<String, Value>,
    /// Ids of each one's dependencies; of a member of the workspace those for tests too.
    needs: BTreeMap<String, Vec<(String, bool)>>,
}

impl Packages {
    fn new() -> Self {
        let output = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version=1",
                "--all-features",
                "--locked",
            ])
            .current_dir(root())
            .output()
            .expect("cargo starts");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let by_id = list(&told["packages"])
            .into_iter()
            .map(|it| (text(&it["id"]), it));
        let needs = list(&told["resolve"]["nodes"]).into_iter().map(|node| {
            let needed = list(&node["deps"]).into_iter().map(|needed| {
                let kinds = list(&needed["dep_kinds"]);
                // A browser is no platform of ours.
                let ours = |kind: &Value| !kind["target"].to_string().contains("wasm");
                let shipped = kinds
                    .iter()
                    .any(|kind| kind["kind"].is_null() && ours(kind));
                (text(&needed["pkg"]), shipped)
            });
            (text(&node["id"]), needed.collect())
        });
        Self {
            by_id: by_id.collect(),
            needs: needs.collect(),
        }
    }

    fn partita(&self) -> &Value {
        let mut all = self.by_id.values();
        all.find(|it| it["name"] == "partita")
            .expect("this package")
    }

    /// Of everything that may be linked into the product.
    fn shipped(&self) -> Vec<&Value> {
        let mut found = BTreeSet::new();
        let mut open = vec![self.partita()["id"].as_str().expect("an id")];
        while let Some(id) = open.pop() {
            if found.insert(id) {
                let needed = self.needs[id].iter().filter(|(_, shipped)| *shipped);
                open.extend(needed.map(|(id, _)| id.as_str()));
            }
        }
        found.into_iter().map(|id| &self.by_id[id]).collect()
    }

    /// Names of what Cargo.toml asks for, and whether it is for the product.
    fn direct(&self) -> BTreeMap<&str, bool> {
        let asked = self.partita()["dependencies"].as_array().expect("a list");
        let mut direct = BTreeMap::new();
        for one in asked {
            let name = one["name"].as_str().expect("a name");
            *direct.entry(name).or_default() |= one["kind"].is_null();
        }
        direct
    }
}

fn may_be_used(licence: &str) -> bool {
    let parsed = Expression::parse_mode(licence, ParseMode::LAX);
    parsed.is_ok_and(|parsed| {
        parsed.evaluate(|asked| {
            // An exception only ever permits more.
            let name = asked.license.to_string();
            LICENCES.contains(&name.as_str())
        })
    })
}

#[test]
fn every_licence_may_be_shipped_and_every_crate_is_from_crates_io() {
    assert!(may_be_used("MIT/Apache-2.0") && may_be_used("(MIT OR GPL-2.0-only) AND Unicode-3.0"));
    assert!(
        !may_be_used("GPL-3.0-only") && !may_be_used("MIT AND LGPL-2.1-only") && !may_be_used("")
    );
    let packages = Packages::new();
    let mut wrong = Vec::new();
    for package in packages.by_id.values() {
        let (name, licence) = (&package["name"], package["license"].as_str());
        if !licence.is_some_and(may_be_used) {
            wrong.push(format!("{name}: licence {licence:?}"));
        }
        let ours = ["partita", "xtask", "peers", "fuzz"]
            .iter()
            .any(|own| name == own);
        let source = package["source"].as_str().unwrap_or("a folder");
        if !ours && source != "registry+https://github.com/rust-lang/crates.io-index" {
            wrong.push(format!("{name}: from {source}"));
        }
    }
    println!(
        "{} packages, {} of them shipped",
        packages.by_id.len(),
        packages.shipped().len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn cargo_deny_is_told_no_more_than_this() {
    let told: toml::Table = read("deny.toml").parse().expect("TOML");
    let allowed = told["licenses"]["allow"].as_array().expect("a list");
    assert!(allowed.len() > 10, "{allowed:?}");
    let other: Vec<_> = allowed
        .iter()
        .filter_map(toml::Value::as_str)
        .filter(|licence| !may_be_used(licence))
        .collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn what_we_ask_for_comes_once() {
    let packages = Packages::new();
    let shipped = packages.shipped();
    let versions = |name: &str| shipped.iter().filter(|it| it["name"] == name).count();
    let direct = packages.direct();
    let twice: Vec<_> = direct.keys().filter(|name| versions(name) > 1).collect();
    let known: Vec<_> = TWICE.iter().map(|(name, _)| name).collect();
    assert_eq!(twice, known, "crates in two versions");
    assert_eq!((versions("serde"), versions("criterion")), (1, 0));
}

/// The sources of `folder`, with their code: no comments.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let walk = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name();
    let files = walk
        .into_iter()
        .map(|entry| entry.expect("readable").into_path());
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| {
        let text = fs::read_to_string(&path).expect("readable");
        let code: Vec<_> = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default())
            .collect();
        let inside = path.strip_prefix(root()).expect("inside").to_owned();
        (inside, code.join("\n"))
    })
    .collect()
}

#[test]
fn only_osc_has_a_socket() {
    let packages = Packages::new();
    let shipped = packages.shipped();
    let names = shipped.iter().filter_map(|it| it["name"].as_str());
    let network: Vec<_> = names.filter(|name| NETWORK.contains(name)).collect();
    assert_eq!(network, [""; 0], "crates with a network in them");
    let named = |code: &str| {
        [
            "std::net",
            "UdpSocket",
            "TcpStream",
            "TcpListener",
            "std::os::unix::net",
        ]
        .iter()
        .any(|name| code.contains(name))
    };
    let files = sources("src").into_iter().filter(|(_, code)| named(code));
    let files: Vec<_> = files.map(|(path, _)| path.display().to_string()).collect();
    // The command line only reads the address; RealtimeKit is asked over the system's own bus, a file on this machine.
    assert_eq!(
        files,
        [
            "src/cli/live/remote.rs",
            "src/live/osc.rs",
            "src/live/rtkit.rs"
        ]
    );
}

/// A part of the README: what stands below that heading.
fn chapter(heading: &str) -> String {
    let readme = read("README.md");
    let begun = readme.split(&format!("\n## {heading}\n")).nth(1);
    let text = begun.unwrap_or_else(|| panic!("README has no chapter {heading:?}"));
    text.split("\n## ").next().unwrap_or_default().to_owned()
}

/// Rows of the first table of `text`, without its head.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().skip_while(|line| !line.starts_with('|'));
    let lines = lines.take_while(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn the_readme_lists_what_it_stands_on_and_under_which_licence() {
    let packages = Packages::new();
    let text = chapter("What it stands on");
    let rows = rows(&text);
    let words = |text: &str| -> BTreeSet<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-' && c != '.');
        parts.map(str::to_owned).collect()
    };
    let mut missing = Vec::new();
    for (name, shipped) in packages.direct() {
        let row = rows.iter().find(|row| words(row[0]).contains(name));
        let Some(row) = row else {
            missing.push(format!("{name}: no row"));
            continue;
        };
        assert_eq!(row.len(), 3, "{row:?}");
        let licence = |it: &&Value| it["name"] == name;
        let licence = packages
            .by_id
            .values()
            .rfind(licence)
            .and_then(|it| it["license"].as_str());
        // "MIT OR Apache-2.0" is written so by most crates and otherwise by some; the parts are compared.
        let of = |text: &str| -> BTreeSet<String> {
            let known = words(text);
            known
                .into_iter()
                .filter(|word| LICENCES.contains(&word.as_str()))
                .collect()
        };
        let own = of(licence.unwrap_or_default());
        if shipped && !own.is_subset(&of(row[1])) {
            missing.push(format!(
                "{name}: the licence is {licence:?}, the row says {:?}",
                row[1]
            ));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn unsafe_is_only_where_the_readme_says_and_always_explained() {
    let text = read("src/lib.rs");
    assert!(text.contains("#![deny(unsafe_code)]"), "src/lib.rs");
    let manifest = read("Cargo.toml");
    assert!(
        manifest.contains("undocumented_unsafe_blocks = \"deny\""),
        "Cargo.toml"
    );
    let code = sources("src").into_iter();
    let with: Vec<String> = code
        .filter(|(_, code)| code.replace("unsafe_code", "").contains("unsafe"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    let text = chapter("What is promised and how it is tested");
    let listed = text
        .split("**Unsafe code**")
        .nth(1)
        .expect("the README's list");
    let listed = listed.split("\n\n").next().unwrap_or_default();
    let listed: BTreeSet<&str> = listed
        .split('`')
        .filter(|word| word.starts_with("src/"))
        .collect();
    assert_eq!(
        with.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        listed
    );
}

/// Whether `function` is a test in the sources whose names begin with `place`.
fn is_a_test(files: &[(PathBuf, String)], place: &str, function: &str) -> bool {
    let of_it = |path: &Path| {
        let path = path.with_extension("").display().to_string();
        path == place || path.starts_with(&format!("{place}/"))
    };
    let head = format!("fn {function}(");
    files
        .iter()
        .filter(|(path, _)| of_it(path))
        .any(|(_, code)| {
            code.split("#[test]").skip(1).any(|after| {
                let first = after.split("fn ").nth(1).unwrap_or_default();
                format!("fn {first}").starts_with(&head)
            }) || code.contains("proptest!") && code.contains(&head)
        })
}

#[test]
fn every_promise_names_tests_that_exist() {
    let files = [sources("tests"), sources("src")].concat();
    assert!(is_a_test(
        &files,
        "tests/layers",
        "no_room_uses_what_it_may_not"
    ));
    assert!(is_a_test(
        &files,
        "tests/live",
        "a_jack_server_that_is_killed_is_waited_for"
    ));
    assert!(!is_a_test(&files, "tests/layers", "no_room"));
    assert!(!is_a_test(&files, "tests/layers", "sources"));
    assert!(!is_a_test(
        &files,
        "tests/swap",
        "no_room_uses_what_it_may_not"
    ));
    let text = chapter("What is promised and how it is tested");
    let rows = rows(&text);
    assert!(rows.len() > 20, "{} promises", rows.len());
    let mut missing = Vec::new();
    for row in &rows {
        assert_eq!(row.len(), 2, "{row:?}");
        let named: Vec<&str> = row[1].split('`').skip(1).step_by(2).collect();
        let tests = named.iter().filter_map(|name| name.split_once("::"));
        let mut count = 0;
        for (file, function) in tests {
            count += 1;
            if !is_a_test(&files, &format!("tests/{file}"), function) {
                missing.push(format!("{file}::{function}"));
            }
        }
        if count == 0 {
            missing.push(format!("no test for: {}", row[0]));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

//! The catalogue, the embedded files and the folder are one; names and paths find what they should.

#[path = "common/wav.rs"]
mod wav;

use partita::impulse::Layout;
use partita::impulse::library::{self, Source};
use partita::impulse::load::{Fault, LayoutChoice};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn catalogue_embedded_list_and_folder_agree() {
    let catalogue: Vec<_> = library::factory()
        .iter()
        .map(|i| i.name.to_owned())
        .collect();
    let unique: BTreeSet<_> = catalogue.iter().cloned().collect();
    assert_eq!(unique.len(), catalogue.len(), "a name occurs twice");
    let embedded: BTreeSet<_> = library::embedded().map(str::to_owned).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("impulses");
    let files: BTreeSet<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "wav"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(unique, embedded);
    assert_eq!(unique, files);
}

#[test]
fn every_factory_impulse_loads_as_the_catalogue_says() {
    assert!(library::factory().len() >= 24);
    for factory in library::factory() {
        let impulse = factory.load().unwrap();
        assert_eq!(impulse.name, factory.name);
        assert_eq!(impulse.layout, factory.layout, "{}", factory.name);
        assert_eq!(impulse.sample_rate, 48_000);
        assert!(impulse.channels.iter().flatten().any(|&x| x != 0.0));
        assert!(!factory.description.is_empty() && !factory.description.contains('\n'));
        assert_eq!(factory.licence, "MIT OR Apache-2.0");
        assert!(factory.tags.iter().all(|tag| {
            !tag.is_empty()
                && tag
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        }));
        // A name must read as a name, not as a path.
        assert!(
            factory
                .name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '-')
        );
        assert!(
            matches!(library::resolve(factory.name), Ok(Source::Factory(f)) if f.name == factory.name)
        );
    }
    assert_eq!(library::find("hall").unwrap().layout, Layout::TrueStereo);
}

#[test]
fn an_unknown_name_lists_the_names_and_suggests_one() {
    for (typed, near) in [
        ("hal", Some("hall")),
        ("halls", Some("hall")),
        ("sprnig", Some("spring")),
        ("two-spikes", Some("echo-two-spikes")),
        ("pingpong", None),
        ("catacomb", None),
        ("", None),
        ("x", None),
    ] {
        let error = library::find(typed).unwrap_err();
        assert_eq!(error.nearest, near, "{typed}");
        let text = error.to_string();
        for name in library::embedded() {
            assert!(text.contains(name), "{text}");
        }
        assert_eq!(text.contains("did you mean"), near.is_some());
        assert!(!text.contains('\n'));
    }
    assert_eq!(library::find(" Hall ").unwrap().name, "hall");
    assert!(library::find(&"x".repeat(1_000_000)).is_err());
}

#[test]
fn paths_are_told_from_names() {
    for path in [
        "./hall",
        "some/hall",
        "hall.wav",
        "missing.WAV",
        "/tmp",
        "..",
        ".",
        "/",
    ] {
        assert!(
            matches!(library::resolve_in(None, path), Ok(Source::File(p)) if p == Path::new(path)),
            "{path}"
        );
    }
    let missing = library::resolve("missing.wav").unwrap();
    assert!(matches!(
        missing.load(LayoutChoice::Auto).unwrap_err().fault,
        Fault::Missing
    ));
    assert!(library::resolve_in(None, "catacomb").is_err());
    // A folder that happens to be called so (this repository has one) does not stand for an impulse.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hall");
    fs::write(&file, wav::Wav::float(1, &[0.5]).build()).unwrap();
    let read = library::resolve(&file)
        .unwrap()
        .load(LayoutChoice::Auto)
        .unwrap();
    assert_eq!((read.name.as_str(), read.frames()), ("hall", 1));
}

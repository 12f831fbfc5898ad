//! Finding an impulse: by words, tag, name, content; favourites and folders outlive what happens to the files.

#[path = "common/shelf.rs"]
mod shelf;
#[path = "common/wav.rs"]
mod wav;

use partita::impulse::library::{
    Changed, ContentHash, Found, Library, MAX_RECENT, Places, Query, Reference, ResolveError,
    Settings, SettingsError, Shelf as On, Source, factory, resolve_in,
};
use partita::impulse::load::LayoutChoice;
use shelf::{Shelf, names, scan};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

fn search<'a>(library: &'a Library, words: &str, tags: &[&str], shelf: On) -> Vec<&'a str> {
    let query = Query {
        words: words.to_owned(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        shelf,
    };
    names(library.search(&query))
}

/// Six files in three folders.
fn stocked() -> Shelf {
    let shelf = Shelf::new();
    for (n, file) in [
        "Halls/Boston Hall.wav",
        "Halls/Hall.wav",
        "Halls/Köln Philharmonie.wav",
        "Small/hallway.wav",
        "Small/Shallow Cupboard.wav",
        "Church/Église St-Étienne.wav",
    ]
    .into_iter()
    .enumerate()
    {
        shelf.put(&format!("impulses/{file}"), n as f32 + 1.0);
    }
    shelf
}

#[test]
fn words_find_and_rank() {
    let shelf = stocked();
    let (library, _) = shelf.scanned();
    let user = |words: &str| search(&library, words, &[], On::User);
    // The name itself, then one that begins so and is in a folder so, then within the name, then the tag alone; not at all: Église.
    assert_eq!(
        user("hall"),
        [
            "Hall",
            "hallway",
            "Boston Hall",
            "Köln Philharmonie",
            "Shallow Cupboard"
        ]
    );
    assert_eq!(user("KOLN"), ["Köln Philharmonie"]);
    assert_eq!(user("ko\u{308}ln phil"), ["Köln Philharmonie"]);
    assert_eq!(user("etienne eglise"), ["Église St-Étienne"]);
    assert_eq!(user("st-etienne"), ["Église St-Étienne"]);
    assert_eq!(user("small hall"), ["hallway", "Shallow Cupboard"]);
    assert!(user("hall nowhere").is_empty());
    assert_eq!(user("").len(), 6);
    assert_eq!(user("  -  ").len(), 6);
    assert_eq!(user("st etienne")[0], user("église ST-etienne")[0]);
    assert_eq!(user(&"hall ".repeat(10_000)).len(), 5);
    let tagged = |tags: &[&str]| search(&library, "", tags, On::User);
    assert_eq!(tagged(&["church"]), ["Église St-Étienne"]);
    assert_eq!(tagged(&["HALLS", "hall"]), ["Boston Hall", "Hall"]);
    assert_eq!(tagged(&["eglise"]), ["Église St-Étienne"]);
    assert!(tagged(&["chur"]).is_empty());
    assert_eq!(
        library.tags().iter().find(|(tag, _)| *tag == "halls"),
        Some(&("halls", 3))
    );
}

#[test]
fn factory_impulses_are_searched_too() {
    let shelf = stocked();
    let (library, _) = shelf.scanned();
    let all = search(&library, "hall", &[], On::All);
    // Both are called so exactly; the factory stands first.
    assert_eq!(all[..2], ["hall", "Hall"]);
    assert_eq!(
        search(&library, "", &[], On::Factory).len(),
        factory().len()
    );
    for impulse in factory() {
        assert_eq!(
            search(&library, impulse.name, &[], On::Factory)[0],
            impulse.name
        );
        for tag in impulse.tags {
            assert!(search(&library, "", &[tag], On::Factory).contains(&impulse.name));
        }
        let kind = serde_json::to_value(impulse.kind).unwrap();
        let entry = library.by_hash(&impulse.hash())[0];
        assert_eq!(
            (entry.category.as_str(), &*entry.name),
            (kind.as_str().unwrap(), impulse.name)
        );
        let of_kind = search(&library, "", &[&entry.category], On::Factory);
        assert!(of_kind.contains(&impulse.name));
        let loaded = impulse.load().unwrap();
        let sound = entry.sound.as_ref().unwrap();
        assert_eq!(
            (sound.frames, sound.layout),
            (loaded.frames(), loaded.layout)
        );
        assert!(
            matches!(library.find(&entry.reference()), Found::Here(e) if e.name == impulse.name)
        );
    }
}

#[test]
fn favourites_outlive_their_files() {
    let shelf = stocked();
    let (mut library, _) = shelf.scanned();
    let path = shelf.path("impulses/Halls/Boston Hall.wav");
    let boston = library.by_path(&path).unwrap().reference();
    let hall = Reference::to(&Source::Factory(&factory()[0]));
    let outside = Reference::to(&Source::File(shelf.put("outside.wav", 9.0)));
    for one in [&boston, &hall, &outside] {
        assert_eq!(library.favourite(one.clone()).unwrap(), Changed::Now);
        assert_eq!(library.favourite(one.clone()).unwrap(), Changed::Already);
    }
    assert_eq!(
        search(&library, "", &[], On::Favourites),
        ["Boston Hall", factory()[0].name]
    );
    assert!(library.is_favourite(library.by_path(&path).unwrap()));
    assert!(matches!(library.find(&outside), Found::Outside(_)));
    // Moved: still a favourite, under its new name.
    let moved = shelf.path("impulses/Small/Boston 2.wav");
    fs::rename(&path, &moved).unwrap();
    let (library, _) = shelf.scanned();
    assert!(library.is_favourite(library.by_path(&moved).unwrap()));
    assert_eq!(search(&library, "", &[], On::Favourites)[0], "Boston 2");
    // Gone: still remembered, by the name it had.
    fs::remove_file(&moved).unwrap();
    fs::remove_file(shelf.path("outside.wav")).unwrap();
    let (mut library, _) = shelf.scanned();
    let favourites = &library.settings().favourites;
    assert_eq!(*favourites, [boston.clone(), hall.clone(), outside.clone()]);
    assert!(matches!(library.find(&favourites[0]), Found::Missing));
    assert!(matches!(library.find(&favourites[2]), Found::Missing));
    assert_eq!(
        library.favourites_named(Path::new("boston hall")),
        [&boston]
    );
    assert_eq!(library.favourites_named(&path), [&boston]);
    assert_eq!(library.unfavourite(&boston).unwrap(), Changed::Now);
    assert_eq!(library.unfavourite(&boston).unwrap(), Changed::Already);
    assert_eq!(shelf.open().settings().favourites, [hall, outside]);
}

#[test]
fn recent_impulses_are_few_and_the_latest_is_first() {
    let shelf = stocked();
    let (mut library, _) = shelf.scanned();
    let of = |n: usize| {
        let path = shelf.path(&format!("gone/{n}.wav"));
        Reference::new(
            &n.to_string(),
            Some(ContentHash::of(&n.to_le_bytes())),
            Some(path),
        )
    };
    for n in 0..MAX_RECENT + 5 {
        library.used(of(n)).unwrap();
    }
    library.used(of(30)).unwrap();
    let hall = library.by_name("koln philharmonie")[0].reference();
    library.used(hall.clone()).unwrap();
    assert_eq!(library.used(hall).unwrap(), Changed::Already);
    let library = shelf.open();
    let recent = &library.settings().recent;
    assert_eq!(recent.len(), MAX_RECENT);
    let order: Vec<_> = recent.iter().take(3).map(|one| one.name.as_str()).collect();
    assert_eq!(order, ["Köln Philharmonie", "30", "54"]);
    assert_eq!(search(&library, "", &[], On::Recent), ["Köln Philharmonie"]);
}

#[test]
fn settings_keep_what_they_do_not_know() {
    let shelf = Shelf::new();
    let file = shelf.places().settings;
    let later = r#"
folders = ["/mnt/impulses"]
zoom = 1.5

[[favourites]]
name = "Old"
path = "/mnt/impulses/old.wav"
stars = 5

[editor]
columns = ["name", "t30"]
"#;
    fs::write(&file, later).unwrap();
    let mut library = shelf.open();
    library.used(Reference::new("hall", None, None)).unwrap();
    library.add_folder(shelf.home.path()).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let read: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(read["zoom"].as_float(), Some(1.5));
    assert_eq!(read["editor"]["columns"][1].as_str(), Some("t30"));
    assert_eq!(read["favourites"][0]["stars"].as_integer(), Some(5));
    assert_eq!(read["folders"][0].as_str(), Some("/mnt/impulses"));
    assert_eq!(read["recent"][0]["name"].as_str(), Some("hall"));
    assert_eq!(library.folders().len(), 3);
}

#[test]
fn settings_that_cannot_be_understood_are_not_written_over() {
    let shelf = Shelf::new();
    let file = shelf.places().settings;
    for (bytes, part) in [
        (
            &b"folders = [\"/a\"]\nfavourites = 3\n"[..],
            "line 2 says: ",
        ),
        (b"folders = [\"/a\n", "line 1 says: "),
        (
            b"[[favourites]]\nname = \"a\"\nhash = \"xyz\"\n",
            "64 hexadecimal digits",
        ),
        (b"folders = [\"\xFF\"]", "the file is not UTF-8 text"),
    ] {
        let mut library = Shelf::new().open();
        fs::write(&file, bytes).unwrap();
        let error = Library::open(shelf.places()).expect_err("malformed");
        let text = error.to_string();
        assert!(
            matches!(error, SettingsError::Malformed { .. }) && text.contains(part),
            "{text}"
        );
        assert!(!text.contains('\n'), "{text}");
        library
            .favourite(Reference::new("hall", None, None))
            .unwrap();
        assert!(Settings::update(&file, |settings| settings.add_folder(Path::new("/b"))).is_err());
        assert_eq!(fs::read(&file).unwrap(), bytes);
        // A factory impulse needs no settings; a name of the user's does.
        let places = shelf.places();
        assert!(matches!(
            resolve_in(Some(&places), "hall"),
            Ok(Source::Factory(_))
        ));
        assert!(matches!(
            resolve_in(Some(&places), "nothing of that name"),
            Err(ResolveError::Settings(_))
        ));
    }
}

#[test]
fn changes_at_once_are_all_kept() {
    let shelf = Shelf::new();
    let file = shelf.places().settings;
    thread::scope(|scope| {
        for n in 0..8 {
            let file = &file;
            scope.spawn(move || {
                for m in 0..5 {
                    let folder = PathBuf::from(format!("/{n}/{m}"));
                    Settings::update(file, |settings| settings.add_folder(&folder)).unwrap();
                }
            });
        }
    });
    assert_eq!(Settings::read(&file).unwrap().folders().count(), 40);
}

#[test]
fn folders_are_added_and_removed() {
    let shelf = Shelf::new();
    let mut library = shelf.open();
    let folder = shelf.path("more");
    let refused = library.add_folder(&folder).unwrap_err().to_string();
    assert!(
        refused.ends_with(
            "expected a folder, but there is none of that name; name a folder that is there"
        ),
        "{refused}"
    );
    let file = shelf.put("a.wav", 0.5);
    assert!(
        library
            .add_folder(&file)
            .unwrap_err()
            .to_string()
            .contains("this is a file")
    );
    fs::create_dir(&folder).unwrap();
    assert_eq!(library.add_folder(&folder).unwrap(), Changed::Now);
    assert_eq!(library.add_folder(&folder).unwrap(), Changed::Already);
    assert_eq!(
        library.add_folder(&shelf.path("impulses")).unwrap(),
        Changed::Already
    );
    fs::remove_dir(&folder).unwrap();
    assert_eq!(library.remove_folder(&folder).unwrap(), Changed::Now);
    assert_eq!(library.remove_folder(&folder).unwrap(), Changed::Already);
    assert_eq!(library.folders().len(), 1);
}

#[test]
fn names_of_the_library_resolve_without_a_scan() {
    let shelf = stocked();
    let places = shelf.places();
    let resolve = |name: &str| resolve_in(Some(&places), name);
    for (typed, file) in [
        ("boston hall", "Halls/Boston Hall.wav"),
        ("Boston Hall.wav", "Halls/Boston Hall.wav"),
        ("eglise st-etienne", "Church/Église St-Étienne.wav"),
        ("hallway", "Small/hallway.wav"),
    ] {
        let path = shelf.path("impulses").join(file);
        match resolve(typed) {
            Ok(Source::File(found)) => assert_eq!(found, path, "{typed}"),
            other => panic!("{typed}: {other:?}"),
        }
    }
    assert!(!places.index.exists());
    let impulse = resolve("hallway")
        .unwrap()
        .load(LayoutChoice::Auto)
        .unwrap();
    assert_eq!(impulse.channels, [[4.0]]);
    // The factory's hall goes before the user's.
    assert!(matches!(resolve("Hall"), Ok(Source::Factory(f)) if f.name == "hall"));
    // A dot in a name is no extension.
    let paul = shelf.put("impulses/St. Paul's.wav", 0.5);
    assert!(matches!(resolve("st. paul's"), Ok(Source::File(p)) if p == paul));
    assert!(matches!(resolve("St. Peter's"), Ok(Source::File(p)) if p == Path::new("St. Peter's")));
    assert!(matches!(resolve("nothing"), Err(ResolveError::Unknown(_))));
    assert!(matches!(resolve(""), Err(ResolveError::Unknown(_))));
    let again = shelf.put("more/Hallway.flac", 0.5);
    shelf.open().add_folder(&shelf.path("more")).unwrap();
    let error = resolve("hallway").unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("hallway: expected the name of one impulse, but 2 files of the library have it; type the path of one: "), "{text}");
    assert!(
        text.contains("hallway.wav, ") && text.contains(&*again.to_string_lossy()),
        "{text}"
    );
    assert!(matches!(resolve("hallway.flac"), Ok(Source::File(p)) if p == again));
}

#[test]
fn a_hash_is_written_and_read() {
    let hash = ContentHash::of(b"");
    // The test vector of BLAKE3's own repository, input length 0.
    let text = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    assert_eq!(hash.to_string(), text);
    assert_eq!(text.parse(), Ok(hash));
    for wrong in ["", "af13", &text[1..], &text.replace('a', "g")] {
        assert!(wrong.parse::<ContentHash>().is_err(), "{wrong}");
    }
    let reference = Reference::new("Saal", Some(hash), Some("/x/Saal.wav".into()));
    let json = serde_json::to_string(&reference).unwrap();
    assert_eq!(serde_json::from_str::<Reference>(&json).unwrap(), reference);
}

#[test]
fn an_empty_machine_has_the_factory_impulses() {
    let home = tempfile::tempdir().unwrap();
    let mut library = Library::open(Places::under(home.path())).unwrap();
    assert_eq!(library.entries().len(), factory().len());
    let report = scan(&mut library);
    assert_eq!((report.files, report.problems.len()), (0, 0));
    // Looking writes nothing.
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

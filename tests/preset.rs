//! Presets: what is saved comes back, and the impulse is never lost.

use partita::impulse::library::{self, ContentHash};
use partita::impulse::load::{self, LayoutChoice};
use partita::impulse::shape::Shape;
use partita::impulse::{ImpulseResponse, Layout};
use partita::loader::Source;
use partita::output::Existing;
use partita::params::{Id, Slots, TABLE, Values};
use partita::preset::{
    Copy, EMBEDDING_LIMIT, Embedding, ImpulseReference, Instance, ParseError, Place, Preset,
    ResolveError, factory, sound_hash,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const NOWHERE: &dyn Fn(&ContentHash) -> Option<PathBuf> = &|_| None;

fn impulse(channels: Vec<Vec<f32>>) -> ImpulseResponse {
    ImpulseResponse {
        name: "mine".to_owned(),
        sample_rate: 44_100,
        layout: match channels.len() {
            1 => Layout::Mono,
            2 => Layout::Stereo,
            _ => Layout::Matrix,
        },
        channels,
    }
}

/// A decay of noise, as integers of so many bits.
fn decay(bits: i32, frames: usize) -> ImpulseResponse {
    let full = 2_f32.powi(bits - 1);
    let mut state = 1_u32;
    let mut sample = |n: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = state as i32 as f32 / 2_f32.powi(31);
        (noise * (-(n as f32) / 2000.0).exp() * full).round() / full
    };
    let left: Vec<f32> = (0..frames).map(&mut sample).collect();
    let right = (0..frames).map(&mut sample).collect();
    impulse(vec![left, right])
}

fn bits(impulse: &ImpulseResponse) -> Vec<Vec<u32>> {
    let channel = |c: &Vec<f32>| c.iter().map(|x| x.to_bits()).collect();
    impulse.channels.iter().map(channel).collect()
}

fn write(path: &Path, impulse: &ImpulseResponse) -> ImpulseResponse {
    let bytes = wav(impulse);
    fs::write(path, bytes).expect("written");
    load::read(path, LayoutChoice::Auto).expect("reads")
}

/// A float WAV.
fn wav(impulse: &ImpulseResponse) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: impulse.channels.len() as u16,
        sample_rate: impulse.sample_rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("a writer");
    for frame in 0..impulse.frames() {
        for channel in &impulse.channels {
            writer.write_sample(channel[frame]).expect("written");
        }
    }
    writer.finalize().expect("whole");
    bytes.into_inner()
}

/// A preset of the file at `path`, with a copy.
fn preset_of(path: &Path) -> (Preset, ImpulseResponse) {
    let impulse = load::read(path, LayoutChoice::Auto).expect("reads");
    let mut reference = ImpulseReference::to_file(path, LayoutChoice::Auto, &impulse);
    reference
        .embed(&impulse, Embedding::Files, EMBEDDING_LIMIT)
        .expect("fits");
    (
        Preset::new("mine", &Values::default(), Some(reference)),
        impulse,
    )
}

fn again(preset: &Preset) -> Preset {
    let text = preset.to_text();
    let read = Preset::parse(text.as_bytes()).expect("its own text");
    assert_eq!(&read, preset);
    assert_eq!(read.to_text(), text);
    read
}

fn parse(value: &Value) -> Result<Preset, ParseError> {
    Preset::parse(value.to_string().as_bytes())
}

#[test]
fn any_sound_comes_back_from_its_copy_to_the_bit() {
    let odd = vec![
        -0.0,
        0.0,
        f32::MIN_POSITIVE / 4.0,
        1e6,
        -1e6,
        1.0,
        -1.0,
        0.1,
    ];
    let mut sounds: Vec<_> = [8, 16, 24]
        .into_iter()
        .flat_map(|bits| [1, 4095, 4096, 4097, 20_000].map(|frames| decay(bits, frames)))
        .collect();
    sounds.push(impulse(vec![odd.clone()]));
    sounds.push(impulse(vec![odd; 64]));
    sounds.push(impulse(vec![vec![0.0; 100_000]; 3]));
    sounds.push(impulse(vec![vec![1.0, -1.0, 3.0, 2.0_f32.powi(-31)]]));
    let factory = library::factory().iter();
    sounds.extend(factory.map(|factory| factory.load().expect("loads")));
    for sound in sounds {
        let copy = Copy::of(&sound, usize::MAX).expect("fits");
        let back = copy.sound(&sound.name).expect("reads");
        assert_eq!(bits(&back), bits(&sound));
        assert_eq!(back, sound);
        assert_eq!(sound_hash(&back), sound_hash(&sound));
        // Integers are smaller than their file's: 24 bits are four letters.
        if sound
            .channels
            .iter()
            .flatten()
            .all(|x| (x * 8_388_608.0).fract() == 0.0)
        {
            let samples = sound.frames() * sound.channels.len();
            assert!(copy.bytes() < 4 * samples + 100, "{}", sound.name);
        }
    }
}

proptest! {
    #[test]
    fn any_floats_come_back_from_their_copy_to_the_bit(
        samples in prop::collection::vec(-1e6_f32..1e6, 1..200),
        subnormal in any::<u32>(),
    ) {
        let mut samples = samples;
        samples.push(f32::from_bits(subnormal & 0x807f_ffff));
        let sound = impulse(vec![samples]);
        let back = Copy::of(&sound, usize::MAX).expect("fits").sound("mine").expect("reads");
        prop_assert_eq!(bits(&back), bits(&sound));
    }

    #[test]
    fn any_values_come_back_from_a_preset_to_the_bit(
        travels in prop::collection::vec(0.0_f32..=1.0, TABLE.len()),
    ) {
        let mut values = Values::default();
        for (parameter, travel) in TABLE.iter().zip(travels) {
            values.set(parameter.id, parameter.value_at(travel));
        }
        let read = again(&Preset::new("any", &values, None)).values();
        for parameter in &TABLE {
            let want = match parameter.id {
                // What a preset leaves out.
                Id::Bypass => 0.0,
                Id::Impulse => 0.0,
                id => values.get(id),
            };
            prop_assert_eq!(read.get(parameter.id).to_bits(), want.to_bits(), "{}", parameter.key);
        }
    }
}

#[test]
fn what_is_not_known_here_is_written_again() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("mine.wav");
    write(&path, &decay(24, 500));
    let (preset, _) = preset_of(&path);
    let mut later: Value = serde_json::from_str(&preset.to_text()).expect("JSON");
    later["version"] = json!(7);
    later["colour"] = json!({ "deep": [1, 2.5, null] });
    later["parameters"]["shimmer"] = json!(12.5);
    later["impulse"]["rating"] = json!(5);
    later["impulse"]["copy"]["dither"] = json!("none");
    let read = parse(&later).expect("older readers are welcome");
    let written: Value = serde_json::from_str(&again(&read).to_text()).expect("JSON");
    assert_eq!(written, later);
    // A change here leaves it there.
    let mut changed = read.clone();
    changed.set_values(&Values::default());
    changed.name = "other".to_owned();
    later["name"] = json!("other");
    let written: Value = serde_json::from_str(&changed.to_text()).expect("JSON");
    assert_eq!(written, later);
    // The same of what a session holds.
    let mut instance: Value = serde_json::from_str(&Instance::default().to_text()).expect("JSON");
    instance["version"] = json!(3);
    instance["colour"] = json!("green");
    let read = Instance::parse(instance.to_string().as_bytes()).expect("reads");
    let written: Value = serde_json::from_str(&read.to_text()).expect("JSON");
    assert_eq!(written, instance);
}

#[test]
fn versions_are_checked_and_old_ones_read() {
    let oldest = json!({ "format": "partita preset", "version": 1, "oldest_reader": 1 });
    let read = parse(&oldest).expect("reads");
    assert_eq!(read.values(), {
        let mut values = Values::default();
        values.set(Id::Impulse, 0.0);
        values
    });
    let by_hand = json!({
        "format": "partita preset", "version": 1, "oldest_reader": 1, "name": "by hand",
        "parameters": { "predelay": "0.02 s", "mix": 50, "reverse": true, "cut_slope": "24 dB/oct", "width": 1e9 },
        "impulse": { "name": "plate", "factory": "plate" },
    });
    let read = parse(&by_hand).expect("reads");
    let value = |id| read.values().get(id);
    assert_eq!(
        [
            value(Id::Predelay),
            value(Id::Mix),
            value(Id::Reverse),
            value(Id::CutSlope)
        ],
        [20.0, 50.0, 1.0, 1.0]
    );
    assert_eq!(value(Id::Width), 200.0);
    assert_eq!(Slots::factory(read.values().slot()), Some("plate"));
    let refused = |change: &dyn Fn(&mut Value), told: &str| {
        let mut preset = by_hand.clone();
        change(&mut preset);
        let error = parse(&preset).expect_err(told).to_string();
        assert!(error.contains(told), "{error}");
        assert!(!error.contains('\n'), "{error}");
    };
    refused(
        &|preset| preset["oldest_reader"] = json!(2),
        "needs version 2; update Partita",
    );
    refused(&|preset| preset["format"] = json!("song"), "got \"song\"");
    refused(
        &|preset| preset["parameters"]["mix"] = json!(null),
        "expected a number or a text for mix",
    );
    refused(
        &|preset| preset["parameters"]["mix"] = json!("loud"),
        "Mix: expected 0 to 100 %",
    );
    refused(
        &|preset| preset["impulse"]["sound_hash"] = json!("12"),
        "64 hexadecimal digits",
    );
    refused(
        &|preset| preset["impulse"]["layout"] = json!("mcfx:0"),
        "expected a layout of auto, stereo",
    );
    let many = json!({ "format": "partita preset", "version": 1, "oldest_reader": 1, "x": vec![0; 200_000] });
    assert!(matches!(parse(&many), Err(ParseError::TooMany)));
    for text in ["", "{", "[]", "null", "\"partita preset\"", "{}"] {
        let error = Preset::parse(text.as_bytes()).expect_err("no preset");
        assert!(
            error.to_string().starts_with("expected a partita preset"),
            "{error}"
        );
    }
}

#[test]
fn the_file_plays_where_it_was_where_it_went_and_where_it_is_no_more() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("mine ŝ.wav");
    let moved = folder.path().join("moved.wav");
    write(&path, &decay(24, 3000));
    let (preset, sound) = preset_of(&path);
    let text = preset.to_text();
    let reference = again(&preset).impulse.expect("an impulse");
    let found = reference.resolve(NOWHERE).expect("found");
    assert_eq!((found.place, found.note), (Place::Path(path.clone()), None));
    assert_eq!(*found.impulse, sound);

    // Moved: by its hash, which the library knows.
    fs::rename(&path, &moved).expect("moved");
    let hash = ContentHash::of(&fs::read(&moved).expect("read"));
    assert_eq!(reference.file_hash, Some(hash));
    let library = |asked: &ContentHash| (*asked == hash).then(|| moved.clone());
    let found = reference.resolve(&library).expect("found");
    assert_eq!(
        (found.place, found.note),
        (Place::Library(moved.clone()), None)
    );
    assert_eq!(bits(&found.impulse), bits(&sound));

    // Missing: named, and the copy plays.
    let found = reference.resolve(NOWHERE).expect("the copy");
    assert_eq!((&found.place, &*found.impulse), (&Place::Copy, &sound));
    assert_eq!(
        found.note.expect("a note"),
        format!(
            "mine ŝ: {} is not there; the copy that was saved plays",
            path.display()
        )
    );
    let bare = reference.without_copy();
    let error = bare.resolve(NOWHERE).expect_err("nothing left");
    assert!(matches!(error, ResolveError::Missing { .. }));
    assert!(error.to_string().starts_with(&format!(
        "mine ŝ: expected its file at {}, but there is none",
        path.display()
    )));

    // Changed: the copy is preferred; without, what is there plays, and it is said.
    let other = write(&path, &decay(16, 100));
    let found = reference.resolve(NOWHERE).expect("the copy");
    assert_eq!(
        (&found.place, bits(&found.impulse)),
        (&Place::Copy, bits(&sound))
    );
    assert!(
        found
            .note
            .expect("a note")
            .contains("has changed since it was saved; the copy")
    );
    let found = bare.resolve(NOWHERE).expect("what is there");
    assert_eq!(
        (&found.place, bits(&found.impulse)),
        (&Place::Path(path.clone()), bits(&other))
    );
    assert!(
        found
            .note
            .expect("a note")
            .ends_with("it plays as it is now")
    );
    // A library that is wrong about a file is not believed.
    let wrong = |_: &ContentHash| Some(path.clone());
    assert_eq!(
        reference.resolve(&wrong).expect("the copy").place,
        Place::Copy
    );
    // Other bytes, same sound: it is the same.
    let mut bytes = wav(&sound);
    bytes.extend(b"LIST\x04\0\0\0INFO");
    let size = (bytes.len() - 8) as u32;
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
    fs::write(&path, bytes).expect("written");
    let found = reference.resolve(NOWHERE).expect("found");
    assert_eq!((found.place, found.note), (Place::Path(path.clone()), None));

    // Looking has changed nothing.
    let mut saved = preset;
    saved.impulse = Some(reference);
    assert_eq!(saved.to_text(), text);
}

#[test]
fn a_factory_impulse_is_its_own_copy_unless_it_was_made_anew() {
    let hall = library::find("hall").expect("there");
    let sound = hall.load().expect("loads");
    let mut reference = ImpulseReference::to_factory(hall, &sound);
    reference
        .embed(&sound, Embedding::Files, EMBEDDING_LIMIT)
        .expect("none");
    assert!(reference.copy().is_none());
    let found = reference.resolve(NOWHERE).expect("found");
    assert_eq!((found.place, found.note), (Place::Factory, None));
    // As it was in another version.
    let was = decay(24, 100);
    let mut reference = ImpulseReference::to_factory(hall, &was);
    let found = reference.resolve(NOWHERE).expect("found");
    assert_eq!(found.place, Place::Factory);
    assert!(
        found
            .note
            .expect("a note")
            .contains("not the one that was saved")
    );
    reference
        .embed(&was, Embedding::All, EMBEDDING_LIMIT)
        .expect("fits");
    let found = reference.resolve(NOWHERE).expect("found");
    assert_eq!(
        (&found.place, bits(&found.impulse)),
        (&Place::Copy, bits(&was))
    );
    // One that this version does not have.
    let text = json!({ "name": "x", "factory": "no such hall" }).to_string();
    let gone: ImpulseReference = serde_json::from_str(&text).expect("reads");
    let error = gone.resolve(NOWHERE).expect_err("there is none");
    assert!(
        error
            .to_string()
            .contains("a factory impulse called no such hall"),
        "{error}"
    );
}

#[test]
fn a_copy_is_made_once_up_to_a_limit_and_only_if_wanted() {
    let sound = decay(24, 5000);
    let mut reference = ImpulseReference::to_sound(&sound);
    let size = Copy::of(&sound, usize::MAX).expect("fits").bytes();
    assert!(reference.embed(&sound, Embedding::Files, size / 2).is_err());
    assert!(reference.copy().is_none());
    reference
        .embed(&sound, Embedding::Files, size + 4)
        .expect("fits");
    let first = reference.copy().expect("a copy") as *const Copy;
    reference
        .embed(&sound, Embedding::Files, size + 4)
        .expect("fits");
    assert_eq!(reference.copy().expect("a copy") as *const Copy, first);
    // Where it comes from no file, the copy is no stopgap.
    let found = reference.resolve(NOWHERE).expect("the copy");
    assert_eq!((found.place, found.note), (Place::Copy, None));
    // Nor is it left out: it is nowhere else.
    reference
        .embed(&sound, Embedding::None, size + 4)
        .expect("fits");
    assert!(reference.copy().is_some());
    let path = Path::new("/nowhere/hall.wav");
    let mut file = ImpulseReference::to_file(path, LayoutChoice::Auto, &sound);
    for (embedding, copied) in [(Embedding::Files, true), (Embedding::None, false)] {
        file.embed(&sound, embedding, size + 4).expect("fits");
        assert_eq!(file.copy().is_some(), copied);
    }
    let long = impulse(vec![vec![0.0; (1 << 25) + 1]]);
    assert!(Copy::of(&long, usize::MAX).is_err());
}

#[test]
fn a_path_is_read_only_as_a_sound_of_this_machine() {
    let folder = TempDir::new().expect("a folder");
    let secret = folder.path().join("secret.txt");
    fs::write(&secret, "nobody's business").expect("written");
    write(&folder.path().join("here.wav"), &decay(16, 10));
    for path in [
        secret.to_str().expect("text"),
        folder.path().to_str().expect("text"),
        "here.wav",
        "/dev/zero",
        "C:\\sounds\\hall.wav",
        "",
    ] {
        let text = json!({ "name": "x", "path": path }).to_string();
        let reference: ImpulseReference = serde_json::from_str(&text).expect("reads");
        let error = reference
            .resolve(NOWHERE)
            .expect_err("no impulse")
            .to_string();
        assert!(!error.contains("nobody"), "{error}");
        // Kept as it is, whatever system it belongs to.
        assert_eq!(
            serde_json::to_value(&reference).expect("JSON")["path"],
            json!(path)
        );
    }
    for path in [json!({ "Windows": [67, 58] }), json!(7), json!(["a"])] {
        let text = json!({ "name": "x", "path": path }).to_string();
        let reference: ImpulseReference = serde_json::from_str(&text).expect("reads");
        assert!(reference.resolve(NOWHERE).is_err());
        assert_eq!(
            serde_json::to_value(&reference).expect("JSON")["path"],
            path
        );
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let path = folder
            .path()
            .join(std::ffi::OsStr::from_bytes(b"caf\xe9.wav"));
        write(&path, &decay(16, 10));
        let (preset, _) = preset_of(&path);
        let reference = again(&preset).impulse.expect("an impulse");
        assert_eq!(reference.path(), Some(path.clone()));
        assert_eq!(
            reference.resolve(NOWHERE).expect("found").place,
            Place::Path(path)
        );
    }
}

#[test]
fn a_file_is_saved_whole_or_not_at_all() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("mine.partita");
    let first = Preset::new("first", &Values::default(), None);
    let second = Preset::new("second", &Values::default(), None);
    first.save(&path, Existing::Keep).expect("saved");
    assert_eq!(Preset::open(&path).expect("reads"), first);
    let error = second
        .save(&path, Existing::Keep)
        .expect_err("there is one");
    assert!(
        error
            .to_string()
            .ends_with("mine.partita exists already; --force replaces it")
    );
    assert_eq!(Preset::open(&path).expect("reads"), first);
    second.save(&path, Existing::Replace).expect("saved");
    assert_eq!(Preset::open(&path).expect("reads"), second);
    assert!(second.save(folder.path(), Existing::Replace).is_err());
    let nowhere = folder.path().join("nowhere/mine.partita");
    assert!(second.save(&nowhere, Existing::Keep).is_err());
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1);
    let error = Preset::open(folder.path())
        .expect_err("a folder")
        .to_string();
    assert!(
        error.ends_with("expected a .partita file, but this is no regular file"),
        "{error}"
    );
    let error = Preset::open(Path::new("no such preset"))
        .expect_err("none")
        .to_string();
    assert!(
        error.contains("the factory names are Front Row, "),
        "{error}"
    );
}

#[test]
fn factory_presets_load_and_have_a_sound_of_their_own() {
    let presets = factory();
    assert!(presets.len() >= 12);
    let names: BTreeSet<_> = presets
        .iter()
        .map(|preset| preset.name.to_lowercase())
        .collect();
    assert_eq!(names.len(), presets.len());
    let mut sounds = Vec::new();
    for preset in presets {
        assert_eq!(
            Preset::open(Path::new(&preset.name.to_uppercase())).expect("by name"),
            *preset
        );
        assert!(
            !preset.about.is_empty() && !preset.about.ends_with('.'),
            "{}",
            preset.name
        );
        again(preset);
        let values = preset.values();
        let reference = preset.impulse.as_ref().expect("an impulse");
        assert_eq!(Slots::factory(values.slot()), reference.factory.as_deref());
        let found = reference.resolve(NOWHERE).expect("in the program");
        assert_eq!((&found.place, &found.note), (&Place::Factory, &None));
        let shape: Shape = values.shape();
        let source = Source::new((*found.impulse).clone(), &shape).expect("a shape");
        let fitted = source.fit(2, 48_000).expect("fits");
        let energy: f32 = fitted
            .impulse
            .channels
            .iter()
            .flatten()
            .map(|x| x * x)
            .sum();
        assert!(
            energy.is_finite() && energy > 0.1,
            "{}: {energy}",
            preset.name
        );
        sounds.push((values, reference.factory.clone()));
    }
    for (place, sound) in sounds.iter().enumerate() {
        assert!(!sounds[..place].contains(sound), "{}", presets[place].name);
    }
}

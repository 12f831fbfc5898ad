//! Sessions and choices, without a host.

use super::*;
use crate::params::slots;

const NOWHERE: Find<'_> = &|_| None;

fn named(slot: usize) -> String {
    let mut instance = Instance::default();
    instance.slot = slot;
    instance.to_text()
}

#[test]
fn of_many_sessions_that_nobody_looked_at_the_newest_counts() {
    let state = State::default();
    for slot in 0..5 * ARRIVALS {
        state.arrive(Some(&named(slot)));
    }
    assert_eq!(state.text(), named(5 * ARRIVALS - 1));
    state.arrive(Some("{"));
    assert_eq!(state.text(), named(5 * ARRIVALS - 1));
    assert!(
        state
            .note()
            .is_some_and(|note| note.starts_with("the session's impulse: "))
    );
    state.arrive(None);
    assert_eq!(state.text(), Instance::default().to_text());
}

#[test]
fn a_chosen_file_is_referred_to_and_embedded_as_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.wav");
    let impulse = library::find("spring").map(|spring| spring.load().expect("loads"));
    let mut impulse = impulse.expect("a factory impulse");
    impulse.name = "mine".to_owned();
    let state = State::default();
    let first = state.wanted(slots::DEFAULT, NOWHERE).expect("the default");
    let kept = || {
        let text = state.text();
        Instance::parse(text.as_bytes())
            .expect("its own text")
            .impulse
            .expect("an impulse")
    };
    assert_eq!(kept().factory.as_deref(), Slots::factory(slots::DEFAULT));
    // Not there: what plays goes on, and it is said, each time anew.
    #[cfg(feature = "editor")]
    let refused = || state.told().refused;
    #[cfg(feature = "editor")]
    let before = {
        state.choose(path.clone());
        state.wanted(slots::DEFAULT, NOWHERE);
        refused()
    };
    state.choose(path.clone());
    let played = state.wanted(slots::DEFAULT, NOWHERE).expect("as before");
    assert!(Arc::ptr_eq(&played, &first));
    #[cfg(feature = "editor")]
    {
        let (before, now) = (before.expect("refused"), refused().expect("refused again"));
        assert!(*now == *path && !Arc::ptr_eq(&before, &now));
    }
    assert!(
        state
            .note()
            .is_some_and(|note| note.contains("there is no such file"))
    );
    let bytes = include_bytes!("../../../impulses/spring.wav");
    std::fs::write(&path, bytes).expect("written");
    state.choose(path.clone());
    let played = state.wanted(slots::DEFAULT, NOWHERE).expect("the file");
    assert_eq!(*played, impulse);
    assert_eq!((state.note(), kept().path()), (None, Some(path.clone())));
    #[cfg(feature = "editor")]
    assert_eq!(refused(), None);
    assert!(kept().copy().is_some());
    // Whether it is saved is not heard: asked again, it is the same, and no other is made of it.
    for embedding in [Embedding::None, Embedding::Files, Embedding::All] {
        state.embed(embedding);
        let again = state.wanted(slots::DEFAULT, NOWHERE).expect("the file");
        assert!(Arc::ptr_eq(&again, &played), "{embedding:?}");
        assert_eq!(kept().copy().is_some(), embedding != Embedding::None);
    }
    // The file goes; the instance knows what it played.
    std::fs::remove_file(&path).expect("removed");
    let session = state.text();
    let other = State::default();
    other.arrive(Some(&session));
    let played = other.wanted(slots::DEFAULT, NOWHERE).expect("the copy");
    assert_eq!(*played, impulse);
    assert!(
        other
            .note()
            .is_some_and(|note| note.contains("mine.wav is not there"))
    );
    assert_eq!(other.text(), session);
}

#[test]
fn a_file_keeps_its_place_in_the_chooser_and_in_the_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let one = file("one.wav", include_bytes!("../../../impulses/spring.wav"));
    let two = file("two.wav", include_bytes!("../../../impulses/plate.wav"));
    let state = State::default();
    let ask = |state: &State, slot| state.wanted(slot, NOWHERE).expect("an impulse");
    // Where the editor moves the chooser.
    #[cfg(feature = "editor")]
    let moved = |slot, to: Option<usize>| assert_eq!(state.moved(slot), to);
    #[cfg(not(feature = "editor"))]
    let moved = |_: usize, _: Option<usize>| {};
    let hall = ask(&state, slots::DEFAULT);
    moved(slots::DEFAULT, None);
    let (first, second) = (slots::FIRST_OF_USER, slots::FIRST_OF_USER + 1);
    state.choose(one.clone());
    let mine = ask(&state, slots::DEFAULT);
    assert_eq!(state.slots().name(slots::DEFAULT), "hall");
    assert_eq!(state.slots().name(first), "one");
    moved(slots::DEFAULT, Some(first));
    // The host has moved it: that counts.
    moved(7, None);
    assert!(Arc::ptr_eq(&ask(&state, first), &mine));
    moved(first, None);
    state.choose(two.clone());
    let other = ask(&state, first);
    moved(first, Some(second));
    assert!(Arc::ptr_eq(&ask(&state, second), &other));
    // Forth and back, also by another way than its file.
    assert_eq!(*ask(&state, slots::DEFAULT), *hall);
    assert_eq!(*ask(&state, first), *mine);
    // An empty slot changes nothing.
    assert_eq!(*ask(&state, 900), *mine);
    assert_eq!(state.slots().name(900), "empty 900");
    moved(900, None);
    assert_eq!(*ask(&state, second), *other);
    // The same file has the place that it had.
    state.choose(one.clone());
    assert_eq!(*ask(&state, second), *mine);
    moved(second, Some(first));
    assert_eq!(*ask(&state, first), *mine);
    assert_eq!(state.step(slots::CUSTOM, false), second);
    assert_eq!(state.step(first, true), second);
    // All of it is in the session, the files are not needed.
    let session = state.text();
    for path in [one, two] {
        std::fs::remove_file(path).expect("removed");
    }
    let later = State::default();
    later.arrive(Some(&session));
    assert_eq!(later.text(), session);
    assert_eq!(later.step(slots::CUSTOM, false), second);
    let names = |state: &State| [first, second].map(|slot| state.slots().name(slot));
    assert_eq!(names(&later), ["one", "two"]);
    for (slot, impulse) in [(first, &mine), (second, &other), (4, &hall), (first, &mine)] {
        assert_eq!(*ask(&later, slot), **impulse, "{slot}");
        assert_eq!(names(&later), ["one", "two"]);
    }
    assert_eq!(later.text(), session);
}

#[test]
fn sessions_that_come_faster_than_they_load_are_heard_all_the_same() {
    let hall = library::find("hall").map(|hall| hall.load().expect("loads"));
    let hall = hall.expect("a factory impulse");
    let mut reference = ImpulseReference::to_sound(&hall);
    let embedded = reference.embed(&hall, Embedding::Files, EMBEDDING_LIMIT);
    embedded.expect("it fits");
    reference.file_hash = Some(library::ContentHash::of(b"a file"));
    let mut instance = Instance::default();
    instance.impulse = Some(reference);
    let text = instance.to_text();
    let state = State::default();
    let slow = |_: &library::ContentHash| {
        std::thread::sleep(Duration::from_millis(40));
        None
    };
    let heard = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        state.arrive(Some(&text));
        scope.spawn(|| {
            assert!(state.wanted(slots::DEFAULT, &slow).is_some());
            heard.store(true, Ordering::Release);
        });
        // 100 a second, as long as nothing is heard.
        let came = (0..2000).take_while(|_| {
            state.arrive(Some(&text));
            std::thread::sleep(Duration::from_millis(10));
            !heard.load(Ordering::Acquire)
        });
        let came = came.count();
        assert!(came < 2000, "nothing was heard of {came} sessions");
    });
    assert_eq!(state.text(), text);
}

#[test]
fn places_that_cannot_be_do_no_harm() {
    let hall = library::find("hall").map(|hall| hall.load().expect("loads"));
    let hall = hall.expect("a factory impulse");
    let mut mine = ImpulseReference::to_sound(&hall);
    mine.embed(&hall, Embedding::Files, EMBEDDING_LIMIT)
        .expect("fits");
    for place in [5, 255, slots::COUNT - 1, slots::COUNT, usize::MAX] {
        let mut instance = Instance::default();
        (instance.impulse, instance.place) = (Some(mine.clone()), Some(place));
        instance.others.insert(place, mine.clone());
        instance.slot = place;
        let state = State::default();
        state.arrive(Some(&instance.to_text()));
        state.choose(PathBuf::from("nowhere.wav"));
        for slot in [
            place.min(slots::COUNT - 1),
            5,
            slots::DEFAULT,
            slots::CUSTOM,
        ] {
            assert!(state.wanted(slot, NOWHERE).is_some(), "{place} at {slot}");
            assert!(state.step(slot, true) < slots::COUNT);
        }
    }
}

#[cfg(feature = "editor")]
#[test]
fn what_is_taken_plays_once_and_is_referred_to_while_it_is_missing() {
    let state = State::default();
    let hall = state.wanted(slots::DEFAULT, NOWHERE).expect("the default");
    // The editor hands it over; the slot follows a block later, and is no second wish.
    let spring = Arc::new(ImpulseReference::to_factory_named("spring"));
    state.take(Arc::clone(&spring));
    let played = state.wanted(slots::DEFAULT, NOWHERE).expect("the spring");
    assert_eq!(played.name, "spring");
    let slot = Slots::of_factory("spring").expect("a slot");
    let again = state.wanted(slot, NOWHERE).expect("the spring");
    assert!(Arc::ptr_eq(&played, &again));
    let told = state.told();
    assert_eq!(told.reference, Some(spring));
    assert!(!told.missing);
    // Of a file and a reference that nobody has looked at, the later counts.
    state.choose(PathBuf::from("nowhere.wav"));
    state.take(Arc::new(ImpulseReference::to_factory_named("hall")));
    let played = state.wanted(slots::CUSTOM, NOWHERE).expect("the hall");
    assert_eq!(*played, *hall);
    // Nowhere: what plays goes on, and the session keeps the name.
    let mut lost = ImpulseReference::to_sound(&hall);
    lost.name = "lost".to_owned();
    lost.sound_hash = Some(library::ContentHash::of(b"another sound"));
    let before = Arc::clone(&played);
    state.take(Arc::new(lost));
    assert!(state.wanted(slots::CUSTOM, NOWHERE).is_none());
    let told = state.told();
    assert!(told.missing && told.impulse.is_none());
    assert!(
        told.note
            .is_some_and(|note| note.starts_with("lost: expected"))
    );
    assert!(state.text().contains("\"lost\""));
    state.name_preset(Some("Mine".to_owned()));
    let text = state.text();
    let instance = Instance::parse(text.as_bytes()).expect("its own text");
    assert_eq!(instance.preset.as_deref(), Some("Mine"));
    assert_eq!(before.name, "hall");
}

#[test]
fn two_threads_that_ask_at_once_get_the_same() {
    for slot in [1, 2, 3, 5] {
        let state = State::default();
        let ask = || state.wanted(slot, NOWHERE).expect("a factory impulse");
        std::thread::scope(|scope| {
            let other = scope.spawn(ask);
            let mine = ask();
            assert!(Arc::ptr_eq(&mine, &other.join().expect("no panic")));
        });
    }
}

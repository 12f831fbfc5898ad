//! Every order of events in which two threads can meet, where they share something of ours without a lock: the swap, the
//! meter, what was played last, the shared values.
//!
//! What is tried are the product's own sources, compiled here once more: the atomics of `engine/sync.rs` are loom's, which
//! goes through all interleavings with at most three preemptions, and through every older value that a load may still see
//! under the C11 memory model (Norris & Demsky 2013, CDSChecker). The rings under the swap are rtrb's to prove; here
//! stand rings of a lock and a queue, so short that every one is full at some time.
#![allow(
    clippy::duplicate_mod,
    reason = "the meter is compiled twice, once with a fault"
)]
#![allow(
    dead_code,
    unused_qualifications,
    reason = "the product's sources, of which a part is used"
)]

extern crate self as rtrb;

#[macro_use]
#[path = "model/beside.rs"]
mod beside;
#[path = "model/ring.rs"]
mod ring;
#[path = "model/unfenced.rs"]
mod unfenced;

#[path = "../src/engine/meter.rs"]
mod meter;
#[path = "../src/engine/recent.rs"]
mod recent;
#[path = "../src/params/shared.rs"]
mod shared;
#[path = "../src/swap.rs"]
mod swap;

mod sync {
    pub use loom::sync::Arc;
    pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

mod engine {
    pub(crate) use crate::sync;
    pub use partita::engine::{Change, Engine, PreparedImpulse, mixer};
}

use partita::engine::{Block, Capacity, Change, Engine, PreparedImpulse, Routing};
use partita::params::{Group, Id, Sound, TABLE, Values};
use ring::{Consumer, Producer, PushError, RingBuffer};
use shared::SharedValues;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use swap::Next;

/// Tries every order of events of `model` and tells how many there were.
fn every_order(what: &str, model: impl Fn() + Send + Sync + 'static) {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.max_branches = 100_000;
    builder.check(move || {
        counted.fetch_add(1, Relaxed);
        model();
    });
    let count = count.load(Relaxed);
    println!("{what}: {count} orders of events");
    assert!(count > 100, "{what}: only {count} orders were tried");
}

reader_beside_the_writer!();

#[test]
fn windows_of_the_meter_are_read_whole_or_not_at_all() {
    every_order("meter", reader_beside_the_writer);
}

/// The proof that torn windows would be found.
#[test]
#[should_panic(expected = "a window is torn")]
fn without_its_fences_the_meter_is_torn() {
    every_order("meter without fences", unfenced::reader_beside_the_writer);
}

/// Four cells, of which two are read: the third block is written over the first.
fn looking_back(
    mut write: impl FnMut(&[f32]) + Send + 'static,
    last: impl FnOnce() -> Option<Vec<f32>>,
) {
    let writing = loom::thread::spawn(move || {
        for block in [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]] {
            write(&block);
        }
    });
    if let Some(samples) = last() {
        let last = samples.last().map_or(0, |last| *last as usize);
        let wanted: Vec<f32> = (1..=last).map(|n| n as f32).collect();
        let wanted = &wanted[wanted.len().saturating_sub(2)..];
        assert_eq!(samples, wanted, "what was played is torn");
        assert!(last.is_multiple_of(2), "half a block: {samples:?}");
    }
    writing.join().expect("no panic");
}

#[test]
fn what_was_played_last_is_read_whole_or_not_at_all() {
    every_order("recent", || {
        let (mut tape, recent) = recent::with_cells(4);
        looking_back(move |block| tape.write(block), || recent.last());
    });
}

#[test]
#[should_panic(expected = "what was played is torn")]
fn without_its_fences_what_was_played_last_is_torn() {
    every_order("recent without fences", || {
        let (mut tape, recent) = unfenced::tape_of_four();
        looking_back(move |block| tape.write(block), || recent.last());
    });
}

#[test]
fn whoever_sees_the_count_sees_the_values() {
    every_order("shared values", || {
        let shared = sync::Arc::new(SharedValues::default());
        let writer = sync::Arc::clone(&shared);
        let writer = loom::thread::spawn(move || {
            writer.set(Id::Mix, 40.0);
            writer.set(Id::Width, 150.0);
            writer.set_tempo(90.0);
        });
        let (mix, width) = (Id::Mix.parameter().default, Id::Width.parameter().default);
        for _ in 0..2 {
            let count = shared.changes();
            let seen = (shared.get(Id::Mix), shared.get(Id::Width), shared.tempo());
            assert!([mix, 40.0].contains(&seen.0) && [width, 150.0].contains(&seen.1));
            assert!([None, Some(90.0)].contains(&seen.2));
            assert!(count < 1 || seen.0 == 40.0, "{count} {seen:?}");
            assert!(count < 2 || seen.1 == 150.0, "{count} {seen:?}");
            assert!(count < 3 || seen.2 == Some(90.0), "{count} {seen:?}");
        }
        writer.join().expect("no panic");
        assert_eq!(shared.changes(), 3);
    });
}

/// Three impulses are sent while the audio thread plays two blocks.
fn three_impulses() {
    /// The engine copies channel slices on the stack; loom's own stacks are smaller.
    const STACK: usize = 1 << 16;
    // Held here to the end: what is let go of is counted.
    let impulses = [0.1, 0.2, 0.3, 0.4].map(|tap| {
        let impulse = PreparedImpulse::swappable(Routing::mono(), &[&[tap; 100]]);
        Arc::new(impulse.expect("good"))
    });
    let held = |impulses: &[Arc<PreparedImpulse>]| -> usize {
        impulses.iter().map(|one| Arc::strong_count(one) - 1).sum()
    };
    let capacity = Capacity {
        frames: 100,
        fade: 8,
    };
    let mut engine = Engine::with_capacity(Arc::clone(&impulses[0]), capacity);
    let of_an_engine = held(&impulses);
    let (mut loader, mut audio) = swap::pair();
    let block = |engine: &mut Engine| {
        let mut y = [0.0; 64];
        engine.process(&mut Block::new(&[&[1.0; 64]], &mut [&mut y]));
    };
    let playing = loom::thread::Builder::new().stack_size(STACK);
    let playing = playing.spawn(move || {
        for _ in 0..2 {
            audio.exchange(&mut engine);
            block(&mut engine);
        }
        (audio, engine)
    });
    let (mut back, mut unsent) = (Vec::new(), None);
    for impulse in &impulses[1..] {
        back.extend(loader.take_spent());
        // As the loader does: the newest wins, and what was not sent stays here.
        let sound = swap::Sound::Impulse(Arc::clone(impulse), Change::New);
        back.extend(
            unsent
                .take()
                .map(|next: Next| swap::Spent::from(next.sound)),
        );
        let next = Next {
            sound,
            tail_frames: 0,
        };
        unsent = loader.send(next).err();
    }
    let (mut audio, mut engine) = playing.expect("a thread").join().expect("no panic");
    assert_eq!(
        held(&impulses),
        of_an_engine + 3,
        "the audio thread let go of an impulse"
    );
    // Left in peace, the newest plays and all others come back.
    for _ in 0..12 {
        if let Some(next) = unsent.take() {
            unsent = loader.send(next).err();
        }
        audio.exchange(&mut engine);
        block(&mut engine);
        back.extend(loader.take_spent());
    }
    let newest = engine.impulse();
    assert!(
        Arc::ptr_eq(newest, &impulses[3]),
        "the newest is not what plays"
    );
    assert_eq!((back.len(), unsent.is_none()), (3, true));
    drop((back, engine, audio, loader));
    assert_eq!(held(&impulses), 0, "an impulse was leaked");
}

#[test]
fn the_swap_neither_loses_nor_frees_and_the_newest_wins() {
    every_order("swap", three_impulses);
}

/// The proof that the rule is needed, and that breaking it would be found.
#[test]
#[should_panic(expected = "asked before")]
fn a_swap_that_does_not_ask_for_room_is_found() {
    ring::LIES.set(true);
    every_order("swap without room", three_impulses);
}

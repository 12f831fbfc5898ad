//! Presets that are damaged or made to do harm: an error, or what was saved; never a panic, never memory without bound.
//! In a process of its own, since it counts every allocation.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use partita::impulse::{ImpulseResponse, Layout};
use partita::params::Values;
use partita::preset::{
    Copy, EMBEDDING_LIMIT, Embedding, ImpulseReference, Instance, Preset, Resolved,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The system's allocator, and the most bytes it has had out at once.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// One test at a time: what another takes is not this one's.
static ALONE: Mutex<()> = Mutex::new(());

// SAFETY: every call goes to the system's allocator as it came; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, memory: Memory) -> *mut u8 {
        let now = NOW.fetch_add(memory.size(), Ordering::Relaxed) + memory.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promise is the one `System` asks for.
        unsafe { System.alloc(memory) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, memory: Memory) {
        NOW.fetch_sub(memory.size(), Ordering::Relaxed);
        // SAFETY: `pointer` came from `System` with this layout.
        unsafe { System.dealloc(pointer, memory) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `work` has out at once, beside those that were out before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let done = work();
    (done, MOST.load(Ordering::Relaxed) - before)
}

fn sound() -> ImpulseResponse {
    let channel = |scale: f32| (0..3000).map(move |n| (n as f32 * scale).sin().floor() / 8.0);
    ImpulseResponse {
        name: "mine".to_owned(),
        sample_rate: 48_000,
        layout: Layout::Stereo,
        channels: vec![channel(0.3).collect(), channel(0.7).collect()],
    }
}

/// A preset whose impulse is in it and nowhere else.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut reference = ImpulseReference::to_sound(&sound());
    reference
        .embed(&sound(), Embedding::All, EMBEDDING_LIMIT)
        .expect("fits");
    Preset::new("mine", &Values::default(), Some(reference)).to_text()
});

fn value() -> Value {
    serde_json::from_str(&TEXT).expect("JSON")
}

/// What the text plays, or why it plays nothing.
fn played(text: &[u8]) -> Result<Resolved, String> {
    let preset = Preset::parse(text).map_err(|error| error.to_string())?;
    let impulse = preset.impulse.ok_or("no impulse")?;
    impulse
        .resolve(&|_| None)
        .map_err(|error| error.to_string())
}

/// Zeros, compressed as a copy's samples are: about a thousand to one.
fn bomb(bytes: usize) -> String {
    use base64::Engine;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..bytes >> 16 {
        zlib.write_all(&[0; 1 << 16]).expect("written");
    }
    base64::engine::general_purpose::STANDARD.encode(zlib.finish().expect("whole"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_damaged_preset_is_refused_or_plays_what_was_saved(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..5),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = TEXT.as_bytes().to_vec();
        for (place, byte, how) in places {
            let at = place.index(text.len());
            match how {
                0 => text[at] = byte,
                1 => text[at] ^= 1 << (byte & 7),
                2 => text.insert(at, byte),
                _ => { text.remove(at); }
            }
        }
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        let (result, most) = peak(|| played(&text));
        // 128 MiB of samples and as much again is what a preset may make us take; a damaged small one cannot, since memory
        // grows with what its data gives.
        prop_assert!(most < 8 << 20, "{} bytes", most);
        match result {
            Ok(found) => {
                let hash = value()["impulse"]["sound_hash"].clone();
                let text = String::from_utf8_lossy(&text).into_owned();
                // Where the damage has not hit the hash itself, it is the very sound.
                if text.contains(hash.as_str().unwrap_or_default()) && text.contains("\"sound_hash\"") {
                    prop_assert_eq!(&found.impulse.channels, &sound().channels);
                }
            }
            Err(error) => prop_assert!(!error.contains('\n'), "{}", error),
        }
    }

    #[test]
    fn any_bytes_are_an_error_or_a_preset(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = Preset::parse(&bytes);
        let _ = Instance::parse(&bytes);
    }
}

#[test]
fn what_a_copy_claims_costs_nothing_until_it_is_there() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (key, claim, told) in [
        ("frames", json!(1_u64 << 40), "frames, got 1099511627776"),
        ("frames", json!((1_u64 << 24) + 1), "frames, got 16777217"),
        ("frames", json!(0), "frames, got 0"),
        ("frames", json!(-1), "damaged or something else"),
        ("frames", json!(1_u64 << 24), "damaged"),
        ("frames", json!(3001), "damaged"),
        ("frames", json!(2999), "damaged"),
        ("channels", json!(4097), "1 to 4096 channels, got 4097"),
        ("channels", json!(0), "1 to 4096 channels, got 0"),
        ("channels", json!(65), "layout of stereo, got 65"),
        ("channels", json!(3), "layout of stereo, got 3"),
        ("sample_rate", json!(0), "got 0 Hz"),
        ("sample_rate", json!(1), "1 to 600 frames, got 3000"),
        (
            "fraction_bits",
            json!(40),
            "at most 31 fraction bits, got 40",
        ),
        ("fraction_bits", json!(9), "not the one that it should be"),
        ("fraction_bits", json!(null), "damaged"),
        ("coding", json!("mp9"), "a newer Partita may read it"),
        ("data", json!(""), "damaged"),
        ("data", json!("!"), "damaged"),
    ] {
        let mut preset = value();
        preset["impulse"]["copy"][key] = claim.clone();
        let text = preset.to_string();
        let (result, most) = peak(|| played(text.as_bytes()));
        let error = result.expect_err(told);
        assert!(error.contains(told), "{key} {claim}: {error}");
        assert!(most < 1 << 20, "{key} {claim}: {most} bytes");
    }
}

#[test]
fn a_bomb_goes_off_within_bounds() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut preset = value();
    preset["impulse"]["copy"]["data"] = json!(bomb(1 << 30));
    let text = preset.to_string();
    assert!(text.len() < 2 << 20);
    // It states 3000 frames: that many are read, and no more.
    let (result, most) = peak(|| played(text.as_bytes()));
    let error = result.expect_err("more than stated");
    assert!(error.contains("more samples than stated"), "{error}");
    assert!(most < 8 << 20, "{most} bytes");
    // It states the most there may be: 128 MiB of samples, twice.
    preset["impulse"]["copy"]["frames"] = json!(1 << 24);
    let text = preset.to_string();
    let (result, most) = peak(|| played(text.as_bytes()));
    assert!(result.is_err());
    assert!(most < 300 << 20, "{most} bytes");
}

#[test]
fn a_text_of_nothing_but_values_is_refused_before_it_is_read() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = TEXT.trim_end().trim_end_matches('}').to_owned();
    text.push_str(",\"x\":[");
    text.push_str(&"[],".repeat(5_000_000));
    text.push_str("0]}");
    let (result, most) = peak(|| played(text.as_bytes()));
    assert!(
        result
            .expect_err("too many")
            .contains("at most 100000 values")
    );
    assert!(most < 1 << 20, "{most} bytes");
    let deep = format!("{{\"format\":{}", "[".repeat(90_000));
    assert!(Preset::parse(deep.as_bytes()).is_err());
    // Loud samples, which no file could have.
    let loud = ImpulseResponse {
        layout: Layout::Mono,
        channels: vec![vec![f32::MAX, f32::NAN]],
        ..sound()
    };
    let copy = Copy::of(&loud, EMBEDDING_LIMIT).expect("fits");
    assert!(copy.sound("loud").is_err());
}

//! Damaged files of every format: an impulse that is whole or an error in one line, and memory that the file accounts for.
//!
//! One test binary of its own, since it counts allocations, per thread.

#[path = "common/sounds.rs"]
mod sounds;
#[path = "common/wav.rs"]
mod wav;

use partita::impulse::load::{self, LayoutChoice, MAX_CHANNELS};
use proptest::prelude::*;
use sounds::{MP3, OGG, aiff, caf, flac};
use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::cell::Cell;
use std::panic;
use std::sync::LazyLock;
use wav::{Random, Wav, chunk};

/// The system's allocator, and the most bytes each thread has had out at once.
struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    NOW.set(NOW.get() + bytes);
    MOST.set(MOST.get().max(NOW.get()));
}

// SAFETY: every call goes to the system's allocator as it came; only numbers are kept beside it, in cells that need no
// allocation and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, memory: Memory) -> *mut u8 {
        count(memory.size() as isize);
        // SAFETY: the caller's promise is the one `System` asks for.
        unsafe { System.alloc(memory) }
    }

    unsafe fn alloc_zeroed(&self, memory: Memory) -> *mut u8 {
        count(memory.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(memory) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, memory: Memory) {
        count(-(memory.size() as isize));
        // SAFETY: `pointer` came from `System` with this layout.
        unsafe { System.dealloc(pointer, memory) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a file may cost beside its size: the decoders' tables (`load`'s promise).
const FIXED: usize = 32 << 20;

/// Bytes for each byte of a file: three of the file itself, and samples of four bytes from one, twice while they move.
const PER_BYTE: usize = 11;

/// What panics in a decoder becomes an error; its backtrace would be counted as memory.
static HOOK: LazyLock<()> = LazyLock::new(|| {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !load::decoding() {
            usual(info);
        }
    }));
});

/// Loads, and holds what comes of it against every promise. True if it is an impulse.
fn survives(bytes: &[u8], choice: LayoutChoice) -> bool {
    LazyLock::force(&HOOK);
    MOST.set(NOW.get());
    let before = NOW.get();
    let loaded = load::from_bytes("x.bin", bytes, choice);
    let most = (MOST.get() - before) as usize;
    let samples = loaded.as_ref().map_or(0, |impulse| {
        impulse.channels.iter().map(Vec::len).sum::<usize>()
    });
    let bound = FIXED + PER_BYTE * bytes.len() + 8 * samples;
    assert!(most <= bound, "{most} bytes for a file of {}", bytes.len());
    match loaded {
        Ok(impulse) => {
            assert!(impulse.frames() > 0 && impulse.sample_rate > 0);
            assert!(impulse.channels.len() <= usize::from(MAX_CHANNELS));
            assert!(impulse.channels.iter().all(|c| c.len() == impulse.frames()));
            assert!(impulse.channels.iter().flatten().all(|x| x.is_finite()));
            true
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains('\n') && text.len() < 400, "{text}");
            assert!(text.starts_with("x.bin: expected"), "{text}");
            false
        }
    }
}

/// A good file of every format.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut random = Random(5);
    let noise: Vec<i32> = (0..1200).map(|_| random.next() as i32 >> 16).collect();
    let data = wav::integers(2, &noise);
    let xml = b"<BWFXML><STEINBERG><ATTR_LIST><ATTR><NAME>MediaRecordingMethod</NAME><VALUE>Quadro</VALUE></ATTR></ATTR_LIST></STEINBERG></BWFXML>";
    let mut wave = Wav::new(1, 4, 16, data.clone());
    wave.before = chunk(b"iXML", xml);
    let single: Vec<u8> = noise
        .iter()
        .flat_map(|&x| (x as f32).to_be_bytes())
        .collect();
    let double = noise.iter().flat_map(|&x| f64::from(x).to_le_bytes());
    let mut late = Wav::new(3, 2, 64, double.collect()).build();
    late.extend(chunk(b"iXML", xml));
    vec![
        wave.build(),
        late,
        aiff(None, 2, 48_000, 16, b"", &data),
        aiff(Some(b"fl32"), 4, 48_000, 32, b"", &single),
        caf(0, 2, 48_000.0, 16, None, &data),
        caf(1, 1, 48_000.0, 32, Some(-1), &single),
        flac(2, 48_000, 16, &noise),
        OGG.to_vec(),
        MP3.to_vec(),
        [b"ID3\x04\0\0\0\0\0\x0Axxxxxxxxxx", MP3].concat(),
    ]
});

/// One kind of harm: where (in parts of the file, most of them at its head), what.
#[derive(Clone, Debug)]
enum Harm {
    Set(f64, u8),
    Flip(f64, u8),
    Fill(f64, u8, usize),
    Cut(f64, usize),
    Put(f64, Vec<u8>),
    End(f64),
}

fn harm() -> impl Strategy<Value = Harm> {
    let place = || prop_oneof![3 => 0.0..0.03_f64, 1 => 0.0..1.0_f64];
    let extreme = || {
        prop_oneof![
            Just(0),
            Just(1),
            Just(0x7F),
            Just(0x80),
            Just(0xFF),
            any::<u8>()
        ]
    };
    prop_oneof![
        (place(), extreme()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        (place(), 0..8_u8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        (place(), extreme(), 1..9_usize).prop_map(|(at, byte, n)| Harm::Fill(at, byte, n)),
        (place(), 1..20_usize).prop_map(|(at, n)| Harm::Cut(at, n)),
        (place(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, put)| Harm::Put(at, put)),
        (0.0..1.0_f64).prop_map(Harm::End),
    ]
}

fn apply(file: &mut Vec<u8>, harm: &Harm) {
    let length = file.len();
    let place = |at: f64| ((at * length as f64) as usize).min(length.saturating_sub(1));
    if length == 0 {
        return;
    }
    match harm {
        Harm::Set(at, byte) => file[place(*at)] = *byte,
        Harm::Flip(at, bit) => file[place(*at)] ^= 1 << bit,
        Harm::Fill(at, byte, n) => {
            let at = place(*at);
            file[at..(at + n).min(length)].fill(*byte);
        }
        Harm::Cut(at, n) => {
            let at = place(*at);
            file.drain(at..(at + n).min(length));
        }
        Harm::Put(at, put) => {
            let at = place(*at);
            file.splice(at..at, put.iter().copied());
        }
        Harm::End(at) => file.truncate(place(*at)),
    }
}

fn choice() -> impl Strategy<Value = LayoutChoice> {
    prop_oneof![
        Just(LayoutChoice::Auto),
        Just(LayoutChoice::Stereo),
        Just(LayoutChoice::TrueStereo),
        Just(LayoutChoice::Matrix),
    ]
}

#[test]
fn whole_ones_load() {
    for file in FILES.iter() {
        assert!(survives(file, LayoutChoice::Matrix));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_of_every_format(
        which in 0..10_usize, harms in prop::collection::vec(harm(), 1..5), choice in choice(),
    ) {
        let mut file = FILES[which].clone();
        for harm in &harms {
            apply(&mut file, harm);
        }
        survives(&file, choice);
    }

    /// The checksums put right again, so that the harm reaches the decoders.
    #[test]
    fn damaged_files_that_look_whole(harms in prop::collection::vec(harm(), 1..4), ogg in any::<bool>()) {
        if ogg {
            let mut file = OGG.to_vec();
            for harm in &harms {
                // Of the same length, so that the pages stay.
                if let Harm::Set(..) | Harm::Flip(..) | Harm::Fill(..) = harm {
                    // Spread over the setup header and the sound.
                    let spread = match harm.clone() {
                        Harm::Set(at, byte) => Harm::Set((at * 29.0).fract(), byte),
                        Harm::Flip(at, bit) => Harm::Flip((at * 29.0).fract(), bit),
                        other => other,
                    };
                    apply(&mut file, &spread);
                }
            }
            sounds::seal_ogg(&mut file);
            survives(&file, LayoutChoice::Auto);
        } else {
            // One frame, which begins behind STREAMINFO, at byte 42.
            let mut file = ONE_FRAME.clone();
            let mut frame = file.split_off(42 + 7);
            for harm in &harms {
                apply(&mut frame, harm);
            }
            file.extend(frame);
            if file.len() > 60 {
                sounds::seal_flac(&mut file, 42);
            }
            survives(&file, LayoutChoice::Auto);
        }
    }
}

/// A floor that names one position twice: symphonia divides by their difference.
#[test]
fn a_decoder_that_panics_is_an_error() {
    LazyLock::force(&HOOK);
    let mut file = OGG.to_vec();
    file[4231] = 0;
    file[4360] ^= 4;
    sounds::seal_ogg(&mut file);
    let error = load::from_bytes("x", &file, LayoutChoice::Auto).expect_err("no sound");
    assert!(error.to_string().contains("gave up"), "{error}");
    assert!(!load::decoding());
}

static ONE_FRAME: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut random = Random(9);
    let noise: Vec<i32> = (0..512)
        .map(|n| (8000.0 * f64::sin(n as f64 / 9.0)) as i32 + (random.next() as i32 >> 22))
        .collect();
    let mut file = flac(2, 48_000, 16, &noise);
    // No MD5, so that other sound is as good.
    file[26..42].fill(0);
    file
});

#[test]
fn absurd_headers() {
    let mut tried = 0;
    for base in FILES.iter() {
        // Every word of the head, as each extreme, in both byte orders.
        for at in 0..base.len().min(160) {
            for word in [0_u64, 1, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, u64::MAX] {
                for width in [1, 2, 4, 8] {
                    for bytes in [
                        word.to_le_bytes()[..width].to_vec(),
                        word.to_be_bytes()[8 - width..].to_vec(),
                    ] {
                        let mut file = base.clone();
                        let end = (at + width).min(file.len());
                        file[at..end].copy_from_slice(&bytes[..end - at]);
                        if at % 4 == 0 && base.len() > 4000 {
                            sounds::seal_ogg(&mut file);
                        }
                        survives(&file, LayoutChoice::Auto);
                        tried += 1;
                    }
                }
            }
        }
    }
    assert!(tried > 50_000, "{tried}");
}

/// The setup header of a Vorbis stream whose codebooks would take gigabytes: 131 072 entries of 32 values, said in a few
/// bytes, 256 times.
#[test]
fn codebooks_that_explode() {
    let mut bits: Vec<bool> = Vec::new();
    let mut put = |value: u64, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1 == 1));
    put(255, 8);
    for _ in 0..256 {
        put(0x56_4342, 24);
        put(32, 16);
        put(1 << 17, 24);
        // In order of length: all of 17 bits.
        put(1, 1);
        put(16, 5);
        put(1 << 17, 18);
        // One value for every place.
        put(1, 4);
        put(0, 64);
        put(0, 4);
        put(0, 1);
        put(0, 1);
    }
    let byte = |bits: &[bool]| {
        bits.iter()
            .rev()
            .fold(0, |byte, &bit| byte << 1 | u8::from(bit))
    };
    let mut setup = b"\x05vorbis".to_vec();
    setup.extend(bits.chunks(8).map(byte));
    let page = |flags: u8, number: u8, packets: &[&[u8]]| {
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend([0; 8]);
        page.extend([7, 0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0]);
        let mut lacing = Vec::new();
        for packet in packets {
            lacing.extend(vec![255; packet.len() / 255]);
            lacing.push((packet.len() % 255) as u8);
        }
        page.push(lacing.len() as u8);
        page.extend(lacing);
        page.extend(packets.concat());
        page
    };
    let mut file = page(2, 0, &[&OGG[28..58]]);
    file.extend(page(4, 1, &[b"\x03vorbis", &setup]));
    sounds::seal_ogg(&mut file);
    let error = load::from_bytes("x", &file, LayoutChoice::Auto).expect_err("too large");
    assert!(error.to_string().contains("codebooks"), "{error}");
    assert!(!survives(&file, LayoutChoice::Auto));
}

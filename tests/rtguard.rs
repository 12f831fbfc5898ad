//! The audio thread neither allocates, frees, locks, waits, sleeps nor touches a file, whatever the profile: the C
//! library's calls are trapped under a [`Processor`] that is automated, bypassed and given new impulses by a loader's
//! thread.
//!
//! The test compiles rtguard/guard.c and starts itself again with the guard preloaded. Linux with a C compiler only;
//! `cargo test --release --test rtguard` is the same for the release profile.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "common/oracle.rs"]
mod oracle;

use oracle::Noise;
use partita::loader::thread::{Format, Impulse, Loader, Maker, Wanted};
use partita::params::{Group, Id, Slots, TABLE, Values};
use partita::processor::{Processor, Setup};
use partita::swap;
use std::ffi::{CStr, c_char};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What makes the started-again test do its part: `clean`, or the name of a fault.
const PART: &str = "PARTITA_RTGUARD";

/// The part in which the live host's chain stands around the processor.
const CHAIN: &str = "chain";

/// What an audio thread must not do, and how the guard calls it.
const FAULTS: [(&str, &str); 5] = [
    ("allocate", "malloc"),
    ("free", "free"),
    ("sleep", "nanosleep"),
    ("file", "open"),
    ("wait", "futex"),
];

fn guard() -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("librtguard.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rtguard/guard.c");
    // Several tests may make it at once: each its own file, then one name.
    let own = library.with_extension(format!("{}.so", std::process::id()));
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let status = Command::new(compiler)
        .args(["-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-o"])
        .args([&own, &source])
        .arg("-ldl")
        .status()
        .expect("a C compiler is there");
    assert!(status.success(), "guard.c does not compile");
    std::fs::rename(&own, &library).expect("a library in its place");
    library
}

/// What the guard said of one part.
fn told(library: &Path, part: &str) -> String {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "guarded", "--nocapture", "--test-threads=1"])
        .env("LD_PRELOAD", library)
        .env(PART, part)
        .output()
        .expect("starts again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = text.lines().find_map(|line| line.split("caught: ").nth(1));
    let error = String::from_utf8_lossy(&output.stderr);
    said.unwrap_or_else(|| panic!("{part}: no answer: {text}{error}"))
        .to_owned()
}

#[test]
fn nothing_is_caught_and_every_planted_fault_is() {
    let library = guard();
    let clean = told(&library, "clean");
    println!("{clean}");
    assert!(clean.starts_with("0 "), "{clean}");
    #[cfg(feature = "live")]
    {
        let chain = told(&library, CHAIN);
        println!("the live host's chain: {chain}");
        assert!(chain.starts_with("0 "), "{chain}");
    }
    for (fault, call) in FAULTS {
        let said = told(&library, fault);
        assert!(!said.starts_with("0 "), "{fault} was not caught");
        assert!(said.contains(call), "{fault}: {said}");
    }
}

type Enter = unsafe extern "C" fn();
type Leave = unsafe extern "C" fn(*mut *const c_char) -> u64;

unsafe extern "C" {
    fn dlsym(handle: *mut std::ffi::c_void, name: *const c_char) -> *mut std::ffi::c_void;
}

/// The part under the guard. Does nothing in an ordinary run.
#[test]
fn guarded() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    // SAFETY: a null handle is RTLD_DEFAULT of glibc; the guard defines both functions with these types.
    let (enter, leave) = unsafe {
        let enter = dlsym(std::ptr::null_mut(), c"guard_enter".as_ptr());
        let leave = dlsym(std::ptr::null_mut(), c"guard_leave".as_ptr());
        assert!(!enter.is_null() && !leave.is_null(), "the guard is loaded");
        (
            std::mem::transmute::<*mut std::ffi::c_void, Enter>(enter),
            std::mem::transmute::<*mut std::ffi::c_void, Leave>(leave),
        )
    };
    let format = Format {
        sample_rate: 48_000,
        inputs: 2,
        outputs: 2,
    };
    let values = Arc::new(Mutex::new(Values::default()));
    let wanted = |values: &Values| Wanted {
        impulse: Impulse::Factory(Slots::factory(values.slot()).expect("a factory impulse")),
        shape: values.shape(),
    };
    let first = wanted(&Values::default());
    let mut maker = Maker::new(format);
    let ready = maker.make(&first).expect("ready");
    let (loader_end, audio_end) = swap::pair();
    let setup = Setup {
        inputs: 2,
        outputs: 2,
        sample_rate: 48_000,
        mix: Values::default().mix(None),
    };
    let processor = Processor::new(maker.engine(&ready), ready.tail_frames as usize, setup);
    let mut played = Played::new(&part, processor.with_swap(audio_end), format);
    let asked = Arc::clone(&values);
    let loader = Loader::start(maker, loader_end, Some(first), move || {
        Some(wanted(&asked.lock().expect("values")))
    });
    let loader = loader.expect("a thread");
    drop(ready);

    let mut noise = Noise::new(1);
    let mut now = Values::default();
    let (mut caught, mut name) = (0, String::new());
    let fault_box = std::hint::black_box(Box::new(1u8));
    let mut fault_box = Some(fault_box);
    for block in 0..1200 {
        // Every parameter of the sound moves, bypass too; every 100 blocks another impulse or shape is asked for.
        for parameter in TABLE.iter().filter(|one| one.group == Group::Sound) {
            let travel = noise.within(0, 1000) as f32 / 1000.0;
            now.set(parameter.id, parameter.value_at(travel));
        }
        now.set(Id::Bypass, f32::from(u8::from(block % 97 > 80)));
        if block % 100 == 50 {
            now.set(Id::Impulse, (1 + block / 100 % 6) as f32);
        }
        if block % 100 == 90 {
            now.set(Id::Decay, 50.0 + noise.within(0, 50) as f32);
        }
        *values.lock().expect("values") = now.clone();
        let frames = noise.within(1, 700);
        let mut x = noise.channels(2, frames);
        let mut slices: Vec<&mut [f32]> = x.iter_mut().map(Vec::as_mut_slice).collect();
        let tempo = Some(60.0 + f64::from(block));
        // SAFETY: both take no memory of ours but a place for a pointer to a constant string.
        let (more, said) = unsafe {
            let mut said = std::ptr::null();
            enter();
            played.play(&now, tempo, &mut slices, block % 301 == 300);
            if block == 600 {
                plant(&part, &mut fault_box);
            }
            let more = leave(&raw mut said);
            (more, CStr::from_ptr(said).to_string_lossy().into_owned())
        };
        if more > 0 && caught == 0 {
            name = said;
        }
        caught += more;
        // In real time the loader has time too.
        std::thread::sleep(Duration::from_millis(1));
    }
    let status = loader.status();
    println!(
        "caught: {caught} {name} in 1200 blocks with {} changes",
        status.changes
    );
    assert!(status.changes > 2, "the loader did nothing: {status:?}");
}

/// What plays under the guard.
#[allow(clippy::large_enum_variant, reason = "there is one")]
enum Played {
    Processor(Processor),
    #[cfg(feature = "live")]
    Chain(partita::live::chain::Chain, Arc<partita::live::desk::Desk>),
}

impl Played {
    #[cfg_attr(not(feature = "live"), allow(unused_variables))]
    fn new(part: &str, processor: Processor, format: Format) -> Self {
        #[cfg(feature = "live")]
        if part == CHAIN {
            let desk = Arc::new(partita::live::desk::Desk::default());
            let (chain, _) = partita::live::chain::Chain::new(processor, desk.clone(), format);
            return Self::Chain(chain, desk);
        }
        Self::Processor(processor)
    }

    fn play(&mut self, now: &Values, tempo: Option<f64>, sound: &mut [&mut [f32]], anew: bool) {
        match self {
            Self::Processor(processor) => {
                processor.set(now.mix(tempo));
                processor.process_in_place(sound);
                std::hint::black_box(processor.tail_frames());
                if anew {
                    processor.reset();
                }
            }
            #[cfg(feature = "live")]
            Self::Chain(chain, desk) => {
                desk.values.set_all(now);
                desk.values.set_tempo(tempo.unwrap_or(120.0));
                desk.close(anew);
                static INPUT: [f32; 700] = [0.25; 700];
                let frames = sound[0].len();
                chain.process(&[&INPUT[..frames], &INPUT[..frames]], sound);
                if anew {
                    chain.rejoin();
                }
            }
        }
    }
}

/// Does what must not be done.
fn plant(fault: &str, given: &mut Option<Box<u8>>) {
    match fault {
        "allocate" => *given = Some(std::hint::black_box(Box::new(2))),
        "free" => drop(given.take()),
        "sleep" => std::thread::sleep(Duration::from_micros(10)),
        "file" => drop(std::fs::File::open("/dev/null")),
        "wait" => std::thread::park_timeout(Duration::from_micros(10)),
        _ => {}
    }
}

//! The audio thread neither allocates, frees, locks, waits, sleeps, touches files nor asks the kernel for anything: such
//! calls are trapped under the plugin's process, reset, start and stop, while two instances are automated, dragged,
//! bypassed, given sessions and asked by their host, and others come and go; as CLAP, in a host that says which thread one is
//! on and in one that does not, and one of them as VST3. Then while the editor is opened, used and closed, in either format
//! (`PARTITA_OPENINGS` says how often). Then under what `partita live` runs.
//!
//! The test compiles rtguard/guard.c and starts itself again with the guard preloaded. The plugin is the one linked in, or
//! the library that `PARTITA_PLUGIN` names: `cargo xtask test` runs it a second time with the release bundle. What is not
//! seen: a lock in Rust that is free, which is one instruction. Linux with a C compiler only.
#![cfg(all(target_os = "linux", target_env = "gnu", feature = "plugin"))]

#[cfg(feature = "live")]
#[path = "rtguard/chain.rs"]
mod chain;
#[path = "common/clap.rs"]
mod clap;
#[cfg(feature = "editor")]
#[path = "rtguard/editor.rs"]
mod editor;
#[path = "rtguard/faults.rs"]
mod faults;
#[path = "rtguard/guard.rs"]
mod guard;
#[path = "common/oracle.rs"]
mod oracle;
#[cfg(feature = "editor")]
#[path = "common/screen.rs"]
mod screen;
#[path = "rtguard/vst3.rs"]
mod vst3_guarded;
#[path = "common/vst3.rs"]
mod vst3_host;

use clack_extensions::params::ParamInfoFlags;
use clack_host::entry::{EntryDescriptor, PluginEntry};
use clack_host::utils::ClapId;
use clap::{Info, Playing, Rig};
use faults::{FAULTS, Planted, SYSTEM_CALL};
use guard::{Caught, Guard};
use oracle::Noise;
use partita::impulse::{ImpulseResponse, Layout};
use partita::preset::{EMBEDDING_LIMIT, Embedding, ImpulseReference, Instance};
use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use vst3_host::GetPluginFactory as GetFactory;

/// What makes the started-again test do its part: `clean` and what, `plugin`, or the name of a fault.
const PART: &str = "PARTITA_RTGUARD";

/// The library to try in place of the linked one.
const PLUGIN: &str = "PARTITA_PLUGIN";

/// Inputs, outputs, Hz and the longest block of each round.
const ROUNDS: [((usize, usize), f64, u32); 5] = [
    ((2, 2), 48_000.0, 64),
    ((2, 2), 44_100.0, 1024),
    ((1, 2), 96_000.0, 256),
    ((1, 1), 48_000.0, 1),
    ((2, 2), 192_000.0, 4096),
];

/// Blocks of each instance and round, at least: it goes on until so many longer impulses have come, if they come at all.
const BLOCKS: usize = 300;
const ARRIVALS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(20);

/// What the guard said of one part: how many calls were caught, the first one's name, and what was done.
fn told(library: &Path, part: &str) -> String {
    told_with(library, part, &[])
}

/// The same, with more in its environment.
fn told_with(library: &Path, part: &str, environment: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "guarded", "--nocapture", "--test-threads=1"])
        .env("LD_PRELOAD", library)
        .env(PART, part)
        .envs(environment.iter().copied())
        .output()
        .expect("starts again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{part}: {text}{error}");
    let said = text.lines().find_map(|line| line.split("caught: ").nth(1));
    said.unwrap_or_else(|| panic!("{part}: no answer: {text}{error}"))
        .to_owned()
}

#[test]
fn nothing_is_caught_and_every_planted_fault_is() {
    let library = guard::library();
    let clean = told(&library, "clean");
    println!("CLAP: {clean}");
    assert!(clean.starts_with("0 "), "{clean}");
    let vst3 = told(&library, "clean vst3");
    println!("VST3: {vst3}");
    assert!(vst3.starts_with("0 "), "{vst3}");
    #[cfg(feature = "editor")]
    for format in ["CLAP", "VST3"] {
        let screen = screen::Screen::new();
        let home = tempfile::tempdir().expect("a folder");
        let environment = [
            ("DISPLAY", screen.name.as_str()),
            ("LIBGL_ALWAYS_SOFTWARE", "1"),
            ("PARTITA_HOME", home.path().to_str().expect("text")),
        ];
        let part = format!("clean editor {format}");
        let editor = told_with(&library, &part, &environment);
        println!("{format} with its editor: {editor}");
        assert!(editor.starts_with("0 "), "{editor}");
    }
    #[cfg(feature = "live")]
    {
        let live = told(&library, "clean live");
        println!("live: {live}");
        assert!(live.starts_with("0 "), "{live}");
    }
    let sees_all = clean.contains("system calls seen");
    // What the plugin's own library does is seen, not only what this program does.
    let session = told(&library, "plugin");
    assert!(session.contains("malloc"), "{session}");
    for (fault, call) in FAULTS {
        if fault == SYSTEM_CALL && !sees_all {
            println!("{fault}: not tried, the kernel is older than 5.11 or this is no x86-64");
            continue;
        }
        let said = told(&library, fault);
        assert!(!said.starts_with("0 "), "{fault} was not caught");
        assert!(said.contains(call), "{fault}: {said}");
        println!("{fault}: {said}");
    }
}

/// The part under the guard. Does nothing in an ordinary run.
#[test]
fn guarded() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let guard = Guard::preloaded();
    let entry = std::env::var(PLUGIN).map_or_else(|_| clap::entry(), |path| opened(&path));
    match part.as_str() {
        "clean" => {
            let Done {
                caught,
                blocks,
                arrivals,
            } = everything(&entry, guard);
            let sees = if guard.sees_system_calls() {
                ", system calls seen"
            } else {
                ""
            };
            println!(
                "caught: {} {} in {blocks} blocks with {arrivals} impulses heard{sees}",
                caught.calls, caught.name
            );
        }
        "clean vst3" => {
            let done = vst3_guarded::everything(factory(), guard);
            println!(
                "caught: {} {} in {} blocks with {} impulses heard",
                done.caught.calls, done.caught.name, done.blocks, done.arrivals
            );
        }
        #[cfg(feature = "editor")]
        "clean editor CLAP" | "clean editor VST3" => {
            let done = if part.ends_with("CLAP") {
                let slots = slots(&mut Rig::of(&entry));
                editor::clap(&entry, guard, &slots)
            } else {
                editor::vst3(factory(), guard)
            };
            println!(
                "caught: {} {} in {} blocks with {} openings",
                done.caught.calls, done.caught.name, done.blocks, done.openings
            );
        }
        #[cfg(feature = "live")]
        "clean live" => {
            let done = chain::everything(guard);
            println!(
                "caught: {} {} in {} blocks with {} changes and {} recordings",
                done.caught.calls, done.caught.name, done.blocks, done.changes, done.takes
            );
        }
        "plugin" => {
            let mut rig = Rig::of(&entry);
            let session = rig.save();
            let mut caught = Caught::default();
            guard.watch(&mut caught, || rig.load(&session));
            println!("caught: {} {}", caught.calls, caught.name);
        }
        fault => {
            let mut rig = Rig::of(&entry);
            let mut playing = rig.play((2, 2), 48_000.0, 64);
            let mut planted = Planted::new(fault);
            let mut caught = Caught::default();
            for block in 0..20 {
                planted.prepare();
                playing.block_in(&[&[0.1; 64], &[0.1; 64]], &[], |process| {
                    guard.watch(&mut caught, || {
                        process();
                        if block == 10 {
                            planted.commit();
                        }
                    });
                });
            }
            rig.stop(playing);
            println!("caught: {} {}", caught.calls, caught.name);
        }
    }
}

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// What a library exports under that name. It stays open.
fn symbol(path: &str, name: &CStr) -> *mut c_void {
    const RTLD_NOW: c_int = 2;
    let path = CString::new(path).expect("no zero in it");
    // SAFETY: both texts end with a zero. What a plugin does when it is loaded is its business.
    let found = unsafe {
        let library = dlopen(path.as_ptr(), RTLD_NOW);
        assert!(!library.is_null(), "{path:?} cannot be opened");
        dlsym(library, name.as_ptr())
    };
    assert!(!found.is_null(), "{path:?} has no {name:?}");
    found
}

/// Of the plugin that is linked in, or of the bundle.
fn factory() -> GetFactory {
    std::env::var(PLUGIN).map_or(vst3_host::linked as _, |path| {
        let found = symbol(&path, c"GetPluginFactory");
        // SAFETY: the same bundle is a VST3 module, which exports its factory so.
        unsafe { std::mem::transmute::<*mut c_void, GetFactory>(found) }
    })
}

/// The entry point of a bundle.
fn opened(path: &str) -> PluginEntry {
    let entry = symbol(path, c"clap_entry").cast::<EntryDescriptor>();
    let path = CString::new(path).expect("no zero in it");
    // SAFETY: a CLAP bundle of Linux is a library that exports its entry, a constant, under that name.
    unsafe { PluginEntry::load_from_raw(&*entry, &path).expect("the plugin loads") }
}

#[derive(Default)]
struct Done {
    caught: Caught,
    blocks: usize,
    /// How often a longer impulse came.
    arrivals: usize,
}

fn everything(entry: &PluginEntry, guard: Guard) -> Done {
    let mut rigs = [Rig::of(entry), Rig::of_taciturn(entry)];
    let sessions = sessions(&mut rigs[0]);
    let slots = slots(&mut rigs[0]);
    let infos = rigs[0].infos.clone();
    let mut done = Done::default();
    for (round, (layout, rate, longest)) in ROUNDS.into_iter().enumerate() {
        let playing = [0, 1].map(|index: usize| rigs[index].play(layout, rate, longest));
        let parts = thread::scope(|scope| {
            let threads = playing.map(|playing| {
                let (infos, slots) = (&infos, &slots);
                scope.spawn(move || {
                    let mut musician = Musician {
                        guard,
                        noise: Noise::new(60 + round as u64),
                        infos,
                        slots,
                        longest: longest as usize,
                    };
                    musician.play(playing, layout.0)
                })
            });
            let mut step = 0;
            while threads.iter().any(|thread| !thread.is_finished()) {
                host(&mut rigs[step % 2], entry, &sessions, step);
                step += 1;
            }
            threads.map(|thread| thread.join().expect("no panic"))
        });
        for (rig, (playing, part)) in rigs.iter_mut().zip(parts) {
            rig.stop(playing);
            if done.caught.calls == 0 {
                done.caught.name = part.caught.name;
            }
            done.caught.calls += part.caught.calls;
            done.blocks += part.blocks;
            done.arrivals += part.arrivals;
        }
    }
    done
}

/// Impulses to choose among.
fn slots(rig: &mut Rig) -> [(ClapId, f64); 6] {
    ["hall", "plate", "spring", "room", "echo-slap", "plate-dark"]
        .map(|name| rig.event("Impulse", name))
}

/// What a host's main thread does while the music plays.
fn host(rig: &mut Rig, entry: &PluginEntry, sessions: &[Vec<u8>], step: usize) {
    match step % 5 {
        0 => assert!(rig.load(&sessions[step / 5 % sessions.len()])),
        1 => assert!(!rig.load(b"garbage that is no state")),
        2 => drop(rig.save()),
        3 => {
            assert_eq!(rig.latency(), 0);
            assert!(!rig.shown("Impulse").is_empty());
        }
        _ => {
            // A third one comes, and goes while its impulse is being made.
            let mut third = Rig::of(entry);
            let impulse = third.event("Impulse", "church");
            let size = third.event("Size", &format!("{} %", 300 + step % 100));
            let mut playing = third.play((2, 2), 48_000.0, 64);
            playing.block(&[&[0.5; 64], &[0.5; 64]], &[impulse, size]);
            thread::sleep(Duration::from_millis(step as u64 % 40));
            third.stop(playing);
        }
    }
    thread::sleep(Duration::from_millis(3));
}

/// Who plays one instance, on a thread of its own.
struct Musician<'a> {
    guard: Guard,
    noise: Noise,
    infos: &'a [Info],
    slots: &'a [(ClapId, f64)],
    longest: usize,
}

impl Musician<'_> {
    fn play(&mut self, mut playing: Playing, inputs: usize) -> (Playing, Done) {
        let (mut caught, mut arrivals, mut tail) = (Caught::default(), 0, 0);
        let (mut block, begun) = (0, Instant::now());
        while block < BLOCKS || arrivals < ARRIVALS && begun.elapsed() < PATIENCE {
            let events = self.events(block);
            let frames = self.noise.within(1, self.longest);
            let x = self.noise.channels(inputs, frames);
            let x: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
            playing.tempo = (block % 50 < 40).then_some(60.0 + block as f64);
            let guard = self.guard;
            playing.block_in(&x, &events, |process| guard.watch(&mut caught, process));
            guard.watch(&mut caught, || {
                match block % 150 {
                    70 => playing.reset(),
                    140 => playing.restart(),
                    _ => {}
                }
                let now = playing.tail();
                // With the pre-delay left alone it only grows by a new impulse.
                arrivals += usize::from(!block.is_multiple_of(10) && now > tail);
                tail = now;
            });
            // In real time the loader has time too.
            thread::sleep(Duration::from_millis(1));
            block += 1;
        }
        assert!(arrivals >= ARRIVALS, "the loader did nothing");
        let done = Done {
            caught,
            blocks: block,
            arrivals,
        };
        (playing, done)
    }

    /// Every parameter moves, the impulse now and then.
    fn events(&mut self, block: usize) -> Vec<(ClapId, f64)> {
        let mut events = Vec::new();
        for info in self.infos {
            let travel = info.max * self.noise.within(0, 1000) as f64 / 1000.0;
            let value = match info.name.as_str() {
                "Bypass" => f64::from(u8::from(block % 97 > 80)),
                "Pre-delay" | "Pre-delay note" if !block.is_multiple_of(10) => continue,
                "Next impulse" | "Previous impulse" if block % 50 > 2 => continue,
                // Dragged over the list, then left alone.
                "Impulse" if block % 100 > 20 => continue,
                "Impulse" => self.slots[self.noise.within(0, self.slots.len() - 1)].1,
                _ if info.flags.contains(ParamInfoFlags::IS_STEPPED) => travel.round(),
                _ => travel,
            };
            events.push((info.id, value));
        }
        events
    }
}

/// What a host may load: factory impulses, and one whose file is nowhere, with its copy.
fn sessions(rig: &mut Rig) -> Vec<Vec<u8>> {
    let mut sessions = Vec::new();
    for (impulse, mix) in [("plate", "100 %"), ("spring", "10 %"), ("hall", "50 %")] {
        let events = [rig.event("Impulse", impulse), rig.event("Mix", mix)];
        rig.flush(&events);
        sessions.push(rig.save());
    }
    let own = ImpulseResponse {
        name: "own".to_owned(),
        sample_rate: 48_000,
        layout: Layout::Stereo,
        channels: Noise::new(59).channels(2, 30_000),
    };
    let mut reference = ImpulseReference::to_sound(&own);
    let embedded = reference.embed(&own, Embedding::Files, EMBEDDING_LIMIT);
    embedded.expect("fits");
    let mut instance: Value = serde_json::from_str(&Instance::default().to_text()).expect("JSON");
    instance["slot"] = json!(0);
    instance["impulse"] = serde_json::to_value(&reference).expect("JSON");
    // JSON behind its length.
    let mut session: Value = serde_json::from_slice(&sessions[0][8..]).expect("JSON");
    session["fields"]["impulse"] = json!(instance.to_string());
    session["params"]["impulse"] = json!({ "i32": 0 });
    let text = session.to_string();
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    sessions.push(bytes);
    sessions
}

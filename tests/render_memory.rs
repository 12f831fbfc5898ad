//! A render's memory does not grow with the input. One test in a process of its own, since it counts every allocation.

#[path = "common/wavio.rs"]
mod wavio;

use partita::impulse::shape::Shape;
use partita::impulse::{ImpulseResponse, Layout};
use partita::loader::Source;
use partita::render::{Existing, Format, Job, Settings, Watch, render};
use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// The system's allocator, and the most bytes it has had out at once.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

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

#[test]
fn memory_does_not_grow_with_the_input() {
    let folder = TempDir::new().expect("a folder");
    let source = Source::new(
        ImpulseResponse {
            name: "test".to_owned(),
            sample_rate: 48_000,
            layout: Layout::Stereo,
            channels: vec![vec![0.01; 48_000]; 2],
        },
        &Shape::AS_IT_IS,
    )
    .expect("a shape");
    let peak = |seconds: u32| {
        let input = folder.path().join("in.wav");
        let bytes = seconds * 48_000 * 2 * 2;
        let mut file = File::create(&input).expect("a new file");
        let head = wavio::header(1, 2, 48_000, 16, bytes);
        file.write_all(&head).expect("written");
        file.set_len(head.len() as u64 + u64::from(bytes))
            .expect("a sparse file");
        let job = Job {
            input,
            output: folder.path().join("out.wav"),
            existing: Existing::Replace,
        };
        let settings = Settings {
            format: Format::I16,
            ..Settings::default()
        };
        let before = NOW.load(Ordering::Relaxed);
        MOST.store(before, Ordering::Relaxed);
        render(&job, &source, &settings, Watch::nothing()).expect("renders");
        MOST.load(Ordering::Relaxed) - before
    };
    let (short, long) = (peak(10), peak(120));
    // Paths and the like may differ by a few bytes; 110 s of sound would be 42 MB of f32.
    assert!(long.abs_diff(short) < 4096, "{short} and {long} bytes");
}

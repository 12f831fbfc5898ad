//! What an audio thread must not do, done on purpose.

use std::ffi::c_int;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// Each kind of fault, and what the guard says of it.
pub const FAULTS: [(&str, &str); 15] = [
    ("allocate", "malloc"),
    ("allocate zeroed", "calloc"),
    ("allocate aligned", "posix_memalign"),
    ("grow", "realloc"),
    ("free", "free"),
    ("lock of the C library", "pthread_mutex_lock"),
    ("lock that another holds", "futex"),
    ("wait", "futex"),
    ("wake", "futex"),
    ("sleep", "nanosleep"),
    ("yield", "sched_yield"),
    ("open a file", "open64"),
    ("read a file", "read"),
    ("print", "write"),
    // getpid: nothing but the trap for system calls sees it.
    (SYSTEM_CALL, "system call 39"),
];

/// The one that only a new enough kernel can see.
pub const SYSTEM_CALL: &str = "another system call";

unsafe extern "C" {
    fn pthread_mutex_lock(mutex: *mut [u64; 8]) -> c_int;
    fn pthread_mutex_unlock(mutex: *mut [u64; 8]) -> c_int;
}

/// What a fault needs, made before the thread is watched.
pub struct Planted {
    fault: String,
    full: Option<Vec<u8>>,
    given: Option<Box<u8>>,
    mutex: Box<[u64; 8]>,
    held: Arc<Mutex<()>>,
    file: File,
    woken: Condvar,
}

impl Planted {
    pub fn new(fault: &str) -> Self {
        Self {
            fault: fault.to_owned(),
            full: Some(black_box(vec![1; 100])),
            given: Some(black_box(Box::new(1))),
            // All zeros are an open mutex of glibc's, which has at most 48 bytes.
            mutex: Box::new([0; 8]),
            held: Arc::default(),
            file: File::open("/dev/zero").expect("a file"),
            woken: Condvar::new(),
        }
    }

    /// Somebody else holds the lock for a while.
    pub fn prepare(&self) {
        if self.fault != "lock that another holds" {
            return;
        }
        let (held, (tell, told)) = (Arc::clone(&self.held), mpsc::channel());
        thread::spawn(move || {
            let _guard = held.lock();
            tell.send(()).expect("somebody waits");
            thread::sleep(Duration::from_millis(50));
        });
        told.recv().expect("it is held");
    }

    /// Does it. To be watched.
    pub fn commit(&mut self) {
        match self.fault.as_str() {
            "allocate" => self.given = Some(black_box(Box::new(2))),
            "allocate zeroed" => self.full = Some(black_box(vec![0; 100])),
            "allocate aligned" => drop(black_box(Box::new(Aligned([3; 64])))),
            "grow" => {
                let full = self.full.as_mut().expect("not taken yet");
                full.reserve_exact(1000);
                black_box(full);
            }
            "free" => drop(self.given.take()),
            "lock of the C library" => {
                // SAFETY: it is a mutex in its first state, which nobody else has.
                unsafe {
                    pthread_mutex_lock(&raw mut *self.mutex);
                    pthread_mutex_unlock(&raw mut *self.mutex);
                }
            }
            "lock that another holds" => drop(self.held.lock()),
            "wait" => thread::park_timeout(Duration::from_micros(10)),
            "wake" => self.woken.notify_one(),
            "sleep" => thread::sleep(Duration::from_micros(10)),
            "yield" => thread::yield_now(),
            "open a file" => drop(File::open("/dev/null")),
            "read a file" => {
                let read = self.file.read(&mut [0; 4]);
                black_box(read.is_ok());
            }
            "print" => {
                let written = std::io::stderr().write_all(b"\n");
                black_box(written.is_ok());
            }
            SYSTEM_CALL => {
                black_box(std::process::id());
            }
            other => panic!("{other}: there is no such fault"),
        }
    }
}

#[repr(align(64))]
#[allow(dead_code, reason = "it is only made")]
struct Aligned([u8; 64]);

//! guard.c compiled, preloaded and asked.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Compiles the guard. Returns where it lies.
pub fn library() -> PathBuf {
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

type Enter = unsafe extern "C" fn() -> c_int;
type Leave = unsafe extern "C" fn(*mut *const c_char) -> u64;

/// The two functions of a guard that is preloaded.
#[derive(Clone, Copy)]
pub struct Guard {
    enter: Enter,
    leave: Leave,
}

/// What a watched piece of work did that it must not.
#[derive(Clone, Debug, Default)]
pub struct Caught {
    /// How often.
    pub calls: u64,
    /// The first of it.
    pub name: String,
}

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

impl Guard {
    pub fn preloaded() -> Self {
        static FOUND: OnceLock<Guard> = OnceLock::new();
        *FOUND.get_or_init(|| {
            let find = |name: &CStr| {
                // SAFETY: a null handle is RTLD_DEFAULT of glibc, and the name ends with a zero.
                let found = unsafe { dlsym(std::ptr::null_mut(), name.as_ptr()) };
                assert!(!found.is_null(), "the guard is not loaded");
                found
            };
            let (enter, leave) = (find(c"guard_enter"), find(c"guard_leave"));
            // SAFETY: guard.c defines both with these types.
            unsafe {
                Self {
                    enter: std::mem::transmute::<*mut c_void, Enter>(enter),
                    leave: std::mem::transmute::<*mut c_void, Leave>(leave),
                }
            }
        })
    }

    /// Whether system calls are seen too, not only the C library's own calls.
    pub fn sees_system_calls(self) -> bool {
        // SAFETY: neither takes memory of ours.
        unsafe {
            let sees = (self.enter)();
            (self.leave)(std::ptr::null_mut());
            sees != 0
        }
    }

    /// Does `work`. What it did is added to `caught`.
    pub fn watch<T>(self, caught: &mut Caught, work: impl FnOnce() -> T) -> T {
        let mut said = std::ptr::null();
        // SAFETY: they take no memory of ours but a place for a pointer to text of the guard's, of this thread.
        let (done, calls, said) = unsafe {
            (self.enter)();
            let done = work();
            let calls = (self.leave)(&raw mut said);
            (done, calls, CStr::from_ptr(said))
        };
        if calls > 0 && caught.calls == 0 {
            caught.name = said.to_string_lossy().into_owned();
        }
        caught.calls += calls;
        done
    }
}

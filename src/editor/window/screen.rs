//! A screen that goes away: Xlib ends the whole process then, and with it what plays, unless it is told otherwise.

use baseview::WindowContext;
use raw_window_handle::{HasDisplayHandle, RawDisplayHandle};
use std::ffi::{CStr, c_int, c_void};

/// What Xlib calls first, to have it said (`XSetIOErrorHandler(3)`): the default says it and ends the process.
type Handler = extern "C" fn(display: *mut c_void) -> c_int;
type SetHandler = unsafe extern "C" fn(Handler) -> *mut c_void;
/// What it calls then, to end the process (`XSetIOErrorExitHandler(3)`, since libX11 1.7, 2020).
type Exit = extern "C" fn(display: *mut c_void, data: *mut c_void);
type SetExit = unsafe extern "C" fn(*mut c_void, Exit, *mut c_void);

/// Whoever opened the window says it.
extern "C" fn say_nothing(_display: *mut c_void) -> c_int {
    0
}

/// Xlib's calls then fail one after the other, and the windowing library ends its loop by the first that it looks at.
extern "C" fn go_on(_display: *mut c_void, _data: *mut c_void) {}

/// Lets the process outlive the connection to this window's screen, if its Xlib can. Only where the process is ours: the
/// first of the two handlers is for all of it, and for as long as it runs. Window's thread.
#[allow(unsafe_code)]
pub fn outlive(window: &WindowContext) {
    let handle = window.display_handle().map(|handle| handle.as_raw());
    let Ok(RawDisplayHandle::Xlib(handle)) = handle else {
        return;
    };
    let (Some(display), Some([set_handler, set_exit])) = (handle.display, functions()) else {
        return;
    };
    // SAFETY: in Xlib.h these names are functions with these arguments, and the handlers are what they take. The display is
    // open as long as the window is; the handlers are there as long as the program, and look at nothing that they are given.
    unsafe {
        let set_handler = std::mem::transmute::<*mut c_void, SetHandler>(set_handler);
        let set_exit = std::mem::transmute::<*mut c_void, SetExit>(set_exit);
        set_exit(display.as_ptr(), go_on, std::ptr::null_mut());
        set_handler(say_nothing);
    }
}

/// The two of Xlib's functions, none of them null. The windowing library has loaded it already, and it stays loaded.
#[allow(unsafe_code)]
fn functions() -> Option<[*mut c_void; 2]> {
    let name = |library: *mut c_void, name: &CStr| {
        // SAFETY: the library has been loaded and is never given back; a name that it does not have gives null.
        let function = unsafe { libc::dlsym(library, name.as_ptr()) };
        (!function.is_null()).then_some(function)
    };
    // SAFETY: the name ends with a zero; a library that cannot be loaded is null. Loading it again only counts.
    let library = unsafe { libc::dlopen(c"libX11.so.6".as_ptr(), libc::RTLD_LAZY) };
    if library.is_null() {
        return None;
    }
    Some([
        name(library, c"XSetIOErrorHandler")?,
        name(library, c"XSetIOErrorExitHandler")?,
    ])
}

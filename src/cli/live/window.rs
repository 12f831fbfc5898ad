//! The window around a session. The session runs on a thread of its own then, because some systems give windows to the
//! first thread only.

use super::prompt::Screen;
use crate::live::editor;
use crate::live::{Command, Control, Ending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// True at the end of whoever has it, however that comes.
struct AtEnd(Arc<AtomicBool>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Plays with a window, as far as there can be one: whoever closes it ends the session, and with the session it closes.
pub(super) fn run(
    play: impl FnOnce() -> Ending + Send + 'static,
    control: &Arc<Control>,
    screen: &Arc<Screen>,
) -> Ending {
    if cfg!(target_os = "linux") && std::env::var_os("DISPLAY").is_none_or(|name| name.is_empty()) {
        screen.no_window(&"DISPLAY names no screen to open a window on; it plays without one");
        return play();
    }
    let ended = Arc::new(AtomicBool::new(false));
    let at_end = AtEnd(Arc::clone(&ended));
    let session = move || {
        let _at_end = at_end;
        play()
    };
    let thread = std::thread::Builder::new().name("partita session".to_owned());
    let session = match thread.spawn(session) {
        Ok(session) => session,
        Err(error) => return Ending::Device(format!("expected a thread to play on: {error}")),
    };
    let told = Arc::clone(screen);
    match editor::run(control, ended, Arc::new(move |reply| told.remote(reply))) {
        // Ending twice does no harm.
        Ok(()) => drop(control.apply(&Command::Quit)),
        Err(error) => screen.no_window(&error),
    }
    session
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

//! What a CLAP host is told: where parameters are that it has not set, and that the tail is another.

use super::{Instance, Known};
use crate::params::{Id, TABLE};
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_IS_LIVE, CLAP_EVENT_PARAM_VALUE, clap_event_header,
    clap_event_param_value, clap_event_type, clap_output_events,
};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_host_tail};
use clap_sys::host::clap_host;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) fn header<T>(type_: clap_event_type) -> clap_event_header {
    clap_event_header {
        size: size_of::<T>() as u32,
        time: 0,
        space_id: CLAP_CORE_EVENT_SPACE_ID,
        type_,
        flags: CLAP_EVENT_IS_LIVE,
    }
}

impl Known {
    /// That it is there, along its travel.
    pub(super) fn at(&self, value: f32) -> clap_event_param_value {
        let value = f64::from(value) * self.most;
        // Steps are whole, and a fraction of a thousand of them in single precision is not.
        let value = if self.most > 1.0 {
            value.round()
        } else {
            value
        };
        clap_event_param_value {
            header: header::<clap_event_param_value>(CLAP_EVENT_PARAM_VALUE),
            param_id: self.id,
            cookie: ptr::null_mut(),
            note_id: -1,
            port_index: -1,
            channel: -1,
            key: -1,
            value,
        }
    }
}

impl Instance {
    /// Tells the host what the buttons and the editor did, after the block. Audio thread; main thread while it is not active.
    ///
    /// # Safety
    ///
    /// It points to where events go, or nowhere, and nobody else is in here.
    pub(super) unsafe fn tell(&self, out: *const clap_output_events) {
        // SAFETY: the caller's promise.
        let Some(out) = (unsafe { out.as_ref() }) else {
            return;
        };
        let Some(push) = out.try_push else { return };
        let mut pressed = false;
        let tell = |place: usize, value| {
            let event = self.known[place].at(value);
            // SAFETY: an event of that type; the host copies it.
            unsafe { push(out, (&raw const event).cast()) };
        };
        for index in self.params.buttons.take_untold() {
            tell(TABLE.len() + index, 0.0);
            pressed = true;
        }
        if pressed {
            tell(Id::Impulse as usize, self.params.chooser());
        }
        #[cfg(feature = "editor")]
        // SAFETY: the caller's promise.
        unsafe {
            self.tell_edits(out, push);
        }
    }
}

/// By which the host hears of another tail.
pub(super) struct TellsTail {
    host: *const clap_host,
    /// Known once the host may be asked.
    changed: OnceLock<Option<unsafe extern "C" fn(*const clap_host)>>,
    /// As of the block before.
    last: AtomicU32,
    told: AtomicU32,
}

impl TellsTail {
    pub fn new(host: *const clap_host) -> Self {
        Self {
            host,
            changed: OnceLock::new(),
            last: AtomicU32::new(0),
            told: AtomicU32::new(0),
        }
    }

    /// The host may be asked now. Main thread.
    pub fn meet_host(&self) {
        // SAFETY: it stays as long as the instance, and its answer as long as the host.
        let changed = unsafe {
            let host = &*self.host;
            let extension = host
                .get_extension
                .map_or(ptr::null(), |get| get(host, CLAP_EXT_TAIL.as_ptr()));
            let extension = extension.cast::<clap_host_tail>().as_ref();
            extension.and_then(|tail| tail.changed)
        };
        let _ = self.changed.set(changed);
    }

    /// The tail is of so many samples after this block. Audio thread.
    pub fn tell(&self, frames: u32) {
        let last = self.last.swap(frames, Ordering::Relaxed);
        if frames == self.told.load(Ordering::Relaxed) || frames < last {
            return;
        }
        self.told.store(frames, Ordering::Relaxed);
        if let Some(Some(changed)) = self.changed.get() {
            // SAFETY: the host stays as long as the instance, and this is its audio thread.
            unsafe { changed(self.host) };
        }
    }
}

//! What the editor does, on its way to a CLAP host: by a ring to the audio thread, which may speak to the host.

use super::Instance;
use super::told::header;
use clap_sys::events::{
    CLAP_EVENT_PARAM_GESTURE_BEGIN, CLAP_EVENT_PARAM_GESTURE_END, clap_event_header,
    clap_event_param_gesture, clap_output_events,
};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_host_params};
use clap_sys::host::clap_host;
use rtrb::{Consumer, Producer, RingBuffer};
use std::cell::UnsafeCell;
use std::ptr;

/// As many as wait at most: the framework's own number. A second of dragging is about 60.
const CAPACITY: usize = 2048;

/// What is done to the parameter at a place of the list.
#[derive(Clone, Copy)]
pub(in super::super) enum Edit {
    Begin(usize),
    /// Along its travel, 0 to 1.
    Set(usize, f32),
    End(usize),
}

/// The editor's end.
pub(in super::super) struct Teller {
    ring: Producer<Edit>,
    host: *const clap_host,
    /// By which the host is asked to take what waits. Known once the host may be asked.
    flush: Option<unsafe extern "C" fn(*const clap_host)>,
}

// SAFETY: the host may be asked for its extensions and for a flush on any thread but the audio thread, and it stays until
// `destroy`, which takes this back.
unsafe impl Send for Teller {}

/// The audio thread's end.
pub(super) struct Edits(UnsafeCell<Consumer<Edit>>);

/// Both ends. Main thread.
pub(super) fn ring(host: *const clap_host) -> (Teller, Edits) {
    let (ring, edits) = RingBuffer::new(CAPACITY);
    let teller = Teller {
        ring,
        host,
        flush: None,
    };
    (teller, Edits(UnsafeCell::new(edits)))
}

impl Teller {
    /// The host may be asked now. Main thread.
    pub fn meet_host(&mut self) {
        // SAFETY: it stays as long as the instance, and its answer as long as the host.
        self.flush = unsafe {
            let host = &*self.host;
            let extension = host
                .get_extension
                .map_or(ptr::null(), |get| get(host, CLAP_EXT_PARAMS.as_ptr()));
            let extension = extension.cast::<clap_host_params>().as_ref();
            extension.and_then(|params| params.request_flush)
        };
    }

    /// Main thread.
    pub fn tell(&mut self, edit: Edit) {
        // Full, the host takes nothing: what it would be told is in force all the same.
        let _ = self.ring.push(edit);
        if let Some(flush) = self.flush {
            // SAFETY: the host stays as long as the instance; this is not the audio thread.
            unsafe { flush(self.host) };
        }
    }
}

impl Instance {
    /// Tells the host what the editor did, after the block, as the framework does: what the host automates in the block yields
    /// to it. Audio thread; main thread while it is not active.
    ///
    /// # Safety
    ///
    /// `push` is that of `out`, and nobody else is in here.
    pub(super) unsafe fn tell_edits(
        &self,
        out: &clap_output_events,
        push: unsafe extern "C" fn(*const clap_output_events, *const clap_event_header) -> bool,
    ) {
        // SAFETY: the caller's promise: one at a time.
        let edits = unsafe { &mut *self.edits.0.get() };
        while let Ok(edit) = edits.pop() {
            let (Edit::Begin(place) | Edit::Set(place, _) | Edit::End(place)) = edit;
            let known = &self.known[place];
            let gesture = |type_| {
                let event = clap_event_param_gesture {
                    header: header::<clap_event_param_gesture>(type_),
                    param_id: known.id,
                };
                // SAFETY: an event of that type; the host copies it.
                unsafe { push(out, (&raw const event).cast()) };
            };
            match edit {
                Edit::Begin(_) => gesture(CLAP_EVENT_PARAM_GESTURE_BEGIN),
                Edit::End(_) => gesture(CLAP_EVENT_PARAM_GESTURE_END),
                Edit::Set(_, value) => {
                    self.params.set_normalized(place, value);
                    let event = known.at(value);
                    // SAFETY: as above.
                    unsafe { push(out, (&raw const event).cast()) };
                }
            }
        }
    }
}

//! CLAP: a thin object between the host and the framework's. It has the framework's functions and hands them the
//! framework's own data, but for those that have to do with values.
//!
//! What is guaranteed, and is not by nice-plug 0.4.2's own:
//!
//! - Automation never leaves the audio thread. The framework tells its editor of each value through the host's main thread;
//!   ours, which looks for itself, needs no telling. To know which thread it is on, it would ask the standard library in hosts
//!   that do not offer `clap.thread-check`, which allocates on threads of others. So the values are taken out of what the
//!   host hands over before the framework sees the rest. What the editor sets goes to the host by a ring of ours, for
//!   the same reason.
//! - The tail is right before the first block, and after a stop; where it changes the host is told, which the framework never
//!   does. While an earlier, longer one rings out it falls with each block: the host hears of that once it has.
//! - What a button did is told after the block.
//! - What is asked beyond the list is refused. The framework panics.
#![allow(
    unsafe_code,
    reason = "CLAP: every function of the format is declared so"
)]

#[cfg(feature = "editor")]
mod edits;
mod factory;
mod told;

#[cfg(feature = "editor")]
pub(super) use edits::{Edit, Teller};
pub use factory::clap_entry;

use super::Partita;
use super::host_params::{self, HostParams};
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_PARAM_VALUE, clap_event_header,
    clap_event_param_mod, clap_event_param_value, clap_input_events, clap_output_events,
};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::host::clap_host;
use clap_sys::id::clap_id;
use clap_sys::plugin::clap_plugin;
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use nice_plug::wrapper::clap::Wrapper;
use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::Arc;

/// A parameter, as the host has it.
struct Known {
    id: clap_id,
    /// The host's value at the end of the travel: 1, or the number of steps.
    most: f64,
}

/// One instance.
#[repr(C)]
struct Instance {
    /// What the host has a pointer to. It is the first, so that it points to all.
    plugin: clap_plugin,
    /// What the framework would have given the host.
    inner: clap_plugin,
    /// The extension that the host gets, and the framework's.
    values: clap_plugin_params,
    inner_values: clap_plugin_params,
    tail: clap_plugin_tail,
    tells_tail: told::TellsTail,
    params: Arc<HostParams>,
    /// In their order.
    known: Box<[Known]>,
    /// What the editor does, for the host.
    #[cfg(feature = "editor")]
    edits: edits::Edits,
}

impl Instance {
    /// A new one, for the host to destroy. Null if it cannot be made. Main thread.
    ///
    /// # Safety
    ///
    /// The host stays as long as the instance.
    unsafe fn create(host: *const clap_host) -> *const clap_plugin {
        if host.is_null() {
            return ptr::null();
        }
        // SAFETY: the caller's promise.
        let wrapper = Arc::into_raw(unsafe { Wrapper::<Partita>::new(host) });
        // SAFETY: it stays until the framework's `destroy`, and nobody else has it yet.
        let inner = unsafe { *(*wrapper).clap_plugin.as_ptr() };
        // SAFETY: it is the framework's, and the caller's promise.
        let Some(instance) = (unsafe { Self::around(inner, host) }) else {
            if let Some(destroy) = inner.destroy {
                // SAFETY: it reads which of its instances is meant, and nobody has that one.
                unsafe { destroy(&raw const inner) };
            }
            return ptr::null();
        };
        Box::into_raw(Box::new(instance)).cast()
    }

    /// # Safety
    ///
    /// `inner` is the framework's, and the host stays as long as that. Main thread.
    unsafe fn around(inner: clap_plugin, host: *const clap_host) -> Option<Self> {
        let params = host_params::take_made()?;
        // SAFETY: the framework compares the name, and answers with the extension of that name or with nothing.
        let inner_values = unsafe {
            let values = inner.get_extension?(&raw const inner, CLAP_EXT_PARAMS.as_ptr());
            *values.cast::<clap_plugin_params>().as_ref()?
        };
        let (count, info) = (inner_values.count?, inner_values.get_info?);
        let known = |index| {
            // SAFETY: all zeros are an empty one: numbers, text in fixed arrays and a pointer to nowhere.
            let mut place: clap_param_info = unsafe { std::mem::zeroed() };
            // SAFETY: it wants a place for its answer.
            let got = unsafe { info(&raw const inner, index, &raw mut place) };
            got.then_some(Known {
                id: place.id,
                most: place.max_value,
            })
        };
        // SAFETY: it reads which of its instances is meant.
        let count = unsafe { count(&raw const inner) };
        let known: Option<Box<[Known]>> = (0..count).map(known).collect();
        #[cfg(feature = "editor")]
        let edits = {
            let (teller, edits) = edits::ring(host);
            params.tell_through(Some(teller));
            edits
        };
        Some(Self {
            plugin: clap_plugin {
                init: Some(init),
                destroy: Some(destroy),
                process: Some(process),
                get_extension: Some(get_extension),
                ..inner
            },
            inner,
            values: clap_plugin_params {
                get_info: Some(get_info),
                flush: Some(flush),
                ..inner_values
            },
            inner_values,
            tail: clap_plugin_tail { get: Some(tail) },
            tells_tail: told::TellsTail::new(host),
            params,
            known: known?,
            #[cfg(feature = "editor")]
            edits,
        })
    }

    /// # Safety
    ///
    /// The pointer is one that [`create`](Self::create) gave and that was not destroyed, or null.
    unsafe fn of<'a>(plugin: *const clap_plugin) -> Option<&'a Self> {
        // SAFETY: the caller's promise; what the host has is the first of the whole.
        unsafe { plugin.cast::<Self>().as_ref() }
    }

    /// Which parameter, and how far along its travel a value is. Any thread.
    fn travel(&self, id: clap_id, value: f64) -> Option<(usize, f32)> {
        let place = self.known.iter().position(|known| known.id == id)?;
        let most = self.known[place].most as f32;
        value.is_finite().then_some((place, value as f32 / most))
    }

    /// Does what an event says of a value. `false`: it says something else. Audio thread.
    ///
    /// # Safety
    ///
    /// It is an event as CLAP has them, or null.
    unsafe fn take(&self, event: *const clap_event_header) -> bool {
        // SAFETY: the caller's promise.
        let Some(header) = (unsafe { event.as_ref() }) else {
            return false;
        };
        if header.space_id != CLAP_CORE_EVENT_SPACE_ID {
            return false;
        }
        match header.type_ {
            CLAP_EVENT_PARAM_VALUE => {
                // SAFETY: an event of this type is one of these.
                let event = unsafe { &*event.cast::<clap_event_param_value>() };
                if let Some((place, value)) = self.travel(event.param_id, event.value) {
                    self.params.set_normalized(place, value);
                }
                true
            }
            CLAP_EVENT_PARAM_MOD => {
                // SAFETY: as above.
                let event = unsafe { &*event.cast::<clap_event_param_mod>() };
                if let Some((place, offset)) = self.travel(event.param_id, event.amount) {
                    self.params.modulate(place, offset);
                }
                true
            }
            _ => false,
        }
    }
}

/// The host's events on their way to the framework, which asks for one after the other, and goes on where there is none. A
/// value counts from when it is asked for. So all are in order, and a change of the tempo amid a block is where it was.
struct Events<'a> {
    instance: &'a Instance,
    events: &'a clap_input_events,
}

impl Events<'_> {
    /// Stays as long as `self`.
    fn list(&self) -> clap_input_events {
        clap_input_events {
            ctx: ptr::from_ref(self).cast_mut().cast(),
            size: Some(event_count),
            get: Some(event),
        }
    }

    fn count(&self) -> u32 {
        // SAFETY: it asks for the list that it is of.
        (self.events.size).map_or(0, |size| unsafe { size(self.events) })
    }

    /// What the framework is to see at that index, if there is something. Audio thread.
    fn get(&self, index: u32) -> *const clap_event_header {
        // SAFETY: as above; an index within the count.
        let event = (self.events.get).map_or(ptr::null(), |get| unsafe { get(self.events, index) });
        // SAFETY: the host answers with an event.
        if unsafe { self.instance.take(event) } {
            return ptr::null();
        }
        event
    }
}

unsafe extern "C" fn event_count(list: *const clap_input_events) -> u32 {
    // SAFETY: the framework asks with the list that it was given, while `Events` stands.
    unsafe { (*(*list).ctx.cast::<Events>()).count() }
}

unsafe extern "C" fn event(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: as above.
    unsafe { (*(*list).ctx.cast::<Events>()).get(index) }
}

/// The framework's, and then the host may be told things.
unsafe extern "C" fn init(plugin: *const clap_plugin) -> bool {
    // SAFETY: the host has it from us.
    let Some(instance) = (unsafe { Instance::of(plugin) }) else {
        return false;
    };
    // SAFETY: the framework's own data is in what it gets.
    let done = (instance.inner.init).is_some_and(|init| unsafe { init(plugin) });
    if done {
        instance.tells_tail.meet_host();
        #[cfg(feature = "editor")]
        instance.params.meet_host();
    }
    done
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    if plugin.is_null() {
        return;
    }
    // SAFETY: it came out of a box in `create`, and the host is done with it.
    let instance = unsafe { Box::from_raw(plugin.cast_mut().cast::<Instance>()) };
    if let Some(destroy) = instance.inner.destroy {
        // SAFETY: the framework's own data is in what it gets, once.
        unsafe { destroy(&raw const instance.inner) };
    }
    // The editor has gone with the framework's, and the host may go now.
    #[cfg(feature = "editor")]
    instance.params.tell_through(None);
}

unsafe extern "C" fn process(
    plugin: *const clap_plugin,
    block: *const clap_process,
) -> clap_process_status {
    // SAFETY: the host has it from us, and CLAP has the other point to what is to be done.
    let (Some(instance), Some(block)) = (unsafe { (Instance::of(plugin), block.as_ref()) }) else {
        return CLAP_PROCESS_ERROR;
    };
    let Some(inner) = instance.inner.process else {
        return CLAP_PROCESS_ERROR;
    };
    // SAFETY: CLAP has it point to the events, or nowhere.
    let events = unsafe { block.in_events.as_ref() };
    let events = events.map(|events| Events { instance, events });
    let list = events.as_ref().map(Events::list);
    let rest = clap_process {
        in_events: list.as_ref().map_or(ptr::null(), ptr::from_ref),
        ..*block
    };
    // SAFETY: the framework's own data is in what it gets; the rest is the host's, or stays until the end of this function.
    let status = unsafe { inner(plugin, &raw const rest) };
    // SAFETY: CLAP has it point to where events go, or nowhere, and has nobody else process or flush meanwhile.
    unsafe {
        instance.tell(block.out_events);
    }
    instance.params.buttons.end_block();
    instance.tells_tail.tell(instance.params.tail());
    status
}

unsafe extern "C" fn get_extension(
    plugin: *const clap_plugin,
    name: *const c_char,
) -> *const c_void {
    // SAFETY: the host has it from us.
    let Some(instance) = (unsafe { Instance::of(plugin) }) else {
        return ptr::null();
    };
    // SAFETY: CLAP has the name end with a zero.
    let known = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) });
    if known == Some(CLAP_EXT_PARAMS) {
        return (&raw const instance.values).cast();
    }
    if known == Some(CLAP_EXT_TAIL) {
        return (&raw const instance.tail).cast();
    }
    let inner = instance.inner.get_extension;
    // SAFETY: the framework's own data is in what it gets; all the extensions read that only.
    inner.map_or(ptr::null(), |inner| unsafe { inner(plugin, name) })
}

/// Samples. Main thread or audio thread.
unsafe extern "C" fn tail(plugin: *const clap_plugin) -> u32 {
    // SAFETY: the host has it from us.
    unsafe { Instance::of(plugin) }.map_or(0, |instance| instance.params.tail())
}

unsafe extern "C" fn get_info(
    plugin: *const clap_plugin,
    index: u32,
    info: *mut clap_param_info,
) -> bool {
    // SAFETY: the host has it from us.
    let Some(instance) = (unsafe { Instance::of(plugin) }) else {
        return false;
    };
    // The framework lets one too many through.
    if index as usize >= instance.known.len() {
        return false;
    }
    // SAFETY: the framework's own data is in what it gets, and a place for its answer, or null.
    (instance.inner_values.get_info).is_some_and(|inner| unsafe { inner(plugin, index, info) })
}

/// All of it is ours: the framework has nothing to tell that is not told so.
unsafe extern "C" fn flush(
    plugin: *const clap_plugin,
    events: *const clap_input_events,
    out: *const clap_output_events,
) {
    // SAFETY: the host has it from us, and CLAP has the other point to the events, or nowhere.
    let (Some(instance), events) = (unsafe { (Instance::of(plugin), events.as_ref()) }) else {
        return;
    };
    if let Some(events) = events {
        let events = Events { instance, events };
        for index in 0..events.count() {
            events.get(index);
        }
    }
    instance.params.buttons.let_go();
    // SAFETY: CLAP has it point to where events go, or nowhere, and has nobody else process or flush meanwhile.
    unsafe {
        instance.tell(out);
    }
}

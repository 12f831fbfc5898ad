//! zita-convolver, loaded at run time.

use crate::cell::Cell;
use crate::engines::Peer;
use libloading::{Library, Symbol};
use std::ffi::{c_int, c_uint, c_void};
use std::path::Path;
use std::ptr::NonNull;

type New = unsafe extern "C" fn(c_int, c_int, c_uint, c_int) -> *mut c_void;
type Response = unsafe extern "C" fn(*mut c_void, c_int, c_int, *mut f32, c_uint) -> c_int;
type Start = unsafe extern "C" fn(*mut c_void) -> c_int;
type Process =
    unsafe extern "C" fn(*mut c_void, *const *const f32, *const *mut f32, c_int) -> c_int;
type Free = unsafe extern "C" fn(*mut c_void);

/// A running zita convolver.
pub struct Zita {
    library: Library,
    handle: NonNull<c_void>,
    process: Process,
    block: usize,
    wait: bool,
    late: bool,
}

impl Zita {
    /// Loads the shim and starts an engine for `cell` with blocks of `block`; `wait` says whether
    /// callbacks wait for zita's threads.
    pub fn new(shim: &Path, cell: &Cell, block: usize, wait: bool) -> Result<Self, String> {
        let failed = |error: libloading::Error| format!("{}: {error}", shim.display());
        // SAFETY: the shim is this crate's own zita.cpp; loading it runs no code but zita's static
        // initialisers, and the types above are those of its five functions.
        unsafe {
            let library = Library::new(shim).map_err(failed)?;
            let new: Symbol<'_, New> = library.get(b"zita_new").map_err(failed)?;
            let response: Symbol<'_, Response> = library.get(b"zita_response").map_err(failed)?;
            let start: Symbol<'_, Start> = library.get(b"zita_start").map_err(failed)?;
            let process: Process = *library.get::<Process>(b"zita_process").map_err(failed)?;
            let (inputs, outputs) = (
                cell.routing.inputs() as c_int,
                cell.routing.outputs() as c_int,
            );
            let frames = cell.frames() as c_uint;
            let handle = NonNull::new(new(inputs, outputs, frames, block as c_int))
                .ok_or("zita refuses this cell")?;
            for path in cell.routing.paths() {
                // zita reads the samples into spectra of its own and keeps no pointer.
                let mut copy = cell.responses[path.response].clone();
                let (input, output) = (path.input as c_int, path.output as c_int);
                response(handle.as_ptr(), input, output, copy.as_mut_ptr(), frames);
            }
            if start(handle.as_ptr()) != 0 {
                return Err("zita's threads do not start".into());
            }
            Ok(Self {
                process,
                handle,
                block,
                wait,
                late: false,
                library,
            })
        }
    }
}

impl Peer for Zita {
    fn process<'b>(&mut self, inputs: &[&'b [f32]; 2], outputs: &mut [&'b mut [f32]; 2]) {
        assert!(inputs.iter().all(|input| input.len() == self.block));
        assert!(outputs.iter().all(|output| output.len() == self.block));
        let from = inputs.map(<[f32]>::as_ptr);
        let to = outputs.each_mut().map(|output| output.as_mut_ptr());
        // SAFETY: two channels each way, as every cell has, each of a block of samples, as asserted;
        // the handle is alive until drop.
        let late = unsafe {
            (self.process)(
                self.handle.as_ptr(),
                from.as_ptr(),
                to.as_ptr(),
                c_int::from(self.wait),
            )
        };
        self.late |= late != 0;
    }

    fn reset(&mut self) {
        unreachable!("zita is made for periodic blocks only");
    }

    fn latency(&self) -> usize {
        // zita's smallest partition is 64: a shorter block waits for it to fill.
        64usize.saturating_sub(self.block)
    }
}

impl Drop for Zita {
    fn drop(&mut self) {
        if self.late {
            eprintln!("peers: zita reported late threads");
        }
        // SAFETY: the handle came from zita_new and is not used again; the library is still loaded.
        unsafe {
            if let Ok(free) = self.library.get::<Free>(b"zita_free") {
                free(self.handle.as_ptr());
            }
        }
    }
}

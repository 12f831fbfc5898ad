//! The editor's view, where hosts lend a view their loop: on X11.
//!
//! nice-plug 0.4.2 puts an object into the host's loop each time the editor is opened, and never takes it out, because it
//! holds a reference to itself. Two sockets and a queue would stay, and in the host's loop a pointer into a library that
//! it may unload. So the framework is given a loop of ours, which passes on what it is told, and puts it right when the
//! host takes its frame back.

use nice_plug::wrapper::vst3::vst3::Steinberg::IPlugViewContentScaleSupport_::ScaleFactor;
use nice_plug::wrapper::vst3::vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IRunLoop, IRunLoopTrait, ITimerHandler, TimerInterval,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewContentScaleSupport,
    IPlugViewContentScaleSupportTrait, IPlugViewTrait, TBool, ViewRect, char16, int16,
    kNotImplemented, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComPtr, ComRef, ComWrapper};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

/// Puts the framework's view into one of ours, which is the caller's then. Main thread.
///
/// # Safety
///
/// It points to a view with a reference for the caller, or nowhere.
pub(super) unsafe fn around(inner: *mut IPlugView) -> *mut IPlugView {
    // SAFETY: the caller's promise.
    let Some(inner) = (unsafe { ComPtr::from_raw(inner) }) else {
        return ptr::null_mut();
    };
    let Some(scale) = inner.cast::<IPlugViewContentScaleSupport>() else {
        return inner.into_raw();
    };
    let view = ComWrapper::new(View {
        inner,
        scale,
        me: Cell::new(ptr::null_mut()),
        lent: RefCell::new(None),
    });
    let Some(given) = view.to_com_ptr::<IPlugView>() else {
        return ptr::null_mut();
    };
    view.me.set(given.as_ptr());
    given.into_raw()
}

/// The view, as the host has it. All of it belongs to the main thread.
struct View {
    inner: ComPtr<IPlugView>,
    scale: ComPtr<IPlugViewContentScaleSupport>,
    /// This view, for the host. Not a reference: it is used only while the view is there.
    me: Cell<*mut IPlugView>,
    lent: RefCell<Option<Lent>>,
}

/// What the host lends while the editor is open.
struct Lent {
    run_loop: Option<ComPtr<IRunLoop>>,
    handlers: Handlers,
}

/// Whom the framework has put into the loop.
type Handlers = Rc<RefCell<Vec<ComPtr<IEventHandler>>>>;

impl Class for View {
    type Interfaces = (IPlugView, IPlugViewContentScaleSupport);
}

impl View {
    fn give_back(&self) {
        let Some(lent) = self.lent.take() else { return };
        // SAFETY: nowhere is what a host says when it takes its frame back.
        unsafe { self.inner.setFrame(ptr::null_mut()) };
        for handler in lent.handlers.take() {
            if let Some(run_loop) = &lent.run_loop {
                // SAFETY: it was put there by `registerEventHandler`, once.
                unsafe { run_loop.unregisterEventHandler(handler.as_ptr()) };
            }
            let handler = handler.into_raw().cast::<FUnknown>();
            // SAFETY: the reference is ours. The count of what is left is exact: the object is this library's own.
            let left = unsafe { ((*(*handler).vtbl).release)(handler) };
            if left == 1 {
                // SAFETY: view and loop have let go; what is left is the one that the object has to itself and never
                // uses again: with it the object goes.
                unsafe { ((*(*handler).vtbl).release)(handler) };
            }
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// What the framework does as it should.
macro_rules! forward {
    ($($trait:ident.$object:ident: fn $name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {
        $(#[allow(non_snake_case)]
        unsafe fn $name(&self, $($argument: $kind),*) -> $result {
            // SAFETY: whoever calls this keeps VST3's rules for it, and that is all that the framework's asks.
            unsafe { $trait::$name(&self.$object, $($argument),*) }
        })*
    };
}

impl IPlugViewTrait for View {
    forward! {
        IPlugViewTrait.inner: fn isPlatformTypeSupported(kind: FIDString) -> tresult;
        IPlugViewTrait.inner: fn attached(parent: *mut c_void, kind: FIDString) -> tresult;
        IPlugViewTrait.inner: fn removed() -> tresult;
        IPlugViewTrait.inner: fn onWheel(distance: f32) -> tresult;
        IPlugViewTrait.inner: fn onKeyDown(key: char16, code: int16, modifiers: int16) -> tresult;
        IPlugViewTrait.inner: fn onKeyUp(key: char16, code: int16, modifiers: int16) -> tresult;
        IPlugViewTrait.inner: fn getSize(size: *mut ViewRect) -> tresult;
        IPlugViewTrait.inner: fn onSize(size: *mut ViewRect) -> tresult;
        IPlugViewTrait.inner: fn onFocus(state: TBool) -> tresult;
        IPlugViewTrait.inner: fn canResize() -> tresult;
        IPlugViewTrait.inner: fn checkSizeConstraint(rect: *mut ViewRect) -> tresult;
    }

    unsafe fn setFrame(&self, frame: *mut IPlugFrame) -> tresult {
        self.give_back();
        // SAFETY: VST3 has it point to a frame, or nowhere.
        let Some(host) = (unsafe { ComRef::from_raw(frame) }) else {
            return kResultOk;
        };
        let run_loop = host.cast::<IRunLoop>();
        let handlers = Handlers::default();
        let frame = Frame {
            host: host.to_com_ptr(),
            run_loop: run_loop.clone(),
            view: self.me.get(),
            handlers: handlers.clone(),
        };
        // The framework puts itself into every loop that it finds.
        let offered = match run_loop {
            Some(_) => ComWrapper::new(Looping(frame)).to_com_ptr::<IPlugFrame>(),
            None => ComWrapper::new(frame).to_com_ptr::<IPlugFrame>(),
        };
        self.lent.replace(Some(Lent { run_loop, handlers }));
        let offered = offered.as_ref().map_or(ptr::null_mut(), ComPtr::as_ptr);
        // SAFETY: it is a frame, of which the framework keeps a reference.
        unsafe { self.inner.setFrame(offered) }
    }
}

impl IPlugViewContentScaleSupportTrait for View {
    forward! {
        IPlugViewContentScaleSupportTrait.scale: fn setContentScaleFactor(factor: ScaleFactor) -> tresult;
    }
}

/// The host's frame, as the framework has it.
struct Frame {
    host: ComPtr<IPlugFrame>,
    run_loop: Option<ComPtr<IRunLoop>>,
    /// The one that the host knows. It outlives this, see `Drop for View`.
    view: *mut IPlugView,
    handlers: Handlers,
}

impl Class for Frame {
    type Interfaces = (IPlugFrame,);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, _view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: the host gets its own view and what the framework says of the size.
        unsafe { self.host.resizeView(self.view, size) }
    }
}

/// One that lends a loop, too.
struct Looping(Frame);

impl Class for Looping {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for Looping {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: as there.
        unsafe { self.0.resizeView(view, size) }
    }
}

impl IRunLoopTrait for Looping {
    unsafe fn registerEventHandler(
        &self,
        handler: *mut IEventHandler,
        descriptor: FileDescriptor,
    ) -> tresult {
        let Some(run_loop) = &self.0.run_loop else {
            return kNotImplemented;
        };
        // SAFETY: VST3 has it point to an object.
        if let Some(handler) = unsafe { ComRef::from_raw(handler) } {
            self.0.handlers.borrow_mut().push(handler.to_com_ptr());
        }
        // SAFETY: as above; the host keeps a reference if it wants one.
        unsafe { run_loop.registerEventHandler(handler, descriptor) }
    }

    /// The framework calls it as the last thing of an object's life: `View::give_back` has told the host before.
    unsafe fn unregisterEventHandler(&self, _handler: *mut IEventHandler) -> tresult {
        kResultOk
    }

    // The framework has no timers.
    unsafe fn registerTimer(&self, _: *mut ITimerHandler, _: TimerInterval) -> tresult {
        kNotImplemented
    }

    unsafe fn unregisterTimer(&self, _: *mut ITimerHandler) -> tresult {
        kNotImplemented
    }
}

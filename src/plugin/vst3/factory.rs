//! What a VST3 module exports. `nice_export_vst3!` would export a factory of the framework's own objects.

use super::super::Partita;
use super::Instance;
use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::PluginInfo;
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, FUnknownVtbl, IPluginFactory, IPluginFactory2, IPluginFactory2Trait,
    IPluginFactory3, IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2,
    PClassInfoW, PFactoryInfo, TUID, int32, kInvalidArgument, kResultFalse, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComWrapper};
use std::ffi::c_void;

/// Makes instances. There is one class.
struct Factory {
    info: PluginInfo,
}

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl Factory {
    /// Writes what the class says of itself, if there is such a class.
    fn answer<T>(&self, index: int32, place: *mut T, say: fn(&PluginInfo) -> T) -> tresult {
        if index != 0 || place.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: VST3 has it point to room for the answer.
        unsafe { place.write(say(&self.info)) };
        kResultOk
    }
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        self.answer(0, info, PluginInfo::create_factory_info)
    }

    unsafe fn countClasses(&self) -> int32 {
        1
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        self.answer(index, info, PluginInfo::create_class_info)
    }

    unsafe fn createInstance(
        &self,
        class: FIDString,
        interface: FIDString,
        made: *mut *mut c_void,
    ) -> tresult {
        if class.is_null() || interface.is_null() || made.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: VST3 has it point to the 16 bytes of a class's name.
        let class = unsafe { class.cast::<[u8; 16]>().read() };
        if class != *self.info.cid {
            return kInvalidArgument;
        }
        let instance = Instance::new().map(ComWrapper::new);
        let unknown = instance.and_then(|instance| instance.to_com_ptr::<FUnknown>());
        let Some(unknown) = unknown else {
            return kResultFalse;
        };
        let object = unknown.as_ptr();
        // SAFETY: `unknown` is a reference of ours to that object until the end of this function; `interface` points to
        // the 16 bytes of an interface's name, and `made` to room for a pointer.
        unsafe {
            let table: &FUnknownVtbl = &*(*object).vtbl;
            (table.queryInterface)(object, interface.cast::<TUID>(), made)
        }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        self.answer(index, info, PluginInfo::create_class_info_2)
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        self.answer(index, info, PluginInfo::create_class_info_unicode)
    }

    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// The module's factory, with a reference for the caller. Main thread.
#[unsafe(no_mangle)]
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    let info = PluginInfo::for_plugin::<Partita>();
    let factory = ComWrapper::new(Factory { info }).to_com_ptr::<IPluginFactory>();
    factory.map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

/// The module has been loaded. Main thread.
#[cfg(all(unix, not(target_os = "macos")))]
#[unsafe(no_mangle)]
pub extern "C" fn ModuleEntry(_library: *mut c_void) -> bool {
    setup_logger::<Partita>();
    true
}

/// The module is about to be unloaded. Main thread.
#[cfg(all(unix, not(target_os = "macos")))]
#[unsafe(no_mangle)]
pub extern "C" fn ModuleExit() -> bool {
    true
}

/// The module has been loaded. Main thread.
#[cfg(target_os = "macos")]
#[unsafe(no_mangle)]
pub extern "C" fn bundleEntry(_bundle: *mut c_void) -> bool {
    setup_logger::<Partita>();
    true
}

/// The module is about to be unloaded. Main thread.
#[cfg(target_os = "macos")]
#[unsafe(no_mangle)]
pub extern "C" fn bundleExit() -> bool {
    true
}

/// The module has been loaded. Main thread.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub extern "system" fn InitDll() -> bool {
    setup_logger::<Partita>();
    true
}

/// The module is about to be unloaded. Main thread.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub extern "system" fn ExitDll() -> bool {
    true
}

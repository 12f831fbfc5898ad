//! VST3: a thin object between the host and the framework's. It forwards everything but what has to do with values.
//!
//! What is guaranteed, and is not by nice-plug 0.4.2's own:
//!
//! - Automation never leaves the audio thread. The framework's `process` tells its editor of each value through another
//!   thread, which it wakes; ours, which looks for itself, needs no telling. So the values are taken out of what the host
//!   hands over, each the last of its block, before the framework sees the rest.
//! - A value that the host sets while nothing plays is heard, shown and saved, also between `setProcessing(true)` and a
//!   block that may never come. While the transport rolls the same values come with the blocks, and late on this way:
//!   both would pull the parameter to and fro, so then only the blocks count. (JUCE's plugins draw the line there, too.)
//! - A button is pressed by a block's values, every one of them, since it is an act: hosts tell the controller the same value,
//!   and that would press it twice. What it did is in the block's answer.
//! - The tail is right before the first block, and after a stop.
//! - Offline is what the host says, both when it sets up and with the block: after a bounce nothing waits in real time.
//! - What is asked too early or beyond the list is refused. The framework panics on both.
#![allow(
    unsafe_code,
    reason = "COM: every interface of the format is declared so"
)]

mod factory;
#[cfg(all(unix, not(target_os = "macos"), feature = "editor"))]
mod view;

use super::Partita;
use super::host_params::{self, HostParams};
use crate::params::{Id, TABLE};
use nice_plug::wrapper::vst3::Wrapper;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::ChannelContext::{
    IInfoListener, IInfoListenerTrait,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    BusDirection, BusInfo, CString, IAttributeList, IAudioProcessor, IAudioProcessorTrait,
    IComponent, IComponentHandler, IComponentTrait, IEditController, IEditControllerTrait,
    IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, IProcessContextRequirements,
    IProcessContextRequirementsTrait, IUnitInfo, IUnitInfoTrait, IoMode, MediaType, ParamID,
    ParamValue, ParameterInfo, ProcessContext_::StatesAndFlags_::kPlaying, ProcessData,
    ProcessModes_::kOffline, ProcessSetup, ProgramListID, ProgramListInfo, RoutingInfo,
    SpeakerArrangement, String128, TChar, UnitID, UnitInfo,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IBStream, IPlugView, IPluginBaseTrait, TBool, TUID, int16, int32,
    kInvalidArgument, kNotInitialized, kResultOk, tresult, uint32,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComRef};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One instance, as the host has it. It takes no notes, so what the framework has for notes is not offered.
struct Instance {
    inner: Wrapper<Partita>,
    params: Arc<HostParams>,
    /// The host's names of the parameters, in their order.
    ids: Box<[ParamID]>,
    /// The host has said how it will process.
    set_up: AtomicBool,
    /// And that it will be offline.
    offline: AtomicBool,
    /// The host's transport rolled in the last block.
    rolls: AtomicBool,
}

impl Class for Instance {
    type Interfaces = (
        IComponent,
        IEditController,
        IAudioProcessor,
        IProcessContextRequirements,
        IUnitInfo,
        IInfoListener,
    );
}

impl Instance {
    /// `None` if the framework did not make its own here and now. Main thread.
    fn new() -> Option<Self> {
        let inner = Wrapper::<Partita>::new();
        let params = host_params::take_made()?;
        // SAFETY: it asks nothing of its caller.
        let count = unsafe { inner.getParameterCount() };
        let id = |index| {
            // SAFETY: all zeros are an empty one: numbers and text in fixed arrays.
            let mut info: ParameterInfo = unsafe { std::mem::zeroed() };
            // SAFETY: it wants a place for its answer.
            let result = unsafe { inner.getParameterInfo(index, &raw mut info) };
            (result == kResultOk).then_some(info.id)
        };
        let ids: Option<Box<[ParamID]>> = (0..count).map(id).collect();
        Some(Self {
            ids: ids?,
            inner,
            params,
            set_up: AtomicBool::new(false),
            offline: AtomicBool::new(false),
            rolls: AtomicBool::new(false),
        })
    }

    fn place(&self, id: ParamID) -> Option<usize> {
        self.ids.iter().position(|known| *known == id)
    }

    /// What the host automates in a block. All of it is known at the block's start, as in CLAP, where the framework does
    /// not split blocks either; the mixer glides to it.
    ///
    /// # Safety
    ///
    /// It points to what VST3 says it does, or nowhere. Audio thread.
    unsafe fn take(&self, changes: *mut IParameterChanges) {
        // SAFETY: the caller's promise; the host keeps it and its queues while it processes.
        let Some(changes) = (unsafe { ComRef::from_raw(changes) }) else {
            return;
        };
        // SAFETY: it asks nothing of its caller.
        for index in 0..unsafe { changes.getParameterCount() } {
            // SAFETY: an index within the count; the queue stays as long as `changes`.
            let queue = unsafe { ComRef::from_raw(changes.getParameterData(index)) };
            let Some(queue) = queue else { continue };
            let point = |point| {
                let (mut offset, mut value) = (0, 0.0);
                // SAFETY: an index within the count, and places for the answers.
                let got = unsafe { queue.getPoint(point, &raw mut offset, &raw mut value) };
                (got == kResultOk).then_some(value)
            };
            // SAFETY: neither asks anything of its caller.
            let (id, points) = unsafe { (queue.getParameterId(), queue.getPointCount()) };
            let Some(place) = self.place(id) else {
                continue;
            };
            let set = |value: ParamValue| {
                if value.is_finite() {
                    self.params.set_normalized(place, value as f32);
                }
            };
            if place < TABLE.len() {
                if let Some(value) = (0..points).rev().find_map(point) {
                    set(value);
                }
            } else {
                (0..points).filter_map(point).for_each(set);
            }
        }
    }

    /// Tells the host of what its buttons did: they are off, and the chooser is elsewhere. Audio thread.
    ///
    /// # Safety
    ///
    /// It points to what VST3 says it does, or nowhere.
    unsafe fn tell(&self, changes: *mut IParameterChanges) {
        let mut pressed = self.params.buttons.take_untold().peekable();
        // SAFETY: the caller's promise; the host keeps it while it processes.
        let (Some(_), Some(changes)) = (pressed.peek(), unsafe { ComRef::from_raw(changes) })
        else {
            return;
        };
        let chooser = (Id::Impulse as usize, self.params.chooser());
        let off = pressed.map(|index| (TABLE.len() + index, 0.0));
        for (place, value) in off.chain([chooser]) {
            let mut index = 0;
            // SAFETY: places for a parameter's name and for the answers; the queue stays as long as `changes`.
            unsafe {
                let queue = changes.addParameterData(&raw const self.ids[place], &raw mut index);
                if let Some(queue) = ComRef::from_raw(queue) {
                    queue.addPoint(0, f64::from(value), &raw mut index);
                }
            }
        }
    }
}

/// What the framework does as it should.
macro_rules! forward {
    ($($trait:ident: fn $name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {
        $(#[allow(non_snake_case)]
        unsafe fn $name(&self, $($argument: $kind),*) -> $result {
            // SAFETY: whoever calls this keeps VST3's rules for it, and that is all that the framework's asks.
            unsafe { $trait::$name(&self.inner, $($argument),*) }
        })*
    };
}

impl IPluginBaseTrait for Instance {
    forward! {
        IPluginBaseTrait: fn initialize(context: *mut FUnknown) -> tresult;
        IPluginBaseTrait: fn terminate() -> tresult;
    }
}

impl IComponentTrait for Instance {
    forward! {
        IComponentTrait: fn getControllerClassId(class: *mut TUID) -> tresult;
        IComponentTrait: fn setIoMode(mode: IoMode) -> tresult;
        IComponentTrait: fn getBusCount(media: MediaType, direction: BusDirection) -> int32;
        IComponentTrait: fn getBusInfo(media: MediaType, direction: BusDirection, index: int32, info: *mut BusInfo) -> tresult;
        IComponentTrait: fn getRoutingInfo(input: *mut RoutingInfo, output: *mut RoutingInfo) -> tresult;
        IComponentTrait: fn activateBus(media: MediaType, direction: BusDirection, index: int32, state: TBool) -> tresult;
        IComponentTrait: fn setState(state: *mut IBStream) -> tresult;
        IComponentTrait: fn getState(state: *mut IBStream) -> tresult;
        IComponentTrait: fn setActive(state: TBool) -> tresult;
    }
}

impl IEditControllerTrait for Instance {
    forward! {
        IEditControllerTrait: fn setComponentState(state: *mut IBStream) -> tresult;
        IEditControllerTrait: fn setState(state: *mut IBStream) -> tresult;
        IEditControllerTrait: fn getState(state: *mut IBStream) -> tresult;
        IEditControllerTrait: fn getParameterCount() -> int32;
        IEditControllerTrait: fn getParamStringByValue(id: ParamID, value: ParamValue, text: *mut String128) -> tresult;
        IEditControllerTrait: fn getParamValueByString(id: ParamID, text: *mut TChar, value: *mut ParamValue) -> tresult;
        IEditControllerTrait: fn normalizedParamToPlain(id: ParamID, value: ParamValue) -> ParamValue;
        IEditControllerTrait: fn plainParamToNormalized(id: ParamID, value: ParamValue) -> ParamValue;
        IEditControllerTrait: fn getParamNormalized(id: ParamID) -> ParamValue;
        IEditControllerTrait: fn setComponentHandler(handler: *mut IComponentHandler) -> tresult;
    }

    unsafe fn getParameterInfo(&self, index: int32, info: *mut ParameterInfo) -> tresult {
        // The framework lets one too many through.
        if !usize::try_from(index).is_ok_and(|index| index < self.ids.len()) {
            return kInvalidArgument;
        }
        // SAFETY: as in `forward`.
        unsafe { self.inner.getParameterInfo(index, info) }
    }

    unsafe fn createView(&self, name: FIDString) -> *mut IPlugView {
        // SAFETY: as in `forward`.
        let view = unsafe { self.inner.createView(name) };
        #[cfg(all(unix, not(target_os = "macos"), feature = "editor"))]
        // SAFETY: it is the framework's, with a reference for whoever asked.
        let view = unsafe { view::around(view) };
        view
    }

    unsafe fn setParamNormalized(&self, id: ParamID, value: ParamValue) -> tresult {
        let Some(place) = self.place(id).filter(|_| value.is_finite()) else {
            return kInvalidArgument;
        };
        if place < TABLE.len() && !self.rolls.load(Ordering::Relaxed) {
            self.params.set_normalized(place, value as f32);
        }
        kResultOk
    }
}

impl IAudioProcessorTrait for Instance {
    forward! {
        IAudioProcessorTrait: fn setBusArrangements(inputs: *mut SpeakerArrangement, ins: int32, outputs: *mut SpeakerArrangement, outs: int32) -> tresult;
        IAudioProcessorTrait: fn getBusArrangement(direction: BusDirection, index: int32, arrangement: *mut SpeakerArrangement) -> tresult;
        IAudioProcessorTrait: fn canProcessSampleSize(size: int32) -> tresult;
        IAudioProcessorTrait: fn getLatencySamples() -> uint32;
    }

    unsafe fn getTailSamples(&self) -> uint32 {
        self.params.tail()
    }

    unsafe fn setupProcessing(&self, setup: *mut ProcessSetup) -> tresult {
        // SAFETY: as in `forward`.
        let result = unsafe { self.inner.setupProcessing(setup) };
        // SAFETY: VST3 has it point to what is to be done, or nowhere.
        if let Some(setup) = unsafe { setup.as_ref() }.filter(|_| result == kResultOk) {
            let offline = setup.processMode == kOffline as int32;
            self.offline.store(offline, Ordering::Relaxed);
            self.set_up.store(true, Ordering::Relaxed);
        }
        result
    }

    unsafe fn setProcessing(&self, state: TBool) -> tresult {
        // Whether it rolls, the next block says.
        self.rolls.store(false, Ordering::Relaxed);
        // SAFETY: as in `forward`.
        unsafe { self.inner.setProcessing(state) }
    }

    unsafe fn process(&self, data: *mut ProcessData) -> tresult {
        // SAFETY: VST3 has it point to what is to be done, which stays as it is meanwhile.
        let Some(data) = (unsafe { data.as_ref() }) else {
            return kInvalidArgument;
        };
        // SAFETY: VST3 has these point to what their types say, or nowhere.
        let context = unsafe {
            self.take(data.inputParameterChanges);
            data.processContext.as_ref()
        };
        let rolls = context.is_some_and(|context| context.state & kPlaying as uint32 != 0);
        self.rolls.store(rolls, Ordering::Relaxed);
        if !self.set_up.load(Ordering::Relaxed) {
            return kNotInitialized;
        }
        let offline = self.offline.load(Ordering::Relaxed) && data.processMode == kOffline as int32;
        self.params.set_offline(offline);
        let mut rest = ProcessData {
            inputParameterChanges: ptr::null_mut(),
            ..*data
        };
        // SAFETY: as in `forward`; the framework reads these changes only where there are any. The others are as VST3 has them.
        unsafe {
            let result = self.inner.process(&raw mut rest);
            self.tell(data.outputParameterChanges);
            self.params.buttons.end_block();
            result
        }
    }
}

impl IProcessContextRequirementsTrait for Instance {
    forward! {
        IProcessContextRequirementsTrait: fn getProcessContextRequirements() -> uint32;
    }
}

impl IUnitInfoTrait for Instance {
    forward! {
        IUnitInfoTrait: fn getUnitCount() -> int32;
        IUnitInfoTrait: fn getUnitInfo(index: int32, info: *mut UnitInfo) -> tresult;
        IUnitInfoTrait: fn getProgramListCount() -> int32;
        IUnitInfoTrait: fn getProgramListInfo(index: int32, info: *mut ProgramListInfo) -> tresult;
        IUnitInfoTrait: fn getProgramName(list: ProgramListID, index: int32, name: *mut String128) -> tresult;
        IUnitInfoTrait: fn getProgramInfo(list: ProgramListID, index: int32, attribute: CString, value: *mut String128) -> tresult;
        IUnitInfoTrait: fn hasProgramPitchNames(list: ProgramListID, index: int32) -> tresult;
        IUnitInfoTrait: fn getProgramPitchName(list: ProgramListID, index: int32, pitch: int16, name: *mut String128) -> tresult;
        IUnitInfoTrait: fn getSelectedUnit() -> UnitID;
        IUnitInfoTrait: fn selectUnit(unit: UnitID) -> tresult;
        IUnitInfoTrait: fn getUnitByBus(media: MediaType, direction: BusDirection, bus: int32, channel: int32, unit: *mut UnitID) -> tresult;
        IUnitInfoTrait: fn setUnitProgramData(list: int32, index: int32, data: *mut IBStream) -> tresult;
    }
}

impl IInfoListenerTrait for Instance {
    forward! {
        IInfoListenerTrait: fn setChannelContextInfos(list: *mut IAttributeList) -> tresult;
    }
}

//! A VST3 host with one instance of the plugin: its values, its sound, its session and its window.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};
use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait, ITimerHandler,
    TimerInterval,
};
use vst3::Steinberg::Vst::{
    AudioBusBuffers, IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentHandler,
    IComponentHandlerTrait, IComponentTrait, IEditController, IEditControllerTrait,
    IParamValueQueue, IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, ParamID,
    ParamValue, ParameterInfo, ParameterInfo_, ProcessContext, ProcessContext_, ProcessData,
    ProcessModes_, ProcessSetup, SpeakerArr, SymbolicSampleSizes_, ViewType,
};
use vst3::Steinberg::{
    IBStream, IBStream_, IBStreamTrait, IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewTrait,
    IPluginBaseTrait, IPluginFactory, IPluginFactoryTrait, PClassInfo, ViewRect, int32, int64,
    kInvalidArgument, kNotImplemented, kPlatformTypeX11EmbedWindowID, kResultFalse, kResultOk,
    tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper, Interface};

/// How a VST3 module gives its factory.
pub type GetPluginFactory = unsafe extern "system" fn() -> *mut c_void;

unsafe extern "system" {
    /// The factory of the plugin that is linked in.
    #[link_name = "GetPluginFactory"]
    pub safe fn linked() -> *mut c_void;
}

/// What a parameter says of itself.
pub struct Parameter {
    pub id: ParamID,
    pub steps: int32,
    pub bypass: bool,
    pub name: String,
}

/// One instance.
pub struct Host {
    pub component: ComPtr<IComponent>,
    pub processor: ComPtr<IAudioProcessor>,
    pub controller: ComPtr<IEditController>,
    pub parameters: Vec<Parameter>,
    /// What the editor does.
    edits: ComWrapper<Edits>,
    /// What the plugin says in a block.
    answers: ComWrapper<Answers>,
    mode: AtomicI32,
}

/// What a block has beside its samples.
#[derive(Default)]
pub struct Moment {
    pub rolls: bool,
    pub tempo: Option<f64>,
    pub changes: Vec<Queue>,
}

// All calls are those of VST3, with what they ask for: plain structures, made here, that outlive the call.
impl Host {
    pub fn new(get: GetPluginFactory) -> Self {
        // SAFETY: as above; a factory and an instance come with a reference of their own.
        unsafe {
            let factory = ComPtr::from_raw(get().cast::<IPluginFactory>()).expect("a factory");
            let mut class: PClassInfo = std::mem::zeroed();
            assert_eq!(factory.getClassInfo(0, &raw mut class), kResultOk);
            let mut made: *mut c_void = std::ptr::null_mut();
            let interface = IComponent::IID;
            let result = factory.createInstance(
                class.cid.as_ptr(),
                interface.as_ptr().cast(),
                &raw mut made,
            );
            assert_eq!(result, kResultOk);
            let component = ComPtr::from_raw(made.cast::<IComponent>()).expect("an instance");
            assert_eq!(component.initialize(std::ptr::null_mut()), kResultOk);
            let controller: ComPtr<IEditController> = component.cast().expect("a controller");
            let parameter = |index| {
                let mut info: ParameterInfo = std::mem::zeroed();
                assert_eq!(controller.getParameterInfo(index, &raw mut info), kResultOk);
                let end = info.title.iter().position(|&unit| unit == 0);
                Parameter {
                    id: info.id,
                    steps: info.stepCount,
                    bypass: info.flags & ParameterInfo_::ParameterFlags_::kIsBypass as int32 != 0,
                    name: String::from_utf16_lossy(&info.title[..end.expect("an end")]),
                }
            };
            let parameters = (0..controller.getParameterCount()).map(parameter).collect();
            let edits = ComWrapper::new(Edits::default());
            let handler = edits.as_com_ref::<IComponentHandler>().expect("a handler");
            assert_eq!(controller.setComponentHandler(handler.as_ptr()), kResultOk);
            Self {
                processor: component.cast().expect("a processor"),
                component,
                controller,
                parameters,
                edits,
                answers: ComWrapper::new(Answers::default()),
                mode: AtomicI32::new(ProcessModes_::kRealtime as int32),
            }
        }
    }

    /// From here on it sets up and processes offline, or in real time.
    pub fn render_offline(&self, offline: bool) {
        let mode = match offline {
            true => ProcessModes_::kOffline,
            false => ProcessModes_::kRealtime,
        };
        self.mode.store(mode as int32, Ordering::Relaxed);
    }

    /// What the plugin has said of its parameters in blocks, since it was asked last.
    pub fn answers(&self) -> Vec<(ParamID, f64)> {
        self.answers.take()
    }

    /// Asks for so many inputs and outputs, up to stereo; whether it has such a layout.
    pub fn arrange(&self, inputs: usize, outputs: usize) -> bool {
        let speakers = |channels| match channels {
            1 => SpeakerArr::kMono,
            _ => SpeakerArr::kStereo,
        };
        let (mut inputs, mut outputs) = (speakers(inputs), speakers(outputs));
        let (inputs, outputs) = (&raw mut inputs, &raw mut outputs);
        // SAFETY: see `impl Host`.
        let result = unsafe { self.processor.setBusArrangements(inputs, 1, outputs, 1) };
        result == kResultOk
    }

    pub fn latency(&self) -> u32 {
        // SAFETY: see `impl Host`.
        unsafe { self.processor.getLatencySamples() }
    }

    pub fn setup(&self, rate: f64, longest: usize) {
        let mut setup = ProcessSetup {
            processMode: self.mode.load(Ordering::Relaxed),
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as int32,
            maxSamplesPerBlock: longest as int32,
            sampleRate: rate,
        };
        // SAFETY: see `impl Host`.
        unsafe {
            assert_eq!(self.processor.setupProcessing(&raw mut setup), kResultOk);
            assert_eq!(self.component.setActive(1), kResultOk);
        }
    }

    pub fn end(&self) {
        // SAFETY: see `impl Host`.
        unsafe { assert_eq!(self.component.setActive(0), kResultOk) };
    }

    pub fn start(&self) {
        // SAFETY: see `impl Host`.
        unsafe { self.processor.setProcessing(1) };
    }

    pub fn stop(&self) {
        // SAFETY: see `impl Host`.
        unsafe { self.processor.setProcessing(0) };
    }

    pub fn tail(&self) -> u32 {
        // SAFETY: see `impl Host`.
        unsafe { self.processor.getTailSamples() }
    }

    pub fn id(&self, name: &str) -> ParamID {
        let named = |parameter: &&Parameter| parameter.name == name;
        self.parameters.iter().find(named).expect("is there").id
    }

    /// What the controller says, 0 to 1.
    pub fn value(&self, name: &str) -> f64 {
        // SAFETY: see `impl Host`.
        unsafe { self.controller.getParamNormalized(self.id(name)) }
    }

    /// Tells the controller, 0 to 1.
    pub fn set(&self, name: &str, value: f64) {
        let id = self.id(name);
        // SAFETY: see `impl Host`.
        let result = unsafe { self.controller.setParamNormalized(id, value) };
        assert_eq!(result, kResultOk);
    }

    /// What the editor has done since it was asked last: values for the next block.
    pub fn edits(&self) -> Vec<Queue> {
        std::mem::take(&mut *self.edits.0.lock().expect("no panic"))
    }

    pub fn save(&self) -> Vec<u8> {
        let memory = ComWrapper::new(Memory::default());
        let stream = memory.to_com_ptr::<IBStream>().expect("a stream");
        // SAFETY: see `impl Host`.
        unsafe { assert_eq!(self.component.getState(stream.as_ptr()), kResultOk) };
        memory.bytes.borrow().clone()
    }

    pub fn load(&self, bytes: &[u8]) -> tresult {
        let memory = ComWrapper::new(Memory {
            bytes: RefCell::new(bytes.to_vec()),
            at: Cell::new(0),
        });
        let stream = memory.to_com_ptr::<IBStream>().expect("a stream");
        // SAFETY: see `impl Host`.
        unsafe { self.component.setState(stream.as_ptr()) }
    }

    /// One stereo block, of no samples if that is what `x` has. The plugin works inside `around`, and the host only
    /// outside.
    pub fn block(
        &self,
        x: [Vec<f32>; 2],
        moment: Moment,
        around: impl FnOnce(&mut dyn FnMut() -> tresult) -> tresult,
    ) -> [Vec<f32>; 2] {
        let y = self.block_of(x.into(), 2, moment, around);
        y.try_into().expect("two channels")
    }

    /// One block with so many outputs.
    pub fn block_of(
        &self,
        mut x: Vec<Vec<f32>>,
        outputs: usize,
        moment: Moment,
        around: impl FnOnce(&mut dyn FnMut() -> tresult) -> tresult,
    ) -> Vec<Vec<f32>> {
        let frames = x[0].len();
        let mut y = vec![vec![0.0_f32; frames]; outputs];
        let pointers = |channels: &mut Vec<Vec<f32>>| -> Vec<*mut f32> {
            let each = channels.iter_mut();
            each.map(|channel| channel.as_mut_ptr()).collect()
        };
        let (mut inputs, mut outputs) = (pointers(&mut x), pointers(&mut y));
        let queues = moment.changes.into_iter().map(ComWrapper::new);
        let changes = ComWrapper::new(Changes {
            queues: queues
                .map(|queue| queue.to_com_ptr().expect("a queue"))
                .collect(),
        });
        let changes = changes.to_com_ptr::<IParameterChanges>().expect("changes");
        let answers = self.answers.as_com_ref::<IParameterChanges>();
        let answers = answers.expect("room for answers");
        // SAFETY: all zeros are empty ones of these structures; the rest as `impl Host` says.
        let result = unsafe {
            let (mut input, mut output): (AudioBusBuffers, AudioBusBuffers) =
                (std::mem::zeroed(), std::mem::zeroed());
            input.numChannels = inputs.len() as int32;
            output.numChannels = outputs.len() as int32;
            input.__field0.channelBuffers32 = inputs.as_mut_ptr();
            output.__field0.channelBuffers32 = outputs.as_mut_ptr();
            let mut context: ProcessContext = std::mem::zeroed();
            if moment.rolls {
                context.state |= ProcessContext_::StatesAndFlags_::kPlaying;
            }
            if let Some(tempo) = moment.tempo {
                context.state |= ProcessContext_::StatesAndFlags_::kTempoValid;
                context.tempo = tempo;
            }
            let mut data: ProcessData = std::mem::zeroed();
            data.processMode = self.mode.load(Ordering::Relaxed);
            data.symbolicSampleSize = SymbolicSampleSizes_::kSample32 as int32;
            data.numSamples = frames as int32;
            (data.numInputs, data.numOutputs) = (1, 1);
            (data.inputs, data.outputs) = (&raw mut input, &raw mut output);
            data.inputParameterChanges = changes.as_ptr();
            data.outputParameterChanges = answers.as_ptr();
            data.processContext = &raw mut context;
            around(&mut || self.processor.process(&raw mut data))
        };
        assert_eq!(result, kResultOk);
        assert!(y.iter().flatten().all(|y| y.is_finite()));
        y
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: see `impl Host`.
        unsafe { self.component.terminate() };
    }
}

/// What the host automates in one block.
struct Changes {
    queues: Vec<ComPtr<IParamValueQueue>>,
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        self.queues.len() as int32
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        self.queues[index as usize].as_ptr()
    }

    unsafe fn addParameterData(&self, _: *const ParamID, _: *mut int32) -> *mut IParamValueQueue {
        std::ptr::null_mut()
    }
}

/// One parameter in one block: at each of its first samples another value.
pub struct Queue {
    pub id: ParamID,
    pub points: Vec<ParamValue>,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }

    unsafe fn getPointCount(&self) -> int32 {
        self.points.len() as int32
    }

    unsafe fn getPoint(&self, index: int32, offset: *mut int32, value: *mut ParamValue) -> tresult {
        let Some(point) = self.points.get(index as usize) else {
            return kInvalidArgument;
        };
        // SAFETY: VST3 has both point to places for the answer.
        unsafe {
            *offset = index;
            *value = *point;
        }
        kResultOk
    }

    unsafe fn addPoint(&self, _: int32, _: ParamValue, _: *mut int32) -> tresult {
        kResultFalse
    }
}

/// What the plugin says of a parameter.
struct Answer {
    id: AtomicU32,
    points: Mutex<Vec<ParamValue>>,
}

impl Class for Answer {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Answer {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id.load(Ordering::Relaxed)
    }

    unsafe fn getPointCount(&self) -> int32 {
        self.points.lock().expect("no panic").len() as int32
    }

    unsafe fn getPoint(&self, _: int32, _: *mut int32, _: *mut ParamValue) -> tresult {
        kResultFalse
    }

    unsafe fn addPoint(&self, _: int32, value: ParamValue, _: *mut int32) -> tresult {
        self.points.lock().expect("no panic").push(value);
        kResultOk
    }
}

/// Room for what the plugin says, made before.
struct Answers {
    each: Vec<ComWrapper<Answer>>,
    used: AtomicUsize,
}

impl Default for Answers {
    fn default() -> Self {
        let answer = |_| {
            ComWrapper::new(Answer {
                id: AtomicU32::new(0),
                points: Mutex::new(Vec::with_capacity(4)),
            })
        };
        Self {
            each: (0..1024).map(answer).collect(),
            used: AtomicUsize::new(0),
        }
    }
}

impl Answers {
    fn take(&self) -> Vec<(ParamID, f64)> {
        let used = &self.each[..self.used.swap(0, Ordering::Relaxed)];
        let points = |answer: &ComWrapper<Answer>| {
            let id = answer.id.load(Ordering::Relaxed);
            let points: Vec<_> = answer.points.lock().expect("no panic").drain(..).collect();
            points.into_iter().map(move |point| (id, point))
        };
        used.iter().flat_map(points).collect()
    }
}

impl Class for Answers {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Answers {
    unsafe fn getParameterCount(&self) -> int32 {
        self.used.load(Ordering::Relaxed) as int32
    }

    unsafe fn getParameterData(&self, _: int32) -> *mut IParamValueQueue {
        std::ptr::null_mut()
    }

    unsafe fn addParameterData(
        &self,
        id: *const ParamID,
        index: *mut int32,
    ) -> *mut IParamValueQueue {
        let at = self.used.load(Ordering::Relaxed);
        let Some(answer) = self.each.get(at) else {
            return std::ptr::null_mut();
        };
        self.used.store(at + 1, Ordering::Relaxed);
        // SAFETY: VST3 has them point to a name and to a place for the answer.
        unsafe {
            answer.id.store(*id, Ordering::Relaxed);
            *index = at as int32;
        }
        let queue = answer.as_com_ref::<IParamValueQueue>();
        queue.expect("a queue").as_ptr()
    }
}

/// What the editor does, kept for the next block.
#[derive(Default)]
struct Edits(Mutex<Vec<Queue>>);

impl Class for Edits {
    type Interfaces = (IComponentHandler,);
}

impl IComponentHandlerTrait for Edits {
    unsafe fn beginEdit(&self, _: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn performEdit(&self, id: ParamID, value: ParamValue) -> tresult {
        let points = vec![value];
        let edit = Queue { id, points };
        self.0.lock().expect("no panic").push(edit);
        kResultOk
    }

    unsafe fn endEdit(&self, _: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn restartComponent(&self, _: int32) -> tresult {
        panic!("the latency is constant: nothing asks for a restart");
    }
}

/// The editor, as the host has it.
pub struct View {
    view: ComPtr<IPlugView>,
    frame: ComWrapper<Frame>,
}

// As for `impl Host`.
impl View {
    /// In that window, of the size it wants.
    pub fn open(host: &Host, window: u32) -> Self {
        // SAFETY: see `impl Host`; a view comes with a reference of its own.
        unsafe {
            let view = host.controller.createView(ViewType::kEditor);
            let view = ComPtr::from_raw(view).expect("an editor");
            let kind = kPlatformTypeX11EmbedWindowID;
            assert_eq!(view.isPlatformTypeSupported(kind), kResultOk);
            let frame = ComWrapper::new(Frame::default());
            let offered = frame.as_com_ref::<IPlugFrame>().expect("a frame");
            assert_eq!(view.setFrame(offered.as_ptr()), kResultOk);
            let window = window as usize as *mut c_void;
            assert_eq!(view.attached(window, kind), kResultOk);
            Self { view, frame }
        }
    }

    pub fn size(&self) -> (u32, u32) {
        let mut rect = area((0, 0));
        // SAFETY: see `impl Host`.
        unsafe { assert_eq!(self.view.getSize(&raw mut rect), kResultOk) };
        (
            (rect.right - rect.left) as u32,
            (rect.bottom - rect.top) as u32,
        )
    }

    /// What it makes of a size that the host has in mind.
    pub fn constrained(&self, size: (u32, u32)) -> (u32, u32) {
        let mut rect = area(size);
        // SAFETY: see `impl Host`.
        unsafe {
            assert_eq!(self.view.canResize(), kResultOk);
            assert_eq!(self.view.checkSizeConstraint(&raw mut rect), kResultOk);
        }
        (rect.right as u32, rect.bottom as u32)
    }

    pub fn resize(&self, size: (u32, u32)) {
        let mut rect = area(size);
        // SAFETY: see `impl Host`.
        unsafe { assert_eq!(self.view.onSize(&raw mut rect), kResultOk) };
    }

    /// A turn of the host's loop: whoever wants to be called is.
    pub fn turn(&self) {
        let handlers = self.frame.handlers.borrow().clone();
        for (handler, descriptor) in handlers {
            // SAFETY: see `impl Host`. It reads what there is, and does not wait.
            unsafe { handler.onFDIsSet(descriptor) };
        }
    }

    pub fn close(self) {
        // SAFETY: see `impl Host`.
        unsafe {
            assert_eq!(self.view.removed(), kResultOk);
            assert_eq!(self.view.setFrame(std::ptr::null_mut()), kResultOk);
        }
        let left = self.frame.handlers.borrow().len();
        assert_eq!(left, 0, "who wanted to be called has gone");
    }
}

fn area((width, height): (u32, u32)) -> ViewRect {
    ViewRect {
        left: 0,
        top: 0,
        right: width as int32,
        bottom: height as int32,
    }
}

/// What the host offers to a view: room, and its loop.
#[derive(Default)]
struct Frame {
    handlers: RefCell<Vec<(ComPtr<IEventHandler>, FileDescriptor)>>,
}

impl Class for Frame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, _: *mut IPlugView, _: *mut ViewRect) -> tresult {
        kResultFalse
    }
}

impl IRunLoopTrait for Frame {
    unsafe fn registerEventHandler(
        &self,
        handler: *mut IEventHandler,
        descriptor: FileDescriptor,
    ) -> tresult {
        // SAFETY: VST3 has it point to an object, which the host may keep.
        let handler = unsafe { ComRef::from_raw(handler) }.expect("a handler");
        let entry = (handler.to_com_ptr(), descriptor);
        self.handlers.borrow_mut().push(entry);
        kResultOk
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        let other = |known: &(ComPtr<IEventHandler>, _)| known.0.as_ptr() != handler;
        self.handlers.borrow_mut().retain(other);
        kResultOk
    }

    unsafe fn registerTimer(&self, _: *mut ITimerHandler, _: TimerInterval) -> tresult {
        kNotImplemented
    }

    unsafe fn unregisterTimer(&self, _: *mut ITimerHandler) -> tresult {
        kNotImplemented
    }
}

/// A state in memory.
#[derive(Default)]
struct Memory {
    bytes: RefCell<Vec<u8>>,
    at: Cell<usize>,
}

impl Class for Memory {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Memory {
    unsafe fn read(&self, to: *mut c_void, wanted: int32, done: *mut int32) -> tresult {
        let bytes = self.bytes.borrow();
        let left = &bytes[self.at.get().min(bytes.len())..];
        let given = left.len().min(wanted as usize);
        // SAFETY: VST3 has `to` point to room for `wanted` bytes, and `done` to a number or nowhere.
        unsafe {
            std::ptr::copy_nonoverlapping(left.as_ptr(), to.cast(), given);
            if !done.is_null() {
                *done = given as int32;
            }
        }
        self.at.set(self.at.get() + given);
        kResultOk
    }

    unsafe fn write(&self, from: *mut c_void, given: int32, done: *mut int32) -> tresult {
        // SAFETY: VST3 has `from` point to `given` bytes, and `done` to a number or nowhere.
        unsafe {
            let given = std::slice::from_raw_parts(from.cast::<u8>(), given as usize);
            self.bytes.borrow_mut().extend(given);
            if !done.is_null() {
                *done = given.len() as int32;
            }
        }
        kResultOk
    }

    unsafe fn seek(&self, to: int64, mode: int32, now: *mut int64) -> tresult {
        let from = match mode {
            mode if mode == IBStream_::IStreamSeekMode_::kIBSeekSet as int32 => 0,
            mode if mode == IBStream_::IStreamSeekMode_::kIBSeekCur as int32 => self.at.get(),
            _ => self.bytes.borrow().len(),
        };
        self.at.set((from as int64 + to) as usize);
        // SAFETY: VST3 has it point to a number or nowhere.
        unsafe {
            if now.is_null() {
                kResultOk
            } else {
                self.tell(now)
            }
        }
    }

    unsafe fn tell(&self, now: *mut int64) -> tresult {
        // SAFETY: VST3 has it point to a number.
        unsafe { *now = self.at.get() as int64 };
        kResultOk
    }
}

//! The same for the VST3 side of the library: a host of one instance, its audio thread watched.

use super::guard::{Caught, Guard};
use super::oracle::Noise;
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::thread;
use std::time::{Duration, Instant};
use vst3::Steinberg::Vst::{
    AudioBusBuffers, IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentTrait,
    IEditController, IEditControllerTrait, IParamValueQueue, IParamValueQueueTrait,
    IParameterChanges, IParameterChangesTrait, ParamID, ParamValue, ParameterInfo, ProcessContext,
    ProcessContext_, ProcessData, ProcessModes_, ProcessSetup, SymbolicSampleSizes_,
};
use vst3::Steinberg::{
    IBStream, IBStream_, IBStreamTrait, IPluginBaseTrait, IPluginFactory, IPluginFactoryTrait,
    PClassInfo, int32, int64, kInvalidArgument, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComWrapper, Interface};

/// Hz and the longest block of each round.
const ROUNDS: [(f64, usize); 4] = [
    (48_000.0, 64),
    (44_100.0, 1024),
    (96_000.0, 1),
    (48_000.0, 512),
];

/// Blocks of each round, at least: it goes on until so many longer impulses have come, if they come at all.
const BLOCKS: usize = 500;
const ARRIVALS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(20);

/// The impulse parameter's slots beside the one without a list.
const SLOTS: f64 = 1023.0;

/// How a VST3 module gives its factory.
pub type GetPluginFactory = unsafe extern "system" fn() -> *mut c_void;

/// What came of it.
#[derive(Default)]
pub struct Done {
    pub caught: Caught,
    pub blocks: usize,
    /// How often a longer impulse came.
    pub arrivals: usize,
}

/// Everything a user can do to one instance.
pub fn everything(get: GetPluginFactory, guard: Guard) -> Done {
    let host = Host::new(get);
    let mut states = Vec::new();
    let mut done = Done::default();
    for (round, (rate, longest)) in ROUNDS.into_iter().enumerate() {
        host.setup(rate, longest);
        states.push(host.save());
        let part = thread::scope(|scope| {
            let audio = scope.spawn(|| host.play(guard, longest, Noise::new(70 + round as u64)));
            let mut step = 0;
            while !audio.is_finished() {
                match step % 3 {
                    0 => assert_eq!(host.load(&states[step / 3 % states.len()]), kResultOk),
                    1 => assert_ne!(host.load(b"garbage that is no state"), kResultOk),
                    _ => assert!(!host.save().is_empty()),
                }
                step += 1;
                thread::sleep(Duration::from_millis(30));
            }
            audio.join().expect("no panic")
        });
        if done.caught.calls == 0 {
            done.caught.name = part.caught.name;
        }
        done.caught.calls += part.caught.calls;
        done.blocks += part.blocks;
        done.arrivals += part.arrivals;
        host.end();
    }
    done
}

struct Host {
    component: ComPtr<IComponent>,
    processor: ComPtr<IAudioProcessor>,
    /// Id, steps and name.
    parameters: Vec<(ParamID, int32, String)>,
}

// All calls are those of VST3, with what they ask for: plain structures, made here, that outlive the call.
impl Host {
    fn new(get: GetPluginFactory) -> Self {
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
                let title = String::from_utf16_lossy(&info.title[..end.expect("an end")]);
                (info.id, info.stepCount, title)
            };
            let parameters = (0..controller.getParameterCount()).map(parameter).collect();
            Self {
                processor: component.cast().expect("a processor"),
                component,
                parameters,
            }
        }
    }

    fn setup(&self, rate: f64, longest: usize) {
        let mut setup = ProcessSetup {
            processMode: ProcessModes_::kRealtime as int32,
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

    fn end(&self) {
        // SAFETY: see `impl Host`.
        unsafe { assert_eq!(self.component.setActive(0), kResultOk) };
    }

    fn save(&self) -> Vec<u8> {
        let memory = ComWrapper::new(Memory::default());
        let stream = memory.to_com_ptr::<IBStream>().expect("a stream");
        // SAFETY: see `impl Host`.
        unsafe { assert_eq!(self.component.getState(stream.as_ptr()), kResultOk) };
        memory.bytes.borrow().clone()
    }

    fn load(&self, bytes: &[u8]) -> tresult {
        let memory = ComWrapper::new(Memory {
            bytes: RefCell::new(bytes.to_vec()),
            at: Cell::new(0),
        });
        let stream = memory.to_com_ptr::<IBStream>().expect("a stream");
        // SAFETY: see `impl Host`.
        unsafe { self.component.setState(stream.as_ptr()) }
    }

    /// A round on this thread.
    fn play(&self, guard: Guard, longest: usize, mut noise: Noise) -> Done {
        let (mut caught, mut arrivals, mut tail) = (Caught::default(), 0, 0);
        // SAFETY: see `impl Host`.
        guard.watch(&mut caught, || unsafe { self.processor.setProcessing(1) });
        let (mut block, begun) = (0, Instant::now());
        while block < BLOCKS || arrivals < ARRIVALS && begun.elapsed() < PATIENCE {
            let frames = noise.within(1, longest);
            let mut x = noise.channels(2, frames);
            let mut y = vec![vec![0.0_f32; frames]; 2];
            let mut inputs = [x[0].as_mut_ptr(), x[1].as_mut_ptr()];
            let mut outputs = [y[0].as_mut_ptr(), y[1].as_mut_ptr()];
            let changes = self.changes(block, &mut noise);
            let changes = ComWrapper::new(changes).to_com_ptr::<IParameterChanges>();
            let changes = changes.expect("changes");
            // SAFETY: all zeros are empty ones of these structures; the rest as `impl Host` says.
            unsafe {
                let (mut input, mut output): (AudioBusBuffers, AudioBusBuffers) =
                    (std::mem::zeroed(), std::mem::zeroed());
                (input.numChannels, output.numChannels) = (2, 2);
                input.__field0.channelBuffers32 = inputs.as_mut_ptr();
                output.__field0.channelBuffers32 = outputs.as_mut_ptr();
                let mut context: ProcessContext = std::mem::zeroed();
                context.state = ProcessContext_::StatesAndFlags_::kTempoValid;
                context.tempo = 60.0 + block as f64;
                let mut data: ProcessData = std::mem::zeroed();
                data.processMode = ProcessModes_::kRealtime as int32;
                data.symbolicSampleSize = SymbolicSampleSizes_::kSample32 as int32;
                data.numSamples = frames as int32;
                (data.numInputs, data.numOutputs) = (1, 1);
                (data.inputs, data.outputs) = (&raw mut input, &raw mut output);
                data.inputParameterChanges = changes.as_ptr();
                data.processContext = &raw mut context;
                let (result, now) = guard.watch(&mut caught, || {
                    let result = self.processor.process(&raw mut data);
                    let now = self.processor.getTailSamples();
                    if block % 150 == 70 {
                        self.processor.setProcessing(0);
                        self.processor.setProcessing(1);
                    }
                    (result, now)
                });
                assert_eq!(result, kResultOk);
                // With the pre-delay left alone it only grows by a new impulse.
                arrivals += usize::from(!block.is_multiple_of(10) && now > tail);
                tail = now;
            }
            assert!(y.iter().flatten().all(|y| y.is_finite()));
            thread::sleep(Duration::from_millis(1));
            block += 1;
        }
        assert!(arrivals >= ARRIVALS, "the loader did nothing");
        // SAFETY: see `impl Host`.
        guard.watch(&mut caught, || unsafe { self.processor.setProcessing(0) });
        Done {
            caught,
            blocks: block,
            arrivals,
        }
    }

    /// Every parameter moves, twice in the block; the impulse now and then.
    fn changes(&self, block: usize, noise: &mut Noise) -> Changes {
        let mut queues = Vec::new();
        for (id, steps, name) in &self.parameters {
            let mut value = || match name.as_str() {
                "Bypass" => f64::from(u8::from(block % 97 > 80)),
                "Impulse" => noise.within(1, 6) as f64 / SLOTS,
                _ if *steps > 0 => (noise.within(0, *steps as usize) as f64) / f64::from(*steps),
                _ => noise.within(0, 1000) as f64 / 1000.0,
            };
            let left_alone = match name.as_str() {
                "Impulse" => block % 100 > 20,
                "Pre-delay" | "Pre-delay note" => !block.is_multiple_of(10),
                _ => false,
            };
            if left_alone {
                continue;
            }
            let queue = Queue {
                id: *id,
                points: [value(), value()],
            };
            let queue = ComWrapper::new(queue).to_com_ptr::<IParamValueQueue>();
            queues.push(queue.expect("a queue"));
        }
        Changes { queues }
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

/// One parameter, at the start of the block and at its second sample.
struct Queue {
    id: ParamID,
    points: [ParamValue; 2],
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

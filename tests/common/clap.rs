//! A CLAP host with one instance of the plugin, linked in: no bundle is needed.
#![allow(dead_code, reason = "each test file uses its own part")]

use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig};
use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl, PluginGui};
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamInfoBuffer,
    ParamInfoFlags, ParamRescanFlags, PluginParams,
};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_extensions::tail::{HostTail, HostTailImpl, PluginTail, TailLength};
use clack_extensions::thread_check::{HostThreadCheck, HostThreadCheckImpl};
use clack_host::events::event_types::{
    ParamModEvent, ParamValueEvent, TransportEvent, TransportFlags,
};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{EventFlags, EventHeader};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::io::Cursor;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, ThreadId};

pub const ID: &std::ffi::CStr = c"org.partita.partita";

pub struct Shared {
    /// The plugin wants to be called on the main thread.
    calls: AtomicBool,
    /// It wants to be asked for what its editor did.
    flushes: AtomicBool,
    /// How often it has said that its tail is another.
    tails: AtomicU32,
    main: ThreadId,
    /// Whether it says which thread one is on. Where a host does not, the framework would ask the standard library, which
    /// allocates twice on each thread that it has not started.
    tells_threads: bool,
}

impl Shared {
    /// On the main thread.
    fn new(tells_threads: bool) -> Self {
        Self {
            calls: AtomicBool::new(false),
            flushes: AtomicBool::new(false),
            tails: AtomicU32::new(0),
            main: thread::current().id(),
            tells_threads,
        }
    }
}

impl HostParamsImplShared for Shared {
    fn request_flush(&self) {
        self.flushes.store(true, Ordering::Relaxed);
    }
}

impl HostThreadCheckImpl for Shared {
    fn is_main_thread(&self) -> bool {
        thread::current().id() == self.main
    }

    fn is_audio_thread(&self) -> bool {
        !self.is_main_thread()
    }
}

pub struct Main;
pub struct Audio<'a>(&'a Shared);
pub struct Host;

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {
        panic!("the latency is constant: nothing asks for a restart");
    }
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.calls.store(true, Ordering::Relaxed);
    }
}

impl HostGuiImpl for Shared {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, _size: GuiSize) -> Result<(), HostError> {
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _was_destroyed: bool) {}
}

impl MainThreadHandler<'_> for Main {}
impl<'a> AudioProcessorHandler<'a> for Audio<'a> {}

impl HostTailImpl for Audio<'_> {
    fn changed(&mut self) {
        self.0.tails.fetch_add(1, Ordering::Relaxed);
    }
}

impl HostParamsImplMainThread for Main {
    fn rescan(&self, _flags: ParamRescanFlags) {}
    fn clear(&self, _id: ClapId, _flags: ParamClearFlags) {}
}

impl HostHandlers for Host {
    type Shared<'a> = Shared;
    type MainThread<'a> = Main;
    type AudioProcessor<'a> = Audio<'a>;

    fn declare_extensions(builder: &mut HostExtensions<Self>, shared: &Self::Shared<'_>) {
        builder.register::<HostGui>();
        builder.register::<HostParams>();
        builder.register::<HostTail>();
        if shared.tells_threads {
            builder.register::<HostThreadCheck>();
        }
    }
}

/// The entry point that a bundle would export.
pub fn entry() -> PluginEntry {
    // SAFETY: `clap_entry` is the entry of the plugin that is linked into this program, valid for its whole life.
    unsafe { PluginEntry::load_from_raw(&partita::plugin::clap_entry, c"/nowhere") }
        .expect("the plugin loads")
}

/// What a parameter says of itself.
#[derive(Clone, Debug)]
pub struct Info {
    pub id: ClapId,
    pub name: String,
    pub group: String,
    pub flags: ParamInfoFlags,
    pub max: f64,
    pub default: f64,
}

/// One instance.
pub struct Rig {
    instance: PluginInstance<Host>,
    pub infos: Vec<Info>,
    by_name: BTreeMap<String, usize>,
}

/// An active one that processes.
pub struct Playing {
    started: Option<StartedPluginAudioProcessor<Host>>,
    inputs: usize,
    outputs: usize,
    pub tempo: Option<f64>,
    /// What its editor did.
    pub told: Vec<Told>,
}

/// What a plugin tells of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    Begins(ClapId),
    Is(ClapId, f64),
    Ends(ClapId),
}

impl Rig {
    pub fn new() -> Self {
        Self::of(&entry())
    }

    /// One of the plugin with that entry point, as most hosts have it.
    pub fn of(entry: &PluginEntry) -> Self {
        Self::in_host(entry, true)
    }

    /// The same, in a host that does not say which thread one is on.
    pub fn of_taciturn(entry: &PluginEntry) -> Self {
        Self::in_host(entry, false)
    }

    fn in_host(entry: &PluginEntry, tells_threads: bool) -> Self {
        let info = HostInfo::new("tests", "Partita", "https://example.invalid", "0");
        let info = info.expect("a host");
        let made = PluginInstance::new(|_| Shared::new(tells_threads), |_| Main, entry, ID, &info);
        let mut rig = Self {
            instance: made.expect("an instance"),
            infos: Vec::new(),
            by_name: BTreeMap::new(),
        };
        let handle = rig.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().expect("parameters");
        for index in 0..params.count(&handle) {
            let mut buffer = ParamInfoBuffer::new();
            let info = params.get_info(&handle, index, &mut buffer).expect("info");
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
            assert_eq!(info.min_value, 0.0);
            rig.by_name.insert(text(info.name), rig.infos.len());
            rig.infos.push(Info {
                id: info.id,
                name: text(info.name),
                group: text(info.module),
                flags: info.flags,
                max: info.max_value,
                default: info.default_value,
            });
        }
        rig
    }

    /// The plugin's window, and what it takes.
    pub fn gui(&mut self) -> (PluginGui, PluginMainThreadHandle<'_>) {
        let handle = self.instance.plugin_handle();
        let gui = handle.get_extension().expect("an editor");
        (gui, handle)
    }

    /// Calls the plugin on the main thread, if it wants to be. Says so.
    pub fn call_back(&mut self) -> bool {
        let asked = |shared: &Shared| shared.calls.swap(false, Ordering::Relaxed);
        let asked = self.instance.access_shared_handler(asked);
        if asked {
            self.instance.call_on_main_thread_callback();
        }
        asked
    }

    /// Whether it wanted to be asked for what its editor did, since this was asked.
    pub fn wants_a_flush(&mut self) -> bool {
        let asked = |shared: &Shared| shared.flushes.swap(false, Ordering::Relaxed);
        self.instance.access_shared_handler(asked)
    }

    /// How often it has said that its tail is another, since this was asked.
    pub fn new_tails(&mut self) -> u32 {
        let told = |shared: &Shared| shared.tails.swap(0, Ordering::Relaxed);
        self.instance.access_shared_handler(told)
    }

    /// Whether it says anything of a parameter at that place of its list.
    pub fn has_info(&mut self, index: u32) -> bool {
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().expect("parameters");
        let mut buffer = ParamInfoBuffer::new();
        params.get_info(&handle, index, &mut buffer).is_some()
    }

    pub fn info(&self, name: &str) -> &Info {
        &self.infos[self.by_name[name]]
    }

    /// The host's value for a text, as the plugin understands it.
    pub fn value_of(&mut self, name: &str, text: &str) -> Option<f64> {
        let id = self.info(name).id;
        let text = CString::new(text).expect("text");
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().expect("parameters");
        params.text_to_value(&handle, id, &text)
    }

    pub fn text_of(&mut self, name: &str, value: f64) -> String {
        let id = self.info(name).id;
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().expect("parameters");
        let mut buffer = [0; 256];
        let text = params.value_to_text(&handle, id, value, &mut buffer);
        String::from_utf8(text.expect("text").to_vec()).expect("UTF-8")
    }

    pub fn value(&mut self, name: &str) -> f64 {
        let id = self.info(name).id;
        let handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().expect("parameters");
        params.get_value(&handle, id).expect("a value")
    }

    /// What a parameter is now, as a host shows it.
    pub fn shown(&mut self, name: &str) -> String {
        let value = self.value(name);
        self.text_of(name, value)
    }

    /// An event that sets a parameter to a text.
    pub fn event(&mut self, name: &str, text: &str) -> (ClapId, f64) {
        let value = self.value_of(name, text);
        let value = value.unwrap_or_else(|| panic!("{name} does not take {text}"));
        (self.info(name).id, value)
    }

    /// Sets parameters while it is not active. Gives what its editor did.
    pub fn flush(&mut self, events: &[(ClapId, f64)]) -> Vec<Told> {
        let mut handle = self.instance.inactive_plugin_handle().expect("inactive");
        let params: PluginParams = handle.get_extension().expect("parameters");
        let buffer = buffer(events);
        let mut told = EventBuffer::new();
        params.flush(&mut handle, &buffer.as_input(), &mut told.as_output());
        read(&told)
    }

    pub fn save(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let handle = self.instance.plugin_handle();
        let state: PluginState = handle.get_extension().expect("state");
        state.save(&handle, &mut bytes).expect("saves");
        bytes
    }

    pub fn load(&mut self, bytes: &[u8]) -> bool {
        let handle = self.instance.plugin_handle();
        let state: PluginState = handle.get_extension().expect("state");
        state.load(&handle, &mut Cursor::new(bytes)).is_ok()
    }

    pub fn latency(&mut self) -> u32 {
        let handle = self.instance.plugin_handle();
        let latency: PluginLatency = handle.get_extension().expect("latency");
        latency.get(&handle)
    }

    /// Whether it is to render offline from the next activation on.
    pub fn render(&mut self, mode: RenderMode) {
        let handle = self.instance.plugin_handle();
        let render: PluginRender = handle.get_extension().expect("render modes");
        render.set(&handle, mode).expect("takes the mode");
    }

    /// Inputs and outputs of every layout.
    pub fn layouts(&mut self) -> Vec<(u32, u32)> {
        let handle = self.instance.plugin_handle();
        let configs: PluginAudioPortsConfig = handle.get_extension().expect("layouts");
        let layout = |index| {
            let mut buffer = AudioPortsConfigBuffer::new();
            let config = configs.get(&handle, index, &mut buffer).expect("a layout");
            let (input, output) = (config.main_input, config.main_output);
            (
                input.map_or(0, |port| port.channel_count),
                output.map_or(0, |port| port.channel_count),
            )
        };
        (0..configs.count(&handle)).map(layout).collect()
    }

    /// Activates it in one of its layouts and starts it.
    pub fn play(&mut self, (inputs, outputs): (usize, usize), rate: f64, longest: u32) -> Playing {
        let wanted = (inputs as u32, outputs as u32);
        let index = self.layouts().iter().position(|layout| *layout == wanted);
        let index = index.expect("the layout is there") as u32;
        let handle = self.instance.plugin_handle();
        let configs: PluginAudioPortsConfig = handle.get_extension().expect("layouts");
        let mut buffer = AudioPortsConfigBuffer::new();
        let config = configs.get(&handle, index, &mut buffer).expect("a layout");
        configs.select(&handle, config.id).expect("selects");
        let configuration = PluginAudioConfiguration {
            sample_rate: rate,
            min_frames_count: 1,
            max_frames_count: longest,
        };
        let stopped = self
            .instance
            .activate(|shared, _| Audio(shared), configuration);
        let started = stopped.expect("activates").start_processing();
        Playing {
            started: Some(started.map_err(|_| ()).expect("starts")),
            inputs,
            outputs,
            tempo: None,
            told: Vec::new(),
        }
    }

    pub fn stop(&mut self, mut playing: Playing) {
        let started = playing.started.take().expect("playing");
        self.instance.deactivate(started.stop_processing());
    }
}

fn buffer(events: &[(ClapId, f64)]) -> EventBuffer {
    let mut buffer = EventBuffer::new();
    for (id, value) in events {
        buffer.push(&ParamValueEvent::new(0, *id, Pckn::match_all(), *value));
    }
    buffer
}

fn read(events: &EventBuffer) -> Vec<Told> {
    let read = |event: &UnknownEvent| match event.as_core_event() {
        Some(CoreEventSpace::ParamGestureBegin(event)) => Some(Told::Begins(event.param_id()?)),
        Some(CoreEventSpace::ParamValue(event)) => Some(Told::Is(event.param_id()?, event.value())),
        Some(CoreEventSpace::ParamGestureEnd(event)) => Some(Told::Ends(event.param_id()?)),
        _ => None,
    };
    let told = events.iter().map(read).collect::<Option<_>>();
    told.expect("nothing else is told")
}

impl Playing {
    fn started(&mut self) -> &mut StartedPluginAudioProcessor<Host> {
        self.started.as_mut().expect("playing")
    }

    /// One block. `events` are at its start.
    pub fn block(&mut self, x: &[&[f32]], events: &[(ClapId, f64)]) -> Vec<Vec<f32>> {
        self.block_in(x, events, |process| process())
    }

    /// One block. The plugin works inside `around`, and the host only outside.
    pub fn block_in(
        &mut self,
        x: &[&[f32]],
        events: &[(ClapId, f64)],
        around: impl FnOnce(&mut dyn FnMut()),
    ) -> Vec<Vec<f32>> {
        self.block_of(x, &buffer(events), around)
    }

    /// One block in which a parameter is moved away from where it is set.
    pub fn modulated(&mut self, x: &[&[f32]], id: ClapId, amount: f64) -> Vec<Vec<f32>> {
        let mut events = EventBuffer::new();
        events.push(&ParamModEvent::new(0, id, Pckn::match_all(), amount));
        self.block_of(x, &events, |process| process())
    }

    fn block_of(
        &mut self,
        x: &[&[f32]],
        events: &EventBuffer,
        around: impl FnOnce(&mut dyn FnMut()),
    ) -> Vec<Vec<f32>> {
        let frames = x[0].len();
        assert_eq!(x.len(), self.inputs);
        let mut x: Vec<Vec<f32>> = x.iter().map(|x| x.to_vec()).collect();
        let mut y = vec![vec![f32::NAN; frames]; self.outputs];
        let mut input_ports = AudioPorts::with_capacity(self.inputs, 1);
        let mut output_ports = AudioPorts::with_capacity(self.outputs, 1);
        let channels = x.iter_mut().map(InputChannel::variable);
        let inputs = input_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(channels),
        }]);
        let channels = y.iter_mut().map(|y| y.as_mut_slice());
        let mut outputs = output_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(channels),
        }]);
        let transport = self.tempo.map(transport);
        // The host's room for what it is told is there before.
        let mut told = EventBuffer::with_capacity(256);
        let mut status = None;
        around(&mut || {
            status = self
                .started()
                .process(
                    &inputs,
                    &mut outputs,
                    &events.as_input(),
                    &mut told.as_output(),
                    None,
                    transport.as_ref(),
                )
                .ok();
        });
        assert_eq!(status, Some(ProcessStatus::Continue));
        self.told.extend(read(&told));
        y
    }

    /// Takes `x` through it in blocks as `length` gives them.
    pub fn run(&mut self, x: &[Vec<f32>], mut length: impl FnMut() -> usize) -> Vec<Vec<f32>> {
        let frames = x[0].len();
        let mut y = vec![Vec::new(); self.outputs];
        let mut from = 0;
        while from < frames {
            let to = frames.min(from + length());
            let block: Vec<&[f32]> = x.iter().map(|x| &x[from..to]).collect();
            for (y, more) in y.iter_mut().zip(self.block(&block, &[])) {
                y.extend(more);
            }
            from = to;
        }
        y
    }

    pub fn tail(&mut self) -> u32 {
        let handle = self.started().plugin_handle();
        let tail: PluginTail = handle.get_extension().expect("tail");
        match tail.get(&handle) {
            TailLength::Finite(frames) => frames,
            TailLength::Infinite => panic!("a convolution ends"),
        }
    }

    pub fn reset(&mut self) {
        self.started().reset();
    }

    /// Stops processing and starts it again, as a host does for a plugin that is asleep.
    pub fn restart(&mut self) {
        let stopped = self.started.take().expect("playing").stop_processing();
        let started = stopped.start_processing();
        self.started = Some(started.map_err(|_| ()).expect("starts"));
    }
}

fn transport(tempo: f64) -> TransportEvent {
    let (beats, seconds) = (BeatTime::from_int(0), SecondsTime::from_int(0));
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags: TransportFlags::HAS_TEMPO | TransportFlags::IS_PLAYING,
        song_pos_beats: beats,
        song_pos_seconds: seconds,
        tempo,
        tempo_inc: 0.0,
        loop_start_beats: beats,
        loop_end_beats: beats,
        loop_start_seconds: seconds,
        loop_end_seconds: seconds,
        bar_start: beats,
        bar_number: 0,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}

//! The editor in a host's window: the framework's calls to the window, and what the editor does to the host.

use super::clap::Edit;
use super::host_params::{HostParam, HostParams};
use super::seen::Seen;
use crate::editor::window::{self, Around, OpenWindow, Placement, Process};
use crate::editor::{Actions, App, Data, Memory, Playing, Settings};
use crate::params::Id;
use crate::preset::{Embedding, ImpulseReference};
use baseview::host::{Host, HostCallbacks, HostMainThreadCaller};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, ParentWindowHandle, ResizeHint, SpawnedEditor,
};
use nice_plug::prelude::Param;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

/// What opens windows.
pub struct PluginEditor {
    params: Arc<HostParams>,
    seen: Arc<Seen>,
    /// Of the window, open or closed. The settings are read when a host first asks: most instances are never looked at.
    placement: OnceLock<Placement>,
    /// What was done in windows that are closed, to be undone in the next.
    memory: Arc<Mutex<Memory>>,
}

impl PluginEditor {
    pub(super) fn new(params: Arc<HostParams>, seen: Arc<Seen>) -> Self {
        Self {
            params,
            seen,
            placement: OnceLock::new(),
            memory: Arc::default(),
        }
    }

    fn placement(&self) -> &Placement {
        self.placement
            .get_or_init(|| Placement::new(&Settings::load()))
    }
}

fn native(size: baseview::WindowSize) -> NativeSize<u32> {
    NativeSize::from_logical_or_physical(size.logical, size.physical)
}

fn hint() -> ResizeHint {
    let least = Settings::least();
    ResizeHint::resizable().with_min_logical_size(LogicalSize::new(least.x, least.y))
}

impl Editor for PluginEditor {
    type Handle = Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let stage = Stage {
            params: self.params.clone(),
            seen: self.seen.clone(),
            context: gui_context,
            read: Instant::now(),
        };
        let app = App::new(stage, Settings::load()).remembering(Arc::clone(&self.memory));
        let parent = parent.as_ref();
        let around = Around {
            parent: parent.map(baseview::ParentWindowHandle::from_window),
            parent_follows: wait_for_parent,
            scale: fallback_scale_factor,
            host: host.map(told),
            shares_keys: true,
            ended: Arc::default(),
            process: Process::Host,
        };
        let window = window::open(app, around, self.placement().clone())?;
        Ok(SpawnedEditor {
            handle: Handle,
            window,
        })
    }

    fn size(&self) -> NativeSize<u32> {
        native(self.placement().get())
    }

    fn resize_hint(&self) -> ResizeHint {
        hint()
    }
}

/// What the framework does to an open window.
pub struct Handle;

impl EditorHandle for Handle {
    type Window = OpenWindow;
    type Error = baseview::Error;

    fn run_until_closed(window: OpenWindow) -> Result<(), Self::Error> {
        window.run_until_closed()
    }

    fn set_parent(
        &self,
        parent: ParentWindowHandle,
        window: &OpenWindow,
    ) -> Result<(), Self::Error> {
        window.window().set_parent(&parent)
    }

    fn show(&self, window: &OpenWindow) -> Result<(), Self::Error> {
        window.window().show()?;
        window.window().waker().request_redraw();
        Ok(())
    }

    fn hide(&self, window: &OpenWindow) -> Result<(), Self::Error> {
        window.window().hide()
    }

    fn set_size(&self, size: NativeSize<u32>, window: &OpenWindow) -> Result<(), Self::Error> {
        window.window().resize(size)
    }

    fn host_main_thread_callback(&self, window: &OpenWindow) {
        window.window().host_main_thread_callback();
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &OpenWindow) -> Option<NativeSize<u32>> {
        let now = window.window().size();
        Some(hint().adjust_size(size, native(now), now.scale_factor))
    }

    fn set_fallback_scale_factor(
        &self,
        scale: f64,
        window: &OpenWindow,
    ) -> Result<(), Self::Error> {
        window.window().suggest_fallback_scale_factor(scale)
    }

    // The window looks at all values by itself, many times a second.
    fn param_value_changed(&self, _id: &str, _normalized_value: f32) {}

    fn param_modulation_changed(&self, _id: &str, _modulation_offset: f32) {}
}

/// The framework's way to tell the host, as the windowing library wants it.
fn told(host: HostMethods) -> Host {
    struct Callbacks(Box<dyn nice_plug::editor::HostCallbacks>);
    impl HostCallbacks for Callbacks {
        fn request_resize(
            &mut self,
            size: baseview::WindowSize,
        ) -> Result<(), baseview::HandlerError> {
            let (physical, scale) = (size.physical.into(), size.scale_factor);
            let asked = self.0.request_resize(physical, scale);
            asked.map_err(baseview::HandlerError::from_boxed)
        }

        fn destroyed(&mut self) {
            self.0.destroyed();
        }
    }
    struct Caller(Box<dyn nice_plug::editor::HostMainThreadCaller>);
    impl HostMainThreadCaller for Caller {
        fn call_main_thread(&mut self) {
            self.0.call_main_thread();
        }
    }
    Host::new()
        .with_callbacks(Callbacks(host.callbacks))
        .with_main_thread(Caller(host.main_thread_caller))
}

/// What the editor stands on.
struct Stage {
    params: Arc<HostParams>,
    seen: Arc<Seen>,
    context: GuiContext,
    /// When the meters were read last.
    read: Instant,
}

impl Stage {
    /// What was loaded has come: the host's chooser goes to where it stands.
    fn show_place(&mut self) {
        if let Some(place) = self.params.state.moved(self.params.values().slot()) {
            self.begin(Id::Impulse);
            self.set(Id::Impulse, place as f32);
            self.end(Id::Impulse);
        }
    }
}

impl Actions for Stage {
    fn refresh(&mut self, data: &mut Data) {
        self.show_place();
        data.values = self.params.values();
        data.slots = self.params.state.slots();
        data.tempo = self.seen.tempo();
        let told = self.params.state.told();
        data.impulse = told.impulse;
        data.reference = told.reference;
        data.missing = told.missing;
        data.refused = told.refused;
        data.embedding = told.embedding;
        data.preset = told.preset;
        data.playing.note = told.note;
        data.recent = None;
        let mut now = self.seen.now();
        let Some(now) = now.as_mut() else { return };
        data.recent = Some(now.recent.clone());
        let status = now.status();
        let (inputs, outputs) = (now.format.inputs, now.format.outputs);
        let layout = data.impulse.as_ref().map(|impulse| impulse.layout);
        data.playing = Playing {
            name: status.name,
            sample_rate: now.format.sample_rate,
            channels: (inputs, outputs),
            routing: layout.map_or_else(String::new, |layout| {
                Playing::routing(layout, inputs, outputs)
            }),
            tail_frames: status.tail_frames,
            gain_db: status.gain_db,
            error: status.error,
            note: data.playing.note.take(),
        };
        let seconds = self.read.elapsed().as_secs_f32();
        self.read = Instant::now();
        data.meters.follow(now.meters.read(), seconds);
    }

    fn begin(&mut self, id: Id) {
        if self.params.tell(Edit::Begin(id as usize)) {
            return;
        }
        let setter = self.context.param_setter();
        match self.params.host(id) {
            HostParam::Float(param) => setter.begin_set_parameter(param),
            HostParam::Int(param) => setter.begin_set_parameter(param),
            HostParam::Bool(param) => setter.begin_set_parameter(param),
        }
    }

    fn set(&mut self, id: Id, value: f32) {
        let normalized = match self.params.host(id) {
            HostParam::Float(param) => param.preview_normalized(value),
            HostParam::Int(param) => param.preview_normalized(value as i32),
            HostParam::Bool(param) => param.preview_normalized(value != 0.0),
        };
        if !self.params.tell(Edit::Set(id as usize, normalized)) {
            let setter = self.context.param_setter();
            match self.params.host(id) {
                HostParam::Float(param) => setter.set_parameter_normalized(param, normalized),
                HostParam::Int(param) => setter.set_parameter_normalized(param, normalized),
                HostParam::Bool(param) => setter.set_parameter_normalized(param, normalized),
            }
        }
        // The framework leaves this to the host's next block, and hosts that are stopped may have none to give.
        self.params.set_normalized(id as usize, normalized);
    }

    fn end(&mut self, id: Id) {
        if self.params.tell(Edit::End(id as usize)) {
            return;
        }
        let setter = self.context.param_setter();
        match self.params.host(id) {
            HostParam::Float(param) => setter.end_set_parameter(param),
            HostParam::Int(param) => setter.end_set_parameter(param),
            HostParam::Bool(param) => setter.end_set_parameter(param),
        }
    }

    fn load(&mut self, path: PathBuf) {
        self.params.state.choose(path);
    }

    fn take(&mut self, impulse: Arc<ImpulseReference>) {
        self.params.state.take(impulse);
    }

    fn in_slot(&self, slot: usize) -> Option<Arc<ImpulseReference>> {
        self.params.state.in_slot(slot)
    }

    fn embed(&mut self, embedding: Embedding) {
        self.params.state.embed(embedding);
    }

    fn name_preset(&mut self, name: Option<String>) {
        self.params.state.name_preset(name);
    }

    fn clear_meters(&mut self) {
        if let Some(now) = self.seen.now().as_mut() {
            now.meters.clear();
        }
    }
}

//! CLAP and VST3: the parameters and a [`Processor`], joined to the host. No arithmetic on samples.
//!
//! What is guaranteed:
//!
//! - No added latency, ever. The tail is reported from the first block on and after every change.
//! - Any block length that the host announced or did not; stereo, mono to stereo, mono.
//! - The host's bypass is [`Id::Bypass`](crate::params::Id::Bypass): the dry comes through, the tail rings out.
//! - Automation is smoothed here and not split: blocks stay whole.
//!
//! - Where the host renders offline, a change of the impulse is heard at the block where it was asked for: the audio
//!   thread waits for the loader, at most 30 s. In real time it never waits.
//!
//! Nothing else depends on the host's process mode: one host exports in real-time mode. The framework tells VST3's mode too
//! late, so that is taken from the host itself.

mod buttons;
mod clap;
#[cfg(feature = "editor")]
mod editor;
mod host_params;
#[cfg(feature = "editor")]
mod seen;
mod state;
mod vst3;

pub use clap::clap_entry;

#[cfg(feature = "editor")]
use crate::engine::meter::Meter;
#[cfg(feature = "editor")]
use crate::engine::recent::Tape;
use crate::loader::thread::{Format, Loader, Maker, Wanted};
use crate::preset::in_library;
use crate::processor::{Processor, Setup};
use crate::swap;
use host_params::{Asked, HostParams};
#[cfg(feature = "editor")]
use nice_plug::prelude::AsyncExecutor;
use nice_plug::prelude::{
    ActivateContext, AudioIOLayout, AuxiliaryBuffers, Buffer, BufferConfig, ClapFeature,
    ClapPlugin, Params, Plugin, PluginApi, PluginState, ProcessContext, ProcessMode, ProcessStatus,
    Vst3Plugin, Vst3SubCategory, new_nonzero_u32,
};
use std::sync::Arc;
use std::time::Duration;
#[cfg(feature = "editor")]
use std::time::Instant;

/// For how long an offline render waits for an impulse: the longest that loads and is shaped takes less.
const PATIENCE: Duration = Duration::from_secs(30);

/// One instance in a host.
pub struct Partita {
    params: Arc<HostParams>,
    active: Option<Active>,
    /// What the host said last, in beats per minute.
    tempo: Option<f64>,
    /// What the editor is told.
    #[cfg(feature = "editor")]
    seen: Arc<seen::Seen>,
}

/// What an instance has while it is active, and keeps for the next time.
struct Active {
    format: Format,
    /// What it began with.
    wanted: Option<Wanted>,
    processor: Processor,
    /// Looks after the impulse while it plays. `None`: the system has no thread left, and the impulse stays.
    loader: Option<Loader>,
    /// A CLAP host renders offline.
    offline: bool,
    /// What the loader was last waited for.
    awaited: Option<Asked>,
    #[cfg(feature = "editor")]
    meter: Meter,
    #[cfg(feature = "editor")]
    tape: Tape,
}

impl Active {
    /// With the impulse that is wanted now, so that the first block sounds as it should and its tail is right.
    fn new(
        format: Format,
        wanted: Option<Wanted>,
        params: &Arc<HostParams>,
        tempo: Option<f64>,
        #[cfg(feature = "editor")] seen: &seen::Seen,
    ) -> Self {
        let mut maker = Maker::new(format);
        let made = wanted.as_ref().and_then(|wanted| maker.make(wanted).ok());
        let (engine, tail) = match &made {
            Some(ready) => (maker.engine(ready), ready.tail_frames as usize),
            None => (maker.silent_engine(), 0),
        };
        let setup = Setup {
            inputs: format.inputs,
            outputs: format.outputs,
            sample_rate: format.sample_rate,
            mix: params.mix(tempo),
        };
        let (loader_end, audio_end) = swap::pair();
        // What could not be made is asked for again, by the thread that can say why.
        let playing = wanted.clone().filter(|_| made.is_some());
        let asked = params.clone();
        #[cfg(feature = "editor")]
        let first = seen::first(&maker, made.as_ref());
        let loader = Loader::start(maker, loader_end, playing, move || asked.wanted());
        #[cfg(feature = "editor")]
        let (meter, tape) = seen.begin(format, first, loader.as_ref().ok().map(Loader::watch));
        Self {
            format,
            wanted,
            processor: Processor::new(engine, tail, setup).with_swap(audio_end),
            loader: loader.ok(),
            offline: false,
            awaited: None,
            #[cfg(feature = "editor")]
            meter,
            #[cfg(feature = "editor")]
            tape,
        }
    }
}

impl Active {
    /// Offline, has the loader hand over what this block is to sound of. In real time the loader looks by itself. Audio
    /// thread.
    fn await_impulse(&mut self, params: &HostParams) {
        let offline = self.offline || params.is_offline();
        let Some(loader) = self.loader.as_ref().filter(|_| offline) else {
            return;
        };
        let asked = params.asked();
        if self.awaited.as_ref() != Some(&asked) {
            loader.look_now(PATIENCE);
            self.awaited = Some(asked);
        }
    }

    /// One block. Audio thread.
    #[cfg(feature = "editor")]
    fn play(&mut self, channels: &mut [&mut [f32]]) {
        let from = Instant::now();
        self.meter.input(channels);
        if let Some(channel) = channels.first() {
            self.tape.write(channel);
        }
        self.processor.process_in_place(channels);
        self.meter.output(channels);
        let frames = channels.first().map_or(0, |channel| channel.len());
        self.meter.block(frames, from.elapsed());
    }

    /// One block. Audio thread.
    #[cfg(not(feature = "editor"))]
    fn play(&mut self, channels: &mut [&mut [f32]]) {
        self.processor.process_in_place(channels);
    }
}

impl Default for Partita {
    fn default() -> Self {
        let params = Arc::new(HostParams::new());
        host_params::made(&params);
        Self {
            params,
            active: None,
            tempo: None,
            #[cfg(feature = "editor")]
            seen: Arc::default(),
        }
    }
}

const fn layout(inputs: u32, outputs: u32) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: Some(new_nonzero_u32(inputs)),
        main_output_channels: Some(new_nonzero_u32(outputs)),
        ..AudioIOLayout::const_default()
    }
}

impl Plugin for Partita {
    const NAME: &'static str = "Partita";
    const VENDOR: &'static str = "Partita";
    const URL: &'static str = env!("CARGO_PKG_REPOSITORY");
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[layout(2, 2), layout(1, 2), layout(1, 1)];

    #[cfg(feature = "editor")]
    type Editor = editor::PluginEditor;
    #[cfg(not(feature = "editor"))]
    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    /// Before a session is taken, parameters first. The framework asks on the thread that the host loads on: our editor
    /// never sets a whole state, which it would do on the audio thread.
    fn filter_state(session: &mut PluginState) {
        host_params::complete(session);
        state::refuse_broken(session, &in_library);
    }

    #[cfg(feature = "editor")]
    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        let (params, seen) = (self.params.clone(), self.seen.clone());
        Some(editor::PluginEditor::new(params, seen))
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let channels = |count: Option<std::num::NonZeroU32>| count.map_or(0, |n| n.get() as usize);
        let format = Format {
            sample_rate: config.sample_rate.round() as u32,
            inputs: channels(layout.main_input_channels),
            outputs: channels(layout.main_output_channels),
        };
        let wanted = self.params.wanted();
        // Hosts activate many times while they load a session: what has not changed is kept.
        let kept = |now: &Active| now.format == format && now.wanted == wanted;
        if !self.active.as_ref().is_some_and(kept) {
            // The one before ends first: its thread is waited for.
            self.active = None;
            self.active = Some(Active::new(
                format,
                wanted,
                &self.params,
                self.tempo,
                #[cfg(feature = "editor")]
                &self.seen,
            ));
        }
        if let Some(active) = &mut self.active {
            active.offline = config.process_mode == ProcessMode::Offline
                && context.plugin_api() == PluginApi::Clap;
            active.awaited = None;
            active.processor.set(self.params.mix(self.tempo));
            self.params.set_tail(active.processor.tail_frames());
        }
        true
    }

    fn reset(&mut self) {
        if let Some(active) = &mut self.active {
            active.processor.set(self.params.mix(self.tempo));
            active.processor.reset();
            self.params.set_tail(active.processor.tail_frames());
        }
    }

    fn process(
        &mut self,
        buffer: &mut Buffer<'_>,
        _aux: &mut AuxiliaryBuffers<'_>,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        self.tempo = context.transport().tempo;
        let mix = self.params.mix(self.tempo);
        let Some(active) = &mut self.active else {
            return ProcessStatus::Error("process before activate");
        };
        active.processor.set(mix);
        active.await_impulse(&self.params);
        active.play(buffer.as_slice());
        #[cfg(feature = "editor")]
        self.seen.tell(self.tempo);
        let tail = active.processor.tail_frames();
        self.params.set_tail(tail);
        ProcessStatus::Tail(tail)
    }
}

impl ClapPlugin for Partita {
    const CLAP_ID: &'static str = "org.partita.partita";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Convolution echo and reverb");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Reverb,
        ClapFeature::Delay,
        ClapFeature::Stereo,
        ClapFeature::Mono,
    ];
}

impl Vst3Plugin for Partita {
    const VST3_CLASS_ID: [u8; 16] = *b"PartitaConvolver";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Reverb];
}

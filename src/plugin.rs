//! CLAP and VST3: the parameters and a [`Processor`], joined to the host. No arithmetic on samples.
//!
//! What is guaranteed:
//!
//! - No added latency, ever. The tail is reported from the first block on and after every change.
//! - Any block length that the host announced or did not; stereo, mono to stereo, mono.
//! - The host's bypass is [`Id::Bypass`](crate::params::Id::Bypass): the dry comes through, the tail rings out.
//! - Automation is smoothed here and not split: blocks stay whole.
//!
//! Nothing depends on the host's process mode: one host exports in real-time mode, and the framework tells VST3's too
//! late.

mod host_params;
mod state;

use crate::loader::thread::{Format, Loader, Maker, Wanted};
use crate::processor::{Processor, Setup};
use crate::swap;
use host_params::HostParams;
use nice_plug::prelude::{
    ActivateContext, AudioIOLayout, AuxiliaryBuffers, Buffer, BufferConfig, ClapFeature,
    ClapPlugin, Params, Plugin, ProcessContext, ProcessStatus, Vst3Plugin, Vst3SubCategory,
    new_nonzero_u32,
};
use nice_plug::{nice_export_clap, nice_export_vst3};
use std::sync::Arc;

/// One instance in a host.
pub struct Partita {
    params: Arc<HostParams>,
    active: Option<Active>,
    /// What the host said last, in beats per minute.
    tempo: Option<f64>,
}

/// What an instance has while it is active, and keeps for the next time.
struct Active {
    format: Format,
    /// What it began with.
    wanted: Option<Wanted>,
    processor: Processor,
    /// Looks after the impulse while it plays. `None`: the system has no thread left, and the impulse stays.
    _loader: Option<Loader>,
}

impl Active {
    /// With the impulse that is wanted now, so that the first block sounds as it should and its tail is right.
    fn new(
        format: Format,
        wanted: Option<Wanted>,
        params: &Arc<HostParams>,
        tempo: Option<f64>,
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
        let loader = Loader::start(maker, loader_end, playing, move || asked.wanted());
        Self {
            format,
            wanted,
            processor: Processor::new(engine, tail, setup).with_swap(audio_end),
            _loader: loader.ok(),
        }
    }
}

impl Default for Partita {
    fn default() -> Self {
        Self {
            params: Arc::new(HostParams::new()),
            active: None,
            tempo: None,
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

    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
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
            self.active = Some(Active::new(format, wanted, &self.params, self.tempo));
        }
        true
    }

    fn reset(&mut self) {
        if let Some(active) = &mut self.active {
            active.processor.set(self.params.mix(self.tempo));
            active.processor.reset();
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
        let Some(Active { processor, .. }) = &mut self.active else {
            return ProcessStatus::Error("process before activate");
        };
        processor.set(mix);
        processor.process_in_place(buffer.as_slice());
        ProcessStatus::Tail(processor.tail_frames())
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

nice_export_clap!(Partita);
nice_export_vst3!(Partita);

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
mod source;
mod state;

use crate::params::Values;
use crate::processor::{Processor, Setup};
use host_params::HostParams;
use nice_plug::prelude::{
    ActivateContext, AudioIOLayout, AuxiliaryBuffers, Buffer, BufferConfig, ClapFeature,
    ClapPlugin, Params, Plugin, ProcessContext, ProcessStatus, Vst3Plugin, Vst3SubCategory,
    new_nonzero_u32,
};
use nice_plug::{nice_export_clap, nice_export_vst3};
use source::Wanted;
use std::sync::Arc;

/// One instance in a host.
pub struct Partita {
    params: Arc<HostParams>,
    /// What it was activated for, and what plays it.
    active: Option<(Wanted, Processor)>,
}

impl Default for Partita {
    fn default() -> Self {
        Self {
            params: Arc::new(HostParams::new()),
            active: None,
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
        let values = self.params.values();
        let wanted = Wanted {
            slot: values.slot(),
            shape: values.shape(),
            sample_rate: config.sample_rate.round() as u32,
            inputs: channels(layout.main_input_channels),
            outputs: channels(layout.main_output_channels),
        };
        // Hosts activate many times while they load a session: what has not changed is kept.
        if !matches!(&self.active, Some((now, _)) if *now == wanted) {
            let setup = Setup {
                inputs: wanted.inputs,
                outputs: wanted.outputs,
                sample_rate: wanted.sample_rate,
                mix: values.mix(None),
            };
            let (engine, tail_frames) = wanted.engine();
            let processor = Processor::new(engine, tail_frames, setup);
            self.active = Some((wanted, processor));
        }
        true
    }

    fn reset(&mut self) {
        let values = self.params.values();
        if let Some((_, processor)) = &mut self.active {
            processor.set(values.mix(None));
            processor.reset();
        }
    }

    fn process(
        &mut self,
        buffer: &mut Buffer<'_>,
        _aux: &mut AuxiliaryBuffers<'_>,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let values: Values = self.params.values();
        let Some((_, processor)) = &mut self.active else {
            return ProcessStatus::Error("process before activate");
        };
        processor.set(values.mix(context.transport().tempo));
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

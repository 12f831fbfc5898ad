//! What a host pays beside the engine: the factory hall, true stereo, blocks of 64 at 48 kHz.
//!
//! The bare engine plays the same prepared impulse. Engine, processor and the plugin's whole CLAP call take turns;
//! minima per callback over repeats of the schedule's period, as in `measure`, so that the ratio is of what each does and
//! not of what happened on the machine.

use crate::cell::noise;
use crate::clock;
use crate::load::settle;
use crate::measure::Mode;
use clack_host::prelude::*;
use partita::engine::mixer::Mix;
use partita::engine::{Block, Engine};
use partita::loader::thread::{Format, Impulse, Maker, Wanted};
use partita::params::{Id, Slots, TABLE, Values};
use partita::processor::{Processor, Setup};
use std::time::Instant;

const BLOCK: usize = 64;
const RATE: u32 = 48_000;
/// Callbacks of a period of the largest partition.
const PERIOD: usize = 32_768 / BLOCK;
const REPEATS: usize = 30;
/// What the plugin may cost against the bare engine.
const TARGET: f64 = 1.3;
/// Samples of input before it comes round.
const LOOP: usize = 131_072;

/// What one callback does to both channels of input. Returns nanoseconds.
type Call = Box<dyn FnMut(&[&[f32]; 2], &mut [Vec<f32>; 2]) -> f64>;

/// Measures and prints.
pub fn run() -> Result<(), String> {
    // The plugin's loader threads inherit neither core nor priority: they are made before.
    let mut cases = [
        ("engine alone", engine()?),
        ("processor, neutral", processor(Mix::NEUTRAL)?),
        ("processor, mix 30 %", processor(thirty())?),
        ("CLAP plugin, neutral", plugin(100.0)?),
        ("CLAP plugin, mix 30 %", plugin(30.0)?),
    ];
    settle(Mode::Hot);
    let input = [noise(77, LOOP), noise(78, LOOP)];
    let mut output = [vec![0.0; BLOCK], vec![0.0; BLOCK]];
    let reading = clock::reading();
    let mut least = vec![vec![f64::MAX; PERIOD]; cases.len()];
    for _ in 0..REPEATS {
        for ((_, call), least) in cases.iter_mut().zip(&mut least) {
            for callback in 0..2 * PERIOD {
                let at = callback * BLOCK % LOOP;
                let block = [&input[0][at..at + BLOCK], &input[1][at..at + BLOCK]];
                let taken = (call(&block, &mut output) - reading).max(0.0);
                // The first period only warms the caches.
                if let Some(at) = callback.checked_sub(PERIOD) {
                    least[at] = least[at].min(taken);
                }
            }
        }
    }
    println!("the factory hall, blocks of 64 at 48 kHz; per cent of a block, mean / worst");
    let percent = 100.0 * f64::from(RATE) / (BLOCK as f64 * 1e9);
    let mean = |least: &[f64]| least.iter().sum::<f64>() / PERIOD as f64;
    let worst = |least: &[f64]| least.iter().copied().fold(0.0, f64::max);
    for ((name, _), one) in cases.iter().zip(&least) {
        println!(
            "{name:<22} {:.3} / {:.3}   {:.3} / {:.3} of the engine (target {TARGET})",
            mean(one) * percent,
            worst(one) * percent,
            mean(one) / mean(&least[0]),
            worst(one) / worst(&least[0]),
        );
    }
    Ok(())
}

fn thirty() -> Mix {
    Values::default().mix(None)
}

/// The engine that the loader makes for the plugin's default impulse, and its tail.
fn loaded() -> Result<(Engine, usize), String> {
    let values = Values::default();
    let format = Format {
        sample_rate: RATE,
        inputs: 2,
        outputs: 2,
    };
    let mut maker = Maker::new(format);
    let wanted = Wanted {
        impulse: Impulse::Factory(Slots::factory(values.slot()).ok_or("no default impulse")?),
        shape: values.shape(),
    };
    let ready = maker.make(&wanted).map_err(|error| error.to_string())?;
    Ok((maker.engine(&ready), ready.tail_frames as usize))
}

fn engine() -> Result<Call, String> {
    let (mut engine, _) = loaded()?;
    Ok(Box::new(move |input, output| {
        let mut outputs = output.each_mut().map(Vec::as_mut_slice);
        let mut block = Block::new(input, &mut outputs);
        let start = Instant::now();
        engine.process(&mut block);
        start.elapsed().as_nanos() as f64
    }))
}

/// As the plugin has it: in place.
fn processor(mix: Mix) -> Result<Call, String> {
    let (engine, tail) = loaded()?;
    let setup = Setup {
        inputs: 2,
        outputs: 2,
        sample_rate: RATE,
        mix,
    };
    let (loader, audio) = partita::swap::pair();
    let mut processor = Processor::new(engine, tail, setup).with_swap(audio);
    Ok(Box::new(move |input, output| {
        let _open = &loader;
        for (output, input) in output.iter_mut().zip(input) {
            output.copy_from_slice(input);
        }
        let mut channels = output.each_mut().map(Vec::as_mut_slice);
        let start = Instant::now();
        processor.set(mix);
        processor.process_in_place(&mut channels);
        start.elapsed().as_nanos() as f64
    }))
}

struct Shared;
impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}
struct Main;
impl MainThreadHandler<'_> for Main {}
struct Host;
impl HostHandlers for Host {
    type Shared<'a> = Shared;
    type MainThread<'a> = Main;
    type AudioProcessor<'a> = ();
}

/// The whole CLAP call of an instance with its default impulse.
fn plugin(mix_percent: f32) -> Result<Call, String> {
    let said = |what: &'static str| move |error: PluginInstanceError| format!("{what}: {error}");
    // SAFETY: `clap_entry` is the entry of the plugin that is linked into this program, valid for its whole life.
    let entry = unsafe { PluginEntry::load_from_raw(&partita::plugin::clap_entry, c"/nowhere") };
    let entry = entry.map_err(|error| error.to_string())?;
    let info = HostInfo::new("peers", "Partita", "https://example.invalid", "0");
    let info = info.map_err(|error| error.to_string())?;
    let id = c"org.partita.partita";
    let instance = PluginInstance::<Host>::new(|_| Shared, |_| Main, &entry, id, &info);
    let mut instance = instance.map_err(said("the plugin"))?;
    let configuration = PluginAudioConfiguration {
        sample_rate: RATE.into(),
        min_frames_count: 1,
        max_frames_count: BLOCK as u32,
    };
    let stopped = instance.activate(|_, _| (), configuration);
    let stopped = stopped.map_err(said("activating"))?;
    let mut started = stopped
        .start_processing()
        .map_err(|_| "it does not start")?;
    let mut ports = [
        AudioPorts::with_capacity(2, 1),
        AudioPorts::with_capacity(2, 1),
    ];
    let mut heard = [vec![0.0f32; BLOCK], vec![0.0; BLOCK]];
    // The first block says the mix.
    let mut events = mix_event(&mut instance, mix_percent)?;
    Ok(Box::new(move |input, output| {
        // It lives as long as what plays.
        let _alive = &instance;
        for (heard, input) in heard.iter_mut().zip(input) {
            heard.copy_from_slice(input);
        }
        let [ins, outs] = &mut ports;
        let channels = heard
            .iter_mut()
            .map(|x| InputChannel::variable(x.as_mut_slice()));
        let inputs = ins.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(channels),
        }]);
        let channels = output.iter_mut().map(Vec::as_mut_slice);
        let mut outputs = outs.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(channels),
        }]);
        let before = events.as_input();
        let start = Instant::now();
        let status = started.process(
            &inputs,
            &mut outputs,
            &before,
            &mut OutputEvents::void(),
            None,
            None,
        );
        let taken = start.elapsed().as_nanos() as f64;
        events.clear();
        assert!(status.is_ok(), "the plugin refuses to play");
        taken
    }))
}

/// The event that sets the mix.
fn mix_event(instance: &mut PluginInstance<Host>, percent: f32) -> Result<EventBuffer, String> {
    use clack_extensions::params::{ParamInfoBuffer, PluginParams};
    use clack_host::events::event_types::ParamValueEvent;
    let parameter = Id::Mix.parameter();
    let place = TABLE.iter().position(|one| one.id == Id::Mix);
    let handle = instance.plugin_handle();
    let params: PluginParams = handle.get_extension().ok_or("no parameters")?;
    let mut buffer = ParamInfoBuffer::new();
    let info = params.get_info(&handle, place.unwrap_or(0) as u32, &mut buffer);
    let info = info.ok_or("no parameter")?;
    let value = f64::from(parameter.travel(percent)) * info.max_value;
    let mut events = EventBuffer::new();
    events.push(&ParamValueEvent::new(0, info.id, Pckn::match_all(), value));
    Ok(events)
}

//! The VST3 side: a value counts whether the host processes or not, and what is asked too early is refused.
#![cfg(feature = "plugin")]

#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/vst3.rs"]
mod vst3_host;

use oracle::Noise;
use partita::params::TABLE;
use vst3::Steinberg::Vst::{
    IAudioProcessor, IAudioProcessorTrait, IEditController, IEditControllerTrait, ParameterInfo,
    ProcessData,
};
use vst3::Steinberg::{FUnknown, kInvalidArgument, kNotInitialized};
use vst3_host::{Host, Moment, Queue, linked};

/// Made single, times the range, and back: three roundings to half of the last place, −135 dB.
const CLOSE: f64 = 3.0 / (1 << 24) as f64;

/// A block in which nothing but `moment` happens.
fn block(host: &Host, frames: usize, moment: Moment) {
    let silence = [vec![0.0; frames], vec![0.0; frames]];
    host.block(silence, moment, |process| process());
}

fn rolling(rolls: bool, changes: Vec<Queue>) -> Moment {
    Moment {
        rolls,
        changes,
        ..Moment::default()
    }
}

/// It is shown, and a session has it.
fn has(host: &Host, name: &str, value: f64) {
    let near = |got: f64| (got - value).abs() <= CLOSE;
    assert!(near(host.value(name)), "{name}: {}", host.value(name));
    let other = Host::new(linked);
    other.load(&host.save());
    assert!(near(other.value(name)), "{name}: {}", other.value(name));
}

#[test]
fn a_value_counts_whenever_the_host_sets_it() {
    let host = Host::new(linked);
    let mut noise = Noise::new(80);
    let mut set = |host: &Host| {
        let mix = noise.within(0, 1000) as f64 / 1000.0;
        let bypass = if host.value("Bypass") < 0.5 { 1.0 } else { 0.0 };
        host.set("Mix", mix);
        host.set("Bypass", bypass);
        has(host, "Mix", mix);
        has(host, "Bypass", bypass);
    };
    set(&host);
    host.setup(48_000.0, 64);
    set(&host);
    // Here the framework's own drops it until the host stops: it counts on blocks, which may not come.
    host.start();
    set(&host);
    set(&host);
    block(&host, 64, rolling(false, Vec::new()));
    set(&host);
    block(&host, 64, rolling(true, Vec::new()));
    host.stop();
    set(&host);
    host.start();
    set(&host);
    host.stop();
    host.end();
    set(&host);
}

#[test]
fn what_is_set_between_start_and_the_first_block_is_heard() {
    let host = Host::new(linked);
    host.setup(48_000.0, 512);
    host.start();
    host.set("Bypass", 1.0);
    // Longer than any glide.
    for _ in 0..100 {
        block(&host, 512, Moment::default());
    }
    let mut noise = Noise::new(81);
    let x = [noise.samples(512), noise.samples(512)];
    let y = host.block(x.clone(), Moment::default(), |process| process());
    assert_eq!(y, x);
    host.stop();
    host.end();
}

#[test]
fn while_the_transport_rolls_the_blocks_decide() {
    let host = Host::new(linked);
    host.setup(48_000.0, 64);
    host.start();
    let mix = |points: &[f64]| Queue {
        id: host.id("Mix"),
        points: points.to_vec(),
    };
    block(&host, 64, rolling(true, vec![mix(&[0.1, 0.25])]));
    has(&host, "Mix", 0.25);
    // What the host shows of its automation comes late.
    host.set("Mix", 0.1);
    has(&host, "Mix", 0.25);
    block(&host, 64, rolling(false, Vec::new()));
    host.set("Mix", 0.1);
    has(&host, "Mix", 0.1);
    // A block of nothing is how hosts hand over values alone.
    block(&host, 0, rolling(false, vec![mix(&[0.9, 0.75])]));
    has(&host, "Mix", 0.75);
    block(&host, 64, rolling(false, vec![mix(&[])]));
    has(&host, "Mix", 0.75);
    host.stop();
    host.end();
}

#[test]
fn what_is_too_early_or_does_not_exist_is_refused() {
    let host = Host::new(linked);
    assert_eq!(host.parameters.len(), TABLE.len());
    let (controller, processor) = (&host.controller, &host.processor);
    // SAFETY: all zeros are empty ones of these structures, which outlive the calls.
    unsafe {
        let mut info: ParameterInfo = std::mem::zeroed();
        for index in [-1, TABLE.len() as i32, i32::MAX, i32::MIN] {
            let result = controller.getParameterInfo(index, &raw mut info);
            assert_eq!(result, kInvalidArgument, "{index}");
        }
        assert_eq!(controller.setParamNormalized(1, 0.5), kInvalidArgument);
        let mix = host.id("Mix");
        let result = controller.setParamNormalized(mix, f64::NAN);
        assert_eq!(result, kInvalidArgument);
        let mut data: ProcessData = std::mem::zeroed();
        assert_eq!(processor.process(&raw mut data), kNotInitialized);
        let result = processor.process(std::ptr::null_mut());
        assert_eq!(result, kInvalidArgument);
    }
}

#[test]
fn all_interfaces_are_of_one_object() {
    let host = Host::new(linked);
    let one = host.component.cast::<FUnknown>().expect("an object");
    let controller = host.component.cast::<IEditController>();
    let processor = controller.and_then(|controller| controller.cast::<IAudioProcessor>());
    let same = processor.and_then(|processor| processor.cast::<FUnknown>());
    assert_eq!(same.expect("an object").as_ptr(), one.as_ptr());
}

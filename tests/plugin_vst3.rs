//! The VST3 side: a value counts whether the host processes or not, and what is asked too early is refused.
#![cfg(feature = "plugin")]

#[path = "common/bare.rs"]
mod bare;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/vst3.rs"]
mod vst3_host;

use bare::{expected, frames_of, wide};
use oracle::{Noise, error_db};
use partita::params::{BUTTONS, Slots, TABLE};
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
    let count = TABLE.len() + BUTTONS.len();
    assert_eq!(host.parameters.len(), count);
    let (controller, processor) = (&host.controller, &host.processor);
    // SAFETY: all zeros are empty ones of these structures, which outlive the calls.
    unsafe {
        let mut info: ParameterInfo = std::mem::zeroed();
        for index in [-1, count as i32, i32::MAX, i32::MIN] {
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

/// Chooses by a block's values; gives what the plugin says then.
fn choose(host: &Host, changes: &[(&str, &[f64])]) -> Vec<(String, f64)> {
    let queue = |(name, points): &(&str, &[f64])| Queue {
        id: host.id(name),
        points: points.to_vec(),
    };
    block(
        host,
        64,
        rolling(false, changes.iter().map(queue).collect()),
    );
    let named = |id| {
        let mut all = host.parameters.iter();
        let found = all.find(|parameter| parameter.id == id);
        found.expect("is there").name.clone()
    };
    let answers = host.answers().into_iter();
    answers.map(|(id, value)| (named(id), value)).collect()
}

#[test]
fn buttons_move_the_chooser_and_are_off_again() {
    let host = Host::new(linked);
    for (parameter, button) in host.parameters[TABLE.len()..].iter().zip(&BUTTONS) {
        assert_eq!((parameter.name.as_str(), parameter.steps), (button.name, 1));
    }
    let slot = |slot: usize| slot as f64 / 1023.0;
    let (next, previous) = ("Next impulse", "Previous impulse");
    host.setup(48_000.0, 64);
    host.start();
    has(&host, "Impulse", slot(4));
    let told = |got: Vec<(String, f64)>, off: &[&str], at: usize| {
        let (chooser, buttons) = got.split_last().expect("an answer");
        let buttons: Vec<_> = buttons
            .iter()
            .map(|(name, value)| (&**name, *value))
            .collect();
        let expected: Vec<_> = off.iter().map(|name| (*name, 0.0)).collect();
        assert_eq!(buttons, expected);
        assert_eq!(chooser.0, "Impulse");
        assert!(
            (chooser.1 - slot(at)).abs() <= CLOSE,
            "{} at {at}",
            chooser.1
        );
        has(&host, "Impulse", slot(at));
        assert_eq!((host.value(next), host.value(previous)), (0.0, 0.0));
    };
    told(choose(&host, &[(next, &[1.0])]), &[next], 5);
    // A host that repeats it in each block has pressed it once.
    told(choose(&host, &[(next, &[1.0])]), &[next], 5);
    assert_eq!(choose(&host, &[]), []);
    // Told that it is off, the host need not let go of it.
    told(choose(&host, &[(next, &[1.0])]), &[next], 6);
    assert_eq!(choose(&host, &[(next, &[0.0])]), []);
    told(choose(&host, &[(next, &[1.0, 0.0, 1.0, 0.0])]), &[next], 8);
    told(choose(&host, &[(previous, &[1.0, 0.2])]), &[previous], 7);
    // The controller hears of a press, too, and that is no second one; nor is the value's.
    host.set(next, 1.0);
    has(&host, "Impulse", slot(7));
    assert_eq!(choose(&host, &[]), []);
    assert_eq!(choose(&host, &[("Impulse", &[slot(4)])]), []);
    told(choose(&host, &[(previous, &[1.0])]), &[previous], 3);
    // It is in no session, and no session presses it.
    let other = Host::new(linked);
    let session = String::from_utf8(host.save()).expect("JSON");
    assert!(
        session.contains(r#""next_impulse":{"bool":false}"#),
        "{session}"
    );
    let pressed = session.replace(r#"_impulse":{"bool":false}"#, r#"_impulse":{"bool":true}"#);
    other.load(pressed.as_bytes());
    other.setup(48_000.0, 64);
    other.start();
    assert_eq!(choose(&other, &[]), []);
    has(&other, "Impulse", slot(3));
    assert_eq!(other.value(next), 0.0);
    for host in [host, other] {
        host.stop();
        host.end();
    }
}

#[test]
fn the_tail_is_right_before_the_first_block_and_after_every_change() {
    let host = Host::new(linked);
    host.setup(48_000.0, 64);
    let hall = frames_of("hall", 48_000) - 1;
    assert_eq!((host.tail(), host.latency()), (hall, 0));
    host.start();
    assert_eq!(host.tail(), hall);
    block(&host, 64, Moment::default());
    assert_eq!(host.tail(), hall);
    let predelay = |points| Queue {
        id: host.id("Pre-delay"),
        points,
    };
    block(&host, 64, rolling(true, vec![predelay(vec![1.0])]));
    let later = host.tail();
    assert!(later > hall);
    host.stop();
    assert_eq!(host.tail(), later);
    host.start();
    assert_eq!(host.tail(), later);
    block(&host, 64, rolling(true, vec![predelay(vec![0.0])]));
    assert_eq!(host.tail(), hall);
    host.stop();
    host.end();
    for (rate, name) in [(96_000, "hall"), (44_100, "spring")] {
        let slot = Slots::of_factory(name).expect("a slot");
        host.set("Impulse", slot as f64 / 1023.0);
        host.setup(f64::from(rate), 64);
        assert_eq!(host.tail(), frames_of(name, rate) - 1, "{name}");
        host.end();
    }
}

#[test]
fn every_layout_plays_what_the_engine_plays() {
    let mut noise = Noise::new(84);
    for (inputs, outputs, name) in [
        (2, 2, "hall"),
        (1, 2, "plate"),
        (1, 1, "room"),
        (1, 2, "echo-two-spikes"),
        (1, 1, "hall"),
    ] {
        let host = Host::new(linked);
        let slot = Slots::of_factory(name).expect("a slot");
        host.set("Impulse", slot as f64 / 1023.0);
        assert!(host.arrange(inputs, outputs), "{inputs}→{outputs}");
        assert!(!host.arrange(2, 1), "not both sides into one");
        assert!(host.arrange(inputs, outputs), "{inputs}→{outputs}");
        host.setup(44_100.0, 1024);
        host.start();
        let x = noise.channels(inputs, 40_000);
        let mut y = vec![Vec::new(); outputs];
        let mut from = 0;
        while from < x[0].len() {
            let to = x[0].len().min(from + noise.within(1, 1024));
            let part = x.iter().map(|x| x[from..to].to_vec()).collect();
            let more = host.block_of(part, outputs, Moment::default(), |process| process());
            for (y, more) in y.iter_mut().zip(more) {
                y.extend(more);
            }
            from = to;
        }
        host.stop();
        host.end();
        let error = error_db(&y, &wide(&expected(name, &x, outputs, 44_100)));
        println!("{name} {inputs}→{outputs}: {error:.1} dB");
        assert!(error < -120.0, "{name} {inputs}→{outputs}: {error:.1} dB");
    }
}

#[test]
fn bypass_passes_the_dry_and_lets_the_tail_ring_out() {
    let host = Host::new(linked);
    let bypasses = host.parameters.iter().filter(|it| it.bypass);
    assert_eq!(bypasses.map(|it| &it.name).collect::<Vec<_>>(), ["Bypass"]);
    host.set("Mix", 1.0);
    host.setup(48_000.0, 480);
    host.start();
    let mut noise = Noise::new(85);
    for _ in 0..100 {
        let x = [noise.samples(480), noise.samples(480)];
        host.block(x, Moment::default(), |process| process());
    }
    let bypass = Queue {
        id: host.id("Bypass"),
        points: vec![1.0],
    };
    block(&host, 480, rolling(true, vec![bypass]));
    let power = || {
        let silence = [vec![0.0; 480], vec![0.0; 480]];
        let y = host.block(silence, Moment::default(), |process| process());
        y.iter()
            .flatten()
            .map(|y| f64::from(*y).powi(2))
            .sum::<f64>()
    };
    let tail: Vec<f64> = (0..100).map(|_| power()).collect();
    let (early, late): (f64, f64) = (tail[..10].iter().sum(), tail[90..].iter().sum());
    assert!(early > 1e-3, "the tail is heard: {early}");
    assert!(late < 0.1 * early, "and falls: {late} after {early}");
    for _ in 0..host.tail() / 480 + 1 {
        power();
    }
    let x = [noise.samples(480), noise.samples(480)];
    let y = host.block(x.clone(), Moment::default(), |process| process());
    let error = error_db(&y, &wide(&x));
    assert!(error < -120.0, "nothing but the dry: {error:.1} dB");
    host.stop();
    host.end();
}

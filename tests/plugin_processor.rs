//! What every live front end does to a block: engine and mixer in one, neutral to the bit, without an allocation.

#[path = "common/oracle.rs"]
mod oracle;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use oracle::{Noise, engine, play, prepared};
use partita::engine::mixer::{CutSlope, Mix};
use partita::engine::{Block, Capacity, Change, Engine, PreparedImpulse, Routing};
use partita::processor::{Processor, Setup};
use partita::swap::{self, Next, Sound};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

fn setup(channels: usize, mix: Mix) -> Setup {
    Setup {
        inputs: channels,
        outputs: channels,
        sample_rate: 48_000,
        mix,
    }
}

fn run(
    processor: &mut Processor,
    x: &[Vec<f32>],
    outputs: usize,
    mut length: impl FnMut() -> usize,
) -> Vec<Vec<f32>> {
    let frames = x[0].len();
    let mut out = vec![vec![f32::NAN; frames]; outputs];
    let mut from = 0;
    while from < frames {
        let to = frames.min(from + length());
        let inputs: Vec<&[f32]> = x.iter().map(|x| &x[from..to]).collect();
        let mut slices: Vec<&mut [f32]> = out.iter_mut().map(|out| &mut out[from..to]).collect();
        assert_no_alloc(|| processor.process(&mut Block::new(&inputs, &mut slices)));
        from = to;
    }
    out
}

fn lengths(seed: u64) -> impl FnMut() -> usize {
    let mut noise = Noise::new(seed);
    move || noise.within(1, 700)
}

const BUSY: Mix = Mix {
    mix_percent: 60.0,
    wet_gain_db: 3.0,
    output_gain_db: -2.0,
    predelay_ms: 12.0,
    width_percent: 150.0,
    low_cut_hz: 120.0,
    high_cut_hz: 6_000.0,
    cut_slope: CutSlope::Db24,
    bypass: false,
    dry_muted: false,
};

#[test]
fn neutral_is_the_engine_to_the_bit() {
    let mut noise = Noise::new(60);
    for routing in [
        Routing::mono(),
        Routing::stereo(),
        Routing::true_stereo(),
        Routing::matrix(3, 5),
    ] {
        let h = noise.channels(routing.responses(), 9000);
        let x = noise.channels(routing.inputs(), 20_000);
        let outputs = routing.outputs();
        let want = play(&mut engine(&routing, &h), &x, outputs, lengths(61));
        let setup = Setup {
            inputs: routing.inputs(),
            outputs,
            ..setup(0, Mix::NEUTRAL)
        };
        let mut processor = Processor::new(engine(&routing, &h), 9000, setup);
        assert!(run(&mut processor, &x, outputs, lengths(61)) == want);
    }
}

#[test]
fn in_place_is_the_same_and_blocks_beyond_what_is_copied_at_once_are_fine() {
    let mut noise = Noise::new(62);
    let h = noise.channels(2, 5000);
    let x = noise.channels(2, 30_000);
    let new = || Processor::new(engine(&Routing::stereo(), &h), 5000, setup(2, BUSY));
    let want = run(&mut new(), &x, 2, || 5000);
    let mut processor = new();
    let mut got = x.clone();
    for from in (0..30_000).step_by(5000) {
        let [left, right] = &mut got[..] else {
            unreachable!()
        };
        let mut slices = [&mut left[from..from + 5000], &mut right[from..from + 5000]];
        assert_no_alloc(|| processor.process_in_place(&mut slices));
    }
    assert!(got == want);
    processor.process_in_place(&mut []);
    processor.process_in_place(&mut [&mut [], &mut []]);
}

#[test]
fn everything_at_once_allocates_nothing_and_a_reset_is_new() {
    let mut noise = Noise::new(63);
    let routing = Routing::stereo();
    let h: Vec<_> = (0..4).map(|_| noise.channels(2, 40_000)).collect();
    let swappable = |h: &[Vec<f32>]| {
        let slices: Vec<&[f32]> = h.iter().map(Vec::as_slice).collect();
        PreparedImpulse::swappable(routing.clone(), &slices).expect("prepares")
    };
    let impulses: Vec<_> = h.iter().map(|h| Arc::new(swappable(h))).collect();
    let capacity = Capacity {
        frames: 40_000,
        fade: 1440,
    };
    let new = || {
        let engine = Engine::with_capacity(impulses[0].clone(), capacity);
        Processor::new(engine, 40_000, setup(2, BUSY))
    };
    let (mut loader, audio) = swap::pair();
    let mut processor = new().with_swap(audio);
    let next = |index: usize| Next {
        sound: Sound::Impulse(impulses[index].clone(), Change::New),
        tail_frames: 40_000,
    };
    let x = noise.channels(2, 2000);
    let mut y = x.clone();
    for call in 0..800_usize {
        let frames = noise.within(0, 2000);
        let mix = Mix {
            bypass: call % 50 > 30,
            predelay_ms: (call % 7) as f32,
            width_percent: (call % 200) as f32,
            ..BUSY
        };
        if call % 5 == 0 {
            // A full queue gives it back; that is another test's.
            let _ = loader.send(next(call % 4));
        }
        let [left, right] = &mut y[..] else {
            unreachable!()
        };
        let inputs = [&x[0][..frames], &x[1][..frames]];
        let mut outputs = [&mut left[..frames], &mut right[..frames]];
        assert_no_alloc(|| {
            processor.set(mix);
            processor.process(&mut Block::new(&inputs, &mut outputs));
        });
        assert!(outputs.iter().all(|y| y.iter().all(|y| y.is_finite())));
        while loader.take_spent().is_some() {}
    }
    // Back to the beginning: the first impulse, the first mix.
    let mut first = loader.send(next(0));
    let silence = vec![vec![0.0; 1000]; 2];
    for _ in 0..1000 {
        run(&mut processor, &silence, 2, || 500);
        while loader.take_spent().is_some() {}
        if let Err(refused) = first {
            first = loader.send(refused);
        }
    }
    assert!(first.is_ok());
    processor.set(BUSY);
    assert_no_alloc(|| processor.reset());
    let x = noise.channels(2, 20_000);
    assert!(run(&mut processor, &x, 2, lengths(64)) == run(&mut new(), &x, 2, lengths(64)));
}

#[test]
fn the_tail_counts_what_still_rings() {
    let one = |frames: usize| {
        let h = vec![0.5; frames];
        PreparedImpulse::swappable(Routing::mono(), &[&h]).expect("prepares")
    };
    let capacity = Capacity {
        frames: 10_000,
        fade: 100,
    };
    let engine = Engine::with_capacity(Arc::new(one(10_000)), capacity);
    let (mut loader, audio) = swap::pair();
    let processor = Processor::new(engine, 10_000, setup(1, Mix::NEUTRAL));
    let mut processor = processor.with_swap(audio);
    let mut send = |frames: usize| {
        let next = Next {
            sound: Sound::Impulse(Arc::new(one(frames)), Change::New),
            tail_frames: frames as u32,
        };
        assert!(loader.send(next).is_ok());
    };
    run(&mut processor, &[vec![1.0; 64]], 1, || 64);
    assert_eq!(processor.tail_frames(), 9_999);
    processor.set(Mix {
        predelay_ms: 10.0,
        ..Mix::NEUTRAL
    });
    assert_eq!(processor.tail_frames(), 10_479);
    send(500);
    run(&mut processor, &[vec![0.0; 64]], 1, || 64);
    assert_eq!(
        processor.tail_frames(),
        10_479 - 64,
        "the old one still rings"
    );
    run(&mut processor, &[vec![0.0; 3936]], 1, || 64);
    assert_eq!(processor.tail_frames(), 6_479);
    run(&mut processor, &[vec![0.0; 6000]], 1, || 64);
    assert_eq!(processor.tail_frames(), 979);
    send(2000);
    run(&mut processor, &[vec![0.0; 64]], 1, || 64);
    assert_eq!(processor.tail_frames(), 2_479);
}

#[test]
fn bypass_starves_the_engine_and_the_thread_keeps_its_denormals() {
    let mut noise = Noise::new(65);
    let impulse = prepared(&Routing::mono(), &noise.channels(1, 3000));
    let bypassed = Mix {
        bypass: true,
        ..Mix::NEUTRAL
    };
    let mut processor = Processor::new(Engine::new(Arc::new(impulse)), 3000, setup(1, bypassed));
    let x = noise.channels(1, 10_000);
    assert!(run(&mut processor, &x, 1, lengths(66)) == x);
    processor.set(Mix::NEUTRAL);
    // 24 ms on, the engine hears all, and nothing of what it did not hear comes after.
    let y = run(&mut processor, &[vec![0.0; 5000]], 1, lengths(67));
    assert!(y[0].iter().all(|y| *y == 0.0));
    let half = |x: f32| std::hint::black_box(x) * 0.5;
    assert!(half(f32::MIN_POSITIVE) != 0.0);
}

#[test]
fn before_the_first_block_a_mix_is_there_at_once_and_later_it_is_smooth() {
    let mut noise = Noise::new(68);
    let h = noise.channels(2, 3000);
    let x = noise.channels(2, 10_000);
    let new = |mix| Processor::new(engine(&Routing::stereo(), &h), 3000, setup(2, mix));
    let want = run(&mut new(BUSY), &x, 2, lengths(69));
    let mut processor = new(Mix::NEUTRAL);
    processor.set(BUSY);
    assert!(run(&mut processor, &x, 2, lengths(69)) == want);
    processor.set(Mix::NEUTRAL);
    run(&mut processor, &x, 2, lengths(70));
    processor.reset();
    processor.set(BUSY);
    assert!(
        run(&mut processor, &x, 2, lengths(69)) == want,
        "after a reset"
    );
    processor.reset();
    processor.set(Mix::NEUTRAL);
    run(&mut processor, &[vec![0.0], vec![0.0]], 2, || 1);
    processor.set(BUSY);
    assert!(run(&mut processor, &x, 2, lengths(69)) != want, "smooth");
}

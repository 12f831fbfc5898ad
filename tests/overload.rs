//! Hostile input and late hosts: what comes out is sound, and afterwards it is as if nothing had been.

#[path = "common/oracle.rs"]
mod oracle;

use oracle::{Noise, error_db};
use partita::engine::meter::{self, Measured};
use partita::engine::mixer::{CutSlope, Mix};
use partita::engine::{Block, Capacity, Change, Engine, PreparedImpulse, Routing};
use partita::processor::{Processor, Setup};
use partita::swap::{self, LoaderEnd, Next, Sound};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const RATE: u32 = 48_000;
/// Samples of the impulses.
const FRAMES: usize = 12_000;
/// Samples after which nothing in an engine remembers an input: the impulse and a block of each partition size.
const FORGOTTEN: usize = FRAMES + 8192;

/// Everything at once that has a memory of its own.
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

fn prepared(seed: u64) -> Arc<PreparedImpulse> {
    let mut noise = Noise::new(seed);
    let decay = |i: usize| (-4.0 * i as f32 / FRAMES as f32).exp();
    let response = |noise: &mut Noise| -> Vec<f32> {
        let samples = noise.samples(FRAMES).into_iter().enumerate();
        samples.map(|(i, x)| 0.02 * x * decay(i)).collect()
    };
    let h = [response(&mut noise), response(&mut noise)];
    let slices = [&h[0][..], &h[1][..]];
    Arc::new(PreparedImpulse::swappable(Routing::stereo(), &slices).expect("good"))
}

/// A processor whose impulse can be changed while it plays.
struct Player {
    processor: Processor,
    loader: LoaderEnd,
}

impl Player {
    fn new(mix: Mix) -> Self {
        let capacity = Capacity {
            frames: FRAMES,
            fade: 1440,
        };
        let engine = Engine::with_capacity(prepared(1), capacity);
        let setup = Setup {
            inputs: 2,
            outputs: 2,
            sample_rate: RATE,
            mix,
        };
        let (loader, audio) = swap::pair();
        Self {
            processor: Processor::new(engine, FRAMES, setup).with_swap(audio),
            loader,
        }
    }

    fn change(&mut self, seed: u64) {
        let next = Next {
            sound: Sound::Impulse(prepared(seed), Change::New),
            tail_frames: FRAMES as u32,
        };
        assert!(self.loader.send(next).is_ok(), "room for a change");
    }

    /// Plays `x` in blocks of `length`, with a change of the impulse at the first block from each of `changes` on.
    fn play(&mut self, x: &[Vec<f32>], length: usize, changes: &[usize]) -> Vec<Vec<f32>> {
        let frames = x[0].len();
        let mut out = vec![vec![f32::NAN; frames]; 2];
        let mut changes = changes.iter().peekable();
        for from in (0..frames).step_by(length) {
            while let Some(&at) = changes.next_if(|&&at| at <= from) {
                self.change(at as u64);
            }
            let to = frames.min(from + length);
            let inputs = [&x[0][from..to], &x[1][from..to]];
            let [left, right] = &mut out[..] else {
                unreachable!()
            };
            let mut outputs = [&mut left[from..to], &mut right[from..to]];
            self.processor
                .process(&mut Block::new(&inputs, &mut outputs));
            while self.loader.take_spent().is_some() {}
        }
        out
    }
}

/// What hostile input is made of: name, sample n.
type Hostile = (&'static str, fn(usize) -> f32);

const HOSTILE: [Hostile; 9] = [
    ("NaN", |_| f32::NAN),
    ("+inf", |_| f32::INFINITY),
    ("-inf", |_| f32::NEG_INFINITY),
    ("1e30", |_| 1e30),
    ("the largest float", |n| {
        if n.is_multiple_of(3) {
            f32::MAX
        } else {
            f32::MIN
        }
    }),
    ("denormals", |n| f32::from_bits(1 + n as u32 % 0x007F_FFFF)),
    ("a full-scale square", |n| {
        if n / 100 % 2 == 0 { 1.0 } else { -1.0 }
    }),
    ("DC", |_| 1.0),
    ("all in turn", |n| {
        [f32::NAN, 1e30, f32::INFINITY, 1e-40, -1.0, -f32::MAX, 0.5][n % 7]
    }),
];

/// Where the hostile stretch lies.
const FROM: usize = 20_000;
const TO: usize = 26_000;

fn with(clean: &[Vec<f32>], stretch: impl Fn(usize) -> f32) -> Vec<Vec<f32>> {
    let mut x = clean.to_vec();
    for channel in &mut x {
        for (n, sample) in channel[FROM..TO].iter_mut().enumerate() {
            *sample = stretch(n);
        }
    }
    x
}

/// The samples from `from` on, in f64.
fn wide(y: &[Vec<f32>], from: usize) -> Vec<Vec<f64>> {
    let rest = |y: &Vec<f32>| y[from..].iter().map(|&y| f64::from(y)).collect();
    y.iter().map(rest).collect()
}

#[test]
fn hostile_input_gives_sound_and_is_forgotten() {
    let mut noise = Noise::new(50);
    let clean = noise.channels(2, TO + FORGOTTEN + 30_000);
    // A change shortly before, one within and one right after.
    let changes = [FROM - 500, FROM + 3000, TO];
    for (mix, mix_name) in [(Mix::NEUTRAL, "neutral"), (BUSY, "busy")] {
        for changes in [&[][..], &changes] {
            let quiet = with(&clean, |_| 0.0);
            let want = Player::new(mix).play(&quiet, 100, changes);
            for (name, hostile) in HOSTILE {
                let x = with(&clean, hostile);
                let got = Player::new(mix).play(&x, 100, changes);
                let case = format!("{name}, {mix_name}, {} changes", changes.len());
                let all = got.iter().flatten();
                assert!(all.clone().all(|y| y.is_finite()), "{case}");
                // The impulses gain less than 40 dB together, and nothing that is taken for sound here is above 1.
                let peak = all.fold(0.0_f32, |peak, y| peak.max(y.abs()));
                assert!(peak < 100.0, "{case}: {peak}");
                // Two filters of 24 dB an octave at 120 Hz and a change's tail fall below −120 dB within the margin.
                let from = TO + FORGOTTEN + 12_000;
                let got: Vec<_> = got.iter().map(|y| y[from..].to_vec()).collect();
                let error = error_db(&got, &wide(&want, from));
                assert!(error < -120.0, "{case}: {error:.1} dB");
            }
        }
    }
}

#[test]
fn an_engine_forgets_hostile_input_within_the_impulse() {
    // To the sample: the last hostile one is heard through the impulse's last tap and not beyond.
    let mut noise = Noise::new(51);
    let clean = noise.channels(2, TO + FRAMES + 20_000);
    let play = |x: &[Vec<f32>]| {
        let capacity = Capacity {
            frames: FRAMES,
            fade: 1440,
        };
        let mut engine = Engine::with_capacity(prepared(1), capacity);
        let before: Vec<_> = x.iter().map(|x| x[..FROM].to_vec()).collect();
        let after: Vec<_> = x.iter().map(|x| x[FROM..].to_vec()).collect();
        let mut out = oracle::play(&mut engine, &before, 2, || 64);
        engine.swap(prepared(2), Change::New).expect("room");
        let more = oracle::play(&mut engine, &after, 2, || 64);
        out.iter_mut()
            .zip(more)
            .for_each(|(out, more)| out.extend(more));
        out
    };
    let want = play(&with(&clean, |_| 0.0));
    for (name, hostile) in HOSTILE {
        let got = play(&with(&clean, hostile));
        assert!(got.iter().flatten().all(|y| y.is_finite()), "{name}");
        let from = TO + FRAMES;
        let got: Vec<_> = got.iter().map(|y| y[from..].to_vec()).collect();
        let error = error_db(&got, &wide(&want, from));
        assert!(error < -120.0, "{name}: {error:.1} dB");
    }
}

#[test]
fn late_blocks_change_nothing_in_the_sound() {
    // The engine has no thread and no clock: a host that calls late, or whose processor is taken away, hears the same bits.
    let mut noise = Noise::new(52);
    let x = noise.channels(2, 48_000);
    // Each at the beginning of a block.
    let changes = [9600, 14_400, 28_800];
    let want = Player::new(BUSY).play(&x, 480, &changes);
    let mut player = Player::new(BUSY);
    let mut got = vec![Vec::new(); 2];
    // Others want the processor too.
    let until = Instant::now() + Duration::from_millis(300);
    thread::scope(|scope| {
        for _ in 0..2 * thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
            });
        }
        for (call, from) in (0..48_000).step_by(480).enumerate() {
            if call % 10 == 3 {
                thread::sleep(Duration::from_millis(25));
            }
            let part: Vec<_> = x.iter().map(|x| x[from..from + 480].to_vec()).collect();
            if changes.contains(&from) {
                player.change(from as u64);
            }
            let heard = player.play(&part, 480, &[]);
            got.iter_mut()
                .zip(heard)
                .for_each(|(got, heard)| got.extend(heard));
        }
    });
    assert!(got == want, "late blocks are heard");
}

#[test]
fn the_load_meter_tells_late_blocks() {
    let (mut meter, mut reader) = meter::pair(Measured {
        inputs: 2,
        outputs: 2,
        sample_rate: RATE,
    });
    let mut player = Player::new(Mix::NEUTRAL);
    let x = Noise::new(53).channels(2, 480);
    // 10 ms of sound each; every tenth loses the processor for longer than that.
    let mut throttled = 0;
    let blocks = 40;
    for call in 0..blocks {
        let begun = Instant::now();
        meter.input(&x);
        let y = player.play(&x, 480, &[]);
        if call % 10 == 9 {
            thread::sleep(Duration::from_millis(12));
            throttled += 1;
        }
        meter.output(&y);
        meter.block(480, begun.elapsed());
    }
    let reading = reader.read().expect("played");
    assert_eq!(reading.blocks, blocks);
    assert!(reading.late >= throttled, "{} late", reading.late);
    assert!(reading.load.worst > 1.0, "{:?}", reading.load);
    assert!(reading.load.mean < reading.load.worst);
}

//! The guard: nothing above the ceiling, nothing touched below it, howls ducked, music not.

use super::oracle::Noise;
use assert_no_alloc::assert_no_alloc;
use partita::engine::{Block, Engine, PreparedImpulse, Routing};
use partita::impulse::library::factory;
use partita::live::guard::{self, CEILING_DB, Guard, Guarded, KNEE_DB, Protection};
use std::f64::consts::{PI, TAU};
use std::sync::Arc;

pub const RATE: u32 = 48_000;
pub const SECOND: usize = RATE as usize;

pub fn amplitude(db: f32) -> f32 {
    10_f32.powf(db / 20.0)
}

pub fn db(amplitude: f64) -> f64 {
    20.0 * amplitude.max(1e-12).log10()
}

pub fn rms(x: &[f32]) -> f64 {
    let power: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
    (power / x.len().max(1) as f64).sqrt()
}

/// Takes channels through a guard in blocks of random length.
pub fn run(guard: &mut Guard, channels: &mut [Vec<f32>], noise: &mut Noise) {
    let frames = channels[0].len();
    let mut from = 0;
    while from < frames {
        let to = frames.min(from + noise.within(1, 1200));
        let mut block: Vec<&mut [f32]> = channels.iter_mut().map(|x| &mut x[from..to]).collect();
        assert_no_alloc(|| guard.process(&mut block));
        from = to;
    }
}

/// A loudspeaker and a microphone in a room, as one loop of some gain.
struct Loop {
    taps: Vec<(usize, f32)>,
    /// What has been played, the newest last.
    played: Vec<f32>,
    /// Loudspeaker and microphone: nothing below 100 Hz, little above 8 kHz.
    low: f32,
    high: f32,
}

/// One-pole coefficients of the loudspeaker.
const LOW: f32 = 0.65;
const HIGH: f32 = 0.987;

impl Loop {
    /// `gain` in dB where the loop has the most, `delay` frames at least, and a room of `tail` frames.
    fn new(gain: f64, delay: usize, tail: usize, seed: u64) -> Self {
        let mut noise = Noise::new(seed);
        let mut taps = vec![(delay, 1.0)];
        for _ in 0..tail / 40 {
            let late = noise.within(1, tail);
            let level = 10_f32.powf(-1.5 * late as f32 / tail as f32);
            taps.push((delay + late, 0.6 * noise.sample() * level));
        }
        let response = |frequency: f64| {
            let step = TAU * frequency / f64::from(RATE);
            let mut sum = (0.0, 0.0);
            for &(at, level) in &taps {
                sum.0 += f64::from(level) * (step * at as f64).cos();
                sum.1 -= f64::from(level) * (step * at as f64).sin();
            }
            // |1 ÷ (1 − p e^−iω)|² of each pole.
            let pole = |p: f64| (1.0 - 2.0 * p * step.cos() + p * p).recip();
            let low = (1.0 - f64::from(LOW)).powi(2) * pole(f64::from(LOW));
            let high = 2.0 * (1.0 - step.cos()) * pole(f64::from(HIGH));
            ((sum.0 * sum.0 + sum.1 * sum.1) * low * high).sqrt()
        };
        // As fine as the longest tap asks for.
        let most = (1..24_000)
            .map(|n| response(f64::from(n)))
            .fold(0.0, f64::max);
        let scale = (10_f64.powf(gain / 20.0) / most) as f32;
        taps.iter_mut().for_each(|tap| tap.1 *= scale);
        Self {
            taps,
            played: vec![0.0; 1 << 16],
            low: 0.0,
            high: 0.0,
        }
    }

    /// What the microphone gets of what was played, `frames` at most the shortest delay.
    fn hear(&self, frames: usize) -> Vec<f32> {
        let end = self.played.len();
        (0..frames)
            .map(|n| {
                let of = |&(at, level): &(usize, f32)| level * self.played[end + n - at];
                self.taps.iter().map(of).sum()
            })
            .collect()
    }

    fn play(&mut self, block: &[f32]) {
        for &x in block {
            let low = self.low + (1.0 - LOW) * (x - self.low);
            self.high = low - self.low + HIGH * self.high;
            self.low = low;
            self.played.push(self.high);
        }
        if self.played.len() > 1 << 18 {
            self.played.drain(..(1 << 18) - (1 << 16));
        }
    }
}

/// Somebody who speaks: a buzz of 120 Hz with formants, in syllables.
pub fn speech(frames: usize, level: f32) -> Vec<f32> {
    let mut noise = Noise::new(9);
    let mut phase = 0.0_f64;
    let mut poles = [[0.0_f64; 2]; 3];
    let mut out = Vec::with_capacity(frames);
    for n in 0..frames {
        let time = n as f64 / f64::from(RATE);
        let pitch = 120.0 + 15.0 * (TAU * 0.7 * time).sin() + 5.0 * (TAU * 2.3 * time).sin();
        phase += pitch / f64::from(RATE);
        let mut pulse = f64::from(noise.sample()) * 0.02;
        if phase >= 1.0 {
            phase -= 1.0;
            pulse += 1.0;
        }
        let vowel = (time * 4.0) as u64 % 3;
        let formants = [
            [700.0, 1200.0, 2600.0],
            [300.0, 2200.0, 3000.0],
            [450.0, 900.0, 2400.0],
        ];
        let mut sum = 0.0;
        for (pole, formant) in poles.iter_mut().zip(formants[vowel as usize]) {
            let radius = (-PI * 90.0 / f64::from(RATE)).exp();
            let turn = TAU * formant / f64::from(RATE);
            let y = pulse + 2.0 * radius * turn.cos() * pole[0] - radius * radius * pole[1];
            *pole = [y, pole[0]];
            sum += y;
        }
        let syllable = (PI * (time * 4.0).fract()).sin().powi(2);
        let phrase = if time % 3.0 < 2.2 { 1.0 } else { 0.0 };
        out.push((sum * syllable * phrase) as f32);
    }
    let peak = out.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    out.iter_mut().for_each(|x| *x *= level / peak);
    out
}

struct Heard {
    played: Vec<f32>,
    /// When it was ducked, in seconds.
    ducks: Vec<f64>,
    hertz: f32,
}

/// `seconds` of somebody who speaks into a loop.
fn feed_back(
    mut room: Loop,
    protection: Option<Protection>,
    seconds: usize,
    source: &[f32],
) -> Heard {
    let (mut guard, watch) = guard::pair(RATE, CEILING_DB);
    if let Some(protection) = protection {
        watch.set(protection);
    }
    let mut heard = Heard {
        played: Vec::new(),
        ducks: Vec::new(),
        hertz: 0.0,
    };
    let block = 64;
    for from in (0..seconds * SECOND).step_by(block) {
        let mut y = room.hear(block);
        for (n, y) in y.iter_mut().enumerate() {
            *y += source[(from + n) % source.len()];
        }
        if protection.is_some() {
            assert_no_alloc(|| guard.process(&mut [&mut y[..]]));
        }
        let now = watch.now();
        if now.howls as usize > heard.ducks.len() {
            heard.ducks.push(from as f64 / f64::from(RATE));
            heard.hertz = now.howl_hz;
        }
        // Not even a simulated loudspeaker goes on for ever.
        y.iter_mut().for_each(|y| *y = y.clamp(-1e9, 1e9));
        room.play(&y);
        heard.played.extend_from_slice(&y);
    }
    heard
}

fn worst(x: &[f32]) -> f64 {
    db(f64::from(
        x.iter().fold(0.0_f32, |peak, x| peak.max(x.abs())),
    ))
}

/// Seconds until 10 ms are above a level in dB, and how many seconds of all are, by tenths.
fn above(x: &[f32], level: f64) -> (f64, f64) {
    let first = x.chunks(480).position(|x| db(rms(x)) > level);
    let all = x.chunks(4800).filter(|x| db(rms(x)) > level).count();
    (
        first.map_or(f64::INFINITY, |at| at as f64 * 0.01),
        all as f64 * 0.1,
    )
}

#[test]
fn a_loop_that_howls_is_bounded_and_ducked() {
    let source = speech(12 * SECOND, amplitude(-24.0));
    let limiter_alone = Protection {
        howl: Guarded::Off,
        ..Protection::default()
    };
    // Gain in dB, delay and room in frames. The last two are a fifth and a tenth of a second long: what comes round in them
    // is bounded, and is no line before it has come round for seconds.
    let loops = [
        (3.0, 480, 2400),
        (6.0, 480, 2400),
        (12.0, 480, 2400),
        (3.0, 2400, 2400),
        (6.0, 128, 2400),
        (4.0, 480, 20_000),
        (8.0, 960, 20_000),
        (6.0, 9600, 2400),
        (3.0, 4800, 2400),
    ];
    let (mut latest, mut howled) = (0.0_f64, 0);
    for (gain, delay, tail) in loops {
        for seed in 1..=3 {
            let room = || Loop::new(gain, delay, tail, seed);
            let bare = feed_back(room(), None, 10, &source).played;
            let limited = feed_back(room(), Some(limiter_alone), 10, &source).played;
            let guarded = feed_back(room(), Some(Protection::default()), 10, &source);
            let from = above(&bare, -12.0).0;
            let first = guarded.ducks.first().copied().unwrap_or(f64::INFINITY);
            println!(
                "{gain:+} dB, {delay} + {tail} frames, room {seed}: bare {:.0} dBFS, above -12 from {from:.2} s; limiter alone {:.2} dBFS, \
                 {:.1} s above -12; guarded {:.2} dBFS, {:.1} s above -12, ducked at {:.2?} s ({:.0} Hz)",
                worst(&bare),
                worst(&limited),
                above(&limited, -12.0).1,
                worst(&guarded.played),
                above(&guarded.played, -12.0).1,
                guarded.ducks,
                guarded.hertz,
            );
            let ceiling = f64::from(CEILING_DB) + 1e-6;
            assert!(worst(&limited) <= ceiling && worst(&guarded.played) <= ceiling);
            if from.is_infinite() {
                // The phase is nowhere right: it does not howl, and nothing is ducked.
                assert!(guarded.ducks.is_empty());
                continue;
            }
            howled += 1;
            assert!(worst(&bare) > 20.0 && above(&limited, -12.0).1 > 5.0);
            if delay <= 2400 {
                latest = latest.max(first - from);
                assert!(first - from < 0.8, "ducked after {:.2} s", first - from);
                // Of all ten seconds, later howls included.
                assert!(above(&guarded.played, -12.0).1 < 1.5);
                // Half a second after it nobody is louder than who speaks.
                let end = ((guarded.ducks.last().copied().unwrap_or(0.0) + 0.5) * f64::from(RATE))
                    as usize;
                let after = &guarded.played[end.min(9 * SECOND)..];
                assert!(db(rms(&after[..SECOND / 4])) < -20.0);
            }
        }
    }
    println!("{howled} loops howled; ducked at most {latest:.2} s after -12 dBFS");
    assert!(howled > 20);
}

/// A hall between loudspeaker and microphone, so many frames apart at least, and a gain over the hall's own energy.
fn hall_loop(gain: f32, delay: usize, howl: Guarded, source: &[f32]) -> Heard {
    let hall = factory().iter().find(|impulse| impulse.name == "hall");
    let hall = hall.expect("the hall").load().expect("sound");
    let mut response = hall.channels[0].clone();
    let energy = rms(&response) * (response.len() as f64).sqrt();
    response.iter_mut().for_each(|h| *h *= gain / energy as f32);
    let prepared = PreparedImpulse::new(Routing::mono(), &[&response]).expect("a response");
    let mut engine = Engine::new(Arc::new(prepared));
    let (mut guard, watch) = guard::pair(RATE, CEILING_DB);
    watch.set(Protection {
        howl,
        ..Protection::default()
    });
    let (mut played, mut ducks) = (Vec::new(), Vec::new());
    let (mut low, mut high) = (0.0, 0.0);
    // What is on its way to the microphone.
    let mut air = vec![0.0; delay];
    for (block, source) in source.chunks_exact(64).enumerate() {
        let mut y = vec![0.0; 64];
        engine.process(&mut Block::new(&[&air[..64]], &mut [&mut y]));
        y.iter_mut().zip(source).for_each(|(y, x)| *y += x);
        assert_no_alloc(|| guard.process(&mut [&mut y[..]]));
        if watch.now().howls as usize > ducks.len() {
            ducks.push((block * 64) as f64 / f64::from(RATE));
        }
        air.drain(..64);
        air.extend(y.iter().map(|y| {
            let before = low;
            low += (1.0 - LOW) * (y - low);
            high = low - before + HIGH * high;
            high
        }));
        played.extend(y);
    }
    Heard {
        played,
        ducks,
        hertz: watch.now().howl_hz,
    }
}

#[test]
fn a_hall_that_howls_is_bounded_and_comes_to_rest() {
    // Somebody speaks for eight seconds, then nobody for four.
    let mut source = speech(8 * SECOND, amplitude(-24.0));
    source.resize(12 * SECOND, 0.0);
    // 3.5 dB over the hall's energy is 11 to 14 dB too much where the hall has the most.
    for (gain, delay) in [(1.5, 256), (1.5, 960), (1.5, 4800), (3.0, 4800)] {
        let limited = hall_loop(gain, delay, Guarded::Off, &source).played;
        let guarded = hall_loop(gain, delay, Guarded::On, &source);
        let from = above(&limited, -12.0).0;
        let (bare, loud) = (above(&limited, -12.0).1, above(&guarded.played, -12.0).1);
        let rest = db(rms(&guarded.played[11 * SECOND..]));
        println!(
            "gain {gain}, {delay} frames: limiter alone {:.2} dBFS, above -12 from {from:.2} s for {bare:.1} s, at the end {:.1} dBFS; guarded \
             {:.2} dBFS, above -12 for {loud:.1} s, ducked at {:.2?} s, at the end {rest:.1} dBFS",
            worst(&limited),
            db(rms(&limited[11 * SECOND..])),
            worst(&guarded.played),
            guarded.ducks,
        );
        let ceiling = f64::from(CEILING_DB) + 1e-6;
        assert!(worst(&limited) <= ceiling && worst(&guarded.played) <= ceiling);
        // Alone, the limiter holds it there for good.
        assert!(bare > 10.0 && db(rms(&limited[11 * SECOND..])) > -12.0);
        // With the guard it is over before the speech is, and then it dies away.
        let first = guarded.ducks.first().copied().unwrap_or(f64::INFINITY);
        assert!(first - from < 1.0, "ducked after {:.2} s", first - from);
        assert!(loud < 2.5, "{loud} s");
        assert!(rest < -30.0, "{rest} dBFS");
    }
}

#[test]
fn the_gain_comes_back_and_then_nothing_is_touched() {
    // A loop that howls at once: one frame is exponential, 20 dB a second, at 1 kHz, until somebody turns it off.
    let (mut guard, watch) = guard::pair(RATE, CEILING_DB);
    let tone = |n: usize, level: f64| {
        let phase = TAU * 1000.0 * n as f64 / f64::from(RATE);
        (10_f64.powf(level / 20.0) * phase.sin()) as f32
    };
    let mut x: Vec<f32> = (0..2 * SECOND)
        .map(|n| tone(n, -50.0 + 20.0 * n as f64 / f64::from(RATE)))
        .collect();
    let mut noise = Noise::new(10);
    run(&mut guard, std::slice::from_mut(&mut x), &mut noise);
    let now = watch.now();
    println!("{now:?}");
    assert!(now.howls >= 1 && now.ducked_db > 5.0);
    assert!((now.howl_hz - 1000.0).abs() < 24.0, "{}", now.howl_hz);
    let mut last = now.ducked_db;
    for second in 0..100 {
        let quiet: Vec<f32> = noise.samples(SECOND).iter().map(|x| 0.1 * x).collect();
        let mut y = [quiet.clone()];
        run(&mut guard, &mut y, &mut noise);
        let ducked = watch.now().ducked_db;
        assert!(ducked <= last + 1e-3, "it goes down again");
        last = ducked;
        // What is heard is the input, made smaller.
        let gain = db(rms(&y[0])) - db(rms(&quiet));
        assert!(
            second == 0 || (gain + f64::from(ducked)).abs() < 1.5,
            "{gain} {ducked}"
        );
        if second == 99 {
            assert!(ducked == 0.0 && y[0] == quiet);
        }
    }
    assert_eq!(watch.now().howls, now.howls);
}

#[test]
fn the_limiter_bounds_everything_bends_softly_and_leaves_the_rest_alone() {
    let mut noise = Noise::new(11);
    let ceiling = amplitude(CEILING_DB);
    let (mut guard, watch) = guard::pair(RATE, CEILING_DB);
    // Noise of every level, single samples, steps, what is no number.
    let mut x = noise.channels(3, 4 * SECOND);
    for (n, y) in x.iter_mut().flatten().enumerate() {
        *y *= 10_f32.powi((n / 5000 % 9) as i32 - 4);
        match n % 9973 {
            0 => *y = f32::NAN,
            100 => *y = f32::INFINITY,
            200 => *y = f32::NEG_INFINITY,
            300 => *y = 1e30,
            400 => *y = -3e4,
            _ => {}
        }
    }
    run(&mut guard, &mut x, &mut noise);
    assert!(x.iter().flatten().all(|y| y.abs() <= ceiling));
    // Below the threshold: to the bit, once the gain is back: half a second of holding and of seven time constants.
    let mut recover = vec![vec![0.0; 3 * SECOND]; 3];
    run(&mut guard, &mut recover, &mut noise);
    let quiet = amplitude(CEILING_DB - KNEE_DB);
    let x: Vec<Vec<f32>> = noise
        .channels(3, SECOND)
        .iter()
        .map(|x| x.iter().map(|x| x * quiet).collect())
        .collect();
    let mut y = x.clone();
    run(&mut guard, &mut y, &mut noise);
    assert!(y == x);
    assert_eq!(watch.now().limited_db, 0.0);

    // A sine of +6 dBFS that begins at once. Its distortion: all but the sine, by fit.
    let (mut guard, watch) = guard::pair(RATE, CEILING_DB);
    watch.set(Protection {
        howl: Guarded::Off,
        ..Protection::default()
    });
    let tone = |n: usize| (TAU * 997.0 * n as f64 / f64::from(RATE)).sin();
    let x: Vec<f32> = (0..SECOND).map(|n| 2.0 * tone(n) as f32).collect();
    let mut y = vec![x.clone()];
    run(&mut guard, &mut y, &mut noise);
    let rest = |y: &[f32], from: usize| {
        let frames = y.len() as f64;
        let (mut sin, mut cos) = (0.0, 0.0);
        let turn = |n: usize| (TAU * 997.0 * (from + n) as f64 / f64::from(RATE)).sin_cos();
        for (n, &y) in y.iter().enumerate() {
            let (s, c) = turn(n);
            sin += f64::from(y) * s * 2.0 / frames;
            cos += f64::from(y) * c * 2.0 / frames;
        }
        let error = y.iter().enumerate().map(|(n, &y)| {
            let (s, c) = turn(n);
            (f64::from(y) - sin * s - cos * c).powi(2)
        });
        let error: f64 = error.sum::<f64>() / frames;
        10.0 * (2.0 * error / (sin * sin + cos * cos)).log10()
    };
    // Whole periods: 997 of them are a second.
    let steady = rest(&y[0][SECOND / 2..], SECOND / 2);
    let first = &y[0][..963];
    let clipped: Vec<f32> = x[..963]
        .iter()
        .map(|x| x.clamp(-ceiling, ceiling))
        .collect();
    let (bent, cut) = (rest(first, 0), rest(&clipped, 0));
    println!(
        "distortion of +6 dBFS: steady {steady:.1} dB, its first 20 ms {bent:.1} dB, clipped it would be {cut:.1} dB; {:?}",
        watch.now()
    );
    // The highest sample of a period is not the same in each: that moves the gain by 1 − cos(π · 997 ÷ 48000), −54 dB,
    // at most.
    assert!(steady < -54.0);
    assert!(bent < cut - 6.0);
    assert!((watch.now().limited_db - 7.4).abs() < 0.3);

    // Both parts off: whatever it is, as long as it is a number.
    watch.set(Protection {
        limiter: Guarded::Off,
        howl: Guarded::Off,
    });
    let mut settle = [vec![0.0; 3 * SECOND]];
    run(&mut guard, &mut settle, &mut noise);
    let x: Vec<f32> = noise.samples(SECOND).iter().map(|x| 100.0 * x).collect();
    let mut y = [x.clone()];
    run(&mut guard, &mut y, &mut noise);
    assert!(y[0] == x);
    // No channels, no frames, channels of different lengths: only as many as the shortest.
    guard.process::<Vec<f32>>(&mut []);
    guard.process(&mut [vec![0.0_f32; 0]]);
    let mut uneven = [vec![9.0_f32; 10], vec![9.0; 20]];
    watch.set(Protection::default());
    guard.process(&mut uneven);
    assert!(uneven[1][..10].iter().all(|y| *y <= ceiling) && uneven[1][10..] == [9.0; 10]);
    guard.reset();
}

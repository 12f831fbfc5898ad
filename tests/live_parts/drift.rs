//! Two clocks joined: simulated devices with clocks of their own, a sine from one to the other.
//!
//! How it is measured. The sine is a function of true time, sampled by the input's clock; the output's clock is true, so what comes
//! out should be one sine.
//!
//! *Spurious*: all power beyond ±[`NEAR`] of the sine, in windows of 1.4 s, and the highest peak of the signal that this
//! power makes. A Kaiser window of β = 18 puts its side lobes, summed up, below −150 dB; f32 at −3 dBFS rounds to −150 dBFS. Nearer to the sine is
//! what the loop may do: its poles are at .05 Hz when it has settled.
//!
//! *Clicks*: the eighth difference, divided by 70, its largest coefficient. It takes a sine of 1 kHz, whatever its slow
//! phase, below −175 dB, and shows a single wrong sample with its own height.

use super::oracle::Noise;
use assert_no_alloc::assert_no_alloc;
use partita::live::drift::{self, InputEnd, JoinFault, OutputEnd, Setup, Watch};
use realfft::RealFftPlanner;
use std::f64::consts::{PI, TAU};
use std::time::Duration;

/// Half-width in Hz of what counts as the sine itself.
const NEAR: f64 = 6.0;
/// What the sine is at most spoilt by, in dB of full scale.
const SPURIOUS: f64 = -90.0;

/// A device whose callbacks come late.
struct Device {
    rate: f64,
    /// Seconds of true time at its next frame.
    time: f64,
    /// Lateness of a callback, at most, in blocks.
    jitter: f64,
    /// The last callback: they do not overtake each other.
    last: f64,
    noise: Noise,
}

impl Device {
    fn new(rate: u32, jitter: f64, seed: u64) -> Self {
        Self {
            rate: f64::from(rate),
            time: 0.0,
            jitter,
            last: 0.0,
            noise: Noise::new(seed),
        }
    }

    /// When the callback that is due at `ideal` comes.
    fn called(&mut self, ideal: f64, block: usize) -> f64 {
        let most = self.jitter * block as f64 / self.rate;
        let late = f64::from(0.5 + 0.5 * self.noise.sample()) * most;
        self.last = self.last.max(ideal + late);
        self.last
    }
}

/// How long a block is.
#[derive(Clone, Copy)]
enum Length {
    Fixed(usize),
    Random(usize),
}

impl Length {
    fn longest(self) -> usize {
        match self {
            Self::Fixed(length) | Self::Random(length) => length,
        }
    }

    fn next(self, noise: &mut Noise) -> usize {
        match self {
            Self::Fixed(length) => length,
            Self::Random(longest) => noise.within(1, longest),
        }
    }
}

/// What is played through.
#[derive(Clone, Copy)]
struct Scene {
    rates: (u32, u32),
    lengths: (Length, Length),
    /// In blocks.
    jitter: f64,
    late: Option<usize>,
    frequency: f64,
    seconds: f64,
}

const SCENE: Scene = Scene {
    rates: (48_000, 48_000),
    lengths: (Length::Fixed(256), Length::Fixed(256)),
    jitter: 1.0,
    late: None,
    frequency: 1000.0,
    seconds: 200.0,
};

const LEVEL: f64 = 0.707;

struct Stage {
    scene: Scene,
    input: InputEnd,
    output: OutputEnd,
    watch: Watch,
    microphone: Device,
    speaker: Device,
    phase: f64,
    /// Callbacks waiting for their time: when, and how many frames.
    next_in: (f64, usize),
    next_out: (f64, usize),
    /// The largest and the smallest delay that was told, in frames of the input, from a time on.
    delays: (f64, f64),
}

impl Stage {
    fn new(scene: Scene) -> Self {
        let setup = Setup {
            channels: 1,
            input_rate: scene.rates.0,
            output_rate: scene.rates.1,
            input_block: scene.lengths.0.longest(),
            output_block: scene.lengths.1.longest(),
            late: scene.late,
        };
        let (input, output, watch) = drift::pair(setup).expect("joined");
        let mut stage = Self {
            scene,
            input,
            output,
            watch,
            microphone: Device::new(scene.rates.0, scene.jitter, 1),
            speaker: Device::new(scene.rates.1, scene.jitter, 2),
            phase: 0.0,
            next_in: (0.0, 0),
            next_out: (0.0, 0),
            delays: (f64::MAX, 0.0),
        };
        stage.plan_in(0.0);
        stage.plan_out();
        stage
    }

    fn plan_in(&mut self, drift: f64) {
        let frames = self.scene.lengths.0.next(&mut self.microphone.noise);
        let rate = self.microphone.rate * (1.0 + drift);
        let ideal = self.microphone.time + frames as f64 / rate;
        self.next_in = (self.microphone.called(ideal, frames), frames);
    }

    fn plan_out(&mut self) {
        let frames = self.scene.lengths.1.next(&mut self.speaker.noise);
        let ideal = self.speaker.time;
        self.next_out = (self.speaker.called(ideal, frames), frames);
    }

    /// Plays until the speaker's time is `until`; `drift` of the input by true time, `heard` gets what is played.
    fn play(&mut self, until: f64, drift: &dyn Fn(f64) -> f64, heard: &mut dyn FnMut(&[f32])) {
        let mut block = vec![0.0_f32; 8192];
        while self.speaker.time < until {
            if self.next_in.0 <= self.next_out.0 {
                let (at, frames) = self.next_in;
                let drift_now = drift(self.microphone.time);
                let step = (self.microphone.rate * (1.0 + drift_now)).recip();
                let turn = TAU * self.scene.frequency * step;
                let x = &mut block[..frames];
                for (n, x) in x.iter_mut().enumerate() {
                    *x = (LEVEL * (self.phase + turn * n as f64).sin()) as f32;
                }
                self.phase = (self.phase + turn * frames as f64) % TAU;
                self.microphone.time += frames as f64 * step;
                let at = Duration::from_secs_f64(at);
                assert_no_alloc(|| self.input.push(&[&*x], at));
                self.plan_in(drift(self.microphone.time));
            } else {
                let (at, frames) = self.next_out;
                let at = Duration::from_secs_f64(at);
                let y = &mut block[..frames];
                assert_no_alloc(|| self.output.pull(&mut [&mut *y], at));
                self.speaker.time += frames as f64 / self.speaker.rate;
                heard(y);
                let delay = self.watch.now().delay * self.microphone.rate;
                self.delays.0 = self.delays.0.min(delay);
                self.delays.1 = self.delays.1.max(delay);
                self.plan_out();
            }
        }
    }
}

/// Looks for what is not the sine.
struct Ear {
    frequency: f64,
    rate: f64,
    forward: std::sync::Arc<dyn realfft::RealToComplex<f64>>,
    back: std::sync::Arc<dyn realfft::ComplexToReal<f64>>,
    window: Vec<f64>,
    held: Vec<f64>,
    differences: [f64; 8],
    heard: u64,
    /// The most spurious power of a window, of full scale.
    power: f64,
    /// The highest spurious sample.
    peak: f64,
    /// The highest click.
    click: f64,
}

const WINDOW: usize = 1 << 16;

impl Ear {
    fn new(frequency: f64, rate: u32) -> Self {
        let mut planner = RealFftPlanner::<f64>::new();
        let bessel = |x: f64| {
            let terms = (1..80).scan(1.0, |term, k| {
                *term *= (x / 2.0 / f64::from(k)).powi(2);
                Some(*term)
            });
            1.0 + terms.sum::<f64>()
        };
        let window = (0..WINDOW).map(|n| {
            let x = (n as f64 + 0.5) / WINDOW as f64 * 2.0 - 1.0;
            bessel(18.0 * (1.0 - x * x).sqrt()) / bessel(18.0)
        });
        Self {
            frequency,
            rate: f64::from(rate),
            forward: planner.plan_fft_forward(WINDOW),
            back: planner.plan_fft_inverse(WINDOW),
            window: window.collect(),
            held: Vec::with_capacity(WINDOW + 8192),
            differences: [0.0; 8],
            heard: 0,
            power: 0.0,
            peak: 0.0,
            click: 0.0,
        }
    }

    fn hear(&mut self, samples: &[f32]) {
        for &sample in samples {
            let mut value = f64::from(sample);
            for difference in &mut self.differences {
                let before = std::mem::replace(difference, value);
                value -= before;
            }
            self.heard += 1;
            if self.heard > 8 {
                self.click = self.click.max(value.abs() / 70.0);
            }
            self.held.push(f64::from(sample));
        }
        while self.held.len() >= WINDOW {
            self.look();
            self.held.drain(..WINDOW / 4);
        }
    }

    fn look(&mut self) {
        let mut time: Vec<f64> = self.held[..WINDOW].to_vec();
        time.iter_mut().zip(&self.window).for_each(|(x, w)| *x *= w);
        let mut bins = self.forward.make_output_vec();
        self.forward.process(&mut time, &mut bins).expect("fits");
        let bin = self.rate / WINDOW as f64;
        let mut power = 0.0;
        for (index, value) in bins.iter_mut().enumerate() {
            if (index as f64 * bin - self.frequency).abs() < NEAR {
                *value *= 0.0;
            }
            power += value.norm_sqr();
        }
        let energy: f64 = self.window.iter().map(|w| w * w).sum();
        // Mean square of the rest, twice which is its power of a full-scale sine's.
        let square = 2.0 * power / (WINDOW as f64 * energy);
        self.power = self.power.max(2.0 * square);
        self.back.process(&mut bins, &mut time).expect("fits");
        let middle = WINDOW * 3 / 8..WINDOW * 5 / 8;
        for (x, w) in time[middle.clone()].iter().zip(&self.window[middle]) {
            self.peak = self.peak.max((x / w / WINDOW as f64).abs());
        }
    }

    fn figures(&self) -> (f64, f64, f64) {
        let db = |x: f64| 20.0 * x.max(1e-12).log10();
        (db(self.power.sqrt()), db(self.peak), db(self.click))
    }
}

/// Plays a scene, listens from `settled` on, and to clicks from .5 s on.
fn listen(name: &str, scene: Scene, settled: f64, drift: &dyn Fn(f64) -> f64) -> (Ear, Stage) {
    let mut stage = Stage::new(scene);
    stage.play(0.5, drift, &mut |_| {});
    let mut first = Ear::new(scene.frequency, scene.rates.1);
    stage.play(settled, drift, &mut |y| first.hear(y));
    let mut ear = Ear::new(scene.frequency, scene.rates.1);
    stage.delays = (f64::MAX, 0.0);
    stage.play(scene.seconds, drift, &mut |y| ear.hear(y));
    let (power, peak, click) = ear.figures();
    let (early_power, _, early_click) = first.figures();
    let (low, high) = stage.delays;
    let told = stage.watch.now();
    println!(
        "{name}: spurious {power:.1} dBFS in all, {peak:.1} at its peak, clicks {click:.1}; until {settled:.0} s: {early_power:.1}, clicks \
         {early_click:.1}; delay {low:.1} to {high:.1} of {} frames; drift found {:.2} ppm; {} underruns, {} overruns",
        stage.output.target(),
        told.drift_ppm,
        told.underruns,
        told.overruns
    );
    (ear, stage)
}

#[test]
fn a_sine_comes_through_whatever_the_clocks_and_blocks() {
    let blocks = |input, output| Scene {
        lengths: (Length::Fixed(input), Length::Fixed(output)),
        ..SCENE
    };
    let random = Scene {
        lengths: (Length::Random(480), Length::Random(480)),
        ..SCENE
    };
    let late = Scene {
        jitter: 2.0,
        late: Some(128),
        ..blocks(64, 64)
    };
    let high = Scene {
        frequency: 10_000.0,
        ..SCENE
    };
    let rates = |input, output| Scene {
        rates: (input, output),
        ..SCENE
    };
    let scenes = [
        ("+300 ppm, 256", SCENE, 300.0),
        ("-300 ppm, 256", SCENE, -300.0),
        ("+300 ppm, 64, jitter of 2 blocks", late, 300.0),
        ("-300 ppm, 441 to 128", blocks(441, 128), -300.0),
        ("+300 ppm, random to 480", random, 300.0),
        ("+300 ppm, 10 kHz", high, 300.0),
        ("-300 ppm, 44.1 to 48 kHz", rates(44_100, 48_000), -300.0),
        ("+300 ppm, 96 to 48 kHz", rates(96_000, 48_000), 300.0),
    ];
    for (name, scene, ppm) in scenes {
        let (ear, stage) = listen(name, scene, 60.0, &|_| ppm * 1e-6);
        clean(name, &ear, &stage);
    }
}

/// Nothing was lost, and nothing was heard but the sine.
fn clean(name: &str, ear: &Ear, stage: &Stage) {
    let (power, peak, click) = ear.figures();
    let told = stage.watch.now();
    assert!(told.running, "{name}: {told:?}");
    let counts = (told.underruns, told.overruns, told.lost_frames);
    assert_eq!(counts, (0, 0, 0), "{name}");
    assert!(power < SPURIOUS && peak < SPURIOUS, "{name}: {power:.1} dB");
    // The eighth difference shows a sine of 10 kHz itself.
    assert!(
        ear.frequency > 1000.0 || click < SPURIOUS,
        "{name}: {click:.1} dB"
    );
}

/// From 300 ppm to −300 and on, once in `every` seconds; between them a wander of 20 ppm as of a room that warms up.
fn restless(every: f64) -> impl Fn(f64) -> f64 {
    move |time: f64| {
        let step = (time / every) as u64 % 4;
        let level = [300.0, -300.0, 250.0, -250.0][step as usize];
        (level + 20.0 * (TAU * time / 1800.0).sin()) * 1e-6
    }
}

#[test]
fn a_step_in_drift_is_followed_without_a_gap() {
    // 20 ppm: the sine itself has a kink there, no window is laid over it. From then on nothing is heard of it.
    let small = |time: f64| if time < 120.0 { 2e-4 } else { 2.2e-4 };
    let scene = Scene {
        seconds: 119.0,
        ..SCENE
    };
    let (ear, mut stage) = listen("before a step of 20 ppm", scene, 100.0, &small);
    clean("before a step", &ear, &stage);
    let mut ear = Ear::new(1000.0, 48_000);
    stage.play(121.0, &small, &mut |_| {});
    stage.play(200.0, &small, &mut |y| ear.hear(y));
    println!(
        "after it: {:.1?}; delay {:.1?}",
        ear.figures(),
        stage.delays
    );
    clean("after a step of 20 ppm", &ear, &stage);
    // 600 ppm: the pitch moves, and is pure again a minute later.
    let large = |time: f64| if time < 120.0 { 3e-4 } else { -3e-4 };
    let scene = Scene {
        seconds: 320.0,
        ..SCENE
    };
    let mut stage = Stage::new(scene);
    let mut first = Ear::new(scene.frequency, 48_000);
    stage.play(0.5, &large, &mut |_| {});
    stage.play(220.0, &large, &mut |y| first.hear(y));
    let mut ear = Ear::new(scene.frequency, 48_000);
    let reached = stage.delays;
    stage.play(scene.seconds, &large, &mut |y| ear.hear(y));
    println!(
        "a step of 600 ppm: delay {reached:.1?}, after it {:.1?}",
        ear.figures()
    );
    clean("a step of 600 ppm", &ear, &stage);
    let click = first.figures().2;
    assert!(click < SPURIOUS, "{click:.1} dB");
}

#[test]
#[ignore = "three hours of sound: a minute of work"]
fn an_hour_with_steps_and_jitter() {
    for (name, scene, drift) in [
        ("an hour at +300 ppm", SCENE, (|_| 3e-4) as fn(f64) -> f64),
        ("an hour at -300 ppm", SCENE, |_| -3e-4),
    ] {
        let scene = Scene {
            seconds: 3600.0,
            ..scene
        };
        let (ear, stage) = listen(name, scene, 60.0, &drift);
        clean(name, &ear, &stage);
    }
    // Steps of 500 and 600 ppm every ten minutes: it is pure from two minutes after each.
    let drift = restless(600.0);
    let mut stage = Stage::new(SCENE);
    stage.play(0.5, &drift, &mut |_| {});
    let mut all = Ear::new(1000.0, 48_000);
    for part in 0..6 {
        let from = f64::from(part) * 600.0;
        stage.play(from + 120.0, &drift, &mut |y| all.hear(y));
        let mut ear = Ear::new(1000.0, 48_000);
        stage.play(from + 600.0, &drift, &mut |y| {
            ear.hear(y);
            all.hear(y);
        });
        println!("ten minutes: {:.1?}", ear.figures());
        clean("ten minutes", &ear, &stage);
    }
    let click = all.figures().2;
    println!("all the hour: clicks {click:.1} dB");
    assert!(click < SPURIOUS);
}

#[test]
fn the_delay_is_what_is_told() {
    for (input, output) in [(256, 256), (64, 480), (1, 1)] {
        let scene = Scene {
            lengths: (Length::Fixed(input), Length::Fixed(output)),
            jitter: 0.0,
            ..SCENE
        };
        let mut stage = Stage::new(scene);
        stage.play(20.0, &|_| 0.0, &mut |_| {});
        let mut heard = Vec::new();
        let begun = stage.speaker.time;
        stage.play(21.0, &|_| 0.0, &mut |y| heard.extend_from_slice(y));
        let (mut sin, mut cos) = (0.0, 0.0);
        // 40 800 frames are 850 periods.
        for (n, &y) in heard[..40_800].iter().enumerate() {
            let phase = TAU * 1000.0 * (begun + n as f64 / 48_000.0);
            sin += f64::from(y) * phase.sin();
            cos += f64::from(y) * phase.cos();
        }
        // sin(ωt − φ) gives φ = −atan2(cos, sin); as frames, up to whole periods of 48.
        let measured = -cos.atan2(sin) / TAU * 48.0;
        let told = stage.watch.now().delay * 48_000.0;
        let apart = (told - measured + 24.0).rem_euclid(48.0) - 24.0;
        println!("{input} to {output}: told {told:.3} frames, measured {apart:.4} less");
        assert!(apart.abs() < 0.02, "{apart}");
    }
}

#[test]
fn the_filter_is_flat_and_leaves_no_images() {
    for frequency in [50.0, 15_000.0, 18_000.0, 20_500.0] {
        let scene = Scene {
            frequency,
            jitter: 0.0,
            seconds: 110.0,
            ..SCENE
        };
        // An image lies 24 Hz from its sine: the difference of the rates.
        let (ear, mut stage) = listen("no jitter", scene, 100.0, &|_| 5e-4);
        let mut power = (0.0, 0);
        stage.play(111.0, &|_| 5e-4, &mut |y| {
            power.0 += y.iter().map(|&y| f64::from(y).powi(2)).sum::<f64>();
            power.1 += y.len();
        });
        let gain = 10.0 * (2.0 * power.0 / power.1 as f64 / (LEVEL * LEVEL)).log10();
        println!("{frequency} Hz: {gain:.3} dB");
        let (power, peak, _) = ear.figures();
        assert!(power < SPURIOUS && peak < SPURIOUS);
        // 50 Hz is not a whole number of periods: up to a quarter of the last one's 960 frames of 48 000 are too many.
        assert!(gain.abs() < 0.02, "{gain}");
    }
}

/// The largest step from one sample to the next.
fn steepest(heard: &[f32]) -> f64 {
    let steps = heard
        .windows(2)
        .map(|pair| f64::from((pair[1] - pair[0]).abs()));
    steps.fold(0.0, f64::max)
}

#[test]
fn stalls_are_faded_counted_and_recovered_from() {
    // The sine's own slope, that of the fade over 64 frames, and a tenth for the filter's ringing at the bend.
    let slope = LEVEL * (TAU * 1000.0 / 48_000.0 + PI / 2.0 / 64.0) * 1.1;
    let stall = |name: &str, input: f64, output: f64, late: f64| {
        let mut stage = Stage::new(SCENE);
        let drift = |_| 2e-4;
        stage.play(70.0, &drift, &mut |_| {});
        let before = stage.watch.now();
        assert_eq!((before.underruns, before.overruns), (0, 0));
        let mut heard = Vec::new();
        stage.microphone.time += input;
        stage.next_in.0 += input;
        stage.next_in.0 += late;
        stage.microphone.last = stage.next_in.0;
        stage.speaker.time += output;
        stage.next_out.0 += output;
        let until = stage.speaker.time;
        stage.play(until + input + 1.0, &drift, &mut |y| {
            heard.extend_from_slice(y)
        });
        let told = stage.watch.now();
        let silent = heard.iter().filter(|y| **y == 0.0).count();
        println!(
            "{name}: {told:?}, {silent} frames silent, steepest {:.4} of {slope:.4}",
            steepest(&heard)
        );
        assert!(told.running);
        assert!(steepest(&heard) < slope, "{name}: a jump");
        assert!(heard[heard.len() - 4800..].iter().any(|y| y.abs() > 0.7));
        // The drift is still known, and the delay is back.
        assert!((told.drift_ppm - 200.0).abs() < 40.0);
        let target = stage.output.target() as f64;
        assert!((told.delay * 48_000.0 - target).abs() < 64.0);
        (told, silent)
    };
    let (told, silent) = stall("the input stalls for .5 s", 0.5, 0.0, 0.0);
    assert_eq!((told.underruns, told.overruns, told.lost_frames), (1, 0, 0));
    // The stall itself, filling up again, and a quarter of a second of watching.
    assert!((24_000..40_000).contains(&silent), "{silent}");
    let (told, _) = stall("the output stalls for 3 s", 0.0, 3.0, 0.0);
    assert_eq!((told.underruns, told.overruns), (0, 1));
    // All but what the ring holds.
    assert!((100_000..144_000).contains(&told.lost_frames));
    let (told, _) = stall("the output stalls for .1 s", 0.0, 0.1, 0.0);
    assert_eq!((told.underruns, told.overruns, told.lost_frames), (0, 1, 0));
    // Nothing is lost by the device, so the place is still known: the sound is back at once.
    let (told, silent) = stall("one callback comes three blocks late", 0.0, 0.0, 0.016);
    assert_eq!((told.underruns, told.overruns), (1, 0));
    assert!(silent < 1500, "{silent}");
}

#[test]
fn what_is_late_or_longer_than_was_said_is_learnt() {
    let late = Scene {
        jitter: 2.0,
        ..SCENE
    };
    let mut stage = Stage::new(late);
    stage.play(100.0, &|_| 3e-4, &mut |_| {});
    let before = stage.watch.now().underruns;
    stage.play(250.0, &|_| 3e-4, &mut |_| {});
    let told = stage.watch.now();
    println!(
        "jitter of 2 blocks: {before} gaps, then {}; target {}",
        told.underruns - before,
        stage.output.target()
    );
    assert!(before > 0 && told.underruns == before && told.running);
    // Devices that were said to have blocks of 64 have 1024.
    let scene = Scene {
        jitter: 0.3,
        ..SCENE
    };
    let mut stage = Stage::new(Scene {
        lengths: (Length::Fixed(64), Length::Fixed(64)),
        ..scene
    });
    stage.scene.lengths = (Length::Fixed(1024), Length::Fixed(1024));
    stage.play(30.0, &|_| -3e-4, &mut |_| {});
    let before = stage.watch.now().underruns;
    stage.play(90.0, &|_| -3e-4, &mut |_| {});
    let told = stage.watch.now();
    println!(
        "blocks of 1024 instead of 64: {before} gaps, then {}; {told:?}",
        told.underruns - before
    );
    assert!(told.underruns == before && told.running);
}

#[test]
fn whatever_is_asked_is_answered() {
    let good = Setup {
        channels: 2,
        input_rate: 48_000,
        output_rate: 44_100,
        input_block: 64,
        output_block: 64,
        late: None,
    };
    for bad in [
        Setup {
            channels: 0,
            ..good
        },
        Setup {
            input_rate: 0,
            ..good
        },
        Setup {
            output_block: 0,
            ..good
        },
    ] {
        assert_eq!(drift::pair(bad).err(), Some(JoinFault::Empty(bad)));
    }
    let far = Setup {
        output_rate: 8000,
        input_rate: 96_000,
        ..good
    };
    assert_eq!(drift::pair(far).err(), Some(JoinFault::Rates(96_000, 8000)));
    // Too few channels, too many, none; frames: none, one, very many; a clock that stands still or leaps.
    let (mut input, mut output, watch) = drift::pair(good).expect("joined");
    let mut noise = Noise::new(3);
    let (mut left, mut right, mut third) =
        (vec![0.0; 70_000], vec![0.0; 70_000], vec![9.0; 70_000]);
    for call in 0..2000_u64 {
        let at = Duration::from_millis(call * (call % 7));
        let length = noise.within(0, if call % 50 == 0 { 300 } else { 80 });
        let x = noise.samples(length);
        match call % 3 {
            0 => input.push(&[&x[..]], at),
            1 => input.push(&[&x[..], &x, &x], at),
            _ => input.push::<&[f32]>(&[], at),
        }
        let frames = if call % 500 == 499 {
            70_000
        } else {
            noise.within(0, 100)
        };
        let y = [
            &mut left[..frames],
            &mut right[..frames],
            &mut third[..frames],
        ];
        match call % 5 {
            0 => output.pull::<&mut [f32]>(&mut [], at),
            1..3 => output.pull(&mut y.map(|y| y), at),
            _ => {
                let [left, right, _] = y;
                output.pull(&mut [left, right], at);
            }
        }
        assert!(left.iter().chain(&right).all(|y| y.abs() < 10.0));
    }
    println!("{:?}", watch.now());
    // One end gone.
    drop(input);
    output.pull(
        &mut [&mut left[..64], &mut right[..64]],
        Duration::from_secs(60),
    );
    let (mut input, output, _) = drift::pair(good).expect("joined");
    drop(output);
    for call in 0..1000 {
        input.push(&[[0.0; 64]; 2], Duration::from_millis(call));
    }
}

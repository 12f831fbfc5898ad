//! From what is wanted to what is heard: the loader's thread, the hand-over and the engine together.

#[path = "common/oracle.rs"]
mod oracle;

use oracle::Noise;
use partita::engine::{Block, Capacity, Change, Engine, PreparedImpulse, Routing};
use partita::impulse::shape::{Normalise, Shape};
use partita::impulse::{ImpulseResponse, Layout};
use partita::loader::thread::{Format, Impulse, Loader, Maker, Wanted};
use partita::swap::{self, AudioEnd, Next, Sound};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const STEREO: Format = Format {
    sample_rate: 48_000,
    inputs: 2,
    outputs: 2,
};

fn given(seed: u64, frames: usize) -> Impulse {
    Impulse::Given(Arc::new(ImpulseResponse {
        name: format!("noise {seed}"),
        sample_rate: 48_000,
        layout: Layout::Stereo,
        channels: Noise::new(seed).channels(2, frames),
    }))
}

fn as_it_is(impulse: Impulse) -> Wanted {
    Wanted {
        impulse,
        shape: Shape::AS_IT_IS,
    }
}

/// A loader, and an engine that plays noise in blocks of 64 as fast as it can.
struct Instance {
    engine: Engine,
    end: AudioEnd,
    loader: Loader,
    wanted: Arc<Mutex<Option<Wanted>>>,
    tail: u32,
}

impl Instance {
    fn new(format: Format) -> Self {
        let maker = Maker::new(format);
        let engine = maker.silent_engine();
        let (loader_end, end) = swap::pair();
        let wanted = Arc::new(Mutex::new(None::<Wanted>));
        let asked = Arc::clone(&wanted);
        let ask = move || asked.lock().expect("nobody panics").clone();
        let loader = Loader::start(maker, loader_end, None, ask).expect("a thread");
        Self {
            engine,
            end,
            loader,
            wanted,
            tail: 0,
        }
    }

    fn want(&self, wanted: Wanted) {
        *self.wanted.lock().expect("nobody panics") = Some(wanted);
    }

    fn block(&mut self) {
        if let Some(tail) = self.end.exchange(&mut self.engine) {
            self.tail = tail;
        }
        let x = [0.25; 64];
        let (mut l, mut r) = ([0.0; 64], [0.0; 64]);
        self.engine
            .process(&mut Block::new(&[&x, &x], &mut [&mut l, &mut r]));
        assert!(l.iter().chain(&r).all(|y| y.is_finite()));
    }

    /// Plays until `done`, for at most a minute.
    fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            self.block();
            std::thread::sleep(Duration::from_micros(200));
            assert!(begun.elapsed() < Duration::from_secs(60), "it never came");
        }
    }

    fn frames(&self) -> usize {
        self.engine.impulse().frames()
    }
}

#[test]
fn what_is_wanted_comes_to_be_heard() {
    let mut one = Instance::new(STEREO);
    one.want(as_it_is(given(1, 5000)));
    one.until(|one| one.frames() == 5000);
    let status = one.loader.status();
    assert_eq!((status.name.as_str(), status.error), ("noise 1", None));
    assert_eq!(
        (status.frames, one.tail, status.tail_frames),
        (5000, 5000, 5000)
    );
    // By name, with a gain.
    one.want(Wanted {
        impulse: Impulse::Named("room".into()),
        shape: Shape {
            normalise: Normalise::Energy,
            ..Shape::AS_IT_IS
        },
    });
    one.until(|one| one.loader.status().name == "room" && one.frames() != 5000);
    assert!(one.loader.status().gain_db.abs() > 0.1);
    // What cannot be had leaves what plays, and says why.
    let playing = one.frames();
    one.want(as_it_is(Impulse::Named("no-such-impulse".into())));
    one.until(|one| one.loader.status().error.is_some());
    for _ in 0..100 {
        one.block();
    }
    let status = one.loader.status();
    assert!(
        status
            .error
            .is_some_and(|text| text.contains("no-such-impulse"))
    );
    assert_eq!((one.frames(), status.name.as_str()), (playing, "room"));
}

#[test]
fn an_impulse_beyond_the_capacity_brings_its_own_engine() {
    let mut one = Instance::new(STEREO);
    one.want(as_it_is(given(2, 5000)));
    one.until(|one| one.frames() == 5000);
    one.want(as_it_is(given(3, 500_000)));
    one.until(|one| one.frames() == 500_000);
    // And from then on as long ones change in place.
    one.want(as_it_is(given(4, 490_000)));
    one.until(|one| one.frames() == 490_000);
}

#[test]
fn a_tail_ends_at_the_noise_floor_whatever_the_shape() {
    // Falls by 60 dB a second, into a floor 60 dB below its start: they meet after one second.
    let decay = |seed: u64| {
        let mut noise = Noise::new(seed);
        let (sound, floor) = (noise.samples(144_000), noise.samples(144_000));
        let level = |at: usize| 10_f32.powf(-3.0 * at as f32 / 48_000.0);
        let pairs = sound.iter().zip(floor).enumerate();
        let falling = pairs.map(|(at, (sound, floor))| level(at) * sound + 1e-3 * floor);
        falling.collect::<Vec<f32>>()
    };
    let floored = |channels: Vec<Vec<f32>>| {
        Impulse::Given(Arc::new(ImpulseResponse {
            name: "measured".to_owned(),
            sample_rate: 48_000,
            layout: Layout::Stereo,
            channels,
        }))
    };
    let measured = floored(vec![decay(20), decay(21)]);
    let tail = |impulse: &Impulse, size_percent: f32, sample_rate: u32| {
        let wanted = Wanted {
            impulse: impulse.clone(),
            shape: Shape {
                size_percent,
                ..Shape::AS_IT_IS
            },
        };
        let format = Format {
            sample_rate,
            ..STEREO
        };
        let ready = Maker::new(format).make(&wanted).expect("fits");
        ready.tail_frames
    };
    for (size, rate, seconds) in [
        (100.0, 48_000, 1.0),
        (50.0, 48_000, 0.5),
        (100.0, 96_000, 1.0),
    ] {
        let found = f64::from(tail(&measured, size, rate)) / f64::from(rate);
        println!("{size} % at {rate} Hz: {found:.3} s");
        // Every octave has its own crossing, and the last counts: a tenth of the decay is 6 dB of a band's floor.
        let range = 0.95 * seconds..1.15 * seconds;
        assert!(range.contains(&found), "{size} % at {rate} Hz: {found} s");
    }
    // No floor: until it stays 120 dB below its peak, which the last sample does not.
    let spike = |late: usize, height: f32| {
        let mut channel = vec![0.0; 20_000];
        (channel[5], channel[late]) = (1.0, height);
        floored(vec![channel.clone(), channel])
    };
    for (impulse, frames) in [(spike(15_000, 2e-6), 15_001), (spike(15_000, 1e-7), 6)] {
        assert_eq!(tail(&impulse, 100.0, 48_000), frames);
    }
}

#[test]
fn what_plays_from_the_start_is_told_from_the_start_and_so_is_its_length() {
    // Longer than CAPACITY_SECONDS.
    let wanted = Wanted {
        impulse: given(10, 600_000),
        shape: Shape::default(),
    };
    let mut maker = Maker::new(STEREO);
    let ready = maker.make(&wanted).expect("fits");
    let (loader_end, end) = swap::pair();
    let asked = Arc::new(Mutex::new(Some(wanted.clone())));
    let ask = {
        let asked = Arc::clone(&asked);
        move || asked.lock().expect("nobody panics").clone()
    };
    let engine = maker.engine(&ready);
    let loader = Loader::start(maker, loader_end, Some(wanted), ask).expect("a thread");
    let status = loader.status();
    assert_eq!(
        (status.name.as_str(), status.frames, status.tail_frames),
        ("noise 10", 600_000, ready.tail_frames)
    );
    assert_eq!((status.gain_db, status.error), (ready.gain_db, None));
    assert!(ready.gain_db.abs() > 1.0);
    let mut one = Instance {
        engine,
        end,
        loader,
        wanted: asked,
        tail: 0,
    };
    one.block();
    // As long a one comes in place: a whole engine would hold the one before until its tail has ended.
    one.want(as_it_is(given(11, 590_000)));
    one.until(|one| one.frames() == 590_000);
    assert!(one.engine.take_replaced().is_none());
    let second = Maker::new(STEREO).make(&as_it_is(given(12, 595_000)));
    assert!(
        one.engine.takes(&second.expect("fits").impulse),
        "the first engine has room"
    );
}

#[test]
fn without_a_loader_nothing_is_freed_where_sound_is_made() {
    const IMPULSES: usize = 100;
    let h = Noise::new(13).samples(300);
    let impulse = || Arc::new(PreparedImpulse::swappable(Routing::mono(), &[&h]).expect("good"));
    let capacity = Capacity {
        frames: 1000,
        fade: 16,
    };
    let mut engine = Engine::with_capacity(impulse(), capacity);
    let (mut loader, mut audio) = swap::pair();
    let mut sent = Vec::new();
    let mut send = |loader: &mut swap::LoaderEnd| {
        let impulse = impulse();
        sent.push(Arc::downgrade(&impulse));
        let next = Next {
            sound: Sound::Impulse(impulse, Change::Shape),
            tail_frames: 0,
        };
        drop(loader.send(next).map_err(|_| sent.pop()));
    };
    let play = |audio: &mut AudioEnd, engine: &mut Engine| {
        audio.exchange(engine);
        let (x, mut y) = ([0.5; 64], [0.0; 64]);
        engine.process(&mut Block::new(&[&x], &mut [&mut y]));
    };
    // Nobody takes anything back, until the way is full.
    for _ in 0..IMPULSES {
        send(&mut loader);
        play(&mut audio, &mut engine);
    }
    drop(loader);
    for _ in 0..100 {
        play(&mut audio, &mut engine);
    }
    let alive = sent.iter().filter(|one| one.strong_count() > 0).count();
    assert_eq!(alive, sent.len(), "those still on their way too");
    assert!(alive > 20, "{alive}");
    drop((audio, engine));
    assert!(sent.iter().all(|one| one.strong_count() == 0));

    // And with room on the way back, for what still sounds when the loader goes.
    let mut engine = Engine::with_capacity(impulse(), capacity);
    let (mut loader, mut audio) = swap::pair();
    play(&mut audio, &mut engine);
    let next = impulse();
    let first = Arc::downgrade(engine.impulse());
    let sound = Sound::Impulse(next, Change::New);
    assert!(
        loader
            .send(Next {
                sound,
                tail_frames: 0
            })
            .is_ok()
    );
    play(&mut audio, &mut engine);
    drop(loader);
    for _ in 0..100 {
        play(&mut audio, &mut engine);
    }
    assert!(!engine.is_changing());
    assert_eq!(first.strong_count(), 1, "on the way back");
    drop(audio);
    assert_eq!(first.strong_count(), 0);
}

#[test]
fn every_layout_reaches_every_channel_format() {
    let mono = Impulse::Given(Arc::new(ImpulseResponse {
        name: "mono".to_owned(),
        sample_rate: 44_100,
        layout: Layout::Mono,
        channels: vec![vec![1.0; 100]],
    }));
    for (inputs, outputs) in [(1, 1), (1, 2), (2, 2)] {
        let format = Format {
            sample_rate: 48_000,
            inputs,
            outputs,
        };
        for impulse in [mono.clone(), given(5, 100), Impulse::Named("hall".into())] {
            let ready = Maker::new(format).make(&as_it_is(impulse)).expect("fits");
            let routing = ready.impulse.routing();
            assert_eq!((routing.inputs(), routing.outputs()), (inputs, outputs));
            let engine = Maker::new(format).silent_engine();
            assert!(engine.takes(&ready.impulse));
        }
    }
}

#[test]
fn two_instances_share_what_both_use() {
    let wanted = as_it_is(given(6, 20_000));
    let one = Maker::new(STEREO).make(&wanted).expect("fits");
    // The same samples in another place.
    let same = as_it_is(given(6, 20_000));
    let other = Maker::new(STEREO).make(&same).expect("fits");
    assert!(Arc::ptr_eq(&one.impulse, &other.impulse));
    let mono = Format {
        inputs: 1,
        ..STEREO
    };
    let different = Maker::new(mono).make(&wanted).expect("fits");
    assert!(!Arc::ptr_eq(&one.impulse, &different.impulse));
}

#[test]
fn a_drag_ends_at_the_newest_shape() {
    let mut one = Instance::new(STEREO);
    let impulse = given(7, 40_000);
    let shape = |step: u32| Wanted {
        impulse: impulse.clone(),
        shape: Shape {
            decay_percent: 100.0 - step as f32,
            ..Shape::AS_IT_IS
        },
    };
    one.want(shape(0));
    one.until(|one| one.frames() > 0 && one.loader.status().changes >= 1);
    let before = one.loader.status().changes;
    // Made beforehand, so that the loader finds it: two who make the same thing at the same moment each get their own.
    let last = Maker::new(STEREO).make(&shape(50)).expect("fits").impulse;
    let begun = Instant::now();
    for step in 1..=50 {
        one.want(shape(step));
        for _ in 0..20 {
            one.block();
            std::thread::sleep(Duration::from_micros(500));
        }
    }
    one.until(|one| Arc::ptr_eq(one.engine.impulse(), &last));
    let changes = one.loader.status().changes - before;
    let most = begun.elapsed().as_secs_f64() * 10.0 + 2.0;
    println!(
        "{changes} of 50 shapes in {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    assert!(changes >= 1 && (changes as f64) < most, "{changes}");
}

#[test]
fn a_hundred_thousand_changes_leave_nothing_behind() {
    const CHANGES: usize = 100_000;
    let impulses: Vec<Arc<PreparedImpulse>> = (0..4)
        .map(|seed| {
            let h = Noise::new(seed).samples(200 + 700 * seed as usize);
            Arc::new(PreparedImpulse::swappable(Routing::mono(), &[&h]).expect("good"))
        })
        .collect();
    let capacity = Capacity {
        frames: 4000,
        fade: 64,
    };
    let mut engine = Engine::with_capacity(Arc::clone(&impulses[0]), capacity);
    let (mut loader, mut audio) = swap::pair();
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    let player = std::thread::spawn(move || {
        let x = Noise::new(9).samples(256);
        let mut y = vec![0.0; 256];
        let mut heard = 0usize;
        while !ended.load(Ordering::Acquire) {
            heard += usize::from(audio.exchange(&mut engine).is_some());
            engine.process(&mut Block::new(&[&x], &mut [&mut y]));
        }
        (heard, engine)
    });
    let mut back = 0usize;
    for change in 0..CHANGES {
        let impulse = Arc::clone(&impulses[change % impulses.len()]);
        let mut next = Next {
            sound: Sound::Impulse(impulse, Change::Shape),
            tail_frames: 0,
        };
        while let Err(full) = loader.send(next) {
            next = full;
            while loader.take_spent().is_some() {
                back += 1;
            }
            std::thread::yield_now();
        }
    }
    // Everything but what still plays comes back.
    let begun = Instant::now();
    while back < CHANGES {
        back += usize::from(loader.take_spent().is_some());
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{back} came back"
        );
    }
    over.store(true, Ordering::Release);
    let (heard, engine) = player.join().expect("no panic");
    println!("{CHANGES} changes sent, {heard} heard, {back} back");
    drop(engine);
    for impulse in &impulses {
        assert_eq!(Arc::strong_count(impulse), 1);
    }
}

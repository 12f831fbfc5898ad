//! What threads share, with real threads at full speed, as `tests/model.rs` has it with every order of events. Made for the
//! tools that watch memory, too: `cargo +nightly miri test --test threads`, or with `-Zsanitizer=thread`.

#[path = "common/oracle.rs"]
mod oracle;

use oracle::Noise;
use partita::engine::{Block, Capacity, Change, Engine, PreparedImpulse, Routing, meter};
use partita::params::{Id, SharedValues};
use partita::swap::{self, Next, Sound};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// How often; Miri is a thousand times slower.
const fn times(count: usize) -> usize {
    if cfg!(miri) { count / 2000 } else { count }
}

#[test]
fn impulses_go_to_the_engine_and_come_back() {
    let changes = times(50_000);
    let impulses = [1, 2, 3].map(|seed| {
        let h = Noise::new(seed).samples(100 * seed as usize);
        Arc::new(PreparedImpulse::swappable(Routing::mono(), &[&h]).expect("good"))
    });
    let capacity = Capacity {
        frames: 300,
        fade: 16,
    };
    let mut engine = Engine::with_capacity(Arc::clone(&impulses[0]), capacity);
    let (mut loader, mut audio) = swap::pair();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let x = Noise::new(9).samples(64);
            let mut y = vec![0.0; 64];
            let mut heard = 0;
            while !over.load(Relaxed) {
                heard += usize::from(audio.exchange(&mut engine).is_some());
                engine.process(&mut Block::new(&[&x], &mut [&mut y]));
                assert!(y.iter().all(|y| y.is_finite()));
            }
            println!("{changes} impulses sent, {heard} heard");
        });
        let mut back = 0;
        for change in 0..changes {
            let sound = Sound::Impulse(Arc::clone(&impulses[change % 3]), Change::Shape);
            let mut next = Next {
                sound,
                tail_frames: 0,
            };
            while let Err(full) = loader.send(next) {
                next = full;
                while loader.take_spent().is_some() {
                    back += 1;
                }
                thread::yield_now();
            }
        }
        while back < changes {
            back += usize::from(loader.take_spent().is_some());
            thread::yield_now();
        }
        over.store(true, Relaxed);
    });
    drop((engine, audio, loader));
    for impulse in &impulses {
        assert_eq!(Arc::strong_count(impulse), 1);
    }
}

#[test]
fn the_meter_is_read_while_it_is_written() {
    let windows = times(2_000_000);
    let (mut meter, reader) = meter::pair(meter::Measured {
        inputs: 2,
        outputs: 2,
        sample_rate: 50,
    });
    let (over, readings) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            let (mut reader, over, readings) = (reader.clone(), &over, &readings);
            scope.spawn(move || {
                while !over.load(Relaxed) {
                    if let Some(reading) = reader.read() {
                        readings.fetch_add(1, Relaxed);
                        // Every window has the same level in all channels, and that load.
                        let peak = reading.inputs[0].peak;
                        let mut levels = reading.inputs.iter().chain(&reading.outputs);
                        assert!(levels.all(|level| level.peak == peak));
                        assert!((reading.load.worst - peak).abs() < 1e-6);
                    }
                    thread::yield_now();
                }
            });
        }
        for window in 0..windows {
            let level = (window % 97) as f32 / 128.0;
            meter.input(&[[level]; 2]);
            meter.output(&[[level]; 2]);
            let busy = f64::from(level) * meter::WINDOW_SECONDS;
            meter.block(1, Duration::from_secs_f64(busy));
        }
        over.store(true, Relaxed);
    });
    println!("{windows} windows, {readings:?} readings");
}

#[test]
fn values_set_by_several_threads_are_values_that_were_set() {
    let sets = times(500_000);
    let shared = SharedValues::default();
    let before = shared.changes();
    let allowed = |mix: f32| mix == Id::Mix.parameter().default || [25.0, 75.5].contains(&mix);
    thread::scope(|scope| {
        for value in [25.0, 75.5] {
            let shared = &shared;
            scope.spawn(move || {
                for _ in 0..sets {
                    shared.set(Id::Mix, value);
                    shared.set_tempo(f64::from(value));
                }
            });
        }
        for _ in 0..sets {
            assert!(allowed(shared.mix().mix_percent));
            assert!(shared.tempo().is_none_or(|tempo| allowed(tempo as f32)));
        }
    });
    assert_eq!(shared.changes() - before, 4 * sets as u64);
}

//! The same for the VST3 side of the library: a host of one instance, its audio thread watched.

use super::guard::{Caught, Guard};
use super::oracle::Noise;
use super::vst3_host::{GetPluginFactory, Host, Moment, Queue};
use std::thread;
use std::time::{Duration, Instant};
use vst3::Steinberg::kResultOk;

/// Hz and the longest block of each round.
const ROUNDS: [(f64, usize); 4] = [
    (48_000.0, 64),
    (44_100.0, 1024),
    (96_000.0, 1),
    (48_000.0, 512),
];

/// Blocks of each round, at least: it goes on until so many longer impulses have come, if they come at all.
const BLOCKS: usize = 500;
const ARRIVALS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(20);

/// The impulse parameter's slots beside the one without a list.
const SLOTS: f64 = 1023.0;

/// What came of it.
#[derive(Default)]
pub struct Done {
    pub caught: Caught,
    pub blocks: usize,
    /// How often a longer impulse came.
    pub arrivals: usize,
}

/// Everything a user can do to one instance.
pub fn everything(get: GetPluginFactory, guard: Guard) -> Done {
    let host = Host::new(get);
    let mut states = Vec::new();
    let mut done = Done::default();
    for (round, (rate, longest)) in ROUNDS.into_iter().enumerate() {
        host.setup(rate, longest);
        states.push(host.save());
        let part = thread::scope(|scope| {
            let audio = scope.spawn(|| play(&host, guard, longest, Noise::new(70 + round as u64)));
            let mut step = 0;
            while !audio.is_finished() {
                match step % 3 {
                    0 => assert_eq!(host.load(&states[step / 3 % states.len()]), kResultOk),
                    1 => assert_ne!(host.load(b"garbage that is no state"), kResultOk),
                    _ => assert!(!host.save().is_empty()),
                }
                step += 1;
                thread::sleep(Duration::from_millis(30));
            }
            audio.join().expect("no panic")
        });
        if done.caught.calls == 0 {
            done.caught.name = part.caught.name;
        }
        done.caught.calls += part.caught.calls;
        done.blocks += part.blocks;
        done.arrivals += part.arrivals;
        host.end();
    }
    done
}

/// A round on this thread.
fn play(host: &Host, guard: Guard, longest: usize, mut noise: Noise) -> Done {
    let (mut caught, mut arrivals, mut tail) = (Caught::default(), 0, 0);
    guard.watch(&mut caught, || host.start());
    let (mut block, begun) = (0, Instant::now());
    while block < BLOCKS || arrivals < ARRIVALS && begun.elapsed() < PATIENCE {
        let frames = noise.within(1, longest);
        let x = [noise.samples(frames), noise.samples(frames)];
        let moment = Moment {
            rolls: block % 40 < 20,
            tempo: Some(60.0 + block as f64),
            changes: changes(host, block, &mut noise),
        };
        let mut now = 0;
        host.block(x, moment, |process| {
            guard.watch(&mut caught, || {
                let result = process();
                now = host.tail();
                if block % 150 == 70 {
                    host.stop();
                    host.start();
                }
                result
            })
        });
        // With the pre-delay left alone it only grows by a new impulse.
        arrivals += usize::from(!block.is_multiple_of(10) && now > tail);
        tail = now;
        thread::sleep(Duration::from_millis(1));
        block += 1;
    }
    assert!(arrivals >= ARRIVALS, "the loader did nothing");
    guard.watch(&mut caught, || host.stop());
    Done {
        caught,
        blocks: block,
        arrivals,
    }
}

/// Every parameter moves, twice in the block; the impulse now and then.
pub fn changes(host: &Host, block: usize, noise: &mut Noise) -> Vec<Queue> {
    let mut queues = Vec::new();
    for parameter in &host.parameters {
        let (steps, name) = (parameter.steps, parameter.name.as_str());
        let mut value = || match name {
            "Bypass" => f64::from(u8::from(block % 97 > 80)),
            "Impulse" => noise.within(1, 6) as f64 / SLOTS,
            _ if steps > 0 => (noise.within(0, steps as usize) as f64) / f64::from(steps),
            _ => noise.within(0, 1000) as f64 / 1000.0,
        };
        let left_alone = match name {
            "Impulse" => block % 100 > 20,
            "Next impulse" | "Previous impulse" => block % 50 > 2,
            "Pre-delay" | "Pre-delay note" => !block.is_multiple_of(10),
            _ => false,
        };
        if !left_alone {
            queues.push(Queue {
                id: parameter.id,
                points: vec![value(), value()],
            });
        }
    }
    queues
}

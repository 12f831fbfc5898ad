//! What `partita live` runs on the audio thread: the engine, its guard, its meters and its recordings, from one device to
//! the next.

use super::guard::{Caught, Guard};
use super::oracle::Noise;
use partita::live::chain::{Chain, Ends};
use partita::live::deck::{Take, Taken};
use partita::live::desk::Desk;
use partita::loader::thread::{Format, Impulse, Loader, Maker, Wanted};
use partita::output::Existing;
use partita::params::{Group, Id, Slots, TABLE, Values};
use partita::processor::{Processor, Setup};
use partita::swap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const BLOCKS: usize = 1200;

pub struct Done {
    pub caught: Caught,
    pub blocks: usize,
    /// What the loader has done.
    pub changes: u64,
    /// What has been recorded.
    pub takes: usize,
}

fn wanted(values: &Values) -> Wanted {
    Wanted {
        impulse: Impulse::Factory(Slots::factory(values.slot()).expect("a factory impulse")),
        shape: values.shape(),
    }
}

/// Records what comes in and what goes out, over and over again.
fn record(ends: &mut Ends, folder: &Path, over: &AtomicBool) -> Vec<Taken> {
    let mut taken = Vec::new();
    while !over.load(Ordering::Relaxed) {
        for (take, name) in [(Take::Dry, "dry.wav"), (Take::Wet, "wet.wav")] {
            let begun = ends.record(take, &folder.join(name), Existing::Replace);
            begun.expect("it records");
        }
        thread::sleep(Duration::from_millis(60));
        let stopped = ends.stop_recordings().into_iter();
        taken.extend(stopped.map(|taken| taken.expect("it is on the disk")));
    }
    taken
}

/// Everything is turned, also the tempo; impulses and shapes change; the sound goes out and comes in again; it is recorded.
pub fn everything(guard: Guard) -> Done {
    let format = Format {
        sample_rate: 48_000,
        inputs: 2,
        outputs: 2,
    };
    let values = Values::default();
    let first = wanted(&values);
    let mut maker = Maker::new(format);
    let ready = maker.make(&first).expect("ready");
    let (loader_end, audio_end) = swap::pair();
    let setup = Setup {
        inputs: format.inputs,
        outputs: format.outputs,
        sample_rate: format.sample_rate,
        mix: values.mix(None),
    };
    let processor = Processor::new(maker.engine(&ready), ready.tail_frames as usize, setup);
    let desk = Arc::new(Desk::new(&values));
    let asked = Arc::clone(&desk);
    let (mut chain, mut ends) =
        Chain::new(processor.with_swap(audio_end), Arc::clone(&desk), format);
    let loader = Loader::start(maker, loader_end, Some(first), move || {
        Some(wanted(&asked.values.values()))
    });
    let loader = loader.expect("a thread");
    let before = loader.status().changes;

    let folder = tempfile::tempdir().expect("a folder");
    let over = Arc::new(AtomicBool::new(false));
    let recorder = {
        let over = Arc::clone(&over);
        thread::spawn(move || record(&mut ends, folder.path(), &over))
    };
    let mut noise = Noise::new(80);
    let mut caught = Caught::default();
    for block in 0..BLOCKS {
        for parameter in TABLE.iter().filter(|one| one.group == Group::Sound) {
            let travel = noise.within(0, 1000) as f32 / 1000.0;
            desk.values.set(parameter.id, parameter.value_at(travel));
        }
        desk.values
            .set(Id::Bypass, f32::from(u8::from(block % 97 > 80)));
        desk.values.set_tempo(60.0 + block as f64);
        if block % 100 == 50 {
            desk.values.set(Id::Impulse, (1 + block / 100 % 6) as f32);
        }
        if block % 100 == 90 {
            desk.values
                .set(Id::Decay, 50.0 + noise.within(0, 50) as f32);
        }
        desk.mute_dry(block % 200 > 150);
        desk.close(block % 301 > 280);
        let frames = noise.within(0, 700);
        let (sound, mut played) = (noise.channels(2, frames), vec![vec![0.0; frames]; 2]);
        let inputs = [&sound[0][..], &sound[1][..]];
        let mut outputs: Vec<&mut [f32]> = played.iter_mut().map(Vec::as_mut_slice).collect();
        guard.watch(&mut caught, || {
            chain.process(&inputs, &mut outputs);
            if block % 301 == 300 {
                chain.rejoin();
            }
        });
        // In real time the loader has time too.
        thread::sleep(Duration::from_millis(1));
    }
    over.store(true, Ordering::Relaxed);
    let taken = recorder.join().expect("no panic");
    for take in Take::ALL {
        let of = |taken: &&Taken| taken.take == take && taken.seconds > 0.0;
        let takes = taken.iter().filter(of).count();
        assert!(takes > 2, "{takes} recordings of the {take}");
    }
    let changes = loader.status().changes - before;
    assert!(changes > 2, "the loader did nothing: {:?}", loader.status());
    Done {
        caught,
        blocks: BLOCKS,
        changes,
        takes: taken.len(),
    }
}

//! The impulse changes while sound is played, and what was played before rings out in the old one:
//! output = Σ h_g * (x·u_g), with the weights of `engine/crossfade.rs`, sample for sample.
//! In a drag the same for each part of the impulse.

#[path = "common/oracle.rs"]
mod oracle;

use oracle::{Noise, error_db};
use partita::engine::{
    Block, Capacity, Change, Engine, FADE_FRAMES, LEAD_FRAMES, PreparedImpulse, Routing, Simd, fft,
};
use std::sync::Arc;

/// The engine's own accuracy is −129 dB and better; the fade in f32 adds one rounding of the input.
const BOUND_DB: f64 = -120.0;

/// An impulse of a change: when it comes and what it is.
struct Room {
    at: usize,
    routing: Routing,
    responses: Vec<Vec<f32>>,
}

impl Room {
    fn new(noise: &mut Noise, at: usize, routing: Routing, frames: usize) -> Self {
        let responses = routing.responses();
        let decay = |i: usize| (-4.0 * i as f32 / frames as f32).exp();
        let response = |noise: &mut Noise| -> Vec<f32> {
            let samples = noise.samples(frames).into_iter().enumerate();
            samples.map(|(i, x)| x * decay(i)).collect()
        };
        Self {
            at,
            routing,
            responses: (0..responses).map(|_| response(noise)).collect(),
        }
    }

    fn prepared(&self) -> Arc<PreparedImpulse> {
        let slices: Vec<&[f32]> = self.responses.iter().map(Vec::as_slice).collect();
        Arc::new(PreparedImpulse::swappable(self.routing.clone(), &slices).expect("good"))
    }
}

/// w(t): a raised cosine of `FADE_FRAMES` samples, t since the change.
fn rise(t: i64) -> f64 {
    let t = t - LEAD_FRAMES as i64;
    let x = (t as f64 + 0.5) / FADE_FRAMES as f64;
    match t {
        t if t < 0 => 0.0,
        t if t < FADE_FRAMES as i64 => 0.5 - 0.5 * (std::f64::consts::PI * x).cos(),
        _ => 1.0,
    }
}

/// The rule in f64. The first room has always been there.
fn oracle(rooms: &[Room], x: &[Vec<f32>], outputs: usize) -> Vec<Vec<f64>> {
    let frames = x[0].len();
    let mut out = vec![vec![0.0; frames]; outputs];
    for (g, room) in rooms.iter().enumerate() {
        let weight = |t: usize| {
            let own = if g == 0 {
                1.0
            } else {
                rise(t as i64 - room.at as i64)
            };
            let later = rooms[g + 1..].iter();
            own * later
                .map(|room| 1.0 - rise(t as i64 - room.at as i64))
                .product::<f64>()
        };
        let weights: Vec<f64> = (0..frames).map(weight).collect();
        for path in room.routing.paths() {
            let heard: Vec<f64> = x[path.input]
                .iter()
                .zip(&weights)
                .map(|(&x, w)| f64::from(x) * w)
                .collect();
            let h: Vec<f64> = room.responses[path.response]
                .iter()
                .map(|&h| h.into())
                .collect();
            let part = fft::convolve(&heard, &h);
            out[path.output]
                .iter_mut()
                .zip(part)
                .for_each(|(sum, part)| *sum += part);
        }
    }
    out
}

/// Plays `x` with blocks of the lengths that `length` gives, none across a change, and hands back every impulse that
/// is retired.
fn play(
    engine: &mut Engine,
    rooms: &[Room],
    x: &[Vec<f32>],
    outputs: usize,
    mut length: impl FnMut() -> usize,
) -> Vec<Vec<f32>> {
    let frames = x[0].len();
    let mut out = vec![vec![f32::NAN; frames]; outputs];
    let mut changes = rooms[1..].iter().peekable();
    let mut from = 0;
    while from < frames {
        while let Some(room) = changes.next_if(|room| room.at == from) {
            let impulse = room.prepared();
            assert!(engine.takes(&impulse));
            engine
                .swap(impulse, Change::New)
                .expect("room for a change");
        }
        let next = changes.peek().map_or(frames, |room| room.at);
        let to = frames.min(next).min(from + length());
        let inputs: Vec<&[f32]> = x.iter().map(|x| &x[from..to]).collect();
        let mut slices: Vec<&mut [f32]> = out.iter_mut().map(|out| &mut out[from..to]).collect();
        engine.process(&mut Block::new(&inputs, &mut slices));
        while engine.take_retired().is_some() {}
        from = to;
    }
    out
}

fn capacity(frames: usize) -> Capacity {
    Capacity {
        frames,
        fade: FADE_FRAMES,
    }
}

fn error_of(rooms: &[Room], x: &[Vec<f32>], length: impl FnMut() -> usize) -> f64 {
    let outputs = rooms[0].routing.outputs();
    let longest = rooms.iter().map(|room| room.responses[0].len()).max();
    let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(longest.unwrap_or(1)));
    let got = play(&mut engine, rooms, x, outputs, length);
    error_db(&got, &oracle(rooms, x, outputs))
}

#[test]
fn a_change_at_any_phase_of_the_schedule_follows_the_rule() {
    let mut noise = Noise::new(1);
    let x = noise.channels(2, 60_000);
    let mut worst = f64::NEG_INFINITY;
    // Every tick and block boundary is met, and what lies between.
    for case in 0..60 {
        let at = match case {
            0..8 => 32_768 - 4 + case,
            8..16 => 4096 * 5 - 4 + case - 8,
            _ => noise.within(1, 50_000),
        };
        let lengths = [noise.within(1, 20_000), noise.within(1, 20_000)];
        let rooms = [
            Room::new(&mut noise, 0, Routing::stereo(), lengths[0]),
            Room::new(&mut noise, at, Routing::stereo(), lengths[1]),
        ];
        let block = noise.within(1, 1024);
        let error = error_of(&rooms, &x, || block);
        assert!(
            error < BOUND_DB,
            "at {at}, {lengths:?}, {block}: {error:.1} dB"
        );
        worst = worst.max(error);
    }
    println!("worst of 60 changes: {worst:.1} dB");
}

#[test]
fn long_and_short_impulses_follow_each_other() {
    let mut noise = Noise::new(2);
    let x = noise.channels(2, 330_000);
    // Up and down through every level, down to the head alone.
    let lengths = [140_000, 30, 1, 100_000, 700, 9000, 66_000, 140_000];
    let mut rooms = Vec::new();
    for (index, &frames) in lengths.iter().enumerate() {
        let at = index * 40_321;
        rooms.push(Room::new(&mut noise, at, Routing::stereo(), frames));
    }
    let error = error_of(&rooms, &x, || 64);
    println!("{error:.1} dB");
    assert!(error < BOUND_DB, "{error:.1} dB");
}

#[test]
fn routings_follow_each_other() {
    let mut noise = Noise::new(3);
    let x = noise.channels(2, 90_000);
    let routings = [
        Routing::stereo(),
        Routing::true_stereo(),
        Routing::shared(2),
        Routing::true_stereo(),
        Routing::stereo(),
    ];
    let mut rooms = Vec::new();
    for (index, routing) in routings.into_iter().enumerate() {
        let frames = noise.within(5000, 40_000);
        rooms.push(Room::new(&mut noise, index * 17_003, routing, frames));
    }
    let mut lengths = Noise::new(4);
    let error = error_of(&rooms, &x, || lengths.within(1, 700));
    println!("{error:.1} dB");
    assert!(error < BOUND_DB, "{error:.1} dB");
}

#[test]
fn changes_in_the_middle_of_changes_follow_the_rule() {
    let mut noise = Noise::new(5);
    let x = noise.channels(1, 90_000);
    for burst in 2..=7 {
        let mut at = noise.within(1, 40_000);
        let mut rooms = vec![Room::new(&mut noise, 0, Routing::mono(), 30_000)];
        for _ in 0..burst {
            let frames = noise.within(1, 40_000);
            rooms.push(Room::new(&mut noise, at, Routing::mono(), frames));
            // Often within the fade of the one before, sometimes at the very sample.
            at += noise.within(0, 2000);
        }
        let error = error_of(&rooms, &x, || 100);
        println!("{burst} changes: {error:.1} dB");
        assert!(error < BOUND_DB, "{burst} changes: {error:.1} dB");
    }
}

#[test]
fn every_instruction_set_follows_the_rule() {
    let mut noise = Noise::new(6);
    let x = noise.channels(2, 40_000);
    let rooms = [
        Room::new(&mut noise, 0, Routing::true_stereo(), 12_000),
        Room::new(&mut noise, 12_345, Routing::true_stereo(), 20_000),
    ];
    let want = oracle(&rooms, &x, 2);
    for simd in Simd::available() {
        let mut engine =
            Engine::with_capacity_and_simd(rooms[0].prepared(), capacity(20_000), simd);
        let got = play(&mut engine, &rooms, &x, 2, || 64);
        let error = error_db(&got, &want);
        assert!(error < BOUND_DB, "{}: {error:.1} dB", simd.name());
    }
}

#[test]
fn a_steady_sine_takes_no_step() {
    // Each output is a sine at every moment, of a level that glides: what is left after the rule is the engine's own
    // error, in every single sample.
    let frames = 60_000;
    let sine = |t: usize| (std::f64::consts::TAU * 1000.0 / 48_000.0 * t as f64).sin() as f32;
    let x = vec![(0..frames).map(sine).collect::<Vec<f32>>()];
    let mut noise = Noise::new(7);
    let mut rooms = vec![
        Room::new(&mut noise, 0, Routing::mono(), 20_000),
        Room::new(&mut noise, 31_007, Routing::mono(), 5000),
        Room::new(&mut noise, 40_000, Routing::mono(), 20_000),
    ];
    for room in &mut rooms {
        let energy: f32 = room.responses[0].iter().map(|x| x * x).sum();
        room.responses[0]
            .iter_mut()
            .for_each(|x| *x /= energy.sqrt());
    }
    let want = oracle(&rooms, &x, 1);
    let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(20_000));
    let got = play(&mut engine, &rooms, &x, 1, || 64);
    let difference = |n: usize| (f64::from(got[0][n]) - want[0][n]).abs();
    let worst = (0..frames).map(difference).fold(0.0, f64::max);
    let db = 20.0 * worst.log10();
    println!("largest departure of a sample: {db:.1} dBFS");
    assert!(db < -100.0, "{db:.1} dBFS");
}

#[test]
fn silence_stays_silence_and_sound_after_it_is_in_the_new_room() {
    let mut noise = Noise::new(8);
    let mut x = noise.channels(1, 200_000);
    // Long enough for the engine to rest; the change comes while it does.
    x[0][1000..150_000].fill(0.0);
    let rooms = [
        Room::new(&mut noise, 0, Routing::mono(), 10_000),
        Room::new(&mut noise, 120_000, Routing::mono(), 3000),
    ];
    let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(20_000));
    let got = play(&mut engine, &rooms, &x, 1, || 64);
    assert!(got[0][60_000..150_000].iter().all(|&y| y == 0.0));
    let error = error_db(&got, &oracle(&rooms, &x, 1));
    assert!(error < BOUND_DB, "{error:.1} dB");
}

#[test]
fn what_was_played_before_a_silence_is_not_heard_again_in_a_longer_impulse() {
    // Played loudly into a short impulse, which soon has forgotten it; the long one that comes while the engine rests would
    // reach back to it.
    let mut noise = Noise::new(15);
    let mut x = noise.channels(1, 240_000);
    x[0][100_000..130_000].fill(0.0);
    x[0][130_000..].iter_mut().for_each(|x| *x *= 0.001);
    for (short, long) in [(700, 100_000), (30, 9000), (9000, 140_000)] {
        let rooms = [
            Room::new(&mut noise, 0, Routing::mono(), short),
            Room::new(&mut noise, 125_000, Routing::mono(), long),
        ];
        let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(200_000));
        let got = play(&mut engine, &rooms, &x, 1, || 64);
        let want = oracle(&rooms, &x, 1);
        let error = error_db(
            &[got[0][125_000..].to_vec()],
            &[want[0][125_000..].to_vec()],
        );
        println!("{short} to {long}: {error:.1} dB");
        assert!(error < BOUND_DB, "{short} to {long}: {error:.1} dB");
    }
}

#[test]
fn a_long_tail_rings_out_in_silence_after_a_change_to_a_short_impulse() {
    // The last sums of the long impulse wait to be heard when nothing of it is left to compute, and the silence is then
    // longer than all that the short one remembers.
    let mut noise = Noise::new(13);
    let mut x = noise.channels(1, 220_000);
    x[0][20_000..].fill(0.0);
    for (long, short) in [(120_000, 30), (122_400, 45_600), (190_000, 9000)] {
        let rooms = [
            Room::new(&mut noise, 0, Routing::mono(), long),
            Room::new(&mut noise, 10_007, Routing::mono(), short),
        ];
        let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(480_000));
        let got = play(&mut engine, &rooms, &x, 1, || 64);
        let want = oracle(&rooms, &x, 1);
        let error = error_db(&got, &want);
        println!("{long} to {short}: {error:.1} dB");
        assert!(error < BOUND_DB, "{long} to {short}: {error:.1} dB");
    }
}

#[test]
fn a_tail_that_a_drag_cuts_short_in_silence_is_not_heard_again() {
    // More shapes than can ring at once, all of them short, come while a long tail rings in silence: what the job under way
    // has made of it must be heard before the engine rests, or it would lie in wait for the next sound.
    let mut noise = Noise::new(16);
    let (long, short) = (noise.samples(100_000), noise.samples(30));
    let x = noise.channels(1, 300_000);
    let prepared = |h: &[f32]| {
        Arc::new(PreparedImpulse::swappable(Routing::mono(), &[h]).expect("a good impulse"))
    };
    for at in [22_016, 33_024, 48_000, 66_048, 97_984, 110_016] {
        let mut engine = Engine::with_capacity(prepared(&long), capacity(200_000));
        let (mut y, mut got) = (vec![0.0; 64], Vec::new());
        for from in (0..300_000 / 64 * 64).step_by(64) {
            // Loud, silent, quiet.
            let level = match from {
                0..19_968 => 1.0,
                19_968..250_048 => 0.0,
                _ => 0.001,
            };
            if (at..at + 10 * 64).contains(&from) {
                let taken = engine.swap(prepared(&short), Change::Shape);
                assert!(taken.is_ok(), "a drag never waits");
            }
            let block: Vec<f32> = x[0][from..from + 64].iter().map(|x| x * level).collect();
            engine.process(&mut Block::new(&[&block], &mut [&mut y]));
            while engine.take_retired().is_some() {}
            if from >= 250_048 {
                got.extend_from_slice(&y);
            }
        }
        let quiet: Vec<f32> = x[0][250_048..].iter().map(|x| x * 0.001).collect();
        let want = oracle::direct(&quiet, &short, got.len());
        let error = error_db(&[got], &[want]);
        println!("a drag at {at}: {error:.1} dB");
        assert!(error < BOUND_DB, "a drag at {at}: {error:.1} dB");
    }
}

#[test]
fn a_drag_to_longer_shapes_brings_back_nothing_that_was_forgotten() {
    // Loud sound in a short impulse, a silence in which the engine rests, quiet sound; then more and longer shapes than can
    // ring at once, before the longest partitions have begun once. The first of them takes over what the short one still
    // sounds, and not the loud sound behind that.
    let mut noise = Noise::new(17);
    let (short, long) = (noise.samples(70_000), noise.samples(400_000));
    let x = noise.samples(1_100_032);
    let prepared = |h: &[f32]| {
        Arc::new(PreparedImpulse::swappable(Routing::mono(), &[h]).expect("a good impulse"))
    };
    let (short, long) = (prepared(&short), prepared(&long));
    let mut engine = Engine::with_capacity(short, capacity(480_000));
    let (mut y, mut loudest) = (vec![0.0_f32; 64], 0.0_f32);
    for from in (0..x.len()).step_by(64) {
        let level = match from {
            0..450_048 => 1.0,
            450_048..700_032 => 0.0,
            _ => 0.001,
        };
        if (740_032..740_032 + 12 * 64).contains(&from) {
            let taken = engine.swap(Arc::clone(&long), Change::Shape);
            assert!(taken.is_ok(), "a drag never waits");
        }
        let block: Vec<f32> = x[from..from + 64].iter().map(|x| x * level).collect();
        engine.process(&mut Block::new(&[&block], &mut [&mut y]));
        while engine.take_retired().is_some() {}
        if from >= 740_032 {
            loudest = y.iter().fold(loudest, |loudest, y| loudest.max(y.abs()));
        }
    }
    // Noise of 0.001 through 400 000 taps has √(400 000) ÷ 3 · 0.001 RMS, .21, and its peaks are below 6 times that; what
    // was forgotten would be a thousand times as loud.
    println!("the loudest after the drag: {loudest:.3}");
    assert!(loudest < 1.3, "{loudest}");
}

#[test]
fn a_change_before_any_sound_is_at_once() {
    let mut noise = Noise::new(9);
    let x = noise.channels(1, 20_000);
    let rooms = [
        Room::new(&mut noise, 0, Routing::mono(), 10_000),
        Room::new(&mut noise, 0, Routing::mono(), 3000),
    ];
    let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(10_000));
    engine.swap(rooms[1].prepared(), Change::New).expect("room");
    assert!(engine.take_retired().is_some() && engine.take_retired().is_none());
    let got = play(&mut engine, &rooms[1..], &x, 1, || 64);
    let error = error_db(&got, &oracle(&rooms[1..], &x, 1));
    assert!(error < BOUND_DB, "{error:.1} dB");
}

#[test]
fn what_does_not_fit_comes_back() {
    let mut noise = Noise::new(10);
    let mono = Room::new(&mut noise, 0, Routing::mono(), 1000).prepared();
    let long = Room::new(&mut noise, 0, Routing::mono(), 100_000).prepared();
    let stereo = Room::new(&mut noise, 0, Routing::stereo(), 1000).prepared();
    let mut fixed = Engine::new(Arc::clone(&mono));
    assert!(fixed.swap(Arc::clone(&mono), Change::New).is_err());
    let mut engine = Engine::with_capacity(Arc::clone(&mono), capacity(50_000));
    assert!(engine.swap(long, Change::New).is_err());
    assert!(engine.swap(stereo, Change::New).is_err());
    // Eight ring at most: seven more, and then room comes only when a tail has ended.
    let x = noise.samples(64);
    let mut y = vec![0.0; 64];
    let mut call = |engine: &mut Engine| {
        engine.process(&mut Block::new(&[&x], &mut [&mut y]));
    };
    call(&mut engine);
    for _ in 0..7 {
        assert!(engine.swap(Arc::clone(&mono), Change::New).is_ok());
        call(&mut engine);
    }
    assert!(engine.swap(Arc::clone(&mono), Change::New).is_err());
    assert!(engine.swap(Arc::clone(&mono), Change::Shape).is_ok());
    for _ in 0..200 {
        call(&mut engine);
    }
    let mut back = 0;
    while engine.take_retired().is_some() {
        back += 1;
    }
    assert_eq!((back, engine.is_changing()), (8, false));
    assert!(engine.swap(mono, Change::New).is_ok());
}

#[test]
fn a_longer_impulse_comes_as_a_whole_engine() {
    let mut noise = Noise::new(11);
    let x = noise.channels(2, 120_000);
    let rooms = [
        Room::new(&mut noise, 0, Routing::true_stereo(), 20_000),
        Room::new(&mut noise, 10_007, Routing::true_stereo(), 90_000),
    ];
    let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(20_000));
    let longer = rooms[1].prepared();
    assert!(!engine.takes(&longer));
    let next = Box::new(Engine::with_capacity(longer, capacity(90_000)));
    let before = play(&mut engine, &rooms[..1], &cut(&x, 0..10_007), 2, || 300);
    engine.replace(next).expect("fits");
    let after = play(
        &mut engine,
        &rooms[1..],
        &cut(&x, 10_007..120_000),
        2,
        || 333,
    );
    let got: Vec<Vec<f32>> = before
        .into_iter()
        .zip(after)
        .map(|(before, after)| [before, after].concat())
        .collect();
    let error = error_db(&got, &oracle(&rooms, &x, 2));
    println!("{error:.1} dB");
    assert!(error < BOUND_DB, "{error:.1} dB");
    let replaced = engine.take_replaced().expect("its tail has ended");
    assert_eq!(replaced.impulse().frames(), 20_000);
    assert!(!engine.is_changing());
}

fn cut(x: &[Vec<f32>], range: std::ops::Range<usize>) -> Vec<Vec<f32>> {
    x.iter().map(|x| x[range.clone()].to_vec()).collect()
}

/// What is heard in a drag, which is what `rooms` are: the rule for each part of the impulse that a level has. In levels
/// of 4096 samples and more a shape begins no sooner than 300 ms and a third of the level's tail after the one before,
/// or once no other has come for 300 ms.
fn oracle_of_a_drag(rooms: &[Room], x: &[Vec<f32>]) -> Vec<f64> {
    const PAUSE: usize = 10 * FADE_FRAMES;
    let prepared = rooms[0].prepared();
    let levels = prepared.plan().levels();
    let mut parts = vec![(0..levels[0].offset, 0)];
    for level in levels {
        let tail = (level.partitions + 2) * level.size;
        let apart = if level.size >= 4096 {
            PAUSE.max(tail / 3)
        } else {
            0
        };
        let end = level.offset + level.partitions * level.size;
        parts.push((level.offset..end, apart));
    }
    let mut sum = vec![0.0; x[0].len()];
    for (range, apart) in parts {
        let mut begun: Vec<Room> = Vec::new();
        let mut asked = 0;
        for (index, room) in rooms.iter().enumerate() {
            let mut at = room.at;
            if apart > 0 && index > 1 && room.at - asked <= PAUSE {
                let waits = begun.last().is_some_and(|last| last.at > room.at);
                if waits {
                    begun.pop();
                }
                let last = begun[begun.len() - 1].at;
                at = (last + apart).min(room.at + PAUSE).max(room.at);
            }
            asked = room.at;
            let mut part = room.responses[0].clone();
            for (i, sample) in part.iter_mut().enumerate() {
                if !range.contains(&i) {
                    *sample = 0.0;
                }
            }
            begun.push(Room {
                at,
                routing: Routing::mono(),
                responses: vec![part],
            });
        }
        let heard = oracle(&begun, x, 1);
        sum.iter_mut().zip(&heard[0]).for_each(|(sum, y)| *sum += y);
    }
    sum
}

/// Plays a drag through `rooms` and counts the impulses that come back.
fn play_a_drag(rooms: &[Room], x: &[Vec<f32>]) -> (Vec<f32>, usize) {
    let frames = x[0].len();
    let longest = rooms[0].responses[0].len();
    let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(longest));
    let (mut got, mut back) = (Vec::new(), 0);
    for (index, room) in rooms.iter().enumerate() {
        if index > 0 {
            engine
                .swap(room.prepared(), Change::Shape)
                .expect("a drag never waits");
        }
        let to = rooms.get(index + 1).map_or(frames, |next| next.at);
        let from = if index == 0 { 0 } else { room.at };
        for part in x[0][from..to].chunks(64) {
            let mut y = vec![0.0; part.len()];
            engine.process(&mut Block::new(&[part], &mut [&mut y]));
            got.extend_from_slice(&y);
            back += usize::from(engine.take_retired().is_some());
        }
    }
    (got, back)
}

#[test]
fn a_drag_follows_the_rule_level_by_level() {
    // 12 shapes a second of one room whose decay goes from 1 to a half, and as many rooms that have nothing in common.
    let mut noise = Noise::new(12);
    let frames = 96_000;
    let x = noise.channels(1, 400_000);
    let base = noise.samples(frames);
    let shape = |step: usize| {
        let rate = 6.9 * (1.0 + step as f32 / 24.0) / frames as f32;
        let h = base.iter().enumerate();
        h.map(|(i, x)| x * (-rate * i as f32).exp())
            .collect::<Vec<f32>>()
    };
    let at = |step: usize| 20_000 + step * 4000;
    let decays: Vec<Room> = (0..25)
        .map(|step| Room {
            at: at(step),
            routing: Routing::mono(),
            responses: vec![shape(step)],
        })
        .collect();
    let unrelated: Vec<Room> = (0..25)
        .map(|step| Room::new(&mut noise, at(step), Routing::mono(), frames))
        .collect();
    for (rooms, name) in [(decays, "decay"), (unrelated, "unrelated")] {
        let (got, back) = play_a_drag(&rooms, &x);
        assert_eq!(back, 24, "every shape but the last has come back");
        let part = |want: &[f64], range: std::ops::Range<usize>| {
            error_db(&[got[range.clone()].to_vec()], &[want[range].to_vec()])
        };
        let at_once = oracle(&rooms, &x, 1);
        let during = part(&at_once[0], 20_000..120_000);
        let after = part(&at_once[0], 300_000..400_000);
        let error = part(&oracle_of_a_drag(&rooms, &x), 0..400_000);
        println!(
            "{name}: {error:.1} dB; from the rule without waiting {during:.1} dB, after its tails {after:.1} dB"
        );
        assert!(error < BOUND_DB, "{name}: {error:.1} dB");
        assert!(after < BOUND_DB, "{name}: {after:.1} dB");
    }
}

#[test]
fn shapes_that_are_waited_for_are_exact_while_there_is_room_and_never_stand_still() {
    let mut noise = Noise::new(18);
    let frames = 40_000;
    let x = noise.channels(1, 200_000);
    // 5 within 40 ms; then one each 64 samples, more than can ring.
    for (count, apart) in [(6, 500), (400, 64)] {
        let rooms: Vec<Room> = (0..count)
            .map(|step| Room::new(&mut noise, 20_000 + step * apart, Routing::mono(), frames))
            .collect();
        let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(frames));
        let (mut got, mut waiting, mut taken) = (Vec::new(), None, 0);
        let mut next = rooms[1..].iter().peekable();
        let mut standing = 0;
        for from in (0..x[0].len()).step_by(4) {
            if let Some(room) = next.next_if(|room| room.at == from) {
                waiting = Some(room.prepared());
            }
            if let Some(impulse) = waiting.take() {
                match engine.swap(impulse, Change::ShapeNow) {
                    Ok(()) => (taken, standing) = (taken + 1, 0),
                    Err(impulse) => (waiting, standing) = (Some(impulse), standing + 4),
                }
            }
            // The longest tail is most of a second.
            assert!(
                standing < 14_400,
                "nothing has been taken for {standing} samples"
            );
            let mut y = [0.0; 4];
            engine.process(&mut Block::new(&[&x[0][from..from + 4]], &mut [&mut y]));
            got.extend(y);
            while engine.take_retired().is_some() {}
        }
        println!("{taken} of {} taken", count - 1);
        if count == 6 {
            let error = error_db(&[got], &oracle(&rooms, &x, 1));
            println!("{error:.1} dB");
            assert!(error < BOUND_DB, "{error:.1} dB");
        } else {
            let after = 150_000..200_000;
            let last = oracle(&rooms[count - 1..], &x, 1);
            let part = |y: &[f64]| y[after.clone()].to_vec();
            let error = error_db(&[got[after.clone()].to_vec()], &[part(&last[0])]);
            println!("after it {error:.1} dB");
            assert!(error < BOUND_DB, "{error:.1} dB");
        }
    }
}

#[test]
fn shapes_set_apart_are_exact() {
    // Not a drag: a knob that is turned a step at a time, three a second, at phases all over the schedule.
    let mut noise = Noise::new(15);
    let frames = 40_000;
    let x = noise.channels(1, 400_000);
    let rooms: Vec<Room> = (0..6)
        .map(|step| Room::new(&mut noise, step * 15_345, Routing::mono(), frames))
        .collect();
    let (got, _) = play_a_drag(&rooms, &x);
    let error = error_db(&[got], &oracle(&rooms, &x, 1));
    println!("{error:.1} dB");
    assert!(error < BOUND_DB, "{error:.1} dB");
}

#[test]
fn shapes_that_pour_in_at_the_first_sound_leave_nothing_behind() {
    // The largest blocks have not begun once when the first impulses are gone, and every length has another table.
    let mut noise = Noise::new(14);
    let x = noise.channels(1, 300_000);
    let lengths = [100, 900, 9000, 20_000, 100_000];
    let rooms: Vec<Room> = (0..60)
        .map(|step| {
            let frames = lengths[step % lengths.len()];
            Room::new(&mut noise, step * 200, Routing::mono(), frames)
        })
        .collect();
    let mut engine = Engine::with_capacity(rooms[0].prepared(), capacity(480_000));
    let mut got = Vec::new();
    let (mut taken, mut back) = (Vec::new(), 0);
    let ends: Vec<usize> = rooms[1..].iter().map(|room| room.at).collect();
    for (index, room) in rooms.into_iter().enumerate() {
        let from = room.at;
        // One that finds no place is left out.
        if index == 0 || engine.swap(room.prepared(), Change::Shape).is_ok() {
            taken.push(room);
        }
        let to = ends.get(index).map_or(300_000, |&end| end);
        for part in x[0][from..to].chunks(50) {
            let mut y = vec![0.0; part.len()];
            engine.process(&mut Block::new(&[part], &mut [&mut y]));
            got.extend(y);
            while engine.take_retired().is_some() {
                back += 1;
            }
        }
    }
    assert!(taken.len() > 10, "{} were taken", taken.len());
    assert_eq!(back, taken.len() - 1, "all but the last have come back");
    let want = oracle(&taken, &x, 1);
    let after = 200_000..300_000;
    let error = error_db(&[got[after.clone()].to_vec()], &[want[0][after].to_vec()]);
    assert!(error < BOUND_DB, "{error:.1} dB");
}

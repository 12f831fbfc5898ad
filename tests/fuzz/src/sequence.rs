//! Blocks, changes of the impulse, parameters and resets in any order. Two things are held against each other:
//!
//! - the engine against the rule of a change in f64, since the last reset: Σ h_g * (x·u_g), as in tests/swap.rs;
//! - engine and mixer in the blocks that were drawn, against the same in blocks of another length.

#[path = "../../common/oracle.rs"]
mod oracle;

use oracle::Noise;
use partita::engine::mixer::Mix;
use partita::engine::{
    Block, Capacity, Change, Engine, FADE_FRAMES, LEAD_FRAMES, PreparedImpulse, Routing, fft,
};
use partita::params::{Parameter, TABLE, Values};
use partita::processor::{Processor, Setup};
use std::f64::consts::PI;
use std::sync::Arc;

/// The engine's promise, relative to the power that the sum would have if its terms were independent: where they
/// cancel, their rounding does not.
const BOUND: f64 = 1e-12;

/// The same for two that differ in their blocks: both are within [`BOUND`] of one value, so within four times that of each
/// other; cuts, pre-delay and width know no blocks.
const TWINS: f64 = 4.0 * BOUND;

/// Samples of the longest impulse.
const LONGEST: usize = 3000;

/// Frames of a sequence: what it costs is bounded, and it reaches into partitions of 512 and 4096.
const FRAMES: usize = 10_000;

/// What the bytes say, 0 where there are no more.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.next(), self.next()])
    }
}

/// An impulse of the engine, and where in the sound since the last reset it began.
struct Room {
    at: usize,
    /// When its change was complete, if that is before its fade ends: an engine at rest fades nothing.
    done: Option<usize>,
    responses: Vec<Vec<f32>>,
}

struct Sequence {
    routing: Routing,
    rooms: Vec<Room>,
    /// Since the last reset.
    x: Vec<Vec<f32>>,
    got: Vec<Vec<f32>>,
}

pub fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let routing = match bytes.next() % 6 {
        0 => Routing::mono(),
        1 => Routing::stereo(),
        2 => Routing::mono_to_stereo(),
        3 => Routing::true_stereo(),
        4 => Routing::matrix(3, 2),
        _ => Routing::matrix(1, 3),
    };
    let mut noise = Noise::new(u64::from(bytes.word()));
    let (room, prepared) = room(&mut bytes, &mut noise, &routing, 0);
    let capacity = Capacity {
        frames: LONGEST,
        fade: FADE_FRAMES,
    };
    let mut engine = Engine::with_capacity(Arc::clone(&prepared), capacity);
    let values = Values::default();
    let setup = Setup {
        inputs: routing.inputs(),
        outputs: routing.outputs(),
        sample_rate: 48_000,
        mix: values.mix(None),
    };
    let both = [(); 2].map(|()| {
        let engine = Engine::with_capacity(Arc::clone(&prepared), capacity);
        Processor::new(engine, LONGEST, setup)
    });
    let mut twins = Twins {
        both,
        values,
        piece: 1 + usize::from(bytes.next()),
        loudest: 0.0,
        // Dry and wet at 0 dB.
        gain: 2.0,
    };
    let mut sequence = Sequence {
        x: vec![Vec::new(); routing.inputs()],
        got: vec![Vec::new(); routing.outputs()],
        rooms: vec![room],
        routing,
    };
    let mut played = 0;
    while !bytes.0.is_empty() && played < FRAMES {
        match bytes.next() % 8 {
            0 => {
                let at = sequence.x[0].len();
                let (mut next, prepared) =
                    self::room(&mut bytes, &mut noise, &sequence.routing, at);
                assert!(engine.takes(&prepared));
                // What plays is another matter; where the engine has no room, the impulse comes back.
                if engine.swap(prepared, Change::New).is_ok() {
                    next.done = (!engine.is_changing()).then_some(at);
                    sequence.rooms.push(next);
                } else {
                    assert!(engine.is_changing());
                }
            }
            1 => {
                sequence.check();
                engine.reset();
                sequence.reset();
                twins.reset();
            }
            2 | 3 => {
                let parameter = &TABLE[usize::from(bytes.next()) % TABLE.len()];
                let travel = f32::from(bytes.word()) / f32::from(u16::MAX);
                twins.set(parameter, travel);
            }
            _ => {
                let frames = usize::from(bytes.word()) % 1100;
                let level = [1.0, 0.0, 1e-3, 100.0][usize::from(bytes.next()) % 4];
                let inputs = sequence.routing.inputs();
                let mut x = noise.channels(inputs, frames);
                x.iter_mut().flatten().for_each(|x| *x *= level);
                sequence.play(&mut engine, &x);
                twins.play(&x, sequence.routing.outputs());
                played += frames;
            }
        }
        while engine.take_retired().is_some() {}
    }
    sequence.check();
}

fn room(
    bytes: &mut Bytes<'_>,
    noise: &mut Noise,
    routing: &Routing,
    at: usize,
) -> (Room, Arc<PreparedImpulse>) {
    let frames = 1 + usize::from(bytes.word()) % LONGEST;
    let responses = noise.channels(routing.responses(), frames);
    let slices: Vec<&[f32]> = responses.iter().map(Vec::as_slice).collect();
    let prepared = PreparedImpulse::swappable(routing.clone(), &slices).expect("a good impulse");
    let room = Room {
        at,
        done: None,
        responses,
    };
    (room, Arc::new(prepared))
}

/// Engine and mixer twice.
struct Twins {
    both: [Processor; 2],
    values: Values,
    /// Frames of the second one's blocks.
    piece: usize,
    /// Of the input since the last reset.
    loudest: f64,
    /// The most that the mixer's gains have been.
    gain: f64,
}

impl Twins {
    fn set(&mut self, parameter: &Parameter, travel: f32) {
        self.values.set(parameter.id, parameter.value_at(travel));
        let mix: Mix = self.values.mix(None);
        self.both.iter_mut().for_each(|twin| twin.set(mix));
        let factor = |db: f32| 10_f64.powf(f64::from(db) / 20.0);
        let wet = factor(mix.wet_gain_db) * f64::from(mix.width_percent / 100.0).max(1.0);
        self.gain = self.gain.max(factor(mix.output_gain_db) * (1.0 + wet));
    }

    fn reset(&mut self) {
        self.both.iter_mut().for_each(Processor::reset);
        self.loudest = 0.0;
    }

    /// One block through the first, and the same in pieces through the second.
    fn play(&mut self, x: &[Vec<f32>], outputs: usize) {
        let frames = x[0].len();
        let [whole, pieces] = &mut self.both;
        let want = process(whole, x, outputs, frames.max(1));
        let got = process(pieces, x, outputs, self.piece);
        let samples = x.iter().flatten().map(|x| f64::from(x.abs()));
        self.loudest = samples.fold(self.loudest, f64::max);
        // The power of noise of that level through noise below full scale, both of a third of their peak's square.
        let wet = (LONGEST * x.len()) as f64 / 9.0;
        let power = self.loudest.powi(2) * self.gain.powi(2) * wet * (frames * outputs) as f64;
        let both = want.iter().flatten().zip(got.iter().flatten());
        let error: f64 = both
            .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
            .sum();
        assert!(error <= TWINS * power, "{error:e} of {power:e}");
    }
}

fn process(
    processor: &mut Processor,
    x: &[Vec<f32>],
    outputs: usize,
    piece: usize,
) -> Vec<Vec<f32>> {
    let frames = x[0].len();
    let mut out = vec![vec![f32::NAN; frames]; outputs];
    for from in (0..frames).step_by(piece) {
        let to = frames.min(from + piece);
        let inputs: Vec<&[f32]> = x.iter().map(|x| &x[from..to]).collect();
        let mut slices: Vec<&mut [f32]> = out.iter_mut().map(|out| &mut out[from..to]).collect();
        processor.process(&mut Block::new(&inputs, &mut slices));
    }
    out
}

impl Room {
    /// w(t): a raised cosine of [`FADE_FRAMES`] samples from [`LEAD_FRAMES`] on, or a step.
    fn rise(&self, t: usize) -> f64 {
        match t.checked_sub(self.at) {
            None => 0.0,
            Some(_) if self.done.is_some_and(|done| t >= done) => 1.0,
            Some(since) => match since.checked_sub(LEAD_FRAMES) {
                None => 0.0,
                Some(since) if since < FADE_FRAMES => {
                    0.5 - 0.5 * (PI * (since as f64 + 0.5) / FADE_FRAMES as f64).cos()
                }
                Some(_) => 1.0,
            },
        }
    }
}

impl Sequence {
    fn play(&mut self, engine: &mut Engine, x: &[Vec<f32>]) {
        let frames = x[0].len();
        let from = self.x[0].len();
        for (all, x) in self.x.iter_mut().zip(x) {
            all.extend(x);
        }
        for got in &mut self.got {
            got.resize(from + frames, f32::NAN);
        }
        let inputs: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
        let mut slices: Vec<&mut [f32]> = self.got.iter_mut().map(|y| &mut y[from..]).collect();
        engine.process(&mut Block::new(&inputs, &mut slices));
        // It came to rest, perhaps in the middle of a fade: what comes now is in the newest room.
        if !engine.is_changing() {
            for room in &mut self.rooms {
                room.done.get_or_insert(from + frames);
            }
        }
    }

    /// What a reset of the engine leaves: the newest impulse, and silence behind it.
    fn reset(&mut self) {
        let newest = self.rooms.len() - 1;
        self.rooms.drain(..newest);
        self.rooms[0].at = 0;
        self.x.iter_mut().chain(&mut self.got).for_each(Vec::clear);
    }

    fn check(&self) {
        let frames = self.x[0].len();
        if frames == 0 {
            return;
        }
        let mut want = vec![vec![0.0; frames]; self.got.len()];
        let mut power = 0.0;
        for (g, room) in self.rooms.iter().enumerate() {
            let weight = |t: usize| {
                let own = if g == 0 { 1.0 } else { room.rise(t) };
                let later = self.rooms[g + 1..].iter();
                own * later.map(|room| 1.0 - room.rise(t)).product::<f64>()
            };
            let weights: Vec<f64> = (0..frames).map(weight).collect();
            for path in self.routing.paths() {
                let heard = self.x[path.input].iter().zip(&weights);
                let heard: Vec<f64> = heard.map(|(&x, w)| f64::from(x) * w).collect();
                let h: Vec<f64> = room.responses[path.response]
                    .iter()
                    .map(|&h| h.into())
                    .collect();
                let part = fft::convolve(&heard, &h);
                for (sum, part) in want[path.output].iter_mut().zip(part) {
                    *sum += part;
                }
                let square = |x: &[f64]| x.iter().map(|x| x * x).collect::<Vec<_>>();
                let squares = fft::convolve(&square(&heard), &square(&h));
                power += squares[..frames].iter().map(|x| x.max(0.0)).sum::<f64>();
            }
        }
        let pairs = self.got.iter().flatten().zip(want.iter().flatten());
        let error: f64 = pairs
            .map(|(&got, want)| (f64::from(got) - want).powi(2))
            .sum();
        assert!(
            error <= BOUND * power,
            "{:.1} dB over {frames} frames, {} impulses",
            10.0 * (error / power).log10(),
            self.rooms.len()
        );
    }
}

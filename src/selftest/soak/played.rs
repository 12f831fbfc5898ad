//! An instance with its loader's thread, played as a user plays it and worse.

use super::super::sound::Noise;
use super::super::{SelftestError, Subject, add_weighed, format, residue_db};
use super::{PATIENCE, Standing};
use crate::engine::Block;
use crate::engine::mixer::{MAX_PREDELAY_MS, Mixer};
use crate::impulse::{ImpulseResponse, Layout};
use crate::loader::thread::{Impulse, Loader, Maker, Wanted};
use crate::params::{Id, SharedValues, Slots, TABLE};
use crate::preset::{self, Preset};
use crate::processor::{Processor, Setup};
use crate::swap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest block.
const LONGEST: usize = 4096;

/// Sound is played so many times faster than it sounds, so that the loader comes to its work.
const FASTER: f64 = 8.0;

/// Seconds of sound in which anything may happen.
const ANYTHING_SECONDS: f64 = 6.0;

/// Samples after a tail until nothing is left of it anywhere: see `driven`.
const OVER: usize = 2 * 32_768;

/// An impulse that no slot has, if one plays.
type Given = Arc<Mutex<Option<Arc<ImpulseResponse>>>>;

/// One instance.
pub(super) struct Played {
    shared: Arc<SharedValues>,
    given: Given,
    /// Longer than an engine exchanges in place: it comes as a whole engine.
    long: Arc<ImpulseResponse>,
    /// What the loader makes, made first: it then finds it in the cache.
    maker: Maker,
    processor: Processor,
    _loader: Loader,
    /// How often the loader has asked what is wanted.
    asked: Arc<AtomicU64>,
    sample_rate: u32,
    buffers: [Vec<f32>; 4],
}

/// What is played into it.
#[derive(Clone, Copy, Debug)]
enum Input {
    Silence,
    Noise(f64),
    /// Not a number, infinities, and what is too large.
    Broken,
    Denormal,
    /// Full scale.
    Square,
    Direct,
    /// The largest that is still taken for sound.
    Enormous,
}

impl Input {
    fn any(noise: &mut Noise) -> Self {
        match noise.below(12) {
            0 | 1 => Self::Silence,
            2 => Self::Broken,
            3 => Self::Denormal,
            4 => Self::Square,
            5 => Self::Direct,
            6 => Self::Enormous,
            _ => Self::Noise(noise.between(0.001, 1.0)),
        }
    }

    fn is_broken(self) -> bool {
        !matches!(self, Self::Silence | Self::Noise(_))
    }

    fn fill(self, samples: &mut [f32], noise: &mut Noise) {
        const JUNK: [f32; 6] = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            1e30,
            -f32::MAX,
            0.1,
        ];
        for (place, sample) in samples.iter_mut().enumerate() {
            *sample = match self {
                Self::Silence => 0.0,
                Self::Noise(level) => (level * noise.sample()) as f32,
                Self::Broken => *noise.of(&JUNK),
                Self::Denormal => f32::MIN_POSITIVE / 16.0,
                Self::Square => [1.0, -1.0][place / 50 % 2],
                Self::Direct => 1.0,
                Self::Enormous => (1e12 * noise.sample()) as f32,
            };
        }
    }
}

/// 12 s that fall by 60 dB in 3.
fn long() -> ImpulseResponse {
    let mut noise = Noise::new(12);
    let sample_rate = 48_000;
    let sample = |frame: usize| {
        let fall = (-6.907_755 * frame as f64 / (3.0 * f64::from(sample_rate))).exp();
        (0.2 * fall * noise.sample()) as f32
    };
    ImpulseResponse {
        name: "12 s of noise".to_owned(),
        sample_rate,
        layout: Layout::Mono,
        channels: vec![(0..12 * sample_rate as usize).map(sample).collect()],
    }
}

impl Played {
    pub fn new(sample_rate: u32, subject: &Subject) -> Result<Self, SelftestError> {
        let format = format(sample_rate);
        let mut maker = Maker::new(format);
        let wanted = subject.wanted()?;
        let ready = maker.make(&wanted)?;
        let setup = Setup {
            inputs: format.inputs,
            outputs: format.outputs,
            sample_rate,
            mix: subject.mix(),
        };
        let (end, audio) = swap::pair();
        let processor = Processor::new(maker.engine(&ready), ready.tail_frames as usize, setup);
        let shared = Arc::new(SharedValues::new(&subject.values));
        let given = Given::default();
        let asked = Arc::<AtomicU64>::default();
        let wants = (Arc::clone(&shared), Arc::clone(&given), Arc::clone(&asked));
        let loader = Loader::start(Maker::new(format), end, Some(wanted), move || {
            let (shared, given, asked) = &wants;
            asked.fetch_add(1, Ordering::Relaxed);
            let values = shared.values();
            let given = given.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let impulse = match given {
                Some(impulse) => Impulse::Given(impulse),
                None => Impulse::Factory(Slots::factory(values.slot())?),
            };
            Some(Wanted {
                impulse,
                shape: values.shape(),
            })
        });
        Ok(Self {
            shared,
            given,
            long: Arc::new(long()),
            maker,
            processor: processor.with_swap(audio),
            _loader: loader.map_err(SelftestError::Thread)?,
            asked,
            sample_rate,
            buffers: std::array::from_fn(|_| vec![0.0; LONGEST]),
        })
    }

    fn give(&self, impulse: Option<Arc<ImpulseResponse>>) {
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = impulse;
    }

    /// A few seconds in which anything happens, at several times the speed of sound. What comes out must be finite.
    pub fn anything(&mut self, subjects: &[Subject], noise: &mut Noise, standing: &mut Standing) {
        let rate = f64::from(self.sample_rate);
        let (begun, mut played, mut input, mut left) = (Instant::now(), 0, Input::Silence, 0);
        while (played as f64) < ANYTHING_SECONDS * rate {
            if left == 0 {
                input = Input::any(noise);
                standing.broken += u64::from(input.is_broken());
                left = 1 + noise.below(40);
            }
            left -= 1;
            self.touch(subjects, noise, standing);
            let frames = match noise.below(20) {
                0 => 0,
                1 => 1,
                2 => LONGEST,
                _ => 1 + noise.below(1024),
            };
            for buffer in &mut self.buffers[..2] {
                input.fill(&mut buffer[..frames], noise);
            }
            let before = self.playing();
            let finite = self.block(frames, noise.below(2) == 0);
            standing.changes += u64::from(self.playing() != before);
            if !finite {
                standing.fault(format!(
                    "{input:?} at {} Hz: expected finite output, got a sample that is no number",
                    self.sample_rate
                ));
            }
            played += frames;
            let due = Duration::from_secs_f64(played as f64 / rate / FASTER);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        standing.sound_seconds += played as f64 / rate;
    }

    /// What a user or a host may do between two blocks.
    fn touch(&mut self, subjects: &[Subject], noise: &mut Noise, standing: &mut Standing) {
        if noise.below(4) == 0 {
            let id = noise.of(&TABLE).id;
            let value = id.parameter().value_at(noise.between(0.0, 1.0) as f32);
            self.shared.set(id, value);
            standing.moves += 1;
        }
        match noise.below(600) {
            0..6 => {
                let subject = noise.of(subjects);
                let slot = subject.values.get(Id::Impulse);
                self.shared.set(Id::Impulse, slot);
            }
            6..10 => {
                let preset = noise.of(preset::factory());
                // By its text, as from a file.
                if let Ok(read) = Preset::parse(preset.to_text().as_bytes()) {
                    let mut values = read.values();
                    let slot = preset.impulse.as_ref();
                    let slot = slot.and_then(|impulse| Slots::of_factory(&impulse.name));
                    values.set(Id::Impulse, slot.unwrap_or(0) as f32);
                    self.shared.set_all(&values);
                    standing.presets += 1;
                } else {
                    standing.fault(format!("preset {}: it cannot be read again", preset.name));
                }
            }
            10 => self.give(Some(Arc::clone(&self.long))),
            11..14 => self.give(None),
            14 => self.processor.reset(),
            15 => self.shared.set_tempo(noise.between(30.0, 300.0)),
            _ => {}
        }
    }

    /// The impulse that plays, to be compared.
    fn playing(&self) -> usize {
        Arc::as_ptr(self.processor.engine().impulse()).addr()
    }

    /// Plays a block of the first two buffers into the last two. Says whether what came out is finite.
    fn block(&mut self, frames: usize, in_place: bool) -> bool {
        self.processor.set(self.shared.mix());
        let [a, b, c, d] = &mut self.buffers;
        if in_place {
            c[..frames].copy_from_slice(&a[..frames]);
            d[..frames].copy_from_slice(&b[..frames]);
            let channels = &mut [&mut c[..frames], &mut d[..frames]];
            self.processor.process_in_place(channels);
        } else {
            let outputs = &mut [&mut c[..frames], &mut d[..frames]];
            self.processor
                .process(&mut Block::new(&[&a[..frames], &b[..frames]], outputs));
        }
        c[..frames]
            .iter()
            .chain(&d[..frames])
            .all(|sample| sample.is_finite())
    }

    fn silence(&mut self) {
        for buffer in &mut self.buffers[..2] {
            buffer.fill(0.0);
        }
        self.block(1024, true);
    }

    /// Plays silence until `subject`'s impulse plays and all before it is over. Says whether that came to pass.
    fn settle(&mut self, subject: &Subject) -> Result<bool, SelftestError> {
        let ready = self.maker.make(&subject.wanted()?)?;
        self.give(None);
        self.shared.set_all(&subject.values);
        let begun = Instant::now();
        let asked = self.asked.load(Ordering::Relaxed);
        let plays = |processor: &Processor| {
            let engine = processor.engine();
            Arc::ptr_eq(engine.impulse(), &ready.impulse) && !engine.is_changing()
        };
        // By the fourth time that it asks, the loader has sent whatever it was making before.
        let mut heard = false;
        while !heard || !plays(&self.processor) {
            if begun.elapsed() > PATIENCE {
                return Ok(false);
            }
            heard = self.asked.load(Ordering::Relaxed) >= asked + 4;
            self.silence();
            std::thread::sleep(Duration::from_micros(500));
        }
        let predelay = f64::from(MAX_PREDELAY_MS) * 1e-3 * f64::from(self.sample_rate);
        let over = ready.impulse.frames() + predelay as usize + OVER;
        for _ in 0..over.div_ceil(1024) {
            self.silence();
        }
        Ok(true)
    }

    /// Left in peace with `subject`: a second of sound and its tail against the equation and a new mixer.
    pub fn check(
        &mut self,
        subject: &Subject,
        noise: &mut Noise,
        standing: &mut Standing,
    ) -> Result<(), SelftestError> {
        let what = format!("{} at {} Hz", subject.name, self.sample_rate);
        if !self.settle(subject)? {
            standing.fault(format!(
                "{what}: expected it to play after {} s, and it does not",
                PATIENCE.as_secs()
            ));
            return Ok(());
        }
        let rate = f64::from(self.sample_rate);
        let sounding = (noise.between(0.3, 1.0) * rate) as usize;
        let fitted = subject.source()?.fit(2, self.sample_rate)?;
        let mix = self.shared.mix();
        let predelay = mix.predelay_samples(self.sample_rate);
        let frames = sounding + fitted.responses()[0].len() + predelay;
        let level = noise.between(0.02, 0.9);
        let x: Vec<Vec<f32>> = (0..2)
            .map(|_| {
                (0..sounding)
                    .map(|_| (level * noise.sample()) as f32)
                    .collect()
            })
            .collect();
        let mut want = vec![vec![0.0; frames]; 2];
        add_weighed(&fitted, &x, &vec![1.0; sounding], &mut want);
        let mut mixer = Mixer::new(2, self.sample_rate, mix);
        let mut wet: Vec<Vec<f32>> = want
            .iter()
            .map(|want| want.iter().map(|&want| want as f32).collect())
            .collect();
        let mut got = [Vec::new(), Vec::new()];
        let mut from = 0;
        while from < frames {
            let to = frames.min(from + 1 + noise.below(1024));
            for (buffer, x) in self.buffers.iter_mut().zip(&x) {
                for (place, sample) in buffer[..to - from].iter_mut().enumerate() {
                    *sample = x.get(from + place).copied().unwrap_or(0.0);
                }
            }
            self.block(to - from, false);
            let [a, b, c, d] = &self.buffers;
            let (left, right) = (&c[..to - from], &d[..to - from]);
            got[0].extend_from_slice(left);
            got[1].extend_from_slice(right);
            let mut slices = wet.iter_mut().map(|wet| &mut wet[from..to]);
            let (Some(left), Some(right)) = (slices.next(), slices.next()) else {
                break;
            };
            let dry = [&a[..to - from], &b[..to - from]];
            mixer.process(&mut Block::new(&dry, &mut [left, right]));
            from = to;
        }
        let want: Vec<Vec<f64>> = wet
            .into_iter()
            .map(|wet| wet.into_iter().map(f64::from).collect())
            .collect();
        let slices: Vec<&[f32]> = got.iter().map(Vec::as_slice).collect();
        standing.null(residue_db(&slices, &want), &what);
        standing.sound_seconds += frames as f64 / rate;
        Ok(())
    }
}

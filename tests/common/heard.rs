//! Known rooms, a sweep heard in them, and what is made of it, with the definition in f64 to hold it against.
#![allow(dead_code, reason = "each test file uses its own part")]

use partita::impulse::measure::{
    MeasureError, Measurement, Played, Recording, Start, Sweep, measure,
};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;
use std::f64::consts::TAU;

/// Gaussian noise of unit variance, the same for the same seed.
pub struct Noise(pub u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub fn next(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }
}

/// A direct sound and a decay of 60 dB in `seconds`.
pub fn room(seed: u64, rate: u32, seconds: f64) -> Vec<f64> {
    let mut noise = Noise(seed);
    let frames = (1.2 * seconds * f64::from(rate)) as usize;
    let decay = -3.0 * 10_f64.ln() / (seconds * f64::from(rate));
    let mut room: Vec<f64> = (0..frames)
        .map(|n| 0.02 * (decay * n as f64).exp() * noise.next())
        .collect();
    room[0] = 0.5;
    room
}

/// (f*g)(c) = Σ f(a) g(c − a), by spectra in f64; as long as `x` and silence enough for `h`.
pub fn convolve(x: &[f64], h: &[f64]) -> Vec<f64> {
    let frames = x.len() + h.len() - 1;
    let (a, b) = (spectrum(x, frames), spectrum(h, frames));
    let size = frames.next_power_of_two();
    let mut bins: Vec<_> = a.iter().zip(&b).map(|(a, b)| a * b / size as f64).collect();
    let last = bins.len() - 1;
    (bins[0].im, bins[last].im) = (0.0, 0.0);
    let mut samples = vec![0.0; size];
    let plan = RealFftPlanner::<f64>::new().plan_fft_inverse(size);
    plan.process(&mut bins, &mut samples).expect("sizes fit");
    samples.truncate(frames);
    samples
}

pub fn spectrum(x: &[f64], frames: usize) -> Vec<Complex<f64>> {
    let plan = RealFftPlanner::<f64>::new().plan_fft_forward(frames.next_power_of_two());
    let mut padded = plan.make_input_vec();
    padded[..x.len()].copy_from_slice(x);
    let mut bins = plan.make_output_vec();
    plan.process(&mut padded, &mut bins).expect("sizes fit");
    bins
}

/// Energy of what differs over the energy of what was expected, in dB, between two frequencies: by Parseval's theorem on
/// the spectra of the whole signals, no window.
pub fn error_db(got: &[f64], expected: &[f64], rate: u32, range: (f64, f64)) -> f64 {
    let frames = got.len().max(expected.len());
    let (got, expected) = (spectrum(got, frames), spectrum(expected, frames));
    let step = f64::from(rate) / frames.next_power_of_two() as f64;
    let (mut error, mut power) = (0.0, 0.0);
    for (k, (got, expected)) in got.iter().zip(&expected).enumerate() {
        if (range.0..=range.1).contains(&(k as f64 * step)) {
            error += (got - expected).norm_sqr();
            power += expected.norm_sqr();
        }
    }
    10.0 * (error / power).log10()
}

pub fn narrow(samples: &[f64]) -> Vec<f32> {
    samples.iter().map(|&x| x as f32).collect()
}

pub fn wide(samples: &[f32]) -> Vec<f64> {
    samples.iter().map(|&x| f64::from(x)).collect()
}

/// What microphones hear: `paths[speaker][microphone]`, `late` frames after it was played, and a second more.
pub fn heard(sweep: &Sweep, paths: &[Vec<Vec<f64>>], late: usize) -> Vec<Vec<f64>> {
    let played = sweep.played().expect("a sweep");
    let frames = played.frames() + late + sweep.sample_rate as usize;
    let mut microphones = vec![vec![0.0; frames]; paths[0].len()];
    for (speaker, paths) in played.channels.iter().zip(paths) {
        for (microphone, path) in microphones.iter_mut().zip(paths) {
            let sound = convolve(&wide(speaker), path);
            for (sum, x) in microphone[late..].iter_mut().zip(sound) {
                *sum += x;
            }
        }
    }
    microphones
}

pub fn measured(sweep: &Sweep, microphones: &[Vec<f64>]) -> Measurement {
    let channels: Vec<Vec<f32>> = microphones.iter().map(|it| narrow(it)).collect();
    let recording = Recording {
        sample_rate: sweep.sample_rate,
        microphones: channels.iter().map(Vec::as_slice).collect(),
        loopback: None,
    };
    let played = Played::Sweep(*sweep);
    measure("room", &played, &recording, Start::DirectSound).expect("a measurement")
}

/// The frame of the largest sample.
pub fn peak(samples: &[f32]) -> usize {
    let all = samples.iter().enumerate();
    let most = all.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    most.expect("samples").0
}

/// A path of the measured against `known`, put where it fits best: a band has its peak some samples off.
pub fn residue(measured: &Measurement, channel: usize, known: &[f64], sweep: &Sweep) -> f64 {
    let got = wide(&measured.impulse.channels[channel]);
    let range = (sweep.from, sweep.to);
    let at = |lag: usize| error_db(&got, &after(lag, 1.0, known), sweep.sample_rate, range);
    let near = peak(&measured.impulse.channels[channel]);
    let most = if range.1 < 0.3 * f64::from(sweep.sample_rate) {
        8
    } else {
        0
    };
    let lags = near.saturating_sub(most)..=near + most;
    lags.map(at).fold(f64::INFINITY, f64::min)
}

pub fn ways(
    sweep: &Sweep,
    microphones: &[Vec<f64>],
    loopback: Option<&[f64]>,
    start: Start,
) -> Result<Measurement, MeasureError> {
    let channels: Vec<Vec<f32>> = microphones.iter().map(|it| narrow(it)).collect();
    let loopback = loopback.map(narrow);
    let recording = Recording {
        sample_rate: sweep.sample_rate,
        microphones: channels.iter().map(Vec::as_slice).collect(),
        loopback: loopback.as_deref(),
    };
    measure("room", &Played::Sweep(*sweep), &recording, start)
}

/// Short, for what does not need the range's lowest octave to be exact.
pub fn short() -> Sweep {
    Sweep {
        seconds: 3.0,
        from: 50.0,
        decay: 1.5,
        ..Sweep::default()
    }
}

/// A path that begins after `late` frames.
pub fn after(late: usize, gain: f64, path: &[f64]) -> Vec<f64> {
    let mut delayed = vec![0.0; late];
    delayed.extend(path.iter().map(|x| gain * x));
    delayed
}

//! Peaks, also those between the samples; constant offset; clipping.

use serde::Serialize;

/// The largest magnitude; full scale is 1. Loader thread.
pub fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

/// A magnitude in dB; `None` for 0.
pub(in crate::impulse) fn decibels(magnitude: f32) -> Option<f64> {
    (magnitude > 0.0).then(|| 20.0 * f64::from(magnitude).log10())
}

/// ITU-R BS.1770-4, annex 2, table 1: the first two phases of the interpolation by four. The other two are these
/// backwards.
const PHASES: [[f32; 12]; 2] = [
    [
        0.001_708_984_4,
        0.010_986_328,
        -0.019_653_32,
        0.033_203_125,
        -0.059_448_242,
        0.137_329_1,
        0.972_167_97,
        -0.102_294_92,
        0.047_607_422,
        -0.026_611_328,
        0.014_892_578,
        -0.008_300_781,
    ],
    [
        -0.029_174_805,
        0.029_296_875,
        -0.051_757_813,
        0.089_111_33,
        -0.166_503_9,
        0.465_087_9,
        0.779_785_16,
        -0.200_317_38,
        0.101_562_5,
        -0.058_227_54,
        0.033_081_055,
        -0.018_920_898,
    ],
];

/// The largest magnitude of the signal oversampled four times, and of its samples: ITU-R BS.1770-4, annex 2. Within
/// 0.7 dB of the continuous signal's. Loader thread.
pub fn true_peak(samples: &[f32]) -> f32 {
    let mut highest = peak(samples);
    // Beyond both ends there is silence.
    let margin = PHASES[0].len() - 1;
    let mut window = [0.0_f32; 12];
    for &sample in samples.iter().chain(&[0.0; 12][..margin]) {
        window.rotate_left(1);
        window[margin] = sample;
        for phase in &PHASES {
            let forwards: f32 = phase.iter().zip(&window).map(|(c, x)| c * x).sum();
            let backwards: f32 = phase.iter().rev().zip(&window).map(|(c, x)| c * x).sum();
            highest = highest.max(forwards.abs()).max(backwards.abs());
        }
    }
    highest
}

/// The constant that has been added to a recording, full scale = 1; 0 if none can be told from the sound.
///
/// The mean of a whole impulse is no offset: it is its response at 0 Hz, which may be what it likes. An offset is still
/// there when the sound has gone. So it is the mean of the last tenth, and is believed if the two halves of that, and
/// the whole of it, differ by less than a quarter of it, so that slow sound is not taken for one. Loader thread.
pub fn offset(samples: &[f32]) -> f64 {
    let tenth = samples.len() / 10;
    if tenth < 32 {
        return 0.0;
    }
    let mean =
        |samples: &[f32]| samples.iter().map(|&x| f64::from(x)).sum::<f64>() / samples.len() as f64;
    let end = &samples[samples.len() - tenth..];
    let whole = mean(end);
    let quarters = end.chunks_exact(tenth / 4).take(4).map(mean);
    let even = quarters.fold(0.0_f64, |most, part| most.max((part - whole).abs()));
    if 4.0 * even < whole.abs() { whole } else { 0.0 }
}

/// Where samples stand at the extreme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Clipping {
    /// Runs of at least three equal samples at the channel's extreme.
    pub runs: usize,
    /// Samples in them.
    pub samples: usize,
    /// First frame of the first.
    pub first_frame: Option<usize>,
}

/// Finds runs of equal samples at the extreme. Loader thread.
pub fn clipping(samples: &[f32]) -> Clipping {
    let mut found = Clipping::default();
    for run in clipped_runs(samples) {
        found.runs += 1;
        found.samples += run.len();
        found.first_frame.get_or_insert(run.start);
    }
    found
}

/// Shortest run that is taken for clipping: two equal samples may stand around any peak.
const RUN: usize = 3;

/// Below this the extreme of a 16-bit file is a few steps high, and runs are rounding: −60 dBFS, 33 steps.
const LEAST_PEAK: f32 = 0.001;

/// The runs themselves. The extremes of the two signs may differ: an offset moves both.
pub(in crate::impulse) fn clipped_runs(
    samples: &[f32],
) -> impl Iterator<Item = std::ops::Range<usize>> {
    let (low, high) = samples.iter().fold((0.0_f32, 0.0_f32), |(low, high), &x| {
        (low.min(x), high.max(x))
    });
    let mut start = 0;
    samples.chunk_by(|a, b| a == b).filter_map(move |run| {
        let range = start..start + run.len();
        start = range.end;
        let extreme = run[0] == high && high >= LEAST_PEAK || run[0] == low && low <= -LEAST_PEAK;
        (run.len() >= RUN && extreme).then_some(range)
    })
}

//! Acoustic feedback, recognised before it is loud.
//!
//! Criteria of T. van Waterschoot and M. Moonen, "Fifty years of acoustic feedback control: state of the art and future
//! challenges" (Proc. IEEE 99, 2011, section IV): a spectral peak is a howl if it stands out from its neighbours (PNPR) and has
//! no harmonics (PHPR), stays exactly in its place (IPMP), and its level in dB rises along a straight line (IMSD): a loop with more
//! gain than 1 grows exponentially, a note does not. A howl that has reached full scale grows no more; there it is one
//! when it is nearly all there is (PAPR) for half a second and does not waver.
//!
//! The spectrum is one of 1024 points every 256, at about 24 kHz, 10.7 ms and 23 Hz apart: one small transform now and then.

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::f32::consts::TAU;
use std::sync::Arc;

/// The rate at which it listens, about, in Hz.
const RATE: u32 = 24_000;
/// Points of a spectrum.
const FRAME: usize = 1024;
/// Points from one spectrum to the next.
const HOP: usize = 256;
/// Peaks that are followed at once.
const TRACKS: usize = 8;
/// Below this level nothing is a howl yet, in dB of a full-scale sine.
const QUIET_DB: f32 = -60.0;
/// PNPR: over what lies four and five bins away.
const NEIGHBOUR_DB: f32 = 9.0;
/// PHPR: over twice and three times the frequency.
const HARMONIC_DB: f32 = 18.0;
/// PAPR, as the part of all power that the peak has.
const MOST: f32 = 0.6;
/// Growth that is one: in dB, over so many spectra (171 ms) or more, this fast in dB per second, and as straight as
/// this, in dB RMS.
const GROWTH_DB: f32 = 12.0;
const GROWTH_FRAMES: u32 = 16;
const GROWTH_DB_PER_SECOND: f32 = 4.0;
const STRAIGHT_DB: f32 = 0.6;
/// How far a howl's frequency strays while it grows, and at full scale, in bins RMS: 2 and 5 Hz. Lips, voices and
/// fingers stray more.
const STRAYS: f32 = 0.08;
const STRAYS_LOUD: f32 = 0.2;
/// A level that is so far from its line begins another, in dB.
const BREAK_DB: f32 = 4.0;
/// Spectra (340 ms) for which a howl at full scale is there before it is one, and how steady it is in dB RMS.
const LOUD_FRAMES: u32 = 32;
const STEADY_DB: f32 = 1.5;
/// The power of a sine in all bins of Hann's window, of that in its own: ¼ on either side.
const LOBE: f32 = 1.5;
/// A howl must have this level when it is told, in dB of a full-scale sine.
const HEARD_DB: f32 = -40.0;

/// A peak that stays in its place, and the straight line through its levels.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    bin: usize,
    /// Spectra since it began; 0 is no track.
    frames: u32,
    /// Of them without harmonics.
    pure: u32,
    /// Sums over time in frames, level in dB, and their products.
    y: f32,
    ty: f32,
    yy: f32,
    /// Sums of its places between bins, counted from where it began, and of their squares.
    at: f32,
    square: f32,
    /// The bin where it began.
    from: usize,
    seen: bool,
}

impl Track {
    fn begin(bin: usize, off: f32, level: f32, pure: bool) -> Self {
        Self {
            bin,
            frames: 1,
            pure: u32::from(pure),
            y: level,
            ty: 0.0,
            yy: level * level,
            at: off,
            square: off * off,
            from: bin,
            seen: true,
        }
    }

    /// Level at the beginning, slope per frame and RMS deviation of the line.
    fn line(&self) -> (f32, f32, f32) {
        let n = self.frames as f32;
        let middle = (n - 1.0) / 2.0;
        let spread = n * (n * n - 1.0) / 12.0;
        let mean = self.y / n;
        let slope = (self.ty - middle * self.y) / spread.max(1.0);
        let rest = self.yy - mean * self.y - slope * slope * spread;
        (mean - slope * middle, slope, (rest.max(0.0) / n).sqrt())
    }

    fn follow(&mut self, bin: usize, off: f32, level: f32, pure: bool) {
        let (first, slope, _) = self.line();
        let guess = first + slope * self.frames as f32;
        if self.frames >= 4 && (level - guess).abs() > BREAK_DB {
            *self = Self::begin(bin, off, level, pure);
            return;
        }
        self.ty += self.frames as f32 * level;
        self.y += level;
        self.yy += level * level;
        let at = bin as f32 - self.from as f32 + off;
        self.at += at;
        self.square += at * at;
        self.bin = bin;
        self.frames += 1;
        self.pure += u32::from(pure);
        self.seen = true;
    }

    /// How far its frequency strays, in bins RMS.
    fn strays(&self) -> f32 {
        let n = self.frames as f32;
        let mean = self.at / n;
        (self.square / n - mean * mean).max(0.0).sqrt()
    }

    fn is_pure(&self) -> bool {
        self.pure * 5 >= self.frames * 4
    }
}

pub struct Howl {
    /// Samples that make one point.
    factor: usize,
    sum: f32,
    summed: usize,
    points: Vec<f32>,
    write: usize,
    since: usize,
    /// Since the last spectrum.
    loud: bool,
    per_second: f32,
    hertz: f32,
    window: Vec<f32>,
    transform: Arc<dyn RealToComplex<f32>>,
    time: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Of a full-scale sine's.
    power: Vec<f32>,
    tracks: [Track; TRACKS],
}

impl std::fmt::Debug for Howl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Howl")
            .field("tracks", &self.tracks)
            .finish_non_exhaustive()
    }
}

impl Howl {
    pub fn new(sample_rate: u32) -> Self {
        let factor = ((sample_rate + RATE / 2) / RATE).max(1) as usize;
        let rate = sample_rate as f32 / factor as f32;
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(FRAME);
        let hann = |n| 0.5 - 0.5 * (TAU * n as f32 / FRAME as f32).cos();
        Self {
            factor,
            sum: 0.0,
            summed: 0,
            points: vec![0.0; FRAME],
            write: 0,
            since: 0,
            loud: false,
            per_second: rate / HOP as f32,
            hertz: rate / FRAME as f32,
            window: (0..FRAME).map(hann).collect(),
            time: transform.make_input_vec(),
            bins: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            power: vec![0.0; FRAME / 2 + 1],
            tracks: [Track::default(); TRACKS],
            transform,
        }
    }

    /// Takes in `frames` frames of finite samples; `loud` if they are so that the limiter works. Gives the frequency of a howl in Hz
    /// when there is one.
    pub fn hear<C: AsMut<[f32]>>(
        &mut self,
        channels: &mut [C],
        frames: usize,
        loud: bool,
    ) -> Option<f32> {
        let mut found = None;
        self.loud |= loud;
        for at in 0..frames {
            // Unequal, so that channels of opposite sign do not hide anything.
            let mut weight = 1.0;
            for channel in channels.iter_mut() {
                self.sum += weight * channel.as_mut()[at];
                weight *= 0.6;
            }
            self.summed += 1;
            if self.summed == self.factor {
                self.points[self.write] = self.sum / self.factor as f32;
                self.write = (self.write + 1) % FRAME;
                (self.sum, self.summed) = (0.0, 0);
                self.since += 1;
                if self.since == HOP {
                    self.since = 0;
                    found = self.look().or(found);
                }
            }
        }
        found
    }

    pub fn reset(&mut self) {
        self.points.fill(0.0);
        self.forget();
    }

    /// Begins all tracks anew.
    pub fn forget(&mut self) {
        self.tracks = [Track::default(); TRACKS];
    }

    fn look(&mut self) -> Option<f32> {
        let (new, old) = self.points.split_at(self.write);
        let points = old.iter().chain(new);
        for ((to, from), window) in self.time.iter_mut().zip(points).zip(&self.window) {
            *to = from * window;
        }
        let loud = std::mem::take(&mut self.loud);
        let done =
            self.transform
                .process_with_scratch(&mut self.time, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffers come from the plan");
        let scale = (4.0 / FRAME as f32).powi(2);
        let mut all = 0.0;
        for (power, bin) in self.power.iter_mut().zip(&self.bins) {
            *power = bin.norm_sqr() * scale;
            all += *power / LOBE;
        }
        for track in &mut self.tracks {
            track.seen = false;
        }
        let mut floor = from_db(QUIET_DB);
        let mut found = None;
        // The highest peaks, one after the other.
        let mut below = f32::INFINITY;
        for _ in 0..TRACKS {
            let Some(bin) = self.highest(below, floor) else {
                break;
            };
            below = self.power[bin];
            floor = floor.max(below * from_db(-40.0));
            let power = self.around(bin);
            found = self
                .follow(bin, power, loud && power > MOST * all)
                .or(found);
        }
        for track in &mut self.tracks {
            if !track.seen {
                track.frames = 0;
            }
        }
        found
    }

    /// The highest peak that stands out, below a power and above another.
    fn highest(&self, below: f32, above: f32) -> Option<usize> {
        let mut highest: Option<usize> = None;
        let mut best = above;
        for bin in 3..self.power.len() - 1 {
            let power = self.power[bin];
            let is_peak = power > self.power[bin - 1] && power >= self.power[bin + 1];
            if power > best && power < below && is_peak && self.stands_out(bin) {
                best = power;
                highest = Some(bin);
            }
        }
        highest
    }

    /// The power of a line: Hann's main lobe.
    fn around(&self, bin: usize) -> f32 {
        let lobe = &self.power[bin - 1..=bin + 1];
        lobe.iter().sum::<f32>() / LOBE
    }

    fn stands_out(&self, bin: usize) -> bool {
        let least = self.power[bin] * from_db(-NEIGHBOUR_DB);
        let near = |away: isize| {
            let at = bin.checked_add_signed(away);
            at.and_then(|at| self.power.get(at))
                .is_none_or(|power| *power < least)
        };
        [-5, -4, 4, 5].into_iter().all(near)
    }

    fn has_no_harmonics(&self, bin: usize) -> bool {
        let least = self.power[bin] * from_db(-HARMONIC_DB);
        let low = |multiple: usize| {
            let reach = multiple * bin - 1..=multiple * bin + 1;
            self.power
                .get(reach)
                .is_none_or(|powers| powers.iter().all(|power| *power < least))
        };
        low(2) && low(3)
    }

    /// Where in a bin the peak is, −½ to ½: for Hann's window from the larger neighbour's magnitude (Grandke 1983).
    fn off(&self, bin: usize) -> f32 {
        let magnitude = |bin: usize| self.power[bin].sqrt();
        let (left, middle, right) = (magnitude(bin - 1), magnitude(bin), magnitude(bin + 1));
        let (sign, side) = if right > left {
            (1.0, right)
        } else {
            (-1.0, left)
        };
        let ratio = side / middle.max(1e-12);
        sign * (2.0 * ratio - 1.0) / (1.0 + ratio)
    }

    fn follow(&mut self, bin: usize, power: f32, is_all: bool) -> Option<f32> {
        let level = 10.0 * power.max(1e-12).log10();
        let (pure, off) = (self.has_no_harmonics(bin), self.off(bin));
        let (per_second, hertz) = (self.per_second, self.hertz);
        let near =
            |track: &&mut Track| track.frames > 0 && !track.seen && track.bin.abs_diff(bin) <= 1;
        let Some(track) = self.tracks.iter_mut().find(near) else {
            if let Some(free) = self.tracks.iter_mut().find(|track| track.frames == 0) {
                *free = Track::begin(bin, off, level, pure);
            }
            return None;
        };
        track.follow(bin, off, level, pure);
        let (_, slope, deviation) = track.line();
        let strays = track.strays();
        let grows = track.frames >= GROWTH_FRAMES
            && deviation <= STRAIGHT_DB
            && strays <= STRAYS
            && slope * (track.frames - 1) as f32 >= GROWTH_DB
            && slope * per_second >= GROWTH_DB_PER_SECOND;
        let fills = is_all
            && track.frames >= LOUD_FRAMES
            && deviation <= STEADY_DB
            && strays <= STRAYS_LOUD;
        (track.is_pure() && level > HEARD_DB && (grows || fills)).then_some(bin as f32 * hertz)
    }
}

fn from_db(db: f32) -> f32 {
    10_f32.powf(db / 10.0)
}

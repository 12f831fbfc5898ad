//! Acoustic feedback, recognised before it is loud.
//!
//! Criteria of T. van Waterschoot and M. Moonen, "Fifty years of acoustic feedback control: state of the art and future
//! challenges" (Proc. IEEE 99, 2011, section IV): a spectral peak is a howl if it stands out from its neighbours (PNPR) and has
//! no harmonics (PHPR), stays exactly in its place (IPMP), and its level in dB rises along a straight line (IMSD): a loop with more
//! gain than 1 grows exponentially, a note does not. A howl that has reached full scale grows no more; there it is one
//! when it is nearly all there is (PAPR) for a third of a second and does not waver. In a long loop in a large room several
//! lines howl at once, and beat: there it is one when they are nearly all there is, and each stays exactly in its place.
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
/// Peaks that are looked at in a spectrum, and followed at once.
const PEAKS: usize = 8;
const TRACKS: usize = 12;
/// Below this level nothing is a howl yet, in dB of a full-scale sine.
const QUIET_DB: f32 = -60.0;
/// PNPR: over what lies three to five bins away, somewhere on either side.
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
/// Several lines that howl at once: how many spectra (427 ms) each has been in its place, and the part of all power that
/// they have together.
const FEW_FRAMES: u32 = 40;
const FEW_MOST: f32 = 0.85;
/// For so many (43 ms) a line that beats may not be seen.
const GAP: u32 = 4;
/// The power of a sine in all bins of Hann's window, of that in its own: ¼ on either side.
const LOBE: f32 = 1.5;
/// A howl must have this level when it is told, in dB of a full-scale sine.
const HEARD_DB: f32 = -40.0;

/// Where a peak is, for as long as it is there.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The bin where it began.
    from: usize,
    /// Spectra, and of them those without harmonics.
    frames: u32,
    pure: u32,
    /// Sums of its places between bins, counted from where it began, and of their squares.
    at: f32,
    square: f32,
}

impl Place {
    fn begin(bin: usize) -> Self {
        Self {
            from: bin,
            ..Self::default()
        }
    }

    fn add(&mut self, bin: usize, off: f32, pure: bool) {
        let at = bin as f32 - self.from as f32 + off;
        self.at += at;
        self.square += at * at;
        self.frames += 1;
        self.pure += u32::from(pure);
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

/// A peak that stays in its place, and the straight line through its levels.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    bin: usize,
    /// Spectra since its line began.
    frames: u32,
    /// Sums over time in frames, level in dB, and their products.
    y: f32,
    ty: f32,
    yy: f32,
    /// Since its line began.
    here: Place,
    /// Since it is there, however its level jumps; no spectra are no track.
    stays: Place,
    /// Spectra in a row in which it was not seen.
    missing: u32,
    /// In the last spectrum.
    power: f32,
    seen: bool,
}

impl Track {
    fn begin(bin: usize, level: f32) -> Self {
        Self {
            bin,
            frames: 1,
            y: level,
            yy: level * level,
            here: Place::begin(bin),
            stays: Place::begin(bin),
            ..Self::default()
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

    fn follow(&mut self, bin: usize, level: f32) {
        let (first, slope, _) = self.line();
        let guess = first + slope * self.frames as f32;
        let breaks = self.frames >= 4 && (level - guess).abs() > BREAK_DB;
        if breaks || self.missing > 0 {
            *self = Self {
                stays: self.stays,
                ..Self::begin(bin, level)
            };
            return;
        }
        self.ty += self.frames as f32 * level;
        self.y += level;
        self.yy += level * level;
        self.bin = bin;
        self.frames += 1;
    }

    /// What was seen of it just now.
    fn see(&mut self, bin: usize, off: f32, power: f32, pure: bool) {
        self.here.add(bin, off, pure);
        self.stays.add(bin, off, pure);
        self.power = power;
        self.seen = true;
        self.missing = 0;
    }

    fn is_there(&self) -> bool {
        self.stays.frames > 0
    }

    /// Whether it is one of several that howl.
    fn stands(&self) -> bool {
        self.seen
            && self.stays.frames >= FEW_FRAMES
            && self.stays.is_pure()
            && self.stays.strays() <= STRAYS_LOUD
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
    /// Spectra in a row with that.
    loud_for: u32,
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
            loud_for: 0,
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
        self.loud_for = 0;
    }

    fn look(&mut self) -> Option<f32> {
        let (new, old) = self.points.split_at(self.write);
        let points = old.iter().chain(new);
        for ((to, from), window) in self.time.iter_mut().zip(points).zip(&self.window) {
            *to = from * window;
        }
        let loud = std::mem::take(&mut self.loud);
        self.loud_for = if loud { self.loud_for + 1 } else { 0 };
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
        for _ in 0..PEAKS {
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
                track.missing += 1;
            }
            if track.missing > GAP {
                *track = Track::default();
            }
        }
        found.or_else(|| self.few(all))
    }

    /// The highest of several that howl at once, of all that power.
    fn few(&self, all: f32) -> Option<f32> {
        let standing = || self.tracks.iter().filter(|track| track.stands());
        let power: f32 = standing().map(|track| track.power).sum();
        if self.loud_for < FEW_FRAMES || power < FEW_MOST * all {
            return None;
        }
        let highest = standing().max_by(|a, b| a.power.total_cmp(&b.power));
        highest.map(|track| track.bin as f32 * self.hertz)
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
        let low = |away: isize| {
            let at = bin.checked_add_signed(away);
            at.and_then(|at| self.power.get(at))
                .is_none_or(|power| *power < least)
        };
        [-5, -4, -3].into_iter().any(low) && [3, 4, 5].into_iter().any(low)
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
            |track: &&mut Track| track.is_there() && !track.seen && track.bin.abs_diff(bin) <= 1;
        let Some(track) = self.tracks.iter_mut().find(near) else {
            if let Some(free) = self.tracks.iter_mut().find(|track| !track.is_there()) {
                *free = Track::begin(bin, level);
                free.see(bin, off, power, pure);
            }
            return None;
        };
        track.follow(bin, level);
        track.see(bin, off, power, pure);
        let (_, slope, deviation) = track.line();
        let strays = track.here.strays();
        let grows = track.frames >= GROWTH_FRAMES
            && deviation <= STRAIGHT_DB
            && strays <= STRAYS
            && slope * (track.frames - 1) as f32 >= GROWTH_DB
            && slope * per_second >= GROWTH_DB_PER_SECOND;
        let fills = is_all
            && track.frames >= LOUD_FRAMES
            && deviation <= STEADY_DB
            && strays <= STRAYS_LOUD;
        (track.here.is_pure() && level > HEARD_DB && (grows || fills)).then_some(bin as f32 * hertz)
    }
}

fn from_db(db: f32) -> f32 {
    10_f32.powf(db / 10.0)
}

//! What is wrong with an impulse, and what can be done about it.
//!
//! Guaranteed: every [`Problem`] says what was found, in figures, and what to do. [`repair()`] changes a copy, and what it
//! says it has put right is not found again.

mod repair;

pub use repair::{Repaired, repair};

use super::analyze::{Analysis, Outline, level};
use super::{ImpulseResponse, Layout};
use serde::Serialize;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It costs time or memory, or is not what one expects.
    Minor,
    /// It is heard.
    Severe,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// No sound at all.
    Silent,
    /// One of two channels is silent.
    SilentChannel,
    /// True stereo whose crossed paths are silent: it is stereo.
    SilentCrossing,
    /// Two channels are the same.
    DuplicateChannels,
    /// Two channels are the same with opposite signs.
    OppositePolarity,
    /// Four channels whose direct sound takes the crossed paths.
    ExchangedChannels,
    /// Four channels that are not LL, LR, RL, RR.
    NotTrueStereo,
    /// Samples stand at the extreme.
    Clipping,
    /// A constant is added to the sound.
    DcOffset,
    /// Beyond full scale.
    TooLoud,
    /// So quiet that an integer format would lose it.
    TooQuiet,
    /// Nothing is heard at first.
    LeadingSilence,
    /// The noise floor goes on where the decay has ended.
    Noise,
    /// Nothing is heard at the end.
    TrailingSilence,
    /// The sound is cut off before it has decayed.
    CutOff,
    /// A rate that no session has.
    OddRate,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// Which.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, with figures.
    pub found: String,
    /// What to do about it.
    pub fix: String,
    /// Whether [`repair()`] does it.
    pub repairable: bool,
}

/// Below the loudest channel's peak, in dB: a channel that is silent beside it.
const SILENT_DB: f64 = -100.0;

/// Two channels that differ by less than this, in dB below their sum, are one. 16 bits of dither differ more.
const SAME_DB: f64 = -80.0;

/// Below the peak, in dB: what an offset may be.
const OFFSET_DB: f64 = -80.0;

/// Below the peak, in dB: what counts as silence before the sound.
const LEAD_DB: f64 = -50.0;

/// The longest lead in seconds. 3 m of air; more is heard as a delay.
const LEAD: f64 = 0.010;

/// The longest single echo in seconds: rooms ring longer.
const ECHO: f64 = 0.050;

/// The lead that is left, in seconds.
const LEAD_LEFT: f64 = 0.001;

/// Seconds, and share of the length, that may follow the last of the sound.
const TRAIL: (f64, f64) = (0.100, 0.15);

/// Below the loudest 1 ms, in dB: how far a sound must have fallen in its last 1 ms.
const END_DB: f64 = -50.0;

/// Peaks in dBFS: beyond these an impulse is too loud or too quiet to be kept as integers. The second leaves 16 bits a
/// range of 57 dB.
const LEVELS: (f64, f64) = (0.0, -40.0);

/// How much stronger in dB the direct sound must be on the wrong path.
const WRONG_PATH_DB: f64 = -3.0;

/// Rates in Hz that sessions have.
const USUAL_RATES: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];

/// Everything that is wrong with `impulse`, the worst first. `analysis` is its own. Loader thread.
pub fn check(impulse: &ImpulseResponse, analysis: &Analysis) -> Vec<Problem> {
    let Some(peak) = &analysis.outline.peak else {
        return vec![Problem {
            kind: Kind::Silent,
            severity: Severity::Severe,
            found: "every sample is zero".to_owned(),
            fix: "choose another file".to_owned(),
            repairable: false,
        }];
    };
    let mut problems = Vec::new();
    channels(impulse, analysis, peak.dbfs, &mut problems);
    levels(analysis, peak.dbfs, &mut problems);
    let offset = problems.iter().any(|it| it.kind == Kind::DcOffset);
    ends(impulse, analysis, offset, &mut problems);
    if !USUAL_RATES.contains(&impulse.sample_rate) {
        let target = usual_rate(impulse.sample_rate);
        problems.push(Problem {
            kind: Kind::OddRate,
            severity: Severity::Minor,
            found: format!("the rate is {} Hz", impulse.sample_rate),
            fix: format!("resample to {target} Hz"),
            repairable: super::resample::RATES.contains(&impulse.sample_rate),
        });
    }
    problems.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.kind.cmp(&b.kind)));
    problems
}

/// The next higher usual rate.
fn usual_rate(rate: u32) -> u32 {
    let higher = USUAL_RATES.into_iter().find(|&usual| usual >= rate);
    higher.unwrap_or(192_000)
}

fn push(problems: &mut Vec<Problem>, kind: Kind, severity: Severity, found: String, fix: &str) {
    problems.push(Problem {
        kind,
        severity,
        found,
        fix: fix.to_owned(),
        repairable: true,
    });
}

fn channels(
    impulse: &ImpulseResponse,
    analysis: &Analysis,
    peak: f64,
    problems: &mut Vec<Problem>,
) {
    use Severity::{Minor, Severe};
    let silent: Vec<bool> = analysis
        .per_channel
        .iter()
        .map(|channel| {
            channel
                .peak_dbfs
                .is_none_or(|level| level < peak + SILENT_DB)
        })
        .collect();
    match (impulse.layout, silent.as_slice(), analysis.pairs.as_slice()) {
        (Layout::Stereo, &[left, right], _) if left || right => {
            let (dead, alive) = if left {
                ("left", "right")
            } else {
                ("right", "left")
            };
            push(
                problems,
                Kind::SilentChannel,
                Severe,
                format!("the {dead} channel is silent"),
                &format!("keep the {alive} one, as mono"),
            );
        }
        (Layout::Stereo, _, [pair]) => {
            let opposite = |value: Option<f64>| value.is_some_and(|value| value < -0.95);
            if let Some(same) = pair.difference_db.filter(|&db| db < SAME_DB) {
                push(
                    problems,
                    Kind::DuplicateChannels,
                    Minor,
                    format!("left and right are the same (their difference is {same:.0} dB)"),
                    "keep one, as mono",
                );
            } else if opposite(pair.early) && pair.late.is_none_or(|late| opposite(Some(late))) {
                push(
                    problems,
                    Kind::OppositePolarity,
                    Severe,
                    "left and right are the same with opposite signs, and vanish in mono"
                        .to_owned(),
                    "invert the right one",
                );
            }
        }
        (Layout::TrueStereo, &[false, true, true, false], _) => push(
            problems,
            Kind::SilentCrossing,
            Minor,
            "LR and RL are silent".to_owned(),
            "keep LL and RR, as stereo",
        ),
        (Layout::TrueStereo, &[false, false, false, false], [left, right, _]) => {
            let figures = [left, right].map(|pair| pair.direct_db.zip(pair.delay_ms));
            if let [Some(left_path), Some(right_path)] = figures {
                paths(
                    left_path,
                    right_path,
                    [left, right].map(|pair| pair.early),
                    problems,
                );
            }
        }
        _ => {}
    }
}

/// Of the two sources: how much stronger the direct sound is on their own side, in dB, and how much later in ms it comes
/// to the other.
fn paths(
    left: (f64, f64),
    right: (f64, f64),
    early: [Option<f64>; 2],
    problems: &mut Vec<Problem>,
) {
    let own = |(db, ms): (f64, f64)| db >= 1.0 || ms >= 0.05 && db > WRONG_PATH_DB;
    let crossed = |(db, ms): (f64, f64)| db <= WRONG_PATH_DB && ms <= 0.0;
    let told = format!(
        "the direct sound of the left is {:+.1} dB and {:+.2} ms from LR to LL, of the right {:+.1} dB and {:+.2} ms from RL to RR",
        left.0, left.1, right.0, right.1
    );
    let coincident = early.iter().flatten().map(|value| value.abs()).sum::<f64>() / 2.0 >= 0.3;
    if crossed(left) && crossed(right) && !coincident {
        push(
            problems,
            Kind::ExchangedChannels,
            Severity::Severe,
            told,
            "exchange LL with LR and RL with RR",
        );
    } else if !own(left) && !own(right) && coincident {
        push(
            problems,
            Kind::NotTrueStereo,
            Severity::Severe,
            format!("{told}: these are four independent channels (ambisonics?), not LL LR RL RR"),
            "load it with --layout matrix",
        );
        if let Some(last) = problems.last_mut() {
            last.repairable = false;
        }
    }
}

fn levels(analysis: &Analysis, peak: f64, problems: &mut Vec<Problem>) {
    let clipped: usize = analysis
        .per_channel
        .iter()
        .map(|it| it.clipping.samples)
        .sum();
    if clipped > 0 {
        let runs: usize = analysis.per_channel.iter().map(|it| it.clipping.runs).sum();
        push(
            problems,
            Kind::Clipping,
            Severity::Severe,
            format!("{clipped} samples in {runs} places stand at the extreme, {peak:.1} dBFS"),
            "draw the peaks again from the slopes beside them",
        );
    }
    let offset = analysis
        .per_channel
        .iter()
        .map(|channel| channel.dc_offset.abs());
    let offset = 20.0 * offset.fold(0.0, f64::max).log10();
    if offset > peak + OFFSET_DB {
        push(
            problems,
            Kind::DcOffset,
            Severity::Severe,
            format!("there is a DC offset of {offset:.1} dBFS"),
            "subtract it",
        );
    }
    if peak > LEVELS.0 {
        push(
            problems,
            Kind::TooLoud,
            Severity::Minor,
            format!("the peak is {peak:+.1} dBFS, which integer formats cannot hold"),
            "lower the level to a peak of -1 dBFS",
        );
    }
    if peak < LEVELS.1 {
        push(
            problems,
            Kind::TooQuiet,
            Severity::Minor,
            format!("the peak is {peak:.1} dBFS"),
            "raise the level to a peak of -1 dBFS",
        );
    }
}

/// Over an `offset` there is no telling where the sound ends: that is looked at once it is gone.
fn ends(impulse: &ImpulseResponse, analysis: &Analysis, offset: bool, problems: &mut Vec<Problem>) {
    let rate = f64::from(impulse.sample_rate.max(1));
    let outline = &analysis.outline;
    let peak = outline.peak.as_ref().map_or(0.0, |peak| peak.dbfs);
    let seconds = |frames: usize| frames as f64 / rate;
    let lead = seconds(lead(impulse, outline));
    let (echoes, grows) = (echoes(impulse, outline), grows(impulse, outline));
    if lead > LEAD && !echoes && !grows && !single_echo(impulse, outline) {
        push(
            problems,
            Kind::LeadingSilence,
            Severity::Minor,
            format!("{:.1} ms of silence come first", 1000.0 * lead),
            "cut it, but for 1 ms",
        );
    }
    if offset {
        return;
    }
    let noise = analysis.decay.broadband.noise_dbfs;
    let long = |frames: usize| {
        seconds(frames) > TRAIL.0 && frames as f64 > TRAIL.1 * outline.frames as f64
    };
    let after_decay = outline.audible_frames - analysis.tail_frames;
    let after_sound = outline.frames - outline.audible_frames;
    if let Some(noise) = noise.filter(|_| long(after_decay)) {
        let severity = if noise > peak - 60.0 {
            Severity::Severe
        } else {
            Severity::Minor
        };
        push(
            problems,
            Kind::Noise,
            severity,
            format!(
                "the decay has met the noise floor of {noise:.0} dBFS at {:.2} s, and {:.2} s of noise follow",
                seconds(analysis.tail_frames),
                seconds(outline.frames - analysis.tail_frames)
            ),
            "fade out and cut there",
        );
    } else if long(after_sound) {
        push(
            problems,
            Kind::TrailingSilence,
            Severity::Minor,
            format!("{:.2} s of silence come last", seconds(after_sound)),
            "cut it",
        );
    }
    if let Some(end) = end_level(impulse).filter(|&db| db > END_DB && !echoes && !grows) {
        push(
            problems,
            Kind::CutOff,
            Severity::Severe,
            format!("the sound is cut off {:.0} dB below its loudest", -end),
            "fade out the last 20 ms",
        );
    }
}

/// Frames before the first that is heard.
fn lead(impulse: &ImpulseResponse, outline: &Outline) -> usize {
    let peak = outline.peak.as_ref().map_or(0.0, |peak| peak.dbfs);
    let heard = 10_f64.powf((peak + LEAD_DB) / 20.0);
    let first = |channel: &Vec<f32>| channel.iter().position(|x| f64::from(x.abs()) >= heard);
    impulse.channels.iter().filter_map(first).min().unwrap_or(0)
}

/// Whether these are echoes: most of the 5 ms pieces between the first and the last sound are 60 dB below the peak.
fn echoes(impulse: &ImpulseResponse, outline: &Outline) -> bool {
    let piece = (impulse.sample_rate as usize / 200).max(1);
    let peak = outline.peak.as_ref().map_or(0.0, |peak| peak.dbfs);
    let heard = 10_f64.powf((peak - 60.0) / 20.0) as f32;
    let start = lead(impulse, outline);
    let loud = |at: usize| {
        let range = at..(at + piece).min(outline.frames);
        let part = |channel: &Vec<f32>| channel.get(range.clone()).map_or(0.0, level::peak);
        impulse.channels.iter().map(part).fold(0.0, f32::max) >= heard
    };
    let pieces: Vec<bool> = (start..outline.frames).step_by(piece).map(loud).collect();
    let end = pieces
        .iter()
        .rposition(|&loud| loud)
        .map_or(0, |last| last + 1);
    let gaps = pieces[..end].iter().filter(|&&loud| !loud).count();
    end == 1 || 2 * gaps > end
}

/// Whether it grows instead of falling, as a reversed sound does: half of its energy comes in the later half of it.
fn grows(impulse: &ImpulseResponse, outline: &Outline) -> bool {
    let start = lead(impulse, outline);
    let middle = start + outline.frames.saturating_sub(start) / 2;
    energy(impulse, middle..outline.frames) > energy(impulse, start..middle)
}

/// Σ of the squares of all channels in a range of frames.
fn energy(impulse: &ImpulseResponse, range: std::ops::Range<usize>) -> f64 {
    let of = |channel: &Vec<f32>| -> f64 {
        let part = channel.get(range.clone()).unwrap_or(&[]);
        part.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
    };
    impulse.channels.iter().map(of).sum()
}

/// Whether this is one repeat: nothing at all, not even the noise of a recording, and then a sound that stays at most
/// [`ECHO`] within 60 dB of its peak.
fn single_echo(impulse: &ImpulseResponse, outline: &Outline) -> bool {
    let rate = f64::from(impulse.sample_rate);
    let peak = outline.peak.as_ref().map_or(0.0, |peak| peak.dbfs);
    let heard = 10_f64.powf((peak - 60.0) / 20.0);
    let channels = || impulse.channels.iter();
    let first = channels().filter_map(|channel| channel.iter().position(|&x| x != 0.0));
    let last = channels().filter_map(|it| it.iter().rposition(|x| f64::from(x.abs()) >= heard));
    let (first, last) = (first.min().unwrap_or(0), last.max().unwrap_or(0));
    first as f64 > LEAD * rate && (last.saturating_sub(first) as f64) < ECHO * rate
}

/// RMS of the last 1 ms in dB below that of the loudest 1 ms, all channels together. `None` below 20 ms, where the last
/// 1 ms is no end.
fn end_level(impulse: &ImpulseResponse) -> Option<f64> {
    let piece = (impulse.sample_rate as usize / 1000).max(1);
    let frames = impulse.frames();
    if frames < 20 * piece {
        return None;
    }
    // Counted from the end, so that the last piece is whole.
    let energy = |index: usize| {
        energy(
            impulse,
            frames - (index + 1) * piece..frames - index * piece,
        )
    };
    let loudest = (0..frames / piece).map(energy).fold(0.0, f64::max);
    (loudest > 0.0).then(|| 10.0 * (energy(0) / loudest).max(1e-30).log10())
}

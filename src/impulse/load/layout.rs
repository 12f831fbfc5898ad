//! What the channels of a file are, how that is known, and how surely.

use super::Fault;
use crate::impulse::Layout;
use crate::impulse::analyze::level::peak;
use crate::impulse::analyze::onset;
use crate::impulse::ixml::RecordingMethod;
use serde::Serialize;
use std::fmt;

/// How the channels of a file are to be understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LayoutChoice {
    /// 1 mono, 2 stereo; of 4, what the file's iXML says or [`LayoutReason::DirectSound`] shows; any other number a
    /// matrix. A stereo file whose name says that it is one half of a true-stereo impulse is joined with the other.
    #[default]
    Auto,
    /// Left and right, alone even if the other half of a true-stereo impulse lies beside it. Any other number of
    /// channels than 2 is an error.
    Stereo,
    /// Four paths LL, LR, RL, RR, in one file or in two. Any other number of channels is an error.
    TrueStereo,
    /// A matrix or independent channels, whatever their number.
    Matrix,
    /// A matrix of so many inputs, packed one after another in time: see [`packed`](crate::impulse::packed).
    Mcfx {
        /// Inputs, 1 or more.
        inputs: u16,
    },
}

/// What the channels were taken for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayoutDecision {
    /// The decision.
    pub layout: Layout,
    /// How sure it is, from 0 to 1; of two possibilities the likelier is taken, so at least 0.5.
    pub confidence: f64,
    /// What it rests on.
    pub reason: LayoutReason,
}

/// What a [`LayoutDecision`] rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LayoutReason {
    /// The user, or the catalogue, says so.
    Asked,
    /// The number of channels.
    Channels,
    /// The file's iXML names this recording method.
    Ixml(#[serde(serialize_with = "method")] RecordingMethod),
    /// Two stereo files, paired by their names.
    Pair,
    /// The inputs and outputs that a jconvolver `.conf` names.
    Conf,
    /// Where the direct sound is.
    DirectSound(DirectSound),
}

fn method<S: serde::Serializer>(method: &RecordingMethod, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(method.as_str())
}

/// The direct sound of LL against LR, and of RR against RL: of the two, what speaks less for true stereo.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DirectSound {
    /// By how much LL and RR are stronger, in dB, at most ±60. Negative: they are weaker, or one of them is.
    pub stronger_db: f64,
    /// By how much LL and RR are earlier, in ms. Negative: they are later, or one of them is.
    pub earlier_ms: f64,
    /// True if it is LR and RL that have the direct sound: true stereo with its outputs exchanged, unless `louder_db` says
    /// otherwise: then its crossed paths were cut closer to their sound.
    pub crossed: bool,
    /// By how much the peaks of LL and RR are higher, in dB, at most ±60: of the two, the lesser.
    pub louder_db: f64,
}

impl fmt::Display for LayoutDecision {
    /// One line, without the layout's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            LayoutReason::Asked => f.write_str("as stated")?,
            LayoutReason::Channels => f.write_str("by the number of channels")?,
            LayoutReason::Ixml(method) => {
                write!(f, "its iXML says the recording method {}", method.as_str())?;
            }
            LayoutReason::Pair => f.write_str("two stereo files, paired by name")?,
            LayoutReason::Conf => f.write_str("by its inputs and outputs")?,
            LayoutReason::DirectSound(direct) => {
                let (own, other) = match direct.crossed {
                    false => ("LL and RR", "LR and RL"),
                    true => ("LR and RL", "LL and RR"),
                };
                // Rounded here, so that there is no −0.00.
                let (level, time) = (
                    rounded(direct.stronger_db, 10.0),
                    rounded(direct.earlier_ms, 100.0),
                );
                if self.layout == Layout::TrueStereo {
                    write!(
                        f,
                        "the direct sound of {own} is {level:+.1} dB and {time:+.2} ms ahead of {other}"
                    )?;
                } else {
                    write!(
                        f,
                        "the direct sound of {own} is not clearly ahead of {other} ({level:+.1} dB, {time:+.2} ms)"
                    )?;
                }
                if direct.crossed && self.layout == Layout::TrueStereo {
                    f.write_str(match direct.louder_db > 0.0 {
                        true => ", but LL and RR have the higher peaks",
                        false => ": left and right may be exchanged",
                    })?;
                }
            }
        }
        write!(f, " ({:.0} % sure)", 100.0 * self.confidence)
    }
}

/// To so many parts of one; never −0.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts + 0.0
}

/// Decides for a single file.
pub(super) fn decide(
    choice: LayoutChoice,
    sample_rate: u32,
    channels: &[Vec<f32>],
    method: Option<&RecordingMethod>,
) -> Result<LayoutDecision, Fault> {
    let count = channels.len() as u16;
    let asked = match (choice, count) {
        (LayoutChoice::Auto, _) => None,
        (LayoutChoice::Matrix | LayoutChoice::Mcfx { .. }, _) => Some(Layout::Matrix),
        (LayoutChoice::TrueStereo, 4) => Some(Layout::TrueStereo),
        (LayoutChoice::TrueStereo, _) => return Err(Fault::NotTrueStereo { channels: count }),
        (LayoutChoice::Stereo, 2) => Some(Layout::Stereo),
        (LayoutChoice::Stereo, _) => return Err(Fault::NotStereo { channels: count }),
    };
    let sure = |layout, reason| LayoutDecision {
        layout,
        confidence: 1.0,
        reason,
    };
    if let Some(layout) = asked {
        return Ok(sure(layout, LayoutReason::Asked));
    }
    Ok(match (channels, method) {
        ([_], _) => sure(Layout::Mono, LayoutReason::Channels),
        ([_, _], _) => sure(Layout::Stereo, LayoutReason::Channels),
        ([_, _, _, _], Some(RecordingMethod::TrueStereo)) => sure(
            Layout::TrueStereo,
            LayoutReason::Ixml(RecordingMethod::TrueStereo),
        ),
        ([_, _, _, _], Some(method @ (RecordingMethod::Quadro | RecordingMethod::Ab))) => {
            sure(Layout::Matrix, LayoutReason::Ixml(method.clone()))
        }
        ([ll, lr, rl, rr], _) => detect(sample_rate, [ll, lr, rl, rr]),
        _ => sure(Layout::Matrix, LayoutReason::Channels),
    })
}

/// The direct sound: this long from the earlier of the two onsets, in seconds, and a little before it. A reflection
/// that comes later has gone 0.85 m further, which in a room is nearly every one.
const DIRECT_SECONDS: f64 = 0.0025;
const BEFORE_SECONDS: f64 = 0.0005;

/// The largest level difference told; beyond it one of the two is silent.
const MAX_DB: f64 = 60.0;

/// Of two loudspeakers and two microphones, each loudspeaker is nearer to its own microphone, or that one faces it: its
/// direct sound is stronger, earlier, or both. Anything else that has four channels (four microphones around one source,
/// an Ambisonic recording, two stereo pairs) has no such cross: the differences have opposite signs, or there are none.
fn detect(sample_rate: u32, [ll, lr, rl, rr]: [&Vec<f32>; 4]) -> LayoutDecision {
    let left = ahead(sample_rate, ll, lr);
    let right = ahead(sample_rate, rr, rl);
    // Crossed if that is what the levels say of both.
    let crossed = left.0 < 0.0 && right.0 < 0.0;
    let sign = if crossed { -1.0 } else { 1.0 };
    let stronger_db = (sign * left.0).min(sign * right.0);
    let earlier_ms = (sign * left.1).min(sign * right.1);
    // 3 dB, or 0.3 ms (10 cm), or a part of each, are as likely one as the other: a spaced pair of omnidirectional
    // microphones at 2 m has about that much in time, a coincident one of cardioids at ±45° twice that in level.
    let evidence = stronger_db / 3.0 + earlier_ms.clamp(-3.0, 3.0) / 0.3;
    let true_stereo = 1.0 / (1.0 + (-1.5 * (evidence - 1.0)).exp());
    let (layout, confidence) = if true_stereo >= 0.5 && stronger_db > 0.0 {
        (Layout::TrueStereo, true_stereo)
    } else {
        (Layout::Matrix, (1.0 - true_stereo).max(0.5))
    };
    LayoutDecision {
        layout,
        confidence,
        reason: LayoutReason::DirectSound(DirectSound {
            stronger_db,
            earlier_ms,
            crossed,
            louder_db: louder(ll, lr).min(louder(rr, rl)),
        }),
    }
}

/// By how many dB the peak of `own` is above that of `other`. Zero if both are silent.
fn louder(own: &[f32], other: &[f32]) -> f64 {
    let [own, other] = [own, other].map(|it| f64::from(peak(it)));
    let db = 20.0 * (own / other).log10();
    if db.is_nan() {
        0.0
    } else {
        db.clamp(-MAX_DB, MAX_DB)
    }
}

/// By how many dB and ms the direct sound of `own` is ahead of that of `other`. Zero if both are silent.
fn ahead(sample_rate: u32, own: &[f32], other: &[f32]) -> (f64, f64) {
    let rate = f64::from(sample_rate);
    let (begin_own, begin_other) = (onset(own), onset(other));
    let Some(first) = begin_own.into_iter().chain(begin_other).min() else {
        return (0.0, 0.0);
    };
    let from = first.saturating_sub((BEFORE_SECONDS * rate) as usize);
    let to = first + (DIRECT_SECONDS * rate) as usize + 1;
    let energy = |channel: &[f32]| {
        let direct = &channel[from.min(channel.len())..to.min(channel.len())];
        direct
            .iter()
            .map(|&x| f64::from(x) * f64::from(x))
            .sum::<f64>()
    };
    let level = 10.0 * (energy(own) / energy(other)).log10();
    let delay = match (begin_own, begin_other) {
        (Some(own), Some(other)) => 1000.0 * (other as f64 - own as f64) / rate,
        // A silent channel is not late.
        _ => 0.0,
    };
    (level.clamp(-MAX_DB, MAX_DB), delay)
}

//! What is wrong, put right in a copy.

use super::{Kind, LEAD_LEFT, Problem, check, lead, usual_rate};
use crate::impulse::analyze::{Analysis, analyze, level};
use crate::impulse::{ImpulseResponse, Layout, resample};

/// A repaired copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The copy.
    pub impulse: ImpulseResponse,
    /// What was put right, in that order.
    pub done: Vec<Problem>,
    /// What is still wrong.
    pub left: Vec<Problem>,
}

/// One repair may lay bare the next: noise below an offset, silence below noise.
const ROUNDS: usize = 4;

/// Seconds of a fade, and the largest share of the length it may take.
const FADE: (f64, f64) = (0.020, 0.2);

/// The peak in dBFS that a level is set to.
const PEAK_DB: f64 = -1.0;

/// Puts right what can be put right, in a copy. Loader thread.
pub fn repair(impulse: &ImpulseResponse) -> Repaired {
    let mut impulse = impulse.clone();
    let mut done: Vec<Problem> = Vec::new();
    for _ in 0..ROUNDS {
        let analysis = analyze(&impulse);
        let mut found = check(&impulse, &analysis);
        // Channels first, then levels, ends and rate: the order of the kinds.
        found.sort_by_key(|problem| problem.kind);
        let mut changed = false;
        for problem in found.into_iter().filter(|problem| problem.repairable) {
            if let Some(better) = apply(&impulse, &analysis, problem.kind) {
                impulse = better;
                changed = true;
                done.push(problem);
            }
        }
        if !changed {
            break;
        }
    }
    let left = check(&impulse, &analyze(&impulse));
    Repaired {
        impulse,
        done,
        left,
    }
}

fn apply(before: &ImpulseResponse, analysis: &Analysis, kind: Kind) -> Option<ImpulseResponse> {
    let mut after = before.clone();
    let channels = &mut after.channels;
    match kind {
        Kind::Silent | Kind::NotTrueStereo => return None,
        Kind::SilentChannel | Kind::DuplicateChannels => {
            let keep = analysis.outline.peak.as_ref()?.channel;
            *channels = vec![channels.get(keep)?.clone()];
            after.layout = Layout::Mono;
        }
        Kind::SilentCrossing => {
            *channels = vec![channels.first()?.clone(), channels.get(3)?.clone()];
            after.layout = Layout::Stereo;
        }
        Kind::OppositePolarity => channels.get_mut(1)?.iter_mut().for_each(|x| *x = -*x),
        Kind::ExchangedChannels => {
            channels.swap(0, 1);
            channels.swap(2, 3);
        }
        Kind::Clipping => channels.iter_mut().for_each(|channel| unclip(channel)),
        Kind::DcOffset => {
            for channel in channels {
                let offset = level::offset(channel) as f32;
                channel.iter_mut().for_each(|x| *x -= offset);
            }
        }
        Kind::TooLoud | Kind::TooQuiet => {
            let peak = channels
                .iter()
                .map(|it| level::peak(it))
                .fold(0.0, f32::max);
            let gain = 10_f64.powf(PEAK_DB / 20.0) / f64::from(peak);
            for x in channels.iter_mut().flatten() {
                *x = (f64::from(*x) * gain) as f32;
            }
        }
        Kind::LeadingSilence => {
            let left = (LEAD_LEFT * f64::from(before.sample_rate)) as usize;
            let cut = lead(before, &analysis.outline).saturating_sub(left);
            for channel in channels {
                channel.drain(..cut.min(channel.len()));
            }
        }
        Kind::Noise => {
            // Frames cut from the start in this round do not count any more.
            let gone = analysis.outline.frames - before.frames();
            let end = analysis.tail_frames.saturating_sub(gone).max(1);
            channels
                .iter_mut()
                .for_each(|channel| channel.truncate(end));
            fade_out(&mut after);
        }
        Kind::TrailingSilence => {
            let gone = analysis.outline.frames - before.frames();
            let end = analysis.outline.audible_frames.saturating_sub(gone).max(1);
            channels
                .iter_mut()
                .for_each(|channel| channel.truncate(end));
        }
        Kind::CutOff => fade_out(&mut after),
        Kind::OddRate => {
            return resample::resample(before, usual_rate(before.sample_rate)).ok();
        }
    }
    Some(after)
}

/// Half a period of a cosine.
fn fade_out(impulse: &mut ImpulseResponse) {
    let frames = impulse.frames();
    let wanted = FADE.0 * f64::from(impulse.sample_rate);
    let length = wanted.min(FADE.1 * frames as f64) as usize;
    for channel in &mut impulse.channels {
        let start = channel.len().saturating_sub(length);
        for (n, x) in channel[start..].iter_mut().enumerate() {
            let phase = (n + 1) as f64 / length as f64 * std::f64::consts::PI;
            *x = (f64::from(*x) * (0.5 + 0.5 * phase.cos())) as f32;
        }
    }
}

/// Draws a cubic through each clipped run from the values and slopes beside it (Hermite), and adds what it takes so
/// that no two samples of it are equal to the old extreme.
fn unclip(samples: &mut [f32]) {
    let runs: Vec<_> = level::clipped_runs(samples).collect();
    for run in runs {
        let at = |index: Option<usize>| {
            index
                .and_then(|index| samples.get(index))
                .map_or(0.0, |&x| f64::from(x))
        };
        let before = at(run.start.checked_sub(1));
        let after = at(Some(run.end));
        let span = (run.len() + 1) as f64;
        let rise = before - at(run.start.checked_sub(2));
        let fall = at(Some(run.end + 1)) - after;
        let extreme = f64::from(samples[run.start]);
        for (n, index) in run.clone().enumerate() {
            let t = (n + 1) as f64 / span;
            let drawn = (1.0 + 2.0 * t) * (1.0 - t) * (1.0 - t) * before
                + t * (1.0 - t) * (1.0 - t) * span * rise
                + t * t * (3.0 - 2.0 * t) * after
                + t * t * (t - 1.0) * span * fall;
            // At least a shallow arch beyond the extreme, so that the run is one no more.
            let arch = extreme * (1.0 + 0.01 * (std::f64::consts::PI * t).sin() + 1e-5 * t);
            samples[index] = (if extreme > 0.0 {
                drawn.max(arch)
            } else {
                drawn.min(arch)
            }) as f32;
        }
    }
}

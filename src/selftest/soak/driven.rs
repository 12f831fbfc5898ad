//! An instance whose impulse changes at known samples: everything that it plays is held against the rule.

use super::super::live::Live;
use super::super::sound::Noise;
use super::super::{Blocks, SelftestError, Subject, add_weighed, format, residue_db, rise};
use super::{Standing, varied};
use crate::engine::mixer::Mix;
use crate::engine::{Change, FADE_FRAMES, LEAD_FRAMES};

/// Samples after a tail until the last job that read it is over: twice the longest partition.
const OVER: usize = 2 * 32_768;

/// One instance.
pub(super) struct Driven {
    live: Live,
    now: Subject,
    sample_rate: u32,
}

impl Driven {
    pub fn new(sample_rate: u32, now: Subject) -> Result<Self, SelftestError> {
        let live = Live::new(now.wanted()?, Mix::NEUTRAL, format(sample_rate))?;
        Ok(Self {
            live,
            now,
            sample_rate,
        })
    }

    /// Some seconds with a few changes in them, and silence until all has rung out, against the rule.
    pub fn check(
        &mut self,
        subjects: &[Subject],
        noise: &mut Noise,
        standing: &mut Standing,
    ) -> Result<(), SelftestError> {
        let rate = f64::from(self.sample_rate);
        let sounding = (noise.between(0.4, 1.2) * rate) as usize;
        let count = 1 + noise.below(3);
        // Not before some sound: at rest a change is at once.
        let mut at: Vec<usize> = (0..count)
            .map(|_| 2000 + noise.below(sounding - 2000))
            .collect();
        at.sort_unstable();
        at.dedup();
        let mut rooms = vec![(0, self.now.clone())];
        let mut kinds = vec![Change::New];
        for &at in &at {
            // One in three is another shape of the one before. Two of them in a row could be a drag, whose tails follow
            // a rule of their own.
            let before = &rooms[rooms.len() - 1].1;
            let shape = noise.below(3) == 0 && kinds[kinds.len() - 1] == Change::New;
            let (kind, next) = if shape {
                (Change::Shape, varied(before, noise))
            } else {
                (Change::New, varied(noise.of(subjects), noise))
            };
            kinds.push(kind);
            rooms.push((at, next));
        }
        let fit = |(_, subject): &(usize, Subject)| -> Result<_, SelftestError> {
            Ok(subject.source()?.fit(2, self.sample_rate)?)
        };
        let fitted = rooms.iter().map(fit).collect::<Result<Vec<_>, _>>()?;
        let longest = fitted
            .iter()
            .map(|fitted| fitted.responses()[0].len())
            .max();
        let frames = sounding + longest.unwrap_or(0) + OVER;
        let level = noise.between(0.02, 0.9);
        let x: Vec<Vec<f32>> = (0..2)
            .map(|_| {
                let mut channel: Vec<f32> = (0..sounding)
                    .map(|_| (level * noise.sample()) as f32)
                    .collect();
                channel.resize(frames, 0.0);
                channel
            })
            .collect();
        let mut got = [Vec::new(), Vec::new()];
        let mut length = Blocks::Random.lengths();
        for (place, (from, subject)) in rooms.iter().enumerate() {
            if place > 0 {
                self.live.change(&subject.wanted()?, kinds[place])?;
            }
            let to = rooms.get(place + 1).map_or(frames, |next| next.0);
            let part: Vec<Vec<f32>> = x.iter().map(|x| x[*from..to].to_vec()).collect();
            for (got, more) in got.iter_mut().zip(self.live.play(&part, &mut length)) {
                got.extend(more);
            }
        }
        let fade = (FADE_FRAMES as f64 * rate / 48_000.0) as usize;
        let mut want = vec![vec![0.0; frames]; 2];
        for (place, fitted) in fitted.iter().enumerate() {
            let mut weights = match place {
                0 => vec![1.0; frames],
                _ => rise(rooms[place].0 + LEAD_FRAMES, fade, frames),
            };
            for (later, _) in &rooms[place + 1..] {
                for (weight, w) in weights
                    .iter_mut()
                    .zip(rise(*later + LEAD_FRAMES, fade, frames))
                {
                    *weight *= 1.0 - w;
                }
            }
            // Silence is not convolved.
            let heard: Vec<Vec<f32>> = x.iter().map(|x| x[..sounding].to_vec()).collect();
            add_weighed(fitted, &heard, &weights, &mut want);
        }
        let slices: Vec<&[f32]> = got.iter().map(Vec::as_slice).collect();
        let names: Vec<_> = rooms
            .iter()
            .map(|(_, subject)| subject.name.as_str())
            .collect();
        let what = format!("{} at {} Hz", names.join(" to "), self.sample_rate);
        standing.change(residue_db(&slices, &want), &what);
        let (back, sent) = (self.live.back(), rooms.len() - 1);
        if back != sent {
            standing.fault(format!("{what}: expected {sent} impulses back, got {back}"));
        }
        standing.changes += sent as u64;
        standing.sound_seconds += frames as f64 / rate;
        if let Some((_, last)) = rooms.pop() {
            self.now = last;
        }
        Ok(())
    }
}

//! A soak: hours of a player's work in minutes, and whether anything is lost, left behind or wrong.
//!
//! Round after round, each at the next of [`RATES`], two instances play side by side:
//!
//! - One with its loader's thread (`soak/played.rs`), as the plugin and live have it: any block length, every parameter moved,
//!   presets loaded, impulses exchanged, resets, broken input. Its output must be finite. Then it is left in peace with
//!   silence, and what follows must be the equation in f64 and a new mixer behind it, below [`NULL_DB`].
//! - One whose impulse is exchanged by hand (`soak/driven.rs`), so that every change falls on a known sample: all that it plays,
//!   from the first change to the end of the last tail, must follow the rule in f64, below [`CHANGE_DB`]. Every impulse
//!   that it let go of must have come back.
//!
//! While both live, at most one prepared impulse each is alive beside those that the cache keeps, and one loader's thread;
//! when both are gone and the cache is cleared, neither. Memory is read at that moment: see [`flat`].

mod driven;
mod memory;
mod played;

pub use memory::flat;

use super::sound::Noise;
use super::{CHANGE_DB, NULL_DB, RATES, SelftestError, Subject, subjects};
use crate::loader::cache::{self, Held};
use crate::params::Id;
use driven::Driven;
use played::Played;
use std::time::{Duration, Instant};

/// Seconds that a loader's thread may take to give back or to bring what it must, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// At least so long, and as long as the round takes that has begun.
    pub time: Duration,
    /// Stretches of each instance before both are built anew.
    pub stretches: u32,
}

/// What was done, and what was seen.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Rounds that have ended.
    pub rounds: u64,
    /// Stretches that were held against the equation.
    pub stretches: u64,
    /// Changes of the impulse, by hand and by the loader's thread.
    pub changes: u64,
    /// Presets that were loaded.
    pub presets: u64,
    /// Parameters that were moved.
    pub moves: u64,
    /// Runs of broken input.
    pub broken: u64,
    /// Seconds of sound that were played.
    pub sound_seconds: f64,
    /// The highest residue against the equation, in dB.
    pub null_db: f64,
    /// The highest residue of changes against their rule, in dB.
    pub change_db: f64,
    /// The most that was alive, and what the cache kept of it.
    pub most: Held,
    /// Bytes of the process in memory after each round, when neither instance is there. Empty where the system does not tell.
    pub memory: Vec<u64>,
    /// What is wrong, in a line each.
    pub faults: Vec<String>,
}

impl Standing {
    fn null(&mut self, db: f64, what: &str) {
        self.stretches += 1;
        self.null_db = self.null_db.max(db);
        // What is no number fails too.
        let within = db < NULL_DB;
        if !within {
            self.fault(format!(
                "{what}: expected less than {NULL_DB} dB against the equation, got {db:.1}"
            ));
        }
    }

    fn change(&mut self, db: f64, what: &str) {
        self.stretches += 1;
        self.change_db = self.change_db.max(db);
        let within = db < CHANGE_DB;
        if !within {
            self.fault(format!(
                "{what}: expected less than {CHANGE_DB} dB against the rule, got {db:.1}"
            ));
        }
    }

    /// The first hundred kinds are kept: a soak that fails at every stretch says enough.
    fn fault(&mut self, fault: String) {
        if self.faults.len() < 100 && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Waits until no more than `playing` prepared impulses are alive beside the kept ones, and `loaders` threads.
    fn count(&mut self, playing: usize, loaders: usize) {
        let begun = Instant::now();
        loop {
            let held = cache::held();
            let beside = held.alive.saturating_sub(held.kept);
            let threads = memory::loader_threads();
            if beside <= playing && threads.is_none_or(|threads| threads == loaders) {
                if held.alive > self.most.alive {
                    self.most = held;
                }
                return;
            }
            if begun.elapsed() > PATIENCE {
                let threads = threads.unwrap_or(loaders);
                self.fault(format!(
                    "round {}: expected at most {playing} prepared impulses beside those kept and {loaders} loader threads, got {beside} and {threads}",
                    self.rounds
                ));
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Plays on until the time is over and tells `tell` after each round. What is wrong is in the [`Standing`] that comes
/// back. Main thread.
///
/// Errors: every [`SelftestError`], all from what the program itself contains.
pub fn soak(extent: Extent, mut tell: impl FnMut(&Standing)) -> Result<Standing, SelftestError> {
    let begun = Instant::now();
    let mut noise = Noise::new(2026);
    let mut standing = Standing {
        null_db: f64::NEG_INFINITY,
        change_db: f64::NEG_INFINITY,
        ..Standing::default()
    };
    let subjects = subjects();
    // From 48 kHz on, so that a short one needs no resampling.
    for sample_rate in RATES.iter().cycle().skip(1) {
        let mut played = Played::new(*sample_rate, noise.of(&subjects))?;
        let mut driven = Driven::new(*sample_rate, noise.of(&subjects).clone())?;
        for _ in 0..extent.stretches.max(1) {
            played.anything(&subjects, &mut noise, &mut standing);
            played.check(
                &varied(noise.of(&subjects), &mut noise),
                &mut noise,
                &mut standing,
            )?;
            driven.check(&subjects, &mut noise, &mut standing)?;
            standing.count(2, 1);
        }
        drop((played, driven));
        cache::clear();
        standing.count(0, 0);
        standing.memory.extend(memory::resident());
        standing.rounds += 1;
        tell(&standing);
        if begun.elapsed() >= extent.time {
            break;
        }
    }
    if let Err(fault) = flat(&standing.memory) {
        standing.fault(fault);
    }
    Ok(standing)
}

/// `subject` with some of its shape and mix moved, within what keeps every impulse audible and shorter than what an engine
/// exchanges in place.
fn varied(subject: &Subject, noise: &mut Noise) -> Subject {
    let mut subject = subject.clone();
    let values = &mut subject.values;
    for (id, low, high) in VARIED {
        if noise.below(3) == 0 {
            values.set(*id, noise.between(*low, *high) as f32);
        }
    }
    values.set(Id::Bypass, 0.0);
    subject
}

/// What is moved, and between which values.
const VARIED: &[(Id, f64, f64)] = &[
    (Id::Mix, 20.0, 100.0),
    (Id::WetGain, -12.0, 6.0),
    (Id::OutputGain, -12.0, 6.0),
    (Id::Predelay, 0.0, 300.0),
    (Id::Width, 0.0, 200.0),
    (Id::LowCut, 10.0, 400.0),
    (Id::HighCut, 2000.0, 20_000.0),
    (Id::CutSlope, 0.0, 1.0),
    (Id::Reverse, 0.0, 1.0),
    (Id::Size, 60.0, 100.0),
    (Id::Decay, 30.0, 100.0),
    (Id::Damping250, 50.0, 150.0),
    (Id::Damping4k, 30.0, 130.0),
    (Id::EarlyLate, -6.0, 6.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_a_fault() {
        let faults = |wrong: &dyn Fn(&mut Standing)| {
            let mut standing = Standing::default();
            wrong(&mut standing);
            standing.faults
        };
        assert!(faults(&|it| it.null(-121.0, "")).is_empty());
        assert!(faults(&|it| it.change(-111.0, "")).is_empty());
        assert!(faults(&|it| it.null(f64::NEG_INFINITY, "")).is_empty());
        let loud = faults(&|it| it.null(-119.9, "hall at 48000 Hz"));
        assert_eq!(
            loud,
            ["hall at 48000 Hz: expected less than -120 dB against the equation, got -119.9"]
        );
        assert_eq!(faults(&|it| it.null(f64::NAN, "")).len(), 1);
        assert_eq!(faults(&|it| it.change(-109.9, "")).len(), 1);
        assert_eq!(
            faults(&|it| (0..200).for_each(|n| it.fault(format!("{}", n % 150)))).len(),
            100
        );
    }
}

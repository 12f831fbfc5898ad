//! An echo while it is drawn: its taps, which of them is chosen, the grid they snap to, and the way back.

use crate::impulse::echo::{
    CUT_HZ, DIFFUSION_PERCENT, Echo, Feedback, Feel, GAIN_DB, Note, PAN_PERCENT, Polarity, Preset,
    Sides, Tap, Time,
};
use std::ops::RangeInclusive;

/// Steps that can be undone.
const STEPS: usize = 200;

/// The quietest that is drawn, in dB: what is typed may be quieter.
pub const LOWEST_DB: f32 = -48.0;

/// The loudest that is drawn, in dB.
pub const HIGHEST_DB: f32 = 6.0;

/// To which moments a tap is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grid {
    /// Quarter notes.
    Quarters,
    /// Eighths.
    Eighths,
    /// Sixteenths.
    #[default]
    Sixteenths,
    /// Three in the time of two eighths.
    Triplets,
    /// None.
    Off,
}

impl Grid {
    /// All, each with its name.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Quarters, "1/4"),
        (Self::Eighths, "1/8"),
        (Self::Sixteenths, "1/16"),
        (Self::Triplets, "1/8t"),
        (Self::Off, "Free"),
    ];

    /// One step.
    pub fn note(self) -> Option<Note> {
        let (denominator, feel) = match self {
            Self::Quarters => (4, Feel::Straight),
            Self::Eighths => (8, Feel::Straight),
            Self::Sixteenths => (16, Feel::Straight),
            Self::Triplets => (8, Feel::Triplet),
            Self::Off => return None,
        };
        Some(Note {
            numerator: 1,
            denominator,
            feel,
        })
    }

    /// The step at that tempo, in ms.
    pub fn step_ms(self, tempo_bpm: f64) -> Option<f64> {
        Some(Time::Note(self.note()?).milliseconds(tempo_bpm))
    }

    /// The moment of the grid nearest to so many ms: a note, so that it goes with the tempo. Without a grid, to a tenth of a
    /// ms.
    pub fn nearest(self, ms: f64, tempo_bpm: f64) -> Time {
        let ms = ms.max(0.0);
        let (Some(note), Some(step)) = (self.note(), self.step_ms(tempo_bpm)) else {
            return Time::Ms((ms * 10.0).round() / 10.0);
        };
        let steps = (ms / step).round();
        if steps == 0.0 {
            return Time::Ms(0.0);
        }
        let (mut numerator, mut denominator) =
            (steps.min(f64::from(u16::MAX)) as u16, note.denominator);
        // As people write it: 4/16 is a quarter. Triplets stay what they are called.
        while numerator % 2 == 0 && denominator > 4 && note.feel == Feel::Straight {
            (numerator, denominator) = (numerator / 2, denominator / 2);
        }
        Time::Note(Note {
            numerator,
            denominator,
            feel: note.feel,
        })
    }
}

/// A spike as it is drawn: of a tap, or of one of its repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// Which tap.
    pub tap: usize,
    /// Which repeat; 0 is the tap itself.
    pub generation: u16,
    /// When.
    pub ms: f64,
    /// How loud.
    pub gain_db: f32,
    /// Where, in %: −100 left, 100 right.
    pub pan_percent: f32,
    /// Turned over.
    pub inverted: bool,
}

/// An echo, and what is to be put back with it.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    echo: Echo,
    selected: Option<usize>,
}

/// The echo.
#[derive(Clone, Debug)]
pub struct Design {
    echo: Echo,
    /// What it is called.
    pub name: String,
    /// Beats per minute, where the host has none.
    pub own_bpm: f64,
    /// What taps snap to.
    pub grid: Grid,
    selected: Option<usize>,
    past: Vec<Step>,
    future: Vec<Step>,
    /// As it was when the gesture began.
    held: Option<Step>,
}

impl Default for Design {
    fn default() -> Self {
        Self {
            echo: Preset::DottedEighth.echo(),
            name: "Dotted eighth".to_owned(),
            own_bpm: 120.0,
            grid: Grid::default(),
            selected: None,
            past: Vec::new(),
            future: Vec::new(),
            held: None,
        }
    }
}

impl Design {
    /// Of an echo that is there.
    pub fn of(name: &str, echo: Echo) -> Self {
        Self {
            echo,
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// As it stands.
    pub fn echo(&self) -> &Echo {
        &self.echo
    }

    /// Which tap is chosen.
    pub fn selected(&self) -> Option<usize> {
        self.selected.filter(|tap| *tap < self.echo.taps.len())
    }

    /// Chooses a tap.
    pub fn select(&mut self, tap: Option<usize>) {
        self.selected = tap;
    }

    fn now(&self) -> Step {
        Step {
            echo: self.echo.clone(),
            selected: self.selected,
        }
    }

    /// What follows, until [`Design::end`], is one step.
    pub fn begin(&mut self) {
        self.end();
        self.held = Some(self.now());
    }

    /// The gesture is over.
    pub fn end(&mut self) {
        if let Some(before) = self.held.take()
            && before.echo != self.echo
        {
            self.remember(before);
        }
    }

    fn remember(&mut self, before: Step) {
        self.future.clear();
        self.past.push(before);
        if self.past.len() > STEPS {
            self.past.remove(0);
        }
    }

    /// Changes it: a step, or a part of the gesture that has begun.
    pub fn edit(&mut self, change: impl FnOnce(&mut Echo)) {
        let before = self.now();
        change(&mut self.echo);
        if self.held.is_none() && before.echo != self.echo {
            self.remember(before);
        }
    }

    /// Changes one tap, if it is there, and keeps its numbers within what they may be.
    pub fn edit_tap(&mut self, tap: usize, change: impl FnOnce(&mut Tap)) {
        self.edit(|echo| {
            if let Some(tap) = echo.taps.get_mut(tap) {
                change(tap);
                within(&mut tap.gain_db, &GAIN_DB);
                within(&mut tap.pan_percent, &PAN_PERCENT);
                within(&mut tap.diffusion_percent, &DIFFUSION_PERCENT);
                for cut in [&mut tap.low_cut_hz, &mut tap.high_cut_hz] {
                    cut.iter_mut().for_each(|cut| within(cut, &CUT_HZ));
                }
            }
        });
    }

    /// Changes the repeats, and keeps their numbers within what they may be.
    pub fn edit_feedback(&mut self, change: impl FnOnce(&mut Feedback)) {
        self.edit(|echo| {
            change(&mut echo.feedback);
            within(&mut echo.feedback.gain_db, &GAIN_DB);
        });
    }

    /// The tap before the chosen one in time, or after it; from none, the first or the last.
    pub fn beside(&self, after: bool, tempo_bpm: f64) -> Option<usize> {
        let mut order: Vec<usize> = (0..self.echo.taps.len()).collect();
        order.sort_by(|one, other| {
            let [one, other] =
                [one, other].map(|tap| self.echo.taps[*tap].time.milliseconds(tempo_bpm));
            one.total_cmp(&other)
        });
        let at = self
            .selected()
            .and_then(|chosen| order.iter().position(|tap| *tap == chosen));
        match (at, after) {
            (Some(at), true) => order.get(at + 1).or(order.last()).copied(),
            (Some(at), false) => order.get(at.saturating_sub(1)).copied(),
            (None, true) => order.first().copied(),
            (None, false) => order.last().copied(),
        }
    }

    /// Sets a new tap down, and chooses it.
    pub fn add(&mut self, tap: Tap) -> usize {
        self.edit(|echo| echo.taps.push(tap));
        let last = self.echo.taps.len() - 1;
        self.selected = Some(last);
        last
    }

    /// Takes a tap away; the one before it is chosen then.
    pub fn remove(&mut self, tap: usize) {
        if tap >= self.echo.taps.len() {
            return;
        }
        self.edit(|echo| {
            echo.taps.remove(tap);
        });
        let left = self.echo.taps.len();
        self.selected = (left > 0).then(|| tap.saturating_sub(1).min(left - 1));
    }

    /// Puts another echo in its place: a step like any other.
    pub fn replace(&mut self, name: &str, echo: Echo) {
        self.end();
        self.edit(|now| *now = echo);
        self.selected = None;
        name.clone_into(&mut self.name);
    }

    /// Whether there is a way back, and whether there is one forwards.
    pub fn ways(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }

    /// Undoes the last step.
    pub fn undo(&mut self) {
        self.end();
        if let Some(before) = self.past.pop() {
            self.future.push(self.now());
            (self.echo, self.selected) = (before.echo, before.selected);
        }
    }

    /// Does again what was undone.
    pub fn redo(&mut self) {
        self.end();
        if let Some(after) = self.future.pop() {
            self.past.push(self.now());
            (self.echo, self.selected) = (after.echo, after.selected);
        }
    }

    /// Every spike that is drawn, at most `most`: taps first, then repeat after repeat, as far as they are louder than
    /// [`LOWEST_DB`].
    pub fn spikes(&self, tempo_bpm: f64, most: usize) -> Vec<Spike> {
        let feedback = &self.echo.feedback;
        let later = feedback.time.milliseconds(tempo_bpm);
        let spikes = (0..=feedback.generations).flat_map(|generation| {
            let turned = generation % 2 == 1;
            self.echo.taps.iter().enumerate().map(move |(number, tap)| {
                let swaps = turned && feedback.sides == Sides::Swap;
                let turns = turned && feedback.polarity == Polarity::Inverted;
                Spike {
                    tap: number,
                    generation,
                    ms: tap.time.milliseconds(tempo_bpm) + f64::from(generation) * later,
                    gain_db: tap.gain_db + f32::from(generation) * feedback.gain_db,
                    pan_percent: if swaps {
                        -tap.pan_percent
                    } else {
                        tap.pan_percent
                    },
                    inverted: (tap.polarity == Polarity::Inverted) != turns,
                }
            })
        });
        spikes
            .filter(|spike| spike.generation == 0 || spike.gain_db > LOWEST_DB)
            .take(most)
            .collect()
    }

    /// How long a picture of it is, in ms: a round number of seconds that has the taps and what is heard of the repeats.
    pub fn span_ms(&self, tempo_bpm: f64) -> f64 {
        let spikes = self.spikes(tempo_bpm, 4096);
        let heard = spikes
            .iter()
            .filter(|spike| spike.generation == 0 || spike.gain_db > -36.0);
        let last = heard.map(|spike| spike.ms).fold(0.0, f64::max) * 1.08;
        let spans = [
            250.0, 500.0, 1_000.0, 2_000.0, 3_000.0, 4_000.0, 6_000.0, 8_000.0,
        ];
        let round = spans.into_iter().find(|span| *span >= last);
        round.unwrap_or_else(|| (last / 10_000.0).ceil() * 10_000.0)
    }
}

fn within(value: &mut f32, range: &RangeInclusive<f32>) {
    *value = if value.is_finite() {
        value.clamp(*range.start(), *range.end())
    } else {
        0.0_f32.clamp(*range.start(), *range.end())
    };
}

/// The other way up.
pub fn polarity(inverted: bool) -> Polarity {
    if inverted {
        Polarity::Inverted
    } else {
        Polarity::Upright
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_gives_notes_as_people_write_them() {
        // At 120 BPM a quarter lasts 500 ms.
        let at = |grid: Grid, ms: f64| grid.nearest(ms, 120.0).to_string();
        assert_eq!(at(Grid::Sixteenths, 130.0), "1/16");
        assert_eq!(at(Grid::Sixteenths, 374.0), "3/16");
        assert_eq!(at(Grid::Sixteenths, 520.0), "1/4");
        assert_eq!(at(Grid::Quarters, 980.0), "2/4");
        assert_eq!(at(Grid::Triplets, 330.0), "2/8t");
        assert_eq!(at(Grid::Off, 333.333), "333.3 ms");
        assert_eq!(at(Grid::Eighths, -4.0), "0 ms");
        for (grid, _) in Grid::ALL {
            let step = grid.step_ms(96.0).unwrap_or(0.1);
            for ms in (0..3_000).map(f64::from) {
                let snapped = grid.nearest(ms, 96.0).milliseconds(96.0);
                assert!((snapped - ms).abs() <= step / 2.0 + 1e-9, "{grid:?} {ms}");
                let typed: Time = grid.nearest(ms, 96.0).to_string().parse().expect("a time");
                assert!((typed.milliseconds(96.0) - snapped).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn every_change_is_one_step_and_a_gesture_too() {
        let mut design = Design::default();
        let first = design.echo().clone();
        design.begin();
        for ms in 1..50 {
            design.edit_tap(0, |tap| tap.time = Time::Ms(f64::from(ms)));
        }
        design.end();
        let second = design.echo().clone();
        let added = design.add(Tap::new(Time::Ms(700.0), -9.0));
        assert_eq!((added, design.selected()), (1, Some(1)));
        design.remove(1);
        assert_eq!(design.selected(), Some(0));
        assert_eq!(design.echo(), &second);
        design.undo();
        assert_eq!(design.echo().taps.len(), 2);
        design.undo();
        design.undo();
        assert_eq!((design.echo(), design.ways()), (&first, (false, true)));
        design.redo();
        assert_eq!(design.echo(), &second);
        // A gesture that changes nothing is none.
        let ways = design.ways();
        design.begin();
        design.end();
        assert_eq!(design.ways(), ways);
        // A new step ends the way forwards.
        design.edit_tap(0, |tap| tap.gain_db = f32::NAN);
        assert_eq!(design.echo().taps[0].gain_db, 0.0);
        assert_eq!(design.ways(), (true, false));
    }

    #[test]
    fn repeats_are_where_the_built_impulse_has_them() {
        let mut design = Design::default();
        let mut echo = Preset::PingPong.echo();
        echo.feedback.polarity = Polarity::Inverted;
        design.replace("test", echo);
        let built = design.echo().build(48_000, 120.0).expect("an echo");
        let spikes = design.spikes(120.0, 1000);
        assert_eq!(spikes.len(), 12);
        for spike in spikes {
            let frame = (spike.ms * 48.0).round() as usize;
            // Left and right of what comes from both sides.
            let [left, right] = [0, 1].map(|side| {
                f64::from(built.channels[side][frame]) + f64::from(built.channels[side + 2][frame])
            });
            let (near, far) = if spike.pan_percent < 0.0 {
                (left, right)
            } else {
                (right, left)
            };
            // Hard to one side, a sound in the middle has √2 of the gain there.
            let wanted = 10_f64.powf(f64::from(spike.gain_db) / 20.0) * 2_f64.sqrt();
            let wanted = if spike.inverted { -wanted } else { wanted };
            assert!((near / wanted - 1.0).abs() < 1e-5, "{spike:?}: {near}");
            assert!(far.abs() < 1e-6, "{spike:?}: {far}");
        }
    }
}

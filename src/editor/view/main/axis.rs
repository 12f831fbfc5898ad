//! Time from left to right: what is seen of it, and where its marks stand.

use egui::Rangef;

/// The least that can be seen at once, in seconds.
const LEAST: f64 = 0.002;

/// The part of the time that is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Seconds at the left.
    pub from: f64,
    /// Seconds at the right.
    pub to: f64,
}

impl Span {
    /// How much that is, in seconds.
    pub fn seconds(self) -> f64 {
        self.to - self.from
    }

    /// So many times as much, around a moment that stays where it is, within `whole`.
    pub fn zoomed(self, times: f64, around: f64, whole: f64) -> Self {
        let seconds = (self.seconds() * times).clamp(LEAST.min(whole), whole);
        let share = ((around - self.from) / self.seconds()).clamp(0.0, 1.0);
        Self {
            from: around - share * seconds,
            to: around + (1.0 - share) * seconds,
        }
        .within(whole)
    }

    /// So much later.
    pub fn moved(self, seconds: f64, whole: f64) -> Self {
        Self {
            from: self.from + seconds,
            to: self.to + seconds,
        }
        .within(whole)
    }

    /// The same, between 0 and `whole`.
    pub fn within(self, whole: f64) -> Self {
        let seconds = self.seconds().min(whole);
        let from = self.from.clamp(0.0, (whole - seconds).max(0.0));
        Self {
            from,
            to: from + seconds,
        }
    }
}

/// Seconds on a stretch of points.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// What is seen.
    pub span: Span,
    /// Where.
    pub points: Rangef,
}

impl Axis {
    /// Where a moment is.
    pub fn x(&self, seconds: f64) -> f32 {
        let share = (seconds - self.span.from) / self.span.seconds();
        self.points.min + self.points.span() * share as f32
    }

    /// Which moment is there.
    pub fn seconds(&self, x: f32) -> f64 {
        self.span.from + f64::from(x - self.points.min) * self.seconds_per_point()
    }

    /// How long a point lasts.
    pub fn seconds_per_point(&self) -> f64 {
        self.span.seconds() / f64::from(self.points.span().max(1.0))
    }

    /// Marks at round moments, at least so many points apart, each with its words.
    pub fn marks(&self, apart: f32) -> Vec<(f64, String)> {
        let least = self.seconds_per_point() * f64::from(apart);
        let power = 10_f64.powf(least.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|times| times * power)
            .into_iter()
            .find(|step| *step >= least * 0.999)
            .unwrap_or(10.0 * power);
        let first = (self.span.from / step - 1e-6).ceil() as i64;
        let last = (self.span.to / step + 1e-6).floor() as i64;
        // In one unit from left to right.
        let unit = if self.span.to < 1.0 { 1e-3 } else { 1.0 };
        let decimals = (-(step / unit).log10().floor()).clamp(0.0, 3.0) as usize;
        (first..=last.min(first + 200))
            .map(|mark| {
                let seconds = mark as f64 * step;
                let word = if unit < 1.0 { "ms" } else { "s" };
                (seconds, format!("{:.decimals$} {word}", seconds / unit))
            })
            .collect()
    }
}

/// A moment in words, to the accuracy of a picture.
pub fn moment(seconds: f64) -> String {
    if seconds.abs() < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.2} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_in_one_unit() {
        let axis = |from, to| Axis {
            span: Span { from, to },
            points: Rangef::new(0.0, 800.0),
        };
        let words = |axis: Axis| {
            let marks = axis.marks(80.0).into_iter();
            marks.map(|(_, word)| word).collect::<Vec<_>>()
        };
        let short = words(axis(0.0, 0.08));
        assert_eq!(&short[..3], ["0 ms", "10 ms", "20 ms"]);
        let long = words(axis(0.0, 4.0));
        assert_eq!(&long[..3], ["0.0 s", "0.5 s", "1.0 s"]);
        assert_eq!(words(axis(0.0101, 0.0125)).len(), 5);
        assert_eq!(words(axis(0.0, 600.0))[1], "100 s");
    }

    #[test]
    fn zooming_holds_what_is_under_the_pointer() {
        let whole = Span { from: 0.0, to: 4.0 };
        let near = whole.zoomed(0.5, 1.0, 4.0);
        assert_eq!(near, Span { from: 0.5, to: 2.5 });
        assert_eq!(near.zoomed(100.0, 1.0, 4.0), whole);
        assert!(near.zoomed(1e-9, 1.0, 4.0).seconds() >= LEAST * 0.99);
        assert_eq!(near.moved(9.0, 4.0), Span { from: 2.0, to: 4.0 });
    }
}

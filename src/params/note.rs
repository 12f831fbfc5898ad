//! Note values: times that follow the tempo.

use crate::engine::mixer::MAX_PREDELAY_MS;

/// A note value, plain, dotted or triplet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// 4 is a quarter.
    denominator: u16,
    /// Its length as a fraction of the plain note's: 3/2 dotted, 2/3 triplet.
    stretch: (u16, u16),
}

/// The choices, shortest first: the first is no note. `d` is dotted, `t` triplet. Only ever added to at the end.
pub const WORDS: &[&str] = &[
    "off", "1/64", "1/32t", "1/32", "1/16t", "1/32d", "1/16", "1/8t", "1/16d", "1/8", "1/4t",
    "1/8d", "1/4", "1/2t", "1/4d", "1/2",
];

impl Note {
    /// The note of that number in [`WORDS`]; `None` for off. Audio thread.
    pub fn from_choice(choice: f32) -> Option<Self> {
        let word = WORDS.get(choice as usize)?.strip_prefix("1/")?;
        let (digits, stretch) = match word.as_bytes().last()? {
            b'd' => (&word[..word.len() - 1], (3, 2)),
            b't' => (&word[..word.len() - 1], (2, 3)),
            _ => (word, (1, 1)),
        };
        let denominator = digits.parse().ok()?;
        Some(Self {
            denominator,
            stretch,
        })
    }

    /// Its length at `tempo` quarters per minute, at most [`MAX_PREDELAY_MS`]. A tempo that is none counts as
    /// the slowest. Audio thread.
    pub fn milliseconds(self, tempo: f64) -> f32 {
        let quarters = 4.0 / f64::from(self.denominator) * f64::from(self.stretch.0)
            / f64::from(self.stretch.1);
        // Not `clamp`: what is not a number must end up within, too.
        let tempo = if tempo > 1.0 { tempo } else { 1.0 };
        ((60_000.0 / tempo * quarters) as f32).min(MAX_PREDELAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(word: &str, tempo: f64) -> f32 {
        let choice = WORDS.iter().position(|w| *w == word).expect("a word");
        let note = Note::from_choice(choice as f32).expect("a note");
        note.milliseconds(tempo)
    }

    #[test]
    fn notes_are_as_long_as_the_tempo_says() {
        assert_eq!(Note::from_choice(0.0), None);
        assert_eq!(Note::from_choice(1e9), None);
        assert_eq!(milliseconds("1/4", 120.0), 500.0);
        assert_eq!(milliseconds("1/8d", 120.0), 375.0);
        assert_eq!(milliseconds("1/16", 150.0), 100.0);
        assert!((milliseconds("1/8t", 100.0) - 200.0).abs() < 1e-4);
        for tempo in [0.0, -5.0, f64::NAN, 1e-300] {
            assert_eq!(milliseconds("1/2", tempo), MAX_PREDELAY_MS);
        }
        let all = WORDS[1..].iter().map(|word| milliseconds(word, 200.0));
        assert!(all.collect::<Vec<_>>().is_sorted());
    }
}

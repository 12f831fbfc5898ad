//! Words → impulses: by name, tag, folder and description; case and accents do not matter.
//!
//! Every word of a query must be somewhere in an impulse. Where it is decides the order: in the name before in a tag, in a
//! tag before elsewhere; a whole word before a beginning, a beginning before a middle.

use std::path::{Component, Path};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The most tags of a file, and the longest, in characters: names come from anybody's archive.
const MAX_TAGS: usize = 16;
const MAX_TAG: usize = 64;

/// The words of a query that count: whoever pastes a book need not wait for the answer.
const MAX_WORDS: usize = 64;

/// Text as it is compared: decomposed (Unicode Annex 15, form KD), without accents, in lower case. Letters that Unicode
/// does not decompose are written as their languages do without them.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let plain = text.nfkd().filter(|&c| !is_combining_mark(c));
    for character in plain.flat_map(char::to_lowercase) {
        match character {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            // Lower case may decompose anew: İ is i and a dot.
            mark if is_combining_mark(mark) => {}
            other => folded.push(other),
        }
    }
    folded
}

/// The words of folded text.
fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn spaced<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// The tags of a file: its folders within the library, and the words of three letters or more in its name.
pub(super) fn tags(folder: &Path, path: &Path) -> Vec<String> {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    let folders = inside.parent().into_iter().flat_map(Path::components);
    let folders = folders.filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().replace('_', " ").to_lowercase()),
        _ => None,
    });
    let stem = inside.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.to_lowercase();
    let stem: String = stem.nfc().collect();
    let names = stem.split(|c: char| !c.is_alphabetic());
    let names = names.filter(|word| word.chars().count() >= 3);
    let mut tags: Vec<String> = Vec::new();
    for tag in folders.chain(names.map(str::to_owned)) {
        let tag: String = tag.trim().nfc().take(MAX_TAG).collect();
        if !tag.is_empty() && !tags.contains(&tag) && tags.len() < MAX_TAGS {
            tags.push(tag);
        }
    }
    tags
}

/// What of an impulse is searched, folded once.
#[derive(Clone, Debug)]
pub(super) struct Searched {
    name: String,
    /// The words of the name, with one space between.
    plain: String,
    tags: Vec<String>,
    rest: String,
}

impl Searched {
    pub fn new(name: &str, tags: &[String], rest: &str) -> Self {
        let name = fold(name);
        Self {
            plain: spaced(words(&name)),
            name,
            tags: tags.iter().map(|tag| fold(tag)).collect(),
            rest: fold(rest),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn has_tag(&self, folded: &str) -> bool {
        self.tags.iter().any(|tag| tag == folded)
    }

    /// How well it answers the words; `None` unless all are in it.
    pub fn score(&self, query: &Words) -> Option<u32> {
        let mut score = 0;
        for word in &query.words {
            score += self.score_of(word)?;
        }
        let whole = if query.words.is_empty() {
            0
        } else if self.plain == query.whole {
            200
        } else if self.plain.starts_with(&query.whole) {
            100
        } else {
            0
        };
        Some(score + whole)
    }

    fn score_of(&self, word: &str) -> Option<u32> {
        let rank = |text: &str, whole: u32, start: u32, middle: u32| {
            if !text.contains(word) {
                None
            } else if words(text).any(|other| other == word) {
                Some(whole)
            } else if words(text).any(|other| other.starts_with(word)) {
                Some(start)
            } else {
                Some(middle)
            }
        };
        let tags = self.tags.iter().filter_map(|tag| rank(tag, 40, 30, 10));
        [
            rank(&self.name, 60, 50, 20),
            tags.max(),
            rank(&self.rest, 5, 4, 3),
        ]
        .into_iter()
        .flatten()
        .max()
    }
}

/// The words of a query.
pub(super) struct Words {
    whole: String,
    words: Vec<String>,
}

impl Words {
    pub fn new(query: &str) -> Self {
        let folded = fold(query);
        let words: Vec<_> = words(&folded).take(MAX_WORDS).collect();
        Self {
            whole: spaced(words.iter().copied()),
            words: words.into_iter().map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded() {
        for (text, folded) in [
            ("Große Halle", "grosse halle"),
            ("Cathédrale", "cathedrale"),
            ("Cathe\u{301}drale", "cathedrale"),
            ("KØBENHAVN Ærø", "kobenhavn aero"),
            ("ŁÓDŹ", "lodz"),
            ("İstanbul ışık", "istanbul isik"),
            ("ﬁlter №2", "filter no2"),
            ("ホール", "ホール"),
            ("Зал", "зал"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn tags_are_folders_and_words() {
        let tags = |path: &str| tags(Path::new("/lib"), Path::new(path));
        assert_eq!(
            tags("/lib/Large_Halls/Österreich/Wien Musikverein-2 a.WAV"),
            ["large halls", "österreich", "wien", "musikverein"]
        );
        assert_eq!(tags("/lib/Hall/hall 1.wav"), ["hall"]);
        assert!(tags("/lib/01.wav").is_empty());
        let many = format!("/lib/{}.wav", "abc abd abe abf abg abh ".repeat(50));
        assert_eq!(tags(&many).len(), 6);
        let long = format!("/lib/{}.wav", "y".repeat(200));
        assert_eq!(tags(&long)[0].len(), MAX_TAG);
    }

    #[test]
    fn all_words_must_be_there_and_the_name_counts_most() {
        let score = |name: &str, tags: &[&str], rest: &str, query: &str| {
            let tags: Vec<_> = tags.iter().map(|&tag| tag.to_owned()).collect();
            Searched::new(name, &tags, rest).score(&Words::new(query))
        };
        assert_eq!(score("Boston Hall", &["large"], "/x", "hall small"), None);
        assert!(score("Boston Hall", &["large"], "/x", "LARGE hàll bost").is_some());
        let order = [
            score("hall", &[], "", "hall"),
            score("hall large", &[], "", "hall"),
            score("hallway", &[], "", "hall"),
            score("the hall", &[], "", "hall"),
            score("the halls", &[], "", "hall"),
            score("x", &["hall"], "", "hall"),
            score("x", &["halls"], "", "hall"),
            score("shallow", &[], "", "hall"),
            score("x", &["shallow"], "", "hall"),
            score("x", &[], "the hall", "hall"),
            score("x", &[], "shallow", "hall"),
        ];
        assert!(
            order.iter().all(Option::is_some) && order.is_sorted_by(|a, b| a > b),
            "{order:?}"
        );
        assert_eq!(score("x", &[], "", "  "), Some(0));
    }
}

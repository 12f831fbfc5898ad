//! Which impulses are listed, and in which order.

use crate::impulse::library::{Found, Library, Origin, Query, Reference, Shelf};
use std::path::PathBuf;

/// Which impulses are to be listed, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seek {
    /// Every word must be in the name, a tag, the folder or the description.
    pub words: String,
    /// Where is looked.
    pub place: Place,
    /// What comes first.
    pub order: Order,
    /// The other way round.
    pub backwards: bool,
}

/// Where is looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Place {
    /// Everywhere.
    #[default]
    All,
    /// Marked by the user.
    Favourites,
    /// Used last.
    Recent,
    /// In the program, of that kind.
    Factory(String),
    /// In a folder of the user's.
    Folder(PathBuf),
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What answers the words best; without words, the library's own order.
    #[default]
    Found,
    /// By name.
    Name,
    /// The shortest.
    Length,
    /// The fewest channels.
    Channels,
    /// The shortest T30; what has none comes last.
    Decay,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// An impulse of the library: its place in [`Library::entries`].
    Entry(usize),
    /// A file that lies in no folder of the library.
    Outside(Reference),
    /// One that is nowhere; its name is known.
    Lost(Reference),
}

/// What answers a [`Seek`].
#[derive(Clone, Debug, Default)]
pub struct List {
    /// What was asked.
    pub of: Seek,
    /// What was found.
    pub rows: Vec<Row>,
}

pub(super) fn rows(library: &Library, seek: &Seek) -> Vec<Row> {
    let shelf = match &seek.place {
        Place::All => Shelf::All,
        Place::Favourites => Shelf::Favourites,
        Place::Recent => Shelf::Recent,
        Place::Factory(_) => Shelf::Factory,
        Place::Folder(_) => Shelf::User,
    };
    let query = Query {
        words: seek.words.clone(),
        tags: Vec::new(),
        shelf,
    };
    let here = |entry: &usize| {
        let entry = &library.entries()[*entry];
        match (&seek.place, &entry.origin) {
            (Place::Factory(kind), _) => entry.category == *kind,
            (Place::Folder(wanted), Origin::User { folder, .. }) => folder == wanted,
            _ => true,
        }
    };
    let found = library.search_places(&query).into_iter().filter(here);
    let mut rows: Vec<_> = found.map(Row::Entry).collect();
    let kept = match &seek.place {
        Place::Favourites => &library.settings().favourites,
        Place::Recent => &library.settings().recent,
        _ => return rows,
    };
    let words = crate::impulse::library::fold(&seek.words);
    for reference in kept {
        let name = crate::impulse::library::fold(&reference.name);
        if !words.split_whitespace().all(|word| name.contains(word)) {
            continue;
        }
        match library.find(reference) {
            Found::Outside(_) => rows.push(Row::Outside(reference.clone())),
            Found::Missing => rows.push(Row::Lost(reference.clone())),
            _ => {}
        }
    }
    rows
}

impl List {
    pub(super) fn sort(&mut self, library: &Library) {
        let sound = |row: &Row| match row {
            Row::Entry(at) => library.entries()[*at].sound.as_ref().ok(),
            _ => None,
        };
        match self.of.order {
            Order::Found => {}
            Order::Name => self.rows.sort_by_cached_key(|row| {
                crate::impulse::library::fold(match row {
                    Row::Entry(at) => &library.entries()[*at].name,
                    Row::Outside(reference) | Row::Lost(reference) => &reference.name,
                })
            }),
            // Whole microseconds compare; what has none comes last.
            Order::Length => self.rows.sort_by_cached_key(|row| {
                sound(row).map_or(u64::MAX, |sound| (sound.seconds() * 1e6) as u64)
            }),
            Order::Channels => self
                .rows
                .sort_by_key(|row| sound(row).map_or(usize::MAX, |sound| sound.channels)),
            Order::Decay => self.rows.sort_by_cached_key(|row| {
                let t30 = sound(row).and_then(|sound| sound.t30_s);
                t30.map_or(u64::MAX, |seconds| (seconds.max(0.0) * 1e6) as u64)
            }),
        }
        if self.of.backwards {
            self.rows.reverse();
        }
    }
}

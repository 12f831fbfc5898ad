//! What is fuzzed: each target takes any bytes, and panics where a promise is broken. The fuzzer finds the bytes;
//! tests/fuzz_corpus.rs takes those that are kept through every target again.

mod arguments;
mod conf;
mod impulse;
mod preset;
mod sequence;

/// Takes any bytes, and panics where a promise is broken.
pub type Target = fn(&[u8]);

/// Every target by its name, which its corpus has too.
pub const ALL: [(&str, Target); 5] = [
    ("arguments", arguments::run),
    ("conf", conf::run),
    ("impulse", impulse::run),
    ("preset", preset::run),
    ("sequence", sequence::run),
];

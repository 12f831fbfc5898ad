//! Engines measured beside Partita.
fn main() {}

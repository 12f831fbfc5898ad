//! Set-up, tests, factory impulses and benchmarks of Partita.
fn main() {}

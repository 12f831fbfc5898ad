//! Convolution in five minutes, with the engine itself: `cargo run --example five_minutes [FILE.html]`.
//!
//! Writes one page that needs nothing else, no network either, and prints where. Every figure on it is computed here:
//! by the engine, and beside it by the definition in f64. The numbers are on the page twice: as they are read, and whole,
//! in the block of JSON with the id `numbers`; `tests/five_minutes.rs` holds both against sums of its own.

mod convolve;
mod drop;
mod echo;
mod layer;
mod page;
mod phrase;
mod plane;
mod slide;
mod speed;
mod still_life;
mod svg;
mod wav;

use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(usual_place, PathBuf::from);
    write(&path)?;
    println!("{}", path.display());
    Ok(())
}

/// Computes everything and writes the page.
pub fn write(path: &Path) -> Result<(), Box<dyn Error>> {
    let parts = [
        drop::part()?,
        slide::part()?,
        echo::part()?,
        plane::part()?,
        layer::part()?,
        speed::part()?,
    ];
    let place = path.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(place)
        .and_then(|()| std::fs::write(path, page::page(&parts)))
        .map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Among what cargo builds.
fn usual_place() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(target)
        .join("five_minutes.html")
}

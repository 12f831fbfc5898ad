//! `cargo xtask bundle`: the plugin as hosts want it.

use crate::test::{cargo, workspace};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The bundles' names.
pub const NAMES: [&str; 2] = ["Partita.clap", "Partita.vst3"];

/// Builds the plugin, puts it into the bundles of [`NAMES`], and prints where they lie and how large they are. Returns
/// where. The error says which step failed.
pub fn make() -> Result<[PathBuf; 2], String> {
    // As its only crate type: together with a Rust library it would not be optimised at link time. Sound cards are the
    // host's business.
    let words = "rustc --package partita --lib --crate-type cdylib --no-default-features --features plugin,editor --release -- -C strip=symbols";
    println!("xtask: cargo {words}");
    let status = cargo().args(words.split(' ')).status();
    let status = status.map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !status.success() {
        return Err("the plugin does not build".to_owned());
    }

    let target = target_directory()?;
    let library = format!(
        "{}partita{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    );
    // In a folder of its own: beside the `partita` command it would be bundled together with that.
    let stage = target.join("plugin");
    let staged = stage.join("release");
    let trouble = |error| format!("{}: {error}", staged.display());
    fs::create_dir_all(&staged).map_err(trouble)?;
    fs::copy(target.join("release").join(&library), staged.join(&library)).map_err(trouble)?;
    env::set_current_dir(workspace()).map_err(trouble)?;
    nice_plug_xtask::bundle(&stage, "partita", &["--release".to_owned()], false)
        .map_err(|error| format!("the bundles cannot be made: {error:#}"))?;
    let bundles = NAMES.map(|name| stage.join("bundled").join(name));
    for bundle in &bundles {
        let bytes = size(bundle).map_err(|error| format!("{}: {error}", bundle.display()))?;
        println!("xtask: {}: {:.1} MB", bundle.display(), bytes as f64 / 1e6);
    }
    Ok(bundles)
}

/// Where cargo builds, whatever configures it.
pub fn target_directory() -> Result<PathBuf, String> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .no_deps()
        .exec();
    let metadata = metadata.map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// Bytes of a file, or of all files in a folder.
fn size(path: &Path) -> std::io::Result<u64> {
    if path.is_file() {
        return Ok(fs::metadata(path)?.len());
    }
    let mut sum = 0;
    for entry in fs::read_dir(path)? {
        sum += size(&entry?.path())?;
    }
    Ok(sum)
}

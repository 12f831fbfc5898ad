//! Sound files of every format. The first byte says how the channels are read, the rest is the file.

#[path = "../../common/seal.rs"]
#[allow(
    clippy::duplicate_mod,
    reason = "where tests/fuzz_corpus.rs includes it, its encoders do too"
)]
mod seal;

use partita::impulse::ImpulseResponse;
use partita::impulse::load::{self, LayoutChoice, LoadError, MAX_CHANNELS, MAX_MAGNITUDE};

pub fn run(data: &[u8]) {
    let Some((&how, file)) = data.split_first() else {
        return;
    };
    let choice = match how % 5 {
        0 => LayoutChoice::Auto,
        1 => LayoutChoice::Stereo,
        2 => LayoutChoice::TrueStereo,
        3 => LayoutChoice::Matrix,
        _ => LayoutChoice::Mcfx {
            inputs: 1 + u16::from(how) % MAX_CHANNELS,
        },
    };
    holds(load::from_bytes("x", file, choice));
    // With its checksums put right, so that what is behind them is reached.
    let mut sealed = file.to_vec();
    if file.starts_with(b"OggS") {
        seal::seal_ogg(&mut sealed);
    } else if file.starts_with(b"fLaC") && file.len() > 60 {
        seal::seal_flac(&mut sealed, 42);
    }
    if sealed != file {
        holds(load::from_bytes("x", &sealed, choice));
    }
}

/// What the loader promises of any file.
pub fn holds(loaded: Result<ImpulseResponse, LoadError>) {
    match loaded {
        Ok(impulse) => {
            assert!(impulse.frames() > 0 && impulse.sample_rate > 0);
            assert!(!impulse.channels.is_empty());
            // 64 of a file; of a matrix 64 × 64.
            assert!(impulse.channels.len() <= usize::from(MAX_CHANNELS).pow(2));
            assert!(impulse.channels.iter().all(|c| c.len() == impulse.frames()));
            let mut samples = impulse.channels.iter().flatten();
            assert!(samples.all(|x| x.abs() <= MAX_MAGNITUDE));
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert!(text.len() < 20_000, "{} bytes of error", text.len());
        }
    }
}

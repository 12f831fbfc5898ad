//! One target of [`targets`] under libFuzzer: the one that the variable `PARTITA_FUZZ` names. `cargo xtask fuzz` builds it
//! with the instrumentation that guides the fuzzer, and runs it.

#![no_main]

// By its path, so that what it includes lies where the tests look for it too.
#[path = "targets.rs"]
mod targets;

use libfuzzer_sys::fuzz_target;
use partita::impulse::load;
use std::panic;
use std::sync::LazyLock;

static TARGET: LazyLock<targets::Target> = LazyLock::new(|| {
    // libFuzzer's hook ends the process. A decoder's panic is caught by the loader, and no find.
    let ends = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !load::decoding() {
            ends(info);
        }
    }));
    let name = std::env::var("PARTITA_FUZZ").unwrap_or_default();
    let target = targets::ALL.iter().find(|(known, _)| *known == name);
    let (_, run) = target.unwrap_or_else(|| panic!("PARTITA_FUZZ={name}: no such target"));
    *run
});

fuzz_target!(|data: &[u8]| TARGET(data));

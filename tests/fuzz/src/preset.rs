//! Presets and sessions: what is read is the same when it is written and read again, and its impulse is one.

use super::impulse;
use partita::preset::{ImpulseReference, Instance, Preset};

pub fn run(data: &[u8]) {
    match Preset::parse(data) {
        Ok(preset) => {
            let again = Preset::parse(preset.to_text().as_bytes());
            assert_eq!(again.expect("its own text"), preset);
            resolve(preset.impulse.as_ref());
        }
        Err(error) => one_line(&error.to_string()),
    }
    match Instance::parse(data) {
        Ok(instance) => {
            let again = Instance::parse(instance.to_text().as_bytes());
            assert_eq!(again.expect("its own text"), instance);
            resolve(instance.impulse.as_ref());
        }
        Err(error) => one_line(&error.to_string()),
    }
}

fn resolve(reference: Option<&ImpulseReference>) {
    match reference.map(|reference| reference.resolve(&|_| None)) {
        Some(Ok(found)) => {
            impulse::holds(Ok((*found.impulse).clone()));
            one_line(&found.note.unwrap_or_default());
        }
        Some(Err(error)) => one_line(&error.to_string()),
        None => {}
    }
}

fn one_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

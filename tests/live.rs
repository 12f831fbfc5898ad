//! `partita live` without a sound card: ALSA whose microphone and speaker are files, and JACK's dummy driver with clients
//! that feed and record. What is played nulls against `partita render`, and what goes wrong is told and waited for.
//!
//! `cargo test --test live -- --ignored --nocapture` runs ten minutes with an impulse a second.
#![cfg(all(feature = "live", target_os = "linux", target_env = "gnu"))]

#[path = "common/wavio.rs"]
mod wavio;

#[path = "live/alsa.rs"]
mod alsa;
#[path = "live/jack.rs"]
mod jack;
#[path = "live/rig.rs"]
mod rig;
#[path = "live/studio.rs"]
mod studio;
#[path = "live/told.rs"]
mod told;

//! `partita live` without a sound card: ALSA whose microphone and speaker are files, and JACK's dummy driver with clients
//! that feed and record. What is played nulls against `partita render`, and what goes wrong is told and waited for. No
//! socket is opened that nobody asked for.
//!
//! `cargo test --test live -- --ignored --nocapture` runs ten minutes with an impulse a second.
#![cfg(all(feature = "live", target_os = "linux", target_env = "gnu"))]

#[cfg(feature = "plugin")]
#[path = "common/clap.rs"]
mod clap;
#[path = "common/wavio.rs"]
mod wavio;

#[path = "live/alsa.rs"]
mod alsa;
#[path = "live/jack.rs"]
mod jack;
#[path = "live/rig.rs"]
mod rig;
#[path = "live/rtkit.rs"]
mod rtkit;
#[path = "live/sockets.rs"]
mod sockets;
#[path = "live/studio.rs"]
mod studio;
#[path = "live/told.rs"]
mod told;

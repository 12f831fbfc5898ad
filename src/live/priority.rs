//! Real-time priority: asked for, and whether the audio thread has it.

use std::sync::atomic::{AtomicU8, Ordering};

/// Whether the system runs the audio thread before everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Not known yet, or this system does not tell.
    #[default]
    Unknown,
    /// It does.
    Realtime,
    /// It does not.
    Ordinary,
}

/// A [`Priority`] that the audio thread tells.
#[derive(Debug, Default)]
pub(super) struct Told(AtomicU8);

impl Told {
    pub fn get(&self) -> Priority {
        match self.0.load(Ordering::Relaxed) {
            1 => Priority::Realtime,
            2 => Priority::Ordinary,
            _ => Priority::Unknown,
        }
    }

    /// Tells what this thread has, the first time. Audio thread.
    pub fn tell(&self) {
        if self.0.load(Ordering::Relaxed) == 0 {
            self.0.store(mine(), Ordering::Relaxed);
        }
    }
}

/// What of the range of real-time priorities is asked for: above what is not sound, below the sound server's own.
#[cfg(target_os = "linux")]
const SHARE: u8 = 60;

/// Asks for it, for this thread. Before it plays.
#[cfg(target_os = "linux")]
pub(super) fn ask() {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let Ok(share) = ThreadPriorityValue::try_from(SHARE) else {
        return;
    };
    // What came of it is looked at afterwards.
    let _ = set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Crossplatform(share),
        ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo),
    );
}

#[cfg(target_os = "linux")]
fn mine() -> u8 {
    use thread_priority::{ThreadSchedulePolicy, thread_schedule_policy};
    match thread_schedule_policy() {
        Ok(ThreadSchedulePolicy::Realtime(_)) => 1,
        Ok(ThreadSchedulePolicy::Normal(_)) => 2,
        Err(_) => 3,
    }
}

/// The back end asks for it there, and does not tell.
#[cfg(not(target_os = "linux"))]
pub(super) fn ask() {}

#[cfg(not(target_os = "linux"))]
fn mine() -> u8 {
    3
}

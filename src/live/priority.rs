//! Real-time priority: asked for, of the kernel and then of RealtimeKit, and whether the audio thread has it.

use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

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
pub(super) struct Told {
    what: AtomicU8,
    /// The kernel's numbers of the threads to which it gave none, output and input; 0 is none.
    refused: [AtomicI32; 2],
}

/// Which of the audio threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thread {
    /// The one that plays, or does both.
    Output,
    /// The one that only listens.
    Input,
}

impl Told {
    pub fn get(&self) -> Priority {
        match self.what.load(Ordering::Relaxed) {
            1 => Priority::Realtime,
            2 => Priority::Ordinary,
            _ => Priority::Unknown,
        }
    }

    /// Tells what this thread has, the first time. Audio thread.
    pub fn tell(&self) {
        if self.what.load(Ordering::Relaxed) == 0 {
            self.what.store(mine(), Ordering::Relaxed);
        }
    }

    /// Asks the kernel for it, for this thread. Before it plays.
    #[cfg(target_os = "linux")]
    pub fn ask(&self, which: Thread) {
        if ask() {
            return;
        }
        let number = rustix::thread::gettid().as_raw_pid();
        self.refused[which as usize].store(number, Ordering::Relaxed);
    }

    /// The back end asks for it there, and does not tell.
    #[cfg(not(target_os = "linux"))]
    pub fn ask(&self, _which: Thread) {}

    /// Asks RealtimeKit for the threads that the kernel has refused, once, and says what came of it; `None`: no thread was.
    /// Main thread.
    #[cfg(target_os = "linux")]
    pub fn ask_again(&self) -> Option<String> {
        let refused = self.refused.each_ref();
        let refused = refused.map(|thread| thread.swap(0, Ordering::Relaxed));
        let mut threads = refused.into_iter().filter(|thread| *thread != 0).peekable();
        threads.peek()?;
        for thread in threads {
            if let Err(why) = super::rtkit::ask(thread) {
                return Some(format!("{why}; README's Live says what grants it"));
            }
            // Seen, not believed.
            if !is_realtime(thread) {
                return Some("RealtimeKit says it gave real-time priority, and did not".to_owned());
            }
        }
        self.what.store(1, Ordering::Relaxed);
        Some("real-time priority from RealtimeKit".to_owned())
    }

    #[cfg(not(target_os = "linux"))]
    pub fn ask_again(&self) -> Option<String> {
        let _ = &self.refused;
        None
    }
}

/// What of the range of real-time priorities is asked for: above what is not sound, below the sound server's own.
#[cfg(target_os = "linux")]
const SHARE: u8 = 60;

/// Whether this thread got it.
#[cfg(target_os = "linux")]
fn ask() -> bool {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    ThreadPriorityValue::try_from(SHARE).is_ok_and(|share| {
        let asked = set_thread_priority_and_policy(
            thread_native_id(),
            ThreadPriority::Crossplatform(share),
            ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo),
        );
        asked.is_ok()
    })
}

/// Whether a thread of this process is scheduled before ordinary ones: field 41 of what the kernel says of it (proc(5)).
#[cfg(target_os = "linux")]
fn is_realtime(thread: i32) -> bool {
    let said = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat"));
    let said = said.unwrap_or_default();
    // The second is a name in parentheses, with whatever in it.
    let policy = said.rsplit(") ").next().unwrap_or_default();
    // SCHED_FIFO and SCHED_RR.
    let policy = policy.split_whitespace().nth(41 - 3);
    policy.is_some_and(|policy| policy == "1" || policy == "2")
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

#[cfg(not(target_os = "linux"))]
fn mine() -> u8 {
    3
}

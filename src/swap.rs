//! The hand-over between the loader's thread and the audio thread: the new impulse in, the old one back.
//!
//! What is guaranteed:
//!
//! - The audio thread never waits, locks, allocates or frees here. It takes something new only while there is room on the
//!   way back for all that this can set free, so whatever it lets go of is dropped on the other side. If the loader's end
//!   is gone, it lies on the way back until [`AudioEnd`] itself is dropped; once that is full, the engine keeps the rest.
//! - Nothing is lost: a full queue leaves the new impulse with whoever wanted to send it, and an engine that has no room
//!   yet leaves it waiting here. The newest wins: one that waits is given back unheard when another comes.
//!
//! Two rings of one writer and one reader each. Not channels: those of the standard library and of crossbeam know threads
//! by a thread-local variable, which a plugin's library must allocate for every thread that first comes to it.

use crate::engine::{Change, Engine, PreparedImpulse};
use rtrb::{Consumer, Producer, PushError, RingBuffer};
use std::sync::Arc;

/// What the engine is to play from now on.
#[derive(Debug)]
pub enum Sound {
    /// An impulse that the engine can exchange in place.
    Impulse(Arc<PreparedImpulse>, Change),
    /// A whole engine, where it cannot.
    Engine(Box<Engine>),
}

/// A [`Sound`], and for how long it is heard.
#[derive(Debug)]
pub struct Next {
    /// What to play.
    pub sound: Sound,
    /// Samples until its noise floor, for the host's tail.
    pub tail_frames: u32,
}

/// What is not needed any more. To be dropped anywhere but on the audio thread.
#[derive(Debug)]
pub enum Spent {
    /// An impulse.
    Impulse(Arc<PreparedImpulse>),
    /// An engine.
    Engine(Box<Engine>),
}

impl From<Sound> for Spent {
    fn from(sound: Sound) -> Self {
        match sound {
            Sound::Impulse(impulse, _) => Self::Impulse(impulse),
            Sound::Engine(engine) => Self::Engine(engine),
        }
    }
}

/// New sounds that may be on their way at once.
const NEW: usize = 2;
/// Spent ones that may be on their way back: more than an engine can hold and all the new ones.
const SPENT: usize = 32;

/// Both ends. Loader thread.
pub fn pair() -> (LoaderEnd, AudioEnd) {
    let (new, incoming) = RingBuffer::new(NEW);
    let (back, spent) = RingBuffer::new(SPENT);
    let loader = LoaderEnd { new, spent };
    let audio = AudioEnd {
        incoming,
        back,
        waiting: None,
    };
    (loader, audio)
}

/// The end that sends new sounds and drops spent ones.
#[derive(Debug)]
pub struct LoaderEnd {
    new: Producer<Next>,
    spent: Consumer<Spent>,
}

impl LoaderEnd {
    /// Sends `next`, or gives it back if the queue is full: try again later. Loader thread.
    pub fn send(&mut self, next: Next) -> Result<(), Next> {
        let sent = self.new.push(next);
        sent.map_err(|PushError::Full(next)| next)
    }

    /// Something that came back, if anything did. Loader thread.
    pub fn take_spent(&mut self) -> Option<Spent> {
        self.spent.pop().ok()
    }
}

/// The end that takes new sounds and gives spent ones back.
#[derive(Debug)]
pub struct AudioEnd {
    incoming: Consumer<Next>,
    back: Producer<Spent>,
    waiting: Option<Next>,
}

impl AudioEnd {
    /// Between two blocks: gives back what `engine` does not need any more and lets it play what is new. Returns the
    /// tail of the new sound if there is one. Audio thread.
    pub fn exchange(&mut self, engine: &mut Engine) -> Option<u32> {
        self.collect(engine);
        while self.has_room() {
            let Ok(next) = self.incoming.pop() else {
                break;
            };
            if let Some(unheard) = self.waiting.replace(next) {
                self.give_back(unheard.sound.into());
            }
        }
        let Next { sound, tail_frames } = self.waiting.take()?;
        let refused = match sound {
            Sound::Impulse(impulse, change) => engine
                .swap(impulse, change)
                .map_err(|impulse| Sound::Impulse(impulse, change)),
            Sound::Engine(next) => engine.replace(next).map_err(Sound::Engine),
        };
        match refused {
            Ok(()) => {
                // At rest the change is at once, and what it replaced may go now.
                self.collect(engine);
                Some(tail_frames)
            }
            Err(sound) => {
                self.waiting = Some(Next { sound, tail_frames });
                None
            }
        }
    }

    fn collect(&mut self, engine: &mut Engine) {
        while self.has_room() {
            let spent = match engine.take_retired() {
                Some(impulse) => Spent::Impulse(impulse),
                None => match engine.take_replaced() {
                    Some(engine) => Spent::Engine(engine),
                    None => return,
                },
            };
            self.give_back(spent);
        }
    }

    /// Nobody else sends on the way back, so what this says holds until the next send.
    fn has_room(&self) -> bool {
        !self.back.is_full()
    }

    fn give_back(&mut self, spent: Spent) {
        // There is room. To leak what were refused all the same would be better than to free it here.
        let sent = self.back.push(spent).map_err(std::mem::forget);
        debug_assert!(sent.is_ok(), "asked before");
    }
}

//! The host's buttons for the next and the previous impulse. Pressed, one moves the chooser and is off again.
//!
//! What is guaranteed:
//!
//! - A button holds nothing: its value is off whatever the host or a session sets, so no session and no undo presses it.
//! - A press counts at once, on the thread that hears of it, and the chooser is where it leads to: a value that comes after it
//!   in the same block comes after it. The host is told of both.
//! - Hosts repeat in each block what they automate. A button is pressed again after it was let go, or after a block that does
//!   not speak of it.

use crate::params::BUTTONS;
use nice_plug::prelude::{BoolParam, Param, ParamPtr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One of them.
struct Button {
    /// As the framework has it: never on.
    param: BoolParam,
    /// Pressed, and not let go.
    down: AtomicBool,
    /// The block speaks of it.
    spoken_of: AtomicBool,
    /// The host believes it to be on.
    untold: AtomicBool,
}

/// All of them, in [`BUTTONS`]' order.
pub(super) struct Buttons(Box<[Button]>);

impl Buttons {
    pub fn new() -> Self {
        let button = |button: &crate::params::Button| Button {
            param: BoolParam::new(button.name, false).with_value_to_string(Arc::new(|on| {
                let text = if on { "on" } else { "off" };
                text.to_owned()
            })),
            down: AtomicBool::new(false),
            spoken_of: AtomicBool::new(false),
            untold: AtomicBool::new(false),
        };
        Self(BUTTONS.iter().map(button).collect())
    }

    /// As the framework wants them.
    pub fn pointers(&self) -> impl Iterator<Item = ParamPtr> {
        self.0.iter().map(|button| button.param.as_ptr())
    }

    /// The host sets one of them. Whether that is a press. Audio thread; the main thread while nothing plays.
    pub fn set(&self, index: usize, on: bool) -> bool {
        let Some(button) = self.0.get(index) else {
            return false;
        };
        button.spoken_of.store(true, Ordering::Relaxed);
        button.untold.fetch_or(on, Ordering::Relaxed);
        let held = button.down.swap(on, Ordering::Relaxed);
        on && !held
    }

    /// A block has ended. Audio thread.
    pub fn end_block(&self) {
        for button in &self.0 {
            if !button.spoken_of.swap(false, Ordering::Relaxed) {
                button.down.store(false, Ordering::Relaxed);
            }
        }
    }

    /// Values have come without a block, and those nobody repeats. Audio thread; the main thread while nothing plays.
    pub fn let_go(&self) {
        for button in &self.0 {
            button.spoken_of.store(false, Ordering::Relaxed);
            button.down.store(false, Ordering::Relaxed);
        }
    }

    /// Those that the host believes to be on, by index, once. Audio thread; the main thread while nothing plays.
    pub fn take_untold(&self) -> impl Iterator<Item = usize> {
        let untold = |(_, button): &(usize, &Button)| button.untold.swap(false, Ordering::Relaxed);
        let each = self.0.iter().enumerate();
        each.filter(untold).map(|(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_counts_once_until_it_is_let_go_or_forgotten() {
        let buttons = Buttons::new();
        assert!(buttons.set(0, true));
        assert!(!buttons.set(0, true), "held");
        assert!(buttons.set(1, true), "the other is another");
        assert_eq!(buttons.take_untold().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(buttons.take_untold().count(), 0);
        assert!(!buttons.set(0, false));
        assert_eq!(buttons.take_untold().count(), 0, "off is what it is");
        assert!(buttons.set(0, true), "pressed again");
        buttons.end_block();
        // The next block repeats the one and not the other.
        assert!(!buttons.set(0, true));
        buttons.end_block();
        assert!(!buttons.set(0, true));
        assert!(buttons.set(1, true));
        buttons.end_block();
        buttons.end_block();
        assert!(buttons.set(0, true));
        // Twice without blocks between.
        buttons.let_go();
        assert!(buttons.set(0, true));
        assert!(!buttons.set(BUTTONS.len(), true));
    }
}

//! How somebody asks the loader's thread to look now, and learns that it has.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Questions by number, and the last one that was answered.
#[derive(Debug, Default)]
pub(super) struct Asking {
    numbers: Mutex<Numbers>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct Numbers {
    asked: u64,
    answered: u64,
}

impl Asking {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and gives the question's number.
    pub fn ask(&self) -> u64 {
        let mut numbers = self.numbers();
        numbers.asked += 1;
        numbers.asked
    }

    /// Waits for the answer to that question, at most for `patience`. Whether there is one.
    pub fn wait(&self, number: u64, patience: Duration) -> bool {
        let open = |numbers: &mut Numbers| numbers.answered < number;
        let waited = self
            .answered
            .wait_timeout_while(self.numbers(), patience, open);
        let (numbers, _) = waited.unwrap_or_else(PoisonError::into_inner);
        numbers.answered >= number
    }

    /// The newest question that is open, if one is. What is looked at after this answers it. Loader thread.
    pub fn asked(&self) -> Option<u64> {
        let numbers = self.numbers();
        (numbers.asked > numbers.answered).then_some(numbers.asked)
    }

    /// Answers it, and all before it. Loader thread.
    pub fn answer(&self, number: u64) {
        self.numbers().answered = number;
        self.answered.notify_all();
    }
}

//! What the swap uses of rtrb, as a queue behind loom's lock.

use loom::sync::{Arc, Mutex};
use std::cell::Cell;
use std::collections::VecDeque;

thread_local! {
    /// A planted fault: a ring never says that it is full. Loom runs a model on the thread of its test.
    pub static LIES: Cell<bool> = const { Cell::new(false) };
}

#[derive(Debug)]
pub enum PushError<T> {
    Full(T),
}

#[derive(Debug)]
pub struct PopError;

#[derive(Debug)]
pub struct RingBuffer;

#[derive(Debug)]
pub struct Producer<T>(Arc<Mutex<VecDeque<T>>>, usize);

#[derive(Debug)]
pub struct Consumer<T>(Arc<Mutex<VecDeque<T>>>);

impl RingBuffer {
    /// The way in as long as it is, the way back of one place: full whenever anything is on it.
    #[allow(clippy::new_ret_no_self, reason = "rtrb's name")]
    pub fn new<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
        let queue = Arc::new(Mutex::new(VecDeque::new()));
        let places = if capacity > 2 { 1 } else { capacity };
        (Producer(Arc::clone(&queue), places), Consumer(queue))
    }
}

impl<T> Producer<T> {
    pub fn push(&mut self, value: T) -> Result<(), PushError<T>> {
        let mut queue = self.0.lock().expect("no panic");
        if queue.len() == self.1 {
            return Err(PushError::Full(value));
        }
        queue.push_back(value);
        Ok(())
    }

    pub fn is_full(&self) -> bool {
        let full = self.0.lock().expect("no panic").len() == self.1;
        full && !LIES.get()
    }
}

impl<T> Consumer<T> {
    pub fn pop(&mut self) -> Result<T, PopError> {
        self.0.lock().expect("no panic").pop_front().ok_or(PopError)
    }
}

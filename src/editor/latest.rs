//! A thread that does the newest wish: what is wished while it works replaces what has not been begun.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, unbounded};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The thread, for whoever wishes.
pub struct Latest<W, D> {
    asked: Option<Sender<(u64, W)>>,
    /// To take back what has not been begun.
    unbegun: Receiver<(u64, W)>,
    done: Receiver<(u64, D)>,
    /// What has come and has not been taken.
    ready: Option<D>,
    /// Dropped, it ends a rest.
    awake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The number of the last wish, and of the last that came back.
    wished: u64,
    came: u64,
}

impl<W: Send + 'static, D: Send + 'static> Latest<W, D> {
    /// `work` is begun at most once in `apart`. Main thread.
    pub fn new(name: &str, apart: Duration, mut work: impl FnMut(W) -> D + Send + 'static) -> Self {
        let (asked, wishes) = bounded::<(u64, W)>(1);
        let (finished, done) = unbounded();
        let (awake, rest) = bounded::<()>(0);
        let unbegun = wishes.clone();
        let run = move || {
            for (number, wish) in wishes {
                let from = Instant::now();
                if finished.send((number, work(wish))).is_err() {
                    return;
                }
                // Over as soon as the owner has gone.
                let _ = rest.recv_timeout(apart.saturating_sub(from.elapsed()));
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned());
        Self {
            asked: Some(asked),
            unbegun,
            done,
            ready: None,
            awake: Some(awake),
            // Without a thread nothing comes, and all else works.
            thread: thread.spawn(run).ok(),
            wished: 0,
            came: 0,
        }
    }

    /// Wants that, in place of what has not been begun. Main thread.
    pub fn ask(&mut self, wish: W) {
        self.wished += 1;
        let mut wish = (self.wished, wish);
        while let Some(asked) = &self.asked
            && let Err(TrySendError::Full(back)) = asked.try_send(wish)
        {
            drop(self.unbegun.try_recv());
            wish = back;
        }
    }

    /// Whether something has come that has not been taken. Main thread.
    pub fn poll(&mut self) -> bool {
        if let Some((number, done)) = self.done.try_iter().last() {
            (self.came, self.ready) = (number, Some(done));
        }
        self.ready.is_some()
    }

    /// The newest that has come. Main thread.
    pub fn take(&mut self) -> Option<D> {
        self.poll();
        self.ready.take()
    }

    /// Whether what was wished last is still to come. Main thread.
    pub fn is_busy(&self) -> bool {
        self.came < self.wished
    }

    /// Waits until what was wished last has come: for whoever draws without a screen. Main thread.
    pub fn wait(&mut self) {
        while self.is_busy() && self.thread.is_some() {
            match self.done.recv() {
                Ok((number, done)) => (self.came, self.ready) = (number, Some(done)),
                Err(_) => return,
            }
        }
    }
}

impl<W, D> Drop for Latest<W, D> {
    fn drop(&mut self) {
        // Without anybody who asks, the thread ends.
        drop(self.asked.take());
        // Before it wakes: what has not been begun never is.
        drop(self.unbegun.try_recv());
        drop(self.awake.take());
        if let Some(thread) = self.thread.take() {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wish_comes_and_those_between_may_not() {
        let begun = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let count = begun.clone();
        let mut latest = Latest::new("test", Duration::from_secs(3600), move |wish: u32| {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            wish
        });
        latest.ask(1);
        latest.wait();
        assert_eq!(latest.take(), Some(1));
        // It rests an hour now: wishes wait, and dropping it does not.
        for wish in 2..100 {
            latest.ask(wish);
        }
        assert!(latest.is_busy() && latest.take().is_none());
        drop(latest);
        assert_eq!(begun.load(std::sync::atomic::Ordering::Relaxed), 1);

        let mut latest = Latest::new("test", Duration::ZERO, |wish: u32| wish);
        for wish in 0..100 {
            latest.ask(wish);
        }
        latest.wait();
        assert_eq!(latest.take(), Some(99));
    }
}

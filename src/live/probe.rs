//! A probe of a room: plays what it is given, and records what it hears meanwhile, frame for frame.
//!
//! What is guaranteed: nothing is allocated, freed, locked or waited for on the audio thread; what is recorded and played
//! in one block belongs together; it comes in by a fade and, when it is closed, goes out by one. There is room for all
//! of it from the beginning, so that nobody need take it in time.

use super::chain::{Fade, Gauges};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The audio thread's end.
#[derive(Debug)]
pub struct Probe {
    played: Vec<Vec<f32>>,
    at: usize,
    frames: usize,
    inputs: usize,
    heard: Producer<f32>,
    fade: Fade,
    gauges: Arc<Gauges>,
    shared: Arc<Shared>,
}

/// The other one: takes what was recorded.
#[derive(Debug)]
pub struct Listener {
    heard: Consumer<f32>,
    shared: Arc<Shared>,
    /// What was recorded, as far as it was taken.
    pub channels: Vec<Vec<f32>>,
}

#[derive(Debug, Default)]
struct Shared {
    closed: AtomicBool,
    lost: AtomicU64,
}

/// What a probe plays and for how long it listens.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What is played, a channel for each output; then silence.
    pub played: Vec<Vec<f32>>,
    /// Channels that are recorded.
    pub inputs: usize,
    /// So many frames of them.
    pub frames: usize,
    /// In Hz.
    pub sample_rate: u32,
}

/// A probe that does that, and who takes what it hears. Any thread but the audio thread.
pub fn pair(plan: Plan) -> (Probe, Listener) {
    let Plan {
        played,
        inputs,
        frames,
        sample_rate,
    } = plan;
    let (producer, consumer) = RingBuffer::new(frames * inputs);
    let shared = Arc::<Shared>::default();
    let probe = Probe {
        played,
        at: 0,
        frames,
        inputs,
        heard: producer,
        fade: Fade::new(sample_rate),
        gauges: Arc::default(),
        shared: Arc::clone(&shared),
    };
    let listener = Listener {
        heard: consumer,
        shared,
        channels: vec![Vec::with_capacity(frames); inputs],
    };
    (probe, listener)
}

impl Probe {
    /// What it counts. Any thread that has it.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Sound was lost: what follows is out of step. Audio thread.
    pub fn rejoin(&mut self) {
        self.shared.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Plays into `outputs` and records `inputs`; those that are missing are silent. Audio thread.
    pub fn process(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let lengths = outputs.iter().map(|it| it.len());
        let frames = lengths.chain(inputs.iter().map(|it| it.len())).max();
        let frames = frames.unwrap_or(0);
        for (index, output) in outputs.iter_mut().enumerate() {
            let channel = self.played.get(index);
            let left = channel.and_then(|it| it.get(self.at..)).unwrap_or(&[]);
            let now = left.len().min(output.len());
            let (sound, silence) = output.split_at_mut(now);
            sound.copy_from_slice(&left[..now]);
            silence.fill(0.0);
        }
        let closing = self.shared.closed.load(Ordering::Relaxed);
        self.fade.run(outputs, frames, closing);
        for at in 0..frames.min(self.frames.saturating_sub(self.at)) {
            for channel in 0..self.inputs {
                let sample = inputs.get(channel).and_then(|it| it.get(at));
                // There is room for all of them.
                let _ = self.heard.push(sample.copied().unwrap_or(0.0));
            }
        }
        self.at = self.at.saturating_add(frames);
        self.gauges.count(frames, self.fade.level());
    }
}

impl Listener {
    /// Takes what was recorded since. Any thread but the audio thread.
    pub fn take(&mut self) {
        let width = self.channels.len().max(1);
        for _ in 0..self.heard.slots() / width {
            for channel in &mut self.channels {
                if let Ok(sample) = self.heard.pop() {
                    channel.push(sample);
                }
            }
        }
    }

    /// Frames that were taken. Any thread.
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// How often sound was lost. Any thread.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Lets what plays go out by a fade. Any thread.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_plays_and_records_frame_for_frame_in_any_block() {
        let played: Vec<f32> = (0..20_000).map(|n| (n as f32 * 0.37).sin()).collect();
        for block in [1, 64, 441, 4096] {
            let (mut probe, mut listener) = pair(Plan {
                played: vec![played.clone()],
                inputs: 2,
                frames: 30_000,
                sample_rate: 48_000,
            });
            let mut all = [Vec::new(), Vec::new()];
            let heard: Vec<f32> = (0..30_000).map(|n| n as f32).collect();
            for heard in heard.chunks(block) {
                let mut out = [vec![9.0; heard.len()], vec![9.0; heard.len()]];
                let [left, right] = &mut out;
                // The second input is missing.
                probe.process(&[heard], &mut [left, right]);
                listener.take();
                for (all, out) in all.iter_mut().zip(out) {
                    all.extend(out);
                }
            }
            assert_eq!(listener.channels[0], heard);
            assert!(listener.channels[1].iter().all(|x| *x == 0.0));
            // After the fade of 50 ms.
            assert_eq!(all[0][2400..20_000], played[2400..]);
            assert!(all[0][20_000..].iter().chain(&all[1]).all(|x| *x == 0.0));
            assert_eq!(listener.lost(), 0);
        }
    }

    #[test]
    fn it_ends_where_it_ends_and_goes_out_at_once_when_it_is_closed() {
        let (mut probe, mut listener) = pair(Plan {
            inputs: 1,
            frames: 4500,
            sample_rate: 1000,
            ..Plan::default()
        });
        for _ in 0..5 {
            probe.process(&[&[0.5; 1000]], &mut []);
        }
        probe.rejoin();
        listener.take();
        assert_eq!((listener.frames(), listener.lost()), (4500, 1));
        listener.close();
        let mut out = [1.0; 10];
        probe.process(&[&[0.0; 10]], &mut [&mut out]);
        assert_eq!(out, [0.0; 10]);
    }
}

//! Rings of samples between threads.

use rtrb::{Consumer, Producer, RingBuffer};
use std::iter::repeat_n;

/// A ring whose memory the system has given already, so that the audio thread never meets a page for the first time.
pub(super) fn touched(samples: usize) -> (Producer<f32>, Consumer<f32>) {
    let (mut to, mut from) = RingBuffer::new(samples);
    if let Ok(chunk) = to.write_chunk_uninit(samples) {
        chunk.fill_from_iter(repeat_n(0.0, samples));
    }
    if let Ok(chunk) = from.read_chunk(samples) {
        chunk.commit_all();
    }
    (to, from)
}

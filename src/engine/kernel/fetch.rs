//! Asking for memory ahead of its use. A hint: it changes no result.

use super::Chunk;
use prefetch_index::prefetch_index;

/// Floats of a cache line.
const LINE: usize = 16;

/// Has `samples` brought into the cache while other work goes on.
#[inline(always)]
pub fn fetch(samples: &[f32]) {
    for at in (0..samples.len()).step_by(LINE) {
        prefetch_index(samples, at);
    }
}

/// The same for `chunks`.
#[inline(always)]
pub fn fetch_chunks(chunks: &[Chunk]) {
    for chunk in chunks {
        fetch(&chunk.re);
        fetch(&chunk.im);
    }
}

/// The same for one small thing of `row`, if it is there.
#[inline(always)]
pub fn fetch_one<T>(row: &[T], at: usize) {
    prefetch_index(row, at);
}

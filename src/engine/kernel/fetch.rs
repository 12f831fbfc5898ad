//! Asking for memory ahead of its use.

use super::Chunk;
use prefetch_index::prefetch_index;

/// Floats of a cache line.
const LINE: usize = 16;

/// Has `chunks` brought into the cache while other work goes on. A hint: it changes no result.
#[inline(always)]
pub fn fetch(chunks: &[Chunk]) {
    for chunk in chunks {
        for at in (0..chunk.re.len()).step_by(LINE) {
            prefetch_index(chunk.re, at);
            prefetch_index(chunk.im, at);
        }
    }
}

//! What the compressed formats share: frames as a decoder gives them, counted against the limits while they come.
//!
//! Guaranteed: no sample beyond the limits of [`super`] is kept, whatever a header promised; a decoder that panics is an
//! error like any other.

use super::pcm::check;
use super::{Fault, fits, has_room};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use symphonia::core::audio::{Audio, GenericAudioBufferRef};
use symphonia::core::errors::Error;

/// Sound so far.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) sample_rate: u32,
    pub(super) channels: Vec<Vec<f32>>,
}

impl Sound {
    pub(super) fn new(channels: usize, sample_rate: u32) -> Result<Self, Fault> {
        fits(u16::try_from(channels).unwrap_or(u16::MAX), sample_rate)?;
        Ok(Self {
            sample_rate,
            channels: vec![Vec::new(); channels],
        })
    }

    pub(super) fn frames(&self) -> usize {
        self.channels[0].len()
    }

    /// Appends what a decoder gave.
    pub(super) fn push(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<(), Fault> {
        if buffer.num_planes() != self.channels.len() || buffer.spec().rate() != self.sample_rate {
            return Err(Fault::malformed(format!(
                "it changes to {} channels at {} Hz in its course",
                buffer.num_planes(),
                buffer.spec().rate()
            )));
        }
        let frames = (self.frames() + buffer.frames()) as u64;
        has_room(self.channels.len() as u16, self.sample_rate, frames)?;
        for (index, channel) in self.channels.iter_mut().enumerate() {
            channel
                .try_reserve(buffer.frames())
                .map_err(|_| Fault::OutOfMemory)?;
            let first = channel.len();
            match buffer {
                GenericAudioBufferRef::F32(buffer) => {
                    for (frame, &x) in buffer.plane(index).unwrap_or_default().iter().enumerate() {
                        channel.push(check(f64::from(x), first + frame, index)?);
                    }
                }
                GenericAudioBufferRef::S32(buffer) => {
                    let plane = buffer.plane(index).unwrap_or_default();
                    let scale = 2_f64.powi(-31);
                    channel.extend(plane.iter().map(|&x| (f64::from(x) * scale) as f32));
                }
                // Nothing else comes from the decoders used here.
                _ => return Err(Fault::malformed("its samples are of an unknown kind")),
            }
        }
        Ok(())
    }
}

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// True while a file is being decoded on this thread, when a panic becomes a [`Fault`]: a program's panic hook may then
/// keep silent. Any thread.
pub fn decoding() -> bool {
    DECODING.get()
}

/// Runs a decoder.
///
/// The one place where a panic is caught. symphonia 0.6.1 calculates with what the file says: a Vorbis floor that names
/// one position twice makes it divide by zero (symphonia-codec-vorbis, floor.rs, line 793), and where overflow is
/// checked, an absurd predictor in a FLAC overflows an addition (symphonia-bundle-flac, decoder.rs, line 750). Both with
/// their checksums right, so only by intent; but no file may end the program. tests/impulse_damage.rs finds both.
pub(super) fn guarded<T>(decode: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    DECODING.set(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(false);
    decoded.unwrap_or_else(|_| Err(Fault::malformed("its decoder gave up on it")))
}

/// What a decoder says of a frame.
pub(super) fn broken(error: &Error, frames: usize) -> Fault {
    Fault::malformed(format!(
        "its sound cannot be decoded beyond frame {frames} ({error})"
    ))
}

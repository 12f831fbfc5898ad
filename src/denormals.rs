//! Flushing of denormal numbers: the one place outside the plugin that needs `unsafe`.

/// Runs `work` with subnormal results and operands taken as zero (FTZ and DAZ on x86, FZ on
/// aarch64), and restores the thread's own setting afterwards. Audio thread.
///
/// A decaying tail ends in subnormal numbers, which cost some processors a hundred times the
/// usual; they are 750 dB below full scale and nobody hears them go.
#[inline]
pub fn flushed<T>(work: impl FnOnce() -> T) -> T {
    // Miri, which tests/threads.rs is run under, knows no such register.
    if cfg!(miri) {
        return work();
    }
    // SAFETY: the crate asks that nothing depends on the default floating-point environment while
    // the flags are set. `work` is this crate's own arithmetic: it reads no flags, keeps the
    // rounding mode, and its results are defined up to the flushing documented above. The guard
    // restores the register when `work` returns or unwinds.
    #[allow(unsafe_code)]
    unsafe {
        no_denormals::no_denormals(work)
    }
}

//! Which frequencies are measured, and how the rest fades out.

/// A range of frequencies in Hz, and where nothing is left on either side of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Band {
    /// Nothing below.
    pub(super) low_edge: f64,
    /// Measured from here
    pub(super) from: f64,
    /// to here.
    pub(super) to: f64,
    /// Nothing above.
    pub(super) high_edge: f64,
}

impl Band {
    /// The share that is kept at `hz`, 0 to 1. The phase is kept everywhere.
    pub(super) fn weight(&self, hz: f64) -> f64 {
        let octaves = |from: f64, to: f64| (to / from).ln();
        if hz <= self.low_edge || hz >= self.high_edge {
            0.0
        } else if hz < self.from {
            smooth(octaves(self.low_edge, hz) / octaves(self.low_edge, self.from))
        } else if hz > self.to {
            smooth(octaves(hz, self.high_edge) / octaves(self.to, self.high_edge))
        } else {
            1.0
        }
    }

    /// How long the upper edge rings before a sound, in seconds, until it is negligible.
    ///
    /// At a rate f, [`smooth`] over D Hz rings t before a spike as 1 ÷ (π t f) · 1 ÷ (π D t ((D t)² − 1)) of it: −99 dB
    /// at D t = 5 and 48 kHz. The energy of all that is earlier is 90 dB below the spike's.
    pub(super) fn ringing(&self) -> f64 {
        5.0 / (self.high_edge - self.to)
    }
}

/// From 0 to 1 while `x` does: the integral of a Hann window, whose two derivatives are 0 at both ends.
pub(super) fn smooth(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x - (std::f64::consts::TAU * x).sin() / std::f64::consts::TAU
}

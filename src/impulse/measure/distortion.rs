//! What the loudspeaker adds at multiples of each frequency.
//!
//! At the frequency f an exponential sweep is at n f a while L ln n later; its harmonic of order n is there already.
//! Deconvolved, order n is therefore a response of its own, L ln n before the linear one (Farina 2000; Novak et al. 2015).
//!
//! Its spectrum at n f is held against the linear one's at n f too, not at f: both have come through the same room, which
//! so falls out, and what is left is the loudspeaker's (Temme, "How to graph distortion measurements", AES 94, 1993).

use super::deconvolve::Deconvolver;
use crate::impulse::fourier::{Bins, Fourier};
use realfft::num_complex::Complex;
use serde::Serialize;

/// The highest order looked at: beyond, the responses stand too close.
const HIGHEST: usize = 6;

/// How much more than the noise a harmonic must have to be told from it: 3 dB, with the noise in it.
const OVER_NOISE: f64 = 2.0;

/// Share of a piece that is faded at either end.
const FADE: f64 = 0.05;

/// Harmonic distortion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distortion {
    /// All orders together (THD), in % of the fundamental: root of the mean square over thirds of an octave.
    pub total_percent: f64,
    /// Order by order, from the second on, as far as the sweep's length and range tell.
    pub orders: Vec<Order>,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Order {
    /// 2 for the octave.
    pub order: usize,
    /// Its amplitude in % of what a fundamental of its own frequency has, the mean square over the thirds of an octave.
    /// `None` if noise is as loud.
    pub percent: Option<f64>,
    /// The fundamental, in Hz, of the third of an octave where it is largest.
    pub worst_hz: Option<f64>,
    /// How large it is there, in %.
    pub worst_percent: Option<f64>,
}

/// Of `response`, all of a circle, that arrives at frame `arrival` and has rung out after `decay` frames. `growth` is L
/// in seconds.
pub(super) fn distortion(
    by: &Deconvolver,
    response: &[f64],
    arrival: usize,
    decay: usize,
    growth: f64,
) -> Distortion {
    let rate = f64::from(by.sample_rate);
    let from_arrival = |frames: f64| arrival as f64 + frames;
    // Pieces follow one another; each begins a tenth of the way to the order before it, ahead of its arrival.
    let start = |order: usize| {
        let order = order as f64;
        let ahead = 0.1 * ((order + 1.0) / order).ln();
        from_arrival(-rate * growth * (order.ln() + ahead))
    };
    let mut orders = Vec::new();
    let mut total = 0.0;
    for order in 2..=HIGHEST {
        let length = (start(order - 1) - start(order)) as usize;
        let too_high = by.band.from * order as f64 * 2.0 > by.band.to;
        // A piece that does not hold two periods of the range's lowest says nothing.
        if too_high || (length as f64) < 2.0 * rate / by.band.from {
            break;
        }
        let piece = |start: f64| Piece::cut(response, start, length, by.sample_rate);
        let linear = piece(start(1));
        let noise = piece(from_arrival(decay as f64) - length as f64);
        let harmonic = piece(start(order));
        let ratios = ratios(by, order, &linear, &harmonic, &noise);
        let heard = ratios.iter().any(|(_, ratio)| *ratio > 0.0);
        let mean = ratios.iter().map(|it| it.1).sum::<f64>() / ratios.len().max(1) as f64;
        let worst = ratios
            .iter()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|_| heard);
        total += mean;
        orders.push(Order {
            order,
            percent: heard.then(|| 100.0 * mean.sqrt()),
            worst_hz: worst.map(|it| it.0),
            worst_percent: worst.map(|it| 100.0 * it.1.sqrt()),
        });
    }
    Distortion {
        total_percent: 100.0 * total.sqrt(),
        orders,
    }
}

/// For each third of an octave of the fundamental, its middle in Hz and the harmonic's share of power, 0 if it is noise.
fn ratios(
    by: &Deconvolver,
    order: usize,
    linear: &Piece,
    harmonic: &Piece,
    noise: &Piece,
) -> Vec<(f64, f64)> {
    let third = 2_f64.powf(1.0 / 3.0);
    let times = order as f64;
    let mut ratios = Vec::new();
    let mut low = by.band.from;
    while low * third * times <= by.band.to {
        let high = low * third;
        let power = |piece: &Piece| piece.power(low * times, high * times);
        let (fundamental, above, floor) = (power(linear), power(harmonic), power(noise));
        if let (Some(fundamental), Some(above), Some(floor)) = (fundamental, above, floor)
            && fundamental > 0.0
        {
            let heard = above > OVER_NOISE * floor;
            ratios.push((
                (low * high).sqrt(),
                if heard { above / fundamental } else { 0.0 },
            ));
        }
        low = high;
    }
    ratios
}

/// The spectrum of some of a response.
struct Piece {
    bins: Bins,
    step: f64,
}

impl Piece {
    fn cut(response: &[f64], start: f64, length: usize, sample_rate: u32) -> Self {
        let fourier = Fourier::new(length);
        let start = start.round() as isize;
        let faded = (FADE * length as f64).max(1.0);
        let sample = |n: usize| {
            let at = (start + n as isize).rem_euclid(response.len() as isize) as usize;
            let from_end = n.min(length - 1 - n) as f64;
            response[at] * super::band::smooth((from_end + 0.5) / faded)
        };
        Self {
            bins: fourier.spectrum_of((0..length).map(sample)),
            step: f64::from(sample_rate) / fourier.size() as f64,
        }
    }

    /// The mean power of a bin.
    fn power(&self, low: f64, high: f64) -> Option<f64> {
        let range = (low / self.step).ceil() as usize..(high / self.step).ceil() as usize;
        let bins = self.bins.get(range).filter(|bins| !bins.is_empty())?;
        Some(bins.iter().map(Complex::norm_sqr).sum::<f64>() / bins.len() as f64)
    }
}

//! The textbook's picture of convolution, in numbers: g is reversed and slid over f; at each place the two are
//! multiplied, and the area under the product is one sample of the output.
//!
//! Guaranteed: the output is the engine's own, so that the picture shows what is heard; the area is the definition,
//! (f*g)(c) = Σ f(a)·g(c − a), in f64. The two differ by the engine's rounding alone: not at all where every value is an
//! integer, g has at most 64 samples and no sum of magnitudes exceeds 2²⁴; below −120 dB otherwise.
//!
//! Nothing is drawn here. Building a [`Sliding`] allocates: loader or main thread.

use crate::engine::{Block, Engine, PrepareError, PreparedImpulse, Routing};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// Two signals and their convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Sliding {
    f: Vec<f32>,
    g: Vec<f32>,
    output: Vec<f32>,
}

/// What there is to see while g(c − a) lies over f(a).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment<'a> {
    sliding: &'a Sliding,
    offset: usize,
}

impl Sliding {
    /// Convolves `f` with `g`, from the first sample in which they touch to the last. The errors are those of
    /// [`PreparedImpulse::new`]: `g` is empty, too long, or has a sample that is no number. An empty `f` is silence, and
    /// its convolution with `g` is empty. Main thread.
    pub fn new(f: &[f32], g: &[f32]) -> Result<Self, PrepareError> {
        let impulse = PreparedImpulse::new(Routing::mono(), &[g])?;
        let frames = if f.is_empty() {
            0
        } else {
            f.len() + g.len() - 1
        };
        let mut padded = f.to_vec();
        padded.resize(frames, 0.0);
        let mut output = vec![0.0; frames];
        Engine::new(Arc::new(impulse)).process(&mut Block::new(&[&padded], &mut [&mut output[..]]));
        Ok(Self {
            f: f.to_vec(),
            g: g.to_vec(),
            output,
        })
    }

    /// What g slides over. Main thread.
    pub fn f(&self) -> &[f32] {
        &self.f
    }

    /// What slides, as it was given: not reversed. Main thread.
    pub fn g(&self) -> &[f32] {
        &self.g
    }

    /// (f*g)(c) for every c, from the engine: as many samples as f and g have together, less one. Main thread.
    pub fn output(&self) -> &[f32] {
        &self.output
    }

    /// The places that g can have: every c for which it lies over some of f. Main thread.
    pub fn offsets(&self) -> Range<usize> {
        0..self.output.len()
    }

    /// The picture at c = `offset`; `None` where g lies over nothing of f. Main thread.
    pub fn at(&self, offset: usize) -> Option<Moment<'_>> {
        self.offsets().contains(&offset).then_some(Moment {
            sliding: self,
            offset,
        })
    }
}

impl<'a> Moment<'a> {
    /// c: how far g has slid. Its first sample lies over f(c). Main thread.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Where on f's axis the reversed g lies: from c − (samples of g − 1), which may be negative, to c. Main thread.
    pub fn span(&self) -> RangeInclusive<isize> {
        let c = self.offset as isize;
        c + 1 - self.sliding.g.len() as isize..=c
    }

    /// Every a for which both f(a) and g(c − a) are there. Never empty. Main thread.
    pub fn overlap(&self) -> Range<usize> {
        let from = (self.offset + 1).saturating_sub(self.sliding.g.len());
        from..self.sliding.f.len().min(self.offset + 1)
    }

    /// The reversed g at `a` on f's axis, g(c − a); 0 where it is not. Main thread.
    pub fn reversed(&self, a: isize) -> f32 {
        let index = usize::try_from(self.offset as isize - a).ok();
        index
            .and_then(|index| self.sliding.g.get(index))
            .map_or(0.0, |&sample| sample)
    }

    /// f(a)·g(c − a) for each a of [`Moment::overlap`]. Main thread.
    pub fn products(&self) -> impl Iterator<Item = f64> + 'a {
        let overlap = self.overlap();
        let g = &self.sliding.g[self.offset + 1 - overlap.end..=self.offset - overlap.start];
        let f = &self.sliding.f[overlap];
        let product = |(&f, &g): (&f32, &f32)| f64::from(f) * f64::from(g);
        f.iter().zip(g.iter().rev()).map(product)
    }

    /// The area under the product, by the definition: Σ f(a)·g(c − a). Main thread.
    pub fn area(&self) -> f64 {
        self.products().sum()
    }

    /// What the engine has put out up to here: the last sample is this area. Main thread.
    pub fn output(&self) -> &'a [f32] {
        &self.sliding.output[..=self.offset]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_boxes_make_a_triangle() {
        let sliding = Sliding::new(&[1.0; 8], &[1.0; 8]).expect("a good impulse");
        let triangle: Vec<f32> = (0..15).map(|c: i16| f32::from(8 - (7 - c).abs())).collect();
        assert_eq!(sliding.output(), triangle);
    }

    #[test]
    fn the_area_is_the_output_for_every_pair_of_short_lengths() {
        for (m, n) in (1..=20).flat_map(|m| (1..=20).map(move |n| (m, n))) {
            let f: Vec<f32> = (0..m).map(|a| ((a * 7 + 3) % 11) as f32 - 5.0).collect();
            let g: Vec<f32> = (0..n).map(|a| ((a * 5 + 1) % 13) as f32 - 6.0).collect();
            let sliding = Sliding::new(&f, &g).expect("a good impulse");
            assert_eq!(sliding.offsets(), 0..m + n - 1);
            for c in sliding.offsets() {
                let moment = sliding.at(c).expect("inside");
                let overlap: Vec<usize> = (0..m).filter(|&a| a <= c && c - a < n).collect();
                assert_eq!(moment.overlap().collect::<Vec<_>>(), overlap, "{m} {n} {c}");
                let products = overlap.iter().map(|&a| f64::from(f[a] * g[c - a]));
                assert!(moment.products().eq(products), "{m} {n} {c}");
                // Integers below 2^24: f32 holds every sum.
                assert_eq!(moment.area(), f64::from(sliding.output()[c]), "{m} {n} {c}");
                assert_eq!(moment.output(), &sliding.output()[..=c]);
                for a in -30..30_isize {
                    let inside = moment.span().contains(&a);
                    let g = if inside {
                        g[(c as isize - a) as usize]
                    } else {
                        0.0
                    };
                    assert_eq!(moment.reversed(a), g, "{m} {n} {c} {a}");
                }
            }
            assert_eq!(sliding.at(m + n - 1), None);
        }
    }

    #[test]
    fn long_signals_too() {
        let wave = |count: usize, step: usize| -> Vec<f32> {
            let sample = |a| (a * step % 2003) as f32 / 1001.0 - 1.0;
            (0..count).map(sample).collect()
        };
        let sliding = Sliding::new(&wave(3000, 7919), &wave(2000, 104_729)).expect("good");
        let (mut error, mut power) = (0.0, 0.0);
        for moment in sliding.offsets().filter_map(|c| sliding.at(c)) {
            let area = moment.area();
            error += (f64::from(sliding.output()[moment.offset()]) - area).powi(2);
            power += area * area;
        }
        let db = 10.0 * (error / power).log10();
        assert!(db < -120.0, "{db:.1} dB");
    }

    #[test]
    fn nothing_to_slide() {
        assert_eq!(Sliding::new(&[1.0], &[]), Err(PrepareError::Empty));
        let silence = Sliding::new(&[], &[1.0]).expect("a good impulse");
        assert!(silence.offsets().is_empty() && silence.at(0).is_none());
    }
}

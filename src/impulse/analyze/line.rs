//! A straight line through points, by least squares.

/// y = intercept + slope · x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) intercept: f64,
    /// Squared correlation coefficient, 0 to 1.
    pub(super) r2: f64,
}

impl Line {
    /// Where the line reaches `y`.
    pub(super) fn at(&self, y: f64) -> f64 {
        (y - self.intercept) / self.slope
    }
}

/// `None` for fewer than two places.
pub(super) fn fit(points: &[(f64, f64)]) -> Option<Line> {
    let count = points.len() as f64;
    let sum = points
        .iter()
        .fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
    let mean = (sum.0 / count, sum.1 / count);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for &(x, y) in points {
        let (x, y) = (x - mean.0, y - mean.1);
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    (xx > 0.0).then(|| Line {
        slope: xy / xx,
        intercept: mean.1 - xy / xx * mean.0,
        r2: if yy > 0.0 { xy * xy / (xx * yy) } else { 1.0 },
    })
}

//! How fast a band decays, and from where on it is noise: what damping must know.
//!
//! Schroeder's backward integral (1965) up to where the decay meets the noise, with what is missing beyond it added
//! (Lundeby et al. 1995; ISO 3382-1, 5.3.3), and a straight line through it from −5 dB to −35 dB, or as far
//! down as 10 dB above the noise.

/// A decay that is a straight line in dB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decay {
    /// For 60 dB.
    pub(super) seconds: f64,
    /// When the decay meets the noise, in seconds after the direct sound. `None` if the file ends first.
    pub(super) noise_from: Option<f64>,
}

/// One power for so many seconds: two periods of the lowest band's lower edge.
const BLOCK_SECONDS: f64 = 0.01;

/// The least range to draw a line through, in dB: from −5 to −20.
const LEAST_DB: f64 = 20.0;

/// How far above the noise a decay is trusted, in dB.
const ABOVE_NOISE_DB: f64 = 10.0;

/// How well a line must fit: r² of the integrated curve. Steps of a regular echo have .95 and more.
const LEAST_FIT: f64 = 0.9;

/// Measures the first `frames` of all `channels` together, from sample `direct` on.
pub(super) fn measure(
    channels: &[Vec<f64>],
    direct: usize,
    frames: usize,
    rate: f64,
) -> Option<Decay> {
    let block = ((BLOCK_SECONDS * rate) as usize).max(1);
    let step = block as f64 / rate;
    let power = |from: usize| -> f64 {
        let samples = |channel: &Vec<f64>| -> f64 {
            let samples = channel.get(from..from + block).unwrap_or(&[]);
            samples.iter().map(|x| x * x).sum()
        };
        channels.iter().map(samples).sum()
    };
    let powers: Vec<f64> = (direct..(frames + 1).saturating_sub(block))
        .step_by(block)
        .map(power)
        .collect();
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    // Silence, the files' own and a transform's rounding (−200 dB), is no decay.
    let end = powers.iter().rposition(|power| *power > 1e-20 * loudest)? + 1;
    let powers = &powers[..end];
    let start = powers.iter().position(|power| *power == loudest)?;

    let mut knee = end;
    let mut noise = noise_after(powers, start, end);
    let (mut seconds, mut crossing) = (0.0, 0.0);
    // Lundeby's iteration: the line tells where the noise begins, the noise tells how far the line goes.
    for _ in 0..4 {
        let usable = noise * 10_f64.powf(ABOVE_NOISE_DB / 10.0);
        let reach = powers[start..knee]
            .iter()
            .position(|power| *power <= usable)
            .map_or(knee, |blocks| start + blocks);
        let levels = (start..reach).map(|at| (at as f64 * step, decibels(powers[at])));
        let line = Line::through(levels)?;
        if line.slope >= 0.0 {
            return None;
        }
        seconds = -60.0 / line.slope;
        if noise == 0.0 {
            break;
        }
        let meets = (decibels(noise) - line.offset) / line.slope / step;
        crossing = meets * step;
        knee = (meets.ceil().max(0.0) as usize).clamp(reach, end);
        if knee < end {
            noise = noise_after(powers, start, (knee + (end - knee) / 4).min(end));
        }
    }
    let floor = noise > 0.0 && knee < end;
    let range_db = if noise > 0.0 {
        decibels(loudest / noise) - ABOVE_NOISE_DB
    } else {
        f64::INFINITY
    };
    // The energy beyond the knee, had the decay gone on: the power there × T ÷ (6 ln 10).
    let last = &powers[knee.saturating_sub(5).max(start)..knee];
    let missing =
        last.iter().sum::<f64>() / last.len().max(1) as f64 * seconds / (6.0 * 10_f64.ln() * step);
    let mut integral = missing;
    let mut curve: Vec<f64> = powers[start..knee]
        .iter()
        .rev()
        .map(|power| {
            integral += (power - noise * f64::from(u8::from(floor))).max(0.0);
            integral
        })
        .collect();
    curve.reverse();
    let whole = *curve.first()?;
    let levels = || {
        let curve = curve.iter().enumerate();
        curve.map(|(at, energy)| (at as f64 * step, decibels(energy / whole)))
    };
    let deepest = levels().next_back()?.1.abs().min(range_db).min(35.0);
    if deepest < LEAST_DB {
        return None;
    }
    let line = Line::through(levels().filter(|(_, db)| (-deepest..=-5.0).contains(db)))?;
    (line.slope < 0.0 && line.fit >= LEAST_FIT).then_some(Decay {
        seconds: -60.0 / line.slope,
        noise_from: floor.then_some(crossing),
    })
}

/// The mean power from block `knee` on, at least over the last tenth; zero if that still decays and so is no noise.
fn noise_after(powers: &[f64], start: usize, knee: usize) -> f64 {
    let tenth = (powers.len() - start) / 10;
    let tail = &powers[knee.min(powers.len() - tenth)..];
    if tail.len() < 4 {
        return 0.0;
    }
    let (first, second) = tail.split_at(tail.len() / 2);
    let mean = |powers: &[f64]| powers.iter().sum::<f64>() / powers.len() as f64;
    // Half of a tail that decays, against the other half: what a line from the loudest block to here would fall by.
    let fallen = decibels(powers[start] / mean(tail));
    let between = (tail.len() - first.len()) as f64;
    let expected = fallen * between / (powers.len() - start).max(1) as f64;
    if decibels(mean(first) / mean(second)) > (expected / 2.0).max(0.5) {
        return 0.0;
    }
    mean(tail)
}

/// A straight line by least squares.
struct Line {
    slope: f64,
    offset: f64,
    /// r².
    fit: f64,
}

impl Line {
    /// `None` through fewer than three points.
    fn through(points: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let points: Vec<_> = points.filter(|(_, y)| y.is_finite()).collect();
        if points.len() < 3 {
            return None;
        }
        let count = points.len() as f64;
        let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in &points {
            let (x, y) = (x - mean_x, y - mean_y);
            xx += x * x;
            xy += x * y;
            yy += y * y;
        }
        let slope = xy / xx;
        let line = Self {
            slope,
            offset: mean_y - slope * mean_x,
            fit: xy * xy / (xx * yy),
        };
        (line.slope.is_finite() && line.fit.is_finite()).then_some(line)
    }
}

fn decibels(power: f64) -> f64 {
    10.0 * power.log10()
}

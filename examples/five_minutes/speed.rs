//! Part 6: why it is fast.

use super::convolve::{self, Difference};
use super::page::{self, Part, data, decimal, grouped, small, whole};
use super::svg::{Svg, short};
use partita::engine::partition::PartitionPlan;
use partita::engine::{Block, Engine, OfflineConvolver, PreparedImpulse, Routing, Simd};
use serde_json::json;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Powers of two that are measured: n values convolved with n.
const POWERS: std::ops::RangeInclusive<u32> = 7..=17;
/// Beyond this the direct sum would take seconds.
const DIRECT_TO: u32 = 15;
/// At these lengths, and all shorter ones, the results are compared with the definition.
const COMPARED_TO: u32 = 11;
/// Frames of a call of the engine, as a musician's host would make it: 1.3 ms at 48 kHz.
const BLOCK: usize = 64;
/// How long one figure may be measured: the least of as many runs as fit, at least two.
const BUDGET: Duration = Duration::from_millis(60);
/// The impulse whose partitions are drawn, in samples: 3 s at 48 kHz.
const DRAWN: usize = 144_000;
/// The engine convolves so many first values by the sum itself.
const HEAD: usize = 64;

/// Milliseconds for n values.
#[derive(Clone, Copy)]
struct Measured {
    n: usize,
    direct: Option<f64>,
    engine: f64,
    waiting: f64,
}

pub fn part() -> Result<Part, Box<dyn Error>> {
    let mut difference = Difference {
        greatest: 0.0,
        peak: 1.0,
    };
    let mut measured = Vec::new();
    for power in POWERS {
        let n = 1 << power;
        let (f, g) = (signal(n, 7919), signal(n, 104_729));
        let mut out = vec![0.0; 2 * n - 1];
        let mut padded = f.clone();
        padded.resize(out.len(), 0.0);
        let mut compare = |out: &[f32]| {
            if power <= COMPARED_TO {
                difference =
                    difference.or(Difference::of(&[out.to_vec()], &[convolve::sum(&f, &g)]));
            }
        };

        let impulse = PreparedImpulse::new(Routing::mono(), &[&g])?;
        let mut engine = Engine::new(Arc::new(impulse));
        let by_engine = least(|| {
            engine.reset();
            for (input, output) in padded.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
                engine.process(&mut Block::new(&[input], &mut [output]));
            }
            black_box(&mut out);
        });
        compare(&out);

        let mut waiting = None;
        let mut runs = Vec::new();
        // It has no reset: each run has one of its own, made before the clock starts.
        while runs.len() < 2
            || runs.iter().sum::<f64>() < 1000.0 * BUDGET.as_secs_f64() && runs.len() < 20
        {
            let mut offline = OfflineConvolver::new(&Routing::mono(), &[&g])?;
            let start = Instant::now();
            offline.process(&mut Block::new(&[&padded], &mut [&mut out[..]]));
            black_box(&mut out);
            let run = milliseconds(start);
            waiting = Some(waiting.map_or(run, |least: f64| least.min(run)));
            runs.push(run);
        }
        compare(&out);

        let by_sum = (power <= DIRECT_TO).then(|| {
            least(|| {
                out.fill(0.0);
                direct(&f, &g, &mut out);
                black_box(&mut out);
            })
        });
        measured.push(Measured {
            n,
            direct: by_sum,
            engine: by_engine,
            waiting: waiting.unwrap_or(by_engine),
        });
    }

    let both = measured
        .iter()
        .rev()
        .find_map(|at| at.direct.map(|direct| (*at, direct)));
    let (at, direct) = both.ok_or("nothing was measured")?;
    let last = measured[measured.len() - 1];
    let plan = PartitionPlan::real_time(DRAWN);
    let rows: String = measured.iter().map(row).collect();
    let body = format!(
        r#"<p>The sum as it stands takes <i>n</i> · <i>n</i> products for <i>n</i> values of sound and <i>n</i> of impulse response. Three seconds of
hall at 48 kHz are {drawn} products for every single sample. A Fourier transform turns convolution into a product, one
multiplication for each frequency, and the fast transform (Cooley and Tukey 1965; Stockham 1966) needs about <i>n</i> log <i>n</i> steps to get
there and back.</p>
{chart}
<p>For {n} values the sum took {direct} ms and the engine {engine} ms, <strong>{ratio} times</strong> less, on the machine that wrote this page
(one core, instruction set {simd}). It is a measurement: another machine gives other figures, and so does another run.</p>
<h3>And no waiting</h3>
<p>One large transform has to wait for its last sample before it can begin: {n_seconds} s at 48 kHz for those {n_again} values. A musician cannot.
So the impulse response is cut (Gardner 1995). Its first {head} values meet the sound directly, by the plain sum,
which needs no waiting at all. Behind them stand partitions that grow: one of <i>N</i> values may wait for <i>N</i>
samples, since what it answers is not due before. Larger ones begin at 2<i>N</i>, so that the work for each block is
spread over the time that the next one takes to fill (Wefers 2014 has the theory of such schemes).</p>
{plan}
<p>That gives up a little of what was won: many small transforms cost more than a few large ones. With blocks of {block} samples and
no delay the engine took {last_engine} ms for {last_n} values; the same kernels, allowed to wait for large blocks, took
{last_waiting} ms. The price of not waiting is a factor of {price}.</p>
<details><summary>All figures</summary><div class="scroll"><table class="figures"><caption>Milliseconds for <i>n</i> values convolved with <i>n</i>, all 2<i>n</i> − 1 results, the least of several runs; impulse responses prepared before</caption>
<thead><tr><th scope="col"><i>n</i></th><th scope="col">The sum</th><th scope="col">Engine, no delay</th><th scope="col">Engine, waiting</th></tr></thead>
<tbody>{rows}</tbody></table></div></details>
{checked}"#,
        drawn = whole("speed-drawn", DRAWN as f64),
        chart = page::figure(
            &[chart(&measured)],
            "Time over <i>n</i>, both axes logarithmic: a power of <i>n</i> is a straight line. The sum climbs four times as high for \
             each doubling, <i>n</i> log <i>n</i> hardly more than twice. Thin lines: <i>n</i>² and <i>n</i> log <i>n</i> exactly, through the last point of \
             the sum and of the engine that may wait.",
        ),
        n = whole("speed-n", at.n as f64),
        n_again = grouped(at.n as f64),
        direct = decimal("speed-direct", direct, 1),
        engine = decimal("speed-engine", at.engine, 2),
        ratio = whole("speed-ratio", (direct / at.engine).round()),
        simd = Simd::best().name(),
        n_seconds = decimal("speed-wait", at.n as f64 / 48_000.0, 1),
        head = whole("speed-head", HEAD as f64),
        plan = page::figure(
            &[partitions(&plan)],
            "How the engine cuts three seconds of impulse response, on a logarithmic axis of samples. Each box is a partition; a transform covers one.",
        ),
        block = whole("speed-block", BLOCK as f64),
        last_engine = decimal("speed-last-engine", last.engine, 2),
        last_n = whole("speed-last-n", last.n as f64),
        last_waiting = decimal("speed-last-waiting", last.waiting, 2),
        price = decimal("speed-price", last.engine / last.waiting, 2),
        checked = page::checked(&format!(
            "Both ways of the engine against the definition, for every <i>n</i> up to {}: the greatest difference is {}. Times are \
             not checked, only that they are there.",
            whole("speed-compared", f64::from(1 << COMPARED_TO)),
            small("speed-difference", difference.greatest),
        )),
    );
    let levels = plan.levels().iter();
    let numbers = json!({
        "n": measured.iter().map(|at| at.n).collect::<Vec<_>>(),
        "direct": measured.iter().map(|at| at.direct).collect::<Vec<_>>(),
        "engine": measured.iter().map(|at| at.engine).collect::<Vec<_>>(),
        "waiting": measured.iter().map(|at| at.waiting).collect::<Vec<_>>(),
        "signal": "((a · step) mod 2003) / 1001 − 1", "steps": [7919, 104_729],
        "compared": 1 << COMPARED_TO, "difference": difference.greatest, "peak": difference.peak,
        "drawn": DRAWN, "head": HEAD,
        "levels": levels.map(|level| json!([level.offset, level.size, level.partitions])).collect::<Vec<_>>(),
    });
    Ok(Part {
        id: "speed",
        title: "Why it is fast",
        body,
        numbers,
        difference,
    })
}

/// Noise enough, and the same everywhere.
fn signal(n: usize, step: usize) -> Vec<f32> {
    (0..n)
        .map(|a| (a * step % 2003) as f32 / 1001.0 - 1.0)
        .collect()
}

/// The sum as it stands, in the engine's own precision.
fn direct(f: &[f32], g: &[f32], out: &mut [f32]) {
    for (a, &f) in f.iter().enumerate() {
        for (out, &g) in out[a..].iter_mut().zip(g) {
            *out += f * g;
        }
    }
}

fn milliseconds(since: Instant) -> f64 {
    // A clock may be coarse; nothing takes no time.
    (1000.0 * since.elapsed().as_secs_f64()).max(1e-6)
}

/// Milliseconds of the fastest of several runs.
fn least(mut run: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut least = f64::INFINITY;
    let mut runs = 0;
    while runs < 2 || begun.elapsed() < BUDGET && runs < 1000 {
        let start = Instant::now();
        run();
        least = least.min(milliseconds(start));
        runs += 1;
    }
    least
}

fn row(at: &Measured) -> String {
    let n = at.n;
    let cell = |kind: &str, value: f64| {
        let places = (2 - value.log10().floor() as i32).clamp(0, 6) as usize;
        format!(
            "<td>{}</td>",
            data(
                &format!("speed-{kind}-{n}"),
                value,
                format!("{value:.places$}")
            )
        )
    };
    let direct = at.direct.map_or("<td>not measured</td>".into(), |value| {
        cell("direct", value)
    });
    format!(
        "<tr><th scope=\"row\">{}</th>{direct}{}{}</tr>",
        grouped(n as f64),
        cell("engine", at.engine),
        cell("waiting", at.waiting)
    )
}

/// The three curves on logarithmic axes.
fn chart(measured: &[Measured]) -> Svg {
    let (width, height) = (720.0, 400.0);
    let (left, right, top, bottom) = (74.0, 12.0, 14.0, 350.0);
    let [first, .., last] = measured else {
        return Svg::new((width, height), "stage", "Nothing was measured.");
    };
    let all = || {
        measured
            .iter()
            .flat_map(|at| [at.direct, Some(at.engine), Some(at.waiting)])
            .flatten()
    };
    let low = all().fold(f64::INFINITY, f64::min).log10().floor();
    let high = all().fold(0.0, f64::max).log10().ceil();
    let octaves = (last.n as f64 / first.n as f64).log2();
    let x = |n: f64| left + (n / first.n as f64).log2() / octaves * (width - left - right);
    let y = |ms: f64| bottom - (ms.log10() - low) / (high - low) * (bottom - top);

    let said: Vec<String> = measured
        .iter()
        .map(|at| {
            let direct = at
                .direct
                .map_or("not measured".into(), |ms| format!("{ms:.4}"));
            format!("{}: {direct}, {:.4}, {:.4}", at.n, at.engine, at.waiting)
        })
        .collect();
    let label = format!(
        "Milliseconds over n for the sum, the engine without delay, and the engine that may wait. {}.",
        said.join("; ")
    );
    let mut svg = Svg::new((width, height), "stage", label);
    for power in low as i32..=high as i32 {
        let (ms, at) = (10f64.powi(power), y(10f64.powi(power)));
        svg.line((left, at), (width - right, at), "rule");
        let text = match power {
            -3 => "1 µs".into(),
            -2 => "10 µs".into(),
            -1 => "100 µs".into(),
            3.. => format!("{} s", ms / 1000.0),
            0..3 => format!("{ms} ms"),
            _ => format!("{:.0} ns", ms * 1e6),
        };
        svg.text((left - 8.0, at + 5.0), "tick end", text);
    }
    for at in measured.iter().step_by(2) {
        svg.line((x(at.n as f64), top), (x(at.n as f64), bottom), "rule");
        let text = if at.n < 1024 {
            at.n.to_string()
        } else {
            format!("{} k", at.n / 1024)
        };
        svg.text((x(at.n as f64), bottom + 24.0), "tick middle", text);
    }
    svg.text((width - right, height - 6.0), "tick end", "n (1 k = 1024)");

    // Exact powers through the last measured point of the curve that they explain.
    let mut guide = |through: Option<(f64, f64)>, grows: fn(f64) -> f64| {
        if let Some((n, ms)) = through {
            let points = measured
                .iter()
                .map(|at| (at.n as f64, ms * grows(at.n as f64) / grows(n)));
            // What leaves the picture at the bottom is not drawn.
            let points = points.filter(|point| point.0 <= n && point.1 >= 10f64.powf(low));
            svg.path(&line(points.map(|(n, ms)| (x(n), y(ms)))), "guide");
        }
    };
    let summed = || {
        measured
            .iter()
            .filter_map(|at| at.direct.map(|ms| (at.n as f64, ms)))
    };
    guide(summed().next_back(), |n| n * n);
    guide(Some((last.n as f64, last.waiting)), |n| n * n.log2());

    type Curve = (&'static str, &'static str, Vec<(f64, f64)>);
    let curves: [Curve; 3] = [
        ("f", "the sum", summed().collect()),
        (
            "out",
            "engine, no delay",
            measured.iter().map(|at| (at.n as f64, at.engine)).collect(),
        ),
        (
            "g",
            "engine, waiting",
            measured
                .iter()
                .map(|at| (at.n as f64, at.waiting))
                .collect(),
        ),
    ];
    for (index, (class, name, points)) in curves.iter().enumerate() {
        svg.path(
            &line(points.iter().map(|&(n, ms)| (x(n), y(ms)))),
            &format!("curve {class}"),
        );
        for &(n, ms) in points {
            svg.circle((x(n), y(ms)), 4.0, &format!("dot {class}"));
        }
        let legend = top + 22.0 + 30.0 * index as f64;
        svg.line(
            (left + 14.0, legend - 5.0),
            (left + 44.0, legend - 5.0),
            &format!("curve {class}"),
        );
        svg.text((left + 54.0, legend), &format!("title {class}"), name);
    }
    svg
}

fn line(points: impl Iterator<Item = (f64, f64)>) -> String {
    points
        .enumerate()
        .map(|(index, (x, y))| {
            format!(
                "{}{} {}",
                if index == 0 { "M" } else { "L" },
                short(x),
                short(y)
            )
        })
        .collect()
}

/// Head and partitions on a logarithmic axis of samples.
fn partitions(plan: &PartitionPlan) -> Svg {
    let (width, top, zero) = (720.0, 46.0, 86.0);
    let last = plan
        .levels()
        .iter()
        .map(|level| level.offset + level.partitions * level.size)
        .max()
        .unwrap_or(HEAD);
    let span = (last as f64 / 16.0).log2();
    let x = |at: usize| 4.0 + (at.max(16) as f64 / 16.0).log2() / span * (width - 8.0);
    let listed: Vec<String> = plan
        .levels()
        .iter()
        .map(|level| {
            format!(
                "{} of {} from {}",
                level.partitions, level.size, level.offset
            )
        })
        .collect();
    let label = format!(
        "The first {HEAD} values directly; then partitions: {}.",
        listed.join("; ")
    );
    let mut svg = Svg::new((width, 140.0), "plan", label);
    // Words stand on two lines in turn, so that they do not meet on a narrow screen.
    let line = |index: usize| 22.0 * (index % 2) as f64;
    svg.rect(
        (x(0), top),
        (x(HEAD) - x(0) - 1.0, zero - top),
        "cell f shade-3",
    );
    svg.text((x(0) + 4.0, 38.0), "title f", "the sum");
    for (index, level) in plan.levels().iter().enumerate() {
        let class = ["g", "out", "p", "g"][index % 4];
        for partition in 0..level.partitions {
            let from = level.offset + partition * level.size;
            let (from, to) = (x(from), x(from + level.size));
            let size = ((to - from - 1.0).max(0.5), zero - top);
            svg.rect((from, top), size, &format!("cell {class} shade-2"));
        }
        let words = format!("{} × {}", level.partitions, grouped(level.size as f64));
        svg.text(
            (x(level.offset), 16.0 + line(index)),
            &format!("title {class}"),
            words,
        );
    }
    let begins = plan.levels().iter().map(|level| level.offset);
    for (index, at) in begins.chain([last]).enumerate() {
        svg.line((x(at), zero), (x(at), zero + 8.0), "axis");
        let class = if at == last {
            "tick end"
        } else {
            "tick middle"
        };
        svg.text(
            (x(at), zero + 26.0 + line(index)),
            class,
            grouped(at as f64),
        );
    }
    svg
}

//! Part 5: a convolutional layer, y = σ(Wx + b).

mod picture;

use super::convolve::{self, Difference};
use super::page::{self, Part, whole};
use super::plane::{Rows, image, rows, strung};
use super::svg::Svg;
use partita::engine::Routing;
use serde_json::{Value, json};
use std::error::Error;

/// How a neighbourhood is weighed, row by row.
type Filter = [[i8; 3]; 3];

/// What the one-dimensional layer is given.
const X: [i8; 10] = [0, 0, 3, 3, 3, 0, 0, 4, 0, 0];

/// A filter: three weights, its bias and what it answers to.
const FILTERS: [([i8; 3], i8, &str); 3] = [
    ([-1, 1, 0], 0, "A rise"),
    ([1, 1, 1], -6, "A plateau"),
    ([-1, 2, -1], -4, "A single spike"),
];

/// A star, the sign of convolution, as the two-dimensional layers are given it.
const STAR: [&str; 13] = [
    "......#......",
    "......#......",
    "..#...#...#..",
    "...#..#..#...",
    "....#.#.#....",
    ".....###.....",
    "......#......",
    ".....###.....",
    "....#.#.#....",
    "...#..#..#...",
    "..#...#...#..",
    "......#......",
    "......#......",
];

/// Three-by-three filters of the first layer, as they weigh a neighbourhood; each with a bias of −4.
const STROKES: [(Filter, &str); 3] = [
    ([[-1, 3, -1], [-1, 3, -1], [-1, 3, -1]], "Upright strokes"),
    ([[3, -1, -1], [-1, 3, -1], [-1, -1, 3]], "Falling strokes"),
    ([[-1, -1, 3], [-1, 3, -1], [3, -1, -1]], "Rising strokes"),
];
const STROKE_BIAS: i8 = -4;

/// The second layer's filters, one 3 × 3 for each map of the first: any stroke, and where strokes meet.
const SECOND: [([Filter; 3], i16, &str); 2] = [
    ([[[0, 0, 0], [0, 1, 0], [0, 0, 0]]; 3], 0, "Any stroke"),
    (
        [[[1, 1, 1], [1, 1, 1], [1, 1, 1]]; 3],
        -20,
        "Where strokes meet",
    ),
];

/// σ: what is negative becomes zero (a rectifier).
fn rectified(value: f32) -> f32 {
    value.max(0.0)
}

pub fn part() -> Result<Part, Box<dyn Error>> {
    let (line, line_html, line_difference) = line()?;
    let (planes, planes_html, planes_difference) = planes()?;
    let body = format!(
        r#"<p>A layer of a neural network takes numbers <i class="f">x</i>, weighs and adds them, shifts the sums and bends them:
<span class="nowrap"><i class="out">y</i> = σ(<b class="g">W</b><i class="f">x</i> + <i>b</i>)</span>. In a <em>convolutional</em> layer every output does the same to its own
neighbourhood. So the rows of <b class="g">W</b> are one row, moved on step by step: the weights are shared, and a few of them
fill the whole matrix.</p>
{line_html}
{planes_html}
{checked}"#,
        checked = page::checked(
            "The matrices written out in full and multiplied in double precision, for every filter and both layers. Weights \
             and inputs are integers and the impulse responses have at most 64 values: the engine equals them bit for bit."
        ),
    );
    Ok(Part {
        id: "layer",
        title: "A convolutional layer",
        body,
        numbers: json!({ "line": line, "planes": planes }),
        difference: line_difference.or(planes_difference),
    })
}

/// One dimension, three filters.
fn line() -> Result<(Value, String, Difference), Box<dyn Error>> {
    let x: Vec<f32> = X.map(f32::from).to_vec();
    let outputs = x.len() - 2;
    // A matrix row weighs x(i), x(i + 1), x(i + 2) with w0, w1, w2. In (x*g)(i + 2) they meet g(2), g(1), g(0).
    let reversed = FILTERS.map(|(weights, ..)| {
        weights
            .iter()
            .rev()
            .map(|&weight| f32::from(weight))
            .collect::<Vec<_>>()
    });
    let got = convolve::engine(
        &Routing::matrix(1, FILTERS.len()),
        std::slice::from_ref(&x),
        &reversed,
    )?;
    let sums: Rows = got.iter().map(|got| got[2..2 + outputs].to_vec()).collect();
    let mut want = Vec::new();
    for (weights, ..) in FILTERS {
        let matrix = banded(weights, x.len());
        want.push(
            matrix
                .iter()
                .map(|row| {
                    row.iter()
                        .zip(&x)
                        .map(|(&w, &x)| f64::from(w) * f64::from(x))
                        .sum()
                })
                .collect(),
        );
    }
    let difference = Difference::of(&sums, &want);
    let y: Rows = sums
        .iter()
        .zip(FILTERS)
        .map(|(sums, (_, bias, _))| {
            sums.iter()
                .map(|&sum| rectified(sum + f32::from(bias)))
                .collect()
        })
        .collect();

    let (weights, bias, name) = FILTERS[2];
    let html = format!(
        r#"{figure}
<p>Row <i>i</i> of that product is <i>w</i><sub>0</sub><i>x</i>(<i>i</i>) + <i>w</i><sub>1</sub><i>x</i>(<i>i</i> + 1) + <i>w</i><sub>2</sub><i>x</i>(<i>i</i> + 2). The indices of <i>w</i> and <i>x</i> rise
together; in a convolution one falls while the other rises. So <b class="g">W</b><i>x</i> is <i>x</i> convolved with the weights
reversed, <span class="nowrap">[… <i>w</i><sub>2</sub>, <i>w</i><sub>1</sub>, <i>w</i><sub>0</sub> …]</span>, taken where they lie wholly over <i>x</i>. A layer has several filters: several
impulse responses for one input, as a sound that is heard by several ears.</p>
{filters}"#,
        figure = page::figure(
            &[picture::matrix(&x, weights, bias, &sums[2], &y[2])],
            &format!(
                "{name}: <i>w</i> = [{}], <i>b</i> = {}, σ sets what is negative to 0. {} rows, {} columns, {} different weights.",
                weights
                    .map(|weight| page::grouped(weight.into()))
                    .join(", "),
                page::grouped(bias.into()),
                whole("layer-rows", outputs as f64),
                whole("layer-columns", x.len() as f64),
                whole("layer-weights", 3.0),
            ),
        ),
        filters = page::figure(
            &[picture::filters(&x, &y)],
            "One input, three filters, three outputs, each as long as there are rows in its matrix.",
        ),
    );
    let numbers = json!({
        "x": x,
        "filters": FILTERS.map(|(weights, bias, name)| json!({ "name": name, "weights": weights, "bias": bias })),
        "matrix": banded(weights, x.len()),
        "sums": sums, "y": y, "difference": difference.greatest,
    });
    Ok((numbers, html, difference))
}

/// W of a one-dimensional layer: `weights` in each row, one step further than in the row above.
fn banded(weights: [i8; 3], columns: usize) -> Vec<Vec<i8>> {
    let row = |row: usize| {
        let mut values = vec![0; columns];
        values[row..row + 3].copy_from_slice(&weights);
        values
    };
    (0..columns - 2).map(row).collect()
}

/// W of a two-dimensional layer over a picture of `side` by `side`, read row by row.
fn doubly_banded(weights: Filter, side: usize) -> Vec<Vec<i8>> {
    let out = side - 2;
    let row = |at: usize| {
        let mut values = vec![0; side * side];
        for place in 0..9 {
            let (down, right) = (at / out + place / 3, at % out + place % 3);
            values[down * side + right] = weights[place / 3][place % 3];
        }
        values
    };
    (0..out * out).map(row).collect()
}

/// Maps of `side` by `side` through three-by-three filters, `responses` source first, as the engine's matrix has them: the sums
/// where a filter lies wholly inside, one map for each output.
fn convolved(
    maps: &[Rows],
    filters: &[Filter],
    outputs: usize,
) -> Result<Vec<Rows>, Box<dyn Error>> {
    let side = maps[0].len();
    let width = side + 2;
    let reversed = |mut filter: Filter| {
        filter.reverse();
        filter.iter_mut().for_each(|row| row.reverse());
        strung(&rows(filter), width)
    };
    let inputs: Vec<Vec<f32>> = maps.iter().map(|map| strung(map, width)).collect();
    let responses: Vec<Vec<f32>> = filters.iter().map(|&filter| reversed(filter)).collect();
    let got = convolve::engine(&Routing::matrix(maps.len(), outputs), &inputs, &responses)?;
    let inside = |got: &Vec<f32>| {
        (2..side)
            .map(|row| got[row * width + 2..row * width + side].to_vec())
            .collect()
    };
    Ok(got.iter().map(inside).collect())
}

/// The same by matrices.
fn multiplied(maps: &[Rows], filters: &[Filter], outputs: usize) -> Vec<Vec<f64>> {
    let side = maps[0].len();
    let mut sums = vec![vec![0.0; (side - 2) * (side - 2)]; outputs];
    for (at, &filter) in filters.iter().enumerate() {
        let (map, matrix) = (&maps[at / outputs], doubly_banded(filter, side));
        for (sum, row) in sums[at % outputs].iter_mut().zip(matrix) {
            let products = row
                .iter()
                .zip(map.iter().flatten())
                .map(|(&w, &x)| f64::from(w) * f64::from(x));
            *sum += products.sum::<f64>();
        }
    }
    sums
}

fn difference_of(got: &[Rows], want: &[Vec<f64>]) -> Difference {
    let flat: Vec<Vec<f32>> = got.iter().map(|map| map.concat()).collect();
    Difference::of(&flat, want)
}

fn bent(sums: &[Rows], bias: impl Fn(usize) -> f32) -> Vec<Rows> {
    let bend =
        |map: usize, row: &Vec<f32>| row.iter().map(|&sum| rectified(sum + bias(map))).collect();
    sums.iter()
        .enumerate()
        .map(|(map, rows)| rows.iter().map(|row| bend(map, row)).collect())
        .collect()
}

/// Two dimensions, two layers.
fn planes() -> Result<(Value, String, Difference), Box<dyn Error>> {
    let star: Rows = STAR
        .map(|row| {
            row.bytes()
                .map(|ink| f32::from(u8::from(ink == b'#')))
                .collect()
        })
        .to_vec();
    let input = [star.clone()];
    let first = STROKES.map(|(filter, _)| filter);
    let first_sums = convolved(&input, &first, first.len())?;
    let difference = difference_of(&first_sums, &multiplied(&input, &first, first.len()));
    let strokes = bent(&first_sums, |_| STROKE_BIAS.into());

    // Source first: all filters of the first map, then all of the second …
    let second: Vec<Filter> = (0..first.len())
        .flat_map(|map| SECOND.map(|(filters, ..)| filters[map]))
        .collect();
    let second_sums = convolved(&strokes, &second, SECOND.len())?;
    let difference = difference.or(difference_of(
        &second_sums,
        &multiplied(&strokes, &second, SECOND.len()),
    ));
    let found = bent(&second_sums, |map| SECOND[map].1.into());

    let side = star.len();
    let matrix = doubly_banded(first[0], side);
    let nonzero = matrix
        .iter()
        .flatten()
        .filter(|weight| **weight != 0)
        .count();
    let (rows_of_w, columns_of_w) = (matrix.len(), matrix[0].len());
    let shade = |weight: &i8| [(128 + 40 * i16::from(*weight)) as u8; 3];
    let pixels: Vec<[u8; 3]> = matrix.iter().flatten().map(shade).collect();
    let mut maps = vec![picture::map("The star, x", &star, "f")];
    maps.extend(
        STROKES
            .iter()
            .zip(&strokes)
            .map(|((_, name), map)| picture::map(name, map, "g")),
    );
    let second_maps: Vec<Svg> = SECOND
        .iter()
        .zip(&found)
        .map(|((_, _, name), map)| picture::map(name, map, "out"))
        .collect();
    let shared = first.len() * 9 + first.len();
    let dense = first.len() * (rows_of_w * columns_of_w + rows_of_w);
    let html = format!(
        r#"<p>In two dimensions the same holds, with the trick of the last part. Here three filters of 3 × 3 look for strokes
of three directions in a star, and a second layer, which sees all three maps at once, adds them up. That second layer
is a matrix of convolutions, {second_inputs} inputs to {second_outputs} outputs; it is what the engine’s routing does for loudspeakers.</p>
{first_figure}
{second_figure}
<figure><div class="row">{matrix}</div><figcaption>The matrix <b class="g">W</b> of “{name}”, {rows_of_w} × {columns_of_w}, one point for each weight:
light is {light}, dark is {dark}, grey is 0. Of its {entries} entries {nonzero} are not zero, and all of them are nine numbers again and again.</figcaption></figure>
<p>Sharing is what makes such a network small: these three filters have {shared} numbers to learn, weights and biases
together. With nothing shared there would be {dense}.</p>"#,
        second_inputs = whole("layer-inputs", strokes.len() as f64),
        second_outputs = whole("layer-outputs", found.len() as f64),
        first_figure = page::figure(&maps, "The first layer: one input, three filters."),
        second_figure = page::figure(
            &second_maps,
            "The second layer: three inputs, two outputs. The centre of the star is where strokes meet."
        ),
        matrix = image(
            "layer-matrix",
            "A square of thin diagonal lines in bands: the same nine weights in every row, moved on.",
            &pixels,
            columns_of_w
        )?,
        name = STROKES[0].1,
        rows_of_w = whole("layer-w-rows", rows_of_w as f64),
        columns_of_w = whole("layer-w-columns", columns_of_w as f64),
        light = whole("layer-w-light", 3.0),
        dark = whole("layer-w-dark", -1.0),
        entries = whole("layer-w-entries", (rows_of_w * columns_of_w) as f64),
        nonzero = whole("layer-w-nonzero", nonzero as f64),
        shared = whole("layer-shared", shared as f64),
        dense = whole("layer-dense", dense as f64),
    );
    let numbers = json!({
        "x": star,
        "first": { "filters": first, "bias": STROKE_BIAS, "sums": first_sums, "y": strokes },
        "second": {
            "filters": SECOND.map(|(filters, ..)| filters), "bias": SECOND.map(|(_, bias, _)| bias),
            "sums": second_sums, "y": found,
        },
        "difference": difference.greatest,
    });
    Ok((numbers, html, difference))
}

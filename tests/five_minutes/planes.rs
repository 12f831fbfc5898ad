//! Two dimensions: the floor, the picture, the layers.

use super::ROUNDING;
use super::page::{Figures, list, number, picture, samples};
use super::sums::{engine, greatest, sum};
use partita::engine::Routing;

#[test]
fn a_floor() {
    let (f, g, output) = (
        list("plane.drop.f"),
        list("plane.drop.g"),
        list("plane.drop.output"),
    );
    // Over pairs of vectors, not over a line.
    let mut want = vec![0.0; 25];
    for (a, b) in (0..9).flat_map(|a| (0..9).map(move |b| (a, b))) {
        want[(a / 3 + b / 3) * 5 + a % 3 + b % 3] += f[a] * g[b];
    }
    assert_eq!(output, want);
    assert_eq!(output.iter().sum::<f64>(), 1.0);
    assert_eq!(number("plane.drop.difference"), 0.0);
    assert_eq!(number("plane.drop.width"), 5.0);
}

#[test]
fn a_picture_blurred_and_its_edges() {
    let mut figures = Figures::of("plane");
    // The page shows all but the rim, so that is what can be checked from it: but for one pixel more on each side.
    let (columns, rows, channels, original) = picture("picture-original");
    assert_eq!(
        (columns as f64, rows as f64, channels),
        (
            number("plane.picture.columns"),
            number("plane.picture.rows"),
            3
        )
    );
    let kernels: Vec<i32> = list("plane.picture.kernels")
        .iter()
        .map(|&weight| weight as i32)
        .collect();
    assert_eq!(
        kernels,
        [
            1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, -1, 0
        ]
    );
    let shown = ["blurred", "across", "down"].map(|id| picture(&format!("picture-{id}")));
    // (f*g)(c) = Σ f(a)·g(c − a), g from −1 to 1 both ways.
    let at = |row: usize, column: usize, colour: usize, kernel: usize| -> i32 {
        let places = (0..9).map(|b| (row + 1 - b / 3, column + 1 - b % 3, kernels[9 * kernel + b]));
        places
            .map(|(row, column, weight)| {
                weight * i32::from(original[(row * columns + column) * 3 + colour])
            })
            .sum()
    };
    for (row, column) in
        (1..rows - 1).flat_map(|row| (1..columns - 1).map(move |column| (row, column)))
    {
        let place = row * columns + column;
        for colour in 0..3 {
            let mean = (f64::from(at(row, column, colour, 0)) / 9.0).round() as u8;
            assert_eq!(shown[0].3[place * 3 + colour], mean, "{row}, {column}");
        }
        for kernel in [1, 2] {
            let (_, _, channels, pixels) = &shown[kernel];
            assert_eq!(*channels, 1);
            let edge: i32 = (0..3).map(|colour| at(row, column, colour, kernel)).sum();
            let grey = (128.0 + (f64::from(edge) / 3.0).round()).clamp(0.0, 255.0) as u8;
            assert_eq!(pixels[place], grey, "{row}, {column}");
        }
    }
    let detail: Vec<usize> = list("plane.picture.detail")
        .iter()
        .map(|&at| at as usize)
        .collect();
    for id in ["original", "blurred", "across", "down"] {
        let (_, _, channels, whole) = picture(&format!("picture-{id}"));
        let (wide, tall, _, part) = picture(&format!("detail-{id}"));
        assert_eq!([wide, tall], detail[2..]);
        for row in 0..tall {
            let from = ((detail[1] + row) * columns + detail[0]) * channels;
            assert_eq!(
                part[row * wide * channels..][..wide * channels],
                whole[from..][..wide * channels],
                "{id}"
            );
        }
    }

    // One colour and the mean once more, through the engine's line: all that rounding can do is far below ½.
    let width = columns + 2;
    let line: Vec<f32> = (0..rows * width)
        .map(|at| {
            if at % width < columns {
                f32::from(original[(at / width * columns + at % width) * 3])
            } else {
                0.0
            }
        })
        .collect();
    let response: Vec<f32> = (0..2 * width + 3)
        .map(|at| f32::from(u8::from(at % width < 3)))
        .collect();
    let want = sum(&line, &response);
    assert!(want.iter().all(|want| want.fract() == 0.0));
    let got = engine(
        &Routing::mono(),
        std::slice::from_ref(&line),
        std::slice::from_ref(&response),
    );
    assert!(
        got[0]
            .iter()
            .zip(&want)
            .all(|(&got, &want)| f64::from(got.round()) == want)
    );

    // Most that f32 can be off (Brent, Percival & Zimmermann 2007, Mathematics of Computation 76, theorem 5.1): for a
    // convolution by transforms of 2ⁿ points, ‖f‖·‖g‖·((3 + 3√5 + 3)n + √5) roundings, 12.8 n + 2.3; two levels more for
    // the twists of the right-angle form, one rounding for each of at most 16 partitions and for each of 64 taps of the
    // head. A sample hears as much of f as g is long and two partitions more; no value of f exceeds 255.
    let taps = number("plane.picture.taps");
    assert_eq!(taps, (2 * (columns + 4) + 3) as f64);
    let f = 255.0 * (taps + 128.0).sqrt();
    let g = 3.0;
    // Three colours meet in an edge, whose g is √2: 3·√2 > 3.
    let bound = 3.0f64.max(3.0 * 2f64.sqrt()) / g
        * f
        * g
        * ROUNDING
        * (13.0 * (6.0 + 2.0) + 3.0 + 16.0 + 64.0);
    let difference = number("plane.picture.difference");
    assert!(
        difference < bound && bound < 0.5,
        "{difference}, at most {bound}"
    );
    assert!(greatest(&got[0], &want) < bound);

    figures.is("plane-drop-taps", 13.0);
    figures.is("plane-width", 5.0);
    figures.is("plane-drop-sum", 1.0);
    figures.is("plane-drop-one", list("plane.drop.output")[6]);
    figures.is("plane-taps", taps);
    figures.is("plane-difference", difference);
    figures.is("plane-wrong", 0.0);
    figures.is("plane-columns", columns as f64);
    figures.is("plane-rows", rows as f64);
    // Five outputs, each with a rim of one value around the whole picture, of which the page hides one.
    let values = 5 * (columns + 4) * (rows + 4);
    figures.is("plane-values", values as f64);
    let most = number("plane.picture.peak");
    assert!((1.0..=9.0 * 255.0).contains(&most), "{most}");
    figures.close("plane", difference, most);
}

/// Rows of W x for a filter that is moved over `side` by `side` values, W written out in full.
fn full_matrix(filter: &[f64], side: usize, x: &[f64]) -> Vec<f64> {
    let out = side - 2;
    let row = |at: usize| {
        let mut row = vec![0.0; side * side];
        for (place, weight) in filter.iter().enumerate() {
            row[(at / out + place / 3) * side + at % out + place % 3] = *weight;
        }
        row.iter().zip(x).map(|(w, x)| w * x).sum()
    };
    (0..out * out).map(row).collect()
}

#[test]
fn a_convolutional_layer() {
    let mut figures = Figures::of("layer");
    let x = list("layer.line.x");
    let outputs = x.len() - 2;
    for filter in 0..3 {
        let weights = list(&format!("layer.line.filters.{filter}.weights"));
        let bias = number(&format!("layer.line.filters.{filter}.bias"));
        let sums: Vec<f64> = (0..outputs)
            .map(|i| (0..3).map(|k| weights[k] * x[i + k]).sum())
            .collect();
        assert_eq!(list(&format!("layer.line.sums.{filter}")), sums);
        let y: Vec<f64> = sums.iter().map(|sum| (sum + bias).max(0.0)).collect();
        assert_eq!(list(&format!("layer.line.y.{filter}")), y);
        assert!(y.iter().any(|&y| y > 0.0));
        // Convolved with [w2, w1, w0], as the page says.
        let reversed: Vec<f32> = weights.iter().rev().map(|&weight| weight as f32).collect();
        assert_eq!(
            sum(&samples("layer.line.x"), &reversed)[2..2 + outputs],
            sums
        );
    }
    // The matrix that is written out belongs to the last filter.
    let matrix = list("layer.line.matrix");
    let weights = list("layer.line.filters.2.weights");
    assert_eq!(matrix.len(), x.len() * outputs);
    for (at, &weight) in matrix.iter().enumerate() {
        let (row, column) = (at / x.len(), at % x.len());
        let wanted = column
            .checked_sub(row)
            .and_then(|k| weights.get(k))
            .copied();
        assert_eq!(weight, wanted.unwrap_or(0.0), "{row}, {column}");
    }

    let mut maps = vec![list("layer.planes.x")];
    for (layer, inputs, outputs) in [("first", 1, 3), ("second", 3, 2)] {
        assert_eq!(maps.len(), inputs);
        let side = maps[0].len().isqrt();
        let filters = list(&format!("layer.planes.{layer}.filters"));
        let biases = list(&format!("layer.planes.{layer}.bias"));
        assert_eq!(filters.len(), 9 * inputs * outputs);
        let mut next = Vec::new();
        for output in 0..outputs {
            let mut sums = vec![0.0; (side - 2) * (side - 2)];
            for (input, map) in maps.iter().enumerate() {
                // Filters are listed by output, then by input.
                let filter = &filters[9 * (output * inputs + input)..][..9];
                let part = full_matrix(filter, side, map);
                sums.iter_mut()
                    .zip(part)
                    .for_each(|(sum, part)| *sum += part);
            }
            assert_eq!(
                list(&format!("layer.planes.{layer}.sums.{output}")),
                sums,
                "{layer}"
            );
            let bias = biases[output % biases.len()];
            let y: Vec<f64> = sums.iter().map(|sum| (sum + bias).max(0.0)).collect();
            assert_eq!(
                list(&format!("layer.planes.{layer}.y.{output}")),
                y,
                "{layer}"
            );
            next.push(y);
        }
        maps = next;
    }
    // Strokes meet in the centre, and nowhere else.
    let lit: Vec<usize> = (0..81).filter(|&at| maps[1][at] > 0.0).collect();
    assert_eq!(lit, [40]);

    // The picture of W, read back: weights as grey, 40 for 1.
    let (columns, rows, _, pixels) = picture("layer-matrix");
    let star = list("layer.planes.x");
    let read: Vec<f64> = pixels
        .iter()
        .map(|&grey| (f64::from(grey) - 128.0) / 40.0)
        .collect();
    let product: Vec<f64> = read
        .chunks(columns)
        .map(|row| row.iter().zip(&star).map(|(w, x)| w * x).sum())
        .collect();
    assert_eq!(product, list("layer.planes.first.sums.0"));
    let nonzero = read.iter().filter(|weight| **weight != 0.0).count();

    for (id, want) in [
        ("layer-rows", outputs),
        ("layer-columns", x.len()),
        ("layer-weights", weights.len()),
        ("layer-inputs", 3),
        ("layer-outputs", maps.len()),
        ("layer-w-rows", rows),
        ("layer-w-columns", columns),
        ("layer-w-entries", rows * columns),
        ("layer-w-nonzero", nonzero),
        ("layer-shared", 3 * 9 + 3),
        ("layer-dense", 3 * (rows * columns + rows)),
    ] {
        figures.is(id, want as f64);
    }
    figures.is("layer-w-light", read.iter().copied().fold(0.0, f64::max));
    figures.is("layer-w-dark", read.iter().copied().fold(0.0, f64::min));
    assert_eq!(number("layer.line.difference"), 0.0);
    assert_eq!(number("layer.planes.difference"), 0.0);
    figures.close("layer", 0.0, 1.0);
}

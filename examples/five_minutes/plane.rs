//! Part 4: two dimensions, by the engine of one.

use super::convolve::{self, Difference};
use super::page::{self, Part, fraction, whole};
use super::still_life::{HEIGHT, WIDTH, still_life};
use super::svg::{Svg, escape};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use partita::engine::Routing;
use partita::engine::routing::Path;
use serde_json::json;
use std::error::Error;

/// Rows of a rectangle of numbers.
pub type Rows = Vec<Vec<f32>>;

/// Chances, in sixteenths, of a ball that is dropped on a floor: it goes so many metres south (row) and east (column).
const FIRST: [[u8; 3]; 3] = [[4, 3, 1], [2, 2, 1], [1, 1, 1]];
const SECOND: [[u8; 3]; 3] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]];

/// The mean of nine, but for the division: with integers the sums are integers.
const MEAN: [[i8; 3]; 3] = [[1, 1, 1], [1, 1, 1], [1, 1, 1]];
/// The neighbour on the right less the one on the left: g(−1) = 1, g(1) = −1.
const ACROSS: [[i8; 3]; 3] = [[0, 0, 0], [1, 0, -1], [0, 0, 0]];
/// The neighbour below less the one above.
const DOWN: [[i8; 3]; 3] = [[0, 1, 0], [0, 0, 0], [0, -1, 0]];

/// The part of the picture that is shown enlarged: first column and row, columns and rows.
const DETAIL: [usize; 4] = [198, 70, 44, 55];

/// Rows strung out on one line, each followed by zeros until the next begins `width` later.
pub fn strung(rows: &[Vec<f32>], width: usize) -> Vec<f32> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut line = vec![0.0; (rows.len().max(1) - 1) * width + columns];
    for (row, values) in rows.iter().enumerate() {
        line[row * width..][..values.len()].copy_from_slice(values);
    }
    line
}

/// Rows of floats.
pub fn rows<const R: usize, const C: usize, T: Copy + Into<f32>>(rows: [[T; C]; R]) -> Rows {
    rows.iter()
        .map(|row| row.iter().map(|&value| value.into()).collect())
        .collect()
}

pub fn part() -> Result<Part, Box<dyn Error>> {
    let (drop, drop_html, drop_difference) = floor()?;
    let (picture, picture_html, picture_difference) = picture()?;
    let body = format!(
        r#"<p>Drop the ball on a floor instead of along a line. Now <i>a</i>, <i>b</i> and <i>c</i> are pairs, metres south and
metres east, and <i>a</i> + <i>b</i> = <i>c</i> is the sum of two vectors. The formula does not change by one letter.</p>
{drop_html}
{picture_html}
{checked}"#,
        checked = page::checked(&format!(
            "The two-dimensional sum itself, over all pairs of vectors, in double precision and in integers. For the floor the engine is equal bit \
             for bit: the line has {} values and the engine takes up to 64 directly. For the picture it has {} and goes through \
             Fourier transforms, which round: before rounding to integers the greatest difference is {}, far below ½, and after it \
             {} of {} values differ.",
            whole("plane-drop-taps", drop["taps"].as_f64().unwrap_or(0.0)),
            whole("plane-taps", picture["taps"].as_f64().unwrap_or(0.0)),
            page::small("plane-difference", picture_difference.greatest),
            whole("plane-wrong", picture["wrong"].as_f64().unwrap_or(-1.0)),
            whole("plane-values", picture["values"].as_f64().unwrap_or(0.0)),
        )),
    );
    Ok(Part {
        id: "plane",
        title: "Two dimensions",
        body,
        numbers: json!({ "drop": drop, "picture": picture }),
        difference: drop_difference.or(picture_difference),
    })
}

/// The ball on a floor.
fn floor() -> Result<(serde_json::Value, String, Difference), Box<dyn Error>> {
    let sixteenths = |chances| -> Rows {
        let mut chances = rows::<3, 3, u8>(chances);
        chances
            .iter_mut()
            .flatten()
            .for_each(|chance| *chance /= 16.0);
        chances
    };
    let (f, g) = (sixteenths(FIRST), sixteenths(SECOND));
    let width = 5;
    let (line_f, line_g) = (strung(&f, width), strung(&g, width));
    let got = convolve::engine(
        &Routing::mono(),
        std::slice::from_ref(&line_f),
        std::slice::from_ref(&line_g),
    )?;
    let output: Rows = got[0].chunks(width).map(<[f32]>::to_vec).collect();
    let mut want = vec![vec![0.0; width]; width];
    for (r, s, column) in
        (0..3).flat_map(|r| (0..3).flat_map(move |s| (0..3).map(move |column| (r, s, column))))
    {
        for other in 0..3 {
            want[r + s][column + other] += f64::from(f[r][column]) * f64::from(g[s][other]);
        }
    }
    let difference = Difference::of(&output, &want);
    let sum: f64 = output.iter().flatten().map(|&value| f64::from(value)).sum();
    let html = format!(
        r#"{figure}
<p>The engine knows only lines, and that is enough. String the rows out one after another, {width} places each: place
(row, column) becomes number {width_again} · row + column. Adding two vectors is then adding two numbers, as long as no
column sum reaches {width_third} and spills into the next row; the zeros behind each row see to that. So the sum over
pairs and the sum over numbers have the same terms.</p>
{line}
<p>It sums to {sum}; to land one metre south and one east has probability {one}.</p>"#,
        figure = page::figure(
            &[
                grid("First drop, f", &f, 16.0, "f"),
                grid("Second drop, g", &g, 16.0, "g"),
                grid("Both, f∗g", &output, 256.0, "out"),
            ],
            "Probability per square metre: sixteenths, and 256ths of both. Rows go south, columns east, both from 0.",
        ),
        width = whole("plane-width", width as f64),
        width_again = width,
        width_third = width,
        line = page::figure(
            &[strip(&line_f, width)],
            "The first drop as the engine is given it: three rows, and two zeros behind each that is followed by another.",
        ),
        sum = whole("plane-drop-sum", sum),
        one = fraction("plane-drop-one", f64::from(output[1][1]), 256.0),
    );
    let numbers = json!({
        "f": f, "g": g, "width": width, "output": output, "taps": line_g.len(), "difference": difference.greatest,
    });
    Ok((numbers, html, difference))
}

/// A photograph's worth of numbers: blurred, and its edges found.
fn picture() -> Result<(serde_json::Value, String, Difference), Box<dyn Error>> {
    let pixels = still_life();
    let width = WIDTH + 2;
    let colour = |channel: usize| -> Rows {
        let row = |row: &[[u8; 3]]| row.iter().map(|pixel| f32::from(pixel[channel])).collect();
        pixels.chunks(WIDTH).map(row).collect()
    };
    let inputs: Vec<Vec<f32>> = (0..3)
        .map(|channel| strung(&colour(channel), width))
        .collect();
    let kernels = [MEAN, ACROSS, DOWN];
    let responses = kernels.map(|kernel| strung(&rows(kernel), width));
    // Each colour is blurred for itself; the edges are those of all three together.
    let blurs = (0..3).map(|colour| Path {
        input: colour,
        output: colour,
        response: 0,
    });
    let edges = (0..6).map(|at| Path {
        input: at % 3,
        output: 3 + at / 3,
        response: 1 + at / 3,
    });
    let routing =
        Routing::from_paths(3, 5, blurs.chain(edges).collect()).ok_or("a path leads nowhere")?;
    let got = convolve::engine(&routing, &inputs, &responses)?;

    let want = direct(&pixels, kernels);
    let (mut difference, mut wrong) = (
        Difference {
            greatest: 0.0,
            peak: 0.0,
        },
        0,
    );
    for (got, want) in got.iter().zip(&want) {
        for (row, want) in want.chunks(width).enumerate() {
            for (&got, &want) in got[row * width..].iter().zip(want) {
                difference.greatest = difference
                    .greatest
                    .max((f64::from(got) - f64::from(want)).abs());
                difference.peak = difference.peak.max(f64::from(want.abs()));
                wrong += u32::from(got.round() as i32 != want);
            }
        }
    }

    // What lies wholly inside: its neighbours are all there.
    let (columns, rows) = (WIDTH - 2, HEIGHT - 2);
    let inside = |output: usize, at: usize| {
        got[output][(at / columns + 2) * width + at % columns + 2].round()
    };
    let original = (0..columns * rows)
        .map(|at| pixels[(at / columns + 1) * WIDTH + at % columns + 1])
        .collect();
    let blurred = (0..columns * rows)
        .map(|at| [0, 1, 2].map(|colour| (inside(colour, at) / 9.0).round() as u8))
        .collect();
    let edges = |output: usize| {
        (0..columns * rows).map(move |at| {
            [(128.0 + (inside(output, at) / 3.0).round()).clamp(0.0, 255.0) as u8; 3]
        })
    };
    let shown: [(&str, &str, &str, Vec<[u8; 3]>); 4] = [
        (
            "original",
            "The picture",
            "A still life, ray-traced for this page: an orange, a glass marble, a striped ball and a cup of tea on a chequered cloth.",
            original,
        ),
        (
            "blurred",
            "Mean of 3 × 3",
            "The same, slightly blurred.",
            blurred,
        ),
        (
            "across",
            "Right less left",
            "Grey where the picture is even; light and dark lines along upright edges.",
            edges(3).collect(),
        ),
        (
            "down",
            "Below less above",
            "Grey where the picture is even; light and dark lines along level edges.",
            edges(4).collect(),
        ),
    ];
    let mut figures = String::new();
    let mut kernels_shown = [None, Some(MEAN), Some(ACROSS), Some(DOWN)].into_iter();
    for (id, title, alternative, pixels) in &shown {
        let [left, top, wide, tall] = DETAIL;
        let detail: Vec<[u8; 3]> = (0..wide * tall)
            .map(|at| pixels[(top + at / wide) * columns + left + at % wide])
            .collect();
        let kernel = kernels_shown
            .next()
            .flatten()
            .map_or(String::new(), |kernel| kernel_table(title, kernel));
        figures += &format!(
            "<figure class=\"picture\"><div class=\"pair\">{}{}</div><figcaption><strong>{title}</strong>{kernel}</figcaption></figure>",
            image(&format!("picture-{id}"), alternative, pixels, columns)?,
            image(
                &format!("detail-{id}"),
                &format!("{title}: the cup’s rim, enlarged."),
                &detail,
                wide
            )?,
        );
    }
    let html = format!(
        r#"<p>Now let <i class="f">f</i> be a picture of {columns} × {rows} points, each with 0 to 255 of red, green and blue, and <i class="g">g</i>
nine numbers. Nine ones, divided by 9, put the mean of its neighbourhood at each point: that blurs. A 1 on one side and a −1 on
the other leave nothing where both neighbours are equal: that finds edges. (Since <i class="g">g</i> is reversed while it
slides, the −1 stands on the right of <i class="g">g</i> and weighs the neighbour on the left.)</p>
<div class="pictures">{figures}</div>
<p>The colours are three inputs of the engine and the pictures its outputs, as loudspeakers would be: each colour goes
to its own mean, and all three to each kind of edge.</p>"#,
        columns = whole("plane-columns", columns as f64),
        rows = whole("plane-rows", rows as f64),
    );
    let numbers = json!({
        "kernels": kernels, "columns": columns, "rows": rows, "taps": responses[0].len(), "detail": DETAIL,
        "difference": difference.greatest, "peak": difference.peak, "wrong": wrong,
        "values": want.iter().map(Vec::len).sum::<usize>(),
    });
    Ok((numbers, html, difference))
}

/// The sum over vectors, in integers: three blurs, two kinds of edges, each with its rim.
fn direct(pixels: &[[u8; 3]], kernels: [[[i8; 3]; 3]; 3]) -> Vec<Vec<i32>> {
    let width = WIDTH + 2;
    let mut outputs = vec![vec![0; width * (HEIGHT + 2)]; 5];
    for (at, pixel) in pixels.iter().enumerate() {
        for (place, offset) in (0..9).map(|place| {
            (
                place,
                (at / WIDTH + place / 3) * width + at % WIDTH + place % 3,
            )
        }) {
            let weight = |kernel: usize| i32::from(kernels[kernel][place / 3][place % 3]);
            for (colour, &value) in pixel.iter().enumerate() {
                let value = i32::from(value);
                outputs[colour][offset] += value * weight(0);
                outputs[3][offset] += value * weight(1);
                outputs[4][offset] += value * weight(2);
            }
        }
    }
    outputs
}

/// Pixels as a PNG inside the page.
pub fn image(
    id: &str,
    alternative: &str,
    pixels: &[[u8; 3]],
    columns: usize,
) -> Result<String, Box<dyn Error>> {
    let rows = pixels.len() / columns;
    let grey = pixels
        .iter()
        .all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns as u32, rows as u32);
    encoder.set_color(if grey {
        png::ColorType::Grayscale
    } else {
        png::ColorType::Rgb
    });
    encoder.set_compression(png::Compression::High);
    let data: Vec<u8> = pixels
        .iter()
        .flat_map(|pixel| &pixel[..if grey { 1 } else { 3 }])
        .copied()
        .collect();
    encoder.write_header()?.write_image_data(&data)?;
    Ok(format!(
        "<img id=\"{id}\" width=\"{columns}\" height=\"{rows}\" alt=\"{}\" src=\"data:image/png;base64,{}\">",
        escape(alternative),
        BASE64_STANDARD.encode(bytes)
    ))
}

fn kernel_table(title: &str, kernel: [[i8; 3]; 3]) -> String {
    let row = |row: [i8; 3]| {
        format!(
            "<tr>{}</tr>",
            row.map(|weight| format!("<td>{}</td>", page::grouped(weight.into())))
                .concat()
        )
    };
    let sort = if kernel == MEAN {
        "<span>÷ 9</span>"
    } else {
        ""
    };
    format!(
        "<div class=\"kernel\"><table aria-label=\"g of {title}\">{}</table>{sort}</div>",
        kernel.map(row).concat()
    )
}

/// Numbers on a floor, darker where there is more.
pub fn grid(title: &str, values: &[Vec<f32>], of: f32, class: &str) -> Svg {
    let columns = values.iter().map(Vec::len).max().unwrap_or(1);
    let (cell, top) = (168.0 / columns.max(values.len()) as f64, 30.0);
    let said: Vec<String> = values
        .iter()
        .map(|row| {
            row.iter()
                .map(|value| page::grouped((value * of).into()))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let label = format!("{title}, row by row: {}", said.join("; "));
    let mut svg = Svg::new(
        (
            columns as f64 * cell + 4.0,
            top + values.len() as f64 * cell + 4.0,
        ),
        "grid",
        label,
    );
    svg.text((2.0, 18.0), &format!("title {class}"), title);
    let peak = values
        .iter()
        .flatten()
        .fold(f32::MIN_POSITIVE, |most, &value| most.max(value.abs()));
    for (row, line) in values.iter().enumerate() {
        for (column, &value) in line.iter().enumerate() {
            let (x, y) = (2.0 + column as f64 * cell, top + row as f64 * cell);
            // Five steps of shade, each a class of its own.
            let shade = (value.max(0.0) / peak * 4.0).ceil();
            svg.rect(
                (x + 0.75, y + 0.75),
                (cell - 1.5, cell - 1.5),
                &format!("cell {class} shade-{shade}"),
            );
            svg.text(
                (x + cell / 2.0, y + cell / 2.0 + 5.0),
                "value middle",
                page::grouped((value * of).into()),
            );
        }
    }
    svg
}

/// A line of numbers, rows told apart.
fn strip(line: &[f32], width: usize) -> Svg {
    let cell = 700.0 / line.len() as f64;
    let mut svg = Svg::new(
        (704.0, 74.0),
        "strip",
        "Rows strung out on one line, with zeros between.",
    );
    for (at, value) in line.iter().enumerate() {
        let x = 2.0 + at as f64 * cell;
        let class = if at % width < 3 {
            "cell f shade-2"
        } else {
            "cell f shade-0"
        };
        svg.rect((x + 1.0, 4.0), (cell - 2.0, 44.0), class);
        svg.text((x + cell / 2.0, 32.0), "value middle", value * 16.0);
        svg.text((x + cell / 2.0, 68.0), "tick middle", at);
    }
    svg
}

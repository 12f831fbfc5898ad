//! The layers, drawn.

use super::super::page;
use super::super::svg::Svg;
use super::{FILTERS, banded};

/// W x, the bias and what σ makes of them, in numbers.
pub fn matrix(x: &[f32], weights: [i8; 3], bias: i8, sums: &[f32], y: &[f32]) -> Svg {
    let (cell, top) = (27.0, 34.0);
    let matrix = banded(weights, x.len());
    let list = |values: &[f32]| {
        values
            .iter()
            .map(|&value| page::grouped(value.into()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let label = format!(
        "The banded matrix W times x, {}, gives {}; with the bias and the rectifier, {}.",
        list(x),
        list(sums),
        list(y)
    );
    let mut svg = Svg::new((504.0, top + 10.0 * cell + 6.0), "matrix", label);
    let mut put = |x: f64, y: f64, value: f64, class: &str| {
        svg.rect(
            (x + 1.0, y + 1.0),
            (cell - 2.0, cell - 2.0),
            &format!("cell {class}"),
        );
        svg.text(
            (x + cell / 2.0, y + cell / 2.0 + 5.0),
            "value middle",
            page::grouped(value),
        );
    };
    let columns = [2.0, 308.0, 374.0, 466.0];
    // W and its results are two rows shorter than x: they stand in the middle.
    let middle = top + cell;
    for (row, values) in matrix.iter().enumerate() {
        for (column, &weight) in values.iter().enumerate() {
            let inside = (row..row + 3).contains(&column);
            let class = if inside {
                format!("g shade-{}", column - row + 1)
            } else {
                "g shade-0".into()
            };
            put(
                columns[0] + column as f64 * cell,
                middle + row as f64 * cell,
                weight.into(),
                &class,
            );
        }
    }
    for (row, &value) in x.iter().enumerate() {
        put(
            columns[1],
            top + row as f64 * cell,
            value.into(),
            "f shade-1",
        );
    }
    for (row, (&sum, &y)) in sums.iter().zip(y).enumerate() {
        put(
            columns[2],
            middle + row as f64 * cell,
            sum.into(),
            "p shade-1",
        );
        put(
            columns[3],
            middle + row as f64 * cell,
            y.into(),
            "out shade-1",
        );
    }
    let centre = top + 5.0 * cell + 6.0;
    svg.text((columns[1] - 14.0, centre), "sign middle", "·");
    svg.text(
        ((columns[1] + columns[2] + cell) / 2.0, centre),
        "sign middle",
        "=",
    );
    svg.text(
        ((columns[2] + columns[3] + cell) / 2.0, centre - 12.0),
        "sign middle",
        format!(
            "{} {}",
            if bias < 0 { "−" } else { "+" },
            bias.unsigned_abs()
        ),
    );
    svg.text(
        ((columns[2] + columns[3] + cell) / 2.0, centre + 12.0),
        "sign middle",
        "σ →",
    );
    for (at, class, title) in [
        (0, "g", "W"),
        (1, "f", "x"),
        (2, "p", "Wx"),
        (3, "out", "y"),
    ] {
        svg.text(
            (
                columns[at] + if at == 0 { 5.0 * cell } else { cell / 2.0 },
                20.0,
            ),
            &format!("title middle {class}"),
            title,
        );
    }
    svg
}

/// The input and each filter's output as bars.
pub fn filters(x: &[f32], y: &[Vec<f32>]) -> Svg {
    let (cell, tall) = (33.0, 58.0);
    let mut lines = vec![("Input x".to_owned(), "f", 0.0, x)];
    lines.extend(
        FILTERS
            .iter()
            .zip(y)
            .map(|((_, _, name), y)| ((*name).to_owned(), "out", 1.0, &y[..])),
    );
    let said: Vec<String> = lines
        .iter()
        .map(|(name, _, _, values)| format!("{name}: {values:?}"))
        .collect();
    let mut svg = Svg::new(
        (504.0, 10.0 + lines.len() as f64 * (tall + 34.0)),
        "matrix",
        said.join(". "),
    );
    for (index, (name, class, shift, values)) in lines.iter().enumerate() {
        let floor = 26.0 + tall + index as f64 * (tall + 34.0);
        svg.text((2.0, floor - tall / 2.0), &format!("title {class}"), name);
        let peak = values.iter().fold(1.0f32, |most, &value| most.max(value));
        for (at, &value) in values.iter().enumerate() {
            let x = 164.0 + (at as f64 + shift) * cell;
            let high = f64::from(value / peak) * tall;
            svg.rect(
                (x + 2.0, floor - high),
                (cell - 4.0, high),
                &format!("bar {class}"),
            );
            svg.text((x + cell / 2.0, floor - high - 4.0), "value middle", value);
        }
        svg.line((162.0, floor), (502.0, floor), "axis");
    }
    svg
}

/// A map as a picture of cells.
pub fn map(title: &str, map: &[Vec<f32>], class: &str) -> Svg {
    let (side, top) = (map.len(), 26.0);
    let cell = 160.0 / side as f64;
    let peak = map
        .iter()
        .flatten()
        .fold(1.0f32, |most, &value| most.max(value));
    let label = format!("{title}: {side} by {side} values, the greatest {peak}.");
    let mut svg = Svg::new((164.0, top + 164.0), "map", label);
    svg.text((2.0, 16.0), &format!("title {class}"), title);
    for (row, values) in map.iter().enumerate() {
        for (column, &value) in values.iter().enumerate() {
            let at = (2.0 + column as f64 * cell, top + row as f64 * cell);
            let shade = (value / peak * 4.0).ceil();
            svg.rect(
                (at.0 + 0.4, at.1 + 0.4),
                (cell - 0.8, cell - 0.8),
                &format!("cell {class} shade-{shade}"),
            );
        }
    }
    svg
}

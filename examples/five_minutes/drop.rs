//! Part 1: a ball dropped twice.

use super::convolve::{self, Difference};
use super::page::{self, Part, fraction, whole};
use super::svg::{Svg, short};
use partita::engine::Routing;
use serde_json::json;
use std::error::Error;

/// Chances, in sixteenths, that the first drop takes the ball 0, 1, 2 … metres. They are exact in binary.
const FIRST: [u8; 6] = [1, 2, 4, 5, 3, 1];
/// The same of the second drop.
const SECOND: [u8; 6] = [2, 5, 4, 3, 1, 1];
/// Where it comes to rest in the example, in metres.
const AT: usize = 3;

pub fn part() -> Result<Part, Box<dyn Error>> {
    let chances = |sixteenths: [u8; 6]| sixteenths.map(|chance| f32::from(chance) / 16.0).to_vec();
    let (f, g) = (chances(FIRST), chances(SECOND));
    let (inputs, responses) = ([f.clone()], [g.clone()]);
    let got = convolve::engine(&Routing::mono(), &inputs, &responses)?;
    let difference = Difference::of(
        &got,
        &convolve::definition(&Routing::mono(), &inputs, &responses),
    );
    let output = &got[0];
    let wide = |values: &[f32]| {
        values
            .iter()
            .map(|&value| f64::from(value))
            .collect::<Vec<_>>()
    };
    let sum = |values: &[f32]| wide(values).iter().sum::<f64>();

    let mut rows = String::new();
    for (a, &first) in f[..=AT].iter().enumerate() {
        let b = AT - a;
        let (first, second) = (f64::from(first), f64::from(g[b]));
        rows += &format!(
            "<tr><td class=\"way\">{}</td><th scope=\"row\"><i class=\"f\">f</i>({a}) · <i class=\"g\">g</i>({b})</th><td>{} · {}</td><td>{}</td></tr>",
            way(a, b),
            fraction(&format!("drop-f-{a}"), first, 16.0),
            fraction(&format!("drop-g-{b}"), second, 16.0),
            fraction(&format!("drop-way-{a}"), first * second, 256.0),
        );
    }
    let at = f64::from(output[AT]);
    let body = format!(
        r#"<p>Drop a ball. It bounces, rolls, and comes to rest <i>a</i> metres away, with probability <i class="f">f</i>(<i>a</i>).
Pick it up and drop it again where it lies, from another height: it goes on by <i>b</i> metres, with probability
<i class="g">g</i>(<i>b</i>). How likely is it to end {AT} metres from where you stood?</p>
<p>There are four ways to make {AT}. Within a way, the two drops know nothing of each other: their probabilities
multiply. The ways exclude each other: their probabilities add.</p>
<div class="scroll"><table class="ways">
<caption>All ways to make {AT}</caption>
<thead><tr><th scope="col">Way</th><th scope="col">Probability</th><th scope="col">First · second</th><th scope="col">Product</th></tr></thead>
<tbody>{rows}</tbody>
<tfoot><tr><td></td><th scope="row">(<i class="f">f</i>∗<i class="g">g</i>)({AT})</th><td>sum</td><td>{three}</td></tr></tfoot>
</table></div>
<p>Nothing is special about {AT}. Do the same for every place <i>c</i> and the whole distribution appears: that is the
convolution of <i class="f">f</i> and <i class="g">g</i>. It is broader and smoother than either, and
since every way is counted once, it sums to {total}, as <i class="f">f</i> ({sum_f}) and <i class="g">g</i> ({sum_g}) do.</p>
{figure}
{checked}"#,
        three = fraction("drop-at", at, 256.0),
        total = whole("drop-sum", sum(output)),
        sum_f = whole("drop-sum-f", sum(&f)),
        sum_g = whole("drop-sum-g", sum(&g)),
        figure = page::figure(
            &[
                chart("First drop, f", &wide(&f), 16.0, "f", None),
                chart("Second drop, g", &wide(&g), 16.0, "g", None),
                chart("Both, f∗g", &wide(output), 256.0, "out", Some(AT)),
            ],
            &format!(
                "Probability over distance in metres: sixteenths, and 256ths of both, where {AT} m is the sum of the table."
            ),
        ),
        checked = page::checked(
            "The engine was given <i class=\"f\">f</i> as sound and <i class=\"g\">g</i> as impulse response. All values are \
             fractions of a power of two, so nothing is rounded: the result equals the definition bit for bit."
        ),
    );
    let numbers = json!({
        "f": f, "g": g, "output": output, "at": AT,
        "ways": (0..=AT).map(|a| f64::from(f[a]) * f64::from(g[AT - a])).collect::<Vec<_>>(),
        "difference": difference.greatest,
    });
    Ok(Part {
        id: "drop",
        title: "A ball dropped twice",
        body,
        numbers,
        difference,
    })
}

/// One way: an arc for each drop over a floor with metres.
fn way(a: usize, b: usize) -> Svg {
    let metre = 30.0;
    let label = format!("A first bounce of {a} metres, then one of {b}.");
    let mut svg = Svg::new((4.0 * metre, 44.0), "way", label);
    let (place, floor) = (|at: usize| 12.0 + at as f64 * metre, 34.0);
    svg.line((2.0, floor), (4.0 * metre - 2.0, floor), "axis");
    for at in 0..=AT {
        svg.line((place(at), floor), (place(at), floor + 4.0), "axis");
    }
    let mut arc = |from: usize, to: usize, class: &str| {
        let (from, to) = (place(from), place(to));
        if from == to {
            // It falls and stays.
            svg.line((from, 6.0), (from, floor), class);
        } else {
            let height = 2.0 * floor - 12.0;
            let middle = (from + to) / 2.0;
            let d = format!(
                "M{from} {floor}Q{} {} {to} {floor}",
                short(middle),
                short(floor - height)
            );
            svg.path(&d, class);
        }
    };
    arc(0, a, "arc f");
    arc(a, AT, "arc g");
    svg.circle((place(a), floor), 3.5, "dot f");
    svg.circle((place(AT), floor), 3.5, "dot g");
    svg
}

/// Bars with their values above and the distance below.
fn chart(title: &str, values: &[f64], of: f64, class: &str, marked: Option<usize>) -> Svg {
    let (width, height, floor) = (330.0, 190.0, 160.0);
    let listed: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(at, value)| format!("{at} m: {}/{of}", value * of))
        .collect();
    let mut svg = Svg::new(
        (width, height),
        "chart",
        format!("{title}. {}", listed.join(", ")),
    );
    svg.text((4.0, 18.0), &format!("title {class}"), title);
    let step = (width - 8.0) / values.len() as f64;
    let peak = values.iter().fold(0.0f64, |most, &value| most.max(value));
    for (at, &value) in values.iter().enumerate() {
        let (x, tall) = (4.0 + at as f64 * step, value / peak * 105.0);
        let gap = 0.1 * step;
        let faded = marked.is_some_and(|marked| marked != at);
        let fill = if faded {
            format!("bar {class} faded")
        } else {
            format!("bar {class}")
        };
        svg.rect((x + gap, floor - tall), (step - 2.0 * gap, tall), &fill);
        svg.text(
            (x + step / 2.0, floor - tall - 5.0),
            "value middle",
            value * of,
        );
        svg.text((x + step / 2.0, floor + 18.0), "tick middle", at);
    }
    svg.line((2.0, floor), (width - 2.0, floor), "axis");
    svg
}

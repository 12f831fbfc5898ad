//! Part 2: the sliding picture, from the library's own `sliding`.

use super::convolve::Difference;
use super::page::{self, Part, whole};
use super::svg::{Svg, bars, short};
use partita::sliding::Sliding;
use serde_json::json;
use std::error::Error;

/// Two functions to slide.
struct Scene {
    name: &'static str,
    caption: &'static str,
    f: Vec<f32>,
    g: Vec<f32>,
}

fn scenes() -> [Scene; 3] {
    let hit = |a: usize, at: usize, level: f32| {
        let since = a.checked_sub(at);
        since.map_or(0.0, |since| level * 0.62f32.powi(since as i32))
    };
    [
        Scene {
            name: "Two boxes",
            caption: "The area grows while more and more of the boxes overlap, and shrinks as they part: two boxes make a triangle.",
            f: vec![1.0; 32],
            g: vec![1.0; 32],
        },
        Scene {
            name: "A ramp and a decay",
            caption: "The decay remembers: the newest of the ramp counts most, the older less and less. When the ramp has ended, the memory fades. So does a room.",
            f: (1..=32).map(|a| a as f32 / 32.0).collect(),
            g: (0..48).map(|b| 0.9f32.powi(b)).collect(),
        },
        Scene {
            name: "Three hits and two spikes",
            caption: "Each spike copies everything it passes over: the whole rhythm once, and 30 samples later once more, half as high. That is an echo.",
            f: (0..30)
                .map(|a| hit(a, 0, 1.0) + hit(a, 9, 0.6) + hit(a, 15, 0.8))
                .collect(),
            g: (0..31)
                .map(|b| match b {
                    0 => 1.0,
                    30 => 0.5,
                    _ => 0.0,
                })
                .collect(),
        },
    ]
}

/// Where things stand in the picture, in its units; the page's script reads it too.
struct Stage {
    size: (f64, f64),
    left: f64,
    /// Lines at zero: f and g, their product, the output.
    zeros: [f64; 3],
    /// How high a row is.
    tall: [f64; 3],
}

const STAGE: Stage = Stage {
    size: (720.0, 430.0),
    left: 14.0,
    zeros: [136.0, 268.0, 412.0],
    tall: [100.0, 84.0, 100.0],
};

pub fn part() -> Result<Part, Box<dyn Error>> {
    let mut difference = Difference {
        greatest: 0.0,
        peak: 1.0,
    };
    let (mut listed, mut choices, mut stills) = (Vec::new(), String::new(), String::new());
    let (mut stage, mut peak, mut places) = (String::new(), 0.0, 0);
    for (index, scene) in scenes().into_iter().enumerate() {
        let sliding = Sliding::new(&scene.f, &scene.g)?;
        let areas: Vec<f64> = sliding
            .offsets()
            .filter_map(|c| sliding.at(c))
            .map(|at| at.area())
            .collect();
        let own = Difference::of(&[sliding.output().to_vec()], std::slice::from_ref(&areas));
        difference = difference.or(own);
        let last = sliding.offsets().end - 1;
        places += areas.len();
        let checked = if index == 0 { " checked" } else { "" };
        choices += &format!(
            "<label><input type=\"radio\" name=\"scene\" value=\"{index}\"{checked}> {}</label>",
            scene.name
        );
        let frames: String = [1, 3, 5, 7]
            .iter()
            .map(|eighth| draw(&sliding, last * eighth / 8, scene.name).to_string())
            .collect();
        stills += &format!(
            "<figure class=\"still\"><div class=\"row\">{frames}</div><figcaption>{}: {}</figcaption></figure>",
            scene.name, scene.caption
        );
        if index == 0 {
            stage = draw(&sliding, last / 3, scene.name).to_string();
            peak = own.peak;
        }
        listed.push(json!({
            "name": scene.name, "caption": scene.caption, "f": scene.f, "g": scene.g,
            "output": sliding.output(), "areas": areas, "difference": own.greatest,
        }));
    }
    let body = format!(
        r#"<p>Put <i>b</i> = <i>c</i> − <i>a</i> into the sum and it reads Σ <i class="f">f</i>(<i>a</i>) · <i class="g">g</i>(<i>c</i> − <i>a</i>).
Seen along <i>a</i>, <i class="g">g</i>(<i>c</i> − <i>a</i>) is <i class="g">g</i> reversed, with its start at <i>c</i>. As <i>c</i>
grows it slides to the right over <i class="f">f</i>. At each place multiply the two; the <span class="p">area under the product</span> is
<span class="out">one value of the output</span>.</p>
<div class="player" id="player">
<fieldset class="choices"><legend class="hidden">What slides</legend>{choices}</fieldset>
<div id="stage">{stage}</div>
<div class="controls">
<button type="button" id="play" aria-pressed="false">Play</button>
<input type="range" id="offset" min="0" max="1" step="1" value="0" aria-label="c, how far g has slid, in samples">
<output id="readout" for="offset"></output>
</div>
<p class="caption" id="caption" aria-live="polite"></p>
</div>
<div class="stills" id="stills">{stills}</div>
<p>The triangle’s top is {peak}: there the two boxes lie on each other, and {boxes} products of <span class="nowrap">1 · 1</span> are added.</p>
{checked}"#,
        peak = whole("slide-peak", peak),
        boxes = whole("slide-boxes", 32.0),
        checked = page::checked(&format!(
            "Output by the engine, area by the definition, at each of {} places of the three pictures. The boxes are equal bit for \
             bit; the greatest difference of the others is {}.",
            whole("slide-places", places as f64),
            page::small("slide-difference", difference.greatest),
        )),
    );
    let numbers = json!({
        "scenes": listed,
        "stage": { "width": STAGE.size.0, "left": STAGE.left, "zeros": STAGE.zeros, "tall": STAGE.tall },
    });
    Ok(Part {
        id: "slide",
        title: "Sliding",
        body,
        numbers,
        difference,
    })
}

/// The picture at one place of g.
fn draw(sliding: &Sliding, offset: usize, name: &str) -> Svg {
    let Stage {
        size,
        left,
        zeros,
        tall,
    } = STAGE;
    let (f, g, output) = (sliding.f(), sliding.g(), sliding.output());
    let behind = g.len() - 1;
    let step = (size.0 - 2.0 * left) / (behind + output.len()) as f64;
    let place = |a: f64| left + (a + behind as f64) * step;
    let peak = output.iter().fold(0.0f32, |most, &sample| most.max(sample));
    let wide = |samples: &[f32]| {
        samples
            .iter()
            .map(|&sample| f64::from(sample))
            .collect::<Vec<_>>()
    };

    let moment = sliding.at(offset);
    let area = moment.map_or(0.0, |moment| moment.area());
    let label = format!(
        "{name} at c = {offset}: f and the reversed g, their product of area {area:.2}, and the output so far."
    );
    let mut svg = Svg::new(size, "stage", label);
    svg.path(
        &bars(wide(f), place(0.0), zeros[0], step, tall[0]),
        "area f",
    );
    if let Some(moment) = moment {
        let reversed = moment.span().map(|a| f64::from(moment.reversed(a)));
        let from = place(*moment.span().start() as f64);
        svg.path(&bars(reversed, from, zeros[0], step, tall[0]), "area g");
        let from = place(moment.overlap().start as f64);
        svg.path(
            &bars(moment.products(), from, zeros[1], step, tall[1]),
            "area p",
        );
        let scale = tall[2] / f64::from(peak);
        svg.path(
            &bars(wide(moment.output()), place(0.0), zeros[2], step, scale),
            "area out",
        );
        let x = place(offset as f64 + 0.5);
        svg.line((x, 30.0), (x, zeros[2]), "guide");
        svg.circle(
            (x, zeros[2] - scale * f64::from(output[offset])),
            5.0,
            "dot out",
        );
    }
    for zero in zeros {
        svg.line((0.0, zero), (size.0, zero), "axis");
    }
    for (zero, tall, words) in [
        (
            zeros[0],
            tall[0],
            [("f", "f(a)"), ("g", "g(c − a)")].as_slice(),
        ),
        (zeros[1], tall[1], &[("p", "product")]),
        (zeros[2], tall[2], &[("out", "output (f∗g)(c)")]),
    ] {
        for (index, (class, word)) in words.iter().enumerate() {
            let y = zero - tall - 12.0;
            svg.text(
                (short(left + 90.0 * index as f64), y),
                &format!("title {class}"),
                word,
            );
        }
    }
    svg
}

//! The page "Convolution in five minutes": every number on it against sums of this file's own, in f64.
//!
//! What a reader sees stands in `<data>` elements and in pictures, what the program computed in a block of JSON. A figure that
//! no test here knows fails [`no_figure_is_unknown`].

#[allow(dead_code, reason = "the example's own `main`")]
#[path = "../examples/five_minutes/main.rs"]
mod tour;

#[path = "common/oracle.rs"]
mod oracle;

use base64::Engine as _;
use oracle::error_db;
use partita::engine::partition::PartitionPlan;
use partita::engine::{Block, OfflineConvolver, Routing};
use partita::impulse::library;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What the engine promises, relative to what was wanted, in dB.
const BOUND: f64 = -120.0;
/// Half a step of f32 at 1, −144 dB: how far a rounding moves a value, relative to it.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

/// The page as the example writes it, once for all tests.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new").join("page.html");
    tour::write(&path).expect("a page");
    std::fs::read_to_string(path).expect("the page")
});

static NUMBERS: LazyLock<Value> = LazyLock::new(|| {
    let json = between(&PAGE, "id=\"numbers\">", "</script>").expect("numbers");
    serde_json::from_str(json).expect("JSON")
});

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?
        .1
        .split_once(to)
        .map(|(found, _)| found)
}

/// The JSON at a path of keys and indices.
fn json(path: &str) -> &'static Value {
    let pointer = format!("/{}", path.replace('.', "/"));
    NUMBERS
        .pointer(&pointer)
        .unwrap_or_else(|| panic!("no {path}"))
}

fn number(path: &str) -> f64 {
    json(path)
        .as_f64()
        .unwrap_or_else(|| panic!("{path} is no number"))
}

/// All numbers below a path, in order, however deep.
fn list(path: &str) -> Vec<f64> {
    fn collect(value: &Value, into: &mut Vec<f64>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
            value => into.extend(value.as_f64()),
        }
    }
    let mut values = Vec::new();
    collect(json(path), &mut values);
    values
}

/// They were written from f32 and are read as such.
fn samples(path: &str) -> Vec<f32> {
    list(path).into_iter().map(|value| value as f32).collect()
}

/// JSON is read to the last digit of f64 but one.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 4.0 * f64::EPSILON * b.abs()
}

/// Every figure on the page: id → value and text.
fn figures() -> BTreeMap<&'static str, (f64, &'static str)> {
    let mut figures = BTreeMap::new();
    for part in PAGE.split("<data ").skip(1) {
        let id = between(part, "id=\"n-", "\"").expect("an id");
        let value = between(part, "value=\"", "\"").expect("a value");
        let text = between(part, ">", "</data>").expect("a text");
        let value = value.parse().expect("a number");
        assert!(figures.insert(id, (value, text)).is_none(), "{id} twice");
    }
    figures
}

/// The figures of a part, to be taken one by one.
struct Figures(BTreeMap<&'static str, (f64, &'static str)>);

impl Figures {
    fn of(part: &str) -> Self {
        let own = |id: &str| {
            id.strip_prefix(part)
                .is_some_and(|rest| rest.starts_with('-'))
        };
        Self(figures().into_iter().filter(|(id, _)| own(id)).collect())
    }

    fn take(&mut self, id: &str) -> f64 {
        self.0
            .remove(id)
            .unwrap_or_else(|| panic!("{id} is not on the page"))
            .0
    }

    fn is(&mut self, id: &str, want: f64) {
        let got = self.take(id);
        assert!(same(got, want), "{id}: {got}, wanted {want}");
    }

    /// The two figures in the last table, where a part is not equal bit for bit.
    fn close(mut self, part: &str, greatest: f64, peak: f64) {
        self.is(&format!("{part}-greatest"), greatest);
        if greatest > 0.0 {
            let db = self.take(&format!("{part}-db"));
            assert!(
                (db - 20.0 * (greatest / peak).log10()).abs() < 1e-9,
                "{part}: {db} dB"
            );
        }
        assert!(self.0.is_empty(), "nobody checks {:?}", self.0.keys());
    }
}

/// (f*g)(c) = Σ f(a)·g(c − a), each c for itself, in two threads.
fn sum(f: &[f32], g: &[f32]) -> Vec<f64> {
    let f: Vec<f64> = f.iter().map(|&f| f64::from(f)).collect();
    let reversed: Vec<f64> = g.iter().rev().map(|&g| f64::from(g)).collect();
    let last = g.len() - 1;
    let at = |c: usize| {
        let from = (c + 1).saturating_sub(g.len());
        let f = &f[from..f.len().min(c + 1)];
        let g = &reversed[last + from - c..][..f.len()];
        // Eight sums at once, so that the compiler may take several products in a step.
        let mut sums = [0.0; 8];
        let (f8, g8) = (f.chunks_exact(8), g.chunks_exact(8));
        let rest = f8.remainder().iter().zip(g8.remainder());
        let rest: f64 = rest.map(|(f, g)| f * g).sum();
        for (f, g) in f8.zip(g8) {
            sums.iter_mut()
                .zip(f)
                .zip(g)
                .for_each(|((sum, f), g)| *sum += f * g);
        }
        rest + sums.iter().sum::<f64>()
    };
    let frames = f.len() + last;
    let mut out = vec![0.0; frames];
    let (first, second) = out.split_at_mut(frames / 2);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            first
                .iter_mut()
                .enumerate()
                .for_each(|(c, out)| *out = at(c))
        });
        second
            .iter_mut()
            .enumerate()
            .for_each(|(c, out)| *out = at(frames / 2 + c));
    });
    out
}

fn greatest(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let differences = got
        .iter()
        .zip(want)
        .map(|(&got, want)| (f64::from(got) - want).abs());
    differences.fold(0.0, f64::max)
}

fn peak(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// `inputs` through the engine as a host would call it, with the tail.
fn engine(routing: &Routing, inputs: &[Vec<f32>], responses: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut inputs = inputs.to_vec();
    let tail = responses.iter().map(Vec::len).max().unwrap_or(1) - 1;
    inputs
        .iter_mut()
        .for_each(|input| input.resize(input.len() + tail, 0.0));
    oracle::play(
        &mut oracle::engine(routing, responses),
        &inputs,
        routing.outputs(),
        || 64,
    )
}

#[test]
fn no_figure_is_unknown() {
    // Each test below takes all figures of its part.
    let parts = ["drop", "slide", "echo", "plane", "layer", "speed"];
    let keys: BTreeSet<&str> = NUMBERS
        .as_object()
        .expect("parts")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, parts.into());
    let prefix = |id: &'static str| id.split('-').next().unwrap_or_default();
    let known: BTreeSet<&str> = figures().into_keys().map(prefix).collect();
    assert_eq!(known, parts.into());
    assert!(figures().len() > 80, "{}", figures().len());
}

/// What is read is what was computed, to the last digit that is shown.
#[test]
fn figures_say_their_values() {
    for (id, (value, text)) in figures() {
        let plain = text
            .replace('−', "-")
            .replace('\u{202F}', "")
            .replace("</sup>", "");
        let (digits, power) = plain.split_once(" × 10<sup>").unwrap_or((&plain, "0"));
        let parse = |text: &str| {
            text.parse::<f64>()
                .unwrap_or_else(|_| panic!("{id}: {text}"))
        };
        if let Some((count, of)) = digits.split_once('/') {
            assert_eq!(parse(count) / parse(of), value, "{id}");
            continue;
        }
        let scale = 10f64.powf(parse(power));
        let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
        let half = 0.5 * 10f64.powi(-(places as i32)) * scale;
        let off = (parse(digits) * scale - value).abs();
        assert!(off <= half * (1.0 + 1e-9), "{id}: {text} for {value}");
    }
}

#[test]
fn a_ball_dropped_twice() {
    let mut figures = Figures::of("drop");
    let (f, g, output) = (samples("drop.f"), samples("drop.g"), samples("drop.output"));
    let want = sum(&f, &g);
    assert_eq!(greatest(&output, &want), 0.0);
    assert_eq!(number("drop.difference"), 0.0);
    let at = number("drop.at") as usize;
    assert_eq!((at, list("drop.ways").len()), (3, 4));
    for a in 0..=at {
        let product = f64::from(f[a]) * f64::from(g[at - a]);
        figures.is(&format!("drop-f-{a}"), f[a].into());
        figures.is(&format!("drop-g-{}", at - a), g[at - a].into());
        figures.is(&format!("drop-way-{a}"), product);
        assert_eq!(list("drop.ways")[a], product);
    }
    assert_eq!(list("drop.ways").iter().sum::<f64>(), want[at]);
    figures.is("drop-at", want[at]);
    for (id, chances) in [
        ("drop-sum-f", &f),
        ("drop-sum-g", &g),
        ("drop-sum", &output),
    ] {
        assert!(chances.iter().all(|&chance| chance > 0.0));
        assert_eq!(
            chances.iter().map(|&chance| f64::from(chance)).sum::<f64>(),
            1.0,
            "{id}"
        );
        figures.is(id, 1.0);
    }
    figures.close("drop", 0.0, 1.0);
}

#[test]
fn sliding() {
    let mut figures = Figures::of("slide");
    let (mut places, mut worst) = (0, (0.0, 1.0));
    let scenes = json("slide.scenes").as_array().expect("scenes").len();
    assert_eq!(scenes, 3);
    for scene in 0..scenes {
        let path = |key: &str| format!("slide.scenes.{scene}.{key}");
        let (f, g, output) = (
            samples(&path("f")),
            samples(&path("g")),
            samples(&path("output")),
        );
        let (want, areas) = (sum(&f, &g), list(&path("areas")));
        places += want.len();
        let difference = greatest(&output, &want);
        for (c, (want, area)) in want.iter().zip(&areas).enumerate() {
            // The same sum in another order: both in f64.
            assert!(
                (want - area).abs() <= 64.0 * f64::EPSILON * want.abs(),
                "{scene}, {c}"
            );
            // One rounding for each product and each addition; no value is negative, so all of them are relative to the sum.
            let bound = (g.len() + 1) as f64 * ROUNDING * want;
            assert!((f64::from(output[c]) - want).abs() <= bound, "{scene}, {c}");
        }
        assert_eq!(areas.len(), output.len());
        let own = greatest(&output, &areas);
        // Differences of numbers that were themselves read so.
        let last = 4.0 * f64::EPSILON * peak(&areas);
        let said = number(&path("difference"));
        assert!((said - own).abs() <= last, "{scene}: {said} {own}");
        assert!(
            (own - difference).abs() <= 64.0 * last,
            "{scene}: {own} {difference}"
        );
        let own = said;
        if own * worst.1 > worst.0 * peak(&areas) {
            worst = (own, peak(&areas));
        }
    }
    // Two boxes of 32: a triangle, exactly.
    let triangle: Vec<f32> = (0..63i16).map(|c| f32::from(32 - (31 - c).abs())).collect();
    assert_eq!(samples("slide.scenes.0.output"), triangle);
    figures.is("slide-peak", 32.0);
    figures.is("slide-boxes", 32.0);
    figures.is("slide-places", places as f64);
    figures.is("slide-difference", worst.0);
    figures.close("slide", worst.0, worst.1);
}

/// The still frames, for whoever has no script, are drawn from these numbers.
#[test]
fn still_frames_show_the_output() {
    let stills = between(&PAGE, "id=\"stills\">", "</section>").expect("stills");
    let zero = list("slide.stage.zeros")[2];
    let tall = list("slide.stage.tall")[2];
    for (scene, figure) in stills.split("<figure").skip(1).enumerate() {
        let output = list(&format!("slide.scenes.{scene}.output"));
        let frames: Vec<&str> = figure.split("<svg").skip(1).collect();
        assert_eq!(frames.len(), 4);
        for (frame, eighth) in frames.into_iter().zip([1, 3, 5, 7]) {
            let offset = (output.len() - 1) * eighth / 8;
            let before = frame
                .split_once("\" class=\"area out\"")
                .expect("the output")
                .0;
            let path = before.rsplit_once("d=\"").expect("a path").1;
            let tops = path
                .split('V')
                .skip(1)
                .filter_map(|step| step.split_once('H'));
            let tops: Vec<f64> = tops.map(|(y, _)| y.parse().expect("a number")).collect();
            assert_eq!(tops.len(), offset + 1);
            for (y, value) in tops.into_iter().zip(&output) {
                let drawn = (zero - y) / tall * peak(&output);
                // Drawn to a hundredth of a unit.
                assert!(
                    (drawn - value).abs() <= 0.006 / tall * peak(&output),
                    "{scene}: {drawn} {value}"
                );
            }
        }
    }
}

/// The samples of a player of the page, as the integers that they are.
fn played(id: &str) -> Vec<i16> {
    let tag = PAGE
        .split("<audio ")
        .find(|tag| tag.contains(&format!(" id=\"sound-{id}\"")))
        .expect("a player");
    let coded = between(tag, "base64,", "\"").expect("a sound");
    let file = base64::prelude::BASE64_STANDARD
        .decode(coded)
        .expect("base64");
    let mut reader = hound::WavReader::new(&file[..]).expect("a WAV");
    let spec = reader.spec();
    assert_eq!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample),
        (1, 48_000, 16)
    );
    reader
        .samples::<i16>()
        .map(|sample| sample.expect("a sample"))
        .collect()
}

#[test]
fn an_echo_and_a_room() {
    let mut figures = Figures::of("echo");
    let dry: Vec<f32> = played("dry")
        .iter()
        .map(|&sample| f32::from(sample) / 32_768.0)
        .collect();
    let (rate, delay) = (number("echo.rate"), number("echo.delay") as usize);
    let level = number("echo.level") as f32;
    let mut spikes = vec![0.0; delay + 1];
    (spikes[0], spikes[delay]) = (1.0, level);

    let church = library::find("church")
        .expect("a factory impulse")
        .load()
        .expect("a WAV");
    let gain = number("echo.gain") as f32;
    let room: Vec<f32> = church.channels[0]
        .iter()
        .map(|sample| gain * sample)
        .collect();
    assert_eq!(json("echo.room").as_str(), Some("church"));
    assert_eq!(number("echo.church.frames"), room.len() as f64);

    let mut worst = (0.0, 1.0);
    for (player, key, response) in [("echo", "echo", &spikes), ("room", "church", &room)] {
        let want = sum(&dry, response);
        let got = engine(
            &Routing::mono(),
            std::slice::from_ref(&dry),
            std::slice::from_ref(response),
        );
        let difference = greatest(&got[0], &want);
        let error = error_db(&got, std::slice::from_ref(&want));
        assert!(error < BOUND, "{player}: {error:.1} dB");
        // The example's f64 sum has another order: apart by far less than a step of f32.
        let said = number(&format!("echo.{key}.difference"));
        assert!(
            (said - difference).abs() < 1e-3 * difference,
            "{player}: {said} {difference}"
        );
        let most = number(&format!("echo.{key}.peak"));
        assert!((most - peak(&want)).abs() < 1e-9, "{player}: {most}");
        assert!(most < 1.0, "{player} is clipped: {most}");
        figures.is(&format!("echo-{player}-difference"), said);
        if said * worst.1 > worst.0 * most {
            worst = (said, most);
        }
        let played = played(player);
        assert_eq!(played.len(), want.len(), "{player}");
        for (c, (&played, want)) in played.iter().zip(&want).enumerate() {
            let off = (f64::from(played) / 32_768.0 - want).abs();
            assert!(off <= 0.5 / 32_768.0 + difference, "{player}, {c}: {off}");
        }
    }
    figures.is("echo-rate", rate);
    figures.is("echo-level", 0.5);
    figures.is("echo-delay", delay as f64);
    figures.is("echo-delay-ms", 1000.0 * delay as f64 / 48_000.0);
    figures.is("echo-room-seconds", room.len() as f64 / 48_000.0);
    figures.is("echo-products", (dry.len() * room.len()) as f64);
    figures.is("echo-half-step", 1.0 / 65_536.0);
    figures.close("echo", worst.0, worst.1);
}

/// Width, height and samples of a picture of the page, `channels` for each pixel.
fn picture(id: &str) -> (usize, usize, usize, Vec<u8>) {
    let tag = PAGE
        .split("<img ")
        .find(|tag| tag.starts_with(&format!("id=\"{id}\"")))
        .expect("a picture");
    let coded = between(tag, "base64,", "\"").expect("a PNG");
    let file = base64::prelude::BASE64_STANDARD
        .decode(coded)
        .expect("base64");
    let mut reader = png::Decoder::new(std::io::Cursor::new(file))
        .read_info()
        .expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a frame");
    let channels = info.color_type.samples();
    (info.width as usize, info.height as usize, channels, pixels)
}

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

#[test]
fn why_it_is_fast() {
    let mut figures = Figures::of("speed");
    // Times are there and nothing else is asked of them.
    let n = list("speed.n");
    assert_eq!(
        n,
        (7..=17)
            .map(|power| f64::from(1 << power))
            .collect::<Vec<_>>()
    );
    let (direct, engine_ms, waiting) = (
        list("speed.direct"),
        list("speed.engine"),
        list("speed.waiting"),
    );
    assert_eq!(
        (direct.len(), engine_ms.len(), waiting.len()),
        (9, n.len(), n.len())
    );
    for (kind, times) in [
        ("direct", &direct),
        ("engine", &engine_ms),
        ("waiting", &waiting),
    ] {
        for (n, &time) in n.iter().zip(times) {
            assert!(time.is_finite() && time > 0.0, "{kind}, {n}: {time}");
            figures.is(&format!("speed-{kind}-{n}"), time);
        }
    }
    figures.is("speed-n", n[8]);
    figures.is("speed-wait", n[8] / 48_000.0);
    figures.is("speed-direct", direct[8]);
    figures.is("speed-engine", engine_ms[8]);
    figures.is("speed-ratio", (direct[8] / engine_ms[8]).round());
    figures.is("speed-last-n", n[10]);
    figures.is("speed-last-engine", engine_ms[10]);
    figures.is("speed-last-waiting", waiting[10]);
    figures.is("speed-price", engine_ms[10] / waiting[10]);

    // The plan that is drawn: without gap from the head to the end, nothing due before it can be ready.
    let drawn = number("speed.drawn") as usize;
    let levels: Vec<usize> = list("speed.levels")
        .iter()
        .map(|&value| value as usize)
        .collect();
    let plan = PartitionPlan::real_time(drawn);
    let listed = plan
        .levels()
        .iter()
        .flat_map(|level| [level.offset, level.size, level.partitions]);
    assert_eq!(levels, listed.collect::<Vec<_>>());
    let mut reached = number("speed.head") as usize;
    for (index, level) in levels.chunks(3).enumerate() {
        assert_eq!(level[0], reached);
        assert!(level[0] >= if index == 0 { 1 } else { 2 } * level[1]);
        reached += level[1] * level[2];
    }
    assert!(reached >= drawn);
    figures.is("speed-drawn", 144_000.0);
    figures.is("speed-head", 64.0);
    figures.is("speed-block", 64.0);

    // The signals by their formula, both ways of the engine.
    let compared = number("speed.compared") as usize;
    let mut worst = (0.0, 1.0);
    for n in n.iter().map(|&n| n as usize).filter(|&n| n <= compared) {
        let signal = |step: usize| -> Vec<f32> {
            (0..n)
                .map(|a| (a * step % 2003) as f32 / 1001.0 - 1.0)
                .collect()
        };
        let (f, g) = (signal(7919), signal(104_729));
        let want = sum(&f, &g);
        let live = engine(
            &Routing::mono(),
            std::slice::from_ref(&f),
            std::slice::from_ref(&g),
        )
        .concat();
        let mut offline = OfflineConvolver::new(&Routing::mono(), &[&g]).expect("a good impulse");
        let (mut padded, mut waited) = (f, vec![0.0; want.len()]);
        padded.resize(want.len(), 0.0);
        offline.process(&mut Block::new(&[&padded], &mut [&mut waited[..]]));
        for got in [live, waited] {
            let difference = greatest(&got, &want);
            let error = error_db(&[got], std::slice::from_ref(&want));
            assert!(error < BOUND, "{n}: {error:.1} dB");
            if difference * worst.1 > worst.0 * peak(&want) {
                worst = (difference, peak(&want));
            }
        }
    }
    let (said, most) = (number("speed.difference"), number("speed.peak"));
    assert!(
        (said - worst.0).abs() < 1e-3 * worst.0,
        "{said} {}",
        worst.0
    );
    assert!((most - worst.1).abs() < 1e-9 * most, "{most} {}", worst.1);
    figures.is("speed-compared", compared as f64);
    figures.is("speed-difference", said);
    figures.close("speed", said, most);
}

/// One file, that a browser may open without a network, that a school may mail, and that can be heard as read aloud.
#[test]
fn the_page_is_whole() {
    let page = &*PAGE;
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    for outside in [
        "http:", "https:", "src=\"/", "url(", "<link", "@import", "fetch(",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
    let tags = |name: &str| -> Vec<&'static str> {
        let parts = PAGE.split(name).skip(1);
        parts
            .map(|part| part.split_once('>').map_or(part, |(tag, _)| tag))
            .collect()
    };
    for tag in tags("<svg ") {
        let label = between(tag, "aria-label=\"", "\"").unwrap_or_default();
        assert!(label.len() > 5 && tag.contains("role=\"img\""), "{tag}");
    }
    for tag in tags("<img ") {
        assert!(
            between(tag, "alt=\"", "\"").is_some_and(|alt| alt.len() > 5),
            "{}",
            &tag[..80]
        );
        assert!(tag.contains("src=\"data:image/png;base64,"));
    }
    for tag in tags("<audio ") {
        assert!(
            tag.contains("controls")
                && tag.contains("aria-label=\"")
                && tag.contains("src=\"data:audio/wav;base64,")
        );
    }
    assert_eq!((tags("<audio ").len(), tags("<img ").len()), (3, 9));
    assert_eq!(
        (page.matches("<h1").count(), page.matches("<h2").count()),
        (1, 7)
    );
    let ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(id, _)| id)
        .collect();
    let different: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), different.len(), "an id twice");
    for link in page
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
    {
        assert!(different.contains(link.0), "{}", link.0);
    }
}

//! The page "Convolution in five minutes": every number on it against sums of this file's own, in f64.
//!
//! What a reader sees stands in `<data>` elements and in pictures, what the program computed in a block of JSON. A figure that
//! no test here knows fails [`no_figure_is_unknown`].

#[allow(dead_code, reason = "the example's own `main`")]
#[path = "../examples/five_minutes/main.rs"]
mod tour;

#[path = "common/oracle.rs"]
mod oracle;

#[path = "five_minutes/page.rs"]
mod page;

#[path = "five_minutes/planes.rs"]
mod planes;

#[path = "five_minutes/sums.rs"]
mod sums;

use oracle::error_db;
use page::{Figures, NUMBERS, PAGE, between, figures, json, list, number, played, samples};
use partita::engine::partition::PartitionPlan;
use partita::engine::{Block, OfflineConvolver, Routing};
use partita::impulse::library;
use std::collections::BTreeSet;
use sums::{engine, greatest, peak, sum};

/// What the engine promises, relative to what was wanted, in dB.
const BOUND: f64 = -120.0;
/// Half a step of f32 at 1, −144 dB: how far a rounding moves a value, relative to it.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

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

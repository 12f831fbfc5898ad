//! Part 3: an echo, then a room.

use super::convolve::{self, Difference};
use super::page::{self, Part, data, decimal, small, whole};
use super::phrase::{RATE, phrase};
use super::svg::{Svg, short};
use super::wav;
use partita::engine::Routing;
use partita::impulse::library;
use serde_json::json;
use std::error::Error;

/// The second spike: after how many samples, and how high.
const DELAY: usize = 16_800;
const LEVEL: f32 = 0.5;
/// The room: a factory impulse.
const ROOM: &str = "church";
/// Highest value of the sound in the room, so that it fits into 16 bits: about −3 dB.
const LOUDEST: f64 = 0.7;
/// How much higher than its first spike allows the room's response is drawn, so that its tail is seen.
const ENLARGED: f32 = 10.0;

pub fn part() -> Result<Part, Box<dyn Error>> {
    let dry = vec![phrase()];
    let mut spikes = vec![0.0; DELAY + 1];
    spikes[0] = 1.0;
    spikes[DELAY] = LEVEL;
    let echo = heard(&dry, &[spikes.clone()])?;

    // The left channel; its level is set before the engine sees it, so that the sum is plain.
    let church = library::find(ROOM)?.load()?;
    let left = &church.channels[0];
    let unscaled = convolve::engine(&Routing::mono(), &dry, std::slice::from_ref(left))?;
    let gain = (LOUDEST / f64::from(peak_of(&unscaled[0]))) as f32;
    let room_response: Vec<f32> = left.iter().map(|sample| gain * sample).collect();
    let room = heard(&dry, std::slice::from_ref(&room_response))?;

    let difference = echo.difference.or(room.difference);
    let seconds = |frames: usize| frames as f64 / f64::from(RATE);
    let longest = seconds(room.sound.len());
    let loudest = [&dry[0], &echo.sound, &room.sound]
        .map(|sound| peak_of(sound))
        .into_iter()
        .fold(0.0, f32::max);
    let figure = |title: &str, class: &str, samples: &[f32], rim, player| {
        Wave {
            title,
            class,
            samples,
            longest,
            rim,
            player,
        }
        .figure()
    };
    let body = format!(
        r#"<p>Let <i class="f">f</i> be a sound, {rate} values a second, and <i class="g">g</i> two spikes: 1 at once, and
{level} after {delay_samples} samples, {delay} ms. Most products are zero; what is left of the sum is</p>
<p class="formula">(<i class="f">f</i>∗<i class="g">g</i>)(<i>c</i>) = <i class="f">f</i>(<i>c</i>) + ½ · <i class="f">f</i>(<i>c</i> − {delay_samples_again}),</p>
<p>the sound and its echo.</p>
{dry_figure}{spikes_figure}{echo_figure}
<p>Now let <i class="g">g</i> have a spike for every way that sound can take from the player to your ear: straight, off a
wall, off two walls … {room_seconds} seconds of them. That is a room’s impulse response: what is heard when someone claps
there once. Every sample of the phrase is such a clap, as loud as the sample is high, and all the answers add up.
This one is a factory impulse of Partita’s, “{name}”, computed for a parish church of 11 500 m³ of air; here its left channel.</p>
{response_figure}{room_figure}
{checked}"#,
        rate = whole("echo-rate", f64::from(RATE)),
        level = decimal("echo-level", f64::from(LEVEL), 1),
        delay_samples = whole("echo-delay", DELAY as f64),
        delay_samples_again = page::grouped(DELAY as f64),
        delay = decimal("echo-delay-ms", 1000.0 * seconds(DELAY), 0),
        room_seconds = decimal("echo-room-seconds", seconds(room_response.len()), 1),
        name = church.name,
        dry_figure = figure("The phrase, f", "f", &dry[0], loudest, Some("dry")),
        spikes_figure = figure("Two spikes, g", "g", &spikes, 1.0, None),
        echo_figure = figure(
            "The phrase and its echo, f∗g",
            "out",
            &echo.sound,
            loudest,
            Some("echo")
        ),
        response_figure = figure(
            &format!("A church, g, drawn {ENLARGED} times as high as its first spike allows"),
            "g",
            &room_response,
            peak_of(&room_response) / ENLARGED,
            None
        ),
        room_figure = figure(
            "The phrase in the church, f∗g",
            "out",
            &room.sound,
            loudest,
            Some("room")
        ),
        checked = page::checked(&format!(
            "Every sample against the sum in double precision: {} products for the church. The greatest difference is {} for the \
             echo and {} for the church, of a full scale of 1. The players round to 16 bits, which moves a sample by up to {}.",
            data(
                "echo-products",
                dry[0].len() as f64 * room_response.len() as f64,
                page::grouped(dry[0].len() as f64 * room_response.len() as f64)
            ),
            small("echo-echo-difference", echo.difference.greatest),
            small("echo-room-difference", room.difference.greatest),
            small("echo-half-step", 0.5 / f64::from(wav::FULL_SCALE)),
        )),
    );
    let numbers = json!({
        "rate": RATE, "delay": DELAY, "level": LEVEL, "room": ROOM, "gain": gain,
        "echo": { "difference": echo.difference.greatest, "peak": echo.difference.peak },
        "church": { "difference": room.difference.greatest, "peak": room.difference.peak, "frames": room_response.len() },
    });
    Ok(Part {
        id: "echo",
        title: "Echo",
        body,
        numbers,
        difference,
    })
}

fn peak_of(samples: &[f32]) -> f32 {
    samples
        .iter()
        .fold(0.0, |most, sample| most.max(sample.abs()))
}

struct Heard {
    sound: Vec<f32>,
    difference: Difference,
}

fn heard(dry: &[Vec<f32>], response: &[Vec<f32>]) -> Result<Heard, Box<dyn Error>> {
    let mut got = convolve::engine(&Routing::mono(), dry, response)?;
    let want = convolve::sum(&dry[0], &response[0]);
    let difference = Difference::of(&got, &[want]);
    Ok(Heard {
        sound: got.swap_remove(0),
        difference,
    })
}

/// A waveform: `longest` seconds wide, `rim` high, with a player if it has an id.
struct Wave<'a> {
    title: &'a str,
    class: &'a str,
    samples: &'a [f32],
    longest: f64,
    rim: f32,
    player: Option<&'a str>,
}

impl Wave<'_> {
    fn figure(&self) -> String {
        let Self { title, class, .. } = self;
        let player = self.player.map_or(String::new(), |id| {
            let uri = wav::data_uri(self.samples, RATE);
            format!("<audio controls preload=\"metadata\" id=\"sound-{id}\" aria-label=\"{title}\" src=\"{uri}\"></audio>")
        });
        let picture = self.picture();
        format!(
            "<figure class=\"sound\"><figcaption class=\"{class}\">{title}</figcaption>{picture}{player}</figure>"
        )
    }

    fn picture(&self) -> Svg {
        let (width, zero, tall) = (720.0, 40.0, 38.0);
        let seconds = self.samples.len() as f64 / f64::from(RATE);
        let label = format!("Waveform of {}: {seconds:.1} seconds.", self.title);
        let mut svg = Svg::new((width, 98.0), "wave", label);
        for second in 0..=self.longest as usize {
            let x = second as f64 / self.longest * width;
            svg.line((x, 2.0), (x, 80.0), "rule");
            let unit = if second == 0 { " s" } else { "" };
            svg.text((x + 3.0, 94.0), "tick", format!("{second}{unit}"));
        }
        svg.line((0.0, zero), (width, zero), "axis");
        let columns = (seconds / self.longest * width).ceil() as usize;
        let mut d = String::new();
        for column in 0..columns {
            let at = |column: usize| column * self.samples.len() / columns;
            let part = &self.samples[at(column)..at(column + 1).max(at(column) + 1)];
            let (low, high) = part.iter().fold((0f32, 0f32), |(low, high), &sample| {
                (low.min(sample), high.max(sample))
            });
            if high > low {
                let y = |sample: f32| {
                    short(zero - f64::from((sample / self.rim).clamp(-1.0, 1.0)) * tall)
                };
                d += &format!("M{} {}V{}", column as f64 + 0.5, y(high), y(low));
            }
        }
        svg.path(&d, &format!("trace {}", self.class));
        svg
    }
}

//! What slides over what, where it stands, and how it goes on by itself.

use crate::impulse::ImpulseResponse;
use crate::impulse::analyze::onset;
use crate::sliding::Sliding;

/// Samples of the user's own impulse that are drawn: 10 ms at 48 kHz, as many as a screen shows.
pub const OWN_FRAMES: usize = 480;

/// Seconds for the whole way at speed 1.
const WAY_SECONDS: f64 = 8.0;

/// Two signals to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scene {
    /// Two boxes make a triangle.
    #[default]
    Boxes,
    /// A box smooths a triangle.
    BoxAndTriangle,
    /// Two spikes copy a shape: an echo.
    Spikes,
    /// A decaying room answers a click, and another.
    Room,
    /// The beginning of the impulse that plays.
    Own,
    /// The same, and a sound of the user's.
    Sound,
}

impl Scene {
    /// All, each with its name.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Boxes, "Two boxes"),
        (Self::BoxAndTriangle, "Box and triangle"),
        (Self::Spikes, "Two spikes"),
        (Self::Room, "Room and clicks"),
        (Self::Own, "Your impulse"),
        (Self::Sound, "Your sound"),
    ];

    /// What there is to see, in a line.
    pub fn caption(self) -> &'static str {
        match self {
            Self::Boxes => {
                "The more the boxes overlap, the larger the area: two boxes make a triangle."
            }
            Self::BoxAndTriangle => {
                "The box takes the mean of what lies under it: corners become round."
            }
            Self::Spikes => {
                "Each spike copies all that it passes over: the shape, and later the shape once more. An echo."
            }
            Self::Room => {
                "Each click sets off the whole decay of the room, and where they overlap they add up. A reverb."
            }
            Self::Own => {
                "Three test clicks of ours through the first 10 ms of the impulse that plays: its left channel, from the direct sound on."
            }
            Self::Sound => {
                "10 ms of your sound from its loudest place on, through the first 10 ms of the impulse that plays. Both as loud as fits."
            }
        }
    }

    /// Whether it needs the impulse that plays.
    pub fn is_own(self) -> bool {
        matches!(self, Self::Own | Self::Sound)
    }

    /// Both signals; `None` where one is missing, or is silence. `own` is the impulse that plays, `sound` a sound of the user's.
    pub fn signals(
        self,
        own: Option<&ImpulseResponse>,
        sound: Option<&[f32]>,
    ) -> Option<(Vec<f32>, Vec<f32>)> {
        let decay = |count: usize, each: f32| (0..count).map(|b| each.powi(b as i32)).collect();
        let spikes = |length: usize, spikes: &[(usize, f32)]| {
            let mut samples = vec![0.0; length];
            spikes.iter().for_each(|(at, level)| samples[*at] = *level);
            samples
        };
        let triangle = || (0..31).map(|a: i16| f32::from(16 - (a - 15).abs()) / 16.0);
        Some(match self {
            Self::Boxes => (vec![1.0; 24], vec![1.0; 24]),
            Self::BoxAndTriangle => (triangle().collect(), vec![0.125; 8]),
            Self::Spikes => (triangle().collect(), spikes(41, &[(0, 1.0), (40, 0.5)])),
            Self::Room => (
                spikes(40, &[(4, 1.0), (14, 0.6), (30, 0.8)]),
                decay(40, 0.88),
            ),
            Self::Own => {
                let clicks = spikes(260, &[(10, 1.0), (130, 0.6), (250, 0.8)]);
                (clicks, first_part(own?)?)
            }
            Self::Sound => (loudest_part(sound?)?, first_part(own?)?),
        })
    }
}

/// The first of an impulse's left channel, from the direct sound on, with a peak of 1.
fn first_part(impulse: &ImpulseResponse) -> Option<Vec<f32>> {
    let left = impulse.channels.first()?;
    let from = onset(left).unwrap_or(0).min(left.len());
    full(&left[from..left.len().min(from + OWN_FRAMES)])
}

/// The loudest of a sound and what follows it, with a peak of 1: a twentieth of the part comes before the peak.
fn loudest_part(sound: &[f32]) -> Option<Vec<f32>> {
    let size = |x: &f32| if x.is_finite() { x.abs() } else { 0.0 };
    let peak = sound
        .iter()
        .enumerate()
        .max_by(|(_, one), (_, other)| size(one).total_cmp(&size(other)));
    let last = sound.len().saturating_sub(OWN_FRAMES);
    let from = peak?.0.saturating_sub(OWN_FRAMES / 20).min(last);
    full(&sound[from..sound.len().min(from + OWN_FRAMES)])
}

/// The same with a peak of 1; `None` of silence.
fn full(part: &[f32]) -> Option<Vec<f32>> {
    let loudest = part.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    let sound = part.iter().all(|x| x.is_finite()) && loudest > 0.0;
    sound.then(|| part.iter().map(|x| x / loudest).collect())
}

/// A convolution that is being watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The numbers.
    pub sliding: Sliding,
    /// Between two samples while it plays.
    place: f64,
    /// Whether it goes on by itself.
    pub plays: bool,
    /// How fast.
    pub speed: f64,
}

impl Watched {
    /// At a third of the way; `None` if there is nothing to slide.
    pub fn new(f: &[f32], g: &[f32], speed: f64) -> Option<Self> {
        let sliding = Sliding::new(f, g).ok()?;
        let places = sliding.offsets().len();
        (places > 0).then_some(Self {
            place: (places / 3) as f64,
            sliding,
            plays: false,
            speed,
        })
    }

    /// The same, as fast as that.
    pub fn at_speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// The last place.
    pub fn last(&self) -> usize {
        self.sliding.offsets().end - 1
    }

    /// c: how far g has slid, in samples.
    pub fn c(&self) -> usize {
        (self.place.floor().max(0.0) as usize).min(self.last())
    }

    /// Goes to c, or to the nearest place that there is.
    pub fn go(&mut self, c: f64) {
        self.place = c.clamp(0.0, self.last() as f64).round();
    }

    /// So many samples on, or back.
    pub fn step(&mut self, samples: isize) {
        self.go(self.c() as f64 + samples as f64);
    }

    /// So many seconds later. At the end it stands still.
    pub fn advance(&mut self, seconds: f64) {
        if !self.plays {
            return;
        }
        let last = self.last() as f64;
        self.place += seconds * self.speed * (last + 1.0) / WAY_SECONDS;
        if self.place >= last {
            (self.place, self.plays) = (last, false);
        }
    }

    /// Plays, from the beginning where it stands at the end; or stands still.
    pub fn toggle(&mut self) {
        if !self.plays && self.c() == self.last() {
            self.place = 0.0;
        }
        self.plays = !self.plays;
    }

    /// The sum at c, written out: the terms that are not 0, at most `most` of them, and the value of all.
    pub fn sum(&self, most: usize) -> String {
        let c = self.c();
        let Some(moment) = self.sliding.at(c) else {
            return String::new();
        };
        let terms = moment.overlap().zip(moment.products());
        let terms: Vec<_> = terms.filter(|(_, product)| *product != 0.0).collect();
        let written: Vec<String> = terms
            .iter()
            .take(most)
            .map(|(a, _)| {
                let (f, g) = (self.sliding.f()[*a], moment.reversed(*a as isize));
                format!("{}·{}", number(f.into()), number(g.into()))
            })
            .collect();
        let more = match terms.len().saturating_sub(most) {
            0 => String::new(),
            more => format!(" + … {more} more"),
        };
        let written = if written.is_empty() {
            "0".to_owned()
        } else {
            written.join(" + ")
        };
        format!("{written}{more} = {}", number(moment.area()))
    }

    /// The term at `a`, written out, if f and g are both there.
    pub fn term(&self, a: isize) -> Option<String> {
        let c = self.c();
        let moment = self.sliding.at(c)?;
        let at = usize::try_from(a).ok()?;
        if !moment.overlap().contains(&at) {
            return None;
        }
        let (f, g) = (
            f64::from(self.sliding.f()[at]),
            f64::from(moment.reversed(a)),
        );
        Some(format!(
            "a = {a}:  f({a}) · g({c} − {a}) = f({a}) · g({}) = {} · {} = {}",
            c - at,
            number(f),
            number(g),
            number(f * g)
        ))
    }
}

/// To three decimals, without noughts at the end.
pub fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".to_owned(),
        text => text.replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_is_the_direct_sum() {
        let own = ImpulseResponse {
            name: "own".to_owned(),
            sample_rate: 48_000,
            layout: crate::impulse::Layout::Mono,
            channels: vec![
                (0..2_000)
                    .map(|a| ((a * 37) % 101) as f32 / 50.0 - 1.0)
                    .collect(),
            ],
        };
        let sound: Vec<f32> = (0..9_000)
            .map(|a| {
                if a == 7_000 {
                    0.5
                } else {
                    ((a * 53) % 97) as f32 / 500.0
                }
            })
            .collect();
        for (scene, name) in Scene::ALL {
            let (f, g) = scene.signals(Some(&own), Some(&sound)).expect("signals");
            let watched = Watched::new(&f, &g, 1.0).expect("something to slide");
            let (mut error, mut power) = (0.0, 0.0);
            for c in watched.sliding.offsets() {
                let direct: f64 = (0..f.len())
                    .filter(|a| *a <= c && c - a < g.len())
                    .map(|a| f64::from(f[a]) * f64::from(g[c - a]))
                    .sum();
                let area = watched.sliding.at(c).expect("inside").area();
                assert_eq!(area, direct, "{name} {c}");
                error += (f64::from(watched.sliding.output()[c]) - direct).powi(2);
                power += direct * direct;
            }
            // The bound that `sliding` promises.
            let db = 10.0 * (error / power).log10();
            assert!(db < -120.0, "{name}: {db:.1} dB");
        }
        assert!(Scene::Own.signals(None, None).is_none());
        assert!(Scene::Sound.signals(Some(&own), None).is_none());
        assert!(
            Scene::Sound
                .signals(Some(&own), Some(&[0.0; 900]))
                .is_none()
        );
        // Of a sound, its loudest place.
        let (f, _) = Scene::Sound
            .signals(Some(&own), Some(&sound))
            .expect("signals");
        assert_eq!((f.len(), f[OWN_FRAMES / 20]), (OWN_FRAMES, 1.0));
    }

    #[test]
    fn the_sum_is_written_out() {
        let mut watched = Watched::new(&[1.0, 2.0, 3.0], &[4.0, 5.0], 1.0).expect("something");
        watched.go(1.0);
        assert_eq!(watched.sum(8), "1·5 + 2·4 = 13");
        assert_eq!(watched.sum(1), "1·5 + … 1 more = 13");
        assert_eq!(
            watched.term(1).as_deref(),
            Some("a = 1:  f(1) · g(1 − 1) = f(1) · g(0) = 2 · 4 = 8")
        );
        assert_eq!((watched.term(2), watched.term(-1)), (None, None));
        watched.step(-9);
        assert_eq!((watched.c(), watched.sum(8)), (0, "1·4 = 4".to_owned()));
        assert_eq!(number(-0.0004), "0");
    }

    #[test]
    fn it_plays_to_the_end_and_from_the_beginning_again() {
        let mut watched = Watched::new(&[1.0; 24], &[1.0; 24], 2.0).expect("something");
        watched.go(0.0);
        watched.advance(1.0);
        assert_eq!(watched.c(), 0);
        watched.toggle();
        watched.advance(WAY_SECONDS / 4.0);
        assert_eq!(watched.c(), 23);
        watched.advance(WAY_SECONDS);
        assert_eq!((watched.c(), watched.plays), (watched.last(), false));
        watched.toggle();
        assert_eq!((watched.c(), watched.plays), (0, true));
    }
}

//! `partita live` with its window, on a screen that nobody sees and a sound card that is none: what is done with the pointer
//! is heard, what is typed is seen, and whoever ends it ends both.
#![cfg(all(
    feature = "editor",
    feature = "live",
    target_os = "linux",
    target_env = "gnu"
))]

#[path = "common/drag.rs"]
mod drag;
#[path = "common/screen.rs"]
mod screen;
#[path = "live/studio.rs"]
mod studio;
#[path = "common/wavio.rs"]
mod wavio;

use drag::{Drag, close};
use partita::editor::view::echo::design::{Design, Grid};
use partita::impulse::echo::Tap;
use screen::{Pane, Part, Pointer, Screen};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use studio::{BOUND_DB, Live, PATIENCE, Studio, library, null_db, read_raw, song};

const PERIOD: usize = 256;

/// The whole window, the name of the product in it, the impulse's name, its picture, and the value under the knob for the
/// mix.
const ALL: Part = (0, 0, 1080, 700);
const BRAND: Part = (10, 8, 80, 30);
const NAME: Part = (165, 8, 120, 30);
const PICTURE: Part = (90, 110, 880, 300);
const MIX: Part = (40, 592, 60, 24);

/// Where the pointer finds the knob for the mix, and the next impulse.
const KNOB: (i16, i16) = (68, 562);
const NEXT: (i16, i16) = (139, 23);

fn rest() {
    thread::sleep(Duration::from_millis(5));
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        rest();
    }
}

/// A press at one point, a way, and a release at another.
fn drag(viewer: &Pane, from: (i16, i16), to: (i16, i16)) {
    let half = (from.0.midpoint(to.0), from.1.midpoint(to.1));
    for (does, at) in [
        (Pointer::Moves, from),
        (Pointer::Presses, from),
        (Pointer::Moves, half),
        (Pointer::Moves, to),
        (Pointer::Releases, to),
    ] {
        viewer.point(does, at);
        // A few frames: a press and a release in one are not a drag.
        thread::sleep(Duration::from_millis(150));
    }
}

/// Drops a file on the window.
fn drop_file(viewer: &Pane, file: &Path) {
    let window = viewer.inner().expect("the window");
    let mut drag = Drag::new(viewer, window, file);
    wait("the drop", || drag.is_done(viewer));
}

/// `partita live` on that screen, with a clock in its sound card.
fn command(studio: &Studio, screen: &Screen, args: &[&str]) -> Command {
    let period = PERIOD.to_string();
    let all = [&["live", "--json", "--period", &period], args].concat();
    let mut command = studio.command(&all);
    command
        .env("DISPLAY", &screen.name)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("LD_PRELOAD", library("card"))
        .env("LIVE_FAULT", studio.path("fault"));
    command
}

/// Waits until the window shows an impulse: thousands of points of its colour.
fn drawn(viewer: &Pane) {
    wait("a picture in the window", || {
        let seen = viewer.see(ALL);
        seen.iter().filter(|pixel| **pixel == 0xE6_AC_5C).count() > 3000
    });
}

/// Frames that have been played.
fn played(studio: &Studio) -> usize {
    fs::metadata(studio.path("speaker.raw")).map_or(0, |file| file.len() as usize / 8)
}

/// A stretch of sound during which nothing was changed: half a second, beginning when what rang `tail` seconds from what
/// was before is over.
struct Stretch {
    from: usize,
    before: usize,
}

const STRETCH: usize = 24_000;

impl Stretch {
    /// Waits until it has been played.
    fn wait(studio: &Studio, tail: f64) -> Self {
        // A second for what is still in buffers, is smoothed, or changes over.
        let before = ((tail + 1.0) * 48_000.0) as usize;
        let from = played(studio) + before;
        wait("the sound", || played(studio) > from + STRETCH + 48_000);
        Self { from, before }
    }

    /// What it differs by from what the renderer makes of what was sung then, in dB.
    fn null_db(
        &self,
        studio: &Studio,
        heard: &[Vec<f64>],
        sung: &[Vec<f64>],
        args: &[&str],
    ) -> f64 {
        let part = |channels: &[Vec<f64>], from: usize, to: usize| -> Vec<Vec<f64>> {
            channels.iter().map(|it| it[from..to].to_vec()).collect()
        };
        // Two periods of silence are in the buffer at the beginning.
        let sung_from = self.from - 2 * PERIOD;
        let input = part(sung, sung_from - self.before, sung_from + STRETCH);
        wavio::write_f32(&studio.path("in.wav"), &input);
        let rendered = studio.render(args);
        let rendered = part(&rendered, self.before, self.before + STRETCH);
        null_db(&part(heard, self.from, self.from + STRETCH), &rendered)
    }
}

/// The next event of that name for which something is true.
fn wait_until(live: &mut Live, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let event = live.wait_for(name);
        if wanted(&event) {
            return event;
        }
    }
}

fn tail(event: &Value) -> f64 {
    event["tail_seconds"].as_f64().expect("seconds")
}

fn keep(picture: &[u32], name: &str) {
    let bytes = picture.iter().flat_map(|pixel| {
        let [blue, green, red, _] = pixel.to_le_bytes();
        [red, green, blue]
    });
    let (_, _, width, height) = ALL;
    let image = image::RgbImage::from_raw(width.into(), height.into(), bytes.collect());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    image.expect("a picture").save(path).expect("written");
}

#[test]
fn what_is_turned_chosen_and_dropped_is_heard_and_what_is_typed_is_seen() {
    let (studio, screen) = (Studio::new(), Screen::new());
    let sung = [song(21, 0, 120 * 48_000), song(22, 0, 120 * 48_000)];
    studio.sing(&sung);
    // A short room of our own: noise that falls by 60 dB in 100 ms.
    let falling = |seed| {
        let noise = wavio::noise(seed, 4_800).into_iter().enumerate();
        let fallen = noise.map(|(at, x)| x * 10f64.powf(-3.0 * at as f64 / 4_800.0));
        fallen.collect::<Vec<_>>()
    };
    let mine = studio.path("mine.wav");
    wavio::write_f32(&mine, &[falling(23), falling(24)]);
    let broken = studio.path("broken.wav");
    fs::write(&broken, "no sound").expect("written");

    let mut command = command(&studio, &screen, &["-i", "room", "--prompt"]);
    command.stdin(Stdio::piped());
    let mut live = Live::start(command);
    let mut typed = live.child.stdin.take().expect("a pipe");
    let viewer = Pane::of_all(&screen.name);
    live.wait_for("opened");
    let room = tail(&live.wait_for("impulse"));
    drawn(&viewer);
    let [first, brand] = [ALL, BRAND].map(|part| viewer.see(part));
    keep(&first, "live-window-first.png");
    let changed =
        |part: Part, before: &[u32], what: &str| wait(what, || viewer.see(part) != before);

    // 44 points up are a fifth of the range.
    let before = viewer.see(MIX);
    drag(&viewer, KNOB, (KNOB.0, KNOB.1 - 44));
    let set = wait_until(&mut live, "set", |set| set["text"] == "mix 50 %");
    changed(MIX, &before, "the knob's value");
    let mix = format!("mix={}", set["value"]);
    let turned = Stretch::wait(&studio, room);

    let before = [NAME, PICTURE].map(|part| viewer.see(part));
    drag(&viewer, NEXT, NEXT);
    let chosen = live.wait_for("chosen")["impulse"].clone();
    let second = wait_until(&mut live, "impulse", |it| it["name"] == chosen);
    changed(NAME, &before[0], "the impulse's name");
    changed(PICTURE, &before[1], "the impulse's picture");
    assert_ne!(chosen, "room");
    let stepped = Stretch::wait(&studio, tail(&second).max(room));

    let before = viewer.see(NAME);
    drop_file(&viewer, &mine);
    let own = wait_until(&mut live, "impulse", |it| it["name"] == "mine");
    // The veil over the window while something is dragged over it has gone.
    let clear = || wait("a clear view", || viewer.see(BRAND) == brand);
    clear();
    changed(NAME, &before, "the dropped file's name");

    let before = viewer.see(MIX);
    writeln!(typed, "set mix 80 %").expect("it reads");
    wait_until(&mut live, "set", |set| set["value"] == 80.0);
    changed(MIX, &before, "what was typed");
    let dropped = Stretch::wait(&studio, tail(&own).max(tail(&second)));
    keep(&viewer.see(ALL), "live-window-last.png");

    // What cannot be loaded is said, and what plays goes on.
    let before = viewer.see(PICTURE);
    drop_file(&viewer, &broken);
    let refused = live.wait_for("refused");
    assert!(
        refused["reason"]
            .as_str()
            .is_some_and(|why| why.contains("broken.wav")),
        "{refused}"
    );
    clear();
    changed(PICTURE, &before, "a line that says so");
    keep(&viewer.see(ALL), "live-window-refused.png");

    live.signal("-TERM");
    live.wait_for("ended");
    let (code, took) = live.end();
    println!("SIGTERM with the window open: {took:.0?}");
    assert_eq!(code, Some(130));
    let heard = read_raw(&studio.path("speaker.raw"));
    let name = chosen.as_str().expect("a name");
    for (what, stretch, args) in [
        ("the knob", turned, ["-i", "room", "--set", &mix]),
        ("the next impulse", stepped, ["-i", name, "--set", &mix]),
        (
            "the dropped file",
            dropped,
            ["-i", "mine.wav", "--set", "mix=80"],
        ),
    ] {
        let residue = stretch.null_db(&studio, &heard, &sung, &args);
        println!("{what}: {residue:.1} dB");
        assert!(residue < BOUND_DB, "{what}: {residue:.1} dB");
    }
}

/// Where the pointer finds the lab, the top of its time line, its second page, and a second room there.
const LAB: (i16, i16) = (871, 33);
const LINE_TOP: i16 = 157;
const SERIES: (i16, i16) = (195, 99);
const PLATE: (i16, i16) = (796, 195);

#[test]
fn a_spike_that_is_drawn_is_heard_and_a_second_room_after_it() {
    let (studio, screen) = (Studio::new(), Screen::new());
    let sung = [song(27, 0, 120 * 48_000), song(28, 0, 120 * 48_000)];
    studio.sing(&sung);
    let mut live = Live::start(command(&studio, &screen, &["-i", "room"]));
    let viewer = Pane::of_all(&screen.name);
    live.wait_for("opened");
    let room = tail(&live.wait_for("impulse"));
    drawn(&viewer);
    let before = viewer.see(ALL);
    drag(&viewer, LAB, LAB);
    wait("the lab", || viewer.see(PICTURE) != before);
    thread::sleep(Duration::from_millis(300));
    // The time line goes from 89 to 1043 points. At its upper edge a tap is as loud as it can be drawn: 6 dB.
    let design = Design::default();
    let seconds = design.span_ms(120.0) * f64::from(640 - 89) / f64::from(1043 - 89);
    let time = Grid::default().nearest(seconds, 120.0);
    drag(&viewer, (640, LINE_TOP), (640, LINE_TOP));
    let heard = wait_until(&mut live, "impulse", |it| {
        it["name"] == "Echo: Dotted eighth"
    });
    let mut echo = design.echo().clone();
    echo.taps.push(Tap::new(time, 6.0));
    let built = echo.build(48_000, 120.0).expect("an echo");
    let channels: Vec<Vec<f64>> = built
        .channels
        .iter()
        .map(|samples| samples.iter().map(|x| f64::from(*x)).collect())
        .collect();
    wavio::write_f32(&studio.path("drawn.wav"), &channels);
    let drawn = Stretch::wait(&studio, tail(&heard).max(room));
    keep(&viewer.see(ALL), "live-window-echo.png");

    drag(&viewer, SERIES, SERIES);
    thread::sleep(Duration::from_millis(300));
    drag(&viewer, PLATE, PLATE);
    let both = "Echo: Dotted eighth + Plate";
    wait_until(&mut live, "impulse", |it| it["name"] == both);
    thread::sleep(Duration::from_millis(300));
    keep(&viewer.see(ALL), "live-window-series.png");
    live.signal("-TERM");
    live.wait_for("ended");
    live.end();
    let heard = read_raw(&studio.path("speaker.raw"));
    let residue = drawn.null_db(&studio, &heard, &sung, &["-i", "drawn.wav"]);
    println!("the drawn echo: {residue:.1} dB");
    assert!(residue < BOUND_DB, "{residue:.1} dB");
}

#[test]
fn whoever_ends_it_ends_both_and_without_a_screen_it_plays() {
    let (studio, screen) = (Studio::new(), Screen::new());
    studio.sing(&[song(25, 0, 480), song(26, 0, 480)]);
    let viewer = Pane::of_all(&screen.name);
    let open = |args: &[&str]| {
        let mut command = command(&studio, &screen, args);
        command.stdin(Stdio::piped());
        let mut live = Live::start(command);
        live.wait_for("opened");
        drawn(&viewer);
        live
    };
    let gone = || wait("an empty screen", || viewer.inner().is_none());
    let ended = |mut live: Live, code: i32, who: &str| {
        live.wait_for("ended");
        let (got, took) = live.end();
        println!("{who}: {took:.0?} after the sound");
        assert_eq!(got, Some(code), "{who}");
        gone();
    };

    let live = open(&[]);
    close(&viewer, viewer.inner().expect("the window"));
    ended(live, 0, "the window's cross");
    let mut live = open(&["--prompt"]);
    let mut typed = live.child.stdin.take().expect("a pipe");
    writeln!(typed, "quit").expect("it reads");
    ended(live, 0, "quit");
    let live = open(&[]);
    live.signal("-INT");
    ended(live, 130, "Ctrl-C");
    let live = open(&["--no-reconnect"]);
    fs::write(studio.path("fault"), "19").expect("written");
    ended(live, 7, "a device that is pulled out");
    // While it waits for a device, the window is there, and says so.
    let mut live = Live::start(command(&studio, &screen, &[]));
    live.wait_for("waiting");
    wait("a window", || viewer.inner().is_some());
    live.signal("-TERM");
    ended(live, 130, "SIGTERM without a device");
    fs::remove_file(studio.path("fault")).expect("removed");

    for (display, headless, told) in [("", false, true), (":9999", false, true), ("", true, false)]
    {
        let args: &[&str] = if headless { &["--headless"] } else { &[] };
        let mut command = command(&studio, &screen, args);
        command.env("DISPLAY", display);
        let mut live = Live::start(command);
        live.wait_for("opened");
        live.signal("-TERM");
        live.wait_for("ended");
        let said = live.seen.iter().any(|event| event["event"] == "no_window");
        assert_eq!(said, told, "{display:?}: {:#?}", live.seen);
        assert_eq!(live.end().0, Some(130), "{display:?}");
    }
}

#[test]
fn a_screen_that_goes_takes_the_window_and_not_the_sound() {
    let (studio, mut screen) = (Studio::new(), Screen::new());
    let sung = [song(27, 0, 60 * 48_000), song(28, 0, 60 * 48_000)];
    studio.sing(&sung);
    let mut live = Live::start(command(&studio, &screen, &["-i", "room"]));
    live.wait_for("opened");
    let room = tail(&live.wait_for("impulse"));
    drawn(&Pane::of_all(&screen.name));
    let before = ((room + 1.0) * 48_000.0) as usize;
    let stretch = Stretch {
        from: played(&studio) + before,
        before,
    };
    wait("the sound", || played(&studio) > stretch.from + STRETCH / 4);
    screen.take_away();
    let said = live.wait_for("no_window");
    println!("{said}");
    let reason = said["reason"].as_str().expect("a text");
    assert!(reason.starts_with("the screen has gone"), "{said}");
    wait("the sound that goes on", || {
        played(&studio) > stretch.from + STRETCH + 48_000
    });
    live.signal("-TERM");
    live.wait_for("ended");
    assert_eq!(live.end().0, Some(130));
    let heard = read_raw(&studio.path("speaker.raw"));
    let residue = stretch.null_db(&studio, &heard, &sung, &["-i", "room"]);
    println!("while the screen went: {residue:.1} dB");
    assert!(residue < BOUND_DB, "{residue:.1} dB");
}

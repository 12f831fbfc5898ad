//! What a frame costs: nothing while nothing happens, and no more with many files than with few. `PARTITA_FILES=20000`
//! tries more; what the frames took on this machine is printed.

use crate::fake::{Log, app_over};
use egui::{Context, Event, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, ViewportId, vec2};
use partita::editor::view::View;
use partita::editor::{App, Settings};
use std::fs;
use std::time::{Duration, Instant};

/// A window as `editor::window` has one, without the screen.
struct Bare {
    app: App,
    context: Context,
    seconds: f64,
}

/// What a frame was.
struct Frame {
    vertices: usize,
    /// When it wants another by itself.
    again: Duration,
    took: Duration,
}

impl Bare {
    fn new(log: &Log) -> Self {
        let app = app_over(log.clone(), Settings::default());
        let context = Context::default();
        app.install(&context);
        Self {
            app,
            context,
            seconds: 0.0,
        }
    }

    /// A sixtieth of a second later.
    fn frame(&mut self, events: Vec<Event>) -> Frame {
        self.seconds += 1.0 / 60.0;
        let size = Settings::default().size();
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(self.seconds),
            focused: true,
            events,
            ..RawInput::default()
        };
        let from = Instant::now();
        let app = &mut self.app;
        let mut output = self.context.run_ui(input, |ui| app.ui(ui));
        // There is nobody to give them to.
        output.textures_delta.clear();
        let shapes = std::mem::take(&mut output.shapes);
        let meshes = self.context.tessellate(shapes, output.pixels_per_point);
        let took = from.elapsed();
        let vertices = meshes.iter().map(|mesh| match &mesh.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
            egui::epaint::Primitive::Callback(_) => 0,
        });
        Frame {
            vertices: vertices.sum(),
            again: output.viewport_output[&ViewportId::ROOT].repaint_delay,
            took,
        }
    }

    /// Until everything is there that is read elsewhere.
    fn settle(&mut self) -> Frame {
        for _ in 0..4 {
            self.frame(Vec::new());
            self.app.views().wait();
        }
        self.frame(Vec::new())
    }
}

/// The middle one, and the longest.
fn told(what: &str, mut frames: Vec<Duration>) {
    frames.sort_unstable();
    let (middle, most) = (frames[frames.len() / 2], frames[frames.len() - 1]);
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let count = frames.len();
    println!(
        "{what}: {:.2} ms, at most {:.2} ms, of {count} frames",
        ms(middle),
        ms(most)
    );
}

const VIEWS: [View; 5] = [
    View::Main,
    View::Browser,
    View::Presets,
    View::Lab,
    View::Settings,
];

#[test]
fn while_nothing_happens_nothing_is_drawn() {
    let log = Log::playing();
    for view in VIEWS {
        let from = Instant::now();
        let mut bare = Bare::new(&log);
        bare.app.open(view);
        bare.frame(Vec::new());
        let first = from.elapsed();
        let last = bare.settle();
        assert_eq!(last.again, Duration::MAX, "{view:?} wants another frame");
        assert!(!bare.app.poll(), "{view:?} has something new");
        let from = Instant::now();
        for _ in 0..400 {
            bare.app.poll();
        }
        let looks = from.elapsed().as_secs_f64() * 1e6 / 400.0;
        println!("{view:?}: {looks:.1} µs to see that nothing is new");
        let frames = (0..60).map(|_| bare.frame(Vec::new()).took).collect();
        told(
            &format!(
                "{view:?}, opened in {:.0} ms, drawn again",
                first.as_secs_f64() * 1000.0
            ),
            frames,
        );
    }
}

#[test]
fn a_knob_that_is_turned_costs_its_frame() {
    let log = Log::playing();
    let mut bare = Bare::new(&log);
    bare.settle();
    // The middle of the knob for decay, which draws the picture anew.
    let at = Pos2::new(344.0, 582.0);
    let button = |pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    bare.frame(vec![Event::PointerMoved(at)]);
    bare.frame(vec![button(true)]);
    let turn = |n: i32| Event::PointerMoved(at - vec2(0.0, (n % 40) as f32));
    let frames = (0..120).map(|n| bare.frame(vec![turn(n)]).took).collect();
    told("a knob turned", frames);
    let lines = log.take();
    assert!(
        lines
            .iter()
            .filter(|line| line.starts_with("set decay"))
            .count()
            > 60
    );
}

/// Files in the library.
fn files() -> usize {
    std::env::var("PARTITA_FILES").map_or(2_000, |text| text.parse().expect("a number"))
}

#[test]
fn many_files_cost_what_few_do() {
    let of = |count: usize| {
        let log = Log::playing();
        let one = log.put("file 100000.wav", "echo-two-spikes");
        for number in 1..count {
            let path = one.with_file_name(format!("file {}.wav", 100_000 + number));
            fs::hard_link(&one, path).expect("linked");
        }
        let from = Instant::now();
        let mut bare = Bare::new(&log);
        bare.app.open(View::Browser);
        bare.settle();
        println!(
            "{count} files read in {:.2} s",
            from.elapsed().as_secs_f64()
        );
        // Those of the folder, from the first on: what is seen is the same, whether few or many follow.
        let from = Instant::now();
        bare.frame(vec![Event::Text("file".to_owned())]);
        // What is typed in one frame is looked for in the next.
        bare.frame(Vec::new());
        bare.app.views().wait();
        println!(
            "searched in {:.0} ms",
            from.elapsed().as_secs_f64() * 1000.0
        );
        let seen = bare.settle().vertices;
        let wheel = |_| {
            let event = Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: vec2(0.0, -90.0),
                modifiers: Modifiers::NONE,
                phase: egui::TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
            };
            bare.frame(vec![Event::PointerMoved(Pos2::new(640.0, 300.0)), event])
        };
        let frames: Vec<Frame> = (0..120).map(wheel).collect();
        told(
            &format!("{count} files scrolled"),
            frames.iter().map(|it| it.took).collect(),
        );
        let down = |_| {
            let key = Event::Key {
                key: Key::ArrowDown,
                physical_key: None,
                pressed: true,
                repeat: false,
                modifiers: Modifiers::NONE,
            };
            bare.frame(vec![key]).took
        };
        told(
            &format!("{count} files stepped through"),
            (0..60).map(down).collect(),
        );
        seen
    };
    let (few, many) = (of(40), of(files()));
    // The count of them is written out, and the bar beside them is shorter.
    assert!(
        many.abs_diff(few) < few / 20,
        "{many} vertices instead of {few}"
    );
}

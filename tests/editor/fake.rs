//! Something for the editor to stand on: it writes down what is done, and does it.

use egui::{Pos2, Vec2};
use egui_kittest::Harness;
use partita::editor::{Actions, App, Data, Settings};
use partita::params::Id;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What the test sees.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Kept>>);

#[derive(Default)]
pub struct Kept {
    pub data: Data,
    pub lines: Vec<String>,
}

impl Log {
    /// What has been done since it was asked last.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("kept").lines)
    }

    pub fn change(&self, change: impl FnOnce(&mut Data)) {
        change(&mut self.0.lock().expect("kept").data);
    }

    pub fn value(&self, id: Id) -> f32 {
        self.0.lock().expect("kept").data.values.get(id)
    }

    fn write(&self, line: String) {
        self.0.lock().expect("kept").lines.push(line);
    }
}

struct Fake(Log);

impl Actions for Fake {
    fn refresh(&mut self, data: &mut Data) {
        *data = self.0.0.lock().expect("kept").data.clone();
    }

    fn begin(&mut self, id: Id) {
        self.0.write(format!("begin {}", id.parameter().key));
    }

    fn set(&mut self, id: Id, value: f32) {
        self.0.write(format!("set {} {value}", id.parameter().key));
        self.0.change(|data| data.values.set(id, value));
    }

    fn end(&mut self, id: Id) {
        self.0.write(format!("end {}", id.parameter().key));
    }

    fn load(&mut self, path: PathBuf) {
        self.0.write(format!("load {}", path.display()));
    }

    fn clear_meters(&mut self) {
        self.0.write("clear meters".to_owned());
    }
}

/// The editor over a fake, before its first frame.
pub fn open(settings: Settings) -> (Harness<'static, App>, Log) {
    let log = Log::default();
    (open_over(log.clone(), settings), log)
}

/// The same, over what is there already.
pub fn open_over(log: Log, settings: Settings) -> Harness<'static, App> {
    let zoom = settings.zoom();
    let app = App::new(Fake(log), settings.clone());
    Harness::builder()
        // Points of a screen whose scale is 1; the app's own points are larger by its scale.
        .with_size(settings.size() * zoom)
        .with_step_dt(1.0 / 60.0)
        // A bubble waits until the pointer has rested.
        .with_max_steps(80)
        .renderer(crate::raster::Raster::default())
        .with_context_setup({
            let app = App::new(Fake(Log::default()), settings);
            move |context| app.install(context)
        })
        .build_ui_state(|ui, app: &mut App| app.ui(ui), app)
}

/// A press, a way in steps, and a release.
pub fn drag(harness: &mut Harness<'_, App>, from: Pos2, by: Vec2) {
    harness.hover_at(from);
    harness.run();
    harness.drag_at(from);
    harness.run();
    for step in 1..=4 {
        harness.hover_at(from + by * (step as f32 / 4.0));
        harness.run();
    }
    harness.drop_at(from + by);
    harness.run();
}

//! Something for the editor to stand on: it writes down what is done, and does it.

use egui::{Pos2, UiBuilder, Vec2};
use egui_kittest::Harness;
use partita::editor::{Actions, App, Data, Memory, Meters, Playing, Settings};
use partita::engine::meter::{Level, Load};
use partita::impulse::library::{self, Places};
use partita::impulse::load::{self, LayoutChoice};
use partita::params::{Id, Slots, slots};
use partita::preset::{Embedding, ImpulseReference};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// What the test sees.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Kept>>);

pub struct Kept {
    pub data: Data,
    pub lines: Vec<String>,
    /// What the chooser holds beside the factory impulses.
    pub in_slot: Option<(usize, Arc<ImpulseReference>)>,
    /// Where settings, impulses and presets lie.
    home: PathBuf,
    /// The same, if it is to go with the test.
    _own: Option<TempDir>,
}

impl Default for Kept {
    fn default() -> Self {
        let own = TempDir::new().expect("a folder");
        Self {
            data: Data::default(),
            lines: Vec::new(),
            in_slot: None,
            home: own.path().to_owned(),
            _own: Some(own),
        }
    }
}

impl Log {
    /// With the hall loaded, and sound going through it.
    pub fn playing() -> Self {
        let log = Self::default();
        let hall = library::find("hall").expect("a factory impulse").load();
        let level = |peak: f32, rms: f32, held, clips| Level {
            peak,
            rms,
            held,
            clips,
        };
        log.change(|data| {
            data.impulse = hall.ok().map(Arc::new);
            data.playing = Playing {
                name: "hall".to_owned(),
                sample_rate: 48_000,
                channels: (2, 2),
                routing: "True stereo".to_owned(),
                tail_frames: 141_000,
                gain_db: -14.3,
                ..Playing::default()
            };
            data.meters = Meters {
                inputs: vec![level(0.32, 0.1, 0.5, 0), level(0.28, 0.09, 0.44, 0)],
                outputs: vec![level(0.46, 0.16, 1.02, 3), level(0.41, 0.15, 0.83, 0)],
                load: Load {
                    mean: 0.003,
                    worst: 0.007,
                },
                late: 0,
            };
            data.values.set(Id::Predelay, 32.0);
            data.values.set(Id::Attack, 4.0);
            data.values.set(Id::Decay, 40.0);
            data.values.set(Id::DecayCurve, 20.0);
            data.values.set(Id::HighCut, 9_000.0);
            data.values.set(Id::Damping8k, 70.0);
        });
        log
    }

    /// What has been done since it was asked last.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("kept").lines)
    }

    pub fn change(&self, change: impl FnOnce(&mut Data)) {
        change(&mut self.0.lock().expect("kept").data);
    }

    /// An impulse of the user's in the first slot of the user's files.
    pub fn hold(&self, reference: ImpulseReference) {
        let name = Some(reference.name.clone());
        let mut kept = self.0.lock().expect("kept");
        kept.data.slots = Arc::new(Slots::with_user(vec![name]));
        kept.in_slot = Some((slots::FIRST_OF_USER, Arc::new(reference)));
    }

    pub fn value(&self, id: Id) -> f32 {
        self.0.lock().expect("kept").data.values.get(id)
    }

    /// The folder of the library and the presets.
    pub fn home(&self) -> PathBuf {
        self.0.lock().expect("kept").home.clone()
    }

    /// In a folder that is called the same each time, since its name is in pictures.
    pub fn at_home(self) -> Self {
        let mut kept = self.0.lock().expect("kept");
        kept.home = std::env::temp_dir().join("partita");
        kept._own = None;
        drop(kept);
        self
    }

    /// A factory impulse as a file in the user's folder.
    pub fn put(&self, name: &str, factory: &str) -> PathBuf {
        let wav = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("impulses/{factory}.wav"));
        let path = self.home().join("impulses").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let mut bytes = std::fs::read(wav).expect("a factory impulse");
        // Another sound, if only by a bit: else the library would know it as the factory's.
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        std::fs::write(&path, bytes).expect("written");
        path
    }

    pub fn reference(&self) -> Option<Arc<ImpulseReference>> {
        self.0.lock().expect("kept").data.reference.clone()
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
        let read = load::read(&path, LayoutChoice::Auto);
        self.0.change(|data| match read {
            Ok(impulse) => {
                let reference = ImpulseReference::to_file(&path, LayoutChoice::Auto, &impulse);
                data.playing.name.clone_from(&impulse.name);
                (data.playing.error, data.refused) = (None, None);
                data.reference = Some(Arc::new(reference));
            }
            Err(error) => {
                data.playing.error = Some(error.to_string());
                data.refused = Some(path.into());
            }
        });
    }

    fn take(&mut self, impulse: Arc<ImpulseReference>) {
        self.0.write(format!("take {}", impulse.name));
        self.0.change(|data| {
            data.playing.name.clone_from(&impulse.name);
            // Where it stands is seen with it.
            let slot = impulse.factory.as_deref().and_then(Slots::of_factory);
            data.values
                .set(Id::Impulse, slot.unwrap_or(slots::CUSTOM) as f32);
            data.reference = Some(impulse);
        });
    }

    fn in_slot(&self, slot: usize) -> Option<Arc<ImpulseReference>> {
        let in_slot = &self.0.0.lock().expect("kept").in_slot;
        let found = in_slot.as_ref().filter(|(at, _)| *at == slot);
        found.map(|(_, reference)| Arc::clone(reference))
    }

    fn embed(&mut self, embedding: Embedding) {
        self.0.write(format!("embed {embedding:?}"));
        self.0.change(|data| data.embedding = embedding);
    }

    fn name_preset(&mut self, name: Option<String>) {
        let named = name.as_deref().unwrap_or("none");
        self.0.write(format!("preset {named}"));
        self.0.change(|data| data.preset = name);
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

/// What a window would show.
pub fn app_over(log: Log, settings: Settings) -> App {
    let places = Places::under(&log.home());
    App::new(Fake(log), settings).in_places(places)
}

/// The same, over what is there already.
pub fn open_over(log: Log, settings: Settings) -> Harness<'static, App> {
    let zoom = settings.zoom(settings.size());
    let app = app_over(log, settings.clone());
    Harness::builder()
        // In points: the harness has no screen of its own that would be scaled.
        .with_size(settings.size() / zoom)
        .with_step_dt(1.0 / 60.0)
        // A bubble waits until the pointer has rested.
        .with_max_steps(80)
        .renderer(crate::raster::Raster::default())
        .with_context_setup({
            let app = App::new(Fake(Log::default()), settings);
            move |context| app.install(context)
        })
        .build_ui_state(
            |ui, app: &mut App| {
                // Without the harness's margin.
                let whole = ui.ctx().content_rect();
                ui.set_clip_rect(whole);
                ui.scope_builder(UiBuilder::new().max_rect(whole), |ui| app.ui(ui));
            },
            app,
        )
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

/// The window goes on with what was done in another.
pub fn remember(harness: &mut Harness<'_, App>, memory: &Arc<Mutex<Memory>>) {
    let log = Log::default();
    let app = std::mem::replace(
        harness.state_mut(),
        App::new(Fake(log), Settings::default()),
    );
    *harness.state_mut() = app.remembering(Arc::clone(memory));
}

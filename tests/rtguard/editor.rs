//! The editor open, in use, closed and opened again, while everything is automated and the audio thread is watched.

use super::clap::{Playing, Rig, Told};
use super::guard::{Caught, Guard};
use super::oracle::Noise;
use super::screen::{Pane, Pointer};
use super::vst3_guarded;
use super::vst3_host::{GetPluginFactory, Host, Moment, View};
use super::{Info, Musician};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, Window};
use clack_host::entry::PluginEntry;
use clack_host::utils::ClapId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is opened, unless this says otherwise.
const OPENINGS: &str = "PARTITA_OPENINGS";
const FEW: usize = 6;

const PATIENCE: Duration = Duration::from_secs(60);

/// What came of it.
pub struct Done {
    pub caught: Caught,
    pub blocks: usize,
    pub openings: usize,
}

/// An editor of either format, on the main thread.
trait Editor {
    /// Opens it and says how large it is.
    fn open(&mut self, pane: &Pane) -> (u32, u32);
    /// What it wants of the main thread.
    fn turn(&mut self);
    fn close(&mut self);
}

/// Opens and closes `editor` while `audio` processes, told when it is over, on a thread of its own.
fn used<T: Send>(
    editor: &mut impl Editor,
    audio: impl FnOnce(&AtomicBool) -> (T, Caught, usize) + Send,
) -> (T, Done) {
    let pane = Pane::new(&std::env::var("DISPLAY").expect("a screen"));
    let openings = std::env::var(OPENINGS).map_or(FEW, |text| text.parse().expect("a number"));
    let over = AtomicBool::new(false);
    let (back, caught, blocks) = thread::scope(|scope| {
        let audio = scope.spawn(|| audio(&over));
        for _ in 0..openings {
            let size = editor.open(&pane);
            pane.resize(size);
            let from = Instant::now();
            while !pane.is_filled(size) {
                assert!(from.elapsed() < PATIENCE, "nothing is drawn");
                turns(editor, 1);
            }
            // The knob for the mix. A press and a release in one frame are not a drag.
            for (does, y) in [
                (Pointer::Moves, 582),
                (Pointer::Presses, 582),
                (Pointer::Moves, 560),
                (Pointer::Releases, 560),
            ] {
                pane.point(does, (68, y));
                turns(editor, 30);
            }
            editor.close();
        }
        over.store(true, Ordering::Relaxed);
        audio.join().expect("no panic")
    });
    let done = Done {
        caught,
        blocks,
        openings,
    };
    (back, done)
}

fn turns(editor: &mut impl Editor, count: usize) {
    for _ in 0..count {
        editor.turn();
        thread::sleep(Duration::from_millis(5));
    }
}

impl Editor for Rig {
    fn open(&mut self, pane: &Pane) -> (u32, u32) {
        let (gui, handle) = self.gui();
        let configuration = GuiConfiguration {
            api_type: GuiApiType::X11,
            is_floating: false,
        };
        gui.create(&handle, configuration).expect("an editor");
        let size = gui.get_size(&handle).expect("a size");
        let window = Window::from_x11_handle(pane.window.into());
        // SAFETY: the window is closed before the pane goes.
        unsafe { gui.set_parent(&handle, window) }.expect("embedded");
        let _ = gui.show(&handle);
        (size.width, size.height)
    }

    fn turn(&mut self) {
        self.call_back();
    }

    fn close(&mut self) {
        let (gui, handle) = self.gui();
        gui.destroy(&handle);
    }
}

pub fn clap(entry: &PluginEntry, guard: Guard, slots: &[(ClapId, f64)]) -> Done {
    let mut rig = Rig::of_taciturn(entry);
    let infos: Vec<Info> = rig.infos.clone();
    let mut playing: Playing = rig.play((2, 2), 48_000.0, 256);
    let (playing, done) = used(&mut rig, |over| {
        let mut musician = Musician {
            guard,
            noise: Noise::new(90),
            infos: &infos,
            slots,
            longest: 256,
        };
        let (mut caught, mut blocks) = (Caught::default(), 0);
        while !over.load(Ordering::Relaxed) {
            let events = musician.events(blocks);
            let frames = musician.noise.within(1, 256);
            let x = musician.noise.channels(2, frames);
            let x: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
            playing.block_in(&x, &events, |process| guard.watch(&mut caught, process));
            thread::sleep(Duration::from_millis(1));
            blocks += 1;
        }
        (playing, caught, blocks)
    });
    let begun = |told: &&Told| matches!(told, Told::Begins(_));
    let drags = playing.told.iter().filter(begun).count();
    assert!(drags > 0, "the host heard of no drag");
    rig.stop(playing);
    done
}

struct Vst3<'a> {
    host: &'a Host,
    view: Option<View>,
}

impl Editor for Vst3<'_> {
    fn open(&mut self, pane: &Pane) -> (u32, u32) {
        self.view.insert(View::open(self.host, pane.window)).size()
    }

    fn turn(&mut self) {
        self.view.as_ref().expect("open").turn();
    }

    fn close(&mut self) {
        self.view.take().expect("open").close();
    }
}

pub fn vst3(get: GetPluginFactory, guard: Guard) -> Done {
    let host = Host::new(get);
    host.setup(48_000.0, 256);
    host.start();
    let mut editor = Vst3 {
        host: &host,
        view: None,
    };
    let ((), done) = used(&mut editor, |over| {
        let mut noise = Noise::new(91);
        let (mut caught, mut blocks) = (Caught::default(), 0);
        while !over.load(Ordering::Relaxed) {
            let frames = noise.within(1, 256);
            let x = [noise.samples(frames), noise.samples(frames)];
            let mut changes = vst3_guarded::changes(&host, blocks, &mut noise);
            changes.extend(host.edits());
            let moment = Moment {
                changes,
                ..Moment::default()
            };
            host.block(x, moment, |process| guard.watch(&mut caught, process));
            thread::sleep(Duration::from_millis(1));
            blocks += 1;
        }
        ((), caught, blocks)
    });
    host.stop();
    host.end();
    done
}

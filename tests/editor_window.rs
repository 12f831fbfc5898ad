//! The editor in a host's window, on a screen that nobody sees: embedded, used, resized, closed and opened again.
#![cfg(all(feature = "plugin", feature = "editor", target_os = "linux"))]

#[path = "common/clap.rs"]
mod clap;

#[path = "common/screen.rs"]
mod screen;

use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, Window};
use clap::{Playing, Rig};
use screen::{Screen, Viewer};
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, WindowClass,
};

/// How long something may take on a machine that draws everything on its processor and has other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// The host: a window on that screen, an instance, and the sound that goes on.
struct Host {
    viewer: Rc<Viewer>,
    window: u32,
    rig: Rig,
    playing: Option<Playing>,
}

/// What is behind the editor while it has not drawn: a colour of no theme.
const BEHIND: u32 = 0x00_44_88;

impl Host {
    fn new(screen: &Screen) -> Self {
        let viewer = Viewer::new(screen);
        let x = &viewer.x;
        let setup = &x.setup().roots[0];
        let (root, depth, visual) = (setup.root, setup.root_depth, setup.root_visual);
        let window = x.generate_id().expect("an id");
        let look = CreateWindowAux::new().background_pixel(BEHIND);
        let kind = WindowClass::INPUT_OUTPUT;
        x.create_window(depth, window, root, 0, 0, 1080, 700, 0, kind, visual, &look)
            .expect("a window");
        x.map_window(window).expect("a window");
        x.flush().expect("the screen");
        let mut rig = Rig::new();
        let playing = Some(rig.play((2, 2), 48_000.0, 256));
        Self {
            viewer: Rc::new(viewer),
            window,
            rig,
            playing,
        }
    }

    /// One block of sound, and what the plugin wants of the main thread.
    fn turn(&mut self) {
        let silence = [0.0; 256];
        let playing = self.playing.as_mut().expect("playing");
        playing.block(&[&silence, &silence], &[]);
        self.rig.call_back();
        std::thread::sleep(Duration::from_millis(5));
    }

    fn wait(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let from = Instant::now();
        while !done(self) {
            assert!(from.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
            self.turn();
        }
    }

    fn open(&mut self) -> GuiSize {
        let (gui, handle) = self.rig.gui();
        let configuration = GuiConfiguration {
            api_type: GuiApiType::X11,
            is_floating: false,
        };
        gui.create(&handle, configuration).expect("an editor");
        let size = gui.get_size(&handle).expect("a size");
        let window = Window::from_x11_handle(self.window.into());
        // SAFETY: the window lives until the end of the test, and every editor is destroyed before.
        unsafe { gui.set_parent(&handle, window) }.expect("embedded");
        // Some hosts show it by themselves, and say so.
        let _ = gui.show(&handle);
        self.resize(size);
        size
    }

    fn close(&mut self) {
        let (gui, handle) = self.rig.gui();
        let _ = gui.hide(&handle);
        gui.destroy(&handle);
    }

    /// The host's own window.
    fn resize(&self, size: GuiSize) {
        let size = ConfigureWindowAux::new()
            .width(size.width)
            .height(size.height);
        self.viewer
            .x
            .configure_window(self.window, &size)
            .expect("resized");
        self.viewer.x.flush().expect("the screen");
    }

    /// What is seen: colours from left to right, from top to bottom.
    fn seen(&self, size: GuiSize) -> Vec<u32> {
        let (width, height) = (size.width as u16, size.height as u16);
        self.viewer.see((0, 0, width, height))
    }

    /// Waits until the editor has filled a window of that size, with its picture in it.
    fn drawn(&mut self, size: GuiSize) {
        self.wait("a picture of the editor", |host| {
            let seen = host.seen(size);
            let behind = seen.iter().filter(|pixel| **pixel == BEHIND).count();
            let accent = seen.iter().filter(|pixel| **pixel == 0xE6_AC_5C).count();
            // The impulse: thousands of points of its colour.
            behind == 0 && accent > 3000
        });
    }
}

/// Drops a file on the editor.
fn drop_file(host: &mut Host, file: &Path) {
    let viewer = Rc::clone(&host.viewer);
    let target = viewer.window_in(host.window).expect("the editor");
    let from = Instant::now();
    viewer.drop_file(target, file, || {
        assert!(from.elapsed() < PATIENCE, "the drop: not in {PATIENCE:?}");
        host.turn();
    });
}

/// Threads and open files of this process.
fn held() -> (usize, usize) {
    let count = |folder| fs::read_dir(folder).expect("a process").count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

#[test]
fn a_host_embeds_uses_resizes_closes_and_opens_it_again() {
    let screen = Screen::new();
    let home = tempfile::tempdir().expect("a folder");
    // SAFETY: this is the only test of this program, and no other thread of it runs yet.
    unsafe {
        std::env::set_var("DISPLAY", &screen.name);
        std::env::set_var("PARTITA_HOME", home.path());
        std::env::set_var("LIBGL_ALWAYS_SOFTWARE", "1");
    }
    let mut host = Host::new(&screen);
    let size = host.open();
    assert_eq!((size.width, size.height), (1080, 700));
    host.drawn(size);

    // The middle of the knob for the mix; 44 points up are a fifth of its range.
    assert_eq!(host.rig.shown("Mix"), "30 %");
    let (x, y) = (68, 582);
    let viewer = Rc::clone(&host.viewer);
    viewer.drag((x, y), (x, y - 44), || host.turn());
    host.wait("the mix", |host| host.rig.shown("Mix") == "50 %");

    let (gui, handle) = host.rig.gui();
    assert!(gui.can_resize(&handle));
    let tiny = GuiSize {
        width: 100,
        height: 100,
    };
    let least = gui.adjust_size(&handle, tiny).expect("a size");
    // Everything at 75 %.
    assert_eq!((least.width, least.height), (780, 465));
    for larger in [
        GuiSize {
            width: 1400,
            height: 900,
        },
        least,
        GuiSize {
            width: 1300,
            height: 840,
        },
    ] {
        host.resize(larger);
        let (gui, handle) = host.rig.gui();
        gui.set_size(&handle, larger).expect("resized");
        let now = gui.get_size(&handle).expect("a size");
        assert_eq!((now.width, now.height), (larger.width, larger.height));
        host.drawn(larger);
    }
    host.close();

    // As large as it was.
    let size = host.open();
    assert_eq!((size.width, size.height), (1300, 840));
    host.drawn(size);
    assert_eq!(host.rig.shown("Mix"), "50 %");

    // A file that is dropped on it is what the session refers to from then on.
    let file = home.path().join("My kitchen.wav");
    fs::write(&file, include_bytes!("../impulses/spring.wav")).expect("written");
    let refers = |host: &mut Host| {
        let session = String::from_utf8_lossy(&host.rig.save()).into_owned();
        session.contains("My kitchen")
    };
    assert!(!refers(&mut host));
    drop_file(&mut host, &file);
    host.wait("the dropped file", refers);
    assert_eq!(host.rig.shown("Impulse"), "custom");
    host.close();

    // The driver keeps what it has once opened; after that nothing may grow.
    let before = held();
    for _ in 0..10 {
        let size = host.open();
        host.drawn(size);
        host.close();
    }
    assert_eq!(held(), before, "threads and files");
    let playing = host.playing.take().expect("playing");
    host.rig.stop(playing);
}

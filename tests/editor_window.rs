//! The editor in a host's window, on a screen that nobody sees: embedded, used, resized, closed and opened again.
#![cfg(all(feature = "plugin", feature = "editor", target_os = "linux"))]

#[path = "common/clap.rs"]
mod clap;

use clack_extensions::gui::{GuiApiType, GuiConfiguration, GuiSize, Window};
use clap::{Playing, Rig};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConfigureWindowAux,
    ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat, MOTION_NOTIFY_EVENT, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// How long something may take on a machine that draws everything on its processor and has other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// A screen in memory.
struct Screen {
    server: Child,
    name: String,
}

impl Screen {
    fn new() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1600x1000x24"])
            .args(["-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb: cargo xtask test installs it");
        let mut line = String::new();
        let output = server.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the number of the screen");
        Self {
            server,
            name: format!(":{}", line.trim()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The host: a window on that screen, an instance, and the sound that goes on.
struct Host {
    x: RustConnection,
    root: u32,
    window: u32,
    rig: Rig,
    playing: Option<Playing>,
}

/// What is behind the editor while it has not drawn: a colour of no theme.
const BEHIND: u32 = 0x00_44_88;

impl Host {
    fn new(screen: &Screen) -> Self {
        let (x, number) = x11rb::connect(Some(&screen.name)).expect("the screen");
        let setup = &x.setup().roots[number];
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
            x,
            root,
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
        self.x
            .configure_window(self.window, &size)
            .expect("resized");
        self.x.flush().expect("the screen");
    }

    /// What is seen: colours from left to right, from top to bottom.
    fn seen(&self, size: GuiSize) -> Vec<u32> {
        let (width, height) = (size.width as u16, size.height as u16);
        let all = !0;
        let format = ImageFormat::Z_PIXMAP;
        let image = self
            .x
            .get_image(format, self.root, 0, 0, width, height, all)
            .expect("a picture")
            .reply()
            .expect("a picture");
        let pixels = image.data.chunks_exact(4);
        pixels
            .map(|pixel| u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0]))
            .collect()
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

    /// The pointer, at a point of the window.
    fn point(&mut self, kind: u8, (x, y): (i16, i16)) {
        let detail = if kind == MOTION_NOTIFY_EVENT { 0 } else { 1 };
        self.x
            .xtest_fake_input(kind, detail, 0, self.root, x, y, 0)
            .expect("a pointer");
        self.x.flush().expect("the screen");
        // A few frames: a press and a release in one are not a drag.
        for _ in 0..30 {
            self.turn();
        }
    }
}

/// A file that is dragged over a window and dropped there, by the protocol of freedesktop.org, XDND 5.
struct Drag<'a> {
    host: &'a mut Host,
    source: u32,
    target: u32,
}

impl Drag<'_> {
    fn atom(&self, name: &str) -> u32 {
        let asked = self.host.x.intern_atom(false, name.as_bytes());
        asked.expect("an atom").reply().expect("an atom").atom
    }

    fn tell(&self, kind: &str, data: [u32; 4]) {
        let [one, two, three, four] = data;
        let data = [self.source, one, two, three, four];
        let message = ClientMessageEvent::new(32, self.target, self.atom(kind), data);
        let to = self.target;
        let sent = self
            .host
            .x
            .send_event(false, to, EventMask::NO_EVENT, message);
        sent.expect("sent");
        self.host.x.flush().expect("the screen");
    }

    /// Waits for an answer of that kind; gives out the file's name when it is asked for.
    fn answered(&mut self, kind: &str, text: &str) {
        let kind = self.atom(kind);
        let mut done = false;
        let source = self.source;
        self.host.wait("an answer to the drag", |host| {
            while let Some(event) = host.x.poll_for_event().expect("the screen") {
                match event {
                    Event::SelectionRequest(asked) => give(&host.x, &asked, text),
                    Event::ClientMessage(told) if told.window == source => {
                        done |= told.type_ == kind;
                    }
                    _ => {}
                }
            }
            done
        });
    }
}

fn give(x: &RustConnection, asked: &SelectionRequestEvent, text: &str) {
    let (to, property) = (asked.requestor, asked.property);
    x.change_property8(
        PropMode::REPLACE,
        to,
        property,
        asked.target,
        text.as_bytes(),
    )
    .expect("given");
    let told = SelectionNotifyEvent {
        response_type: SELECTION_NOTIFY_EVENT,
        sequence: 0,
        time: asked.time,
        requestor: to,
        selection: asked.selection,
        target: asked.target,
        property,
    };
    x.send_event(false, to, EventMask::NO_EVENT, told)
        .expect("told");
    x.flush().expect("the screen");
}

/// Drops a file on the editor.
fn drop_file(host: &mut Host, file: &Path) {
    let source = host.x.generate_id().expect("an id");
    let (root, kind) = (host.root, WindowClass::INPUT_ONLY);
    let look = CreateWindowAux::new();
    host.x
        .create_window(0, source, root, 0, 0, 1, 1, 0, kind, 0, &look)
        .expect("a window");
    let tree = host.x.query_tree(host.window).expect("windows");
    let target = tree.reply().expect("windows").children[0];
    let mut drag = Drag {
        host,
        source,
        target,
    };
    let selection = drag.atom("XdndSelection");
    drag.host
        .x
        .set_selection_owner(source, selection, x11rb::CURRENT_TIME)
        .expect("the drag");
    let text = format!("file://{}\r\n", file.display());
    let (list, copy) = (drag.atom("text/uri-list"), drag.atom("XdndActionCopy"));
    drag.tell("XdndEnter", [5 << 24, list, 0, 0]);
    drag.tell("XdndPosition", [0, 400 << 16 | 300, 0, copy]);
    drag.answered("XdndStatus", &text);
    drag.tell("XdndPosition", [0, 410 << 16 | 300, 0, copy]);
    drag.answered("XdndStatus", &text);
    drag.tell("XdndDrop", [0, 0, 0, 0]);
    drag.answered("XdndFinished", &text);
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
    host.point(MOTION_NOTIFY_EVENT, (x, y));
    host.point(BUTTON_PRESS_EVENT, (x, y));
    host.point(MOTION_NOTIFY_EVENT, (x, y - 20));
    host.point(MOTION_NOTIFY_EVENT, (x, y - 44));
    host.point(BUTTON_RELEASE_EVENT, (x, y - 44));
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

//! A screen that nobody sees, Xvfb, and somebody in front of it: looks, points, drops files.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConnectionExt as _,
    CreateWindowAux, EventMask, ImageFormat, MOTION_NOTIFY_EVENT, PropMode, SELECTION_NOTIFY_EVENT,
    SelectionNotifyEvent, SelectionRequestEvent, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// A screen in memory, 1600 by 1000.
pub struct Screen {
    server: Child,
    /// As DISPLAY has it.
    pub name: String,
}

impl Screen {
    pub fn new() -> Self {
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

/// A part of the screen: left, top, width, height.
pub type Part = (i16, i16, u16, u16);

/// Somebody in front of the screen.
pub struct Viewer {
    pub x: RustConnection,
    pub root: u32,
}

impl Viewer {
    pub fn new(screen: &Screen) -> Self {
        let (x, number) = x11rb::connect(Some(&screen.name)).expect("the screen");
        let root = x.setup().roots[number].root;
        Self { x, root }
    }

    /// What is seen there: colours from left to right, from top to bottom.
    pub fn see(&self, (left, top, width, height): Part) -> Vec<u32> {
        let (format, all) = (ImageFormat::Z_PIXMAP, !0);
        let image = self
            .x
            .get_image(format, self.root, left, top, width, height, all)
            .expect("a picture")
            .reply()
            .expect("a picture");
        let pixels = image.data.chunks_exact(4);
        pixels
            .map(|pixel| u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0]))
            .collect()
    }

    /// The pointer, at a point of the screen; `turn` lets a frame pass.
    pub fn point(&self, kind: u8, (x, y): (i16, i16), mut turn: impl FnMut()) {
        let detail = if kind == MOTION_NOTIFY_EVENT { 0 } else { 1 };
        self.x
            .xtest_fake_input(kind, detail, 0, self.root, x, y, 0)
            .expect("a pointer");
        self.x.flush().expect("the screen");
        // A few frames: a press and a release in one are not a drag.
        for _ in 0..30 {
            turn();
        }
    }

    /// A press at one point, a way, and a release at another.
    pub fn drag(&self, from: (i16, i16), to: (i16, i16), mut turn: impl FnMut()) {
        let half = (from.0.midpoint(to.0), from.1.midpoint(to.1));
        self.point(MOTION_NOTIFY_EVENT, from, &mut turn);
        self.point(BUTTON_PRESS_EVENT, from, &mut turn);
        self.point(MOTION_NOTIFY_EVENT, half, &mut turn);
        self.point(MOTION_NOTIFY_EVENT, to, &mut turn);
        self.point(BUTTON_RELEASE_EVENT, to, &mut turn);
    }

    /// A press and a release.
    pub fn click(&self, at: (i16, i16), mut turn: impl FnMut()) {
        self.point(MOTION_NOTIFY_EVENT, at, &mut turn);
        self.point(BUTTON_PRESS_EVENT, at, &mut turn);
        self.point(BUTTON_RELEASE_EVENT, at, &mut turn);
    }

    /// The first window within `parent`, if there is one.
    pub fn window_in(&self, parent: u32) -> Option<u32> {
        let tree = self.x.query_tree(parent).expect("windows");
        tree.reply().expect("windows").children.first().copied()
    }

    /// Does what a window manager does when the user closes a window.
    pub fn close(&self, window: u32) {
        let data = [self.atom("WM_DELETE_WINDOW"), 0, 0, 0, 0];
        self.send(window, "WM_PROTOCOLS", data);
    }

    /// Drops a file on `target`, a window at the screen's corner; `turn` lets a moment pass and panics after too many.
    pub fn drop_file(&self, target: u32, file: &Path, mut turn: impl FnMut()) {
        let source = self.x.generate_id().expect("an id");
        let kind = WindowClass::INPUT_ONLY;
        let look = CreateWindowAux::new();
        self.x
            .create_window(0, source, self.root, 0, 0, 1, 1, 0, kind, 0, &look)
            .expect("a window");
        self.x
            .set_selection_owner(source, self.atom("XdndSelection"), x11rb::CURRENT_TIME)
            .expect("the drag");
        let drag = Drag {
            viewer: self,
            source,
            target,
            text: format!("file://{}\r\n", file.display()),
        };
        let (list, copy) = (self.atom("text/uri-list"), self.atom("XdndActionCopy"));
        drag.tell("XdndEnter", [5 << 24, list, 0, 0]);
        drag.tell("XdndPosition", [0, 400 << 16 | 300, 0, copy]);
        drag.answered("XdndStatus", &mut turn);
        drag.tell("XdndPosition", [0, 410 << 16 | 300, 0, copy]);
        drag.answered("XdndStatus", &mut turn);
        drag.tell("XdndDrop", [0, 0, 0, 0]);
        drag.answered("XdndFinished", &mut turn);
    }

    fn atom(&self, name: &str) -> u32 {
        let asked = self.x.intern_atom(false, name.as_bytes());
        asked.expect("an atom").reply().expect("an atom").atom
    }

    fn send(&self, to: u32, kind: &str, data: [u32; 5]) {
        let message = ClientMessageEvent::new(32, to, self.atom(kind), data);
        let sent = self.x.send_event(false, to, EventMask::NO_EVENT, message);
        sent.expect("sent");
        self.x.flush().expect("the screen");
    }
}

/// A file that is dragged over a window and dropped there, by the protocol of freedesktop.org, XDND 5.
struct Drag<'a> {
    viewer: &'a Viewer,
    source: u32,
    target: u32,
    text: String,
}

impl Drag<'_> {
    fn tell(&self, kind: &str, [one, two, three, four]: [u32; 4]) {
        let data = [self.source, one, two, three, four];
        self.viewer.send(self.target, kind, data);
    }

    /// Waits for an answer of that kind; gives out the file's name when it is asked for.
    fn answered(&self, kind: &str, turn: &mut impl FnMut()) {
        let (x, kind) = (&self.viewer.x, self.viewer.atom(kind));
        let mut done = false;
        while !done {
            turn();
            while let Some(event) = x.poll_for_event().expect("the screen") {
                match event {
                    Event::SelectionRequest(asked) => give(x, &asked, &self.text),
                    Event::ClientMessage(told) if told.window == self.source => {
                        done |= told.type_ == kind;
                    }
                    _ => {}
                }
            }
        }
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
